/* SPDX-License-Identifier: MIT
 * What the publisher needs of the store: what a sink has acknowledged, its quarantine, its lease.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

/* Loading is two reads in a row: the acknowledged, then the quarantine. */
struct load {
    struct app *app;
    char sink[SINK_ID_SIZE];
    publish_saved_fn *done;
    void *done_ctx;
};

static void load_end(struct load *l, int err)
{
    l->done(l->done_ctx, err, 0);
    free(l);
}

static void on_acked(void *ctx, struct view lot, uint64_t seq)
{
    struct load *l = ctx;
    publisher_acked(l->app->publisher, l->sink, lot, seq);
}

static void on_held(void *ctx, struct view lot, const struct store_held *h)
{
    struct load *l = ctx;
    struct publish_hold hold = {.seq = h->seq, .tries = h->tries, .retry_ms = h->retry_ms};
    memcpy(hold.code, h->code, sizeof hold.code);
    publisher_held(l->app->publisher, l->sink, lot, &hold);
}

static void on_held_loaded(void *ctx, int err, uint64_t version)
{
    (void)version;
    load_end(ctx, err);
}

static void on_acked_loaded(void *ctx, int err, uint64_t version)
{
    struct load *l = ctx;
    (void)version;
    if (!err)
        err = store_load_held(l->app->store, l->sink, on_held, on_held_loaded, l);
    if (err)
        load_end(l, err);
}

static int load(void *ctx, const char *sink, publish_saved_fn *done, void *done_ctx)
{
    struct load *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_NOMEM;
    *l = (struct load){.app = ctx, .done = done, .done_ctx = done_ctx};
    (void)snprintf(l->sink, sizeof l->sink, "%s", sink);
    int err = store_load_acked(l->app->store, sink, on_acked, on_acked_loaded, l);
    if (err)
        free(l);
    return err;
}

static int save_acked(void *ctx, const char *sink, const struct publish_ack *acks, size_t n,
                      publish_saved_fn *done, void *done_ctx)
{
    struct app *a = ctx;
    struct store_ack *copy = calloc(n + 1, sizeof *copy);
    if (!copy)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        copy[i] = (struct store_ack){.lot = acks[i].lot, .seq = acks[i].seq};
    int err = store_save_acked(a->store, sink, copy, n, done, done_ctx);
    free(copy);
    return err;
}

static int save_held(void *ctx, const char *sink, const char *lot, const struct publish_hold *h)
{
    struct app *a = ctx;
    struct store_held held = {0};
    if (!h)
        return store_save_held(a->store, sink, lot, NULL, NULL, NULL);
    held = (struct store_held){.seq = h->seq, .tries = h->tries, .retry_ms = h->retry_ms};
    memcpy(held.code, h->code, sizeof held.code);
    return store_save_held(a->store, sink, lot, &held, NULL, NULL);
}

static int64_t lease_until(void *ctx, const char *sink)
{
    struct app *a = ctx;
    return store_lease_sink(a->store, sink);
}

static bool up(void *ctx)
{
    struct app *a = ctx;
    return store_up(a->store);
}

void wire_publish(struct app *a, struct publish_port *port)
{
    *port = (struct publish_port){.ctx = a,
                                  .load = load,
                                  .save_acked = save_acked,
                                  .save_held = save_held,
                                  .lease_until = lease_until,
                                  .store_up = up};
}
