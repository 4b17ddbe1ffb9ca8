/* SPDX-License-Identifier: MIT
 * Creeping, by the signs of all pairs of days (Mann-Kendall) and the median of their slopes (Theil-Sen): one
 * odd day moves neither.
 */
#include "parkd/model/drift.h"

#include <stdlib.h>

#define LEAST_DAYS  8
#define LEAST_MOVED 5
#define PERCENT     5
#define PAIRS       (DRIFT_DAYS * (DRIFT_DAYS - 1) / 2)

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int sign(int32_t v)
{
    return (v > 0) - (v < 0);
}

/* Share of pairs that rose less that of those that fell: −1 to 1. */
static double agreement(const struct drift_day *p, int n, bool most)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            sum += most ? sign(p[j].most - p[i].most) : sign(p[j].least - p[i].least);
    return 2.0 * sum / (n * (n - 1));
}

/* Places a day. */
static double slope(const struct drift_day *p, int n)
{
    double all[PAIRS];
    int k = 0;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            all[k++] = (double)(p[j].most - p[i].most) / (double)(p[j].day - p[i].day);
    qsort(all, (size_t)k, sizeof all[0], by_value);
    return k % 2 ? all[k / 2] : (all[k / 2 - 1] + all[k / 2]) / 2;
}

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

static bool creeps(const struct drift_day *p, int n, int32_t open)
{
    double limit = open * PERCENT / 100.0;
    double most = agreement(p, n, true), least = agreement(p, n, false);
    double moved = absolute(slope(p, n)) * (double)(p[n - 1].day - p[0].day);
    return absolute(most) >= 0.7 && absolute(least) >= 0.4 && most * least > 0 &&
           moved > (limit > LEAST_MOVED ? limit : LEAST_MOVED);
}

struct drift_day drift_day_of(int64_t day, const struct daily *d)
{
    return (struct drift_day){day, d->max, d->min,
                              (d->quality & (QUALITY_NEGATIVE | QUALITY_OVER_TOTAL)) != 0};
}

bool drift_judge(const struct drift_day *days, int n, int32_t open)
{
    struct drift_day p[DRIFT_DAYS];
    int k = 0, beyond = 0;
    for (int i = n > DRIFT_DAYS ? n - DRIFT_DAYS : 0; i < n; i++) {
        if (days[i].most == COUNT_NONE)
            continue;
        beyond += days[i].beyond;
        p[k++] = days[i];
    }
    return k >= LEAST_DAYS && (beyond * 2 >= k || creeps(p, k, open));
}
