/* SPDX-License-Identifier: MIT
 * HTTP as the product asks for it, without HTTP: a request goes its way, the platform or a lot answers, the
 * answer comes back; or something of that fails as net/fetch.h says.
 */
#include <stdlib.h>
#include <string.h>

#include "parkd/net/fetch.h"
#include "sim.h"

struct fetcher {
    int active;
};

struct fetch {
    struct fetcher *f;
    struct life *life;
    fetch_done_fn *done;
    void *ctx;
    char *url, *body;
    size_t n_body;
    int64_t started_ms;
    bool open; /* somebody waits for the answer */
    bool platform;
    struct visit v;
    struct fetch *next;
};

int64_t platform_stalls_until;
static struct fetch *all; /* open ones */
static int64_t platform_last;

struct fetcher *fetcher_new(struct loop *l, const struct fetch_limits *limits,
                            const struct addr_filter *filter)
{
    (void)l;
    (void)limits;
    (void)filter;
    return calloc(1, sizeof(struct fetcher));
}

void fetcher_free(struct fetcher *f)
{
    free(f);
}

int fetcher_active(const struct fetcher *f)
{
    return f->active;
}

static void close_op(struct fetch *op)
{
    struct fetch **at = &all;
    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    op->open = false;
    op->f->active--;
    if (op->platform)
        platform_ended(op);
}

static void end(struct fetch *op, const struct fetch_result *res)
{
    close_op(op);
    op->done(op->ctx, res);
}

static void on_timeout(void *ctx)
{
    struct fetch *op = ctx;
    struct fetch_result res = {.err = ERR_TIMEOUT, .retry_after_ms = -1, .detail = "took too long"};
    if (op->open)
        end(op, &res);
}

static void on_answer(void *ctx)
{
    struct fetch *op = ctx;
    struct fetch_result res = {.status = op->v.status,
                               .body = view_of(op->v.answer),
                               .head = view_of("Content-Type: application/json"),
                               .took_ms = sim_now - op->started_ms,
                               .retry_after_ms = op->v.retry_after_ms};
    if (!op->open)
        return;
    if (!op->v.status) {
        res = (struct fetch_result){.err = ERR_IO, .retry_after_ms = -1, .detail = "the connection broke"};
    }
    end(op, &res);
}

static struct way *way_of(const struct fetch *op)
{
    return op->platform ? &way_platform[op->life->node] : &way_lots[op->life->node];
}

static void on_visit(void *ctx)
{
    struct fetch *op = ctx;
    op->v = (struct visit){.life = op->life,
                           .url = view_of(op->url),
                           .body = {op->body, op->n_body},
                           .status = 200,
                           .retry_after_ms = -1};
    if (op->platform)
        platform_visit(&op->v);
    else
        lots_visit(&op->v);
    int64_t at = way_arrival(way_of(op));
    if (op->v.status >= 0 && at >= 0)
        sim_after(op->life, at - sim_now, on_answer, op);
}

/* Requests to the platform are served one after the other. */
static void set_off(struct fetch *op)
{
    int64_t at = way_arrival(way_of(op));
    if (at < 0)
        return;
    if (op->platform) {
        at = at < platform_stalls_until ? platform_stalls_until : at;
        at = at < platform_last ? platform_last : at;
        platform_last = at;
    }
    sim_after(NULL, at - sim_now, on_visit, op);
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *req, fetch_done_fn *on_done,
                          void *ctx, struct why *why)
{
    if (memory_denies()) {
        (void)why_set(why, ERR_NOMEM, "", "out of memory");
        return NULL;
    }
    struct fetch *op = calloc(1, sizeof *op);
    if (!op)
        abort();
    memory_spares = true; /* of what is copied below */
    *op = (struct fetch){.f = f,
                         .life = sim_life,
                         .done = on_done,
                         .ctx = ctx,
                         .url = view_dup(req->url),
                         .body = view_dup(req->body),
                         .n_body = req->body.n,
                         .started_ms = sim_now,
                         .open = true,
                         .platform = view_starts(req->url, "http://platform/")};
    memory_spares = false;
    op->next = all;
    all = op;
    f->active++;
    if (op->platform)
        platform_starts(op->life, op, req->body);
    set_off(op);
    sim_after(op->life, req->timeout_ms, on_timeout, op);
    return op;
}

void fetch_cancel(struct fetch *op)
{
    if (op && op->open)
        close_op(op);
}

void fetch_of_dead(const struct life *life)
{
    for (struct fetch *op = all, *next; op; op = next) {
        next = op->next;
        if (op->life == life)
            close_op(op);
    }
}
