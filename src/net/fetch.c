/* SPDX-License-Identifier: MIT
 * The fetcher: who waits, who runs, who is told.
 *
 * A request goes RESOLVING → WAITING → RUNNING, or FAILED from any of them. Resolving comes before the queue,
 * so that a dead resolver holds no place of a transfer. Waiting requests stand in a line of their host; hosts
 * that have a place free take turns, so one host with many requests delays nobody else. Callers are called
 * back from two places only, on_transfer_done and on_kick; both count as `busy`, and a fetcher freed
 * meanwhile loses its memory when they end.
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include "parkd/net/fetch.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "net/fetch_curl.h"
#include "net/fetch_op.h"
#include "parkd/net/timer.h"

#define POOL_MAX  64  /* idle easy handles */
#define IDLE_CONN 256 /* idle connections */

struct fetch_host {
    struct view name; /* in name_text */
    char name_text[256];
    int n_running;
    struct fetch *waiting;
    bool ready; /* in the fetcher's list: someone waits and a place is free */
    struct fetch_host *prev, *next;
    UT_hash_handle hh;
};

struct fetcher {
    struct fetch_limits limits;
    struct addr_filter filter;
    bool filtered;
    struct curl_loop *curl;
    struct dns *dns;
    struct timer *kick; /* tells the failed, starts the waiting */
    struct fetch *all, *failed;
    struct fetch_host *hosts, *ready;
    int n_running;
    CURL *pool[POOL_MAX];
    int n_pool;
    int busy;
    bool dead;
};

/* --- hosts --- */

static void host_update(struct fetcher *f, struct fetch_host *h)
{
    bool ready = h->waiting && h->n_running < f->limits.max_per_host;

    if (ready && !h->ready)
        DL_APPEND(f->ready, h);
    else if (!ready && h->ready)
        DL_DELETE(f->ready, h);
    h->ready = ready;
    if (h->waiting || h->n_running > 0)
        return;
    HASH_DEL(f->hosts, h);
    free(h);
}

static struct fetch_host *host_get(struct fetcher *f, struct view name)
{
    struct fetch_host *h;

    HASH_FIND(hh, f->hosts, name.p, (unsigned)name.n, h);
    if (h || !(h = calloc(1, sizeof *h)))
        return h;
    if (view_copy(name, h->name_text, sizeof h->name_text) != 0) {
        free(h);
        return NULL;
    }
    h->name = (struct view){h->name_text, name.n};
    HASH_ADD_KEYPTR(hh, f->hosts, h->name.p, (unsigned)h->name.n, h);
    if (h->hh.tbl)
        return h;
    free(h);
    return NULL;
}

/* --- requests --- */

static void fail(struct fetch *op, int err)
{
    op->err = err;
    op->state = FETCH_FAILED;
    DL_APPEND(op->fetcher->failed, op);
    timer_arm(op->fetcher->kick, 0);
}

static void enqueue(struct fetch *op)
{
    struct fetcher *f = op->fetcher;

    op->host = host_get(f, op->parts.host);
    if (!op->host) {
        fail(op, ERR_NOMEM);
        return;
    }
    op->state = FETCH_WAITING;
    DL_APPEND(op->host->waiting, op);
    host_update(f, op->host);
    timer_arm(f->kick, 0);
}

static void leave_line(struct fetch *op)
{
    struct fetch_host *h = op->host;

    DL_DELETE(h->waiting, op);
    op->host = NULL;
    host_update(op->fetcher, h);
}

static CURL *easy_take(struct fetcher *f)
{
    return f->n_pool > 0 ? f->pool[--f->n_pool] : curl_easy_init();
}

static void easy_give_back(struct fetcher *f, CURL *easy)
{
    if (f->dead || f->n_pool == POOL_MAX) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    f->pool[f->n_pool++] = easy;
}

/* The next of the host at the head of the line; the host goes to the end. */
static struct fetch *take_next(struct fetcher *f)
{
    struct fetch_host *h = f->ready;
    struct fetch *op = h->waiting;

    DL_DELETE(f->ready, h);
    h->ready = false;
    DL_DELETE(h->waiting, op);
    h->n_running++;
    f->n_running++;
    host_update(f, h);
    return op;
}

static void leave_running(struct fetch *op)
{
    struct fetcher *f = op->fetcher;
    struct fetch_host *h = op->host;

    f->n_running--;
    h->n_running--;
    op->host = NULL;
    host_update(f, h);
}

static void start_next(struct fetcher *f)
{
    struct fetch *op = take_next(f);

    op->state = FETCH_RUNNING;
    op->easy = easy_take(f);
    if (op->easy && fetch_op_configure(op, op->easy, &f->limits) == 0 &&
        curl_loop_add(f->curl, op->easy) == 0)
        return;
    if (op->easy)
        easy_give_back(f, op->easy);
    op->easy = NULL;
    leave_running(op);
    fail(op, ERR_NOMEM);
}

