/* SPDX-License-Identifier: MIT
 * Steps filled from minutes and hours, and their JSON.
 */
#include <stdlib.h>

#include "api/history.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json_write.h"

#define RECENT_DAYS 7 /* hours are made of minutes this far back: their records may not be written yet */

int history_init(struct history *h, const struct history_query *q)
{
    *h = (struct history){.q = *q};
    h->n = (size_t)((q->to_ms - q->from_ms + q->step_ms - 1) / q->step_ms);
    h->v = calloc(h->n, sizeof *h->v);
    return h->v ? 0 : ERR_NOMEM;
}

void history_fini(struct history *h)
{
    free(h->v);
    *h = (struct history){0};
}

static int64_t midnight(int64_t ms)
{
    return ms - ms % DAY_MS;
}

static bool by_hours(const struct history_query *q)
{
    return q->step_ms >= HOUR_MS;
}

static int64_t recent(int64_t now_ms)
{
    int64_t first = midnight(now_ms) - (RECENT_DAYS - 1) * DAY_MS;
    return first > 0 ? first : 0;
}

struct history_days history_days_needed(const struct history_query *q, int64_t now_ms)
{
    int64_t first = q->from_ms;
    int64_t end = q->to_ms;
    if (by_hours(q)) {
        first = first > recent(now_ms) ? first : recent(now_ms);
        end = end < now_ms + DAY_MS ? end : now_ms + DAY_MS; /* nothing lies in the future */
    }
    if (first >= end)
        return (struct history_days){0, 0};
    first = midnight(first);
    return (struct history_days){first, (int)((midnight(end - 1) - first) / DAY_MS) + 1};
}

static int year_of(int64_t ms)
{
    int year = 0, month = 0, day = 0;
    civil_of_days(ms / DAY_MS, &year, &month, &day);
    return year;
}

struct history_years history_years_needed(const struct history_query *q, int64_t now_ms)
{
    if (!by_hours(q) || q->from_ms >= recent(now_ms))
        return (struct history_years){0, 0};
    return (struct history_years){year_of(q->from_ms), year_of(q->to_ms - 1) - year_of(q->from_ms) + 1};
}

static struct history_point *point_at(struct history *h, int64_t ms)
{
    if (ms < h->q.from_ms || ms >= h->q.to_ms)
        return NULL;
    return &h->v[(ms - h->q.from_ms) / h->q.step_ms];
}

static void widen(struct history_point *p, int32_t min, int32_t max)
{
    if (!p->minutes || min < p->min)
        p->min = min;
    if (!p->minutes || max > p->max)
        p->max = max;
}

void history_add_day(struct history *h, int64_t midnight_ms, struct view day)
{
    for (int m = 0; m < SERIES_MINUTES; m++) {
        int32_t free = series_get(day, m);
        struct history_point *p = point_at(h, midnight_ms + m * MINUTE_MS);
        if (!p || free == SERIES_NONE)
            continue;
        widen(p, free, free);
        p->by_minutes = true;
        p->last = free;
        p->sum += free;
        p->minutes++;
    }
}

void history_add_year(struct history *h, int year, struct view records)
{
    int64_t start = days_of_civil(year, 1, 1) * DAY_MS;
    uint32_t n = (uint32_t)((days_of_civil(year + 1, 1, 1) * DAY_MS - start) / HOUR_MS);
    for (uint32_t i = 0; i < n; i++) {
        struct history_point *p = point_at(h, start + (int64_t)i * HOUR_MS);
        if (!p || p->by_minutes)
            continue;
        struct series_hour hour = series_hour_decode(records, i);
        if (hour.minutes <= 0)
            continue;
        widen(p, hour.min, hour.max);
        p->sum += hour.mean * hour.minutes;
        p->minutes += hour.minutes;
    }
}

static void write_numbers(struct json_writer *w, const struct history_point *p)
{
    /* Hourly records know no last one. */
    if (p->by_minutes)
        jw_int(w, NULL, p->last);
    else
        jw_null(w, NULL);
    jw_int(w, NULL, p->min);
    jw_int(w, NULL, p->max);
    jw_real(w, NULL, p->sum / p->minutes, 1);
}

static void write_point(struct json_writer *w, const struct history *h, size_t i)
{
    const struct history_point *p = &h->v[i];
    jw_array(w, NULL);
    jw_int(w, NULL, (h->q.from_ms + (int64_t)i * h->q.step_ms) / 1000);
    if (p->minutes) {
        write_numbers(w, p);
    } else {
        for (int k = 0; k < 4; k++)
            jw_null(w, NULL);
    }
    jw_end_array(w);
}

int render_history(const struct history *h, const char *lot, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "lot", lot);
    jw_time(&w, "from", h->q.from_ms);
    jw_time(&w, "to", h->q.to_ms);
    jw_int(&w, "step_s", h->q.step_ms / 1000);
    jw_raw(&w, "columns", VIEW("[\"t\",\"last\",\"min\",\"max\",\"mean\"]"));
    jw_array(&w, "points");
    for (size_t i = 0; i < h->n; i++)
        write_point(&w, h, i);
    jw_end_array(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
    return out->err;
}
