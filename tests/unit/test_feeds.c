/* SPDX-License-Identifier: MIT
 * feeds and poller against fakes of the network, the clock and the dialects: polls, follow-ups, 304, failures
 * in words, health, registrations that do not fit, the end with a poll in flight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_net.h"

#include "fake_dialect.h"
#include "parkd/base/json.h"
#include "parkd/feed/feeds.h"
#include "parkd/model/registry.h"

static struct {
    int calls;
    struct report last[8];
    size_t n;
    bool may, refuses;
    int slow;
} heard;

static bool on_reports(void *ctx, const struct feed *feed, const struct report_list *reports)
{
    (void)ctx;
    assert_string_equal(feed->dialect, "fake");
    heard.calls++;
    heard.n = reports->n;
    for (size_t i = 0; i < reports->n && i < 8; i++)
        heard.last[i] = reports->v[i];
    return !heard.refuses;
}

static bool may_poll(void *ctx, const char *feed)
{
    (void)ctx;
    (void)feed;
    return heard.may;
}

static int slow_down(void *ctx)
{
    (void)ctx;
    return heard.slow;
}

static struct registry *reg;

static int setup(void **state)
{
    struct feeds_port port = {.on_reports = on_reports, .may_poll = may_poll, .slow_down = slow_down};
    memset(&heard, 0, sizeof heard);
    heard.may = true;
    heard.slow = 1;
    fake_started = 0;
    reg = registry_new();
    *state = feeds_new(NULL, &fake_clock, NULL, &fake_dialects, reg, &port);
    return *state ? 0 : -1;
}

/* Nothing may be left behind: no request, no timer, no session. */
static int teardown(void **state)
{
    feeds_free(*state);
    registry_free(reg);
    return fake_in_flight() || fake_timers || fake_sessions;
}

static int put(struct feeds *fs, const char *json, struct why *why)
{
    struct json *j = NULL;
    struct feed f;
    assert_int_equal(json_parse(view_of(json), &j, NULL), 0);
    assert_int_equal(feed_parse(j, &f, NULL), 0);
    json_free(j);
    return feeds_put(fs, &f, why);
}

static void put_poll(struct feeds *fs)
{
    assert_int_equal(
        put(fs,
            "{\"id\":\"f1\",\"dialect\":\"fake\",\"mode\":\"poll\",\"url\":\"http://lot/a?key=secret\","
            "\"interval_ms\":4000}",
            NULL),
        0);
}

static uint32_t put_lot(const char *id, const char *foreign)
{
    struct lot lot = {.stage = STAGE_CONNECTED};
    uint32_t idx = 0;
    (void)snprintf(lot.id, sizeof lot.id, "%s", id);
    (void)snprintf(lot.feed, sizeof lot.feed, "f1");
    (void)snprintf(lot.foreign_id, sizeof lot.foreign_id, "%s", foreign);
    assert_int_equal(registry_put(reg, &lot, VIEW("{}"), 1, &idx), 0);
    return idx;
}

static void hold(uint32_t idx, uint64_t seq, bool expired)
{
    struct reading r;
    reading_init(&r);
    r.seq = seq;
    r.observed_ms = FAKE_WALL + (int64_t)seq;
    r.free = expired ? COUNT_NONE : 5;
    r.expired = expired;
    assert_true(registry_apply(reg, idx, &r));
}

/* Moves on until a request is asked, at most `ms`. */
static struct fetch *wait_fetch(int64_t ms)
{
    for (int64_t i = 0; i < ms && !fake_fetches; i += 10)
        fake_advance(10);
    return fake_fetches;
}

static void answer_with(int status, const char *head, const char *body, int64_t retry_after_ms)
{
    struct fetch *op = wait_fetch(400000);
    assert_non_null(op);
    fake_end(op, &(struct fetch_result){.status = status,
                                        .head = view_of(head),
                                        .body = view_of(body),
                                        .retry_after_ms = retry_after_ms,
                                        .took_ms = 100});
}

