/* SPDX-License-Identifier: MIT
 * A dialect for tests of what stands around dialects: its calls do what the test's variables say. Included by
 * one test program each, in place of dialect's own objects.
 *
 * poll asks GET <url>; answers are lines: "LOT FREE", "LOT FREE SOURCE_MS", "more" (one more request), "fault
 * LOT"; anything else is an error. push writes "LOT=SEQ " for each item, into one request or one an item;
 * answers "reject LOT…", "retry", "pause", "refuse". register writes "reg:LOT=VERSION" with "new:" before it
 * where the lot is not filed and "/CODE" behind it where it has one, day "DATE:LOT=IN,OUT"; further answers:
 * "code CODE" (of the first item), "unbalanced LOT…", "clock MS". While fake_logins is above 0, every call
 * wants a login first.
 */
#ifndef PARKD_TESTS_FAKE_DIALECT_H
#define PARKD_TESTS_FAKE_DIALECT_H

#include "parkd/dialect/dialect.h"
#include "parkd/model/report.h"

struct dialect {
    const char *name;
    unsigned parts;
};
struct dialects {
    struct dialect v[4];
};
struct dialect_session {
    const struct dialect *d;
};

static struct dialects fake_dialects = {
    {{"fake", DIALECT_POLL | DIALECT_RECEIVE | DIALECT_PUSH | DIALECT_BEAT},
     {"city", DIALECT_PUSH | DIALECT_BEAT | DIALECT_REGISTER | DIALECT_DAY},
     {"deaf", 0},
     {NULL, 0}}};
static int fake_sessions;           /* open ones */
static bool fake_one_lot;           /* push: a request an item */
static const char *fake_untellable; /* push leaves this lot out */
static const char *fake_poison;     /* push fails when it sees this lot */
static int fake_push_err;           /* and this is how, or how every push fails */
static int fake_builds;
static int fake_logins;          /* so many more requests go before */
static const char *fake_unfiled; /* register leaves this lot out */

static inline void fake_parts_reset(void)
{
    fake_logins = 0;
    fake_unfiled = NULL;
}

const struct dialect *dialects_find(const struct dialects *ds, const char *name)
{
    for (const struct dialect *d = ds->v; d->name; d++) {
        if (strcmp(d->name, name) == 0)
            return d;
    }
    return NULL;
}

unsigned dialect_parts(const struct dialect *d)
{
    return d->parts;
}

size_t dialect_max_batch(const struct dialect *d)
{
    (void)d;
    return 0;
}

struct dialect_session *dialect_open(const struct dialect *d, struct view params_json, struct why *why)
{
    if (!view_is(params_json, "{}")) {
        (void)why_set(why, ERR_UNKNOWN_KEY, "/params", "unknown parameter");
        return NULL;
    }
    struct dialect_session *s = calloc(1, sizeof *s);
    assert(s);
    s->d = d;
    fake_sessions++;
    return s;
}

void dialect_close(struct dialect_session *s)
{
    fake_sessions -= s != NULL;
    free(s);
}

void dialect_request_init(struct dialect_request *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->body, DIALECT_MAX_BODY);
}

void dialect_request_fini(struct dialect_request *r)
{
    buf_fini(&r->body);
    free(r->items);
    r->items = NULL;
    r->n_items = 0;
}

void dialect_request_list_fini(struct dialect_request_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        dialect_request_fini(&l->v[i]);
    free(l->v);
    *l = (struct dialect_request_list){0};
}

void dialect_judgement_fini(struct dialect_judgement *j)
{
    free(j->each);
    free(j->codes);
    free(j->unbalanced);
    *j = (struct dialect_judgement){0};
}

/* ---- polls */

int dialect_poll(struct dialect_session *s, const struct dialect_ctx *ctx, struct dialect_request *out,
                 struct why *why)
{
    (void)s;
    (void)why;
    dialect_request_init(out);
    return view_copy(ctx->url, out->url, sizeof out->url);
}

