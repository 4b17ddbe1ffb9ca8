/* SPDX-License-Identifier: MIT
 * Operators: what happens to a value on its way into a field.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dialect/map_eval.h"
#include "dialect/map_op_list.h"
#include "parkd/base/crypto.h"
#include "parkd/base/iso8601.h"

#define WORDS_SIZE 40

static void keep_text(struct map_eval *e, struct found *f, struct view text)
{
    struct view copy = arena_copy(&e->arena, text);
    if (!copy.p) {
        e->err = ERR_NOMEM;
        found_nothing(f);
        return;
    }
    found_text(f, copy);
}

static void keep_buf(struct map_eval *e, struct found *f, struct buf *b, int err, const char *words)
{
    if (err)
        found_bad(f, err, words);
    else
        keep_text(e, f, buf_get(b));
    buf_fini(b);
}

/* ---- texts */

/* ASCII and the letters of Latin-1 (Ä ö …). */
static void change_case(struct map_eval *e, struct found *f, struct view text, bool upper)
{
    keep_text(e, f, text);
    char *p = (char *)(uintptr_t)f->text.p;
    unsigned char first = upper ? 'a' : 'A', first2 = upper ? 0xa0 : 0x80;
    for (size_t i = 0; i < f->text.n; i++) {
        unsigned char c = (unsigned char)p[i];
        bool latin = i > 0 && (unsigned char)p[i - 1] == 0xc3;
        if (c >= first && c < first + 26)
            p[i] = (char)(c ^ 0x20);
        else if (latin && c >= first2 && c < first2 + 0x1f && (c & 0x1f) != 0x17)
            p[i] = (char)(c ^ 0x20);
    }
}

static void capture(const struct map_op *op, struct found *f, struct view text)
{
    struct view got;
    int err = regex_find(op->regex, text, op->index, &got);
    if (err == ERR_NOT_FOUND)
        found_bad(f, err, "does not look as the expression says");
    else if (err)
        found_bad(f, err, "the expression takes too long here");
    else if (!got.p)
        f->kind = FOUND_NOTHING;
    else
        found_text(f, words_trim(got));
}

static void replace(struct map_eval *e, const struct map_op *op, struct found *f, struct view text)
{
    struct buf b;
    buf_init(&b, REGEX_MAX_SUBJECT);
    int err = regex_replace(op->regex, text, op->text, &b);
    keep_buf(e, f, &b, err, err == ERR_TOO_BIG ? "too long a text" : "the expression takes too long here");
}

static void decode_base64(struct map_eval *e, struct found *f, struct view text)
{
    struct buf b;
    buf_init(&b, DOC_MAX_BODY);
    int err = base64_decode(&b, text);
    if (!err && !view_is_utf8(buf_get(&b)))
        err = ERR_SYNTAX;
    keep_buf(e, f, &b, err, "not Base64 of a text");
}

static void join_ends(struct map_eval *e, struct found *f, struct view a, struct view b)
{
    char *p = arena_take(&e->arena, a.n + b.n + 1);
    if (!p) {
        e->err = ERR_NOMEM;
        found_nothing(f);
        return;
    }
    if (a.n)
        memcpy(p, a.p, a.n);
    if (b.n)
        memcpy(p + a.n, b.p, b.n);
    found_text(f, (struct view){p, a.n + b.n});
}

static void split(struct map_eval *e, const struct map_op *op, struct found *f, struct view text)
{
    struct found piece = *f;
    size_t n = 1;
    for (const char *p = text.p; (p = memmem(p, text.n - (size_t)(p - text.p), op->text.p, op->text.n)); n++)
        p += op->text.n;
    if (!found_list(e, f, n))
        return;
    while (f->n < n) {
        const char *end = memmem(text.p, text.n, op->text.p, op->text.n);
        size_t len = end ? (size_t)(end - text.p) : text.n;
        found_text(&piece, words_trim((struct view){text.p, len}));
        f->v[f->n++] = piece;
        if (end)
            text = (struct view){end + op->text.n, text.n - len - op->text.n};
    }
    if (!op->has_index)
        return;
    int64_t at = op->index < 0 ? (int64_t)n + op->index : op->index;
    if (at < 0 || at >= (int64_t)n) {
        f->kind = FOUND_NOTHING;
        return;
    }
    piece = f->v[at];
    *f = piece;
}

static void look_up(const struct map_op *op, struct found *f, struct view word)
{
    const struct json *any = NULL, *hit = NULL;
    for (const struct json *j = json_first(op->list); j && !hit; j = json_next(j)) {
        if (view_eq(json_key(j), word))
            hit = j;
        else if (view_is(json_key(j), "*"))
            any = j;
    }
    if (hit || any)
        found_json(hit ? hit : any, f);
    else
        found_bad(f, ERR_INVALID, "a word that the map does not know");
}

