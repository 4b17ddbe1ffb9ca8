/* SPDX-License-Identifier: MIT
 * What a path found, as the scalars that fields are made of.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dialect/map_eval.h"
#include "dialect/trace.h"

#define EXACT 9007199254740992.0 /* from here on two whole numbers share a double */

void found_nothing(struct found *out)
{
    *out = (struct found){.kind = FOUND_NOTHING};
}

void found_number(struct found *out, double number)
{
    out->kind = FOUND_NUMBER;
    out->number = number;
}

void found_text(struct found *out, struct view text)
{
    out->kind = FOUND_TEXT;
    out->text = text;
}

void found_bool(struct found *out, bool yes)
{
    out->kind = FOUND_BOOL;
    out->number = yes;
}

void found_bad(struct found *out, int code, const char *words)
{
    out->kind = FOUND_BAD;
    out->code = code;
    out->text = view_of(words);
}

void found_json(const struct json *j, struct found *out)
{
    switch (j ? json_kind(j) : JSON_NULL) {
    case JSON_NULL:
        out->kind = FOUND_NOTHING;
        break;
    case JSON_NUMBER:
        found_number(out, json_number(j));
        break;
    case JSON_STRING:
        found_text(out, json_text(j));
        break;
    case JSON_BOOL:
        found_bool(out, json_true(j));
        break;
    default:
        out->kind = FOUND_NODE;
    }
}

void found_node(struct map_eval *e, struct doc *d, struct doc_node n, struct found *out)
{
    found_nothing(out);
    out->doc = d;
    out->node = n;
    if (n.x) {
        out->kind = FOUND_NODE;
        return;
    }
    found_json(n.j, out);
    if (out->kind != FOUND_NODE)
        trace_note(e->ctx->trace, n.j);
    if (out->kind == FOUND_TEXT)
        out->text = words_trim(out->text);
}

bool found_list(struct map_eval *e, struct found *out, size_t n)
{
    out->v = n > MAP_MAX_LIST ? NULL : arena_take(&e->arena, n * sizeof *out->v);
    out->kind = FOUND_LIST;
    out->n = 0;
    if (out->v)
        return true;
    e->err = n > MAP_MAX_LIST ? ERR_BUDGET : ERR_NOMEM;
    found_nothing(out);
    return false;
}

void found_scalar(const struct map_eval *e, struct found *f)
{
    while (f->kind == FOUND_LIST) {
        if (f->n == 0) {
            found_nothing(f);
            return;
        }
        struct found first = f->v[0];
        *f = first;
    }
    if (f->kind != FOUND_NODE || !f->node.x)
        return;
    trace_note(e->ctx->trace, f->node.x);
    found_text(f, words_trim(doc_node_text(f->doc, f->node)));
}

bool found_is_exact(double v)
{
    return floor(v) == v && fabs(v) < EXACT;
}

struct view found_words(const struct found *f, char *dst, size_t size)
{
    if (f->kind == FOUND_TEXT)
        return f->text.p ? f->text : VIEW("");
    if (f->kind == FOUND_BOOL)
        return f->number != 0 ? VIEW("true") : VIEW("false");
    if (f->kind != FOUND_NUMBER)
        return (struct view){0};
    (void)snprintf(dst, size, found_is_exact(f->number) ? "%.0f" : "%.15g", f->number);
    return view_of(dst);
}

/* ---- numbers in texts */

struct view words_trim(struct view v)
{
    static const char *const blanks[] = {"\xc2\xa0", "\xe3\x80\x80", "\xe2\x80\x8b", "\xef\xbb\xbf"};
    for (size_t before = v.n + 1; v.n < before;) {
        before = v.n;
        v = view_trim(v);
        for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
            size_t n = strlen(blanks[i]);
            if (view_starts(v, blanks[i]))
                v = (struct view){v.p + n, v.n - n};
            if (v.n >= n && memcmp(v.p + v.n - n, blanks[i], n) == 0)
                v.n -= n;
        }
    }
    return v;
}

static bool only_of(struct view v, const char *mark)
{
    size_t n = strlen(mark);
    while (view_starts(v, mark))
        v = (struct view){v.p + n, v.n - n};
    return v.n == 0;
}

bool words_say_nothing(struct view v)
{
    static const char *const words[] = {"n/a", "na", "<null>", "null", "none", "keine angabe"};
    v = view_trim(v);
    if (v.n && !strchr("-?nN<kK\xe2", v.p[0]))
        return false;
    if (only_of(v, "-") || only_of(v, "?") || only_of(v, "\xe2\x80\x93") || only_of(v, "\xe2\x80\x94"))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (view_ieq(v, words[i]))
            return true;
    }
    return false;
}

struct digits {
    char *dst;
    size_t n, size, group;
    bool marked, fraction;
};

static int take_mark(struct digits *d)
{
    bool whole = d->marked ? d->group == 3 : d->group >= 1 && d->group <= 3;
    d->marked = true;
    d->group = 0;
    return whole ? 0 : ERR_TYPE;
}

