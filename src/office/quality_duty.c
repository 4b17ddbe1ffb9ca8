/* SPDX-License-Identifier: MIT
 * When something is asked of a lot: connected by the ledger's history, outside announced windows. And what
 * people found out about a day: counts by hand, objections that were accepted.
 */
#include <string.h>

#include "office/quality.h"
#include "parkd/base/iso8601.h"

/* A Beijing day's minutes, and what is done to a part of them. */
struct stretch {
    int64_t day_ms; /* its 00:00 */
    unsigned char *duty;
};

static int minute_of(const struct stretch *s, int64_t ms)
{
    int64_t minute = ms <= s->day_ms ? 0 : (ms - s->day_ms + MINUTE_MS - 1) / MINUTE_MS;
    return minute > 1440 ? 1440 : (int)minute;
}

static void set(const struct stretch *s, int64_t from_ms, int64_t to_ms, enum daily_duty duty)
{
    int from = minute_of(s, from_ms), to = minute_of(s, to_ms);
    if (from < to)
        memset(s->duty + from, (int)duty, (size_t)(to - from));
}

/* --- the ledger --- */

static bool connected_after(const struct json *step)
{
    return view_is(json_text(json_get(step, "to")), "connected");
}

static void take_history(const struct stretch *s, const struct json *history)
{
    for (const struct json *step = json_first(history); step; step = json_next(step)) {
        int64_t at = 0;
        if (iso8601_parse(json_text(json_get(step, "at")), &at) == 0)
            set(s, at, s->day_ms + DAY_MS, connected_after(step) ? DUTY_ON : DUTY_OFF);
    }
}

/* --- documents that name a lot --- */

struct search {
    const char *lot;
    int64_t day;
    const struct stretch *stretch;
    struct daily *record;
    bool found;
};

static bool times_of(const struct doc *d, int64_t *from, int64_t *to)
{
    return iso8601_parse(view_of(doc_str(d, "from")), from) == 0 &&
           iso8601_parse(view_of(doc_str(d, "to")), to) == 0;
}

static void take_window(void *ctx, const struct doc *d)
{
    const struct search *s = ctx;
    int64_t from = 0, to = 0;
    if (strcmp(doc_str(d, "lot"), s->lot) != 0 || !times_of(d, &from, &to))
        return;
    int begin = minute_of(s->stretch, from), end = minute_of(s->stretch, to);
    for (int i = begin; i < end; i++)
        if (s->stretch->duty[i] == DUTY_ON)
            s->stretch->duty[i] = DUTY_WINDOW;
}

void duty_of(struct office *o, const struct registry_lot *l, int64_t day, int from, int64_t now_ms,
             struct daily_frame *out)
{
    const struct stretch s = {day * DAY_MS - BEIJING_MS, out->duty};
    struct search windows = {.lot = l->lot.id, .stretch = &s};
    const struct doc *entry = doc_find(o, NOUN_LEDGER, view_of(l->lot.id));
    memset(out->duty, DUTY_OFF, sizeof out->duty);
    out->interval_ms = l->interval_ms;
    if (entry && json_size(json_get(entry->tree, "history")) > 0)
        take_history(&s, json_get(entry->tree, "history"));
    else if (l->lot.stage == STAGE_CONNECTED)
        set(&s, s.day_ms + from * MINUTE_MS, s.day_ms + DAY_MS, DUTY_ON);
    doc_each(o, NOUN_WINDOW, take_window, &windows);
    if (now_ms < s.day_ms + DAY_MS)
        set(&s, now_ms - MINUTE_MS, s.day_ms + DAY_MS, DUTY_OFF); /* the minute that runs is not over */
}

static void take_objection(void *ctx, const struct doc *d)
{
    struct search *s = ctx;
    int64_t from = 0, to = 0;
    if (strcmp(doc_str(d, "lot"), s->lot) != 0 || strcmp(doc_str(d, "state"), "accepted") != 0 ||
        date_parse(view_of(doc_str(d, "from")), &from) || date_parse(view_of(doc_str(d, "to")), &to))
        return;
    s->found = s->found || (s->day >= from && s->day <= to);
}

bool duty_left_out(struct office *o, const char *lot, int64_t day)
{
    struct search s = {.lot = lot, .day = day};
    doc_each(o, NOUN_OBJECTION, take_objection, &s);
    return s.found;
}

static void take_count(void *ctx, const struct doc *d)
{
    struct search *s = ctx;
    int64_t at = 0;
    if (strcmp(doc_str(d, "lot"), s->lot) != 0 || iso8601_parse(view_of(doc_str(d, "at")), &at) ||
        daily_of(at) != s->day)
        return;
    s->record->counted++;
    s->record->miscounted += !doc_bool(d, "ok", true);
}

void duty_counted(struct office *o, const char *lot, int64_t day, struct daily *d)
{
    struct search s = {.lot = lot, .day = day, .record = d};
    doc_each(o, NOUN_HANDCOUNT, take_count, &s);
}
