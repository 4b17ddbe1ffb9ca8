/* SPDX-License-Identifier: MIT
 * The compiler of JSONPath: recursive descent over RFC 9535's grammar, one function a rule. Nesting is
 * limited, so neither this nor the evaluation runs deep.
 */
#include "parkd/base/json_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_path_lex.h"

#define TEXT_MAX 4096
#define NEST_MAX 12

/* Queries and filters refer to each other. */
static bool query(struct parser *ps, struct path_query *q);
static const struct path_condition *either(struct parser *ps);

static bool operand_query(struct parser *ps, const struct path_query **out)
{
    struct path_query *q = path_need(ps, sizeof *q);
    *out = q;
    return q && query(ps, q);
}

/* true, false, null; anything else could only be a function. */
static bool word_operand(struct parser *ps, struct path_operand *o)
{
    const char *from = ps->p;
    struct view word = path_word(ps);
    if (path_next_is(ps, '('))
        return path_fail_at(ps, from, "functions are not supported: " VIEW_FMT "()", VIEW_ARG(word));
    o->truth = view_is(word, "true");
    o->kind = o->truth || view_is(word, "false") ? JSON_BOOL : JSON_NULL;
    return o->kind == JSON_BOOL || view_is(word, "null") ||
           path_fail_at(ps, from, "'@', '$', a text in quotes, a number, true, false or null expected");
}

static bool operand(struct parser *ps, struct path_operand *o)
{
    *o = (struct path_operand){0};
    if (path_next_is(ps, '@') || path_next_is(ps, '$'))
        return operand_query(ps, &o->query);
    if (path_next_is(ps, '\'') || path_next_is(ps, '"')) {
        o->kind = JSON_STRING;
        return path_quoted(ps, &o->text);
    }
    if (path_next_is(ps, '-') || path_next_is_digit(ps)) {
        o->kind = JSON_NUMBER;
        return path_number(ps, &o->number);
    }
    return ps->p < ps->end ? word_operand(ps, o) : path_fail(ps, "");
}

static bool compare_sign(struct parser *ps, enum path_compare *out)
{
    static const char *const signs[] = {"==", "!=", "<=", "<", ">=", ">"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (path_eat_word(ps, signs[i])) {
            *out = (enum path_compare)i;
            return true;
        }
    }
    return false;
}

static bool is_comparable(struct parser *ps, const struct path_operand *o, const char *at)
{
    return !o->query || o->query->singular ||
           path_fail_at(ps, at, "only a path to a single value can be compared");
}

/* A comparison, or the question whether something is there. */
static bool test(struct parser *ps, struct path_condition *c)
{
    const char *left = ps->p;
    if (!operand(ps, &c->a))
        return false;
    const char *behind = ps->p;
    path_skip_blanks(ps);
    c->kind = LOGIC_COMPARE;
    if (compare_sign(ps, &c->compare)) {
        path_skip_blanks(ps);
        const char *right = ps->p;
        return operand(ps, &c->b) && is_comparable(ps, &c->a, left) && is_comparable(ps, &c->b, right);
    }
    if (path_next_is(ps, '='))
        return path_fail(ps, "a comparison is written ==");
    if (!c->a.query)
        return path_fail_at(ps, left, "a value alone is no condition");
    ps->p = behind;
    c->kind = LOGIC_EXISTS;
    c->query = c->a.query;
    return true;
}

static const struct path_condition *in_parentheses(struct parser *ps)
{
    ps->p++;
    path_skip_blanks(ps);
    const struct path_condition *c = either(ps);
    if (!c)
        return NULL;
    path_skip_blanks(ps);
    if (!path_eat(ps, ')')) {
        path_fail(ps, "')' expected");
        return NULL;
    }
    return c;
}

static const struct path_condition *negated(struct parser *ps, struct path_condition *c)
{
    struct path_condition *inner = NULL;
    ps->p++;
    path_skip_blanks(ps);
    c->kind = LOGIC_NOT;
    if (path_next_is(ps, '(')) {
        c->left = in_parentheses(ps);
        return c->left ? c : NULL;
    }
    const char *at = ps->p;
    if (!(inner = path_need(ps, sizeof *inner)) || !test(ps, inner))
        return NULL;
    if (inner->kind != LOGIC_EXISTS) {
        path_fail_at(ps, at, "'!' before a comparison needs parentheses");
        return NULL;
    }
    c->left = inner;
    return c;
}

