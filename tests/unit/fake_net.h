/* SPDX-License-Identifier: MIT
 * The world of code that sees only net/timer.h and net/fetch.h: time stands still until the test moves it,
 * requests wait until the test answers them. Included by one test program each, in place of net's own
 * objects.
 */
#ifndef PARKD_TESTS_FAKE_NET_H
#define PARKD_TESTS_FAKE_NET_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/clock.h"
#include "parkd/net/fetch.h"
#include "parkd/net/timer.h"

#define FAKE_WALL INT64_C(1795363200000)

/* ---- clock */

static int64_t fake_now = 1000;
static int64_t fake_mono(const struct clock *c)
{
    (void)c;
    return fake_now;
}
static int64_t fake_wall(const struct clock *c)
{
    (void)c;
    return FAKE_WALL + fake_now;
}
static const struct clock fake_clock = {.wall = fake_wall, .mono = fake_mono};

/* ---- timers */

struct timer {
    timer_fn *fn;
    void *ctx;
    bool armed;
    int64_t at;
    uint64_t order;
    struct timer *next;
};
static struct timer *fake_timers;
static uint64_t fake_order;

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
    (void)l;
    struct timer *t = calloc(1, sizeof *t);
    assert(t);
    *t = (struct timer){.fn = fn, .ctx = ctx, .next = fake_timers};
    fake_timers = t;
    return t;
}

void timer_arm(struct timer *t, int64_t in_ms)
{
    t->armed = true;
    t->at = fake_now + (in_ms > 0 ? in_ms : 0);
    t->order = ++fake_order;
}

void timer_cancel(struct timer *t)
{
    t->armed = false;
}

bool timer_armed(const struct timer *t)
{
    return t->armed;
}

void timer_free(struct timer *t)
{
    struct timer **at = &fake_timers;
    if (!t)
        return;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    free(t);
}

static struct timer *fake_first_due(int64_t until)
{
    struct timer *best = NULL;
    for (struct timer *t = fake_timers; t; t = t->next) {
        bool before =
            !best || (t->armed && (t->at < best->at || (t->at == best->at && t->order < best->order)));
        if (t->armed && t->at <= until && before)
            best = t;
    }
    return best;
}

/* Moves time on and runs what becomes due, in order. Fails when the same moment never ends (a hot loop). */
static inline void fake_advance(int64_t ms)
{
    int64_t until = fake_now + ms, last = -1;
    int same = 0;
    struct timer *t;
    while ((t = fake_first_due(until))) {
        if (t->at > fake_now)
            fake_now = t->at;
        same = fake_now == last ? same + 1 : 0;
        last = fake_now;
        if (same > 20000) {
            (void)fprintf(stderr, "timers never come to rest\n");
            abort();
        }
        t->armed = false;
        t->fn(t->ctx);
    }
    fake_now = until;
}

/* ---- fetch */

#define FAKE_MAX_HEADERS 16

struct fetch {
    fetch_done_fn *done;
    void *ctx;
    char method[16], url[2048];
    char *body;
    size_t n_headers;
    char names[FAKE_MAX_HEADERS][64], values[FAKE_MAX_HEADERS][1024];
    int64_t timeout_ms, started_ms;
    struct fetch *next; /* the newest last */
};
static struct fetch *fake_fetches;
static int fake_started;       /* requests ever started */
static bool fake_refuse_start; /* fetch_start fails */

static void fake_copy(struct view v, char *dst, size_t size)
{
    assert(v.n < size);
    if (v.n)
        memcpy(dst, v.p, v.n);
    dst[v.n] = '\0';
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *req, fetch_done_fn *on_done,
                          void *ctx, struct why *why)
{
    (void)f;
    if (fake_refuse_start) {
        (void)why_set(why, ERR_INVALID, "/url", "cannot be asked");
        return NULL;
    }
    struct fetch *op = calloc(1, sizeof *op), **at = &fake_fetches;
    assert(op && req->n_headers <= FAKE_MAX_HEADERS);
    *op = (struct fetch){.done = on_done,
                         .ctx = ctx,
                         .n_headers = req->n_headers,
                         .timeout_ms = req->timeout_ms,
                         .started_ms = fake_now};
    fake_copy(req->method, op->method, sizeof op->method);
    fake_copy(req->url, op->url, sizeof op->url);
    for (size_t i = 0; i < req->n_headers; i++) {
        fake_copy(req->headers[i].name, op->names[i], sizeof op->names[i]);
        fake_copy(req->headers[i].value, op->values[i], sizeof op->values[i]);
    }
    op->body = calloc(1, req->body.n + 1);
    assert(op->body);
    if (req->body.n)
        memcpy(op->body, req->body.p, req->body.n);
    while (*at)
        at = &(*at)->next;
    *at = op;
    fake_started++;
    return op;
}

static void fake_unlink(struct fetch *op)
{
    struct fetch **at = &fake_fetches;
    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
}

static void fake_drop(struct fetch *op)
{
    free(op->body);
    free(op);
}

void fetch_cancel(struct fetch *op)
{
    if (!op)
        return;
    fake_unlink(op);
    fake_drop(op);
}

static inline int fake_in_flight(void)
{
    int n = 0;
    for (struct fetch *op = fake_fetches; op; op = op->next)
        n++;
    return n;
}

static inline const char *fake_header(const struct fetch *op, const char *name)
{
    for (size_t i = 0; i < op->n_headers; i++) {
        if (strcmp(op->names[i], name) == 0)
            return op->values[i];
    }
    return NULL;
}

/* Ends a request; as in net, the operation is gone before the callback's owner can touch it. */
static inline void fake_end(struct fetch *op, const struct fetch_result *res)
{
    fetch_done_fn *done = op->done;
    void *ctx = op->ctx;
    fake_unlink(op);
    fake_drop(op);
    done(ctx, res);
}

static inline void fake_answer(struct fetch *op, int status, const char *body)
{
    fake_end(op, &(struct fetch_result){
                     .status = status, .body = view_of(body), .retry_after_ms = -1, .took_ms = 10});
}

static inline void fake_fail(struct fetch *op, int err, const char *detail)
{
    struct fetch_result res = {.err = err, .retry_after_ms = -1, .took_ms = 10};
    (void)snprintf(res.detail, sizeof res.detail, "%s", detail);
    fake_end(op, &res);
}

#endif
