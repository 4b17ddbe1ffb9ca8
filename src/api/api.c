/* SPDX-License-Identifier: MIT
 * Two listeners, one handler: finds the route, sends the request to its audience.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/assets.h"
#include "api/forecasts.h"
#include "api/internal.h"
#include "api/page.h"
#include "api/stream.h"
#include "parkd/base/file.h"
#include "parkd/base/log.h"

#define CACHE_ENTRIES     256
#define CACHE_BYTES       ((size_t)64 * 1024 * 1024)
#define HEAD_MS           5000
#define BODY_MS           10000
#define IDLE_MS           15000
#define PEM_MAX           ((size_t)1024 * 1024)
#define STAFF_CONNECTIONS 64
#define STAFF_MAX_BODY    ((size_t)3 * 1024 * 1024) /* a sample of 1 MiB with its escapes */

int64_t api_now(const struct api *a)
{
    return clock_wall_ms(a->clock);
}

struct api *api_ref(struct api *a)
{
    a->refs++;
    return a;
}

void api_unref(struct api *a)
{
    if (--a->refs > 0)
        return;
    cache_free(a->cache);
    places_free(a->places);
    streams_free(a->streams);
    forecasts_free(a->forecasts);
    free(a->trends);
    for (size_t i = 0; a->assets && i < asset_count(); i++)
        cache_release(a->assets[i]);
    free(a->assets);
    auth_memory_free(a->taken);
    rate_free(a->rate);
    free(a->district);
    free(a);
}

/* --- places --- */

/* Without memory a lot has no trend. */
static void take_trend(struct api *a, uint32_t idx)
{
    if (idx >= a->n_trends) {
        uint32_t n = idx * 2 + 64;
        struct trend_of_lot *v = realloc(a->trends, n * sizeof *v);
        if (!v)
            return;
        memset(v + a->n_trends, 0, (n - a->n_trends) * sizeof *v);
        a->trends = v;
        a->n_trends = n;
    }
    trend_take(&a->trends[idx], &registry_lot(a->reg, idx)->reading);
}

static void on_registry(void *ctx, uint32_t idx, enum registry_event ev)
{
    struct api *a = ctx;
    a->places_moved |= ev == REGISTRY_REGISTERED || ev == REGISTRY_REMOVED;
    streams_heard(a->streams, idx, ev);
    forecasts_heard(a->forecasts, idx, ev);
    take_trend(a, idx);
}

const struct places *call_places(const struct call *c)
{
    struct api *a = c->api;
    if (a->places_moved && places_build(a->places, a->reg) == 0)
        a->places_moved = false;
    return a->places;
}

/* --- requests --- */

/* A feed may own paths that its vendor's boxes have built in. */
static void handle_unknown(struct call *c)
{
    const struct api_port *port = &c->api->port;
    const struct feed *feed = port->feed_by_path(port->ctx, http_path(c->req));
    if (!feed) {
        if (client_may(c))
            reply_problem(c, PROBLEM_NOT_FOUND, "no such path");
        return;
    }
    c->route = (struct route){.id = ROUTE_INGEST, .noun = NOUN_FEED, .methods = ingest_methods(feed)};
    if (http_method(c->req) == HTTP_OPTIONS)
        reply_options(c);
    else if (ingest_takes(c))
        ingest_handle(c, feed);
    else
        reply_method(c);
}

static void handle_route(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    if (http_method(c->req) == HTTP_OPTIONS)
        reply_options(c);
    else if (c->route.id == ROUTE_OFFICE)
        gate(c, office_route);
    else if (c->route.access != ACCESS_ANYBODY)
        gate(c, admin_handle);
    else if (c->route.staff)
        admin_handle(c);
    else if (c->route.id == ROUTE_INGEST)
        ingest_handle(c, port->feed_by_id(port->ctx, c->route.arg));
    else if (page_route(c->route.id))
        page_handle(c);
    else if (c->route.id == ROUTE_ASSET)
        asset_handle(c);
    else if (c->route.id == ROUTE_SNAPSHOT)
        snapshot_handle(c);
    else if (c->route.id == ROUTE_HISTORY)
        history_handle(c);
    else if (c->route.id == ROUTE_FORECAST)
        forecast_handle(c);
    else if (c->route.id == ROUTE_EXPORT)
        export_handle(c);
    else if (c->route.id == ROUTE_STREAM)
        stream_handle(c);
    else
        public_handle(c);
}

