/* SPDX-License-Identifier: MIT
 * The built-in dialect `generic`: one GET (or a fixed request) for a poll, a JSON body for a push, a mapping
 * for both.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/generic_map.h"
#include "dialect/ops.h"

struct generic {
    struct json *params; /* the mapping and the headers point into it */
    struct mapping map;
};

static int build(const struct generic *g, struct view url, struct dialect_request *out, struct why *why)
{
    const struct json *headers = json_get(g->params, "headers");
    struct view method = json_text(json_get(g->params, "method")),
                body = json_text(json_get(g->params, "body"));
    int err = 0;
    for (const struct json *h = json_first(headers); h && !err; h = json_next(h)) {
        if (!json_is(h, JSON_STRING))
            return why_set(why, ERR_TYPE, "/headers", "values must be texts");
        err = dialect_request_header(out, json_key(h), json_text(h), why);
    }
    if (err)
        return err;
    if (method.n && !view_is(method, "GET") && !view_is(method, "POST") && !view_is(method, "PUT"))
        return why_set(why, ERR_INVALID, "/method", "must be GET, POST or PUT");
    err = view_copy(method, out->method, sizeof out->method);
    if (!err)
        err = buf_view(&out->body, body);
    if (err)
        return why_set(why, err, "/body", "%s", err_text(err));
    return dialect_request_url(out, url, why);
}

static void generic_close(void *self)
{
    struct generic *g = self;
    if (g)
        json_free(g->params);
    free(g);
}

static int generic_open(const struct dialect *d, const struct json *params, struct view text, void **self,
                        struct why *why)
{
    (void)d;
    (void)params;
    struct dialect_request dry; /* wrong headers show now and not at the first poll */
    struct generic *g = calloc(1, sizeof *g);
    int err = g ? json_parse(text, &g->params, why) : ERR_NOMEM;
    *self = g;
    if (err)
        return err;
    err = mapping_compile(json_get(g->params, "mapping"), &g->map, why);
    if (err) {
        why_under(why, "/params/mapping");
        return err;
    }
    dialect_request_init(&dry);
    err = build(g, VIEW("http://x/"), &dry, why);
    dialect_request_fini(&dry);
    if (err)
        why_under(why, "/params");
    return err;
}

static int generic_poll(void *self, const struct dialect_ctx *ctx, struct dialect_request *out,
                        struct why *why)
{
    return build(self, ctx->url, out, why);
}

static int read_body(const struct generic *g, struct view body, struct report_list *out, struct why *why)
{
    struct json *root = NULL;
    int err = dialect_parse_json(body, &root, why);
    if (!err)
        err = mapping_read(&g->map, root, out, why);
    json_free(root);
    return err;
}

static int generic_decode(void *self, const struct dialect_ctx *ctx, const struct dialect_response *res,
                          struct report_list *out, struct dialect_request *next, bool *more, struct why *why)
{
    (void)ctx;
    (void)next;
    (void)more;
    return read_body(self, res->body, out, why);
}

static int generic_receive(void *self, const struct dialect_ctx *ctx, const struct dialect_inbound *req,
                           struct report_list *out, struct dialect_reply *reply, struct why *why)
{
    (void)ctx;
    int err = read_body(self, req->body, out, why);
    if (err)
        return err;
    reply->status = 200;
    (void)snprintf(reply->content_type, sizeof reply->content_type, "application/json");
    return buf_str(&reply->body, "{\"code\":0}");
}

const struct dialect_ops generic_ops = {
    .open = generic_open,
    .close = generic_close,
    .poll = generic_poll,
    .decode = generic_decode,
    .receive = generic_receive,
};
