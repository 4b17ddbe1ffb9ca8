/* SPDX-License-Identifier: MIT
 * Time zones by IANA name or offset, with their summer times. GLib reads the system's zone files when a zone
 * is opened; afterwards everything is in memory, without locale and environment, and may be used by any
 * thread.
 */
#ifndef PARKD_BASE_ZONE_H
#define PARKD_BASE_ZONE_H

#include "parkd/base/view.h"

struct zone;

/* "UTC", "Z", "Asia/Shanghai", "PRC", "Europe/Berlin", "+08:00". ERR_INVALID: there is no such zone. */
int zone_open(struct view name, struct zone **out) must_check;
void zone_free(struct zone *z);
/* Minutes east of UTC at the given local time (milliseconds as if it were UTC). Of an hour that is there
 * twice the first is meant; one that is left out is taken as before the change. */
int zone_minutes_at_local(const struct zone *z, int64_t local_ms);
/* The same at a moment, for writing times. */
int zone_minutes_at_utc(const struct zone *z, int64_t ms);
/* time_parse of iso8601.h, where unmarked times are in this zone. */
int zone_parse_time(const struct zone *z, struct view text, struct view format, int64_t *ms) must_check;

#endif
