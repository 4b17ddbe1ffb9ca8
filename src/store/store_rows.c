/* SPDX-License-Identifier: MIT
 * Rows by lot and period: one hash each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parkd/store/office.h"
#include "store/store_impl.h"

#define DAY_S 86400

struct rows {
    struct waiter *w;
    store_row_fn *each;
};

static struct rows *rows_new(store_row_fn *each, store_done_fn *done, void *ctx)
{
    struct rows *r = calloc(1, sizeof *r);
    if (!r || !(r->w = waiter_of_done(done, ctx))) {
        free(r);
        return NULL;
    }
    r->each = each;
    return r;
}

static struct key rows_key(const struct store *st, const char *kind, const char *period)
{
    char name[96];
    (void)snprintf(name, sizeof name, "rows:%.31s:%.31s", kind, period);
    return key_global(st->prefix, name);
}

static void on_rows(void *ctx, const struct reply *r, enum redis_error err)
{
    struct rows *rows = ctx;
    struct waiter *w = rows->w;
    for (size_t i = 0; rows->each && !err && i + 1 < reply_n(r); i += 2)
        rows->each(w->ctx, reply_text(reply_at(r, i)), reply_text(reply_at(r, i + 1)));
    w->err = store_err_of(err);
    free(rows);
    waiter_call(w);
}

static int send_rows(struct store *st, struct rows *rows, struct redis_cmd *cmd)
{
    int rc = store_send_fini(st, cmd, on_rows, rows);
    if (rc) {
        rows->w->err = rc;
        store_later(st, rows->w);
        free(rows);
    }
    return 0;
}

static void on_kept(void *ctx, const struct reply *r, enum redis_error err)
{
    (void)ctx;
    (void)r;
    (void)err; /* the next put of that period says it again */
}

static void keep(struct store *st, const char *kind, const char *period, int days)
{
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "EXPIRE");
    redis_cmd_key(&cmd, rows_key(st, kind, period));
    redis_cmd_int(&cmd, (int64_t)days * DAY_S);
    if (store_send_fini(st, &cmd, on_kept, NULL))
        return;
}

int store_put_rows(struct store *st, const char *kind, const char *period, int keep_days,
                   const struct store_row *v, size_t n, store_done_fn *done, void *ctx)
{
    struct redis_cmd cmd;
    if (store_ended(st))
        return ERR_STATE;
    if (!n)
        return ERR_INVALID;
    struct rows *rows = rows_new(NULL, done, ctx);
    if (!rows)
        return ERR_NOMEM;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "HSET");
    redis_cmd_key(&cmd, rows_key(st, kind, period));
    for (size_t i = 0; i < n; i++) {
        redis_cmd_str(&cmd, v[i].lot);
        redis_cmd_view(&cmd, v[i].text);
    }
    int rc = send_rows(st, rows, &cmd);
    if (keep_days)
        keep(st, kind, period, keep_days);
    return rc;
}

int store_read_rows(struct store *st, const char *kind, const char *period, store_row_fn *each,
                    store_done_fn *done, void *ctx)
{
    struct redis_cmd cmd;
    if (store_ended(st))
        return ERR_STATE;
    struct rows *rows = rows_new(each, done, ctx);
    if (!rows)
        return ERR_NOMEM;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "HGETALL");
    redis_cmd_key(&cmd, rows_key(st, kind, period));
    return send_rows(st, rows, &cmd);
}
