/* SPDX-License-Identifier: MIT
 * Minute strings and hourly records: where a count goes, and that it comes back; short and damaged strings.
 */
#include "model_test.h"
#include "parkd/model/series.h"

#define MINUTE INT64_C(60000)

static void counts_find_their_slot(void **state)
{
    static const struct {
        int64_t at;
        int32_t free;
        const char *day;
        uint32_t offset;
        unsigned char hi, lo;
    } rows[] = {
        {0, 0, "19700101", 0, 0, 1},
        {NOW, 37, "20261122", 960, 0, 38},
        {NOW + 59999, 37, "20261122", 960, 0, 38},
        {NOW + 60000, 255, "20261122", 962, 1, 0},
        {NOW - 8 * 60 * MINUTE, 65534, "20261122", 0, 255, 255},
        {NOW - 8 * 60 * MINUTE - 1, 1, "20261121", 2878, 0, 2},
        {INT64_C(951782400000), 1, "20000229", 0, 0, 2},
        {INT64_C(253402300799999), 1, "99991231", 2878, 0, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct series_slot s;
        assert_int_equal(series_slot_of(rows[i].at, rows[i].free, &s), 0);
        assert_string_equal(s.day, rows[i].day);
        assert_int_equal(s.offset, rows[i].offset);
        assert_int_equal(s.bytes[0], rows[i].hi);
        assert_int_equal(s.bytes[1], rows[i].lo);
    }
}

static void what_has_no_slot_is_refused(void **state)
{
    struct series_slot s;
    char day[9];
    (void)state;
    assert_int_equal(series_slot_of(NOW, -1, &s), ERR_RANGE);
    assert_int_equal(series_slot_of(NOW, 65535, &s), ERR_RANGE);
    assert_int_equal(series_slot_of(-1, 1, &s), ERR_RANGE);
    assert_int_equal(series_slot_of(INT64_MAX, 1, &s), ERR_RANGE);
    series_day_name(INT64_MAX, day);
    assert_string_equal(day, "99991231");
    series_day_name(INT64_MIN, day);
    assert_string_equal(day, "19700101");
}

static void every_minute_comes_back(void **state)
{
    char text[SERIES_DAY_BYTES] = {0};
    int32_t held[SERIES_MINUTES];
    uint64_t seed = 5;
    (void)state;
    for (int m = 0; m < SERIES_MINUTES; m++) {
        held[m] = below(&seed, 3) ? below(&seed, 65535) : SERIES_NONE;
        if (held[m] == SERIES_NONE)
            continue;
        struct series_slot s;
        assert_int_equal(
            series_slot_of(NOW - 8 * 60 * MINUTE + m * MINUTE + below(&seed, 60000), held[m], &s), 0);
        memcpy(text + s.offset, s.bytes, 2);
    }
    struct view day = {text, sizeof text};
    for (int m = 0; m < SERIES_MINUTES; m++)
        assert_int_equal(series_get(day, m), held[m]);
    assert_int_equal(series_get(day, -1), SERIES_NONE);
    assert_int_equal(series_get(day, SERIES_MINUTES), SERIES_NONE);
    for (int h = 0; h < 24; h++) {
        int64_t sum = 0;
        int32_t min = 70000, max = -1;
        int n = 0;
        for (int m = h * 60; m < h * 60 + 60; m++) {
            if (held[m] == SERIES_NONE)
                continue;
            n++;
            sum += held[m];
            min = held[m] < min ? held[m] : min;
            max = held[m] > max ? held[m] : max;
        }
        struct series_hour got = series_hour_of(day, h);
        assert_int_equal(got.minutes, n);
        assert_int_equal(got.min, min);
        assert_int_equal(got.max, max);
        assert_true(got.mean * n > (double)sum - 0.01 && got.mean * n < (double)sum + 0.01);
    }
}

static void short_strings_are_gaps(void **state)
{
    struct view half = {"\0\x05\0\x07\0", 5}, none = {NULL, 0};
    (void)state;
    assert_int_equal(series_get(half, 0), 4);
    assert_int_equal(series_get(half, 1), 6);
    assert_int_equal(series_get(half, 2), SERIES_NONE);
    assert_int_equal(series_get(none, 0), SERIES_NONE);
    struct series_hour h = series_hour_of(half, 0);
    assert_true(h.minutes == 2 && h.min == 4 && h.max == 6 && h.mean > 4.9 && h.mean < 5.1);
    h = series_hour_of(half, 1);
    assert_true(h.minutes == 0 && h.min == SERIES_NONE && h.max == SERIES_NONE);
    assert_int_equal(series_hour_of(half, 24).minutes, 0);
    assert_int_equal(series_hour_of(half, -1).minutes, 0);
}

static void hours_read_back(void **state)
{
    unsigned char year[3 * SERIES_HOUR_BYTES] = {0};
    struct series_hour h = {60, 0, 65534, 37.5}, empty = {0, SERIES_NONE, SERIES_NONE, 0};
    struct view v = {(const char *)year, sizeof year};
    (void)state;
    series_hour_encode(&h, year + SERIES_HOUR_BYTES);
    series_hour_encode(&empty, year + 2 * SERIES_HOUR_BYTES);
    assert_memory_equal(year + SERIES_HOUR_BYTES, "\0\x3c\0\x01\xff\xff\0\x27", 8);
    assert_int_equal(series_hour_decode(v, 0).minutes, 0);
    struct series_hour got = series_hour_decode(v, 1);
    assert_true(got.minutes == 60 && got.min == 0 && got.max == 65534 && got.mean > 37.9 && got.mean < 38.1);
    got = series_hour_decode(v, 2);
    assert_true(got.minutes == 0 && got.min == SERIES_NONE && got.max == SERIES_NONE);
    assert_int_equal(series_hour_decode(v, 3).minutes, 0);
    assert_int_equal(series_hour_decode(v, UINT32_MAX).minutes, 0);
}

static void damaged_hours_are_gaps(void **state)
{
    static const char *const rows[] = {
        "\0\x3d\0\x01\0\x09\0\x05", /* 61 minutes */
        "\0\x05\0\0\0\x09\0\x05",   /* no least */
        "\0\x05\0\x06\0\x09\0\x05", /* mean below the least */
        "\0\x05\0\x01\0\x04\0\x05", /* mean above the most */
        "\xff\xff\xff\xff\xff\xff\xff\xff",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct series_hour h = series_hour_decode((struct view){rows[i], 8}, 0);
        assert_true(h.minutes == 0 && h.min == SERIES_NONE && h.max == SERIES_NONE);
    }
}

static void hours_of_a_year(void **state)
{
    int year = 0;
    (void)state;
    assert_int_equal(series_hour_offset(0, &year), 0);
    assert_int_equal(year, 1970);
    assert_int_equal(series_hour_offset(NOW, &year), (325 * 24 + 8) * 8);
    assert_int_equal(year, 2026);
    assert_int_equal(series_hour_offset(NOW + 60 * MINUTE - 1, &year), (325 * 24 + 8) * 8);
    assert_int_equal(series_hour_offset(INT64_C(1735689600000) - 1, &year),
                     (366 * 24 - 1) * 8); /* a leap year's last */
    assert_int_equal(year, 2024);
    assert_int_equal(series_hour_offset(INT64_C(1735689600000), &year), 0);
    assert_int_equal(year, 2025);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_find_their_slot),  cmocka_unit_test(what_has_no_slot_is_refused),
        cmocka_unit_test(every_minute_comes_back), cmocka_unit_test(short_strings_are_gaps),
        cmocka_unit_test(hours_read_back),         cmocka_unit_test(damaged_hours_are_gaps),
        cmocka_unit_test(hours_of_a_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
