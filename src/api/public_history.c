/* SPDX-License-Identifier: MIT
 * GET /v1/lots/{id}/history: day strings first, then year strings if the question reaches further back, then
 * the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "api/history.h"
#include "api/internal.h"
#include "parkd/base/iso8601.h"

#define HISTORY_CACHE "public, max-age=30"

/* One question on its way through the store. */
struct reading_op {
    struct call call;
    char lot[LOT_ID_SIZE];
    uint32_t idx;
    struct history h;
    struct history_days days;
    struct history_years years;
};

static void op_free(struct reading_op *op)
{
    api_unref(op->call.api);
    history_fini(&op->h);
    free(op);
}

static void answer(struct reading_op *op, int err)
{
    struct buf body;
    if (err) {
        reply_err(&op->call, err, NULL);
        op_free(op);
        return;
    }
    buf_init(&body, API_MAX_ANSWER);
    if (render_history(&op->h, op->lot, &body))
        reply_err(&op->call, body.err, NULL);
    else
        reply_entry(&op->call, &(struct reply){.status = 200, .cache_control = HISTORY_CACHE},
                    cache_entry_make(&body, NULL));
    buf_fini(&body);
    op_free(op);
}

static void on_years(void *ctx, int err, const struct view *parts, size_t n)
{
    struct reading_op *op = ctx;
    for (size_t i = 0; !err && i < n; i++)
        history_add_year(&op->h, op->years.first + (int)i, parts[i]);
    answer(op, err);
}

static void read_years(struct reading_op *op)
{
    const struct api_port *port = &op->call.api->port;
    int err = op->call.api->gone ? ERR_CANCELLED : 0;
    if (!err && op->years.n)
        err = port->read_years(port->ctx, op->idx, op->years.first, op->years.n, on_years, op);
    if (err || !op->years.n)
        answer(op, err);
}

static void on_days(void *ctx, int err, const struct view *parts, size_t n)
{
    struct reading_op *op = ctx;
    for (size_t i = 0; !err && i < n; i++)
        history_add_day(&op->h, op->days.first_ms + (int64_t)i * DAY_MS, parts[i]);
    if (err)
        answer(op, err);
    else
        read_years(op);
}

static void read_days(struct reading_op *op)
{
    const struct api_port *port = &op->call.api->port;
    if (!op->days.n) {
        read_years(op);
        return;
    }
    int err = port->read_days(port->ctx, op->idx, op->days.first_ms, op->days.n, on_days, op);
    if (err)
        answer(op, err);
}

void history_handle(const struct call *c)
{
    struct query q;
    struct history_query asked;
    struct why why = {0};
    int64_t now = api_now(c->api);
    call_query(c, &q);
    if (query_history(&q, now, &asked, &why)) {
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    const struct registry_lot *l = public_lot(c);
    if (!l)
        return;
    struct reading_op *op = calloc(1, sizeof *op);
    if (!op || history_init(&op->h, &asked)) {
        free(op);
        reply_err(c, ERR_NOMEM, NULL);
        return;
    }
    op->call = *c;
    api_ref(c->api);
    memcpy(op->lot, l->lot.id, sizeof op->lot);
    op->idx = l->idx;
    op->days = history_days_needed(&asked, now);
    op->years = history_years_needed(&asked, now);
    read_days(op);
}
