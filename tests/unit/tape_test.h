/* SPDX-License-Identifier: MIT
 * A recorded district in steps of ten minutes, and the frozen detection run over it as the office runs it:
 * one judgement a step, the habit learned at midnight. Tapes are read from recorded files or made up by code.
 */
#ifndef PARKD_TESTS_TAPE_TEST_H
#define PARKD_TESTS_TAPE_TEST_H

#include "model_test.h"
#include "parkd/base/iso8601.h"
#include "parkd/model/frozen.h"

#define DAY_STEPS 144

struct tape {
    int lots, steps;
    int64_t begin_ms, east_ms; /* begin is a multiple of a step */
    int32_t *value;            /* [lot * steps + step], as at the step's end */
    uint16_t *moves;           /* changes within the step */
};

/* A stretch of steps under the flag: from to, both included. */
struct stretch {
    int from, to;
};
struct flags {
    int n;
    struct stretch v[256];
};

static inline void tape_make(struct tape *t, int lots, int steps, int64_t begin_ms, int64_t east_ms)
{
    size_t n = (size_t)lots * (size_t)steps;
    *t = (struct tape){
        lots, steps, begin_ms, east_ms, calloc(n, sizeof *t->value), calloc(n, sizeof *t->moves)};
    assert_true(t->value && t->moves);
}

static inline void tape_fini(struct tape *t)
{
    free(t->value);
    free(t->moves);
}

static inline int64_t tape_day(const struct tape *t, int step)
{
    return (t->begin_ms + step * FROZEN_STEP_MS + t->east_ms) / DAY_MS;
}

/* How many lots moved in each step. */
static inline unsigned *tape_activity(const struct tape *t)
{
    unsigned *moved = calloc((size_t)t->steps, sizeof *moved);
    assert_non_null(moved);
    for (int l = 0; l < t->lots; l++)
        for (int s = 0; s < t->steps; s++)
            moved[s] += t->moves[l * t->steps + s] > 0;
    return moved;
}

static inline void learn_day(const struct tape *t, const uint16_t *moves, int end, struct frozen_habit *habit)
{
    uint16_t hours[24] = {0};
    for (int s = end < DAY_STEPS ? 0 : end - DAY_STEPS; s < end; s++) {
        int64_t local = t->begin_ms + s * FROZEN_STEP_MS + t->east_ms;
        hours[local % DAY_MS / HOUR_MS] = (uint16_t)(hours[local % DAY_MS / HOUR_MS] + moves[s]);
    }
    frozen_learn(habit, day_kind_of(tape_day(t, end - 1)), hours);
}

/* The flags of one lot whose values and changes are given; `moved` is what the district did. */
static inline void run_lot(const struct tape *t, const int32_t *value, const uint16_t *moves,
                           const unsigned *moved, struct flags *out)
{
    static struct frozen_district d;
    static struct frozen_habit habit;
    int since = 0;
    bool on = false;
    memset(&d, 0, sizeof d);
    memset(&habit, 0, sizeof habit);
    out->n = 0;
    for (int s = 0; s < t->steps; s++) {
        int64_t now = t->begin_ms + s * FROZEN_STEP_MS;
        frozen_note(&d, now, moved[s], (unsigned)t->lots);
        if (s > 0 && tape_day(t, s) != tape_day(t, s - 1))
            learn_day(t, moves, s, &habit);
        if (moves[s])
            since = s;
        struct frozen_case c = {&habit,     frozen_hours_of((struct view){NULL, 0}),
                                t->east_ms, t->begin_ms + since * FROZEN_STEP_MS,
                                now,        value[s] <= 0};
        bool frozen = !moves[s] && frozen_judge(&d, &c);
        if (frozen && !on && out->n < (int)(sizeof out->v / sizeof out->v[0]))
            out->v[out->n++] = (struct stretch){s, s};
        if (frozen)
            out->v[out->n - 1].to = s;
        on = frozen;
    }
}

