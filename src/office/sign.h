/* SPDX-License-Identifier: MIT
 * How people and programs show who they are: passwords, sessions, keys, one-time links. Private to
 * src/office.
 *
 * Tokens are random and only their SHA-256 is kept, so a copy of Redis lets nobody in. A session's CSRF token
 * is the HMAC of its id under the master key: it is stored nowhere. Wrong passwords cost more and more time,
 * per account and per address; an unknown account costs exactly what a known one does.
 */
#ifndef PARKD_SRC_OFFICE_SIGN_H
#define PARKD_SRC_OFFICE_SIGN_H

#include "office/office_impl.h"
#include "parkd/base/crypto.h"
#include "parkd/model/account.h"

#define SESSION_COOKIE   "parkd_session"
#define SESSION_IDLE_MS  ((int64_t)8 * 3600 * 1000)
#define SESSION_LONG_MS  ((int64_t)7 * 24 * 3600 * 1000)
#define SESSIONS_ACCOUNT 10 /* of one account at once; the oldest gives way */
#define INVITE_MS        ((int64_t)24 * 3600 * 1000)
#define SEEN_WRITE_MS    ((int64_t)600 * 1000) /* last use is written this seldom */

/* 64 hexadecimal digits. */
int sign_digest(struct view token, char out[65]) must_check;

/* --- lockout.c: pure --- */
#define LOCKOUT_FREE 5 /* wrong tries that cost nothing but the work */
struct lockout;
struct lockout *lockout_new(void);
void lockout_free(struct lockout *l);
/* Seconds to wait before the next try; 0: now. */
int lockout_wait_s(struct lockout *l, struct view name, int64_t mono_ms);
void lockout_failed(struct lockout *l, struct view name, int64_t mono_ms);
void lockout_forget(struct lockout *l, struct view name);

/* --- passwords.c: scrypt in the pool --- */
/* err: 0 good (hash: of a new password), ERR_AUTH, ERR_NOMEM. */
typedef void password_fn(void *ctx, int err, const char *hash);
/* stored: what to check against; empty: make the hash of a new one. ERR_BUSY when too many wait. `done`
 * later, exactly once, or never after the office has stopped. */
int password_work(struct office *o, struct view password, struct view stored, password_fn *done,
                  void *ctx) must_check;
/* What an unknown account is checked against. */
#define PASSWORD_OF_NOBODY                            \
    "scrypt:15:8:1:00000000000000000000000000000000:" \
    "0000000000000000000000000000000000000000000000000000000000000000"

/* --- sessions.c --- */
/* Makes a session of that account and answers the call with it and its cookie. */
void session_begin(struct call *c, const char *account);
/* The session of a cookie header, still good at `now`; NULL. */
const struct doc *session_find(struct office *o, struct view cookie_header, int64_t now_ms);
void session_seen(struct office *o, const struct doc *d, int64_t now_ms); /* written now and then */
int session_csrf(const struct office *o, const char *session, char out[49]) must_check;
/* Ends all of an account's, but for one (NULL: none is spared). */
void sessions_end(struct office *o, const char *account, const char *spared);

/* --- keys.c --- */
void keys_end(struct office *o, const char *account);                 /* removes all of an account's */
void key_used(struct office *o, const struct doc *d, int64_t now_ms); /* written now and then */

/* --- accounts.c --- */
/* The stored account; false: there is none, or it is switched off. */
bool account_of(const struct office *o, struct view id, struct account *out);

#endif
