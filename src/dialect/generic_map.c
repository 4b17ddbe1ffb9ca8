/* SPDX-License-Identifier: MIT
 * Compiles a mapping. Strict: an unknown member, a path that is none, a word that no report knows is an error
 * here, not a silence in a year's data.
 */
#include <string.h>

#include "dialect/generic_map.h"
#include "parkd/base/iso8601.h"

#define ZONE "Asia/Shanghai" /* unmarked times of the field */

/* ---- pieces */

static bool is_scalar(const struct json *j)
{
    return j && !json_is(j, JSON_ARRAY) && !json_is(j, JSON_OBJECT) && !json_is(j, JSON_NULL);
}

static int check_pointer(struct view p, struct why *why)
{
    bool good = p.n == 0 || p.p[0] == '/';
    for (size_t i = 0; i < p.n && good; i++)
        good = p.p[i] != '~' || (i + 1 < p.n && (p.p[i + 1] == '0' || p.p[i + 1] == '1'));
    return good ? 0 : why_set(why, ERR_INVALID, "", "must be a JSON pointer: \"\" or \"/a/b\"");
}

static int compile_pointer(const struct json *j, struct view *out, struct why *why)
{
    if (!json_is(j, JSON_STRING))
        return why_set(why, ERR_TYPE, "", "must be a JSON pointer in a string");
    *out = json_text(j);
    return check_pointer(*out, why);
}

/* The members that every field may have; `extra` are those of its kind. */
static int only_field_members(const struct json *j, const char *const *extra, struct why *why)
{
    const char *names[16] = {"path", "const", "default", "key", "root"};
    size_t n = 5;
    for (; extra && *extra && n < 15; extra++)
        names[n++] = *extra;
    return json_only(j, names, why);
}

static int check_scalars(const struct json *value, const struct json *fallback, struct why *why)
{
    if (value && !is_scalar(value))
        return why_set(why, ERR_TYPE, "/const", "must be a text, a number or a boolean");
    if (fallback && !is_scalar(fallback))
        return why_set(why, ERR_TYPE, "/default", "must be a text, a number or a boolean");
    return 0;
}

static int compile_object(const struct json *j, struct map_field *out, const char *const *extra,
                          struct why *why)
{
    bool key = false;
    const struct json *path = json_get(j, "path");
    out->value = json_get(j, "const");
    out->fallback = json_get(j, "default");
    int err = only_field_members(j, extra, why);
    if (!err)
        err = json_want_bool(j, "key", &key, why);
    if (!err)
        err = json_want_bool(j, "root", &out->root, why);
    if (!err)
        err = check_scalars(out->value, out->fallback, why);
    if (err)
        return err;
    if ((path != NULL) + (out->value != NULL) + key != 1)
        return why_set(why, ERR_INVALID, "", "needs one of path, const, key");
    out->source = path ? MAP_PATH : key ? MAP_KEY : MAP_CONST;
    if (path && (err = compile_pointer(path, &out->path, why)))
        why_under(why, "/path");
    return err;
}

/* A field is a pointer, or an object that says more. `extra`: further members that the caller reads. */
static int compile_field(const struct json *j, struct map_field *out, const char *const *extra,
                         struct why *why)
{
    if (json_is(j, JSON_OBJECT))
        return compile_object(j, out, extra, why);
    out->source = MAP_PATH;
    return compile_pointer(j, &out->path, why);
}

static int want_field(const struct json *obj, const char *name, struct map_field *out,
                      const char *const *extra, struct why *why)
{
    const struct json *j = json_get(obj, name);
    int err = j ? compile_field(j, out, extra, why) : 0;
    if (err)
        why_under(why, "/%s", name);
    return err;
}

static int compile_test(const struct json *j, struct map_test *out, struct why *why)
{
    static const char *const extra[] = {"equals", "message", NULL};
    if (!json_is(j, JSON_OBJECT))
        return why_set(why, ERR_TYPE, "", "must be an object with path and equals");
    int err = compile_object(j, &out->field, extra, why);
    if (!err)
        err = json_want_node(j, "equals", JSON_ARRAY, &out->equals, why);
    if (!err && json_size(out->equals) == 0)
        err = why_set(why, ERR_MISSING, "/equals", "needs at least one value");
    return err;
}

