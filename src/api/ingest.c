/* SPDX-License-Identifier: MIT
 * The way in: authenticate, read by the feed's dialect, hand over, and answer after Redis has it.
 *
 * parkd's own format is answered item by item; every other dialect's sender gets the reply it expects, or 503
 * when something could not be stored, so that it sends again.
 */
#include <stdlib.h>
#include <string.h>

#include "api/ingest_answer.h"
#include "api/internal.h"
#include "parkd/base/counters.h"

#define URL_SECRET      "secret" /* the parameter; nobody behind this file sees it */
#define QUERY_MAX_BYTES 4096

/* One push on its way through norm and store. */
struct push_op {
    struct call call;
    bool native, remember;
    struct auth_message message;
    struct buf query; /* without the secret */
    struct view content_type, body;
    struct report_list list;
    struct dialect_reply reply;
};

static void op_free(struct push_op *op)
{
    api_unref(op->call.api);
    report_list_fini(&op->list);
    dialect_reply_fini(&op->reply);
    buf_fini(&op->query);
    free(op);
}

/* --- the answer --- */

static void answer_in_their_manner(const struct push_op *op)
{
    const struct dialect_reply *d = &op->reply;
    struct reply r = {.status = d->status ? d->status : 200, .type = d->content_type};
    if (!r.type[0])
        r.type = "application/json";
    reply_bytes(&op->call, &r, buf_get(&d->body));
}

static void answer_natively(const struct push_op *op, const struct ingest_outcome *o,
                            const struct ingest_tally *t)
{
    struct buf body;
    struct reply r = {.status = 200};
    buf_init(&body, API_MAX_ANSWER);
    if (t->rejected && !t->accepted) {
        r.status = problem_status(PROBLEM_INVALID);
        r.type = "application/problem+json";
        if (render_ingest_problem(o, http_request_id(op->call.req), &body) && !body.err)
            body.err = ERR_NOMEM;
    } else if (render_ingest(o, t, &body)) {
        r.type = NULL; /* reply_buf answers 500 for a buffer that failed */
    }
    reply_buf(&op->call, &r, &body);
}

static void finish(struct push_op *op, const struct ingest_result *results, size_t n)
{
    struct ingest_outcome o = {&op->list, results, n, http_body(op->call.req)};
    struct ingest_tally t = ingest_count(&o);
    struct api *a = op->call.api;
    if (t.away) {
        counter_add(C_INGEST_AWAY, 1);
        reply_problem(&op->call, PROBLEM_AWAY, "not everything could be stored; send the same again");
        op_free(op);
        return;
    }
    bool taken = t.accepted || !t.rejected;
    counter_add(taken ? C_INGEST_OK : C_INGEST_REJECTED, 1);
    if (taken && op->remember && !a->gone)
        auth_memory_add(a->taken, &op->message, clock_mono_ms(a->clock));
    if (op->native)
        answer_natively(op, &o, &t);
    else
        answer_in_their_manner(op);
    op_free(op);
}

static void on_ingested(void *ctx, const struct ingest_result *results, size_t n)
{
    finish(ctx, results, n);
}

/* --- who it is --- */

static struct view header(const struct call *c, const char *name)
{
    return http_header(c->req, name);
}

static int authenticate(const struct call *c, const struct feed *feed, struct why *why)
{
    const struct api *a = c->api;
    int64_t window_ms = clock_wall_span(a->clock, (int64_t)300 * 1000); /* Standard Webhooks' five minutes */
    struct auth_request r = {.authorization = header(c, "Authorization"),
                             .webhook_id = header(c, "webhook-id"),
                             .webhook_timestamp = header(c, "webhook-timestamp"),
                             .webhook_signature = header(c, "webhook-signature"),
                             .url_secret = http_query(c->req, URL_SECRET),
                             .peer = http_peer(c->req),
                             .private = call_private(c),
                             .body = http_body(c->req),
                             .now_s = api_now(a) / 1000,
                             .window_s = window_ms / 1000};
    return auth_check(feed, &r, why);
}

