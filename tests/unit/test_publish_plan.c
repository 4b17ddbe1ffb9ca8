/* SPDX-License-Identifier: MIT
 * publish_plan and publish_pace: places, batches, splitting, quarantine, refresh, waits; and a seeded random
 * model of the promise: per lot one delivery at a time, seq never back, everything acknowledged in the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "publish/publish_pace.h"
#include "publish/publish_plan.h"

#define MAX_ITEMS 64

static bool barred[256]; /* lots past their limit */

static bool may(void *ctx, uint32_t lot)
{
    (void)ctx;
    return !barred[lot];
}

static const struct publish_rules plain = {4, 200, 0};

static size_t next(struct publish_plan *pp, const struct publish_rules *rules, int64_t now,
                   struct publish_item *out)
{
    return publish_plan_next(pp, rules, now, may, NULL, out);
}

static void mark(struct publish_plan *pp, uint32_t lot, uint64_t seq, int64_t now)
{
    assert_int_equal(publish_plan_mark(pp, lot, seq, now), 0);
}

/* "0:5 1:6": lots and seqs of the next batch */
static void expect(struct publish_plan *pp, const struct publish_rules *rules, int64_t now,
                   struct publish_item *out, const char *want)
{
    char got[512] = "";
    size_t n = next(pp, rules, now, out), at = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%u:%llu", i ? " " : "", out[i].lot,
                               (unsigned long long)out[i].seq);
    assert_string_equal(got, want);
}

static int setup(void **state)
{
    memset(barred, 0, sizeof barred);
    *state = publish_plan_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    publish_plan_free(*state);
    return 0;
}

static void a_burst_becomes_one_batch(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    assert_int_equal(publish_plan_due(pp, &plain, 1000), PLAN_NEVER);
    mark(pp, 2, 7, 1000);
    mark(pp, 0, 5, 1100);
    mark(pp, 2, 8, 1150);
    mark(pp, 3, 0, 1150); /* not numbered: nothing to tell */
    assert_int_equal(publish_plan_due(pp, &plain, 1150), 1200);
    expect(pp, &plain, 1199, out, "");
    expect(pp, &plain, 1200, out, "2:8 0:5");
    expect(pp, &plain, 9999, out, "");
    assert_int_equal(publish_plan_due(pp, &plain, 9999), PLAN_NEVER);
    assert_int_equal(publish_plan_count(pp).unacked, 2);
    assert_false(publish_plan_ack(pp, out[0], 2000));
    assert_false(publish_plan_ack(pp, out[1], 2000));
    assert_int_equal(publish_plan_count(pp).unacked, 0);
    assert_true(publish_plan_settled(pp, 2));
    assert_false(publish_plan_settled(pp, 3));
}

static void a_full_batch_does_not_wait(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    for (uint32_t i = 0; i < 6; i++)
        mark(pp, i, 1, 1000);
    assert_int_equal(publish_plan_due(pp, &plain, 1000), 1000);
    expect(pp, &plain, 1000, out, "0:1 1:1 2:1 3:1");
    assert_int_equal(publish_plan_due(pp, &plain, 1000), 1200);
    expect(pp, &plain, 1200, out, "4:1 5:1"); /* a second lane, disjoint lots */
}

static void a_lot_that_moves_in_flight_waits_for_its_end(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS], other[MAX_ITEMS];
    mark(pp, 1, 5, 1000);
    expect(pp, &plain, 1200, out, "1:5");
    mark(pp, 1, 6, 1300);
    mark(pp, 1, 7, 1400);
    expect(pp, &plain, 5000, other, "");
    assert_false(publish_plan_same(pp, out, 1, may, NULL));
    assert_false(publish_plan_ack(pp, out[0], 1500));
    assert_false(publish_plan_settled(pp, 1));
    assert_int_equal(publish_plan_due(pp, &plain, 1450), 1500); /* 200 ms from the first move */
    assert_int_equal(publish_plan_count(pp).oldest_ms, 1300);
    expect(pp, &plain, 1500, out, "1:7");
}

static void a_failed_batch_comes_back_first(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    mark(pp, 1, 1, 1000);
    mark(pp, 2, 1, 1000);
    expect(pp, &plain, 1200, out, "1:1 2:1");
    mark(pp, 3, 1, 1250);
    assert_true(publish_plan_same(pp, out, 2, may, NULL));
    barred[2] = true;
    assert_false(publish_plan_same(pp, out, 2, may, NULL));
    barred[2] = false;
    publish_plan_back(pp, out, 2, 1300);
    expect(pp, &plain, 1300, out, "1:1 2:1 3:1");
}

