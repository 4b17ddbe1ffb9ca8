/* SPDX-License-Identifier: MIT
 * The store's life: start, connection up and down, end. What it does while it lives stands in the files
 * beside this one.
 *
 * The end goes in steps, each waiting for the one before or for its time: write what waits, give leases back,
 * cut the connections (which answers everything outstanding), end the embedded server, free.
 */
#include "store/store_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/store/acked_lua.h"
#include "gen/store/announce_lua.h"
#include "gen/store/audit_lua.h"
#include "gen/store/lease_lua.h"
#include "gen/store/put_lua.h"
#include "gen/store/remove_lua.h"
#include "gen/store/update_lua.h"
#include "parkd/base/log.h"
#include "parkd/net/timer.h"
#include "store/redis_child.h"

#define PROBE_MS       1000
#define UNUSABLE_MS    5000
#define STOP_POLL_MS   2
#define RELEASE_MS     300
#define KEEP_DAYS      40
#define KEEP_HOUR_DAYS 400
#define PARTITIONS     16

/* --- small helpers for the other files --- */

int store_send_fini(struct store *st, struct redis_cmd *cmd, redis_reply_fn *fn, void *ctx)
{
    bool away = st->phase == PHASE_ENDED || st->phase == PHASE_DOWN;
    int rc = away ? ERR_AWAY : redis_link_send(st->link, cmd, fn, ctx);
    redis_cmd_fini(cmd);
    return rc;
}

int store_err_of(enum redis_error e)
{
    switch (e) {
    case RE_NONE:
        return 0;
    case RE_LOST:
        return ERR_UNCERTAIN;
    case RE_BLOCKED:
    case RE_BUG:
        return ERR_REFUSED;
    default:
        return ERR_AWAY;
    }
}

struct key store_key_of(const struct store *st, const char *kind, struct view lot)
{
    return key_part(st->prefix, partition_of(lot, st->partitions), kind);
}

bool store_ended(const struct store *st)
{
    return st->phase == PHASE_ENDED;
}

bool store_up(const struct store *st)
{
    return st->phase == PHASE_UP && !st->blocked;
}

const char *store_address(const struct store *st)
{
    return st->address;
}

const char *store_instance(const struct store *st)
{
    return st->instance;
}

void store_waiting(const struct store *st, size_t *lots, size_t *samples)
{
    updates_count(st->updates, lots, samples);
}

/* --- there and away --- */

static void tell_away(struct store *st, bool away)
{
    if (away == st->away_told)
        return;
    st->away_told = away;
    if (st->ev.on_away)
        st->ev.on_away(st->ev.ctx, away, away ? st->reason : "");
}

static void set_reason(struct store *st, struct view why)
{
    snprintf(st->reason, sizeof st->reason, VIEW_FMT, VIEW_ARG(why));
}

static void on_link_ready(void *ctx)
{
    struct store *st = ctx;
    if (st->phase == PHASE_ENDED)
        return;
    st->phase = PHASE_LOADING;
    load_start(st->load);
}

static void on_link_down(void *ctx, enum redis_error err, const char *text)
{
    struct store *st = ctx;
    if (st->phase == PHASE_ENDED)
        return;
    bool was_up = st->phase == PHASE_UP;
    st->phase = PHASE_DOWN;
    st->blocked = false;
    timer_cancel(st->probe);
    set_reason(st, view_of(text));
    load_stop(st->load);
    follow_stop(st->follow);
    hours_stop(st->hours);
    updates_away(st->updates);
    /* Our own server needs a moment to start; anything else is worth a word at once. */
    if (was_up || st->loaded_once || !st->embedded || err == RE_DENIED)
        tell_away(st, true);
}

void store_unusable(struct store *st, const char *reason)
{
    log_error(STORE, "redis=unusable reason=\"%s\"", reason);
    set_reason(st, view_of(reason));
    st->phase = PHASE_LOADING;
    load_stop(st->load);
    updates_away(st->updates);
    tell_away(st, true);
    timer_arm(st->probe, UNUSABLE_MS);
}

bool store_partitions(struct store *st, unsigned n)
{
    st->partitions = n;
    leases_repartition(st->leases);
    return !updates_partitions(st->updates, n) && !follow_partitions(st->follow, n);
}

void store_loaded(struct store *st)
{
    bool first = !st->loaded_once;
    st->phase = PHASE_UP;
    st->loaded_once = true;
    st->blocked = false;
    tell_away(st, false);
    if (st->ev.on_loaded)
        st->ev.on_loaded(st->ev.ctx, first);
    leases_kick(st->leases);
    redis_link_start(st->tail);
    follow_start(st->follow);
    updates_kick(st->updates);
    hours_kick(st->hours);
}

/* --- Redis that refuses writes: asked once a second whether it takes one again --- */

void store_block(struct store *st, struct view reason)
{
    if (st->phase != PHASE_UP || st->blocked)
        return;
    st->blocked = true;
    set_reason(st, reason);
    updates_away(st->updates);
    tell_away(st, true);
    timer_arm(st->probe, PROBE_MS);
}

