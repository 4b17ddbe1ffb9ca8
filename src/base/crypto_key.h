/* SPDX-License-Identifier: MIT
 * What the files around OpenSSL share: keys as text, bytes that are wiped. Without OpenSSL's own types.
 */
#ifndef PARKD_SRC_BASE_CRYPTO_KEY_H
#define PARKD_SRC_BASE_CRYPTO_KEY_H

#include "parkd/base/crypto.h"

#define KEY_TEXT_MAX (16 * 1024)

/* Bytes for OpenSSL, which takes a NULL pointer for "none given". */
const unsigned char *crypto_bytes(struct view v);
/* The DER inside PEM armour, or inside bare Base64. `der` is the caller's, to be wiped. ERR_INVALID. */
int crypto_key_der(struct view text, struct buf *der) must_check;
/* buf_fini, with the bytes overwritten first. */
void crypto_wipe(struct buf *b);
/* Returns rc; if it is a failure, what was appended since `before` is wiped and taken away: all or nothing.
 */
int crypto_take_back(struct buf *out, size_t before, int rc);

#endif
