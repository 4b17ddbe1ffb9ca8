/* SPDX-License-Identifier: MIT
 * The two plainest formats: a text is the list of its lines, a form one object of texts.
 *
 * A form's fields are decoded from their %-escapes first and from the charset then: a box that speaks GBK
 * escapes the bytes of GBK.
 */
#include "dialect/doc_tree.h"
#include "parkd/base/json_build.h"

static int short_of_memory(struct why *why)
{
    return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

int doc_read_text(struct doc *d, struct view text, struct why *why)
{
    size_t lines = 0;
    d->tree = json_new_array();
    while (text.n > 0) {
        struct view line = view_cut(&text, '\n');
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (lines++ == DOC_MAX_ROWS)
            return why_set(why, ERR_TOO_BIG, "", "more than %d lines", DOC_MAX_ROWS);
        if (!d->tree || json_add(d->tree, json_new_text(line)))
            return short_of_memory(why);
    }
    return 0;
}

/* ---- forms */

struct form {
    const struct doc_charset *cs;
    const char *start;      /* of the body: for places */
    struct buf name, value; /* as escaped bytes, then in UTF-8 */
    struct buf bytes;
    int fields;
};

static int unescape(struct form *f, struct view text, struct why *why)
{
    buf_clear(&f->bytes);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i] == '+' ? ' ' : text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return why_set(why, ERR_SYNTAX, "", "a broken %%-escape at byte %zu",
                               (size_t)(text.p + i - f->start) + 1);
            c = (char)(high * 16 + low);
            i += 2;
        }
        (void)buf_char(&f->bytes, c);
    }
    return f->bytes.err ? short_of_memory(why) : 0;
}

/* One name or value, decoded into `out`. */
static int decode(struct form *f, struct view text, struct buf *out, struct why *why)
{
    struct buf held;
    struct view decoded = {0};
    int err = unescape(f, text, why);
    if (err)
        return err;
    buf_init(&held, 2 * DOC_MAX_BODY);
    err = doc_to_utf8(f->cs, buf_get(&f->bytes), &held, &decoded, why);
    buf_clear(out);
    if (!err && buf_view(out, decoded))
        err = short_of_memory(why);
    buf_fini(&held);
    return err;
}

static bool has_name(const struct json *object, struct view name)
{
    const struct json *j = json_first(object);
    while (j && !view_eq(json_key(j), name))
        j = json_next(j);
    return j != NULL;
}

static int in_field(struct why *why, int err, size_t at)
{
    struct why inner = *why;
    return why_set(why, err, "", "%s, in the field at byte %zu", inner.text, at);
}

static int read_field(struct form *f, struct view field, struct json *tree, struct why *why)
{
    size_t at = (size_t)(field.p - f->start) + 1;
    struct view name = view_cut(&field, '=');
    int err = decode(f, name, &f->name, why);
    if (!err)
        err = decode(f, field, &f->value, why);
    if (err)
        return in_field(why, err, at);
    if (has_name(tree, buf_get(&f->name)))
        return why_set(why, ERR_SYNTAX, "", "the field \"" VIEW_FMT "\" stands twice, again at byte %zu",
                       VIEW_ARG(buf_get(&f->name)), at);
    return json_put(tree, buf_get(&f->name), json_new_text(buf_get(&f->value))) ? short_of_memory(why) : 0;
}

int doc_read_form(struct doc *d, const struct doc_charset *cs, struct view body, struct why *why)
{
    struct form f = {.cs = cs, .start = body.p};
    int err = 0;
    body = view_trim(body);
    buf_init(&f.bytes, DOC_MAX_BODY);
    buf_init(&f.name, 2 * DOC_MAX_BODY);
    buf_init(&f.value, 2 * DOC_MAX_BODY);
    d->tree = json_new_object();
    if (!d->tree)
        err = short_of_memory(why);
    while (!err && body.n > 0) {
        struct view field = view_cut(&body, '&');
        if (field.n == 0)
            continue;
        err = f.fields++ == DOC_MAX_FIELDS
                  ? why_set(why, ERR_TOO_BIG, "", "more than %d fields", DOC_MAX_FIELDS)
                  : read_field(&f, field, d->tree, why);
    }
    buf_fini(&f.bytes);
    buf_fini(&f.name);
    buf_fini(&f.value);
    return err;
}
