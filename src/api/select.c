/* SPDX-License-Identifier: MIT
 * Filters, order, pages. What asks for a place goes by the index of places; the rest is a plain scan, and
 * answers that many ask for are cached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/select.h"

#define NEAR_FIRST_M 500.0 /* how far a near query without a radius looks first … */
#define NEAR_ALL_M   2.1e7 /* … and at last: half the earth */
#define UNKNOWN_LAST 1e9
#define FIRST_ROOM   32

/* One question while it is being answered. */
struct scan {
    const struct registry *reg;
    const struct lots_query *q;
    int64_t now_ms;
    struct point near;   /* of the question, in WGS-84 */
    double radius_m;     /* farther ones are left out; 0: none is */
    struct picked after; /* the cursor; lot NULL: from the start */
    struct selection *out;
    int err;
};

bool select_public(const struct registry_lot *l)
{
    return !l->removed && l->lot.stage != STAGE_RETIRED;
}

static bool current(const struct registry_lot *l, int64_t now_ms)
{
    return freshness_current(&l->reading, l->interval_ms, now_ms);
}

static bool place_of(const struct registry_lot *l, enum datum crs, struct point *out)
{
    if (l->lot.has_point)
        *out = geo_convert((struct point){l->lot.lng, l->lot.lat}, l->lot.datum, crs);
    return l->lot.has_point;
}

int select_open_now(const struct registry_lot *l, int64_t now_ms)
{
    enum lot_status said = current(l, now_ms) ? l->reading.status : STATUS_UNKNOWN;
    if (said == STATUS_CLOSED)
        return 0;
    if (l->lot.hours.known)
        return opening_at(&l->lot.hours, now_ms).entry;
    return said == STATUS_OPEN ? 1 : -1;
}

static bool place_fits(const struct registry_lot *l, const struct lots_query *q)
{
    struct point at;
    return !q->has_bbox || (place_of(l, q->crs, &at) && at.lng >= q->west && at.lng <= q->east &&
                            at.lat >= q->south && at.lat <= q->north);
}

static bool count_fits(const struct registry_lot *l, const struct scan *s)
{
    const struct lots_query *q = s->q;
    const struct reading *r = &l->reading;
    int32_t free = r->free;
    if (q->place_class >= 0) {
        const struct place_count *c = &r->classes[q->place_class];
        if (c->total <= 0 && c->free <= 0 && l->lot.class_total[q->place_class] <= 0)
            return false;
        free = c->free;
    }
    return !q->min_free || (current(l, s->now_ms) && free >= q->min_free);
}

static bool time_fits(const struct registry_lot *l, const struct scan *s)
{
    const struct lots_query *q = s->q;
    /* A seq is the store's time of the change, in ms; a source's own times may lie before it. */
    return (!q->changed_since_ms || (int64_t)l->reading.seq > q->changed_since_ms - SELECT_OVERLAP_MS) &&
           (!q->open_now || select_open_now(l, s->now_ms) == 1);
}

static bool fits(const struct registry_lot *l, const struct scan *s)
{
    const struct lots_query *q = s->q;
    enum band band = current(l, s->now_ms) ? l->reading.band : BAND_UNKNOWN;
    return select_public(l) && (!q->area.n || view_is(q->area, l->lot.area)) &&
           (!q->bands || (q->bands >> band & 1u)) && count_fits(l, s) && time_fits(l, s) && place_fits(l, q);
}

static int by_key(const void *a, const void *b)
{
    const struct picked *x = a, *y = b;
    if (x->key < y->key)
        return -1;
    return x->key > y->key ? 1 : strcmp(x->lot->lot.id, y->lot->lot.id);
}

static int by_name(const void *a, const void *b)
{
    const struct picked *x = a, *y = b;
    int order = strcmp(x->lot->lot.name, y->lot->lot.name);
    return order ? order : strcmp(x->lot->lot.id, y->lot->lot.id);
}

static int in_order(const struct scan *s, const struct picked *a, const struct picked *b)
{
    return s->q->order == BY_NAME ? by_name(a, b) : by_key(a, b);
}

static double key_of(const struct picked *p, const struct scan *s)
{
    const struct reading *r = &p->lot->reading;
    int32_t free = s->q->place_class >= 0 ? r->classes[s->q->place_class].free : r->free;
    switch (s->q->order) {
    case BY_DISTANCE:
        return p->distance_m;
    case BY_FREE:
        return current(p->lot, s->now_ms) && free != COUNT_NONE ? -(double)free : UNKNOWN_LAST;
    default:
        return 0;
    }
}

static void pick(struct scan *s, const struct picked *p)
{
    struct selection *out = s->out;
    if (out->n == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : FIRST_ROOM;
        struct picked *v = realloc(out->v, cap * sizeof *v);
        if (!v) {
            s->err = ERR_NOMEM;
            return;
        }
        out->v = v;
        out->cap = cap;
    }
    out->v[out->n++] = *p;
}

static void consider(struct scan *s, uint32_t idx, double distance_m)
{
    struct picked p = {.lot = registry_lot(s->reg, idx), .distance_m = distance_m};
    if ((s->radius_m > 0 && distance_m > s->radius_m) || s->err || !fits(p.lot, s))
        return;
    p.key = key_of(&p, s);
    if (!s->after.lot || in_order(s, &p, &s->after) > 0)
        pick(s, &p);
}

