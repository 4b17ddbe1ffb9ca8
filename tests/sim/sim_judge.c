/* SPDX-License-Identifier: MIT
 * The promise of the design's first paragraph as checks. A lot's numbers only grow, so a smaller one is an
 * older one.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "sim.h"

#define LIMIT_MS        (31 * MINUTE) /* late ends after thirty minutes at most */
#define AFTER_CLOCK_MS  (5 * MINUTE)
#define CLOCK_MEMORY_MS (30 * MINUTE) /* so long may wait in memory what was dated by a wrong clock */
#define REWRITE_MS      (5 * MINUTE)
#define OVERTAKEN_MS    (10 * SECOND)

struct fact { /* what a number stood for when it was first seen */
    uint64_t seq, visible, bytes;
    int32_t free;
    bool lost; /* Redis forgot it: unless the platform saw it (bytes), it may stand for something else */
    UT_hash_handle hh;
};

static struct book {
    uint64_t seq;               /* the highest in Redis */
    int32_t value;              /* the newest number there, also of an expired reading */
    int32_t shown;              /* the newest at the platform */
    int64_t sign_ms, newest_ms; /* newest_ms: when that value was observed */
    struct fact *facts;
} books[SIM_LOTS];
static enum clocks clocks;
static int64_t since[CLOCKS_FAR + 1]; /* until when clocks were so wrong */
static int64_t lost_at;

void judge_init(void)
{
    for (int i = 0; i < SIM_LOTS; i++)
        books[i] = (struct book){.value = COUNT_NONE, .shown = COUNT_NONE};
    clocks = CLOCKS_RIGHT;
    memset(since, 0, sizeof since);
    lost_at = 0;
}

void judge_clocks(enum clocks how)
{
    for (int i = 0; i <= CLOCKS_FAR; i++)
        if (i <= (int)clocks)
            since[i] = sim_now;
    clocks = how;
}

/* Were they no worse than that, now and a while before? */
static bool clocks_within(enum clocks worst, int64_t after_ms)
{
    if (worst == CLOCKS_FAR)
        return true;
    int64_t ended = since[worst + 1];
    return clocks <= worst && (!ended || sim_now > ended + after_ms);
}

/* Until everybody could have written again what they remember: Redis may be down long after it lost its tail.
 */
bool judge_lost_lately(void)
{
    int64_t from = link_down_until() > lost_at ? link_down_until() : lost_at;
    return lost_at && sim_now < lost_at + CLOCK_MEMORY_MS && sim_now < from + REWRITE_MS;
}

/* Must what is seen of this lot never become older? Where a lot says when, only a clock that is wrong by more
 * than two minutes is believed more than it is; where it does not, our clocks are all there is. */
static bool is_ordered(int lot)
{
    return !judge_lost_lately() &&
           clocks_within(lot_is_dated(lot) ? CLOCKS_NEAR : CLOCKS_RIGHT, CLOCK_MEMORY_MS);
}

/* FNV-1a */
static uint64_t hash_of(struct view v)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < v.n; i++)
        h = (h ^ (unsigned char)v.p[i]) * UINT64_C(1099511628211);
    return h ? h : 1;
}

static struct fact *fact_of(struct book *b, uint64_t seq)
{
    struct fact *f = NULL;
    HASH_FIND(hh, b->facts, &seq, sizeof seq, f);
    if (f)
        return f;
    f = calloc(1, sizeof *f);
    if (!f)
        abort();
    f->seq = seq;
    HASH_ADD(hh, b->facts, seq, sizeof f->seq, f);
    return f;
}

static int32_t value_of(const struct reading *r)
{
    return r->expired ? r->last_free : r->free;
}

/* --- Redis --- */

static uint64_t visible_hash(struct view text, const struct reading *r)
{
    const char *bar = memmem(text.p, text.n, " | ", 3);
    struct view visible = {bar, (size_t)(text.p + text.n - bar)};
    return hash_of(visible) ^ (uint64_t)r->changed_ms;
}

/* A lost number that nobody saw; or one given while Redis' clock stood back behind what it had said before:
 * then time does not lead the numbers, and with their memory lost in Redis nothing else does. */
static bool may_stand_anew(const struct fact *f)
{
    bool stepped = db_stepped_at && sim_now < db_stepped_at + CLOCK_MEMORY_MS;
    return f->lost && (!f->bytes || stepped);
}

void judge_state(int lot, struct view text)
{
    struct book *b = &books[lot];
    struct reading r;
    if (reading_decode(text, &r))
        sim_fail("%s: Redis holds what nobody can read: " VIEW_FMT, lot_name(lot), VIEW_ARG(text));
    sim_trace("%s redis " VIEW_FMT, lot_name(lot), VIEW_ARG(text));
    if (r.seq < b->seq)
        sim_fail("%s: Redis goes back from seq %" PRIu64 " to %" PRIu64, lot_name(lot), b->seq, r.seq);
    struct fact *f = fact_of(b, r.seq);
    uint64_t visible = visible_hash(text, &r);
    if (f->visible && f->visible != visible && !may_stand_anew(f))
        sim_fail("%s: seq %" PRIu64 " now says " VIEW_FMT ", it said something else", lot_name(lot), r.seq,
                 VIEW_ARG(text));
    if (f->visible != visible)
        f->bytes = 0;
    f->visible = visible;
    f->free = r.free;
    int32_t value = value_of(&r);
    if (value > lot_told(lot))
        sim_fail("%s: Redis holds %d, which was never told", lot_name(lot), value);
    /* Two may ask at once, and the slower answer is the older one: of a lot that does not say when, nobody
     * can tell. */
    bool overtaken = !lot_is_dated(lot) && r.observed_ms < b->newest_ms + OVERTAKEN_MS;
    if (value < b->value && is_ordered(lot) && !overtaken)
        sim_fail("%s: Redis goes back from %d to %d", lot_name(lot), b->value, value);
    if (value > b->value)
        b->newest_ms = r.observed_ms;
    b->seq = r.seq;
    b->value = value;
}

