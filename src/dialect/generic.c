/* SPDX-License-Identifier: MIT
 * The built-in dialect `generic`: any feed by a mapping.
 *
 * A poll may take several requests: pages (and chunks of ids) first, then joined messages, whole ones before
 * those of single lots. What comes is kept until all is there; then reports are made of it. A page or a whole
 * join that is lost fails the poll (an older join that is still kept serves); a lost detail of one lot costs
 * that lot's joined fields. Decoding without a poll before it (a trial of a sample) asks for nothing further.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/doc_watch.h"
#include "dialect/generic_impl.h"
#include "dialect/map_read.h"
#include "dialect/trace.h"

/* What one call may take of a CPU: in the pool (who waits for a call in the loop has the registry) more. */
#define LOOP_NS 300000000l
#define POOL_NS 3000000000l

/* ---- opening and closing */

static void forget_messages(struct generic *g)
{
    while (g->n_messages)
        doc_free(g->messages[--g->n_messages].doc);
    g->bytes = 0;
    g->asking = false;
    g->waiting = FOR_PAGE;
}

static void generic_close(void *self)
{
    struct generic *g = self;
    if (!g)
        return;
    forget_messages(g);
    map_store_fini(&g->store);
    map_ids_fini(&g->ids);
    arena_fini(&g->texts);
    mapping_free(g->m);
    json_free(g->params);
    free(g);
}

static int generic_open(const struct dialect *d, const struct json *params, struct view text, void **self,
                        struct why *why)
{
    (void)d;
    (void)params;
    struct generic *g = calloc(1, sizeof *g);
    *self = g;
    if (!g)
        return ERR_NOMEM;
    arena_init(&g->texts, 4 * 1024 * 1024);
    map_store_init(&g->store, GENERIC_MAX_KEPT);
    if (text.n > MAP_MAX_TEXT)
        return why_set(why, ERR_TOO_BIG, "/params", "more than %d bytes", MAP_MAX_TEXT);
    int err = json_parse(text, &g->params, why);
    if (!err)
        err = mapping_compile(g->params, &g->m, why);
    if (err)
        why_under(why, "/params");
    return err;
}

/* ---- asking */

static void begin(struct generic *g, const struct dialect_ctx *ctx)
{
    map_eval_init(&g->eval, g->m, ctx);
    g->joined = (struct map_joined){&g->store, map_store_find, map_store_label};
    g->eval.joined = &g->joined;
    doc_watch_open(ctx->lots ? LOOP_NS : POOL_NS);
}

static void finish(struct generic *g)
{
    doc_watch_close();
    map_eval_fini(&g->eval);
}

static bool asks_for_each(const struct generic *g)
{
    for (int i = 0; i < g->m->n_joins; i++) {
        if (g->m->joins[i].each)
            return true;
    }
    return false;
}

static int generic_poll(void *self, const struct dialect_ctx *ctx, struct dialect_request *out,
                        struct why *why)
{
    struct generic *g = self;
    struct why unasked;
    why = why ? why : &unasked;
    if (g->m->listens)
        return why_set(why, ERR_STATE, "/params/mapping",
                       "a feed without a mapping listens only, and cannot be polled");
    forget_messages(g);
    map_ids_fini(&g->ids);
    arena_back(&g->texts, (struct arena_mark){0});
    map_store_begin(&g->store, g->m);
    g->chunk = 0;
    g->follow_ups = 0;
    g->detail = 0;
    begin(g, ctx);
    bool ids = asks_for_each(g) || map_asks_with(g->m, ctx->url, HOLE_IDS);
    int err = ids ? map_ids_collect(ctx, &g->ids) : 0;
    if (!err && !(err = generic_check_chunks(g, why)))
        err = generic_first_page(g, out, why);
    finish(g);
    g->asking = !err;
    return err;
}

/* ---- joins */

static int ask_join(struct generic *g, int join, const char *lot, struct dialect_request *next,
                    struct why *why)
{
    int err = map_request_join(&g->eval, &g->ids, join, next, why);
    g->waiting = FOR_JOIN;
    g->join = join;
    (void)snprintf(g->lot, sizeof g->lot, "%s", lot);
    return err ? err : generic_keep_url(g, next->url);
}

static int take_join(struct generic *g, const struct dialect_response *res, struct why *why)
{
    int err = generic_check_status(res->status, why);
    if (!err)
        err = map_store_put(&g->store, &g->eval, g->join, g->lot, res, g->url, why);
    else
        why_under(why, VIEW_FMT ":", VIEW_ARG(g->m->joins[g->join].name));
    if (!err || err == ERR_NOMEM)
        return err;
    if (!g->m->joins[g->join].each && !map_store_has(&g->store, g->join, g->lot))
        return err;
    *why = (struct why){0};
    return map_store_lose(&g->store, g->join, g->lot);
}

/* Whole joins that are given, or to be asked for. */
static int next_join(struct generic *g, struct dialect_request *next, bool *more, struct why *why)
{
    int err = 0;
    for (int i = 0; i < g->m->n_joins && !err && !*more; i++) {
        if (g->m->joins[i].each || map_store_is_fresh(&g->store, g->m, i, "", g->eval.ctx->now_ms))
            continue;
        if (map_store_given(&g->eval, i)) {
            err = map_store_take_given(&g->store, &g->eval, i, why);
        } else if (g->asking) {
            *more = true;
            err = ask_join(g, i, "", next, why);
        }
    }
    return err;
}

