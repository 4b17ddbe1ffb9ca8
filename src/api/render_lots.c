/* SPDX-License-Identifier: MIT
 * The list of lots.
 */
#include "api/render.h"

int render_lots(const struct selection *s, const struct lots_query *q, const struct lot_outlook *outlook,
                int64_t now_ms, struct buf *out, int64_t *until_ms)
{
    struct json_writer w;
    struct lot_view v = {.crs = q->crs, .now_ms = now_ms, .fields = q->fields, .outlook = *outlook};
    char next[QUERY_CURSOR];
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_time(&w, "as_of", now_ms);
    jw_int(&w, "count", (int64_t)s->n);
    if (s->more) {
        selection_cursor(s, next);
        jw_str(&w, "next", next);
    }
    jw_array(&w, "lots");
    for (size_t i = 0; i < s->n; i++) {
        v.distance_m = s->v[i].distance_m;
        render_lot_object(&w, s->v[i].lot, &v);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
    *until_ms = selection_until(s, now_ms);
    return out->err;
}
