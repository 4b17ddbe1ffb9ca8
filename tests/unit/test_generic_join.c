/* SPDX-License-Identifier: MIT
 * `generic` with further feeds: joined whole or lot by lot, kept, lost, given in a trial; and what a trace
 * knows.
 */
#include "generic_poll_test.h"

#include "dialect/doc.h"
#include "dialect/trace.h"

#define LIST "'mapping':{'lot':'/i','free':'/f'}"

/* ---- joins */

#define JOINED                                                                              \
    "{'mapping':{'lot':'/i','free':'/f','total':{'join':'static','on':'/i','take':'/cap'}," \
    "'name':{'join':'static','on':'/i','take':'/name'},"                                    \
    "'join':{'static':{'url':'/static','items':'/d','key':'/id'}}},'headers':{'X-Key':'k'}}"

static void a_second_feed_is_joined(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"https://lot.example/v1/list", 200, "[{'i':'A','f':1},{'i':2,'f':2},{'i':'C','f':3}]"},
        {"https://lot.example/static", 200,
         "{'d':[{'id':'A','cap':10,'name':'x'},{'id':2.0,'cap':'y'},{'cap':5},{'id':'A','cap':11}]}"},
        {0}};
    check_poll(
        JOINED, two_lots, answers,
        "GET https://lot.example/v1/list X-Key=k\nGET https://lot.example/static X-Key=k\n"
        "report 0 lot=A counts free=1 total=10\nreport 1 lot=2 counts free=2\nreport 2 lot=C counts free=3\n"
        "fault 1 lot=2 static:/d/1/cap: a count as text, which the mapping does not allow\n");
    static const struct answer lost[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','f':1}]"},
                                         {"https://lot.example/static", 503, "later"},
                                         {0}};
    check_poll(JOINED, two_lots, lost,
               "GET https://lot.example/v1/list X-Key=k\nGET https://lot.example/static X-Key=k\n"
               "error ERR_REFUSED static:: answered HTTP 503\n");
    static const struct answer broken[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','f':1}]"},
                                           {"https://lot.example/static", 200, "{'e':1}"},
                                           {0}};
    check_poll(JOINED, two_lots, broken,
               "GET https://lot.example/v1/list X-Key=k\nGET https://lot.example/static X-Key=k\n"
               "error ERR_NOT_FOUND static:/d: the items are not where the mapping looks\n");
    static const struct answer sums[] = {
        {"https://lot.example/v1/list", 200, "[{'i':'A','f':1,'parts':['a','b','z']}]"},
        {"https://other.example/s", 200, "[{'id':'a','n':3},{'id':'b','n':4}]"},
        {0}};
    check_poll("{'mapping':{'lot':'/i','free':{'join':'s','on':'/parts','take':'/n','do':'sum'},"
               "'join':{'s':{'url':'https://other.example/s','key':'/id'}}},'headers':{'X-Key':'secret'}}",
               two_lots, sums,
               "GET https://lot.example/v1/list X-Key=secret\nGET https://other.example/s\nreport 0 lot=A "
               "counts free=7\n");
    static const struct answer envelope[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','f':1}]"},
                                             {"https://lot.example/v1/meta", 200, "{'t':1700000000}"},
                                             {0}};
    check_poll("{'mapping':{'lot':'/i','free':'/f','time':{'join':'m','take':'/"
               "t','format':'s'},'join':{'m':{'url':'meta'}}}}",
               two_lots, envelope,
               "GET https://lot.example/v1/list\nGET https://lot.example/v1/meta\n"
               "report 0 lot=A counts free=1 time=2023-11-14T22:13:20Z\n");
}

