/* SPDX-License-Identifier: MIT
 * One request: strict checks of its head, its body, the hand-over to the handler, and what the handler may
 * ask.
 *
 * libmicrohttpd calls http_on_request at the end of the head, for every piece of the body, at the end of the
 * body, and after a resume; `phase` says which call it is. Its parser lets much through even when strict (two
 * lengths, two hosts, HTTP/1.0 with chunked, a blank before the colon, hundreds of fields), so what could
 * make us and a proxy disagree about where a request ends is refused here, and the connection closed. Bare
 * LF, bare CR, folded lines, NUL (it cuts the value there) and chunk extensions cannot be seen from here: a
 * proxy in front refuses those.
 */
#include <string.h>

#include "net/http_internal.h"

#define SWALLOW_MAX \
    (1024 * 1024) /* read this much beyond the limit, so that the client gets to see the 413 */

struct head {
    const char *version;
    unsigned fields, hosts, lengths, codings;
    struct view length, coding;
    bool expect, bad;
    uint64_t body_n; /* UINT64_MAX: chunked */
};

/* --- the head --- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Printable ASCII, and '%' only before two hex digits that are not 00. */
static bool uri_is_clean(const char *uri)
{
    for (const char *p = uri; *p; p++) {
        if (*p <= ' ' || *p > '~')
            return false;
        if (*p == '%' && (!is_hex(p[1]) || !is_hex(p[2]) || (p[1] == '0' && p[2] == '0')))
            return false;
    }
    return true;
}

void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_conn *c = info ? info->socket_context : NULL;

    (void)cls;
    if (!c)
        return NULL;
    c->req.phase = HTTP_PH_FRESH;
    c->req.long_uri = strlen(uri) > HTTP_MAX_URI;
    c->req.bad_uri = !uri_is_clean(uri);
    return &c->req;
}

/* Of a line that is folded before its value libmicrohttpd makes one name: "Content-Length:", " 12" become
 * "Content-Length12" without value. Whoever stands before us may have read the length. */
static bool is_folded_framing(struct view name)
{
    static const char *const names[] = {"content-length", "transfer-encoding"};

    for (int i = 0; i < 2; i++) {
        size_t n = strlen(names[i]);
        if (name.n > n && view_ieq((struct view){name.p, n}, names[i]))
            return true;
    }
    return false;
}

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                const char *value, size_t value_n)
{
    struct head *h = cls;
    struct view k = {key, key_n}, v = {value, value_n};

    (void)kind;
    h->fields++;
    /* libmicrohttpd keeps "Content-Length " with its blank as a name of its own, which a proxy may read as
     * the length. */
    if (!view_is_token(k) || is_folded_framing(k))
        h->bad = true;
    if (view_ieq(k, "host")) {
        h->hosts++;
    } else if (view_ieq(k, "content-length")) {
        h->lengths++;
        h->length = v;
    } else if (view_ieq(k, "transfer-encoding")) {
        h->codings++;
        h->coding = v;
    } else if (view_ieq(k, "expect")) {
        h->expect = true;
    }
    return MHD_YES;
}

/* Fills body_n; NULL, or what is wrong. */
static const char *check_framing(struct head *h)
{
    int64_t n = 0;

    if (h->bad)
        return "a header name that is none";
    if (h->hosts > 1)
        return "more than one Host";
    if (h->lengths > 1 || h->codings > 1 || (h->lengths && h->codings))
        return "more than one length";
    if (h->codings && (!view_ieq(h->coding, "chunked") || strcmp(h->version, "HTTP/1.1") != 0))
        return "Transfer-Encoding not accepted";
    if (h->lengths && (view_to_int(h->length, 0, INT64_MAX, &n) != 0 || h->length.p[0] == '-'))
        return "Content-Length is not a number";
    h->body_n = h->codings ? UINT64_MAX : (uint64_t)n;
    return NULL;
}

/* --- the way of a request --- */

static enum http_method method_of(const char *method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};

    for (int i = 0; i < HTTP_OTHER; i++) {
        if (strcmp(method, names[i]) == 0)
            return (enum http_method)i;
    }
    return HTTP_OTHER;
}

static enum MHD_Result run_handler(struct http_request *req)
{
    struct http_server *s = req->conn->server;

    http_deadline_clear(req->conn);
    req->phase = HTTP_PH_HANDLER;
    s->fn(s->ctx, req);
    if (req->phase == HTTP_PH_ANSWERED)
        return http_request_give(req);
    req->phase = HTTP_PH_PENDING;
    s->n_pending++;
    MHD_suspend_connection(req->mhd);
    return MHD_YES;
}

static enum MHD_Result begin_body(struct http_request *req, const struct head *h)
{
    size_t max = req->conn->server->conf.max_body;

    http_deadline_set(req->conn, HTTP_DL_BODY);
    req->phase = HTTP_PH_BODY;
    if (h->body_n == UINT64_MAX || h->body_n <= max)
        return MHD_YES;
    if (!h->expect && h->body_n <= max + SWALLOW_MAX) {
        req->phase = HTTP_PH_SWALLOW;
        return MHD_YES;
    }
    http_request_refuse(req, 413, "the body is larger than allowed");
    return http_request_give(req);
}

