/* SPDX-License-Identifier: MIT
 * Where items may be: objects that stand at one place of the message, positions left out; and what stands in
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/propose_tree.h"

#define FIELD_DEPTH 4
#define OUTER       4 /* objects above the item that are looked at */

/* ---- sets */

static struct item_set *set_of(struct sets *s, const char *pattern)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->v[i].pattern, pattern) == 0)
            return &s->v[i];
    }
    if (s->n == PROPOSE_MAX_SETS || strcmp(pattern, "!") == 0)
        return NULL;
    struct item_set *set = &s->v[s->n++];
    (void)snprintf(set->pattern, sizeof set->pattern, "%s", pattern);
    return set;
}

static int set_add(struct item_set *set, const struct part *p)
{
    if (set->n == PROPOSE_MAX_ITEMS)
        return 0;
    if (set->n == set->cap) {
        size_t cap = set->cap ? 4 * set->cap : 4;
        const struct part **v = realloc(set->v, cap * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        set->v = v;
        set->cap = cap;
    }
    set->v[set->n++] = p;
    return 0;
}

/* A row of a table without a heading. */
static bool is_row(const struct tree *t, const struct part *p)
{
    return t->format == DOC_CSV && p->kind == PART_LIST && p->up;
}

static int collect(struct sets *s, const struct part *p)
{
    int err = 0;
    if (p->kind == PART_OBJECT || is_row(s->t, p)) {
        char pattern[PROPOSE_PATH_SIZE];
        tree_pattern(p, NULL, pattern);
        struct item_set *set = set_of(s, pattern);
        err = set ? set_add(set, p) : 0;
    }
    for (const struct part *m = p->first; m && !err; m = m->next)
        err = collect(s, m);
    return err;
}

/* ---- HTML: rows of tables */

static size_t count_cells(const struct part *tr)
{
    size_t n = 0;
    for (const struct part *c = tr->first; c; c = c->next)
        n += view_is(c->name, "td");
    return n;
}

#define MAX_CELLS 32

static void count_rows(const struct part *p, size_t rows[MAX_CELLS])
{
    size_t n = view_is(p->name, "tr") ? count_cells(p) : 0;
    if (n >= 2 && n < MAX_CELLS)
        rows[n]++;
    for (const struct part *m = p->first; m; m = m->next)
        count_rows(m, rows);
}

/* Rows of headings and of remarks have fewer cells than those of lots. */
static size_t usual_cells(const struct part *root)
{
    size_t rows[MAX_CELLS] = {0}, best = 0;
    count_rows(root, rows);
    for (size_t n = 2; n < MAX_CELLS; n++) {
        if (rows[n] > 0 && (!best || rows[n] >= rows[best]))
            best = n;
    }
    return best;
}

static int collect_rows(struct sets *s, const struct part *p, size_t cells)
{
    int err = 0;
    if (view_is(p->name, "tr") && count_cells(p) == cells) {
        char pattern[40];
        (void)snprintf(pattern, sizeof pattern, "//tr[count(td)=%zu]", cells);
        struct item_set *set = set_of(s, pattern);
        err = set ? set_add(set, p) : 0;
    }
    for (const struct part *m = p->first; m && !err; m = m->next)
        err = collect_rows(s, m, cells);
    return err;
}

int sets_find(struct sets *s, struct tree *t)
{
    *s = (struct sets){.t = t};
    size_t cells = t->format == DOC_HTML ? usual_cells(t->root) : 0;
    if (t->format == DOC_HTML)
        return cells ? collect_rows(s, t->root, cells) : 0;
    return collect(s, t->root);
}

void sets_free(struct sets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->v[i].n_fields; k++)
            free(s->v[i].fields[k].v);
        free(s->v[i].fields);
        free(s->v[i].v);
    }
    s->n = 0;
}

/* ---- fields */

static struct field *field_add(struct item_set *set, const char *path)
{
    if (set->n_fields == PROPOSE_MAX_FIELDS)
        return NULL;
    struct field *f = &set->fields[set->n_fields];
    *f = (struct field){.v = calloc(set->n, sizeof *f->v)};
    if (!f->v)
        return NULL;
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    set->n_fields++;
    return f;
}

static struct field *field_of(struct item_set *set, const char *path)
{
    for (size_t i = 0; i < set->n_fields; i++) {
        if (!set->fields[i].root && strcmp(set->fields[i].path, path) == 0)
            return &set->fields[i];
    }
    return field_add(set, path);
}

/* "value" and the like say nothing: what it is the value of does. */
static struct view telling_name(const struct part *p)
{
    static const char *const empty[] = {"value",   ".",    "count",  "num", "number",
                                        "content", "text", "amount", NULL};
    for (int i = 0; empty[i] && p->up; i++) {
        if (view_ieq(p->name, empty[i]) && p->up->name.n && p->up->kind == PART_OBJECT)
            return p->up->name;
    }
    return p->name;
}

