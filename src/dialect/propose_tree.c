/* SPDX-License-Identifier: MIT
 * Messages as one kind of tree.
 */
#include "dialect/propose_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 65536
#define DEPTH 40

struct tree_block {
    struct tree_block *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

void *tree_alloc(struct tree *t, size_t n)
{
    struct tree_block *b = t->blocks;
    n = (n + 15) & ~(size_t)15;
    if (!b || b->size - b->used < n) {
        size_t size = n > BLOCK ? n : BLOCK;
        b = calloc(1, sizeof *b + size);
        if (!b)
            return NULL;
        b->size = size;
        b->next = t->blocks;
        t->blocks = b;
    }
    void *p = b->bytes + b->used;
    b->used += n;
    return p;
}

void tree_free(struct tree *t)
{
    while (t->blocks) {
        struct tree_block *next = t->blocks->next;
        free(t->blocks);
        t->blocks = next;
    }
    while (t->n_embedded)
        doc_free(t->embedded[--t->n_embedded]);
    t->root = NULL;
}

/* NULL: the message is too large, or no memory. */
static struct part *add(struct tree *t, struct part *up, struct view name, enum part_kind kind)
{
    struct part *p = t->n_nodes < PROPOSE_MAX_NODES ? tree_alloc(t, sizeof *p) : NULL;
    if (!p)
        return NULL;
    t->n_nodes++;
    p->name = name;
    p->kind = kind;
    p->up = up;
    if (!up)
        return p;
    if (up->last)
        up->last->next = p;
    else
        up->first = p;
    up->last = p;
    up->n++;
    return p;
}

/* ---- JSON */

static struct part *take_json(struct tree *t, struct part *up, const struct json *j, int depth);

/* JSON in a text. */
static void take_embedded(struct tree *t, struct part *p, int depth)
{
    struct view text = view_trim(p->text);
    struct doc *d = NULL;
    struct why ignored;
    if (text.n < 2 || (text.p[0] != '{' && text.p[0] != '[') || t->n_embedded == 16 ||
        doc_read_json(text, &d, &ignored))
        return;
    t->embedded[t->n_embedded++] = d;
    struct part *inner = take_json(t, p, doc_root(d).j, depth + 1);
    if (inner)
        inner->embedded = true;
}

/* {"type":"Number","value":12}: a value with its wrapping, no item. */
static bool is_wrapped(const struct part *p)
{
    for (const struct part *m = p->first; m; m = m->next) {
        if (view_is(m->name, "value"))
            return true;
    }
    return false;
}

/* Members that are all objects of one kind are items by name. */
static bool is_keyed(const struct part *p)
{
    if (p->kind != PART_OBJECT || p->n < 2 || is_wrapped(p->first))
        return false;
    for (const struct part *m = p->first; m; m = m->next) {
        if (m->kind != PART_OBJECT || m->n == 0 || m->n != p->first->n ||
            !view_eq(m->first->name, p->first->first->name))
            return false;
    }
    return true;
}

static struct part *take_json(struct tree *t, struct part *up, const struct json *j, int depth)
{
    static const enum part_kind kinds[] = {
        [JSON_NULL] = PART_NOTHING, [JSON_BOOL] = PART_BOOL,  [JSON_NUMBER] = PART_NUMBER,
        [JSON_STRING] = PART_TEXT,  [JSON_ARRAY] = PART_LIST, [JSON_OBJECT] = PART_OBJECT};
    struct part *p = depth < DEPTH ? add(t, up, json_key(j), kinds[json_kind(j)]) : NULL;
    if (!p)
        return NULL;
    p->origin = j;
    p->text = json_text(j);
    p->number = p->kind == PART_BOOL ? json_true(j) : json_number(j);
    for (const struct json *m = json_first(j); m; m = json_next(m))
        (void)take_json(t, p, m, depth + 1);
    p->keyed = is_keyed(p);
    if (p->kind == PART_TEXT && t->format == DOC_JSON)
        take_embedded(t, p, depth);
    return p;
}

/* ---- XML */

struct xml_paths {
    struct doc_path *children, *attributes, *name;
};

static struct view xml_name(const struct xml_paths *x, struct doc *d, struct doc_node n)
{
    struct doc_result r = {0};
    struct why ignored;
    return doc_path_first(x->name, d, n, &r, &ignored) == 0 && r.kind == DOC_TEXT_RESULT ? r.text
                                                                                         : (struct view){0};
}

static void take_attributes(struct tree *t, const struct xml_paths *x, struct doc *d, struct doc_node n,
                            struct part *up)
{
    struct doc_result r = {0};
    struct why ignored;
    if (doc_path_eval(x->attributes, d, n, &r, &ignored) || r.kind != DOC_NODES)
        return;
    for (size_t i = 0; i < r.n; i++) {
        struct view name = xml_name(x, d, r.v[i]);
        char *at = tree_alloc(t, name.n + 1);
        if (!at)
            return;
        at[0] = '@';
        if (name.n)
            memcpy(at + 1, name.p, name.n);
        struct part *p = add(t, up, (struct view){at, name.n + 1}, PART_TEXT);
        if (!p)
            return;
        p->text = doc_node_text(d, r.v[i]);
        p->origin = r.v[i].x;
    }
}

static void take_xml(struct tree *t, const struct xml_paths *x, struct doc *d, struct doc_node n,
                     struct part *up, int depth)
{
    struct doc_result r = {0};
    struct why ignored;
    struct part *p = depth < DEPTH ? add(t, up, xml_name(x, d, n), PART_OBJECT) : NULL;
    if (!p)
        return;
    p->origin = n.x;
    take_attributes(t, x, d, n, p);
    if (doc_path_eval(x->children, d, n, &r, &ignored) == 0 && r.kind == DOC_NODES) {
        for (size_t i = 0; i < r.n; i++)
            take_xml(t, x, d, r.v[i], p, depth + 1);
        if (view_is(p->name, "td") || view_is(p->name, "th"))
            p->text = doc_node_text(d, n);
        return;
    }
    p->text = doc_node_text(d, n);
    if (p->n == 0)
        p->kind = PART_TEXT;
    else if (p->text.n) { /* attributes and a text of its own */
        struct part *own = add(t, p, VIEW("."), PART_TEXT);
        if (own) {
            own->text = p->text;
            own->origin = n.x;
        }
    }
}

static int make_xml(struct tree *t, struct doc *d)
{
    struct xml_paths x = {0};
    struct doc_spec spec = {.format = DOC_XML};
    struct doc_result r = {0};
    struct why ignored;
    int err = doc_path_compile(&spec, VIEW("*"), &x.children, &ignored);
    if (!err)
        err = doc_path_compile(&spec, VIEW("@*"), &x.attributes, &ignored);
    if (!err)
        err = doc_path_compile(&spec, VIEW("local-name()"), &x.name, &ignored);
    t->root = err ? NULL : add(t, NULL, (struct view){0}, PART_OBJECT);
    if (t->root && doc_path_eval(x.children, d, doc_root(d), &r, &ignored) == 0 && r.kind == DOC_NODES) {
        for (size_t i = 0; i < r.n; i++)
            take_xml(t, &x, d, r.v[i], t->root, 0);
    }
    doc_path_free(x.children);
    doc_path_free(x.attributes);
    doc_path_free(x.name);
    return t->root ? 0 : ERR_NOMEM;
}

int tree_make(struct tree *t, struct doc *d, enum doc_format format)
{
    *t = (struct tree){.format = format};
    if (format == DOC_XML || format == DOC_HTML)
        return make_xml(t, d);
    t->root = take_json(t, NULL, doc_root(d).j, 0);
    return t->root ? 0 : ERR_NOMEM;
}

/* ---- places */

static void put_step(struct buf *b, const struct part *p)
{
    if (p->embedded) {
        buf_str(b, "/#");
    } else if (p->up && (p->up->kind == PART_LIST || p->up->keyed)) {
        buf_str(b, "/*");
    } else {
        buf_char(b, '/');
        for (size_t i = 0; i < p->name.n; i++) {
            char c = p->name.p[i];
            if (c == '~' || c == '/')
                buf_str(b, c == '~' ? "~0" : "~1");
            else
                buf_char(b, c);
        }
    }
}

static void put_pattern(struct buf *b, const struct part *p, const struct part *from)
{
    if (!p || p == from || !p->up)
        return;
    put_pattern(b, p->up, from);
    put_step(b, p);
}

void tree_pattern(const struct part *p, const struct part *from, char dst[PROPOSE_PATH_SIZE])
{
    struct buf b;
    buf_init(&b, PROPOSE_PATH_SIZE);
    put_pattern(&b, p, from);
    (void)snprintf(dst, PROPOSE_PATH_SIZE, VIEW_FMT, VIEW_ARG(b.err ? VIEW("!") : buf_get(&b)));
    buf_fini(&b);
}
