/* SPDX-License-Identifier: MIT
 * view, utf8 and err: reading bytes that have no NUL behind them, and texts cut between characters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/view.h"

static void compares_by_length_and_bytes(void **state)
{
    (void)state;
    struct view empty = view_of(NULL);
    assert_true(empty.n == 0 && !empty.p);
    assert_true(view_eq(empty, VIEW("")));
    assert_true(view_is(VIEW("lot"), "lot"));
    assert_false(view_is(VIEW("lot"), "lo"));
    assert_false(view_is(VIEW("lo"), "lot"));
    assert_false(view_is((struct view){"a\0b", 3}, "a"));
    assert_true(view_ieq(VIEW("Content-TYPE"), "content-type"));
    assert_false(view_ieq(VIEW("["), "{")); /* these differ by the bit that letters' cases differ by */
    assert_true(view_starts(VIEW("whsec_x"), "whsec_"));
    assert_false(view_starts(VIEW("whsec"), "whsec_"));
    assert_true(view_starts(empty, ""));
}

static void trims_and_cuts(void **state)
{
    (void)state;
    assert_true(view_is(view_trim(VIEW(" \t\r\na b \n")), "a b"));
    assert_true(view_trim(VIEW(" \n ")).n == 0);
    struct view rest = VIEW("a,,b");
    assert_true(view_is(view_cut(&rest, ','), "a"));
    assert_true(view_cut(&rest, ',').n == 0 && rest.p);
    assert_true(view_is(view_cut(&rest, ','), "b"));
    assert_true(!rest.p && rest.n == 0);
    rest = VIEW("a,");
    assert_true(view_is(view_cut(&rest, ','), "a"));
    assert_true(rest.p && rest.n == 0);
    assert_true(view_cut(&rest, ',').n == 0 && !rest.p);
}

static void copies_whole_or_not_at_all(void **state)
{
    (void)state;
    char dst[4] = "xyz";
    assert_int_equal(view_copy(VIEW("abc"), dst, sizeof dst), 0);
    assert_string_equal(dst, "abc");
    assert_int_equal(view_copy(VIEW("abcd"), dst, sizeof dst), ERR_TOO_BIG);
    assert_string_equal(dst, "");
    assert_int_equal(view_copy(view_of(NULL), dst, 1), 0);
    assert_int_equal(view_copy(VIEW(""), dst, 0), ERR_TOO_BIG);
    char *copy = view_dup((struct view){"abcdef", 3});
    assert_string_equal(copy, "abc");
    free(copy);
}

static void reads_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max;
        int rc;
        int64_t value;
    } rows[] = {
        {"0", 0, 10, 0, 0},
        {"-0", 0, 10, 0, 0},
        {"007", 0, 10, 0, 7},
        {"65534", 0, 65534, 0, 65534},
        {"65535", 0, 65534, ERR_RANGE, 0},
        {"-1", 0, 10, ERR_RANGE, 0},
        {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, ERR_RANGE, 0},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, ERR_RANGE, 0},
        {"99999999999999999999999999", INT64_MIN, INT64_MAX, ERR_RANGE, 0},
        {"99999999999999999999999999x", INT64_MIN, INT64_MAX, ERR_SYNTAX, 0},
        {"", 0, 10, ERR_SYNTAX, 0},
        {"-", 0, 10, ERR_SYNTAX, 0},
        {"+1", 0, 10, ERR_SYNTAX, 0},
        {" 1", 0, 10, ERR_SYNTAX, 0},
        {"1 ", 0, 10, ERR_SYNTAX, 0},
        {"1.0", 0, 10, ERR_SYNTAX, 0},
        {"0x1", 0, 10, ERR_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = -77;
        int rc = view_to_int(view_of(rows[i].text), rows[i].min, rows[i].max, &v);
        if (rc != rows[i].rc || v != (rc ? -77 : rows[i].value))
            fail_msg("\"%s\": code %d, value %lld", rows[i].text, rc, (long long)v);
    }
}

static void reads_reals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        double value;
    } rows[] = {
        {"118.05", 0, 118.05},  {"-1", 0, -1},          {"1e3", 0, 1000},        {"1.5E-1", 0, 0.15},
        {"00.5", 0, 0.5},       {"1e-999", 0, 0},       {"1e999", ERR_RANGE, 0}, {"-1e999", ERR_RANGE, 0},
        {"", ERR_SYNTAX, 0},    {".5", ERR_SYNTAX, 0},  {"5.", ERR_SYNTAX, 0},   {"1e", ERR_SYNTAX, 0},
        {"1e+", ERR_SYNTAX, 0}, {"nan", ERR_SYNTAX, 0}, {"inf", ERR_SYNTAX, 0},  {"0x1p3", ERR_SYNTAX, 0},
        {"1,5", ERR_SYNTAX, 0}, {"1 ", ERR_SYNTAX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double v = -77;
        int rc = view_to_real(view_of(rows[i].text), &v);
        if (rc != rows[i].rc || v < (rc ? -77 : rows[i].value) || v > (rc ? -77 : rows[i].value))
            fail_msg("\"%s\": code %d, value %g", rows[i].text, rc, v);
    }
    double v = 0;
    assert_int_equal(view_to_real((struct view){"1.25", 3}, &v), 0); /* not a byte behind the view */
    assert_true(v > 1.1 && v < 1.21);
}

