/* SPDX-License-Identifier: MIT
 * Builds requests: the URL with its query, headers, body.
 */
#include "dialect/map_request.h"

#include <stdlib.h>
#include <string.h>

#include "dialect/map_url.h"
#include "parkd/model/registry.h"

#define URL_MAX  4096
#define BODY_MAX (256 * 1024)

/* ---- ids */

static int add_id(struct map_ids *ids, size_t *cap, const char *foreign, const char *id)
{
    if (ids->n == *cap) {
        size_t more = *cap ? *cap * 2 : 32;
        char(*v)[FOREIGN_SIZE] = realloc(ids->v, more * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        ids->v = v;
        *cap = more;
    }
    return view_copy(view_of(foreign[0] ? foreign : id), ids->v[ids->n++], FOREIGN_SIZE);
}

int map_ids_collect(const struct dialect_ctx *ctx, struct map_ids *out)
{
    size_t cap = 0;
    int err = 0;
    *out = (struct map_ids){0};
    uint32_t size = ctx->lots ? registry_size(ctx->lots) : 0;
    for (uint32_t i = 0; i < size && !err; i++) {
        const struct registry_lot *r = registry_lot(ctx->lots, i);
        if (!r->removed && ctx->feed && strcmp(r->lot.feed, ctx->feed) == 0)
            err = add_id(out, &cap, r->lot.foreign_id, r->lot.id);
    }
    for (size_t i = 0; !ctx->lots && i < ctx->n_known && !err; i++)
        err = add_id(out, &cap, ctx->known[i].foreign, ctx->known[i].id);
    return err;
}

void map_ids_fini(struct map_ids *ids)
{
    free(ids->v);
    *ids = (struct map_ids){0};
}

bool map_ids_have(const struct map_ids *ids, struct view lot)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (view_is(lot, ids->v[i]))
            return true;
    }
    return false;
}

static int list_ids(struct map_eval *e, const struct map_turn *turn, struct map_fill *fill)
{
    struct view *v = arena_take(&e->arena, turn->n_ids * sizeof *v);
    if (!v)
        return ERR_NOMEM;
    for (size_t i = 0; i < turn->n_ids; i++)
        v[i] = view_of(turn->ids->v[turn->first_id + i]);
    fill->ids = v;
    fill->n_ids = turn->n_ids;
    return 0;
}

/* ---- holes of the feed's own request */

bool map_asks_with(const struct mapping *m, struct view url, enum map_hole hole)
{
    static const char *const names[HOLE_KINDS] = {[HOLE_PAGE] = "${page}", [HOLE_IDS] = "${ids}"};
    unsigned holes = m->ask.body.holes;
    for (int i = 0; i < m->ask.n_headers; i++)
        holes |= m->ask.headers[i].value.holes;
    for (size_t i = 0; i < m->ask.n_query; i++)
        holes |= m->ask.query[i].value.holes;
    const char *name = names[hole];
    return holes >> hole & 1 || (name && url.n && memmem(url.p, url.n, name, strlen(name)));
}

/* ---- parts */

static int say(int err, const char *at, struct why *why)
{
    return err ? why_set(why, err, at, "%s", err_text(err)) : 0;
}

static int put_headers(const struct map_ask *ask, struct map_fill *fill, struct dialect_request *out,
                       struct why *why)
{
    struct buf value;
    int err = 0;
    fill->escape = ESCAPE_NONE;
    for (int i = 0; i < ask->n_headers && !err; i++) {
        buf_init(&value, sizeof out->headers[0].value);
        err = say(map_template_fill(&ask->headers[i].value, fill, &value), "/headers", why);
        if (!err)
            err = dialect_request_header(out, ask->headers[i].name, buf_get(&value), why);
        buf_fini(&value);
    }
    return err;
}

static struct view content_type(const struct dialect_request *r)
{
    for (int i = 0; i < r->n_headers; i++) {
        if (view_ieq(view_of(r->headers[i].name), "content-type"))
            return view_of(r->headers[i].value);
    }
    return (struct view){0};
}

static int put_body(const struct map_ask *ask, struct map_fill *fill, struct dialect_request *out,
                    struct why *why)
{
    struct buf body;
    buf_init(&body, BODY_MAX);
    fill->escape = map_escape_of(&ask->body, content_type(out));
    int err = map_template_fill(&ask->body, fill, &body);
    if (!err && body.n)
        err = buf_view(&out->body, buf_get(&body));
    buf_fini(&body);
    return say(err, "/body", why);
}

