/* SPDX-License-Identifier: MIT
 * The gate: who asks, may it, and is it written down before it happens.
 *
 * Every route but the public ones passes here, so no handler looks at keys or cookies. What changes something
 * goes into the audit trail first and happens then: an act that cannot be written down does not happen. A
 * page of another origin never acts, whatever its browser sends along.
 */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"

struct pass {
    struct call call;
    struct principal who;
    bool witnessed;
    void (*next)(const struct call *c);
};

static bool changes(const struct call *c)
{
    enum http_method m = http_method(c->req);
    return m != HTTP_GET && m != HTTP_HEAD && m != HTTP_OPTIONS;
}

static struct view method_name(enum http_method m)
{
    switch (m) {
    case HTTP_POST:
        return VIEW("POST");
    case HTTP_PUT:
        return VIEW("PUT");
    case HTTP_DELETE:
        return VIEW("DELETE");
    default:
        return VIEW("GET");
    }
}

static struct office_act act_of(const struct call *c)
{
    return (struct office_act){.action = c->route.name,
                               .method = method_name(http_method(c->req)),
                               .path = http_path(c->req),
                               .address = client_named(c),
                               .request_id = http_request_id(c->req)};
}

bool call_private(const struct call *c)
{
    struct view peer = http_peer(c->req);
    return c->from->tls || view_is(peer, "unix") || view_is(peer, "::1") || view_starts(peer, "127.");
}

/* "https://host:port" against the Host header. */
static bool from_elsewhere(const struct call *c)
{
    struct view origin = http_header(c->req, "Origin"), host = http_header(c->req, "Host");
    const char *slashes = origin.n ? memmem(origin.p, origin.n, "://", 3) : NULL;
    if (!origin.p)
        return false;
    if (!slashes)
        return true;
    size_t at = (size_t)(slashes - origin.p) + 3;
    return !view_eq((struct view){origin.p + at, origin.n - at}, host);
}

static int identify(const struct call *c, struct principal *who, struct why *why)
{
    const struct api_port *port = &c->api->port;
    const struct office_evidence e = {.socket = c->from->socket,
                                      .unsafe = changes(c),
                                      .private = call_private(c),
                                      .authorization = http_header(c->req, "Authorization"),
                                      .cookie = http_header(c->req, "Cookie"),
                                      .csrf = http_header(c->req, "X-CSRF-Token"),
                                      .origin = http_header(c->req, "Origin"),
                                      .host = http_header(c->req, "Host"),
                                      .address = client_named(c)};
    return port->identify(port->ctx, &e, who, why);
}

/* Refused before anything happened. */
static void refuse(struct pass *p, enum problem kind, const char *detail)
{
    p->witnessed = changes(&p->call); /* the refusal alone is told, when it is answered */
    reply_problem(&p->call, kind, detail);
}

static void on_witnessed(void *ctx, int err, uint64_t n)
{
    struct pass *p = ctx;
    struct api *a = p->call.api;
    (void)n;
    if (err || a->gone)
        reply_err(&p->call, ERR_AWAY, NULL);
    else {
        p->witnessed = true;
        p->next(&p->call);
    }
    api_unref(a);
}

static void witness(struct pass *p)
{
    struct api *a = p->call.api;
    const struct office_act act = act_of(&p->call);
    api_ref(a);
    int err = a->port.witness(a->port.ctx, &p->who, &act, on_witnessed, p);
    if (!err)
        return;
    reply_err(&p->call, err, NULL);
    api_unref(a);
}

static void let_in(struct pass *p)
{
    const struct call *c = &p->call;
    struct why why = {0};
    int err = identify(c, &p->who, &why);
    bool open = c->route.access == ACCESS_ANYBODY;
    if (err && open)
        p->who = (struct principal){0}; /* signing in, with an old cookie perhaps */
    else if (err) {
        refuse(p, err == ERR_REFUSED ? PROBLEM_FORBIDDEN : PROBLEM_AUTH, why.text[0] ? why.text : NULL);
        return;
    }
    if (changes(c) && from_elsewhere(c)) {
        refuse(p, PROBLEM_FORBIDDEN, "not for pages of another origin");
        return;
    }
    if (!principal_may(&p->who, c->route.access)) {
        refuse(p, p->who.role == ROLE_NOBODY ? PROBLEM_AUTH : PROBLEM_FORBIDDEN,
               p->who.role == ROLE_NOBODY ? "sign in, or send a key" : "your account may not do this");
        return;
    }
    if (changes(c) && !c->route.quiet)
        witness(p);
    else
        p->next(c);
}

void gate(const struct call *c, void (*next)(const struct call *c))
{
    struct pass *p = calloc(1, sizeof *p);
    if (!p) {
        reply_err(c, ERR_NOMEM, NULL);
        return;
    }
    p->call = *c;
    p->call.pass = p;
    p->next = next;
    let_in(p);
}

void gate_done(const struct call *c, int status)
{
    struct pass *p = c->pass;
    if (!p)
        return;
    const struct api_port *port = &c->api->port;
    const struct office_act act = act_of(c);
    if (p->witnessed && status >= 400 && !c->api->gone)
        port->outcome(port->ctx, &p->who, &act, status);
    free(p);
}

const struct principal *gate_principal(const struct call *c)
{
    return &c->pass->who;
}
