/* SPDX-License-Identifier: MIT
 * Writes JSON into a buf, member by member; keeps the commas right.
 *
 * `key` is NULL inside arrays and at the top. Strings are written as valid UTF-8: bad bytes become U+FFFD,
 * control characters are escaped. Errors stick in the buf (see buf.h); nesting is limited to
 * JSON_WRITE_DEPTH. Pure.
 */
#ifndef PARKD_BASE_JSON_WRITE_H
#define PARKD_BASE_JSON_WRITE_H

#include "parkd/base/buf.h"

#define JSON_WRITE_DEPTH 24

struct json;

struct json_writer {
    struct buf *b;
    int depth;
    bool comma[JSON_WRITE_DEPTH];
};

void jw_init(struct json_writer *w, struct buf *b);
void jw_object(struct json_writer *w, const char *key);
void jw_end_object(struct json_writer *w);
void jw_array(struct json_writer *w, const char *key);
void jw_end_array(struct json_writer *w);
void jw_str(struct json_writer *w, const char *key, const char *s);  /* NULL: null */
void jw_view(struct json_writer *w, const char *key, struct view v); /* as a string */
void jw_int(struct json_writer *w, const char *key, int64_t v);
void jw_real(struct json_writer *w, const char *key, double v, int decimals); /* not finite: null */
void jw_bool(struct json_writer *w, const char *key, bool v);
void jw_null(struct json_writer *w, const char *key);
/* A time in ms as RFC 3339 with Z; 0 gives null. */
void jw_time(struct json_writer *w, const char *key, int64_t ms);
/* A finished JSON value, verbatim. */
void jw_raw(struct json_writer *w, const char *key, struct view json);
/* An escaped string literal, with quotes, and nothing else: for keys that are data. */
void jw_quote(struct buf *b, struct view v);
/* A member whose name is data: writes the comma, the quoted name and the colon; a value call with key NULL
 * follows. */
void jw_key(struct json_writer *w, struct view key);
/* A parsed tree or part of one. */
void jw_json(struct json_writer *w, const char *key, const struct json *j);

#endif