static const struct path_condition *basic(struct parser *ps)
{
    if (path_next_is(ps, '('))
        return in_parentheses(ps);
    struct path_condition *c = path_need(ps, sizeof *c);
    if (!c)
        return NULL;
    if (path_next_is(ps, '!'))
        return negated(ps, c);
    return test(ps, c) ? c : NULL;
}

/* A chain of what `part` reads, with `sign` between, as a tree that leans left. */
static const struct path_condition *chain(struct parser *ps, const char *sign, enum path_logic kind,
                                          const struct path_condition *(*part)(struct parser *))
{
    const struct path_condition *left = part(ps);
    while (left) {
        const char *behind = ps->p;
        path_skip_blanks(ps);
        if (!path_eat_word(ps, sign)) {
            ps->p = behind;
            break;
        }
        path_skip_blanks(ps);
        struct path_condition *both = path_need(ps, sizeof *both);
        const struct path_condition *right = both ? part(ps) : NULL;
        if (!right)
            return NULL;
        *both = (struct path_condition){.kind = kind, .left = left, .right = right};
        left = both;
    }
    return left;
}

static const struct path_condition *all_of(struct parser *ps)
{
    return chain(ps, "&&", LOGIC_AND, basic);
}

static const struct path_condition *either(struct parser *ps)
{
    if (ps->depth == NEST_MAX) {
        path_fail(ps, "nested too deeply");
        return NULL;
    }
    ps->depth++;
    const struct path_condition *c = chain(ps, "||", LOGIC_OR, all_of);
    ps->depth--;
    return c;
}

/* Selectors */

static bool slice_bound(struct parser *ps, bool *has, int64_t *out)
{
    path_skip_blanks(ps);
    *has = path_next_is(ps, '-') || path_next_is_digit(ps);
    return !*has || path_integer(ps, out);
}

/* "[3]", "[1:5]", "[::2]" */
static bool index_or_slice(struct parser *ps, struct path_selector *s)
{
    struct path_slice *slice = &s->slice;
    bool has_step = false;
    if (!slice_bound(ps, &slice->has_from, &slice->from))
        return false;
    const char *behind = ps->p;
    path_skip_blanks(ps);
    if (!path_eat(ps, ':')) {
        ps->p = behind;
        s->kind = SELECT_INDEX;
        s->index = slice->from;
        return slice->has_from || path_fail(ps, "a name in quotes, an index, '*' or '?' expected");
    }
    s->kind = SELECT_SLICE;
    slice->step = 1;
    if (!slice_bound(ps, &slice->has_to, &slice->to))
        return false;
    behind = ps->p;
    path_skip_blanks(ps);
    if (path_eat(ps, ':'))
        return slice_bound(ps, &has_step, &slice->step);
    ps->p = behind;
    return true;
}

static bool filter(struct parser *ps, struct path_selector *s)
{
    path_skip_blanks(ps);
    s->kind = SELECT_FILTER;
    s->filter = either(ps);
    return s->filter != NULL;
}

static bool selector(struct parser *ps, struct path_selector *s)
{
    if (path_next_is(ps, '\'') || path_next_is(ps, '"')) {
        s->kind = SELECT_NAME;
        return path_quoted(ps, &s->name);
    }
    if (path_eat(ps, '*')) {
        s->kind = SELECT_ALL;
        return true;
    }
    return path_eat(ps, '?') ? filter(ps, s) : index_or_slice(ps, s);
}

static bool in_brackets(struct parser *ps, struct path_segment *seg)
{
    struct path_selector **tail = &seg->first;
    do {
        path_skip_blanks(ps);
        struct path_selector *s = *tail = path_need(ps, sizeof *s);
        if (!s || !selector(ps, s))
            return false;
        tail = &s->next;
        path_skip_blanks(ps);
    } while (path_eat(ps, ','));
    return path_eat(ps, ']') || path_fail(ps, "',' or ']' expected");
}

