/* SPDX-License-Identifier: MIT
 * Single requests as a feed would make them, outside of its polls: with its access (a token is asked for
 * first where it needs one), its TLS, and the fetcher that all polls use, so the same address filter and
 * limits hold. For trials.
 */
#ifndef PARKD_FEED_ASK_H
#define PARKD_FEED_ASK_H

#include "parkd/feed/feeds.h"
#include "parkd/net/fetch.h"

struct feed_asker;

/* `feed` is borrowed for as long as the asker lives. NULL: out of memory. */
struct feed_asker *feed_asker_new(struct fetcher *f, const struct clock *clock, const struct feed *feed);
/* Cancels what is in flight; NULL is fine. */
void feed_asker_free(struct feed_asker *a);
/* fn runs exactly once, later; not after feed_asker_free. One at a time. ERR_* with `why` for what cannot be
 * asked. */
int feed_asker_ask(struct feed_asker *a, const struct dialect_request *req, int64_t timeout_ms,
                   fetch_done_fn *fn, void *ctx, struct why *why) must_check;

#endif
