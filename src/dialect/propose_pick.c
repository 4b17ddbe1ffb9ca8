/* SPDX-License-Identifier: MIT
 * Which field is what: by name, by value, and by the check free + occupied = total.
 */
#include <string.h>

#include "dialect/propose_tree.h"
#include "parkd/model/lot.h"

#define PART_COSTS  40 /* a part of the lot is not the lot */
#define OUTER_COSTS 30
#define SUM_BONUS   60
#define ODD_COSTS   40 /* more free than places */

/* ---- do the values fit? */

struct counts {
    size_t n, count, unknown, other;
};

static struct counts look_at(const struct field *f, size_t items)
{
    struct counts c = {0};
    for (size_t i = 0; i < items; i++) {
        int64_t v;
        if (!f->v[i])
            continue;
        enum value_kind kind = value_of(f->v[i], &v);
        c.n++;
        c.count += kind == VALUE_COUNT;
        c.unknown += kind == VALUE_UNKNOWN;
        c.other += kind == VALUE_OTHER;
    }
    return c;
}

static bool fits_count(const struct field *f, size_t items)
{
    struct counts c = look_at(f, items);
    return !f->root && c.n && c.other * 5 <= c.n && (c.count || c.unknown == c.n);
}

static bool fits_time(const struct field *f, size_t items, const char **format)
{
    size_t good = 0, n = 0;
    for (size_t i = 0; i < items; i++) {
        char scratch[32];
        if (!f->v[i] || !part_is_scalar(f->v[i]) || !part_text(f->v[i], scratch).n)
            continue;
        const char *one = value_time_format(f->v[i]);
        n++;
        good += one != NULL;
        *format = *format ? *format : one;
    }
    return n && good * 5 >= n * 4;
}

static bool same_text(const struct part *a, const struct part *b)
{
    char x[32], y[32];
    return view_eq(part_text(a, x), part_text(b, y));
}

/* There, not empty, another for each item. */
static bool fits_lot(const struct field *f, size_t items)
{
    char scratch[32];
    if (f->n != items || (f->root && items > 1))
        return false;
    for (size_t i = 0; i < items; i++) {
        struct view v = f->v[i] && part_is_scalar(f->v[i]) && f->v[i]->kind != PART_BOOL
                            ? part_text(f->v[i], scratch)
                            : (struct view){0};
        if (!v.n || v.n >= FOREIGN_SIZE)
            return false;
        for (size_t k = 0; k < i; k++) {
            if (same_text(f->v[i], f->v[k]))
                return false;
        }
    }
    return true;
}

static bool fits_name(const struct field *f, size_t items)
{
    size_t words = 0, n = 0;
    double number;
    for (size_t i = 0; i < items; i++) {
        if (!f->v[i])
            continue;
        n++;
        words += f->v[i]->kind == PART_TEXT && f->v[i]->text.n && view_to_real(f->v[i]->text, &number) != 0;
    }
    return !f->root && n && words * 2 >= n;
}

static bool fits_degrees(const struct field *f, size_t items, double limit)
{
    char scratch[32];
    for (size_t i = 0; i < items; i++) {
        double v;
        if (f->v[i] && (view_to_real(view_trim(part_text(f->v[i], scratch)), &v) || v < -limit || v > limit))
            return false;
    }
    return !f->root;
}

static bool fits(const struct field *f, size_t items, enum want w)
{
    const char *format = NULL;
    switch (w) {
    case WANT_LOT:
        return fits_lot(f, items);
    case WANT_TIME:
        return fits_time(f, items, &format);
    case WANT_STATUS:
        return !f->root && f->v[0] && part_is_scalar(f->v[0]);
    case WANT_NAME:
        return fits_name(f, items);
    case WANT_LAT:
        return fits_degrees(f, items, 90);
    case WANT_LNG:
        return fits_degrees(f, items, 180);
    default:
        return fits_count(f, items);
    }
}

/* ---- candidates */

static void add(struct pick *p, enum want w, const struct field *f, int score)
{
    int at = p->n[w];
    if (score <= 0)
        return;
    if (at == PICK_MAX && p->of[w][--at].score >= score)
        return;
    while (at > 0 && p->of[w][at - 1].score < score) {
        p->of[w][at] = p->of[w][at - 1];
        at--;
    }
    p->of[w][at] = (struct candidate){f, score};
    if (p->n[w] < PICK_MAX)
        p->n[w]++;
}

/* {"code":0,"data":…}: the answer's own code names no lot. */
static bool is_answer_code(const struct item_set *set, const struct field *f)
{
    const struct part *p = f->v[0];
    return p && p->up && !p->up->up && set->n == 1 && (view_ieq(f->name, "code") || view_ieq(f->name, "ret"));
}

