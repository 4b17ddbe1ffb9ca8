/* SPDX-License-Identifier: MIT
 * A line of waiting requests a host (see the header). Hosts that nobody asked for a while are forgotten.
 */
#define HASH_NONFATAL_OOM 1

#include "feed/spacing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "parkd/net/timer.h"

#define GAP_MS     200
#define MAX_GAP_MS 60000 /* of any registration */

struct turn {
    struct turn *prev, *next;
    struct host *host;
    int64_t gap_ms;
    turn_fn *fn;
    void *ctx;
};

struct host {
    char origin[ORIGIN_SIZE];
    struct spacing *set;
    unsigned feeds;               /* that are registered there */
    int64_t last_ms, last_gap_ms; /* of the last turn, monotonic */
    struct turn *line;
    struct timer *due; /* armed while somebody waits */
    UT_hash_handle hh;
};

struct spacing {
    struct loop *loop;
    const struct clock *clock;
    struct host *hosts;
};

int64_t spacing_gap(const struct spacing_wish *wish, unsigned feeds)
{
    int64_t share_ms = wish->interval_ms / 4 / (feeds ? feeds : 1);
    if (wish->registered_ms > 0)
        return wish->registered_ms;
    return share_ms < GAP_MS ? share_ms : GAP_MS;
}

static bool has_port(struct view authority)
{
    size_t i = authority.n;
    while (i > 0 && isdigit((unsigned char)authority.p[i - 1]))
        i--;
    return i > 0 && authority.p[i - 1] == ':';
}

void spacing_origin(struct view url, char dst[ORIGIN_SIZE])
{
    bool https = url.n >= 8 && view_ieq((struct view){url.p, 8}, "https://");
    size_t from = https ? 8 : 7, n = from;
    while (n < url.n && !strchr("/?#", url.p[n]))
        n++;
    dst[0] = '\0';
    if (n <= from || n + sizeof ":443" > ORIGIN_SIZE)
        return;
    struct view authority = {url.p + from, n - from};
    (void)snprintf(dst, ORIGIN_SIZE, "%s" VIEW_FMT "%s", https ? "https://" : "http://", VIEW_ARG(authority),
                   has_port(authority) ? ""
                   : https             ? ":443"
                                       : ":80");
    for (char *c = dst; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

static int64_t free_at(const struct host *h, int64_t gap_ms)
{
    return h->last_ms + (gap_ms > h->last_gap_ms ? gap_ms : h->last_gap_ms);
}

static void host_free(struct host *h)
{
    HASH_DELETE(hh, h->set->hosts, h);
    timer_free(h->due);
    free(h);
}

/* Answers may lead to ever new hosts. */
static void forget_idle(struct spacing *s)
{
    struct host *h, *next;
    int64_t now = clock_mono_ms(s->clock);
    HASH_ITER(hh, s->hosts, h, next)
    {
        if (!h->line && !h->feeds && now - h->last_ms >= MAX_GAP_MS)
            host_free(h);
    }
}

static void arm(struct host *h)
{
    if (h->line)
        timer_arm(h->due, free_at(h, h->line->gap_ms) - clock_mono_ms(h->set->clock));
    else
        timer_cancel(h->due);
}

static void take(struct host *h, int64_t gap_ms)
{
    h->last_ms = clock_mono_ms(h->set->clock);
    h->last_gap_ms = gap_ms;
}

/* The turn is over before its owner hears of it: what he does then may cancel others, or ask for the next. */
static void on_due(void *ctx)
{
    struct host *h = ctx;
    struct turn *t = h->line;
    if (!t)
        return;
    if (clock_mono_ms(h->set->clock) < free_at(h, t->gap_ms)) {
        arm(h);
        return;
    }
    turn_fn *fn = t->fn;
    void *of = t->ctx;
    DL_DELETE(h->line, t);
    take(h, t->gap_ms);
    free(t);
    arm(h);
    fn(of);
}

static struct host *host_new(struct spacing *s, const char *origin)
{
    struct host *h = calloc(1, sizeof *h), *found = NULL;
    if (!h || !(h->due = timer_new(s->loop, on_due, h)))
        goto fail;
    h->set = s;
    (void)snprintf(h->origin, sizeof h->origin, "%s", origin);
    h->last_ms = INT64_MIN / 2;
    HASH_ADD_STR(s->hosts, origin, h);
    HASH_FIND_STR(s->hosts, origin, found);
    if (found == h)
        return h;
fail:
    if (h)
        timer_free(h->due);
    free(h);
    return NULL;
}

static struct host *host_of(struct spacing *s, struct view url)
{
    struct host *h = NULL;
    char origin[ORIGIN_SIZE];
    spacing_origin(url, origin);
    HASH_FIND_STR(s->hosts, origin, h);
    if (h)
        return h;
    forget_idle(s);
    return host_new(s, origin);
}

struct host *spacing_join(struct spacing *s, struct view url)
{
    struct host *h = host_of(s, url);
    if (h)
        h->feeds++;
    return h;
}

void spacing_leave(struct host *h)
{
    if (h)
        h->feeds--;
}

int spacing_take(struct spacing *s, struct view url, const struct spacing_wish *wish, turn_fn *fn, void *ctx,
                 struct turn **turn)
{
    struct host *h = host_of(s, url);
    *turn = NULL;
    if (!h)
        return ERR_NOMEM;
    int64_t gap_ms = spacing_gap(wish, h->feeds);
    if (!h->line && clock_mono_ms(s->clock) >= free_at(h, gap_ms)) {
        take(h, gap_ms);
        return 0;
    }
    struct turn *t = calloc(1, sizeof *t);
    if (!t)
        return ERR_NOMEM;
    *t = (struct turn){.host = h, .gap_ms = gap_ms, .fn = fn, .ctx = ctx};
    DL_APPEND(h->line, t);
    if (h->line == t)
        arm(h);
    *turn = t;
    return 0;
}

void turn_cancel(struct turn *t)
{
    if (!t)
        return;
    struct host *h = t->host;
    bool first = h->line == t;
    DL_DELETE(h->line, t);
    free(t);
    if (first)
        arm(h);
}

struct spacing *spacing_new(struct loop *loop, const struct clock *clock)
{
    struct spacing *s = calloc(1, sizeof *s);
    if (s)
        *s = (struct spacing){.loop = loop, .clock = clock};
    return s;
}

void spacing_free(struct spacing *s)
{
    struct host *h, *next;
    if (!s)
        return;
    HASH_ITER(hh, s->hosts, h, next)
    {
        host_free(h);
    }
    free(s);
}
