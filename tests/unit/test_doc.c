/* SPDX-License-Identifier: MIT
 * doc: JSON, forms and texts as trees; which charset counts; paths, places and parents; what is refused, in
 * words.
 */
#include "doc_test.h"

static const struct doc_spec json = {.format = DOC_JSON}, form = {.format = DOC_FORM},
                             text = {.format = DOC_TEXT};

static void reads_json_and_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *path, *found;
    } rows[] = {
        {"", "= "},
        {"/lots/1/id", "/lots/1/id=P2 "},
        {"$.lots[0].free", "/lots/0/free=7 "},
        {"$.lots[*].id", "/lots/0/id=P1 /lots/1/id=P2 "},
        {"$.lots[?@.id=='P2'].free", "/lots/1/free=-1 "},
        {"$['a/b']['c~d']", "/a~1b/c~0d=x "},
        {"$.none", "nothing"},
        {"/lots/7", "nothing"},
    };
    struct doc *d = read_doc(&json, (struct view){0},
                             VIEW("{\"lots\":[{\"id\":\"P1\",\"free\":7},{\"id\":\"P2\",\"free\":-1}],"
                                  "\"a/b\":{\"c~d\":\"x\"}}"));
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(found(&json, d, rows[i].path), rows[i].found);
    doc_free(d);
}

static void goes_on_from_a_node_and_up_again(void **state)
{
    (void)state;
    struct doc_node up;
    char place[80];
    struct doc *d =
        read_doc(&json, (struct view){0},
                 VIEW("{\"name\":\"city\",\"areas\":[[{\"name\":\"a\",\"lots\":[{\"id\":\"P1\"}]}]]}"));
    struct doc_node lot = node_at(&json, d, "/areas/0/0/lots/0");
    assert_string_equal(found_from(&json, d, lot, "@.id"), "/areas/0/0/lots/0/id=P1 ");
    assert_string_equal(found_from(&json, d, lot, "$.name"), "/name=city ");
    assert_true(doc_node_parent(d, lot, 1, &up));
    assert_string_equal(found_from(&json, d, up, "/name"), "/areas/0/0/name=a ");
    assert_true(doc_node_parent(d, node_at(&json, d, "/areas/0/0/lots/0/id"), 3, &up));
    assert_string_equal(found_from(&json, d, up, "/name"), "/name=city ");
    assert_false(doc_node_parent(d, lot, 3, &up));
    assert_false(doc_node_parent(d, doc_root(d), 1, &up));
    doc_node_place(d, lot, place, 10);
    assert_string_equal(place, "/areas/0/");
    doc_node_place(d, (struct doc_node){0}, place, sizeof place);
    assert_string_equal(place, "");
    doc_free(d);
}

static void a_node_of_elsewhere_has_no_place(void **state)
{
    (void)state;
    char place[40] = "x";
    struct doc *d = NULL, *other = NULL;
    struct doc_node up;
    assert_int_equal(doc_read_json(VIEW("{\"a\":[1]}"), &d, NULL), 0);
    assert_int_equal(doc_read_json(VIEW("{\"b\":1}"), &other, NULL), 0);
    doc_node_place(d, node_at(&json, other, "/b"), place, sizeof place);
    assert_string_equal(place, "");
    assert_false(doc_node_parent(d, node_at(&json, other, "/b"), 1, &up));
    doc_free(d);
    doc_free(other);
}

static void a_place_is_cut_between_characters(void **state)
{
    (void)state;
    char place[6];
    struct doc *d = NULL;
    assert_int_equal(doc_read_json(VIEW("{\"停车\":1}"), &d, NULL), 0);
    doc_node_place(d, node_at(&json, d, "/停车"), place, sizeof place);
    assert_string_equal(place, "/停");
    doc_free(d);
}

/* Results stay good while others are made. */
static void results_live_as_long_as_the_doc(void **state)
{
    (void)state;
    struct doc *d = NULL;
    struct doc_path *p = NULL;
    struct doc_result early, later;
    assert_int_equal(doc_read_json(VIEW("{\"v\":[1,2,3]}"), &d, NULL), 0);
    assert_int_equal(doc_path_compile(&json, VIEW("$.v[*]"), &p, NULL), 0);
    assert_int_equal(doc_path_eval(p, d, doc_root(d), &early, NULL), 0);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(doc_path_eval(p, d, doc_root(d), &later, NULL), 0);
    assert_int_equal(early.n, 3);
    assert_true(json_number(early.v[2].j) == 3);
    doc_path_free(p);
    doc_free(d);
}

static void results_of_one_doc_are_bounded(void **state)
{
    (void)state;
    struct doc *d = NULL;
    struct doc_path *p = NULL;
    struct doc_result r;
    struct why why = {0};
    struct view body = repeated("[0", ",0", 60000, "]");
    int err = 0;
    assert_int_equal(doc_read_json(body, &d, NULL), 0);
    assert_int_equal(doc_path_compile(&json, VIEW("$[*]"), &p, NULL), 0);
    for (int i = 0; i < 100 && !err; i++)
        err = doc_path_eval(p, d, doc_root(d), &r, &why);
    assert_int_equal(err, ERR_BUDGET);
    assert_string_equal(why.text, "the path looks at or finds more than is allowed");
    doc_path_free(p);
    doc_free(d);
    free((char *)body.p);
}

