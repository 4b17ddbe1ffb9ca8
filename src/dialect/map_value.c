/* SPDX-License-Identifier: MIT
 * Evaluates values: finds what a source names, hands it to the operators, and looks at what is left.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/doc_watch.h"
#include "dialect/map_eval.h"
#include "dialect/map_template.h"

#define ARENA_MAX (64 * 1024 * 1024)
#define MAX_STEPS 20000000 /* values and elements that one evaluation may look at */

void map_eval_init(struct map_eval *e, struct mapping *m, const struct dialect_ctx *ctx)
{
    e->m = m;
    e->ctx = ctx;
    e->inbound = NULL;
    e->joined = NULL;
    e->inners = NULL;
    e->base = NULL;
    e->lot = (struct view){0};
    e->steps = 0;
    e->err = 0;
    arena_init(&e->arena, ARENA_MAX);
    map_lets_reset(e);
}

static void drop_inners(struct map_eval *e, const struct inner *down_to)
{
    while (e->inners != down_to) {
        struct inner *i = e->inners;
        e->inners = i->next;
        doc_free(i->doc);
        free(i);
    }
}

void map_eval_fini(struct map_eval *e)
{
    drop_inners(e, NULL);
    arena_fini(&e->arena);
}

struct map_mark map_eval_here(const struct map_eval *e)
{
    return (struct map_mark){arena_here(&e->arena), e->inners};
}

void map_eval_back(struct map_eval *e, struct map_mark m)
{
    drop_inners(e, m.inners);
    arena_back(&e->arena, m.arena);
}

static void bad_words(struct map_eval *e, struct found *out, int code, const char *words)
{
    struct view copy = arena_copy(&e->arena, view_of(words));
    if (!copy.p)
        e->err = ERR_NOMEM;
    found_bad(out, code, copy.p ? copy.p : "");
}

void map_inner_read(struct map_eval *e, struct found *at)
{
    struct why why = {0};
    char words[300];
    struct inner *i = malloc(sizeof *i);
    if (!i) {
        e->err = ERR_NOMEM;
        found_nothing(at);
        return;
    }
    int err = doc_read_json(at->text, &i->doc, &why);
    if (err) {
        free(i);
        (void)snprintf(words, sizeof words, "not JSON in a text: %s", why.text);
        bad_words(e, at, err, words);
        return;
    }
    i->in = at->doc;
    i->at = at->node;
    i->next = e->inners;
    e->inners = i;
    found_node(e, i->doc, doc_root(i->doc), at);
}

/* ---- paths */

static void take_result(struct map_eval *e, struct doc *d, const struct doc_result *r, struct found *out)
{
    switch (r->kind) {
    case DOC_NOTHING:
        break;
    case DOC_TEXT_RESULT:
        found_text(out, words_trim(r->text));
        break;
    case DOC_NUMBER:
        if (isfinite(r->number)) /* number() of nothing is NaN */
            found_number(out, r->number);
        break;
    case DOC_BOOL:
        found_bool(out, r->number != 0);
        break;
    case DOC_NODES:
        if (r->n == 1) {
            found_node(e, d, r->v[0], out);
        } else if (r->n > 1 && found_list(e, out, r->n)) {
            for (; out->n < r->n; out->n++)
                found_node(e, d, r->v[out->n], &out->v[out->n]);
        }
    }
}

static void find_path(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                      struct found *out)
{
    struct why why = {0};
    struct doc_result r;
    bool from_root = v->root || v->path.from_root;
    if (!f->message)
        return;
    struct doc *d = from_root ? f->message->doc : f->item.doc;
    enum found_kind item = f->item.kind;
    if (!from_root && !v->parent && (item == FOUND_TEXT || item == FOUND_NUMBER || item == FOUND_BOOL)) {
        if (v->path.whole) /* nothing is inside of a line, or of a piece of a text */
            *out = f->item;
        return;
    }
    if (!d)
        return;
    struct doc_node from = from_root ? doc_root(d) : f->item.node;
    if (v->parent && !doc_node_parent(d, from, v->parent, &from))
        return;
    if (v->path.whole) {
        found_node(e, d, from, out);
        return;
    }
    int err = v->many && !v->path.singular ? doc_path_eval(v->path.p, d, from, &r, &why)
                                           : doc_path_first(v->path.p, d, from, &r, &why);
    if (err == ERR_NOMEM)
        e->err = err;
    else if (err)
        bad_words(e, out, err, why.text);
    else
        take_result(e, d, &r, out);
}

/* ---- sources made of others */

static void find_first(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                       struct found *out)
{
    struct found bad = {0};
    for (size_t i = 0; i < v->n; i++) {
        map_value_eval(e, f, v->v[i], out);
        struct found scalar = *out;
        found_scalar(e, &scalar);
        if (scalar.kind == FOUND_BAD && bad.kind == FOUND_NOTHING)
            bad = scalar;
        bool empty = scalar.kind == FOUND_TEXT && scalar.text.n == 0;
        if (scalar.kind != FOUND_NOTHING && scalar.kind != FOUND_BAD && !empty)
            return;
    }
    *out = bad;
}

