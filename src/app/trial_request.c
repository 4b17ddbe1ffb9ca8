/* SPDX-License-Identifier: MIT
 * Reads the request of a trial.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/trial_impl.h"
#include "parkd/base/crypto.h"
#include "parkd/base/iso8601.h"

#define TIMEOUT_MS  20000
#define REQUEST_MAX (256 * 1024) /* of the registration that is made of it */

static const char *const members[] = {"dialect", "params", "feed", "sample",     "sides",   "url", "access",
                                      "tls",     "now",    "push", "timeout_ms", "propose", NULL};
static const char *const sample_members[] = {"body", "base64", "content_type", "status", "push", "method",
                                             "path", "query",  "headers",      "topic",  NULL};

/* ---- bytes */

static int take_bytes(const struct json *text, const struct json *base64, struct buf *out, struct why *why)
{
    buf_init(out, TRIAL_MAX_SAMPLE);
    if (!text == !base64)
        return why_set(why, ERR_MISSING, "/body", "give \"body\" or \"base64\"");
    if (text && !json_is(text, JSON_STRING))
        return why_set(why, ERR_TYPE, "/body", "must be a text");
    int err = text ? buf_view(out, json_text(text)) : base64_decode(out, json_text(base64));
    return err ? why_set(why, err, text ? "/body" : "/base64", "%s", err_text(err)) : 0;
}

static int take_sample(struct trial *t, const struct json *j, struct why *why)
{
    struct trial_sample *s = &t->samples[t->n_samples];
    const struct json *text = json_get(j, "body"), *base64 = json_get(j, "base64");
    int64_t status = 200;
    int err = json_only(j, sample_members, why);
    if (!err)
        err = json_want_int(j, "status", 100, 599, &status, why);
    if (!err)
        err = json_want_str(j, "content_type", s->content_type, sizeof s->content_type, why);
    if (err)
        return err;
    s->status = (int)status;
    t->n_samples++;
    return take_bytes(text, base64, &s->body, why);
}

static int take_pairs(const struct json *j, const char *key, struct trial_pair *out, int *n, struct why *why)
{
    const struct json *pairs = NULL;
    int err = json_want_node(j, key, JSON_OBJECT, &pairs, why);
    for (const struct json *p = err ? NULL : json_first(pairs); p; p = json_next(p)) {
        if (!json_is(p, JSON_STRING) || *n == TRIAL_MAX_PAIRS)
            return why_set(why, ERR_TYPE, "", "%s: at most %d texts", key, TRIAL_MAX_PAIRS);
        out[(*n)++] = (struct trial_pair){json_key(p), json_text(p)};
    }
    return err;
}

/* How a box sent it. */
static int take_inbound(struct trial *t, const struct json *j, struct why *why)
{
    int err = json_want_bool(j, "push", &t->push, why);
    if (!err)
        err = take_pairs(j, "headers", t->headers, &t->n_headers, why);
    if (!err)
        err = take_pairs(j, "query", t->query, &t->n_query, why);
    t->method = json_text(json_get(j, "method"));
    t->path = json_text(json_get(j, "path"));
    t->topic = json_text(json_get(j, "topic"));
    t->push |= t->n_headers || t->n_query || t->method.n || t->path.n || t->topic.n;
    return err;
}

static int take_samples(struct trial *t, struct why *why)
{
    const struct json *sample = json_get(t->doc, "sample");
    bool list = json_is(sample, JSON_ARRAY);
    const struct json *first = list ? json_first(sample) : sample;
    int err = 0;
    for (const struct json *j = first; j && !err; j = list ? json_next(j) : NULL) {
        if (t->n_samples == TRIAL_MAX_ANSWERS)
            return why_set(why, ERR_TOO_BIG, "/sample", "more than %d answers", TRIAL_MAX_ANSWERS);
        err = take_sample(t, j, why);
    }
    if (!err && first)
        err = take_inbound(t, first, why);
    if (err)
        why_under(why, "/sample");
    return err;
}