static int fake_line(struct view line, struct report_list *out, struct dialect_request *next, bool *more,
                     struct why *why)
{
    struct view rest = line, word = view_cut(&rest, ' ');
    struct report r;
    report_init(&r);
    if (view_is(word, "more")) {
        *more = true;
        return view_copy(VIEW("http://lot/next"), next->url, sizeof next->url);
    }
    if (view_is(word, "fault")) {
        struct why fault = {.at = "/free", .text = "not a number"};
        return report_list_fault(out, 1, rest, &fault);
    }
    struct view free = view_cut(&rest, ' ');
    if (view_copy(word, r.lot, sizeof r.lot) ||
        (!view_is(free, "-") && view_to_int(free, -9999, 9999, &r.free)) ||
        (rest.n && view_to_int(rest, 1, INT64_MAX, &r.source_ms)))
        return why_set(why, ERR_SYNTAX, "", "not what was expected");
    return report_list_add(out, &r);
}

int dialect_decode(struct dialect_session *s, const struct dialect_ctx *ctx,
                   const struct dialect_response *res, struct report_list *out, struct dialect_request *next,
                   bool *more, struct why *why)
{
    struct view body = res->body;
    int err = 0;
    (void)s;
    (void)ctx;
    dialect_request_init(next);
    *more = false;
    if (res->status / 100 != 2)
        return why_set(why, ERR_REFUSED, "", "answered HTTP %d", res->status);
    while (body.n && !err)
        err = fake_line(view_cut(&body, '\n'), out, next, more, why);
    return err;
}

/* ---- what comes in: lines as an answer has them */

void dialect_reply_fini(struct dialect_reply *r)
{
    buf_fini(&r->body);
}

int dialect_receive(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_inbound *req, struct report_list *out, struct dialect_reply *reply,
                    struct why *why)
{
    struct dialect_request next;
    struct view body = req->body;
    bool more = false;
    int err = 0;
    (void)s;
    (void)ctx;
    *reply = (struct dialect_reply){0};
    dialect_request_init(&next);
    while (body.n && !err)
        err = fake_line(view_cut(&body, '\n'), out, &next, &more, why);
    return err;
}

/* ---- pushes */

static void fake_add(struct dialect_request_list *l, const struct dialect_ctx *ctx, const char *batch_id)
{
    l->v = realloc(l->v, (l->n + 1) * sizeof *l->v);
    assert(l->v);
    struct dialect_request *r = &l->v[l->n++];
    dialect_request_init(r);
    (void)snprintf(r->method, sizeof r->method, "POST");
    assert(view_copy(ctx->url, r->url, sizeof r->url) == 0);
    (void)snprintf(r->headers[0].name, sizeof r->headers[0].name, "id");
    (void)snprintf(r->headers[0].value, sizeof r->headers[0].value, "%s", batch_id);
    r->n_headers = 1;
}

static void fake_write(struct buf *out, const struct dialect_item *item, const char *prefix,
                       enum dialect_part part)
{
    const char *code = item->code && item->code[0] ? item->code : NULL;
    if (part == DIALECT_DAY)
        buf_printf(out, "%s:%s=%d,%d", prefix, item->lot->id, item->cars_in, item->cars_out);
    else if (part == DIALECT_REGISTER)
        buf_printf(out, "%sreg:%s=%llu", item->filed ? "" : "new:", item->lot->id,
                   (unsigned long long)item->version);
    else
        buf_printf(out, "%s%s=%llu", prefix, item->lot->id, (unsigned long long)item->reading->seq);
    buf_printf(out, "%s%s ", code ? "/" : "", code ? code : "");
}

static void fake_add_item(struct dialect_request *r, uint32_t i, const struct dialect_item *item,
                          const char *prefix)
{
    r->items = realloc(r->items, (r->n_items + 1) * sizeof *r->items);
    assert(r->items);
    r->items[r->n_items++] = i;
    fake_write(&r->body, item, prefix, r->part);
}

static bool fake_login(const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                       struct dialect_request_list *out)
{
    if (!fake_logins)
        return false;
    fake_logins--;
    fake_add(out, ctx, batch->batch_id);
    out->v[0].first = true;
    buf_printf(&out->v[0].body, "login");
    return true;
}

