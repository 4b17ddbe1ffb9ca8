/* SPDX-License-Identifier: MIT
 * What a new leader reads first: four weeks of records for habits, streaks and the days that lack, then the
 * minutes of today and yesterday of every lot for when it moved last and what the district did.
 */
#include <stdlib.h>
#include <string.h>

#include "office/quality.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"
#include "parkd/model/series.h"

#define HABIT_DAYS_BACK 28
#define CHUNK           16
#define SEEN_BACK_MS    (26 * HOUR_MS)

struct past {
    struct quality_run *q;
    int64_t today, day; /* day: being read */
    bool whole;         /* that day's records are */
    uint32_t next;      /* lot */
    size_t open;
    int err;
    uint16_t moved[FROZEN_STEPS], alive[FROZEN_STEPS];
    int64_t first_step; /* of those */
    int64_t now_ms;
};

struct past_lot {
    struct past *p;
    uint32_t idx;
};

void past_free(struct past *p)
{
    free(p);
}

static void past_end(struct past *p, int err)
{
    struct quality_run *q = p->q;
    q->past = NULL;
    q->phase = err ? QUALITY_IDLE : QUALITY_RUNNING;
    if (err && !q->o->ending)
        log_warn(OFFICE, "past=0 error=%s will be tried again", err_name(err));
    for (int i = 0; i < FROZEN_STEPS && !err; i++)
        if (p->first_step + i < q->step)
            frozen_note(&q->district, (p->first_step + i) * FROZEN_STEP_MS, p->moved[i], p->alive[i]);
    past_free(p);
}

/* --- minutes --- */

/* One lot's minutes since 26 hours: when it moved last, and its share in what the district did. */
static void see_minutes(struct past *p, struct quality_lot *l, const struct view *days, size_t n,
                        int64_t first_ms)
{
    int32_t held = SERIES_NONE;
    int64_t first_seen = 0, last_moved = 0, step_moved = -1, step_alive = -1;
    for (int i = 0; i < (int)n * SERIES_MINUTES; i++) {
        int64_t at = first_ms + i * MINUTE_MS, step = at / FROZEN_STEP_MS - p->first_step;
        int32_t v = series_get(days[i / SERIES_MINUTES], i % SERIES_MINUTES);
        if (v == SERIES_NONE || step < 0 || step >= FROZEN_STEPS)
            continue;
        first_seen = first_seen ? first_seen : at;
        p->alive[step] = (uint16_t)(p->alive[step] + (step != step_alive));
        step_alive = step;
        if (held != SERIES_NONE && v != held) {
            last_moved = at;
            p->moved[step] = (uint16_t)(p->moved[step] + (step != step_moved));
            step_moved = step;
        }
        held = v;
    }
    if (!l->moved && (last_moved || first_seen))
        l->moved_ms = last_moved ? last_moved : first_seen;
}

static void next_lots(struct past *p);

static void on_minutes(void *ctx, int err, const struct view *parts, size_t n)
{
    struct past_lot *pl = ctx;
    struct past *p = pl->p;
    struct quality_lot *l = quality_lot(p->q, pl->idx);
    p->open--;
    p->err = p->err ? p->err : err;
    if (!err && l)
        see_minutes(p, l, parts, n, (p->now_ms - SEEN_BACK_MS) / DAY_MS * DAY_MS);
    free(pl);
    next_lots(p);
}

static int read_lot(struct past *p, uint32_t idx)
{
    struct office *o = p->q->o;
    int64_t first = (p->now_ms - SEEN_BACK_MS) / DAY_MS;
    struct past_lot *pl = malloc(sizeof *pl);
    if (!pl)
        return ERR_NOMEM;
    *pl = (struct past_lot){p, idx};
    int err = o->port.read_days(o->port.ctx, idx, first * DAY_MS, (int)(p->now_ms / DAY_MS - first + 1),
                                on_minutes, pl);
    if (err)
        free(pl);
    else
        p->open++;
    return err;
}

static void next_lots(struct past *p)
{
    struct registry *reg = p->q->o->reg;
    while (!p->err && !p->q->o->ending && p->open < CHUNK && p->next < registry_size(reg)) {
        uint32_t idx = p->next++;
        if (!registry_lot(reg, idx)->removed)
            p->err = read_lot(p, idx);
    }
    if (p->open == 0 && (p->err || p->q->o->ending || p->next >= registry_size(reg)))
        past_end(p, p->q->o->ending ? ERR_AWAY : p->err);
}

/* --- records --- */

static void take_today(struct quality_lot *l, int64_t day, const struct daily *d)
{
    struct quality_facts *f = quality_facts(l, day);
    int64_t frozen = d->frozen_min * MINUTE_MS, manual = d->manual_min * MINUTE_MS;
    f->quality |= d->quality;
    f->frozen_ms = f->frozen_ms > frozen ? f->frozen_ms : frozen;
    f->manual_ms = f->manual_ms > manual ? f->manual_ms : manual;
}

static void on_row(void *ctx, struct view lot, struct view text)
{
    struct past *p = ctx;
    struct daily d;
    uint32_t idx = registry_find(p->q->o->reg, lot);
    struct quality_lot *l = idx == REGISTRY_NONE ? NULL : quality_lot(p->q, idx);
    p->whole = p->whole || view_is(lot, QUALITY_FINAL);
    if (!l || daily_decode(text, &d))
        return;
    if (p->day == p->today)
        take_today(l, p->day, &d);
    else
        quality_learn(l, p->day, &d);
}

static void read_day(struct past *p);

static void on_day(void *ctx, int err, uint64_t version)
{
    struct past *p = ctx;
    (void)version;
    if (err || p->q->o->ending) {
        past_end(p, err ? err : ERR_AWAY);
        return;
    }
    if (!p->whole && p->day < p->today)
        quality_miss(p->q, p->day);
    p->whole = false;
    if (p->day++ < p->today)
        read_day(p);
    else
        next_lots(p);
}

static void read_day(struct past *p)
{
    struct office *o = p->q->o;
    char period[9];
    daily_name(p->day, period);
    int err = o->port.read_rows(o->port.ctx, QUALITY_KIND, period, on_row, on_day, p);
    if (err)
        past_end(p, err);
}

int past_start(struct quality_run *q)
{
    struct past *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < q->n_lots; i++) {
        memset(&q->lots[i].habit, 0, sizeof q->lots[i].habit);
        memset(q->lots[i].days, 0, sizeof q->lots[i].days);
    }
    p->q = q;
    p->now_ms = clock_wall_ms(q->o->clock);
    p->today = daily_of(p->now_ms);
    p->day = p->today - HABIT_DAYS_BACK;
    p->first_step = (p->now_ms - SEEN_BACK_MS) / FROZEN_STEP_MS;
    q->missing_from = daily_of(p->now_ms - QUALITY_SETTLE_MS) - QUALITY_BACK;
    q->missing = 0;
    q->past = p;
    q->phase = QUALITY_PAST;
    read_day(p);
    return 0;
}