static void consider(struct pick *p, const struct item_set *set, const struct field *f)
{
    enum want w = WANT_N;
    const char *format = NULL;
    int costs = (f->part ? PART_COSTS : 0) + (f->root ? OUTER_COSTS : 0);
    int score = name_suggests(f->name, &w);
    if (f->key)
        score = SCORE_EXACT + 10;
    if (score && f->capture)
        score -= 1;
    if (w == WANT_LOT && is_answer_code(set, f))
        return;
    if (score && fits(f, set->n, w)) {
        add(p, w, f, score - costs);
        if (w == WANT_NAME && fits_lot(f, set->n))
            add(p, WANT_LOT, f, SCORE_PART / 2);
        return;
    }
    /* A time has a look of its own. */
    if (name_is_possible(f->name) && fits_time(f, set->n, &format) && w != WANT_LOT)
        add(p, WANT_TIME, f, SCORE_PART / 2 - costs / 2);
}

/* ---- sums */

static bool count_at(const struct field *f, size_t i, int64_t *v)
{
    return f && f->v[i] && value_of(f->v[i], v) == VALUE_COUNT;
}

struct trio {
    const struct field *free, *total, *occupied;
    int score;
    bool adds_up;
};

static void judge(const struct item_set *set, struct trio *t)
{
    size_t both = 0, odd = 0, all = 0, sums = 0, some = 0;
    for (size_t i = 0; i < set->n; i++) {
        int64_t f = 0, c = 0, o = 0;
        bool has_f = count_at(t->free, i, &f), has_c = count_at(t->total, i, &c),
             has_o = count_at(t->occupied, i, &o);
        both += has_c && (has_f || has_o);
        odd += has_c && ((has_f && f > c) || (has_o && o > c));
        all += has_f && has_c && has_o;
        sums += has_f && has_c && has_o && f + o == c;
        some += c > 0;
    }
    t->adds_up = all && sums * 5 >= all * 4 && some;
    t->score += t->adds_up ? SUM_BONUS : 0;
    t->score -= all && !t->adds_up ? SUM_BONUS / 6 : 0;
    t->score -= both && odd * 2 > both ? ODD_COSTS : 0;
}

static struct candidate nth(const struct pick *p, enum want w, int i)
{
    return i < p->n[w] ? p->of[w][i] : (struct candidate){0};
}

static void pick_counts(const struct item_set *set, struct pick *p)
{
    struct trio best = {.score = -1};
    for (int f = 0; f <= p->n[WANT_FREE]; f++) {
        for (int c = 0; c <= p->n[WANT_TOTAL]; c++) {
            for (int o = 0; o <= p->n[WANT_OCCUPIED]; o++) {
                struct candidate a = nth(p, WANT_FREE, f), b = nth(p, WANT_TOTAL, c),
                                 d = nth(p, WANT_OCCUPIED, o);
                struct trio t = {a.f, b.f, d.f, a.score + b.score + d.score, false};
                judge(set, &t);
                if (t.score > best.score)
                    best = t;
            }
        }
    }
    p->chosen[WANT_FREE] = best.free;
    p->chosen[WANT_TOTAL] = best.total;
    p->chosen[WANT_OCCUPIED] = best.occupied;
    p->adds_up = best.adds_up;
    p->score += best.score;
}

/* "KAPAZITAET" alone, with -1 in it: a capacity is never unknown by the hour, so it is what is free. */
static void free_in_disguise(const struct item_set *set, struct pick *p)
{
    const struct field *f = p->chosen[WANT_TOTAL];
    bool negative = false;
    for (size_t i = 0; f && i < set->n; i++) {
        int64_t v = 0;
        negative |= count_at(f, i, &v) && v < 0;
    }
    if (!negative || p->chosen[WANT_FREE] || p->chosen[WANT_OCCUPIED])
        return;
    p->chosen[WANT_FREE] = f;
    p->chosen[WANT_TOTAL] = NULL;
}

void pick_fields(const struct item_set *set, struct pick *out)
{
    static const enum want simple[] = {WANT_LOT,  WANT_OPEN, WANT_TIME, WANT_STATUS,
                                       WANT_NAME, WANT_LAT,  WANT_LNG};
    *out = (struct pick){0};
    for (size_t i = 0; i < set->n_fields; i++)
        consider(out, set, &set->fields[i]);
    pick_counts(set, out);
    free_in_disguise(set, out);
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        enum want w = simple[i];
        out->chosen[w] = nth(out, w, 0).f;
        out->score += w == WANT_LOT ? nth(out, w, 0).score : nth(out, w, 0).score / 5;
    }
    if (out->chosen[WANT_TIME])
        (void)fits_time(out->chosen[WANT_TIME], set->n, &out->time_format);
    if (!out->chosen[WANT_LAT] || !out->chosen[WANT_LNG])
        out->chosen[WANT_LAT] = out->chosen[WANT_LNG] = NULL;
    if (!out->chosen[WANT_FREE] && !out->chosen[WANT_OCCUPIED] && !out->chosen[WANT_TOTAL])
        out->score = 0;
}
