/* SPDX-License-Identifier: MIT
 * Report → norm → store, for polls and pushes alike, and the look-out for readings that grew too old.
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include "app/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "parkd/base/counters.h"
#include "parkd/base/log.h"
#include "parkd/net/timer.h"
#include "parkd/norm/norm.h"

#define CONFIRM_WRITE_MS 30000 /* how often a newer time of unchanged values is written */
#define EXPIRY_LOOK_MS   500

/* What is on its way to Redis for one lot, and when its observation time was last sent there. */
struct flight {
    uint32_t lot;
    int pending;
    struct reading last; /* the newest sent; valid while pending > 0 */
    int64_t written_ms;
    UT_hash_handle hh;
};

struct pipeline {
    const struct clock *clock;
    struct registry *reg;
    struct store *store;
    struct loop *loop;
    struct timer *expiry;
    struct flight *flights; /* one a lot that ever had a report */
};

/* One push: a result a report, answered when the last is known. */
struct ingest {
    size_t n, open;
    ingest_done_fn *done;
    void *ctx;
    struct report *reports; /* the names that results point to */
    struct ingest_result *results;
    struct timer *answer; /* so that the answer never comes inside pipeline_ingest */
};

/* One update on its way; `ingest` is NULL for a poll's. */
struct update {
    struct flight *flight;
    struct ingest *ingest;
    size_t index;
};

static struct flight *flight_of(struct pipeline *p, uint32_t lot)
{
    struct flight *f = NULL;
    HASH_FIND(hh, p->flights, &lot, sizeof lot, f);
    if (f || !(f = calloc(1, sizeof *f)))
        return f;
    f->lot = lot;
    HASH_ADD(hh, p->flights, lot, sizeof f->lot, f);
    if (f->hh.tbl)
        return f;
    free(f);
    return NULL;
}

/* What the next report of the lot is compared with. */
static const struct reading *held_of(const struct pipeline *p, const struct flight *f)
{
    return f->pending ? &f->last : &registry_lot(p->reg, f->lot)->reading;
}

static enum ingest_code ingest_code_of(enum store_code code)
{
    switch (code) {
    case STORE_OK:
        return INGEST_OK;
    case STORE_TOUCH:
        return INGEST_TOUCH;
    case STORE_DUP:
        return INGEST_DUP;
    case STORE_OLD:
        return INGEST_OLD;
    case STORE_GONE:
        return INGEST_REJECTED;
    case STORE_AWAY:
    case STORE_UNCERTAIN:
    case STORE_REFUSED:
        break;
    }
    return INGEST_AWAY;
}

static void ingest_free(struct ingest *in)
{
    timer_free(in->answer);
    free(in->reports);
    free(in->results);
    free(in);
}

static void on_answer(void *ctx)
{
    struct ingest *in = ctx;
    in->done(in->ctx, in->results, in->n);
    ingest_free(in);
}

static void ingest_result(struct ingest *in, size_t i, enum ingest_code code, uint64_t seq)
{
    in->results[i].code = code;
    in->results[i].seq = seq;
    if (--in->open == 0)
        timer_arm(in->answer, 0);
}

static void on_update(void *ctx, const struct store_outcome *o)
{
    struct update *u = ctx;
    struct ingest *in = u->ingest;
    u->flight->pending--;
    if (in && o->code == STORE_GONE)
        (void)why_set(&in->results[u->index].why, ERR_STATE, "",
                      "no absolute count is held that this could move");
    if (in)
        ingest_result(in, u->index, ingest_code_of(o->code), o->seq);
    free(u);
}

/* Same values again: the registry may know at once; Redis hears of it every CONFIRM_WRITE_MS. Not while
 * another value is on its way to Redis, even one whose sender was told to send again: that would overtake
 * this one. */
static bool only_confirms(struct pipeline *p, struct flight *f, const struct reading *next)
{
    const struct reading *held = held_of(p, f);
    if (!held->seq || f->pending || store_lot_waits(p->store, f->lot) || !reading_same(held, next) ||
        next->observed_ms < held->observed_ms)
        return false;
    if (next->source_seq > held->source_seq || next->observed_ms - f->written_ms >= CONFIRM_WRITE_MS)
        return false;
    struct reading r = *held;
    r.observed_ms = next->observed_ms;
    r.received_ms = next->received_ms;
    r.source_ms = next->source_ms;
    (void)registry_apply(p->reg, f->lot, &r);
    counter_add(C_REPORT_SAME, 1);
    return true;
}

