/* SPDX-License-Identifier: MIT
 * Requests of a poll, from the templates of a mapping. Pure.
 */
#ifndef PARKD_SRC_DIALECT_MAP_REQUEST_H
#define PARKD_SRC_DIALECT_MAP_REQUEST_H

#include "dialect/map_template.h"

/* The lots of a feed as the vendor calls them, copied when a poll begins. */
struct map_ids {
    char (*v)[FOREIGN_SIZE];
    size_t n;
};
/* From ctx->lots, else ctx->known. ERR_NOMEM. */
int map_ids_collect(const struct dialect_ctx *ctx, struct map_ids *out) must_check;
void map_ids_fini(struct map_ids *ids);
bool map_ids_have(const struct map_ids *ids, struct view lot);

/* What is asked for now. */
struct map_turn {
    const struct map_ids *ids;
    size_t first_id, n_ids; /* the ids of this chunk */
    struct view page;
    struct view url; /* instead of the feed's: the next page by its link */
};
/* Does the feed's own request name this hole? `url` is the feed's. */
bool map_asks_with(const struct mapping *m, struct view url, enum map_hole hole);
/* Errors point into the params ("/headers"), or to "/url". */
int map_request_main(struct map_eval *e, const struct map_turn *turn, struct dialect_request *out,
                     struct why *why) must_check;
/* For e->lot, if it asks for each. The feed's headers go along to the feed's own host, where the join names
 * none. */
int map_request_join(struct map_eval *e, const struct map_ids *ids, int join, struct dialect_request *out,
                     struct why *why) must_check;

#endif
