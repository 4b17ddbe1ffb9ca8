/* SPDX-License-Identifier: MIT
 * libmicrohttpd in the loop: its epoll descriptor is watched by libuv, and MHD_run does what is ready.
 *
 * Three things about libmicrohttpd 0.9.75 shape this file. A resumed connection does not wake the epoll
 * descriptor, so every answer given later asks for one more MHD_run in the next turn (`kick`).
 * MHD_stop_daemon aborts the process while a connection is suspended, so requests that somebody still holds
 * when the grace time of a stop is over keep the daemon, no longer attached to the loop, until the last of
 * them is answered. And it stays blind to a client's going while suspended.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "net/http_internal.h"
#include "parkd/base/log.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/loop.h"

#define CONN_MEMORY \
    (32 * 1024) /* head, and pieces of the body; the largest that libmicrohttpd takes from malloc */

/* --- running --- */

static void run(struct http_server *s);

static void on_ready(uv_poll_t *h, int status, int events)
{
    (void)status;
    (void)events;
    run(h->data);
}

static void on_kick(uv_idle_t *h)
{
    uv_idle_stop(h);
    run(h->data);
}

static void kick(struct http_server *s)
{
    uv_idle_start(&s->kick, on_kick);
}

void http_server_kick(struct http_server *s)
{
    if (!s->cut)
        kick(s);
}

static void finish(struct http_server *s);

static void run(struct http_server *s)
{
    MHD_UNSIGNED_LONG_LONG wait;

    MHD_run(s->mhd);
    if (s->stopping && s->n_conns == 0)
        finish(s);
    else if (MHD_get_timeout(s->mhd, &wait) == MHD_YES && wait == 0)
        kick(s);
}

/* --- connections --- */

/* IPv6 clients own whole /64 networks, so those count as one address. */
static bool peer_key(const struct sockaddr *sa, unsigned char key[16])
{
    memset(key, 0, 16);
    if (sa->sa_family == AF_INET) {
        memcpy(key, &((const struct sockaddr_in *)sa)->sin_addr, 4);
        key[15] = 4;
        return true;
    }
    if (sa->sa_family != AF_INET6)
        return false;
    const struct in6_addr *a = &((const struct sockaddr_in6 *)sa)->sin6_addr;

    if (IN6_IS_ADDR_V4MAPPED(a)) {
        memcpy(key, a->s6_addr + 12, 4);
        key[15] = 4;
    } else {
        memcpy(key, a->s6_addr, 8);
        key[15] = 6;
    }
    return true;
}

static void peer_print(const struct sockaddr *sa, char text[INET6_ADDRSTRLEN])
{
    const void *addr = &((const struct sockaddr_in *)sa)->sin_addr;
    int family = sa->sa_family;

    if (family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)sa)->sin6_addr;

        addr = IN6_IS_ADDR_V4MAPPED(a) ? (const void *)(a->s6_addr + 12) : a;
        family = IN6_IS_ADDR_V4MAPPED(a) ? AF_INET : AF_INET6;
    }
    if ((family != AF_INET && family != AF_INET6) || !inet_ntop(family, addr, text, INET6_ADDRSTRLEN))
        snprintf(text, INET6_ADDRSTRLEN, "unix");
}

static struct http_peer *peer_find(struct http_server *s, const unsigned char key[16])
{
    struct http_peer *p;

    HASH_FIND(hh, s->peers, key, 16, p);
    return p;
}

/* Whose connections are counted. */
static bool is_counted(const struct http_server *s, const struct sockaddr *sa, unsigned char key[16])
{
    char text[INET6_ADDRSTRLEN];
    if (s->conf.max_per_address <= 0 || !peer_key(sa, key))
        return false;
    peer_print(sa, text);
    return !s->conf.unlimited || !addr_filter_has(s->conf.unlimited, view_of(text));
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *sa, socklen_t len)
{
    struct http_server *s = cls;
    unsigned char key[16];
    struct http_peer *p;

    if (len < sizeof sa->sa_family || !is_counted(s, sa, key))
        return MHD_YES;
    p = peer_find(s, key);
    return p && p->n >= s->conf.max_per_address ? MHD_NO : MHD_YES;
}

