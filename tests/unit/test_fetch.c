/* SPDX-License-Identifier: MIT
 * fetch.h against http_server and against servers that misbehave, all in one loop: what comes back, what is
 * refused, limits, cancelling at every stage, queues, a resolver that never answers, TLS.
 */
#include "net_test.h"

#define ERR_STATE openssl_err_state /* a name both have */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#undef ERR_STATE
#include <dlfcn.h>
#include <netdb.h>
#include <zlib.h>

#include "parkd/base/log.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/fetch.h"
#include "parkd/net/http_server.h"

#define BOMB_SIZE (5 * 1024 * 1024)

struct world {
    struct loop *loop;
    struct http_server *server;
    struct fetcher *fetcher;
    struct fetch_limits limits;
    struct http_request *held[300];
    int n_held, n_requests, stopped;
    struct view zipped; /* gzip of BOMB_SIZE blanks */
    char host[200];     /* "127.0.0.1:port" */
    char seen[512];
};

/* What came back, copied. */
struct result {
    int n, err, status;
    int64_t retry_after_ms, took_ms;
    size_t body_n;
    char body[256], head[1024], detail[160];
    struct world *world;
    struct fetch *cancel; /* in the callback */
    bool free_fetcher, again;
};

static void on_done(void *ctx, const struct fetch_result *res)
{
    struct result *r = ctx;

    r->n++;
    r->err = res->err;
    r->status = res->status;
    r->retry_after_ms = res->retry_after_ms;
    r->took_ms = res->took_ms;
    r->body_n = res->body.n;
    snprintf(r->body, sizeof r->body, VIEW_FMT, VIEW_ARG(res->body));
    snprintf(r->head, sizeof r->head, VIEW_FMT, VIEW_ARG(res->head));
    snprintf(r->detail, sizeof r->detail, "%s", res->detail);
    if (res->err)
        assert_true(res->detail[0] != '\0');
    else
        assert_string_equal(res->detail, "");
    fetch_cancel(r->cancel);
    if (r->free_fetcher) {
        fetcher_free(r->world->fetcher);
        r->world->fetcher = NULL;
    }
}

/* --- the server's side --- */

static void answer(struct http_request *req, int status, struct view body)
{
    struct http_answer a = {.status = status, .content_type = "text/plain", .body = body};

    http_answer(req, &a);
}

static void answer_bomb(struct world *w, struct http_request *req)
{
    static const struct http_header_out zipped = {"Content-Encoding", "gzip"};
    struct http_answer a = {.status = 200, .headers = &zipped, .n_headers = 1, .body = w->zipped};

    http_answer(req, &a);
}

static void answer_busy(struct http_request *req)
{
    static const struct http_header_out retry = {"Retry-After", "7"};
    struct http_answer a = {.status = 503, .headers = &retry, .n_headers = 1, .body = VIEW("busy")};

    http_answer(req, &a);
}

static void on_request(void *ctx, struct http_request *req)
{
    struct world *w = ctx;
    struct view path = http_path(req), body = http_body(req);

    w->n_requests++;
    snprintf(w->seen, sizeof w->seen,
             "%d " VIEW_FMT " type=" VIEW_FMT " x=" VIEW_FMT " agent=" VIEW_FMT " body=" VIEW_FMT,
             http_method(req), VIEW_ARG(path), VIEW_ARG(http_header(req, "content-type")),
             VIEW_ARG(http_header(req, "x-test")), VIEW_ARG(http_header(req, "user-agent")), VIEW_ARG(body));
    if (view_is(path, "/hold"))
        w->held[w->n_held++] = req;
    else if (view_is(path, "/busy"))
        answer_busy(req);
    else if (view_is(path, "/bomb"))
        answer_bomb(w, req);
    else if (view_is(path, "/moved"))
        http_answer(req, &(struct http_answer){.status = 302,
                                               .headers = &(struct http_header_out){"Location", "/ok"},
                                               .n_headers = 1});
    else
        answer(req, 200, VIEW("hello"));
}

static void answer_held(struct world *w)
{
    for (int i = 0; i < w->n_held; i++)
        answer(w->held[i], 200, VIEW("held"));
    w->n_held = 0;
}

