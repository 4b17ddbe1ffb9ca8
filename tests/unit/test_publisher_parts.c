/* SPDX-License-Identifier: MIT
 * publisher, what goes beside counts: registration before them, codes, logins, the platform's clock, the
 * statement of a day.
 */
#include "publisher_test.h"

#include "publish/publish_date.h"

#define CITY_HEAD  "{\"id\":\"s1\",\"dialect\":\"city\",\"url\":\"http://city/in\",\"heartbeat_s\":0"
#define CITY(more) CITY_HEAD ",\"refresh_s\":0" more "}"

static unsigned long long version_of(const char *lot)
{
    return registry_lot(reg, registry_find(reg, view_of(lot)))->version;
}

/* The oldest request: `fmt` with the versions of these lots put in. */
static void expect_filing(const char *fmt, const char *a, const char *b)
{
    char want[256];
    (void)snprintf(want, sizeof want, fmt, version_of(a), b ? version_of(b) : 0);
    expect_sent(want);
}

static void file(const char *lot)
{
    stored_of(lot)->filed = version_of(lot);
}

/* Lots that the platform has registered, under a sink that is loaded. */
static void start_filed(const char *const *lots, const char *sink)
{
    for (; *lots; lots++) {
        set(*lots, 1);
        file(*lots);
        stored_of(*lots)->acked = 1;
    }
    put_sink(sink);
    pass(300);
    assert_int_equal(fake_started, 0);
}

/* ---- registration */

static void registration_comes_before_counts(void **state)
{
    (void)state;
    set("A", 1);
    set("B", 1);
    put_lot_of("T", STAGE_TESTING);
    put_sink(CITY(""));
    pass(5000);
    expect_filing("new:reg:A=%llu new:reg:B=%llu ", "A", "B");
    assert_int_equal(fake_in_flight(), 1);
    assert_string_equal(shown("/0/registrations/open"), "2");
    assert_string_equal(shown("/0/unacknowledged"), "2");
    set("A", 2);
    answer(200, "");
    assert_int_equal(stored_of("A")->filed, version_of("A"));
    assert_int_equal(stored_of("B")->filed, version_of("B"));
    pass(300);
    expect_sent("A=2 B=1 ");
    answer(200, "");
    assert_string_equal(shown("/0/unacknowledged"), "0");
    assert_string_equal(shown("/0/registrations/open"), "0");
    assert_string_equal(shown("/0/delivered_items"), "2"); /* counts, not registrations */
    pass(60000);
    assert_int_equal(fake_started, 2);
}

static void a_lot_without_a_count_is_registered_too(void **state)
{
    (void)state;
    put_lot_of("A", STAGE_CONNECTED);
    put_sink(CITY(""));
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    answer(200, "");
    pass(5000);
    assert_int_equal(fake_started, 1);
}

static void a_new_lot_does_not_hold_up_the_others(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(",\"parallel\":2"));
    set("N", 1);
    pass(300);
    expect_filing("new:reg:N=%llu ", "N", NULL);
    set("A", 2);
    set("N", 2);
    pass(300);
    assert_int_equal(fake_in_flight(), 2);
    assert_string_equal(fake_fetches->next->body, "A=2 ");
}

static void a_changed_registration_is_told_while_counts_go_on(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    put_lot_of("A", STAGE_CONNECTED);
    pass(300);
    expect_filing("reg:A=%llu ", "A", NULL); /* not new */
    answer(200, "retry");
    set("A", 2);
    pass(300);
    expect_sent("A=2 ");
    answer(200, "");
    assert_string_equal(shown("/0/failures"), "0");
    assert_string_equal(shown("/0/last_error"), "platform says retry");
    assert_string_not_equal(shown("/0/registrations/waits_until"), "");
    pass(4000);
    expect_filing("reg:A=%llu ", "A", NULL);
    answer(200, "");
    assert_int_equal(stored_of("A")->filed, version_of("A"));
    assert_string_equal(shown("/0/registrations/waits_until"), "");
}

