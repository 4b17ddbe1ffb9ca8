/* SPDX-License-Identifier: MIT
 * Where a geometry is: points as they stand, the centroid of everything else. Pure; coordinates in their own
 * system.
 */
#ifndef PARKD_SRC_DIALECT_MAP_GEOMETRY_H
#define PARKD_SRC_DIALECT_MAP_GEOMETRY_H

#include "parkd/base/json.h"
#include "parkd/model/geo.h"

/* A GeoJSON geometry, a feature with one, or bare coordinates [x, y]; x in lng, y in lat. ERR_SYNTAX;
 * ERR_MISSING: null or empty. */
int geometry_of_json(const struct json *j, struct point *out) must_check;
/* "POINT (x y)", "POLYGON ((…))" …, with or without Z, M and "SRID=…;". ERR_SYNTAX; ERR_MISSING: EMPTY. */
int geometry_of_wkt(struct view text, struct point *out) must_check;

#endif
