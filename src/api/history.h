/* SPDX-License-Identifier: MIT
 * A lot's past in equal steps, gathered from day strings (minutes) and year strings (hourly records). Pure.
 *
 * Minutes beat records: a step that minutes filled is left alone by records. A step without any observation
 * stays unknown.
 */
#ifndef PARKD_SRC_API_HISTORY_H
#define PARKD_SRC_API_HISTORY_H

#include "api/query.h"
#include "parkd/model/series.h"

struct history_point {
    int minutes; /* observed in this step; 0: unknown */
    bool by_minutes;
    int32_t last, min, max;
    double sum; /* of free over the minutes */
};
struct history {
    struct history_query q;
    struct history_point *v;
    size_t n;
};

int history_init(struct history *h, const struct history_query *q) must_check; /* ERR_NOMEM */
void history_fini(struct history *h);

/* What must be read: n 0, nothing. Days from midnight UTC of first_ms; whole years. */
struct history_days {
    int64_t first_ms;
    int n;
};
struct history_years {
    int first, n;
};
struct history_days history_days_needed(const struct history_query *q, int64_t now_ms);
struct history_years history_years_needed(const struct history_query *q, int64_t now_ms);

/* All day strings first, then year strings. */
void history_add_day(struct history *h, int64_t midnight_ms, struct view day);
void history_add_year(struct history *h, int year, struct view records);

/* {"lot","from","to","step_s","columns":["t","last","min","max","mean"],"points":[[epoch s, …]]}; unknown is
 * null, and so is "last" of what hourly records alone tell. */
int render_history(const struct history *h, const char *lot, struct buf *out) must_check;

#endif
