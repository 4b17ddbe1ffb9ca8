/* SPDX-License-Identifier: MIT
 * Lua's patterns with a meter: string.find, match, gmatch and gsub for scripts.
 *
 * Lua's own matcher cannot be stopped (three lazy quantifiers over 400 bytes run for seconds), so this one
 * charges the script's budget for every step of the search. Recursion is bounded by the number of items,
 * because every level stands at a later item.
 */
#include <string.h>

#include "dialect/lua_pattern.h"

#define CAPTURES_MAX 16
#define CHARGE_EVERY 256

#define OPEN_CAPTURE  ((size_t)-1)
#define PLACE_CAPTURE ((size_t)-2)
#define NO_MATCH      ((size_t)-1)

struct matcher {
    lua_State *L;
    const struct program *prog;
    struct view s;
    int level;
    unsigned unpaid;
    struct {
        size_t at, n;
    } cap[CAPTURES_MAX];
};

static size_t match(struct matcher *m, int item, size_t at);

static void pay(struct matcher *m)
{
    if (++m->unpaid == CHARGE_EVERY) {
        m->unpaid = 0;
        lua_engine_charge(m->L, CHARGE_EVERY);
    }
}

static bool byte_fits(struct matcher *m, const struct item *it, size_t at)
{
    pay(m);
    return at < m->s.n && pattern_set_has(it->set, (unsigned char)m->s.p[at]);
}

static size_t match_greedy(struct matcher *m, int item, size_t at)
{
    const struct item *it = &m->prog->items[item];
    size_t least = it->repeat == '+', most = it->repeat == '?' ? 1 : m->s.n, n = 0;
    while (n < most && byte_fits(m, it, at + n))
        n++;
    for (; n + 1 > least; n--) {
        size_t end = match(m, item + 1, at + n);
        if (end != NO_MATCH || n == 0)
            return end;
    }
    return NO_MATCH;
}

static size_t match_lazy(struct matcher *m, int item, size_t at)
{
    for (;; at++) {
        size_t end = match(m, item + 1, at);
        if (end != NO_MATCH || !byte_fits(m, &m->prog->items[item], at))
            return end;
    }
}

static size_t match_open(struct matcher *m, int item, size_t at, size_t mark)
{
    if (m->level == CAPTURES_MAX)
        lua_engine_raise(m->L, ERR_SCRIPT, "too many captures");
    m->cap[m->level].at = at;
    m->cap[m->level].n = mark;
    m->level++;
    size_t end = match(m, item + 1, at);
    if (end == NO_MATCH)
        m->level--;
    return end;
}

static size_t match_close(struct matcher *m, int item, size_t at)
{
    int open = m->level - 1;
    while (open >= 0 && m->cap[open].n != OPEN_CAPTURE)
        open--;
    if (open < 0)
        pattern_bad(m->L, "')' without '('");
    m->cap[open].n = at - m->cap[open].at;
    size_t end = match(m, item + 1, at);
    if (end == NO_MATCH)
        m->cap[open].n = OPEN_CAPTURE;
    return end;
}

/* How many bytes of the subject repeat a capture; NO_MATCH if they do not. */
static size_t back_length(struct matcher *m, int which, size_t at)
{
    if (which >= m->level || m->cap[which].n >= PLACE_CAPTURE)
        lua_engine_raise(m->L, ERR_SCRIPT, "invalid capture index in pattern");
    size_t n = m->cap[which].n;
    lua_engine_charge(m->L, n / 16);
    return m->s.n - at >= n && memcmp(m->s.p + m->cap[which].at, m->s.p + at, n) == 0 ? n : NO_MATCH;
}

static size_t balance_length(struct matcher *m, const struct item *it, size_t at)
{
    size_t depth = 0;
    if (at >= m->s.n || (unsigned char)m->s.p[at] != it->a)
        return NO_MATCH;
    for (size_t i = at; i < m->s.n; i++) {
        unsigned char c = (unsigned char)m->s.p[i];
        pay(m);
        if (c == it->b && i > at) {
            if (--depth == 0)
                return i - at + 1;
        } else if (c == it->a) {
            depth++;
        }
    }
    return NO_MATCH;
}

