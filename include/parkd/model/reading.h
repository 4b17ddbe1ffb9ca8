/* SPDX-License-Identifier: MIT
 * A reading: what parkd holds true of one lot. A value of fixed size without owner; copied.
 *
 * Invariants: unknown is COUNT_NONE, never 0. 0 <= free <= open <= total <= COUNT_MAX where known. `free` is
 * COUNT_NONE when expired (last_free keeps what it was, COUNT_NONE else) or when only a band is known. seq 0:
 * not numbered by Redis yet. changed_ms belongs to the seq, observed_ms moves with every confirmation. Two
 * readings with equal visible parts (reading_same) need no new seq.
 *
 * Text form (one Redis hash field, readable in redis-cli; the update script reads the head by pattern, and
 * compares everything behind " | " as the visible part), in one line:
 *
 *   seq=1795363125094 chg=1795363125000 obs=1795363125000 rcv=1795363125050 sseq=0 src=0 rf=-3 rt=420 |
 *   free=0 open=400 total=420 status=open band=full q=negative,derived cls=charging:3/10 zones=B1:10/100
 *
 * Unknown counts are "-". Members behind the bar stand in this order; absent: unknown. With `expired`,
 * "free=- last=37 expired=1 open=…". Bytes of a zone's id that are not letters, digits, '.', '_', '-' or
 * beyond ASCII are written as %XX.
 */
#ifndef PARKD_MODEL_READING_H
#define PARKD_MODEL_READING_H

#include "parkd/model/report.h"

#define RAW_NONE         INT32_MIN
#define READING_TIME_MAX INT64_C(253402300799999) /* times are 0…the last ms of the year 9999 */
#define READING_MAX_TEXT 2048                     /* the longest is 1 576 bytes: 12 zones with escaped ids */

struct place_count {
    int32_t free, total;
};
struct zone_count {
    char id[ZONE_ID_SIZE];
    struct place_count count;
};

struct reading {
    uint64_t seq;
    int64_t changed_ms, observed_ms, received_ms;
    uint64_t source_seq;
    int64_t source_ms; /* what the source claimed last, 0 none: tells a stopped source from a slow clock */
    int32_t raw_free, raw_total; /* as claimed, RAW_NONE if not; clipped to int32 */
    int32_t free, open, total, last_free;
    enum lot_status status;
    enum band band;
    uint32_t quality;
    bool expired;
    struct place_count classes[PLACE_CLASS_N];
    int n_zones;
    struct zone_count zones[REPORT_MAX_ZONES];
};

void reading_init(struct reading *r); /* never heard of: seq 0, all unknown */
/* Is what a source tells older than what is held? An observation may be older than a heartbeat and still
 * news: then the source's own number or time decides (update.lua says the same). An observation that is far
 * ahead of now holds nobody up. */
#define READING_AHEAD_MS 120000
bool reading_is_late(const struct reading *next, const struct reading *held, int64_t now_ms);
/* Equal visible parts? */
bool reading_same(const struct reading *a, const struct reading *b);
/* Appends the text form; reading_encode_visible only the part behind the bar. Deterministic. ERR_INVALID (and
 * nothing is appended) for a reading that breaks the invariants: nothing is written that would not load
 * again. */
int reading_encode(const struct reading *r, struct buf *out) must_check;
int reading_encode_visible(const struct reading *r, struct buf *out) must_check;
/* ERR_SYNTAX for anything that reading_encode cannot have written; unknown members behind the bar are
 * skipped. */
int reading_decode(struct view text, struct reading *out) must_check;
/* The item of parkd's native format for (lot, seq): the same bytes on every call for the same reading. */
int reading_native_item(const char *lot_id, const struct reading *r, struct buf *out) must_check;

#endif
