/* SPDX-License-Identifier: MIT
 * All states at once, for a platform that wants to compare: what a sink is told, in the same bytes, and how
 * far it has acknowledged them. Read by a key that is registered with the sink.
 *
 * The body says nothing that moves by itself, so its ETag changes exactly when a state or an acknowledgement
 * does. It is made at most once a second for each sink.
 */
#include <string.h>

#include "api/internal.h"
#include "parkd/base/crypto.h"

#define KEY_MAX 128

static struct view bearer_of(const struct call *c)
{
    struct view rest = view_trim(http_header(c->req, "Authorization")), scheme = view_cut(&rest, ' ');
    return view_ieq(scheme, "bearer") ? view_trim(rest) : (struct view){NULL, 0};
}

/* The sink whose reader asks; empty: answered already. */
static struct view reader(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    unsigned char digest[DIGEST_MAX];
    struct view key = bearer_of(c), sink;
    size_t n = 0;
    bool enabled = false;
    if (crypto_digest(DIGEST_SHA256, key, digest, &n)) {
        reply_err(c, ERR_NOMEM, NULL);
        return (struct view){NULL, 0};
    }
    sink = port->reader_of(port->ctx, digest, &enabled);
    if (sink.n && key.n && enabled)
        return sink;
    if (sink.n && key.n)
        reply_problem(c, PROBLEM_FORBIDDEN, "the sink of this key is disabled");
    else
        reply_problem(c, PROBLEM_AUTH,
                      key.n ? "the key is not a reader's" : "send a reader's key as Authorization: Bearer");
    return (struct view){NULL, 0};
}

static struct cache_entry *make(const struct call *c, struct view sink, struct view key)
{
    const struct api_port *port = &c->api->port;
    struct cache_stamp now = call_stamp(c);
    struct snapshot_view v = {sink, now.now_ms, port->acked, port->ctx};
    struct buf body;
    buf_init(&body, API_MAX_ANSWER);
    int err = render_snapshot(c->api->reg, &v, &body);
    struct cache_entry *e =
        err ? NULL : cache_store(c->api->cache, key, &now, &body, now.now_ms + CACHE_CALM_MS, NULL);
    buf_fini(&body);
    return e;
}

void snapshot_handle(const struct call *c)
{
    struct query q;
    struct why why = {0};
    struct buf key;
    struct view sink = reader(c);
    if (!sink.n)
        return;
    call_query(c, &q);
    if (query_none(&q, &why)) {
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    buf_init(&key, KEY_MAX);
    buf_printf(&key, "/v1/export/snapshot " VIEW_FMT, VIEW_ARG(sink));
    struct cache_stamp now = call_stamp(c);
    struct cache_entry *e = cache_find(c->api->cache, buf_get(&key), &now);
    if (!e)
        e = make(c, sink, buf_get(&key));
    reply_entry(c, &(struct reply){.status = 200, .cache_control = "private, no-cache"}, e);
    buf_fini(&key);
}
