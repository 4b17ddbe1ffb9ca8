/* SPDX-License-Identifier: MIT
 * Trends: a handful of numbers a lot.
 */
#include "parkd/model/trend.h"

#include <stdlib.h>
#include <string.h>

#define AGE_MAX    2 /* slots */
#define FAR_SLOTS  5
#define NEAR_SLOTS 3
#define LEAST      2

void trend_take(struct trend_of_lot *t, const struct reading *r)
{
    int32_t slot = (int32_t)(r->observed_ms / TREND_SLOT_MS);
    if (r->expired || r->free == COUNT_NONE) {
        *t = (struct trend_of_lot){0};
        return;
    }
    if (slot < t->last_slot)
        return;
    if (slot - t->last_slot >= TREND_SLOTS)
        memset(t->free, 0, sizeof t->free);
    for (int32_t s = t->last_slot + 1; s < slot && slot - t->last_slot < TREND_SLOTS; s++)
        t->free[s % TREND_SLOTS] = 0;
    t->free[slot % TREND_SLOTS] = (uint16_t)(r->free + 1);
    t->last_slot = slot;
}

static int32_t far_number(const struct trend_of_lot *t)
{
    for (int back = FAR_SLOTS; back >= NEAR_SLOTS; back--) {
        uint16_t v = t->free[(t->last_slot - back) % TREND_SLOTS];
        if (v)
            return v - 1;
    }
    return COUNT_NONE;
}

enum trend trend_tell(const struct trend_of_lot *t, int32_t base, int64_t now_ms)
{
    int32_t before = t->last_slot ? far_number(t) : COUNT_NONE;
    if (before == COUNT_NONE || now_ms / TREND_SLOT_MS - t->last_slot > AGE_MAX)
        return TREND_UNKNOWN;
    int32_t change = t->free[t->last_slot % TREND_SLOTS] - 1 - before;
    int32_t least = base * 3 / 100 > LEAST ? base * 3 / 100 : LEAST;
    if (abs(change) <= least)
        return TREND_STEADY;
    return change < 0 ? TREND_FILLING : TREND_EMPTYING;
}
