/* SPDX-License-Identifier: MIT
 * OpenSSL 3 behind a few functions: digests, RSA as vendors use it, random bytes. Block ciphers and SM2 have
 * their own files, and so have Base64 and hexadecimal text. OpenSSL's error queue is emptied on the way out:
 * nobody else reads it.
 */
#include <limits.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our codes. */
#define ERR_STATE openssl_err_state
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#undef ERR_STATE

#include "base/crypto_key.h"

#define KEY_BITS_MIN 512
#define KEY_BITS_MAX 8192
#define PADDING      11 /* what PKCS#1 v1.5 takes from every block */

/* A private operation costs about half a millisecond and a public one some microseconds; both limits keep a
 * call below some tens of milliseconds whatever a stranger sends. */
#define PRIVATE_PIECES 64
#define PUBLIC_PIECES  2048

static const EVP_MD *method(enum digest alg)
{
    switch (alg) {
    case DIGEST_MD5:
        return EVP_md5();
    case DIGEST_SHA1:
        return EVP_sha1();
    case DIGEST_SHA256:
        return EVP_sha256();
    case DIGEST_SHA512:
        return EVP_sha512();
    case DIGEST_SM3:
        return EVP_sm3();
    }
    return NULL;
}

const unsigned char *crypto_bytes(struct view v)
{
    return (const unsigned char *)(v.n ? v.p : "");
}

int digest_of_name(struct view name, enum digest *out)
{
    static const char *const names[] = {"md5", "sha1", "sha256", "sha512", "sm3"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (view_is(name, names[i])) {
            *out = (enum digest)i;
            return 0;
        }
    return ERR_NOT_FOUND;
}

int crypto_digest(enum digest alg, struct view data, unsigned char out[DIGEST_MAX], size_t *n)
{
    unsigned int len = 0;
    const EVP_MD *md = method(alg);
    *n = 0;
    if (!md || !EVP_Digest(crypto_bytes(data), data.n, out, &len, md, NULL)) {
        ERR_clear_error();
        return ERR_INVALID;
    }
    *n = len;
    return 0;
}

int crypto_hmac(enum digest alg, struct view key, struct view data, unsigned char out[DIGEST_MAX], size_t *n)
{
    unsigned int len = 0;
    const EVP_MD *md = method(alg);
    *n = 0;
    if (key.n > INT_MAX)
        return ERR_TOO_BIG;
    if (!md || !HMAC(md, crypto_bytes(key), (int)key.n, crypto_bytes(data), data.n, out, &len)) {
        ERR_clear_error();
        return ERR_INVALID;
    }
    *n = len;
    return 0;
}

bool crypto_equal(struct view a, struct view b)
{
    return a.n == b.n && CRYPTO_memcmp(crypto_bytes(a), crypto_bytes(b), a.n) == 0;
}

int crypto_random(void *out, size_t n)
{
    if (n > INT_MAX || RAND_bytes(out, (int)n) != 1) {
        ERR_clear_error();
        return ERR_IO;
    }
    return 0;
}

static bool is_armour(struct view line)
{
    return view_starts(line, "-----");
}

/* `openssl ecparam -genkey` writes the curve's name as a block of its own before the key. */
static struct view after_parameters(struct view text)
{
    struct view rest = text, first = view_cut(&rest, '\n');
    if (!is_armour(first) || !memmem(first.p, first.n, "PARAMETERS", 10))
        return text;
    while (rest.p && !view_starts(view_cut(&rest, '\n'), "-----END "))
        continue;
    return view_trim(rest);
}

/* An encrypted key's header lines fail as Base64. */
int crypto_key_der(struct view text, struct buf *der)
{
    struct view rest = after_parameters(view_trim(text));
    struct buf body;
    if (rest.n == 0 || rest.n > KEY_TEXT_MAX)
        return ERR_INVALID;
    buf_init(&body, KEY_TEXT_MAX);
    bool pem = is_armour(rest), closed = !pem;
    if (pem)
        view_cut(&rest, '\n');
    while (rest.p) {
        struct view line = view_cut(&rest, '\n');
        if (is_armour(line)) {
            closed = pem && view_starts(line, "-----END ");
            break;
        }
        buf_view(&body, line);
    }
    int rc = !closed || body.err || base64_decode(der, buf_get(&body)) || der->n == 0 ? ERR_INVALID : 0;
    crypto_wipe(&body);
    return rc;
}

void crypto_wipe(struct buf *b)
{
    if (b->p)
        OPENSSL_cleanse(b->p, b->n);
    buf_fini(b);
}

int crypto_take_back(struct buf *out, size_t before, int rc)
{
    if (rc && !out->err && out->p) {
        OPENSSL_cleanse(out->p + before, out->n - before);
        out->n = before;
        out->p[before] = '\0';
    }
    return rc;
}

static EVP_PKEY *read_der(const struct buf *der, bool is_private)
{
    const unsigned char *p = (const unsigned char *)der->p;
    long n = (long)der->n;
    if (is_private)
        return d2i_AutoPrivateKey(NULL, &p, n); /* PKCS#8 and PKCS#1 */
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, n);
    if (key)
        return key;
    p = (const unsigned char *)der->p;
    return d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, n); /* PKCS#1 */
}

