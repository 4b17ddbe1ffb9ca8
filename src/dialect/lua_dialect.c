/* SPDX-License-Identifier: MIT
 * A Lua file as a dialect: loads it, and turns each of the calls into one run of the engine.
 *
 * A session keeps its state as JSON text, not as Lua values, so that a thrown-away Lua state costs no login
 * token, and no session can reach another's. ctx is built anew for every call; ctx.state is read back after
 * it, also when the call failed (a refused token must be forgotten), but not after a breach. For the same
 * reason a call may run in a second engine: that of calls aside, which another thread uses, one at a time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/lua_dialect.h"
#include "dialect/lua_marshal.h"

#define STATE_MAX  (16 * 1024)
#define BODY_STEPS 8      /* steps a byte of the answer, on top of LUA_STEPS */
#define ITEM_STEPS 300000 /* steps an item of a push: two signatures and their text */
#define SAVE_STEPS 200000
#define FOLLOW_UPS 8

static const char ctx_key; /* its address is the registry key of the running call's ctx */

struct lua_file {
    struct lua_engine *engine;
    struct lua_engine *aside; /* made when it is first needed; both it and its state belong to who locked */
    pthread_mutex_t lock;
};

struct lua_session {
    struct lua_file *file;
    struct view params; /* owned */
    struct buf state;   /* JSON object */
};

/* ---- loading */

struct loading {
    struct dialect *d;
};

static void check_spec_names(lua_State *L)
{
    static const char *const names[] = {"name",   "interface", "params",     "poll",     "decode", "receive",
                                        "push",   "check",     "beat",       "register", "day",    "ask",
                                        "answer", "max_batch", "any_status", NULL};
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
        int i = 0;
        while (names[i] && strcmp(names[i], key) != 0)
            i++;
        if (!names[i])
            lua_engine_raise(L, ERR_UNKNOWN_KEY, "a dialect has no member '%.40s'", key);
    }
}

static bool has_function(lua_State *L, const char *name)
{
    int type = lua_getfield(L, 1, name);
    lua_pop(L, 1);
    if (type != LUA_TNIL && type != LUA_TFUNCTION)
        lua_engine_raise(L, ERR_SCRIPT, "'%s' is not a function", name);
    return type == LUA_TFUNCTION;
}

/* What only means something beside push. */
static const struct {
    const char *name;
    unsigned part;
} with_push[] = {{"check", 0},         {"beat", DIALECT_BEAT}, {"register", DIALECT_REGISTER},
                 {"day", DIALECT_DAY}, {"ask", DIALECT_ASK},   {"answer", 0}};

static unsigned parts_of(lua_State *L)
{
    unsigned parts = 0;
    bool poll = has_function(L, "poll"), push = has_function(L, "push");
    if (poll != has_function(L, "decode"))
        lua_engine_raise(L, ERR_SCRIPT, "poll and decode belong together");
    for (size_t i = 0; i < sizeof with_push / sizeof *with_push; i++) {
        bool has = has_function(L, with_push[i].name);
        if (has && !push)
            lua_engine_raise(L, ERR_SCRIPT, "%s needs push", with_push[i].name);
        parts |= has ? with_push[i].part : 0;
    }
    if (has_function(L, "ask") != has_function(L, "answer"))
        lua_engine_raise(L, ERR_SCRIPT, "ask and answer belong together");
    parts |= poll ? DIALECT_POLL : 0;
    parts |= push ? DIALECT_PUSH : 0;
    parts |= has_function(L, "receive") ? DIALECT_RECEIVE : 0;
    if (!parts)
        lua_engine_raise(L, ERR_SCRIPT, "a dialect needs poll, receive or push");
    return parts;
}

static void take_name(lua_State *L, struct dialect *d)
{
    struct view name = {0};
    if (lua_getfield(L, 1, "name") == LUA_TSTRING)
        name.p = lua_tolstring(L, -1, &name.n);
    bool good = name.n > 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        good &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i && (c == '-' || c == '_'));
    }
    if (!good || view_copy(name, d->name, sizeof d->name))
        lua_engine_raise(L, ERR_INVALID, "name: needs up to %d of a-z 0-9 - _", DIALECT_NAME_SIZE - 1);
    lua_pop(L, 1);
}

