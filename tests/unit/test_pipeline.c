/* SPDX-License-Identifier: MIT
 * The pipeline against a store that only remembers what it was asked, and answers when told: what is written,
 * what is known without writing, and what the sender hears.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "app/pipeline.h"
#include "parkd/base/log.h"
#include "parkd/net/loop.h"

#define T0   INT64_C(1781092800000)
#define S    INT64_C(1000)
#define SETS 16

/* ---- the store */

static struct {
    struct reading sets[SETS]; /* in order */
    store_update_fn *done[SETS];
    void *ctx[SETS];
    int n;
    bool up, waits, lease;
    int expired;
} store;

int store_set(struct store *st, uint32_t lot, const struct reading *r, unsigned flags, store_update_fn *done,
              void *ctx)
{
    (void)st;
    (void)lot;
    (void)flags;
    assert_true(store.n < SETS);
    store.sets[store.n] = *r;
    store.done[store.n] = done;
    store.ctx[store.n++] = ctx;
    return 0;
}

int store_beat(struct store *st, uint32_t lot, int64_t observed_ms, unsigned flags, store_update_fn *done,
               void *ctx)
{
    (void)observed_ms;
    return store_set(st, lot, &(struct reading){0}, flags, done, ctx);
}

int store_hint(struct store *st, uint32_t lot, int32_t in, int32_t out, int64_t at_ms, unsigned flags,
               store_update_fn *done, void *ctx)
{
    (void)in;
    (void)out;
    return store_beat(st, lot, at_ms, flags, done, ctx);
}

int store_expire(struct store *st, uint32_t lot, const struct reading *seen, const struct reading *expired)
{
    (void)st;
    (void)lot;
    assert_false(seen->expired);
    assert_true(expired->expired && expired->free == COUNT_NONE);
    store.expired++;
    return 0;
}

bool store_lot_waits(const struct store *st, uint32_t lot)
{
    (void)st;
    (void)lot;
    return store.waits;
}

bool store_up(const struct store *st)
{
    (void)st;
    return store.up;
}

int64_t store_lease_poll(struct store *st, struct view id)
{
    (void)st;
    (void)id;
    return store.lease;
}

/* ---- the rest */

static int64_t now;
static struct loop *loop;
static struct registry *reg;
static struct pipeline *p;
static const struct feed feed = {.id = "f"};
static enum ingest_code heard;
static int answers;

static int64_t wall(const struct clock *c)
{
    (void)c;
    return now;
}
static struct clock still;

static uint64_t next_seq;

/* Redis takes the i-th set that it was asked for. */
static void take(int i)
{
    struct reading r = store.sets[i];
    struct store_outcome o = {.code = STORE_OK, .seq = r.seq = ++next_seq};
    (void)registry_apply(reg, 0, &r);
    store.done[i](store.ctx[i], &o);
}

static void refuse(int i, enum store_code code)
{
    store.done[i](store.ctx[i], &(struct store_outcome){.code = code});
}

static void on_done(void *ctx, const struct ingest_result *results, size_t n)
{
    (void)ctx;
    assert_int_equal(n, 1);
    heard = results[0].code;
    answers++;
}

