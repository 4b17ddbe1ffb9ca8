/* SPDX-License-Identifier: MIT
 * Keeps one subscription up: which address, when, and what then (see the header).
 *
 *   WAITING ──due──▶ RESOLVING ──address──▶ CONNECTING ──subscribed──▶ UP;  a failure leads to FAILED, whose
 * words are told in the next turn, and on to WAITING
 */
#include "parkd/net/mqtt.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "net/fetch_dns.h"
#include "net/mqtt_link.h"
#include "parkd/base/crypto.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/backoff.h"
#include "parkd/net/loop.h"
#include "parkd/net/timer.h"

#define TICK_MS       1000
#define CONNECT_MS    10000 /* from the name to the subscription */
#define RESOLVE_MS    5000
#define BACKOFF_MS    1000
#define BACKOFF_MOST  60000
#define BACKOFF_AUTH  10000 /* at least, when we are refused: accounts get locked */
#define BACKOFF_LEAST 250
#define PROVED_MS     30000 /* a connection that lasted so long clears the failures before it */
#define HOST_BYTES    256

enum phase { WAITING, RESOLVING, CONNECTING, UP, FAILED };

struct mqtt {
    uv_loop_t *uv;
    struct mqtt_events events;
    void *ctx;
    char host[HOST_BYTES];
    int port;
    bool filtered;
    struct addr_filter filter;
    struct dns *dns;
    struct dns_wait wait;
    struct mqtt_link *link;
    struct timer *timer;
    enum phase phase;
    uint64_t deadline_ms, up_ms;
    unsigned failures, attempts;
    int err; /* FAILED: not told yet */
    struct why why;
    bool renew;
};

static uint64_t now_ms(const struct mqtt *m)
{
    return uv_now(m->uv);
}

static void fail(struct mqtt *m, int err, const struct why *why)
{
    dns_cancel(m->dns, &m->wait);
    mqtt_link_drop(m->link);
    if (m->phase == UP && now_ms(m) - m->up_ms >= PROVED_MS)
        m->failures = 0;
    m->phase = FAILED;
    m->err = err;
    m->why = *why;
    timer_arm(m->timer, 0);
}

static void fail_with(struct mqtt *m, int err, const char *text)
{
    struct why why = {0};
    (void)why_set(&why, err, "", "%s", text);
    fail(m, err, &why);
}

/* --- from the name to a connection --- */

/* Another one of those that pass at each attempt. NULL: none passes, and `text` is one that does not. */
static const struct sockaddr *choose(struct mqtt *m, const struct dns_answer *a, char text[ADDR_TEXT_SIZE])
{
    const struct sockaddr *good[DNS_MAX_ADDRS];
    unsigned n = 0;
    for (int i = 0; i < a->n; i++) {
        if (!m->filtered || addr_filter_passes(&m->filter, &a->addrs[i].sa))
            good[n++] = &a->addrs[i].sa;
        else
            (void)addr_print(&a->addrs[i].sa, text);
    }
    if (n == 0)
        return NULL;
    const struct sockaddr *sa = good[m->attempts++ % n];
    (void)addr_print(sa, text);
    return sa;
}

static void on_resolved(void *ctx, int err, const struct dns_answer *answer)
{
    struct mqtt *m = ctx;
    char text[ADDR_TEXT_SIZE] = "";
    struct why why = {0};
    if (err) {
        (void)why_set(&why, err, "", "%s: %s", m->host, err_text(err));
    } else if (!choose(m, answer, text)) {
        err = why_set(&why, ERR_ADDRESS, "", "address %s is not allowed", text);
    } else {
        m->phase = CONNECTING;
        err = mqtt_link_connect(m->link, text, m->port, &why);
    }
    if (err == ERR_CONNECT)
        dns_doubt(m->dns, view_of(m->host));
    if (err)
        fail(m, err, &why);
}

static void begin(struct mqtt *m)
{
    int err = 0;
    m->phase = RESOLVING;
    m->deadline_ms = now_ms(m) + CONNECT_MS;
    timer_arm(m->timer, TICK_MS);
    const struct dns_answer *answer = dns_ask(m->dns, view_of(m->host), &m->wait, &err);
    if (answer || err)
        on_resolved(m, err, answer);
}

/* --- what the link tells --- */

static void on_message(void *ctx, const struct mqtt_message *msg)
{
    struct mqtt *m = ctx;
    m->events.message(m->ctx, msg);
}

static void on_up(void *ctx)
{
    struct mqtt *m = ctx;
    m->phase = UP;
    m->up_ms = now_ms(m);
    timer_arm(m->timer, TICK_MS);
    m->events.state(m->ctx, MQTT_UP, NULL);
}

static void on_down(void *ctx, int err, const struct why *why, bool renew)
{
    struct mqtt *m = ctx;
    if (err == ERR_CONNECT || err == ERR_TIMEOUT)
        dns_doubt(m->dns, view_of(m->host));
    m->renew = renew;
    fail(m, err, why);
}

/* --- time --- */

static void tell_failure(struct mqtt *m)
{
    uint32_t random = 0;
    struct why why = m->why;
    int64_t least = m->err == ERR_AUTH ? BACKOFF_AUTH : BACKOFF_LEAST;
    bool renew = m->renew;
    if (crypto_random(&random, sizeof random))
        random = UINT32_MAX / 2;
    m->phase = WAITING;
    m->renew = false;
    timer_arm(m->timer,
              renew ? 0 : backoff_full_jitter(BACKOFF_MS, BACKOFF_MOST, least, m->failures++, random));
    if (!renew)
        m->events.state(m->ctx, MQTT_WAITING, &why);
}

