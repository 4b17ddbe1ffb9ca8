/* SPDX-License-Identifier: MIT
 * Compiles what a mapping says about messages (format, items) and about the fields of a report.
 */
#include <stdio.h>
#include <string.h>

#include "dialect/map_compile.h"

/* ---- messages */

static int compile_charset(struct map_compiler *c, const struct json *j, struct doc_spec *out)
{
    int err = json_want_str(j, "charset", out->charset, sizeof out->charset, c->why);
    if (!err && out->charset[0] && charset_check(view_of(out->charset)))
        err = map_fail(c, ERR_INVALID, "/charset", "not a charset that this system can read");
    return err;
}

static int compile_byte(struct map_compiler *c, const struct json *csv, const char *name, char *out)
{
    char text[2] = "";
    int err = json_want_str(csv, name, text, sizeof text, c->why);
    if (!err && json_get(csv, name) && !text[0])
        err = map_under(c, map_fail(c, ERR_INVALID, "", "must be one character"), name);
    *out = text[0];
    return err;
}

static int compile_csv(struct map_compiler *c, const struct json *j, struct doc_spec *out)
{
    static const char *const names[] = {"delimiter", "quote", "heading", NULL};
    const struct json *csv = NULL;
    bool heading = true;
    int err = json_want_node(j, "csv", JSON_OBJECT, &csv, c->why);
    if (err || !csv)
        return err;
    if (out->format != DOC_CSV)
        return map_fail(c, ERR_INVALID, "/csv", "goes with \"format\": \"csv\" only");
    err = json_only(csv, names, c->why);
    if (!err)
        err = compile_byte(c, csv, "delimiter", &out->delimiter);
    if (!err)
        err = compile_byte(c, csv, "quote", &out->quote);
    if (!err)
        err = json_want_bool(csv, "heading", &heading, c->why);
    out->no_heading = !heading;
    return map_under(c, err, "csv");
}

static int compile_namespaces(struct map_compiler *c, const struct json *j, struct doc_spec *out)
{
    const struct json *list = NULL;
    int err = json_want_node(j, "namespaces", JSON_OBJECT, &list, c->why);
    if (!err && list && out->format != DOC_XML)
        err = map_fail(c, ERR_INVALID, "/namespaces", "goes with \"format\": \"xml\" only");
    for (const struct json *n = json_first(list); n && !err; n = json_next(n)) {
        if (out->n_ns == DOC_MAX_NAMESPACES)
            return why_set(c->why, ERR_TOO_BIG, "/namespaces", "more than %d", DOC_MAX_NAMESPACES);
        struct doc_namespace *ns = &out->ns[out->n_ns++];
        if (!map_is_name(json_key(n)) || view_copy(json_key(n), ns->prefix, sizeof ns->prefix) ||
            json_text(n).n == 0 || view_copy(json_text(n), ns->uri, sizeof ns->uri))
            err = map_fail(c, ERR_INVALID, "/namespaces", "must be prefixes with their URIs in texts");
    }
    return err;
}

int map_message_doc(struct map_compiler *c, const struct json *j, struct map_message *out)
{
    static const char *const encodings[] = {"none", "base64", NULL};
    int format = DOC_JSON, encoding = 0;
    int err = json_want_enum(j, "format", doc_format_names, &format, c->why);
    if (!err)
        err = json_want_enum(j, "encoding", encodings, &encoding, c->why);
    out->doc.format = (enum doc_format)format;
    out->base64 = encoding == 1;
    if (err || (err = compile_charset(c, j, &out->doc)) || (err = compile_csv(c, j, &out->doc)))
        return err;
    return compile_namespaces(c, j, &out->doc);
}

static int compile_items_list(struct map_compiler *c, const struct json *list, struct map_message *out)
{
    size_t n = json_size(list);
    if (n == 0 || n > MAP_MAX_ITEMS_PATHS)
        return why_set(c->why, ERR_INVALID, "/items", "must be 1 to %d values", MAP_MAX_ITEMS_PATHS);
    int err = 0;
    for (const struct json *v = json_first(list); v && !err; v = json_next(v), out->n_items++)
        err = map_under_index(c, map_value_compile(c, v, NULL, &out->items[out->n_items]), out->n_items);
    return map_under(c, err, "items");
}

