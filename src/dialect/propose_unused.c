/* SPDX-License-Identifier: MIT
 * Fields of a message that nobody looked at and that look like a count or a time: what alone finds a misspelt
 * name.
 */
#include <stdio.h>
#include <string.h>

#include "dialect/propose_tree.h"

#define MAX_PLACES  400
#define MAX_SHOWN   50
#define MAX_VALUES  3
#define VALUE_BYTES 80

struct place {
    char pattern[PROPOSE_PATH_SIZE];
    struct view name;
    const struct part *values[MAX_VALUES];
    size_t n_values, n, counts, times;
    bool used;
};
struct places {
    struct place *v;
    size_t n;
    bool (*used)(const void *ctx, const struct part *p);
    const void *ctx;
};

static struct place *place_of(struct places *ps, const char *pattern)
{
    for (size_t i = ps->n; i-- > 0;) {
        if (strcmp(ps->v[i].pattern, pattern) == 0)
            return &ps->v[i];
    }
    if (ps->n == MAX_PLACES)
        return NULL;
    struct place *p = &ps->v[ps->n++];
    (void)snprintf(p->pattern, sizeof p->pattern, "%s", pattern);
    return p;
}

/* Called a time, and digits enough for one: in a format that nobody here knows, the more reason to tell. */
static bool is_strange_time(const struct part *p)
{
    enum want w = WANT_N;
    char scratch[32];
    struct view v = part_text(p, scratch);
    size_t digits = 0;
    for (size_t i = 0; i < v.n; i++)
        digits += v.p[i] >= '0' && v.p[i] <= '9';
    return digits >= 6 && digits <= 20 && v.n <= 40 && name_suggests(p->name, &w) && w == WANT_TIME;
}

static void look(struct places *ps, const struct part *p)
{
    char pattern[PROPOSE_PATH_SIZE];
    int64_t count;
    tree_pattern(p, NULL, pattern);
    struct place *place = place_of(ps, pattern);
    if (!place)
        return;
    place->name = p->name;
    place->n++;
    place->used |= ps->used(ps->ctx, p);
    if (place->used)
        return;
    bool is_count = value_of(p, &count) == VALUE_COUNT;
    place->counts += is_count;
    place->times += value_time_format(p) != NULL || is_strange_time(p);
    if ((is_count || place->times) && place->n_values < MAX_VALUES)
        place->values[place->n_values++] = p;
}

static void walk(struct places *ps, const struct part *p)
{
    bool nested = p->kind == PART_TEXT && p->first; /* JSON in a text */
    if (part_is_scalar(p) && !nested)
        look(ps, p);
    for (const struct part *m = p->first; m; m = m->next)
        walk(ps, m);
}

/* A field by its name and values; NULL: neither. A name that says what it is needs no more; the values of
 * others speak for themselves if they are times, and if they are counts only when the name does not deny it.
 */
static const char *looks_like(const struct place *p)
{
    enum want w = WANT_N;
    int score = name_suggests(p->name, &w);
    bool count_name = score && (w == WANT_FREE || w == WANT_TOTAL || w == WANT_OPEN || w == WANT_OCCUPIED);
    if (p->used || !name_is_possible(p->name) || strstr(p->pattern, "paging") || strstr(p->pattern, "/page"))
        return NULL;
    if (p->times && p->times * 2 >= p->n)
        return "time";
    if (p->counts * 2 < p->n || !p->counts)
        return NULL;
    if (count_name)
        return "count";
    return score || view_is(p->name, "") ? NULL : "count";
}

static void write_one(const struct place *p, const char *what, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_str(w, "at", p->pattern);
    jw_str(w, "looks_like", what);
    jw_array(w, "values");
    for (size_t i = 0; i < p->n_values; i++) {
        char scratch[32];
        struct view v = part_text(p->values[i], scratch);
        if (v.n > VALUE_BYTES)
            v.n = VALUE_BYTES;
        if (p->values[i]->kind == PART_NUMBER)
            jw_raw(w, NULL, v);
        else
            jw_view(w, NULL, v);
    }
    jw_end_array(w);
    jw_int(w, "in", (int64_t)p->n);
    jw_end_object(w);
}

void propose_write_unused(struct tree *t, bool (*used)(const void *ctx, const struct part *p),
                          const void *ctx, struct json_writer *w)
{
    struct places ps = {.v = tree_alloc(t, MAX_PLACES * sizeof *ps.v), .used = used, .ctx = ctx};
    size_t shown = 0;
    if (ps.v && t->root)
        walk(&ps, t->root);
    jw_array(w, NULL);
    for (size_t i = 0; i < ps.n && shown < MAX_SHOWN; i++) {
        const char *what = looks_like(&ps.v[i]);
        if (what) {
            write_one(&ps.v[i], what, w);
            shown++;
        }
    }
    jw_end_array(w);
}
