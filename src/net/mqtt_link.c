/* SPDX-License-Identifier: MIT
 * libmosquitto 2.0.11 on the loop.
 *
 * What it does not do by itself is done here: it takes a socket whose connect failed under TLS for one that
 * is still connecting, allocates whatever length a packet announces (256 MB), and keeps any number of half
 * received QoS 2 messages. So the socket's own state is looked at after every call, and the bytes that the
 * kernel gave it are held against those that came out as messages. Its socket gets close-on-exec, and a small
 * receive buffer, so that one call never reads for long. mosquitto_lib_cleanup is never called: it takes
 * OpenSSL's engines away from everybody.
 */
#include "net/mqtt_link.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "parkd/net/loop.h"
#include "parkd/net/timer.h"

#define KEEPALIVE_S   30
#define RECEIVE_BYTES (128 * 1024)
#define HELD_MAX      ((uint64_t)8 * 1024 * 1024)
#define HEADER_BYTES  4    /* of a message, at least */
#define RENEW_AFTER   1000 /* messages, after which held bytes are TLS's and MQTT's own, and no attack */

#define SLICE_MS    100                      /* in each of these … */
#define SLICE_NS    ((uint64_t)20 * 1000000) /* … so long, and so much, is read */
#define SLICE_BYTES ((size_t)1024 * 1024)

#define AWAY_MS         60000 /* what was queued for a shorter time counts as of now */
#define BACKLOG_GAP_MS  1000  /* nothing came for so long: the queue is empty */
#define BACKLOG_MOST_MS 30000

struct mqtt_watch {
    uv_poll_t poll;
    struct mqtt_link *link; /* NULL: given up */
};

struct mqtt_link {
    uv_loop_t *uv;
    struct mqtt_link_conf conf;
    struct mqtt_link_events events;
    void *ctx;
    struct mosquitto *lib;    /* NULL: to be made */
    struct mqtt_watch *watch; /* NULL: no connection */
    struct timer *resume;     /* reading goes on */
    bool busy, dead;          /* inside libmosquitto; freed meanwhile */
    bool greeted, subscribed, told_up;
    int err; /* what a callback found wrong, with `why` */
    struct why why;
    char said[120];              /* libmosquitto's last complaint */
    uint64_t given, n_messages;  /* of this connection */
    uint64_t slice_ms, slice_ns; /* when the slice began, and the time spent in it */
    size_t slice_bytes;
    uint64_t greeted_ms, heard_ms, left_ms;
    bool backlog;
};

static void settle(struct mqtt_link *l, int rc, int saved_errno);

/* --- what libmosquitto tells --- */

static void refuse(struct mqtt_link *l, int err, const char *text)
{
    if (!l->err)
        l->err = why_set(&l->why, err, "", "%s", text);
}

static void on_connect(struct mosquitto *lib, void *ctx, int code, int flags)
{
    static const char *const words[] = {"",
                                        "the broker does not speak MQTT 3.1.1",
                                        "the broker refuses the client id",
                                        "the broker is not available",
                                        "the broker refuses the user or the password",
                                        "the broker refuses us: wrong user, password or client id"};
    struct mqtt_link *l = ctx;
    if (code) {
        refuse(l, code == 4 || code == 5 ? ERR_AUTH : ERR_REFUSED,
               code > 0 && code <= 5 ? words[code] : "the broker refuses us for a reason of its own");
        return;
    }
    l->greeted = true;
    l->greeted_ms = l->heard_ms = uv_now(l->uv);
    l->backlog = (flags & 1) && (!l->left_ms || l->greeted_ms - l->left_ms > AWAY_MS);
    if (mosquitto_subscribe_multiple(lib, NULL, l->conf.n_topics, l->conf.topics, l->conf.qos, 0, NULL))
        refuse(l, ERR_INVALID, "a topic cannot be subscribed to");
}