static void on_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped = 1;
}

/* --- setting up --- */

static void allow_loopback(struct addr_filter *f)
{
    assert_int_equal(addr_filter_allow(f, VIEW("127.0.0.0/8")), 0);
    assert_int_equal(addr_filter_allow(f, VIEW("::1")), 0);
}

static void serve(struct world *w, const char *cert, const char *key)
{
    struct http_server_conf conf = {.listen = "127.0.0.1:0",
                                    .max_body = 100000,
                                    .max_connections = 1000,
                                    .head_ms = 5000,
                                    .body_ms = 5000,
                                    .idle_ms = 5000,
                                    .tls_cert = cert,
                                    .tls_key = key};
    struct why why = {0};

    w->server = http_server_new(w->loop, &conf, on_request, w, &why);
    if (!w->server)
        fail_msg("%s", why.text);
    snprintf(w->host, sizeof w->host, "%s", http_server_address(w->server));
}

static void stop_server(struct world *w)
{
    w->stopped = 0;
    http_server_stop(w->server, 1000, on_stopped, w);
    run_until(w->loop, &w->stopped, 1);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct addr_filter f = {0};

    assert_non_null(w);
    w->loop = loop_new();
    w->limits = (struct fetch_limits){
        .max_body = 1000, .max_head = 4000, .max_active = 64, .max_per_host = 64, .connect_ms = 1000};
    allow_loopback(&f);
    w->fetcher = fetcher_new(w->loop, &w->limits, &f);
    assert_non_null(w->fetcher);
    serve(w, NULL, NULL);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    fetcher_free(w->fetcher);
    answer_held(w);
    stop_server(w);
    assert_int_equal(loop_close(w->loop), 0);
    free((void *)(uintptr_t)w->zipped.p);
    free(w);
    return 0;
}

static void new_fetcher(struct world *w, const struct addr_filter *f)
{
    fetcher_free(w->fetcher);
    w->fetcher = fetcher_new(w->loop, &w->limits, f);
    assert_non_null(w->fetcher);
}

static struct fetch *ask_url(struct world *w, const char *url, int64_t timeout_ms, struct result *r)
{
    struct fetch_request req = {.url = view_of(url), .timeout_ms = timeout_ms};
    struct why why = {0};
    struct fetch *op;

    *r = (struct result){.world = w, .err = 1};
    op = fetch_start(w->fetcher, &req, on_done, r, &why);
    if (!op)
        fail_msg("%s: %s", url, why.text);
    assert_int_equal(r->n, 0);
    return op;
}

static struct fetch *ask(struct world *w, const char *path, struct result *r)
{
    char url[256];

    snprintf(url, sizeof url, "http://%s%s", w->host, path);
    return ask_url(w, url, 5000, r);
}

static void get(struct world *w, const char *path, struct result *r)
{
    assert_non_null(ask(w, path, r));
    run_until(w->loop, &r->n, 1);
}

/* --- answers --- */

static void brings_the_answer(void **state)
{
    struct world *w = *state;
    struct result r;

    get(w, "/ok?x=1", &r);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "hello");
    assert_true(view_is(fetch_header_value(view_of(r.head), "content-type"), "text/plain"));
    assert_null(strstr(r.head, "HTTP/1.1"));
    assert_int_equal(r.retry_after_ms, -1);
    assert_string_equal(w->seen, "0 /ok type= x= agent=parkd body=");
    get(w, "/ok", &r);
    assert_int_equal(r.err, 0);
    assert_int_equal(http_server_connections(w->server), 1); /* used again */
    get(w, "/busy", &r);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.status, 503);
    assert_int_equal(r.retry_after_ms, 7000);
    get(w, "/moved", &r);
    assert_int_equal(r.status, 302); /* not followed */
    assert_int_equal(fetcher_active(w->fetcher), 0);
}

