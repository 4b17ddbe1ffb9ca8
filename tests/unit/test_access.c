/* SPDX-License-Identifier: MIT
 * How parkd shows itself to vendors: what stands in the requests, tokens of OAuth 2 from the first to the
 * renewed, and that nothing secret is told to the wrong host or to people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_net.h"

#include "fake_dialect.h"
#include "parkd/base/json.h"
#include "parkd/feed/feeds.h"
#include "parkd/model/registry.h"

#define OAUTH                                                                                           \
    "{\"oauth2\":{\"token_url\":\"https://id/token\",\"client_id\":\"me:1\",\"client_secret\":\"s c\"," \
    "\"scope\":\"read all\"}}"
#define TOKEN(text, life) "{\"access_token\":\"" text "\",\"token_type\":\"bearer\",\"expires_in\":" life "}"

static int calls;

static bool on_reports(void *ctx, const struct feed *feed, const struct report_list *reports)
{
    (void)ctx;
    (void)feed;
    (void)reports;
    calls++;
    return true;
}

static bool may_poll(void *ctx, const char *feed)
{
    (void)ctx;
    (void)feed;
    return true;
}

static int slow_down(void *ctx)
{
    (void)ctx;
    return 1;
}

static struct registry *reg;
static struct feeds *feeds;

static int setup(void **state)
{
    struct feeds_port port = {.on_reports = on_reports, .may_poll = may_poll, .slow_down = slow_down};
    (void)state;
    fake_started = calls = 0;
    reg = registry_new();
    feeds = feeds_new(NULL, &fake_clock, NULL, &fake_dialects, reg, &port);
    return feeds ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    feeds_free(feeds);
    registry_free(reg);
    return fake_in_flight() || fake_timers || fake_sessions;
}

static struct feed parsed(const char *url, const char *access, const char *params)
{
    struct json *j = NULL;
    struct why why = {0};
    struct feed f = {0};
    char text[2048];
    (void)snprintf(
        text, sizeof text,
        "{\"id\":\"f1\",\"dialect\":\"fake\",\"mode\":\"poll\",\"url\":\"%s\",\"interval_ms\":20000,"
        "\"spacing_ms\":1,\"access\":%s,\"params\":%s}",
        url, access, params);
    if (json_parse(view_of(text), &j, &why) || feed_parse(j, &f, &why))
        fail_msg("%s: %s: %s", text, why.at, why.text);
    json_free(j);
    return f;
}

static void put(const char *url, const char *access)
{
    struct why why = {0};
    struct feed f = parsed(url, access, "{}");
    if (feeds_put(feeds, &f, &why))
        fail_msg("%s: %s", why.at, why.text);
}

static struct fetch *next_fetch(void)
{
    for (int i = 0; i < 4000 && !fake_fetches; i++)
        fake_advance(10);
    if (!fake_fetches)
        fail_msg("nothing was asked");
    return fake_fetches;
}

static struct fetch *asked(const char *url, const char *access)
{
    put(url, access);
    feeds_start(feeds);
    return next_fetch();
}

static void is_token_request(const struct fetch *op)
{
    assert_string_equal(op->url, "https://id/token");
    assert_string_equal(op->method, "POST");
}

/* The bearer of the next request, which must be one to the lot. */
static const char *bearer(void)
{
    struct fetch *op = next_fetch();
    assert_string_equal(op->url, "http://lot/a");
    return fake_header(op, "Authorization");
}

static const char *status(void)
{
    static char text[4096];
    struct json_writer w;
    struct buf b;
    buf_init(&b, sizeof text - 1);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    feeds_write_status(feeds, &w);
    jw_end_array(&w);
    struct view v = buf_get(&b);
    assert_true(v.n > 0);
    memcpy(text, v.p, v.n + 1);
    buf_fini(&b);
    return text;
}

static void shows(const char *words)
{
    if (!strstr(status(), words))
        fail_msg("%s is not in %s", words, status());
}

