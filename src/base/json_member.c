/* SPDX-License-Identifier: MIT
 * Typed members: what a reader of configuration, registrations and native pushes asks for, each with the
 * sentence a person needs when it is wrong. Stands on json.h alone.
 */
#include <inttypes.h>
#include <stdio.h>

#include "parkd/base/buf.h"
#include "parkd/base/json.h"

/* Longer words are no misspelling of ours; it also bounds the work on what strangers send. */
#define WORD_MAX 48

/* Fills `why` with the member's pointer and the reason. */
static int printf_like(4, 5) wrong(struct why *why, int code, struct view key, const char *fmt, ...)
{
    if (!why)
        return code;
    char text[sizeof why->text], at[sizeof why->at];
    size_t n = 0;
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    at[n++] = '/';
    for (size_t i = 0; i < key.n && n + 2 < sizeof at; i++) {
        bool escape = key.p[i] == '~' || key.p[i] == '/';
        at[n++] = escape ? '~' : key.p[i];
        if (escape)
            at[n++] = key.p[i] == '~' ? '0' : '1';
    }
    at[n] = '\0';
    return why_set(why, code, at, "%s", text);
}

static const struct json *present(const struct json *obj, const char *key)
{
    const struct json *j = json_get(obj, key);
    return json_is(j, JSON_NULL) ? NULL : j;
}

static int need(const struct json *obj, const char *key, struct why *why)
{
    return present(obj, key) ? 0 : wrong(why, ERR_MISSING, view_of(key), "missing");
}

int json_need_int(const struct json *obj, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct why *why)
{
    int rc = need(obj, key, why);
    return rc ? rc : json_want_int(obj, key, min, max, out, why);
}

int json_want_int(const struct json *obj, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct why *why)
{
    const struct json *j = present(obj, key);
    int rc = j ? json_int(j, min, max, out) : 0;
    return rc ? wrong(why, rc, view_of(key), "must be a whole number from %" PRId64 " to %" PRId64 "%s", min,
                      max, json_is(j, JSON_STRING) ? ", not a text" : "")
              : 0;
}

int json_need_str(const struct json *obj, const char *key, char *dst, size_t size, struct why *why)
{
    int rc = need(obj, key, why);
    return rc ? rc : json_want_str(obj, key, dst, size, why);
}

int json_want_str(const struct json *obj, const char *key, char *dst, size_t size, struct why *why)
{
    const struct json *j = present(obj, key);
    if (!j)
        return 0;
    if (!json_is(j, JSON_STRING))
        return wrong(why, ERR_TYPE, view_of(key), "must be a string");
    struct view text = json_text(j);
    if (text.n >= size || view_copy(text, dst, size))
        return wrong(why, ERR_RANGE, view_of(key), "longer than %zu bytes", size ? size - 1 : 0);
    return 0;
}

int json_want_real(const struct json *obj, const char *key, double min, double max, double *out,
                   struct why *why)
{
    const struct json *j = present(obj, key);
    if (!j)
        return 0;
    if (!json_is(j, JSON_NUMBER))
        return wrong(why, ERR_TYPE, view_of(key), "must be a number");
    double v = json_number(j);
    if (!(v >= min && v <= max))
        return wrong(why, ERR_RANGE, view_of(key), "must be a number from %g to %g", min, max);
    *out = v;
    return 0;
}

int json_want_bool(const struct json *obj, const char *key, bool *out, struct why *why)
{
    const struct json *j = present(obj, key);
    if (!j)
        return 0;
    if (!json_is(j, JSON_BOOL))
        return wrong(why, ERR_TYPE, view_of(key), "must be true or false");
    *out = json_true(j);
    return 0;
}

static const char *kind_words(enum json_kind kind)
{
    static const char *const words[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",     [JSON_OBJECT] = "an object",
    };
    return words[kind];
}

int json_want_node(const struct json *obj, const char *key, enum json_kind kind, const struct json **out,
                   struct why *why)
{
    *out = NULL;
    const struct json *j = present(obj, key);
    if (!j)
        return 0;
    if (!json_is(j, kind))
        return wrong(why, ERR_TYPE, view_of(key), "must be %s", kind_words(kind));
    *out = j;
    return 0;
}

/* "a, b, c", cut where dst ends. */
static void join(const char *const *names, char *dst, size_t size)
{
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; names[i]; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
    struct view all = buf_get(&b);
    snprintf(dst, size, VIEW_FMT, VIEW_ARG(all));
    buf_fini(&b);
}

int json_want_enum(const struct json *obj, const char *key, const char *const *names, int *out,
                   struct why *why)
{
    const struct json *j = present(obj, key);
    if (!j)
        return 0;
    for (int i = 0; json_is(j, JSON_STRING) && names[i]; i++)
        if (view_is(json_text(j), names[i])) {
            *out = i;
            return 0;
        }
    char all[200];
    join(names, all, sizeof all);
    return wrong(why, json_is(j, JSON_STRING) ? ERR_RANGE : ERR_TYPE, view_of(key), "must be one of %s", all);
}

static bool is_listed(struct view word, const char *const *names)
{
    for (; *names; names++)
        if (view_is(word, *names))
            return true;
    return false;
}

int json_only(const struct json *obj, const char *const *names, struct why *why)
{
    if (!json_is(obj, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object");
    for (const struct json *j = json_first(obj); j; j = json_next(j)) {
        struct view key = json_key(j);
        if (is_listed(key, names))
            continue;
        const char *near = nearest_name(key, names);
        if (near)
            return wrong(why, ERR_UNKNOWN_KEY, key, "unknown key, did you mean \"%s\"?", near);
        return wrong(why, ERR_UNKNOWN_KEY, key, "unknown key");
    }
    return 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance row by row; both words are at most WORD_MAX long. */
static size_t distance(struct view a, struct view b)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t changed = diagonal + (a.p[i - 1] != b.p[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.n];
}

const char *nearest_name(struct view word, const char *const *names)
{
    const char *best = NULL;
    size_t limit = word.n / 3 + 1; /* a third of the letters may be wrong, and one always */
    if (word.n == 0 || word.n > WORD_MAX)
        return NULL;
    for (; *names; names++) {
        struct view name = view_of(*names);
        size_t d = name.n <= WORD_MAX ? distance(word, name) : SIZE_MAX;
        if (d <= limit && d < name.n) {
            best = *names;
            limit = d - 1;
            if (d <= 1)
                break;
        }
    }
    return best;
}
