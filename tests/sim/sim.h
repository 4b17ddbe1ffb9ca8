/* SPDX-License-Identifier: MIT
 * A world in which time is a number: two parkd, one Redis, one platform, some lots, and what goes wrong
 * between them, all from one seed.
 *
 * What runs are the product's own store, link, pipeline, norm, registry, freshness, feeds, publisher and
 * scripts. Replaced are only what they stand on: timers and clocks (sim_time.c), hiredis (sim_link.c), the
 * server behind it (sim_db.c, sim_lua.c), HTTP (sim_fetch.c). The same seed is the same run, event by event.
 *
 * A life is one run of one parkd from its start to its end or crash; what belongs to a dead life does not
 * happen any more. Memory is the process' own: it ends with the seed.
 */
#ifndef PARKD_TESTS_SIM_H
#define PARKD_TESTS_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/clock.h"
#include "parkd/base/view.h"
#include "parkd/model/reading.h"

#define SIM_NODES 2
#define SIM_LOTS  7
#define SIM_WALL  INT64_C(1795363200000) /* 2026-11-22 16:00 UTC: midnight in Beijing */
#define SECOND    INT64_C(1000)
#define MINUTE    (60 * SECOND)
#define HOUR      (60 * MINUTE)

/* --- sim_time.c: time, chance, what is due --- */

struct life {
    int node;
    bool dead;
    int64_t frozen_until; /* stopped as by SIGSTOP: everything of it waits until then */
};
typedef void sim_fn(void *ctx);

extern int64_t sim_now;       /* ms since the world began; monotonic for everybody */
extern struct life *sim_life; /* whose code runs; NULL: the world's */
extern bool sim_traces;

void sim_begin(uint64_t seed);
uint32_t sim_random(void);
int64_t sim_between(int64_t least, int64_t most); /* both included */
bool sim_chance(int in_thousand);
/* Once, in so many ms, unless that life is dead by then. */
void sim_after(struct life *life, int64_t ms, sim_fn *fn, void *ctx);
void sim_run(int64_t until);
uint64_t sim_events(void); /* how many happened */
void sim_trace(const char *fmt, ...) printf_like(1, 2);
/* Ends the seed: a line that says what was broken, status 1. */
_Noreturn void sim_fail(const char *fmt, ...) printf_like(1, 2);

/* --- sim_memory.c: allocations of the product fail as told; the model's, which are these, never do --- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
#ifndef SIM_MEMORY
#define malloc  __real_malloc
#define calloc  __real_calloc
#define realloc __real_realloc
#endif
extern int memory_fails;   /* so many in a thousand of those in somebody's life */
extern bool memory_spares; /* but for now: the model calls the product's own helpers */
bool memory_denies(void);
uint64_t memory_failures(void);

/* --- the ways between: how slow, and cut until when --- */

struct way {
    int64_t slow_ms;   /* added to each message, at most */
    int64_t cut_until; /* what is sent meanwhile … */
    bool keeps;        /* … arrives after it (a buffer of the kernel), else never */
};
/* When a message that is sent now arrives; -1: never. */
int64_t way_arrival(const struct way *w);

extern struct way way_redis[SIM_NODES], way_platform[SIM_NODES], way_lots[SIM_NODES];

/* --- sim_db.c, sim_lua.c: Redis --- */

struct redisReply;
extern int64_t db_stepped_at; /* when its clock was last set; 0 never */
extern int64_t db_skew;       /* ms that its clock is off */
extern bool db_full;          /* refuses writes: OOM */
extern int64_t db_loads_until;

int64_t db_wall(void);
void db_init(void);
void db_keep(void);    /* remembers everything … */
bool db_lose(void);    /* … and what came since is lost; false: nothing was kept */
void db_restart(void); /* scripts are forgotten */
void db_trim_feeds(void);
/* NULL: a blocking read that has nothing yet. */
struct redisReply *db_call(size_t argc, const struct view *argv);
void db_call_free(struct redisReply *r);
struct redisReply *db_error(const char *text);
struct redisReply *db_eval(size_t argc, const struct view *argv, const char *sha);
void db_script(struct view text, char sha[41]);
bool db_has_script(const char *sha);
void db_forget_scripts(void);
struct redisReply *db_array(size_t n);
struct redisReply *db_int(int64_t v);
struct redisReply *db_text(struct view v);
struct redisReply *db_status(const char *text);
struct redisReply *db_nil(void);
/* The state of a lot as it stands. */
bool db_state(const char *lot, struct reading *out);
extern void (*db_on_stream)(void); /* something was added to a stream */

