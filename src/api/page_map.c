/* SPDX-License-Identifier: MIT
 * All lots as a drawing: roughly to scale, each with its number; what would overlap is moved a little and
 * bound to its place by a thin line. Needs no pictures from anywhere. Scripts zoom it and keep it current.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/page_impl.h"

#define WIDTH     600.0 /* a phone is 360 pixels wide: a pin's height is more than 24 of them there */
#define LEAST     480.0 /* height */
#define MOST      1000.0
#define EDGE      48.0
#define PIN_W     92.0
#define PIN_H     42.0
#define ROUNDS    300
#define PUSH_MAX  300 /* lots: with more, pins overlap until somebody zooms */
#define AREAS_MAX 64
#define AREA_W    130.0
#define AREA_H    30.0

struct pin {
    const struct registry_lot *l;
    double x, y;   /* where the lot is */
    double px, py; /* where its number stands */
};
struct drawing {
    const struct page *p;
    struct pin *v;
    size_t n;
    double height, metres;   /* of one unit */
    double lng, lat;         /* the middle */
    double per_lng, per_lat; /* units a degree */
};

static struct point place_of(const struct lot *lot)
{
    return geo_convert((struct point){lot->lng, lot->lat}, lot->datum, DATUM_WGS84);
}

static void take_pins(struct drawing *d)
{
    for (size_t i = 0; i < d->p->s->n; i++) {
        const struct registry_lot *l = d->p->s->v[i].lot;
        struct point at = place_of(&l->lot);
        if (l->lot.has_point)
            d->v[d->n++] = (struct pin){.l = l, .x = at.lng, .y = at.lat};
    }
}

/* Degrees → units: true lengths at the middle, north above. */
static void project(struct drawing *d)
{
    double west = 180, east = -180, south = 90, north = -90;
    for (size_t i = 0; i < d->n; i++) {
        west = fmin(west, d->v[i].x);
        east = fmax(east, d->v[i].x);
        south = fmin(south, d->v[i].y);
        north = fmax(north, d->v[i].y);
    }
    double squeeze = cos((south + north) / 2 * acos(-1) / 180);
    double wide = fmax((east - west) * squeeze, 0.002), high = fmax(north - south, 0.002);
    double unit = fmin((WIDTH - 2 * EDGE) / wide, (MOST - 2 * EDGE) / high);
    d->height = fmax(LEAST, high * unit + 2 * EDGE);
    d->metres = 111195.0 / unit;
    d->lng = (west + east) / 2;
    d->lat = (south + north) / 2;
    d->per_lng = squeeze * unit;
    d->per_lat = unit;
    for (size_t i = 0; i < d->n; i++) {
        struct pin *v = &d->v[i];
        v->px = v->x = WIDTH / 2 + (v->x - d->lng) * d->per_lng;
        v->py = v->y = d->height / 2 - (v->y - d->lat) * d->per_lat;
    }
}

/* Two numbers that overlap move apart along the shorter way, each half of it. */
static bool part(struct pin *a, struct pin *b)
{
    double dx = b->px - a->px, dy = b->py - a->py;
    double over_x = PIN_W + 4 - fabs(dx), over_y = PIN_H + 4 - fabs(dy);
    if (over_x <= 0 || over_y <= 0)
        return false;
    if (over_x / PIN_W < over_y / PIN_H) {
        a->px -= copysign(over_x / 2, dx);
        b->px += copysign(over_x / 2, dx);
    } else {
        a->py -= copysign(over_y / 2, dy);
        b->py += copysign(over_y / 2, dy);
    }
    return true;
}

static void keep_inside(const struct drawing *d, struct pin *v)
{
    v->px = fmin(fmax(v->px, PIN_W / 2 + 4), WIDTH - PIN_W / 2 - 4);
    v->py = fmin(fmax(v->py, PIN_H / 2 + 4), d->height - PIN_H / 2 - 4);
}

static void spread(struct drawing *d)
{
    bool moved = d->n <= PUSH_MAX;
    for (int round = 0; moved && round < ROUNDS; round++) {
        moved = false;
        for (size_t i = 0; i < d->n; i++)
            for (size_t k = i + 1; k < d->n; k++)
                moved = part(&d->v[i], &d->v[k]) || moved;
        for (size_t i = 0; i < d->n; i++)
            keep_inside(d, &d->v[i]);
    }
}

/* --- drawing --- */

static void backdrop(const struct drawing *d)
{
    buf_printf(
        d->p->out,
        "<defs><pattern id=\"dots\" width=\"24\" height=\"24\" patternUnits=\"userSpaceOnUse\"><circle "
        "cx=\"2\" cy=\"2\" r=\"1.2\"/></pattern></defs><rect fill=\"url(#dots)\" x=\"%.0f\" y=\"%.0f\" "
        "width=\"%.0f\" height=\"%.0f\"/>",
        -WIDTH, -d->height, 3 * WIDTH, 3 * d->height);
}

struct area {
    const char *name;
    double x, y, n;
};

static int gather_areas(const struct drawing *d, struct area *v)
{
    int n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const struct pin *pin = &d->v[i];
        int k = 0;
        while (k < n && strcmp(v[k].name, pin->l->lot.area) != 0)
            k++;
        if (k == AREAS_MAX || !pin->l->lot.area[0])
            continue;
        if (k == n)
            v[n++] = (struct area){.name = pin->l->lot.area};
        v[k].x += pin->x;
        v[k].y += pin->y;
        v[k].n++;
    }
    return n;
}