static void a_registration_that_changes_under_way_is_told_again(void **state)
{
    (void)state;
    put_lot_of("A", STAGE_CONNECTED);
    put_sink(CITY(""));
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    put_lot_of("A", STAGE_CONNECTED);
    set("A", 1);
    answer(200, "");
    pass(300);
    expect_sent("A=1 "); /* registered it is */
    answer(200, "");
    pass(300);
    expect_filing("reg:A=%llu ", "A", NULL);
}

static void codes_are_kept_and_given_to_every_call(void **state)
{
    (void)state;
    set("A", 1);
    put_sink(CITY(""));
    pass(300);
    answer(200, "code P 7");
    assert_string_equal(stored_of("A")->code, "P 7");
    pass(300);
    expect_sent("A=1/P 7 ");
    answer(200, "code Q");
    assert_string_equal(stored_of("A")->code, "Q");
    assert_int_equal(stored_of("A")->filed, version_of("A"));
    put_lot_of("A", STAGE_CONNECTED);
    pass(300);
    expect_filing("reg:A=%llu/Q ", "A", NULL);
    answer(200, "");
    assert_string_equal(stored_of("A")->code, "Q");
    publisher_remove(pub, VIEW("s1")); /* another parkd takes over */
    put_sink(CITY(""));
    set("A", 2);
    pass(300);
    expect_sent("A=2/Q ");
}

static void one_refused_registration_costs_one_lot(void **state)
{
    (void)state;
    for (char c = 'A'; c <= 'D'; c++)
        set((char[]){c, 0}, 1);
    put_sink(CITY(""));
    pass(300);
    while (fake_fetches) {
        bool poison = strstr(fake_fetches->body, "reg:C=") != NULL;
        answer(poison ? 422 : 200, "");
        pass(300);
    }
    for (char c = 'A'; c <= 'D'; c++)
        assert_int_equal(stored_of((char[]){c, 0})->acked, c == 'C' ? 0 : 1);
    assert_string_equal(shown("/0/registrations/held/0/lot"), "C");
    assert_string_equal(shown("/0/registrations/held/0/code"), "HTTP 422");
    assert_string_equal(shown("/0/registrations/open"), "1");
    assert_string_equal(shown("/0/held/0/lot"), "");
    assert_string_equal(shown("/0/state"), "idle");
    assert_int_equal(stored_of("C")->unfiled.tries, 1);
    assert_int_equal(stored_of("C")->hold.tries, 0);
    int before = fake_started;
    pass(590000);
    assert_int_equal(fake_started, before);
    set("C", 2);
    pass(1000);
    set("A", 2); /* the poisonous lot waits first in the row, and does not spoil the collecting */
    pass(100);
    set("B", 2);
    pass(200);
    expect_sent("A=2 B=2 ");
    answer(200, "");
    pass(10000);
    expect_filing("new:reg:C=%llu ", "C", NULL);
    answer(200, "");
    assert_int_equal(stored_of("C")->unfiled.tries, 0);
    pass(300);
    expect_sent("C=2 ");
}

static void a_refusal_is_remembered_and_can_be_resumed(void **state)
{
    (void)state;
    stored_of("A")->unfiled =
        (struct publish_hold){.seq = 1, .tries = 3, .retry_ms = fake_wall(NULL) + 900000, .code = "no point"};
    set("A", 1);
    put_sink(CITY(""));
    pass(60000);
    assert_int_equal(fake_started, 0);
    assert_string_equal(shown("/0/registrations/held/0/code"), "no point");
    assert_string_equal(shown("/0/registrations/held/0/tries"), "3");
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    answer(200, "reject A");
    assert_int_equal(stored_of("A")->unfiled.tries, 4);
    assert_string_equal(stored_of("A")->unfiled.code, "unknown lot");
    set("A", 2); /* that is no reason to try again … */
    pass(60000);
    assert_int_equal(fake_in_flight(), 0);
    put_lot_of("A", STAGE_CONNECTED); /* … but this is */
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    answer(200, "reject A");
    assert_int_equal(stored_of("A")->unfiled.tries, 5);
    set("A", 3);
    pass(60000);
    assert_int_equal(fake_in_flight(), 0);
    put_lot_of("A", STAGE_SUSPENDED); /* nobody waits for it any more */
    assert_int_equal(stored_of("A")->unfiled.tries, 0);
}

