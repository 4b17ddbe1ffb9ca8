/* SPDX-License-Identifier: MIT
 * Any charset that iconv knows, to and from UTF-8. Pure.
 *
 * "GB2312" and "GBK" are read as GB18030, "ISO-8859-1" as windows-1252, as the Encoding Standard of the web
 * says: senders name the smaller set and send the larger one. Sets that the web gave up (ISO-2022-*, UTF-7,
 * EBCDIC) are not known. What is made is appended to `out`.
 */
#ifndef PARKD_BASE_CHARSET_H
#define PARKD_BASE_CHARSET_H

#include "parkd/base/buf.h"

#define CHARSET_SIZE 32

/* Is it a charset that can be read? ERR_NOT_FOUND. */
int charset_check(struct view name) must_check;
/* Bytes in `charset` to UTF-8 without byte order mark. ERR_NOT_FOUND, ERR_SYNTAX (bytes that are none in this
 * charset; `*at` says where, NULL is fine), ERR_TOO_BIG, ERR_NOMEM. */
int charset_to_utf8(struct buf *out, struct view charset, struct view bytes, size_t *at) must_check;
int charset_from_utf8(struct buf *out, struct view charset, struct view text) must_check;
/* The charset that a Content-Type names ("text/csv; charset=\"GBK\""), empty if none. */
struct view charset_of_type(struct view content_type);

#endif