static void sends_what_was_asked(void **state)
{
    static const struct {
        const char *method, *body, *type, *want;
    } rows[] = {
        {"", "", NULL, "0 /m type= x=v agent=parkd body="},
        {"", "abc", NULL, "2 /m type= x=v agent=parkd body=abc"},
        {"", "abc", "application/json", "2 /m type=application/json x=v agent=parkd body=abc"},
        {"POST", "", NULL, "2 /m type= x=v agent=parkd body="},
        {"PUT", "abc", NULL, "3 /m type= x=v agent=parkd body=abc"},
        {"DELETE", "", NULL, "4 /m type= x=v agent=parkd body="},
        {"HEAD", "", NULL, "1 /m type= x=v agent=parkd body="},
        {"GET", "abc", NULL, "0 /m type= x=v agent=parkd body=abc"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch_header headers[] = {{VIEW("X-Test"), VIEW("v")},
                                         {VIEW("Content-Type"), view_of(rows[i].type)}};
        struct result r = {.world = w};
        char url[256], body[16];
        struct fetch_request req = {.method = view_of(rows[i].method),
                                    .headers = headers,
                                    .n_headers = rows[i].type ? 2 : 1,
                                    .timeout_ms = 5000};

        snprintf(url, sizeof url, "http://%s/m", w->host);
        snprintf(body, sizeof body, "%s", rows[i].body);
        req.url = view_of(url);
        req.body = view_of(body);
        assert_non_null(fetch_start(w->fetcher, &req, on_done, &r, NULL));
        memset(body, '!', sizeof body); /* it was copied */
        memset(url, '!', sizeof url);
        run_until(w->loop, &r.n, 1);
        assert_int_equal(r.err, 0);
        assert_string_equal(w->seen, rows[i].want);
        assert_string_equal(r.body, strcmp(rows[i].method, "HEAD") == 0 ? "" : "hello");
    }
}

static void refuses_requests_at_once(void **state)
{
    static const struct {
        const char *method, *url, *name, *value;
    } rows[] = {
        {"", "ftp://127.0.0.1/", "A", "b"},     {"", "http://u:p@127.0.0.1/", "A", "b"},
        {"get", "http://127.0.0.1/", "A", "b"}, {"", "http://127.0.0.1/", "A", "b\r\nC: d"},
        {"", "http://127.0.0.1/", "A b", "c"},  {"", "http://127.0.0.1/", "Content-Length", "5"},
    };
    struct world *w = *state;
    struct result r = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch_header h = {view_of(rows[i].name), view_of(rows[i].value)};
        struct fetch_request req = {
            .method = view_of(rows[i].method), .url = view_of(rows[i].url), .headers = &h, .n_headers = 1};
        struct why why = {0};

        assert_null(fetch_start(w->fetcher, &req, on_done, &r, &why));
        assert_true(why.text[0] != '\0');
    }
    assert_int_equal(r.n, 0);
}

/* --- servers that misbehave --- */

static void names_what_went_wrong(void **state)
{
    static const struct {
        const char *reply;
        enum raw_after after;
        int err, status;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", RAW_CLOSE, ERR_PROTOCOL, 200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", RAW_CLOSE, ERR_PROTOCOL, 200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhel", RAW_CLOSE, ERR_IO, 200},
        {"", RAW_CLOSE, ERR_PROTOCOL, 0},
        {"SSH-2.0-OpenSSH_9.2\r\n", RAW_CLOSE, ERR_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", RAW_CLOSE,
         ERR_PROTOCOL, 200},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello", RAW_CLOSE, ERR_PROTOCOL,
         200},
        {"", RAW_HOLD, ERR_TIMEOUT, 0},
        {"HTTP/1.1 200 OK\r\n", RAW_HOLD, ERR_TIMEOUT, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", RAW_HOLD, ERR_TIMEOUT, 200},
        {"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", RAW_DRIP, ERR_TIMEOUT, 200},
        {"HTTP/1.1 200 OK\r\nX: ", RAW_DRIP, ERR_TIMEOUT, 0},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw_server s;
        struct result r;

        raw_server_start(&s, w->loop, rows[i].reply, rows[i].after);
        ask_url(w, s.url, 200, &r);
        run_until(w->loop, &r.n, 1);
        if (r.err != rows[i].err || (rows[i].status && r.status != rows[i].status))
            fail_msg("row %zu: %s, %d: %s", i, err_name(r.err), r.status, r.detail);
        if (r.err == ERR_TIMEOUT)
            assert_in_range(r.took_ms, 150, 5000);
        raw_server_stop(&s);
    }
    assert_int_equal(fetcher_active(w->fetcher), 0);
}

