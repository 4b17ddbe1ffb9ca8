/* SPDX-License-Identifier: MIT
 * The office's routes: what was asked goes to the office as a value, its answer becomes one of HTTP.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/internal.h"

struct asked {
    struct call call;
    struct office_param params[QUERY_MAX];
    size_t n_params;
};

static void add_param(void *ctx, struct view name, struct view value)
{
    struct asked *q = ctx;
    if (q->n_params < QUERY_MAX)
        q->params[q->n_params] = (struct office_param){name, value};
    q->n_params++;
}

static enum problem problem_of(int err, const struct why *why)
{
    switch (err) {
    case ERR_AUTH:
        return PROBLEM_AUTH;
    case ERR_REFUSED:
        return PROBLEM_FORBIDDEN;
    case ERR_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case ERR_CONFLICT:
        return why->text[0] ? PROBLEM_CONFLICT : PROBLEM_CHANGED;
    case ERR_STATE:
        return PROBLEM_CONFLICT;
    case ERR_TOO_BIG:
        return PROBLEM_TOO_BIG;
    case ERR_SYNTAX:
        return PROBLEM_MALFORMED;
    case ERR_BUSY:
        return PROBLEM_TOO_MANY;
    default:
        return PROBLEM_INVALID;
    }
}

/* Faults of ours and of the store carry no `why`, or one that is no business of who asked. */
static bool is_ours(int err)
{
    return err == ERR_NOMEM || err == ERR_AWAY || err == ERR_UNCERTAIN || err == ERR_FULL ||
           err == ERR_CANCELLED || err == ERR_IO;
}

static void answer_problem(const struct call *c, const struct office_answer *a)
{
    enum problem kind = problem_of(a->err, &a->why);
    if (is_ours(a->err))
        reply_err(c, a->err, &a->why);
    else if (a->retry_s || kind == PROBLEM_TOO_MANY)
        reply_wait(c, kind, a->retry_s ? a->retry_s : API_BUSY_S, a->why.text);
    else if (a->why.at[0])
        reply_why(c, kind, &a->why);
    else
        reply_problem(c, kind, a->why.text[0] ? a->why.text : NULL);
}

static void on_answer(void *ctx, const struct office_answer *a)
{
    struct asked *q = ctx;
    const struct call *c = &q->call;
    struct reply r = {.status = a->status, .type = a->type ? a->type : a->body.n ? "application/json" : NULL};
    char etag[32], disposition[160];
    if (a->err) {
        answer_problem(c, a);
    } else {
        (void)snprintf(etag, sizeof etag, "\"%llu\"", (unsigned long long)a->version);
        (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%.120s\"",
                       a->filename ? a->filename : "");
        if (a->version)
            reply_header(&r, "ETag", etag);
        if (a->cookie)
            reply_header(&r, "Set-Cookie", a->cookie);
        if (a->filename)
            reply_header(&r, "Content-Disposition", disposition);
        reply_bytes(c, &r, a->body);
    }
    api_unref(q->call.api);
    free(q);
}

static struct view unquoted(struct view v)
{
    v = view_trim(v);
    return v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' ? (struct view){v.p + 1, v.n - 2} : v;
}

void office_route(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    struct asked *q = calloc(1, sizeof *q);
    if (!q) {
        reply_err(c, ERR_NOMEM, NULL);
        return;
    }
    q->call = *c;
    api_ref(c->api);
    http_each_query(c->req, add_param, q);
    if (q->n_params > QUERY_MAX) {
        on_answer(q,
                  &(struct office_answer){.err = ERR_SYNTAX, .why = {.text = "too many query parameters"}});
        return;
    }
    const struct office_request r = {.action = c->route.action,
                                     .who = gate_principal(c),
                                     .args = {c->route.arg, c->route.second},
                                     .params = q->params,
                                     .n_params = q->n_params,
                                     .body = http_body(c->req),
                                     .content_type = http_header(c->req, "Content-Type"),
                                     .if_match = unquoted(http_header(c->req, "If-Match")),
                                     .address = client_named(c),
                                     .request_id = http_request_id(c->req),
                                     .tls = c->from->tls,
                                     .private = call_private(c)};
    port->office(port->ctx, &r, on_answer, q);
}
