/* SPDX-License-Identifier: MIT
 * Performs the poll plan: when a feed is due it begins a run, when that ends it notes what came and waits for
 * the next slot. A run is freed before anybody outside hears of its result.
 */
#include "feed/poll_run.h"
#include "parkd/base/counters.h"
#include "parkd/net/timer.h"

static uint32_t random_next(struct feeds *fs)
{
    fs->random ^= fs->random << 13;
    fs->random ^= fs->random >> 7;
    fs->random ^= fs->random << 17;
    return (uint32_t)(fs->random >> 16);
}

static void perform(struct feed_entry *e, enum poll_event ev, int64_t retry_after_ms)
{
    struct feeds *fs = e->set;
    struct poll_input in = {.event = ev,
                            .now = clock_mono_ms(fs->clock),
                            .retry_after_ms = retry_after_ms,
                            .slow_down = fs->port.slow_down(fs->port.ctx),
                            .random = random_next(fs)};
    struct poll_step step = poll_next(&e->plan, &in);
    switch (step.act) {
    case POLL_ACT_NONE:
        break;
    case POLL_ACT_ARM:
        e->next_mono_ms = step.wake_at;
        timer_arm(e->due, step.wake_at - in.now);
        break;
    case POLL_ACT_FETCH:
        poll_run_begin(e);
        break;
    case POLL_ACT_CANCEL:
        timer_cancel(e->due);
        poll_run_free(e->run);
        e->run = NULL;
        break;
    }
}

/* The end of a poll: status first, then the next slot, then the reports go out. */
void poller_ended(struct feed_entry *e, const struct why *why, int64_t retry_after_ms)
{
    struct poll_run *run = e->run;
    struct report_list reports = {0};
    struct feeds *fs = e->set;
    e->run = NULL;
    if (run) {
        reports = run->reports;
        report_list_init(&run->reports);
        e->status.took_ms = run->used_ms;
        feed_note_poll(fs, run->used_ms);
        poll_run_free(run);
    }
    if (why) {
        reports.n = 0;
        validators_clear(&e->validators);
        counter_add(C_POLL_BAD, 1);
    }
    perform(e, why ? POLL_EV_BAD : POLL_EV_GOOD, retry_after_ms);
    feed_note(e, &reports, why);
    if (reports.n && !fs->port.on_reports(fs->port.ctx, &e->feed, &reports))
        validators_clear(&e->validators);
    report_list_fini(&reports);
}

static void on_due(void *ctx)
{
    struct feed_entry *e = ctx;
    bool may = e->set->port.may_poll(e->set->port.ctx, e->feed.id);
    perform(e, may ? POLL_EV_DUE : POLL_EV_DENIED, -1);
}

int poller_open(struct feed_entry *e, struct why *why)
{
    e->plan = (struct poll_plan){.hash = view_hash(view_of(e->feed.id)), .interval_ms = e->feed.interval_ms};
    e->due = timer_new(e->set->loop, on_due, e);
    e->host = e->due ? spacing_join(e->set->spacing, view_of(e->feed.url)) : NULL;
    return e->host ? 0 : why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

void poller_close(struct feed_entry *e)
{
    if (!e->due)
        return;
    perform(e, POLL_EV_STOP, -1);
    timer_free(e->due);
    e->due = NULL;
    spacing_leave(e->host);
    e->host = NULL;
    e->next_mono_ms = 0;
}

void poller_begin(struct feed_entry *e)
{
    if (e->due)
        perform(e, POLL_EV_START, -1);
}

int poller_now(struct feed_entry *e)
{
    if (!e->due || e->plan.state == POLL_IDLE)
        return ERR_STATE;
    if (e->plan.state == POLL_WAITING) {
        e->next_mono_ms = clock_mono_ms(e->set->clock);
        timer_arm(e->due, 0);
    }
    return 0;
}
