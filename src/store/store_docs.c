/* SPDX-License-Identifier: MIT
 * Registrations as Redis holds them: lots go to the registry, feeds and sinks are remembered here by id and
 * version, so that an older message never undoes a newer one and a reload can tell what has gone meanwhile.
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "parkd/base/json.h"
#include "parkd/base/log.h"
#include "store/store_impl.h"

#define DOC_ID_SIZE 33

struct doc {
    char key[DOC_ID_SIZE + 2]; /* noun and id */
    enum noun noun;
    uint64_t version;
    bool there, seen;
    UT_hash_handle hh;
};

struct docs {
    struct store *st;
    struct doc *all;
};

struct docs *docs_new(struct store *st)
{
    struct docs *d = calloc(1, sizeof *d);
    if (d)
        d->st = st;
    return d;
}

void docs_free(struct docs *d)
{
    struct doc *doc, *next;
    if (!d)
        return;
    HASH_ITER(hh, d->all, doc, next)
    {
        HASH_DEL(d->all, doc);
        free(doc);
    }
    free(d);
}

bool docs_split(struct view stored, uint64_t *version, struct view *json)
{
    int64_t n = 0;
    struct view rest = stored;
    struct view number = view_cut(&rest, ' ');
    if (!rest.p || view_to_int(number, 1, INT64_MAX, &n))
        return false;
    *version = (uint64_t)n;
    *json = rest;
    return true;
}

static struct doc *doc_of(struct docs *d, enum noun noun, struct view id)
{
    char key[DOC_ID_SIZE + 2] = {0};
    struct doc *doc = NULL;
    key[0] = (char)('a' + (int)noun);
    if (view_copy(id, key + 1, DOC_ID_SIZE))
        return NULL;
    HASH_FIND_STR(d->all, key, doc);
    if (doc || !(doc = calloc(1, sizeof *doc)))
        return doc;
    memcpy(doc->key, key, sizeof key);
    doc->noun = noun;
    HASH_ADD_STR(d->all, key, doc);
    if (doc->hh.tbl)
        return doc;
    free(doc);
    return NULL;
}

/* Parses a lot's registration, or takes the parsed one again when its version is known. */
static int lot_of(const struct store *st, struct view id, struct view json, uint64_t version, struct lot *out)
{
    struct json *tree = NULL;
    struct why why = {0};
    uint32_t idx = registry_find(st->reg, id);
    if (idx != REGISTRY_NONE && registry_lot(st->reg, idx)->version == version) {
        *out = registry_lot(st->reg, idx)->lot;
        return 0;
    }
    int rc = json_parse(json, &tree, &why);
    rc = rc ? rc : lot_parse(tree, out, &why);
    json_free(tree);
    if (!rc && !view_is(id, out->id))
        rc = why_set(&why, ERR_INVALID, "/id", "is not the id that it is stored under");
    if (rc)
        log_error(STORE, "lot=" VIEW_FMT " error=%s at=%s reason=\"%s\"", VIEW_ARG(id), err_name(rc), why.at,
                  why.text);
    return rc;
}

/* ERR_NOMEM; any other fault is the document's own, and told. */
static int take_lot(struct docs *d, struct view id, struct view json, uint64_t version)
{
    struct store *st = d->st;
    struct lot lot;
    uint32_t idx = registry_find(st->reg, id);
    if (!json.n) {
        if (idx == REGISTRY_NONE || registry_lot(st->reg, idx)->version > version)
            return 0;
        registry_remove(st->reg, registry_lot(st->reg, idx)->lot.id);
    } else {
        int rc = lot_of(st, id, json, version, &lot);
        if (rc)
            return rc == ERR_NOMEM ? rc : 0;
        rc = registry_put(st->reg, &lot, json, version, &idx);
        if (rc) {
            log_error(STORE, "lot=%s feed=%s foreign_id=%s error=%s", lot.id, lot.feed, lot.foreign_id,
                      err_name(rc));
            return rc == ERR_NOMEM ? rc : 0;
        }
    }
    if (st->ev.on_registration)
        st->ev.on_registration(st->ev.ctx, NOUN_LOT, id, json, version);
    return 0;
}

void docs_take(struct docs *d, enum noun noun, struct view id, struct view json, uint64_t version)
{
    struct store *st = d->st;
    struct doc *doc = noun == NOUN_LOT ? NULL : doc_of(d, noun, id);
    if (noun == NOUN_LOT ? take_lot(d, id, json, version) : !doc)
        store_unusable(st, "out of memory for a registration"); /* all are read again, when there is some */
    if (!doc)
        return;
    doc->seen = true;
    if (version <= doc->version)
        return;
    doc->version = version;
    doc->there = json.n > 0;
    if (st->ev.on_registration)
        st->ev.on_registration(st->ev.ctx, noun, id, json, version);
}

void docs_reload_begin(struct docs *d)
{
    for (struct doc *doc = d->all; doc; doc = doc->hh.next)
        doc->seen = false;
}

void docs_reload_end(struct docs *d)
{
    struct store *st = d->st;
    for (struct doc *doc = d->all; doc; doc = doc->hh.next) {
        if (doc->seen || !doc->there)
            continue;
        doc->there = false;
        if (st->ev.on_registration)
            st->ev.on_registration(st->ev.ctx, doc->noun, view_of(doc->key + 1), (struct view){NULL, 0},
                                   doc->version);
    }
}

const char *docs_next_sink(const struct docs *d, const char *after)
{
    bool found = !after;
    for (const struct doc *doc = d->all; doc; doc = doc->hh.next) {
        if (doc->noun != NOUN_SINK)
            continue;
        if (found && doc->there)
            return doc->key + 1;
        found = found || strcmp(doc->key + 1, after) == 0;
    }
    return NULL;
}
