/* SPDX-License-Identifier: MIT
 * Where the free places of a lot went in the last twenty minutes. Pure.
 *
 * A lot keeps its last number of each five minutes, for half an hour. A trend is told when there is a number
 * of 15 to 25 minutes before the newest, and the newest is not older than ten minutes; it is steady when the
 * two differ by no more than two places or 3 % of the places, whichever is more.
 */
#ifndef PARKD_MODEL_TREND_H
#define PARKD_MODEL_TREND_H

#include "parkd/model/reading.h"

#define TREND_SLOTS   6
#define TREND_SLOT_MS INT64_C(300000)

enum trend { TREND_UNKNOWN, TREND_FILLING, TREND_STEADY, TREND_EMPTYING };

struct trend_of_lot {
    int32_t last_slot;          /* of the newest number, in five minutes since 1970; 0: none */
    uint16_t free[TREND_SLOTS]; /* + 1 by slot modulo TREND_SLOTS; 0: none */
};

/* Takes a reading as it is now; one without a number ends the trend. */
void trend_take(struct trend_of_lot *t, const struct reading *r);
/* `base`: the lot's places, COUNT_NONE if not known. */
enum trend trend_tell(const struct trend_of_lot *t, int32_t base, int64_t now_ms);

#endif
