/* SPDX-License-Identifier: MIT
 * What scripts are given of lots that a platform is told about, and of what it was told.
 *
 * Members that most protocols do not need (the static data of a lot) are made when they are asked for. Their
 * accessor knows the item by its number alone and asks the engine for the call that runs now, so that a kept
 * item finds another one or none, but no freed memory.
 */
#include <string.h>

#include "dialect/lua_marshal.h"
#include "parkd/model/geo.h"

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_set_view(L, key, view_of(text));
}

/* A count; unknown is nil. */
static void set_count(lua_State *L, const char *key, int32_t v)
{
    if (v >= 0)
        lua_set_int(L, key, v);
}

/* ---- made when asked for; each pushes one value */

static void push_text(lua_State *L, const char *text)
{
    if (text[0])
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
}

static void push_registered(lua_State *L, const struct lot *lot)
{
    lua_createtable(L, 0, 2);
    set_count(L, "total", lot->total);
    set_count(L, "open", lot->open);
}

static void push_classes(lua_State *L, const struct dialect_item *item)
{
    lua_newtable(L);
    for (enum place_class c = 0; c < PLACE_CLASS_N; c++) {
        int32_t free_places = item->reading->classes[c].free, total = item->reading->classes[c].total;
        if (total < 0)
            total = item->lot->class_total[c];
        if (free_places < 0 && total < 0)
            continue;
        lua_createtable(L, 0, 2);
        set_count(L, "free", free_places);
        set_count(L, "total", total);
        lua_setfield(L, -2, place_class_name(c));
    }
}

static void push_points(lua_State *L, const struct lot *lot)
{
    if (!lot->has_point) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, 0, 3);
    for (enum datum d = DATUM_WGS84; d <= DATUM_BD09; d++) {
        struct point p = geo_convert((struct point){lot->lng, lot->lat}, lot->datum, d);
        lua_createtable(L, 0, 2);
        lua_pushnumber(L, p.lng);
        lua_setfield(L, -2, "lng");
        lua_pushnumber(L, p.lat);
        lua_setfield(L, -2, "lat");
        lua_setfield(L, -2, datum_name(d));
    }
}

static bool push_member(lua_State *L, const struct dialect_item *item, struct view key)
{
    const struct lot *lot = item->lot;
    const struct {
        const char *name, *text;
    } texts[] = {{"address", lot->address}, {"area", lot->area},         {"kind", lot->kind},
                 {"phone", lot->phone},     {"fee_text", lot->fee_text}, {"hours_text", lot->hours_text},
                 {"name_en", lot->name_en}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (view_is(key, texts[i].name)) {
            push_text(L, texts[i].text);
            return true;
        }
    }
    if (view_is(key, "registered"))
        push_registered(L, lot);
    else if (view_is(key, "classes"))
        push_classes(L, item);
    else if (view_is(key, "points"))
        push_points(L, lot);
    else
        return false;
    return true;
}

static int on_item_index(lua_State *L)
{
    const struct lua_call *c = lua_engine_of(L)->job;
    size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(1));
    struct view key = {0};
    if (lua_type(L, 2) == LUA_TSTRING)
        key.p = lua_tolstring(L, 2, &key.n);
    if (!c || !c->batch || at >= c->batch->n)
        return lua_engine_raise(L, ERR_SCRIPT, "used outside a call");
    if (!push_member(L, &c->batch->items[at], key))
        return 0;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

/* ---- items */

/* What the platform calls the lot, a text: by the params, by its own word, else as we do. `codes` is at that
 * index. */
static void set_code(lua_State *L, const struct dialect_item *item, int codes)
{
    const char *own = item->code && item->code[0] ? item->code : item->lot->id;
    if (lua_istable(L, codes))
        lua_getfield(L, codes, item->lot->id);
    else
        lua_pushnil(L);
    if (lua_type(L, -1) == LUA_TNUMBER)
        (void)lua_tolstring(L, -1, NULL);
    if (lua_type(L, -1) != LUA_TSTRING || !lua_rawlen(L, -1)) {
        lua_pop(L, 1);
        lua_pushstring(L, own);
    }
    lua_setfield(L, -2, "code");
}

static void push_item(lua_State *L, const struct lua_call *c, size_t at, int codes)
{
    const struct dialect_item *item = &c->batch->items[at];
    const struct reading *r = item->reading;
    lua_createtable(L, 0, 16);
    set_text(L, "lot", item->lot->id);
    set_text(L, "name", item->lot->name);
    set_count(L, "free", r->free);
    set_count(L, "open", r->open >= 0 ? r->open : item->lot->open);
    set_count(L, "total", r->total >= 0 ? r->total : item->lot->total);
    set_text(L, "status", status_name(r->status));
    set_text(L, "band", band_name(r->band));
    lua_set_int(L, "seq", (int64_t)r->seq);
    lua_set_int(L, "changed", r->changed_ms);
    lua_set_int(L, "observed", r->observed_ms);
    lua_set_int(L, "version", (int64_t)item->version);
    set_count(L, "free_minutes", item->lot->free_minutes);
    if (c->batch->date) {
        set_count(L, "cars_in", item->cars_in);
        set_count(L, "cars_out", item->cars_out);
    }
    lua_pushboolean(L, dialect_item_current(c->ctx, item));
    lua_setfield(L, -2, "current");
    lua_pushboolean(L, item->filed);
    lua_setfield(L, -2, "filed");
    set_code(L, item, codes);
    lua_createtable(L, 0, 1);
    lua_pushinteger(L, (lua_Integer)at);
    lua_pushcclosure(L, on_item_index, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

void lua_push_items(lua_State *L, const struct lua_call *c)
{
    int ctx = lua_gettop(L), codes = ctx + 1;
    lua_getfield(L, ctx, "params");
    lua_getfield(L, -1, "codes");
    lua_remove(L, -2);
    lua_createtable(L, (int)c->batch->n, 0);
    lua_engine_charge(L, c->batch->n * 12);
    for (size_t i = 0; i < c->batch->n; i++) {
        push_item(L, c, i, codes);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, codes);
}

/* ---- what was asked */

static const char *part_name(const struct dialect_request *req)
{
    static const struct {
        enum dialect_part part;
        const char *name;
    } names[] = {
        {DIALECT_BEAT, "beat"}, {DIALECT_REGISTER, "register"}, {DIALECT_DAY, "day"}, {DIALECT_ASK, "ask"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].part == req->part)
            return req->first ? "first" : names[i].name;
    }
    return req->first ? "first" : "push";
}

void lua_push_request(lua_State *L, const struct dialect_request *req)
{
    lua_createtable(L, 0, 4);
    set_text(L, "url", req->url);
    lua_set_view(L, "body", buf_get(&req->body));
    lua_set_int(L, "items", (int64_t)req->n_items);
    set_text(L, "part", part_name(req));
}
