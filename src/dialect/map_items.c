/* SPDX-License-Identifier: MIT
 * Where items stand: a list gives its elements, an object of objects its members, several nodes themselves.
 */
#include "dialect/map_eval.h"

struct map_frame map_root_frame(const struct message *msg)
{
    return (struct map_frame){
        .message = msg,
        .item = {.kind = FOUND_NODE, .doc = msg->doc, .node = doc_root(msg->doc)},
    };
}

struct walk {
    struct map_eval *e;
    const struct message *message;
    bool single;
    int64_t *n;
    map_item_fn *fn;
    void *ctx;
};

static int visit(const struct walk *w, const struct found *item, struct view key)
{
    struct map_frame frame = {.message = w->message, .item = *item, .key = key, .index = (*w->n)++};
    struct map_mark mark = map_eval_here(w->e);
    int err = w->fn(w->ctx, &frame);
    map_eval_back(w->e, mark);
    return err ? err : w->e->err;
}

/* An object holds items when all its members are objects; else it is an item itself. */
static bool is_set(const struct json *j)
{
    if (json_is(j, JSON_ARRAY))
        return true;
    for (const struct json *m = json_first(j); m; m = json_next(m)) {
        if (!json_is(m, JSON_OBJECT))
            return false;
    }
    return true;
}

static int visit_node(const struct walk *w, const struct found *at)
{
    const struct json *j = at->node.j;
    if (!j || w->single || !is_set(j))
        return visit(w, at, (struct view){0});
    int err = 0;
    bool keyed = json_is(j, JSON_OBJECT);
    for (const struct json *m = json_first(j); m && !err; m = json_next(m)) {
        struct found item;
        found_node(w->e, at->doc, (struct doc_node){.j = m}, &item);
        err = visit(w, &item, keyed ? json_key(m) : (struct view){0});
    }
    return err;
}

static int complain(const struct walk *w, const struct map_frame *f, const struct found *at,
                    const struct map_value *v, struct why *why)
{
    char place[160] = "";
    if (at->kind == FOUND_BAD) {
        found_place(w->e, f, at, place, sizeof place);
        return why_set(why, at->code == ERR_MISSING ? ERR_PROTOCOL : at->code, place, VIEW_FMT,
                       VIEW_ARG(at->text));
    }
    map_value_place(w->e, f, v, place, sizeof place);
    if (at->kind == FOUND_NOTHING && !at->node.j)
        return why_set(why, ERR_NOT_FOUND, place, "the items are not where the mapping looks");
    bool nested = at->kind == FOUND_TEXT && at->text.n && (at->text.p[0] == '[' || at->text.p[0] == '{');
    return why_set(why, ERR_TYPE, place, "neither a list nor an object%s",
                   nested ? " but a text with JSON in it: \"do\": \"json\" reads it" : "");
}

int map_items_of(struct map_eval *e, const struct map_frame *f, const struct map_value *v, bool single,
                 int64_t *n, map_item_fn *fn, void *ctx, struct why *why)
{
    struct walk w = {e, f->message, single, n, fn, ctx};
    struct found at = f->item;
    if (v)
        map_value_eval(e, f, v, &at);
    if (e->err)
        return why_set(why, e->err, "", "%s", err_text(e->err));
    int err = 0;
    for (size_t i = 0; at.kind == FOUND_LIST && i < at.n && !err; i++)
        err = visit(&w, &at.v[i], (struct view){0});
    if (at.kind == FOUND_LIST)
        return err;
    bool chosen =
        v && v->source == SOURCE_PATH && !v->n_ops && !v->path.singular; /* the nodes themselves are meant */
    bool scalar = at.kind == FOUND_TEXT || at.kind == FOUND_NUMBER || at.kind == FOUND_BOOL;
    if (at.kind == FOUND_NODE && !chosen)
        return visit_node(&w, &at);
    if (at.kind == FOUND_NODE || (scalar && (chosen || (v && v->n_ops))))
        return visit(&w, &at, (struct view){0});
    return complain(&w, f, &at, v, why);
}

int map_items_walk(struct map_eval *e, const struct map_message *spec, const struct message *msg,
                   map_item_fn *fn, void *ctx, struct why *why)
{
    struct map_frame root = map_root_frame(msg);
    int64_t n = 0;
    if (spec->n_items == 0) {
        found_node(e, msg->doc, doc_root(msg->doc), &root.item);
        return map_items_of(e, &root, NULL, spec->single, &n, fn, ctx, why);
    }
    size_t missing = 0;
    int err = 0;
    for (size_t i = 0; i < spec->n_items && !err; i++) {
        err = map_items_of(e, &root, spec->items[i], spec->single, &n, fn, ctx, why);
        if (err == ERR_NOT_FOUND) {
            missing++;
            err = 0;
        }
    }
    return !err && missing == spec->n_items ? ERR_NOT_FOUND : err;
}
