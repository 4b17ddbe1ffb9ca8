/* SPDX-License-Identifier: MIT
 * The platform: takes items of parkd's native format, and looks whether deliveries keep the promise: never
 * two of one lot at once, never a lower seq after a higher, the same bytes for the same (lot, seq).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define OPEN_MAX 64

struct held {
    bool known;
    uint64_t seq;
    int32_t free;
};

struct delivery { /* on its way, as its sender sees it */
    const struct life *life;
    const void *request;
    unsigned lots; /* bits */
};

enum platform_mode platform_mode;
int platform_rejects;
static struct held held[SIM_LOTS];
static struct delivery on_way[OPEN_MAX];
static uint64_t n_items;

void platform_init(void)
{
    memset(held, 0, sizeof held);
    memset(on_way, 0, sizeof on_way);
    platform_mode = PLATFORM_OK;
    platform_stalls_until = 0;
}

uint64_t platform_deliveries(void)
{
    return n_items;
}

bool platform_holds(int lot, uint64_t *seq, int32_t *free)
{
    *seq = held[lot].seq;
    *free = held[lot].free;
    return held[lot].known;
}

/* --- items --- */

struct item {
    int lot;
    uint64_t seq;
    int32_t free;
    struct view bytes;
};

static struct view between(struct view in, const char *before)
{
    const char *p = memmem(in.p, in.n, before, strlen(before));
    if (!p)
        return (struct view){NULL, 0};
    p += strlen(before);
    return (struct view){p, (size_t)(in.p + in.n - p)};
}

static int64_t number_after(struct view in, const char *before)
{
    struct view v = between(in, before);
    if (!v.n)
        sim_fail("an item without %s: " VIEW_FMT, before, VIEW_ARG(in));
    return v.p[0] == 'n' ? COUNT_NONE : strtoll(v.p, NULL, 10);
}

static void read_item(struct view bytes, struct item *out)
{
    struct view name = between(bytes, "{\"lot\":\"");
    const char *end = name.n ? memchr(name.p, '"', name.n) : NULL;
    if (!end)
        sim_fail("an item without a lot: " VIEW_FMT, VIEW_ARG(bytes));
    *out = (struct item){lot_of_name((struct view){name.p, (size_t)(end - name.p)}),
                         (uint64_t)number_after(bytes, "\"seq\":"), (int32_t)number_after(bytes, "\"free\":"),
                         bytes};
    if (out->lot < 0)
        sim_fail("an item of nobody: " VIEW_FMT, VIEW_ARG(bytes));
}

/* The next item, which ends where its braces do. */
static bool next_item(struct view *rest, struct item *out)
{
    int depth = 0;
    if (rest->n && rest->p[0] == ',')
        *rest = (struct view){rest->p + 1, rest->n - 1};
    if (!rest->n || rest->p[0] != '{')
        return false;
    for (size_t i = 0; i < rest->n; i++) {
        depth += rest->p[i] == '{' ? 1 : rest->p[i] == '}' ? -1 : 0;
        if (depth)
            continue;
        read_item((struct view){rest->p, i + 1}, out);
        *rest = (struct view){rest->p + i + 1, rest->n - i - 1};
        return true;
    }
    return false;
}

static bool is_beat(struct view body)
{
    return memmem(body.p, body.n, "\"heartbeat\":true", 16) != NULL;
}

/* --- two at once --- */

void platform_starts(const struct life *life, const void *request, struct view body)
{
    struct view rest = between(body, "\"items\":[");
    struct item item;
    unsigned lots = 0;
    while (!is_beat(body) && next_item(&rest, &item))
        lots |= 1u << item.lot;
    struct delivery *place = NULL;
    for (int i = 0; i < OPEN_MAX; i++) {
        struct delivery *d = &on_way[i];
        /* One that is stopped cannot notice the end of its request. With a tail of Redis a lease may be lost.
         */
        if (d->request && (d->lots & lots) && d->life->frozen_until <= sim_now && !judge_lost_lately())
            sim_fail("a delivery of a lot begins while another of it is on its way: %x %x", d->lots, lots);
        place = d->request ? place : d;
    }
    if (!place)
        sim_fail("%d requests at once", OPEN_MAX);
    *place = (struct delivery){life, request, lots};
    sim_trace("node %d begins a delivery of %x", life->node, lots);
}

void platform_ended(const void *request)
{
    for (int i = 0; i < OPEN_MAX; i++)
        if (on_way[i].request == request) {
            on_way[i].request = NULL;
            sim_trace("node %d ended its delivery of %x", on_way[i].life->node, on_way[i].lots);
        }
}

/* --- a visit --- */

static void take(const struct item *it)
{
    struct held *h = &held[it->lot];
    n_items++;
    judge_item(it->lot, it->seq, it->free, it->bytes);
    if (h->known && it->seq < h->seq && !judge_lost_lately())
        sim_fail("%s: seq %" PRIu64 " arrives after %" PRIu64, lot_name(it->lot), it->seq, h->seq);
    *h = (struct held){true, it->seq, it->free};
}

static void take_all(struct visit *v)
{
    struct view rest = between(v->body, "\"items\":[");
    struct item it;
    int rejected = 0;
    size_t n = (size_t)snprintf(v->answer, sizeof v->answer, "{\"results\":[");
    while (next_item(&rest, &it)) {
        bool no = platform_mode == PLATFORM_REJECTS && it.lot == platform_rejects;
        if (!no)
            take(&it);
        rejected += no;
        n += (size_t)snprintf(v->answer + n, sizeof v->answer - n, "%s{\"lot\":\"%s\",\"code\":\"%s\"}",
                              v->answer[n - 1] == '[' ? "" : ",", lot_name(it.lot), no ? "rejected" : "ok");
    }
    (void)snprintf(v->answer + n, sizeof v->answer - n, "],\"rejected\":%d}", rejected);
}

void platform_visit(struct visit *v)
{
    switch (platform_mode) {
    case PLATFORM_500:
        v->status = 500;
        return;
    case PLATFORM_429:
        v->status = 429;
        v->retry_after_ms = sim_between(1, 30) * SECOND;
        return;
    case PLATFORM_CUTS: /* before it read, or after it took everything */
        if (sim_chance(500) && !is_beat(v->body))
            take_all(v);
        v->status = 0;
        return;
    case PLATFORM_SILENT:
        if (sim_chance(500) && !is_beat(v->body))
            take_all(v);
        v->status = -1;
        return;
    case PLATFORM_OK:
    case PLATFORM_REJECTS:
    case PLATFORM_MODES:
        break;
    }
    if (is_beat(v->body))
        (void)snprintf(v->answer, sizeof v->answer, "{}");
    else
        take_all(v);
}
