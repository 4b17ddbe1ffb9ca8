/* SPDX-License-Identifier: MIT
 * The records of one day, of all lots. Read first: the day before (for days in a row), what was written of
 * this day so far, what residents reported, the cars that passed, and what the platforms said to the day's
 * statement. Then the minutes of each lot; then everything is written, and "#final" last when the day is
 * over. Made again, the same comes out.
 */
#include <stdlib.h>
#include <string.h>

#include "office/quality.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"
#include "parkd/model/series.h"

#define CHUNK      16
#define BATCH_ROWS 400

/* What is gathered of one lot. */
struct gathered {
    bool has_before, has_row;
    struct daily before, row;
    int32_t in, out;     /* COUNT_NONE */
    int reported;        /* by residents */
    enum daily_sum told; /* by the platforms that were told the day's sums */
    char *text;          /* the record; NULL none */
};

#define SINKS_MAX 16

struct day_job {
    struct quality_run *q;
    char sinks[SINKS_MAX][SINK_ID_SIZE]; /* to be asked about */
    int n_sinks, sink;
    uint32_t date; /* yyyymmdd */
    int64_t day, now_ms;
    bool whole;
    struct gathered *lots;
    uint32_t n, next; /* lots that were registered when it began */
    size_t open;
    int err;
};

struct one_lot {
    struct day_job *j;
    uint32_t idx;
};

void day_job_free(struct day_job *j)
{
    if (!j)
        return;
    for (uint32_t i = 0; i < j->n; i++)
        free(j->lots[i].text);
    free(j->lots);
    free(j);
}

/* A whole day that could not be made is missing still. */
static void job_end(struct day_job *j, int err)
{
    struct quality_run *q = j->q;
    char name[9];
    daily_name(j->day, name);
    if (!err && j->whole) {
        int64_t bit = j->day - q->missing_from;
        if (bit >= 0 && bit < 32)
            q->missing &= ~(UINT32_C(1) << bit);
        log_info(OFFICE, "records=%s lots=%u", name, (unsigned)j->n);
        documents_purge(q->o);
    }
    if (err && !q->o->ending)
        log_warn(OFFICE, "records=%s error=%s will be tried again", name, err_name(err));
    q->job = NULL;
    day_job_free(j);
}

/* --- writing --- */

static void write_batch(struct day_job *j);

static void on_written(void *ctx, int err, uint64_t version)
{
    struct day_job *j = ctx;
    (void)version;
    if (err || j->q->o->ending || j->next > j->n)
        job_end(j, err);
    else
        write_batch(j);
}

static int put_rows(struct day_job *j, const struct office_row *rows, size_t n)
{
    struct office *o = j->q->o;
    char period[9];
    daily_name(j->day, period);
    return o->port.put_rows(o->port.ctx, QUALITY_KIND, period, QUALITY_KEEP_DAYS, rows, n, on_written, j);
}

static void write_batch(struct day_job *j)
{
    struct office_row rows[BATCH_ROWS];
    size_t n = 0;
    for (; j->next < j->n && n < BATCH_ROWS; j->next++) {
        const struct registry_lot *l = registry_lot(j->q->o->reg, j->next);
        if (j->lots[j->next].text && !l->removed)
            rows[n++] = (struct office_row){l->lot.id, view_of(j->lots[j->next].text)};
    }
    if (n == 0 && j->whole)
        rows[n++] = (struct office_row){QUALITY_FINAL, VIEW("1")};
    if (n == 0 || rows[0].lot[0] == QUALITY_FINAL[0])
        j->next = j->n + 1;
    int err = n ? put_rows(j, rows, n) : 0;
    if (err || !n)
        job_end(j, err);
}

/* --- one record --- */

static int32_t places(const struct registry_lot *l)
{
    if (l->reading.open != COUNT_NONE)
        return l->reading.open;
    return l->lot.open != COUNT_NONE ? l->lot.open : l->lot.total;
}

static bool was_asked(const struct daily *d)
{
    return d->minutes > 0 || memchr(d->cells, CELL_WINDOW, DAILY_CELLS) != NULL;
}

/* A lot without ledger entry is asked from its first number on, unless it was asked on the day before. */
static int asked_from(const struct gathered *g, const int32_t minutes[DAILY_MINUTES])
{
    int i = 0;
    if (g->has_before && was_asked(&g->before))
        return 0;
    while (i < 1440 && minutes[DAILY_LEAD + i] == SERIES_NONE)
        i++;
    return i;
}

static int whole_minutes(int64_t ms)
{
    int64_t n = (ms + MINUTE_MS / 2) / MINUTE_MS;
    return n > 1440 ? 1440 : (int)n;
}

