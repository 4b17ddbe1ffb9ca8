/* SPDX-License-Identifier: MIT
 * The Lua state and its budgets; see lua_engine.h for the rules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dialect/lua_engine.h"
#include "parkd/base/counters.h"

#define HOOK_EVERY \
    100 /* instructions: the worst ones take half a millisecond (a megabyte of blanks read as a number) */
#define ALLOC_STEP  64 /* bytes that count as a step */
#define KEEP_MEMORY (1u << 20)

static const char spec_key; /* its address is the registry key */

static int64_t clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct lua_engine *lua_engine_of(lua_State *L)
{
    return *(struct lua_engine **)lua_getextraspace(L);
}

static void on_count(lua_State *L, lua_Debug *ar);

static void *on_alloc(void *ctx, void *p, size_t old, size_t size)
{
    struct lua_engine *e = ctx;
    if (!p)
        old = 0; /* then it is a type tag */
    if (size == 0) {
        free(p);
        e->memory -= old;
        return NULL;
    }
    if (size > old && e->memory - old + size > LUA_MEMORY_MAX)
        return NULL;
    void *q = realloc(p, size);
    if (!q)
        return NULL;
    e->memory += size - old;
    e->steps -= (int64_t)(size / ALLOC_STEP);
    if (e->steps < 0 && e->L)
        lua_sethook(e->L, on_count, LUA_MASKCOUNT,
                    1); /* safe at any moment; it fires at the next instruction */
    return q;
}

void lua_engine_breach(lua_State *L, const char *of)
{
    struct lua_engine *e = lua_engine_of(L);
    if (!e->breached)
        e->breach = of;
    e->breached = true;
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    luaL_error(L, "over budget: %s", of);
}

/* The wall clock is cheap to read and only says when it is worth asking for CPU time, which a busy machine
 * does not stretch. */
static bool out_of_time(const struct lua_engine *e)
{
    return clock_ns(CLOCK_MONOTONIC) - e->wall_ns > LUA_CPU_MAX_NS &&
           clock_ns(CLOCK_THREAD_CPUTIME_ID) - e->cpu_ns > LUA_CPU_MAX_NS;
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    struct lua_engine *e = lua_engine_of(L);
    e->steps -= HOOK_EVERY;
    if (e->breached || e->steps < 0)
        lua_engine_breach(L, "too many steps");
    if (out_of_time(e))
        lua_engine_breach(L, "too much time");
}

void lua_engine_charge(lua_State *L, size_t steps)
{
    struct lua_engine *e = lua_engine_of(L);
    e->steps = steps > INT32_MAX ? -1 : e->steps - (int64_t)steps;
    if (e->breached || e->steps < 0)
        lua_engine_breach(L, "too many steps");
}

void lua_engine_hold(lua_State *L, size_t bytes)
{
    struct lua_engine *e = lua_engine_of(L);
    if (bytes > LUA_MEMORY_MAX || e->memory + bytes > LUA_MEMORY_MAX)
        lua_engine_breach(L, "too much memory");
    e->memory += bytes;
    e->held += bytes;
    lua_engine_charge(L, bytes / ALLOC_STEP);
}

void lua_engine_watch(lua_State *L)
{
    if (out_of_time(lua_engine_of(L)))
        lua_engine_breach(L, "too much time");
}

int lua_engine_raise(lua_State *L, int code, const char *fmt, ...)
{
    char text[sizeof((struct why *)0)->text];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, err_name(code));
    lua_setfield(L, -2, "code");
    lua_pushstring(L, text);
    lua_setfield(L, -2, "message");
    return lua_error(L);
}

struct buf *lua_engine_scratch(lua_State *L)
{
    struct buf *b = &lua_engine_of(L)->scratch;
    buf_clear(b);
    return b;
}

int lua_engine_push_scratch(lua_State *L)
{
    struct buf *b = &lua_engine_of(L)->scratch;
    if (b->err)
        return lua_engine_raise(L, b->err, "text %s", err_text(b->err));
    lua_pushlstring(L, b->p ? b->p : "", b->n);
    return 1;
}

struct view lua_check_view(lua_State *L, int arg)
{
    struct view v;
    v.p = luaL_checklstring(L, arg, &v.n);
    return v;
}

