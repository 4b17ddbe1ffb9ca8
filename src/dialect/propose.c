/* SPDX-License-Identifier: MIT
 * Help for whoever writes a mapping; see propose.h. Tells the format, reads the message as a tree, finds the
 * items, and has the draft written.
 */
#include "parkd/dialect/propose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dialect/ops.h"
#include "dialect/propose_tree.h"
#include "dialect/trace.h"

#include "parkd/base/charset.h"
#include "parkd/base/crypto.h"

#define PART_OF_LOT 120 /* a list of areas is no list of lots */
#define SEVERAL     30

/* ---- what it is */

static bool contains(struct view text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        if (strncasecmp(text.p + i, word, n) == 0)
            return true;
    }
    return false;
}

static bool has_digit_cell(struct view line, char delimiter)
{
    while (line.p) {
        struct view cell = view_trim(view_cut(&line, delimiter));
        double number;
        if (cell.n >= 2 && cell.p[0] == '"')
            cell = (struct view){cell.p + 1, cell.n - 2};
        if (view_to_real(cell, &number) == 0)
            return true;
    }
    return false;
}

static bool looks_like_form(struct view text)
{
    bool equal = false;
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == ';' || text.p[i] == ',')
            return false;
        equal |= text.p[i] == '=';
    }
    return equal;
}

/* `text` is UTF-8. */
static void tell_format(struct reading_of *r, struct view text)
{
    struct view head = {text.p, text.n < 4096 ? text.n : 4096}, rest = text;
    if (head.n && (head.p[0] == '{' || head.p[0] == '[')) {
        r->format = DOC_JSON;
    } else if (head.n && head.p[0] == '<') {
        r->format = contains(head, "<html") || contains(head, "<!doctype html") || contains(head, "<table")
                        ? DOC_HTML
                        : DOC_XML;
    } else if (looks_like_form(text)) {
        r->format = DOC_FORM;
    } else {
        struct view line = view_cut(&rest, '\n');
        r->spec.delimiter = view_delimiter(line);
        r->format = r->spec.delimiter && rest.p ? DOC_CSV : DOC_TEXT;
        r->spec.no_heading = r->format == DOC_CSV && has_digit_cell(line, r->spec.delimiter);
    }
    r->spec.format = r->format;
}

/* Chinese comes as pairs of bytes with the high bit; an umlaut stands alone. */
static bool comes_in_pairs(struct view body)
{
    size_t paired = 0, alone = 0;
    for (size_t i = 0; i < body.n;) {
        size_t run = 0;
        while (i + run < body.n && (unsigned char)body.p[i + run] >= 0x80)
            run++;
        paired += run / 2;
        alone += run % 2;
        i += run + 1;
    }
    return paired > 4 * alone;
}

/* A message that is not UTF-8 and does not say what it is: GB 18030 where its bytes are that, else Latin. */
static void tell_charset(struct reading_of *r, struct view type, struct view body)
{
    struct buf ignored;
    if (view_is_utf8(body) || charset_of_type(type).n)
        return;
    struct view head = {body.p, body.n < 512 ? body.n : 512};
    if (contains(head, "encoding=") || contains(head, "charset="))
        return;
    buf_init(&ignored, 3 * body.n + 16);
    bool gb = comes_in_pairs(body) && charset_to_utf8(&ignored, VIEW("GB18030"), body, NULL) == 0;
    (void)snprintf(r->spec.charset, sizeof r->spec.charset, "%s", gb ? "GB18030" : "ISO-8859-1");
    r->charset_needed = true;
    buf_fini(&ignored);
}

static bool unwrap_base64(struct view body, struct buf *out)
{
    struct view v = view_trim(body);
    buf_init(out, body.n + 4);
    if (v.n < 16 || v.p[0] == '{' || v.p[0] == '[' || v.p[0] == '<' || base64_decode(out, v))
        return false;
    struct view inner = view_trim(buf_get(out));
    return inner.n > 2 && (inner.p[0] == '{' || inner.p[0] == '[' || inner.p[0] == '<') &&
           view_is_utf8(inner);
}

static struct view without_mark(struct view body)
{
    if (view_starts(body, "\xEF\xBB\xBF"))
        body = (struct view){body.p + 3, body.n - 3};
    return view_trim(body);
}

/* ---- which items */

/* A star before the last step needs a JSONPath: a list itself is easier to read. */
static int shape_of(const struct item_set *set)
{
    struct view rest = view_of(set->pattern);
    int score = set->n > 1 ? SEVERAL : 0, depth = 0;
    while (rest.p) {
        struct view step = view_cut(&rest, '/');
        depth += step.n > 0;
        if (view_is(step, "*") && rest.p)
            score -= 5;
        if (name_is_of_part(step))
            score -= PART_OF_LOT;
    }
    return score + depth;
}

