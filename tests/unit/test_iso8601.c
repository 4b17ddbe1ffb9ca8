/* SPDX-License-Identifier: MIT
 * iso8601: the field's times, both ways. The numbers were computed with another program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/iso8601.h"

static void reads_rfc3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2026-11-22T08:00:00Z", 0, 1795334400000},
        {"2026-11-22T16:00:00+08:00", 0, 1795334400000},
        {"2026-11-22T04:30:00-03:30", 0, 1795334400000},
        {"2026-11-22t08:00:00z", 0, 1795334400000},
        {"2026-11-22 08:00:00Z", 0, 1795334400000},
        {"2026-11-22T08:00:00.5Z", 0, 1795334400500},
        {"2026-11-22T08:00:00.1239999999999999999999999Z", 0, 1795334400123},
        {"2024-02-29T00:00:00Z", 0, 1709164800000},
        {"2000-02-29T00:00:00Z", 0, 951782400000},
        {"2016-12-31T23:59:60Z", 0, 1483228799000},
        {"2199-12-31T23:59:59.999Z", 0, 7258118399999},
        {"2200-01-01T00:00:00Z", ERR_RANGE, 0},
        {"1969-12-31T23:59:59Z", ERR_RANGE, 0},
        {"1970-01-01T00:00:00+08:00", ERR_RANGE, 0},
        {"2023-02-29T00:00:00Z", ERR_RANGE, 0},
        {"2100-02-29T00:00:00Z", ERR_RANGE, 0},
        {"2026-13-01T00:00:00Z", ERR_RANGE, 0},
        {"2026-00-01T00:00:00Z", ERR_RANGE, 0},
        {"2026-01-00T00:00:00Z", ERR_RANGE, 0},
        {"2026-04-31T00:00:00Z", ERR_RANGE, 0},
        {"2026-01-01T24:00:00Z", ERR_RANGE, 0},
        {"2026-01-01T00:60:00Z", ERR_RANGE, 0},
        {"2026-01-01T00:00:61Z", ERR_RANGE, 0},
        {"2026-01-01T00:00:00", ERR_SYNTAX, 0},
        {"2026-01-01T00:00:00+0800", ERR_SYNTAX, 0},
        {"2026-01-01T00:00:00+24:00", ERR_SYNTAX, 0},
        {"2026-01-01T00:00:00+08:60", ERR_SYNTAX, 0},
        {"2026-01-01T00:00:00.Z", ERR_SYNTAX, 0},
        {"2026-01-01T00:00:00ZZ", ERR_SYNTAX, 0},
        {"2026-1-01T00:00:00Z", ERR_SYNTAX, 0},
        {"2026-01-01", ERR_SYNTAX, 0},
        {"20260101T000000Z", ERR_SYNTAX, 0},
        {"+2026-01-01T00:00:00Z", ERR_SYNTAX, 0},
        {"2026-01-01T 0:00:00Z", ERR_SYNTAX, 0},
        {"", ERR_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -77;
        int rc = iso8601_parse(view_of(rows[i].text), &ms);
        if (rc != rows[i].rc || ms != (rc ? -77 : rows[i].ms))
            fail_msg("%s: code %d, %lld", rows[i].text, rc, (long long)ms);
    }
}

static void reads_nothing_behind_the_view(void **state)
{
    (void)state;
    static const char text[] = "2026-11-22T08:00:00Z";
    int64_t ms = 0;
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_int_equal(iso8601_parse((struct view){text, n}, &ms), ERR_SYNTAX);
    assert_int_equal(iso8601_parse((struct view){text, sizeof text - 1}, &ms), 0);
}

static void formats(void **state)
{
    (void)state;
    char dst[ISO8601_SIZE];
    assert_string_equal(iso8601_format(0, dst), "1970-01-01T00:00:00Z");
    assert_string_equal(iso8601_format(1795334400123, dst), "2026-11-22T08:00:00.123Z");
    assert_string_equal(iso8601_format(1795334400007, dst), "2026-11-22T08:00:00.007Z");
    assert_string_equal(iso8601_format(-1, dst), "1969-12-31T23:59:59.999Z");
    assert_string_equal(iso8601_format(INT64_MAX, dst), "9999-12-31T23:59:59.999Z");
    assert_string_equal(iso8601_format(INT64_MIN, dst), "0000-01-01T00:00:00Z");
}

static void knows_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int rc, minutes;
    } rows[] = {
        {"UTC", 0, 0},
        {"Z", 0, 0},
        {"Asia/Shanghai", 0, 480},
        {"PRC", 0, 480},
        {"+08:00", 0, 480},
        {"-03:30", 0, -210},
        {"+00:00", 0, 0},
        {"", ERR_INVALID, 0},
        {"+0800", ERR_INVALID, 0},
        {"+8:00", ERR_INVALID, 0},
        {"+24:00", ERR_INVALID, 0},
        {"+08:00x", ERR_INVALID, 0},
        {"CST", ERR_INVALID, 0},
        {"Europe/Berlin", ERR_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int minutes = -77;
        int rc = zone_offset(view_of(rows[i].zone), &minutes);
        if (rc != rows[i].rc || minutes != (rc ? -77 : rows[i].minutes))
            fail_msg("%s: code %d, %d", rows[i].zone, rc, minutes);
    }
}

static void reads_the_fields_formats(void **state)
{
    (void)state;
    static const struct {
        const char *text, *format;
        int zone, rc;
        int64_t ms;
    } rows[] = {
        {"2026-11-22T16:00:00", "iso", 480, 0, 1795334400000},
        {"2026-11-22T16:00:00.25", "iso", 480, 0, 1795334400250},
        {"2026-11-22T09:00:00+0100", "iso", 480, 0, 1795334400000},
        {"2026-11-22T08:00:00Z", "iso", 480, 0, 1795334400000},
        {"2026-11-22T08:00", "iso", 480, ERR_SYNTAX, 0},
        {"1795334400", "s", 480, 0, 1795334400000},
        {"1795334400.25", "s", 0, 0, 1795334400250},
        {"1795334400123", "ms", 0, 0, 1795334400123},
        {"1795334400123.9", "ms", 0, 0, 1795334400123},
        {"0", "s", 0, 0, 0},
        {"1795334400123", "s", 0, ERR_RANGE, 0}, /* milliseconds where seconds were promised */
        {"-1", "s", 0, ERR_RANGE, 0},
        {"-0.5", "s", 0, ERR_RANGE, 0},
        {"99999999999999999999", "ms", 0, ERR_RANGE, 0},
        {"1.", "s", 0, ERR_SYNTAX, 0},
        {".5", "s", 0, ERR_SYNTAX, 0},
        {"1e9", "s", 0, ERR_SYNTAX, 0},
        {"", "s", 0, ERR_SYNTAX, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", "rfc1123", 480, 0, 784111777000},
        {"Sun, 06 Nov 1994 08:49:37", "rfc1123", 0, ERR_SYNTAX, 0},
        {"Sun, 06 nov 1994 08:49:37 GMT", "rfc1123", 0, ERR_SYNTAX, 0},
        {"Sun, 31 Feb 1994 08:49:37 GMT", "rfc1123", 0, ERR_RANGE, 0},
        {"2015-09-01 09:10:11", "%Y-%m-%d %H:%M:%S", 480, 0, 1441069811000},
        {"2015-09-01 09:10:11", "%F %T", 480, 0, 1441069811000},
        {"2015-9-1 9:10:11", "%F %T", 480, 0, 1441069811000},
        {"20150901091011", "%Y%m%d%H%M%S", 480, 0, 1441069811000},
        {"01/09/15 09:10", "%d/%m/%y %H:%M", 480, 0, 1441069800000},
        {"2015年09月01日", "%Y年%m月%d日", 480, 0, 1441036800000},
        {"2015-09-01 09:10:11 +0800", "%F %T %z", 0, 0, 1441069811000},
        {"2015-09-01 01:10:11Z", "%F %T%z", 480, 0, 1441069811000},
        {"100% 2015-09-01", "100%% %F", 0, 0, 1441065600000},
        {"01/02/71", "%d/%m/%y", 0, 0, 34214400000},
        {"2015-09-01 09:10:11 ", "%F %T", 480, ERR_SYNTAX, 0},
        {"2015-09-01", "%F %T", 480, ERR_SYNTAX, 0},
        {"2015/09/01", "%F", 480, ERR_SYNTAX, 0},
        {"", "%F", 480, ERR_SYNTAX, 0},
        {"2015-02-30", "%F", 480, ERR_RANGE, 0},
        {"1969-02-03", "%F", 0, ERR_RANGE, 0},
        {"09:10:11", "%T", 0, ERR_INVALID, 0}, /* a time without a day is no moment */
        {"2015-09", "%Y-%m", 0, ERR_INVALID, 0},
        {"2015-09-01", "%F%", 0, ERR_INVALID, 0},
        {"2015-09-01", "%F%q", 0, ERR_INVALID, 0},
        {"x", "%Q", 0, ERR_INVALID, 0},
        {"x", "", 0, ERR_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -77;
        int rc = time_parse(view_of(rows[i].text), view_of(rows[i].format), rows[i].zone, &ms);
        if (rc != rows[i].rc || ms != (rc ? -77 : rows[i].ms))
            fail_msg("%s as %s: code %d, %lld", rows[i].text, rows[i].format, rc, (long long)ms);
    }
}

