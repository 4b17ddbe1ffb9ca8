/* SPDX-License-Identifier: MIT
 * Leases: who polls a partition, who publishes to a sink. They save double work and nothing else: the update
 * script decides.
 *
 * What is asked for once is wanted until it is dropped: taken when free, extended every 15 s. A lease counts
 * from the moment its request was sent, by the monotonic clock. Another's is looked at every 5 s, and taken
 * over when its record did not change for as long as a lease lasts, counted from when we saw it, by our
 * monotonic clock: so its owner's has ended before, whatever Redis' clock does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "parkd/net/timer.h"
#include "store/store_impl.h"

#define LEASE_MS   45000
#define RENEW_MS   15000
#define WATCH_MS   5000
#define KEEP_MS    (60 * 60 * 1000) /* in Redis, when nobody wants it any more */
#define RECORD_MAX 64
#define SINKS_MAX  256

struct lease {
    struct leases *all;
    char sink[SINK_ID_SIZE]; /* empty: the partition's poll lease */
    unsigned part;
    bool wanted, asking;
    int64_t asked_ms, until_ms; /* monotonic; until 0: not held */
    char record[RECORD_MAX];    /* as we saw it last; empty: none */
    int64_t since_ms;           /* since when it is the same */
};

struct leases {
    struct store *st;
    struct timer *timer;
    struct lease *polls; /* by partition */
    unsigned n_polls;
    struct lease *sinks[SINKS_MAX]; /* allocated one by one: commands in flight point to them */
    size_t n_sinks, asking;
};

static void ask_all(void *ctx)
{
    leases_kick(ctx);
}

struct leases *leases_new(struct store *st)
{
    struct leases *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->st = st;
    if (!(l->timer = timer_new(st->loop, ask_all, l))) {
        free(l);
        return NULL;
    }
    return l;
}

void leases_free(struct leases *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n_sinks; i++)
        free(l->sinks[i]);
    timer_free(l->timer);
    free(l->polls);
    free(l);
}

/* Called when nothing is in flight. */
void leases_repartition(struct leases *l)
{
    if (l->n_polls == l->st->partitions)
        return;
    free(l->polls);
    l->n_polls = 0;
    if (!(l->polls = calloc(l->st->partitions, sizeof *l->polls)))
        return; /* without memory nobody polls here; the next load tries again */
    l->n_polls = l->st->partitions;
    for (unsigned i = 0; i < l->n_polls; i++) {
        l->polls[i].all = l;
        l->polls[i].part = i;
    }
}

static struct key lease_key(const struct lease *one)
{
    char name[16 + SINK_ID_SIZE];
    if (!one->sink[0])
        return key_part(one->all->st->prefix, one->part, "lease:poll");
    snprintf(name, sizeof name, "lease:sink:%s", one->sink);
    return key_global(one->all->st->prefix, name);
}

static void name_of(const struct lease *one, char *dst, size_t size)
{
    if (one->sink[0])
        snprintf(dst, size, "sink:%s", one->sink);
    else
        snprintf(dst, size, "poll:%02u", one->part);
}

/* Whose is it, by "<instance> <number>"? */
static bool is_ours(const struct leases *l, struct view record)
{
    size_t n = strlen(l->st->instance);
    return view_starts(record, l->st->instance) && record.n > n && record.p[n] == ' ';
}

/* How long that record has been the same. */
static int64_t watch(struct lease *one, struct view record, int64_t now)
{
    if (!view_is(record, one->record)) {
        if (view_copy(record, one->record, sizeof one->record))
            one->record[0] = '\0'; /* no parkd wrote that: it ends with its time to live */
        one->since_ms = now;
    }
    return now - one->since_ms;
}

static void on_answer(void *ctx, const struct reply *r, enum redis_error err)
{
    struct lease *one = ctx;
    struct leases *l = one->all;
    int64_t now = clock_mono_ms(l->st->clock);
    char name[16 + SINK_ID_SIZE];
    one->asking = false;
    l->asking--;
    if (err || !one->wanted)
        return; /* what is held stays held until its time */
    bool had = one->until_ms > now, has = is_ours(l, reply_text(r));
    int64_t wait = LEASE_MS - watch(one, reply_text(r), now);
    one->until_ms = has ? one->asked_ms + LEASE_MS : 0;
    if (had != has) {
        name_of(one, name, sizeof name);
        log_info(STORE, "lease=%s held=%s", name, has ? "yes" : "no");
    }
    if (!has && wait > 0 && wait < WATCH_MS && l->st->phase == PHASE_UP)
        timer_arm(l->timer, wait); /* it may be ours before the next look */
}

