/* SPDX-License-Identifier: MIT
 * Registrations of feeds and sinks by (noun, id).
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include "app/directory.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
    char *id, *json;
    uint64_t version;
    UT_hash_handle hh;
};

struct directory {
    struct entry *by_noun[NOUN_N];
};

struct directory *directory_new(void)
{
    return calloc(1, sizeof(struct directory));
}

static void entry_free(struct entry *e)
{
    if (!e)
        return;
    free(e->id);
    free(e->json);
    free(e);
}

void directory_free(struct directory *d)
{
    if (!d)
        return;
    for (int n = 0; n < NOUN_N; n++) {
        struct entry *e, *next;
        HASH_ITER(hh, d->by_noun[n], e, next)
        {
            HASH_DEL(d->by_noun[n], e);
            entry_free(e);
        }
    }
    free(d);
}

static void drop(struct directory *d, enum noun noun, struct view id)
{
    struct entry *e = NULL;
    HASH_FIND(hh, d->by_noun[noun], id.p, id.n, e);
    if (!e)
        return;
    HASH_DEL(d->by_noun[noun], e);
    entry_free(e);
}

int directory_put(struct directory *d, enum noun noun, struct view id, struct view json, uint64_t version)
{
    struct entry *e = NULL;
    if (!json.n) {
        drop(d, noun, id);
        return 0;
    }
    if (!(e = calloc(1, sizeof *e)) || !(e->id = view_dup(id)) || !(e->json = view_dup(json))) {
        entry_free(e);
        return ERR_NOMEM;
    }
    e->version = version;
    drop(d, noun, id);
    HASH_ADD_KEYPTR(hh, d->by_noun[noun], e->id, id.n, e);
    if (e->hh.tbl)
        return 0;
    entry_free(e);
    return ERR_NOMEM;
}

static int by_id(struct entry *a, struct entry *b)
{
    return strcmp(a->id, b->id);
}

/* Sorting moves the head: it has to be the table's own, or what stands before the old one is lost. */
void directory_each(struct directory *d, enum noun noun, api_each_fn *fn, void *ctx)
{
    HASH_SORT(d->by_noun[noun], by_id);
    for (struct entry *e = d->by_noun[noun]; e; e = e->hh.next)
        fn(ctx, view_of(e->id), view_of(e->json), e->version);
}

size_t directory_count(const struct directory *d, enum noun noun)
{
    return HASH_COUNT(d->by_noun[noun]);
}
