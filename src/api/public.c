/* SPDX-License-Identifier: MIT
 * What everybody may read. Answers that do not depend on where the asker stands come from the cache.
 */
#include <inttypes.h>
#include <stdio.h>

#include "api/forecasts.h"
#include "api/internal.h"
#include "parkd/base/iso8601.h"

#define LIST_FRESH_S 5  /* how long caches may give a list as it is … */
#define LIST_STALE_S 30 /* … and while they ask anew; never beyond the first number's limit */
#define STATIC_CACHE "public, max-age=3600"
#define KEY_MAX      1024

static void take_param(void *ctx, struct view name, struct view value)
{
    query_add(ctx, name, value);
}

void call_query(const struct call *c, struct query *out)
{
    *out = (struct query){.n = 0};
    http_each_query(c->req, take_param, out);
}

struct cache_stamp call_stamp(const struct call *c)
{
    const struct api *a = c->api;
    return (struct cache_stamp){registry_generation(a->reg), registry_confirmed(a->reg), api_now(a)};
}

const struct registry_lot *public_lot(const struct call *c)
{
    uint32_t idx = registry_find(c->api->reg, c->route.arg);
    const struct registry_lot *l = idx == REGISTRY_NONE ? NULL : registry_lot(c->api->reg, idx);
    if (l && select_public(l))
        return l;
    reply_problem(c, PROBLEM_NOT_FOUND, "no lot has this id");
    return NULL;
}

