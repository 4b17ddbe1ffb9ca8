/* SPDX-License-Identifier: MIT
 * The publish plan (see the header): an array of lots by their index in the registry, and two lists through
 * it.
 */
#include "publish/publish_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/net/backoff.h"

#define NIL           UINT32_MAX
#define FIRST_CAP     64
#define LOOK_AGAIN_MS 10000 /* a lot past its limit when its time came is looked at again */
#define SCAN_MS       1000  /* all lots are looked through for refreshes at most so often */

enum place { PLACE_NONE, PLACE_WANTED, PLACE_FLIGHT, PLACE_HELD };

struct plan_lot {
    enum place place;
    bool connected, refresh, barred;
    uint32_t prev, next;      /* of the list that the place says */
    uint32_t group;           /* 0: none */
    uint64_t seq, acked;      /* what is held here; what the sink acknowledged */
    uint64_t skipped;         /* refused, and somebody decided that up to here nothing is told any more */
    uint64_t sent;            /* in flight */
    int64_t since_ms;         /* when the newest unacknowledged state came; 0 nothing waits */
    int64_t delivered_ms;     /* last acknowledgement; when loading, the time of that */
    struct publish_hold hold; /* tries 0: none. retry_ms monotonic here */
};

struct plan_list {
    uint32_t head, tail;
    size_t n;
};

struct publish_plan {
    struct plan_lot *v;
    uint32_t n, cap;
    struct plan_list wanted, held;
    uint32_t last_group;
    size_t flight;
    int64_t refresh_scan_ms; /* when to look for refreshes next */
    bool blocked;            /* none of the wanted lots may be told about before something happens */
    bool held_was_last;      /* takes turns, so that neither side starves */
};

struct publish_plan *publish_plan_new(void)
{
    struct publish_plan *pp = calloc(1, sizeof *pp);
    if (pp)
        pp->wanted = pp->held = (struct plan_list){NIL, NIL, 0};
    return pp;
}

void publish_plan_free(struct publish_plan *pp)
{
    if (pp)
        free(pp->v);
    free(pp);
}

/* ---- places */

static struct plan_list *list_of(struct publish_plan *pp, enum place place)
{
    return place == PLACE_WANTED ? &pp->wanted : place == PLACE_HELD ? &pp->held : NULL;
}

static void leave(struct publish_plan *pp, uint32_t lot)
{
    struct plan_lot *l = &pp->v[lot];
    struct plan_list *list = list_of(pp, l->place);
    pp->flight -= l->place == PLACE_FLIGHT;
    l->place = PLACE_NONE;
    if (!list)
        return;
    *(l->prev == NIL ? &list->head : &pp->v[l->prev].next) = l->next;
    *(l->next == NIL ? &list->tail : &pp->v[l->next].prev) = l->prev;
    list->n--;
}

static void enter(struct publish_plan *pp, uint32_t lot, enum place place, bool front)
{
    struct plan_lot *l = &pp->v[lot];
    struct plan_list *list = list_of(pp, place);
    leave(pp, lot);
    l->place = place;
    pp->flight += place == PLACE_FLIGHT;
    if (!list)
        return;
    l->prev = front ? NIL : list->tail;
    l->next = front ? list->head : NIL;
    *(l->prev == NIL ? &list->head : &pp->v[l->prev].next) = lot;
    *(l->next == NIL ? &list->tail : &pp->v[l->next].prev) = lot;
    list->n++;
}

static bool owes(const struct plan_lot *l)
{
    return l->connected && l->seq > l->acked && l->seq > l->skipped;
}

static bool wants(const struct plan_lot *l)
{
    return owes(l) || (l->connected && l->refresh && l->seq > 0);
}

/* Puts a lot that is neither in flight nor held where it belongs. */
static void settle(struct publish_plan *pp, uint32_t lot, int64_t now, bool front)
{
    struct plan_lot *l = &pp->v[lot];
    if (l->place == PLACE_FLIGHT || l->place == PLACE_HELD)
        return;
    bool waits = wants(l);
    if (!waits)
        l->since_ms = 0;
    else if (!l->since_ms)
        l->since_ms = now;
    if (!waits || l->barred) {
        leave(pp, lot);
        l->group = 0;
        return;
    }
    if (l->place == PLACE_NONE)
        enter(pp, lot, PLACE_WANTED, front);
    pp->blocked = false;
}

