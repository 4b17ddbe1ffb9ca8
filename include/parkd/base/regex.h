/* SPDX-License-Identifier: MIT
 * Regular expressions (PCRE2, UTF-8), with a bound on steps and memory: patterns and subjects come from
 * outside. Pure.
 */
#ifndef PARKD_BASE_REGEX_H
#define PARKD_BASE_REGEX_H

#include "parkd/base/buf.h"

#define REGEX_MAX_PATTERN 512
#define REGEX_MAX_SUBJECT (64 * 1024)

struct regex;

/* ERR_SYNTAX with PCRE2's words and the offset, also for repeat counts above 999; ERR_TOO_BIG, ERR_NOMEM. */
int regex_compile(struct view pattern, struct regex **out, struct why *why) must_check;
void regex_free(struct regex *r);
/* 0: found, and `group` is what the group with that number matched (0: the whole; empty view with p NULL if
 * the group took no part). ERR_NOT_FOUND, ERR_BUDGET, ERR_TOO_BIG (subject), ERR_INVALID (no such group). */
int regex_find(const struct regex *r, struct view subject, int group, struct view *out) must_check;
int regex_groups(const struct regex *r);
/* Every match replaced; "$1" or "${1}" in `with` is a group, "$$" a dollar. Appends. ERR_SYNTAX (`with`, also
 * when nothing matches), ERR_BUDGET, ERR_TOO_BIG. */
int regex_replace(const struct regex *r, struct view subject, struct view with, struct buf *out) must_check;

#endif
