/* SPDX-License-Identifier: MIT
 * Answers: made from what the handler says, and handed to libmicrohttpd.
 */
#include <assert.h>
#include <stdio.h>

#include "net/http_internal.h"
#include "parkd/base/counters.h"

static const char *title_of(unsigned status)
{
    switch (status) {
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 431:
        return "Request Header Fields Too Large";
    default:
        return "Bad Request";
    }
}

static void count_status(unsigned status)
{
    static const enum counter by_class[] = {C_HTTP_2XX, C_HTTP_3XX, C_HTTP_4XX, C_HTTP_5XX};

    if (status >= 200 && status < 600)
        counter_add(by_class[status / 100 - 2], 1);
}

static void add_headers(struct MHD_Response *r, const struct http_answer *a, bool close)
{
    if (a->content_type)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->content_type);
    /* A value with control bytes is refused by libmicrohttpd, and the answer then goes without that header.
     */
    for (size_t i = 0; i < a->n_headers; i++)
        MHD_add_response_header(r, a->headers[i].name, a->headers[i].value);
    if (close)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
}

static struct MHD_Response *make_response(const struct http_answer *a, bool close)
{
    struct MHD_Response *r;

    /* Copied bodies are only read, but libmicrohttpd's signature is not const. */
    if (a->keep)
        r = MHD_create_response_from_buffer_with_free_callback_cls(a->body.n, (void *)(uintptr_t)a->body.p,
                                                                   a->keep, a->keep_ctx);
    else
        r = MHD_create_response_from_buffer(a->body.n, (void *)(uintptr_t)a->body.p, MHD_RESPMEM_MUST_COPY);
    if (!r && a->keep)
        a->keep(a->keep_ctx);
    if (r)
        add_headers(r, a, close);
    return r;
}

void http_request_drop_answer(struct http_request *req)
{
    if (req->response)
        MHD_destroy_response(req->response);
    req->response = NULL;
}

/* Gives the answer to libmicrohttpd. Without one (no memory, or the server was cut) the connection is
 * dropped. */
enum MHD_Result http_request_give(struct http_request *req)
{
    struct MHD_Response *r = req->response;
    enum MHD_Result res = MHD_NO;

    req->phase = HTTP_PH_QUEUED;
    if (r) {
        if (!req->conn->stream)
            http_deadline_set(req->conn, HTTP_DL_SEND);
        res = MHD_queue_response(req->mhd, req->status, r);
    }
    http_request_drop_answer(req);
    return res;
}

void http_request_refuse(struct http_request *req, unsigned status, const char *detail)
{
    char body[256];
    int n = snprintf(body, sizeof body,
                     "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}\n",
                     title_of(status), status, detail);
    struct http_answer a = {.content_type = "application/problem+json", .body = {body, (size_t)n}};

    req->response = make_response(&a, true);
    req->status = status;
    req->phase = HTTP_PH_ANSWERED;
    count_status(status);
}

/* A request that waited goes on; this may free the server and the request. */
static void answered(struct http_request *req, unsigned status)
{
    bool pending = req->phase == HTTP_PH_PENDING;

    assert(pending || req->phase == HTTP_PH_HANDLER);
    req->phase = HTTP_PH_ANSWERED;
    req->status = status;
    count_status(status);
    if (!pending)
        return;
    MHD_resume_connection(req->mhd);
    http_server_pending_done(req->conn->server);
}

void http_answer(struct http_request *req, const struct http_answer *a)
{
    struct http_server *s = req->conn->server;

    if (!s->cut)
        req->response = make_response(a, s->stopping);
    else if (a->keep)
        a->keep(a->keep_ctx);
    answered(req, (unsigned)a->status);
}

struct http_stream *http_answer_stream(struct http_request *req, const struct http_answer *head,
                                       const struct http_stream_source *source)
{
    struct http_server *s = req->conn->server;
    struct http_stream *st = s->stopping ? NULL : http_stream_new(req, source);

    if (!st) {
        http_answer(req, &(struct http_answer){.status = 503});
        return NULL;
    }
    add_headers(req->response, head, false);
    answered(req, (unsigned)head->status);
    return st;
}
