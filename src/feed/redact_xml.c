/* SPDX-License-Identifier: MIT
 * Cleans XML and HTML by its tags, without a tree. Elements and attributes are known by their local names; an
 * element that an attribute names ("<field name='phone'>") counts too.
 */
#include <string.h>

#include "feed/redact.h"

#define NAME_SIZE 96

struct scan {
    struct view in;
    size_t at;
    struct buf *out;
    int nest;
    size_t masked;
    char inside[NAME_SIZE]; /* the personal element that is open; empty: none */
    int same;               /* open elements of that name */
};

static struct view rest_of(const struct scan *s)
{
    return (struct view){s->in.p + s->at, s->in.n - s->at};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct view local_name(struct view name)
{
    const char *colon = name.n ? memchr(name.p, ':', name.n) : NULL;
    return colon ? (struct view){colon + 1, (size_t)(name.p + name.n - colon - 1)} : name;
}

/* Behind the first `end` from `at` on, or the end of all. */
static size_t behind(struct view in, size_t at, const char *end)
{
    size_t n = strlen(end);
    for (; at + n <= in.n; at++) {
        if (memcmp(in.p + at, end, n) == 0)
            return at + n;
    }
    return in.n;
}

/* ---- text */

/* The character of "&#x4eac;" as three bytes (plates are written so at times); false: it is none of those. */
static bool entity_at(struct view text, size_t at, char utf8[3], size_t *used)
{
    unsigned cp = 0;
    bool hex = at + 2 < text.n && (text.p[at + 2] | 0x20) == 'x';
    size_t i = at + (hex ? 3 : 2);
    for (; i < text.n && cp < 0x10000; i++) {
        int d = hex_digit(text.p[i]);
        if (d < 0 || (!hex && d > 9))
            break;
        cp = cp * (hex ? 16 : 10) + (unsigned)d;
    }
    if (i >= text.n || text.p[i] != ';' || cp < 0x800 || cp > 0xFFFF)
        return false;
    utf8[0] = (char)(0xE0 | cp >> 12);
    utf8[1] = (char)(0x80 | (cp >> 6 & 0x3F));
    utf8[2] = (char)(0x80 | (cp & 0x3F));
    *used = i + 1 - at;
    return true;
}

static void decode_entities(struct view text, struct buf *out)
{
    for (size_t i = 0; i < text.n;) {
        char utf8[3];
        size_t used = 1;
        if (text.p[i] == '&' && i + 3 < text.n && text.p[i + 1] == '#' && entity_at(text, i, utf8, &used))
            buf_put(out, utf8, 3);
        else
            buf_char(out, text.p[i]);
        i += used;
    }
}

static size_t clean_entities(struct view text, struct buf *out)
{
    struct buf plain, clean;
    buf_init(&plain, text.n + 4);
    buf_init(&clean, 4 * text.n + 64);
    decode_entities(text, &plain);
    size_t masked = redact_text(buf_get(&plain), &clean);
    buf_view(out, masked ? buf_get(&clean) : text); /* what was decoded needs no escape */
    if ((plain.err || clean.err) && !out->err)
        out->err = ERR_NOMEM;
    buf_fini(&plain);
    buf_fini(&clean);
    return masked;
}

static size_t clean_value(struct view text, bool personal, int nest, struct buf *out)
{
    if (personal && !redact_harmless(text)) {
        buf_str(out, REDACT_MASK);
        return 1;
    }
    if (redact_is_blob(text))
        return redact_blob(text, nest, out);
    return memchr(text.p, '&', text.n) ? clean_entities(text, out) : redact_text(text, out);
}

static void do_text(struct scan *s)
{
    struct view rest = rest_of(s);
    const char *lt = memchr(rest.p, '<', rest.n);
    struct view text = {rest.p, lt ? (size_t)(lt - rest.p) : rest.n}, core = view_trim(text);
    s->at += text.n;
    if (!core.n) {
        buf_view(s->out, text);
        return;
    }
    buf_put(s->out, text.p, (size_t)(core.p - text.p));
    s->masked += clean_value(core, s->inside[0], s->nest, s->out);
    buf_put(s->out, core.p + core.n, (size_t)(text.p + text.n - (core.p + core.n)));
}

static void do_cdata(struct scan *s)
{
    size_t from = s->at + 9, to = behind(s->in, from, "]]>");
    bool whole = to >= from + 3 && memcmp(s->in.p + to - 3, "]]>", 3) == 0;
    struct view text = {s->in.p + from, to - from - (whole ? 3 : 0)};
    buf_str(s->out, "<![CDATA[");
    if (s->inside[0] || !redact_is_message(text) || s->nest >= REDACT_MAX_NEST)
        s->masked += clean_value(text, s->inside[0], s->nest, s->out);
    else
        s->masked += redact_any(text, s->nest + 1, s->out);
    buf_str(s->out, whole ? "]]>" : "");
    s->at = to;
}

/* ---- tags */

/* One attribute at *at inside a tag (up to `end`): copies it cleaned. True: its value is a personal name. */
static bool do_attribute(struct scan *s, size_t *at, size_t end)
{
    const char *p = s->in.p;
    size_t from = *at, i = from;
    while (i < end && !is_blank(p[i]) && p[i] != '=' && p[i] != '>')
        i++;
    struct view name = local_name((struct view){p + from, i - from});
    while (i < end && is_blank(p[i]))
        i++;
    if (i >= end || p[i] != '=') {
        i = i > from ? i : from + 1;
        buf_put(s->out, p + from, i - from);
        *at = i;
        return false;
    }
    i++;
    while (i < end && is_blank(p[i]))
        i++;
    char quote = i < end && (p[i] == '"' || p[i] == '\'') ? p[i++] : 0;
    size_t v = i;
    while (i < end && (quote ? p[i] != quote : !is_blank(p[i]) && p[i] != '>'))
        i++;
    struct view value = {p + v, i - v};
    buf_put(s->out, p + from, v - from);
    if (value.n)
        s->masked += clean_value(value, redact_name(name), s->nest, s->out);
    *at = i;
    return redact_name(value) && (view_ieq(name, "name") || view_ieq(name, "key") ||
                                  view_ieq(name, "field") || view_ieq(name, "type") || view_ieq(name, "id"));
}

/* The '>' that ends the tag at `at`, quotes respected; in.n if there is none. */
static size_t tag_end(struct view in, size_t at)
{
    char quote = 0;
    for (; at < in.n; at++) {
        char c = in.p[at];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            break;
    }
    return at;
}

static bool is_void(struct view name)
{
    static const char *const names[] = {"img", "br", "hr", "input", "meta", "link", "base", "col", NULL};
    for (int i = 0; names[i]; i++) {
        if (view_ieq(name, names[i]))
            return true;
    }
    return false;
}

static void enter(struct scan *s, struct view name, bool personal)
{
    if (s->inside[0]) {
        s->same += view_is(name, s->inside);
        return;
    }
    if (personal && view_copy(name, s->inside, sizeof s->inside) == 0)
        s->same = 1;
}

static void do_start(struct scan *s)
{
    size_t end = tag_end(s->in, s->at + 1), i = s->at + 1;
    const char *p = s->in.p;
    while (i < end && !is_blank(p[i]) && p[i] != '/')
        i++;
    struct view name = {p + s->at + 1, i - s->at - 1};
    bool personal = redact_name(local_name(name)), closed = end > 0 && end < s->in.n && p[end - 1] == '/';
    buf_put(s->out, p + s->at, i - s->at);
    while (i < end) {
        if (is_blank(p[i]) || p[i] == '/')
            buf_char(s->out, p[i++]);
        else
            personal |= do_attribute(s, &i, end);
    }
    if (end < s->in.n)
        buf_char(s->out, '>');
    s->at = end < s->in.n ? end + 1 : end;
    if (!closed && !is_void(name))
        enter(s, name, personal);
}

static void do_end(struct scan *s)
{
    size_t end = tag_end(s->in, s->at);
    struct view name = view_trim((struct view){s->in.p + s->at + 2, end > s->at + 2 ? end - s->at - 2 : 0});
    if (s->inside[0] && view_is(name, s->inside) && --s->same == 0)
        s->inside[0] = '\0';
    end += end < s->in.n;
    buf_put(s->out, s->in.p + s->at, end - s->at);
    s->at = end;
}

/* Comments, declarations, instructions. */
static void do_other(struct scan *s, const char *end)
{
    size_t to = behind(s->in, s->at, end);
    s->masked += redact_text((struct view){s->in.p + s->at, to - s->at}, s->out);
    s->at = to;
}

size_t redact_xml(struct view text, int nest, struct buf *out)
{
    struct scan s = {.in = text, .out = out, .nest = nest};
    while (s.at < text.n) {
        struct view rest = rest_of(&s);
        if (rest.p[0] != '<')
            do_text(&s);
        else if (view_starts(rest, "<!--"))
            do_other(&s, "-->");
        else if (view_starts(rest, "<![CDATA["))
            do_cdata(&s);
        else if (view_starts(rest, "<?") || view_starts(rest, "<!"))
            do_other(&s, ">");
        else if (view_starts(rest, "</"))
            do_end(&s);
        else
            do_start(&s);
    }
    return s.masked;
}
