/* SPDX-License-Identifier: MIT
 * How the feeds are: notes what came of each try, logs a change of health once, writes status and metrics.
 */
#include <string.h>

#include "feed/feeds_impl.h"
#include "parkd/base/log.h"

static const int64_t bucket_ms[POLL_BUCKETS] = {50, 100, 250, 500, 1000, 2500, 5000, 10000};

void feed_note_poll(struct feeds *fs, int64_t took_ms)
{
    int i = 0;
    while (i < POLL_BUCKETS && took_ms > bucket_ms[i])
        i++;
    fs->poll_bucket[i]++;
    fs->polls++;
    fs->poll_sum_ms += took_ms;
}

static void note_faults(struct feed_entry *e, const struct report_list *reports)
{
    size_t keep = reports->n_faults < FEED_SHOW_FAULTS ? reports->n_faults : FEED_SHOW_FAULTS;
    if (keep)
        memcpy(e->status.faults, reports->faults, keep * sizeof e->status.faults[0]);
    e->status.n_faults = reports->n_faults;
}

static size_t count_unknown(const struct feed_entry *e, const struct report_list *reports)
{
    size_t n = 0;
    for (size_t i = 0; i < reports->n; i++)
        n += registry_find_foreign(e->set->reg, e->feed.id, view_of(reports->v[i].lot)) == REGISTRY_NONE;
    return n;
}

/* A field that changed its name is no fault anywhere: its lots only fall silent. */
static bool is_silent(const struct report *r)
{
    bool says =
        r->free != REPORT_NONE || r->occupied != REPORT_NONE || r->band != BAND_UNKNOWN || r->n_zones > 0;
    for (int c = 0; c < PLACE_CLASS_N && !says; c++)
        says = r->classes[c].free != REPORT_NONE;
    return r->kind == REPORT_COUNTS && !says;
}

/* Where all that are silent are closed, nobody expects a count. */
static size_t count_silent(const struct report_list *reports)
{
    size_t n = 0;
    bool open = false;
    for (size_t i = 0; i < reports->n; i++) {
        bool silent = is_silent(&reports->v[i]);
        n += silent;
        open |= silent && reports->v[i].status != STATUS_CLOSED;
    }
    return open ? n : 0;
}

static void log_health(const struct feed_entry *e)
{
    if (e->health.up)
        log_info(FEED, "feed=%s health=good", e->feed.id);
    else
        log_warn(FEED, "feed=%s health=bad http=%d at=\"%s\" reason=\"%s\"", e->feed.id,
                 e->status.http_status, e->status.error.at, e->status.error.text);
}

void feed_note(struct feed_entry *e, const struct report_list *reports, const struct why *why)
{
    struct feed_status *s = &e->status;
    if (why) {
        s->error = *why;
        s->failures++;
    } else {
        s->error = (struct why){0};
        s->failures = 0;
        s->last_good_ms = clock_wall_ms(e->set->clock);
        s->reports = reports ? reports->n : 0;
        s->unknown_lots = reports ? count_unknown(e, reports) : 0;
        s->silent_lots = reports ? count_silent(reports) : 0;
    }
    /* A 304 says nothing new about faults; an answer that could be read says all. */
    if (reports && !(s->http_status == 304 && !why))
        note_faults(e, reports);
    if (health_note(&e->health, !why))
        log_health(e);
}

void feed_note_link(struct feed_entry *e)
{
    e->status.error = (struct why){0};
    e->status.failures = 0;
    if (health_note(&e->health, true))
        log_health(e);
}

static const char *state_name(const struct feed_entry *e)
{
    if (!e->session)
        return "disabled";
    if (!e->health.known)
        return "new";
    return e->health.up ? "good" : "bad";
}

/* Without the query: some vendors want their key in it. */
static struct view shown_url(const struct feed_entry *e)
{
    struct view rest = view_of(e->feed.url);
    return view_cut(&rest, '?');
}

static void write_error(const struct why *why, struct json_writer *w)
{
    struct buf b;
    if (!why->text[0]) {
        jw_null(w, "error");
        return;
    }
    buf_init(&b, sizeof *why + 8);
    buf_str(&b, why->text);
    if (why->at[0])
        buf_printf(&b, " (%s)", why->at);
    jw_view(w, "error", buf_get(&b));
    buf_fini(&b);
}

