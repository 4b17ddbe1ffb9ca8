/* SPDX-License-Identifier: MIT
 * regex: groups, replacing, what is refused and where, and that hostile patterns end soon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/base/regex.h"

static struct regex *compile(const char *pattern)
{
    struct regex *r = NULL;
    struct why why = {0};
    if (regex_compile(view_of(pattern), &r, &why))
        fail_msg("%s: %s", pattern, why.text);
    return r;
}

static void finds_groups(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *subject;
        int group, rc;
        const char *want; /* NULL: no part */
    } rows[] = {
        {"[0-9]+", "free: 12 of 40", 0, 0, "12"},
        {"free: (\\d+) of (\\d+)", "free: 12 of 40", 2, 0, "40"},
        {"free: (\\d+) of (\\d+)", "free: 12 of 40", 0, 0, "free: 12 of 40"},
        {"(a)|(b)", "b", 1, 0, NULL},
        {"(a)|(b)", "b", 2, 0, "b"},
        {"(a*)b", "b", 1, 0, ""},
        {"x", "abc", 0, ERR_NOT_FOUND, NULL},
        {"x", "", 0, ERR_NOT_FOUND, NULL},
        {"^$", "", 0, 0, ""},
        {"", "abc", 0, 0, ""},
        {"a", "a", 1, ERR_INVALID, NULL},
        {"a", "a", -1, ERR_INVALID, NULL},
        {"(?i)FULL", "is full now", 0, 0, "full"},
        {"停(.)场", "地下停车场", 1, 0, "车"},
        {"^.{3}$", "停车场", 0, 0, "停车场"},
        {"(?<n>\\d{1,4})\\x{505c}", "17停", 1, 0, "17"},
        {"[^\\x{4e00}-\\x{9fff}]+", "停12车", 0, 0, "12"},
        {"(?m)^b$", "a\nb\nc", 0, 0, "b"},
        {"b+",
         "\xFF\xFE"
         "bb\xFF",
         0, 0, "bb"},
        {"^.$", "\xFF", 0, ERR_NOT_FOUND, NULL},
        {"a{999}", "a", 0, ERR_NOT_FOUND, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct regex *r = compile(rows[i].pattern);
        struct view out = VIEW("before");
        int rc = regex_find(r, view_of(rows[i].subject), rows[i].group, &out);
        if (rc != rows[i].rc || (out.p != NULL) != (rows[i].want != NULL) ||
            !view_eq(out, view_of(rows[i].want)))
            fail_msg("%s on %s: %d <" VIEW_FMT ">", rows[i].pattern, rows[i].subject, rc, VIEW_ARG(out));
        if (out.n)
            assert_in_range((uintptr_t)out.p, (uintptr_t)rows[i].subject,
                            (uintptr_t)rows[i].subject + strlen(rows[i].subject));
        regex_free(r);
    }
}

static void counts_groups(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        int groups;
    } rows[] = {{"a", 0}, {"(a)(?:b)(c)?", 2}, {"((a)(b))", 3}, {"\\(a\\)", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct regex *r = compile(rows[i].pattern);
        assert_int_equal(regex_groups(r), rows[i].groups);
        regex_free(r);
    }
    regex_free(NULL);
}

static void refuses_bad_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *why;
    } rows[] = {
        {"(a", "missing closing parenthesis at offset 2"},
        {"a)", "unmatched closing parenthesis at offset 1"},
        {"[a", "missing terminating ] for character class at offset 2"},
        {"ab**+?*", "quantifier does not follow a repeatable item at offset"},
        {"*a", "quantifier does not follow a repeatable item at offset 0"},
        {"a\\", "\\ at end of pattern at offset 2"},
        {"\\C", "using \\C is disabled by the application at offset 2"},
        {"(?<n>a)(?<n>b)", "two named subpatterns have the same name"},
        {"\\2(a)", "reference to non-existent subpattern at offset 1"},
        {"ab\xFF", "UTF-8 error"},
        {"a{1000}", "repeat count above 999 at offset 1"},
        {"ab{2,65000}", "repeat count above 999 at offset 2"},
        {"(?:(?:(?:(?:a{900}){900}){900}){900})", "too large"},
        {"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
         "a)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
         "parentheses are too deeply nested at offset 65"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct regex *r = NULL;
        struct why why = {0};
        int rc = regex_compile(view_of(rows[i].pattern), &r, &why);
        if (rc != ERR_SYNTAX || r || !strstr(why.text, rows[i].why))
            fail_msg("%s: %d <%s>", rows[i].pattern, rc, why.text);
    }
}

static void has_limits(void **state)
{
    (void)state;
    struct regex *r = NULL;
    struct view out;
    char *text = malloc(REGEX_MAX_SUBJECT + 1);
    assert_non_null(text);
    memset(text, 'a', REGEX_MAX_SUBJECT + 1);
    assert_int_equal(regex_compile((struct view){text, REGEX_MAX_PATTERN + 1}, &r, NULL), ERR_TOO_BIG);
    assert_null(r);
    assert_int_equal(regex_compile((struct view){text, REGEX_MAX_PATTERN}, &r, NULL), 0);
    regex_free(r);
    r = compile("a$");
    assert_int_equal(regex_find(r, (struct view){text, REGEX_MAX_SUBJECT + 1}, 0, &out), ERR_TOO_BIG);
    regex_free(r);
    r = compile("^a+$");
    assert_int_equal(regex_find(r, (struct view){text, REGEX_MAX_SUBJECT}, 0, &out), 0);
    assert_int_equal(out.n, REGEX_MAX_SUBJECT);
    regex_free(r);
    free(text);
}

