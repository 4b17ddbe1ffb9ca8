/* SPDX-License-Identifier: MIT
 * Inside of publisher.h. publisher.c owns the sinks, publish_store.c loads and saves what they acknowledged,
 * publish_send.c builds batches and runs their requests, publish_judge.c draws the consequences of answers,
 * publish_status.c tells how it goes.
 *
 * A batch lives in a lane. Its items are in flight for the plan until each is decided: acknowledged, refused,
 * or handed back. A batch of which nothing was decided (every request failed) is kept in its lane and sent
 * again under the same id, if none of its lots moved on meanwhile.
 */
#ifndef PARKD_SRC_PUBLISH_PUBLISH_IMPL_H
#define PARKD_SRC_PUBLISH_PUBLISH_IMPL_H

#include <uthash.h>

#include "parkd/model/registry.h"
#include "parkd/net/fetch.h"
#include "publish/publish_pace.h"
#include "publish/publish_plan.h"

#define PUBLISH_LANES 8
#define PUBLISH_LOOK_MS \
    1000 /* how often an idle sink looks at its lease, and a failed load or save is repeated */

struct publish_batch;
struct publish_sink;
struct timer;

/* One request of a batch. */
struct publish_call {
    struct publish_batch *batch;
    struct fetch *op; /* NULL: not under way */
    int64_t started_ms;
};

enum lane_state { LANE_FREE, LANE_OPEN, LANE_KEPT };

struct publish_batch {
    struct publish_sink *sink;
    enum lane_state state;
    bool beat;    /* signs of life: its items are not in flight for the plan */
    bool stopped; /* a failure showed; no further request is started */
    char id[48];
    struct publish_item *items;
    bool *open; /* per item: not decided yet */
    size_t n;
    struct dialect_request_list reqs;
    struct publish_call *calls; /* one a request */
    size_t started, in_flight;
};

struct publish_acks {
    struct publish_item *v;
    size_t n, cap;
};

/* An operation of the store. It outlives its sink: then `sink` is NULL and the answer is dropped. */
struct publish_op {
    struct publish_sink *sink;
    struct publish_acks acks; /* of a save */
};

enum sink_phase { SINK_NOT_OURS, SINK_LOADING, SINK_READY };

struct publish_stats {
    int64_t last_good_ms; /* wall clock */
    char last_error[240];
    uint64_t requests, delivered;
};

struct publish_sink {
    struct publisher *p;
    struct sink conf;
    struct dialect_session *session; /* NULL: disabled or unusable */
    size_t max_batch;
    bool beats;
    struct fetch_tls tls;
    struct publish_plan *plan;
    struct publish_pace pace;
    enum sink_phase phase;
    bool resume_loaded; /* asked to resume while loading: counts for what the load brings too */
    struct timer *wake;
    int64_t wake_at; /* monotonic; PLAN_NEVER not armed */
    struct publish_batch lanes[PUBLISH_LANES];
    int in_flight; /* requests */
    int64_t next_beat_ms;
    uint32_t beat_from; /* where the present round of signs of life goes on; 0: between rounds */
    bool beat_was_last;
    struct publish_op *load, *save; /* under way, NULL none */
    int64_t load_after_ms, save_after_ms;
    struct publish_acks unsaved;
    struct publish_stats stats;
    UT_hash_handle hh;
};

struct publisher {
    struct loop *loop;
    const struct clock *clock;
    struct registry *reg;
    struct fetcher *fetcher;
    const struct dialects *dialects;
    struct publish_port port;
    struct publish_sink *sinks;
    uint64_t random, instance, batches;
    bool stopping;
    struct timer *stop_timer;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

/* publisher.c */
void sink_wake(struct publish_sink *s, int64_t in_ms); /* the pump runs no later than that */
void publisher_check_quiet(struct publisher *p);       /* while stopping: is all done? */
void sink_fault(struct publish_sink *s, const char *text);

/* publish_store.c */
void sink_load(struct publish_sink *s, int64_t now);
void sink_ack(struct publish_sink *s, struct publish_item item); /* notes what must be saved */
void sink_save(struct publish_sink *s, int64_t now);
void sink_save_hold(struct publish_sink *s, uint32_t lot, const struct publish_hold *h); /* h NULL: ended */
void sink_detach(struct publish_sink *s); /* forgets loads and saves under way */
void sink_detach_load(struct publish_sink *s);

/* publish_send.c */
void sink_pump(struct publish_sink *s);
void sink_cancel(struct publish_sink *s); /* ends all requests; their items are wanted again */
void batch_check_end(struct publish_batch *b);
struct dialect_ctx sink_ctx(const struct publish_sink *s);

/* publish_judge.c */
void call_judge(struct publish_call *c, const struct fetch_result *res);
/* No request could be made of the batch, or not this one be started. */
void batch_judge_local(struct publish_batch *b, int err, const struct why *why);
void batch_accept(struct publish_batch *b, size_t item); /* the sink has this item */

#endif