static void knows_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"停车场", true},
        {"\xF0\x9F\x9A\x97", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\xC2\x80", true},
        {"\x80", false},
        {"\xC0\xAF", false},         /* overlong */
        {"\xC1\xBF", false},         /* overlong */
        {"\xE0\x9F\xBF", false},     /* overlong */
        {"\xF0\x8F\xBF\xBF", false}, /* overlong */
        {"\xED\xA0\x80", false},     /* surrogate */
        {"\xED\xBF\xBF", false},     /* surrogate */
        {"\xF4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", false},
        {"\xE5\x81", false}, /* cut */
        {"\xE5\x81x", false},
        {"\xFF", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (view_is_utf8(view_of(rows[i].text)) != rows[i].good)
            fail_msg("row %zu", i);
    assert_false(view_is_utf8((struct view){"a\0b", 3}));
}

static void hashes_as_fnv1a(void **state)
{
    (void)state;
    assert_true(view_hash(VIEW("")) == 0xcbf29ce484222325u);
    assert_true(view_hash(VIEW("a")) == 0xaf63dc4c8601ec8cu);
    assert_true(view_hash(VIEW("foobar")) == 0x85944171f73967e8u);
}

static void errors_have_words(void **state)
{
    (void)state;
    assert_string_equal(err_text(ERR_TIMEOUT), "took too long");
    assert_string_equal(err_name(ERR_TIMEOUT), "ERR_TIMEOUT");
    assert_string_equal(err_name(0), "ERR_OK");
    assert_string_equal(err_text(-9999), "unknown error");
}

static void reasons_are_placed_and_cut(void **state)
{
    (void)state;
    struct why why = {0};
    assert_int_equal(why_set(&why, ERR_RANGE, "/free", "must be at most %d", 9), ERR_RANGE);
    why_under(&why, "/items/%d", 3);
    assert_string_equal(why.at, "/items/3/free");
    assert_string_equal(why.text, "must be at most 9");
    assert_int_equal(why_set(NULL, ERR_TYPE, "/x", "y"), ERR_TYPE);
    why_under(NULL, "/x");

    char wide[400];
    for (size_t i = 0; i + 3 < sizeof wide; i += 3)
        memcpy(wide + i, "停", 4);
    assert_int_equal(why_set(&why, ERR_SYNTAX, wide, "a%s", wide), ERR_SYNTAX);
    assert_true(view_is_utf8(view_of(why.text)) && strlen(why.text) == 238);
    assert_true(view_is_utf8(view_of(why.at)) && strlen(why.at) == 159);
    why_under(&why, "/%s", "x");
    assert_true(view_is_utf8(view_of(why.at)) && strlen(why.at) == 158);
    assert_int_equal(why_set(&why, ERR_SYNTAX, why.at, "%s", why.text), ERR_SYNTAX); /* its own parts */
    assert_int_equal(strlen(why.text), 238);
}

static void knows_hexadecimal_digits(void **state)
{
    (void)state;
    static const char digits[] = "0123456789abcdef";
    for (int c = -128; c < 128; c++) {
        const char *at = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        assert_int_equal(hex_digit((char)c), at ? at - digits : -1);
    }
}

static void knows_tokens(void **state)
{
    (void)state;
    assert_true(view_is_token(VIEW("Content-Length")) && view_is_token(VIEW("!#$%&'*+-.^_`|~09azAZ")));
    assert_false(view_is_token(VIEW("")));
    static const char no[] = "\0\t\r\n \"(),/:;<=>?@[\\]{}\x7f\x80\xff";
    for (size_t i = 0; i < sizeof no; i++)
        assert_false(view_is_token((struct view){(const char[]){'a', no[i]}, 2}));
}

static void quotes_nothing_but_utf8(void **state)
{
    struct why why = {0};
    (void)state;
    assert_int_equal(why_set(&why, ERR_INVALID, "/a\xff", "no lot has the id \"\xc4\xe4\xb8\xad\xe4\xb8\""),
                     ERR_INVALID);
    assert_string_equal(why.text, "no lot has the id \"?\xe4\xb8\xad??\"");
    assert_string_equal(why.at, "/a?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_nothing_but_utf8),
        cmocka_unit_test(compares_by_length_and_bytes),
        cmocka_unit_test(trims_and_cuts),
        cmocka_unit_test(copies_whole_or_not_at_all),
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(reads_reals),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(knows_hexadecimal_digits),
        cmocka_unit_test(knows_tokens),
        cmocka_unit_test(hashes_as_fnv1a),
        cmocka_unit_test(errors_have_words),
        cmocka_unit_test(reasons_are_placed_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
