/* SPDX-License-Identifier: MIT
 * The lots in the formats that others read, out of one model. Pure.
 *
 * Unknown is left out or null, never 0: readers take a null for nought. A format that needs a place or a
 * capacity gets no lot without one. Points are WGS-84.
 */
#ifndef PARKD_SRC_API_EXPORT_H
#define PARKD_SRC_API_EXPORT_H

#include "api/select.h"
#include "parkd/base/json_write.h"
#include "parkd/model/trend.h"

enum export_format {
    EXPORT_GEOJSON,
    EXPORT_CSV,
    EXPORT_PARKAPI,
    EXPORT_DATEX2,
    EXPORT_SIRI,
    EXPORT_NGSI,
    EXPORT_N
};

struct export_view {
    const char *district; /* its name */
    const char *url;      /* of the public listener, "" unknown */
    int64_t now_ms;
    bool key_values;                              /* NGSI-LD in its short form */
    enum trend (*trend)(void *ctx, uint32_t idx); /* NULL: unknown */
    void *ctx;
};

/* "geojson", "datex2-light" …; ERR_NOT_FOUND. */
int export_format_of(struct view name, enum export_format *out) must_check;
const char *export_type(enum export_format f); /* its media type */
int render_export(enum export_format f, const struct selection *s, const struct export_view *v,
                  struct buf *out) must_check;

/* One lot as all formats see it. */
struct export_lot {
    const struct lot *lot;
    const struct reading *r;
    struct point at; /* WGS-84; lot->has_point */
    bool current;
    int32_t total, free; /* COUNT_NONE: not known, or not current */
    int open_now;        /* as select_open_now */
    enum band band;      /* BAND_UNKNOWN unless current */
    enum trend trend;
};
struct export_lot export_lot_of(const struct registry_lot *l, const struct export_view *v);
/* Of a class of places; COUNT_NONE. */
int32_t export_class_free(const struct export_lot *e, enum place_class c);

/* export_*.c: one a format. */
void export_geojson(const struct selection *s, const struct export_view *v, struct buf *out);
void export_csv(const struct selection *s, const struct export_view *v, struct buf *out);
void export_parkapi(const struct selection *s, const struct export_view *v, struct buf *out);
void export_datex2(const struct selection *s, const struct export_view *v, struct buf *out);
void export_siri(const struct selection *s, const struct export_view *v, struct buf *out);
void export_ngsi(const struct selection *s, const struct export_view *v, struct buf *out);

#endif
