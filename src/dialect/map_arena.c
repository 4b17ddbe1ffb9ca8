/* SPDX-License-Identifier: MIT
 * A chain of blocks, filled from the front. The first block stays when a mark goes back behind it, so that
 * reading thousands of items takes memory from the heap once.
 */
#include "dialect/map_arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (16 * 1024)
#define ALIGNED(n) (((n) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t))

struct arena_block {
    struct arena_block *below;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

static void drop_top(struct arena *a)
{
    struct arena_block *b = a->top;
    a->top = b->below;
    a->total -= b->size;
    free(b);
}

void arena_fini(struct arena *a)
{
    while (a->top)
        drop_top(a);
}

static struct arena_block *add_block(struct arena *a, size_t n)
{
    size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
    if (size > a->max - a->total)
        return NULL;
    struct arena_block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->below = a->top;
    b->used = 0;
    b->size = size;
    a->top = b;
    a->total += size;
    return b;
}

void *arena_take(struct arena *a, size_t n)
{
    struct arena_block *b = a->top;
    if (n > a->max)
        return NULL;
    size_t need = ALIGNED(n ? n : 1);
    if ((!b || b->size - b->used < need) && !(b = add_block(a, need)))
        return NULL;
    void *p = b->bytes + b->used;
    b->used += need;
    return memset(p, 0, n);
}

struct view arena_copy(struct arena *a, struct view v)
{
    char *p = arena_take(a, v.n + 1);
    if (p && v.n)
        memcpy(p, v.p, v.n);
    return (struct view){p, p ? v.n : 0};
}

struct arena_mark arena_here(const struct arena *a)
{
    return (struct arena_mark){a->top, a->top ? a->top->used : 0};
}

void arena_back(struct arena *a, struct arena_mark m)
{
    while (a->top != m.top && (a->top->below || m.top))
        drop_top(a);
    if (a->top)
        a->top->used = a->top == m.top ? m.used : 0;
}
