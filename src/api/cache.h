/* SPDX-License-Identifier: MIT
 * Rendered answers, kept as long as they are true, compressed once, with strong ETags. Pure.
 *
 * An entry is true while nothing visible changed (generation), none of its numbers ran out (until_ms), and,
 * when only confirmations moved or the body is large, for at most a second; for a minute in any case, because
 * of the ages in it. Entries are counted: find and store hand out a reference, which cache_release gives
 * back, so a body can be sent while the cache already holds a newer one. Time is the wall clock's; a step in
 * either direction only costs a rendering.
 */
#ifndef PARKD_SRC_API_CACHE_H
#define PARKD_SRC_API_CACHE_H

#include "parkd/base/buf.h"

#define CACHE_CALM_MS 1000
#define CACHE_LONG_MS 60000
#define CACHE_LARGE   ((size_t)256 * 1024)
#define CACHE_ETAG    24

struct cache;
struct cache_stamp {
    uint64_t generation, confirmed;
    int64_t now_ms;
};
struct cache_entry;
struct cache_form {
    struct view body;
    const char *etag; /* with its quotes */
};

struct cache *cache_new(size_t max_entries, size_t max_bytes);
void cache_free(struct cache *c); /* references that are out stay good */
/* NULL: nothing true is held under that key. */
struct cache_entry *cache_find(struct cache *c, struct view key, const struct cache_stamp *now);
/* Takes the body's bytes (also on failure). `note` goes along, e.g. a Link header; NULL none. NULL: no
 * memory, or the body failed. */
struct cache_entry *cache_store(struct cache *c, struct view key, const struct cache_stamp *now,
                                struct buf *body, int64_t until_ms, const char *note) must_check;
/* An entry that no cache holds: static files, answers to one. */
struct cache_entry *cache_entry_make(struct buf *body, const char *note) must_check;
struct cache_entry *cache_ref(struct cache_entry *e); /* one more reference; NULL stays NULL */
void cache_release(void *entry);

/* The form for a client; gzip is made at the first asking and left out where it gains nothing. `gzip` tells
 * what came. */
struct cache_form cache_form(struct cache_entry *e, bool accepts_gzip, bool *gzip);
const char *cache_note(const struct cache_entry *e);
/* How long it is true at most, from when it was made. */
int64_t cache_span_ms(const struct cache_entry *e);
int64_t cache_age_ms(const struct cache_entry *e, int64_t now_ms);

/* Does an Accept-Encoding header allow gzip? */
bool cache_accepts_gzip(struct view accept_encoding);
/* Does If-None-Match name this ETag (or is it "*")? */
bool cache_etag_matches(struct view if_none_match, const char *etag);

#endif
