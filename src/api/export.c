/* SPDX-License-Identifier: MIT
 * What all exports share, and GeoJSON.
 */
#include "api/export.h"

static const struct {
    const char *name, *type;
    void (*write)(const struct selection *s, const struct export_view *v, struct buf *out);
} formats[EXPORT_N] = {
    [EXPORT_GEOJSON] = {"geojson", "application/geo+json", export_geojson},
    [EXPORT_CSV] = {"csv", "text/csv; charset=utf-8; header=present", export_csv},
    [EXPORT_PARKAPI] = {"parkapi", "application/json", export_parkapi},
    [EXPORT_DATEX2] = {"datex2-light", "application/json", export_datex2},
    [EXPORT_SIRI] = {"siri-fm", "application/xml; charset=utf-8", export_siri},
    [EXPORT_NGSI] = {"ngsi-ld", "application/ld+json", export_ngsi},
};

int export_format_of(struct view name, enum export_format *out)
{
    for (int f = 0; f < EXPORT_N; f++) {
        if (view_is(name, formats[f].name)) {
            *out = (enum export_format)f;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

const char *export_type(enum export_format f)
{
    return formats[f].type;
}

int render_export(enum export_format f, const struct selection *s, const struct export_view *v,
                  struct buf *out)
{
    formats[f].write(s, v, out);
    return out->err;
}

static int32_t first_known(int32_t a, int32_t b, int32_t c)
{
    return a != COUNT_NONE ? a : b != COUNT_NONE ? b : c;
}

struct export_lot export_lot_of(const struct registry_lot *l, const struct export_view *v)
{
    struct export_lot e = {.lot = &l->lot, .r = &l->reading, .free = COUNT_NONE};
    const struct reading *r = &l->reading;
    e.current = freshness_current(r, l->interval_ms, v->now_ms);
    if (l->lot.has_point)
        e.at = geo_convert((struct point){l->lot.lng, l->lot.lat}, l->lot.datum, DATUM_WGS84);
    e.total = first_known(r->total, l->lot.total, first_known(r->open, l->lot.open, COUNT_NONE));
    if (e.current) {
        e.free = r->free;
        e.band = r->band;
    }
    e.open_now = select_open_now(l, v->now_ms);
    e.trend = e.current && v->trend ? v->trend(v->ctx, l->idx) : TREND_UNKNOWN;
    return e;
}

int32_t export_class_free(const struct export_lot *e, enum place_class c)
{
    return e->current ? e->r->classes[c].free : COUNT_NONE;
}

/* --- GeoJSON (RFC 7946) --- */

static void count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

/* "中心停车场 37/420": what readers that know `title` alone show. */
static void write_title(struct json_writer *w, const struct export_lot *e)
{
    struct buf b;
    buf_init(&b, LOT_NAME_SIZE + 64);
    buf_printf(&b, "%s ", e->lot->name);
    if (e->free == COUNT_NONE)
        buf_str(&b, "–");
    else
        buf_int(&b, e->free);
    if (e->total != COUNT_NONE)
        buf_printf(&b, "/%d", (int)e->total);
    jw_view(w, "title", buf_get(&b));
    buf_fini(&b);
}

static void write_properties(struct json_writer *w, const struct export_lot *e, int64_t now_ms)
{
    int64_t age = now_ms - e->r->observed_ms;
    jw_object(w, "properties");
    write_title(w, e);
    jw_str(w, "name", e->lot->name);
    if (e->lot->address[0])
        jw_str(w, "address", e->lot->address);
    if (e->lot->area[0])
        jw_str(w, "area", e->lot->area);
    count(w, "free", e->free);
    count(w, "total", e->total);
    jw_str(w, "band", band_name(e->band));
    jw_str(w, "status", status_name(e->current ? e->r->status : STATUS_UNKNOWN));
    if (e->open_now < 0)
        jw_null(w, "open_now");
    else
        jw_bool(w, "open_now", e->open_now == 1);
    jw_time(w, "observed_at", e->r->observed_ms);
    if (e->r->observed_ms)
        jw_int(w, "age_s", age > 0 ? age / 1000 : 0);
    else
        jw_null(w, "age_s");
    jw_bool(w, "stale", !e->current);
    jw_int(w, "seq", (int64_t)e->r->seq);
    jw_end_object(w);
}

void export_geojson(const struct selection *s, const struct export_view *v, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "type", "FeatureCollection");
    jw_array(&w, "features");
    for (size_t i = 0; i < s->n; i++) {
        struct export_lot e = export_lot_of(s->v[i].lot, v);
        if (!e.lot->has_point) /* Home Assistant wants a geometry of every feature */
            continue;
        jw_object(&w, NULL);
        jw_str(&w, "type", "Feature");
        jw_str(&w, "id", e.lot->id);
        jw_object(&w, "geometry");
        jw_str(&w, "type", "Point");
        jw_array(&w, "coordinates");
        jw_real(&w, NULL, e.at.lng, 6);
        jw_real(&w, NULL, e.at.lat, 6);
        jw_end_array(&w);
        jw_end_object(&w);
        write_properties(&w, &e, v->now_ms);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
}
