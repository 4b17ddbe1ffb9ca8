/* SPDX-License-Identifier: MIT
 * What one sink has not acknowledged yet: per lot the newest seq, the acknowledged one, and where the lot
 * stands. Pure: no I/O, no clock; times are the caller's monotonic milliseconds.
 *
 * A sink has one plan for states, one for registrations (seq: the version) and one for the statements of a
 * day (seq: yyyymmdd).
 *
 * The plan holds a difference, never a history. Each lot stands in exactly one place, which is also its
 * membership of a list, so the two cannot disagree: NONE    nothing to tell WANTED  its seq is above the
 * acknowledged one, or it is due for a refresh FLIGHT  in one batch that was handed out and not returned yet:
 * never in two at once HELD    in quarantine: refused alone, tried again alone after 10 min × 2 up to 6 h A
 * batch that was refused as a whole comes back as two halves (groups), each sent apart from everything else,
 * until the poisonous lot is alone.
 */
#ifndef PARKD_SRC_PUBLISH_PUBLISH_PLAN_H
#define PARKD_SRC_PUBLISH_PUBLISH_PLAN_H

#include "parkd/publish/publisher.h"

#define PLAN_HOLD_MS     (10 * 60 * 1000)
#define PLAN_HOLD_CAP_MS (6 * 60 * 60 * 1000)
#define PLAN_NEVER       INT64_MAX

struct publish_plan;
struct publish_item {
    uint32_t lot;
    uint64_t seq;
};
struct publish_rules {
    size_t batch;
    int64_t collect_ms; /* from the first change until the batch is due */
    int64_t refresh_ms; /* 0: none */
};
struct publish_counts {
    size_t unacked, held, flight;
    int64_t oldest_ms; /* since when the longest waiting lot is not acknowledged; PLAN_NEVER none */
};
/* May the lot be told about now? (Its number is not past its limit.) */
typedef bool publish_may_fn(void *ctx, uint32_t lot);

struct publish_plan *publish_plan_new(void);
void publish_plan_free(struct publish_plan *pp); /* NULL is fine */

/* A connected lot holds `seq` (0: not numbered yet). ERR_NOMEM. */
int publish_plan_mark(struct publish_plan *pp, uint32_t lot, uint64_t seq, int64_t now) must_check;
/* It is not to be told about any more. True: a hold ended, which must be unsaved. */
bool publish_plan_drop(struct publish_plan *pp, uint32_t lot);
/* While it is barred a lot counts as unacknowledged and is not handed out (its registration comes first). */
void publish_plan_bar(struct publish_plan *pp, uint32_t lot, bool barred, int64_t now);
/* The lot's time moved: one that could not be told may be told now. True: it is wanted. */
bool publish_plan_touch(struct publish_plan *pp, uint32_t lot);

/* Loading: forget all acknowledgements and holds; then _acked and _held for what the store knows; then
 * _loaded. Lots in flight stay in flight. */
void publish_plan_forget(struct publish_plan *pp);
void publish_plan_acked(struct publish_plan *pp, uint32_t lot, uint64_t seq);
void publish_plan_unknow(struct publish_plan *pp, uint32_t lot);          /* forgets that of one lot */
uint64_t publish_plan_known(const struct publish_plan *pp, uint32_t lot); /* acknowledged; 0 nothing */
void publish_plan_held(struct publish_plan *pp, uint32_t lot,
                       const struct publish_hold *h); /* retry_ms monotonic */
void publish_plan_loaded(struct publish_plan *pp, int64_t now);

/* When publish_plan_next should be asked (<= now: now); PLAN_NEVER: not before something happens. */
int64_t publish_plan_due(const struct publish_plan *pp, const struct publish_rules *rules, int64_t now);
/* Hands out the next batch (at most rules->batch items): a held lot alone, or one group, or the wanted lots
 * in the order in which they changed. */
size_t publish_plan_next(struct publish_plan *pp, const struct publish_rules *rules, int64_t now,
                         publish_may_fn *may, void *ctx, struct publish_item *out);
/* Would this batch be the same if it were built now? */
bool publish_plan_same(const struct publish_plan *pp, const struct publish_item *items, size_t n,
                       publish_may_fn *may, void *ctx);

/* The four ways back out of flight. */
bool publish_plan_ack(struct publish_plan *pp, struct publish_item item,
                      int64_t now); /* true: a hold ended */
void publish_plan_back(struct publish_plan *pp, const struct publish_item *items, size_t n, int64_t now);
void publish_plan_split(struct publish_plan *pp, const struct publish_item *items, size_t n); /* n >= 2 */
/* Refused alone: quarantine. NULL: the lot is not to be told about any more anyway. Borrowed until the next
 * call. */
const struct publish_hold *publish_plan_refuse(struct publish_plan *pp, struct publish_item item,
                                               const char *code, int64_t now);

void publish_plan_resume(struct publish_plan *pp, int64_t now); /* all held lots are due */
/* A held lot is due if what was refused is not what it would tell now. */
void publish_plan_hurry(struct publish_plan *pp, uint32_t lot, int64_t now);
/* What somebody decides of one held lot: it is due now, or its hold ends and what was refused is not told any
 * more, only what comes after it (memory only: after a restart it is refused once more). ERR_NOT_FOUND: it is
 * not held; ERR_BUSY: it is being tried at this moment. */
int publish_plan_retry(struct publish_plan *pp, uint32_t lot, int64_t now) must_check;
int publish_plan_discard(struct publish_plan *pp, uint32_t lot, int64_t now) must_check;
/* Is what the sink holds of this lot its newest state, with nothing on its way? */
bool publish_plan_settled(const struct publish_plan *pp, uint32_t lot);
struct publish_counts publish_plan_count(const struct publish_plan *pp);
/* Iterates over held lots: `i` starts at 0; returns NULL at the end. */
const struct publish_hold *publish_plan_each_held(const struct publish_plan *pp, uint32_t *i, uint32_t *lot);

#endif
