/* SPDX-License-Identifier: MIT
 * Who may push: bearer keys, Standard Webhooks signatures, secrets in the URL, source addresses; and the
 * memory of what was already taken. Pure.
 *
 * Every check does the same work whether the feed exists, how many keys it has and which of them fits.
 */
#ifndef PARKD_SRC_API_AUTH_H
#define PARKD_SRC_API_AUTH_H

#include "parkd/base/view.h"
#include "parkd/model/feed.h"

struct auth_request {
    struct view authorization, webhook_id, webhook_timestamp, webhook_signature; /* the headers */
    struct view url_secret; /* of the query; empty: none */
    struct view peer;       /* the address that the connection comes from */
    bool private;           /* nobody reads along: TLS, or from this very machine */
    struct view body;
    int64_t now_s;
    int64_t window_s; /* how far the timestamp may be off */
};

/* 0 when one of the feed's keys, secrets or addresses fits. ERR_AUTH with `why` otherwise, also for feed
 * NULL. ERR_REFUSED: a secret in the URL or an address fits, but over plain HTTP from elsewhere, which is
 * read and imitated easily, they need the feed's consent (allow_http). A feed without any of them passes when
 * its dialect checks signatures itself (all but native and generic; what has none refuses, see
 * dialect_ctx.unguarded). */
int auth_check(const struct feed *feed, const struct auth_request *r, struct why *why) must_check;

/* Messages (feed, webhook id, body) that were taken, for at least AUTH_KEEP_MS unless more than AUTH_KEEP_MAX
 * came meanwhile: a repeat is harmless, the store decides. The body counts, so that a sender that never
 * changes its id loses nothing. */
#define AUTH_KEEP_MS  ((int64_t)700 * 1000)
#define AUTH_KEEP_MAX 20000

struct auth_memory;
struct auth_message {
    unsigned char digest[16];
};
struct auth_memory *auth_memory_new(void);
void auth_memory_free(struct auth_memory *m);
int auth_message_of(const char *feed, struct view id, struct view body, struct auth_message *out) must_check;
bool auth_memory_has(struct auth_memory *m, const struct auth_message *msg, int64_t mono_ms);
/* Remembers; without memory it does not, which is harmless. */
void auth_memory_add(struct auth_memory *m, const struct auth_message *msg, int64_t mono_ms);

#endif