static void answer(int status, const char *body)
{
    answer_with(status, "", body, -1);
}

/* A member of the feed's status, as text. */
static const char *shown(struct feeds *fs, const char *pointer)
{
    static char text[512];
    struct json_writer w;
    struct json *j = NULL;
    struct buf b;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    feeds_write_status(fs, &w);
    jw_end_array(&w);
    assert_int_equal(json_parse(buf_get(&b), &j, NULL), 0);
    const struct json *v = json_at(j, view_of(pointer));
    if (json_is(v, JSON_NUMBER))
        (void)snprintf(text, sizeof text, "%.0f", json_number(v));
    else
        (void)snprintf(text, sizeof text, VIEW_FMT, VIEW_ARG(json_text(v)));
    json_free(j);
    buf_fini(&b);
    return text;
}

static void polls_begin_with_the_start(void **state)
{
    struct feeds *fs = *state;
    put_poll(fs);
    fake_advance(100000);
    assert_int_equal(fake_started, 0);
    assert_int_equal(feeds_poll_now(fs, VIEW("f1")), ERR_STATE);
    assert_int_equal(feeds_poll_now(fs, VIEW("f2")), ERR_NOT_FOUND);
    assert_string_equal(shown(fs, "/0/state"), "new");
    assert_string_equal(shown(fs, "/0/url"), "http://lot/a"); /* no secrets */
    feeds_start(fs);
    assert_non_null(wait_fetch(5000));
    assert_int_equal(fake_fetches->timeout_ms, 2000);
    fake_advance(100000);
    assert_int_equal(fake_started, 1); /* one in flight */
    answer(200, "A 5\nB 7");
    assert_int_equal(heard.calls, 1);
    assert_int_equal(heard.n, 2);
    assert_int_equal(heard.last[1].free, 7);
    assert_string_equal(shown(fs, "/0/state"), "good");
    assert_string_equal(shown(fs, "/0/reports"), "2");
    assert_string_equal(shown(fs, "/0/unknown_lots"), "2");
    fake_advance(60000);
    assert_int_equal(fake_started, 2);
}

/* A count's field that changed its name is no fault, but it is told. */
static void lots_that_fell_silent_are_counted(void **state)
{
    struct feeds *fs = *state;
    put_poll(fs);
    feeds_start(fs);
    assert_non_null(wait_fetch(5000));
    answer(200, "A -\nB -");
    assert_string_equal(shown(fs, "/0/state"), "good");
    assert_string_equal(shown(fs, "/0/silent_lots"), "2");
    assert_non_null(wait_fetch(60000));
    answer(200, "A 5\nB -");
    assert_string_equal(shown(fs, "/0/silent_lots"), "1");
}

static void twenty_polls_in_twenty_intervals(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    for (int64_t until = fake_now + 80000; fake_now < until;) {
        if (wait_fetch(10))
            answer(200, "A 5");
    }
    assert_in_range(fake_started, 19, 22);
}

/* The time between two requests to a host, which nobody registered, makes no feed late. */
static void many_feeds_of_one_host_keep_their_pace(void **state)
{
    for (int i = 0; i < 44; i++) {
        char text[160];
        (void)snprintf(text, sizeof text,
                       "{\"id\":\"f%d\",\"dialect\":\"fake\",\"mode\":\"poll\",\"url\":\"http://lot/%d\","
                       "\"interval_ms\":1000}",
                       i, i);
        assert_int_equal(put(*state, text, NULL), 0);
    }
    feeds_start(*state);
    for (int64_t until = fake_now + 10000; fake_now < until; fake_advance(1)) {
        while (fake_fetches)
            answer(200, "A 5");
    }
    assert_in_range(fake_started, 44 * 9, 44 * 11);
    for (int i = 1; i < 44; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "f%d", i);
        feeds_remove(*state, view_of(id));
    }
    answer(200, "A 5\nmore");
    assert_null(wait_fetch(190)); /* alone, it is more patient */
    assert_non_null(wait_fetch(20));
}

