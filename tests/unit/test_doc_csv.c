/* SPDX-License-Identifier: MIT
 * doc, CSV: rows named by the heading or by position; rows in which numbers could stand in the wrong column
 * are refused with their line.
 */
#include "doc_test.h"

static const struct doc_spec csv = {.format = DOC_CSV}, semicolon = {.format = DOC_CSV, .delimiter = ';'},
                             bare = {.format = DOC_CSV, .no_heading = true},
                             tab = {.format = DOC_CSV, .delimiter = '\t', .quote = '\''};

static void reads_rows(void **state)
{
    (void)state;
    static const struct {
        const struct doc_spec *spec;
        const char *body, *path, *found;
    } rows[] = {
        {&csv, "id,free\nP1,7\nP2,-1\n", "/1/free", "/1/free=-1 "},
        {&csv, "id,free\r\nP1,7\r\nP2,-1", "/1/free", "/1/free=-1 "},
        {&csv, "\xEF\xBB\xBFid,free\nP1,7\n", "/0/id", "/0/id=P1 "},
        {&csv, "\n\nid,free\n\nP1,7\n\n", "/0/free", "/0/free=7 "},
        {&csv, "id,name\nP1,\"a \"\"b\"\", c\"\n", "/0/name", "/0/name=a \"b\", c "},
        {&csv, "id,name\nP1,\"two\nlines\"\nP2,x\n", "/0/name", "/0/name=two\nlines "},
        {&csv, "id , free\n P1 ,  7 \n", "/0/free", "/0/free=7 "},
        {&csv, "id,free\nP1,\n", "/0/free", "/0/free= "},
        {&csv, "a b,Kapazität\nx,7\n", "$[0]['a b']", "/0/a b=x "},
        {&csv, "a b,Kapazität\nx,7\n", "$[?@.Kapazität=='7']['a b']", "/0/a b=x "},
        {&semicolon, "\"Name\";\"Free\"\n\"P;1\";7\n", "/0/Name", "/0/Name=P;1 "},
        {&tab, "id\tname\n1\t'a\tb'\n", "/0/name", "/0/name=a\tb "},
        {&bare, "P1,7\nP2,8,9\n", "/1/2", "/1/2=9 "},
        {&bare, "P1,7\nP2,8,9\n", "/0/0", "/0/0=P1 "},
        /* what is empty at the end does not count */
        {&csv, "id,free,,\nP1,7\nP2,8,,\nP3,9,,,,\n", "$[*].free", "/0/free=7 /1/free=8 /2/free=9 "},
        {&csv, "id,,free\nP1,x,7\n", "/0/free", "/0/free=7 "},
        {&csv, "id,free\nP1,7\n,,\n,\nP2,8\n", "$[*].id", "/0/id=P1 /1/id=P2 "},
        {&csv, "id,free\n", "$[*]", "nothing"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc *d = read_doc(rows[i].spec, (struct view){0}, view_of(rows[i].body));
        assert_string_equal(found(rows[i].spec, d, rows[i].path), rows[i].found);
        doc_free(d);
    }
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    static const struct doc_spec same = {.format = DOC_CSV, .delimiter = '"'};
    static const struct doc_spec wide = {.format = DOC_CSV, .delimiter = '\xE5'};
    static const struct doc_spec line = {.format = DOC_CSV, .quote = '\n'};
    static const struct {
        const struct doc_spec *spec;
        int code;
        struct view body;
        const char *why;
    } rows[] = {
        {&csv, ERR_SYNTAX, BYTES("  "), "empty body instead of csv"},
        {&csv, ERR_SYNTAX, BYTES("\xEF\xBB\xBF\n"), "no heading"},
        {&csv, ERR_SYNTAX, BYTES("<!DOCTYPE html><html>"), "HTML or XML instead of csv"},
        {&csv, ERR_SYNTAX, BYTES("{\"message\":\"too many\"}"), "JSON instead of csv"},
        {&csv, ERR_SYNTAX, BYTES("id,free\nP1,7\nP2"), "line 3 has 1 fields, the heading 2"},
        {&csv, ERR_SYNTAX, BYTES("id,free\r\nP,1,7\r\n"), "line 2 has 3 fields, the heading 2"},
        {&csv, ERR_SYNTAX, BYTES("id,name\nP1,\"two\nlines\",3\n"), "line 2 has 3 fields, the heading 2"},
        {&csv, ERR_SYNTAX, BYTES("id;free\nP1;7,5\n"), "line 2 has 2 fields, the heading 1"},
        {&csv, ERR_SYNTAX, BYTES("id,free,id\nP1,7,8\n"),
         "the heading \"id\" stands twice, in columns 1 and 3"},
        {&csv, ERR_SYNTAX, BYTES("id,free\nP1,7\nP2,\"8\nP3,9\n"),
         "a quote of the row that begins at line 3 is not closed"},
        {&csv, ERR_SYNTAX, BYTES("id,free\nP1,7\nP2,8\"\n"), "a quote inside a field at line 3"},
        {&csv, ERR_SYNTAX, BYTES("id,free\nP1,\"7\"5\n"), "a quote inside a field at line 2"},
        {&csv, ERR_SYNTAX, BYTES("id,free\nP1,\0\n"), "a NUL at byte 12"},
        {&csv, ERR_SYNTAX, BYTES("id,free\n\xD6,7\n"),
         "not UTF-8 at byte 9, and no other charset is named in the message or in \"charset\""},
        {&wide, ERR_INVALID, BYTES("id\n"), "delimiter and quote are not two different ASCII characters"},
        {&line, ERR_INVALID, BYTES("id\n"), "delimiter and quote are not two different ASCII characters"},
        {&same, ERR_INVALID, BYTES("id\n"), "delimiter and quote are not two different ASCII characters"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(fault_of(rows[i].spec, rows[i].body, rows[i].code), rows[i].why);
}

static void reads_other_charsets(void **state)
{
    (void)state;
    struct doc_spec spec = {.format = DOC_CSV, .charset = "ISO-8859-1"};
    struct doc *d = read_doc(&spec, VIEW("text/csv; charset=utf-8"),
                             VIEW("id,state\nP\xFC,ge\xF6"
                                  "ffnet\n"));
    assert_string_equal(found(&spec, d, "/0/state"), "/0/state=geöffnet ");
    doc_free(d);
}

static void bounds_what_is_huge(void **state)
{
    (void)state;
    struct view wide = repeated("", "a,", 1000000, "\n"), named = repeated("x", ",", 1000000, "\n");
    struct view tall = repeated("id\n", "1\n", DOC_MAX_ROWS + 1, "");
    struct view cells = repeated("", "x,,,,,,,,,,,,,,,,,,,\n", 60000, "");
    struct view field = repeated("id\n\"", "x", 3000000, "\"\n");
    assert_string_equal(fault_of(&bare, wide, ERR_TOO_BIG), "line 1 has more than 256 fields");
    assert_string_equal(fault_of(&csv, named, ERR_TOO_BIG), "line 1 has more than 256 fields");
    assert_string_equal(fault_of(&csv, tall, ERR_TOO_BIG), "more than 65536 rows");
    assert_string_equal(fault_of(&bare, cells, ERR_TOO_BIG), "more than 500000 fields, at line 25001");
    struct view most = repeated("1", ",1", DOC_MAX_COLUMNS - 1, "\n"),
                over = repeated("1", ",1", DOC_MAX_COLUMNS, "\n");
    assert_string_equal(fault_of(&bare, over, ERR_TOO_BIG), "line 1 has more than 256 fields");
    doc_free(read_doc(&bare, (struct view){0}, most));
    struct doc *d = read_doc(&csv, (struct view){0}, field);
    assert_int_equal(doc_node_text(d, node_at(&csv, d, "/0/id")).n, 3000000);
    doc_free(d);
    free((char *)wide.p);
    free((char *)named.p);
    free((char *)tall.p);
    free((char *)cells.p);
    free((char *)field.p);
    free((char *)most.p);
    free((char *)over.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(reads_other_charsets),
        cmocka_unit_test(bounds_what_is_huge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
