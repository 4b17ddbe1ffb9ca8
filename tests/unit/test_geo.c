/* SPDX-License-Identifier: MIT
 * Datums: published vectors, round trips over Zhangdian, and places outside the series.
 */
#include <math.h>

#include "model_test.h"
#include "parkd/model/geo.h"

static void near(struct point got, struct point want, double degrees)
{
    if (!(fabs(got.lng - want.lng) <= degrees && fabs(got.lat - want.lat) <= degrees))
        fail_msg("%.15g, %.15g is not %.15g, %.15g", got.lng, got.lat, want.lng, want.lat);
}

/* The second vector of eviltransform is that of its Go, Python and other tests; its JavaScript test, and who
 * copied from there, has a 7 for the 6 in the sixth decimal (0.1 m), which its tolerance hides. */
static void published_vectors(void **state)
{
    static const struct {
        enum datum from, to;
        struct point in, out;
        double degrees;
    } rows[] = {
        {DATUM_BD09, DATUM_GCJ02, {116.404, 39.915}, {116.39762729119315, 39.90865673957631}, 1e-12},
        {DATUM_GCJ02, DATUM_BD09, {116.404, 39.915}, {116.41036949371029, 39.92133699351021}, 1e-12},
        {DATUM_WGS84, DATUM_GCJ02, {116.404, 39.915}, {116.41024449916938, 39.91640428150164}, 1e-12},
        {DATUM_WGS84, DATUM_GCJ02, {121.5272106, 31.1774276}, {121.531541859215, 31.17530398364597}, 1e-12},
        {DATUM_WGS84, DATUM_GCJ02, {113.912316, 22.543847}, {113.9171764808363, 22.540796131694766}, 1e-12},
        {DATUM_WGS84, DATUM_GCJ02, {116.377817, 39.911954}, {116.38404722455657, 39.91334545536069}, 1e-12},
        {DATUM_WGS84, DATUM_GCJ02, {118.0180, 36.8070}, {118.02398618208967, 36.807428532078}, 1e-12},
        {DATUM_WGS84, DATUM_BD09, {118.0180, 36.8070}, {118.03057528718807, 36.81307624362291}, 1e-12},
        {DATUM_WGS84, DATUM_GCJ02, {118.060000, 36.788000}, {118.066086, 36.788516}, 6e-7},
        {DATUM_WGS84, DATUM_BD09, {118.060000, 36.788000}, {118.072495, 36.794777}, 6e-7},
        {DATUM_WGS84, DATUM_GCJ02, {118.040000, 36.820000}, {118.046049, 36.820497}, 6e-7},
        {DATUM_WGS84, DATUM_BD09, {118.040000, 36.820000}, {118.052556, 36.826419}, 6e-7},
        /* backwards to where they came from */
        {DATUM_GCJ02, DATUM_WGS84, {116.41024449916938, 39.91640428150164}, {116.404, 39.915}, 1e-9},
        {DATUM_BD09, DATUM_WGS84, {118.03057528718807, 36.81307624362291}, {118.0180, 36.8070}, 2e-6},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        near(geo_convert(rows[i].in, rows[i].from, rows[i].to), rows[i].out, rows[i].degrees);
}

/* The published gcj→wgs vector was made by subtracting the offset once; that is 2 p − gcj(p). */
static void simple_subtraction(void **state)
{
    struct point p = {116.404, 39.915}, g = geo_convert(p, DATUM_WGS84, DATUM_GCJ02);
    struct point once = {2 * p.lng - g.lng, 2 * p.lat - g.lat};
    (void)state;
    near(once, (struct point){116.39775550083061, 39.91359571849836}, 1e-12);
    double off = geo_distance(once, geo_convert(p, DATUM_GCJ02, DATUM_WGS84));
    assert_true(off > 0.01 && off < 2.67);
}

static void round_trips_over_the_district(void **state)
{
    double worst_gcj = 0, worst_bd = 0, least = 1e9, most = 0, bd_least = 1e9, bd_most = 0;
    (void)state;
    for (double lng = 118.02; lng < 118.12; lng += 0.001) {
        for (double lat = 36.76; lat < 36.86; lat += 0.001) {
            struct point p = {lng, lat}, g = geo_convert(p, DATUM_WGS84, DATUM_GCJ02);
            struct point b = geo_convert(g, DATUM_GCJ02, DATUM_BD09);
            worst_gcj = fmax(worst_gcj, geo_distance(p, geo_convert(g, DATUM_GCJ02, DATUM_WGS84)));
            worst_bd = fmax(worst_bd, geo_distance(g, geo_convert(b, DATUM_BD09, DATUM_GCJ02)));
            least = fmin(least, geo_distance(p, g));
            most = fmax(most, geo_distance(p, g));
            bd_least = fmin(bd_least, geo_distance(g, b));
            bd_most = fmax(bd_most, geo_distance(g, b));
        }
    }
    assert_true(worst_gcj < 0.0001);
    assert_true(worst_bd < 0.15);
    assert_true(least > 534 && most < 550);
    assert_true(bd_least > 850 && bd_most < 920);
}

static void abroad_nothing_moves(void **state)
{
    static const struct point places[] = {{9.99, 53.55}, {72.0, 36},  {137.84, 36},
                                          {118, 0.8},    {118, 55.9}, {-118, 36}};
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        near(geo_convert(places[i], DATUM_WGS84, DATUM_GCJ02), places[i], 0);
        near(geo_convert(places[i], DATUM_GCJ02, DATUM_WGS84), places[i], 0);
    }
    near(geo_convert(places[0], DATUM_BD09, DATUM_BD09), places[0], 0);
}

static void distances(void **state)
{
    struct point a = {118.0, 36.8}, b = {118.0, 37.8}, c = {-62.0, -36.8};
    (void)state;
    assert_true(fabs(geo_distance(a, b) - 111195.08) < 0.1); /* one degree of a great circle */
    assert_true(fabs(geo_distance(a, c) - 20015114.4) < 1);  /* half of it all: the antipodes */
    assert_true(fabs(geo_distance((struct point){179.5, 0}, (struct point){-179.5, 0}) - 111195.08) < 0.1);
    assert_true(geo_distance(a, a) < 1e-9);
}

static void plausible_points(void **state)
{
    (void)state;
    assert_true(geo_valid((struct point){180, -90}));
    assert_false(geo_valid((struct point){180.1, 0}));
    assert_false(geo_valid((struct point){0, 90.1}));
    assert_false(geo_valid((struct point){(double)NAN, 0}));
    assert_false(geo_valid((struct point){0, (double)INFINITY}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(simple_subtraction),
        cmocka_unit_test(round_trips_over_the_district),
        cmocka_unit_test(abroad_nothing_moves),
        cmocka_unit_test(distances),
        cmocka_unit_test(plausible_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
