/* SPDX-License-Identifier: MIT
 * What holds for every dialect: parameters, follow-up requests, empty and refused answers, the session's
 * memory, what a script gives back, and the two ways of a push.
 */
#include "dialect_test.h"

/* ---- the table and parameters */

static void the_first_of_a_name_wins(void **state)
{
    (void)state;
    struct why why = {0};
    struct dialects *ds = dialects_new();
    assert_int_equal(dialects_add_all_built_in(ds), 0);
    assert_int_equal(
        dialects_add_lua(ds, "b.lua", VIEW("return {name='b', max_batch=7, receive=function() end}"), &why),
        0);
    assert_int_equal(dialects_add_lua(ds, "a.lua",
                                      VIEW("return {name='a', push=function() end, beat=function() end}"),
                                      &why),
                     0);
    assert_int_equal(dialects_add_lua(ds, "c.lua", VIEW("return {name='b', push=function() end}"), &why), 0);
    assert_int_equal(dialects_add_lua(ds, "d.lua", VIEW("return {name='native', push=function() end}"), &why),
                     0);
    static const struct {
        const char *name;
        unsigned parts;
        size_t max_batch;
    } want[] = {
        {"a", DIALECT_PUSH | DIALECT_BEAT, 0},
        {"b", DIALECT_RECEIVE, 7},
        {"generic", DIALECT_POLL | DIALECT_RECEIVE, 0},
        {"native", DIALECT_RECEIVE | DIALECT_PUSH | DIALECT_BEAT | DIALECT_ASK, 0},
    };
    const struct dialect *d = NULL;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        d = dialects_next(ds, d);
        assert_non_null(d);
        assert_string_equal(dialect_name(d), want[i].name);
        assert_int_equal(dialect_parts(d), want[i].parts);
        assert_int_equal(dialect_max_batch(d), want[i].max_batch);
    }
    assert_null(dialects_next(ds, d));
    assert_null(dialects_find(ds, "c"));
    dialects_free(ds);
}

static void folders_are_read_and_bad_files_left_out(void **state)
{
    (void)state;
    char folder[] = "/tmp/parkd-dialects-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    static const char *const files[][2] = {
        {"good.lua", "return {name='good', receive=function() end}"},
        {"bad.lua", "return {"},
        {"README.md", "no dialect"},
        {".hidden.lua", "return {"},
    };
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i][0]);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        (void)fputs(files[i][1], f);
        (void)fclose(f);
    }
    struct why why = {0};
    int failed = 0;
    const char *folders[] = {"/nowhere/at/all", folder, NULL};
    struct dialects *ds = dialects_load(folders, &failed, &why);
    assert_non_null(ds);
    assert_int_equal(failed, 1);
    assert_string_equal(why.at, "bad.lua");
    assert_non_null(dialects_find(ds, "good"));
    dialects_free(ds);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i][0]);
        (void)remove(path);
    }
    (void)remove(folder);
}

