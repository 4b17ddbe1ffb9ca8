/* SPDX-License-Identifier: MIT
 * Holidays by date, in Beijing's days.
 */
#include "model_test.h"

#include "parkd/base/iso8601.h"
#include "parkd/model/holidays.h"

static bool on(const struct holidays *h, const char *time)
{
    int64_t ms = 0;
    assert_int_equal(iso8601_parse(view_of(time), &ms), 0);
    return holidays_has(h, ms);
}

static void knows_days(void **state)
{
    struct holidays h = {0};
    (void)state;
    assert_false(on(&h, "2026-10-01T00:00:00+08:00"));
    assert_int_equal(holidays_add(&h, VIEW("2026-10-01/2026-10-07")), 0);
    assert_int_equal(holidays_add(&h, VIEW("2027-01-01")), 0);
    assert_true(on(&h, "2026-10-01T00:00:00+08:00") && on(&h, "2026-10-07T23:59:59+08:00") &&
                on(&h, "2027-01-01T12:00:00+08:00"));
    assert_false(on(&h, "2026-09-30T23:59:59+08:00") || on(&h, "2026-10-08T00:00:00+08:00") ||
                 on(&h, "2027-01-02T00:00:00+08:00"));
}

static void refuses_what_is_none(void **state)
{
    static const char *const bad[] = {
        "", "2026", "2026-10-1", "2026-02-30", "2026-10-01/", "2026-10-01/2026-10-0x", "2026-10-01 "};
    struct holidays h = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (holidays_add(&h, view_of(bad[i])) != ERR_SYNTAX)
            fail_msg("%s", bad[i]);
    assert_int_equal(holidays_add(&h, VIEW("2026-10-07/2026-10-01")), ERR_RANGE);
    assert_int_equal(h.n, 0);
    for (int i = 0; i < HOLIDAYS_MAX; i++)
        assert_int_equal(holidays_add(&h, VIEW("2026-10-01")), 0);
    assert_int_equal(holidays_add(&h, VIEW("2026-10-01")), ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_days), cmocka_unit_test(refuses_what_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
