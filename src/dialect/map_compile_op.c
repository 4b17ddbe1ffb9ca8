/* SPDX-License-Identifier: MIT
 * Compiles operators: a word, or an object with one word and what it needs.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dialect/map_compile.h"
#include "parkd/base/iso8601.h"

#define MAX_OPS 16

/* What stands behind the word. */
enum argument {
    NO_ARGUMENT,
    MAYBE_MARKS, /* "number" alone, or with marks */
    A_REGEX,
    A_PAIR_OF_TEXTS,
    A_TEXT,
    A_MAP,
    A_LIST,
    A_SCALAR,
    A_NUMBER,
    A_PAIR_OF_NUMBERS,
    A_PATH,
    A_FORMAT
};
static const struct op_row {
    const char *name;
    enum argument argument;
    const char *option; /* a further member; NULL none */
} rows[OP_KINDS] = {
    [OP_TRIM] = {"trim", NO_ARGUMENT, NULL},
    [OP_LOWER] = {"lower", NO_ARGUMENT, NULL},
    [OP_UPPER] = {"upper", NO_ARGUMENT, NULL},
    [OP_TEXT] = {"text", NO_ARGUMENT, NULL},
    [OP_NUMBER] = {"number", MAYBE_MARKS, NULL},
    [OP_INTEGER] = {"integer", MAYBE_MARKS, NULL},
    [OP_ROUND] = {"round", NO_ARGUMENT, NULL},
    [OP_FLOOR] = {"floor", NO_ARGUMENT, NULL},
    [OP_CEIL] = {"ceil", NO_ARGUMENT, NULL},
    [OP_ABS] = {"abs", NO_ARGUMENT, NULL},
    [OP_BOOL] = {"bool", NO_ARGUMENT, NULL},
    [OP_JSON] = {"json", NO_ARGUMENT, NULL},
    [OP_BASE64] = {"base64", NO_ARGUMENT, NULL},
    [OP_COUNT] = {"count", NO_ARGUMENT, NULL},
    [OP_SUM] = {"sum", NO_ARGUMENT, NULL},
    [OP_MIN] = {"min", NO_ARGUMENT, NULL},
    [OP_MAX] = {"max", NO_ARGUMENT, NULL},
    [OP_LAST] = {"last", NO_ARGUMENT, NULL},
    [OP_UNIQUE] = {"unique", NO_ARGUMENT, NULL},
    [OP_CAPTURE] = {"capture", A_REGEX, "group"},
    [OP_REPLACE] = {"replace", A_PAIR_OF_TEXTS, NULL},
    [OP_SPLIT] = {"split", A_TEXT, "at"},
    [OP_JOIN] = {"join", A_TEXT, NULL},
    [OP_MAP] = {"map", A_MAP, NULL},
    [OP_UNKNOWN] = {"unknown", A_LIST, NULL},
    [OP_DEFAULT] = {"default", A_SCALAR, NULL},
    [OP_MULTIPLY] = {"multiply", A_NUMBER, NULL},
    [OP_ADD] = {"add", A_NUMBER, NULL},
    [OP_SUBTRACT] = {"subtract", A_NUMBER, NULL},
    [OP_DIVIDE] = {"divide", A_NUMBER, NULL},
    [OP_CLAMP] = {"clamp", A_PAIR_OF_NUMBERS, NULL},
    [OP_RANGE] = {"range", A_PAIR_OF_NUMBERS, NULL},
    [OP_PATH] = {"path", A_PATH, NULL},
    [OP_PREFIX] = {"prefix", A_TEXT, NULL},
    [OP_SUFFIX] = {"suffix", A_TEXT, NULL},
    [OP_TIME] = {"time", A_FORMAT, "zone"},
};

/* ---- times */

static bool is_format(struct view f)
{
    int64_t ms;
    if (view_is(f, "iso") || view_is(f, "s") || view_is(f, "ms") || view_is(f, "rfc1123"))
        return true;
    return f.n && memchr(f.p, '%', f.n) && time_parse(VIEW("x"), f, 0, &ms) != ERR_INVALID;
}

static int compile_format(struct map_compiler *c, const struct json *j, struct map_formats *out)
{
    if (!json_is(j, JSON_STRING) || !is_format(json_text(j)))
        return map_fail(
            c, ERR_INVALID, "",
            "must be iso, s, ms, rfc1123 or a pattern that names a day with %Y %m %d, and %H %M %S");
    if (out->n == MAP_MAX_FORMATS)
        return why_set(c->why, ERR_TOO_BIG, "", "more than %d formats", MAP_MAX_FORMATS);
    out->v[out->n++] = json_text(j);
    return 0;
}

