/* SPDX-License-Identifier: MIT
 * json: what the strict check lets through and where it says the fault is; the ways through a tree; typed
 * members.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/base/buf.h"
#include "parkd/base/json.h"

static struct json *parse(const char *text)
{
    struct json *tree = NULL;
    struct why why = {0};
    if (json_parse(view_of(text), &tree, &why))
        fail_msg("%s: %s", text, why.text);
    return tree;
}

static void accepts_json(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "null",
        " true\r\n\t",
        "\"\"",
        "0",
        "-0",
        "-0.0e-0",
        "1E+2",
        "1e308",
        "1e-999",
        "123456789012345678901234567890123456789012345678901234567890123",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,2 , 3]",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}",
        "{\"\":1,\" \":2}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u505c\\uD83D\\uDE97\"",
        "\"停车场\x7f\"",
        "\xEF\xBB\xBF{\"a\":1}",
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
        "{\"a\":1,\"A\":2}",
        "{\"\\ud83d\\ude97\":1,\"\\ud83d\\ude98\":2}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_free(parse(rows[i]));
    }
}

static void refuses_what_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "empty instead of JSON"},
        {"\xEF\xBB\xBF", "ends too early at line 1 column 1"},
        {"  ", "ends too early at line 1 column 3"},
        {"<html>", "not a value at line 1 column 1"},
        {"{\"a\":1,\"a\":2}", "duplicate key at line 1 column 9"},
        {"{\"a\":1,\"\\u0061\":2}", "duplicate key at line 1 column 9"},
        {"{\"/\":1,\"\\/\":2}", "duplicate key at line 1 column 9"},
        {"{\"\\ud83d\\ude97\":1,\"\xF0\x9F\x9A\x97\":2}", "duplicate key at line 1 column 20"},
        {"{\"\":1,\"\":2}", "duplicate key at line 1 column 8"},
        {"{\"c\":1,\"b\":2,\"b\":3,\"c\":4}", "duplicate key at line 1 column 15"},
        {"[{\"x\":{\"b\":1,\"b\":1}}]", "duplicate key at line 1 column 15"},
        {"1e999", "number out of range at line 1 column 1"},
        {"-1e309", "number out of range at line 1 column 1"},
        {"[01]", "',' or ']' expected at line 1 column 3"},
        {"[1.]", "digits expected at line 1 column 4"},
        {"[.5]", "not a value at line 1 column 2"},
        {"[+1]", "not a value at line 1 column 2"},
        {"[1e]", "digits expected at line 1 column 4"},
        {"-", "ends too early at line 1 column 2"},
        {"1234567890123456789012345678901234567890123456789012345678901234",
         "number too long at line 1 column 1"},
        {"NaN", "not a value at line 1 column 1"},
        {"Infinity", "not a value at line 1 column 1"},
        {"True", "not a value at line 1 column 1"},
        {"nul", "not a value at line 1 column 1"},
        {"{\"a\":1,}", "string expected at line 1 column 8"},
        {"[1,]", "not a value at line 1 column 4"},
        {"[,1]", "not a value at line 1 column 2"},
        {"[1 2]", "',' or ']' expected at line 1 column 4"},
        {"{\"a\" 1}", "':' expected at line 1 column 6"},
        {"{a:1}", "string expected at line 1 column 2"},
        {"{'a':1}", "string expected at line 1 column 2"},
        {"{\"a\":1]", "',' or '}' expected at line 1 column 7"},
        {"[1}", "',' or ']' expected at line 1 column 3"},
        {"{\"a\":1", "ends too early at line 1 column 7"},
        {"\"abc", "ends too early at line 1 column 5"},
        {"\"abc\\", "ends too early at line 1 column 6"},
        {"\"\\x41\"", "unknown escape at line 1 column 2"},
        {"\"\\u12g4\"", "\\u needs four hexadecimal digits at line 1 column 2"},
        {"\"\\u12", "\\u needs four hexadecimal digits at line 1 column 2"},
        {"\"\\u0000\"", "NUL in a string at line 1 column 2"},
        {"\"\\ud83d\"", "half of a surrogate pair at line 1 column 2"},
        {"\"\\ude97\"", "half of a surrogate pair at line 1 column 2"},
        {"\"\\ud83d\\ud83d\"", "half of a surrogate pair at line 1 column 2"},
        {"\"a\nb\"", "control character in a string at line 1 column 3"},
        {"\"\xC0\xAF\"", "not UTF-8 at line 1 column 2"},
        {"\"\xED\xA0\x80\"", "not UTF-8 at line 1 column 2"},
        {"\"\xE5\x81\"", "not UTF-8 at line 1 column 2"},
        {"\xC2\xA0"
         "1",
         "not a value at line 1 column 1"},
        {"1 1", "bytes behind the value at line 1 column 3"},
        {"{}{}", "bytes behind the value at line 1 column 3"},
        {"// x\n1", "not a value at line 1 column 1"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested too deeply at line 1 column 17"},
        {"{\n  \"名\": tru\n}", "not a value at line 2 column 8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        struct json *tree = (struct json *)&why;
        int rc = json_parse(view_of(rows[i].text), &tree, &why);
        if (rc != ERR_SYNTAX || tree || strcmp(why.text, rows[i].why) != 0)
            fail_msg("%s: code %d, \"%s\"", rows[i].text, rc, why.text);
    }
    assert_int_equal(json_check((struct view){"[1\0]", 4}, NULL), ERR_SYNTAX);
    assert_int_equal(json_check((struct view){"1\0", 2}, NULL), ERR_SYNTAX);
    assert_int_equal(json_check((struct view){"\"a\0\"", 4}, NULL), ERR_SYNTAX);
}

/* Every prefix of a text is refused, from memory that ends where the view ends (for the sanitizer). */
static void reads_nothing_behind_the_view(void **state)
{
    (void)state;
    static const char text[] =
        "{\"k\\u0061\\ud83d\\ude97\":[-1.5e+3,true,false,null,\"停\\n\"],\"b\":{\"c\":0}}";
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        struct json *tree = NULL;
        int rc = json_parse((struct view){copy, n}, &tree, NULL);
        assert_int_equal(rc, n == sizeof text - 1 ? 0 : ERR_SYNTAX);
        json_free(tree);
        free(copy);
    }
}