static bool at_frontier(const struct matcher *m, const struct item *it, size_t at)
{
    unsigned before = at ? (unsigned char)m->s.p[at - 1] : 0;
    unsigned here = at < m->s.n ? (unsigned char)m->s.p[at] : 0;
    return !pattern_set_has(it->set, before) && pattern_set_has(it->set, here);
}

/* Where a match of the items from `item` on ends that begins at `at`. Items that take a fixed run go round
 * the loop. */
static size_t match(struct matcher *m, int item, size_t at)
{
    for (;; item++) {
        const struct item *it = &m->prog->items[item];
        size_t n = 0;
        pay(m);
        switch (it->kind) {
        case ITEM_END:
            return at;
        case ITEM_TAIL:
            return at == m->s.n ? at : NO_MATCH;
        case ITEM_OPEN:
            return match_open(m, item, at, OPEN_CAPTURE);
        case ITEM_PLACE:
            return match_open(m, item, at, PLACE_CAPTURE);
        case ITEM_CLOSE:
            return match_close(m, item, at);
        case ITEM_BACK:
            n = back_length(m, it->a, at);
            break;
        case ITEM_BALANCE:
            n = balance_length(m, it, at);
            break;
        case ITEM_FRONTIER:
            n = at_frontier(m, it, at) ? 0 : NO_MATCH;
            break;
        case ITEM_BYTE:
            if (it->repeat)
                return it->repeat == '-' ? match_lazy(m, item, at) : match_greedy(m, item, at);
            n = byte_fits(m, it, at) ? 1 : NO_MATCH;
            break;
        }
        if (n == NO_MATCH)
            return NO_MATCH;
        at += n;
    }
}

/* The first match that begins at *at or later; moves *at to its begin. */
static size_t search(struct matcher *m, size_t *at)
{
    for (;; ++*at) {
        m->level = 0;
        size_t end = match(m, 0, *at);
        if (end != NO_MATCH || m->prog->anchored || *at >= m->s.n)
            return end;
    }
}

/* ---- what scripts see */

static void push_capture(struct matcher *m, int i, size_t begin, size_t end)
{
    if (i >= m->level) {
        if (i != 0)
            lua_engine_raise(m->L, ERR_SCRIPT, "invalid capture index");
        lua_pushlstring(m->L, m->s.p + begin, end - begin);
    } else if (m->cap[i].n == PLACE_CAPTURE) {
        lua_pushinteger(m->L, (lua_Integer)m->cap[i].at + 1);
    } else if (m->cap[i].n == OPEN_CAPTURE) {
        lua_engine_raise(m->L, ERR_SCRIPT, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->s.p + m->cap[i].at, m->cap[i].n);
    }
}

/* All captures, or the whole match when there are none. */
static int push_captures(struct matcher *m, size_t begin, size_t end)
{
    int n = m->level ? m->level : 1;
    luaL_checkstack(m->L, n, "captures");
    for (int i = 0; i < n; i++)
        push_capture(m, i, begin, end);
    return n;
}

static size_t start_of(lua_State *L, size_t n)
{
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init > 0)
        return (lua_Unsigned)init - 1 > n ? NO_MATCH : (size_t)init - 1;
    if (init == 0 || init < -(lua_Integer)n)
        return 0;
    return n - (size_t)-init;
}

static bool is_plain(struct view pattern)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] && strchr("^$*+?.([%-", pattern.p[i]))
            return false;
    }
    return true;
}

static int find_plain(lua_State *L, struct view s, struct view what, size_t at)
{
    lua_engine_charge(L, (s.n - at) / 8 + 1);
    const char *hit = memmem(s.p + at, s.n - at, what.p, what.n);
    if (!hit) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, hit - s.p + 1);
    lua_pushinteger(L, hit - s.p + (lua_Integer)what.n);
    return 2;
}