static void lots_past_their_limit_are_held_back(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    barred[1] = true;
    mark(pp, 1, 1, 1000);
    mark(pp, 2, 1, 1000);
    expect(pp, &plain, 1200, out, "2:1");
    assert_false(publish_plan_ack(pp, out[0], 1300));
    expect(pp, &plain, 1300, out, "");
    /* nothing is asked for until something happens */
    assert_int_equal(publish_plan_due(pp, &plain, 99999), PLAN_NEVER);
    assert_false(publish_plan_touch(pp, 2));
    assert_true(publish_plan_touch(pp, 1));
    barred[1] = false;
    assert_true(publish_plan_due(pp, &plain, 1400) <= 1400);
    expect(pp, &plain, 1400, out, "1:1");
}

static void a_lot_that_leaves_is_dropped(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    mark(pp, 1, 1, 1000);
    mark(pp, 2, 1, 1000);
    assert_false(publish_plan_drop(pp, 1));
    assert_false(publish_plan_drop(pp, 77));
    expect(pp, &plain, 1200, out, "2:1");
    assert_false(publish_plan_drop(pp, 2)); /* in flight */
    publish_plan_back(pp, out, 1, 1300);
    expect(pp, &plain, 2000, out, "");
    mark(pp, 2, 1, 3000); /* and comes back */
    expect(pp, &plain, 3200, out, "2:1");
}

/* Eight lots, one of them poisonous: halves, each apart from everything else, until it is alone. */
static void splitting_isolates_the_poison(void **state)
{
    static const struct publish_rules rules = {8, 0, 0};
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    const struct publish_hold *h = NULL;
    int requests = 0, held = 0;
    for (uint32_t i = 0; i < 8; i++)
        mark(pp, i, 1, 1000);
    for (size_t n; (n = next(pp, &rules, 1000, out)) > 0; requests++) {
        bool poison = false;
        for (size_t i = 0; i < n; i++)
            poison |= out[i].lot == 5;
        if (requests == 0)
            mark(pp, 9, 1, 1000); /* a newcomer must not join a suspect group */
        if (poison && n > 1) {
            publish_plan_split(pp, out, n);
        } else if (poison) {
            h = publish_plan_refuse(pp, out[0], "HTTP 422", 1000);
            held++;
        } else {
            for (size_t i = 0; i < n; i++)
                assert_false(publish_plan_ack(pp, out[i], 1000));
        }
    }
    assert_int_equal(held, 1);
    assert_int_equal(requests, 8); /* 8, 4 4, 2 2, 1 1 and the newcomer */
    assert_non_null(h);
    assert_string_equal(h->code, "HTTP 422");
    assert_int_equal(publish_plan_count(pp).unacked, 1);
    assert_int_equal(publish_plan_count(pp).held, 1);
}

static void quarantine_is_tried_alone_and_later_each_time(void **state)
{
    static const int64_t waits_min[] = {10, 20, 40, 80, 160, 320, 360, 360};
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    int64_t now = 1000;
    mark(pp, 5, 1, now);
    expect(pp, &plain, now + 200, out, "5:1");
    for (size_t i = 0; i < 8; i++) {
        const struct publish_hold *h = publish_plan_refuse(pp, out[0], "no", now);
        assert_int_equal(h->tries, i + 1);
        assert_int_equal(h->retry_ms - now, waits_min[i] * 60000);
        mark(pp, 5, 2, now); /* a newer state waits with it */
        now = h->retry_ms;
        assert_int_equal(publish_plan_due(pp, &plain, now - 1), now);
        expect(pp, &plain, now - 1, out, "");
        mark(pp, 6, i + 1, now - 1000);
        expect(pp, &plain, now, out, "5:2"); /* alone */
        struct publish_item other[MAX_ITEMS];
        assert_int_equal(next(pp, &plain, now, other), 1);
        assert_int_equal(other[0].lot, 6);
        (void)publish_plan_ack(pp, other[0], now);
    }
    publish_plan_back(pp, out, 1, now); /* a network failure is no refusal */
    assert_int_equal(publish_plan_due(pp, &plain, now), now);
    expect(pp, &plain, now, out, "5:2");
    assert_true(publish_plan_ack(pp, out[0], now));
    assert_true(publish_plan_settled(pp, 5));
}

