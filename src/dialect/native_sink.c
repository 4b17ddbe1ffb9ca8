/* SPDX-License-Identifier: MIT
 * parkd's native format, written, and the calls of the built-in dialect `native`.
 *
 * Item bytes come from reading_native_item alone and belong to (lot, seq); everything that moves between two
 * attempts stands in the envelope. A batch that would not pass another parkd's way in (256 KiB) is cut into
 * several requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/ops.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json_write.h"
#include "parkd/base/webhook.h"
#include "parkd/dialect/native.h"

#define BODY_GOAL (240 * 1024) /* the way in takes 256 KiB */

typedef int item_writer(const struct dialect_item *item, struct buf *out);

static int write_state(const struct dialect_item *item, struct buf *out)
{
    return reading_native_item(item->lot->id, item->reading, out);
}

/* A sign of life says when we last heard, so that the next level's age is ours and not younger. */
static int write_beat(const struct dialect_item *item, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "lot", item->lot->id);
    jw_time(&w, "at", item->reading->observed_ms);
    jw_bool(&w, "heartbeat", true);
    jw_end_object(&w);
    return out->err;
}

static int write_items(const struct dialect_batch *batch, item_writer *write, struct json_writer *w)
{
    struct buf item;
    buf_init(&item, READING_MAX_TEXT * 2);
    int err = 0;
    jw_array(w, "items");
    for (size_t i = 0; i < batch->n && !err; i++) {
        buf_clear(&item);
        err = write(&batch->items[i], &item);
        jw_raw(w, NULL, buf_get(&item));
    }
    jw_end_array(w);
    buf_fini(&item);
    return err;
}

static void write_observed(const struct dialect_batch *batch, struct json_writer *w)
{
    jw_object(w, "observed");
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->items[i].reading->observed_ms <= 0)
            continue;
        jw_key(w, view_of(batch->items[i].lot->id));
        jw_time(w, NULL, batch->items[i].reading->observed_ms);
    }
    jw_end_object(w);
}

static void write_aggregates(const struct summary *sum, int64_t now_ms, struct json_writer *w)
{
    jw_array(w, "aggregates");
    for (size_t i = 0; i < sum->n; i++)
        summary_row_write(&sum->v[i], now_ms, w);
    jw_end_array(w);
}

static int encode(const struct dialect_ctx *ctx, const struct dialect_batch *batch, item_writer *write,
                  struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "type", "parking.availability.updated");
    jw_str(&w, "version", NATIVE_VERSION);
    jw_time(&w, "timestamp", ctx->now_ms);
    jw_object(&w, "data");
    jw_str(&w, "batch", batch->batch_id);
    int err = write_items(batch, write, &w);
    if (write == write_state)
        write_observed(batch, &w);
    if (batch->summary && write == write_state)
        write_aggregates(batch->summary, ctx->now_ms, &w);
    jw_end_object(&w);
    jw_end_object(&w);
    return err ? err : out->err;
}

int native_encode(const struct dialect_ctx *ctx, const struct dialect_batch *batch, struct buf *out)
{
    return encode(ctx, batch, write_state, out);
}

static int sign(const struct dialect_ctx *ctx, const char *batch_id, struct dialect_request *r,
                struct why *why)
{
    char sig[WEBHOOK_SIG_SIZE], seconds[24];
    struct webhook_message m = {view_of(batch_id), ctx->now_ms / 1000, buf_get(&r->body)};
    int err = webhook_sign(ctx->secret, &m, sig);
    if (err)
        return why_set(why, err, "/secret", "the sink's secret cannot sign");
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)m.timestamp_s);
    if ((err = dialect_request_header(r, VIEW("webhook-id"), m.id, why)) ||
        (err = dialect_request_header(r, VIEW("webhook-timestamp"), view_of(seconds), why)))
        return err;
    return dialect_request_header(r, VIEW("webhook-signature"), view_of(sig), why);
}

static int add_headers(const struct dialect_ctx *ctx, const char *batch_id, struct dialect_request *r,
                       struct why *why)
{
    int err = dialect_request_header(r, VIEW("Content-Type"), VIEW("application/json"), why);
    if (!err && ctx->bearer.n) {
        char value[512];
        int n = snprintf(value, sizeof value, "Bearer " VIEW_FMT, VIEW_ARG(ctx->bearer));
        if (n < 0 || (size_t)n >= sizeof value)
            return why_set(why, ERR_TOO_BIG, "/bearer", "too long");
        err = dialect_request_header(r, VIEW("Authorization"), view_of(value), why);
    }
    return !err && ctx->secret.n ? sign(ctx, batch_id, r, why) : err;
}

static int build(const struct dialect_ctx *ctx, const struct dialect_batch *part, uint32_t first,
                 item_writer *write, struct dialect_request *r, struct why *why)
{
    int err = encode(ctx, part, write, &r->body);
    if (!err && part->n > 1 && r->body.n > BODY_GOAL)
        err = ERR_TOO_BIG;
    if (!err)
        err = dialect_request_items(r, first, part->n);
    if (err)
        return why_set(why, err, "", "%s", err_text(err));
    memcpy(r->method, "POST", sizeof "POST");
    err = dialect_request_url(r, ctx->url, why);
    return err ? err : add_headers(ctx, part->batch_id, r, why);
}

