/* SPDX-License-Identifier: MIT
 * Staff: the state of the whole, and registrations of lots, feeds and sinks.
 *
 *   GET    /v1/admin/feeds        {"feeds":[<registration>…],"count"}
 *   GET    /v1/admin/feeds/{id}   the registration, its version as ETag
 *   PUT    /v1/admin/feeds/{id}   201 or 200 {"id","version"}; If-Match: "<version>" or If-None-Match: *
 * guard it DELETE /v1/admin/feeds/{id}   204 POST   /v1/admin/feeds/{id}/poll, /v1/admin/sinks/{id}/resume
 * 202 {"id"}
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/forecasts.h"
#include "api/internal.h"
#include "api/registration.h"
#include "api/stream.h"
#include "parkd/model/secrets.h"

#define BYTE_ORDER_MARK  "\xEF\xBB\xBF"
#define ABSENT_ONLY      UINT64_MAX /* the port's word for "must not exist" */
#define REGISTRATION_MAX ((size_t)256 * 1024)

/* --- what is stored --- */

struct stored {
    struct view id;
    bool found;
    uint64_t version;
    struct buf *text; /* gets a copy; NULL: not wanted */
};

static void look(void *ctx, struct view id, struct view json, uint64_t version)
{
    struct stored *s = ctx;
    if (!view_eq(id, s->id))
        return;
    s->found = true;
    s->version = version;
    if (s->text)
        buf_view(s->text, json);
}

static void each(const struct call *c, api_each_fn *fn, void *ctx)
{
    const struct api *a = c->api;
    if (c->route.noun != NOUN_LOT) {
        a->port.each(a->port.ctx, c->route.noun, fn, ctx);
        return;
    }
    for (uint32_t i = 0; i < registry_size(a->reg); i++) {
        const struct registry_lot *l = registry_lot(a->reg, i);
        if (!l->removed && l->text)
            fn(ctx, view_of(l->lot.id), view_of(l->text), l->version);
    }
}

static struct stored find(const struct call *c, struct buf *text)
{
    struct stored s = {.id = c->route.arg, .text = text};
    each(c, look, &s);
    return s;
}

static void version_etag(uint64_t version, char dst[32])
{
    (void)snprintf(dst, 32, "\"%llu\"", (unsigned long long)version);
}

static void write_registration(const struct api *a, enum noun noun, struct json_writer *w, struct view text)
{
    char dialect[64];
    struct view params = {NULL, 0};
    if (noun != NOUN_LOT && a->port.dialect_params) {
        registration_dialect(text, dialect, sizeof dialect);
        params = a->port.dialect_params(a->port.ctx, view_of(dialect));
    }
    secrets_mask(w, noun, text, params);
}

/* --- reads --- */

struct listing {
    const struct call *call;
    struct json_writer w;
    int64_t n;
};

static void list_one(void *ctx, struct view id, struct view json, uint64_t version)
{
    struct listing *l = ctx;
    (void)id;
    (void)version;
    write_registration(l->call->api, l->call->route.noun, &l->w, json);
    l->n++;
}

