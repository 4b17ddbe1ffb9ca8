/* SPDX-License-Identifier: MIT
 * When a feed is asked: state + event + now → next step. Pure: no clock, no randomness, no I/O.
 *
 *   IDLE ──START──▶ WAITING ──DUE──▶ FETCHING ──GOOD or BAD──▶ WAITING;  STOP leads to IDLE from anywhere
 *
 * Every feed has its own slot in the interval, by the hash of its id, so that polls are spread and stay
 * spread. While one poll runs its slots pass unused: at most one poll of a feed is in flight. From the fifth
 * failure in a row on the interval doubles with each, up to five minutes; the first success resets it.
 */
#ifndef PARKD_SRC_FEED_POLL_PLAN_H
#define PARKD_SRC_FEED_POLL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#define POLL_PATIENCE       5               /* failures before the interval doubles */
#define POLL_MAX_BACKOFF_MS (5 * 60 * 1000) /* a longer interval of the feed's own stays as it is */
#define POLL_FIRST_MS       5000 /* the first poll comes within this time, or within the interval */
#define POLL_MAX_AFTER_MS   (15 * 60 * 1000) /* a longer Retry-After is not believed */

enum poll_state { POLL_IDLE, POLL_WAITING, POLL_FETCHING };
enum poll_event {
    POLL_EV_START,
    POLL_EV_DUE,
    POLL_EV_DENIED, /* due, but another instance polls this feed */
    POLL_EV_GOOD,
    POLL_EV_BAD,
    POLL_EV_STOP
};
enum poll_act { POLL_ACT_NONE, POLL_ACT_ARM, POLL_ACT_FETCH, POLL_ACT_CANCEL };

struct poll_plan {
    enum poll_state state;
    uint64_t hash; /* of the feed's id */
    int64_t interval_ms;
    unsigned failures; /* in a row */
};
struct poll_input {
    enum poll_event event;
    int64_t now;            /* monotonic */
    int64_t retry_after_ms; /* BAD: what the other side asked for; -1 nothing */
    int slow_down;          /* times slower; at least 1 */
    uint32_t random;        /* for the jitter */
};
struct poll_step {
    enum poll_act act;
    int64_t wake_at; /* ARM */
};

/* What an event in the wrong state asks for is nothing: late events are harmless. */
struct poll_step poll_next(struct poll_plan *plan, const struct poll_input *in);
/* The interval as failures and slow_down stretch it. */
int64_t poll_interval(const struct poll_plan *plan, int slow_down);
/* How long one poll with all its follow-ups may take: half the interval, at most 10 s, at least 1 s
 * (intervals of tests are shorter than any network). */
int64_t poll_deadline(int64_t interval_ms);

#endif
