/* SPDX-License-Identifier: MIT
 * Host names to addresses, without ever waiting longer than allowed. Private to src/net/fetch*.c.
 *
 * Addresses are kept 60 s. Older ones (up to an hour) still serve while the question is open again, so that a
 * resolver that died does not stop what is already known; only its clear "no such name" forgets them. At most
 * DNS_MAX_RUNNING questions are in libuv's pool at once, one per name. A question cannot be taken back from
 * the pool: who waits is told ERR_DNS when the time is over, the question goes on alone and its answer is
 * kept. dns_free may come while questions run: the memory stays until they return, and so does the loop
 * (glibc gives up after 5 s × 2 for each name server).
 */
#ifndef PARKD_NET_FETCH_DNS_H
#define PARKD_NET_FETCH_DNS_H

#include <netinet/in.h>

#include "parkd/base/view.h"

#define DNS_MAX_RUNNING 8
#define DNS_MAX_ADDRS   8

union dns_addr {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct dns_answer {
    union dns_addr addrs[DNS_MAX_ADDRS];
    int n;
};

struct dns;
struct dns_name;
struct loop;
/* Exactly once, later: answer NULL with a code in err. Must not free the dns. */
typedef void dns_done_fn(void *ctx, int err, const struct dns_answer *answer);

/* The caller's storage for one question. */
struct dns_wait {
    struct dns_wait *prev, *next;         /* of the name */
    struct dns_wait *due_prev, *due_next; /* of all, oldest first */
    struct dns_name *name;                /* NULL: not waiting */
    uint64_t due_ms;
    dns_done_fn *done;
    void *ctx;
};

struct dns *dns_new(struct loop *l, int64_t wait_ms);
void dns_free(struct dns *d); /* nobody may wait any more */
/* What is known (valid until the next call), or NULL: then `w` waits, or *err is set and it does not. */
const struct dns_answer *dns_ask(struct dns *d, struct view host, struct dns_wait *w, int *err) must_check;
void dns_cancel(struct dns *d, struct dns_wait *w); /* one that does not wait is fine */
/* Nothing answers at the addresses we have: ask again next time. */
void dns_doubt(struct dns *d, struct view host);

#endif
