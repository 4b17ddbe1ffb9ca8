/* SPDX-License-Identifier: MIT
 * doc, XML and HTML: local names, charsets, XPath with all that can be wrong in it, and documents made to
 * hurt.
 */
#include "doc_test.h"

#include <pthread.h>

static const struct doc_spec xml = {.format = DOC_XML}, html = {.format = DOC_HTML};
static const struct doc_spec gml = {
    .format = DOC_XML, .ns = {{"g", "urn:gml"}, {"other", "urn:other"}}, .n_ns = 2};

#define FEED                                                                                             \
    "<?xml version='1.0'?>\n<n:feed xmlns:n='urn:a' xmlns:g='urn:gml'>\n"                                \
    " <n:lot id=' P1 ' n:kind='car'><n:free>7</n:free><g:pos>30.1 120.2</g:pos></n:lot>\n"               \
    " <n:lot id='P2'><n:free> <!-- night -->-1<![CDATA[5]]> </n:free><late:note>x</late:note></n:lot>\n" \
    " <n:lot id='P3' xml:lang='de'/>\n</n:feed>"

static void reads_xml_by_local_names(void **state)
{
    (void)state;
    static const struct {
        const char *path, *found;
    } rows[] = {
        {"//lot[1]/free", "/feed/lot[1]/free=7 "},
        {"/feed/lot/@id", "/feed/lot[1]/@id=P1 /feed/lot[2]/@id=P2 /feed/lot[3]/@id=P3 "},
        {"//lot[@kind='car']/pos", "/feed/lot[1]/pos=30.1 120.2 "},
        {"//lot[2]/free", "/feed/lot[2]/free=-15 "},
        {"//note", "/feed/lot[2]/note=x "},
        {"//@xml:lang", "/feed/lot[3]/@xml:lang=de "},
        {"//lot[3]/free", "nothing"},
        {"count(//lot)", "number:3"},
        {"count(//lot[2]/free/text())", "number:1"},
        {"number('x')", "nothing"},
        {"string(//lot[1]/@id)", "text:P1"},
        {"concat(//lot[1]/free, '/', //lot[2]/@id)", "text:7/P2"},
        {"//lot[1]/free > 5", "bool:1"},
        {"//lot[1]/free | //lot[1]/@id", "/feed/lot[1]/@id=P1 /feed/lot[1]/free=7 "},
        {"//lot[last()]/@id", "/feed/lot[3]/@id=P3 "},
        {"/feed/lot[1]/free/text()", "/feed/lot[1]/free/text()=7 "},
        {"sum(//lot/free[. > 0])", "number:7"},
    };
    struct doc *d = read_doc(&xml, (struct view){0}, VIEW(FEED));
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(found(&xml, d, rows[i].path), rows[i].found);
    doc_free(d);
}

static void a_named_namespace_stays(void **state)
{
    (void)state;
    struct doc *d = read_doc(&gml, (struct view){0}, VIEW(FEED));
    assert_string_equal(found(&gml, d, "//g:pos"), "/feed/lot[1]/g:pos=30.1 120.2 ");
    assert_string_equal(found(&gml, d, "//pos"), "nothing");
    assert_string_equal(found(&gml, d, "//lot[1]/free"), "/feed/lot[1]/free=7 ");
    doc_free(d);
}

