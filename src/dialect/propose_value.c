/* SPDX-License-Identifier: MIT
 * What values look like.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dialect/propose_tree.h"
#include "parkd/base/iso8601.h"

#define FIRST_YEAR_MS INT64_C(1420070400000) /* 2015 */
#define LAST_YEAR_MS  INT64_C(2208988800000) /* 2040 */
#define COUNT_LIMIT   65534

bool part_is_scalar(const struct part *p)
{
    return p->kind == PART_TEXT || p->kind == PART_NUMBER || p->kind == PART_BOOL;
}

struct view part_text(const struct part *p, char dst[32])
{
    if (p->kind == PART_TEXT)
        return p->text;
    if (p->kind == PART_NUMBER)
        (void)snprintf(dst, 32, "%.15g", p->number);
    else
        (void)snprintf(dst, 32, "%s", p->kind == PART_BOOL ? (p->number != 0 ? "true" : "false") : "");
    return view_of(dst);
}

static bool is_unknown_word(struct view v)
{
    static const char *const words[] = {"-",    "--",  "---",    "?",    "??",          "???",
                                        "????", "N/A", "<Null>", "null", "keine Angabe"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (view_ieq(v, words[i]))
            return true;
    }
    return v.n == 0;
}

/* "1,260" with all groups of three. */
static bool has_thousands(struct view v)
{
    const char *comma = v.n ? memchr(v.p, ',', v.n) : NULL;
    size_t lead = comma ? (size_t)(comma - v.p) : 0;
    if (!comma || lead == 0 || lead > 3 || (v.n - lead) % 4 != 0)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        bool mark = i >= lead && (i - lead) % 4 == 0;
        if (mark ? v.p[i] != ',' : v.p[i] < '0' || v.p[i] > '9')
            return false;
    }
    return true;
}

bool value_has_thousands(const struct part *p)
{
    return p->kind == PART_TEXT && has_thousands(view_trim(p->text));
}

static bool to_number(struct view v, double *out)
{
    char plain[32];
    size_t n = 0;
    if (!has_thousands(v))
        return view_to_real(v, out) == 0;
    for (size_t i = 0; i < v.n && n + 1 < sizeof plain; i++) {
        if (v.p[i] != ',')
            plain[n++] = v.p[i];
    }
    return view_to_real((struct view){plain, n}, out) == 0;
}

enum value_kind value_of(const struct part *p, int64_t *count)
{
    double number = p->number;
    if (p->kind == PART_NOTHING)
        return VALUE_UNKNOWN;
    if (p->kind == PART_TEXT) {
        struct view v = view_trim(p->text);
        if (is_unknown_word(v))
            return VALUE_UNKNOWN;
        if (!to_number(v, &number))
            return VALUE_OTHER;
    } else if (p->kind != PART_NUMBER) {
        return VALUE_OTHER;
    }
    if (floor(number) != number || fabs(number) > COUNT_LIMIT)
        return VALUE_OTHER;
    *count = (int64_t)number;
    return VALUE_COUNT;
}

const char *value_time_format(const struct part *p)
{
    static const char *const formats[] = {"s",
                                          "ms",
                                          "iso",
                                          "%Y/%m/%d %H:%M:%S",
                                          "%Y/%m/%d %H:%M",
                                          "%Y-%m-%d %H:%M",
                                          "%Y%m%d%H%M%S",
                                          "%d.%m.%Y %H:%M:%S",
                                          "%d.%m.%Y, %H:%M",
                                          "%d.%m.%Y %H:%M",
                                          "%d-%m-%Y %H:%M:%S",
                                          "%Y年%m月%d日 %H:%M:%S",
                                          "%Y年%m月%d日 %H时%M分",
                                          "rfc1123"};
    char scratch[32];
    struct view v = view_trim(part_text(p, scratch));
    if (p->kind != PART_TEXT && p->kind != PART_NUMBER)
        return NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        int64_t ms = 0;
        if (time_parse(v, view_of(formats[i]), 480, &ms) == 0 && ms >= FIRST_YEAR_MS && ms < LAST_YEAR_MS)
            return formats[i];
    }
    return NULL;
}

const char *value_status(struct view word)
{
    static const struct {
        const char *word, *says;
    } rows[] = {
        {"open", "open"},       {"opened", "open"},     {"offen", "open"},      {"geöffnet", "open"},
        {"auf", "open"},        {"frei", "open"},       {"full", "open"},       {"besetzt", "open"},
        {"available", "open"},  {"many", "open"},       {"few", "open"},        {"normal", "open"},
        {"营业", "open"},       {"营业中", "open"},     {"开放", "open"},       {"正常", "open"},
        {"开", "open"},         {"满", "open"},         {"已满", "open"},       {"车位已满", "open"},
        {"closed", "closed"},   {"close", "closed"},    {"zu", "closed"},       {"geschlossen", "closed"},
        {"关闭", "closed"},     {"停业", "closed"},     {"歇业", "closed"},     {"暂停", "closed"},
        {"暂停营业", "closed"}, {"关", "closed"},       {"unknown", "unknown"}, {"nodata", "unknown"},
        {"fault", "unknown"},   {"offline", "unknown"}, {"Störung", "unknown"}, {"Stoerung", "unknown"},
        {"故障", "unknown"},    {"离线", "unknown"},    {"未知", "unknown"},    {"异常", "unknown"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (view_ieq(word, rows[i].word))
            return rows[i].says;
    }
    return NULL;
}