static void basic_and_bearer_are_headers(void **state)
{
    (void)state;
    struct fetch *op =
        asked("http://lot/a", "{\"basic\":{\"user\":\"Aladdin\",\"password\":\"open sesame\"}}");
    assert_string_equal(fake_header(op, "Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    put("http://lot/a", "{\"bearer\":\"k-1\"}");
    assert_string_equal(bearer(), "Bearer k-1");
}

static void keys_stand_where_they_belong(void **state)
{
    static const struct {
        const char *url, *access, *asked, *header;
    } rows[] = {
        {"http://lot/a", "{\"key\":{\"header\":\"X-Key\",\"value\":\"v\"}}", "http://lot/a", "v"},
        {"http://lot/a", "{\"key\":{\"query\":\"api key\",\"value\":\"a&b=\\u00e4\"}}",
         "http://lot/a?api%20key=a%26b%3D%C3%A4", NULL},
        {"http://lot/a?x=1",
         "{\"key\":[{\"query\":\"k\",\"value\":\"v\"},{\"header\":\"X-Key\",\"value\":\"w\"}]}",
         "http://lot/a?x=1&k=v", "w"},
        {"http://lot/a?", "{\"key\":[{\"query\":\"k\",\"value\":\"v\"},{\"query\":\"l\",\"value\":\"w\"}]}",
         "http://lot/a?k=v&l=w", NULL},
        {"http://lot/a?k=own&l",
         "{\"key\":[{\"query\":\"k\",\"value\":\"v\"},{\"query\":\"l\",\"value\":\"w\"}]}",
         "http://lot/a?k=own&l", NULL},
    };
    (void)state;
    feeds_start(feeds);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(rows[i].url, rows[i].access);
        struct fetch *op = next_fetch();
        assert_string_equal(op->url, rows[i].asked);
        const char *header = fake_header(op, "X-Key");
        assert_true(!header == !rows[i].header && (!header || !strcmp(header, rows[i].header)));
    }
}

/* The fake dialect asks on at http://lot/next. */
static void only_the_registered_host_hears_it(void **state)
{
    (void)state;
    struct fetch *op = asked("http://lot:80/a", "{\"bearer\":\"k-1\"}");
    assert_non_null(fake_header(op, "Authorization"));
    fake_answer(op, 200, "A 1\nmore");
    op = next_fetch();
    assert_string_equal(op->url, "http://lot/next");
    assert_non_null(fake_header(op, "Authorization"));
    put("http://other/a", "{\"bearer\":\"k-1\"}");
    fake_answer(next_fetch(), 200, "A 1\nmore");
    op = next_fetch();
    assert_string_equal(op->url, "http://lot/next");
    assert_null(fake_header(op, "Authorization"));
    put("http://other/a", OAUTH);
    is_token_request(next_fetch());
    fake_answer(next_fetch(), 200, TOKEN("t1", "3600"));
    fake_answer(next_fetch(), 200, "A 1\nmore");
    op = next_fetch();
    assert_null(fake_header(op, "Authorization"));
    fake_answer(op, 401, ""); /* of another host: no reason for another token */
    assert_null(fake_fetches);
    shows("answered HTTP 401");
}

static void a_token_is_asked_for_by_the_book(void **state)
{
    (void)state;
    struct fetch *op = asked("http://lot/a", OAUTH);
    is_token_request(op);
    assert_string_equal(op->body, "grant_type=client_credentials&scope=read%20all");
    assert_string_equal(fake_header(op, "Content-Type"), "application/x-www-form-urlencoded");
    assert_string_equal(fake_header(op, "Authorization"), "Basic bWUlM0ExOnMlMjBj"); /* me%3A1:s%20c */
    put("http://lot/a", "{\"oauth2\":{\"token_url\":\"https://id/token\",\"client_id\":\"me:1\","
                        "\"client_secret\":\"s c\",\"in_body\":true}}");
    op = next_fetch();
    assert_string_equal(op->body, "grant_type=client_credentials&client_id=me%3A1&client_secret=s%20c");
    assert_null(fake_header(op, "Authorization"));
}

static void a_token_serves_until_shortly_before_its_end(void **state)
{
    int polls = 0;
    (void)state;
    fake_answer(asked("http://lot/a", OAUTH), 200, TOKEN("t1", "100"));
    int64_t start = fake_now;
    while (strcmp(next_fetch()->url, "http://lot/a") == 0) {
        assert_string_equal(bearer(), "Bearer t1");
        fake_answer(fake_fetches, 200, "A 1");
        polls++;
    }
    assert_in_range(fake_now - start, 75000 - 1, 99000); /* a margin of a quarter */
    assert_in_range(polls, 3, 5);
    is_token_request(fake_fetches);
    fake_answer(fake_fetches, 200, TOKEN("t2", "\"100\""));
    assert_string_equal(bearer(), "Bearer t2");
    assert_int_equal(calls, polls);
}

static void a_refused_token_is_renewed_once(void **state)
{
    (void)state;
    fake_answer(asked("http://lot/a", OAUTH), 200, TOKEN("t1", "3600"));
    fake_answer(next_fetch(), 200, "A 1");
    assert_string_equal(bearer(), "Bearer t1");
    fake_answer(fake_fetches, 401, "");
    is_token_request(next_fetch());
    fake_answer(fake_fetches, 200, TOKEN("t2", "3600"));
    assert_string_equal(bearer(), "Bearer t2");
    fake_answer(fake_fetches, 200, "A 2");
    assert_int_equal(calls, 2);
    /* a fresh one that is refused too is a failure, and the next poll begins with another */
    fake_answer(next_fetch(), 401, "");
    fake_answer(next_fetch(), 200, TOKEN("t3", "3600"));
    assert_string_equal(bearer(), "Bearer t3");
    fake_answer(fake_fetches, 401, "");
    assert_null(fake_fetches);
    shows("answered HTTP 401");
    is_token_request(next_fetch());
    fake_answer(fake_fetches, 200, TOKEN("t4", "3600"));
    fake_answer(next_fetch(), 403, ""); /* not allowed is not unknown */
    assert_null(fake_fetches);
    assert_string_equal(bearer(), "Bearer t4");
}

static void what_a_token_endpoint_says_wrongly(void **state)
{
    static const struct {
        int status;
        const char *body, *words;
    } rows[] = {
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"s c is wrong\"}",
         "the token endpoint answered HTTP 401: invalid_client (/access/oauth2/token_url)"},
        {400, "{\"error\":\"SECRET s c\"}", "the token endpoint answered HTTP 400 ("},
        {200, "{\"error\":\"invalid_scope\"}", "answered HTTP 200: invalid_scope"},
        {500, "", "the token endpoint answered HTTP 500"},
        {302, "", "the token endpoint answered HTTP 302"},
        {200, "<html>", "the token endpoint answered no JSON"},
        {200, "[]", "gave no access_token"},
        {200, "{\"access_token\":7}", "gave no access_token"},
        {200, "{\"access_token\":\"a b\"}", "gave what cannot be a token"},
        {200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}", "of another type than Bearer"},
    };
    (void)state;
    put("http://lot/a", OAUTH);
    feeds_start(feeds);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)feeds_poll_now(feeds, VIEW("f1"));
        is_token_request(next_fetch());
        fake_answer(fake_fetches, rows[i].status, rows[i].body);
        assert_null(fake_fetches);
        shows(rows[i].words);
        assert_null(strstr(status(), "s c"));
    }
    (void)feeds_poll_now(feeds, VIEW("f1"));
    fake_fail(next_fetch(), ERR_CONNECT, "connection refused");
    shows("the token endpoint: connection refused");
    assert_int_equal(calls, 0);
}