/* Adds the request that begins with item `first`, with as many items as pass. Cut parts get ids of their own:
 * a receiver takes a repeated id for a repeated message. The same batch is cut in the same places every time,
 * so ids are the same in every attempt. */
static int add_request(const struct dialect_ctx *ctx, const struct dialect_batch *batch, size_t first,
                       item_writer *write, struct dialect_request_list *out, struct why *why)
{
    const char *name = batch->batch_id ? batch->batch_id : "beat";
    char id[128];
    if (first)
        (void)snprintf(id, sizeof id, "%s-%zu", name, first);
    else
        (void)snprintf(id, sizeof id, "%s", name);
    for (size_t n = batch->n - first;; n = (n + 1) / 2) {
        struct dialect_batch part = {
            .items = batch->items + first, .n = n, .summary = batch->summary, .batch_id = id};
        struct dialect_request *r = dialect_request_add(out);
        int err = r ? build(ctx, &part, (uint32_t)first, write, r, why) : ERR_NOMEM;
        if (err != ERR_TOO_BIG || n == 1)
            return err;
        dialect_request_fini(&out->v[--out->n]);
    }
}

static int send_all(const struct dialect_ctx *ctx, const struct dialect_batch *batch, item_writer *write,
                    struct dialect_request_list *out, struct why *why)
{
    size_t done = 0;
    while (done < batch->n) {
        int err = add_request(ctx, batch, done, write, out, why);
        if (err)
            return err;
        done += out->v[out->n - 1].n_items;
    }
    return 0;
}

static int native_push(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                       struct dialect_request_list *out, struct why *why)
{
    (void)self;
    return send_all(ctx, batch, write_state, out, why);
}

static int native_beat(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                       struct dialect_request_list *out, struct why *why)
{
    (void)self;
    char id[64];
    struct dialect_item *alive = calloc(batch->n ? batch->n : 1, sizeof *alive);
    if (!alive)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    struct dialect_batch part = {.items = alive, .batch_id = batch->batch_id};
    for (size_t i = 0; i < batch->n; i++) {
        if (dialect_item_current(ctx, &batch->items[i]))
            alive[part.n++] = batch->items[i];
    }
    if (!part.batch_id) {
        (void)snprintf(id, sizeof id, "beat-%lld", (long long)ctx->now_ms);
        part.batch_id = id;
    }
    int err = send_all(ctx, &part, write_beat, out, why);
    for (size_t i = 0; i < out->n; i++)
        out->v[i].n_items = 0; /* positions among the living, not in the caller's batch */
    free(alive);
    return err;
}

static int native_receive(void *self, const struct dialect_ctx *ctx, const struct dialect_inbound *req,
                          struct report_list *out, struct dialect_reply *reply, struct why *why)
{
    (void)self;
    (void)ctx;
    (void)reply;
    return native_decode(req->body, out, why);
}

static const struct json *items_of(const struct json *envelope)
{
    const struct json *data = json_get(envelope, "data");
    return json_get(data ? data : envelope, "items");
}

/* The position of the first item from `*item` on that is called `lot`; req->n_items if there is none. Moves
 * `*item` behind it. */
static size_t find_item(const struct json **item, size_t at, struct view lot,
                        const struct dialect_request *req)
{
    const struct json *j = *item;
    for (; j && at < req->n_items; j = json_next(j), at++) {
        if (view_eq(json_text(json_get(j, "lot")), lot)) {
            *item = json_next(j);
            return at;
        }
    }
    return req->n_items;
}

/* Results come in the order of the items. One that names a lot that we did not send says nothing. */
static void judge_each(const struct json *items, const struct json *results,
                       const struct dialect_request *req, struct dialect_judgement *out)
{
    const struct json *item = json_first(items);
    size_t next = 0, budget = req->n_items;
    for (const struct json *r = json_first(results); r && budget--; r = json_next(r)) {
        struct view lot = json_text(json_get(r, "lot")), detail = json_text(json_get(r, "detail"));
        size_t at = find_item(&item, next, lot, req);
        if (at == req->n_items)
            continue;
        next = at + 1;
        if (!view_is(json_text(json_get(r, "code")), "rejected"))
            continue;
        out->each[at] = VERDICT_REJECT;
        (void)why_set(&out->why, ERR_REFUSED, "", VIEW_FMT ": " VIEW_FMT, VIEW_ARG(lot), VIEW_ARG(detail));
    }
}

