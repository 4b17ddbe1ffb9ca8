/* SPDX-License-Identifier: MIT
 * Inside of feeds.h: one entry a feed. feeds.c owns the entries and their sessions, poller.c performs the
 * polls, feed_status.c tells how it went.
 */
#ifndef PARKD_SRC_FEED_FEEDS_IMPL_H
#define PARKD_SRC_FEED_FEEDS_IMPL_H

#include <uthash.h>

#include "feed/health.h"
#include "feed/poll_plan.h"
#include "parkd/feed/feeds.h"
#include "parkd/model/registry.h"

#define FEED_SHOW_FAULTS 5
#define POLL_BUCKETS     8

struct poll_run;
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
    size_t reports, unknown_lots; /* of the last message that could be read */
    struct why error;             /* of the last try; empty text: it was good */
    size_t n_faults;              /* all of them; the first few are kept */
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
    struct poll_plan plan;
    struct timer *due; /* poll feeds only */
    int64_t next_mono_ms;
    struct poll_run *run; /* the poll in flight, NULL none */
    UT_hash_handle hh;
};

struct feeds {
    struct loop *loop;
    const struct clock *clock;
    struct fetcher *fetcher;
    const struct dialects *dialects;
    struct registry *reg;
    struct feeds_port port;
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
void poller_again(struct feed_entry *e); /* cancels a poll in flight and makes the feed due now */
int poller_now(struct feed_entry *e);    /* ERR_STATE: it is not polled */
void validators_clear(struct feed_validators *v);

/* feed_status.c: what came of a try. `why` NULL: good. */
void feed_note(struct feed_entry *e, const struct report_list *reports, const struct why *why);
void feed_note_poll(struct feeds *fs, int64_t took_ms);

#endif