static int compile_format_list(struct map_compiler *c, const struct json *list, struct map_formats *out)
{
    size_t i = 0;
    int err = json_size(list) ? 0 : map_fail(c, ERR_INVALID, "", "must not be an empty list");
    for (const struct json *j = json_first(list); j && !err; j = json_next(j), i++)
        err = map_under_index(c, compile_format(c, j, out), i);
    return err;
}

int map_formats_compile(struct map_compiler *c, const struct json *format, const struct json *zone,
                        struct map_formats *out)
{
    out->n = 0;
    out->zone = c->m->zone;
    int err =
        json_is(format, JSON_ARRAY) ? compile_format_list(c, format, out) : compile_format(c, format, out);
    return !err && zone ? map_under(c, map_zone_compile(c, zone, &out->zone), "zone") : err;
}

/* ---- arguments */

static int compile_texts(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    const struct json *first = json_first(j), *second = json_next(first);
    if (!json_is(j, JSON_ARRAY) || json_size(j) != 2 || !json_is(second, JSON_STRING))
        return map_fail(c, ERR_TYPE, "", "must be a list of a regular expression and a text");
    out->text = json_text(second);
    return map_under_index(c, map_regex_compile(c, first, &out->regex), 0);
}

/* null: no limit on this side. */
static int compile_limits(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    const struct json *low = json_first(j), *high = json_next(low);
    bool good = json_is(j, JSON_ARRAY) && json_size(j) == 2;
    good = good && (json_is(low, JSON_NUMBER) || json_is(low, JSON_NULL));
    good = good && (json_is(high, JSON_NUMBER) || json_is(high, JSON_NULL));
    if (!good)
        return map_fail(c, ERR_TYPE, "", "must be [lowest, highest]; null for no limit");
    out->low = json_is(low, JSON_NUMBER) ? json_number(low) : -INFINITY;
    out->high = json_is(high, JSON_NUMBER) ? json_number(high) : INFINITY;
    return out->low <= out->high ? 0 : map_fail(c, ERR_INVALID, "", "the lowest is above the highest");
}

static int compile_map(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    out->list = j;
    if (!json_is(j, JSON_OBJECT) || json_size(j) == 0)
        return map_fail(c, ERR_TYPE, "", "must be an object: word → word");
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        if (!map_is_scalar(v) && !json_is(v, JSON_NULL))
            return map_fail(c, ERR_TYPE, "", "words map to texts, numbers, booleans or null");
    }
    return 0;
}

static int compile_list(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    out->list = j;
    if (json_is(j, JSON_ARRAY) && json_size(j))
        return 0;
    return map_fail(c, ERR_TYPE, "", "must be a list of texts, numbers and booleans");
}

static int compile_number(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    out->low = json_number(j);
    if (!json_is(j, JSON_NUMBER))
        return map_fail(c, ERR_TYPE, "", "must be a number");
    if (out->kind == OP_DIVIDE && out->low == 0)
        return map_fail(c, ERR_INVALID, "", "nothing can be divided by 0");
    return 0;
}

static int compile_text(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    out->text = json_text(j);
    if (!json_is(j, JSON_STRING))
        return map_fail(c, ERR_TYPE, "", "must be a text");
    if (out->kind == OP_SPLIT && out->text.n == 0)
        return map_fail(c, ERR_INVALID, "", "must not be empty");
    return 0;
}

static int compile_marks(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    static const char *const names[] = {"decimal", "thousands", NULL};
    int err = json_only(j, names, c->why);
    return err ? err : map_marks_compile(c, j, &out->marks);
}

static int compile_argument(struct map_compiler *c, const struct json *j, const struct json *op,
                            struct map_op *out)
{
    switch (rows[out->kind].argument) {
    case NO_ARGUMENT:
        return map_fail(c, ERR_INVALID, "", "takes nothing: write it as a word");
    case MAYBE_MARKS:
        return compile_marks(c, j, out);
    case A_REGEX:
        return map_regex_compile(c, j, &out->regex);
    case A_PAIR_OF_TEXTS:
        return compile_texts(c, j, out);
    case A_TEXT:
        return compile_text(c, j, out);
    case A_MAP:
        return compile_map(c, j, out);
    case A_LIST:
        return compile_list(c, j, out);
    case A_SCALAR:
        out->list = j;
        return map_is_scalar(j) ? 0 : map_fail(c, ERR_TYPE, "", "must be a text, a number or a boolean");
    case A_NUMBER:
        return compile_number(c, j, out);
    case A_PAIR_OF_NUMBERS:
        return compile_limits(c, j, out);
    case A_PATH:
        return map_path_inside(c, j, &out->path);
    case A_FORMAT:
        return map_formats_compile(c, j, json_get(op, "zone"), &out->formats);
    }
    return 0;
}