static void registrations_that_nobody_takes_do_not_stop_counts(void **state)
{
    int filings = 0;
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    put_lot_of("N", STAGE_CONNECTED);
    pass(300);
    answer(404, ""); /* a wrong path: somebody must act, but for registrations only */
    assert_string_equal(shown("/0/state"), "idle");
    assert_string_equal(shown("/0/last_error"), "HTTP 404");
    for (uint64_t seq = 2; seq < 102; seq++) {
        set("A", seq);
        pass(1000);
        for (; fake_fetches; pass(20)) {
            bool filing = strstr(fake_fetches->body, "reg:") != NULL;
            filings += filing;
            answer(filing ? 500 : 200, "");
        }
        assert_int_equal(stored_of("A")->acked, seq);
    }
    assert_int_equal(filings, 0); /* five minutes */
    pass(205000);
    assert_non_null(fake_fetches);
    for (int i = 0; i < 300; i++) {
        if (fake_fetches)
            answer(500, "");
        pass(1000);
    }
    assert_in_range(fake_started, 101 + 5, 101 + 40); /* 2 s × 2 up to a minute, with jitter */
    assert_string_equal(shown("/0/failures"), "0");
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(20);
    expect_filing("new:reg:N=%llu ", "N", NULL);
    fake_fail(fake_fetches, ERR_CONNECT, "refused"); /* this concerns everything */
    assert_string_equal(shown("/0/failures"), "1");
}

static void what_no_request_carries_counts_as_registered(void **state)
{
    (void)state;
    fake_unfiled = "B";
    set("A", 1);
    set("B", 1);
    put_sink(CITY(""));
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    assert_int_equal(stored_of("B")->filed, version_of("B"));
    answer(200, "");
    pass(300);
    expect_sent("B=1 A=1 ");
}

static void nothing_is_registered_twice_but_after_a_loss(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", "B", NULL}, CITY(""));
    publisher_reload(pub);
    pass(5000);
    assert_int_equal(fake_started, 0);
    store.n = 0; /* the store was lost */
    publisher_reload(pub);
    pass(500);
    expect_filing("new:reg:A=%llu new:reg:B=%llu ", "A", "B");
    assert_int_equal(fake_in_flight(), 1);
    answer(200, "");
    pass(300);
    expect_sent("A=1 B=1 ");
}

static void a_registration_that_was_not_saved_counts(void **state)
{
    (void)state;
    set("A", 1);
    store.save_err = ERR_AWAY;
    put_sink(CITY(""));
    pass(300);
    answer(200, "code P");
    publisher_reload(pub);
    pass(500);
    expect_sent("A=1/P ");
    answer(200, "");
    store.save_err = 0;
    pass(2500);
    assert_int_equal(stored_of("A")->filed, version_of("A"));
    assert_string_equal(stored_of("A")->code, "P");
    assert_int_equal(fake_started, 2);
}

static void a_removed_lot_is_forgotten(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    registry_remove(reg, "A");
    *stored_of("A") = (struct stored){.lot = "A"};
    put_lot_of("A", STAGE_CONNECTED);
    set("A", 9);
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    store.save_err = ERR_AWAY;
    answer(200, "");
    registry_remove(reg, "A"); /* what is saved now would come back for the next of that name */
    store.save_err = 0;
    pass(5000);
    assert_int_equal(stored_of("A")->filed, 0);
}

static void a_dialect_that_learns_to_register_begins_with_it(void **state)
{
    (void)state;
    set("A", 1);
    put_sink(
        "{\"id\":\"s1\",\"dialect\":\"fake\",\"url\":\"http://city/in\",\"heartbeat_s\":0,\"refresh_s\":0}");
    pass(300);
    answer(200, "");
    assert_string_equal(shown("/0/registrations"), "");
    set("A", 2);
    put_sink(CITY(""));
    pass(300);
    expect_filing("new:reg:A=%llu ", "A", NULL);
    answer(200, "");
    pass(300);
    expect_sent("A=2 ");
}