/* Each would run for seconds to centuries. `fill` is repeated, `tail` stands behind it. */
static void ends_at_the_budget(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *fill, *tail;
        size_t times;
    } rows[] = {
        {"(a+)+$", "a", "b", 40},
        {"^(a|aa)+$", "a", "b", 60},
        {"(a|b|ab)*[cd]", "ab", "", 60},
        {"(.*)(.*)(.*)(.*)(.*)[^a]", "a", "", 400},
        {"a+[bc]", "a", "", 60000},
        {"a.*b.*[cd]", "ab", "", 30000},
        {"(?:.|\\s)*?z[xy]", "a", "z", 60000},
        {"(\\w+\\s?)+\\d\\d", "word ", "!", 100},
        {"(a*)*\\1[xy]", "a", "", 5000},
        {"(?R)?a*[bc]", "a", "", 20000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b, replaced;
        struct view out;
        buf_init(&b, REGEX_MAX_SUBJECT);
        buf_init(&replaced, REGEX_MAX_SUBJECT);
        for (size_t k = 0; k < rows[i].times; k++)
            buf_str(&b, rows[i].fill);
        buf_str(&b, rows[i].tail);
        struct regex *r = compile(rows[i].pattern);
        clock_t began = clock();
        int rc = regex_find(r, buf_get(&b), 0, &out);
        double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
        if (rc != ERR_BUDGET || out.p || seconds > 5)
            fail_msg("%s: %d after %.1f s", rows[i].pattern, rc, seconds);
        assert_int_equal(regex_replace(r, buf_get(&b), VIEW(""), &replaced), ERR_BUDGET);
        regex_free(r);
        buf_fini(&b);
        buf_fini(&replaced);
    }
}

/* The budget is for all matches of one replacement together, yet enough for honest ones. */
static void replaces_in_long_texts(void **state)
{
    (void)state;
    struct buf b, out;
    buf_init(&b, REGEX_MAX_SUBJECT);
    buf_init(&out, REGEX_MAX_SUBJECT);
    for (int i = 0; i < 4000; i++)
        buf_str(&b, "free: 12 of 40\n");
    struct regex *r = compile("(\\d+) of (\\d+)\n");
    assert_int_equal(regex_replace(r, buf_get(&b), VIEW("$2;"), &out), 0);
    assert_int_equal(out.n, 4000 * strlen("free: 40;"));
    regex_free(r);
    buf_fini(&b);
    buf_fini(&out);
}

static void replaces(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *subject, *with, *want;
    } rows[] = {
        {"\\s+", " a  b ", "", "ab"},
        {"(\\d+)/(\\d+)", "3/40 and 5/60", "$2:$1", "40:3 and 60:5"},
        {"(\\d)", "a1", "${1}0", "a10"},
        {"a", "banana", "$0$0", "baanaanaa"},
        {"€", "5 €", "$$", "5 $"},
        {"(x)|(y)", "xy", "[$1|$2]", "[x|][|y]"},
        {"z", "abc", "!", "abc"},
        {"", "停a", "-", "-停-a-"},
        {"x*", "axb", "-", "-a--b-"},
        {"^", "ab", ">", ">ab"},
        {"$", "ab", "<", "ab<"},
        {"a", "", "b", ""},
        {"", "", "b", "b"},
        {"a\\Kb", "abab", "c", "acac"},
        {"(?<=a)b", "abb", "c", "acb"},
        {"\\.", "1.234.567", "", "1234567"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct regex *r = compile(rows[i].pattern);
        struct buf out;
        buf_init(&out, 1024);
        int rc = regex_replace(r, view_of(rows[i].subject), view_of(rows[i].with), &out);
        if (rc || !view_is(buf_get(&out), rows[i].want))
            fail_msg("%s: %d <" VIEW_FMT ">", rows[i].pattern, rc, VIEW_ARG(buf_get(&out)));
        buf_fini(&out);
        regex_free(r);
    }
}

static void refuses_bad_replacements(void **state)
{
    (void)state;
    static const char *const rows[] = {"$", "a$", "$x", "$2", "${1", "${}", "${x}", "$-1", "${1x}", "$12"};
    struct regex *r = compile("(a)");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 64);
        if (regex_replace(r, VIEW("none"), view_of(rows[i]), &out) != ERR_SYNTAX)
            fail_msg("%s", rows[i]);
        assert_int_equal(out.n, 0);
        buf_fini(&out);
    }
    regex_free(r);
}

static void replacement_has_a_ceiling(void **state)
{
    (void)state;
    struct regex *r = compile("a");
    struct buf out;
    buf_init(&out, 10);
    assert_int_equal(regex_replace(r, VIEW("aaaaaaaa"), VIEW("$0$0"), &out), ERR_TOO_BIG);
    buf_fini(&out);
    regex_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_groups),
        cmocka_unit_test(counts_groups),
        cmocka_unit_test(refuses_bad_patterns),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(ends_at_the_budget),
        cmocka_unit_test(replaces_in_long_texts),
        cmocka_unit_test(replaces),
        cmocka_unit_test(refuses_bad_replacements),
        cmocka_unit_test(replacement_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