void lua_check_options(lua_State *L, int arg, const char *const *names)
{
    if (lua_isnoneornil(L, arg))
        return;
    luaL_checktype(L, arg, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        int i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            lua_engine_raise(L, ERR_UNKNOWN_KEY, "there is no option '%.40s'", key);
    }
}

struct view lua_option_text(lua_State *L, int arg, const char *name)
{
    struct view v = {0};
    if (lua_isnoneornil(L, arg))
        return v;
    int type = lua_getfield(L, arg, name);
    if (type == LUA_TSTRING)
        v.p = lua_tolstring(L, -1, &v.n); /* the table keeps it alive */
    else if (type != LUA_TNIL)
        lua_engine_raise(L, ERR_TYPE, "option '%s' is no text", name);
    lua_pop(L, 1);
    return v;
}

int lua_option_word(lua_State *L, int arg, const char *name, const char *const *words)
{
    struct view v = lua_option_text(L, arg, name);
    int i = 0;
    while (v.p && words[i] && !view_is(v, words[i]))
        i++;
    if (!words[i])
        lua_engine_raise(L, ERR_INVALID, "option '%s' is neither %s nor another word that is known", name,
                         words[0]);
    return i;
}

void lua_engine_whole_spec(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &spec_key);
}

void lua_engine_spec(lua_State *L, const char *member)
{
    lua_engine_whole_spec(L);
    lua_getfield(L, -1, member);
    lua_remove(L, -2);
}

/* "refused", "ERR_REFUSED" and "REFUSED" are the same code. */
static int code_of_word(struct view word)
{
    static const size_t prefix = sizeof "ERR_" - 1;
    for (int code = ERR_NOMEM; code >= ERR_FULL; code--) {
        const char *name = err_name(code);
        if (view_ieq(word, name) || view_ieq(word, name + prefix))
            return code;
    }
    return ERR_SCRIPT;
}

static struct view field_text(lua_State *L, const char *key)
{
    struct view v = {0};
    lua_getfield(L, -1, key);
    if (lua_type(L, -1) == LUA_TSTRING)
        v.p = lua_tolstring(L, -1, &v.n); /* the table keeps it alive */
    lua_pop(L, 1);
    return v;
}

/* The error object on top of the stack, as code and words. */
static void translate(lua_State *L, struct lua_engine *e)
{
    struct view words = {0};
    const char *at = "";
    e->err = ERR_SCRIPT;
    if (lua_type(L, -1) == LUA_TTABLE) {
        struct view code = field_text(L, "code"), place = field_text(L, "at");
        words = field_text(L, "message");
        e->err = code.n ? code_of_word(code) : ERR_REFUSED;
        at = place.n ? place.p : "";
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        words.p = lua_tolstring(L, -1, &words.n);
    }
    if (!words.n)
        words = view_of(err_text(e->err));
    (void)why_set(e->why, e->err, at, VIEW_FMT, VIEW_ARG(words));
}

/* Lua says the line only where the script itself stumbled, not where a function of ours did for it. */
static int add_line(lua_State *L)
{
    struct lua_engine *e = lua_engine_of(L);
    const char *text = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
    lua_Debug ar;
    if (!text || strncmp(text, e->chunk + 1, strlen(e->chunk + 1)) == 0)
        return 1;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0) {
            lua_pushfstring(L, "%s:%d: %s", ar.short_src, ar.currentline, text);
            return 1;
        }
    }
    return 1;
}

/* Everything that may raise happens under the outer pcall, the reading of the error object too. */
static int entry(lua_State *L)
{
    struct lua_engine *e = lua_engine_of(L);
    lua_pushcfunction(L, add_line);
    lua_pushcfunction(L, e->fn);
    int st = lua_pcall(L, 0, 0, 1);
    if (st == LUA_ERRMEM)
        lua_engine_breach(L, "too much memory");
    if (st && !e->breached)
        translate(L, e);
    return 0;
}

static void drop_state(struct lua_engine *e)
{
    lua_State *L = e->L;
    e->L = NULL; /* first: freeing must not set hooks */
    if (L)
        lua_close(L);
}

static void begin(struct lua_engine *e, int64_t steps, struct why *why)
{
    e->steps = steps;
    e->n_runs++;
    e->breached = false;
    e->breach = NULL;
    e->err = 0;
    e->why = why;
    e->wall_ns = clock_ns(CLOCK_MONOTONIC);
    e->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    lua_sethook(e->L, on_count, LUA_MASKCOUNT, HOOK_EVERY);
}

