/* SPDX-License-Identifier: MIT
 * One update: who waits for it, the minutes it carries, its end.
 */
#include <stdlib.h>
#include <string.h>

#include "store/store_update.h"

#define MINUTE_MS 60000

void update_free(struct updates *u, struct update *up)
{
    u->n_updates--;
    free(up->samples);
    free(up);
}

void update_finish(struct updates *u, struct update *up, const struct store_outcome *o)
{
    struct waiter *w = up->first;
    up->first = NULL;
    bool held = o->code == STORE_OK || o->code == STORE_TOUCH || o->code == STORE_DUP;
    update_free(u, up);
    while (w) {
        struct waiter *next = w->next;
        w->outcome = *o;
        if (w->older && held)
            w->outcome.code = STORE_OLD;
        waiter_call(w);
        w = next;
    }
}

void update_tell_acks(struct store *st, struct update *up, enum store_code code)
{
    struct waiter *w = up->first;
    up->first = NULL;
    up->last = &up->first;
    for (struct waiter *next; w; w = next) {
        next = w->next;
        w->next = NULL;
        if (w->flags & STORE_MUST_ACK) {
            w->outcome = (struct store_outcome){.code = code};
            store_later(st, w);
        } else {
            *up->last = w;
            up->last = &w->next;
        }
    }
}

void update_sample(struct update *up, int64_t at_ms, int32_t free_now)
{
    for (size_t i = up->n_samples; i-- > 0;) {
        if (up->samples[i].at_ms / MINUTE_MS != at_ms / MINUTE_MS)
            continue;
        if (at_ms >= up->samples[i].at_ms)
            up->samples[i] = (struct sample){at_ms, free_now};
        return;
    }
    if (up->n_samples == SAMPLES_MAX) {
        up->n_samples--;
        memmove(up->samples, up->samples + 1, up->n_samples * sizeof *up->samples);
    }
    /* Out of memory costs a minute of the series, never the reading. */
    struct sample *more = realloc(up->samples, (up->n_samples + 1) * sizeof *more);
    if (!more)
        return;
    up->samples = more;
    up->samples[up->n_samples++] = (struct sample){at_ms, free_now};
}

struct update *updates_drop_told(struct updates *u, struct update *list)
{
    struct update *first = list, **at = &first;
    while (*at) {
        struct update *up = *at;
        if (up->op != UPDATE_HINT || up->first) {
            at = &up->next;
            continue;
        }
        *at = up->next;
        update_free(u, up);
    }
    return first;
}
