/* SPDX-License-Identifier: MIT
 * What sinks have acknowledged, and their quarantine: one hash a partition and sink; and the cars of a day.
 * An operation over several partitions is a group of commands; its callback comes with the last reply and the
 * first error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/store_impl.h"

struct group {
    struct store *st;
    struct waiter *w;
    size_t open; /* replies to come, and one while commands are still being sent */
    int err;
    store_ack_fn *each_ack;
    store_held_fn *each_held;
    store_cars_fn *each_cars;
};

static const char *const acked_kinds[] = {
    [STORE_STATES] = "acked", [STORE_FILINGS] = "filed", [STORE_DAYS] = "told"};
static const char *const held_kinds[] = {[STORE_STATES] = "held", [STORE_FILINGS] = "unfiled"};

static struct group *group_new(struct store *st, store_done_fn *done, void *ctx)
{
    struct group *g = store_ended(st) ? NULL : calloc(1, sizeof *g);
    if (!g || !(g->w = waiter_of_done(done, ctx))) {
        free(g);
        return NULL;
    }
    g->st = st;
    g->open = 1;
    return g;
}

static void group_reply(struct group *g, int err)
{
    if (err && !g->err)
        g->err = err;
    if (--g->open)
        return;
    struct waiter *w = g->w;
    w->err = g->err;
    free(g);
    waiter_call(w);
}

/* All commands are sent, or none could be: when nothing is outstanding the callback comes from the loop. */
static int group_sent(struct group *g, int err)
{
    if (err && !g->err)
        g->err = err;
    if (--g->open)
        return 0;
    g->w->err = g->err;
    store_later(g->st, g->w);
    free(g);
    return 0;
}

static int group_send(struct group *g, struct redis_cmd *cmd, redis_reply_fn *fn)
{
    g->open++;
    int rc = store_send_fini(g->st, cmd, fn, g);
    if (rc)
        g->open--;
    return rc;
}

static void on_saved(void *ctx, const struct reply *r, enum redis_error err)
{
    (void)r;
    group_reply(ctx, store_err_of(err));
}

static int load_hashes(struct group *g, const char *kind, const char *name, redis_reply_fn *fn)
{
    struct store *st = g->st;
    int rc = store_up(st) ? 0 : ERR_AWAY;
    for (unsigned p = 0; p < st->partitions && !rc; p++) {
        struct redis_cmd cmd;
        redis_cmd_init(&cmd);
        redis_cmd_str(&cmd, "HGETALL");
        redis_cmd_key(&cmd, key_part_id(st->prefix, p, kind, view_of(name)));
        rc = group_send(g, &cmd, fn);
    }
    return group_sent(g, rc);
}

static void on_acked(void *ctx, const struct reply *r, enum redis_error err)
{
    struct group *g = ctx;
    for (size_t i = 0; !err && i + 1 < reply_n(r); i += 2) {
        struct view text = reply_text(reply_at(r, i + 1)), number = view_cut(&text, ' ');
        int64_t n = 0;
        if (view_to_int(number, 0, INT64_MAX, &n) == 0)
            g->each_ack(g->w->ctx, reply_text(reply_at(r, i)), (uint64_t)n, text);
    }
    group_reply(g, store_err_of(err));
}

int store_load_acked(struct store *st, const char *sink, enum store_what what, store_ack_fn *each,
                     store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    g->each_ack = each;
    return load_hashes(g, acked_kinds[what], sink, on_acked);
}

static void put_ack(struct redis_cmd *cmd, const struct store_ack *a)
{
    char value[32 + FOREIGN_SIZE];
    bool text = a->text && a->text[0];
    (void)snprintf(value, sizeof value, "%" PRIu64 "%s%s", a->number, text ? " " : "", text ? a->text : "");
    redis_cmd_str(cmd, a->lot);
    redis_cmd_str(cmd, value);
}

/* Commands with the entries of a partition, at most 1024 in one. */
static int send_acks(struct group *g, struct key key, const struct store_ack *acks, size_t n, unsigned part)
{
    struct store *st = g->st;
    size_t in_cmd = 0;
    struct redis_cmd cmd;
    for (size_t i = 0; i <= n; i++) {
        bool mine = i < n && partition_of(view_of(acks[i].lot), st->partitions) == part;
        if (mine && !in_cmd) {
            redis_cmd_init(&cmd);
            redis_cmd_eval(&cmd, &st->scripts[SCRIPT_ACKED], 1);
            redis_cmd_key(&cmd, key);
        }
        if (mine) {
            put_ack(&cmd, &acks[i]);
            in_cmd++;
        }
        if (in_cmd && (i == n || in_cmd == 1024)) {
            int rc = group_send(g, &cmd, on_saved);
            if (rc)
                return rc;
            in_cmd = 0;
        }
    }
    return 0;
}