static void parameters_are_checked_at_opening(void **state)
{
    (void)state;
    struct dialects *ds = load_text(
        "return {name='p', params={id='string', key='secret', n='number?', b='boolean?', o='object?'}, "
        "receive=function() return {} end}");
    static const struct {
        const char *params, *at;
    } rows[] = {
        {"{\"id\":\"1\",\"key\":\"2\"}", NULL},
        {"{\"id\":\"1\",\"key\":\"2\",\"n\":1,\"b\":false,\"o\":{}}", NULL},
        {"{\"id\":\"1\",\"key\":\"2\",\"n\":null}", NULL},
        {"{\"id\":\"1\"}", "/params/key"},
        {"{\"id\":null,\"key\":\"2\"}", "/params/id"},
        {"{\"id\":\"\",\"key\":\"2\"}", "/params/id"},
        {"{\"id\":1,\"key\":\"2\"}", "/params/id"},
        {"{\"id\":\"1\",\"key\":\"2\",\"n\":\"1\"}", "/params/n"},
        {"{\"id\":\"1\",\"key\":\"2\",\"b\":1}", "/params/b"},
        {"{\"id\":\"1\",\"key\":\"2\",\"o\":[]}", "/params/o"},
        {"{\"id\":\"1\",\"keys\":\"2\"}", "/params/keys"},
        {"[]", "/params"},
        {"", "/params"},
        {"{", "/params"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        struct dialect_session *s = dialect_open(dialects_find(ds, "p"), view_of(rows[i].params), &why);
        if ((s != NULL) != (rows[i].at == NULL) ||
            (rows[i].at && strncmp(why.at, rows[i].at, strlen(rows[i].at)) != 0))
            fail_msg("%s: %s at %s: %s", rows[i].params, s ? "opened" : "refused", why.at, why.text);
        dialect_close(s);
    }
    dialects_free(ds);
}

static void a_missing_part_is_said(void **state)
{
    (void)state;
    struct dialects *ds = load_text("return {name='p', receive=function() return {} end}");
    struct dialect_session *s = open_session(ds, "p", "{}");
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_request req;
    struct dialect_request_list list;
    struct dialect_batch batch = {0};
    struct why why = {0};
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), ERR_STATE);
    assert_int_equal(dialect_push(s, &ctx, &batch, &list, &why), ERR_STATE);
    assert_int_equal(dialect_beat(s, &ctx, &batch, &list, &why), ERR_STATE);
    dialect_close(s);
    dialect_close(NULL);
    dialects_free(ds);
}

/* ---- polls */

struct poll_test {
    struct dialects *ds;
    struct dialect_session *s;
    struct dialect_ctx ctx;
    struct report_list list;
    struct dialect_request next;
    bool more;
    struct why why;
};

static void poll_begin(struct poll_test *t, const char *source, const struct registry *reg)
{
    *t = (struct poll_test){.ds = load_text(source), .ctx = test_ctx(reg)};
    t->s = open_session(t->ds, "p", "{}");
    report_list_init(&t->list);
}

static void poll_end(struct poll_test *t)
{
    report_list_fini(&t->list);
    dialect_close(t->s);
    dialects_free(t->ds);
}

static int poll_ask(struct poll_test *t)
{
    struct dialect_request req;
    int err = dialect_poll(t->s, &t->ctx, &req, &t->why);
    if (!err)
        dialect_request_fini(&req);
    return err;
}

static int poll_answer(struct poll_test *t, int status, const char *body)
{
    struct dialect_response res = {status, VIEW("HTTP/1.1 200 OK\r\nX-Next: 7\r\ncontent-type: a/b \r\n"),
                                   view_of(body)};
    int err = dialect_decode(t->s, &t->ctx, &res, &t->list, &t->next, &t->more, &t->why);
    if (!err)
        dialect_request_fini(&t->next);
    return err;
}

#define COUNTING                                                                                 \
    "return {name='p', poll=function(ctx) return {url=ctx.url} end, decode=function(ctx, res)\n" \
    "  local n = tonumber(res.body) local t = {}\n"                                              \
    "  for i = 1, n do t[i] = {lot='L' .. i, free=i} end\n"                                      \
    "  return t end}"

static void an_empty_list_is_a_failure_where_lots_were(void **state)
{
    (void)state;
    struct poll_test t;
    poll_begin(&t, COUNTING, NULL);
    assert_int_equal(poll_ask(&t), 0);
    assert_int_equal(poll_answer(&t, 200, "0"), 0); /* never had any */
    assert_int_equal(poll_ask(&t), 0);
    assert_int_equal(poll_answer(&t, 200, "2"), 0);
    assert_int_equal(poll_ask(&t), 0);
    assert_int_equal(poll_answer(&t, 200, "0"), ERR_PROTOCOL);
    assert_non_null(strstr(t.why.text, "no lot"));
    poll_end(&t);
}

static void an_empty_list_is_a_failure_where_lots_are_registered(void **state)
{
    (void)state;
    struct poll_test t;
    struct registry *reg = registry_new();
    add_lot(reg, "A", "other", "a");
    poll_begin(&t, COUNTING, reg);
    assert_int_equal(poll_ask(&t), 0);
    assert_int_equal(poll_answer(&t, 200, "0"), 0);
    add_lot(reg, "B", "f1", "b");
    assert_int_equal(poll_answer(&t, 200, "0"), ERR_PROTOCOL);
    poll_end(&t);
    registry_free(reg);
}

