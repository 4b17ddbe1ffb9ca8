/* SPDX-License-Identifier: MIT
 * Age → freshness. The number is shown as current up to and including the late limit; nothing else decides
 * that.
 */
#include "parkd/model/freshness.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)

#define LEARN_MIN   (1 * SECOND)
#define LEARN_MAX   (30 * MINUTE)
#define LEARN_SHARE 8 /* a new gap counts for an eighth */
/* A longer gap than this, and than four times the interval known, was an outage and no rhythm. The slowest
 * clients of city platforms send every ten minutes. */
#define LEARN_OUTAGE (15 * MINUTE)

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t bounded(int64_t interval_ms)
{
    return interval_ms > 0 ? min(interval_ms, 24 * 60 * MINUTE) : 0;
}

static int64_t late_limit(int64_t interval_ms)
{
    return min(30 * MINUTE, max(10 * MINUTE, 3 * bounded(interval_ms)));
}

static int64_t fresh_limit(int64_t interval_ms)
{
    return max(90 * SECOND, 2 * bounded(interval_ms)); /* late ends first for a slow feed */
}

static bool has_parts(const struct reading *r)
{
    for (int c = 0; c < PLACE_CLASS_N; c++)
        if (r->classes[c].free != COUNT_NONE)
            return true;
    for (int z = 0; z < r->n_zones; z++)
        if (r->zones[z].count.free != COUNT_NONE)
            return true;
    return false;
}

/* Did the reading ever say how many places are free, as a count, as a band, or of a class or zone alone? */
static bool has_number(const struct reading *r)
{
    return has_parts(r) || r->free != COUNT_NONE || r->band != BAND_UNKNOWN || r->last_free != COUNT_NONE ||
           r->expired;
}

enum freshness freshness_of(const struct reading *r, int64_t interval_ms, int64_t now_ms)
{
    if (r->observed_ms <= 0 || now_ms - r->observed_ms > 60 * MINUTE)
        return OFFLINE;
    int64_t age = now_ms - r->observed_ms;
    if (r->expired || age > late_limit(interval_ms))
        return STALE;
    return age > fresh_limit(interval_ms) ? LATE : FRESH;
}

int64_t freshness_valid_until(const struct reading *r, int64_t interval_ms)
{
    return r->observed_ms > 0 && has_number(r) ? r->observed_ms + late_limit(interval_ms) : 0;
}

bool freshness_current(const struct reading *r, int64_t interval_ms, int64_t now_ms)
{
    return !r->expired && now_ms <= freshness_valid_until(r, interval_ms);
}

int64_t freshness_learn(int64_t interval_ms, int64_t gap_ms)
{
    if (gap_ms <= 0)
        return interval_ms;
    int64_t known = min(interval_ms, LEARN_MAX);
    int64_t gap = max(gap_ms, LEARN_MIN);
    if (known <= 0)
        return min(gap, LEARN_MAX);
    gap = min(gap, max(4 * known, LEARN_OUTAGE));
    return min(LEARN_MAX, max(LEARN_MIN, known + (gap - known) / LEARN_SHARE));
}
