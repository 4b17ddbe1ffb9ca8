/* SPDX-License-Identifier: MIT
 * Accounts and keys as documents: what they must hold, and what is shown of them. Pure.
 *
 * account
 * {"id","role":"viewer|officer|admin|operator|sink","name","contact":{"person","phone","email"},"sink","enabled","notes"}
 * and what only parkd writes: "password" (scrypt), "password_ms", "invite" (SHA-256 of a one-time token),
 * "invite_until_ms". key {"id","account","label","sha256","created_ms","expires_ms","revoked_ms","used_ms"}:
 * a bearer key pk_<id>_<secret>, of which only the digest is kept. At most KEYS_ACTIVE_MAX of an account are
 * active at once, so that two overlap while they are exchanged.
 */
#ifndef PARKD_MODEL_ACCOUNT_H
#define PARKD_MODEL_ACCOUNT_H

#include "parkd/base/json_write.h"
#include "parkd/model/principal.h"

#define KEYS_ACTIVE_MAX   3
#define KEY_ID_CHARS      10
#define KEY_SECRET_CHARS  32
#define PASSWORD_MIN      10
#define PASSWORD_MAX      256
#define ACCOUNT_NAME_SIZE 96

struct json;

struct account {
    char id[ACCOUNT_ID_SIZE], sink[33], name[ACCOUNT_NAME_SIZE];
    enum role role;
    bool enabled;
    struct view password, invite; /* views into the document; empty: none */
    int64_t password_ms, invite_until_ms;
};
/* What staff put: the members above without parkd's own. ERR_* with `why`. */
int account_check(const struct json *doc, struct view id, struct why *why) must_check;
/* A stored document. false: not one that parkd wrote. */
bool account_read(const struct json *doc, struct account *out);
/* The document again with staff's members from `put` (or as they are, NULL) and parkd's own from `own`. */
void account_write(struct json_writer *w, const struct json *put, const struct account *own);
/* What is shown: no password, whether there is one, whether an invitation is open. Inside an open object. */
void account_show(struct json_writer *w, const struct json *doc, int64_t now_ms);

struct key_doc {
    char id[33], account[ACCOUNT_ID_SIZE], label[ACCOUNT_NAME_SIZE];
    unsigned char sha256[32];
    int64_t created_ms, expires_ms, revoked_ms, used_ms; /* 0: never */
};
bool key_read(const struct json *doc, struct key_doc *out);
void key_write(struct json_writer *w, const struct key_doc *k);
void key_show(struct json_writer *w, const struct key_doc *k, int64_t now_ms);
bool key_is_active(const struct key_doc *k, int64_t now_ms);

/* "<prefix>_<id>_<secret>" taken apart; false for anything else. The id has no underscore. */
bool token_split(struct view token, const char *prefix, struct view *id, struct view *secret);

/* ERR_INVALID with `why` for a password that is too short, too long, or the account's own name. */
int password_allowed(struct view password, struct view account, struct why *why) must_check;

#endif
