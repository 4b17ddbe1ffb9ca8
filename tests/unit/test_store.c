/* SPDX-License-Identifier: MIT
 * The store against a real redis-server that it starts itself: operations and their outcomes, two stores on
 * one Redis, Redis killed and coming back, what waits meanwhile, registrations, series, leases, the end.
 */
#include "store_test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "parkd/base/counters.h"
#include "parkd/model/series.h"
#include "parkd/store/keys.h"
#include "parkd/store/store.h"

#define LOTS      200
#define T0        INT64_C(1781049600000) /* 2026-06-10 00:00 UTC */
#define MINUTE    INT64_C(60000)
#define ODD_DELTA 77 /* a movement that is not taken */

/* One parkd as far as the store is concerned. */
struct node {
    struct loop *loop;
    struct clock clock;
    struct registry *reg;
    struct store *st;
    int loaded, away, back, stopped, regs[3];
    char last_reg[64];
    int hint_calls;
};

struct env {
    struct loop *loop;
    char dir[600], dir2[600], socket[700];
    struct node a, b;
};

/* --- a wall clock that stands where the test puts it --- */

static int64_t wall_now;

static int64_t still_wall(const struct clock *c)
{
    (void)c;
    return wall_now;
}

/* --- callbacks --- */

static void on_registration(void *ctx, enum noun noun, struct view id, struct view json, uint64_t version)
{
    struct node *n = ctx;
    (void)version;
    n->regs[noun]++;
    snprintf(n->last_reg, sizeof n->last_reg, "%d " VIEW_FMT "%s", (int)noun, VIEW_ARG(id),
             json.n ? "" : " gone");
}

static void on_loaded(void *ctx, bool first)
{
    struct node *n = ctx;
    assert_int_equal(first, n->loaded == 0);
    n->loaded++;
}

static void on_away(void *ctx, bool away, const char *reason)
{
    struct node *n = ctx;
    (void)reason;
    if (away)
        n->away++;
    else
        n->back++;
}

static int apply_hint(void *ctx, const struct lot *lot, const struct reading *held, int32_t delta,
                      int64_t at_ms, struct reading *out)
{
    struct node *n = ctx;
    (void)lot;
    n->hint_calls++;
    if (held->free == COUNT_NONE || delta == ODD_DELTA)
        return ERR_INVALID;
    *out = *held;
    out->free = held->free - delta < 0 ? 0 : held->free - delta;
    out->changed_ms = out->observed_ms = at_ms;
    return 0;
}

static void on_stopped(void *ctx)
{
    ((struct node *)ctx)->stopped++;
}

/* --- conditions --- */

static bool is_loaded(void *ctx)
{
    return ((struct node *)ctx)->loaded > 0;
}

static bool is_stopped(void *ctx)
{
    return ((struct node *)ctx)->stopped > 0;
}

static bool is_up(void *ctx)
{
    return store_up(((struct node *)ctx)->st);
}

static bool is_down(void *ctx)
{
    return !store_up(((struct node *)ctx)->st);
}

static bool is_set(void *ctx)
{
    return *(int *)ctx != 0;
}

/* --- operations that wait for their outcome --- */

struct result {
    struct store_outcome o;
    int calls;
};

static void on_update(void *ctx, const struct store_outcome *o)
{
    struct result *r = ctx;
    r->o = *o;
    r->calls++;
}

static bool has_result(void *ctx)
{
    return ((struct result *)ctx)->calls > 0;
}

static struct reading reading_at(int64_t obs, int32_t free_places)
{
    struct reading r;
    reading_init(&r);
    r.changed_ms = r.observed_ms = obs;
    r.received_ms = obs + 50;
    r.free = free_places;
    r.open = r.total = 400;
    r.status = STATUS_OPEN;
    return r;
}

static struct store_outcome wait_result(struct node *n, struct result *r)
{
    assert_int_equal(r->calls, 0); /* never inside the start call */
    harness_wait(n->loop, has_result, r, "the outcome of an update");
    assert_int_equal(r->calls, 1);
    return r->o;
}

static uint32_t lot_of(struct node *n, const char *id)
{
    uint32_t idx = registry_find(n->reg, view_of(id));
    assert_int_not_equal(idx, REGISTRY_NONE);
    return idx;
}

static struct store_outcome set_full(struct node *n, const char *id, const struct reading *r)
{
    struct result res = {0};
    assert_int_equal(store_set(n->st, lot_of(n, id), r, STORE_MUST_ACK, on_update, &res), 0);
    return wait_result(n, &res);
}

static struct store_outcome set(struct node *n, const char *id, int64_t obs, int32_t free_places)
{
    struct reading r = reading_at(obs, free_places);
    return set_full(n, id, &r);
}

static struct store_outcome beat(struct node *n, const char *id, int64_t obs)
{
    struct result res = {0};
    assert_int_equal(store_beat(n->st, lot_of(n, id), obs, STORE_MUST_ACK, on_update, &res), 0);
    return wait_result(n, &res);
}

static struct store_outcome hint(struct node *n, const char *id, int32_t delta, int64_t at)
{
    struct result res = {0};
    assert_int_equal(store_hint(n->st, lot_of(n, id), delta < 0 ? -delta : 0, delta > 0 ? delta : 0, at,
                                STORE_MUST_ACK, on_update, &res),
                     0);
    return wait_result(n, &res);
}

static const struct reading *held(struct node *n, const char *id)
{
    return &registry_lot(n->reg, lot_of(n, id))->reading;
}

struct done {
    int err, calls;
    uint64_t version;
};

static void on_done(void *ctx, int err, uint64_t version)
{
    struct done *d = ctx;
    d->err = err;
    d->version = version;
    d->calls++;
}

static bool has_done(void *ctx)
{
    return ((struct done *)ctx)->calls > 0;
}

static struct done put(struct node *n, enum noun noun, const char *id, const char *json, uint64_t if_version)
{
    struct done d = {0};
    assert_int_equal(store_put(n->st, noun, view_of(id), view_of(json), if_version, on_done, &d), 0);
    assert_int_equal(d.calls, 0);
    harness_wait(n->loop, has_done, &d, "a registration");
    return d;
}

static struct done remove_one(struct node *n, enum noun noun, const char *id)
{
    struct done d = {0};
    assert_int_equal(store_remove(n->st, noun, view_of(id), on_done, &d), 0);
    harness_wait(n->loop, has_done, &d, "a removal");
    return d;
}

static void put_lot(struct node *n, const char *id)
{
    char json[128];
    snprintf(json, sizeof json, "{\"id\":\"%s\",\"name\":\"Lot %s\",\"total\":400}", id, id);
    assert_int_equal(put(n, NOUN_LOT, id, json, UINT64_MAX).err, 0);
}

/* --- set-up --- */

static void node_begin(struct env *e, struct node *n, const char *dir, const char *url)
{
    struct why why = {0};
    const struct store_events ev = {.ctx = n,
                                    .on_registration = on_registration,
                                    .on_loaded = on_loaded,
                                    .on_away = on_away,
                                    .apply_hint = apply_hint};
    const struct store_conf conf = {.redis_url = url,
                                    .state_dir = dir,
                                    .redis_server = "redis-server",
                                    .prefix = "t:",
                                    .fsync = "everysec",
                                    .partitions = 4,
                                    .keep_days = 40,
                                    .keep_hour_days = 400};
    memset(n, 0, sizeof *n);
    n->loop = e->loop;
    clock_system(&n->clock);
    n->clock.wall = still_wall;
    assert_non_null(n->reg = registry_new());
    n->st = store_new(e->loop, &n->clock, &conf, n->reg, &ev, &why);
    if (!n->st || store_start(n->st, &why))
        fail_msg("%s: %s", why.at, why.text);
    assert_int_equal(n->loaded, 0);
}

static void node_start(struct env *e, struct node *n, const char *dir, const char *url)
{
    node_begin(e, n, dir, url);
    harness_wait(e->loop, is_loaded, n, "the first load");
    assert_true(store_up(n->st));
}

static void node_stop(struct env *e, struct node *n)
{
    if (!n->st)
        return;
    store_stop(n->st, 2000, on_stopped, n);
    assert_int_equal(n->stopped, 0);
    harness_wait(e->loop, is_stopped, n, "the end of the store");
    registry_free(n->reg);
    n->st = NULL;
}

