/* SPDX-License-Identifier: MIT
 * What the host functions of interface 1.1 must withstand: XPaths, messages and loops whose work would not
 * end. Every attack ends as an error of the call, soon; and what is due to a large feed still fits. Attacks
 * on the language itself stand in test_sandbox.c.
 */
#include "sandbox_test.h"

#define ROWS(rows) rows, sizeof rows / sizeof *rows

/* A document of a kilobyte a time, with texts that are worth comparing. */
#define MANY "local s = '<r>' .. ('<a>xy</a><b>xy</b>'):rep(10000) .. '</r>' local d = xml.parse(s) "
#define LONG                                                                                             \
    "local x = ('x'):rep(300000) local d = xml.parse('<r><a>' .. x .. '</a><b>' .. x:sub(1, 150000) .. " \
    "'y</b></r>') "
#define FOREVER(code) "while true do pcall(function() " code " end) end"

static void harm_ends_soon(void **state)
{
    (void)state;
    static const struct mistake rows[] = {
        {"parsing XML", "local s = '<r>' .. ('<a/>'):rep(10000) .. '</r>' " FOREVER("xml.parse(s)"),
         ERR_BUDGET},
        {"parsing HTML", "local s = ('<p>x'):rep(10000) " FOREVER("html.parse(s)"), ERR_BUDGET},
        {"parsing CSV", "local s = ('a,b\\n'):rep(10000) " FOREVER("csv.parse(s, {heading = false})"),
         ERR_BUDGET},
        {"parsing what is none", FOREVER("xml.parse('<a>')"), ERR_BUDGET},
        {"many small documents", "local t = {} " FOREVER("t[#t + 1] = xml.parse('<a/>')"), ERR_BUDGET},
        {"small tables", FOREVER("csv.parse('a\\n1\\n')"), ERR_BUDGET},
        {"a table of commas", "return #csv.parse((','):rep(1 << 21), {heading = false})", ERR_BUDGET},
        {"all nodes", MANY FOREVER("d:all('//a')"), ERR_BUDGET},
        {"all nodes, kept", MANY "local t = {} while true do t[#t + 1] = d:all('//a') end", ERR_BUDGET},
        {"first nodes", MANY FOREVER("d:first('//b')"), ERR_BUDGET},
        {"counting", MANY FOREVER("d:number('count(//a)')"), ERR_BUDGET},
        {"the whole text", MANY FOREVER("d:text()"), ERR_BUDGET},
        {"places", MANY "local b = d:first('//b[10000]') or d:first('//b[last()]') " FOREVER("b:place()"),
         ERR_BUDGET},
        {"new paths", "local d = xml.parse('<a/>') local i = 0 " FOREVER("i = i + 1 d:text('a' .. i)"),
         ERR_BUDGET},
        {"wrong paths", "local d = xml.parse('<a/>') " FOREVER("d:text('//[')"), ERR_BUDGET},
        {"descendants of descendants", MANY FOREVER("d:text('count(//*//*)')"), ERR_BUDGET},
        {"siblings of siblings", MANY FOREVER("d:text('count(//a/following-sibling::b)')"), ERR_BUDGET},
        {"the union of two large sets", MANY FOREVER("d:text('count(//a | //b)')"), ERR_BUDGET},
        {"each compared with each", MANY FOREVER("d:text('//a != //b')"), ERR_BUDGET},
        {"the whole text for each node", MANY FOREVER("d:text(\"//a[contains(string(/), 'zz')]\")"),
         ERR_BUDGET},
        {"the whole text compared with each", MANY FOREVER("d:text(\"//a[/ = 'xy']\")"), ERR_BUDGET},
        {"the whole text as a number", MANY FOREVER("d:text('//a[/ < 3]')"), ERR_BUDGET},
        {"a long text in a long text", LONG FOREVER("d:text('contains(//a, //b)')"), ERR_BUDGET},
        {"a long text before a long text", LONG FOREVER("d:text('substring-before(//a, //b)')"), ERR_BUDGET},
        {"a long text after a long text", LONG FOREVER("d:text('substring-after(//a, //b)')"), ERR_BUDGET},
        {"a long text translated",
         LONG FOREVER("d:text('translate(//b, translate(//a, \"x\", \"z\"), \"\")')"), ERR_BUDGET},
        {"texts that grow", LONG FOREVER("d:text('concat(' .. ('/,'):rep(400) .. '/)')"), ERR_BUDGET},
        {"texts of texts",
         LONG FOREVER("d:text('string-length(normalize-space(translate(/, \"x\", \"y\")))')"), ERR_BUDGET},
        {"predicates in predicates", MANY FOREVER("d:text('//a[//a[//a[//a]]]')"), ERR_BUDGET},
        {"AES", "local s = ('x'):rep(1000000) " FOREVER("aes.encrypt('cbc', '0123456789abcdef', s)"),
         ERR_BUDGET},
        {"SM4", "local s = ('x'):rep(1000000) " FOREVER("sm4.encrypt('ecb', '0123456789abcdef', s)"),
         ERR_BUDGET},
        {"SM2", FOREVER("sm2.sign('3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8', 'x')"),
         ERR_BUDGET},
        {"keys that are none", FOREVER("sm2.verify('x', 'y', 'z')"), ERR_BUDGET},
        {"charsets", "local s = ('x'):rep(1000000) " FOREVER("charset.decode('utf-16', s)"), ERR_BUDGET},
        {"unknown charsets", FOREVER("charset.decode('x' .. random.uuid():sub(1, 4), 'x')"), ERR_BUDGET},
        {"zones",
         "local t, i = {'Europe/Berlin', 'Asia/Tokyo', 'Europe/Paris', 'America/New_York', 'Asia/Urumqi', "
         "'Europe/London', 'Asia/Hong_Kong', 'Australia/Sydney', 'Africa/Cairo'}, 0 "
         "while true do i = i % 9 + 1 time.format(0, '%F', t[i]) end",
         ERR_BUDGET},
        {"zones that are none", FOREVER("time.format(0, '%F', 'Mars/Base')"), ERR_BUDGET},
        /* Refused at once. */
        {"attributes",
         "local t = {} for i = 1, 100000 do t[i] = 'a' .. i .. '=\"\"' end "
         "xml.parse('<r ' .. table.concat(t, ' ') .. '/>')",
         ERR_TOO_BIG},
        {"attributes of HTML",
         "local t = {} for i = 1, 30000 do t[i] = 'a' .. i end html.parse('<r ' .. table.concat(t, ' '))",
         ERR_TOO_BIG},
        {"nodes", "xml.parse('<r>' .. ('<a/>'):rep(100000) .. '</r>')", ERR_TOO_BIG},
        {"attributes of many", "xml.parse('<r>' .. ('<a b=\"\" c=\"\"/>'):rep(60000) .. '</r>')",
         ERR_TOO_BIG},
        {"depth", "xml.parse(('<a>'):rep(1000))", ERR_TOO_BIG},
        {"rows", "csv.parse(('1\\n'):rep(70000), {heading = false})", ERR_TOO_BIG},
        {"columns", "csv.parse((','):rep(300))", ERR_TOO_BIG},
        {"entities of entities",
         "xml.parse('<!DOCTYPE a [<!ENTITY b \"' .. ('x'):rep(1000) .. '\"><!ENTITY c \"&b;&b;&b;\">]>"
         "<a>&c;</a>')",
         ERR_SYNTAX},
    };
    assert_mistakes(ROWS(rows));
    /* None of these documents is itself too much. */
    static const struct answer answers[] = {
        {MANY "return d:number('count(//a | //b)')", "20000"},
        {LONG "return d:number('string-length(//a)')", "300000"},
    };
    assert_answers(ROWS(answers));
}

