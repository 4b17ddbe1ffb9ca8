/* SPDX-License-Identifier: MIT
 * Performs a sink's trial: registration, state, sign of life, question, in the order in which a platform
 * hears them.
 */
#include "parkd/app/sink_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/sink_trial_impl.h"
#include "parkd/net/fetch.h"
#include "parkd/publish/publisher.h"

static const enum dialect_part order[SINK_TRIAL_STEPS] = {DIALECT_REGISTER, DIALECT_PUSH, DIALECT_BEAT,
                                                          DIALECT_ASK};

static struct dialect_ctx ctx_of(const struct sink_trial *t)
{
    return (struct dialect_ctx){.now_ms = t->now_ms,
                                .url = view_of(t->sink.url),
                                .secret = view_of(t->sink.secret),
                                .bearer = view_of(t->sink.bearer)};
}

static struct sink_trial_step *present(const struct sink_trial *t)
{
    return (struct sink_trial_step *)&t->steps[t->n_steps - 1];
}

static void note(struct sink_trial_step *s, const char *words)
{
    (void)snprintf(s->note, sizeof s->note, "%s", words);
}

/* ---- requests */

typedef int call_fn(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why);

static call_fn *call_of(enum dialect_part part)
{
    return part == DIALECT_REGISTER ? dialect_register
           : part == DIALECT_PUSH   ? dialect_push
           : part == DIALECT_BEAT   ? dialect_beat
                                    : dialect_ask;
}

static void keep(struct sink_trial_step *s, struct dialect_request_list *l)
{
    for (size_t i = 0; i < l->n && s->n < SINK_TRIAL_REQUESTS; i++) {
        struct sink_trial_call *c = &s->calls[s->n++];
        c->req = l->v[i];
        buf_init(&c->answer, SINK_TRIAL_ANSWER);
        dialect_request_init(&l->v[i]); /* its parts have moved */
    }
    dialect_request_list_fini(l);
}

/* The same request can be sent by a trial and by the sink: its id must differ then, and in every trial. */
static void make_id(const struct sink_trial *t, enum dialect_part part, char *dst, size_t size)
{
    static const char letters[] = {[DIALECT_REGISTER] = 'r', [DIALECT_PUSH] = 'b', [DIALECT_BEAT] = 'h'};
    (void)snprintf(dst, size, "try-%c-%llx", part == DIALECT_ASK ? 'a' : letters[part],
                   (unsigned long long)t->now_ms);
}

static void build(struct sink_trial *t)
{
    struct sink_trial_step *s = present(t);
    struct dialect_request_list list = {0};
    char id[48];
    struct dialect_ctx ctx = ctx_of(t);
    struct dialect_item item = {.lot = &t->lot,
                                .reading = &t->reading,
                                .version = t->version,
                                .filed = t->filed,
                                .code = t->code,
                                .cars_in = COUNT_NONE,
                                .cars_out = COUNT_NONE};
    make_id(t, s->part, id, sizeof id);
    struct dialect_batch batch = {.items = &item, .n = 1, .batch_id = id};
    if (s->part == DIALECT_PUSH && t->sums.n)
        batch.summary = &t->sums;
    s->err = call_of(s->part)(t->session, &ctx, &batch, &list, &s->why);
    if (!s->err && !list.n)
        note(s, s->part == DIALECT_REGISTER ? "this protocol wants no registration of this lot"
                : s->part == DIALECT_ASK    ? "there is no way to ask"
                                            : "this protocol has nothing to say of this state");
    keep(s, &list);
}

/* ---- steps */

static bool wanted(const struct sink_trial *t, enum dialect_part part)
{
    if (part == DIALECT_ASK && !t->compare)
        return false;
    return dialect_parts(t->dialect) & part;
}

static bool sends(const struct sink_trial *t, enum dialect_part part)
{
    return t->send || part == DIALECT_ASK;
}

