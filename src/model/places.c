/* SPDX-License-Identifier: MIT
 * Rows of a hundredth of a degree, each sorted by longitude: a box is one binary search a row. A district has
 * some rows with some lots each, so a near query reads little more than it answers.
 */
#include "parkd/model/places.h"

#include <math.h>
#include <stdlib.h>

#define ROWS_A_DEGREE   100.0
#define METRES_A_DEGREE 111195.0 /* of the sphere that geo_distance measures on */
#define POLAR           89.0

struct place {
    int32_t row;
    uint32_t idx;
    struct point at;
};
struct places {
    struct place *v;
    size_t n;
};

struct places *places_new(void)
{
    return calloc(1, sizeof(struct places));
}

void places_free(struct places *p)
{
    if (p)
        free(p->v);
    free(p);
}

static int32_t row_of(double lat)
{
    return (int32_t)floor(lat * ROWS_A_DEGREE);
}

static int in_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->at.lng > y->at.lng) - (x->at.lng < y->at.lng);
}

int places_build(struct places *p, const struct registry *reg)
{
    struct place *v = malloc(((size_t)registry_size(reg) + 1) * sizeof *v);
    size_t n = 0;
    if (!v)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < registry_size(reg); i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        if (l->removed || !l->lot.has_point)
            continue;
        struct point at = geo_convert((struct point){l->lot.lng, l->lot.lat}, l->lot.datum, DATUM_WGS84);
        v[n++] = (struct place){row_of(at.lat), i, at};
    }
    qsort(v, n, sizeof *v, in_order);
    free(p->v);
    p->v = v;
    p->n = n;
    return 0;
}

size_t places_count(const struct places *p)
{
    return p->n;
}

/* The first that is not before (row, lng). */
static size_t lower_bound(const struct places *p, int32_t row, double lng)
{
    size_t lo = 0, hi = p->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct place *at = &p->v[mid];
        if (at->row < row || (at->row == row && at->at.lng < lng))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Rows without a lot are leapt over, so a box as large as the earth costs no more than its lots. */
void places_each(const struct places *p, struct places_box box, places_fn *fn, void *ctx)
{
    int32_t row = row_of(box.south), last = row_of(box.north);
    for (size_t i = lower_bound(p, row, box.west); i < p->n && p->v[i].row <= last;) {
        const struct place *at = &p->v[i];
        if (at->row > row) {
            row = at->row;
            if (at->at.lng < box.west) {
                i = lower_bound(p, row, box.west);
                continue;
            }
        }
        if (at->at.lng > box.east) {
            i = lower_bound(p, ++row, box.west);
            continue;
        }
        if (at->at.lat >= box.south && at->at.lat <= box.north)
            fn(ctx, at->idx, at->at);
        i++;
    }
}

struct places_box places_around(struct point at, double metres)
{
    double high = metres / METRES_A_DEGREE;
    struct places_box box = {-180, at.lat - high, 180, at.lat + high};
    if (box.south > -POLAR && box.north < POLAR) {
        /* The widest parallel of the box is the one nearest to a pole. */
        double widest = fmax(fabs(box.south), fabs(box.north)),
               wide = high / cos(widest * 0.017453292519943295);
        if (at.lng - wide >= -180 && at.lng + wide <= 180) {
            box.west = at.lng - wide;
            box.east = at.lng + wide;
        }
    }
    return box;
}