static void reads_odd_but_whole_answers(void **state)
{
    static const struct {
        const char *reply, *body, *head;
    } rows[] = {
        {"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end", ""},
        {"HTTP/1.1 103 Early\r\nA: early\r\n\r\nHTTP/1.1 200 OK\r\nB: late\r\nContent-Length: 1\r\n\r\nx",
         "x", "B: late\r\nContent-Length: 1\r\n"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n1\r\nx\r\n0\r\nRetry-After: "
         "9\r\n\r\n",
         "x", "Transfer-Encoding: chunked\r\nTrailer: T\r\n"},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", ""},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw_server s;
        struct result r;

        raw_server_start(&s, w->loop, rows[i].reply, RAW_CLOSE);
        ask_url(w, s.url, 5000, &r);
        run_until(w->loop, &r.n, 1);
        if (r.err)
            fail_msg("row %zu: %s", i, r.detail);
        assert_string_equal(r.body, rows[i].body);
        assert_string_equal(r.head, rows[i].head);
        assert_int_equal(r.retry_after_ms, -1);
        raw_server_stop(&s);
    }
}

static void limits_bodies_and_heads(void **state)
{
    struct world *w = *state;
    char reply[8000];
    struct raw_server s;
    struct result r;

    snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n%01001d", 7);
    raw_server_start(&s, w->loop, reply, RAW_CLOSE);
    ask_url(w, s.url, 5000, &r);
    run_until(w->loop, &r.n, 1);
    assert_int_equal(r.err, ERR_TOO_BIG);
    assert_int_equal(r.body_n, 0);
    raw_server_stop(&s);
    snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%01000d", 7);
    raw_server_start(&s, w->loop, reply, RAW_CLOSE);
    ask_url(w, s.url, 5000, &r);
    run_until(w->loop, &r.n, 1);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.body_n, 1000);
    raw_server_stop(&s);
    snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nA: %04000d\r\nContent-Length: 0\r\n\r\n", 7);
    raw_server_start(&s, w->loop, reply, RAW_CLOSE);
    ask_url(w, s.url, 5000, &r);
    run_until(w->loop, &r.n, 1);
    assert_int_equal(r.err, ERR_TOO_BIG);
    raw_server_stop(&s);
    size_t n = (size_t)snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 101; i++)
        n += (size_t)snprintf(reply + n, sizeof reply - n, "A: b\r\n");
    snprintf(reply + n, sizeof reply - n, "Content-Length: 0\r\n\r\n");
    raw_server_start(&s, w->loop, reply, RAW_CLOSE);
    ask_url(w, s.url, 5000, &r);
    run_until(w->loop, &r.n, 1);
    assert_int_equal(r.err, ERR_TOO_BIG);
    raw_server_stop(&s);
}

static struct view gzip_blanks(size_t n)
{
    static const size_t room = 100000;
    unsigned char *out = calloc(1, room), *in = malloc(n);
    z_stream z = {0};

    assert_non_null(out);
    assert_non_null(in);
    memset(in, ' ', n);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    free(in);
    return (struct view){(char *)out, z.total_out};
}

static void unfolds_gzip_but_no_bombs(void **state)
{
    struct world *w = *state;
    struct result r;

    w->zipped = gzip_blanks(900);
    get(w, "/bomb", &r);
    assert_int_equal(r.err, 0);
    assert_int_equal(r.body_n, 900);
    for (size_t cut = 1; cut < w->zipped.n; cut++) { /* libcurl alone would take it for whole */
        w->zipped.n -= cut;
        get(w, "/bomb", &r);
        assert_int_equal(r.err, ERR_PROTOCOL);
        assert_string_equal(r.detail, "the gzip breaks off");
        w->zipped.n += cut;
    }
    w->zipped.n++;
    get(w, "/bomb", &r);
    assert_int_equal(r.err, ERR_PROTOCOL);
    assert_string_equal(r.detail, "bytes behind the end of the gzip");
    free((void *)(uintptr_t)w->zipped.p);
    w->zipped = gzip_blanks(BOMB_SIZE);
    get(w, "/bomb", &r);
    assert_int_equal(r.err, ERR_TOO_BIG);
    assert_int_equal(r.body_n, 0);
}

