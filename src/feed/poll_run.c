/* SPDX-License-Identifier: MIT
 * Builds the request by the dialect, waits for a turn at the host, asks (first for a token, if the feed's
 * access needs one), lets the dialect read, and asks on while it wants to. Large answers are read in the
 * pool.
 */
#include "feed/poll_run.h"

#include <stdlib.h>
#include <string.h>

#include "parkd/base/counters.h"
#include "parkd/feed/bodies.h"

static void on_turn(void *ctx);
static void on_answer(void *ctx, const struct fetch_result *res);
static void on_decoded(void *ctx, struct aside_result *result);

void poll_run_free(struct poll_run *run)
{
    if (!run)
        return;
    turn_cancel(run->turn);
    fetch_cancel(run->op);
    if (run->job)
        run->entry->session = NULL;
    aside_give_up(run->job);
    dialect_request_fini(&run->req);
    report_list_fini(&run->reports);
    free(run);
}

static struct dialect_ctx ctx_of(const struct feed_entry *e)
{
    return (struct dialect_ctx){.now_ms = clock_wall_ms(e->set->clock),
                                .url = view_of(e->feed.url),
                                .lots = e->set->reg,
                                .feed = e->feed.id};
}

/* After each step: it failed, or waits for something, or is done. */
static void settle(struct poll_run *run, int err, struct why *why)
{
    if (err && !why->text[0])
        (void)why_set(why, err, "", "%s", err_text(err));
    if (err)
        poller_ended(run->entry, why, run->retry_after_ms);
    else if (!run->turn && !run->op && !run->job)
        poller_ended(run->entry, NULL, -1);
}

/* ---- asking */

static int start_fetch(struct poll_run *run, struct fetch_request *req, struct why *why)
{
    struct feed_entry *e = run->entry;
    run->tls = access_tls(&e->feed);
    req->timeout_ms = poll_deadline(e->feed.interval_ms) - run->used_ms;
    req->tls = &run->tls;
    run->op = fetch_start(e->set->fetcher, req, on_answer, run, why);
    return run->op ? 0 : ERR_INVALID;
}

static int send_token_request(struct poll_run *run, struct access_extra *x, struct why *why)
{
    struct fetch_request req;
    int err = access_token_request(&run->entry->feed, x, &req, why);
    if (err)
        return err;
    run->token_asked_ms = clock_mono_ms(run->entry->set->clock);
    err = start_fetch(run, &req, why);
    if (err)
        why_under(why, "/access/oauth2/token_url");
    return err;
}

static int send_request(struct poll_run *run, struct access_extra *x, struct why *why)
{
    struct feed_entry *e = run->entry;
    struct access_headers h = {.n = 0};
    struct fetch_request req;
    h.n = conditional_add(run, h.v);
    int err = access_request(&e->feed, &e->token, &run->req, x, &h, &req, why);
    return err ? err : start_fetch(run, &req, why);
}

static int send_now(struct poll_run *run, struct why *why)
{
    struct access_extra x;
    access_extra_init(&x);
    int err = run->for_token ? send_token_request(run, &x, why) : send_request(run, &x, why);
    access_extra_fini(&x);
    return err;
}

static int take_turn(struct poll_run *run, struct why *why)
{
    struct feed_entry *e = run->entry;
    const char *url = run->for_token ? e->feed.access.token_url : run->req.url;
    struct spacing_wish wish = {e->feed.spacing_ms, e->feed.interval_ms};
    int64_t deadline = poll_deadline(e->feed.interval_ms);
    if (run->used_ms >= deadline)
        return why_set(why, ERR_TIMEOUT, "", "took longer than %lld ms", (long long)deadline);
    int err = spacing_take(e->set->spacing, view_of(url), &wish, on_turn, run, &run->turn);
    return err || run->turn ? err : send_now(run, why);
}

static void on_turn(void *ctx)
{
    struct poll_run *run = ctx;
    struct why why = {0};
    run->turn = NULL;
    settle(run, send_now(run, &why), &why);
}

/* Sends run->req; the token that it needs comes first. */
static int ask(struct poll_run *run, struct why *why)
{
    struct feed_entry *e = run->entry;
    run->with_token = e->feed.access.kind == ACCESS_OAUTH2 && access_applies(&e->feed, view_of(run->req.url));
    run->for_token = run->with_token && !access_token_good(&e->token, clock_mono_ms(e->set->clock));
    return take_turn(run, why);
}