static void on_request(void *ctx, struct http_request *req)
{
    struct listener *l = ctx;
    struct call c = {.api = l->api, .req = req, .from = l};
    if (c.api->gone) {
        reply_problem(&c, PROBLEM_NOT_READY, "ending");
        return;
    }
    switch (route_find(http_method(req), http_path(req), l->staff, &c.route)) {
    case ROUTE_FOUND:
        if (client_may(&c))
            handle_route(&c);
        break;
    case ROUTE_WRONG_METHOD:
        reply_method(&c);
        break;
    case ROUTE_UNKNOWN:
        handle_unknown(&c);
        break;
    }
}

/* --- start and end --- */

static int read_pem(const char *path, struct buf *out, struct why *why)
{
    int err = file_read(path, out);
    if (!err)
        return 0;
    return why_set(why, ERR_IO, "public", err == ERR_TOO_BIG ? "%s is larger than 1 MiB" : "cannot read %s",
                   path);
}

static int listen_on(struct listener *l, struct loop *loop, const struct http_server_conf *conf,
                     struct why *why)
{
    l->server = http_server_new(loop, conf, on_request, l, why);
    if (l->server)
        l->api->listening++;
    return l->server ? 0 : ERR_IO;
}

/* With a certificate it speaks TLS. */
static int open_tls(struct listener *l, struct loop *loop, struct http_server_conf *hc, const char *cert_file,
                    const char *key_file, struct why *why)
{
    struct buf cert, key;
    int err = 0;
    buf_init(&cert, PEM_MAX);
    buf_init(&key, PEM_MAX);
    l->tls = cert_file && cert_file[0];
    if (l->tls) {
        err = read_pem(cert_file, &cert, why);
        if (!err)
            err = read_pem(key_file ? key_file : "", &key, why);
        hc->tls_cert = cert.p;
        hc->tls_key = key.p;
    }
    if (!err)
        err = listen_on(l, loop, hc, why);
    buf_fini(&cert);
    buf_fini(&key);
    return err;
}

static int open_public(struct api *a, struct loop *loop, const struct api_conf *conf, struct why *why)
{
    struct http_server_conf hc = {.listen = conf->public_listen,
                                  .max_body = (size_t)conf->max_body,
                                  .max_connections = conf->max_connections,
                                  .max_per_address = conf->max_per_address,
                                  .unlimited = conf->proxies,
                                  .head_ms = HEAD_MS,
                                  .body_ms = BODY_MS,
                                  .idle_ms = IDLE_MS};
    return open_tls(&a->public, loop, &hc, conf->tls_cert_file, conf->tls_key_file, why);
}

static int open_staff(struct api *a, struct loop *loop, const struct api_conf *conf, struct why *why)
{
    struct http_server_conf hc = {.max_body = STAFF_MAX_BODY,
                                  .max_connections = STAFF_CONNECTIONS,
                                  .head_ms = HEAD_MS,
                                  .body_ms = BODY_MS,
                                  .idle_ms = IDLE_MS};
    int err = 0;
    if (conf->socket && conf->socket[0]) {
        hc.listen = conf->socket;
        err = listen_on(&a->socket, loop, &hc, why);
    }
    if (!err && conf->staff_listen && conf->staff_listen[0]) {
        hc.listen = conf->staff_listen;
        err = open_tls(&a->staff, loop, &hc, conf->staff_cert_file, conf->staff_key_file, why);
    }
    return err;
}

static const struct pages_conf no_pages = {.tiles = {.url = "", .attribution = ""}, .embedders = ""};

static int make_parts(struct api *a, const struct api_conf *conf)
{
    a->district = view_dup(view_of(conf->district_name ? conf->district_name : ""));
    a->cache = cache_new(CACHE_ENTRIES, CACHE_BYTES);
    a->places = places_new();
    a->places_moved = true;
    a->streams = streams_new(a, conf->max_streams);
    a->holidays = conf->holidays;
    a->pages = conf->pages ? conf->pages : &no_pages;
    page_policy(a->pages, false, a->page_policy);
    page_policy(a->pages, true, a->embed_policy);
    asset_version(a->assets_path);
    a->forecasts = forecasts_new(a);
    a->taken = auth_memory_new();
    a->rate = conf->rate_per_minute > 0 ? rate_new(conf->rate_per_minute) : NULL;
    a->proxies = conf->proxies;
    a->assets = calloc(asset_count(), sizeof *a->assets);
    return a->district && a->cache && a->places && a->streams && a->forecasts && a->taken && a->assets &&
                   (a->rate || conf->rate_per_minute <= 0)
               ? 0
               : ERR_NOMEM;
}

