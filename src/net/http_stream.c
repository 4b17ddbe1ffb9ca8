/* SPDX-License-Identifier: MIT
 * Answers without an end: the source is asked for bytes when the socket takes some; when it has none the
 * connection is suspended until somebody wakes it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/http_internal.h"

#define BLOCK 1024 /* libmicrohttpd needs it for clients of HTTP/1.0 alone */

static ssize_t on_read(void *cls, uint64_t pos, char *dst, size_t max)
{
    struct http_stream *st = cls;
    struct http_server *s = st->conn->server;
    (void)pos;
    ssize_t n = s->stopping || st->cut ? HTTP_STREAM_END : st->source.read(st->source.ctx, dst, max);
    if (n > 0)
        return n;
    if (n < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    st->waiting = true;
    MHD_suspend_connection(st->conn->mhd);
    return 0;
}

static void on_free(void *cls)
{
    struct http_stream *st = cls;
    if (st->conn)
        st->conn->stream = NULL;
    st->source.gone(st->source.ctx);
    free(st);
}

void http_stream_leave(struct http_conn *c)
{
    if (!c->stream)
        return;
    c->stream->conn = NULL;
    c->stream->waiting = false;
    c->stream = NULL;
}

struct http_stream *http_stream_new(struct http_request *req, const struct http_stream_source *source)
{
    struct http_stream *st = calloc(1, sizeof *st);
    if (!st)
        return NULL;
    st->conn = req->conn;
    st->source = *source;
    req->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, st, on_free);
    if (!req->response) {
        free(st);
        return NULL;
    }
    req->conn->stream = st;
    return st;
}

void http_stream_wake(struct http_stream *st)
{
    if (!st->waiting)
        return;
    st->waiting = false;
    MHD_resume_connection(st->conn->mhd);
    http_server_kick(st->conn->server);
}

bool http_stream_waits(const struct http_stream *st)
{
    return st->waiting;
}

bool http_stream_left(const struct http_stream *st)
{
    char byte;
    ssize_t n = st->waiting ? recv(st->conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) : 1;
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void http_stream_cut(struct http_stream *st)
{
    st->cut = true; /* a suspended connection is blind to the end of its socket */
    if (st->conn)
        shutdown(st->conn->fd, SHUT_RDWR);
    http_stream_wake(st);
}
