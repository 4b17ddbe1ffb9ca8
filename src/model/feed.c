/* SPDX-License-Identifier: MIT
 * Registrations of feeds and sinks: JSON → values. What needs the network's or a dialect's knowledge (is the
 * URL allowed, are the parameters right) is checked by the caller.
 */
#include "parkd/model/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/feed_parts.h"
#include "parkd/base/json_write.h"
#include "parkd/base/webhook.h"

#define PARAMS_MAX (64 * 1024)
#define NOTES_SIZE 2001

#define FEED_INTERVAL_MS 30000
#define SPACING_MAX_MS   60000
#define KEEP_BODIES_MAX  100
#define SINK_BATCH       100
#define SINK_INTERVAL_MS 200
#define SINK_REFRESH_S   300
#define SINK_HEARTBEAT_S 60
#define SINK_TIMEOUT_MS  20000
#define DAY_S            86400

/* id and dialect, which feeds and sinks name alike. */
static int parse_names(const struct json *j, char *id, char *dialect, struct why *why)
{
    char notes[NOTES_SIZE];
    int err = json_need_str(j, "id", id, FEED_ID_SIZE, why);
    if (err)
        return err;
    if (!lot_id_valid(view_of(id)))
        return why_set(why, ERR_INVALID, "/id",
                       "must be 1 to %d letters, digits, '.', '_' or '-', a letter or digit first",
                       FEED_ID_SIZE - 1);
    if ((err = json_need_str(j, "dialect", dialect, FEED_ID_SIZE, why)))
        return err;
    if (!lot_id_valid(view_of(dialect)))
        return why_set(why, ERR_INVALID, "/dialect", "is not a dialect's name");
    return json_want_str(j, "notes", notes, sizeof notes, why);
}

/* The object's text, "{}" when absent. */
static int parse_params(const struct json *j, char **out, struct why *why)
{
    const struct json *params = NULL;
    struct json_writer w;
    struct buf text;
    int err = json_want_node(j, "params", JSON_OBJECT, &params, why);
    if (err)
        return err;
    buf_init(&text, PARAMS_MAX);
    jw_init(&w, &text);
    if (params) {
        jw_json(&w, NULL, params);
    } else {
        jw_object(&w, NULL);
        jw_end_object(&w);
    }
    err = text.err;
    *out = buf_take(&text, &(size_t){0});
    buf_fini(&text);
    return *out ? 0 : why_set(why, err ? err : ERR_NOMEM, "/params", "%s", err_text(err ? err : ERR_NOMEM));
}

static int read_tls(const struct json *j, struct tls_files *out, struct why *why)
{
    static const char *const known[] = {"ca_file", "cert_file", "key_file", "skip_verify", NULL};
    int err = json_only(j, known, why);
    if (!err)
        err = json_want_str(j, "ca_file", out->ca_file, sizeof out->ca_file, why);
    if (!err)
        err = json_want_str(j, "cert_file", out->cert_file, sizeof out->cert_file, why);
    if (!err)
        err = json_want_str(j, "key_file", out->key_file, sizeof out->key_file, why);
    if (!err)
        err = json_want_bool(j, "skip_verify", &out->skip_verify, why);
    if (!err && !out->cert_file[0] != !out->key_file[0])
        err = why_set(why, ERR_MISSING, out->cert_file[0] ? "/key_file" : "/cert_file",
                      "a client certificate needs both cert_file and key_file");
    return err;
}

static int parse_tls(const struct json *j, struct tls_files *out, struct why *why)
{
    const struct json *tls = NULL;
    int err = json_want_node(j, "tls", JSON_OBJECT, &tls, why);
    if (err || !tls)
        return err;
    err = read_tls(tls, out, why);
    if (err)
        why_under(why, "/tls");
    return err;
}

static int take_path(struct feed *f, struct view text, struct why *why)
{
    bool good = text.n > 1 && text.p[0] == '/';
    for (size_t i = 0; i < text.n; i++)
        good = good && text.p[i] > ' ' && text.p[i] < 0x7f && text.p[i] != '?' && text.p[i] != '#';
    if (!good)
        return why_set(why, ERR_INVALID, "", "must be a path: '/', then printable ASCII without '?' and '#'");
    if (view_copy(text, f->paths[f->n_paths], sizeof f->paths[0]))
        return why_set(why, ERR_TOO_BIG, "", "longer than %zu bytes", sizeof f->paths[0] - 1);
    f->n_paths++;
    return 0;
}

static int parse_owner(const struct json *j, struct feed *f, struct why *why)
{
    int err = json_want_str(j, "operator", f->owner, sizeof f->owner, why);
    if (!err && f->owner[0] && !lot_id_valid(view_of(f->owner)))
        err = why_set(why, ERR_INVALID, "/operator", "is not an account's id");
    return err;
}

