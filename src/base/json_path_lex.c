/* SPDX-License-Identifier: MIT
 * Names, strings and numbers of JSONPath as RFC 9535 writes them.
 */
#include "base/json_path_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXACT_MAX INT64_C(9007199254740991) /* 2^53 - 1: RFC 9535 allows no larger index */

static size_t character_of(const struct parser *ps, const char *at)
{
    size_t n = 1;
    for (const char *p = ps->start; p < at; p++)
        n += ((unsigned char)*p & 0xC0u) != 0x80u;
    return n;
}

bool path_fail_at(struct parser *ps, const char *at, const char *fmt, ...)
{
    char text[160];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!ps->rc)
        ps->rc = why_set(ps->why, ERR_SYNTAX, "", "at character %zu: %s", character_of(ps, at), text);
    return false;
}

bool path_fail(struct parser *ps, const char *reason)
{
    return path_fail_at(ps, ps->p, "%s", ps->p == ps->end ? "the path ends too early" : reason);
}

void *path_need(struct parser *ps, size_t size)
{
    void *p = path_alloc(ps->arena, size);
    if (!p && !ps->rc)
        ps->rc = why_set(ps->why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    return p;
}

bool path_next_is(const struct parser *ps, char c)
{
    return ps->p < ps->end && *ps->p == c;
}

bool path_eat(struct parser *ps, char c)
{
    if (!path_next_is(ps, c))
        return false;
    ps->p++;
    return true;
}

bool path_eat_word(struct parser *ps, const char *word)
{
    struct view rest = {ps->p, (size_t)(ps->end - ps->p)};
    if (!view_starts(rest, word))
        return false;
    ps->p += strlen(word);
    return true;
}

void path_skip_blanks(struct parser *ps)
{
    while (ps->p < ps->end && *ps->p && strchr(" \t\r\n", *ps->p))
        ps->p++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

bool path_next_is_digit(const struct parser *ps)
{
    return ps->p < ps->end && is_digit(*ps->p);
}

struct view path_word(struct parser *ps)
{
    const char *from = ps->p;
    while (ps->p < ps->end && (is_name_start(*ps->p) || is_digit(*ps->p)))
        ps->p++;
    return (struct view){from, (size_t)(ps->p - from)};
}

bool path_name(struct parser *ps, struct view *out)
{
    if (ps->p == ps->end || !is_name_start(*ps->p))
        return path_fail(ps, "a name or '*' expected; names with other characters are written ['...']");
    *out = path_word(ps);
    return !path_next_is(ps, '-') ||
           path_fail(ps, "'-' cannot stand in a name behind a dot, such names are written ['...']");
}

static bool hex4(struct parser *ps, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, ps->p++) {
        int digit = ps->p < ps->end ? hex_digit(*ps->p) : -1;
        if (digit < 0)
            return path_fail(ps, "\\u needs four hexadecimal digits");
        *unit = *unit * 16 + (uint32_t)digit;
    }
    return true;
}

static char *put_utf8(char *dst, uint32_t cp)
{
    if (cp < 0x80) {
        *dst++ = (char)cp;
        return dst;
    }
    int more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    *dst++ = (char)(lead[more] | cp >> (6 * more));
    while (more-- > 0)
        *dst++ = (char)(0x80u | (cp >> (6 * more) & 0x3Fu));
    return dst;
}

static bool escaped_unit(struct parser *ps, char **dst)
{
    const char *from = ps->p - 2;
    uint32_t unit = 0, low = 0;
    if (!hex4(ps, &unit))
        return false;
    bool high = unit >= 0xD800 && unit <= 0xDBFF;
    if (high && (!path_eat_word(ps, "\\u") || !hex4(ps, &low)))
        return path_fail_at(ps, from, "half of a surrogate pair");
    if (unit == 0 || (high ? low < 0xDC00 || low > 0xDFFF : unit >= 0xDC00 && unit <= 0xDFFF))
        return path_fail_at(ps, from, unit ? "half of a surrogate pair" : "NUL in a string");
    *dst = put_utf8(*dst, high ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : unit);
    return true;
}

/* Behind the backslash. */
static bool escape(struct parser *ps, char quote, char **dst)
{
    static const char plain[] = "/\\bfnrt", meant[] = "/\\\b\f\n\r\t";
    if (path_eat(ps, 'u'))
        return escaped_unit(ps, dst);
    const char *found = ps->p < ps->end && *ps->p ? strchr(plain, *ps->p) : NULL;
    if (!found && !path_next_is(ps, quote))
        return path_fail(ps, "unknown escape");
    *(*dst)++ = found ? meant[found - plain] : quote;
    ps->p++;
    return true;
}

/* Bytes up to the closing quote; the text never gets longer by reading its escapes. */
static size_t quoted_size(const struct parser *ps, char quote)
{
    const char *p = ps->p;
    while (p < ps->end && *p != quote)
        p += *p == '\\' && p + 1 < ps->end ? 2 : 1;
    return (size_t)(p - ps->p);
}

bool path_quoted(struct parser *ps, struct view *out)
{
    char quote = *ps->p++;
    char *text = path_need(ps, quoted_size(ps, quote) + 1), *to = text;
    if (!text)
        return false;
    while (ps->p < ps->end && *ps->p != quote) {
        if ((unsigned char)*ps->p < 0x20)
            return path_fail(ps, "control character in a string");
        if (!path_eat(ps, '\\'))
            *to++ = *ps->p++;
        else if (!escape(ps, quote, &to))
            return false;
    }
    *out = (struct view){text, (size_t)(to - text)};
    return path_eat(ps, quote) || path_fail(ps, "");
}

bool path_integer(struct parser *ps, int64_t *out)
{
    const char *from = ps->p;
    bool minus = path_eat(ps, '-');
    const char *digits = ps->p;
    while (ps->p < ps->end && is_digit(*ps->p))
        ps->p++;
    if (ps->p == digits)
        return path_fail(ps, "a number expected");
    if (*digits == '0' && (minus || ps->p - digits > 1))
        return path_fail_at(ps, from, "a number without leading zero expected");
    return view_to_int((struct view){from, (size_t)(ps->p - from)}, -EXACT_MAX, EXACT_MAX, out) == 0 ||
           path_fail_at(ps, from, "number out of range");
}

bool path_number(struct parser *ps, double *out)
{
    const char *from = ps->p;
    while (ps->p < ps->end && *ps->p && strchr("+-.0123456789eE", *ps->p))
        ps->p++;
    struct view text = {from, (size_t)(ps->p - from)};
    size_t sign = view_starts(text, "-");
    if (text.n > sign + 1 && text.p[sign] == '0' && is_digit(text.p[sign + 1]))
        return path_fail_at(ps, from, "a number without leading zero expected");
    return view_to_real(text, out) == 0 || path_fail_at(ps, from, "not a number that can be compared");
}