static void a_join_is_kept_as_long_as_said(void **state)
{
    (void)state;
    struct registry *reg = lots_of_feed(two_lots);
    struct dialect_ctx ctx = test_ctx(reg);
    ctx.url = VIEW("https://lot.example/v1/list");
    struct dialect_session *s =
        open_params("{'mapping':{'lot':'/i','free':'/f','total':{'join':'s','on':'/i','take':'/n'},"
                    "'join':{'s':{'url':'/s','key':'/id','every_s':60}}}}");
    static const struct answer first[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','f':1}]"},
                                          {"https://lot.example/s", 200, "[{'id':'A','n':5}]"},
                                          {0}};
    static const struct answer second[] = {
        {"https://lot.example/v1/list", 200, "[{'i':'A','f':2}]"}, {"https://lot.example/s", 500, ""}, {0}};
    static const struct answer third[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','f':3}]"},
                                          {"https://lot.example/s", 200, "[{'id':'A','n':6}]"},
                                          {0}};
    expect_poll(
        s, &ctx, first,
        "GET https://lot.example/v1/list\nGET https://lot.example/s\nreport 0 lot=A counts free=1 total=5\n");
    ctx.now_ms += 59999;
    expect_poll(s, &ctx, second, "GET https://lot.example/v1/list\nreport 0 lot=A counts free=2 total=5\n");
    ctx.now_ms += 1;
    expect_poll(
        s, &ctx, second, /* the older one serves */
        "GET https://lot.example/v1/list\nGET https://lot.example/s\nreport 0 lot=A counts free=2 total=5\n");
    expect_poll(
        s, &ctx, third,
        "GET https://lot.example/v1/list\nGET https://lot.example/s\nreport 0 lot=A counts free=3 total=6\n");
    dialect_close(s);
    registry_free(reg);
}

#define DETAILED                                                                                \
    "{'mapping':{'let':{'N':'/no'},'lot':'/i','free':{'join':'d','take':'/free'},'total':'/t'," \
    "'join':{'d':{'url':'/lot/${lot}?no=${N}','single':true}}}}"

static void details_are_asked_for_lot_by_lot(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"https://lot.example/v1/list", 200,
         "[{'i':'A','no':7,'t':10},{'i':'X','no':8,'t':10},{'i':'B','no':9,'t':20}]"},
        {"https://lot.example/lot/A?no=7", 200, "{'free':3}"},
        {"https://lot.example/lot/B?no=9", 200, "{'free':4}"},
        {0}};
    check_poll(DETAILED, two_lots, answers, /* X is nobody's lot: it is not asked for */
               "GET https://lot.example/v1/list\nGET https://lot.example/lot/A?no=7\nGET "
               "https://lot.example/lot/B?no=9\n"
               "report 0 lot=A counts free=3 total=10\nreport 1 lot=X counts total=10\nreport 2 lot=B counts "
               "free=4 total=20\n");
    static const struct answer lost[] = {
        {"https://lot.example/v1/list", 200, "[{'i':'A','no':7,'t':10},{'i':'B','no':9,'t':20}]"},
        {"https://lot.example/lot/A?no=7", 404, "{}"},
        {"https://lot.example/lot/B?no=9", 200, "{'free':4}"},
        {0}};
    check_poll(DETAILED, two_lots, lost,
               "GET https://lot.example/v1/list\nGET https://lot.example/lot/A?no=7\nGET "
               "https://lot.example/lot/B?no=9\n"
               "report 0 lot=A counts total=10\nreport 1 lot=B counts free=4 total=20\n"
               "fault 0 lot=A /0: the joined message is not there\n");
    static const struct answer broken[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','no':7,'t':10}]"},
                                           {"https://lot.example/lot/A?no=7", 200, "<html>"},
                                           {0}};
    check_poll(DETAILED, two_lots, broken,
               "GET https://lot.example/v1/list\nGET https://lot.example/lot/A?no=7\nreport 0 lot=A counts "
               "total=10\n"
               "fault 0 lot=A /0: the joined message is not there\n");
}