void poll_run_begin(struct feed_entry *e)
{
    struct why why = {0};
    struct dialect_ctx ctx = ctx_of(e);
    struct poll_run *run = calloc(1, sizeof *run);
    e->status.last_try_ms = ctx.now_ms; /* the last answer's status stands until the next one comes */
    e->run = run;
    if (!run) {
        (void)why_set(&why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        poller_ended(e, &why, -1);
        return;
    }
    run->entry = e;
    run->retry_after_ms = -1;
    run->asked = 1;
    report_list_init(&run->reports);
    dialect_request_init(&run->req);
    int err = dialect_poll(e->session, &ctx, &run->req, &why);
    if (!err)
        err = ask(run, &why);
    if (err)
        e->status.http_status = 0;
    settle(run, err, &why);
}

/* ---- reading */

/* The dialect has read an answer: it wants another, or was the last. */
static int go_on(struct poll_run *run, struct dialect_request *next, bool more, struct why *why)
{
    if (!more) {
        dialect_request_fini(next);
        return 0;
    }
    dialect_request_fini(&run->req);
    run->req = *next;
    if (run->asked++ > DIALECT_MAX_FOLLOW_UPS)
        return why_set(why, ERR_BUDGET, "", "more than %d further requests", DIALECT_MAX_FOLLOW_UPS);
    return ask(run, why);
}

/* For people, cleaned; see bodies.h. */
static void keep_body(const struct poll_run *run, const struct aside_result *r)
{
    const struct feed_entry *e = run->entry;
    struct feed_body body = {.kind = BODY_POLL,
                             .at_ms = clock_wall_ms(e->set->clock),
                             .step = run->asked,
                             .http_status = r->answer.status,
                             .content_type = fetch_header_value(r->answer.head, "Content-Type"),
                             .body = r->answer.body,
                             .err = r->err,
                             .why = &r->why};
    bodies_keep(e->set->bodies, e->feed.id, e->feed.keep_bodies, &body);
}

static int take_decoded(struct poll_run *run, struct aside_result *r, struct why *why)
{
    keep_body(run, r);
    if (r->err) {
        *why = r->why;
        dialect_request_fini(&r->next);
        return r->err;
    }
    if (!r->more) {
        conditional_remember(run, r->answer.head);
        counter_add(C_POLL_GOOD, 1);
    }
    return go_on(run, &r->next, r->more, why);
}

static void on_decoded(void *ctx, struct aside_result *result)
{
    struct poll_run *run = ctx;
    struct why why = {0};
    run->job = NULL;
    report_list_fini(&run->reports);
    run->reports = result->reports;
    settle(run, take_decoded(run, result, &why), &why);
}

static int decode(struct poll_run *run, const struct fetch_result *res, struct why *why)
{
    struct feed_entry *e = run->entry;
    struct dialect_ctx ctx = ctx_of(e);
    struct aside_result r = {.answer = {res->status, res->head, res->body}};
    run->bytes += res->body.n;
    if (run->bytes > DIALECT_ASIDE_BODY) {
        struct aside_task task = {
            .session = e->session, .ctx = &ctx, .res = &r.answer, .reports = &run->reports};
        run->job = aside_start(e->set->aside, &task, on_decoded, run);
        return run->job ? 0 : ERR_NOMEM;
    }
    r.err = dialect_decode(e->session, &ctx, &r.answer, &run->reports, &r.next, &r.more, &r.why);
    return take_decoded(run, &r, why);
}

static int read_answer(struct poll_run *run, const struct fetch_result *res, struct why *why)
{
    struct feed_entry *e = run->entry;
    if (res->err)
        return why_set(why, res->err, "", "%s", res->detail[0] ? res->detail : err_text(res->err));
    if (res->status == 401 && run->with_token) {
        access_token_clear(&e->token);
        if (!run->token_new) /* it may have been revoked; a fresh one is refused for another reason */
            return ask(run, why);
    }
    if (res->status == 304 && run->conditional)
        return conditional_confirm(run);
    return decode(run, res, why);
}

static int read_token(struct poll_run *run, const struct fetch_result *res, struct why *why)
{
    int err = access_take_token(&run->entry->token, res, run->token_asked_ms, why);
    run->for_token = false;
    run->token_new = true;
    return err ? err : take_turn(run, why);
}

static void on_answer(void *ctx, const struct fetch_result *res)
{
    struct poll_run *run = ctx;
    struct why why = {0};
    run->op = NULL;
    run->used_ms += res->took_ms;
    run->retry_after_ms = res->retry_after_ms;
    run->entry->status.http_status = res->status;
    settle(run, (run->for_token ? read_token : read_answer)(run, res, &why), &why);
}