static void on_probed(void *ctx, const struct reply *r, enum redis_error err)
{
    struct store *st = ctx;
    (void)r;
    if (st->phase != PHASE_UP || !st->blocked)
        return;
    if (err) {
        timer_arm(st->probe, PROBE_MS);
        return;
    }
    st->blocked = false;
    tell_away(st, false);
    updates_kick(st->updates);
    leases_kick(st->leases);
}

static void on_probe(void *ctx)
{
    struct store *st = ctx;
    struct redis_cmd cmd;
    if (st->phase == PHASE_LOADING)
        redis_link_drop(st->link, st->reason);
    if (st->phase != PHASE_UP || !st->blocked)
        return;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "SET");
    redis_cmd_key(&cmd, key_global(st->prefix, "probe"));
    redis_cmd_str(&cmd, st->instance);
    redis_cmd_str(&cmd, "PX");
    redis_cmd_int(&cmd, PROBE_MS);
    if (store_send_fini(st, &cmd, on_probed, st))
        timer_arm(st->probe, PROBE_MS);
}

/* --- making --- */

static int check_text(const char *text, char *dst, size_t size, const char *key, struct why *why)
{
    if (view_copy(view_of(text), dst, size))
        return why_set(why, ERR_TOO_BIG, key, "is longer than %zu bytes", size - 1);
    return 0;
}

/* A brace in the prefix would become the hash tag of every key. */
static int check_prefix(const struct store *st, struct why *why)
{
    for (const char *p = st->prefix; *p; p++) {
        if (*p <= ' ' || *p > '~' || *p == '{' || *p == '}')
            return why_set(why, ERR_INVALID, "redis.prefix",
                           "must be printable ASCII without blanks and braces");
    }
    return 0;
}

static int take_conf(struct store *st, const struct store_conf *c, struct why *why)
{
    st->embedded = !c->redis_url || !c->redis_url[0];
    st->max_memory_mb = c->max_memory_mb;
    st->keep_days = c->keep_days > 0 ? c->keep_days : KEEP_DAYS;
    st->keep_hour_days = c->keep_hour_days > 0 ? c->keep_hour_days : KEEP_HOUR_DAYS;
    st->partitions = c->partitions ? c->partitions : PARTITIONS;
    if (st->partitions > PARTITIONS_MAX)
        return why_set(why, ERR_RANGE, "redis.partitions", "must be 1…%d", PARTITIONS_MAX);
    int rc = check_text(c->prefix ? c->prefix : "parkd:", st->prefix, sizeof st->prefix, "redis.prefix", why);
    rc = rc ? rc : check_prefix(st, why);
    rc = rc ? rc
            : check_text(c->key_mark ? c->key_mark : "", st->key_mark, sizeof st->key_mark, "key_mark", why);
    rc = rc ? rc : check_text(c->state_dir, st->state_dir, sizeof st->state_dir, "state_dir", why);
    const char *server = c->redis_server && c->redis_server[0] ? c->redis_server : "redis-server";
    rc = rc ? rc : check_text(server, st->server, sizeof st->server, "redis.server", why);
    rc =
        rc ? rc : check_text(c->fsync ? c->fsync : "always", st->fsync, sizeof st->fsync, "redis.fsync", why);
    if (!rc && strcmp(st->fsync, "always") != 0 && strcmp(st->fsync, "everysec") != 0)
        rc = why_set(why, ERR_INVALID, "redis.fsync", "must be always or everysec");
    if (!rc && !st->embedded) {
        rc = redis_addr_parse(view_of(c->redis_url), &st->addr, why);
        if (rc)
            why_under(why, "redis.url");
        redis_addr_show(&st->addr, st->address, sizeof st->address);
    }
    return rc;
}

static int make_scripts(struct store *st)
{
    static const struct {
        const unsigned char *text;
        const size_t *n;
    } files[SCRIPT_N] = {
        [SCRIPT_UPDATE] = {update_lua, &update_lua_len},
        [SCRIPT_PUT] = {put_lua, &put_lua_len},
        [SCRIPT_REMOVE] = {remove_lua, &remove_lua_len},
        [SCRIPT_ANNOUNCE] = {announce_lua, &announce_lua_len},
        [SCRIPT_ACKED] = {acked_lua, &acked_lua_len},
        [SCRIPT_LEASE] = {lease_lua, &lease_lua_len},
        [SCRIPT_AUDIT] = {audit_lua, &audit_lua_len},
    };
    int rc = 0;
    for (int i = 0; i < SCRIPT_N && !rc; i++)
        rc = redis_script_init(&st->scripts[i], files[i].text, *files[i].n);
    return rc;
}

static void on_later(void *ctx)
{
    store_later_run(ctx);
}

static void on_stop_step(void *ctx);

