/* SPDX-License-Identifier: MIT
 * One evaluation of a JSONPath with its budget: every node looked at is a step, a long text is several, so
 * that a path and a document together cannot cost more than JSON_PATH_MAX_STEPS. The first failure stays in
 * `rc`; from then on answers mean nothing.
 */
#ifndef PARKD_BASE_JSON_PATH_RUN_H
#define PARKD_BASE_JSON_PATH_RUN_H

#include "base/json_path_impl.h"

struct path_run {
    const struct json *root;
    struct json_nodes *nodes; /* of json_path_all */
    size_t room;              /* of nodes->v */
    size_t steps;
    int rc;
};

/* One step, more for a text of `bytes`; false when the budget is used up. */
bool path_tick(struct path_run *run, size_t bytes);
bool path_length_of(struct path_run *run, const struct json *list, int64_t *n);
/* The first node of a query, NULL if there is none; `here` is '@'. */
const struct json *path_first_of(struct path_run *run, const struct path_query *q, const struct json *here);
bool path_holds(struct path_run *run, const struct path_condition *c, const struct json *here);

#endif