static void write_faults(const struct feed_status *s, struct json_writer *w)
{
    size_t n = s->n_faults < FEED_SHOW_FAULTS ? s->n_faults : FEED_SHOW_FAULTS;
    jw_array(w, "faults");
    for (size_t i = 0; i < n; i++) {
        jw_object(w, NULL);
        jw_int(w, "item", s->faults[i].item);
        jw_str(w, "lot", s->faults[i].lot[0] ? s->faults[i].lot : NULL);
        jw_str(w, "pointer", s->faults[i].why.at);
        jw_str(w, "reason", s->faults[i].why.text);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_next(const struct feed_entry *e, struct json_writer *w)
{
    const struct clock *c = e->set->clock;
    if (e->plan.state == POLL_WAITING)
        jw_int(w, "next_ms", clock_wall_ms(c) + clock_wall_span(c, e->next_mono_ms - clock_mono_ms(c)));
    else
        jw_null(w, "next_ms");
}

static void write_one(const struct feed_entry *e, struct json_writer *w)
{
    static const char *const modes[] = {[FEED_POLL] = "poll", [FEED_PUSH] = "push", [FEED_MQTT] = "mqtt"};
    const struct feed_status *s = &e->status;
    jw_object(w, NULL);
    jw_str(w, "id", e->feed.id);
    jw_str(w, "dialect", e->feed.dialect);
    jw_str(w, "mode", modes[e->feed.mode]);
    jw_view(w, "url", shown_url(e));
    jw_str(w, "state", state_name(e));
    jw_time(w, "last_good", s->last_good_ms);
    jw_time(w, "last_try", s->last_try_ms);
    write_error(&s->error, w);
    jw_int(w, "http_status", s->http_status);
    jw_int(w, "took_ms", s->took_ms);
    jw_int(w, "failures", s->failures);
    jw_int(w, "interval_ms",
           e->due ? poll_interval(&e->plan, e->set->port.slow_down(e->set->port.ctx)) : e->feed.interval_ms);
    write_next(e, w);
    jw_int(w, "reports", (int64_t)s->reports);
    write_faults(s, w);
    jw_int(w, "unknown_lots", (int64_t)s->unknown_lots);
    jw_int(w, "silent_lots", (int64_t)s->silent_lots);
    mqtt_feed_write(e, w);
    jw_end_object(w);
}

void feeds_write_status(const struct feeds *fs, struct json_writer *w)
{
    for (const struct feed_entry *e = fs->by_id; e; e = e->hh.next)
        write_one(e, w);
}

static void write_histogram(const struct feeds *fs, struct buf *out)
{
    uint64_t sum = 0;
    buf_str(out, "# HELP parkd_poll_duration_seconds Time that polls took, with all their requests\n"
                 "# TYPE parkd_poll_duration_seconds histogram\n");
    for (int i = 0; i < POLL_BUCKETS; i++) {
        sum += fs->poll_bucket[i];
        buf_printf(out, "parkd_poll_duration_seconds_bucket{le=\"%g\"} %llu\n", (double)bucket_ms[i] / 1000,
                   (unsigned long long)sum);
    }
    buf_printf(out,
               "parkd_poll_duration_seconds_bucket{le=\"+Inf\"} %llu\nparkd_poll_duration_seconds_sum %.3f\n"
               "parkd_poll_duration_seconds_count %llu\n",
               (unsigned long long)fs->polls, (double)fs->poll_sum_ms / 1000, (unsigned long long)fs->polls);
}

void feeds_write_metrics(const struct feeds *fs, struct buf *out)
{
    write_histogram(fs, out);
    buf_str(out,
            "# HELP parkd_feed_up 1 while the feed's last results are good\n# TYPE parkd_feed_up gauge\n");
    for (const struct feed_entry *e = fs->by_id; e; e = e->hh.next) {
        if (e->session)
            buf_printf(out, "parkd_feed_up{feed=\"%s\"} %d\n", e->feed.id, e->health.up);
    }
    buf_str(out, "# HELP parkd_feed_last_success_timestamp_seconds When a feed was last read well\n"
                 "# TYPE parkd_feed_last_success_timestamp_seconds gauge\n");
    for (const struct feed_entry *e = fs->by_id; e; e = e->hh.next) {
        if (e->status.last_good_ms)
            buf_printf(out, "parkd_feed_last_success_timestamp_seconds{feed=\"%s\"} %.3f\n", e->feed.id,
                       (double)e->status.last_good_ms / 1000);
    }
}

void feeds_each_state(const struct feeds *fs, feed_state_fn *fn, void *ctx)
{
    for (const struct feed_entry *e = fs->by_id; e; e = e->hh.next)
        fn(ctx, &(struct feed_state){.id = e->feed.id,
                                     .owner = e->feed.owner,
                                     .enabled = e->feed.enabled,
                                     .ours = fs->port.may_poll(fs->port.ctx, e->feed.id),
                                     .known = e->health.known || e->unusable,
                                     .up = e->health.up && !e->unusable,
                                     .last_good_ms = e->status.last_good_ms,
                                     .http = e->status.http_status,
                                     .reason = e->status.error.text});
}
