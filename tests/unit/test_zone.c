/* SPDX-License-Identifier: MIT
 * zone: offsets of local times with summer time, the hours that are there twice or not at all, which names
 * are zones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/base/iso8601.h"
#include "parkd/base/zone.h"

static struct zone *open_zone(const char *name)
{
    struct zone *z = NULL;
    if (zone_open(view_of(name), &z))
        fail_msg("%s", name);
    return z;
}

static int64_t ms_of(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(iso8601_parse(view_of(text), &ms), 0);
    return ms;
}

static void knows_offsets_of_local_times(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local; /* marked Z, meant as local */
        int minutes;
    } rows[] = {
        {"Europe/Berlin", "2026-01-15T12:00:00Z", 60},
        {"Europe/Berlin", "2026-07-15T12:00:00Z", 120},
        {"Europe/Berlin", "2026-03-29T01:59:59Z", 60},
        {"Europe/Berlin", "2026-03-29T02:00:00Z", 60}, /* left out: as before the change */
        {"Europe/Berlin", "2026-03-29T02:59:59.999Z", 60},
        {"Europe/Berlin", "2026-03-29T03:00:00Z", 120},
        {"Europe/Berlin", "2026-10-25T01:59:59Z", 120},
        {"Europe/Berlin", "2026-10-25T02:00:00Z", 120}, /* twice: the first */
        {"Europe/Berlin", "2026-10-25T02:59:59.999Z", 120},
        {"Europe/Berlin", "2026-10-25T03:00:00Z", 60},
        {"Europe/Berlin", "2026-10-26T12:00:00Z", 60},
        {"Europe/Dublin", "2026-10-25T01:30:00Z", 60}, /* where winter is the exception */
        {"Europe/Dublin", "2026-12-25T01:30:00Z", 0},
        {"America/New_York", "2026-11-01T01:30:00Z", -240},
        {"America/New_York", "2026-11-01T02:00:00Z", -300},
        {"America/New_York", "2026-03-08T02:30:00Z", -300},
        {"Australia/Lord_Howe", "2026-04-05T01:45:00Z", 660},
        {"Australia/Lord_Howe", "2026-04-05T02:00:00Z", 630},
        {"Asia/Shanghai", "2026-07-15T12:00:00Z", 480},
        {"PRC", "2026-07-15T12:00:00Z", 480},
        {"Asia/Urumqi", "2026-07-15T12:00:00Z", 360},
        {"Asia/Kathmandu", "2026-07-15T12:00:00Z", 345},
        {"Pacific/Apia", "2011-12-31T00:30:00Z", 840}, /* the day before was left out */
        {"UTC", "2026-07-15T12:00:00Z", 0},
        {"Z", "2026-07-15T12:00:00Z", 0},
        {"+08:00", "2026-07-15T12:00:00Z", 480},
        {"-03:30", "2026-07-15T12:00:00Z", -210},
        {"Etc/GMT+5", "2026-07-15T12:00:00Z", -300},
        {"CET", "2026-07-15T12:00:00Z", 120},
        {"America/Argentina/Buenos_Aires", "2026-07-15T12:00:00Z", -180},
        {"America/Port-au-Prince", "2026-07-15T12:00:00Z", -240},
        {"Europe/Berlin", "2036-07-15T12:00:00Z", 120},
        {"Europe/Berlin", "2050-07-15T12:00:00Z", 120},
        {"Europe/Berlin", "1970-01-01T00:00:00Z", 60},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone *z = open_zone(rows[i].zone);
        int minutes = zone_minutes_at_local(z, ms_of(rows[i].local));
        if (minutes != rows[i].minutes)
            fail_msg("%s %s: %d", rows[i].zone, rows[i].local, minutes);
        zone_free(z);
    }
    zone_free(NULL);
}

static void knows_offsets_of_moments(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *moment;
        int minutes;
    } rows[] = {
        {"Europe/Berlin", "2026-03-29T00:59:59.999Z", 60},  {"Europe/Berlin", "2026-03-29T01:00:00Z", 120},
        {"Europe/Berlin", "2026-10-25T00:59:59.999Z", 120}, {"Europe/Berlin", "2026-10-25T01:00:00Z", 60},
        {"Asia/Shanghai", "2026-10-25T01:00:00Z", 480},     {"-03:30", "2026-10-25T01:00:00Z", -210},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone *z = open_zone(rows[i].zone);
        assert_int_equal(zone_minutes_at_utc(z, ms_of(rows[i].moment)), rows[i].minutes);
        zone_free(z);
    }
}