static void check_interface(lua_State *L)
{
    if (lua_getfield(L, 1, "interface") != LUA_TNIL) {
        const char *v = lua_tostring(L, -1);
        if (!v || strncmp(v, DIALECT_INTERFACE_VERSION, 2) != 0)
            lua_engine_raise(L, ERR_INVALID, "interface: this parkd speaks " DIALECT_INTERFACE_VERSION);
    }
    lua_pop(L, 1);
}

static int on_load(lua_State *L)
{
    struct dialect *d = ((struct loading *)lua_engine_of(L)->job)->d;
    lua_engine_whole_spec(L);
    check_spec_names(L);
    take_name(L, d);
    check_interface(L);
    d->parts = parts_of(L);
    lua_getfield(L, 1, "max_batch");
    lua_Integer most = luaL_optinteger(L, -1, 0);
    d->max_batch = most > 0 ? (size_t)most : 0;
    lua_getfield(L, 1, "any_status");
    d->any_status = lua_toboolean(L, -1);
    if (lua_getfield(L, 1, "params") == LUA_TNIL)
        lua_newtable(L);
    luaL_checktype(L, -1, LUA_TTABLE);
    struct buf *text = lua_engine_scratch(L);
    lua_encode_json(L, -1, text);
    d->params = view_dup(buf_get(text));
    if (!d->params)
        lua_engine_raise(L, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    return 0;
}

static void file_free(void *impl)
{
    struct lua_file *f = impl;
    if (!f)
        return;
    lua_engine_free(f->engine);
    lua_engine_free(f->aside);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static struct lua_file *file_new(void)
{
    struct lua_file *f = calloc(1, sizeof *f);
    if (f && pthread_mutex_init(&f->lock, NULL)) {
        free(f);
        return NULL;
    }
    return f;
}

int lua_dialect_load(const char *file, struct view source, struct view lib, struct dialect *out,
                     struct why *why)
{
    int err = 0;
    struct loading job = {out};
    if (source.n > LUA_SOURCE_MAX)
        return why_set(why, ERR_TOO_BIG, file, "larger than %d bytes", LUA_SOURCE_MAX);
    struct lua_file *f = file_new();
    if (!f)
        return why_set(why, ERR_NOMEM, file, "%s", err_text(ERR_NOMEM));
    out->ops = &lua_ops;
    out->follow_ups = FOLLOW_UPS;
    out->impl_free = file_free;
    out->impl = f;
    f->engine = lua_engine_new(file, source, lib, &err, why);
    if (f->engine)
        out->source = (struct view){f->engine->source, f->engine->source_n};
    if (f->engine)
        err = lua_engine_run(f->engine, on_load, &job, LUA_STEPS, why);
    if (f->engine)
        lua_engine_rest(f->engine);
    if (err && why)
        why_under(why, "%s", file);
    return err;
}

/* ---- sessions */

static int lua_open(const struct dialect *d, const struct json *params, struct view text, void **self,
                    struct why *why)
{
    (void)params;
    struct lua_session *s = calloc(1, sizeof *s);
    if (!s)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    s->file = d->impl;
    s->params = (struct view){view_dup(text), text.n};
    buf_init(&s->state, STATE_MAX);
    *self = s;
    return s->params.p ? buf_str(&s->state, "{}") : ERR_NOMEM;
}

static void lua_close_session(void *self)
{
    struct lua_session *s = self;
    if (!s)
        return;
    free((char *)s->params.p);
    buf_fini(&s->state);
    free(s);
}

/* ---- calls */

/* Pushes the part's function and ctx, and keeps ctx for on_save. */
static struct lua_call *prepare(lua_State *L)
{
    struct lua_call *c = lua_engine_of(L)->job;
    lua_engine_spec(L, c->part);
    lua_push_ctx(L, c);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &ctx_key);
    return c;
}

static int on_save(lua_State *L)
{
    struct buf *out = lua_engine_scratch(L);
    struct lua_call *c = lua_engine_of(L)->job;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &ctx_key) != LUA_TTABLE)
        return 0;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &ctx_key);
    if (lua_getfield(L, -1, "state") != LUA_TTABLE)
        return lua_engine_raise(L, ERR_SCRIPT, "ctx.state is no table any more");
    lua_encode_json(L, -1, out);
    if (out->n > STATE_MAX)
        return lua_engine_raise(L, ERR_TOO_BIG, "ctx.state: more than %d bytes", STATE_MAX);
    buf_clear(c->new_state);
    int err = buf_view(c->new_state, buf_get(out));
    return err ? lua_engine_raise(L, err, "ctx.state: %s", err_text(err)) : 0;
}

