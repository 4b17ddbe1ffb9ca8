/* SPDX-License-Identifier: MIT
 * Answers with the headers that every answer has.
 */
#include <stdio.h>

#include "api/internal.h"
#include "parkd/base/log.h"

#define JSON    "application/json"
#define EXPOSED "ETag, Link, RateLimit, RateLimit-Policy, Retry-After"

static void add(struct reply_head *h, const char *name, const char *value)
{
    if (h->n < REPLY_HEADERS && value)
        h->v[h->n++] = (struct http_header_out){name, value};
}

void reply_header(struct reply *r, const char *name, const char *value)
{
    if (r->n_more < sizeof r->more / sizeof r->more[0])
        r->more[r->n_more++] = (struct http_header_out){name, value};
}

/* draft-ietf-httpapi-ratelimit-headers-11 */
static void add_rate(struct reply_head *h, const struct rate_state *s)
{
    (void)snprintf(h->policy, sizeof h->policy, "\"default\";q=%d;w=%d", s->limit, RATE_WINDOW_S);
    (void)snprintf(h->rate, sizeof h->rate, "\"default\";r=%d;t=%d", s->remaining, s->reset_s);
    add(h, "RateLimit-Policy", h->policy);
    add(h, "RateLimit", h->rate);
}

static void fill(struct reply_head *h, const struct call *c, const struct reply *r)
{
    add(h, "X-Content-Type-Options", "nosniff");
    add(h, "Cache-Control", r->cache_control ? r->cache_control : "no-store");
    if (c->route.open) {
        add(h, "Access-Control-Allow-Origin", "*");
        add(h, "Access-Control-Expose-Headers", EXPOSED);
    }
    if (c->rate.limit)
        add_rate(h, &c->rate);
    for (size_t i = 0; i < r->n_more; i++)
        add(h, r->more[i].name, r->more[i].value);
}

/* The gate reads the request for the last time. */
static void answer(const struct call *c, const struct http_answer *a)
{
    struct http_request *req = c->req;
    int status = a->status;
    gate_done(c, status);
    http_answer(req, a);
}

struct http_answer reply_answer_head(struct reply_head *h, const struct call *c, const struct reply *r)
{
    h->n = 0;
    fill(h, c, r);
    return (struct http_answer){
        .status = r->status, .content_type = r->type, .headers = h->v, .n_headers = h->n};
}

void reply_bytes(const struct call *c, const struct reply *r, struct view body)
{
    struct reply_head h = {0};
    fill(&h, c, r);
    answer(c,
           &(struct http_answer){
               .status = r->status, .content_type = r->type, .headers = h.v, .n_headers = h.n, .body = body});
}

void reply_buf(const struct call *c, const struct reply *r, struct buf *body)
{
    struct reply with_type = *r;
    if (!with_type.type)
        with_type.type = JSON;
    if (body->err)
        reply_err(c, body->err, NULL);
    else
        reply_bytes(c, &with_type, buf_get(body));
    buf_fini(body);
}

static void answer_form(const struct call *c, const struct reply *r, struct cache_entry *e)
{
    struct reply_head h = {0};
    char age[24];
    bool gzip = false;
    struct cache_form f = cache_form(e, cache_accepts_gzip(http_header(c->req, "Accept-Encoding")), &gzip);
    bool same = cache_etag_matches(http_header(c->req, "If-None-Match"), f.etag);
    (void)snprintf(age, sizeof age, "%lld", (long long)(cache_age_ms(e, api_now(c->api)) / 1000));
    fill(&h, c, r);
    add(&h, "ETag", f.etag);
    add(&h, "Vary", "Accept-Encoding");
    add(&h, "Age", r->cache_control ? age : NULL);
    add(&h, "Link", cache_note(e));
    if (gzip && !same)
        add(&h, "Content-Encoding", "gzip");
    struct http_answer a = {.status = r->status, .headers = h.v, .n_headers = h.n};
    if (same) {
        a.status = 304;
        answer(c, &a);
        cache_release(e);
        return;
    }
    a.content_type = r->type ? r->type : JSON;
    a.body = f.body;
    a.keep = cache_release;
    a.keep_ctx = e;
    answer(c, &a);
}

