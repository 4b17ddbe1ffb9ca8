/* SPDX-License-Identifier: MIT
 * JSON for scripts. Objects are written with their members in the order of their names, so that the same
 * values give the same bytes; json.ordered keeps the order that a signature wants. An empty table is an
 * object; json.array({}) is an empty list.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/lua_engine.h"
#include "dialect/ops.h"
#include "parkd/base/json_write.h"

#define EXACT ((int64_t)1 << 53)

static const char array_key, ordered_key; /* addresses of the two marks in the registry */

static void mark(lua_State *L, const char *key)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    }
    lua_setmetatable(L, -2);
}

static bool is_marked(lua_State *L, int index, const char *key)
{
    if (!lua_getmetatable(L, index))
        return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

/* ---- reading */

static void push_number(lua_State *L, const struct json *j)
{
    int64_t v;
    if (json_int(j, -EXACT, EXACT, &v) == 0)
        lua_pushinteger(L, v);
    else
        lua_pushnumber(L, json_number(j));
}

static void push_object(lua_State *L, const struct json *j)
{
    lua_createtable(L, 0, (int)json_size(j));
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        if (json_is(v, JSON_NULL))
            continue;
        struct view key = json_key(v);
        lua_pushlstring(L, key.p, key.n);
        lua_push_json(L, v);
        lua_rawset(L, -3);
    }
}

static void push_array(lua_State *L, const struct json *j)
{
    lua_Integer i = 0;
    lua_createtable(L, (int)json_size(j), 0);
    for (const struct json *v = json_first(j); v; v = json_next(v)) {
        lua_push_json(L, v);
        lua_rawseti(L, -2, ++i);
    }
    if (i == 0)
        mark(L, &array_key);
}

void lua_push_json(lua_State *L, const struct json *j)
{
    luaL_checkstack(L, 6, "json");
    switch (json_kind(j)) {
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    case JSON_BOOL:
        lua_pushboolean(L, json_true(j));
        break;
    case JSON_NUMBER:
        push_number(L, j);
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_text(j).p, json_text(j).n);
        break;
    case JSON_ARRAY:
        push_array(L, j);
        break;
    case JSON_OBJECT:
        push_object(L, j);
        break;
    }
}

void lua_parse_json(lua_State *L, struct view text)
{
    struct lua_engine *e = lua_engine_of(L);
    struct why why = {0};
    lua_engine_charge(L, text.n);
    json_free(e->tree);
    e->tree = NULL;
    int err = dialect_parse_json(text, &e->tree, &why);
    if (err)
        lua_engine_raise(L, err, "%s", why.text);
    lua_push_json(L, e->tree);
    json_free(e->tree);
    e->tree = NULL;
}

static int on_decode(lua_State *L)
{
    lua_parse_json(L, lua_check_view(L, 1));
    return 1;
}

/* ---- writing */

static void write_value(lua_State *L, int index, struct json_writer *w, int depth);

static int by_bytes(const void *a, const void *b)
{
    const struct view *x = a, *y = b;
    int d = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return d ? d : (x->n > y->n) - (x->n < y->n);
}

/* Pushes a block with the names of the table's members, sorted; the table keeps the names alive. */
static struct view *sorted_names(lua_State *L, int table, size_t *n)
{
    *n = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            lua_engine_raise(L, ERR_SCRIPT,
                             "json.encode: a table with both names and numbers, or with holes");
        ++*n;
    }
    lua_engine_charge(L, *n * 4);
    struct view *names = lua_newuserdatauv(L, (*n + 1) * sizeof *names, 0);
    struct view *name = names;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1), name++)
        name->p = lua_tolstring(L, -2, &name->n);
    qsort(names, *n, sizeof *names, by_bytes);
    return names;
}

static void write_object(lua_State *L, int table, struct json_writer *w, int depth)
{
    size_t n;
    struct view *names = sorted_names(L, table, &n);
    jw_object(w, NULL);
    for (size_t i = 0; i < n; i++) {
        lua_pushlstring(L, names[i].p, names[i].n);
        lua_rawget(L, table);
        jw_key(w, names[i]);
        write_value(L, lua_gettop(L), w, depth + 1);
        lua_pop(L, 1);
    }
    jw_end_object(w);
    lua_pop(L, 1);
}

