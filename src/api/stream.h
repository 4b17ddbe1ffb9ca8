/* SPDX-License-Identifier: MIT
 * GET /v1/stream: every change of a lot as a server-sent event, to all who listen. Private to src/api.
 *
 * An event is rendered once and stands in one ring; a reader is a place in it. Changes are gathered for
 * STREAM_GATHER_MS, so a lot that changes ten times meanwhile is told once, with its newest state. A reader
 * that is overtaken by the ring, or takes nothing for STREAM_STUCK_MS, is closed; its browser comes back by
 * itself and is told to begin anew.
 *
 *   event: ready     {"as_of"}   to a new reader: ask for the list now, what changes afterwards comes here
 *   event: reset     {"as_of"}   too far behind, or of another parkd: ask for the list again
 *   event: lot       a lot with what changes; also, now and then, one that was only confirmed
 *   event: registered, removed   {"id"}: ask for that lot, or forget it
 */
#ifndef PARKD_SRC_API_STREAM_H
#define PARKD_SRC_API_STREAM_H

#include "api/internal.h"

#define STREAM_GATHER_MS  100
#define STREAM_LOOK_MS    2000  /* how often readers are looked after */
#define STREAM_COMMENT_MS 15000 /* a quiet reader gets a comment, so that proxies keep the connection */
#define STREAM_STUCK_MS   30000
#define STREAM_LOTS_MAX   100 /* ids in `lots` */

struct streams;

/* NULL: out of memory. */
struct streams *streams_new(struct api *a, int max_readers);
/* No more events; readers end when the server does. */
void streams_stop(struct streams *s);
void streams_free(struct streams *s);
int streams_count(const struct streams *s);
void streams_heard(struct streams *s, uint32_t idx, enum registry_event ev); /* of the registry's watcher */
void stream_handle(const struct call *c);

#endif