/* Signed by Standard Webhooks: true, and the message's name. */
static bool name_message(const struct call *c, const struct feed *feed, struct auth_message *out)
{
    struct view id = header(c, "webhook-id");
    return feed->n_secrets && id.n && header(c, "webhook-signature").n &&
           auth_message_of(feed->id, id, http_body(c->req), out) == 0;
}

/* --- reading --- */

#define FIELDS_MAX 64 /* headers, as the server has them; parameters beyond are not looked at */

struct fields {
    struct inbound_field v[FIELDS_MAX];
    size_t n;
};

static void add_field(void *ctx, struct view name, struct view value)
{
    struct fields *f = ctx;
    if (f->n < FIELDS_MAX)
        f->v[f->n++] = (struct inbound_field){name, value};
}

static void add_param(void *ctx, struct view name, struct view value)
{
    if (!view_is(name, URL_SECRET))
        add_field(ctx, name, value);
}

static void take_param(void *ctx, struct view name, struct view value)
{
    if (!view_is(name, URL_SECRET))
        query_add(ctx, name, value);
}

/* The message as the dialect gets it: without the secret; and a GET of a box that has nothing else is the
 * form that its query is. */
static void look_at(struct push_op *op)
{
    const struct call *c = &op->call;
    struct query q = {.n = 0};
    op->content_type = header(c, "Content-Type");
    op->body = http_body(c->req);
    buf_init(&op->query, QUERY_MAX_BYTES);
    http_each_query(c->req, take_param, &q);
    if (query_print(&q, false, &op->query))
        buf_clear(&op->query);
    if (http_method(c->req) == HTTP_GET && op->body.n == 0 && op->query.n) {
        op->body = buf_get(&op->query);
        op->content_type = VIEW("application/x-www-form-urlencoded");
    }
}

/* For people who look at what came. */
static void show_body(const struct push_op *op, const struct feed *feed, int err, const struct why *why)
{
    const struct call *c = &op->call;
    const struct api_port *port = &c->api->port;
    struct feed_body body = {.kind = BODY_PUSH,
                             .at_ms = api_now(c->api),
                             .content_type = op->content_type,
                             .path = http_path(c->req),
                             .query = buf_get(&op->query),
                             .body = op->body,
                             .err = err,
                             .why = why};
    if (port->feed_body)
        port->feed_body(port->ctx, feed, &body);
}

static struct view method_name(enum http_method m)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    return m < HTTP_OTHER ? view_of(names[m]) : VIEW("OTHER");
}

/* The dialect refused the message, or failed over it. */
static void refuse(struct push_op *op, int err, const struct why *why)
{
    counter_add(err == ERR_AUTH ? C_INGEST_AUTH : C_INGEST_REJECTED, 1);
    if (op->reply.body.n)
        answer_in_their_manner(op);
    else if (err == ERR_AUTH)
        reply_why(&op->call, PROBLEM_AUTH, why);
    else if (err == ERR_TOO_BIG)
        reply_why(&op->call, PROBLEM_TOO_BIG, why);
    else if (err == ERR_BUDGET) /* the same bytes would cost the same again */
        reply_why(&op->call, PROBLEM_INVALID, why);
    else if (err == ERR_NOMEM || err == ERR_SCRIPT)
        reply_err(&op->call, err, why);
    else
        reply_why(&op->call, PROBLEM_MALFORMED, why);
    op_free(op);
}

/* Nobody read it. */
static void decline(struct push_op *op, int err, const struct why *why)
{
    if (err != ERR_CONFLICT)
        counter_add(C_INGEST_AWAY, 1);
    reply_problem(&op->call, err == ERR_CONFLICT ? PROBLEM_CONFLICT : PROBLEM_AWAY, why->text);
    op_free(op);
}

static void hand_over(struct push_op *op, const struct feed *feed)
{
    const struct api_port *port = &op->call.api->port;
    if (!op->list.n) {
        finish(op, NULL, 0);
        return;
    }
    if (port->ingest(port->ctx, feed, &op->list, on_ingested, op)) {
        counter_add(C_INGEST_AWAY, 1);
        reply_problem(&op->call, PROBLEM_AWAY, NULL);
        op_free(op);
    }
}

