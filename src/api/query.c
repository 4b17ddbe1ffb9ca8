/* SPDX-License-Identifier: MIT
 * Query parameters. Each question has its list of names; whatever else came is refused before anything is
 * read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/query.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"

#define LIST       1
#define DETAIL     2
#define RADIUS_MAX 200000.0 /* m: a city and what lies around it */
#define ARRIVE_MAX 120      /* minutes */
#define MAX_DAYS   1200     /* of hourly records in one answer: four year strings at most */

static const struct {
    const char *name;
    unsigned set;
} field_rows[] = {
#define FIELD(id, name, set) {name, set},
#include "api/fields.def"
#undef FIELD
};
#define FIELD(id, name, set) | ((set) == LIST ? FIELD_BIT(id) : 0)
const uint64_t fields_of_list = 0
#include "api/fields.def"
    ;
#undef FIELD
const uint64_t fields_of_detail = FIELD_BIT(LOT_FIELD_N) - 1;

const char *lot_field_name(enum lot_field f)
{
    return field_rows[f].name;
}

void query_add(struct query *q, struct view name, struct view value)
{
    if (q->n < QUERY_MAX)
        q->v[q->n] = (struct query_param){name, value};
    q->n++;
}

static struct view value_of(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->n && i < QUERY_MAX; i++) {
        if (view_is(q->v[i].name, name))
            return q->v[i].value;
    }
    return (struct view){NULL, 0};
}

static int refuse(struct why *why, int code, const char *name, const char *text)
{
    return why_set(why, code, name, "%s", text);
}

static int unknown(struct view name, const char *const *names, struct why *why)
{
    const char *near = nearest_name(name, names);
    if (near)
        return why_set(why, ERR_UNKNOWN_KEY, "", "no parameter \"" VIEW_FMT "\"; did you mean \"%s\"?",
                       VIEW_ARG(name), near);
    char list[160] = "";
    for (size_t i = 0, n = 0; names[i] && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "; known are ", names[i]);
    return why_set(why, ERR_UNKNOWN_KEY, "", "no parameter \"" VIEW_FMT "\"%s", VIEW_ARG(name), list);
}

static bool known(struct view name, const char *const *names)
{
    while (*names && !view_is(name, *names))
        names++;
    return *names != NULL;
}

static int only(const struct query *q, const char *const *names, struct why *why)
{
    if (q->n > QUERY_MAX)
        return why_set(why, ERR_TOO_BIG, "", "more than %d parameters", QUERY_MAX);
    for (size_t i = 0; i < q->n; i++) {
        struct view name = q->v[i].name;
        if (!view_is_utf8(name))
            return why_set(why, ERR_SYNTAX, "", "the name of a parameter is not UTF-8");
        name = view_head(name, 64);
        if (!known(q->v[i].name, names))
            return unknown(name, names, why);
        if (!view_is_utf8(q->v[i].value))
            return why_set(why, ERR_SYNTAX, "", "parameter \"" VIEW_FMT "\" is not UTF-8", VIEW_ARG(name));
        for (size_t k = 0; k < i; k++) {
            if (view_eq(q->v[k].name, name))
                return why_set(why, ERR_INVALID, "", "parameter \"" VIEW_FMT "\" is given twice",
                               VIEW_ARG(name));
        }
    }
    return 0;
}

/* `n` numbers with commas between them. */
static int numbers(struct view v, double *out, int n)
{
    for (int i = 0; i < n; i++) {
        if (!v.p || view_to_real(view_cut(&v, ','), &out[i]))
            return ERR_SYNTAX;
    }
    return v.p ? ERR_SYNTAX : 0;
}

static int want_crs(const struct query *q, enum datum *out, struct why *why)
{
    struct view v = value_of(q, "crs");
    *out = DATUM_WGS84;
    if (v.p && datum_of(v, out))
        return refuse(why, ERR_INVALID, "crs", "must be wgs84, gcj02 or bd09");
    return 0;
}

