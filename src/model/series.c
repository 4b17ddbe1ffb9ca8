/* SPDX-License-Identifier: MIT
 * Minute strings and hourly records. Everything that was read may be short or damaged (strings grow, disks
 * tear): what is not there, or cannot be, is no observation.
 */
#include "parkd/model/series.h"

#include <math.h>
#include <stdio.h>

#include "parkd/base/iso8601.h"

#define TIME_MAX \
    INT64_C(253402300799999) /* the last ms of the year 9999: a day's name has four digits for it */
#define FREE_MAX 65534

static int64_t bounded(int64_t at_ms)
{
    if (at_ms < 0)
        return 0;
    return at_ms > TIME_MAX ? TIME_MAX : at_ms;
}

static void put_u16(unsigned char *p, int32_t v)
{
    p[0] = (unsigned char)((unsigned)v >> 8);
    p[1] = (unsigned char)((unsigned)v & 0xff);
}

static int32_t get_u16(const char *p)
{
    return (unsigned char)p[0] << 8 | (unsigned char)p[1];
}

void series_day_name(int64_t at_ms, char day[9])
{
    int y = 0, m = 0, d = 0;
    char text[40];
    civil_of_days(bounded(at_ms) / DAY_MS, &y, &m, &d);
    (void)snprintf(text, sizeof text, "%04d%02d%02d", y, m, d);
    for (int i = 0; i < 8; i++)
        day[i] = text[i];
    day[8] = '\0';
}

int series_slot_of(int64_t at_ms, int32_t free, struct series_slot *out)
{
    if (free < 0 || free > FREE_MAX || at_ms < 0 || at_ms > TIME_MAX)
        return ERR_RANGE;
    series_day_name(at_ms, out->day);
    out->offset = (uint32_t)(at_ms % DAY_MS / MINUTE_MS) * 2;
    put_u16(out->bytes, free + 1);
    return 0;
}

int32_t series_get(struct view day, int minute)
{
    if (minute < 0 || minute >= SERIES_MINUTES || (size_t)minute * 2 + 2 > day.n)
        return SERIES_NONE;
    return get_u16(day.p + (size_t)minute * 2) - 1;
}

struct series_hour series_hour_of(struct view day, int hour)
{
    struct series_hour h = {.min = SERIES_NONE, .max = SERIES_NONE};
    int64_t sum = 0;
    if (hour < 0 || hour > 23)
        return h;
    for (int i = hour * 60; i < hour * 60 + 60; i++) {
        int32_t v = series_get(day, i);
        if (v == SERIES_NONE)
            continue;
        if (h.minutes == 0 || v < h.min)
            h.min = v;
        if (v > h.max)
            h.max = v;
        sum += v;
        h.minutes++;
    }
    if (h.minutes)
        h.mean = (double)sum / h.minutes;
    return h;
}

void series_hour_encode(const struct series_hour *h, unsigned char out[SERIES_HOUR_BYTES])
{
    bool any = h->minutes > 0;
    put_u16(out, any ? h->minutes : 0);
    put_u16(out + 2, any ? h->min + 1 : 0);
    put_u16(out + 4, any ? h->max + 1 : 0);
    put_u16(out + 6, any ? (int32_t)lround(h->mean) + 1 : 0);
}

struct series_hour series_hour_decode(struct view year, uint32_t record)
{
    const struct series_hour none = {.min = SERIES_NONE, .max = SERIES_NONE};
    size_t at = (size_t)record * SERIES_HOUR_BYTES;
    if (at + SERIES_HOUR_BYTES > year.n)
        return none;
    struct series_hour h = {.minutes = get_u16(year.p + at),
                            .min = get_u16(year.p + at + 2) - 1,
                            .max = get_u16(year.p + at + 4) - 1};
    int32_t mean = get_u16(year.p + at + 6) - 1;
    if (h.minutes < 1 || h.minutes > 60 || h.min < 0 || mean < h.min || h.max < mean)
        return none;
    h.mean = mean;
    return h;
}

uint32_t series_hour_offset(int64_t at_ms, int *year)
{
    int m = 0, d = 0;
    int64_t at = bounded(at_ms);
    civil_of_days(at / DAY_MS, year, &m, &d);
    int64_t hours = at / HOUR_MS - days_of_civil(*year, 1, 1) * 24;
    return (uint32_t)hours * SERIES_HOUR_BYTES;
}
