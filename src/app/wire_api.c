/* SPDX-License-Identifier: MIT
 * What the API needs of feeds, pipeline, store and publisher.
 */
#include "app/app.h"
#include "parkd/feed/bodies.h"

static const struct feed *feed_by_id(void *ctx, struct view id)
{
    return feeds_find(((struct app *)ctx)->feeds, id);
}

static const struct feed *feed_by_path(void *ctx, struct view path)
{
    return feeds_find_path(((struct app *)ctx)->feeds, path);
}

static void feed_receive(void *ctx, const struct feed *f, const struct inbound_message *m,
                         api_received_fn *done, void *done_ctx)
{
    feeds_receive(((struct app *)ctx)->feeds, f, m, done, done_ctx);
}

static void feed_pushed(void *ctx, const struct feed *f, const struct report_list *reports,
                        const struct why *why)
{
    feeds_pushed(((struct app *)ctx)->feeds, f, reports, why);
}

struct view app_dialect_params(void *ctx, struct view dialect)
{
    char name[33];
    const struct dialect *d =
        view_copy(dialect, name, sizeof name) ? NULL : dialects_find(((struct app *)ctx)->dialects, name);
    return d ? dialect_params(d) : (struct view){0};
}

static void feed_body(void *ctx, const struct feed *f, const struct feed_body *body)
{
    feeds_keep_body(((struct app *)ctx)->feeds, f, body);
}

static void write_bodies(void *ctx, struct view id, uint64_t after, struct json_writer *w)
{
    bodies_write(feeds_bodies(((struct app *)ctx)->feeds), id, after, w);
}

static uint64_t newest_body(void *ctx, struct view id)
{
    return bodies_newest(feeds_bodies(((struct app *)ctx)->feeds), id);
}

static int feed_poll_now(void *ctx, struct view id)
{
    return feeds_poll_now(((struct app *)ctx)->feeds, id);
}

static int ingest(void *ctx, const struct feed *f, const struct report_list *reports, ingest_done_fn *done,
                  void *done_ctx)
{
    return pipeline_ingest(((struct app *)ctx)->pipeline, f, reports, done, done_ctx);
}

static bool up(void *ctx)
{
    return store_up(((struct app *)ctx)->store);
}

static int read_days(void *ctx, uint32_t lot, int64_t first_ms, int n_days, api_series_fn *done,
                     void *done_ctx)
{
    return store_read_days(((struct app *)ctx)->store, lot, first_ms, n_days, done, done_ctx);
}

static int read_years(void *ctx, uint32_t lot, int first_year, int n_years, api_series_fn *done,
                      void *done_ctx)
{
    return store_read_years(((struct app *)ctx)->store, lot, first_year, n_years, done, done_ctx);
}

int registration_check(void *ctx, enum noun noun, struct view id, const struct json *doc, struct why *why)
{
    (void)id;
    if (noun == NOUN_LOT)
        return check_lot(ctx, doc, why);
    return noun == NOUN_FEED ? check_feed(ctx, doc, why) : check_sink(ctx, doc, why);
}

int registration_put(void *ctx, enum noun noun, struct view id, struct view json, uint64_t if_version,
                     api_saved_fn *done, void *done_ctx)
{
    return app_store_put(ctx, noun, id, json, if_version, done, done_ctx);
}

int registration_remove(void *ctx, enum noun noun, struct view id, api_saved_fn *done, void *done_ctx)
{
    return store_remove(((struct app *)ctx)->store, noun, id, done, done_ctx);
}

static void each(void *ctx, enum noun noun, api_each_fn *fn, void *fn_ctx)
{
    directory_each(((struct app *)ctx)->dir, noun, fn, fn_ctx);
}

static int sink_resume(void *ctx, struct view id)
{
    return publisher_resume(((struct app *)ctx)->publisher, id);
}

static void write_status(void *ctx, struct json_writer *w)
{
    wire_status(ctx, w);
}

static void write_metrics(void *ctx, struct buf *out)
{
    wire_metrics(ctx, out);
}

static struct view reader_of(void *ctx, const unsigned char digest[32], bool *enabled)
{
    const struct sink *s = publisher_reader(((struct app *)ctx)->publisher, digest);
    *enabled = s && s->enabled;
    return s ? view_of(s->id) : (struct view){0};
}

static uint64_t acked(void *ctx, struct view sink, uint32_t lot)
{
    struct publish_told told;
    return publisher_told(((struct app *)ctx)->publisher, sink, lot, &told) ? told.seq : 0;
}

static bool ready(void *ctx, const char **reason)
{
    struct app *a = ctx;
    *reason = a->ending ? "ending" : !a->loaded ? "loading" : !store_up(a->store) ? "Redis is away" : NULL;
    return *reason == NULL;
}

static int identify(void *ctx, const struct office_evidence *e, struct principal *out, struct why *why)
{
    return office_identify(((struct app *)ctx)->office, e, out, why);
}

static int witness(void *ctx, const struct principal *who, const struct office_act *act,
                   office_saved_fn *done, void *done_ctx)
{
    return office_witness(((struct app *)ctx)->office, who, act, done, done_ctx);
}

static void outcome(void *ctx, const struct principal *who, const struct office_act *act, int status)
{
    office_outcome(((struct app *)ctx)->office, who, act, status);
}

static void office(void *ctx, const struct office_request *r, office_answer_fn *done, void *done_ctx)
{
    office_handle(((struct app *)ctx)->office, r, done, done_ctx);
}

void wire_api(struct app *a, struct api_port *port)
{
    *port = (struct api_port){.ctx = a,
                              .feed_by_id = feed_by_id,
                              .feed_by_path = feed_by_path,
                              .feed_receive = feed_receive,
                              .feed_pushed = feed_pushed,
                              .feed_poll_now = feed_poll_now,
                              .feed_body = feed_body,
                              .write_bodies = write_bodies,
                              .newest_body = newest_body,
                              .try_it = tries_try,
                              .replay = tries_replay,
                              .try_sink = tries_try_sink,
                              .reader_of = reader_of,
                              .acked = acked,
                              .dialect_params = app_dialect_params,
                              .ingest = ingest,
                              .store_up = up,
                              .read_days = read_days,
                              .read_years = read_years,
                              .check = registration_check,
                              .put = registration_put,
                              .remove = registration_remove,
                              .each = each,
                              .sink_resume = sink_resume,
                              .write_status = write_status,
                              .write_metrics = write_metrics,
                              .ready = ready,
                              .identify = identify,
                              .witness = witness,
                              .outcome = outcome,
                              .office = office};
}
