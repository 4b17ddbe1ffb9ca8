/* SPDX-License-Identifier: MIT
 * One request on its way out, and how libcurl is set up for it. Private to src/net/fetch.c and fetch_op.c.
 */
#ifndef PARKD_NET_FETCH_OP_H
#define PARKD_NET_FETCH_OP_H

#include <curl/curl.h>

#include "net/fetch_dns.h"
#include "net/fetch_url.h"
#include "parkd/base/buf.h"
#include "parkd/net/addr_filter.h"
#include "parkd/net/fetch.h"

enum fetch_state { FETCH_RESOLVING, FETCH_WAITING, FETCH_RUNNING, FETCH_FAILED };

struct fetch {
    struct fetcher *fetcher;
    struct fetch *prev, *next;         /* FETCH_WAITING: of its host; FETCH_FAILED: to be told */
    struct fetch *all_prev, *all_next; /* of the fetcher */
    enum fetch_state state;
    struct fetch_host *host; /* while it waits or runs */
    fetch_done_fn *on_done;
    void *ctx;

    char *url;
    struct fetch_url parts; /* views into url */
    char method[16];
    char *body_out;
    size_t body_out_n;
    struct curl_slist *headers, *pins;
    const struct fetch_tls *tls;
    int64_t timeout_ms;
    struct dns_wait wait;

    CURL *easy;                       /* while it runs */
    const struct addr_filter *filter; /* NULL: any address */
    struct buf head, body, unfolded;  /* unfolded: the body of an answer in gzip */
    size_t n_lines;
    bool head_ended;
    uint64_t tls_watch; /* of its new connection, 0: none */
    const char *tls_version;
    int64_t certificate_ends_ms;
    int err; /* ours; wins over libcurl's */
    char detail[160];
    char curl_said[CURL_ERROR_SIZE];
};

/* NULL and `why`: the request cannot be asked, or no memory. */
struct fetch *fetch_op_new(const struct fetch_request *req, const struct fetch_limits *limits,
                           struct why *why) must_check;
void fetch_op_free(struct fetch *op);
/* Pins the addresses that pass the filter to the host. ERR_ADDRESS (detail filled), ERR_NOMEM. */
int fetch_op_pin(struct fetch *op, const struct dns_answer *answer) must_check;
/* The filter's word on a host that is itself an address. */
int fetch_op_check_literal(struct fetch *op) must_check;
int fetch_op_configure(struct fetch *op, CURL *easy, const struct fetch_limits *limits) must_check;
/* Fills the result from the easy handle (NULL: it never ran). */
void fetch_op_result(struct fetch *op, CURL *easy, CURLcode code, struct fetch_result *res);

#endif