static void no_sign_of_life_of_what_is_not_registered(void **state)
{
    (void)state;
    stored_of("A")->acked = 1;
    stored_of("A")->unfiled =
        (struct publish_hold){.seq = 1, .tries = 3, .retry_ms = fake_wall(NULL) + 900000, .code = "x"};
    set("A", 1);
    put_sink(
        "{\"id\":\"s1\",\"dialect\":\"city\",\"url\":\"http://city/in\",\"heartbeat_s\":1,\"refresh_s\":1}");
    pass(60000);
    assert_int_equal(fake_started, 0);
}

/* ---- what goes before */

static void a_login_goes_before_and_alone(void **state)
{
    char id[64];
    (void)state;
    start_filed((const char *const[]){"A", "B", "C", NULL}, CITY(",\"parallel\":3,\"batch\":1"));
    fake_logins = 2;
    set("A", 2);
    set("B", 2);
    set("C", 2);
    pass(300);
    expect_sent("login");
    (void)snprintf(id, sizeof id, "%s", fake_header(fake_fetches, "id"));
    pass(5000);
    assert_int_equal(fake_in_flight(), 1); /* the others would want the same */
    answer(200, "");
    expect_sent("login"); /* twice in a row is fine */
    assert_string_equal(fake_header(fake_fetches, "id"), id);
    answer(200, "");
    pass(20);
    assert_int_equal(fake_in_flight(), 3);
    expect_sent("A=2 ");
    assert_string_equal(fake_header(fake_fetches, "id"), id);
    while (fake_fetches)
        answer(200, "");
    assert_string_equal(shown("/0/unacknowledged"), "0");
    assert_int_equal(stored_of("A")->acked, 2);
}

static void three_logins_in_a_row_are_a_failure(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    fake_logins = 3;
    set("A", 2);
    pass(300);
    answer(200, "");
    answer(200, "");
    assert_int_equal(fake_in_flight(), 0);
    assert_string_equal(shown("/0/failures"), "1");
    assert_string_equal(shown("/0/last_error"), "it wants a login again and again");
    pass(1100);
    expect_sent("A=2 ");
}

static void a_login_that_fails_concerns_the_sink(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    fake_logins = 3;
    set("A", 2);
    pass(300);
    answer(200, "retry");
    assert_string_equal(shown("/0/failures"), "1");
    assert_string_equal(shown("/0/last_error"), "platform says retry");
    pass(1100);
    expect_sent("login");
    answer(200, "refuse"); /* a wrong password: somebody must act */
    assert_string_equal(shown("/0/state"), "paused");
    assert_int_equal(stored_of("A")->hold.tries, 0);
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(20);
    expect_sent("login");
    answer(401, "");
    assert_string_equal(shown("/0/state"), "paused");
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(20);
    expect_sent("A=2 ");
}

/* The platform gives out tokens and refuses them: the waits grow all the same. */
static void tokens_that_are_refused_do_not_make_a_storm(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    set("A", 2);
    for (int i = 0; i < 600; i++) {
        for (; fake_fetches; pass(20)) {
            bool login = strcmp(fake_fetches->body, "login") == 0;
            fake_logins = !login; /* check forgot the token */
            answer(200, login ? "" : "retry");
        }
        pass(1000);
    }
    assert_in_range(fake_started, 8, 40);
    assert_true(strtol(shown("/0/failures"), NULL, 10) >= 5);
}

static void what_moved_during_the_login_is_told_as_it_is(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    fake_logins = 1;
    set("A", 2);
    pass(300);
    expect_sent("login");
    set("A", 3);
    answer(200, "");
    pass(300);
    expect_sent("A=3 ");
    assert_int_equal(fake_in_flight(), 1);
}

static void signs_of_life_log_in_too(void **state)
{
    (void)state;
    start_filed(
        (const char *const[]){"A", NULL},
        "{\"id\":\"s1\",\"dialect\":\"city\",\"url\":\"http://city/in\",\"heartbeat_s\":1,\"refresh_s\":0}");
    fake_logins = 1;
    pass(1100);
    expect_sent("login");
    answer(200, "");
    pass(20);
    expect_sent("beat:A=1 ");
    answer(200, "code P");
    assert_string_equal(stored_of("A")->code, "P");
}

