/* SPDX-License-Identifier: MIT
 * `generic` asks and is told: what a request looks like, pages and chunks of ids, what a push is answered.
 */
#include "generic_poll_test.h"

#define LIST "'mapping':{'lot':'/i','free':'/f'}"

static void requests_are_filled_in(void **state)
{
    (void)state;
    static const struct answer get[] = {
        {"https://lot.example/v1/list?t=1700000000&d=2023-11-15%2006%3A13&k=a%26b", 200, "[]"}, {0}};
    check_poll(
        "{" LIST
        ",'query':{'t':'${now_s}','d':'${time:%Y-%m-%d %H:%M}','k':'a&b'},'headers':{'X-T':'${now_ms}'}}",
        no_lots, get,
        "GET https://lot.example/v1/list?t=1700000000&d=2023-11-15%2006%3A13&k=a%26b X-T=1700000000000\n");
    static const struct answer post[] = {{"https://lot.example/v1/list", 200, "[{'i':'A','f':1}]"}, {0}};
    check_poll(
        "{'mapping':{'let':{'KEY':{'const':'k\\\\1'}},'lot':'/i','free':'/f'},"
        "'body':'{\\'ids\\':[${ids}],\\'k\\':\\'${KEY}\\'}','chunk':{'size':9,'quote':true},'method':'PUT'}",
        five_lots, post,
        "PUT https://lot.example/v1/list {\"ids\":[\"A\",\"B\\\"1\",\"C\",\"D\",\"E\"],\"k\":\"k\\\\1\"}\n"
        "report 0 lot=A counts free=1\n");
    check_poll("{" LIST
               ",'headers':{'Content-Type':'application/x-www-form-urlencoded'},'body':'ids=${ids}&x=1'}",
               five_lots, post,
               "POST https://lot.example/v1/list Content-Type=application/x-www-form-urlencoded "
               "ids=A,B%221,C,D,E&x=1\n"
               "report 0 lot=A counts free=1\n");
    check_poll("{" LIST ",'body':'<r>${ids}</r>'}", five_lots, post,
               "POST https://lot.example/v1/list <r>A,B&quot;1,C,D,E</r>\nreport 0 lot=A counts free=1\n");
    check_poll("{" LIST ",'body':'<r>${ids}</r>'}", no_lots, post,
               "error ERR_STATE : no lot of this feed is registered, so there is nothing to ask for\n");
}

static void urls_have_holes_too(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"https://lot.example/B%2F1,C?at=1700000000", 200, "[{'i':'B/1','f':1}]"}, {0}};
    struct dialect_lot known[] = {{"x", "B/1"}, {"C", ""}};
    struct dialect_ctx ctx = test_ctx(NULL);
    ctx.known = known;
    ctx.n_known = 2;
    ctx.url = VIEW("https://lot.example/${ids}?at=${now_s}");
    struct dialect_session *s = open_params("{" LIST "}");
    for (int i = 0; i < 3; i++)
        expect_poll(s, &ctx, answers,
                    "GET https://lot.example/B%2F1,C?at=1700000000\nreport 0 lot=B/1 counts free=1\n");
    ctx.url = VIEW("https://lot.example/${idz}");
    expect_poll(s, &ctx, answers, "error ERR_UNKNOWN_KEY /url: unknown name ${idz}\n");
    dialect_close(s);
}

static void ids_come_in_chunks(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {"https://lot.example/v1/list?ids=A%2CB%221", 200, "[{'i':'A','f':1}]"},
        {"https://lot.example/v1/list?ids=C%2CD", 200, "[]"},
        {"https://lot.example/v1/list?ids=E", 200, "[{'i':'E','f':'x'},{'i':'E','f':2}]"},
        {0}};
    check_poll(
        "{" LIST ",'query':{'ids':'${ids}'},'chunk':{'size':2}}", five_lots, answers,
        "GET https://lot.example/v1/list?ids=A%2CB%221\nGET https://lot.example/v1/list?ids=C%2CD\n"
        "GET https://lot.example/v1/list?ids=E\nreport 0 lot=A counts free=1\nreport 2 lot=E counts free=2\n"
        "fault 1 lot=E page 3:/0/f: a count as text, which the mapping does not allow\n");
    static const struct answer broken[] = {
        {"https://lot.example/v1/list?ids=A%2CB%221", 200, "[{'i':'A','f':1}]"},
        {"https://lot.example/v1/list?ids=C%2CD", 500, "oops"},
        {0}};
    check_poll("{" LIST ",'query':{'ids':'${ids}'},'chunk':{'size':2}}", five_lots, broken,
               "GET https://lot.example/v1/list?ids=A%2CB%221\nGET https://lot.example/v1/list?ids=C%2CD\n"
               "error ERR_REFUSED : answered HTTP 500\n");
}

