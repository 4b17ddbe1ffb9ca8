/* SPDX-License-Identifier: MIT
 * Colours by rules, the rules' document, sums of a month; and creeping counts.
 */
#include <math.h>

#include "model_test.h"
#include "parkd/model/drift.h"
#include "parkd/model/month.h"

/* A day on which the first `none` samples were silent and everything else was well. */
static struct daily day_with(int none)
{
    struct daily d;
    daily_init(&d);
    for (int i = 0; i < DAILY_CELLS; i++)
        d.cells[i] = i < none ? CELL_NONE : i % 3 ? CELL_GOOD : CELL_LATE;
    d.slots = d.timely = 720;
    d.minutes = d.current = 1440;
    return d;
}

static void days_get_the_worst_colour(void **state)
{
    static const struct {
        int none, timely, current, frozen_days, unsettled;
        bool drift;
        enum colour want;
        enum rule by;
    } rows[] = {
        {0, 720, 1440, 0, 0, false, COLOUR_NONE, RULE_N},
        {2, 720, 1440, 0, 0, false, COLOUR_BLUE, RULE_OFFLINE},
        {3, 720, 1440, 0, 0, false, COLOUR_BLUE, RULE_ONLINE},
        {9, 720, 1440, 0, 0, false, COLOUR_YELLOW, RULE_ONLINE},
        {48, 720, 1440, 0, 0, false, COLOUR_RED, RULE_ONLINE},
        {0, 600, 1440, 0, 0, false, COLOUR_BLUE, RULE_TIMELINESS},
        {0, 720, 1000, 0, 0, false, COLOUR_YELLOW, RULE_COMPLETENESS},
        {0, 720, 1440, 1, 0, false, COLOUR_BLUE, RULE_FROZEN},
        {0, 720, 1440, 7, 0, false, COLOUR_RED, RULE_FROZEN},
        {0, 720, 1440, 1, 5, false, COLOUR_ORANGE, RULE_UNRECONCILED},
        {0, 720, 1440, 0, 0, true, COLOUR_BLUE, RULE_DRIFT},
    };
    struct rules r;
    (void)state;
    rules_default(&r);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct daily d = day_with(rows[i].none);
        enum rule by = RULE_ONLINE;
        d.timely = rows[i].timely;
        d.current = rows[i].current;
        d.frozen_days = rows[i].frozen_days;
        d.unsettled_days = rows[i].unsettled;
        d.drift = rows[i].drift;
        if (rules_colour(&r, &d, &by) != rows[i].want || by != rows[i].by)
            fail_msg("row %zu: %s by %s", i, colour_name(rules_colour(&r, &d, &by)), rule_name(by));
    }
    struct daily nothing;
    enum rule by = RULE_ONLINE;
    daily_init(&nothing);
    assert_int_equal(rules_colour(&r, &nothing, &by), COLOUR_NONE);
    assert_string_equal(colour_zh(COLOUR_ORANGE), "橙");
}

static void rules_are_read_over_the_defaults(void **state)
{
    struct rules r;
    struct why why = {0};
    struct json *j = json_of("{\"colours\":{\"frozen_days\":[2,3,null,null]},\"grades\":[90,80,60],"
                             "\"score\":{\"honesty\":40}}");
    (void)state;
    assert_int_equal(rules_parse(j, &r, &why), 0);
    struct daily d = day_with(0);
    enum rule by = RULE_N;
    d.frozen_days = 1;
    assert_int_equal(rules_colour(&r, &d, &by), COLOUR_NONE);
    d.frozen_days = 300;
    assert_int_equal(rules_colour(&r, &d, &by), COLOUR_YELLOW);
    assert_string_equal(grade_of(&r, 90), "优");
    assert_string_equal(grade_of(&r, 79.9), "中");
    assert_string_equal(grade_of(&r, 12), "差");
    assert_true(fabs(r.score[SCORE_HONESTY] - 40) < 1e-9 && fabs(r.score[SCORE_ONLINE] - 40) < 1e-9);
    json_free(j);
}

