/* SPDX-License-Identifier: MIT
 * The table of dialects, sessions, and the rules that hold whatever a dialect is written in: which statuses
 * reach it, how many requests one poll may take, what an empty answer means, how a large push is cut. The
 * dialects themselves only translate.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect/ops.h"
#include "dialect/params.h"
#include "dialect/table.h"

struct dialects {
    struct dialect **v; /* by name */
    size_t n;
    size_t sessions; /* open ones */
    bool given_up;   /* goes with the last session */
    char *lib;       /* what Lua files find as `lib` */
    size_t lib_n;
};

struct dialect_session {
    const struct dialect *d;
    void *self;
    int follow_ups; /* since the poll began */
    size_t heard;   /* reports and faults since then */
    bool had_lots;  /* some earlier poll brought some */
    char *params;   /* of a dialect that is built in: for dialect_source */
};

/* ---- the table */

static void dialect_free(struct dialect *d)
{
    if (!d)
        return;
    if (d->impl_free)
        d->impl_free(d->impl);
    free(d->params);
    free(d);
}

void dialects_free(struct dialects *ds)
{
    if (ds)
        ds->given_up = true;
    if (!ds || ds->sessions)
        return;
    for (size_t i = 0; i < ds->n; i++)
        dialect_free(ds->v[i]);
    free(ds->v);
    free(ds->lib);
    free(ds);
}

int dialects_use_lib(struct dialects *ds, struct view source)
{
    char *lib = source.n ? view_dup(source) : NULL;
    if (source.n && !lib)
        return ERR_NOMEM;
    free(ds->lib);
    ds->lib = lib;
    ds->lib_n = source.n;
    return 0;
}

struct view dialects_lib(const struct dialects *ds)
{
    return (struct view){ds->lib, ds->lib_n};
}

struct dialects *dialects_new(void)
{
    return calloc(1, sizeof(struct dialects));
}