/* For the store: `e` has met a lot whose detail is not there. */
static int on_missing(void *ctx, struct map_eval *e, int join)
{
    struct generic *g = ctx;
    return map_request_join(e, &g->ids, join, g->next, g->why);
}

static bool is_wanted(void *ctx, const struct map_eval *e)
{
    const struct generic *g = ctx;
    return g->ids.n == 0 || map_ids_have(&g->ids, e->lot);
}

/* Reads everything without keeping anything, and stops at the first lot whose detail has to be asked for. */
static int next_detail(struct generic *g, struct dialect_request *next, bool *more, struct why *why)
{
    if (!g->asking || g->follow_ups >= DIALECT_MAX_FOLLOW_UPS || !asks_for_each(g))
        return 0;
    g->next = next;
    g->why = why;
    g->store.ask = on_missing;
    g->store.asked = false;
    int err = map_read_dry(&g->eval, g->messages, g->n_messages, &g->detail, why);
    g->store.ask = NULL;
    if (!g->store.asked)
        return err;
    *more = true;
    g->eval.err = 0;
    *why = (struct why){0};
    g->waiting = FOR_JOIN;
    g->join = g->store.asked_join;
    memcpy(g->lot, g->store.asked_lot, sizeof g->lot);
    return generic_keep_url(g, next->url);
}

/* ---- decoding */

static int go_on(struct generic *g, const struct dialect_response *res, struct dialect_request *next,
                 bool *more, struct why *why)
{
    int err = g->waiting == FOR_PAGE ? generic_take_page(g, res, why) : take_join(g, res, why);
    if (!err && g->waiting == FOR_PAGE && g->asking)
        err = generic_next_page(g, next, more, why);
    if (!err && !*more)
        err = next_join(g, next, more, why);
    if (!err && !*more)
        err = next_detail(g, next, more, why);
    g->follow_ups += *more;
    return err;
}

static void keep_last(struct generic *g, struct dialect_trace *t)
{
    if (!t || !g->n_messages)
        return;
    trace_keep_doc(t, g->messages[g->n_messages - 1].doc);
    g->messages[g->n_messages - 1].doc = NULL;
}

static int generic_decode(void *self, const struct dialect_ctx *ctx, const struct dialect_response *res,
                          struct report_list *out, struct dialect_request *next, bool *more, struct why *why)
{
    struct generic *g = self;
    struct why unasked;
    why = why ? why : &unasked;
    if (g->m->listens)
        return why_set(why, ERR_STATE, "/params/mapping", "a feed without a mapping listens only");
    if (!g->asking) {
        forget_messages(g);
        map_store_begin(&g->store, g->m);
    }
    begin(g, ctx);
    g->store.ctx = g;
    g->store.wants = g->asking ? is_wanted : NULL;
    int err = go_on(g, res, next, more, why);
    if (!err && !*more)
        err = map_read_reports(&g->eval, g->messages, g->n_messages, out, why);
    finish(g);
    if (err || !*more) {
        keep_last(g, ctx->trace);
        forget_messages(g);
    }
    return err;
}

/* ---- pushes */

static int reply_to(struct generic *g, const struct message *msg, struct dialect_reply *reply)
{
    const struct map_reply *r = &g->m->reply;
    struct map_frame root = {0};
    struct map_fill fill = {.e = &g->eval, .escape = map_escape_of(&r->body, r->type)};
    if (msg) {
        root = map_root_frame(msg);
        g->eval.base = &root;
        map_lets_reset(&g->eval);
    }
    reply->status = r->status;
    int err = view_copy(r->type, reply->content_type, sizeof reply->content_type);
    if (!err)
        err = map_template_fill(&r->body, &fill, &reply->body);
    g->eval.base = NULL;
    return err ? err : g->eval.err;
}

static int receive(struct generic *g, const struct dialect_inbound *req, struct message *msg,
                   struct report_list *out, struct why *why)
{
    int err = map_read_message(&g->m->message, req->content_type, req->body, msg, why);
    if (!err)
        err = map_read_success(&g->eval, msg, why);
    return err ? err : map_read_reports(&g->eval, msg, 1, out, why);
}

static int generic_receive(void *self, const struct dialect_ctx *ctx, const struct dialect_inbound *req,
                           struct report_list *out, struct dialect_reply *reply, struct why *why)
{
    struct generic *g = self;
    struct message msg = {.url = req->path};
    struct why unasked;
    int err = 0;
    why = why ? why : &unasked;
    map_store_begin(&g->store, g->m);
    g->store.wants = NULL;
    begin(g, ctx);
    g->eval.inbound = req;
    if (!g->m->listens)
        err = receive(g, req, &msg, out, why);
    if (!err)
        err = reply_to(g, g->m->listens ? NULL : &msg, reply);
    finish(g);
    if (ctx->trace)
        trace_keep_doc(ctx->trace, msg.doc);
    else
        doc_free(msg.doc);
    return err;
}

const struct dialect_ops generic_ops = {
    .open = generic_open,
    .close = generic_close,
    .poll = generic_poll,
    .decode = generic_decode,
    .receive = generic_receive,
};