static void the_end_does_not_wait_for_what_follows_a_login(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    fake_logins = 1;
    set("A", 2);
    pass(300);
    publisher_stop(pub, 5000, NULL, NULL);
    answer(200, "");
    assert_int_equal(fake_in_flight(), 0);
}

/* ---- the platform's clock */

static void say_clock(int64_t off_ms)
{
    static uint64_t seq = 10;
    char text[64];
    set("A", ++seq);
    pass(300);
    (void)snprintf(text, sizeof text, "clock %lld", (long long)(fake_wall(NULL) + off_ms));
    answer(200, text);
}

static bool has_metric(const char *line)
{
    struct buf b;
    buf_init(&b, 65536);
    publisher_write_metrics(pub, &b);
    bool has = b.n && strstr(b.p, line);
    buf_fini(&b);
    return has;
}

static void the_clocks_are_compared(void **state)
{
    (void)state;
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    assert_string_equal(shown("/0/clock_off_ms"), "");
    assert_false(has_metric("parkd_sink_clock_offset_seconds{"));
    say_clock(-61000);
    assert_string_equal(shown("/0/clock_off_ms"), "61000");
    assert_true(has_metric("parkd_sink_clock_offset_seconds{sink=\"s1\"} 61.000\n"));
    say_clock(4000);
    assert_string_equal(shown("/0/clock_off_ms"), "4000");
    set("A", 99);
    pass(300);
    answer(200, ""); /* says nothing: what was known stays */
    assert_string_equal(shown("/0/clock_off_ms"), "4000");
}

/* ---- days */

/* Moves on to the next time that it is so many minutes past midnight in Beijing. The lot N is refused all the
 * while. */
static void go_to_minute(int minute)
{
    int64_t day = 86400000, here = (fake_wall(NULL) + 8 * 3600000) % day;
    int64_t left = minute * 60000 - here;
    for (left += left <= 0 ? day : 0; left > 0; left -= 1000)
        for (pass(left < 1000 ? left : 1000); fake_fetches && strstr(fake_fetches->body, "reg:N=");)
            answer(200, "reject N");
}

static void cars(const char *lot, int days_ago, int32_t in, int32_t out)
{
    struct stored *s = stored_of(lot);
    s->date = publish_date_before(fake_wall(NULL), days_ago);
    s->in = in;
    s->out = out;
}

static void expect_day(const char *fmt)
{
    char want[256], date[PUBLISH_DATE_SIZE];
    (void)publish_date_text(publish_date_before(fake_wall(NULL), 1), date);
    (void)snprintf(want, sizeof want, fmt, date, date);
    expect_sent(want);
}

static void a_day_is_told_once(void **state)
{
    (void)state;
    go_to_minute(600);
    start_filed((const char *const[]){"A", "B", "C", NULL}, CITY(""));
    cars("A", 0, 7, 5);
    cars("B", 0, 0, 1);
    set("N", 1); /* known to the publisher, but never registered */
    cars("N", 0, 3, 3);
    go_to_minute(19);
    assert_int_equal(fake_in_flight(), 0);
    pass(61000);
    expect_day("%s:A=7,5 %s:B=0,1 ");
    assert_string_equal(shown("/0/day/open"), "2");
    answer(200, "unbalanced B");
    assert_int_equal(stored_of("A")->told, publish_date_before(fake_wall(NULL), 1));
    assert_string_equal(stored_of("A")->word, "");
    assert_string_equal(stored_of("B")->word, "unbalanced");
    assert_string_equal(shown("/0/day/unbalanced/0/lot"), "B");
    assert_string_equal(shown("/0/day/unbalanced/1/lot"), "");
    assert_true(has_metric("parkd_sink_unbalanced_day_lots{sink=\"s1\"} 1.000\n"));
    assert_string_equal(shown("/0/day/missed/0/lot"), "");
    assert_string_equal(shown("/0/delivered_items"), "0");
    publisher_reload(pub);
    publisher_remove(pub, VIEW("s1")); /* another parkd takes over */
    put_sink(CITY(""));
    pass(60000);
    assert_int_equal(fake_in_flight(), 0);
    assert_string_equal(shown("/0/day/unbalanced/0/lot"), "B");
    cars("B", 0, 2, 2);
    go_to_minute(21);
    expect_day("%s:B=2,2 "); /* of A nothing is known of that day */
    answer(200, "");
    assert_string_equal(shown("/0/day/unbalanced/0/lot"), "");
}

