/* SPDX-License-Identifier: MIT
 * The statement of a day: what passed the gates of each lot. One day at a time, the oldest first: its cars
 * are read once, so that every attempt says the same; then the plan of days hands the lots out as it does
 * states. It ends when all have been told, when its time is over, or when what is left was refused and the
 * next day waits.
 */
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "publish/publish_impl.h"

static struct publish_plan *plan_of(const struct publish_sink *s)
{
    return s->lines[PUBLISH_DAYS].plan;
}

static int64_t wall(const struct publish_sink *s)
{
    return clock_wall_ms(s->p->clock);
}

void sink_day_meet(struct publish_sink *s, uint32_t lot)
{
    if (!s->tells_days || s->phase != SINK_READY || publish_plan_known(plan_of(s), lot))
        return;
    struct publish_item item = {lot, publish_date_before(wall(s), 1)};
    publish_plan_acked(plan_of(s), lot, item.seq);
    sink_ack(s, PUBLISH_DAYS, item);
}

void sink_day_acked(struct publish_sink *s, struct publish_item item, bool unbalanced)
{
    struct publish_known *k = sink_known(s, item.lot);
    uint32_t date = (uint32_t)item.seq;
    if (!k)
        return;
    k->unbalanced = unbalanced ? date : 0;
    if (k->missed == date)
        k->missed = 0;
    if (unbalanced)
        log_warn(SINK, "sink=%s lot=%s day=%u unbalanced=1", s->conf.id,
                 registry_lot(s->p->reg, item.lot)->lot.id, date);
}

void sink_day_forget(struct publish_sink *s)
{
    if (s->day.read)
        s->day.read->sink = NULL;
    s->day = (struct publish_day){0};
    for (uint32_t i = 0; i < s->n_known; i++) {
        s->known[i].in = s->known[i].out = COUNT_NONE;
        (void)publish_plan_drop(plan_of(s), i);
    }
}

/* ---- the cars */

static void on_cars(void *ctx, struct view lot, bool out, int32_t n)
{
    struct publish_op *op = ctx;
    uint32_t idx = op->sink ? registry_find(op->sink->p->reg, lot) : REGISTRY_NONE;
    struct publish_known *k = idx == REGISTRY_NONE ? NULL : sink_known(op->sink, idx);
    if (k)
        *(out ? &k->out : &k->in) = n;
}

/* Cars are known, and the platform knows the lot. */
static bool is_ours(const struct publish_sink *s, uint32_t lot)
{
    const struct registry_lot *l = registry_lot(s->p->reg, lot);
    return !l->removed && l->lot.stage == STAGE_CONNECTED && s->known[lot].in != COUNT_NONE &&
           (!s->files || sink_filed(s, lot));
}

static void on_read(void *ctx, int err, uint64_t version)
{
    struct publish_op *op = ctx;
    struct publish_sink *s = op->sink;
    (void)version;
    publish_op_free(op);
    if (!s)
        return;
    int64_t now = clock_mono_ms(s->p->clock);
    s->day.read = NULL;
    s->day.ready = !err;
    s->day.read_after_ms = now + PUBLISH_LOOK_MS;
    for (uint32_t i = 0; !err && i < s->n_known; i++) {
        if (is_ours(s, i) && publish_plan_mark(plan_of(s), i, s->day.date, now))
            sink_fault(s, "out of memory");
    }
    sink_wake(s, err ? PUBLISH_LOOK_MS : 0);
}

static void read_cars(struct publish_sink *s, int64_t now)
{
    const struct publish_port *port = &s->p->port;
    if (now < s->day.read_after_ms || !port->store_up(port->ctx))
        return;
    struct publish_op *op = publish_op_new(s, PUBLISH_DAYS);
    for (uint32_t i = 0; i < s->n_known; i++)
        s->known[i].in = s->known[i].out = COUNT_NONE;
    s->day.read = op;
    if (op && port->load_cars(port->ctx, s->day.date, on_cars, on_read, op) == 0)
        return;
    s->day.read = NULL;
    s->day.read_after_ms = now + PUBLISH_LOOK_MS;
    publish_op_free(op);
}

/* ---- beginning and end */

static void end(struct publish_sink *s)
{
    size_t missed = 0;
    uint32_t date = s->day.date;
    for (uint32_t i = 0; i < s->n_known; i++) {
        bool told = !s->day.ready || !is_ours(s, i) || publish_plan_known(plan_of(s), i) >= date;
        s->known[i].missed = told ? s->known[i].missed : date;
        missed += !told;
    }
    if (missed || !s->day.ready)
        log_error(SINK, "sink=%s day=%u missed=%zu reason=\"%s\"", s->conf.id, date, missed,
                  s->stats.last_error);
    sink_day_forget(s);
    s->day.done = date;
}

/* What is left was refused, and another day waits for its turn? */
static bool is_in_the_way(const struct publish_sink *s, const struct publish_counts *c)
{
    return c->held == c->unacked && !c->flight && publish_date_due(wall(s), s->day.date);
}

static void look_for_end(struct publish_sink *s)
{
    struct publish_counts c = publish_plan_count(plan_of(s));
    if (wall(s) >= s->day.give_up_ms || (s->day.ready && ((!c.unacked && !c.flight) || is_in_the_way(s, &c))))
        end(s);
}

void sink_day(struct publish_sink *s, int64_t now)
{
    struct publish_day *d = &s->day;
    if (!s->tells_days)
        return;
    if (d->date)
        look_for_end(s);
    if (!d->date && (d->date = publish_date_due(wall(s), d->done)) != 0)
        d->give_up_ms = publish_date_give_up(d->date, wall(s));
    if (d->date && !d->ready && !d->read)
        read_cars(s, now);
}