int dialects_add(struct dialects *ds, struct dialect *d, struct why *why)
{
    int err = params_check_spec(view_of(d->params), why);
    if (err || dialects_find(ds, d->name)) { /* the name that was seen first wins */
        dialect_free(d);
        return err;
    }
    struct dialect **v = realloc(ds->v, (ds->n + 1) * sizeof(struct dialect *));
    if (!v) {
        dialect_free(d);
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    size_t at = ds->n++;
    ds->v = v;
    for (; at > 0 && strcmp(v[at - 1]->name, d->name) > 0; at--)
        v[at] = v[at - 1];
    v[at] = d;
    d->table = ds;
    return 0;
}

int dialects_add_built_in(struct dialects *ds, const struct dialect *model)
{
    struct why ignored;
    struct dialect *d = calloc(1, sizeof *d);
    if (!d)
        return ERR_NOMEM;
    *d = *model;
    d->params = view_dup(view_of(model->params));
    if (d->params)
        return dialects_add(ds, d, &ignored);
    dialect_free(d);
    return ERR_NOMEM;
}

const struct dialect *dialects_find(const struct dialects *ds, const char *name)
{
    for (size_t i = 0; i < ds->n; i++) {
        if (strcmp(ds->v[i]->name, name) == 0)
            return ds->v[i];
    }
    return NULL;
}

const struct dialect *dialects_next(const struct dialects *ds, const struct dialect *after)
{
    size_t i = 0;
    while (after && i < ds->n && ds->v[i++] != after) {}
    return i < ds->n ? ds->v[i] : NULL;
}

const char *dialect_name(const struct dialect *d)
{
    return d->name;
}

unsigned dialect_parts(const struct dialect *d)
{
    return d->parts;
}

struct view dialect_params(const struct dialect *d)
{
    return view_of(d->params);
}

size_t dialect_max_batch(const struct dialect *d)
{
    return d->max_batch;
}

struct view dialect_source(const struct dialect_session *s)
{
    return s->d->source.n ? s->d->source : view_of(s->params);
}

/* ---- sessions */

struct dialect_session *dialect_open(const struct dialect *d, struct view params_json, struct why *why)
{
    struct json *params = NULL;
    struct dialect_session *s = calloc(1, sizeof *s);
    int err = s ? json_parse(params_json, &params, why) : ERR_NOMEM;
    if (!err)
        err = params_check(view_of(d->params), params, why);
    if (err) {
        if (s)
            why_under(why, "/params");
        goto fail;
    }
    s->d = d;
    s->params = d->source.n ? NULL : view_dup(params_json);
    d->table->sessions++;
    if (d->ops->open && d->ops->open(d, params, params_json, &s->self, why))
        goto fail;
    json_free(params);
    return s;
fail:
    json_free(params);
    dialect_close(s);
    return NULL;
}

void dialect_close(struct dialect_session *s)
{
    if (s && s->d) {
        struct dialects *table = s->d->table;
        if (s->d->ops->close)
            s->d->ops->close(s->self);
        table->sessions--;
        if (table->given_up)
            dialects_free(table);
        free(s->params);
    }
    free(s);
}

static int no_part(const struct dialect_session *s, const char *what, struct why *why)
{
    return why_set(why, ERR_STATE, "/dialect", "%s cannot %s", s->d->name, what);
}

/* An implementation that failed without words still gets some. */
static int finish(int err, struct why *why)
{
    if (err && why && !why->text[0])
        (void)why_set(why, err, "", "%s", err_text(err));
    return err;
}

static void start(struct why *why)
{
    if (why)
        *why = (struct why){0};
}

/* ---- polls */

int dialect_poll(struct dialect_session *s, const struct dialect_ctx *ctx, struct dialect_request *out,
                 struct why *why)
{
    start(why);
    dialect_request_init(out);
    s->follow_ups = 0;
    s->heard = 0;
    if (!(s->d->parts & DIALECT_POLL))
        return no_part(s, "be polled", why);
    int err = s->d->ops->poll(s->self, ctx, out, why);
    if (err)
        dialect_request_fini(out);
    return finish(err, why);
}

static int check_status(const struct dialect_session *s, int status, struct why *why)
{
    if (s->d->any_status || status / 100 == 2)
        return 0;
    return why_set(why, status == 401 || status == 403 ? ERR_AUTH : ERR_REFUSED, "", "answered HTTP %d",
                   status);
}

static bool has_registered_lots(const struct dialect_ctx *ctx)
{
    uint32_t size = ctx->lots ? registry_size(ctx->lots) : 0;
    for (uint32_t i = 0; i < size; i++) {
        const struct registry_lot *r = registry_lot(ctx->lots, i);
        if (!r->removed && ctx->feed && strcmp(r->lot.feed, ctx->feed) == 0)
            return true;
    }
    return !ctx->lots && ctx->n_known;
}

/* An answer without any lot is a failure where there are lots: it never means that they are gone. */
static int check_heard(struct dialect_session *s, const struct dialect_ctx *ctx, struct why *why)
{
    if (s->heard == 0 && (s->had_lots || has_registered_lots(ctx)))
        return why_set(why, ERR_PROTOCOL, "", "no lot in the answer, where there are lots");
    s->had_lots |= s->heard > 0;
    return 0;
}

static int check_more(struct dialect_session *s, struct why *why)
{
    int most = s->d->follow_ups ? s->d->follow_ups : DIALECT_MAX_FOLLOW_UPS;
    if (++s->follow_ups > most)
        return why_set(why, ERR_BUDGET, "", "more than %d further requests", most);
    return 0;
}

int dialect_decode(struct dialect_session *s, const struct dialect_ctx *ctx,
                   const struct dialect_response *res, struct report_list *out, struct dialect_request *next,
                   bool *more, struct why *why)
{
    size_t before = out->n, before_all = out->n + out->n_faults;
    start(why);
    *more = false;
    dialect_request_init(next);
    if (!(s->d->parts & DIALECT_POLL))
        return no_part(s, "be polled", why);
    int err = check_status(s, res->status, why);
    if (!err && res->body.n > DIALECT_MAX_BODY)
        err = why_set(why, ERR_TOO_BIG, "", "answer larger than %d bytes", DIALECT_MAX_BODY);
    if (!err)
        err = s->d->ops->decode(s->self, ctx, res, out, next, more, why);
    if (!err) {
        s->heard += out->n + out->n_faults - before_all;
        err = *more ? check_more(s, why) : check_heard(s, ctx, why);
    }
    if (err) {
        out->n = before; /* half an answer is no answer */
        *more = false;
        dialect_request_fini(next);
    }
    return finish(err, why);
}

/* ---- pushes to us */

int dialect_receive(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_inbound *req, struct report_list *out, struct dialect_reply *reply,
                    struct why *why)
{
    size_t before = out->n;
    start(why);
    *reply = (struct dialect_reply){0};
    buf_init(&reply->body, DIALECT_MAX_BODY);
    if (!(s->d->parts & DIALECT_RECEIVE))
        return no_part(s, "receive", why);
    if (req->body.n > DIALECT_MAX_BODY)
        return why_set(why, ERR_TOO_BIG, "", "body larger than %d bytes", DIALECT_MAX_BODY);
    int err = s->d->ops->receive(s->self, ctx, req, out, reply, why);
    if (err)
        out->n = before;
    return finish(err, why);
}

/* ---- pushes to platforms */

typedef int tell_fn(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                    struct dialect_request_list *out, struct why *why);

/* What must go before goes alone. True: the list is that. */
static bool keep_first(struct dialect_request_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!l->v[i].first)
            continue;
        struct dialect_request first = l->v[i];
        l->v[i] = l->v[0];
        l->v[0] = first;
        while (l->n > 1)
            dialect_request_fini(&l->v[--l->n]);
        return true;
    }
    return false;
}