static void a_day_is_repeated_until_six(void **state)
{
    int tries = 0;
    (void)state;
    go_to_minute(600);
    start_filed((const char *const[]){"A", "B", NULL}, CITY(""));
    cars("A", 0, 7, 5);
    cars("B", 0, 1, 1);
    store.cars_err = ERR_AWAY;
    go_to_minute(30);
    assert_int_equal(fake_in_flight(), 0);
    store.cars_err = 0;
    pass(2000);
    expect_day("%s:A=7,5 %s:B=1,1 ");
    cars("A", 1, 8, 8); /* every attempt says the same */
    answer(500, "");
    pass(5000);
    expect_day("%s:A=7,5 %s:B=1,1 ");
    answer(200, "reject A");
    for (int minute = 0; minute < 328; minute++) { /* until about 05:59 */
        for (pass(60000); fake_fetches; tries++) {
            expect_day("%s:A=7,5 ");
            answer(200, "reject A");
        }
    }
    assert_in_range(tries, 5, 5); /* 10 min × 2 */
    assert_string_equal(shown("/0/day/held/0/lot"), "A");
    assert_string_equal(shown("/0/day/missed/0/lot"), "");
    pass(240000);
    assert_string_equal(shown("/0/day/missed/0/lot"), "A");
    assert_string_equal(shown("/0/day/missed/1/lot"), "");
    assert_string_equal(shown("/0/day/date"), "");
    assert_true(has_metric("parkd_sink_missed_day_lots{sink=\"s1\"} 1.000\n"));
    pass(3600000);
    assert_int_equal(fake_in_flight(), 0);
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0); /* mended by hand: told after all */
    pass(2000);
    expect_day("%s:A=8,8 ");
    answer(200, "");
    assert_string_equal(shown("/0/day/missed/0/lot"), "");
}

static void days_of_an_absence_are_told_up_to_three_back(void **state)
{
    const char *days[3] = {"A", "B", "C"};
    (void)state;
    go_to_minute(600);
    for (int i = 0; i < 3; i++) {
        set(days[i], 1);
        file(days[i]);
        stored_of(days[i])->acked = 1;
        stored_of(days[i])->told = publish_date_before(fake_wall(NULL), 9);
        cars(days[i], 3 - i, i + 1, 0);
    }
    set("D", 1);
    file("D");
    stored_of("D")->acked = 1;
    stored_of("D")->told = publish_date_before(fake_wall(NULL), 9);
    cars("D", 4, 4, 0); /* too long ago */
    put_sink(CITY(""));
    for (int i = 0; i < 3; i++) {
        char want[64], date[PUBLISH_DATE_SIZE];
        (void)publish_date_text(publish_date_before(fake_wall(NULL), 3 - i), date);
        (void)snprintf(want, sizeof want, "%s:%s=%d,0 ", date, days[i], i + 1);
        pass(3000);
        expect_sent(want);
        answer(200, i == 1 ? "reject B" : ""); /* the refused one does not hold up the next day */
    }
    pass(20000);
    assert_int_equal(fake_started, 3);
    assert_string_equal(shown("/0/day/missed/0/lot"), "B");
}

static void a_new_sink_owes_nothing_of_the_days_before(void **state)
{
    (void)state;
    go_to_minute(600);
    set("A", 1);
    file("A");
    stored_of("A")->acked = 1;
    cars("A", 1, 5, 5);
    put_sink(CITY(""));
    pass(60000);
    assert_int_equal(fake_started, 0);
    assert_int_equal(stored_of("A")->told, publish_date_before(fake_wall(NULL), 1));
    cars("A", 0, 6, 6);
    go_to_minute(21);
    expect_day("%s:A=6,6 ");
}

