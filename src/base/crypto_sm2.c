/* SPDX-License-Identifier: MIT
 * SM2 on the recommended curve: signatures with SM3, and encryption. OpenSSL speaks DER only; vendors as
 * often want the bare numbers, and hand keys out as the hexadecimal digits of a number or a point.
 */
#include <limits.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our codes. */
#define ERR_STATE openssl_err_state
#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#undef ERR_STATE

#include "base/crypto_key.h"

#define NUMBER       32               /* bytes of a number on this curve */
#define POINT        (1 + 2 * NUMBER) /* 04 x y */
#define HASH         32               /* C3 */
#define DER_MAX      160              /* bytes that DER adds to the numbers, generously */
#define CIPHER_MAX   (SM2_TEXT_MAX + POINT + HASH + DER_MAX)
#define UNCOMPRESSED 4

/* ---- keys */

static EVP_PKEY *key_of_params(OSSL_PARAM *params, bool is_private)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, selection, params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* A key from a point, and the number behind it where it is known. */
static EVP_PKEY *key_of_point(const unsigned char *point, size_t n, const BIGNUM *number)
{
    OSSL_PARAM *params = NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, n) &&
        (!number || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, number)))
        params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY *key = key_of_params(params, number != NULL);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

/* The public point belongs to the key: a signature covers it. From 1 to the group's order − 2, says the
 * standard. */
static bool point_of_number(const BIGNUM *number, unsigned char point[POINT])
{
    bool good = false;
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    EC_POINT *at = group ? EC_POINT_new(group) : NULL;
    BIGNUM *last = group ? BN_dup(EC_GROUP_get0_order(group)) : NULL;
    if (at && last && BN_sub_word(last, 2) && !BN_is_zero(number) && BN_cmp(number, last) <= 0)
        good = EC_POINT_mul(group, at, number, NULL, NULL, NULL) == 1 &&
               EC_POINT_point2oct(group, at, POINT_CONVERSION_UNCOMPRESSED, point, POINT, NULL) == POINT;
    BN_free(last);
    EC_POINT_free(at);
    EC_GROUP_free(group);
    return good;
}

static EVP_PKEY *key_of_number(const BIGNUM *number)
{
    unsigned char point[POINT];
    return number && point_of_number(number, point) ? key_of_point(point, sizeof point, number) : NULL;
}

static EVP_PKEY *key_of_raw(const struct buf *bytes, bool is_private)
{
    unsigned char point[POINT] = {UNCOMPRESSED};
    if (is_private) {
        BIGNUM *number = BN_bin2bn((const unsigned char *)bytes->p, NUMBER, NULL);
        EVP_PKEY *key = key_of_number(number);
        BN_clear_free(number);
        return key;
    }
    if (bytes->n == POINT && bytes->p[0] != UNCOMPRESSED)
        return NULL; /* OpenSSL takes X9.62's hybrid form too */
    if (bytes->n != 2 * NUMBER)
        return key_of_point((const unsigned char *)bytes->p, bytes->n, NULL);
    memcpy(point + 1, bytes->p, 2 * NUMBER);
    return key_of_point(point, sizeof point, NULL);
}

/* Raw keys are hexadecimal digits alone. A key in DER has other lengths, and starts with "MF" or "MH" or
 * "MI". */
static bool is_raw(struct view text, bool is_private)
{
    size_t n = text.n / 2;
    bool fits = is_private ? n == NUMBER : n == POINT || n == 2 * NUMBER || n == 1 + NUMBER;
    for (size_t i = 0; i < text.n && fits; i++)
        fits = hex_digit(text.p[i]) >= 0;
    return fits && text.n % 2 == 0;
}

/* A private key made anew from its number alone: OpenSSL checks neither the number (with one of them it signs
 * for ever) nor whether the point beside it belongs to it. */
static EVP_PKEY *checked(EVP_PKEY *key)
{
    BIGNUM *number = NULL;
    (void)EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number);
    EVP_PKEY_free(key);
    key = key_of_number(number);
    BN_clear_free(number);
    return key;
}

static EVP_PKEY *read_der(const struct buf *der, bool is_private)
{
    const unsigned char *p = (const unsigned char *)der->p;
    EVP_PKEY *key =
        is_private ? d2i_AutoPrivateKey(NULL, &p, (long)der->n) : d2i_PUBKEY(NULL, &p, (long)der->n);
    if (key && EVP_PKEY_is_a(key, "SM2"))
        return is_private ? checked(key) : key;
    EVP_PKEY_free(key);
    return NULL;
}

/* NULL: the text is no SM2 key. */
static EVP_PKEY *load_key(struct view text, bool is_private)
{
    struct buf bytes;
    EVP_PKEY *key = NULL;
    text = view_trim(text);
    buf_init(&bytes, KEY_TEXT_MAX);
    if (is_raw(text, is_private))
        key = hex_decode(&bytes, text) ? NULL : key_of_raw(&bytes, is_private);
    else if (crypto_key_der(text, &bytes) == 0)
        key = read_der(&bytes, is_private);
    crypto_wipe(&bytes);
    ERR_clear_error();
    return key;
}

