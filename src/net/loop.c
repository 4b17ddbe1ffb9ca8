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

#define LAG_TICK_MS   20
#define CLOSE_WAIT_MS 5000
#define N_SIGNALS     4

static const int signals[N_SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

struct loop {
    uv_loop_t uv;
    uv_timer_t lag;
    uint64_t last_tick_ns;
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

static void on_lag_tick(uv_timer_t *h)
{
    struct loop *l = h->data;
    uint64_t now = uv_hrtime();
    double late = (double)(now - l->last_tick_ns) / 1e9 - LAG_TICK_MS / 1e3;

    l->last_tick_ns = now;
    if (late > l->lag_all)
        l->lag_all = late;
    if (late > l->lag_recent)
        l->lag_recent = late;
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
    uv_timer_init(&l->uv, &l->lag);
    l->lag.data = l;
    uv_timer_start(&l->lag, on_lag_tick, LAG_TICK_MS, LAG_TICK_MS);
    uv_unref((uv_handle_t *)&l->lag);
    return l;
}

int loop_run(struct loop *l)
{
    /* What passed before the start is not a stall of the loop. */
    uv_update_time(&l->uv);
    uv_timer_again(&l->lag);
    l->last_tick_ns = uv_hrtime();
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
    uv_close((uv_handle_t *)&l->lag, NULL);
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
