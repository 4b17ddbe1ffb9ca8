/* SPDX-License-Identifier: MIT
 * Sums over the district, its areas and the classes of places.
 */
#include "api/render.h"

static void write_row(struct json_writer *w, const struct summary_row *row, const char *key)
{
    jw_object(w, key);
    if (row->scope != SUMMARY_DISTRICT)
        jw_str(w, "id", row->id);
    jw_object(w, "lots");
    jw_int(w, "all", row->lots);
    for (int f = FRESH; f <= OFFLINE; f++)
        jw_int(w, freshness_name((enum freshness)f), row->by_freshness[f]);
    jw_end_object(w);
    jw_int(w, "known", row->known);
    jw_int(w, "unknown", row->lots - row->known);
    jw_int(w, "total", row->total);
    /* A sum over nothing is not nought places. */
    if (row->known) {
        jw_int(w, "open", row->open);
        jw_int(w, "free", row->free);
    } else {
        jw_null(w, "open");
        jw_null(w, "free");
    }
    jw_end_object(w);
}

static void write_scope(struct json_writer *w, const struct summary *s, enum summary_scope scope,
                        const char *key)
{
    jw_array(w, key);
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].scope == scope)
            write_row(w, &s->v[i], NULL);
    }
    jw_end_array(w);
}

int render_summary(const struct summary *s, const char *district, struct view area, int64_t as_of_ms,
                   struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_time(&w, "as_of", as_of_ms);
    if (area.n)
        jw_view(&w, "name", area);
    else
        jw_str(&w, "name", district && district[0] ? district : NULL);
    if (s->n && s->v[0].scope == SUMMARY_DISTRICT)
        write_row(&w, &s->v[0], area.n ? "area" : "district");
    if (!area.n)
        write_scope(&w, s, SUMMARY_AREA, "areas");
    write_scope(&w, s, SUMMARY_CLASS, "classes");
    jw_end_object(&w);
    buf_char(out, '\n');
    return out->err;
}
