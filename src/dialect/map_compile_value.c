/* SPDX-License-Identifier: MIT
 * Compiles values and conditions.
 */
#include <math.h>
#include <string.h>

#include "dialect/map_compile.h"

#define MAX_LIST  64
#define MAX_UP    32
#define MAX_NAMES 48

static const char *const source_names[SOURCE_KINDS + 1] = {
    "path", "const",      "key",     "index",    "var",  "first", "if",      "template",
    "sum",  "difference", "product", "quotient", "list", "join",  "request", NULL,
};
static const char *const test_names[TEST_KINDS + 1] = {
    "equals", "not", "exists", "above", "below", "at_least", "at_most", "matches", NULL,
};

/* ---- sources */

static int compile_part(struct map_compiler *c, const struct json *j, const char *name,
                        struct map_value **out)
{
    return map_under(c, map_value_compile(c, j, NULL, out), name);
}

static int compile_parts(struct map_compiler *c, const struct json *list, struct map_value *out,
                         size_t exactly)
{
    size_t n = json_size(list);
    if (!json_is(list, JSON_ARRAY) || n == 0 || n > MAX_LIST)
        return map_fail(c, ERR_TYPE, "", "must be a list of values");
    if (exactly && n != exactly)
        return map_fail(c, ERR_INVALID, "", "must be a list of two values");
    out->v = map_new(c, n * sizeof *out->v);
    if (!out->v)
        return ERR_NOMEM;
    int err = 0;
    for (const struct json *j = json_first(list); j && !err; j = json_next(j), out->n++)
        err = map_under_index(c, map_value_compile(c, j, NULL, &out->v[out->n]), out->n);
    return err;
}

/* Where one scalar is wanted, looking for more nodes than the first is labour lost. */
static void only_first(struct map_value *v)
{
    if (!v || v->n_ops)
        return;
    if (v->source == SOURCE_PATH)
        v->many = false;
    for (size_t i = 0; i < v->n && (v->source == SOURCE_FIRST || v->source == SOURCE_IF); i++)
        only_first(v->v[i]);
}

static int compile_numbers(struct map_compiler *c, const struct json *list, struct map_value *out,
                           size_t exactly)
{
    int err = compile_parts(c, list, out, exactly);
    for (size_t i = 0; i < out->n && !err; i++)
        only_first(out->v[i]);
    return err;
}

static int compile_if(struct map_compiler *c, const struct json *obj, struct map_value *out)
{
    int err = map_under(c, map_cond_compile(c, json_get(obj, "if"), false, &out->cond), "if");
    if (err)
        return err;
    if (!json_get(obj, "then") && !json_get(obj, "else"))
        return map_fail(c, ERR_MISSING, "/then", "missing: what if it holds?");
    out->n = 2;
    out->v = map_new(c, 2 * sizeof *out->v);
    if (!out->v)
        return ERR_NOMEM;
    if (json_get(obj, "then"))
        err = compile_part(c, json_get(obj, "then"), "then", &out->v[0]);
    if (!err && json_get(obj, "else"))
        err = compile_part(c, json_get(obj, "else"), "else", &out->v[1]);
    return err;
}

static int find_name(struct view word, const struct view *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (view_eq(names[i], word))
            return i;
    }
    return -1;
}

static int compile_let_use(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    out->index = find_name(json_text(j), c->m->let_names, c->n_lets);
    if (out->index >= 0)
        return 0;
    return why_set(c->why, ERR_UNKNOWN_KEY, "/var", "no let of that name stands before this place");
}

static int compile_join_use(struct map_compiler *c, const struct json *obj, struct map_value *out)
{
    struct view name = json_text(json_get(obj, "join"));
    const struct doc_spec *doc = c->doc;
    out->index = -1;
    for (int i = 0; i < c->m->n_joins && c->joins_known; i++) {
        if (view_eq(c->m->joins[i].name, name))
            out->index = i;
    }
    if (out->index < 0)
        return map_fail(c, ERR_UNKNOWN_KEY, "/join",
                        c->joins_known ? "the mapping has no join of that name"
                                       : "a join cannot use a join here");
    const struct map_join *join = &c->m->joins[out->index];
    if (json_get(obj, "on") && !join->key)
        return map_fail(c, ERR_MISSING, "/on", "the join has no \"key\" that this could be compared with");
    if (!json_get(obj, "on") && join->key)
        return map_fail(c, ERR_MISSING, "/on", "missing: which of the joined items?");
    if (!json_get(obj, "take"))
        return map_fail(c, ERR_MISSING, "/take", "missing: what of the joined item?");
    out->n = 2;
    out->v = map_new(c, 2 * sizeof *out->v);
    int err = out->v ? 0 : ERR_NOMEM;
    if (!err && join->key)
        err = compile_part(c, json_get(obj, "on"), "on", &out->v[0]);
    c->doc = map_item_doc(&join->message);
    if (!err)
        err = compile_part(c, json_get(obj, "take"), "take", &out->v[1]);
    c->doc = doc;
    return err;
}