/* ---- members of the mapping */

static int compile_items(const struct json *j, struct mapping *out, struct why *why)
{
    static const char *const formats[] = {"json", NULL};
    int format = 0;
    const struct json *items = json_get(j, "items");
    int err = json_want_enum(j, "format", formats, &format, why);
    if (!err)
        err = json_want_bool(j, "single", &out->single, why);
    if (err || !items)
        return err;
    err = compile_pointer(items, &out->items, why);
    if (err)
        why_under(why, "/items");
    return err;
}

static int compile_success(const struct json *j, struct mapping *out, struct why *why)
{
    const struct json *s = json_get(j, "success");
    if (!s)
        return 0;
    out->has_success = true;
    int err = compile_test(s, &out->success, why);
    if (!err)
        err = want_field(s, "message", &out->message, NULL, why);
    if (err)
        why_under(why, "/success");
    out->success.field.root = out->message.root = true;
    return err;
}

static int compile_filters(const struct json *j, struct mapping *out, struct why *why)
{
    const struct json *list = NULL;
    int err = json_want_node(j, "filter", JSON_ARRAY, &list, why);
    if (err || !list)
        return err;
    if (json_size(list) > MAP_FILTERS_MAX)
        return why_set(why, ERR_TOO_BIG, "/filter", "more than %d conditions", MAP_FILTERS_MAX);
    for (const struct json *f = json_first(list); f; f = json_next(f)) {
        err = compile_test(f, &out->filters[out->n_filters], why);
        if (err) {
            why_under(why, "/filter/%d", out->n_filters);
            return err;
        }
        out->n_filters++;
    }
    return 0;
}

static int compile_counts(const struct json *j, struct mapping *out, struct why *why)
{
    int err = 0;
    for (enum count c = 0; c < COUNT_KINDS && !err; c++)
        err = want_field(j, count_name(c), &out->counts[c], NULL, why);
    return err;
}

static int check_status_word(struct view word, const char *at, struct why *why)
{
    enum lot_status s;
    return status_of(word, &s) ? why_set(why, ERR_INVALID, at, "must be open, closed or unknown") : 0;
}

static int compile_status(const struct json *j, struct mapping *out, struct why *why)
{
    static const char *const extra[] = {"map", NULL};
    const struct json *s = json_get(j, "status");
    int err = want_field(j, "status", &out->status, extra, why);
    if (err || !json_is(s, JSON_OBJECT))
        return err;
    err = json_want_node(s, "map", JSON_OBJECT, &out->status_map, why);
    for (const struct json *w = json_first(out->status_map); w && !err; w = json_next(w))
        err = check_status_word(json_text(w), "/map", why);
    if (!err && out->status.fallback)
        err = check_status_word(json_text(out->status.fallback), "/default", why);
    if (err)
        why_under(why, "/status");
    return err;
}

/* Only by trying can one tell a pattern that time_parse does not know; no text is a time in it, so the code
 * tells. */
static int check_format(struct view format, struct why *why)
{
    static const char letters[] = "YmdHMSyzTF%";
    if (view_is(format, "iso") || view_is(format, "s") || view_is(format, "ms") || view_is(format, "rfc1123"))
        return 0;
    bool good = format.n > 0 && memchr(format.p, '%', format.n);
    for (size_t i = 0; i < format.n && good; i++) {
        if (format.p[i] == '%')
            good = ++i < format.n && format.p[i] && strchr(letters, format.p[i]);
    }
    return good ? 0
                : why_set(why, ERR_INVALID, "/format",
                          "must be iso, s, ms, rfc1123 or a pattern of %%Y %%m %%d %%H %%M %%S");
}

