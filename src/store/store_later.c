/* SPDX-License-Identifier: MIT
 * Callbacks that are due: the list is taken as a whole before it is called, so a callback may start new
 * operations.
 */
#include <stdlib.h>

#include "parkd/net/timer.h"
#include "store/store_impl.h"

struct waiter *waiter_of_update(store_update_fn *fn, void *ctx, unsigned flags)
{
    struct waiter *w = calloc(1, sizeof *w);
    if (w) {
        w->update = fn;
        w->ctx = ctx;
        w->flags = flags;
    }
    return w;
}

struct waiter *waiter_of_done(store_done_fn *fn, void *ctx)
{
    struct waiter *w = calloc(1, sizeof *w);
    if (w) {
        w->done = fn;
        w->ctx = ctx;
    }
    return w;
}

void waiter_call(struct waiter *w)
{
    if (w->update)
        w->update(w->ctx, &w->outcome);
    else if (w->done)
        w->done(w->ctx, w->err, w->version);
    else if (w->series)
        w->series(w->ctx, w->err, NULL, 0);
    free(w);
}

void store_later(struct store *st, struct waiter *w)
{
    w->next = NULL;
    *st->later_tail = w;
    st->later_tail = &w->next;
    timer_arm(st->later_timer, 0);
}

void store_later_run(struct store *st)
{
    struct waiter *w = st->later;
    st->later = NULL;
    st->later_tail = &st->later;
    while (w) {
        struct waiter *next = w->next;
        waiter_call(w);
        w = next;
    }
}
