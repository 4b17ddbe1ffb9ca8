/* SPDX-License-Identifier: MIT
 * The dialect `generic`: what a mapping may say, what its mistakes are called, and what each field does with
 * good and bad values.
 */
#include "generic_test.h"

#define LONG  "0123456789012345678901234567890123456789012345678901234567890123"
#define PLAIN "{\"lot\":\"/id\",\"free\":\"/f\",\"total\":\"/t\"}"
#define TEXTS                                        \
    "{\"lot\":\"/id\",\"free\":\"/f\",\"total\":\"/" \
    "t\",\"numbers\":{\"text\":true,\"thousands\":\",\",\"unknown\":[\"-\",-1]}}"

static void finds_items(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {PLAIN, "{\"id\":\"A\",\"f\":1}", "report 0 lot=A counts free=1\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1},{\"id\":\"B\",\"f\":2}]",
         "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n"},
        {PLAIN, "[]", ""},
        {PLAIN, "{\"x\":{\"id\":\"A\",\"f\":1},\"y\":{\"id\":\"B\",\"f\":2}}",
         "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n"},
        {"{\"items\":\"/d/l\",\"lot\":\"/id\",\"free\":\"/f\"}", "{\"d\":{\"l\":[{\"id\":\"A\",\"f\":1}]}}",
         "report 0 lot=A counts free=1\n"},
        {"{\"items\":\"/d\",\"lot\":{\"key\":true},\"free\":\"/f\"}",
         "{\"d\":{\"A\":{\"f\":1},\"B\":{\"f\":\"x\"}}}",
         "report 0 lot=A counts free=1\nfault 1 lot=B /d/B/f: a count as text, which the mapping does not "
         "allow\n"},
        {"{\"items\":\"/d\",\"single\":true,\"lot\":{\"const\":\"A\"},\"free\":\"/f/value\"}",
         "{\"d\":{\"f\":{\"value\":7}}}", "report 0 lot=A counts free=7\n"},
        {"{\"lot\":{\"path\":\"/park\",\"root\":true},\"items\":\"/areas\",\"free\":\"/f\"}",
         "{\"park\":\"A\",\"areas\":[{\"f\":1}]}", "report 0 lot=A counts free=1\n"},
        {"{\"items\":\"/a~1b/c~0d\",\"lot\":\"/id \",\"free\":\"/f\"}",
         "{\"a/b\":{\"c~d\":[{\"id \":\"A\",\"f\":1}]}}", "report 0 lot=A counts free=1\n"},
        {"{\"items\":\"/d\",\"lot\":\"/id\"}", "{}",
         "error ERR_PROTOCOL /d: the items are not where the mapping looks\n"},
        {"{\"items\":\"/d\",\"lot\":\"/id\"}", "{\"d\":null}",
         "error ERR_TYPE /d: neither a list nor an object\n"},
        {"{\"items\":\"/d\",\"lot\":\"/id\"}", "{\"d\":\"x\"}",
         "error ERR_TYPE /d: neither a list nor an object\n"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void refuses_answers_that_are_none(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {PLAIN, "", "error ERR_SYNTAX : empty body instead of json\n"},
        {PLAIN, " \r\n", "error ERR_SYNTAX : empty body instead of json\n"},
        {PLAIN, "<!DOCTYPE html><html>", "error ERR_SYNTAX : HTML or XML instead of JSON\n"},
        {"{\"success\":{\"path\":\"/code\",\"equals\":[\"0\",0,200]},\"items\":\"/d\",\"lot\":\"/"
         "id\",\"free\":\"/f\"}",
         "{\"code\":200,\"d\":[{\"id\":\"A\",\"f\":1}]}", "report 0 lot=A counts free=1\n"},
        {"{\"success\":{\"path\":\"/code\",\"equals\":[\"0\",0,200]},\"items\":\"/d\",\"lot\":\"/"
         "id\",\"free\":\"/f\"}",
         "{\"code\":\"0\",\"d\":[{\"id\":\"A\",\"f\":1}]}", "report 0 lot=A counts free=1\n"},
        {"{\"success\":{\"path\":\"/code\",\"equals\":[0],\"message\":\"/msg\"},\"items\":\"/d\",\"lot\":\"/"
         "id\"}",
         "{\"code\":401,\"msg\":\"no key\",\"d\":[{\"id\":\"A\"}]}",
         "error ERR_REFUSED /code: the envelope says 401: no key\n"},
        {"{\"success\":{\"path\":\"/code\",\"equals\":[0]},\"lot\":\"/id\"}", "{\"code\":\"00\"}",
         "error ERR_REFUSED /code: the envelope says 00\n"},
        {"{\"success\":{\"path\":\"/ok\",\"equals\":[true]},\"lot\":\"/id\"}", "{\"ok\":false}",
         "error ERR_REFUSED /ok: the envelope says false\n"},
        {"{\"success\":{\"path\":\"/ok\",\"equals\":[true]},\"lot\":\"/id\"}", "{}",
         "error ERR_REFUSED /ok: the envelope does not say that it succeeded\n"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void reads_lots(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {PLAIN, "[{\"id\":4.0,\"f\":1}]", "report 0 lot=4 counts free=1\n"},
        {PLAIN, "[{\"id\":\"007\",\"f\":1}]", "report 0 lot=007 counts free=1\n"},
        {PLAIN, "[{\"id\":\" A \",\"f\":1}]", "report 0 lot=A counts free=1\n"},
        {PLAIN, "[{\"id\":9007199254740991,\"f\":1}]", "report 0 lot=9007199254740991 counts free=1\n"},
        {PLAIN, "[{\"id\":9007199254740993,\"f\":1}]", "fault 0 lot= /0/id: the lot cannot be named\n"},
        {PLAIN, "[{\"id\":1.5,\"f\":1}]", "fault 0 lot= /0/id: the lot cannot be named\n"},
        {PLAIN, "[{\"f\":1}]", "fault 0 lot= /0/id: the lot cannot be named\n"},
        {PLAIN, "[{\"id\":\"\",\"f\":1}]", "fault 0 lot= /0/id: the lot cannot be named\n"},
        {PLAIN, "[{\"id\":[],\"f\":1},{\"id\":\"B\",\"f\":2}]",
         "report 1 lot=B counts free=2\nfault 0 lot= /0/id: the lot cannot be named\n"},
        {PLAIN, "[{\"id\":\"" LONG LONG "\",\"f\":1}]", "fault 0 lot= /0/id: the lot's id is too long\n"},
        {PLAIN, "[7]", "fault 0 lot= /0/id: the lot cannot be named\n"},
        {"{\"lot\":\"/id\",\"free\":\"/f\",\"filter\":[{\"path\":\"/k\",\"equals\":[\"park\",1]}]}",
         "[{\"id\":\"A\",\"f\":1,\"k\":\"park\"},{\"id\":\"B\",\"f\":2,\"k\":\"shop\"},{\"id\":\"C\",\"f\":3,"
         "\"k\":1},"
         "{\"id\":\"D\",\"f\":4,\"k\":\"1\"},{\"id\":\"E\",\"f\":5}]",
         "report 0 lot=A counts free=1\nreport 2 lot=C counts free=3\nreport 3 lot=D counts free=4\n"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void reads_counts(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {PLAIN, "[{\"id\":\"A\",\"f\":-3,\"t\":10}]", "report 0 lot=A counts free=-3 total=10\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":null,\"t\":10}]", "report 0 lot=A counts total=10\n"},
        {PLAIN, "[{\"id\":\"A\",\"t\":10}]", "report 0 lot=A counts total=10\n"},
        {PLAIN, "[{\"id\":\"A\"}]", "report 0 lot=A counts\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1260.0}]", "report 0 lot=A counts free=1260\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":\"37\"}]",
         "fault 0 lot=A /0/f: a count as text, which the mapping does not allow\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1.5}]", "fault 0 lot=A /0/f: not a count\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":true}]", "fault 0 lot=A /0/f: not a count\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":65535}]", "fault 0 lot=A /0/f: out of range\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":-65535}]", "fault 0 lot=A /0/f: out of range\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1e300}]", "fault 0 lot=A /0/f: not a count\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1,\"t\":\"x\"}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/t: a count as text, which the mapping does not "
         "allow\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1,\"t\":-1}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/t: out of range\n"},
        {PLAIN, "[{\"id\":\"A\",\"f\":1,\"t\":1000000}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/t: out of range\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\" 37 \",\"t\":\"1,260\"}]",
         "report 0 lot=A counts free=37 total=1260\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"-5\",\"t\":\"1260.0\"}]",
         "report 0 lot=A counts free=-5 total=1260\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"-\",\"t\":10}]", "report 0 lot=A counts total=10\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"\",\"t\":10}]", "report 0 lot=A counts total=10\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":-1,\"t\":10}]", "report 0 lot=A counts total=10\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"-1\",\"t\":10}]", "report 0 lot=A counts total=10\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"12,5\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\",125\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"1234,567\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"1,,000\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"1.9\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"-0\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"0x10\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"1e3\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"12 34\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"\xe6\xbb\xa1\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"4294967301\"}]", "fault 0 lot=A /0/f: out of range\n"},
        {TEXTS, "[{\"id\":\"A\",\"f\":\"99999999999999999999\"}]", "fault 0 lot=A /0/f: not a count\n"},
        {"{\"lot\":\"/id\",\"free\":{\"path\":\"/f\",\"default\":5}}", "[{\"id\":\"A\"}]",
         "report 0 lot=A counts free=5\n"},
        {"{\"lot\":\"/id\",\"free\":{\"const\":0},\"open\":\"/o\"}", "[{\"id\":\"A\",\"o\":3}]",
         "report 0 lot=A counts free=0 open=3\n"},
        {"{\"lot\":\"/id\",\"occupied\":\"/o\",\"total\":\"/t\",\"derive\":\"total-occupied\"}",
         "[{\"id\":\"A\",\"o\":3,\"t\":10}]", "report 0 lot=A counts free=7 total=10 occupied=3 +derived\n"},
        {"{\"lot\":\"/id\",\"occupied\":\"/o\",\"open\":\"/p\",\"total\":\"/"
         "t\",\"derive\":\"open-occupied\"}",
         "[{\"id\":\"A\",\"o\":9,\"t\":10,\"p\":8}]",
         "report 0 lot=A counts free=-1 open=8 total=10 occupied=9 +derived\n"},
        {"{\"lot\":\"/id\",\"occupied\":\"/o\",\"total\":\"/t\"}", "[{\"id\":\"A\",\"o\":3,\"t\":10}]",
         "report 0 lot=A counts total=10 occupied=3\n"},
        {"{\"lot\":\"/id\",\"occupied\":\"/o\"}", "[{\"id\":\"A\",\"o\":\"x\"}]",
         "fault 0 lot=A /0/o: a count as text, which the mapping does not allow\nfault 0 lot=A /0: says "
         "nothing\n"},
        {"{\"lot\":\"/id\",\"free\":\"/f\",\"classes\":{\"charging\":{\"free\":\"/cf\",\"total\":\"/ct\"}}}",
         "[{\"id\":\"A\",\"f\":1,\"cf\":2,\"ct\":\"x\"}]",
         "report 0 lot=A counts free=1 charging: free=2\nfault 0 lot=A /0/ct: a count as text, which the "
         "mapping does not allow\n"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

#define TIMED(time)    "{\"lot\":\"/id\",\"free\":\"/f\",\"time\":" time "}"
#define STATED(status) "{\"lot\":\"/id\",\"free\":\"/f\",\"status\":" status "}"

static void reads_words_and_times(void **state)
{
    (void)state;
    static const struct reading_row rows[] = {
        {STATED("\"/s\""), "[{\"id\":\"A\",\"f\":1,\"s\":\"open\"}]",
         "report 0 lot=A counts free=1 status=open\n"},
        {STATED("\"/s\""), "[{\"id\":\"A\",\"f\":1}]", "report 0 lot=A counts free=1\n"},
        {STATED("\"/s\""), "[{\"id\":\"A\",\"f\":1,\"s\":\"besetzt\"}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/s: a status that the mapping does not know\n"},
        {STATED("{\"path\":\"/"
                "s\",\"map\":{\"1\":\"open\",\"0\":\"closed\",\"true\":\"open\"},\"default\":\"unknown\"}"),
         "[{\"id\":\"A\",\"f\":1,\"s\":1},{\"id\":\"B\",\"f\":1,\"s\":\"0\"},{\"id\":\"C\",\"f\":1,\"s\":"
         "true},"
         "{\"id\":\"D\",\"f\":1,\"s\":7},{\"id\":\"E\",\"f\":1}]",
         "report 0 lot=A counts free=1 status=open\nreport 1 lot=B counts free=1 status=closed\n"
         "report 2 lot=C counts free=1 status=open\nreport 3 lot=D counts free=1\nreport 4 lot=E counts "
         "free=1\n"},
        {TIMED("\"/t\""), "[{\"id\":\"A\",\"f\":1,\"t\":\"2026-11-22T08:00:00Z\"}]",
         "report 0 lot=A counts free=1 time=2026-11-22T08:00:00Z\n"},
        {TIMED("\"/t\""), "[{\"id\":\"A\",\"f\":1,\"t\":\"2026-11-22 16:00:00\"}]",
         "report 0 lot=A counts free=1 time=2026-11-22T08:00:00Z\n"},
        {TIMED("{\"path\":\"/t\",\"format\":\"iso\",\"zone\":\"UTC\"}"),
         "[{\"id\":\"A\",\"f\":1,\"t\":\"2026-11-22 16:00:00\"}]",
         "report 0 lot=A counts free=1 time=2026-11-22T16:00:00Z\n"},
        {TIMED("{\"path\":\"/t\",\"format\":\"s\"}"),
         "[{\"id\":\"A\",\"f\":1,\"t\":1700000000},{\"id\":\"B\",\"f\":1,\"t\":\"1700000000\"}]",
         "report 0 lot=A counts free=1 time=2023-11-14T22:13:20Z\nreport 1 lot=B counts free=1 "
         "time=2023-11-14T22:13:20Z\n"},
        {TIMED("{\"path\":\"/t\",\"format\":\"ms\"}"), "[{\"id\":\"A\",\"f\":1,\"t\":1700000000123}]",
         "report 0 lot=A counts free=1 time=2023-11-14T22:13:20.123Z\n"},
        {TIMED("{\"path\":\"/t\",\"format\":\"%Y%m%d%H%M%S\"}"),
         "[{\"id\":\"A\",\"f\":1,\"t\":20261122160000}]",
         "report 0 lot=A counts free=1 time=2026-11-22T08:00:00Z\n"},
        {TIMED("{\"path\":\"/at\",\"root\":true,\"format\":\"s\"},\"items\":\"/d\""),
         "{\"at\":1700000000,\"d\":[{\"id\":\"A\",\"f\":1}]}",
         "report 0 lot=A counts free=1 time=2023-11-14T22:13:20Z\n"},
        {TIMED("{\"path\":\"/at\",\"root\":true,\"format\":\"s\"},\"items\":\"/d\""),
         "{\"at\":\"x\",\"d\":[{\"id\":\"A\",\"f\":1}]}",
         "report 0 lot=A counts free=1\nfault 0 lot=A /at: not a time in the mapping's format\n"},
        {TIMED("{\"path\":\"/t\",\"format\":\"s\"}"), "[{\"id\":\"A\",\"f\":1,\"t\":0}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/t: not a time in the mapping's format\n"},
        {TIMED("{\"path\":\"/t\",\"format\":\"ms\"}"), "[{\"id\":\"A\",\"f\":1,\"t\":1e300}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/t: not a time in the mapping's format\n"},
        {TIMED("\"/t\""), "[{\"id\":\"A\",\"f\":1,\"t\":\"\"},{\"id\":\"B\",\"f\":1,\"t\":null}]",
         "report 0 lot=A counts free=1\nreport 1 lot=B counts free=1\n"},
        {TIMED("\"/t\""), "[{\"id\":\"A\",\"f\":1,\"t\":\"2026-02-30T00:00:00Z\"}]",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/t: not a time in the mapping's format\n"},
        {TIMED("null"), "[{\"id\":\"A\",\"f\":1}]", "report 0 lot=A counts free=1\n"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

static void polls_with_what_is_registered(void **state)
{
    (void)state;
    struct dialect_request req;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s =
        open_session(ds, "generic", "{\"mapping\":" PLAIN ",\"headers\":{\"X-Api-Key\":\"k\"}}");
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_string_equal(req.url, "https://lot.example/");
    assert_string_equal(req.method, "");
    assert_string_equal(header_of(&req, "x-api-key"), "k");
    assert_int_equal(req.body.n, 0);
    dialect_request_fini(&req);
    ctx.url = VIEW("ftp://lot.example/");
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), ERR_INVALID);
    dialect_close(s);
    ctx = test_ctx(NULL);
    s = open_session(ds, "generic", "{\"mapping\":" PLAIN ",\"method\":\"POST\",\"body\":\"{\\\"a\\\":1}\"}");
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_string_equal(req.method, "POST");
    assert_string_equal(req.body.p, "{\"a\":1}");
    dialect_request_fini(&req);
    dialect_close(s);
}

static void receives_by_the_same_mapping(void **state)
{
    (void)state;
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s = open_session(ds, "generic", "{\"mapping\":" PLAIN "}");
    struct dialect_inbound in = {
        .method = VIEW("POST"), .path = VIEW("/v1/ingest/f1"), .body = VIEW("{\"id\":\"A\",\"f\":4}")};
    report_list_init(&list);
    assert_int_equal(dialect_receive(s, &ctx, &in, &list, &reply, &why), 0);
    assert_list(&list, "report 0 lot=A counts free=4\n");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body.p, "{\"code\":0}");
    assert_string_equal(reply.content_type, "application/json");
    dialect_reply_fini(&reply);
    in.body = VIEW("id=A&f=4");
    assert_int_equal(dialect_receive(s, &ctx, &in, &list, &reply, &why), ERR_SYNTAX);
    assert_int_equal(list.n, 1);
    dialect_reply_fini(&reply);
    report_list_fini(&list);
    dialect_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_items),
        cmocka_unit_test(refuses_answers_that_are_none),
        cmocka_unit_test(reads_lots),
        cmocka_unit_test(reads_counts),
        cmocka_unit_test(reads_words_and_times),
        cmocka_unit_test(polls_with_what_is_registered),
        cmocka_unit_test(receives_by_the_same_mapping),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
