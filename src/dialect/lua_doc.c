/* SPDX-License-Identifier: MIT
 * Documents for scripts: xml, html, csv. What stands outside Lua (libxml2's trees, results) hangs in the
 * engine and is freed at the end of the run, whatever a script still holds: a node is a userdata with the
 * number of its run, and says so when it is used in a later one. There is nothing to collect, so no __gc, and
 * no pointer that outlives what it points to.
 *
 * Trees and results count as memory of the state. XPath is charged by libxml2's count of operations after it
 * ran; one evaluation is bounded (doc_xml_path.c), and the time it took is looked at before the script goes
 * on. Compiled paths stay in the engine: a script asks the same few of every lot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/doc_tree.h"
#include "dialect/lua_engine.h"

#define DOCS_MAX      1024        /* of a run */
#define DOC_BYTES     (16 * 1024) /* what a small document holds, contexts and all */
#define XML_STEPS     3           /* a byte, to parse and to free again */
#define HTML_STEPS    6
#define CSV_STEPS     3
#define CELL_BYTES    150 /* a field of a table, as a tree */
#define EVAL_STEPS    60
#define COMPILE_STEPS 2500
#define PATHS         32
#define NUMBER_SIZE   32

static const char node_key; /* its address is the registry key of the nodes' metatable */

struct lua_document {
    struct doc *doc;
    size_t used;      /* of the doc's memory for results: already counted */
    uint64_t ns_hash; /* which namespaces its paths may name */
    struct doc_spec spec;
};
struct cached_path {
    char *text;
    size_t n;
    uint64_t ns_hash;
    struct doc_path *path;
};
struct lua_docs {
    struct lua_document **v;
    size_t n, cap;
    size_t bytes; /* of all bodies */
    struct cached_path paths[PATHS];
    size_t next; /* to be replaced */
};

/* A node as a script holds it; the document itself is one too. */
struct lua_node {
    uint64_t run;
    size_t document;
    struct doc_node node;
};

/* ---- what the engine holds */

void lua_docs_end(struct lua_engine *e)
{
    struct lua_docs *ds = e->docs;
    if (!ds)
        return;
    for (size_t i = 0; i < ds->n; i++) {
        doc_free(ds->v[i]->doc);
        free(ds->v[i]);
    }
    free(ds->v);
    ds->v = NULL;
    ds->n = ds->cap = ds->bytes = 0;
}

static void forget(struct cached_path *c)
{
    doc_path_free(c->path);
    free(c->text);
    *c = (struct cached_path){0};
}

void lua_docs_free(struct lua_engine *e)
{
    lua_docs_end(e);
    for (size_t i = 0; e->docs && i < PATHS; i++)
        forget(&e->docs->paths[i]);
    free(e->docs);
    e->docs = NULL;
}

static struct lua_docs *docs_of(lua_State *L)
{
    struct lua_engine *e = lua_engine_of(L);
    if (!e->docs && !(e->docs = calloc(1, sizeof *e->docs)))
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    return e->docs;
}

/* A place for one more document, empty. */
static struct lua_document *add(lua_State *L, size_t bytes)
{
    struct lua_docs *ds = docs_of(L);
    struct lua_document *d = NULL;
    if (ds->n == DOCS_MAX)
        lua_engine_raise(L, ERR_TOO_BIG, "more than %d documents in a call", DOCS_MAX);
    if (bytes > DOC_MAX_BODY - ds->bytes)
        lua_engine_raise(L, ERR_TOO_BIG, "documents of more than %d bytes in a call", DOC_MAX_BODY);
    lua_engine_hold(L, DOC_BYTES);
    if (ds->n == ds->cap) {
        size_t cap = ds->cap ? 2 * ds->cap : 8;
        struct lua_document **v = realloc(ds->v, cap * sizeof(struct lua_document *));
        if (v) {
            ds->v = v;
            ds->cap = cap;
        }
    }
    if (ds->n < ds->cap)
        d = calloc(1, sizeof *d);
    if (!d)
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    ds->bytes += bytes;
    return ds->v[ds->n++] = d;
}

/* Results stay as long as their document. */
static void count_results(lua_State *L, struct lua_document *d)
{
    size_t more = d->doc->used - d->used;
    d->used = d->doc->used;
    lua_engine_hold(L, more);
}

