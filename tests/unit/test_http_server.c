/* SPDX-License-Identifier: MIT
 * http_server.h over real sockets: requests whole and in pieces, answers now and later, refusals, deadlines,
 * limits, the end.
 */
#include "net_test.h"

#include <sys/stat.h>

#include "parkd/base/counters.h"
#include "parkd/base/log.h"
#include "parkd/net/http_server.h"

#define MAX_PENDING 256

struct world {
    struct loop *loop;
    struct http_server *server;
    struct http_server_conf conf;
    int n_requests, n_kept, stopped;
    bool later;                                /* hold requests back */
    struct http_request *pending[MAX_PENDING]; /* held back */
    int n_pending;
    char seen[2048]; /* what the last request said */
    char big[200 * 1024];
};

static void on_kept(void *ctx)
{
    ((struct world *)ctx)->n_kept++;
}

static void note_query(void *ctx, struct view name, struct view value)
{
    struct world *w = ctx;
    size_t n = strlen(w->seen);

    snprintf(w->seen + n, sizeof w->seen - n, " " VIEW_FMT "=" VIEW_FMT, VIEW_ARG(name), VIEW_ARG(value));
}

static void note_request(struct world *w, struct http_request *req)
{
    struct view absent = http_query(req, "absent"), x = http_header(req, "x-test");

    w->n_requests++;
    snprintf(w->seen, sizeof w->seen, "%d " VIEW_FMT " " VIEW_FMT " body=%zu x=" VIEW_FMT "%s",
             http_method(req), VIEW_ARG(http_path(req)), VIEW_ARG(http_peer(req)), http_body(req).n,
             VIEW_ARG(x), absent.p ? " absent?" : "");
    http_each_query(req, note_query, w);
    assert_int_equal(http_request_id(req).n, 16);
}

static void answer_ok(struct world *w, struct http_request *req)
{
    static const struct http_header_out headers[] = {{"ETag", "\"7\""}, {"X-Bad", "a\r\nb"}};
    struct http_answer a = {.status = 200, .content_type = "text/plain", .headers = headers, .n_headers = 2};

    a.body = http_body(req).n ? http_body(req) : VIEW("hello");
    if (view_is(http_path(req), "/big") || view_is(http_path(req), "/304")) {
        a.status = view_is(http_path(req), "/304") ? 304 : 200;
        a.body = (struct view){w->big, sizeof w->big};
        a.keep = on_kept;
        a.keep_ctx = w;
    }
    if (view_is(http_path(req), "/204"))
        a = (struct http_answer){.status = 204};
    http_answer(req, &a);
}

static void on_request(void *ctx, struct http_request *req)
{
    struct world *w = ctx;

    note_request(w, req);
    if (w->later && w->n_pending < MAX_PENDING)
        w->pending[w->n_pending++] = req;
    else
        answer_ok(w, req);
}

static void answer_pending(struct world *w)
{
    for (int i = 0; i < w->n_pending; i++)
        answer_ok(w, w->pending[i]);
    w->n_pending = 0;
}

static void on_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped++;
}

static void start(struct world *w)
{
    struct why why = {0};

    memset(w, 0, sizeof *w);
    memset(w->big, 'b', sizeof w->big);
    w->loop = loop_new();
    w->conf = (struct http_server_conf){.listen = "127.0.0.1:0",
                                        .max_body = 1000,
                                        .max_connections = 200,
                                        .max_per_address = 0,
                                        .head_ms = 5000,
                                        .body_ms = 5000,
                                        .idle_ms = 5000};
    (void)why;
}

static void serve(struct world *w)
{
    struct why why = {0};

    w->server = http_server_new(w->loop, &w->conf, on_request, w, &why);
    if (!w->server)
        fail_msg("%s", why.text);
}

static int set_up(void **state)
{
    struct world *w = malloc(sizeof *w);

    assert_non_null(w);
    start(w);
    *state = w;
    return 0;
}

static void end(struct world *w)
{
    http_server_stop(w->server, 2000, on_stopped, w);
    http_server_stop(w->server, 2000, on_stopped, w); /* does nothing */
    assert_int_equal(w->stopped, 0);
    run_until(w->loop, &w->stopped, 1);
}

