/* SPDX-License-Identifier: MIT
 * Times of the field to and from milliseconds since 1970 (UTC). Pure: no clock, no environment, no locale.
 *
 * Years 1970…2199; leap second 60 is read as 59. Unmarked times are in the zone given.
 */
#ifndef PARKD_BASE_ISO8601_H
#define PARKD_BASE_ISO8601_H

#include "parkd/base/view.h"

#define ISO8601_SIZE 32 /* bytes for iso8601_format, with the NUL */

#define MINUTE_MS   INT64_C(60000)
#define HOUR_MS     (60 * MINUTE_MS)
#define DAY_MS      (24 * HOUR_MS)
#define BEIJING_MS  (8 * HOUR_MS)        /* east of UTC, all year */
#define TIME_MAX_MS (84006 * DAY_MS - 1) /* the end of 2199 */

/* RFC 3339 with 'T', 't' or a blank, optional fraction, Z or ±HH:MM. ERR_SYNTAX, ERR_RANGE. */
int iso8601_parse(struct view text, int64_t *ms) must_check;
/* "2026-11-22T08:00:00Z", with ".123" when the milliseconds are not zero. Returns dst. */
char *iso8601_format(int64_t ms, char dst[ISO8601_SIZE]);

/* "UTC", "Z", "Asia/Shanghai", "PRC" or ±HH:MM to minutes east. ERR_INVALID for any other zone. */
int zone_offset(struct view zone, int *minutes) must_check;
/* A time by format: "iso" (zone optional), "s", "ms" (numbers or digit strings), "rfc1123", or a
 * strptime-like pattern of %Y %m %d %H %M %S %y %z %T %F %% and literal bytes. Unmarked times are
 * `zone_minutes` east of UTC. ERR_SYNTAX, ERR_RANGE, ERR_INVALID (a pattern that is not understood). */
int time_parse(struct view text, struct view format, int zone_minutes, int64_t *ms) must_check;
/* The same pattern language for writing, without %z; ERR_INVALID, ERR_TOO_BIG. */
int time_print(int64_t ms, const char *pattern, int zone_minutes, char *dst, size_t size) must_check;

/* Days since 1970-01-01 to civil date and back (H. Hinnant's algorithm, proleptic Gregorian). */
void civil_of_days(int64_t days, int *year, int *month, int *day);
int64_t days_of_civil(int year, int month, int day);

#endif
