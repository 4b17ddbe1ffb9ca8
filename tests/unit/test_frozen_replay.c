/* SPDX-License-Identifier: MIT
 * Frozen lots on two months of 44 real car parks (../shared/data/replay-44, or $PARKD_DATA): prints both
 * rates and holds them to the goal. Skips with a clear line where the data are absent. What never moves is
 * decided here, from the values alone.
 */
#include <zlib.h>

#include "parkd/model/drift.h"
#include "tape_test.h"

#define LINE_MAX_ 8192
#define NOT_SAID  INT32_MIN
#define EAST      (2 * HOUR_MS) /* the recorded cities are two hours east of UTC in summer */

static const char *const files[] = {"free-2026-06.csv.gz", "free-2026-07.csv.gz"};
static const char *const begin = "2026-06-01T00:00:00Z", *const end = "2026-08-01T00:00:00Z";

static bool path_of(const char *name, char path[512])
{
    const char *folder = getenv("PARKD_DATA");
    (void)snprintf(path, 512, "%s/replay-44/%s", folder ? folder : "../shared/data", name);
    FILE *f = fopen(path, "rb");
    if (f)
        (void)fclose(f);
    return f != NULL;
}

/* One row of the file: a cell is "as before" or a new value. */
static void take_row(struct tape *t, char *line, int32_t *held)
{
    struct view rest = view_trim(view_of(line)), when = view_cut(&rest, ',');
    int64_t ms = 0, n = 0;
    assert_int_equal(iso8601_parse(when, &ms), 0);
    int64_t step = (ms - t->begin_ms + FROZEN_STEP_MS - 1) / FROZEN_STEP_MS;
    if (step >= t->steps)
        step = t->steps - 1;
    for (int l = 0; l < t->lots; l++) {
        struct view cell = view_cut(&rest, ',');
        if (!cell.n || view_to_int(cell, -100000, 100000, &n))
            continue;
        if (held[l] != NOT_SAID && held[l] != (int32_t)n)
            t->moves[(int64_t)l * t->steps + step]++;
        held[l] = (int32_t)n;
        t->value[(int64_t)l * t->steps + step] = (int32_t)n;
    }
}

static void read_file(struct tape *t, const char *path, int32_t *held)
{
    char line[LINE_MAX_];
    gzFile f = gzopen(path, "rb");
    assert_non_null(f);
    assert_non_null(gzgets(f, line, sizeof line)); /* the heading */
    while (gzgets(f, line, sizeof line))
        take_row(t, line, held);
    assert_int_equal(gzclose(f), Z_OK);
}

/* Steps without a row keep the value before. */
static void carry(struct tape *t, char *told)
{
    for (int l = 0; l < t->lots; l++)
        for (int s = 1; s < t->steps; s++)
            if (!told[l * t->steps + s])
                t->value[l * t->steps + s] = t->value[l * t->steps + s - 1];
}

static void read_tape(struct tape *t)
{
    int32_t held[44];
    char path[512];
    int64_t from = 0, to = 0;
    assert_int_equal(iso8601_parse(view_of(begin), &from), 0);
    assert_int_equal(iso8601_parse(view_of(end), &to), 0);
    tape_make(t, 44, (int)((to - from) / FROZEN_STEP_MS), from, EAST);
    size_t n = (size_t)t->lots * (size_t)t->steps;
    for (size_t i = 0; i < n; i++)
        t->value[i] = NOT_SAID;
    for (int l = 0; l < t->lots; l++)
        held[l] = NOT_SAID;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_true(path_of(files[i], path));
        read_file(t, path, held);
    }
    char *told = calloc(n, 1);
    assert_non_null(told);
    for (size_t i = 0; i < n; i++)
        told[i] = t->value[i] != NOT_SAID;
    carry(t, told);
    free(told);
}

/* --- creeping --- */