int map_message_items(struct map_compiler *c, const struct json *j, struct map_message *out)
{
    const struct json *items = json_get(j, "items");
    int err = json_want_bool(j, "single", &out->single, c->why);
    if (err || !items || json_is(items, JSON_NULL))
        return err;
    if (json_is(items, JSON_ARRAY))
        return compile_items_list(c, items, out);
    out->n_items = 1;
    return map_under(c, map_value_compile(c, items, NULL, &out->items[0]), "items");
}

const struct doc_spec *map_item_doc(const struct map_message *m)
{
    static const struct doc_spec json = {.format = DOC_JSON};
    bool inside = m->n_items > 0;
    for (size_t i = 0; i < m->n_items && inside; i++) {
        const struct map_value *v = m->items[i];
        enum map_op_kind last = v && v->n_ops ? v->ops[v->n_ops - 1].kind : OP_TRIM;
        inside = last == OP_JSON || last == OP_PATH;
    }
    return inside ? &json : &m->doc;
}

/* ---- words */

typedef bool is_word_fn(struct view v);

static bool is_status(struct view v)
{
    enum lot_status s;
    return status_of(v, &s) == 0;
}

static bool is_band(struct view v)
{
    enum band b;
    return band_of(v, &b) == 0;
}

static int check_words(struct map_compiler *c, const struct map_word *w, is_word_fn *is_word,
                       const char *words)
{
    for (const struct json *v = json_first(w->map); v; v = json_next(v)) {
        if (!json_is(v, JSON_NULL) && !is_word(json_text(v)))
            return map_fail(c, ERR_INVALID, "/map", words);
    }
    if (w->fallback && !json_is(w->fallback, JSON_NULL) && !is_word(json_text(w->fallback)))
        return map_fail(c, ERR_INVALID, "/default", words);
    return 0;
}

static int compile_word(struct map_compiler *c, const struct json *j, const char *name, is_word_fn *is_word,
                        struct map_word *out)
{
    static const char *const extra[] = {"map", NULL};
    const struct json *w = json_get(j, name);
    if (!w)
        return 0;
    *out = (struct map_word){0};
    int err = map_want_value(c, j, name, extra, &out->value);
    if (err || !json_is(w, JSON_OBJECT))
        return err;
    err = json_want_node(w, "map", JSON_OBJECT, &out->map, c->why);
    out->fallback = json_get(w, "default");
    if (!err)
        err = check_words(c, out, is_word,
                          is_word == is_status ? "must be open, closed or unknown"
                                               : "must be full, few, some, plenty or unknown");
    return map_under(c, err, name);
}

/* ---- time */

static int compile_time_words(struct map_compiler *c, const struct json *t, struct map_time *out)
{
    const struct json *format = json_get(t, "format"), *zone = json_get(t, "zone");
    int err = 0;
    if (format)
        err = map_under(c, map_formats_compile(c, format, NULL, &out->formats), "format");
    if (!err && zone)
        err = map_under(c, map_zone_compile(c, zone, &out->formats.zone), "zone");
    return err;
}

static int compile_time(struct map_compiler *c, const struct json *j, struct map_time *out)
{
    static const char *const extra[] = {"format", "zone", NULL};
    const struct json *t = json_get(j, "time");
    if (!t)
        return 0;
    *out = (struct map_time){0};
    int err = map_want_value(c, j, "time", extra, &out->value); /* null: "this feed has no time" */
    if (err)
        return err;
    out->formats.zone = c->m->zone;
    out->formats.v[0] = out->value && out->value->gives_ms ? VIEW("ms") : VIEW("iso");
    out->formats.n = 1;
    return map_under(c, compile_time_words(c, t, out), "time");
}

/* ---- points */

static int compile_crs(struct map_compiler *c, const struct json *p, struct map_point *out)
{
    const struct json *crs = json_get(p, "crs");
    if (json_is(crs, JSON_OBJECT))
        return map_want_value(c, p, "crs", NULL, &out->crs_value);
    if (crs && !json_is(crs, JSON_STRING))
        return map_fail(c, ERR_TYPE, "/crs",
                        "must be a name like wgs84, gcj02, bd09 or EPSG:25832, or a value");
    if (!crs || view_ieq(json_text(crs), "wgs84"))
        return 0;
    return map_under(c, map_projection_compile(c, json_text(crs), &out->crs), "crs");
}

static int compile_pair(struct map_compiler *c, const struct json *p, struct map_point *out)
{
    static const char *const names[] = {"lat", "lng", "crs", NULL};
    int err = json_only(p, names, c->why);
    if (!err)
        err = map_want_value(c, p, "lat", NULL, &out->lat);
    if (!err)
        err = map_want_value(c, p, "lng", NULL, &out->lng);
    if (!err && (!out->lat || !out->lng))
        err = map_fail(c, ERR_MISSING, "", "needs lat and lng, or value and form");
    return err;
}

