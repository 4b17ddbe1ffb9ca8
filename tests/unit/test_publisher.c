/* SPDX-License-Identifier: MIT
 * publisher against fakes of the network, the clock, the dialects and the store: what leaves, in which order,
 * what an answer changes; and a seeded random platform that checks the promise from the receiving side.
 */
#include "publisher_test.h"

/* ---- one thing at a time */

static void the_difference_is_sent_and_saved(void **state)
{
    (void)state;
    stored_of("A")->acked = 5;
    set("A", 5);
    set("B", 6);
    set("C", 7);
    put_lot_of("D", STAGE_TESTING);
    set("D", 8);
    put_sink(SINK(""));
    pass(300);
    expect_sent("B=6 C=7 ");
    assert_string_equal(fake_fetches->url, "http://city/in?key=x");
    assert_string_equal(shown("/0/state"), "sending");
    assert_string_equal(shown("/0/url"), "http://city/in");
    assert_string_equal(shown("/0/unacknowledged"), "2");
    answer(200, "");
    assert_int_equal(stored_of("B")->acked, 6);
    assert_int_equal(stored_of("C")->acked, 7);
    assert_string_equal(shown("/0/state"), "idle");
    assert_string_equal(shown("/0/unacknowledged"), "0");
    assert_string_equal(shown("/0/delivered_items"), "2");
    pass(5000);
    assert_int_equal(fake_started, 1);
    put_lot_of("D", STAGE_CONNECTED); /* now it is connected */
    pass(300);
    expect_sent("D=8 ");
}

static void a_burst_is_one_batch_and_moves_on(void **state)
{
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    pass(100);
    set("A", 2);
    set("B", 3);
    assert_int_equal(fake_started, 0);
    pass(120);
    expect_sent("A=2 B=3 ");
    set("A", 4);
    pass(5000);
    assert_int_equal(fake_in_flight(), 1); /* not before the first one ended */
    answer(200, "");
    expect_sent("A=4 ");
}

