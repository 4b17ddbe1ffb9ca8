/* SPDX-License-Identifier: MIT
 * Reads Lua's patterns (the manual's §6.4.1) into items, once, so that a malformed one is known before the
 * search begins.
 */
#include <string.h>

#include "dialect/lua_pattern.h"

struct reader {
    lua_State *L;
    const unsigned char *p, *end;
};

static void set_add(unsigned char set[32], unsigned c)
{
    set[c >> 3] |= (unsigned char)(1u << (c & 7));
}

int pattern_bad(lua_State *L, const char *what)
{
    return lua_engine_raise(L, ERR_SCRIPT, "malformed pattern (%s)", what);
}

/* ASCII only: isalpha and its kin would ask the locale. */
static bool in_class(unsigned c, unsigned char name)
{
    bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
    switch (name) {
    case 'a':
        return lower || upper;
    case 'd':
        return digit;
    case 'l':
        return lower;
    case 'u':
        return upper;
    case 'w':
        return lower || upper || digit;
    case 's':
        return c == ' ' || (c >= '\t' && c <= '\r');
    case 'c':
        return c < 0x20 || c == 0x7f;
    case 'g':
        return c > 0x20 && c < 0x7f;
    case 'p':
        return c > 0x20 && c < 0x7f && !(lower || upper || digit);
    case 'x':
        return digit || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    default:
        return false;
    }
}

/* What stands behind a %: a class, its complement in upper case, or the byte itself. */
static void add_escape(unsigned char set[32], unsigned char name)
{
    unsigned char lower = name >= 'A' && name <= 'Z' ? (unsigned char)(name | 0x20) : name;
    if (!strchr("adluwscgpx", lower) || lower == 0) {
        set_add(set, name);
        return;
    }
    for (unsigned c = 0; c < 256; c++) {
        if (in_class(c, lower) == (name == lower))
            set_add(set, c);
    }
}

static unsigned char next_byte(struct reader *r, const char *what)
{
    if (r->p == r->end)
        pattern_bad(r->L, what);
    return *r->p++;
}

/* Behind a '[': up to its ']'. A ']' in first place is a member. */
static void read_set(struct reader *r, unsigned char set[32])
{
    bool negate = r->p < r->end && *r->p == '^';
    r->p += negate;
    bool first = true;
    for (;; first = false) {
        unsigned char c = next_byte(r, "missing ']'");
        if (c == ']' && !first)
            break;
        if (c == '%') {
            add_escape(set, next_byte(r, "ends with '%'"));
        } else if (r->end - r->p >= 2 && r->p[0] == '-' && r->p[1] != ']') {
            for (unsigned v = c; v <= r->p[1]; v++)
                set_add(set, v);
            r->p += 2;
        } else {
            set_add(set, c);
        }
    }
    for (int i = 0; negate && i < 32; i++)
        set[i] = (unsigned char)~set[i];
}

static void read_escape(struct reader *r, struct item *it)
{
    unsigned char c = next_byte(r, "ends with '%'");
    if (c == 'b') {
        it->kind = ITEM_BALANCE;
        it->a = next_byte(r, "missing arguments to '%b'");
        it->b = next_byte(r, "missing arguments to '%b'");
    } else if (c == 'f') {
        it->kind = ITEM_FRONTIER;
        if (next_byte(r, "missing '[' after '%f'") != '[')
            pattern_bad(r->L, "missing '[' after '%f'");
        read_set(r, it->set);
    } else if (c >= '1' && c <= '9') {
        it->kind = ITEM_BACK;
        it->a = (unsigned char)(c - '1');
    } else {
        add_escape(it->set, c);
    }
}

static void read_item(struct reader *r, struct item *it)
{
    unsigned char c = *r->p++;
    it->kind = ITEM_BYTE;
    if (c == '(') {
        it->kind = r->p < r->end && *r->p == ')' ? ITEM_PLACE : ITEM_OPEN;
        r->p += it->kind == ITEM_PLACE;
    } else if (c == ')') {
        it->kind = ITEM_CLOSE;
    } else if (c == '$' && r->p == r->end) {
        it->kind = ITEM_TAIL;
    } else if (c == '%') {
        read_escape(r, it);
    } else if (c == '[') {
        read_set(r, it->set);
    } else if (c == '.') {
        memset(it->set, 0xff, sizeof it->set);
    } else {
        set_add(it->set, c);
    }
    if (it->kind == ITEM_BYTE && r->p < r->end && *r->p && strchr("?*+-", *r->p))
        it->repeat = (char)*r->p++;
}

const struct program *pattern_compile(lua_State *L, struct view pattern, bool may_anchor)
{
    struct program *prog = lua_newuserdatauv(L, sizeof *prog, 0);
    struct reader r = {L, (const unsigned char *)pattern.p, (const unsigned char *)pattern.p + pattern.n};
    prog->anchored = may_anchor && pattern.n && pattern.p[0] == '^';
    prog->n = 0;
    r.p += prog->anchored;
    while (r.p < r.end) {
        if (prog->n == PATTERN_ITEMS_MAX - 1)
            pattern_bad(L, "too long");
        struct item *it = &prog->items[prog->n++];
        memset(it, 0, sizeof *it);
        read_item(&r, it);
    }
    prog->items[prog->n].kind = ITEM_END;
    lua_engine_charge(L, 10 + (size_t)prog->n);
    return prog;
}
