/* SPDX-License-Identifier: MIT
 * An answer in gzip, unfolded when it is whole. Private to src/net/fetch_op.c.
 */
#ifndef PARKD_NET_FETCH_GZIP_H
#define PARKD_NET_FETCH_GZIP_H

#include "parkd/base/buf.h"

/* Appends what `folded` holds to `out`, whose limit bounds it. ERR_TOO_BIG: it holds more; ERR_PROTOCOL with
 * `words` (static): it is broken, breaks off, or goes on behind its end; ERR_NOMEM. */
int fetch_gunzip(struct view folded, struct buf *out, const char **words) must_check;

#endif
