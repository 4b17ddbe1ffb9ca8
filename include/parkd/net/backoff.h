/* SPDX-License-Identifier: MIT
 * Waiting times after failures. Pure: the caller brings the random number.
 */
#ifndef PARKD_NET_BACKOFF_H
#define PARKD_NET_BACKOFF_H

#include <stdint.h>

/* Full jitter: a wait in 0…min(cap, base × 2^failures) ms, never below `floor_ms`. `random` is any 32-bit
 * random number; failures counts from 0. */
int64_t backoff_full_jitter(int64_t base_ms, int64_t cap_ms, int64_t floor_ms, unsigned failures,
                            uint32_t random);
/* Doubling without jitter: min(cap, base × 2^failures). */
int64_t backoff_double(int64_t base_ms, int64_t cap_ms, unsigned failures);

#endif
