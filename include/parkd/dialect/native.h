/* SPDX-License-Identifier: MIT
 * parkd's own format, in C, on the fast path. Pure. The format and its version are described by
 * src/api/native.schema.json.
 */
#ifndef PARKD_DIALECT_NATIVE_H
#define PARKD_DIALECT_NATIVE_H

#include "parkd/dialect/dialect.h"

#define NATIVE_VERSION "1.0"

/* An envelope, {"items":[…]} or one bare item → reports; wrong items become faults with pointers from the
 * body's root, the rest goes on. ERR_SYNTAX, ERR_TYPE, ERR_TOO_BIG (more than REPORT_LIST_MAX items) for the
 * whole. */
int native_decode(struct view body, struct report_list *out, struct why *why) must_check;
/* The envelope for a sink. */
int native_encode(const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                  struct buf *out) must_check;

#endif
