/* SPDX-License-Identifier: MIT
 * Acceptance tests that run by themselves. Private to src/office.
 *
 * Every parkd watches the readings of lots in test; the one that leads writes what it saw, when a check
 * changes and else twice a minute. After a change of leaders at most that much is seen twice or not at all.
 */
#ifndef PARKD_SRC_OFFICE_ACCEPTANCE_H
#define PARKD_SRC_OFFICE_ACCEPTANCE_H

#include "office/office_impl.h"
#include "parkd/model/acceptance.h"

#define PEOPLE_FEED "people" /* of lots whose counts people enter */

/* The lot's test as it stands; false: there is none. */
bool acceptance_of(const struct office *o, struct view lot, struct acceptance *out);
/* Begins it anew. */
int acceptance_start(struct office *o, const struct lot *lot, office_saved_fn *done, void *ctx) must_check;
/* Writes a changed one (a waiver). */
int acceptance_put(struct office *o, const struct acceptance *a, office_saved_fn *done, void *ctx) must_check;
/* It is over with: no test of that lot. */
int acceptance_drop(struct office *o, struct view lot, office_saved_fn *done, void *ctx) must_check;
void acceptance_current_rules(const struct office *o, struct acceptance_rules *out);

#endif
