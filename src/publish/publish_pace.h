/* SPDX-License-Identifier: MIT
 * When a sink may be talked to: waits after failures, the breaker, the pause. Pure.
 *
 * A failure is counted once for all requests that were in flight when it showed. The first four wait 1 s × 2
 * with full jitter up to 60 s; from the fifth in a row on the breaker opens for 30 s × its count, at most 300
 * s, and lets one probe pass. Retry-After wins over both. A pause (401, 403, 404, 410: somebody must act)
 * lasts five minutes, then one probe.
 */
#ifndef PARKD_SRC_PUBLISH_PUBLISH_PACE_H
#define PARKD_SRC_PUBLISH_PUBLISH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "parkd/dialect/dialect.h"

#define PACE_BASE_MS      1000
#define PACE_CAP_MS       60000
#define PACE_FLOOR_MS     100 /* full jitter may say 0, which would be a hot loop */
#define PACE_BREAK_AT     5
#define PACE_BREAK_MS     30000
#define PACE_BREAK_CAP_MS 300000
#define PACE_MAX_AFTER_MS (15 * 60 * 1000) /* a longer Retry-After is not believed */
#define PACE_PAUSE_MS     (5 * 60 * 1000)

struct publish_pace {
    unsigned failures; /* in a row */
    bool paused;
    int64_t not_before; /* monotonic; no request starts earlier */
    int64_t failed_ms;  /* when the last failure or pause was counted */
};

/* `started`: when the request began; one that began before the last failure showed says nothing about the
 * time since. retry_after_ms -1: not said. */
void publish_pace_good(struct publish_pace *p, int64_t started);
void publish_pace_bad(struct publish_pace *p, int64_t started, int64_t now, int64_t retry_after_ms,
                      uint32_t random);
void publish_pace_pause(struct publish_pace *p, int64_t now);
void publish_pace_resume(struct publish_pace *p);
/* How many requests may be in flight now: 0 while it waits, 1 for a probe, else `parallel`. */
int publish_pace_limit(const struct publish_pace *p, int parallel, int64_t now);
bool publish_pace_broken(const struct publish_pace *p); /* is the breaker open or probing? */

#endif
