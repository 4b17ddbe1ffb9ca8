/* SPDX-License-Identifier: MIT
 * How old a reading may be: age → fresh, late, stale, offline, and the moment a number turns into unknown.
 * Pure.
 *
 *   fresh  age <= max(90 s, 2 i)      late  age <= min(30 min, max(10 min, 3 i))
 *   stale  age <= 60 min              offline  more, or never observed
 * i is the feed's interval, declared or learned, in wall-clock ms; 0 if not known. Fresh never reaches beyond
 * late. A reading that is marked expired is stale at best.
 */
#ifndef PARKD_MODEL_FRESHNESS_H
#define PARKD_MODEL_FRESHNESS_H

#include "parkd/model/reading.h"

enum freshness freshness_of(const struct reading *r, int64_t interval_ms, int64_t now_ms);
/* The last ms at which its number (or band, or the number of a class or zone) is current, i.e. the end of
 * late; 0 if it never had one. */
int64_t freshness_valid_until(const struct reading *r, int64_t interval_ms);
/* May the number be shown as current? false for expired readings and those past valid_until. */
bool freshness_current(const struct reading *r, int64_t interval_ms, int64_t now_ms);
/* Learns an interval from the gap between two observations: a slow average, bounded to 1 s…30 min. A gap
 * beyond 4 intervals and 15 min counts as an outage, only as far as that. */
int64_t freshness_learn(int64_t interval_ms, int64_t gap_ms);

#endif
