/* SPDX-License-Identifier: MIT
 * Cleans JSON by its tokens, without a tree: a message that is cut or wrong in one place is still cleaned,
 * and all other bytes stay as they came.
 */
#include <string.h>

#include "feed/redact.h"
#include "parkd/base/json_write.h"

#define LEVELS 64 /* deeper ones share the last */

struct scan {
    struct view in;
    size_t at;
    struct buf *out;
    int nest;
    size_t masked;
    bool level[LEVELS]; /* personal as a whole? */
    int depth, over;
    bool now; /* the value that comes next */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ---- strings */

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

static void put_utf8(struct buf *out, unsigned cp)
{
    if (cp < 0x80) {
        buf_char(out, (char)cp);
    } else if (cp < 0x800) {
        buf_char(out, (char)(0xC0 | cp >> 6));
        buf_char(out, (char)(0x80 | (cp & 0x3F)));
    } else if (cp < 0x10000) {
        buf_char(out, (char)(0xE0 | cp >> 12));
        buf_char(out, (char)(0x80 | (cp >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (cp & 0x3F)));
    } else {
        buf_char(out, (char)(0xF0 | cp >> 18));
        buf_char(out, (char)(0x80 | (cp >> 12 & 0x3F)));
        buf_char(out, (char)(0x80 | (cp >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (cp & 0x3F)));
    }
}

/* "\u4eac" at p (behind the backslash); returns the bytes used. Surrogates that stand alone become U+FFFD. */
static size_t put_unicode(struct view raw, size_t at, struct buf *out)
{
    int hi = at + 5 <= raw.n ? hex4(raw.p + at + 1) : -1;
    if (hi < 0)
        return 1;
    if (hi < 0xD800 || hi > 0xDFFF) {
        put_utf8(out, (unsigned)hi);
        return 5;
    }
    int lo = at + 11 <= raw.n && raw.p[at + 5] == '\\' && raw.p[at + 6] == 'u' ? hex4(raw.p + at + 7) : -1;
    bool pair = hi < 0xDC00 && lo >= 0xDC00 && lo <= 0xDFFF;
    put_utf8(out, pair ? 0x10000u + ((unsigned)(hi - 0xD800) << 10) + (unsigned)(lo - 0xDC00) : 0xFFFD);
    return pair ? 11 : 5;
}

static void unescape(struct view raw, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i < raw.n;) {
        if (raw.p[i] != '\\' || i + 1 == raw.n) {
            buf_char(out, raw.p[i++]);
            continue;
        }
        i++;
        if (raw.p[i] == 'u') {
            i += put_unicode(raw, i, out);
            continue;
        }
        for (size_t k = 0; k < sizeof from - 1; k++) {
            if (raw.p[i] == from[k])
                buf_char(out, to[k]);
        }
        i++;
    }
}

static bool is_embedded(struct view text)
{
    text = view_trim(text);
    return text.n > 2 && (text.p[0] == '{' || text.p[0] == '[' || text.p[0] == '<');
}

/* The cleaned content of a string in `clean`; how much was taken out. */
static size_t clean_string(const struct scan *s, struct view content, struct buf *clean)
{
    if (s->now && !redact_harmless(content)) {
        buf_str(clean, REDACT_MASK);
        return 1;
    }
    if (is_embedded(content) && s->nest < REDACT_MAX_NEST)
        return redact_any(content, s->nest + 1, clean);
    if (redact_is_blob(content))
        return redact_blob(content, s->nest, clean);
    return redact_text(content, clean);
}

/* With its quotes, as it came. */
static void copy_string(struct scan *s, struct view raw)
{
    buf_char(s->out, '"');
    buf_view(s->out, raw);
    buf_char(s->out, '"');
}

static bool is_plain(const struct scan *s, struct view raw)
{
    return !s->now && (raw.n == 0 || !memchr(raw.p, '\\', raw.n)) && !is_embedded(raw) &&
           !redact_is_blob(raw) && !redact_text_tells(raw);
}

static void put_string(struct scan *s, struct view raw)
{
    struct buf plain, clean;
    if (is_plain(s, raw)) {
        copy_string(s, raw);
        return;
    }
    buf_init(&plain, raw.n + 4);
    buf_init(&clean, 4 * raw.n + 64);
    unescape(raw, &plain);
    size_t masked = clean_string(s, buf_get(&plain), &clean);
    if (masked)
        jw_quote(s->out, buf_get(&clean));
    else
        copy_string(s, raw);
    if ((plain.err || clean.err) && !s->out->err)
        s->out->err = ERR_NOMEM;
    s->masked += masked;
    buf_fini(&plain);
    buf_fini(&clean);
}

/* The end of the string that begins at `at`: the position of its closing quote, or the end of all. */
static size_t string_end(struct view in, size_t at)
{
    size_t i = at + 1;
    while (i < in.n && in.p[i] != '"')
        i += in.p[i] == '\\' ? 2 : 1;
    return i < in.n ? i : in.n;
}

static bool colon_follows(struct view in, size_t at)
{
    while (at < in.n && is_blank(in.p[at]))
        at++;
    return at < in.n && in.p[at] == ':';
}

static void do_string(struct scan *s)
{
    struct view in = s->in;
    size_t end = string_end(in, s->at);
    struct view raw = {in.p + s->at + 1, end - s->at - 1};
    if (end == in.n) { /* cut off: nobody can read it as a string */
        s->masked += redact_text((struct view){in.p + s->at, in.n - s->at}, s->out);
        s->at = in.n;
        return;
    }
    if (colon_follows(in, end + 1)) {
        struct buf plain;
        buf_init(&plain, raw.n + 4);
        unescape(raw, &plain);
        s->now = s->level[s->depth] || redact_name(buf_get(&plain));
        buf_fini(&plain);
        buf_view(s->out, (struct view){in.p + s->at, end + 1 - s->at});
    } else {
        put_string(s, raw);
    }
    s->at = end + 1;
}

/* ---- numbers */

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static void do_number(struct scan *s)
{
    size_t end = s->at;
    while (end < s->in.n && is_number_byte(s->in.p[end]))
        end++;
    struct view number = {s->in.p + s->at, end - s->at};
    bool goes = (s->now && !redact_harmless(number)) || redact_text_tells(number);
    buf_view(s->out, goes ? VIEW("0") : number);
    s->masked += goes;
    s->at = end;
}

/* ---- all */

static void do_sign(struct scan *s, char c)
{
    if (c == '{' || c == '[') {
        bool inside = s->now;
        if (s->depth + 1 < LEVELS)
            s->depth++;
        else
            s->over++;
        s->level[s->depth] |= inside;
        s->now = inside;
    } else if (c == '}' || c == ']') {
        if (s->over > 0)
            s->over--;
        else if (s->depth > 0)
            s->level[s->depth--] = false;
    } else if (c == ',') {
        s->now = s->level[s->depth];
    }
    buf_char(s->out, c);
    s->at++;
}

size_t redact_json(struct view text, int nest, struct buf *out)
{
    struct scan s = {.in = text, .out = out, .nest = nest};
    while (s.at < text.n) {
        char c = text.p[s.at];
        if (c == '"')
            do_string(&s);
        else if ((c >= '0' && c <= '9') || c == '-')
            do_number(&s);
        else
            do_sign(&s, c);
    }
    return s.masked;
}
