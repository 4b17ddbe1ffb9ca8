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
 *
 * Where a platform wants lots registered (DIALECT_REGISTER), a lot's counts go out once its registration was
 * acknowledged; a changed registration is told again while they do. Where it wants a statement of each day
 * (DIALECT_DAY), it gets one from 00:20 in Beijing on for the day before, tried until 06:00; a day of the
 * last three that nobody could tell then is told when parkd is back.
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

/* What a sink acknowledges, and the number that says how far: the seq of a state, the version of a
 * registration, the day (yyyymmdd) of a statement. */
enum publish_what { PUBLISH_STATES, PUBLISH_FILINGS, PUBLISH_DAYS };
#define PUBLISH_WHATS 3

struct publish_ack {
    const char *lot;
    uint64_t number; /* PUBLISH_FILINGS: 0 when only a code is known */
    const char
        *text; /* PUBLISH_FILINGS: what the platform calls the lot; PUBLISH_DAYS: "unbalanced"; or "" */
};
struct publish_hold {
    uint64_t seq;
    int tries;
    int64_t retry_ms;
    char code[64];
};
typedef void publish_saved_fn(void *ctx, int err, uint64_t version);
typedef void publish_cars_fn(void *ctx, struct view lot, bool out, int32_t n);

struct publish_port {
    void *ctx;
    /* Loads what the sink acknowledged and what is quarantined; calls publisher_acked / publisher_held for
     * each, then done. */
    int (*load)(void *ctx, const char *sink, publish_saved_fn *done, void *done_ctx);
    int (*save)(void *ctx, const char *sink, enum publish_what what, const struct publish_ack *acks, size_t n,
                publish_saved_fn *done, void *done_ctx);
    int (*save_held)(void *ctx, const char *sink, enum publish_what what, const char *lot,
                     const struct publish_hold *h); /* h NULL: released; never of days */
    /* The cars that passed on a day in Beijing, yyyymmdd: `each` for either side of every lot that had any,
     * then done. Both get done_ctx. */
    int (*load_cars)(void *ctx, uint32_t date, publish_cars_fn *each, publish_saved_fn *done, void *done_ctx);
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
void publisher_acked(struct publisher *p, const char *sink, enum publish_what what, struct view lot,
                     uint64_t number, struct view text);
void publisher_held(struct publisher *p, const char *sink, enum publish_what what, struct view lot,
                    const struct publish_hold *h);
/* The store was reloaded: what was acknowledged is read again. */
void publisher_reload(struct publisher *p);
/* Starts no more requests; waits up to grace_ms for those in flight and their acknowledgements, then calls
 * back. */
void publisher_stop(struct publisher *p, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx);
void publisher_free(struct publisher *p); /* after stopped */

/* One object a sink: id, dialect, url, state idle|sending|waiting|paused|loading|not_ours|disabled,
 * skip_verify, unacknowledged, oldest_ms (since when, ms since 1970; null none), last_good, last_error,
 * failures, breaker_until, held (lot, seq, code, tries, next), registrations (open, held; null where the
 * platform wants none), day (date, open, held, missed and unbalanced: lot, date; null likewise), clock_off_ms
 * (how far the platform's clock is from ours; null: it never said), delivered_items, requests. */
struct sink_state {
    const char *id;
    bool enabled, ours, paused; /* ours: this parkd publishes to it */
    int64_t last_good_ms,
        oldest_ms; /* wall clock; oldest_ms: since when the longest waiting lot waits, 0 none */
    size_t held;
    const char *error; /* "" none */
};
typedef void sink_state_fn(void *ctx, const struct sink_state *s);
void publisher_each_state(const struct publisher *p, sink_state_fn *fn, void *ctx);
void publisher_write_status(const struct publisher *p, struct json_writer *w);
void publisher_write_metrics(const struct publisher *p, struct buf *out);
/* Lets a paused sink try again, and quarantined items, registrations and missed days be sent now.
 * ERR_NOT_FOUND. */
int publisher_resume(struct publisher *p, struct view sink);

/* What lots have in a sink's quarantine; retry_ms of the wall clock. All three below: ERR_NOT_FOUND: no such
 * sink, or nothing of that lot is held; ERR_STATE: another parkd tells this sink; ERR_BUSY: it is being tried
 * at this moment. */
typedef void publish_held_fn(void *ctx, const char *lot, enum publish_what what,
                             const struct publish_hold *h);
int publisher_each_held(const struct publisher *p, struct view sink, publish_held_fn *fn,
                        void *ctx) must_check;
/* All that is held of the lot is tried now. */
int publisher_held_retry(struct publisher *p, struct view sink, struct view lot) must_check;
/* What was refused of the lot is not told any more; its next state is. */
int publisher_held_discard(struct publisher *p, struct view sink, struct view lot) must_check;
/* "state", "registration", "day". */
const char *publish_what_name(enum publish_what what);

/* What a sink has acknowledged of a lot, as far as it is loaded. False: no such sink. */
struct publish_told {
    uint64_t seq;     /* 0: nothing */
    bool filed;       /* a registration */
    const char *code; /* what the platform calls it, NULL: nothing; borrowed until the next call */
};
bool publisher_told(const struct publisher *p, struct view sink, uint32_t lot, struct publish_told *out);
/* For a trial that sends what the sink is told anyway: until it is given back (or the sink replaced) no
 * request with this lot starts, so that two never cross. One lot a sink. ERR_NOT_FOUND; ERR_BUSY: a request
 * with it is under way, or another trial; ERR_STATE: another parkd tells this sink. */
int publisher_borrow(struct publisher *p, struct view sink, uint32_t lot, struct why *why) must_check;
void publisher_give_back(struct publisher *p, struct view sink, uint32_t lot);
/* Whose reader has the key with this digest? Takes the same time whatever fits. NULL: nobody's. Borrowed. */
const struct sink *publisher_reader(const struct publisher *p, const unsigned char digest[32]);
/* What a status says; 2xx is OK until the dialect has looked at the body. */
enum dialect_verdict publish_verdict(int status);

#endif
