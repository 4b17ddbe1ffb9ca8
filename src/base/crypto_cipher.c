/* SPDX-License-Identifier: MIT
 * AES and SM4 as the field uses them: ECB and CBC, with PKCS#7 padding or none, keys of any length that the
 * cipher knows. Neither mode tells whether the text was changed on its way: protocols sign beside it.
 */
#include <limits.h>

/* OpenSSL has a type of the name of one of our codes. */
#define ERR_STATE openssl_err_state
#include <openssl/err.h>
#include <openssl/evp.h>
#undef ERR_STATE

#include "base/crypto_key.h"

#define PIECE 4096 /* bytes a turn, a multiple of the block */

static const EVP_CIPHER *aes_of(enum cipher_mode mode, size_t key_n)
{
    switch (key_n) {
    case 16:
        return mode == CIPHER_ECB ? EVP_aes_128_ecb() : EVP_aes_128_cbc();
    case 24:
        return mode == CIPHER_ECB ? EVP_aes_192_ecb() : EVP_aes_192_cbc();
    case 32:
        return mode == CIPHER_ECB ? EVP_aes_256_ecb() : EVP_aes_256_cbc();
    default:
        return NULL;
    }
}

/* NULL: the key has no length that fits. */
static const EVP_CIPHER *cipher_of(const struct cipher_spec *s)
{
    if (s->alg == CIPHER_AES)
        return aes_of(s->mode, s->key.n);
    if (s->key.n != 16)
        return NULL;
    return s->mode == CIPHER_ECB ? EVP_sm4_ecb() : EVP_sm4_cbc();
}

static int run(struct buf *out, EVP_CIPHER_CTX *ctx, struct view in, int failed)
{
    unsigned char block[PIECE + CIPHER_BLOCK];
    int n = 0, rc = 0;
    for (size_t at = 0; at < in.n && !rc; at += PIECE) {
        int size = in.n - at < PIECE ? (int)(in.n - at) : PIECE;
        rc = EVP_CipherUpdate(ctx, block, &n, crypto_bytes(in) + at, size) == 1
                 ? buf_put(out, block, (size_t)n)
                 : failed;
    }
    if (!rc)
        rc = EVP_CipherFinal_ex(ctx, block, &n) == 1 ? buf_put(out, block, (size_t)n) : failed;
    OPENSSL_cleanse(block, sizeof block);
    return rc;
}

static int convert(struct buf *out, const struct cipher_spec *s, struct view in, bool encrypts)
{
    static const unsigned char zeros[CIPHER_BLOCK];
    const EVP_CIPHER *cipher = cipher_of(s);
    bool iv_fits = s->iv.n == 0 || (s->mode == CIPHER_CBC && s->iv.n == CIPHER_BLOCK);
    if (!cipher || !iv_fits)
        return ERR_INVALID;
    if ((!encrypts || s->unpadded) && in.n % CIPHER_BLOCK != 0)
        return ERR_SYNTAX;
    if (!encrypts && !s->unpadded && in.n == 0)
        return ERR_SYNTAX;
    int rc = ERR_NOMEM;
    size_t before = out->n;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const unsigned char *iv = s->iv.n ? crypto_bytes(s->iv) : zeros;
    if (ctx && EVP_CipherInit_ex(ctx, cipher, NULL, crypto_bytes(s->key), iv, encrypts) == 1 &&
        EVP_CIPHER_CTX_set_padding(ctx, !s->unpadded) == 1)
        rc = run(out, ctx, in, encrypts ? ERR_INVALID : ERR_AUTH);
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return crypto_take_back(out, before, rc);
}

int cipher_encrypt(struct buf *out, const struct cipher_spec *spec, struct view plain)
{
    return out->err ? out->err : convert(out, spec, plain, true);
}

int cipher_decrypt(struct buf *out, const struct cipher_spec *spec, struct view data)
{
    return out->err ? out->err : convert(out, spec, data, false);
}
