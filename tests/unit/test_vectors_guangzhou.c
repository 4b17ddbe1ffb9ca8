/* SPDX-License-Identifier: MIT
 * Guangzhou's DB4401/T 133 as the dialect reads it: the log-in before everything, GB 18030 both ways, tokens
 * that expire, words that a registration replaces.
 */
#include "city_test.h"
#include "shipped_test.h"

#define ACCOUNT "\"user\":\"u1\",\"password\":\"p1\""
#define SIGNED  "{" ACCOUNT ",\"sign_key\":\"k1\",\"digest\":\"sm3\"}"
#define RENAMED                                                                                       \
    "{" ACCOUNT ",\"names\":{\"free\":\"Vacant\",\"token\":\"Ticket\"},\"paths\":{\"counts\":\"/api/" \
    "9\"},\"values\":{\"good\":200}}"

struct guangzhou {
    struct dialect_session *sink, *feed;
    struct dialect_request_list sent;
    struct report_list heard;
    struct buf reply;
    struct city_item c;
    struct dialect_item item;
    struct why why;
};

static void begin(struct guangzhou *g, const char *params)
{
    *g = (struct guangzhou){0};
    g->sink = open_session(ds, "guangzhou", params);
    g->feed = open_session(ds, "guangzhou", params);
    g->item = city_item(&g->c, "4401001");
    report_list_init(&g->heard);
    buf_init(&g->reply, 4096);
}

static void end(struct guangzhou *g)
{
    dialect_request_list_fini(&g->sent);
    report_list_fini(&g->heard);
    buf_fini(&g->reply);
    dialect_close(g->sink);
    dialect_close(g->feed);
}

static void push(struct guangzhou *g)
{
    struct dialect_batch batch = {.items = &g->item, .n = 1};
    struct dialect_ctx ctx = city_ctx();
    dialect_request_list_fini(&g->sent);
    if (dialect_push(g->sink, &ctx, &batch, &g->sent, &g->why))
        fail_msg("%s", g->why.text);
    assert_int_equal(g->sent.n, 1);
}

static void file(struct guangzhou *g)
{
    struct dialect_batch batch = {.items = &g->item, .n = 1};
    struct dialect_ctx ctx = city_ctx();
    dialect_request_list_fini(&g->sent);
    if (dialect_register(g->sink, &ctx, &batch, &g->sent, &g->why))
        fail_msg("%s", g->why.text);
    assert_int_equal(g->sent.n, 1);
}

static enum dialect_verdict check(struct guangzhou *g, const char *answer, char *code)
{
    struct dialect_judgement j;
    struct dialect_ctx ctx = city_ctx();
    struct dialect_response res = {200, {0}, answer ? view_of(answer) : buf_get(&g->reply)};
    if (dialect_check(g->sink, &ctx, &g->sent.v[0], &res, &j))
        fail_msg("%s", j.why.text);
    enum dialect_verdict all = j.all;
    if (code)
        (void)snprintf(code, FOREIGN_SIZE, "%s", j.codes ? j.codes[0] : "");
    dialect_judgement_fini(&j);
    return all;
}

static void exchange(struct guangzhou *g)
{
    if (city_hear(g->feed, &g->sent.v[0], &g->heard, &g->reply))
        fail_msg("%s", g->reply.p);
    assert_int_equal(check(g, NULL, NULL), VERDICT_OK);
}

static void log_in(struct guangzhou *g)
{
    push(g);
    assert_true(g->sent.v[0].first);
    exchange(g);
}

#define HEARD "report 0 lot=4401001 counts free=42 open=120 total=300 time=2026-01-01T00:00:00Z\n"

static void the_log_in_goes_first(void **state)
{
    (void)state;
    static const char *const params[] = {"{" ACCOUNT "}", SIGNED, RENAMED};
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        struct guangzhou g;
        begin(&g, params[i]);
        log_in(&g);
        assert_string_equal(g.sent.v[0].url, "https://lot.example/login");
        push(&g);
        assert_false(g.sent.v[0].first);
        exchange(&g);
        assert_list(&g.heard, HEARD);
        end(&g);
    }
}

static void words_are_replaced(void **state)
{
    (void)state;
    struct guangzhou g;
    begin(&g, RENAMED);
    log_in(&g);
    assert_true(has_text(buf_get(&g.reply), "{\"result\":\"200\",\"resultObject\":{\"Ticket\":\""));
    push(&g);
    assert_string_equal(g.sent.v[0].url, "https://lot.example/api/9");
    assert_true(has_text(buf_get(&g.sent.v[0].body), "\"Vacant\":42"));
    end(&g);
}

