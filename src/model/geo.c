/* SPDX-License-Identifier: MIT
 * Chinese map datums. The offset from WGS-84 to GCJ-02 is a published series; its inverse has no closed form
 * and is found by stepping, which converges in two steps because the offset changes slowly from place to
 * place.
 */
#include "parkd/model/geo.h"

#include <math.h>

#define PI        3.14159265358979323846
#define AXIS      6378245.0 /* of the Krasovsky ellipsoid, as the series uses it */
#define ECCENTRIC 0.00669342162296594323
#define X_PI      (PI * 3000.0 / 180.0)
#define EARTH_M   6371008.8
#define STEPS     2 /* 1 leaves 1 cm, 2 leave less than 0.1 mm */

static double radians(double degrees)
{
    return degrees / 180.0 * PI;
}

/* Where the series applies: a rectangle around China. */
static bool is_shifted(struct point p)
{
    return p.lng >= 72.004 && p.lng <= 137.8347 && p.lat >= 0.8293 && p.lat <= 55.8271;
}

static double waves_of_both(double x)
{
    return (20.0 * sin(6.0 * x * PI) + 20.0 * sin(2.0 * x * PI)) * 2.0 / 3.0;
}

static double shift_lat(double x, double y)
{
    double v = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x));
    v += waves_of_both(x);
    v += (20.0 * sin(y * PI) + 40.0 * sin(y / 3.0 * PI)) * 2.0 / 3.0;
    v += (160.0 * sin(y / 12.0 * PI) + 320.0 * sin(y * PI / 30.0)) * 2.0 / 3.0;
    return v;
}

static double shift_lng(double x, double y)
{
    double v = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x));
    v += waves_of_both(x);
    v += (20.0 * sin(x * PI) + 40.0 * sin(x / 3.0 * PI)) * 2.0 / 3.0;
    v += (150.0 * sin(x / 12.0 * PI) + 300.0 * sin(x / 30.0 * PI)) * 2.0 / 3.0;
    return v;
}

/* GCJ-02 minus WGS-84 at a WGS-84 point, in degrees. */
static struct point offset_at(struct point wgs)
{
    if (!is_shifted(wgs))
        return (struct point){0, 0};
    double x = wgs.lng - 105.0, y = wgs.lat - 35.0, lat = radians(wgs.lat);
    double magic = 1 - ECCENTRIC * sin(lat) * sin(lat), root = sqrt(magic);
    return (struct point){
        .lng = shift_lng(x, y) * 180.0 / (AXIS / root * cos(lat) * PI),
        .lat = shift_lat(x, y) * 180.0 / (AXIS * (1 - ECCENTRIC) / (magic * root) * PI),
    };
}

static struct point gcj_of_wgs(struct point p)
{
    struct point d = offset_at(p);
    return (struct point){p.lng + d.lng, p.lat + d.lat};
}

static struct point wgs_of_gcj(struct point gcj)
{
    if (!is_shifted(gcj))
        return gcj;
    struct point d = offset_at(gcj);
    for (int i = 0; i < STEPS; i++)
        d = offset_at((struct point){gcj.lng - d.lng, gcj.lat - d.lat});
    return (struct point){gcj.lng - d.lng, gcj.lat - d.lat};
}

static struct point bd_of_gcj(struct point p)
{
    double z = hypot(p.lng, p.lat) + 0.00002 * sin(p.lat * X_PI);
    double angle = atan2(p.lat, p.lng) + 0.000003 * cos(p.lng * X_PI);
    return (struct point){z * cos(angle) + 0.0065, z * sin(angle) + 0.006};
}

static struct point gcj_of_bd(struct point p)
{
    double x = p.lng - 0.0065, y = p.lat - 0.006;
    double z = hypot(x, y) - 0.00002 * sin(y * X_PI);
    double angle = atan2(y, x) - 0.000003 * cos(x * X_PI);
    return (struct point){z * cos(angle), z * sin(angle)};
}

struct point geo_convert(struct point p, enum datum from, enum datum to)
{
    if (from == to)
        return p;
    if (from == DATUM_WGS84)
        p = gcj_of_wgs(p);
    else if (from == DATUM_BD09)
        p = gcj_of_bd(p);
    if (to == DATUM_WGS84)
        return wgs_of_gcj(p);
    return to == DATUM_BD09 ? bd_of_gcj(p) : p;
}

double geo_distance(struct point a, struct point b)
{
    double s_lat = sin(radians(b.lat - a.lat) / 2), s_lng = sin(radians(b.lng - a.lng) / 2);
    double h = s_lat * s_lat + cos(radians(a.lat)) * cos(radians(b.lat)) * s_lng * s_lng;
    return 2 * EARTH_M * asin(sqrt(fmin(1, h)));
}

bool geo_valid(struct point p)
{
    return isfinite(p.lng) && isfinite(p.lat) && fabs(p.lng) <= 180 && fabs(p.lat) <= 90;
}
