/* SPDX-License-Identifier: MIT
 * The sinks: registered, opened, told what moved in the registry, ended in order.
 */
#define HASH_NONFATAL_OOM 1

#include "parkd/publish/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/crypto.h"
#include "parkd/base/log.h"
#include "parkd/net/timer.h"
#include "publish/publish_impl.h"

static int64_t mono(const struct publisher *p)
{
    return clock_mono_ms(p->clock);
}

struct publish_sink *publisher_sink(const struct publisher *p, struct view id)
{
    struct publish_sink *s = NULL;
    if (id.n > 0 && id.n < SINK_ID_SIZE)
        HASH_FIND(hh, p->sinks, id.p, id.n, s);
    return s;
}

/* ---- waking */

static void on_wake(void *ctx)
{
    struct publish_sink *s = ctx;
    s->wake_at = PLAN_NEVER;
    sink_pump(s);
}

void sink_wake(struct publish_sink *s, int64_t in_ms)
{
    int64_t at = mono(s->p) + (in_ms > 0 ? in_ms : 0);
    if (s->p->stopping || at >= s->wake_at)
        return;
    s->wake_at = at;
    timer_arm(s->wake, in_ms);
}

void sink_fault(struct publish_sink *s, const char *text)
{
    (void)snprintf(s->stats.last_error, sizeof s->stats.last_error, "%s", text);
}

const char *publish_what_name(enum publish_what what)
{
    static const char *const names[PUBLISH_WHATS] = {
        [PUBLISH_STATES] = "state", [PUBLISH_FILINGS] = "registration", [PUBLISH_DAYS] = "day"};
    return names[what];
}

/* ---- what moves in the registry */

static void sink_drop(struct publish_sink *s, const struct registry_lot *l)
{
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        if (publish_plan_drop(s->lines[i].plan, l->idx))
            sink_save_hold(s, (enum publish_what)i, l->idx, NULL);
    }
    if (l->removed)
        sink_forget_lot(s, l->idx);
}

/* Somebody mended a refused registration: no count moves by itself like that, so it is told at once. */
static int mark_filing(struct publish_sink *s, const struct registry_lot *l, int64_t now)
{
    struct publish_plan *plan = s->lines[PUBLISH_FILINGS].plan;
    int err = s->files ? publish_plan_mark(plan, l->idx, l->version, now) : 0;
    publish_plan_hurry(plan, l->idx, now);
    return err;
}

static int sink_mark(struct publish_sink *s, const struct registry_lot *l, int64_t now)
{
    int err = mark_filing(s, l, now);
    sink_gate(s, l->idx);
    sink_day_meet(s, l->idx);
    return err ? err : publish_plan_mark(s->lines[PUBLISH_STATES].plan, l->idx, l->reading.seq, now);
}

static bool is_level(const struct publish_plan *plan, const struct registry_lot *l)
{
    uint64_t known = publish_plan_known(plan, l->idx);
    return !known || known >= l->reading.seq;
}

void sink_farewell(struct publish_sink *s, const struct registry_lot *l)
{
    struct publish_plan *plan = s->lines[PUBLISH_STATES].plan;
    bool withdrawn = !l->removed && lot_stage_is_withdrawn(l->lot.stage);
    if (!withdrawn || !l->reading.expired || is_level(plan, l) ||
        publish_plan_mark(plan, l->idx, l->reading.seq, mono(s->p)))
        sink_drop(s, l);
    else
        sink_wake(s, 0);
}

static void sink_look(struct publish_sink *s, uint32_t idx, bool confirmed)
{
    const struct registry_lot *l = registry_lot(s->p->reg, idx);
    int64_t now = mono(s->p);
    if (l->removed || l->lot.stage != STAGE_CONNECTED) {
        sink_farewell(s, l);
        return;
    }
    if (confirmed && !publish_plan_touch(s->lines[PUBLISH_STATES].plan, idx))
        return;
    if (sink_mark(s, l, now)) {
        sink_fault(s, "out of memory");
        return;
    }
    /* Otherwise somebody else wakes the pump: the answer, the end of the wait, the load. */
    if (s->session && s->phase == SINK_READY && s->in_flight < s->conf.parallel &&
        now >= s->pace.not_before) {
        int64_t due = sink_due(s, now);
        if (due != PLAN_NEVER)
            sink_wake(s, due - now);
    }
}

static void on_registry(void *ctx, uint32_t idx, enum registry_event ev)
{
    struct publisher *p = ctx;
    for (struct publish_sink *s = p->sinks; s; s = s->hh.next)
        sink_look(s, idx, ev == REGISTRY_CONFIRMED);
}

/* ---- opening and closing */

static void sink_close(struct publish_sink *s)
{
    sink_cancel(s);
    dialect_close(s->session);
    s->session = NULL;
}