static struct http_peer *peer_take(struct http_server *s, const struct sockaddr *sa)
{
    unsigned char key[16];
    struct http_peer *p;

    if (!is_counted(s, sa, key))
        return NULL;
    p = peer_find(s, key);
    if (!p && (p = calloc(1, sizeof *p)) != NULL) {
        memcpy(p->addr, key, 16);
        HASH_ADD(hh, s->peers, addr, 16, p);
        if (!p->hh.tbl) {
            free(p);
            return NULL; /* a connection that nobody counts */
        }
    }
    if (p)
        p->n++;
    return p;
}

static void peer_give_back(struct http_server *s, struct http_peer *p)
{
    if (!p || --p->n > 0)
        return;
    HASH_DEL(s->peers, p);
    free(p);
}

static void conn_open(struct http_server *s, struct MHD_Connection *mhd, void **ctx)
{
    const struct sockaddr *sa = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    struct http_conn *c = calloc(1, sizeof *c);

    *ctx = c;
    if (!c)
        return; /* http_on_uri finds no context, and the request is refused */
    c->server = s;
    c->mhd = mhd;
    c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    c->peer = peer_take(s, sa);
    peer_print(sa, c->peer_text);
    c->req.conn = c;
    http_request_reset(&c->req);
    DL_APPEND(s->conns, c);
    s->n_conns++;
    http_deadline_set(c, HTTP_DL_HEAD);
}

static void conn_close(struct http_server *s, struct http_conn *c)
{
    if (!c)
        return;
    http_deadline_clear(c);
    http_stream_leave(c);
    http_request_reset(&c->req);
    buf_fini(&c->req.body);
    peer_give_back(s, c->peer);
    DL_DELETE(s->conns, c);
    s->n_conns--;
    free(c);
    if (!s->cut)
        kick(s); /* at its limit libmicrohttpd accepts again only when it is run once more */
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **ctx,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        conn_open(cls, mhd, ctx);
    else
        conn_close(cls, *ctx);
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **req_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct http_request *req = *req_cls;
    struct http_server *s = cls;

    (void)mhd;
    if (!req)
        return;
    http_request_reset(req);
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && !s->stopping)
        http_deadline_set(req->conn, HTTP_DL_IDLE);
    else
        shutdown(req->conn->fd, SHUT_RD);
}

/* --- start --- */

static void on_mhd_log(void *cls, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void on_mhd_log(void *cls, const char *fmt, va_list args)
{
    struct http_server *s = cls;
    char text[200];

    vsnprintf(text, sizeof text, fmt, args);
    text[strcspn(text, "\r\n")] = '\0';
    snprintf(s->mhd_said, sizeof s->mhd_said, "%s", text);
    log_debug(HTTP, "server=%s said=\"%s\"", s->address, text);
}

static struct MHD_Daemon *start_daemon(struct http_server *s, int fd, const struct http_server_conf *conf)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)conf->tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)conf->tls_key},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;

    return MHD_start_daemon(conf->tls_cert ? flags | MHD_USE_TLS : flags, 0, on_accept, s, http_on_request, s,
                            MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, s, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)conf->max_connections,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, http_on_uri, s,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, s, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
                            conf->tls_cert ? tls : &tls[2], MHD_OPTION_END);
}

static int attach(struct http_server *s, uv_loop_t *uv, int epoll_fd)
{
    if (uv_poll_init(uv, &s->poll, epoll_fd))
        return ERR_IO;
    uv_idle_init(uv, &s->kick);
    uv_timer_init(uv, &s->deadline_timer);
    uv_timer_init(uv, &s->grace);
    s->poll.data = s->kick.data = s->deadline_timer.data = s->grace.data = s;
    s->open_handles = 4;
    return uv_poll_start(&s->poll, UV_READABLE, on_ready) ? ERR_IO : 0;
}

