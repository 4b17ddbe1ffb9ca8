/* SPDX-License-Identifier: MIT
 * Conditions. What is not there is equal to nothing and above or below nothing; only an operator that fails
 * makes a condition that cannot be told.
 */
#include "dialect/map_eval.h"

static bool compare(const struct map_eval *e, const struct map_test *t, const struct found *f)
{
    double n = 0;
    if (found_to_number(f, &e->m->marks, &n))
        return false;
    switch (t->kind) {
    case TEST_ABOVE:
        return n > t->limit;
    case TEST_BELOW:
        return n < t->limit;
    case TEST_AT_LEAST:
        return n >= t->limit;
    default:
        return n <= t->limit;
    }
}

static int matches(const struct map_test *t, struct found *f)
{
    char digits[40];
    struct view ignored, words = found_words(f, digits, sizeof digits);
    int err = words.p ? regex_find(t->regex, words, 0, &ignored) : ERR_NOT_FOUND;
    if (!err || err == ERR_NOT_FOUND)
        return !err;
    found_bad(f, err, "the expression takes too long here");
    return -1;
}

static int test(const struct map_eval *e, const struct map_test *t, struct found *f)
{
    switch (t->kind) {
    case TEST_EQUALS:
        return found_in(f, t->list);
    case TEST_NOT:
        return !found_in(f, t->list);
    case TEST_EXISTS:
        return (f->kind != FOUND_NOTHING) == t->there;
    case TEST_MATCHES:
        return matches(t, f);
    default:
        return compare(e, t, f);
    }
}

static int tests(struct map_eval *e, const struct map_frame *f, const struct map_cond *c, struct found *bad)
{
    map_value_scalar(e, f, c->value, bad);
    if (bad->kind == FOUND_BAD)
        return -1;
    for (size_t i = 0; i < c->n_tests; i++) {
        int holds = test(e, &c->tests[i], bad);
        if (holds <= 0)
            return holds;
    }
    return 1;
}

int map_cond_eval(struct map_eval *e, const struct map_frame *f, const struct map_cond *c, struct found *bad)
{
    struct found worst = {0};
    bool unclear = false;
    if (c->kind == COND_TESTS)
        return tests(e, f, c, bad);
    int decided = c->kind == COND_ALL ? 0 : 1; /* the part's answer that settles all */
    for (size_t i = 0; i < c->n; i++) {
        int holds = map_cond_eval(e, f, c->v[i], bad);
        if (holds == decided)
            return c->kind == COND_NO ? 0 : decided;
        if (holds < 0 && !unclear) {
            unclear = true;
            worst = *bad;
        }
    }
    if (!unclear)
        return c->kind == COND_NO ? 1 : !decided;
    *bad = worst;
    return -1;
}

int map_conds_eval(struct map_eval *e, const struct map_frame *f, const struct map_conds *c,
                   struct found *bad)
{
    for (size_t i = 0; i < c->n; i++) {
        int holds = map_cond_eval(e, f, c->v[i], bad);
        if (holds <= 0)
            return holds;
    }
    return 1;
}