/* "<path>?<parameters in order>": one key for one answer, whatever the order they were asked in. */
static int key_of(const struct call *c, const struct query *q, struct buf *key)
{
    buf_init(key, KEY_MAX);
    buf_view(key, http_path(c->req));
    buf_char(key, '?');
    return query_print(q, false, key);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Opening hours change with a minute. */
static int64_t next_minute(int64_t now_ms)
{
    return now_ms - now_ms % MINUTE_MS + MINUTE_MS;
}

void reply_list(const struct call *c, struct reply *r, struct cache_entry *e)
{
    char text[80];
    int64_t span = e ? cache_span_ms(e) / 1000 : 0;
    int64_t fresh = least(span, LIST_FRESH_S), stale = least(span - fresh, LIST_STALE_S);
    (void)snprintf(text, sizeof text, "public, max-age=%d, stale-while-revalidate=%d", (int)fresh,
                   (int)stale);
    r->cache_control = text;
    reply_entry(c, r, e);
}

/* --- where it goes --- */

static enum trend trend_at(void *ctx, uint32_t idx)
{
    const struct api *a = ctx;
    const struct lot *l = &registry_lot(a->reg, idx)->lot;
    return idx < a->n_trends
               ? trend_tell(&a->trends[idx], l->open != COUNT_NONE ? l->open : l->total, api_now(a))
               : TREND_UNKNOWN;
}

static bool arrival_at(void *ctx, uint32_t idx, int minutes, struct forecast *out)
{
    const struct api *a = ctx;
    return forecasts_in(a->forecasts, idx, minutes, out);
}

static bool day_at(void *ctx, uint32_t idx, int64_t ms, struct forecast_day *out)
{
    const struct api *a = ctx;
    return forecasts_day(a->forecasts, idx, ms, out);
}

struct lot_outlook call_outlook(const struct call *c, int minutes)
{
    return (struct lot_outlook){trend_at, arrival_at, day_at, c->api, minutes};
}

/* --- lists --- */

static int link_of(const struct query *q, const struct selection *s, struct buf *link)
{
    char cursor[QUERY_CURSOR];
    struct buf rest;
    buf_init(link, KEY_MAX * 2);
    if (!s->more)
        return 0;
    buf_init(&rest, KEY_MAX);
    int err = query_print(q, true, &rest);
    buf_str(link, "</v1/lots?");
    buf_view(link, buf_get(&rest));
    selection_cursor(s, cursor);
    buf_printf(link, "%scursor=%s>; rel=\"next\"", rest.n ? "&" : "", cursor);
    buf_fini(&rest);
    return err ? err : link->err;
}

struct list {
    struct query q;
    struct lots_query asked;
    struct buf key;
};

/* NULL: answered already. */
static struct cache_entry *make_list(const struct call *c, const struct list *l)
{
    struct cache_stamp now = call_stamp(c);
    struct selection s;
    struct buf body, link;
    struct why why = {0};
    struct lot_outlook outlook = call_outlook(c, l->asked.arrive_in);
    int64_t until = 0;
    int err = select_lots(c->api->reg, call_places(c), &l->asked, now.now_ms, &s, &why);
    if (err) {
        reply_why(c, err == ERR_INVALID ? PROBLEM_PARAMETER : PROBLEM_INTERNAL, &why);
        return NULL;
    }
    buf_init(&body, API_MAX_ANSWER);
    err = link_of(&l->q, &s, &link);
    if (!err)
        err = render_lots(&s, &l->asked, &outlook, now.now_ms, &body, &until);
    until = least(until, next_minute(now.now_ms));
    /* Everybody stands somewhere else: such answers are not worth keeping. */
    struct cache_entry *e = NULL;
    if (!err && (l->asked.has_near || l->asked.has_bbox))
        e = cache_entry_make(&body, link.n ? link.p : NULL);
    else if (!err)
        e = cache_store(c->api->cache, buf_get(&l->key), &now, &body, until, link.n ? link.p : NULL);
    if (!e)
        reply_err(c, err ? err : ERR_NOMEM, NULL);
    selection_fini(&s);
    buf_fini(&link);
    buf_fini(&body);
    return e;
}

static void lots(const struct call *c)
{
    struct list l;
    struct why why = {0};
    call_query(c, &l.q);
    if (query_lots(&l.q, &l.asked, &why)) {
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    if (key_of(c, &l.q, &l.key)) {
        buf_fini(&l.key);
        reply_problem(c, PROBLEM_PARAMETER, "the parameters are too long");
        return;
    }
    struct cache_stamp now = call_stamp(c);
    struct cache_entry *e = cache_find(c->api->cache, buf_get(&l.key), &now);
    if (!e)
        e = make_list(c, &l);
    if (e)
        reply_list(c, &(struct reply){.status = 200}, e);
    buf_fini(&l.key);
}

static struct cache_entry *make_lot(const struct call *c, const struct lots_query *asked, struct view key)
{
    struct cache_stamp now = call_stamp(c);
    struct lot_view v = {.crs = asked->crs,
                         .now_ms = now.now_ms,
                         .distance_m = DISTANCE_NONE,
                         .fields = asked->fields,
                         .outlook = call_outlook(c, 0)};
    const struct registry_lot *l = public_lot(c);
    struct buf body;
    if (!l)
        return NULL;
    int64_t until = freshness_current(&l->reading, l->interval_ms, now.now_ms)
                        ? freshness_valid_until(&l->reading, l->interval_ms)
                        : INT64_MAX;
    until = least(until, next_minute(now.now_ms));
    buf_init(&body, API_MAX_ANSWER);
    int err = render_lot(l, &v, &body);
    struct cache_entry *e = err ? NULL : cache_store(c->api->cache, key, &now, &body, until, NULL);
    if (!e)
        reply_err(c, err ? err : ERR_NOMEM, NULL);
    buf_fini(&body);
    return e;
}

static void lot(const struct call *c)
{
    struct query q;
    struct why why = {0};
    struct lots_query asked;
    struct buf key;
    call_query(c, &q);
    if (query_lot(&q, &asked, &why)) {
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    buf_init(&key, KEY_MAX);
    buf_view(&key, http_path(c->req));
    buf_printf(&key, "?%s %" PRIx64, datum_name(asked.crs), asked.fields);
    struct cache_stamp now = call_stamp(c);
    struct cache_entry *e = cache_find(c->api->cache, buf_get(&key), &now);
    if (!e)
        e = make_lot(c, &asked, buf_get(&key));
    if (e)
        reply_list(c, &(struct reply){.status = 200}, e);
    buf_fini(&key);
}

/* --- sums --- */

static struct cache_entry *make_summary(const struct call *c, struct view area, struct view key)
{
    struct cache_stamp now = call_stamp(c);
    struct summary s;
    struct buf body;
    if (summary_make(c->api->reg, SUMMARY_PUBLIC, area, now.now_ms, &s))
        return NULL;
    buf_init(&body, API_MAX_ANSWER);
    /* A number may run out at any moment in a sum: a second is how long it stands. */
    int err = render_summary(&s, c->api->district, area, now.now_ms, &body);
    struct cache_entry *e =
        err ? NULL : cache_store(c->api->cache, key, &now, &body, now.now_ms + CACHE_CALM_MS, NULL);
    summary_fini(&s);
    buf_fini(&body);
    return e;
}

static void summary(const struct call *c)
{
    struct query q;
    struct view area;
    struct why why = {0};
    struct buf key;
    call_query(c, &q);
    if (query_summary(&q, &area, &why)) {
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    if (key_of(c, &q, &key)) {
        buf_fini(&key);
        reply_problem(c, PROBLEM_PARAMETER, "the parameters are too long");
        return;
    }
    struct cache_stamp now = call_stamp(c);
    struct cache_entry *e = cache_find(c->api->cache, buf_get(&key), &now);
    if (!e)
        e = make_summary(c, area, buf_get(&key));
    reply_list(c, &(struct reply){.status = 200}, e);
    buf_fini(&key);
}

/* --- health --- */

static void healthz(const struct call *c)
{
    reply_bytes(c, &(struct reply){.status = 200, .type = "application/json"}, VIEW("{\"alive\":true}\n"));
}

static void readyz(const struct call *c)
{
    const char *reason = NULL;
    if (c->api->port.ready(c->api->port.ctx, &reason))
        reply_bytes(c, &(struct reply){.status = 200, .type = "application/json"},
                    VIEW("{\"ready\":true}\n"));
    else
        reply_problem(c, PROBLEM_NOT_READY, reason);
}

static void problem_page(const struct call *c)
{
    struct buf b;
    buf_init(&b, 4096);
    if (render_problem_page(c->route.arg, &b))
        reply_problem(c, PROBLEM_NOT_FOUND, NULL);
    else
        reply_bytes(c,
                    &(struct reply){
                        .status = 200, .type = "text/plain; charset=utf-8", .cache_control = STATIC_CACHE},
                    buf_get(&b));
    buf_fini(&b);
}

void public_handle(const struct call *c)
{
    switch (c->route.id) {
    case ROUTE_LOTS:
        lots(c);
        break;
    case ROUTE_LOT:
        lot(c);
        break;
    case ROUTE_SUMMARY:
        summary(c);
        break;
    case ROUTE_HEALTHZ:
        healthz(c);
        break;
    case ROUTE_READYZ:
        readyz(c);
        break;
    default:
        problem_page(c);
        break;
    }
}
