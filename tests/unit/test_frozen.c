/* SPDX-License-Identifier: MIT
 * Frozen lots: opening hours out of texts, habits, the two limits; and a made-up month of twelve lots, made
 * here by code, on which both rates must hold as on the recorded months of test_frozen_replay.c.
 */
#include "tape_test.h"

#define TUESDAY INT64_C(1794844800000) /* 2026-11-16T16:00:00Z, midnight in Beijing */
#define BUSY    12                     /* lots that report, of which so many moved */
#define MOVED   6

static void hours_come_out_of_texts(void **state)
{
    static const struct {
        const char *text;
        int from, to;
    } rows[] = {
        {"", 420, 1320},
        {"全天", 420, 1320},
        {"08:30-18:00", 510, 1080},
        {"周一至周五 8:00—18:30", 480, 1110},
        {"06:00-23:00", 420, 1320},
        {"00:00-24:00", 420, 1320},
        {"22:00-06:00", 420, 1320},
        {"9:75-10:00", 420, 1320},
        {"08:00", 420, 1320},
        {"23:00-23:30", 420, 1320},
        {"2026 08:00 to 12:00", 480, 720},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct frozen_hours h = frozen_hours_of(view_of(rows[i].text));
        if (h.from != rows[i].from || h.to != rows[i].to)
            fail_msg("%s: %d to %d", rows[i].text, h.from, h.to);
    }
}

static void days_have_kinds(void **state)
{
    (void)state;
    assert_int_equal(day_kind_of(days_of_civil(2026, 11, 20)), DAY_WORK); /* a Friday */
    assert_int_equal(day_kind_of(days_of_civil(2026, 11, 21)), DAY_SATURDAY);
    assert_int_equal(day_kind_of(days_of_civil(2026, 11, 22)), DAY_SUNDAY);
    assert_int_equal(day_kind_of(days_of_civil(2026, 11, 23)), DAY_WORK);
    assert_int_equal(day_kind_of(-1), DAY_WORK);
}

/* A district in which `moved` of 12 lots moved in every step of the 26 hours before `now`. */
static struct frozen_district district(int64_t now, unsigned moved)
{
    struct frozen_district d = {0};
    for (int64_t at = now - 26 * HOUR_MS; at <= now; at += FROZEN_STEP_MS)
        frozen_note(&d, at, moved, BUSY);
    return d;
}

static struct frozen_habit habit_of(int days, uint16_t per_hour)
{
    struct frozen_habit h = {0};
    uint16_t moves[24];
    for (int i = 0; i < 24; i++)
        moves[i] = per_hour;
    for (int i = 0; i < days; i++)
        frozen_learn(&h, DAY_WORK, moves);
    return h;
}

/* At `hour` o'clock, unchanged for `for_h` hours. */
static bool judged(int hour, double for_h, struct frozen_habit h, unsigned moved, bool full)
{
    int64_t now = TUESDAY + DAY_MS + hour * HOUR_MS;
    struct frozen_district d = district(now, moved);
    struct frozen_case c = {&h, {420, 1320}, BEIJING_MS, now - (int64_t)(for_h * (double)HOUR_MS), now, full};
    return frozen_judge(&d, &c);
}

static void both_limits_hold(void **state)
{
    (void)state;
    assert_true(judged(16, 6.2, habit_of(5, 6), MOVED, false));
    assert_false(judged(16, 5.8, habit_of(5, 6), MOVED, false));
    /* Its habit says that it is quiet. */
    assert_false(judged(16, 8, habit_of(5, 2), MOVED, false));
    /* The night is no opening time. */
    assert_false(judged(8, 9, habit_of(5, 20), MOVED, false));
    /* Where nobody moves, it need not. */
    assert_false(judged(16, 8, habit_of(5, 6), 0, false));
    assert_false(judged(16, 8, habit_of(5, 6), 1, false));
    /* Nobody gets in. */
    assert_false(judged(16, 8, habit_of(5, 6), MOVED, true));
    /* A stranger is given longer. */
    assert_false(judged(19, 10, habit_of(1, 20), MOVED, false));
    assert_true(judged(21, 13.9, habit_of(1, 20), MOVED, false));
    /* A whole day is too long for everybody. */
    assert_true(judged(16, 23.7, habit_of(5, 0), 0, true));
    assert_false(judged(16, 23.2, habit_of(5, 0), 0, true));
}

