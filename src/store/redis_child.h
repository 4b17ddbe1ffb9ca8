/* SPDX-License-Identifier: MIT
 * The embedded redis-server: a child on a UNIX socket in the state directory, restarted with backoff, ended
 * with its parent.
 *
 * The child inherits a locked descriptor (redis.lock) that nobody else keeps open; the next child starts only
 * when that lock is free, because two servers on one AOF directory both accept writes. A server that outlived
 * its parkd (killed before the death signal was set) is told to shut down through its socket. Ready is when a
 * link gets PONG, not when the process runs. Started from the loop's thread, which must be the main thread:
 * the death signal follows the thread.
 */
#ifndef PARKD_STORE_REDIS_CHILD_H
#define PARKD_STORE_REDIS_CHILD_H

#include <stdint.h>

#include "parkd/base/err.h"

struct loop;
struct redis_child;

struct redis_child_conf {
    const char *program;   /* "redis-server" or a path */
    const char *state_dir; /* exists and is ours */
    const char *fsync;     /* "always", "everysec" */
    int64_t max_memory_mb; /* 0: no limit */
    void *ctx;
    void (*on_spawned)(void *ctx); /* a server is coming up: the links may hurry */
};

/* Finds the program, makes the data directory and the socket's place. NULL and `why`. */
struct redis_child *redis_child_new(struct loop *loop, const struct redis_child_conf *conf,
                                    struct why *why) must_check;
void redis_child_start(struct redis_child *c);
const char *redis_child_socket(const struct redis_child *c);
/* Ends the server in order (SIGTERM; SIGKILL after a long while), waits for its exit, frees, calls back
 * later. */
void redis_child_stop(struct redis_child *c, void (*stopped)(void *ctx), void *ctx);

#endif
