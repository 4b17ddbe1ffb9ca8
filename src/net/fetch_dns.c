/* SPDX-License-Identifier: MIT
 * The resolver's front: cache, queue, one deadline list (see the header for the rules).
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include "net/fetch_dns.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>
#include <uv.h>

#include "parkd/net/loop.h"
#include "parkd/net/timer.h"

#define FRESH_MS   60000
#define STALE_MS   3600000
#define NAMES_MAX  4096 /* then old names are swept out */
#define HOST_BYTES 256

enum name_state { NAME_IDLE, NAME_QUEUED, NAME_RUNNING };

struct dns_name {
    struct dns *dns;
    char host[HOST_BYTES];
    enum name_state state;
    uv_getaddrinfo_t req;
    struct dns_answer answer;
    uint64_t fresh_until, stale_until; /* 0: nothing known */
    struct dns_wait *waits;
    struct dns_name *prev, *next; /* the queue for the pool */
    UT_hash_handle hh;
};

struct dns {
    uv_loop_t *uv;
    int64_t wait_ms;
    struct dns_name *names, *queue;
    struct dns_wait *dues;
    struct timer *timer;
    int n_running;
    bool closing;
};

static uint64_t now_ms(const struct dns *d)
{
    return uv_now(d->uv);
}

static void name_free(struct dns *d, struct dns_name *n)
{
    HASH_DEL(d->names, n);
    free(n);
}

/* --- asking the pool --- */

static void start_queued(struct dns *d);

static void read_addrs(struct dns_answer *a, const struct addrinfo *list)
{
    a->n = 0;
    for (const struct addrinfo *i = list; i && a->n < DNS_MAX_ADDRS; i = i->ai_next) {
        if ((i->ai_family == AF_INET || i->ai_family == AF_INET6) && i->ai_addrlen <= sizeof a->addrs[0])
            memcpy(&a->addrs[a->n++], i->ai_addr, i->ai_addrlen);
    }
}

static void unlink_wait(struct dns *d, struct dns_wait *w)
{
    DL_DELETE(w->name->waits, w);
    DL_DELETE2(d->dues, w, due_prev, due_next);
    w->name = NULL;
}

static void tell_waits(struct dns *d, struct dns_name *n, int err)
{
    const struct dns_answer *a = err ? NULL : &n->answer;

    while (n->waits) {
        struct dns_wait *w = n->waits;

        unlink_wait(d, w);
        w->done(w->ctx, err, a);
    }
}

/* A clear "no" forgets what was known; a resolver in trouble does not. */
static int take_result(struct dns_name *n, int status, const struct addrinfo *list)
{
    uint64_t now = now_ms(n->dns);

    if (status == 0) {
        read_addrs(&n->answer, list);
        n->fresh_until = now + FRESH_MS;
        n->stale_until = now + STALE_MS;
        return n->answer.n ? 0 : ERR_DNS;
    }
    if (status == UV_EAI_NONAME || status == UV_EAI_NODATA)
        n->fresh_until = n->stale_until = 0;
    return n->stale_until > now ? 0 : ERR_DNS;
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct dns_name *n = req->data;
    struct dns *d = n->dns;

    n->state = NAME_IDLE;
    d->n_running--;
    if (d->closing) {
        name_free(d, n);
        if (d->n_running == 0)
            free(d);
    } else {
        tell_waits(d, n, take_result(n, status, list));
        start_queued(d);
    }
    uv_freeaddrinfo(list);
}

static void start_one(struct dns *d, struct dns_name *n)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    n->req.data = n;
    if (uv_getaddrinfo(d->uv, &n->req, on_resolved, n->host, NULL, &hints) != 0) {
        n->state = NAME_IDLE; /* no memory: who waits is told when the time is over */
        return;
    }
    n->state = NAME_RUNNING;
    d->n_running++;
}

static void start_queued(struct dns *d)
{
    while (d->queue && d->n_running < DNS_MAX_RUNNING) {
        struct dns_name *n = d->queue;

        DL_DELETE(d->queue, n);
        start_one(d, n);
    }
}

/* --- waiting --- */

static void on_due(void *ctx)
{
    struct dns *d = ctx;
    uint64_t now = now_ms(d);

    while (d->dues && d->dues->due_ms <= now) {
        struct dns_wait *w = d->dues;

        unlink_wait(d, w);
        w->done(w->ctx, ERR_DNS, NULL);
    }
    if (d->dues)
        timer_arm(d->timer, (int64_t)(d->dues->due_ms - now));
}

static void wait_for(struct dns *d, struct dns_name *n, struct dns_wait *w)
{
    w->name = n;
    w->due_ms = now_ms(d) + (uint64_t)d->wait_ms;
    DL_APPEND(n->waits, w);
    DL_APPEND2(d->dues, w, due_prev, due_next);
    if (!timer_armed(d->timer))
        timer_arm(d->timer, d->wait_ms);
}

/* --- names --- */

static void sweep(struct dns *d)
{
    struct dns_name *n, *tmp;

    HASH_ITER(hh, d->names, n, tmp)
    {
        if (n->state == NAME_IDLE && !n->waits && n->stale_until <= now_ms(d))
            name_free(d, n);
    }
}

static int host_key(struct view host, char key[HOST_BYTES])
{
    int err = view_copy(host, key, HOST_BYTES);

    for (char *p = key; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    }
    return err;
}

static struct dns_name *name_get(struct dns *d, struct view host, bool create)
{
    struct dns_name *n;
    char key[HOST_BYTES];

    if (host_key(host, key) != 0)
        return NULL;
    HASH_FIND_STR(d->names, key, n);
    if (n || !create)
        return n;
    if (HASH_COUNT(d->names) >= NAMES_MAX)
        sweep(d);
    n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->dns = d;
    memcpy(n->host, key, sizeof key);
    HASH_ADD_STR(d->names, host, n);
    if (n->hh.tbl)
        return n;
    free(n);
    return NULL;
}

const struct dns_answer *dns_ask(struct dns *d, struct view host, struct dns_wait *w, int *err)
{
    struct dns_name *n = name_get(d, host, true);
    uint64_t now = now_ms(d);

    *err = n ? 0 : ERR_NOMEM;
    if (!n)
        return NULL;
    if (n->fresh_until > now)
        return &n->answer;
    if (n->state == NAME_IDLE) {
        n->state = NAME_QUEUED;
        DL_APPEND(d->queue, n);
        start_queued(d);
    }
    if (n->stale_until > now)
        return &n->answer;
    wait_for(d, n, w);
    return NULL;
}

void dns_cancel(struct dns *d, struct dns_wait *w)
{
    if (w->name)
        unlink_wait(d, w);
}

void dns_doubt(struct dns *d, struct view host)
{
    struct dns_name *n = name_get(d, host, false);

    if (n)
        n->fresh_until = 0;
}

struct dns *dns_new(struct loop *l, int64_t wait_ms)
{
    struct dns *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->uv = loop_uv(l);
    d->wait_ms = wait_ms;
    d->timer = timer_new(l, on_due, d);
    if (!d->timer) {
        free(d);
        return NULL;
    }
    return d;
}

void dns_free(struct dns *d)
{
    struct dns_name *n, *tmp;

    if (!d)
        return;
    d->closing = true;
    timer_free(d->timer);
    HASH_ITER(hh, d->names, n, tmp)
    {
        if (n->state != NAME_RUNNING)
            name_free(d, n);
        else
            uv_cancel((uv_req_t *)&n->req); /* one that the pool has not begun comes back at once */
    }
    if (d->n_running == 0)
        free(d);
}
