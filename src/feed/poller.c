/* SPDX-License-Identifier: MIT
 * Performs the poll plan: builds the request by the dialect, asks, lets the dialect read, asks on while it
 * wants to. One struct poll_run a poll in flight; it is freed before anybody outside hears of the result.
 *
 * An answer of 304 says "as before", which is a confirmation: it becomes a sign of life for each lot that the
 * last whole answer told of, and for no others, dated as that answer dated it: a source whose clock stands
 * still has stopped, whether its server sends the bytes again or not. A sign of life cannot bring back a
 * number that expired meanwhile, nor stand for one that was refused, so then the whole answer is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "feed/feeds_impl.h"
#include "parkd/base/counters.h"
#include "parkd/net/fetch.h"
#include "parkd/net/timer.h"

struct poll_run {
    struct feed_entry *entry;
    struct fetch *op;
    struct dialect_request req;
    struct report_list reports;
    int64_t used_ms; /* of the deadline, by all requests so far; waiting in the fetcher does not count */
    int asked;       /* requests so far */
    bool conditional;
    struct fetch_tls tls;
};

static void on_answer(void *ctx, const struct fetch_result *res);

static uint32_t random_next(struct feeds *fs)
{
    fs->random ^= fs->random << 13;
    fs->random ^= fs->random >> 7;
    fs->random ^= fs->random << 17;
    return (uint32_t)(fs->random >> 16);
}

static void run_free(struct poll_run *run)
{
    if (!run)
        return;
    fetch_cancel(run->op);
    dialect_request_fini(&run->req);
    report_list_fini(&run->reports);
    free(run);
}

static struct dialect_ctx ctx_of(const struct feed_entry *e)
{
    return (struct dialect_ctx){.now_ms = clock_wall_ms(e->set->clock),
                                .url = view_of(e->feed.url),
                                .lots = e->set->reg,
                                .feed = e->feed.id};
}

/* ---- conditional polls */

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

static void remember(struct poll_run *run, struct view head)
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

static size_t add_condition(struct poll_run *run, struct fetch_header *h)
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

/* ---- one poll */

static void perform(struct feed_entry *e, enum poll_event ev, int64_t retry_after_ms);

/* The end of a poll: status first, then the next slot, then the reports go out. */
static void end_run(struct feed_entry *e, const struct why *why, int64_t retry_after_ms)
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
        run_free(run);
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

static const char *or_null(const char *s)
{
    return s[0] ? s : NULL;
}

static int ask(struct poll_run *run, struct why *why)
{
    struct feed_entry *e = run->entry;
    struct fetch_header h[DIALECT_MAX_HEADERS + 2];
    int64_t deadline = poll_deadline(e->feed.interval_ms);
    size_t n = 0;
    if (run->used_ms >= deadline)
        return why_set(why, ERR_TIMEOUT, "", "took longer than %lld ms", (long long)deadline);
    for (; n < (size_t)run->req.n_headers; n++)
        h[n] = (struct fetch_header){view_of(run->req.headers[n].name), view_of(run->req.headers[n].value)};
    run->asked++;
    n += add_condition(run, &h[n]);
    const struct tls_files *tls = &e->feed.tls;
    run->tls = (struct fetch_tls){or_null(tls->ca_file), or_null(tls->cert_file), or_null(tls->key_file),
                                  tls->skip_verify};
    struct fetch_request req = {.method = view_of(run->req.method),
                                .url = view_of(run->req.url),
                                .headers = h,
                                .n_headers = n,
                                .body = buf_get(&run->req.body),
                                .timeout_ms = deadline - run->used_ms,
                                .tls = &run->tls};
    run->op = fetch_start(e->set->fetcher, &req, on_answer, run, why);
    return run->op ? 0 : ERR_INVALID;
}

static void begin_run(struct feed_entry *e)
{
    struct why why = {0};
    struct dialect_ctx ctx = ctx_of(e);
    struct poll_run *run = calloc(1, sizeof *run);
    e->status.last_try_ms = ctx.now_ms;
    e->status.http_status = 0;
    e->run = run;
    int err = ERR_NOMEM;
    if (run) {
        run->entry = e;
        report_list_init(&run->reports);
        dialect_request_init(&run->req);
        err = dialect_poll(e->session, &ctx, &run->req, &why);
    }
    if (!err)
        err = ask(run, &why);
    if (err && !why.text[0])
        (void)why_set(&why, err, "", "%s", err_text(err));
    if (err)
        end_run(e, &why, -1);
}

static int confirm(struct poll_run *run)
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

/* 0 with *more: another request was sent. */
static int read_answer(struct poll_run *run, const struct fetch_result *res, bool *more, struct why *why)
{
    struct feed_entry *e = run->entry;
    struct dialect_ctx ctx = ctx_of(e);
    struct dialect_response answer = {res->status, res->head, res->body};
    struct dialect_request next;
    *more = false;
    if (res->err)
        return why_set(why, res->err, "", "%s", res->detail[0] ? res->detail : err_text(res->err));
    if (res->status == 304 && run->conditional)
        return confirm(run);
    int err = dialect_decode(e->session, &ctx, &answer, &run->reports, &next, more, why);
    if (err)
        return err;
    if (!*more) {
        remember(run, res->head);
        counter_add(C_POLL_GOOD, 1);
        dialect_request_fini(&next);
        return 0;
    }
    dialect_request_fini(&run->req);
    run->req = next;
    if (run->asked > DIALECT_MAX_FOLLOW_UPS)
        return why_set(why, ERR_BUDGET, "", "more than %d further requests", DIALECT_MAX_FOLLOW_UPS);
    return ask(run, why);
}

static void on_answer(void *ctx, const struct fetch_result *res)
{
    struct poll_run *run = ctx;
    struct feed_entry *e = run->entry;
    struct why why = {0};
    bool more = false;
    run->op = NULL;
    run->used_ms += res->took_ms;
    e->status.http_status = res->status;
    int err = read_answer(run, res, &more, &why);
    if (!err && more)
        return;
    if (err && !why.text[0])
        (void)why_set(&why, err, "", "%s", err_text(err));
    end_run(e, err ? &why : NULL, res->retry_after_ms);
}

/* ---- the plan */

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
        begin_run(e);
        break;
    case POLL_ACT_CANCEL:
        timer_cancel(e->due);
        run_free(e->run);
        e->run = NULL;
        break;
    }
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
    return e->due ? 0 : why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

void poller_close(struct feed_entry *e)
{
    if (!e->due)
        return;
    perform(e, POLL_EV_STOP, -1);
    timer_free(e->due);
    e->due = NULL;
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

void poller_again(struct feed_entry *e)
{
    if (!e->due)
        return;
    perform(e, POLL_EV_STOP, -1);
    perform(e, POLL_EV_START, -1);
    (void)poller_now(e);
}
