/* SPDX-License-Identifier: MIT
 * Forecasts: features, weights, errors. Everything is in shares of the largest count seen, so that lots of
 * all sizes learn alike.
 */
#include "parkd/model/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY    96
#define WEEK   (7 * DAY)
#define WEEKS  4
#define AROUND 2 /* quarter hours that smooth the usual change */
/* Steps that are looked back to: by features from an origin 8 back, and from the first step of today. */
#define WINDOW    (WEEKS * WEEK + DAY + 8 + 8 + AROUND + 2)
#define N         10 /* features */
#define FORGET    0.998
#define TRUST     100.0 /* of the first numbers; and the weights' uncertainty is kept below … */
#define WINDUP    1e5   /* … this, or a lot that never moves would forget everything */
#define ROBUST    0.03  /* errors beyond this share of the lot count by their size, not by its square */
#define LEARNT    (DAY * 2)
#define BINS      41
#define CENTRE    (BINS / 2)
#define FADE      (1.0 - 1.0 / (14 * DAY)) /* of errors: two weeks */
#define NEAR_FULL 0.03                     /* share of the lot */
#define LATELY    4
#define SIZE_MIN  10 /* places: a lot is not thought smaller */
#define UNKNOWN   INT16_MIN

const int forecast_steps[FORECAST_HORIZONS] = {1, 2, 4, 8};

/* What one horizon has learnt. */
struct learner {
    double w[N], p[N][N];  /* weights, and how uncertain they are */
    double told[8];        /* what was told for the steps to come, by step modulo 8; NAN: nothing */
    float errors[2][BINS]; /* how often an error was of that size; [1]: when few places were expected */
    double mean_error;     /* of absolute errors, a share */
    int n;
};

struct forecast_lot {
    int16_t free[WINDOW];       /* by step modulo WINDOW */
    bool odd[WINDOW / DAY + 2]; /* by day modulo its size: no model for others */
    int64_t first, last;        /* steps; first 0: none yet */
    int32_t size;               /* the largest count seen */
    struct learner learners[FORECAST_HORIZONS];
};

struct forecast_lot *forecast_new(void)
{
    struct forecast_lot *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->size = SIZE_MIN;
    for (int i = 0; i < WINDOW; i++)
        f->free[i] = UNKNOWN;
    for (int h = 0; h < FORECAST_HORIZONS; h++) {
        struct learner *l = &f->learners[h];
        l->w[0] = 1; /* until it knows better: as in the last weeks */
        for (int i = 0; i < N; i++)
            l->p[i][i] = TRUST;
        for (int i = 0; i < 8; i++)
            l->told[i] = NAN;
    }
    return f;
}

void forecast_free(struct forecast_lot *f)
{
    free(f);
}

/* --- what is known of a step --- */

static bool known(const struct forecast_lot *f, int64_t step)
{
    return step >= f->first && step > f->last - WINDOW && step <= f->last &&
           f->free[step % WINDOW] != UNKNOWN;
}

static double at(const struct forecast_lot *f, int64_t step)
{
    return (double)f->free[step % WINDOW] / f->size;
}

/* The change between two steps; 0 where one of them is not known. */
static double change(const struct forecast_lot *f, int64_t from, int64_t to)
{
    return known(f, from) && known(f, to) ? at(f, to) - at(f, from) : 0;
}

static bool usual(const struct forecast_lot *f, int64_t step)
{
    return !f->odd[step / DAY % (int64_t)(sizeof f->odd / sizeof f->odd[0])];
}

/* What the last weeks did at this time, on average. */
struct weeks {
    double change, smooth, slope, level;
    int n;
};

static void smooth_change(const struct forecast_lot *f, int64_t then, int h, int64_t origin, double *sum,
                          int *n)
{
    for (int z = -AROUND; z <= AROUND; z++) {
        int64_t from = then + (z < 0 ? z : 0), to = then + h + z;
        if (to > origin || !known(f, from) || !known(f, to))
            continue;
        *sum += at(f, to) - at(f, from);
        ++*n;
    }
}

static struct weeks look_back(const struct forecast_lot *f, int64_t origin, int h)
{
    struct weeks s = {0};
    int smooth_n = 0;
    for (int w = 1; w <= WEEKS; w++) {
        int64_t then = origin - (int64_t)w * WEEK;
        if (!known(f, then) || !known(f, then + h) || !usual(f, then))
            continue;
        s.change += at(f, then + h) - at(f, then);
        s.slope += change(f, then - 4, then);
        s.level += at(f, then);
        smooth_change(f, then, h, origin, &s.smooth, &smooth_n);
        s.n++;
    }
    if (s.n) {
        s.change /= s.n;
        s.slope /= s.n;
        s.level /= s.n;
    }
    s.smooth = smooth_n ? s.smooth / smooth_n : s.change;
    return s;
}