static int find_best(struct sets *s, struct item_set **best, struct pick *pick)
{
    int top = 0;
    *best = NULL;
    for (size_t i = 0; i < s->n; i++) {
        struct pick p;
        int err = set_fields(s, &s->v[i]);
        if (err)
            return err;
        pick_fields(&s->v[i], &p);
        int score = p.score > 0 ? p.score + shape_of(&s->v[i]) : 0;
        if (score > top) {
            top = score;
            *best = &s->v[i];
            *pick = p;
        }
    }
    return 0;
}

static int propose_from(const struct reading_of *r, struct doc *d, struct json_writer *w, struct why *why)
{
    struct tree t;
    struct sets *s = calloc(1, sizeof *s);
    struct item_set *best = NULL;
    struct pick pick;
    int err = s ? tree_make(&t, d, r->format) : ERR_NOMEM;
    if (!err) {
        err = sets_find(s, &t);
        if (!err)
            err = find_best(s, &best, &pick);
        if (!err && best)
            propose_write(r, s, best, &pick, w);
        sets_free(s);
        tree_free(&t);
    }
    free(s);
    if (err)
        return why_set(why, err, "", "%s", err_text(err));
    return best ? 0 : why_set(why, ERR_NOT_FOUND, "", "nothing in it looks like a lot with a count");
}

int dialect_propose(struct view content_type, struct view body, struct json_writer *w, struct why *why)
{
    struct reading_of r = {0};
    struct buf inner, utf8;
    struct doc *d = NULL;
    buf_init(&utf8, 4 * body.n + 16);
    r.base64 = unwrap_base64(body, &inner);
    if (r.base64)
        body = buf_get(&inner);
    tell_charset(&r, content_type, body);
    struct view charset = r.charset_needed ? view_of(r.spec.charset) : charset_of_type(content_type),
                text = body;
    if (charset.n && !view_is_utf8(body) && charset_to_utf8(&utf8, charset, body, NULL) == 0)
        text = buf_get(&utf8);
    tell_format(&r, without_mark(text));
    int err = view_trim(body).n ? doc_read(&r.spec, content_type, body, &d, why)
                                : why_set(why, ERR_SYNTAX, "", "an empty message");
    if (!err)
        err = propose_from(&r, d, w, why);
    doc_free(d);
    buf_fini(&inner);
    buf_fini(&utf8);
    return err;
}

/* ---- leftovers */

struct looked_at {
    const struct dialect_trace *trace;
    struct view source;
};

static bool is_inside_text(const struct part *p)
{
    while (p && !p->embedded)
        p = p->up;
    return p != NULL;
}

static bool mentions(struct view source, struct view name)
{
    return name.n && source.n && memmem(source.p, source.n, name.p, name.n) != NULL;
}

/* JSON in a text was read as a message of its own, which is gone: the notes of it are addresses that anything
 * may have by now. */
static bool is_traced(const void *ctx, const struct part *p)
{
    const struct looked_at *l = ctx;
    return is_inside_text(p) ? mentions(l->source, p->name) : trace_has(l->trace, p->origin);
}

/* A Lua file that mentions a field's name has looked at it. */
static bool is_mentioned(const void *ctx, const struct part *p)
{
    return mentions(*(const struct view *)ctx, p->name);
}

static enum doc_format format_of(const struct doc *d)
{
    struct doc_node root = doc_root(d);
    return root.j ? DOC_JSON : DOC_XML;
}

static void write_traced(struct view source, const struct dialect_trace *t, struct json_writer *w)
{
    struct looked_at looked = {t, source};
    struct doc *d = trace_doc(t);
    struct tree tree;
    if (d && tree_make(&tree, d, format_of(d)) == 0) {
        propose_write_unused(&tree, is_traced, &looked, w);
        tree_free(&tree);
        return;
    }
    jw_array(w, NULL);
    jw_end_array(w);
}

static void write_unmentioned(struct view source, const struct dialect_response *res, struct json_writer *w)
{
    struct reading_of r = {0};
    struct doc *d = NULL;
    struct tree tree;
    struct why ignored;
    tell_format(&r, without_mark(res->body));
    bool read = res->body.n && source.n && doc_read(&r.spec, (struct view){0}, res->body, &d, &ignored) == 0;
    if (read && tree_make(&tree, d, r.format) == 0) {
        propose_write_unused(&tree, is_mentioned, &source, w);
        tree_free(&tree);
    } else {
        jw_array(w, NULL);
        jw_end_array(w);
    }
    doc_free(d);
}

void dialect_write_leftovers(const struct dialect_session *s, const struct dialect_response *res,
                             const struct dialect_trace *t, struct json_writer *w)
{
    if (trace_doc(t))
        write_traced(dialect_source(s), t, w);
    else
        write_unmentioned(dialect_source(s), res, w);
}
