/* SPDX-License-Identifier: MIT
 * What the tests with real sockets share: turning the loop until something is true, and raw clients and
 * servers on loopback that say exactly the bytes a test wants. Everything happens in one thread and one loop.
 */
#ifndef PARKD_TESTS_NET_TEST_H
#define PARKD_TESTS_NET_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "parkd/base/view.h"
#include "parkd/net/loop.h"

#define NET_TEST_LIMIT_MS 10000

static inline void net_test_tick(uv_timer_t *h)
{
    (void)h;
}

/* Turns the loop until *flag is at least `want`. Fails the test when that takes too long. */
static inline void run_until(struct loop *l, const int *flag, int want)
{
    uint64_t end = uv_hrtime() / 1000000 + NET_TEST_LIMIT_MS;
    uv_timer_t tick;

    uv_timer_init(loop_uv(l), &tick);
    uv_timer_start(&tick, net_test_tick, 20, 20); /* so that UV_RUN_ONCE returns */
    while (*flag < want && uv_hrtime() / 1000000 < end)
        uv_run(loop_uv(l), UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop_uv(l), UV_RUN_NOWAIT);
    assert_true(*flag >= want);
}

static inline void run_for(struct loop *l, uint64_t ms)
{
    uint64_t end = uv_hrtime() / 1000000 + ms;

    while (uv_hrtime() / 1000000 < end) {
        uv_run(loop_uv(l), UV_RUN_NOWAIT);
        usleep(1000);
    }
}

/* --- a raw client --- */

struct raw_client {
    int fd;
    char got[256 * 1024];
    size_t n;
    bool ended; /* the server closed or reset */
};

static inline struct raw_client *raw_connect(const char *address)
{
    struct raw_client *c = calloc(1, sizeof *c);
    const char *colon = strrchr(address, ':');
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    bool local = strncmp(address, "unix:", 5) == 0;

    assert_non_null(c);
    in.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", address + 5);
    c->fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(connect(c->fd, local ? (struct sockaddr *)&sun : (struct sockaddr *)&in,
                             local ? sizeof sun : sizeof in),
                     0);
    return c;
}

/* As much as the socket takes now. */
static inline size_t raw_send(struct raw_client *c, const void *p, size_t n)
{
    ssize_t sent = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    return sent > 0 ? (size_t)sent : 0;
}

static inline void raw_say(struct raw_client *c, const char *text)
{
    assert_int_equal(raw_send(c, text, strlen(text)), strlen(text));
}

static inline void raw_read(struct raw_client *c)
{
    while (!c->ended && c->n < sizeof c->got - 1) {
        ssize_t n = recv(c->fd, c->got + c->n, sizeof c->got - 1 - c->n, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0)
            c->ended = true;
        else
            c->n += (size_t)n;
    }
}

/* Turns the loop until the text arrived (NULL: until the server closed) or the time is over. */
static inline bool raw_wait_for(struct loop *l, struct raw_client *c, const char *text, uint64_t limit_ms)
{
    uint64_t end = uv_hrtime() / 1000000 + limit_ms;

    for (;;) {
        raw_read(c);
        c->got[c->n] = '\0';
        if (text ? strstr(c->got, text) != NULL : c->ended)
            return true;
        if ((text && c->ended) || uv_hrtime() / 1000000 >= end)
            return false;
        uv_run(loop_uv(l), UV_RUN_NOWAIT);
        usleep(500);
    }
}

static inline bool raw_gets(struct loop *l, struct raw_client *c, const char *text)
{
    return raw_wait_for(l, c, text, NET_TEST_LIMIT_MS);
}

static inline int raw_count(const struct raw_client *c, const char *text)
{
    int n = 0;

    for (const char *p = c->got; (p = strstr(p, text)) != NULL; p += strlen(text))
        n++;
    return n;
}

static inline void raw_close(struct raw_client *c)
{
    close(c->fd);
    free(c);
}

/* --- a raw server: reads a head, says `reply`, then closes, holds, or drips on --- */

enum raw_after { RAW_CLOSE, RAW_HOLD, RAW_DRIP };

struct raw_server {
    uv_tcp_t listener;
    struct loop *loop;
    const char *reply;
    size_t reply_n;
    enum raw_after after;
    char url[64];
    int n_accepted;
    struct raw_peer *peers;
    int open; /* handles */
};

