/* SPDX-License-Identifier: MIT
 * The lots: each tells a number that only grows, so that whatever is seen anywhere says when it was told.
 * Some push with a number or a time of their own, some without; some are asked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define GIVE_UP_MS (10 * SECOND)
#define TOTAL      60000

enum manner { NUMBERED, TIMED, BARE, ASKED_TIMED, ASKED_BARE };

static struct lot_state {
    const char *name, *feed;
    enum manner manner;
    int64_t every_ms; /* it tells so often */
    bool beats;       /* mostly signs of life, seldom numbers */
    int32_t count;    /* told, or about to be */
    uint64_t number;
    int64_t skew;
    bool silent, failed;
    uint64_t asking; /* the push that is on its way; 0 none */
    int node;        /* where it pushes */
    unsigned failures;
} lots[SIM_LOTS] = {
    {.name = "N0", .feed = "n", .manner = NUMBERED, .every_ms = 30 * SECOND},
    {.name = "N1", .feed = "n", .manner = NUMBERED, .every_ms = 3 * MINUTE},
    {.name = "T2", .feed = "n", .manner = TIMED, .every_ms = MINUTE},
    {.name = "B3", .feed = "n", .manner = BARE, .every_ms = 2 * MINUTE},
    {.name = "Q4", .feed = "q", .manner = ASKED_TIMED},
    {.name = "U5", .feed = "u", .manner = ASKED_BARE},
    {.name = "H6", .feed = "n", .manner = TIMED, .every_ms = MINUTE, .beats = true},
};
static bool paused;
static uint64_t pushes, taken;

struct push {
    int lot, node;
    uint64_t number;
    int32_t count; /* COUNT_NONE: a sign of life */
    struct report report;
    bool twice; /* the way brings it a second time */
};

const char *lot_name(int lot)
{
    return lots[lot].name;
}

const char *lot_feed(int lot)
{
    return lots[lot].feed;
}

int lot_of_name(struct view name)
{
    for (int i = 0; i < SIM_LOTS; i++)
        if (view_is(name, lots[i].name))
            return i;
    return -1;
}

uint64_t lots_updates(void)
{
    return taken;
}

void lots_pause(bool yes)
{
    paused = yes;
}

void lots_silence(int lot, bool silent)
{
    sim_trace("%s silent=%d", lots[lot].name, silent);
    lots[lot].silent = silent;
}

/* --- pushing --- */

static void tell(void *ctx);

static void again(struct lot_state *l, int64_t in_ms)
{
    sim_after(NULL, in_ms, tell, l);
}

/* The sender knows how its push ended. */
static void conclude(struct lot_state *l, bool good)
{
    l->asking = 0;
    l->failed = !good;
    l->failures = good ? 0 : l->failures + 1;
    if (!good && sim_chance(500))
        l->node = (l->node + 1) % SIM_NODES;
    again(l, good ? sim_between(l->every_ms / 2, l->every_ms * 3 / 2)
                  : sim_between(200, l->failures > 5 ? 30 * SECOND : 3 * SECOND));
}

static void on_given_up(void *ctx)
{
    struct push *p = ctx;
    struct lot_state *l = &lots[p->lot];
    if (l->asking == p->number)
        conclude(l, false);
}

struct answer {
    int lot;
    uint64_t number;
    bool good;
};

static void on_answer(void *ctx)
{
    struct answer *a = ctx;
    struct lot_state *l = &lots[a->lot];
    if (l->asking == a->number)
        conclude(l, a->good);
    free(a);
}

static void send_answer(const struct push *p, bool good)
{
    int64_t at = way_arrival(&way_lots[p->node]);
    struct answer *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    *a = (struct answer){p->lot, p->number, good};
    if (at >= 0)
        sim_after(NULL, at - sim_now, on_answer, a);
    else
        free(a);
}

/* parkd answers: from here on it is a promise. */
static void on_done(void *ctx, bool good, uint64_t seq)
{
    struct push *p = ctx;
    taken += good;
    if (good && p->count != COUNT_NONE)
        judge_promise(p->lot, p->count, seq);
    send_answer(p, good);
}

