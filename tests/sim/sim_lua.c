/* SPDX-License-Identifier: MIT
 * Scripts as Redis runs them: KEYS, ARGV, redis.call and redis.pcall, and Redis' rules for turning replies
 * into values and back. Redis has Lua 5.1; what the scripts use of it means the same in 5.4, but for
 * table.unpack.
 */
#include <hiredis/hiredis.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/crypto.h"
#include "sim.h"

#define WORDS_MAX 2000
#define SCRIPTS   16

static lua_State *lua;
static struct {
    char sha[41];
    int ref;
} scripts[SCRIPTS];
static size_t n_scripts;

static void push_reply(lua_State *L, const struct redisReply *r)
{
    switch (r->type) {
    case REDIS_REPLY_INTEGER:
        lua_pushinteger(L, r->integer);
        break;
    case REDIS_REPLY_STRING:
        lua_pushlstring(L, r->str, r->len);
        break;
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        lua_newtable(L);
        lua_pushlstring(L, r->str, r->len);
        lua_setfield(L, -2, r->type == REDIS_REPLY_STATUS ? "ok" : "err");
        break;
    case REDIS_REPLY_ARRAY:
        lua_createtable(L, (int)r->elements, 0);
        for (size_t i = 0; i < r->elements; i++) {
            push_reply(L, r->element[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    default:
        lua_pushboolean(L, 0);
    }
}

/* The words of a command; numbers as Redis writes them. */
static size_t words_of(lua_State *L, struct view *argv)
{
    int n = lua_gettop(L);
    if (n > WORDS_MAX)
        sim_fail("a script calls Redis with %d words", n);
    for (int i = 1; i <= n; i++) {
        if (lua_type(L, i) == LUA_TNUMBER) {
            char text[40];
            (void)snprintf(text, sizeof text, "%.17g", lua_tonumber(L, i));
            lua_pushstring(L, text);
            lua_replace(L, i);
        }
        argv[i - 1].p = lua_tolstring(L, i, &argv[i - 1].n);
        if (!argv[i - 1].p)
            sim_fail("a script calls Redis with a %s", luaL_typename(L, i));
    }
    return (size_t)n;
}

static int call(lua_State *L, bool raises)
{
    static struct view argv[WORDS_MAX];
    struct redisReply *r = db_call(words_of(L, argv), argv);
    if (!r)
        sim_fail("a script waits for Redis");
    bool bad = r->type == REDIS_REPLY_ERROR;
    push_reply(L, r);
    db_call_free(r);
    return bad && raises ? lua_error(L) : 1;
}

static int on_call(lua_State *L)
{
    return call(L, true);
}

static int on_pcall(lua_State *L)
{
    return call(L, false);
}

static void open_lua(void)
{
    lua = luaL_newstate();
    if (!lua)
        abort();
    luaL_openlibs(lua);
    lua_newtable(lua);
    lua_pushcfunction(lua, on_call);
    lua_setfield(lua, -2, "call");
    lua_pushcfunction(lua, on_pcall);
    lua_setfield(lua, -2, "pcall");
    lua_setglobal(lua, "redis");
    lua_getglobal(lua, "table");
    lua_getfield(lua, -1, "unpack");
    lua_setglobal(lua, "unpack");
    lua_pop(lua, 1);
}

void db_script(struct view text, char sha[41])
{
    unsigned char raw[DIGEST_MAX];
    size_t n = 0;
    if (crypto_digest(DIGEST_SHA1, text, raw, &n))
        abort();
    for (size_t i = 0; i < n; i++)
        (void)snprintf(sha + 2 * i, 3, "%02x", raw[i]);
    if (db_has_script(sha))
        return;
    if (!lua)
        open_lua();
    if (n_scripts == SCRIPTS || luaL_loadbuffer(lua, text.p, text.n, "script"))
        sim_fail("a script cannot be loaded: %s", lua_tostring(lua, -1));
    memcpy(scripts[n_scripts].sha, sha, 41);
    scripts[n_scripts++].ref = luaL_ref(lua, LUA_REGISTRYINDEX);
}

static int ref_of(const char *sha)
{
    for (size_t i = 0; i < n_scripts; i++)
        if (strcmp(scripts[i].sha, sha) == 0)
            return scripts[i].ref;
    return LUA_NOREF;
}

bool db_has_script(const char *sha)
{
    return ref_of(sha) != LUA_NOREF;
}

void db_forget_scripts(void)
{
    for (size_t i = 0; i < n_scripts; i++)
        luaL_unref(lua, LUA_REGISTRYINDEX, scripts[i].ref);
    n_scripts = 0;
}

static struct redisReply *reply_of_value(lua_State *L, int at);

static struct redisReply *reply_of_table(lua_State *L, int at)
{
    struct redisReply *r = NULL;
    if (lua_getfield(L, at, "err") == LUA_TSTRING)
        r = db_error(lua_tostring(L, -1));
    else if (lua_getfield(L, at, "ok") == LUA_TSTRING)
        r = db_status(lua_tostring(L, -1));
    lua_settop(L, at);
    if (r)
        return r;
    size_t n = 0;
    while (lua_rawgeti(L, at, (lua_Integer)n + 1) != LUA_TNIL) { /* until the first nil */
        n++;
        lua_pop(L, 1);
    }
    lua_settop(L, at);
    r = db_array(n);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        r->element[i] = reply_of_value(L, lua_gettop(L));
        lua_settop(L, at);
    }
    return r;
}

static struct redisReply *reply_of_value(lua_State *L, int at)
{
    size_t n = 0;
    switch (lua_type(L, at)) {
    case LUA_TNUMBER:
        return db_int((int64_t)lua_tonumber(L, at));
    case LUA_TSTRING: {
        const char *p = lua_tolstring(L, at, &n);
        return db_text((struct view){p, n});
    }
    case LUA_TBOOLEAN:
        return lua_toboolean(L, at) ? db_int(1) : db_nil();
    case LUA_TTABLE:
        return reply_of_table(L, at);
    default:
        return db_nil();
    }
}

static void set_words(const char *name, const struct view *v, size_t n)
{
    lua_createtable(lua, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_pushlstring(lua, v[i].p, v[i].n);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    lua_setglobal(lua, name);
}

/* EVALSHA sha keys key … arg … */
struct redisReply *db_eval(size_t argc, const struct view *argv, const char *sha)
{
    int64_t n_keys = 0;
    if (view_to_int(argv[2], 0, (int64_t)argc - 3, &n_keys))
        return db_error("ERR Number of keys can't be greater than number of args");
    set_words("KEYS", argv + 3, (size_t)n_keys);
    set_words("ARGV", argv + 3 + n_keys, argc - 3 - (size_t)n_keys);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, ref_of(sha));
    if (lua_pcall(lua, 0, 1, 0) && lua_type(lua, -1) == LUA_TSTRING)
        sim_fail("a script failed: %s", lua_tostring(lua, -1));
    struct redisReply *r = reply_of_value(lua, lua_gettop(lua));
    lua_settop(lua, 0);
    return r;
}
