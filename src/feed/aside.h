/* SPDX-License-Identifier: MIT
 * Reading of large answers and messages in libuv's pool, so that nobody waits for it. At most ASIDE_AT_ONCE
 * run (names are resolved in the same pool); the others wait in line.
 *
 * A job works on copies and on the session, which until its end belongs to nobody else. Who no longer wants
 * it gives it up: it ends unheard, and the session with it.
 */
#ifndef PARKD_SRC_FEED_ASIDE_H
#define PARKD_SRC_FEED_ASIDE_H

#include "parkd/dialect/inbound.h"
#include "parkd/model/feed.h"

#define ASIDE_AT_ONCE 2

struct aside;
struct aside_job;
struct loop;

/* What to read: an answer as for dialect_decode, or a message as for dialect_receive; but for the registry,
 * of which the job takes a copy. `reports` is moved into the job. */
struct aside_task {
    struct dialect_session *session;
    const struct dialect_ctx *ctx;
    const struct dialect_response *res;    /* or NULL and */
    const struct inbound_message *message; /* copied */
    struct report_list *reports;
};

/* What came of it. Reports, `next` and `reply` belong to who hears it, the answer lives during the call. */
struct aside_result {
    int err; /* of the dialect; `why` then has words */
    struct why why;
    struct report_list reports; /* those that were given, and what was read */
    struct dialect_request next;
    bool more;
    struct dialect_reply reply;
    struct dialect_response answer;
};
typedef void aside_done_fn(void *ctx, struct aside_result *result);

struct aside *aside_new(struct loop *loop); /* NULL: out of memory */
/* All jobs must be given up or over; memory goes after the last that runs. NULL is fine. */
void aside_free(struct aside *a);

/* fn runs exactly once, later; not after aside_give_up. NULL: out of memory, nothing was taken. */
struct aside_job *aside_start(struct aside *a, const struct aside_task *task, aside_done_fn *fn,
                              void *ctx) must_check;
/* Nobody wants it any more: it ends unheard, and closes the session then, which may be now. NULL is fine. */
void aside_give_up(struct aside_job *j);

#endif
