/* SPDX-License-Identifier: MIT
 * The newest events for all readers of the stream, in one place: a reader is a number in here, not a queue.
 * Bounded in count and bytes; what is pushed out is lost to whoever did not read it. Pure.
 */
#ifndef PARKD_SRC_API_EVENT_RING_H
#define PARKD_SRC_API_EVENT_RING_H

#include "parkd/base/buf.h"

#define EVENT_RING_COUNT 4096
#define EVENT_RING_BYTES ((size_t)4 * 1024 * 1024)

struct event {
    uint32_t lot;
    size_t n;
    char bytes[]; /* as they go over the wire */
};
struct event_ring;

struct event_ring *event_ring_new(void);
void event_ring_free(struct event_ring *r);
/* The id that the next event will have; ids begin at 1. */
uint64_t event_ring_next(const struct event_ring *r);
/* Without memory the event takes its id and is lost: its readers begin anew. */
void event_ring_add(struct event_ring *r, uint32_t lot, struct view bytes);
/* Drops all of them, and one id, so that nobody goes on where something may be missing. */
void event_ring_clear(struct event_ring *r);
/* Is everything from that id on still there? */
bool event_ring_has(const struct event_ring *r, uint64_t id);
/* id must be there and before event_ring_next. */
const struct event *event_ring_at(const struct event_ring *r, uint64_t id);

/* Where a reader goes on whose last event was "<epoch as 8 hexadecimals>-<id>". false: of another epoch, not
 * there any more, or no such text. */
bool event_ring_after(const struct event_ring *r, uint32_t epoch, struct view last, uint64_t *next);

#endif