static void goes_on_from_a_node_and_up_again(void **state)
{
    (void)state;
    struct doc_node up, lot;
    struct doc *d = read_doc(&xml, (struct view){0}, VIEW(FEED));
    lot = node_at(&xml, d, "//lot[2]");
    assert_string_equal(found_from(&xml, d, lot, "free"), "/feed/lot[2]/free=-15 ");
    assert_string_equal(found_from(&xml, d, lot, "@id"), "/feed/lot[2]/@id=P2 ");
    assert_string_equal(found_from(&xml, d, lot, "."), "/feed/lot[2]=-15 x ");
    assert_string_equal(found_from(&xml, d, lot, "../lot[1]/free"), "/feed/lot[1]/free=7 ");
    assert_string_equal(found_from(&xml, d, lot, "/feed/lot[1]/free"), "/feed/lot[1]/free=7 ");
    assert_true(doc_node_parent(d, node_at(&xml, d, "//lot[2]/@id"), 1, &up));
    assert_ptr_equal(up.x, lot.x);
    assert_true(doc_node_parent(d, lot, 1, &up));
    assert_string_equal(found_from(&xml, d, up, "name(.)"), "text:feed");
    assert_false(doc_node_parent(d, lot, 2, &up));
    assert_false(doc_node_parent(d, doc_root(d), 1, &up));
    doc_free(d);
}