static void bad_rules_are_refused(void **state)
{
    static const struct {
        const char *text, *at;
    } rows[] = {
        {"{\"colors\":{}}", "/colors"},
        {"{\"colours\":[]}", "/colours"},
        {"{\"colours\":{\"online\":[1,1,1,1]}}", "/colours/online"},
        {"{\"colours\":{\"online_rate\":[0.9,0.8,0.7]}}", "/colours/online_rate"},
        {"{\"colours\":{\"online_rate\":[0.9,0.95,0.7,0.5]}}", "/colours/online_rate"},
        {"{\"colours\":{\"online_rate\":[1.9,1,0.7,0.5]}}", "/colours/online_rate"},
        {"{\"colours\":{\"frozen_days\":[3,2,1,0]}}", "/colours/frozen_days"},
        {"{\"colours\":{\"frozen_days\":[1,\"2\",3,4]}}", "/colours/frozen_days"},
        {"{\"score\":{\"honesty\":-1}}", "/score/honesty"},
        {"{\"score\":{\"honesty\":0,\"online_rate\":0,\"timeliness\":0,\"completeness\":0}}", "/score"},
        {"{\"grades\":[90,95,70]}", "/grades"},
        {"{\"grades\":[90,null,70]}", "/grades"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules r;
        struct why why = {0};
        struct json *j = json_of(rows[i].text);
        if (!rules_parse(j, &r, &why) || strcmp(why.at, rows[i].at) != 0)
            fail_msg("%s: at %s: %s", rows[i].text, why.at, why.text);
        json_free(j);
    }
}

static void rules_come_back(void **state)
{
    struct rules a, b;
    struct why why = {0};
    struct buf text, again;
    struct json_writer w;
    (void)state;
    rules_default(&a);
    buf_init(&text, 4096);
    buf_init(&again, 4096);
    jw_init(&w, &text);
    rules_write(&w, NULL, &a);
    struct json *j = json_of(text.p);
    assert_int_equal(rules_parse(j, &b, &why), 0);
    jw_init(&w, &again);
    rules_write(&w, NULL, &b);
    assert_true(view_eq(buf_get(&text), buf_get(&again)));
    json_free(j);
    buf_fini(&text);
    buf_fini(&again);
}

static void months_are_sums(void **state)
{
    struct rules r;
    struct month_sum a = {.lots = 1}, b = {.lots = 1}, nothing = {0};
    struct daily good = day_with(0), bad = day_with(24), none;
    (void)state;
    rules_default(&r);
    daily_init(&none);
    bad.frozen_min = 60;
    bad.timely = 360;
    month_add_day(&a, &r, &good);
    month_add_day(&a, &r, &none); /* nothing asked: no day */
    month_add_day(&b, &r, &bad);
    month_add(&a, &b);
    assert_int_equal(a.lots, 2);
    assert_int_equal(a.days, 2);
    assert_int_equal(a.colours[COLOUR_NONE], 1);
    assert_int_equal(a.colours[COLOUR_ORANGE], 1);
    assert_true(fabs(month_online(&a) - 0.75) < 1e-9);
    assert_true(fabs(month_timeliness(&a) - 0.75) < 1e-9);
    assert_true(fabs(month_completeness(&a) - 1) < 1e-9);
    assert_true(fabs(month_honesty(&a) - 0.5) < 1e-9);
    assert_true(fabs(month_score(&a, &r) - 75) < 1e-9);
    assert_true(month_score(&nothing, &r) < 0);
    assert_true(month_online(&nothing) < 0);
}

static void months_have_names(void **state)
{
    static const char *const bad[] = {"",       "2026",  "2026-13",    "2026-00",
                                      "2026-1", "26-11", "2026-11-01", "2026-1x"};
    int64_t first = 0;
    int n = 0;
    char name[9];
    (void)state;
    assert_int_equal(month_parse(VIEW("2028-02"), &first, &n), 0);
    daily_name(first, name);
    assert_string_equal(name, "20280201");
    assert_int_equal(n, 29);
    assert_int_equal(month_parse(VIEW("2026-12"), &first, &n), 0);
    assert_int_equal(n, 31);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(month_parse(view_of(bad[i]), &first, &n), ERR_INVALID);
}

/* `n` days whose most and least free places lie `most` and `least` above what creeps by `step` a day, with
 * noise. */
static bool creeping(int n, int32_t most, int32_t least, double step, int noise, uint32_t quality)
{
    struct drift_day days[40];
    uint64_t seed = 9;
    for (int i = 0; i < n; i++) {
        struct daily d;
        daily_init(&d);
        d.max = most + (int32_t)(step * i) + (noise ? below(&seed, noise) : 0);
        d.min = least + (int32_t)(step * i) + (noise ? below(&seed, noise) : 0);
        d.quality = quality;
        days[i] = drift_day_of(20000 + i, &d);
    }
    return drift_judge(days, n, 400);
}

static void creeping_counts_are_found(void **state)
{
    (void)state;
    assert_true(creeping(14, 380, 150, -4, 6, 0));
    assert_true(creeping(14, 300, 50, 4, 6, 0));
    assert_true(creeping(30, 380, 250, -4, 6, 0));
    assert_false(creeping(14, 380, 50, 0, 0, 0));
    assert_false(creeping(14, 380, 50, 0, 40, 0));
    assert_false(creeping(14, 380, 50, -1, 0, 0));  /* 13 places of 400 */
    assert_false(creeping(7, 380, 150, -10, 0, 0)); /* too few days */
    assert_true(creeping(14, 380, 0, 0, 0, QUALITY_NEGATIVE));
    assert_false(creeping(7, 380, 0, 0, 0, QUALITY_NEGATIVE));
}

/* The least on one day, or a holiday, moves nothing; nor do days without a number. */
static void odd_days_do_not_count(void **state)
{
    struct drift_day days[14];
    (void)state;
    for (int i = 0; i < 14; i++)
        days[i] = (struct drift_day){i, i % 7 == 5 ? 395 : 380 + i % 3, i % 7 == 6 ? 300 : 20 + i % 5, false};
    assert_false(drift_judge(days, 14, 400));
    for (int i = 0; i < 14; i++)
        days[i].most = i == 3 ? 10 : 380;
    assert_false(drift_judge(days, 14, 400));
    for (int i = 0; i < 14; i++) {
        bool none = i % 2;
        days[i] =
            (struct drift_day){i, none ? COUNT_NONE : 380 - 6 * i, none ? COUNT_NONE : 200 - 6 * i, false};
    }
    assert_false(drift_judge(days, 14, 400)); /* seven days with numbers */
    days[1] = (struct drift_day){1, 380, 200, false};
    assert_true(drift_judge(days, 14, 400));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_get_the_worst_colour), cmocka_unit_test(rules_are_read_over_the_defaults),
        cmocka_unit_test(bad_rules_are_refused),     cmocka_unit_test(rules_come_back),
        cmocka_unit_test(months_are_sums),           cmocka_unit_test(months_have_names),
        cmocka_unit_test(creeping_counts_are_found), cmocka_unit_test(odd_days_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
