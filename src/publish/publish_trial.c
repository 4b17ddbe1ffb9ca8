/* SPDX-License-Identifier: MIT
 * What trials and readers want of a sink: what it acknowledged, a lot kept still meanwhile, whose key it is.
 */
#include "parkd/base/crypto.h"
#include "publish/publish_impl.h"

bool publisher_told(const struct publisher *p, struct view sink, uint32_t lot, struct publish_told *out)
{
    const struct publish_sink *s = publisher_sink(p, sink);
    *out = (struct publish_told){0};
    if (!s)
        return false;
    *out = (struct publish_told){publish_plan_known(s->lines[PUBLISH_STATES].plan, lot), sink_filed(s, lot),
                                 sink_code(s, lot)};
    return true;
}

/* Is a request on its way that names the lot? What is kept or waits in a lane looks again before it starts.
 */
static bool under_way(const struct publish_batch *b, uint32_t lot)
{
    for (size_t r = 0; b->state == LANE_OPEN && r < b->reqs.n; r++) {
        for (size_t i = 0; b->calls[r].op && i < b->reqs.v[r].n_items; i++) {
            uint32_t item = b->reqs.v[r].items[i];
            if (item < b->n && b->items[item].lot == lot)
                return true;
        }
    }
    return false;
}

int publisher_borrow(struct publisher *p, struct view sink, uint32_t lot, struct why *why)
{
    struct publish_sink *s = publisher_sink(p, sink);
    if (!s)
        return why_set(why, ERR_NOT_FOUND, "/sink", "no sink has this id");
    if (s->session && s->phase == SINK_NOT_OURS)
        return why_set(why, ERR_STATE, "/sink", "another parkd tells this sink; send from there");
    if (s->lent)
        return why_set(why, ERR_BUSY, "/sink", "another trial of this sink sends");
    for (int i = 0; i < PUBLISH_LANES; i++) {
        if (under_way(&s->lanes[i], lot))
            return why_set(why, ERR_BUSY, "/lot", "a delivery of this lot is on its way; try again");
    }
    s->lent = lot + 1;
    return 0;
}

void publisher_give_back(struct publisher *p, struct view sink, uint32_t lot)
{
    struct publish_sink *s = publisher_sink(p, sink);
    if (!s || s->lent != lot + 1)
        return;
    s->lent = 0;
    (void)publish_plan_touch(s->lines[PUBLISH_STATES].plan, lot);
    sink_wake(s, 0);
}

const struct sink *publisher_reader(const struct publisher *p, const unsigned char digest[32])
{
    const struct sink *found = NULL;
    struct view given = {(const char *)digest, 32};
    for (const struct publish_sink *s = p->sinks; s; s = s->hh.next) {
        for (int i = 0; i < FEED_MAX_KEYS; i++) {
            bool same = crypto_equal(given, (struct view){(const char *)s->conf.readers[i], 32});
            if (same && i < s->conf.n_readers)
                found = &s->conf;
        }
    }
    return found;
}
