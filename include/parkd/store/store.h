/* SPDX-License-Identifier: MIT
 * The store: Redis decides, the registry follows.
 *
 * One update script per partition and loop turn (each lot once, at most 128, one call in flight a partition)
 * writes state, minute series and change feed atomically. The store keeps `registry` as Redis has it: it
 * loads everything at start and after every reconnect, applies its own results, and follows the change feeds
 * for what other instances wrote. Lots are registrations in {pNN}:reg:<id>; feeds and sinks are fields of the
 * hashes `feeds` and `sinks`; the stream `registrations` tells of every change.
 *
 * While Redis is away, or refuses writes, nothing is acknowledged: operations with STORE_MUST_ACK fail at
 * once with STORE_AWAY (their values still wait with the others, but for hints, which would count twice when
 * they are sent again); the rest waits in memory, newest reading a
 * lot plus up to 30 minutes of samples, and its callback comes when it was written, or with STORE_AWAY when a
 * newer one took its place. A reply that was lost is STORE_UNCERTAIN for the asker; the update itself is
 * repeated (it is idempotent).
 *
 * Every done callback runs exactly once, later, in the loop, in store_stop with STORE_AWAY at the latest.
 * Owner: app. One thread.
 */
#ifndef PARKD_STORE_STORE_H
#define PARKD_STORE_STORE_H

#include "parkd/base/clock.h"
#include "parkd/model/registry.h"

struct loop;
struct store;

struct store_conf {
    const char
        *redis_url; /* NULL or "": embedded; else redis://[user:password@]host:port[/db] or unix:///path */
    const char *state_dir;    /* instance id, lock, the embedded server's files */
    const char *redis_server; /* program of the embedded server, e.g. "redis-server" */
    const char *prefix;       /* "parkd:" */
    const char *key_mark;     /* secrets_key_mark of what seals the documents; kept in meta; NULL: nothing
                               * seals */
    const char *fsync;        /* "always" or "everysec", embedded only */
    int64_t max_memory_mb;    /* embedded only; 0: no limit */
    unsigned partitions;      /* at creation; the stored number wins */
    int keep_days, keep_hour_days; /* 40, 400 */
};

struct store_events {
    void *ctx;
    /* A feed's or sink's registration as it now stands; json empty: removed. Lots go to the registry (and
     * here, after it). */
    void (*on_registration)(void *ctx, enum noun noun, struct view id, struct view json, uint64_t version);
    /* Everything is loaded (first time and after each reconnect). `first` on the first. */
    void (*on_loaded)(void *ctx, bool first);
    /* Redis became unreachable or unusable, or is back. */
    void (*on_away)(void *ctx, bool away, const char *reason);
    /* How a hint moves a reading (norm_hint); 0 or a code. */
    int (*apply_hint)(void *ctx, const struct lot *lot, const struct reading *held, int32_t delta,
                      int64_t at_ms, struct reading *out);
};

enum store_code {
    STORE_OK,        /* new seq */
    STORE_TOUCH,     /* same values, newer time */
    STORE_DUP,       /* same values, same time */
    STORE_OLD,       /* older than what is held */
    STORE_GONE,      /* no such lot, or the condition (EXPIRE) no longer holds */
    STORE_AWAY,      /* not written; Redis is away */
    STORE_UNCERTAIN, /* sent, but the answer was lost */
    STORE_REFUSED    /* Redis refused: out of memory, read-only, bug */
};
struct store_outcome {
    enum store_code code;
    uint64_t seq; /* what the lot holds now, 0 if not known */
};
typedef void store_update_fn(void *ctx, const struct store_outcome *o);
typedef void store_done_fn(void *ctx, int err, uint64_t version);

enum store_flags { STORE_MUST_ACK = 1 };

/* Checks the configuration and makes the object; NULL and `why`. Nothing is started. */
struct store *store_new(struct loop *loop, const struct clock *clock, const struct store_conf *conf,
                        struct registry *reg, const struct store_events *ev, struct why *why) must_check;
/* Locks the state directory, starts the embedded server if configured, connects, loads; on_loaded follows.
 * ERR_STATE: another parkd holds the directory; ERR_IO … */
int store_start(struct store *st, struct why *why) must_check;
/* Writes what waits (up to grace_ms while Redis is there), releases leases, ends the embedded server, frees
 * everything, calls back. */
void store_stop(struct store *st, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx);
bool store_up(const struct store *st);
const char *store_address(const struct store *st);  /* "unix:///…/redis.sock" or the URL without password */
const char *store_instance(const struct store *st); /* instance id */
/* What waits in memory: lots with an unwritten reading, and samples. For /metrics. */
void store_waiting(const struct store *st, size_t *lots, size_t *samples);

