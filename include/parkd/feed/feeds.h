/* SPDX-License-Identifier: MIT
 * All feeds: registrations, dialect sessions, health; the poller that performs the plan of those that are
 * polled, and the subscriptions of those that hear an MQTT broker.
 *
 * Reports leave through the port and are never kept. At most one poll of a feed is in flight; slots are
 * spread by the hash of the feed's id; a failing feed backs off (five failures → interval × 2 up to 5 min)
 * and its lots keep their last reading and age. Owner: app. After feeds_stop nothing runs and nothing is
 * called any more.
 */
#ifndef PARKD_FEED_FEEDS_H
#define PARKD_FEED_FEEDS_H

#include "parkd/base/clock.h"
#include "parkd/base/json_write.h"
#include "parkd/dialect/inbound.h"
#include "parkd/model/feed.h"

struct addr_filter;
struct feeds;
struct bodies;
struct feed_body;
struct fetcher;
struct loop;

struct feeds_port {
    void *ctx;
    /* What a poll brought; the list is borrowed for the call. Faults are already counted in the feed's
     * status. False: not everything was taken, so "as before" would confirm what the feed no longer says. */
    bool (*on_reports)(void *ctx, const struct feed *feed, const struct report_list *reports);
    /* May this instance poll the feed now (lease)? And how many times slower (1; 2 while Redis is away)? */
    bool (*may_poll)(void *ctx, const char *feed);
    int (*slow_down)(void *ctx);
    const struct addr_filter *filter; /* the addresses that a broker may have; NULL: every one */
};

struct feeds *feeds_new(struct loop *loop, const struct clock *clock, struct fetcher *fetcher,
                        const struct dialects *dialects, struct registry *reg, const struct feeds_port *port);
void feeds_free(struct feeds *fs); /* cancels what is in flight; NULL is fine */
/* What only this stage knows of a registration, before it is stored: can its access work, and does another
 * feed own one of its paths (ERR_CONFLICT: otherwise it were chance which of them has it after a restart)?
 * fs NULL: there are no others. */
int feeds_check(const struct feeds *fs, const struct feed *feed, struct why *why) must_check;
/* Adds or replaces; takes the heap parts of `feed` over (also on failure). On failure the feed stands there
 * disabled with its reason. */
int feeds_put(struct feeds *fs, struct feed *feed, struct why *why) must_check;
void feeds_remove(struct feeds *fs, struct view id);
void feeds_start(struct feeds *fs); /* polls begin; before that nothing is asked */

/* Closes every session and opens it again in the new table, which replaces the old one; polls in flight are
 * cancelled and due again. What is being decoded in the pool keeps its session, and so the old table, until
 * it ends. A feed whose parameters no longer fit stands disabled with its reason. */
void feeds_use_dialects(struct feeds *fs, const struct dialects *dialects);
const struct feed *feeds_find(const struct feeds *fs, struct view id);
const struct feed *feeds_find_path(const struct feeds *fs,
                                   struct view path); /* a push feed's own fixed path */
/* A message came for this feed: its dialect reads it. fn runs exactly once with what came of it, which fn
 * owns; the feed and the message are borrowed. At once if the message is small (DIALECT_ASIDE_BODY) and none
 * of this feed is being read; else later, in order of arrival, and not in the loop. */
typedef void feed_received_fn(void *ctx, const struct feed *feed, const struct inbound_message *m,
                              struct inbound_result *result);
void feeds_receive(struct feeds *fs, const struct feed *feed, const struct inbound_message *m,
                   feed_received_fn *fn, void *ctx);
/* A push of that feed came: tells health and status. `why` NULL: good. */
void feeds_pushed(struct feeds *fs, const struct feed *feed, const struct report_list *reports,
                  const struct why *why);
/* A raw body that came otherwise than by a poll, for people; see bodies.h. */
void feeds_keep_body(struct feeds *fs, const struct feed *feed, const struct feed_body *body);
const struct bodies *feeds_bodies(const struct feeds *fs);
/* Makes a poll feed due now ("poll now"). ERR_NOT_FOUND, ERR_STATE. */
int feeds_poll_now(struct feeds *fs, struct view id);
/* One object a feed: id, dialect, mode, url (no secrets), state good|bad|new|disabled, last_good, last_try,
 * error, http_status, took_ms, failures, interval_ms, next_ms (when, ms since 1970, null while asking),
 * reports, faults (up to 5: item, lot, pointer, reason), unknown_lots, silent_lots (without any number of
 * free or taken places, nor a band); and of an mqtt feed "mqtt": connection
 * (connected|connecting|waiting|standby: another instance subscribes), messages, undated (reports of retained
 * or queued messages that were passed over, because nothing says how old they are). */
void feeds_write_status(const struct feeds *fs, struct json_writer *w);
/* For whoever watches over them. Texts are valid during the call. */
struct feed_state {
    const char *id, *owner;
    bool enabled, ours, known, up; /* ours: this parkd asks it; known: it had a result */
    int64_t last_good_ms;          /* 0 never */
    int http;
    const char *reason; /* of the last failure; "" when the last try was good */
};
typedef void feed_state_fn(void *ctx, const struct feed_state *s);
void feeds_each_state(const struct feeds *fs, feed_state_fn *fn, void *ctx);
size_t feeds_count(const struct feeds *fs, bool bad_only);
/* For /metrics: a duration histogram of polls and last success a feed. */
void feeds_write_metrics(const struct feeds *fs, struct buf *out);

#endif
