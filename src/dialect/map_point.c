/* SPDX-License-Identifier: MIT
 * Points: two numbers, a text with both, GeoJSON or WKT; then out of their reference system.
 */
#include "dialect/map_point.h"

#include <stdio.h>
#include <string.h>

#include "dialect/map_geometry.h"
#include "dialect/trace.h"

static int fail(struct found *bad, int code, const char *words)
{
    found_bad(bad, code, words);
    return code;
}

static int coordinate(struct map_eval *e, const struct map_frame *f, const struct map_value *v, double *out,
                      struct found *bad)
{
    map_value_scalar(e, f, v, bad);
    if (bad->kind == FOUND_NOTHING || found_in(bad, e->m->unknown))
        return ERR_MISSING;
    if (bad->kind == FOUND_BAD)
        return bad->code;
    int err = found_to_number(bad, &e->m->marks, out);
    return err && err != ERR_MISSING ? fail(bad, err, "not a coordinate") : err;
}

static int pair(struct map_eval *e, const struct map_frame *f, const struct map_point *p, struct point *out,
                struct found *bad)
{
    int err = coordinate(e, f, p->lat, &out->lat, bad);
    return err ? err : coordinate(e, f, p->lng, &out->lng, bad);
}

/* The number at the front of `*v`, which is moved behind it and what may stand between two. */
static int next_number(struct view *v, const struct map_marks *marks, double *out)
{
    char digits[64];
    struct view plain, rest = *v;
    size_t n = 0;
    while (n < rest.n && rest.p[n] &&
           (strchr("+-.eE0123456789", rest.p[n]) || rest.p[n] == marks->decimal[0]))
        n++;
    if (n && rest.p[n - 1] == ',') /* what stands last parts the numbers */
        n--;
    struct map_marks plain_marks = *marks;
    plain_marks.thousands[0] = '\0';
    if (digits_of((struct view){rest.p, n}, &plain_marks, digits, sizeof digits, &plain) ||
        view_to_real(plain, out))
        return ERR_TYPE;
    while (n < rest.n && rest.p[n] && strchr(" \t,;|/", rest.p[n]))
        n++;
    *v = (struct view){rest.p + n, rest.n - n};
    return 0;
}

/* "52.1, 13.4" or [52.1, 13.4] */
static int both(struct map_eval *e, const struct found *at, bool lat_first, struct point *out)
{
    double a = 0, b = 0;
    if (at->kind == FOUND_NODE && json_is(at->node.j, JSON_ARRAY)) {
        struct found x, y;
        const struct json *first = json_first(at->node.j), *second = json_next(first);
        if (!second)
            return ERR_TYPE;
        found_node(e, at->doc, (struct doc_node){.j = first}, &x);
        found_node(e, at->doc, (struct doc_node){.j = second}, &y);
        if (found_to_number(&x, &e->m->marks, &a) || found_to_number(&y, &e->m->marks, &b))
            return ERR_TYPE;
    } else if (at->kind == FOUND_TEXT) {
        struct view v = view_trim(at->text);
        if (v.n > 2 && (v.p[0] == '(' || v.p[0] == '['))
            v = view_trim((struct view){v.p + 1, v.n - 2});
        if (next_number(&v, &e->m->marks, &a) || next_number(&v, &e->m->marks, &b) || v.n)
            return ERR_TYPE;
    } else {
        return ERR_TYPE;
    }
    *out = lat_first ? (struct point){b, a} : (struct point){a, b};
    return 0;
}

