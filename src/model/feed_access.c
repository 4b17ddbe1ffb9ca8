/* SPDX-License-Identifier: MIT
 * How parkd shows itself to the vendor whom it asks: Basic, a bearer key, API keys in a header or the query,
 * OAuth 2 client credentials. One kind a feed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/feed_parts.h"

#define TEXT_MAX 4096 /* tokens may be signed documents */

static bool is_clean(struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return false;
    }
    return true;
}

/* A text that goes into a header or a form: not empty, no control bytes. */
static int read_text(const struct json *v, const char *at, char **out, struct why *why)
{
    struct view text = json_text(v);
    if (!json_is(v, JSON_STRING))
        return why_set(why, ERR_TYPE, at, "must be a string");
    if (text.n == 0)
        return why_set(why, ERR_MISSING, at, "is empty");
    if (text.n > TEXT_MAX)
        return why_set(why, ERR_TOO_BIG, at, "longer than %d bytes", TEXT_MAX);
    if (!is_clean(text))
        return why_set(why, ERR_INVALID, at, "has a control character");
    *out = view_dup(text);
    return *out ? 0 : why_set(why, ERR_NOMEM, at, "%s", err_text(ERR_NOMEM));
}

static int want_text(const struct json *obj, const char *key, char **out, struct why *why)
{
    const struct json *v = json_get(obj, key);
    char at[24];
    (void)snprintf(at, sizeof at, "/%s", key);
    return v && !json_is(v, JSON_NULL) ? read_text(v, at, out, why) : 0;
}

static int need_text(const struct json *obj, const char *key, char **out, struct why *why)
{
    char at[24];
    int err = want_text(obj, key, out, why);
    (void)snprintf(at, sizeof at, "/%s", key);
    return err || *out ? err : why_set(why, ERR_MISSING, at, "missing");
}

static int read_basic(const struct json *j, struct feed_access *a, struct why *why)
{
    static const char *const known[] = {"user", "password", NULL};
    a->kind = ACCESS_BASIC;
    int err = json_only(j, known, why);
    if (!err)
        err = need_text(j, "user", &a->user, why);
    if (!err && strchr(a->user, ':'))
        err = why_set(why, ERR_INVALID, "/user", "Basic allows no ':' in a user's name");
    return err ? err : need_text(j, "password", &a->password, why);
}

static int read_bearer(const struct json *j, struct feed_access *a, struct why *why)
{
    a->kind = ACCESS_BEARER;
    int err = read_text(j, "", &a->bearer, why);
    if (!err && strchr(a->bearer, ' '))
        err = why_set(why, ERR_INVALID, "", "a token has no blanks; give it without 'Bearer'");
    return err;
}

static int read_key_name(const struct json *j, struct access_key *k, struct why *why)
{
    const struct json *header = json_get(j, "header"), *query = json_get(j, "query");
    if (!header == !query)
        return why_set(why, ERR_MISSING, "", "needs one of header and query, the name that carries the key");
    k->in_query = query != NULL;
    int err = json_need_str(j, k->in_query ? "query" : "header", k->name, sizeof k->name, why);
    if (err)
        return err;
    if (k->in_query ? !k->name[0] || !is_clean(view_of(k->name)) : !view_is_token(view_of(k->name)))
        return why_set(why, ERR_INVALID, k->in_query ? "/query" : "/header", "is not a %s's name",
                       k->in_query ? "query parameter" : "header");
    return 0;
}

static int read_key(const struct json *j, struct feed_access *a, struct why *why)
{
    static const char *const known[] = {"header", "query", "value", NULL};
    struct access_key *k = &a->keys[a->n_keys++];
    int err = json_only(j, known, why);
    if (!err)
        err = read_key_name(j, k, why);
    return err ? err : need_text(j, "value", &k->value, why);
}

/* One key, or a list of two (an application's name and its key). */
static int read_keys(const struct json *j, struct feed_access *a, struct why *why)
{
    const size_t most = sizeof a->keys / sizeof a->keys[0];
    a->kind = ACCESS_KEY;
    if (!json_is(j, JSON_ARRAY))
        return read_key(j, a, why);
    if (json_size(j) == 0 || json_size(j) > most)
        return why_set(why, ERR_RANGE, "", "needs one or two keys");
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        int err = read_key(v, a, why);
        if (err) {
            why_under(why, "/%d", a->n_keys - 1);
            return err;
        }
    }
    const struct access_key *k = a->keys;
    if (a->n_keys == 2 && k[0].in_query == k[1].in_query && view_ieq(view_of(k[0].name), k[1].name))
        return why_set(why, ERR_INVALID, "/1", "has the name of the first");
    return 0;
}

static int read_oauth2(const struct json *j, struct feed_access *a, struct why *why)
{
    static const char *const known[] = {"token_url", "client_id", "client_secret", "scope", "in_body", NULL};
    a->kind = ACCESS_OAUTH2;
    int err = json_only(j, known, why);
    if (!err)
        err = need_text(j, "token_url", &a->token_url, why);
    if (!err)
        err = need_text(j, "client_id", &a->user, why);
    if (!err)
        err = need_text(j, "client_secret", &a->password, why);
    if (!err)
        err = want_text(j, "scope", &a->scope, why);
    return err ? err : json_want_bool(j, "in_body", &a->in_body, why);
}

static const struct reader {
    const char *name;
    int (*read)(const struct json *j, struct feed_access *a, struct why *why);
} readers[] = {{"basic", read_basic}, {"bearer", read_bearer}, {"key", read_keys}, {"oauth2", read_oauth2}};

static int read_access(const struct json *j, struct feed_access *a, struct why *why)
{
    static const char *const known[] = {"basic", "bearer", "key", "oauth2", NULL};
    const struct json *one = json_first(j);
    int err = json_only(j, known, why);
    if (err)
        return err;
    if (json_size(j) != 1)
        return why_set(why, ERR_INVALID, "", "needs one of basic, bearer, key and oauth2");
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (!view_is(json_key(one), readers[i].name))
            continue;
        err = readers[i].read(one, a, why);
        if (err)
            why_under(why, "/%s", readers[i].name);
    }
    return err;
}

int feed_parse_access(const struct json *j, struct feed *f, struct why *why)
{
    const struct json *access = NULL;
    int err = json_want_node(j, "access", JSON_OBJECT, &access, why);
    if (err || !access)
        return err;
    if (f->mode != FEED_POLL)
        return why_set(why, ERR_INVALID, "/access", "is for mode poll: who is not asked needs none");
    err = read_access(access, &f->access, why);
    if (err)
        why_under(why, "/access");
    return err;
}

void feed_access_fini(struct feed_access *a)
{
    free(a->user);
    free(a->password);
    free(a->bearer);
    free(a->keys[0].value);
    free(a->keys[1].value);
    free(a->token_url);
    free(a->scope);
    *a = (struct feed_access){0};
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool feed_access_same(const struct feed_access *a, const struct feed_access *b)
{
    bool same = a->kind == b->kind && a->in_body == b->in_body && a->n_keys == b->n_keys &&
                same_text(a->user, b->user) && same_text(a->password, b->password) &&
                same_text(a->bearer, b->bearer) && same_text(a->token_url, b->token_url) &&
                same_text(a->scope, b->scope);
    for (int i = 0; i < a->n_keys && same; i++)
        same = a->keys[i].in_query == b->keys[i].in_query && same_text(a->keys[i].name, b->keys[i].name) &&
               same_text(a->keys[i].value, b->keys[i].value);
    return same;
}