/* Aside from the loop there is no registry, but a list of what it knew. */
static void what_is_known_counts_as_registered(void **state)
{
    (void)state;
    struct poll_test t;
    struct dialect_lot known[] = {{"A", "a"}, {"B", "b"}};
    poll_begin(&t,
               "return {name='p', poll=function(ctx) return {url=ctx.url} end, decode=function(ctx, res)\n"
               "  if res.body == '0' then return {} end\n"
               "  return {{lot=ctx.lots[2].foreign, free=#ctx.lots}} end}",
               NULL);
    t.ctx.aside = true;
    t.ctx.known = known;
    t.ctx.n_known = 2;
    assert_int_equal(poll_answer(&t, 200, "0"), ERR_PROTOCOL);
    assert_int_equal(poll_answer(&t, 200, "1"), 0);
    assert_list(&t.list, "report 0 lot=b counts free=2\n");
    poll_end(&t);
}

static void a_table_lives_as_long_as_its_sessions(void **state)
{
    (void)state;
    struct poll_test t;
    poll_begin(&t, COUNTING, NULL);
    struct dialect_session *other = open_session(t.ds, "p", "{}");
    dialects_free(t.ds);
    assert_int_equal(poll_ask(&t), 0);
    assert_int_equal(poll_answer(&t, 200, "2"), 0);
    dialect_close(t.s);
    dialect_close(other);
    report_list_fini(&t.list);
}

static void other_statuses_are_failures(void **state)
{
    (void)state;
    struct poll_test t;
    poll_begin(&t, COUNTING, NULL);
    assert_int_equal(poll_ask(&t), 0);
    assert_int_equal(poll_answer(&t, 503, "1"), ERR_REFUSED);
    assert_string_equal(t.why.text, "answered HTTP 503");
    assert_int_equal(poll_answer(&t, 401, "1"), ERR_AUTH);
    assert_int_equal(poll_answer(&t, 302, "1"), ERR_REFUSED);
    assert_int_equal(poll_answer(&t, 0, "1"), ERR_REFUSED);
    assert_int_equal(t.list.n, 0);
    poll_end(&t);
    poll_begin(&t,
               "return {name='p', any_status=true, poll=function(ctx) return {url=ctx.url} end, "
               "decode=function(ctx, res) return {{lot='A', free=res.status, total=res.header('x-NEXT'), "
               "status=res.header('Content-Type') == 'a/b' and 'open' or 'closed'}} end}",
               NULL);
    assert_int_equal(poll_answer(&t, 503, ""), 0);
    assert_list(&t.list, "report 0 lot=A counts free=503 total=7 status=open\n");
    poll_end(&t);
}

static void follow_ups_have_an_end(void **state)
{
    (void)state;
    struct poll_test t;
    poll_begin(&t,
               "return {name='p', poll=function(ctx) return {url=ctx.url} end, decode=function(ctx, res)\n"
               "  ctx.state.n = (ctx.state.n or 0) + 1\n"
               "  return {{lot='A', free=ctx.state.n}}, {url=ctx.url .. ctx.state.n} end}",
               NULL);
    assert_int_equal(poll_ask(&t), 0);
    for (int i = 1; i <= 8; i++) { /* a Lua file gets no more */
        char url[64];
        struct dialect_response res = {200, {0}, VIEW("x")};
        assert_int_equal(dialect_decode(t.s, &t.ctx, &res, &t.list, &t.next, &t.more, &t.why), 0);
        assert_true(t.more);
        (void)snprintf(url, sizeof url, "https://lot.example/%d", i);
        assert_string_equal(t.next.url, url);
        dialect_request_fini(&t.next);
    }
    assert_int_equal(t.list.n, 8);
    assert_int_equal(poll_answer(&t, 200, "x"), ERR_BUDGET);
    assert_int_equal(poll_ask(&t), 0); /* a new poll counts anew */
    assert_int_equal(poll_answer(&t, 200, "x"), 0);
    poll_end(&t);
}