static int whole(struct map_eval *e, const struct map_frame *f, const struct map_point *p, struct point *out,
                 struct found *bad)
{
    map_value_scalar(e, f, p->value, bad);
    if (bad->kind == FOUND_NOTHING || (bad->kind == FOUND_TEXT && words_say_nothing(bad->text)))
        return ERR_MISSING;
    if (bad->kind == FOUND_BAD)
        return bad->code;
    int err = ERR_TYPE;
    if (p->form == FORM_GEOJSON && bad->kind == FOUND_TEXT)
        map_inner_read(e, bad);
    if (bad->kind == FOUND_NODE && bad->node.j)
        trace_note(e->ctx->trace, bad->node.j);
    if (bad->kind == FOUND_BAD)
        return bad->code;
    if (p->form == FORM_LAT_LON || p->form == FORM_LON_LAT)
        err = both(e, bad, p->form == FORM_LAT_LON, out);
    else if (p->form == FORM_WKT && bad->kind == FOUND_TEXT)
        err = geometry_of_wkt(bad->text, out);
    else if (p->form == FORM_GEOJSON && bad->kind == FOUND_NODE && bad->node.j)
        err = geometry_of_json(bad->node.j, out);
    return err && err != ERR_MISSING ? fail(bad, err, "not a point in the mapping's form") : err;
}

/* "urn:ogc:def:crs:EPSG::25832" → "EPSG:25832"; CRS84 is WGS-84. */
static void system_name(struct view v, char dst[32])
{
    static const char urn[] = "urn:ogc:def:crs:EPSG:";
    if (view_starts(v, "urn:ogc:def:crs:OGC:")) {
        (void)snprintf(dst, 32, "wgs84");
        return;
    }
    if (!view_starts(v, urn)) {
        (void)snprintf(dst, 32, VIEW_FMT, VIEW_ARG(v));
        return;
    }
    struct view rest = {v.p + sizeof urn - 1, v.n - (sizeof urn - 1)};
    (void)view_cut(&rest, ':'); /* the version */
    (void)snprintf(dst, 32, "EPSG:" VIEW_FMT, VIEW_ARG(rest));
}

static int named_system(struct map_eval *e, struct view text, const struct projection **out)
{
    char name[32];
    struct why why;
    struct mapping *m = e->m;
    system_name(text, name);
    *out = NULL;
    if (view_ieq(view_of(name), "wgs84") || view_ieq(view_of(name), "wgs-84"))
        return 0;
    for (int i = 0; i < m->n_projections; i++) {
        if (strcmp(m->projections[i].name, name) == 0) {
            *out = m->projections[i].p;
            return 0;
        }
    }
    if (m->n_projections == MAP_MAX_PROJECTIONS)
        return ERR_FULL;
    struct projection *p = NULL;
    int err = projection_open(view_of(name), &p, &why);
    if (err)
        return err;
    (void)snprintf(m->projections[m->n_projections].name, sizeof name, "%s", name);
    m->projections[m->n_projections++].p = p;
    *out = p;
    return 0;
}

static int to_wgs84(struct map_eval *e, const struct map_frame *f, const struct map_point *p,
                    struct point *at, struct found *bad)
{
    const struct projection *crs = p->crs;
    struct point got = *at;
    if (p->crs_value) {
        struct found name;
        map_value_scalar(e, f, p->crs_value, &name);
        if (name.kind == FOUND_TEXT && name.text.n && named_system(e, name.text, &crs)) {
            *bad = name;
            return fail(bad, ERR_NOT_FOUND, "a reference system that is not known");
        }
        if (name.kind == FOUND_BAD) {
            *bad = name;
            return name.code;
        }
    }
    if (crs && projection_to_wgs84(crs, at->lng, at->lat, &got))
        return fail(bad, ERR_RANGE, "no point of its reference system");
    if (!geo_valid(got) || (got.lng == 0 && got.lat == 0))
        return fail(bad, ERR_RANGE, "no plausible point");
    *at = got;
    return 0;
}

int map_point_eval(struct map_eval *e, const struct map_frame *f, const struct map_point *p,
                   struct point *out, struct found *bad)
{
    int err = p->form == FORM_PAIR ? pair(e, f, p, out, bad) : whole(e, f, p, out, bad);
    return err ? err : to_wgs84(e, f, p, out, bad);
}
