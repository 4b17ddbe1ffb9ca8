/* SPDX-License-Identifier: MIT
 * How parkd shows itself to vendors: what of a feed's `access` goes into a request, and the token of OAuth 2
 * (client credentials, RFC 6749 section 4.4), one a feed. Pure: the poller asks for tokens.
 *
 * What is secret goes to the registered host only: an answer may lead a poll to another one. It never stands
 * in an error's words.
 */
#ifndef PARKD_SRC_FEED_ACCESS_H
#define PARKD_SRC_FEED_ACCESS_H

#include "parkd/dialect/dialect.h"
#include "parkd/model/feed.h"
#include "parkd/net/fetch.h"

#define ACCESS_MAX_HEADERS 3
#define ACCESS_URL_SIZE    4096

/* The token that is in use; NULL: none. */
struct access_token {
    char *text;
    int64_t until_ms; /* monotonic: when a new one is asked for */
};
void access_token_clear(struct access_token *t);
bool access_token_good(const struct access_token *t, int64_t now_ms);

/* What a request carries besides what the dialect said, or the whole request for a token. */
struct access_extra {
    char url[ACCESS_URL_SIZE];
    struct fetch_header headers[ACCESS_MAX_HEADERS];
    size_t n_headers;
    struct buf authorization, form;
};
void access_extra_init(struct access_extra *x);
void access_extra_fini(struct access_extra *x);

/* Does `access` count for a request to this URL? */
bool access_applies(const struct feed *f, struct view url);
/* Fills `out` (initialised). A header or parameter of the dialect's own wins over one of the same name. */
int access_add(const struct feed *f, const struct access_token *t, const struct dialect_request *req,
               struct access_extra *out, struct why *why) must_check;
/* Fills `out` (initialised): POST out->form. */
int access_ask_token(const struct feed_access *a, struct access_extra *out, struct why *why) must_check;
/* The whole requests, for the fetcher; their views point into `req`, `x` (initialised) and `h`. */
struct access_headers {
    struct fetch_header v[DIALECT_MAX_HEADERS + ACCESS_MAX_HEADERS + 2];
    size_t n; /* those that stand there already */
};
int access_request(const struct feed *f, const struct access_token *t, const struct dialect_request *req,
                   struct access_extra *x, struct access_headers *h, struct fetch_request *out,
                   struct why *why) must_check;
int access_token_request(const struct feed *f, struct access_extra *x, struct fetch_request *out,
                         struct why *why) must_check;
struct fetch_tls access_tls(const struct feed *f);
/* Reads the answer to that. `asked_ms`: when it was asked, from where the token's life counts. */
int access_take_token(struct access_token *t, const struct fetch_result *res, int64_t asked_ms,
                      struct why *why) must_check;

/* Can the access of a feed work: may the token's URL be asked, does no parameter of the dialect say the same?
 */
int access_check(const struct feed *f, struct why *why) must_check;

#endif