static int take_sides(struct trial *t, struct why *why)
{
    const struct json *sides = NULL;
    int err = json_want_node(t->doc, "sides", JSON_OBJECT, &sides, why);
    for (const struct json *j = err ? NULL : json_first(sides); j && !err; j = json_next(j)) {
        if (t->n_sides == TRIAL_MAX_SIDES)
            return why_set(why, ERR_TOO_BIG, "/sides", "more than %d", TRIAL_MAX_SIDES);
        struct buf *bytes = &t->side_bytes[t->n_sides];
        bool text = json_is(j, JSON_STRING);
        err = take_bytes(text ? j : json_get(j, "body"), json_get(j, "base64"), bytes, why);
        t->sides[t->n_sides++] = (struct dialect_side){json_key(j), buf_get(bytes)};
        if (err)
            why_under(why, "/sides/" VIEW_FMT, VIEW_ARG(json_key(j)));
    }
    return err;
}

/* ---- the registration it would be */

/* The request's member, else the registration's. */
static void put_member(struct json_writer *w, const char *key, const struct json *doc,
                       const struct json *base, const char *otherwise)
{
    const struct json *j = json_get(doc, key);
    if (!j)
        j = json_get(base, key);
    if (j)
        jw_json(w, key, j);
    else if (otherwise)
        jw_str(w, key, otherwise);
}

/* "https://host:port" */
static struct view origin_of(struct view url)
{
    const char *host = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
    size_t at = host ? (size_t)(host - url.p) + 3 : 0;
    while (at < url.n && url.p[at] != '/' && url.p[at] != '?')
        at++;
    return (struct view){url.p, at};
}

static bool same_host(const struct json *doc, const struct json *base)
{
    const struct json *url = json_get(doc, "url");
    return !url || view_eq(origin_of(json_text(url)), origin_of(json_text(json_get(base, "url"))));
}

static void write_feed(const struct trial *t, const struct json *base, struct json_writer *w)
{
    const struct json *doc = t->doc, *secrets = same_host(doc, base) ? base : NULL;
    jw_object(w, NULL);
    const struct json *feed = json_get(doc, "feed");
    jw_view(w, "id", feed ? json_text(feed) : VIEW("trial"));
    put_member(w, "dialect", doc, base, "generic");
    put_member(w, "url", doc, base, NULL);
    put_member(w, "params", doc, secrets, NULL);
    put_member(w, "access", doc, secrets, NULL);
    put_member(w, "tls", doc, secrets, NULL);
    jw_str(w, "mode", t->live ? "poll" : "push");
    jw_end_object(w);
}

/* Its checks are those of a registration. */
static int make_feed(struct trial *t, const struct json *base, struct why *why)
{
    struct buf text;
    struct json_writer w;
    struct json *j = NULL;
    buf_init(&text, REQUEST_MAX);
    jw_init(&w, &text);
    write_feed(t, base, &w);
    int err = text.err ? why_set(why, text.err, "/params", "%s", err_text(text.err)) : 0;
    if (!err)
        err = json_parse(buf_get(&text), &j, why);
    if (!err)
        err = feed_parse(j, &t->feed, why);
    json_free(j);
    buf_fini(&text);
    return err;
}

static int take_now(struct trial *t, struct why *why)
{
    const struct json *now = json_get(t->doc, "now");
    if (now && iso8601_parse(json_text(now), &t->now_ms))
        return why_set(why, ERR_SYNTAX, "/now", "must be a time as 2026-11-22T08:00:00+08:00");
    return 0;
}

static bool has_no_mapping(const struct trial *t)
{
    struct json *params = NULL;
    bool none = strcmp(t->feed.dialect, "generic") == 0 &&
                json_parse(view_of(t->feed.params), &params, NULL) == 0 && !json_get(params, "mapping");
    json_free(params);
    return none;
}

int trial_parse(struct trial *t, const struct json *base, struct why *why)
{
    t->timeout_ms = TIMEOUT_MS;
    if (!json_is(t->doc, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object");
    int err = json_only(t->doc, members, why);
    if (!err)
        err = json_want_bool(t->doc, "push", &t->push, why);
    if (!err)
        err = json_want_bool(t->doc, "propose", &t->propose, why);
    if (!err)
        err = json_want_int(t->doc, "timeout_ms", 100, 60000, &t->timeout_ms, why);
    if (!err)
        err = take_now(t, why);
    if (!err)
        err = take_samples(t, why);
    if (!err)
        err = take_sides(t, why);
    t->live = t->n_samples == 0;
    if (!err)
        err = make_feed(t, base, why);
    t->bare = !err && t->propose && has_no_mapping(t);
    return err;
}