static enum MHD_Result on_head(struct http_request *req, struct head *h)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *fault;

    MHD_get_connection_values_n(req->mhd, MHD_HEADER_KIND, on_field, h);
    fault = check_framing(h);
    if (fault)
        http_request_refuse(req, 400, fault);
    else if (h->fields > HTTP_MAX_FIELDS || (size && size->header_size > HTTP_MAX_HEAD))
        http_request_refuse(req, 431, "at most 64 fields and 16 KiB");
    else if (req->long_uri)
        http_request_refuse(req, 414, "at most 2048 bytes");
    else if (req->bad_uri)
        http_request_refuse(req, 400, "the target has bytes that do not belong there");
    if (req->phase == HTTP_PH_ANSWERED)
        return http_request_give(req);
    if (h->body_n)
        return begin_body(req, h);
    req->phase = HTTP_PH_BODY; /* an answer at this first call would cost the connection */
    return MHD_YES;
}

/* Too much by chunks: no more than SWALLOW_MAX is read before the connection is dropped. */
static enum MHD_Result take_body(struct http_request *req, const char *data, size_t *n_data)
{
    size_t n = *n_data;

    *n_data = 0;
    if (req->phase == HTTP_PH_BODY && buf_put(&req->body, data, n) == 0)
        return MHD_YES;
    if (req->phase == HTTP_PH_BODY) {
        req->phase = HTTP_PH_SWALLOW;
        req->swallowed = 0;
    }
    req->swallowed += n;
    return req->swallowed <= req->conn->server->conf.max_body + SWALLOW_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_end(struct http_request *req)
{
    if (req->phase == HTTP_PH_BODY)
        return run_handler(req);
    http_request_refuse(req, 413, "the body is larger than allowed");
    return http_request_give(req);
}

static void name_request(struct http_request *req)
{
    static uint64_t last;
    uint64_t id = ++last;

    for (int i = HTTP_ID_SIZE - 2; i >= 0; i--, id >>= 4)
        req->id[i] = "0123456789abcdef"[id & 15];
}

enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                const char *version, const char *data, size_t *n_data, void **req_cls)
{
    struct http_request *req = *req_cls;
    struct head h = {.version = version};

    (void)cls;
    if (!req)
        return MHD_NO;
    switch (req->phase) {
    case HTTP_PH_FRESH:
        req->mhd = mhd;
        req->path = url;
        req->method = method_of(method);
        name_request(req);
        return on_head(req, &h);
    case HTTP_PH_BODY:
    case HTTP_PH_SWALLOW:
        return *n_data ? take_body(req, data, n_data) : on_end(req);
    case HTTP_PH_ANSWERED:
        return http_request_give(req);
    default: /* a body behind a refusal */
        *n_data = 0;
        return MHD_YES;
    }
}

void http_request_reset(struct http_request *req)
{
    http_request_drop_answer(req);
    req->swallowed = 0;
    req->phase = HTTP_PH_FRESH;
    if (req->body.p)
        buf_fini(&req->body);
    buf_init(&req->body, req->conn->server->conf.max_body);
}

/* --- what a handler may ask --- */

enum http_method http_method(const struct http_request *req)
{
    return req->method;
}

struct view http_path(const struct http_request *req)
{
    return view_of(req->path);
}

struct view http_body(const struct http_request *req)
{
    return buf_get(&req->body);
}

static struct view look_up(const struct http_request *req, enum MHD_ValueKind kind, const char *name)
{
    struct view v = {NULL, 0};

    if (MHD_lookup_connection_value_n(req->mhd, kind, name, strlen(name), &v.p, &v.n) == MHD_YES && !v.p)
        v.p = ""; /* "?name" without '=' */
    return v;
}

struct view http_header(const struct http_request *req, const char *name)
{
    return look_up(req, MHD_HEADER_KIND, name);
}

struct view http_query(const struct http_request *req, const char *name)
{
    return look_up(req, MHD_GET_ARGUMENT_KIND, name);
}

struct visit {
    void (*fn)(void *ctx, struct view name, struct view value);
    void *ctx;
};

static enum MHD_Result on_visit(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                const char *value, size_t value_n)
{
    const struct visit *v = cls;

    (void)kind;
    v->fn(v->ctx, (struct view){key, key_n}, (struct view){value ? value : "", value_n});
    return MHD_YES;
}

void http_each_query(const struct http_request *req,
                     void (*fn)(void *ctx, struct view name, struct view value), void *ctx)
{
    struct visit v = {fn, ctx};

    MHD_get_connection_values_n(req->mhd, MHD_GET_ARGUMENT_KIND, on_visit, &v);
}

void http_each_header(const struct http_request *req,
                      void (*fn)(void *ctx, struct view name, struct view value), void *ctx)
{
    struct visit v = {fn, ctx};

    MHD_get_connection_values_n(req->mhd, MHD_HEADER_KIND, on_visit, &v);
}

struct view http_peer(const struct http_request *req)
{
    return view_of(req->conn->peer_text);
}

struct view http_request_id(const struct http_request *req)
{
    return (struct view){req->id, HTTP_ID_SIZE - 1};
}