void judge_promise(int lot, int32_t count, uint64_t seq)
{
    struct reading r;
    sim_trace("%s answered well: %d", lot_name(lot), count);
    if (!db_state(lot_name(lot), &r))
        sim_fail("%s: %d was answered well, and Redis holds nothing", lot_name(lot), count);
    if (value_of(&r) < count && is_ordered(lot))
        sim_fail("%s: %d was answered well (seq %" PRIu64 "), and Redis holds %d", lot_name(lot), count, seq,
                 value_of(&r));
    if (seq > r.seq && !judge_lost_lately())
        sim_fail("%s: seq %" PRIu64 " was answered, and Redis holds %" PRIu64, lot_name(lot), seq, r.seq);
}

static void note_lost(struct book *b)
{
    for (struct fact *f = b->facts; f; f = f->hh.next)
        f->lost = f->lost || f->seq > b->seq;
}

void judge_loss(void)
{
    lost_at = sim_now;
    for (int i = 0; i < SIM_LOTS; i++) {
        struct reading r;
        struct book *b = &books[i];
        bool there = db_state(lot_name(i), &r);
        b->seq = there ? r.seq : 0;
        b->value = there ? value_of(&r) : COUNT_NONE;
        b->shown = b->value < b->shown ? b->value : b->shown;
        note_lost(b);
    }
}

/* --- what is shown and sent --- */

void judge_sign(int lot)
{
    books[lot].sign_ms = sim_now;
}

static void judge_age(int lot, const char *where)
{
    int64_t age = sim_now - books[lot].sign_ms;
    if (age > LIMIT_MS && clocks_within(CLOCKS_RIGHT, AFTER_CLOCK_MS))
        sim_fail("%s: %s shows a number, %" PRId64 " s after its last sign of life", lot_name(lot), where,
                 age / 1000);
}

void judge_item(int lot, uint64_t seq, int32_t free, struct view bytes)
{
    struct book *b = &books[lot];
    struct fact *f = fact_of(b, seq);
    uint64_t hash = hash_of(bytes);
    sim_trace("%s arrives seq=%" PRIu64 " free=%d", lot_name(lot), seq, free);
    if (!f->visible)
        sim_fail("%s: seq %" PRIu64 " arrives and was never in Redis", lot_name(lot), seq);
    if (f->free != free)
        sim_fail("%s: seq %" PRIu64 " arrives with %d and is %d in Redis", lot_name(lot), seq, free, f->free);
    if (f->bytes && f->bytes != hash)
        sim_fail("%s: seq %" PRIu64 " arrives in other bytes: " VIEW_FMT, lot_name(lot), seq,
                 VIEW_ARG(bytes));
    f->bytes = hash;
    if (free == COUNT_NONE)
        return;
    if (free < b->shown && is_ordered(lot) && lot_is_dated(lot))
        sim_fail("%s: the platform goes back from %d to %d", lot_name(lot), b->shown, free);
    b->shown = free;
    judge_age(lot, "the platform");
}

void judge_shown(void)
{
    for (int i = 0; i < SIM_NODES * SIM_LOTS; i++) {
        int node = i % SIM_NODES, lot = i / SIM_NODES;
        if (node_shows(node, lot))
            judge_age(lot, "parkd");
    }
}

/* --- at the end, when nothing is wrong any more --- */

static const char *says(const char *fmt, ...) printf_like(1, 2);
static const char *says(const char *fmt, ...)
{
    static char text[200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return text;
}

static const char *level_of(int lot, const struct reading *r)
{
    uint64_t seq = 0;
    int32_t free = 0;
    const char *name = lot_name(lot);
    if (!lot_is_silent(lot) && (lot_owes(lot) || r->free != lot_told(lot)))
        return says("%s told %d%s, Redis holds %d", name, lot_told(lot),
                    lot_owes(lot) ? " and waits for its answer" : "", r->free);
    if (lot_is_silent(lot) && !r->expired && sim_now - books[lot].sign_ms > LIMIT_MS)
        return says("%s is silent, and Redis holds %d", name, r->free);
    if (!platform_holds(lot, &seq, &free) || seq != r->seq || free != r->free)
        return says("%s: the platform holds %" PRIu64 " %d, Redis %" PRIu64 " %d", name, seq, free, r->seq,
                    r->free);
    for (int node = 0; node < SIM_NODES; node++) {
        const struct reading *held = node_reading(node, lot);
        if (!held || held->seq != r->seq || held->free != r->free)
            return says("%s: node %d holds %" PRIu64 ", Redis %" PRIu64, name, node, held ? held->seq : 0,
                        r->seq);
    }
    return NULL;
}

const char *judge_level(void)
{
    for (int lot = 0; lot < SIM_LOTS; lot++) {
        struct reading r;
        if (!db_state(lot_name(lot), &r))
            return says("%s: Redis holds nothing", lot_name(lot));
        const char *differs = level_of(lot, &r);
        if (differs)
            return differs;
    }
    return NULL;
}
