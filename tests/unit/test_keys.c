/* SPDX-License-Identifier: MIT
 * Key names and partitions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "parkd/store/keys.h"

/* Slots as Redis Cluster documents and computes them: CRC16 mod 16384. */
static void test_partition(void **state)
{
    static const struct {
        const char *id;
        unsigned slot;
    } rows[] = {
        {"123456789", 0x31c3}, {"", 0}, {"foo", 12182}, {"bar", 5061}, {"hello", 866},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(partition_of(view_of(rows[i].id), 16384), rows[i].slot);
    assert_int_equal(partition_of(VIEW("123456789"), 16), 0x31c3 % 16);
    assert_int_equal(partition_of(VIEW("anything"), 1), 0);
    assert_int_equal(partition_of(VIEW("anything"), 0), 0);
}

static void assert_key(struct key k, const char *want)
{
    assert_string_equal(k.text, want);
    assert_int_equal(k.n, strlen(want));
}

static void test_names(void **state)
{
    (void)state;
    assert_key(key_part("parkd:", 3, "state"), "parkd:{p03}:state");
    assert_key(key_part("parkd:", 1023, "lease:poll"), "parkd:{p1023}:lease:poll");
    assert_key(key_part_id("x:", 15, "reg", VIEW("lot-1")), "x:{p15}:reg:lot-1");
    assert_key(key_global("parkd:", "meta"), "parkd:meta");
    assert_key(key_day("parkd:", 16384, VIEW("foo"), "20260610"), "parkd:{p12182}:day:foo:20260610");
    assert_key(key_hour("parkd:", 1, VIEW("foo"), 2026), "parkd:{p00}:hour:foo:2026");
}

static void test_too_long_is_cut_within_bounds(void **state)
{
    char id[400];
    (void)state;
    memset(id, 'a', sizeof id);
    struct key k = key_part_id("parkd:", 0, "reg", (struct view){id, sizeof id});
    assert_int_equal(k.n, KEYS_MAX - 1);
    assert_int_equal(strlen(k.text), k.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partition),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_too_long_is_cut_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
