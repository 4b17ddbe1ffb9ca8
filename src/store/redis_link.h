/* SPDX-License-Identifier: MIT
 * One connection to Redis that keeps itself alive: resolve, connect, AUTH, SELECT, PING; own timers;
 * reconnects with full jitter.
 *
 *   DOWN → RESOLVE → CONNECT → GREET → READY; any failure leads back to DOWN and to a timer
 *
 * Commands are taken in READY only. A command whose reply is late (2 s beyond what it may block) ends the
 * connection, because replies come in order and nothing behind it is safe; so does a reply of class DROP,
 * MOVED or DENIED. NOSCRIPT is cured here: the script is loaded and the same command sent again, so callers
 * never see it.
 *
 * Every reply callback runs exactly once, later; with RE_LOST (reply NULL) when the connection ended: then it
 * is not known whether the command was done. redis_link_free delivers what is outstanding as RE_LOST before
 * it returns and must not be called from a reply callback. One thread.
 */
#ifndef PARKD_STORE_REDIS_LINK_H
#define PARKD_STORE_REDIS_LINK_H

#include "parkd/store/redis_addr.h"
#include "store/redis_cmd.h"
#include "store/redis_error.h"
#include "store/redis_reply.h"

struct loop;
struct redis_link;

struct redis_link_events {
    void *ctx;
    void (*on_ready)(void *ctx);
    /* The connection ended or could not be made; it is tried again. Outstanding replies come before or just
     * after. */
    void (*on_down)(void *ctx, enum redis_error why, const char *text);
};

struct redis_link *redis_link_new(struct loop *loop, const struct redis_addr *addr,
                                  const struct redis_link_events *ev);
void redis_link_free(struct redis_link *l); /* NULL is fine; on_down is not called */
void redis_link_start(struct redis_link *l);
/* The server is just starting: try every few milliseconds for a while. */
void redis_link_hurry(struct redis_link *l);
/* Ends the connection and connects anew. */
void redis_link_drop(struct redis_link *l, const char *reason);
bool redis_link_ready(const struct redis_link *l);

/* `r` is NULL with RE_LOST, an error reply with any other error. */
typedef void redis_reply_fn(void *ctx, const struct reply *r, enum redis_error err);
/* Copies the command; `fn` may be NULL. ERR_AWAY: not ready; ERR_FULL: too much in flight; or the command's
 * own error. On failure fn is not called. */
int redis_link_send(struct redis_link *l, const struct redis_cmd *cmd, redis_reply_fn *fn,
                    void *ctx) must_check;

#endif