/* Updates of readings. `done` may be NULL. ERR_NOT_FOUND: no such index; ERR_FULL: too much waits; ERR_STATE:
 * after store_stop. Sets of one lot that wait together become one, the newest, with the minutes of all; a set
 * also replaces beats and hints before it. A beat does not revive an expired reading (TOUCH without effect):
 * it says "unchanged", and what it was is no longer known to be true. */
int store_set(struct store *st, uint32_t lot, const struct reading *r, unsigned flags, store_update_fn *done,
              void *ctx) must_check;
int store_beat(struct store *st, uint32_t lot, int64_t observed_ms, unsigned flags, store_update_fn *done,
               void *ctx) must_check;
/* Cars in and out: moves what is held, and counts for the day, together or not at all. */
int store_hint(struct store *st, uint32_t lot, int32_t in, int32_t out, int64_t at_ms, unsigned flags,
               store_update_fn *done, void *ctx) must_check;
/* Written only if seq and observation are still those of `seen`. Gives way to whatever else waits for the
 * lot, so look again. */
int store_expire(struct store *st, uint32_t lot, const struct reading *seen,
                 const struct reading *expired) must_check;

/* Is an update of the lot waiting or on its way, whoever was told what about it? */
bool store_lot_waits(const struct store *st, uint32_t lot);

/* Registrations. `if_version`: 0 = whatever; UINT64_MAX = must not exist; else must be that version
 * (ERR_CONFLICT, `done` gets the one held). The document was checked by the caller. `done` gets the new
 * version, which never falls, not even over a removal; ERR_AWAY: not done; ERR_UNCERTAIN: perhaps done. At
 * once: ERR_INVALID, ERR_CONFLICT (the lot's name in its feed is another lot's). A removed lot takes its
 * state and its acknowledgements along, a removed sink its acknowledgements (states, registrations, days). */
int store_put(struct store *st, enum noun noun, struct view id, struct view json, uint64_t if_version,
              store_done_fn *done, void *ctx) must_check;
int store_remove(struct store *st, enum noun noun, struct view id, store_done_fn *done, void *ctx) must_check;

/* What a sink has acknowledged, only ever raised: of states the seq, of registrations the version and the
 * code it gave, of statements the day (yyyymmdd) and a word; and its quarantine. Loaded per sink, `each` for
 * every entry, then done. */
enum store_what { STORE_STATES, STORE_FILINGS, STORE_DAYS };
struct store_ack {
    const char *lot;
    uint64_t number;
    const char *text; /* NULL or "": none */
};
typedef void store_ack_fn(void *ctx, struct view lot, uint64_t number, struct view text);
int store_load_acked(struct store *st, const char *sink, enum store_what what, store_ack_fn *each,
                     store_done_fn *done, void *ctx) must_check;
int store_save_acked(struct store *st, const char *sink, enum store_what what, const struct store_ack *acks,
                     size_t n, store_done_fn *done, void *ctx) must_check;
struct store_held {
    uint64_t seq;
    int tries;
    int64_t retry_ms; /* wall clock */
    char code[64];    /* why, one word or a platform's code */
};
typedef void store_held_fn(void *ctx, struct view lot, const struct store_held *h);
/* Of states or registrations. */
int store_load_held(struct store *st, const char *sink, enum store_what what, store_held_fn *each,
                    store_done_fn *done, void *ctx) must_check;
/* h NULL: no longer held. */
int store_save_held(struct store *st, const char *sink, enum store_what what, const char *lot,
                    const struct store_held *h, store_done_fn *done, void *ctx) must_check;

/* The cars that passed on a day in Beijing (yyyymmdd; kept for eight days), by the hints that were taken:
 * `each` for either side of every lot that had any. */
typedef void store_cars_fn(void *ctx, struct view lot, bool out, int32_t n);
int store_read_cars(struct store *st, uint32_t date, store_cars_fn *each, store_done_fn *done,
                    void *ctx) must_check;

/* Series: the day strings of n_days (1…62) UTC days from the day of first_ms; empty views for days without
 * one. Year strings for hours alike. Views are valid during the callback. */
typedef void store_series_fn(void *ctx, int err, const struct view *parts, size_t n);
int store_read_days(struct store *st, uint32_t lot, int64_t first_ms, int n_days, store_series_fn *done,
                    void *ctx) must_check;
int store_read_years(struct store *st, uint32_t lot, int first_year, int n_years, store_series_fn *done,
                     void *ctx) must_check;

/* Leases (45 s, renewed every 15 s): who polls a partition, who publishes to a sink. Monotonic ms until which
 * it is surely held; 0 if not. Asking for a name the first time starts wanting it. */
int64_t store_lease_poll(struct store *st, struct view id);
int64_t store_lease_sink(struct store *st, const char *sink);
void store_lease_sink_drop(struct store *st, const char *sink);

#endif
