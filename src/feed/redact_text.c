/* SPDX-License-Identifier: MIT
 * What tells of a person by its look alone, and by its name.
 */
#include <string.h>

#include "feed/redact.h"
#include "parkd/base/crypto.h"

#define BLOB_MIN 128
#define HAN      3 /* bytes of one Chinese character of the plates' alphabet */

/* ---- names */

static const char *const words[] = {
#define WORD(s) s,
#define WHOLE(s)
#define PART(s)
#include "feed/redact_names.def"
#undef WORD
#undef WHOLE
#undef PART
};
static const char *const wholes[] = {
#define WORD(s)
#define WHOLE(s) s,
#define PART(s)
#include "feed/redact_names.def"
#undef WORD
#undef WHOLE
#undef PART
};
static const char *const parts[] = {
#define WORD(s)
#define WHOLE(s)
#define PART(s) s,
#include "feed/redact_names.def"
#undef WORD
#undef WHOLE
#undef PART
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

#define NAME_MAX_BYTES 96

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool is_word(struct view w)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (view_ieq(w, words[i]))
            return true;
    }
    return false;
}

/* "carOwner_phone2" → car, Owner, phone. A run of capitals is one word ("PLATE"). */
static bool has_word(struct view name)
{
    size_t from = 0;
    for (size_t i = 0; i <= name.n; i++) {
        bool letter = i < name.n && ((name.p[i] | 0x20) >= 'a' && (name.p[i] | 0x20) <= 'z');
        bool hump = letter && i > from && is_upper(name.p[i]) && !is_upper(name.p[i - 1]);
        if (letter && !hump)
            continue;
        if (i > from && is_word((struct view){name.p + from, i - from}))
            return true;
        from = hump ? i : i + 1;
    }
    return false;
}

static size_t normalise(struct view name, char dst[NAME_MAX_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n && n + 1 < NAME_MAX_BYTES; i++) {
        char c = name.p[i];
        if (c != '_' && c != '-' && c != '.' && c != ' ')
            dst[n++] = is_upper(c) ? (char)(c | 0x20) : c;
    }
    dst[n] = '\0';
    return n;
}

