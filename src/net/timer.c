/* SPDX-License-Identifier: MIT
 * One-shot timers: a uv_timer_t on the heap, freed in its close callback and nowhere else.
 */
#include "parkd/net/timer.h"

#include <stdlib.h>
#include <uv.h>

#include "parkd/net/loop.h"

struct timer {
    uv_timer_t uv;
    timer_fn *fn;
    void *ctx;
};

static void on_due(uv_timer_t *h)
{
    struct timer *t = h->data;

    t->fn(t->ctx);
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
    struct timer *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->fn = fn;
    t->ctx = ctx;
    t->uv.data = t;
    uv_timer_init(loop_uv(l), &t->uv);
    return t;
}

void timer_arm(struct timer *t, int64_t in_ms)
{
    /* libuv counts from the time it read at the start of the turn; after a long turn the timer would come
     * early. */
    uv_update_time(t->uv.loop);
    uv_timer_start(&t->uv, on_due, in_ms > 0 ? (uint64_t)in_ms : 0, 0);
}

void timer_cancel(struct timer *t)
{
    uv_timer_stop(&t->uv);
}

bool timer_armed(const struct timer *t)
{
    return uv_is_active((const uv_handle_t *)&t->uv) != 0;
}

void timer_free(struct timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, on_closed);
}