static int set_up(void **state)
{
    struct env *e = calloc(1, sizeof *e);
    assert_non_null(e);
    wall_now = T0 + 12 * 60 * MINUTE;
    harness_temp_dir(e->dir, sizeof e->dir);
    harness_temp_dir(e->dir2, sizeof e->dir2);
    assert_non_null(e->loop = loop_new());
    node_start(e, &e->a, e->dir, NULL);
    snprintf(e->socket, sizeof e->socket, "%s/redis.sock", e->dir);
    put_lot(&e->a, "lot-1");
    *state = e;
    return 0;
}

static int tear_down(void **state)
{
    struct env *e = *state;
    node_stop(e, &e->b);
    node_stop(e, &e->a);
    assert_int_equal(loop_close(e->loop), 0);
    harness_remove_dir(e->dir);
    harness_remove_dir(e->dir2);
    free(e);
    return 0;
}

static void second_node(struct env *e)
{
    char url[800];
    snprintf(url, sizeof url, "unix://%s", e->socket);
    node_start(e, &e->b, e->dir2, url);
}

static int redis_pid(struct env *e)
{
    redisContext *c = harness_open(e->socket);
    redisReply *r = redisCommand(c, "INFO server");
    const char *at = strstr(r->str, "process_id:");
    assert_non_null(at);
    int pid = (int)strtol(at + 11, NULL, 10);
    freeReplyObject(r);
    redisFree(c);
    return pid;
}

static void kill_redis(struct env *e)
{
    assert_int_equal(kill(redis_pid(e), SIGKILL), 0);
    harness_wait(e->loop, is_down, &e->a, "the loss of Redis");
}

static char *day_string(struct env *e, const char *lot, const char *day, size_t *n)
{
    struct key k = key_day("t:", 4, view_of(lot), day);
    redisContext *c = harness_open(e->socket);
    redisReply *r = redisCommand(c, "GET %s", k.text);
    assert_int_equal(r->type, REDIS_REPLY_STRING);
    char *copy = malloc((size_t)r->len + 1);
    assert_non_null(copy);
    memcpy(copy, r->str, (size_t)r->len);
    *n = (size_t)r->len;
    freeReplyObject(r);
    redisFree(c);
    return copy;
}

static int32_t minute_of(struct env *e, const char *lot, int minute)
{
    size_t n;
    char *day = day_string(e, lot, "20260610", &n);
    int32_t v = series_get((struct view){day, n}, minute);
    free(day);
    return v;
}

/* --- updates --- */

static void test_outcomes(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    int64_t t = wall_now;
    struct store_outcome o = set(a, "lot-1", t, 100);
    assert_int_equal(o.code, STORE_OK);
    assert_true(o.seq > 1000000000000u);
    assert_int_equal(held(a, "lot-1")->seq, o.seq);
    assert_int_equal(held(a, "lot-1")->free, 100);

    struct store_outcome again = set(a, "lot-1", t, 100);
    assert_int_equal(again.code, STORE_DUP);
    assert_int_equal(again.seq, o.seq);

    struct store_outcome touch = set(a, "lot-1", t + 1000, 100);
    assert_int_equal(touch.code, STORE_TOUCH);
    assert_int_equal(touch.seq, o.seq);
    assert_int_equal(held(a, "lot-1")->observed_ms, t + 1000);
    assert_int_equal(held(a, "lot-1")->changed_ms, t); /* belongs to the seq */

    assert_int_equal(set(a, "lot-1", t, 90).code, STORE_OLD);
    assert_int_equal(held(a, "lot-1")->free, 100);
    struct store_outcome other = set(a, "lot-1", t + 1000, 91); /* same time, other values */
    assert_int_equal(other.code, STORE_OK);
    assert_true(other.seq > o.seq);
}

static void test_beat(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    int64_t t = wall_now;
    assert_int_equal(beat(a, "lot-1", t).code, STORE_GONE); /* nothing is held that could be unchanged */
    uint64_t seq = set(a, "lot-1", t, 70).seq;
    struct store_outcome o = beat(a, "lot-1", t + 2 * MINUTE);
    assert_int_equal(o.code, STORE_TOUCH);
    assert_int_equal(o.seq, seq);
    assert_int_equal(held(a, "lot-1")->observed_ms, t + 2 * MINUTE);
    assert_int_equal(beat(a, "lot-1", t).code, STORE_DUP);
    assert_int_equal(minute_of(e, "lot-1", 720), 70);
    assert_int_equal(minute_of(e, "lot-1", 721), SERIES_NONE); /* a gap is silence */
    assert_int_equal(minute_of(e, "lot-1", 722), 70);
}

static bool is_expired(void *ctx)
{
    return held(ctx, "lot-1")->expired;
}

static bool had_race(void *ctx)
{
    return counter_get(C_UPDATE_RACE) > *(uint64_t *)ctx;
}

static void test_expire(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    set(a, "lot-1", wall_now, 70);
    struct reading seen = *held(a, "lot-1"), gone = seen;
    gone.expired = true;
    gone.last_free = seen.free;
    gone.free = COUNT_NONE;
    gone.changed_ms = wall_now + 10 * MINUTE;
    /* The condition no longer holds: somebody confirmed it. */
    beat(a, "lot-1", wall_now + 1000);
    uint64_t races = counter_get(C_UPDATE_RACE);
    assert_int_equal(store_expire(a->st, lot_of(a, "lot-1"), &seen, &gone), 0);
    harness_wait(e->loop, had_race, &races, "the refusal of the expiry");
    assert_false(held(a, "lot-1")->expired);
    /* A new report takes the place of an expiry that still waits. */
    assert_int_equal(store_expire(a->st, lot_of(a, "lot-1"), held(a, "lot-1"), &gone), 0);
    assert_int_equal(set(a, "lot-1", wall_now + 2000, 70).code, STORE_TOUCH);
    assert_false(held(a, "lot-1")->expired);

    seen = *held(a, "lot-1");
    gone.observed_ms = seen.observed_ms;
    assert_int_equal(store_expire(a->st, lot_of(a, "lot-1"), &seen, &gone), 0);
    harness_wait(e->loop, is_expired, a, "the expiry");
    assert_true(held(a, "lot-1")->seq > seen.seq);
    assert_int_equal(held(a, "lot-1")->last_free, 70);
    uint64_t seq = held(a, "lot-1")->seq;
    /* A sign of life does not bring a count back. */
    struct store_outcome o = beat(a, "lot-1", wall_now + 20 * MINUTE);
    assert_int_equal(o.code, STORE_TOUCH);
    assert_int_equal(o.seq, seq);
    assert_true(held(a, "lot-1")->expired);
    assert_int_equal(held(a, "lot-1")->observed_ms, seen.observed_ms);
    /* Nor does the observation that expired, told again. */
    assert_int_equal(set(a, "lot-1", seen.observed_ms, 70).code, STORE_OLD);
    assert_int_equal(set(a, "lot-1", seen.observed_ms, 71).code, STORE_OLD);
    assert_true(held(a, "lot-1")->expired);
    assert_int_equal(held(a, "lot-1")->seq, seq);
    assert_int_equal(set(a, "lot-1", wall_now + 21 * MINUTE, 70).code, STORE_OK);
    assert_false(held(a, "lot-1")->expired);
}

static void test_hints(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct result r[3] = {{{0}, 0}};
    assert_int_equal(hint(a, "lot-1", 1, wall_now).code, STORE_GONE);
    set(a, "lot-1", wall_now, 1);
    /* In one turn: applied one after the other, so that the clamp at 0 stands between. */
    assert_int_equal(store_hint(a->st, lot_of(a, "lot-1"), 0, 2, wall_now + 1000, 0, on_update, &r[0]), 0);
    assert_int_equal(store_hint(a->st, lot_of(a, "lot-1"), 1, 0, wall_now + 2000, 0, on_update, &r[1]), 0);
    assert_int_equal(store_hint(a->st, lot_of(a, "lot-1"), 1, 0, wall_now + MINUTE, 0, on_update, &r[2]), 0);
    for (int i = 0; i < 3; i++)
        harness_wait(e->loop, has_result, &r[i], "a hint");
    assert_int_equal(r[0].o.code, STORE_OK);
    assert_int_equal(r[0].o.seq, r[2].o.seq);
    assert_int_equal(held(a, "lot-1")->free, 2);
    assert_int_equal(minute_of(e, "lot-1", 720), 1);
    assert_int_equal(minute_of(e, "lot-1", 721), 2);
}

static void expect_cars(struct env *e, uint32_t date, int32_t in, int32_t out);

