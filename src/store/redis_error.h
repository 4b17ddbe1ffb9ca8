/* SPDX-License-Identifier: MIT
 * What a Redis error reply asks for: every reply falls into one of a few classes. Pure.
 */
#ifndef PARKD_STORE_REDIS_ERROR_H
#define PARKD_STORE_REDIS_ERROR_H

#include "parkd/base/view.h"

enum redis_error {
    RE_NONE,
    RE_NOSCRIPT, /* load the script, ask again */
    RE_RETRY,    /* not now (LOADING, BUSY, TRYAGAIN …): nothing was written, ask again soon */
    RE_DROP,     /* the wrong server by now (READONLY, UNBLOCKED): connect anew */
    RE_MOVED,    /* MOVED, ASK: a Cluster, which this version does not follow */
    RE_BLOCKED,  /* refuses writes (OOM, MISCONF, NOREPLICAS): stop acknowledging, alarm */
    RE_DENIED,   /* NOAUTH, WRONGPASS, NOPERM: the configuration is wrong, alarm */
    RE_BUG,      /* everything else: ours or a broken store */
    RE_LOST      /* no reply: the connection ended; whether it was done is not known */
};

/* The text of an error reply without the leading '-'. Errors that Redis 6 wraps ("ERR Error running script …
 * -OOM …") count as the inner one. */
enum redis_error redis_error_of(struct view text);

#endif
