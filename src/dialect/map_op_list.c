/* SPDX-License-Identifier: MIT
 * Operators on lists.
 */
#include "dialect/map_op_list.h"

#include <math.h>
#include <string.h>

#include "dialect/doc_watch.h"

bool map_list_of_array(struct map_eval *e, struct found *f)
{
    const struct json *array = f->kind == FOUND_NODE ? f->node.j : NULL;
    if (!json_is(array, JSON_ARRAY))
        return true;
    if (!found_list(e, f, json_size(array)))
        return false;
    for (const struct json *j = json_first(array); j; j = json_next(j))
        found_node(e, f->doc, (struct doc_node){.j = j}, &f->v[f->n++]);
    return true;
}

void map_list_each(struct map_eval *e, const struct map_op *op, struct found *f, map_one_fn *fn)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n && !e->err; i++) {
        fn(e, op, &f->v[i]);
        e->steps++;
        if (doc_watch_is_over())
            e->err = ERR_BUDGET;
        if (f->v[i].kind == FOUND_BAD) {
            struct found bad = f->v[i];
            *f = bad;
            return;
        }
        n += f->v[i].kind == FOUND_LIST ? f->v[i].n : f->v[i].kind != FOUND_NOTHING;
    }
    struct found all = *f;
    if (e->err || !found_list(e, &all, n))
        return;
    for (size_t i = 0; i < f->n; i++) {
        const struct found *one = &f->v[i];
        if (one->kind == FOUND_LIST && one->n) {
            memcpy(&all.v[all.n], one->v, one->n * sizeof *one);
            all.n += one->n;
        } else if (one->kind != FOUND_LIST && one->kind != FOUND_NOTHING) {
            all.v[all.n++] = *one;
        }
    }
    *f = all;
    if (n == 0)
        f->kind = FOUND_NOTHING;
}

/* Without what is not there; false: bad. */
static bool squeeze(struct found *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (f->v[i].kind == FOUND_BAD) {
            struct found bad = f->v[i];
            *f = bad;
            return false;
        }
        if (f->v[i].kind != FOUND_NOTHING)
            f->v[n++] = f->v[i];
    }
    f->n = n;
    return true;
}

static void fold(const struct map_eval *e, enum map_op_kind how, struct found *f)
{
    double all = 0;
    bool some = false;
    for (size_t i = 0; i < f->n; i++) {
        double n = 0;
        found_scalar(e, &f->v[i]);
        int err =
            found_in(&f->v[i], e->m->unknown) ? ERR_MISSING : found_to_number(&f->v[i], &e->m->marks, &n);
        if (err == ERR_MISSING)
            continue;
        if (err) {
            struct found bad = f->v[i];
            found_bad(&bad, err, "not a number");
            *f = bad;
            return;
        }
        if (!some)
            all = n;
        else
            all = how == OP_SUM ? all + n : how == OP_MIN ? fmin(all, n) : fmax(all, n);
        some = true;
    }
    f->kind = FOUND_NOTHING;
    if (some)
        found_number(f, all);
}

static void unique(struct map_eval *e, struct found *f)
{
    char a[40], b[40];
    size_t n = 0;
    for (size_t i = 0; i < f->n && !e->err; i++) {
        bool seen = false;
        found_scalar(e, &f->v[i]);
        struct view words = found_words(&f->v[i], a, sizeof a);
        for (size_t k = 0; k < n && !seen && words.p; k++) {
            struct view other = found_words(&f->v[k], b, sizeof b);
            seen = other.p && view_eq(words, other);
        }
        if (doc_watch_is_over())
            e->err = ERR_BUDGET;
        if (!seen)
            f->v[n++] = f->v[i];
    }
    f->n = n;
}

static void join(struct map_eval *e, const struct map_op *op, struct found *f)
{
    char digits[40];
    struct buf b;
    buf_init(&b, MAP_MAX_TEXT);
    for (size_t i = 0; i < f->n; i++) {
        found_scalar(e, &f->v[i]);
        struct view words = found_words(&f->v[i], digits, sizeof digits);
        if (i)
            (void)buf_view(&b, op->text);
        (void)buf_view(&b, words);
    }
    struct view copy = arena_copy(&e->arena, buf_get(&b));
    if (b.err == ERR_TOO_BIG)
        found_bad(f, ERR_TOO_BIG, "too long a text");
    else if (b.err || !copy.p)
        e->err = ERR_NOMEM;
    else
        found_text(f, copy);
    buf_fini(&b);
}

void map_list_op(struct map_eval *e, const struct map_op *op, struct found *f)
{
    if (f->kind != FOUND_LIST) {
        struct found one = *f;
        if (!found_list(e, f, 1))
            return;
        f->v[f->n++] = one;
    }
    if (!squeeze(f))
        return;
    switch (op->kind) {
    case OP_COUNT:
        found_number(f, (double)f->n);
        break;
    case OP_LAST:
        if (f->n) {
            struct found last = f->v[f->n - 1];
            *f = last;
        } else {
            f->kind = FOUND_NOTHING;
        }
        break;
    case OP_UNIQUE:
        unique(e, f);
        break;
    case OP_JOIN:
        join(e, op, f);
        break;
    default:
        fold(e, op->kind, f);
    }
}
