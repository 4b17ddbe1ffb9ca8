/* SPDX-License-Identifier: MIT
 * The counts of a report by name, and how vendors write them: what generic and Lua dialects share. Pure.
 */
#ifndef PARKD_SRC_DIALECT_COUNT_H
#define PARKD_SRC_DIALECT_COUNT_H

#include "parkd/model/report.h"

enum count { COUNT_FREE, COUNT_OPEN, COUNT_TOTAL, COUNT_OCCUPIED, COUNT_KINDS };

const char *count_name(enum count c);
int64_t *count_place(struct report *r, enum count c);
/* A free may be below 0 (drift), the others not; none beyond COUNT_MAX. */
bool count_in_range(enum count c, int64_t v);
/* Decimal digits with an optional '-', `thousands` marks between digits ('\0': none) and a fraction of zeros.
 * ERR_TYPE. */
int count_of_text(struct view text, char thousands, int64_t *out) must_check;
/* Does the report say anything that a reading can be made from? */
bool count_says(const struct report *r);

#endif