static int want_near(const struct query *q, struct lots_query *out, struct why *why)
{
    struct view near = value_of(q, "near"), radius = value_of(q, "radius");
    double at[2];
    if (radius.p && !near.p)
        return refuse(why, ERR_INVALID, "radius", "needs near=lng,lat");
    if (!near.p)
        return 0;
    if (numbers(near, at, 2) || !geo_valid((struct point){at[0], at[1]}))
        return refuse(why, ERR_INVALID, "near", "must be lng,lat in degrees, longitude first");
    out->has_near = true;
    out->near = (struct point){at[0], at[1]};
    if (radius.p &&
        (view_to_real(radius, &out->radius_m) || out->radius_m <= 0 || out->radius_m > RADIUS_MAX))
        return refuse(why, ERR_RANGE, "radius", "must be metres, more than 0 and at most 200000");
    return 0;
}

static int want_bbox(const struct query *q, struct lots_query *out, struct why *why)
{
    struct view v = value_of(q, "bbox");
    double at[4];
    if (!v.p)
        return 0;
    if (numbers(v, at, 4) || !geo_valid((struct point){at[0], at[1]}) ||
        !geo_valid((struct point){at[2], at[3]}) || at[0] > at[2] || at[1] > at[3])
        return refuse(why, ERR_INVALID, "bbox", "must be west,south,east,north in degrees");
    out->has_bbox = true;
    out->west = at[0];
    out->south = at[1];
    out->east = at[2];
    out->north = at[3];
    return 0;
}

/* two-wheeler is two_wheeler too. */
static int class_of(struct view v, enum place_class *out)
{
    char name[32];
    if (view_copy(v, name, sizeof name))
        return ERR_NOT_FOUND;
    for (char *p = name; *p; p++)
        *p = *p == '-' ? '_' : *p;
    return place_class_of(view_of(name), out);
}

static int want_area(const struct query *q, struct view *area, struct why *why)
{
    *area = value_of(q, "area");
    return area->p && !area->n ? refuse(why, ERR_INVALID, "area", "is empty") : 0;
}

static int want_words(const struct query *q, struct lots_query *out, struct why *why)
{
    struct view bands = value_of(q, "band"), class = value_of(q, "class");
    enum band b;
    enum place_class c;
    out->place_class = -1;
    while (bands.p) {
        if (band_of(view_cut(&bands, ','), &b))
            return refuse(why, ERR_INVALID, "band",
                          "must be one or more of full, few, some, plenty, unknown");
        out->bands |= 1u << b;
    }
    if (class.p && class_of(class, &c))
        return refuse(why, ERR_INVALID, "class", "is no class of places");
    if (class.p)
        out->place_class = (int)c;
    return want_area(q, &out->area, why);
}

static int want_int(const struct query *q, const char *name, int64_t max, int64_t *out, struct why *why)
{
    struct view v = value_of(q, name);
    if (v.p && view_to_int(v, 1, max, out))
        return refuse(why, ERR_RANGE, name, "must be a whole number, at least 1 and not too large");
    return 0;
}

static int want_open(const struct query *q, struct lots_query *out, struct why *why)
{
    struct view v = value_of(q, "open_now");
    out->open_now = view_is(v, "true");
    if (v.p && !out->open_now)
        return refuse(why, ERR_INVALID, "open_now", "must be true");
    return 0;
}

static int want_order(const struct query *q, struct lots_query *out, struct why *why)
{
    static const char *const names[] = {
        [BY_ID] = "id", [BY_DISTANCE] = "distance", [BY_FREE] = "free", [BY_NAME] = "name"};
    struct view v = value_of(q, "sort");
    out->order = out->has_near ? BY_DISTANCE : BY_ID;
    if (!v.p)
        return 0;
    for (int i = BY_ID; i <= BY_NAME; i++) {
        if (!view_is(v, names[i]))
            continue;
        out->order = (enum lots_order)i;
        return i == BY_DISTANCE && !out->has_near
                   ? refuse(why, ERR_INVALID, "sort", "by distance needs near=lng,lat")
                   : 0;
    }
    return refuse(why, ERR_INVALID, "sort", "must be distance, free, name or id");
}

/* "<id>", or "<id>~<number>" in orders by number. */
static int want_cursor(const struct query *q, struct lots_query *out, struct why *why)
{
    struct view v = value_of(q, "cursor"), rest = v;
    bool by_number = out->order == BY_DISTANCE || out->order == BY_FREE;
    if (!v.p)
        return 0;
    out->cursor.id = view_cut(&rest, '~');
    if (v.n >= QUERY_CURSOR || !lot_id_valid(out->cursor.id) || (rest.p != NULL) != by_number ||
        (rest.p && view_to_real(rest, &out->cursor.key)))
        return refuse(why, ERR_INVALID, "cursor", "is not one that parkd gave for this order");
    return 0;
}

