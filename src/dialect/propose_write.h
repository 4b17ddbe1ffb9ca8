/* SPDX-License-Identifier: MIT
 * Between propose_write.c, which writes the draft, and propose_doubt.c, which says what of it is sure and
 * what is not.
 */
#ifndef PARKD_SRC_DIALECT_PROPOSE_WRITE_H
#define PARKD_SRC_DIALECT_PROPOSE_WRITE_H

#include "dialect/propose_tree.h"

extern const char *const propose_want_names[WANT_N]; /* as the mapping calls them */

/* The answer's own code, and what stands beside it. */
struct envelope {
    const struct part *code, *message;
    bool known; /* a value that means "well" everywhere */
};
bool propose_name_is_one_of(struct view name, const char *const *names);
/* Does a time of this format say its zone? */
bool propose_has_zone(const char *format, const struct field *f);
/* Does every word of a status mean something to us? */
bool propose_knows_words(const struct item_set *set, const struct field *f);
/* Is -1 taken for unknown? */
bool propose_takes_minus_one(const struct item_set *set, const struct pick *p);
void propose_write_scalar(struct json_writer *w, const char *key, const struct part *p);

/* Members "sure" and "doubts". */
void propose_write_doubts(const struct item_set *set, const struct pick *p, const struct envelope *e,
                          struct json_writer *w);

#endif
