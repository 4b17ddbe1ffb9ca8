/* SPDX-License-Identifier: MIT
 * What a sink acknowledged (states, registrations with their codes, days), and its quarantine: loaded before
 * the first batch, saved after each answer.
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

struct publish_op *publish_op_new(struct publish_sink *s, enum publish_what what)
{
    struct publish_op *op = calloc(1, sizeof *op);
    if (op) {
        op->sink = s;
        op->what = what;
    }
    return op;
}

void publish_op_free(struct publish_op *op)
{
    if (op)
        free(op->acks.v);
    free(op);
}

static void apply_acks(struct publish_plan *plan, const struct publish_acks *acks)
{
    for (size_t i = 0; i < acks->n; i++)
        publish_plan_acked(plan, acks->v[i].lot, acks->v[i].seq);
}

/* What the store has not heard yet is acknowledged all the same. */
static void line_loaded(struct publish_line *line)
{
    apply_acks(line->plan, &line->unsaved);
    if (line->save)
        apply_acks(line->plan, &line->save->acks);
}

static void loaded(struct publish_sink *s)
{
    int64_t now = mono(s);
    for (int i = 0; i < PUBLISH_WHATS; i++)
        line_loaded(&s->lines[i]);
    sink_gate_all(s);
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        publish_plan_loaded(s->lines[i].plan, now);
        if (s->resume_loaded)
            publish_plan_resume(s->lines[i].plan, now);
    }
    s->resume_loaded = false;
    s->phase = SINK_READY;
    for (uint32_t i = 0; i < registry_size(s->p->reg); i++) {
        const struct registry_lot *l = registry_lot(s->p->reg, i);
        if (!l->removed && l->lot.stage == STAGE_CONNECTED)
            sink_day_meet(s, i);
        else if (!l->removed)
            sink_farewell(s, l);
    }
}

static void on_loaded(void *ctx, int err, uint64_t version)
{
    struct publish_op *op = ctx;
    struct publish_sink *s = op->sink;
    (void)version;
    publish_op_free(op);
    if (!s)
        return;
    s->load = NULL;
    if (err) {
        s->load_after_ms = mono(s) + PUBLISH_LOOK_MS;
        sink_wake(s, PUBLISH_LOOK_MS);
        return;
    }
    loaded(s);
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
    struct publish_op *op = publish_op_new(s, PUBLISH_STATES);
    for (int i = 0; i < PUBLISH_WHATS; i++)
        publish_plan_forget(s->lines[i].plan);
    sink_day_forget(s);
    s->load = op;
    int err = op ? port->load(port->ctx, s->conf.id, on_loaded, op) : ERR_NOMEM;
    if (!err)
        return;
    s->load = NULL;
    publish_op_free(op);
    s->load_after_ms = now + PUBLISH_LOOK_MS;
    sink_wake(s, PUBLISH_LOOK_MS);
}

void sink_ack(struct publish_sink *s, enum publish_what what, struct publish_item item)
{
    struct publish_acks *a = &s->lines[what].unsaved;
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
        s->lines[op->what].save = NULL;
        for (size_t i = 0; err && i < op->acks.n; i++)
            sink_ack(s, op->what, op->acks.v[i]);
        if (err)
            s->lines[op->what].save_after_ms = mono(s) + PUBLISH_LOOK_MS;
        sink_save(s, mono(s));
        publisher_check_quiet(s->p);
    }
    publish_op_free(op);
}

static const char *text_of(const struct publish_sink *s, enum publish_what what, struct publish_item item)
{
    const struct publish_known *k = item.lot < s->n_known ? &s->known[item.lot] : NULL;
    if (what == PUBLISH_FILINGS && k && k->code)
        return k->code;
    return what == PUBLISH_DAYS && k && k->unbalanced == item.seq ? "unbalanced" : "";
}

static int save(struct publish_sink *s, struct publish_op *op)
{
    const struct publish_port *port = &s->p->port;
    struct publish_ack *acks = calloc(op->acks.n, sizeof *acks);
    size_t n = 0;
    if (!acks)
        return ERR_NOMEM;
    for (size_t i = 0; i < op->acks.n; i++) {
        const struct publish_item *item = &op->acks.v[i];
        const struct registry_lot *l = registry_lot(s->p->reg, item->lot);
        if (!l->removed) /* or what went with the lot would come back */
            acks[n++] = (struct publish_ack){l->lot.id, item->seq, text_of(s, op->what, *item)};
    }
    int err = port->save(port->ctx, s->conf.id, op->what, acks, n, on_saved, op);
    free(acks);
    return err;
}

static void save_line(struct publish_sink *s, enum publish_what what, int64_t now)
{
    struct publish_line *line = &s->lines[what];
    if (line->save || !line->unsaved.n)
        return;
    struct publish_op *op = now < line->save_after_ms ? NULL : publish_op_new(s, what);
    if (!op) {
        sink_wake(s, PUBLISH_LOOK_MS);
        return;
    }
    op->acks = line->unsaved;
    line->unsaved = (struct publish_acks){0};
    line->save = op;
    if (save(s, op) == 0)
        return;
    line->save = NULL;
    line->unsaved = op->acks;
    op->acks = (struct publish_acks){0};
    publish_op_free(op);
    line->save_after_ms = now + PUBLISH_LOOK_MS;
    sink_wake(s, PUBLISH_LOOK_MS);
}

void sink_save(struct publish_sink *s, int64_t now)
{
    for (int i = 0; i < PUBLISH_WHATS; i++)
        save_line(s, (enum publish_what)i, now);
}

bool sink_unsaved(const struct publish_sink *s, bool up)
{
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        if (s->lines[i].save || (up && s->lines[i].unsaved.n))
            return true;
    }
    return false;
}

void sink_save_hold(struct publish_sink *s, enum publish_what what, uint32_t lot,
                    const struct publish_hold *h)
{
    const struct publish_port *port = &s->p->port;
    const char *id = registry_lot(s->p->reg, lot)->lot.id;
    struct publish_hold wall;
    if (what == PUBLISH_DAYS)
        return; /* it lasts until six in the morning at most */
    if (h) {
        wall = *h;
        wall.retry_ms = clock_wall_ms(s->p->clock) + clock_wall_span(s->p->clock, h->retry_ms - mono(s));
    }
    /* Not saved is not lost: after a restart the lot is refused alone once more. */
    if (port->save_held(port->ctx, s->conf.id, what, id, h ? &wall : NULL))
        log_warn(SINK, "sink=%s lot=%s what=%s quarantine=unsaved", s->conf.id, id, publish_what_name(what));
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
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        if (s->lines[i].save)
            s->lines[i].save->sink = NULL;
        s->lines[i].save = NULL;
    }
    if (s->day.read)
        s->day.read->sink = NULL;
    s->day.read = NULL;
}