static int run_in(struct lua_engine *engine, struct lua_session *s, lua_CFunction fn, struct lua_call *c,
                  int64_t steps, struct why *why)
{
    c->params = s->params;
    c->state = buf_get(&s->state);
    c->new_state = &s->state;
    int err = lua_engine_run(engine, fn, c, steps, why);
    if (!engine->L)
        return err;
    int save_err = lua_engine_run(engine, on_save, c, SAVE_STEPS, err ? NULL : why);
    if (save_err && buf_get(&s->state).n == 0)
        (void)buf_str(&s->state, "{}");
    return err ? err : save_err;
}

static int run(struct lua_session *s, lua_CFunction fn, struct lua_call *c, int64_t steps, struct why *why)
{
    struct lua_file *f = s->file;
    if (!c->ctx->aside)
        return run_in(f->engine, s, fn, c, steps, why);
    int err = 0;
    (void)pthread_mutex_lock(&f->lock);
    if (!f->aside) /* the text of the first never changes */
        f->aside = lua_engine_new(f->engine->chunk + 1, (struct view){f->engine->source, f->engine->source_n},
                                  (struct view){f->engine->lib, f->engine->lib_n}, &err, why);
    if (f->aside)
        err = run_in(f->aside, s, fn, c, steps, why);
    (void)pthread_mutex_unlock(&f->lock);
    return err;
}

/* A part that returns nil says why in its second result. */
static void check_answer(lua_State *L)
{
    if (!lua_isnil(L, -2))
        return;
    const char *words = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "refused without a word";
    lua_engine_raise(L, ERR_REFUSED, "%s", words);
}

static int on_poll(lua_State *L)
{
    struct lua_call *c = prepare(L);
    lua_call(L, 1, 2);
    check_answer(L);
    lua_pop(L, 1);
    lua_take_request(L, c->request);
    return 0;
}

static int on_decode(lua_State *L)
{
    struct lua_call *c = prepare(L);
    lua_push_response(L, c->res);
    lua_call(L, 2, 2);
    check_answer(L);
    c->more = !lua_isnil(L, -1);
    if (c->more)
        lua_take_request(L, c->request);
    lua_pop(L, 1);
    lua_take_reports(L, c->reports);
    return 0;
}

/* An error may carry the reply that the vendor's client expects then. */
static int on_receive(lua_State *L)
{
    struct lua_call *c = prepare(L);
    lua_push_inbound(L, c->in);
    int st = lua_pcall(L, 2, 2, 0);
    if (st == LUA_ERRMEM)
        lua_engine_breach(L, "too much memory");
    lua_engine_charge(L, 1);
    if (st) {
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, "reply");
            lua_take_reply(L, c->reply);
            lua_pop(L, 1);
        }
        return lua_error(L);
    }
    check_answer(L);
    lua_take_reply(L, c->reply);
    lua_pop(L, 1);
    lua_take_reports(L, c->reports);
    return 0;
}

static int on_tell(lua_State *L)
{
    struct lua_call *c = prepare(L);
    lua_push_items(L, c);
    if (c->batch->date)
        lua_pushstring(L, c->batch->date);
    lua_call(L, c->batch->date ? 3 : 2, 2);
    check_answer(L);
    lua_pop(L, 1);
    lua_take_requests(L, c);
    return 0;
}

static int on_check(lua_State *L)
{
    struct lua_call *c = prepare(L);
    lua_push_request(L, c->asked);
    lua_push_response(L, c->res);
    lua_call(L, 3, 2);
    lua_take_judgement(L, c->asked, c->judgement);
    return 0;
}

