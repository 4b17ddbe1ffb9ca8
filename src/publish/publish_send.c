/* SPDX-License-Identifier: MIT
 * The pump: looks whether the sink may be talked to, fills lanes with batches and runs their requests, at
 * most `parallel` at once.
 *
 * The pump runs from the sink's timer and after each answer. It builds one batch a turn at most: making
 * requests can cost a script and a signature each, and the loop has others to serve.
 */
#include <stdlib.h>

#include "parkd/base/log.h"
#include "publish/publish_impl.h"

static int64_t mono(const struct publish_sink *s)
{
    return clock_mono_ms(s->p->clock);
}

struct dialect_ctx sink_ctx(const struct publish_sink *s)
{
    return (struct dialect_ctx){.now_ms = clock_wall_ms(s->p->clock),
                                .url = view_of(s->conf.url),
                                .lots = s->p->reg,
                                .secret = view_of(s->conf.secret),
                                .bearer = view_of(s->conf.bearer)};
}

/* ---- lanes */

void batch_free_requests(struct publish_batch *b)
{
    for (size_t i = 0; b->calls && i < b->reqs.n; i++)
        fetch_cancel(b->calls[i].op);
    b->sink->in_flight -= (int)b->in_flight;
    dialect_request_list_fini(&b->reqs);
    free(b->calls);
    b->reqs = (struct dialect_request_list){0};
    b->calls = NULL;
    b->started = b->in_flight = 0;
    b->first = false;
}

void batch_free(struct publish_batch *b)
{
    struct publish_sink *s = b->sink;
    batch_free_requests(b);
    free(b->items);
    free(b->open);
    *b = (struct publish_batch){.sink = s};
}

void batch_release(struct publish_batch *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->open[i])
            b->items[n++] = b->items[i];
    }
    if (!b->beat)
        publish_plan_back(b->sink->lines[b->what].plan, b->items, n, mono(b->sink));
    batch_free(b);
}

static size_t count_open(const struct publish_batch *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += b->open[i];
    return n;
}

void batch_check_end(struct publish_batch *b)
{
    if (b->state != LANE_OPEN || b->in_flight || (b->started < b->reqs.n && !b->stopped))
        return;
    if (!b->beat && b->n && count_open(b) == b->n) {
        batch_free_requests(b);
        b->state = LANE_KEPT;
    } else {
        batch_release(b);
    }
}

void sink_cancel(struct publish_sink *s)
{
    for (int i = PUBLISH_LANES - 1; i >= 0; i--) {
        if (s->lanes[i].state != LANE_FREE)
            batch_release(&s->lanes[i]);
    }
}

struct publish_batch *sink_free_lane(struct publish_sink *s)
{
    for (int i = 0; i < PUBLISH_LANES; i++) {
        if (s->lanes[i].state == LANE_FREE)
            return &s->lanes[i];
    }
    return NULL;
}

/* The batch whose request goes before, if there is one: nothing else starts meanwhile, because everything
 * else would want the same login. */
static const struct publish_batch *login_of(const struct publish_sink *s)
{
    for (int i = 0; i < PUBLISH_LANES; i++) {
        if (s->lanes[i].state == LANE_OPEN && s->lanes[i].first && !s->lanes[i].stopped)
            return &s->lanes[i];
    }
    return NULL;
}

/* ---- running */

static void on_answer(void *ctx, const struct fetch_result *res)
{
    struct publish_call *c = ctx;
    struct publish_batch *b = c->batch;
    struct publish_sink *s = b->sink;
    c->op = NULL;
    b->in_flight--;
    s->in_flight--;
    if (b->first && call_judge_first(c, res)) {
        batch_go_on(b);
    } else {
        if (!b->first)
            call_judge(c, res);
        batch_check_end(b);
    }
    sink_pump(s);
    sink_save(s, mono(s)); /* the pump rests while stopping */
    publisher_check_quiet(s->p);
}

