/* SPDX-License-Identifier: MIT
 * How often one address may ask: so many requests a minute, all at once if it likes. Pure.
 *
 * The generic cell rate algorithm: one number an address. Addresses that are full again are forgotten; at
 * most RATE_ADDRESSES are known, and when there are more the oldest ones start anew, which errs on their
 * side.
 */
#ifndef PARKD_SRC_API_RATE_H
#define PARKD_SRC_API_RATE_H

#include "parkd/base/view.h"

#define RATE_ADDRESSES 65536
#define RATE_WINDOW_S  60

struct rate;
struct rate_state {
    int limit;     /* requests a window; 0: nobody counts */
    int remaining; /* … that may still come at once */
    int reset_s;   /* until all may */
    int retry_s;   /* > 0: this one is refused; come again then */
};

/* per_minute 1…100 000. NULL: out of memory. */
struct rate *rate_new(int per_minute);
void rate_free(struct rate *r);
/* One request of an address as text (an IPv6 /64 is one), at a moment of the monotonic clock. Without memory
 * it passes. */
struct rate_state rate_take(struct rate *r, struct view address, int64_t mono_ms);

#endif
