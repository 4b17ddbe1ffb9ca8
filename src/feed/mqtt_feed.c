/* SPDX-License-Identifier: MIT
 * Feeds that hear a broker: whoever holds the lease of polls subscribes, so that several parkd do not take
 * everything twice; each message goes through the feed's dialect like a push.
 *
 * A message of unknown age (retained, or queued while nobody was there) counts only for what its payload
 * dates within the last minutes: the broker may have kept it for months, and its arrival must not make it
 * current. An empty payload is the way to clear a retained message, and says nothing.
 */
#include <stdlib.h>

#include "feed/feeds_impl.h"
#include "parkd/base/counters.h"
#include "parkd/model/body.h"
#include "parkd/net/mqtt.h"
#include "parkd/net/timer.h"

#define DATED_MS ((int64_t)5 * 60 * 1000) /* as in norm: what lies further off is replaced by our time */
#define AHEAD_MS ((int64_t)2 * 60 * 1000)
#define LOOK_MS  250  /* how soon a lease that came or went is noticed */
#define RETRY_MS 5000 /* files may be put in order meanwhile */

struct mqtt_feed {
    struct mqtt *mqtt; /* NULL: another instance subscribes, or it could not begin */
    struct timer *look;
    bool looked, standby;
    uint64_t messages, undated;
};

/* ---- messages */

/* Drops what has no time of its own, or one that norm would take for a wrong clock and replace by ours;
 * events too, which a broker that repeats them would repeat for ever. */
static size_t drop_undated(struct report_list *l, int64_t now_ms)
{
    size_t kept = 0, before = l->n;
    for (size_t i = 0; i < l->n; i++) {
        const struct report *r = &l->v[i];
        if (r->kind != REPORT_HINT && r->source_ms >= now_ms - DATED_MS && r->source_ms <= now_ms + AHEAD_MS)
            l->v[kept++] = l->v[i];
    }
    l->n = kept;
    return before - kept;
}

static void keep_body(const struct feed_entry *e, const struct inbound_message *m, int err,
                      const struct why *why)
{
    struct feed_body body = {.kind = BODY_MQTT,
                             .at_ms = clock_wall_ms(e->set->clock),
                             .topic = m->topic,
                             .body = m->body,
                             .err = err,
                             .why = why};
    feeds_keep_body(e->set, &e->feed, &body);
}

static void take(struct feed_entry *e, struct inbound_result *r, bool old)
{
    struct feeds *fs = e->set;
    int64_t now = clock_wall_ms(fs->clock);
    if (old && e->broker)
        e->broker->undated += drop_undated(&r->reports, now);
    counter_add(r->err ? C_MQTT_BAD : C_MQTT_GOOD, 1);
    feed_note(e, &r->reports, r->err ? &r->why : NULL);
    if (!r->err && r->reports.n)
        (void)fs->port.on_reports(fs->port.ctx, &e->feed, &r->reports);
    inbound_result_fini(r);
}

static void on_read(struct feed_entry *e, const struct inbound_message *m, struct inbound_result *r, bool old)
{
    if (!r->dropped)
        keep_body(e, m, r->err, &r->why);
    take(e, r, old);
}

static void on_read_new(void *ctx, const struct feed *feed, const struct inbound_message *m,
                        struct inbound_result *r)
{
    (void)feed;
    on_read(ctx, m, r, false);
}

static void on_read_old(void *ctx, const struct feed *feed, const struct inbound_message *m,
                        struct inbound_result *r)
{
    (void)feed;
    on_read(ctx, m, r, true);
}

static void refuse_too_big(struct feed_entry *e, const struct mqtt_message *m)
{
    struct inbound_result r;
    inbound_result_init(&r);
    r.err = why_set(&r.why, ERR_TOO_BIG, "", "a message of %zu bytes on %.80s, more than %zu", m->size,
                    m->topic.p, MQTT_MAX_PAYLOAD);
    take(e, &r, m->old);
}

