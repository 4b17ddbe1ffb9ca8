/* SPDX-License-Identifier: MIT
 * poll_plan and health: transitions as a table, slots, back-off, the window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "feed/health.h"
#include "feed/poll_plan.h"

static void steps_by_state_and_event(void **state)
{
    static const struct {
        enum poll_state from;
        enum poll_event ev;
        enum poll_state to;
        enum poll_act act;
    } rows[] = {
        {POLL_IDLE, POLL_EV_START, POLL_WAITING, POLL_ACT_ARM},
        {POLL_IDLE, POLL_EV_DUE, POLL_IDLE, POLL_ACT_NONE},
        {POLL_IDLE, POLL_EV_DENIED, POLL_IDLE, POLL_ACT_NONE},
        {POLL_IDLE, POLL_EV_GOOD, POLL_IDLE, POLL_ACT_NONE},
        {POLL_IDLE, POLL_EV_BAD, POLL_IDLE, POLL_ACT_NONE},
        {POLL_IDLE, POLL_EV_STOP, POLL_IDLE, POLL_ACT_NONE},
        {POLL_WAITING, POLL_EV_START, POLL_WAITING, POLL_ACT_NONE},
        {POLL_WAITING, POLL_EV_DUE, POLL_FETCHING, POLL_ACT_FETCH},
        {POLL_WAITING, POLL_EV_DENIED, POLL_WAITING, POLL_ACT_ARM},
        {POLL_WAITING, POLL_EV_GOOD, POLL_WAITING, POLL_ACT_NONE},
        {POLL_WAITING, POLL_EV_BAD, POLL_WAITING, POLL_ACT_NONE},
        {POLL_WAITING, POLL_EV_STOP, POLL_IDLE, POLL_ACT_CANCEL},
        {POLL_FETCHING, POLL_EV_START, POLL_FETCHING, POLL_ACT_NONE},
        {POLL_FETCHING, POLL_EV_DUE, POLL_FETCHING, POLL_ACT_NONE}, /* one in flight */
        {POLL_FETCHING, POLL_EV_DENIED, POLL_FETCHING, POLL_ACT_NONE},
        {POLL_FETCHING, POLL_EV_GOOD, POLL_WAITING, POLL_ACT_ARM},
        {POLL_FETCHING, POLL_EV_BAD, POLL_WAITING, POLL_ACT_ARM},
        {POLL_FETCHING, POLL_EV_STOP, POLL_IDLE, POLL_ACT_CANCEL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct poll_plan p = {.state = rows[i].from, .hash = 12345, .interval_ms = 30000};
        struct poll_input in = {.event = rows[i].ev, .now = 100000, .retry_after_ms = -1, .slow_down = 1};
        struct poll_step s = poll_next(&p, &in);
        if (s.act != rows[i].act || p.state != rows[i].to)
            fail_msg("row %zu: act %d state %d", i, (int)s.act, (int)p.state);
        if (s.act == POLL_ACT_ARM)
            assert_true(s.wake_at >= in.now);
    }
}

static struct poll_step after(struct poll_plan *p, enum poll_event ev, int64_t now, uint32_t random)
{
    struct poll_input in = {.event = ev, .now = now, .retry_after_ms = -1, .slow_down = 1, .random = random};
    p->state = POLL_FETCHING;
    return poll_next(p, &in);
}

/* With any jitter the poll comes within 5 % of the feed's own slot, and never right after the last one. */
static void slots_are_kept(void **state)
{
    static const int64_t intervals[] = {100, 1000, 7777, 30000, 3600000};
    (void)state;
    for (size_t k = 0; k < 5; k++) {
        int64_t interval = intervals[k], now = 500;
        struct poll_plan p = {.hash = 0x9e3779b97f4a7c15u, .interval_ms = interval};
        int64_t offset = (int64_t)(p.hash % (uint64_t)interval);
        for (int i = 0; i < 500; i++) {
            uint32_t random = (uint32_t)i * 2654435761u;
            struct poll_step s = after(&p, POLL_EV_GOOD, now, i == 7 ? 0 : i == 8 ? UINT32_MAX : random);
            int64_t phase = (s.wake_at - offset + interval / 2) % interval - interval / 2;
            assert_true(phase >= -interval / 20 - 1 && phase <= interval / 20 + 1);
            assert_true(s.wake_at - now >= interval / 4 - interval / 20 - 1 &&
                        s.wake_at - now < interval * 5 / 4 + 2);
            now = s.wake_at;
        }
    }
}

/* Thousands of feeds of one interval do not come in one moment. */
static void feeds_are_spread(void **state)
{
    int bucket[10] = {0};
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        struct poll_plan p = {.hash = (i + 1) * 0x9e3779b97f4a7c15u, .interval_ms = 30000};
        struct poll_step s = after(&p, POLL_EV_GOOD, 1000000, UINT32_MAX / 2);
        bucket[s.wake_at / 3000 % 10]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(bucket[i], 50, 200);
}

