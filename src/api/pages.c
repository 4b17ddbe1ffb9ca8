/* SPDX-License-Identifier: MIT
 * The residents' pages and the files beside them. Pages that many ask for are kept as long as their numbers
 * are true.
 */
#include <stdio.h>
#include <string.h>

#include "api/assets.h"
#include "api/internal.h"
#include "api/page.h"

#include "gen/web/board_html.h"
#include "gen/web/index_html.h"
#include "gen/web/lot_html.h"
#include "gen/web/map_html.h"

#define PAGE_ROWS    1000
#define KEY_MAX      1024
#define AREA_MAX     96
#define STATIC_CACHE "public, max-age=3600"
#define FOREVER      "public, max-age=31536000, immutable"
#define OFFICE_POLICY                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " \
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

#define TEMPLATE(name)                             \
    (struct view)                                  \
    {                                              \
        (const char *)name##_html, name##_html_len \
    }

bool page_route(enum route_id id)
{
    return id == ROUTE_PAGE || id == ROUTE_PAGE_LOT || id == ROUTE_PAGE_MAP || id == ROUTE_PAGE_BOARD ||
           id == ROUTE_MANIFEST;
}

static struct view template_of(enum route_id id)
{
    switch (id) {
    case ROUTE_PAGE_LOT:
        return TEMPLATE(lot);
    case ROUTE_PAGE_MAP:
        return TEMPLATE(map);
    case ROUTE_PAGE_BOARD:
        return TEMPLATE(board);
    default:
        return TEMPLATE(index);
    }
}

/* --- making one --- */

static int64_t page_until(const struct selection *s, int64_t now_ms)
{
    int64_t calm = now_ms + CACHE_CALM_MS * 5; /* the ages on it are in seconds */
    int64_t until = selection_until(s, now_ms);
    return until < calm ? until : calm;
}

static void keep_area(struct selection *s, struct view area)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!area.n || view_is(area, s->v[i].lot->lot.area))
            s->v[n++] = s->v[i];
    s->n = n;
}

static struct page_view view_of_call(const struct call *c, const struct page_query *q)
{
    const struct api *a = c->api;
    return (struct page_view){.english = q->english,
                              .large = q->large,
                              .embed = q->embed && c->route.id == ROUTE_PAGE,
                              .district = a->district,
                              .assets = a->assets_path,
                              .navigators = &a->pages->navigators,
                              .tiles = &a->pages->tiles,
                              .now_ms = api_now(a),
                              .outlook = call_outlook(c, 0)};
}

static struct cache_entry *render(const struct call *c, const struct page_query *q, const struct selection *s,
                                  struct view key)
{
    struct cache_stamp now = call_stamp(c);
    struct page_view v = view_of_call(c, q);
    struct buf body;
    buf_init(&body, API_MAX_ANSWER);
    struct cache_entry *e = NULL;
    if (page_render(template_of(c->route.id), s, &v, &body) == 0)
        e = cache_store(c->api->cache, key, &now, &body, page_until(s, now.now_ms), NULL);
    buf_fini(&body);
    return e;
}

static struct cache_entry *make_lists(const struct call *c, const struct page_query *q, struct view key)
{
    struct selection s;
    if (select_page(c->api->reg, api_now(c->api), PAGE_ROWS, &s))
        return NULL;
    keep_area(&s, q->area);
    struct cache_entry *e = render(c, q, &s, key);
    selection_fini(&s);
    return e;
}

static struct cache_entry *make_page(const struct call *c, const struct page_query *q,
                                     const struct registry_lot *lot, struct view key)
{
    struct picked one = {.lot = lot, .distance_m = DISTANCE_NONE};
    struct selection s = {.v = &one, .n = 1};
    return lot ? render(c, q, &s, key) : make_lists(c, q, key);
}

/* --- giving it --- */

static void page_headers(const struct call *c, const struct page_query *q, struct reply *r)
{
    bool embed = q->embed && c->route.id == ROUTE_PAGE;
    reply_header(r, "Content-Security-Policy", embed ? c->api->embed_policy : c->api->page_policy);
    reply_header(r, "Referrer-Policy", "no-referrer");
    reply_header(r, "Permissions-Policy", "camera=(), microphone=(), geolocation=(self)");
    reply_header(r, "Content-Language", q->english ? "en" : "zh-CN");
}

static void give_manifest(const struct call *c, const struct page_query *q)
{
    struct page_view v = view_of_call(c, q);
    struct buf body;
    buf_init(&body, API_MAX_ANSWER);
    struct cache_entry *e = page_manifest(&v, &body) ? NULL : cache_entry_make(&body, NULL);
    reply_entry(
        c, &(struct reply){.status = 200, .type = "application/manifest+json", .cache_control = STATIC_CACHE},
        e);
    buf_fini(&body);
}

void page_handle(const struct call *c)
{
    struct query all;
    char key[KEY_MAX];
    const struct registry_lot *lot = NULL;
    struct reply r = {.status = 200, .type = "text/html; charset=utf-8"};
    call_query(c, &all);
    struct page_query q = query_page(&all);
    if (c->route.id == ROUTE_MANIFEST) {
        give_manifest(c, &q);
        return;
    }
    if (q.area.n > AREA_MAX)
        q.area.n = 0;
    if (c->route.id == ROUTE_PAGE_LOT && !(lot = public_lot(c)))
        return;
    (void)snprintf(key, sizeof key, "page " VIEW_FMT "?%d%d%d" VIEW_FMT, VIEW_ARG(http_path(c->req)),
                   q.english, q.large, q.embed, VIEW_ARG(q.area));
    struct cache_stamp now = call_stamp(c);
    struct cache_entry *e = cache_find(c->api->cache, view_of(key), &now);
    if (!e)
        e = make_page(c, &q, lot, view_of(key));
    page_headers(c, &q, &r);
    reply_list(c, &r, e);
}

/* --- files --- */

/* Kept from the first asking on; NULL: no memory. */
static struct cache_entry *asset_entry(struct api *a, size_t which)
{
    const struct asset *file = asset_at(which);
    struct buf b;
    if (!a->assets[which]) {
        buf_init(&b, file->n + 1);
        buf_put(&b, file->bytes, file->n);
        a->assets[which] = cache_entry_make(&b, NULL);
    }
    return cache_ref(a->assets[which]);
}

/* Under this build's own address for ever; else asked for each time, so that no page runs with another's
 * scripts. */
static const char *lasting(const struct call *c, const struct asset *file)
{
    struct view path = http_path(c->req);
    if (view_starts(path, c->api->assets_path) && asset_is_residents(file))
        return FOREVER;
    return file->open ? STATIC_CACHE : "no-cache";
}

void asset_handle(const struct call *c)
{
    const struct asset *file = asset_at(c->route.asset);
    struct reply r = {.status = 200, .type = file->type, .cache_control = lasting(c, file)};
    if (asset_is_page(file)) {
        reply_header(&r, "Content-Security-Policy", OFFICE_POLICY);
        reply_header(&r, "Referrer-Policy", "no-referrer");
        reply_header(&r, "Cross-Origin-Opener-Policy", "same-origin");
        reply_header(&r, "Permissions-Policy", "camera=(), microphone=(), geolocation=(self)");
    }
    reply_entry(c, &r, asset_entry(c->api, c->route.asset));
}
