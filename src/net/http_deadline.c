/* SPDX-License-Identifier: MIT
 * Deadlines of connections: libmicrohttpd's own timeout is for inactivity only, so one byte a second would
 * pass it.
 *
 * One list per kind, in order of expiry because all of a kind last equally long; one timer for the earliest.
 * Setting and clearing move list links only; the timer may wake early for a deadline that was cleared and
 * then sets itself again. libmicrohttpd cannot be told to answer 408 or to close; shutting the socket down
 * makes it find the end by itself.
 */
#include <sys/socket.h>
#include <utlist.h>

#include "net/http_internal.h"
#include "parkd/base/counters.h"

#define SEND_MS 60000 /* for the client to take the whole answer */

static int64_t length_of(const struct http_server *s, enum http_deadline kind)
{
    switch (kind) {
    case HTTP_DL_HEAD:
        return s->conf.head_ms;
    case HTTP_DL_BODY:
        return s->conf.body_ms;
    case HTTP_DL_IDLE:
        return s->conf.idle_ms;
    default:
        return SEND_MS;
    }
}

static void arm(struct http_server *s, uint64_t due_ms, uint64_t now_ms)
{
    uv_timer_start(&s->deadline_timer, http_on_deadline, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void http_deadline_clear(struct http_conn *c)
{
    if (c->deadline == HTTP_DL_NONE)
        return;
    DL_DELETE2(c->server->deadlines[c->deadline], c, dl_prev, dl_next);
    c->deadline = HTTP_DL_NONE;
}

void http_deadline_set(struct http_conn *c, enum http_deadline kind)
{
    struct http_server *s = c->server;
    uint64_t now = uv_now(s->deadline_timer.loop);
    uv_handle_t *h = (uv_handle_t *)&s->deadline_timer;

    http_deadline_clear(c);
    if (s->cut)
        return; /* the timer is closed or closing */
    c->due_ms = now + (uint64_t)length_of(s, kind);
    c->deadline = kind;
    DL_APPEND2(s->deadlines[kind], c, dl_prev, dl_next);
    if (!uv_is_active(h) || uv_timer_get_due_in(&s->deadline_timer) > c->due_ms - now)
        arm(s, c->due_ms, now);
}

/* Both directions: after SHUT_RD alone libmicrohttpd may read a byte that came at the same moment, take the
 * socket for empty, miss the end, and then serve a dripping client for ever. */
static void expire(struct http_conn *c)
{
    if (c->deadline != HTTP_DL_IDLE)
        counter_add(C_HTTP_CUT, 1);
    http_deadline_clear(c);
    shutdown(c->fd, SHUT_RDWR);
}

void http_on_deadline(uv_timer_t *h)
{
    struct http_server *s = h->data;
    uint64_t now = uv_now(h->loop), next = UINT64_MAX;

    for (int kind = HTTP_DL_HEAD; kind < HTTP_DL_N; kind++) {
        while (s->deadlines[kind] && s->deadlines[kind]->due_ms <= now)
            expire(s->deadlines[kind]);
        if (s->deadlines[kind] && s->deadlines[kind]->due_ms < next)
            next = s->deadlines[kind]->due_ms;
    }
    if (next != UINT64_MAX)
        arm(s, next, now);
}
