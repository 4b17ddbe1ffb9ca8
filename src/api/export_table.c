/* SPDX-License-Identifier: MIT
 * Flat rows (RFC 4180) for tables and Grafana, and SIRI-FM 2.1 in the Italian profile, the one that
 * OpenTripPlanner reads.
 */
#include <string.h>

#include "api/export.h"
#include "parkd/base/iso8601.h"

/* --- CSV --- */

/* What a spreadsheet would run: operators write these texts, and the office opens them. */
static bool is_formula(struct view v)
{
    return v.n && memchr("=+-@\t\r", *v.p, 6) != NULL;
}

static void cell(struct buf *out, const char *text)
{
    struct view v = view_of(text);
    bool formula = is_formula(v), plain = !formula;
    for (size_t i = 0; i < v.n; i++)
        plain &= v.p[i] != ',' && v.p[i] != '"' && v.p[i] != '\n' && v.p[i] != '\r';
    if (plain) {
        buf_view(out, v);
        return;
    }
    buf_str(out, formula ? "\"'" : "\"");
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '"')
            buf_char(out, '"');
        buf_char(out, v.p[i]);
    }
    buf_char(out, '"');
}

/* An empty cell is unknown. */
static void number(struct buf *out, int64_t v, bool known)
{
    if (known)
        buf_int(out, v);
    buf_char(out, ',');
}

static void text(struct buf *out, const char *s)
{
    cell(out, s);
    buf_char(out, ',');
}

static void moment(struct buf *out, int64_t ms)
{
    char t[ISO8601_SIZE];
    text(out, ms ? iso8601_format(ms, t) : "");
}

static void row(const struct registry_lot *l, const struct export_view *v, struct buf *out)
{
    struct export_lot e = export_lot_of(l, v);
    int64_t age = v->now_ms - e.r->observed_ms;
    text(out, e.lot->id);
    text(out, e.lot->name);
    text(out, e.lot->area);
    text(out, e.lot->address);
    if (e.lot->has_point)
        buf_printf(out, "%.6f,%.6f,", e.at.lat, e.at.lng);
    else
        buf_str(out, ",,");
    number(out, e.total, e.total != COUNT_NONE);
    number(out, e.free, e.free != COUNT_NONE);
    text(out, band_name(e.band));
    text(out, status_name(e.current ? e.r->status : STATUS_UNKNOWN));
    text(out, e.open_now < 0 ? "" : e.open_now ? "true" : "false");
    text(out, freshness_name(freshness_of(e.r, l->interval_ms, v->now_ms)));
    moment(out, e.r->observed_ms);
    number(out, age > 0 ? age / 1000 : 0, e.r->observed_ms != 0);
    buf_int(out, (int64_t)e.r->seq);
    buf_str(out, "\r\n");
}

void export_csv(const struct selection *s, const struct export_view *v, struct buf *out)
{
    buf_str(out, "id,name,area,address,latitude,longitude,total,free,band,status,open_now,freshness,observed_"
                 "at,age_s,seq\r\n");
    for (size_t i = 0; i < s->n; i++)
        row(s->v[i].lot, v, out);
}

/* --- SIRI-FM --- */

static void xml_text(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '<')
            buf_str(out, "&lt;");
        else if (*s == '>')
            buf_str(out, "&gt;");
        else if (*s == '&')
            buf_str(out, "&amp;");
        else
            buf_char(out, *s);
    }
}

static const char *siri_status(const struct export_lot *e)
{
    if (e->open_now == 0)
        return "notAvailable";
    return e->current ? "available" : "unknown";
}

/* The count is what is available. Without one it is left out: a reader keeps no number then. */
static void condition(const struct export_lot *e, struct buf *out)
{
    buf_str(out, "<FacilityCondition><FacilityRef>");
    xml_text(out, e->lot->id);
    buf_printf(out, "</FacilityRef><FacilityStatus><Status>%s</Status></FacilityStatus>", siri_status(e));
    if (e->free != COUNT_NONE)
        buf_printf(out,
                   "<MonitoredCounting><CountingType>presentCount</CountingType><CountedFeatureUnit>bays</"
                   "CountedFeatureUnit>"
                   "<Count>%d</Count></MonitoredCounting>",
                   (int)e->free);
    buf_str(out, "</FacilityCondition>\n");
}

void export_siri(const struct selection *s, const struct export_view *v, struct buf *out)
{
    char now[ISO8601_SIZE];
    (void)iso8601_format(v->now_ms - v->now_ms % 1000, now);
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Siri xmlns=\"http://www.siri.org.uk/siri\" "
               "version=\"2.1\"><ServiceDelivery>"
               "<ResponseTimestamp>%s</ResponseTimestamp><ProducerRef>parkd</"
               "ProducerRef>\n<FacilityMonitoringDelivery version=\"2.1\">"
               "<ResponseTimestamp>%s</ResponseTimestamp>\n",
               now, now);
    for (size_t i = 0; i < s->n; i++) {
        struct export_lot e = export_lot_of(s->v[i].lot, v);
        condition(&e, out);
    }
    buf_str(out, "</FacilityMonitoringDelivery></ServiceDelivery></Siri>\n");
}
