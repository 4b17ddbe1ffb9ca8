/* SPDX-License-Identifier: MIT
 * One lot's past at a time, a week of it a turn; every quarter of an hour all lots, some hundreds a turn.
 */
#include "api/forecasts.h"

#include <stdlib.h>
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/model/holidays.h"
#include "parkd/model/series.h"
#include "parkd/net/timer.h"

#define PAST_DAYS 29 /* four weeks and a day */
#define TURN_DAYS 7
#define TURN_LOTS 200
#define TICK_MS   1000
#define REST_MS   20 /* between pieces: others come first */
#define STEP_MIN  15
#define DAY_STEPS 96

/* A past on its way into a forecast. */
struct reading_past {
    struct forecasts *owner; /* NULL: nobody waits for it any more */
    uint32_t idx;
    int64_t first_ms;
    int n, next;
    char *days; /* n strings of SERIES_DAY_BYTES */
    struct forecast_lot *lot;
};

struct forecasts {
    struct api *api;
    struct forecast_lot **lots; /* by the registry's index; NULL: not built */
    bool *tried;
    uint32_t n, built, next_build, next_sweep;
    int64_t step; /* the last one that all lots took */
    bool sweeping;
    struct reading_past *past; /* NULL: none is read */
    struct timer *tick, *build;
};

static int64_t step_now(const struct forecasts *f)
{
    return api_now(f->api) / FORECAST_STEP_MS;
}

static bool is_usual(const struct forecasts *f, int64_t step)
{
    return !f->api->holidays || !holidays_has(f->api->holidays, step * FORECAST_STEP_MS);
}

/* --- the past --- */

static void past_free(struct reading_past *p)
{
    forecast_free(p->lot);
    free(p->days);
    free(p);
}

/* The count at a step: the newest of its quarter of an hour. */
static int32_t count_at(struct view day, int step)
{
    for (int m = step * STEP_MIN, k = 0; k < STEP_MIN && m - k >= 0; k++) {
        int32_t v = series_get(day, m - k);
        if (v != SERIES_NONE)
            return v;
    }
    return FORECAST_UNKNOWN;
}

static void take_day(struct reading_past *p, int day, int64_t last)
{
    struct view bytes = {p->days + (size_t)day * SERIES_DAY_BYTES, SERIES_DAY_BYTES};
    int64_t first = (p->first_ms + day * DAY_MS) / FORECAST_STEP_MS;
    for (int s = 0; s < DAY_STEPS && first + s <= last; s++)
        forecast_take(p->lot, first + s, count_at(bytes, s), is_usual(p->owner, first + s));
}

static void build_soon(struct forecasts *f)
{
    if (f->build && !timer_armed(f->build))
        timer_arm(f->build, REST_MS);
}

static void past_done(struct forecasts *f, bool good)
{
    struct reading_past *p = f->past;
    f->past = NULL;
    if (good && p->idx < f->n && !f->lots[p->idx]) {
        f->lots[p->idx] = p->lot;
        p->lot = NULL;
        f->built++;
    }
    past_free(p);
    if (good) /* else the next tick tries again */
        build_soon(f);
}

static void on_days(void *ctx, int err, const struct view *parts, size_t n)
{
    struct reading_past *p = ctx;
    struct forecasts *f = p->owner;
    if (!f) {
        past_free(p);
        return;
    }
    for (size_t i = 0; !err && i < n && i < (size_t)p->n; i++)
        if (parts[i].n)
            memcpy(p->days + i * SERIES_DAY_BYTES, parts[i].p,
                   parts[i].n < SERIES_DAY_BYTES ? parts[i].n : SERIES_DAY_BYTES);
    if (err) {
        f->tried[p->idx] = false; /* once more when the store is back */
        past_done(f, false);
        return;
    }
    p->lot = forecast_new();
    p->n = p->lot ? p->n : 0;
    build_soon(f);
}

static void begin_past(struct forecasts *f, uint32_t idx)
{
    struct reading_past *p = calloc(1, sizeof *p);
    int64_t today = api_now(f->api) / DAY_MS * DAY_MS;
    f->tried[idx] = true;
    if (!p)
        return;
    *p = (struct reading_past){
        .owner = f, .idx = idx, .n = PAST_DAYS, .first_ms = today - (PAST_DAYS - 1) * DAY_MS};
    p->days = calloc(PAST_DAYS, SERIES_DAY_BYTES);
    f->past = p;
    const struct api_port *port = &f->api->port;
    int err = p->days ? port->read_days(port->ctx, idx, p->first_ms, p->n, on_days, p) : ERR_NOMEM;
    if (err) {
        f->tried[idx] = err == ERR_NOMEM;
        f->past = NULL;
        past_free(p);
    }
}

/* The next lot without a forecast; f->n: none. */
static uint32_t next_lot(struct forecasts *f)
{
    while (f->next_build < f->n && (f->lots[f->next_build] || f->tried[f->next_build] ||
                                    registry_lot(f->api->reg, f->next_build)->removed))
        f->next_build++;
    return f->next_build;
}