static void a_platform_without_days_pauses_only_them(void **state)
{
    (void)state;
    go_to_minute(600);
    start_filed((const char *const[]){"A", NULL}, CITY(""));
    cars("A", 0, 6, 6);
    go_to_minute(21);
    answer(404, "");
    set("A", 2);
    pass(300);
    expect_sent("A=2 ");
    assert_string_not_equal(shown("/0/day/waits_until"), "");
}

static void dates_are_those_of_beijing(void **state)
{
    const int64_t midnight = INT64_C(1798646400000); /* 2026-12-31 00:00 in Beijing */
    const int64_t minute = 60000, hour = 60 * minute, day = 24 * hour;
    char text[PUBLISH_DATE_SIZE];
    (void)state;
    assert_int_equal(publish_date_before(midnight, 0), 20261231);
    assert_int_equal(publish_date_before(midnight - 1, 0), 20261230);
    assert_int_equal(publish_date_before(midnight + day, 1), 20261231);
    assert_int_equal(publish_date_due(midnight + 19 * minute, 20261229), 0);
    assert_int_equal(publish_date_due(midnight + 20 * minute, 20261229), 20261230);
    assert_int_equal(publish_date_due(midnight + 20 * minute, 0), 20261228);
    assert_int_equal(publish_date_due(midnight + day, 20261228), 20261229);
    assert_int_equal(publish_date_due(midnight + day + hour, 20261230), 20261231);
    assert_int_equal(publish_date_due(midnight + day + hour, 20261231), 0);
    assert_int_equal(publish_date_give_up(20261230, midnight + hour), midnight + 6 * hour);
    assert_int_equal(publish_date_give_up(20261230, midnight + 7 * hour), midnight + 13 * hour);
    assert_string_equal(publish_date_text(20261230, text), "2026-12-30");
}

/* ---- a platform at random, which checks the order of things */

#define TOWN_LOTS 8

static struct {
    uint64_t seed, seq, held[TOWN_LOTS], got[TOWN_LOTS];
    unsigned long long registered[TOWN_LOTS]; /* version that the platform has, 0 none */
    bool acknowledged[TOWN_LOTS];             /* … and said so */
} town;

static uint32_t roll(uint32_t below)
{
    town.seed ^= town.seed << 13;
    town.seed ^= town.seed >> 7;
    town.seed ^= town.seed << 17;
    return (uint32_t)(town.seed >> 20) % below;
}

static const char *town_lot(uint32_t i)
{
    static char name[TOWN_LOTS][4];
    (void)snprintf(name[i], sizeof name[i], "L%u", i);
    return name[i];
}

static bool is_filing(const struct fetch *op)
{
    return strstr(op->body, "reg:") != NULL;
}

/* "new:reg:L3=17 …" or "L3=17 …": it arrived; `told`: and the sender will know. */
static void town_receive(const struct fetch *op, bool told)
{
    bool filing = is_filing(op);
    for (const char *at = op->body; (at = strchr(at, 'L')); at++) {
        char *end = NULL;
        uint32_t lot = (uint32_t)strtoul(at + 1, &end, 10);
        unsigned long long number = strtoull(end + 1, NULL, 10);
        assert_true(lot < TOWN_LOTS && *end == '=');
        if (filing) {
            assert_true(number >= town.registered[lot]);
            town.registered[lot] = number;
            town.acknowledged[lot] |= told;
        } else {
            assert_true(town.acknowledged[lot]); /* the promise of this file */
            assert_true(number >= town.got[lot]);
            town.got[lot] = number;
        }
    }
}

static void town_answer(bool calm)
{
    struct fetch *op = fake_fetches;
    for (uint32_t i = roll((uint32_t)fake_in_flight()); i > 0; i--)
        op = op->next;
    uint32_t fate = calm ? 9 : roll(10);
    if (strcmp(op->body, "login") == 0) {
        fake_answer(op, fate < 2 ? 503 : 200, "");
        return;
    }
    bool poison = !calm && is_filing(op) && strstr(op->body, "reg:L3=");
    if (fate > 1 && !poison)
        town_receive(op, fate > 4);
    if (poison)
        fake_answer(op, 422, "");
    else if (fate == 0)
        fake_fail(op, ERR_CONNECT, "reset");
    else if (fate == 1)
        fake_answer(op, 200, "retry");
    else if (fate < 5)
        fake_fail(op, ERR_TIMEOUT, "the answer was lost");
    else
        fake_answer(op, 200, "");
}

