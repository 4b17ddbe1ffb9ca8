/* SPDX-License-Identifier: MIT
 * What a compiled JSONPath is made of: a query is a chain of segments, a segment has selectors, a filter is a
 * tree of conditions. Everything lives in the path's arena and is read-only once compiled. JSON pointers
 * become segments too, with one SELECT_TOKEN each.
 */
#ifndef PARKD_BASE_JSON_PATH_PRIVATE_H
#define PARKD_BASE_JSON_PATH_PRIVATE_H

#include "parkd/base/json_path.h"

struct path_block;
struct path_condition;

enum path_select { SELECT_NAME, SELECT_TOKEN, SELECT_INDEX, SELECT_SLICE, SELECT_ALL, SELECT_FILTER };
enum path_compare { COMPARE_EQ, COMPARE_NE, COMPARE_LE, COMPARE_LT, COMPARE_GE, COMPARE_GT };
enum path_logic { LOGIC_OR, LOGIC_AND, LOGIC_NOT, LOGIC_EXISTS, LOGIC_COMPARE };

struct path_slice {
    bool has_from, has_to;
    int64_t from, to, step;
};
struct path_selector {
    enum path_select kind;
    struct view name;
    int64_t index; /* of a token: -1 if it cannot be an index */
    struct path_slice slice;
    const struct path_condition *filter;
    struct path_selector *next;
};
struct path_segment {
    bool descend;
    struct path_selector *first;
    struct path_segment *next;
};
struct path_query {
    bool from_root;
    bool singular;
    struct path_segment *first;
};
/* One side of a comparison: a singular query, or a literal when `query` is NULL. */
struct path_operand {
    const struct path_query *query;
    enum json_kind kind;
    struct view text;
    double number;
    bool truth;
};
struct path_condition {
    enum path_logic kind;
    const struct path_condition *left, *right; /* NOT: left */
    const struct path_query *query;            /* EXISTS */
    enum path_compare compare;
    struct path_operand a, b;
};
struct json_path {
    struct path_block *arena;
    struct path_query query;
};

/* Zeroed memory that lives until the arena is freed; NULL when memory is out. */
void *path_alloc(struct path_block **arena, size_t size);
void path_arena_free(struct path_block *arena);

#endif
