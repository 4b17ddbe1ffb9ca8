/* SPDX-License-Identifier: MIT
 * OpenSSL behind a few functions. The only files that include OpenSSL are crypto*.c. Pure but for random
 * bytes.
 *
 * Outputs go into a buf of the caller; a failure leaves a code, never half an answer. Keys are PEM (PKCS#8,
 * SPKI, PKCS#1 or SEC 1) or the Base64 of their DER without armour, as vendors hand them out.
 */
#ifndef PARKD_BASE_CRYPTO_H
#define PARKD_BASE_CRYPTO_H

#include "parkd/base/buf.h"

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512, DIGEST_SM3 };
#define DIGEST_MAX 64

/* "md5", "sha1", "sha256", "sha512", "sm3". ERR_NOT_FOUND. */
int digest_of_name(struct view name, enum digest *out) must_check;
/* Writes the raw digest; *n its length (16…64). */
int crypto_digest(enum digest alg, struct view data, unsigned char out[DIGEST_MAX], size_t *n) must_check;
int crypto_hmac(enum digest alg, struct view key, struct view data, unsigned char out[DIGEST_MAX],
                size_t *n) must_check;
/* Constant time for equal lengths; false for different ones. */
bool crypto_equal(struct view a, struct view b);
/* Fills `out` from the system's generator. ERR_IO. */
int crypto_random(void *out, size_t n) must_check;

int base64_encode(struct buf *out, struct view bytes) must_check;
/* Standard alphabet with or without padding, blanks and line ends skipped. ERR_SYNTAX. */
int base64_decode(struct buf *out, struct view text) must_check;
int hex_encode(struct buf *out, struct view bytes) must_check; /* lower case */
int hex_decode(struct buf *out, struct view text) must_check;  /* either case */

/* RSA PKCS#1 v1.5 signature with the digest. ERR_INVALID: not a usable key. */
int rsa_sign(struct buf *out, enum digest alg, struct view private_key, struct view data) must_check;
/* 0: good; ERR_AUTH: not signed by that key; ERR_INVALID: not a usable key. */
int rsa_verify(enum digest alg, struct view public_key, struct view data, struct view signature) must_check;
/* Text in pieces of key size − 11 bytes, each encrypted with the private key (PKCS#1 v1.5 type 1), as
 * Hangzhou's platform asks. The inverse uses the public key. */
int rsa_private_encrypt(struct buf *out, struct view private_key, struct view data) must_check;
int rsa_public_decrypt(struct buf *out, struct view public_key, struct view data) must_check;
/* The same with the public key (type 2), as Qingdao's does; the inverse uses the private key.
 * For all four: ERR_INVALID: not a usable key; ERR_SYNTAX: no whole blocks; ERR_AUTH: a block does not open
 * with that key; ERR_TOO_BIG: more than 64 pieces with a private key or 2048 with a public one. */
int rsa_public_encrypt(struct buf *out, struct view public_key, struct view data) must_check;
int rsa_private_decrypt(struct buf *out, struct view private_key, struct view data) must_check;

enum cipher { CIPHER_AES, CIPHER_SM4 };
enum cipher_mode { CIPHER_ECB, CIPHER_CBC };
#define CIPHER_BLOCK 16
struct cipher_spec {
    enum cipher alg;
    enum cipher_mode mode;
    bool unpadded;   /* whole blocks only; else PKCS#7 */
    struct view key; /* AES: 16, 24 or 32 bytes; SM4: 16 */
    struct view iv;  /* CBC: 16 bytes, or empty for zeros, as the field does it; ECB: empty */
};
/* ERR_INVALID: a key or iv of the wrong length; ERR_SYNTAX: no whole blocks. */
int cipher_encrypt(struct buf *out, const struct cipher_spec *spec, struct view plain) must_check;
/* Also ERR_AUTH: the padding is wrong, so probably the key. Nothing else proves that the text is what was
 * encrypted. */
int cipher_decrypt(struct buf *out, const struct cipher_spec *spec, struct view data) must_check;

/* SM2 on the recommended curve (GB/T 32918). Keys as above, or raw in hexadecimal: 32 bytes private; public a
 * point of 65 bytes (04 x y), 64 (x y) or 33 (compressed).
 * Forms: DER is a SEQUENCE of r, s, or of x, y, C3, C2; raw is r s of 32 bytes each, or C1 C3 C2 with C1 = 04
 * x y. */
enum sm2_form { SM2_DER, SM2_RAW };
#define SM2_USER_ID  "1234567812345678" /* the user id where nobody says another */
#define SM2_TEXT_MAX (64 * 1024)        /* what may be encrypted at once */
/* Signature with SM3 over the user id's hash and the data. ERR_INVALID: not a usable key. */
int sm2_sign(struct buf *out, struct view private_key, struct view user_id, enum sm2_form form,
             struct view data) must_check;
struct sm2_signed {
    struct view user_id, data, signature;
    enum sm2_form form;
};
/* 0: good; ERR_AUTH: not signed by that key, or no signature of this form; ERR_INVALID: not a usable key. */
int sm2_verify(struct view public_key, const struct sm2_signed *what) must_check;
/* ERR_INVALID: not a usable key, or nothing to encrypt; ERR_TOO_BIG. */
int sm2_encrypt(struct buf *out, struct view public_key, enum sm2_form form, struct view plain) must_check;
/* ERR_SYNTAX: not of this form; ERR_AUTH: does not open with that key; ERR_INVALID, ERR_TOO_BIG. */
int sm2_decrypt(struct buf *out, struct view private_key, enum sm2_form form, struct view data) must_check;

/* Passwords by scrypt (RFC 7914) with a salt of their own: "scrypt:<log2 N>:<r>:<p>:<salt>:<hash>". Takes
 * about 100 ms and 32 MiB, so not on the loop. */
#define PASSWORD_HASH_SIZE 128
int password_hash(struct view password, char out[PASSWORD_HASH_SIZE]) must_check;
/* 0; ERR_AUTH: another password; ERR_SYNTAX: not a text of password_hash. */
int password_check(struct view password, struct view stored) must_check;

/* Texts sealed with AES-256-GCM: "sealed:1:<Base64 of nonce, text and tag>". `about` names what the text
 * belongs to, so that a sealed text does not open in another's place. */
#define SEAL_KEY_BYTES 32
#define SEAL_TEXT_MAX  32768
int secret_seal(struct buf *out, const unsigned char key[SEAL_KEY_BYTES], struct view about,
                struct view plain) must_check;
bool secret_is_sealed(struct view text);
/* ERR_SYNTAX: not sealed; ERR_AUTH: another key or another place, or it was changed. */
int secret_open(struct buf *out, const unsigned char key[SEAL_KEY_BYTES], struct view about,
                struct view text) must_check;

#endif
