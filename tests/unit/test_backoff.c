/* SPDX-License-Identifier: MIT
 * backoff.h: doubling, caps, and the spread of full jitter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parkd/net/backoff.h"

static void doubles_up_to_the_cap(void **state)
{
    static const struct {
        int64_t base, cap;
        unsigned failures;
        int64_t want;
    } rows[] = {
        {1000, 60000, 0, 1000},
        {1000, 60000, 1, 2000},
        {1000, 60000, 5, 32000},
        {1000, 60000, 6, 60000},
        {1000, 60000, 4000000000u, 60000},
        {1000, 500, 0, 500},
        {0, 60000, 7, 0},
        {-5, 60000, 7, 0},
        {1, INT64_MAX, 62, INT64_C(1) << 62},
        {1, INT64_MAX, 63, INT64_MAX},
        {3, INT64_MAX, 200, INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(backoff_double(rows[i].base, rows[i].cap, rows[i].failures), rows[i].want);
}

static void jitter_spans_zero_to_the_doubled_wait(void **state)
{
    static const struct {
        int64_t base, cap, floor;
        unsigned failures;
        uint32_t random;
        int64_t want;
    } rows[] = {
        {1000, 60000, 0, 0, 0, 0},
        {1000, 60000, 0, 0, UINT32_MAX, 1000},
        {1000, 60000, 0, 0, UINT32_MAX / 2, 500},
        {1000, 60000, 0, 3, UINT32_MAX, 8000},
        {1000, 60000, 0, 99, UINT32_MAX, 60000},
        {1000, 60000, 50, 0, 0, 50},
        {1000, 60000, 90000, 9, UINT32_MAX, 90000},
        {0, 60000, 0, 5, UINT32_MAX, 0},
        {INT64_C(1) << 40, INT64_C(1) << 62, 0, 22, UINT32_MAX, (INT64_C(1) << 62) - (INT64_C(1) << 30)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            backoff_full_jitter(rows[i].base, rows[i].cap, rows[i].floor, rows[i].failures, rows[i].random),
            rows[i].want);
}

static void jitter_is_even(void **state)
{
    int64_t sum = 0;
    uint32_t random = 1;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        random = random * 1664525u + 1013904223u;
        sum += backoff_full_jitter(1000, 60000, 0, 2, random);
    }
    assert_in_range(sum / 10000, 1900, 2100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_cap),
        cmocka_unit_test(jitter_spans_zero_to_the_doubled_wait),
        cmocka_unit_test(jitter_is_even),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
