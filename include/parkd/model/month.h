/* SPDX-License-Identifier: MIT
 * A month of records summed up: for one lot, for an operator, for the district. Values; pure.
 *
 * Shares are weighted by what was asked (samples, slots, minutes), so a lot that was connected in the middle
 * of the month is judged by its own days. Days that an accepted objection covers are left out whole.
 */
#ifndef PARKD_MODEL_MONTH_H
#define PARKD_MODEL_MONTH_H

#include "parkd/model/rules.h"

#define MONTH_DAYS 31

struct month_sum {
    int lots;
    int days, left_out; /* lot-days asked of, and those left out by objections */
    int64_t samples, online, slots, timely, minutes, current;
    int frozen_days, unreconciled_days, drift_days; /* lot-days */
    int counted, miscounted;
    int64_t manual_min;
    int colours[COLOUR_N]; /* lot-days of each colour */
};

void month_add_day(struct month_sum *m, const struct rules *r, const struct daily *d);
void month_add(struct month_sum *to, const struct month_sum *m);
/* 0…1; -1: nothing was asked. */
double month_online(const struct month_sum *m);
double month_timeliness(const struct month_sum *m);
double month_completeness(const struct month_sum *m);
double month_honesty(const struct month_sum *m);
/* 0…100; -1: nothing was asked. */
double month_score(const struct month_sum *m, const struct rules *r);

/* A month's name "2026-11" to the Beijing day it begins on and its length. ERR_INVALID. */
int month_parse(struct view name, int64_t *first_day, int *n_days) must_check;

#endif
