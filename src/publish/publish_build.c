/* SPDX-License-Identifier: MIT
 * Makes batches and their requests: registrations, states, statements of days, signs of life, in turns, so
 * that none of them waits for the end of another. Everything is read from the registry when the requests are
 * made, never earlier.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/model/summary.h"
#include "publish/publish_impl.h"

#define FIRSTS_MAX 2 /* requests that go before, in a row */

enum turn { TURN_BEAT, TURN_FILINGS, TURN_STATES, TURN_DAYS, TURNS };

/* A number past its limit must not be told as current; once Redis has numbered the "unknown", that is told.
 */
bool sink_may_tell(const struct publish_sink *s, uint32_t lot)
{
    const struct registry_lot *l = registry_lot(s->p->reg, lot);
    int64_t until = freshness_valid_until(&l->reading, l->interval_ms);
    if (s->lent == lot + 1)
        return false;
    return l->reading.expired || until == 0 || clock_wall_ms(s->p->clock) <= until;
}

static bool may_tell(void *ctx, uint32_t lot)
{
    return sink_may_tell(ctx, lot);
}

static bool may_always(void *ctx, uint32_t lot)
{
    (void)ctx;
    (void)lot;
    return true;
}

static publish_may_fn *may_of(enum publish_what what)
{
    return what == PUBLISH_STATES ? may_tell : may_always;
}

struct publish_rules sink_rules(const struct publish_sink *s, enum publish_what what)
{
    bool states = what == PUBLISH_STATES;
    return (struct publish_rules){s->max_batch, s->conf.min_interval_ms, states ? s->conf.refresh_ms : 0};
}

static bool does(const struct publish_sink *s, enum publish_what what)
{
    return what == PUBLISH_STATES || (what == PUBLISH_FILINGS ? s->files : s->tells_days && s->day.ready);
}

static int64_t line_due(const struct publish_sink *s, enum publish_what what, int64_t now)
{
    const struct publish_line *line = &s->lines[what];
    struct publish_rules rules = sink_rules(s, what);
    int64_t due = does(s, what) ? publish_plan_due(line->plan, &rules, now) : PLAN_NEVER;
    return due < line->not_before ? line->not_before : due;
}

int64_t sink_due(const struct publish_sink *s, int64_t now)
{
    int64_t due = PLAN_NEVER;
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        int64_t one = line_due(s, (enum publish_what)i, now);
        due = one < due ? one : due;
    }
    return due;
}

bool batch_same(const struct publish_batch *b, const struct publish_item *items, size_t n)
{
    return b->beat || publish_plan_same(b->sink->lines[b->what].plan, items, n, may_of(b->what), b->sink);
}

/* ---- requests */

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
            batch_accept(b, i, false);
    }
    free(told);
}

static int call_push(struct publish_batch *b, const struct dialect_ctx *ctx, struct dialect_batch *batch,
                     struct why *why)
{
    struct summary sum = {0};
    int err = summary_make(b->sink->p->reg, SUMMARY_CONNECTED, VIEW(""), ctx->now_ms, &sum);
    if (err)
        return why_set(why, err, "", "%s", err_text(err));
    batch->summary = &sum;
    err = dialect_push(b->sink->session, ctx, batch, &b->reqs, why);
    summary_fini(&sum);
    return err;
}

static int call_dialect(struct publish_batch *b, const struct dialect_item *items, struct why *why)
{
    struct publish_sink *s = b->sink;
    struct dialect_ctx ctx = sink_ctx(s);
    char date[PUBLISH_DATE_SIZE] = "";
    struct dialect_batch batch = {.items = items, .n = b->n, .batch_id = b->id};
    if (b->beat)
        return dialect_beat(s->session, &ctx, &batch, &b->reqs, why);
    if (b->what == PUBLISH_FILINGS)
        return dialect_register(s->session, &ctx, &batch, &b->reqs, why);
    if (b->what == PUBLISH_STATES)
        return call_push(b, &ctx, &batch, why);
    batch.date = publish_date_text((uint32_t)b->items[0].seq, date);
    return dialect_day(s->session, &ctx, &batch, &b->reqs, why);
}

static struct dialect_item item_of(const struct publish_batch *b, uint32_t lot)
{
    const struct publish_sink *s = b->sink;
    const struct registry_lot *l = registry_lot(s->p->reg, lot);
    bool day = b->what == PUBLISH_DAYS && lot < s->n_known;
    return (struct dialect_item){.lot = &l->lot,
                                 .reading = &l->reading,
                                 .version = l->version,
                                 .filed = sink_filed(s, lot),
                                 .code = sink_code(s, lot),
                                 .cars_in = day ? s->known[lot].in : COUNT_NONE,
                                 .cars_out = day ? s->known[lot].out : COUNT_NONE};
}

