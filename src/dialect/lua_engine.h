/* SPDX-License-Identifier: MIT
 * One Lua state for one dialect: what it may see, how much it may use, and what happens when it uses more.
 *
 * Every run has a budget of steps (a step is about one VM instruction; host functions charge what they cost),
 * a ceiling of memory for the state and, behind both, of CPU time: comparing two long strings is one
 * instruction. The count hook does not stop C functions and pcall would swallow its error, so: host functions
 * charge before they work, after a breach the hook fires at every instruction, our pcall passes a breach on,
 * and the state is thrown away. The next run builds a new one.
 *
 * C functions called by a script may be left by longjmp at any Lua call. What they hold outside Lua hangs in
 * the engine: `tree` and `scratch` are freed with the next use or the end of the run, documents (lua_doc.c)
 * at the end of the run, compiled paths and time zones are a small cache that lives as long as the engine.
 */
#ifndef PARKD_SRC_DIALECT_LUA_ENGINE_H
#define PARKD_SRC_DIALECT_LUA_ENGINE_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

#include "parkd/base/buf.h"
#include "parkd/base/json.h"

#define LUA_SOURCE_MAX (64 * 1024)
#define LUA_STEPS      4000000     /* a run; about 40 ms */
#define LUA_MEMORY_MAX (32u << 20) /* a state */
#ifndef LUA_CPU_MAX_NS             /* a tool that slows everything down (valgrind) sets another one */
#define LUA_CPU_MAX_NS 500000000   /* a run */
#endif
#define LUA_TEXT_MAX (2u << 20) /* the longest string that a host function builds */

struct lua_engine {
    lua_State *L;       /* NULL after a breach, until the next run */
    char chunk[64];     /* '=' and the file name, for messages */
    char *source, *lib; /* lib NULL: none */
    size_t source_n, lib_n;
    size_t memory, held;     /* of the state, with what is held for it outside (documents) */
    int64_t steps;           /* left */
    uint64_t n_runs;         /* begun; tells a document of this run from one of an earlier run */
    int64_t wall_ns, cpu_ns; /* when the run began */
    bool breached;
    const char *breach; /* of what */
    int err;            /* of the run */
    struct why *why;
    lua_CFunction fn; /* of the run */
    void *job;        /* of the run; NULL between runs */
    struct json *tree;
    struct buf scratch;
    struct lua_docs *docs;
    struct lua_zones *zones;
};

/* Compiles and runs the library (empty: none), whose table scripts find as `lib`, and the file; what that
 * returns is kept as the spec table. NULL: ERR_* in *err, and why. */
struct lua_engine *lua_engine_new(const char *chunk, struct view source, struct view lib, int *err,
                                  struct why *why);
/* Drops the state until the next run: most dialects are never used. */
void lua_engine_rest(struct lua_engine *e);
void lua_engine_free(struct lua_engine *e);
struct lua_engine *lua_engine_of(lua_State *L);
/* Runs `fn` protected, with fresh budgets. 0, or the code of the error that the script raised (ERR_SCRIPT for
 * plain ones), ERR_BUDGET, ERR_NOMEM (no state could be built). */
int lua_engine_run(struct lua_engine *e, lua_CFunction fn, void *job, int64_t steps,
                   struct why *why) must_check;

/* For host functions. */
void lua_engine_charge(lua_State *L, size_t steps); /* raises when the budget is used up */
void lua_engine_hold(lua_State *L, size_t bytes);   /* memory outside Lua until the run's end; like charge */
void lua_engine_watch(lua_State *L);                /* after long work in C: raises when time is used up */
void lua_engine_breach(lua_State *L, const char *of);   /* ends the run: does not return */
void lua_engine_whole_spec(lua_State *L);               /* pushes what the file returned */
void lua_engine_spec(lua_State *L, const char *member); /* pushes a member of the spec table */
int lua_engine_raise(lua_State *L, int code, const char *fmt, ...) printf_like(3, 4); /* does not return */
struct buf *lua_engine_scratch(lua_State *L);      /* the one buffer, emptied */
int lua_engine_push_scratch(lua_State *L);         /* pushes it as a string; raises if it failed. Returns 1 */
struct view lua_check_view(lua_State *L, int arg); /* a string argument */

/* What each file adds to a new state's environment, the table on top of the stack. */
void lua_sandbox_open(lua_State *L); /* base, string, table, math */
void lua_pattern_open(lua_State *L); /* into the string table on top */
void lua_json_open(lua_State *L);
void lua_crypto_open(lua_State *L);
void lua_cipher_open(lua_State *L);
void lua_text_open(lua_State *L);
void lua_time_open(lua_State *L);
void lua_doc_open(lua_State *L);

/* What the documents and times of the run, or of the engine, hold outside Lua. */
void lua_docs_end(struct lua_engine *e);
void lua_docs_free(struct lua_engine *e);
void lua_zones_free(struct lua_engine *e);

/* JSON to and from Lua. Numbers that are whole become integers; null members are left out. */
void lua_parse_json(lua_State *L, struct view text); /* pushes the value; raises ERR_SYNTAX with words */
void lua_push_json(lua_State *L, const struct json *j);
void lua_encode_json(lua_State *L, int index, struct buf *out); /* raises what cannot be encoded */

/* A count as vendors write it: an integer, or its digits as text. */
enum lua_count { LUA_COUNT_NONE, LUA_COUNT_GOOD, LUA_COUNT_BAD };
enum lua_count lua_read_count(lua_State *L, int index, int64_t *out);
/* Options: a table, or nothing. A member that is not among `names` (NULL-terminated) raises: a misspelt
 * option would be silently without effect. */
void lua_check_options(lua_State *L, int arg, const char *const *names);
/* A text among the options, empty if it is not there; valid as long as the table. */
struct view lua_option_text(lua_State *L, int arg, const char *name);
/* The index of an option's text among `words` (NULL-terminated); the first if it is not there. */
int lua_option_word(lua_State *L, int arg, const char *name, const char *const *words);

/* Pushes a random UUID, version 4; a host function too. */
int lua_push_uuid(lua_State *L);

#endif