/* A 200 with another kind of code inside, as many platforms and gateways answer when they failed. */
static bool says_no(const struct json *answer, struct view *code)
{
    static const char *const good[] = {"0", "200", "ok", "OK", "success", NULL};
    const struct json *c = json_get(answer, "code");
    if (!c || json_get(answer, "results"))
        return false;
    *code = json_text(c);
    if (json_is(c, JSON_NUMBER))
        return json_number(c) < 0 || (json_number(c) > 0 && (json_number(c) < 200 || json_number(c) > 299));
    for (const char *const *g = good; *g; g++)
        if (view_is(*code, *g))
            return false;
    return json_is(c, JSON_STRING);
}

/* Whoever answers 2xx without our kind of body, and without a code that says no, has taken everything. */
static int native_check(void *self, const struct dialect_ctx *ctx, const struct dialect_request *req,
                        const struct dialect_response *res, struct dialect_judgement *out)
{
    (void)self;
    (void)ctx;
    struct json *answer = NULL, *sent = NULL;
    struct why ignored;
    struct view code = {0};
    int64_t rejected = 0;
    int err = 0;
    if (json_parse(res->body, &answer, &ignored))
        goto done;
    if (says_no(answer, &code)) {
        out->all = VERDICT_RETRY;
        (void)why_set(&out->why, ERR_REFUSED, "", "answered 2xx with code " VIEW_FMT " inside",
                      VIEW_ARG(code.n ? code : VIEW("other than 0")));
        goto done;
    }
    if (json_want_int(answer, "rejected", 0, INT32_MAX, &rejected, &ignored))
        goto done;
    if (rejected == 0 || req->n_items == 0)
        goto done;
    err = json_parse(buf_get(&req->body), &sent, &ignored);
    if (err)
        goto done;
    out->each = calloc(req->n_items, sizeof *out->each); /* VERDICT_OK is 0 */
    if (out->each)
        judge_each(items_of(sent), json_get(answer, "results"), req, out);
    else
        err = ERR_NOMEM;
done:
    json_free(answer);
    json_free(sent);
    return err;
}

/* ---- what another parkd holds */

#define WAY_IN "/v1/ingest/"

/* Where another parkd shows a lot: beside the way in. Empty for a platform that is none: it cannot be asked.
 */
static void lot_url(struct view url, const char *lot, char *dst, size_t size)
{
    const char *way_in = memmem(url.p, url.n, WAY_IN, sizeof WAY_IN - 1);
    struct view base = {url.p, way_in ? (size_t)(way_in - url.p) : 0};
    if (!way_in || snprintf(dst, size, VIEW_FMT "/v1/lots/%s", VIEW_ARG(base), lot) >= (int)size)
        dst[0] = '\0';
}

/* Lots are public: no key and no signature goes along. */
static int native_ask(void *self, const struct dialect_ctx *ctx, const struct dialect_batch *batch,
                      struct dialect_request_list *out, struct why *why)
{
    (void)self;
    char url[sizeof out->v->url];
    for (size_t i = 0; i < batch->n; i++) {
        lot_url(ctx->url, batch->items[i].lot->id, url, sizeof url);
        if (!url[0])
            return 0;
        struct dialect_request *r = dialect_request_add(out);
        int err = r ? dialect_request_items(r, (uint32_t)i, 1) : ERR_NOMEM;
        if (!err)
            err = dialect_request_url(r, view_of(url), why);
        if (err)
            return err;
    }
    return 0;
}

static int32_t shown_count(const struct json *lot, const char *key)
{
    int64_t v = COUNT_NONE;
    struct why ignored;
    return json_want_int(lot, key, 0, COUNT_MAX, &v, &ignored) ? COUNT_NONE : (int32_t)v;
}

static int read_lot(const struct json *lot, const struct dialect_request *req, struct dialect_known_list *out,
                    struct why *why)
{
    if (!json_text(json_get(lot, "id")).n || !json_get(lot, "free"))
        return why_set(why, ERR_PROTOCOL, "", "not a lot as parkd shows it");
    struct dialect_known_item *k = dialect_known_add(out);
    if (!k)
        return ERR_NOMEM;
    k->item = req->items[0];
    k->free = shown_count(lot, "free"); /* null when it is no longer current there */
    k->open = shown_count(lot, "open");
    k->total = shown_count(lot, "total");
    if (iso8601_parse(json_text(json_get(lot, "changed_at")), &k->time_ms))
        k->time_ms = 0;
    return 0;
}

static int native_answer(void *self, const struct dialect_ctx *ctx, const struct dialect_request *req,
                         const struct dialect_response *res, struct dialect_known_list *out, struct why *why)
{
    (void)self;
    (void)ctx;
    struct json *lot = NULL;
    if (res->status == 404)
        return 0;
    if (res->status / 100 != 2 || !req->n_items)
        return why_set(why, ERR_REFUSED, "", "answered HTTP %d", res->status);
    int err = dialect_parse_json(res->body, &lot, why);
    if (!err)
        err = read_lot(lot, req, out, why);
    json_free(lot);
    return err;
}

const struct dialect_ops native_ops = {
    .receive = native_receive,
    .push = native_push,
    .beat = native_beat,
    .check = native_check,
    .ask = native_ask,
    .answer = native_answer,
};
