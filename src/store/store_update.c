/* SPDX-License-Identifier: MIT
 * The waiting room. Absolute values merge: of several that wait for one lot only the newest is written, with
 * the minutes of all. A set also replaces beats and hints before it, because it is the truth they were
 * guessing at; an expiry waits only while nothing else does. So what waits is bounded by lots, however long
 * Redis is away.
 */
#include "store/store_update.h"

#include <stdlib.h>
#include <string.h>

#include "parkd/base/counters.h"
#include "parkd/net/timer.h"

#define UPDATES_MAX 400000

static void on_flush(void *ctx)
{
    updates_kick(ctx);
}

struct updates *updates_new(struct store *st)
{
    struct updates *u = calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->st = st;
    if (!(u->flush = timer_new(st->loop, on_flush, u))) {
        updates_free(u);
        return NULL;
    }
    return u;
}

static void finish_list(struct updates *u, struct update *list)
{
    const struct store_outcome away = {.code = STORE_AWAY};
    while (list) {
        struct update *next = list->next;
        update_finish(u, list, &away);
        list = next;
    }
}

void updates_abort(struct updates *u)
{
    for (size_t i = 0; i < u->n_slots; i++) {
        struct slot *s = u->slots[i];
        if (!s)
            continue;
        struct update *flying = s->flying, *head = s->head;
        s->flying = s->head = NULL;
        s->tail = &s->head;
        s->n = 0;
        finish_list(u, flying);
        finish_list(u, head);
    }
}

void updates_free(struct updates *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->n_slots; i++)
        free(u->slots[i]);
    timer_free(u->flush);
    free(u->slots);
    free(u->parts);
    free(u);
}

/* Called when nothing is in flight: at a load. The number changes only if somebody put another store in
 * Redis' place. */
int updates_partitions(struct updates *u, unsigned n)
{
    if (u->n_parts == n)
        return 0;
    struct part *parts = calloc(n, sizeof *parts);
    if (!parts)
        return ERR_NOMEM;
    for (unsigned i = 0; i < n; i++)
        parts[i].last = &parts[i].first;
    free(u->parts);
    u->parts = parts;
    u->n_parts = n;
    for (size_t i = 0; i < u->n_slots; i++) {
        if (!u->slots[i])
            continue;
        u->slots[i]->part = partition_of(view_of(registry_lot(u->st->reg, (uint32_t)i)->lot.id), n);
        u->slots[i]->queued = false;
        slot_queue(u, u->slots[i]);
    }
    return 0;
}

/* --- one update --- */

static struct update *update_new(enum update_op op, struct waiter *w)
{
    struct update *up = calloc(1, sizeof *up);
    if (!up)
        return NULL;
    up->op = op;
    up->first = w;
    up->last = w ? &w->next : &up->first;
    return up;
}

/* --- merging --- */

/* Does a set that comes later replace the one that waits? As the script would decide. */
static bool supersedes(const struct updates *u, const struct reading *later, const struct reading *waits)
{
    if (waits->observed_ms > clock_wall_ms(u->st->clock) + READING_AHEAD_MS)
        return true;
    if (later->source_seq && waits->source_seq && later->source_seq < waits->source_seq)
        return false;
    return later->observed_ms >= waits->observed_ms;
}

static void move_waiters(struct update *from, struct update *to, bool older)
{
    if (!from->first)
        return;
    for (struct waiter *w = from->first; older && w; w = w->next)
        w->older = true;
    *to->last = from->first;
    to->last = from->last;
    from->first = NULL;
    from->last = &from->first;
}

/* `up` takes the place of `gone`. While Redis is away nobody is made to wait for what will not be written any
 * more. */
static void replace(struct updates *u, struct update *gone, struct update *up)
{
    if (!store_up(u->st)) {
        for (struct waiter *w = gone->first, *next; w; w = next) {
            next = w->next;
            w->outcome = (struct store_outcome){.code = STORE_AWAY};
            store_later(u->st, w);
        }
        gone->first = NULL;
    }
    move_waiters(gone, up, false);
    /* Earlier minutes first, so that the newest value of a minute stays. */
    struct sample *own = up->samples;
    size_t n = up->n_samples;
    up->samples = gone->op == UPDATE_SET ? gone->samples : NULL;
    up->n_samples = gone->op == UPDATE_SET ? gone->n_samples : 0;
    if (gone->op == UPDATE_SET)
        gone->samples = NULL;
    for (size_t i = 0; i < n; i++)
        update_sample(up, own[i].at_ms, own[i].free);
    free(own);
    if (gone->known > up->known)
        up->known = gone->known;
    counter_add(C_UPDATE_MERGED, 1);
    update_free(u, gone);
}

