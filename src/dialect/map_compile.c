/* SPDX-License-Identifier: MIT
 * Compiles a mapping: its members in the order in which they need each other. Names of lets and joins are
 * collected first, because requests and values name them.
 */
#include "dialect/map_compile.h"
#include "parkd/base/json_path.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX (4 * 1024 * 1024)

enum owned_kind { OWNED_PATH, OWNED_REGEX, OWNED_ZONE, OWNED_PROJECTION };
struct map_owned {
    enum owned_kind kind;
    void *p;
    struct map_owned *next;
};

/* ---- helpers of all parts */

int map_fail(struct map_compiler *c, int err, const char *at, const char *text)
{
    return why_set(c->why, err, at, "%s", text);
}

int map_under(struct map_compiler *c, int err, const char *name)
{
    if (err)
        why_under(c->why, "/%s", name);
    return err;
}

int map_under_index(struct map_compiler *c, int err, size_t index)
{
    if (err)
        why_under(c->why, "/%zu", index);
    return err;
}

void *map_new(struct map_compiler *c, size_t n)
{
    if (++c->parts > MAP_MAX_PARTS) {
        (void)why_set(c->why, ERR_TOO_BIG, "", "the mapping has more than %d parts", MAP_MAX_PARTS);
        return NULL;
    }
    void *p = arena_take(&c->m->arena, n);
    if (!p)
        (void)map_fail(c, ERR_NOMEM, "", err_text(ERR_NOMEM));
    return p;
}

bool map_is_scalar(const struct json *j)
{
    return j && !json_is(j, JSON_ARRAY) && !json_is(j, JSON_OBJECT) && !json_is(j, JSON_NULL);
}

bool map_is_name(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        char ch = v.p[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
        if (!letter && (i == 0 || ch < '0' || ch > '9'))
            return false;
    }
    return v.n > 0 && v.n <= 64;
}

/* Remembers what must be freed by its own function; on failure the caller frees. */
static int own(struct map_compiler *c, enum owned_kind kind, void *p)
{
    struct map_owned *o = map_new(c, sizeof *o);
    if (!o)
        return ERR_NOMEM;
    *o = (struct map_owned){kind, p, c->m->owned};
    c->m->owned = o;
    return 0;
}

static void disown(enum owned_kind kind, void *p)
{
    switch (kind) {
    case OWNED_PATH:
        doc_path_free(p);
        break;
    case OWNED_REGEX:
        regex_free(p);
        break;
    case OWNED_ZONE:
        zone_free(p);
        break;
    case OWNED_PROJECTION:
        projection_free(p);
        break;
    }
}

static int own_or_free(struct map_compiler *c, enum owned_kind kind, void *p)
{
    int err = own(c, kind, p);
    if (err)
        disown(kind, p);
    return err;
}

static bool is_singular(struct view text)
{
    struct json_path *p = NULL;
    struct why ignored;
    bool yes = json_path_compile(text, &p, &ignored) == 0 && json_path_is_singular(p);
    json_path_free(p);
    return yes;
}

static bool is_markup(const struct doc_spec *d)
{
    return d->format == DOC_XML || d->format == DOC_HTML;
}

static int compile_path(struct map_compiler *c, struct view text, struct map_path *out)
{
    struct why why = {0};
    bool xml = is_markup(c->doc);
    int err = doc_path_compile(c->doc, text, &out->p, &why);
    if (err)
        return map_fail(c, err == ERR_SYNTAX ? ERR_INVALID : err, "", why.text[0] ? why.text : err_text(err));
    err = own_or_free(c, OWNED_PATH, out->p);
    out->text = text;
    out->pointer = !xml && (text.n == 0 || text.p[0] == '/');
    out->whole = xml ? view_is(text, ".") : text.n == 0 || view_is(text, "@");
    out->from_root = text.n && text.p[0] == (xml ? '/' : '$');
    out->singular = out->pointer || (!xml && is_singular(text));
    return err;
}

