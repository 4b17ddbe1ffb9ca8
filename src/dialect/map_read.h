/* SPDX-License-Identifier: MIT
 * Messages into reports, by a compiled mapping. Pure.
 */
#ifndef PARKD_SRC_DIALECT_MAP_READ_H
#define PARKD_SRC_DIALECT_MAP_READ_H

#include "dialect/map_eval.h"

/* Reads a body into `msg->doc` (label, url and head are the caller's). Errors name what is wrong with it as a
 * whole. */
int map_read_message(const struct map_message *spec, struct view content_type, struct view body,
                     struct message *msg, struct why *why) must_check;
/* Does the envelope say that it succeeded? ERR_REFUSED with the feed's words. */
int map_read_success(struct map_eval *e, const struct message *msg, struct why *why) must_check;
/* How many items a message holds. */
int map_read_size(struct map_eval *e, const struct message *msg, int64_t *n, struct why *why) must_check;
/* All pages into reports and faults; lots named twice as the mapping says. */
int map_read_reports(struct map_eval *e, const struct message *pages, size_t n, struct report_list *out,
                     struct why *why) must_check;
/* Looks at everything from item *from on and keeps nothing: for what has to be asked for. *from is the item
 * where it stopped. */
int map_read_dry(struct map_eval *e, const struct message *pages, size_t n, int32_t *from,
                 struct why *why) must_check;

#endif