static int compile_time(const struct json *j, struct mapping *out, struct why *why)
{
    static const char *const extra[] = {"format", "zone", NULL};
    const struct json *t = json_get(j, "time");
    char zone[64] = ZONE;
    out->time_format = VIEW("iso");
    int err = json_is(t, JSON_NULL)
                  ? 0
                  : want_field(j, "time", &out->time, extra, why); /* null: "this feed has no time" */
    if (err)
        return err;
    if (json_is(t, JSON_OBJECT)) {
        const struct json *format = json_get(t, "format");
        if (format)
            out->time_format = json_text(format);
        err = json_want_str(t, "zone", zone, sizeof zone, why);
        if (!err)
            err = check_format(out->time_format, why);
    }
    if (!err && zone_offset(view_of(zone), &out->zone_minutes))
        err = why_set(why, ERR_INVALID, "/zone", "must be UTC, Asia/Shanghai or +HH:MM");
    if (err)
        why_under(why, "/time");
    return err;
}

static int compile_class(const struct json *c, struct mapping *out, struct why *why)
{
    static const char *const names[] = {"free", "total", NULL};
    enum place_class which;
    int err = place_class_of(json_key(c), &which);
    if (err)
        return why_set(why, ERR_UNKNOWN_KEY, "", "no such class of places");
    err = json_only(c, names, why);
    if (!err)
        err = want_field(c, "free", &out->class_free[which], NULL, why);
    return err ? err : want_field(c, "total", &out->class_total[which], NULL, why);
}

static int compile_classes(const struct json *j, struct mapping *out, struct why *why)
{
    const struct json *map = NULL;
    int err = json_want_node(j, "classes", JSON_OBJECT, &map, why);
    for (const struct json *c = json_first(map); c && !err; c = json_next(c)) {
        err = compile_class(c, out, why);
        if (err)
            why_under(why, "/classes/" VIEW_FMT, VIEW_ARG(json_key(c)));
    }
    return err;
}

static int compile_numbers(const struct json *j, struct mapping *out, struct why *why)
{
    static const char *const names[] = {"text", "thousands", "unknown", NULL};
    const struct json *n = NULL;
    char mark[2] = "";
    int err = json_want_node(j, "numbers", JSON_OBJECT, &n, why);
    if (err || !n)
        return err;
    err = json_only(n, names, why);
    if (!err)
        err = json_want_bool(n, "text", &out->text_counts, why);
    if (!err)
        err = json_want_str(n, "thousands", mark, sizeof mark, why);
    if (!err && mark[0] && strchr("0123456789-", mark[0]))
        err = why_set(why, ERR_INVALID, "/thousands", "must be one mark, like \",\"");
    if (!err)
        err = json_want_node(n, "unknown", JSON_ARRAY, &out->unknown, why);
    out->thousands = mark[0];
    if (err)
        why_under(why, "/numbers");
    return err;
}

static int compile_derive(const struct json *j, struct mapping *out, struct why *why)
{
    static const char *const names[] = {"none", "total-occupied", "open-occupied", NULL};
    int which = 0;
    int err = json_want_enum(j, "derive", names, &which, why);
    out->derive = (enum map_derive)which;
    return err;
}

int mapping_compile(const struct json *j, struct mapping *out, struct why *why)
{
    static const char *const names[] = {"format",  "items",   "single", "success",  "filter", "lot",
                                        "free",    "open",    "total",  "occupied", "status", "time",
                                        "classes", "numbers", "derive", NULL};
    memset(out, 0, sizeof *out);
    int err = json_only(j, names, why);
    if (!err)
        err = want_field(j, "lot", &out->lot, NULL, why);
    if (!err && out->lot.source == MAP_ABSENT)
        err = why_set(why, ERR_MISSING, "/lot", "missing: which lot is it?");
    if (err || (err = compile_items(j, out, why)) || (err = compile_success(j, out, why)) ||
        (err = compile_filters(j, out, why)) || (err = compile_counts(j, out, why)) ||
        (err = compile_status(j, out, why)) || (err = compile_time(j, out, why)) ||
        (err = compile_classes(j, out, why)) || (err = compile_numbers(j, out, why)))
        return err;
    return compile_derive(j, out, why);
}
