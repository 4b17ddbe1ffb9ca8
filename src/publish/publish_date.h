/* SPDX-License-Identifier: MIT
 * Days as platforms count them: in Beijing, as yyyymmdd. Which of them is due for its statement, and until
 * when it is tried. Pure; times are wall-clock ms since 1970.
 */
#ifndef PARKD_SRC_PUBLISH_PUBLISH_DATE_H
#define PARKD_SRC_PUBLISH_PUBLISH_DATE_H

#include <stdint.h>

#define PUBLISH_DATE_SIZE 11 /* "2026-11-22" */

/* The day so many days before that of the moment. */
uint32_t publish_date_before(int64_t wall_ms, int days);
/* The oldest day after `done` that may be told now: the day before from 00:20 on, and two more for a parkd
 * that was away. 0: none. */
uint32_t publish_date_due(int64_t wall_ms, uint32_t done);
/* When a statement begun at that moment is given up: at 06:00 of the day after, or where it began later, as
 * long after its beginning. */
int64_t publish_date_give_up(uint32_t date, int64_t begun_ms);
char *publish_date_text(uint32_t date, char dst[PUBLISH_DATE_SIZE]);

#endif