/* false: nothing is known of the weeks before. `now` stands for the count at the origin. */
static bool features(const struct forecast_lot *f, int64_t origin, int h, double now, double out[N])
{
    struct weeks s = look_back(f, origin, h);
    int64_t week = origin - WEEK;
    if (!s.n)
        return false;
    out[0] = s.change;
    out[1] = usual(f, week) ? change(f, week, week + h) : s.change;
    out[2] = change(f, origin - DAY, origin - DAY + h);
    out[3] = known(f, origin - 1) ? now - at(f, origin - 1) : 0;
    out[4] = known(f, origin - 4) ? now - at(f, origin - 4) : 0;
    out[5] = now - s.level;
    out[6] = s.slope;
    out[7] = 1;
    out[8] = known(f, origin - 8) ? at(f, origin - 8) - now : 0;
    out[9] = s.smooth;
    return true;
}

static double dot(const double a[N], const double b[N])
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += a[i] * b[i];
    return sum;
}

/* --- learning --- */

/* One step of recursive least squares; `weight` is what this pair counts. */
static void learn(struct learner *l, const double x[N], double y, double weight)
{
    double px[N], trace = 0;
    for (int i = 0; i < N; i++) {
        px[i] = dot(l->p[i], x);
        trace += l->p[i][i];
    }
    double forget = trace < WINDUP ? FORGET : 1;
    double scale = forget / weight + dot(px, x), wrong = y - dot(l->w, x);
    for (int i = 0; i < N; i++) {
        l->w[i] += px[i] / scale * wrong;
        for (int k = 0; k <= i; k++)
            l->p[i][k] = l->p[k][i] = (l->p[i][k] - px[i] * px[k] / scale) / forget;
    }
    l->n++;
}

/* Errors in bins that widen outwards: within 0.2 % of the lot, then by a quarter each, to half of it. */
static int bin_of(double error)
{
    double size = fabs(error) / 0.002;
    int i = size <= 1 ? 0 : 1 + (int)(log(size) / log(1.34));
    i = i > CENTRE ? CENTRE : i;
    return error < 0 ? CENTRE - i : CENTRE + i;
}

static double bin_middle(int bin)
{
    int i = abs(bin - CENTRE);
    double size = i ? 0.002 * pow(1.34, i - 0.5) : 0;
    return bin < CENTRE ? -size : size;
}

/* Near its end a lot errs otherwise: upwards alone, and seldom far. */
static const float *errors_at(const struct learner *l, double told)
{
    return l->errors[told < NEAR_FULL];
}

static void compare(struct learner *l, double told, double came)
{
    double error = came - told;
    float *errors = l->errors[told < NEAR_FULL];
    for (int i = 0; i < BINS; i++)
        errors[i] = (float)(errors[i] * FADE);
    errors[bin_of(error)] += 1;
    double share = l->n < 14 * DAY ? 1.0 / (l->n + 1) : 1 - FADE;
    l->mean_error += (fabs(error) - l->mean_error) * share;
}

static double tell(const struct learner *l, const double x[N], double now)
{
    double v = now + dot(l->w, x);
    return v < 0 && now >= 0 ? 0 : v;
}

static void learn_from(struct forecast_lot *f, int horizon)
{
    struct learner *l = &f->learners[horizon];
    int h = forecast_steps[horizon];
    int64_t origin = f->last - h;
    double x[N], *told = &l->told[f->last % 8];
    if (known(f, f->last) && !isnan(*told))
        compare(l, *told, at(f, f->last));
    *told = NAN;
    if (known(f, f->last) && known(f, origin) && features(f, origin, h, at(f, origin), x)) {
        double y = at(f, f->last) - at(f, origin), wrong = fabs(y - dot(l->w, x));
        learn(l, x, y, wrong > ROBUST ? ROBUST / wrong : 1);
    }
    if (known(f, f->last) && features(f, f->last, h, at(f, f->last), x))
        l->told[(f->last + h) % 8] = tell(l, x, at(f, f->last));
}

