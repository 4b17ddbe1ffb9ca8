/* SPDX-License-Identifier: MIT
 * Which lots an answer holds, in which order. Pure; borrows from the registry, so a selection lives shorter
 * than its next change.
 */
#ifndef PARKD_SRC_API_SELECT_H
#define PARKD_SRC_API_SELECT_H

#include "api/query.h"
#include "parkd/model/places.h"
#include "parkd/model/registry.h"

#define DISTANCE_NONE (-1.0)

struct picked {
    const struct registry_lot *lot;
    double distance_m; /* DISTANCE_NONE without near */
    double key;        /* what it is sorted by, unless that is the name */
};
struct selection {
    struct picked *v;
    size_t n, cap;
    enum lots_order order;
    bool more; /* there is a next page; selection_cursor tells where it begins */
};

/* Residents see every lot that is not retired. */
bool select_public(const struct registry_lot *l);
/* May one drive in now? By the hours, unless the lot itself says that it is closed; without hours by what the
 * lot says. 1 yes, 0 no, -1 nobody knows. */
int select_open_now(const struct registry_lot *l, int64_t now_ms);
/* changed_since reaches this far back further, so that a change which another parkd made at that moment is
 * not missed: a reader may get one twice. */
#define SELECT_OVERLAP_MS 5000
/* In the order that is asked; unknown free counts come last. `places` are of the same registry. ERR_NOMEM;
 * ERR_INVALID with `why` for a cursor whose lot is gone, where that lot's name is needed. */
int select_lots(const struct registry *reg, const struct places *places, const struct lots_query *q,
                int64_t now_ms, struct selection *out, struct why *why) must_check;
/* The text that `cursor` takes, for the page behind this one. */
void selection_cursor(const struct selection *s, char dst[QUERY_CURSOR]);
/* For the page: lots that report first, then the silent ones; by id. At most `max`. ERR_NOMEM. */
int select_page(const struct registry *reg, int64_t now_ms, size_t max, struct selection *out) must_check;
/* The first moment after now at which one of the lots must no longer show its number; INT64_MAX: none does.
 */
int64_t selection_until(const struct selection *s, int64_t now_ms);
void selection_fini(struct selection *s);

#endif