/* The registry is behind Redis: the first try meets a race and is computed anew. */
static void test_hint_race(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    set(a, "lot-1", wall_now, 50);
    struct key k = key_part("t:", partition_of(VIEW("lot-1"), 4), "state");
    redisContext *c = harness_open(e->socket);
    char *text = harness_text(c, "HGET %s lot-1", k.text);
    char *at = strstr(text, "free=50");
    assert_non_null(at);
    at[5] = '3'; /* 30 */
    at = strstr(text, "obs=");
    at[16] = '9'; /* observed a few ms later */
    freeReplyObject(redisCommand(c, "HSET %s lot-1 %s", k.text, text));
    free(text);
    redisFree(c);
    a->hint_calls = 0;
    assert_int_equal(hint(a, "lot-1", 1, wall_now + 5000).code, STORE_OK);
    assert_int_equal(a->hint_calls, 2);
    assert_int_equal(held(a, "lot-1")->free, 29);
    expect_cars(e, 20260610, 0, 1); /* the first try counted nothing */
}

static void test_source_seq(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct reading r = reading_at(wall_now, 10);
    r.source_seq = UINT64_MAX; /* more than a Lua number holds */
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
    r = reading_at(wall_now + 1000, 11);
    r.source_seq = UINT64_MAX - 1;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OLD);
    r.source_seq = 0; /* a source that does not number */
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
    r = reading_at(wall_now + 2000, 12);
    r.source_seq = 5;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
}

/* A box says that it lives, then what it counted a little before; or its clock is slow, and ours dated the
 * beat. */
static void test_news_older_than_a_beat(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct reading r = reading_at(wall_now, 10);
    r.source_ms = wall_now;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
    assert_int_equal(beat(a, "lot-1", wall_now + 5000).code, STORE_TOUCH);
    r = reading_at(wall_now + 3000, 9);
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OLD); /* says nothing of when */
    r.source_ms = wall_now;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OLD); /* told before */
    r.source_ms = wall_now + 3000;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
    assert_int_equal(held(a, "lot-1")->free, 9);
    assert_int_equal(held(a, "lot-1")->observed_ms, wall_now + 5000); /* it did live then */
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OLD);       /* once */
    r = reading_at(wall_now + 4000, 9);
    r.source_ms = wall_now + 4000;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_DUP); /* the same, and nothing newer */
}

static void test_numbered_news_older_than_a_beat(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct reading r = reading_at(wall_now, 10);
    r.source_seq = 7;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
    assert_int_equal(beat(a, "lot-1", wall_now + 5000).code, STORE_TOUCH);
    r = reading_at(wall_now + 3000, 9);
    r.source_seq = 6;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OLD);
    r.source_seq = 8;
    assert_int_equal(set_full(a, "lot-1", &r).code, STORE_OK);
    assert_int_equal(held(a, "lot-1")->free, 9);
}

static void test_held_ahead_does_not_block(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    uint64_t seq = set(a, "lot-1", wall_now + 3 * MINUTE, 10).seq;
    struct store_outcome o = set(a, "lot-1", wall_now, 10);
    assert_int_equal(o.code, STORE_OK);
    assert_true(o.seq > seq);
    assert_int_equal(held(a, "lot-1")->observed_ms, wall_now);
    set(a, "lot-1", wall_now + MINUTE, 11); /* within two minutes it counts */
    assert_int_equal(set(a, "lot-1", wall_now, 12).code, STORE_OLD);
}

/* Redis lost a number that we know: the next one is higher all the same, also far ahead of Redis' clock. */
static void test_seq_above_what_is_known(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    uint64_t far = 4102444800000u; /* 2100 */
    struct reading known = reading_at(wall_now, 10);
    known.seq = far;
    assert_true(registry_apply(a->reg, lot_of(a, "lot-1"), &known));
    struct store_outcome o = set(a, "lot-1", wall_now + 1000, 11);
    assert_int_equal(o.code, STORE_OK);
    assert_int_equal(o.seq, far + 1);
    assert_int_equal(set(a, "lot-1", wall_now + 2000, 12).seq,
                     far + 2); /* and Redis' time is behind what is held */
}

static void test_merge_in_one_turn(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    uint32_t lot = lot_of(a, "lot-1");
    struct result r[3] = {{{0}, 0}};
    struct reading first = reading_at(wall_now - MINUTE, 5), second = reading_at(wall_now, 6),
                   older = reading_at(wall_now - 2000, 7);
    assert_int_equal(store_set(a->st, lot, &first, STORE_MUST_ACK, on_update, &r[0]), 0);
    assert_int_equal(store_set(a->st, lot, &second, STORE_MUST_ACK, on_update, &r[1]), 0);
    assert_int_equal(store_set(a->st, lot, &older, STORE_MUST_ACK, on_update, &r[2]), 0);
    for (int i = 0; i < 3; i++)
        harness_wait(e->loop, has_result, &r[i], "a merged update");
    assert_int_equal(r[0].o.code, STORE_OK);
    assert_int_equal(r[1].o.code, STORE_OK);
    assert_int_equal(r[2].o.code, STORE_OLD);
    assert_int_equal(held(a, "lot-1")->free, 6);
    assert_int_equal(minute_of(e, "lot-1", 719), 5);
    assert_int_equal(minute_of(e, "lot-1", 720), 6);
}

/* One reading that breaks the rules costs nobody else anything. */
static void test_bad_reading_is_refused_alone(void **state)
{
    struct env *e = *state;
    struct result bad = {0}, good = {0};
    struct reading r = reading_at(wall_now, 5);
    char other[16] = "";
    for (int i = 2; !other[0] || partition_of(view_of(other), 4) != partition_of(VIEW("lot-1"), 4); i++)
        snprintf(other, sizeof other, "lot-%d", i);
    put_lot(&e->a, other);
    r.open = 4; /* less than are free */
    assert_int_equal(store_set(e->a.st, lot_of(&e->a, "lot-1"), &r, 0, on_update, &bad), 0);
    r.open = 400;
    assert_int_equal(store_set(e->a.st, lot_of(&e->a, other), &r, 0, on_update, &good), 0);
    assert_int_equal(wait_result(&e->a, &bad).code, STORE_REFUSED);
    harness_wait(e->loop, has_result, &good, "the good one");
    assert_int_equal(good.o.code, STORE_OK);
}

static void test_no_such_lot(void **state)
{
    struct env *e = *state;
    struct reading r = reading_at(wall_now, 5);
    assert_int_equal(store_set(e->a.st, 77, &r, 0, NULL, NULL), ERR_NOT_FOUND);
    uint32_t lot = lot_of(&e->a, "lot-1");
    remove_one(&e->a, NOUN_LOT, "lot-1");
    assert_int_equal(store_set(e->a.st, lot, &r, 0, NULL, NULL), ERR_NOT_FOUND);
}

/* --- series --- */

static void test_day_string(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    size_t n;
    set(a, "lot-1", wall_now, 0);
    char *day = day_string(e, "lot-1", "20260610", &n);
    assert_int_equal(n, SERIES_DAY_BYTES);
    assert_int_equal(series_get((struct view){day, n}, 720), 0);
    assert_int_equal(series_get((struct view){day, n}, 719), SERIES_NONE);
    assert_int_equal(series_get((struct view){day, n}, 1439), SERIES_NONE);
    free(day);
    struct key k = key_day("t:", 4, VIEW("lot-1"), "20260610");
    redisContext *c = harness_open(e->socket);
    long long ttl = harness_int(c, "TTL %s", k.text);
    assert_in_range(ttl, 41 * 86400 - 100, 41 * 86400);
    assert_in_range(harness_int(c, "MEMORY USAGE %s", k.text), 2880, 3300);
    /* The last minute of a day writes the whole length at once and still gets its end. */
    wall_now = T0 + 24 * 60 * MINUTE - 1;
    freeReplyObject(redisCommand(c, "DEL %s", k.text));
    struct reading most = reading_at(wall_now, COUNT_MAX);
    most.open = most.total = COUNT_MAX;
    assert_int_equal(set_full(a, "lot-1", &most).code, STORE_OK);
    assert_int_equal(minute_of(e, "lot-1", 1439), 65534);
    assert_true(harness_int(c, "TTL %s", k.text) > 0);
    redisFree(c);
}

struct series_result {
    int calls, err;
    size_t n, lengths[4];
};

static void on_series(void *ctx, int err, const struct view *parts, size_t n)
{
    struct series_result *r = ctx;
    r->calls++;
    r->err = err;
    r->n = n;
    for (size_t i = 0; i < n && i < 4; i++)
        r->lengths[i] = parts[i].n;
}

