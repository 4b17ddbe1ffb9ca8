/* SPDX-License-Identifier: MIT
 * The running tests.
 */
#include "office/acceptance.h"

#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "parkd/net/timer.h"

#define TICK_MS   1000
#define WRITE_MS  30000
#define DOC_MAX   4096
#define RULES_DOC "acceptance"

struct running {
    char lot[LOT_ID_SIZE];
    struct acceptance a;
    enum check_result told[CHECK_N]; /* as written */
    bool changed;
    int64_t written_ms; /* monotonic */
    UT_hash_handle hh;
};

struct acceptances {
    struct office *o;
    struct running *all;
    struct timer *timer;
};

static struct running *find(const struct acceptances *s, struct view lot)
{
    struct running *r = NULL;
    HASH_FIND(hh, s->all, lot.p, lot.n, r);
    return r;
}

static void drop(struct acceptances *s, struct view lot)
{
    struct running *r = find(s, lot);
    if (!r)
        return;
    HASH_DEL(s->all, r);
    free(r);
}

static void note_told(struct running *r)
{
    for (int c = 0; c < CHECK_N; c++)
        r->told[c] = acceptance_result(&r->a, (enum acceptance_check)c);
}

/* What Redis says replaces ours when it is another test, or somebody waived or ended it; else ours is ahead.
 */
static void take(struct acceptances *s, const struct doc *d)
{
    struct acceptance a;
    if (!acceptance_read(d->tree, &a))
        return;
    struct running *r = find(s, view_of(d->id));
    if (!r && !(r = calloc(1, sizeof *r)))
        return;
    bool fresh = !r->lot[0];
    if (fresh || r->a.since_ms != a.since_ms || strcmp(r->a.waived, a.waived) != 0 ||
        a.state != ACCEPTANCE_RUNNING || !s->o->port.leads(s->o->port.ctx))
        r->a = a;
    note_told(r);
    if (!fresh)
        return;
    memcpy(r->lot, d->id, sizeof r->lot);
    HASH_ADD_STR(s->all, lot, r);
    if (!r->hh.tbl)
        free(r);
}

static void taken(struct office *o, enum noun noun, struct view id, const struct doc *d)
{
    if (noun != NOUN_ACCEPTANCE)
        return;
    if (d)
        take(o->acceptances, d);
    else
        drop(o->acceptances, id);
}

/* --- watching --- */

static void on_reading(void *ctx, uint32_t idx, enum registry_event ev)
{
    struct acceptances *s = ctx;
    const struct registry_lot *l = registry_lot(s->o->reg, idx);
    struct running *r =
        ev == REGISTRY_CHANGED || ev == REGISTRY_CONFIRMED ? find(s, view_of(l->lot.id)) : NULL;
    if (!r)
        return;
    int32_t before = r->a.reports;
    acceptance_observe(&r->a, &l->reading, l->interval_ms);
    r->changed = r->changed || r->a.reports != before;
}

static void on_written(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err)
        log_warn(OFFICE, "acceptance error=%s", err_name(err));
}

int acceptance_put(struct office *o, const struct acceptance *a, office_saved_fn *done, void *ctx)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, DOC_MAX);
    jw_init(&w, &b);
    acceptance_write(&w, a);
    int rc =
        b.err ? b.err : o->port.put(o->port.ctx, NOUN_ACCEPTANCE, view_of(a->lot), buf_get(&b), 0, done, ctx);
    buf_fini(&b);
    return rc;
}

static bool result_changed(const struct running *r)
{
    for (int c = 0; c < CHECK_N; c++) {
        if (acceptance_result(&r->a, (enum acceptance_check)c) != r->told[c])
            return true;
    }
    return false;
}

static void look(struct acceptances *s, struct running *r)
{
    struct office *o = s->o;
    uint32_t i = registry_find(o->reg, view_of(r->lot));
    int64_t now = clock_wall_ms(o->clock), mono = clock_mono_ms(o->clock);
    if (i == REGISTRY_NONE || registry_lot(o->reg, i)->lot.stage != STAGE_TESTING)
        return;
    acceptance_tick(&r->a, registry_lot(o->reg, i)->interval_ms, now);
    bool over = acceptance_judge(&r->a, now);
    if (!o->port.leads(o->port.ctx) ||
        !(over || result_changed(r) || (r->changed && mono - r->written_ms >= WRITE_MS)))
        return;
    int rc = acceptance_put(o, &r->a, on_written, NULL);
    if (rc)
        return;
    r->changed = false;
    r->written_ms = mono;
    note_told(r);
    if (over)
        log_info(OFFICE, "lot=%s acceptance=%s reports=%d", r->lot,
                 r->a.state == ACCEPTANCE_PASSED ? "passed" : "failed", (int)r->a.reports);
}

