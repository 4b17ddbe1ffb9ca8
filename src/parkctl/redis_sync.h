/* SPDX-License-Identifier: MIT
 * Redis for parkctl, one command after the other, and servers of its own that live as long as a command does.
 *
 * Errors are said on stderr where they happen; what is returned is an exit code of parkctl.h, 0 good.
 */
#ifndef PARKD_PARKCTL_REDIS_SYNC_H
#define PARKD_PARKCTL_REDIS_SYNC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "parkd/base/view.h"

struct redisReply;
struct redis_addr;

struct redis_sync {
    struct redisContext *link;
    bool quiet;     /* says nothing of errors */
    char name[300]; /* for messages: the address without its password */
};
/* url: as redis.url of parkd, or its "unix:///path". */
int redis_sync_open(struct redis_sync *r, const char *url) must_check;
void redis_sync_close(struct redis_sync *r);
/* A command of n words. NULL: said already, the link is broken or Redis refused. The caller frees the reply
 * with redis_sync_free. */
struct redisReply *redis_sync_ask(struct redis_sync *r, size_t n, const struct view *words) must_check;
/* The same for words without zero bytes, NULL-ended. */
struct redisReply *redis_sync_say(struct redis_sync *r, ...) must_check;
void redis_sync_free(struct redisReply *reply);
/* A whole number that a command answers; -1: it did not, and that was said. */
int64_t redis_sync_number(struct redis_sync *r, const char *command, const char *key) must_check;

/* Every key of the prefix, some more than once when the keyspace changes meanwhile; `each` returns an exit
 * code and ends the walk with one that is not 0. */
typedef int redis_sync_key_fn(void *ctx, struct view key);
int redis_sync_each_key(struct redis_sync *r, const char *prefix, redis_sync_key_fn *each,
                        void *ctx) must_check;

/* Writes the whole dataset as of one moment to `file` (redis-cli --rdb, which is the way a replica gets it;
 * the server goes on serving). */
int redis_sync_rdb(const char *url, const char *file) must_check;

/* A server of our own: on what `dir` holds (dump.rdb, or with `append` an append-only file), reached through
 * a UNIX socket that nobody else may open. */
struct redis_own {
    pid_t pid;
    char home[64], url[120]; /* home: the socket's folder */
};
int redis_own_start(struct redis_own *own, const char *dir, bool append) must_check;
/* Ends it, with all written where it appends. 0, or it ended badly. */
int redis_own_stop(struct redis_own *own);

#endif
