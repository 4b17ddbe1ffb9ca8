/* SPDX-License-Identifier: MIT
 * Standard Webhooks signatures. The secret is decoded for every call: it is short, and a decoded copy that
 * lives longer is one more place to leak it from.
 */
#include <stdio.h>
#include <string.h>

#include "parkd/base/crypto.h"
#include "parkd/base/webhook.h"

#define SECRET_MIN  24
#define SECRET_MAX  64
#define ID_MAX      128
#define HEADER_MAX  1024 /* of all signatures together; a rotation needs two of 47 bytes */
#define SECRET_MARK "whsec_"

static int decode_secret(struct view secret, struct buf *out)
{
    if (view_starts(secret, SECRET_MARK)) {
        secret.p += sizeof SECRET_MARK - 1;
        secret.n -= sizeof SECRET_MARK - 1;
    }
    if (base64_decode(out, secret) || out->n < SECRET_MIN || out->n > SECRET_MAX)
        return ERR_INVALID;
    return 0;
}

int webhook_check_secret(struct view secret, struct why *why)
{
    struct buf key;
    buf_init(&key, 2 * SECRET_MAX);
    int err = decode_secret(secret, &key);
    buf_fini(&key);
    if (err)
        return why_set(why, err, "", "needs whsec_ and the Base64 of %d to %d bytes", SECRET_MIN, SECRET_MAX);
    return 0;
}

static bool id_valid(struct view id)
{
    return id.n >= 1 && id.n <= ID_MAX && !memchr(id.p, '.', id.n);
}

int webhook_sign(struct view secret, const struct webhook_message *m, char sig[WEBHOOK_SIG_SIZE])
{
    sig[0] = '\0';
    if (!id_valid(m->id))
        return ERR_INVALID;
    struct buf key, text, encoded;
    unsigned char mac[DIGEST_MAX];
    size_t n = 0;
    buf_init(&key, 2 * SECRET_MAX);
    buf_init(&text, m->body.n + ID_MAX + 32);
    buf_init(&encoded, WEBHOOK_SIG_SIZE);
    int err = decode_secret(secret, &key);
    if (err)
        goto done;
    buf_view(&text, m->id);
    buf_printf(&text, ".%lld.", (long long)m->timestamp_s);
    buf_view(&text, m->body);
    if ((err = text.err))
        goto done;
    err = crypto_hmac(DIGEST_SHA256, buf_get(&key), buf_get(&text), mac, &n);
    if (!err)
        err = base64_encode(&encoded, (struct view){(const char *)mac, n});
    if (!err)
        (void)snprintf(sig, WEBHOOK_SIG_SIZE, "v1,%s", encoded.p);
done:
    buf_fini(&key);
    buf_fini(&text);
    buf_fini(&encoded);
    return err;
}

static bool in_window(int64_t timestamp_s, int64_t now_s)
{
    return timestamp_s >= now_s - WEBHOOK_WINDOW_S && timestamp_s <= now_s + WEBHOOK_WINDOW_S;
}

int webhook_verify(struct view secret, const struct webhook_message *m, struct view signatures, int64_t now_s)
{
    char want[WEBHOOK_SIG_SIZE];
    struct view rest = view_trim(signatures);
    if (rest.n == 0 || rest.n > HEADER_MAX)
        return ERR_INVALID;
    int err = webhook_sign(secret, m, want);
    if (err)
        return err;
    bool good = false; /* every entry is compared, so that the place of a match does not show in the time */
    while (rest.n)
        good |= crypto_equal(view_cut(&rest, ' '), view_of(want));
    return good && in_window(m->timestamp_s, now_s) ? 0 : ERR_AUTH;
}