static void on_build(void *ctx)
{
    struct forecasts *f = ctx;
    struct reading_past *p = f->past;
    if (!p) {
        if (f->built < FORECASTS_MAX && next_lot(f) < f->n)
            begin_past(f, f->next_build);
        return;
    }
    if (!p->lot)
        return; /* still read */
    for (int end = p->next + TURN_DAYS; p->next < p->n && p->next < end; p->next++)
        take_day(p, p->next, step_now(f));
    if (p->next < p->n)
        build_soon(f);
    else
        past_done(f, true);
}

/* --- the present --- */

static int32_t count_now(const struct forecasts *f, uint32_t idx)
{
    const struct registry_lot *l = registry_lot(f->api->reg, idx);
    bool known = !l->removed && freshness_current(&l->reading, l->interval_ms, api_now(f->api)) &&
                 l->reading.free != COUNT_NONE;
    return known ? l->reading.free : FORECAST_UNKNOWN;
}

static void sweep(struct forecasts *f)
{
    uint32_t end = f->next_sweep + TURN_LOTS;
    for (; f->next_sweep < f->n && f->next_sweep < end; f->next_sweep++)
        if (f->lots[f->next_sweep])
            forecast_take(f->lots[f->next_sweep], f->step, count_now(f, f->next_sweep), is_usual(f, f->step));
    f->sweeping = f->next_sweep < f->n;
}

static void on_tick(void *ctx)
{
    struct forecasts *f = ctx;
    int64_t step = step_now(f);
    if (!f->sweeping && step > f->step) {
        f->step = step;
        f->next_sweep = 0;
        f->sweeping = true;
    }
    if (f->sweeping)
        sweep(f);
    timer_arm(f->tick, f->sweeping ? REST_MS : TICK_MS);
    if (!f->past && next_lot(f) < f->n)
        build_soon(f);
}

/* --- coming and going --- */

static int grow(struct forecasts *f, uint32_t idx)
{
    if (idx < f->n)
        return 0;
    uint32_t n = registry_size(f->api->reg) > idx ? registry_size(f->api->reg) : idx + 1;
    struct forecast_lot **lots = realloc(f->lots, n * sizeof(struct forecast_lot *));
    if (lots)
        f->lots = lots;
    bool *tried = lots ? realloc(f->tried, n * sizeof *tried) : NULL;
    if (!tried)
        return ERR_NOMEM;
    f->tried = tried;
    for (; f->n < n; f->n++) {
        f->lots[f->n] = NULL;
        f->tried[f->n] = false;
    }
    return 0;
}

struct forecasts *forecasts_new(struct api *a)
{
    struct forecasts *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->api = a;
    f->tick = timer_new(a->loop, on_tick, f);
    f->build = timer_new(a->loop, on_build, f);
    f->step = step_now(f);
    if (!f->tick || !f->build || (registry_size(a->reg) && grow(f, registry_size(a->reg) - 1))) {
        forecasts_free(f);
        return NULL;
    }
    timer_arm(f->tick, TICK_MS);
    return f;
}

void forecasts_stop(struct forecasts *f)
{
    timer_free(f->tick);
    timer_free(f->build);
    f->tick = f->build = NULL;
    if (!f->past)
        return;
    if (f->past->lot)
        past_free(f->past);
    else
        f->past->owner = NULL; /* the store still holds it */
    f->past = NULL;
}

void forecasts_free(struct forecasts *f)
{
    if (!f)
        return;
    forecasts_stop(f);
    for (uint32_t i = 0; i < f->n; i++)
        forecast_free(f->lots[i]);
    free(f->lots);
    free(f->tried);
    free(f);
}

void forecasts_heard(struct forecasts *f, uint32_t idx, enum registry_event ev)
{
    if (ev != REGISTRY_REGISTERED && ev != REGISTRY_REMOVED)
        return;
    if (!f->tick || grow(f, idx))
        return;
    if (ev == REGISTRY_REMOVED && f->lots[idx]) {
        forecast_free(f->lots[idx]);
        f->lots[idx] = NULL;
        f->built--;
    }
    if (ev == REGISTRY_REMOVED)
        f->tried[idx] = false;
    if (idx < f->next_build)
        f->next_build = idx;
}

/* --- telling --- */

bool forecasts_tell(const struct forecasts *f, uint32_t idx, int horizon, struct forecast *out,
                    const char **why)
{
    const struct lot *l = &registry_lot(f->api->reg, idx)->lot;
    int32_t now = count_now(f, idx), base = l->open != COUNT_NONE    ? l->open
                                            : l->total != COUNT_NONE ? l->total
                                                                     : 0;
    if (idx >= f->n || !f->lots[idx])
        *why = f->built < FORECASTS_MAX ? "learning" : "too-many-lots";
    else if (now == FORECAST_UNKNOWN)
        *why = "unknown-now";
    else if (forecast_tell(f->lots[idx], horizon, now, base, out))
        *why = "too-little-history";
    else
        *why = NULL;
    return !*why;
}

