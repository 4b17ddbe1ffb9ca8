/* SPDX-License-Identifier: MIT
 * The way to a lot's entrance in the programs that people have. Formats: Amap's and Baidu's URI APIs, Apple's
 * map links, RFC 5870 for geo:.
 */
#include <string.h>

#include "api/page.h"

static const char *const names[] = {
    [NAVIGATE_AMAP] = "amap", [NAVIGATE_BAIDU] = "baidu", [NAVIGATE_APPLE] = "apple", [NAVIGATE_GEO] = "geo"};

int navigators_add(struct navigators *n, struct view name)
{
    for (int i = 0; i < NAVIGATE_N; i++) {
        if (!view_is(name, names[i]))
            continue;
        for (int k = 0; k < n->n; k++)
            if (n->v[k] == (enum navigator)i)
                return ERR_CONFLICT;
        n->v[n->n++] = (enum navigator)i;
        return 0;
    }
    return ERR_NOT_FOUND;
}

static void percent(struct buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     strchr("-._~", (char)c) != NULL;
        if (plain)
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* Each program's own datum: a wrong one is half a kilometre off. */
static struct point entrance(const struct lot *lot, enum datum datum)
{
    return lot->has_entrance
               ? geo_convert((struct point){lot->entrance_lng, lot->entrance_lat}, lot->entrance_datum, datum)
               : geo_convert((struct point){lot->lng, lot->lat}, lot->datum, datum);
}

int navigator_link(enum navigator n, const struct lot *lot, struct buf *out)
{
    if (!lot->has_entrance && !lot->has_point)
        return ERR_NOT_FOUND;
    struct point wgs = entrance(lot, DATUM_WGS84), gcj = entrance(lot, DATUM_GCJ02);
    switch (n) {
    case NAVIGATE_AMAP:
        buf_printf(out, "https://uri.amap.com/navigation?to=%.6f,%.6f,", gcj.lng, gcj.lat);
        percent(out, lot->name);
        buf_str(out, "&mode=car&coordinate=gaode&callnative=1&src=parkd");
        break;
    case NAVIGATE_BAIDU:
        buf_printf(out, "https://api.map.baidu.com/marker?location=%.6f,%.6f&title=", gcj.lat, gcj.lng);
        percent(out, lot->name);
        buf_str(out, "&content=");
        percent(out, lot->name);
        buf_str(out, "&coord_type=gcj02&output=html&src=parkd");
        break;
    case NAVIGATE_APPLE: /* takes GCJ-02 in mainland China, as its own maps there do */
        buf_printf(out, "https://maps.apple.com/?daddr=%.6f,%.6f&dirflg=d", gcj.lat, gcj.lng);
        break;
    default:
        buf_printf(out, "geo:%.6f,%.6f?q=%.6f,%.6f(", wgs.lat, wgs.lng, wgs.lat, wgs.lng);
        percent(out, lot->name);
        buf_char(out, ')');
    }
    return out->err;
}