static void on_received(void *ctx, const struct feed *feed, const struct inbound_message *m,
                        struct inbound_result *result)
{
    struct push_op *op = ctx;
    const struct api_port *port = &op->call.api->port;
    struct why *why = &result->why;
    (void)m;
    op->list = result->reports;
    op->reply = result->reply;
    if (result->dropped) {
        decline(op, result->err, why);
        return;
    }
    port->feed_pushed(port->ctx, feed, &op->list, result->err ? why : NULL);
    show_body(op, feed, result->err, why);
    if (result->err)
        refuse(op, result->err, why);
    else
        hand_over(op, feed);
}

static void take(struct push_op *op, const struct feed *feed)
{
    const struct call *c = &op->call;
    const struct api_port *port = &c->api->port;
    struct view coding = header(c, "Content-Encoding");
    struct fields headers = {.n = 0}, params = {.n = 0};
    look_at(op);
    if (coding.n && !view_ieq(coding, "identity")) {
        struct inbound_result result;
        inbound_result_init(&result);
        result.err = why_set(&result.why, ERR_PROTOCOL, "",
                             "Content-Encoding " VIEW_FMT ": send the body as it is", VIEW_ARG(coding));
        on_received(op, feed, NULL, &result);
        return;
    }
    http_each_header(c->req, add_field, &headers);
    http_each_query(c->req, add_param, &params);
    struct inbound_message m = {.method = method_name(http_method(c->req)),
                                .path = http_path(c->req),
                                .content_type = op->content_type,
                                .body = op->body,
                                .headers = headers.v,
                                .n_headers = headers.n,
                                .query = params.v,
                                .n_query = params.n};
    port->feed_receive(port->ctx, feed, &m, on_received, op);
}

static bool may_push(const struct call *c, const struct feed *feed)
{
    static const char *const other[] = {
        [FEED_POLL] = "this feed is polled", [FEED_MQTT] = "this feed is heard from an MQTT broker"};
    struct why why = {0};
    int err = authenticate(c, feed, &why);
    if (err && feed) {
        counter_add(C_INGEST_AUTH, 1);
        reply_problem(c, err == ERR_REFUSED ? PROBLEM_FORBIDDEN : PROBLEM_AUTH, why.text);
        return false;
    }
    if (!feed) {
        reply_problem(c, PROBLEM_NOT_FOUND, "no feed has this id");
        return false;
    }
    if (feed->enabled && feed->mode == FEED_PUSH)
        return true;
    reply_problem(c, PROBLEM_FORBIDDEN, feed->enabled ? other[feed->mode] : "this feed is disabled");
    return false;
}

unsigned ingest_methods(const struct feed *feed)
{
    return strcmp(feed->dialect, "native") == 0 ? ROUTE_POST | ROUTE_PUT : ROUTE_GET | ROUTE_POST | ROUTE_PUT;
}

bool ingest_takes(const struct call *c)
{
    enum http_method m = http_method(c->req);
    return m == HTTP_POST || m == HTTP_PUT || (m == HTTP_GET && (c->route.methods & ROUTE_GET));
}

void ingest_handle(const struct call *c, const struct feed *feed)
{
    if (!may_push(c, feed))
        return;
    struct push_op *op = calloc(1, sizeof *op);
    if (!op) {
        reply_err(c, ERR_NOMEM, NULL);
        return;
    }
    op->call = *c;
    api_ref(c->api);
    report_list_init(&op->list);
    op->native = strcmp(feed->dialect, "native") == 0;
    op->remember = op->native && name_message(c, feed, &op->message);
    if (op->remember && auth_memory_has(c->api->taken, &op->message, clock_mono_ms(c->api->clock))) {
        counter_add(C_INGEST_OK, 1);
        reply_bytes(c, &(struct reply){.status = 200, .type = "application/json"},
                    VIEW("{\"accepted\":0,\"rejected\":0,\"duplicate\":true,\"results\":[]}\n"));
        op_free(op);
        return;
    }
    take(op, feed);
}
