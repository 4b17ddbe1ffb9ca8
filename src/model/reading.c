/* SPDX-License-Identifier: MIT
 * Readings as values: empty, compared, and as an item of the native format. The text form is in
 * reading_text.c.
 */
#include "parkd/model/reading.h"

#include <string.h>

#include "model/reading_check.h"
#include "parkd/base/json_write.h"

static const struct place_count nothing = {COUNT_NONE, COUNT_NONE};

void reading_init(struct reading *r)
{
    *r = (struct reading){.raw_free = RAW_NONE,
                          .raw_total = RAW_NONE,
                          .free = COUNT_NONE,
                          .open = COUNT_NONE,
                          .total = COUNT_NONE,
                          .last_free = COUNT_NONE};
    for (int c = 0; c < PLACE_CLASS_N; c++)
        r->classes[c] = nothing;
    for (int z = 0; z < REPORT_MAX_ZONES; z++)
        r->zones[z].count = nothing;
}

static bool same_place(const struct place_count *a, const struct place_count *b)
{
    return a->free == b->free && a->total == b->total;
}

static bool same_places(const struct reading *a, const struct reading *b)
{
    for (int c = 0; c < PLACE_CLASS_N; c++)
        if (!same_place(&a->classes[c], &b->classes[c]))
            return false;
    if (a->n_zones != b->n_zones)
        return false;
    for (int z = 0; z < a->n_zones; z++)
        if (!same_place(&a->zones[z].count, &b->zones[z].count) ||
            strcmp(a->zones[z].id, b->zones[z].id) != 0)
            return false;
    return true;
}

bool reading_same(const struct reading *a, const struct reading *b)
{
    return a->free == b->free && a->open == b->open && a->total == b->total && a->last_free == b->last_free &&
           a->status == b->status && a->band == b->band && a->quality == b->quality &&
           a->expired == b->expired && same_places(a, b);
}

bool reading_is_late(const struct reading *next, const struct reading *held, int64_t now_ms)
{
    if (!held->seq || next->observed_ms >= held->observed_ms || held->observed_ms > now_ms + READING_AHEAD_MS)
        return false;
    if (held->expired)
        return true;
    if (next->source_seq && held->source_seq)
        return next->source_seq <= held->source_seq;
    return held->source_ms <= 0 || next->source_ms <= held->source_ms;
}

static bool count_ok(int32_t v, int32_t most)
{
    return v == COUNT_NONE || (v >= 0 && v <= most);
}

static bool place_ok(const struct place_count *p)
{
    return count_ok(p->total, COUNT_MAX) && count_ok(p->free, p->total == COUNT_NONE ? COUNT_MAX : p->total);
}

/* 1…23 bytes of UTF-8. */
static bool zone_id_ok(const char id[ZONE_ID_SIZE])
{
    size_t n = strnlen(id, ZONE_ID_SIZE);
    return n > 0 && n < ZONE_ID_SIZE && view_is_utf8((struct view){id, n});
}

static bool places_ok(const struct reading *r)
{
    for (int c = 0; c < PLACE_CLASS_N; c++)
        if (!place_ok(&r->classes[c]))
            return false;
    if (r->n_zones < 0 || r->n_zones > REPORT_MAX_ZONES)
        return false;
    for (int z = 0; z < r->n_zones; z++)
        if (!zone_id_ok(r->zones[z].id) || !place_ok(&r->zones[z].count))
            return false;
    return true;
}

static bool time_ok(int64_t ms)
{
    return ms >= 0 && ms <= READING_TIME_MAX;
}

bool reading_valid(const struct reading *r)
{
    int32_t most_open = r->total == COUNT_NONE ? COUNT_MAX : r->total;
    int32_t most_free = r->open == COUNT_NONE ? most_open : r->open;
    return time_ok(r->changed_ms) && time_ok(r->observed_ms) && time_ok(r->received_ms) &&
           time_ok(r->source_ms) && count_ok(r->total, COUNT_MAX) && count_ok(r->open, most_open) &&
           count_ok(r->free, most_free) && count_ok(r->last_free, COUNT_MAX) &&
           (!r->expired || r->free == COUNT_NONE) && r->status <= STATUS_CLOSED && r->band <= BAND_PLENTY &&
           r->quality < UINT32_C(1) << QUALITY_N && places_ok(r);
}

static void write_count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void write_place(struct json_writer *w, const struct place_count *p)
{
    write_count(w, "free", p->free);
    write_count(w, "total", p->total);
}

static void write_quality(struct json_writer *w, uint32_t quality)
{
    if (!quality)
        return;
    jw_array(w, "quality");
    for (int q = 0; q < QUALITY_N; q++)
        if (quality & UINT32_C(1) << q)
            jw_str(w, NULL, quality_name((enum quality_bit)q));
    jw_end_array(w);
}

static void write_classes(struct json_writer *w, const struct reading *r)
{
    bool begun = false;
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (same_place(&r->classes[c], &nothing))
            continue;
        if (!begun)
            jw_object(w, "classes");
        begun = true;
        jw_object(w, place_class_name((enum place_class)c));
        write_place(w, &r->classes[c]);
        jw_end_object(w);
    }
    if (begun)
        jw_end_object(w);
}

static void write_zones(struct json_writer *w, const struct reading *r)
{
    if (!r->n_zones)
        return;
    jw_array(w, "zones");
    for (int z = 0; z < r->n_zones; z++) {
        jw_object(w, NULL);
        jw_str(w, "id", r->zones[z].id);
        write_place(w, &r->zones[z].count);
        jw_end_object(w);
    }
    jw_end_array(w);
}

int reading_native_item(const char *lot_id, const struct reading *r, struct buf *out)
{
    struct json_writer w;
    if (!reading_valid(r))
        return ERR_INVALID;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "lot", lot_id);
    jw_int(&w, "seq", (int64_t)r->seq);
    jw_time(&w, "at", r->changed_ms);
    write_count(&w, "free", r->free);
    write_count(&w, "open", r->open);
    write_count(&w, "total", r->total);
    jw_str(&w, "status", status_name(r->status));
    jw_str(&w, "band", band_name(r->band));
    write_quality(&w, r->quality);
    write_classes(&w, r);
    write_zones(&w, r);
    jw_end_object(&w);
    return out->err;
}
