/* SPDX-License-Identifier: MIT
 * The office's documents as Redis holds them.
 */
#include <stdlib.h>
#include <string.h>

#include "office/office_impl.h"
#include "parkd/base/log.h"

static void doc_free(struct doc *d)
{
    if (!d)
        return;
    json_free(d->tree);
    free(d->text);
    free(d);
}

static void drop(struct office *o, enum noun noun, struct view id)
{
    struct doc *d = NULL;
    HASH_FIND(hh, o->docs[noun], id.p, id.n, d);
    if (!d)
        return;
    HASH_DEL(o->docs[noun], d);
    doc_free(d);
}

static struct doc *doc_make(struct view id, struct view json, uint64_t version)
{
    struct why why = {0};
    struct doc *d = calloc(1, sizeof *d);
    if (!d || view_copy(id, d->id, sizeof d->id) || !(d->text = view_dup(json)) ||
        json_parse(json, &d->tree, &why)) {
        log_error(OFFICE, "document=" VIEW_FMT " cannot be taken at=%s reason=\"%s\"", VIEW_ARG(id), why.at,
                  why.text[0] ? why.text : "out of memory");
        doc_free(d);
        return NULL;
    }
    d->version = version;
    return d;
}

const struct doc *doc_take(struct office *o, enum noun noun, struct view id, struct view json,
                           uint64_t version)
{
    struct doc *d = json.n ? doc_make(id, json, version) : NULL;
    if (json.n && !d)
        return doc_find(o, noun, id); /* what cannot be read does not replace what could */
    drop(o, noun, id);
    if (!d)
        return NULL;
    HASH_ADD_STR(o->docs[noun], id, d);
    if (d->hh.tbl)
        return d;
    log_error(OFFICE, "document=%s is not held: out of memory", d->id);
    doc_free(d);
    return NULL;
}

void docs_drop(struct office *o)
{
    for (int n = 0; n < NOUN_N; n++) {
        struct doc *d, *next;
        HASH_ITER(hh, o->docs[n], d, next)
        {
            HASH_DEL(o->docs[n], d);
            doc_free(d);
        }
    }
}

const struct doc *doc_find(const struct office *o, enum noun noun, struct view id)
{
    struct doc *d = NULL;
    if (id.n)
        HASH_FIND(hh, o->docs[noun], id.p, id.n, d);
    return d;
}

static int by_id(struct doc *a, struct doc *b)
{
    return strcmp(a->id, b->id);
}

void doc_each(struct office *o, enum noun noun, void (*fn)(void *ctx, const struct doc *d), void *ctx)
{
    HASH_SORT(o->docs[noun], by_id);
    for (struct doc *d = o->docs[noun], *next; d; d = next) {
        next = d->hh.next;
        fn(ctx, d);
    }
}

size_t doc_count(const struct office *o, enum noun noun)
{
    return HASH_COUNT(o->docs[noun]);
}

const char *doc_str(const struct doc *d, const char *member)
{
    struct view v = d ? json_text(json_get(d->tree, member)) : (struct view){NULL, 0};
    return v.n ? v.p : "";
}

int64_t doc_int(const struct doc *d, const char *member, int64_t otherwise)
{
    int64_t v = 0;
    const struct json *j = d ? json_get(d->tree, member) : NULL;
    return j && json_int(j, INT64_MIN, INT64_MAX, &v) == 0 ? v : otherwise;
}

bool doc_bool(const struct doc *d, const char *member, bool otherwise)
{
    const struct json *j = d ? json_get(d->tree, member) : NULL;
    return json_is(j, JSON_BOOL) ? json_true(j) : otherwise;
}