static void list(const struct call *c)
{
    struct buf body;
    struct listing l = {.call = c};
    buf_init(&body, API_MAX_ANSWER);
    jw_init(&l.w, &body);
    jw_object(&l.w, NULL);
    jw_array(&l.w, noun_plural(c->route.noun));
    each(c, list_one, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    buf_char(&body, '\n');
    reply_buf(c, &(struct reply){.status = 200}, &body);
}

static void show(const struct call *c)
{
    struct buf text, body;
    struct json_writer w;
    struct reply r = {.status = 200};
    char etag[32];
    buf_init(&text, API_MAX_ANSWER);
    buf_init(&body, API_MAX_ANSWER);
    struct stored s = find(c, &text);
    if (!s.found) {
        reply_problem(c, PROBLEM_NOT_FOUND, "nothing is registered under this id");
    } else {
        jw_init(&w, &body);
        write_registration(c->api, c->route.noun, &w, buf_get(&text));
        buf_char(&body, '\n');
        version_etag(s.version, etag);
        reply_header(&r, "ETag", etag);
        reply_buf(c, &r, &body);
    }
    buf_fini(&text);
    buf_fini(&body);
}

static void status(const struct call *c)
{
    struct buf body;
    struct json_writer w;
    const struct api *a = c->api;
    buf_init(&body, API_MAX_ANSWER);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_time(&w, "as_of", api_now(a));
    a->port.write_status(a->port.ctx, &w);
    jw_object(&w, "http");
    jw_str(&w, "url", a->public_url);
    jw_str(&w, "public", a->public_address);
    jw_str(&w, "staff", api_staff_address(a));
    jw_str(&w, "console", a->staff_address);
    jw_int(&w, "public_connections", a->public.server ? http_server_connections(a->public.server) : 0);
    jw_end_object(&w);
    jw_end_object(&w);
    buf_char(&body, '\n');
    reply_buf(c, &(struct reply){.status = 200}, &body);
}

static int staff_connections(const struct api *a)
{
    return (a->staff.server ? http_server_connections(a->staff.server) : 0) +
           (a->socket.server ? http_server_connections(a->socket.server) : 0);
}

static void metrics(const struct call *c)
{
    struct buf body;
    const struct api *a = c->api;
    buf_init(&body, API_MAX_ANSWER);
    if (render_metrics(&body, a->public.server ? http_server_connections(a->public.server) : 0,
                       staff_connections(a), streams_count(a->streams)) == 0)
        a->port.write_metrics(a->port.ctx, &body);
    forecasts_metrics(a->forecasts, &body);
    reply_buf(c, &(struct reply){.status = 200, .type = "text/plain; version=0.0.4; charset=utf-8"}, &body);
}

/* --- writes --- */

/* One registration on its way to the store. */
struct save_op {
    struct call call;
    bool created;
};

static struct save_op *op_new(const struct call *c, bool created)
{
    struct save_op *op = calloc(1, sizeof *op);
    if (!op)
        return NULL;
    op->call = *c;
    op->created = created;
    api_ref(c->api);
    return op;
}

static void op_free(struct save_op *op)
{
    api_unref(op->call.api);
    free(op);
}

static void save_failed(const struct call *c, int err)
{
    if (err == ERR_CONFLICT)
        reply_problem(c, PROBLEM_CHANGED, NULL);
    else
        reply_err(c, err, NULL);
}

static void on_saved(void *ctx, int err, uint64_t version)
{
    struct save_op *op = ctx;
    struct buf body;
    struct json_writer w;
    char etag[32];
    struct reply r = {.status = op->created ? 201 : 200};
    if (err) {
        save_failed(&op->call, err);
        op_free(op);
        return;
    }
    buf_init(&body, 4096);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_view(&w, "id", op->call.route.arg);
    jw_int(&w, "version", (int64_t)version);
    jw_end_object(&w);
    buf_char(&body, '\n');
    version_etag(version, etag);
    reply_header(&r, "ETag", etag);
    reply_buf(&op->call, &r, &body);
    op_free(op);
}

static void on_removed(void *ctx, int err, uint64_t version)
{
    struct save_op *op = ctx;
    (void)version;
    if (err)
        save_failed(&op->call, err);
    else
        reply_bytes(&op->call, &(struct reply){.status = 204}, (struct view){NULL, 0});
    op_free(op);
}

/* The version that must be stored now, by the request's conditions: 0 any. ERR_SYNTAX; ERR_CONFLICT:
 * certainly another. */
static int condition(const struct call *c, const struct stored *s, uint64_t *version)
{
    struct view match = view_trim(http_header(c->req, "If-Match")),
                none = http_header(c->req, "If-None-Match");
    int64_t wanted = 0;
    *version = 0;
    if (view_is(view_trim(none), "*")) {
        *version = ABSENT_ONLY;
        return s->found ? ERR_CONFLICT : 0;
    }
    if (!match.n)
        return none.n ? ERR_SYNTAX : 0;
    if (!view_is(match, "*")) {
        if (match.n >= 2 && match.p[0] == '"' && match.p[match.n - 1] == '"')
            match = (struct view){match.p + 1, match.n - 2};
        if (view_to_int(match, 0, INT64_MAX, &wanted))
            return ERR_SYNTAX;
    }
    if (!s->found || (wanted && (uint64_t)wanted != s->version) || view_is(match, "0"))
        return ERR_CONFLICT;
    *version = s->version;
    return 0;
}

/* true: go on. */
static bool conditions_hold(const struct call *c, const struct stored *s, uint64_t *version)
{
    int err = condition(c, s, version);
    if (err == ERR_CONFLICT)
        reply_problem(c, PROBLEM_CHANGED,
                      s->found ? "another version is stored" : "nothing is stored under this id");
    else if (err)
        reply_problem(c, PROBLEM_PARAMETER, "If-Match needs a version in quotes, If-None-Match a star");
    return !err;
}

static int check_id(const struct call *c, const struct json *doc, struct why *why)
{
    if (!json_is(doc, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object");
    if (!view_eq(json_text(json_get(doc, "id")), c->route.arg))
        return why_set(why, ERR_INVALID, "/id", "must be the id in the path");
    return registration_refuse_masks(doc, why);
}

/* true: go on. */
static bool check_body(const struct call *c, struct view body)
{
    const struct api_port *port = &c->api->port;
    struct json *doc = NULL;
    struct why why = {0};
    if (json_parse(body, &doc, &why)) {
        reply_why(c, PROBLEM_MALFORMED, &why);
        return false;
    }
    int err = check_id(c, doc, &why);
    if (!err)
        err = port->check(port->ctx, c->route.noun, c->route.arg, doc, &why);
    json_free(doc);
    if (err)
        reply_why(c, err == ERR_CONFLICT ? PROBLEM_CONFLICT : PROBLEM_INVALID, &why);
    return !err;
}

static void put(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    struct view body = http_body(c->req);
    uint64_t version = 0;
    if (body.n > REGISTRATION_MAX) {
        reply_problem(c, PROBLEM_TOO_BIG, "a registration has at most 256 KiB");
        return;
    }
    if (view_starts(body, BYTE_ORDER_MARK))
        body = (struct view){body.p + 3, body.n - 3};
    body = view_trim(body);
    struct stored s = find(c, NULL);
    if (!check_body(c, body) || !conditions_hold(c, &s, &version))
        return;
    struct save_op *op = op_new(c, !s.found);
    int err = op ? port->put(port->ctx, c->route.noun, c->route.arg, body, version, on_saved, op) : ERR_NOMEM;
    if (!err)
        return;
    save_failed(c, err);
    if (op)
        op_free(op);
}

static void remove_one(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    uint64_t version = 0;
    struct stored s = find(c, NULL);
    if (!s.found) {
        reply_problem(c, PROBLEM_NOT_FOUND, "nothing is registered under this id");
        return;
    }
    if (!conditions_hold(c, &s, &version))
        return;
    struct save_op *op = op_new(c, false);
    int err = op ? port->remove(port->ctx, c->route.noun, c->route.arg, on_removed, op) : ERR_NOMEM;
    if (!err)
        return;
    save_failed(c, err);
    if (op)
        op_free(op);
}

static void do_it(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    bool poll = c->route.noun == NOUN_FEED;
    int err =
        poll ? port->feed_poll_now(port->ctx, c->route.arg) : port->sink_resume(port->ctx, c->route.arg);
    struct buf body;
    struct json_writer w;
    if (err) {
        struct why why = {0};
        (void)why_set(&why, err, "", "%s",
                      err == ERR_NOT_FOUND ? "nothing is registered under this id"
                      : poll ? "not polled: it pushes, is switched off, or another parkd polls it"
                             : "not possible now");
        reply_err(c, err, &why);
        return;
    }
    buf_init(&body, 4096);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_view(&w, "id", c->route.arg);
    jw_end_object(&w);
    reply_buf(c, &(struct reply){.status = 202}, &body);
}

static void one(const struct call *c)
{
    enum http_method m = http_method(c->req);
    if (m == HTTP_PUT)
        put(c);
    else if (m == HTTP_DELETE)
        remove_one(c);
    else
        show(c);
}

void admin_handle(const struct call *c)
{
    switch (c->route.id) {
    case ROUTE_METRICS:
        metrics(c);
        break;
    case ROUTE_STATUS:
        status(c);
        break;
    case ROUTE_ADMIN_LIST:
        list(c);
        break;
    case ROUTE_ADMIN_ONE:
        one(c);
        break;
    case ROUTE_TRY:
    case ROUTE_TRY_SINK:
    case ROUTE_BODIES:
    case ROUTE_REPLAY:
        try_handle(c);
        break;
    default:
        do_it(c);
        break;
    }
}