struct http_server *http_server_new(struct loop *l, const struct http_server_conf *conf, http_handler_fn *fn,
                                    void *ctx, struct why *why)
{
    struct http_server *s = calloc(1, sizeof *s);
    int fd;

    if (!s) {
        why_set(why, ERR_NOMEM, "", "out of memory");
        return NULL;
    }
    s->conf = *conf;
    s->fn = fn;
    s->ctx = ctx;
    fd = http_listen_open(conf->listen, s->address, &s->unix_path, why);
    if (fd < 0)
        goto fail;
    s->mhd = start_daemon(s, fd, conf);
    if (!s->mhd) {
        why_set(why, ERR_IO, "", "the HTTP server did not start: %s", s->mhd_said);
        close(fd);
        goto fail;
    }
    if (attach(s, loop_uv(l), MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd)) {
        why_set(why, ERR_IO, "", "the event loop does not take the HTTP server");
        MHD_stop_daemon(s->mhd);
        goto fail;
    }
    return s;
fail:
    if (s->unix_path)
        unlink(s->unix_path);
    free(s->unix_path);
    free(s);
    return NULL;
}

const char *http_server_address(const struct http_server *s)
{
    return s->address;
}

int http_server_connections(const struct http_server *s)
{
    return s->n_conns;
}

/* --- end --- */

static void server_free(struct http_server *s)
{
    free(s->unix_path);
    free(s);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct http_server *s = h->data;
    http_stopped_fn *stopped = s->stopped;
    void *ctx = s->stopped_ctx;

    if (--s->open_handles > 0)
        return;
    s->detached = true;
    if (!s->mhd)
        server_free(s); /* otherwise the last answer does it */
    if (stopped)
        stopped(ctx);
}

static void stop_daemon(struct http_server *s)
{
    struct MHD_Daemon *mhd = s->mhd;

    MHD_stop_daemon(mhd);
    s->mhd = NULL;
}

/* All connections are closed, or the grace time is over. Runs once. */
static void finish(struct http_server *s)
{
    if (s->cut)
        return;
    s->cut = true;
    uv_close((uv_handle_t *)&s->poll, on_handle_closed);
    uv_close((uv_handle_t *)&s->kick, on_handle_closed);
    uv_close((uv_handle_t *)&s->deadline_timer, on_handle_closed);
    uv_close((uv_handle_t *)&s->grace, on_handle_closed);
    if (s->n_pending == 0)
        stop_daemon(s);
    else
        log_warn(HTTP, "server=%s pending=%d requests unanswered at the end", s->address, s->n_pending);
}

/* They would never end by themselves. */
static void wake_streams(struct http_server *s)
{
    struct http_conn *c;

    DL_FOREACH(s->conns, c)
    {
        if (c->stream)
            http_stream_wake(c->stream);
    }
}

static void on_grace_over(uv_timer_t *h)
{
    struct http_server *s = h->data;
    struct http_conn *c;

    DL_FOREACH(s->conns, c)
    shutdown(c->fd, SHUT_RDWR);
    finish(s);
}

void http_server_pending_done(struct http_server *s)
{
    s->n_pending--;
    if (!s->cut) {
        kick(s);
        return;
    }
    if (s->n_pending > 0)
        return;
    stop_daemon(s);
    if (s->detached)
        server_free(s);
}

void http_server_stop(struct http_server *s, int64_t grace_ms, http_stopped_fn *stopped, void *ctx)
{
    struct http_conn *c;
    int fd;

    if (s->stopping)
        return;
    s->stopping = true;
    s->stopped = stopped;
    s->stopped_ctx = ctx;
    fd = MHD_quiesce_daemon(s->mhd);
    if (fd >= 0)
        close(fd);
    if (s->unix_path)
        unlink(s->unix_path);
    /* Between two requests: what already arrived can still be read, and is answered. */
    DL_FOREACH(s->conns, c)
    {
        if (c->deadline == HTTP_DL_IDLE || c->deadline == HTTP_DL_HEAD)
            shutdown(c->fd, SHUT_RD);
    }
    wake_streams(s);
    uv_timer_start(&s->grace, on_grace_over, s->n_conns > 0 && grace_ms > 0 ? (uint64_t)grace_ms : 0, 0);
}