static int64_t cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* 100 000 keys of one object, all different or the last one a repetition: far from quadratic (which takes
 * minutes). */
static void many_keys_cost_little(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8u << 20);
    buf_char(&b, '{');
    for (int i = 0; i < 100000; i++)
        buf_printf(&b, "%s\"%s%06d\":0", i ? "," : "", i % 2 ? "\\u006b" : "k", i);
    int64_t start = cpu_ms();
    buf_str(&b, "}");
    assert_int_equal(json_check(buf_get(&b), NULL), 0);
    b.n--;
    buf_str(&b, ",\"k000001\":0}");
    struct why why = {0};
    assert_int_equal(json_check(buf_get(&b), &why), ERR_SYNTAX);
    assert_non_null(strstr(why.text, "duplicate key"));
    assert_true(cpu_ms() - start < 5000);
    buf_fini(&b);
}

static void walks_a_tree(void **state)
{
    (void)state;
    struct json *t = parse(
        "{\"n\":null,\"b\":true,\"i\":-3,\"s\":\"停\\u8f66\",\"a\":[10,[],{}],\"o\":{\"a/b\":1,\"m~n\":2,"
        "\"\":3,\"0\":4}}");
    assert_int_equal(json_kind(t), JSON_OBJECT);
    assert_int_equal(json_size(t), 6);
    assert_int_equal(json_kind(json_get(t, "n")), JSON_NULL);
    assert_true(json_is(json_get(t, "b"), JSON_BOOL) && json_true(json_get(t, "b")));
    assert_true(view_is(json_text(json_get(t, "s")), "停车"));
    assert_int_equal(json_size(json_get(t, "s")), 0);
    assert_int_equal(json_size(json_get(t, "a")), 3);
    assert_null(json_get(t, "B"));
    assert_null(json_get(json_get(t, "a"), "x"));
    assert_null(json_get(NULL, "x"));
    assert_false(json_is(NULL, JSON_NULL));
    assert_true(json_text(json_get(t, "i")).n == 0 && json_text(NULL).n == 0 && json_number(NULL) == 0);

    const struct json *j = json_first(t);
    assert_true(view_is(json_key(j), "n"));
    size_t n = 0;
    for (; j; j = json_next(j))
        n++;
    assert_int_equal(n, 6);
    assert_true(json_key(json_first(json_get(t, "a"))).n == 0);
    assert_null(json_first(json_get(t, "s")));
    assert_null(json_first(json_at(t, VIEW("/a/1"))));
    json_free(t);
    json_free(NULL);
}

