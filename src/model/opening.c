/* SPDX-License-Identifier: MIT
 * Opening hours: read from JSON, asked at a moment. Few spans, so plain scans.
 */
#include <stdio.h>
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"
#include "parkd/model/opening.h"

#define DAY_MINUTES 1440
#define ALL_DAYS    0x7fu
#define LOOK_DAYS   8
#define DATE_SIZE   11

/* --- reading --- */

/* "07:00" and "7:00"; 24:00 is the end of a day. */
static int minute_of(const char *text, uint16_t *out)
{
    struct view minutes = view_of(text), hours = view_cut(&minutes, ':');
    int64_t h = 0, m = 0;
    if (hours.n < 1 || hours.n > 2 || minutes.n != 2 || view_to_int(hours, 0, 24, &h) ||
        view_to_int(minutes, 0, 59, &m) || (h == 24 && m))
        return ERR_SYNTAX;
    *out = (uint16_t)(h * 60 + m);
    return 0;
}

static int read_times(const struct json *j, uint16_t *from, uint16_t *to, struct why *why)
{
    char text[2][8];
    int err = json_need_str(j, "from", text[0], sizeof text[0], why);
    if (!err)
        err = json_need_str(j, "to", text[1], sizeof text[1], why);
    if (err)
        return err;
    if (minute_of(text[0], from) || *from == DAY_MINUTES)
        return why_set(why, ERR_SYNTAX, "/from", "must be a time of the day like 07:00");
    if (minute_of(text[1], to))
        return why_set(why, ERR_SYNTAX, "/to", "must be a time of the day like 22:00, or 24:00");
    if (*from == *to)
        return why_set(why, ERR_INVALID, "/to", "is the same as from; a whole day is 00:00 to 24:00");
    if (*to < *from)
        *to = (uint16_t)(*to + DAY_MINUTES);
    return 0;
}

static int day_of(struct view name)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int d = 0; d < 7; d++) {
        if (view_is(name, names[d]))
            return d;
    }
    return -1;
}

/* "mon-fri,sun"; "fri-mon" goes over the weekend. */
static int read_days(const struct json *j, uint8_t *out, struct why *why)
{
    char text[40] = "";
    int err = json_want_str(j, "days", text, sizeof text, why);
    struct view rest = view_of(text);
    *out = text[0] ? 0 : ALL_DAYS;
    while (!err && rest.p && rest.n) {
        struct view last = view_cut(&rest, ','), first = view_cut(&last, '-');
        int a = day_of(first), b = last.p ? day_of(last) : a;
        if (a < 0 || b < 0)
            return why_set(why, ERR_INVALID, "/days", "must be days like mon-fri,sun");
        for (int d = a; *out |= (uint8_t)(1u << d), d != b; d = (d + 1) % 7) {}
    }
    return err;
}

static int read_span(const struct json *j, struct opening_span *out, struct why *why)
{
    static const char *const known[] = {"days", "from", "to", NULL};
    int err = json_only(j, known, why);
    if (!err)
        err = read_days(j, &out->days, why);
    return err ? err : read_times(j, &out->from, &out->to, why);
}

static int read_date(const struct json *j, const char *key, int32_t *day, struct why *why)
{
    char text[DATE_SIZE] = "", at[16];
    int64_t ms = 0;
    int err = json_want_str(j, key, text, sizeof text, why);
    if (err || !text[0])
        return err;
    (void)snprintf(at, sizeof at, "/%s", key);
    if (strlen(text) != DATE_SIZE - 1 || time_parse(view_of(text), VIEW("%Y-%m-%d"), 0, &ms))
        return why_set(why, ERR_SYNTAX, at, "must be a date like 2027-02-06");
    *day = (int32_t)(ms / DAY_MS);
    return 0;
}

static int read_exception(const struct json *j, struct opening_exception *out, struct why *why)
{
    static const char *const known[] = {"first", "last", "from", "to", "closed", NULL};
    bool closed = false;
    *out = (struct opening_exception){.first = -1};
    int err = json_only(j, known, why);
    if (!err)
        err = json_want_bool(j, "closed", &closed, why);
    if (!err)
        err = read_date(j, "first", &out->first, why);
    if (!err && out->first < 0)
        err = why_set(why, ERR_MISSING, "/first", "missing");
    out->last = out->first;
    if (!err)
        err = read_date(j, "last", &out->last, why);
    if (!err && out->last < out->first)
        err = why_set(why, ERR_RANGE, "/last", "is before first");
    if (!err && closed && (json_get(j, "from") || json_get(j, "to")))
        err = why_set(why, ERR_INVALID, "/closed", "says closed, but there are times");
    return err || closed ? err : read_times(j, &out->from, &out->to, why);
}

