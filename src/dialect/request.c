/* SPDX-License-Identifier: MIT
 * Requests and answers as values: what every dialect builds, checked in one place, because header values and
 * URLs come from registrations and scripts.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect/ops.h"

void dialect_request_init(struct dialect_request *r)
{
    /* Headers beyond n_headers are never read; clearing all of them cost more than the rest of a poll. */
    r->method[0] = r->url[0] = '\0';
    r->n_headers = 0;
    r->items = NULL;
    r->n_items = 0;
    r->part = 0;
    r->first = false;
    buf_init(&r->body, DIALECT_MAX_BODY);
}

void dialect_request_fini(struct dialect_request *r)
{
    buf_fini(&r->body);
    free(r->items);
    r->items = NULL;
    r->n_items = 0;
}

void dialect_request_list_fini(struct dialect_request_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        dialect_request_fini(&l->v[i]);
    free(l->v);
    *l = (struct dialect_request_list){0};
}

void dialect_reply_fini(struct dialect_reply *r)
{
    buf_fini(&r->body);
}

void dialect_judgement_fini(struct dialect_judgement *j)
{
    free(j->each);
    free(j->codes);
    free(j->unbalanced);
    j->each = NULL;
    j->codes = NULL;
    j->unbalanced = NULL;
}

void dialect_known_list_fini(struct dialect_known_list *l)
{
    free(l->v);
    *l = (struct dialect_known_list){0};
}

struct dialect_known_item *dialect_known_add(struct dialect_known_list *l)
{
    struct dialect_known_item *v = realloc(l->v, (l->n + 1) * sizeof *v);
    if (!v)
        return NULL;
    l->v = v;
    v[l->n] = (struct dialect_known_item){.free = COUNT_NONE, .open = COUNT_NONE, .total = COUNT_NONE};
    return &v[l->n++];
}

struct dialect_request *dialect_request_add(struct dialect_request_list *l)
{
    struct dialect_request *v = realloc(l->v, (l->n + 1) * sizeof *v);
    if (!v)
        return NULL;
    l->v = v;
    dialect_request_init(&v[l->n]);
    return &v[l->n++];
}

int dialect_request_items(struct dialect_request *r, uint32_t first, size_t n)
{
    r->items = calloc(n ? n : 1, sizeof *r->items);
    if (!r->items)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        r->items[i] = first + (uint32_t)i;
    r->n_items = n;
    return 0;
}

static bool is_printable(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if (c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

int dialect_request_header(struct dialect_request *r, struct view name, struct view value, struct why *why)
{
    if (r->n_headers == DIALECT_MAX_HEADERS)
        return why_set(why, ERR_FULL, "/headers", "more than %d headers", DIALECT_MAX_HEADERS);
    struct dialect_header *h = &r->headers[r->n_headers];
    if (!view_is_token(name) || !is_printable(value) || view_copy(name, h->name, sizeof h->name) ||
        view_copy(value, h->value, sizeof h->value))
        return why_set(why, ERR_INVALID, "/headers", "not a header, or too long");
    r->n_headers++;
    return 0;
}

int dialect_request_url(struct dialect_request *r, struct view url, struct why *why)
{
    bool http = view_starts(url, "http://") || view_starts(url, "https://");
    if (!http || !is_printable(url) || memchr(url.p, ' ', url.n))
        return why_set(why, ERR_INVALID, "/url", "not an absolute http or https URL");
    if (view_copy(url, r->url, sizeof r->url))
        return why_set(why, ERR_INVALID, "/url", "longer than %zu bytes", sizeof r->url - 1);
    return 0;
}

int dialect_parse_json(struct view body, struct json **out, struct why *why)
{
    struct view head = view_trim(body);
    *out = NULL;
    if (head.n == 0)
        return why_set(why, ERR_SYNTAX, "", "empty body instead of JSON");
    if (head.p[0] == '<')
        return why_set(why, ERR_SYNTAX, "", "HTML or XML instead of JSON");
    return json_parse(body, out, why);
}

bool dialect_item_current(const struct dialect_ctx *ctx, const struct dialect_item *item)
{
    int64_t interval_ms = 0;
    if (item->reading->expired || item->reading->observed_ms <= 0)
        return false;
    if (ctx->lots) {
        uint32_t idx = registry_find(ctx->lots, view_of(item->lot->id));
        if (idx != REGISTRY_NONE)
            interval_ms = registry_lot(ctx->lots, idx)->interval_ms;
    }
    return freshness_current(item->reading, interval_ms, ctx->now_ms);
}
