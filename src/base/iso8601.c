/* SPDX-License-Identifier: MIT
 * Times of the field. A cursor walks over the text and fills a `struct stamp`; one function checks its ranges
 * and makes milliseconds. libc's time functions are not used: they look at environment and locale.
 */
#include "parkd/base/iso8601.h"

#include <string.h>

#define MAX_MS  (TIME_MAX_MS + 1)
#define NO_ZONE INT32_MAX

struct stamp {
    int year, month, day, hour, minute, second, ms;
    int zone; /* minutes east, or NO_ZONE */
};

struct cursor {
    const char *p, *end;
};

static struct cursor over(struct view v)
{
    return (struct cursor){v.p, v.p ? v.p + v.n : v.p};
}

static bool eat(struct cursor *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool eat_one_of(struct cursor *c, const char *set)
{
    if (c->p == c->end || !*c->p || !strchr(set, *c->p))
        return false;
    c->p++;
    return true;
}

static bool eat_word(struct cursor *c, const char *word)
{
    struct view rest = {c->p, (size_t)(c->end - c->p)};
    if (!view_starts(rest, word))
        return false;
    c->p += strlen(word);
    return true;
}

/* At least `least` and at most `most` digits. */
static bool number(struct cursor *c, int least, int most, int *out)
{
    int v = 0, n = 0;
    while (n < most && c->p < c->end && *c->p >= '0' && *c->p <= '9') {
        v = v * 10 + (*c->p++ - '0');
        n++;
    }
    *out = v;
    return n >= least;
}

/* ±HH:MM; the colon may be missing when `loose`. Z is for the callers. */
static bool offset(struct cursor *c, bool loose, int *minutes)
{
    int hours = 0, rest = 0;
    bool west = c->p < c->end && *c->p == '-';
    if (!eat_one_of(c, "+-") || !number(c, 2, 2, &hours))
        return false;
    if (!eat(c, ':') && !loose)
        return false;
    if (!number(c, 2, 2, &rest) || hours > 23 || rest > 59)
        return false;
    *minutes = (west ? -1 : 1) * (hours * 60 + rest);
    return true;
}

static bool mark(struct cursor *c, bool loose, int *zone)
{
    if (eat_one_of(c, "Zz")) {
        *zone = 0;
        return true;
    }
    return offset(c, loose, zone);
}

/* Digits behind the point; what is finer than a millisecond is dropped. */
static bool fraction(struct cursor *c, int *ms)
{
    int n = 0, v = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, n++)
        if (n < 3)
            v = v * 10 + (*c->p - '0');
    for (int i = n; i < 3; i++)
        v *= 10;
    *ms = v;
    return n > 0;
}

static bool date(struct cursor *c, struct stamp *s)
{
    return number(c, 4, 4, &s->year) && eat(c, '-') && number(c, 2, 2, &s->month) && eat(c, '-') &&
           number(c, 2, 2, &s->day);
}

