/* SPDX-License-Identifier: MIT
 * Growable bytes. Capacity doubles up to the ceiling; one byte more than the capacity is always allocated for
 * the NUL.
 */
#include "parkd/base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_LEAST 64

void buf_init(struct buf *b, size_t max)
{
    assert(max < SIZE_MAX);
    *b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->err = 0;
    if (b->p)
        b->p[0] = '\0';
}

static int fail(struct buf *b, int code)
{
    buf_fini(b);
    b->err = code;
    return code;
}

/* Makes room for `more` bytes behind what stands there. */
static int reserve(struct buf *b, size_t more)
{
    if (b->err)
        return b->err;
    if (more > b->max - b->n)
        return fail(b, ERR_TOO_BIG);
    size_t need = b->n + more;
    if (b->p && need <= b->cap)
        return 0;
    size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;
    if (cap < BUF_LEAST)
        cap = b->max < BUF_LEAST ? b->max : BUF_LEAST;
    if (cap < need)
        cap = need;
    char *p = realloc(b->p, cap + 1);
    if (!p)
        return fail(b, ERR_NOMEM);
    b->p = p;
    b->cap = cap;
    b->p[b->n] = '\0';
    return 0;
}

int buf_put(struct buf *b, const void *p, size_t n)
{
    int rc = reserve(b, n);
    if (rc)
        return rc;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
    return 0;
}

int buf_view(struct buf *b, struct view v)
{
    return buf_put(b, v.p, v.n);
}

int buf_str(struct buf *b, const char *s)
{
    return buf_view(b, view_of(s));
}

int buf_char(struct buf *b, char c)
{
    return buf_put(b, &c, 1);
}

int buf_int(struct buf *b, int64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0)
        digits[--at] = '-';
    return buf_put(b, digits + at, sizeof digits - at);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    /* Tries in what is free first: most pieces fit, and then the text is printed once. */
    size_t room = b->p ? b->cap - b->n : 0;
    int n = vsnprintf(b->p ? b->p + b->n : NULL, b->p ? room + 1 : 0, fmt, ap);
    va_end(ap);
    int rc = b->err;
    if (!rc && n < 0)
        rc = fail(b, ERR_NOMEM);
    if (!rc && (!b->p || (size_t)n > room)) {
        rc = reserve(b, (size_t)n);
        if (!rc)
            vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    if (!rc)
        b->n += (size_t)n;
    return rc;
}

struct view buf_get(const struct buf *b)
{
    return b->err ? (struct view){NULL, 0} : (struct view){b->p, b->n};
}

char *buf_take(struct buf *b, size_t *n)
{
    char *p = reserve(b, 0) ? NULL : b->p;
    if (n)
        *n = p ? b->n : 0;
    b->p = NULL;
    b->n = b->cap = 0;
    return p;
}