static int compile_whole(struct map_compiler *c, const struct json *p, struct map_point *out)
{
    static const char *const names[] = {"value", "form", "crs", NULL};
    static const char *const forms[] = {"geojson", "wkt", "lat lon", "lon lat", NULL};
    int form = 0;
    int err = json_only(p, names, c->why);
    if (!err && !json_get(p, "form"))
        err = map_fail(c, ERR_MISSING, "/form", "must be geojson, wkt, lat lon or lon lat");
    if (!err)
        err = json_want_enum(p, "form", forms, &form, c->why);
    out->form = (enum map_form)(FORM_GEOJSON + form);
    return err ? err : map_want_value(c, p, "value", NULL, &out->value);
}

static int compile_point(struct map_compiler *c, const struct json *j, struct map_point *out)
{
    const struct json *p = json_get(j, "point");
    if (!p)
        return 0;
    *out = (struct map_point){0};
    if (json_is(p, JSON_NULL))
        return 0;
    if (!json_is(p, JSON_OBJECT))
        return map_fail(c, ERR_TYPE, "/point", "must be an object with lat and lng, or value and form");
    int err = json_get(p, "value") ? compile_whole(c, p, out) : compile_pair(c, p, out);
    return map_under(c, err ? err : compile_crs(c, p, out), "point");
}

/* ---- classes and zones */

static int compile_class(struct map_compiler *c, const struct json *j, struct map_fields *out)
{
    static const char *const names[] = {"free", "total", NULL};
    enum place_class which;
    if (place_class_of(json_key(j), &which))
        return map_fail(c, ERR_UNKNOWN_KEY, "", "no such class of places");
    out->class_free[which] = out->class_total[which] = NULL;
    int err = json_only(j, names, c->why);
    if (!err)
        err = map_want_value(c, j, "free", NULL, &out->class_free[which]);
    return err ? err : map_want_value(c, j, "total", NULL, &out->class_total[which]);
}

static int compile_classes(struct map_compiler *c, const struct json *j, struct map_fields *out)
{
    char name[64];
    const struct json *classes = NULL;
    int err = json_want_node(j, "classes", JSON_OBJECT, &classes, c->why);
    for (const struct json *v = json_first(classes); v && !err; v = json_next(v)) {
        err = compile_class(c, v, out);
        (void)snprintf(name, sizeof name, VIEW_FMT, VIEW_ARG(json_key(v)));
        err = map_under(c, map_under(c, err, name), "classes");
    }
    return err;
}

int map_zones_compile(struct map_compiler *c, const struct json *j, struct map_zones *out)
{
    static const char *const names[] = {"items", "id", "free", "total", NULL};
    const struct json *z = NULL;
    int err = json_want_node(j, "zones", JSON_OBJECT, &z, c->why);
    if (err || !z)
        return err;
    err = json_only(z, names, c->why);
    if (!err)
        err = map_want_list(c, z, "items", &out->items);
    if (!err)
        err = map_want_value(c, z, "id", NULL, &out->id);
    if (!err)
        err = map_want_value(c, z, "free", NULL, &out->free);
    if (!err)
        err = map_want_value(c, z, "total", NULL, &out->total);
    if (!err && (!out->items || !out->id))
        err = map_fail(c, ERR_MISSING, out->items ? "/id" : "/items", "missing");
    return map_under(c, err, "zones");
}

int map_fields_compile(struct map_compiler *c, const struct json *j, struct map_fields *out)
{
    const struct {
        const char *name;
        struct map_value **place;
    } rows[] = {{"lot", &out->lot},
                {"in", &out->in},
                {"out", &out->out},
                {"heartbeat", &out->heartbeat},
                {"name", &out->name}};
    int err = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !err; i++)
        err = map_want_value(c, j, rows[i].name, NULL, rows[i].place);
    for (enum count k = 0; k < COUNT_KINDS && !err; k++)
        err = map_want_value(c, j, count_name(k), NULL, &out->counts[k]);
    if (err || (err = compile_word(c, j, "status", is_status, &out->status)) ||
        (err = compile_word(c, j, "band", is_band, &out->band)) || (err = compile_time(c, j, &out->time)) ||
        (err = compile_point(c, j, &out->point)))
        return err;
    return compile_classes(c, j, out);
}
