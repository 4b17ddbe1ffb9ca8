/* SPDX-License-Identifier: MIT
 * UTF-8 reading: the lead byte decides the length and the smallest code point, which refuses overlong forms.
 */
#include "base/utf8.h"

#include <stdbool.h>

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0u) == 0x80u;
}

static size_t lead(unsigned char c, uint32_t *bits, uint32_t *least)
{
    if (c >= 0xC2 && c < 0xE0) {
        *bits = c & 0x1Fu;
        *least = 0x80;
        return 2;
    }
    if (c >= 0xE0 && c < 0xF0) {
        *bits = c & 0x0Fu;
        *least = 0x800;
        return 3;
    }
    if (c >= 0xF0 && c < 0xF5) {
        *bits = c & 0x07u;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t utf8_read(const char *p, size_t n, uint32_t *cp)
{
    if (n == 0)
        return 0;
    unsigned char c = (unsigned char)p[0];
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    uint32_t bits = 0, least = 0;
    size_t len = lead(c, &bits, &least);
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (!is_continuation(p[i]))
            return 0;
        bits = bits << 6 | ((unsigned char)p[i] & 0x3Fu);
    }
    if (bits < least || bits > 0x10FFFF || (bits >= 0xD800 && bits <= 0xDFFF))
        return 0;
    *cp = bits;
    return len;
}

size_t utf8_cut(const char *p, size_t n)
{
    size_t cut = n;
    while (cut > 0 && n - cut < 4 && is_continuation(p[cut]))
        cut--;
    return is_continuation(p[cut]) ? n : cut;
}