static int by_count(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* What the lot offers, as far as the tape tells: nearly the most that was ever free (the most is a spike). */
static int32_t places_of(const struct tape *t, int lot)
{
    size_t n = (size_t)t->steps;
    int32_t *all = malloc(n * sizeof *all);
    assert_non_null(all);
    memcpy(all, t->value + (size_t)lot * n, n * sizeof *all);
    qsort(all, n, sizeof *all, by_count);
    int32_t places = all[n - n / 100];
    free(all);
    return places;
}

/* The days of a lot that loses `leak` places more on each day from `from` on. Returns how many there are. */
static int days_of(const struct tape *t, int lot, double leak, int from, struct drift_day *out)
{
    int n = 0;
    for (int s = 0; s < t->steps; s++) {
        int64_t day = tape_day(t, s);
        if (n == 0 || out[n - 1].day != day)
            out[n++] = (struct drift_day){day, COUNT_NONE, INT32_MAX, false};
        struct drift_day *d = &out[n - 1];
        int32_t raw = t->value[lot * t->steps + s];
        if (raw == NOT_SAID)
            continue;
        raw -= n - 1 > from ? (int32_t)(leak * (n - 1 - from)) : 0;
        int32_t free = raw < 0 ? 0 : raw;
        d->beyond = d->beyond || raw < 0;
        d->most = free > d->most ? free : d->most;
        d->least = free < d->least ? free : d->least;
    }
    return n;
}

static bool drifts_on(const struct drift_day *days, int day, int32_t open)
{
    int first = day < DRIFT_DAYS ? 0 : day - DRIFT_DAYS + 1;
    return drift_judge(days + first, day - first + 1, open);
}

#define LEAK_FROM 15
#define LEAK_DAYS 30

static void creeping_lots_are_found(void **state)
{
    struct tape t;
    char path[512];
    int found = 0, flagged = 0, creeping = 0, lot_days = 0;
    (void)state;
    if (!path_of(files[0], path) || !path_of(files[1], path))
        skip();
    read_tape(&t);
    for (int l = 0; l < t.lots; l++) {
        struct drift_day days[80];
        int32_t open = places_of(&t, l);
        int n = days_of(&t, l, 0, 0, days);
        for (int i = 0; i < n; i++, lot_days++)
            flagged += drifts_on(days, i, open);
        for (int i = 0; i < n; i++)
            days[i].beyond = false;
        for (int i = 0; i < n; i++)
            creeping += drifts_on(days, i, open);
        n = days_of(&t, l, open / 50.0 < 1 ? 1 : open / 50.0, LEAK_FROM, days);
        for (int i = LEAK_FROM + 1, hit = 0; i < n && i <= LEAK_FROM + LEAK_DAYS && !hit; i++)
            found += hit = drifts_on(days, i, open);
    }
    printf("drift (44 real car parks, two months): lots that lose 2 %% a day flagged within %d days: %d of "
           "%d, lot-days flagged as "
           "they are: %d of %d (%.2f %%), %d of these because they crept\n",
           LEAK_DAYS, found, t.lots, flagged, lot_days, 100.0 * flagged / lot_days, creeping);
    assert_true(found * 10 >= t.lots * 9);
    assert_true(creeping * 100 < lot_days);
    tape_fini(&t);
}

static void real_lots_are_judged_right(void **state)
{
    struct tape t;
    char path[512];
    (void)state;
    if (!path_of(files[0], path) || !path_of(files[1], path)) {
        printf("frozen: skipped, recorded days are absent: %s (set PARKD_DATA)\n", path);
        skip();
    }
    read_tape(&t);
    struct rates r = tape_rates(&t, 4);
    tape_print("44 real car parks, two months", &r);
    assert_true(r.lot_days > 2600);
    assert_int_equal(r.found, r.frozen);
    assert_true(r.false_days * 100 < r.lot_days);
    tape_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_lots_are_judged_right),
                                       cmocka_unit_test(creeping_lots_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