static void a_slow_answer_skips_slots(void **state)
{
    struct poll_plan p = {.hash = 0, .interval_ms = 1000};
    (void)state;
    struct poll_step s = after(&p, POLL_EV_GOOD, 4900, UINT32_MAX / 2);
    assert_in_range(s.wake_at, 5999, 6001); /* 5000 is too near */
    s = after(&p, POLL_EV_GOOD, 4300, UINT32_MAX / 2);
    assert_in_range(s.wake_at, 4999, 5001);
}

static void failures_stretch_the_interval(void **state)
{
    static const struct {
        int64_t interval;
        unsigned failures;
        int slow;
        int64_t want;
    } rows[] = {
        {30000, 0, 1, 30000},    {30000, 4, 1, 30000},   {30000, 5, 1, 60000},    {30000, 6, 1, 120000},
        {30000, 8, 1, 300000},   {30000, 99, 1, 300000}, {600000, 50, 1, 600000}, {100, 5, 1, 200},
        {100, 60000, 1, 300000}, {1000, 0, 2, 2000},     {1000, 5, 2, 4000},      {1000, 0, 0, 1000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct poll_plan p = {.interval_ms = rows[i].interval, .failures = rows[i].failures};
        assert_int_equal(poll_interval(&p, rows[i].slow), rows[i].want);
    }
}

static void success_resets(void **state)
{
    struct poll_plan p = {.hash = 5, .interval_ms = 1000};
    (void)state;
    for (int i = 0; i < 9; i++)
        (void)after(&p, POLL_EV_BAD, 1000, 0);
    assert_int_equal(p.failures, 9);
    assert_true(poll_interval(&p, 1) > 1000);
    (void)after(&p, POLL_EV_GOOD, 1000, 0);
    assert_int_equal(p.failures, 0);
    assert_int_equal(poll_interval(&p, 1), 1000);
}

static void retry_after_is_obeyed(void **state)
{
    struct poll_plan p = {.hash = 5, .interval_ms = 1000, .state = POLL_FETCHING};
    struct poll_input in = {.event = POLL_EV_BAD, .now = 50000, .retry_after_ms = 40000, .slow_down = 1};
    (void)state;
    assert_int_equal(poll_next(&p, &in).wake_at, 90000);
    p.state = POLL_FETCHING;
    in.retry_after_ms = INT64_MAX / 2;
    assert_int_equal(poll_next(&p, &in).wake_at, 50000 + POLL_MAX_AFTER_MS);
    p.state = POLL_FETCHING;
    in.retry_after_ms = 0;
    assert_true(poll_next(&p, &in).wake_at > 50000);
}

static void deadlines(void **state)
{
    (void)state;
    assert_int_equal(poll_deadline(100), 1000);
    assert_int_equal(poll_deadline(2000), 1000);
    assert_int_equal(poll_deadline(8000), 4000);
    assert_int_equal(poll_deadline(30000), 10000);
    assert_int_equal(poll_deadline(3600000), 10000);
}

static void first_poll_comes_soon(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        struct poll_plan p = {.hash = i * 0x9e3779b97f4a7c15u, .interval_ms = 3600000};
        struct poll_input in = {.event = POLL_EV_START, .now = 100, .slow_down = 1};
        assert_in_range(poll_next(&p, &in).wake_at, 100, 100 + POLL_FIRST_MS);
    }
}

/* g good, b bad; what health is after each, upper case where it changed */
static void health_window(void **state)
{
    static const struct {
        const char *results, *want;
    } rows[] = {
        {"ggggbbbbgg", "GgggggBbbG"}, {"b", "B"}, {"bgg", "BbG"}, {"gbgbgbgb", "Gggggggg"},
        {"gbbbgbgg", "GggBbbGg"},
    };
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct health h = {0};
        for (size_t i = 0; rows[r].results[i]; i++) {
            bool changed = health_note(&h, rows[r].results[i] == 'g');
            char got = (char)(h.up ? (changed ? 'G' : 'g') : (changed ? 'B' : 'b'));
            if (got != rows[r].want[i])
                fail_msg("row %zu result %zu: %c, not %c", r, i, got, rows[r].want[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_by_state_and_event),
        cmocka_unit_test(slots_are_kept),
        cmocka_unit_test(feeds_are_spread),
        cmocka_unit_test(a_slow_answer_skips_slots),
        cmocka_unit_test(failures_stretch_the_interval),
        cmocka_unit_test(success_resets),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(first_poll_comes_soon),
        cmocka_unit_test(health_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
