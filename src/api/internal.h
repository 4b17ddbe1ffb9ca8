/* SPDX-License-Identifier: MIT
 * What the files of the API share. Private to src/api.
 *
 * A `call` is one request with its route: a value, passed along until somebody answers. Who answers later
 * holds an api_ref, so that the API's memory outlives whatever still waits in other stages; when `gone` is
 * set nothing but the answer may be touched.
 */
#ifndef PARKD_SRC_API_INTERNAL_H
#define PARKD_SRC_API_INTERNAL_H

#include "api/auth.h"
#include "api/cache.h"
#include "api/query.h"
#include "api/rate.h"
#include "api/render.h"
#include "api/routes.h"
#include "parkd/api/pages.h"
#include "parkd/model/registry.h"
#include "parkd/model/trend.h"
#include "parkd/net/http_server.h"

#define API_MAX_ANSWER ((size_t)64 * 1024 * 1024) /* 10 000 lots are 6 MB */
#define API_RETRY_S    "5"                        /* Retry-After while the store is away */
#define API_BUSY_S     5                          /* Retry-After while others are being served */

struct listener {
    struct api *api;
    bool staff, socket; /* socket: the UNIX socket */
    bool tls;
    struct http_server *server; /* NULL once stopped */
};

struct api {
    struct loop *loop;
    const struct clock *clock;
    struct registry *reg;
    struct api_port port;
    char *district;
    struct listener public, staff, socket;
    char public_address[160], staff_address[160], socket_address[160];
    char public_url[512]; /* where people find the public listener */
    struct cache *cache;
    struct places *places;
    bool places_moved;           /* registrations changed since they were built */
    struct cache_entry **assets; /* as many as asset_count; NULL until asked for */
    struct auth_memory *taken;
    struct rate *rate;                 /* NULL: no limit */
    const struct addr_filter *proxies; /* NULL: none */
    struct streams *streams;
    struct forecasts *forecasts;
    const struct holidays *holidays; /* NULL: none */
    const struct pages_conf *pages;
    char page_policy[PAGES_POLICY], embed_policy[PAGES_POLICY];
    char assets_path[24];        /* "/a/<hash>": where this program's scripts stand for ever */
    struct trend_of_lot *trends; /* by the registry's index */
    uint32_t n_trends;
    int refs, listening, waiting; /* waiting: for a feed's next body */
    bool gone;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

struct pass;

struct call {
    struct api *api;
    struct http_request *req;
    struct route route;
    const struct listener *from;
    struct rate_state rate;
    struct pass *pass; /* who asks, found at the gate; NULL: nobody was asked */
};

/* api.c */
struct api *api_ref(struct api *a);
void api_unref(struct api *a);
int64_t api_now(const struct api *a);

/* client.c */
/* The address of who asks, behind trusted proxies too. Empty: this very machine, or a proxy for itself. */
struct view client_address(const struct call *c);
/* The same, but the peer's where it is empty: for trails and locks. */
struct view client_named(const struct call *c);
/* Counts the request; false: it was one too many, and is answered. */
bool client_may(struct call *c);

/* gate.c */
/* Finds who asks; lets the request go on to `next` (perhaps later) when it may, and answers it otherwise.
 * What changes something is in the audit trail before. */
void gate(const struct call *c, void (*next)(const struct call *c));
/* The request is answered: the trail hears of what was refused. */
void gate_done(const struct call *c, int status);
const struct principal *gate_principal(const struct call *c);
bool call_private(const struct call *c); /* nobody reads along: TLS, or from this very machine */

/* office.c */
void office_route(const struct call *c);

/* reply.c: every one of these answers the request. */
struct reply {
    int status;
    const char *type;          /* NULL: no body */
    const char *cache_control; /* NULL: no-store */
    struct http_header_out more[6];
    size_t n_more;
};
/* The headers of an answer, and where their texts stand until it is given. */
#define REPLY_HEADERS 20
struct reply_head {
    struct http_header_out v[REPLY_HEADERS];
    size_t n;
    char policy[40], rate[40];
};
/* Of an answer without a body yet, for http_answer_stream. */
struct http_answer reply_answer_head(struct reply_head *h, const struct call *c, const struct reply *r);
void reply_header(struct reply *r, const char *name,
                  const char *value); /* strings are kept until the answer */
void reply_bytes(const struct call *c, const struct reply *r, struct view body);
/* JSON from a buffer, freed here; 500 when it failed. */
void reply_buf(const struct call *c, const struct reply *r, struct buf *body);
/* An entry with ETag, 304 and gzip. Gives the reference back. NULL: 500. */
void reply_entry(const struct call *c, const struct reply *r, struct cache_entry *e);
/* The same of numbers that run out: caches may keep it for seconds. */
void reply_list(const struct call *c, struct reply *r, struct cache_entry *e);
void reply_problem(const struct call *c, enum problem kind, const char *detail);
/* The same with Retry-After. */
void reply_wait(const struct call *c, enum problem kind, int retry_s, const char *detail);
/* One error with its place. */
void reply_why(const struct call *c, enum problem kind, const struct why *why);
void reply_options(const struct call *c);
void reply_method(const struct call *c);
/* For codes of other stages: ERR_AWAY → 503 and so on. */
void reply_err(const struct call *c, int err, const struct why *why);

/* The audiences. */
void public_handle(const struct call *c);
void page_handle(const struct call *c);
bool page_route(enum route_id id);
void asset_handle(const struct call *c);
void history_handle(const struct call *c);
void export_handle(const struct call *c);
void snapshot_handle(const struct call *c);
/* What a feed's own fixed path answers (of enum route_method): some boxes have nothing but a GET with a
 * query. */
unsigned ingest_methods(const struct feed *feed);
bool ingest_takes(const struct call *c); /* is it one of the route's methods? HEAD asks, and does not tell */
/* `feed` NULL when no feed has that name. */
void ingest_handle(const struct call *c, const struct feed *feed);
void admin_handle(const struct call *c);
void try_handle(const struct call *c); /* for admin_handle */
void call_query(const struct call *c, struct query *out);
/* The lot of /v1/lots/{id}; NULL and 404 answered. */
const struct registry_lot *public_lot(const struct call *c);
/* What a lot's answer tells beside its reading; `minutes` 0: no forecast. */
struct lot_outlook call_outlook(const struct call *c, int minutes);
/* The index of places, made anew if registrations changed; without memory the old one. */
const struct places *call_places(const struct call *c);
struct cache_stamp call_stamp(const struct call *c);

#endif
