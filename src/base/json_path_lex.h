/* SPDX-License-Identifier: MIT
 * The words of JSONPath for its compiler: blanks, names, strings and numbers. Each reader moves the cursor on
 * success; the first fault stays, with the character where it stands.
 */
#ifndef PARKD_BASE_JSON_PATH_LEX_H
#define PARKD_BASE_JSON_PATH_LEX_H

#include "base/json_path_impl.h"

struct parser {
    const char *start, *p, *end;
    struct path_block **arena;
    int depth; /* of filters and parentheses */
    int rc;
    struct why *why;
};

/* Both return false, so that a reader can end with them. path_fail says "ends too early" at the end. */
bool path_fail_at(struct parser *ps, const char *at, const char *fmt, ...) printf_like(3, 4);
bool path_fail(struct parser *ps, const char *reason);
/* Memory of the arena; NULL sets the fault. */
void *path_need(struct parser *ps, size_t size);

bool path_next_is(const struct parser *ps, char c);
bool path_next_is_digit(const struct parser *ps);
bool path_eat(struct parser *ps, char c);
bool path_eat_word(struct parser *ps, const char *word);
void path_skip_blanks(struct parser *ps);
/* Letters, digits and '_', whatever comes first; empty if there are none. */
struct view path_word(struct parser *ps);

bool path_name(struct parser *ps, struct view *out);   /* behind a dot */
bool path_quoted(struct parser *ps, struct view *out); /* the cursor is on the quote */
bool path_integer(struct parser *ps, int64_t *out);
bool path_number(struct parser *ps, double *out);

#endif