void found_to_bool(struct found *f)
{
    char digits[WORDS_SIZE];
    struct view word = found_words(f, digits, sizeof digits);
    static const char *const yes[] = {"true", "t", "yes", "y", "on", "1", "ja", "j"}, *const no[] = {
                                                                                          "false", "f",
                                                                                          "no",    "n",
                                                                                          "off",   "0",
                                                                                          "nein"};
    if (f->kind == FOUND_BOOL)
        return;
    if (f->kind == FOUND_TEXT && words_say_nothing(word)) {
        f->kind = FOUND_NOTHING;
        return;
    }
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (view_ieq(word, yes[i])) {
            found_bool(f, true);
            return;
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (view_ieq(word, no[i])) {
            found_bool(f, false);
            return;
        }
    }
    found_bad(f, ERR_TYPE, "neither true nor false");
}

/* ---- numbers */

static void arithmetic(const struct map_op *op, struct found *f, double n)
{
    double whole;
    switch (op->kind) {
    case OP_ROUND:
        n = round(n);
        break;
    case OP_FLOOR:
        n = floor(n);
        break;
    case OP_CEIL:
        n = ceil(n);
        break;
    case OP_ABS:
        n = fabs(n);
        break;
    case OP_MULTIPLY:
        n *= op->low;
        break;
    case OP_ADD:
        n += op->low;
        break;
    case OP_SUBTRACT:
        n -= op->low;
        break;
    case OP_DIVIDE:
        n /= op->low;
        break;
    default:
        n = fmin(fmax(n, op->low), op->high); /* clamp */
    }
    whole = round(n);
    found_number(f, fabs(n - whole) < 1e-9 * fmax(1, fabs(n)) ? whole : n);
    if (!isfinite(n))
        found_bad(f, ERR_RANGE, "too large a number");
}

static void with_number(const struct map_eval *e, const struct map_op *op, struct found *f)
{
    double n = 0;
    if (f->kind != FOUND_BOOL && found_in(f, e->m->unknown)) {
        f->kind = FOUND_NOTHING;
        return;
    }
    int err = found_to_number(f, &op->marks, &n);
    if (err == ERR_MISSING)
        f->kind = FOUND_NOTHING;
    else if (err)
        found_bad(f, err, "not a number");
    else if (op->kind == OP_INTEGER && !found_is_exact(n))
        found_bad(f, ERR_TYPE, "not a whole number");
    else if (op->kind == OP_RANGE && !(n >= op->low && n <= op->high))
        found_bad(f, ERR_RANGE, "outside of the range that the mapping allows");
    else if (op->kind == OP_NUMBER || op->kind == OP_INTEGER || op->kind == OP_RANGE)
        found_number(f, n);
    else
        arithmetic(op, f, n);
}

int map_time_eval(const struct map_formats *formats, const struct found *f, int64_t *ms)
{
    char digits[WORDS_SIZE];
    struct view words = found_words(f, digits, sizeof digits);
    int err = ERR_SYNTAX;
    if (!words.p)
        return ERR_TYPE;
    if (f->kind == FOUND_TEXT && words_say_nothing(words))
        return ERR_MISSING;
    for (int i = 0; i < formats->n && err; i++) {
        bool seconds = view_is(formats->v[i], "s");
        double t = f->number * (seconds ? 1000 : 1);
        if (f->kind != FOUND_NUMBER || (!seconds && !view_is(formats->v[i], "ms"))) {
            err = zone_parse_time(formats->zone, words, formats->v[i], ms);
            continue;
        }
        err = t >= 1 && t <= (double)TIME_MAX_MS ? 0 : ERR_RANGE;
        if (!err)
            *ms = (int64_t)t;
    }
    return err;
}

static void to_time(const struct map_op *op, struct found *f)
{
    int64_t ms = 0;
    int err = map_time_eval(&op->formats, f, &ms);
    if (err == ERR_MISSING)
        f->kind = FOUND_NOTHING;
    else if (err)
        found_bad(f, err, "not a time in the operator's format");
    else
        found_number(f, (double)ms);
}

/* ---- on nodes */

