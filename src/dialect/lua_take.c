/* SPDX-License-Identifier: MIT
 * What scripts give back: requests, reports, replies. Verdicts: lua_verdict.c.
 *
 * A script's own mistakes (a word where a table belongs) raise ERR_SCRIPT and cost the call. What came from
 * the feed costs only what it must: a lot that cannot be named or a free that cannot be read costs the item,
 * any other field becomes "not said" with a fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/count.h"
#include "dialect/lua_marshal.h"

#define HINT_MAX 1000

static void check_code(lua_State *L, int err, const struct why *why)
{
    if (err)
        lua_engine_raise(L, err == ERR_NOMEM ? err : ERR_SCRIPT, "%s: %s", why->at,
                         why->text[0] ? why->text : err_text(err));
}

static void need_table(lua_State *L, int index, const char *what)
{
    if (!lua_istable(L, index))
        lua_engine_raise(L, ERR_SCRIPT, "%s is a %s, not a table", what, luaL_typename(L, index));
}

/* A text member of the table on top; the table keeps it alive. Numbers are texts too. */
static struct view text_member(lua_State *L, const char *key)
{
    struct view v = {0};
    lua_getfield(L, -1, key);
    if (lua_type(L, -1) == LUA_TNUMBER) { /* its text must outlive the pop */
        (void)lua_tolstring(L, -1, NULL);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, key);
    }
    if (lua_type(L, -1) == LUA_TSTRING)
        v.p = lua_tolstring(L, -1, &v.n);
    else if (!lua_isnil(L, -1))
        lua_engine_raise(L, ERR_SCRIPT, "%s is a %s, not a text", key, luaL_typename(L, -1));
    lua_pop(L, 1);
    return v;
}

/* ---- requests */

static int by_name(const void *a, const void *b)
{
    const struct dialect_header *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static void take_headers(lua_State *L, struct dialect_request *out)
{
    struct why why = {0};
    if (lua_getfield(L, -1, "headers") == LUA_TTABLE) {
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
                lua_engine_raise(L, ERR_SCRIPT, "headers: names and values are texts");
            struct view name, value;
            name.p = lua_tolstring(L, -2, &name.n);
            value.p = lua_tolstring(L, -1, &value.n);
            check_code(L, dialect_request_header(out, name, value, &why), &why);
        }
    }
    lua_pop(L, 1);
    qsort(out->headers, (size_t)out->n_headers, sizeof *out->headers, by_name); /* lua_next has no order */
}

void lua_take_request(lua_State *L, struct dialect_request *out)
{
    struct why why = {0};
    need_table(L, -1, "the request");
    check_code(L, dialect_request_url(out, text_member(L, "url"), &why), &why);
    struct view method = text_member(L, "method"), body = text_member(L, "body");
    for (size_t i = 0; i < method.n; i++) {
        if (method.p[i] < 'A' || method.p[i] > 'Z')
            lua_engine_raise(L, ERR_SCRIPT, "method is not GET, POST …");
    }
    if (view_copy(method, out->method, sizeof out->method))
        lua_engine_raise(L, ERR_SCRIPT, "method is not GET, POST …");
    take_headers(L, out);
    lua_engine_charge(L, body.n / 8);
    int err = buf_view(&out->body, body);
    if (err)
        lua_engine_raise(L, err, "body: %s", err_text(err));
}