static void a_held_lot_that_may_not_be_told_is_no_hot_loop(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    mark(pp, 5, 1, 1000);
    expect(pp, &plain, 1200, out, "5:1");
    (void)publish_plan_refuse(pp, out[0], "no", 1200);
    publish_plan_resume(pp, 1300);
    barred[5] = true;
    assert_int_equal(publish_plan_due(pp, &plain, 1300), 1300);
    expect(pp, &plain, 1300, out, "");
    assert_true(publish_plan_due(pp, &plain, 1300) > 2000);
    assert_true(publish_plan_drop(pp, 5)); /* the hold ended */
    assert_int_equal(publish_plan_count(pp).held, 0);
}

static void one_held_lot_is_retried_or_let_go(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    mark(pp, 5, 1, 1000);
    mark(pp, 6, 1, 1000);
    assert_int_equal(publish_plan_retry(pp, 5, 1000), ERR_NOT_FOUND);
    expect(pp, &plain, 1200, out, "5:1 6:1");
    (void)publish_plan_refuse(pp, out[0], "no", 1200);
    (void)publish_plan_refuse(pp, out[1], "no", 1200);
    assert_int_equal(publish_plan_retry(pp, 5, 1300), 0);
    expect(pp, &plain, 1300, out, "5:1");
    assert_int_equal(publish_plan_discard(pp, 5, 1300), ERR_BUSY);
    (void)publish_plan_refuse(pp, out[0], "no", 1300);
    assert_int_equal(publish_plan_discard(pp, 5, 1400), 0);
    assert_int_equal(publish_plan_count(pp).held, 1);
    assert_int_equal(publish_plan_count(pp).unacked, 1); /* nobody owes what was let go */
    assert_int_equal(publish_plan_discard(pp, 99, 1400), ERR_NOT_FOUND);
    mark(pp, 5, 2, 1500);
    expect(pp, &plain, 1700, out, "5:2"); /* its next state is told */
}

static void refresh_sends_again_what_is_old(void **state)
{
    static const struct publish_rules rules = {4, 200, 60000};
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    mark(pp, 1, 5, 1000);
    mark(pp, 2, 6, 1000);
    mark(pp, 3, 7, 1000);
    expect(pp, &rules, 1200, out, "1:5 2:6 3:7");
    for (size_t i = 0; i < 3; i++)
        assert_false(publish_plan_ack(pp, out[i], 2000 + (int64_t)i * 10000));
    barred[2] = true;
    assert_int_equal(publish_plan_count(pp).unacked, 0);
    int64_t now = 30000, due;
    size_t n;
    while ((due = publish_plan_due(pp, &rules, now)) < 62000) { /* only looks, sends nothing */
        now = due > now ? due : now + 1;
        assert_int_equal(next(pp, &rules, now, out), 0);
    }
    while ((n = next(pp, &rules, now, out)) == 0) {
        now = publish_plan_due(pp, &rules, now);
        assert_true(now < 70000);
    }
    assert_int_equal(n, 1);
    assert_int_equal(out[0].lot, 1);
    assert_int_equal(out[0].seq, 5); /* the same seq */
    assert_false(publish_plan_ack(pp, out[0], now));
    while ((n = next(pp, &rules, now, out)) == 0) {
        now = publish_plan_due(pp, &rules, now);
        assert_true(now < 90000);
    }
    assert_int_equal(out[0].lot, 3); /* lot 2 is past its limit: not refreshed either */
}

static void what_the_store_knows_counts(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    struct publish_hold h = {.seq = 4, .tries = 2, .retry_ms = 500000, .code = "x"};
    uint32_t i = 0, lot = 99;
    mark(pp, 1, 5, 1000);
    mark(pp, 2, 6, 1000);
    mark(pp, 3, 4, 1000);
    expect(pp, &plain, 1200, out, "1:5 2:6 3:4");
    publish_plan_forget(pp);
    publish_plan_acked(pp, 1, 5);
    publish_plan_acked(pp, 1, 3); /* only ever raised */
    publish_plan_acked(pp, 200, 3);
    publish_plan_acked(pp, 2, 9); /* somebody else told more meanwhile */
    publish_plan_held(pp, 3, &h);
    publish_plan_loaded(pp, 1300);
    assert_false(publish_plan_ack(pp, out[1], 1400));
    mark(pp, 2, 8, 1400);
    publish_plan_back(pp, &out[2], 1, 1400);
    publish_plan_back(pp, out, 1, 1400);
    expect(pp, &plain, 2000, out, "");
    mark(pp, 2, 10, 2000);
    expect(pp, &plain, 2200, out, "2:10");
    assert_int_equal(publish_plan_each_held(pp, &i, &lot)->tries, 2);
    assert_int_equal(lot, 3);
    assert_null(publish_plan_each_held(pp, &i, &lot));
}