static void on_subscribe(struct mosquitto *lib, void *ctx, int mid, int n, const int *granted)
{
    struct mqtt_link *l = ctx;
    (void)lib;
    (void)mid;
    for (int i = 0; i < n && i < l->conf.n_topics; i++) {
        if (granted[i] > 2 && !l->err)
            l->err = why_set(&l->why, ERR_AUTH, "", "the broker refuses the topic %s", l->conf.topics[i]);
    }
    l->subscribed = true;
}

/* Was it published at a time that nobody knows? */
static bool is_old(struct mqtt_link *l, bool retained)
{
    uint64_t now = uv_now(l->uv);
    if (now - l->heard_ms >= BACKLOG_GAP_MS || now - l->greeted_ms >= BACKLOG_MOST_MS)
        l->backlog = false;
    l->heard_ms = now;
    return retained || l->backlog;
}

static void on_message(struct mosquitto *lib, void *ctx, const struct mosquitto_message *msg)
{
    struct mqtt_link *l = ctx;
    size_t size = msg->payloadlen > 0 ? (size_t)msg->payloadlen : 0;
    struct mqtt_message m = {.topic = view_of(msg->topic),
                             .payload = {msg->payload, size},
                             .size = size,
                             .too_big = size > MQTT_MAX_PAYLOAD,
                             .old = is_old(l, msg->retain)};
    (void)lib;
    l->given += size + m.topic.n + HEADER_BYTES;
    l->n_messages++;
    l->slice_bytes += size;
    if (m.too_big)
        m.payload = (struct view){NULL, 0};
    if (!l->dead)
        l->events.message(l->ctx, &m);
}

static void on_log(struct mosquitto *lib, void *ctx, int level, const char *text)
{
    struct mqtt_link *l = ctx;
    const char *tail = strstr(text, "::");
    (void)lib;
    if (level == MOSQ_LOG_ERR && !l->said[0])
        (void)snprintf(l->said, sizeof l->said, "%s", tail ? tail + 2 : text);
}

/* --- words for what went wrong --- */

static const char *system_words(const struct mqtt_link *l, int saved_errno)
{
    if (l->greeted)
        return "the connection was lost";
    if (saved_errno == 0 || saved_errno == EAGAIN || saved_errno == EPROTO || saved_errno == EPIPE)
        return "the broker closed the connection without an answer";
    return strerror(saved_errno);
}

static void describe(struct mqtt_link *l, int rc, int saved_errno)
{
    const char *cert = l->conf.tls ? tls_client_fault(l->conf.tls) : "";
    switch (rc) {
    case MOSQ_ERR_TLS:
        if (cert[0])
            l->err = why_set(&l->why, ERR_TLS, "", "the broker's certificate is refused: %s", cert);
        else
            l->err =
                why_set(&l->why, ERR_TLS, "", "TLS failed: %s", l->said[0] ? l->said : "no more is known");
        break;
    case MOSQ_ERR_KEEPALIVE:
        l->err = why_set(&l->why, ERR_TIMEOUT, "", "the broker was silent for %d s", KEEPALIVE_S);
        break;
    case MOSQ_ERR_NOMEM:
        refuse(l, ERR_NOMEM, err_text(ERR_NOMEM));
        break;
    case MOSQ_ERR_ERRNO:
    case MOSQ_ERR_CONN_LOST:
    case MOSQ_ERR_NO_CONN:
    case MOSQ_ERR_EAI:
        refuse(l, ERR_CONNECT, system_words(l, saved_errno));
        break;
    default:
        refuse(l, ERR_PROTOCOL, "what the broker says is not MQTT 3.1.1");
        break;
    }
}

/* --- the client --- */

static void client_free(struct mqtt_link *l)
{
    if (l->lib)
        mosquitto_destroy(l->lib);
    l->lib = NULL;
}