static void a_retry_is_the_same_unless_a_lot_moved(void **state)
{
    char id[64];
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    set("B", 1);
    pass(300);
    (void)snprintf(id, sizeof id, "%s", fake_header(fake_fetches, "id"));
    answer(503, "");
    assert_string_equal(shown("/0/last_error"), "HTTP 503");
    assert_string_equal(shown("/0/failures"), "1");
    set("C", 1); /* somebody else */
    pass(1100);
    expect_sent("A=1 B=1 ");
    assert_string_equal(fake_header(fake_fetches, "id"), id);
    fake_fail(fake_fetches, ERR_TIMEOUT, "took longer than 20000 ms");
    assert_string_equal(shown("/0/last_error"), "took longer than 20000 ms");
    set("B", 2);
    pass(2100);
    expect_sent("A=1 B=2 C=1 ");
    assert_string_not_equal(fake_header(fake_fetches, "id"), id);
    answer(200, "");
    assert_string_equal(shown("/0/failures"), "0");
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

static void the_breaker_lets_one_probe_pass(void **state)
{
    (void)state;
    fake_one_lot = true;
    put_sink(SINK(",\"parallel\":4"));
    for (char c = 'A'; c <= 'H'; c++)
        set((char[]){c, 0}, 1);
    pass(300);
    assert_int_equal(fake_in_flight(), 4);
    for (int i = 0; i < 5; i++) {
        while (fake_in_flight())
            answer(500, "");
        if (i < 4)
            pass(8200);
    }
    assert_string_equal(shown("/0/failures"), "5");
    assert_string_not_equal(shown("/0/breaker_until"), "");
    assert_string_equal(shown("/0/state"), "waiting");
    pass(29900);
    assert_int_equal(fake_in_flight(), 0);
    pass(200);
    assert_int_equal(fake_in_flight(), 1);
    answer(200, "");
    assert_int_equal(fake_in_flight(), 4);
    while (fake_in_flight())
        answer(200, "");
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

static void retry_after_wins(void **state)
{
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    fake_end(fake_fetches, &(struct fetch_result){.status = 429, .retry_after_ms = 40000});
    pass(39900);
    assert_int_equal(fake_in_flight(), 0);
    pass(200);
    assert_int_equal(fake_in_flight(), 1);
}

static void unauthorised_pauses(void **state)
{
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    answer(401, "");
    assert_string_equal(shown("/0/state"), "paused");
    pass(299000);
    assert_int_equal(fake_started, 1);
    pass(2000);
    assert_int_equal(fake_started, 2); /* tried again after five minutes */
    answer(404, "");
    assert_string_equal(shown("/0/state"), "paused");
    assert_int_equal(publisher_resume(pub, VIEW("nobody")), ERR_NOT_FOUND);
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(20);
    answer(200, "");
    assert_string_equal(shown("/0/state"), "idle");
}

static void a_refused_batch_is_split_until_the_poison_is_alone(void **state)
{
    int requests = 0;
    (void)state;
    put_sink(SINK(""));
    for (char c = 'A'; c <= 'H'; c++)
        set((char[]){c, 0}, 1);
    pass(300);
    for (; fake_fetches; requests++) {
        bool poison = strstr(fake_fetches->body, "F=") != NULL;
        answer(poison ? 422 : 200, "");
        pass(20);
    }
    assert_int_equal(requests, 7);
    assert_string_equal(shown("/0/held/0/lot"), "F");
    assert_string_equal(shown("/0/held/0/code"), "HTTP 422");
    assert_string_equal(shown("/0/unacknowledged"), "1");
    assert_string_equal(shown("/0/state"), "idle"); /* the others go on */
    assert_string_equal(shown("/0/failures"), "0");
    assert_int_equal(stored_of("F")->hold.tries, 1);
    assert_int_equal(stored_of("F")->hold.retry_ms / 1000, (fake_wall(NULL) + 600000 - 30) / 1000);
    set("A", 2);
    set("F", 2);
    pass(300);
    expect_sent("A=2 ");
    answer(200, "");
    pass(601000);
    expect_sent("F=2 ");
    answer(200, "");
    assert_int_equal(stored_of("F")->hold.tries, 0);
    assert_int_equal(stored_of("F")->acked, 2);
}

static void a_refusal_that_names_its_item_costs_that_item(void **state)
{
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    set("B", 1);
    set("C", 1);
    pass(300);
    answer(200, "reject B");
    assert_string_equal(shown("/0/unacknowledged"), "1");
    assert_string_equal(shown("/0/held/0/lot"), "B");
    assert_string_equal(shown("/0/held/0/code"), "unknown lot");
    assert_int_equal(stored_of("C")->acked, 1);
    set("D", 1);
    set("E", 1);
    pass(300);
    answer(200, "reject D E");
    assert_string_equal(shown("/0/held/2/code"), "2 refused, e.g. unknown lot");
    pass(5000);
    assert_int_equal(fake_started, 2);
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(20);
    expect_sent("B=1 ");
}

static void codes_inside_an_answer_count(void **state)
{
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    answer(200, "retry");
    assert_string_equal(shown("/0/last_error"), "platform says retry");
    assert_string_equal(shown("/0/failures"), "1");
    pass(1100);
    answer(200, "refuse");
    assert_string_equal(shown("/0/held/0/code"), "platform says refuse");
    set("B", 1);
    pass(300);
    answer(200, "pause");
    assert_string_equal(shown("/0/state"), "paused");
}

static void one_lot_protocols_run_in_parallel(void **state)
{
    (void)state;
    fake_one_lot = true;
    fake_untellable = "C"; /* it has nothing that this protocol could say */
    put_sink(SINK(",\"parallel\":3"));
    for (char c = 'A'; c <= 'F'; c++)
        set((char[]){c, 0}, 1);
    pass(300);
    assert_int_equal(fake_in_flight(), 3);
    assert_int_equal(stored_of("C")->acked, 1);
    fake_answer(fake_fetches->next, 200, ""); /* B */
    fake_answer(fake_fetches->next, 503, ""); /* D: nothing more is started */
    store_turn();
    assert_int_equal(stored_of("B")->acked, 1); /* each on its own */
    assert_int_equal(fake_in_flight(), 2);
    answer(200, "");
    answer(200, "");
    assert_int_equal(fake_in_flight(), 0);
    pass(1100);
    while (fake_fetches)
        answer(200, "");
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

/* Requests of one batch wait for each other: what is no longer true when its turn comes is not sent. */
static void a_request_that_waited_too_long_is_made_anew(void **state)
{
    (void)state;
    fake_one_lot = true;
    put_sink(SINK(",\"timeout_ms\":60000"));
    set("A", 1);
    set("B", 1);
    set("C", 1);
    set("D", 1);
    pass(300);
    expect_sent("A=1 ");
    pass(500000);
    set("C", 2);
    set("D", 1);
    pass(200000); /* B is past its limit, C moved on, D was confirmed */
    answer(200, "");
    expect_sent("D=1 ");
    answer(200, "");
    pass(300);
    expect_sent("C=2 ");
    answer(200, "");
    pass(5000);
    assert_int_equal(fake_in_flight(), 0);
    expire("B", 2);
    pass(300);
    expect_sent("B=2 ");
    answer(200, "");
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

static void batches_run_in_parallel_over_disjoint_lots(void **state)
{
    (void)state;
    put_sink(SINK(",\"parallel\":2,\"batch\":2"));
    for (char c = 'A'; c <= 'F'; c++)
        set((char[]){c, 0}, 1);
    pass(300);
    assert_int_equal(fake_in_flight(), 2);
    assert_string_equal(fake_fetches->body, "A=1 B=1 ");
    assert_string_equal(fake_fetches->next->body, "C=1 D=1 ");
    answer(200, "");
    pass(20);
    assert_string_equal(fake_fetches->next->body, "E=1 F=1 ");
}

static void a_script_that_fails_on_one_lot_costs_that_lot(void **state)
{
    (void)state;
    fake_push_err = ERR_SCRIPT;
    fake_poison = "B";
    put_sink(SINK(""));
    set("A", 1);
    set("B", 1);
    set("C", 1);
    pass(300);
    while (fake_fetches) {
        answer(200, "");
        pass(20);
    }
    assert_string_equal(shown("/0/held/0/lot"), "B");
    assert_string_equal(shown("/0/held/0/code"), "the script failed");
    assert_string_equal(shown("/0/unacknowledged"), "1");
    fake_push_err = 0;
    publisher_use_dialects(pub, &fake_dialects); /* mended */
    pass(300);
    expect_sent("B=1 ");
}

static void what_concerns_the_whole_sink_pauses_it(void **state)
{
    (void)state;
    fake_push_err = ERR_INVALID;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    assert_string_equal(shown("/0/state"), "paused");
    assert_string_equal(shown("/0/last_error"), "the script failed");
    pass(60000);
    assert_true(fake_builds <= 2);
    fake_push_err = 0;
    fake_refuse_start = true;
    assert_int_equal(publisher_resume(pub, VIEW("s1")), 0);
    pass(60000);
    assert_string_equal(shown("/0/last_error"), "cannot be asked");
    assert_true(fake_builds < 20);
}

static void a_number_past_its_limit_waits_for_its_unknown(void **state)
{
    (void)state;
    put_sink(SINK_HEAD ",\"refresh_s\":60,\"heartbeat_s\":30}");
    set("A", 1);
    pass(300);
    for (int i = 0; i < 700; i++) { /* nobody confirms, and Redis does not number the unknown */
        pass(1000);
        while (fake_fetches)
            answer(200, "");
    }
    int before = fake_started;
    assert_true(before > 10);
    pass(200000);
    assert_int_equal(fake_started, before); /* neither refresh nor sign of life */
    expire("A", 2);
    pass(300);
    expect_sent("A=2 ");
}

static void a_change_past_its_limit_waits_too(void **state)
{
    (void)state;
    store.up = false; /* nothing can be loaded yet */
    put_sink(SINK(""));
    set("A", 1);
    set("B", 1);
    pass(601000); /* their limit is ten minutes */
    store.up = true;
    set("C", 1);
    pass(1000);
    expect_sent("C=1 ");
    answer(200, "");
    pass(60000);
    assert_int_equal(fake_started, 1);
    struct reading r = registry_lot(reg, registry_find(reg, VIEW("A")))->reading;
    r.observed_ms = fake_wall(NULL); /* confirmed: it may be told again */
    assert_true(registry_apply(reg, registry_find(reg, VIEW("A")), &r));
    pass(300);
    expect_sent("A=1 ");
}

static void refresh_and_signs_of_life(void **state)
{
    int states = 0, beats = 0;
    (void)state;
    put_sink(SINK_HEAD ",\"refresh_s\":60,\"heartbeat_s\":20,\"batch\":2}");
    set("A", 1);
    set("B", 1);
    set("C", 1);
    set("D", 1);
    stored_of("D")->hold =
        (struct publish_hold){.tries = 9, .retry_ms = INT64_MAX}; /* what it holds of D is old */
    publisher_reload(pub);
    for (int i = 0; i < 1850; i++) { /* 185 s */
        pass(100);
        for (; fake_fetches; answer(200, "")) {
            bool beat = strncmp(fake_fetches->body, "beat:", 5) == 0;
            *(beat ? &beats : &states) += 1;
            assert_null(strstr(fake_fetches->body, "D="));
        }
        for (char c = 'A'; c <= 'C'; c++) { /* all stay confirmed */
            uint32_t idx = registry_find(reg, view_of((char[]){c, 0}));
            struct reading r = registry_lot(reg, idx)->reading;
            r.observed_ms = fake_wall(NULL);
            (void)registry_apply(reg, idx, &r);
        }
    }
    assert_in_range(states, 8, 8);  /* 2 batches at once, then every 60 s */
    assert_in_range(beats, 17, 18); /* 2 batches every 20 s */
}

static void a_lost_lease_stops_and_a_new_one_loads_again(void **state)
{
    (void)state;
    store.lease = 0;
    set("A", 1);
    put_sink(SINK(""));
    pass(5000);
    assert_int_equal(fake_started, 0);
    assert_int_equal(store.loads, 0);
    assert_string_equal(shown("/0/state"), "not_ours");
    store.lease = fake_now + 45000;
    pass(1000);
    assert_int_equal(store.loads, 1);
    expect_sent("A=1 ");
    answer(200, "");
    set("B", 1);
    pass(300);
    answer(200, "");
    pass(24000); /* the lease holds 19 s more, the timeout is 20 s */
    set("A", 2);
    pass(1000);
    assert_int_equal(fake_in_flight(), 0);
    assert_string_equal(shown("/0/state"), "idle");
    pass(20000);
    assert_string_equal(shown("/0/state"), "not_ours");
    stored_of("A")->acked = 2; /* somebody else delivered it meanwhile */
    store.lease = fake_now + 45000;
    pass(2000);
    assert_int_equal(store.loads, 2);
    assert_int_equal(fake_in_flight(), 0);
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

static void a_reload_reads_again_and_keeps_what_is_in_flight(void **state)
{
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    answer(200, "");
    set("B", 1);
    pass(300);
    stored_of("A")->acked = 0; /* the store lost it */
    publisher_reload(pub);
    pass(500);
    assert_int_equal(store.loads, 2);
    assert_int_equal(fake_in_flight(), 1);
    expect_sent("B=1 ");
    answer(200, "");
    pass(300);
    expect_sent("A=1 "); /* at least once */
}

static void what_could_not_be_saved_is_saved_later(void **state)
{
    (void)state;
    put_sink(SINK(""));
    store.save_err = ERR_AWAY;
    set("A", 1);
    pass(300);
    answer(200, "");
    assert_int_equal(stored_of("A")->acked, 0);
    assert_string_equal(shown("/0/unacknowledged"), "0"); /* memory counts */
    publisher_reload(pub);
    pass(500);
    assert_int_equal(store.loads, 2);
    assert_int_equal(fake_started, 1); /* also when the store does not know it */
    store.save_err = 0;
    pass(2500);
    assert_int_equal(stored_of("A")->acked, 1);
    assert_int_equal(fake_started, 1);
}

static void quarantine_survives_a_restart(void **state)
{
    (void)state;
    stored_of("A")->hold =
        (struct publish_hold){.seq = 1, .tries = 3, .retry_ms = fake_wall(NULL) + 90000, .code = "x"};
    set("A", 1);
    set("B", 1);
    put_sink(SINK(""));
    pass(300);
    expect_sent("B=1 ");
    answer(200, "");
    pass(88000);
    assert_int_equal(fake_started, 1);
    pass(2000);
    expect_sent("A=1 ");
    answer(400, "");
    assert_string_equal(shown("/0/held/0/tries"), "4");
    put_lot_of("A", STAGE_SUSPENDED); /* it is not told about any more */
    assert_int_equal(stored_of("A")->hold.tries, 0);
    assert_string_equal(shown("/0/held/0/lot"), "");
}

static void wrong_registrations_say_why(void **state)
{
    struct why why = {0};
    (void)state;
    set("A", 1);
    assert_int_equal(put_json("{\"id\":\"s1\",\"dialect\":\"nope\",\"url\":\"http://c/\"}", &why),
                     ERR_NOT_FOUND);
    assert_string_equal(shown("/0/state"), "disabled");
    assert_string_equal(shown("/0/last_error"), "there is no dialect nope");
    assert_int_equal(put_json("{\"id\":\"s1\",\"dialect\":\"deaf\",\"url\":\"http://c/\"}", &why), ERR_STATE);
    pass(2000);
    assert_int_equal(fake_started, 0);
    put_sink(SINK(",\"enabled\":false"));
    pass(2000);
    assert_int_equal(fake_started, 0);
    put_sink(SINK(""));
    pass(300);
    expect_sent("A=1 ");
    put_sink(SINK("")); /* the same again changes nothing */
    assert_int_equal(fake_started, 1);
    put_sink(SINK(",\"batch\":7"));
    pass(300);
    assert_int_equal(fake_started, 2);
    expect_sent("A=1 ");
    publisher_remove(pub, VIEW("s1"));
    assert_int_equal(fake_in_flight(), 0);
    publisher_remove(pub, VIEW("s1"));
}

static int stops;
static void on_stopped(void *ctx)
{
    (void)ctx;
    stops++;
}

static void the_end_waits_for_what_is_in_flight(void **state)
{
    (void)state;
    stops = 0;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    set("B", 1);
    publisher_stop(pub, 5000, on_stopped, NULL);
    assert_int_equal(stops, 0);
    fake_advance(1000);
    assert_int_equal(stops, 0);
    fake_answer(fake_fetches, 200, "");
    fake_advance(100);
    assert_int_equal(stops, 0); /* the acknowledgement is on its way */
    assert_int_equal(fake_in_flight(), 0);
    store_turn();
    fake_advance(0);
    assert_int_equal(stops, 1);
    assert_int_equal(stored_of("A")->acked, 1);
    fake_advance(100000);
    assert_int_equal(stops, 1);
    assert_int_equal(fake_started, 1);
}

static void the_end_has_a_limit(void **state)
{
    (void)state;
    stops = 0;
    put_sink(SINK(""));
    set("A", 1);
    pass(300);
    publisher_stop(pub, 5000, on_stopped, NULL);
    fake_advance(4999);
    assert_int_equal(stops, 0);
    fake_advance(1);
    assert_int_equal(stops, 1);
    assert_int_equal(fake_in_flight(), 0);
}

static void nothing_to_wait_for_ends_at_once(void **state)
{
    (void)state;
    stops = 0;
    publisher_stop(pub, 5000, on_stopped, NULL);
    assert_int_equal(stops, 0); /* later, never inside */
    fake_advance(0);
    assert_int_equal(stops, 1);
}

static void metrics_have_their_shape(void **state)
{
    struct buf b;
    (void)state;
    put_sink(SINK(""));
    set("A", 1);
    buf_init(&b, 65536);
    publisher_write_metrics(pub, &b);
    assert_non_null(strstr(b.p, "parkd_sink_unacknowledged_lots{sink=\"s1\"} 1.000\n"));
    assert_non_null(strstr(b.p, "# TYPE parkd_sink_paused gauge\n"));
    buf_fini(&b);
}

/* ---- a platform at random, which checks what it gets */

#define WORLD_LOTS 12

static struct {
    uint64_t seed, seq, held[WORLD_LOTS], highest[WORLD_LOTS];
    int poison;
} world;

static uint32_t roll(uint32_t below)
{
    world.seed ^= world.seed << 13;
    world.seed ^= world.seed >> 7;
    world.seed ^= world.seed << 17;
    return (uint32_t)(world.seed >> 20) % below;
}

static const char *world_lot(uint32_t i)
{
    static char name[WORLD_LOTS][4];
    (void)snprintf(name[i], sizeof name[i], "L%u", i);
    return name[i];
}

/* For each item of a request: its lot and seq. */
static void each_item(const struct fetch *op, void (*fn)(uint32_t lot, uint64_t seq))
{
    struct view rest = view_of(op->body);
    while (rest.n) {
        struct view seq_text = view_cut(&rest, ' '), lot = view_cut(&seq_text, '=');
        int64_t seq = 0, i = 0;
        assert_int_equal(view_to_int(seq_text, 1, INT64_MAX, &seq), 0);
        lot.p++;
        lot.n--;
        assert_int_equal(view_to_int(lot, 0, WORLD_LOTS - 1, &i), 0);
        fn((uint32_t)i, (uint64_t)seq);
    }
}

static int flying[WORLD_LOTS];
static void count_flight(uint32_t lot, uint64_t seq)
{
    (void)seq;
    flying[lot]++;
}
static void receive(uint32_t lot, uint64_t seq)
{
    assert_true(seq >= world.highest[lot]); /* seq never goes back */
    world.highest[lot] = seq;
}
static bool poisonous;
static void look_for_poison(uint32_t lot, uint64_t seq)
{
    (void)seq;
    poisonous |= (int)lot == world.poison;
}

static void world_check(void)
{
    memset(flying, 0, sizeof flying);
    for (struct fetch *op = fake_fetches; op; op = op->next)
        each_item(op, count_flight);
    for (int i = 0; i < WORLD_LOTS; i++)
        assert_true(flying[i] <= 1); /* one delivery of a lot at a time */
}

static void world_answer(bool calm)
{
    struct fetch *op = fake_fetches;
    for (uint32_t i = roll((uint32_t)fake_in_flight()); i > 0; i--)
        op = op->next;
    poisonous = false;
    each_item(op, look_for_poison);
    uint32_t fate = calm ? 9 : roll(10);
    if (fate == 0) {
        fake_fail(op, ERR_CONNECT, "reset");
        return;
    }
    if (!poisonous || fate == 1)
        each_item(op, receive); /* it arrived, whatever the answer says */
    if (fate == 1)
        fake_fail(op, ERR_TIMEOUT, "the answer was lost");
    else if (poisonous)
        fake_answer(op, 422, "");
    else if (fate == 2)
        fake_answer(op, 503, "");
    else if (fate == 3)
        fake_answer(op, 200, "reject L3");
    else
        fake_answer(op, 200, "");
}

static void world_turn(bool calm)
{
    if (!calm && roll(3)) {
        uint32_t lot = roll(WORLD_LOTS);
        world.held[lot] = ++world.seq;
        set(world_lot(lot), world.seq);
    }
    if (!calm && roll(200) == 0)
        publisher_reload(pub);
    if (!calm && roll(300) == 0)
        publisher_use_dialects(pub, &fake_dialects);
    fake_advance(roll(300));
    if (roll(2))
        store_turn();
    world_check();
    if (fake_in_flight() && (calm || roll(2)))
        world_answer(calm);
    world_check();
    if (!calm && roll(40) == 0)
        (void)publisher_resume(pub, VIEW("s1"));
}

static void one_world(uint64_t seed)
{
    memset(&world, 0, sizeof world);
    world.seed = seed * 0x9e3779b97f4a7c15u | 1;
    world.poison = (int)roll(WORLD_LOTS);
    fake_one_lot = seed % 2;
    put_sink(seed % 3 ? SINK(",\"parallel\":3,\"batch\":4") : SINK(",\"batch\":5"));
    for (int i = 0; i < 1500; i++)
        world_turn(false);
    world.poison = -1; /* the faults stop */
    (void)publisher_resume(pub, VIEW("s1"));
    for (int i = 0; i < 400; i++) {
        world_turn(true);
        store_turn();
    }
    for (uint32_t i = 0; i < WORLD_LOTS; i++) {
        if (world.highest[i] != world.held[i] || stored_of(world_lot(i))->acked != world.held[i])
            fail_msg("seed %llu: lot %u", (unsigned long long)seed, i);
    }
    assert_string_equal(shown("/0/unacknowledged"), "0");
}

static void the_promise_holds_at_random(void **state)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        if (seed > 1)
            assert_int_equal(setup(state), 0);
        one_world(seed);
        if (seed < 40)
            assert_int_equal(teardown(state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_difference_is_sent_and_saved),
        TEST(a_burst_is_one_batch_and_moves_on),
        TEST(a_retry_is_the_same_unless_a_lot_moved),
        TEST(the_breaker_lets_one_probe_pass),
        TEST(retry_after_wins),
        TEST(unauthorised_pauses),
        TEST(a_refused_batch_is_split_until_the_poison_is_alone),
        TEST(a_refusal_that_names_its_item_costs_that_item),
        TEST(codes_inside_an_answer_count),
        TEST(one_lot_protocols_run_in_parallel),
        TEST(a_request_that_waited_too_long_is_made_anew),
        TEST(batches_run_in_parallel_over_disjoint_lots),
        TEST(a_script_that_fails_on_one_lot_costs_that_lot),
        TEST(what_concerns_the_whole_sink_pauses_it),
        TEST(a_number_past_its_limit_waits_for_its_unknown),
        TEST(a_change_past_its_limit_waits_too),
        TEST(refresh_and_signs_of_life),
        TEST(a_lost_lease_stops_and_a_new_one_loads_again),
        TEST(a_reload_reads_again_and_keeps_what_is_in_flight),
        TEST(what_could_not_be_saved_is_saved_later),
        TEST(quarantine_survives_a_restart),
        TEST(wrong_registrations_say_why),
        TEST(the_end_waits_for_what_is_in_flight),
        TEST(the_end_has_a_limit),
        TEST(nothing_to_wait_for_ends_at_once),
        TEST(metrics_have_their_shape),
        TEST(the_promise_holds_at_random),
    };
    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