/* ---- the promise, at random */

#define LOTS  24
#define LANES 3

struct world {
    struct publish_plan *pp;
    uint64_t seed, seq, held[LOTS], acked[LOTS], started[LOTS];
    bool in_flight[LOTS], poison[LOTS], connected[LOTS];
    int64_t now;
    struct publish_item lane[LANES][8];
    size_t n[LANES];
    bool calm;
};

static uint32_t roll(struct world *w, uint32_t below)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return (uint32_t)(w->seed >> 20) % below;
}

static void world_change(struct world *w)
{
    uint32_t lot = roll(w, LOTS);
    if (roll(w, 20) == 0) {
        w->connected[lot] = false;
        (void)publish_plan_drop(w->pp, lot);
        return;
    }
    w->connected[lot] = true;
    w->held[lot] = ++w->seq;
    mark(w->pp, lot, w->held[lot], w->now);
}

static void world_start(struct world *w, int lane)
{
    static const struct publish_rules rules = {8, 50, 5000};
    w->n[lane] = next(w->pp, &rules, w->now, w->lane[lane]);
    for (size_t i = 0; i < w->n[lane]; i++) {
        struct publish_item it = w->lane[lane][i];
        assert_false(w->in_flight[it.lot]);        /* one at a time */
        assert_true(it.seq >= w->started[it.lot]); /* never back */
        assert_int_equal(it.seq, w->held[it.lot]); /* the newest there is */
        assert_true(w->connected[it.lot] && !barred[it.lot]);
        w->in_flight[it.lot] = true;
        w->started[it.lot] = it.seq;
    }
}

static void world_end(struct world *w, int lane)
{
    struct publish_item *v = w->lane[lane];
    size_t n = w->n[lane];
    bool poison = false;
    for (size_t i = 0; i < n; i++) {
        w->in_flight[v[i].lot] = false;
        poison |= w->poison[v[i].lot];
    }
    w->n[lane] = 0;
    if (!w->calm && roll(w, 3) == 0) {
        publish_plan_back(w->pp, v, n, w->now);
    } else if (poison && n > 1) {
        publish_plan_split(w->pp, v, n);
    } else if (poison) {
        (void)publish_plan_refuse(w->pp, v[0], "no", w->now);
    } else {
        for (size_t i = 0; i < n; i++) {
            assert_true(v[i].seq >= w->acked[v[i].lot]);
            w->acked[v[i].lot] = v[i].seq;
            (void)publish_plan_ack(w->pp, v[i], w->now);
        }
    }
}

static void world_turn(struct world *w)
{
    int lane = (int)roll(w, LANES);
    w->now += roll(w, 100);
    if (!w->calm && roll(w, 2))
        world_change(w);
    if (!w->calm && roll(w, 10) == 0) {
        uint32_t lot = roll(w, LOTS);
        barred[lot] = !barred[lot];
        (void)publish_plan_touch(w->pp, lot);
    }
    if (!w->calm && roll(w, 50) == 0) {
        publish_plan_forget(w->pp);
        for (uint32_t i = 0; i < LOTS; i++)
            publish_plan_acked(w->pp, i, w->acked[i]);
        publish_plan_loaded(w->pp, w->now);
    }
    if (w->n[lane])
        world_end(w, lane);
    else
        world_start(w, lane);
}