/* Shares change when the lot turns out to be larger. */
static void grow(struct forecast_lot *f, int32_t size)
{
    double by = (double)f->size / size;
    for (int h = 0; h < FORECAST_HORIZONS; h++) {
        struct learner *l = &f->learners[h];
        l->w[7] *= by;
        l->mean_error *= by;
        for (int i = 0; i < 8; i++)
            l->told[i] *= by;
    }
    f->size = size;
}

static int16_t stored(int32_t count)
{
    if (count == FORECAST_UNKNOWN)
        return UNKNOWN;
    return (int16_t)(count > INT16_MAX ? INT16_MAX : count <= INT16_MIN ? INT16_MIN + 1 : count);
}

void forecast_take(struct forecast_lot *f, int64_t step, int32_t count, bool is_usual)
{
    int16_t v = stored(count);
    if (step <= f->last || step <= 0)
        return;
    if (!f->first)
        f->first = f->last = step;
    for (int64_t s = step - f->last > WINDOW ? step - WINDOW : f->last + 1; s < step; s++) {
        f->free[s % WINDOW] = UNKNOWN;
        for (int h = 0; h < FORECAST_HORIZONS; h++)
            f->learners[h].told[s % 8] = NAN;
    }
    f->last = step;
    f->free[step % WINDOW] = v;
    f->odd[step / DAY % (int64_t)(sizeof f->odd / sizeof f->odd[0])] = !is_usual;
    if (v > f->size)
        grow(f, v);
    for (int h = 0; h < FORECAST_HORIZONS; h++)
        learn_from(f, h);
}

/* --- telling --- */

/* The error that a share of all errors does not exceed. */
static double quantile(const struct learner *l, double told, double share)
{
    const float *errors = errors_at(l, told);
    double sum = 0, up_to = 0;
    for (int i = 0; i < BINS; i++)
        sum += errors[i];
    for (int i = 0; i < BINS; i++) {
        up_to += errors[i];
        if (up_to >= sum * share)
            return bin_middle(i);
    }
    return 0;
}

/* A pinch of doubt on both sides: nobody has seen everything. */
static double chance_of_one(const struct learner *l, double told, double one)
{
    const float *errors = errors_at(l, told);
    double sum = 2, good = 1;
    for (int i = 0; i < BINS; i++) {
        sum += errors[i];
        good += told + bin_middle(i) >= one / 2 ? errors[i] : 0;
    }
    return good / sum;
}

static int32_t places(double share, int32_t size, int32_t least, int32_t most)
{
    double v = round(share * size);
    return v < least ? least : v > most ? most : (int32_t)v;
}

double forecast_error(const struct forecast_lot *f, int horizon)
{
    const struct learner *l = &f->learners[horizon];
    return l->n < LEARNT ? -1 : l->mean_error * f->size;
}

int forecast_tell(const struct forecast_lot *f, int horizon, int32_t now, int32_t base, struct forecast *out)
{
    const struct learner *l = &f->learners[horizon];
    double x[N], share = (double)now / f->size;
    bool lately = false;
    for (int i = 0; i < LATELY; i++)
        lately |= known(f, f->last - i);
    if (l->n < LEARNT || !lately || !features(f, f->last, forecast_steps[horizon], share, x))
        return ERR_NOT_FOUND;
    double told = tell(l, x, share);
    int32_t least = now < 0 ? INT16_MIN : 0;
    int32_t most = base > 0 ? base : f->size > now ? f->size : now;
    double low = fmin(quantile(l, told, 0.1), 0), high = fmax(quantile(l, told, 0.9), 0);
    *out = (struct forecast){.expected = places(told, f->size, least, most),
                             .low = places(told + low, f->size, least, most),
                             .high = places(told + high, f->size, least, most),
                             .chance = chance_of_one(l, told, 1.0 / f->size),
                             .error = l->mean_error * f->size};
    return 0;
}

/* --- a day --- */

static int32_t usual_at(const struct forecast_lot *f, int64_t step)
{
    int32_t sum = 0, n = 0;
    for (int w = 1; w <= WEEKS; w++) {
        int64_t then = step - (int64_t)w * WEEK;
        if (!known(f, then) || !usual(f, then))
            continue;
        sum += f->free[then % WINDOW];
        n++;
    }
    return n ? (sum + n / 2) / n : FORECAST_UNKNOWN;
}

void forecast_day(const struct forecast_lot *f, int64_t first, struct forecast_day *out)
{
    for (int i = 0; i < FORECAST_DAY; i++) {
        out->counts[i] = known(f, first + i) ? f->free[(first + i) % WINDOW] : FORECAST_UNKNOWN;
        out->usual[i] = usual_at(f, first + i);
    }
}