static int check_path(struct map_compiler *c, const struct json *j)
{
    struct view text = json_text(j);
    bool xml = is_markup(c->doc);
    if (!json_is(j, JSON_STRING))
        return map_fail(c, ERR_TYPE, "", xml ? "must be an XPath in a string" : "must be a path in a string");
    if (!xml && text.n && !strchr("/$@", text.p[0]))
        return map_fail(c, ERR_INVALID, "",
                        "must be a JSON pointer (\"/a/b\") or a JSONPath (\"$.a\", \"@.b\")");
    return 0;
}

int map_path_compile(struct map_compiler *c, const struct json *j, struct map_path *out)
{
    int err = check_path(c, j);
    return err ? err : compile_path(c, json_text(j), out);
}

int map_path_inside(struct map_compiler *c, const struct json *j, struct map_path *out)
{
    static const struct doc_spec json = {.format = DOC_JSON};
    const struct doc_spec *before = c->doc;
    c->doc = &json;
    int err = check_path(c, j);
    struct view text = arena_copy(&c->m->arena, json_text(j));
    if (!err && !text.p)
        err = map_fail(c, ERR_NOMEM, "", err_text(ERR_NOMEM));
    if (!err && view_starts(text, "$"))
        *(char *)(uintptr_t)text.p = '@';
    if (!err)
        err = compile_path(c, text, out);
    c->doc = before;
    return err;
}

int map_regex_compile(struct map_compiler *c, const struct json *j, struct regex **out)
{
    struct why why = {0};
    if (!json_is(j, JSON_STRING) || json_text(j).n == 0)
        return map_fail(c, ERR_TYPE, "", "must be a regular expression in a string");
    int err = regex_compile(json_text(j), out, &why);
    if (err)
        return map_fail(c, err == ERR_SYNTAX ? ERR_INVALID : err, "", why.text[0] ? why.text : err_text(err));
    return own_or_free(c, OWNED_REGEX, *out);
}

int map_zone_compile(struct map_compiler *c, const struct json *j, const struct zone **out)
{
    struct zone *z = NULL;
    if (!json_is(j, JSON_STRING))
        return map_fail(c, ERR_TYPE, "", "must be a zone in a string");
    if (zone_open(json_text(j), &z))
        return map_fail(c, ERR_INVALID, "", "must be a zone like Europe/Berlin, UTC or +08:00");
    *out = z;
    return own_or_free(c, OWNED_ZONE, z);
}

int map_projection_compile(struct map_compiler *c, struct view name, const struct projection **out)
{
    struct projection *p = NULL;
    struct why why = {0};
    int err = projection_open(name, &p, &why);
    if (err)
        return map_fail(c, err == ERR_NOMEM ? err : ERR_INVALID, "", why.text[0] ? why.text : err_text(err));
    *out = p;
    return own_or_free(c, OWNED_PROJECTION, p);
}

static void copy_mark(struct view v, char dst[5])
{
    memcpy(dst, v.p, v.n);
    dst[v.n] = '\0';
}

/* One character, of any script, that is no digit. */
static int compile_mark(struct map_compiler *c, const struct json *j, const char *name, char dst[5])
{
    const struct json *m = json_get(j, name);
    struct view v = json_text(m);
    if (!m)
        return 0;
    size_t n = v.n && (unsigned char)v.p[0] >= 0xc0 ? v.n : 1;
    if (!json_is(m, JSON_STRING) || v.n == 0 || v.n != n || v.n > 4 || strchr("0123456789-+", v.p[0]))
        return map_under(c, map_fail(c, ERR_INVALID, "", "must be one mark, like \",\""), name);
    copy_mark(v, dst);
    return 0;
}