static int parse_acquisition(const struct json *j, struct feed *f, struct why *why)
{
    static const char *const modes[] = {
        [FEED_POLL] = "poll", [FEED_PUSH] = "push", [FEED_MQTT] = "mqtt", NULL};
    int64_t keep = FEED_KEEP_BODIES;
    int mode = -1, err = json_want_enum(j, "mode", modes, &mode, why);
    if (err)
        return err;
    if (mode < 0)
        return why_set(why, ERR_MISSING, "/mode",
                       "missing; poll (parkd asks), push (the feed tells) or mqtt (a broker does)");
    f->mode = (enum feed_mode)mode;
    if ((err = json_want_str(j, "url", f->url, sizeof f->url, why)))
        return err;
    if (f->mode == FEED_POLL && !f->url[0])
        return why_set(why, ERR_MISSING, "/url", "a feed that is polled needs a URL");
    f->interval_ms = f->mode == FEED_POLL ? FEED_INTERVAL_MS : 0;
    err = json_want_int(j, "interval_ms", 100, 3600000, &f->interval_ms, why);
    if (!err)
        err = json_want_bool(j, "enabled", &f->enabled, why);
    if (!err)
        err = json_want_bool(j, "allow_http", &f->allow_http, why);
    if (!err)
        err = json_want_int(j, "spacing_ms", 0, SPACING_MAX_MS, &f->spacing_ms, why);
    if (!err)
        err = json_want_int(j, "keep_bodies", 0, KEEP_BODIES_MAX, &keep, why);
    f->keep_bodies = (int)keep;
    return err ? err : feed_each_text(j, "paths", FEED_MAX_PATHS, take_path, f, why);
}

int feed_parse(const struct json *j, struct feed *out, struct why *why)
{
    static const char *const known[] = {"id",     "dialect",    "mode",        "url",  "interval_ms",
                                        "params", "enabled",    "paths",       "auth", "allow_http",
                                        "access", "spacing_ms", "keep_bodies", "mqtt", "tls",
                                        "notes",  "operator",   NULL};
    int err = json_only(j, known, why);
    *out = (struct feed){.enabled = true};
    if (err || (err = parse_names(j, out->id, out->dialect, why)) || (err = parse_owner(j, out, why)) ||
        (err = parse_acquisition(j, out, why)) || (err = feed_parse_auth(j, out, why)) ||
        (err = feed_parse_access(j, out, why)) || (err = feed_parse_mqtt(j, out, why)) ||
        (err = parse_tls(j, &out->tls, why)) || (err = parse_params(j, &out->params, why)))
        feed_fini(out);
    return err;
}

void feed_fini(struct feed *f)
{
    free(f->params);
    f->params = NULL;
    feed_access_fini(&f->access);
}

bool feed_is_guarded(const struct feed *f)
{
    return f->n_bearer || f->n_secrets || f->n_url_secrets || f->n_addresses;
}

/* Both came from feed_parse, which zeroes, so bytes may be compared. */
bool feed_same(const struct feed *a, const struct feed *b)
{
    struct feed x = *a, y = *b;
    x.params = y.params = NULL;
    memset(&x.access, 0, sizeof x.access);
    memset(&y.access, 0, sizeof y.access);
    return strcmp(a->params, b->params) == 0 && feed_access_same(&a->access, &b->access) &&
           memcmp(&x, &y, sizeof x) == 0;
}

static int parse_pace(const struct json *j, struct sink *s, struct why *why)
{
    int64_t batch = SINK_BATCH, parallel = 1, refresh_s = SINK_REFRESH_S, heartbeat_s = SINK_HEARTBEAT_S;
    int err = json_want_int(j, "batch", 1, 1000, &batch, why);
    if (!err)
        err = json_want_int(j, "parallel", 1, 8, &parallel, why);
    if (!err)
        err = json_want_int(j, "min_interval_ms", 0, 3600000, &s->min_interval_ms, why);
    if (!err)
        err = json_want_int(j, "refresh_s", 0, DAY_S, &refresh_s, why);
    if (!err)
        err = json_want_int(j, "heartbeat_s", 0, DAY_S, &heartbeat_s, why);
    if (!err)
        err = json_want_int(j, "timeout_ms", 100, 120000, &s->timeout_ms, why);
    s->batch = (int)batch;
    s->parallel = (int)parallel;
    s->refresh_ms = refresh_s * 1000;
    s->heartbeat_ms = heartbeat_s * 1000;
    return err;
}

static int parse_target(const struct json *j, struct sink *s, struct why *why)
{
    int err = json_need_str(j, "url", s->url, sizeof s->url, why);
    if (!err)
        err = json_want_bool(j, "enabled", &s->enabled, why);
    if (!err)
        err = json_want_str(j, "bearer", s->bearer, sizeof s->bearer, why);
    if (!err)
        err = json_want_str(j, "secret", s->secret, sizeof s->secret, why);
    if (err)
        return err;
    if (!s->url[0])
        return why_set(why, ERR_MISSING, "/url", "missing");
    err = s->secret[0] ? webhook_check_secret(view_of(s->secret), why) : 0;
    if (err)
        why_under(why, "/secret");
    return err;
}

int sink_parse(const struct json *j, struct sink *out, struct why *why)
{
    static const char *const known[] = {
        "id",      "dialect",         "url",       "params",      "enabled",  "secret",     "bearer",
        "batch",   "min_interval_ms", "refresh_s", "heartbeat_s", "parallel", "timeout_ms", "tls",
        "readers", "notes",           NULL};
    int err = json_get(j, "reader") ? 0 : json_only(j, known, why); /* sink_parse_readers has words for it */
    *out = (struct sink){.enabled = true, .min_interval_ms = SINK_INTERVAL_MS, .timeout_ms = SINK_TIMEOUT_MS};
    if (err || (err = sink_parse_readers(j, out, why)) ||
        (err = parse_names(j, out->id, out->dialect, why)) || (err = parse_target(j, out, why)) ||
        (err = parse_pace(j, out, why)) || (err = parse_tls(j, &out->tls, why)) ||
        (err = parse_params(j, &out->params, why)))
        sink_fini(out);
    return err;
}

void sink_fini(struct sink *s)
{
    free(s->params);
    s->params = NULL;
}