static int on_answer(lua_State *L)
{
    struct lua_call *c = prepare(L);
    lua_push_request(L, c->asked);
    lua_push_response(L, c->res);
    lua_call(L, 3, 2);
    check_answer(L);
    lua_pop(L, 1);
    lua_take_known(L, c->asked, c->known);
    return 0;
}

static int lua_poll(void *self, const struct dialect_ctx *ctx, struct dialect_request *out, struct why *why)
{
    struct lua_call c = {.part = "poll", .ctx = ctx, .request = out};
    return run(self, on_poll, &c, LUA_STEPS, why);
}

static int lua_decode(void *self, const struct dialect_ctx *ctx, const struct dialect_response *res,
                      struct report_list *out, struct dialect_request *next, bool *more, struct why *why)
{
    struct lua_call c = {.part = "decode", .ctx = ctx, .res = res, .request = next, .reports = out};
    int err = run(self, on_decode, &c, LUA_STEPS + BODY_STEPS * (int64_t)res->body.n, why);
    *more = c.more;
    return err;
}

static int lua_receive(void *self, const struct dialect_ctx *ctx, const struct dialect_inbound *req,
                       struct report_list *out, struct dialect_reply *reply, struct why *why)
{
    struct lua_call c = {.part = "receive", .ctx = ctx, .in = req, .reports = out, .reply = reply};
    return run(self, on_receive, &c, LUA_STEPS + BODY_STEPS * (int64_t)req->body.n, why);
}

static int tell(struct lua_session *s, const char *part, const struct dialect_ctx *ctx,
                const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why)
{
    struct lua_call c = {.part = part, .ctx = ctx, .batch = batch, .requests = out};
    return run(s, on_tell, &c, LUA_STEPS + ITEM_STEPS * (int64_t)batch->n, why);
}

static int lua_push(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                    struct dialect_request_list *out, struct why *why)
{
    return tell(self, "push", ctx, batch, out, why);
}

static int lua_beat(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                    struct dialect_request_list *out, struct why *why)
{
    return tell(self, "beat", ctx, batch, out, why);
}

static int lua_enrol(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                     struct dialect_request_list *out, struct why *why)
{
    return tell(self, "register", ctx, batch, out, why);
}

static int lua_day(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                   struct dialect_request_list *out, struct why *why)
{
    return tell(self, "day", ctx, batch, out, why);
}

static int lua_ask(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                   struct dialect_request_list *out, struct why *why)
{
    return tell(self, "ask", ctx, batch, out, why);
}

static int lua_answer(void *self, const struct dialect_ctx *ctx, const struct dialect_request *req,
                      const struct dialect_response *res, struct dialect_known_list *out, struct why *why)
{
    struct lua_call c = {.part = "answer", .ctx = ctx, .asked = req, .res = res, .known = out};
    return run(self, on_answer, &c, LUA_STEPS + BODY_STEPS * (int64_t)res->body.n, why);
}

static int on_has_check(lua_State *L)
{
    struct lua_call *c = lua_engine_of(L)->job;
    lua_engine_spec(L, "check");
    c->more = lua_isfunction(L, -1);
    return 0;
}

static int lua_check(void *self, const struct dialect_ctx *ctx, const struct dialect_request *req,
                     const struct dialect_response *res, struct dialect_judgement *out)
{
    struct lua_session *s = self;
    struct lua_call c = {.part = "check", .ctx = ctx, .asked = req, .res = res, .judgement = out};
    int err = lua_engine_run(s->file->engine, on_has_check, &c, LUA_STEPS, &out->why);
    if (err || !c.more)
        return err;
    return run(s, on_check, &c, LUA_STEPS + BODY_STEPS * (int64_t)res->body.n, &out->why);
}

const struct dialect_ops lua_ops = {
    .open = lua_open,
    .close = lua_close_session,
    .poll = lua_poll,
    .decode = lua_decode,
    .receive = lua_receive,
    .push = lua_push,
    .beat = lua_beat,
    .check = lua_check,
    .enrol = lua_enrol,
    .day = lua_day,
    .ask = lua_ask,
    .answer = lua_answer,
};
