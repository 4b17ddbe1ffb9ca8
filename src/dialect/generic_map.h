/* SPDX-License-Identifier: MIT
 * The mapping of the dialect `generic`: how the words of a feed become a report. Compiled once, when a
 * session is opened; every error in it is reported then, with its place. Pure.
 *
 * A field knows only where its value comes from; what a value is (a count, a word, a time) is read from a
 * struct map_value, which no longer knows the format. So another format adds a way to make map_values, and
 * another way to find one adds a map_source.
 */
#ifndef PARKD_SRC_DIALECT_GENERIC_MAP_H
#define PARKD_SRC_DIALECT_GENERIC_MAP_H

#include "dialect/count.h"
#include "parkd/base/json.h"

#define MAP_FILTERS_MAX 8

enum map_source { MAP_ABSENT, MAP_PATH, MAP_CONST, MAP_KEY };

struct map_field {
    enum map_source source;
    struct view path; /* RFC 6901, from the item, or from the root */
    bool root;
    const struct json *value;    /* MAP_CONST */
    const struct json *fallback; /* where the feed says nothing; NULL none */
};

/* The value of a field has to be one of these. */
struct map_test {
    struct map_field field;
    const struct json *equals; /* an array of scalars */
};

enum map_derive { DERIVE_NONE, DERIVE_TOTAL, DERIVE_OPEN };

/* Views and nodes point into the mapping's JSON tree, which must live as long. */
struct mapping {
    struct view items;
    bool single;
    bool has_success;
    struct map_test success;
    struct map_field message; /* of the envelope, for the words of a failure */
    struct map_test filters[MAP_FILTERS_MAX];
    int n_filters;
    struct map_field lot, counts[COUNT_KINDS], status, time;
    const struct json *status_map;
    struct view time_format;
    int zone_minutes;
    struct map_field class_free[PLACE_CLASS_N], class_total[PLACE_CLASS_N];
    bool text_counts;
    char thousands;             /* '\0' none */
    const struct json *unknown; /* array of values that mean "unknown"; NULL none */
    enum map_derive derive;
};

/* ERR_* with a pointer from the mapping's root ("/status/map"). */
int mapping_compile(const struct json *j, struct mapping *out, struct why *why) must_check;
/* Reads a whole message. Errors name what is wrong with it as a whole; wrong items and fields become faults.
 */
int mapping_read(const struct mapping *m, const struct json *root, struct report_list *out,
                 struct why *why) must_check;

#endif