/* --- sim_link.c: connections to it --- */

void link_server_dies(int64_t for_ms); /* connections end; nobody gets in meanwhile */
bool link_server_is_up(void);
int64_t link_down_until(void);

/* --- sim_fetch.c: requests to platform and lots --- */

struct visit { /* one request as the other side sees it */
    struct life *life;
    struct view url, body;
    int status; /* what it answers; 0: it breaks the connection; -1: it says nothing at all */
    char answer[4096];
    int64_t retry_after_ms;
};
extern int64_t platform_stalls_until;
void fetch_of_dead(const struct life *life); /* its requests count as ended */

/* --- sim_platform.c, sim_lots.c --- */

void platform_init(void);
void platform_starts(const struct life *life, const void *request, struct view body);
void platform_ended(const void *request);
void platform_visit(struct visit *v);
enum platform_mode {
    PLATFORM_OK,
    PLATFORM_500,
    PLATFORM_429,
    PLATFORM_CUTS,
    PLATFORM_SILENT,
    PLATFORM_REJECTS,
    PLATFORM_MODES
};
extern enum platform_mode platform_mode;
extern int platform_rejects; /* a lot, with PLATFORM_REJECTS */
bool platform_holds(int lot, uint64_t *seq, int32_t *free);
uint64_t platform_deliveries(void);

void lots_init(void);
void lots_start(void);
void lots_visit(struct visit *v);
const char *lot_name(int lot);
const char *lot_feed(int lot);
int lot_of_name(struct view name); /* -1 none */
void lots_pause(bool paused);
void lots_silence(int lot, bool silent);
uint64_t lots_updates(void);
int32_t lot_told(int lot); /* the newest number that it told anybody */
bool lot_owes(int lot);    /* its last push is not answered well */
bool lot_is_silent(int lot);
bool lot_is_dated(int lot); /* what it tells says when, or which */

/* --- sim_judge.c: the promise, looked at whenever something happens --- */

void judge_init(void);
void judge_state(int lot, struct view text);                             /* is written in Redis */
void judge_item(int lot, uint64_t seq, int32_t free, struct view bytes); /* arrives at the platform */
void judge_promise(int lot, int32_t count, uint64_t seq);                /* was answered well */
void judge_sign(int lot);                                                /* spoke to somebody */
bool judge_lost_lately(void);                                            /* within a minute */
void judge_loss(void); /* Redis lost its tail: what was answered may be gone until it is told again */
/* How wrong the worst wall clock is: not at all, by less than two minutes, by more. */
enum clocks { CLOCKS_RIGHT, CLOCKS_NEAR, CLOCKS_FAR };
void judge_clocks(enum clocks how);
void judge_shown(void); /* what both parkd would show now */
/* Does everybody hold the same, and the newest? NULL, or what differs. */
const char *judge_level(void);

/* --- sim_node.c: one parkd --- */

struct pipeline;
extern int64_t node_skew[SIM_NODES];
void nodes_init(const char *folder);
void node_start(int node);
void node_kill(int node);
void node_end(int node); /* in order; it is gone a while later */
bool node_alive(int node);
bool node_ready(int node); /* loaded, and Redis is there */
void node_freeze(int node, int64_t ms);
void node_tell(int node); /* its sinks and feeds, into the trace */
int64_t node_frozen_until(int node);
void node_resume_sink(int node); /* the platform is well again: what is held or waits is tried now */
/* A push to that node: false when nobody takes it. */
bool node_push(int node, const struct report *r, void (*done)(void *ctx, bool good, uint64_t seq), void *ctx);
const struct reading *node_reading(int node, int lot); /* NULL: not there */
bool node_shows(int node, int lot);                    /* would it show a number now? */
int64_t node_wall(int node);
void node_register(int node); /* puts lots, feeds and the sink into Redis */

#endif