static void the_charset_is_said_never_guessed(void **state)
{
    (void)state;
    static const struct {
        const struct doc_spec *spec;
        const char *charset, *type;
        struct view body;
    } rows[] = {
        {&xml, "", "", BYTES("<a>\xE5\x81\x9C</a>")},
        {&xml, "", "", BYTES("<a>&#x505C;</a>")},
        {&xml, "", "", BYTES("\xEF\xBB\xBF<?xml version='1.0' encoding='GBK'?><a>\xE5\x81\x9C</a>")},
        {&xml, "", "", BYTES("<?xml version='1.0' encoding='gb2312'?><a>\xCD\xA3</a>")},
        {&xml, "", "text/xml; charset=iso-8859-1",
         BYTES("\r\n <?xml version = \"1.0\" encoding = \"GB18030\" ?><a>\xCD\xA3</a>")},
        {&xml, "", "text/xml; charset=GBK", BYTES("<?xml version='1.0'?><a>\xCD\xA3</a>")},
        {&xml, "GB18030", "text/xml; charset=utf-8",
         BYTES("<?xml version='1.0' encoding='UTF-8'?><a>\xCD\xA3</a>")},
        {&xml, "", "", BYTES("<?xml version='1.0' encoding='utf-16'?><a>\xE5\x81\x9C</a>")},
        {&xml, "", "", BYTES("\xFF\xFE<\0a\0>\0\x5C\x50<\0/\0a\0>\0")},
        {&xml, "", "",
         BYTES("\0<\0?\0x\0m\0l\0 \0v\0e\0r\0s\0i\0o\0n\0=\0'\0001\0.\0000\0'\0?\0>\0<\0a\0>"
               "\x50\x5C\0<\0/\0a\0>")},
        {&html, "", "", BYTES("<p><a>\xE5\x81\x9C</a>")},
        {&html, "", "", BYTES("<html><head><meta charset=gbk></head><a>\xCD\xA3</a></html>")},
        {&html, "", "",
         BYTES("<META name='x' content='y'><META HTTP-EQUIV='Content-Type' "
               "CONTENT='text/html; charset=gb2312'><a>\xCD\xA3</a>")},
        {&html, "", "text/html; charset=gbk", BYTES("<meta charset='utf-8'><a>\xCD\xA3</a>")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc_spec spec = *rows[i].spec;
        (void)snprintf(spec.charset, sizeof spec.charset, "%s", rows[i].charset);
        struct doc *d = read_doc(&spec, view_of(rows[i].type), rows[i].body);
        assert_string_equal(found(&spec, d, "string(//a)"), "text:停");
        doc_free(d);
    }
}

static void a_place_is_cut_between_characters(void **state)
{
    (void)state;
    char place[6];
    struct doc *d = read_doc(&xml, (struct view){0}, VIEW("<停车/>"));
    doc_node_place(d, node_at(&xml, d, "/*"), place, sizeof place);
    assert_string_equal(place, "/停");
    doc_free(d);
}

static void reads_html_as_it_is_written(void **state)
{
    (void)state;
    struct doc *d = read_doc(&html, (struct view){0},
                             VIEW("\n<!DOCTYPE html><body><table><tr><td>P1<td>&nbsp;28&nbsp;/&nbsp;40 <tr>"
                                  "<td>P2</td><td class=x>?</table><p>a<br>b<script>if (a<b) </p></script>"
                                  "<img src=x onerror='1'>&unknown; &Uuml;"));
    assert_string_equal(found(&html, d, "//tr/td[1]"), "/html/body/table/tr[1]/td[1]=P1 "
                                                       "/html/body/table/tr[2]/td[1]=P2 ");
    assert_string_equal(found(&html, d, "//tr[1]/td[2]"), "/html/body/table/tr[1]/td[2]=28\xC2\xA0/\xC2\xA0"
                                                          "40 ");
    assert_string_equal(found(&html, d, "//td[@class='x']"), "/html/body/table/tr[2]/td[2]=? ");
    assert_string_equal(found(&html, d, "count(//tr)"), "number:2");
    doc_free(d);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const struct doc_spec *spec;
        int code;
        struct view body;
        const char *why;
    } rows[] = {
        {&xml, ERR_SYNTAX, {NULL, 0}, "empty body instead of xml"},
        {&xml, ERR_SYNTAX, BYTES("\xEF\xBB\xBF"), "not well-formed at line 1: Document is empty"},
        {&xml, ERR_SYNTAX, BYTES("{\"code\":429}"), "JSON instead of xml"},
        {&html, ERR_SYNTAX, BYTES("[]"), "JSON instead of html"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE html><html><body><br></body></html>"), "HTML instead of XML"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a SYSTEM \"x\"><a>1&b;2</a>"),
         "not well-formed at line 1: Entity 'b' not defined"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a SYSTEM \"x\"><a c='1&b;2'/>"),
         "not well-formed at line 1: Entity 'b' not defined"},
        {&html, ERR_SYNTAX, BYTES("<!DOCTYPE html><HTML><body><table><tr><td>P1<td>2"),
         "the page ends before its </html>"},
        {&xml, ERR_SYNTAX, BYTES("<a>\n<b>7</b>\n<c"),
         "not well-formed at line 3: Couldn't find end of Start Tag c line 3"},
        {&xml, ERR_SYNTAX, BYTES("<a>\n<b>7</b>\n"),
         "not well-formed at line 2: Premature end of data in tag a line 1"},
        {&xml, ERR_SYNTAX, BYTES("<a></a><b/>"),
         "not well-formed at line 1: Extra content at the end of the document"},
        {&xml, ERR_SYNTAX, BYTES("<a>\n</b>"),
         "not well-formed at line 2: Opening and ending tag mismatch: a line 1 and b"},
        {&xml, ERR_SYNTAX, BYTES("<a b='1' b='2'/>"), "not well-formed at line 1: Attribute b redefined"},
        {&xml, ERR_SYNTAX, BYTES("<a>&nbsp;</a>"), "not well-formed at line 1: Entity 'nbsp' not defined"},
        {&xml, ERR_SYNTAX, BYTES("<a>\0</a>"), "a NUL at byte 4"},
        {&xml, ERR_SYNTAX, BYTES("<a>\x01</a>"), "not well-formed at line 1: PCDATA invalid Char value 1"},
        {&xml, ERR_SYNTAX, BYTES("<a>\xB3\xB5</a>"),
         "not UTF-8 at byte 4, and no other charset is named in the message or in \"charset\""},
        {&xml, ERR_SYNTAX, BYTES("<?xml version='1.0' encoding='klingon'?><a/>"),
         "the unknown charset \"klingon\", which its XML declaration names"},
        {&html, ERR_SYNTAX, BYTES("<meta charset=\xB7-8>"),
         "the unknown charset \"…\", which its meta element names"},
        {&xml, ERR_SYNTAX, BYTES("<?xml version='1.0' encoding='GBK'?><a>\xFF</a>"),
         "not GBK at byte 40, which its XML declaration names"},
        {&html, ERR_SYNTAX, BYTES("<!-- nothing -->"), "no element in it"},
        /* bombs and files */
        {&xml, ERR_SYNTAX,
         BYTES("<!DOCTYPE a [\n<!ENTITY l 'lol'>\n<!ENTITY m '&l;&l;&l;&l;&l;&l;&l;&l;'>]>\n<a>&m;</a>"),
         "declares an entity at line 2, which is not allowed"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>"),
         "declares an entity at line 1, which is not allowed"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1/x.dtd'> %x;]><a/>"),
         "declares an entity at line 1, which is not allowed"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a [<!NOTATION n SYSTEM 'n'><!ENTITY x SYSTEM 'x' NDATA n>]><a/>"),
         "declares an entity at line 1, which is not allowed"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a [<!ATTLIST b c CDATA 'long'>]><a><b/><b/></a>"),
         "declares an attribute at line 1, which is not allowed"},
        {&xml, ERR_SYNTAX, BYTES("<!DOCTYPE a [<!ATTLIST b c (x|y) 'x'>]><a><b/><b/></a>"),
         "declares an attribute at line 1, which is not allowed"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        assert_string_equal(fault_of(rows[i].spec, rows[i].body, rows[i].code), rows[i].why);
}