static int take_byte(struct digits *d, char c)
{
    bool digit = c >= '0' && c <= '9';
    if (d->n + 1 >= d->size || (!digit && !strchr("-+eE", c)))
        return ERR_TYPE;
    d->group += digit && !d->fraction;
    d->dst[d->n++] = c;
    return 0;
}

int digits_of(struct view text, const struct map_marks *marks, char *dst, size_t size, struct view *out)
{
    struct view v = view_trim(text);
    struct digits d = {.dst = dst, .size = size};
    if (v.n > 1 && v.p[0] == '+')
        v = (struct view){v.p + 1, v.n - 1};
    for (size_t step; v.n; v = (struct view){v.p + step, v.n - step}) {
        int err = 0;
        step = 1;
        if (!d.fraction && marks->thousands[0] && view_starts(v, marks->thousands)) {
            err = take_mark(&d);
            step = strlen(marks->thousands);
        } else if (!d.fraction && view_starts(v, marks->decimal)) {
            err = (d.marked && d.group != 3) || d.n + 1 >= size ? ERR_TYPE : 0;
            d.fraction = true;
            step = strlen(marks->decimal);
            if (!err)
                dst[d.n++] = '.';
        } else {
            err = v.p[0] ? take_byte(&d, v.p[0]) : ERR_TYPE;
        }
        if (err)
            return err;
    }
    *out = (struct view){dst, d.n};
    return d.n == 0 || (d.marked && !d.fraction && d.group != 3) ? ERR_TYPE : 0;
}

int found_to_number(const struct found *f, const struct map_marks *marks, double *out)
{
    char digits[64];
    struct view plain;
    if (f->kind == FOUND_NUMBER) {
        *out = f->number;
        return 0;
    }
    if (f->kind != FOUND_TEXT)
        return ERR_TYPE;
    if (words_say_nothing(f->text))
        return ERR_MISSING;
    int err = digits_of(f->text, marks, digits, sizeof digits, &plain);
    return err || view_to_real(plain, out) ? ERR_TYPE : 0;
}

/* ---- comparing */

/* Of a number's digits, or it equals no number. */
static bool starts_as_digits(struct view v)
{
    size_t sign = v.n && v.p[0] == '-';
    return v.n > sign && v.p[sign] >= '0' && v.p[sign] <= '9';
}

static bool found_is(const struct found *f, const struct json *want)
{
    char a[40], b[40];
    struct found w = {0};
    found_json(want, &w);
    if (f->kind == FOUND_NOTHING || f->kind > FOUND_BOOL || w.kind == FOUND_NOTHING || w.kind > FOUND_BOOL)
        return false;
    if (f->kind == FOUND_NUMBER && w.kind == FOUND_NUMBER)
        return f->number == w.number;
    if (f->kind != FOUND_TEXT && f->kind != w.kind && w.kind != FOUND_TEXT)
        return false;
    if ((f->kind == FOUND_NUMBER && !starts_as_digits(view_trim(w.text))) ||
        (w.kind == FOUND_NUMBER && !starts_as_digits(view_trim(f->text))))
        return false; /* writing digits costs more than all the rest */
    return view_eq(view_trim(found_words(f, a, sizeof a)), view_trim(found_words(&w, b, sizeof b)));
}

bool found_in(const struct found *f, const struct json *list)
{
    if (!json_is(list, JSON_ARRAY))
        return list && found_is(f, list);
    for (const struct json *j = json_first(list); j; j = json_next(j)) {
        if (found_is(f, j))
            return true;
    }
    return false;
}

/* ---- places */

static const struct inner *inner_of(const struct map_eval *e, const struct doc *d)
{
    const struct inner *i = e->inners;
    while (i && i->doc != d)
        i = i->next;
    return i;
}

void found_place(const struct map_eval *e, const struct map_frame *f, const struct found *at, char *dst,
                 size_t size)
{
    char inside[160] = "", before[160], whole[320];
    const struct found *here = at && at->doc && (at->node.j || at->node.x) ? at : &f->item;
    struct doc *d = here->doc;
    if (d)
        doc_node_place(d, here->node, inside, sizeof inside);
    for (const struct inner *i = inner_of(e, d); i; i = inner_of(e, d)) {
        doc_node_place(i->in, i->at, before, sizeof before);
        (void)snprintf(whole, sizeof whole, "%s%s", before, inside);
        doc_put_place(view_of(whole), inside, sizeof inside);
        d = i->in;
    }
    const char *label = f->message ? f->message->label : "";
    const char *joined =
        e->joined && f->message && d != f->message->doc ? e->joined->label(e->joined->ctx, d) : NULL;
    (void)snprintf(whole, sizeof whole, "%s%s", joined ? joined : label, inside);
    doc_put_place(view_of(whole), dst, size);
}
