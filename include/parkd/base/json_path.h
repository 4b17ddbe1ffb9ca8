/* SPDX-License-Identifier: MIT
 * JSONPath (RFC 9535) over a parsed tree, compiled once and run often. Pure.
 *
 * Understood: '$', '@' (the node given), names ".a" "['a b ']", indexes (negative too), slices, "*", unions,
 * ".." and filters "[?@.type=='P' && @.n>=3]" with == != < <= > >= && || ! and existence tests on '@' and
 * '$'. Function extensions are refused by name. A path that starts with '/' or is empty is a JSON pointer
 * (RFC 6901). The path owns copies of its texts; results point into the tree. Work is bounded: every node
 * looked at is a step, long texts are several. Comparisons know no conversions: 0 is not "0".
 */
#ifndef PARKD_BASE_JSON_PATH_H
#define PARKD_BASE_JSON_PATH_H

#include "parkd/base/json.h"

#define JSON_PATH_MAX_STEPS 1000000 /* nodes that one evaluation may look at */
#define JSON_PATH_MAX_NODES 65536

struct json_path;

/* Where a node stands: itself, and what it stands in. Trails belong to the result that made them. */
struct json_trail {
    const struct json *node;
    const struct json_trail *up; /* NULL for the node that the evaluation started from */
    uint32_t index;              /* among its siblings */
};
struct json_nodes {
    const struct json_trail **v;
    size_t n;
    void *arena; /* of the implementation */
};

/* ERR_SYNTAX with the position in `why->text` ("at character 7: …"), ERR_NOMEM. */
int json_path_compile(struct view text, struct json_path **out, struct why *why) must_check;
void json_path_free(struct json_path *p);
bool json_path_from_root(const struct json_path *p); /* '$' */
/* At most one node, without filter, wildcard or descent: then json_path_one is cheap and says all. */
bool json_path_is_singular(const struct json_path *p);
/* The first node, NULL if there is none (or the budget ended before). `root` for '$', `from` for '@' and
 * pointers. */
const struct json *json_path_one(const struct json_path *p, const struct json *root, const struct json *from);
/* All nodes in the order of RFC 9535: of the document, in a union and a backward slice as written. `out`
 * needs no preparation and is freed with json_nodes_fini, also after an error. ERR_BUDGET (too many steps or
 * nodes), ERR_NOMEM. */
int json_path_all(const struct json_path *p, const struct json *root, const struct json *from,
                  struct json_nodes *out) must_check;
void json_nodes_fini(struct json_nodes *nodes);
/* The normalised place of a node as a JSON pointer below `prefix` ("/data/0/free"); cut when it is too long.
 */
void json_trail_pointer(const struct json_trail *t, const char *prefix, char *dst, size_t size);

#endif