/* ---- signatures */

/* A context that signs or verifies with this user id; *pkey_ctx is freed by the caller after it. */
static EVP_MD_CTX *signing(EVP_PKEY *key, struct view user_id, EVP_PKEY_CTX **pkey_ctx)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *pkey_ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    if (ctx && *pkey_ctx && user_id.n <= INT_MAX / 16 &&
        EVP_PKEY_CTX_set1_id(*pkey_ctx, crypto_bytes(user_id), (int)user_id.n) == 1) {
        EVP_MD_CTX_set_pkey_ctx(ctx, *pkey_ctx);
        return ctx;
    }
    EVP_MD_CTX_free(ctx);
    return NULL;
}

static int put_signature(struct buf *out, enum sm2_form form, const unsigned char *der, size_t n)
{
    unsigned char raw[2 * NUMBER];
    if (form == SM2_DER)
        return buf_put(out, der, n);
    const unsigned char *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, NUMBER) == NUMBER &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + NUMBER, NUMBER) == NUMBER;
    ECDSA_SIG_free(sig);
    return good ? buf_put(out, raw, sizeof raw) : ERR_INVALID;
}

int sm2_sign(struct buf *out, struct view private_key, struct view user_id, enum sm2_form form,
             struct view data)
{
    unsigned char sig[DER_MAX];
    size_t n = sizeof sig;
    EVP_PKEY_CTX *pkey_ctx = NULL;
    EVP_PKEY *key = load_key(private_key, true);
    EVP_MD_CTX *ctx = signing(key, user_id, &pkey_ctx);
    bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sm3(), NULL, key) == 1 &&
                EVP_DigestSign(ctx, sig, &n, crypto_bytes(data), data.n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_CTX_free(pkey_ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good ? put_signature(out, form, sig, n) : ERR_INVALID;
}

/* The signature as DER in `out`; 0 if it has not the length of its form. */
static size_t signature_der(const struct sm2_signed *what, unsigned char out[DER_MAX])
{
    struct view sig = what->signature;
    if (what->form == SM2_DER) {
        if (sig.n == 0 || sig.n > DER_MAX)
            return 0;
        memcpy(out, sig.p, sig.n);
        return sig.n;
    }
    if (sig.n != 2 * NUMBER)
        return 0;
    int n = 0;
    ECDSA_SIG *both = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(crypto_bytes(sig), NUMBER, NULL),
           *s = BN_bin2bn(crypto_bytes(sig) + NUMBER, NUMBER, NULL);
    if (both && r && s && ECDSA_SIG_set0(both, r, s) == 1) {
        r = s = NULL; /* both owns them */
        n = i2d_ECDSA_SIG(both, &out);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(both);
    return n > 0 ? (size_t)n : 0;
}

int sm2_verify(struct view public_key, const struct sm2_signed *what)
{
    int rc = ERR_INVALID;
    unsigned char der[DER_MAX];
    EVP_PKEY_CTX *pkey_ctx = NULL;
    EVP_PKEY *key = load_key(public_key, false);
    EVP_MD_CTX *ctx = signing(key, what->user_id, &pkey_ctx);
    size_t n = signature_der(what, der);
    if (ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sm3(), NULL, key) == 1)
        rc = n && EVP_DigestVerify(ctx, der, n, crypto_bytes(what->data), what->data.n) == 1 ? 0 : ERR_AUTH;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_CTX_free(pkey_ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return rc;
}

/* ---- encryption */

/* GB/T 35276's cipher text. OpenSSL's macros name things after the type: hence a typedef. */
typedef struct {
    ASN1_INTEGER *x, *y;
    ASN1_OCTET_STRING *c3, *c2;
} CIPHER_TEXT;
ASN1_SEQUENCE(CIPHER_TEXT) =
    {
        ASN1_SIMPLE(CIPHER_TEXT, x, ASN1_INTEGER),
        ASN1_SIMPLE(CIPHER_TEXT, y, ASN1_INTEGER),
        ASN1_SIMPLE(CIPHER_TEXT, c3, ASN1_OCTET_STRING),
        ASN1_SIMPLE(CIPHER_TEXT, c2, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(CIPHER_TEXT)

        static void free_text(CIPHER_TEXT * t)
{
    ASN1_item_free((ASN1_VALUE *)t, ASN1_ITEM_rptr(CIPHER_TEXT));
}

static bool read_number(ASN1_INTEGER *to, const unsigned char *p)
{
    BIGNUM *n = BN_bin2bn(p, NUMBER, NULL);
    bool good = n && BN_to_ASN1_INTEGER(n, to);
    BN_free(n);
    return good;
}

static bool write_number(const ASN1_INTEGER *from, unsigned char *p)
{
    BIGNUM *n = ASN1_INTEGER_to_BN(from, NULL);
    bool good = n && !BN_is_negative(n) && BN_bn2binpad(n, p, NUMBER) == NUMBER;
    BN_free(n);
    return good;
}

/* NULL when the bytes are not of this form. */
static CIPHER_TEXT *read_raw(struct view data)
{
    const unsigned char *p = crypto_bytes(data);
    if (data.n <= POINT + HASH || p[0] != UNCOMPRESSED)
        return NULL;
    CIPHER_TEXT *t = (CIPHER_TEXT *)ASN1_item_new(ASN1_ITEM_rptr(CIPHER_TEXT));
    if (t && read_number(t->x, p + 1) && read_number(t->y, p + 1 + NUMBER) &&
        ASN1_OCTET_STRING_set(t->c3, p + POINT, HASH) == 1 &&
        ASN1_OCTET_STRING_set(t->c2, p + POINT + HASH, (int)(data.n - POINT - HASH)) == 1)
        return t;
    free_text(t);
    return NULL;
}

static CIPHER_TEXT *read_text_der(struct view data)
{
    const unsigned char *p = crypto_bytes(data), *end = p + data.n;
    CIPHER_TEXT *t = (CIPHER_TEXT *)ASN1_item_d2i(NULL, &p, (long)data.n, ASN1_ITEM_rptr(CIPHER_TEXT));
    if (t && p == end && ASN1_STRING_length(t->c3) == HASH && ASN1_STRING_length(t->c2) > 0)
        return t;
    free_text(t);
    return NULL;
}

static int put_raw(struct buf *out, const CIPHER_TEXT *t)
{
    unsigned char point[POINT] = {UNCOMPRESSED};
    if (!write_number(t->x, point + 1) || !write_number(t->y, point + 1 + NUMBER))
        return ERR_INVALID;
    buf_put(out, point, sizeof point);
    buf_put(out, ASN1_STRING_get0_data(t->c3), (size_t)ASN1_STRING_length(t->c3));
    return buf_put(out, ASN1_STRING_get0_data(t->c2), (size_t)ASN1_STRING_length(t->c2));
}

typedef int key_init_fn(EVP_PKEY_CTX *ctx);
typedef int key_run_fn(EVP_PKEY_CTX *ctx, unsigned char *out, size_t *n, const unsigned char *in,
                       size_t in_n);

/* One of the two ways through a key. */
static int through(EVP_PKEY *key, key_init_fn *init, key_run_fn *run, struct view in, struct buf *out)
{
    size_t n = 0, room = 0;
    int rc = ERR_AUTH;
    unsigned char *p = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx && init(ctx) == 1 && run(ctx, NULL, &n, crypto_bytes(in), in.n) == 1 && n <= CIPHER_MAX)
        p = OPENSSL_malloc(room = n + 1);
    if (p && run(ctx, p, &n, crypto_bytes(in), in.n) == 1)
        rc = buf_put(out, p, n);
    OPENSSL_clear_free(p, room);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

static int put_text(struct buf *out, enum sm2_form form, struct view der)
{
    if (form == SM2_DER)
        return buf_view(out, der);
    CIPHER_TEXT *t = read_text_der(der);
    int rc = t ? put_raw(out, t) : ERR_INVALID;
    free_text(t);
    return rc;
}

int sm2_encrypt(struct buf *out, struct view public_key, enum sm2_form form, struct view plain)
{
    struct buf der;
    if (plain.n == 0 || plain.n > SM2_TEXT_MAX)
        return plain.n ? ERR_TOO_BIG : ERR_INVALID;
    size_t before = out->n;
    buf_init(&der, CIPHER_MAX);
    EVP_PKEY *key = load_key(public_key, false);
    int rc = key ? through(key, EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, plain, &der) : ERR_INVALID;
    if (!rc)
        rc = put_text(out, form, buf_get(&der));
    buf_fini(&der);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return crypto_take_back(out, before, rc);
}

/* Always written anew, so that nothing but these four values reaches the key. */
static int text_der(struct buf *der, enum sm2_form form, struct view data)
{
    unsigned char *p = NULL;
    CIPHER_TEXT *t = form == SM2_RAW ? read_raw(data) : read_text_der(data);
    int n = t ? ASN1_item_i2d((const ASN1_VALUE *)t, &p, ASN1_ITEM_rptr(CIPHER_TEXT)) : 0;
    int rc = n > 0 ? buf_put(der, p, (size_t)n) : ERR_SYNTAX;
    OPENSSL_free(p);
    free_text(t);
    return rc;
}

int sm2_decrypt(struct buf *out, struct view private_key, enum sm2_form form, struct view data)
{
    struct buf der;
    if (data.n > CIPHER_MAX)
        return ERR_TOO_BIG;
    size_t before = out->n;
    buf_init(&der, CIPHER_MAX + DER_MAX);
    EVP_PKEY *key = load_key(private_key, true);
    int rc = key ? text_der(&der, form, data) : ERR_INVALID;
    if (!rc)
        rc = through(key, EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, buf_get(&der), out);
    buf_fini(&der);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return crypto_take_back(out, before, rc);
}
