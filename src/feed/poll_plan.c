/* SPDX-License-Identifier: MIT
 * The poll plan (see the header).
 */
#include "feed/poll_plan.h"

#include "parkd/net/backoff.h"

int64_t poll_interval(const struct poll_plan *plan, int slow_down)
{
    int64_t base = plan->interval_ms * (slow_down > 1 ? slow_down : 1);
    if (plan->failures < POLL_PATIENCE || base >= POLL_MAX_BACKOFF_MS)
        return base;
    return backoff_double(base, POLL_MAX_BACKOFF_MS, plan->failures - POLL_PATIENCE + 1);
}

int64_t poll_deadline(int64_t interval_ms)
{
    int64_t half = interval_ms / 2;
    return half > 10000 ? 10000 : half < 1000 ? 1000 : half;
}

/* −5 % … +5 % of the interval. */
static int64_t jitter(int64_t interval, uint32_t random)
{
    int64_t span = interval / 10;
    return span * random / UINT32_MAX - span / 2;
}

/* The feed's next slot that is at least a quarter of the interval away: the one that was just used may still
 * lie ahead (jitter), and two polls close together tell nothing new. */
static int64_t slot_after(const struct poll_plan *plan, const struct poll_input *in)
{
    int64_t interval = poll_interval(plan, in->slow_down);
    int64_t offset = (int64_t)(plan->hash % (uint64_t)interval);
    int64_t from = in->now + interval / 4;
    int64_t slot = from - from % interval + offset;
    if (slot < from)
        slot += interval;
    return slot + jitter(interval, in->random);
}

static int64_t first_slot(const struct poll_plan *plan, int64_t now)
{
    int64_t spread = plan->interval_ms < POLL_FIRST_MS ? plan->interval_ms : POLL_FIRST_MS;
    return now + (int64_t)(plan->hash % (uint64_t)spread);
}

static struct poll_step wait_until(struct poll_plan *plan, int64_t at)
{
    plan->state = POLL_WAITING;
    return (struct poll_step){POLL_ACT_ARM, at};
}

static struct poll_step after_bad(struct poll_plan *plan, const struct poll_input *in)
{
    if (plan->failures < UINT16_MAX)
        plan->failures++;
    int64_t slot = slot_after(plan, in);
    int64_t asked = in->retry_after_ms < POLL_MAX_AFTER_MS ? in->retry_after_ms : POLL_MAX_AFTER_MS;
    return wait_until(plan, asked >= 0 && slot < in->now + asked ? in->now + asked : slot);
}

static struct poll_step stop(struct poll_plan *plan)
{
    enum poll_state before = plan->state;
    plan->state = POLL_IDLE;
    return (struct poll_step){before == POLL_IDLE ? POLL_ACT_NONE : POLL_ACT_CANCEL, 0};
}

struct poll_step poll_next(struct poll_plan *plan, const struct poll_input *in)
{
    struct poll_step none = {POLL_ACT_NONE, 0};
    switch (in->event) {
    case POLL_EV_START:
        return plan->state == POLL_IDLE ? wait_until(plan, first_slot(plan, in->now)) : none;
    case POLL_EV_DUE:
        if (plan->state != POLL_WAITING)
            return none;
        plan->state = POLL_FETCHING;
        return (struct poll_step){POLL_ACT_FETCH, 0};
    case POLL_EV_DENIED:
        /* Soon again, not an interval later: the lease may be ours in a moment. */
        return plan->state == POLL_WAITING ? wait_until(plan, first_slot(plan, in->now)) : none;
    case POLL_EV_GOOD:
        if (plan->state != POLL_FETCHING)
            return none;
        plan->failures = 0;
        return wait_until(plan, slot_after(plan, in));
    case POLL_EV_BAD:
        return plan->state == POLL_FETCHING ? after_bad(plan, in) : none;
    case POLL_EV_STOP:
        return stop(plan);
    }
    return none;
}
