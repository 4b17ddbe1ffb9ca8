/* SPDX-License-Identifier: MIT
 * Draws the consequences of an answer: for each item (acknowledged, refused, open), for the pace of the sink,
 * or of its registrations and statements of days alone: what a platform says to those must not stop counts.
 *
 * A refusal that names its item costs that item; one that names none costs the whole request, which comes
 * back in halves until the poisonous item is alone. Whatever the sink refuses, it is alive: refusals do not
 * open the breaker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/counters.h"
#include "parkd/base/log.h"
#include "parkd/net/backoff.h"
#include "publish/publish_impl.h"

#define LINE_BASE_MS  2000
#define LINE_FLOOR_MS 1000
#define LINE_CAP_MS   60000
#define DAYS_CAP_MS   600000
#define CLOCK_OFF_MS  30000 /* beyond that somebody should know */

static int64_t mono(const struct publish_sink *s)
{
    return clock_mono_ms(s->p->clock);
}

static uint32_t random_next(struct publisher *p)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (uint32_t)(p->random >> 16);
}

static const char *lot_id(const struct publish_sink *s, uint32_t lot)
{
    return registry_lot(s->p->reg, lot)->lot.id;
}

/* ---- items */

/* An item is decided once, whatever numbers a dialect names, and how often. */
static bool take_open(struct publish_batch *b, size_t item)
{
    bool was = item < b->n && b->open[item];
    if (was)
        b->open[item] = false;
    return was;
}

void batch_accept(struct publish_batch *b, size_t item, bool unbalanced)
{
    struct publish_sink *s = b->sink;
    if (!take_open(b, item))
        return;
    struct publish_item one = b->items[item];
    if (publish_plan_ack(s->lines[b->what].plan, one, mono(s)))
        sink_save_hold(s, b->what, one.lot, NULL);
    if (b->what == PUBLISH_FILINGS) {
        sink_gate(s, one.lot);
    } else if (b->what == PUBLISH_DAYS) {
        sink_day_acked(s, one, unbalanced);
    } else {
        s->stats.delivered++;
        counter_add(C_DELIVERED_ITEMS, 1);
    }
    sink_ack(s, b->what, one);
    const struct registry_lot *l = registry_lot(s->p->reg, one.lot);
    if (b->what == PUBLISH_STATES && l->lot.stage != STAGE_CONNECTED)
        sink_farewell(s, l);
}

