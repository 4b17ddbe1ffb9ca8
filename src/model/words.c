/* SPDX-License-Identifier: MIT
 * Names of the closed vocabularies. Each has one table, in the order of its enum; a number outside the table
 * (a bug of ours) reads "?" and does not crash a log line.
 */
#include "parkd/model/words.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

static const char *const nouns[] = {
#define NOUN(id, name, plural) name,
#include "parkd/model/nouns.def"
#undef NOUN
};
static const char *const noun_plurals[] = {
#define NOUN(id, name, plural) plural,
#include "parkd/model/nouns.def"
#undef NOUN
};
static const char *const classes[] = {
#define PLACE_CLASS(id, name, zh, en) name,
#include "parkd/model/place_class.def"
#undef PLACE_CLASS
};
static const char *const qualities[] = {
#define QUALITY(id, name, zh, meaning) name,
#include "parkd/model/quality.def"
#undef QUALITY
};
static const char *const statuses[] = {
    [STATUS_UNKNOWN] = "unknown", [STATUS_OPEN] = "open", [STATUS_CLOSED] = "closed"};
static const char *const bands[] = {[BAND_UNKNOWN] = "unknown",
                                    [BAND_FULL] = "full",
                                    [BAND_FEW] = "few",
                                    [BAND_SOME] = "some",
                                    [BAND_PLENTY] = "plenty"};
static const char *const freshnesses[] = {
    [FRESH] = "fresh", [LATE] = "late", [STALE] = "stale", [OFFLINE] = "offline"};

static const char *word_at(const char *const *table, size_t n, unsigned i)
{
    return i < n ? table[i] : "?";
}

static int word_find(const char *const *table, size_t n, struct view name)
{
    for (size_t i = 0; i < n; i++)
        if (view_is(name, table[i]))
            return (int)i;
    return ERR_NOT_FOUND;
}

const char *noun_name(enum noun n)
{
    return word_at(nouns, COUNT_OF(nouns), (unsigned)n);
}

const char *noun_plural(enum noun n)
{
    return word_at(noun_plurals, COUNT_OF(noun_plurals), (unsigned)n);
}

int noun_of(struct view name, enum noun *out)
{
    int i = word_find(nouns, COUNT_OF(nouns), name);
    if (i < 0)
        return i;
    *out = (enum noun)i;
    return 0;
}

const char *place_class_name(enum place_class c)
{
    return word_at(classes, COUNT_OF(classes), (unsigned)c);
}

int place_class_of(struct view name, enum place_class *out)
{
    int i = word_find(classes, COUNT_OF(classes), name);
    if (i < 0)
        return i;
    *out = (enum place_class)i;
    return 0;
}

const char *quality_name(enum quality_bit bit)
{
    return word_at(qualities, COUNT_OF(qualities), (unsigned)bit);
}

int quality_of(struct view name, uint32_t *bit_mask)
{
    int i = word_find(qualities, COUNT_OF(qualities), name);
    if (i < 0)
        return i;
    *bit_mask = UINT32_C(1) << i;
    return 0;
}

const char *status_name(enum lot_status s)
{
    return word_at(statuses, COUNT_OF(statuses), (unsigned)s);
}

int status_of(struct view name, enum lot_status *out)
{
    int i = word_find(statuses, COUNT_OF(statuses), name);
    if (i < 0)
        return i;
    *out = (enum lot_status)i;
    return 0;
}

const char *band_name(enum band b)
{
    return word_at(bands, COUNT_OF(bands), (unsigned)b);
}

int band_of(struct view name, enum band *out)
{
    int i = word_find(bands, COUNT_OF(bands), name);
    if (i < 0)
        return i;
    *out = (enum band)i;
    return 0;
}

const char *freshness_name(enum freshness f)
{
    return word_at(freshnesses, COUNT_OF(freshnesses), (unsigned)f);
}
