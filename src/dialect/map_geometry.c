/* SPDX-License-Identifier: MIT
 * Centroids of what has the highest dimension in a geometry: areas, else lines, else points. Sums are taken
 * about the first point, so that metres of a national grid lose no digits.
 */
#include "dialect/map_geometry.h"

#include <math.h>
#include <string.h>

#define MAX_NESTING 8
#define MAX_POINTS  200000

enum shape { SHAPE_POINTS, SHAPE_LINE, SHAPE_RING, SHAPE_HOLE };

struct sums {
    double weight, x, y;
};
struct centroid {
    bool any;
    struct point origin, first,
        before; /* first, before: of the run of points that is read, about the origin */
    enum shape shape;
    size_t n, in_run;
    struct sums points, lines, areas, ring;
};

static void weigh(struct sums *s, double weight, double x, double y)
{
    s->weight += weight;
    s->x += weight * x;
    s->y += weight * y;
}

static void begin(struct centroid *c, enum shape shape)
{
    c->shape = shape;
    c->in_run = 0;
    c->ring = (struct sums){0};
}

static int add(struct centroid *c, double x, double y)
{
    if (!isfinite(x) || !isfinite(y) || ++c->n > MAX_POINTS)
        return ERR_SYNTAX;
    if (!c->any)
        c->origin = (struct point){x, y};
    c->any = true;
    struct point p = {x - c->origin.lng, y - c->origin.lat}, b = c->before;
    weigh(&c->points, 1, p.lng, p.lat);
    if (c->in_run && c->shape != SHAPE_POINTS) {
        weigh(&c->lines, hypot(p.lng - b.lng, p.lat - b.lat), (p.lng + b.lng) / 2, (p.lat + b.lat) / 2);
        /* a triangle with the origin: twice its area, and its centroid */
        weigh(&c->ring, b.lng * p.lat - p.lng * b.lat, (p.lng + b.lng) / 3, (p.lat + b.lat) / 3);
    }
    if (!c->in_run++)
        c->first = p;
    c->before = p;
    return 0;
}

static void end(struct centroid *c)
{
    if (c->shape != SHAPE_RING && c->shape != SHAPE_HOLE)
        return;
    double sign = (c->ring.weight < 0 ? -1 : 1) * (c->shape == SHAPE_HOLE ? -1 : 1);
    c->areas.weight += sign * c->ring.weight;
    c->areas.x += sign * c->ring.x;
    c->areas.y += sign * c->ring.y;
}

static int result(const struct centroid *c, struct point *out)
{
    const struct sums *s = c->areas.weight > 0 ? &c->areas : c->lines.weight > 0 ? &c->lines : &c->points;
    if (!c->any)
        return ERR_MISSING;
    *out = (struct point){c->origin.lng + s->x / s->weight, c->origin.lat + s->y / s->weight};
    return 0;
}

/* ---- kinds of geometries */

struct kind {
    const char *name;
    int depth; /* lists around the points */
    enum shape shape;
};
static const struct kind kinds[] = {
    {"Point", 0, SHAPE_POINTS},         {"MultiPoint", 1, SHAPE_POINTS}, {"LineString", 1, SHAPE_LINE},
    {"MultiLineString", 2, SHAPE_LINE}, {"Polygon", 2, SHAPE_RING},      {"MultiPolygon", 3, SHAPE_RING},
    {"LinearRing", 1, SHAPE_LINE},
};

static const struct kind *kind_of(struct view name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (view_ieq(name, kinds[i].name))
            return &kinds[i];
    }
    return NULL;
}

/* ---- GeoJSON */

static int add_position(struct centroid *c, const struct json *p)
{
    const struct json *x = json_first(p), *y = json_next(x);
    if (!json_is(p, JSON_ARRAY) || !json_is(x, JSON_NUMBER) || !json_is(y, JSON_NUMBER))
        return ERR_SYNTAX;
    return add(c, json_number(x), json_number(y));
}

static int add_run(struct centroid *c, const struct json *list, enum shape shape)
{
    int err = json_is(list, JSON_ARRAY) ? 0 : ERR_SYNTAX;
    begin(c, shape);
    for (const struct json *p = json_first(list); p && !err; p = json_next(p))
        err = add_position(c, p);
    end(c);
    return err;
}