static void prints_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        int zone, rc;
        const char *want;
    } rows[] = {
        {"%Y-%m-%d %H:%M:%S", 480, 0, "2026-11-22 16:00:09"},
        {"%F %T", 480, 0, "2026-11-22 16:00:09"},
        {"%Y%m%d%H%M%S", 0, 0, "20261122080009"},
        {"%d.%m.%y 100%%", 0, 0, "22.11.26 100%"},
        {"%Y年", -600, 0, "2026年"},
        {"%z", 0, ERR_INVALID, ""},
        {"%", 0, ERR_INVALID, ""},
        {"", 0, ERR_INVALID, ""},
        {"%F %T %F", 0, ERR_TOO_BIG, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char dst[20] = "zz";
        int rc = time_print(1795334409000, rows[i].pattern, rows[i].zone, dst, sizeof dst);
        if (rc != rows[i].rc || strcmp(dst, rows[i].want) != 0)
            fail_msg("%s: code %d, %s", rows[i].pattern, rc, dst);
    }
    char dst[20];
    assert_int_equal(time_print(-1, "%F", 0, dst, sizeof dst), ERR_INVALID);
    assert_int_equal(time_print(0, "%F", 0, dst, 11), 0);
    assert_int_equal(time_print(0, "%F", 0, dst, 10), ERR_TOO_BIG);
    assert_int_equal(time_print(0, "%F", 0, dst, 0), ERR_TOO_BIG);
}

/* Day by day over more than 400 years, against the plain rule of the calendar. */
static void days_and_dates_agree(void **state)
{
    (void)state;
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = 1800, m = 1, d = 1;
    int64_t day = days_of_civil(y, m, d);
    assert_int_equal(days_of_civil(1970, 1, 1), 0);
    assert_int_equal(days_of_civil(2000, 3, 1), 11017);
    for (; y < 2210; day++) {
        int year = 0, month = 0, of_month = 0;
        civil_of_days(day, &year, &month, &of_month);
        if (year != y || month != m || of_month != d || days_of_civil(y, m, d) != day)
            fail_msg("%d-%d-%d", y, m, d);
        int leap = m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        if (++d > length[m - 1] + leap) {
            d = 1;
            m = m == 12 ? 1 : m + 1;
            y += m == 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rfc3339),
        cmocka_unit_test(reads_nothing_behind_the_view),
        cmocka_unit_test(formats),
        cmocka_unit_test(knows_zones),
        cmocka_unit_test(reads_the_fields_formats),
        cmocka_unit_test(prints_patterns),
        cmocka_unit_test(days_and_dates_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