/* What was seen beside the minutes: by us, or by who led before us and wrote it down. */
static void add_facts(struct day_job *j, const struct gathered *g, struct quality_lot *l, struct daily *d)
{
    const struct quality_facts *f = &l->facts[j->day & 1];
    if (g->has_row) {
        d->quality = g->row.quality;
        d->frozen_min = g->row.frozen_min;
        d->manual_min = g->row.manual_min;
    }
    if (f->day != j->day)
        return;
    d->quality |= f->quality;
    d->frozen_min = whole_minutes(f->frozen_ms) > d->frozen_min ? whole_minutes(f->frozen_ms) : d->frozen_min;
    d->manual_min = whole_minutes(f->manual_ms) > d->manual_min ? whole_minutes(f->manual_ms) : d->manual_min;
}

/* The cars and the counts, then the platforms' word. What a platform said of an older day is known from then
 * only. */
static void reconcile(const struct gathered *g, int32_t open, struct daily *d)
{
    daily_cars(d, g->in, g->out, open);
    if (g->told == SUM_BAD || (g->told == SUM_GOOD && d->reconciled == SUM_UNKNOWN))
        d->reconciled = g->told;
    else if (g->told == SUM_UNKNOWN && d->reconciled == SUM_UNKNOWN && g->has_row)
        d->reconciled = g->row.reconciled;
}

static int make_record(struct day_job *j, uint32_t idx, const struct view *parts)
{
    const struct registry_lot *r = registry_lot(j->q->o->reg, idx);
    struct quality_lot *l = quality_lot(j->q, idx);
    struct gathered *g = &j->lots[idx];
    int32_t minutes[DAILY_MINUTES];
    struct daily_frame frame;
    struct daily d;
    struct buf b;
    if (!l)
        return ERR_NOMEM;
    daily_init(&d);
    daily_minutes(parts[0], parts[1], minutes);
    duty_of(j->q->o, r, j->day, asked_from(g, minutes), j->now_ms, &frame);
    daily_series(&d, minutes, &frame);
    add_facts(j, g, l, &d);
    reconcile(g, places(r), &d);
    duty_counted(j->q->o, r->lot.id, j->day, &d);
    d.reported = g->reported;
    d.drift = quality_drifts(l, j->day, &d, places(r));
    daily_follow(&d, g->has_before ? &g->before : NULL);
    if (!was_asked(&d) && d.first == COUNT_NONE && !g->has_row)
        return 0; /* not connected yet, or no longer */
    buf_init(&b, DAILY_MAX_TEXT);
    int err = daily_encode(&d, &b);
    g->text = err ? NULL : buf_take(&b, &(size_t){0});
    buf_fini(&b);
    if (!err && j->whole)
        quality_learn(l, j->day, &d);
    return err;
}

static void next_lots(struct day_job *j);

static void on_minutes(void *ctx, int err, const struct view *parts, size_t n)
{
    struct one_lot *one = ctx;
    struct day_job *j = one->j;
    j->open--;
    if (!err && n == 2 && !j->q->o->ending && !registry_lot(j->q->o->reg, one->idx)->removed)
        err = make_record(j, one->idx, parts);
    j->err = j->err ? j->err : err;
    free(one);
    next_lots(j);
}

static int read_lot(struct day_job *j, uint32_t idx)
{
    struct office *o = j->q->o;
    struct one_lot *one = malloc(sizeof *one);
    if (!one)
        return ERR_NOMEM;
    *one = (struct one_lot){j, idx};
    /* The Beijing day begins on the UTC day before. */
    int err = o->port.read_days(o->port.ctx, idx, (j->day - 1) * DAY_MS, 2, on_minutes, one);
    if (err)
        free(one);
    else
        j->open++;
    return err;
}

static void next_lots(struct day_job *j)
{
    struct office *o = j->q->o;
    while (!j->err && !o->ending && j->open < CHUNK && j->next < j->n) {
        uint32_t idx = j->next++;
        if (!registry_lot(o->reg, idx)->removed)
            j->err = read_lot(j, idx);
    }
    if (j->open)
        return;
    if (j->err || o->ending) {
        job_end(j, o->ending ? ERR_AWAY : j->err);
        return;
    }
    j->next = 0;
    write_batch(j);
}

/* --- what is read first --- */

static struct gathered *gathered(struct day_job *j, struct view lot)
{
    uint32_t idx = registry_find(j->q->o->reg, lot);
    return idx < j->n ? &j->lots[idx] : NULL;
}

static void on_car(void *ctx, struct view lot, bool out, int32_t n)
{
    struct gathered *g = gathered(ctx, lot);
    if (g)
        *(out ? &g->out : &g->in) = n;
}

