/* SPDX-License-Identifier: MIT
 * One libmosquitto client and the watch on its socket. Private to src/net/mqtt*.c.
 *
 * The client outlives its connections, for the sake of what QoS 2 has half received; one that cannot be
 * closed in order is thrown away.
 */
#ifndef PARKD_SRC_NET_MQTT_LINK_H
#define PARKD_SRC_NET_MQTT_LINK_H

#include "parkd/net/mqtt.h"

struct mqtt_link;

struct mqtt_link_conf {
    char client_id[64], user[128], password[128];
    char **topics; /* heap */
    int n_topics, qos;
    bool keep_session;
    struct tls_client *tls; /* NULL: plain */
};
void mqtt_link_conf_fini(struct mqtt_link_conf *c);

struct mqtt_link_events {
    void (*message)(void *ctx, const struct mqtt_message *m);
    void (*up)(void *ctx);
    /* The connection is gone; `renew`: only to start afresh. Must not free the link. */
    void (*down)(void *ctx, int err, const struct why *why, bool renew);
};

/* Takes what `conf` owns; on failure (no memory) it stays the caller's. */
struct mqtt_link *mqtt_link_new(struct loop *l, struct mqtt_link_conf *conf,
                                const struct mqtt_link_events *events, void *ctx) must_check;
/* Says goodbye to the broker if it can. May be called inside `message`. NULL is fine. */
void mqtt_link_free(struct mqtt_link *l);
/* Begins; `up` or `down` follow unless this fails. */
int mqtt_link_connect(struct mqtt_link *l, const char *address, int port, struct why *why) must_check;
/* Drops the connection, without `down`. */
void mqtt_link_drop(struct mqtt_link *l);
/* To be called every second while connected: signs of life, and how long nothing was heard. */
void mqtt_link_tick(struct mqtt_link *l);

/* A socket: nothing can come any more; bytes that were read from it. */
struct mqtt_socket {
    bool ended;
    uint64_t taken;
};
struct mqtt_socket mqtt_socket_look(int fd);

#endif