static void reads_forms(void **state)
{
    (void)state;
    static const struct {
        const char *charset, *body, *path, *found;
    } rows[] = {
        {"", "id=P+1&free=7&empty=&alone", "/id", "/id=P 1 "},
        {"", "id=P+1&free=7&empty=&alone", "/empty", "/empty= "},
        {"", "id=P+1&free=7&empty=&alone", "/alone", "/alone= "},
        {"", "a%2Fb=%E5%81%9C&&x=y=z\r\n", "/a~1b", "/a~1b=停 "},
        {"", "a%2Fb=%E5%81%9C&&x=y=z\r\n", "/x", "/x=y=z "},
        {"", "data=%7B%22a%22%3A1%7D", "/data", "/data={\"a\":1} "},
        {"GBK", "name=%CD%A3%B3%B5%B3%A1", "/name", "/name=停车场 "},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc_spec spec = form;
        (void)snprintf(spec.charset, sizeof spec.charset, "%s", rows[i].charset);
        struct doc *d = read_doc(&spec, (struct view){0}, view_of(rows[i].body));
        assert_string_equal(found(&spec, d, rows[i].path), rows[i].found);
        doc_free(d);
    }
}

static void reads_texts_as_lines(void **state)
{
    (void)state;
    struct doc *d = read_doc(&text, (struct view){0}, VIEW("\xEF\xBB\xBFPLADS=A\r\n\r\nANTAL=4\nend"));
    assert_int_equal(json_size(doc_root(d).j), 4);
    assert_string_equal(found(&text, d, "/0"), "/0=PLADS=A ");
    assert_string_equal(found(&text, d, "/1"), "/1= ");
    assert_string_equal(found(&text, d, "/3"), "/3=end ");
    doc_free(d);
}

