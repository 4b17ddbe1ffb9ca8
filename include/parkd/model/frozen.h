/* SPDX-License-Identifier: MIT
 * Which lots stand still though they should move: a feed that repeats an old number looks healthy to
 * everything else. Pure.
 *
 * A lot is frozen when its number did not change
 *   - for 6 h of its opening hours in which neighbours moved, while it alone would have changed 30 times by
 * its own habit (learned by kind of day and hour, from days on which it moved), or for 13 such hours while
 * its habit is not known yet; or
 *   - for 23½ hours, whatever the reason: nobody is left unseen for a day.
 * A full lot is given until the second: nothing moves where nobody gets in, and many clients count a full lot
 * as 0 and no more. The numbers are from two months of 44 real car parks (`make quality-rates` shows what
 * they cost and what they find).
 *
 * Neighbours are all lots of the district that report. They move when a tenth of them changed within ten
 * minutes; with fewer than three nobody can tell, and they count as moving. The unit of time is a step of ten
 * minutes since 1970.
 */
#ifndef PARKD_MODEL_FROZEN_H
#define PARKD_MODEL_FROZEN_H

#include "parkd/base/view.h"

#define FROZEN_STEP_MS INT64_C(600000)
#define FROZEN_STEPS   160 /* remembered: more than the 24 h that are ever looked at */

enum day_kind { DAY_WORK, DAY_SATURDAY, DAY_SUNDAY, DAY_KINDS };

/* How often a lot changes in each hour, and how many days taught it. All zero: nothing is known. */
struct frozen_habit {
    float per_hour[DAY_KINDS][24];
    bool known[DAY_KINDS];
    int days;
};
/* What the district did lately. All zero: nothing is known. */
struct frozen_district {
    int64_t newest; /* step */
    uint16_t moved[FROZEN_STEPS], alive[FROZEN_STEPS];
};
/* Minutes of the day in which a lot is looked at: its opening hours within 07:00 to 22:00. */
struct frozen_hours {
    int from, to;
};
struct frozen_case {
    const struct frozen_habit *habit;
    struct frozen_hours hours;
    int64_t east_ms; /* of the zone in which days and hours are counted */
    int64_t since_ms, now_ms;
    bool full;
};

enum day_kind day_kind_of(int64_t days_since_1970);
/* "06:30-21:00", "周一至周五 8:00—18:00" … : the first two times of day; 07:00 to 22:00 where there are none.
 */
struct frozen_hours frozen_hours_of(struct view text);
/* One past day: changes by hour. A day without any teaches nothing, or a frozen lot would become a quiet one.
 */
void frozen_learn(struct frozen_habit *h, enum day_kind kind, const uint16_t moves[24]);
/* In the step of `at_ms` so many of the `alive` lots moved. Steps may be told again, the last telling counts;
 * those older than remembered are ignored. */
void frozen_note(struct frozen_district *d, int64_t at_ms, unsigned moved, unsigned alive);
bool frozen_judge(const struct frozen_district *d, const struct frozen_case *c);

#endif