static void follows_pointers(void **state)
{
    (void)state;
    static const struct {
        const char *pointer;
        int value; /* -1: nothing is there */
    } rows[] = {
        {"/a/0", 10},
        {"/a/2/x", 12},
        {"/o/a~1b", 1},
        {"/o/m~0n", 2},
        {"/o/", 3},
        {"/o/0", 4},
        {"/a/3", -1},
        {"/a/-", -1},
        {"/a/-0", -1},
        {"/a/00", -1},
        {"/a/", -1},
        {"/a/0/0", -1},
        {"/o/m~n", -1},
        {"/o/m~2n", -1},
        {"/o/m~", -1},
        {"a", -1},
        {"/x", -1},
        {"/a/1e0", -1},
        {"/a/99999999999999999999", -1},
        {"/o/a/b", -1},
        {"/", -1},
        {"/a/4294967296", -1},
    };
    struct json *t = parse("{\"a\":[10,11,{\"x\":12}],\"o\":{\"a/b\":1,\"m~n\":2,\"\":3,\"0\":4}}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct json *j = json_at(t, view_of(rows[i].pointer));
        int value = j ? (int)json_number(j) : -1;
        if (value != rows[i].value)
            fail_msg("%s gives %d", rows[i].pointer, value);
    }
    assert_ptr_equal(json_at(t, VIEW("")), t);
    json_free(t);
}

static void integers_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"42.0", 0, 42},
        {"1e3", 0, 1000},
        {"9007199254740991", 0, 9007199254740991},
        {"-9007199254740991", 0, -9007199254740991},
        {"9007199254740992", ERR_RANGE, 0}, /* the same double as …993 */
        {"9007199254740993", ERR_RANGE, 0},
        {"1e300", ERR_RANGE, 0},
        {"0.5", ERR_RANGE, 0},
        {"-1.0000001", ERR_RANGE, 0},
        {"\"1\"", ERR_TYPE, 0},
        {"true", ERR_TYPE, 0},
        {"null", ERR_TYPE, 0},
        {"[1]", ERR_TYPE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *t = parse(rows[i].text);
        int64_t v = -77;
        int rc = json_int(t, INT64_MIN, INT64_MAX, &v);
        if (rc != rows[i].rc || v != (rc ? -77 : rows[i].value))
            fail_msg("%s: code %d, value %lld", rows[i].text, rc, (long long)v);
        json_free(t);
    }
    struct json *t = parse("65535");
    int64_t v = 0;
    assert_int_equal(json_int(t, 0, 65534, &v), ERR_RANGE);
    assert_int_equal(json_int(t, 65536, 70000, &v), ERR_RANGE);
    assert_int_equal(json_int(NULL, 0, 1, &v), ERR_TYPE);
    json_free(t);
}

