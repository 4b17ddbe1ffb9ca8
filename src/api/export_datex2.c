/* SPDX-License-Identifier: MIT
 * DATEX II v3 Parking Publication Light (02-00-00) in JSON. Enumerations are {"value":…}; a site needs _id,
 * type and a place. Coordinates should be ETRS89, which within China is WGS-84 to a metre.
 */
#include "api/export.h"

static void value(struct json_writer *w, const char *key, const char *v)
{
    jw_object(w, key);
    jw_str(w, "value", v);
    jw_end_object(w);
}

static void texts(struct json_writer *w, const char *key, const char *text)
{
    if (!text[0])
        return;
    jw_array(w, key);
    jw_str(w, NULL, text);
    jw_end_array(w);
}

/* Its trend is of the occupancy: it grows while the lot fills. */
static const char *trend_word(enum trend t)
{
    static const char *const words[] = {[TREND_UNKNOWN] = "unknown",
                                        [TREND_FILLING] = "increasing",
                                        [TREND_STEADY] = "stable",
                                        [TREND_EMPTYING] = "decreasing"};
    return words[t];
}

/* Classes that the standard has a user or a vehicle for. */
static const struct {
    enum place_class class;
    const char *key, *word;
} assigned[] = {
    {CLASS_ACCESSIBLE, "user", "disabled"}, {CLASS_FAMILY, "user", "families"},
    {CLASS_WOMEN, "user", "women"},         {CLASS_LORRY, "vehicleType", "lorry"},
    {CLASS_BUS, "vehicleType", "bus"},
};

static void write_assigned(struct json_writer *w, const struct export_lot *e)
{
    bool any = false;
    for (size_t i = 0; i < sizeof assigned / sizeof assigned[0]; i++) {
        enum place_class c = assigned[i].class;
        int32_t free = export_class_free(e, c);
        if (free == COUNT_NONE && e->r->classes[c].total <= 0 && e->lot->class_total[c] <= 0)
            continue;
        if (!any)
            jw_array(w, "assignedFor");
        any = true;
        jw_object(w, NULL);
        value(w, "typeOfAssignment", "optimisedFor");
        value(w, assigned[i].key, assigned[i].word);
        if (free != COUNT_NONE)
            jw_int(w, "availableSpaces", free);
        jw_end_object(w);
    }
    if (any)
        jw_end_array(w);
}

static void write_place(struct json_writer *w, const struct export_lot *e)
{
    jw_object(w, "locationAndDimension");
    if (e->lot->address[0])
        jw_str(w, "locationDescriptor", e->lot->address);
    jw_object(w, "coordinatesForDisplay");
    jw_real(w, "latitude", e->at.lat, 6);
    jw_real(w, "longitude", e->at.lng, 6);
    jw_end_object(w);
    jw_end_object(w);
}

static void write_site(struct json_writer *w, const struct export_lot *e)
{
    jw_object(w, NULL);
    jw_str(w, "_id", e->lot->id);
    value(w, "type", "carPark");
    if (e->r->observed_ms)
        jw_time(w, "lastUpdate", e->r->observed_ms);
    jw_str(w, "name", e->lot->name);
    texts(w, "openingTimesDescription", e->lot->hours_text);
    if (e->open_now >= 0)
        jw_bool(w, "isOpenNow", e->open_now == 1);
    texts(w, "tariffDescription", e->lot->fee_text);
    if (e->total != COUNT_NONE)
        jw_int(w, "numberOfSpaces", e->total);
    if (e->free != COUNT_NONE) {
        jw_int(w, "availableSpaces", e->free);
        value(w, "occupancyTrend", trend_word(e->trend));
    }
    write_assigned(w, e);
    write_place(w, e);
    jw_end_object(w);
}

void export_datex2(const struct selection *s, const struct export_view *v, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "_modelBaseVersion", "3");
    jw_object(&w, "parkingPublicationLight");
    jw_str(&w, "lang", "zh");
    jw_time(&w, "publicationTime", v->now_ms - v->now_ms % 1000);
    jw_object(&w, "publicationCreator");
    jw_str(&w, "country", "CN");
    jw_str(&w, "nationalIdentifier", "parkd");
    jw_end_object(&w);
    if (v->district[0])
        jw_str(&w, "name", v->district);
    jw_array(&w, "parkingSite");
    for (size_t i = 0; i < s->n; i++) {
        struct export_lot e = export_lot_of(s->v[i].lot, v);
        if (e.lot->has_point)
            write_site(&w, &e);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
}
