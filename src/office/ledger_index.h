/* SPDX-License-Identifier: MIT
 * Which texts stand where, found without looking at all of them: an import compares each of its rows with
 * every entry and every row above, in a loop that others wait for. Pure.
 *
 * An index is a pointer that begins as NULL; its keys are copies, what they mean is borrowed.
 */
#ifndef PARKD_SRC_OFFICE_LEDGER_INDEX_H
#define PARKD_SRC_OFFICE_LEDGER_INDEX_H

#include <stddef.h>

#include "parkd/base/err.h"

struct index_item;

/* A key that is there already counts once more and keeps its first value. ERR_NOMEM. */
int index_add(struct index_item **all, const char *key, const void *value) must_check;
size_t index_count(const struct index_item *all, const char *key);      /* how often it was added */
const void *index_value(const struct index_item *all, const char *key); /* NULL: never */
void index_free(struct index_item **all);

#endif