static void write_ordered(lua_State *L, int table, struct json_writer *w, int depth)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, table);
    jw_object(w, NULL);
    for (lua_Integer i = 1; i + 1 <= n; i += 2) {
        struct view key;
        lua_rawgeti(L, table, i);
        key.p = luaL_checklstring(L, -1, &key.n);
        lua_rawgeti(L, table, i + 1);
        jw_key(w, key);
        write_value(L, lua_gettop(L), w, depth + 1);
        lua_pop(L, 2);
    }
    jw_end_object(w);
}

static void write_array(lua_State *L, int table, struct json_writer *w, int depth)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, table), members = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        members++;
    if (members != n)
        lua_engine_raise(L, ERR_SCRIPT, "json.encode: a list with holes or names");
    jw_array(w, NULL);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, table, i);
        write_value(L, lua_gettop(L), w, depth + 1);
        lua_pop(L, 1);
    }
    jw_end_array(w);
}

static void write_table(lua_State *L, int index, struct json_writer *w, int depth)
{
    if (depth >= JSON_MAX_DEPTH)
        lua_engine_raise(L, ERR_SCRIPT, "json.encode: more than %d levels", JSON_MAX_DEPTH);
    if (is_marked(L, index, &ordered_key))
        write_ordered(L, index, w, depth);
    else if (lua_rawlen(L, index) > 0 || is_marked(L, index, &array_key))
        write_array(L, index, w, depth);
    else
        write_object(L, index, w, depth);
}

static void write_number(lua_State *L, int index, struct json_writer *w)
{
    char text[40];
    double v = lua_tonumber(L, index);
    if (lua_isinteger(L, index)) {
        jw_int(w, NULL, lua_tointeger(L, index));
        return;
    }
    if (!isfinite(v))
        lua_engine_raise(L, ERR_SCRIPT, "json.encode: not a finite number");
    (void)snprintf(text, sizeof text, "%.15g", v);
    if (strtod(text, NULL) != v)
        (void)snprintf(text, sizeof text, "%.17g", v);
    jw_raw(w, NULL, view_of(text));
}

static void write_value(lua_State *L, int index, struct json_writer *w, int depth)
{
    struct view s;
    luaL_checkstack(L, 8, "json");
    lua_engine_charge(L, 2);
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        jw_bool(w, NULL, lua_toboolean(L, index));
        break;
    case LUA_TNUMBER:
        write_number(L, index, w);
        break;
    case LUA_TSTRING:
        s.p = lua_tolstring(L, index, &s.n);
        lua_engine_charge(L, s.n / 4);
        jw_view(w, NULL, s);
        break;
    case LUA_TTABLE:
        write_table(L, index, w, depth);
        break;
    case LUA_TLIGHTUSERDATA:
    case LUA_TNIL:
        jw_null(w, NULL);
        break;
    default:
        lua_engine_raise(L, ERR_SCRIPT, "json.encode: a %s", luaL_typename(L, index));
    }
    if (w->b->err)
        lua_engine_raise(L, w->b->err, "json.encode: %s", err_text(w->b->err));
}

void lua_encode_json(lua_State *L, int index, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    write_value(L, lua_absindex(L, index), &w, 0);
}

static int on_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_encode_json(L, 1, lua_engine_scratch(L));
    return lua_engine_push_scratch(L);
}

static int on_array(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    mark(L, &array_key);
    return 1;
}

/* json.ordered(name, value, name, value, …); pairs with a nil value are left out. */
static int on_ordered(lua_State *L)
{
    int top = lua_gettop(L);
    lua_Integer n = 0;
    lua_createtable(L, top, 0);
    for (int i = 1; i + 1 <= top; i += 2) {
        (void)lua_check_view(L, i);
        if (lua_isnil(L, i + 1))
            continue;
        lua_pushvalue(L, i);
        lua_rawseti(L, -2, ++n);
        lua_pushvalue(L, i + 1);
        lua_rawseti(L, -2, ++n);
    }
    mark(L, &ordered_key);
    return 1;
}

void lua_json_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"decode", on_decode},   {"encode", on_encode}, {"array", on_array},
        {"ordered", on_ordered}, {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_setfield(L, -2, "json");
}