static void read_document(lua_State *L, struct lua_document *d, struct view text)
{
    struct why why = {0};
    int err = doc_read(&d->spec, (struct view){0}, text, &d->doc, &why);
    lua_engine_watch(L);
    if (err)
        lua_engine_raise(L, err, "%s", why.text[0] ? why.text : err_text(err));
}

/* ---- options */

static char check_char(lua_State *L, int arg, const char *name)
{
    struct view v = lua_option_text(L, arg, name);
    bool plain = v.n == 1 && (v.p[0] == '\t' || (v.p[0] >= ' ' && v.p[0] <= '~'));
    if (v.p && !plain)
        lua_engine_raise(L, ERR_INVALID, "option '%s' is one character of ASCII", name);
    return v.p ? v.p[0] : '\0';
}

static void read_charset(lua_State *L, int arg, struct doc_spec *spec)
{
    struct view v = lua_option_text(L, arg, "charset");
    if (v.p && (charset_check(v) || view_copy(v, spec->charset, sizeof spec->charset)))
        lua_engine_raise(L, ERR_INVALID, "option 'charset' names none that is known");
}

/* namespaces = {gml = "http://…"} */
static void read_namespaces(lua_State *L, int arg, struct doc_spec *spec)
{
    if (lua_isnoneornil(L, arg))
        return;
    if (lua_getfield(L, arg, "namespaces") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        bool texts = lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING;
        if (spec->n_ns == DOC_MAX_NAMESPACES || !texts)
            lua_engine_raise(L, ERR_INVALID, "option 'namespaces' is up to %d texts by prefix",
                             DOC_MAX_NAMESPACES);
        struct doc_namespace *ns = &spec->ns[spec->n_ns++];
        if (view_copy(lua_check_view(L, -2), ns->prefix, sizeof ns->prefix) ||
            view_copy(lua_check_view(L, -1), ns->uri, sizeof ns->uri))
            lua_engine_raise(L, ERR_TOO_BIG, "option 'namespaces': a name that is too long");
    }
    lua_pop(L, 1);
}

static uint64_t hash_of(const struct doc_spec *spec)
{
    uint64_t h = 0;
    for (int i = 0; i < spec->n_ns; i++)
        h = h * 31 + (view_hash(view_of(spec->ns[i].prefix)) ^ (view_hash(view_of(spec->ns[i].uri)) * 7));
    return h;
}

/* ---- xml, html */

static struct lua_node *push_node(lua_State *L, size_t document, struct doc_node node)
{
    struct lua_node *n = lua_newuserdatauv(L, sizeof *n, 0);
    *n = (struct lua_node){lua_engine_of(L)->n_runs, document, node};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &node_key);
    lua_setmetatable(L, -2);
    return n;
}

static int parse_markup(lua_State *L, enum doc_format format, const char *const *options)
{
    struct doc_spec spec = {.format = format};
    struct view text = lua_check_view(L, 1);
    lua_check_options(L, 2, options);
    read_charset(L, 2, &spec);
    if (format == DOC_XML)
        read_namespaces(L, 2, &spec);
    lua_engine_charge(L, 1000 + text.n * (format == DOC_XML ? XML_STEPS : HTML_STEPS));
    struct lua_document *d = add(L, text.n);
    d->spec = spec;
    d->ns_hash = hash_of(&spec);
    size_t index = docs_of(L)->n - 1;
    read_document(L, d, text);
    push_node(L, index, doc_root(d->doc));
    return 1;
}

static int on_xml(lua_State *L)
{
    static const char *const options[] = {"charset", "namespaces", NULL};
    return parse_markup(L, DOC_XML, options);
}

static int on_html(lua_State *L)
{
    static const char *const options[] = {"charset", NULL};
    return parse_markup(L, DOC_HTML, options);
}

/* ---- paths */

static struct doc_path *cached(struct lua_docs *ds, const struct lua_document *d, struct view text)
{
    for (size_t i = 0; i < PATHS; i++) {
        const struct cached_path *c = &ds->paths[i];
        if (c->path && c->ns_hash == d->ns_hash && view_eq(text, (struct view){c->text, c->n}))
            return c->path;
    }
    return NULL;
}

