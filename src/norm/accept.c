/* SPDX-License-Identifier: MIT
 * Doubts that need two readings, or a reading and its registration. A doubt about a value lasts as long as
 * the value: a jump stays flagged until the number moves again, so that confirming it is no change.
 */
#include "parkd/norm/accept.h"

#define JUMP_WINDOW_MS 60000
#define JUMP_PLACES    20
#define JUMP_PERCENT   20

static bool is_jump(const struct reading *held, const struct reading *next)
{
    int64_t gap = next->observed_ms - held->observed_ms;
    if (gap < 0 || gap > JUMP_WINDOW_MS)
        return false;
    int32_t base = next->total != COUNT_NONE ? next->total : next->open;
    int32_t moved = next->free > held->free ? next->free - held->free : held->free - next->free;
    return moved > JUMP_PLACES && (base == COUNT_NONE || moved * 100 > base * JUMP_PERCENT);
}

uint32_t accept_flags(const struct lot *lot, const struct reading *held, const struct reading *next)
{
    uint32_t flags = 0;
    if (held->free != COUNT_NONE && next->free != COUNT_NONE) {
        if (next->free == held->free)
            flags |= held->quality & QUALITY_JUMP;
        else if (is_jump(held, next))
            flags |= QUALITY_JUMP;
    }
    if (next->raw_free != RAW_NONE && next->raw_free == held->raw_free)
        flags |= held->quality & QUALITY_FROZEN;
    if (lot->total != COUNT_NONE && next->total != COUNT_NONE && next->total != lot->total)
        flags |= QUALITY_TOTAL_CHANGED;
    return flags;
}
