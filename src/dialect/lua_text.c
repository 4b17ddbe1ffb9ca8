/* SPDX-License-Identifier: MIT
 * Bytes and texts for scripts: base64, hex, url, text, count. What is malformed comes back as nil (false for
 * counts, where nil means "not said"), never as an error: a script decides what it is worth.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/count.h"
#include "dialect/lua_engine.h"
#include "parkd/base/crypto.h"

#define FIELDS_MAX 64

/* ---- base64, hex */

typedef int codec_fn(struct buf *out, struct view in);

static int on_codec(lua_State *L, codec_fn *fn)
{
    struct view in = lua_check_view(L, 1);
    lua_engine_charge(L, in.n / 4 + 5);
    int err = fn(lua_engine_scratch(L), in);
    if (err == ERR_SYNTAX) {
        lua_pushnil(L);
        return 1;
    }
    return lua_engine_push_scratch(L);
}

static int on_base64_encode(lua_State *L)
{
    return on_codec(L, base64_encode);
}

static int on_base64_decode(lua_State *L)
{
    return on_codec(L, base64_decode);
}

static int on_hex_encode(lua_State *L)
{
    return on_codec(L, hex_encode);
}

static int on_hex_decode(lua_State *L)
{
    return on_codec(L, hex_decode);
}

/* ---- url */

static void add_encoded(struct buf *out, struct view v)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (plain || (c && strchr("-._~", c))) {
            buf_char(out, (char)c);
        } else {
            buf_char(out, '%');
            buf_char(out, digits[c >> 4]);
            buf_char(out, digits[c & 15]);
        }
    }
}

/* A '%' without two digits stays as it is, as browsers do. */
static void add_decoded(struct buf *out, struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        int high = v.p[i] == '%' && i + 2 < v.n ? hex_digit(v.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(v.p[i + 2]) : -1;
        if (low >= 0) {
            buf_char(out, (char)(high * 16 + low));
            i += 2;
        } else {
            buf_char(out, v.p[i] == '+' ? ' ' : v.p[i]);
        }
    }
}

static int on_url_encode(lua_State *L)
{
    struct view in = lua_check_view(L, 1);
    lua_engine_charge(L, in.n / 2 + 5);
    add_encoded(lua_engine_scratch(L), in);
    return lua_engine_push_scratch(L);
}

/* url.form({{"cid", "x"}, {"v", 2}}) → cid=x&v=2, encoded, in this order; pairs without a value are left out.
 */
static int on_form(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    luaL_argcheck(L, n <= FIELDS_MAX, 1, "too many fields");
    struct buf *out = lua_engine_scratch(L);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_settop(L, 1);
        lua_rawgeti(L, 1, i);
        luaL_checktype(L, -1, LUA_TTABLE);
        lua_rawgeti(L, 2, 1);
        lua_rawgeti(L, 2, 2);
        if (lua_isnil(L, 4))
            continue;
        struct view key = lua_check_view(L, 3), value = lua_check_view(L, 4);
        lua_engine_charge(L, (key.n + value.n) / 2 + 5);
        if (out->n)
            buf_char(out, '&');
        add_encoded(out, key);
        buf_char(out, '=');
        add_encoded(out, value);
    }
    return lua_engine_push_scratch(L);
}

static void push_decoded(lua_State *L, struct view v)
{
    add_decoded(lua_engine_scratch(L), v);
    lua_engine_push_scratch(L);
}

/* A form body or a query as a table; of a repeated name the last value counts. */
static int on_form_decode(lua_State *L)
{
    struct view rest = lua_check_view(L, 1);
    lua_engine_charge(L, rest.n / 2 + 5);
    lua_settop(L, 1);
    lua_newtable(L);
    for (int n = 0; rest.n && n < FIELDS_MAX; n++) {
        struct view value = view_cut(&rest, '&');
        struct view key = view_cut(&value, '=');
        push_decoded(L, key);
        push_decoded(L, value);
        lua_rawset(L, 2);
    }
    return 1;
}

/* url.join(base, path): one slash between them. */
static int on_join(lua_State *L)
{
    struct view base = lua_check_view(L, 1), path = lua_check_view(L, 2);
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    while (path.n && path.p[0] == '/') {
        path.p++;
        path.n--;
    }
    struct buf *out = lua_engine_scratch(L);
    lua_engine_charge(L, (base.n + path.n) / 8 + 5);
    buf_view(out, base);
    buf_char(out, '/');
    buf_view(out, path);
    return lua_engine_push_scratch(L);
}

