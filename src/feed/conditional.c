/* SPDX-License-Identifier: MIT
 * Conditional polls.
 *
 * An answer of 304 says "as before", which is a confirmation: it becomes a sign of life for each lot that the
 * last whole answer told of, and for no others, dated as that answer dated it: a source whose clock stands
 * still has stopped, whether its server sends the bytes again or not. A sign of life cannot bring back a
 * number that expired meanwhile, nor stand for one that was refused, so then the whole answer is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/poll_run.h"
#include "parkd/base/counters.h"

void validators_clear(struct feed_validators *v)
{
    free(v->lots);
    *v = (struct feed_validators){0};
}

/* Only the answer to one plain GET stands for the whole. */
static bool is_plain(const struct poll_run *run)
{
    return run->asked == 1 && run->req.body.n == 0 &&
           (!run->req.method[0] || strcmp(run->req.method, "GET") == 0);
}

void conditional_remember(struct poll_run *run, struct view head)
{
    struct feed_validators *v = &run->entry->validators;
    struct view etag = fetch_header_value(head, "ETag"), modified = fetch_header_value(head, "Last-Modified");
    size_t n = run->reports.n;
    validators_clear(v);
    if (!is_plain(run) || n == 0 || (etag.n == 0 && modified.n == 0) ||
        !(v->lots = calloc(n, sizeof *v->lots)))
        return;
    for (size_t i = 0; i < n; i++) {
        memcpy(v->lots[i].lot, run->reports.v[i].lot, sizeof v->lots[i].lot);
        v->lots[i].source_ms = run->reports.v[i].source_ms;
    }
    v->n_lots = n;
    v->url_hash = view_hash(view_of(run->req.url));
    /* One that does not fit is left out (an empty text is not sent). */
    if (view_copy(etag, v->etag, sizeof v->etag) || view_copy(modified, v->modified, sizeof v->modified))
        validators_clear(v);
}

/* Does each lot of the last answer still hold what that answer told? */
static bool all_held(const struct feed_entry *e)
{
    for (size_t i = 0; i < e->validators.n_lots; i++) {
        uint32_t idx = registry_find_foreign(e->set->reg, e->feed.id, view_of(e->validators.lots[i].lot));
        const struct registry_lot *l = idx == REGISTRY_NONE ? NULL : registry_lot(e->set->reg, idx);
        if (l && (l->reading.seq == 0 || l->reading.expired))
            return false;
    }
    return true;
}

size_t conditional_add(struct poll_run *run, struct fetch_header *h)
{
    const struct feed_validators *v = &run->entry->validators;
    size_t n = 0;
    run->conditional =
        is_plain(run) && v->n_lots && v->url_hash == view_hash(view_of(run->req.url)) && all_held(run->entry);
    if (run->conditional && v->etag[0])
        h[n++] = (struct fetch_header){VIEW("If-None-Match"), view_of(v->etag)};
    if (run->conditional && v->modified[0])
        h[n++] = (struct fetch_header){VIEW("If-Modified-Since"), view_of(v->modified)};
    return n;
}

int conditional_confirm(struct poll_run *run)
{
    const struct feed_validators *v = &run->entry->validators;
    int err = 0;
    counter_add(C_POLL_SAME, 1);
    for (size_t i = 0; i < v->n_lots && !err; i++) {
        struct report r;
        report_init(&r);
        memcpy(r.lot, v->lots[i].lot, sizeof r.lot);
        r.source_ms = v->lots[i].source_ms;
        r.kind = REPORT_BEAT;
        r.item = (int32_t)i;
        err = report_list_add(&run->reports, &r);
    }
    return err;
}