static void follow_ups_share_one_deadline(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    answer(200, "A 1\nmore");
    assert_int_equal(heard.calls, 0);
    assert_string_equal(wait_fetch(300)->url, "http://lot/next");
    assert_int_equal(fake_fetches->timeout_ms, 1900);
    answer(200, "B 2\nmore");
    answer(200, "C 3");
    assert_int_equal(heard.calls, 1);
    assert_int_equal(heard.n, 3);
    assert_int_equal(heard.last[2].free, 3);
}

static void endless_follow_ups_end(void **state)
{
    int asked = 0;
    assert_int_equal(put(*state,
                         "{\"id\":\"f1\",\"dialect\":\"fake\",\"mode\":\"poll\",\"url\":\"http://lot/a\","
                         "\"interval_ms\":30000}",
                         NULL),
                     0);
    feeds_start(*state);
    do {
        answer(200, "A 1\nmore");
        asked++;
    } while (wait_fetch(300)); /* the next poll comes later */
    assert_int_equal(asked, 1 + DIALECT_MAX_FOLLOW_UPS);
    assert_int_equal(heard.calls, 0); /* half an answer is none */
    assert_string_equal(shown(*state, "/0/error"), "more than 32 further requests");
}

static void slow_follow_ups_end_too(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    struct fetch *op = wait_fetch(5000);
    fake_end(op, &(struct fetch_result){
                     .status = 200, .body = VIEW("more"), .took_ms = 2000, .retry_after_ms = -1});
    assert_null(fake_fetches);
    assert_string_equal(shown(*state, "/0/error"), "took longer than 2000 ms");
}

static void failures_carry_their_reason(void **state)
{
    struct feeds *fs = *state;
    put_poll(fs);
    feeds_start(fs);
    answer(500, "");
    assert_string_equal(shown(fs, "/0/error"), "answered HTTP 500");
    assert_string_equal(shown(fs, "/0/http_status"), "500");
    assert_string_equal(shown(fs, "/0/state"), "bad");
    assert_int_equal(feeds_count(fs, true), 1);
    answer(200, "<html>");
    assert_string_equal(shown(fs, "/0/error"), "not what was expected");
    assert_non_null(wait_fetch(9000));
    fake_fail(fake_fetches, ERR_CONNECT, "could not connect to lot port 80");
    assert_string_equal(shown(fs, "/0/error"), "could not connect to lot port 80");
    assert_string_equal(shown(fs, "/0/failures"), "3");
    fake_refuse_start = true;
    fake_advance(5000);
    fake_refuse_start = false;
    assert_string_equal(shown(fs, "/0/error"), "cannot be asked (/url)");
    assert_int_equal(heard.calls, 0);
    answer(200, "A 1\nfault X");
    assert_string_equal(shown(fs, "/0/error"), "");
    assert_string_equal(shown(fs, "/0/faults/0/lot"), "X");
    assert_string_equal(shown(fs, "/0/faults/0/pointer"), "/free");
    assert_string_equal(shown(fs, "/0/failures"), "0");
    assert_string_equal(shown(fs, "/0/state"), "bad"); /* the next good one brings it back */
    answer(200, "A 1");
    assert_string_equal(shown(fs, "/0/state"), "good");
    assert_int_equal(feeds_count(fs, true), 0);
    assert_int_equal(feeds_count(fs, false), 1);
}

static void a_dead_feed_backs_off_and_comes_back(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    for (int i = 0; i < 12; i++)
        answer(500, "");
    assert_string_equal(shown(*state, "/0/interval_ms"), "300000");
    int before = fake_started;
    fake_advance(70000);
    assert_int_equal(fake_started, before);
    answer(200, "A 1");
    assert_string_equal(shown(*state, "/0/interval_ms"), "4000");
    fake_advance(6000);
    assert_int_equal(fake_in_flight(), 1);
}

