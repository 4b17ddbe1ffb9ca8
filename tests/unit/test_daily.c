/* SPDX-License-Identifier: MIT
 * A day's record: samples, shares, values, cars, days in a row; and that its line of text comes back.
 */
#include <math.h>

#include "model_test.h"
#include "parkd/base/iso8601.h"
#include "parkd/model/daily.h"
#include "parkd/model/series.h"

/* A day asked whole, of a feed that reports every `interval_s`; minutes to be filled. */
struct day {
    int32_t minutes[DAILY_MINUTES];
    struct daily_frame frame;
    struct daily record;
};

static void begin(struct day *d, int interval_s)
{
    for (int i = 0; i < DAILY_MINUTES; i++)
        d->minutes[i] = SERIES_NONE;
    memset(d->frame.duty, DUTY_ON, sizeof d->frame.duty);
    d->frame.interval_ms = interval_s * INT64_C(1000);
    daily_init(&d->record);
}

/* Every `step` minutes from `from` to before `to` (minutes of the day) the same number. */
static void say(struct day *d, int from, int to, int step, int32_t free)
{
    for (int i = from; i < to; i += step)
        d->minutes[DAILY_LEAD + i] = free;
}

static void take(struct day *d)
{
    daily_series(&d->record, d->minutes, &d->frame);
}

static void a_good_day_is_whole(void **state)
{
    struct day d;
    (void)state;
    begin(&d, 60);
    say(&d, -DAILY_LEAD, 720, 1, 40);
    say(&d, 720, 1440, 1, 10);
    take(&d);
    assert_memory_equal(d.record.cells, "gggggggggggggggggggggggggggggggggggggggggggggggg", DAILY_CELLS);
    assert_true(fabs(daily_online(&d.record) - (1)) < 1e-9);
    assert_true(fabs(daily_timeliness(&d.record) - (1)) < 1e-9);
    assert_true(fabs(daily_completeness(&d.record) - (1)) < 1e-9);
    assert_int_equal(d.record.slots, 720);
    assert_int_equal(d.record.min, 10);
    assert_int_equal(d.record.max, 40);
    assert_int_equal(d.record.first, 40);
    assert_int_equal(d.record.last, 10);
    assert_int_equal(d.record.moves[12], 1);
    assert_int_equal(d.record.moves[0], 0);
    assert_true(fabs(daily_silent_hours(&d.record) - (0)) < 1e-9);
}

static void silence_is_seen(void **state)
{
    struct day d;
    (void)state;
    begin(&d, 60);
    say(&d, 0, 600, 1, 40); /* silent from 10:00 to 20:00 */
    say(&d, 1200, 1440, 1, 41);
    take(&d);
    /* At 10:29 the last number is 30 minutes old, at 10:59 sixty. */
    assert_memory_equal(d.record.cells, "gggggggggggggggggggglnnnnnnnnnnnnnnnnnnngggggggg", DAILY_CELLS);
    assert_true(fabs(daily_online(&d.record) - (29 / 48.0)) < 1e-9);
    assert_true(fabs(daily_silent_hours(&d.record) - (9.5)) < 1e-9);
    assert_true(fabs(daily_timeliness(&d.record) - (420 / 720.0)) < 1e-9);
    assert_int_equal(d.record.current, 600 + 10 + 240);
    assert_int_equal(d.record.moves[20], 1);
}

/* Online is who was heard of within half an hour, to the minute. */
static void half_an_hour_is_the_limit(void **state)
{
    struct day d;
    (void)state;
    begin(&d, 60);
    say(&d, 599, 600, 1, 40);
    take(&d);
    assert_int_equal(d.record.cells[20], CELL_LATE);
    begin(&d, 60);
    say(&d, 598, 599, 1, 40);
    take(&d);
    assert_int_equal(d.record.cells[20], CELL_NONE);
}

