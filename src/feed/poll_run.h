/* SPDX-License-Identifier: MIT
 * One poll in flight: from the dialect's first request to its last answer.
 */
#ifndef PARKD_SRC_FEED_POLL_RUN_H
#define PARKD_SRC_FEED_POLL_RUN_H

#include "feed/access.h"
#include "feed/aside.h"
#include "feed/feeds_impl.h"
#include "feed/spacing.h"
#include "parkd/net/fetch.h"

struct poll_run {
    struct feed_entry *entry;
    struct dialect_request req;
    struct report_list reports;
    int64_t used_ms; /* of the deadline, by all requests so far; waiting for a turn does not count */
    int asked;       /* requests of the dialect so far */
    size_t bytes;    /* of all answers so far: a dialect may read them all with the last */
    bool conditional;
    struct fetch_tls tls;
    int64_t retry_after_ms; /* of the last answer */

    /* What it waits for: exactly one of these. */
    struct turn *turn;
    struct fetch *op;
    struct aside_job *job;

    bool with_token; /* the request carries the feed's token */
    bool for_token;  /* first a token is asked for */
    bool token_new;  /* that happened in this poll */
    int64_t token_asked_ms;
};

/* poll_run.c. A run tells its end with poller_ended, perhaps at once. */
void poll_run_begin(struct feed_entry *e);
void poll_run_free(struct poll_run *run); /* NULL is fine; takes the session along if it is in use */

/* conditional.c. Adds up to two headers; their number. */
size_t conditional_add(struct poll_run *run, struct fetch_header *h);
/* The whole answer was read: what of it the next poll may ask for. */
void conditional_remember(struct poll_run *run, struct view head);
/* 304: signs of life in place of reports. */
int conditional_confirm(struct poll_run *run) must_check;

#endif
