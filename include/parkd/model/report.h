/* SPDX-License-Identifier: MIT
 * A report: what a feed claimed about one lot, before anybody believed it. Never stored, never shown.
 *
 * Counts are as claimed: negative and absurd values are possible. REPORT_NONE is "not said". A dialect fills
 * a report_list; faults name items that could not be read, and cost those items only. The list owns its
 * arrays.
 */
#ifndef PARKD_MODEL_REPORT_H
#define PARKD_MODEL_REPORT_H

#include "parkd/model/lot.h"

#define REPORT_NONE      INT64_MIN
#define REPORT_MAX_ZONES 12
#define ZONE_ID_SIZE     24
#define REPORT_LIST_MAX  4096 /* reports in one message */

enum report_kind {
    REPORT_COUNTS, /* absolute counts, or only a status */
    REPORT_BAND,   /* a band and no count */
    REPORT_BEAT,   /* a sign of life */
    REPORT_HINT    /* cars in and out since the last */
};

struct place_claim {
    int64_t free, total;
};
struct zone_claim {
    char id[ZONE_ID_SIZE];
    struct place_claim count;
};

struct report {
    char lot[FOREIGN_SIZE]; /* as the feed names it */
    enum report_kind kind;
    int64_t free, open, total, occupied;
    enum lot_status status;
    enum band band;
    int64_t source_ms;   /* when the source observed it; 0 not said */
    int64_t changed_ms;  /* when the value became so, if the source tells both; 0 not said */
    uint64_t source_seq; /* native relays: the sender's number; 0 none */
    uint32_t quality;    /* flags that the source itself states (relays, "derived" by a mapping) */
    int32_t in, out;
    struct place_claim classes[PLACE_CLASS_N];
    int n_zones;
    struct zone_claim zones[REPORT_MAX_ZONES];
    int32_t item; /* index in the message */
    /* What the feed says about the lot itself: for whoever registers it. norm does not read it. */
    char name[LOT_NAME_SIZE];
    bool has_point;
    double lng, lat; /* WGS-84 */
};

struct report_fault {
    int32_t item;           /* index in the message, -1 for the whole */
    char lot[FOREIGN_SIZE]; /* if it could be read */
    struct why why;         /* pointer from the message's root */
};

struct report_list {
    struct report *v;
    size_t n, cap;
    struct report_fault *faults;
    size_t n_faults, cap_faults;
};

void report_init(struct report *r); /* everything "not said" */
void report_list_init(struct report_list *l);
void report_list_fini(struct report_list *l);
/* Copies `r`. ERR_FULL beyond REPORT_LIST_MAX, ERR_NOMEM. */
int report_list_add(struct report_list *l, const struct report *r) must_check;
int report_list_fault(struct report_list *l, int32_t item, struct view lot, const struct why *why) must_check;

#endif