static int make_room(struct publish_plan *pp, uint32_t lot)
{
    uint32_t cap = pp->cap ? pp->cap : FIRST_CAP;
    while (cap <= lot && cap < NIL / 2)
        cap *= 2;
    if (cap <= lot)
        return ERR_NOMEM;
    if (cap > pp->cap) {
        struct plan_lot *v = realloc(pp->v, cap * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        pp->v = v;
        pp->cap = cap;
    }
    for (; pp->n <= lot; pp->n++)
        pp->v[pp->n] = (struct plan_lot){.prev = NIL, .next = NIL};
    return 0;
}

/* ---- what the registry says */

int publish_plan_mark(struct publish_plan *pp, uint32_t lot, uint64_t seq, int64_t now)
{
    int err = make_room(pp, lot);
    if (err)
        return err;
    struct plan_lot *l = &pp->v[lot];
    bool moved = l->seq != seq, first = l->place == PLACE_FLIGHT && l->seq == l->sent;
    l->connected = true;
    l->seq = seq;
    if (moved && first)
        l->since_ms = now; /* what is in flight came earlier, but this waits from now on */
    settle(pp, lot, now, false);
    return 0;
}

static bool end_hold(struct plan_lot *l)
{
    bool was = l->hold.tries > 0;
    l->hold = (struct publish_hold){0};
    return was;
}

bool publish_plan_drop(struct publish_plan *pp, uint32_t lot)
{
    if (lot >= pp->n)
        return false;
    struct plan_lot *l = &pp->v[lot];
    l->connected = l->refresh = false;
    l->group = 0;
    if (l->place != PLACE_FLIGHT)
        leave(pp, lot);
    l->since_ms = 0;
    l->skipped = 0;
    return end_hold(l);
}

bool publish_plan_touch(struct publish_plan *pp, uint32_t lot)
{
    bool wanted = lot < pp->n && pp->v[lot].place == PLACE_WANTED;
    if (wanted)
        pp->blocked = false;
    return wanted;
}

void publish_plan_bar(struct publish_plan *pp, uint32_t lot, bool barred, int64_t now)
{
    if (make_room(pp, lot) || pp->v[lot].barred == barred)
        return;
    pp->v[lot].barred = barred;
    settle(pp, lot, now, false);
}

/* ---- what the store says */

void publish_plan_forget(struct publish_plan *pp)
{
    for (uint32_t i = 0; i < pp->n; i++) {
        struct plan_lot *l = &pp->v[i];
        l->acked = 0;
        l->refresh = false;
        l->group = 0;
        (void)end_hold(l);
        if (l->place == PLACE_HELD || l->place == PLACE_WANTED)
            leave(pp, i);
    }
}

void publish_plan_acked(struct publish_plan *pp, uint32_t lot, uint64_t seq)
{
    if (make_room(pp, lot) == 0 && seq > pp->v[lot].acked)
        pp->v[lot].acked = seq;
}

void publish_plan_unknow(struct publish_plan *pp, uint32_t lot)
{
    if (lot < pp->n)
        pp->v[lot].acked = 0;
}

uint64_t publish_plan_known(const struct publish_plan *pp, uint32_t lot)
{
    return lot < pp->n ? pp->v[lot].acked : 0;
}

void publish_plan_held(struct publish_plan *pp, uint32_t lot, const struct publish_hold *h)
{
    if (make_room(pp, lot) || !pp->v[lot].connected || h->tries < 1)
        return;
    pp->v[lot].hold = *h;
    if (pp->v[lot].place != PLACE_FLIGHT)
        enter(pp, lot, PLACE_HELD, false);
}

void publish_plan_loaded(struct publish_plan *pp, int64_t now)
{
    for (uint32_t i = 0; i < pp->n; i++) {
        pp->v[i].delivered_ms = now;
        settle(pp, i, now, false);
    }
    pp->refresh_scan_ms = now;
    pp->blocked = false;
}

/* ---- batches */

static int64_t wanted_due(const struct publish_plan *pp, const struct publish_rules *rules, int64_t now)
{
    if (!pp->wanted.n || pp->blocked)
        return PLAN_NEVER;
    const struct plan_lot *head = &pp->v[pp->wanted.head];
    return head->group || pp->wanted.n >= rules->batch ? now : head->since_ms + rules->collect_ms;
}

static int64_t held_due(const struct publish_plan *pp)
{
    int64_t due = PLAN_NEVER;
    for (uint32_t i = pp->held.head; i != NIL; i = pp->v[i].next)
        due = pp->v[i].hold.retry_ms < due ? pp->v[i].hold.retry_ms : due;
    return due;
}

int64_t publish_plan_due(const struct publish_plan *pp, const struct publish_rules *rules, int64_t now)
{
    int64_t due = wanted_due(pp, rules, now), held = held_due(pp);
    if (held < due)
        due = held;
    return rules->refresh_ms > 0 && pp->refresh_scan_ms < due ? pp->refresh_scan_ms : due;
}

/* Makes lots wanted whose last delivery is older than refresh_ms, and finds out when to look again. */
static void scan_refresh(struct publish_plan *pp, const struct publish_rules *rules, int64_t now,
                         publish_may_fn *may, void *ctx)
{
    int64_t next = now + rules->refresh_ms;
    for (uint32_t i = 0; i < pp->n; i++) {
        struct plan_lot *l = &pp->v[i];
        int64_t due = l->delivered_ms + rules->refresh_ms;
        if (!l->connected || !l->seq || l->seq <= l->skipped || l->place != PLACE_NONE)
            continue;
        if (due > now) {
            next = due < next ? due : next;
        } else if (may(ctx, i)) {
            l->refresh = true;
            settle(pp, i, now, false);
        } else if (now + LOOK_AGAIN_MS < next) {
            next = now + LOOK_AGAIN_MS;
        }
    }
    pp->refresh_scan_ms = next < now + SCAN_MS ? now + SCAN_MS : next;
}

static struct publish_item hand_out(struct publish_plan *pp, uint32_t lot)
{
    struct plan_lot *l = &pp->v[lot];
    enter(pp, lot, PLACE_FLIGHT, false);
    l->sent = l->seq;
    return (struct publish_item){lot, l->seq};
}

static size_t take_held(struct publish_plan *pp, int64_t now, publish_may_fn *may, void *ctx,
                        struct publish_item *out)
{
    for (uint32_t i = pp->held.head; i != NIL; i = pp->v[i].next) {
        if (pp->v[i].hold.retry_ms > now)
            continue;
        if (pp->v[i].seq && !pp->v[i].barred && may(ctx, i)) {
            *out = hand_out(pp, i);
            return 1;
        }
        pp->v[i].hold.retry_ms = now + LOOK_AGAIN_MS;
    }
    return 0;
}

static size_t take_wanted(struct publish_plan *pp, const struct publish_rules *rules, publish_may_fn *may,
                          void *ctx, struct publish_item *out)
{
    size_t n = 0;
    uint32_t next, group = 0;
    for (uint32_t i = pp->wanted.head; i != NIL && n < rules->batch; i = next) {
        struct plan_lot *l = &pp->v[i];
        next = l->next;
        if ((n && l->group != group) || !may(ctx, i))
            continue;
        group = l->group;
        out[n++] = hand_out(pp, i);
    }
    if (!n)
        pp->blocked = true;
    return n;
}

size_t publish_plan_next(struct publish_plan *pp, const struct publish_rules *rules, int64_t now,
                         publish_may_fn *may, void *ctx, struct publish_item *out)
{
    if (rules->refresh_ms > 0 && now >= pp->refresh_scan_ms)
        scan_refresh(pp, rules, now, may, ctx);
    bool wanted = wanted_due(pp, rules, now) <= now;
    if (held_due(pp) <= now && !(wanted && pp->held_was_last)) {
        pp->held_was_last = true;
        if (take_held(pp, now, may, ctx, out))
            return 1;
    }
    pp->held_was_last = false;
    return wanted ? take_wanted(pp, rules, may, ctx, out) : 0;
}

bool publish_plan_same(const struct publish_plan *pp, const struct publish_item *items, size_t n,
                       publish_may_fn *may, void *ctx)
{
    for (size_t i = 0; i < n; i++) {
        const struct plan_lot *l = &pp->v[items[i].lot];
        if (!l->connected || l->barred || l->seq != items[i].seq || !may(ctx, items[i].lot))
            return false;
    }
    return true;
}

/* ---- out of flight */

bool publish_plan_ack(struct publish_plan *pp, struct publish_item item, int64_t now)
{
    struct plan_lot *l = &pp->v[item.lot];
    bool held = end_hold(l);
    if (item.seq > l->acked)
        l->acked = item.seq;
    l->delivered_ms = now;
    l->refresh = false;
    l->group = 0;
    if (l->seq <= l->acked)
        l->since_ms = 0;
    leave(pp, item.lot);
    settle(pp, item.lot, now, false);
    return held;
}

/* To the front, last one first, so that they stand in their order again. */
void publish_plan_back(struct publish_plan *pp, const struct publish_item *items, size_t n, int64_t now)
{
    while (n-- > 0) {
        uint32_t lot = items[n].lot;
        struct plan_lot *l = &pp->v[lot];
        leave(pp, lot);
        if (l->hold.tries > 0) /* its time had come and has come still */
            enter(pp, lot, PLACE_HELD, true);
        else
            settle(pp, lot, now, true);
    }
}

static uint32_t new_group(struct publish_plan *pp)
{
    pp->last_group = pp->last_group == NIL ? 1 : pp->last_group + 1;
    return pp->last_group;
}

void publish_plan_split(struct publish_plan *pp, const struct publish_item *items, size_t n)
{
    size_t half = n / 2;
    uint32_t first = new_group(pp), second = new_group(pp);
    for (size_t i = 0; i < n; i++) {
        if (pp->v[items[i].lot].connected)
            pp->v[items[i].lot].group = i < half ? first : second;
    }
    publish_plan_back(pp, items, n, 0);
}

const struct publish_hold *publish_plan_refuse(struct publish_plan *pp, struct publish_item item,
                                               const char *code, int64_t now)
{
    struct plan_lot *l = &pp->v[item.lot];
    leave(pp, item.lot);
    if (!l->connected)
        return NULL;
    struct publish_hold *h = &l->hold;
    h->tries += h->tries < INT16_MAX;
    h->seq = item.seq;
    h->retry_ms = now + backoff_double(PLAN_HOLD_MS, PLAN_HOLD_CAP_MS, (unsigned)h->tries - 1);
    (void)snprintf(h->code, sizeof h->code, "%s", code);
    l->group = 0;
    l->refresh = false;
    enter(pp, item.lot, PLACE_HELD, false);
    return h;
}

void publish_plan_resume(struct publish_plan *pp, int64_t now)
{
    for (uint32_t i = 0; i < pp->n; i++) { /* also those in flight: they may come back held */
        if (pp->v[i].hold.tries > 0)
            pp->v[i].hold.retry_ms = now;
    }
    pp->blocked = false;
}

void publish_plan_hurry(struct publish_plan *pp, uint32_t lot, int64_t now)
{
    struct plan_lot *l = lot < pp->n ? &pp->v[lot] : NULL;
    if (l && l->place == PLACE_HELD && l->hold.seq < l->seq && l->hold.retry_ms > now)
        l->hold.retry_ms = now;
}

static int find_held(const struct publish_plan *pp, uint32_t lot)
{
    if (lot >= pp->n || pp->v[lot].hold.tries < 1)
        return ERR_NOT_FOUND;
    return pp->v[lot].place == PLACE_HELD ? 0 : ERR_BUSY;
}

int publish_plan_retry(struct publish_plan *pp, uint32_t lot, int64_t now)
{
    int err = find_held(pp, lot);
    if (!err)
        pp->v[lot].hold.retry_ms = now;
    return err;
}

int publish_plan_discard(struct publish_plan *pp, uint32_t lot, int64_t now)
{
    int err = find_held(pp, lot);
    if (err)
        return err;
    pp->v[lot].skipped = pp->v[lot].hold.seq;
    (void)end_hold(&pp->v[lot]);
    leave(pp, lot);
    settle(pp, lot, now, false);
    return 0;
}

/* ---- questions */

bool publish_plan_settled(const struct publish_plan *pp, uint32_t lot)
{
    if (lot >= pp->n)
        return false;
    const struct plan_lot *l = &pp->v[lot];
    return l->connected && !l->barred && l->seq && l->seq == l->acked && l->place != PLACE_FLIGHT &&
           l->place != PLACE_HELD;
}

struct publish_counts publish_plan_count(const struct publish_plan *pp)
{
    struct publish_counts c = {.held = pp->held.n, .flight = pp->flight, .oldest_ms = PLAN_NEVER};
    for (uint32_t i = 0; i < pp->n; i++) {
        const struct plan_lot *l = &pp->v[i];
        if (!owes(l))
            continue;
        c.unacked++;
        if (l->since_ms && l->since_ms < c.oldest_ms)
            c.oldest_ms = l->since_ms;
    }
    return c;
}

const struct publish_hold *publish_plan_each_held(const struct publish_plan *pp, uint32_t *i, uint32_t *lot)
{
    for (; *i < pp->n; (*i)++) {
        if (pp->v[*i].place == PLACE_HELD) {
            *lot = (*i)++;
            return &pp->v[*lot].hold;
        }
    }
    return NULL;
}