/* What nothing needs to be written for: true, and the answer. */
static bool is_settled(struct pipeline *p, struct flight *f, const struct norm_result *n, int64_t now,
                       enum ingest_code *code)
{
    if (n->op != NORM_SET)
        return false;
    /* What the registry has seen confirmed Redis may not have heard of yet: it would let this pass. */
    if (reading_is_late(&n->reading, &registry_lot(p->reg, f->lot)->reading, now)) {
        counter_add(C_UPDATE_OLD, 1);
        *code = INGEST_OLD;
        return true;
    }
    *code = INGEST_TOUCH;
    return only_confirms(p, f, &n->reading);
}

static int submit(struct pipeline *p, struct flight *f, const struct norm_result *n, struct update *u)
{
    unsigned flags = u->ingest ? STORE_MUST_ACK : 0;
    int err = ERR_INVALID;
    switch (n->op) {
    case NORM_SET:
        err = store_set(p->store, f->lot, &n->reading, flags, on_update, u);
        break;
    case NORM_BEAT:
        err = store_beat(p->store, f->lot, n->reading.observed_ms, flags, on_update, u);
        break;
    case NORM_HINT:
        err = store_hint(p->store, f->lot, n->in, n->out, n->hint_ms, flags, on_update, u);
        break;
    }
    if (err)
        return err;
    if (n->op == NORM_SET && f->pending && n->reading.observed_ms < f->last.observed_ms) {
        f->pending++; /* a late one: what was sent before stays the newest */
        return 0;
    }
    if (n->op == NORM_SET) {
        f->last = n->reading;
        f->last.seq = registry_lot(p->reg, f->lot)->reading.seq;
        f->written_ms = n->reading.observed_ms;
    } else if (!f->pending) {
        f->last = registry_lot(p->reg, f->lot)->reading;
    }
    f->pending++;
    return 0;
}

/* One report of one lot; `told`: nothing needs to be written, and `code` is the answer. */
struct taken {
    bool told;
    enum ingest_code code;
};

/* 0: an update is on its way, or the answer is known already. */
static int take_one(struct pipeline *p, uint32_t lot, const struct report *rep, struct update *u,
                    struct taken *taken, struct why *why)
{
    struct norm_result n = {0};
    taken->told = lot_stage_is_withdrawn(registry_lot(p->reg, lot)->lot.stage);
    taken->code = INGEST_TOUCH;
    if (taken->told)
        return 0; /* it stays unknown; who sends it does nothing wrong */
    struct flight *f = flight_of(p, lot);
    if (!f)
        return ERR_NOMEM;
    int64_t now = clock_wall_ms(p->clock);
    int err = norm_report(&registry_lot(p->reg, lot)->lot, held_of(p, f), rep, now, &n, why);
    if (err)
        return err;
    taken->told = is_settled(p, f, &n, now, &taken->code);
    if (taken->told)
        return 0;
    u->flight = f;
    return submit(p, f, &n, u);
}

static uint32_t lot_of(struct pipeline *p, const struct feed *feed, const struct report *rep, struct why *why)
{
    uint32_t lot = registry_find_foreign(p->reg, feed->id, view_of(rep->lot));
    if (lot == REGISTRY_NONE) {
        counter_add(C_REPORT_UNKNOWN_LOT, 1);
        (void)why_set(why, ERR_NOT_FOUND, "/lot", "no lot of this feed is registered under this name");
    }
    return lot;
}

bool pipeline_take(struct pipeline *p, const struct feed *feed, const struct report_list *reports)
{
    bool all = true;
    for (size_t i = 0; i < reports->n; i++) {
        struct why why = {0};
        struct taken taken = {0};
        uint32_t lot = lot_of(p, feed, &reports->v[i], &why);
        struct update *u = lot == REGISTRY_NONE ? NULL : calloc(1, sizeof *u);
        all = all && (u || lot == REGISTRY_NONE);
        if (!u)
            continue;
        int err = take_one(p, lot, &reports->v[i], u, &taken, &why);
        if (err)
            log_warn(PIPELINE, "feed=%s lot=%s refused=%s at=%s reason=\"%s\"", feed->id,
                     registry_lot(p->reg, lot)->lot.id, err_name(err), why.at, why.text);
        all = all && !err;
        if (err || taken.told)
            free(u);
    }
    return all;
}

static struct ingest *ingest_new(struct pipeline *p, const struct report_list *reports, ingest_done_fn *done,
                                 void *ctx)
{
    struct ingest *in = calloc(1, sizeof *in);
    size_t n = reports->n;
    if (!in || !(in->reports = calloc(n + 1, sizeof *in->reports)) ||
        !(in->results = calloc(n + 1, sizeof *in->results)) ||
        !(in->answer = timer_new(p->loop, on_answer, in)))
        goto fail;
    if (n)
        memcpy(in->reports, reports->v, n * sizeof *in->reports);
    in->n = n;
    in->open = n + 1; /* one for the caller, so that the answer waits for the loop below */
    in->done = done;
    in->ctx = ctx;
    return in;
fail:
    if (in)
        ingest_free(in);
    return NULL;
}

