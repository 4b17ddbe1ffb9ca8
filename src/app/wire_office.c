/* SPDX-License-Identifier: MIT
 * What the office needs of store, feeds, pipeline and publisher; and where its own documents come from.
 */
#include <stdlib.h>

#include "app/app.h"
#include "parkd/base/log.h"
#include "parkd/feed/bodies.h"
#include "parkd/store/office.h"

#define LEASE_OF "office" /* whoever polls this name's partition does what falls due */

static bool up(void *ctx)
{
    return store_up(((struct app *)ctx)->store);
}

static bool leads(void *ctx)
{
    struct app *a = ctx;
    return store_lease_poll(a->store, VIEW(LEASE_OF)) > clock_mono_ms(&a->clock);
}

static const struct feed *feed(void *ctx, struct view id)
{
    return feeds_find(((struct app *)ctx)->feeds, id);
}

static void each(void *ctx, enum noun noun,
                 void (*fn)(void *ctx, struct view id, struct view json, uint64_t version), void *fn_ctx)
{
    directory_each(((struct app *)ctx)->dir, noun, fn, fn_ctx);
}

/* --- rows and the trail --- */

static int put_rows(void *ctx, const char *kind, const char *period, int keep_days,
                    const struct office_row *rows, size_t n, office_saved_fn *done, void *done_ctx)
{
    struct app *a = ctx;
    struct store_row *copy = calloc(n ? n : 1, sizeof *copy);
    if (!copy)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        copy[i] = (struct store_row){rows[i].lot, rows[i].text};
    int rc = store_put_rows(a->store, kind, period, keep_days, copy, n, done, done_ctx);
    free(copy);
    return rc;
}

static int read_rows(void *ctx, const char *kind, const char *period, office_row_fn *fn,
                     office_saved_fn *done, void *done_ctx)
{
    return store_read_rows(((struct app *)ctx)->store, kind, period, fn, done, done_ctx);
}

static int audit(void *ctx, struct view entry, office_saved_fn *done, void *done_ctx)
{
    return store_audit(((struct app *)ctx)->store, entry, done, done_ctx);
}

/* The store's entries in the office's words. */
struct audit_reading {
    office_entry_fn *each;
    office_saved_fn *done;
    void *ctx;
};

static void on_entry(void *ctx, const struct audit_entry *e)
{
    const struct audit_reading *r = ctx;
    r->each(r->ctx, &(struct office_entry){
                        .id = e->id, .n = e->n, .prev = e->prev, .hash = e->hash, .entry = e->entry});
}

static void on_read(void *ctx, int err, uint64_t n)
{
    struct audit_reading *r = ctx;
    r->done(r->ctx, err, n);
    free(r);
}

static int read_audit(void *ctx, struct view after, size_t n, office_entry_fn *fn, office_saved_fn *done,
                      void *done_ctx)
{
    struct audit_reading *r = malloc(sizeof *r);
    if (!r)
        return ERR_NOMEM;
    *r = (struct audit_reading){fn, done, done_ctx};
    int rc = store_read_audit(((struct app *)ctx)->store, after, n, on_entry, on_read, r);
    if (rc)
        free(r);
    return rc;
}

static int read_cars(void *ctx, uint32_t date, office_cars_fn *fn, office_saved_fn *done, void *done_ctx)
{
    return store_read_cars(((struct app *)ctx)->store, date, fn, done, done_ctx);
}

/* What a sink said of days, in the office's words. */
struct statements {
    office_statement_fn *each;
    office_saved_fn *done;
    void *ctx;
};

static void on_statement(void *ctx, struct view lot, uint64_t number, struct view text)
{
    const struct statements *s = ctx;
    if (number <= UINT32_MAX)
        s->each(s->ctx, lot, (uint32_t)number, view_is(text, "unbalanced"));
}

static void on_statements(void *ctx, int err, uint64_t version)
{
    struct statements *s = ctx;
    s->done(s->ctx, err, version);
    free(s);
}

static int read_statements(void *ctx, const char *sink, office_statement_fn *fn, office_saved_fn *done,
                           void *done_ctx)
{
    struct statements *s = malloc(sizeof *s);
    if (!s)
        return ERR_NOMEM;
    *s = (struct statements){fn, done, done_ctx};
    int rc = store_load_acked(((struct app *)ctx)->store, sink, STORE_DAYS, on_statement, on_statements, s);
    if (rc)
        free(s);
    return rc;
}

static int restate(void *ctx, uint32_t lot, uint32_t flags)
{
    return pipeline_restate(((struct app *)ctx)->pipeline, lot, flags);
}

static int read_days(void *ctx, uint32_t lot, int64_t first_ms, int n_days, office_series_fn *done,
                     void *done_ctx)
{
    return store_read_days(((struct app *)ctx)->store, lot, first_ms, n_days, done, done_ctx);
}

/* --- reports that people made --- */

struct reporting {
    void (*done)(void *ctx, size_t accepted, const struct why *why);
    void *ctx;
};

static void on_reported(void *ctx, const struct ingest_result *results, size_t n)
{
    struct reporting *r = ctx;
    struct why why = {0};
    size_t accepted = 0;
    for (size_t i = 0; i < n; i++) {
        bool good = results[i].code != INGEST_REJECTED && results[i].code != INGEST_AWAY;
        accepted += good;
        if (!good && !why.text[0]) {
            why = results[i].why;
            if (results[i].code == INGEST_AWAY)
                (void)why_set(&why, ERR_AWAY, "", "%s", err_text(ERR_AWAY));
        }
    }
    r->done(r->ctx, accepted, &why);
    free(r);
}