static int compile_request_use(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    static const char *const kinds[] = {"query", "header", "path", "topic", NULL};
    struct view rest = json_text(j), kind = view_cut(&rest, ':');
    int64_t n = 0;
    for (int i = 0; kinds[i]; i++) {
        if (!view_is(kind, kinds[i]) || rest.n == 0)
            continue;
        out->asked = (enum map_asked)i;
        out->name = rest;
        bool numbered = i == ASKED_PATH || i == ASKED_TOPIC;
        if (i == ASKED_HEADER)
            c->m->wants_head = true;
        if (numbered && view_to_int(rest, 1, 64, &n))
            break;
        out->index = (int)n;
        return 0;
    }
    return map_fail(c, ERR_INVALID, "/request",
                    "must be query:NAME, header:NAME, path:N or topic:N with N from 1");
}

static int compile_const(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    out->constant = j;
    return map_is_scalar(j) ? 0 : map_fail(c, ERR_TYPE, "/const", "must be a text, a number or a boolean");
}

static int compile_text(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    static const unsigned holes = 1u << HOLE_LET | 1u << HOLE_NOW_S | 1u << HOLE_NOW_MS | 1u << HOLE_TIME;
    if (!json_is(j, JSON_STRING))
        return map_fail(c, ERR_TYPE, "/template", "must be a text like \"P-${NAME}\"");
    return map_under(c, map_template_compile(c, json_text(j), holes, &out->text), "template");
}

static int compile_source(struct map_compiler *c, const struct json *obj, struct map_value *out)
{
    const char *name = source_names[out->source];
    const struct json *j = json_get(obj, name);
    switch (out->source) {
    case SOURCE_PATH:
        return map_under(c, map_path_compile(c, j, &out->path), name);
    case SOURCE_CONST:
        return compile_const(c, j, out);
    case SOURCE_LET:
        return compile_let_use(c, j, out);
    case SOURCE_IF:
        return compile_if(c, obj, out);
    case SOURCE_TEMPLATE:
        return compile_text(c, j, out);
    case SOURCE_DIFFERENCE:
    case SOURCE_QUOTIENT:
        return map_under(c, compile_numbers(c, j, out, 2), name);
    case SOURCE_PRODUCT:
        return map_under(c, compile_numbers(c, j, out, 0), name);
    case SOURCE_FIRST:
    case SOURCE_SUM:
    case SOURCE_LIST:
        return map_under(c, compile_parts(c, j, out, 0), name);
    case SOURCE_JOIN:
        return compile_join_use(c, obj, out);
    case SOURCE_REQUEST:
        return compile_request_use(c, j, out);
    default:
        return 0; /* key, index */
    }
}

/* ---- the object around a source */

static const char *const modifier_names[] = {"parent", "root", "do", "default", "required",
                                             "then",   "else", "on", "take",    NULL};

static int only_members(struct map_compiler *c, const struct json *j, const char *const *extra)
{
    static const char *const *const base[] = {source_names, modifier_names};
    const char *names[MAX_NAMES] = {0};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        for (const char *const *p = base[i]; *p; p++)
            names[n++] = *p;
    }
    for (; extra && *extra && n + 1 < MAX_NAMES; extra++)
        names[n++] = *extra;
    return json_only(j, names, c->why);
}

/* "key": false is as good as no "key". */
static int pick_source(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    int given = 0;
    for (int i = 0; i < SOURCE_KINDS; i++) {
        const struct json *s = json_get(j, source_names[i]);
        bool flag = i == SOURCE_KEY || i == SOURCE_INDEX, yes = true;
        if (!s)
            continue;
        if (flag && json_want_bool(j, source_names[i], &yes, c->why))
            return ERR_TYPE;
        if (!yes)
            continue;
        out->source = (enum map_source)i;
        given++;
    }
    if (given == 1)
        return 0;
    return map_fail(
        c, ERR_INVALID, "",
        "needs exactly one of path, const, key, index, var, first, if, template, sum, difference, product, "
        "quotient, list, join, request");
}