static void on_timer(void *ctx)
{
    struct mqtt *m = ctx;
    switch (m->phase) {
    case WAITING:
        begin(m);
        break;
    case FAILED:
        tell_failure(m);
        break;
    case RESOLVING:
    case CONNECTING:
        timer_arm(m->timer, TICK_MS);
        if (now_ms(m) >= m->deadline_ms)
            fail_with(m, ERR_TIMEOUT, "the broker does not answer");
        break;
    case UP:
        timer_arm(m->timer, TICK_MS);
        mqtt_link_tick(m->link);
        break;
    }
}

/* --- life --- */

/* scheme://host:port with a host in brackets for IPv6. */
static int read_url(struct mqtt *m, const char *url, bool *tls, struct why *why)
{
    struct view v = view_of(url);
    int64_t port = 0;
    *tls = view_starts(v, "mqtts://");
    size_t skip = *tls ? 8 : 7, colon = v.n;
    while (colon > 0 && v.p[colon - 1] != ':')
        colon--;
    if ((!*tls && !view_starts(v, "mqtt://")) || colon <= skip + 1 ||
        view_to_int((struct view){v.p + colon, v.n - colon}, 1, 65535, &port))
        return why_set(why, ERR_INVALID, "/url", "must be mqtt://host:port or mqtts://host:port");
    struct view host = {v.p + skip, colon - 1 - skip};
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct view){host.p + 1, host.n - 2};
    m->port = (int)port;
    if (view_copy(host, m->host, sizeof m->host))
        return why_set(why, ERR_TOO_BIG, "/url", "the host's name is too long");
    return 0;
}

static int copy_topics(const struct mqtt_conf *conf, struct mqtt_link_conf *out)
{
    out->topics = calloc((size_t)conf->n_topics + 1, sizeof *out->topics);
    for (int i = 0; out->topics && i < conf->n_topics; i++) {
        if (!(out->topics[i] = view_dup(view_of(conf->topics[i]))))
            return ERR_NOMEM;
        out->n_topics++;
    }
    return out->topics ? 0 : ERR_NOMEM;
}

static int name_client(const struct mqtt_conf *conf, struct mqtt_link_conf *out)
{
    unsigned char r[8];
    out->keep_session = conf->client_id[0];
    if (out->keep_session)
        return view_copy(view_of(conf->client_id), out->client_id, sizeof out->client_id);
    int err = crypto_random(r, sizeof r);
    (void)snprintf(out->client_id, sizeof out->client_id, "parkd-%02x%02x%02x%02x%02x%02x%02x%02x", r[0],
                   r[1], r[2], r[3], r[4], r[5], r[6], r[7]);
    return err;
}

static int read_conf(struct mqtt *m, const struct mqtt_conf *conf, struct mqtt_link_conf *out,
                     struct why *why)
{
    bool tls = false;
    struct tls_client_conf tc = conf->tls;
    int err = read_url(m, conf->url, &tls, why);
    if (err)
        return err;
    out->qos = conf->qos;
    err = copy_topics(conf, out);
    if (!err)
        err = name_client(conf, out);
    if (!err)
        err = view_copy(view_of(conf->user), out->user, sizeof out->user);
    if (!err)
        err = view_copy(view_of(conf->password), out->password, sizeof out->password);
    if (err)
        return why_set(why, err, "/mqtt", "%s", err_text(err));
    tc.host = m->host;
    if (!tls || (out->tls = tls_client_new(&tc, why)))
        return 0;
    why_under(why, "/tls");
    return ERR_TLS;
}

struct mqtt *mqtt_open(struct loop *l, const struct mqtt_conf *conf, const struct mqtt_events *events,
                       void *ctx, struct why *why)
{
    static const struct mqtt_link_events heard = {on_message, on_up, on_down};
    struct mqtt_link_conf lc = {.n_topics = 0};
    struct mqtt *m = calloc(1, sizeof *m);
    if (!m) {
        (void)why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        return NULL;
    }
    m->uv = loop_uv(l);
    m->events = *events;
    m->ctx = ctx;
    m->wait.done = on_resolved;
    m->wait.ctx = m;
    m->filtered = conf->filter != NULL;
    if (conf->filter)
        m->filter = *conf->filter;
    if (read_conf(m, conf, &lc, why))
        goto fail;
    if (!(m->timer = timer_new(l, on_timer, m)) || !(m->dns = dns_new(l, RESOLVE_MS)) ||
        !(m->link = mqtt_link_new(l, &lc, &heard, m))) {
        (void)why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        goto fail;
    }
    timer_arm(m->timer, 0);
    return m;
fail:
    mqtt_link_conf_fini(&lc);
    mqtt_close(m);
    return NULL;
}

void mqtt_close(struct mqtt *m)
{
    if (!m)
        return;
    if (m->dns)
        dns_cancel(m->dns, &m->wait);
    dns_free(m->dns);
    mqtt_link_free(m->link);
    timer_free(m->timer);
    free(m);
}

enum mqtt_state mqtt_state(const struct mqtt *m)
{
    return m->phase == UP                              ? MQTT_UP
           : m->phase == WAITING || m->phase == FAILED ? MQTT_WAITING
                                                       : MQTT_CONNECTING;
}