/* The i-th element of `list` failed. */
static int at_element(struct why *why, const char *list, int i, int err)
{
    char at[32];
    (void)snprintf(at, sizeof at, "/%s/%d", list, i);
    why_under(why, "%s", at);
    return err;
}

static int read_spans(const struct json *j, const char *key, int max, struct opening_span *out, uint8_t *n,
                      struct why *why)
{
    const struct json *list = NULL;
    int err = json_want_node(j, key, JSON_ARRAY, &list, why);
    for (const struct json *one = err || !list ? NULL : json_first(list); one; one = json_next(one)) {
        if (*n == max)
            return at_element(why, key, *n, why_set(why, ERR_TOO_BIG, "", "at most %d", max));
        if ((err = read_span(one, &out[*n], why)))
            return at_element(why, key, *n, err);
        ++*n;
    }
    return err;
}

static int read_exceptions(const struct json *j, struct opening *h, struct why *why)
{
    const struct json *list = NULL;
    int err = json_want_node(j, "exceptions", JSON_ARRAY, &list, why);
    for (const struct json *one = err || !list ? NULL : json_first(list); one; one = json_next(one)) {
        if (h->n_exceptions == OPENING_EXCEPTIONS)
            return at_element(why, "exceptions", OPENING_EXCEPTIONS,
                              why_set(why, ERR_TOO_BIG, "", "at most %d", OPENING_EXCEPTIONS));
        if ((err = read_exception(one, &h->exceptions[h->n_exceptions], why)))
            return at_element(why, "exceptions", h->n_exceptions, err);
        h->n_exceptions++;
    }
    return err;
}

int opening_parse(const struct json *j, struct opening *out, struct why *why)
{
    static const char *const known[] = {"week", "exceptions", "no_entry", NULL};
    struct opening h = {.known = true};
    int err = json_only(j, known, why);
    if (!err && !json_get(j, "week"))
        err = why_set(why, ERR_MISSING, "/week", "missing");
    if (!err)
        err = read_spans(j, "week", OPENING_SPANS, h.spans, &h.n_spans, why);
    if (!err)
        err = read_spans(j, "no_entry", OPENING_NO_ENTRY, h.no_entry, &h.n_no_entry, why);
    if (!err)
        err = read_exceptions(j, &h, why);
    *out = err ? (struct opening){0} : h;
    return err;
}

/* --- asking --- */

static const struct opening_exception *exception_of(const struct opening *h, int32_t day)
{
    for (int i = 0; i < h->n_exceptions; i++) {
        if (day >= h->exceptions[i].first && day <= h->exceptions[i].last)
            return &h->exceptions[i];
    }
    return NULL;
}

/* Does one of the spans that begin on that day hold at its minute (which may lie in the next day)? */
static bool spans_hold(const struct opening_span *v, int n, int32_t day, int minute)
{
    unsigned bit = 1u << ((day + 3) % 7); /* 1970-01-01 was a Thursday */
    for (int i = 0; i < n; i++) {
        if (v[i].days & bit && minute >= v[i].from && minute < v[i].to)
            return true;
    }
    return false;
}

static bool open_since(const struct opening *h, int32_t day, int minute)
{
    const struct opening_exception *e = exception_of(h, day);
    if (!e)
        return spans_hold(h->spans, h->n_spans, day, minute);
    /* Several exceptions of one day add up. */
    for (; e < h->exceptions + h->n_exceptions; e++) {
        if (day >= e->first && day <= e->last && minute >= e->from && minute < e->to)
            return true;
    }
    return false;
}

struct opening_state opening_at(const struct opening *h, int64_t ms)
{
    int64_t minutes = (ms + BEIJING_MS) / MINUTE_MS;
    int32_t day = (int32_t)(minutes / DAY_MINUTES);
    int minute = (int)(minutes % DAY_MINUTES), late = minute + DAY_MINUTES;
    if (!h->known)
        return (struct opening_state){true, true};
    bool open = open_since(h, day, minute) || open_since(h, day - 1, late);
    bool barred = spans_hold(h->no_entry, h->n_no_entry, day, minute) ||
                  spans_hold(h->no_entry, h->n_no_entry, day - 1, late);
    return (struct opening_state){open, open && !barred};
}

int64_t opening_next(const struct opening *h, int64_t ms)
{
    struct opening_state now = opening_at(h, ms);
    int64_t at = ms - ms % MINUTE_MS;
    for (int i = 0; h->known && i < LOOK_DAYS * DAY_MINUTES; i++) {
        at += MINUTE_MS;
        struct opening_state then = opening_at(h, at);
        if (then.open != now.open || then.entry != now.entry)
            return at;
    }
    return 0;
}