static const struct doc_path *path_at(lua_State *L, int arg, const struct lua_document *d)
{
    struct why why = {0};
    struct lua_docs *ds = docs_of(L);
    struct view text = lua_check_view(L, arg);
    struct doc_path *p = cached(ds, d, text);
    if (p)
        return p;
    lua_engine_charge(L, COMPILE_STEPS);
    int err = doc_path_compile(&d->spec, text, &p, &why);
    char *copy = err ? NULL : view_dup(text);
    if (!copy) {
        doc_path_free(p);
        lua_engine_raise(L, err ? err : ERR_NOMEM, "%s", why.text[0] ? why.text : err_text(ERR_NOMEM));
    }
    struct cached_path *c = &ds->paths[ds->next];
    ds->next = (ds->next + 1) % PATHS;
    forget(c);
    *c = (struct cached_path){copy, text.n, d->ns_hash, p};
    return p;
}

/* The node that a method is called on. */
static struct lua_node *self_of(lua_State *L)
{
    struct lua_node *n = lua_touserdata(L, 1);
    bool good = n && lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1);
    if (good) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &node_key);
        good = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    if (!good)
        luaL_argerror(L, 1, "no document or node: call it as node:method()");
    if (n->run != lua_engine_of(L)->n_runs)
        lua_engine_raise(L, ERR_STATE, "a document of an earlier call: it ended with that call");
    return n;
}

typedef int eval_fn(const struct doc_path *p, struct doc *d, struct doc_node from, struct doc_result *out,
                    struct why *why);

static struct doc_result evaluate(lua_State *L, const struct lua_node *n, eval_fn *eval)
{
    struct why why = {0};
    struct doc_result found = {0};
    struct lua_document *d = docs_of(L)->v[n->document];
    const struct doc_path *path = path_at(L, 2, d);
    unsigned long ops = d->doc->ops;
    lua_engine_charge(L, EVAL_STEPS);
    int err = eval(path, d->doc, n->node, &found, &why);
    lua_engine_watch(L);
    ops = d->doc->ops - ops;
    lua_engine_charge(L, ops > DOC_XPATH_OPS ? DOC_XPATH_OPS : ops);
    if (err)
        lua_engine_raise(L, err, "%s", why.text[0] ? why.text : err_text(err));
    count_results(L, d);
    return found;
}

/* Longer than what is left of the results' memory, a text would come back cut to nothing. */
static struct view text_of(lua_State *L, const struct lua_node *n, struct doc_node node)
{
    struct lua_document *d = docs_of(L)->v[n->document];
    if (d->doc->used > DOC_MAX_RESULTS / 2)
        lua_engine_breach(L, "too much memory");
    struct view text = doc_node_text(d->doc, node);
    lua_engine_charge(L, 10 + text.n / 4);
    count_results(L, d);
    return text;
}

static struct view number_text(double v, char dst[NUMBER_SIZE])
{
    int n = snprintf(dst, NUMBER_SIZE, "%.15g", v);
    return (struct view){dst, (size_t)n};
}

/* What the path (argument 2) finds, as text; without a path the node's own text. p == NULL: nothing is there.
 */
static struct view find_text(lua_State *L, char number[NUMBER_SIZE])
{
    const struct lua_node *n = self_of(L);
    if (lua_isnoneornil(L, 2))
        return text_of(L, n, n->node);
    struct doc_result found = evaluate(L, n, doc_path_first);
    switch (found.kind) {
    case DOC_NODES:
        return text_of(L, n, found.v[0]);
    case DOC_TEXT_RESULT:
        return found.text.p ? found.text : VIEW("");
    case DOC_NUMBER:
        return number_text(found.number, number);
    case DOC_BOOL:
        return found.number > 0 ? VIEW("true") : VIEW("false");
    case DOC_NOTHING:
        break;
    }
    return (struct view){0};
}

/* ---- methods */

