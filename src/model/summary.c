/* SPDX-License-Identifier: MIT
 * Sums over lots. Areas are kept sorted by name while they are found, so a summary is one pass.
 */
#include "parkd/model/summary.h"

#include <stdlib.h>
#include <string.h>

/* What one lot, or its places of one class, adds to a row. */
struct share {
    enum freshness freshness;
    bool current;
    int32_t free, open, total; /* open: what the sum of open places takes, if free is known */
};

struct tally {
    struct summary_row district, classes[PLACE_CLASS_N];
    struct summary_row *areas;
    size_t n_areas, cap_areas;
};

static int32_t first_known(int32_t a, int32_t b)
{
    return a != COUNT_NONE ? a : b;
}

static void add(struct summary_row *row, const struct share *s)
{
    row->lots++;
    row->by_freshness[s->freshness]++;
    if (s->total != COUNT_NONE)
        row->total += s->total;
    if (!s->current || s->free == COUNT_NONE)
        return;
    row->known++;
    row->free += s->free;
    if (s->open != COUNT_NONE)
        row->open += s->open;
}

static int by_name(const struct summary_row *row, const char *area)
{
    return strcmp(row->id, area);
}

/* The area's row, made at its place if it is new; NULL without memory. */
static struct summary_row *area_row(struct tally *t, const char *area)
{
    size_t lo = 0, hi = t->n_areas;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int d = by_name(&t->areas[mid], area);
        if (d == 0)
            return &t->areas[mid];
        if (d < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (t->n_areas == t->cap_areas) {
        size_t cap = t->cap_areas ? t->cap_areas * 2 : 16;
        struct summary_row *v = realloc(t->areas, cap * sizeof *v);
        if (!v)
            return NULL;
        t->areas = v;
        t->cap_areas = cap;
    }
    struct summary_row *row = &t->areas[lo];
    memmove(row + 1, row, (t->n_areas - lo) * sizeof *row);
    t->n_areas++;
    *row = (struct summary_row){.scope = SUMMARY_AREA};
    if (view_copy(view_of(area), row->id, sizeof row->id))
        row->id[0] = '\0';
    return row;
}

static void add_classes(struct tally *t, const struct registry_lot *l, const struct share *whole)
{
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        const struct place_count *p = &l->reading.classes[c];
        int32_t registered = l->lot.class_total[c];
        if (registered == COUNT_NONE && p->total == COUNT_NONE && p->free == COUNT_NONE)
            continue;
        struct share s = {.freshness = whole->freshness,
                          .current = whole->current,
                          .free = p->free,
                          .open = first_known(p->total, registered),
                          .total = first_known(registered, p->total)};
        add(&t->classes[c], &s);
    }
}

static int add_lot(struct tally *t, const struct registry_lot *l, int64_t now_ms)
{
    const struct reading *r = &l->reading;
    struct share s = {.freshness = freshness_of(r, l->interval_ms, now_ms),
                      .current = freshness_current(r, l->interval_ms, now_ms),
                      .free = r->free,
                      .open =
                          first_known(first_known(r->open, r->total), first_known(l->lot.open, l->lot.total)),
                      .total = l->lot.total};
    add(&t->district, &s);
    add_classes(t, l, &s);
    if (!l->lot.area[0])
        return 0;
    struct summary_row *area = area_row(t, l->lot.area);
    if (!area)
        return ERR_NOMEM;
    add(area, &s);
    return 0;
}

static int collect(const struct tally *t, struct summary *out)
{
    struct summary_row *v = calloc(1 + t->n_areas + PLACE_CLASS_N, sizeof *v);
    if (!v)
        return ERR_NOMEM;
    size_t n = 0;
    v[n++] = t->district;
    for (size_t i = 0; i < t->n_areas; i++)
        v[n++] = t->areas[i];
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (!t->classes[c].lots)
            continue;
        v[n] = t->classes[c];
        v[n].scope = SUMMARY_CLASS;
        /* Names of the table are short; one that were not would be left empty. */
        if (view_copy(view_of(place_class_name((enum place_class)c)), v[n].id, sizeof v[n].id))
            v[n].id[0] = '\0';
        n++;
    }
    *out = (struct summary){v, n};
    return 0;
}

static bool counts(const struct registry_lot *l, enum summary_of of, struct view area)
{
    bool stage = of == SUMMARY_CONNECTED ? l->lot.stage == STAGE_CONNECTED : l->lot.stage != STAGE_RETIRED;
    return !l->removed && stage && (!area.n || view_is(area, l->lot.area));
}

int summary_make(const struct registry *reg, enum summary_of of, struct view area, int64_t now_ms,
                 struct summary *out)
{
    struct tally t = {.district = {.scope = SUMMARY_DISTRICT}};
    int err = 0;
    *out = (struct summary){NULL, 0};
    for (uint32_t i = 0; i < registry_size(reg) && !err; i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        if (counts(l, of, area))
            err = add_lot(&t, l, now_ms);
    }
    if (!err)
        err = collect(&t, out);
    free(t.areas);
    return err;
}

void summary_fini(struct summary *s)
{
    free(s->v);
    *s = (struct summary){NULL, 0};
}

void summary_row_write(const struct summary_row *row, int64_t as_of_ms, struct json_writer *w)
{
    static const char *const scopes[] = {
        [SUMMARY_DISTRICT] = "district", [SUMMARY_AREA] = "area", [SUMMARY_CLASS] = "class"};
    jw_object(w, NULL);
    jw_str(w, "scope", scopes[row->scope]);
    jw_str(w, "id", row->id);
    jw_time(w, "as_of", as_of_ms);
    jw_object(w, "lots");
    jw_int(w, "fresh", row->by_freshness[FRESH]);
    jw_int(w, "late", row->by_freshness[LATE]);
    jw_int(w, "unknown", row->by_freshness[STALE] + row->by_freshness[OFFLINE]);
    jw_end_object(w);
    if (row->known) {
        jw_int(w, "open", row->open);
        jw_int(w, "free", row->free);
    } else {
        jw_null(w, "open");
        jw_null(w, "free");
    }
    jw_int(w, "known", row->known);
    jw_end_object(w);
}