static void town_turn(bool calm)
{
    uint32_t lot = roll(TOWN_LOTS);
    if (!calm && roll(3)) {
        town.held[lot] = ++town.seq;
        set(town_lot(lot), town.seq);
    }
    if (!calm && roll(60) == 0)
        put_lot_of(town_lot(lot), roll(5) ? STAGE_CONNECTED : STAGE_SUSPENDED);
    if (!calm && roll(200) == 0)
        publisher_reload(pub);
    if (!calm && roll(80) == 0)
        fake_logins = 1 + (int)roll(3);
    fake_advance(roll(300));
    if (roll(2))
        store_turn();
    if (fake_in_flight() && (calm || roll(2)))
        town_answer(calm);
    if (!calm && roll(40) == 0)
        (void)publisher_resume(pub, VIEW("s1"));
}

static void one_town(uint64_t seed)
{
    memset(&town, 0, sizeof town);
    town.seed = seed * 0x9e3779b97f4a7c15u | 1;
    fake_one_lot = seed % 2;
    put_sink(seed % 3 ? CITY(",\"parallel\":3,\"batch\":3") : CITY(",\"batch\":4"));
    for (int i = 0; i < 1500; i++)
        town_turn(false);
    for (uint32_t i = 0; i < TOWN_LOTS; i++) /* the faults stop, everything is connected */
        put_lot_of(town_lot(i), STAGE_CONNECTED);
    fake_logins = 0;
    (void)publisher_resume(pub, VIEW("s1"));
    for (int i = 0; i < 600; i++) {
        town_turn(true);
        store_turn();
    }
    for (uint32_t i = 0; i < TOWN_LOTS; i++) {
        if (town.got[i] != town.held[i] || town.registered[i] != version_of(town_lot(i)) ||
            stored_of(town_lot(i))->filed != town.registered[i])
            fail_msg("seed %llu: lot %u", (unsigned long long)seed, i);
    }
}

static void the_order_holds_at_random(void **state)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        if (seed > 1)
            assert_int_equal(setup(state), 0);
        one_town(seed);
        if (seed < 40)
            assert_int_equal(teardown(state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(registration_comes_before_counts),
        TEST(a_lot_without_a_count_is_registered_too),
        TEST(a_new_lot_does_not_hold_up_the_others),
        TEST(a_changed_registration_is_told_while_counts_go_on),
        TEST(a_registration_that_changes_under_way_is_told_again),
        TEST(codes_are_kept_and_given_to_every_call),
        TEST(one_refused_registration_costs_one_lot),
        TEST(a_refusal_is_remembered_and_can_be_resumed),
        TEST(registrations_that_nobody_takes_do_not_stop_counts),
        TEST(what_no_request_carries_counts_as_registered),
        TEST(nothing_is_registered_twice_but_after_a_loss),
        TEST(a_registration_that_was_not_saved_counts),
        TEST(a_removed_lot_is_forgotten),
        TEST(a_dialect_that_learns_to_register_begins_with_it),
        TEST(no_sign_of_life_of_what_is_not_registered),
        TEST(a_login_goes_before_and_alone),
        TEST(three_logins_in_a_row_are_a_failure),
        TEST(a_login_that_fails_concerns_the_sink),
        TEST(tokens_that_are_refused_do_not_make_a_storm),
        TEST(what_moved_during_the_login_is_told_as_it_is),
        TEST(signs_of_life_log_in_too),
        TEST(the_end_does_not_wait_for_what_follows_a_login),
        TEST(the_clocks_are_compared),
        TEST(a_day_is_told_once),
        TEST(a_day_is_repeated_until_six),
        TEST(days_of_an_absence_are_told_up_to_three_back),
        TEST(a_new_sink_owes_nothing_of_the_days_before),
        TEST(a_platform_without_days_pauses_only_them),
        TEST(dates_are_those_of_beijing),
        TEST(the_order_holds_at_random),
    };
    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