static int add_coordinates(struct centroid *c, const struct json *list, int depth, enum shape shape)
{
    if (depth == 0)
        return add_position(c, list);
    if (depth == 1)
        return add_run(c, list, shape);
    int err = json_is(list, JSON_ARRAY) ? 0 : ERR_SYNTAX;
    for (const struct json *part = json_first(list); part && !err; part = json_next(part)) {
        bool hole = shape == SHAPE_RING && depth == 2 && part != json_first(list);
        err = add_coordinates(c, part, depth - 1, hole ? SHAPE_HOLE : shape);
    }
    return err;
}

static int add_geometry(struct centroid *c, const struct json *j, int nesting)
{
    if (nesting == MAX_NESTING)
        return ERR_SYNTAX;
    if (!j || json_is(j, JSON_NULL))
        return 0;
    if (json_is(j, JSON_ARRAY))
        return json_size(j) ? add_position(c, j) : 0;
    struct view type = json_text(json_get(j, "type"));
    if (view_ieq(type, "Feature"))
        return add_geometry(c, json_get(j, "geometry"), nesting + 1);
    int err = 0;
    if (view_ieq(type, "GeometryCollection")) {
        for (const struct json *g = json_first(json_get(j, "geometries")); g && !err; g = json_next(g))
            err = add_geometry(c, g, nesting + 1);
        return err;
    }
    const struct kind *k = kind_of(type);
    const struct json *list = json_get(j, "coordinates");
    if (!k || !json_is(list, JSON_ARRAY))
        return ERR_SYNTAX;
    return json_size(list) ? add_coordinates(c, list, k->depth, k->shape) : 0;
}

int geometry_of_json(const struct json *j, struct point *out)
{
    struct centroid c = {0};
    int err = add_geometry(&c, j, 0);
    return err ? err : result(&c, out);
}

/* ---- WKT */

static void skip_blanks(struct view *v)
{
    *v = view_trim(*v);
}

static bool eat(struct view *v, char want)
{
    skip_blanks(v);
    if (!v->n || v->p[0] != want)
        return false;
    *v = (struct view){v->p + 1, v->n - 1};
    return true;
}

static struct view word(struct view *v)
{
    size_t n = 0;
    skip_blanks(v);
    while (n < v->n && ((v->p[n] | 0x20) >= 'a' && (v->p[n] | 0x20) <= 'z'))
        n++;
    struct view w = {v->p, n};
    *v = (struct view){v->p + n, v->n - n};
    return w;
}

static bool number(struct view *v, double *out)
{
    size_t n = 0;
    skip_blanks(v);
    while (n < v->n && v->p[n] && strchr("+-.eE0123456789", v->p[n]))
        n++;
    struct view digits = {v->p, n};
    if (n == 0 || view_to_real(digits, out))
        return false;
    *v = (struct view){v->p + n, v->n - n};
    return true;
}

/* "x y", "x y z", and "(x y)" as old multipoints have it. */
static int wkt_position(struct centroid *c, struct view *v)
{
    double x, y, more;
    bool wrapped = eat(v, '(');
    if (!number(v, &x) || !number(v, &y))
        return ERR_SYNTAX;
    while (number(v, &more)) {}
    return wrapped && !eat(v, ')') ? ERR_SYNTAX : add(c, x, y);
}

static int wkt_list(struct centroid *c, struct view *v, int depth, enum shape shape)
{
    bool first = true;
    int err = 0;
    if (!eat(v, '('))
        return ERR_SYNTAX;
    if (depth == 1)
        begin(c, shape);
    do {
        bool hole = shape == SHAPE_RING && depth == 2 && !first;
        err = depth == 1 ? wkt_position(c, v) : wkt_list(c, v, depth - 1, hole ? SHAPE_HOLE : shape);
        first = false;
    } while (!err && eat(v, ','));
    if (depth == 1)
        end(c);
    return err ? err : eat(v, ')') ? 0 : ERR_SYNTAX;
}

int geometry_of_wkt(struct view text, struct point *out)
{
    struct centroid c = {0};
    struct view v = view_trim(text);
    if (v.n > 5 && view_ieq((struct view){v.p, 5}, "SRID="))
        (void)view_cut(&v, ';');
    const struct kind *k = kind_of(word(&v));
    if (!k)
        return ERR_SYNTAX;
    struct view mark = word(&v);
    if (view_ieq(mark, "Z") || view_ieq(mark, "M") || view_ieq(mark, "ZM"))
        mark = word(&v);
    if (view_ieq(mark, "EMPTY"))
        return ERR_MISSING;
    int err = mark.n ? ERR_SYNTAX : wkt_list(&c, &v, k->depth ? k->depth : 1, k->shape);
    skip_blanks(&v);
    return err || v.n ? ERR_SYNTAX : result(&c, out);
}
