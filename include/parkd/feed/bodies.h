/* SPDX-License-Identifier: MIT
 * The last raw bodies of each feed, for people: to look at what a box sends, and to try a changed mapping on
 * it.
 *
 * In memory only: a restart forgets them, and of several machines each keeps what came to it. Before a body
 * is kept, what may name a person is taken out (see feed/redact.h), and it is compressed. Bounds: `keep`
 * bodies a feed, 4 MiB of one body (the rest is cut off and noted), 2 MiB compressed (with what stands around
 * them) and 16 MiB of text a feed, 64 MiB in all; the oldest go first. A feed that sends faster than two
 * bodies a second in the long run has only some of them kept (`passed` counts the others). Large bodies are
 * cleaned and compressed in libuv's pool, four a feed at a time. Owner: feeds.
 */
#ifndef PARKD_FEED_BODIES_H
#define PARKD_FEED_BODIES_H

#include "parkd/base/json_write.h"
#include "parkd/model/body.h"

#define BODIES_MAX_RAW   (4 * 1024 * 1024)
#define BODIES_MAX_FEED  (2 * 1024 * 1024)
#define BODIES_MAX_TEXT  (16 * 1024 * 1024) /* who looks at them gets all in one answer */
#define BODIES_MAX_TOTAL (64 * 1024 * 1024)

struct bodies;
struct loop;

struct bodies *bodies_new(struct loop *loop); /* NULL: out of memory */
void bodies_free(struct bodies *b);           /* NULL is fine; a job in the pool ends by itself */
/* Keeps a cleaned copy as the newest of at most `keep` (0: none). Nothing is told when it cannot. */
void bodies_keep(struct bodies *b, const char *feed, int keep, const struct feed_body *body);
/* Forgets a feed. */
void bodies_drop(struct bodies *b, const char *feed);

/* One kept body; its views live during the call. */
struct kept_body {
    uint64_t n; /* rises by one with each body of the feed */
    struct feed_body body;
    size_t raw_size; /* as it came */
    bool cut;        /* only its beginning was kept */
    bool cleaned;    /* something was taken out */
};
/* Calls fn for each body newer than `after`, oldest first, until it returns false. ERR_NOT_FOUND: nothing was
 * ever kept of this feed; ERR_NOMEM. */
int bodies_each(const struct bodies *b, struct view feed, uint64_t after,
                bool (*fn)(void *ctx, const struct kept_body *k), void *ctx) must_check;
/* The number of the newest body, 0 none. */
uint64_t bodies_newest(const struct bodies *b, struct view feed);
/* Members "newest", "passed" and
 * "bodies":[{"n","at","kind","step","status","content_type","path","query","topic",
 * "size","cut","cleaned","error","body"|"base64"}] inside an open object. */
void bodies_write(const struct bodies *b, struct view feed, uint64_t after, struct json_writer *w);

#endif
