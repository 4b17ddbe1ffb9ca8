/* SPDX-License-Identifier: MIT
 * What the office does to readings: corrections by hand counts, and the flag `frozen` that norm keeps.
 */
#include "model_test.h"
#include "parkd/norm/norm.h"

static struct lot lot_of(int32_t total, int32_t offset, int64_t until_ms)
{
    struct lot l = {.total = total, .open = total, .free_minutes = COUNT_NONE};
    for (int i = 0; i < PLACE_CLASS_N; i++)
        l.class_total[i] = COUNT_NONE;
    l.correction = (struct correction){offset, until_ms};
    return l;
}

static struct reading told(const struct lot *lot, const struct reading *held, int64_t free, int64_t at_ms)
{
    struct norm_result out;
    struct report rep;
    struct why why = {0};
    report_init(&rep);
    rep.free = free;
    if (norm_report(lot, held, &rep, at_ms, &out, &why))
        fail_msg("%s: %s", why.at, why.text);
    return out.reading;
}

static void corrections_are_added(void **state)
{
    static const struct {
        int32_t offset;
        int64_t reported;
        const char *want;
    } rows[] = {
        {-12, 40, "free=28 open=100 total=100 status=unknown band=some q=manual"},
        {12, 95, "free=100 open=100 total=100 status=unknown band=plenty q=over_total,manual"},
        {-12, 5, "free=0 open=100 total=100 status=unknown band=full q=negative,manual"},
        {0, 40, "free=40 open=100 total=100 status=unknown band=plenty q=manual"},
        {20, -5, "free=15 open=100 total=100 status=unknown band=some q=manual"},
    };
    struct reading none;
    (void)state;
    reading_init(&none);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lot lot = lot_of(100, rows[i].offset, NOW + 1);
        struct reading r = told(&lot, &none, rows[i].reported, NOW);
        assert_string_equal(visible_of(&r), rows[i].want);
        assert_int_equal(r.raw_free, rows[i].reported);
    }
}

static void corrections_end(void **state)
{
    struct lot lot = lot_of(100, -12, NOW + 60000);
    struct reading none, with, same, after;
    (void)state;
    reading_init(&none);
    with = told(&lot, &none, 40, NOW);
    same = told(&lot, &with, 40, NOW + 30000);
    assert_true(reading_same(&with, &same));
    after = told(&lot, &same, 40, NOW + 60000);
    assert_string_equal(visible_of(&after), "free=40 open=100 total=100 status=unknown band=plenty");
}

static void hints_move_the_corrected_count(void **state)
{
    struct lot lot = lot_of(100, -12, NOW + 60000);
    struct reading none, held, next;
    (void)state;
    reading_init(&none);
    held = told(&lot, &none, 40, NOW);
    assert_int_equal(norm_hint(&lot, &held, -1, NOW + 1000, NOW + 1000, &next), 0);
    assert_int_equal(next.raw_free, 39);
    assert_int_equal(next.free, 27);
    assert_true(next.quality & QUALITY_MANUAL);
}

static void what_is_held_is_restated(void **state)
{
    struct lot lot = lot_of(100, 0, 0);
    struct reading none, held, next;
    (void)state;
    reading_init(&none);
    assert_int_equal(norm_restate(&lot, &none, 0, NOW, &next), ERR_STATE);
    held = told(&lot, &none, 40, NOW);
    held.seq = 7;
    lot.correction = (struct correction){-35, NOW + 60000};
    assert_int_equal(norm_restate(&lot, &held, 0, NOW + 5000, &next), 0);
    assert_string_equal(visible_of(&next), "free=5 open=100 total=100 status=unknown band=few q=manual");
    assert_int_equal(next.seq, 0);
    assert_int_equal(next.observed_ms, NOW);
    assert_int_equal(next.changed_ms, NOW + 5000);
    held = next;
    assert_int_equal(norm_restate(&lot, &held, 0, NOW + 60000, &next), 0);
    assert_string_equal(visible_of(&next), "free=40 open=100 total=100 status=unknown band=plenty");
    norm_expire(&held, NOW, &next);
    assert_int_equal(norm_restate(&lot, &next, 0, NOW, &held), ERR_STATE);
}

static void frozen_stays_until_the_raw_number_moves(void **state)
{
    struct lot lot = lot_of(100, 0, 0);
    struct reading none, held, next, gone;
    (void)state;
    reading_init(&none);
    held = told(&lot, &none, 40, NOW);
    assert_int_equal(norm_restate(&lot, &held, QUALITY_FROZEN, NOW, &next), 0);
    assert_string_equal(visible_of(&next), "free=40 open=100 total=100 status=unknown band=plenty q=frozen");
    held = told(&lot, &next, 40, NOW + 60000);
    assert_true(reading_same(&held, &next));
    /* An outage does not thaw it, a correction does not move it. */
    norm_expire(&held, NOW + 120000, &gone);
    next = told(&lot, &gone, 40, NOW + 180000);
    assert_true(next.quality & QUALITY_FROZEN);
    lot.correction = (struct correction){-10, NOW + 360000};
    next = told(&lot, &next, 40, NOW + 240000);
    assert_true(next.quality & QUALITY_FROZEN);
    assert_int_equal(next.free, 30);
    held = next;
    next = told(&lot, &held, 41, NOW + 300000);
    assert_false(next.quality & QUALITY_FROZEN);
    assert_int_equal(norm_hint(&lot, &held, -1, NOW + 300000, NOW + 300000, &next), 0);
    assert_false(next.quality & QUALITY_FROZEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrections_are_added),
        cmocka_unit_test(corrections_end),
        cmocka_unit_test(hints_move_the_corrected_count),
        cmocka_unit_test(what_is_held_is_restated),
        cmocka_unit_test(frozen_stays_until_the_raw_number_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
