/* SPDX-License-Identifier: MIT
 * Names of the closed vocabularies. Each has one table, in the order of its enum; a number outside the table
 * (a bug of ours) reads "?" and does not crash a log line.
 */
#include "parkd/model/words.h"

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

struct word {
    const char *name, *zh;
};

static const struct word classes[] = {
#define PLACE_CLASS(id, name, zh, en) {name, zh},
#include "parkd/model/place_class.def"
#undef PLACE_CLASS
};
static const struct word qualities[] = {
#define QUALITY(id, name, zh, meaning) {name, zh},
#include "parkd/model/quality.def"
#undef QUALITY
};
static const struct word statuses[] = {[STATUS_UNKNOWN] = {"unknown", "未知"},
                                       [STATUS_OPEN] = {"open", "开放"},
                                       [STATUS_CLOSED] = {"closed", "关闭"}};
static const struct word bands[] = {[BAND_UNKNOWN] = {"unknown", "未知"},
                                    [BAND_FULL] = {"full", "已满"},
                                    [BAND_FEW] = {"few", "紧张"},
                                    [BAND_SOME] = {"some", "较少"},
                                    [BAND_PLENTY] = {"plenty", "充足"}};
static const struct word freshnesses[] = {[FRESH] = {"fresh", "实时"},
                                          [LATE] = {"late", "延迟"},
                                          [STALE] = {"stale", "过期"},
                                          [OFFLINE] = {"offline", "离线"}};

static const struct word *word_at(const struct word *table, size_t n, unsigned i)
{
    static const struct word none = {"?", "?"};
    return i < n ? &table[i] : &none;
}

static int word_find(const struct word *table, size_t n, struct view name)
{
    for (size_t i = 0; i < n; i++)
        if (view_is(name, table[i].name))
            return (int)i;
    return ERR_NOT_FOUND;
}

const char *place_class_name(enum place_class c)
{
    return word_at(classes, COUNT_OF(classes), (unsigned)c)->name;
}

const char *place_class_zh(enum place_class c)
{
    return word_at(classes, COUNT_OF(classes), (unsigned)c)->zh;
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
    return word_at(qualities, COUNT_OF(qualities), (unsigned)bit)->name;
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
    return word_at(statuses, COUNT_OF(statuses), (unsigned)s)->name;
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
    return word_at(bands, COUNT_OF(bands), (unsigned)b)->name;
}

const char *band_zh(enum band b)
{
    return word_at(bands, COUNT_OF(bands), (unsigned)b)->zh;
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
    return word_at(freshnesses, COUNT_OF(freshnesses), (unsigned)f)->name;
}
