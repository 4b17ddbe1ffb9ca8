/* SPDX-License-Identifier: MIT
 * What compiled paths and their results are kept in, and how a result says where it stands. Blocks double up
 * to a limit: most paths are short, some results are long.
 */
#include "parkd/base/json_path.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_path_impl.h"
#include "base/utf8.h"

#define FIRST_BLOCK 512
#define BLOCK_MAX   16384
#define TRAIL_DEPTH 64 /* of what json_trail_pointer writes; deeper documents are not accepted anyway */

struct path_block {
    struct path_block *next;
    size_t used, size;
    max_align_t bytes[];
};

void *path_alloc(struct path_block **arena, size_t size)
{
    size_t whole = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct path_block *b = *arena;
    if (!b || b->size - b->used < whole) {
        size_t room = !b ? FIRST_BLOCK : b->size < BLOCK_MAX ? b->size * 2 : BLOCK_MAX;
        room = whole > room ? whole : room;
        b = calloc(1, sizeof *b + room);
        if (!b)
            return NULL;
        b->size = room;
        b->next = *arena;
        *arena = b;
    }
    void *p = (char *)b->bytes + b->used;
    b->used += whole;
    return p;
}

void path_arena_free(struct path_block *arena)
{
    while (arena) {
        struct path_block *next = arena->next;
        free(arena);
        arena = next;
    }
}

void json_path_free(struct json_path *p)
{
    if (!p)
        return;
    path_arena_free(p->arena);
    free(p);
}

bool json_path_from_root(const struct json_path *p)
{
    return p->query.from_root;
}

bool json_path_is_singular(const struct json_path *p)
{
    return p->query.singular;
}

void json_nodes_fini(struct json_nodes *nodes)
{
    free(nodes->v);
    path_arena_free(nodes->arena);
    *nodes = (struct json_nodes){0};
}

/* The pointer is put together in the caller's bytes; `n` never passes size - 1. */
struct line {
    char *dst;
    size_t n, size;
    bool full;
};

static void put(struct line *l, const char *p, size_t n)
{
    size_t room = l->size - 1 - l->n;
    if (l->full)
        return;
    if (n > room) {
        l->full = true;
        n = utf8_cut(p, room);
    }
    memcpy(l->dst + l->n, p, n);
    l->n += n;
}

static void put_token(struct line *l, struct view key)
{
    while (key.n) {
        size_t plain = 0;
        while (plain < key.n && key.p[plain] != '~' && key.p[plain] != '/')
            plain++;
        put(l, key.p, plain);
        if (plain == key.n)
            return;
        put(l, key.p[plain] == '~' ? "~0" : "~1", 2);
        key = (struct view){key.p + plain + 1, key.n - plain - 1};
    }
}

static void put_step(struct line *l, const struct json_trail *t)
{
    char index[16];
    put(l, "/", 1);
    if (json_is(t->up->node, JSON_OBJECT))
        put_token(l, json_key(t->node));
    else
        put(l, index, (size_t)snprintf(index, sizeof index, "%u", (unsigned)t->index));
}

void json_trail_pointer(const struct json_trail *t, const char *prefix, char *dst, size_t size)
{
    const struct json_trail *steps[TRAIL_DEPTH];
    size_t n = 0;
    if (size == 0)
        return;
    struct line l = {.dst = dst, .size = size};
    for (; t && t->up && n < TRAIL_DEPTH; t = t->up)
        steps[n++] = t;
    put(&l, prefix, strlen(prefix));
    while (n > 0)
        put_step(&l, steps[--n]);
    dst[l.n] = '\0';
}