static void says_so_when_nobody_listens(void **state)
{
    struct world *w = *state;
    struct raw_server s;
    struct result r;
    char url[64];

    raw_server_start(&s, w->loop, "", RAW_CLOSE);
    snprintf(url, sizeof url, "%s", s.url);
    raw_server_stop(&s);
    ask_url(w, url, 5000, &r);
    run_until(w->loop, &r.n, 1);
    assert_int_equal(r.err, ERR_CONNECT);
    assert_int_equal(r.status, 0);
}

/* --- the address filter --- */

static void calls_no_denied_address(void **state)
{
    static const char *const rows[] = {"http://127.0.0.1:%s/",       "http://localhost:%s/",
                                       "http://[::1]:%s/",           "http://[::ffff:127.0.0.1]:%s/",
                                       "http://[::ffff:7f00:1]:%s/", "http://0.0.0.0:%s/",
                                       "http://169.254.169.254:%s/"};
    struct world *w = *state;
    struct addr_filter f = {0};

    new_fetcher(w, &f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[128];
        struct result r;
        const char *at = strstr(rows[i], "%s");

        snprintf(url, sizeof url, "%.*s%s/", (int)(at - rows[i]), rows[i], strrchr(w->host, ':') + 1);
        ask_url(w, url, 5000, &r);
        run_until(w->loop, &r.n, 1);
        if (r.err != ERR_ADDRESS)
            fail_msg("%s: %s %s", url, err_name(r.err), r.detail);
    }
    assert_int_equal(w->n_requests, 0);
    new_fetcher(w, NULL); /* sinks: no filter */
    struct result r;
    get(w, "/", &r);
    assert_int_equal(r.err, 0);
}

/* --- names --- */

static void resolves_names(void **state)
{
    struct world *w = *state;
    struct result r;
    char url[128];

    snprintf(url, sizeof url, "http://LocalHost:%s/n", strrchr(w->host, ':') + 1);
    for (int i = 0; i < 2; i++) {
        ask_url(w, url, 5000, &r);
        run_until(w->loop, &r.n, 1);
        assert_int_equal(r.err, 0);
        assert_string_equal(r.body, "hello");
    }
}

/* A resolver in somebody else's hands: what it says of this name is what the test says. */
#define THEIRS "rebind.test"
static const char *their_answer[4]; /* addresses; the first NULL ends them */
static int their_asked;

typedef int resolver_fn(const char *node, const char *service, const struct addrinfo *hints,
                        struct addrinfo **res);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    resolver_fn *real = NULL;
    struct addrinfo **end = res;
    memcpy(&real, &symbol, sizeof real); /* as POSIX wants it */
    if (!node || strcmp(node, THEIRS) != 0)
        return real(node, service, hints, res);
    their_asked++;
    *res = NULL;
    for (int i = 0; their_answer[i]; i++) {
        int rc = real(their_answer[i], service, hints, end);
        while (!rc && *end)
            end = &(*end)->ai_next;
    }
    return *res ? 0 : EAI_NONAME;
}

static void ask_theirs(struct world *w, struct result *r)
{
    char url[128];
    snprintf(url, sizeof url, "http://" THEIRS ":%s/n", strrchr(w->host, ':') + 1);
    ask_url(w, url, 1000, r);
    run_until(w->loop, &r->n, 1);
}