/* "group" of capture, "at" of split. */
static int compile_option(struct map_compiler *c, const struct json *op, struct map_op *out)
{
    int64_t n = out->kind == OP_CAPTURE && regex_groups(out->regex) > 0;
    int64_t least = out->kind == OP_SPLIT ? -4096 : 0;
    if (out->kind != OP_CAPTURE && out->kind != OP_SPLIT)
        return 0;
    int err = json_want_int(op, rows[out->kind].option, least, 4096, &n, c->why);
    out->index = (int)n;
    out->has_index = json_get(op, rows[out->kind].option) != NULL;
    if (!err && out->kind == OP_CAPTURE && n > regex_groups(out->regex))
        err = map_fail(c, ERR_INVALID, "/group", "the expression has no such group");
    return err;
}

/* ---- one operator */

static int kind_of(struct view word)
{
    for (int i = 0; i < OP_KINDS; i++) {
        if (view_is(word, rows[i].name))
            return i;
    }
    return -1;
}

static int unknown_op(struct map_compiler *c, struct view word, const char *at)
{
    const char *names[OP_KINDS + 1] = {0};
    for (int i = 0; i < OP_KINDS; i++)
        names[i] = rows[i].name;
    const char *near = nearest_name(word, names);
    return why_set(c->why, ERR_UNKNOWN_KEY, at, "unknown operator%s%s%s", near ? ", did you mean \"" : "",
                   near ? near : "", near ? "\"?" : "");
}

static int compile_word(struct map_compiler *c, struct view word, struct map_op *out)
{
    int kind = kind_of(word);
    if (kind < 0)
        return unknown_op(c, word, "");
    out->kind = (enum map_op_kind)kind;
    if (rows[kind].argument == NO_ARGUMENT || rows[kind].argument == MAYBE_MARKS)
        return 0;
    return why_set(c->why, ERR_INVALID, "", "needs something: write {\"%s\": …}", rows[kind].name);
}

static int compile_object(struct map_compiler *c, const struct json *op, struct map_op *out)
{
    const struct json *argument = NULL;
    for (const struct json *m = json_first(op); m; m = json_next(m)) {
        int kind = kind_of(json_key(m));
        if (kind < 0)
            continue;
        if (argument)
            return map_fail(c, ERR_INVALID, "", "one operator an object; write a list of them");
        argument = m;
        out->kind = (enum map_op_kind)kind;
    }
    if (!argument && json_size(op) > 0) {
        char at[64];
        (void)snprintf(at, sizeof at, "/" VIEW_FMT, VIEW_ARG(json_key(json_first(op))));
        return unknown_op(c, json_key(json_first(op)), at);
    }
    if (!argument)
        return map_fail(c, ERR_MISSING, "", "must name an operator");
    const struct op_row *row = &rows[out->kind];
    const char *names[] = {row->name, row->option, NULL};
    int err = json_only(op, names, c->why);
    if (err)
        return err;
    bool in_place = row->argument == A_FORMAT; /* "zone" has its own place already */
    err = compile_argument(c, argument, op, out);
    if (err && !(in_place && strcmp(c->why->at, "/zone") == 0))
        return map_under(c, err, row->name);
    return err ? err : compile_option(c, op, out);
}

static int compile_op(struct map_compiler *c, const struct json *j, struct map_op *out)
{
    out->marks = c->m->marks;
    if (json_is(j, JSON_STRING))
        return compile_word(c, json_text(j), out);
    if (json_is(j, JSON_OBJECT))
        return compile_object(c, j, out);
    return map_fail(c, ERR_TYPE, "", "must be an operator: a word, or an object with one");
}

int map_ops_compile(struct map_compiler *c, const struct json *j, struct map_value *out)
{
    bool list = json_is(j, JSON_ARRAY);
    size_t n = list ? json_size(j) : 1;
    if (n == 0 || n > MAX_OPS)
        return why_set(c->why, ERR_INVALID, "", "must be 1 to %d operators", MAX_OPS);
    out->ops = map_new(c, n * sizeof *out->ops);
    if (!out->ops)
        return ERR_NOMEM;
    if (!list) {
        out->n_ops = 1;
        return compile_op(c, j, &out->ops[0]);
    }
    int err = 0;
    for (const struct json *op = json_first(j); op && !err; op = json_next(op), out->n_ops++)
        err = map_under_index(c, compile_op(c, op, &out->ops[out->n_ops]), out->n_ops);
    return err;
}