static void one_world(uint64_t seed)
{
    struct world w = {.pp = publish_plan_new(), .seed = seed * 0x9e3779b97f4a7c15u | 1, .now = 1000};
    assert_non_null(w.pp);
    memset(barred, 0, sizeof barred);
    for (int i = 0; i < 3; i++)
        w.poison[roll(&w, LOTS)] = true;
    for (int i = 0; i < 2000; i++)
        world_turn(&w);
    w.calm = true; /* the faults stop */
    memset(barred, 0, sizeof barred);
    memset(w.poison, 0, sizeof w.poison);
    for (uint32_t i = 0; i < LOTS; i++)
        (void)publish_plan_touch(w.pp, i);
    publish_plan_resume(w.pp, w.now);
    for (int i = 0; i < 400; i++)
        world_turn(&w);
    for (uint32_t i = 0; i < LOTS; i++) {
        if (w.connected[i] && w.acked[i] != w.held[i])
            fail_msg("seed %llu: lot %u acknowledged %llu of %llu", (unsigned long long)seed, i,
                     (unsigned long long)w.acked[i], (unsigned long long)w.held[i]);
    }
    assert_int_equal(publish_plan_count(w.pp).unacked, 0);
    assert_int_equal(publish_plan_count(w.pp).held, 0);
    publish_plan_free(w.pp);
}

static void the_promise_holds_at_random(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++)
        one_world(seed);
}

/* ---- pace */

static void verdicts_of_statuses(void **state)
{
    static const struct {
        int status;
        enum dialect_verdict want;
    } rows[] = {
        {200, VERDICT_OK},     {204, VERDICT_OK},     {301, VERDICT_REJECT}, {304, VERDICT_REJECT},
        {400, VERDICT_REJECT}, {401, VERDICT_PAUSE},  {403, VERDICT_PAUSE},  {404, VERDICT_PAUSE},
        {408, VERDICT_RETRY},  {409, VERDICT_REJECT}, {410, VERDICT_PAUSE},  {413, VERDICT_REJECT},
        {422, VERDICT_REJECT}, {425, VERDICT_RETRY},  {429, VERDICT_RETRY},  {500, VERDICT_RETRY},
        {501, VERDICT_RETRY},  {503, VERDICT_RETRY},  {599, VERDICT_RETRY},  {0, VERDICT_RETRY},
        {101, VERDICT_RETRY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (publish_verdict(rows[i].status) != rows[i].want)
            fail_msg("HTTP %d", rows[i].status);
    }
}

static void waits_grow_and_the_breaker_opens(void **state)
{
    static const int64_t want[] = {1000,   2000,   4000,   8000,   30000,  60000,  90000, 120000,
                                   150000, 180000, 210000, 240000, 270000, 300000, 300000};
    struct publish_pace p = {0};
    int64_t now = 1000;
    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(publish_pace_limit(&p, 8, now),
                         i < 5 ? 8 : 1); /* a probe from the fifth failure on */
        publish_pace_bad(&p, now, now + 10, -1, UINT32_MAX);
        now += 10;
        assert_int_equal(p.not_before - now, want[i]);
        assert_int_equal(publish_pace_limit(&p, 8, p.not_before - 1), 0);
        now = p.not_before;
    }
    publish_pace_good(&p, now);
    assert_int_equal(publish_pace_limit(&p, 8, now), 8);
    publish_pace_bad(&p, now, now, -1, 0);
    assert_int_equal(p.not_before - now, PACE_FLOOR_MS); /* full jitter may say 0 */
}

static void failures_of_one_moment_count_once(void **state)
{
    struct publish_pace p = {0};
    (void)state;
    for (int i = 0; i < 8; i++) /* eight requests began together */
        publish_pace_bad(&p, 1000, 1500 + i, -1, UINT32_MAX);
    assert_int_equal(p.failures, 1);
    assert_int_equal(p.not_before, 2500);
    publish_pace_good(&p, 1000); /* and one of them went well: nothing new */
    assert_int_equal(p.failures, 1);
    publish_pace_good(&p, 2500);
    assert_int_equal(p.failures, 0);
}

static void retry_after_wins(void **state)
{
    struct publish_pace p = {0};
    (void)state;
    publish_pace_bad(&p, 1000, 1000, 5000, UINT32_MAX);
    assert_int_equal(p.not_before, 6000);
    publish_pace_bad(&p, 1000, 1001, 7000, UINT32_MAX); /* the same moment, but it says longer */
    assert_int_equal(p.not_before, 8001);
    p.failures = 20;
    publish_pace_bad(&p, 9000, 9000, 1000, 0);
    assert_int_equal(p.not_before, 10000);
    publish_pace_bad(&p, 11000, 11000, INT64_MAX, 0);
    assert_int_equal(p.not_before, 11000 + PACE_MAX_AFTER_MS);
}

