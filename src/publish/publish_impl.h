/* SPDX-License-Identifier: MIT
 * Inside of publisher.h. publisher.c owns the sinks, publish_store.c loads and saves what they acknowledged,
 * publish_build.c makes batches and their requests, publish_send.c runs them, publish_judge.c draws the
 * consequences of answers, publish_file.c knows which lots are registered and under which code,
 * publish_day.c the statements of days, publish_held.c what people decide of the quarantine, publish_status.c
 * tells how it goes.
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
#include "publish/publish_date.h"
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
    enum publish_what what;
    bool beat;    /* signs of life: its items are not in flight for the plan */
    bool first;   /* its one request goes before (a login); nothing else of the sink starts meanwhile */
    bool stopped; /* a failure showed; no further request is started */
    int firsts;   /* in a row */
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
    enum publish_what what;
    struct publish_acks acks; /* of a save */
};

/* One of the things that a sink acknowledges. An answer "later" or "somebody must act" to a registration or a
 * day's statement makes that line wait; states go on. */
struct publish_line {
    struct publish_plan *plan;
    unsigned failures; /* in a row */
    int64_t not_before;
    struct publish_acks unsaved;
    struct publish_op *save; /* under way, NULL none */
    int64_t save_after_ms;
};

/* What a sink says of a lot besides numbers, and what it is to hear of a day. */
struct publish_known {
    char *code;                  /* what the platform calls it; NULL nothing */
    int32_t in, out;             /* cars of the day under way; COUNT_NONE: not known */
    uint32_t unbalanced, missed; /* the last day whose statement disagreed, or could not be told; 0 none */
};

/* The statement under way. */
struct publish_day {
    uint32_t date;      /* 0 none */
    uint32_t done;      /* this day and all before need nothing more */
    bool ready;         /* its cars are read, and the plan has them */
    int64_t give_up_ms; /* wall clock */
    struct publish_op *read;
    int64_t read_after_ms;
};

enum sink_phase { SINK_NOT_OURS, SINK_LOADING, SINK_READY };

struct publish_stats {
    int64_t last_good_ms; /* wall clock */
    char last_error[240];
    int64_t bad_since_ms; /* wall clock, 0: it is not bad */
    int http;             /* of the last failure; 0: there was no answer */
    uint64_t requests, delivered;
    int64_t clock_off_ms; /* how far the platform's clock is from ours; -1: it never said */
};

struct publish_sink {
    struct publisher *p;
    struct sink conf;
    struct dialect_session *session; /* NULL: disabled or unusable */
    size_t max_batch;
    bool beats, files, tells_days; /* what its dialect does */
    struct fetch_tls tls;
    struct publish_line lines[PUBLISH_WHATS];
    struct publish_known *known; /* by lot */
    uint32_t n_known;
    struct publish_day day;
    struct publish_pace pace;
    enum sink_phase phase;
    uint32_t lent;      /* lot + 1 that a trial has borrowed; 0 none */
    bool resume_loaded; /* asked to resume while loading: counts for what the load brings too */
    struct timer *wake;
    int64_t wake_at; /* monotonic; PLAN_NEVER not armed */
    struct publish_batch lanes[PUBLISH_LANES];
    int in_flight; /* requests */
    int64_t next_beat_ms;
    uint32_t beat_from;      /* where the present round of signs of life goes on; 0: between rounds */
    int turn;                /* what is looked at first for the next batch */
    struct publish_op *load; /* under way, NULL none */
    int64_t load_after_ms;
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
struct publish_sink *publisher_sink(const struct publisher *p, struct view id); /* NULL none */
void sink_wake(struct publish_sink *s, int64_t in_ms); /* the pump runs no later than that */
void publisher_check_quiet(struct publisher *p);       /* while stopping: is all done? */
/* Of a lot that is not connected any more: a sink that holds a number of it is told "unknown" once, then
 * nothing. */
void sink_farewell(struct publish_sink *s, const struct registry_lot *l);
void sink_fault(struct publish_sink *s, const char *text);

/* publish_store.c */
struct publish_op *publish_op_new(struct publish_sink *s, enum publish_what what);
void publish_op_free(struct publish_op *op);
void sink_load(struct publish_sink *s, int64_t now);
/* Notes what must be saved. */
void sink_ack(struct publish_sink *s, enum publish_what what, struct publish_item item);
void sink_save(struct publish_sink *s, int64_t now);
/* h NULL: ended */
void sink_save_hold(struct publish_sink *s, enum publish_what what, uint32_t lot,
                    const struct publish_hold *h);
bool sink_unsaved(const struct publish_sink *s, bool up); /* is the store told, or could it be told more? */
void sink_detach(struct publish_sink *s);                 /* forgets loads and saves under way */
void sink_detach_load(struct publish_sink *s);

/* publish_file.c */
struct publish_known *sink_known(struct publish_sink *s, uint32_t lot); /* NULL: out of memory */
const char *sink_code(const struct publish_sink *s, uint32_t lot);      /* NULL none */
bool sink_filed(const struct publish_sink *s, uint32_t lot);
void sink_gate(struct publish_sink *s, uint32_t lot); /* registration before everything else */
void sink_gate_all(struct publish_sink *s);
void sink_load_code(struct publish_sink *s, uint32_t lot, struct view code); /* from the store */
void sink_load_unbalanced(struct publish_sink *s, uint32_t lot, uint64_t date);
void sink_take_code(struct publish_sink *s, uint32_t lot, const char *code); /* from a platform */
void sink_forget_lot(struct publish_sink *s, uint32_t lot);                  /* it was removed */
void sink_free_known(struct publish_sink *s);

/* publish_day.c */
void sink_day(struct publish_sink *s, int64_t now);
/* A lot that this sink sees for the first time owes nothing of the days before. */
void sink_day_meet(struct publish_sink *s, uint32_t lot);
void sink_day_acked(struct publish_sink *s, struct publish_item item, bool unbalanced);
void sink_day_forget(struct publish_sink *s); /* the day under way is begun anew */

/* publish_build.c */
struct publish_rules sink_rules(const struct publish_sink *s, enum publish_what what);
bool sink_build_next(struct publish_sink *s, int64_t now); /* false: there is nothing to build */
/* The request that goes before was answered well: what it was for. */
void batch_go_on(struct publish_batch *b);
int64_t sink_due(const struct publish_sink *s, int64_t now);
/* Are these items of the batch what would be sent now? */
bool batch_same(const struct publish_batch *b, const struct publish_item *items, size_t n);
bool sink_may_tell(const struct publish_sink *s, uint32_t lot);

/* publish_send.c */
void sink_pump(struct publish_sink *s);
void sink_cancel(struct publish_sink *s); /* ends all requests; their items are wanted again */
void batch_check_end(struct publish_batch *b);
void batch_free_requests(struct publish_batch *b);
void batch_free(struct publish_batch *b);
void batch_release(struct publish_batch *b); /* hands back what is not decided, and empties the lane */
struct publish_batch *sink_free_lane(struct publish_sink *s); /* NULL none */
struct dialect_ctx sink_ctx(const struct publish_sink *s);

/* publish_judge.c */
void call_judge(struct publish_call *c, const struct fetch_result *res);
bool call_judge_first(struct publish_call *c, const struct fetch_result *res); /* true: good */
/* No request could be made of the batch, or not this one be started. */
void batch_judge_local(struct publish_batch *b, int err, const struct why *why);
void batch_accept(struct publish_batch *b, size_t item, bool unbalanced); /* the sink has this item */
void batch_fail(struct publish_batch *b, const char *reason);             /* as an answer that says: later */

#endif
