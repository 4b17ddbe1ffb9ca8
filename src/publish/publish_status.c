/* SPDX-License-Identifier: MIT
 * How the sinks are, for staff and for Prometheus.
 */
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

static void write_held(const struct publish_sink *s, struct json_writer *w)
{
    const struct publish_hold *h;
    uint32_t i = 0, lot = 0;
    jw_array(w, "held");
    while ((h = publish_plan_each_held(s->plan, &i, &lot))) {
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

static void write_one(const struct publish_sink *s, struct json_writer *w)
{
    struct publish_counts c = publish_plan_count(s->plan);
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
    write_held(s, w);
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
    int64_t since = publish_plan_count(s->plan).oldest_ms;
    return since == PLAN_NEVER ? 0 : (double)(mono(s) - since) / 1000;
}
static double unacked(const struct publish_sink *s)
{
    return (double)publish_plan_count(s->plan).unacked;
}
static double held(const struct publish_sink *s)
{
    return (double)publish_plan_count(s->plan).held;
}
static double paused(const struct publish_sink *s)
{
    return s->pace.paused;
}
static double last_good(const struct publish_sink *s)
{
    return (double)s->stats.last_good_ms / 1000;
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
    };
    for (size_t g = 0; g < sizeof gauges / sizeof gauges[0]; g++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", gauges[g].name, gauges[g].help, gauges[g].name);
        for (const struct publish_sink *s = p->sinks; s; s = s->hh.next)
            buf_printf(out, "%s{sink=\"%s\"} %.3f\n", gauges[g].name, s->conf.id, gauges[g].value(s));
    }
}
