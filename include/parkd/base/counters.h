/* SPDX-License-Identifier: MIT
 * Process-wide counters from one table (counters.def). An increment, from any thread, is all a module does
 * with them.
 */
#ifndef PARKD_BASE_COUNTERS_H
#define PARKD_BASE_COUNTERS_H

#include <stdint.h>

#include "parkd/base/buf.h"

enum counter {
#define COUNTER(id, name, labels, help) id,
#include "parkd/base/counters.def"
#undef COUNTER
    COUNTER_N
};

void counter_add(enum counter id, uint64_t n);
uint64_t counter_get(enum counter id);
/* Appends all counters in Prometheus' text format 0.0.4, with HELP and TYPE once a metric. */
void counters_render(struct buf *out);

#endif
