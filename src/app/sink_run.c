/* SPDX-License-Identifier: MIT
 * One step of a trial after the other: pool, network, pool.
 */
#include "parkd/app/sink_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/iso8601.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define HEAD_MAX   ((size_t)64 * 1024)

struct sink_run {
    struct loop *loop;
    struct fetcher *fetcher;
    struct sink_trial *trial;
    sink_run_load_fn *load;
    void *load_ctx;
    struct dialects *dialects;
    struct fetch *op;
    struct fetch_tls tls;
    bool begun, asking, cancelled;
    int64_t used_ms;

    /* What came, on its way to the pool. */
    int err, status;
    struct buf head, body;
    int64_t took_ms;
    char detail[160], tls_text[64];

    struct buf text;
    sink_run_done_fn *done;
    void *done_ctx;
};

static void run_free(struct sink_run *r)
{
    fetch_cancel(r->op);
    sink_trial_free(r->trial);
    dialects_free(r->dialects);
    buf_fini(&r->head);
    buf_fini(&r->body);
    buf_fini(&r->text);
    free(r);
}

static void tell(struct sink_run *r, int err)
{
    r->done(r->done_ctx, err ? err : r->text.err, buf_get(&r->text));
    run_free(r);
}

/* ---- the pool */

static void on_work(void *data)
{
    struct sink_run *r = data;
    struct trial_answer a = {.err = r->err,
                             .status = r->status,
                             .head = buf_get(&r->head),
                             .body = buf_get(&r->body),
                             .took_ms = r->took_ms,
                             .detail = r->detail,
                             .tls = r->tls_text[0] ? r->tls_text : NULL};
    struct json_writer w;
    if (!r->begun) {
        r->begun = true;
        r->dialects = r->load(r->load_ctx);
        r->asking = r->dialects && sink_trial_begin(r->trial, r->dialects);
    } else {
        r->asking = sink_trial_take(r->trial, &a);
    }
    if (r->asking)
        return;
    jw_init(&w, &r->text);
    if (r->dialects)
        sink_trial_write(r->trial, &w);
    else
        r->text.err = ERR_NOMEM;
    sink_trial_end(r->trial);
}

static void ask(struct sink_run *r);

static void on_worked(void *data, bool cancelled)
{
    struct sink_run *r = data;
    if (cancelled || r->cancelled)
        tell(r, ERR_CANCELLED);
    else if (r->asking)
        ask(r);
    else
        tell(r, 0);
}

/* ---- the network */

static void note_tls(struct sink_run *r, const struct fetch_result *res)
{
    char day[ISO8601_SIZE];
    r->tls_text[0] = '\0';
    if (!res->tls)
        return;
    (void)iso8601_format(res->certificate_ends_ms, day);
    (void)snprintf(r->tls_text, sizeof r->tls_text, "%s, certificate until %.10s%s", res->tls, day,
                   r->tls.skip_verify ? ", not verified" : "");
}

static void on_answer(void *ctx, const struct fetch_result *res)
{
    struct sink_run *r = ctx;
    r->op = NULL;
    r->err = res->err;
    r->status = res->status;
    r->took_ms = res->took_ms;
    r->used_ms += res->took_ms;
    (void)snprintf(r->detail, sizeof r->detail, "%s", res->detail);
    note_tls(r, res);
    buf_clear(&r->head);
    buf_clear(&r->body);
    if (buf_view(&r->head, res->head) || buf_view(&r->body, res->body) ||
        loop_work(r->loop, on_work, on_worked, r))
        tell(r, ERR_NOMEM);
}

static void not_asked(struct sink_run *r, int err, const char *text)
{
    struct fetch_result res = {.err = err};
    (void)snprintf(res.detail, sizeof res.detail, "%.159s", text);
    on_answer(r, &res);
}

static struct fetch *start(struct sink_run *r, int64_t left_ms, struct why *why)
{
    const struct dialect_request *q = sink_trial_request(r->trial);
    int64_t timeout_ms = sink_trial_sink(r->trial)->timeout_ms;
    struct fetch_header h[DIALECT_MAX_HEADERS];
    for (int i = 0; i < q->n_headers; i++)
        h[i] = (struct fetch_header){view_of(q->headers[i].name), view_of(q->headers[i].value)};
    struct fetch_request req = {.method = view_of(q->method),
                                .url = view_of(q->url),
                                .headers = h,
                                .n_headers = (size_t)q->n_headers,
                                .body = buf_get(&q->body),
                                .timeout_ms = timeout_ms < left_ms ? timeout_ms : left_ms,
                                .tls = &r->tls};
    return fetch_start(r->fetcher, &req, on_answer, r, why);
}

static void ask(struct sink_run *r)
{
    struct why why = {0};
    int64_t left_ms = SINK_RUN_MS - r->used_ms;
    if (left_ms > 0)
        r->op = start(r, left_ms, &why);
    if (left_ms <= 0)
        not_asked(r, ERR_TIMEOUT, "the requests before it took too long");
    else if (!r->op)
        not_asked(r, ERR_CONNECT, why.text);
}

/* ---- begin and end */

int sink_run_start(struct loop *loop, struct fetcher *fetcher, struct sink_trial *t, sink_run_load_fn *load,
                   void *load_ctx, sink_run_done_fn *done, void *done_ctx, struct sink_run **out)
{
    struct sink_run *r = calloc(1, sizeof *r);
    const struct tls_files *tls = &sink_trial_sink(t)->tls;
    *out = NULL;
    if (!r)
        return ERR_NOMEM;
    *r = (struct sink_run){.loop = loop,
                           .fetcher = fetcher,
                           .load = load,
                           .load_ctx = load_ctx,
                           .done = done,
                           .done_ctx = done_ctx,
                           .tls = {tls->ca_file, tls->cert_file, tls->key_file, tls->skip_verify}};
    buf_init(&r->head, HEAD_MAX);
    buf_init(&r->body, DIALECT_MAX_BODY);
    buf_init(&r->text, ANSWER_MAX);
    r->trial = t; /* the pool may look at it at once */
    if (loop_work(loop, on_work, on_worked, r)) {
        r->trial = NULL;
        run_free(r);
        return ERR_NOMEM;
    }
    *out = r;
    return 0;
}

void sink_run_cancel(struct sink_run *r)
{
    r->cancelled = true;
    if (r->op)
        tell(r, ERR_CANCELLED);
}
