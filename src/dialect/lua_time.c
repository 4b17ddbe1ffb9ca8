/* SPDX-License-Identifier: MIT
 * Times and charsets for scripts: time, charset. A time that is malformed comes back as false and bytes that
 * are no text of their charset as nil, never as an error: a script decides what they are worth. A zone or
 * charset that does not exist is the script's own mistake, and raises.
 *
 * Opening a zone reads a file, so the engine keeps those that were opened last.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect/lua_engine.h"
#include "parkd/base/charset.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/zone.h"

#define ZONE       "Asia/Shanghai" /* unmarked times of the field */
#define ZONES      8
#define ZONE_SIZE  40
#define ZONE_STEPS 20000 /* a file is read */
#define OPEN_STEPS 2000  /* a charset is looked up */

struct lua_zones {
    struct {
        char name[ZONE_SIZE];
        struct zone *zone;
    } v[ZONES];
    size_t next; /* to be replaced */
};

void lua_zones_free(struct lua_engine *e)
{
    for (size_t i = 0; e->zones && i < ZONES; i++)
        zone_free(e->zones->v[i].zone);
    free(e->zones);
    e->zones = NULL;
}

static struct zone *open_zone(lua_State *L, int arg, struct view name)
{
    struct lua_engine *e = lua_engine_of(L);
    struct zone *zone = NULL;
    char text[ZONE_SIZE];
    lua_engine_charge(L, ZONE_STEPS);
    if (!e->zones && !(e->zones = calloc(1, sizeof *e->zones)))
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    if (view_copy(name, text, sizeof text) || zone_open(name, &zone))
        luaL_argerror(L, arg, "not a zone");
    size_t i = e->zones->next;
    e->zones->next = (i + 1) % ZONES;
    zone_free(e->zones->v[i].zone);
    e->zones->v[i].zone = zone;
    memcpy(e->zones->v[i].name, text, sizeof text);
    return zone;
}

static struct zone *zone_at(lua_State *L, int arg, struct view name)
{
    struct lua_zones *zs = lua_engine_of(L)->zones;
    for (size_t i = 0; zs && i < ZONES; i++)
        if (zs->v[i].zone && view_is(name, zs->v[i].name))
            return zs->v[i].zone;
    return open_zone(L, arg, name);
}

/* The zone argument: minutes east where that is all there is to it, else the zone in *out. */
static int zone_argument(lua_State *L, int arg, struct zone **out)
{
    int minutes = 0;
    struct view name = lua_isnoneornil(L, arg) ? VIEW(ZONE) : lua_check_view(L, arg);
    *out = zone_offset(name, &minutes) ? zone_at(L, arg, name) : NULL;
    return minutes;
}

/* time.parse(text or number, format [, zone]) → ms; nil for nil or empty; false if unreadable. */
static int on_time_parse(lua_State *L)
{
    int64_t ms = 0;
    struct zone *zone = NULL;
    int minutes = zone_argument(L, 3, &zone);
    struct view format = lua_check_view(L, 2), text = {0};
    lua_engine_charge(L, 50);
    if (lua_isnil(L, 1) || lua_islightuserdata(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    if (lua_isstring(L, 1))
        text.p = lua_tolstring(L, 1, &text.n);
    text = view_trim(text);
    int err = zone ? zone_parse_time(zone, text, format, &ms) : time_parse(text, format, minutes, &ms);
    if (err == ERR_INVALID && text.n)
        return luaL_argerror(L, 2, "not a time format");
    if (text.n == 0 && lua_type(L, 1) == LUA_TSTRING)
        lua_pushnil(L);
    else if (err)
        lua_pushboolean(L, false);
    else
        lua_pushinteger(L, ms);
    return 1;
}

/* time.format(ms, pattern [, zone]) */
static int on_time_format(lua_State *L)
{
    char text[96];
    struct zone *zone = NULL;
    int64_t ms = luaL_checkinteger(L, 1);
    const char *pattern = luaL_checkstring(L, 2);
    int minutes = zone_argument(L, 3, &zone);
    lua_engine_charge(L, 50);
    if (zone)
        minutes = zone_minutes_at_utc(zone, ms);
    if (time_print(ms, pattern, minutes, text, sizeof text))
        return luaL_argerror(L, 2, "not a time format");
    lua_pushstring(L, text);
    return 1;
}

/* ---- charset */

typedef int convert_fn(struct buf *out, struct view charset, struct view in);

static int to_utf8(struct buf *out, struct view charset, struct view in)
{
    return charset_to_utf8(out, charset, in, NULL);
}

static int on_convert(lua_State *L, convert_fn *fn)
{
    struct view name = lua_check_view(L, 1), in = lua_check_view(L, 2);
    lua_engine_charge(L, OPEN_STEPS + in.n);
    int err = fn(lua_engine_scratch(L), name, in);
    if (err == ERR_NOT_FOUND)
        return luaL_argerror(L, 1, "not a charset");
    if (err == ERR_SYNTAX) {
        lua_pushnil(L);
        return 1;
    }
    return err ? lua_engine_raise(L, err, "charset: %s", err_text(err)) : lua_engine_push_scratch(L);
}

/* charset.decode("GB18030", bytes) → text; nil for bytes that are none of this charset. */
static int on_decode(lua_State *L)
{
    return on_convert(L, to_utf8);
}

/* charset.encode("GB18030", text) → bytes; nil for text that cannot be said in this charset. */
static int on_encode(lua_State *L)
{
    return on_convert(L, charset_from_utf8);
}

void lua_time_open(lua_State *L)
{
    static const luaL_Reg time[] = {{"parse", on_time_parse}, {"format", on_time_format}, {NULL, NULL}};
    static const luaL_Reg charset[] = {{"decode", on_decode}, {"encode", on_encode}, {NULL, NULL}};
    luaL_newlib(L, time);
    lua_setfield(L, -2, "time");
    luaL_newlib(L, charset);
    lua_setfield(L, -2, "charset");
}
