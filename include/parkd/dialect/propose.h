/* SPDX-License-Identifier: MIT
 * Help for whoever writes a mapping: what a message holds that nobody looked at, and a first draft. Pure.
 *
 * A trace is handed to dialect_decode in ctx->trace: `generic` notes every node that a path of the mapping
 * found. For Lua dialects leftovers are judged by whether the file's text mentions the field's name.
 */
#ifndef PARKD_DIALECT_PROPOSE_H
#define PARKD_DIALECT_PROPOSE_H

#include "parkd/base/json_write.h"
#include "parkd/dialect/dialect.h"

struct dialect_trace *dialect_trace_new(void); /* NULL: out of memory */
void dialect_trace_free(struct dialect_trace *t);

/* An array of {"at","looks_like":"count"|"time","values":[up to 3],"in":how many items}: fields of the
 * message that were not used and whose values or names look like a count or a time, one entry a path with
 * positions left out
 * ("/data/ * /reatime_updated" without the blanks). At most 50. Nothing for a body that cannot be read. */
void dialect_write_leftovers(const struct dialect_session *s, const struct dialect_response *res,
                             const struct dialect_trace *t, struct json_writer *w);

/* A draft of a mapping for this body, by the names that feeds use (FEEDS' table in propose_names.def) and by
 * the check free + occupied = total: an object
 * {"mapping":{…},"sure":[…],"doubts":[{"field","at","value","instead":[{"at", "value"}],"why"}],"unused":[…as
 * above]}. Two candidates for one number are both told. ERR_NOT_FOUND: nothing in it looks like a lot;
 * ERR_SYNTAX …: it cannot be read. */
int dialect_propose(struct view content_type, struct view body, struct json_writer *w,
                    struct why *why) must_check;

#endif
