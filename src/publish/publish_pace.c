/* SPDX-License-Identifier: MIT
 * The pace of one sink (see the header).
 */
#include "publish/publish_pace.h"

#include "parkd/net/backoff.h"
#include "parkd/publish/publisher.h"

static bool outdated(const struct publish_pace *p, int64_t started)
{
    return (p->failures > 0 || p->paused) && started <= p->failed_ms;
}

void publish_pace_good(struct publish_pace *p, int64_t started)
{
    if (!outdated(p, started))
        *p = (struct publish_pace){0};
}

static int64_t wait_after(const struct publish_pace *p, int64_t retry_after_ms, uint32_t random)
{
    if (retry_after_ms >= 0) {
        int64_t asked = retry_after_ms < PACE_MAX_AFTER_MS ? retry_after_ms : PACE_MAX_AFTER_MS;
        return asked > PACE_FLOOR_MS ? asked : PACE_FLOOR_MS;
    }
    if (p->failures >= PACE_BREAK_AT) {
        int64_t wait = (int64_t)PACE_BREAK_MS * (p->failures - PACE_BREAK_AT + 1);
        return wait < PACE_BREAK_CAP_MS ? wait : PACE_BREAK_CAP_MS;
    }
    return backoff_full_jitter(PACE_BASE_MS, PACE_CAP_MS, PACE_FLOOR_MS, p->failures ? p->failures - 1 : 0,
                               random);
}

void publish_pace_bad(struct publish_pace *p, int64_t started, int64_t now, int64_t retry_after_ms,
                      uint32_t random)
{
    bool again = outdated(p, started);
    if (!again) {
        p->failures += p->failures < UINT16_MAX;
        p->failed_ms = now;
    }
    if (again && retry_after_ms < 0)
        return;
    int64_t until = now + wait_after(p, retry_after_ms, random);
    if (until > p->not_before)
        p->not_before = until;
}

void publish_pace_pause(struct publish_pace *p, int64_t now)
{
    p->paused = true;
    p->failed_ms = now;
    p->not_before = now + PACE_PAUSE_MS;
}

void publish_pace_resume(struct publish_pace *p)
{
    *p = (struct publish_pace){0};
}

bool publish_pace_broken(const struct publish_pace *p)
{
    return p->failures >= PACE_BREAK_AT;
}

int publish_pace_limit(const struct publish_pace *p, int parallel, int64_t now)
{
    if (now < p->not_before)
        return 0;
    return p->paused || publish_pace_broken(p) ? 1 : parallel;
}

enum dialect_verdict publish_verdict(int status)
{
    switch (status) {
    case 408:
    case 425:
    case 429:
        return VERDICT_RETRY;
    case 401:
    case 403:
    case 404:
    case 410:
        return VERDICT_PAUSE;
    default:
        break;
    }
    if (status / 100 == 2)
        return VERDICT_OK;
    return status / 100 == 3 || status / 100 == 4 ? VERDICT_REJECT : VERDICT_RETRY;
}