static int client_set(struct mqtt_link *l)
{
    const struct mqtt_link_conf *c = &l->conf;
    mosquitto_connect_with_flags_callback_set(l->lib, on_connect);
    mosquitto_subscribe_callback_set(l->lib, on_subscribe);
    mosquitto_message_callback_set(l->lib, on_message);
    mosquitto_log_callback_set(l->lib, on_log);
    if (c->user[0] && mosquitto_username_pw_set(l->lib, c->user, c->password[0] ? c->password : NULL))
        return ERR_INVALID;
    if (!c->tls)
        return 0;
    if (mosquitto_int_option(l->lib, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) ||
        mosquitto_void_option(l->lib, MOSQ_OPT_SSL_CTX, tls_client_ctx(c->tls)))
        return ERR_TLS;
    return 0;
}

static int client_make(struct mqtt_link *l)
{
    static bool begun;
    if (l->lib)
        return 0;
    if (!begun && mosquitto_lib_init())
        return ERR_NOMEM;
    begun = true;
    l->lib = mosquitto_new(l->conf.client_id, !l->conf.keep_session, l);
    if (!l->lib)
        return errno == ENOMEM ? ERR_NOMEM : ERR_INVALID;
    int err = client_set(l);
    if (err)
        client_free(l);
    return err;
}

/* --- the watch --- */

static void on_watch_closed(uv_handle_t *h)
{
    free(h->data);
}

/* Before anybody may get the descriptor's number again. */
static void unwatch(struct mqtt_link *l)
{
    struct mqtt_watch *w = l->watch;
    timer_cancel(l->resume);
    l->watch = NULL;
    if (!w)
        return;
    w->link = NULL;
    uv_poll_stop(&w->poll);
    uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct mqtt_watch *w = h->data;
    struct mqtt_link *l = w->link;
    int rc = 0;
    if (!l)
        return;
    if (status < 0)
        events = UV_READABLE; /* it finds out by itself */
    uint64_t began = uv_hrtime();
    l->busy = true;
    errno = 0;
    if (events & UV_WRITABLE)
        rc = mosquitto_loop_write(l->lib, 1);
    if (!rc && (events & UV_READABLE))
        rc = mosquitto_loop_read(l->lib, 1);
    l->busy = false;
    l->slice_ns += uv_hrtime() - began;
    settle(l, rc, errno);
}

static bool slice_is_full(struct mqtt_link *l)
{
    uint64_t now = uv_now(l->uv);
    if (now - l->slice_ms >= SLICE_MS) {
        l->slice_ms = now;
        l->slice_ns = l->slice_bytes = 0;
    }
    return l->slice_ns >= SLICE_NS || l->slice_bytes >= SLICE_BYTES;
}

static void watch_on(struct mqtt_link *l)
{
    int events = mosquitto_want_write(l->lib) ? UV_WRITABLE : 0;
    if (slice_is_full(l))
        timer_arm(l->resume, SLICE_MS - (int64_t)(uv_now(l->uv) - l->slice_ms));
    else
        events |= UV_READABLE;
    if (events)
        uv_poll_start(&l->watch->poll, events, on_poll);
    else
        uv_poll_stop(&l->watch->poll);
}

static void on_resume(void *ctx)
{
    struct mqtt_link *l = ctx;
    if (l->watch)
        watch_on(l);
}

static int watch_new(struct mqtt_link *l, int fd)
{
    int bytes = RECEIVE_BYTES;
    struct mqtt_watch *w = calloc(1, sizeof *w);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (!w || uv_poll_init_socket(l->uv, &w->poll, fd)) {
        free(w);
        return ERR_NOMEM;
    }
    w->poll.data = w;
    w->link = l;
    l->watch = w;
    return 0;
}

/* --- a connection --- */

void mqtt_link_drop(struct mqtt_link *l)
{
    if (l->told_up)
        l->left_ms = uv_now(l->uv);
    l->told_up = l->greeted = l->subscribed = false;
    unwatch(l);
    if (l->lib && mosquitto_socket(l->lib) >= 0)
        (void)mosquitto_disconnect(l->lib);
    if (l->lib && mosquitto_socket(l->lib) >= 0)
        client_free(l);
}

