/* SPDX-License-Identifier: MIT
 * `make forecast`: forecasts for two months of 44 real car parks (../shared/data/replay-44, or $PARKD_DATA),
 * learnt from June and walked forward through July, beside what anybody would try first. The error is a share
 * of the 99.5th percentile of a lot's counts in June, averaged over the lots. Skips with a clear line where
 * the data are absent.
 *
 * The grid has 15 minutes and the last value carried forward. Nothing is cleaned: all see what was recorded,
 * falls below 0 and spikes and all.
 */
#include <math.h>
#include <zlib.h>

#include "model_test.h"

#include "parkd/base/iso8601.h"
#include "parkd/model/forecast.h"

#define LOTS    44
#define JUNE    (30 * 96)
#define STEPS   (61 * 96)
#define WEEK    (7 * 96)
#define ROW_MAX 8192
#define UNKNOWN INT32_MIN
#define METHODS 4
#define TENTHS  10
#define BEGIN   "2026-06-01T00:00:00Z"

static const char *const files[] = {"free-2026-06.csv.gz", "free-2026-07.csv.gz"};
static const char *const methods[METHODS] = {"parkd", "as it is now", "now, and last week's change",
                                             "now, and the last four weeks' change"};
static const double goals[FORECAST_HORIZONS] = {1.95, 2.8, 3.7, 5.1};

static int32_t grid[LOTS][STEPS];
static double size[LOTS]; /* 99.5th percentile in June */

/* --- the recording --- */

static bool path_of(const char *name, char path[512])
{
    const char *folder = getenv("PARKD_DATA");
    (void)snprintf(path, 512, "%s/replay-44/%s", folder ? folder : "../shared/data", name);
    FILE *f = fopen(path, "rb");
    if (f)
        (void)fclose(f);
    return f != NULL;
}

/* Fills the grid up to this row's time with what was held, then takes the row. */
static void take_row(char *line, int32_t held[LOTS], int *step, int64_t begin)
{
    struct view rest = view_trim(view_of(line)), when = view_cut(&rest, ',');
    int64_t ms = 0, n = 0;
    assert_int_equal(iso8601_parse(when, &ms), 0);
    for (; *step < STEPS && begin + *step * FORECAST_STEP_MS < ms; ++*step)
        for (int l = 0; l < LOTS; l++)
            grid[l][*step] = held[l];
    for (int l = 0; l < LOTS; l++) {
        struct view cell = view_cut(&rest, ',');
        if (cell.n && view_to_int(cell, -100000, 100000, &n) == 0)
            held[l] = (int32_t)n;
    }
}

static void read_recording(void)
{
    int32_t held[LOTS];
    char path[512], line[ROW_MAX];
    int64_t begin = 0;
    int step = 0;
    assert_int_equal(iso8601_parse(VIEW(BEGIN), &begin), 0);
    for (int l = 0; l < LOTS; l++)
        held[l] = UNKNOWN;
    for (size_t i = 0; i < 2; i++) {
        assert_true(path_of(files[i], path));
        gzFile f = gzopen(path, "rb");
        assert_non_null(f);
        assert_non_null(gzgets(f, line, sizeof line)); /* the heading */
        while (gzgets(f, line, sizeof line))
            take_row(line, held, &step, begin);
        assert_int_equal(gzclose(f), Z_OK);
    }
    for (; step < STEPS; step++)
        for (int l = 0; l < LOTS; l++)
            grid[l][step] = held[l];
}

static int by_value(const void *a, const void *b)
{
    return (*(const int32_t *)a > *(const int32_t *)b) - (*(const int32_t *)a < *(const int32_t *)b);
}

static void measure_sizes(void)
{
    for (int l = 0; l < LOTS; l++) {
        int32_t sorted[JUNE];
        int n = 0;
        for (int s = 0; s < JUNE; s++)
            if (grid[l][s] != UNKNOWN)
                sorted[n++] = grid[l][s];
        qsort(sorted, (size_t)n, sizeof *sorted, by_value);
        size[l] = sorted[(int)(0.995 * (n - 1) + 0.5)];
    }
}

/* --- the walk --- */

struct sum {
    double error[METHODS];
    int n;
};
struct reliability {
    double told, came;
    int n;
};
struct walk {
    struct sum sums[LOTS][FORECAST_HORIZONS];
    struct reliability table[FORECAST_HORIZONS][TENTHS];
    double within[FORECAST_HORIZONS];
    int told;
};

static double known_or(int32_t v, double otherwise)
{
    return v == UNKNOWN ? otherwise : v;
}

