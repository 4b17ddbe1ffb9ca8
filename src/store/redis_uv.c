/* SPDX-License-Identifier: MIT
 * Five hooks that turn hiredis' wishes into one uv_poll handle and one uv_prepare handle. What a turn of the
 * loop queued is written once, just before the loop waits; only what the socket does not take waits for it to
 * become writable. Reading and writing may free the context: the clean-up hook then sets ac to NULL, which is
 * looked at after each.
 */
#include "store/redis_uv.h"

#include <hiredis/async.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

struct redis_uv {
    uv_poll_t poll;
    uv_prepare_t flush;
    int open_handles;
    redisAsyncContext *ac; /* NULL once hiredis is done with us */
    int events;
    bool flushing;
};

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct redis_uv *a = h->data;
    /* An error is shown to hiredis as readiness: its own read or write then finds the cause. */
    int ev = status < 0 ? a->events : events;
    if (a->ac && (ev & UV_READABLE))
        redisAsyncHandleRead(a->ac);
    if (a->ac && (ev & UV_WRITABLE))
        redisAsyncHandleWrite(a->ac);
}

static void watch(struct redis_uv *a, int events)
{
    if (events == a->events)
        return;
    a->events = events;
    if (events)
        uv_poll_start(&a->poll, events, on_poll);
    else
        uv_poll_stop(&a->poll);
}

static void add_read(void *p)
{
    struct redis_uv *a = p;
    watch(a, a->events | UV_READABLE);
}

static void del_read(void *p)
{
    struct redis_uv *a = p;
    watch(a, a->events & ~UV_READABLE);
}

static void on_flush(uv_prepare_t *h)
{
    struct redis_uv *a = h->data;
    uv_prepare_stop(h);
    a->flushing = true;
    if (a->ac)
        redisAsyncHandleWrite(a->ac);
    a->flushing = false;
}

static void add_write(void *p)
{
    struct redis_uv *a = p;
    if (a->flushing || !(a->ac->c.flags & REDIS_CONNECTED))
        watch(a, a->events | UV_WRITABLE);
    else if (!(a->events & UV_WRITABLE))
        uv_prepare_start(&a->flush, on_flush);
}

static void del_write(void *p)
{
    struct redis_uv *a = p;
    watch(a, a->events & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *h)
{
    struct redis_uv *a = h->data;
    if (--a->open_handles == 0)
        free(a); /* the only place an adapter is freed */
}

static void clean_up(void *p)
{
    struct redis_uv *a = p;
    a->ac = NULL;
    uv_close((uv_handle_t *)&a->poll, on_closed);
    uv_close((uv_handle_t *)&a->flush, on_closed);
}

int redis_uv_attach(struct uv_loop_s *loop, struct redisAsyncContext *ac)
{
    struct redis_uv *a = calloc(1, sizeof *a);
    if (!a)
        return ERR_NOMEM;
    if (uv_poll_init(loop, &a->poll, ac->c.fd)) {
        free(a);
        return ERR_IO;
    }
    uv_prepare_init(loop, &a->flush); /* cannot fail */
    a->poll.data = a->flush.data = a;
    a->open_handles = 2;
    a->ac = ac;
    ac->ev.data = a;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = clean_up;
    return 0;
}
