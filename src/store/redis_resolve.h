/* SPDX-License-Identifier: MIT
 * One look-up of a host name on libuv's pool. hiredis would resolve in the loop's thread, so it only ever
 * gets literals.
 */
#ifndef PARKD_STORE_REDIS_RESOLVE_H
#define PARKD_STORE_REDIS_RESOLVE_H

#include <stdbool.h>

#include "parkd/base/err.h"

struct loop;
struct redis_resolve;
/* The address as a literal; NULL when there is none. */
typedef void redis_resolve_fn(void *ctx, const char *literal);

bool redis_is_literal(const char *host);
/* `nth` picks among several addresses, counted round. NULL: could not begin. */
struct redis_resolve *redis_resolve_start(struct loop *loop, const char *host, unsigned nth,
                                          redis_resolve_fn *fn, void *ctx);
/* The callback does not come any more; the look-up itself may go on for a while. */
void redis_resolve_cancel(struct redis_resolve *rv);

#endif