static void on_message(void *ctx, const struct mqtt_message *m)
{
    struct feed_entry *e = ctx;
    struct inbound_message in = {
        .method = VIEW("MQTT"), .path = m->topic, .topic = m->topic, .body = m->payload};
    if (m->size == 0)
        return;
    e->broker->messages++;
    e->status.last_try_ms = clock_wall_ms(e->set->clock);
    if (m->too_big)
        refuse_too_big(e, m);
    else
        receive_message(e, &in, m->old ? on_read_old : on_read_new, e);
}

/* ---- the connection */

static void on_state(void *ctx, enum mqtt_state state, const struct why *why)
{
    struct feed_entry *e = ctx;
    e->status.last_try_ms = clock_wall_ms(e->set->clock);
    if (state == MQTT_UP)
        feed_note_link(e);
    else
        feed_note(e, NULL, why);
}

static int subscribe(struct feed_entry *e, struct why *why)
{
    static const struct mqtt_events events = {on_message, on_state};
    const struct feed_mqtt *f = &e->feed.mqtt;
    const struct tls_files *tls = &e->feed.tls;
    const char *topics[FEED_MAX_TOPICS];
    for (int i = 0; i < f->n_topics; i++)
        topics[i] = f->topics[i];
    struct mqtt_conf conf = {.url = e->feed.url,
                             .user = f->user,
                             .password = f->password,
                             .client_id = f->client_id,
                             .topics = topics,
                             .n_topics = f->n_topics,
                             .qos = f->qos,
                             .tls = {.ca_file = tls->ca_file,
                                     .cert_file = tls->cert_file,
                                     .key_file = tls->key_file,
                                     .skip_verify = tls->skip_verify},
                             .filter = e->set->port.filter};
    e->broker->mqtt = mqtt_open(e->set->loop, &conf, &events, e, why);
    return e->broker->mqtt ? 0 : ERR_INVALID;
}

/* While Redis is away everybody may poll. Two who subscribe under one client id would throw each other out,
 * so then all stays as it is. */
static bool is_standby(const struct feed_entry *e)
{
    const struct feeds_port *port = &e->set->port;
    if (e->broker->looked && port->slow_down(port->ctx) > 1)
        return e->broker->standby;
    return !port->may_poll(port->ctx, e->feed.id);
}

static void on_look(void *ctx)
{
    struct feed_entry *e = ctx;
    struct mqtt_feed *b = e->broker;
    struct why why = {0};
    b->standby = is_standby(e);
    b->looked = true;
    timer_arm(b->look, LOOK_MS);
    if (b->standby) {
        mqtt_close(b->mqtt);
        b->mqtt = NULL;
    } else if (!b->mqtt && subscribe(e, &why)) {
        e->status.last_try_ms = clock_wall_ms(e->set->clock);
        feed_note(e, NULL, &why);
        timer_arm(b->look, RETRY_MS);
    }
}

/* ---- life */

int mqtt_feed_open(struct feed_entry *e, struct why *why)
{
    e->broker = calloc(1, sizeof *e->broker);
    if (e->broker && (e->broker->look = timer_new(e->set->loop, on_look, e)))
        return 0;
    return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

void mqtt_feed_close(struct feed_entry *e)
{
    if (!e->broker)
        return;
    mqtt_close(e->broker->mqtt);
    timer_free(e->broker->look);
    free(e->broker);
    e->broker = NULL;
}

void mqtt_feed_begin(struct feed_entry *e)
{
    if (e->broker)
        timer_arm(e->broker->look, 0);
}

static const char *link_name(const struct mqtt_feed *b)
{
    static const char *const names[] = {
        [MQTT_WAITING] = "waiting", [MQTT_CONNECTING] = "connecting", [MQTT_UP] = "connected"};
    return b->mqtt ? names[mqtt_state(b->mqtt)] : b->standby ? "standby" : "waiting";
}

void mqtt_feed_write(const struct feed_entry *e, struct json_writer *w)
{
    const struct mqtt_feed *b = e->broker;
    if (!b)
        return;
    jw_object(w, "mqtt");
    jw_str(w, "connection", link_name(b));
    jw_int(w, "messages", (int64_t)b->messages);
    jw_int(w, "undated", (int64_t)b->undated);
    jw_end_object(w);
}
