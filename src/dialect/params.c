/* SPDX-License-Identifier: MIT
 * Declared parameters against those of a registration. A required text may not be empty: an empty key signs
 * too, only wrongly.
 */
#include <stdio.h>

#include "dialect/params.h"

#define NAME_SIZE 48

struct declared {
    char name[NAME_SIZE];
    enum json_kind kind;
    bool optional;
};

static int kind_of(struct view word, struct declared *out)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } kinds[] = {
        {"string", JSON_STRING}, {"secret", JSON_STRING}, {"number", JSON_NUMBER},
        {"object", JSON_OBJECT}, {"boolean", JSON_BOOL},  {"secrets", JSON_OBJECT},
    };
    out->optional = word.n && word.p[word.n - 1] == '?';
    word.n -= out->optional;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (view_is(word, kinds[i].word)) {
            out->kind = kinds[i].kind;
            return 0;
        }
    }
    return ERR_INVALID;
}

static int read_spec(const struct json *spec, struct declared out[PARAMS_MAX], size_t *n, struct why *why)
{
    *n = 0;
    if (!json_is(spec, JSON_OBJECT) || json_size(spec) > PARAMS_MAX)
        return why_set(why, ERR_INVALID, "/params", "must be an object of at most %d members", PARAMS_MAX);
    for (const struct json *j = json_first(spec); j; j = json_next(j)) {
        struct declared *d = &out[(*n)++];
        if (view_copy(json_key(j), d->name, sizeof d->name) || !d->name[0] || kind_of(json_text(j), d))
            return why_set(why, ERR_INVALID, "/params",
                           VIEW_FMT ": not a name with string, secret, number, object or boolean",
                           VIEW_ARG(json_key(j)));
    }
    return 0;
}

static int parse_spec(struct view spec, struct declared out[PARAMS_MAX], size_t *n, struct why *why)
{
    struct json *j = NULL;
    int err = json_parse(spec, &j, why);
    if (!err)
        err = read_spec(j, out, n, why);
    json_free(j);
    return err;
}

int params_check_spec(struct view spec, struct why *why)
{
    struct declared declared[PARAMS_MAX];
    size_t n;
    return parse_spec(spec, declared, &n, why);
}

static int check_one(const struct declared *d, const struct json *given, struct why *why)
{
    static const char *const words[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",     [JSON_OBJECT] = "an object",
    };
    char at[NAME_SIZE + 2];
    const struct json *v = json_get(given, d->name);
    (void)snprintf(at, sizeof at, "/%.*s", NAME_SIZE - 1, d->name);
    if (!v || json_is(v, JSON_NULL))
        return d->optional ? 0 : why_set(why, ERR_MISSING, at, "missing");
    if (!json_is(v, d->kind))
        return why_set(why, ERR_TYPE, at, "must be %s", words[d->kind]);
    if (d->kind == JSON_STRING && !d->optional && json_text(v).n == 0)
        return why_set(why, ERR_INVALID, at, "must not be empty");
    return 0;
}

static int check_all(const struct declared *declared, size_t n, const struct json *given, struct why *why)
{
    const char *names[PARAMS_MAX + 1] = {0};
    for (size_t i = 0; i < n; i++)
        names[i] = declared[i].name;
    int err = json_only(given, names, why);
    for (size_t i = 0; i < n && !err; i++)
        err = check_one(&declared[i], given, why);
    return err;
}

int params_check(struct view spec, const struct json *given, struct why *why)
{
    struct declared declared[PARAMS_MAX];
    size_t n;
    int err = parse_spec(spec, declared, &n, why);
    return err ? err : check_all(declared, n, given, why);
}
