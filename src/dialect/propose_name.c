/* SPDX-License-Identifier: MIT
 * What names of fields suggest; propose_names.def is the table.
 */
#include <string.h>

#include "dialect/propose_tree.h"

struct row {
    enum want want;
    const char *name;
};
static const struct row names[] = {
#define NAME(want, name) {want, name},
#define PART(want, name)
#define NEVER(name)
#define NEVER_PART(name)
#include "dialect/propose_names.def"
#undef NAME
#undef PART
#undef NEVER
#undef NEVER_PART
};
static const struct row parts[] = {
#define NAME(want, name)
#define PART(want, name) {want, name},
#define NEVER(name)
#define NEVER_PART(name)
#include "dialect/propose_names.def"
#undef NAME
#undef PART
#undef NEVER
#undef NEVER_PART
};
static const char *const never[] = {
#define NAME(want, name)
#define PART(want, name)
#define NEVER(name) name,
#define NEVER_PART(name)
#include "dialect/propose_names.def"
#undef NAME
#undef PART
#undef NEVER
#undef NEVER_PART
};
static const char *const never_parts[] = {
#define NAME(want, name)
#define PART(want, name)
#define NEVER(name)
#define NEVER_PART(name) name,
#include "dialect/propose_names.def"
#undef NAME
#undef PART
#undef NEVER
#undef NEVER_PART
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ä → a and so on: the second byte of the two-byte forms after 0xC3. */
static char without_umlaut(unsigned char c)
{
    static const struct {
        unsigned char low, high;
        char plain;
    } rows[] = {{0x80, 0x85, 'a'}, {0xA0, 0xA5, 'a'}, {0x88, 0x8B, 'e'}, {0xA8, 0xAB, 'e'},
                {0x8C, 0x8F, 'i'}, {0xAC, 0xAF, 'i'}, {0x92, 0x96, 'o'}, {0xB2, 0xB6, 'o'},
                {0x99, 0x9C, 'u'}, {0xB9, 0xBC, 'u'}, {0x9F, 0x9F, 's'}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (c >= rows[i].low && c <= rows[i].high)
            return rows[i].plain;
    }
    return 0;
}

void name_flatten(struct view name, char dst[64])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < 63; i++) {
        unsigned char c = (unsigned char)name.p[i];
        char plain = c == 0xC3 && i + 1 < name.n ? without_umlaut((unsigned char)name.p[i + 1]) : 0;
        if (plain) {
            dst[n++] = plain;
            i++;
        } else if (!strchr("_-. @/", c)) {
            dst[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : (char)c;
        }
    }
    dst[n] = '\0';
}

static bool is_never(const char *flat)
{
    for (size_t i = 0; i < COUNT(never); i++) {
        if (strcmp(flat, never[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT(never_parts); i++) {
        if (strstr(flat, never_parts[i]))
            return true;
    }
    return false;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

/* "osStoreCode", "garage_no": a name that ends like an identifier. */
static int suggests_id(const char *flat)
{
    static const char *const ends[] = {"id", "code", "uuid", "key", "no", "ref", "nr", "cd"};
    static const char *const things[] = {"park", "lot", "garage", "store", "site", "facility", "station"};
    for (size_t i = 0; i < COUNT(ends); i++) {
        if (!ends_with(flat, ends[i]))
            continue;
        for (size_t k = 0; k < COUNT(things); k++) {
            if (strstr(flat, things[k]))
                return SCORE_PART + 20;
        }
        return SCORE_PART - 20;
    }
    return 0;
}

bool name_is_possible(struct view name)
{
    char flat[64];
    name_flatten(name, flat);
    return !is_never(flat);
}

int name_suggests(struct view name, enum want *w)
{
    char flat[64];
    name_flatten(name, flat);
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(flat, names[i].name) == 0) {
            *w = names[i].want;
            return SCORE_EXACT;
        }
    }
    if (is_never(flat))
        return 0;
    *w = WANT_LOT;
    int id = suggests_id(flat);
    if (id)
        return id;
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strstr(flat, parts[i].name)) {
            *w = parts[i].want;
            return SCORE_PART;
        }
    }
    return 0;
}

bool name_is_of_part(struct view name)
{
    static const char *const of_part[] = {
        "area",     "perm",  "reserv", "fixed",  "month", "vip",   "cardtype", "zone", "level", "floor",
        "handicap", "disab", "charg",  "ladest", "bike",  "truck", "lkw",      "bus",  "固定",  "月租",
        "预留",     "预约",  "充电",   "区域",   "分区",  "楼层",  "无障碍",   "子场"};
    char flat[64];
    name_flatten(name, flat);
    for (size_t i = 0; i < COUNT(of_part); i++) {
        if (strstr(flat, of_part[i]))
            return true;
    }
    return false;
}