/* 停 in the charsets, and who is believed. */
static void the_charset_is_said_never_guessed(void **state)
{
    (void)state;
    static const struct {
        enum doc_format format;
        const char *spec, *type;
        struct view body;
    } rows[] = {
        {DOC_JSON, "", "", BYTES("[\"\xE5\x81\x9C\"]")},
        {DOC_JSON, "", "", BYTES("\xEF\xBB\xBF[\"\xE5\x81\x9C\"]")},
        {DOC_JSON, "GBK", "", BYTES("[\"\xCD\xA3\"]")},
        {DOC_JSON, "GBK", "application/json; charset=UTF-8", BYTES("[\"\xCD\xA3\"]")},
        {DOC_JSON, "", "application/json; charset=gb2312", BYTES("[\"\xCD\xA3\"]")},
        {DOC_JSON, "", "", BYTES("\xFF\xFE[\0\"\0\x5C\x50\"\0]\0")},
        {DOC_JSON, "", "", BYTES("\xFE\xFF\0[\0\"\x50\x5C\0\"\0]")},
        {DOC_JSON, "UTF-16LE", "", BYTES("[\0\"\0\x5C\x50\"\0]\0")},
        {DOC_TEXT, "GB18030", "", BYTES("\xCD\xA3\n")},
        {DOC_TEXT, "", "text/plain;charset=\"GB18030\"", BYTES("\xCD\xA3\n")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc_spec spec = {.format = rows[i].format};
        (void)snprintf(spec.charset, sizeof spec.charset, "%s", rows[i].spec);
        struct doc *d = read_doc(&spec, view_of(rows[i].type), rows[i].body);
        assert_string_equal(found(&spec, d, "/0"), "/0=停 ");
        doc_free(d);
    }
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        enum doc_format format;
        const char *charset;
        struct view body;
        const char *why;
    } rows[] = {
        {DOC_JSON, "", {NULL, 0}, "empty body instead of json"},
        {DOC_JSON, "", BYTES(" \r\n"), "empty body instead of json"},
        {DOC_JSON, "", BYTES("<html><body>502</body>"), "HTML or XML instead of JSON"},
        {DOC_JSON, "", BYTES("\xEF\xBB\xBF\n<?xml version='1.0'?><a/>"), "HTML or XML instead of JSON"},
        {DOC_JSON, "", BYTES("{\"free\":7,\"tot"), "ends too early at line 1 column 15"},
        {DOC_JSON, "", BYTES("{\"free\":NaN}"), "not a value at line 1 column 9"},
        {DOC_JSON, "", BYTES("{\"free\":1e999}"), "number out of range at line 1 column 9"},
        {DOC_JSON, "", BYTES("{\"free\":1,\n\"free\":2}"), "duplicate key at line 2 column 2"},
        {DOC_JSON, "", BYTES("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), "nested too deeply at line 1 column 17"},
        {DOC_JSON, "", BYTES("[\"\xB3\xB5\"]"),
         "not UTF-8 at byte 3, and no other charset is named in the message or in \"charset\""},
        {DOC_JSON, "", BYTES("[1]\0"), "a NUL at byte 4"},
        {DOC_JSON, "GB18030", BYTES("[\"\xCD\xFF\"]"), "not GB18030 at byte 3, which the registration names"},
        {DOC_FORM, "", BYTES("{\"a\":1}"), "JSON instead of a form"},
        {DOC_FORM, "", BYTES("<?xml version='1.0'?>"), "HTML or XML instead of a form"},
        {DOC_FORM, "", BYTES("a=%G0"), "a broken %-escape at byte 3, in the field at byte 1"},
        {DOC_FORM, "", BYTES("x=1&a=%4"), "a broken %-escape at byte 7, in the field at byte 5"},
        {DOC_FORM, "", BYTES("a=%00"), "a NUL at byte 1, in the field at byte 1"},
        {DOC_FORM, "", BYTES("a=1&b=2&a=3"), "the field \"a\" stands twice, again at byte 9"},
        {DOC_FORM, "", BYTES("a=%B3%B5"),
         "not UTF-8 at byte 1, and no other charset is named in the message or in \"charset\", in the field "
         "at "
         "byte 1"},
        {DOC_TEXT, "", BYTES("a\0b"), "a NUL at byte 2"},
        {DOC_TEXT, "UTF-8", BYTES("\xF6\xAA\xBB\xBD"), "characters that are none in UTF-8"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc_spec spec = {.format = rows[i].format};
        (void)snprintf(spec.charset, sizeof spec.charset, "%s", rows[i].charset);
        assert_string_equal(fault_of(&spec, rows[i].body, ERR_SYNTAX), rows[i].why);
    }
}

static void an_unknown_charset_is_named(void **state)
{
    (void)state;
    struct doc *d = NULL;
    struct why why = {0};
    int err = doc_read(&json, VIEW("application/json; charset=klingon"), VIEW("[1]"), &d, &why);
    assert_int_equal(err, ERR_SYNTAX);
    assert_string_equal(why.text, "the unknown charset \"klingon\", which its Content-Type names");
}

static void bounds_what_is_huge(void **state)
{
    (void)state;
    struct view big = repeated("\"", "x", DOC_MAX_BODY, "\"");
    struct view lines = repeated("", "a\n", DOC_MAX_ROWS + 1, "");
    struct view fields = repeated("", "a&", 400, "");
    assert_string_equal(fault_of(&json, big, ERR_TOO_BIG), "4194306 bytes, more than 4194304");
    assert_string_equal(fault_of(&text, lines, ERR_TOO_BIG), "more than 65536 lines");
    assert_string_equal(fault_of(&form, fields, ERR_SYNTAX), "the field \"a\" stands twice, again at byte 3");
    free((char *)big.p);
    free((char *)lines.p);
    free((char *)fields.p);
}

static void bounds_the_fields_of_a_form(void **state)
{
    (void)state;
    char body[4000];
    size_t n = 0;
    for (int i = 0; i < 257; i++)
        n += (size_t)snprintf(body + n, sizeof body - n, "f%d=1&", i);
    assert_string_equal(fault_of(&form, (struct view){body, n}, ERR_TOO_BIG), "more than 256 fields");
}

static void paths_are_checked_when_they_are_compiled(void **state)
{
    (void)state;
    struct doc_path *p = NULL;
    struct why why = {0};
    struct view longish = repeated("/", "a", 1024, "");
    assert_int_equal(doc_path_compile(&json, VIEW("$.a["), &p, &why), ERR_SYNTAX);
    assert_null(p);
    assert_non_null(strstr(why.text, "at character"));
    assert_int_equal(doc_path_compile(&json, longish, &p, &why), ERR_SYNTAX);
    assert_string_equal(why.text, "a path of more than 1024 bytes");
    free((char *)longish.p);
}

static void a_path_of_another_format_is_refused(void **state)
{
    (void)state;
    static const struct doc_spec xml = {.format = DOC_XML};
    struct doc *d = NULL;
    struct doc_path *p = NULL;
    struct doc_result r;
    assert_int_equal(doc_read_json(VIEW("[1]"), &d, NULL), 0);
    assert_int_equal(doc_path_compile(&xml, VIEW("//a"), &p, NULL), 0);
    assert_int_equal(doc_path_eval(p, d, doc_root(d), &r, NULL), ERR_INVALID);
    doc_path_free(p);
    doc_path_free(NULL);
    doc_free(d);
    doc_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_json_and_says_where),
        cmocka_unit_test(goes_on_from_a_node_and_up_again),
        cmocka_unit_test(a_node_of_elsewhere_has_no_place),
        cmocka_unit_test(a_place_is_cut_between_characters),
        cmocka_unit_test(results_live_as_long_as_the_doc),
        cmocka_unit_test(results_of_one_doc_are_bounded),
        cmocka_unit_test(reads_forms),
        cmocka_unit_test(reads_texts_as_lines),
        cmocka_unit_test(the_charset_is_said_never_guessed),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(an_unknown_charset_is_named),
        cmocka_unit_test(bounds_what_is_huge),
        cmocka_unit_test(bounds_the_fields_of_a_form),
        cmocka_unit_test(paths_are_checked_when_they_are_compiled),
        cmocka_unit_test(a_path_of_another_format_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