static void retry_after_is_obeyed(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    answer_with(503, "", "", 60000);
    fake_advance(59900);
    assert_int_equal(fake_in_flight(), 0);
    fake_advance(5000);
    assert_int_equal(fake_in_flight(), 1);
}

static void unchanged_answers_confirm(void **state)
{
    uint32_t a = put_lot("L1", "A");
    put_lot("L9", "Z"); /* of the same feed, but not in its answer */
    put_poll(*state);
    feeds_start(*state);
    answer_with(200, "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: yesterday\r\n", "A 5", -1);
    hold(a, 10, false);
    struct fetch *op = wait_fetch(9000);
    assert_string_equal(fake_header(op, "If-None-Match"), "\"v1\"");
    assert_string_equal(fake_header(op, "If-Modified-Since"), "yesterday");
    answer(304, "");
    assert_int_equal(heard.calls, 2);
    assert_int_equal(heard.n, 1); /* the lot that the answer told of, and no other */
    assert_int_equal(heard.last[0].kind, REPORT_BEAT);
    assert_string_equal(heard.last[0].lot, "A");
    assert_string_equal(shown(*state, "/0/state"), "good");
    /* a sign of life cannot bring an expired number back */
    hold(a, 11, true);
    op = wait_fetch(9000);
    assert_null(fake_header(op, "If-None-Match"));
    answer(304, ""); /* and one that was not asked for is a fault */
    assert_string_equal(shown(*state, "/0/error"), "answered HTTP 304");
    hold(a, 12, false);
    op = wait_fetch(9000);
    assert_null(fake_header(op, "If-None-Match")); /* after a failure everything is asked */
}

/* What was refused is not held, and what is held instead must not be confirmed. */
static void a_refused_report_is_never_confirmed(void **state)
{
    hold(put_lot("L1", "A"), 10, false);
    put_poll(*state);
    feeds_start(*state);
    heard.refuses = true;
    answer_with(200, "ETag: \"v1\"\r\n", "A 5", -1);
    assert_null(fake_header(wait_fetch(9000), "If-None-Match"));
    heard.refuses = false;
    answer_with(200, "ETag: \"v1\"\r\n", "A 5", -1);
    assert_string_equal(fake_header(wait_fetch(9000), "If-None-Match"), "\"v1\"");
}

/* "As before" is dated as before: a source that stopped does not come to life by it. */
static void a_confirmation_carries_the_sources_time(void **state)
{
    hold(put_lot("L1", "A"), 10, false);
    put_poll(*state);
    feeds_start(*state);
    answer_with(200, "ETag: \"v1\"\r\n", "A 5 1781049600000", -1);
    assert_non_null(wait_fetch(9000));
    answer(304, "");
    assert_int_equal(heard.last[0].kind, REPORT_BEAT);
    assert_int_equal(heard.last[0].source_ms, 1781049600000);
}

static void several_pages_are_never_conditional(void **state)
{
    hold(put_lot("L1", "A"), 10, false);
    put_poll(*state);
    feeds_start(*state);
    answer_with(200, "ETag: \"v1\"\r\n", "A 5\nmore", -1);
    answer_with(200, "ETag: \"v2\"\r\n", "B 5", -1);
    assert_null(fake_header(wait_fetch(9000), "If-None-Match"));
    answer(200, "A 5\nmore");
    assert_null(fake_header(wait_fetch(300), "If-None-Match"));
}

static void another_instance_polls(void **state)
{
    heard.may = false;
    put_poll(*state);
    feeds_start(*state);
    fake_advance(60000);
    assert_int_equal(fake_started, 0);
    heard.may = true;
    fake_advance(6000);
    assert_int_equal(fake_started, 1);
}

static void redis_away_halves_the_rate(void **state)
{
    heard.slow = 2;
    put_poll(*state);
    feeds_start(*state);
    answer(200, "A 5");
    assert_string_equal(shown(*state, "/0/interval_ms"), "8000");
}

