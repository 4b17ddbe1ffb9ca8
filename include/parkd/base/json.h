/* SPDX-License-Identifier: MIT
 * JSON from outside, read strictly; typed getters that name the place of what is wrong.
 *
 * cJSON accepts duplicate keys, 1e999, 01, bad UTF-8 and trailing bytes, so every text passes json_check
 * first. The only place that sees cJSON is json.c. A tree is owned by whoever parsed it; nodes and views into
 * it live as long as the tree. Getters never allocate. Pure.
 *
 * Failures fill `why` with a pointer relative to the node given ("/free"); callers prepend with why_under.
 */
#ifndef PARKD_BASE_JSON_H
#define PARKD_BASE_JSON_H

#include "parkd/base/view.h"

struct json;

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

#define JSON_MAX_DEPTH 16

/* Strict check: UTF-8, no NUL, no lone surrogates, no duplicate keys, numbers as RFC 8259 and finite, depth,
 * nothing behind the value. A leading UTF-8 byte order mark is accepted. ERR_SYNTAX with line and column in
 * `why`. */
int json_check(struct view text, struct why *why) must_check;
/* json_check, then the tree. ERR_SYNTAX, ERR_NOMEM. */
int json_parse(struct view text, struct json **out, struct why *why) must_check;
void json_free(struct json *tree);

enum json_kind json_kind(const struct json *j);
bool json_is(const struct json *j, enum json_kind kind); /* false for NULL */
size_t json_size(const struct json *j);                  /* members or elements; 0 for scalars */
const struct json *json_first(const struct json *j);     /* first member or element, NULL if none */
const struct json *json_next(const struct json *j);      /* the following sibling, NULL at the end */
struct view json_key(const struct json *j);              /* a member's name; empty for elements */
const struct json *json_get(const struct json *obj, const char *key); /* NULL if absent or not an object */
/* RFC 6901 pointer, e.g. "/data/0/free"; "" is the node itself. NULL if nothing is there. */
const struct json *json_at(const struct json *j, struct view pointer);

struct view json_text(const struct json *j); /* a string's bytes; empty otherwise */
double json_number(const struct json *j);    /* 0 for anything but a number */
bool json_true(const struct json *j);
/* The number as an exact integer in min…max. ERR_TYPE (not a number), ERR_RANGE (fraction or outside). */
int json_int(const struct json *j, int64_t min, int64_t max, int64_t *out) must_check;

/* Typed members of an object. `need` fails with ERR_MISSING when the member is absent or null; `want` then
 * leaves *out untouched and returns 0. Both fail with ERR_TYPE or ERR_RANGE for a wrong value. */
int json_need_int(const struct json *obj, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct why *why) must_check;
int json_want_int(const struct json *obj, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct why *why) must_check;
int json_need_str(const struct json *obj, const char *key, char *dst, size_t size,
                  struct why *why) must_check;
int json_want_str(const struct json *obj, const char *key, char *dst, size_t size,
                  struct why *why) must_check;
int json_want_real(const struct json *obj, const char *key, double min, double max, double *out,
                   struct why *why) must_check;
int json_want_bool(const struct json *obj, const char *key, bool *out, struct why *why) must_check;
/* An object or array member; *out NULL when absent. */
int json_want_node(const struct json *obj, const char *key, enum json_kind kind, const struct json **out,
                   struct why *why) must_check;
/* One of `names` (NULL-terminated); *out is the index. The message lists the names. */
int json_want_enum(const struct json *obj, const char *key, const char *const *names, int *out,
                   struct why *why) must_check;
/* Every member must be in `names` (NULL-terminated). ERR_UNKNOWN_KEY names the key and the nearest known one.
 */
int json_only(const struct json *obj, const char *const *names, struct why *why) must_check;
/* The nearest of `names` to `word` by edit distance, NULL when none is near. */
const char *nearest_name(struct view word, const char *const *names);

#endif