static void refuses_what_is_no_zone(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "Mars/Phobos",
        "Europe",
        "Europe/",
        "/Europe/Berlin",
        "Europe//Berlin",
        "europe/Nix",
        "Foo5",
        "Foo5Bar",
        "CET-1CEST",
        "EST5EDT,M3.2.0,M11.1.0",
        "+25:00",
        "+8",
        "8",
        "08:00",
        "tzdata.zi",
        "leapseconds",
        "europe/Berlin",
        "posixrules",
        "zone.tab",
        "posix/CET",
        "right/CET",
        ":CET",
        ":/etc/localtime",
        "../zoneinfo/CET",
        "Europe/../Asia/Shanghai",
        "./CET",
        "/etc/localtime",
        "/usr/share/zoneinfo/CET",
        "Europe/Berlin ",
        " Europe/Berlin",
        "Europe Berlin",
        "<+03>-3",
        "Europe/Bérlin",
        "Aaaaaaaaaaaaaaaaaaaaaaaaaaaa/Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone *z = NULL;
        if (zone_open(view_of(rows[i]), &z) != ERR_INVALID || z)
            fail_msg("<%s>", rows[i]);
    }
    struct zone *z = NULL;
    assert_int_equal(zone_open((struct view){"CET\0x", 5}, &z), ERR_INVALID);
    assert_int_equal(zone_open((struct view){NULL, 0}, &z), ERR_INVALID);
}

static void parses_times_in_a_zone(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *text, *format;
        int rc;
        const char *want;
    } rows[] = {
        {"Europe/Berlin", "2026-07-01T12:00:00", "iso", 0, "2026-07-01T10:00:00Z"},
        {"Europe/Berlin", "2026-12-01 12:00:00.5", "iso", 0, "2026-12-01T11:00:00.500Z"},
        {"Europe/Berlin", "2026-07-01T12:00:00Z", "iso", 0, "2026-07-01T12:00:00Z"},
        {"Europe/Berlin", "2026-07-01T12:00:00+08:00", "iso", 0, "2026-07-01T04:00:00Z"},
        {"Europe/Berlin", "2026-10-25T02:30:00", "iso", 0, "2026-10-25T00:30:00Z"},
        {"Europe/Berlin", "2026-10-25T02:30:00+01:00", "iso", 0, "2026-10-25T01:30:00Z"},
        {"Europe/Berlin", "2026-03-29T02:30:00", "iso", 0, "2026-03-29T01:30:00Z"},
        {"Europe/Berlin", "25.07.2026 08:05", "%d.%m.%Y %H:%M", 0, "2026-07-25T06:05:00Z"},
        {"Europe/Berlin", "1784548800", "s", 0, "2026-07-20T12:00:00Z"},
        {"Europe/Berlin", "1784548800000", "ms", 0, "2026-07-20T12:00:00Z"},
        {"Europe/Berlin", "Mon, 20 Jul 2026 12:00:00 GMT", "rfc1123", 0, "2026-07-20T12:00:00Z"},
        {"Asia/Shanghai", "20260720120000", "%Y%m%d%H%M%S", 0, "2026-07-20T04:00:00Z"},
        {"+05:30", "2026-07-20T12:00:00", "iso", 0, "2026-07-20T06:30:00Z"},
        {"Asia/Shanghai", "1970-01-01T08:00:00", "iso", 0, "1970-01-01T00:00:00Z"},
        {"Europe/Berlin", "2026-02-30T12:00:00", "iso", ERR_RANGE, NULL},
        {"Europe/Berlin", "today", "iso", ERR_SYNTAX, NULL},
        {"Europe/Berlin", "12", "%Q", ERR_INVALID, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone *z = open_zone(rows[i].zone);
        char text[ISO8601_SIZE] = "";
        int64_t ms = 0;
        int rc = zone_parse_time(z, view_of(rows[i].text), view_of(rows[i].format), &ms);
        if (!rc)
            iso8601_format(ms, text);
        if (rc != rows[i].rc || (!rc && strcmp(text, rows[i].want) != 0))
            fail_msg("%s %s: %d %s", rows[i].zone, rows[i].text, rc, text);
        zone_free(z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_offsets_of_local_times),
        cmocka_unit_test(knows_offsets_of_moments),
        cmocka_unit_test(refuses_what_is_no_zone),
        cmocka_unit_test(parses_times_in_a_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
