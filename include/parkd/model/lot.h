/* SPDX-License-Identifier: MIT
 * A lot as registered: identity, place, capacity, who reports it. A value: fixed size, copied freely, owns
 * nothing.
 *
 * Invariants after lot_parse: id is 1…32 bytes of [A-Za-z0-9._-] starting with a letter or digit; 0 <= open
 * <= total when both are known; has_point tells whether lng/lat are there, always as given, in `datum`. The
 * registration's JSON text (with members that parkd does not interpret) is kept by the registry beside the
 * parsed lot.
 */
#ifndef PARKD_MODEL_LOT_H
#define PARKD_MODEL_LOT_H

#include "parkd/base/buf.h"
#include "parkd/model/opening.h"
#include "parkd/model/words.h"

struct json;

#define LOT_ID_SIZE   33
#define FEED_ID_SIZE  33
#define SINK_ID_SIZE  33
#define FOREIGN_SIZE  128
#define LOT_NAME_SIZE 96
#define COUNT_NONE    (-1)
#define COUNT_MAX     65534

enum datum { DATUM_WGS84, DATUM_GCJ02, DATUM_BD09 };
enum lot_stage {
    STAGE_SURVEYED,
    STAGE_REGISTERED,
    STAGE_TESTING,
    STAGE_CONNECTED,
    STAGE_SUSPENDED,
    STAGE_RETIRED
};

/* What the office adds to every count that is reported, because somebody counted on site; until when (wall
 * clock; 0: none). */
struct correction {
    int32_t offset;
    int64_t until_ms;
};

struct lot {
    char id[LOT_ID_SIZE];
    char name[LOT_NAME_SIZE], name_en[LOT_NAME_SIZE], address[192], area[48], kind[16], phone[32],
        fee_text[96], hours_text[64];
    bool has_point, has_entrance;
    double lng, lat;
    enum datum datum;
    double entrance_lng, entrance_lat; /* where cars go in: what people navigate to */
    enum datum entrance_datum;
    char entrance_name[48];
    int32_t total, open;                /* COUNT_NONE: not known */
    int32_t class_total[PLACE_CLASS_N]; /* COUNT_NONE: not known */
    int32_t free_minutes;               /* COUNT_NONE: not known */
    int32_t courier_minutes;            /* how long couriers may stay on their places; 0: not known */
    double height_m;                    /* 0: no limit known */
    struct opening hours;               /* given, or understood from hours_text */
    enum lot_stage stage;
    char owner[LOT_ID_SIZE];       /* the operator's account; empty: nobody but the office */
    char feed[FEED_ID_SIZE];       /* empty: no feed yet */
    char foreign_id[FOREIGN_SIZE]; /* the feed's own name of the lot; the lot's id if not given */
    struct correction correction;  /* the office's; no part of the registration */
};

/* From a registration
 * {"id","name","name_en","address","area","kind","phone","fee_text","hours_text","location":{"lng","lat",
 * "datum"},"total","open","classes":{"charging":10},"hours","free_minutes",
 * "courier_minutes","height_m","entrance":{"lng","lat","datum","name"},"stage","operator","feed",
 * "foreign_id","notes"}: id and name are needed; of a location and an entrance lng, lat and datum, because no
 * datum can be guessed; stage is registered if
 * not given; hours: model/opening.h; unknown members are errors (ERR_UNKNOWN_KEY). `notes` is checked and not
 * kept. `why` names the member. */
int lot_parse(const struct json *j, struct lot *out, struct why *why) must_check;
bool lot_id_valid(struct view id);
/* Suspended or retired: its numbers do not count, and whoever was told one is told "unknown". */
bool lot_stage_is_withdrawn(enum lot_stage s);
const char *lot_stage_name(enum lot_stage s);                       /* "surveyed" … "retired" */
int lot_stage_of(struct view name, enum lot_stage *out) must_check; /* ERR_NOT_FOUND */
const char *datum_name(enum datum d);
int datum_of(struct view name, enum datum *out) must_check;

#endif
