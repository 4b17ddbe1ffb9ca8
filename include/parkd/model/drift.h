/* SPDX-License-Identifier: MIT
 * Counts that creep away: a barrier that misses cars makes the free places fall (or rise) a little every day,
 * until the lot shows full at night. Pure.
 *
 * A healthy lot is nearly empty once a day, so the most and the least free places of a day come back to about
 * the same. A lot drifts when over at least 8 of the last 14 days both crept the same way, the emptiest
 * moment on most pairs of days, and by more than max(5, 5 % of open) in all; or when on half of the days it
 * stood at a limit that the raw count had passed (negative, over_total).
 */
#ifndef PARKD_MODEL_DRIFT_H
#define PARKD_MODEL_DRIFT_H

#include "parkd/model/daily.h"

#define DRIFT_DAYS 14

struct drift_day {
    int64_t day;
    int32_t most, least; /* free places; COUNT_NONE: no number */
    bool beyond;         /* the raw count passed a limit */
};
struct drift_day drift_day_of(int64_t day, const struct daily *d);
/* `days`: in order of time; more than the last DRIFT_DAYS are not looked at. */
bool drift_judge(const struct drift_day *days, int n, int32_t open);

#endif