struct raw_peer {
    uv_tcp_t tcp;
    uv_timer_t drip;
    struct raw_server *server;
    struct raw_peer *next;
    char in[4096];
    size_t n_in;
    bool replied;
    int open;
};

static inline void raw_peer_closed(uv_handle_t *h)
{
    struct raw_peer *p = h->data;

    p->server->open--;
    if (--p->open == 0)
        free(p);
}

static inline void raw_peer_close(struct raw_peer *p)
{
    struct raw_peer **at = &p->server->peers;

    if (uv_is_closing((uv_handle_t *)&p->tcp))
        return;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    uv_close((uv_handle_t *)&p->tcp, raw_peer_closed);
    uv_close((uv_handle_t *)&p->drip, raw_peer_closed);
}

static inline void raw_on_drip(uv_timer_t *h)
{
    struct raw_peer *p = h->data;
    uv_buf_t one = uv_buf_init((char *)(uintptr_t) "x", 1);

    if (uv_try_write((uv_stream_t *)&p->tcp, &one, 1) < 0)
        raw_peer_close(p);
}

static inline void raw_reply(struct raw_peer *p)
{
    struct raw_server *s = p->server;
    uv_buf_t out = uv_buf_init((char *)(uintptr_t)s->reply, (unsigned)s->reply_n);

    p->replied = true;
    if (s->reply_n > 0)
        assert_int_equal(uv_try_write((uv_stream_t *)&p->tcp, &out, 1), (int)s->reply_n);
    if (s->after == RAW_CLOSE)
        raw_peer_close(p);
    else if (s->after == RAW_DRIP)
        uv_timer_start(&p->drip, raw_on_drip, 20, 20);
}

static inline void raw_alloc(uv_handle_t *h, size_t want, uv_buf_t *b)
{
    struct raw_peer *p = h->data;

    (void)want;
    *b = uv_buf_init(p->in + p->n_in, (unsigned)(sizeof p->in - 1 - p->n_in));
}

static inline void raw_on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
    struct raw_peer *p = h->data;

    (void)b;
    if (n < 0) {
        raw_peer_close(p);
        return;
    }
    p->n_in += (size_t)n;
    if (!p->replied && strstr(p->in, "\r\n\r\n"))
        raw_reply(p);
}

static inline void raw_on_accept(uv_stream_t *h, int status)
{
    struct raw_server *s = h->data;
    struct raw_peer *p = calloc(1, sizeof *p);

    assert_non_null(p);
    assert_int_equal(status, 0);
    p->server = s;
    uv_tcp_init(h->loop, &p->tcp);
    uv_timer_init(h->loop, &p->drip);
    p->tcp.data = p->drip.data = p;
    p->open = 2;
    s->open += 2;
    p->next = s->peers;
    s->peers = p;
    s->n_accepted++;
    assert_int_equal(uv_accept(h, (uv_stream_t *)&p->tcp), 0);
    uv_read_start((uv_stream_t *)&p->tcp, raw_alloc, raw_on_read);
}

static inline void raw_server_start(struct raw_server *s, struct loop *l, const char *reply,
                                    enum raw_after after)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int len = sizeof in;

    memset(s, 0, sizeof *s);
    s->loop = l;
    s->reply = reply;
    s->reply_n = strlen(reply);
    s->after = after;
    uv_tcp_init(loop_uv(l), &s->listener);
    s->listener.data = s;
    assert_int_equal(uv_tcp_bind(&s->listener, (struct sockaddr *)&in, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&s->listener, 128, raw_on_accept), 0);
    uv_tcp_getsockname(&s->listener, (struct sockaddr *)&in, &len);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u/", (unsigned)ntohs(in.sin_port));
}

static inline void raw_server_closed(uv_handle_t *h)
{
    struct raw_server *s = h->data;

    s->open--;
}

static inline void raw_server_stop(struct raw_server *s)
{
    while (s->peers)
        raw_peer_close(s->peers);
    s->open++;
    uv_close((uv_handle_t *)&s->listener, raw_server_closed);
    for (int i = 0; i < 1000 && s->open > 0; i++)
        uv_run(loop_uv(s->loop), UV_RUN_NOWAIT);
    assert_int_equal(s->open, 0);
}

#endif