static bool has_series(void *ctx)
{
    return ((struct series_result *)ctx)->calls > 0;
}

static void test_read_series(void **state)
{
    struct env *e = *state;
    struct series_result r = {0};
    set(&e->a, "lot-1", wall_now, 3);
    uint32_t lot = lot_of(&e->a, "lot-1");
    assert_int_equal(store_read_days(e->a.st, lot, wall_now - 24 * 60 * MINUTE, 3, on_series, &r), 0);
    harness_wait(e->loop, has_series, &r, "days");
    assert_int_equal(r.err, 0);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.lengths[0], 0);
    assert_int_equal(r.lengths[1], SERIES_DAY_BYTES);
    assert_int_equal(r.lengths[2], 0);
    assert_int_equal(store_read_days(e->a.st, lot, wall_now, 63, on_series, &r), ERR_RANGE);
    assert_int_equal(store_read_years(e->a.st, lot, 2026, 0, on_series, &r), ERR_RANGE);
}

static bool has_hours(void *ctx)
{
    struct env *e = ctx;
    struct key k = key_hour("t:", 4, VIEW("lot-1"), 2026);
    redisContext *c = harness_open(e->socket);
    long long n = harness_int(c, "STRLEN %s", k.text);
    redisFree(c);
    return n > 0;
}

static void test_hours(void **state)
{
    struct env *e = *state;
    int year;
    wall_now = T0 + 11 * 60 * MINUTE;
    set(&e->a, "lot-1", wall_now, 10);
    set(&e->a, "lot-1", wall_now + 30 * MINUTE, 20);
    wall_now = T0 + 12 * 60 * MINUTE + 30000;
    store_lease_poll(e->a.st, VIEW("lot-1"));
    harness_wait(e->loop, has_hours, e, "an hourly record");
    struct key k = key_hour("t:", 4, VIEW("lot-1"), 2026);
    redisContext *c = harness_open(e->socket);
    redisReply *r = redisCommand(c, "GET %s", k.text);
    uint32_t at = series_hour_offset(T0 + 11 * 60 * MINUTE, &year);
    struct series_hour h = series_hour_decode((struct view){r->str, (size_t)r->len}, at / SERIES_HOUR_BYTES);
    assert_int_equal(year, 2026);
    assert_int_equal(h.minutes, 2);
    assert_int_equal(h.min, 10);
    assert_int_equal(h.max, 20);
    freeReplyObject(r);
    redisFree(c);
}

/* --- two stores --- */

struct wanted {
    struct node *n;
    const char *id;
    int32_t free;
    int64_t obs;
};

static bool sees(void *ctx)
{
    const struct wanted *w = ctx;
    uint32_t lot = registry_find(w->n->reg, view_of(w->id));
    if (lot == REGISTRY_NONE)
        return false;
    const struct reading *r = &registry_lot(w->n->reg, lot)->reading;
    return r->free == w->free && (!w->obs || r->observed_ms == w->obs);
}

static void wait_sees(struct env *e, struct node *n, const char *id, int32_t free_places, int64_t obs)
{
    struct wanted w = {n, id, free_places, obs};
    harness_wait(e->loop, sees, &w, "the other store's reading");
}

static void test_two_stores_follow(void **state)
{
    struct env *e = *state;
    set(&e->a, "lot-1", wall_now, 42);
    second_node(e);
    assert_string_not_equal(store_instance(e->a.st), store_instance(e->b.st));
    wait_sees(e, &e->b, "lot-1", 42, 0); /* by the load */
    set(&e->a, "lot-1", wall_now + 1000, 43);
    wait_sees(e, &e->b, "lot-1", 43, 0);
    set(&e->b, "lot-1", wall_now + 2000, 44);
    wait_sees(e, &e->a, "lot-1", 44, 0);
    beat(&e->b, "lot-1", wall_now + 9000); /* a touch too */
    wait_sees(e, &e->a, "lot-1", 44, wall_now + 9000);
    put_lot(&e->b, "lot-2");
    set(&e->b, "lot-2", wall_now, 7);
    wait_sees(e, &e->a, "lot-2", 7, 0);
    assert_int_equal(held(&e->a, "lot-2")->seq, held(&e->b, "lot-2")->seq);
}

static bool both_have_feed(void *ctx)
{
    struct env *e = ctx;
    return strcmp(e->b.last_reg, "1 feed-1") == 0;
}

static bool both_lost_feed(void *ctx)
{
    struct env *e = ctx;
    return strcmp(e->b.last_reg, "1 feed-1 gone") == 0;
}

static void test_registrations_travel(void **state)
{
    struct env *e = *state;
    second_node(e);
    assert_int_equal(put(&e->a, NOUN_FEED, "feed-1", "{\"x\":1}", 0).err, 0);
    harness_wait(e->loop, both_have_feed, e, "a feed from the other store");
    assert_int_equal(remove_one(&e->a, NOUN_FEED, "feed-1").err, 0);
    harness_wait(e->loop, both_lost_feed, e, "a removal from the other store");
}

static bool b_reloaded(void *ctx)
{
    return ((struct env *)ctx)->b.loaded > 1;
}

/* The feed was cut behind the reader's place: entries are numbered, so it notices, and loads everything
 * again. */
static void test_trimmed_feed_reloads(void **state)
{
    struct env *e = *state;
    set(&e->a, "lot-1", wall_now, 42);
    second_node(e);
    wait_sees(e, &e->b, "lot-1", 42, 0);
    unsigned part = partition_of(VIEW("lot-1"), 4);
    redisContext *c = harness_open(e->socket);
    freeReplyObject(
        redisCommand(c, "INCR %s", key_part("t:", part, "changes:n").text)); /* an entry that b never saw */
    redisFree(c);
    set(&e->a, "lot-1", wall_now + 1000, 43);
    harness_wait(e->loop, b_reloaded, e, "a reload after a gap");
    wait_sees(e, &e->b, "lot-1", 43, 0);
}

static bool was_told_away(void *ctx)
{
    return ((struct node *)ctx)->away > 0;
}

/* A store that a newer parkd wrote is not touched. */
static void test_newer_schema_is_refused(void **state)
{
    struct env *e = *state;
    char url[800];
    redisContext *c = harness_open(e->socket);
    freeReplyObject(redisCommand(c, "HSET t:meta schema 2"));
    redisFree(c);
    snprintf(url, sizeof url, "unix://%s", e->socket);
    node_begin(e, &e->b, e->dir2, url);
    harness_wait(e->loop, was_told_away, &e->b, "the refusal");
    assert_int_equal(e->b.loaded, 0);
    assert_false(store_up(e->b.st));
}

/* The stored number of partitions wins over the configured one; another store in its place is read anew. */
static void test_partitions_are_the_stored_ones(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    redisContext *c = harness_open(e->socket);
    set(a, "lot-1", wall_now, 5);
    freeReplyObject(redisCommand(c, "FLUSHALL"));
    freeReplyObject(redisCommand(c, "HSET t:meta schema 1 partitions 7"));
    redisFree(c);
    second_node(e); /* configured with 4 */
    put_lot(&e->b, "lot-9");
    set(&e->b, "lot-9", wall_now, 8);
    kill_redis(e);
    wait_sees(e, a, "lot-9", 8, 0);
    assert_int_equal(registry_find(a->reg, VIEW("lot-1")), REGISTRY_NONE);
    c = harness_open(e->socket);
    char *text =
        harness_text(c, "HGET %s lot-9", key_part("t:", partition_of(VIEW("lot-9"), 7), "state").text);
    assert_non_null(text);
    free(text);
    redisFree(c);
}

/* --- registrations --- */

static void test_versions(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct done d = put(a, NOUN_SINK, "city", "{\"n\":1}", 0);
    assert_int_equal(d.err, 0);
    assert_true(d.version > 0);
    assert_int_equal(put(a, NOUN_SINK, "city", "{\"n\":2}", UINT64_MAX).err, ERR_CONFLICT);
    assert_int_equal(put(a, NOUN_SINK, "city", "{\"n\":2}", d.version - 1).err, ERR_CONFLICT);
    struct done second = put(a, NOUN_SINK, "city", "{\"n\":2}", d.version);
    assert_int_equal(second.err, 0);
    assert_true(second.version > d.version);
    assert_int_equal(remove_one(a, NOUN_SINK, "city").err, 0);
    assert_string_equal(a->last_reg, "2 city gone");
    assert_int_equal(remove_one(a, NOUN_SINK, "city").err, ERR_NOT_FOUND);
    struct done third = put(a, NOUN_SINK, "city", "{\"n\":3}", UINT64_MAX);
    assert_int_equal(third.err, 0);
    assert_true(third.version > second.version); /* never falls, not even after a removal */
    assert_int_equal(store_put(a->st, NOUN_LOT, VIEW("bad id"), VIEW("{}"), 0, on_done, &d), ERR_INVALID);
}

