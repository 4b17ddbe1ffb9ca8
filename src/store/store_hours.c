/* SPDX-License-Identifier: MIT
 * Hourly records, made from the minute strings a little after each full hour by whoever holds the partition's
 * poll lease. Making them again gives the same bytes, so nobody has to remember what is done: at start, and
 * after taking a lease over, the last two hours are made again. One hour at a time, a few lots at a time.
 */
#include <stdlib.h>

#include "parkd/base/iso8601.h"
#include "parkd/model/series.h"
#include "parkd/net/timer.h"
#include "store/store_impl.h"

#define SETTLE_MS  20000 /* reports of the last minutes are still on their way */
#define TICK_MS    1000
#define CHUNK_MS   5
#define CHUNK      64
#define BACK_HOURS 2
#define CATCH_UP   47 /* the day strings of two days are there in any case */
#define HOUR_BYTES 120

struct hours {
    struct store *st;
    struct timer *timer;
    int64_t *done; /* by partition: the last hour (since 1970) that is made; 0 unknown */
    unsigned n_done;
    bool running, failed;
    int64_t hour;  /* in work */
    bool *due;     /* partitions in work */
    uint32_t next; /* lot */
    size_t open;
};

struct hour_req {
    struct hours *h;
    uint32_t lot;
};

static void on_timer(void *ctx);

struct hours *hours_new(struct store *st)
{
    struct hours *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->st = st;
    if (!(h->timer = timer_new(st->loop, on_timer, h))) {
        free(h);
        return NULL;
    }
    return h;
}

void hours_free(struct hours *h)
{
    if (!h)
        return;
    timer_free(h->timer);
    free(h->done);
    free(h->due);
    free(h);
}

static bool fit(struct hours *h)
{
    unsigned n = h->st->partitions;
    if (h->n_done == n)
        return true;
    free(h->done);
    free(h->due);
    h->done = calloc(n, sizeof *h->done);
    h->due = calloc(n, sizeof *h->due);
    h->n_done = h->done && h->due ? n : 0;
    return h->n_done > 0;
}

/* --- one hour of one lot --- */

static void reply_done(struct hours *h, bool good)
{
    h->failed = h->failed || !good;
    if (--h->open == 0)
        timer_arm(h->timer, CHUNK_MS);
}

static void on_written(void *ctx, const struct reply *r, enum redis_error err)
{
    (void)r;
    reply_done(ctx, !err);
}

static bool write_record(struct hours *h, uint32_t lot, struct view minutes)
{
    struct store *st = h->st;
    struct series_hour sum = series_hour_of(minutes, 0);
    unsigned char record[SERIES_HOUR_BYTES];
    struct redis_cmd cmd;
    int year;
    if (sum.minutes == 0)
        return true; /* zero bytes, or no string at all, say the same */
    uint32_t offset = series_hour_offset(h->hour * HOUR_MS, &year);
    struct key key = key_hour(st->prefix, st->partitions, view_of(registry_lot(st->reg, lot)->lot.id), year);
    series_hour_encode(&sum, record);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "SETRANGE");
    redis_cmd_key(&cmd, key);
    redis_cmd_uint(&cmd, offset);
    redis_cmd_view(&cmd, (struct view){(const char *)record, sizeof record});
    if (store_send_fini(st, &cmd, on_written, h))
        return false;
    h->open++;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "EXPIRE");
    redis_cmd_key(&cmd, key);
    redis_cmd_int(&cmd, (st->keep_hour_days + 1) * INT64_C(86400));
    return !store_send_fini(st, &cmd, NULL, NULL);
}

static void on_minutes(void *ctx, const struct reply *r, enum redis_error err)
{
    struct hour_req *q = ctx;
    struct hours *h = q->h;
    bool good = !err && h->running && store_up(h->st) && write_record(h, q->lot, reply_text(r));
    free(q);
    reply_done(h, good);
}

static bool read_minutes(struct hours *h, const struct registry_lot *l)
{
    struct store *st = h->st;
    int64_t first = h->hour % 24 * HOUR_BYTES;
    char day[9];
    struct redis_cmd cmd;
    struct hour_req *q = calloc(1, sizeof *q);
    if (!q)
        return false;
    *q = (struct hour_req){h, l->idx};
    series_day_name(h->hour * HOUR_MS, day);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "GETRANGE");
    redis_cmd_key(&cmd, key_day(st->prefix, st->partitions, view_of(l->lot.id), day));
    redis_cmd_int(&cmd, first);
    redis_cmd_int(&cmd, first + HOUR_BYTES - 1);
    if (store_send_fini(st, &cmd, on_minutes, q)) {
        free(q);
        return false;
    }
    h->open++;
    return true;
}

/* --- one hour of everything that is due --- */

static void end_hour(struct hours *h)
{
    h->running = false;
    for (unsigned p = 0; p < h->n_done && !h->failed; p++) {
        if (h->due[p])
            h->done[p] = h->hour;
    }
    timer_arm(h->timer, h->failed ? TICK_MS : CHUNK_MS);
}

static void next_chunk(struct hours *h)
{
    struct store *st = h->st;
    while (!h->failed && h->open < CHUNK && h->next < registry_size(st->reg)) {
        const struct registry_lot *l = registry_lot(st->reg, h->next++);
        if (l->removed || !h->due[partition_of(view_of(l->lot.id), st->partitions)])
            continue;
        if (!read_minutes(h, l))
            h->failed = true;
    }
    if (!h->open)
        end_hour(h);
}

/* The earliest hour that some partition of ours still lacks; false if there is none. */
static bool pick_hour(struct hours *h)
{
    int64_t last = (clock_wall_ms(h->st->clock) - SETTLE_MS) / HOUR_MS - 1, first = last + 1;
    for (unsigned p = 0; p < h->n_done; p++) {
        int64_t lacks = h->done[p] ? h->done[p] + 1 : last - BACK_HOURS + 1;
        if (lacks < last - CATCH_UP)
            lacks = last - CATCH_UP;
        h->due[p] = false;
        if (!leases_has_partition(h->st->leases, p) || lacks > last)
            continue;
        h->done[p] = lacks - 1;
        first = lacks < first ? lacks : first;
    }
    for (unsigned p = 0; p < h->n_done; p++)
        h->due[p] = leases_has_partition(h->st->leases, p) && h->done[p] + 1 == first;
    h->hour = first;
    return first <= last;
}

static void on_timer(void *ctx)
{
    struct hours *h = ctx;
    if (!store_up(h->st) || h->st->stopping)
        return; /* kicked again when it is back */
    if (h->running) {
        next_chunk(h);
    } else if (fit(h) && pick_hour(h)) {
        h->running = true;
        h->failed = false;
        h->next = 0;
        next_chunk(h);
    } else {
        timer_arm(h->timer, TICK_MS);
    }
}

void hours_kick(struct hours *h)
{
    if (!h->open)
        h->running = false;
    timer_arm(h->timer, TICK_MS);
}

void hours_stop(struct hours *h)
{
    h->failed = true; /* replies that still come are not waited for */
    timer_cancel(h->timer);
}