static int open_session(struct publish_sink *s, struct why *why)
{
    const struct dialect *d = dialects_find(s->p->dialects, s->conf.dialect);
    if (!d)
        return why_set(why, ERR_NOT_FOUND, "/dialect", "there is no dialect %s", s->conf.dialect);
    if (!(dialect_parts(d) & DIALECT_PUSH))
        return why_set(why, ERR_STATE, "/dialect", "dialect %s cannot tell a platform", s->conf.dialect);
    size_t wish = dialect_max_batch(d);
    s->max_batch = (size_t)(s->conf.batch > 0 ? s->conf.batch : 1);
    if (wish && wish < s->max_batch)
        s->max_batch = wish;
    s->beats = dialect_parts(d) & DIALECT_BEAT && s->conf.heartbeat_ms > 0;
    s->files = dialect_parts(d) & DIALECT_REGISTER;
    s->tells_days = dialect_parts(d) & DIALECT_DAY;
    s->session = dialect_open(d, view_of(s->conf.params), why);
    return s->session ? 0 : ERR_INVALID;
}

/* What made a line wait may be different now. */
static void lines_hurry(struct publish_sink *s)
{
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        s->lines[i].failures = 0;
        s->lines[i].not_before = 0;
    }
}

static void lines_resume(struct publish_sink *s)
{
    lines_hurry(s);
    for (int i = 0; i < PUBLISH_WHATS; i++)
        publish_plan_resume(s->lines[i].plan, mono(s->p));
    s->day.done = 0; /* missed days are told as well */
}

static int sink_open(struct publish_sink *s, struct why *why)
{
    const struct tls_files *tls = &s->conf.tls;
    s->tls = (struct fetch_tls){tls->ca_file, tls->cert_file, tls->key_file, tls->skip_verify};
    s->pace = (struct publish_pace){0};
    lines_hurry(s);
    if (s->conf.parallel < 1 || s->conf.parallel > PUBLISH_LANES)
        s->conf.parallel = 1;
    int err = s->conf.enabled ? open_session(s, why) : 0;
    if (err)
        sink_fault(s, why->text);
    for (uint32_t i = 0; i < registry_size(s->p->reg); i++)
        sink_look(s, i, false);
    sink_wake(s, 0);
    return err;
}

static void sink_free(struct publish_sink *s)
{
    if (!s)
        return;
    sink_close(s);
    sink_detach(s);
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        publish_plan_free(s->lines[i].plan);
        free(s->lines[i].unsaved.v);
    }
    sink_free_known(s);
    timer_free(s->wake);
    sink_fini(&s->conf);
    free(s);
}

static struct publish_sink *sink_new(struct publisher *p, const char *id)
{
    struct publish_sink *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->p = p;
    s->wake_at = PLAN_NEVER;
    for (int i = 0; i < PUBLISH_LANES; i++)
        s->lanes[i].sink = s;
    memcpy(s->conf.id, id, sizeof s->conf.id);
    s->stats.clock_off_ms = -1;
    for (int i = 0; i < PUBLISH_WHATS; i++) {
        if (!(s->lines[i].plan = publish_plan_new()))
            goto fail;
    }
    if (!(s->wake = timer_new(p->loop, on_wake, s)))
        goto fail;
    HASH_ADD_KEYPTR(hh, p->sinks, s->conf.id, strlen(s->conf.id), s);
    if (publisher_sink(p, view_of(s->conf.id)) == s)
        return s;
fail:
    sink_free(s);
    return NULL;
}

/* The same registration again, as after a reconnect of the store? Both came from sink_parse, which zeroes. */
static bool same_sink(const struct sink *a, const struct sink *b)
{
    struct sink x = *a, y = *b;
    x.params = y.params = NULL;
    return strcmp(a->params, b->params) == 0 && memcmp(&x, &y, sizeof x) == 0;
}