static int tear_down(void **state)
{
    struct world *w = *state;

    if (!w->stopped)
        end(w);
    assert_int_equal(w->stopped, 1);
    assert_int_equal(loop_close(w->loop), 0);
    free(w);
    return 0;
}

static struct raw_client *client(struct world *w)
{
    return raw_connect(http_server_address(w->server));
}

static void one_get(struct world *w)
{
    struct raw_client *c = client(w);

    raw_say(c, "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "hello"));
    raw_close(c);
}

/* --- requests --- */

static void answers_at_once_and_keeps_the_connection(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    serve(w);
    c = client(w);
    raw_say(c, "GET /lots/%E5%B8%82?a=1&b=x+y%26z&c&d= HTTP/1.1\r\nHost: a\r\nX-Test: v\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "hello"));
    assert_string_equal(w->seen, "0 /lots/\xe5\xb8\x82 127.0.0.1 body=0 x=v a=1 b=x y&z c= d=");
    assert_non_null(strstr(c->got, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(c->got, "Date: "));
    assert_non_null(strstr(c->got, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(c->got, "ETag: \"7\"\r\n"));
    assert_non_null(strstr(c->got, "Content-Length: 5\r\n"));
    assert_null(strstr(c->got, "X-Bad"));
    assert_null(strstr(c->got, "close"));
    raw_say(c, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(raw_gets(w->loop, c, NULL));
    assert_int_equal(raw_count(c, "200 OK"), 3);
    assert_int_equal(w->n_requests, 3);
    raw_close(c);
}

static void methods_and_statuses_without_a_body(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    serve(w);
    c = client(w);
    raw_say(
        c,
        "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\nGET /304 HTTP/1.1\r\nHost: a\r\n\r\n"
        "OPTIONS /204 HTTP/1.1\r\nHost: a\r\n\r\nPATCH /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(raw_gets(w->loop, c, NULL));
    assert_int_equal(raw_count(c, "Content-Length: 204800\r\n"), 2); /* of HEAD and 304 */
    assert_null(strstr(c->got, "bbbb"));
    assert_int_equal(raw_count(c, "204 No Content"), 1);
    assert_int_equal(w->n_kept, 2);
    assert_memory_equal(w->seen, "6 /ok", 5);
    raw_close(c);
}

static void takes_bodies_in_pieces(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    serve(w);
    c = client(w);
    raw_say(c, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabcd");
    run_for(w->loop, 20);
    assert_int_equal(w->n_requests, 0);
    raw_say(c, "efghij");
    assert_true(raw_gets(w->loop, c, "abcdefghij"));
    raw_say(c, "PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    run_for(w->loop, 20);
    raw_say(c, "4\r\ndefg\r\n0\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "\r\n\r\nabcdefg"));
    raw_say(
        c,
        "DELETE /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n!GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "hello"));
    assert_int_equal(w->n_requests, 4);
    raw_say(c, "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "100 Continue"));
    raw_say(c, "xyz");
    assert_true(raw_gets(w->loop, c, "xyz"));
    raw_close(c);
}

static void sends_kept_bodies_whole(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    serve(w);
    c = client(w);
    raw_say(c, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(raw_gets(w->loop, c, NULL));
    assert_true(c->n > sizeof w->big);
    assert_int_equal(w->n_kept, 1);
    raw_close(c);
}

/* --- later answers --- */

static void answers_later(void **state)
{
    struct world *w = *state;
    struct raw_client *c, *d;

    serve(w);
    w->later = true;
    c = client(w);
    d = client(w);
    raw_say(c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_say(d, "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    run_until(w->loop, &w->n_pending, 2); /* the second of one connection waits for the first */
    answer_pending(w);
    assert_true(raw_gets(w->loop, d, "\r\n\r\nabc"));
    run_until(w->loop, &w->n_pending, 1);
    answer_pending(w);
    assert_true(raw_wait_for(w->loop, c, "hello", NET_TEST_LIMIT_MS));
    run_for(w->loop, 20);
    raw_read(c);
    assert_int_equal(raw_count(c, "200 OK"), 2);
    raw_close(c);
    raw_close(d);
}

static void survives_a_client_that_left(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    serve(w);
    w->later = true;
    c = client(w);
    raw_say(c, "POST /c?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    run_until(w->loop, &w->n_pending, 1);
    raw_close(c);
    run_for(w->loop, 20);
    assert_true(view_is(http_body(w->pending[0]), "abc")); /* still valid */
    assert_true(view_is(http_query(w->pending[0], "q"), "1"));
    answer_pending(w);
    for (int i = 0; i < 1000 && http_server_connections(w->server) > 0; i++)
        run_for(w->loop, 5);
    assert_int_equal(http_server_connections(w->server), 0);
}

static void serves_many_at_once(void **state)
{
    struct world *w = *state;
    struct raw_client *c[100];

    serve(w);
    w->later = true;
    for (int i = 0; i < 100; i++) {
        c[i] = client(w);
        raw_say(c[i], "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    run_until(w->loop, &w->n_pending, 100);
    answer_pending(w);
    for (int i = 0; i < 100; i++) {
        assert_true(raw_gets(w->loop, c[i], "hello"));
        raw_close(c[i]);
    }
}

/* --- refusals --- */

static void refuses_what_proxies_read_differently(void **state)
{
    static const struct {
        const char *bytes, *want;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "400"},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\nx", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx", "413"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
        {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET /% HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
    };
    struct world *w = *state;

    serve(w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw_client *c = client(w);
        char status[16];

        snprintf(status, sizeof status, "HTTP/1.1 %s", rows[i].want);
        raw_say(c, rows[i].bytes);
        raw_say(c, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        if (!raw_gets(w->loop, c, NULL))
            fail_msg("not closed after %s", rows[i].bytes);
        if (strncmp(c->got, status, strlen(status)) != 0 || strstr(c->got, "200 OK"))
            fail_msg("%s: %.200s", rows[i].bytes, c->got);
        raw_close(c);
    }
    assert_int_equal(w->n_requests, 0);
    one_get(w);
}

static void refuses_large_heads(void **state)
{
    struct world *w = *state;
    struct raw_client *c;
    char text[20000];
    size_t n;

    serve(w);
    n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < 64; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "A%d: b\r\n", i);
    snprintf(text + n, sizeof text - n, "\r\n");
    c = client(w);
    raw_say(c, text);
    assert_true(raw_gets(w->loop, c, "200 OK")); /* 64 fields */
    raw_close(c);
    snprintf(text + n, sizeof text - n, "A64: b\r\n\r\n");
    c = client(w);
    raw_say(c, text);
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 431"));
    raw_close(c);
    c = client(w);
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nA: %016400d\r\n\r\n", 7);
    raw_say(c, text);
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 431"));
    raw_close(c);
    c = client(w);
    snprintf(text, sizeof text, "GET /%02100d HTTP/1.1\r\nHost: a\r\n\r\n", 7);
    raw_say(c, text);
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 414"));
    raw_close(c);
}

static void says_413_to_bodies_that_are_too_large(void **state)
{
    struct world *w = *state;
    struct raw_client *c;
    char body[1002];

    serve(w);
    memset(body, 'x', sizeof body);
    body[1001] = '\0';
    c = client(w); /* just too large: read away, so that the answer is seen and the connection lives */
    raw_say(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    raw_say(c, body);
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 413"));
    raw_close(c);
    c = client(w); /* far too large: at once */
    raw_say(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 413"));
    assert_true(raw_gets(w->loop, c, NULL));
    raw_close(c);
    c = client(w); /* asks first: at once */
    raw_say(c, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 413"));
    assert_null(strstr(c->got, "100 Continue"));
    raw_close(c);
    c = client(w); /* length unknown */
    raw_say(c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n");
    raw_say(c, body);
    raw_say(c, "\r\n0\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "HTTP/1.1 413"));
    raw_close(c);
    assert_int_equal(w->n_requests, 0);
    body[1000] = '\0'; /* exactly the limit */
    c = client(w);
    raw_say(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    raw_say(c, body);
    assert_true(raw_gets(w->loop, c, "200 OK"));
    raw_close(c);
}

static void drops_endless_chunks(void **state)
{
    struct world *w = *state;
    struct raw_client *c;
    char chunk[8 + 4096 + 3];
    size_t sent = 0, at = 0;

    serve(w);
    c = client(w);
    raw_say(c, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk, "001000\r\n", 8);
    memcpy(chunk + 8 + 4096, "\r\n", 2);
    while (!c->ended && sent < 16u * 1024 * 1024) {
        size_t n = raw_send(c, chunk + at, 8 + 4096 + 2 - at);

        sent += n;
        at = (at + n) % (8 + 4096 + 2);
        uv_run(loop_uv(w->loop), UV_RUN_NOWAIT);
        raw_read(c);
    }
    assert_true(c->ended);
    assert_true(sent < 8u * 1024 * 1024);
    assert_int_equal(w->n_requests, 0);
    raw_close(c);
}

/* --- deadlines and limits --- */

/* Sends one byte of `text` every few ms until the server closes; the ms that took. */
static uint64_t drip(struct world *w, struct raw_client *c, const char *text)
{
    uint64_t start = uv_hrtime();

    for (size_t i = 0; text[i] && !c->ended; i++) {
        raw_send(c, text + i, 1);
        run_for(w->loop, 10);
        raw_read(c);
    }
    return (uv_hrtime() - start) / 1000000;
}

static char *long_text(const char *begin)
{
    static char text[2000];

    memset(text, 'x', sizeof text - 1);
    memcpy(text, begin, strlen(begin));
    return text;
}

static void cuts_slow_heads(void **state)
{
    struct world *w = *state;
    struct raw_client *c, *silent;
    uint64_t cut = counter_get(C_HTTP_CUT);

    w->conf.head_ms = 200;
    serve(w);
    silent = client(w);
    c = client(w);
    assert_true(drip(w, c, long_text("GET / HTTP/1.1\r\nHost: a\r\nA: ")) >= 150);
    assert_true(c->ended);
    assert_true(raw_gets(w->loop, silent, NULL));
    assert_int_equal(c->n + silent->n, 0);
    assert_int_equal(counter_get(C_HTTP_CUT) - cut, 2);
    raw_close(c);
    raw_close(silent);
}

/* The deadline and a byte come in the same turn: the byte must not save the client. */
static void cuts_a_head_whose_byte_comes_at_the_deadline(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    w->conf.head_ms = 50;
    serve(w);
    c = client(w);
    raw_say(c, "GET / HTTP/1.1\r\nHost: a\r\nA: ");
    while (http_server_connections(w->server) == 0)
        run_for(w->loop, 1);
    run_for(w->loop, 5);
    usleep(100000); /* the loop is late */
    raw_say(c, "x");
    drip(w, c, "xxxxxxxxxxxxxxxxxxxx");
    assert_true(c->ended);
    raw_close(c);
}

static void cuts_slow_bodies_but_not_slow_answers(void **state)
{
    struct world *w = *state;
    struct raw_client *c, *waiting;

    w->conf.body_ms = 200;
    w->conf.head_ms = 200;
    w->conf.idle_ms = 200;
    serve(w);
    w->later = true;
    waiting = client(w);
    raw_say(waiting, "POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nw");
    run_until(w->loop, &w->n_pending, 1);
    c = client(w);
    assert_true(drip(w, c, long_text("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n")) >= 150);
    assert_true(c->ended);
    assert_int_equal(w->n_requests, 1);
    raw_close(c);
    run_for(w->loop, 300);
    raw_read(waiting);
    assert_false(waiting->ended); /* we are slow, not the client */
    answer_pending(w);
    assert_true(raw_gets(w->loop, waiting, "\r\n\r\nw"));
    assert_true(raw_gets(w->loop, waiting, NULL)); /* idle */
    raw_close(waiting);
}

static void limits_connections_of_an_address(void **state)
{
    struct world *w = *state;
    struct raw_client *c[4];

    w->conf.max_per_address = 3;
    serve(w);
    for (int i = 0; i < 3; i++) {
        c[i] = client(w);
        raw_say(c[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(raw_gets(w->loop, c[i], "hello"));
    }
    c[3] = client(w);
    assert_true(raw_gets(w->loop, c[3], NULL));
    assert_int_equal(http_server_connections(w->server), 3);
    raw_close(c[3]);
    raw_close(c[0]);
    for (int i = 0; i < 1000 && http_server_connections(w->server) > 2; i++)
        run_for(w->loop, 5);
    one_get(w);
    raw_close(c[1]);
    raw_close(c[2]);
}

static void limits_connections_altogether(void **state)
{
    struct world *w = *state;
    struct raw_client *a, *b;

    w->conf.max_connections = 1;
    serve(w);
    a = client(w);
    raw_say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_gets(w->loop, a, "hello"));
    b = client(w);
    raw_send(b, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    assert_false(raw_wait_for(w->loop, b, "hello", 100));
    raw_close(b);
    raw_close(a);
    for (int i = 0; i < 1000 && http_server_connections(w->server) > 0; i++)
        run_for(w->loop, 5);
    one_get(w);
}

static void is_idle_when_nothing_happens(void **state)
{
    struct world *w = *state;
    struct raw_client *c;
    struct rusage_probe {
        uint64_t turns;
    } p = {0};

    serve(w);
    c = client(w);
    raw_say(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "hello"));
    w->later = true;
    raw_say(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_until(w->loop, &w->n_pending, 1);
    run_for(w->loop, 20);
    for (uint64_t end = uv_hrtime() + 300000000; uv_hrtime() < end; p.turns++)
        uv_run(loop_uv(w->loop), UV_RUN_ONCE);
    assert_true(p.turns < 40); /* the lag watch ticks every 20 ms */
    answer_pending(w);
    raw_close(c);
}

/* --- listening --- */

static void listens_on_unix_sockets(void **state)
{
    struct world *w = *state;
    struct http_server_conf conf;
    struct why why = {0};
    char listen[100], other[108];
    struct raw_client *c;
    struct stat st;
    int left;

    snprintf(listen, sizeof listen, "unix:/tmp/parkd-test-%d.sock", (int)getpid());
    left = socket(AF_UNIX, SOCK_STREAM, 0); /* a stale file */
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", listen + 5);
    assert_int_equal(bind(left, (struct sockaddr *)&sun, sizeof sun), 0);
    close(left);
    w->conf.listen = listen;
    w->conf.max_per_address = 1; /* does not count here */
    serve(w);
    assert_string_equal(http_server_address(w->server), listen);
    assert_int_equal(stat(listen + 5, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    one_get(w);
    c = client(w);
    raw_say(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_gets(w->loop, c, "hello"));
    one_get(w);
    assert_non_null(strstr(w->seen, " unix "));
    raw_close(c);
    conf = w->conf; /* somebody listens there already */
    assert_null(http_server_new(w->loop, &conf, on_request, w, &why));
    assert_non_null(strstr(why.text, "listening"));
    snprintf(other, sizeof other, "%s.file", listen); /* not a socket */
    FILE *f = fopen(other + 5, "w");
    assert_non_null(f);
    fclose(f);
    conf.listen = other;
    assert_null(http_server_new(w->loop, &conf, on_request, w, &why));
    assert_int_equal(unlink(other + 5), 0);
    end(w);
    assert_int_equal(access(listen + 5, F_OK), -1);
}

static void explains_why_it_cannot_listen(void **state)
{
    static const char *const rows[] = {
        "",      "8080",   "127.0.0.1",    "127.0.0.1:x", "127.0.0.1:65536", "[::1:80",
        "unix:", "a.b:80", "127.0.0.1:-1", "1.2.3.4:0",   "127.0.0.1:",      "unix:/nowhere/at/all.sock"};
    struct world *w = *state;
    struct http_server_conf conf;
    struct why why;

    serve(w);
    conf = w->conf;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why = (struct why){0};
        conf.listen = rows[i];
        assert_null(http_server_new(w->loop, &conf, on_request, w, &why));
        assert_true(why.text[0] != '\0');
    }
    conf.listen = http_server_address(w->server);
    assert_null(http_server_new(w->loop, &conf, on_request, w, &why));
    assert_non_null(strstr(why.text, "in use"));
    conf.listen = "127.0.0.1:0";
    conf.tls_cert = conf.tls_key = "no certificate";
    why = (struct why){0};
    assert_null(http_server_new(w->loop, &conf, on_request, w, &why));
    assert_true(why.text[0] != '\0');
}

static void listens_on_every_address(void **state)
{
    static const char *const rows[] = {":0", "0.0.0.0:0", "localhost:0"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w->conf.listen = rows[i];
        w->stopped = 0;
        serve(w);
        one_get(w);
        assert_non_null(strstr(w->seen, " 127.0.0.1 "));
        end(w);
    }
}

/* --- the end --- */

static void stop_lets_open_requests_end(void **state)
{
    struct world *w = *state;
    struct raw_client *busy, *idle, *fresh;
    char address[64];

    serve(w);
    snprintf(address, sizeof address, "%s", http_server_address(w->server));
    idle = client(w);
    fresh = client(w);
    raw_say(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_gets(w->loop, idle, "hello"));
    w->later = true;
    busy = client(w);
    raw_say(busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_until(w->loop, &w->n_pending, 1);
    http_server_stop(w->server, 60000, on_stopped, w);
    assert_true(raw_gets(w->loop, idle, NULL));
    assert_true(raw_gets(w->loop, fresh, NULL));
    assert_int_equal(w->stopped, 0);
    answer_pending(w);
    assert_true(raw_gets(w->loop, busy, NULL));
    assert_non_null(strstr(busy->got, "Connection: close"));
    assert_non_null(strstr(busy->got, "hello"));
    run_until(w->loop, &w->stopped, 1);
    raw_close(idle);
    raw_close(busy);
    raw_close(fresh);
}

static void stop_cuts_after_the_grace_time(void **state)
{
    struct world *w = *state;
    struct raw_client *busy[3], *half;

    serve(w);
    w->later = true;
    for (int i = 0; i < 3; i++) {
        busy[i] = client(w);
        raw_say(busy[i], "POST /p?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    }
    half = client(w);
    raw_say(half, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
    run_until(w->loop, &w->n_pending, 3);
    http_server_stop(w->server, 50, on_stopped, w);
    run_until(w->loop, &w->stopped, 1);
    for (int i = 0; i < 3; i++) {
        assert_true(raw_gets(w->loop, busy[i], NULL));
        assert_int_equal(busy[i]->n, 0);
        raw_close(busy[i]);
    }
    assert_true(raw_gets(w->loop, half, NULL));
    raw_close(half);
    assert_int_equal(loop_close(w->loop), 0); /* before the answers come */
    w->loop = loop_new();
    assert_true(view_is(http_body(w->pending[0]), "abc"));
    assert_true(view_is(http_query(w->pending[2], "q"), "1"));
    answer_pending(w);
}

static void a_handler_may_stop_the_server(void **state)
{
    struct world *w = *state;
    struct raw_client *c;

    serve(w);
    c = client(w);
    w->later = true;
    raw_say(c, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    run_until(w->loop, &w->n_pending, 1);
    http_server_stop(w->server, 0, on_stopped, w);
    answer_pending(w); /* kept bodies are given back even when nobody gets them */
    run_until(w->loop, &w->stopped, 1);
    assert_int_equal(w->n_kept, 1);
    raw_close(c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(answers_at_once_and_keeps_the_connection),
        T(methods_and_statuses_without_a_body),
        T(takes_bodies_in_pieces),
        T(sends_kept_bodies_whole),
        T(answers_later),
        T(survives_a_client_that_left),
        T(serves_many_at_once),
        T(refuses_what_proxies_read_differently),
        T(refuses_large_heads),
        T(says_413_to_bodies_that_are_too_large),
        T(drops_endless_chunks),
        T(cuts_slow_heads),
        T(cuts_a_head_whose_byte_comes_at_the_deadline),
        T(cuts_slow_bodies_but_not_slow_answers),
        T(limits_connections_of_an_address),
        T(limits_connections_altogether),
        T(is_idle_when_nothing_happens),
        T(listens_on_unix_sockets),
        T(explains_why_it_cannot_listen),
        T(listens_on_every_address),
        T(stop_lets_open_requests_end),
        T(stop_cuts_after_the_grace_time),
        T(a_handler_may_stop_the_server),
    };

    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    if (getenv("ONLY"))
        cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