static int report(void *ctx, const struct feed *f, const struct report_list *reports,
                  void (*done)(void *ctx, size_t accepted, const struct why *why), void *done_ctx)
{
    struct reporting *r = malloc(sizeof *r);
    if (!r)
        return ERR_NOMEM;
    *r = (struct reporting){done, done_ctx};
    int rc = pipeline_ingest(((struct app *)ctx)->pipeline, f, reports, on_reported, r);
    if (rc)
        free(r);
    return rc;
}

/* --- feeds and sinks --- */

static void write_bodies(void *ctx, struct view id, uint64_t after, struct json_writer *w)
{
    bodies_write(feeds_bodies(((struct app *)ctx)->feeds), id, after, w);
}

static int poll_now(void *ctx, struct view id)
{
    return feeds_poll_now(((struct app *)ctx)->feeds, id);
}

static uint64_t acked(void *ctx, struct view sink, uint32_t lot)
{
    struct publish_told told;
    return publisher_told(((struct app *)ctx)->publisher, sink, lot, &told) ? told.seq : 0;
}

/* The caller's own context beside the office's function. */
struct telling {
    office_party_fn *fn;
    void *ctx;
};

static void on_feed_state(void *ctx, const struct feed_state *s)
{
    const struct telling *t = ctx;
    t->fn(t->ctx, &(struct office_party){.id = s->id,
                                         .owner = s->owner,
                                         .health = !s->enabled ? HEALTH_OFF
                                                   : !s->ours  ? HEALTH_ELSEWHERE
                                                   : !s->known ? HEALTH_UNTRIED
                                                   : s->up     ? HEALTH_GOOD
                                                               : HEALTH_BAD,
                                         .last_ok_ms = s->last_good_ms,
                                         .http = s->http,
                                         .reason = s->reason});
}

static void each_feed(void *ctx, office_party_fn *fn, void *fn_ctx)
{
    feeds_each_state(((struct app *)ctx)->feeds, on_feed_state, &(struct telling){fn, fn_ctx});
}

static void on_sink_state(void *ctx, const struct sink_state *s)
{
    const struct telling *t = ctx;
    t->fn(t->ctx, &(struct office_party){.id = s->id,
                                         .owner = "",
                                         .health = !s->enabled ? HEALTH_OFF
                                                   : !s->ours  ? HEALTH_ELSEWHERE
                                                   : s->paused ? HEALTH_BAD
                                                               : HEALTH_GOOD,
                                         .last_ok_ms = s->last_good_ms,
                                         .waiting_ms = s->oldest_ms,
                                         .reason = s->error,
                                         .held = s->held});
}

struct holding {
    office_hold_fn *fn;
    void *ctx;
};

static void on_hold(void *ctx, const char *lot, enum publish_what what, const struct publish_hold *h)
{
    const struct holding *t = ctx;
    t->fn(t->ctx, &(struct office_hold){lot, publish_what_name(what), h->code, h->tries, h->retry_ms});
}

static int each_held(void *ctx, struct view sink, office_hold_fn *fn, void *fn_ctx)
{
    return publisher_each_held(((struct app *)ctx)->publisher, sink, on_hold, &(struct holding){fn, fn_ctx});
}

static int held_retry(void *ctx, struct view sink, struct view lot)
{
    return publisher_held_retry(((struct app *)ctx)->publisher, sink, lot);
}

static int held_discard(void *ctx, struct view sink, struct view lot)
{
    return publisher_held_discard(((struct app *)ctx)->publisher, sink, lot);
}

static void each_sink(void *ctx, office_party_fn *fn, void *fn_ctx)
{
    publisher_each_state(((struct app *)ctx)->publisher, on_sink_state, &(struct telling){fn, fn_ctx});
}

static void each_dialect(void *ctx,
                         void (*fn)(void *ctx, const char *name, bool polls, bool receives,
                                    struct view params),
                         void *fn_ctx)
{
    const struct dialects *all = ((struct app *)ctx)->dialects;
    for (const struct dialect *d = dialects_next(all, NULL); d; d = dialects_next(all, d)) {
        unsigned parts = dialect_parts(d);
        if (parts & (DIALECT_POLL | DIALECT_RECEIVE))
            fn(fn_ctx, dialect_name(d), parts & DIALECT_POLL, parts & DIALECT_RECEIVE, dialect_params(d));
    }
}

void wire_office(struct app *a, struct office_port *port)
{
    *port = (struct office_port){.ctx = a,
                                 .store_up = up,
                                 .put = registration_put,
                                 .remove = registration_remove,
                                 .check = registration_check,
                                 .each = each,
                                 .feed = feed,
                                 .put_rows = put_rows,
                                 .read_rows = read_rows,
                                 .audit = audit,
                                 .hash = audit_hash,
                                 .read_audit = read_audit,
                                 .read_cars = read_cars,
                                 .read_statements = read_statements,
                                 .restate = restate,
                                 .read_days = read_days,
                                 .report = report,
                                 .try_it = tries_try,
                                 .replay = tries_replay,
                                 .write_bodies = write_bodies,
                                 .poll_now = poll_now,
                                 .acked = acked,
                                 .leads = leads,
                                 .dialect_params = app_dialect_params,
                                 .each_dialect = each_dialect,
                                 .each_feed = each_feed,
                                 .each_sink = each_sink,
                                 .each_held = each_held,
                                 .held_retry = held_retry,
                                 .held_discard = held_discard,
                                 .fetcher = a->office_fetcher};
}