int store_save_acked(struct store *st, const char *sink, enum store_what what, const struct store_ack *acks,
                     size_t n, store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    bool has[PARTITIONS_MAX] = {false};
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    int rc = store_up(st) ? 0 : ERR_AWAY;
    for (size_t i = 0; i < n; i++)
        has[partition_of(view_of(acks[i].lot), st->partitions)] = true;
    for (unsigned p = 0; p < st->partitions && !rc; p++) {
        if (has[p])
            rc = send_acks(g, key_part_id(st->prefix, p, acked_kinds[what], view_of(sink)), acks, n, p);
    }
    return group_sent(g, rc);
}

/* "<seq> <tries> <retry_ms> <code>" */
static bool held_parse(struct view text, struct store_held *h)
{
    int64_t seq = 0, tries = 0;
    struct view rest = text;
    *h = (struct store_held){0};
    if (view_to_int(view_cut(&rest, ' '), 0, INT64_MAX, &seq) ||
        view_to_int(view_cut(&rest, ' '), 0, INT32_MAX, &tries) ||
        view_to_int(view_cut(&rest, ' '), 0, INT64_MAX, &h->retry_ms) ||
        view_copy(rest, h->code, sizeof h->code))
        return false;
    h->seq = (uint64_t)seq;
    h->tries = (int)tries;
    return true;
}

static void on_held(void *ctx, const struct reply *r, enum redis_error err)
{
    struct group *g = ctx;
    for (size_t i = 0; !err && i + 1 < reply_n(r); i += 2) {
        struct store_held h;
        if (held_parse(reply_text(reply_at(r, i + 1)), &h))
            g->each_held(g->w->ctx, reply_text(reply_at(r, i)), &h);
    }
    group_reply(g, store_err_of(err));
}

int store_load_held(struct store *st, const char *sink, enum store_what what, store_held_fn *each,
                    store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    g->each_held = each;
    return load_hashes(g, held_kinds[what], sink, on_held);
}

int store_save_held(struct store *st, const char *sink, enum store_what what, const char *lot,
                    const struct store_held *h, store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    unsigned part = partition_of(view_of(lot), st->partitions);
    struct redis_cmd cmd;
    char text[160];
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    if (!store_up(st))
        return group_sent(g, ERR_AWAY);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, h ? "HSET" : "HDEL");
    redis_cmd_key(&cmd, key_part_id(st->prefix, part, held_kinds[what], view_of(sink)));
    redis_cmd_str(&cmd, lot);
    if (h) {
        snprintf(text, sizeof text, "%" PRIu64 " %d %" PRId64 " %.63s", h->seq, h->tries, h->retry_ms,
                 h->code);
        redis_cmd_str(&cmd, text);
    }
    return group_sent(g, group_send(g, &cmd, on_saved));
}

/* ---- cars of a day */

/* "<lot>:in" or "<lot>:out" */
static bool side_of(struct view *lot, bool *out)
{
    size_t at = lot->n;
    while (at && lot->p[at - 1] != ':')
        at--;
    struct view side = {lot->p + at, lot->n - at};
    if (!at || !(view_is(side, "in") || view_is(side, "out")))
        return false;
    lot->n = at - 1;
    *out = view_is(side, "out");
    return true;
}

static void on_cars(void *ctx, const struct reply *r, enum redis_error err)
{
    struct group *g = ctx;
    for (size_t i = 0; !err && i + 1 < reply_n(r); i += 2) {
        struct view lot = reply_text(reply_at(r, i));
        int64_t n = reply_int(reply_at(r, i + 1));
        bool out = false;
        if (side_of(&lot, &out) && n >= 0 && n <= INT32_MAX)
            g->each_cars(g->w->ctx, lot, out, (int32_t)n);
    }
    group_reply(g, store_err_of(err));
}

int store_read_cars(struct store *st, uint32_t date, store_cars_fn *each, store_done_fn *done, void *ctx)
{
    char name[16];
    struct group *g = group_new(st, done, ctx);
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    g->each_cars = each;
    (void)snprintf(name, sizeof name, "%08" PRIu32, date);
    return load_hashes(g, "cars", name, on_cars);
}
