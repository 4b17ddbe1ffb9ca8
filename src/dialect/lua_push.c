/* SPDX-License-Identifier: MIT
 * What scripts are given: ctx, answers, inbound requests. Items: lua_item.c.
 *
 * Accessors that a script could keep (ctx.lots, res.header) never hold a pointer: they ask the engine for the
 * call that runs now, so that a kept one finds another call or none, but no freed memory.
 */
#include "dialect/lua_marshal.h"

static const struct lua_call *current(lua_State *L)
{
    const struct lua_call *c = lua_engine_of(L)->job;
    if (!c)
        lua_engine_raise(L, ERR_SCRIPT, "used outside a call");
    return c;
}

void lua_set_view(lua_State *L, const char *key, struct view v)
{
    lua_pushlstring(L, v.p ? v.p : "", v.n);
    lua_setfield(L, -2, key);
}

void lua_set_int(lua_State *L, const char *key, int64_t v)
{
    lua_pushinteger(L, v);
    lua_setfield(L, -2, key);
}

/* ---- ctx */

static void push_lot(lua_State *L, const char *id, const char *foreign, lua_Integer n)
{
    lua_createtable(L, 0, 2);
    lua_set_view(L, "id", view_of(id));
    lua_set_view(L, "foreign", view_of(foreign));
    lua_rawseti(L, -2, n);
}

static void push_known(lua_State *L, const struct dialect_ctx *ctx)
{
    lua_engine_charge(L, ctx->n_known / 4);
    lua_newtable(L);
    for (size_t i = 0; i < ctx->n_known; i++)
        push_lot(L, ctx->known[i].id, ctx->known[i].foreign, (lua_Integer)i + 1);
}

static void push_lots(lua_State *L, const struct dialect_ctx *ctx)
{
    lua_Integer n = 0;
    uint32_t size = registry_size(ctx->lots);
    struct view feed = view_of(ctx->feed);
    lua_engine_charge(L, size / 4);
    lua_newtable(L);
    for (uint32_t i = 0; i < size; i++) {
        const struct registry_lot *r = registry_lot(ctx->lots, i);
        if (r->removed || !view_is(feed, r->lot.feed))
            continue;
        push_lot(L, r->lot.id, r->lot.foreign_id, ++n);
    }
}

/* Members that cost something are made when they are asked for, once. */
static int on_ctx_index(lua_State *L)
{
    const struct dialect_ctx *ctx = current(L)->ctx;
    struct view key = lua_check_view(L, 2);
    if (view_is(key, "lots"))
        (ctx->lots ? push_lots : push_known)(L, ctx);
    else if (view_is(key, "nonce") && ctx->nonce.n)
        lua_pushlstring(L, ctx->nonce.p, ctx->nonce.n);
    else if (view_is(key, "nonce"))
        lua_push_uuid(L);
    else
        return 0;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 1);
    return 1;
}

void lua_push_ctx(lua_State *L, const struct lua_call *c)
{
    lua_createtable(L, 0, 9);
    lua_set_int(L, "now", c->ctx->now_ms);
    lua_set_view(L, "url", c->ctx->url);
    lua_set_view(L, "feed", view_of(c->ctx->feed));
    lua_pushboolean(L, c->ctx->unguarded);
    lua_setfield(L, -2, "unguarded");
    lua_parse_json(L, c->params);
    lua_setfield(L, -2, "params");
    lua_parse_json(L, c->state);
    lua_setfield(L, -2, "state");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, on_ctx_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* ---- answers and inbound requests */

static struct view header_value(struct view head, struct view name)
{
    while (head.n) {
        struct view line = view_trim(view_cut(&head, '\n'));
        struct view key = view_cut(&line, ':');
        if (name.n && key.n == name.n && view_ieq(key, name.p))
            return view_trim(line);
    }
    return (struct view){0};
}

static int push_found(lua_State *L, struct view v)
{
    if (v.p)
        lua_pushlstring(L, v.p, v.n);
    else
        lua_pushnil(L);
    return 1;
}

static int on_response_header(lua_State *L)
{
    struct view name = lua_check_view(L, 1);
    const struct lua_call *c = current(L);
    struct view head = c->res ? c->res->head : (struct view){0};
    lua_engine_charge(L, head.n / 4);
    return push_found(L, header_value(head, name));
}

void lua_push_response(lua_State *L, const struct dialect_response *res)
{
    lua_createtable(L, 0, 3);
    lua_set_int(L, "status", res->status);
    lua_set_view(L, "body", res->body);
    lua_pushcfunction(L, on_response_header);
    lua_setfield(L, -2, "header");
}

static int on_inbound_header(lua_State *L)
{
    struct view name = lua_check_view(L, 1);
    const struct dialect_inbound *in = current(L)->in;
    return push_found(L, in && in->header ? in->header(in->accessor, name.p) : (struct view){0});
}

static int on_inbound_query(lua_State *L)
{
    struct view name = lua_check_view(L, 1);
    const struct dialect_inbound *in = current(L)->in;
    return push_found(L, in && in->query ? in->query(in->accessor, name.p) : (struct view){0});
}

void lua_push_inbound(lua_State *L, const struct dialect_inbound *in)
{
    lua_createtable(L, 0, 6);
    lua_set_view(L, "method", in->method);
    lua_set_view(L, "path", in->path);
    lua_set_view(L, "content_type", in->content_type);
    lua_set_view(L, "body", in->body);
    lua_pushcfunction(L, on_inbound_header);
    lua_setfield(L, -2, "header");
    lua_pushcfunction(L, on_inbound_query);
    lua_setfield(L, -2, "query");
}