/* What the others would say of lot l, h steps from s. */
static void guess_simply(int l, int s, int h, double guess[METHODS])
{
    double now = grid[l][s], sum = 0;
    int n = 0;
    guess[1] = now;
    guess[2] = now + known_or(grid[l][s - WEEK + h], 0) - known_or(grid[l][s - WEEK], 0);
    for (int w = 1; w <= 4 && s - w * WEEK >= 0; w++, n++)
        sum += known_or(grid[l][s - w * WEEK + h], 0) - known_or(grid[l][s - w * WEEK], 0);
    guess[3] = now + sum / n;
}

static void judge(struct walk *w, int l, int s, int horizon, const struct forecast *f)
{
    int h = forecast_steps[horizon];
    double guess[METHODS] = {f->expected}, came = grid[l][s + h];
    struct sum *sum = &w->sums[l][horizon];
    guess_simply(l, s, h, guess);
    for (int m = 0; m < METHODS; m++)
        sum->error[m] += fabs(guess[m] - came) / size[l];
    sum->n++;
    int tenth = (int)(f->chance * TENTHS);
    struct reliability *r = &w->table[horizon][tenth < TENTHS ? tenth : TENTHS - 1];
    r->told += f->chance;
    r->came += came >= 1;
    r->n++;
    w->within[horizon] += came >= f->low && came <= f->high;
}

static void walk_lot(struct walk *w, int l, int64_t first)
{
    struct forecast_lot *f = forecast_new();
    assert_non_null(f);
    for (int s = 0; s < STEPS; s++) {
        int32_t v = grid[l][s];
        forecast_take(f, first + s, v, true);
        for (int h = 0; s >= JUNE && h < FORECAST_HORIZONS; h++) {
            struct forecast out;
            if (s + forecast_steps[h] >= STEPS)
                continue;
            assert_int_equal(forecast_tell(f, h, v, 0, &out), 0);
            assert_true(out.low <= out.expected && out.expected <= out.high && out.chance > 0 &&
                        out.chance < 1);
            judge(w, l, s, h, &out);
        }
    }
    forecast_free(f);
}

static double error_of(const struct walk *w, int horizon, int method)
{
    double sum = 0;
    for (int l = 0; l < LOTS; l++)
        sum += w->sums[l][horizon].error[method] / w->sums[l][horizon].n;
    return sum / LOTS * 100;
}

static void print(const struct walk *w)
{
    printf("forecast: mean error, %% of the lot          15 min  30 min  60 min 120 min\n");
    for (int m = 0; m < METHODS; m++) {
        printf("forecast: %-34s", methods[m]);
        for (int h = 0; h < FORECAST_HORIZONS; h++)
            printf("  %6.2f", error_of(w, h, m));
        printf("\n");
    }
    printf("forecast: %-34s", "goal");
    for (int h = 0; h < FORECAST_HORIZONS; h++)
        printf("  %6.2f", goals[h]);
    printf("\nforecast: %-34s", "within low…high (80 % is meant), %");
    for (int h = 0; h < FORECAST_HORIZONS; h++) {
        int n = 0;
        for (int i = 0; i < TENTHS; i++)
            n += w->table[h][i].n;
        printf("  %6.1f", w->within[h] / n * 100);
    }
    printf("\nforecast: will there be a place?     told, came, cases\n");
    for (int h = 0; h < FORECAST_HORIZONS; h++)
        for (int i = 0; i < TENTHS; i++) {
            const struct reliability *r = &w->table[h][i];
            if (r->n)
                printf("forecast: %3d min   told %5.1f %%   came %5.1f %%   %7d\n", forecast_steps[h] * 15,
                       r->told / r->n * 100, r->came / r->n * 100, r->n);
        }
}

static void beats_what_anybody_would_try(void **state)
{
    static struct walk w;
    char path[512];
    int64_t begin = 0;
    (void)state;
    if (!path_of(files[0], path)) {
        printf("skipped: %s is not there, so forecasts were not measured\n", path);
        skip();
    }
    read_recording();
    measure_sizes();
    assert_int_equal(iso8601_parse(VIEW(BEGIN), &begin), 0);
    for (int l = 0; l < LOTS; l++)
        walk_lot(&w, l, begin / FORECAST_STEP_MS);
    print(&w);
    for (int h = 0; h < FORECAST_HORIZONS; h++) {
        assert_true(error_of(&w, h, 0) <= goals[h]);
        for (int m = 1; m < METHODS; m++)
            assert_true(error_of(&w, h, 0) < error_of(&w, h, m));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(beats_what_anybody_would_try)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
