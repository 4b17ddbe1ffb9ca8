/* SPDX-License-Identifier: MIT
 * The table of err.def as words, and the reasons that go with a code. Texts are cut, never refused: a reason
 * that is too long is still a reason.
 */
#include "parkd/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const char *err_text(int code)
{
    switch (code) {
    case ERR_OK:
        return "ok";
#define ERR(name, number, text) \
    case name:                  \
        return text;
#include "parkd/base/err.def"
#undef ERR
    default:
        return "unknown error";
    }
}

const char *err_name(int code)
{
    switch (code) {
    case ERR_OK:
        return "ERR_OK";
#define ERR(name, number, text) \
    case name:                  \
        return #name;
#include "parkd/base/err.def"
#undef ERR
    default:
        return "ERR_UNKNOWN";
    }
}

/* Copies src into dst of `size` bytes, cut between characters; src and dst do not overlap. A fault often
 * quotes what was wrong: bytes that are no UTF-8 become "?", so that JSON and logs can carry it. */
static void copy_cut(char *dst, size_t size, const char *src)
{
    size_t n = strlen(src), out = 0;
    uint32_t cp;
    if (n >= size)
        n = utf8_cut(src, size - 1);
    for (size_t i = 0; i < n;) {
        size_t len = utf8_read(src + i, n - i, &cp);
        memcpy(dst + out, len ? src + i : "?", len ? len : 1);
        out += len ? len : 1;
        i += len ? len : 1;
    }
    dst[out] = '\0';
}

int why_set(struct why *why, int code, const char *at, const char *fmt, ...)
{
    if (!why)
        return code;
    /* Larger than the field, so that what does not fit can be cut between characters; the arguments may point
     * into *why itself. */
    char text[sizeof why->text + 8], place[sizeof why->at + 8];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    snprintf(place, sizeof place, "%s", at ? at : "");
    copy_cut(why->text, sizeof why->text, text);
    copy_cut(why->at, sizeof why->at, place);
    return code;
}

void why_under(struct why *why, const char *fmt, ...)
{
    if (!why)
        return;
    char whole[2 * sizeof why->at + 8];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(whole, sizeof why->at + 8, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    size_t used = strlen(whole);
    memcpy(whole + used, why->at, strlen(why->at) + 1);
    copy_cut(why->at, sizeof why->at, whole);
}
