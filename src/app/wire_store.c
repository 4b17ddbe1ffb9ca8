/* SPDX-License-Identifier: MIT
 * What the store tells: registrations go to the directory, the feeds and the publisher; loading starts the
 * rest.
 */
#include <string.h>

#include "app/app.h"
#include "parkd/base/json.h"
#include "parkd/base/log.h"
#include "parkd/model/secrets.h"
#include "parkd/norm/norm.h"

#define SEALED     "sealed:1:"
#define SEALED_MAX ((size_t)256 * 1024)

static void put_feed(struct app *a, const struct json *doc, struct why *why)
{
    struct feed feed;
    int err = feed_parse(doc, &feed, why);
    if (!err)
        err = feeds_put(a->feeds, &feed, why);
    if (err)
        log_error(FEED, "feed=%s error=%s at=%s reason=\"%s\"", feed.id, err_name(err), why->at, why->text);
}

static void put_sink(struct app *a, const struct json *doc, struct why *why)
{
    struct sink sink;
    int err = sink_parse(doc, &sink, why);
    if (!err)
        err = publisher_put(a->publisher, &sink, why);
    if (err)
        log_error(SINK, "sink=%s error=%s at=%s reason=\"%s\"", sink.id, err_name(err), why->at, why->text);
}

static void remove_one(struct app *a, enum noun noun, struct view id)
{
    char sink[SINK_ID_SIZE];
    if (noun == NOUN_FEED) {
        feeds_remove(a->feeds, id);
    } else if (noun == NOUN_SINK && view_copy(id, sink, sizeof sink) == 0) {
        publisher_remove(a->publisher, id);
        store_lease_sink_drop(a->store, sink);
    }
}

void app_apply_registration(struct app *a, enum noun noun, struct view id, struct view json)
{
    struct json *doc = NULL;
    struct why why = {0};
    if (!json.n) {
        remove_one(a, noun, id);
        return;
    }
    if (json_parse(json, &doc, &why))
        log_error(STORE, "registration=" VIEW_FMT " is not JSON: %s", VIEW_ARG(id), why.text);
    else if (noun == NOUN_FEED)
        put_feed(a, doc, &why);
    else
        put_sink(a, doc, &why);
    json_free(doc);
}

int app_store_put(struct app *a, enum noun noun, struct view id, struct view json, uint64_t if_version,
                  store_done_fn *done, void *done_ctx)
{
    char dialect[64];
    struct buf sealed;
    if (noun != NOUN_FEED && noun != NOUN_SINK && noun != NOUN_CHANNEL)
        return store_put(a->store, noun, id, json, if_version, done, done_ctx);
    registration_dialect(json, dialect, sizeof dialect);
    buf_init(&sealed, SEALED_MAX);
    int rc = secrets_seal(&sealed, a->master_key, noun, id, json, app_dialect_params(a, view_of(dialect)));
    rc = rc ? rc : store_put(a->store, noun, id, buf_get(&sealed), if_version, done, done_ctx);
    buf_fini(&sealed);
    return rc;
}

/* What came from Redis, opened. A secret that does not open stands there as it is: the feed's vendor will
 * refuse it, and the log says why. */
static void take(struct app *a, enum noun noun, struct view id, struct view json, uint64_t version)
{
    if (noun > NOUN_SINK) {
        office_take(a->office, noun, id, json, version);
        return;
    }
    if (directory_put(a->dir, noun, id, json, version))
        log_error(STORE, "registration=" VIEW_FMT " out of memory", VIEW_ARG(id));
    app_apply_registration(a, noun, id, json);
}

static void on_registration(void *ctx, enum noun noun, struct view id, struct view json, uint64_t version)
{
    struct app *a = ctx;
    if (a->ending)
        return;             /* those who work with them are going or gone */
    if (noun == NOUN_LOT) { /* the registry has it already */
        office_take(a->office, noun, id, json, version);
        return;
    }
    if (!json.n || !memmem(json.p, json.n, SEALED, sizeof SEALED - 1)) {
        take(a, noun, id, json, version);
        return;
    }
    struct buf open;
    buf_init(&open, SEALED_MAX);
    int rc = secrets_open(&open, a->master_key, noun, id, json);
    if (rc)
        log_error(STORE,
                  "%s=" VIEW_FMT " error=%s its secrets do not open: was it stored under another master key?",
                  noun_name(noun), VIEW_ARG(id), err_name(rc));
    take(a, noun, id, open.err || !open.n ? json : buf_get(&open), version);
    if (open.p)
        explicit_bzero(open.p, open.n);
    buf_fini(&open);
}

static void on_loaded(void *ctx, bool first)
{
    struct app *a = ctx;
    if (a->ending)
        return;
    if (first)
        app_loaded(a);
    else
        publisher_reload(a->publisher);
}

static void on_away(void *ctx, bool away, const char *reason)
{
    (void)ctx;
    if (away)
        log_error(STORE, "redis=away reason=\"%s\" pushes are answered 503 until it is back",
                  reason ? reason : "");
    else
        log_info(STORE, "redis=back");
}

static int apply_hint(void *ctx, const struct lot *lot, const struct reading *held, int32_t delta,
                      int64_t at_ms, struct reading *out)
{
    struct app *a = ctx;
    return norm_hint(lot, held, delta, at_ms, clock_wall_ms(&a->clock), out);
}

void wire_store(struct app *a, struct store_events *ev)
{
    *ev = (struct store_events){.ctx = a,
                                .on_registration = on_registration,
                                .on_loaded = on_loaded,
                                .on_away = on_away,
                                .apply_hint = apply_hint};
}
