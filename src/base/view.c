/* SPDX-License-Identifier: MIT
 * Views: comparing, cutting, and reading numbers without ever needing a NUL behind the bytes.
 */
#include "parkd/base/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct view view_of(const char *s)
{
    return s ? (struct view){s, strlen(s)} : (struct view){NULL, 0};
}

bool view_eq(struct view a, struct view b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool view_is(struct view a, const char *s)
{
    return view_eq(a, view_of(s));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool view_ieq(struct view a, const char *s)
{
    struct view b = view_of(s);
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool view_starts(struct view a, const char *prefix)
{
    struct view b = view_of(prefix);
    return a.n >= b.n && view_eq((struct view){a.p, b.n}, b);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view view_trim(struct view a)
{
    while (a.n > 0 && is_blank(a.p[0])) {
        a.p++;
        a.n--;
    }
    while (a.n > 0 && is_blank(a.p[a.n - 1]))
        a.n--;
    return a;
}

struct view view_cut(struct view *rest, char sep)
{
    struct view whole = *rest;
    const char *at = whole.n ? memchr(whole.p, sep, whole.n) : NULL;
    if (!at) {
        *rest = (struct view){NULL, 0};
        return whole;
    }
    size_t n = (size_t)(at - whole.p);
    *rest = (struct view){at + 1, whole.n - n - 1};
    return (struct view){whole.p, n};
}

char view_delimiter(struct view line)
{
    static const char signs[] = ";\t|,";
    char best = 0;
    size_t most = 0;
    for (size_t k = 0; k < sizeof signs - 1; k++) {
        size_t n = 0;
        for (size_t i = 0; i < line.n; i++)
            n += line.p[i] == signs[k];
        if (n > most) {
            most = n;
            best = signs[k];
        }
    }
    return best;
}

int view_copy(struct view a, char *dst, size_t size)
{
    if (size == 0)
        return ERR_TOO_BIG;
    dst[0] = '\0';
    if (a.n >= size)
        return ERR_TOO_BIG;
    if (a.n)
        memcpy(dst, a.p, a.n);
    dst[a.n] = '\0';
    return 0;
}

char *view_dup(struct view a)
{
    char *copy = malloc(a.n + 1);
    if (!copy)
        return NULL;
    if (a.n)
        memcpy(copy, a.p, a.n);
    copy[a.n] = '\0';
    return copy;
}

/* How many digits stand at position i. */
static size_t digits(struct view a, size_t i)
{
    size_t from = i;
    while (i < a.n && a.p[i] >= '0' && a.p[i] <= '9')
        i++;
    return i - from;
}

int view_to_int(struct view a, int64_t min, int64_t max, int64_t *out)
{
    size_t sign = a.n > 0 && a.p[0] == '-' ? 1 : 0;
    size_t n = digits(a, sign);
    if (n == 0 || sign + n != a.n)
        return ERR_SYNTAX;
    int64_t v = 0; /* kept negative: the negative range is the larger one */
    for (size_t i = sign; i < a.n; i++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, a.p[i] - '0', &v))
            return ERR_RANGE;
    if (!sign && __builtin_sub_overflow((int64_t)0, v, &v))
        return ERR_RANGE;
    if (v < min || v > max)
        return ERR_RANGE;
    *out = v;
    return 0;
}

static bool is_real(struct view a)
{
    size_t i = a.n > 0 && a.p[0] == '-' ? 1 : 0;
    size_t n = digits(a, i);
    if (n == 0)
        return false;
    i += n;
    if (i < a.n && a.p[i] == '.') {
        if ((n = digits(a, i + 1)) == 0)
            return false;
        i += n + 1;
    }
    if (i < a.n && (a.p[i] == 'e' || a.p[i] == 'E')) {
        i++;
        if (i < a.n && (a.p[i] == '+' || a.p[i] == '-'))
            i++;
        if ((n = digits(a, i)) == 0)
            return false;
        i += n;
    }
    return i == a.n;
}

int view_to_real(struct view a, double *out)
{
    char text[128]; /* strtod wants a NUL; no honest number is longer */
    if (!is_real(a))
        return ERR_SYNTAX;
    if (view_copy(a, text, sizeof text))
        return ERR_RANGE;
    double v = strtod(text, NULL);
    if (!isfinite(v))
        return ERR_RANGE;
    *out = v;
    return 0;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool view_is_token(struct view a)
{
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] <= ' ' || a.p[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", a.p[i]))
            return false;
    }
    return a.n > 0;
}

/* How many bytes from `i` on are ASCII and not NUL, looked at eight at a time: messages are little else. */
static size_t plain_run(struct view a, size_t i)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    size_t from = i;
    for (uint64_t w; a.n - i >= sizeof w; i += sizeof w) {
        memcpy(&w, a.p + i, sizeof w);
        if ((w | ((w - ones) & ~w)) & tops)
            break;
    }
    return i - from;
}

struct view view_head(struct view a, size_t n)
{
    return (struct view){a.p, a.n > n ? utf8_cut(a.p, n) : a.n};
}

bool view_is_utf8(struct view a)
{
    for (size_t i = plain_run(a, 0); i < a.n; i += plain_run(a, i)) {
        uint32_t cp = 0;
        size_t n = utf8_read(a.p + i, a.n - i, &cp);
        if (n == 0 || cp == 0)
            return false;
        i += n;
    }
    return true;
}

uint64_t view_hash(struct view a)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < a.n; i++)
        h = (h ^ (unsigned char)a.p[i]) * 0x100000001b3u;
    return h;
}