static void a_lot_is_filed_in_gb18030(void **state)
{
    (void)state;
    struct guangzhou g;
    char code[FOREIGN_SIZE];
    begin(&g, SIGNED);
    log_in(&g);
    file(&g);
    assert_string_equal(g.sent.v[0].url, "https://lot.example/parkstatus");
    assert_string_equal(header_of(&g.sent.v[0], "content-type"), "application/json; charset=GB18030");
    assert_true(has_text(buf_get(&g.sent.v[0].body), "\"Name\":\"\xb1\xb1\xb9\xe3\xb3\xa1\"")); /* 北广场 */
    assert_true(has_text(buf_get(&g.sent.v[0].body), "\"ParkID\":4401001,"));
    assert_int_equal(city_hear(g.feed, &g.sent.v[0], &g.heard, &g.reply), 0);
    assert_list(&g.heard, "");
    assert_int_equal(check(&g, "{\"result\":0,\"resultObject\":{\"ParkID\":77001}}", code), VERDICT_OK);
    assert_string_equal(code, "77001");
    end(&g);
}

static void refused(struct guangzhou *g, int err, const char *reply)
{
    size_t n = g->heard.n;
    assert_int_equal(city_hear(g->feed, &g->sent.v[0], &g->heard, &g->reply), err);
    if (!has_text(buf_get(&g->reply), reply))
        fail_msg("%s", g->reply.p);
    assert_int_equal(g->heard.n, n);
}

static void only_who_is_logged_in_and_signs(void **state)
{
    (void)state;
    struct guangzhou g;
    begin(&g, SIGNED);
    push(&g);
    city_spoil(&g.sent.v[0].body, "\"Password\":\"");
    refused(&g, ERR_AUTH, "\"result\":\"1\""); /* the signature is not of this body */
    city_spoil(&g.sent.v[0].body, "\"Password\":\"");
    exchange(&g);
    push(&g);
    city_spoil(&g.sent.v[0].body, "\"FSpace\":");
    refused(&g, ERR_AUTH, "\"result\":\"1\"");
    end(&g);
    begin(&g, "{" ACCOUNT "}");
    push(&g);
    city_spoil(&g.sent.v[0].body, "\"Password\":\"");
    refused(&g, ERR_AUTH, "\"result\":\"1\"");
    assert_int_equal(check(&g, NULL, NULL), VERDICT_PAUSE);
    city_spoil(&g.sent.v[0].body, "\"Password\":\"");
    exchange(&g);
    push(&g);
    city_spoil(&g.sent.v[0].body, "\"Token\":\"");
    refused(&g, ERR_AUTH, "\"result\":\"401\"");
    assert_int_equal(check(&g, NULL, NULL), VERDICT_RETRY); /* and logs in again */
    push(&g);
    assert_true(g.sent.v[0].first);
    buf_clear(&g.sent.v[0].body);
    buf_view(&g.sent.v[0].body, VIEW("{\"Name\":\"\xe5\x8c"));
    refused(&g, ERR_SYNTAX, "\"result\":\"1\"");
    end(&g);
}

/* A token is the same after a restart, and ends. */
static void tokens_end(void **state)
{
    (void)state;
    struct guangzhou g;
    begin(&g, "{" ACCOUNT "}");
    log_in(&g);
    dialect_close(g.feed);
    g.feed = open_session(ds, "guangzhou", "{" ACCOUNT "}");
    push(&g);
    exchange(&g);
    dialect_close(g.feed);
    g.feed = open_session(ds, "guangzhou", "{\"user\":\"u1\",\"password\":\"p2\"}");
    refused(&g, ERR_AUTH, "\"result\":\"401\"");
    end(&g);
}

static void other_results_are_tried_again(void **state)
{
    (void)state;
    struct guangzhou g;
    begin(&g, "{" ACCOUNT "}");
    log_in(&g);
    push(&g);
    assert_int_equal(check(&g, "{\"result\":\"0\"}", NULL), VERDICT_OK);
    assert_int_equal(check(&g, "{\"result\":\"1\",\"resultObject\":{\"Message\":\"x\"}}", NULL),
                     VERDICT_RETRY);
    assert_int_equal(check(&g, "{}", NULL), VERDICT_RETRY);
    push(&g);
    assert_false(g.sent.v[0].first); /* the token is kept */
    end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_in_goes_first),
        cmocka_unit_test(words_are_replaced),
        cmocka_unit_test(a_lot_is_filed_in_gb18030),
        cmocka_unit_test(only_who_is_logged_in_and_signs),
        cmocka_unit_test(tokens_end),
        cmocka_unit_test(other_results_are_tried_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