/* A step whose first request waits to be sent? Else it is done with. */
static bool begin_step(struct sink_trial *t, enum dialect_part part)
{
    struct sink_trial_step *s = &t->steps[t->n_steps++];
    s->part = part;
    if (t->shut || (t->barred && part != DIALECT_ASK)) {
        note(s, "left out, because what goes before it did not go well");
        return false;
    }
    build(t);
    if (!sends(t, part) && s->n && s->calls[0].req.first) {
        note(s, "what follows is made with the answer to this log-in; --send sends it");
        t->barred = true;
    }
    return sends(t, part) && s->n;
}

static bool next_step(struct sink_trial *t)
{
    int from = t->n_steps ? 0 : -1;
    for (int i = 0; from == 0 && i < SINK_TRIAL_STEPS; i++)
        from = order[i] == present(t)->part ? i + 1 : from;
    for (int i = from < 0 ? 0 : from; i < SINK_TRIAL_STEPS; i++) {
        if (wanted(t, order[i]) && begin_step(t, order[i]))
            return true;
    }
    return false;
}

/* ---- answers */

static void keep_answer(struct sink_trial_call *c, const struct trial_answer *a)
{
    struct view type = fetch_header_value(a->head, "Content-Type"), body = a->body;
    c->sent = true;
    c->err = a->err;
    c->status = a->status;
    c->took_ms = a->took_ms;
    c->answer_size = body.n;
    body.n = body.n < SINK_TRIAL_ANSWER ? body.n : SINK_TRIAL_ANSWER;
    (void)buf_view(&c->answer, body);
    (void)snprintf(c->content_type, sizeof c->content_type, VIEW_FMT, VIEW_ARG(type));
    (void)snprintf(c->tls, sizeof c->tls, "%s", a->tls ? a->tls : "");
    if (a->err)
        (void)snprintf(c->detail, sizeof c->detail, "%s",
                       a->detail && a->detail[0] ? a->detail : err_text(a->err));
}

static void take_judgement(struct sink_trial *t, struct sink_trial_call *c, struct dialect_judgement *j)
{
    bool own = j->each && c->req.n_items;
    c->verdict = own ? j->each[0] : j->all;
    c->why = j->why;
    c->clock_ms = j->clock_ms;
    if (j->codes && c->req.n_items && j->codes[0][0]) {
        memcpy(c->code, j->codes[0], sizeof c->code);
        memcpy(t->code, j->codes[0], sizeof t->code);
    }
    dialect_judgement_fini(j);
}

static void check(struct sink_trial *t, struct sink_trial_call *c, const struct dialect_response *res)
{
    struct dialect_ctx ctx = ctx_of(t);
    struct dialect_judgement j = {0};
    int err = dialect_check(t->session, &ctx, &c->req, res, &j);
    take_judgement(t, c, &j);
    if (!err)
        return;
    c->verdict = VERDICT_RETRY;
    if (!c->why.text[0])
        (void)why_set(&c->why, err, "", "%s", err_text(err));
}

static void take_known(struct sink_trial *t, struct sink_trial_call *c, const struct dialect_response *res)
{
    struct dialect_ctx ctx = ctx_of(t);
    struct dialect_known_list list = {0};
    struct why why = {0};
    if (dialect_answer(t->session, &ctx, &c->req, res, &list, &why)) {
        c->verdict = VERDICT_RETRY;
        c->why = why;
        return;
    }
    t->asked = true;
    c->verdict = VERDICT_OK; /* it answered; that it does not know the lot is for the comparison to say */
    for (size_t i = 0; i < list.n && !t->known; i++) {
        t->known = true;
        t->there = list.v[i];
    }
    dialect_known_list_fini(&list);
}