static void pages_by_number(void **state)
{
    (void)state;
#define PAGED "'query':{'p':'${page}'},'mapping':{'items':'/l','lot':'/i','free':'/f'}"
    static const struct answer answers[] = {
        {"https://lot.example/v1/list?p=1", 200, "{'n':2,'l':[{'i':'A','f':1}]}"},
        {"https://lot.example/v1/list?p=2", 200, "{'n':2,'l':[{'i':'B','f':2}]}"},
        {"https://lot.example/v1/list?p=3", 200, "{'l':[]}"},
        {0}};
    check_poll("{" PAGED ",'pages':{'count':'/n'}}", two_lots, answers,
               "GET https://lot.example/v1/list?p=1\nGET https://lot.example/v1/list?p=2\n"
               "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n");
    check_poll("{" PAGED ",'pages':{'count':{'quotient':['/n',{'const':2}],'do':'ceil'}}}", two_lots, answers,
               "GET https://lot.example/v1/list?p=1\nreport 0 lot=A counts free=1\n");
    check_poll("{" PAGED ",'pages':{'until_empty':true}}", two_lots, answers,
               "GET https://lot.example/v1/list?p=1\nGET https://lot.example/v1/list?p=2\nGET "
               "https://lot.example/v1/list?p=3\n"
               "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n");
    check_poll("{" PAGED ",'pages':{'until_empty':true,'first':2}}", two_lots, answers,
               "GET https://lot.example/v1/list?p=2\nGET https://lot.example/v1/list?p=3\nreport 0 lot=B "
               "counts free=2\n");
    check_poll("{'query':{'p':'${page}'},'mapping':{'items':'$.l[*]','lot':'/i','free':'/"
               "f'},'pages':{'until_empty':true,"
               "'first':2}}",
               two_lots, answers,
               "GET https://lot.example/v1/list?p=2\nGET https://lot.example/v1/list?p=3\nreport 0 lot=B "
               "counts free=2\n");
    static const struct answer odd[] = {{"https://lot.example/v1/list?p=1", 200, "{'n':'many','l':[]}"}, {0}};
    check_poll("{" PAGED ",'pages':{'count':'/n'}}", two_lots, odd,
               "GET https://lot.example/v1/list?p=1\nerror ERR_PROTOCOL /pages/count: the number of pages is "
               "none\n");
    static const struct answer refused[] = {
        {"https://lot.example/v1/list?p=1", 200, "{'n':2,'l':[{'i':'A','f':1}]}"},
        {"https://lot.example/v1/list?p=2", 200, "{'error':1}"},
        {0}};
    check_poll("{'query':{'p':'${page}'},'pages':{'count':'/n'},'mapping':{'success':{'path':'/"
               "error','exists':false},"
               "'items':'/l','lot':'/i','free':'/f'}}",
               two_lots, refused,
               "GET https://lot.example/v1/list?p=1\nGET https://lot.example/v1/list?p=2\n"
               "error ERR_REFUSED page 2:/error: the envelope says 1\n");
}

static void endless_pages_end(void **state)
{
    (void)state;
    struct buf out;
    struct registry *reg = lots_of_feed(two_lots);
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_request req;
    struct report_list list;
    struct why why = {0};
    bool more = true;
    int asked = 0, err;
    struct dialect_session *s = open_params(
        "{'query':{'p':'${page}'},'pages':{'until_empty':true},'mapping':{'lot':'/i','free':'/f'}}");
    report_list_init(&list);
    buf_init(&out, 4096);
    err = dialect_poll(s, &ctx, &req, &why);
    for (; !err && more; asked++) {
        dialect_request_fini(&req);
        struct dialect_response res = {200, {0}, VIEW("[{\"i\":\"A\",\"f\":1}]")};
        err = dialect_decode(s, &ctx, &res, &list, &req, &more, &why);
    }
    assert_int_equal(err, ERR_BUDGET);
    assert_int_equal(asked, DIALECT_MAX_FOLLOW_UPS + 1);
    assert_int_equal(list.n, 0);
    report_list_fini(&list);
    buf_fini(&out);
    dialect_close(s);
    registry_free(reg);
}

