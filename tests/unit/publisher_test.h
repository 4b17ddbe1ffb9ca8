/* SPDX-License-Identifier: MIT
 * The world of a publisher for its tests: fakes of the network, the clock, the dialects and the store.
 * Included by one test program each.
 */
#ifndef PARKD_TESTS_PUBLISHER_TEST_H
#define PARKD_TESTS_PUBLISHER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_net.h"

#include "fake_dialect.h"
#include "parkd/base/json.h"
#include "parkd/base/log.h"
#include "parkd/model/registry.h"
#include "parkd/publish/publisher.h"

/* ---- the store */

#define MAX_LOTS 40

struct stored {
    char lot[LOT_ID_SIZE];
    uint64_t acked, filed, told;
    char code[FOREIGN_SIZE], word[16];
    struct publish_hold hold, unfiled; /* tries 0: none */
    uint32_t date;                     /* when these cars passed */
    int32_t in, out;
};
enum due { DUE_LOAD, DUE_SAVE, DUE_CARS };
static struct {
    struct stored v[MAX_LOTS];
    int n;
    bool up;
    int64_t lease;
    struct {
        publish_saved_fn *done; /* answers that are due; the test gives them with store_turn */
        void *ctx;
        enum due what;
        publish_cars_fn *cars;
        uint32_t date;
    } due[16];
    int n_due, loads, saves, save_err, cars_err;
} store;
static struct publisher *pub;
static struct registry *reg;

static struct stored *stored_of(const char *lot)
{
    for (int i = 0; i < store.n; i++) {
        if (strcmp(store.v[i].lot, lot) == 0)
            return &store.v[i];
    }
    assert_true(store.n < MAX_LOTS);
    (void)snprintf(store.v[store.n].lot, LOT_ID_SIZE, "%s", lot);
    return &store.v[store.n++];
}

static void store_due(publish_saved_fn *done, void *ctx, enum due what)
{
    assert_true(store.n_due < 16);
    store.due[store.n_due].done = done;
    store.due[store.n_due].ctx = ctx;
    store.due[store.n_due++].what = what;
}

static int port_load(void *ctx, const char *sink, publish_saved_fn *done, void *done_ctx)
{
    (void)ctx;
    assert_string_equal(sink, "s1");
    store.loads++;
    store_due(done, done_ctx, DUE_LOAD);
    return 0;
}

static void keep_ack(enum publish_what what, const struct publish_ack *a)
{
    struct stored *s = stored_of(a->lot);
    uint64_t *at[] = {&s->acked, &s->filed, &s->told};
    *at[what] = a->number > *at[what] ? a->number : *at[what];
    if (what == PUBLISH_FILINGS)
        (void)snprintf(s->code, sizeof s->code, "%s", a->text);
    if (what == PUBLISH_DAYS)
        (void)snprintf(s->word, sizeof s->word, "%s", a->text);
}

static int port_save(void *ctx, const char *sink, enum publish_what what, const struct publish_ack *acks,
                     size_t n, publish_saved_fn *done, void *done_ctx)
{
    (void)ctx;
    (void)sink;
    store.saves++;
    for (size_t i = 0; i < n && !store.save_err; i++)
        keep_ack(what, &acks[i]);
    store_due(done, done_ctx, DUE_SAVE);
    return 0;
}

static int port_held(void *ctx, const char *sink, enum publish_what what, const char *lot,
                     const struct publish_hold *h)
{
    struct stored *s = stored_of(lot);
    (void)ctx;
    (void)sink;
    assert_int_not_equal(what, PUBLISH_DAYS);
    *(what == PUBLISH_STATES ? &s->hold : &s->unfiled) = h ? *h : (struct publish_hold){0};
    return 0;
}

static int port_cars(void *ctx, uint32_t date, publish_cars_fn *each, publish_saved_fn *done, void *done_ctx)
{
    (void)ctx;
    store_due(done, done_ctx, DUE_CARS);
    store.due[store.n_due - 1].cars = each;
    store.due[store.n_due - 1].date = date;
    return 0;
}

static int64_t port_lease(void *ctx, const char *sink)
{
    (void)ctx;
    (void)sink;
    return store.lease;
}

static bool port_up(void *ctx)
{
    (void)ctx;
    return store.up;
}

static void load_one(const struct stored *s)
{
    struct view lot = view_of(s->lot);
    if (s->acked)
        publisher_acked(pub, "s1", PUBLISH_STATES, lot, s->acked, VIEW(""));
    if (s->filed || s->code[0])
        publisher_acked(pub, "s1", PUBLISH_FILINGS, lot, s->filed, view_of(s->code));
    if (s->told)
        publisher_acked(pub, "s1", PUBLISH_DAYS, lot, s->told, view_of(s->word));
    if (s->hold.tries)
        publisher_held(pub, "s1", PUBLISH_STATES, lot, &s->hold);
    if (s->unfiled.tries)
        publisher_held(pub, "s1", PUBLISH_FILINGS, lot, &s->unfiled);
}