/* The socket as the kernel sees it: ended, or taking more than it gives. */
static void look_at_socket(struct mqtt_link *l, int saved_errno)
{
    int fd = mosquitto_socket(l->lib);
    if (fd < 0)
        return;
    struct mqtt_socket s = mqtt_socket_look(fd);
    if (s.ended)
        refuse(l, ERR_CONNECT, system_words(l, saved_errno));
    else if (s.taken > l->given + HELD_MAX)
        refuse(l, ERR_TOO_BIG, "the broker sent more than 8 MiB that did not come out as messages");
}

/* After every call: what came of it. `down` and `up` come last, because they may lead anywhere. */
static void settle(struct mqtt_link *l, int rc, int saved_errno)
{
    bool renew;
    if (l->dead) {
        l->dead = false;
        mqtt_link_free(l);
        return;
    }
    if (rc && !l->err)
        describe(l, rc, saved_errno);
    if (!l->err)
        look_at_socket(l, saved_errno);
    if (l->err) {
        renew = l->err == ERR_TOO_BIG && l->n_messages >= RENEW_AFTER;
        mqtt_link_drop(l);
        if (renew)
            client_free(l);
        l->events.down(l->ctx, l->err, &l->why, renew);
        return;
    }
    watch_on(l);
    if (l->subscribed && !l->told_up) {
        l->told_up = true;
        l->events.up(l->ctx);
    }
}

int mqtt_link_connect(struct mqtt_link *l, const char *address, int port, struct why *why)
{
    l->err = 0;
    l->why = (struct why){0};
    l->said[0] = '\0';
    l->given = l->n_messages = 0;
    int err = client_make(l);
    if (err)
        return why_set(why, err, "", "the client cannot be made: %s", err_text(err));
    l->busy = true;
    errno = 0;
    int rc = mosquitto_connect_async(l->lib, address, port, KEEPALIVE_S), saved = errno;
    l->busy = false;
    if (rc)
        describe(l, rc, saved);
    else
        look_at_socket(l, saved);
    if (!l->err && watch_new(l, mosquitto_socket(l->lib)))
        refuse(l, ERR_NOMEM, err_text(ERR_NOMEM));
    if (l->err) {
        mqtt_link_drop(l);
        *why = l->why;
        return l->err;
    }
    watch_on(l);
    return 0;
}

void mqtt_link_tick(struct mqtt_link *l)
{
    if (!l->watch || !l->greeted)
        return;
    l->busy = true;
    errno = 0;
    int rc = mosquitto_loop_misc(l->lib);
    l->busy = false;
    settle(l, rc, errno);
}

/* --- life --- */

void mqtt_link_conf_fini(struct mqtt_link_conf *c)
{
    for (int i = 0; i < c->n_topics; i++)
        free(c->topics[i]);
    free(c->topics);
    tls_client_free(c->tls);
    *c = (struct mqtt_link_conf){0};
}

struct mqtt_link *mqtt_link_new(struct loop *loop, struct mqtt_link_conf *conf,
                                const struct mqtt_link_events *events, void *ctx)
{
    struct mqtt_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->uv = loop_uv(loop);
    l->events = *events;
    l->ctx = ctx;
    l->resume = timer_new(loop, on_resume, l);
    if (!l->resume) {
        free(l);
        return NULL;
    }
    l->conf = *conf;
    *conf = (struct mqtt_link_conf){0};
    return l;
}

void mqtt_link_free(struct mqtt_link *l)
{
    if (!l)
        return;
    if (l->busy) {
        l->dead = true;
        return;
    }
    mqtt_link_drop(l);
    client_free(l);
    timer_free(l->resume);
    mqtt_link_conf_fini(&l->conf);
    free(l);
}
