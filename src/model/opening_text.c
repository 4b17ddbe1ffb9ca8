/* SPDX-License-Identifier: MIT
 * Opening hours in short texts: as people write them, and as OpenStreetMap does.
 */
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/model/opening.h"

#define DAY_MINUTES 1440
#define WEEKEND     0x60u
#define ALL_DAYS    0x7fu

/* --- as people write them --- */

static void skip(struct view *v, size_t n)
{
    v->p += n;
    v->n -= n;
}

static bool take(struct view *v, const char *word)
{
    bool there = view_starts(*v, word);
    if (there)
        skip(v, strlen(word));
    return there;
}

static bool take_any(struct view *v, const char *const *words)
{
    for (; *words; words++) {
        if (take(v, *words))
            return true;
    }
    return false;
}

static void blanks(struct view *v)
{
    while (take(v, " ") || take(v, "\t") || take(v, "　")) {}
}

static bool take_number(struct view *v, int max, int *out)
{
    size_t n = 0;
    *out = 0;
    while (n < v->n && n < 2 && v->p[n] >= '0' && v->p[n] <= '9')
        *out = *out * 10 + (v->p[n++] - '0');
    skip(v, n);
    return n && *out <= max;
}

static bool take_time(struct view *v, int *minute)
{
    int h = 0, m = 0;
    if (!take_number(v, 24, &h) || !(take(v, ":") || take(v, "：")) || !take_number(v, 59, &m) ||
        (h == 24 && m))
        return false;
    *minute = h * 60 + m;
    return true;
}

static bool take_dash(struct view *v)
{
    static const char *const words[] = {"--", "——", "-", "~", "～", "—", "–", "－", "至", "到", NULL};
    blanks(v);
    bool there = take_any(v, words);
    blanks(v);
    return there;
}

static int take_weekday(struct view *v)
{
    static const char *const names[] = {"一", "二", "三", "四", "五", "六", "日", "天"};
    struct view rest = *v;
    if (!take(&rest, "周") && !take(&rest, "星期"))
        return -1;
    for (int d = 0; d < 8; d++) {
        if (take(&rest, names[d])) {
            *v = rest;
            return d < 7 ? d : 6;
        }
    }
    return -1;
}

/* 每天, 周末, 周六, 周一至周五, 周六、周日; nothing of it: every day. */
static bool take_days(struct view *v, uint8_t *out)
{
    static const char *const all[] = {"每天", "每日", "周一至周日", NULL}, *const commas[] = {"、", "，", ",",
                                                                                              NULL};
    *out = ALL_DAYS;
    if (take_any(v, all))
        return true;
    if (take(v, "周末")) {
        *out = WEEKEND;
        return true;
    }
    int a = take_weekday(v);
    if (a < 0)
        return true;
    *out = 0;
    while (a >= 0) {
        int b = take_dash(v) ? take_weekday(v) : a;
        if (b < 0)
            return false;
        for (int d = a; *out |= (uint8_t)(1u << d), d != b; d = (d + 1) % 7) {}
        a = take_any(v, commas) ? take_weekday(v) : -1;
    }
    return true;
}

static bool take_span(struct view *v, struct opening_span *out)
{
    static const char *const whole[] = {"24小时", "24h", "24H", "全天", NULL}, *const said[] = {"开放",
                                                                                                "营业",
                                                                                                "服务", NULL};
    int from = 0, to = DAY_MINUTES;
    blanks(v);
    if (!take_days(v, &out->days))
        return false;
    blanks(v);
    if (take(v, "：") || take(v, ":"))
        blanks(v);
    if (!take_any(v, whole) && (!take_time(v, &from) || !take_dash(v) || !take_time(v, &to)))
        return false;
    (void)take_any(v, said);
    blanks(v);
    if (from == to || from == DAY_MINUTES)
        return false;
    out->from = (uint16_t)from;
    out->to = (uint16_t)(to > from ? to : to + DAY_MINUTES);
    return true;
}

bool opening_of_text(struct view text, struct opening *out)
{
    static const char *const ends[] = {"；", ";", "，", ",", NULL};
    struct opening h = {.known = true};
    struct view v = view_trim(text);
    *out = (struct opening){0};
    while (v.n) {
        if (h.n_spans == OPENING_SPANS || !take_span(&v, &h.spans[h.n_spans]))
            return false;
        h.n_spans++;
        if (v.n && (!take_any(&v, ends) || !v.n))
            return false;
    }
    if (!h.n_spans)
        return false;
    *out = h;
    return true;
}

/* --- as OpenStreetMap does --- */

static void print_time(struct buf *out, int minute)
{
    buf_printf(out, "%02d:%02d", minute / 60, minute % 60);
}

static void print_times(struct buf *out, int from, int to)
{
    print_time(out, from);
    buf_char(out, '-');
    print_time(out, to > DAY_MINUTES ? to - DAY_MINUTES : to);
}

static void print_days(struct buf *out, unsigned days)
{
    static const char *const names[] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};
    bool first = true;
    for (int d = 0; d < 7; d++) {
        int end = d;
        if (!(days >> d & 1u))
            continue;
        while (end < 6 && days >> (end + 1) & 1u)
            end++;
        buf_printf(out, "%s%s", first ? "" : ",", names[d]);
        if (end > d)
            buf_printf(out, "-%s", names[end]);
        first = false;
        d = end;
    }
}

static void print_date(struct buf *out, int32_t day)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int y = 0, m = 0, d = 0;
    civil_of_days(day, &y, &m, &d);
    buf_printf(out, "%04d %s %02d", y, months[m - 1], d);
}

static void print_exception(struct buf *out, const struct opening_exception *e)
{
    buf_str(out, "; ");
    print_date(out, e->first);
    if (e->last > e->first) {
        buf_char(out, '-');
        print_date(out, e->last);
    }
    buf_char(out, ' ');
    if (e->from == e->to)
        buf_str(out, "off");
    else
        print_times(out, e->from, e->to);
}

int opening_print_osm(const struct opening *h, struct buf *out)
{
    if (!h->known)
        return out->err;
    bool always = h->n_spans == 1 && h->spans[0].days == ALL_DAYS && h->spans[0].from == 0 &&
                  h->spans[0].to == DAY_MINUTES;
    if (!h->n_spans || (always && !h->n_exceptions))
        buf_str(out, h->n_spans ? "24/7" : "off");
    for (int i = 0; i < h->n_spans && !(always && !h->n_exceptions); i++) {
        /* A second rule for the same days replaces the first one, unless it follows a comma. */
        buf_str(out, i ? ", " : "");
        print_days(out, h->spans[i].days);
        buf_char(out, ' ');
        print_times(out, h->spans[i].from, h->spans[i].to);
    }
    for (int i = 0; i < h->n_exceptions; i++)
        print_exception(out, &h->exceptions[i]);
    return out->err;
}
