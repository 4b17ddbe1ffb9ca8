/* SPDX-License-Identifier: MIT
 * The pushes of a dialect: to a platform, cut and judged item by item; to us, with the reply that its sender
 * expects.
 */
#include "dialect_test.h"

/* ---- pushes */

struct push_test {
    struct dialects *ds;
    struct dialect_session *s;
    struct lot lots[5];
    struct reading readings[5];
    struct dialect_item items[5];
    struct dialect_request_list list;
    struct why why;
};

static void push_begin(struct push_test *t, const char *source)
{
    *t = (struct push_test){.ds = load_text(source)};
    t->s = open_session(t->ds, "p", "{}");
    for (int i = 0; i < 5; i++) {
        (void)snprintf(t->lots[i].id, sizeof t->lots[i].id, "L%d", i);
        t->lots[i].total = 50;
        t->lots[i].open = COUNT_NONE;
        reading_init(&t->readings[i]);
        t->readings[i].free = i;
        t->readings[i].seq = (uint64_t)i + 100;
        t->readings[i].changed_ms = TEST_NOW - 5000;
        t->readings[i].observed_ms = TEST_NOW - 1000;
        t->items[i] = (struct dialect_item){.lot = &t->lots[i], .reading = &t->readings[i]};
    }
}

static int push(struct push_test *t, size_t n)
{
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_batch batch = {.items = t->items, .n = n, .batch_id = "b-1"};
    return dialect_push(t->s, &ctx, &batch, &t->list, &t->why);
}

static void push_end(struct push_test *t)
{
    dialect_request_list_fini(&t->list);
    dialect_close(t->s);
    dialects_free(t->ds);
}

static void a_push_is_cut_as_the_dialect_wishes(void **state)
{
    (void)state;
    struct push_test t;
    push_begin(&t, "return {name='p', max_batch=2, push=function(ctx, items)\n"
                   "  local r = {}\n"
                   "  for i, item in ipairs(items) do\n"
                   "    if item.free ~= 3 then\n"
                   "      r[#r + 1] = {url=ctx.url .. item.lot, body=json.encode(item), items={i}}\n"
                   "    end\n"
                   "  end\n"
                   "  return r end}");
    assert_int_equal(push(&t, 5), 0);
    static const uint32_t want[] = {0, 1, 2, 4}; /* item 3 has nothing to say */
    assert_int_equal(t.list.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(t.list.v[i].n_items, 1);
        assert_int_equal(t.list.v[i].items[0], want[i]);
    }
    assert_string_equal(t.list.v[3].url, "https://lot.example/L4");
    assert_string_equal(t.list.v[3].body.p,
                        "{\"band\":\"unknown\",\"changed\":1699999995000,\"code\":\"L4\",\"current\":true,"
                        "\"filed\":false,\"free\":4,\"free_minutes\":0,\"lot\":\"L4\",\"name\":\"\","
                        "\"observed\":1699999999000,\"seq\":104,\"status\":\"unknown\",\"total\":50,"
                        "\"version\":0}");
    push_end(&t);
}

static void an_item_stands_in_one_request(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{{url=ctx.url, items={1}}, {url=ctx.url, items={1}}}",
        "{{url=ctx.url, items={1, 1}}}",
        "{{url=ctx.url, items={0}}}",
        "{{url=ctx.url, items={6}}}",
        "{{url=ctx.url, items={'x'}}}",
        "{{url=ctx.url}}",
        "{{items={1}}}",
        "{7}",
        "7",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct push_test t;
        char source[256];
        (void)snprintf(source, sizeof source, "return {name='p', push=function(ctx, items) return %s end}",
                       bodies[i]);
        push_begin(&t, source);
        if (push(&t, 5) != ERR_SCRIPT)
            fail_msg("%s: %s", bodies[i], t.why.text);
        assert_int_equal(t.list.n, 0);
        push_end(&t);
    }
}

