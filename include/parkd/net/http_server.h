/* SPDX-License-Identifier: MIT
 * The HTTP server: libmicrohttpd's external epoll inside the loop, one handler for all requests, answers now
 * or later.
 *
 * The server reads the whole body (bounded), refuses what must not pass (two lengths, two hosts, HTTP/1.0
 * with chunked, a header name that is no token, %00, too many or too large headers), watches deadlines from
 * the first byte, and then calls the handler exactly once per request. The handler, or whoever it hands the
 * request to, calls http_answer exactly once, at any later time in the loop, or inside the handler. A request
 * is valid until its answer; if the client leaves earlier, http_answer still must be called (it then only
 * cleans up). Views of a request live as long as the request.
 *
 * http_server_stop stops accepting, lets open requests end up to `grace_ms`, then cuts them, closes
 * everything and calls back. A request that is unanswered even then stays valid, and its http_answer (which
 * then only cleans up) is still owed.
 *
 * Counts its answers (C_HTTP_2XX…) and what it cut (C_HTTP_CUT) itself.
 */
#ifndef PARKD_NET_HTTP_SERVER_H
#define PARKD_NET_HTTP_SERVER_H

#include <sys/types.h>

#include "parkd/base/view.h"

struct addr_filter;
struct http_request;
struct http_server;
struct loop;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER };

struct http_server_conf {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", ":8080", or "unix:/path" */
    size_t max_body; /* 256 KiB; up to 1 MiB more is read away and answered 413, what is longer 413 at once */
    int max_connections; /* 4 096 */
    int max_per_address; /* 64; 0 no limit. UNIX sockets are exempt; an IPv6 /64 is one address */
    const struct addr_filter *unlimited; /* whose connections are not counted; NULL: nobody's; kept */
    int64_t head_ms, body_ms;            /* 5 s, 10 s, from the first byte */
    int64_t idle_ms;                     /* keep-alive, 15 s */
    const char *tls_cert, *tls_key;      /* PEM texts; NULL: plain */
};

typedef void http_handler_fn(void *ctx, struct http_request *req);
typedef void http_stopped_fn(void *ctx);

/* NULL and `why` (address in use, bad address, bad certificate). */
struct http_server *http_server_new(struct loop *l, const struct http_server_conf *conf, http_handler_fn *fn,
                                    void *ctx, struct why *why) must_check;
/* "127.0.0.1:41234" or "unix:/path" as really bound. */
const char *http_server_address(const struct http_server *s);
/* Stops and frees; `stopped` runs once when nothing is left. */
void http_server_stop(struct http_server *s, int64_t grace_ms, http_stopped_fn *stopped, void *ctx);
int http_server_connections(const struct http_server *s);

enum http_method http_method(const struct http_request *req);
struct view http_path(const struct http_request *req); /* decoded, without the query */
struct view http_body(const struct http_request *req);
struct view http_header(const struct http_request *req, const char *name); /* empty if absent */
/* A query parameter, decoded; p == NULL if absent, n == 0 with p if empty. */
struct view http_query(const struct http_request *req, const char *name);
/* Calls fn for every query parameter, to refuse unknown ones. */
void http_each_query(const struct http_request *req,
                     void (*fn)(void *ctx, struct view name, struct view value), void *ctx);
/* And for every header. */
void http_each_header(const struct http_request *req,
                      void (*fn)(void *ctx, struct view name, struct view value), void *ctx);
struct view http_peer(const struct http_request *req); /* address without port; "unix" for a UNIX socket */
struct view http_request_id(
    const struct http_request *req); /* unique in this process, for logs and problem+json */

struct http_header_out {
    const char *name;
    const char *value;
};
struct http_answer {
    int status;               /* 304: give the 200's body, of which the length alone is sent */
    const char *content_type; /* NULL: none */
    const struct http_header_out *headers;
    size_t n_headers;
    struct view body; /* copied unless `keep` is set */
    /* A body that outlives the answer (a cache entry): the server borrows it and calls keep(keep_ctx) when
     * done. */
    void (*keep)(void *ctx);
    void *keep_ctx;
};
void http_answer(struct http_request *req, const struct http_answer *a);

/* An answer without an end, like server-sent events. `read` gives up to max bytes; 0: nothing now, ask again
 * after http_stream_wake; HTTP_STREAM_END: that was all. `gone` runs exactly once, whoever ended it, and the
 * stream is not valid any more; it may run inside http_answer_stream. The server never waits for a slow
 * client: it just does not ask `read`. */
#define HTTP_STREAM_END (-1)
struct http_stream;
struct http_stream_source {
    void *ctx;
    ssize_t (*read)(void *ctx, char *dst, size_t max);
    void (*gone)(void *ctx);
};
/* `head` has status, type and headers. In place of http_answer, once. NULL: out of memory or the end is near;
 * the request is answered (503) and gone will not run. */
struct http_stream *http_answer_stream(struct http_request *req, const struct http_answer *head,
                                       const struct http_stream_source *source);
void http_stream_wake(struct http_stream *st);
/* Did the client take all there was? */
bool http_stream_waits(const struct http_stream *st);
/* Has the client closed its side? A connection that waits sees that only here, or when it is woken. */
bool http_stream_left(const struct http_stream *st);
/* Closes the connection, whatever it still has to take; `gone` follows in a later turn. */
void http_stream_cut(struct http_stream *st);

#endif