/* NULL is fine. Links, child and what was outstanding are gone before. */
static void release(struct store *st)
{
    if (!st)
        return;
    audit_free(st->audit);
    hours_free(st->hours);
    leases_free(st->leases);
    docs_free(st->docs);
    follow_free(st->follow);
    load_free(st->load);
    updates_free(st->updates);
    timer_free(st->later_timer);
    timer_free(st->probe);
    timer_free(st->stop_timer);
    store_dir_close(st);
    explicit_bzero(&st->addr, sizeof st->addr);
    free(st);
}

struct store *store_new(struct loop *loop, const struct clock *clock, const struct store_conf *conf,
                        struct registry *reg, const struct store_events *ev, struct why *why)
{
    struct store *st = calloc(1, sizeof *st);
    if (!st)
        goto nomem;
    st->loop = loop;
    st->clock = clock;
    st->reg = reg;
    st->ev = *ev;
    st->lock_fd = -1;
    st->later_tail = &st->later;
    if (take_conf(st, conf, why)) {
        release(st);
        return NULL;
    }
    if (make_scripts(st) || !(st->later_timer = timer_new(loop, on_later, st)) ||
        !(st->probe = timer_new(loop, on_probe, st)) ||
        !(st->stop_timer = timer_new(loop, on_stop_step, st)) || !(st->updates = updates_new(st)) ||
        !(st->load = load_new(st)) || !(st->follow = follow_new(st)) || !(st->docs = docs_new(st)) ||
        !(st->leases = leases_new(st)) || !(st->hours = hours_new(st)) || !(st->audit = audit_new(st)))
        goto nomem;
    return st;
nomem:
    release(st);
    why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    return NULL;
}

/* --- starting --- */

static void on_spawned(void *ctx)
{
    struct store *st = ctx;
    redis_link_start(st->link);
    redis_link_hurry(st->link);
}

static int make_child(struct store *st, struct why *why)
{
    const struct redis_child_conf conf = {.program = st->server,
                                          .state_dir = st->state_dir,
                                          .fsync = st->fsync,
                                          .max_memory_mb = st->max_memory_mb,
                                          .ctx = st,
                                          .on_spawned = on_spawned};
    st->child = redis_child_new(st->loop, &conf, why);
    if (!st->child)
        return ERR_IO;
    st->addr = (struct redis_addr){0};
    if (view_copy(view_of(redis_child_socket(st->child)), st->addr.path, sizeof st->addr.path))
        return why_set(why, ERR_TOO_BIG, "state_dir", "the socket's path is too long");
    redis_addr_show(&st->addr, st->address, sizeof st->address);
    return 0;
}

static int make_links(struct store *st, struct why *why)
{
    const struct redis_link_events ev = {.ctx = st, .on_ready = on_link_ready, .on_down = on_link_down};
    st->link = redis_link_new(st->loop, &st->addr, &ev);
    st->tail = follow_link(st->follow, &st->addr);
    return st->link && st->tail ? 0 : why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

int store_start(struct store *st, struct why *why)
{
    int rc = store_dir_open(st, why);
    if (!rc && st->embedded)
        rc = make_child(st, why);
    if (!rc)
        rc = make_links(st, why);
    if (rc)
        return rc;
    if (st->child) /* the link starts with the server: what stands at its socket before is a former one */
        redis_child_start(st->child);
    else
        redis_link_start(st->link);
    return 0;
}

/* --- ending --- */

static void on_child_stopped(void *ctx)
{
    struct store *st = ctx;
    void (*stopped)(void *ctx) = st->stopped;
    void *stopped_ctx = st->stopped_ctx;
    updates_abort(st->updates);
    audit_abort(st->audit);
    while (st->later)
        store_later_run(st);
    release(st);
    if (stopped)
        stopped(stopped_ctx);
}

static void cut(struct store *st)
{
    st->phase = PHASE_ENDED;
    redis_link_free(st->link);
    redis_link_free(st->tail);
    st->link = st->tail = NULL;
    if (st->child)
        redis_child_stop(st->child, on_child_stopped, st);
    else
        on_child_stopped(st);
}

static void on_stop_step(void *ctx)
{
    struct store *st = ctx;
    int64_t now = clock_mono_ms(st->clock);
    bool late = now >= st->stop_deadline || !store_up(st);
    if (!late && (!updates_idle(st->updates) || leases_busy(st->leases))) {
        timer_arm(st->stop_timer, STOP_POLL_MS);
        return;
    }
    if (store_up(st) && st->stopping && !st->releasing) {
        st->releasing = true;
        st->stop_deadline = now + RELEASE_MS;
        leases_release(st->leases);
        timer_arm(st->stop_timer, STOP_POLL_MS);
        return;
    }
    cut(st);
}

void store_stop(struct store *st, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx)
{
    if (st->stopping)
        return;
    st->stopping = true;
    st->stopped = stopped;
    st->stopped_ctx = ctx;
    st->stop_deadline = clock_mono_ms(st->clock) + grace_ms;
    hours_stop(st->hours);
    timer_arm(st->stop_timer, 0);
}