/* Nine tenths of the budget, in plain instructions that take no time worth naming. */
#define MOST "for i = 1, 3600000 do end "

/* Each unit of work costs steps by itself: the ceiling of CPU time is not what ends it, on a slow machine
 * neither. */
static void work_is_charged(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "local d = xml.parse('<a/>') local i = 0 " MOST FOREVER("i = i + 1 d:text('a' .. i)"),
        MANY "for i = 1, 3200000 do end for i = 1, 30 do d:number('count(//a)') end",
        "local i = 0 " MOST FOREVER("i = i % 9 + 1 time.format(0, '%F', ('Europe/Berlin'):sub(1, i))"),
        MOST FOREVER("charset.decode('x', 'x')"),
        "local s = ('x'):rep(1000000) " MOST FOREVER("aes.encrypt('cbc', '0123456789abcdef', s)"),
        MOST "for i = 1, 6 do "
             "sm2.sign('3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8', 'x') end",
        MOST FOREVER("xml.parse('<a>')"),
        "local s = ('a\\n'):rep(1000) " MOST FOREVER("csv.parse(s)"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[64];
        struct why why = {0};
        assert_int_equal(attack(rows[i], rows[i], body, sizeof body, &why), ERR_BUDGET);
        if (strcmp(why.text, "test.lua: too many steps") != 0)
            fail_msg("%s: %s", rows[i], why.text);
    }
}

