/* SPDX-License-Identifier: MIT
 * The strict scanner that every JSON text passes before cJSON sees it.
 *
 * It recurses at most JSON_MAX_DEPTH deep and reads each byte once. Keys of the objects that are open stand
 * on one stack; when an object closes, its keys are sorted and neighbours compared, so that no choice of keys
 * costs more than n log n (a hash set could be flooded). Keys are compared as what they mean: "a" and
 * "\u0061" are the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "parkd/base/json.h"

/* cJSON copies a number into 64 bytes and would cut a longer one. */
#define NUMBER_MAX 63

struct key {
    const char *p; /* between the quotes, as written */
    size_t n;
    bool escaped;
};

struct scan {
    const char *start, *p, *end;
    int depth;
    struct key *keys;
    size_t n_keys, cap_keys;
    int code;
    const char *reason;
};

static bool scan_value(struct scan *s);

static bool fail_at(struct scan *s, const char *at, const char *reason)
{
    s->p = at;
    s->code = ERR_SYNTAX;
    s->reason = reason;
    return false;
}

static bool fail(struct scan *s, const char *reason)
{
    return fail_at(s, s->p, s->p < s->end ? reason : "ends too early");
}

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool next_is(const struct scan *s, char c)
{
    return s->p < s->end && *s->p == c;
}

