/* SPDX-License-Identifier: MIT
 * Growable bytes with a mandatory ceiling.
 *
 * Invariants: n <= cap <= max; p[n] is '\0' whenever p is not NULL (not counted). The first failure sticks in
 * `err` and frees the bytes, so a renderer may append without looking and check once at the end. The caller
 * owns the struct; buf_fini frees the bytes and may be called twice.
 */
#ifndef PARKD_BASE_BUF_H
#define PARKD_BASE_BUF_H

#include <stdarg.h>

#include "parkd/base/view.h"

struct buf {
    char *p;
    size_t n, cap, max;
    int err; /* 0, ERR_NOMEM or ERR_TOO_BIG */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* empties, keeps the memory, forgets an error */

int buf_put(struct buf *b, const void *p, size_t n);
int buf_view(struct buf *b, struct view v);
int buf_str(struct buf *b, const char *s);
int buf_char(struct buf *b, char c);
int buf_int(struct buf *b, int64_t v);
int buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);

/* What stands in it; empty after an error. Valid until the next change. */
struct view buf_get(const struct buf *b);
/* Moves the bytes to the caller, who frees them; NULL (and *n 0) after an error. The buffer is empty
 * afterwards. */
char *buf_take(struct buf *b, size_t *n);

#endif