static int end(struct lua_engine *e, int st)
{
    json_free(e->tree);
    e->tree = NULL;
    buf_fini(&e->scratch);
    lua_docs_end(e);
    e->memory -= e->held;
    e->held = 0;
    e->job = NULL;
    if (st || e->breached) {
        const char *of = e->breach ? e->breach : "too much memory";
        e->err = why_set(e->why, ERR_BUDGET, "", "%s: %s", e->chunk + 1, of);
        drop_state(e);
    } else if (e->memory > KEEP_MEMORY) {
        lua_gc(e->L, LUA_GCCOLLECT);
    }
    if (e->err == ERR_BUDGET || e->err == ERR_SCRIPT)
        counter_add(C_SCRIPT_BREACH, 1);
    return e->err;
}

static int run(struct lua_engine *e, lua_CFunction fn, int64_t steps, struct why *why)
{
    begin(e, steps, why);
    lua_settop(e->L, 0);
    e->fn = fn;
    lua_pushcfunction(e->L, entry);
    return end(e, lua_pcall(e->L, 0, 0, 0));
}

static int on_global(lua_State *L)
{
    return luaL_error(L, "a dialect keeps no globals: use local, or ctx.state ('%s')", lua_tostring(L, 2));
}

/* The library's table joins the host's tables, on top of the stack. */
static void open_lib(lua_State *L, const struct lua_engine *e)
{
    if (luaL_loadbufferx(L, e->lib, e->lib_n, "=lib.lua", "t"))
        lua_error(L);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        luaL_error(L, "lib.lua returns a table");
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_getmetatable(L, -1);
    lua_getfield(L, -1, "__index");
    lua_pushvalue(L, -4);
    lua_setfield(L, -2, "lib");
    lua_pop(L, 4);
}

/* The environment is an empty table before the library, so that assigning to a name is an error and not a
 * leak between feeds. */
static int build_state(lua_State *L)
{
    struct lua_engine *e = lua_engine_of(L);
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    lua_sandbox_open(L);
    lua_json_open(L);
    lua_crypto_open(L);
    lua_cipher_open(L);
    lua_text_open(L);
    lua_time_open(L);
    lua_doc_open(L);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, on_global);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    if (e->lib)
        open_lib(L, e);
    if (luaL_loadbufferx(L, e->source, e->source_n, e->chunk, "t"))
        return lua_error(L);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "a dialect returns a table");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &spec_key);
    return 0;
}

static int build(struct lua_engine *e, struct why *why)
{
    e->memory = 0;
    e->steps = LUA_STEPS;
    lua_State *L = lua_newstate(on_alloc, e);
    if (!L)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    *(struct lua_engine **)lua_getextraspace(L) = e;
    e->L = L;
    int err = run(e, build_state, LUA_STEPS, why);
    if (err)
        drop_state(e);
    return err;
}

int lua_engine_run(struct lua_engine *e, lua_CFunction fn, void *job, int64_t steps, struct why *why)
{
    int err = e->L ? 0 : build(e, why);
    if (err)
        return err;
    e->job = job;
    return run(e, fn, steps, why);
}

void lua_engine_rest(struct lua_engine *e)
{
    drop_state(e);
}

struct lua_engine *lua_engine_new(const char *chunk, struct view source, struct view lib, int *err,
                                  struct why *why)
{
    struct lua_engine *e = calloc(1, sizeof *e);
    if (!e || !(e->source = view_dup(source)) || (lib.n && !(e->lib = view_dup(lib)))) {
        *err = why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        goto fail;
    }
    e->source_n = source.n;
    e->lib_n = lib.n;
    (void)snprintf(e->chunk, sizeof e->chunk, "=%s", chunk);
    buf_init(&e->scratch, LUA_TEXT_MAX);
    *err = build(e, why);
    if (!*err)
        return e;
fail:
    lua_engine_free(e);
    return NULL;
}

void lua_engine_free(struct lua_engine *e)
{
    if (!e)
        return;
    drop_state(e);
    lua_docs_free(e);
    lua_zones_free(e);
    free(e->source);
    free(e->lib);
    free(e);
}
