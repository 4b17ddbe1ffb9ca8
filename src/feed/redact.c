/* SPDX-License-Identifier: MIT
 * What a message is, and in which charset: then redact_json, _xml, _form or _lines clean it.
 */
#include "feed/redact.h"

#include <string.h>
#include <strings.h>

#include "parkd/base/charset.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* "a=1&b=2": names and values without blanks, at least one '='. */
static bool is_form(struct view text)
{
    size_t signs = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((unsigned char)c <= ' ' || c == '"' || c == '<' || c == ';' || c == ',')
            return false;
        signs += c == '=';
    }
    return signs > 0 && text.p[0] != '=';
}

static bool starts_like_json(struct view text)
{
    return text.n && (text.p[0] == '{' || text.p[0] == '[' || text.p[0] == '"');
}

bool redact_is_message(struct view text)
{
    text = view_trim(text);
    return text.n > 2 && (text.p[0] == '{' || text.p[0] == '[' || text.p[0] == '<');
}

/* callback({…}) */
static bool is_wrapped_json(struct view text)
{
    const char *open = text.n ? memchr(text.p, '(', text.n) : NULL;
    if (!open || open - text.p > 80)
        return false;
    struct view inside = {open + 1, (size_t)(text.p + text.n - open - 1)};
    return starts_like_json(view_trim(inside));
}

size_t redact_any(struct view text, int nest, struct buf *out)
{
    struct view core = view_trim(text);
    if (view_starts(core, BYTE_ORDER_MARK))
        core = view_trim((struct view){core.p + 3, core.n - 3});
    if (starts_like_json(core) || is_wrapped_json(core))
        return redact_json(text, nest, out);
    if (core.n && core.p[0] == '<')
        return redact_xml(text, nest, out);
    if (redact_is_blob(core))
        return redact_blob(core, nest, out);
    return is_form(core) ? redact_form(core, nest, out) : redact_lines(text, out);
}

/* Pictures and other things that nobody reads. */
static bool is_binary(struct view body)
{
    size_t control = 0, n = body.n < 4096 ? body.n : 4096;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)body.p[i];
        control += c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x1B;
    }
    return control > n / 64;
}

/* <?xml encoding="gbk"?>, <meta charset="gbk"> */
static struct view declared(struct view body)
{
    static const char *const words[] = {"encoding=", "charset="};
    struct view head = {body.p, body.n < 1024 ? body.n : 1024};
    for (int k = 0; k < 2; k++) {
        size_t n = strlen(words[k]);
        for (size_t i = 0; i + n < head.n; i++) {
            if (strncasecmp(head.p + i, words[k], n) != 0)
                continue;
            size_t from = i + n + (head.p[i + n] == '"' || head.p[i + n] == '\''), to = from;
            while (to < head.n && !strchr("\"' >;/?", head.p[to]))
                to++;
            return (struct view){head.p + from, to - from};
        }
    }
    return (struct view){0};
}

static struct view charset_of(struct view content_type, struct view body)
{
    struct view name = charset_of_type(content_type);
    if (view_starts(body, "\xFF\xFE") || view_starts(body, "\xFE\xFF"))
        return VIEW("UTF-16");
    if (!name.n)
        name = declared(body);
    return name.n && !view_ieq(name, "utf-8") && charset_check(name) == 0 ? name : VIEW("GB18030");
}

/* In another charset: cleaned as UTF-8, and back if that took something out. */
static int redact_foreign(struct view charset, struct view body, struct buf *out, size_t *n_masked)
{
    struct buf utf8, clean;
    buf_init(&utf8, 3 * body.n + 16);
    buf_init(&clean, 8 * body.n + 64);
    int err = charset_to_utf8(&utf8, charset, body, NULL);
    if (!err) {
        *n_masked = redact_any(buf_get(&utf8), 0, &clean);
        err = clean.err;
    }
    if (!err && *n_masked)
        err = charset_from_utf8(out, charset, buf_get(&clean));
    else if (!err)
        err = buf_view(out, body);
    buf_fini(&utf8);
    buf_fini(&clean);
    return err;
}

int redact_body(struct view content_type, struct view body, struct buf *out, size_t *n_masked)
{
    *n_masked = 0;
    if (view_is_utf8(body)) {
        *n_masked = redact_any(body, 0, out);
        return out->err;
    }
    struct view charset = charset_of(content_type, body);
    int err = is_binary(body) && !view_ieq(charset, "UTF-16") ? ERR_INVALID
                                                              : redact_foreign(charset, body, out, n_masked);
    if (!err || err == ERR_NOMEM || err == ERR_TOO_BIG)
        return err;
    buf_clear(out);
    *n_masked = 1;
    return buf_str(out, REDACT_MASK);
}

int redact_query(struct view query, struct buf *out)
{
    for (bool first = true; query.p; first = false) {
        struct view piece = view_cut(&query, '&'), value = piece, name = view_cut(&value, '=');
        bool hide = view_ieq(name, "key") || view_ieq(name, "sign") || view_ieq(name, "signature") ||
                    view_ieq(name, "sig");
        buf_str(out, first ? "" : "&");
        if (hide && value.n)
            buf_printf(out, VIEW_FMT "=" REDACT_MASK, VIEW_ARG(name));
        else
            (void)redact_form(piece, 0, out);
    }
    return out->err;
}
