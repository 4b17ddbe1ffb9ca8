/* SPDX-License-Identifier: MIT
 * Trends over twenty minutes, and the ring of events.
 */
#include "model_test.h"

#include "api/event_ring.h"
#include "parkd/model/trend.h"

#define MIN 60000

static void hear(struct trend_of_lot *t, int64_t at_ms, const char *free)
{
    char text[100];
    (void)snprintf(text, sizeof text, "free=%s open=- total=- status=open band=some", free);
    struct reading r = reading_of(text, 1, at_ms);
    trend_take(t, &r);
}

static void tells_where_it_goes(void **state)
{
    static const struct {
        int32_t from, to, base;
        enum trend want;
    } rows[] = {
        {50, 50, 100, TREND_STEADY},    {50, 47, 100, TREND_STEADY},      {50, 46, 100, TREND_FILLING},
        {50, 54, 100, TREND_EMPTYING},  {5, 3, COUNT_NONE, TREND_STEADY}, {5, 2, COUNT_NONE, TREND_FILLING},
        {500, 470, 1000, TREND_STEADY}, {500, 469, 1000, TREND_FILLING},  {0, 65534, 100, TREND_EMPTYING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trend_of_lot t = {0};
        char text[16];
        for (int m = 0; m <= 20; m += 5) {
            (void)snprintf(text, sizeof text, "%d", (int)(m < 20 ? rows[i].from : rows[i].to));
            hear(&t, NOW + m * MIN, text);
        }
        if (trend_tell(&t, rows[i].base, NOW + 20 * MIN) != rows[i].want)
            fail_msg("%d to %d of %d", (int)rows[i].from, (int)rows[i].to, (int)rows[i].base);
    }
}

static void says_when_it_cannot_know(void **state)
{
    struct trend_of_lot t = {0};
    (void)state;
    assert_int_equal(trend_tell(&t, 100, NOW), TREND_UNKNOWN);
    hear(&t, NOW, "50");
    hear(&t, NOW + 10 * MIN, "20");
    assert_int_equal(trend_tell(&t, 100, NOW + 10 * MIN), TREND_UNKNOWN); /* ten minutes are too few */
    hear(&t, NOW + 16 * MIN, "20");
    assert_int_equal(trend_tell(&t, 100, NOW + 16 * MIN), TREND_FILLING);
    assert_int_equal(trend_tell(&t, 100, NOW + 31 * MIN), TREND_UNKNOWN); /* the newest is too old */
    hear(&t, NOW + 60 * MIN, "90");
    assert_int_equal(trend_tell(&t, 100, NOW + 60 * MIN), TREND_UNKNOWN); /* what was before is forgotten */
    hear(&t, NOW + 76 * MIN, "10");
    assert_int_equal(trend_tell(&t, 100, NOW + 76 * MIN), TREND_FILLING);
    hear(&t, NOW + 70 * MIN, "99"); /* an old one changes nothing */
    assert_int_equal(trend_tell(&t, 100, NOW + 76 * MIN), TREND_FILLING);
    hear(&t, NOW + 77 * MIN, "-");
    assert_int_equal(trend_tell(&t, 100, NOW + 77 * MIN), TREND_UNKNOWN);
}

static void keeps_the_newest_events(void **state)
{
    struct event_ring *r = event_ring_new();
    static char large[64 * 1024];
    (void)state;
    assert_int_equal(event_ring_next(r), 1);
    assert_true(event_ring_has(r, 1) && !event_ring_has(r, 0) && !event_ring_has(r, 2));
    for (uint32_t i = 0; i < EVENT_RING_COUNT + 5; i++)
        event_ring_add(r, i, VIEW("x"));
    assert_true(!event_ring_has(r, 5) && event_ring_has(r, 6) && event_ring_has(r, EVENT_RING_COUNT + 6));
    assert_int_equal(event_ring_at(r, 6)->lot, 5);
    for (int i = 0; i < 100; i++) /* bounded in bytes too */
        event_ring_add(r, 7, (struct view){large, sizeof large});
    uint64_t next = event_ring_next(r);
    assert_true(event_ring_has(r, next - 64) && !event_ring_has(r, next - 65));
    event_ring_clear(r);
    assert_true(!event_ring_has(r, next) && event_ring_next(r) == next + 1); /* nobody goes on unawares */
    event_ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_where_it_goes),
        cmocka_unit_test(says_when_it_cannot_know),
        cmocka_unit_test(keeps_the_newest_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
