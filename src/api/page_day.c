/* SPDX-License-Identifier: MIT
 * A lot's day as a drawing: free places today against a usual day, and what is expected next. Lines differ by
 * dashes, not by colour alone; the sentence below says the same in words.
 */
#include <string.h>

#include "api/page_impl.h"
#include "parkd/base/iso8601.h"

#define WIDTH  720
#define HEIGHT 240
#define LEFT   44
#define RIGHT  10
#define TOP    12
#define BOTTOM 28

struct chart {
    const struct page *p;
    struct forecast_day day;
    int64_t midnight_ms;
    int32_t most; /* places at the top edge */
};

static double x_of(const struct chart *c, int64_t ms)
{
    return LEFT + (double)(ms - c->midnight_ms) / (double)DAY_MS * (WIDTH - LEFT - RIGHT);
}

static double x_of_step(int step)
{
    return LEFT + (double)step / FORECAST_DAY * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct chart *c, int32_t v)
{
    double part = (double)(v < 0 ? 0 : v) / c->most;
    return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
}

/* One path through what is known; gaps stay gaps. */
static void line(const struct chart *c, const char *class, const int32_t *v)
{
    bool pen = false;
    buf_printf(c->p->out, "<path class=\"%s\" d=\"", class);
    for (int i = 0; i < FORECAST_DAY; i++) {
        if (v[i] != FORECAST_UNKNOWN)
            buf_printf(c->p->out, "%c%.1f %.1f", pen ? 'L' : 'M', x_of_step(i), y_of(c, v[i]));
        pen = v[i] != FORECAST_UNKNOWN;
    }
    buf_str(c->p->out, "\"/>");
}

static void grid(const struct chart *c)
{
    struct buf *out = c->p->out;
    for (int i = 0; i <= 2; i++) {
        double y = y_of(c, c->most * i / 2);
        buf_printf(
            out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"left\">%d</text>",
            LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, (int)(c->most * i / 2));
    }
    for (int h = 0; h <= 24; h += 6)
        buf_printf(out, "<text x=\"%.1f\" y=\"%d\" class=\"%s\">%02d:00</text>", x_of_step(h * 4), HEIGHT - 8,
                   h == 24 ? "left"
                   : h     ? "middle"
                           : "",
                   h);
}

/* Where it goes in the next two hours: the range, and the middle of it. */
static void expected(const struct chart *c, const struct registry_lot *l)
{
    static const int minutes[] = {15, 30, 60, 120};
    const struct lot_outlook *o = &c->p->v->outlook;
    struct buf *out = c->p->out;
    struct forecast f[4];
    double x0 = x_of(c, c->p->v->now_ms), y0 = y_of(c, l->reading.free);
    for (int i = 0; i < 4; i++)
        if (!o->arrival || !o->arrival(o->ctx, l->idx, minutes[i], &f[i]))
            return;
    buf_printf(out, "<path class=\"range\" d=\"M%.1f %.1f", x0, y0);
    for (int i = 0; i < 4; i++)
        buf_printf(out, "L%.1f %.1f", x_of(c, c->p->v->now_ms + minutes[i] * MINUTE_MS), y_of(c, f[i].high));
    for (int i = 3; i >= 0; i--)
        buf_printf(out, "L%.1f %.1f", x_of(c, c->p->v->now_ms + minutes[i] * MINUTE_MS), y_of(c, f[i].low));
    buf_printf(out, "Z\"/><path class=\"expected\" d=\"M%.1f %.1f", x0, y0);
    for (int i = 0; i < 4; i++)
        buf_printf(out, "L%.1f %.1f", x_of(c, c->p->v->now_ms + minutes[i] * MINUTE_MS),
                   y_of(c, f[i].expected));
    buf_str(out, "\"/>");
}

static void legend(const struct chart *c)
{
    static const char *const words[] = {"day_today", "day_usual", "day_expected"};
    static const char *const classes[] = {"today", "usual", "expected"};
    buf_str(c->p->out, "<ul class=\"legend\">");
    for (int i = 0; i < 3; i++) {
        buf_printf(c->p->out,
                   "<li><svg width=\"28\" height=\"8\" aria-hidden=\"true\"><path class=\"%s\" d=\"M0 "
                   "4H28\"/></svg> ",
                   classes[i]);
        page_text(c->p, page_word(c->p, words[i]));
        buf_str(c->p->out, "</li>");
    }
    buf_str(c->p->out, "</ul>");
}

/* "37 free now; usually 42 at this time." */
static void sentence(const struct chart *c, const struct registry_lot *l)
{
    int step = (int)((c->p->v->now_ms - c->midnight_ms) / FORECAST_STEP_MS);
    const char *f = page_word(c->p, "day_now"), *gap = strstr(f, "{}"), *rest = gap + 2,
               *second = strstr(rest, "{}");
    if (c->day.usual[step] == FORECAST_UNKNOWN || !page_current(c->p, l) || l->reading.free == COUNT_NONE)
        return;
    buf_str(c->p->out, "<p>");
    page_view_text(c->p, (struct view){f, (size_t)(gap - f)});
    buf_int(c->p->out, l->reading.free);
    page_view_text(c->p, (struct view){rest, (size_t)(second - rest)});
    buf_int(c->p->out, c->day.usual[step]);
    page_text(c->p, second + 2);
    buf_str(c->p->out, "</p>");
}

static int32_t most_of(const struct chart *c, int32_t base)
{
    int32_t most = base > 10 ? base : 10;
    for (int i = 0; i < FORECAST_DAY; i++) {
        most = c->day.counts[i] > most ? c->day.counts[i] : most;
        most = c->day.usual[i] > most ? c->day.usual[i] : most;
    }
    return most + most % 2;
}

static bool anything(const struct forecast_day *d)
{
    for (int i = 0; i < FORECAST_DAY; i++)
        if (d->counts[i] != FORECAST_UNKNOWN || d->usual[i] != FORECAST_UNKNOWN)
            return true;
    return false;
}

void page_put_day(const struct page *p)
{
    const struct registry_lot *l = p->s->v[0].lot;
    const struct lot_outlook *o = &p->v->outlook;
    struct chart c = {.p = p, .midnight_ms = (p->v->now_ms + BEIJING_MS) / DAY_MS * DAY_MS - BEIJING_MS};
    if (!o->day || !o->day(o->ctx, l->idx, p->v->now_ms, &c.day) || !anything(&c.day)) {
        buf_str(p->out, "<p>");
        page_text(p, page_word(p, "day_none"));
        buf_str(p->out, "</p>");
        return;
    }
    c.most = most_of(&c, page_base(l));
    buf_printf(p->out, "<svg class=\"day\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    page_text(p, page_word(p, "day"));
    buf_str(p->out, "\">");
    grid(&c);
    line(&c, "usual", c.day.usual);
    line(&c, "today", c.day.counts);
    if (page_current(p, l) && l->reading.free != COUNT_NONE)
        expected(&c, l);
    buf_printf(p->out, "<path class=\"now\" d=\"M%.1f %dV%d\"/></svg>", x_of(&c, p->v->now_ms), TOP,
               HEIGHT - BOTTOM);
    legend(&c);
    sentence(&c, l);
}
