/* SPDX-License-Identifier: MIT
 * Standing still, judged step by step over at most a day.
 */
#include "parkd/model/frozen.h"

#include "parkd/base/iso8601.h"

#define OPEN_STEPS     36   /* 6 h */
#define STRANGER_STEPS 78   /* 13 h */
#define LONGEST_STEPS  141  /* 23½ h */
#define EXPECTED       30.0 /* changes: with fewer, a quiet noon of a small lot would do */
#define HABIT_DAYS     3    /* until a habit counts */
#define LEARN          0.25F
#define QUIETER        3.0 /* a kind of day never seen may be so much quieter than the quietest that was */
#define MOVING_SHARE   10
#define DAY_FROM       (7 * 60)
#define DAY_TO         (22 * 60)

enum day_kind day_kind_of(int64_t days_since_1970)
{
    int weekday = (int)((days_since_1970 % 7 + 7 + 3) % 7); /* 1970 began on a Thursday; 0 is Monday */
    return weekday < 5 ? DAY_WORK : weekday == 5 ? DAY_SATURDAY : DAY_SUNDAY;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A time of day at the front of `v`, "8:00" or "21:30"; -1: none stands there. */
static int minute_at(struct view v)
{
    size_t i = 0;
    int hour = 0;
    while (i < v.n && i < 2 && is_digit(v.p[i]))
        hour = hour * 10 + (v.p[i++] - '0');
    if (i == 0 || i + 3 > v.n || v.p[i] != ':' || !is_digit(v.p[i + 1]) || !is_digit(v.p[i + 2]))
        return -1;
    int minute = (v.p[i + 1] - '0') * 10 + (v.p[i + 2] - '0');
    return hour > 24 || minute > 59 ? -1 : hour * 60 + minute;
}

static struct frozen_hours within_day(int from, int to)
{
    struct frozen_hours h = {from > DAY_FROM ? from : DAY_FROM, to < DAY_TO ? to : DAY_TO};
    return h.from < h.to ? h : (struct frozen_hours){DAY_FROM, DAY_TO};
}

struct frozen_hours frozen_hours_of(struct view text)
{
    int found[2] = {0, 0}, n = 0;
    for (size_t i = 0; i < text.n && n < 2; i++) {
        int at = i > 0 && is_digit(text.p[i - 1]) ? -1 : minute_at((struct view){text.p + i, text.n - i});
        if (at >= 0)
            found[n++] = at;
    }
    /* What ends before it begins ends on the next day. */
    return n == 2 && found[0] < found[1] ? within_day(found[0], found[1]) : within_day(DAY_FROM, DAY_TO);
}

void frozen_learn(struct frozen_habit *h, enum day_kind kind, const uint16_t moves[24])
{
    unsigned sum = 0;
    for (int i = 0; i < 24; i++)
        sum += moves[i];
    if (sum == 0)
        return;
    for (int i = 0; i < 24; i++) {
        float *p = &h->per_hour[kind][i];
        *p = h->known[kind] ? *p + ((float)moves[i] - *p) * LEARN : (float)moves[i];
    }
    h->known[kind] = true;
    h->days++;
}

static double expected_in(const struct frozen_habit *h, enum day_kind kind, int hour)
{
    double least = -1;
    if (h->known[kind])
        return (double)h->per_hour[kind][hour];
    for (int k = 0; k < DAY_KINDS; k++)
        if (h->known[k] && (least < 0 || (double)h->per_hour[k][hour] < least))
            least = (double)h->per_hour[k][hour];
    return least < 0 ? 0 : least / QUIETER;
}

void frozen_note(struct frozen_district *d, int64_t at_ms, unsigned moved, unsigned alive)
{
    int64_t step = at_ms / FROZEN_STEP_MS;
    if (step <= d->newest - FROZEN_STEPS)
        return;
    for (int64_t s = step - d->newest > FROZEN_STEPS ? step - FROZEN_STEPS + 1 : d->newest + 1; s <= step;
         s++)
        d->moved[s % FROZEN_STEPS] = d->alive[s % FROZEN_STEPS] = 0;
    if (step > d->newest)
        d->newest = step;
    d->moved[step % FROZEN_STEPS] = (uint16_t)(moved > UINT16_MAX ? UINT16_MAX : moved);
    d->alive[step % FROZEN_STEPS] = (uint16_t)(alive > UINT16_MAX ? UINT16_MAX : alive);
}

/* Did the others move in that step? The lot itself did not, so it counts among the living only. */
static bool neighbours_moved(const struct frozen_district *d, int64_t step)
{
    if (step > d->newest || step <= d->newest - FROZEN_STEPS)
        return false;
    unsigned alive = d->alive[step % FROZEN_STEPS];
    return alive > 0 && (alive < 3 || d->moved[step % FROZEN_STEPS] * MOVING_SHARE >= alive - 1);
}

bool frozen_judge(const struct frozen_district *d, const struct frozen_case *c)
{
    int64_t first = c->since_ms / FROZEN_STEP_MS + 1, last = c->now_ms / FROZEN_STEP_MS;
    int open_steps = 0;
    double expected = 0;
    if (last - first + 1 >= LONGEST_STEPS)
        return true;
    for (int64_t s = first; s <= last && !c->full; s++) {
        int64_t local = s * FROZEN_STEP_MS + c->east_ms;
        int minute = (int)(local % DAY_MS / MINUTE_MS);
        if (!neighbours_moved(d, s))
            continue;
        open_steps += minute >= c->hours.from && minute < c->hours.to;
        expected += expected_in(c->habit, day_kind_of(local / DAY_MS), minute / 60) / 6;
    }
    if (c->habit->days < HABIT_DAYS)
        return open_steps >= STRANGER_STEPS;
    return open_steps >= OPEN_STEPS && expected >= EXPECTED;
}
