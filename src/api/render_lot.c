/* SPDX-License-Identifier: MIT
 * One lot for residents. The number is there only while it is current; what it last was stands apart, with
 * its time, and can never be taken for it.
 */
#include "api/render.h"

struct shown {
    const struct registry_lot *l;
    const struct reading *r;
    bool current;
    int64_t now_ms;
    uint64_t fields;
    const struct lot_outlook *outlook;
};

/* The member's name if it was asked for; NULL: it is left out. */
static const char *asked(const struct shown *s, enum lot_field f)
{
    return s->fields & FIELD_BIT(f) ? lot_field_name(f) : NULL;
}

static void count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void count_field(struct json_writer *w, const struct shown *s, enum lot_field f, int32_t v)
{
    if (asked(s, f))
        count(w, asked(s, f), v);
}

static void text_field(struct json_writer *w, const struct shown *s, enum lot_field f, const char *text)
{
    if (asked(s, f) && text[0])
        jw_str(w, asked(s, f), text);
}

static void time_field(struct json_writer *w, const struct shown *s, enum lot_field f, int64_t ms)
{
    if (asked(s, f))
        jw_time(w, asked(s, f), ms);
}

static int32_t known(int32_t first, int32_t second)
{
    return first != COUNT_NONE ? first : second;
}

/* Members of an open object. */
static void write_point(struct json_writer *w, struct point p, enum datum from, enum datum crs)
{
    p = geo_convert(p, from, crs);
    jw_real(w, "lng", p.lng, 6);
    jw_real(w, "lat", p.lat, 6);
    jw_str(w, "crs", datum_name(crs));
}

static void write_place(struct json_writer *w, const struct lot *lot, enum datum crs)
{
    if (!lot->has_point) {
        jw_null(w, "location");
        return;
    }
    jw_object(w, "location");
    write_point(w, (struct point){lot->lng, lot->lat}, lot->datum, crs);
    jw_end_object(w);
}

static void write_entrance(struct json_writer *w, const struct lot *lot, enum datum crs)
{
    if (!lot->has_entrance)
        return;
    jw_object(w, "entrance");
    if (lot->entrance_name[0])
        jw_str(w, "name", lot->entrance_name);
    write_point(w, (struct point){lot->entrance_lng, lot->entrance_lat}, lot->entrance_datum, crs);
    jw_end_object(w);
}

static void write_counts(struct json_writer *w, const struct shown *s)
{
    const struct reading *r = s->r;
    int32_t last = r->expired ? r->last_free : r->free;
    count_field(w, s, F_TOTAL, known(r->total, s->l->lot.total));
    count_field(w, s, F_OPEN, known(r->open, s->l->lot.open));
    count_field(w, s, F_FREE, s->current ? r->free : COUNT_NONE);
    if (asked(s, F_LAST_KNOWN) && !s->current && last != COUNT_NONE) {
        jw_object(w, "last_known");
        jw_int(w, "free", last);
        jw_time(w, "observed_at", r->observed_ms);
        jw_end_object(w);
    }
    /* Where people had a hand in it, what the lot itself says stands beside. */
    if (asked(s, F_RAW_FREE) && s->current && r->quality & QUALITY_MANUAL && r->raw_free != RAW_NONE)
        jw_int(w, "raw_free", r->raw_free);
}

static void write_open_now(struct json_writer *w, const struct shown *s)
{
    int open = select_open_now(s->l, s->now_ms);
    if (open < 0)
        jw_null(w, "open_now");
    else
        jw_bool(w, "open_now", open == 1);
}

static void write_trend(struct json_writer *w, const struct shown *s)
{
    static const char *const words[] = {
        [TREND_FILLING] = "filling", [TREND_STEADY] = "steady", [TREND_EMPTYING] = "emptying"};
    enum trend t =
        s->current && s->outlook->trend ? s->outlook->trend(s->outlook->ctx, s->l->idx) : TREND_UNKNOWN;
    if (t == TREND_UNKNOWN)
        jw_null(w, "trend");
    else
        jw_str(w, "trend", words[t]);
}

static void write_outlook(struct json_writer *w, const struct shown *s)
{
    const struct lot_outlook *o = s->outlook;
    struct forecast f;
    if (asked(s, F_TREND))
        write_trend(w, s);
    if (!o->minutes || !asked(s, F_ARRIVAL))
        return;
    if (!o->arrival(o->ctx, s->l->idx, o->minutes, &f)) {
        jw_null(w, "arrival");
        return;
    }
    jw_object(w, "arrival");
    jw_int(w, "minutes", o->minutes);
    jw_int(w, "expected", f.expected);
    jw_int(w, "low", f.low);
    jw_int(w, "high", f.high);
    jw_real(w, "chance", f.chance, 2);
    jw_end_object(w);
}

