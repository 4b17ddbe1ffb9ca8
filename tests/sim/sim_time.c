/* SPDX-License-Identifier: MIT
 * A heap of what is due, in the order of time and then of asking; timers and the loop on top of it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "parkd/net/loop.h"
#include "parkd/net/timer.h"
#include "sim.h"

struct event {
    int64_t at;
    uint64_t order;
    size_t place; /* in the heap, from 1; 0: not there */
    sim_fn *fn;
    void *ctx;
    struct life *life;
    bool once; /* freed when it happened */
};

int64_t sim_now;
struct life *sim_life;
bool sim_traces;
static struct event **heap;
static size_t n_heap, cap_heap;
static uint64_t order, happened, state;

void sim_begin(uint64_t seed)
{
    state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    sim_now = 1000;
}

uint64_t sim_events(void)
{
    return happened;
}

/* xorshift64*, Marsaglia 2003 and Vigna 2016 */
uint32_t sim_random(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

int64_t sim_between(int64_t least, int64_t most)
{
    return least + (int64_t)(sim_random() % (uint64_t)(most - least + 1));
}

bool sim_chance(int in_thousand)
{
    return sim_between(0, 999) < in_thousand;
}

void sim_trace(const char *fmt, ...)
{
    va_list ap;
    if (!sim_traces)
        return;
    (void)printf("%12.3f ", (double)sim_now / 1000);
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    (void)putchar('\n');
}

_Noreturn void sim_fail(const char *fmt, ...)
{
    va_list ap;
    (void)printf("VIOLATION at %.3f s: ", (double)sim_now / 1000);
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    (void)putchar('\n');
    (void)fflush(stdout);
    _Exit(1);
}

/* --- the heap --- */

static bool before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void put(struct event *e, size_t place)
{
    heap[place] = e;
    e->place = place;
}

static void up(struct event *e, size_t place)
{
    for (; place > 1 && before(e, heap[place / 2]); place /= 2)
        put(heap[place / 2], place);
    put(e, place);
}

static void down(struct event *e, size_t place)
{
    for (size_t child; (child = 2 * place) <= n_heap; place = child) {
        if (child < n_heap && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], e))
            break;
        put(heap[child], place);
    }
    put(e, place);
}

static void insert(struct event *e)
{
    if (n_heap + 1 >= cap_heap) {
        cap_heap = cap_heap ? 2 * cap_heap : 256;
        heap = realloc(heap, cap_heap * sizeof *heap);
        if (!heap)
            abort();
    }
    up(e, ++n_heap);
}

static void take_out(struct event *e)
{
    size_t place = e->place;
    struct event *last = heap[n_heap--];
    e->place = 0;
    if (last == e)
        return;
    if (place > 1 && before(last, heap[place / 2]))
        up(last, place);
    else
        down(last, place);
}

static void happen(struct event *e)
{
    bool once = e->once;
    sim_life = e->life;
    happened++;
    e->fn(e->ctx); /* which may free a timer, and its event with it */
    sim_life = NULL;
    if (once)
        free(e);
}

void sim_run(int64_t until)
{
    while (n_heap && heap[1]->at <= until) {
        struct event *e = heap[1];
        take_out(e);
        if (e->at > sim_now)
            sim_now = e->at;
        if (e->life && e->life->dead) {
            if (e->once)
                free(e);
        } else if (e->life && e->life->frozen_until > sim_now) {
            e->at = e->life->frozen_until;
            insert(e);
        } else {
            happen(e);
        }
    }
    sim_now = until;
}

void sim_after(struct life *life, int64_t ms, sim_fn *fn, void *ctx)
{
    struct event *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    *e = (struct event){
        .at = sim_now + ms, .order = ++order, .fn = fn, .ctx = ctx, .life = life, .once = true};
    insert(e);
}

int64_t way_arrival(const struct way *w)
{
    int64_t at = sim_now + (w->slow_ms ? sim_between(0, w->slow_ms) : sim_between(0, 2));
    if (w->cut_until <= sim_now)
        return at;
    return w->keeps ? w->cut_until + sim_between(0, 300) : -1;
}

/* --- timers --- */

struct timer {
    struct event e;
};

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx)
{
    (void)l;
    struct timer *t = memory_denies() ? NULL : calloc(1, sizeof *t);
    if (t)
        t->e = (struct event){.fn = fn, .ctx = ctx, .life = sim_life};
    return t;
}

void timer_cancel(struct timer *t)
{
    if (t->e.place)
        take_out(&t->e);
}

void timer_arm(struct timer *t, int64_t in_ms)
{
    timer_cancel(t);
    t->e.at = sim_now + (in_ms > 0 ? in_ms : 0);
    t->e.order = ++order;
    insert(&t->e);
}

bool timer_armed(const struct timer *t)
{
    return t->e.place != 0;
}

void timer_free(struct timer *t)
{
    if (t)
        timer_cancel(t);
    free(t);
}

/* --- the loop --- */

struct loop {
    struct life *life;
};

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (l)
        l->life = sim_life;
    return l;
}

int loop_run(struct loop *l)
{
    (void)l;
    return ERR_STATE;
}

void loop_stop(struct loop *l)
{
    (void)l;
}

int loop_close(struct loop *l)
{
    free(l);
    return 0;
}

struct uv_loop_s *loop_uv(struct loop *l)
{
    (void)l;
    return NULL;
}

int loop_on_signals(struct loop *l, loop_signal_fn *fn, void *ctx)
{
    (void)l;
    (void)fn;
    (void)ctx;
    return 0;
}

double loop_lag_longest(const struct loop *l)
{
    (void)l;
    return 0;
}

double loop_lag_recent(struct loop *l)
{
    (void)l;
    return 0;
}

struct work {
    loop_work_fn *work;
    loop_done_fn *done;
    void *data;
};

static void on_work(void *ctx)
{
    struct work *w = ctx;
    w->work(w->data);
    w->done(w->data, false);
    free(w);
}

int loop_work(struct loop *l, loop_work_fn *work, loop_done_fn *done, void *data)
{
    struct work *w = memory_denies() ? NULL : calloc(1, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    *w = (struct work){work, done, data};
    sim_after(l->life, sim_between(1, 20), on_work, w);
    return 0;
}

/* --- what the product asks libuv and OpenSSL for --- */

uint64_t uv_hrtime(void)
{
    return (uint64_t)sim_now * 1000000u;
}

int uv_random(uv_loop_t *l, uv_random_t *req, void *buf, size_t n, unsigned flags, uv_random_cb cb)
{
    (void)l;
    (void)req;
    (void)flags;
    (void)cb;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)buf)[i] = (unsigned char)sim_random();
    return 0;
}

int RAND_bytes(unsigned char *buf, int n);
int RAND_bytes(unsigned char *buf, int n)
{
    return uv_random(NULL, NULL, buf, (size_t)n, 0, NULL) == 0;
}