/* What was found. */
struct rates {
    int lot_days, false_days,
        late_days; /* late: the flag was right on the day before, and the lot moved again on this day */
    int frozen, found;
    double slowest_h;
};

static inline bool moved_on(const struct tape *t, const uint16_t *moves, int from)
{
    int any = 0;
    for (int s = from; s < t->steps && tape_day(t, s) == tape_day(t, from); s++)
        any += moves[s];
    return any > 0;
}

/* Was the flag up at any moment of the day that begins at step `from`? */
static inline bool flagged_on(const struct tape *t, const struct flags *f, int from, bool *late)
{
    for (int i = 0; i < f->n; i++) {
        if (tape_day(t, f->v[i].to) < tape_day(t, from) || tape_day(t, f->v[i].from) > tape_day(t, from))
            continue;
        *late = tape_day(t, f->v[i].from) < tape_day(t, from);
        return true;
    }
    return false;
}

static inline void count_moving(const struct tape *t, const uint16_t *moves, const struct flags *f,
                                struct rates *r)
{
    for (int s = 0; s < t->steps; s++) {
        bool late = false;
        if ((s > 0 && tape_day(t, s) == tape_day(t, s - 1)) || !moved_on(t, moves, s))
            continue;
        r->lot_days++;
        if (!flagged_on(t, f, s, &late))
            continue;
        r->false_days++;
        r->late_days += late;
    }
}

/* The lot as it is until step `at`, and never moving from there on. */
static inline void count_frozen(const struct tape *t, int lot, int at, const unsigned *moved, struct rates *r)
{
    size_t n = (size_t)t->steps, from = (size_t)lot * n;
    int32_t *value = malloc(n * sizeof *value);
    uint16_t *moves = malloc(n * sizeof *moves);
    struct flags f;
    assert_true(value && moves);
    memcpy(value, t->value + from, n * sizeof *value);
    memcpy(moves, t->moves + from, n * sizeof *moves);
    for (int s = at + 1; s < t->steps; s++) {
        value[s] = value[at];
        moves[s] = 0;
    }
    run_lot(t, value, moves, moved, &f);
    r->frozen++;
    if (f.n > 0 && f.v[f.n - 1].to == t->steps - 1) {
        double h = f.v[f.n - 1].from <= at ? 0 : (f.v[f.n - 1].from - at) / 6.0;
        r->found += h <= 24;
        r->slowest_h = h > r->slowest_h ? h : r->slowest_h;
    }
    free(value);
    free(moves);
}

/* Every lot as it is, then `times` times frozen at a moment drawn by chance and once from its first
 * observation on. */
static inline struct rates tape_rates(const struct tape *t, int times)
{
    struct rates r = {0};
    uint64_t seed = 20261123;
    unsigned *moved = tape_activity(t);
    for (int l = 0; l < t->lots; l++) {
        struct flags f;
        run_lot(t, t->value + (size_t)l * (size_t)t->steps, t->moves + (size_t)l * (size_t)t->steps, moved,
                &f);
        count_moving(t, t->moves + (size_t)l * (size_t)t->steps, &f, &r);
        count_frozen(t, l, 0, moved, &r);
        for (int i = 0; i < times; i++)
            count_frozen(t, l, below(&seed, t->steps - 25 * 6), moved, &r);
    }
    free(moved);
    return r;
}

static inline void tape_print(const char *what, const struct rates *r)
{
    printf("frozen (%s): never-moving lots flagged within 24 h: %d of %d (slowest %.1f h), moving lot-days "
           "falsely flagged: %d of "
           "%d (%.2f %%), on %d of these a flag of the day before still stood\n",
           what, r->found, r->frozen, r->slowest_h, r->false_days, r->lot_days,
           r->lot_days ? 100.0 * r->false_days / r->lot_days : 0, r->late_days);
}

#endif
