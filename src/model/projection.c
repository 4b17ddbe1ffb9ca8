/* SPDX-License-Identifier: MIT
 * Reference systems by name. PROJ picks the way to WGS-84; it may not use the network nor write to the log. A
 * point far outside of the area that the system is made for means swapped axes or another system, so it is
 * refused; the tolerance is wide because countries use one UTM zone for all of their land.
 */
#include "parkd/model/projection.h"

#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE_DEGREES 5.0
#define CODE_MAX          999999
#define EPSG_WGS84        4326

struct projection {
    enum datum datum; /* without PROJ */
    PJ_CONTEXT *context;
    PJ *way;
    bool has_area;
    double west, south, east, north;
};

static bool ends_with(struct view name, const char *end)
{
    size_t n = strlen(end);
    return name.n >= n && view_ieq((struct view){name.p + name.n - n, n}, end);
}

/* "gcj-02" and "GCJ_02" are gcj02. GeoJSON's own name for WGS-84 is "urn:ogc:def:crs:OGC:1.3:CRS84". */
static int datum_by_name(struct view name, enum datum *out)
{
    char plain[16];
    size_t n = 0;
    if (ends_with(name, "CRS84"))
        name = VIEW("wgs84");
    for (size_t i = 0; i < name.n && n < sizeof plain; i++) {
        char c = name.p[i];
        if (c != '-' && c != '_')
            plain[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return n < sizeof plain ? datum_of((struct view){plain, n}, out) : ERR_NOT_FOUND;
}

/* "EPSG:25832", or as GeoJSON and GML write it: "urn:ogc:def:crs:EPSG::25832",
 * "http://…/def/crs/EPSG/0/25832". */
static bool epsg_code(struct view name, int64_t *code)
{
    static const char *const starts[] = {
        "EPSG:", "urn:ogc:def:crs:EPSG:", "http://www.opengis.net/def/crs/EPSG/"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t n = view_of(starts[i]).n;
        if (name.n <= n || !view_ieq((struct view){name.p, n}, starts[i]))
            continue;
        size_t digits = 0;
        while (digits < name.n - n && name.p[name.n - 1 - digits] >= '0' &&
               name.p[name.n - 1 - digits] <= '9')
            digits++;
        bool clean = i > 0 || digits == name.n - n;
        return clean && view_to_int((struct view){name.p + name.n - digits, digits}, 1, CODE_MAX, code) == 0;
    }
    return false;
}

static bool is_flat(const PJ *crs)
{
    switch (proj_get_type(crs)) {
    case PJ_TYPE_GEOGRAPHIC_2D_CRS:
    case PJ_TYPE_PROJECTED_CRS:
        return true;
    default:
        return false;
    }
}

/* The way from `crs` to longitude and latitude; NULL: there is none. */
static PJ *find_way(PJ_CONTEXT *context, const PJ *crs)
{
    PJ *wgs84 = proj_create(context, "EPSG:4326");
    PJ *found = wgs84 ? proj_create_crs_to_crs_from_pj(context, crs, wgs84, NULL, NULL) : NULL;
    PJ *way = found ? proj_normalize_for_visualization(context, found) : NULL;
    proj_destroy(found);
    proj_destroy(wgs84);
    return way;
}

static int open_epsg(struct projection *p, int64_t code, struct why *why)
{
    char name[32];
    (void)snprintf(name, sizeof name, "EPSG:%d", (int)code);
    p->context = proj_context_create();
    if (!p->context)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    proj_log_level(p->context, PJ_LOG_NONE);
    proj_context_set_enable_network(p->context, 0);
    PJ *crs = proj_create(p->context, name);
    bool flat = crs && is_flat(crs);
    if (flat) {
        p->way = find_way(p->context, crs);
        p->has_area = proj_get_area_of_use(p->context, crs, &p->west, &p->south, &p->east, &p->north, NULL) &&
                      p->west > -1000;
    }
    proj_destroy(crs);
    if (p->way)
        return 0;
    return why_set(why, ERR_NOT_FOUND, "",
                   crs && !flat ? "%s is no system of plane coordinates" : "%s is no known reference system",
                   name);
}

int projection_open(struct view name, struct projection **out, struct why *why)
{
    *out = NULL;
    struct projection *p = calloc(1, sizeof *p);
    if (!p)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    int64_t code = 0;
    int rc = 0;
    bool epsg = epsg_code(name, &code);
    if (epsg && code != EPSG_WGS84) /* which needs no PROJ: a projection costs 300 KiB */
        rc = open_epsg(p, code, why);
    else if (!epsg && datum_by_name(name, &p->datum))
        rc = why_set(why, ERR_NOT_FOUND, "",
                     "no reference system has this name (wgs84, gcj02, bd09, EPSG:…): \"" VIEW_FMT "\"",
                     VIEW_ARG(name));
    if (rc) {
        projection_free(p);
        return rc;
    }
    *out = p;
    return 0;
}

void projection_free(struct projection *p)
{
    if (!p)
        return;
    proj_destroy(p->way);
    proj_context_destroy(p->context);
    free(p);
}

static bool is_covered(const struct projection *p, struct point at)
{
    if (!p->has_area)
        return true;
    if (at.lat < p->south - TOLERANCE_DEGREES || at.lat > p->north + TOLERANCE_DEGREES)
        return false;
    if (p->west > p->east) /* across the date line */
        return at.lng >= p->west - TOLERANCE_DEGREES || at.lng <= p->east + TOLERANCE_DEGREES;
    return at.lng >= p->west - TOLERANCE_DEGREES && at.lng <= p->east + TOLERANCE_DEGREES;
}

int projection_to_wgs84(const struct projection *p, double x, double y, struct point *out)
{
    struct point at = {x, y};
    if (!isfinite(x) || !isfinite(y))
        return ERR_RANGE;
    if (p->way) {
        PJ_COORD to = proj_trans(p->way, PJ_FWD, proj_coord(x, y, 0, HUGE_VAL));
        at = (struct point){to.lp.lam, to.lp.phi};
    } else if (geo_valid(at)) {
        at = geo_convert(at, p->datum, DATUM_WGS84);
    }
    if (!geo_valid(at) || !is_covered(p, at))
        return ERR_RANGE;
    *out = at;
    return 0;
}
