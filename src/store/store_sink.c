/* SPDX-License-Identifier: MIT
 * What sinks have acknowledged, and their quarantine: one hash a partition and sink. An operation over
 * several partitions is a group of commands; its callback comes with the last reply and the first error.
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
};

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

static int load_hashes(struct group *g, const char *kind, const char *sink, redis_reply_fn *fn)
{
    struct store *st = g->st;
    int rc = store_up(st) ? 0 : ERR_AWAY;
    for (unsigned p = 0; p < st->partitions && !rc; p++) {
        struct redis_cmd cmd;
        redis_cmd_init(&cmd);
        redis_cmd_str(&cmd, "HGETALL");
        redis_cmd_key(&cmd, key_part_id(st->prefix, p, kind, view_of(sink)));
        rc = group_send(g, &cmd, fn);
    }
    return group_sent(g, rc);
}

static void on_acked(void *ctx, const struct reply *r, enum redis_error err)
{
    struct group *g = ctx;
    for (size_t i = 0; !err && i + 1 < reply_n(r); i += 2) {
        int64_t seq = reply_int(reply_at(r, i + 1));
        if (seq > 0)
            g->each_ack(g->w->ctx, reply_text(reply_at(r, i)), (uint64_t)seq);
    }
    group_reply(g, store_err_of(err));
}

int store_load_acked(struct store *st, const char *sink, store_ack_fn *each, store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    g->each_ack = each;
    return load_hashes(g, "acked", sink, on_acked);
}

/* One command with the entries of a partition, at most a batch of them; *from moves behind what was looked
 * at. */
static int send_acks(struct group *g, const char *sink, const struct store_ack *acks, size_t n, unsigned part)
{
    struct store *st = g->st;
    size_t in_cmd = 0;
    struct redis_cmd cmd;
    for (size_t i = 0; i <= n; i++) {
        bool mine = i < n && partition_of(view_of(acks[i].lot), st->partitions) == part;
        if (mine && !in_cmd) {
            redis_cmd_init(&cmd);
            redis_cmd_eval(&cmd, &st->scripts[SCRIPT_ACKED], 1);
            redis_cmd_key(&cmd, key_part_id(st->prefix, part, "acked", view_of(sink)));
        }
        if (mine) {
            redis_cmd_str(&cmd, acks[i].lot);
            redis_cmd_uint(&cmd, acks[i].seq);
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

int store_save_acked(struct store *st, const char *sink, const struct store_ack *acks, size_t n,
                     store_done_fn *done, void *ctx)
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
            rc = send_acks(g, sink, acks, n, p);
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

int store_load_held(struct store *st, const char *sink, store_held_fn *each, store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    g->each_held = each;
    return load_hashes(g, "held", sink, on_held);
}

int store_save_held(struct store *st, const char *sink, const char *lot, const struct store_held *h,
                    store_done_fn *done, void *ctx)
{
    struct group *g = group_new(st, done, ctx);
    struct redis_cmd cmd;
    char text[160];
    if (!g)
        return store_ended(st) ? ERR_STATE : ERR_NOMEM;
    if (!store_up(st))
        return group_sent(g, ERR_AWAY);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, h ? "HSET" : "HDEL");
    redis_cmd_key(&cmd,
                  key_part_id(st->prefix, partition_of(view_of(lot), st->partitions), "held", view_of(sink)));
    redis_cmd_str(&cmd, lot);
    if (h) {
        snprintf(text, sizeof text, "%" PRIu64 " %d %" PRId64 " %.63s", h->seq, h->tries, h->retry_ms,
                 h->code);
        redis_cmd_str(&cmd, text);
    }
    return group_sent(g, group_send(g, &cmd, on_saved));
}