static void test_lot_names_conflict(void **state)
{
    struct env *e = *state;
    struct done d = {0};
    const char *one = "{\"id\":\"x1\",\"name\":\"X\",\"feed\":\"f\",\"foreign_id\":\"7\"}";
    const char *two = "{\"id\":\"x2\",\"name\":\"X\",\"feed\":\"f\",\"foreign_id\":\"7\"}";
    assert_int_equal(put(&e->a, NOUN_LOT, "x1", one, 0).err, 0);
    assert_int_equal(store_put(e->a.st, NOUN_LOT, VIEW("x2"), view_of(two), 0, on_done, &d), ERR_CONFLICT);
    assert_int_equal(put(&e->a, NOUN_LOT, "x1", one, 0).err, 0); /* the same lot again */
}

struct acked {
    int n;
    uint64_t seq;
    int tries;
    char code[64];
};

static void on_ack(void *ctx, struct view lot, uint64_t number, struct view text)
{
    struct acked *a = ctx;
    assert_true(view_is(lot, "lot-1"));
    a->n++;
    a->seq = number;
    assert_int_equal(view_copy(text, a->code, sizeof a->code), 0);
}

static void on_held(void *ctx, struct view lot, const struct store_held *h)
{
    struct acked *a = ctx;
    assert_true(view_is(lot, "lot-1"));
    a->n++;
    a->seq = h->seq;
    a->tries = h->tries;
    memcpy(a->code, h->code, sizeof a->code);
}

static struct acked acked_done;
static int acked_calls;

static void on_acked_done(void *ctx, int err, uint64_t version)
{
    (void)version;
    assert_int_equal(err, 0);
    assert_ptr_equal(ctx, &acked_done);
    acked_calls++;
}

static struct acked load_of(struct env *e, enum store_what what, bool quarantine)
{
    struct store *st = e->a.st;
    memset(&acked_done, 0, sizeof acked_done);
    acked_calls = 0;
    int rc = quarantine ? store_load_held(st, "city", what, on_held, on_acked_done, &acked_done)
                        : store_load_acked(st, "city", what, on_ack, on_acked_done, &acked_done);
    assert_int_equal(rc, 0);
    harness_wait(e->loop, is_set, &acked_calls, "what a sink acknowledged");
    return acked_done;
}

static struct acked load_acked(struct env *e, bool quarantine)
{
    return load_of(e, STORE_STATES, quarantine);
}

static void save_as(struct env *e, enum store_what what, uint64_t number, const char *text)
{
    const struct store_ack ack = {"lot-1", number, text};
    struct done d = {0};
    assert_int_equal(store_save_acked(e->a.st, "city", what, &ack, 1, on_done, &d), 0);
    harness_wait(e->loop, has_done, &d, "an acknowledgement");
    assert_int_equal(d.err, 0);
}

static void save_ack(struct env *e, uint64_t seq)
{
    save_as(e, STORE_STATES, seq, NULL);
}

static void expect_filed(struct env *e, uint64_t version, const char *code)
{
    struct acked got = load_of(e, STORE_FILINGS, false);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.seq, version);
    assert_string_equal(got.code, code);
}

static void save_hold(struct env *e, enum store_what what, const struct store_held *h)
{
    struct done d = {0};
    assert_int_equal(store_save_held(e->a.st, "city", what, "lot-1", h, on_done, &d), 0);
    harness_wait(e->loop, has_done, &d, "the quarantine");
}

static void test_registrations_keep_their_codes(void **state)
{
    struct env *e = *state;
    put(&e->a, NOUN_SINK, "city", "{}", 0);
    save_as(e, STORE_FILINGS, 0, "early code"); /* before any was acknowledged */
    expect_filed(e, 0, "early code");
    save_as(e, STORE_FILINGS, 17, "P 001");
    expect_filed(e, 17, "P 001");
    save_as(e, STORE_FILINGS, 16, "P old");
    expect_filed(e, 17, "P 001");
    save_as(e, STORE_FILINGS, 17, "P 002");
    expect_filed(e, 17, "P 002");
    const struct store_ack twice[] = {{"lot-1", 19, "new"}, {"lot-1", 18, "late"}};
    struct done d = {0};
    assert_int_equal(store_save_acked(e->a.st, "city", STORE_FILINGS, twice, 2, on_done, &d), 0);
    harness_wait(e->loop, has_done, &d, "two in one");
    expect_filed(e, 19, "new");
}

static void test_what_a_sink_knows_goes_with_it(void **state)
{
    struct env *e = *state;
    const struct store_held h = {.seq = 17, .tries = 1, .retry_ms = wall_now, .code = "no point"};
    for (int i = 0; i < 2; i++) {
        put(&e->a, NOUN_SINK, "city", "{}", 0);
        save_as(e, STORE_FILINGS, 17, "P");
        save_as(e, STORE_DAYS, 20260609, "unbalanced");
        save_hold(e, STORE_FILINGS, &h);
        assert_string_equal(load_of(e, STORE_FILINGS, true).code, "no point");
        assert_int_equal(load_acked(e, true).n, 0); /* of states there is none */
        assert_string_equal(load_of(e, STORE_DAYS, false).code, "unbalanced");
        remove_one(&e->a, i ? NOUN_SINK : NOUN_LOT, i ? "city" : "lot-1");
        assert_int_equal(load_of(e, STORE_FILINGS, true).n, 0);
        assert_int_equal(load_of(e, STORE_FILINGS, false).n, 0);
        assert_int_equal(load_of(e, STORE_DAYS, false).n, 0);
    }
}

struct cars {
    int32_t in, out;
    int n, calls;
};

static void on_cars(void *ctx, struct view lot, bool out, int32_t n)
{
    struct cars *c = ctx;
    assert_true(view_is(lot, "lot-1"));
    *(out ? &c->out : &c->in) = n;
    c->n++;
}

static void on_cars_done(void *ctx, int err, uint64_t version)
{
    (void)version;
    assert_int_equal(err, 0);
    ((struct cars *)ctx)->calls++;
}

static bool has_cars(void *ctx)
{
    return ((struct cars *)ctx)->calls > 0;
}

static void expect_cars(struct env *e, uint32_t date, int32_t in, int32_t out)
{
    struct cars c = {0};
    assert_int_equal(store_read_cars(e->a.st, date, on_cars, on_cars_done, &c), 0);
    harness_wait(e->loop, has_cars, &c, "the cars of a day");
    assert_int_equal(c.n, in || out ? 2 : 0);
    assert_int_equal(c.in, in);
    assert_int_equal(c.out, out);
}

static void test_cars_are_counted_by_day(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct result r[4] = {{{0}, 0}};
    int64_t midnight = T0 + 16 * 60 * MINUTE; /* 00:00 of the 11th in Beijing */
    wall_now = midnight;
    assert_int_equal(hint(a, "lot-1", 1, midnight).code, STORE_GONE); /* nothing is held: not taken */
    expect_cars(e, 20260610, 0, 0);
    set(a, "lot-1", midnight - 2 * MINUTE, 50);
    for (int i = 0; i < 4; i++) /* one call */
        assert_int_equal(store_hint(a->st, lot_of(a, "lot-1"), i + 1, i == 3 ? 7 : 0,
                                    midnight - 1500 + i * 1000, 0, on_update, &r[i]),
                         0);
    for (int i = 0; i < 4; i++)
        harness_wait(e->loop, has_result, &r[i], "a hint");
    expect_cars(e, 20260610, 3, 0);
    expect_cars(e, 20260611, 7, 7);
    assert_int_equal(hint(a, "lot-1", -2, midnight + MINUTE).code, STORE_OK);
    expect_cars(e, 20260611, 9, 7);
    struct result odd[2] = {{{0}, 0}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_hint(a->st, lot_of(a, "lot-1"), i ? 0 : 1, i ? 1 : ODD_DELTA + 1,
                                    midnight + 2 * MINUTE, 0, on_update, &odd[i]),
                         0);
    harness_wait(e->loop, has_result, &odd[1], "a hint beside one that is not taken");
    expect_cars(e, 20260611, 9, 8);
    redisContext *c = harness_open(e->socket);
    struct key k = key_part_id("t:", partition_of(VIEW("lot-1"), 4), "cars", VIEW("20260611"));
    assert_in_range(harness_int(c, "TTL %s", k.text), 7 * 86400, 8 * 86400);
    redisFree(c);
}

