/* SPDX-License-Identifier: MIT
 * What people decide of a sink's quarantine.
 */
#include "publish/publish_impl.h"

static int64_t mono(const struct publish_sink *s)
{
    return clock_mono_ms(s->p->clock);
}

static int find_ours(const struct publisher *p, struct view sink, struct publish_sink **out)
{
    *out = publisher_sink(p, sink);
    if (!*out)
        return ERR_NOT_FOUND;
    return (*out)->phase == SINK_READY ? 0 : ERR_STATE;
}

int publisher_each_held(const struct publisher *p, struct view sink, publish_held_fn *fn, void *ctx)
{
    struct publish_sink *s = NULL;
    int err = find_ours(p, sink, &s);
    for (int what = 0; !err && what < PUBLISH_WHATS; what++) {
        const struct publish_hold *h;
        uint32_t i = 0, lot = 0;
        while ((h = publish_plan_each_held(s->lines[what].plan, &i, &lot))) {
            struct publish_hold shown = *h;
            shown.retry_ms = clock_wall_ms(p->clock) + clock_wall_span(p->clock, h->retry_ms - mono(s));
            fn(ctx, registry_lot(p->reg, lot)->lot.id, (enum publish_what)what, &shown);
        }
    }
    return err;
}

/* ERR_BUSY weighs more than ERR_NOT_FOUND, and one that was found more than either. */
static int worse(int had, int err)
{
    return had == 0 || err == 0 ? 0 : err == ERR_BUSY ? err : had;
}

int publisher_held_retry(struct publisher *p, struct view sink, struct view lot)
{
    struct publish_sink *s = NULL;
    int err = find_ours(p, sink, &s), found = ERR_NOT_FOUND;
    uint32_t idx = err ? UINT32_MAX : registry_find(p->reg, lot);
    if (err)
        return err;
    for (int what = 0; what < PUBLISH_WHATS; what++)
        found = worse(found, publish_plan_retry(s->lines[what].plan, idx, mono(s)));
    sink_wake(s, 0);
    return found;
}

int publisher_held_discard(struct publisher *p, struct view sink, struct view lot)
{
    struct publish_sink *s = NULL;
    int err = find_ours(p, sink, &s), found = ERR_NOT_FOUND;
    uint32_t idx = err ? UINT32_MAX : registry_find(p->reg, lot);
    if (err)
        return err;
    for (int what = 0; what < PUBLISH_WHATS; what++) {
        int rc = publish_plan_discard(s->lines[what].plan, idx, mono(s));
        if (!rc)
            sink_save_hold(s, (enum publish_what)what, idx, NULL);
        found = worse(found, rc);
    }
    sink_wake(s, 0);
    return found;
}
