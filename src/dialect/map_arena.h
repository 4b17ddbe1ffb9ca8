/* SPDX-License-Identifier: MIT
 * Memory that is given back all at once: parts of a compiled mapping, and the values of one item while it is
 * read. Pure.
 *
 * Pieces are aligned for any type and zeroed. Nothing is freed alone; going back to a mark frees what was
 * taken since.
 */
#ifndef PARKD_SRC_DIALECT_MAP_ARENA_H
#define PARKD_SRC_DIALECT_MAP_ARENA_H

#include "parkd/base/view.h"

struct arena_block;
struct arena {
    struct arena_block *top;
    size_t total, max; /* bytes in blocks, and their ceiling */
};
struct arena_mark {
    struct arena_block *top;
    size_t used;
};

void arena_init(struct arena *a, size_t max);
void arena_fini(struct arena *a);
/* NULL: out of memory, or beyond the ceiling. */
void *arena_take(struct arena *a, size_t n) must_check;
/* A copy that ends with a NUL (not counted). p NULL: as arena_take. */
struct view arena_copy(struct arena *a, struct view v) must_check;
struct arena_mark arena_here(const struct arena *a);
void arena_back(struct arena *a, struct arena_mark m);

#endif
