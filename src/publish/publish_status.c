/* SPDX-License-Identifier: MIT
 * How the sinks are, for staff and for Prometheus.
 */
#include <math.h>

#include "publish/publish_impl.h"

static int64_t mono(const struct publish_sink *s)
{
    return clock_mono_ms(s->p->clock);
}

/* A monotonic moment as the wall clock shows it. */
static int64_t wall_of(const struct publish_sink *s, int64_t at)
{
    const struct clock *c = s->p->clock;
    return clock_wall_ms(c) + clock_wall_span(c, at - clock_mono_ms(c));
}

static const char *state_name(const struct publish_sink *s)
{
    if (!s->session)
        return "disabled";
    if (s->phase != SINK_READY)
        return s->phase == SINK_LOADING ? "loading" : "not_ours";
    if (s->pace.paused)
        return "paused";
    if (s->in_flight)
        return "sending";
    return s->pace.not_before > mono(s) ? "waiting" : "idle";
}

static void write_held(const struct publish_sink *s, enum publish_what what, struct json_writer *w)
{
    const struct publish_hold *h;
    uint32_t i = 0, lot = 0;
    jw_array(w, "held");
    while ((h = publish_plan_each_held(s->lines[what].plan, &i, &lot))) {
        jw_object(w, NULL);
        jw_str(w, "lot", registry_lot(s->p->reg, lot)->lot.id);
        jw_int(w, "seq", (int64_t)h->seq);
        jw_str(w, "code", h->code);
        jw_int(w, "tries", h->tries);
        jw_time(w, "next", wall_of(s, h->retry_ms));
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_moment(struct json_writer *w, const char *key, int64_t ms)
{
    if (ms)
        jw_int(w, key, ms);
    else
        jw_null(w, key);
}

static void write_wait(const struct publish_sink *s, enum publish_what what, struct json_writer *w)
{
    int64_t at = s->lines[what].not_before;
    jw_time(w, "waits_until", at > mono(s) ? wall_of(s, at) : 0);
}

static void write_filings(const struct publish_sink *s, struct json_writer *w)
{
    if (!s->files) {
        jw_null(w, "registrations");
        return;
    }
    jw_object(w, "registrations");
    jw_int(w, "open", (int64_t)publish_plan_count(s->lines[PUBLISH_FILINGS].plan).unacked);
    write_held(s, PUBLISH_FILINGS, w);
    write_wait(s, PUBLISH_FILINGS, w);
    jw_end_object(w);
}

typedef uint32_t date_fn(const struct publish_sink *s, uint32_t lot);

static uint32_t unbalanced(const struct publish_sink *s, uint32_t lot)
{
    return s->known[lot].unbalanced;
}

/* Of the last week: what was missed before that nobody makes good any more. */
static uint32_t missed(const struct publish_sink *s, uint32_t lot)
{
    uint32_t date = s->known[lot].missed;
    return date > publish_date_before(clock_wall_ms(s->p->clock), 8) ? date : 0;
}

static void write_dates(const struct publish_sink *s, const char *key, date_fn *date_of,
                        struct json_writer *w)
{
    char text[PUBLISH_DATE_SIZE];
    jw_array(w, key);
    for (uint32_t i = 0; i < s->n_known; i++) {
        uint32_t date = registry_lot(s->p->reg, i)->removed ? 0 : date_of(s, i);
        if (!date)
            continue;
        jw_object(w, NULL);
        jw_str(w, "lot", registry_lot(s->p->reg, i)->lot.id);
        jw_str(w, "date", publish_date_text(date, text));
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_day(const struct publish_sink *s, struct json_writer *w)
{
    char text[PUBLISH_DATE_SIZE];
    if (!s->tells_days) {
        jw_null(w, "day");
        return;
    }
    jw_object(w, "day");
    jw_str(w, "date", s->day.date ? publish_date_text(s->day.date, text) : NULL);
    jw_int(w, "open", (int64_t)publish_plan_count(s->lines[PUBLISH_DAYS].plan).unacked);
    write_held(s, PUBLISH_DAYS, w);
    write_wait(s, PUBLISH_DAYS, w);
    write_dates(s, "missed", missed, w);
    write_dates(s, "unbalanced", unbalanced, w);
    jw_end_object(w);
}

static void write_one(const struct publish_sink *s, struct json_writer *w)
{
    struct publish_counts c = publish_plan_count(s->lines[PUBLISH_STATES].plan);
    struct view url = view_of(s->conf.url);
    bool open = publish_pace_broken(&s->pace) && s->pace.not_before > mono(s);
    jw_object(w, NULL);
    jw_str(w, "id", s->conf.id);
    jw_str(w, "dialect", s->conf.dialect);
    jw_view(w, "url", view_cut(&url, '?'));
    jw_str(w, "state", state_name(s));
    jw_bool(w, "skip_verify", s->conf.tls.skip_verify);
    jw_int(w, "unacknowledged", (int64_t)c.unacked);
    write_moment(w, "oldest_ms", c.oldest_ms == PLAN_NEVER ? 0 : wall_of(s, c.oldest_ms));
    jw_time(w, "last_good", s->stats.last_good_ms);
    jw_str(w, "last_error", s->stats.last_error[0] ? s->stats.last_error : NULL);
    jw_int(w, "failures", s->pace.failures);
    jw_time(w, "breaker_until", open ? wall_of(s, s->pace.not_before) : 0);
    write_held(s, PUBLISH_STATES, w);
    write_filings(s, w);
    write_day(s, w);
    if (s->stats.clock_off_ms >= 0)
        jw_int(w, "clock_off_ms", s->stats.clock_off_ms);
    else
        jw_null(w, "clock_off_ms");
    jw_int(w, "delivered_items", (int64_t)s->stats.delivered);
    jw_int(w, "requests", (int64_t)s->stats.requests);
    jw_end_object(w);
}

void publisher_write_status(const struct publisher *p, struct json_writer *w)
{
    for (const struct publish_sink *s = p->sinks; s; s = s->hh.next)
        write_one(s, w);
}

static double oldest_s(const struct publish_sink *s)
{
    int64_t since = publish_plan_count(s->lines[PUBLISH_STATES].plan).oldest_ms;
    return since == PLAN_NEVER ? 0 : (double)(mono(s) - since) / 1000;
}
static double unacked(const struct publish_sink *s)
{
    return (double)publish_plan_count(s->lines[PUBLISH_STATES].plan).unacked;
}
static double held(const struct publish_sink *s)
{
    return (double)publish_plan_count(s->lines[PUBLISH_STATES].plan).held;
}
static double paused(const struct publish_sink *s)
{
    return s->pace.paused;
}
static double last_good(const struct publish_sink *s)
{
    return (double)s->stats.last_good_ms / 1000;
}

static double unregistered(const struct publish_sink *s)
{
    return s->files ? (double)publish_plan_count(s->lines[PUBLISH_FILINGS].plan).unacked : NAN;
}
static double lots_of(const struct publish_sink *s, date_fn *date_of)
{
    size_t n = 0;
    for (uint32_t i = 0; i < s->n_known; i++)
        n += !registry_lot(s->p->reg, i)->removed && date_of(s, i);
    return s->tells_days ? (double)n : NAN;
}
static double missed_days(const struct publish_sink *s)
{
    return lots_of(s, missed);
}
static double unbalanced_days(const struct publish_sink *s)
{
    return lots_of(s, unbalanced);
}
static double clock_offset(const struct publish_sink *s)
{
    return s->stats.clock_off_ms >= 0 ? (double)s->stats.clock_off_ms / 1000 : NAN;
}

void publisher_write_metrics(const struct publisher *p, struct buf *out)
{
    static const struct {
        const char *name, *help;
        double (*value)(const struct publish_sink *s);
    } gauges[] = {
        {"parkd_sink_unacknowledged_lots", "Lots whose newest state the sink has not acknowledged", unacked},
        {"parkd_sink_oldest_unacknowledged_seconds", "How long the longest of them waits", oldest_s},
        {"parkd_sink_held_lots", "Lots in quarantine", held},
        {"parkd_sink_paused", "1 while the sink waits for somebody to act", paused},
        {"parkd_sink_last_success_timestamp_seconds", "When the sink last acknowledged", last_good},
        {"parkd_sink_unregistered_lots", "Lots whose registration the sink has not acknowledged as it now is",
         unregistered},
        {"parkd_sink_missed_day_lots", "Lots whose statement of a day of the last week could not be told",
         missed_days},
        {"parkd_sink_unbalanced_day_lots", "Lots whose last statement the platform disagreed with",
         unbalanced_days},
        {"parkd_sink_clock_offset_seconds", "How far the platform's clock is from ours", clock_offset},
    };
    for (size_t g = 0; g < sizeof gauges / sizeof gauges[0]; g++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", gauges[g].name, gauges[g].help, gauges[g].name);
        for (const struct publish_sink *s = p->sinks; s; s = s->hh.next) {
            double v = gauges[g].value(s);
            if (!isnan(v)) /* nothing to say of this sink */
                buf_printf(out, "%s{sink=\"%s\"} %.3f\n", gauges[g].name, s->conf.id, v);
        }
    }
}

void publisher_each_state(const struct publisher *p, sink_state_fn *fn, void *ctx)
{
    for (const struct publish_sink *s = p->sinks; s; s = s->hh.next) {
        struct publish_counts n = publish_plan_count(s->lines[PUBLISH_STATES].plan);
        fn(ctx, &(struct sink_state){.id = s->conf.id,
                                     .enabled = s->conf.enabled,
                                     .ours = s->phase == SINK_READY,
                                     .paused = s->pace.paused,
                                     .last_good_ms = s->stats.last_good_ms,
                                     .oldest_ms = n.oldest_ms == PLAN_NEVER ? 0 : wall_of(s, n.oldest_ms),
                                     .held = n.held,
                                     .error = s->stats.last_error});
    }
}