static void take_field(struct sets *s, struct item_set *set, size_t i, const struct part *p, bool part)
{
    char path[PROPOSE_PATH_SIZE];
    bool xml = s->t->format == DOC_XML;
    tree_pattern(p, set->v[i], path);
    if (path[0] == '!' || strstr(path, "/*"))
        return;
    struct field *f = field_of(set, xml ? path + 1 : path);
    if (!f || f->v[i])
        return;
    f->name = telling_name(p);
    f->part = part || name_is_of_part(p->name);
    f->v[i] = p;
    f->n++;
}

static void take_row(struct item_set *set, size_t i, const struct part *row)
{
    char path[24];
    size_t at = 0;
    for (const struct part *c = row->first; c; c = c->next, at++) {
        (void)snprintf(path, sizeof path, "/%zu", at);
        struct field *f = part_is_scalar(c) ? field_of(set, path) : NULL;
        if (!f)
            continue;
        f->v[i] = c;
        f->n++;
    }
}

static void walk(struct sets *s, struct item_set *set, size_t i, const struct part *p, int depth, bool part)
{
    for (const struct part *m = p->first; m; m = m->next) {
        bool inner = part || name_is_of_part(m->name);
        if (part_is_scalar(m) || m->kind == PART_NOTHING)
            take_field(s, set, i, m, inner);
        else if (m->kind == PART_OBJECT && depth < FIELD_DEPTH)
            walk(s, set, i, m, depth + 1, inner);
    }
}

/* ---- outside of the item */

static bool holds(const struct part *outer, const struct part *item)
{
    while (item && item != outer)
        item = item->up;
    return item != NULL;
}

static void take_outer(struct item_set *set, const struct part *p)
{
    char path[PROPOSE_PATH_SIZE];
    tree_pattern(p, NULL, path);
    if (path[0] == '!' || strstr(path, "/*") || strstr(path, "/#"))
        return;
    struct field *f = field_add(set, path);
    if (!f)
        return;
    f->root = true;
    f->name = telling_name(p);
    f->n = set->n;
    for (size_t i = 0; i < set->n; i++)
        f->v[i] = p;
}

/* Another item beside this one? */
static bool is_like(const struct part *p, const struct part *item)
{
    return p->up == item->up && view_eq(p->name, item->name);
}

static void walk_outer(struct item_set *set, const struct part *outer, int depth)
{
    for (const struct part *m = outer->first; m; m = m->next) {
        if (part_is_scalar(m))
            take_outer(set, m);
        else if (m->kind == PART_OBJECT && depth < 1 && !holds(m, set->v[0]) && !is_like(m, set->v[0]))
            walk_outer(set, m, depth + 1);
    }
}

static void take_all_outer(struct item_set *set)
{
    int n = 0;
    for (const struct part *up = set->v[0]->up; up && n < OUTER; up = up->up) {
        if (up->kind == PART_OBJECT && !up->keyed) {
            walk_outer(set, up, 0);
            n++;
        }
    }
}

/* An object's members by name: the name is a field too. */
static void take_key(struct sets *s, struct item_set *set)
{
    struct field *f = set->v[0]->up && set->v[0]->up->keyed ? field_add(set, "") : NULL;
    for (size_t i = 0; f && i < set->n; i++) {
        struct part *p = tree_alloc(s->t, sizeof *p);
        if (!p)
            return;
        *p = (struct part){.kind = PART_TEXT, .text = set->v[i]->name};
        f->key = true;
        f->name = VIEW("id");
        f->v[i] = p;
        f->n++;
    }
}

/* ---- HTML */

static const struct part *cell_at(const struct part *tr, size_t k, const char *kind)
{
    for (const struct part *c = tr->first; c; c = c->next) {
        if (view_is(c->name, kind) && k-- == 0)
            return c;
    }
    return NULL;
}

/* The heading stands in the row of <th> nearest above the first item. */
static const struct part *find_heading(const struct part *p, const struct part *before, bool *done)
{
    const struct part *found = NULL;
    for (const struct part *m = p->first; m && !*done; m = m->next) {
        if (m == before) {
            *done = true;
            return found;
        }
        if (view_is(m->name, "tr") && cell_at(m, 0, "th"))
            found = m;
        const struct part *inner = find_heading(m, before, done);
        found = inner ? inner : found;
    }
    return found;
}

/* Which number of "448 / 548" or "12 frei": 0 the first. */
static struct view number_in(struct view text, int which, bool *ratio)
{
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    size_t from = 0, to;
    *ratio = slash != NULL;
    if (which == 1)
        from = slash ? (size_t)(slash - text.p) : text.n;
    while (from < text.n && (text.p[from] < '0' || text.p[from] > '9'))
        from++;
    for (to = from; to < text.n && text.p[to] >= '0' && text.p[to] <= '9'; to++) {}
    return (struct view){text.p + from, to - from};
}

