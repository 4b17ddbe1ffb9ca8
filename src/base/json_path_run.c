/* SPDX-License-Identifier: MIT
 * Evaluation of a compiled path, depth first, so that nodes come in RFC 9535's order without lists in
 * between. Where a node stands is kept in frames on the stack; only a node that is a result gets a trail in
 * the arena, and trails share what they stand in.
 */
#include "base/json_path_run.h"

#include <stdlib.h>

#define BYTES_PER_STEP 64

struct frame {
    const struct json *node;
    struct frame *up;
    uint32_t index;
    const struct json_trail *kept;
};

/* One query on its way: it ends at the first hit, or puts every hit into run->nodes. */
struct walk {
    struct path_run *run;
    bool first_only;
    const struct json *found;
};

static bool stop(struct path_run *run, int rc)
{
    if (!run->rc)
        run->rc = rc;
    return false;
}

bool path_tick(struct path_run *run, size_t bytes)
{
    run->steps += 1 + bytes / BYTES_PER_STEP;
    return run->steps <= JSON_PATH_MAX_STEPS || stop(run, ERR_BUDGET);
}

static const struct json_trail *keep(struct json_nodes *nodes, struct frame *f)
{
    if (f->kept)
        return f->kept;
    const struct json_trail *up = f->up ? keep(nodes, f->up) : NULL;
    struct path_block *arena = nodes->arena;
    struct json_trail *t = f->up && !up ? NULL : path_alloc(&arena, sizeof *t);
    nodes->arena = arena;
    if (!t)
        return NULL;
    *t = (struct json_trail){.node = f->node, .up = up, .index = f->index};
    return f->kept = t;
}

static bool add_node(struct path_run *run, struct frame *at)
{
    struct json_nodes *nodes = run->nodes;
    if (nodes->n == JSON_PATH_MAX_NODES)
        return stop(run, ERR_BUDGET);
    if (nodes->n == run->room) {
        size_t room = run->room ? run->room * 2 : 16;
        const struct json_trail **v = realloc(nodes->v, room * sizeof(*v));
        if (!v)
            return stop(run, ERR_NOMEM);
        nodes->v = v;
        run->room = room;
    }
    const struct json_trail *t = keep(nodes, at);
    if (!t)
        return stop(run, ERR_NOMEM);
    nodes->v[nodes->n++] = t;
    return true;
}

static bool visit(struct walk *w, struct frame *at, const struct path_segment *seg);

/* All functions of the walk return whether it goes on. */
static bool enter(struct walk *w, struct frame *at, const struct path_segment *seg)
{
    if (seg)
        return visit(w, at, seg);
    if (!w->first_only)
        return add_node(w->run, at);
    w->found = at->node;
    return false;
}

static bool enter_child(struct walk *w, struct frame *at, const struct path_segment *seg, struct frame child)
{
    child.up = at;
    return enter(w, &child, seg->next);
}

static bool select_name(struct walk *w, struct frame *at, const struct path_segment *seg, struct view name)
{
    struct frame child = {.node = json_is(at->node, JSON_OBJECT) ? json_first(at->node) : NULL};
    for (; child.node; child.node = json_next(child.node), child.index++) {
        struct view key = json_key(child.node);
        if (!path_tick(w->run, key.n))
            return false;
        if (view_eq(key, name))
            return enter_child(w, at, seg, child);
    }
    return true;
}

bool path_length_of(struct path_run *run, const struct json *array, int64_t *n)
{
    *n = 0;
    for (const struct json *e = json_first(array); e; e = json_next(e), ++*n)
        if (!path_tick(run, 0))
            return false;
    return true;
}

static bool select_index(struct walk *w, struct frame *at, const struct path_segment *seg, int64_t index)
{
    int64_t n = 0;
    if (!json_is(at->node, JSON_ARRAY))
        return true;
    if (index < 0 && !path_length_of(w->run, at->node, &n))
        return false;
    int64_t wanted = index + n;
    struct frame child = {.node = wanted >= 0 ? json_first(at->node) : NULL};
    for (; child.node; child.node = json_next(child.node), child.index++) {
        if (!path_tick(w->run, 0))
            return false;
        if (child.index == wanted)
            return enter_child(w, at, seg, child);
    }
    return true;
}

