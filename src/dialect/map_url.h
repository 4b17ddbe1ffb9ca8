/* SPDX-License-Identifier: MIT
 * URLs of further requests: relative to the one that named them, and whether they stay with the same host.
 * Pure.
 */
#ifndef PARKD_SRC_DIALECT_MAP_URL_H
#define PARKD_SRC_DIALECT_MAP_URL_H

#include "parkd/base/buf.h"

/* `ref` as seen from `base` (RFC 3986, without fragments). ERR_TOO_BIG, ERR_NOMEM; ERR_INVALID: `base` is not
 * absolute. */
int url_resolve(struct view base, struct view ref, struct buf *out) must_check;
/* Scheme, host and port the same, as they are written? */
bool url_same_origin(struct view a, struct view b);

#endif
