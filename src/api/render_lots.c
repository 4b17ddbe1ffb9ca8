/* SPDX-License-Identifier: MIT
 * The list of lots.
 */
#include "api/render.h"

/* The first moment after now at which one of the lots must no longer show its number. */
static int64_t until(const struct selection *s, int64_t now_ms)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < s->n; i++) {
        const struct registry_lot *l = s->v[i].lot;
        int64_t t = freshness_valid_until(&l->reading, l->interval_ms);
        if (freshness_current(&l->reading, l->interval_ms, now_ms) && t < first)
            first = t;
    }
    return first;
}

int render_lots(const struct selection *s, enum datum crs, int64_t now_ms, struct buf *out, int64_t *until_ms)
{
    struct json_writer w;
    struct lot_view v = {.crs = crs, .now_ms = now_ms};
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_time(&w, "as_of", now_ms);
    jw_int(&w, "count", (int64_t)s->n);
    if (s->more)
        jw_str(&w, "next", s->v[s->n - 1].lot->lot.id);
    jw_array(&w, "lots");
    for (size_t i = 0; i < s->n; i++) {
        v.distance_m = s->v[i].distance_m;
        render_lot_object(&w, s->v[i].lot, &v);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
    *until_ms = until(s, now_ms);
    return out->err;
}
