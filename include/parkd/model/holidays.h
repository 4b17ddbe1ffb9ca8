/* SPDX-License-Identifier: MIT
 * Days that are no model for others: public holidays, as the configuration lists them. A value without owner.
 * Pure.
 */
#ifndef PARKD_MODEL_HOLIDAYS_H
#define PARKD_MODEL_HOLIDAYS_H

#include "parkd/base/view.h"

#define HOLIDAYS_MAX 64

struct holidays {
    int n;
    struct {
        int32_t first, last; /* days since 1970, Beijing's */
    } v[HOLIDAYS_MAX];
};

/* Adds "2026-10-01" or "2026-10-01/2026-10-07". ERR_SYNTAX, ERR_RANGE (the end before the beginning),
 * ERR_FULL. */
int holidays_add(struct holidays *h, struct view text) must_check;
/* Is that moment on one of them? */
bool holidays_has(const struct holidays *h, int64_t ms);

#endif