static void slow_feeds_are_not_late(void **state)
{
    struct day d;
    (void)state;
    begin(&d, 600);
    say(&d, -10, 1440, 10, 5);
    take(&d);
    assert_true(fabs(daily_online(&d.record) - (1)) < 1e-9);
    assert_int_equal(d.record.slots, 72);
    assert_true(fabs(daily_timeliness(&d.record) - (1)) < 1e-9);
    assert_true(fabs(daily_completeness(&d.record) - (1)) < 1e-9);
    begin(&d, 0); /* nothing promised: ten minutes */
    say(&d, 0, 1440, 20, 5);
    take(&d);
    assert_int_equal(d.record.slots, 144);
    assert_true(fabs(daily_timeliness(&d.record) - (0.5)) < 1e-9);
}

static void windows_and_other_times_count_nowhere(void **state)
{
    struct day d;
    (void)state;
    begin(&d, 60);
    memset(d.frame.duty, DUTY_OFF, 600);
    memset(d.frame.duty + 720, DUTY_WINDOW, 120);
    say(&d, 600, 720, 1, 3);
    say(&d, 840, 1440, 1, 3);
    take(&d);
    assert_memory_equal(d.record.cells, "--------------------ggggwwwwgggggggggggggggggggg", DAILY_CELLS);
    assert_true(fabs(daily_online(&d.record) - (1)) < 1e-9);
    assert_int_equal(d.record.minutes, 720);
    assert_true(fabs(daily_completeness(&d.record) - (1)) < 1e-9);
    memset(d.frame.duty, DUTY_OFF, 1440);
    take(&d);
    assert_true(fabs(daily_online(&d.record) - (-1)) < 1e-9);
    assert_true(fabs(daily_timeliness(&d.record) - (-1)) < 1e-9);
    assert_true(fabs(daily_completeness(&d.record) - (-1)) < 1e-9);
}

/* 00:00 in Beijing is 16:00 UTC of the day before. */
static void minutes_lie_on_two_days(void **state)
{
    char before[SERIES_DAY_BYTES] = {0}, after[SERIES_DAY_BYTES] = {0};
    int32_t out[DAILY_MINUTES];
    (void)state;
    before[(16 * 60) * 2 + 1] = 8;
    before[(16 * 60 - 1) * 2 + 1] = 7;
    before[1439 * 2 + 1] = 9;
    after[1] = 10;
    after[(16 * 60 - 1) * 2 + 1] = 11;
    daily_minutes((struct view){before, sizeof before}, (struct view){after, sizeof after}, out);
    assert_int_equal(out[DAILY_LEAD], 7);
    assert_int_equal(out[DAILY_LEAD - 1], 6);
    assert_int_equal(out[DAILY_LEAD + 479], 8);
    assert_int_equal(out[DAILY_LEAD + 480], 9);
    assert_int_equal(out[DAILY_LEAD + 1439], 10);
    daily_minutes((struct view){NULL, 0}, (struct view){NULL, 0}, out);
    assert_int_equal(out[DAILY_LEAD], SERIES_NONE);
}

