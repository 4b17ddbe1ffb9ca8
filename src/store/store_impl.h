/* SPDX-License-Identifier: MIT
 * What the files of the store share. Each part (updates, load, follow, documents, leases, hours) owns its own
 * struct, made by its _new and ended by its _free; store.c holds them together and is the only place where
 * `phase` changes.
 *
 *   DOWN: no connection · LOADING: connected, reading everything · UP: loaded, writes go · ENDED: nothing is
 * sent any more `blocked` (only in UP): Redis answers but refuses writes.
 */
#ifndef PARKD_STORE_IMPL_H
#define PARKD_STORE_IMPL_H

#include "parkd/store/keys.h"
#include "parkd/store/store.h"
#include "store/redis_link.h"

#define STORE_BATCH      128
#define STORE_PREFIX_MAX 32

enum store_phase { PHASE_DOWN, PHASE_LOADING, PHASE_UP, PHASE_ENDED };
enum store_script {
    SCRIPT_UPDATE,
    SCRIPT_PUT,
    SCRIPT_REMOVE,
    SCRIPT_ANNOUNCE,
    SCRIPT_ACKED,
    SCRIPT_LEASE,
    SCRIPT_AUDIT,
    SCRIPT_N
};

struct timer;
struct redis_child;

struct store {
    struct loop *loop;
    const struct clock *clock;
    struct registry *reg;
    struct store_events ev;
    char key_mark[24], prefix[STORE_PREFIX_MAX + 1], state_dir[512], server[256], fsync[16], address[400],
        instance[33];
    struct redis_addr addr;
    bool embedded;
    int64_t max_memory_mb;
    int keep_days, keep_hour_days;
    unsigned partitions; /* the stored number once loaded */
    int lock_fd;

    enum store_phase phase;
    bool blocked, loaded_once, stopping, releasing, away_told;
    char reason[160]; /* why Redis is away */
    struct redis_child *child;
    struct redis_link *link; /* commands */
    struct redis_link *tail; /* blocking reads of the change feeds */
    struct redis_script scripts[SCRIPT_N];

    struct waiter *later, **later_tail; /* callbacks that are due */
    struct timer *later_timer, *probe;
    struct updates *updates;
    struct load *load;
    struct follow *follow;
    struct docs *docs;
    struct leases *leases;
    struct hours *hours;
    struct audit *audit;

    struct timer *stop_timer;
    int64_t stop_deadline; /* monotonic */
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

/* --- callbacks of users: one object from the start of an operation to its one call --- */

struct waiter {
    struct waiter *next;
    store_update_fn *update; /* one of the three, or none */
    store_done_fn *done;
    store_series_fn *series;
    void *ctx;
    unsigned flags;
    bool older; /* joined to a newer update of its lot: STORE_OLD when that one is held */
    struct store_outcome outcome;
    int err;
    uint64_t version;
};
struct waiter *waiter_of_update(store_update_fn *fn, void *ctx, unsigned flags);
struct waiter *waiter_of_done(store_done_fn *fn, void *ctx);
/* Calls and frees. Only from callbacks of the loop. */
void waiter_call(struct waiter *w);
/* Calls it from the loop, soon. */
void store_later(struct store *st, struct waiter *w);
void store_later_run(struct store *st); /* everything that is due, now */

/* --- store.c --- */

/* Sends and ends the command. ERR_AWAY while there is no store. */
int store_send_fini(struct store *st, struct redis_cmd *cmd, redis_reply_fn *fn, void *ctx) must_check;
void store_block(struct store *st, struct view reason); /* Redis refuses writes */
void store_loaded(struct store *st);                    /* everything is read: PHASE_UP */
/* Connected, but not usable (a newer schema, an unreadable answer): connects anew later. */
void store_unusable(struct store *st, const char *reason);
bool store_ended(const struct store *st);            /* operations are refused with ERR_STATE */
bool store_partitions(struct store *st, unsigned n); /* the stored number; false: out of memory */
int store_err_of(enum redis_error e);
struct key store_key_of(const struct store *st, const char *kind, struct view lot);

/* --- store_dir.c: state directory --- */

/* Makes the directory, locks it, reads or makes the instance id. ERR_STATE: held by another parkd. */
int store_dir_open(struct store *st, struct why *why) must_check;
void store_dir_close(struct store *st);

/* --- store_update.c, store_batch.c --- */

struct updates *updates_new(struct store *st);
void updates_abort(struct updates *u); /* calls what waits with STORE_AWAY */
void updates_free(struct updates *u);  /* after updates_abort */
int updates_partitions(struct updates *u, unsigned n) must_check;
void updates_kick(struct updates *u); /* sends what may be sent */
void updates_away(struct updates *u); /* those who wanted an acknowledgement are told */
bool updates_idle(const struct updates *u);
int updates_resubmit(struct updates *u, uint32_t lot, const struct reading *r) must_check;
void updates_count(const struct updates *u, size_t *lots, size_t *samples);

/* --- store_load.c, store_follow.c --- */

struct load *load_new(struct store *st);
void load_free(struct load *l);
void load_start(struct load *l);
bool load_running(const struct load *l);
void load_stop(struct load *l); /* the connection is gone; replies that still come are ignored */

struct follow *follow_new(struct store *st);
void follow_free(struct follow *f);
int follow_partitions(struct follow *f, unsigned n) must_check;
/* Where to read on: the last entry of a stream; index `partitions` is the stream of registrations. */
void follow_from(struct follow *f, unsigned stream, const struct reply *last_entries);
/* The link of the blocking reads; the caller owns it. */
struct redis_link *follow_link(struct follow *f, const struct redis_addr *addr);
void follow_start(struct follow *f); /* both links are there and everything is loaded */
void follow_stop(struct follow *f);
struct key follow_stream(const struct store *st, unsigned stream);

/* --- store_docs.c: registrations as they stand --- */

struct docs *docs_new(struct store *st);
void docs_free(struct docs *d);
/* "<version> <json>" */
bool docs_split(struct view stored, uint64_t *version, struct view *json);
/* Takes a registration that Redis holds; json empty: removed at `version`. Older ones are ignored. Tells
 * on_registration. */
void docs_take(struct docs *d, enum noun noun, struct view id, struct view json, uint64_t version);
void docs_reload_begin(struct docs *d);
void docs_reload_end(struct docs *d); /* what was not seen is removed */
/* Names of the known sinks, one after the other; NULL at the end. */
const char *docs_next_sink(const struct docs *d, const char *after);

/* --- store_audit.c --- */

struct audit *audit_new(struct store *st);
void audit_abort(struct audit *a); /* what waits ends with ERR_AWAY */
void audit_free(struct audit *a);  /* after audit_abort */

/* --- lease.c, store_hours.c --- */

struct leases *leases_new(struct store *st);
void leases_free(struct leases *l);
void leases_kick(struct leases *l);    /* asks for everything that is wanted */
void leases_release(struct leases *l); /* gives back; leases_busy until Redis answered */
bool leases_busy(const struct leases *l);
bool leases_has_partition(struct leases *l, unsigned partition); /* without wanting it */
void leases_repartition(struct leases *l);

struct hours *hours_new(struct store *st);
void hours_free(struct hours *h);
void hours_kick(struct hours *h);
void hours_stop(struct hours *h);

#endif
