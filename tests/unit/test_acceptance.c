/* SPDX-License-Identifier: MIT
 * The acceptance test of a lot over made-up days: what passes, what fails, what waits, and that it survives
 * being stored.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/json.h"
#include "parkd/model/acceptance.h"

#define SECOND   ((int64_t)1000)
#define START    ((int64_t)1795400000000)
#define INTERVAL (30 * SECOND)

static struct acceptance begun(bool manual)
{
    struct acceptance_rules r;
    struct acceptance a;
    acceptance_rules_default(&r);
    acceptance_begin(&a, "L", manual, &r, START);
    return a;
}

static void tell(struct acceptance *a, int64_t at, int32_t free_places, uint32_t quality)
{
    struct reading r;
    reading_init(&r);
    r.observed_ms = at;
    r.free = free_places;
    r.quality = quality;
    acceptance_observe(a, &r, INTERVAL);
}

static int64_t tell_many(struct acceptance *a, int64_t from, int n, uint32_t quality)
{
    for (int i = 0; i < n; i++)
        tell(a, from + i * INTERVAL, 10 + i, quality);
    return from + n * INTERVAL;
}

static void is(const struct acceptance *a, enum acceptance_check c, enum check_result wanted)
{
    if (acceptance_result(a, c) != wanted)
        fail_msg("check %d is %d, not %d", c, acceptance_result(a, c), wanted);
}

static void a_good_lot_passes(void **state)
{
    struct acceptance a = begun(false);
    (void)state;
    int64_t now = tell_many(&a, START, 61, 0); /* 30 minutes */
    is(&a, CHECK_REPORTS, RESULT_PASS);
    is(&a, CHECK_PLAUSIBLE, RESULT_PASS);
    is(&a, CHECK_CLOCK, RESULT_PASS);
    is(&a, CHECK_REGULAR, RESULT_PASS);
    is(&a, CHECK_OUTAGE, RESULT_WAITING);
    assert_false(acceptance_judge(&a, now));
    acceptance_tick(&a, INTERVAL, now + 2 * INTERVAL); /* late is no outage yet */
    assert_int_equal(a.gaps, 0);
    acceptance_tick(&a, INTERVAL, now + 3 * INTERVAL);
    acceptance_tick(&a, INTERVAL, now + 4 * INTERVAL); /* the same gap */
    assert_int_equal(a.gaps, 1);
    is(&a, CHECK_OUTAGE, RESULT_WAITING);
    tell(&a, now + 10 * INTERVAL, 5, 0);
    is(&a, CHECK_OUTAGE, RESULT_PASS);
    assert_true(acceptance_judge(&a, now + 10 * INTERVAL));
    assert_int_equal(a.state, ACCEPTANCE_PASSED);
    tell(&a, now + 11 * INTERVAL, 5, QUALITY_NEGATIVE); /* it is over */
    assert_int_equal(a.doubted, 0);
}

static void what_fails(void **state)
{
    (void)state;
    struct acceptance a = begun(false);
    (void)tell_many(&a, tell_many(&a, START, 58, 0), 4, QUALITY_NEGATIVE);
    is(&a, CHECK_PLAUSIBLE, RESULT_FAIL);
    is(&a, CHECK_CLOCK, RESULT_PASS);
    (void)tell_many(&a, START + 62 * INTERVAL, 30, 0); /* mended: good ones outweigh them */
    is(&a, CHECK_PLAUSIBLE, RESULT_PASS);
    a = begun(false);
    (void)tell_many(&a, START, 62, QUALITY_CLOCK_SKEW);
    is(&a, CHECK_CLOCK, RESULT_FAIL);
    a = begun(false);
    for (int i = 0; i < 4; i++)
        (void)tell_many(&a, START + i * 40 * INTERVAL, 20, 0);
    is(&a, CHECK_REGULAR, RESULT_FAIL); /* three gaps */
    assert_false(acceptance_judge(&a, a.until_ms - 1));
    assert_true(acceptance_judge(&a, a.until_ms));
    assert_int_equal(a.state, ACCEPTANCE_FAILED);
}

static void what_does_not_count(void **state)
{
    struct acceptance a = begun(false);
    struct reading r;
    (void)state;
    tell(&a, START - 1, 5, 0); /* before it began */
    reading_init(&r);
    r.observed_ms = START + SECOND;
    acceptance_observe(&a, &r, INTERVAL); /* no number */
    r.free = 5;
    r.expired = true;
    acceptance_observe(&a, &r, INTERVAL);
    assert_int_equal(a.reports, 0);
    tell(&a, START + SECOND, 5, 0);
    tell(&a, START + SECOND, 6, 0); /* the same observation */
    assert_int_equal(a.reports, 1);
}

static void people_and_waivers(void **state)
{
    struct acceptance a = begun(true);
    (void)state;
    tell(&a, START, 5, QUALITY_MANUAL);
    tell(&a, START + 3600 * SECOND, 6, QUALITY_MANUAL);
    is(&a, CHECK_REPORTS, RESULT_WAITING);
    tell(&a, START + 7200 * SECOND, 7, QUALITY_MANUAL);
    assert_true(acceptance_judge(&a, START + 7200 * SECOND)); /* gaps are theirs to make */
    assert_int_equal(a.state, ACCEPTANCE_PASSED);
    a = begun(false);
    int64_t now = tell_many(&a, START, 62, 0);
    memcpy(a.waived, "why", 4);
    assert_true(acceptance_judge(&a, now));
}

static void it_survives_being_stored(void **state)
{
    struct acceptance a = begun(false), back;
    struct json *j = NULL;
    struct json_writer w;
    struct buf b;
    (void)state;
    (void)tell_many(&a, START, 7, QUALITY_JUMP);
    acceptance_tick(&a, INTERVAL, START + 50 * INTERVAL);
    buf_init(&b, 10000);
    jw_init(&w, &b);
    acceptance_write(&w, &a);
    assert_int_equal(json_parse(buf_get(&b), &j, NULL), 0);
    assert_true(acceptance_read(j, &back));
    json_free(j);
    struct buf again;
    buf_init(&again, 10000);
    jw_init(&w, &again);
    acceptance_write(&w, &back);
    assert_true(view_eq(buf_get(&b), buf_get(&again)));
    buf_fini(&again);
    buf_fini(&b);
}

static void rules_are_checked(void **state)
{
    static const struct {
        const char *text, *at;
    } rows[] = {{"{\"reports\":5,\"days\":1}", NULL},
                {"{\"reports\":-1}", "/reports"},
                {"{\"days\":0}", "/days"},
                {"{\"rebort\":1}", "/rebort"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct acceptance_rules r;
        struct why why = {0};
        struct json *j = NULL;
        assert_int_equal(json_parse(view_of(rows[i].text), &j, NULL), 0);
        int err = acceptance_rules_parse(j, &r, &why);
        if (!err != !rows[i].at || (err && strcmp(why.at, rows[i].at) != 0))
            fail_msg("row %zu: %s", i, why.at);
        json_free(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_lot_passes),        cmocka_unit_test(what_fails),
        cmocka_unit_test(what_does_not_count),      cmocka_unit_test(people_and_waivers),
        cmocka_unit_test(it_survives_being_stored), cmocka_unit_test(rules_are_checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
