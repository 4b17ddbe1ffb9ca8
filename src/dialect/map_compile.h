/* SPDX-License-Identifier: MIT
 * Inside the compiler of mappings. Every function is strict: an unknown member, a path that is none, a word
 * that no report knows is an error here, not a silence in a year's data. Errors carry a pointer from the node
 * given.
 */
#ifndef PARKD_SRC_DIALECT_MAP_COMPILE_H
#define PARKD_SRC_DIALECT_MAP_COMPILE_H

#include "dialect/map.h"

struct map_compiler {
    struct mapping *m;
    const struct doc_spec *doc; /* of the messages that paths look into here */
    struct why *why;
    int depth, parts;
    int n_lets;       /* those that may be used here: the ones before */
    bool joins_known; /* `join` may be used here */
};

/* Zeroed memory of the mapping; counts parts. NULL (and `why` is set): too many, or out of memory. */
void *map_new(struct map_compiler *c, size_t n) must_check;
/* Errors of sub-nodes: puts the pointer before and passes the code on. */
int map_under(struct map_compiler *c, int err, const char *name);
int map_under_index(struct map_compiler *c, int err, size_t index);
int map_fail(struct map_compiler *c, int err, const char *at, const char *text);
bool map_is_scalar(const struct json *j);
/* Names of let variables and joins: letters, digits, '_'. */
bool map_is_name(struct view v);

int map_path_compile(struct map_compiler *c, const struct json *j, struct map_path *out) must_check;
/* Of an operator: always JSON, and '$' is the value that it goes on in. */
int map_path_inside(struct map_compiler *c, const struct json *j, struct map_path *out) must_check;
int map_regex_compile(struct map_compiler *c, const struct json *j, struct regex **out) must_check;
int map_zone_compile(struct map_compiler *c, const struct json *j, const struct zone **out) must_check;
int map_projection_compile(struct map_compiler *c, struct view name,
                           const struct projection **out) must_check;
/* "format" and "zone" of `j`, an object or NULL. */
int map_formats_compile(struct map_compiler *c, const struct json *format, const struct json *zone,
                        struct map_formats *out) must_check;
int map_marks_compile(struct map_compiler *c, const struct json *j, struct map_marks *out) must_check;
/* `holes`: bits of the kinds that mean something here. */
int map_template_compile(struct map_compiler *c, struct view text, unsigned holes,
                         struct map_template *out) must_check;

/* null gives NULL. `extra`: further members of an object that the caller reads (NULL: none). */
int map_value_compile(struct map_compiler *c, const struct json *j, const char *const *extra,
                      struct map_value **out) must_check;
/* A member; NULL (0) when it is absent. */
int map_want_value(struct map_compiler *c, const struct json *obj, const char *name, const char *const *extra,
                   struct map_value **out) must_check;
/* The same, where all nodes are wanted. */
int map_want_list(struct map_compiler *c, const struct json *obj, const char *name,
                  struct map_value **out) must_check;
int map_cond_compile(struct map_compiler *c, const struct json *j, bool message,
                     struct map_cond **out) must_check;
/* A condition, or a list of them. */
int map_conds_compile(struct map_compiler *c, const struct json *j, bool message,
                      struct map_conds *out) must_check;
/* An operator, or a list of them. */
int map_ops_compile(struct map_compiler *c, const struct json *j, struct map_value *out) must_check;

/* format, charset, csv, namespaces, encoding, items, single: of the mapping or of a join. */
int map_message_doc(struct map_compiler *c, const struct json *j, struct map_message *out) must_check;
int map_message_items(struct map_compiler *c, const struct json *j, struct map_message *out) must_check;
/* What the items' own paths look into: JSON, where they stand in a JSON text. */
const struct doc_spec *map_item_doc(const struct map_message *m);
/* lot … classes of `j`, over what `out` holds already. */
int map_fields_compile(struct map_compiler *c, const struct json *j, struct map_fields *out) must_check;
int map_zones_compile(struct map_compiler *c, const struct json *j, struct map_zones *out) must_check;
int map_joins_compile(struct map_compiler *c, const struct json *j) must_check;
/* method, headers, query, body, chunk, pages, reply. */
int map_requests_compile(struct map_compiler *c, const struct json *params) must_check;

#endif
