/* SPDX-License-Identifier: MIT
 * The closed vocabularies of the domain and their names in JSON, Redis and texts. Pure values.
 */
#ifndef PARKD_MODEL_WORDS_H
#define PARKD_MODEL_WORDS_H

#include <stdint.h>

#include "parkd/base/view.h"

enum place_class {
#define PLACE_CLASS(id, name, zh, en) id,
#include "parkd/model/place_class.def"
#undef PLACE_CLASS
    PLACE_CLASS_N
};

enum quality_bit {
#define QUALITY(id, name, zh, meaning) id##_BIT,
#include "parkd/model/quality.def"
#undef QUALITY
    QUALITY_N
};
enum quality {
#define QUALITY(id, name, zh, meaning) id = 1 << id##_BIT,
#include "parkd/model/quality.def"
#undef QUALITY
};

enum noun {
#define NOUN(id, name, plural) id,
#include "parkd/model/nouns.def"
#undef NOUN
    NOUN_N
};

enum lot_status { STATUS_UNKNOWN, STATUS_OPEN, STATUS_CLOSED };
enum band { BAND_UNKNOWN, BAND_FULL, BAND_FEW, BAND_SOME, BAND_PLENTY };
enum freshness { FRESH, LATE, STALE, OFFLINE };

const char *noun_name(enum noun n);                       /* "lot" */
const char *noun_plural(enum noun n);                     /* "lots" */
int noun_of(struct view name, enum noun *out) must_check; /* of noun_name; ERR_NOT_FOUND */
const char *place_class_name(enum place_class c);
int place_class_of(struct view name, enum place_class *out) must_check; /* ERR_NOT_FOUND */
const char *quality_name(enum quality_bit bit);
int quality_of(struct view name, uint32_t *bit_mask) must_check; /* ERR_NOT_FOUND */
const char *status_name(enum lot_status s);
int status_of(struct view name, enum lot_status *out) must_check;
const char *band_name(enum band b);
int band_of(struct view name, enum band *out) must_check;
const char *freshness_name(enum freshness f);

#endif
