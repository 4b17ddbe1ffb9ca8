/* SPDX-License-Identifier: MIT
 * A ring of pointers; an id's place is its remainder.
 */
#include "api/event_ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event_ring {
    struct event *v[EVENT_RING_COUNT];
    uint64_t first, next; /* first…next - 1 are there */
    size_t bytes;
};

struct event_ring *event_ring_new(void)
{
    struct event_ring *r = calloc(1, sizeof *r);
    if (r)
        r->first = r->next = 1;
    return r;
}

static void drop_first(struct event_ring *r)
{
    struct event **e = &r->v[r->first++ % EVENT_RING_COUNT];
    r->bytes -= (*e)->n;
    free(*e);
    *e = NULL;
}

void event_ring_clear(struct event_ring *r)
{
    while (r->first < r->next)
        drop_first(r);
    r->first = ++r->next;
}

void event_ring_free(struct event_ring *r)
{
    if (r)
        event_ring_clear(r);
    free(r);
}

uint64_t event_ring_next(const struct event_ring *r)
{
    return r->next;
}

void event_ring_add(struct event_ring *r, uint32_t lot, struct view bytes)
{
    struct event *e = malloc(sizeof *e + bytes.n);
    while (r->first < r->next &&
           (!e || r->next - r->first >= EVENT_RING_COUNT || r->bytes + bytes.n > EVENT_RING_BYTES))
        drop_first(r);
    if (!e) {
        r->first = ++r->next;
        return;
    }
    e->lot = lot;
    e->n = bytes.n;
    memcpy(e->bytes, bytes.p, bytes.n);
    r->v[r->next++ % EVENT_RING_COUNT] = e;
    r->bytes += e->n;
}

bool event_ring_has(const struct event_ring *r, uint64_t id)
{
    return id >= r->first && id <= r->next;
}

const struct event *event_ring_at(const struct event_ring *r, uint64_t id)
{
    return r->v[id % EVENT_RING_COUNT];
}

bool event_ring_after(const struct event_ring *r, uint32_t epoch, struct view last, uint64_t *next)
{
    char text[16];
    int64_t n = 0;
    struct view rest = last, head = view_cut(&rest, '-');
    (void)snprintf(text, sizeof text, "%08" PRIx32, epoch);
    if (!view_is(head, text) || view_to_int(rest, 0, INT64_MAX - 1, &n) ||
        !event_ring_has(r, (uint64_t)n + 1))
        return false;
    *next = (uint64_t)n + 1;
    return true;
}