static void typed_members_say_what_is_wrong(void **state)
{
    (void)state;
    struct json *t = parse("{\"n\":null,\"i\":7,\"f\":1.5,\"s\":\"abc\",\"b\":false,\"a\":[]}");
    struct why why = {0};
    int64_t i = -1;
    char s[4] = "zz";
    double d = -1;
    bool b = true;
    int e = -1;
    const struct json *node = t;
    static const char *const words[] = {"xyz", "abc", NULL};

    assert_int_equal(json_need_int(t, "i", 0, 9, &i, &why), 0);
    assert_int_equal(i, 7);
    assert_int_equal(json_need_int(t, "x", 0, 9, &i, &why), ERR_MISSING);
    assert_string_equal(why.at, "/x");
    assert_int_equal(json_need_int(t, "n", 0, 9, &i, &why), ERR_MISSING);
    assert_int_equal(json_want_int(t, "n", 0, 9, &i, &why), 0);
    assert_int_equal(json_want_int(NULL, "n", 0, 9, &i, NULL), 0);
    assert_int_equal(i, 7);
    assert_int_equal(json_want_int(t, "f", 0, 9, &i, &why), ERR_RANGE);
    assert_string_equal(why.text, "must be a whole number from 0 to 9");
    assert_int_equal(json_want_int(t, "s", 0, 9, &i, NULL), ERR_TYPE);

    assert_int_equal(json_need_str(t, "s", s, sizeof s, &why), 0);
    assert_string_equal(s, "abc");
    assert_int_equal(json_need_str(t, "s", s, 3, &why), ERR_RANGE);
    assert_string_equal(why.text, "longer than 2 bytes");
    assert_int_equal(json_want_str(t, "i", s, sizeof s, &why), ERR_TYPE);
    assert_int_equal(json_need_str(t, "x", s, sizeof s, &why), ERR_MISSING);

    assert_int_equal(json_want_real(t, "f", 0, 2, &d, &why), 0);
    assert_true(d > 1.4 && d < 1.6);
    assert_int_equal(json_want_real(t, "f", 2, 3, &d, &why), ERR_RANGE);
    assert_int_equal(json_want_real(t, "s", 2, 3, &d, &why), ERR_TYPE);
    assert_int_equal(json_want_bool(t, "b", &b, &why), 0);
    assert_false(b);
    assert_int_equal(json_want_bool(t, "i", &b, &why), ERR_TYPE);

    assert_int_equal(json_want_node(t, "a", JSON_ARRAY, &node, &why), 0);
    assert_non_null(node);
    assert_int_equal(json_want_node(t, "a", JSON_OBJECT, &node, &why), ERR_TYPE);
    assert_string_equal(why.text, "must be an object");
    assert_int_equal(json_want_node(t, "n", JSON_OBJECT, &node, &why), 0);
    assert_null(node);

    assert_int_equal(json_want_enum(t, "s", words, &e, &why), 0);
    assert_int_equal(e, 1);
    assert_int_equal(json_want_enum(t, "s", (const char *const[]){"up", "down", NULL}, &e, &why), ERR_RANGE);
    assert_string_equal(why.text, "must be one of up, down");
    assert_int_equal(json_want_enum(t, "i", words, &e, &why), ERR_TYPE);
    assert_int_equal(json_want_enum(t, "x", words, &e, &why), 0);
    assert_int_equal(e, 1);
    json_free(t);
}

static void unknown_keys_get_a_suggestion(void **state)
{
    (void)state;
    static const char *const names[] = {"listen_port", "interval_ms", "free", NULL};
    struct why why = {0};
    struct json *t = parse("{\"free\":1,\"intervall_ms\":2}");
    assert_int_equal(json_only(t, names, &why), ERR_UNKNOWN_KEY);
    assert_string_equal(why.at, "/intervall_ms");
    assert_string_equal(why.text, "unknown key, did you mean \"interval_ms\"?");
    json_free(t);
    t = parse("{\"a/b~c\":1}");
    assert_int_equal(json_only(t, names, &why), ERR_UNKNOWN_KEY);
    assert_string_equal(why.at, "/a~1b~0c");
    assert_string_equal(why.text, "unknown key");
    json_free(t);
    t = parse("{\"free\":1,\"listen_port\":2}");
    assert_int_equal(json_only(t, names, &why), 0);
    json_free(t);
    t = parse("[]");
    assert_int_equal(json_only(t, names, &why), ERR_TYPE);
    json_free(t);
    assert_string_equal(nearest_name(VIEW("fre"), names), "free");
    assert_string_equal(nearest_name(VIEW("listenport"), names), "listen_port");
    assert_null(nearest_name(VIEW("zzzz"), names));
    assert_null(nearest_name(VIEW(""), names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_json),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(reads_nothing_behind_the_view),
        cmocka_unit_test(many_keys_cost_little),
        cmocka_unit_test(walks_a_tree),
        cmocka_unit_test(follows_pointers),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(typed_members_say_what_is_wrong),
        cmocka_unit_test(unknown_keys_get_a_suggestion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
