/* SPDX-License-Identifier: MIT
 * WGS-84, GCJ-02 and BD-09 to each other; distance. Pure. Longitude first, degrees.
 *
 * WGS→GCJ: the public series with a = 6378245.0, ee = 0.00669342162296594323, no effect
 * outside 72.004…137.8347 E, 0.8293…55.8271 N. GCJ→WGS by two fixed-point steps (< 0.1 mm). BD↔GCJ with x_pi
 * = pi × 3000 / 180.
 */
#ifndef PARKD_MODEL_GEO_H
#define PARKD_MODEL_GEO_H

#include "parkd/model/lot.h"

struct point {
    double lng, lat;
};

struct point geo_convert(struct point p, enum datum from, enum datum to);
/* Metres on the sphere (haversine, R = 6371008.8). Both points in the same datum. */
double geo_distance(struct point a, struct point b);
/* A plausible point: finite, |lng| <= 180, |lat| <= 90. */
bool geo_valid(struct point p);

#endif
