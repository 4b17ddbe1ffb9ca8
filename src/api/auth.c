/* SPDX-License-Identifier: MIT
 * Keys, signatures, secrets, addresses. Absent keys are replaced by dummies, so that the time taken tells
 * nothing; whether the feed asked for is there shows only in the status, 404 for everybody.
 */
#define HASH_NONFATAL_OOM 1 /* an element without a place has no hh.tbl */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "api/auth.h"
#include "parkd/base/crypto.h"
#include "parkd/base/webhook.h"
#include "parkd/net/addr_filter.h"

#define DUMMY_SECRET "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct view bearer_of(struct view authorization)
{
    struct view rest = view_trim(authorization), scheme = view_cut(&rest, ' ');
    return view_ieq(scheme, "bearer") ? view_trim(rest) : (struct view){NULL, 0};
}

/* One of `n_held` digests (NULL: none) is that of the token. */
static bool digest_fits(const unsigned char (*digests)[32], int n_held, struct view token)
{
    unsigned char digest[DIGEST_MAX];
    static const unsigned char dummy[32];
    size_t n = 0;
    bool fits = false;
    if (crypto_digest(DIGEST_SHA256, token, digest, &n))
        return false;
    for (int i = 0; i < FEED_MAX_KEYS; i++) {
        bool real = digests && i < n_held;
        struct view held = {(const char *)(real ? digests[i] : dummy), 32};
        fits |= crypto_equal((struct view){(const char *)digest, n}, held) && real;
    }
    return fits && token.n;
}

static bool address_fits(const struct feed *f, struct view peer)
{
    struct addr_filter known = {.n_allow = 0};
    for (int i = 0; f && i < f->n_addresses; i++) {
        if (addr_filter_allow(&known, view_of(f->addresses[i])))
            return false; /* never: they were checked when they were registered */
    }
    return addr_filter_has(&known, peer);
}

/* The window is ours to judge (a test clock runs faster), so the signature is checked at the message's own
 * time. */
static bool signature_fits(const struct feed *f, const struct auth_request *r, int64_t stamp)
{
    struct webhook_message m = {r->webhook_id, stamp, r->body};
    bool fits = false;
    for (int i = 0; i < FEED_MAX_KEYS; i++) {
        bool real = f && i < f->n_secrets;
        struct view secret = real ? view_of(f->webhook_secrets[i]) : VIEW(DUMMY_SECRET);
        fits |= webhook_verify(secret, &m, r->webhook_signature, stamp) == 0 && real;
    }
    return fits;
}

static bool signed_at(const struct auth_request *r, int64_t *stamp)
{
    return r->webhook_signature.n && r->webhook_id.n &&
           view_to_int(r->webhook_timestamp, 1, INT64_MAX / 2000, stamp) == 0;
}

static bool checks_itself(const struct feed *f)
{
    return !feed_is_guarded(f) && strcmp(f->dialect, "native") != 0 && strcmp(f->dialect, "generic") != 0;
}

static int deny(const struct feed *feed, const struct auth_request *r, bool has_signature, struct why *why)
{
    if (feed && feed->n_addresses && !has_signature && !r->authorization.n && !r->url_secret.n)
        return why_set(why, ERR_AUTH, "", "address " VIEW_FMT " is not registered for this feed",
                       VIEW_ARG(r->peer));
    return why_set(why, ERR_AUTH, "", "%s",
                   has_signature            ? "the signature is not of a key of this feed"
                   : r->authorization.n     ? "the key is not one of this feed"
                   : r->webhook_signature.n ? "webhook-id or webhook-timestamp is missing or malformed"
                   : r->url_secret.n        ? "the secret in the URL is not one of this feed"
                                            : "no key and no signature");
}

int auth_check(const struct feed *feed, const struct auth_request *r, struct why *why)
{
    int64_t stamp = 0;
    bool has_signature = signed_at(r, &stamp);
    bool bearer = digest_fits(feed ? feed->bearer_sha256 : NULL, feed ? feed->n_bearer : 0,
                              bearer_of(r->authorization));
    bool secret =
        digest_fits(feed ? feed->url_secret_sha256 : NULL, feed ? feed->n_url_secrets : 0, r->url_secret);
    bool fits = has_signature && signature_fits(feed, r, stamp);
    if (bearer || (feed && checks_itself(feed)))
        return 0;
    if (fits && stamp >= r->now_s - r->window_s && stamp <= r->now_s + r->window_s)
        return 0;
    if (secret || address_fits(feed, r->peer))
        return r->private || feed->allow_http ? 0
                                              : why_set(why, ERR_REFUSED, "",
                                                        "this feed does not consent to plain HTTP from "
                                                        "another host; use https, or register it "
                                                        "with allow_http");
    if (fits)
        return why_set(why, ERR_AUTH, "", "webhook-timestamp is more than %lld s off",
                       (long long)r->window_s);
    return deny(feed, r, has_signature, why);
}

/* --- what was taken --- */

struct taken {
    struct auth_message msg;
    int64_t until_ms;
    UT_hash_handle hh;
    struct taken *prev, *next; /* oldest first */
};

struct auth_memory {
    struct taken *by_digest, *oldest;
};

struct auth_memory *auth_memory_new(void)
{
    return calloc(1, sizeof(struct auth_memory));
}

static void forget(struct auth_memory *m, struct taken *t)
{
    HASH_DEL(m->by_digest, t);
    DL_DELETE(m->oldest, t);
    free(t);
}

void auth_memory_free(struct auth_memory *m)
{
    while (m && m->oldest)
        forget(m, m->oldest);
    free(m);
}

int auth_message_of(const char *feed, struct view id, struct view body, struct auth_message *out)
{
    unsigned char whole[DIGEST_MAX], of_body[DIGEST_MAX];
    struct buf text;
    size_t n = 0;
    int err = crypto_digest(DIGEST_SHA256, body, of_body, &n);
    if (err)
        return err;
    buf_init(&text, 1024);
    buf_str(&text, feed);
    buf_char(&text, '\0');
    buf_put(&text, of_body, n);
    buf_view(&text, id);
    err = text.err ? text.err : crypto_digest(DIGEST_SHA256, buf_get(&text), whole, &n);
    buf_fini(&text);
    if (!err)
        memcpy(out->digest, whole, sizeof out->digest);
    return err;
}

bool auth_memory_has(struct auth_memory *m, const struct auth_message *msg, int64_t mono_ms)
{
    struct taken *t = NULL;
    while (m->oldest && m->oldest->until_ms <= mono_ms)
        forget(m, m->oldest);
    HASH_FIND(hh, m->by_digest, msg->digest, sizeof msg->digest, t);
    return t != NULL;
}

void auth_memory_add(struct auth_memory *m, const struct auth_message *msg, int64_t mono_ms)
{
    if (auth_memory_has(m, msg, mono_ms))
        return;
    struct taken *t = calloc(1, sizeof *t);
    if (!t)
        return;
    if (HASH_COUNT(m->by_digest) >= AUTH_KEEP_MAX)
        forget(m, m->oldest);
    t->msg = *msg;
    t->until_ms = mono_ms + AUTH_KEEP_MS;
    HASH_ADD(hh, m->by_digest, msg.digest, sizeof t->msg.digest, t);
    if (t->hh.tbl)
        DL_APPEND(m->oldest, t);
    else
        free(t);
}
