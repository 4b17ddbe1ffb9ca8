/* SPDX-License-Identifier: MIT
 * Passwords by scrypt (RFC 7914), and texts sealed with AES-256-GCM.
 */
#include "parkd/base/crypto.h"

/* OpenSSL has a type of this name. */
#define ERR_STATE openssl_err_state
#include <openssl/evp.h>
#undef ERR_STATE
#include <stdio.h>
#include <string.h>

#define SCRYPT_LOG_N 15 /* 32 MiB and about 100 ms: OWASP's second row */
#define SCRYPT_R     8
#define SCRYPT_P     1
#define SCRYPT_MEM   ((uint64_t)64 * 1024 * 1024)
#define SALT_BYTES   16
#define HASH_BYTES   32
#define NONCE_BYTES  12
#define TAG_BYTES    16
#define SEAL_PREFIX  "sealed:1:"

static struct view bytes_of(const unsigned char *p, size_t n)
{
    return (struct view){(const char *)p, n};
}

/* --- passwords --- */

static int stretch(struct view password, const unsigned char salt[SALT_BYTES], unsigned char out[HASH_BYTES])
{
    return EVP_PBE_scrypt(password.p ? password.p : "", password.n, salt, SALT_BYTES,
                          (uint64_t)1 << SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEM, out, HASH_BYTES) == 1
               ? 0
               : ERR_NOMEM;
}

int password_hash(struct view password, char out[PASSWORD_HASH_SIZE])
{
    unsigned char salt[SALT_BYTES], hash[HASH_BYTES];
    struct buf b;
    int rc = crypto_random(salt, sizeof salt);
    rc = rc ? rc : stretch(password, salt, hash);
    buf_init(&b, PASSWORD_HASH_SIZE - 1);
    buf_printf(&b, "scrypt:%d:%d:%d:", SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P);
    rc = rc ? rc : hex_encode(&b, bytes_of(salt, sizeof salt));
    buf_char(&b, ':');
    rc = rc ? rc : hex_encode(&b, bytes_of(hash, sizeof hash));
    rc = rc ? rc : view_copy(buf_get(&b), out, PASSWORD_HASH_SIZE);
    explicit_bzero(hash, sizeof hash);
    buf_fini(&b);
    return rc;
}

/* One field of hexadecimal of exactly n bytes. */
static int take_hex(struct view *rest, unsigned char *out, size_t n)
{
    struct buf b;
    buf_init(&b, n);
    int rc = hex_decode(&b, view_cut(rest, ':'));
    rc = rc ? rc : b.n == n ? 0 : ERR_SYNTAX;
    if (!rc)
        memcpy(out, b.p, n);
    buf_fini(&b);
    return rc;
}

int password_check(struct view password, struct view stored)
{
    unsigned char salt[SALT_BYTES], want[HASH_BYTES], have[HASH_BYTES];
    char head[32];
    int n = snprintf(head, sizeof head, "scrypt:%d:%d:%d:", SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P);
    if (!view_starts(stored, head))
        return ERR_SYNTAX;
    stored = (struct view){stored.p + n, stored.n - (size_t)n};
    int rc = take_hex(&stored, salt, sizeof salt);
    rc = rc ? rc : take_hex(&stored, want, sizeof want);
    rc = rc ? rc : stretch(password, salt, have);
    if (!rc && !crypto_equal(bytes_of(have, sizeof have), bytes_of(want, sizeof want)))
        rc = ERR_AUTH;
    explicit_bzero(have, sizeof have);
    return rc;
}

/* --- sealing --- */

/* nonce, text, tag */
struct sealed {
    unsigned char bytes[NONCE_BYTES + SEAL_TEXT_MAX + TAG_BYTES];
    size_t n;
};

static bool gcm_close(EVP_CIPHER_CTX *c, const unsigned char *key, struct view about, struct view plain,
                      struct sealed *s)
{
    unsigned char *text = s->bytes + NONCE_BYTES, rest[EVP_MAX_BLOCK_LENGTH];
    int n = 0;
    return EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, s->bytes) == 1 &&
           EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)about.p, (int)about.n) == 1 &&
           (!plain.n || EVP_EncryptUpdate(c, text, &n, (const unsigned char *)plain.p, (int)plain.n) == 1) &&
           EVP_EncryptFinal_ex(c, rest, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + plain.n) == 1;
}

static bool gcm_open(EVP_CIPHER_CTX *c, const unsigned char *key, struct view about, struct sealed *s,
                     unsigned char *out, size_t n)
{
    unsigned char *text = s->bytes + NONCE_BYTES, rest[EVP_MAX_BLOCK_LENGTH];
    int m = 0;
    return EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, s->bytes) == 1 &&
           EVP_DecryptUpdate(c, NULL, &m, (const unsigned char *)about.p, (int)about.n) == 1 &&
           (!n || EVP_DecryptUpdate(c, out, &m, text, (int)n) == 1) &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, text + n) == 1 &&
           EVP_DecryptFinal_ex(c, rest, &m) == 1;
}

int secret_seal(struct buf *out, const unsigned char key[SEAL_KEY_BYTES], struct view about,
                struct view plain)
{
    struct sealed s = {.n = NONCE_BYTES + plain.n + TAG_BYTES};
    if (plain.n > SEAL_TEXT_MAX)
        return ERR_TOO_BIG;
    int rc = crypto_random(s.bytes, NONCE_BYTES);
    EVP_CIPHER_CTX *c = rc ? NULL : EVP_CIPHER_CTX_new();
    if (!rc && (!c || !gcm_close(c, key, about, plain, &s)))
        rc = ERR_NOMEM;
    EVP_CIPHER_CTX_free(c);
    if (!rc)
        rc = buf_str(out, SEAL_PREFIX);
    return rc ? rc : base64_encode(out, bytes_of(s.bytes, s.n));
}

bool secret_is_sealed(struct view text)
{
    return view_starts(text, SEAL_PREFIX);
}

static int read_sealed(struct view text, struct sealed *s)
{
    size_t skip = strlen(SEAL_PREFIX);
    struct buf raw;
    if (!secret_is_sealed(text))
        return ERR_SYNTAX;
    buf_init(&raw, sizeof s->bytes);
    int rc = base64_decode(&raw, (struct view){text.p + skip, text.n - skip});
    if (!rc && raw.n < NONCE_BYTES + TAG_BYTES)
        rc = ERR_SYNTAX;
    s->n = raw.n;
    if (!rc)
        memcpy(s->bytes, raw.p, raw.n);
    buf_fini(&raw);
    return rc;
}

int secret_open(struct buf *out, const unsigned char key[SEAL_KEY_BYTES], struct view about, struct view text)
{
    struct sealed s;
    unsigned char plain[SEAL_TEXT_MAX];
    int rc = read_sealed(text, &s);
    size_t n = rc ? 0 : s.n - NONCE_BYTES - TAG_BYTES;
    EVP_CIPHER_CTX *c = rc ? NULL : EVP_CIPHER_CTX_new();
    if (!rc && !c)
        rc = ERR_NOMEM;
    if (!rc && !gcm_open(c, key, about, &s, plain, n))
        rc = ERR_AUTH;
    if (!rc)
        rc = buf_put(out, plain, n);
    explicit_bzero(plain, sizeof plain);
    EVP_CIPHER_CTX_free(c);
    return rc;
}