int publisher_put(struct publisher *p, struct sink *sink, struct why *why)
{
    struct publish_sink *s = publisher_sink(p, view_of(sink->id));
    struct why own = {0};
    if (s && s->session && same_sink(&s->conf, sink)) {
        sink_fini(sink);
        return 0;
    }
    if (!s && !(s = sink_new(p, sink->id))) {
        sink_fini(sink);
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    sink_close(s);
    sink_fini(&s->conf);
    s->conf = *sink; /* the same id at the same place: the table's key stays good */
    sink->params = NULL;
    s->stats.last_error[0] = '\0';
    int err = sink_open(s, &own);
    if (err && why)
        *why = own;
    return err;
}

void publisher_remove(struct publisher *p, struct view id)
{
    struct publish_sink *s = publisher_sink(p, id);
    if (!s)
        return;
    HASH_DELETE(hh, p->sinks, s);
    sink_free(s);
    publisher_check_quiet(p);
}

void publisher_use_dialects(struct publisher *p, const struct dialects *dialects)
{
    p->dialects = dialects;
    for (struct publish_sink *s = p->sinks; s; s = s->hh.next) {
        struct why why = {0};
        sink_close(s);
        if (sink_open(s, &why))
            log_error(SINK, "sink=%s unusable at=%s reason=\"%s\"", s->conf.id, why.at, why.text);
        lines_resume(s); /* what the old dialect could not say, the new one may */
    }
}

int publisher_resume(struct publisher *p, struct view sink)
{
    struct publish_sink *s = publisher_sink(p, sink);
    if (!s)
        return ERR_NOT_FOUND;
    publish_pace_resume(&s->pace);
    lines_resume(s);
    s->resume_loaded = s->phase != SINK_READY;
    sink_wake(s, 0);
    return 0;
}

void publisher_reload(struct publisher *p)
{
    for (struct publish_sink *s = p->sinks; s; s = s->hh.next) {
        sink_detach_load(s);
        s->load_after_ms = 0;
        if (s->phase == SINK_READY)
            s->phase = SINK_LOADING;
        sink_wake(s, 0);
    }
}

void publisher_acked(struct publisher *p, const char *sink, enum publish_what what, struct view lot,
                     uint64_t number, struct view text)
{
    struct publish_sink *s = publisher_sink(p, view_of(sink));
    uint32_t idx = registry_find(p->reg, lot);
    if (!s || idx == REGISTRY_NONE)
        return;
    publish_plan_acked(s->lines[what].plan, idx, number);
    if (what == PUBLISH_FILINGS)
        sink_load_code(s, idx, text);
    else if (what == PUBLISH_DAYS && view_is(text, "unbalanced"))
        sink_load_unbalanced(s, idx, number);
}

/* The store's time is the wall's and survives us; the plan's is monotonic. */
void publisher_held(struct publisher *p, const char *sink, enum publish_what what, struct view lot,
                    const struct publish_hold *h)
{
    struct publish_sink *s = publisher_sink(p, view_of(sink));
    uint32_t idx = registry_find(p->reg, lot);
    struct publish_hold own = *h;
    if (!s || idx == REGISTRY_NONE)
        return;
    int64_t left = h->retry_ms - clock_wall_ms(p->clock);
    left = left > 0 ? (int64_t)((double)left * 1000 / (double)clock_wall_span(p->clock, 1000)) : 0;
    own.retry_ms = mono(p) + (left < PLAN_HOLD_CAP_MS ? left : PLAN_HOLD_CAP_MS);
    publish_plan_held(s->lines[what].plan, idx, &own);
}

/* ---- beginning and end */

static void on_stop_timer(void *ctx)
{
    struct publisher *p = ctx;
    void (*stopped)(void *) = p->stopped;
    for (struct publish_sink *s = p->sinks; s; s = s->hh.next)
        sink_cancel(s);
    p->stopped = NULL;
    if (stopped)
        stopped(p->stopped_ctx);
}

struct publisher *publisher_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                                struct fetcher *fetcher, const struct dialects *dialects,
                                const struct publish_port *port)
{
    struct publisher *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct publisher){
        .loop = loop, .clock = clock, .reg = reg, .fetcher = fetcher, .dialects = dialects, .port = *port};
    if (crypto_random(&p->instance, sizeof p->instance))
        p->instance = (uint64_t)clock_wall_ms(clock);
    p->random = p->instance | 1;
    if (!(p->stop_timer = timer_new(loop, on_stop_timer, p)) || registry_watch(reg, on_registry, p)) {
        timer_free(p->stop_timer);
        free(p);
        return NULL;
    }
    return p;
}

/* Nothing in flight, and nothing that the store could still be told? */
static bool quiet(const struct publisher *p)
{
    bool up = p->port.store_up(p->port.ctx);
    for (const struct publish_sink *s = p->sinks; s; s = s->hh.next) {
        if (s->in_flight || sink_unsaved(s, up))
            return false;
    }
    return true;
}

void publisher_check_quiet(struct publisher *p)
{
    if (p->stopping && p->stopped && quiet(p))
        timer_arm(p->stop_timer, 0);
}

void publisher_stop(struct publisher *p, int64_t grace_ms, void (*stopped)(void *ctx), void *ctx)
{
    if (p->stopping)
        return;
    p->stopping = true;
    p->stopped = stopped;
    p->stopped_ctx = ctx;
    for (struct publish_sink *s = p->sinks; s; s = s->hh.next) {
        timer_cancel(s->wake);
        for (int i = 0; i < PUBLISH_LANES; i++)
            s->lanes[i].stopped = true;
        for (int i = 0; i < PUBLISH_WHATS; i++)
            s->lines[i].save_after_ms = 0; /* what could not be saved before is tried once more, now */
        sink_save(s, mono(p));
    }
    timer_arm(p->stop_timer, grace_ms);
    publisher_check_quiet(p);
}

void publisher_free(struct publisher *p)
{
    struct publish_sink *s, *next;
    if (!p)
        return;
    registry_unwatch(p->reg, on_registry, p);
    HASH_ITER(hh, p->sinks, s, next)
    {
        HASH_DELETE(hh, p->sinks, s);
        sink_free(s);
    }
    timer_free(p->stop_timer);
    free(p);
}
