/* SPDX-License-Identifier: MIT
 * A short list of messages, each with a table from key to item.
 */
#include "dialect/map_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/map_read.h"
#include "dialect/map_template.h"

struct entry {
    struct view key;
    struct map_frame frame;
};
struct kept {
    int join;
    char lot[FOREIGN_SIZE];
    bool tried, side; /* in this poll; given by a trial */
    int64_t read_ms;
    size_t bytes;
    struct message message; /* doc NULL: lost */
    struct map_eval eval;   /* inner documents and keys live in it */
    struct entry *entries;
    size_t n, cap;
    uint32_t *slots; /* entry + 1; 0 free */
    size_t mask;
};

/* ---- one message */

static void kept_free(struct kept *k)
{
    if (!k)
        return;
    free(k->slots);
    free(k->entries);
    map_eval_fini(&k->eval);
    doc_free(k->message.doc);
    free(k);
}

struct indexing {
    struct kept *k;
    const struct map_join *join;
};

static int add_entry(void *ctx, const struct map_frame *f)
{
    char digits[40];
    const struct indexing *ix = ctx;
    struct kept *k = ix->k;
    struct found key = {0};
    struct view words = {0};
    if (ix->join->key) {
        map_value_scalar(&k->eval, f, ix->join->key, &key);
        words = view_trim(found_words(&key, digits, sizeof digits));
        if (!words.n) /* an item that cannot be named is not looked for */
            return 0;
    }
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 16;
        struct entry *v = realloc(k->entries, cap * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        k->entries = v;
        k->cap = cap;
    }
    struct entry *e = &k->entries[k->n];
    e->frame = *f;
    e->key.n = words.n;
    e->key.p = words.n ? view_dup(words) : NULL; /* moved into the arena when the walk is over */
    if (words.n && !e->key.p)
        return ERR_NOMEM;
    k->n++;
    return 0;
}

/* Keys come from a walk that gives its memory back item by item. */
static int keep_keys(struct kept *k)
{
    int err = 0;
    for (size_t i = 0; i < k->n; i++) {
        char *key = (char *)(uintptr_t)k->entries[i].key.p;
        if (!key)
            continue;
        k->entries[i].key = arena_copy(&k->eval.arena, k->entries[i].key);
        if (!k->entries[i].key.p)
            err = ERR_NOMEM;
        free(key);
    }
    return err;
}

/* The first item of a key counts. */
static int make_table(struct kept *k)
{
    k->mask = 15;
    while (k->mask < 2 * k->n)
        k->mask = k->mask * 2 + 1;
    k->slots = calloc(k->mask + 1, sizeof *k->slots);
    if (!k->slots)
        return ERR_NOMEM;
    for (size_t i = 0; i < k->n; i++) {
        size_t at = (size_t)view_hash(k->entries[i].key) & k->mask;
        while (k->slots[at] && !view_eq(k->entries[k->slots[at] - 1].key, k->entries[i].key))
            at = (at + 1) & k->mask;
        if (!k->slots[at])
            k->slots[at] = (uint32_t)i + 1;
    }
    return 0;
}

static int index_items(struct kept *k, const struct map_join *join, struct why *why)
{
    struct indexing ix = {k, join};
    int err = map_items_walk(&k->eval, &join->message, &k->message, add_entry, &ix, why);
    int keys = keep_keys(k);
    if (!err)
        err = keys ? keys : make_table(k);
    k->eval.ctx = NULL;
    return err;
}

static const struct entry *look_up(const struct kept *k, const struct found *key)
{
    char digits[40];
    if (!key)
        return k->n ? &k->entries[0] : NULL;
    struct view words = view_trim(found_words(key, digits, sizeof digits));
    if (!words.n)
        return NULL;
    size_t at = (size_t)view_hash(words) & k->mask;
    while (k->slots[at] && !view_eq(k->entries[k->slots[at] - 1].key, words))
        at = (at + 1) & k->mask;
    return k->slots[at] ? &k->entries[k->slots[at] - 1] : NULL;
}

/* ---- all of them */

void map_store_init(struct map_store *s, size_t max_bytes)
{
    *s = (struct map_store){.max_bytes = max_bytes};
}

static void drop(struct map_store *s, size_t i)
{
    s->bytes -= s->v[i]->bytes;
    kept_free(s->v[i]);
    s->v[i] = s->v[--s->n];
}

void map_store_fini(struct map_store *s)
{
    while (s->n)
        drop(s, s->n - 1);
    free(s->v);
    s->v = NULL;
    s->cap = 0;
}

static size_t position(const struct map_store *s, int join, const char *lot)
{
    size_t i = 0;
    while (i < s->n && (s->v[i]->join != join || strcmp(s->v[i]->lot, lot) != 0))
        i++;
    return i;
}

void map_store_begin(struct map_store *s, const struct mapping *m)
{
    for (size_t i = s->n; i-- > 0;) {
        struct kept *k = s->v[i];
        k->tried = false;
        if (!k->message.doc || k->side || m->joins[k->join].every_ms == 0)
            drop(s, i);
    }
}

bool map_store_is_fresh(const struct map_store *s, const struct mapping *m, int join, const char *lot,
                        int64_t now_ms)
{
    size_t i = position(s, join, lot);
    if (i == s->n)
        return false;
    const struct kept *k = s->v[i];
    return k->tried || (k->message.doc && now_ms - k->read_ms < m->joins[join].every_ms);
}

bool map_store_has(const struct map_store *s, int join, const char *lot)
{
    size_t i = position(s, join, lot);
    return i < s->n && s->v[i]->message.doc;
}