static void push(struct updates *u, struct slot *s, struct update *up)
{
    up->next = NULL;
    *s->tail = up;
    s->tail = &up->next;
    s->n++;
    slot_queue(u, s);
}

/* Empties the slot into `up`; an older set stays and takes up's waiters instead. */
static void append_set(struct updates *u, struct slot *s, struct update *up)
{
    struct update *list = s->head;
    s->head = NULL;
    s->tail = &s->head;
    s->n = 0;
    while (list) {
        struct update *q = list;
        list = q->next;
        if (up && q->op == UPDATE_SET && !supersedes(u, &up->r, &q->r)) {
            move_waiters(up, q, true);
            update_free(u, up);
            up = NULL;
        }
        if (up)
            replace(u, q, up);
        else
            push(u, s, q);
    }
    if (up)
        push(u, s, up);
}

static struct update *last_of(const struct slot *s)
{
    struct update *up = s->head;
    while (up && up->next)
        up = up->next;
    return up;
}

static void append_beat(struct updates *u, struct slot *s, struct update *up)
{
    struct update *last = last_of(s);
    if (!last || last->op != UPDATE_BEAT) {
        push(u, s, up);
        return;
    }
    if (up->at_ms > last->at_ms)
        last->at_ms = up->at_ms;
    update_sample(last, up->at_ms, SAMPLE_HELD);
    move_waiters(up, last, false);
    update_free(u, up);
}

static void append(struct updates *u, struct slot *s, struct update *up)
{
    if (up->op == UPDATE_SET)
        append_set(u, s, up);
    else if (up->op == UPDATE_BEAT)
        append_beat(u, s, up);
    else
        push(u, s, up);
}

void slot_requeue(struct updates *u, struct slot *s)
{
    struct update *came = s->head, *flew = s->flying;
    s->flying = NULL;
    s->head = NULL;
    s->tail = &s->head;
    s->n = 0;
    for (struct update *next; flew; flew = next) {
        next = flew->next;
        push(u, s, flew);
    }
    for (struct update *next; came; came = next) {
        next = came->next;
        append(u, s, came);
    }
}

/* --- slots --- */

static struct slot *slot_of(struct updates *u, uint32_t lot)
{
    if (lot >= u->n_slots) {
        size_t n = registry_size(u->st->reg);
        struct slot **slots = realloc(u->slots, n * sizeof *slots);
        if (!slots)
            return NULL;
        memset(slots + u->n_slots, 0, (n - u->n_slots) * sizeof *slots);
        u->slots = slots;
        u->n_slots = n;
    }
    if (u->slots[lot])
        return u->slots[lot];
    struct slot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->lot = lot;
    s->tail = &s->head;
    s->part = partition_of(view_of(registry_lot(u->st->reg, lot)->lot.id), u->n_parts);
    return u->slots[lot] = s;
}

void slot_queue(struct updates *u, struct slot *s)
{
    struct part *p = &u->parts[s->part];
    if (s->queued || s->flying || !s->head)
        return;
    s->queued = true;
    s->next = NULL;
    *p->last = s;
    p->last = &s->next;
    if (!timer_armed(u->flush))
        timer_arm(u->flush, 0);
}

/* Checks, makes room, and hands out a new update with its waiter. Who must have an acknowledgement while
 * there is none to be had is told at once; the value waits all the same. */
static int start(struct store *st, uint32_t lot, enum update_op op, struct waiter *w, struct update **out)
{
    struct updates *u = st->updates;
    if (lot >= registry_size(st->reg) || registry_lot(st->reg, lot)->removed || !u->n_parts)
        return ERR_NOT_FOUND;
    if (st->stopping)
        return ERR_STATE;
    struct slot *s = slot_of(u, lot);
    struct update *up = s ? update_new(op, NULL) : NULL;
    if (!up)
        return ERR_NOMEM;
    /* A set empties the slot, so it always finds room there. */
    if ((op != UPDATE_SET && s->n >= SLOT_MAX) || u->n_updates >= UPDATES_MAX) {
        free(up);
        return ERR_FULL;
    }
    u->n_updates++;
    *out = up;
    if (w && (w->flags & STORE_MUST_ACK) && !store_up(st)) {
        w->outcome.code = STORE_AWAY;
        store_later(st, w);
        *out = updates_drop_told(u, up);
    } else if (w) {
        up->first = w;
        up->last = &w->next;
    }
    return 0;
}

