/* SPDX-License-Identifier: MIT
 * The text form of a day's record, written and read by one table's order.
 */
#include <string.h>

#include "parkd/model/daily.h"

static void put_count(struct buf *b, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        buf_printf(b, "%s-", key);
    else
        buf_printf(b, "%s%d", key, (int)v);
}

static void put_flags(struct buf *b, uint32_t quality)
{
    const char *comma = "";
    if (!(quality & ((UINT32_C(1) << QUALITY_N) - 1)))
        return;
    buf_str(b, " q=");
    for (unsigned i = 0; i < QUALITY_N; i++) {
        if (!(quality & UINT32_C(1) << i))
            continue;
        buf_printf(b, "%s%s", comma, quality_name((enum quality_bit)i));
        comma = ",";
    }
}

int daily_encode(const struct daily *d, struct buf *out)
{
    buf_printf(out, "cells=%.*s tm=%d/%d cm=%d/%d", DAILY_CELLS, d->cells, d->timely, d->slots, d->current,
               d->minutes);
    put_count(out, " free=", d->min);
    put_count(out, "..", d->max);
    put_count(out, " ends=", d->first);
    put_count(out, ",", d->last);
    for (int i = 0; i < 24; i++)
        buf_printf(out, "%s%u", i ? "," : " mv=", d->moves[i]);
    put_flags(out, d->quality);
    buf_printf(out, " fz=%d/%d mn=%d un=%d dr=%d", d->frozen_min, d->frozen_days, d->manual_min,
               d->unsettled_days, d->drift);
    put_count(out, " in=", d->in);
    put_count(out, " out=", d->out);
    buf_printf(out, " rec=%d hc=%d/%d", (int)d->reconciled, d->counted, d->miscounted);
    if (d->reported)
        buf_printf(out, " rp=%d", d->reported);
    return out->err;
}

static bool take_int(struct view v, int most, int *out)
{
    int64_t n = 0;
    if (view_to_int(v, 0, most, &n))
        return false;
    *out = (int)n;
    return true;
}

static bool take_count(struct view v, int32_t *out)
{
    *out = COUNT_NONE;
    return view_is(v, "-") || take_int(v, COUNT_MAX, out);
}

/* Two numbers with `sep` between. */
static bool take_pair(struct view v, char sep, int most, int *a, int *b)
{
    struct view first = view_cut(&v, sep);
    return v.p && take_int(first, most, a) && take_int(v, most, b);
}

static bool read_cells(struct view v, struct daily *d)
{
    if (v.n != DAILY_CELLS)
        return false;
    for (size_t i = 0; i < v.n; i++)
        if (!strchr("-wgln", v.p[i]) || !v.p[i])
            return false;
    memcpy(d->cells, v.p, v.n);
    return true;
}

static bool read_timely(struct view v, struct daily *d)
{
    return take_pair(v, '/', 1440, &d->timely, &d->slots) && d->timely <= d->slots;
}

static bool read_current(struct view v, struct daily *d)
{
    return take_pair(v, '/', 1440, &d->current, &d->minutes) && d->current <= d->minutes;
}

static bool read_free(struct view v, struct daily *d)
{
    struct view least = view_cut(&v, '.');
    return v.n > 1 && v.p[0] == '.' && take_count(least, &d->min) &&
           take_count((struct view){v.p + 1, v.n - 1}, &d->max) && d->min <= d->max;
}

static bool read_ends(struct view v, struct daily *d)
{
    struct view first = view_cut(&v, ',');
    return v.p && take_count(first, &d->first) && take_count(v, &d->last);
}

static bool read_moves(struct view v, struct daily *d)
{
    for (int i = 0; i < 24; i++) {
        struct view one = view_cut(&v, ',');
        int n = 0;
        if (!take_int(one, UINT16_MAX, &n) || (i < 23) != (v.p != NULL))
            return false;
        d->moves[i] = (uint16_t)n;
    }
    return true;
}

static bool read_flags(struct view v, struct daily *d)
{
    do {
        struct view name = view_cut(&v, ',');
        uint32_t mask = 0;
        if (quality_of(name, &mask) == 0)
            d->quality |= mask;
    } while (v.p);
    return true;
}

static bool read_frozen(struct view v, struct daily *d)
{
    return take_pair(v, '/', 100000, &d->frozen_min, &d->frozen_days);
}

static bool read_manual(struct view v, struct daily *d)
{
    return take_int(v, 1440, &d->manual_min);
}

static bool read_unsettled(struct view v, struct daily *d)
{
    return take_int(v, 100000, &d->unsettled_days);
}

static bool read_drift(struct view v, struct daily *d)
{
    int n = 0;
    bool good = take_int(v, 1, &n);
    d->drift = n != 0;
    return good;
}

static bool read_in(struct view v, struct daily *d)
{
    return view_is(v, "-") || take_int(v, INT32_MAX, &d->in);
}

static bool read_out(struct view v, struct daily *d)
{
    return view_is(v, "-") || take_int(v, INT32_MAX, &d->out);
}

static bool read_reconciled(struct view v, struct daily *d)
{
    int n = 0;
    bool good = take_int(v, SUM_BAD, &n);
    d->reconciled = (enum daily_sum)n;
    return good;
}

static bool read_counted(struct view v, struct daily *d)
{
    return take_pair(v, '/', 100000, &d->counted, &d->miscounted) && d->miscounted <= d->counted;
}

static bool read_reported(struct view v, struct daily *d)
{
    return take_int(v, 1000000, &d->reported);
}

static const struct {
    const char *name;
    bool (*read)(struct view v, struct daily *d);
} members[] = {{"cells", read_cells}, {"tm", read_timely},      {"cm", read_current}, {"free", read_free},
               {"ends", read_ends},   {"mv", read_moves},       {"q", read_flags},    {"fz", read_frozen},
               {"mn", read_manual},   {"un", read_unsettled},   {"dr", read_drift},   {"in", read_in},
               {"out", read_out},     {"rec", read_reconciled}, {"hc", read_counted}, {"rp", read_reported}};

int daily_decode(struct view text, struct daily *out)
{
    struct daily d;
    bool cells = false;
    daily_init(&d);
    do {
        struct view value = view_cut(&text, ' '), name = view_cut(&value, '=');
        if (!name.n || !value.p)
            return ERR_SYNTAX;
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            if (!view_is(name, members[i].name))
                continue;
            if (!members[i].read(value, &d))
                return ERR_SYNTAX;
            cells = cells || i == 0;
        }
    } while (text.p);
    if (!cells)
        return ERR_SYNTAX;
    *out = d;
    return 0;
}
