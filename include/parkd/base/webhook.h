/* SPDX-License-Identifier: MIT
 * Standard Webhooks 1.0.0 signatures (symmetric, v1): HMAC-SHA256 over "id.timestamp.body". Pure.
 *
 * A secret is "whsec_" + Base64 of 24…64 bytes, or that Base64 alone.
 */
#ifndef PARKD_BASE_WEBHOOK_H
#define PARKD_BASE_WEBHOOK_H

#include "parkd/base/buf.h"

#define WEBHOOK_WINDOW_S 300
#define WEBHOOK_SIG_SIZE 64 /* "v1," + 44 characters + NUL fits */

struct webhook_message {
    struct view id; /* no '.', 1…128 bytes */
    int64_t timestamp_s;
    struct view body;
};

/* ERR_INVALID with `why` when the secret has not the form or length. */
int webhook_check_secret(struct view secret, struct why *why) must_check;
/* Writes "v1,<base64>". ERR_INVALID. */
int webhook_sign(struct view secret, const struct webhook_message *m, char sig[WEBHOOK_SIG_SIZE]) must_check;
/* `signatures` is the header: blank-separated entries, any v1 may match. ERR_AUTH: none does, or the
 * timestamp is more than WEBHOOK_WINDOW_S from now; ERR_INVALID: header or secret malformed. Constant time
 * per entry. */
int webhook_verify(struct view secret, const struct webhook_message *m, struct view signatures,
                   int64_t now_s) must_check;

#endif
