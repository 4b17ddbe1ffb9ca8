/* SPDX-License-Identifier: MIT
 * Lots by their place on the map: which lie in a box, without looking at all of them. Pure.
 *
 * Points are WGS-84, whatever datum a registration has, so that distances are true ones. Made anew from the
 * registry when registrations changed; a lot's index is the registry's.
 */
#ifndef PARKD_MODEL_PLACES_H
#define PARKD_MODEL_PLACES_H

#include "parkd/model/geo.h"
#include "parkd/model/registry.h"

struct places;
struct places_box {
    double west, south, east, north;
};

struct places *places_new(void);
void places_free(struct places *p);
/* Takes the points of all lots. ERR_NOMEM leaves the old ones. */
int places_build(struct places *p, const struct registry *reg) must_check;
/* Calls fn for every lot in the box, in no particular order. A box that reaches over the date line or a pole
 * gives more than it holds: ask for the distance too. */
typedef void places_fn(void *ctx, uint32_t idx, struct point at);
void places_each(const struct places *p, struct places_box box, places_fn *fn, void *ctx);
/* All that is within metres of a point lies in this box. */
struct places_box places_around(struct point at, double metres);
size_t places_count(const struct places *p);

#endif
