/* SPDX-License-Identifier: MIT
 * The watch: movements and doubts as they are seen, the judgement every ten minutes, and what falls due.
 */
#include "office/quality.h"

#include <stdlib.h>
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"

#define TICK_MS      500
#define HALF_HOUR_MS (30 * MINUTE_MS)
#define ANSWERED_MS  (6 * HOUR_MS + 15 * MINUTE_MS)
#define LOTS_STEP    64

/* --- lots --- */

struct quality_lot *quality_lot(struct quality_run *q, uint32_t idx)
{
    if (idx >= q->n_lots) {
        uint32_t n = (idx / LOTS_STEP + 1) * LOTS_STEP;
        struct quality_lot *grown = realloc(q->lots, n * sizeof *grown);
        if (!grown)
            return NULL;
        memset(grown + q->n_lots, 0, (n - q->n_lots) * sizeof *grown);
        q->lots = grown;
        q->n_lots = n;
    }
    return &q->lots[idx];
}

struct quality_facts *quality_facts(struct quality_lot *l, int64_t day)
{
    struct quality_facts *f = &l->facts[day & 1];
    if (f->day != day)
        *f = (struct quality_facts){.day = day};
    return f;
}

void quality_miss(struct quality_run *q, int64_t day)
{
    if (day >= q->missing_from && day < q->missing_from + 32)
        q->missing |= UINT32_C(1) << (day - q->missing_from);
}

void quality_learn(struct quality_lot *l, int64_t day, const struct daily *d)
{
    bool again = l->days[day % DRIFT_DAYS].day == day;
    l->days[day % DRIFT_DAYS] = drift_day_of(day, d);
    if (!again)
        frozen_learn(&l->habit, day_kind_of(day), d->moves);
}

bool quality_drifts(const struct quality_lot *l, int64_t day, const struct daily *today, int32_t open)
{
    struct drift_day days[DRIFT_DAYS];
    int n = 0;
    for (int64_t at = day - DRIFT_DAYS + 1; at < day; at++)
        if (l->days[at % DRIFT_DAYS].day == at)
            days[n++] = l->days[at % DRIFT_DAYS];
    days[n++] = drift_day_of(day, today);
    return drift_judge(days, n, open);
}

/* --- what is seen --- */

static bool is_alive(const struct registry_lot *l, int64_t now)
{
    return !l->removed && l->reading.free != COUNT_NONE &&
           freshness_current(&l->reading, l->interval_ms, now);
}

static unsigned count_alive(struct quality_run *q, int64_t now)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < registry_size(q->o->reg); i++)
        n += is_alive(registry_lot(q->o->reg, i), now);
    return n;
}

/* Ends the step that was counted when the clock has left it. */
static void advance(struct quality_run *q, int64_t now)
{
    int64_t step = now / FROZEN_STEP_MS;
    if (step == q->step)
        return;
    frozen_note(&q->district, q->step * FROZEN_STEP_MS, q->moved, count_alive(q, now));
    q->step = step;
    q->moved = 0;
}

static void see_number(struct quality_run *q, struct quality_lot *l, int32_t raw, int64_t now)
{
    if (l->known && l->raw == raw)
        return;
    l->moved = l->moved || l->known;
    l->moved_ms = now;
    if (l->known && l->step != q->step) {
        l->step = q->step;
        q->moved++;
    }
    l->raw = raw;
    l->known = true;
}

static void on_reading(void *ctx, uint32_t idx, enum registry_event ev)
{
    struct quality_run *q = ctx;
    const struct reading *r = &registry_lot(q->o->reg, idx)->reading;
    struct quality_lot *l = ev == REGISTRY_CHANGED || ev == REGISTRY_CONFIRMED ? quality_lot(q, idx) : NULL;
    int64_t now = clock_wall_ms(q->o->clock);
    if (!l || q->o->ending)
        return;
    advance(q, now);
    quality_facts(l, daily_of(now))->quality |= r->quality;
    if (r->raw_free != RAW_NONE && !r->expired)
        see_number(q, l, r->raw_free, now);
}

/* Time under the flags that last; once a minute is enough. */
static void account(struct quality_run *q, int64_t now)
{
    int64_t passed = q->accounted_ms ? now - q->accounted_ms : 0;
    if (passed >= 0 && passed < MINUTE_MS && q->accounted_ms)
        return;
    q->accounted_ms = now;
    if (passed <= 0 || passed > HOUR_MS)
        return;
    for (uint32_t i = 0; i < registry_size(q->o->reg); i++) {
        const struct registry_lot *r = registry_lot(q->o->reg, i);
        struct quality_lot *l = is_alive(r, now) ? quality_lot(q, i) : NULL;
        if (!l)
            continue;
        struct quality_facts *f = quality_facts(l, daily_of(now));
        f->quality |= r->reading.quality;
        f->frozen_ms += r->reading.quality & QUALITY_FROZEN ? passed : 0;
        f->manual_ms += r->reading.quality & QUALITY_MANUAL ? passed : 0;
    }
}

/* --- what is judged --- */

static void judge(struct quality_run *q, const struct registry_lot *r, struct quality_lot *l, int64_t now)
{
    struct frozen_case c = {.habit = &l->habit,
                            .hours = frozen_hours_of(view_of(r->lot.hours_text)),
                            .east_ms = BEIJING_MS,
                            .since_ms = l->moved_ms,
                            .now_ms = now,
                            .full = r->reading.free == 0};
    if (!frozen_judge(&q->district, &c))
        return;
    int err = q->o->port.restate(q->o->port.ctx, r->idx, QUALITY_FROZEN);
    if (err)
        log_warn(OFFICE, "lot=%s frozen=1 not written error=%s", r->lot.id, err_name(err));
    else
        log_info(OFFICE, "lot=%s frozen=1 unchanged_s=%lld", r->lot.id,
                 (long long)((now - l->moved_ms) / 1000));
}

