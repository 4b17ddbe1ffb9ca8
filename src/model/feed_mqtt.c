/* SPDX-License-Identifier: MIT
 * A feed that hears a broker: where it is, what is subscribed to, who parkd is there.
 */
#include <string.h>

#include "model/feed_parts.h"

/* A level that has a wildcard is the wildcard; '#' stands last. */
static bool is_filter(struct view topic)
{
    struct view rest = topic;
    while (rest.p) {
        struct view level = view_cut(&rest, '/');
        bool many = level.n && memchr(level.p, '#', level.n), one = level.n && memchr(level.p, '+', level.n);
        if ((many && (level.n != 1 || rest.p)) || (one && level.n != 1))
            return false;
    }
    return topic.n > 0;
}

static int take_topic(struct feed *f, struct view text, struct why *why)
{
    if (!is_filter(text))
        return why_set(why, ERR_INVALID, "",
                       "must be a topic; '+' stands for a whole level, '#' for all levels at the end");
    if (view_copy(text, f->mqtt.topics[f->mqtt.n_topics], sizeof f->mqtt.topics[0]))
        return why_set(why, ERR_TOO_BIG, "", "longer than %zu bytes", sizeof f->mqtt.topics[0] - 1);
    f->mqtt.n_topics++;
    return 0;
}

static int read_mqtt(const struct json *j, struct feed *f, struct why *why)
{
    static const char *const known[] = {"topics", "user", "password", "client_id", "qos", NULL};
    struct feed_mqtt *m = &f->mqtt;
    int64_t qos = 0;
    int err = json_only(j, known, why);
    if (!err)
        err = feed_each_text(j, "topics", FEED_MAX_TOPICS, take_topic, f, why);
    if (!err && m->n_topics == 0)
        err = why_set(why, ERR_MISSING, "/topics", "needs at least one topic");
    if (!err)
        err = json_want_str(j, "user", m->user, sizeof m->user, why);
    if (!err)
        err = json_want_str(j, "password", m->password, sizeof m->password, why);
    if (!err && m->password[0] && !m->user[0])
        err = why_set(why, ERR_MISSING, "/user", "a password needs a user");
    if (!err)
        err = json_want_str(j, "client_id", m->client_id, sizeof m->client_id, why);
    if (!err)
        err = json_want_int(j, "qos", 0, 2, &qos, why);
    m->qos = (int)qos;
    return err;
}

/* What stands behind the scheme: host:port or [address]:port, nothing else. */
static bool is_broker(struct view v)
{
    size_t colon = v.n;
    int64_t port;
    while (colon > 0 && v.p[colon - 1] != ':')
        colon--;
    if (colon < 2 || view_to_int((struct view){v.p + colon, v.n - colon}, 1, 65535, &port))
        return false;
    struct view host = {v.p, colon - 1};
    bool bracketed = host.p[0] == '[' && host.p[host.n - 1] == ']';
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] <= ' ' || host.p[i] >= 0x7f || strchr("/@?#", host.p[i]) ||
            (host.p[i] == ':' && !bracketed))
            return false;
    }
    return true;
}

static int check_url(const char *url, struct why *why)
{
    bool tls = view_starts(view_of(url), "mqtts://");
    if ((tls || view_starts(view_of(url), "mqtt://")) && is_broker(view_of(url + (tls ? 8 : 7))))
        return 0;
    return why_set(why, ERR_INVALID, "/url", "must be mqtt://host:port or mqtts://host:port");
}

int feed_parse_mqtt(const struct json *j, struct feed *f, struct why *why)
{
    const struct json *mqtt = NULL;
    int err = json_want_node(j, "mqtt", JSON_OBJECT, &mqtt, why);
    if (err)
        return err;
    if (f->mode != FEED_MQTT)
        return mqtt ? why_set(why, ERR_INVALID, "/mqtt", "is for mode mqtt") : 0;
    if (!mqtt)
        return why_set(why, ERR_MISSING, "/mqtt", "missing; a feed of mode mqtt needs its topics");
    if ((err = check_url(f->url, why)))
        return err;
    err = read_mqtt(mqtt, f, why);
    if (err)
        why_under(why, "/mqtt");
    return err;
}
