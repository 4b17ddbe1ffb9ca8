/* SPDX-License-Identifier: MIT
 * What the native way in answers: one result an item, in the order of the message. Pure.
 */
#ifndef PARKD_SRC_API_INGEST_ANSWER_H
#define PARKD_SRC_API_INGEST_ANSWER_H

#include "api/render.h"

struct ingest_outcome {
    const struct report_list *list;      /* reports, and items that could not be read */
    const struct ingest_result *results; /* one a report */
    size_t n;
    struct view body; /* of the request: tells under which pointer the items stand */
};

struct ingest_tally {
    size_t accepted, rejected;
    bool away; /* one at least could not be stored */
};
struct ingest_tally ingest_count(const struct ingest_outcome *o);
/* {"accepted","rejected","results":[…]} */
int render_ingest(const struct ingest_outcome *o, const struct ingest_tally *t, struct buf *out) must_check;
/* All rejected: a problem with one error an item. */
int render_ingest_problem(const struct ingest_outcome *o, struct view instance, struct buf *out) must_check;

#endif
