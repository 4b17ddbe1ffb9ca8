/* SPDX-License-Identifier: MIT
 * One subscription at one MQTT broker (3.1.1), kept up: resolves, connects, subscribes, hands over what is
 * published, and connects again after a failure (1 s × 2 up to 60 s with full jitter; 10 s at least when the
 * broker refuses us).
 *
 * libmosquitto does its external-loop calls on our loop; there is no thread. It is given an address, never a
 * name, so that it cannot wait for a resolver and cannot be led to another address than the one that passed
 * the filter; the name is proved by the TLS context (base/tls_client.h).
 *
 * What a broker may do to us is bounded: reading and what follows from it gets a fifth of the loop's time and
 * 10 MiB a second, then the socket waits; a message over MQTT_MAX_PAYLOAD is handed over without its payload;
 * a connection that takes 8 MiB without giving it out as messages is cut. With a client id the broker keeps
 * the session, and QoS 1 and 2 lose nothing while we are away.
 *
 * A message is `old` when nobody can say when it was published: the broker kept it (retained), or queued it
 * while we were away for more than a minute. Its own time alone can then tell how old it is.
 *
 * Contract: callbacks come later, never inside mqtt_open; after mqtt_close none does. mqtt_close may be
 * called inside a callback.
 */
#ifndef PARKD_NET_MQTT_H
#define PARKD_NET_MQTT_H

#include "parkd/base/tls_client.h"
#include "parkd/base/view.h"

#define MQTT_MAX_PAYLOAD ((size_t)256 * 1024)

struct addr_filter;
struct loop;
struct mqtt;

enum mqtt_state { MQTT_WAITING, MQTT_CONNECTING, MQTT_UP };

struct mqtt_conf {
    const char *url;             /* mqtt://host:port or mqtts://host:port */
    const char *user, *password; /* "": none */
    const char *client_id;       /* "": a random one, and the broker keeps nothing for us */
    const char *const *topics;
    int n_topics, qos;
    struct tls_client_conf tls;       /* for mqtts; `host` is the URL's */
    const struct addr_filter *filter; /* NULL: every address */
};

struct mqtt_message {
    struct view topic, payload;
    size_t size;  /* of the payload as it came */
    bool too_big; /* the payload is left out */
    bool old;
};

struct mqtt_events {
    void (*message)(void *ctx, const struct mqtt_message *m);
    /* MQTT_UP: subscribed, `why` NULL. MQTT_WAITING: not, or no longer, and why. */
    void (*state)(void *ctx, enum mqtt_state state, const struct why *why);
};

/* Copies everything. NULL and `why` for a URL or files that cannot be used, or without memory. */
struct mqtt *mqtt_open(struct loop *l, const struct mqtt_conf *conf, const struct mqtt_events *events,
                       void *ctx, struct why *why) must_check;
void mqtt_close(struct mqtt *m); /* NULL is fine */
enum mqtt_state mqtt_state(const struct mqtt *m);

#endif
