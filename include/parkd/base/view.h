/* SPDX-License-Identifier: MIT
 * A borrowed run of bytes: pointer and length. Nothing that came from the network is used as a C string.
 *
 * A view owns nothing and is valid as long as what it points into. {NULL, 0} is the empty view.
 */
#ifndef PARKD_BASE_VIEW_H
#define PARKD_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parkd/base/err.h"

struct view {
    const char *p;
    size_t n;
};

/* View of a NUL-terminated string; NULL gives the empty view. */
struct view view_of(const char *s);
/* A view of a string literal at compile time. */
#define VIEW(literal) ((struct view){(literal), sizeof(literal) - 1})
#define VIEW_FMT      "%.*s"
#define VIEW_ARG(v)   (int)(v).n, (v).p ? (v).p : ""

bool view_eq(struct view a, struct view b);
bool view_is(struct view a, const char *s);
bool view_ieq(struct view a, const char *s); /* ASCII letters without regard to case */
bool view_starts(struct view a, const char *prefix);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct view view_trim(struct view a);
/* Cuts `*rest` at the first `sep`: returns what stands before it and moves `*rest` behind it. Without `sep`
 * returns all and leaves `*rest` empty with p == NULL. */
struct view view_cut(struct view *rest, char sep);
/* What likely separates the cells of this line: the most frequent of ; tab | and comma. 0: none is there. */
char view_delimiter(struct view line);
/* Copies into dst of `size` bytes, always terminated. ERR_TOO_BIG (and an empty dst) when it does not fit
 * whole. */
int view_copy(struct view a, char *dst, size_t size) must_check;
/* Heap copy, NUL-terminated; the caller frees. NULL when memory is out. */
char *view_dup(struct view a);
/* Decimal integer, optional '-', nothing else, min…max. ERR_SYNTAX, ERR_RANGE. */
int view_to_int(struct view a, int64_t min, int64_t max, int64_t *out) must_check;
/* Decimal number with optional fraction and exponent; finite only. ERR_SYNTAX, ERR_RANGE. */
int view_to_real(struct view a, double *out) must_check;
/* The value of a hexadecimal digit of either case; -1: it is none. */
int hex_digit(char c);
/* A token of RFC 9110, such as a header's name? */
bool view_is_token(struct view a);
/* What stands first, at most n bytes, cut between characters. */
struct view view_head(struct view a, size_t n);
/* Well-formed UTF-8 without NUL, surrogates or overlong forms? */
bool view_is_utf8(struct view a);
/* FNV-1a, 64 bit: for spreading, never for security. */
uint64_t view_hash(struct view a);

#endif