static void on_server_gone(void *ctx)
{
    struct listener *l = ctx;
    struct api *a = l->api;
    if (--a->listening > 0)
        return;
    void (*stopped)(void *) = a->stopped;
    void *stopped_ctx = a->stopped_ctx;
    a->stopped = NULL;
    a->gone = true;
    api_unref(a); /* the servers' reference */
    if (stopped)
        stopped(stopped_ctx);
}

static void stop_server(struct listener *l, int64_t grace_ms)
{
    struct http_server *s = l->server;
    l->server = NULL;
    if (s)
        http_server_stop(s, grace_ms, on_server_gone, l);
}

/* Nothing was promised yet; a listener that did open closes in the loop's next turns and takes the memory
 * with it. */
static void api_abandon(struct api *a)
{
    if (!a)
        return;
    a->gone = true;
    registry_unwatch(a->reg, on_registry, a);
    if (a->streams)
        streams_stop(a->streams);
    if (a->forecasts)
        forecasts_stop(a->forecasts);
    if (a->listening)
        api_ref(a);
    stop_server(&a->public, 0);
    stop_server(&a->staff, 0);
    stop_server(&a->socket, 0);
    api_unref(a);
}

/* Without a slash at its end; "": there is no public listener. */
static void make_public_url(struct api *a, const struct api_conf *conf)
{
    bool tls = conf->tls_cert_file && conf->tls_cert_file[0];
    size_t n = sizeof a->public_url;
    if (conf->public_url && conf->public_url[0])
        (void)snprintf(a->public_url, n, "%s", conf->public_url);
    else if (a->public_address[0])
        (void)snprintf(a->public_url, n, "%s://%s", tls ? "https" : "http", a->public_address);
    for (n = strlen(a->public_url); n && a->public_url[n - 1] == '/'; n--)
        a->public_url[n - 1] = '\0';
}

static void show_address(const struct listener *l, char dst[160])
{
    (void)snprintf(dst, 160, "%s", l->server ? http_server_address(l->server) : "");
}

struct api *api_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                    const struct api_conf *conf, const struct api_port *port, struct why *why)
{
    struct api *a = calloc(1, sizeof *a);
    if (!a) {
        (void)why_set(why, ERR_NOMEM, "", "out of memory");
        return NULL;
    }
    a->refs = 1;
    a->loop = loop;
    a->clock = clock;
    a->reg = reg;
    a->port = *port;
    a->public.api = a->staff.api = a->socket.api = a;
    a->staff.staff = a->socket.staff = a->socket.socket = true;
    if (make_parts(a, conf)) {
        (void)why_set(why, ERR_NOMEM, "", "out of memory");
        goto fail;
    }
    if (registry_watch(reg, on_registry, a)) {
        (void)why_set(why, ERR_FULL, "", "too many watch the registry");
        goto fail;
    }
    if (open_public(a, loop, conf, why) || open_staff(a, loop, conf, why))
        goto fail;
    api_ref(a); /* the servers' */
    show_address(&a->public, a->public_address);
    show_address(&a->staff, a->staff_address);
    show_address(&a->socket, a->socket_address);
    make_public_url(a, conf);
    log_info(API, "public=%s staff=%s socket=%s", a->public_address, a->staff_address, a->socket_address);
    return a;
fail:
    api_abandon(a);
    return NULL;
}

const char *api_public_address(const struct api *a)
{
    return a->public_address;
}

const char *api_staff_address(const struct api *a)
{
    return a->socket_address[0] ? a->socket_address : a->staff_address;
}

const char *api_console_address(const struct api *a)
{
    return a->staff_address;
}

void api_stop(struct api *a, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx)
{
    if (a->stopped)
        return;
    a->stopped = stopped;
    a->stopped_ctx = ctx;
    streams_stop(a->streams);
    stop_server(&a->public, grace_ms);
    stop_server(&a->staff, grace_ms);
    stop_server(&a->socket, grace_ms);
}

void api_free(struct api *a)
{
    if (!a)
        return;
    a->gone = true;
    registry_unwatch(a->reg, on_registry, a);
    api_unref(a);
}