static int fake_tell(const struct dialect_ctx *ctx, const struct dialect_batch *batch, enum dialect_part part,
                     struct dialect_request_list *out, struct why *why)
{
    const char *prefix = part == DIALECT_BEAT ? "beat:" : part == DIALECT_DAY ? batch->date : "";
    const char *untold = part == DIALECT_REGISTER ? fake_unfiled : fake_untellable;
    *out = (struct dialect_request_list){0};
    fake_builds++;
    if (fake_login(ctx, batch, out))
        return 0;
    for (size_t i = 0; i < batch->n; i++) {
        const char *id = batch->items[i].lot->id;
        if (fake_push_err && (!fake_poison || strcmp(fake_poison, id) == 0)) {
            dialect_request_list_fini(out);
            return why_set(why, fake_push_err, "", "the script failed");
        }
        if (untold && strcmp(untold, id) == 0)
            continue;
        if (out->n == 0 || fake_one_lot)
            fake_add(out, ctx, batch->batch_id);
        out->v[out->n - 1].part = part;
        fake_add_item(&out->v[out->n - 1], (uint32_t)i, &batch->items[i], prefix);
    }
    return 0;
}

int dialect_push(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why)
{
    (void)s;
    assert(batch->summary);
    return fake_tell(ctx, batch, DIALECT_PUSH, out, why);
}

int dialect_beat(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                 struct dialect_request_list *out, struct why *why)
{
    (void)s;
    return fake_tell(ctx, batch, DIALECT_BEAT, out, why);
}

int dialect_register(struct dialect_session *s, const struct dialect_ctx *ctx,
                     const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why)
{
    (void)s;
    return fake_tell(ctx, batch, DIALECT_REGISTER, out, why);
}

int dialect_day(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                struct dialect_request_list *out, struct why *why)
{
    (void)s;
    return fake_tell(ctx, batch, DIALECT_DAY, out, why);
}

/* Does item number `at` of the body, "LOT=SEQ x:LOT=SEQ ", stand in the blank-separated list? */
static bool fake_named(struct view body, size_t at, struct view list)
{
    struct view item = {NULL, 0};
    for (size_t i = 0; i <= at; i++)
        item = view_cut(&body, ' ');
    item = view_cut(&item, '=');
    for (struct view rest = item; rest.n; item = view_cut(&rest, ':'))
        ;
    while (list.p) {
        if (view_eq(view_cut(&list, ' '), item))
            return true;
    }
    return false;
}

static void fake_extras(const struct dialect_request *req, struct view word, struct view rest,
                        struct dialect_judgement *out)
{
    if (view_is(word, "clock"))
        assert(view_to_int(rest, 1, INT64_MAX, &out->clock_ms) == 0);
    if (view_is(word, "code")) {
        out->codes = calloc(req->n_items + 1, sizeof *out->codes);
        assert(out->codes && view_copy(rest, out->codes[0], sizeof out->codes[0]) == 0);
    }
    if (view_is(word, "unbalanced")) {
        out->unbalanced = calloc(req->n_items + 1, sizeof *out->unbalanced);
        assert(out->unbalanced);
        for (size_t i = 0; i < req->n_items; i++)
            out->unbalanced[i] = fake_named(buf_get(&req->body), i, rest);
    }
}

int dialect_check(struct dialect_session *s, const struct dialect_ctx *ctx, const struct dialect_request *req,
                  const struct dialect_response *res, struct dialect_judgement *out)
{
    struct view rest = res->body, word = view_cut(&rest, ' ');
    (void)s;
    (void)ctx;
    *out = (struct dialect_judgement){0};
    if (view_is(word, "retry"))
        out->all = VERDICT_RETRY;
    if (view_is(word, "pause"))
        out->all = VERDICT_PAUSE;
    if (view_is(word, "refuse"))
        out->all = VERDICT_REJECT;
    if (out->all != VERDICT_OK)
        (void)why_set(&out->why, ERR_REFUSED, "", "platform says " VIEW_FMT, VIEW_ARG(word));
    fake_extras(req, word, rest, out);
    if (!view_is(word, "reject"))
        return 0;
    out->each = calloc(req->n_items + 1, sizeof *out->each);
    assert(out->each);
    for (size_t i = 0; i < req->n_items; i++)
        out->each[i] = fake_named(buf_get(&req->body), i, rest) ? VERDICT_REJECT : VERDICT_OK;
    return why_set(&out->why, 0, "", "unknown lot");
}

#endif
