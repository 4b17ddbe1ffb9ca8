/* SPDX-License-Identifier: MIT
 * Inside of feeds.h: one entry a feed. feeds.c owns the entries and their sessions, poller.c performs the
 * plan of polls and poll_run.c one poll, receive.c reads what comes by itself, feed_status.c tells how it
 * went.
 */
#ifndef PARKD_SRC_FEED_FEEDS_IMPL_H
#define PARKD_SRC_FEED_FEEDS_IMPL_H

#include <uthash.h>

#include "feed/access.h"
#include "feed/health.h"
#include "feed/poll_plan.h"
#include "parkd/feed/feeds.h"
#include "parkd/model/registry.h"

#define FEED_SHOW_FAULTS 5
#define POLL_BUCKETS     8

struct aside;
struct host;
struct mqtt_feed;
struct poll_run;
struct reception;
struct spacing;
struct timer;

/* A path of a push feed's own; `taken`: it stands in the table of all paths. */
struct feed_path {
    struct feed_entry *entry;
    const char *path;
    bool taken;
    UT_hash_handle hh;
};

struct feed_status {
    int64_t last_good_ms, last_try_ms; /* wall clock */
    int http_status;
    int64_t took_ms;
    uint32_t failures;
    size_t reports, unknown_lots, silent_lots; /* of the last message that could be read */
    struct why error;                          /* of the last try; empty text: it was good */
    size_t n_faults;                           /* all of them; the first few are kept */
    struct report_fault faults[FEED_SHOW_FAULTS];
};

/* What an answer told of one lot: whom, and when by the source's clock (0: it did not say). */
struct feed_told {
    char lot[FOREIGN_SIZE];
    int64_t source_ms;
};

/* What the last whole answer lets us ask conditionally. Kept for polls of one plain GET only. */
struct feed_validators {
    uint64_t url_hash;
    char etag[256], modified[64];
    struct feed_told *lots; /* what that answer told of: a 304 confirms these and no others */
    size_t n_lots;
};

struct feed_entry {
    struct feeds *set;
    struct feed feed;
    struct dialect_session *session; /* NULL: disabled */
    bool unusable;                   /* disabled by a fault, which stands in status.error */
    struct feed_path paths[FEED_MAX_PATHS];
    struct health health;
    struct feed_status status;
    struct feed_validators validators;
    struct access_token token;
    struct poll_plan plan;
    struct timer *due; /* poll feeds only, as what follows */
    struct host *host; /* where it asks */
    int64_t next_mono_ms;
    struct poll_run *run;     /* the poll in flight, NULL none */
    struct mqtt_feed *broker; /* mqtt feeds only */
    struct reception *line;   /* messages that are read aside, or wait for that; else NULL */
    size_t n_line;
    UT_hash_handle hh;
};

struct feeds {
    struct loop *loop;
    const struct clock *clock;
    struct fetcher *fetcher;
    const struct dialects *dialects;
    struct registry *reg;
    struct feeds_port port;
    struct spacing *spacing;
    struct aside *aside;
    struct bodies *bodies;
    struct feed_entry *by_id;
    struct feed_path *by_path;
    bool started;
    uint64_t random; /* state of the jitter's generator; nothing secret hangs on it */
    uint64_t poll_bucket[POLL_BUCKETS + 1], polls;
    int64_t poll_sum_ms;
};

/* poller.c */
int poller_open(struct feed_entry *e, struct why *why) must_check;
void poller_close(struct feed_entry *e); /* cancels; may be called twice */
void poller_begin(struct feed_entry *e); /* from now on the feed is asked */
int poller_now(struct feed_entry *e);    /* ERR_STATE: it is not polled */
/* A run is over: freed, noted, and its reports sent on. `why` NULL: good. */
void poller_ended(struct feed_entry *e, const struct why *why, int64_t retry_after_ms);

/* mqtt_feed.c: as the poller's */
int mqtt_feed_open(struct feed_entry *e, struct why *why) must_check;
void mqtt_feed_close(struct feed_entry *e);
void mqtt_feed_begin(struct feed_entry *e);
void mqtt_feed_write(const struct feed_entry *e, struct json_writer *w); /* the member "mqtt" */

/* receive.c: feeds_receive of this entry; and its end: all that wait hear that they were dropped. */
void receive_message(struct feed_entry *e, const struct inbound_message *m, feed_received_fn *fn, void *ctx);
void receive_close(struct feed_entry *e);

/* conditional.c */
void validators_clear(struct feed_validators *v);

/* feed_status.c: what came of a try. `why` NULL: good. */
void feed_note(struct feed_entry *e, const struct report_list *reports, const struct why *why);
void feed_note_link(struct feed_entry *e); /* a connection stands, nothing came yet */
void feed_note_poll(struct feeds *fs, int64_t took_ms);

#endif
