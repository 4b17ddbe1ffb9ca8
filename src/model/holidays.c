/* SPDX-License-Identifier: MIT
 * Holidays: a short list of spans of days.
 */
#include "parkd/model/holidays.h"

#include "parkd/base/iso8601.h"

#define DATE_CHARS 10

static int day_of(struct view text, int32_t *day)
{
    int64_t ms = 0;
    if (text.n != DATE_CHARS || time_parse(text, VIEW("%Y-%m-%d"), 0, &ms))
        return ERR_SYNTAX;
    *day = (int32_t)(ms / DAY_MS);
    return 0;
}

int holidays_add(struct holidays *h, struct view text)
{
    struct view last = text, first = view_cut(&last, '/');
    int32_t a = 0, b = 0;
    if (h->n == HOLIDAYS_MAX)
        return ERR_FULL;
    int err = day_of(first, &a);
    b = a;
    if (!err && last.p)
        err = day_of(last, &b);
    if (!err && b < a)
        err = ERR_RANGE;
    if (err)
        return err;
    h->v[h->n].first = a;
    h->v[h->n++].last = b;
    return 0;
}

bool holidays_has(const struct holidays *h, int64_t ms)
{
    int64_t day = (ms + BEIJING_MS) / DAY_MS;
    for (int i = 0; i < h->n; i++) {
        if (day >= h->v[i].first && day <= h->v[i].last)
            return true;
    }
    return false;
}