bool redact_name(struct view name)
{
    char flat[NAME_MAX_BYTES];
    if (name.n == 0 || normalise(name, flat) == 0)
        return false;
    for (size_t i = 0; i < COUNT(wholes); i++) {
        if (strcmp(flat, wholes[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strstr(flat, parts[i]))
            return true;
    }
    return has_word(name);
}

bool redact_harmless(struct view value)
{
    value = view_trim(value);
    for (size_t i = 0; i < value.n; i++) {
        if (!is_digit(value.p[i]))
            return false;
    }
    return value.n <= 4;
}

/* ---- plates */

static const char provinces[] = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
static const char tails[] = "挂学警港澳领试超";

static bool is_one_of(const char *chars, size_t n, const char *p)
{
    for (size_t i = 0; i < n; i += HAN) {
        if (memcmp(chars + i, p, HAN) == 0)
            return true;
    }
    return false;
}

/* What may stand between the office's letter and the number: a blank, '-', '.', a middle dot. */
static size_t separator(const char *p, size_t n)
{
    if (n >= 1 && (*p == ' ' || *p == '-' || *p == '.'))
        return 1;
    if (n >= 2 && memcmp(p, "·", 2) == 0)
        return 2;
    return n >= 3 && (memcmp(p, "•", 3) == 0 || memcmp(p, "・", 3) == 0) ? 3 : 0;
}

/* The length of a plate that begins at p, 0 if there is none: province, letter, five or six letters and
 * digits with at least two digits, or four and a tail. */
static size_t plate_at(const char *p, size_t n)
{
    size_t at = HAN, digits = 0, signs = 0;
    if (n < HAN + 1 || !is_one_of(provinces, sizeof provinces - 1, p) || !is_alnum(p[at]) || is_digit(p[at]))
        return 0;
    at++;
    at += separator(p + at, n - at);
    for (; at < n && is_alnum(p[at]); at++, signs++)
        digits += is_digit(p[at]);
    if (at + HAN <= n && signs >= 4 && is_one_of(tails, sizeof tails - 1, p + at)) {
        at += HAN;
        signs++;
    }
    return signs >= 5 && signs <= 6 && digits >= 2 ? at : 0;
}

/* ---- numbers */

static size_t digits_at(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && is_digit(p[i]))
        i++;
    return i;
}

/* 138 1234 5678 or 138-1234-5678 */
static size_t spaced_mobile_at(const char *p, size_t n)
{
    bool shape = n >= 13 && digits_at(p, n) == 3 && (p[3] == ' ' || p[3] == '-') && p[8] == p[3] &&
                 digits_at(p + 4, n - 4) == 4 && digits_at(p + 9, n - 9) == 4;
    return shape ? 13 : 0;
}

static bool is_mobile(const char *p)
{
    return p[0] == '1' && p[1] >= '3';
}

/* With +86 or 0086 before it or without. */
static size_t mobile_of(const char *p, size_t run)
{
    if (run == 11 && is_mobile(p))
        return 11;
    if (run == 13 && memcmp(p, "86", 2) == 0 && is_mobile(p + 2))
        return 13;
    return run == 15 && memcmp(p, "0086", 4) == 0 && is_mobile(p + 4) ? 15 : 0;
}

/* 17 digits with a birthday inside, and a digit or X. */
static size_t identity_of(const char *p, size_t run, size_t n)
{
    bool check = run == 18 || (run == 17 && n > 17 && (p[17] == 'X' || p[17] == 'x'));
    if (!check || !((p[6] == '1' && p[7] == '9') || (p[6] == '2' && p[7] == '0')))
        return 0;
    int month = (p[10] - '0') * 10 + p[11] - '0', day = (p[12] - '0') * 10 + p[13] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? 18 : 0;
}

/* The length of what must go at p, where a run of digits begins; *run gets the run's length. */
static size_t number_at(struct view text, size_t at, size_t *run)
{
    const char *p = text.p + at;
    size_t n = text.n - at;
    *run = digits_at(p, n);
    if (at > 0 && text.p[at - 1] == '.' && at > 1 && is_digit(text.p[at - 2]))
        return 0; /* decimals */
    if (*run + 1 < n && p[*run] == '.' && is_digit(p[*run + 1]))
        return 0;
    size_t len = mobile_of(p, *run);
    if (!len)
        len = identity_of(p, *run, n);
    return !len && *run == 3 && is_mobile(p) ? spaced_mobile_at(p, n) : len;
}

/* Finds what must go, from `at` on: its length (0: nothing more), *at where it is. */
static size_t find_hit(struct view text, size_t *at)
{
    for (size_t i = *at; i < text.n;) {
        unsigned char c = (unsigned char)text.p[i];
        size_t skip = 1, hit = 0;
        if (c >= '0' && c <= '9')
            hit = number_at(text, i, &skip);
        else if (c >= 0xE4)
            hit = plate_at(text.p + i, text.n - i);
        if (hit) {
            *at = i;
            return hit;
        }
        i += skip;
    }
    return 0;
}

bool redact_text_tells(struct view text)
{
    size_t at = 0;
    return find_hit(text, &at) > 0;
}

size_t redact_text(struct view text, struct buf *out)
{
    size_t done = 0, masked = 0, hit, at = 0;
    if (!text.n)
        return 0;
    while ((hit = find_hit(text, &at)) > 0) {
        buf_view(out, (struct view){text.p + done, at - done});
        buf_str(out, REDACT_MASK);
        done = at += hit;
        masked++;
    }
    buf_view(out, (struct view){text.p + done, text.n - done});
    return masked;
}

/* ---- blobs */

static bool is_blob_byte(char c)
{
    return is_alnum(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=' || c == '\r' || c == '\n';
}

bool redact_is_blob(struct view text)
{
    size_t letters = 0;
    text = view_trim(text);
    if (text.n >= BLOB_MIN && view_starts(text, "data:image/"))
        return true;
    if (text.n < BLOB_MIN)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_blob_byte(text.p[i]))
            return false;
        letters += !is_digit(text.p[i]);
    }
    return letters > text.n / 8; /* a row of 0 and 1 tells of places */
}

size_t redact_blob(struct view text, int nest, struct buf *out)
{
    struct buf inside, clean;
    size_t masked = 1;
    buf_init(&inside, text.n + 4);
    buf_init(&clean, 2 * text.n + 64);
    if (nest < REDACT_MAX_NEST && base64_decode(&inside, text) == 0 && view_is_utf8(buf_get(&inside)) &&
        redact_is_message(buf_get(&inside))) {
        masked = redact_any(buf_get(&inside), nest + 1, &clean);
        if (!masked)
            buf_view(out, text);
        else if (base64_encode(out, buf_get(&clean)) && !out->err)
            out->err = ERR_NOMEM;
    } else {
        buf_str(out, REDACT_MASK);
    }
    if ((inside.err == ERR_NOMEM || clean.err) && !out->err)
        out->err = ERR_NOMEM;
    buf_fini(&inside);
    buf_fini(&clean);
    return masked;
}