/* hold_ms 0: gives back. */
static void ask(struct lease *one, int64_t hold_ms)
{
    struct leases *l = one->all;
    struct redis_cmd cmd;
    one->asked_ms = clock_mono_ms(l->st->clock);
    bool names = !hold_ms || one->asked_ms - one->since_ms >= LEASE_MS;
    redis_cmd_init(&cmd);
    redis_cmd_eval(&cmd, &l->st->scripts[SCRIPT_LEASE], 1);
    redis_cmd_key(&cmd, lease_key(one));
    redis_cmd_str(&cmd, l->st->instance);
    redis_cmd_int(&cmd, hold_ms);
    redis_cmd_str(&cmd, names ? one->record : "");
    one->asking = true;
    l->asking++;
    if (store_send_fini(l->st, &cmd, on_answer, one)) {
        one->asking = false;
        l->asking--;
    }
}

static void ask_if_due(struct lease *one, int64_t now)
{
    bool fresh = one->until_ms > now + LEASE_MS - RENEW_MS;
    if (one->wanted && !one->asking && !fresh)
        ask(one, KEEP_MS);
}

void leases_kick(struct leases *l)
{
    int64_t now = clock_mono_ms(l->st->clock);
    if (!store_up(l->st) || l->st->stopping)
        return;
    timer_arm(l->timer, WATCH_MS);
    for (unsigned i = 0; i < l->n_polls; i++)
        ask_if_due(&l->polls[i], now);
    for (size_t i = 0; i < l->n_sinks; i++)
        ask_if_due(l->sinks[i], now);
}

static int64_t want(struct lease *one)
{
    int64_t now = clock_mono_ms(one->all->st->clock);
    if (!one->wanted) {
        one->wanted = true;
        timer_arm(one->all->timer, 0);
    }
    return one->until_ms > now ? one->until_ms : 0;
}

int64_t store_lease_poll(struct store *st, struct view id)
{
    unsigned part = partition_of(id, st->partitions);
    return part < st->leases->n_polls ? want(&st->leases->polls[part]) : 0;
}

bool leases_has_partition(struct leases *l, unsigned partition)
{
    return partition < l->n_polls && l->polls[partition].until_ms > clock_mono_ms(l->st->clock);
}

static struct lease *find_sink(const struct leases *l, const char *sink)
{
    for (size_t i = 0; i < l->n_sinks; i++) {
        if (strcmp(l->sinks[i]->sink, sink) == 0)
            return l->sinks[i];
    }
    return NULL;
}

static struct lease *add_sink(struct leases *l, const char *sink)
{
    struct lease *one = l->n_sinks < SINKS_MAX ? calloc(1, sizeof *one) : NULL;
    if (!one || view_copy(view_of(sink), one->sink, sizeof one->sink)) {
        free(one);
        return NULL;
    }
    one->all = l;
    l->sinks[l->n_sinks++] = one;
    return one;
}

int64_t store_lease_sink(struct store *st, const char *sink)
{
    struct lease *one = find_sink(st->leases, sink);
    if (!one && !(one = add_sink(st->leases, sink)))
        return 0;
    return want(one);
}

static void give_back(struct lease *one)
{
    if (one->until_ms)
        ask(one, 0);
    one->wanted = false;
    one->until_ms = 0;
}

void store_lease_sink_drop(struct store *st, const char *sink)
{
    struct lease *one = find_sink(st->leases, sink);
    if (one)
        give_back(one);
}

void leases_release(struct leases *l)
{
    timer_cancel(l->timer);
    for (unsigned i = 0; i < l->n_polls; i++)
        give_back(&l->polls[i]);
    for (size_t i = 0; i < l->n_sinks; i++)
        give_back(l->sinks[i]);
}

bool leases_busy(const struct leases *l)
{
    return l->asking > 0;
}
