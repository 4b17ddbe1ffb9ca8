/* SPDX-License-Identifier: MIT
 * Answers without an end (http_server.h) over real sockets: bytes when there are some, a sleep when there are
 * none, and an end by the source, by the client, by a cut, by the server's stop.
 */
#include "net_test.h"

#include "parkd/net/http_server.h"

struct source {
    struct http_stream *stream;
    char text[256]; /* not given yet */
    bool ended, endless;
    int reads, gone;
};
struct world {
    struct loop *loop;
    struct http_server *server;
    struct source sources[4];
    int n, stopped;
    bool later;
    struct http_request *held;
};

static ssize_t on_read(void *ctx, char *dst, size_t max)
{
    struct source *s = ctx;
    size_t n = strlen(s->text);
    s->reads++;
    if (s->endless) {
        memset(dst, 'e', max);
        return (ssize_t)max;
    }
    if (!n)
        return s->ended ? HTTP_STREAM_END : 0;
    n = n < max ? n : max;
    memcpy(dst, s->text, n);
    memmove(s->text, s->text + n, strlen(s->text + n) + 1);
    return (ssize_t)n;
}

static void on_gone(void *ctx)
{
    struct source *s = ctx;
    s->gone++;
    s->stream = NULL;
}

static void begin(struct world *w, struct http_request *req)
{
    static const struct http_header_out header = {"X-Test", "yes"};
    struct source *s = &w->sources[w->n++];
    struct http_stream_source source = {s, on_read, on_gone};
    struct http_answer head = {
        .status = 200, .content_type = "text/event-stream", .headers = &header, .n_headers = 1};
    (void)snprintf(s->text, sizeof s->text, "first\n");
    s->stream = http_answer_stream(req, &head, &source);
}

static void on_request(void *ctx, struct http_request *req)
{
    struct world *w = ctx;
    if (w->later)
        w->held = req;
    else
        begin(w, req);
}

static void on_stopped(void *ctx)
{
    ((struct world *)ctx)->stopped++;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct why why = {0};
    struct http_server_conf conf = {.listen = "127.0.0.1:0",
                                    .max_body = 1000,
                                    .max_connections = 20,
                                    .head_ms = 5000,
                                    .body_ms = 5000,
                                    .idle_ms = 5000};
    assert_non_null(w);
    w->loop = loop_new();
    w->server = http_server_new(w->loop, &conf, on_request, w, &why);
    if (!w->server)
        fail_msg("%s", why.text);
    *state = w;
    return 0;
}

static void end(struct world *w)
{
    http_server_stop(w->server, 2000, on_stopped, w);
    run_until(w->loop, &w->stopped, 1);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    if (!w->stopped)
        end(w);
    for (int i = 0; i < w->n; i++)
        assert_int_equal(w->sources[i].gone, 1);
    assert_int_equal(loop_close(w->loop), 0);
    free(w);
    return 0;
}

static struct raw_client *reader(struct world *w, const char *method, const char *version)
{
    char text[100];
    struct raw_client *c = raw_connect(http_server_address(w->server));
    (void)snprintf(text, sizeof text, "%s /stream %s\r\nHost: a\r\n\r\n", method, version);
    raw_say(c, text);
    return c;
}

static void say(struct world *w, int i, const char *text)
{
    (void)snprintf(w->sources[i].text, sizeof w->sources[i].text, "%s", text);
    http_stream_wake(w->sources[i].stream);
}

