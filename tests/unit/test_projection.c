/* SPDX-License-Identifier: MIT
 * projection: known points of survey systems, the Chinese datums as geo.h has them, what is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/model/projection.h"

static struct projection *open_one(const char *name)
{
    struct projection *p = NULL;
    struct why why = {0};
    if (projection_open(view_of(name), &p, &why))
        fail_msg("%s: %s", name, why.text);
    return p;
}

/* Cathedrals and the like from maps; the formulas were checked against worked examples of the surveying
 * offices. */
static void knows_points(void **state)
{
    (void)state;
    static const struct {
        const char *system;
        double x, y, lng, lat, metres;
    } rows[] = {
        {"EPSG:25832", 500000, 5427455.781, 9, 49, 0.01},
        {"EPSG:25832", 414424.647, 5316436.670, 7.8529, 47.9955, 0.01}, /* the minster of Freiburg */
        {"epsg:25832", 414424.647, 5316436.670, 7.8529, 47.9955, 0.01},
        {"urn:ogc:def:crs:EPSG::25832", 414424.647, 5316436.670, 7.8529, 47.9955, 0.01},
        {"http://www.opengis.net/def/crs/EPSG/0/25832", 414424.647, 5316436.670, 7.8529, 47.9955, 0.01},
        {"EPSG:4326", 7.85, 47.99, 7.85, 47.99, 0.01}, /* longitude first, whatever EPSG says */
        {"EPSG:4258", 7.85, 47.99, 7.85, 47.99, 1},
        {"EPSG:3857", 0, 0, 0, 0, 0.01},
        {"EPSG:3857", 111319.490793, 0, 1, 0, 0.01},
        {"EPSG:31467", 3414466.6, 5318123.2, 7.8529, 47.9955, 10}, /* another datum and northing first */
        {"EPSG:2056", 2600000, 1200000, 7.438632, 46.951083, 5},   /* Bern's old observatory: its origin */
        {"EPSG:28992", 155000, 463000, 5.387206, 52.155172, 5},    /* Amersfoort: likewise */
        {"wgs84", 121.5, 31.25, 121.5, 31.25, 0},
        {"urn:ogc:def:crs:OGC:1.3:CRS84", 121.5, 31.25, 121.5, 31.25, 0},
        {"WGS-84", 121.5, 31.25, 121.5, 31.25, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct projection *p = open_one(rows[i].system);
        struct point at = {0, 0};
        int rc = projection_to_wgs84(p, rows[i].x, rows[i].y, &at);
        double metres = geo_distance(at, (struct point){rows[i].lng, rows[i].lat});
        if (rc || !(metres <= rows[i].metres))
            fail_msg("%s row %zu: %d %.6f %.6f, %.2f m off", rows[i].system, i, rc, at.lng, at.lat, metres);
        projection_free(p);
    }
    projection_free(NULL);
}

static void agrees_with_geo(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum datum datum;
    } rows[] = {{"gcj02", DATUM_GCJ02},
                {"GCJ-02", DATUM_GCJ02},
                {"bd09", DATUM_BD09},
                {"BD_09", DATUM_BD09},
                {"wgs84", DATUM_WGS84}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct projection *p = open_one(rows[i].name);
        struct point at = {0, 0},
                     want = geo_convert((struct point){121.5, 31.25}, rows[i].datum, DATUM_WGS84);
        assert_int_equal(projection_to_wgs84(p, 121.5, 31.25, &at), 0);
        assert_true(geo_distance(at, want) < 0.001);
        assert_true(rows[i].datum == DATUM_WGS84 || geo_distance(at, (struct point){121.5, 31.25}) > 100);
        projection_free(p);
    }
}

static void refuses_points(void **state)
{
    (void)state;
    static const struct {
        const char *system;
        double x, y;
    } rows[] = {
        {"EPSG:25832", 5316750, 413980}, /* swapped */
        {"EPSG:25832", 7.85, 47.99},     /* degrees already */
        {"EPSG:25832", 0, 0},
        {"EPSG:25832", 500000, 0}, /* the equator */
        {"EPSG:25832", 1e30, 1e30},
        {"EPSG:25832", (double)NAN, 0},
        {"EPSG:25832", 413980, (double)INFINITY},
        {"EPSG:4326", 47.99, 97.85},
        {"EPSG:4326", 413980, 5316750},
        {"EPSG:2056", 1200000, 2600000},
        {"wgs84", 181, 0},
        {"gcj02", 0, 91},
        {"bd09", (double)NAN, 0},
        {"wgs84", 413980, 5316750},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct projection *p = open_one(rows[i].system);
        struct point at = {1, 2};
        if (projection_to_wgs84(p, rows[i].x, rows[i].y, &at) != ERR_RANGE || !(at.lng < 1.5) ||
            !(at.lat < 2.5))
            fail_msg("%s row %zu: %f %f", rows[i].system, i, at.lng, at.lat);
        projection_free(p);
    }
}

/* A refused point must not spoil the next one. */
static void goes_on_after_a_bad_point(void **state)
{
    (void)state;
    struct projection *p = open_one("EPSG:25832");
    struct point at;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(projection_to_wgs84(p, 1e30, -1e30, &at), ERR_RANGE);
        assert_int_equal(projection_to_wgs84(p, 413980, 5316750, &at), 0);
    }
    projection_free(p);
}

static void refuses_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"EPSG:1", "EPSG:1 is no known reference system"},
        {"EPSG:999999", "EPSG:999999 is no known reference system"},
        {"EPSG:4978", "EPSG:4978 is no system of plane coordinates"},
        {"EPSG:5773", "EPSG:5773 is no system of plane coordinates"},
        {"EPSG:", "no reference system has this name (wgs84, gcj02, bd09, EPSG:…): \"EPSG:\""},
        {"EPSG:25832x", "no reference system has this name"},
        {"EPSG:2583 2", "no reference system has this name"},
        {"EPSG:99999999999999999999", "no reference system has this name"},
        {"", "no reference system has this name"},
        {"wgs", "no reference system has this name"},
        {"gcj0200000000000000000", "no reference system has this name"},
        {"+proj=utm +zone=32", "no reference system has this name"},
        {"/etc/passwd", "no reference system has this name"},
        {"urn:ogc:def:crs:EPSG::", "no reference system has this name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct projection *p = NULL;
        struct why why = {0};
        int rc = projection_open(view_of(rows[i].name), &p, &why);
        if (rc != ERR_NOT_FOUND || p || strncmp(why.text, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("%s: %d <%s>", rows[i].name, rc, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_points),   cmocka_unit_test(agrees_with_geo),
        cmocka_unit_test(refuses_points), cmocka_unit_test(goes_on_after_a_bad_point),
        cmocka_unit_test(refuses_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