static int check_members(struct map_compiler *c, const struct json *j, const struct map_value *v)
{
    static const struct {
        const char *name;
        enum map_source source;
    } rows[] = {{"then", SOURCE_IF},   {"else", SOURCE_IF},   {"on", SOURCE_JOIN},
                {"take", SOURCE_JOIN}, {"root", SOURCE_PATH}, {"parent", SOURCE_PATH}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (json_get(j, rows[i].name) && v->source != rows[i].source)
            return why_set(c->why, ERR_INVALID, "", "\"%s\" goes with \"%s\" only", rows[i].name,
                           source_names[rows[i].source]);
    }
    return 0;
}

static int compile_modifiers(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    int64_t parent = 0;
    int err = json_want_bool(j, "root", &out->root, c->why);
    if (!err)
        err = json_want_bool(j, "required", &out->required, c->why);
    if (!err)
        err = json_want_int(j, "parent", 1, MAX_UP, &parent, c->why);
    out->parent = (int)parent;
    if (!err && out->parent && out->root)
        err = map_fail(c, ERR_INVALID, "/parent", "either root or parent");
    out->fallback = json_get(j, "default");
    if (!err && out->fallback && !map_is_scalar(out->fallback))
        err = map_fail(c, ERR_TYPE, "/default", "must be a text, a number or a boolean");
    if (!err && json_get(j, "do"))
        err = map_under(c, map_ops_compile(c, json_get(j, "do"), out), "do");
    return err;
}

/* Does it end in a moment, in milliseconds, whatever way it takes? */
static bool gives_ms(const struct map_compiler *c, const struct map_value *v)
{
    if (v->n_ops)
        return v->ops[v->n_ops - 1].kind == OP_TIME;
    if (v->source == SOURCE_LET)
        return c->m->lets[v->index] && c->m->lets[v->index]->gives_ms;
    if (v->source == SOURCE_JOIN)
        return v->v[1] && v->v[1]->gives_ms;
    bool some = false, all = v->source == SOURCE_FIRST || v->source == SOURCE_IF;
    for (size_t i = 0; i < v->n && all; i++) {
        some |= v->v[i] != NULL;
        all = !v->v[i] || v->v[i]->gives_ms;
    }
    return some && all;
}

static int compile_object(struct map_compiler *c, const struct json *j, const char *const *extra,
                          struct map_value *out)
{
    int err = only_members(c, j, extra);
    if (err || (err = pick_source(c, j, out)) || (err = check_members(c, j, out)) ||
        (err = compile_source(c, j, out)) || (err = compile_modifiers(c, j, out)))
        return err;
    out->gives_ms = gives_ms(c, out);
    return 0;
}

static int deeper(struct map_compiler *c)
{
    if (c->depth == MAP_MAX_NESTING)
        return why_set(c->why, ERR_TOO_BIG, "", "nested deeper than %d", MAP_MAX_NESTING);
    c->depth++;
    return 0;
}

int map_value_compile(struct map_compiler *c, const struct json *j, const char *const *extra,
                      struct map_value **out)
{
    *out = NULL;
    if (json_is(j, JSON_NULL))
        return 0;
    int err = deeper(c);
    struct map_value *v = err ? NULL : map_new(c, sizeof *v);
    if (!v)
        return err ? err : ERR_NOMEM;
    v->many = true;
    if (json_is(j, JSON_OBJECT))
        err = compile_object(c, j, extra, v);
    else
        err = map_path_compile(c, j, &v->path);
    c->depth--;
    *out = v;
    return err;
}

int map_want_list(struct map_compiler *c, const struct json *obj, const char *name, struct map_value **out)
{
    const struct json *j = json_get(obj, name);
    return j ? map_under(c, map_value_compile(c, j, NULL, out), name) : 0;
}

int map_want_value(struct map_compiler *c, const struct json *obj, const char *name, const char *const *extra,
                   struct map_value **out)
{
    const struct json *j = json_get(obj, name);
    if (!j)
        return 0;
    int err = map_under(c, map_value_compile(c, j, extra, out), name);
    if (!err)
        only_first(*out);
    return err;
}

/* ---- conditions */

static int compile_scalars(struct map_compiler *c, const struct json *j, struct map_test *out)
{
    out->list = j;
    if (map_is_scalar(j))
        return 0;
    if (!json_is(j, JSON_ARRAY) || json_size(j) == 0)
        return map_fail(c, ERR_TYPE, "", "must be a scalar or a list of them");
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        if (!map_is_scalar(v))
            return map_fail(c, ERR_TYPE, "", "must be a list of texts, numbers and booleans");
    }
    return 0;
}