int map_marks_compile(struct map_compiler *c, const struct json *j, struct map_marks *out)
{
    *out = c->m->marks;
    int err = compile_mark(c, j, "decimal", out->decimal);
    if (!err)
        err = compile_mark(c, j, "thousands", out->thousands);
    if (!err && strcmp(out->decimal, out->thousands) == 0)
        err = map_fail(c, ERR_INVALID, json_get(j, "thousands") ? "/thousands" : "/decimal",
                       "decimal and thousands marks must differ");
    return err;
}

/* ---- members of the mapping */

static int compile_numbers(struct map_compiler *c, const struct json *j)
{
    static const char *const names[] = {"text", "thousands", "decimal", "unknown", NULL};
    const struct json *n = NULL;
    struct mapping *m = c->m;
    int err = json_want_node(j, "numbers", JSON_OBJECT, &n, c->why);
    m->text_counts = m->message.doc.format != DOC_JSON; /* the other formats know nothing but texts */
    memcpy(m->marks.decimal, ".", 2);
    if (err || !n)
        return err;
    err = json_only(n, names, c->why);
    if (!err)
        err = json_want_bool(n, "text", &m->text_counts, c->why);
    if (!err)
        err = map_marks_compile(c, n, &m->marks);
    if (!err)
        err = json_want_node(n, "unknown", JSON_ARRAY, &m->unknown, c->why);
    return map_under(c, err, "numbers");
}

static int collect_lets(struct map_compiler *c, const struct json *lets)
{
    for (const struct json *l = json_first(lets); l; l = json_next(l)) {
        if (!map_is_name(json_key(l)))
            return map_fail(c, ERR_INVALID, "/let", "names must be of letters, digits and '_'");
        if (c->m->n_lets == MAP_MAX_LETS)
            return why_set(c->why, ERR_TOO_BIG, "/let", "more than %d names", MAP_MAX_LETS);
        c->m->let_names[c->m->n_lets++] = json_key(l);
    }
    return 0;
}

static int compile_lets(struct map_compiler *c, const struct json *lets)
{
    char name[80];
    int i = 0, err = 0;
    for (const struct json *l = json_first(lets); l && !err; l = json_next(l), i++) {
        c->n_lets = i;
        err = map_value_compile(c, l, NULL, &c->m->lets[i]);
        if (err && view_copy(json_key(l), name, sizeof name) == 0)
            why_under(c->why, "/let/%s", name);
    }
    c->n_lets = c->m->n_lets;
    return err;
}

static int compile_emits(struct map_compiler *c, const struct json *j)
{
    static const char *const names[] = {"lot",   "free",    "open",   "total", "occupied",  "status",
                                        "band",  "time",    "name",   "in",    "heartbeat", "out",
                                        "point", "classes", "filter", NULL};
    const struct json *list = NULL;
    int err = json_want_node(j, "emit", JSON_ARRAY, &list, c->why);
    if (err || !list)
        return err;
    if (json_size(list) == 0 || json_size(list) > MAP_MAX_EMITS)
        return why_set(c->why, ERR_TOO_BIG, "/emit", "must be a list of 1 to %d objects", MAP_MAX_EMITS);
    c->m->emits = map_new(c, json_size(list) * sizeof *c->m->emits);
    if (!c->m->emits)
        return ERR_NOMEM;
    for (const struct json *e = json_first(list); e && !err; e = json_next(e)) {
        struct map_fields *f = &c->m->emits[c->m->n_emits];
        *f = c->m->fields;
        err = json_only(e, names, c->why);
        if (!err)
            err = map_fields_compile(c, e, f);
        if (!err && json_get(e, "filter"))
            err = map_under(c, map_conds_compile(c, json_get(e, "filter"), false, &f->filter), "filter");
        if (!err && !f->lot)
            err = map_fail(c, ERR_MISSING, "/lot", "missing: which lot is it?");
        err = map_under(c, map_under_index(c, err, c->m->n_emits++), "emit");
    }
    return err;
}