static void on_arrival(void *ctx)
{
    struct push *p = ctx;
    int64_t frozen = node_frozen_until(p->node);
    if (frozen > sim_now) {
        if (lots[p->lot].manner != BARE)
            sim_after(NULL, frozen - sim_now, on_arrival, p);
        return;
    }
    judge_sign(p->lot);
    if (!node_push(p->node, &p->report, on_done, p))
        send_answer(p, false);
}

static void make_report(struct lot_state *l, struct push *p, bool beat)
{
    struct report *r = &p->report;
    int64_t now = SIM_WALL + sim_now + l->skew;
    report_init(r);
    (void)snprintf(r->lot, sizeof r->lot, "X%s", l->name);
    r->kind = beat ? REPORT_BEAT : REPORT_COUNTS;
    r->source_ms = l->manner == TIMED || l->manner == NUMBERED ? now : 0;
    if (beat)
        return;
    r->free = l->count;
    r->total = TOTAL;
    r->status = STATUS_OPEN;
    if (l->manner == NUMBERED)
        r->source_seq = ++l->number;
}

static void tell(void *ctx)
{
    struct lot_state *l = ctx;
    if (l->silent) {
        again(l, SECOND);
        return;
    }
    struct push *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    bool beat = l->beats && !l->failed && sim_chance(paused ? 300 : 800);
    if (!beat && !paused && sim_chance(750))
        l->count++;
    *p = (struct push){
        .lot = (int)(l - lots), .node = l->node, .number = ++pushes, .count = beat ? COUNT_NONE : l->count};
    make_report(l, p, beat);
    l->asking = p->number;
    int64_t at = way_arrival(&way_lots[p->node]);
    /* What says neither when nor which must not come after its sender sent something else. */
    if (l->manner == BARE && at > sim_now + GIVE_UP_MS)
        at = -1;
    if (at >= 0)
        sim_after(NULL, at - sim_now, on_arrival, p);
    /* The same bytes once more, later: those that say when or which. */
    if (at >= 0 && !beat && l->manner != BARE && sim_chance(20))
        sim_after(NULL, at - sim_now + sim_between(0, 40 * SECOND), on_arrival, p);
    sim_after(NULL, GIVE_UP_MS, on_given_up, p);
}

/* --- being asked --- */

void lots_visit(struct visit *v)
{
    bool timed = view_is(v->url, "http://lots/q");
    struct lot_state *l = &lots[timed ? 4 : 5];
    if (l->silent) {
        v->status = -1;
        return;
    }
    if (sim_chance(30)) { /* one of the ordinary troubles */
        v->status = sim_chance(500) ? 500 : 200;
        (void)snprintf(v->answer, sizeof v->answer, "<html>busy</html>");
        return;
    }
    l->count += !paused && sim_chance(600);
    (void)snprintf(v->answer, sizeof v->answer,
                   "{\"lots\":[{\"id\":\"X%s\",\"free\":%d,\"at\":%" PRId64 "}]}", l->name, l->count,
                   SIM_WALL + sim_now);
    judge_sign((int)(l - lots));
    sim_trace("%s tells node %d %d", l->name, v->life->node, l->count);
}

int32_t lot_told(int lot)
{
    return lots[lot].count;
}

bool lot_owes(int lot)
{
    return lots[lot].failed || lots[lot].asking;
}

bool lot_is_silent(int lot)
{
    return lots[lot].silent;
}

bool lot_is_dated(int lot)
{
    return lots[lot].manner != BARE && lots[lot].manner != ASKED_BARE;
}

void lots_init(void)
{
    paused = false;
    for (int i = 0; i < SIM_LOTS; i++) {
        lots[i].skew = sim_between(-20, 20) * SECOND;
        lots[i].node = (int)sim_between(0, SIM_NODES - 1);
    }
}

void lots_start(void)
{
    for (int i = 0; i < SIM_LOTS; i++)
        if (lots[i].every_ms)
            again(&lots[i], sim_between(0, 20 * SECOND));
}
