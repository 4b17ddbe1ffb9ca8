/* SPDX-License-Identifier: MIT
 * Bands as half-open ranges of counts: full is 0, few is [1, few), some is [few, some), plenty the rest.
 */
#include "parkd/model/band.h"

#include "parkd/model/lot.h"

#define SLACK      2  /* places of hysteresis */
#define FEW_COUNT  10 /* fewer than this are few, whatever the size */
#define SMALL_LOT  50 /* below this the percentage alone decides */
#define FEW_SHARE  10 /* percent */
#define SOME_SHARE 30

struct edges {
    int32_t few, some; /* the first counts that are no longer few, no longer some */
};

/* The smallest count that is at least `percent` of `base`. */
static int32_t share(int32_t base, int32_t percent)
{
    return (base * percent + 99) / 100;
}

static struct edges edges_of(int32_t base)
{
    if (base < 0) /* not known: the absolute rule alone */
        return (struct edges){FEW_COUNT, FEW_COUNT};
    int32_t few = share(base, FEW_SHARE);
    if (base >= SMALL_LOT && few < FEW_COUNT)
        few = FEW_COUNT;
    return (struct edges){few, share(base, SOME_SHARE)};
}

static enum band band_plain(int32_t free, const struct edges *e)
{
    if (free == 0)
        return BAND_FULL;
    if (free < e->few)
        return BAND_FEW;
    return free < e->some ? BAND_SOME : BAND_PLENTY;
}

enum band band_next(enum band before, int32_t free, int32_t base)
{
    if (free < 0)
        return BAND_UNKNOWN;
    struct edges e = edges_of(base);
    enum band plain = band_plain(free, &e);
    if (before == BAND_FULL) /* left at once, but only for few */
        before = BAND_FEW;
    if (before == BAND_UNKNOWN || plain == BAND_FULL || plain == before)
        return plain;
    if (plain > before) {
        int32_t above = before == BAND_FEW ? e.few : e.some;
        return free >= above + SLACK ? plain : before;
    }
    int32_t below = before == BAND_SOME ? e.few : e.some;
    return free <= below - SLACK ? plain : before;
}
