/* SPDX-License-Identifier: MIT
 * Which charset a message is in, and the message in UTF-8. Nothing is guessed: what is not said is UTF-8, and
 * bytes that are none in the charset are a fault with their place.
 *
 * A byte order mark, then (XML) the declaration inside, then the Content-Type, then (HTML) the page's meta:
 * servers put a default charset on everything they send, so the word of who wrote the XML counts more than
 * theirs.
 */
#include <string.h>

#include "dialect/doc_tree.h"

#define META_WITHIN 4096 /* bytes of a page in which its meta is looked for */

static bool is_utf8(struct view name)
{
    return view_ieq(name, "utf-8") || view_ieq(name, "utf8");
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* What stands behind the first `word` (in lower case) of `text`; empty if it does not stand there. */
static struct view behind(struct view text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        size_t k = 0;
        while (k < n && lower(text.p[i + k]) == word[k])
            k++;
        if (k == n)
            return (struct view){text.p + i + n, text.n - i - n};
    }
    return (struct view){0};
}

/* The name behind "charset" or "encoding": = and perhaps a quote before it. */
static struct view assigned(struct view text)
{
    text = view_trim(text);
    if (text.n == 0 || text.p[0] != '=')
        return (struct view){0};
    text = view_trim((struct view){text.p + 1, text.n - 1});
    if (text.n > 0 && (text.p[0] == '"' || text.p[0] == '\''))
        text = (struct view){text.p + 1, text.n - 1};
    size_t n = 0;
    while (n < text.n && !strchr("\"' \t\r\n;/?>", text.p[n]))
        n++;
    return (struct view){text.p, n};
}

/* A tag up to its '>'. */
static struct view tag(struct view text)
{
    const char *end = text.n ? memchr(text.p, '>', text.n) : NULL;
    return (struct view){text.p, end ? (size_t)(end - text.p) : text.n};
}

static struct view in_declaration(struct view body)
{
    struct view text = view_trim(body);
    return view_starts(text, "<?xml") ? assigned(behind(tag(text), "encoding")) : (struct view){0};
}

static struct view in_meta(struct view body)
{
    struct view name = {0}, rest = {body.p, body.n < META_WITHIN ? body.n : META_WITHIN};
    while (name.n == 0 && (rest = behind(rest, "<meta")).n > 0)
        name = assigned(behind(tag(rest), "charset"));
    return name;
}

/* A declaration that could be read byte by byte is not in UTF-16, whatever it says: senders print such trees
 * into texts of wide characters first. */
static struct view inside(enum doc_format format, struct view body)
{
    struct view name = format == DOC_XML ? in_declaration(body) : in_meta(body);
    bool wide = behind(name, "utf-16").p || behind(name, "utf-32").p || behind(name, "ucs-").p;
    return wide ? VIEW("UTF-8") : name;
}

static struct view by_mark(struct view body)
{
    static const struct {
        struct view bytes, name;
    } marks[] = {
        {{"\xEF\xBB\xBF", 3}, {"UTF-8", 5}}, {{"\xFF\xFE", 2}, {"UTF-16LE", 8}},
        {{"\xFE\xFF", 2}, {"UTF-16BE", 8}},  {{"<\0?\0", 4}, {"UTF-16LE", 8}},
        {{"\0<\0?", 4}, {"UTF-16BE", 8}},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (body.n >= marks[i].bytes.n && memcmp(body.p, marks[i].bytes.p, marks[i].bytes.n) == 0)
            return marks[i].name;
    return (struct view){0};
}

struct doc_charset doc_charset_of(const struct doc_spec *spec, struct view content_type, struct view body)
{
    struct view type = charset_of_type(content_type), mark = by_mark(body), own = {0};
    bool xml = spec->format == DOC_XML;
    if (spec->charset[0])
        return (struct doc_charset){view_of(spec->charset), "the registration"};
    if (mark.n)
        return (struct doc_charset){mark, "its byte order mark"};
    if (xml || spec->format == DOC_HTML)
        own = inside(spec->format, body);
    if (own.n && (xml || !type.n))
        return (struct doc_charset){own, xml ? "its XML declaration" : "its meta element"};
    if (type.n)
        return (struct doc_charset){type, "its Content-Type"};
    return (struct doc_charset){VIEW("UTF-8"), NULL};
}

static int bad_byte(const struct doc_charset *cs, size_t at, struct why *why)
{
    if (!cs->from)
        return why_set(
            why, ERR_SYNTAX, "",
            "not UTF-8 at byte %zu, and no other charset is named in the message or in \"charset\"", at + 1);
    return why_set(why, ERR_SYNTAX, "", "not " VIEW_FMT " at byte %zu, which %s names", VIEW_ARG(cs->name),
                   at + 1, cs->from);
}

/* A name that a sender made up may be anything. */
static struct view printable(struct view name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return VIEW("…");
    return name;
}

static int convert(const struct doc_charset *cs, struct view body, struct buf *held, struct why *why)
{
    size_t at = 0;
    int err = charset_to_utf8(held, cs->name, body, &at);
    if (err == ERR_SYNTAX)
        return bad_byte(cs, at, why);
    if (err == ERR_NOT_FOUND)
        return why_set(why, ERR_SYNTAX, "", "the unknown charset \"" VIEW_FMT "\", which %s names",
                       VIEW_ARG(printable(cs->name)), cs->from ? cs->from : "nobody");
    return err ? why_set(why, err, "", "%s", err_text(err)) : 0;
}

/* After a conversion too: iconv lets through what lies beyond Unicode. */
static int check_text(const struct doc_charset *cs, struct view text, struct why *why)
{
    const char *nul = text.n ? memchr(text.p, '\0', text.n) : NULL;
    if (nul)
        return why_set(why, ERR_SYNTAX, "", "a NUL at byte %zu", (size_t)(nul - text.p) + 1);
    return view_is_utf8(text)
               ? 0
               : why_set(why, ERR_SYNTAX, "", "characters that are none in " VIEW_FMT, VIEW_ARG(cs->name));
}

int doc_to_utf8(const struct doc_charset *cs, struct view body, struct buf *held, struct view *text,
                struct why *why)
{
    bool mark = view_starts(body, "\xEF\xBB\xBF"), utf8 = is_utf8(cs->name);
    *text = mark ? (struct view){body.p + 3, body.n - 3} : body;
    if (utf8 && view_is_utf8(*text)) /* the common case looks at each byte once */
        return 0;
    if (utf8 && memchr(body.p, '\0', body.n))
        return check_text(cs, *text, why);
    int err = convert(cs, body, held, why);
    if (err)
        return err;
    *text = buf_get(held);
    return check_text(cs, *text, why);
}