static void on_received(void *ctx, const struct feed *feed, const struct inbound_message *m,
                        struct inbound_result *r)
{
    (void)feed;
    (void)m;
    *(int *)ctx = r->err;
    inbound_result_fini(r);
}

static int receive(struct feeds *fs, const struct feed *f)
{
    int err = -1;
    struct inbound_message m = {.body = VIEW("")};
    feeds_receive(fs, f, &m, on_received, &err);
    return err;
}

static void wrong_registrations_stand_there_disabled(void **state)
{
    static const struct {
        const char *json, *error;
        int err;
    } rows[] = {
        {"{\"id\":\"x\",\"dialect\":\"nope\",\"mode\":\"push\"}", "there is no dialect nope (/dialect)",
         ERR_NOT_FOUND},
        {"{\"id\":\"x\",\"dialect\":\"deaf\",\"mode\":\"push\"}",
         "dialect deaf cannot receive pushes (/mode)", ERR_STATE},
        {"{\"id\":\"x\",\"dialect\":\"fake\",\"mode\":\"push\",\"params\":{\"a\":1}}",
         "unknown parameter (/params)", ERR_INVALID},
        {"{\"id\":\"x\",\"dialect\":\"fake\",\"mode\":\"push\",\"paths\":[\"/up\"]}",
         "/up belongs to feed p already (/paths)", ERR_CONFLICT},
    };
    struct feeds *fs = *state;
    struct why why;
    assert_int_equal(
        put(fs, "{\"id\":\"p\",\"dialect\":\"fake\",\"mode\":\"push\",\"paths\":[\"/up\"]}", NULL), 0);
    feeds_start(fs);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(put(fs, rows[i].json, &why), rows[i].err);
        assert_string_equal(shown(fs, "/1/state"), "disabled");
        assert_string_equal(shown(fs, "/1/error"), rows[i].error);
        assert_int_equal(receive(fs, feeds_find(fs, VIEW("x"))), ERR_CONFLICT);
    }
    assert_int_equal(put(fs, "{\"id\":\"x\",\"dialect\":\"fake\",\"mode\":\"push\"}", &why), 0);
    assert_string_equal(shown(fs, "/1/error"), "");
    assert_int_equal(put(fs, "{\"id\":\"x\",\"dialect\":\"fake\",\"mode\":\"push\",\"enabled\":false}", &why),
                     0);
    assert_string_equal(shown(fs, "/1/state"), "disabled");
}

static void pushes_tell_health_and_find_their_path(void **state)
{
    struct feeds *fs = *state;
    struct report_list none = {0};
    struct why why = {.text = "the signature is wrong"};
    assert_int_equal(
        put(fs, "{\"id\":\"p\",\"dialect\":\"fake\",\"mode\":\"push\",\"paths\":[\"/up\",\"/beat\"]}", NULL),
        0);
    const struct feed *f = feeds_find_path(fs, VIEW("/beat"));
    assert_ptr_equal(f, feeds_find(fs, VIEW("p")));
    assert_null(feeds_find_path(fs, VIEW("/bea")));
    assert_null(feeds_find(fs, VIEW("")));
    assert_int_equal(receive(fs, f), 0);
    feeds_pushed(fs, f, &none, NULL);
    assert_string_equal(shown(fs, "/0/state"), "good");
    feeds_pushed(fs, f, NULL, &why);
    assert_string_equal(shown(fs, "/0/error"), "the signature is wrong");
    assert_int_equal(feeds_poll_now(fs, VIEW("p")), ERR_STATE);
    feeds_remove(fs, VIEW("p"));
    assert_null(feeds_find_path(fs, VIEW("/up")));
    feeds_remove(fs, VIEW("p"));
}

static void the_same_registration_changes_nothing(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    assert_non_null(wait_fetch(5000));
    put_poll(*state);
    assert_int_equal(fake_in_flight(), 1);
    assert_int_equal(put(*state,
                         "{\"id\":\"f1\",\"dialect\":\"fake\",\"mode\":\"poll\",\"url\":\"http://lot/b\","
                         "\"interval_ms\":4000}",
                         NULL),
                     0);
    assert_int_equal(fake_in_flight(), 0);
    assert_string_equal(wait_fetch(5000)->url, "http://lot/b");
}

