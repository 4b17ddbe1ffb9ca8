/* SPDX-License-Identifier: MIT
 * Forecasts of lots that are made up: what repeats is learnt, what is not known is said, nothing breaks.
 */
#include <math.h>

#include "model_test.h"

#include "parkd/model/forecast.h"

#define DAY  96
#define WEEK (7 * DAY)
#define AT   INT64_C(1982400) /* a Monday's first step in 2026 */

/* Full at noon of working days, empty at night: 0…200. */
static int32_t usual_count(int64_t step)
{
    int64_t day = step / DAY % 7, hour4 = step % DAY;
    double busy = day == 5 || day == 6 ? 60 : 180;
    return 200 - (int32_t)(busy * exp(-pow(((double)hour4 - 48) / 14, 2)));
}

static struct forecast_lot *after(int64_t steps, int32_t (*count)(int64_t step))
{
    struct forecast_lot *f = forecast_new();
    assert_non_null(f);
    for (int64_t s = 0; s < steps; s++)
        forecast_take(f, AT + s, count(AT + s), true);
    return f;
}

static void learns_what_repeats(void **state)
{
    int64_t n = 4 * WEEK + 40;
    struct forecast_lot *f = after(n, usual_count);
    (void)state;
    for (int h = 0; h < FORECAST_HORIZONS; h++) {
        struct forecast out;
        int64_t target = AT + n - 1 + forecast_steps[h];
        assert_int_equal(forecast_tell(f, h, usual_count(AT + n - 1), 200, &out), 0);
        if (abs(out.expected - usual_count(target)) > 2 || out.low > out.expected ||
            out.high < out.expected || out.chance < 0.9 || out.error > 2)
            fail_msg("in %d steps: %d (%d…%d, %.2f, error %.2f) of %d", forecast_steps[h], (int)out.expected,
                     (int)out.low, (int)out.high, out.chance, out.error, (int)usual_count(target));
    }
    forecast_free(f);
}

static int32_t full(int64_t step)
{
    return step % DAY < 8 ? 3 : 0;
}

static void says_that_there_is_none(void **state)
{
    struct forecast_lot *f = after(3 * WEEK + 40, full);
    struct forecast out;
    (void)state;
    assert_int_equal(forecast_tell(f, 2, 0, 10, &out), 0);
    assert_true(out.expected == 0 && out.chance < 0.05);
    forecast_free(f);
}

static void says_when_it_cannot_know(void **state)
{
    struct forecast out;
    struct forecast_lot *f = after(WEEK - 10, usual_count);
    (void)state;
    assert_int_equal(forecast_tell(f, 0, 5, 200, &out), ERR_NOT_FOUND); /* less than a week */
    forecast_free(f);
    f = after(2 * WEEK, usual_count);
    assert_int_equal(forecast_tell(f, 0, 5, 200, &out), 0);
    for (int64_t s = 0; s < 4; s++)
        forecast_take(f, AT + 2 * WEEK + s, FORECAST_UNKNOWN, true);
    assert_int_equal(forecast_tell(f, 0, 5, 200, &out), ERR_NOT_FOUND); /* nothing for an hour */
    forecast_take(f, AT + 2 * WEEK + 60 * DAY, 7, true);
    assert_int_equal(forecast_tell(f, 0, 7, 200, &out), ERR_NOT_FOUND); /* two months of nothing */
    forecast_free(f);
}

/* The same Monday twice, but the second one a holiday: it is no model for the third. */
static void leaves_holidays_out(void **state)
{
    struct forecast_lot *with = forecast_new(), *without = forecast_new();
    struct forecast a, b;
    (void)state;
    for (int64_t s = 0; s < 3 * WEEK + 46; s++) {
        bool odd = s / DAY == 2 * 7;
        int32_t count = odd ? 200 : usual_count(AT + s);
        forecast_take(with, AT + s, count, true);
        forecast_take(without, AT + s, count, !odd);
    }
    int64_t now = AT + 3 * WEEK + 45;
    assert_int_equal(forecast_tell(with, 3, usual_count(now), 200, &a), 0);
    assert_int_equal(forecast_tell(without, 3, usual_count(now), 200, &b), 0);
    assert_true(abs(b.expected - usual_count(now + 8)) <= abs(a.expected - usual_count(now + 8)));
    forecast_free(with);
    forecast_free(without);
}

/* Anything at all: numbers stay numbers, and within the lot. */
static void stands_anything(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct forecast_lot *f = forecast_new();
        int64_t step = AT;
        for (int i = 0; i < 8 * WEEK; i++) {
            int32_t v = kind == 0   ? below(&seed, 65535)
                        : kind == 1 ? 100
                        : kind == 2 ? (below(&seed, 3) ? FORECAST_UNKNOWN : below(&seed, 50))
                        : kind == 3 ? below(&seed, 2) * 65534
                        : kind == 4 ? below(&seed, 2000) - 1000
                                    : i % 500;
            step += kind == 5 && below(&seed, 200) == 0 ? below(&seed, 5000) : 1;
            forecast_take(f, step, v, below(&seed, 50) > 0);
            forecast_take(f, step - below(&seed, 3), 1, true); /* nothing goes back */
            struct forecast out = {0};
            int h = below(&seed, FORECAST_HORIZONS);
            if (forecast_tell(f, h, v == FORECAST_UNKNOWN ? 5 : v, 0, &out))
                continue;
            if (!(out.chance > 0 && out.chance < 1) || !isfinite(out.error) || out.low > out.expected ||
                out.expected > out.high || (v >= 0 && out.low < 0))
                fail_msg("kind %d, step %d: %d (%d…%d) %f %f", kind, i, (int)out.expected, (int)out.low,
                         (int)out.high, out.chance, out.error);
        }
        forecast_free(f);
    }
}

/* Mondays 0…95 at each quarter hour, counted from the week's number on. */
static void tells_a_day_and_a_usual_one(void **state)
{
    struct forecast_lot *f = forecast_new();
    struct forecast_day d;
    (void)state;
    for (int w = 0; w < 6; w++) /* the first one is too long ago; the third is a holiday */
        for (int i = 0; i < (w < 5 ? FORECAST_DAY : 40); i++)
            forecast_take(f, AT + (int64_t)w * WEEK + i, w == 2 ? 900 : i + w * 10, w != 2);
    forecast_day(f, AT + 5 * WEEK, &d);
    for (int i = 0; i < FORECAST_DAY; i++) {
        assert_int_equal(d.counts[i], i < 40 ? i + 50 : FORECAST_UNKNOWN);
        assert_int_equal(d.usual[i], i + (10 + 30 + 40 + 1) / 3);
    }
    forecast_day(f, AT + 3 * DAY, &d);
    assert_int_equal(d.counts[0], FORECAST_UNKNOWN);
    assert_int_equal(d.usual[0], FORECAST_UNKNOWN);
    forecast_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_what_repeats),         cmocka_unit_test(says_that_there_is_none),
        cmocka_unit_test(tells_a_day_and_a_usual_one), cmocka_unit_test(says_when_it_cannot_know),
        cmocka_unit_test(leaves_holidays_out),         cmocka_unit_test(stands_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
