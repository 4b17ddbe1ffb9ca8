/* SPDX-License-Identifier: MIT
 * Sums over lots: the district, each area, each class of place. Pure. A sum never hides a silence: unknown
 * lots are counted.
 */
#ifndef PARKD_MODEL_SUMMARY_H
#define PARKD_MODEL_SUMMARY_H

#include "parkd/base/json_write.h"
#include "parkd/model/registry.h"

enum summary_scope { SUMMARY_DISTRICT, SUMMARY_AREA, SUMMARY_CLASS };

struct summary_row {
    enum summary_scope scope;
    char id[48]; /* area name or class name; empty for the district */
    int lots;    /* all lots counted here */
    int by_freshness[4];
    int known;          /* lots whose free number is current */
    int64_t open, free; /* sums over the known lots only; open falls back to total */
    int64_t total;      /* registered places of all lots counted here that tell it */
};
struct summary {
    struct summary_row *v;
    size_t n;
};

/* Which lots count: all that residents see (not retired), or the connected ones alone, as sinks see it. */
enum summary_of { SUMMARY_PUBLIC, SUMMARY_CONNECTED };
/* Rows: district first, then areas by name, then classes in table order (only those that some lot has). With
 * `area` (empty: all) only its lots count, in every row. ERR_NOMEM. The caller frees with
 * summary_fini. */
int summary_make(const struct registry *reg, enum summary_of of, struct view area, int64_t now_ms,
                 struct summary *out) must_check;
void summary_fini(struct summary *s);
/* One row as a JSON object of the native format's `aggregates`; open and free are null when no lot is known.
 */
void summary_row_write(const struct summary_row *row, int64_t as_of_ms, struct json_writer *w);

#endif