static void on_place(void *ctx, uint32_t idx, struct point at)
{
    struct scan *s = ctx;
    consider(s, idx, s->q->has_near ? geo_distance(s->near, at) : DISTANCE_NONE);
}

/* By distance it is enough to look as far as the page needs; otherwise every lot within the radius counts. */
static void scan_near(struct scan *s, const struct places *places)
{
    double asked = s->q->radius_m > 0 ? s->q->radius_m : NEAR_ALL_M;
    double reach = s->q->order == BY_DISTANCE && NEAR_FIRST_M < asked ? NEAR_FIRST_M : asked;
    if (s->after.lot && reach < s->after.key && s->after.key < asked)
        reach = s->after.key;
    for (;; reach = reach * 3 < asked ? reach * 3 : asked) {
        s->out->n = 0;
        s->radius_m = reach;
        places_each(places, places_around(s->near, reach), on_place, s);
        if (s->err || reach >= asked || s->out->n > (size_t)s->q->limit)
            return;
    }
}

static void scan_all(struct scan *s)
{
    for (uint32_t i = 0; i < registry_size(s->reg); i++)
        consider(s, i, DISTANCE_NONE);
}

/* Other datums are up to a kilometre and a half off; the box is widened, and place_fits decides. */
static void scan_bbox(struct scan *s, const struct places *places)
{
    double more = s->q->crs == DATUM_WGS84 ? 0 : 0.03;
    struct places_box box = {s->q->west - more, s->q->south - more, s->q->east + more, s->q->north + more};
    places_each(places, box, on_place, s);
}

/* A lot that stands for the cursor may be gone: one with its id does, but where its name counts. */
static int start_at(struct scan *s, struct registry_lot *stand_in, struct why *why)
{
    const struct lots_cursor *c = &s->q->cursor;
    if (!c->id.n)
        return 0;
    uint32_t idx = registry_find(s->reg, c->id);
    if (idx == REGISTRY_NONE && s->q->order == BY_NAME)
        return why_set(why, ERR_INVALID, "cursor", "no longer stands for a place in the list; begin again");
    s->after =
        (struct picked){.lot = idx == REGISTRY_NONE ? stand_in : registry_lot(s->reg, idx), .key = c->key};
    return idx == REGISTRY_NONE ? view_copy(c->id, stand_in->lot.id, sizeof stand_in->lot.id) : 0;
}

int select_lots(const struct registry *reg, const struct places *places, const struct lots_query *q,
                int64_t now_ms, struct selection *out, struct why *why)
{
    struct scan s = {.reg = reg, .q = q, .now_ms = now_ms, .out = out};
    struct registry_lot stand_in = {0};
    *out = (struct selection){.order = q->order};
    s.err = start_at(&s, &stand_in, why);
    if (s.err)
        return s.err;
    if (q->has_near) {
        s.near = geo_convert(q->near, q->crs, DATUM_WGS84);
        scan_near(&s, places);
    } else if (q->has_bbox) {
        scan_bbox(&s, places);
    } else {
        scan_all(&s);
    }
    if (s.err) {
        selection_fini(out);
        return why_set(why, s.err, "", "%s", err_text(s.err));
    }
    if (out->n)
        qsort(out->v, out->n, sizeof out->v[0], q->order == BY_NAME ? by_name : by_key);
    out->more = out->n > (size_t)q->limit;
    if (out->more)
        out->n = (size_t)q->limit;
    return 0;
}

void selection_cursor(const struct selection *s, char dst[QUERY_CURSOR])
{
    const struct picked *last = &s->v[s->n - 1];
    if (s->order == BY_DISTANCE || s->order == BY_FREE)
        (void)snprintf(dst, QUERY_CURSOR, "%s~%.17g", last->lot->lot.id, last->key);
    else
        (void)snprintf(dst, QUERY_CURSOR, "%s", last->lot->lot.id);
}

int select_page(const struct registry *reg, int64_t now_ms, size_t max, struct selection *out)
{
    struct scan s = {.out = out};
    *out = (struct selection){0};
    for (uint32_t i = 0; i < registry_size(reg) && !s.err; i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        bool silent = freshness_of(&l->reading, l->interval_ms, now_ms) == OFFLINE;
        if (select_public(l))
            pick(&s, &(struct picked){l, DISTANCE_NONE, silent ? 1 : 0});
    }
    if (s.err) {
        selection_fini(out);
        return s.err;
    }
    if (out->n)
        qsort(out->v, out->n, sizeof out->v[0], by_key);
    out->more = out->n > max;
    if (out->more)
        out->n = max;
    return 0;
}

int64_t selection_until(const struct selection *s, int64_t now_ms)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < s->n; i++) {
        const struct registry_lot *l = s->v[i].lot;
        int64_t t = freshness_valid_until(&l->reading, l->interval_ms);
        if (freshness_current(&l->reading, l->interval_ms, now_ms) && t < first)
            first = t;
    }
    return first;
}

void selection_fini(struct selection *s)
{
    free(s->v);
    *s = (struct selection){0};
}
