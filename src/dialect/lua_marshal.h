/* SPDX-License-Identifier: MIT
 * parkd's values to Lua tables and back, for lua_dialect.c. All of it runs inside lua_engine_run and may
 * raise.
 */
#ifndef PARKD_SRC_DIALECT_LUA_MARSHAL_H
#define PARKD_SRC_DIALECT_LUA_MARSHAL_H

#include "dialect/lua_engine.h"
#include "dialect/ops.h"

/* What one call works on: the engine's job. Parts that a call does not need are NULL. */
struct lua_call {
    const char *part; /* the member of the spec table that is called */
    struct view params, state;
    struct buf *new_state;
    const struct dialect_ctx *ctx;
    const struct dialect_response *res;
    const struct dialect_inbound *in;
    const struct dialect_batch *batch;
    const struct dialect_request *asked;
    struct dialect_request *request; /* out */
    bool more;
    struct report_list *reports;
    struct dialect_reply *reply;
    struct dialect_request_list *requests;
    struct dialect_judgement *judgement;
    struct dialect_known_list *known;
};

/* A member of the table on top. */
void lua_set_view(lua_State *L, const char *key, struct view v);
void lua_set_int(lua_State *L, const char *key, int64_t v);

/* Each pushes one table. */
void lua_push_ctx(lua_State *L, const struct lua_call *c);
void lua_push_response(lua_State *L, const struct dialect_response *res);
void lua_push_inbound(lua_State *L, const struct dialect_inbound *in);
void lua_push_items(lua_State *L, const struct lua_call *c); /* ctx is on top of the stack */
void lua_push_request(lua_State *L, const struct dialect_request *req);

/* Each reads the value on top of the stack and leaves it there. */
void lua_take_request(lua_State *L, struct dialect_request *out);
void lua_take_requests(lua_State *L, struct lua_call *c);
void lua_take_reports(lua_State *L, struct report_list *out);
void lua_take_reply(lua_State *L, struct dialect_reply *out);
void lua_take_known(lua_State *L, const struct dialect_request *req, struct dialect_known_list *out);
/* The value below the top is the verdict, the top may be a message. */
void lua_take_judgement(lua_State *L, const struct dialect_request *req, struct dialect_judgement *out);

#endif