static int start_with(struct store *st, uint32_t lot, enum update_op op, struct waiter *w,
                      struct update **out)
{
    int rc = w ? start(st, lot, op, w, out) : ERR_NOMEM;
    if (rc)
        free(w);
    return rc;
}

int store_set(struct store *st, uint32_t lot, const struct reading *r, unsigned flags, store_update_fn *done,
              void *ctx)
{
    struct update *up = NULL;
    int rc = start_with(st, lot, UPDATE_SET, waiter_of_update(done, ctx, flags), &up);
    if (rc)
        return rc;
    up->r = *r;
    if (r->free != COUNT_NONE && !r->expired)
        update_sample(up, r->observed_ms, r->free);
    append(st->updates, st->updates->slots[lot], up);
    return 0;
}

int store_beat(struct store *st, uint32_t lot, int64_t observed_ms, unsigned flags, store_update_fn *done,
               void *ctx)
{
    struct update *up = NULL;
    int rc = start_with(st, lot, UPDATE_BEAT, waiter_of_update(done, ctx, flags), &up);
    if (rc)
        return rc;
    up->at_ms = observed_ms;
    update_sample(up, observed_ms, SAMPLE_HELD);
    append(st->updates, st->updates->slots[lot], up);
    return 0;
}

int store_hint(struct store *st, uint32_t lot, int32_t in, int32_t out, int64_t at_ms, unsigned flags,
               store_update_fn *done, void *ctx)
{
    struct update *up = NULL;
    int rc = start_with(st, lot, UPDATE_HINT, waiter_of_update(done, ctx, flags), &up);
    if (rc || !up)
        return rc;
    up->in = in;
    up->out = out;
    up->at_ms = at_ms;
    append(st->updates, st->updates->slots[lot], up);
    return 0;
}

int store_expire(struct store *st, uint32_t lot, const struct reading *seen, const struct reading *expired)
{
    struct update *up = NULL;
    if (store_lot_waits(st, lot))
        return 0; /* something newer is on its way, or this was asked before */
    int rc = start(st, lot, UPDATE_EXPIRE, NULL, &up);
    if (rc)
        return rc;
    up->r = *expired;
    up->want_seq = seen->seq;
    up->want_obs = seen->observed_ms;
    append(st->updates, st->updates->slots[lot], up);
    return 0;
}

bool store_lot_waits(const struct store *st, uint32_t lot)
{
    const struct slot *s = lot < st->updates->n_slots ? st->updates->slots[lot] : NULL;
    return s && (s->head || s->flying);
}

int updates_resubmit(struct updates *u, uint32_t lot, const struct reading *r)
{
    struct update *up = NULL;
    int rc = start(u->st, lot, UPDATE_SET, NULL, &up);
    if (rc)
        return rc;
    up->r = *r;
    up->known = r->seq;
    struct slot *s = u->slots[lot];
    /* Before what came later: the same way that a lost call is repeated. */
    if (s->flying) {
        append(u, s, up);
        return 0;
    }
    s->flying = up;
    slot_requeue(u, s);
    return 0;
}

/* --- all of them --- */

void updates_kick(struct updates *u)
{
    for (unsigned i = 0; i < u->n_parts; i++)
        batch_send(u, i);
}

void updates_away(struct updates *u)
{
    for (size_t i = 0; i < u->n_slots; i++) {
        struct slot *s = u->slots[i];
        struct update *list = s ? s->head : NULL;
        if (!list)
            continue;
        for (struct update *up = list; up; up = up->next)
            update_tell_acks(u->st, up, STORE_AWAY);
        s->head = NULL;
        s->tail = &s->head;
        s->n = 0;
        list = updates_drop_told(u, list);
        for (struct update *next; list; list = next) {
            next = list->next;
            push(u, s, list);
        }
    }
}

bool updates_idle(const struct updates *u)
{
    return u->n_updates == 0;
}

void updates_count(const struct updates *u, size_t *lots, size_t *samples)
{
    *lots = *samples = 0;
    for (size_t i = 0; i < u->n_slots; i++) {
        const struct slot *s = u->slots[i];
        if (!s || !s->head)
            continue;
        ++*lots;
        for (const struct update *up = s->head; up; up = up->next)
            *samples += up->n_samples;
    }
}