/* A name that is ours to ask at first and then points inside, or does both at once. */
static void a_name_that_moves_inside(void **state)
{
    struct world *w = *state;
    struct addr_filter f = {0}, loopback = {0};
    struct result r;

    memcpy(their_answer, (const char *[4]){"127.0.0.1"}, sizeof their_answer);
    new_fetcher(w, &f);
    ask_theirs(w, &r);
    assert_int_equal(r.err, ERR_ADDRESS);
    memcpy(their_answer, (const char *[4]){"::ffff:127.0.0.1", "::1"}, sizeof their_answer);
    new_fetcher(w, &f);
    ask_theirs(w, &r);
    assert_int_equal(r.err, ERR_ADDRESS);
    memcpy(their_answer, (const char *[4]){"192.0.2.1", "127.0.0.1"},
           sizeof their_answer); /* for documentation: nobody */
    new_fetcher(w, &f);
    ask_theirs(w, &r);
    assert_true(r.err != 0);
    assert_int_equal(w->n_requests, 0);

    assert_int_equal(addr_filter_allow(&loopback, VIEW("127.0.0.1/32")), 0);
    new_fetcher(w, &loopback);
    memcpy(their_answer, (const char *[4]){"127.0.0.1"}, sizeof their_answer);
    their_asked = 0;
    ask_theirs(w, &r);
    assert_int_equal(r.err, 0);
    memcpy(their_answer, (const char *[4]){"10.0.0.1"}, sizeof their_answer);
    ask_theirs(w, &r); /* what was looked at is what is connected to */
    assert_int_equal(r.err, 0);
    assert_int_equal(their_asked, 1);
    new_fetcher(w, &loopback); /* who looks again sees it, and refuses */
    ask_theirs(w, &r);
    assert_int_equal(r.err, ERR_ADDRESS);
    assert_int_equal(w->n_requests, 2);
}

struct blocker {
    uv_sem_t go;
    int done;
};

static void block(void *data)
{
    uv_sem_wait(&((struct blocker *)data)->go);
}

static void on_unblocked(void *data, bool cancelled)
{
    (void)cancelled;
    ((struct blocker *)data)->done++;
}

/* All threads of the pool are busy, as they are when the resolver never answers. */
static void a_dead_resolver_holds_up_nobody_else(void **state)
{
    struct world *w = *state;
    struct blocker b = {.done = 0};
    struct result r[20], other, cancelled, again;
    char url[128];
    const int n_blocked = 16;

    w->limits.connect_ms = 200;
    struct addr_filter f = {0};
    allow_loopback(&f);
    new_fetcher(w, &f);
    uv_sem_init(&b.go, 0);
    for (int i = 0; i < n_blocked; i++)
        assert_int_equal(loop_work(w->loop, block, on_unblocked, &b), 0);
    for (int i = 0; i < 20; i++) { /* more than may ask at once */
        snprintf(url, sizeof url, "http://lot-%d.invalid/", i / 2);
        ask_url(w, url, 5000, &r[i]);
    }
    snprintf(url, sizeof url, "http://localhost:%s/", strrchr(w->host, ':') + 1);
    fetch_cancel(ask_url(w, url, 5000, &cancelled));
    get(w, "/", &other); /* a plain address needs no resolver */
    assert_int_equal(other.err, 0);
    for (int i = 0; i < 20; i++) {
        run_until(w->loop, &r[i].n, 1);
        assert_int_equal(r[i].err, ERR_DNS);
    }
    ask_url(w, url, 5000, &again);
    fetcher_free(w->fetcher); /* while questions are on their way */
    w->fetcher = NULL;
    for (int i = 0; i < n_blocked; i++)
        uv_sem_post(&b.go);
    run_until(w->loop, &b.done, n_blocked);
    uv_sem_destroy(&b.go);
    assert_int_equal(cancelled.n + again.n, 0);
}

/* --- cancelling and queues --- */

static void cancels_at_every_stage(void **state)
{
    struct world *w = *state;
    struct result running, waiting, failed, resolving, last;
    struct fetch *op[4];
    struct addr_filter f = {0};
    char url[128];

    w->limits.max_active = 1;
    allow_loopback(&f);
    new_fetcher(w, &f);
    op[0] = ask(w, "/hold", &running);
    run_until(w->loop, &w->n_held, 1);
    op[1] = ask(w, "/ok", &waiting);
    op[2] = ask_url(w, "http://10.0.0.1/", 5000, &failed);
    snprintf(url, sizeof url, "http://localhost:%s/", strrchr(w->host, ':') + 1);
    op[3] = ask_url(w, url, 5000, &resolving);
    assert_int_equal(fetcher_active(w->fetcher), 1);
    for (int i = 3; i >= 0; i--)
        fetch_cancel(op[i]);
    fetch_cancel(NULL);
    assert_int_equal(fetcher_active(w->fetcher), 0);
    get(w, "/ok", &last);
    assert_int_equal(last.err, 0);
    fetch_cancel(ask(w, "/ok", &waiting)); /* not even begun */
    run_for(w->loop, 30);
    assert_int_equal(running.n + waiting.n + failed.n + resolving.n, 0);
}