static void alone_nobody_can_tell(void **state)
{
    int64_t now = TUESDAY + DAY_MS + 16 * HOUR_MS;
    struct frozen_habit h = habit_of(5, 6);
    struct frozen_district d = {0};
    struct frozen_case c = {&h, {420, 1320}, BEIJING_MS, now - 7 * HOUR_MS, now, false};
    (void)state;
    for (int64_t at = now - 26 * HOUR_MS; at <= now; at += FROZEN_STEP_MS)
        frozen_note(&d, at, 0, 2);
    assert_true(frozen_judge(&d, &c));
}

static void habits_are_learned(void **state)
{
    struct frozen_habit h = {0};
    uint16_t some[24] = {[9] = 8}, none[24] = {0}, many[24] = {[9] = 16};
    (void)state;
    frozen_learn(&h, DAY_WORK, none);
    assert_int_equal(h.days, 0);
    frozen_learn(&h, DAY_WORK, some);
    frozen_learn(&h, DAY_WORK, many);
    assert_int_equal(h.days, 2);
    assert_float_equal(h.per_hour[DAY_WORK][9], 10, 0.001);
    assert_false(h.known[DAY_SUNDAY]);
}

static void what_was_told_long_ago_is_forgotten(void **state)
{
    struct frozen_district d = {0};
    (void)state;
    frozen_note(&d, TUESDAY, 5, 12);
    frozen_note(&d, TUESDAY + 30 * DAY_MS, 7, 12);
    for (int i = 0, n = 0; i < FROZEN_STEPS; i++) {
        n += d.moved[i] > 0;
        assert_true(n <= 1);
    }
    frozen_note(&d, TUESDAY, 9, 12);
    assert_int_equal(d.newest, (TUESDAY + 30 * DAY_MS) / FROZEN_STEP_MS);
}

/* --- a made-up month --- */

/* Changes an hour of lot `l` at that moment: busy by day, rare at night; lots differ in size; lot 10 is
 * closed on Sundays, lot 11 is small. */
static int rate_of(int l, int64_t local)
{
    static const unsigned char by_hour[24] = {1, 0, 0, 0, 0, 1, 2, 5, 8, 9, 9, 9,
                                              9, 8, 8, 8, 9, 9, 8, 6, 5, 4, 3, 2};
    int rate = by_hour[local % DAY_MS / HOUR_MS] * (l == 11 ? 2 : 6 + l) / 6;
    if (day_kind_of(local / DAY_MS) != DAY_SUNDAY)
        return rate;
    return l == 10 ? 0 : rate / 2;
}

static void make_month(struct tape *t)
{
    uint64_t seed = 44;
    tape_make(t, 12, 28 * DAY_STEPS, TUESDAY, BEIJING_MS);
    for (int l = 0; l < t->lots; l++) {
        int32_t free = 60 + 10 * l;
        for (int s = 0; s < t->steps; s++) {
            int64_t local = TUESDAY + s * FROZEN_STEP_MS + BEIJING_MS;
            int hour = (int)(local % DAY_MS / HOUR_MS);
            for (int i = 0; i < 4; i++) {
                int32_t to = free + (below(&seed, 10) < (hour < 12 ? 6 : 4) ? -1 : 1);
                if (below(&seed, 24) >= rate_of(l, local) || to < 0 || to > 120 + 20 * l)
                    continue;
                free = to;
                t->moves[l * t->steps + s]++;
            }
            t->value[l * t->steps + s] = free;
        }
    }
}

static void made_up_lots_are_judged_right(void **state)
{
    struct tape t;
    (void)state;
    make_month(&t);
    struct rates r = tape_rates(&t, 8);
    tape_print("12 made-up lots, four weeks", &r);
    assert_true(r.lot_days > 320);
    assert_int_equal(r.found, r.frozen);
    assert_true(r.false_days * 100 < r.lot_days);
    tape_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_come_out_of_texts),
        cmocka_unit_test(days_have_kinds),
        cmocka_unit_test(both_limits_hold),
        cmocka_unit_test(alone_nobody_can_tell),
        cmocka_unit_test(habits_are_learned),
        cmocka_unit_test(what_was_told_long_ago_is_forgotten),
        cmocka_unit_test(made_up_lots_are_judged_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