/* The words of a DTD elsewhere are not looked for, and an inclusion is an element like others. */
static void nothing_is_fetched(void **state)
{
    (void)state;
    struct doc *d = read_doc(&xml, (struct view){0},
                             VIEW("<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a><xi:include "
                                  "xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/hostname' "
                                  "parse='text'/></a>"));
    assert_string_equal(found(&xml, d, "string(/a)"), "text:");
    assert_string_equal(found(&xml, d, "/a/include/@parse"), "/a/include/@parse=text ");
    doc_free(d);
}

static void words_are_cut_between_characters(void **state)
{
    (void)state;
    for (size_t n = 50; n < 56; n++) {
        char unit[] = "\xE5\x81\x9C", head[16];
        (void)snprintf(head, sizeof head, "<%.*s", (int)(n % 3), "ab");
        struct view body = repeated(head, unit, n + 50, "></x>");
        assert_true(view_is_utf8(view_of(fault_of(&xml, body, ERR_SYNTAX))));
        free((char *)body.p);
    }
}

static void bounds_what_is_huge(void **state)
{
    (void)state;
    static const char *const words[] = {
        "nested more than 256 deep at line 1",
        "nested more than 256 deep at line 1",
        "more than 65536 tags",
        "more than 65536 nodes",
        "tags of too many attributes",
    };
    static const struct doc_spec *const specs[] = {&xml, &html, &xml, &xml, &html};
    struct view bodies[] = {
        repeated("", "<a>", 10000, ""),         repeated("", "<div>", 10000, ""),
        repeated("<a>", "<b/>", 70000, "</a>"), repeated("<a>", "<b c='1'/>", 40000, "</a>"),
        repeated("<a ", "b ", 20000, ">"),
    };
    for (size_t i = 0; i < ROWS(bodies); i++) {
        assert_string_equal(fault_of(specs[i], bodies[i], ERR_TOO_BIG), words[i]);
        free((char *)bodies[i].p);
    }
    struct view good = repeated("<z>", "<a>", 254, "");
    assert_non_null(strstr(fault_of(&xml, good, ERR_SYNTAX), "Premature end"));
    free((char *)good.p);
}

static void results_of_one_doc_are_bounded(void **state)
{
    (void)state;
    struct view lots = repeated("<a>", "<b/>", 60000, "</a>");
    struct doc_path *p = NULL;
    struct doc_result r;
    struct why why = {0};
    int err = 0;
    struct doc *d = read_doc(&xml, (struct view){0}, lots);
    assert_int_equal(doc_path_compile(&xml, VIEW("//b"), &p, NULL), 0);
    for (int i = 0; i < 100 && !err; i++)
        err = doc_path_eval(p, d, doc_root(d), &r, &why);
    assert_int_equal(err, ERR_BUDGET);
    assert_string_equal(why.text, "the XPaths of the mapping find more than is allowed");
    doc_path_free(p);
    doc_free(d);
    free((char *)lots.p);
}