/* Adds what `f` holds to the sum; 0, ERR_MISSING (nothing in it), or another with *bad set. */
static int add_up(const struct map_eval *e, struct found *f, double *sum, struct found *bad)
{
    double n = 0;
    if (f->kind == FOUND_LIST) {
        int rc = ERR_MISSING;
        for (size_t i = 0; i < f->n; i++) {
            int err = add_up(e, &f->v[i], sum, bad);
            if (err != ERR_MISSING && (rc = err))
                return rc;
        }
        return rc;
    }
    found_scalar(e, f);
    if (f->kind == FOUND_NOTHING || found_in(f, e->m->unknown))
        return ERR_MISSING;
    *bad = *f;
    if (f->kind == FOUND_BAD)
        return f->code;
    int err = found_to_number(f, &e->m->marks, &n);
    if (err && err != ERR_MISSING)
        found_bad(bad, err, "not a number");
    *sum += n;
    return err;
}

static void find_sum(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                     struct found *out)
{
    double sum = 0;
    bool some = false;
    struct found bad;
    for (size_t i = 0; i < v->n; i++) {
        struct found part;
        map_value_eval(e, f, v->v[i], &part);
        int err = add_up(e, &part, &sum, &bad);
        if (err && err != ERR_MISSING) {
            *out = bad;
            return;
        }
        some |= !err;
        if (!out->doc && part.doc) {
            out->doc = part.doc;
            out->node = part.node;
        }
    }
    if (some)
        found_number(out, sum);
}

static double combine(enum map_source how, double a, double b)
{
    return how == SOURCE_DIFFERENCE ? a - b : how == SOURCE_PRODUCT ? a * b : a / b;
}

/* What floating point left beside a whole number. */
static double tidy(double v)
{
    double whole = round(v);
    return fabs(v - whole) < 1e-9 * fmax(1, fabs(v)) ? whole : v;
}

static void find_combined(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                          struct found *out)
{
    double all = 0;
    for (size_t i = 0; i < v->n; i++) {
        double n = 0;
        struct found part, bad;
        map_value_eval(e, f, v->v[i], &part);
        found_scalar(e, &part);
        int err = add_up(e, &part, &n, &bad);
        if (err == ERR_MISSING) {
            found_nothing(out);
            return;
        }
        if (err) {
            *out = bad;
            return;
        }
        if (i == 0)
            *out = part;
        all = i ? combine(v->source, all, n) : n;
    }
    if (isfinite(all))
        found_number(out, tidy(all));
    else
        found_bad(out, ERR_RANGE, "divided by 0");
}

static void find_list(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                      struct found *out)
{
    size_t n = 0;
    struct found *parts = arena_take(&e->arena, v->n * sizeof *parts);
    if (!parts) {
        e->err = ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        map_value_eval(e, f, v->v[i], &parts[i]);
        if (parts[i].kind == FOUND_BAD) {
            *out = parts[i];
            return;
        }
        n += parts[i].kind == FOUND_LIST ? parts[i].n : parts[i].kind != FOUND_NOTHING;
    }
    if (n == 0 || !found_list(e, out, n))
        return;
    for (size_t i = 0; i < v->n; i++) {
        if (parts[i].kind == FOUND_LIST) {
            memcpy(&out->v[out->n], parts[i].v, parts[i].n * sizeof *out->v);
            out->n += parts[i].n;
        } else if (parts[i].kind != FOUND_NOTHING) {
            out->v[out->n++] = parts[i];
        }
    }
}

static void find_if(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                    struct found *out)
{
    int holds = map_cond_eval(e, f, v->cond, out);
    if (holds >= 0)
        map_value_eval(e, f, v->v[holds ? 0 : 1], out);
}

/* ---- joins and lets */

static void take_joined(struct map_eval *e, const struct map_value *v, const struct found *key,
                        struct found *out)
{
    struct map_frame frame;
    int err = e->joined ? e->joined->find(e->joined->ctx, e, v->index, key, &frame) : ERR_MISSING;
    found_nothing(out);
    if (err == ERR_NOT_FOUND)
        return;
    if (err)
        found_bad(out, err, "the joined message is not there");
    else
        map_value_eval(e, &frame, v->v[1], out);
}

static void find_joined(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                        struct found *out)
{
    struct found on = {0};
    if (!v->v[0]) {
        take_joined(e, v, NULL, out);
        return;
    }
    map_value_eval(e, f, v->v[0], &on);
    if (on.kind == FOUND_NODE && json_is(on.node.j, JSON_ARRAY)) {
        struct found list = on;
        if (!found_list(e, &list, json_size(on.node.j)))
            return;
        for (const struct json *j = json_first(on.node.j); j; j = json_next(j))
            found_node(e, on.doc, (struct doc_node){.j = j}, &list.v[list.n++]);
        on = list;
    }
    if (on.kind != FOUND_LIST) {
        found_scalar(e, &on);
        *out = on;
        if (on.kind != FOUND_NOTHING && on.kind != FOUND_BAD)
            take_joined(e, v, &on, out);
        return;
    }
    if (on.n == 0 || !found_list(e, out, on.n))
        return;
    for (size_t i = 0; i < on.n; i++) {
        struct found *place = &out->v[out->n];
        found_scalar(e, &on.v[i]);
        take_joined(e, v, &on.v[i], place);
        if (place->kind == FOUND_BAD) {
            struct found bad = *place;
            *out = bad;
            return;
        }
        out->n += place->kind != FOUND_NOTHING;
    }
}

