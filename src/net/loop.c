/* SPDX-License-Identifier: MIT
 * The event loop around libuv: signals, the lag watch, jobs on the pool, and an orderly end.
 *
 * The loop's own handles are unreferenced: loop_run ends when nobody else has work. loop_close gives owners'
 * handles that are not closed yet a few seconds (their close may hang on a callback that is still to come),
 * but waits for jobs on the pool as long as they run: a name look-up in a dead resolver cannot be stopped,
 * and libuv joins its threads at exit anyway.
 */
#include "parkd/net/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "parkd/base/log.h"

#define CLOSE_WAIT_MS 5000
#define N_SIGNALS     4

static const int signals[N_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

struct loop {
    uv_loop_t uv;
    uv_check_t woken;
    uv_prepare_t waiting;
    uint64_t woken_ns;          /* when the loop last came back from waiting */
    double lag_all, lag_recent; /* seconds */
    uv_signal_t sig[N_SIGNALS];
    int n_sig; /* signal handles that libuv knows */
    loop_signal_fn *on_signal;
    void *signal_ctx;
};

struct job {
    uv_work_t req;
    loop_work_fn *work;
    loop_done_fn *done;
    void *data;
};

/* libuv takes the time as soon as its wait ends, before any callback. */
static void on_woken(uv_check_t *h)
{
    struct loop *l = h->data;

    l->woken_ns = uv_now(h->loop) * 1000000u;
}

/* All that one turn did, from the end of one wait to the beginning of the next, kept everybody else waiting.
 */
static void on_waiting(uv_prepare_t *h)
{
    struct loop *l = h->data;
    double busy = ((double)uv_hrtime() - (double)l->woken_ns) / 1e9;

    if (busy > l->lag_all)
        l->lag_all = busy;
    if (busy > l->lag_recent)
        l->lag_recent = busy;
}

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    if (uv_loop_init(&l->uv) != 0) {
        free(l);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    uv_check_init(&l->uv, &l->woken); /* these cannot fail */
    uv_prepare_init(&l->uv, &l->waiting);
    l->woken.data = l->waiting.data = l;
    uv_check_start(&l->woken, on_woken);
    uv_prepare_start(&l->waiting, on_waiting);
    uv_unref((uv_handle_t *)&l->woken);
    uv_unref((uv_handle_t *)&l->waiting);
    l->woken_ns = uv_hrtime();
    return l;
}

int loop_run(struct loop *l)
{
    /* What passed before the start is not a stall of the loop. */
    uv_update_time(&l->uv);
    l->woken_ns = uv_hrtime();
    uv_run(&l->uv, UV_RUN_DEFAULT);
    return 0;
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

static void on_close_wait(uv_timer_t *h)
{
    uv_stop(h->loop);
}

static void close_own_handles(struct loop *l)
{
    for (int i = 0; i < l->n_sig; i++)
        uv_close((uv_handle_t *)&l->sig[i], NULL);
    uv_close((uv_handle_t *)&l->woken, NULL);
    uv_close((uv_handle_t *)&l->waiting, NULL);
}

static void name_left_handle(uv_handle_t *h, void *arg)
{
    (void)arg;
    log_error(LOOP, "handle=%s closing=%d left at the end", uv_handle_type_name(h->type), uv_is_closing(h));
}

int loop_close(struct loop *l)
{
    uv_timer_t guard;

    close_own_handles(l);
    uv_timer_init(&l->uv, &guard);
    do {
        uv_update_time(&l->uv);
        uv_timer_start(&guard, on_close_wait, CLOSE_WAIT_MS, 0);
        uv_unref((uv_handle_t *)&guard);
        uv_run(&l->uv, UV_RUN_DEFAULT);
    } while (l->uv.active_reqs.count > 0);
    uv_close((uv_handle_t *)&guard, NULL);
    uv_run(&l->uv, UV_RUN_NOWAIT);
    if (uv_loop_close(&l->uv) != 0) {
        uv_walk(&l->uv, name_left_handle, NULL);
        return ERR_STATE; /* what is left still points into the loop, so its memory stays */
    }
    free(l);
    return 0;
}

struct uv_loop_s *loop_uv(struct loop *l)
{
    return &l->uv;
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct loop *l = h->data;

    l->on_signal(l->signal_ctx, signum);
}

int loop_on_signals(struct loop *l, loop_signal_fn *fn, void *ctx)
{
    l->on_signal = fn;
    l->signal_ctx = ctx;
    while (l->n_sig < N_SIGNALS) {
        uv_signal_t *h = &l->sig[l->n_sig];

        if (uv_signal_init(&l->uv, h) != 0)
            return ERR_NOMEM;
        h->data = l;
        l->n_sig++;
        if (uv_signal_start(h, on_signal, signals[l->n_sig - 1]) != 0)
            return ERR_IO;
        uv_unref((uv_handle_t *)h);
    }
    return 0;
}

double loop_lag_longest(const struct loop *l)
{
    return l->lag_all;
}

double loop_lag_recent(struct loop *l)
{
    double recent = l->lag_recent;

    l->lag_recent = 0;
    return recent;
}

static void on_work(uv_work_t *req)
{
    struct job *j = req->data;

    j->work(j->data);
}

static void on_work_done(uv_work_t *req, int status)
{
    struct job *j = req->data;
    loop_done_fn *done = j->done;
    void *data = j->data;

    free(j);
    done(data, status == UV_ECANCELED);
}

int loop_work(struct loop *l, loop_work_fn *work, loop_done_fn *done, void *data)
{
    struct job *j = calloc(1, sizeof *j);

    if (!j)
        return ERR_NOMEM;
    j->req.data = j;
    j->work = work;
    j->done = done;
    j->data = data;
    if (uv_queue_work(&l->uv, &j->req, on_work, on_work_done) != 0) {
        free(j);
        return ERR_NOMEM;
    }
    return 0;
}
