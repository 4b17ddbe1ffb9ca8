/* SPDX-License-Identifier: MIT
 * The pump: looks whether the sink may be talked to, fills lanes with batches and runs their requests, at
 * most `parallel` at once. Everything is read from the registry when the requests are made, never earlier.
 *
 * The pump runs from the sink's timer and after each answer. It builds one batch a turn at most: making
 * requests can cost a script and a signature each, and the loop has others to serve.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "parkd/model/summary.h"
#include "publish/publish_impl.h"

enum step { STEP_NOTHING, STEP_STARTED, STEP_BUILT };

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

static struct publish_rules rules_of(const struct publish_sink *s)
{
    return (struct publish_rules){s->max_batch, s->conf.min_interval_ms, s->conf.refresh_ms};
}

/* A number past its limit must not be told as current; once Redis has numbered the "unknown", that is told.
 */
static bool may_tell(void *ctx, uint32_t lot)
{
    const struct publish_sink *s = ctx;
    const struct registry_lot *l = registry_lot(s->p->reg, lot);
    int64_t until = freshness_valid_until(&l->reading, l->interval_ms);
    return l->reading.expired || until == 0 || clock_wall_ms(s->p->clock) <= until;
}

/* ---- lanes */

static void free_requests(struct publish_batch *b)
{
    for (size_t i = 0; b->calls && i < b->reqs.n; i++)
        fetch_cancel(b->calls[i].op);
    b->sink->in_flight -= (int)b->in_flight;
    dialect_request_list_fini(&b->reqs);
    free(b->calls);
    b->reqs = (struct dialect_request_list){0};
    b->calls = NULL;
    b->started = b->in_flight = 0;
}

static void free_lane(struct publish_batch *b)
{
    struct publish_sink *s = b->sink;
    free_requests(b);
    free(b->items);
    free(b->open);
    *b = (struct publish_batch){.sink = s};
}

/* Hands back what is not decided, and empties the lane. */
static void release(struct publish_batch *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->open[i])
            b->items[n++] = b->items[i];
    }
    if (!b->beat)
        publish_plan_back(b->sink->plan, b->items, n, mono(b->sink));
    free_lane(b);
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
        free_requests(b);
        b->state = LANE_KEPT;
    } else {
        release(b);
    }
}

void sink_cancel(struct publish_sink *s)
{
    for (int i = PUBLISH_LANES - 1; i >= 0; i--) {
        if (s->lanes[i].state != LANE_FREE)
            release(&s->lanes[i]);
    }
}

static struct publish_batch *find_lane(struct publish_sink *s, enum lane_state state)
{
    for (int i = 0; i < PUBLISH_LANES; i++) {
        if (s->lanes[i].state == state)
            return &s->lanes[i];
    }
    return NULL;
}

/* ---- building */

static struct publish_batch *open_lane(struct publish_sink *s, bool beat)
{
    struct publish_batch *b = find_lane(s, LANE_FREE);
    if (!b)
        return NULL;
    b->items = calloc(s->max_batch, sizeof *b->items);
    b->open = calloc(s->max_batch, sizeof *b->open);
    if (!b->items || !b->open) {
        free_lane(b);
        return NULL;
    }
    b->beat = beat;
    (void)snprintf(b->id, sizeof b->id, "%s-%llx-%llu", beat ? "h" : "b", (unsigned long long)s->p->instance,
                   (unsigned long long)++s->p->batches);
    return b;
}

/* An item that no request carries is one that this protocol cannot tell: it is done. */
static void accept_untold(struct publish_batch *b)
{
    bool *told = calloc(b->n + 1, sizeof *told);
    if (!told)
        return; /* they stay open and are tried again */
    for (size_t r = 0; r < b->reqs.n; r++) {
        for (size_t i = 0; i < b->reqs.v[r].n_items; i++) {
            if (b->reqs.v[r].items[i] < b->n)
                told[b->reqs.v[r].items[i]] = true;
        }
    }
    for (size_t i = 0; i < b->n; i++) {
        if (!told[i])
            batch_accept(b, i);
    }
    free(told);
}

static int call_dialect(struct publish_batch *b, const struct dialect_item *items, struct why *why)
{
    struct publish_sink *s = b->sink;
    struct summary sum = {0};
    struct dialect_ctx ctx = sink_ctx(s);
    int err = b->beat ? 0 : summary_make(s->p->reg, true, ctx.now_ms, &sum);
    if (err)
        return why_set(why, err, "", "%s", err_text(err));
    struct dialect_batch batch = {
        .items = items, .n = b->n, .summary = b->beat ? NULL : &sum, .batch_id = b->id};
    err = b->beat ? dialect_beat(s->session, &ctx, &batch, &b->reqs, why)
                  : dialect_push(s->session, &ctx, &batch, &b->reqs, why);
    summary_fini(&sum);
    return err;
}

