/* SPDX-License-Identifier: MIT
 * Who asks, and how often. Behind a trusted proxy that is whom it names last in X-Forwarded-For: what stands
 * before may be invented.
 */
#include "api/internal.h"
#include "parkd/base/counters.h"
#include "parkd/net/addr_filter.h"

#define HOPS_MAX 8

static bool is_proxy(const struct api *a, struct view address)
{
    return view_is(address, "unix") || (a->proxies && addr_filter_has(a->proxies, address));
}

static struct view last_of(struct view *list)
{
    size_t n = list->n;
    while (n && list->p[n - 1] != ',')
        n--;
    struct view last = view_trim((struct view){list->p + n, list->n - n});
    list->n = n ? n - 1 : 0;
    return last;
}

/* Some proxies add a line of their own behind what came: the last one is theirs. */
static void take_forwarded(void *ctx, struct view name, struct view value)
{
    if (view_ieq(name, "x-forwarded-for"))
        *(struct view *)ctx = value;
}

struct view client_address(const struct call *c)
{
    struct view at = http_peer(c->req), list = {NULL, 0};
    if (is_proxy(c->api, at))
        http_each_header(c->req, take_forwarded, &list);
    for (int i = 0; i < HOPS_MAX && is_proxy(c->api, at); i++) {
        if (!list.n)
            return (struct view){NULL, 0};
        at = last_of(&list);
    }
    return at;
}

struct view client_named(const struct call *c)
{
    struct view at = client_address(c);
    return at.n ? at : http_peer(c->req);
}

/* A push has its own key, and a monitor must hear of us when everything else is too much. */
static bool is_counted(const struct call *c)
{
    enum route_id id = c->route.id;
    return c->api->rate && c->from == &c->api->public && id != ROUTE_INGEST && id != ROUTE_HEALTHZ &&
           id != ROUTE_READYZ;
}

bool client_may(struct call *c)
{
    struct view address = is_counted(c) ? client_address(c) : (struct view){NULL, 0};
    if (!address.n)
        return true;
    c->rate = rate_take(c->api->rate, address, clock_mono_ms(c->api->clock));
    if (!c->rate.retry_s)
        return true;
    counter_add(C_HTTP_LIMITED, 1);
    reply_wait(c, PROBLEM_TOO_MANY, c->rate.retry_s,
               "more than may come in a minute from one address; RateLimit-Policy says how many");
    return false;
}
