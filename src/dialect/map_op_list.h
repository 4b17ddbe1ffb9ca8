/* SPDX-License-Identifier: MIT
 * Operators on lists. Pure.
 */
#ifndef PARKD_SRC_DIALECT_MAP_OP_LIST_H
#define PARKD_SRC_DIALECT_MAP_OP_LIST_H

#include "dialect/map_eval.h"

typedef void map_one_fn(struct map_eval *e, const struct map_op *op, struct found *f);

/* A JSON array becomes a list of its elements; everything else stays. False: e->err is set. */
bool map_list_of_array(struct map_eval *e, struct found *f);
/* Every element through `fn`; what is nothing then falls out, lists become part of the list, one bad makes
 * all bad. */
void map_list_each(struct map_eval *e, const struct map_op *op, struct found *f, map_one_fn *fn);
/* count sum min max last unique join; a value that is no list is one of one. */
void map_list_op(struct map_eval *e, const struct map_op *op, struct found *f);

#endif