static void ingest_one(struct pipeline *p, const struct feed *feed, struct ingest *in, size_t i)
{
    struct ingest_result *res = &in->results[i];
    struct taken taken = {0};
    res->lot = in->reports[i].lot;
    uint32_t lot = lot_of(p, feed, &in->reports[i], &res->why);
    struct update *u = calloc(1, sizeof *u);
    if (lot == REGISTRY_NONE || !u) {
        free(u);
        ingest_result(in, i, lot == REGISTRY_NONE ? INGEST_REJECTED : INGEST_AWAY, 0);
        return;
    }
    *u = (struct update){.ingest = in, .index = i};
    int err = take_one(p, lot, &in->reports[i], u, &taken, &res->why);
    if (!err && !taken.told)
        return;
    free(u);
    if (taken.told)
        ingest_result(in, i, store_up(p->store) ? taken.code : INGEST_AWAY,
                      registry_lot(p->reg, lot)->reading.seq);
    else
        ingest_result(in, i, err == ERR_FULL || err == ERR_NOMEM ? INGEST_AWAY : INGEST_REJECTED, 0);
}

int pipeline_ingest(struct pipeline *p, const struct feed *feed, const struct report_list *reports,
                    ingest_done_fn *done, void *ctx)
{
    struct ingest *in = ingest_new(p, reports, done, ctx);
    if (!in)
        return ERR_NOMEM;
    for (size_t i = 0; i < in->n; i++)
        ingest_one(p, feed, in, i);
    if (--in->open == 0)
        timer_arm(in->answer, 0);
    return 0;
}

int pipeline_restate(struct pipeline *p, uint32_t lot, uint32_t flags)
{
    struct norm_result n = {.op = NORM_SET};
    struct flight *f = flight_of(p, lot);
    if (!f)
        return ERR_NOMEM;
    const struct reading *held = held_of(p, f);
    int err = norm_restate(&registry_lot(p->reg, lot)->lot, held, flags, clock_wall_ms(p->clock), &n.reading);
    if (err || reading_same(held, &n.reading))
        return err;
    struct update *u = calloc(1, sizeof *u);
    if (!u)
        return ERR_NOMEM;
    u->flight = f;
    err = submit(p, f, &n, u);
    if (err)
        free(u);
    return err;
}

/* Is the lot's number past its limit, or taken back, while nobody has said so yet? */
static bool must_expire(const struct pipeline *p, const struct registry_lot *l, int64_t now)
{
    int64_t until = freshness_valid_until(&l->reading, l->interval_ms);
    struct flight *f = NULL;
    HASH_FIND(hh, p->flights, &l->idx, sizeof l->idx, f);
    bool over = (until && now > until) || lot_stage_is_withdrawn(l->lot.stage);
    return !l->removed && l->reading.seq && !l->reading.expired && over && !(f && f->pending) &&
           store_lease_poll(p->store, view_of(l->lot.id));
}

static void on_look(void *ctx)
{
    struct pipeline *p = ctx;
    int64_t now = clock_wall_ms(p->clock);
    /* Only Redis numbers an "unknown"; until it is back, readers judge by age. */
    for (uint32_t i = 0; store_up(p->store) && i < registry_size(p->reg); i++) {
        const struct registry_lot *l = registry_lot(p->reg, i);
        struct reading gone;
        if (!must_expire(p, l, now))
            continue;
        norm_expire(&l->reading, now, &gone);
        if (store_expire(p->store, i, &l->reading, &gone) == 0)
            log_info(PIPELINE, "lot=%s became=unknown last_observed_s=%lld", l->lot.id,
                     (long long)((now - l->reading.observed_ms) / 1000));
    }
    timer_arm(p->expiry, EXPIRY_LOOK_MS);
}

struct pipeline *pipeline_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                              struct store *st)
{
    struct pipeline *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct pipeline){.clock = clock, .reg = reg, .store = st, .loop = loop};
    if (!(p->expiry = timer_new(loop, on_look, p))) {
        free(p);
        return NULL;
    }
    return p;
}

void pipeline_start(struct pipeline *p)
{
    timer_arm(p->expiry, EXPIRY_LOOK_MS);
}

void pipeline_stop(struct pipeline *p)
{
    timer_cancel(p->expiry);
}

void pipeline_free(struct pipeline *p)
{
    struct flight *f, *next;
    if (!p)
        return;
    HASH_ITER(hh, p->flights, f, next)
    {
        HASH_DEL(p->flights, f);
        free(f);
    }
    timer_free(p->expiry);
    free(p);
}