/* Decodes `body` with this code, which returns reports. */
static int decode(const char *code, struct view body, size_t *n_reports, struct why *why)
{
    char source[1024];
    (void)snprintf(source, sizeof source,
                   "return {name='test', poll=function() end, decode=function(ctx, response) %s end}", code);
    struct dialects *ds = load_text(source);
    struct dialect_session *s = open_session(ds, "test", "{}");
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_response res = {.status = 200, .body = body};
    struct dialect_request next;
    struct report_list list;
    bool more = false;
    report_list_init(&list);
    dialect_request_init(&next);
    int err = dialect_decode(s, &ctx, &res, &list, &next, &more, why);
    *n_reports = list.n;
    dialect_request_fini(&next);
    report_list_fini(&list);
    dialect_close(s);
    dialects_free(ds);
    return err;
}

/* What is due to a large body: every lot of a city, five fields each. */
static void large_feeds_fit_the_budget(void **state)
{
    (void)state;
    enum { LOTS = 4000 };
    size_t n = 0;
    struct why why = {0};
    struct buf xml, csv;
    buf_init(&xml, 1 << 22);
    buf_init(&csv, 1 << 22);
    buf_str(&xml, "<feed>");
    buf_str(&csv, "id,name,free,total,time\n");
    for (int i = 0; i < LOTS; i++) {
        buf_printf(&xml,
                   "<lot id=\"%d\"><name>Lot number %d</name><free>%d</free><total>100</total>"
                   "<time>2026-11-22T08:00:00Z</time></lot>\n",
                   i, i, i % 100);
        buf_printf(&csv, "%d,Lot number %d,%d,100,2026-11-22T08:00:00Z\n", i, i, i % 100);
    }
    buf_str(&xml, "</feed>");
    static const char read_xml[] = "local r = {} for i, l in ipairs(xml.parse(response.body):all('//lot')) "
                                   "do r[i] = {lot = l:text('@id'), "
                                   "free = l:number('free'), total = l:number('total'), time = "
                                   "time.parse(l:text('time'), 'iso')} end return r";
    static const char read_csv[] = "local r = {} for i, l in ipairs(csv.parse(response.body)) do r[i] = {lot "
                                   "= l.id, free = count(l.free), "
                                   "total = count(l.total), time = time.parse(l.time, 'iso')} end return r";
    if (decode(read_xml, buf_get(&xml), &n, &why))
        fail_msg("%s", why.text);
    assert_int_equal(n, LOTS);
    if (decode(read_csv, buf_get(&csv), &n, &why))
        fail_msg("%s", why.text);
    assert_int_equal(n, LOTS);
    buf_fini(&xml);
    buf_fini(&csv);
}

/* A table that Lua could hold, but whose tree could be several times as large. */
static void tables_count_before_they_are_read(void **state)
{
    (void)state;
    size_t n = 0;
    struct why why = {0};
    struct buf body;
    buf_init(&body, DIALECT_MAX_BODY);
    for (int i = 0; i < 300000; i++)
        buf_str(&body, i % 100 == 99 ? "1\n" : "1,");
    assert_int_equal(decode("csv.parse(response.body, {heading = false}) return {{lot = 'a', free = 1}}",
                            buf_get(&body), &n, &why),
                     ERR_BUDGET);
    assert_string_equal(why.text, "test.lua: too much memory");
    buf_fini(&body);
}

/* All documents of a call together are no larger than a body may be. */
static void documents_are_bounded_together(void **state)
{
    (void)state;
    size_t n = 0;
    struct why why = {0};
    struct buf body;
    buf_init(&body, DIALECT_MAX_BODY);
    buf_str(&body, "<a>");
    while (body.n < 3u << 20)
        buf_str(&body, "0123456789abcdef");
    buf_str(&body, "</a>");
    assert_int_equal(
        decode("xml.parse(response.body) return {{lot = 'a', free = 1}}", buf_get(&body), &n, &why), 0);
    assert_int_equal(n, 1);
    assert_int_equal(
        decode("local b = response.body return {xml.parse(b), xml.parse(b)}", buf_get(&body), &n, &why),
        ERR_TOO_BIG);
    assert_string_equal(why.text, "documents of more than 4194304 bytes in a call");
    buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harm_ends_soon),
        cmocka_unit_test(work_is_charged),
        cmocka_unit_test(large_feeds_fit_the_budget),
        cmocka_unit_test(tables_count_before_they_are_read),
        cmocka_unit_test(documents_are_bounded_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