/* The key, or NULL when the text is no RSA key of a sane size. */
static EVP_PKEY *load_key(struct view text, bool is_private)
{
    struct buf der;
    EVP_PKEY *key = NULL;
    buf_init(&der, KEY_TEXT_MAX);
    if (crypto_key_der(text, &der) == 0)
        key = read_der(&der, is_private);
    crypto_wipe(&der);
    if (key && (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < KEY_BITS_MIN ||
                EVP_PKEY_get_bits(key) > KEY_BITS_MAX)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    ERR_clear_error();
    return key;
}

int rsa_sign(struct buf *out, enum digest alg, struct view private_key, struct view data)
{
    unsigned char sig[KEY_BITS_MAX / 8];
    size_t n = sizeof sig;
    EVP_PKEY *key = load_key(private_key, true);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = key && ctx && EVP_DigestSignInit(ctx, NULL, method(alg), NULL, key) == 1 &&
                EVP_DigestSign(ctx, sig, &n, crypto_bytes(data), data.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good ? buf_put(out, sig, n) : ERR_INVALID;
}

int rsa_verify(enum digest alg, struct view public_key, struct view data, struct view signature)
{
    EVP_PKEY *key = load_key(public_key, false);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int rc = ERR_INVALID;
    if (key && ctx && EVP_DigestVerifyInit(ctx, NULL, method(alg), NULL, key) == 1)
        rc = EVP_DigestVerify(ctx, crypto_bytes(signature), signature.n, crypto_bytes(data), data.n) == 1
                 ? 0
                 : ERR_AUTH;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return rc;
}

/* One of the four ways through a key, piece by piece. */
struct piecewise {
    bool is_private, opens; /* opens: from whole blocks back to text */
    int (*init)(EVP_PKEY_CTX *ctx);
    int (*run)(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *n, const unsigned char *in, size_t in_n);
    int failed; /* what a block that does not open means */
};

static int run_pieces(struct buf *out, EVP_PKEY_CTX *ctx, const struct piecewise *way, size_t piece,
                      struct view data)
{
    unsigned char block[KEY_BITS_MAX / 8];
    int rc = 0;
    for (size_t at = 0; at < data.n && !rc; at += piece) {
        size_t n = sizeof block, in = data.n - at < piece ? data.n - at : piece;
        rc =
            way->run(ctx, block, &n, crypto_bytes(data) + at, in) == 1 ? buf_put(out, block, n) : way->failed;
    }
    OPENSSL_cleanse(block, sizeof block);
    return rc;
}

static int with_key(struct buf *out, EVP_PKEY *key, const struct piecewise *way, struct view data)
{
    size_t block = (size_t)EVP_PKEY_get_size(key), piece = way->opens ? block : block - PADDING;
    if (way->opens && (data.n == 0 || data.n % block != 0))
        return ERR_SYNTAX;
    if (data.n > piece * (way->is_private ? PRIVATE_PIECES : PUBLIC_PIECES))
        return ERR_TOO_BIG;
    int rc = ERR_INVALID;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx && way->init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1)
        rc = run_pieces(out, ctx, way, piece, data);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* All pieces or nothing: what was appended before a failure is taken away again. */
static int rsa_pieces(struct buf *out, const struct piecewise *way, struct view key_text, struct view data)
{
    if (out->err)
        return out->err;
    EVP_PKEY *key = load_key(key_text, way->is_private);
    size_t before = out->n;
    int rc = key ? with_key(out, key, way, data) : ERR_INVALID;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return crypto_take_back(out, before, rc);
}

int rsa_private_encrypt(struct buf *out, struct view private_key, struct view data)
{
    /* Signing without a digest is the private-key operation with type 1 padding. */
    static const struct piecewise way = {true, false, EVP_PKEY_sign_init, EVP_PKEY_sign, ERR_INVALID};
    return rsa_pieces(out, &way, private_key, data);
}

int rsa_public_decrypt(struct buf *out, struct view public_key, struct view data)
{
    static const struct piecewise way = {false, true, EVP_PKEY_verify_recover_init, EVP_PKEY_verify_recover,
                                         ERR_AUTH};
    return rsa_pieces(out, &way, public_key, data);
}

int rsa_public_encrypt(struct buf *out, struct view public_key, struct view data)
{
    static const struct piecewise way = {false, false, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, ERR_INVALID};
    return rsa_pieces(out, &way, public_key, data);
}

int rsa_private_decrypt(struct buf *out, struct view private_key, struct view data)
{
    static const struct piecewise way = {true, true, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, ERR_AUTH};
    return rsa_pieces(out, &way, private_key, data);
}
