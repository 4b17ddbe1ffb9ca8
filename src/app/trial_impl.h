/* SPDX-License-Identifier: MIT
 * Inside of trial.h: trial_request.c reads what is asked for, trial.c performs it, trial_write.c tells it.
 */
#ifndef PARKD_SRC_APP_TRIAL_IMPL_H
#define PARKD_SRC_APP_TRIAL_IMPL_H

#include "parkd/app/trial.h"
#include "parkd/dialect/propose.h"
#include "parkd/model/feed.h"
#include "parkd/model/registry.h"
#include "parkd/norm/norm.h"

#define TRIAL_MAX_SAMPLE (4 * 1024 * 1024)
#define TRIAL_MAX_SIDES  8
#define TRIAL_MAX_PAIRS  32

/* An answer given instead of asked for. */
struct trial_sample {
    struct buf body;
    char content_type[128];
    int status;
};
/* A header or query parameter of a push. */
struct trial_pair {
    struct view name, value;
};
/* What came of one request, as far as it is told. */
struct trial_came {
    char method[8], url[512], content_type[96], charset[32], tls[64];
    int status;
    size_t size;
    int64_t took_ms;
    struct why error;
};
struct trial_lot {
    struct lot lot;
    struct reading held;
    int64_t interval_ms;
};

struct trial {
    struct json *doc; /* the request; views point into it */
    struct feed feed;
    bool live, push, propose;
    bool bare; /* a proposal is wanted, and there is no mapping yet */
    int64_t now_ms, timeout_ms;

    struct trial_sample samples[TRIAL_MAX_ANSWERS];
    int n_samples;
    struct dialect_side sides[TRIAL_MAX_SIDES];
    struct buf side_bytes[TRIAL_MAX_SIDES];
    int n_sides;
    struct trial_pair headers[TRIAL_MAX_PAIRS], query[TRIAL_MAX_PAIRS];
    int n_headers, n_query;
    struct view method, path, topic;

    struct trial_lot *lots;
    struct dialect_lot *known; /* as dialects want them */
    size_t n_lots, cap_lots;

    const struct dialect *dialect;
    struct dialect_session *session;
    struct dialect_trace *trace;
    struct dialect_request next;
    bool asking; /* `next` waits for its answer */

    struct trial_came came[TRIAL_MAX_ANSWERS];
    int n_came;
    struct buf last; /* the last body that came, for leftovers and proposal */
    char last_type[128];
    struct report_list reports;
    struct dialect_reply reply;
    int err;
    struct why error;
};

/* Reads the request into `t`, which is zeroed. */
int trial_parse(struct trial *t, const struct json *base, struct why *why) must_check;
const struct trial_lot *trial_lot_of(const struct trial *t, const char *foreign);
/* What norm makes of a report; *known is the registered lot, NULL: a lot of which nothing is known. */
int trial_outcome(const struct trial *t, const struct report *r, struct norm_result *out,
                  const struct trial_lot **known, struct why *why) must_check;

#endif