static void more_details_than_requests(void **state)
{
    (void)state;
    struct registry *reg = registry_new();
    struct buf list, out;
    char id[16];
    buf_init(&list, 1 << 16);
    buf_init(&out, 1 << 16);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(id, sizeof id, "L%02d", i);
        add_lot(reg, id, "f1", id);
        buf_printf(&list, "%s{\"i\":\"%s\",\"t\":9}", i ? "," : "[", id);
    }
    buf_char(&list, ']');
    struct dialect_ctx ctx = test_ctx(reg);
    struct report_list reports;
    struct dialect_request req;
    struct why why = {0};
    bool more = true;
    int asked = 0;
    struct dialect_session *s = open_params(DETAILED);
    report_list_init(&reports);
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    for (; more; asked++) {
        dialect_request_fini(&req);
        struct dialect_response res = {200, {0}, asked ? VIEW("{\"free\":1}") : buf_get(&list)};
        if (dialect_decode(s, &ctx, &res, &reports, &req, &more, &why))
            fail_msg("%s", why.text);
    }
    assert_int_equal(asked, DIALECT_MAX_FOLLOW_UPS + 1);
    assert_int_equal(reports.n, 40);
    assert_int_equal(reports.v[31].free, 1);
    assert_true(reports.v[32].free == REPORT_NONE);
    assert_int_equal(reports.n_faults, 8);
    dialect_request_fini(&req);
    report_list_fini(&reports);
    dialect_close(s);
    registry_free(reg);
    buf_fini(&list);
    buf_fini(&out);
}

/* ---- trials */

static void a_sample_asks_for_nothing(void **state)
{
    (void)state;
    struct dialect_side sides[] = {{VIEW("static"), VIEW("{\"d\":[{\"id\":\"A\",\"cap\":10}]}")}};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct report_list list;
    struct dialect_request next;
    struct why why = {0};
    bool more;
    struct dialect_session *s = open_params(JOINED);
    struct dialect_response res = {200, {0}, VIEW("[{\"i\":\"A\",\"f\":1}]")};
    for (int given = 0; given < 3; given++) {
        report_list_init(&list);
        ctx.sides = sides;
        ctx.n_sides = given == 1;
        assert_int_equal(dialect_decode(s, &ctx, &res, &list, &next, &more, &why), 0);
        assert_false(more);
        assert_list(&list, given == 1 ? "report 0 lot=A counts free=1 total=10\n"
                                      : "report 0 lot=A counts free=1\n"
                                        "fault 0 lot=A /0: the joined message is not there\n"
                                        "fault 0 lot=A /0: the joined message is not there\n");
        report_list_fini(&list);
        dialect_request_fini(&next);
    }
    sides[0].body = VIEW("{\"e\":[]}");
    ctx.n_sides = 1;
    report_list_init(&list);
    assert_int_not_equal(dialect_decode(s, &ctx, &res, &list, &next, &more, &why), 0);
    assert_string_equal(why.at, "static:/d");
    report_list_fini(&list);
    dialect_close(s);
}

static void a_trace_knows_what_was_read(void **state)
{
    (void)state;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct report_list list;
    struct dialect_request next;
    struct why why = {0};
    bool more;
    struct dialect_session *s = open_params("{" LIST "}");
    struct dialect_response res = {200, {0}, VIEW("[{\"i\":\"A\",\"f\":1,\"reatime_updated\":\"x\"}]")};
    ctx.trace = dialect_trace_new();
    assert_null(trace_doc(ctx.trace));
    report_list_init(&list);
    assert_int_equal(dialect_decode(s, &ctx, &res, &list, &next, &more, &why), 0);
    const struct json *root = doc_root(trace_doc(ctx.trace)).j;
    assert_true(trace_has(ctx.trace, json_at(root, VIEW("/0/i"))));
    assert_true(trace_has(ctx.trace, json_at(root, VIEW("/0/f"))));
    assert_false(trace_has(ctx.trace, json_at(root, VIEW("/0/reatime_updated"))));
    assert_false(trace_has(ctx.trace, json_at(root, VIEW("/0"))));
    report_list_fini(&list);
    dialect_request_fini(&next);
    dialect_trace_free(ctx.trace);
    dialect_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_feed_is_joined),          cmocka_unit_test(a_join_is_kept_as_long_as_said),
        cmocka_unit_test(details_are_asked_for_lot_by_lot), cmocka_unit_test(more_details_than_requests),
        cmocka_unit_test(a_sample_asks_for_nothing),        cmocka_unit_test(a_trace_knows_what_was_read),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