static int compile_words(struct map_compiler *c, const struct json *j)
{
    static const char *const derives[] = {"none", "total-occupied", "open-occupied", NULL};
    static const char *const repeats[] = {"all", "newest", "first", "last", NULL};
    int derive = 0, repeat = 0;
    int err = json_want_enum(j, "derive", derives, &derive, c->why);
    if (!err)
        err = json_want_enum(j, "repeats", repeats, &repeat, c->why);
    c->m->derive = (enum map_derive)derive;
    c->m->repeats = (enum map_repeats)repeat;
    return err;
}

static int compile_zone(struct map_compiler *c, const struct json *j)
{
    const struct json *zone = json_get(j, "zone");
    if (zone)
        return map_under(c, map_zone_compile(c, zone, &c->m->zone), "zone");
    struct zone *z = NULL;
    int err = zone_open(VIEW(MAP_ZONE), &z);
    c->m->zone = z;
    return err ? map_fail(c, err, "/zone", MAP_ZONE " is not known to this system; name a zone")
               : own_or_free(c, OWNED_ZONE, z);
}

static int compile_conds(struct map_compiler *c, const struct json *j, const char *name, bool message,
                         struct map_conds *out)
{
    const struct json *list = json_get(j, name);
    return list ? map_under(c, map_conds_compile(c, list, message, out), name) : 0;
}

static int compile_fields(struct map_compiler *c, const struct json *j)
{
    int err = compile_conds(c, j, "filter", false, &c->m->filter);
    if (err || (err = map_fields_compile(c, j, &c->m->fields)))
        return err;
    if (!c->m->fields.lot && !json_get(j, "emit"))
        return map_fail(c, ERR_MISSING, "/lot", "missing: which lot is it?");
    err = map_zones_compile(c, j, &c->m->zones);
    return err ? err : compile_emits(c, j);
}

static int compile_mapping(struct map_compiler *c, const struct json *j)
{
    static const char *const names[] = {
        "format",  "charset", "encoding", "csv",    "namespaces", "zone",      "items", "single",
        "let",     "success", "filter",   "lot",    "free",       "open",      "total", "occupied",
        "in",      "out",     "status",   "band",   "time",       "heartbeat", "name",  "point",
        "classes", "zones",   "numbers",  "derive", "emit",       "repeats",   "join",  NULL};
    const struct json *lets = NULL;
    int err = json_only(j, names, c->why);
    if (!err)
        err = json_want_node(j, "let", JSON_OBJECT, &lets, c->why);
    if (err || (err = collect_lets(c, lets)) || (err = map_message_doc(c, j, &c->m->message)) ||
        (err = compile_zone(c, j)) || (err = compile_numbers(c, j)) || (err = map_joins_compile(c, j)))
        return err;
    if ((err = map_message_items(c, j, &c->m->message)) || (err = compile_words(c, j)))
        return err;
    c->joins_known = true;
    c->doc = map_item_doc(&c->m->message);
    if ((err = compile_lets(c, lets)) || (err = compile_fields(c, j)))
        return err;
    c->doc = &c->m->message.doc;
    return compile_conds(c, j, "success", true, &c->m->success);
}

int mapping_compile(const struct json *params, struct mapping **out, struct why *why)
{
    const struct json *j = json_get(params, "mapping");
    struct mapping *m = calloc(1, sizeof *m);
    *out = m;
    if (!m)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    struct map_compiler c = {.m = m, .doc = &m->message.doc, .why = why};
    arena_init(&m->arena, ARENA_MAX);
    m->listens = !j || json_is(j, JSON_NULL);
    int err = m->listens ? compile_zone(&c, NULL) : map_under(&c, compile_mapping(&c, j), "mapping");
    return err ? err : map_requests_compile(&c, params);
}

void mapping_free(struct mapping *m)
{
    if (!m)
        return;
    for (struct map_owned *o = m->owned; o; o = o->next)
        disown(o->kind, o->p);
    for (int i = 0; i < m->n_projections; i++)
        projection_free(m->projections[i].p);
    arena_fini(&m->arena);
    free(m);
}
