/* SPDX-License-Identifier: MIT
 * The snapshot: native items as sinks get them.
 */
#include "api/render.h"
#include "parkd/dialect/native.h"

static bool goes_out(const struct registry_lot *l)
{
    return !l->removed && l->lot.stage == STAGE_CONNECTED;
}

/* A number past its limit is shown by nobody; until Redis has numbered the "unknown", the lot has no state.
 */
static bool has_state(const struct registry_lot *l, int64_t now_ms)
{
    int64_t until = freshness_valid_until(&l->reading, l->interval_ms);
    return l->reading.seq && (l->reading.expired || until == 0 || now_ms <= until);
}

static int write_nothing(struct json_writer *w, const char *id)
{
    jw_object(w, NULL);
    jw_str(w, "lot", id);
    jw_null(w, "seq");
    jw_null(w, "free");
    jw_str(w, "status", status_name(STATUS_UNKNOWN));
    jw_end_object(w);
    return w->b->err;
}

static int write_items(const struct registry *reg, int64_t now_ms, struct json_writer *w)
{
    struct buf item;
    int err = 0;
    buf_init(&item, READING_MAX_TEXT * 2);
    jw_array(w, "items");
    for (uint32_t i = 0; i < registry_size(reg) && !err; i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        if (!goes_out(l))
            continue;
        if (!has_state(l, now_ms)) {
            err = write_nothing(w, l->lot.id);
            continue;
        }
        buf_clear(&item);
        err = reading_native_item(l->lot.id, &l->reading, &item);
        jw_raw(w, NULL, buf_get(&item));
    }
    jw_end_array(w);
    buf_fini(&item);
    return err;
}

static void write_acknowledged(const struct registry *reg, const struct snapshot_view *v,
                               struct json_writer *w)
{
    jw_object(w, "acknowledged");
    for (uint32_t i = 0; i < registry_size(reg); i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        uint64_t seq = goes_out(l) ? v->acked(v->ctx, v->sink, i) : 0;
        if (!seq)
            continue;
        jw_key(w, view_of(l->lot.id));
        jw_int(w, NULL, (int64_t)seq);
    }
    jw_end_object(w);
}

static int64_t newest(const struct registry *reg, int64_t now_ms)
{
    int64_t ms = 0;
    for (uint32_t i = 0; i < registry_size(reg); i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        if (goes_out(l) && has_state(l, now_ms) && l->reading.changed_ms > ms)
            ms = l->reading.changed_ms;
    }
    return ms;
}

int render_snapshot(const struct registry *reg, const struct snapshot_view *v, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "type", "parking.availability.snapshot");
    jw_str(&w, "version", NATIVE_VERSION);
    jw_time(&w, "timestamp", newest(reg, v->now_ms));
    jw_object(&w, "data");
    jw_view(&w, "sink", v->sink);
    int err = write_items(reg, v->now_ms, &w);
    write_acknowledged(reg, v, &w);
    jw_end_object(&w);
    jw_end_object(&w);
    buf_char(out, '\n');
    return err ? err : out->err;
}