/* Registers a lot of the same partition. */
static void put_neighbour(struct node *n, const char *lot, char *id, size_t size)
{
    int i = 2;
    do
        snprintf(id, size, "lot-%d", i++);
    while (partition_of(view_of(id), 4) != partition_of(view_of(lot), 4));
    put_lot(n, id);
}

/* In one call with a report that comes too late. */
static void test_cars_beside_what_is_not_written(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    char other[16];
    struct reading late = reading_at(wall_now - MINUTE, 3);
    struct result r[2] = {{{0}, 0}};
    put_neighbour(a, "lot-1", other, sizeof other);
    set(a, "lot-1", wall_now, 50);
    set(a, other, wall_now, 50);
    assert_int_equal(store_set(a->st, lot_of(a, other), &late, 0, on_update, &r[0]), 0);
    assert_int_equal(store_hint(a->st, lot_of(a, "lot-1"), 3, 1, wall_now + 1, 0, on_update, &r[1]), 0);
    harness_wait(e->loop, has_result, &r[1], "the hint");
    assert_int_equal(r[0].o.code, STORE_OLD);
    expect_cars(e, 20260610, 3, 1);
}

static void test_acked_only_rises(void **state)
{
    struct env *e = *state;
    put(&e->a, NOUN_SINK, "city", "{}", 0);
    assert_int_equal(load_acked(e, false).n, 0);
    save_ack(e, 1795363125094u);
    save_ack(e, 1795363125000u);
    assert_int_equal(load_acked(e, false).seq, 1795363125094u);
    /* Nothing to save is answered too. */
    struct done d = {0};
    assert_int_equal(store_save_acked(e->a.st, "city", STORE_STATES, NULL, 0, on_done, &d), 0);
    assert_int_equal(d.calls, 0);
    harness_wait(e->loop, has_done, &d, "an empty acknowledgement");
    remove_one(&e->a, NOUN_LOT, "lot-1");
    assert_int_equal(load_acked(e, false).n, 0); /* goes with the lot */
}

static void test_quarantine(void **state)
{
    struct env *e = *state;
    struct store_held h = {.seq = 17, .tries = 3, .retry_ms = wall_now, .code = "too old"};
    struct done d = {0};
    assert_int_equal(store_save_held(e->a.st, "city", STORE_STATES, "lot-1", &h, on_done, &d), 0);
    harness_wait(e->loop, has_done, &d, "the quarantine");
    struct acked got = load_acked(e, true);
    assert_int_equal(got.seq, 17);
    assert_int_equal(got.tries, 3);
    assert_string_equal(got.code, "too old");
    d = (struct done){0};
    assert_int_equal(store_save_held(e->a.st, "city", STORE_STATES, "lot-1", NULL, on_done, &d), 0);
    harness_wait(e->loop, has_done, &d, "the release");
    assert_int_equal(load_acked(e, true).n, 0);
}

/* --- leases --- */

static bool a_leads(void *ctx)
{
    struct env *e = ctx;
    return store_lease_poll(e->a.st, VIEW("lot-1")) > 0 && store_lease_sink(e->a.st, "city") > 0;
}

static bool b_leads(void *ctx)
{
    struct env *e = ctx;
    return store_lease_poll(e->b.st, VIEW("lot-1")) > 0 && store_lease_sink(e->b.st, "city") > 0;
}

static bool lease_is_gone(void *ctx)
{
    struct env *e = ctx;
    redisContext *c = harness_open(e->socket);
    long long n = harness_int(c, "EXISTS t:lease:sink:city");
    redisFree(c);
    return n == 0;
}

static void test_leases(void **state)
{
    struct env *e = *state;
    second_node(e);
    assert_int_equal(store_lease_poll(e->a.st, VIEW("lot-1")), 0); /* asking is wanting */
    harness_wait(e->loop, a_leads, e, "leases");
    int64_t until = store_lease_poll(e->a.st, VIEW("lot-1"));
    assert_in_range(until, clock_mono_ms(&e->a.clock) + 40000, clock_mono_ms(&e->a.clock) + 45000);
    assert_false(b_leads(e));
    set(&e->b, "lot-1", wall_now, 1); /* a few turns of the loop */
    assert_false(b_leads(e));
    store_lease_sink_drop(e->a.st, "city");
    assert_int_equal(store_lease_sink(e->a.st, "other"), 0);
    harness_wait(e->loop, lease_is_gone, e, "the lease given back");
}

/* At its end a store gives its leases back, so that another has them before they run out. */
static void test_leases_end_with_store(void **state)
{
    struct env *e = *state;
    second_node(e);
    b_leads(e);
    harness_wait(e->loop, b_leads, e, "leases of the second store");
    node_stop(e, &e->b);
    harness_wait(e->loop, a_leads, e, "leases of the first store");
}

/* --- Redis away --- */

static void test_redis_killed_comes_back(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct result r = {0}, waits = {0};
    uint64_t seq = set(a, "lot-1", wall_now, 42).seq;
    kill_redis(e);
    assert_int_equal(a->away, 1);
    struct reading next = reading_at(wall_now + MINUTE, 43);
    assert_int_equal(store_set(a->st, lot_of(a, "lot-1"), &next, STORE_MUST_ACK, on_update, &r), 0);
    assert_int_equal(wait_result(a, &r).code, STORE_AWAY); /* told at once … */
    next = reading_at(wall_now + 2 * MINUTE, 44);
    assert_int_equal(store_set(a->st, lot_of(a, "lot-1"), &next, 0, on_update, &waits), 0);
    assert_int_equal(held(a, "lot-1")->free, 42);
    harness_wait(e->loop, is_up, a, "Redis again");
    harness_wait(e->loop, has_result, &waits, "what waited");
    assert_int_equal(waits.o.code, STORE_OK); /* … but written all the same */
    assert_true(waits.o.seq > seq);
    assert_int_equal(a->back, 1);
    assert_int_equal(a->loaded, 2);
    assert_int_equal(held(a, "lot-1")->free, 44);
    assert_int_equal(minute_of(e, "lot-1", 720), 42);
    assert_int_equal(minute_of(e, "lot-1", 721), 43);
    assert_int_equal(minute_of(e, "lot-1", 722), 44);
}

static void stop_redis(struct env *e, int sig)
{
    assert_int_equal(kill(redis_pid(e), sig), 0);
}

/* Redis stands still: a reply that does not come in time is an uncertain outcome, and the update is repeated.
 */
static void test_uncertain_is_repeated(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct result r = {0};
    int pid = redis_pid(e);
    stop_redis(e, SIGSTOP);
    struct reading next = reading_at(wall_now, 9);
    assert_int_equal(store_set(a->st, lot_of(a, "lot-1"), &next, STORE_MUST_ACK, on_update, &r), 0);
    assert_int_equal(wait_result(a, &r).code, STORE_UNCERTAIN);
    size_t lots, samples;
    store_waiting(a->st, &lots, &samples);
    assert_int_equal(lots, 1);
    assert_int_equal(samples, 1);
    assert_int_equal(kill(pid, SIGCONT), 0);
    wait_sees(e, a, "lot-1", 9, 0);
    assert_int_equal(set(a, "lot-1", wall_now, 9).code, STORE_DUP);
    store_waiting(a->st, &lots, &samples);
    assert_int_equal(lots, 0);
}

/* Half an hour away: the newest reading and the minutes of thirty survive, however many reports came. */
static void test_waiting_room(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    size_t lots, samples;
    struct result r[90] = {{{0}, 0}};
    kill_redis(e);
    for (int i = 0; i < 90; i++) { /* two a minute over 45 minutes */
        struct reading next = reading_at(T0 + 12 * 60 * MINUTE + i * MINUTE / 2, i);
        assert_int_equal(store_set(a->st, lot_of(a, "lot-1"), &next, 0, on_update, &r[i]), 0);
    }
    store_waiting(a->st, &lots, &samples);
    assert_int_equal(lots, 1);
    assert_int_equal(samples, 31);
    wall_now = T0 + 12 * 60 * MINUTE + 46 * MINUTE;
    harness_wait(e->loop, has_result, &r[89], "what waited");
    assert_int_equal(r[89].o.code, STORE_OK);
    assert_int_equal(r[0].calls, 1);
    assert_int_equal(r[0].o.code, STORE_AWAY); /* a newer one took its place */
    assert_int_equal(minute_of(e, "lot-1", 720 + 44), 89);
    assert_int_equal(minute_of(e, "lot-1", 720 + 30), 61); /* the last of its minute */
    assert_int_equal(minute_of(e, "lot-1", 720 + 14), 29);
    assert_int_equal(minute_of(e, "lot-1", 720 + 13), SERIES_NONE);
}