static void tells_when_there_is_something(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1");
    assert_true(raw_gets(w->loop, c, "first\n"));
    assert_non_null(strstr(c->got, "Transfer-Encoding: chunked"));
    assert_non_null(strstr(c->got, "X-Test: yes"));
    run_for(w->loop, 50);
    assert_true(http_stream_waits(w->sources[0].stream));
    int reads = w->sources[0].reads;
    run_for(w->loop, 50);
    assert_int_equal(w->sources[0].reads, reads); /* nobody is asked for nothing */
    http_stream_wake(w->sources[0].stream);       /* and waking for nothing does no harm */
    run_for(w->loop, 20);
    say(w, 0, "second\n");
    assert_true(raw_gets(w->loop, c, "second\n"));
    run_for(w->loop, 20);
    w->sources[0].ended = true;
    say(w, 0, "last\n");
    assert_true(raw_gets(w->loop, c, "0\r\n\r\n"));
    assert_int_equal(w->sources[0].gone, 1);
    c->n = 0;
    raw_say(c, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"); /* the connection goes on */
    assert_true(raw_gets(w->loop, c, "first\n"));
    raw_close(c);
}

static void begins_later_too(void **state)
{
    struct world *w = *state;
    w->later = true;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1");
    run_for(w->loop, 50);
    assert_non_null(w->held);
    begin(w, w->held);
    assert_true(raw_gets(w->loop, c, "first\n"));
    raw_close(c);
}

static void old_clients_and_heads(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.0"), *d = reader(w, "HEAD", "HTTP/1.1");
    assert_true(raw_gets(w->loop, c, "first\n"));
    assert_null(strstr(c->got, "chunked"));
    assert_true(raw_gets(w->loop, d, "\r\n\r\n"));
    run_for(w->loop, 20);
    assert_null(strstr(d->got, "first"));
    assert_int_equal(w->sources[0].gone + w->sources[1].gone, 1); /* the HEAD needs no stream */
    raw_close(c);
    raw_close(d);
}

static void notices_who_left(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1");
    assert_true(raw_gets(w->loop, c, "first\n"));
    run_for(w->loop, 20);
    raw_close(c);
    for (int i = 0; i < 100 && !w->sources[0].gone; i++) {
        say(w, 0, "is anybody there?\n");
        run_for(w->loop, 20);
    }
    assert_int_equal(w->sources[0].gone, 1);
}

/* Without a byte to send: a connection that waits can be looked at. */
static void sees_who_left(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1");
    assert_true(raw_gets(w->loop, c, "first\n"));
    run_for(w->loop, 20);
    assert_false(http_stream_left(w->sources[0].stream));
    raw_close(c);
    for (int i = 0; i < 100 && !http_stream_left(w->sources[0].stream); i++)
        run_for(w->loop, 20);
    assert_true(http_stream_left(w->sources[0].stream));
    http_stream_cut(w->sources[0].stream);
    for (int i = 0; i < 100 && !w->sources[0].gone; i++)
        run_for(w->loop, 20);
    assert_int_equal(w->sources[0].gone, 1);
}

/* The client takes nothing: it is not asked for more than its connection holds, and a cut ends it. */
static void cuts_who_takes_nothing(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1");
    assert_true(raw_gets(w->loop, c, "first\n"));
    run_for(w->loop, 20);
    w->sources[0].endless = true;
    http_stream_wake(w->sources[0].stream);
    run_for(w->loop, 200);
    int reads = w->sources[0].reads;
    run_for(w->loop, 100);
    assert_int_equal(w->sources[0].reads, reads);
    assert_false(http_stream_waits(w->sources[0].stream));
    http_stream_cut(w->sources[0].stream);
    for (int i = 0; i < 100 && !w->sources[0].gone; i++)
        run_for(w->loop, 10);
    assert_int_equal(w->sources[0].gone, 1);
    raw_close(c);
}

static void cuts_who_waits(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1");
    assert_true(raw_gets(w->loop, c, "first\n"));
    run_for(w->loop, 20);
    http_stream_cut(w->sources[0].stream);
    for (int i = 0; i < 100 && !w->sources[0].gone; i++)
        run_for(w->loop, 10);
    assert_int_equal(w->sources[0].gone, 1);
    raw_close(c);
}

/* One that sleeps, one that is stuck: both end with the server, the second when the grace time is over. */
static void ends_with_the_server(void **state)
{
    struct world *w = *state;
    struct raw_client *c = reader(w, "GET", "HTTP/1.1"), *d = NULL;
    assert_true(raw_gets(w->loop, c, "first\n"));
    d = reader(w, "GET", "HTTP/1.1");
    assert_true(raw_gets(w->loop, d, "first\n"));
    run_for(w->loop, 20);
    w->sources[1].endless = true;
    http_stream_wake(w->sources[1].stream);
    run_for(w->loop, 100);
    http_server_stop(w->server, 100, on_stopped, w);
    run_until(w->loop, &w->stopped, 1);
    assert_int_equal(w->sources[0].gone + w->sources[1].gone, 2);
    raw_close(c);
    raw_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_when_there_is_something, set_up, tear_down),
        cmocka_unit_test_setup_teardown(begins_later_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(old_clients_and_heads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notices_who_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sees_who_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cuts_who_takes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cuts_who_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_with_the_server, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