/* A life that is not said, or cannot be, is an hour. */
static void odd_lives_of_tokens(void **state)
{
    static const char *const lives[] = {"0", "-1", "null", "\"x\"", "1.5", "[]"};
    (void)state;
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        char answer[200];
        (void)snprintf(answer, sizeof answer, "{\"access_token\":\"t\",\"expires_in\":%s}", lives[i]);
        put("http://lot/b", "{\"bearer\":\"x\"}"); /* forgets the token */
        fake_answer(asked("http://lot/a", OAUTH), 200, answer);
        for (int polls = 0; polls < 20; polls++) {
            assert_string_equal(bearer(), "Bearer t");
            fake_answer(fake_fetches, 200, "A 1");
        }
    }
}

static void a_slow_endpoint_is_cut_off_with_the_poll(void **state)
{
    (void)state;
    struct fetch *op = asked("http://lot/a", OAUTH);
    assert_int_equal(op->timeout_ms, 10000);
    fake_end(op, &(struct fetch_result){
                     .status = 200, .body = VIEW(TOKEN("t", "60")), .took_ms = 4000, .retry_after_ms = -1});
    assert_int_equal(next_fetch()->timeout_ms, 6000);
}

static void what_is_said_twice_is_refused(void **state)
{
    static const struct {
        const char *access, *params, *at;
        int err;
    } rows[] = {
        {"{\"bearer\":\"x\"}", "{\"headers\":{\"authorization\":\"y\"}}", "/access", ERR_INVALID},
        {"{\"bearer\":\"x\"}", "{\"headers\":{\"X-Key\":\"y\"},\"query\":{\"Authorization\":\"y\"}}", "", 0},
        {"{\"key\":{\"header\":\"X-Key\",\"value\":\"v\"}}", "{\"headers\":{\"x-key\":\"y\"}}", "/access",
         ERR_INVALID},
        {"{\"key\":{\"query\":\"k\",\"value\":\"v\"}}", "{\"query\":{\"k\":\"y\"}}", "/access", ERR_INVALID},
        {"{\"key\":{\"query\":\"k\",\"value\":\"v\"}}", "{\"query\":{\"K\":\"y\"},\"headers\":{\"k\":\"y\"}}",
         "", 0},
        {"{\"oauth2\":{\"token_url\":\"ftp://x\",\"client_id\":\"i\",\"client_secret\":\"s\"}}", "{}",
         "/access/oauth2/token_url", ERR_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why = {0};
        struct feed f = parsed("http://lot/a", rows[i].access, rows[i].params);
        assert_int_equal(feeds_check(NULL, &f, &why), rows[i].err);
        assert_string_equal(why.at, rows[i].at);
        feed_fini(&f);
    }
}

/* A registration that changed is asked with what it says now, a token of the old one is forgotten. */
static void a_new_secret_counts_at_once(void **state)
{
    (void)state;
    fake_answer(asked("http://lot/a", OAUTH), 200, TOKEN("t1", "3600"));
    assert_string_equal(bearer(), "Bearer t1");
    put("http://lot/a", OAUTH); /* the same again */
    assert_string_equal(bearer(), "Bearer t1");
    put("http://lot/a", "{\"oauth2\":{\"token_url\":\"https://id/token\",\"client_id\":\"me:1\","
                        "\"client_secret\":\"other\"}}");
    is_token_request(next_fetch());
    assert_string_equal(fake_header(fake_fetches, "Authorization"), "Basic bWUlM0ExOm90aGVy");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(basic_and_bearer_are_headers),
        TEST(keys_stand_where_they_belong),
        TEST(only_the_registered_host_hears_it),
        TEST(a_token_is_asked_for_by_the_book),
        TEST(a_token_serves_until_shortly_before_its_end),
        TEST(a_refused_token_is_renewed_once),
        TEST(what_a_token_endpoint_says_wrongly),
        TEST(odd_lives_of_tokens),
        TEST(a_slow_endpoint_is_cut_off_with_the_poll),
        TEST(what_is_said_twice_is_refused),
        TEST(a_new_secret_counts_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
