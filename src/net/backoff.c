/* SPDX-License-Identifier: MIT
 * Waiting times after failures (see the header). Integers only: the product base × 2^n is built by doubling
 * until the cap, so it cannot overflow however long a sink stays away.
 */
#include "parkd/net/backoff.h"

int64_t backoff_double(int64_t base_ms, int64_t cap_ms, unsigned failures)
{
    int64_t wait = base_ms > 0 ? base_ms : 0;

    if (wait == 0)
        return 0;
    while (failures > 0 && wait < cap_ms) {
        wait = wait > cap_ms / 2 ? cap_ms : wait * 2;
        failures--;
    }
    return wait < cap_ms ? wait : cap_ms;
}

int64_t backoff_full_jitter(int64_t base_ms, int64_t cap_ms, int64_t floor_ms, unsigned failures,
                            uint32_t random)
{
    int64_t top = backoff_double(base_ms, cap_ms, failures);
    /* Split so that 32 random bits times a top of up to 2^62 stays within 64 bits. */
    uint64_t high = ((uint64_t)top + 1) >> 32, low = ((uint64_t)top + 1) & UINT32_MAX;
    int64_t wait = (int64_t)(high * random + ((low * random) >> 32));

    return wait < floor_ms ? floor_ms : wait;
}