static int64_t held_in(int64_t v, int64_t least, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

/* RFC 9535, 2.3.4.2: where a slice of n elements begins and, exclusively, ends. */
static void slice_bounds(const struct path_slice *s, int64_t n, int64_t *from, int64_t *to)
{
    bool up = s->step > 0;
    int64_t least = up ? 0 : -1, most = up ? n : n - 1;
    *from = s->has_from ? held_in(s->from < 0 ? s->from + n : s->from, least, most) : up ? 0 : n - 1;
    *to = s->has_to ? held_in(s->to < 0 ? s->to + n : s->to, least, most) : up ? n : -1;
}

/* Members have no way back, so the elements are noted first; backward slices need that. */
static const struct json **elements_of(struct path_run *run, const struct json *array, int64_t *n)
{
    if (!path_length_of(run, array, n) || *n == 0)
        return NULL;
    const struct json **v = malloc((size_t)*n * sizeof(*v));
    if (!v) {
        stop(run, ERR_NOMEM);
        return NULL;
    }
    size_t i = 0;
    for (const struct json *e = json_first(array); e; e = json_next(e))
        v[i++] = e;
    return v;
}

static bool select_slice(struct walk *w, struct frame *at, const struct path_segment *seg,
                         const struct path_slice *s)
{
    int64_t n = 0, from = 0, to = 0;
    if (!json_is(at->node, JSON_ARRAY) || s->step == 0)
        return true;
    const struct json **v = elements_of(w->run, at->node, &n);
    if (!v)
        return !w->run->rc;
    slice_bounds(s, n, &from, &to);
    bool go_on = true;
    for (int64_t i = from; go_on && (s->step > 0 ? i < to : i > to); i += s->step)
        go_on = path_tick(w->run, 0) &&
                enter_child(w, at, seg, (struct frame){.node = v[i], .index = (uint32_t)i});
    free(v);
    return go_on;
}

/* Every child, or those that the filter lets through. */
static bool select_children(struct walk *w, struct frame *at, const struct path_segment *seg,
                            const struct path_condition *filter)
{
    struct frame child = {.node = json_first(at->node)};
    for (; child.node; child.node = json_next(child.node), child.index++) {
        if (!path_tick(w->run, 0))
            return false;
        bool wanted = !filter || path_holds(w->run, filter, child.node);
        if (w->run->rc || (wanted && !enter_child(w, at, seg, child)))
            return false;
    }
    return true;
}

static bool select_one(struct walk *w, struct frame *at, const struct path_segment *seg,
                       const struct path_selector *s)
{
    switch (s->kind) {
    case SELECT_NAME:
        return select_name(w, at, seg, s->name);
    case SELECT_TOKEN:
        if (json_is(at->node, JSON_OBJECT))
            return select_name(w, at, seg, s->name);
        return s->index < 0 || select_index(w, at, seg, s->index);
    case SELECT_INDEX:
        return select_index(w, at, seg, s->index);
    case SELECT_SLICE:
        return select_slice(w, at, seg, &s->slice);
    case SELECT_ALL:
        return select_children(w, at, seg, NULL);
    case SELECT_FILTER:
        return select_children(w, at, seg, s->filter);
    }
    return true;
}

static bool visit(struct walk *w, struct frame *at, const struct path_segment *seg)
{
    for (const struct path_selector *s = seg->first; s; s = s->next)
        if (!select_one(w, at, seg, s))
            return false;
    struct frame child = {.node = seg->descend ? json_first(at->node) : NULL, .up = at};
    for (; child.node; child.node = json_next(child.node), child.index++) {
        child.kept = NULL;
        if (!path_tick(w->run, 0) || !visit(w, &child, seg))
            return false;
    }
    return true;
}

const struct json *path_first_of(struct path_run *run, const struct path_query *q, const struct json *here)
{
    struct walk w = {.run = run, .first_only = true};
    struct frame start = {.node = q->from_root ? run->root : here};
    if (start.node)
        (void)enter(&w, &start, q->first);
    return w.found;
}

const struct json *json_path_one(const struct json_path *p, const struct json *root, const struct json *from)
{
    struct path_run run = {.root = root};
    return path_first_of(&run, &p->query, from);
}

int json_path_all(const struct json_path *p, const struct json *root, const struct json *from,
                  struct json_nodes *out)
{
    *out = (struct json_nodes){0};
    struct path_run run = {.root = root, .nodes = out};
    struct walk w = {.run = &run};
    struct frame start = {.node = p->query.from_root ? root : from};
    if (start.node)
        (void)enter(&w, &start, p->query.first);
    return run.rc;
}