static void on_statement(void *ctx, struct view lot, uint32_t date, bool unbalanced)
{
    struct day_job *j = ctx;
    struct gathered *g = gathered(j, lot);
    if (!g || date != j->date)
        return;
    if (unbalanced || g->told == SUM_UNKNOWN)
        g->told = unbalanced ? SUM_BAD : SUM_GOOD;
}

static void ask_sinks(struct day_job *j);

static void on_statements(void *ctx, int err, uint64_t version)
{
    struct day_job *j = ctx;
    (void)version;
    if (err || j->q->o->ending)
        job_end(j, err);
    else
        ask_sinks(j);
}

static void ask_sinks(struct day_job *j)
{
    struct office *o = j->q->o;
    if (j->sink == j->n_sinks) {
        next_lots(j);
        return;
    }
    int err = o->port.read_statements(o->port.ctx, j->sinks[j->sink++], on_statement, on_statements, j);
    if (err)
        job_end(j, err);
}

static void take_sink(void *ctx, struct view id, struct view json, uint64_t version)
{
    struct day_job *j = ctx;
    (void)json;
    (void)version;
    if (j->n_sinks < SINKS_MAX && view_copy(id, j->sinks[j->n_sinks], sizeof j->sinks[0]) == 0)
        j->n_sinks++;
}

static void on_cars(void *ctx, int err, uint64_t version)
{
    struct day_job *j = ctx;
    struct office *o = j->q->o;
    (void)version;
    if (err || o->ending) {
        job_end(j, err);
        return;
    }
    o->port.each(o->port.ctx, NOUN_SINK, take_sink, j);
    ask_sinks(j);
}

static void on_report(void *ctx, struct view field, struct view text)
{
    struct gathered *g = gathered(ctx, view_cut(&field, REPORTS_MARK[0]));
    (void)text;
    if (g)
        g->reported++;
}

static void on_reports(void *ctx, int err, uint64_t version)
{
    struct day_job *j = ctx;
    struct office *o = j->q->o;
    (void)version;
    if (!err && !o->ending)
        err = o->port.read_cars(o->port.ctx, j->date, on_car, on_cars, j);
    else
        err = err ? err : ERR_AWAY;
    if (err)
        job_end(j, err);
}

static void on_row(void *ctx, struct view lot, struct view text)
{
    struct gathered *g = gathered(ctx, lot);
    if (g)
        g->has_row = daily_decode(text, &g->row) == 0;
}

static void on_rows(void *ctx, int err, uint64_t version)
{
    struct day_job *j = ctx;
    struct office *o = j->q->o;
    char period[9];
    (void)version;
    daily_name(j->day, period);
    if (!err && !o->ending)
        err = o->port.read_rows(o->port.ctx, REPORTS_KIND, period, on_report, on_reports, j);
    else
        err = err ? err : ERR_AWAY;
    if (err)
        job_end(j, err);
}

static void on_row_before(void *ctx, struct view lot, struct view text)
{
    struct gathered *g = gathered(ctx, lot);
    if (g)
        g->has_before = daily_decode(text, &g->before) == 0;
}

static void on_rows_before(void *ctx, int err, uint64_t version)
{
    struct day_job *j = ctx;
    struct office *o = j->q->o;
    char period[9];
    (void)version;
    daily_name(j->day, period);
    if (!err && !o->ending)
        err = o->port.read_rows(o->port.ctx, QUALITY_KIND, period, on_row, on_rows, j);
    else
        err = err ? err : ERR_AWAY;
    if (err)
        job_end(j, err);
}

int day_job_start(struct quality_run *q, int64_t day, bool whole)
{
    struct office *o = q->o;
    char period[9];
    struct day_job *j = calloc(1, sizeof *j);
    if (!j)
        return ERR_NOMEM;
    *j = (struct day_job){.q = q, .day = day, .whole = whole, .now_ms = clock_wall_ms(o->clock)};
    j->n = registry_size(o->reg);
    if (!(j->lots = calloc(j->n ? j->n : 1, sizeof *j->lots))) {
        free(j);
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < j->n; i++)
        j->lots[i].in = j->lots[i].out = COUNT_NONE;
    daily_name(day, period);
    for (int i = 0; i < 8; i++)
        j->date = j->date * 10 + (uint32_t)(period[i] - '0');
    daily_name(day - 1, period);
    int err = o->port.read_rows(o->port.ctx, QUALITY_KIND, period, on_row_before, on_rows_before, j);
    if (err)
        day_job_free(j);
    else
        q->job = j;
    return err;
}
