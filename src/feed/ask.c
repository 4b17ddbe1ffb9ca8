/* SPDX-License-Identifier: MIT
 * See ask.h: one request, or two where a token is needed first.
 */
#include "parkd/feed/ask.h"

#include <stdlib.h>
#include <string.h>

#include "feed/access.h"

struct feed_asker {
    struct fetcher *fetcher;
    const struct clock *clock;
    const struct feed *feed;
    struct access_token token;
    struct fetch *op;
    struct fetch_tls tls;
    int64_t token_asked_ms, timeout_ms;
    struct dialect_request req; /* kept while the token is asked for; only then anything stands in it */
    bool for_token;
    fetch_done_fn *fn;
    void *ctx;
};

static void on_answer(void *ctx, const struct fetch_result *res);

struct feed_asker *feed_asker_new(struct fetcher *f, const struct clock *clock, const struct feed *feed)
{
    struct feed_asker *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->fetcher = f;
    a->clock = clock;
    a->feed = feed;
    a->tls = access_tls(feed);
    dialect_request_init(&a->req);
    return a;
}

void feed_asker_free(struct feed_asker *a)
{
    if (!a)
        return;
    fetch_cancel(a->op);
    access_token_clear(&a->token);
    dialect_request_fini(&a->req);
    free(a);
}

static int start(struct feed_asker *a, struct fetch_request *req, struct why *why)
{
    req->timeout_ms = a->timeout_ms;
    req->tls = &a->tls;
    a->op = fetch_start(a->fetcher, req, on_answer, a, why);
    return a->op ? 0 : ERR_INVALID;
}

static int go(struct feed_asker *a, struct why *why)
{
    struct access_extra x;
    struct access_headers h = {.n = 0};
    struct fetch_request req;
    access_extra_init(&x);
    if (a->for_token)
        a->token_asked_ms = clock_mono_ms(a->clock);
    int err = a->for_token ? access_token_request(a->feed, &x, &req, why)
                           : access_request(a->feed, &a->token, &a->req, &x, &h, &req, why);
    if (!err)
        err = start(a, &req, why);
    access_extra_fini(&x);
    return err;
}

static void tell(struct feed_asker *a, const struct fetch_result *res)
{
    a->fn(a->ctx, res);
}

/* 0: the request itself is on its way now. */
static int take_token(struct feed_asker *a, const struct fetch_result *res, struct why *why)
{
    int err = access_take_token(&a->token, res, a->token_asked_ms, why);
    a->for_token = false;
    if (err)
        why_under(why, "/access/oauth2");
    return err ? err : go(a, why);
}

static void on_answer(void *ctx, const struct fetch_result *res)
{
    struct feed_asker *a = ctx;
    struct why why = {0};
    a->op = NULL;
    if (!a->for_token) {
        tell(a, res);
        return;
    }
    struct fetch_result failed = {.took_ms = res->took_ms, .retry_after_ms = -1};
    failed.err = take_token(a, res, &why);
    if (!failed.err)
        return;
    memcpy(failed.detail, why.text, sizeof failed.detail - 1);
    tell(a, &failed);
}

/* The caller's request may go before the token has come. */
static int copy_request(struct dialect_request *dst, const struct dialect_request *src)
{
    dialect_request_fini(dst);
    dialect_request_init(dst);
    memcpy(dst->method, src->method, sizeof dst->method);
    memcpy(dst->url, src->url, sizeof dst->url);
    memcpy(dst->headers, src->headers, (size_t)src->n_headers * sizeof *src->headers);
    dst->n_headers = src->n_headers;
    return buf_view(&dst->body, buf_get(&src->body));
}

int feed_asker_ask(struct feed_asker *a, const struct dialect_request *req, int64_t timeout_ms,
                   fetch_done_fn *fn, void *ctx, struct why *why)
{
    a->fn = fn;
    a->ctx = ctx;
    a->timeout_ms = timeout_ms;
    int err = copy_request(&a->req, req);
    if (err)
        return why_set(why, err, "", "%s", err_text(err));
    a->for_token = a->feed->access.kind == ACCESS_OAUTH2 && access_applies(a->feed, view_of(req->url)) &&
                   !access_token_good(&a->token, clock_mono_ms(a->clock));
    return go(a, why);
}