static void a_callback_may_cancel_others_and_free_all(void **state)
{
    struct world *w = *state;
    struct result a, b, c;

    ask(w, "/ok", &a);
    a.cancel = ask(w, "/hold", &b);
    run_until(w->loop, &a.n, 1);
    ask_url(w, "http://10.0.0.1/", 5000, &a);
    a.cancel = ask_url(w, "http://10.0.0.2/", 5000, &b);
    run_until(w->loop, &a.n, 1);
    assert_int_equal(a.err, ERR_ADDRESS);
    ask(w, "/ok", &a);
    ask(w, "/hold", &b);
    ask_url(w, "http://localhost:1/", 5000, &c);
    a.free_fetcher = true;
    run_until(w->loop, &a.n, 1);
    assert_null(w->fetcher);
    new_fetcher(w, &(struct addr_filter){0});
    ask_url(w, "http://10.0.0.1/", 5000, &a); /* from the other place that calls back */
    ask_url(w, "http://10.0.0.2/", 5000, &b);
    a.free_fetcher = true;
    run_until(w->loop, &a.n, 1);
    run_for(w->loop, 30);
    assert_int_equal(b.n + c.n, 0);
}

static void runs_many_within_its_limits(void **state)
{
    struct world *w = *state;
    static struct result r[200];
    struct addr_filter f = {0};

    w->limits.max_active = 20;
    w->limits.max_per_host = 20;
    allow_loopback(&f);
    new_fetcher(w, &f);
    for (int i = 0; i < 200; i++)
        ask(w, "/hold", &r[i]);
    for (int done = 0; done < 200; done += 20) {
        run_until(w->loop, &w->n_held, 20);
        run_for(w->loop, 5);
        assert_int_equal(w->n_held, 20);
        assert_int_equal(fetcher_active(w->fetcher), 20);
        answer_held(w);
    }
    for (int i = 0; i < 200; i++) {
        run_until(w->loop, &r[i].n, 1);
        assert_int_equal(r[i].err, 0);
        assert_int_equal(r[i].n, 1);
        assert_string_equal(r[i].body, "held");
    }
    assert_true(http_server_connections(w->server) <= 20);
}

static void one_slow_host_does_not_take_all_places(void **state)
{
    struct world *w = *state;
    static struct result r[50];
    struct result other;
    struct addr_filter f = {0};
    char url[128];

    w->limits.max_active = 4;
    w->limits.max_per_host = 2;
    allow_loopback(&f);
    new_fetcher(w, &f);
    for (int i = 0; i < 50; i++)
        ask(w, "/hold", &r[i]);
    run_until(w->loop, &w->n_held, 2);
    snprintf(url, sizeof url, "http://localhost:%s/", strrchr(w->host, ':') + 1);
    ask_url(w, url, 5000, &other);
    run_until(w->loop, &other.n, 1);
    assert_int_equal(other.err, 0);
    assert_int_equal(w->n_held, 2);
}

static void waiting_in_line_costs_no_time(void **state)
{
    struct world *w = *state;
    struct addr_filter f = {0};
    struct result first, second;
    char url[256];

    w->limits.max_active = 1;
    allow_loopback(&f);
    new_fetcher(w, &f);
    ask(w, "/hold", &first);
    snprintf(url, sizeof url, "http://%s/ok", w->host);
    ask_url(w, url, 100, &second);
    run_until(w->loop, &w->n_held, 1);
    run_for(w->loop, 200);
    assert_int_equal(second.n, 0);
    answer_held(w);
    run_until(w->loop, &second.n, 1);
    assert_int_equal(first.err, 0);
    assert_int_equal(second.err, 0);
}

/* --- TLS --- */

struct identity {
    char cert[4096], key[4096];       /* PEM */
    char cert_file[64], key_file[64]; /* the same */
};

