/* SPDX-License-Identifier: MIT
 * Free places in words, with hysteresis. Pure.
 *
 *   full 0 · few < 10 or < 10 % (under 50 places the percentage only) · some < 30 % · plenty
 * A band is left upwards only at its upper edge + 2, downwards only at its lower edge − 2 (an edge is the
 * first count of the band above). Full is entered at 0 and left at 1, at once but only for few: beyond few's
 * edge + 2 the plain band applies. Without a base (open, else total) only full and the absolute rule apply:
 * 10 and more are plenty.
 */
#ifndef PARKD_MODEL_BAND_H
#define PARKD_MODEL_BAND_H

#include "parkd/model/words.h"

/* `base` = open places, else total, else COUNT_NONE. `before` is the band held until now, BAND_UNKNOWN for
 * none. */
enum band band_next(enum band before, int32_t free, int32_t base);

#endif
