/* SPDX-License-Identifier: MIT
 * The table of freshness at its edges, and what is learned from gaps.
 */
#include "model_test.h"
#include "parkd/model/freshness.h"

#define S INT64_C(1000)
#define M (60 * S)

static void ages_become_words(void **state)
{
    static const struct {
        int64_t interval, age;
        enum freshness want;
        bool current;
    } rows[] = {
        {0, -M, FRESH, true},
        {0, 0, FRESH, true},
        {0, 90 * S, FRESH, true},
        {0, 90 * S + 1, LATE, true},
        {0, 10 * M, LATE, true},
        {0, 10 * M + 1, STALE, false},
        {0, 60 * M, STALE, false},
        {0, 60 * M + 1, OFFLINE, false},
        {30 * S, 90 * S + 1, LATE, true},
        {60 * S, 120 * S, FRESH, true},
        {60 * S, 120 * S + 1, LATE, true},
        {4 * M, 12 * M, LATE, true},
        {4 * M, 12 * M + 1, STALE, false},
        {10 * M, 20 * M, FRESH, true},
        {10 * M, 20 * M + 1, LATE, true},
        {10 * M, 30 * M, LATE, true},
        {10 * M, 30 * M + 1, STALE, false},
        {60 * M, 30 * M, FRESH, true},
        {60 * M, 30 * M + 1, STALE, false},
        {INT64_MAX, 30 * M + 1, STALE, false},
        {-5, 90 * S + 1, LATE, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reading r = reading_of("free=3", 1, NOW - rows[i].age);
        enum freshness got = freshness_of(&r, rows[i].interval, NOW);
        bool current = freshness_current(&r, rows[i].interval, NOW);
        if (got != rows[i].want || current != rows[i].current)
            fail_msg("row %zu: %s current=%d", i, freshness_name(got), current);
        assert_int_equal(current, NOW <= freshness_valid_until(&r, rows[i].interval));
    }
}

static void without_a_number_nothing_can_expire(void **state)
{
    struct reading r;
    (void)state;
    reading_init(&r);
    assert_int_equal(freshness_of(&r, 0, NOW), OFFLINE);
    assert_int_equal(freshness_valid_until(&r, 0), 0);
    assert_false(freshness_current(&r, 0, NOW));
    r = reading_of("status=open", 1, NOW);
    assert_int_equal(freshness_of(&r, 0, NOW), FRESH);
    assert_int_equal(freshness_valid_until(&r, 0), 0);
    assert_false(freshness_current(&r, 0, NOW));
    /* A class or a zone alone is a number too. */
    r = reading_of("free=- cls=charging:3/10", 1, NOW);
    assert_int_equal(freshness_valid_until(&r, 0), NOW + 10 * M);
    r = reading_of("free=- cls=charging:-/10", 1, NOW);
    assert_int_equal(freshness_valid_until(&r, 0), 0);
    r = reading_of("free=- zones=B1:3/10", 1, NOW);
    assert_true(freshness_current(&r, 0, NOW + 10 * M));
    assert_false(freshness_current(&r, 0, NOW + 10 * M + 1));
    r = reading_of("free=- band=few", 1, NOW);
    assert_int_equal(freshness_valid_until(&r, 0), NOW + 10 * M);
    assert_true(freshness_current(&r, 0, NOW));
}

static void the_expired_stay_so(void **state)
{
    struct reading r = reading_of("free=- last=3 expired=1", 2, NOW);
    (void)state;
    assert_int_equal(freshness_of(&r, 0, NOW), STALE);
    assert_int_equal(freshness_of(&r, 0, NOW + 61 * M), OFFLINE);
    assert_false(freshness_current(&r, 0, NOW));
    assert_int_equal(freshness_valid_until(&r, 0), NOW + 10 * M);
}

static void intervals_are_learned_slowly(void **state)
{
    int64_t i = 0;
    (void)state;
    assert_int_equal(freshness_learn(0, 0), 0);
    assert_int_equal(freshness_learn(5 * S, -1), 5 * S);
    assert_int_equal(freshness_learn(0, 30 * S), 30 * S);
    assert_int_equal(freshness_learn(0, 20), S);
    assert_int_equal(freshness_learn(0, 99 * 60 * M), 30 * M);
    assert_int_equal(freshness_learn(S, 1), S);
    assert_int_equal(freshness_learn(30 * S, 38 * S), 31 * S);
    /* A night's silence is not taken for a rhythm: still no more than minutes. */
    assert_int_equal(freshness_learn(10 * S, 8 * 60 * M), 10 * S + (15 * M - 10 * S) / 8);
    /* But a feed that slows down for good is believed after a few messages. */
    for (int k = 0; k < 40; k++)
        i = freshness_learn(i ? i : S, 10 * M);
    assert_in_range((uint64_t)i, 9 * M, 10 * M);
    for (int k = 0; k < 100; k++)
        i = freshness_learn(i, INT64_MAX / 2);
    assert_int_equal(i, 30 * M);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages_become_words),
        cmocka_unit_test(without_a_number_nothing_can_expire),
        cmocka_unit_test(the_expired_stay_so),
        cmocka_unit_test(intervals_are_learned_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
