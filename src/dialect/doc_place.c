/* SPDX-License-Identifier: MIT
 * Who stands in whom in a JSON tree, whose nodes do not know their parents: a table of all nodes, made when a
 * mapping first asks for a parent or a fault for its place, so that everything else goes without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/doc_tree.h"

#define NOWHERE UINT32_MAX
#define DEPTH   (JSON_MAX_DEPTH + 4) /* trees made by us are flat */

struct place {
    const struct json *node; /* NULL: free */
    uint32_t parent;         /* slot; NOWHERE: the root */
    uint32_t index;          /* among the siblings */
};
struct doc_places {
    size_t mask;
    struct place slots[];
};

static uint32_t slot_of(const struct doc_places *p, const struct json *node)
{
    uint64_t key = (uint64_t)(uintptr_t)node >> 4;
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 20) & p->mask;
    while (p->slots[at].node && p->slots[at].node != node)
        at = (at + 1) & p->mask;
    return (uint32_t)at;
}

static size_t count_nodes(const struct json *j)
{
    size_t n = 1;
    for (const struct json *child = json_first(j); child; child = json_next(child))
        n += count_nodes(child);
    return n;
}

static void enter(struct doc_places *p, const struct json *j, uint32_t parent, uint32_t index)
{
    uint32_t at = slot_of(p, j), i = 0;
    p->slots[at] = (struct place){j, parent, index};
    for (const struct json *child = json_first(j); child; child = json_next(child))
        enter(p, child, at, i++);
}

/* The slot of a node of this tree; NOWHERE for others, and when memory is short. */
static uint32_t find(struct doc *d, const struct json *node)
{
    if (!node || !d->tree)
        return NOWHERE;
    if (!d->places) {
        size_t size = 16, wanted = 2 * count_nodes(d->tree);
        while (size < wanted)
            size *= 2;
        d->places = calloc(1, sizeof *d->places + size * sizeof *d->places->slots);
        if (!d->places)
            return NOWHERE;
        d->places->mask = size - 1;
        enter(d->places, d->tree, NOWHERE, 0);
    }
    uint32_t at = slot_of(d->places, node);
    return d->places->slots[at].node ? at : NOWHERE;
}

void doc_places_free(struct doc_places *p)
{
    free(p);
}

bool doc_json_parent(struct doc *d, const struct json *node, int up, const struct json **out)
{
    uint32_t at = find(d, node);
    while (at != NOWHERE && up > 0) {
        at = d->places->slots[at].parent;
        if (at != NOWHERE && json_is(d->places->slots[at].node, JSON_OBJECT))
            up--;
    }
    *out = at != NOWHERE ? d->places->slots[at].node : NULL;
    return at != NOWHERE;
}

void doc_put_place(struct view whole, char *dst, size_t size)
{
    if (size == 0)
        return;
    while (whole.n >= size || (whole.n > 0 && !view_is_utf8(whole)))
        whole.n = whole.n >= size ? size - 1 : whole.n - 1;
    (void)snprintf(dst, size, VIEW_FMT, VIEW_ARG(whole));
}

/* "/name" with '~' and '/' escaped, or "/index". */
static void put_step(struct buf *b, const struct place *parent, const struct place *here)
{
    struct view key = json_key(here->node);
    (void)buf_char(b, '/');
    if (!json_is(parent->node, JSON_OBJECT)) {
        (void)buf_int(b, here->index);
        return;
    }
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '~' || key.p[i] == '/')
            (void)buf_str(b, key.p[i] == '~' ? "~0" : "~1");
        else
            (void)buf_char(b, key.p[i]);
    }
}

void doc_json_place(struct doc *d, const struct json *node, char *dst, size_t size)
{
    uint32_t trail[DEPTH];
    int n = 0;
    struct buf b;
    for (uint32_t at = find(d, node); at != NOWHERE && n < DEPTH; at = d->places->slots[at].parent)
        trail[n++] = at;
    buf_init(&b, DOC_MAX_BODY);
    while (--n > 0)
        put_step(&b, &d->places->slots[trail[n]], &d->places->slots[trail[n - 1]]);
    doc_put_place(buf_get(&b), dst, size);
    buf_fini(&b);
}
