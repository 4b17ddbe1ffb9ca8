/* SPDX-License-Identifier: MIT
 * Messages as values.
 */
#include "parkd/dialect/inbound.h"

#include <stdlib.h>
#include <string.h>

void inbound_result_init(struct inbound_result *r)
{
    *r = (struct inbound_result){0};
    report_list_init(&r->reports);
}

void inbound_result_fini(struct inbound_result *r)
{
    report_list_fini(&r->reports);
    dialect_reply_fini(&r->reply);
}

/* ---- copies */

static size_t fields_size(const struct inbound_field *f, size_t n)
{
    size_t sum = n * sizeof *f;
    for (size_t i = 0; i < n; i++)
        sum += f[i].name.n + f[i].value.n;
    return sum;
}

static struct view put(char **at, struct view v)
{
    char *to = *at;
    if (v.n)
        memcpy(to, v.p, v.n);
    *at += v.n;
    return (struct view){v.p ? to : NULL, v.n};
}

static void put_fields(char **at, struct inbound_field *to, const struct inbound_field *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (struct inbound_field){put(at, from[i].name), put(at, from[i].value)};
}

struct inbound_message *inbound_copy(const struct inbound_message *m)
{
    size_t size = sizeof *m + fields_size(m->headers, m->n_headers) + fields_size(m->query, m->n_query) +
                  m->method.n + m->path.n + m->content_type.n + m->body.n + m->topic.n + 1;
    struct inbound_message *c = malloc(size);
    if (!c)
        return NULL;
    struct inbound_field *headers = (struct inbound_field *)(c + 1), *query = headers + m->n_headers;
    char *at = (char *)(query + m->n_query);
    put_fields(&at, headers, m->headers, m->n_headers);
    put_fields(&at, query, m->query, m->n_query);
    *c = (struct inbound_message){.method = put(&at, m->method),
                                  .path = put(&at, m->path),
                                  .content_type = put(&at, m->content_type),
                                  .body = put(&at, m->body),
                                  .topic = put(&at, m->topic),
                                  .headers = headers,
                                  .query = query,
                                  .n_headers = m->n_headers,
                                  .n_query = m->n_query};
    return c;
}

/* ---- reading */

static struct view find(const struct inbound_field *f, size_t n, const char *name, bool exactly)
{
    for (size_t i = 0; i < n; i++) {
        if (exactly ? view_is(f[i].name, name) : view_ieq(f[i].name, name))
            return f[i].value;
    }
    return (struct view){NULL, 0};
}

static struct view header(void *ctx, const char *name)
{
    const struct inbound_message *m = ctx;
    return find(m->headers, m->n_headers, name, false);
}

static struct view query(void *ctx, const char *name)
{
    const struct inbound_message *m = ctx;
    return find(m->query, m->n_query, name, true);
}

void inbound_read(struct dialect_session *s, const struct dialect_ctx *ctx, const struct inbound_message *m,
                  struct inbound_result *out)
{
    struct inbound_message own = *m;
    struct dialect_inbound in = {.method = m->method,
                                 .path = m->path,
                                 .content_type = m->content_type,
                                 .body = m->body,
                                 .header = header,
                                 .query = query,
                                 .accessor = &own};
    out->err = dialect_receive(s, ctx, &in, &out->reports, &out->reply, &out->why);
}