static double between(double a, double b, double part)
{
    return a + (b - a) * part;
}

bool forecasts_in(const struct forecasts *f, uint32_t idx, int minutes, struct forecast *out)
{
    const char *why = NULL;
    int32_t now = count_now(f, idx);
    struct forecast before = {now, now, now, now > 0 ? 1 : 0, 0}, after = before;
    int from = 0, h = 0;
    while (h < FORECAST_HORIZONS - 1 && forecast_steps[h] * STEP_MIN < minutes)
        h++;
    if (!forecasts_tell(f, idx, h, &after, &why))
        return false;
    if (h > 0) {
        from = forecast_steps[h - 1] * STEP_MIN;
        if (!forecasts_tell(f, idx, h - 1, &before, &why))
            return false;
    }
    double part = (double)(minutes - from) / (forecast_steps[h] * STEP_MIN - from);
    *out = (struct forecast){.expected = (int32_t)(between(before.expected, after.expected, part) + 0.5),
                             .low = (int32_t)(between(before.low, after.low, part) + 0.5),
                             .high = (int32_t)(between(before.high, after.high, part) + 0.5),
                             .chance = between(before.chance, after.chance, part),
                             .error = between(before.error, after.error, part)};
    return true;
}

bool forecasts_day(const struct forecasts *f, uint32_t idx, int64_t ms, struct forecast_day *out)
{
    int64_t midnight = (ms + BEIJING_MS) / DAY_MS * DAY_MS - BEIJING_MS;
    if (idx >= f->n || !f->lots[idx])
        return false;
    forecast_day(f->lots[idx], midnight / FORECAST_STEP_MS, out);
    return true;
}

void forecasts_metrics(const struct forecasts *f, struct buf *out)
{
    buf_printf(out,
               "# HELP parkd_forecast_lots Lots whose past was read for forecasts\n# TYPE "
               "parkd_forecast_lots gauge\n"
               "parkd_forecast_lots %u\n"
               "# HELP parkd_forecast_error_spaces Mean absolute error of forecasts of late, over the lots "
               "that have one\n"
               "# TYPE parkd_forecast_error_spaces gauge\n",
               f->built);
    for (int h = 0; h < FORECAST_HORIZONS; h++) {
        double sum = 0;
        int n = 0;
        for (uint32_t i = 0; i < f->n; i++) {
            double error = f->lots[i] ? forecast_error(f->lots[i], h) : -1;
            if (error < 0)
                continue;
            sum += error;
            n++;
        }
        if (n)
            buf_printf(out, "parkd_forecast_error_spaces{minutes=\"%d\"} %.3f\n",
                       forecast_steps[h] * STEP_MIN, sum / n);
    }
}

/* --- GET /v1/lots/{id}/forecast --- */

static void write_horizon(struct json_writer *w, const struct forecasts *f, int h,
                          const struct forecast *told)
{
    int minutes = forecast_steps[h] * STEP_MIN;
    jw_object(w, NULL);
    jw_int(w, "minutes", minutes);
    jw_time(w, "at", api_now(f->api) + minutes * MINUTE_MS);
    jw_int(w, "expected", told->expected);
    jw_int(w, "low", told->low);
    jw_int(w, "high", told->high);
    jw_real(w, "chance", told->chance, 2);
    jw_real(w, "error", told->error, 1);
    jw_end_object(w);
}

static void write_forecast(struct json_writer *w, const struct forecasts *f, const struct registry_lot *l)
{
    struct forecast told;
    const char *why = NULL;
    int32_t now = count_now(f, l->idx);
    jw_object(w, NULL);
    jw_str(w, "lot", l->lot.id);
    jw_time(w, "as_of", api_now(f->api));
    if (now == FORECAST_UNKNOWN)
        jw_null(w, "free");
    else
        jw_int(w, "free", now);
    jw_array(w, "horizons");
    for (int h = 0; h < FORECAST_HORIZONS; h++)
        if (forecasts_tell(f, l->idx, h, &told, &why))
            write_horizon(w, f, h, &told);
    jw_end_array(w);
    jw_str(w, "reason", why);
    jw_end_object(w);
}

void forecast_handle(const struct call *c)
{
    struct query q;
    struct why why = {0};
    struct json_writer w;
    struct buf body;
    call_query(c, &q);
    if (query_none(&q, &why)) {
        reply_why(c, PROBLEM_PARAMETER, &why);
        return;
    }
    const struct registry_lot *l = public_lot(c);
    if (!l)
        return;
    buf_init(&body, API_MAX_ANSWER);
    jw_init(&w, &body);
    write_forecast(&w, c->api->forecasts, l);
    buf_char(&body, '\n');
    reply_entry(c, &(struct reply){.status = 200, .cache_control = "public, max-age=30"},
                cache_entry_make(&body, NULL));
    buf_fini(&body);
}