/* At a character's border: the platform's words may be Chinese. */
static void cut_text(const char *text, char *dst, size_t size)
{
    size_t n = strnlen(text, size);
    if (n == size) {
        n = size - 1;
        while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(dst, text, n);
    dst[n] = '\0';
}

static void quarantine(struct publish_batch *b, size_t item, const char *reason)
{
    struct publish_sink *s = b->sink;
    char code[sizeof(((struct publish_hold *)0)->code)];
    if (!take_open(b, item))
        return;
    cut_text(reason, code, sizeof code);
    const struct publish_hold *h = publish_plan_refuse(s->lines[b->what].plan, b->items[item], code, mono(s));
    if (!h)
        return;
    log_warn(SINK, "sink=%s lot=%s what=%s quarantine=%d seq=%llu retry_s=%lld reason=\"%s\"", s->conf.id,
             lot_id(s, b->items[item].lot), publish_what_name(b->what), h->tries, (unsigned long long)h->seq,
             (long long)((h->retry_ms - mono(s)) / 1000), reason);
    sink_save_hold(s, b->what, b->items[item].lot, h);
}

/* Refused as a whole, without saying which. */
static void split(struct publish_batch *b, const uint32_t *items, size_t n, const char *reason)
{
    struct publish_sink *s = b->sink;
    struct publish_item *half = n > 1 ? calloc(n, sizeof *half) : NULL;
    size_t taken = 0;
    if (n == 1)
        quarantine(b, items[0], reason);
    if (!half)
        return; /* without memory: they stay open and are sent again as they were */
    for (size_t i = 0; i < n; i++) {
        if (take_open(b, items[i]))
            half[taken++] = b->items[items[i]];
    }
    log_info(SINK, "sink=%s batch=%s refused items=%zu reason=\"%s\" splitting", s->conf.id, b->id, n,
             reason);
    publish_plan_split(s->lines[b->what].plan, half, taken);
    free(half);
}

/* ---- pace */

static void sink_good(struct publish_sink *s, int64_t started, enum dialect_verdict worst)
{
    bool was = s->pace.paused || publish_pace_broken(&s->pace);
    publish_pace_good(&s->pace, started);
    if (was && !s->pace.paused && !publish_pace_broken(&s->pace))
        log_info(SINK, "sink=%s back=1", s->conf.id);
    if (worst == VERDICT_OK)
        s->stats.last_good_ms = clock_wall_ms(s->p->clock);
}

static void sink_bad(struct publish_sink *s, int64_t started, int64_t retry_after_ms, const char *reason)
{
    bool was = publish_pace_broken(&s->pace), first = s->pace.failures == 0;
    publish_pace_bad(&s->pace, started, mono(s), retry_after_ms, random_next(s->p));
    sink_fault(s, reason);
    if (first)
        log_warn(SINK, "sink=%s failed=1 reason=\"%s\"", s->conf.id, reason);
    else if (!was && publish_pace_broken(&s->pace))
        log_error(SINK, "sink=%s breaker=open failures=%u reason=\"%s\"", s->conf.id, s->pace.failures,
                  reason);
}

static void sink_paused(struct publish_sink *s, const char *reason)
{
    if (!s->pace.paused)
        log_error(SINK, "sink=%s paused=1 reason=\"%s\" somebody must act; tried again every %d s",
                  s->conf.id, reason, PACE_PAUSE_MS / 1000);
    publish_pace_pause(&s->pace, mono(s));
    sink_fault(s, reason);
}

/* A registration or a day's statement could not be told: that line waits. Somebody must act: as long as the
 * sink would. */
static void line_bad(struct publish_sink *s, enum publish_what what, bool act, const char *reason)
{
    struct publish_line *line = &s->lines[what];
    int64_t cap = what == PUBLISH_DAYS ? DAYS_CAP_MS : LINE_CAP_MS;
    int64_t wait =
        act ? PACE_PAUSE_MS
            : backoff_full_jitter(LINE_BASE_MS, cap, LINE_FLOOR_MS, line->failures, random_next(s->p));
    if (!line->failures)
        log_warn(SINK, "sink=%s what=%s failed=1 reason=\"%s\"", s->conf.id, publish_what_name(what), reason);
    line->failures += line->failures < UINT16_MAX;
    line->not_before = mono(s) + wait;
    sink_fault(s, reason);
}

static void note_clock(struct publish_sink *s, int64_t theirs_ms)
{
    int64_t off = theirs_ms - clock_wall_ms(s->p->clock);
    bool was = s->stats.clock_off_ms > CLOCK_OFF_MS;
    if (theirs_ms <= 0)
        return;
    s->stats.clock_off_ms = off < 0 ? -off : off;
    bool is = s->stats.clock_off_ms > CLOCK_OFF_MS;
    if (is && !was)
        log_warn(SINK, "sink=%s clock_off_s=%lld the platform's clock and ours disagree", s->conf.id,
                 (long long)(off / 1000));
    else if (was && !is)
        log_info(SINK, "sink=%s clock_off_s=%lld the clocks agree again", s->conf.id,
                 (long long)(off / 1000));
}

/* ---- answers */

static void judge(const struct publish_call *c, const struct dialect_request *r,
                  const struct fetch_result *res, struct dialect_judgement *j)
{
    struct publish_sink *s = c->batch->sink;
    struct dialect_response answer = {res->status, res->head, res->body};
    struct dialect_ctx ctx = sink_ctx(s);
    *j = (struct dialect_judgement){.all = VERDICT_RETRY};
    if (res->err) {
        (void)why_set(&j->why, res->err, "", "%s", res->detail[0] ? res->detail : err_text(res->err));
        return;
    }
    j->all = publish_verdict(res->status);
    if (j->all != VERDICT_OK) {
        (void)why_set(&j->why, ERR_REFUSED, "", "HTTP %d", res->status);
        return;
    }
    int err = dialect_check(s->session, &ctx, r, &answer, j);
    if (err) {
        dialect_judgement_fini(j);
        j->all = VERDICT_RETRY;
    } else {
        note_clock(s, j->clock_ms);
    }
    if (!j->why.text[0])
        (void)why_set(&j->why, ERR_REFUSED, "", "%s", err ? err_text(err) : "refused by the platform");
}

static enum dialect_verdict worse(enum dialect_verdict a, enum dialect_verdict b)
{
    static const int weight[] = {
        [VERDICT_OK] = 0, [VERDICT_REJECT] = 1, [VERDICT_RETRY] = 2, [VERDICT_PAUSE] = 3};
    return weight[a] >= weight[b] ? a : b;
}

/* The platform's words are one sentence for the whole answer; with several refusals it may be about another
 * lot. */
static void reason_of(const struct dialect_request *r, const struct dialect_judgement *j, char *dst,
                      size_t size)
{
    size_t refused = 0;
    for (size_t i = 0; j->each && i < r->n_items; i++)
        refused += j->each[i] == VERDICT_REJECT;
    if (refused > 1)
        (void)snprintf(dst, size, "%zu refused, e.g. %s", refused, j->why.text);
    else
        (void)snprintf(dst, size, "%s", j->why.text);
}

static void take_codes(struct publish_batch *b, const struct dialect_request *r,
                       const struct dialect_judgement *j)
{
    for (size_t i = 0; j->codes && i < r->n_items; i++) {
        if (r->items[i] < b->n)
            sink_take_code(b->sink, b->items[r->items[i]].lot, j->codes[i]);
    }
}

/* Decides each item of the request; returns the gravest verdict. */
static enum dialect_verdict decide(struct publish_batch *b, const struct dialect_request *r,
                                   const struct dialect_judgement *j)
{
    enum dialect_verdict worst = r->n_items && j->each ? VERDICT_OK : j->all;
    char reason[sizeof j->why.text + 40];
    take_codes(b, r, j);
    if (b->beat)
        return worst;
    reason_of(r, j, reason, sizeof reason);
    if (j->all == VERDICT_REJECT && !j->each && r->n_items) {
        split(b, r->items, r->n_items, j->why.text);
        return worst;
    }
    for (size_t i = 0; i < r->n_items; i++) {
        enum dialect_verdict v = j->each ? j->each[i] : j->all;
        worst = worse(worst, v);
        if (v == VERDICT_OK)
            batch_accept(b, r->items[i], j->unbalanced && j->unbalanced[i]);
        else if (v == VERDICT_REJECT)
            quarantine(b, r->items[i], reason);
    }
    return worst;
}

/* Does the answer to a registration or a day's statement say something about the whole platform? */
static bool concerns_all(const struct publish_batch *b, const struct fetch_result *res)
{
    return b->what == PUBLISH_STATES || res->err || res->retry_after_ms >= 0 || res->status == 401 ||
           res->status == 429;
}

static void count(enum dialect_verdict worst)
{
    counter_add(worst == VERDICT_OK       ? C_DELIVERY_OK
                : worst == VERDICT_REJECT ? C_DELIVERY_REJECT
                                          : C_DELIVERY_RETRY,
                1);
}

void call_judge(struct publish_call *c, const struct fetch_result *res)
{
    struct publish_batch *b = c->batch;
    struct publish_sink *s = b->sink;
    const struct dialect_request *r = &b->reqs.v[c - b->calls];
    struct dialect_judgement j;
    judge(c, r, res, &j);
    enum dialect_verdict worst = decide(b, r, &j);
    count(worst);
    if ((worst == VERDICT_PAUSE || worst == VERDICT_RETRY) && !concerns_all(b, res)) {
        line_bad(s, b->what, worst == VERDICT_PAUSE, j.why.text);
    } else if (worst == VERDICT_PAUSE) {
        sink_paused(s, j.why.text);
    } else if (worst == VERDICT_RETRY) {
        sink_bad(s, c->started_ms, res->retry_after_ms, j.why.text);
    } else {
        s->lines[b->what].failures = 0;
        sink_good(s, c->started_ms, worst);
    }
    if (worst == VERDICT_REJECT)
        sink_fault(s, j.why.text);
    b->stopped |= worst == VERDICT_PAUSE || worst == VERDICT_RETRY;
    dialect_judgement_fini(&j);
}

/* Without a login nothing goes, so its answer concerns the sink. A good one says nothing of what follows:
 * where tokens are given out and then refused, the waits must grow all the same. */
bool call_judge_first(struct publish_call *c, const struct fetch_result *res)
{
    struct publish_batch *b = c->batch;
    struct publish_sink *s = b->sink;
    struct dialect_judgement j;
    judge(c, &b->reqs.v[0], res, &j);
    bool good = j.all == VERDICT_OK;
    b->stopped |= !good;
    if (j.all == VERDICT_RETRY)
        sink_bad(s, c->started_ms, res->retry_after_ms, j.why.text);
    else if (!good)
        sink_paused(s, j.why.text);
    dialect_judgement_fini(&j);
    return good;
}

void batch_fail(struct publish_batch *b, const char *reason)
{
    b->stopped = true;
    sink_bad(b->sink, mono(b->sink), -1, reason);
}

/* A script that fails may fail on one lot only, so that is looked for as if the platform had refused the
 * batch. What concerns the sink as a whole (a secret that cannot sign) waits for somebody to act. */
void batch_judge_local(struct publish_batch *b, int err, const struct why *why)
{
    struct publish_sink *s = b->sink;
    bool item = err == ERR_SCRIPT || err == ERR_BUDGET || err == ERR_TOO_BIG;
    const char *reason = why->text[0] ? why->text : err_text(err);
    b->stopped = true;
    if (b->beat) {
        log_warn(SINK, "sink=%s heartbeat=failed reason=\"%s\"", s->conf.id, reason);
    } else if (err == ERR_NOMEM || err == ERR_CONNECT) {
        sink_bad(s, mono(s), -1, reason);
    } else if (!item && b->what != PUBLISH_STATES) {
        line_bad(s, b->what, true, reason);
    } else if (!item) {
        sink_paused(s, reason);
    } else {
        uint32_t *all = calloc(b->n, sizeof *all);
        for (size_t i = 0; all && i < b->n; i++)
            all[i] = (uint32_t)i;
        if (all)
            split(b, all, b->n, reason);
        sink_fault(s, reason);
        free(all);
    }
}