static void a_pause_lets_one_probe_pass(void **state)
{
    struct publish_pace p = {0};
    (void)state;
    publish_pace_pause(&p, 1000);
    assert_int_equal(publish_pace_limit(&p, 4, 1000 + PACE_PAUSE_MS - 1), 0);
    assert_int_equal(publish_pace_limit(&p, 4, 1000 + PACE_PAUSE_MS), 1);
    publish_pace_good(&p, 900); /* it began before the pause */
    assert_true(p.paused);
    publish_pace_resume(&p);
    assert_int_equal(publish_pace_limit(&p, 4, 1001), 4);
    publish_pace_pause(&p, 2000);
    publish_pace_good(&p, 2000 + PACE_PAUSE_MS);
    assert_false(p.paused);
}

/* Another acknowledgement comes first: it waits, and counts as waiting. */
static void a_barred_lot_waits(void **state)
{
    static const struct publish_rules refreshing = {4, 200, 60000};
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    publish_plan_bar(pp, 0, true, 1000);
    mark(pp, 0, 5, 1000);
    mark(pp, 1, 6, 9000);
    assert_int_equal(publish_plan_due(pp, &plain, 9000), 9200); /* it does not make others hurry */
    assert_int_equal(publish_plan_count(pp).unacked, 2);
    assert_int_equal(publish_plan_count(pp).oldest_ms, 1000);
    expect(pp, &plain, 9200, out, "1:6");
    publish_plan_bar(pp, 0, false, 9300);
    expect(pp, &plain, 9300, out, "0:5");
    assert_true(publish_plan_same(pp, out, 1, may, NULL));
    publish_plan_bar(pp, 0, true, 9400); /* what the store knew was lost */
    assert_false(publish_plan_same(pp, out, 1, may, NULL));
    publish_plan_back(pp, out, 1, 9500);
    expect(pp, &plain, 99999, out, "");
    publish_plan_acked(pp, 0, 5);
    publish_plan_loaded(pp, 100000);
    assert_false(publish_plan_settled(pp, 0));
    expect(pp, &refreshing, 200000, out, "");
    publish_plan_held(pp, 0, &(struct publish_hold){.seq = 5, .tries = 1, .retry_ms = 0});
    expect(pp, &plain, 300000, out, "");
    publish_plan_bar(pp, 0, false, 300000);
    expect(pp, &plain, 400000, out, "0:5");
    assert_int_equal(publish_plan_known(pp, 0), 5);
    publish_plan_unknow(pp, 0);
    assert_int_equal(publish_plan_known(pp, 0), 0);
    assert_int_equal(publish_plan_known(pp, 77), 0);
}

/* Its hold was loaded again, with its old time, while it was under way. */
static void resuming_reaches_what_is_in_flight(void **state)
{
    struct publish_plan *pp = *state;
    struct publish_item out[MAX_ITEMS];
    const struct publish_hold late = {.seq = 5, .tries = 9, .retry_ms = 900000};
    mark(pp, 0, 5, 1000);
    publish_plan_held(pp, 0, &(struct publish_hold){.seq = 5, .tries = 9, .retry_ms = 1000});
    expect(pp, &plain, 1000, out, "0:5");
    publish_plan_forget(pp);
    publish_plan_held(pp, 0, &late);
    publish_plan_loaded(pp, 2000);
    publish_plan_resume(pp, 3000);
    publish_plan_back(pp, out, 1, 4000);
    expect(pp, &plain, 4000, out, "0:5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_becomes_one_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_batch_does_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lot_that_moves_in_flight_waits_for_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_batch_comes_back_first, setup, teardown),
        cmocka_unit_test_setup_teardown(lots_past_their_limit_are_held_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lot_that_leaves_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_barred_lot_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(resuming_reaches_what_is_in_flight, setup, teardown),
        cmocka_unit_test_setup_teardown(splitting_isolates_the_poison, setup, teardown),
        cmocka_unit_test_setup_teardown(quarantine_is_tried_alone_and_later_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_lot_that_may_not_be_told_is_no_hot_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(one_held_lot_is_retried_or_let_go, setup, teardown),
        cmocka_unit_test_setup_teardown(refresh_sends_again_what_is_old, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_store_knows_counts, setup, teardown),
        cmocka_unit_test(the_promise_holds_at_random),
        cmocka_unit_test(verdicts_of_statuses),
        cmocka_unit_test(waits_grow_and_the_breaker_opens),
        cmocka_unit_test(failures_of_one_moment_count_once),
        cmocka_unit_test(retry_after_wins),
        cmocka_unit_test(a_pause_lets_one_probe_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
