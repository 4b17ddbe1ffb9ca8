/* SPDX-License-Identifier: MIT
 * OpenSSL behind a few functions. The only file that includes OpenSSL is crypto.c. Pure but for random bytes.
 *
 * Outputs go into a buf of the caller; a failure leaves why a code, never half an answer. Keys are PEM
 * (PKCS#8, SPKI or PKCS#1) or the Base64 of their DER without armour, as vendors hand them out.
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

#endif
