/* SPDX-License-Identifier: MIT
 * One item of a message into reports. Only a lot that cannot be named, a required field that is missing or
 * bad, and an item that says nothing cost the item; any other wrong field becomes "not said", with a fault
 * that names it. Pure.
 */
#ifndef PARKD_SRC_DIALECT_MAP_REPORT_H
#define PARKD_SRC_DIALECT_MAP_REPORT_H

#include "dialect/map_eval.h"

/* `dry`: everything is looked at, nothing is kept. ERR_FULL, ERR_NOMEM, ERR_BUDGET. */
int map_report_item(struct map_eval *e, const struct map_frame *f, int32_t item, bool dry,
                    struct report_list *out) must_check;

#endif