static void on_tick(void *ctx)
{
    struct acceptances *s = ctx;
    struct running *r, *next;
    HASH_ITER(hh, s->all, r, next)
    {
        if (r->a.state == ACCEPTANCE_RUNNING)
            look(s, r);
    }
    timer_arm(s->timer, TICK_MS);
}

/* --- for others --- */

bool acceptance_of(const struct office *o, struct view lot, struct acceptance *out)
{
    const struct running *r = find(o->acceptances, lot);
    if (r)
        *out = r->a;
    return r != NULL;
}

void acceptance_current_rules(const struct office *o, struct acceptance_rules *out)
{
    const struct doc *d = doc_find(o, NOUN_RULES, VIEW(RULES_DOC));
    if (!d || acceptance_rules_parse(d->tree, out, NULL))
        acceptance_rules_default(out);
}

int acceptance_start(struct office *o, const struct lot *lot, office_saved_fn *done, void *ctx)
{
    struct acceptance a;
    struct acceptance_rules rules;
    acceptance_current_rules(o, &rules);
    acceptance_begin(&a, lot->id, strcmp(lot->feed, PEOPLE_FEED) == 0, &rules, clock_wall_ms(o->clock));
    return acceptance_put(o, &a, done, ctx);
}

int acceptance_drop(struct office *o, struct view lot, office_saved_fn *done, void *ctx)
{
    return o->port.remove(o->port.ctx, NOUN_ACCEPTANCE, lot, done, ctx);
}

/* --- rules --- */

void office_acceptance_rules_show(struct call *c)
{
    const struct doc *d = doc_find(c->o, NOUN_RULES, VIEW(RULES_DOC));
    struct acceptance_rules r;
    struct json_writer w;
    struct buf b;
    acceptance_current_rules(c->o, &r);
    buf_init(&b, DOC_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    acceptance_rules_write(&w, &r);
    jw_end_object(&w);
    call_doc(c, 200, d ? d->version : 0, &b);
}

void office_acceptance_rules_put(struct call *c)
{
    struct acceptance_rules r;
    struct json *doc = NULL;
    struct json_writer w;
    struct why why = {0};
    struct buf b;
    int rc = c->r.body.n > DOC_MAX ? why_set(&why, ERR_TOO_BIG, "", "rules have at most 4 KiB")
                                   : json_parse(c->r.body, &doc, &why);
    rc = rc ? rc : acceptance_rules_parse(doc, &r, &why);
    json_free(doc);
    if (rc) {
        call_why(c, rc, &why);
        return;
    }
    buf_init(&b, DOC_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    acceptance_rules_write(&w, &r);
    jw_end_object(&w);
    call_put(c, NOUN_RULES, VIEW(RULES_DOC), &b, 0);
}

/* --- the part --- */

static int make(struct office *o, struct why *why)
{
    struct acceptances *s = calloc(1, sizeof *s);
    o->acceptances = s;
    if (!s || !(s->timer = timer_new(o->loop, on_tick, s)) || registry_watch(o->reg, on_reading, s))
        return why_set(why, ERR_NOMEM, "", "out of memory");
    s->o = o;
    return 0;
}

static void loaded(struct office *o)
{
    timer_arm(o->acceptances->timer, TICK_MS);
}

static void stop(struct office *o)
{
    if (!o->acceptances)
        return;
    timer_free(o->acceptances->timer);
    o->acceptances->timer = NULL;
    registry_unwatch(o->reg, on_reading, o->acceptances);
}

static void release(struct office *o)
{
    struct running *r, *next;
    if (!o->acceptances)
        return;
    HASH_ITER(hh, o->acceptances->all, r, next)
    {
        HASH_DEL(o->acceptances->all, r);
        free(r);
    }
    free(o->acceptances);
}

const struct office_part part_acceptance = {
    .make = make, .loaded = loaded, .taken = taken, .stop = stop, .release = release};
