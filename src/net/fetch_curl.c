/* SPDX-License-Identifier: MIT
 * The socket glue between libcurl and libuv.
 *
 * It differs from curl's own example where that one fails: finished transfers are collected after every call
 * (a lone one that times out is else never reported), a poll error is told to libcurl, a timeout of 0 waits
 * for the next turn instead of calling libcurl inside its own callback, and every appearance of a socket gets
 * a fresh poll handle, because libuv closes handles later than libcurl closes descriptors.
 */
#include "net/fetch_curl.h"

#include <stdlib.h>
#include <uv.h>

#include "parkd/base/log.h"
#include "parkd/net/loop.h"

struct curl_loop {
    uv_loop_t *uv;
    CURLM *multi;
    uv_timer_t timer;
    int open_handles;
    bool closing;
    curl_loop_done_fn *done;
    void *ctx;
};

struct curl_socket {
    uv_poll_t poll;
    struct curl_loop *cl;
    curl_socket_t fd;
};

static void handle_gone(struct curl_loop *cl)
{
    if (--cl->open_handles == 0)
        free(cl);
}

static void on_timer_closed(uv_handle_t *h)
{
    handle_gone(h->data);
}

static void on_socket_closed(uv_handle_t *h)
{
    struct curl_socket *s = h->data;
    struct curl_loop *cl = s->cl;

    free(s);
    handle_gone(cl);
}

/* `done` may free the loop: its memory outlives this turn, its multi handle does not. */
static void collect(struct curl_loop *cl)
{
    CURLMsg *m;
    int left;

    while (!cl->closing && (m = curl_multi_info_read(cl->multi, &left)) != NULL) {
        CURL *easy = m->easy_handle;
        CURLcode code = m->data.result;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_multi_remove_handle(cl->multi, easy);
        cl->done(cl->ctx, easy, code);
    }
}

static void act(struct curl_loop *cl, curl_socket_t fd, int flags)
{
    int running;

    curl_multi_socket_action(cl->multi, fd, flags, &running);
    collect(cl);
}

static void on_due(uv_timer_t *h)
{
    act(h->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct curl_socket *s = h->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;

    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(s->cl, s->fd, flags);
}

static int on_curl_timer(CURLM *multi, long ms, void *ctx)
{
    struct curl_loop *cl = ctx;

    (void)multi;
    if (cl->closing)
        return 0;
    if (ms < 0) {
        uv_timer_stop(&cl->timer);
        return 0;
    }
    uv_update_time(cl->uv);
    uv_timer_start(&cl->timer, on_due, (uint64_t)ms, 0);
    return 0;
}

static struct curl_socket *socket_open(struct curl_loop *cl, curl_socket_t fd)
{
    struct curl_socket *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    if (uv_poll_init_socket(cl->uv, &s->poll, fd) != 0) {
        free(s);
        return NULL;
    }
    s->cl = cl;
    s->fd = fd;
    s->poll.data = s;
    cl->open_handles++;
    curl_multi_assign(cl->multi, fd, s);
    return s;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *assigned)
{
    struct curl_loop *cl = ctx;
    struct curl_socket *s = assigned;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (!s)
            return 0;
        curl_multi_assign(cl->multi, fd, NULL);
        uv_poll_stop(&s->poll);
        uv_close((uv_handle_t *)&s->poll, on_socket_closed);
        return 0;
    }
    if (!s && !cl->closing)
        s = socket_open(cl, fd);
    /* Without a handle nothing wakes the transfer, and its own timeout ends it. */
    if (!s || uv_poll_start(&s->poll, events, on_poll) != 0)
        log_warn(FETCH, "fd=%d cannot be watched", (int)fd);
    return 0;
}

struct curl_loop *curl_loop_new(struct loop *l, long max_idle, curl_loop_done_fn *done, void *ctx)
{
    struct curl_loop *cl = calloc(1, sizeof *cl);

    if (!cl || !(cl->multi = curl_multi_init())) {
        free(cl);
        return NULL;
    }
    cl->uv = loop_uv(l);
    cl->done = done;
    cl->ctx = ctx;
    uv_timer_init(cl->uv, &cl->timer);
    cl->timer.data = cl;
    cl->open_handles = 1;
    curl_multi_setopt(cl->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(cl->multi, CURLMOPT_SOCKETDATA, cl);
    curl_multi_setopt(cl->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(cl->multi, CURLMOPT_TIMERDATA, cl);
    curl_multi_setopt(cl->multi, CURLMOPT_MAXCONNECTS, max_idle);
    return cl;
}

int curl_loop_add(struct curl_loop *cl, CURL *easy)
{
    return curl_multi_add_handle(cl->multi, easy) == CURLM_OK ? 0 : ERR_NOMEM;
}

void curl_loop_remove(struct curl_loop *cl, CURL *easy)
{
    curl_multi_remove_handle(cl->multi, easy);
}

void curl_loop_free(struct curl_loop *cl)
{
    if (!cl)
        return;
    cl->closing = true;
    curl_multi_cleanup(cl->multi); /* calls on_curl_socket for what it closes */
    uv_timer_stop(&cl->timer);
    uv_close((uv_handle_t *)&cl->timer, on_timer_closed);
}
