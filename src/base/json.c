/* SPDX-License-Identifier: MIT
 * The tree of a checked JSON text and the ways through it. A `struct json` is a cJSON node under another
 * name; nothing outside this file knows that.
 */
#include "parkd/base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* Below 2^53 every whole number has a double of its own; at 2^53 two share one. */
#define EXACT_LIMIT 9007199254740992.0

static const cJSON *node(const struct json *j)
{
    return (const cJSON *)(const void *)j;
}

static const struct json *wrap(const cJSON *c)
{
    return (const struct json *)(const void *)c;
}

int json_parse(struct view text, struct json **out, struct why *why)
{
    *out = NULL;
    int rc = json_check(text, why);
    if (rc)
        return rc;
    bool mark = view_starts(text, "\xEF\xBB\xBF"); /* cJSON overlooks it in texts of less than five bytes */
    cJSON *tree = cJSON_ParseWithLength(text.p + (mark ? 3 : 0), text.n - (mark ? 3 : 0));
    if (!tree) /* the text is good, so only memory can be short */
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    *out = (struct json *)(void *)tree;
    return 0;
}

void json_free(struct json *tree)
{
    cJSON_Delete((cJSON *)(void *)tree);
}

enum json_kind json_kind(const struct json *j)
{
    const cJSON *c = node(j);
    if (cJSON_IsObject(c))
        return JSON_OBJECT;
    if (cJSON_IsArray(c))
        return JSON_ARRAY;
    if (cJSON_IsString(c))
        return JSON_STRING;
    if (cJSON_IsNumber(c))
        return JSON_NUMBER;
    return cJSON_IsBool(c) ? JSON_BOOL : JSON_NULL;
}

bool json_is(const struct json *j, enum json_kind kind)
{
    return j && json_kind(j) == kind;
}

static bool has_children(const struct json *j)
{
    return cJSON_IsObject(node(j)) || cJSON_IsArray(node(j));
}

size_t json_size(const struct json *j)
{
    return has_children(j) ? (size_t)cJSON_GetArraySize(node(j)) : 0;
}

const struct json *json_first(const struct json *j)
{
    return has_children(j) ? wrap(node(j)->child) : NULL;
}

const struct json *json_next(const struct json *j)
{
    return j ? wrap(node(j)->next) : NULL;
}

struct view json_key(const struct json *j)
{
    return view_of(j ? node(j)->string : NULL);
}

const struct json *json_get(const struct json *obj, const char *key)
{
    return json_is(obj, JSON_OBJECT) ? wrap(cJSON_GetObjectItemCaseSensitive(node(obj), key)) : NULL;
}

/* Does the pointer's token (with ~0 and ~1) mean this key? */
static bool token_is(struct view token, struct view key)
{
    size_t at = 0;
    for (size_t i = 0; i < token.n; i++, at++) {
        char c = token.p[i];
        if (c == '~') {
            if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1'))
                return false;
            c = token.p[i] == '0' ? '~' : '/';
        }
        if (at == key.n || key.p[at] != c)
            return false;
    }
    return at == key.n;
}

static const struct json *step(const struct json *j, struct view token)
{
    const struct json *child = json_first(j);
    if (json_is(j, JSON_OBJECT)) {
        while (child && !token_is(token, json_key(child)))
            child = json_next(child);
        return child;
    }
    int64_t index = 0;
    if (view_to_int(token, 0, INT32_MAX, &index) || token.p[0] == '-' || (token.n > 1 && token.p[0] == '0'))
        return NULL;
    while (child && index-- > 0)
        child = json_next(child);
    return child;
}

const struct json *json_at(const struct json *j, struct view pointer)
{
    if (pointer.n == 0)
        return j;
    struct view rest = pointer;
    if (view_cut(&rest, '/').n != 0 || !rest.p)
        return NULL;
    while (j && rest.p)
        j = step(j, view_cut(&rest, '/'));
    return j;
}

struct view json_text(const struct json *j)
{
    return view_of(cJSON_IsString(node(j)) ? node(j)->valuestring : NULL);
}

double json_number(const struct json *j)
{
    return cJSON_IsNumber(node(j)) ? node(j)->valuedouble : 0;
}

bool json_true(const struct json *j)
{
    return cJSON_IsTrue(node(j));
}

int json_int(const struct json *j, int64_t min, int64_t max, int64_t *out)
{
    if (!json_is(j, JSON_NUMBER))
        return ERR_TYPE;
    double d = json_number(j);
    if (!(fabs(d) < EXACT_LIMIT) || d != trunc(d))
        return ERR_RANGE;
    int64_t v = (int64_t)d;
    if (v < min || v > max)
        return ERR_RANGE;
    *out = v;
    return 0;
}
