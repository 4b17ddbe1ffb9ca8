/* SPDX-License-Identifier: MIT
 * Which texts of a registration are secret, and a rewriting that treats them. Pure.
 *
 * Secret are, in feeds: /auth/webhook_secrets, what /access and /mqtt keep secret, and the parameters that
 * the dialect declares so (all of them where that is not known); in sinks /secret, /bearer and such
 * parameters; in channels /secret and /url, because a robot's address is its key. A member that is new in
 * /access or /auth is secret until somebody says otherwise.
 */
#ifndef PARKD_MODEL_SECRETS_H
#define PARKD_MODEL_SECRETS_H

#include "parkd/base/json_write.h"
#include "parkd/model/words.h"

#define SECRETS_MASK "***"

struct json;

struct secrets_rule {
    void *ctx;
    /* Writes what stands in the secret's place as the next value. */
    void (*text)(void *ctx, struct json_writer *w, struct view secret);
    bool count; /* lists of digests as their number */
};
/* The registration again, as the next value of w, each secret by the rule. `params` is what the dialect
 * declares ({"name":"type"}); empty: not known. A text that is no JSON becomes null. */
void secrets_rewrite(struct json_writer *w, enum noun noun, struct view text, struct view params,
                     const struct secrets_rule *rule);

/* Each secret as "***", lists of digests as their number: for people. */
void secrets_mask(struct json_writer *w, enum noun noun, struct view text, struct view params);
/* What people sent back: a mask stands for what `held` has in its place (NULL: nothing), a number of digests
 * for the list. ERR_INVALID with `why` where nothing was held. */
int secrets_unmask(struct buf *out, const struct json *doc, const struct json *held,
                   struct why *why) must_check;

/* Every secret sealed under the key, for this very document; ERR_TOO_BIG when one is too long, ERR_NOMEM.
 * What is sealed already stays. */
int secrets_seal(struct buf *out, const unsigned char key[32], enum noun noun, struct view id,
                 struct view text, struct view params) must_check;
/* The inverse: whatever is sealed is opened. ERR_AUTH: something does not open with this key; it stands in
 * `out` as it was. */
int secrets_open(struct buf *out, const unsigned char key[32], enum noun noun, struct view id,
                 struct view text) must_check;

/* The dialect's name in a stored feed or sink, copied; empty if there is none. */
void registration_dialect(struct view text, char *dst, size_t size);

/* A name of the key that says nothing of it, for "was this sealed by that key?": 16 hexadecimal digits. */
#define SECRETS_MARK_SIZE 17
int secrets_key_mark(const unsigned char key[32], char out[SECRETS_MARK_SIZE]) must_check;

#endif