static void new_dialects_cancel_and_ask_again(void **state)
{
    struct dialects fewer = {{{"deaf", 0}}};
    put_poll(*state);
    feeds_start(*state);
    assert_non_null(wait_fetch(5000));
    feeds_use_dialects(*state, &fake_dialects);
    assert_int_equal(fake_in_flight(), 0);
    assert_int_equal(fake_sessions, 1);
    fake_advance(200); /* due at once, when it is its turn at the host */
    assert_int_equal(fake_in_flight(), 1);
    feeds_use_dialects(*state, &fewer);
    assert_int_equal(fake_in_flight(), 0);
    assert_string_equal(shown(*state, "/0/state"), "disabled");
    feeds_use_dialects(*state, &fake_dialects);
    assert_string_equal(shown(*state, "/0/error"), "");
    fake_advance(200);
    assert_int_equal(fake_in_flight(), 1);
}

static void poll_now_does_not_wait(void **state)
{
    put_poll(*state);
    feeds_start(*state);
    answer(200, "A 1");
    assert_int_equal(feeds_poll_now(*state, VIEW("f1")), 0);
    fake_advance(200);
    assert_int_equal(fake_in_flight(), 1);
    assert_int_equal(feeds_poll_now(*state, VIEW("f1")), 0);
    fake_advance(0);
    assert_int_equal(fake_in_flight(), 1);
}

static void interval_is_declared_to_the_lots(void **state)
{
    uint32_t a = put_lot("L1", "A");
    put_poll(*state);
    assert_int_equal(registry_lot(reg, a)->interval_ms, 4000);
    assert_true(registry_lot(reg, a)->interval_declared);
}

static void metrics_have_their_shape(void **state)
{
    struct buf b;
    put_poll(*state);
    feeds_start(*state);
    answer(200, "A 1");
    buf_init(&b, 65536);
    feeds_write_metrics(*state, &b);
    assert_non_null(strstr(b.p, "parkd_poll_duration_seconds_bucket{le=\"0.1\"} 1\n"));
    assert_non_null(strstr(b.p, "parkd_poll_duration_seconds_bucket{le=\"0.05\"} 0\n"));
    assert_non_null(strstr(b.p, "parkd_poll_duration_seconds_count 1\n"));
    assert_non_null(strstr(b.p, "parkd_feed_up{feed=\"f1\"} 1\n"));
    assert_non_null(strstr(b.p, "parkd_feed_last_success_timestamp_seconds{feed=\"f1\"} 1795"));
    buf_fini(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(polls_begin_with_the_start),
        TEST(lots_that_fell_silent_are_counted),
        TEST(twenty_polls_in_twenty_intervals),
        TEST(many_feeds_of_one_host_keep_their_pace),
        TEST(follow_ups_share_one_deadline),
        TEST(endless_follow_ups_end),
        TEST(slow_follow_ups_end_too),
        TEST(failures_carry_their_reason),
        TEST(a_dead_feed_backs_off_and_comes_back),
        TEST(retry_after_is_obeyed),
        TEST(unchanged_answers_confirm),
        TEST(several_pages_are_never_conditional),
        TEST(a_refused_report_is_never_confirmed),
        TEST(a_confirmation_carries_the_sources_time),
        TEST(another_instance_polls),
        TEST(redis_away_halves_the_rate),
        TEST(wrong_registrations_stand_there_disabled),
        TEST(pushes_tell_health_and_find_their_path),
        TEST(the_same_registration_changes_nothing),
        TEST(new_dialects_cancel_and_ask_again),
        TEST(poll_now_does_not_wait),
        TEST(interval_is_declared_to_the_lots),
        TEST(metrics_have_their_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
