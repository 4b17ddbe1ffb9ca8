/* SPDX-License-Identifier: MIT
 * Reading series back: day strings and year strings of one lot, all in one slot, by one MGET.
 */
#include <stdlib.h>

#include "parkd/base/iso8601.h"
#include "parkd/model/series.h"
#include "store/store_impl.h"

#define PARTS_MAX 62
#define YEAR_MAX  9999

static struct waiter *waiter_of_series(store_series_fn *fn, void *ctx)
{
    struct waiter *w = calloc(1, sizeof *w);
    if (w) {
        w->series = fn;
        w->ctx = ctx;
    }
    return w;
}

static void on_series(void *ctx, const struct reply *r, enum redis_error err)
{
    struct waiter *w = ctx;
    struct view parts[PARTS_MAX];
    size_t n = 0;
    if (err) {
        w->err = err == RE_LOST ? ERR_AWAY : store_err_of(err); /* a lost read is no uncertain outcome */
        waiter_call(w);
        return;
    }
    for (; n < reply_n(r) && n < PARTS_MAX; n++)
        parts[n] = reply_text(reply_at(r, n));
    w->series(w->ctx, 0, parts, n);
    free(w);
}

/* Ends the command. */
static int ask(struct store *st, struct redis_cmd *cmd, store_series_fn *done, void *ctx)
{
    struct waiter *w = waiter_of_series(done, ctx);
    if (!w) {
        redis_cmd_fini(cmd);
        return ERR_NOMEM;
    }
    int rc = store_send_fini(st, cmd, on_series, w);
    if (rc) {
        w->err = rc;
        store_later(st, w);
    }
    return 0;
}

static int check(const struct store *st, uint32_t lot, int n)
{
    if (store_ended(st))
        return ERR_STATE;
    if (lot >= registry_size(st->reg) || registry_lot(st->reg, lot)->removed)
        return ERR_NOT_FOUND;
    return n < 1 || n > PARTS_MAX ? ERR_RANGE : 0;
}

int store_read_days(struct store *st, uint32_t lot, int64_t first_ms, int n_days, store_series_fn *done,
                    void *ctx)
{
    struct redis_cmd cmd;
    int rc = check(st, lot, n_days);
    if (rc)
        return rc;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "MGET");
    for (int i = 0; i < n_days; i++) {
        char day[9];
        series_day_name(first_ms + i * DAY_MS, day);
        redis_cmd_key(&cmd,
                      key_day(st->prefix, st->partitions, view_of(registry_lot(st->reg, lot)->lot.id), day));
    }
    return ask(st, &cmd, done, ctx);
}

int store_read_years(struct store *st, uint32_t lot, int first_year, int n_years, store_series_fn *done,
                     void *ctx)
{
    struct redis_cmd cmd;
    int rc = check(st, lot, n_years);
    if (rc)
        return rc;
    if (first_year < 0 || first_year > YEAR_MAX - n_years)
        return ERR_RANGE;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "MGET");
    for (int i = 0; i < n_years; i++) {
        struct view id = view_of(registry_lot(st->reg, lot)->lot.id);
        redis_cmd_key(&cmd, key_hour(st->prefix, st->partitions, id, first_year + i));
    }
    return ask(st, &cmd, done, ctx);
}