static void tell_cars(publish_cars_fn *each, void *ctx, uint32_t date)
{
    for (int k = 0; k < store.n; k++) {
        const struct stored *s = &store.v[k];
        if (s->date != date)
            continue;
        each(ctx, view_of(s->lot), false, s->in);
        each(ctx, view_of(s->lot), true, s->out);
    }
}

/* The store answers everything it was asked. */
static void store_turn(void)
{
    while (store.n_due > 0) {
        int i = --store.n_due, err = 0;
        if (store.due[i].what == DUE_LOAD) {
            for (int k = 0; k < store.n; k++)
                load_one(&store.v[k]);
        } else if (store.due[i].what == DUE_SAVE) {
            err = store.save_err;
        } else if (!(err = store.cars_err)) {
            tell_cars(store.due[i].cars, store.due[i].ctx, store.due[i].date);
        }
        store.due[i].done(store.due[i].ctx, err, 0);
    }
}

/* Time moves on and the store answers. */
static void pass(int64_t ms)
{
    for (int64_t until = fake_now + ms; fake_now < until;) {
        fake_advance(until - fake_now < 20 ? until - fake_now : 20);
        store_turn();
    }
    fake_advance(0);
}

static int setup(void **state)
{
    const struct publish_port port = {.load = port_load,
                                      .save = port_save,
                                      .save_held = port_held,
                                      .load_cars = port_cars,
                                      .lease_until = port_lease,
                                      .store_up = port_up};
    memset(&store, 0, sizeof store);
    store.up = true;
    store.lease = INT64_MAX;
    fake_one_lot = false;
    fake_untellable = fake_poison = NULL;
    fake_push_err = 0;
    fake_parts_reset();
    fake_refuse_start = false;
    fake_started = fake_builds = 0;
    reg = registry_new();
    pub = publisher_new(NULL, &fake_clock, reg, NULL, &fake_dialects, &port);
    *state = pub;
    return pub ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    publisher_free(pub);
    for (; store.n_due > 0; store.n_due--) /* answers may come after the end */
        store.due[store.n_due - 1].done(store.due[store.n_due - 1].ctx, 0, 0);
    registry_free(reg);
    return fake_in_flight() || fake_timers || fake_sessions;
}

static int put_json(const char *json, struct why *why)
{
    struct json *j = NULL;
    struct sink s;
    assert_int_equal(json_parse(view_of(json), &j, NULL), 0);
    assert_int_equal(sink_parse(j, &s, why), 0);
    json_free(j);
    return publisher_put(pub, &s, why);
}

#define SINK_HEAD  "{\"id\":\"s1\",\"dialect\":\"fake\",\"url\":\"http://city/in?key=x\""
#define SINK(more) SINK_HEAD ",\"heartbeat_s\":0,\"refresh_s\":0" more "}"

static void put_sink(const char *json)
{
    struct why why = {0};
    if (put_json(json, &why))
        fail_msg("%s %s", why.at, why.text);
    pass(20);
}

static uint32_t put_lot_of(const char *id, enum lot_stage stage)
{
    struct lot lot = {.stage = stage};
    static uint64_t version;
    uint32_t idx = 0;
    (void)snprintf(lot.id, sizeof lot.id, "%s", id);
    assert_int_equal(registry_put(reg, &lot, VIEW("{}"), ++version, &idx), 0);
    return idx;
}

static void set(const char *id, uint64_t seq)
{
    struct reading r;
    uint32_t idx = registry_find(reg, view_of(id));
    if (idx == REGISTRY_NONE)
        idx = put_lot_of(id, STAGE_CONNECTED);
    reading_init(&r);
    r.seq = seq;
    r.observed_ms = fake_wall(NULL);
    r.free = 5;
    assert_true(registry_apply(reg, idx, &r));
}

static inline void expire(const char *id, uint64_t seq)
{
    struct reading r = registry_lot(reg, registry_find(reg, view_of(id)))->reading;
    r.seq = seq;
    r.expired = true;
    r.last_free = r.free;
    r.free = COUNT_NONE;
    assert_true(registry_apply(reg, registry_find(reg, view_of(id)), &r));
}

static void expect_sent(const char *body)
{
    assert_non_null(fake_fetches);
    assert_string_equal(fake_fetches->body, body);
}

static void answer(int status, const char *body)
{
    assert_non_null(fake_fetches);
    fake_answer(fake_fetches, status, body);
    store_turn();
    fake_advance(0);
}

static const char *shown(const char *pointer)
{
    static char text[512];
    struct json_writer w;
    struct json *j = NULL;
    struct buf b;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    publisher_write_status(pub, &w);
    jw_end_array(&w);
    assert_int_equal(json_parse(buf_get(&b), &j, NULL), 0);
    const struct json *v = json_at(j, view_of(pointer));
    if (json_is(v, JSON_NUMBER))
        (void)snprintf(text, sizeof text, "%.0f", json_number(v));
    else
        (void)snprintf(text, sizeof text, VIEW_FMT, VIEW_ARG(json_text(v)));
    json_free(j);
    buf_fini(&b);
    return text;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