static int make_requests(struct publish_batch *b, struct why *why)
{
    struct dialect_item *items = calloc(b->n + 1, sizeof *items);
    if (!items)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < b->n; i++) {
        const struct registry_lot *l = registry_lot(b->sink->p->reg, b->items[i].lot);
        items[i] = (struct dialect_item){.lot = &l->lot, .reading = &l->reading};
        b->open[i] = true;
    }
    int err = call_dialect(b, items, why);
    free(items);
    if (err)
        return err;
    b->calls = calloc(b->reqs.n + 1, sizeof *b->calls);
    if (!b->calls)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < b->reqs.n; i++)
        b->calls[i].batch = b;
    return 0;
}

static void build(struct publish_batch *b)
{
    struct why why = {0};
    b->state = LANE_OPEN;
    b->stopped = false;
    int err = make_requests(b, &why);
    if (err)
        batch_judge_local(b, err, &why);
    else if (!b->beat)
        accept_untold(b);
    batch_check_end(b);
}

static enum step rebuild_kept(struct publish_sink *s)
{
    struct publish_batch *b = find_lane(s, LANE_KEPT);
    if (!b)
        return STEP_NOTHING;
    if (publish_plan_same(s->plan, b->items, b->n, may_tell, s))
        build(b);
    else
        release(b);
    return STEP_BUILT;
}

static enum step build_states(struct publish_sink *s, int64_t now)
{
    struct publish_rules rules = rules_of(s);
    if (publish_plan_due(s->plan, &rules, now) > now)
        return STEP_NOTHING;
    struct publish_batch *b = open_lane(s, false);
    if (!b)
        return STEP_NOTHING;
    b->n = publish_plan_next(s->plan, &rules, now, may_tell, s, b->items);
    if (b->n)
        build(b);
    else
        free_lane(b);
    return STEP_BUILT;
}

/* One batch of the round of signs of life: of lots whose newest state the sink holds, and may hold as
 * current. A sign of life for any other would make an older state look alive. */
static enum step build_beat(struct publish_sink *s, int64_t now)
{
    struct publish_batch *b = s->beats && now >= s->next_beat_ms ? open_lane(s, true) : NULL;
    uint32_t size = registry_size(s->p->reg), i = s->beat_from;
    if (!b)
        return STEP_NOTHING;
    for (; i < size && b->n < s->max_batch; i++) {
        if (publish_plan_settled(s->plan, i) && may_tell(s, i))
            b->items[b->n++].lot = i;
    }
    s->beat_from = i < size ? i : 0;
    if (!s->beat_from)
        s->next_beat_ms = now + s->conf.heartbeat_ms;
    if (b->n)
        build(b);
    else
        free_lane(b);
    return STEP_BUILT;
}

static enum step build_next(struct publish_sink *s, int64_t now)
{
    enum step kept = rebuild_kept(s), beat = STEP_NOTHING;
    if (kept != STEP_NOTHING)
        return kept;
    if (!s->beat_was_last)
        beat = build_beat(s, now);
    s->beat_was_last = beat != STEP_NOTHING;
    if (beat != STEP_NOTHING)
        return beat;
    enum step states = build_states(s, now);
    return states != STEP_NOTHING ? states : build_beat(s, now);
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
    call_judge(c, res);
    batch_check_end(b);
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
    struct publish_sink *s = b->sink;
    for (size_t i = 0; !b->beat && i < r->n_items; i++) {
        if (r->items[i] < b->n && b->open[r->items[i]] &&
            !publish_plan_same(s->plan, &b->items[r->items[i]], 1, may_tell, s))
            return false;
    }
    return true;
}

static bool start_next(struct publish_sink *s)
{
    for (int i = 0; i < PUBLISH_LANES; i++) {
        struct publish_batch *b = &s->lanes[i];
        if (b->state != LANE_OPEN || b->stopped || b->started >= b->reqs.n)
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
    struct publish_rules rules = rules_of(s);
    int limit = limit_of(s, now);
    int64_t at = now + PUBLISH_LOOK_MS;
    if (limit == 0)
        at = s->pace.not_before;
    else if (more)
        at = now;
    else if (s->in_flight < limit) {
        int64_t due = publish_plan_due(s->plan, &rules, now);
        at = due < at ? due : at;
        at = s->beats && s->next_beat_ms < at ? s->next_beat_ms : at;
    }
    sink_wake(s, at - now);
}

static void fill(struct publish_sink *s, int64_t now)
{
    bool built = false, more = false;
    while (s->in_flight < limit_of(s, now)) {
        if (start_next(s))
            continue;
        if (built) {
            more = true;
            break;
        }
        built = build_next(s, now) == STEP_BUILT;
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