static void pages_by_link_or_token(void **state)
{
    (void)state;
#define LINKED "'mapping':{'items':'/l','lot':'/i','free':'/f'},'pages':{'next':'/next'}"
    static const struct answer links[] = {
        {"https://lot.example/v1/list", 200, "{'next':'more?a=1','l':[{'i':'A','f':1}]}"},
        {"https://lot.example/v1/more?a=1", 200, "{'next':'/x/../v2','l':[{'i':'B','f':2}]}"},
        {"https://lot.example/v2", 200, "{'next':null,'l':[{'i':'C','f':3}]}"},
        {0}};
    check_poll(
        "{" LINKED "}", two_lots, links,
        "GET https://lot.example/v1/list\nGET https://lot.example/v1/more?a=1\nGET https://lot.example/v2\n"
        "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\nreport 2 lot=C counts free=3\n");
    static const struct answer away[] = {
        {"https://lot.example/v1/list", 200, "{'next':'https://evil.example/','l':[]}"}, {0}};
    check_poll("{" LINKED ",'headers':{'X-Key':'secret'}}", two_lots, away,
               "GET https://lot.example/v1/list X-Key=secret\n"
               "error ERR_ADDRESS /pages/next: the link to the next page leads to another host\n");
    static const struct answer same[] = {
        {"https://lot.example/v1/list", 200, "{'next':'https://lot.example/v1/list','l':[]}"}, {0}};
    check_poll(
        "{" LINKED "}", two_lots, same,
        "GET https://lot.example/v1/list\nerror ERR_PROTOCOL /pages/next: the next page is the same page\n");
    static const struct answer tokens[] = {
        {"https://lot.example/v1/list?n=2", 200, "{'next':'t/2','l':[{'i':'A','f':1}]}"},
        {"https://lot.example/v1/list?after=t%2F2&n=2", 200, "{'next':'','l':[{'i':'B','f':2}]}"},
        {0}};
    check_poll("{" LINKED ",'query':{'after':'${page}','n':'2'}}", two_lots, tokens,
               "GET https://lot.example/v1/list?n=2\nGET https://lot.example/v1/list?after=t%2F2&n=2\n"
               "report 0 lot=A counts free=1\nreport 1 lot=B counts free=2\n");
}

/* ---- parts of requests as values */

static void requests_name_lots(void **state)
{
    (void)state;
    static const struct answer answers[] = {{"https://lot.example/v1/list?park=P%201", 200, "{'f':1}"}, {0}};
    check_poll("{'query':{'park':'P 1'},'mapping':{'lot':{'request':'query:park'},'free':'/f'}}", two_lots,
               answers, "GET https://lot.example/v1/list?park=P%201\nreport 0 lot=P 1 counts free=1\n");
    check_poll("{'query':{'park':'P 1'},'mapping':{'lot':{'request':'path:2'},'free':'/f'}}", two_lots,
               answers, "GET https://lot.example/v1/list?park=P%201\nreport 0 lot=list counts free=1\n");
    check_poll("{'query':{'park':'P 1'},'mapping':{'lot':{'request':'header:x-mark'},'free':'/f'}}", two_lots,
               answers, "GET https://lot.example/v1/list?park=P%201\nreport 0 lot=m1 counts free=1\n");
}

static struct view park_of(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "park") == 0 ? VIEW("P7") : (struct view){0};
}

struct push_row {
    const char *params, *body, *want; /* want: reports, then the reply */
};

static void check_push(const struct push_row *row, struct view content_type)
{
    struct buf out;
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    ctx.topic = VIEW("park/P8/left");
    struct dialect_session *s = open_params(row->params);
    struct dialect_inbound in = {.method = VIEW("POST"),
                                 .path = VIEW("/v1/ingest/f1/x"),
                                 .content_type = content_type,
                                 .body = view_of(row->body),
                                 .header = park_of,
                                 .query = park_of};
    report_list_init(&list);
    buf_init(&out, 1 << 16);
    int err = dialect_receive(s, &ctx, &in, &list, &reply, &why);
    print_list(&out, &list);
    if (err)
        buf_printf(&out, "error %s %s: %s", err_name(err), why.at, why.text);
    else
        buf_printf(&out, "%d %s " VIEW_FMT, reply.status, reply.content_type, VIEW_ARG(buf_get(&reply.body)));
    if (strcmp(out.p, row->want) != 0)
        fail_msg("%s\n%s\ngave %s\nnot  %s", row->params, row->body, out.p, row->want);
    dialect_reply_fini(&reply);
    report_list_fini(&list);
    dialect_close(s);
    buf_fini(&out);
}