/* Steps that libxml2 counts as one, whatever they cost. */
#define B8 "<b/><b/><b/><b/><b/><b/><b/><b/>"
static void an_xpath_has_a_limit_of_time(void **state)
{
    (void)state;
    struct view body = repeated("<a>" B8 B8 B8 "<c>", "0123456789", 200000, "</c></a>");
    struct doc_path *dear = NULL, *cheap = NULL;
    struct doc_result r;
    struct why why = {0};
    struct doc *d = read_doc(&xml, (struct view){0}, body);
    char text[900] = "count(//b[string(//c) = '1'";
    for (int i = 0; i < 30; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), " or //b[string(//c) = '%d']", i);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "])");
    assert_int_equal(doc_path_compile(&xml, view_of(text), &dear, &why), 0);
    assert_int_equal(doc_path_compile(&xml, VIEW("count(//b)"), &cheap, NULL), 0);
    assert_int_equal(doc_path_eval(dear, d, doc_root(d), &r, &why), ERR_BUDGET);
    assert_int_equal(doc_path_eval(cheap, d, doc_root(d), &r, &why), 0);
    assert_true(r.number == 24);
    doc_path_free(dear);
    doc_path_free(cheap);
    doc_free(d);
    free((char *)body.p);
}

static void an_xpath_has_a_limit_of_steps(void **state)
{
    (void)state;
    struct view body = repeated("<a>", "<b/>", 3000, "</a>");
    struct doc_path *dear = NULL, *cheap = NULL;
    struct doc_result r;
    struct why why = {0};
    int err = 0;
    struct doc *d = read_doc(&xml, (struct view){0}, body);
    assert_int_equal(doc_path_compile(&xml, VIEW("//b[count(//b[count(//b) = 1]) = 1]"), &dear, NULL), 0);
    assert_int_equal(doc_path_compile(&xml, VIEW("/a/b[1]"), &cheap, NULL), 0);
    assert_int_equal(doc_path_eval(dear, d, doc_root(d), &r, &why), ERR_BUDGET);
    assert_string_equal(why.text, "the XPath takes more than 2000000 steps");
    assert_int_equal(doc_path_eval(cheap, d, doc_root(d), &r, &why), 0);
    for (int i = 0; i < 100 && strstr(why.text, "the XPath takes"); i++)
        err = doc_path_eval(dear, d, doc_root(d), &r, &why);
    assert_int_equal(err, ERR_BUDGET);
    assert_string_equal(why.text, "the XPaths of the mapping take more than 40000000 steps");
    doc_path_free(dear);
    doc_path_free(cheap);
    doc_free(d);
    free((char *)body.p);
}