/* The four digits behind "\u" at p; -1 when they are not there. */
static int32_t unit_at(const char *p, const char *end)
{
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static bool scan_unicode(struct scan *s)
{
    int32_t unit = unit_at(s->p, s->end);
    if (unit < 0)
        return fail(s, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fail(s, "NUL in a string");
    if (is_low(unit) || (is_high(unit) && !is_low(unit_at(s->p + 6, s->end))))
        return fail(s, "half of a surrogate pair");
    s->p += is_high(unit) ? 12 : 6;
    return true;
}

static bool scan_escape(struct scan *s)
{
    if (s->end - s->p < 2)
        return fail_at(s, s->end, "ends too early");
    if (s->p[1] == 'u')
        return scan_unicode(s);
    if (s->p[1] == '\0' || !strchr("\"\\/bfnrt", s->p[1]))
        return fail(s, "unknown escape");
    s->p += 2;
    return true;
}

/* One character of a string that is not ASCII. */
static bool scan_wide(struct scan *s)
{
    uint32_t cp = 0;
    size_t n = utf8_read(s->p, (size_t)(s->end - s->p), &cp);
    if (n == 0)
        return fail(s, "not UTF-8");
    s->p += n;
    return true;
}

static bool scan_string(struct scan *s, struct key *out)
{
    if (!next_is(s, '"'))
        return fail(s, "string expected");
    const char *from = ++s->p;
    out->escaped = false;
    while (s->p < s->end && *s->p != '"') {
        unsigned char c = (unsigned char)*s->p;
        bool good = true;
        if (c < 0x20)
            return fail(s, "control character in a string");
        if (c == '\\') {
            out->escaped = true;
            good = scan_escape(s);
        } else if (c < 0x80) {
            s->p++;
        } else {
            good = scan_wide(s);
        }
        if (!good)
            return false;
    }
    if (s->p == s->end)
        return fail(s, "");
    out->p = from;
    out->n = (size_t)(s->p++ - from);
    return true;
}

/* The next character of a key that scan_string has accepted. */
static uint32_t key_next(const char **p, const char *end)
{
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t cp = 0;
    if (**p != '\\') {
        *p += utf8_read(*p, (size_t)(end - *p), &cp);
        return cp;
    }
    int32_t unit = unit_at(*p, end);
    if (unit < 0) {
        cp = (unsigned char)meant[strchr(plain, (*p)[1]) - plain];
        *p += 2;
        return cp;
    }
    *p += 6;
    if (!is_high(unit))
        return (uint32_t)unit;
    int32_t low = unit_at(*p, end);
    *p += 6;
    return 0x10000u + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
}

/* By code points, which is the order of the UTF-8 bytes too, so that the fast way agrees with the slow one.
 */
static int key_order(const struct key *a, const struct key *b)
{
    const char *p = a->p, *q = b->p, *p_end = p + a->n, *q_end = q + b->n;
    if (!a->escaped && !b->escaped) {
        int order = memcmp(p, q, a->n < b->n ? a->n : b->n);
        return order ? order : (a->n > b->n) - (a->n < b->n);
    }
    while (p < p_end && q < q_end) {
        uint32_t c = key_next(&p, p_end), d = key_next(&q, q_end);
        if (c != d)
            return c < d ? -1 : 1;
    }
    return (p < p_end) - (q < q_end);
}

static int by_name_then_place(const void *x, const void *y)
{
    const struct key *a = x, *b = y;
    int order = key_order(a, b);
    return order ? order : (a->p > b->p) - (a->p < b->p);
}

static bool push_key(struct scan *s, struct key key)
{
    if (s->n_keys == s->cap_keys) {
        size_t cap = s->cap_keys ? s->cap_keys * 2 : 64;
        struct key *keys = realloc(s->keys, cap * sizeof *keys);
        if (!keys) {
            s->code = ERR_NOMEM;
            s->reason = err_text(ERR_NOMEM);
            return false;
        }
        s->keys = keys;
        s->cap_keys = cap;
    }
    s->keys[s->n_keys++] = key;
    return true;
}

/* Checks and drops the keys from `first` on: those of the object that ends here. */
static bool pop_keys(struct scan *s, size_t first)
{
    size_t n = s->n_keys - first;
    s->n_keys = first;
    if (n < 2)
        return true;
    struct key *keys = s->keys + first;
    qsort(keys, n, sizeof *keys, by_name_then_place);
    const struct key *second = NULL;
    for (size_t i = 1; i < n; i++)
        if (key_order(&keys[i - 1], &keys[i]) == 0 && (!second || keys[i].p < second->p))
            second = &keys[i];
    return second ? fail_at(s, second->p, "duplicate key") : true;
}

static bool scan_member(struct scan *s)
{
    struct key key;
    skip_blanks(s);
    if (!scan_string(s, &key) || !push_key(s, key))
        return false;
    skip_blanks(s);
    if (!next_is(s, ':'))
        return fail(s, "':' expected");
    s->p++;
    return scan_value(s);
}

/* What stands between the brackets, with the commas, and the closing one. */
static bool scan_list(struct scan *s, char close, bool (*one)(struct scan *))
{
    s->p++;
    skip_blanks(s);
    if (next_is(s, close)) {
        s->p++;
        return true;
    }
    for (;;) {
        if (!one(s))
            return false;
        skip_blanks(s);
        if (next_is(s, close))
            break;
        if (!next_is(s, ','))
            return fail(s, close == '}' ? "',' or '}' expected" : "',' or ']' expected");
        s->p++;
    }
    s->p++;
    return true;
}

static bool scan_container(struct scan *s)
{
    if (s->depth == JSON_MAX_DEPTH)
        return fail(s, "nested too deeply");
    s->depth++;
    size_t first = s->n_keys;
    bool good =
        *s->p == '{' ? scan_list(s, '}', scan_member) && pop_keys(s, first) : scan_list(s, ']', scan_value);
    s->depth--;
    return good;
}

static size_t skip_digits(struct scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - from);
}

/* Only an exponent can lead out of range: the length is limited. */
static bool is_finite(const char *from, const char *to)
{
    double value = 0;
    return view_to_real((struct view){from, (size_t)(to - from)}, &value) == 0;
}

static bool scan_number(struct scan *s)
{
    const char *from = s->p;
    bool exponent = false;
    if (next_is(s, '-'))
        s->p++;
    if (next_is(s, '0'))
        s->p++;
    else if (skip_digits(s) == 0)
        return fail(s, "not a value");
    if (next_is(s, '.')) {
        s->p++;
        if (skip_digits(s) == 0)
            return fail(s, "digits expected");
    }
    if (next_is(s, 'e') || next_is(s, 'E')) {
        exponent = true;
        s->p++;
        if (next_is(s, '+') || next_is(s, '-'))
            s->p++;
        if (skip_digits(s) == 0)
            return fail(s, "digits expected");
    }
    if (s->p - from > NUMBER_MAX)
        return fail_at(s, from, "number too long");
    return !exponent || is_finite(from, s->p) ? true : fail_at(s, from, "number out of range");
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return fail(s, "not a value");
    s->p += n;
    return true;
}

static bool scan_value(struct scan *s)
{
    struct key text;
    skip_blanks(s);
    switch (s->p < s->end ? *s->p : '\0') {
    case '{':
    case '[':
        return scan_container(s);
    case '"':
        return scan_string(s, &text);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return scan_number(s);
    }
}

/* Fills `why` with line and column (in characters, from 1) of where the scan stopped. */
static int explain(const struct scan *s, struct why *why)
{
    size_t line = 1, column = 1;
    for (const char *p = s->start; p < s->p; p++) {
        bool new_line = *p == '\n';
        line += new_line;
        if (new_line)
            column = 1;
        else if (((unsigned char)*p & 0xC0u) != 0x80u)
            column++;
    }
    return why_set(why, s->code, "", "%s at line %zu column %zu", s->reason, line, column);
}

int json_check(struct view text, struct why *why)
{
    if (text.n == 0)
        return why_set(why, ERR_SYNTAX, "", "empty instead of JSON");
    struct scan s = {.start = text.p, .p = text.p, .end = text.p + text.n};
    if (view_starts(text, "\xEF\xBB\xBF"))
        s.start = s.p = text.p + 3;
    bool good = scan_value(&s);
    if (good) {
        skip_blanks(&s);
        good = s.p == s.end || fail(&s, "bytes behind the value");
    }
    free(s.keys);
    return good ? 0 : explain(&s, why);
}