static int want_fields(const struct query *q, uint64_t all, uint64_t *out, struct why *why)
{
    struct view v = value_of(q, "fields");
    *out = v.p ? FIELD_BIT(F_ID) : all;
    while (v.p) {
        struct view name = view_cut(&v, ',');
        int f = 0;
        while (f < LOT_FIELD_N && !view_is(name, field_rows[f].name))
            f++;
        name = view_head(name, 40);
        if (f == LOT_FIELD_N)
            return why_set(why, ERR_INVALID, "fields", "a lot has no member \"" VIEW_FMT "\"",
                           VIEW_ARG(name));
        *out |= FIELD_BIT(f);
    }
    return 0;
}

/* A '+' of a zone arrives as a blank when the client did not write %2B. */
static int read_time(struct view v, int64_t *ms)
{
    char text[48];
    if (view_to_int(v, 0, TIME_MAX_MS, ms) == 0)
        return 0;
    if (view_copy(v, text, sizeof text))
        return ERR_SYNTAX;
    if (v.n > 6 && text[v.n - 6] == ' ')
        text[v.n - 6] = '+';
    return iso8601_parse(view_of(text), ms);
}

static int want_time(const struct query *q, const char *name, int64_t *ms, struct why *why)
{
    struct view v = value_of(q, name);
    if (v.p && read_time(v, ms))
        return refuse(why, ERR_SYNTAX, name, "must be an RFC 3339 time or milliseconds since 1970");
    return 0;
}

typedef int want_fn(const struct query *q, struct lots_query *out, struct why *why);

static int want_all(const struct query *q, want_fn *const *wants, struct lots_query *out, struct why *why)
{
    int err = 0;
    for (; *wants && !err; wants++)
        err = (*wants)(q, out, why);
    return err;
}

static int want_crs_of(const struct query *q, struct lots_query *out, struct why *why)
{
    return want_crs(q, &out->crs, why);
}

static int want_numbers(const struct query *q, struct lots_query *out, struct why *why)
{
    int64_t min_free = 0, limit = QUERY_LIMIT_MAX, arrive_in = 0;
    int err = want_int(q, "min_free", COUNT_MAX, &min_free, why);
    if (!err)
        err = want_int(q, "arrive_in", ARRIVE_MAX, &arrive_in, why);
    if (!err && arrive_in && !out->has_near)
        err = refuse(why, ERR_INVALID, "arrive_in", "needs near=lng,lat");
    if (!err)
        err = want_int(q, "limit", QUERY_LIMIT_MAX, &limit, why);
    if (!err)
        err = want_time(q, "changed_since", &out->changed_since_ms, why);
    out->min_free = (int32_t)min_free;
    out->limit = (int)limit;
    out->arrive_in = (int)arrive_in;
    return err;
}

static int want_list_fields(const struct query *q, struct lots_query *out, struct why *why)
{
    return want_fields(q, fields_of_list, &out->fields, why);
}

int query_lots(const struct query *q, struct lots_query *out, struct why *why)
{
    static const char *const names[] = {"near",     "radius",   "bbox",          "area", "band",  "class",
                                        "min_free", "open_now", "changed_since", "sort", "limit", "cursor",
                                        "fields",   "crs",      "arrive_in",     NULL};
    static want_fn *const wants[] = {want_crs_of,  want_near,  want_bbox,   want_words,       want_open,
                                     want_numbers, want_order, want_cursor, want_list_fields, NULL};
    *out = (struct lots_query){0};
    int err = only(q, names, why);
    return err ? err : want_all(q, wants, out, why);
}

int query_export(const struct query *q, struct lots_query *out, struct why *why)
{
    static const char *const names[] = {"area", "bbox", "class", "open_now", NULL};
    static want_fn *const wants[] = {want_bbox, want_words, want_open, NULL};
    *out = (struct lots_query){.limit = INT32_MAX};
    int err = only(q, names, why);
    return err ? err : want_all(q, wants, out, why);
}

int query_lot(const struct query *q, struct lots_query *out, struct why *why)
{
    static const char *const names[] = {"crs", "fields", NULL};
    *out = (struct lots_query){0};
    int err = only(q, names, why);
    if (!err)
        err = want_crs(q, &out->crs, why);
    return err ? err : want_fields(q, fields_of_detail, &out->fields, why);
}

