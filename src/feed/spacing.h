/* SPDX-License-Identifier: MIT
 * The time between two requests to one host, whichever feeds ask. A host is scheme, name and port.
 *
 * Who asks takes a turn first. Turns are given in the order in which they were wanted; between two of one
 * host passes the larger of what the two feeds want. Waiting is no failure: it counts against no deadline.
 */
#ifndef PARKD_SRC_FEED_SPACING_H
#define PARKD_SRC_FEED_SPACING_H

#include "parkd/base/clock.h"
#include "parkd/base/view.h"

struct host;
struct loop;
struct spacing;
struct turn;
typedef void turn_fn(void *ctx);

struct spacing *spacing_new(struct loop *loop, const struct clock *clock); /* NULL: out of memory */
void spacing_free(struct spacing *s); /* all must have left, all turns be over; NULL is fine */

/* A feed of this host begins or ends: feeds that share a host share the time, too. NULL: out of memory. */
struct host *spacing_join(struct spacing *s, struct view url) must_check;
void spacing_leave(struct host *h); /* NULL is fine */

/* How far from others a feed wants its requests: what it registered, or 0 and its interval. */
struct spacing_wish {
    int64_t registered_ms, interval_ms;
};
/* 0 with *turn NULL: now. 0 with *turn: later, then fn runs once and *turn is no more. ERR_NOMEM. */
int spacing_take(struct spacing *s, struct view url, const struct spacing_wish *wish, turn_fn *fn, void *ctx,
                 struct turn **turn) must_check;
void turn_cancel(struct turn *t); /* NULL is fine */

/* What is registered; else 200 ms, but what nobody asked for takes no more than a quarter of the time that
 * the host's feeds have for a round. Pure. */
int64_t spacing_gap(const struct spacing_wish *wish, unsigned feeds);

/* "http://host:80", in lower case and with the port, of the URL of a request; empty if it does not fit. Pure.
 */
#define ORIGIN_SIZE 288
void spacing_origin(struct view url, char dst[ORIGIN_SIZE]);

#endif