/* A movement whose sender was told to send it again is counted once. */
static void test_a_hint_told_away_is_not_kept(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    struct result r = {0};
    set(a, "lot-1", wall_now, 50);
    int pid = redis_pid(e);
    kill(pid, SIGSTOP); /* it is sent, but not answered */
    assert_int_equal(
        store_hint(a->st, lot_of(a, "lot-1"), 0, 1, wall_now + 1000, STORE_MUST_ACK, on_update, &r), 0);
    harness_wait(e->loop, has_result, &r, "the outcome of a hint");
    assert_int_equal(r.o.code, STORE_UNCERTAIN);
    kill(pid, SIGKILL);
    harness_wait(e->loop, is_down, a, "the loss of Redis");
    assert_int_equal(hint(a, "lot-1", 1, wall_now + 1000).code, STORE_AWAY);
    assert_false(store_lot_waits(a->st, lot_of(a, "lot-1")));
    harness_wait(e->loop, is_up, a, "Redis again");
    assert_int_equal(hint(a, "lot-1", 1, wall_now + 1000).code, STORE_OK);
    assert_int_equal(held(a, "lot-1")->free, 49);
}

/* However many movements wait, the absolute count finds room, and takes their place. */
static void test_a_set_finds_room(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    uint32_t lot = lot_of(a, "lot-1");
    struct reading r = reading_at(wall_now + 1000, 7);
    int n = 0;
    set(a, "lot-1", wall_now, 50);
    while (n < 1000 && store_hint(a->st, lot, 0, 1, wall_now + n, 0, NULL, NULL) == 0)
        n++;
    assert_in_range(n, 10, 999);
    assert_int_equal(store_set(a->st, lot, &r, 0, NULL, NULL), 0);
    assert_true(store_lot_waits(a->st, lot));
    assert_int_equal(set(a, "lot-1", wall_now + 2000, 6).code, STORE_OK);
    assert_false(store_lot_waits(a->st, lot));
    assert_int_equal(held(a, "lot-1")->free, 6);
}

/* Redis lost a tail that this store knows: it is written again under a higher number. */
static void test_memory_newer_than_redis(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    uint64_t seq = set(a, "lot-1", wall_now, 42).seq;
    redisContext *c = harness_open(e->socket);
    freeReplyObject(redisCommand(c, "DEL %s", key_part("t:", partition_of(VIEW("lot-1"), 4), "state").text));
    redisFree(c);
    kill_redis(e);
    harness_wait(e->loop, is_up, a, "Redis again");
    assert_int_equal(held(a, "lot-1")->free, 42);
    assert_int_equal(set(a, "lot-1", wall_now, 42).code, STORE_DUP);
    assert_true(held(a, "lot-1")->seq > seq);
}

/* The tail that was lost led back to the same values: they get a new number all the same, or an expiry would
 * wait for the lost one for ever. */
static void test_lost_tail_with_equal_values(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    set(a, "lot-1", wall_now, 42);
    struct key state_key = key_part("t:", partition_of(VIEW("lot-1"), 4), "state");
    redisContext *c = harness_open(e->socket);
    char *before = harness_text(c, "HGET %s lot-1", state_key.text);
    set(a, "lot-1", wall_now + 1000, 41);
    uint64_t seq = set(a, "lot-1", wall_now + 2000, 42).seq;
    assert_int_equal(harness_int(c, "HSET %s lot-1 %s", state_key.text, before), 0);
    free(before);
    redisFree(c);
    kill_redis(e);
    harness_wait(e->loop, is_up, a, "Redis again");
    assert_int_equal(set(a, "lot-1", wall_now + 2000, 42).code, STORE_DUP);
    assert_true(held(a, "lot-1")->seq > seq);
    second_node(e);
    assert_int_equal(held(&e->b, "lot-1")->seq, held(a, "lot-1")->seq);
    struct reading gone = *held(a, "lot-1");
    gone.expired = true;
    gone.last_free = gone.free;
    gone.free = COUNT_NONE;
    assert_int_equal(store_expire(a->st, lot_of(a, "lot-1"), held(a, "lot-1"), &gone), 0);
    harness_wait(e->loop, is_expired, a, "the expiry");
}

/* Everything that was acknowledged stands in Redis after kill -9 in the middle of a load. */
struct flood {
    struct node *n;
    uint32_t lots[LOTS];
    int32_t sent[LOTS], acked[LOTS];
    int open, total, round;
};
struct flood_ctx {
    struct flood *f;
    int lot;
    int32_t value;
};

static void on_flood(void *ctx, const struct store_outcome *o)
{
    struct flood_ctx *c = ctx;
    if ((o->code == STORE_OK || o->code == STORE_DUP || o->code == STORE_TOUCH) &&
        c->value > c->f->acked[c->lot])
        c->f->acked[c->lot] = c->value;
    c->f->open--;
    c->f->total++;
    free(c);
}

static void flood_round(struct flood *f)
{
    f->round++;
    for (int i = 0; i < LOTS; i++) {
        struct reading r = reading_at(wall_now + f->round, f->round);
        struct flood_ctx *c = malloc(sizeof *c);
        assert_non_null(c);
        *c = (struct flood_ctx){f, i, f->round};
        f->open++;
        assert_int_equal(store_set(f->n->st, f->lots[i], &r, STORE_MUST_ACK, on_flood, c), 0);
    }
}

static bool flood_settled(void *ctx)
{
    return ((struct flood *)ctx)->open == 0;
}

static void test_kill_under_load(void **state)
{
    struct env *e = *state;
    struct flood f = {.n = &e->a};
    for (int i = 0; i < LOTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "k-%d", i);
        put_lot(&e->a, id);
        f.lots[i] = lot_of(&e->a, id);
    }
    int pid = redis_pid(e);
    for (int i = 0; i < 40; i++) {
        flood_round(&f);
        if (i == 20)
            kill(pid, SIGKILL);
        uv_run(loop_uv(e->loop), UV_RUN_NOWAIT);
    }
    harness_wait(e->loop, flood_settled, &f, "all outcomes");
    harness_wait(e->loop, is_up, &e->a, "Redis again");
    assert_int_equal(f.total, 40 * LOTS);
    second_node(e); /* reads everything from Redis alone */
    for (int i = 0; i < LOTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "k-%d", i);
        assert_true(held(&e->b, id)->free >= f.acked[i]);
        wait_sees(e, &e->b, id, 40, 0); /* and what waited comes after it */
    }
}

static bool is_back(void *ctx)
{
    struct node *n = ctx;
    return n->back > 0 && store_up(n->st);
}

/* Redis refuses writes for want of memory: nothing is acknowledged, nothing is lost, and it mends by itself.
 */
static void test_refused_writes(void **state)
{
    struct env *e = *state;
    struct node *a = &e->a;
    redisContext *c = harness_open(e->socket);
    freeReplyObject(redisCommand(c, "CONFIG SET maxmemory 1"));
    assert_int_equal(set(a, "lot-1", wall_now, 42).code, STORE_REFUSED);
    assert_false(store_up(a->st));
    assert_int_equal(a->away, 1);
    assert_int_equal(set(a, "lot-1", wall_now + 1000, 43).code, STORE_AWAY);
    freeReplyObject(redisCommand(c, "CONFIG SET maxmemory 0"));
    redisFree(c);
    harness_wait(e->loop, is_back, a, "writes again");
    wait_sees(e, a, "lot-1", 43, 0);
}

static void test_script_flush(void **state)
{
    struct env *e = *state;
    redisContext *c = harness_open(e->socket);
    set(&e->a, "lot-1", wall_now, 1);
    freeReplyObject(redisCommand(c, "SCRIPT FLUSH"));
    redisFree(c);
    assert_int_equal(set(&e->a, "lot-1", wall_now + 1, 2).code, STORE_OK);
}

/* --- start and end --- */