static int put_method(const struct map_ask *ask, struct dialect_request *out)
{
    return view_copy(ask->method, out->method, sizeof out->method);
}

/* A member whose holes leave it empty is left out: a first page has no token yet. */
static int put_query(const struct map_ask *ask, struct map_fill *fill, struct buf *url, struct why *why)
{
    struct buf value;
    int err = 0;
    fill->escape = ESCAPE_NONE;
    bool first = !url->n || !memchr(url->p, '?', url->n);
    for (size_t i = 0; i < ask->n_query && !err; i++) {
        const struct map_member *q = &ask->query[i];
        buf_init(&value, URL_MAX);
        err = map_template_fill(&q->value, fill, &value);
        if (!err && (value.n || q->value.holes <= 1)) {
            (void)buf_char(url, first ? '?' : '&');
            first = false;
            map_escape(url, ESCAPE_URL, q->name);
            (void)buf_char(url, '=');
            map_escape(url, ESCAPE_URL, buf_get(&value));
        }
        buf_fini(&value);
    }
    return say(err ? err : url->err, "/query", why);
}

/* The registered URL may have holes too; it is not there yet when the mapping is compiled. */
static int put_url(struct map_eval *e, struct map_fill *fill, struct view text, struct buf *out,
                   struct why *why)
{
    struct map_template t;
    if (!text.n || !memmem(text.p, text.n, "${", 2))
        return say(buf_view(out, text), "/url", why);
    struct arena_mark mark = arena_here(&e->m->arena);
    int err = map_url_compile(e->m, text, &t, why);
    fill->escape = ESCAPE_URL;
    if (!err)
        err = say(map_template_fill(&t, fill, out), "/url", why);
    arena_back(&e->m->arena, mark);
    return err;
}

int map_request_main(struct map_eval *e, const struct map_turn *turn, struct dialect_request *out,
                     struct why *why)
{
    struct buf url;
    struct map_fill fill = {.e = e, .page = turn->page};
    const struct map_ask *ask = &e->m->ask;
    int err = say(list_ids(e, turn, &fill), "", why);
    buf_init(&url, URL_MAX);
    if (!err)
        err = say(put_method(ask, out), "/method", why);
    if (!err)
        err = put_headers(ask, &fill, out, why);
    if (!err)
        err = put_body(ask, &fill, out, why);
    if (!err && turn->url.n)
        err = say(buf_view(&url, turn->url), "/url", why);
    else if (!err && !(err = put_url(e, &fill, e->ctx->url, &url, why)))
        err = put_query(ask, &fill, &url, why);
    if (!err)
        err = dialect_request_url(out, buf_get(&url), why);
    buf_fini(&url);
    return err;
}

static int put_joined_url(struct map_eval *e, const struct map_ask *ask, struct map_fill *fill,
                          struct dialect_request *out, struct why *why)
{
    struct buf ref, url;
    buf_init(&ref, URL_MAX);
    buf_init(&url, URL_MAX);
    fill->escape = ESCAPE_URL;
    int err = map_template_fill(&ask->url, fill, &ref);
    if (!err)
        err = url_resolve(e->ctx->url, buf_get(&ref), &url);
    err = err ? say(err, "/url", why) : dialect_request_url(out, buf_get(&url), why);
    buf_fini(&url);
    buf_fini(&ref);
    return err;
}

int map_request_join(struct map_eval *e, const struct map_ids *ids, int join, struct dialect_request *out,
                     struct why *why)
{
    const struct map_ask *ask = &e->m->joins[join].ask;
    struct map_turn turn = {.ids = ids, .n_ids = ids->n};
    struct map_fill fill = {.e = e};
    int err = say(list_ids(e, &turn, &fill), "", why);
    if (!err)
        err = say(put_method(ask, out), "/method", why);
    if (!err)
        err = put_joined_url(e, ask, &fill, out, why);
    bool ours = !err && !ask->n_headers && url_same_origin(view_of(out->url), e->ctx->url);
    if (!err)
        err = put_headers(ours ? &e->m->ask : ask, &fill, out, why);
    if (!err)
        err = put_body(ask, &fill, out, why);
    if (err)
        why_under(why, "/mapping/join/" VIEW_FMT, VIEW_ARG(e->m->joins[join].name));
    return err;
}
