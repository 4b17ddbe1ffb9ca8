/* SPDX-License-Identifier: MIT
 * What of Lua's own library a script sees. An allow-list: setmetatable, coroutine, collectgarbage, load, io,
 * os, debug, require, utf8, string.dump and string.pack are not on it. Functions whose work does not show in
 * the instruction count are wrapped so that they charge for it first.
 */
#include <lua5.4/lualib.h>

#include "dialect/lua_engine.h"

#define FORMAT_MAX 1024 /* bytes of a format string */
#define NUMBER_MAX 64   /* bytes of a text that tonumber looks at */

/* ---- base */

/* Like Lua's own, but a breach of the budget goes through it. */
static int on_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    int st = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (st == LUA_ERRMEM)
        lua_engine_breach(L, "too much memory");
    lua_engine_charge(L, 10);
    lua_pushboolean(L, st == 0);
    lua_insert(L, 1);
    return lua_gettop(L);
}

static int on_tonumber(lua_State *L)
{
    size_t n = 0;
    if (lua_type(L, 1) == LUA_TSTRING)
        (void)lua_tolstring(L, 1, &n);
    if (n > NUMBER_MAX) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* ---- string */

static int on_rep(lua_State *L)
{
    struct view s = lua_check_view(L, 1);
    lua_Integer n = luaL_checkinteger(L, 2);
    struct view sep = {0};
    sep.p = luaL_optlstring(L, 3, "", &sep.n);
    if (n <= 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((size_t)n > LUA_TEXT_MAX || (s.n + sep.n) * (size_t)n > LUA_TEXT_MAX)
        return lua_engine_raise(L, ERR_TOO_BIG, "string.rep: result too large");
    lua_engine_charge(L, (size_t)n);
    struct buf *b = lua_engine_scratch(L);
    for (lua_Integer i = 0; i < n; i++) {
        if (i)
            buf_view(b, sep);
        buf_view(b, s);
    }
    return lua_engine_push_scratch(L);
}

static int on_format(lua_State *L)
{
    size_t total = 0;
    int top = lua_gettop(L);
    if (lua_check_view(L, 1).n > FORMAT_MAX)
        return lua_engine_raise(L, ERR_TOO_BIG, "string.format: format too long");
    for (int i = 1; i <= top; i++) {
        size_t n = 0;
        if (lua_type(L, i) == LUA_TSTRING)
            (void)lua_tolstring(L, i, &n);
        total += n;
    }
    if (total > LUA_TEXT_MAX)
        return lua_engine_raise(L, ERR_TOO_BIG, "string.format: result too large");
    lua_engine_charge(L, total / 8 + FORMAT_MAX / 8);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, 1);
    return 1;
}

/* Functions that look at every byte of their first argument. */
static int on_bytes(lua_State *L)
{
    int top = lua_gettop(L);
    lua_engine_charge(L, lua_check_view(L, 1).n / 4);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    return lua_gettop(L);
}

/* ---- table */

static lua_Unsigned check_length(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    return lua_rawlen(L, 1);
}

static int pass_on(lua_State *L)
{
    int top = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, LUA_MULTRET);
    return lua_gettop(L);
}

/* insert and remove in the middle move all that stands behind; at the end they are cheap. */
static int on_move(lua_State *L)
{
    lua_Unsigned n = check_length(L);
    bool insert_end = lua_gettop(L) == 2 && lua_toboolean(L, lua_upvalueindex(2));
    bool remove_end = lua_gettop(L) == 1;
    lua_engine_charge(L, insert_end || remove_end ? 1 : (size_t)n);
    return pass_on(L);
}

/* concat and unpack: from i to j, which may lie far outside the table. */
static int on_span(lua_State *L)
{
    bool concat = lua_toboolean(L, lua_upvalueindex(2));
    lua_Unsigned n = check_length(L);
    lua_Integer i = luaL_optinteger(L, concat ? 3 : 2, 1);
    lua_Integer j = luaL_optinteger(L, concat ? 4 : 3, (lua_Integer)n);
    size_t sep = 0;
    if (concat)
        (void)luaL_optlstring(L, 2, "", &sep);
    lua_Unsigned span = j >= i ? (lua_Unsigned)j - (lua_Unsigned)i : 0;
    if (span > LUA_TEXT_MAX || sep > LUA_TEXT_MAX)
        return lua_engine_raise(L, ERR_TOO_BIG, "table: too many elements");
    lua_engine_charge(L, (size_t)span * (1 + sep / 64));
    return pass_on(L);
}

