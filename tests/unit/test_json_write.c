/* SPDX-License-Identifier: MIT
 * json_write: commas, escapes, and that whatever it wrote passes our own strict check.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/json.h"
#include "parkd/base/json_write.h"

static void keeps_the_commas_right(void **state)
{
    (void)state;
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "name", "南门 \"A\"");
    jw_str(&w, "none", NULL);
    jw_array(&w, "list");
    jw_int(&w, NULL, -3);
    jw_object(&w, NULL);
    jw_end_object(&w);
    jw_array(&w, NULL);
    jw_bool(&w, NULL, true);
    jw_null(&w, NULL);
    jw_end_array(&w);
    jw_end_array(&w);
    jw_key(&w, VIEW("a/b"));
    jw_int(&w, NULL, 1);
    jw_key(&w, VIEW("c"));
    jw_object(&w, NULL);
    jw_raw(&w, "raw", VIEW("[1,2]"));
    jw_bool(&w, "no", false);
    jw_end_object(&w);
    jw_time(&w, "at", 1782115200123);
    jw_time(&w, "never", 0);
    jw_end_object(&w);
    assert_true(buf_get(&b).n > 0);
    assert_string_equal(
        b.p, "{\"name\":\"南门 \\\"A\\\"\",\"none\":null,\"list\":[-3,{},[true,null]],\"a/b\":1,"
             "\"c\":{\"raw\":[1,2],\"no\":false},\"at\":\"2026-06-22T08:00:00.123Z\",\"never\":null}");
    assert_int_equal(json_check(buf_get(&b), NULL), 0);
    buf_fini(&b);
}

static void writes_reals(void **state)
{
    (void)state;
    static const struct {
        double v;
        int decimals;
        const char *want;
    } rows[] = {
        {118.0512345, 6, "118.051235"},
        {2.5, 0, "2"},
        {-0.0001, 2, "0.00"},
        {-0.01, 2, "-0.01"},
        {1e21, 1, "1000000000000000000000.0"},
        {1, -5, "1"},
        {0.1, 99, "0.10000000000000001"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, 100);
        jw_init(&w, &b);
        jw_real(&w, NULL, rows[i].v, rows[i].decimals);
        assert_string_equal(b.p, rows[i].want);
        buf_fini(&b);
    }
    struct buf b;
    struct json_writer w;
    buf_init(&b, 1000);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    jw_real(&w, NULL, (double)INFINITY, 2);
    jw_real(&w, NULL, (double)NAN, 2);
    jw_end_array(&w);
    assert_string_equal(b.p, "[null,null]");
    buf_clear(&b);
    jw_init(&w, &b);
    jw_real(&w, NULL, -1.7976931348623157e308, 17);
    assert_int_equal(b.n, 1 + 309 + 1 + 17);
    assert_int_equal(json_check((struct view){b.p, 60}, NULL), 0);
    buf_fini(&b);
}

static void escapes_what_must_be(void **state)
{
    (void)state;
    static const struct {
        struct view v;
        const char *want;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{"a\0b", 3}, "\"a\\u0000b\""},
        {{"\b\f\n\r\t\\\"/", 8}, "\"\\b\\f\\n\\r\\t\\\\\\\"/\""},
        {{"\x01\x1f\x7f", 3}, "\"\\u0001\\u001f\x7f\""},
        {{"停\xE5\x81车", 8}, "\"停\xEF\xBF\xBD\xEF\xBF\xBD车\""},
        {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{"\xE5\x81\x9C", 2}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* cut by the view, not by the memory */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 100);
        jw_quote(&b, rows[i].v);
        if (strcmp(b.p, rows[i].want) != 0)
            fail_msg("row %zu: %s", i, b.p);
        buf_fini(&b);
    }
}

/* Any bytes: what comes out is JSON that reads back, except NUL, which our reader refuses. */
static void any_bytes_become_valid_json(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 2000; round++) {
        char bytes[24];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (char)(seed >> 24 ? seed >> 24 : 1);
        }
        struct buf b;
        buf_init(&b, 400);
        jw_quote(&b, (struct view){bytes, sizeof bytes});
        assert_int_equal(json_check(buf_get(&b), NULL), 0);
        buf_fini(&b);
    }
}

static void limits_the_depth(void **state)
{
    (void)state;
    for (int depth = JSON_WRITE_DEPTH; depth <= JSON_WRITE_DEPTH + 3; depth++) {
        struct buf b;
        struct json_writer w;
        buf_init(&b, 1000);
        jw_init(&w, &b);
        for (int i = 0; i < depth; i++)
            jw_array(&w, NULL);
        jw_int(&w, NULL, 1);
        for (int i = 0; i < depth; i++)
            jw_end_array(&w);
        assert_int_equal(b.err, depth > JSON_WRITE_DEPTH ? ERR_TOO_BIG : 0);
        buf_fini(&b);
    }
}

static void errors_stick(void **state)
{
    (void)state;
    struct buf b;
    struct json_writer w;
    buf_init(&b, 10);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "name", "too long for ten bytes");
    jw_int(&w, "n", 1);
    jw_end_object(&w);
    assert_int_equal(b.err, ERR_TOO_BIG);
    assert_int_equal(buf_get(&b).n, 0);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_commas_right), cmocka_unit_test(writes_reals),
        cmocka_unit_test(escapes_what_must_be),   cmocka_unit_test(any_bytes_become_valid_json),
        cmocka_unit_test(limits_the_depth),       cmocka_unit_test(errors_stick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