static void go_on(struct map_eval *e, const struct map_op *op, struct found *f)
{
    struct why why = {0};
    struct doc_result r;
    if (!f->node.j || !f->doc || (f->kind != FOUND_NODE && !op->path.whole)) {
        found_bad(f, ERR_TYPE, "neither an object nor a list, so no path goes on inside");
        return;
    }
    struct doc *d = f->doc;
    int err = doc_path_eval(op->path.p, d, f->node, &r, &why);
    if (err) {
        found_bad(f, err, "the path finds more than is allowed");
        return;
    }
    found_nothing(f);
    if (r.kind != DOC_NODES || r.n == 0)
        return;
    if (r.n == 1) {
        found_node(e, d, r.v[0], f);
        return;
    }
    if (!found_list(e, f, r.n))
        return;
    for (; f->n < r.n; f->n++)
        found_node(e, d, r.v[f->n], &f->v[f->n]);
}

static void to_json(struct map_eval *e, struct found *f)
{
    if (f->kind == FOUND_NODE) /* some vendors send either */
        return;
    if (f->kind == FOUND_TEXT && f->text.n == 0)
        f->kind = FOUND_NOTHING;
    else if (f->kind == FOUND_TEXT)
        map_inner_read(e, f);
    else
        found_bad(f, ERR_TYPE, "not a text, so no JSON in it");
}

/* ---- one operator on one value */

static void on_words(struct map_eval *e, const struct map_op *op, struct found *f)
{
    char digits[WORDS_SIZE];
    struct view words = found_words(f, digits, sizeof digits);
    if (!words.p) {
        found_bad(f, ERR_TYPE, "neither a text nor a number");
        return;
    }
    if (words.p == digits) {
        keep_text(e, f, words);
        words = f->text;
    }
    if (e->err)
        return;
    switch (op->kind) {
    case OP_TRIM:
    case OP_TEXT:
        found_text(f, op->kind == OP_TRIM ? words_trim(words) : words);
        break;
    case OP_LOWER:
    case OP_UPPER:
        change_case(e, f, words, op->kind == OP_UPPER);
        break;
    case OP_CAPTURE:
        capture(op, f, words);
        break;
    case OP_REPLACE:
        replace(e, op, f, words);
        break;
    case OP_SPLIT:
        split(e, op, f, words);
        break;
    case OP_BASE64:
        decode_base64(e, f, words);
        break;
    case OP_PREFIX:
        join_ends(e, f, op->text, words);
        break;
    case OP_SUFFIX:
        join_ends(e, f, words, op->text);
        break;
    default:
        look_up(op, f, words);
    }
}

static void on_one(struct map_eval *e, const struct map_op *op, struct found *f)
{
    if (op->kind != OP_PATH)
        found_scalar(e, f);
    if (f->kind == FOUND_BAD || f->kind == FOUND_NOTHING)
        return;
    switch (op->kind) {
    case OP_PATH:
        go_on(e, op, f);
        break;
    case OP_JSON:
        to_json(e, f);
        break;
    case OP_BOOL:
        found_to_bool(f);
        break;
    case OP_TIME:
        to_time(op, f);
        break;
    case OP_UNKNOWN:
        if (found_in(f, op->list))
            f->kind = FOUND_NOTHING;
        break;
    case OP_NUMBER:
    case OP_INTEGER:
    case OP_ROUND:
    case OP_FLOOR:
    case OP_CEIL:
    case OP_ABS:
    case OP_MULTIPLY:
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_DIVIDE:
    case OP_CLAMP:
    case OP_RANGE:
        with_number(e, op, f);
        break;
    default:
        on_words(e, op, f);
    }
}

static bool takes_lists(enum map_op_kind kind)
{
    return kind == OP_COUNT || kind == OP_SUM || kind == OP_MIN || kind == OP_MAX || kind == OP_LAST ||
           kind == OP_UNIQUE || kind == OP_JOIN;
}

static void apply(struct map_eval *e, const struct map_op *op, struct found *f)
{
    if (op->kind == OP_DEFAULT) {
        struct found v = *f;
        found_scalar(e, &v);
        if (v.kind == FOUND_NOTHING)
            found_json(op->list, f);
        return;
    }
    if (f->kind == FOUND_NOTHING || f->kind == FOUND_BAD)
        return;
    if (op->kind != OP_JSON && op->kind != OP_PATH && !map_list_of_array(e, f))
        return;
    if (takes_lists(op->kind))
        map_list_op(e, op, f);
    else if (f->kind == FOUND_LIST)
        map_list_each(e, op, f, on_one);
    else
        on_one(e, op, f);
}

void map_ops_eval(struct map_eval *e, const struct map_value *v, struct found *f)
{
    for (size_t i = 0; i < v->n_ops && !e->err; i++)
        apply(e, &v->ops[i], f);
}