static void turn(void)
{
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void push(int64_t at, int64_t free)
{
    struct report r;
    struct report_list list;
    report_init(&r);
    memcpy(r.lot, "A", 2);
    r.kind = REPORT_COUNTS;
    r.free = free;
    r.source_ms = at;
    report_list_init(&list);
    assert_int_equal(report_list_add(&list, &r), 0);
    assert_int_equal(pipeline_ingest(p, &feed, &list, on_done, NULL), 0);
    report_list_fini(&list);
    turn();
}

static const struct reading *held(void)
{
    return &registry_lot(reg, 0)->reading;
}

static int setup(void **state)
{
    struct lot lot = {.id = "A", .feed = "f", .total = 100, .open = 100, .stage = STAGE_CONNECTED};
    uint32_t idx = 0;
    (void)state;
    memset(&store, 0, sizeof store);
    store.up = store.lease = true;
    answers = 0;
    next_seq = 100;
    now = T0;
    clock_system(&still);
    still.wall = wall;
    if (!(loop = loop_new()) || !(reg = registry_new()) || registry_put(reg, &lot, VIEW("{}"), 1, &idx) ||
        !(p = pipeline_new(loop, &still, reg, NULL)))
        return -1;
    push(T0, 5);
    take(0);
    turn();
    return answers == 1 && heard == INGEST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pipeline_free(p);
    registry_free(reg);
    return loop_close(loop);
}

static void confirmations_are_known_without_writing(void **state)
{
    (void)state;
    now = T0 + 10 * S;
    push(now, 5);
    assert_int_equal(store.n, 1);
    assert_int_equal(heard, INGEST_TOUCH);
    assert_int_equal(held()->observed_ms, now);
    now = T0 + 31 * S;
    push(now, 5); /* now Redis must hear of it */
    assert_int_equal(store.n, 2);
    store.up = false;
    refuse(1, STORE_AWAY);
    turn();
    assert_int_equal(heard, INGEST_AWAY);
}

/* Redis knows the value of T0 only; what comes late must not pass the confirmation that memory knows. */
static void a_late_value_does_not_overtake_a_confirmation(void **state)
{
    (void)state;
    now = T0 + 20 * S;
    push(now, 5);
    push(T0 + 10 * S, 7);
    assert_int_equal(answers, 3);
    assert_int_equal(heard, INGEST_OLD);
    assert_int_equal(store.n, 1);
    assert_int_equal(held()->free, 5);
}

/* The sender of 7 was told to send again, but 7 waits all the same and would be written after the 5. */
static void what_waits_does_not_overtake_a_confirmation(void **state)
{
    (void)state;
    now = T0 + 10 * S;
    push(now, 7);
    refuse(1, STORE_UNCERTAIN);
    turn();
    assert_int_equal(heard, INGEST_AWAY);
    store.waits = true;
    now = T0 + 20 * S;
    push(now, 5);
    assert_int_equal(answers, 2);
    assert_int_equal(store.n, 3);
    assert_int_equal(store.sets[2].free, 5);
    assert_int_equal(store.sets[2].observed_ms, now);
    take(2);
    turn();
    assert_int_equal(heard, INGEST_OK);
}

/* A clock that stood far ahead does not block. */
static void what_is_held_far_ahead_does_not_block(void **state)
{
    (void)state;
    now = T0 - 3600 * S;
    push(now, 7);
    assert_int_equal(store.n, 2);
    take(1);
    turn();
    assert_int_equal(heard, INGEST_OK);
}

static void a_poll_tells_what_was_refused(void **state)
{
    struct report r;
    struct report_list list;
    (void)state;
    report_init(&r);
    memcpy(r.lot, "A", 2);
    r.free = 70000;
    report_list_init(&list);
    assert_int_equal(report_list_add(&list, &r), 0);
    assert_false(pipeline_take(p, &feed, &list));
    list.v[0].free = 5;
    assert_true(pipeline_take(p, &feed, &list));
    memcpy(list.v[0].lot, "B", 2); /* nobody's: nothing of it is held */
    assert_true(pipeline_take(p, &feed, &list));
    report_list_fini(&list);
}

static bool wait_expired(void)
{
    uint64_t end = uv_hrtime() / 1000000 + 5000;
    while (!store.expired && uv_hrtime() / 1000000 < end)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    return store.expired > 0;
}

static void a_number_past_its_limit_expires(void **state)
{
    (void)state;
    now = T0 + 601 * S;
    pipeline_start(p);
    assert_true(wait_expired());
    pipeline_stop(p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(confirmations_are_known_without_writing),
        TEST(a_late_value_does_not_overtake_a_confirmation),
        TEST(what_waits_does_not_overtake_a_confirmation),
        TEST(what_is_held_far_ahead_does_not_block),
        TEST(a_poll_tells_what_was_refused),
        TEST(a_number_past_its_limit_expires),
    };
    log_setup(&(struct log_conf){.level = LOG_LEVEL_ERROR});
    return cmocka_run_group_tests(tests, NULL, NULL);
}
