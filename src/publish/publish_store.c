/* SPDX-License-Identifier: MIT
 * What a sink acknowledged, and its quarantine: loaded before the first batch, saved after each answer.
 *
 * Memory counts as acknowledged at once; the store follows. What could not be saved is saved with the next
 * lot, and what is lost by a crash is sent once more: the same bytes under the same seq.
 */
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "publish/publish_impl.h"

#define MAX_UNSAVED 65536 /* beyond that, forgetting (and sending again) is cheaper than remembering */

static int64_t mono(const struct publish_sink *s)
{
    return clock_mono_ms(s->p->clock);
}

static struct publish_op *op_new(struct publish_sink *s)
{
    struct publish_op *op = calloc(1, sizeof *op);
    if (op)
        op->sink = s;
    return op;
}

static void op_free(struct publish_op *op)
{
    if (op)
        free(op->acks.v);
    free(op);
}

static void apply_acks(struct publish_sink *s, const struct publish_acks *acks)
{
    for (size_t i = 0; i < acks->n; i++)
        publish_plan_acked(s->plan, acks->v[i].lot, acks->v[i].seq);
}

static void on_loaded(void *ctx, int err, uint64_t version)
{
    struct publish_op *op = ctx;
    struct publish_sink *s = op->sink;
    (void)version;
    op_free(op);
    if (!s)
        return;
    s->load = NULL;
    if (err) {
        s->load_after_ms = mono(s) + PUBLISH_LOOK_MS;
        sink_wake(s, PUBLISH_LOOK_MS);
        return;
    }
    /* What the store has not heard yet is acknowledged all the same. */
    apply_acks(s, &s->unsaved);
    if (s->save)
        apply_acks(s, &s->save->acks);
    publish_plan_loaded(s->plan, mono(s));
    if (s->resume_loaded)
        publish_plan_resume(s->plan, mono(s));
    s->resume_loaded = false;
    s->phase = SINK_READY;
    s->beat_from = 0;
    s->next_beat_ms = mono(s) + s->conf.heartbeat_ms;
    sink_wake(s, 0);
}

void sink_load(struct publish_sink *s, int64_t now)
{
    const struct publish_port *port = &s->p->port;
    if (s->load)
        return;
    if (now < s->load_after_ms || !port->store_up(port->ctx)) {
        sink_wake(s, PUBLISH_LOOK_MS / 10);
        return;
    }
    struct publish_op *op = op_new(s);
    publish_plan_forget(s->plan);
    s->load = op;
    int err = op ? port->load(port->ctx, s->conf.id, on_loaded, op) : ERR_NOMEM;
    if (!err)
        return;
    s->load = NULL;
    op_free(op);
    s->load_after_ms = now + PUBLISH_LOOK_MS;
    sink_wake(s, PUBLISH_LOOK_MS);
}

void sink_ack(struct publish_sink *s, struct publish_item item)
{
    struct publish_acks *a = &s->unsaved;
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 64;
        struct publish_item *v = cap > MAX_UNSAVED ? NULL : realloc(a->v, cap * sizeof *v);
        if (!v)
            return;
        a->v = v;
        a->cap = cap;
    }
    a->v[a->n++] = item;
}

static void on_saved(void *ctx, int err, uint64_t version)
{
    struct publish_op *op = ctx;
    struct publish_sink *s = op->sink;
    (void)version;
    if (s) {
        s->save = NULL;
        for (size_t i = 0; err && i < op->acks.n; i++)
            sink_ack(s, op->acks.v[i]);
        if (err)
            s->save_after_ms = mono(s) + PUBLISH_LOOK_MS;
        sink_save(s, mono(s));
        publisher_check_quiet(s->p);
    }
    op_free(op);
}

static int save(struct publish_sink *s, struct publish_op *op)
{
    const struct publish_port *port = &s->p->port;
    struct publish_ack *acks = calloc(op->acks.n, sizeof *acks);
    if (!acks)
        return ERR_NOMEM;
    for (size_t i = 0; i < op->acks.n; i++) {
        const struct registry_lot *l = registry_lot(s->p->reg, op->acks.v[i].lot);
        acks[i] = (struct publish_ack){l->lot.id, op->acks.v[i].seq};
    }
    int err = port->save_acked(port->ctx, s->conf.id, acks, op->acks.n, on_saved, op);
    free(acks);
    return err;
}

void sink_save(struct publish_sink *s, int64_t now)
{
    if (s->save || !s->unsaved.n)
        return;
    struct publish_op *op = now < s->save_after_ms ? NULL : op_new(s);
    if (!op) {
        sink_wake(s, PUBLISH_LOOK_MS);
        return;
    }
    op->acks = s->unsaved;
    s->unsaved = (struct publish_acks){0};
    s->save = op;
    if (save(s, op) == 0)
        return;
    s->save = NULL;
    s->unsaved = op->acks;
    op->acks = (struct publish_acks){0};
    op_free(op);
    s->save_after_ms = now + PUBLISH_LOOK_MS;
    sink_wake(s, PUBLISH_LOOK_MS);
}

void sink_save_hold(struct publish_sink *s, uint32_t lot, const struct publish_hold *h)
{
    const struct publish_port *port = &s->p->port;
    const char *id = registry_lot(s->p->reg, lot)->lot.id;
    struct publish_hold wall;
    if (h) {
        wall = *h;
        wall.retry_ms = clock_wall_ms(s->p->clock) + clock_wall_span(s->p->clock, h->retry_ms - mono(s));
    }
    /* Not saved is not lost: after a restart the lot is refused alone once more. */
    if (port->save_held(port->ctx, s->conf.id, id, h ? &wall : NULL))
        log_warn(SINK, "sink=%s lot=%s quarantine=unsaved", s->conf.id, id);
}

void sink_detach_load(struct publish_sink *s)
{
    if (s->load)
        s->load->sink = NULL;
    s->load = NULL;
}

void sink_detach(struct publish_sink *s)
{
    sink_detach_load(s);
    if (s->save)
        s->save->sink = NULL;
    s->save = NULL;
}