static void half_an_answer_is_no_answer(void **state)
{
    (void)state;
    struct poll_test t;
    poll_begin(&t,
               "return {name='p', poll=function(ctx) return {url=ctx.url} end, decode=function(ctx, res)\n"
               "  if res.body == 'good' then return {{lot='A', free=1}} end\n"
               "  return {{lot='B', free=2}, 7} end}",
               NULL);
    assert_int_equal(poll_answer(&t, 200, "good"), 0);
    assert_int_equal(poll_answer(&t, 200, "bad"), ERR_SCRIPT);
    assert_int_equal(t.list.n, 1);
    assert_false(t.more);
    poll_end(&t);
}

static void scripts_can_refuse(void **state)
{
    (void)state;
    static const struct {
        const char *code, *text;
        int err;
    } rows[] = {
        {"return nil, 'not today'", "not today", ERR_REFUSED},
        {"return nil", "refused without a word", ERR_REFUSED},
        {"return", "refused without a word", ERR_REFUSED},
        {"error {code='protocol', message='strange'}", "strange", ERR_PROTOCOL},
        {"error {code='no such code', message='strange'}", "strange", ERR_SCRIPT},
        {"local x = res.nothing.at_all", "test.lua:", ERR_SCRIPT},
        {"return 'text'", "the list of reports is a string", ERR_SCRIPT},
        {"return {}, 'text'", "the request is a string", ERR_SCRIPT},
        {"return {}, {url='/relative'}", "/url", ERR_SCRIPT},
        {"return {}, {url='http://a b'}", "/url", ERR_SCRIPT},
        {"return {}, {url='http://a', method='G T'}", "method", ERR_SCRIPT},
        {"return {}, {url='http://a', headers={['a:']='b'}}", "/headers", ERR_SCRIPT},
        {"return {}, {url='http://a', headers={a='b\\nc: d'}}", "/headers", ERR_SCRIPT},
        {"return {}, {url='http://a', headers={{}}}", "headers", ERR_SCRIPT},
        {"return {}, {url='http://a', body={}}", "body is a table", ERR_SCRIPT},
        {"local t = {} for i = 1, 4097 do t[i] = {lot=i, free=1} end return t", "more than 4096",
         ERR_TOO_BIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct poll_test t;
        char source[512];
        (void)snprintf(source, sizeof source,
                       "return {name='p', poll=function(ctx) return {url=ctx.url} end, "
                       "decode=function(ctx, res) %s end}",
                       rows[i].code);
        poll_begin(&t, source, NULL);
        int err = poll_answer(&t, 200, "x");
        if (err != rows[i].err || !strstr(t.why.text, rows[i].text))
            fail_msg("%s: %s: %s", rows[i].code, err_name(err), t.why.text);
        poll_end(&t);
    }
}

static void reports_are_read_field_by_field(void **state)
{
    (void)state;
    static const struct {
        const char *report, *want;
    } rows[] = {
        {"{lot='A', free=3, open=4, total=5, occupied=1}",
         "report 0 lot=A counts free=3 open=4 total=5 occupied=1\n"},
        {"{lot=7, free='3', total=' 5 '}", "report 0 lot=7 counts free=3 total=5\n"},
        {"{lot='A', free=-3, total=json.null}", "report 0 lot=A counts free=-3\n"},
        {"{lot='A', free=3.0, status='open', band='few', time=1700000000000, derived=true}",
         "report 0 lot=A counts free=3 status=open band=few time=2023-11-14T22:13:20Z +derived\n"},
        {"{lot='A', band='few'}", "report 0 lot=A band band=few\n"},
        {"{lot='A', beat=true}", "report 0 lot=A beat\n"},
        {"{lot='A', ['in']=2, out=1}", "report 0 lot=A hint in=2 out=1\n"},
        {"{lot='A', status='closed'}", "report 0 lot=A counts status=closed\n"},
        {"{lot='A', free=1, classes={charging={free=1, total='9'}, bus={free='x'}}}",
         "report 0 lot=A counts free=1 charging: free=1 total=9\nfault 0 lot=A /0/classes/bus/free: not a "
         "count\n"},
        {"{lot='A', free=1, zones={{id='B1', free=1, total=2}, {free=1}}}",
         "report 0 lot=A counts free=1 zone B1: free=1 total=2\nfault 0 lot=A /0/zones/1: a zone without a "
         "usable id, or too many\n"},
        {"{lot='A', free='x'}", "fault 0 lot=A /0/free: not a count\n"},
        {"{lot='A', free=false}", "fault 0 lot=A /0/free: not a count\n"},
        {"{lot='A', free=1.5}", "fault 0 lot=A /0/free: not a count\n"},
        {"{lot='A', free=65535, at='/data/7'}", "fault 0 lot=A /data/7/free: out of range\n"},
        {"{lot='A', free=1, total='x', open=-1, time=false, status='wide', band='x'}",
         "report 0 lot=A counts free=1\nfault 0 lot=A /0/open: out of range\nfault 0 lot=A /0/total: not a "
         "count\n"
         "fault 0 lot=A /0/status: not open, closed or unknown\nfault 0 lot=A /0/band: not full, few, some "
         "or plenty\n"
         "fault 0 lot=A /0/time: not a time\n"},
        {"{free=1}", "fault 0 lot= /0/lot: missing\n"},
        {"{lot='', free=1}", "fault 0 lot= /0/lot: missing\n"},
        {"{lot={}, free=1}", "fault 0 lot= /0/lot: missing\n"},
        {"{lot=('x'):rep(128), free=1}", "fault 0 lot= /0/lot: not a lot's id, or too long\n"},
        {"{lot='\\xff', free=1}", "fault 0 lot= /0/lot: not a lot's id, or too long\n"},
        {"{lot='A'}", "fault 0 lot=A /0: says nothing\n"},
        {"{fault='no such park', lot='A'}", "fault 0 lot=A /0: no such park\n"},
        {"{fault='no such park', at='/x'}", "fault 0 lot= /x: no such park\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct poll_test t;
        char source[512];
        (void)snprintf(source, sizeof source,
                       "return {name='p', poll=function(ctx) return {url=ctx.url} end, "
                       "decode=function(ctx, res) return {%s} end}",
                       rows[i].report);
        poll_begin(&t, source, NULL);
        if (poll_answer(&t, 200, "x"))
            fail_msg("%s: %s", rows[i].report, t.why.text);
        assert_list(&t.list, rows[i].want);
        poll_end(&t);
    }
}

/* ---- ctx */

static void ctx_tells_what_a_script_may_know(void **state)
{
    (void)state;
    struct registry *reg = registry_new();
    add_lot(reg, "A", "f1", "a1");
    add_lot(reg, "B", "other", "b1");
    add_lot(reg, "C", "f1", "c1");
    struct dialects *ds =
        load_text("return {name='p', params={k='secret'}, poll=function(ctx)\n"
                  "  local lots = {}\n"
                  "  for i, lot in ipairs(ctx.lots) do lots[i] = lot.id .. '=' .. lot.foreign end\n"
                  "  return {url=ctx.url .. table.concat({ctx.feed, ctx.now, ctx.params.k, ctx.nonce, "
                  "table.concat(lots, ','), tostring(ctx.other)}, '/')}\n"
                  "end, decode=function() return {} end}");
    struct dialect_session *s = open_session(ds, "p", "{\"k\":\"v\"}");
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_request req;
    struct why why = {0};
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_string_equal(req.url, "https://lot.example/f1/1700000000000/v/1700000000000/A=a1,C=c1/nil");
    dialect_request_fini(&req);
    ctx.nonce = (struct view){0};
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_int_equal(strlen(req.url), strlen("https://lot.example/f1/1700000000000/v//A=a1,C=c1/nil") + 36);
    dialect_request_fini(&req);
    dialect_close(s);
    dialects_free(ds);
    registry_free(reg);
}

#define REMEMBERING                                                             \
    "return {name='p', poll=function(ctx)\n"                                    \
    "  ctx.state.n = (ctx.state.n or 0) + 1\n"                                  \
    "  ctx.params.leak = (ctx.params.leak or 0) + 1\n"                          \
    "  if ctx.state.n == 2 then error {code='refused', message='second'} end\n" \
    "  if ctx.state.n == 4 then ctx.state.fun = function() end end\n"           \
    "  return {url=ctx.url .. ctx.state.n .. ctx.params.leak}\n"                \
    "end, decode=function() return {} end}"

/* The memory of a session survives failed calls and thrown-away states; another session does not see it. */
static void state_belongs_to_the_session(void **state)
{
    (void)state;
    static const struct {
        int err;
        const char *url;
    } want[] = {
        {0, "https://lot.example/11"},
        {ERR_REFUSED, ""},
        {0, "https://lot.example/31"},
        {ERR_SCRIPT, ""}, /* a function cannot be kept: the state stays as it was, 3 */
        {ERR_SCRIPT, ""}, /* so this is 4 again */
    };
    struct dialects *ds = load_text(REMEMBERING);
    struct dialect_session *a = open_session(ds, "p", "{}"), *b = open_session(ds, "p", "{}");
    struct dialect_ctx ctx = test_ctx(NULL);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct dialect_request req;
        struct why why = {0};
        int err = dialect_poll(a, &ctx, &req, &why);
        if (err != want[i].err)
            fail_msg("call %zu: %s: %s", i + 1, err_name(err), why.text);
        assert_string_equal(err ? "" : req.url, want[i].url);
        if (!err)
            dialect_request_fini(&req);
    }
    struct dialect_request req;
    struct why why = {0};
    assert_int_equal(dialect_poll(b, &ctx, &req, &why), 0);
    assert_string_equal(req.url, "https://lot.example/11");
    dialect_request_fini(&req);
    dialect_close(a);
    dialect_close(b);
    dialects_free(ds);
}

static void state_survives_a_breach_and_has_a_limit(void **state)
{
    (void)state;
    struct dialects *ds = load_text("return {name='p', poll=function(ctx)\n"
                                    "  ctx.state.n = (ctx.state.n or 0) + 1\n"
                                    "  if ctx.url:find('loop') then while true do end end\n"
                                    "  if ctx.url:find('big') then ctx.state.big = ('x'):rep(20000) end\n"
                                    "  if ctx.url:find('gone') then ctx.state = nil end\n"
                                    "  return {url='http://x/' .. ctx.state.n}\n"
                                    "end, decode=function() return {} end}");
    static const struct {
        const char *url;
        int err;
        const char *got;
    } rows[] = {
        {"http://x/", 0, "http://x/1"},   {"http://loop/", ERR_BUDGET, ""}, {"http://x/", 0, "http://x/2"},
        {"http://big/", ERR_TOO_BIG, ""}, {"http://x/", 0, "http://x/3"},   {"http://gone/", ERR_SCRIPT, ""},
        {"http://x/", 0, "http://x/4"},
    };
    struct dialect_session *s = open_session(ds, "p", "{}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_request req;
        struct why why = {0};
        struct dialect_ctx ctx = test_ctx(NULL);
        ctx.url = view_of(rows[i].url);
        int err = dialect_poll(s, &ctx, &req, &why);
        if (err != rows[i].err || strcmp(err ? "" : req.url, rows[i].got) != 0)
            fail_msg("row %zu: %s: %s %s", i, err_name(err), why.text, err ? "" : req.url);
        if (!err)
            dialect_request_fini(&req);
    }
    dialect_close(s);
    dialects_free(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_a_name_wins),
        cmocka_unit_test(folders_are_read_and_bad_files_left_out),
        cmocka_unit_test(parameters_are_checked_at_opening),
        cmocka_unit_test(a_missing_part_is_said),
        cmocka_unit_test(an_empty_list_is_a_failure_where_lots_were),
        cmocka_unit_test(an_empty_list_is_a_failure_where_lots_are_registered),
        cmocka_unit_test(what_is_known_counts_as_registered),
        cmocka_unit_test(a_table_lives_as_long_as_its_sessions),
        cmocka_unit_test(other_statuses_are_failures),
        cmocka_unit_test(follow_ups_have_an_end),
        cmocka_unit_test(half_an_answer_is_no_answer),
        cmocka_unit_test(scripts_can_refuse),
        cmocka_unit_test(reports_are_read_field_by_field),
        cmocka_unit_test(ctx_tells_what_a_script_may_know),
        cmocka_unit_test(state_belongs_to_the_session),
        cmocka_unit_test(state_survives_a_breach_and_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
