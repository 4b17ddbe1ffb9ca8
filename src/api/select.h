/* SPDX-License-Identifier: MIT
 * Which lots an answer holds, in which order. Pure; borrows from the registry, so a selection lives shorter
 * than its next change.
 */
#ifndef PARKD_SRC_API_SELECT_H
#define PARKD_SRC_API_SELECT_H

#include "api/query.h"
#include "parkd/model/registry.h"

#define DISTANCE_NONE (-1.0)

struct picked {
    const struct registry_lot *lot;
    double distance_m; /* DISTANCE_NONE without near */
};
struct selection {
    struct picked *v;
    size_t n;
    bool more; /* there is a next page; its cursor is the id of the last one here */
};

/* Residents see every lot that is not retired. */
bool select_public(const struct registry_lot *l);
/* By distance with near, else by id. ERR_NOMEM; ERR_INVALID with `why` for a cursor that is gone. */
int select_lots(const struct registry *reg, const struct lots_query *q, int64_t now_ms, struct selection *out,
                struct why *why) must_check;
/* For the page: lots that report first, then the silent ones; by id. At most `max`. ERR_NOMEM. */
int select_page(const struct registry *reg, int64_t now_ms, size_t max, struct selection *out) must_check;
/* The first moment after now at which one of the lots must no longer show its number; INT64_MAX: none does.
 */
int64_t selection_until(const struct selection *s, int64_t now_ms);
void selection_fini(struct selection *s);

#endif
