/* SPDX-License-Identifier: MIT
 * NGSI-LD entities OffStreetParking (Smart Data Models 0.1.3), as upserts take them, or in the short form of
 * key-values. The data model needs a place; a number that is not known is left out.
 */
#include "api/export.h"

#define CONTEXT "https://raw.githubusercontent.com/smart-data-models/dataModel.Parking/master/context.jsonld"

/* An attribute around its value, or the value alone. */
struct attribute {
    struct json_writer *w;
    bool plain;
    int64_t observed_ms;
};

static void begin(const struct attribute *a, const char *key, const char *type)
{
    if (a->plain)
        return;
    jw_object(a->w, key);
    jw_str(a->w, "type", type);
}

static const char *value_key(const struct attribute *a, const char *key)
{
    return a->plain ? key : "value";
}

static void end(const struct attribute *a)
{
    if (a->plain)
        return;
    if (a->observed_ms)
        jw_time(a->w, "observedAt", a->observed_ms);
    jw_end_object(a->w);
}

static void text(const struct attribute *a, const char *key, const char *v)
{
    begin(a, key, "Property");
    jw_str(a->w, value_key(a, key), v);
    end(a);
}

static void number(const struct attribute *a, const char *key, int32_t v)
{
    begin(a, key, "Property");
    jw_int(a->w, value_key(a, key), v);
    end(a);
}

static void location(const struct attribute *a, struct point at)
{
    begin(a, "location", "GeoProperty");
    jw_object(a->w, value_key(a, "location"));
    jw_str(a->w, "type", "Point");
    jw_array(a->w, "coordinates");
    jw_real(a->w, NULL, at.lng, 6);
    jw_real(a->w, NULL, at.lat, 6);
    jw_end_array(a->w);
    jw_end_object(a->w);
    end(a);
}

/* The words of the data model; empty: nothing is known. */
static void status(const struct attribute *a, const struct export_lot *e)
{
    static const char *const bands[] = {[BAND_FULL] = "full",
                                        [BAND_FEW] = "almostFull",
                                        [BAND_SOME] = "spacesAvailable",
                                        [BAND_PLENTY] = "spacesAvailable"};
    if (e->open_now < 0 && e->band == BAND_UNKNOWN)
        return;
    begin(a, "status", "Property");
    jw_array(a->w, value_key(a, "status"));
    if (e->open_now >= 0)
        jw_str(a->w, NULL, e->open_now ? "open" : "closed");
    if (e->open_now != 0 && e->band != BAND_UNKNOWN)
        jw_str(a->w, NULL, bands[e->band]);
    jw_end_array(a->w);
    end(a);
}

static void address(const struct attribute *a, const struct lot *lot)
{
    if (!lot->address[0])
        return;
    begin(a, "address", "Property");
    jw_object(a->w, value_key(a, "address"));
    jw_str(a->w, "streetAddress", lot->address);
    jw_str(a->w, "addressCountry", "CN");
    jw_end_object(a->w);
    end(a);
}

static void entity(struct json_writer *w, const struct export_lot *e, bool plain)
{
    struct attribute still = {w, plain, 0}, moving = {w, plain, e->r->observed_ms};
    struct buf id;
    buf_init(&id, 128);
    buf_printf(&id, "urn:ngsi-ld:OffStreetParking:%s", e->lot->id);
    jw_object(w, NULL);
    jw_view(w, "id", buf_get(&id));
    jw_str(w, "type", "OffStreetParking");
    text(&still, "name", e->lot->name);
    location(&still, e->at);
    address(&still, e->lot);
    if (e->total > 0) /* the data model has no car park without a place */
        number(&still, "totalSpotNumber", e->total);
    if (e->free != COUNT_NONE)
        number(&moving, "availableSpotNumber", e->free);
    status(&moving, e);
    jw_raw(w, "@context", VIEW("[\"" CONTEXT "\"]"));
    jw_end_object(w);
    buf_fini(&id);
}

void export_ngsi(const struct selection *s, const struct export_view *v, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w, NULL);
    for (size_t i = 0; i < s->n; i++) {
        struct export_lot e = export_lot_of(s->v[i].lot, v);
        if (e.lot->has_point)
            entity(&w, &e, v->key_values);
    }
    jw_end_array(&w);
    buf_char(out, '\n');
}