/* ---- text */

static int on_trim(lua_State *L)
{
    struct view v = lua_check_view(L, 1);
    lua_engine_charge(L, v.n / 8 + 1);
    v = view_trim(v);
    lua_pushlstring(L, v.p, v.n);
    return 1;
}

struct pair {
    struct view key, value;
};

static int by_key(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int d = memcmp(x->key.p, y->key.p, x->key.n < y->key.n ? x->key.n : y->key.n);
    return d ? d : (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

/* A member that text.sorted takes: named by a text, with a value that is a text or a number, and not empty.
 * The value on top of the stack is replaced by its text in table 2, which keeps it alive. */
static bool take_pair(lua_State *L, struct pair *p)
{
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
        return false;
    p->key.p = lua_tolstring(L, -2, &p->key.n);
    p->value.p = lua_tolstring(L, -1, &p->value.n);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, 2, p->key.p);
    return p->value.n > 0;
}

/* text.sorted(fields) → "a=1&b=2": what most vendors sign. Not encoded; tables, booleans and empty values are
 * left out. */
static int on_sorted(lua_State *L)
{
    struct pair pairs[FIELDS_MAX];
    size_t n = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (n == FIELDS_MAX)
            return lua_engine_raise(L, ERR_TOO_BIG, "text.sorted: more than %d fields", FIELDS_MAX);
        n += take_pair(L, &pairs[n]);
    }
    qsort(pairs, n, sizeof *pairs, by_key);
    struct buf *out = lua_engine_scratch(L);
    for (size_t i = 0; i < n; i++) {
        lua_engine_charge(L, (pairs[i].key.n + pairs[i].value.n) / 8 + 5);
        buf_printf(out, "%s" VIEW_FMT "=", i ? "&" : "", VIEW_ARG(pairs[i].key));
        buf_view(out, pairs[i].value);
    }
    return lua_engine_push_scratch(L);
}

/* ---- counts */

enum lua_count lua_read_count(lua_State *L, int index, int64_t *out)
{
    struct view text;
    double real;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
    case LUA_TLIGHTUSERDATA:
        return LUA_COUNT_NONE;
    case LUA_TSTRING:
        text.p = lua_tolstring(L, index, &text.n);
        text = view_trim(text);
        if (text.n == 0)
            return LUA_COUNT_NONE;
        return count_of_text(text, '\0', out) ? LUA_COUNT_BAD : LUA_COUNT_GOOD;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            *out = lua_tointeger(L, index);
            return LUA_COUNT_GOOD;
        }
        real = lua_tonumber(L, index);
        if (fabs(real) > 1e9 || floor(real) != real)
            return LUA_COUNT_BAD;
        *out = (int64_t)real;
        return LUA_COUNT_GOOD;
    default:
        return LUA_COUNT_BAD;
    }
}

/* count(v) → the integer that v says; nil if it says nothing, false if it is something else. */
static int on_count(lua_State *L)
{
    int64_t v = 0;
    lua_engine_charge(L, 5);
    switch (lua_read_count(L, 1, &v)) {
    case LUA_COUNT_NONE:
        lua_pushnil(L);
        break;
    case LUA_COUNT_BAD:
        lua_pushboolean(L, false);
        break;
    case LUA_COUNT_GOOD:
        lua_pushinteger(L, v);
        break;
    }
    return 1;
}

static void add_library(lua_State *L, const char *name, const luaL_Reg *functions)
{
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_setfield(L, -2, name);
}

void lua_text_open(lua_State *L)
{
    static const luaL_Reg base64[] = {
        {"encode", on_base64_encode}, {"decode", on_base64_decode}, {NULL, NULL}};
    static const luaL_Reg hex[] = {{"encode", on_hex_encode}, {"decode", on_hex_decode}, {NULL, NULL}};
    static const luaL_Reg url[] = {
        {"encode", on_url_encode}, {"form", on_form}, {"form_decode", on_form_decode},
        {"join", on_join},         {NULL, NULL},
    };
    static const luaL_Reg text[] = {{"trim", on_trim}, {"sorted", on_sorted}, {NULL, NULL}};
    add_library(L, "base64", base64);
    add_library(L, "hex", hex);
    add_library(L, "url", url);
    add_library(L, "text", text);
    lua_pushcfunction(L, on_count);
    lua_setfield(L, -2, "count");
}