static int compile_test(struct map_compiler *c, const struct json *j, struct map_test *out)
{
    switch (out->kind) {
    case TEST_EQUALS:
    case TEST_NOT:
        return compile_scalars(c, j, out);
    case TEST_EXISTS:
        out->there = json_true(j);
        return json_is(j, JSON_BOOL) ? 0 : map_fail(c, ERR_TYPE, "", "must be true or false");
    case TEST_MATCHES:
        return map_regex_compile(c, j, &out->regex);
    default:
        out->limit = json_number(j);
        return json_is(j, JSON_NUMBER) ? 0 : map_fail(c, ERR_TYPE, "", "must be a number");
    }
}

static int compile_tests(struct map_compiler *c, const struct json *j, struct map_cond *out)
{
    for (int i = 0; i < TEST_KINDS; i++) {
        const struct json *t = json_get(j, test_names[i]);
        if (!t)
            continue;
        out->tests[out->n_tests].kind = (enum map_test_kind)i;
        int err = map_under(c, compile_test(c, t, &out->tests[out->n_tests++]), test_names[i]);
        if (err)
            return err;
    }
    if (out->n_tests)
        return 0;
    return map_fail(c, ERR_MISSING, "",
                    "needs a test: equals, not, exists, above, below, at_least, at_most or matches");
}

static int compile_group(struct map_compiler *c, const struct json *list, const char *name,
                         struct map_cond *out)
{
    size_t n = json_size(list);
    if (!json_is(list, JSON_ARRAY) || n == 0 || n > MAX_LIST)
        return map_under(c, map_fail(c, ERR_TYPE, "", "must be a list of conditions"), name);
    out->v = map_new(c, n * sizeof *out->v);
    if (!out->v)
        return ERR_NOMEM;
    int err = 0;
    for (const struct json *j = json_first(list); j && !err; j = json_next(j), out->n++)
        err = map_under_index(c, map_cond_compile(c, j, false, &out->v[out->n]), out->n);
    return map_under(c, err, name);
}

static const char *const *names_of_cond(bool message)
{
    static const char *const plain[] = {"equals",   "not",     "exists",  "above", "below",
                                        "at_least", "at_most", "matches", NULL};
    static const char *const with[] = {"equals",   "not",     "exists",  "above",   "below",
                                       "at_least", "at_most", "matches", "message", NULL};
    return message ? with : plain;
}

static int compile_cond(struct map_compiler *c, const struct json *j, bool message, struct map_cond *out)
{
    static const char *const groups[] = {"all", "any", "none"};
    static const char *const names[] = {"all", "any", "none", "message", NULL};
    for (int i = 0; i < 3; i++) {
        const struct json *list = json_get(j, groups[i]);
        if (!list)
            continue;
        out->kind = (enum map_cond_kind)(COND_ALL + i);
        int err = json_only(j, names, c->why);
        if (!err && json_size(j) > 1 + (size_t)(json_get(j, "message") && message))
            err = map_fail(c, ERR_INVALID, "", "one of all, any and none, and nothing beside it");
        return err ? err : compile_group(c, list, groups[i], out);
    }
    int err = map_value_compile(c, j, names_of_cond(message), &out->value);
    if (!err)
        only_first(out->value);
    return err ? err : compile_tests(c, j, out);
}

int map_cond_compile(struct map_compiler *c, const struct json *j, bool message, struct map_cond **out)
{
    if (!json_is(j, JSON_OBJECT))
        return map_fail(c, ERR_TYPE, "",
                        "must be a condition: an object with a path and a test, or all, any, none");
    int err = deeper(c);
    struct map_cond *cond = err ? NULL : map_new(c, sizeof *cond);
    if (!cond)
        return err ? err : ERR_NOMEM;
    err = compile_cond(c, j, message, cond);
    if (!err && message)
        err = map_want_value(c, j, "message", NULL, &cond->message);
    c->depth--;
    *out = cond;
    return err;
}

int map_conds_compile(struct map_compiler *c, const struct json *j, bool message, struct map_conds *out)
{
    bool list = json_is(j, JSON_ARRAY);
    size_t n = list ? json_size(j) : 1;
    if (n == 0 || n > MAX_LIST)
        return map_fail(c, ERR_TYPE, "", "must be a condition or a list of them");
    *out = (struct map_conds){.v = map_new(c, n * sizeof *out->v)};
    if (!out->v)
        return ERR_NOMEM;
    if (!list) {
        out->n = 1;
        return map_cond_compile(c, j, message, &out->v[0]);
    }
    int err = 0;
    for (const struct json *v = json_first(j); v && !err; v = json_next(v), out->n++)
        err = map_under_index(c, map_cond_compile(c, v, message, &out->v[out->n]), out->n);
    return err;
}