static bool time_of_day(struct cursor *c, struct stamp *s)
{
    return number(c, 2, 2, &s->hour) && eat(c, ':') && number(c, 2, 2, &s->minute) && eat(c, ':') &&
           number(c, 2, 2, &s->second);
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static int to_ms(const struct stamp *s, int zone_minutes, int64_t *ms)
{
    if (s->month < 1 || s->month > 12 || s->day < 1 || s->day > days_in(s->year, s->month))
        return ERR_RANGE;
    if (s->hour > 23 || s->minute > 59 || s->second > 60)
        return ERR_RANGE;
    int second = s->second == 60 ? 59 : s->second;
    int64_t minutes = (s->hour * 60 + s->minute) - (s->zone == NO_ZONE ? zone_minutes : s->zone);
    int64_t t = days_of_civil(s->year, s->month, s->day) * DAY_MS + minutes * 60000 + second * 1000 + s->ms;
    if (t < 0 || t >= MAX_MS)
        return ERR_RANGE;
    *ms = t;
    return 0;
}

/* RFC 3339; `loose`: the zone may be missing or without colon. */
static int parse_iso(struct view text, bool loose, int zone_minutes, int64_t *ms)
{
    struct cursor c = over(text);
    struct stamp s = {.zone = NO_ZONE};
    if (!date(&c, &s) || !eat_one_of(&c, "Tt ") || !time_of_day(&c, &s))
        return ERR_SYNTAX;
    if (eat(&c, '.') && !fraction(&c, &s.ms))
        return ERR_SYNTAX;
    bool marked = c.p < c.end;
    if (marked ? !mark(&c, loose, &s.zone) || c.p != c.end : !loose)
        return ERR_SYNTAX;
    return to_ms(&s, zone_minutes, ms);
}

int iso8601_parse(struct view text, int64_t *ms)
{
    return parse_iso(text, false, 0, ms);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The civil time of ms, held inside what four digits of year can say. */
static struct stamp split(int64_t ms)
{
    int64_t least = days_of_civil(0, 1, 1) * DAY_MS, most = days_of_civil(10000, 1, 1) * DAY_MS - 1;
    int64_t t = ms < least ? least : ms > most ? most : ms;
    int64_t days = floor_div(t, DAY_MS);
    int rest = (int)(t - days * DAY_MS);
    struct stamp s = {.hour = rest / 3600000,
                      .minute = rest / 60000 % 60,
                      .second = rest / 1000 % 60,
                      .ms = rest % 1000,
                      .zone = 0};
    civil_of_days(days, &s.year, &s.month, &s.day);
    return s;
}

/* Writes v with `digits` digits, zeros in front; returns behind them. */
static char *put(char *dst, int v, int digits)
{
    for (int i = digits - 1; i >= 0; i--, v /= 10)
        dst[i] = (char)('0' + v % 10);
    return dst + digits;
}

static char *put_char(char *dst, char c)
{
    *dst = c;
    return dst + 1;
}

static char *put_date(char *p, const struct stamp *s)
{
    p = put_char(put(p, s->year, 4), '-');
    p = put_char(put(p, s->month, 2), '-');
    return put(p, s->day, 2);
}

static char *put_time(char *p, const struct stamp *s)
{
    p = put_char(put(p, s->hour, 2), ':');
    p = put_char(put(p, s->minute, 2), ':');
    return put(p, s->second, 2);
}

char *iso8601_format(int64_t ms, char dst[ISO8601_SIZE])
{
    struct stamp s = split(ms);
    char *p = put_time(put_char(put_date(dst, &s), 'T'), &s);
    if (s.ms)
        p = put(put_char(p, '.'), s.ms, 3);
    *put_char(p, 'Z') = '\0';
    return dst;
}

int zone_offset(struct view zone, int *minutes)
{
    if (view_is(zone, "UTC") || view_is(zone, "Z")) {
        *minutes = 0;
        return 0;
    }
    if (view_is(zone, "Asia/Shanghai") || view_is(zone, "PRC")) {
        *minutes = 480;
        return 0;
    }
    struct cursor c = over(zone);
    int east = 0;
    if (!offset(&c, false, &east) || c.p != c.end)
        return ERR_INVALID;
    *minutes = east;
    return 0;
}

/* Seconds or milliseconds since 1970, digits with an optional fraction. */
static int parse_epoch(struct view text, int64_t unit_ms, int64_t *ms)
{
    struct view rest = text, whole = view_cut(&rest, '.');
    int64_t v = 0;
    int part = 0;
    int rc = view_to_int(whole, 0, INT64_MAX, &v);
    if (rc == ERR_SYNTAX || view_starts(text, "-"))
        return rc == ERR_SYNTAX ? rc : ERR_RANGE;
    if (rest.p) {
        struct cursor c = over(rest);
        if (!fraction(&c, &part) || c.p != c.end)
            return ERR_SYNTAX;
    }
    if (rc || v >= MAX_MS / unit_ms)
        return ERR_RANGE;
    *ms = v * unit_ms + (unit_ms == 1000 ? part : 0);
    return 0;
}

static bool month_name(struct cursor *c, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        struct view rest = {c->p, (size_t)(c->end - c->p)};
        if (rest.n >= 3 && memcmp(rest.p, names + (size_t)i * 3, 3) == 0) {
            *month = i + 1;
            c->p += 3;
            return true;
        }
    }
    return false;
}

static bool day_name(struct cursor *c)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (size_t i = 0; i < 7; i++)
        if (eat_word(c, names[i]))
            return true;
    return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static int parse_rfc1123(struct view text, int64_t *ms)
{
    struct cursor c = over(text);
    struct stamp s = {.zone = 0};
    bool good = day_name(&c) && eat_word(&c, ", ") && number(&c, 2, 2, &s.day) && eat(&c, ' ') &&
                month_name(&c, &s.month) && eat(&c, ' ') && number(&c, 4, 4, &s.year) && eat(&c, ' ') &&
                time_of_day(&c, &s) && (eat_word(&c, " GMT") || eat_word(&c, " UTC")) && c.p == c.end;
    return good ? to_ms(&s, 0, ms) : ERR_SYNTAX;
}

/* A pattern must say year, month and day, or what it reads is no moment. */
static int check_pattern(struct view pattern, const char *known)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] != '%')
            continue;
        if (++i == pattern.n || pattern.p[i] == '\0' || !strchr(known, pattern.p[i]))
            return ERR_INVALID;
    }
    return pattern.n ? 0 : ERR_INVALID;
}