/* The name of each area in the middle of its lots, unless another one stands there. */
static void areas(const struct drawing *d)
{
    struct area v[AREAS_MAX];
    int n = gather_areas(d, v);
    for (int i = 0; i < n; i++) {
        bool free = true;
        v[i].x /= v[i].n;
        v[i].y /= v[i].n;
        for (int k = 0; k < i; k++)
            free = free && (fabs(v[k].x - v[i].x) > AREA_W || fabs(v[k].y - v[i].y) > AREA_H);
        if (!free)
            continue;
        buf_printf(d->p->out, "<text class=\"area\" x=\"%.0f\" y=\"%.0f\">", v[i].x, v[i].y);
        page_text(d->p, v[i].name);
        buf_str(d->p->out, "</text>");
    }
}

/* The thin line is drawn from the place to the number; scripts shorten it as somebody zooms. */
static void ties(const struct drawing *d)
{
    buf_str(d->p->out, "<g class=\"ties\" aria-hidden=\"true\">");
    for (size_t i = 0; i < d->n; i++) {
        const struct pin *v = &d->v[i];
        buf_printf(d->p->out, "<path d=\"M%.1f %.1fL%.1f %.1f\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
                   v->x, v->y, v->px, v->py, v->x, v->y);
    }
    buf_str(d->p->out, "</g>");
}

static const char *tone(const char *band)
{
    return strcmp(band, "never") ? band : "unknown";
}

static void pin(const struct drawing *d, const struct pin *v)
{
    const struct page *p = d->p;
    const struct registry_lot *l = v->l;
    const char *band = page_band(p, l);
    bool now = page_current(p, l) && l->reading.free != COUNT_NONE && l->reading.status != STATUS_CLOSED;
    buf_str(p->out, "<a href=\"");
    page_href(p, "/lots/", l->lot.id);
    buf_printf(p->out,
               "\" class=\"pin %s\" data-x=\"%.1f\" data-y=\"%.1f\" data-px=\"%.1f\" data-py=\"%.1f\" "
               "transform=\"translate(%.1f %.1f)\"",
               tone(band), v->x, v->y, v->px, v->py, v->px, v->py);
    page_data(p, l);
    buf_str(p->out, "><title>");
    page_place_name(p, &l->lot);
    buf_str(p->out, " · ");
    page_text(p, page_word(p, band));
    buf_printf(p->out,
               "</title><rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" rx=\"%.0f\"/><use "
               "href=\"#mark-%s\" x=\"%.0f\" y=\"0\"/><text x=\"13\" y=\"8\">",
               -PIN_W / 2, -PIN_H / 2, PIN_W, PIN_H, PIN_H / 2, tone(band), 20 - PIN_W / 2);
    if (now)
        buf_int(p->out, l->reading.free);
    else
        buf_str(p->out, "–");
    buf_printf(p->out, "</text><text class=\"label\" y=\"%.0f\">", PIN_H / 2 + 20);
    page_place_name(p, &l->lot);
    buf_str(p->out, "</text></a>\n");
}

/* The shapes of the bands, the same as in lists. */
static void marks(const struct page *p)
{
    buf_str(
        p->out,
        "<defs><circle id=\"mark-plenty\" r=\"7\"/><path id=\"mark-some\" d=\"M0-8L8 0L0 8L-8 0Z\"/><path "
        "id=\"mark-few\" d=\"M0-8L8 7H-8Z\"/><rect id=\"mark-full\" x=\"-7\" y=\"-7\" width=\"14\" "
        "height=\"14\" "
        "rx=\"1\"/><rect id=\"mark-unknown\" x=\"-7\" y=\"-2\" width=\"14\" height=\"4\"/><path "
        "id=\"mark-closed\" "
        "d=\"M-7-4L-4-7L0-3L4-7L7-4L3 0L7 4L4 7L0 3L-4 7L-7 4L-3 0Z\"/></defs>");
}

/* A round length of about a fifth of the width. */
static void scale(const struct drawing *d)
{
    double want = d->metres * WIDTH / 5, m = pow(10, floor(log10(want)));
    m *= want / m >= 5 ? 5 : want / m >= 2 ? 2 : 1;
    double y = d->height - 16;
    buf_printf(d->p->out, "<g class=\"scale\"><path d=\"M16 %.0fv6h%.1fv-6\"/><text x=\"16\" y=\"%.0f\">", y,
               m / d->metres, y - 6);
    if (m >= 1000)
        buf_printf(d->p->out, "%.0f km", m / 1000);
    else
        buf_printf(d->p->out, "%.0f m", m);
    buf_str(d->p->out, "</text></g>");
}

void page_put_map(const struct page *p)
{
    struct drawing d = {.p = p, .v = calloc(p->s->n ? p->s->n : 1, sizeof *d.v)};
    if (!d.v) {
        p->out->err = ERR_NOMEM;
        return;
    }
    take_pins(&d);
    if (!d.n) {
        buf_str(p->out, "<p>");
        page_text(p, page_word(p, "map_none"));
        buf_str(p->out, "</p>");
        free(d.v);
        return;
    }
    project(&d);
    spread(&d);
    buf_printf(
        p->out,
        "<svg id=\"map\" viewBox=\"0 0 %.0f %.0f\" data-lng=\"%.6f\" data-lat=\"%.6f\" data-per-lng=\"%.1f\" "
        "data-per-lat=\"%.1f\">",
        WIDTH, d.height, d.lng, d.lat, d.per_lng, d.per_lat);
    marks(p);
    backdrop(&d);
    areas(&d);
    ties(&d);
    for (size_t i = 0; i < d.n; i++)
        pin(&d, &d.v[i]);
    scale(&d);
    buf_str(p->out, "</svg>");
    free(d.v);
}
