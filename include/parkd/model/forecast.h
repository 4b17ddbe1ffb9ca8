/* SPDX-License-Identifier: MIT
 * How many places of a lot will be free in 15, 30, 60 and 120 minutes, and whether there will be one. Pure.
 *
 * A lot's counts stand on a grid of 15 minutes, four weeks back. What is told is the count now plus a change,
 * which is a weighted sum of what can be seen: how the same time changed in the last weeks (each, on average,
 * and smoothed over the quarter hours around), yesterday, how the lot moved in the last quarter, hour and two
 * hours, how it usually moves then, and how far it is from its usual level. The weights of each lot and
 * horizon are learnt as time goes on, by recursive least squares with forgetting (L. Ljung, System
 * Identification, ch. 11; about a week and a half), where large errors count less, so that the typical error
 * becomes small. Days that are not usual (holidays) are left out of "the last weeks".
 *
 * How sure it is comes from its own errors: what was told is kept until it can be compared, and a lot's
 * errors of the last weeks are the spread around the next number. Nothing is looked at before its time.
 * `make forecast` prints what that gives on two months of 44 real car parks.
 */
#ifndef PARKD_MODEL_FORECAST_H
#define PARKD_MODEL_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "parkd/base/err.h"

#define FORECAST_STEP_MS  INT64_C(900000)
#define FORECAST_HORIZONS 4
#define FORECAST_UNKNOWN  INT32_MIN
extern const int forecast_steps[FORECAST_HORIZONS]; /* 1, 2, 4, 8 */

struct forecast_lot; /* about 8 KB */

struct forecast {
    int32_t expected, low, high; /* low…high: four times of five it lies within */
    double chance;               /* that at least one place is free, 0…1 */
    double error;                /* places: what it was wrong by of late, on average */
};

struct forecast_lot *forecast_new(void); /* NULL: out of memory */
void forecast_free(struct forecast_lot *f);
/* The count at a step of the grid (ms since 1970 / FORECAST_STEP_MS), FORECAST_UNKNOWN if it is not; `usual`
 * false on days that are no model for others. Steps come in order; those left out are not known. An earlier
 * one than the last is ignored; counts beyond 32 767 are taken for that. */
void forecast_take(struct forecast_lot *f, int64_t step, int32_t free, bool usual);
/* From the newest step; `now` is the count at this moment, `base` the lot's places (0: not known).
 * Where counts are never below 0, nothing that is told is.
 * ERR_NOT_FOUND: too little was heard of this lot, a week at least, or nothing lately. */
int forecast_tell(const struct forecast_lot *f, int horizon, int32_t now, int32_t base,
                  struct forecast *out) must_check;

/* A day of 96 quarters of an hour from step `first` on: the counts of that day as far as they are known, and
 * what is usual: the mean at the same time in the last four weeks, odd days aside. FORECAST_UNKNOWN where
 * nothing is known. */
#define FORECAST_DAY 96
struct forecast_day {
    int32_t counts[FORECAST_DAY], usual[FORECAST_DAY];
};
void forecast_day(const struct forecast_lot *f, int64_t first, struct forecast_day *out);

/* Places by which it was wrong of late, on average; below 0: too little was heard. */
double forecast_error(const struct forecast_lot *f, int horizon);

#endif
