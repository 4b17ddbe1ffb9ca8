/* SPDX-License-Identifier: MIT
 * The health of a feed: a window of its last results, one bit each, newest lowest. Pure.
 *
 * Up while at least HEALTH_THRESHOLD of the last HEALTH_WINDOW results were good: a feed that fails now and
 * then stays up, one that fails three times in a row goes down, and two good results bring it back. The first
 * result fills the window, so that a new feed is judged at once.
 */
#ifndef PARKD_SRC_FEED_HEALTH_H
#define PARKD_SRC_FEED_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_WINDOW    4
#define HEALTH_THRESHOLD 2

struct health {
    uint64_t bits;
    bool known; /* had a result */
    bool up;
};

/* Notes a result; true when the feed thereby went up or down (the first result counts as a change). */
bool health_note(struct health *h, bool good);

#endif