static bool names_a_day(struct view pattern)
{
    bool year = false, month = false, day = false;
    for (size_t i = 0; i + 1 < pattern.n; i++) {
        if (pattern.p[i] != '%')
            continue;
        char c = pattern.p[++i];
        year = year || c == 'Y' || c == 'y' || c == 'F';
        month = month || c == 'm' || c == 'F';
        day = day || c == 'd' || c == 'F';
    }
    return year && month && day;
}

/* One conversion of a pattern, read. Two-digit fields may come with one digit, as vendors write them. */
static bool read_field(struct cursor *c, char what, struct stamp *s)
{
    switch (what) {
    case 'Y':
        return number(c, 4, 4, &s->year);
    case 'y':
        if (!number(c, 2, 2, &s->year))
            return false;
        s->year += s->year < 70 ? 2000 : 1900;
        return true;
    case 'm':
        return number(c, 1, 2, &s->month);
    case 'd':
        return number(c, 1, 2, &s->day);
    case 'H':
        return number(c, 1, 2, &s->hour);
    case 'M':
        return number(c, 1, 2, &s->minute);
    case 'S':
        return number(c, 1, 2, &s->second);
    case 'z':
        return mark(c, true, &s->zone);
    case 'T':
        return read_field(c, 'H', s) && eat(c, ':') && read_field(c, 'M', s) && eat(c, ':') &&
               read_field(c, 'S', s);
    case 'F':
        return read_field(c, 'Y', s) && eat(c, '-') && read_field(c, 'm', s) && eat(c, '-') &&
               read_field(c, 'd', s);
    default:
        return eat(c, '%');
    }
}

static int parse_pattern(struct view text, struct view pattern, int zone_minutes, int64_t *ms)
{
    if (check_pattern(pattern, "YmdHMSyzTF%") || !names_a_day(pattern))
        return ERR_INVALID;
    struct cursor c = over(text);
    struct stamp s = {.zone = NO_ZONE};
    for (size_t i = 0; i < pattern.n; i++) {
        bool field = pattern.p[i] == '%';
        if (field ? !read_field(&c, pattern.p[++i], &s) : !eat(&c, pattern.p[i]))
            return ERR_SYNTAX;
    }
    return c.p == c.end ? to_ms(&s, zone_minutes, ms) : ERR_SYNTAX;
}

int time_parse(struct view text, struct view format, int zone_minutes, int64_t *ms)
{
    if (view_is(format, "iso"))
        return parse_iso(text, true, zone_minutes, ms);
    if (view_is(format, "s"))
        return parse_epoch(text, 1000, ms);
    if (view_is(format, "ms"))
        return parse_epoch(text, 1, ms);
    if (view_is(format, "rfc1123"))
        return parse_rfc1123(text, ms);
    return parse_pattern(text, format, zone_minutes, ms);
}

/* One conversion of a pattern, written to p, which has room for ten characters. */
static char *write_field(char *p, char what, const struct stamp *s)
{
    switch (what) {
    case 'Y':
        return put(p, s->year, 4);
    case 'y':
        return put(p, s->year % 100, 2);
    case 'm':
        return put(p, s->month, 2);
    case 'd':
        return put(p, s->day, 2);
    case 'H':
        return put(p, s->hour, 2);
    case 'M':
        return put(p, s->minute, 2);
    case 'S':
        return put(p, s->second, 2);
    case 'T':
        return put_time(p, s);
    case 'F':
        return put_date(p, s);
    default:
        return put_char(p, '%');
    }
}

int time_print(int64_t ms, const char *pattern, int zone_minutes, char *dst, size_t size)
{
    if (size)
        dst[0] = '\0';
    if (check_pattern(view_of(pattern), "YmdHMSyTF%") || ms < 0 || ms >= MAX_MS)
        return ERR_INVALID;
    struct stamp s = split(ms + (int64_t)zone_minutes * 60000);
    size_t n = 0;
    for (const char *p = pattern; *p; p++) {
        char piece[10];
        size_t len = (size_t)((*p == '%' ? write_field(piece, *++p, &s) : put_char(piece, *p)) - piece);
        if (n + len >= size) {
            if (size)
                dst[0] = '\0';
            return ERR_TOO_BIG;
        }
        memcpy(dst + n, piece, len);
        n += len;
        dst[n] = '\0';
    }
    return 0;
}

void civil_of_days(int64_t days, int *year, int *month, int *day)
{
    /* Years begin in March, so that the leap day is the last of its year; eras are 400 years of 146097 days.
     */
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

int64_t days_of_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
