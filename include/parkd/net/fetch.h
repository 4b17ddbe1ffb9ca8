/* SPDX-License-Identifier: MIT
 * HTTP requests to strangers and platforms: libcurl's multi interface on the loop.
 *
 * A fetcher holds one curl multi handle and one set of limits; feeds and sinks have one each, so that slow
 * lots cannot use up the platform's connections. Names are resolved by uv_getaddrinfo first (cache 60 s, at
 * most 8 at once), filtered, and pinned with CURLOPT_RESOLVE; the socket callback filters again. No
 * redirects, no environment proxy, no cookies. At most `max_active` transfers and `max_per_host` a host run;
 * the rest wait here, and waiting does not count against the timeout. Addresses older than 60 s are asked
 * again, but serve up to an hour while the resolver does not answer.
 *
 * gzip is unfolded and any other coding refused. libcurl does not notice a gzip stream that breaks off inside
 * a well-framed answer: who reads the body must notice that it is not whole.
 *
 * Contract: on_done runs exactly once, later, never inside fetch_start; after fetch_cancel it does not run.
 * The result and its views are valid during the callback only. fetcher_free cancels what is left without
 * calling back, and may only be called when nothing will start any more; memory goes after the last handle
 * closed.
 */
#ifndef PARKD_NET_FETCH_H
#define PARKD_NET_FETCH_H

#include <stdbool.h>

#include "parkd/base/view.h"

struct addr_filter;
struct fetch;
struct fetcher;
struct loop;

struct fetch_limits {
    size_t max_body; /* after decompression */
    size_t max_head; /* all response headers */
    int max_active;  /* transfers at once */
    int max_per_host;
    int64_t connect_ms;
};

struct fetch_tls {
    const char *ca_file;   /* NULL or "": the system's */
    const char *cert_file; /* client certificate, PEM; NULL or "": none */
    const char *key_file;
    bool skip_verify; /* with a visible warning state only */
};

struct fetch_header {
    struct view name, value;
};

struct fetch_request {
    struct view method; /* empty: GET, or POST with a body */
    struct view url;
    const struct fetch_header *headers;
    size_t n_headers;
    struct view body;            /* copied by fetch_start */
    int64_t timeout_ms;          /* the whole request, from its start on the wire's side of the queue */
    const struct fetch_tls *tls; /* NULL: defaults; borrowed until on_done or cancel */
};

struct fetch_result {
    int err;    /* 0: an HTTP answer came whole, any status */
    int status; /* HTTP status, 0 without an answer */
    struct view body;
    struct view head; /* all header lines of the final answer, CRLF between them */
    int64_t took_ms;
    int64_t retry_after_ms;      /* from Retry-After (seconds or date), -1 none */
    const char *tls;             /* "TLSv1.3", static; NULL: no TLS, or nothing was connected */
    int64_t certificate_ends_ms; /* of the other side's, 0 not known */
    char detail[160];            /* what failed, for people; empty when err is 0 */
};
typedef void fetch_done_fn(void *ctx, const struct fetch_result *res);

/* `filter` is copied; NULL allows every address (sinks come from the office, not from strangers). NULL: out
 * of memory. */
struct fetcher *fetcher_new(struct loop *l, const struct fetch_limits *limits,
                            const struct addr_filter *filter);
void fetcher_free(struct fetcher *f);
/* NULL and `why` for a URL that cannot be asked (scheme, user info, syntax, bad header) or without memory. */
struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *req, fetch_done_fn *on_done,
                          void *ctx, struct why *why) must_check;
void fetch_cancel(struct fetch *op); /* NULL is fine */
int fetcher_active(const struct fetcher *f);

/* A URL that may be polled? Scheme http or https, host, no user info, no fragment. Names the fault. Pure. */
int fetch_check_url(struct view url, struct why *why) must_check;
/* The value of a response header by name (any case), empty if absent. Pure. */
struct view fetch_header_value(struct view head, const char *name);

#endif