static void test_directory_is_locked(void **state)
{
    struct env *e = *state;
    struct why why = {0};
    const struct store_conf conf = {.state_dir = e->dir, .prefix = "t:"};
    struct node n = {.loop = e->loop};
    n.reg = registry_new();
    n.st = store_new(e->loop, &e->a.clock, &conf, n.reg, &(struct store_events){0}, &why);
    assert_non_null(n.st);
    assert_int_equal(store_start(n.st, &why), ERR_STATE);
    assert_non_null(strstr(why.text, "another parkd"));
    store_stop(n.st, 0, on_stopped, &n);
    harness_wait(e->loop, is_stopped, &n, "the end of what never began");
    registry_free(n.reg);
}

static void test_bad_configuration(void **state)
{
    struct env *e = *state;
    static const struct store_conf rows[] = {
        {.state_dir = "/tmp", .prefix = "a{b}:"},
        {.state_dir = "/tmp", .prefix = "far-too-long-a-prefix-for-any-key-at-all:"},
        {.state_dir = "/tmp", .fsync = "sometimes"},
        {.state_dir = "/tmp", .redis_url = "http://h"},
        {.state_dir = "/tmp", .partitions = 1025},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why = {0};
        assert_null(store_new(e->loop, &e->a.clock, &rows[i], e->a.reg, &(struct store_events){0}, &why));
        assert_int_not_equal(why.at[0], 0);
    }
}

static int free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
    close(fd);
    return ntohs(sa.sin_port);
}

/* By name and with a password; a wrong one is told, never loaded, and its text never shown. */
static void test_tcp_and_password(void **state)
{
    struct env *e = *state;
    char url[128];
    int port = free_port();
    set(&e->a, "lot-1", wall_now, 5);
    redisContext *c = harness_open(e->socket);
    freeReplyObject(redisCommand(c, "CONFIG SET requirepass s3cr%%t"));
    freeReplyObject(redisCommand(c, "CONFIG SET port %d", port));
    snprintf(url, sizeof url, "redis://:wrong@localhost:%d", port);
    node_begin(e, &e->b, e->dir2, url);
    harness_wait(e->loop, was_told_away, &e->b, "the refusal");
    assert_int_equal(e->b.loaded, 0);
    assert_null(strstr(store_address(e->b.st), "wrong"));
    node_stop(e, &e->b);
    snprintf(url, sizeof url, "redis://:s3cr%%25t@localhost:%d/0", port);
    node_start(e, &e->b, e->dir2, url);
    wait_sees(e, &e->b, "lot-1", 5, 0);
    node_stop(e, &e->b);
    redisFree(c);
}

static bool answers(void *ctx)
{
    redisContext *c = redisConnectUnix(ctx);
    bool good = c && !c->err;
    redisFree(c);
    return good;
}

/* A server as a killed parkd would leave it: on our files, holding our lock, child of nobody we know. */
static pid_t start_orphan(const char *dir, const char *sock)
{
    char data[700], lock[700];
    snprintf(data, sizeof data, "%s/redis", dir);
    snprintf(lock, sizeof lock, "%s/redis.lock", dir);
    assert_int_equal(mkdir(data, 0700), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    int null = open("/dev/null", O_RDWR), fd = open(lock, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(1);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", sock, "--dir", data, "--save", "",
           "--appendonly", "yes", (char *)NULL);
    _exit(1);
}

/* A server that outlived its parkd holds the lock; it is told to end before another one starts on the same
 * files. */
static void test_orphan_is_ended(void **state)
{
    struct env *e = *state;
    char sock[700];
    int status;
    snprintf(sock, sizeof sock, "%s/redis.sock", e->dir2);
    pid_t pid = start_orphan(e->dir2, sock);
    harness_wait(e->loop, answers, sock, "the orphan");
    redisContext *c = harness_open(sock);
    freeReplyObject(redisCommand(c, "HSET t:feeds old %s", "7 {}"));
    redisFree(c);
    node_start(e, &e->b, e->dir2, NULL);
    assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
    assert_string_equal(e->b.last_reg, "1 old"); /* what it held is kept */
    assert_int_equal(e->b.away, 0);
}

/* A path that no socket can have: the socket goes elsewhere, and is removed at the end. */
static void test_long_state_dir(void **state)
{
    struct env *e = *state;
    char dir[800], sock[300];
    struct stat st;
    snprintf(dir, sizeof dir, "%s/%0120d", e->dir2, 0);
    node_start(e, &e->b, dir, NULL);
    assert_null(strstr(store_address(e->b.st), "0000"));
    snprintf(sock, sizeof sock, "%s", store_address(e->b.st) + strlen("unix://"));
    assert_int_equal(stat(sock, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
    put_lot(&e->b, "lot-1");
    node_stop(e, &e->b);
    assert_int_equal(stat(sock, &st), -1);
    *strrchr(sock, '/') = '\0';
    assert_int_equal(stat(sock, &st), -1);
}

/* What waits is written before the end, and everything is there for the next start under the same name. */
static void test_stop_flushes(void **state)
{
    struct env *e = *state;
    char instance[40];
    struct result r = {0};
    struct reading next = reading_at(wall_now, 77);
    snprintf(instance, sizeof instance, "%s", store_instance(e->a.st));
    assert_int_equal(store_set(e->a.st, lot_of(&e->a, "lot-1"), &next, 0, on_update, &r), 0);
    node_stop(e, &e->a);
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.o.code, STORE_OK);
    node_start(e, &e->a, e->dir, NULL);
    assert_string_equal(store_instance(e->a.st), instance);
    assert_int_equal(held(&e->a, "lot-1")->free, 77);
}

/* With Redis away the end does not wait for it, and everybody is told. */
static void test_stop_while_away(void **state)
{
    struct env *e = *state;
    struct result r = {0};
    struct reading next = reading_at(wall_now, 77);
    kill_redis(e);
    assert_int_equal(store_set(e->a.st, lot_of(&e->a, "lot-1"), &next, 0, on_update, &r), 0);
    store_stop(e->a.st, 2000, on_stopped, &e->a);
    struct reading later = reading_at(wall_now + 1, 78);
    assert_int_equal(store_set(e->a.st, lot_of(&e->a, "lot-1"), &later, 0, NULL, NULL), ERR_STATE);
    harness_wait(e->loop, is_stopped, &e->a, "the end of the store");
    registry_free(e->a.reg);
    e->a.st = NULL;
    assert_int_equal(r.calls, 1);
}

int main(void)
{
#define FLOW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FLOW(test_outcomes),
        FLOW(test_beat),
        FLOW(test_expire),
        FLOW(test_hints),
        FLOW(test_hint_race),
        FLOW(test_source_seq),
        FLOW(test_news_older_than_a_beat),
        FLOW(test_numbered_news_older_than_a_beat),
        FLOW(test_held_ahead_does_not_block),
        FLOW(test_seq_above_what_is_known),
        FLOW(test_merge_in_one_turn),
        FLOW(test_bad_reading_is_refused_alone),
        FLOW(test_no_such_lot),
        FLOW(test_day_string),
        FLOW(test_read_series),
        FLOW(test_hours),
        FLOW(test_two_stores_follow),
        FLOW(test_registrations_travel),
        FLOW(test_trimmed_feed_reloads),
        FLOW(test_newer_schema_is_refused),
        FLOW(test_partitions_are_the_stored_ones),
        FLOW(test_versions),
        FLOW(test_lot_names_conflict),
        FLOW(test_acked_only_rises),
        FLOW(test_registrations_keep_their_codes),
        FLOW(test_what_a_sink_knows_goes_with_it),
        FLOW(test_cars_are_counted_by_day),
        FLOW(test_cars_beside_what_is_not_written),
        FLOW(test_quarantine),
        FLOW(test_leases),
        FLOW(test_leases_end_with_store),
        FLOW(test_redis_killed_comes_back),
        FLOW(test_uncertain_is_repeated),
        FLOW(test_waiting_room),
        FLOW(test_memory_newer_than_redis),
        FLOW(test_lost_tail_with_equal_values),
        FLOW(test_a_set_finds_room),
        FLOW(test_a_hint_told_away_is_not_kept),
        FLOW(test_kill_under_load),
        FLOW(test_refused_writes),
        FLOW(test_script_flush),
        FLOW(test_directory_is_locked),
        FLOW(test_bad_configuration),
        FLOW(test_tcp_and_password),
        FLOW(test_orphan_is_ended),
        FLOW(test_long_state_dir),
        FLOW(test_stop_flushes),
        FLOW(test_stop_while_away),
    };
    harness_log();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
