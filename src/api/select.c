/* SPDX-License-Identifier: MIT
 * Filters, order, pages. A plain scan: ten thousand lots take a millisecond, and answers that many ask for
 * are cached.
 */
#include <stdlib.h>
#include <string.h>

#include "api/select.h"

/* One question while it is being answered. */
struct scan {
    const struct lots_query *q;
    int64_t now_ms;
    struct picked after; /* the cursor; lot NULL: from the start */
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

static double distance_of(const struct registry_lot *l, const struct lots_query *q)
{
    struct point p;
    return q->has_near && place_of(l, q->crs, &p) ? geo_distance(q->near, p) : DISTANCE_NONE;
}

static bool place_fits(const struct picked *p, const struct lots_query *q)
{
    struct point at;
    if (q->has_near && (p->distance_m < 0 || (q->radius_m > 0 && p->distance_m > q->radius_m)))
        return false;
    return !q->has_bbox || (place_of(p->lot, q->crs, &at) && at.lng >= q->west && at.lng <= q->east &&
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

static bool fits(const struct picked *p, const struct scan *s)
{
    const struct lots_query *q = s->q;
    enum band band = current(p->lot, s->now_ms) ? p->lot->reading.band : BAND_UNKNOWN;
    return select_public(p->lot) && (!q->area.n || view_is(q->area, p->lot->lot.area)) &&
           (!q->bands || (q->bands >> band & 1u)) && count_fits(p->lot, s) && place_fits(p, q);
}

static int in_order(const void *a, const void *b)
{
    const struct picked *x = a, *y = b;
    if (x->distance_m < y->distance_m)
        return -1;
    return x->distance_m > y->distance_m ? 1 : strcmp(x->lot->lot.id, y->lot->lot.id);
}

/* Without near the order is by id alone, and the lot of the cursor may be gone: a stand-in with its id does.
 */
static int start_at(const struct registry *reg, struct scan *s, struct registry_lot *stand_in,
                    struct why *why)
{
    if (!s->q->cursor.n)
        return 0;
    if (!s->q->has_near) {
        s->after = (struct picked){stand_in, DISTANCE_NONE};
        return view_copy(s->q->cursor, stand_in->lot.id, sizeof stand_in->lot.id);
    }
    uint32_t idx = registry_find(reg, s->q->cursor);
    if (idx == REGISTRY_NONE)
        return why_set(why, ERR_INVALID, "cursor", "no longer stands for a place in the list; begin again");
    s->after.lot = registry_lot(reg, idx);
    s->after.distance_m = distance_of(s->after.lot, s->q);
    return 0;
}

static void scan_all(const struct registry *reg, const struct scan *s, struct selection *out)
{
    for (uint32_t i = 0; i < registry_size(reg); i++) {
        struct picked p = {registry_lot(reg, i), DISTANCE_NONE};
        p.distance_m = distance_of(p.lot, s->q);
        if (fits(&p, s) && (!s->after.lot || in_order(&p, &s->after) > 0))
            out->v[out->n++] = p;
    }
}

static int make_room(const struct registry *reg, struct selection *out)
{
    *out = (struct selection){0};
    out->v = calloc((size_t)registry_size(reg) + 1, sizeof *out->v);
    return out->v ? 0 : ERR_NOMEM;
}

int select_lots(const struct registry *reg, const struct lots_query *q, int64_t now_ms, struct selection *out,
                struct why *why)
{
    struct scan s = {.q = q, .now_ms = now_ms};
    struct registry_lot stand_in = {0};
    int err = make_room(reg, out);
    if (err)
        return why_set(why, err, "", "%s", err_text(err));
    if ((err = start_at(reg, &s, &stand_in, why))) {
        selection_fini(out);
        return err;
    }
    scan_all(reg, &s, out);
    qsort(out->v, out->n, sizeof out->v[0], in_order);
    out->more = out->n > (size_t)q->limit;
    if (out->more)
        out->n = (size_t)q->limit;
    return 0;
}

int select_page(const struct registry *reg, int64_t now_ms, size_t max, struct selection *out)
{
    int err = make_room(reg, out);
    if (err)
        return err;
    for (uint32_t i = 0; i < registry_size(reg); i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        bool silent = freshness_of(&l->reading, l->interval_ms, now_ms) == OFFLINE;
        if (select_public(l)) /* the order's first key is not a distance here, but sorts the same way */
            out->v[out->n++] = (struct picked){l, silent ? 1 : 0};
    }
    qsort(out->v, out->n, sizeof out->v[0], in_order);
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
