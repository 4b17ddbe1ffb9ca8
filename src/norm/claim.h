/* SPDX-License-Identifier: MIT
 * The counts of one report made into the counts of a reading: range checks, which number wins, clamping and
 * its flags. Knows nothing of times. Pure.
 */
#ifndef PARKD_NORM_CLAIM_PRIVATE_H
#define PARKD_NORM_CLAIM_PRIVATE_H

#include "parkd/model/reading.h"

/* ERR_RANGE and `why` for the first count that no car park has. */
int claim_check(const struct report *rep, struct why *why) must_check;
/* Does the report say anything beside how many places are free (status, capacity, classes, zones)? */
bool claim_speaks(const struct report *rep);
/* open and total: the report's, else the registration's; flags what contradicts itself. */
void claim_capacity(const struct lot *lot, const struct report *rep, struct reading *out);
/* The free places that the report claims, unclamped; sets QUALITY_DERIVED on `out` when computed from its
 * capacity. False: it claims none, or too little to compute one. */
bool claim_free(const struct report *rep, struct reading *out, int64_t *raw);
/* The office's correction as it stands at `now_ms`; NULL: none. */
const struct correction *claim_correction(const struct lot *lot, int64_t now_ms);
/* Takes `raw`, corrected (c NULL: as it is; else flagged `manual`), as free: clamps it to the capacity in
 * `out`, flags that, keeps the raw value. */
void claim_set_free(struct reading *out, int64_t raw, const struct correction *c);
/* What bands are counted from: open, else total. */
int32_t claim_base(const struct reading *r);
/* Puts the classes and zones that the report names over those in `out`. Zones without a usable id, or named
 * twice, are left out: they must not cost the lot. */
void claim_places(const struct lot *lot, const struct report *rep, struct reading *out);

#endif
