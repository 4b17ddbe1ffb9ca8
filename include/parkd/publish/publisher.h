/* SPDX-License-Identifier: MIT
 * Tells the platforms: per sink, the difference between what the registry holds and what the sink has
 * acknowledged.
 *
 * Level-triggered: nothing is queued. A lot's state is read when its batch is built; a batch's items never
 * share a lot with another batch in flight to that sink (one request in flight, or `parallel` over disjoint
 * lots), so a sink never gets a delivery of a lot that started before an earlier one ended. Only lots of
 * stage connected go out; a number past its limit is held back until Redis has numbered the "unknown".
 * Acknowledged seqs are saved in Redis before they count as final, but do not hold up the next batch. Owner:
 * app.
 */
#ifndef PARKD_PUBLISH_PUBLISHER_H
#define PARKD_PUBLISH_PUBLISHER_H

#include "parkd/base/clock.h"
#include "parkd/base/json_write.h"
#include "parkd/dialect/dialect.h"
#include "parkd/model/feed.h"

struct fetcher;
struct loop;
struct publisher;

struct publish_ack {
    const char *lot;
    uint64_t seq;
};
struct publish_hold {
    uint64_t seq;
    int tries;
    int64_t retry_ms;
    char code[64];
};
typedef void publish_saved_fn(void *ctx, int err, uint64_t version);

struct publish_port {
    void *ctx;
    /* Loads what the sink acknowledged and what is quarantined; calls publisher_acked / publisher_held for
     * each, then done. */
    int (*load)(void *ctx, const char *sink, publish_saved_fn *done, void *done_ctx);
    int (*save_acked)(void *ctx, const char *sink, const struct publish_ack *acks, size_t n,
                      publish_saved_fn *done, void *done_ctx);
    int (*save_held)(void *ctx, const char *sink, const char *lot,
                     const struct publish_hold *h);      /* h NULL: released */
    int64_t (*lease_until)(void *ctx, const char *sink); /* monotonic ms; 0: not ours */
    bool (*store_up)(void *ctx);
};

struct publisher *publisher_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                                struct fetcher *fetcher, const struct dialects *dialects,
                                const struct publish_port *port);
/* Adds or replaces; takes the heap parts of `sink` over (also on failure). */
int publisher_put(struct publisher *p, struct sink *sink, struct why *why) must_check;
void publisher_remove(struct publisher *p, struct view id);
/* The same sinks with another table of dialects: requests in flight are cancelled and made again, sessions
 * reopened. */
void publisher_use_dialects(struct publisher *p, const struct dialects *dialects);
/* From the port's load. */
void publisher_acked(struct publisher *p, const char *sink, struct view lot, uint64_t seq);
void publisher_held(struct publisher *p, const char *sink, struct view lot, const struct publish_hold *h);
/* The store was reloaded: what was acknowledged is read again. */
void publisher_reload(struct publisher *p);
/* Starts no more requests; waits up to grace_ms for those in flight and their acknowledgements, then calls
 * back. */
void publisher_stop(struct publisher *p, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx);
void publisher_free(struct publisher *p); /* after stopped */

/* One object a sink: id, dialect, url, state idle|sending|waiting|paused|loading|not_ours|disabled,
 * skip_verify, unacknowledged, oldest_ms (since when, ms since 1970; null none), last_good, last_error,
 * failures, breaker_until, held (lot, seq, code, tries, next), delivered_items, requests. */
void publisher_write_status(const struct publisher *p, struct json_writer *w);
void publisher_write_metrics(const struct publisher *p, struct buf *out);
/* Lets a paused sink try again, and quarantined items be sent now. ERR_NOT_FOUND. */
int publisher_resume(struct publisher *p, struct view sink);

#endif
