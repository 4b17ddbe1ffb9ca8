/* SPDX-License-Identifier: MIT
 * What a new connection says first. Pure.
 */
#ifndef PARKD_STORE_REDIS_LINK_GREET_H
#define PARKD_STORE_REDIS_LINK_GREET_H

#include "parkd/store/redis_addr.h"
#include "store/redis_cmd.h"

#define REDIS_GREET_MAX 3

/* AUTH and SELECT as far as the address asks for them (`first`), then PING. Returns how many; the caller ends
 * each. */
size_t redis_greeting(const struct redis_addr *a, bool first, struct redis_cmd out[REDIS_GREET_MAX]);

#endif
