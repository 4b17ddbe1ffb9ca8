/* SPDX-License-Identifier: MIT
 * A lot's place from a message, in WGS-84. Pure but for the reference systems that PROJ opens.
 */
#ifndef PARKD_SRC_DIALECT_MAP_POINT_H
#define PARKD_SRC_DIALECT_MAP_POINT_H

#include "dialect/map_eval.h"

/* 0; ERR_MISSING: the feed says none; another: *bad says where and why. */
int map_point_eval(struct map_eval *e, const struct map_frame *f, const struct map_point *p,
                   struct point *out, struct found *bad) must_check;

#endif
