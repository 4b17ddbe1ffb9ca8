/* SPDX-License-Identifier: MIT
 * One lot for residents. The number is there only while it is current; what it last was stands apart, with
 * its time, and can never be taken for it.
 */
#include "api/render.h"

struct shown {
    const struct registry_lot *l;
    const struct reading *r;
    bool current;
    enum freshness freshness;
    int64_t now_ms;
};

static void count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void text(struct json_writer *w, const char *key, const char *s)
{
    if (s[0])
        jw_str(w, key, s);
}

static int32_t known(int32_t first, int32_t second)
{
    return first != COUNT_NONE ? first : second;
}

static void write_place(struct json_writer *w, const struct lot *lot, const struct lot_view *v)
{
    struct point p = {lot->lng, lot->lat};
    if (!lot->has_point) {
        jw_null(w, "location");
        return;
    }
    p = geo_convert(p, lot->datum, v->crs);
    jw_object(w, "location");
    jw_real(w, "lng", p.lng, 6);
    jw_real(w, "lat", p.lat, 6);
    jw_str(w, "crs", datum_name(v->crs));
    jw_end_object(w);
}

static void write_counts(struct json_writer *w, const struct shown *s)
{
    const struct reading *r = s->r;
    int32_t last = r->expired ? r->last_free : r->free;
    count(w, "total", known(r->total, s->l->lot.total));
    count(w, "open", known(r->open, s->l->lot.open));
    count(w, "free", s->current ? r->free : COUNT_NONE);
    if (s->current || last == COUNT_NONE)
        return;
    jw_object(w, "last_known");
    jw_int(w, "free", last);
    jw_time(w, "observed_at", r->observed_ms);
    jw_end_object(w);
}

static void write_state(struct json_writer *w, const struct shown *s)
{
    const struct reading *r = s->r;
    int64_t age = s->now_ms - r->observed_ms;
    jw_str(w, "band", band_name(s->current ? r->band : BAND_UNKNOWN));
    jw_str(w, "status", status_name(s->current ? r->status : STATUS_UNKNOWN));
    jw_str(w, "freshness", freshness_name(s->freshness));
    jw_time(w, "observed_at", r->observed_ms);
    jw_time(w, "changed_at", r->changed_ms);
    if (r->observed_ms)
        jw_int(w, "age_s", age > 0 ? age / 1000 : 0);
    else
        jw_null(w, "age_s");
    jw_time(w, "valid_until", s->current ? freshness_valid_until(r, s->l->interval_ms) : 0);
    jw_int(w, "seq", (int64_t)r->seq);
}

static void write_quality(struct json_writer *w, uint32_t quality)
{
    jw_array(w, "quality");
    for (int b = 0; b < QUALITY_N; b++) {
        if (quality >> b & 1u)
            jw_str(w, NULL, quality_name((enum quality_bit)b));
    }
    jw_end_array(w);
}

static void write_place_count(struct json_writer *w, int32_t free, int32_t total)
{
    count(w, "free", free);
    count(w, "total", total);
    jw_end_object(w);
}

static void write_parts(struct json_writer *w, const struct shown *s)
{
    jw_object(w, "classes");
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        const struct place_count *p = &s->r->classes[c];
        int32_t total = known(p->total, s->l->lot.class_total[c]);
        if (p->free == COUNT_NONE && total == COUNT_NONE)
            continue;
        jw_object(w, place_class_name((enum place_class)c));
        write_place_count(w, s->current ? p->free : COUNT_NONE, total);
    }
    jw_end_object(w);
    jw_array(w, "zones");
    for (int i = 0; i < s->r->n_zones; i++) {
        jw_object(w, NULL);
        jw_str(w, "id", s->r->zones[i].id);
        write_place_count(w, s->current ? s->r->zones[i].count.free : COUNT_NONE, s->r->zones[i].count.total);
    }
    jw_end_array(w);
}

static void write_detail(struct json_writer *w, const struct lot *lot)
{
    text(w, "kind", lot->kind);
    text(w, "phone", lot->phone);
    text(w, "fee_text", lot->fee_text);
    text(w, "hours_text", lot->hours_text);
    if (lot->free_minutes != COUNT_NONE)
        jw_int(w, "free_minutes", lot->free_minutes);
    if (lot->height_m > 0)
        jw_real(w, "height_m", lot->height_m, 2);
}

void render_lot_object(struct json_writer *w, const struct registry_lot *l, const struct lot_view *v)
{
    struct shown s = {l, &l->reading, freshness_current(&l->reading, l->interval_ms, v->now_ms),
                      freshness_of(&l->reading, l->interval_ms, v->now_ms), v->now_ms};
    jw_object(w, NULL);
    jw_str(w, "id", l->lot.id);
    jw_str(w, "name", l->lot.name);
    text(w, "name_en", l->lot.name_en);
    text(w, "address", l->lot.address);
    text(w, "area", l->lot.area);
    write_place(w, &l->lot, v);
    if (v->distance_m >= 0)
        jw_int(w, "distance_m", (int64_t)(v->distance_m + 0.5));
    write_counts(w, &s);
    /* Where people had a hand in it, what the lot itself says stands beside. */
    if (s.current && l->reading.quality & QUALITY_MANUAL && l->reading.raw_free != RAW_NONE)
        jw_int(w, "raw_free", l->reading.raw_free);
    write_state(w, &s);
    write_quality(w, l->reading.quality);
    write_parts(w, &s);
    if (v->detail)
        write_detail(w, &l->lot);
    jw_end_object(w);
}

int render_lot(const struct registry_lot *l, const struct lot_view *v, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    render_lot_object(&w, l, v);
    buf_char(out, '\n');
    return out->err;
}