static void cars_settle_the_account(void **state)
{
    static const struct {
        int32_t first, last, in, out, open;
        enum daily_sum want;
    } rows[] = {
        {40, 10, 50, 20, 100, SUM_GOOD},
        {40, 10, 50, 23, 100, SUM_GOOD},
        {40, 10, 50, 24, 100, SUM_BAD},
        {40, 10, 53, 20, 100, SUM_GOOD},
        {40, 10, 54, 20, 100, SUM_BAD},
        {40, 10, 62, 20, 400, SUM_GOOD},
        {COUNT_NONE, COUNT_NONE, 1, 1, 9, SUM_UNKNOWN},
        {40, 10, COUNT_NONE, 3, 9, SUM_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct daily d;
        daily_init(&d);
        d.first = rows[i].first;
        d.last = rows[i].last;
        daily_cars(&d, rows[i].in, rows[i].out, rows[i].open);
        assert_int_equal(d.reconciled, rows[i].want);
    }
    assert_int_equal(daily_tolerance(COUNT_NONE), 3);
    assert_int_equal(daily_tolerance(100), 3);
    assert_int_equal(daily_tolerance(101), 4);
    assert_int_equal(daily_tolerance(400), 12);
}

static void days_in_a_row_are_counted(void **state)
{
    struct daily a, b, c;
    (void)state;
    daily_init(&a);
    a.frozen_min = 30;
    a.reconciled = SUM_BAD;
    daily_follow(&a, NULL);
    daily_init(&b);
    b.frozen_min = 1440;
    b.counted = 2;
    b.miscounted = 1;
    daily_follow(&b, &a);
    daily_init(&c);
    daily_follow(&c, &b);
    assert_int_equal(a.frozen_days, 1);
    assert_int_equal(b.frozen_days, 2);
    assert_int_equal(b.unsettled_days, 2);
    assert_int_equal(c.frozen_days + c.unsettled_days, 0);
}

static void days_have_names_in_beijing(void **state)
{
    char name[9];
    (void)state;
    daily_name(daily_of(INT64_C(1795363199999)), name); /* 2026-11-22T15:59:59.999Z */
    assert_string_equal(name, "20261122");
    daily_name(daily_of(INT64_C(1795363200000)), name);
    assert_string_equal(name, "20261123");
}

static struct daily random_record(uint64_t *seed)
{
    struct day d;
    begin(&d, below(seed, 1200));
    for (int i = 0; i < 1440; i++) {
        d.frame.duty[i] = (unsigned char)(i > below(seed, 900) ? DUTY_ON : below(seed, 3));
        if (below(seed, 3))
            d.minutes[DAILY_LEAD + i] = below(seed, 65535);
    }
    take(&d);
    d.record.quality = (uint32_t)below(seed, 1 << QUALITY_N);
    d.record.frozen_min = below(seed, 1441);
    d.record.manual_min = below(seed, 1441);
    d.record.frozen_days = below(seed, 40);
    d.record.unsettled_days = below(seed, 40);
    d.record.drift = below(seed, 2);
    if (below(seed, 2))
        daily_cars(&d.record, below(seed, 3000), below(seed, 3000), below(seed, 3000));
    d.record.counted = below(seed, 9);
    d.record.miscounted = below(seed, d.record.counted + 1);
    d.record.reported = below(seed, 9);
    return d.record;
}

static void records_come_back(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct daily d = random_record(&seed), back;
        struct buf a, b;
        buf_init(&a, DAILY_MAX_TEXT);
        buf_init(&b, DAILY_MAX_TEXT);
        if (i == 0)
            daily_init(&d);
        assert_int_equal(daily_encode(&d, &a), 0);
        assert_int_equal(daily_decode(buf_get(&a), &back), 0);
        assert_int_equal(daily_encode(&back, &b), 0);
        assert_true(view_eq(buf_get(&a), buf_get(&b)));
        assert_null(memchr(a.p, '\n', a.n));
        buf_fini(&a);
        buf_fini(&b);
    }
}

#define CELLS "cells=gggggggggggggggggggggggggggggggggggggggggggggggg"

static void other_texts_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "cells=ggg",
                                      "tm=1/2",
                                      CELLS " tm=3/2",
                                      CELLS " tm=3",
                                      CELLS " cm=1/9999",
                                      CELLS " free=9..3",
                                      CELLS " free=3.9",
                                      CELLS " ends=1",
                                      CELLS " mv=1,2",
                                      CELLS " fz=-1/2",
                                      CELLS " dr=2",
                                      CELLS " rec=7",
                                      CELLS " hc=1/2",
                                      CELLS " in=x",
                                      CELLS " ",
                                      CELLS " tm"};
    struct daily d;
    (void)state;
    assert_int_equal(daily_decode(view_of(CELLS), &d), 0);
    assert_int_equal(daily_decode(view_of(CELLS " later=unknown q=frozen,unheard"), &d), 0);
    assert_int_equal(d.quality, QUALITY_FROZEN);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (daily_decode(view_of(bad[i]), &d) != ERR_SYNTAX)
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_day_is_whole),
        cmocka_unit_test(silence_is_seen),
        cmocka_unit_test(half_an_hour_is_the_limit),
        cmocka_unit_test(slow_feeds_are_not_late),
        cmocka_unit_test(windows_and_other_times_count_nowhere),
        cmocka_unit_test(minutes_lie_on_two_days),
        cmocka_unit_test(cars_settle_the_account),
        cmocka_unit_test(days_in_a_row_are_counted),
        cmocka_unit_test(days_have_names_in_beijing),
        cmocka_unit_test(records_come_back),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
