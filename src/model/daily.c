/* SPDX-License-Identifier: MIT
 * A day's record out of its minutes.
 */
#include "parkd/model/daily.h"

#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/model/series.h"

#define CELL_MINUTES (1440 / DAILY_CELLS)
#define UTC_SHIFT    (16 * 60) /* minute of the UTC day at which a Beijing day begins */

void daily_init(struct daily *d)
{
    *d = (struct daily){.min = COUNT_NONE,
                        .max = COUNT_NONE,
                        .first = COUNT_NONE,
                        .last = COUNT_NONE,
                        .in = COUNT_NONE,
                        .out = COUNT_NONE};
    memset(d->cells, CELL_OFF, sizeof d->cells);
}

void daily_minutes(struct view before, struct view after, int32_t out[DAILY_MINUTES])
{
    for (int i = 0; i < DAILY_MINUTES; i++) {
        int at = i - DAILY_LEAD + UTC_SHIFT;
        out[i] = at < SERIES_MINUTES ? series_get(before, at) : series_get(after, at - SERIES_MINUTES);
    }
}

static int bounded(int64_t v, int least, int most)
{
    return v < least ? least : v > most ? most : (int)v;
}

static int minutes_up(int64_t ms)
{
    return bounded((ms + MINUTE_MS - 1) / MINUTE_MS, 0, 1440);
}

/* Minutes since the last observation at each minute of the day; as far as the lead reaches, else more than
 * that. */
static void ages_of(const int32_t minutes[DAILY_MINUTES], int ages[1440])
{
    int age = DAILY_LEAD + 1;
    for (int i = 0; i < DAILY_MINUTES; i++) {
        age = minutes[i] != SERIES_NONE ? 0 : age + 1;
        if (i >= DAILY_LEAD)
            ages[i - DAILY_LEAD] = age;
    }
}

static void take_cells(struct daily *d, const int ages[1440], const struct daily_frame *f, int late)
{
    for (int c = 0; c < DAILY_CELLS; c++) {
        int at = c * CELL_MINUTES + CELL_MINUTES - 1; /* asked at its end */
        int age = ages[at];
        if (f->duty[at] != DUTY_ON)
            d->cells[c] = f->duty[at] == DUTY_WINDOW ? CELL_WINDOW : CELL_OFF;
        else
            d->cells[c] = age <= late ? CELL_GOOD : age <= 30 ? CELL_LATE : CELL_NONE;
    }
}

static void take_minutes(struct daily *d, const int ages[1440], const struct daily_frame *f, int late)
{
    d->current = d->minutes = 0;
    for (int i = 0; i < 1440; i++) {
        d->minutes += f->duty[i] == DUTY_ON;
        d->current += f->duty[i] == DUTY_ON && ages[i] <= late;
    }
}

static void take_slots(struct daily *d, const int32_t *minutes, const struct daily_frame *f, int length)
{
    d->timely = d->slots = 0;
    for (int from = 0; from + length <= 1440; from += length) {
        bool on = true, seen = false;
        for (int i = from; i < from + length; i++) {
            on = on && f->duty[i] == DUTY_ON;
            seen = seen || minutes[i] != SERIES_NONE;
        }
        d->slots += on;
        d->timely += on && seen;
    }
}

static void take_value(struct daily *d, int32_t v, int minute, int32_t *held)
{
    if (d->first == COUNT_NONE)
        d->first = v;
    d->last = v;
    d->min = d->min == COUNT_NONE || v < d->min ? v : d->min;
    d->max = v > d->max ? v : d->max;
    if (*held != SERIES_NONE && *held != v && d->moves[minute / 60] < UINT16_MAX)
        d->moves[minute / 60]++;
    *held = v;
}

static void take_values(struct daily *d, const int32_t minutes[DAILY_MINUTES])
{
    int32_t held = SERIES_NONE;
    d->first = d->last = d->min = d->max = COUNT_NONE;
    memset(d->moves, 0, sizeof d->moves);
    for (int i = 0; i < DAILY_LEAD; i++)
        held = minutes[i] != SERIES_NONE ? minutes[i] : held;
    for (int i = 0; i < 1440; i++)
        if (minutes[DAILY_LEAD + i] != SERIES_NONE)
            take_value(d, minutes[DAILY_LEAD + i], i, &held);
}

void daily_series(struct daily *d, const int32_t minutes[DAILY_MINUTES], const struct daily_frame *f)
{
    int ages[1440];
    int late = bounded(minutes_up(3 * (f->interval_ms < DAY_MS ? f->interval_ms : 0)), 10, 30);
    int slot = bounded(minutes_up(2 * (f->interval_ms < DAY_MS ? f->interval_ms : 0)), 2, 30);
    ages_of(minutes, ages);
    take_cells(d, ages, f, late);
    take_minutes(d, ages, f, late);
    take_slots(d, minutes + DAILY_LEAD, f, f->interval_ms ? slot : 10);
    take_values(d, minutes);
}

int32_t daily_tolerance(int32_t open)
{
    int32_t share = open > 0 ? (open * 3 + 99) / 100 : 0;
    return share > 3 ? share : 3;
}

void daily_cars(struct daily *d, int32_t in, int32_t out, int32_t open)
{
    d->in = in;
    d->out = out;
    if (d->first == COUNT_NONE || in == COUNT_NONE || out == COUNT_NONE)
        return;
    int64_t off = (int64_t)d->first - d->last - ((int64_t)in - out);
    d->reconciled = (off < 0 ? -off : off) <= daily_tolerance(open) ? SUM_GOOD : SUM_BAD;
}

void daily_follow(struct daily *d, const struct daily *before)
{
    d->frozen_days = d->frozen_min > 0 ? (before ? before->frozen_days : 0) + 1 : 0;
    d->unsettled_days =
        d->reconciled == SUM_BAD || d->miscounted ? (before ? before->unsettled_days : 0) + 1 : 0;
}

static double share(int part, int whole)
{
    return whole > 0 ? (double)part / whole : -1;
}

static int cells_of(const struct daily *d, enum daily_cell kind)
{
    int n = 0;
    for (int i = 0; i < DAILY_CELLS; i++)
        n += d->cells[i] == (char)kind;
    return n;
}

double daily_online(const struct daily *d)
{
    int online = cells_of(d, CELL_GOOD) + cells_of(d, CELL_LATE);
    return share(online, online + cells_of(d, CELL_NONE));
}

double daily_timeliness(const struct daily *d)
{
    return share(d->timely, d->slots);
}

double daily_completeness(const struct daily *d)
{
    return share(d->current, d->minutes);
}

double daily_silent_hours(const struct daily *d)
{
    return cells_of(d, CELL_NONE) * 0.5;
}

int64_t daily_of(int64_t ms)
{
    return (ms + BEIJING_MS) / DAY_MS;
}

void daily_name(int64_t day, char name[9])
{
    series_day_name(day * DAY_MS, name);
}
