/* SPDX-License-Identifier: MIT
 * Plausibility: which doubts a claim deserves (quality.def). Pure.
 */
#ifndef PARKD_NORM_ACCEPT_H
#define PARKD_NORM_ACCEPT_H

#include "parkd/model/reading.h"

/* Flags for `next`, which was made from `held`: jump (numbers at most a minute apart; kept while the number
 * stays), frozen (found by the office; kept while the raw number stays), total_changed. Clamps are flagged
 * where they happen, in claim.c. */
uint32_t accept_flags(const struct lot *lot, const struct reading *held, const struct reading *next);

#endif