static void pem_of(BIO *bio, char *dst, size_t size)
{
    int n = BIO_read(bio, dst, (int)size - 1);

    assert_true(n > 0);
    dst[n] = '\0';
    BIO_free(bio);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A self-signed certificate for 127.0.0.1, its own authority. */
static void make_identity(struct identity *id, const char *tag)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    BIO *cert = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());

    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)tag, -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    X509_add_ext(x, san, -1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(cert, x), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL), 1);
    pem_of(cert, id->cert, sizeof id->cert);
    pem_of(secret, id->key, sizeof id->key);
    X509_EXTENSION_free(san);
    X509_free(x);
    EVP_PKEY_free(key);
    snprintf(id->cert_file, sizeof id->cert_file, "/tmp/parkd-test-%d-%s.crt", (int)getpid(), tag);
    snprintf(id->key_file, sizeof id->key_file, "/tmp/parkd-test-%d-%s.key", (int)getpid(), tag);
    write_file(id->cert_file, id->cert);
    write_file(id->key_file, id->key);
}

static void drop_identity(const struct identity *id)
{
    unlink(id->cert_file);
    unlink(id->key_file);
}

static int get_tls(struct world *w, const char *host, const struct fetch_tls *tls)
{
    struct result r = {.world = w};
    char url[128];
    struct fetch_request req = {.timeout_ms = 5000, .tls = tls};

    snprintf(url, sizeof url, "https://%s:%s/", host, strrchr(w->host, ':') + 1);
    req.url = view_of(url);
    assert_non_null(fetch_start(w->fetcher, &req, on_done, &r, NULL));
    run_until(w->loop, &r.n, 1);
    return r.err;
}

static void verifies_certificates(void **state)
{
    struct world *w = *state;
    static struct identity server, other;
    struct fetch_tls own = {.ca_file = server.cert_file}, wrong = {.ca_file = other.cert_file};
    struct fetch_tls missing = {.ca_file = "/nowhere.crt"}, skip = {.skip_verify = true};
    struct fetch_tls client = {
        .ca_file = server.cert_file, .cert_file = other.cert_file, .key_file = other.key_file};
    struct fetch_tls odd = {
        .ca_file = server.cert_file, .cert_file = other.cert_file, .key_file = server.key_file};

    make_identity(&server, "server");
    make_identity(&other, "other");
    stop_server(w);
    serve(w, server.cert, server.key);
    assert_int_equal(get_tls(w, "127.0.0.1", &own), 0);
    assert_int_equal(get_tls(w, "127.0.0.1", &own), 0);
    assert_int_equal(get_tls(w, "127.0.0.1", NULL), ERR_TLS); /* not by a connection that others verified */
    assert_int_equal(get_tls(w, "127.0.0.1", &wrong), ERR_TLS);
    assert_int_equal(get_tls(w, "127.0.0.1", &missing), ERR_TLS);
    assert_int_equal(get_tls(w, "127.0.0.1", &skip), 0);
    assert_int_equal(get_tls(w, "localhost", &own), ERR_TLS); /* another name */
    assert_int_equal(get_tls(w, "127.0.0.1", &odd), ERR_TLS); /* key and certificate do not belong together */
    assert_int_equal(get_tls(w, "127.0.0.1", &client), 0);
    drop_identity(&server);
    drop_identity(&other);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(brings_the_answer),
        T(sends_what_was_asked),
        T(refuses_requests_at_once),
        T(names_what_went_wrong),
        T(reads_odd_but_whole_answers),
        T(limits_bodies_and_heads),
        T(unfolds_gzip_but_no_bombs),
        T(says_so_when_nobody_listens),
        T(calls_no_denied_address),
        T(resolves_names),
        T(a_name_that_moves_inside),
        T(a_dead_resolver_holds_up_nobody_else),
        T(cancels_at_every_stage),
        T(a_callback_may_cancel_others_and_free_all),
        T(runs_many_within_its_limits),
        T(one_slow_host_does_not_take_all_places),
        T(waiting_in_line_costs_no_time),
        T(verifies_certificates),
    };

    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    if (getenv("ONLY"))
        cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
