/* SPDX-License-Identifier: MIT
 * Rendered answers. ETags are the hash of the bytes: equal bytes have equal tags on every instance and after
 * a restart.
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>
#include <zlib.h>

#include "api/cache.h"

#define GZIP_LEAST 512 /* below that a packet is a packet */
#define GZIP_LEVEL 5   /* large bodies take 1: the loop waits meanwhile */

struct cache_entry {
    int refs;
    char *key, *note, *body, *zipped;
    size_t key_n, n, zipped_n;
    bool tried_gzip;
    char etag[CACHE_ETAG], zipped_etag[CACHE_ETAG];
    struct cache_stamp made;
    int64_t until_ms;
    UT_hash_handle hh;
};

struct cache {
    struct cache_entry *by_key; /* in order of storing: the oldest is dropped first */
    size_t max_entries, max_bytes, bytes;
};

struct cache *cache_new(size_t max_entries, size_t max_bytes)
{
    struct cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->max_entries = max_entries;
    c->max_bytes = max_bytes;
    return c;
}

struct cache_entry *cache_ref(struct cache_entry *e)
{
    if (e)
        e->refs++;
    return e;
}

void cache_release(void *entry)
{
    struct cache_entry *e = entry;
    if (!e || --e->refs > 0)
        return;
    free(e->key);
    free(e->note);
    free(e->body);
    free(e->zipped);
    free(e);
}

static void drop(struct cache *c, struct cache_entry *e)
{
    HASH_DEL(c->by_key, e);
    c->bytes -= e->n;
    cache_release(e);
}

void cache_free(struct cache *c)
{
    while (c && c->by_key)
        drop(c, c->by_key);
    free(c);
}

static int64_t apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

static bool is_true(const struct cache_entry *e, const struct cache_stamp *now)
{
    int64_t age = apart(now->now_ms, e->made.now_ms);
    if (now->now_ms > e->until_ms || age >= CACHE_LONG_MS)
        return false;
    if (e->made.generation != now->generation)
        return e->n > CACHE_LARGE && age < CACHE_CALM_MS;
    return e->made.confirmed == now->confirmed || age < CACHE_CALM_MS;
}

struct cache_entry *cache_find(struct cache *c, struct view key, const struct cache_stamp *now)
{
    struct cache_entry *e = NULL;
    HASH_FIND(hh, c->by_key, key.p, key.n, e);
    if (!e || !is_true(e, now))
        return NULL;
    e->refs++;
    return e;
}

struct cache_entry *cache_entry_make(struct buf *body, const char *note)
{
    struct cache_entry *e = calloc(1, sizeof *e);
    uint64_t hash;
    if (!e)
        goto fail;
    e->refs = 1;
    e->until_ms = INT64_MAX;
    if (!(e->body = buf_take(body, &e->n)) || (note && !(e->note = view_dup(view_of(note)))))
        goto fail;
    hash = view_hash((struct view){e->body, e->n});
    (void)snprintf(e->etag, sizeof e->etag, "\"%016" PRIx64 "\"", hash);
    (void)snprintf(e->zipped_etag, sizeof e->zipped_etag, "\"%016" PRIx64 "-gz\"", hash);
    return e;
fail:
    buf_fini(body);
    cache_release(e);
    return NULL;
}

static void hold(struct cache *c, struct cache_entry *e)
{
    struct cache_entry *old = NULL;
    HASH_FIND(hh, c->by_key, e->key, e->key_n, old);
    if (old)
        drop(c, old);
    while (c->by_key && (HASH_COUNT(c->by_key) >= c->max_entries || c->bytes + e->n > c->max_bytes))
        drop(c, c->by_key);
    if (e->n > c->max_bytes)
        return;
    HASH_ADD_KEYPTR(hh, c->by_key, e->key, e->key_n, e);
    if (!e->hh.tbl)
        return; /* it is given, and not kept */
    c->bytes += e->n;
    e->refs++;
}

struct cache_entry *cache_store(struct cache *c, struct view key, const struct cache_stamp *now,
                                struct buf *body, int64_t until_ms, const char *note)
{
    struct cache_entry *e = cache_entry_make(body, note);
    if (!e || !(e->key = view_dup(key))) {
        cache_release(e);
        return NULL;
    }
    e->key_n = key.n;
    e->made = *now;
    e->until_ms = until_ms;
    hold(c, e);
    return e;
}

/* The whole body at once; NULL when it gains nothing. */
static char *zip(const char *body, size_t n, size_t *zipped_n)
{
    z_stream z = {0};
    char *out = malloc(n);
    if (!out || deflateInit2(&z, n > CACHE_LARGE ? 1 : GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8,
                             Z_DEFAULT_STRATEGY) != Z_OK) {
        free(out);
        return NULL;
    }
    z.next_in = (Bytef *)(uintptr_t)body; /* zlib only reads it, but its type is not const */
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)n;
    int rc = deflate(&z, Z_FINISH);
    *zipped_n = n - z.avail_out;
    deflateEnd(&z);
    if (rc == Z_STREAM_END)
        return out;
    free(out);
    return NULL;
}

struct cache_form cache_form(struct cache_entry *e, bool accepts_gzip, bool *gzip)
{
    if (accepts_gzip && !e->tried_gzip && e->n >= GZIP_LEAST && e->n < UINT32_MAX)
        e->zipped = zip(e->body, e->n, &e->zipped_n);
    e->tried_gzip |= accepts_gzip;
    *gzip = accepts_gzip && e->zipped;
    if (*gzip)
        return (struct cache_form){{e->zipped, e->zipped_n}, e->zipped_etag};
    return (struct cache_form){{e->body, e->n}, e->etag};
}

const char *cache_note(const struct cache_entry *e)
{
    return e->note;
}

int64_t cache_span_ms(const struct cache_entry *e)
{
    return e->until_ms == INT64_MAX       ? INT64_MAX
           : e->until_ms > e->made.now_ms ? e->until_ms - e->made.now_ms
                                          : 0;
}

int64_t cache_age_ms(const struct cache_entry *e, int64_t now_ms)
{
    /* What was made at no time, like the page's style, has no age. */
    return e->made.now_ms && now_ms > e->made.now_ms ? now_ms - e->made.now_ms : 0;
}

static bool quality_is_zero(struct view params)
{
    double q = 1;
    while (params.p) {
        struct view p = view_trim(view_cut(&params, ';'));
        if (view_starts(p, "q=") && view_to_real((struct view){p.p + 2, p.n - 2}, &q))
            return true;
    }
    return q <= 0;
}

bool cache_accepts_gzip(struct view accept_encoding)
{
    bool star = false;
    while (accept_encoding.p && accept_encoding.n) {
        struct view params = view_cut(&accept_encoding, ','), name = view_trim(view_cut(&params, ';'));
        if (view_ieq(name, "gzip") || view_ieq(name, "x-gzip"))
            return !quality_is_zero(params);
        star |= view_is(name, "*") && !quality_is_zero(params);
    }
    return star;
}

bool cache_etag_matches(struct view if_none_match, const char *etag)
{
    while (if_none_match.p && if_none_match.n) {
        struct view one = view_trim(view_cut(&if_none_match, ','));
        if (view_starts(one, "W/"))
            one = (struct view){one.p + 2, one.n - 2};
        if (view_is(one, "*") || view_is(one, etag))
            return true;
    }
    return false;
}