static void answers_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int err;
        enum dialect_verdict want[2];
        const char *text;
    } rows[] = {
        {"return 'ok'", 0, {VERDICT_OK, VERDICT_OK}, ""},
        {"return 'retry', 'later'", 0, {VERDICT_RETRY, VERDICT_RETRY}, "later"},
        {"return 'reject', response.body", 0, {VERDICT_REJECT, VERDICT_REJECT}, "the answer"},
        {"return 'pause', request.url", 0, {VERDICT_PAUSE, VERDICT_PAUSE}, "https://lot.example/"},
        {"return {each={[2]='reject'}, message='two'}", 0, {VERDICT_OK, VERDICT_REJECT}, "two"},
        {"return {all='retry', each={'ok'}}", 0, {VERDICT_OK, VERDICT_RETRY}, ""},
        {"return {all='reject'}", 0, {VERDICT_REJECT, VERDICT_REJECT}, ""},
        {"return 'fine'", ERR_SCRIPT, {VERDICT_RETRY, VERDICT_RETRY}, "a verdict is"},
        {"return {each={7}}", ERR_SCRIPT, {VERDICT_RETRY, VERDICT_RETRY}, "a verdict is"},
        {"while true do end", ERR_BUDGET, {VERDICT_RETRY, VERDICT_RETRY}, "too many steps"},
        {"error {code='syntax', message='no JSON'}", ERR_SYNTAX, {VERDICT_RETRY, VERDICT_RETRY}, "no JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct push_test t;
        char source[512];
        struct dialect_judgement j;
        struct dialect_ctx ctx = test_ctx(NULL);
        struct dialect_response res = {200, {0}, VIEW("the answer")};
        (void)snprintf(source, sizeof source,
                       "return {name='p', push=function(ctx) return {{url=ctx.url, items={1, 2}}} end, "
                       "check=function(ctx, request, response) %s end}",
                       rows[i].body);
        push_begin(&t, source);
        assert_int_equal(push(&t, 2), 0);
        int err = dialect_check(t.s, &ctx, &t.list.v[0], &res, &j);
        if (err != rows[i].err || !strstr(j.why.text, rows[i].text))
            fail_msg("%s: %s: %s", rows[i].body, err_name(err), j.why.text);
        for (int k = 0; k < 2; k++)
            assert_int_equal(j.each ? j.each[k] : j.all, rows[i].want[k]);
        dialect_judgement_fini(&j);
        push_end(&t);
    }
}

static void a_dialect_without_check_says_ok(void **state)
{
    (void)state;
    struct push_test t;
    struct dialect_judgement j;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_response res = {200, {0}, VIEW("whatever")};
    push_begin(&t, "return {name='p', push=function(ctx) return {{url=ctx.url, items={1}}} end}");
    assert_int_equal(push(&t, 1), 0);
    assert_int_equal(dialect_check(t.s, &ctx, &t.list.v[0], &res, &j), 0);
    assert_int_equal(j.all, VERDICT_OK);
    assert_null(j.each);
    push_end(&t);
}

/* ---- pushes to us */

static struct view get_header(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "X-Key") == 0 ? VIEW("k") : (struct view){0};
}

static void replies_are_the_scripts_also_when_it_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int err, status;
        const char *body;
    } rows[] = {
        {"return {{lot='A', free=1}}, {body='fine'}", 0, 200, "fine"},
        {"return {{lot='A', free=1}}", 0, 0, ""},
        {"return {{lot='A', free=1}}, {status=202, content_type='text/plain', body=inbound.header('X-Key')}",
         0, 202, "k"},
        {"return {{lot='A', free=1}}, {body=tostring(inbound.header('Other')) .. "
         "tostring(inbound.query('q'))}",
         0, 200, "nilnil"},
        {"error {code='auth', message='no', reply={status=200, body='wrong sign'}}", ERR_AUTH, 200,
         "wrong sign"},
        {"error {code='auth', message='no'}", ERR_AUTH, 0, ""},
        {"return {}, {status=99}", ERR_SCRIPT, 0, ""},
        {"return {}, 'text'", ERR_SCRIPT, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char source[512];
        struct report_list list;
        struct dialect_reply reply;
        struct why why = {0};
        struct dialect_ctx ctx = test_ctx(NULL);
        struct dialect_inbound in = {
            .method = VIEW("POST"), .path = VIEW("/p"), .body = VIEW("b"), .header = get_header};
        (void)snprintf(source, sizeof source, "return {name='p', receive=function(ctx, inbound) %s end}",
                       rows[i].code);
        struct dialects *ds = load_text(source);
        struct dialect_session *s = open_session(ds, "p", "{}");
        report_list_init(&list);
        int err = dialect_receive(s, &ctx, &in, &list, &reply, &why);
        if (err != rows[i].err || reply.status != rows[i].status)
            fail_msg("%s: %s: %s (%d)", rows[i].code, err_name(err), why.text, reply.status);
        assert_string_equal(reply.body.p ? reply.body.p : "", rows[i].body);
        dialect_reply_fini(&reply);
        report_list_fini(&list);
        dialect_close(s);
        dialects_free(ds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_push_is_cut_as_the_dialect_wishes),
        cmocka_unit_test(an_item_stands_in_one_request),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(a_dialect_without_check_says_ok),
        cmocka_unit_test(replies_are_the_scripts_also_when_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
