/* SPDX-License-Identifier: MIT
 * Coordinates of feeds to WGS-84: the datums of geo.h by name, every other reference system by PROJ
 * ("EPSG:25832"). PROJ reads its data files when a projection is opened; one projection is used by one thread
 * at a time.
 */
#ifndef PARKD_MODEL_PROJECTION_H
#define PARKD_MODEL_PROJECTION_H

#include "parkd/model/geo.h"

struct projection;

/* "wgs84", "gcj02", "bd09" (any case, '-' and '_' ignored), "EPSG:…". ERR_NOT_FOUND with words, ERR_NOMEM. */
int projection_open(struct view name, struct projection **out, struct why *why) must_check;
void projection_free(struct projection *p);
/* x is longitude or easting, y latitude or northing, whatever order the system's definition has. ERR_RANGE:
 * outside of what the system covers, or no plausible point. */
int projection_to_wgs84(const struct projection *p, double x, double y, struct point *out) must_check;

#endif