static int find_or_match(lua_State *L, bool find)
{
    struct view s = lua_check_view(L, 1), pattern = lua_check_view(L, 2);
    size_t at = start_of(L, s.n);
    if (at == NO_MATCH) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || is_plain(pattern)))
        return find_plain(L, s, pattern, at);
    struct matcher m = {.L = L, .s = s};
    m.prog = pattern_compile(L, pattern, true);
    size_t end = search(&m, &at);
    if (end == NO_MATCH) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return push_captures(&m, at, end);
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_pushinteger(L, (lua_Integer)end);
    return 2 + (m.level ? push_captures(&m, at, end) : 0);
}

static int on_find(lua_State *L)
{
    return find_or_match(L, true);
}

static int on_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* Upvalues: subject, program, where to go on, where the last match ended. An empty match there would repeat
 * it. */
static int on_gmatch_next(lua_State *L)
{
    struct matcher m = {.L = L, .prog = lua_touserdata(L, lua_upvalueindex(2))};
    m.s.p = lua_tolstring(L, lua_upvalueindex(1), &m.s.n);
    size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    for (; at <= m.s.n; at++) {
        size_t end = search(&m, &at);
        if (end == NO_MATCH)
            break;
        if ((lua_Integer)end == last)
            continue;
        lua_pushinteger(L, (lua_Integer)end);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&m, at, end);
    }
    lua_pushinteger(L, (lua_Integer)m.s.n + 1);
    lua_replace(L, lua_upvalueindex(3));
    return 0;
}

static int on_gmatch(lua_State *L)
{
    (void)lua_check_view(L, 1);
    struct view pattern = lua_check_view(L, 2);
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    (void)pattern_compile(L, pattern, false);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, on_gmatch_next, 4);
    return 1;
}

/* The replacement string with its %0 … %9 filled in. */
static void add_template(struct matcher *m, luaL_Buffer *b, size_t begin, size_t end)
{
    struct view t;
    t.p = lua_tolstring(m->L, 3, &t.n);
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (c != '%') {
            luaL_addchar(b, c);
            continue;
        }
        c = ++i < t.n ? t.p[i] : '\0';
        if (c == '%') {
            luaL_addchar(b, '%');
        } else if (c == '0') {
            luaL_addlstring(b, m->s.p + begin, end - begin);
        } else if (c >= '1' && c <= '9') {
            push_capture(m, c - '1', begin, end);
            (void)luaL_tolstring(m->L, -1, NULL);
            lua_remove(m->L, -2);
            luaL_addvalue(b);
        } else {
            lua_engine_raise(m->L, ERR_SCRIPT, "invalid use of '%%' in replacement string");
        }
    }
}

/* A function's or table's word on the match; nil or false keeps it. */
static void add_answer(struct matcher *m, luaL_Buffer *b, size_t begin, size_t end)
{
    lua_State *L = m->L;
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, begin, end), 1);
    } else {
        push_capture(m, 0, begin, end);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, m->s.p + begin, end - begin);
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(b);
    } else {
        lua_engine_raise(L, ERR_SCRIPT, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

static int on_gsub(lua_State *L)
{
    struct view s = lua_check_view(L, 1), pattern = lua_check_view(L, 2);
    int kind = lua_type(L, 3);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)s.n + 1), count = 0;
    luaL_argcheck(L,
                  kind == LUA_TSTRING || kind == LUA_TNUMBER || kind == LUA_TTABLE || kind == LUA_TFUNCTION,
                  3, "string, function or table expected");
    struct matcher m = {.L = L, .s = s};
    m.prog = pattern_compile(L, pattern, true);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    size_t from = 0, last = NO_MATCH;
    while (count < most) {
        m.level = 0;
        size_t end = match(&m, 0, from);
        if (end != NO_MATCH && end != last) {
            count++;
            if (kind == LUA_TSTRING || kind == LUA_TNUMBER)
                add_template(&m, &b, from, end);
            else
                add_answer(&m, &b, from, end);
            from = last = end;
        } else if (from < s.n) {
            luaL_addchar(&b, s.p[from++]);
        } else {
            break;
        }
        if (m.prog->anchored)
            break;
    }
    luaL_addlstring(&b, s.p + from, s.n - from);
    luaL_pushresult(&b);
    lua_pushinteger(L, count);
    return 2;
}

void lua_pattern_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"find", on_find}, {"match", on_match}, {"gmatch", on_gmatch}, {"gsub", on_gsub}, {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