static void start_call(struct publish_batch *b)
{
    struct publish_sink *s = b->sink;
    struct publish_call *c = &b->calls[b->started];
    const struct dialect_request *r = &b->reqs.v[b->started++];
    struct fetch_header h[DIALECT_MAX_HEADERS];
    struct why why = {0};
    size_t n = 0;
    for (; n < (size_t)r->n_headers; n++)
        h[n] = (struct fetch_header){view_of(r->headers[n].name), view_of(r->headers[n].value)};
    struct fetch_request req = {.method = view_of(r->method),
                                .url = view_of(r->url),
                                .headers = h,
                                .n_headers = n,
                                .body = buf_get(&r->body),
                                .timeout_ms = s->conf.timeout_ms,
                                .tls = &s->tls};
    c->started_ms = mono(s);
    c->op = fetch_start(s->p->fetcher, &req, on_answer, c, &why);
    s->stats.requests++;
    if (c->op) {
        b->in_flight++;
        s->in_flight++;
        return;
    }
    batch_judge_local(b, ERR_CONNECT, &why);
    batch_check_end(b);
}

/* The requests of a batch wait for each other, perhaps for minutes: what was true when they were made may be
 * past its limit by now, or something newer be known. */
static bool still_true(const struct publish_batch *b, const struct dialect_request *r)
{
    for (size_t i = 0; i < r->n_items; i++) {
        if (r->items[i] < b->n && b->open[r->items[i]] && !batch_same(b, &b->items[r->items[i]], 1))
            return false;
    }
    return true;
}

static bool start_next(struct publish_sink *s)
{
    const struct publish_batch *login = login_of(s);
    for (int i = 0; i < PUBLISH_LANES; i++) {
        struct publish_batch *b = &s->lanes[i];
        if (b->state != LANE_OPEN || b->stopped || b->started >= b->reqs.n || (login && b != login))
            continue;
        if (still_true(b, &b->reqs.v[b->started])) {
            start_call(b);
        } else {
            b->started++; /* its items go back and are made anew */
            batch_check_end(b);
        }
        return true;
    }
    return false;
}

static int limit_of(const struct publish_sink *s, int64_t now)
{
    return publish_pace_limit(&s->pace, s->conf.parallel, now);
}

/* When to run again, if nothing happens before. */
static void schedule(struct publish_sink *s, int64_t now, bool more)
{
    int limit = limit_of(s, now);
    int64_t at = now + PUBLISH_LOOK_MS;
    if (limit == 0)
        at = s->pace.not_before;
    else if (more)
        at = now;
    else if (s->in_flight < limit && !login_of(s)) {
        int64_t due = sink_due(s, now);
        at = due < at ? due : at;
        at = s->beats && s->next_beat_ms < at ? s->next_beat_ms : at;
    }
    sink_wake(s, at - now);
}

static void fill(struct publish_sink *s, int64_t now)
{
    bool built = false, more = false;
    sink_day(s, now);
    while (s->in_flight < limit_of(s, now)) {
        if (start_next(s))
            continue;
        if (built) {
            more = true;
            break;
        }
        built = !login_of(s) && sink_build_next(s, now);
        if (!built)
            break;
    }
    schedule(s, now, more);
}

/* The lease: is it ours at all, and long enough for a whole request? A sink that comes (back) to us is loaded
 * first: somebody else may have told it more meanwhile. */
static bool may_start(struct publish_sink *s, int64_t now)
{
    const struct publish_port *port = &s->p->port;
    int64_t until = port->lease_until(port->ctx, s->conf.id);
    if (until <= now) {
        if (s->phase != SINK_NOT_OURS)
            log_info(SINK, "sink=%s lease=lost", s->conf.id);
        s->phase = SINK_NOT_OURS;
        sink_detach_load(s);
        return false;
    }
    if (s->phase == SINK_NOT_OURS)
        s->phase = SINK_LOADING;
    return until == INT64_MAX || now + s->conf.timeout_ms <= until;
}

void sink_pump(struct publish_sink *s)
{
    int64_t now = mono(s);
    if (s->p->stopping || !s->session) {
        sink_save(s, now);
        return;
    }
    bool may = may_start(s, now);
    if (s->phase == SINK_LOADING)
        sink_load(s, now);
    else if (may)
        fill(s, now);
    else
        sink_wake(s, PUBLISH_LOOK_MS / 4);
    sink_save(s, now); /* also what needed no request */
}
