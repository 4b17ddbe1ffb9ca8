/* SPDX-License-Identifier: MIT
 * Who may push to a feed: digests of keys, signing secrets, digests of secrets in URLs, source addresses.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "model/feed_parts.h"
#include "parkd/base/crypto.h"
#include "parkd/base/webhook.h"

#define SHA256_BYTES 32

int feed_each_text(const struct json *obj, const char *key, int max, feed_take_fn *take, struct feed *f,
                   struct why *why)
{
    const struct json *list = NULL;
    char at[48];
    int i = 0, err = json_want_node(obj, key, JSON_ARRAY, &list, why);
    if (err || !list)
        return err;
    (void)snprintf(at, sizeof at, "/%s", key);
    if (json_size(list) > (size_t)max)
        return why_set(why, ERR_TOO_BIG, at, "more than %d", max);
    for (const struct json *v = json_first(list); v; v = json_next(v), i++) {
        err = json_is(v, JSON_STRING) ? take(f, json_text(v), why)
                                      : why_set(why, ERR_TYPE, "", "must be a string");
        if (err) {
            why_under(why, "%s/%d", at, i);
            return err;
        }
    }
    return 0;
}

static int read_digest(struct view text, unsigned char out[SHA256_BYTES], const char *of, struct why *why)
{
    struct buf raw;
    buf_init(&raw, SHA256_BYTES);
    bool good = text.n == 2 * (size_t)SHA256_BYTES && hex_decode(&raw, text) == 0 && raw.n == SHA256_BYTES;
    if (good)
        memcpy(out, raw.p, SHA256_BYTES);
    buf_fini(&raw);
    return good ? 0 : why_set(why, ERR_INVALID, "", "must be the SHA-256 of a %s, 64 hex digits", of);
}

static int take_bearer(struct feed *f, struct view text, struct why *why)
{
    int err = read_digest(text, f->bearer_sha256[f->n_bearer], "key", why);
    f->n_bearer += !err;
    return err;
}

int sink_parse_readers(const struct json *j, struct sink *s, struct why *why)
{
    const struct json *list = NULL;
    if (json_get(j, "reader"))
        return why_set(why, ERR_UNKNOWN_KEY, "/reader",
                       "only parkctl takes it and hashes it; here give readers");
    int err = json_want_node(j, "readers", JSON_ARRAY, &list, why);
    if (err || json_size(list) > FEED_MAX_KEYS)
        return err ? err : why_set(why, ERR_TOO_BIG, "/readers", "more than %d", FEED_MAX_KEYS);
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        if ((err = read_digest(json_text(v), s->readers[s->n_readers], "key", why))) {
            why_under(why, "/readers/%d", s->n_readers);
            return err;
        }
        s->n_readers++;
    }
    return 0;
}

static int take_url_secret(struct feed *f, struct view text, struct why *why)
{
    int err = read_digest(text, f->url_secret_sha256[f->n_url_secrets], "secret", why);
    f->n_url_secrets += !err;
    return err;
}

static int take_secret(struct feed *f, struct view text, struct why *why)
{
    int err = webhook_check_secret(text, why);
    if (err)
        return err;
    if (view_copy(text, f->webhook_secrets[f->n_secrets], sizeof f->webhook_secrets[0]))
        return why_set(why, ERR_TOO_BIG, "", "longer than %zu bytes", sizeof f->webhook_secrets[0] - 1);
    f->n_secrets++;
    return 0;
}

/* The syntax of net/addr_filter, which stands beside this folder. */
static bool is_network(const char *text)
{
    unsigned char addr[16];
    char host[INET6_ADDRSTRLEN];
    struct view rest = view_of(text), before = view_cut(&rest, '/');
    int64_t bits = 0;
    if (view_copy(before, host, sizeof host))
        return false;
    bool v4 = inet_pton(AF_INET, host, addr) == 1;
    if (!v4 && inet_pton(AF_INET6, host, addr) != 1)
        return false;
    return !rest.p || view_to_int(rest, 0, v4 ? 32 : 128, &bits) == 0;
}

static int take_address(struct feed *f, struct view text, struct why *why)
{
    char *at = f->addresses[f->n_addresses];
    if (view_copy(text, at, sizeof f->addresses[0]) || !is_network(at))
        return why_set(why, ERR_INVALID, "",
                       "must be an address or a network, such as 203.0.113.7 or 198.51.100.0/24");
    f->n_addresses++;
    return 0;
}

static int read_auth(const struct json *auth, struct feed *f, struct why *why)
{
    static const char *const known[] = {"bearer_sha256", "webhook_secrets", "url_secret_sha256", "addresses",
                                        NULL};
    static const char *const clear[] = {"bearer", "url_secret"};
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++) {
        char at[16];
        (void)snprintf(at, sizeof at, "/%s", clear[i]);
        if (json_get(auth, clear[i]))
            return why_set(why, ERR_UNKNOWN_KEY, at,
                           "only parkctl takes it and hashes it; here give %s_sha256", clear[i]);
    }
    int err = json_only(auth, known, why);
    if (!err)
        err = feed_each_text(auth, "bearer_sha256", FEED_MAX_KEYS, take_bearer, f, why);
    if (!err)
        err = feed_each_text(auth, "webhook_secrets", FEED_MAX_KEYS, take_secret, f, why);
    if (!err)
        err = feed_each_text(auth, "url_secret_sha256", FEED_MAX_KEYS, take_url_secret, f, why);
    if (!err)
        err = feed_each_text(auth, "addresses", FEED_MAX_ADDRESSES, take_address, f, why);
    return err;
}

int feed_parse_auth(const struct json *j, struct feed *f, struct why *why)
{
    const struct json *auth = NULL;
    int err = json_want_node(j, "auth", JSON_OBJECT, &auth, why);
    if (err || !auth)
        return err;
    err = read_auth(auth, f, why);
    if (err)
        why_under(why, "/auth");
    return err;
}
