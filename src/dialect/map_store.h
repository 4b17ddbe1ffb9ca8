/* SPDX-License-Identifier: MIT
 * Joined messages of one feed: read, indexed by their key, and kept as long as the mapping says. Pure.
 *
 * A message stands for a whole join (lot ""), or for one lot of a join that asks for each. What could not be
 * had is remembered as lost until the next poll, so that nobody asks twice; an older message that is still
 * there serves meanwhile.
 */
#ifndef PARKD_SRC_DIALECT_MAP_STORE_H
#define PARKD_SRC_DIALECT_MAP_STORE_H

#include "dialect/map_eval.h"

struct kept;
/* Makes the request for a joined message of e->lot. */
typedef int map_ask_fn(void *ctx, struct map_eval *e, int join);

struct map_store {
    struct kept **v;
    size_t n, cap;
    size_t bytes, max_bytes; /* of bodies that are kept */
    /* How `find` asks for what is not there: NULL, it does not. Then `asked` and e->err (ERR_BUSY) are set,
     * and the walk ends. */
    map_ask_fn *ask;
    bool (*wants)(void *ctx, const struct map_eval *e); /* is e->lot one to ask for? */
    void *ctx;
    bool asked;
    int asked_join;
    char asked_lot[FOREIGN_SIZE];
};

void map_store_init(struct map_store *s, size_t max_bytes);
void map_store_fini(struct map_store *s);
/* A poll begins: forgets what was lost, and what is kept for one poll only. */
void map_store_begin(struct map_store *s, const struct mapping *m);
/* Is there a message young enough, or was it asked for in vain already? */
bool map_store_is_fresh(const struct map_store *s, const struct mapping *m, int join, const char *lot,
                        int64_t now_ms);
/* Is there any message, however old? */
bool map_store_has(const struct map_store *s, int join, const char *lot);
/* Reads a body and indexes it. On an error the one before stays. */
int map_store_put(struct map_store *s, struct map_eval *e, int join, const char *lot,
                  const struct dialect_response *res, struct view url, struct why *why) must_check;
/* It could not be had. */
int map_store_lose(struct map_store *s, int join, const char *lot) must_check;
/* Does ctx->sides give this join as a whole? */
bool map_store_given(const struct map_eval *e, int join);
/* Reads that; an error names what is wrong with it. */
int map_store_take_given(struct map_store *s, struct map_eval *e, int join, struct why *why) must_check;
/* For map_eval: the label of the message that a document is, or stood in; NULL: none of these. */
const char *map_store_label(void *store, const struct doc *d);
/* For map_eval: finds the item of a joined message, given in ctx->sides or kept. */
int map_store_find(void *store, struct map_eval *e, int join, const struct found *key, struct map_frame *out);

#endif