static void judge_all(struct quality_run *q, int64_t now)
{
    for (uint32_t i = 0; i < registry_size(q->o->reg); i++) {
        const struct registry_lot *r = registry_lot(q->o->reg, i);
        struct quality_lot *l = is_alive(r, now) ? quality_lot(q, i) : NULL;
        if (l && l->known && !(r->reading.quality & QUALITY_FROZEN) && r->reading.status != STATUS_CLOSED)
            judge(q, r, l, now);
    }
}

/* --- what falls due --- */

/* Moves the days to be made up for along with the clock; a day that has just ended joins them. */
static void roll(struct quality_run *q, int64_t now)
{
    int64_t from = daily_of(now - QUALITY_SETTLE_MS) - QUALITY_BACK;
    int64_t by = from - q->missing_from;
    if (by <= 0)
        return;
    q->missing = by < 32 ? q->missing >> by : 0;
    q->missing_from = from;
    for (int64_t day = from + QUALITY_BACK - (by < QUALITY_BACK ? by : QUALITY_BACK);
         day < from + QUALITY_BACK; day++)
        quality_miss(q, day);
}

/* Yesterday once more, when the platforms have answered to its statement (publisher.h: until 06:00). */
static void settle(struct quality_run *q, int64_t now)
{
    int64_t yesterday = daily_of(now - ANSWERED_MS) - 1;
    if (q->settled == yesterday)
        return;
    quality_miss(q, yesterday);
    q->settled = yesterday;
}

static void start_due(struct quality_run *q, int64_t now)
{
    int err = 0;
    roll(q, now);
    settle(q, now);
    if (q->job)
        return;
    for (int i = 0; i < QUALITY_BACK; i++) {
        if (!(q->missing & UINT32_C(1) << i))
            continue;
        err = day_job_start(q, q->missing_from + i, true);
        break;
    }
    if (!q->job && now / HALF_HOUR_MS != q->half_hour) {
        q->half_hour = now / HALF_HOUR_MS;
        err = day_job_start(q, daily_of(now), false);
    }
    if (err)
        log_warn(OFFICE, "records=0 error=%s will be tried again", err_name(err));
}

static void turn(struct quality_run *q, int64_t now)
{
    bool leads = q->o->port.leads(q->o->port.ctx) && q->o->port.store_up(q->o->port.ctx);
    advance(q, now);
    account(q, now);
    corrections_expire(q->o);
    if (!leads) {
        if (q->phase == QUALITY_RUNNING && !q->job)
            q->phase = QUALITY_IDLE;
        return;
    }
    if (q->phase == QUALITY_IDLE && past_start(q))
        log_warn(OFFICE, "past=0 out of memory");
    if (q->phase != QUALITY_RUNNING)
        return;
    if (q->judged != q->step)
        judge_all(q, now);
    q->judged = q->step;
    start_due(q, now);
}

static void on_tick(void *ctx)
{
    struct quality_run *q = ctx;
    turn(q, clock_wall_ms(q->o->clock));
    timer_arm(q->timer, TICK_MS);
}

/* --- the part --- */

static int quality_make(struct office *o, struct why *why)
{
    struct quality_run *q = calloc(1, sizeof *q);
    if (!q)
        return why_set(why, ERR_NOMEM, "", "out of memory");
    o->quality = q;
    q->o = o;
    q->step = clock_wall_ms(o->clock) / FROZEN_STEP_MS;
    if (!(q->timer = timer_new(o->loop, on_tick, q)) || registry_watch(o->reg, on_reading, q))
        return why_set(why, ERR_NOMEM, "", "out of memory");
    return 0;
}

static void quality_loaded(struct office *o)
{
    for (uint32_t i = 0; i < registry_size(o->reg); i++)
        corrections_apply(o, i);
    timer_arm(o->quality->timer, 0);
}

/* The days that a window touches are made again. */
static void window_taken(struct quality_run *q, const struct doc *d)
{
    int64_t from = 0, to = 0;
    if (!d || iso8601_parse(view_of(doc_str(d, "from")), &from) ||
        iso8601_parse(view_of(doc_str(d, "to")), &to))
        return;
    for (int i = 0; i < QUALITY_BACK; i++) {
        int64_t day = q->missing_from + i;
        if (day >= daily_of(from) && day <= daily_of(to))
            quality_miss(q, day);
    }
}

static void quality_taken(struct office *o, enum noun noun, struct view id, const struct doc *d)
{
    if (!o->loaded)
        return;
    if (noun == NOUN_LOT) {
        uint32_t idx = registry_find(o->reg, id);
        if (idx != REGISTRY_NONE)
            corrections_apply(o, idx);
    } else if (noun == NOUN_CORRECTION) {
        for (uint32_t i = 0; i < registry_size(o->reg); i++)
            corrections_apply(o, i);
    } else if (noun == NOUN_WINDOW) {
        window_taken(o->quality, d);
    }
}

static void quality_stop(struct office *o)
{
    if (!o->quality)
        return;
    registry_unwatch(o->reg, on_reading, o->quality);
    timer_free(o->quality->timer);
    o->quality->timer = NULL;
}

static void quality_release(struct office *o)
{
    if (!o->quality)
        return;
    past_free(o->quality->past);
    day_job_free(o->quality->job);
    free(o->quality->lots);
    free(o->quality);
}

const struct office_part part_quality = {quality_make, quality_loaded, quality_taken, quality_stop,
                                         quality_release};