static void faults_of_an_xpath_show_when_it_is_compiled(void **state)
{
    (void)state;
    static const struct {
        const char *path, *why;
    } rows[] = {
        {"", "an empty XPath; '.' is the node itself"},
        {"$.lots[*]",
         "XPath, at character 1: '$' means nothing here: XML and HTML are read by XPath, not JSONPath"},
        {"//lot[", "XPath, at character 7: not an XPath expression"},
        {"//lot[1", "XPath, at character 8: ']' expected"},
        {"//停[", "XPath, at character 5: not an XPath expression"},
        {"//lot[@id='P1]", "XPath, at character 15: a text that is not closed"},
        {"//lot[upper-case(@id)='P1']", "XPath, at character 7: an unknown function"},
        {"//lot[g:pos]", "XPath, at character 7: a prefix that is not among the namespaces"},
        {"//lot/namespace :: *", "XPath, at character 7: the namespace axis is not understood"},
        {"count('x')", "XPath: an operand of the wrong kind"},
        {"substring('x')", "XPath: a function with the wrong number of arguments"},
        {"//lot[document('file:///etc/passwd')]", "XPath, at character 7: an unknown function"},
        {"//lot)", "XPath, at character 6: not an XPath expression"},
        {"\xFF", "XPath: not UTF-8"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc_path *p = NULL;
        struct why why = {0};
        assert_int_equal(doc_path_compile(&xml, view_of(rows[i].path), &p, &why), ERR_SYNTAX);
        assert_string_equal(why.text, rows[i].why);
        assert_null(p);
    }
}

static void what_is_an_xpath_compiles(void **state)
{
    (void)state;
    static const char *const rows[] = {
        ".",
        "/",
        "//lot[div (2) = 1 and (3 div (1) > 0) or not(text())]",
        "//g:lot[child::g:pos/@other:x]",
        "ancestor-or-self::*[processing-instruction('x')]",
        "string-length(normalize-space(\"it's $a\")) mod (2)",
        "@xml:lang",
        "//停车场[开放 = '是']",
        "translate(., 'abc', 'ABC')",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct doc_path *p = NULL;
        struct why why = {0};
        if (doc_path_compile(&gml, view_of(rows[i]), &p, &why))
            fail_msg("%s: %s", rows[i], why.text);
        doc_path_free(p);
    }
}

static void nests_a_path_no_deeper_than_it_can(void **state)
{
    (void)state;
    struct doc_path *p = NULL;
    struct view brackets = repeated("", "(", 1000, ""), filters = repeated("a", "[a", 500, "");
    assert_int_equal(doc_path_compile(&xml, brackets, &p, NULL), ERR_SYNTAX);
    assert_int_equal(doc_path_compile(&xml, filters, &p, NULL), ERR_SYNTAX);
    free((char *)brackets.p);
    free((char *)filters.p);
}

static void *read_many(void *arg)
{
    size_t *good = arg;
    for (int i = 0; i < 200; i++) {
        struct doc *d = NULL;
        struct why why = {0};
        bool bad = doc_read(&xml, (struct view){0}, VIEW("<a><b></a>"), &d, &why) == ERR_SYNTAX;
        if (!bad || doc_read(&xml, (struct view){0}, VIEW(FEED), &d, &why))
            continue;
        struct doc_path *p = NULL;
        struct doc_result r;
        if (doc_path_compile(&xml, VIEW("//lot/@id"), &p, &why) == 0 &&
            doc_path_eval(p, d, doc_root(d), &r, &why) == 0 && r.n == 3)
            ++*good;
        doc_path_free(p);
        doc_free(d);
    }
    return NULL;
}

static void reads_in_several_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t good[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &good[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(good[0] + good[1] + good[2] + good[3], 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_several_threads), /* the first to start libxml2 */
        cmocka_unit_test(reads_xml_by_local_names),
        cmocka_unit_test(a_named_namespace_stays),
        cmocka_unit_test(goes_on_from_a_node_and_up_again),
        cmocka_unit_test(the_charset_is_said_never_guessed),
        cmocka_unit_test(a_place_is_cut_between_characters),
        cmocka_unit_test(reads_html_as_it_is_written),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(nothing_is_fetched),
        cmocka_unit_test(words_are_cut_between_characters),
        cmocka_unit_test(bounds_what_is_huge),
        cmocka_unit_test(results_of_one_doc_are_bounded),
        cmocka_unit_test(an_xpath_has_a_limit_of_steps),
        cmocka_unit_test(an_xpath_has_a_limit_of_time),
        cmocka_unit_test(faults_of_an_xpath_show_when_it_is_compiled),
        cmocka_unit_test(what_is_an_xpath_compiles),
        cmocka_unit_test(nests_a_path_no_deeper_than_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