static void start_waiting(struct fetcher *f)
{
    while (f->ready && f->n_running < f->limits.max_active)
        start_next(f);
}

static void op_free(struct fetch *op)
{
    DL_DELETE2(op->fetcher->all, op, all_prev, all_next);
    fetch_op_free(op);
}

static void tell(struct fetch *op, CURL *easy, CURLcode code)
{
    struct fetch_result res;

    fetch_op_result(op, easy, code, &res);
    op->on_done(op->ctx, &res);
}

static void last_free(struct fetcher *f)
{
    curl_global_cleanup();
    free(f);
}

/* Ends what became busy; false when the fetcher is gone. */
static bool calm(struct fetcher *f)
{
    if (--f->busy > 0 || !f->dead)
        return !f->dead;
    last_free(f);
    return false;
}

static void on_transfer_done(void *ctx, CURL *easy, CURLcode code)
{
    struct fetcher *f = ctx;
    struct fetch *op = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &op);
    op->easy = NULL;
    leave_running(op);
    DL_DELETE2(f->all, op, all_prev, all_next);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT)
        dns_doubt(f->dns, op->parts.host);
    f->busy++;
    tell(op, easy, code);
    easy_give_back(f, easy);
    fetch_op_free(op);
    if (calm(f))
        start_waiting(f);
}

static void on_kick(void *ctx)
{
    struct fetcher *f = ctx;

    f->busy++;
    while (!f->dead && f->failed) {
        struct fetch *op = f->failed;

        DL_DELETE(f->failed, op);
        DL_DELETE2(f->all, op, all_prev, all_next);
        tell(op, NULL, CURLE_OK);
        fetch_op_free(op);
    }
    if (calm(f))
        start_waiting(f);
}

/* --- the way to an address --- */

static void on_resolved(void *ctx, int err, const struct dns_answer *answer)
{
    struct fetch *op = ctx;

    if (!err)
        err = fetch_op_pin(op, answer);
    if (err)
        fail(op, err);
    else
        enqueue(op);
}

static void resolve(struct fetch *op)
{
    const struct dns_answer *answer;
    int err;

    if (op->parts.v4 || op->parts.v6) {
        err = fetch_op_check_literal(op);
        if (err)
            fail(op, err);
        else
            enqueue(op);
        return;
    }
    op->state = FETCH_RESOLVING;
    op->wait.done = on_resolved;
    op->wait.ctx = op;
    answer = dns_ask(op->fetcher->dns, op->parts.host, &op->wait, &err);
    if (answer || err)
        on_resolved(op, err, answer);
}

/* --- public --- */

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *req, fetch_done_fn *on_done,
                          void *ctx, struct why *why)
{
    struct fetch *op = fetch_op_new(req, &f->limits, why);

    if (!op)
        return NULL;
    op->fetcher = f;
    op->filter = f->filtered ? &f->filter : NULL;
    op->on_done = on_done;
    op->ctx = ctx;
    DL_APPEND2(f->all, op, all_prev, all_next);
    resolve(op);
    return op;
}

void fetch_cancel(struct fetch *op)
{
    struct fetcher *f;

    if (!op)
        return;
    f = op->fetcher;
    switch (op->state) {
    case FETCH_RESOLVING:
        dns_cancel(f->dns, &op->wait);
        break;
    case FETCH_WAITING:
        leave_line(op);
        break;
    case FETCH_RUNNING:
        curl_loop_remove(f->curl, op->easy);
        easy_give_back(f, op->easy);
        leave_running(op);
        timer_arm(f->kick, 0); /* its place is free */
        break;
    case FETCH_FAILED:
        DL_DELETE(f->failed, op);
        break;
    }
    op_free(op);
}

int fetcher_active(const struct fetcher *f)
{
    return f->n_running;
}

struct fetcher *fetcher_new(struct loop *l, const struct fetch_limits *limits,
                            const struct addr_filter *filter)
{
    struct fetcher *f;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    f = calloc(1, sizeof *f);
    if (!f) {
        curl_global_cleanup();
        return NULL;
    }
    f->limits = *limits;
    f->filtered = filter != NULL;
    if (filter)
        f->filter = *filter;
    f->kick = timer_new(l, on_kick, f);
    f->dns = dns_new(l, limits->connect_ms);
    f->curl = curl_loop_new(l, IDLE_CONN, on_transfer_done, f);
    if (!f->kick || !f->dns || !f->curl) {
        fetcher_free(f);
        return NULL;
    }
    return f;
}

void fetcher_free(struct fetcher *f)
{
    if (!f || f->dead)
        return;
    while (f->all)
        fetch_cancel(f->all);
    f->dead = true;
    while (f->n_pool > 0)
        curl_easy_cleanup(f->pool[--f->n_pool]);
    curl_loop_free(f->curl);
    dns_free(f->dns);
    timer_free(f->kick);
    if (f->busy == 0)
        last_free(f);
}
