/* SPDX-License-Identifier: MIT
 * Inside of the dialect `generic`: its session, and what its two files call in each other.
 */
#ifndef PARKD_SRC_DIALECT_GENERIC_IMPL_H
#define PARKD_SRC_DIALECT_GENERIC_IMPL_H

#include "dialect/map_request.h"
#include "dialect/map_store.h"

#define GENERIC_MAX_PAGES (DIALECT_MAX_FOLLOW_UPS + 1)
#define GENERIC_MAX_KEPT  (2 * DOC_MAX_BODY) /* bytes of all messages of one poll; and of joins */

enum waiting { FOR_PAGE, FOR_JOIN };
struct generic {
    struct json *params; /* the mapping points into it */
    struct mapping *m;
    struct map_eval eval; /* of the call that runs */
    struct map_joined joined;
    bool asking; /* a poll runs, so more may be asked for */
    enum waiting waiting;
    struct map_ids ids;
    size_t chunk;        /* first id of the chunk that is asked for */
    int64_t page, pages; /* of this chunk: which, and how many there are (PAGES_COUNT; 0 not known) */
    int follow_ups;
    struct arena texts; /* of this poll: URLs, heads, tokens */
    struct view url;    /* of the request that runs */
    struct message messages[GENERIC_MAX_PAGES];
    size_t n_messages, bytes;
    struct map_store store;
    int32_t detail; /* the item at which details are still to be asked for */
    int join;       /* that is waited for, and of which lot */
    char lot[FOREIGN_SIZE];
    struct dialect_request *next; /* where store's `ask` puts a request */
    struct why *why;
};

/* generic_pages.c */

/* Where the request that runs went, for relative links and `request` values. */
int generic_keep_url(struct generic *g, const char *url) must_check;
/* ERR_STATE, ERR_BUDGET: the ids of this feed cannot be asked for. */
int generic_check_chunks(const struct generic *g, struct why *why) must_check;
/* The request of the first page of g->chunk. */
int generic_first_page(struct generic *g, struct dialect_request *out, struct why *why) must_check;
/* 2xx? */
int generic_check_status(int status, struct why *why) must_check;
/* Reads a page and its envelope. */
int generic_take_page(struct generic *g, const struct dialect_response *res, struct why *why) must_check;
/* *more: `next` asks for the page, or the chunk, behind the one that came last. */
int generic_next_page(struct generic *g, struct dialect_request *next, bool *more,
                      struct why *why) must_check;

#endif
