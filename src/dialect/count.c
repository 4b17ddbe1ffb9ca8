/* SPDX-License-Identifier: MIT
 * Counts as vendors write them. Digits are taken as they stand: nothing is rounded, and what is not a count
 * is not 0.
 */
#include "dialect/count.h"

#define DIGITS_MAX 12

const char *count_name(enum count c)
{
    static const char *const names[COUNT_KINDS] = {"free", "open", "total", "occupied"};
    return names[c];
}

int64_t *count_place(struct report *r, enum count c)
{
    int64_t *const places[COUNT_KINDS] = {&r->free, &r->open, &r->total, &r->occupied};
    return places[c];
}

bool count_in_range(enum count c, int64_t v)
{
    return v <= COUNT_MAX && v >= (c == COUNT_FREE ? -COUNT_MAX : 0);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The rest is ".000". */
static bool is_zero_fraction(struct view v)
{
    if (v.n < 2 || v.p[0] != '.')
        return false;
    for (size_t i = 1; i < v.n; i++) {
        if (v.p[i] != '0')
            return false;
    }
    return true;
}

/* Groups that stand between thousands marks: three digits each, but for the first. "12,5" is not 125. */
struct digits {
    int64_t sum;
    size_t n, group;
    bool marked;
};

static int take_mark(struct digits *d)
{
    bool whole = d->marked ? d->group == 3 : d->group >= 1 && d->group <= 3;
    d->marked = true;
    d->group = 0;
    return whole ? 0 : ERR_TYPE;
}

int count_of_text(struct view text, char thousands, int64_t *out)
{
    struct view v = view_trim(text);
    struct digits d = {0};
    bool minus = v.n && v.p[0] == '-';
    size_t i = minus;
    for (; i < v.n; i++) {
        if (is_digit(v.p[i])) {
            d.sum = d.sum * 10 + (v.p[i] - '0');
            d.group++;
            if (++d.n > DIGITS_MAX)
                return ERR_TYPE;
        } else if (!thousands || v.p[i] != thousands) {
            break;
        } else if (take_mark(&d)) {
            return ERR_TYPE;
        }
    }
    struct view rest = {v.p + i, v.n - i};
    if (!d.n || (d.marked && d.group != 3) || (rest.n && !is_zero_fraction(rest)) || (minus && d.sum == 0))
        return ERR_TYPE;
    *out = minus ? -d.sum : d.sum;
    return 0;
}

bool count_says(const struct report *r)
{
    if (r->kind != REPORT_COUNTS || r->status != STATUS_UNKNOWN || r->n_zones)
        return true;
    if (r->free != REPORT_NONE || r->open != REPORT_NONE || r->total != REPORT_NONE ||
        r->occupied != REPORT_NONE)
        return true;
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (r->classes[c].free != REPORT_NONE || r->classes[c].total != REPORT_NONE)
            return true;
    }
    return false;
}
