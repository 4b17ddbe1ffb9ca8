/* SPDX-License-Identifier: MIT
 * What the publisher needs of the store: what a sink has acknowledged, its quarantine, the cars of a day, its
 * lease.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

static const enum store_what what_of[PUBLISH_WHATS] = {
    [PUBLISH_STATES] = STORE_STATES, [PUBLISH_FILINGS] = STORE_FILINGS, [PUBLISH_DAYS] = STORE_DAYS};

/* Loading is several reads in a row: of each what was acknowledged, then its quarantine. */
struct load {
    struct app *app;
    char sink[SINK_ID_SIZE];
    enum publish_what what;
    bool held; /* the present read is of the quarantine */
    publish_saved_fn *done;
    void *done_ctx;
};

static void load_end(struct load *l, int err)
{
    l->done(l->done_ctx, err, 0);
    free(l);
}

static void on_acked(void *ctx, struct view lot, uint64_t number, struct view text)
{
    struct load *l = ctx;
    publisher_acked(l->app->publisher, l->sink, l->what, lot, number, text);
}

static void on_held(void *ctx, struct view lot, const struct store_held *h)
{
    struct load *l = ctx;
    struct publish_hold hold = {.seq = h->seq, .tries = h->tries, .retry_ms = h->retry_ms};
    memcpy(hold.code, h->code, sizeof hold.code);
    publisher_held(l->app->publisher, l->sink, l->what, lot, &hold);
}

static void on_read(void *ctx, int err, uint64_t version);

static int load_next(struct load *l)
{
    struct store *st = l->app->store;
    return l->held ? store_load_held(st, l->sink, what_of[l->what], on_held, on_read, l)
                   : store_load_acked(st, l->sink, what_of[l->what], on_acked, on_read, l);
}

static void on_read(void *ctx, int err, uint64_t version)
{
    struct load *l = ctx;
    (void)version;
    bool last = l->what == PUBLISH_DAYS; /* which has no quarantine in the store */
    if (!err && !last) {
        l->what = l->held ? (enum publish_what)(l->what + 1) : l->what;
        l->held = !l->held;
        err = load_next(l);
    }
    if (err || last)
        load_end(l, err);
}

static int load(void *ctx, const char *sink, publish_saved_fn *done, void *done_ctx)
{
    struct load *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_NOMEM;
    *l = (struct load){.app = ctx, .done = done, .done_ctx = done_ctx};
    (void)snprintf(l->sink, sizeof l->sink, "%s", sink);
    int err = load_next(l);
    if (err)
        free(l);
    return err;
}

static int save(void *ctx, const char *sink, enum publish_what what, const struct publish_ack *acks, size_t n,
                publish_saved_fn *done, void *done_ctx)
{
    struct app *a = ctx;
    struct store_ack *copy = calloc(n + 1, sizeof *copy);
    if (!copy)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        copy[i] = (struct store_ack){acks[i].lot, acks[i].number, acks[i].text};
    int err = store_save_acked(a->store, sink, what_of[what], copy, n, done, done_ctx);
    free(copy);
    return err;
}

static int save_held(void *ctx, const char *sink, enum publish_what what, const char *lot,
                     const struct publish_hold *h)
{
    struct app *a = ctx;
    struct store_held held = {0};
    if (!h)
        return store_save_held(a->store, sink, what_of[what], lot, NULL, NULL, NULL);
    held = (struct store_held){.seq = h->seq, .tries = h->tries, .retry_ms = h->retry_ms};
    memcpy(held.code, h->code, sizeof held.code);
    return store_save_held(a->store, sink, what_of[what], lot, &held, NULL, NULL);
}

static int load_cars(void *ctx, uint32_t date, publish_cars_fn *each, publish_saved_fn *done, void *done_ctx)
{
    struct app *a = ctx;
    return store_read_cars(a->store, date, each, done, done_ctx);
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
                                  .save = save,
                                  .save_held = save_held,
                                  .load_cars = load_cars,
                                  .lease_until = lease_until,
                                  .store_up = up};
}
