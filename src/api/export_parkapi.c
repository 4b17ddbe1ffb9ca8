/* SPDX-License-Identifier: MIT
 * ParkAPI v1 (offenesdresden/ParkAPI, schema/city_schema.json), as OpenTripPlanner reads it. Its reader takes
 * a member that is there and null for 0, and a lot without coordinates for one at 0, 0; the schema needs a
 * total. So such members are left out, and such lots too.
 */
#include "api/export.h"
#include "parkd/base/iso8601.h"

/* "2026-11-22T08:00:05", UTC without a mark. */
static void local_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[ISO8601_SIZE];
    (void)iso8601_format(ms - ms % 1000, text);
    struct view v = view_of(text);
    jw_view(w, key, (struct view){v.p, v.n - 1});
}

static const char *state_of(const struct export_lot *e)
{
    if (e->open_now == 0)
        return "closed";
    return e->free != COUNT_NONE ? "open" : "nodata";
}

static void write_disabled(struct json_writer *w, const struct export_lot *e)
{
    int32_t free = export_class_free(e, CLASS_ACCESSIBLE), total = e->r->classes[CLASS_ACCESSIBLE].total;
    if (total == COUNT_NONE)
        total = e->lot->class_total[CLASS_ACCESSIBLE];
    if (total != COUNT_NONE)
        jw_int(w, "total:disabled", total);
    if (free != COUNT_NONE)
        jw_int(w, "free:disabled", free);
}

static void write_hours(struct json_writer *w, const struct lot *lot)
{
    struct buf osm;
    buf_init(&osm, 2048);
    if (lot->hours.known && opening_print_osm(&lot->hours, &osm) == 0)
        jw_view(w, "opening_hours", buf_get(&osm));
    buf_fini(&osm);
}

static void write_notes(struct json_writer *w, const struct lot *lot)
{
    jw_object(w, "notes");
    if (lot->fee_text[0])
        jw_str(w, "zh", lot->fee_text);
    jw_end_object(w);
}

static void write_lot(struct json_writer *w, const struct export_lot *e)
{
    jw_object(w, NULL);
    jw_str(w, "id", e->lot->id);
    jw_str(w, "name", e->lot->name);
    jw_str(w, "state", state_of(e));
    jw_int(w, "total", e->total);
    if (e->free != COUNT_NONE)
        jw_int(w, "free", e->free);
    write_disabled(w, e);
    jw_object(w, "coords");
    jw_real(w, "lat", e->at.lat, 6);
    jw_real(w, "lng", e->at.lng, 6);
    jw_end_object(w);
    if (e->lot->address[0])
        jw_str(w, "address", e->lot->address);
    if (e->lot->area[0])
        jw_str(w, "region", e->lot->area);
    write_hours(w, e->lot);
    jw_bool(w, "forecast", false);
    write_notes(w, e->lot);
    jw_end_object(w);
}

static int64_t newest(const struct selection *s, int64_t now_ms)
{
    int64_t ms = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].lot->reading.observed_ms > ms)
            ms = s->v[i].lot->reading.observed_ms;
    }
    return ms ? ms : now_ms;
}

void export_parkapi(const struct selection *s, const struct export_view *v, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    local_time(&w, "last_updated", newest(s, v->now_ms));
    local_time(&w, "last_downloaded", v->now_ms);
    if (v->url[0])
        jw_str(&w, "data_source", v->url);
    jw_array(&w, "lots");
    for (size_t i = 0; i < s->n; i++) {
        struct export_lot e = export_lot_of(s->v[i].lot, v);
        if (e.lot->has_point && e.total != COUNT_NONE)
            write_lot(&w, &e);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
}
