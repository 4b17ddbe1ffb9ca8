/* SPDX-License-Identifier: MIT
 * What the files of the HTTP server share. Private to src/net/http_*.c.
 *
 * One `struct http_conn` per connection, made when libmicrohttpd accepts it and freed when it closes. The
 * request lives inside it, because a connection carries one request at a time: a GET costs no allocation of
 * ours. A request that waits for its answer is suspended; libmicrohttpd then neither reads nor closes the
 * connection, so the request's views stay valid until http_answer, even if the client left or the server was
 * stopped meanwhile.
 */
#ifndef PARKD_NET_HTTP_INTERNAL_H
#define PARKD_NET_HTTP_INTERNAL_H

#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include <microhttpd.h>
#include <netinet/in.h>
#include <uthash.h>
#include <uv.h>

#include "parkd/base/buf.h"
#include "parkd/net/http_server.h"

#define HTTP_MAX_FIELDS 64
#define HTTP_MAX_HEAD   (16 * 1024)
#define HTTP_MAX_URI    2048
#define HTTP_ID_SIZE    17

/* Deadlines wait in one list per kind. All of a kind last equally long, so each list is ordered by itself. */
enum http_deadline { HTTP_DL_NONE, HTTP_DL_HEAD, HTTP_DL_BODY, HTTP_DL_SEND, HTTP_DL_IDLE, HTTP_DL_N };

enum http_phase {
    HTTP_PH_FRESH,    /* no header seen yet */
    HTTP_PH_BODY,     /* reading the body */
    HTTP_PH_SWALLOW,  /* reading a body that is too large, to answer 413 */
    HTTP_PH_HANDLER,  /* inside the handler */
    HTTP_PH_PENDING,  /* handed out and suspended */
    HTTP_PH_ANSWERED, /* http_answer was called, or a refusal stands; libmicrohttpd has to take it */
    HTTP_PH_QUEUED    /* libmicrohttpd has it */
};

struct http_request {
    struct MHD_Connection *mhd;
    struct http_conn *conn;
    enum http_phase phase;
    enum http_method method;
    bool bad_uri, long_uri;
    const char *path;
    struct buf body;
    size_t swallowed;              /* bytes thrown away of a body that is too large */
    struct MHD_Response *response; /* between answer and MHD_queue_response; none: drop the connection */
    unsigned status;
    char id[HTTP_ID_SIZE];
};

struct http_conn {
    struct http_server *server;
    struct MHD_Connection *mhd;
    int fd;
    struct http_conn *prev, *next; /* all connections */
    enum http_deadline deadline;
    uint64_t due_ms;
    struct http_conn *dl_prev, *dl_next; /* the list of its deadline */
    struct http_peer *peer;              /* NULL for UNIX sockets */
    struct http_stream *stream;          /* NULL: an ordinary answer */
    char peer_text[INET6_ADDRSTRLEN];
    struct http_request req;
};

struct http_stream {
    struct http_conn *conn;
    struct http_stream_source source;
    bool waiting; /* suspended */
    bool cut;
};

/* Connections of one address. */
struct http_peer {
    unsigned char addr[16];
    int n;
    UT_hash_handle hh;
};

struct http_server {
    struct http_server_conf conf; /* its strings are not kept */
    http_handler_fn *fn;
    void *ctx;
    struct MHD_Daemon *mhd;
    char address[160];
    char *unix_path;    /* to unlink at the end */
    char mhd_said[200]; /* its last complaint */
    uv_poll_t poll;
    uv_idle_t kick; /* one more MHD_run in the next turn */
    uv_timer_t deadline_timer, grace;
    int open_handles;
    struct http_conn *conns, *deadlines[HTTP_DL_N];
    int n_conns, n_pending;
    struct http_peer *peers;
    bool stopping, cut, detached;
    http_stopped_fn *stopped;
    void *stopped_ctx;
};

/* http_listen.c: opens what `listen` names. The descriptor, or a negative code and `why`. `address` gets the
 * text of what was bound; *unix_path (heap) is set for a UNIX socket. */
int http_listen_open(const char *listen_text, char address[160], char **unix_path,
                     struct why *why) must_check;

/* http_deadline.c */
void http_deadline_set(struct http_conn *c, enum http_deadline kind);
void http_deadline_clear(struct http_conn *c);
void http_on_deadline(uv_timer_t *h);

/* http_request.c: libmicrohttpd's callbacks that concern one request. */
void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                const char *version, const char *data, size_t *n_data, void **req_cls);
void http_request_reset(struct http_request *req);

/* http_answer.c */
void http_request_refuse(struct http_request *req, unsigned status, const char *detail);
enum MHD_Result http_request_give(struct http_request *req);
void http_request_drop_answer(struct http_request *req);

/* http_stream.c: makes the request's response. NULL: out of memory. */
struct http_stream *http_stream_new(struct http_request *req, const struct http_stream_source *source);
void http_stream_leave(struct http_conn *c); /* the connection goes before its stream */

/* http_server.c */
void http_server_kick(struct http_server *s); /* one more MHD_run in the next turn */
void http_server_pending_done(struct http_server *s);

#endif