static int make_requests(struct publish_batch *b, struct why *why)
{
    struct dialect_item *items = calloc(b->n + 1, sizeof *items);
    for (size_t i = 0; i < b->n; i++)
        b->open[i] = true; /* whatever fails below, they are handed back */
    if (!items)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < b->n; i++)
        items[i] = item_of(b, b->items[i].lot);
    int err = call_dialect(b, items, why);
    free(items);
    if (err)
        return err;
    b->calls = calloc(b->reqs.n + 1, sizeof *b->calls);
    if (!b->calls)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < b->reqs.n; i++)
        b->calls[i].batch = b;
    b->first = b->reqs.n == 1 && b->reqs.v[0].first;
    return 0;
}

static void make(struct publish_batch *b)
{
    struct why why = {0};
    b->state = LANE_OPEN;
    b->stopped = false;
    int err = make_requests(b, &why);
    if (err)
        batch_judge_local(b, err, &why);
    else if (b->first && b->firsts++ >= FIRSTS_MAX)
        batch_fail(b, "it wants a login again and again");
    else if (!b->beat && !b->first)
        accept_untold(b);
    batch_check_end(b);
}

static void build(struct publish_batch *b)
{
    b->firsts = 0;
    make(b);
}

void batch_go_on(struct publish_batch *b)
{
    batch_free_requests(b);
    make(b); /* what moved on meanwhile is noticed before it is sent */
}

/* ---- batches */

static struct publish_batch *open_lane(struct publish_sink *s, enum publish_what what, bool beat)
{
    static const char letters[PUBLISH_WHATS] = {
        [PUBLISH_STATES] = 'b', [PUBLISH_FILINGS] = 'r', [PUBLISH_DAYS] = 'd'};
    struct publish_batch *b = sink_free_lane(s);
    if (!b)
        return NULL;
    b->items = calloc(s->max_batch, sizeof *b->items);
    b->open = calloc(s->max_batch, sizeof *b->open);
    if (!b->items || !b->open) {
        batch_free(b);
        return NULL;
    }
    b->what = what;
    b->beat = beat;
    (void)snprintf(b->id, sizeof b->id, "%c-%llx-%llu", beat ? 'h' : letters[what],
                   (unsigned long long)s->p->instance, (unsigned long long)++s->p->batches);
    return b;
}

static bool rebuild_kept(struct publish_sink *s, int64_t now)
{
    for (int i = 0; i < PUBLISH_LANES; i++) {
        struct publish_batch *b = &s->lanes[i];
        if (b->state != LANE_KEPT || now < s->lines[b->what].not_before)
            continue;
        if (batch_same(b, b->items, b->n))
            build(b);
        else
            batch_release(b);
        return true;
    }
    return false;
}

static bool build_line(struct publish_sink *s, enum publish_what what, int64_t now)
{
    struct publish_rules rules = sink_rules(s, what);
    if (line_due(s, what, now) > now)
        return false;
    struct publish_batch *b = open_lane(s, what, false);
    if (!b)
        return false;
    b->n = publish_plan_next(s->lines[what].plan, &rules, now, may_of(what), s, b->items);
    if (b->n)
        build(b);
    else
        batch_free(b);
    return true;
}

/* One batch of the round of signs of life: of lots whose newest state the sink holds, and may hold as
 * current. A sign of life for any other would make an older state look alive. */
static bool build_beat(struct publish_sink *s, int64_t now)
{
    struct publish_batch *b = s->beats && now >= s->next_beat_ms ? open_lane(s, PUBLISH_STATES, true) : NULL;
    uint32_t size = registry_size(s->p->reg), i = s->beat_from;
    if (!b)
        return false;
    for (; i < size && b->n < s->max_batch; i++) {
        if (publish_plan_settled(s->lines[PUBLISH_STATES].plan, i) && sink_may_tell(s, i))
            b->items[b->n++].lot = i;
    }
    s->beat_from = i < size ? i : 0;
    if (!s->beat_from)
        s->next_beat_ms = now + s->conf.heartbeat_ms;
    if (b->n)
        build(b);
    else
        batch_free(b);
    return true;
}

static bool build_turn(struct publish_sink *s, enum turn turn, int64_t now)
{
    switch (turn) {
    case TURN_BEAT:
        return build_beat(s, now);
    case TURN_FILINGS:
        return build_line(s, PUBLISH_FILINGS, now);
    case TURN_STATES:
        return build_line(s, PUBLISH_STATES, now);
    case TURN_DAYS:
        return build_line(s, PUBLISH_DAYS, now);
    case TURNS:
        break;
    }
    return false;
}

bool sink_build_next(struct publish_sink *s, int64_t now)
{
    if (rebuild_kept(s, now))
        return true;
    for (int i = 0; i < TURNS; i++) {
        int turn = (s->turn + i) % TURNS;
        if (build_turn(s, (enum turn)turn, now)) {
            s->turn = (turn + 1) % TURNS;
            return true;
        }
    }
    return false;
}