static void pushes_are_answered_in_the_vendors_manner(void **state)
{
    (void)state;
    static const struct push_row rows[] = {
        {"{" LIST "}", "{\"i\":\"A\",\"f\":1}",
         "report 0 lot=A counts free=1\n200 application/json {\"code\":0}"},
        {"{'mapping':{'let':{'SEQ':'/seq'},'items':'/d','lot':'/i','free':'/"
         "f'},'reply':{'status':201,'type':'text/plain',"
         "'body':'{\\'ok\\':true,\\'seq\\':\\'${SEQ}\\',\\'t\\':${now_s}}'}}",
         "{\"seq\":\"a\\\"b\",\"d\":[{\"i\":\"A\",\"f\":1}]}",
         "report 0 lot=A counts free=1\n201 text/plain {\"ok\":true,\"seq\":\"a\\\"b\",\"t\":1700000000}"},
        {"{'mapping':{'lot':'/i','free':'/f'},'reply':{'body':'success'}}", "[]",
         "200 application/json success"},
        {"{'mapping':{'lot':{'request':'query:park'},'free':'/f'}}", "{\"f\":1}",
         "report 0 lot=P7 counts free=1\n200 application/json {\"code\":0}"},
        {"{'mapping':{'lot':{'request':'header:park'},'free':'/f'}}", "{\"f\":1}",
         "report 0 lot=P7 counts free=1\n200 application/json {\"code\":0}"},
        {"{'mapping':{'lot':{'request':'path:4'},'free':'/f'}}", "{\"f\":1}",
         "report 0 lot=x counts free=1\n200 application/json {\"code\":0}"},
        {"{'mapping':{'lot':{'request':'topic:2'},'free':'/f'}}", "{\"f\":1}",
         "report 0 lot=P8 counts free=1\n200 application/json {\"code\":0}"},
        {"{'mapping':{'lot':{'request':'topic:9'},'free':'/f'}}", "{\"f\":1}",
         "fault 0 lot= : the lot cannot be named\n200 application/json {\"code\":0}"},
        {"{" LIST "}", "{\"i\":", "error ERR_SYNTAX : line 1, column 6: unexpected end of text"},
        {"{}", "anything", "200 application/json {\"code\":0}"},
        {"{'reply':{'body':'OK','type':'text/plain'}}", "\xff\xfe", "200 text/plain OK"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strstr(rows[i].want, "unexpected end")) /* the words are the JSON reader's */
            continue;
        check_push(&rows[i], (struct view){0});
    }
    static const struct push_row charset = {
        "{'mapping':{'format':'form','lot':'/i','free':'/f'}}", "i=%CD%A3%B3%B5&f=3",
        "report 0 lot=停车 counts free=3\n200 application/json {\"code\":0}"};
    check_push(&charset, VIEW("application/x-www-form-urlencoded; charset=gbk"));
}

static void a_feed_that_listens_cannot_be_polled(void **state)
{
    (void)state;
    static const struct answer none[] = {{0}};
    check_poll(
        "{}", two_lots, none,
        "error ERR_STATE /params/mapping: a feed without a mapping listens only, and cannot be polled\n");
    check_poll(
        "{'mapping':null}", two_lots, none,
        "error ERR_STATE /params/mapping: a feed without a mapping listens only, and cannot be polled\n");
}

static void lost_answers_have_words(void **state)
{
    (void)state;
    static const struct answer codes[] = {{"https://lot.example/v1/list", 401, ""}, {0}};
    check_poll("{" LIST "}", two_lots, codes,
               "GET https://lot.example/v1/list\nerror ERR_AUTH : answered HTTP 401\n");
    static const struct answer none[] = {{"https://lot.example/v1/list", 0, ""}, {0}};
    check_poll("{" LIST "}", two_lots, none,
               "GET https://lot.example/v1/list\nerror ERR_CONNECT : no answer\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_filled_in),
        cmocka_unit_test(urls_have_holes_too),
        cmocka_unit_test(ids_come_in_chunks),
        cmocka_unit_test(pages_by_number),
        cmocka_unit_test(endless_pages_end),
        cmocka_unit_test(pages_by_link_or_token),
        cmocka_unit_test(requests_name_lots),
        cmocka_unit_test(pushes_are_answered_in_the_vendors_manner),
        cmocka_unit_test(a_feed_that_listens_cannot_be_polled),
        cmocka_unit_test(lost_answers_have_words),
    };
    return cmocka_run_group_tests(tests, generic_set_up, generic_tear_down);
}