/* Each item stands in at most one request: `taken` has a byte for each. */
static void take_item_numbers(lua_State *L, struct dialect_request *out, size_t n_batch, char *taken)
{
    if (lua_getfield(L, -1, "items") != LUA_TTABLE)
        lua_engine_raise(L, ERR_SCRIPT, "a request names its items");
    size_t n = lua_rawlen(L, -1);
    if (n > n_batch)
        lua_engine_raise(L, ERR_SCRIPT, "more items in a request than there are");
    int err = dialect_request_items(out, 0, n);
    if (err)
        lua_engine_raise(L, err, "%s", err_text(err));
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        lua_Integer at = lua_tointeger(L, -1);
        if (at < 1 || (size_t)at > n_batch || taken[at - 1])
            lua_engine_raise(L, ERR_SCRIPT, "items: not an item's number, or twice");
        taken[at - 1] = 1;
        out->items[i] = (uint32_t)(at - 1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static struct dialect_request *add_request(lua_State *L, struct lua_call *c)
{
    struct dialect_request *r = dialect_request_add(c->requests);
    if (!r)
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    return r;
}

/* {first = request}: what must go before. */
static bool take_first(lua_State *L, struct lua_call *c)
{
    bool there = lua_getfield(L, -1, "first") != LUA_TNIL;
    if (there) {
        struct dialect_request *r = add_request(L, c);
        lua_take_request(L, r);
        r->first = true;
    }
    lua_pop(L, 1);
    return there;
}

void lua_take_requests(lua_State *L, struct lua_call *c)
{
    need_table(L, -1, "the list of requests");
    int list = lua_gettop(L);
    if (take_first(L, c))
        return;
    size_t n = lua_rawlen(L, list);
    if (n > c->batch->n)
        lua_engine_raise(L, ERR_SCRIPT, "more requests than items");
    char *taken = lua_newuserdatauv(L, c->batch->n + 1, 0);
    memset(taken, 0, c->batch->n + 1);
    bool beat = strcmp(c->part, "beat") == 0;
    for (size_t i = 1; i <= n; i++) {
        struct dialect_request *r = add_request(L, c);
        lua_rawgeti(L, list, (lua_Integer)i);
        lua_take_request(L, r);
        if (!beat)
            take_item_numbers(L, r, c->batch->n, taken);
        lua_pop(L, 1);
    }
    lua_settop(L, list);
}

/* ---- reports */

/* One report being read from the table on top of the stack. */
struct taking {
    lua_State *L;
    struct report_list *out;
    struct report r;
    char at[96];  /* pointer to the item */
    char sub[48]; /* from there to what is being read */
    bool lost;
};

static void add_fault(struct taking *t, int code, const char *field, const char *fmt, const char *arg)
{
    struct why why = {0};
    (void)why_set(&why, code, "", fmt, arg);
    why_under(&why, "%s%s%s%s", t->at, t->sub, field[0] ? "/" : "", field);
    int err = report_list_fault(t->out, t->r.item, view_of(t->r.lot), &why);
    if (err == ERR_NOMEM)
        lua_engine_raise(t->L, err, "%s", err_text(err));
}

static void take_lot(struct taking *t)
{
    lua_State *L = t->L;
    struct view v = {0};
    lua_getfield(L, -1, "lot");
    if (lua_isstring(L, -1))
        v.p = lua_tolstring(L, -1, &v.n);
    v = view_trim(v);
    if (v.n == 0 || !view_is_utf8(v) || view_copy(v, t->r.lot, sizeof t->r.lot)) {
        add_fault(t, v.n ? ERR_INVALID : ERR_MISSING, "lot", "%s",
                  v.n ? "not a lot's id, or too long" : "missing");
        t->lost = true;
    }
    lua_pop(L, 1);
}

static bool take_count(struct taking *t, enum count c, const char *key, int64_t *place)
{
    int64_t v = 0;
    lua_getfield(t->L, -1, key);
    enum lua_count said = lua_read_count(t->L, -1, &v);
    lua_pop(t->L, 1);
    if (said == LUA_COUNT_NONE)
        return true;
    if (said == LUA_COUNT_GOOD && count_in_range(c, v)) {
        *place = v;
        return true;
    }
    if (said == LUA_COUNT_GOOD)
        add_fault(t, ERR_RANGE, key, "%s", err_text(ERR_RANGE));
    else
        add_fault(t, ERR_TYPE, key, "%s", "not a count");
    return false;
}

static void take_counts(struct taking *t)
{
    for (enum count c = 0; c < COUNT_KINDS; c++) {
        bool good = take_count(t, c, count_name(c), count_place(&t->r, c));
        t->lost |= !good && c == COUNT_FREE;
    }
}

static void take_words(struct taking *t)
{
    struct view status = text_member(t->L, "status"), band = text_member(t->L, "band");
    if (status.n && status_of(status, &t->r.status))
        add_fault(t, ERR_INVALID, "status", "%s", "not open, closed or unknown");
    if (band.n && band_of(band, &t->r.band))
        add_fault(t, ERR_INVALID, "band", "%s", "not full, few, some or plenty");
}

/* nil: not said. false, as time.parse gives it: said, but unreadable. */
static void take_time(struct taking *t)
{
    int type = lua_getfield(t->L, -1, "time");
    if (type == LUA_TNUMBER && lua_isinteger(t->L, -1) && lua_tointeger(t->L, -1) > 0)
        t->r.source_ms = lua_tointeger(t->L, -1);
    else if (type != LUA_TNIL)
        add_fault(t, ERR_TYPE, "time", "%s", "not a time");
    lua_pop(t->L, 1);
}

static void take_place(struct taking *t, struct place_claim *out)
{
    need_table(t->L, -1, "a class or zone");
    (void)take_count(t, COUNT_FREE, "free", &out->free);
    (void)take_count(t, COUNT_TOTAL, "total", &out->total);
}

static void take_classes(struct taking *t)
{
    lua_State *L = t->L;
    if (lua_getfield(L, -1, "classes") == LUA_TTABLE) {
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
            enum place_class c = CLASS_CHARGING;
            struct view name = {0};
            if (lua_type(L, -2) == LUA_TSTRING)
                name.p = lua_tolstring(L, -2, &name.n);
            if (place_class_of(name, &c))
                lua_engine_raise(L, ERR_SCRIPT, "classes: no class '%.*s'", VIEW_ARG(name));
            (void)snprintf(t->sub, sizeof t->sub, "/classes/%s", place_class_name(c));
            take_place(t, &t->r.classes[c]);
        }
    }
    t->sub[0] = '\0';
    lua_pop(L, 1);
}

static void take_zones(struct taking *t)
{
    lua_State *L = t->L;
    if (lua_getfield(L, -1, "zones") == LUA_TTABLE) {
        size_t n = lua_rawlen(L, -1);
        for (size_t i = 1; i <= n; i++, lua_pop(L, 1)) {
            lua_rawgeti(L, -1, (lua_Integer)i);
            need_table(L, -1, "a zone");
            (void)snprintf(t->sub, sizeof t->sub, "/zones/%zu", i - 1);
            struct zone_claim z = {.count = {REPORT_NONE, REPORT_NONE}};
            struct view id = text_member(L, "id");
            bool good = id.n && t->r.n_zones < REPORT_MAX_ZONES && view_copy(id, z.id, sizeof z.id) == 0;
            take_place(t, &z.count);
            if (good)
                t->r.zones[t->r.n_zones++] = z;
            else
                add_fault(t, ERR_INVALID, "", "%s", "a zone without a usable id, or too many");
        }
    }
    t->sub[0] = '\0';
    lua_pop(L, 1);
}

static void take_hint(struct taking *t)
{
    int64_t in = 0, out = 0;
    (void)take_count(t, COUNT_TOTAL, "in", &in);
    (void)take_count(t, COUNT_TOTAL, "out", &out);
    t->r.in = (int32_t)(in > HINT_MAX ? HINT_MAX : in);
    t->r.out = (int32_t)(out > HINT_MAX ? HINT_MAX : out);
}

static bool flag_member(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    bool set = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return set;
}

static void classify(struct taking *t)
{
    struct report *r = &t->r;
    bool beat = flag_member(t->L, "beat");
    if (flag_member(t->L, "derived"))
        r->quality |= QUALITY_DERIVED;
    r->kind = REPORT_COUNTS;
    if (r->free != REPORT_NONE || r->occupied != REPORT_NONE)
        return;
    if (r->band != BAND_UNKNOWN)
        r->kind = REPORT_BAND;
    else if (r->in || r->out)
        r->kind = REPORT_HINT;
    else if (beat)
        r->kind = REPORT_BEAT;
    else if (!count_says(r)) {
        add_fault(t, ERR_MISSING, "", "%s", "says nothing");
        t->lost = true;
    }
}

static void take_report(struct taking *t)
{
    lua_State *L = t->L;
    struct view fault = text_member(L, "fault"), at = text_member(L, "at");
    if (at.n && view_copy(at, t->at, sizeof t->at))
        t->at[0] = '\0';
    if (fault.n) {
        struct view lot = text_member(L, "lot");
        if (view_copy(lot, t->r.lot, sizeof t->r.lot))
            t->r.lot[0] = '\0';
        add_fault(t, ERR_INVALID, "", "%s", fault.p);
        return;
    }
    take_lot(t);
    if (!t->lost)
        take_counts(t);
    if (t->lost)
        return;
    take_words(t);
    take_time(t);
    take_classes(t);
    take_zones(t);
    take_hint(t);
    classify(t);
    int err = t->lost ? 0 : report_list_add(t->out, &t->r);
    if (err)
        lua_engine_raise(L, err == ERR_FULL ? ERR_TOO_BIG : err, "reports: %s", err_text(err));
}

void lua_take_reports(lua_State *L, struct report_list *out)
{
    need_table(L, -1, "the list of reports");
    int list = lua_gettop(L);
    size_t n = lua_rawlen(L, list);
    if (n > REPORT_LIST_MAX)
        lua_engine_raise(L, ERR_TOO_BIG, "more than %d reports", REPORT_LIST_MAX);
    lua_engine_charge(L, n * 40);
    for (size_t i = 0; i < n; i++) {
        struct taking t = {.L = L, .out = out};
        report_init(&t.r);
        t.r.item = (int32_t)i;
        (void)snprintf(t.at, sizeof t.at, "/%zu", i);
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        need_table(L, -1, "a report");
        take_report(&t);
        lua_settop(L, list);
    }
}

/* ---- replies */

void lua_take_reply(lua_State *L, struct dialect_reply *out)
{
    if (lua_isnil(L, -1))
        return;
    need_table(L, -1, "the reply");
    lua_getfield(L, -1, "status");
    lua_Integer status = luaL_optinteger(L, -1, 200);
    lua_pop(L, 1);
    struct view type = text_member(L, "content_type"), body = text_member(L, "body");
    if (status < 200 || status > 599 || view_copy(type, out->content_type, sizeof out->content_type))
        lua_engine_raise(L, ERR_SCRIPT, "reply: not a status or content type");
    out->status = (int)status;
    buf_clear(&out->body);
    int err = buf_view(&out->body, body);
    if (err)
        lua_engine_raise(L, err, "reply: %s", err_text(err));
}