/* n log n comparisons, each as long as the longest string. */
static int on_sort(lua_State *L)
{
    lua_Unsigned n = check_length(L);
    size_t longest = 0, levels = 1;
    lua_engine_charge(L, (size_t)n);
    for (lua_Unsigned i = 1; i <= n; i++) {
        size_t len = 0;
        if (lua_rawgeti(L, 1, (lua_Integer)i) == LUA_TSTRING)
            (void)lua_tolstring(L, -1, &len);
        longest = len > longest ? len : longest;
        lua_pop(L, 1);
    }
    while (n >> levels)
        levels++;
    lua_engine_charge(L, (size_t)n * levels * 2 * (1 + longest / 32));
    return pass_on(L);
}

/* ---- the allow-list */

struct allowed {
    const char *name;
    lua_CFunction guard; /* NULL: as it is; else gets the original as its first upvalue */
    bool flag;           /* the guard's second upvalue */
};

static const struct allowed base_names[] = {
    {"assert", NULL, false},
    {"error", NULL, false},
    {"ipairs", NULL, false},
    {"next", NULL, false},
    {"pairs", NULL, false},
    {"rawequal", NULL, false},
    {"rawget", NULL, false},
    {"rawlen", NULL, false},
    {"select", NULL, false},
    {"tostring", NULL, false},
    {"type", NULL, false},
    {"pcall", on_pcall, false},
    {"tonumber", on_tonumber, false},
    {NULL, NULL, false},
};
static const struct allowed string_names[] = {
    {"byte", on_bytes, false},  {"char", NULL, false},  {"format", on_format, false}, {"len", NULL, false},
    {"lower", on_bytes, false}, {"rep", on_rep, false}, {"reverse", on_bytes, false}, {"sub", NULL, false},
    {"upper", on_bytes, false}, {NULL, NULL, false},
};
static const struct allowed table_names[] = {
    {"concat", on_span, true}, {"insert", on_move, true},  {"remove", on_move, false},
    {"sort", on_sort, false},  {"unpack", on_span, false}, {NULL, NULL, false},
};
static const struct allowed math_names[] = {
    {"abs", NULL, false},  {"ceil", NULL, false},       {"floor", NULL, false}, {"huge", NULL, false},
    {"max", NULL, false},  {"maxinteger", NULL, false}, {"min", NULL, false},   {"mininteger", NULL, false},
    {"modf", NULL, false}, {"tointeger", NULL, false},  {"type", NULL, false},  {NULL, NULL, false},
};

/* Copies the allowed members of the library on top of the stack into the table below it, and pops the
 * library. */
static void copy_allowed(lua_State *L, const struct allowed *names)
{
    for (const struct allowed *a = names; a->name; a++) {
        lua_getfield(L, -1, a->name);
        if (a->guard) {
            lua_pushboolean(L, a->flag);
            lua_pushcclosure(L, a->guard, 2);
        }
        lua_setfield(L, -3, a->name);
    }
    lua_pop(L, 1);
}

static void add_library(lua_State *L, const char *name, lua_CFunction open, const struct allowed *names)
{
    lua_newtable(L);
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    copy_allowed(L, names);
    lua_setfield(L, -2, name);
}

/* ("x"):rep(…) finds the guarded functions, and texts do no arithmetic: their metatable is made anew. */
static void set_string_methods(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 1);
    lua_getfield(L, -3, "string");
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void lua_sandbox_open(lua_State *L)
{
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    copy_allowed(L, base_names);
    add_library(L, LUA_STRLIBNAME, luaopen_string, string_names);
    add_library(L, LUA_TABLIBNAME, luaopen_table, table_names);
    add_library(L, LUA_MATHLIBNAME, luaopen_math, math_names);
    lua_getfield(L, -1, "string");
    lua_pattern_open(L);
    lua_pop(L, 1);
    set_string_methods(L);
}
