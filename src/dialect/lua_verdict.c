/* SPDX-License-Identifier: MIT
 * What scripts make of a platform's answers: verdicts, and what it holds.
 */
#include <stdlib.h>

#include "dialect/lua_marshal.h"
#include "parkd/base/iso8601.h"

static enum dialect_verdict verdict_at(lua_State *L, int index)
{
    static const char *const names[] = {"ok", "retry", "reject", "pause"};
    struct view word = {0};
    if (lua_type(L, index) == LUA_TSTRING)
        word.p = lua_tolstring(L, index, &word.n);
    for (int i = 0; i < 4; i++) {
        if (view_is(word, names[i]))
            return (enum dialect_verdict)i;
    }
    lua_engine_raise(L, ERR_SCRIPT, "a verdict is ok, retry, reject or pause");
    return VERDICT_RETRY;
}

static void take_each(lua_State *L, const struct dialect_request *req, struct dialect_judgement *out)
{
    out->each = calloc(req->n_items + 1, sizeof *out->each);
    if (!out->each)
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < req->n_items; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        out->each[i] = lua_isnil(L, -1) ? out->all : verdict_at(L, -1);
        lua_pop(L, 1);
    }
}

/* What the platform calls lots from now on: texts that stay one word in a record. */
static void take_codes(lua_State *L, const struct dialect_request *req, struct dialect_judgement *out)
{
    out->codes = calloc(req->n_items + 1, sizeof *out->codes);
    if (!out->codes)
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < req->n_items; i++, lua_pop(L, 1)) {
        struct view v = {0};
        if (lua_rawgeti(L, -1, (lua_Integer)i + 1) == LUA_TNIL)
            continue;
        if (lua_isstring(L, -1))
            v.p = lua_tolstring(L, -1, &v.n);
        bool good = v.n && view_is_utf8(v) && view_copy(v, out->codes[i], sizeof out->codes[i]) == 0;
        for (size_t k = 0; k < v.n; k++)
            good &= (unsigned char)v.p[k] > ' ' && v.p[k] != 0x7f;
        if (!good)
            lua_engine_raise(L, ERR_INVALID, "codes: not a code of 1 to %d bytes without blanks",
                             FOREIGN_SIZE - 1);
    }
}

static void take_unbalanced(lua_State *L, const struct dialect_request *req, struct dialect_judgement *out)
{
    out->unbalanced = calloc(req->n_items + 1, sizeof *out->unbalanced);
    if (!out->unbalanced)
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < req->n_items; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        out->unbalanced[i] = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
}

/* A time that is none is no time: the answer does not hang on it. */
static int64_t take_time(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    lua_Integer v = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return v > 0 && v <= TIME_MAX_MS ? v : 0;
}

/* The verdict as a table, on top of the stack. */
static void take_table(lua_State *L, const struct dialect_request *req, struct dialect_judgement *out)
{
    lua_getfield(L, -1, "all");
    out->all = lua_isnil(L, -1) ? VERDICT_OK : verdict_at(L, -1);
    lua_pop(L, 1);
    out->clock_ms = take_time(L, "clock");
    if (lua_getfield(L, -1, "each") == LUA_TTABLE)
        take_each(L, req, out);
    lua_pop(L, 1);
    if (lua_getfield(L, -1, "codes") == LUA_TTABLE)
        take_codes(L, req, out);
    lua_pop(L, 1);
    if (lua_getfield(L, -1, "unbalanced") == LUA_TTABLE)
        take_unbalanced(L, req, out);
    lua_pop(L, 1);
}

void lua_take_judgement(lua_State *L, const struct dialect_request *req, struct dialect_judgement *out)
{
    struct view message = {0};
    int words = lua_gettop(L), verdict = words - 1;
    if (lua_istable(L, verdict)) {
        lua_getfield(L, verdict, "message");
        lua_replace(L, words);
        lua_pushvalue(L, verdict);
        take_table(L, req, out);
        lua_pop(L, 1);
    } else {
        out->all = verdict_at(L, verdict);
    }
    if (lua_type(L, words) == LUA_TSTRING)
        message.p = lua_tolstring(L, words, &message.n);
    if (message.n)
        (void)why_set(&out->why, ERR_REFUSED, "", VIEW_FMT, VIEW_ARG(message));
}

/* ---- what a platform holds */

static int32_t take_number(lua_State *L, const char *key)
{
    int64_t v = 0;
    lua_getfield(L, -1, key);
    bool good = lua_read_count(L, -1, &v) == LUA_COUNT_GOOD && v >= 0 && v <= COUNT_MAX;
    lua_pop(L, 1);
    return good ? (int32_t)v : COUNT_NONE;
}

void lua_take_known(lua_State *L, const struct dialect_request *req, struct dialect_known_list *out)
{
    if (!lua_istable(L, -1))
        lua_engine_raise(L, ERR_SCRIPT, "answer gives a list of what is held");
    size_t n = lua_rawlen(L, -1);
    for (size_t i = 1; i <= n && i <= req->n_items; i++, lua_pop(L, 1)) {
        if (lua_rawgeti(L, -1, (lua_Integer)i) != LUA_TTABLE)
            lua_engine_raise(L, ERR_SCRIPT, "answer gives a list of tables");
        lua_getfield(L, -1, "item");
        lua_Integer at = lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (at < 1 || (size_t)at > req->n_items)
            lua_engine_raise(L, ERR_SCRIPT, "item: not an item's number");
        struct dialect_known_item *k = dialect_known_add(out);
        if (!k)
            lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
        k->item = req->items[at - 1];
        k->free = take_number(L, "free");
        k->open = take_number(L, "open");
        k->total = take_number(L, "total");
        k->time_ms = take_time(L, "time");
    }
}
