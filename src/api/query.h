/* SPDX-License-Identifier: MIT
 * Query parameters → typed questions. Pure. An unknown, repeated or wrong parameter is an error that names it
 * (and the nearest known one), because a filter that was silently ignored gives a wrong answer that looks
 * right.
 */
#ifndef PARKD_SRC_API_QUERY_H
#define PARKD_SRC_API_QUERY_H

#include "parkd/model/geo.h"

#define QUERY_MAX       24
#define QUERY_CURSOR    96   /* bytes of the longest cursor */
#define QUERY_LIMIT_MAX 1000 /* lots on one page of a list, and the default */

struct query_param {
    struct view name, value;
};
/* As they came; `n` counts on beyond QUERY_MAX, and query_lots and its sisters refuse then. */
struct query {
    struct query_param v[QUERY_MAX];
    size_t n;
};
void query_add(struct query *q, struct view name, struct view value);

/* What a list is sorted by; equal ones stand in order of id. */
enum lots_order { BY_ID, BY_DISTANCE, BY_FREE, BY_NAME };

/* Members of a lot in an answer (fields.def), and sets of them. */
enum lot_field {
#define FIELD(id, name, set) id,
#include "api/fields.def"
#undef FIELD
    LOT_FIELD_N
};
#define FIELD_BIT(f) ((uint64_t)1 << (f))
extern const uint64_t fields_of_list, fields_of_detail;
const char *lot_field_name(enum lot_field f);

/* Where a page ended: the last lot and, but for BY_ID and BY_NAME, what it was sorted by. */
struct lots_cursor {
    struct view id; /* empty: from the start */
    double key;
};

struct lots_query {
    bool has_near, has_bbox, open_now;
    struct point near;
    double radius_m; /* 0: any distance */
    double west, south, east, north;
    enum datum crs;   /* of near and bbox, and of the answer */
    struct view area; /* empty: not asked */
    struct lots_cursor cursor;
    enum lots_order order;
    uint64_t fields;          /* bits of enum lot_field */
    int64_t changed_since_ms; /* 0: not asked */
    unsigned bands;           /* bit per enum band, 0: not asked */
    int place_class;          /* enum place_class, -1: not asked */
    int32_t min_free;         /* of the class if one is asked for; 0: not asked */
    int limit;
    int arrive_in; /* minutes; 0: not asked */
};
/* near=lng,lat · radius (m) · bbox=west,south,east,north · area · band (several with commas) · class ·
 * min_free · open_now=true · changed_since (RFC 3339 or epoch ms) · sort=distance|free|name|id (distance with
 * near, else id) · arrive_in (minutes, with
 * near) · limit · cursor · fields (with commas) · crs=wgs84|gcj02|bd09. ERR_* with `why` ("radius").
 */
int query_lots(const struct query *q, struct lots_query *out, struct why *why) must_check;
/* What an export may be asked for: area, bbox, class, open_now. */
int query_export(const struct query *q, struct lots_query *out, struct why *why) must_check;
/* crs and fields, for one lot: `out` has no more than these. */
int query_lot(const struct query *q, struct lots_query *out, struct why *why) must_check;
/* area alone; empty: not asked. */
int query_summary(const struct query *q, struct view *area, struct why *why) must_check;
/* lots (ids with commas) or area. */
int query_stream(const struct query *q, struct view *lots, struct view *area, struct why *why) must_check;

struct history_query {
    int64_t from_ms, to_ms; /* from is a multiple of the step, in UTC */
    int64_t step_ms;
};
#define HISTORY_MINUTE_DAYS 7 /* reach of steps below an hour */
#define HISTORY_MAX_POINTS  (HISTORY_MINUTE_DAYS * 24 * 60)
/* from, to (RFC 3339 or epoch ms; the last 24 h) · step=1m|5m|15m|30m|1h|1d (5m). */
int query_history(const struct query *q, int64_t now_ms, struct history_query *out,
                  struct why *why) must_check;

/* lang=en, large=1, embed=1 and area. Pages take any other parameter as it comes: messengers append theirs to
 * links. */
struct page_query {
    bool english, large, embed;
    struct view area;
};
struct page_query query_page(const struct query *q);
/* No parameter at all. */
int query_none(const struct query *q, struct why *why) must_check;
/* The parameters as a query string in order of name, for cache keys and links; "cursor" left out when
 * `without_cursor`. */
int query_print(const struct query *q, bool without_cursor, struct buf *out) must_check;

#endif