static void write_state(struct json_writer *w, const struct shown *s)
{
    const struct reading *r = s->r;
    int64_t age = s->now_ms - r->observed_ms;
    text_field(w, s, F_BAND, band_name(s->current ? r->band : BAND_UNKNOWN));
    text_field(w, s, F_STATUS, status_name(s->current ? r->status : STATUS_UNKNOWN));
    if (asked(s, F_OPEN_NOW))
        write_open_now(w, s);
    write_outlook(w, s);
    text_field(w, s, F_FRESHNESS, freshness_name(freshness_of(r, s->l->interval_ms, s->now_ms)));
    time_field(w, s, F_OBSERVED_AT, r->observed_ms);
    time_field(w, s, F_CHANGED_AT, r->changed_ms);
    if (asked(s, F_AGE) && r->observed_ms)
        jw_int(w, "age_s", age > 0 ? age / 1000 : 0);
    else if (asked(s, F_AGE))
        jw_null(w, "age_s");
    time_field(w, s, F_VALID_UNTIL, s->current ? freshness_valid_until(r, s->l->interval_ms) : 0);
    if (asked(s, F_SEQ))
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

static void write_classes(struct json_writer *w, const struct shown *s)
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
}

static void write_zones(struct json_writer *w, const struct shown *s)
{
    jw_array(w, "zones");
    for (int i = 0; i < s->r->n_zones; i++) {
        jw_object(w, NULL);
        jw_str(w, "id", s->r->zones[i].id);
        write_place_count(w, s->current ? s->r->zones[i].count.free : COUNT_NONE, s->r->zones[i].count.total);
    }
    jw_end_array(w);
}

/* `osm` has at most some dozens of bytes a span. */
static void write_hours(struct json_writer *w, const struct shown *s)
{
    const struct opening *h = &s->l->lot.hours;
    struct opening_state now = opening_at(h, s->now_ms);
    struct buf osm;
    if (!h->known) {
        jw_null(w, "hours");
        return;
    }
    buf_init(&osm, 2048);
    jw_object(w, "hours");
    jw_view(w, "osm", opening_print_osm(h, &osm) ? VIEW("") : buf_get(&osm));
    jw_bool(w, "open", now.open);
    jw_bool(w, "entry", now.entry);
    jw_time(w, "changes_at", opening_next(h, s->now_ms));
    jw_end_object(w);
    buf_fini(&osm);
}

static void write_detail(struct json_writer *w, const struct shown *s, enum datum crs)
{
    const struct lot *lot = &s->l->lot;
    text_field(w, s, F_KIND, lot->kind);
    text_field(w, s, F_PHONE, lot->phone);
    text_field(w, s, F_FEE_TEXT, lot->fee_text);
    text_field(w, s, F_HOURS_TEXT, lot->hours_text);
    if (asked(s, F_HOURS))
        write_hours(w, s);
    if (asked(s, F_FREE_MINUTES) && lot->free_minutes != COUNT_NONE)
        jw_int(w, "free_minutes", lot->free_minutes);
    if (asked(s, F_HEIGHT) && lot->height_m > 0)
        jw_real(w, "height_m", lot->height_m, 2);
    if (asked(s, F_ENTRANCE))
        write_entrance(w, lot, crs);
    if (asked(s, F_COURIER_MINUTES) && lot->courier_minutes > 0)
        jw_int(w, "courier_minutes", lot->courier_minutes);
}

static void write_names(struct json_writer *w, const struct shown *s)
{
    const struct lot *lot = &s->l->lot;
    text_field(w, s, F_ID, lot->id);
    text_field(w, s, F_NAME, lot->name);
    text_field(w, s, F_NAME_EN, lot->name_en);
    text_field(w, s, F_ADDRESS, lot->address);
    text_field(w, s, F_AREA, lot->area);
}

void render_lot_object(struct json_writer *w, const struct registry_lot *l, const struct lot_view *v)
{
    struct shown s = {l,         &l->reading, freshness_current(&l->reading, l->interval_ms, v->now_ms),
                      v->now_ms, v->fields,   &v->outlook};
    jw_object(w, NULL);
    write_names(w, &s);
    if (asked(&s, F_LOCATION))
        write_place(w, &l->lot, v->crs);
    if (asked(&s, F_DISTANCE) && v->distance_m >= 0)
        jw_int(w, "distance_m", (int64_t)(v->distance_m + 0.5));
    write_counts(w, &s);
    write_state(w, &s);
    if (asked(&s, F_QUALITY))
        write_quality(w, l->reading.quality);
    if (asked(&s, F_CLASSES))
        write_classes(w, &s);
    if (asked(&s, F_ZONES))
        write_zones(w, &s);
    write_detail(w, &s, v->crs);
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