/* In slices of the dialect's wish; item numbers become those of the whole batch. */
static int tell_all(struct dialect_session *s, tell_fn *fn, const struct dialect_ctx *ctx,
                    const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why)
{
    int err = 0;
    for (size_t at = 0; at < batch->n && !err;) {
        struct dialect_batch part = *batch;
        size_t first = out->n;
        part.items += at;
        part.n -= at;
        if (s->d->max_batch && part.n > s->d->max_batch)
            part.n = s->d->max_batch;
        err = fn(s->self, ctx, &part, out, why);
        if (!err && keep_first(out))
            break;
        for (size_t r = first; r < out->n; r++) {
            for (size_t i = 0; i < out->v[r].n_items; i++)
                out->v[r].items[i] += (uint32_t)at;
        }
        at += part.n;
    }
    return err;
}

static int tell(struct dialect_session *s, enum dialect_part part, const struct dialect_ctx *ctx,
                const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why)
{
    const struct dialect_ops *ops = s->d->ops;
    const struct {
        enum dialect_part part;
        tell_fn *fn;
        const char *what;
    } calls[] = {{DIALECT_PUSH, ops->push, "push"},
                 {DIALECT_BEAT, ops->beat, "send signs of life"},
                 {DIALECT_REGISTER, ops->enrol, "register lots"},
                 {DIALECT_DAY, ops->day, "send a day's statement"},
                 {DIALECT_ASK, ops->ask, "ask what the platform holds"}};
    size_t i = 0;
    start(why);
    *out = (struct dialect_request_list){0};
    while (calls[i].part != part)
        i++;
    if (!(s->d->parts & part))
        return no_part(s, calls[i].what, why);
    int err = tell_all(s, calls[i].fn, ctx, batch, out, why);
    for (size_t r = 0; r < out->n; r++)
        out->v[r].part = part;
    if (err)
        dialect_request_list_fini(out);
    return finish(err, why);
}

int dialect_push(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why)
{
    return tell(s, DIALECT_PUSH, ctx, batch, out, why);
}

int dialect_beat(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why)
{
    return tell(s, DIALECT_BEAT, ctx, batch, out, why);
}

int dialect_register(struct dialect_session *s, const struct dialect_ctx *ctx,
                     const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why)
{
    return tell(s, DIALECT_REGISTER, ctx, batch, out, why);
}

int dialect_day(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why)
{
    return tell(s, DIALECT_DAY, ctx, batch, out, why);
}

int dialect_ask(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why)
{
    return tell(s, DIALECT_ASK, ctx, batch, out, why);
}

int dialect_answer(struct dialect_session *s, const struct dialect_ctx *ctx,
                   const struct dialect_request *req, const struct dialect_response *res,
                   struct dialect_known_list *out, struct why *why)
{
    start(why);
    *out = (struct dialect_known_list){0};
    if (!(s->d->parts & DIALECT_ASK))
        return no_part(s, "ask what the platform holds", why);
    int err = s->d->ops->answer(s->self, ctx, req, res, out, why);
    if (err)
        dialect_known_list_fini(out);
    return finish(err, why);
}

int dialect_check(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_request *req,
                  const struct dialect_response *res, struct dialect_judgement *out)
{
    *out = (struct dialect_judgement){0};
    if (!s->d->ops->check)
        return 0;
    int err = s->d->ops->check(s->self, ctx, req, res, out);
    if (err) {
        dialect_judgement_fini(out);
        out->all = VERDICT_RETRY;
    }
    return finish(err, &out->why);
}