int query_summary(const struct query *q, struct view *area, struct why *why)
{
    static const char *const names[] = {"area", NULL};
    int err = only(q, names, why);
    return err ? err : want_area(q, area, why);
}

int query_stream(const struct query *q, struct view *lots, struct view *area, struct why *why)
{
    static const char *const names[] = {"lots", "area", NULL};
    int err = only(q, names, why);
    *lots = value_of(q, "lots");
    if (!err && lots->p && !lots->n)
        err = refuse(why, ERR_INVALID, "lots", "is empty");
    return err ? err : want_area(q, area, why);
}

static int want_step(const struct query *q, int64_t *ms, struct why *why)
{
    static const struct {
        const char *name;
        int64_t ms;
    } steps[] = {{"1m", MINUTE_MS},       {"5m", 5 * MINUTE_MS}, {"15m", 15 * MINUTE_MS},
                 {"30m", 30 * MINUTE_MS}, {"1h", HOUR_MS},       {"1d", DAY_MS}};
    struct view v = value_of(q, "step");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (view_is(v, steps[i].name) || (!v.p && i == 1)) {
            *ms = steps[i].ms;
            return 0;
        }
    }
    return refuse(why, ERR_INVALID, "step", "must be 1m, 5m, 15m, 30m, 1h or 1d");
}

static int check_span(struct history_query *h, struct why *why)
{
    int64_t days = h->step_ms < HOUR_MS ? HISTORY_MINUTE_DAYS : MAX_DAYS;
    if (h->from_ms >= h->to_ms)
        return refuse(why, ERR_RANGE, "from", "must be before to");
    if (h->to_ms - h->from_ms > days * DAY_MS)
        return refuse(why, ERR_RANGE, "from",
                      h->step_ms < HOUR_MS
                          ? "minutes are given for at most 7 days at once; ask for step=1h or less"
                          : "at most 1200 days at once");
    if ((h->to_ms - h->from_ms) / h->step_ms > HISTORY_MAX_POINTS)
        return refuse(why, ERR_RANGE, "step", "would give more than 10080 points; take a longer step");
    h->from_ms -= h->from_ms % h->step_ms;
    return 0;
}

int query_history(const struct query *q, int64_t now_ms, struct history_query *out, struct why *why)
{
    static const char *const names[] = {"from", "to", "step", NULL};
    *out = (struct history_query){.to_ms = now_ms};
    int err = only(q, names, why);
    if (!err)
        err = want_step(q, &out->step_ms, why);
    if (!err)
        err = want_time(q, "to", &out->to_ms, why);
    out->from_ms = out->to_ms - DAY_MS;
    if (out->from_ms < 0)
        out->from_ms = 0;
    if (!err)
        err = want_time(q, "from", &out->from_ms, why);
    return err ? err : check_span(out, why);
}

struct page_query query_page(const struct query *q)
{
    return (struct page_query){.english = view_is(value_of(q, "lang"), "en"),
                               .large = view_is(value_of(q, "large"), "1"),
                               .embed = view_is(value_of(q, "embed"), "1"),
                               .area = value_of(q, "area")};
}

int query_none(const struct query *q, struct why *why)
{
    static const char *const names[] = {NULL};
    return only(q, names, why);
}

static int by_name(const void *a, const void *b)
{
    const struct query_param *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int order = n ? memcmp(x->name.p, y->name.p, n) : 0;
    return order ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~,:", c));
}

static void percent(struct buf *out, struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if (unreserved(c))
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

int query_print(const struct query *q, bool without_cursor, struct buf *out)
{
    struct query sorted = *q;
    if (sorted.n > QUERY_MAX)
        return ERR_TOO_BIG;
    if (sorted.n)
        qsort(sorted.v, sorted.n, sizeof sorted.v[0], by_name);
    bool first = true;
    for (size_t i = 0; i < sorted.n; i++) {
        if (without_cursor && view_is(sorted.v[i].name, "cursor"))
            continue;
        if (!first)
            buf_char(out, '&');
        first = false;
        percent(out, sorted.v[i].name);
        buf_char(out, '=');
        percent(out, sorted.v[i].value);
    }
    return out->err;
}