/* node:all(xpath) → a list of nodes */
static int on_all(lua_State *L)
{
    const struct lua_node *n = self_of(L);
    struct doc_result found = evaluate(L, n, doc_path_eval);
    if (found.kind != DOC_NODES && found.kind != DOC_NOTHING)
        return lua_engine_raise(L, ERR_TYPE, "this XPath finds a value, not nodes: use text() or number()");
    size_t document = n->document;
    lua_engine_charge(L, found.n * 10);
    lua_createtable(L, (int)found.n, 0);
    for (size_t i = 0; i < found.n; i++) {
        push_node(L, document, found.v[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* node:first(xpath) → a node, or nil */
static int on_first(lua_State *L)
{
    const struct lua_node *n = self_of(L);
    struct doc_result found = evaluate(L, n, doc_path_first);
    if (found.kind != DOC_NODES && found.kind != DOC_NOTHING)
        return lua_engine_raise(L, ERR_TYPE, "this XPath finds a value, not nodes: use text() or number()");
    if (found.kind == DOC_NODES)
        push_node(L, n->document, found.v[0]);
    else
        lua_pushnil(L);
    return 1;
}

/* node:text([xpath]) → text, trimmed; nil: nothing is there */
static int on_text(lua_State *L)
{
    char number[NUMBER_SIZE];
    struct view text = find_text(L, number);
    if (text.p)
        lua_pushlstring(L, text.p, text.n);
    else
        lua_pushnil(L);
    return 1;
}

/* node:number([xpath]) → a number; nil: nothing is there, or it is empty; false: it is no number */
static int on_number(lua_State *L)
{
    char buffer[NUMBER_SIZE];
    int64_t whole = 0;
    double real = 0;
    struct view text = find_text(L, buffer);
    if (text.n == 0)
        lua_pushnil(L);
    else if (view_to_int(text, INT64_MIN, INT64_MAX, &whole) == 0)
        lua_pushinteger(L, whole);
    else if (view_to_real(text, &real) == 0)
        lua_pushnumber(L, real);
    else
        lua_pushboolean(L, false);
    return 1;
}

/* node:place() → where it stands, for reports' `at` */
static int on_place(lua_State *L)
{
    char place[sizeof((struct why *)0)->at];
    const struct lua_node *n = self_of(L);
    lua_engine_charge(L, 500);
    doc_node_place(docs_of(L)->v[n->document]->doc, n->node, place, sizeof place);
    lua_engine_watch(L);
    lua_pushstring(L, place);
    return 1;
}

/* ---- csv */

static size_t count_cells(struct view text, char delimiter)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == delimiter || text.p[i] == '\n';
    return n;
}

static bool has_heading(lua_State *L, int arg)
{
    if (lua_isnoneornil(L, arg))
        return true;
    int type = lua_getfield(L, arg, "heading");
    bool heading = type == LUA_TNIL || lua_toboolean(L, -1);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        lua_engine_raise(L, ERR_TYPE, "option 'heading' is neither true nor false");
    lua_pop(L, 1);
    return heading;
}

/* csv.parse(text, options) → a list of tables by the heading's names, or of lists. The tree goes again at
 * once. */
static int on_csv(lua_State *L)
{
    static const char *const options[] = {"charset", "delimiter", "quote", "heading", NULL};
    struct view text = lua_check_view(L, 1);
    lua_check_options(L, 2, options);
    struct doc_spec spec = {.format = DOC_CSV, .no_heading = !has_heading(L, 2)};
    spec.delimiter = check_char(L, 2, "delimiter");
    spec.quote = check_char(L, 2, "quote");
    read_charset(L, 2, &spec);
    lua_engine_charge(L, 500 + text.n * CSV_STEPS);
    struct lua_engine *e = lua_engine_of(L);
    size_t held = e->held;
    struct lua_document *d = add(L, text.n);
    lua_engine_hold(L, count_cells(text, spec.delimiter ? spec.delimiter : ',') * CELL_BYTES);
    d->spec = spec;
    read_document(L, d, text);
    lua_push_json(L, doc_root(d->doc).j);
    doc_free(d->doc);
    free(d);
    e->docs->n--;
    e->docs->bytes -= text.n;
    e->memory -= e->held - held;
    e->held = held;
    return 1;
}

void lua_doc_open(lua_State *L)
{
    static const luaL_Reg xml[] = {{"parse", on_xml}, {NULL, NULL}},
                          html[] = {{"parse", on_html}, {NULL, NULL}},
                          csv[] = {{"parse", on_csv}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"all", on_all},       {"first", on_first}, {"text", on_text},
        {"number", on_number}, {"place", on_place}, {NULL, NULL},
    };
    lua_createtable(L, 0, 3);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "node");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &node_key);
    luaL_newlib(L, xml);
    lua_setfield(L, -2, "xml");
    luaL_newlib(L, html);
    lua_setfield(L, -2, "html");
    luaL_newlib(L, csv);
    lua_setfield(L, -2, "csv");
}