void map_lets_reset(struct map_eval *e)
{
    memset(e->let_state, 0, sizeof e->let_state);
}

void map_let_eval(struct map_eval *e, int let, struct found *out)
{
    static const struct map_frame nowhere = {0}; /* before there is a message: paths find nothing */
    if (e->let_state[let] == LET_NEW) {
        e->let_state[let] = LET_BUSY; /* a request that a let waits for cannot name it */
        found_nothing(&e->lets[let]);
        map_value_eval(e, e->base ? e->base : &nowhere, e->m->lets[let], &e->lets[let]);
        e->let_state[let] = LET_DONE;
    }
    *out = e->lets[let];
    if (out->kind == FOUND_LIST && found_list(e, out, e->lets[let].n)) { /* operators change lists in place */
        out->n = e->lets[let].n;
        memcpy(out->v, e->lets[let].v, out->n * sizeof *out->v);
    }
}

bool map_template_eval(struct map_eval *e, const struct map_frame *f, const struct map_template *t,
                       struct found *out)
{
    struct buf b;
    struct map_fill fill = {.e = e, .frame = f, .strict = true, .out = out};
    buf_init(&b, MAP_MAX_TEXT);
    int err = map_template_fill(t, &fill, &b);
    if (!err) {
        struct view copy = arena_copy(&e->arena, buf_get(&b));
        if (copy.p)
            found_text(out, copy);
        else
            e->err = ERR_NOMEM;
    }
    buf_fini(&b);
    return !err;
}

/* ---- a value */

static void find(struct map_eval *e, const struct map_frame *f, const struct map_value *v, struct found *out)
{
    switch (v->source) {
    case SOURCE_PATH:
        find_path(e, f, v, out);
        break;
    case SOURCE_CONST:
        found_json(v->constant, out);
        break;
    case SOURCE_KEY:
        if (f->key.p)
            found_text(out, f->key);
        break;
    case SOURCE_INDEX:
        found_number(out, (double)f->index);
        break;
    case SOURCE_LET:
        map_let_eval(e, v->index, out);
        break;
    case SOURCE_FIRST:
        find_first(e, f, v, out);
        break;
    case SOURCE_IF:
        find_if(e, f, v, out);
        break;
    case SOURCE_TEMPLATE:
        (void)map_template_eval(e, f, &v->text, out);
        break;
    case SOURCE_SUM:
        find_sum(e, f, v, out);
        break;
    case SOURCE_LIST:
        find_list(e, f, v, out);
        break;
    case SOURCE_JOIN:
        find_joined(e, f, v, out);
        break;
    case SOURCE_REQUEST:
        map_request_eval(e, f, v, out);
        break;
    default:
        find_combined(e, f, v, out);
    }
}

void map_value_eval(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                    struct found *out)
{
    found_nothing(out);
    if (!v || e->err)
        return;
    if (++e->steps > MAX_STEPS || doc_watch_is_over()) {
        e->err = ERR_BUDGET;
        return;
    }
    find(e, f, v, out);
    if (v->n_ops)
        map_ops_eval(e, v, out);
    if (out->kind == FOUND_NOTHING && v->fallback)
        found_json(v->fallback, out);
    if (!v->required || (out->kind != FOUND_NOTHING && out->kind != FOUND_BAD))
        return;
    if (out->kind == FOUND_NOTHING)
        found_bad(out, ERR_MISSING, "needed, and not there");
    out->lost = true;
}

void map_value_scalar(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                      struct found *out)
{
    map_value_eval(e, f, v, out);
    found_scalar(e, out);
}

/* The path whose place tells a person most: that of the value itself, or of its first part. */
static const struct map_value *with_path(const struct map_value *v)
{
    while (v && v->source != SOURCE_PATH) {
        if (v->source == SOURCE_JOIN || v->n == 0)
            return NULL;
        v = v->v[0];
    }
    return v;
}

void map_value_place(struct map_eval *e, const struct map_frame *f, const struct map_value *v, char *dst,
                     size_t size)
{
    struct found at = f->item;
    const struct map_value *p = with_path(v);
    if (p && f->message && (p->root || p->path.from_root)) {
        at.doc = f->message->doc;
        at.node = doc_root(at.doc);
    } else if (p && p->parent && at.doc) {
        (void)doc_node_parent(at.doc, at.node, p->parent, &at.node);
    }
    found_place(e, f, &at, dst, size);
    if (p && p->path.pointer) {
        char whole[320];
        (void)snprintf(whole, sizeof whole, "%s" VIEW_FMT, dst, VIEW_ARG(p->path.text));
        doc_put_place(view_of(whole), dst, size);
    }
}
