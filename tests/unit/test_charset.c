/* SPDX-License-Identifier: MIT
 * charset: what senders use, to UTF-8 and back; where bad bytes are; names that are refused; Content-Type.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/base/charset.h"

/* Bytes that may hold NUL. */
#define BYTES(literal)                 \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

static void converts(void **state)
{
    (void)state;
    static const struct {
        const char *charset;
        struct view bytes;
        const char *want;
        bool back; /* the same bytes come out again */
    } rows[] = {
        {"GB18030", BYTES("\xCD\xA3\xB3\xB5\xB3\xA1"), "停车场", true},
        {"GB18030", BYTES("\x81\x30\x84\x36\x82\x35\x95\x33"), "¥鿢", true},
        {"gb18030", BYTES("\x95\x32\x82\x36 P1"), "𠀀 P1", true},
        {"GBK", BYTES("\xCD\xA3"), "停", true},
        {"GB2312", BYTES("\x81\x30\x84\x36"), "¥", true}, /* names the smaller set, sends the larger */
        {"gbk", BYTES("\x80"), NULL, false},
        {"ISO-8859-1",
         BYTES("Fl\xFC"
               "gel \x80 5"),
         "Flügel € 5", true},
        {"latin1", BYTES("caf\xE9"), "café", true},
        {"windows-1252", BYTES("\x84Mitte\x93"), "„Mitte“", true},
        {"US-ASCII", BYTES("P1 \x96"), "P1 –", true},
        {"ISO-8859-15", BYTES("\xA4"), "€", true},
        {"iso-8859-9", BYTES("\xFE"), "ş", true},
        {"UTF-8", BYTES("停 é"), "停 é", true},
        {"utf8",
         BYTES("\xEF\xBB\xBF"
               "a\xEF\xBB\xBF"),
         "a\xEF\xBB\xBF", false},
        {" utf-8 ", BYTES("\xEF\xBB\xBF"), "", false},
        {"UTF-8", BYTES(""), "", true},
        {"UTF-16", BYTES("\xFF\xFE\x5C\x50"), "停", true},
        {"UTF-16", BYTES("\xFE\xFF\x50\x5C"), "停", false},
        {"UTF-16LE", BYTES("\xFF\xFE\x5C\x50"), "停", false},
        {"UTF-16BE", BYTES("\x50\x5C\x00\x41"), "停A", true},
        {"GB18030",
         BYTES("\x84\x31\x95\x33"
               "a"),
         "a", false},
        {"Big5", BYTES("\xB0\xB1"), "停", true},
        {"Shift_JIS", BYTES("\x92\xE2"), "停", true},
        {"EUC-KR", BYTES("\xC1\xD6"), "주", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out, again;
        size_t at = 0;
        buf_init(&out, 1000);
        buf_init(&again, 1000);
        int rc = charset_to_utf8(&out, view_of(rows[i].charset), rows[i].bytes, &at);
        if (rc != (rows[i].want ? 0 : ERR_SYNTAX) || (!rc && !view_is(buf_get(&out), rows[i].want)))
            fail_msg("%zu %s: %d <" VIEW_FMT ">", i, rows[i].charset, rc, VIEW_ARG(buf_get(&out)));
        if (rows[i].back) {
            assert_int_equal(charset_from_utf8(&again, view_of(rows[i].charset), buf_get(&out)), 0);
            if (!view_eq(buf_get(&again), rows[i].bytes))
                fail_msg("%zu %s: not the same bytes again", i, rows[i].charset);
        }
        buf_fini(&out);
        buf_fini(&again);
    }
}

static void says_where_bytes_are_bad(void **state)
{
    (void)state;
    static const struct {
        const char *charset;
        struct view bytes;
        size_t at;
    } rows[] = {
        {"UTF-8", BYTES("ab\xFF"), 2},         {"UTF-8", BYTES("\xC0\xAF"), 0},
        {"UTF-8", BYTES("a\xED\xA0\x80"), 1},  {"UTF-8", BYTES("a\xE5\x81"), 1}, /* cut off */
        {"GB18030", BYTES("\xCD\xA3\xCD"), 2}, {"GB18030", BYTES("\xCD\xA3\xFF\xFF"), 2},
        {"windows-1252", BYTES("abc\x81"), 3}, {"UTF-16LE", BYTES("a\0\x00\xDC"), 2},
        {"UTF-16LE", BYTES("a\0b"), 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        size_t at = 99;
        buf_init(&out, 1000);
        int rc = charset_to_utf8(&out, view_of(rows[i].charset), rows[i].bytes, &at);
        if (rc != ERR_SYNTAX || at != rows[i].at)
            fail_msg("%zu %s: %d at %zu", i, rows[i].charset, rc, at);
        assert_int_equal(charset_to_utf8(&out, view_of(rows[i].charset), rows[i].bytes, NULL), ERR_SYNTAX);
        buf_fini(&out);
    }
}

static void says_where_after_many_pieces(void **state)
{
    (void)state;
    enum { N = 40001 };
    char *bytes = malloc(N);
    struct buf out;
    size_t at = 0;
    assert_non_null(bytes);
    for (size_t i = 0; i < N; i++)
        bytes[i] = i % 2 ? '\xA3' : '\xCD';
    buf_init(&out, 100000);
    assert_int_equal(charset_to_utf8(&out, VIEW("GBK"), (struct view){bytes, N}, &at), ERR_SYNTAX);
    assert_int_equal(at, N - 1);
    buf_clear(&out);
    assert_int_equal(charset_to_utf8(&out, VIEW("GBK"), (struct view){bytes, N - 1}, &at), 0);
    assert_int_equal(out.n, (N - 1) / 2 * 3);
    assert_true(view_starts(buf_get(&out), "停停停"));
    assert_true(view_is_utf8(buf_get(&out)));
    buf_fini(&out);
    free(bytes);
}

/* Only the first character of all can be a byte order mark. */
static void keeps_later_marks(void **state)
{
    (void)state;
    enum { LONGEST = 10000 };
    char *text = malloc(LONGEST);
    assert_non_null(text);
    for (size_t n = 1; n < LONGEST - 3; n = n < 4000 ? n * 2 : n + 1) {
        struct buf out;
        memset(text, 'a', n);
        memcpy(text + n, "\xEF\xBB\xBF", 3);
        buf_init(&out, LONGEST);
        assert_int_equal(charset_to_utf8(&out, VIEW("UTF-8"), (struct view){text, n + 3}, NULL), 0);
        assert_int_equal(out.n, n + 3);
        buf_fini(&out);
    }
    free(text);
}

static void appends_below_the_ceiling(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 10);
    buf_str(&out, "x:");
    assert_int_equal(charset_to_utf8(&out, VIEW("GBK"), VIEW("\xCD\xA3\xB3\xB5"), NULL), 0);
    assert_true(view_is(buf_get(&out), "x:停车"));
    assert_int_equal(charset_to_utf8(&out, VIEW("GBK"), VIEW("\xCD\xA3"), NULL), ERR_TOO_BIG);
    buf_fini(&out);
}

static void says_what_cannot_be_written(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(charset_from_utf8(&out, VIEW("windows-1252"), VIEW("停")), ERR_SYNTAX);
    buf_clear(&out);
    assert_int_equal(charset_from_utf8(&out, VIEW("GBK"), VIEW("\xFF")), ERR_SYNTAX);
    buf_clear(&out);
    assert_int_equal(charset_from_utf8(&out, VIEW("none"), VIEW("a")), ERR_NOT_FOUND);
    buf_fini(&out);
}

static void knows_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int rc;
    } rows[] = {
        {"UTF-8", 0},
        {"GB18030", 0},
        {"gb2312", 0},
        {"IBM850", 0},
        {"KOI8-R", 0},
        {"windows-1251", 0},
        {"", ERR_NOT_FOUND},
        {" ", ERR_NOT_FOUND},
        {"UTF-9", ERR_NOT_FOUND},
        {"UTF-8//IGNORE", ERR_NOT_FOUND},
        {"ISO-8859-2//TRANSLIT", ERR_NOT_FOUND},
        {"../../tmp/x", ERR_NOT_FOUND},
        {"UTF-8,IGNORE", ERR_NOT_FOUND},
        {"ISO-2022-CN-EXT", ERR_NOT_FOUND},
        {"UTF-7", ERR_NOT_FOUND},
        {"WCHAR_T", ERR_NOT_FOUND},
        {"INTERNAL", ERR_NOT_FOUND},
        {"IBM1364", ERR_NOT_FOUND},
        {"EBCDIC-US", ERR_NOT_FOUND},
        {"437", ERR_NOT_FOUND},
        {"停", ERR_NOT_FOUND},
        {"ISO-8859-1-but-much-longer-than-any", ERR_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 10);
        if (charset_check(view_of(rows[i].name)) != rows[i].rc ||
            charset_to_utf8(&out, view_of(rows[i].name), VIEW("a"), NULL) != rows[i].rc)
            fail_msg("%s", rows[i].name);
        buf_fini(&out);
    }
    assert_int_equal(charset_check((struct view){"UTF-8\0x", 7}), ERR_NOT_FOUND);
    assert_int_equal(charset_check((struct view){NULL, 0}), ERR_NOT_FOUND);
}

static void reads_content_types(void **state)
{
    (void)state;
    static const struct {
        const char *type, *want;
    } rows[] = {
        {"text/csv; charset=GBK", "GBK"},
        {"text/csv;charset=\"GBK\"", "GBK"},
        {"text/csv; header=present; Charset = 'utf-8' ; x=y", "utf-8"},
        {"text/csv", ""},
        {"text/csv; charset", ""},
        {"text/csv; charset=", ""},
        {"text/csv; charset=\"\"", ""},
        {"text/csv; charset=\"", "\""},
        {"charset=GBK", ""},
        {"text/x-charset=GBK; mycharset=a", ""},
        {"", ""},
        {";;;charset=a;charset=b", "a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!view_is(charset_of_type(view_of(rows[i].type)), rows[i].want))
            fail_msg("%s", rows[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts),
        cmocka_unit_test(says_where_bytes_are_bad),
        cmocka_unit_test(says_where_after_many_pieces),
        cmocka_unit_test(keeps_later_marks),
        cmocka_unit_test(appends_below_the_ceiling),
        cmocka_unit_test(says_what_cannot_be_written),
        cmocka_unit_test(knows_names),
        cmocka_unit_test(reads_content_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