static int add(struct map_store *s, struct kept *k)
{
    size_t i = position(s, k->join, k->lot);
    if (i < s->n)
        drop(s, i);
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 8;
        struct kept **v = realloc(s->v, cap * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        s->v = v;
        s->cap = cap;
    }
    s->v[s->n++] = k;
    s->bytes += k->bytes;
    return 0;
}

static struct kept *kept_new(struct map_eval *e, int join, const char *lot)
{
    struct kept *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    map_eval_init(&k->eval, e->m, e->ctx);
    k->join = join;
    k->tried = true;
    k->read_ms = e->ctx->now_ms;
    (void)snprintf(k->lot, sizeof k->lot, "%s", lot);
    return k;
}

static int read_into(struct map_store *s, struct kept *k, const struct map_join *join,
                     struct view content_type, struct view body, struct why *why)
{
    if (s->bytes + body.n > s->max_bytes)
        return why_set(why, ERR_TOO_BIG, "", "joined messages of more than %zu bytes", s->max_bytes);
    (void)snprintf(k->message.label, sizeof k->message.label, VIEW_FMT ":", VIEW_ARG(join->name));
    k->bytes = body.n;
    int err = map_read_message(&join->message, content_type, body, &k->message, why);
    if (!err)
        return index_items(k, join, why);
    why_under(why, "%s", k->message.label);
    return err;
}

int map_store_put(struct map_store *s, struct map_eval *e, int join, const char *lot,
                  const struct dialect_response *res, struct view url, struct why *why)
{
    struct kept *k = kept_new(e, join, lot);
    if (!k)
        return ERR_NOMEM;
    k->message.url = arena_copy(&k->eval.arena, url);
    if (e->m->wants_head)
        k->message.head = arena_copy(&k->eval.arena, res->head);
    int err = read_into(s, k, &e->m->joins[join], map_header_of(res->head, "content-type"), res->body, why);
    if (!err)
        err = add(s, k);
    if (err)
        kept_free(k);
    return err;
}

int map_store_lose(struct map_store *s, int join, const char *lot)
{
    size_t i = position(s, join, lot);
    if (i < s->n) {
        s->v[i]->tried = true;
        return 0;
    }
    struct kept *k = calloc(1, sizeof *k);
    if (!k)
        return ERR_NOMEM;
    arena_init(&k->eval.arena, 0);
    k->join = join;
    k->tried = true;
    (void)snprintf(k->lot, sizeof k->lot, "%s", lot);
    int err = add(s, k);
    if (err)
        kept_free(k);
    return err;
}

const char *map_store_label(void *store, const struct doc *d)
{
    const struct map_store *s = store;
    for (size_t i = 0; i < s->n; i++) {
        const struct inner *in = s->v[i]->eval.inners;
        while (in && in->doc != d)
            in = in->next;
        if (in || s->v[i]->message.doc == d)
            return s->v[i]->message.label;
    }
    return NULL;
}

/* ---- finding */

/* "details", or "details:P1" for one lot of a join that asks for each. */
static const struct dialect_side *side_of(const struct map_eval *e, const struct map_join *join,
                                          const char *lot)
{
    char name[160];
    const struct dialect_side *any = NULL;
    (void)snprintf(name, sizeof name, VIEW_FMT ":%s", VIEW_ARG(join->name), lot);
    for (size_t i = 0; i < e->ctx->n_sides; i++) {
        if (view_is(e->ctx->sides[i].name, name))
            return &e->ctx->sides[i];
        if (view_eq(e->ctx->sides[i].name, join->name))
            any = &e->ctx->sides[i];
    }
    return any;
}

bool map_store_given(const struct map_eval *e, int join)
{
    return side_of(e, &e->m->joins[join], "") != NULL;
}

static int take_side(struct map_store *s, struct map_eval *e, int join, const char *lot, struct why *why)
{
    const struct dialect_side *side = side_of(e, &e->m->joins[join], lot);
    if (!side)
        return ERR_MISSING;
    struct dialect_response res = {200, {0}, side->body};
    int err = map_store_put(s, e, join, lot, &res, (struct view){0}, why);
    if (err)
        return err;
    s->v[position(s, join, lot)]->side = true;
    return 0;
}

int map_store_take_given(struct map_store *s, struct map_eval *e, int join, struct why *why)
{
    return take_side(s, e, join, "", why);
}

static int ask(struct map_store *s, struct map_eval *e, int join, const char *lot)
{
    int err = s->ask(s->ctx, e, join);
    if (err)
        return err;
    s->asked = true;
    s->asked_join = join;
    (void)snprintf(s->asked_lot, sizeof s->asked_lot, "%s", lot);
    e->err = ERR_BUSY;
    return ERR_MISSING;
}

int map_store_find(void *store, struct map_eval *e, int join, const struct found *key, struct map_frame *out)
{
    struct map_store *s = store;
    const struct map_join *j = &e->m->joins[join];
    char lot[FOREIGN_SIZE] = "";
    if (j->each && view_copy(e->lot, lot, sizeof lot))
        return ERR_MISSING;
    if (j->each && !lot[0])
        return ERR_NOT_FOUND; /* before it is known which lot it is */
    struct why ignored;
    size_t i = position(s, join, lot);
    if (i == s->n && take_side(s, e, join, lot, &ignored) == 0)
        i = position(s, join, lot);
    bool wanted = j->each && s->wants && s->wants(s->ctx, e);
    if (wanted && s->ask && !map_store_is_fresh(s, e->m, join, lot, e->ctx->now_ms))
        return ask(s, e, join, lot);
    if (i == s->n || !s->v[i]->message.doc)
        return j->each && s->wants && !wanted ? ERR_NOT_FOUND : ERR_MISSING;
    const struct entry *hit = look_up(s->v[i], key);
    if (!hit)
        return ERR_NOT_FOUND;
    *out = hit->frame;
    out->message = &s->v[i]->message;
    return 0;
}
