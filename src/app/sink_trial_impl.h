/* SPDX-License-Identifier: MIT
 * Inside of sink_trial.h: sink_trial_request.c reads what is asked for, sink_trial.c performs it,
 * sink_trial_words.c says what a verdict means, sink_trial_hide.c shortens secrets, sink_trial_write.c tells
 * it all.
 */
#ifndef PARKD_SRC_APP_SINK_TRIAL_IMPL_H
#define PARKD_SRC_APP_SINK_TRIAL_IMPL_H

#include "parkd/app/sink_trial.h"

#define SINK_TRIAL_STEPS    4
#define SINK_TRIAL_REQUESTS 8 /* of one lot; a dialect makes one or two a part */
#define SINK_TRIAL_SECRETS  16
#define SINK_TRIAL_ANSWER   (16 * 1024) /* so much of an answer is told */
#define SINK_TRIAL_FIRSTS   2           /* log-ins in a row, as the publisher has it */

/* One request, and what came of it. */
struct sink_trial_call {
    struct dialect_request req;
    bool sent;
    int err, status; /* err: no answer came */
    char detail[160], tls[64], content_type[96];
    int64_t took_ms;
    struct buf answer;
    size_t answer_size;
    bool judged;
    enum dialect_verdict verdict;
    struct why why; /* the platform's words */
    char code[FOREIGN_SIZE];
    int64_t clock_ms;
};

struct sink_trial_step {
    enum dialect_part part;
    int err;
    struct why why;
    char note[160];
    struct sink_trial_call calls[SINK_TRIAL_REQUESTS];
    size_t n, at; /* at: the next to be sent */
    int firsts;
};

struct sink_trial {
    struct json *doc; /* the request; views point into it */
    struct sink sink;
    bool send, compare, show_secrets;
    int64_t now_ms;

    struct lot lot;
    struct reading reading;
    uint64_t version;
    bool filed, made_up, given, told; /* given: the state is the request's, not a held one */
    char code[FOREIGN_SIZE];
    struct summary sums;

    const struct dialect *dialect;
    struct dialect_session *session;
    int err; /* before any step */
    struct why why;
    struct sink_trial_step steps[SINK_TRIAL_STEPS];
    int n_steps;
    bool barred; /* a log-in or the registration failed: nothing is told after it */
    bool shut;   /* the platform refused the log-in: it is not asked again */

    bool asked, known; /* known: the platform has the lot */
    struct dialect_known_item there;
};

int sink_trial_parse(struct sink_trial *t, const struct json *registration, const struct sink_trial_lot *lot,
                     struct why *why) must_check;

/* What parkd would do after such an answer, and what a person can. */
const char *sink_trial_next(const struct sink_trial_call *c);
/* Where the two sides say something else. */
enum sink_trial_same { SAME_UNKNOWN, SAME_YES, SAME_NO };
enum sink_trial_same sink_trial_compare(int32_t here, int32_t there);
struct sink_trial_counts {
    const char *name;
    int32_t here, there;
};
/* free, open, total. */
void sink_trial_fields(const struct sink_trial *t, struct sink_trial_counts out[3]);

/* Copies `in` with every secret of the sink shortened. True: there was one. */
bool sink_trial_hide(const struct sink_trial *t, struct view in, struct buf *out);
/* The same of a header's value; of one that authenticates nothing but its scheme is left. */
bool sink_trial_hide_header(const struct sink_trial *t, const struct dialect_header *h, struct buf *out);

#endif
