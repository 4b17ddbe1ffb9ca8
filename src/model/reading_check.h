/* SPDX-License-Identifier: MIT
 * What a reading must be before it is written, and after it was read: one rule for both, so that nothing can
 * be written that will not load again.
 */
#ifndef PARKD_MODEL_READING_CHECK_PRIVATE_H
#define PARKD_MODEL_READING_CHECK_PRIVATE_H

#include "parkd/model/reading.h"

/* The invariants of reading.h. */
bool reading_valid(const struct reading *r);

#endif