void reply_entry(const struct call *c, const struct reply *r, struct cache_entry *e)
{
    if (e)
        answer_form(c, r, e);
    else
        reply_err(c, ERR_NOMEM, NULL);
}

static void problem_headers(struct reply *r, enum problem kind)
{
    if (problem_status(kind) == 503 && kind != PROBLEM_FULL)
        reply_header(r, "Retry-After", API_RETRY_S);
    if (kind == PROBLEM_AUTH)
        reply_header(r, "WWW-Authenticate", "Bearer realm=\"parkd\"");
}

static void answer_problem(const struct call *c, const struct problem_answer *p, struct reply *r)
{
    struct buf b;
    struct problem_answer with_id = *p;
    with_id.instance = http_request_id(c->req);
    r->status = problem_status(p->kind);
    r->type = "application/problem+json";
    problem_headers(r, p->kind);
    buf_init(&b, API_MAX_ANSWER);
    if (render_problem(&with_id, &b)) /* no memory for a few hundred bytes: the status must do */
        r->type = NULL;
    reply_bytes(c, r, buf_get(&b));
    buf_fini(&b);
}

static void reply_problem_full(const struct call *c, const struct problem_answer *p)
{
    struct reply r = {0};
    answer_problem(c, p, &r);
}

void reply_problem(const struct call *c, enum problem kind, const char *detail)
{
    reply_problem_full(c, &(struct problem_answer){.kind = kind, .detail = detail});
}

void reply_why(const struct call *c, enum problem kind, const struct why *why)
{
    struct problem_error e = {why->at, why->text};
    reply_problem_full(c,
                       &(struct problem_answer){
                           .kind = kind, .detail = why->text, .errors = &e, .n_errors = why->at[0] ? 1 : 0});
}

void reply_wait(const struct call *c, enum problem kind, int retry_s, const char *detail)
{
    char seconds[16];
    struct reply r = {0};
    (void)snprintf(seconds, sizeof seconds, "%d", retry_s);
    reply_header(&r, "Retry-After", seconds);
    answer_problem(c, &(struct problem_answer){.kind = kind, .detail = detail}, &r);
}

void reply_method(const struct call *c)
{
    char allow[64];
    struct reply r = {0};
    route_allow(&c->route, allow);
    reply_header(&r, "Allow", allow);
    answer_problem(c, &(struct problem_answer){.kind = PROBLEM_METHOD}, &r);
}

void reply_options(const struct call *c)
{
    char allow[64];
    struct reply r = {.status = 204};
    route_allow(&c->route, allow);
    reply_header(&r, "Allow", allow);
    if (c->route.open) {
        reply_header(&r, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
        reply_header(&r, "Access-Control-Allow-Headers",
                     "If-None-Match, Accept, Accept-Language, Last-Event-ID, Cache-Control");
        reply_header(&r, "Access-Control-Max-Age", "86400");
    }
    reply_bytes(c, &r, (struct view){NULL, 0});
}

static enum problem kind_of(int err)
{
    switch (err) {
    case ERR_AWAY:
    case ERR_UNCERTAIN:
    case ERR_BUSY:
    case ERR_FULL:
    case ERR_CANCELLED:
        return PROBLEM_AWAY;
    case ERR_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case ERR_CONFLICT:
    case ERR_STATE:
        return PROBLEM_CONFLICT;
    case ERR_TOO_BIG:
        return PROBLEM_TOO_BIG;
    default:
        return PROBLEM_INTERNAL;
    }
}

void reply_err(const struct call *c, int err, const struct why *why)
{
    enum problem kind = kind_of(err);
    if (kind == PROBLEM_INTERNAL)
        log_error(API, "request=" VIEW_FMT " path=" VIEW_FMT " err=%s why=%s",
                  VIEW_ARG(http_request_id(c->req)), VIEW_ARG(http_path(c->req)), err_name(err),
                  why ? why->text : "");
    if (why && why->text[0] && kind != PROBLEM_INTERNAL)
        reply_why(c, kind, why);
    else
        reply_problem(c, kind, kind == PROBLEM_AWAY ? err_text(err) : NULL);
}
