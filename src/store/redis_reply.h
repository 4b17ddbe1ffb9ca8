/* SPDX-License-Identifier: MIT
 * A reply of Redis, without hiredis' types. Borrowed: valid during the callback. Every getter takes NULL and
 * the wrong kind.
 */
#ifndef PARKD_STORE_REDIS_REPLY_H
#define PARKD_STORE_REDIS_REPLY_H

#include "parkd/base/view.h"

struct reply;

bool reply_nil(const struct reply *r);         /* also for NULL */
int64_t reply_int(const struct reply *r);      /* an integer, or a string that is one; else 0 */
struct view reply_text(const struct reply *r); /* string, status or error; else empty */
size_t reply_n(const struct reply *r);         /* elements of an array */
const struct reply *reply_at(const struct reply *r, size_t i); /* NULL beyond the end */

#endif