static void judge(struct sink_trial *t, struct sink_trial_call *c, const struct trial_answer *a)
{
    struct dialect_response res = {a->status, a->head, a->body};
    c->judged = true;
    c->verdict = a->err ? VERDICT_RETRY : publish_verdict(a->status);
    if (a->err)
        (void)why_set(&c->why, a->err, "", "%s", c->detail);
    else if (c->req.part == DIALECT_ASK && !c->req.first && (c->verdict == VERDICT_OK || a->status == 404))
        take_known(t, c, &res); /* some answer 404 for a lot that they do not know */
    else if (c->verdict == VERDICT_OK)
        check(t, c, &res);
    else
        (void)why_set(&c->why, ERR_REFUSED, "", "HTTP %d", a->status);
}

/* The log-in was taken: what it was for is made now. */
static bool after_first(struct sink_trial *t, struct sink_trial_step *s)
{
    if (s->firsts++ >= SINK_TRIAL_FIRSTS) {
        s->err = why_set(&s->why, ERR_AUTH, "", "it wants a log-in again and again");
        t->barred = true;
        return false;
    }
    build(t);
    return s->at < s->n;
}

bool sink_trial_take(struct sink_trial *t, const struct trial_answer *a)
{
    struct sink_trial_step *s = present(t);
    struct sink_trial_call *c = &s->calls[s->at++];
    keep_answer(c, a);
    judge(t, c, a);
    bool good = c->verdict == VERDICT_OK;
    if (!good && (c->req.first || s->part == DIALECT_REGISTER || s->part == DIALECT_PUSH))
        t->barred = true;
    t->shut |= c->req.first && !good;
    if (c->req.first && good && after_first(t, s))
        return true;
    if (good && !c->req.first && s->at < s->n)
        return true;
    if (s->part == DIALECT_REGISTER && good && !c->req.first)
        t->filed = true;
    return next_step(t);
}

/* ---- the whole */

bool sink_trial_begin(struct sink_trial *t, const struct dialects *ds)
{
    t->dialect = dialects_find(ds, t->sink.dialect);
    if (!t->dialect)
        t->err = why_set(&t->why, ERR_NOT_FOUND, "/dialect", "there is no dialect %s", t->sink.dialect);
    else if (!(dialect_parts(t->dialect) & DIALECT_PUSH))
        t->err =
            why_set(&t->why, ERR_STATE, "/dialect", "dialect %s cannot tell a platform", t->sink.dialect);
    else if (!(t->session = dialect_open(t->dialect, view_of(t->sink.params), &t->why)))
        t->err = ERR_INVALID;
    return !t->err && next_step(t);
}

const struct dialect_request *sink_trial_request(const struct sink_trial *t)
{
    const struct sink_trial_step *s = present(t);
    return &s->calls[s->at].req;
}

const struct sink *sink_trial_sink(const struct sink_trial *t)
{
    return &t->sink;
}

bool sink_trial_sends(const struct sink_trial *t)
{
    return t->send;
}

void sink_trial_sums(struct sink_trial *t, struct summary *sums)
{
    summary_fini(&t->sums);
    t->sums = *sums;
    *sums = (struct summary){0};
}

int sink_trial_new(struct json *request, const struct json *registration, const struct sink_trial_lot *lot,
                   int64_t now_ms, struct sink_trial **out, struct why *why)
{
    struct sink_trial *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) {
        json_free(request);
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    t->doc = request;
    t->now_ms = now_ms;
    int err = sink_trial_parse(t, registration, lot, why);
    if (err)
        sink_trial_free(t);
    else
        *out = t;
    return err;
}

void sink_trial_end(struct sink_trial *t)
{
    dialect_close(t->session);
    t->session = NULL;
    t->dialect = NULL;
}

void sink_trial_free(struct sink_trial *t)
{
    if (!t)
        return;
    sink_trial_end(t);
    for (int i = 0; i < t->n_steps; i++) {
        for (size_t k = 0; k < t->steps[i].n; k++) {
            dialect_request_fini(&t->steps[i].calls[k].req);
            buf_fini(&t->steps[i].calls[k].answer);
        }
    }
    summary_fini(&t->sums);
    sink_fini(&t->sink);
    json_free(t->doc);
    free(t);
}