static void take_number(struct sets *s, struct item_set *set, size_t k, int which, const char *capture,
                        const char *name)
{
    char path[24];
    (void)snprintf(path, sizeof path, "td[%zu]", k + 1);
    struct field *f = field_add(set, path);
    for (size_t i = 0; f && i < set->n; i++) {
        const struct part *cell = cell_at(set->v[i], k, "td");
        bool ratio = false;
        struct view number = cell ? number_in(cell->text, which, &ratio) : (struct view){0};
        struct part *p = number.n ? tree_alloc(s->t, sizeof *p) : NULL;
        if (!p)
            continue;
        *p = (struct part){.kind = PART_TEXT, .text = number, .of = cell};
        f->v[i] = p;
        f->n++;
    }
    if (f) {
        f->capture = capture;
        f->name = view_of(name);
    }
}

/* How many cells of the column are a number, a ratio, a number among words. */
struct column {
    size_t n, plain, ratio, mixed;
};
static struct column look_at_column(const struct item_set *set, size_t k)
{
    struct column c = {0};
    for (size_t i = 0; i < set->n; i++) {
        const struct part *cell = cell_at(set->v[i], k, "td");
        bool ratio = false;
        int64_t count;
        if (!cell || !cell->text.n)
            continue;
        struct part as_text = {.kind = PART_TEXT, .text = cell->text};
        struct view number = number_in(cell->text, 0, &ratio);
        c.n++;
        c.plain += value_of(&as_text, &count) != VALUE_OTHER;
        c.ratio += number.n && ratio && number_in(cell->text, 1, &ratio).n;
        c.mixed += number.n > 0;
    }
    return c;
}

static void take_column(struct sets *s, struct item_set *set, size_t k, const struct part *heading)
{
    char path[24];
    enum want w = WANT_N;
    struct column c = look_at_column(set, k);
    const struct part *th = heading ? cell_at(heading, k, "th") : NULL;
    (void)snprintf(path, sizeof path, "td[%zu]", k + 1);
    if (c.ratio && 2 * c.ratio >= c.n) {
        take_number(s, set, k, 0, "(\\d+)\\s*/", "free");
        take_number(s, set, k, 1, "/\\s*(\\d+)", "total");
        return;
    }
    struct field *f = field_add(set, path);
    for (size_t i = 0; f && i < set->n; i++) {
        const struct part *cell = cell_at(set->v[i], k, "td");
        struct part *p = cell ? tree_alloc(s->t, sizeof *p) : NULL;
        if (!p)
            continue;
        *p = (struct part){.kind = PART_TEXT, .text = cell->text, .of = cell};
        f->v[i] = p;
        f->n++;
    }
    if (f)
        f->name = k == 0 && !(th && name_suggests(th->text, &w)) ? VIEW("name")
                  : th                                           ? th->text
                                                                 : (struct view){0};
    if (f && th && 2 * c.plain < c.n && c.mixed > c.plain && 2 * c.mixed >= c.n) {
        char name[64];
        (void)snprintf(f->heading, sizeof f->heading, "%.63s", (name_flatten(th->text, name), name));
        take_number(s, set, k, 0, "(\\d+)", f->heading);
    }
}

static int row_fields(struct sets *s, struct item_set *set)
{
    bool done = false;
    const struct part *heading = find_heading(s->t->root, set->v[0], &done);
    size_t most = 0;
    for (size_t i = 0; i < set->n; i++)
        most = count_cells(set->v[i]) > most ? count_cells(set->v[i]) : most;
    for (size_t k = 0; k < most && k < 32; k++)
        take_column(s, set, k, heading);
    return 0;
}

/* ---- counts with their unit: "260个" */

static struct view without_unit(const struct part *p)
{
    static const char *const units[] = {"个", "辆", "位", "台", "车位", "个车位", "泊位", "个泊位"};
    struct view text = view_trim(p->text);
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    struct view unit = view_trim((struct view){text.p + n, text.n - n});
    for (size_t i = 0; n && i < sizeof units / sizeof *units; i++) {
        if (view_is(unit, units[i]))
            return (struct view){text.p, n};
    }
    return (struct view){0};
}

/* One value with its unit is enough: the others may be words for full. */
static void take_units(struct sets *s, struct item_set *set, struct field *f)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct part *was = f->v[i];
        struct view number = was && was->kind == PART_TEXT && !f->root ? without_unit(was) : (struct view){0};
        struct part *p = number.n ? tree_alloc(s->t, sizeof *p) : NULL;
        if (!p)
            continue;
        *p = (struct part){.kind = PART_TEXT, .text = number, .of = was};
        f->v[i] = p;
        f->capture = "(\\d+)";
    }
}

int set_fields(struct sets *s, struct item_set *set)
{
    set->fields = calloc(PROPOSE_MAX_FIELDS, sizeof *set->fields);
    if (!set->fields)
        return ERR_NOMEM;
    if (s->t->format == DOC_HTML)
        return row_fields(s, set);
    take_key(s, set);
    for (size_t i = 0; i < set->n; i++) {
        if (set->v[i]->kind == PART_LIST)
            take_row(set, i, set->v[i]);
        else
            walk(s, set, i, set->v[i], 0, false);
    }
    for (size_t i = 0; i < set->n_fields; i++)
        take_units(s, set, &set->fields[i]);
    take_all_outer(set);
    return 0;
}