static bool segment(struct parser *ps, struct path_segment *seg)
{
    if (path_eat(ps, '['))
        return in_brackets(ps, seg);
    ps->p++;
    seg->descend = path_eat(ps, '.');
    if (seg->descend && path_eat(ps, '['))
        return in_brackets(ps, seg);
    struct path_selector *s = seg->first = path_need(ps, sizeof *s);
    if (!s)
        return false;
    s->kind = path_next_is(ps, '*') ? SELECT_ALL : SELECT_NAME;
    return path_eat(ps, '*') || path_name(ps, &s->name);
}

static bool is_single(const struct path_segment *seg)
{
    enum path_select kind = seg->first->kind;
    return !seg->descend && !seg->first->next && (kind == SELECT_NAME || kind == SELECT_INDEX);
}

/* From the '$' or '@' on, as far as there are segments. */
static bool query(struct parser *ps, struct path_query *q)
{
    struct path_segment **tail = &q->first;
    q->from_root = *ps->p++ == '$';
    q->singular = true;
    for (;;) {
        const char *behind = ps->p;
        path_skip_blanks(ps);
        if (!path_next_is(ps, '.') && !path_next_is(ps, '[')) {
            ps->p = behind;
            return true;
        }
        struct path_segment *seg = *tail = path_need(ps, sizeof *seg);
        if (!seg || !segment(ps, seg))
            return false;
        q->singular = q->singular && is_single(seg);
        tail = &seg->next;
    }
}

/* Pointers */

static bool token(struct parser *ps, struct path_selector *s)
{
    const char *slash = memchr(ps->p, '/', (size_t)(ps->end - ps->p)), *end = slash ? slash : ps->end;
    char *text = path_need(ps, (size_t)(end - ps->p) + 1), *to = text;
    if (!text)
        return false;
    for (; ps->p < end; ps->p++) {
        char c = *ps->p;
        if (c == '~') {
            ps->p++;
            if (!path_next_is(ps, '0') && !path_next_is(ps, '1'))
                return path_fail_at(ps, ps->p - 1, "in a pointer '~' is written ~0 and '/' in a name ~1");
            c = *ps->p == '0' ? '~' : '/';
        }
        *to++ = c;
    }
    s->kind = SELECT_TOKEN;
    s->name = (struct view){text, (size_t)(to - text)};
    bool zero_first = s->name.n > 1 && text[0] == '0';
    if (zero_first || text[0] == '-' || view_to_int(s->name, 0, UINT32_MAX, &s->index))
        s->index = -1;
    return true;
}

static bool pointer(struct parser *ps, struct path_query *q)
{
    struct path_segment **tail = &q->first;
    q->singular = true;
    while (path_eat(ps, '/')) {
        struct path_segment *seg = *tail = path_need(ps, sizeof *seg);
        struct path_selector *s = seg ? seg->first = path_need(ps, sizeof *s) : NULL;
        if (!s || !token(ps, s))
            return false;
        tail = &seg->next;
    }
    return true;
}

static bool whole(struct parser *ps, struct path_query *q)
{
    if (ps->p == ps->end || path_next_is(ps, '/'))
        return pointer(ps, q);
    if (!path_next_is(ps, '$') && !path_next_is(ps, '@'))
        return path_fail(ps, "a path starts with '$' or '@', a pointer with '/'");
    return query(ps, q) && (ps->p == ps->end || path_fail(ps, "'.' or '[' expected"));
}

int json_path_compile(struct view text, struct json_path **out, struct why *why)
{
    *out = NULL;
    if (text.n > TEXT_MAX)
        return why_set(why, ERR_SYNTAX, "", "the path is longer than %d bytes", TEXT_MAX);
    if (!view_is_utf8(text))
        return why_set(why, ERR_SYNTAX, "", "the path is not UTF-8");
    struct json_path *path = calloc(1, sizeof *path);
    char *copy = path ? path_alloc(&path->arena, text.n + 1) : NULL;
    if (!copy) {
        json_path_free(path);
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    if (text.n)
        memcpy(copy, text.p, text.n);
    struct parser ps = {.start = copy, .p = copy, .end = copy + text.n, .arena = &path->arena, .why = why};
    if (!whole(&ps, &path->query)) {
        json_path_free(path);
        return ps.rc;
    }
    *out = path;
    return 0;
}
