/* SPDX-License-Identifier: MIT
 * Lua's patterns, compiled: what lua_pattern.c reads and lua_match.c runs.
 */
#ifndef PARKD_SRC_DIALECT_LUA_PATTERN_H
#define PARKD_SRC_DIALECT_LUA_PATTERN_H

#include "dialect/lua_engine.h"

#define PATTERN_ITEMS_MAX 128

enum item_kind {
    ITEM_END,
    ITEM_TAIL,
    ITEM_BYTE,
    ITEM_OPEN,
    ITEM_CLOSE,
    ITEM_PLACE,
    ITEM_BACK,
    ITEM_BALANCE,
    ITEM_FRONTIER
};

struct item {
    enum item_kind kind;
    char repeat;           /* 0, '?', '*', '+', '-' */
    unsigned char a, b;    /* balance: the two bytes; back reference: which */
    unsigned char set[32]; /* a bit a byte */
};

struct program {
    bool anchored;
    int n;
    struct item items[PATTERN_ITEMS_MAX];
};

static inline bool pattern_set_has(const unsigned char set[32], unsigned c)
{
    return set[c >> 3] >> (c & 7) & 1;
}
/* Pushes the program as a userdata, which owns it. Raises for what is no pattern. `may_anchor`: a '^' in
 * front anchors. */
const struct program *pattern_compile(lua_State *L, struct view pattern, bool may_anchor);
/* Raises "malformed pattern (what)". */
int pattern_bad(lua_State *L, const char *what);

#endif
