/* SPDX-License-Identifier: MIT
 * An operator's lots: seen, registered, handed in for the acceptance test; and what officers decide about
 * them.
 */
#include "office/operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "parkd/model/freshness.h"

#define BODY_MAX 4096

/* --- what both files share --- */

void copy_members(struct json_writer *w, const struct json *doc, const char *const *but)
{
    jw_object(w, NULL);
    for (const struct json *m = json_first(doc); m; m = json_next(m)) {
        const char *const *name = but;
        while (*name && !view_is(json_key(m), *name))
            name++;
        if (*name)
            continue;
        jw_key(w, json_key(m));
        jw_json(w, NULL, m);
    }
}

struct json *registration_body(struct call *c)
{
    struct json *doc = NULL;
    struct why why = {0};
    int rc = c->r.body.n > REGISTRATION_MAX
                 ? why_set(&why, ERR_TOO_BIG, "", "a registration has at most 64 KiB")
                 : json_parse(c->r.body, &doc, &why);
    if (!rc && !json_is(doc, JSON_OBJECT))
        rc = why_set(&why, ERR_TYPE, "", "must be an object");
    if (!rc && !view_eq(json_text(json_get(doc, "id")), c->r.args[0]))
        rc = why_set(&why, ERR_INVALID, "/id", "must be the id in the path");
    if (!rc)
        return doc;
    json_free(doc);
    call_why(c, rc, &why);
    return NULL;
}

bool wanted_version(struct call *c, bool there, uint64_t version, uint64_t *out)
{
    int64_t asked = 0;
    *out = there ? version : UINT64_MAX;
    if (!c->r.if_match.n ||
        (there && !view_to_int(c->r.if_match, 1, INT64_MAX, &asked) && (uint64_t)asked == version))
        return true;
    call_why(c, ERR_CONFLICT, NULL);
    return false;
}

/* --- seeing --- */

static void write_reading(struct json_writer *w, const struct registry_lot *l, int64_t now)
{
    const struct reading *r = &l->reading;
    jw_object(w, "reading");
    jw_str(w, "freshness", freshness_name(freshness_of(r, l->interval_ms, now)));
    if (r->free != COUNT_NONE && freshness_current(r, l->interval_ms, now))
        jw_int(w, "free", r->free);
    else
        jw_null(w, "free");
    jw_str(w, "band", band_name(r->band));
    jw_array(w, "quality");
    for (int q = 0; q < QUALITY_N; q++) {
        if (r->quality & (1U << q))
            jw_str(w, NULL, quality_name((enum quality_bit)q));
    }
    jw_end_array(w);
    if (r->observed_ms > 0)
        jw_time(w, "observed_at", r->observed_ms);
    jw_end_object(w);
}

static void write_lot(struct json_writer *w, const struct call *c, const struct registry_lot *l)
{
    static const char *const none[] = {NULL};
    struct acceptance a;
    struct json *doc = NULL;
    if (!l->text || json_parse(view_of(l->text), &doc, NULL)) {
        jw_null(w, NULL);
        return;
    }
    copy_members(w, doc, none);
    json_free(doc);
    jw_str(w, "state", lot_stage_name(l->lot.stage));
    write_reading(w, l, clock_wall_ms(c->o->clock));
    if (acceptance_of(c->o, view_of(l->lot.id), &a))
        acceptance_show(w, "acceptance", &a);
    else
        jw_null(w, "acceptance");
    jw_end_object(w);
}

void office_operator_lots(struct call *c)
{
    struct json_writer w;
    struct buf b;
    int64_t n = 0;
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_array(&w, "lots");
    for (uint32_t i = 0; i < registry_size(c->o->reg); i++) {
        const struct registry_lot *l = registry_lot(c->o->reg, i);
        if (l->removed || !principal_owns(&c->who, l->lot.owner))
            continue;
        write_lot(&w, c, l);
        n++;
    }
    jw_end_array(&w);
    jw_int(&w, "count", n);
    jw_end_object(&w);
    call_json(c, 200, &b);
}

void office_operator_lot(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct json_writer w;
    struct buf b;
    if (!l)
        return;
    buf_init(&b, REGISTRATION_MAX * 2);
    jw_init(&w, &b);
    write_lot(&w, c, l);
    call_doc(c, 200, l->version, &b);
}

void office_lot_acceptance(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct acceptance a;
    struct json_writer w;
    struct buf b;
    if (!l)
        return;
    if (!acceptance_of(c->o, view_of(l->lot.id), &a)) {
        call_fail(c, ERR_NOT_FOUND, "", "no test of this lot was begun; hand it in first (submit)");
        return;
    }
    buf_init(&b, REGISTRATION_MAX);
    jw_init(&w, &b);
    acceptance_show(&w, NULL, &a);
    call_json(c, 200, &b);
}

/* --- registering --- */

struct registering {
    struct call *c;
    struct buf text;
    uint64_t version;
};

static void on_entered(void *ctx, int err, uint64_t version)
{
    struct registering *s = ctx;
    struct call *c = s->c;
    (void)version;
    if (err && err != ERR_CONFLICT) { /* a conflict: the entry is being changed otherwise; it follows the lot
                                         in any case */
        buf_fini(&s->text);
        call_why(c, err, NULL);
    } else {
        call_put(c, NOUN_LOT, c->r.args[0], &s->text, s->version);
    }
    free(s);
}

/* A new lot is in the ledger first, by whom it was entered. */
static int enter(struct call *c, const struct lot *lot, struct registering *s)
{
    struct ledger_entry e;
    const struct doc *d = doc_find(c->o, NOUN_LEDGER, view_of(lot->id));
    struct ledger_step step = {call_now(c), c->who.account, "registered by its operator", STAGE_SURVEYED,
                               STAGE_REGISTERED};
    bool there = d && ledger_read(d->tree, &e);
    if (!there)
        ledger_of_lot(lot, &e);
    step.from = there ? e.state : STAGE_SURVEYED;
    memcpy(e.owner, lot->owner, sizeof e.owner);
    e.state = STAGE_REGISTERED;
    return ledger_put(c->o, &e, &step, d ? d->version : UINT64_MAX, on_entered, s);
}

/* What an operator may not, besides what every registration must be. */
static int check_own(struct call *c, const struct lot *lot, const struct registry_lot *held, struct why *why)
{
    struct ledger_entry e;
    const struct feed *f = lot->feed[0] ? feed_of(c, view_of(lot->feed)) : NULL;
    bool staff = principal_is_staff(&c->who);
    if (!staff && lot->feed[0] && !f && strcmp(lot->feed, PEOPLE_FEED) != 0)
        return why_set(why, ERR_INVALID, "/feed", "no feed of yours has this id");
    if (!held && ledger_entry_of(c->o, view_of(lot->id), &e) && !staff && e.owner[0] &&
        strcmp(e.owner, c->who.owner) != 0)
        return why_set(why, ERR_NOT_FOUND, "", "no lot of yours has this id");
    if (!staff && held && held->lot.stage == STAGE_CONNECTED &&
        (strcmp(lot->feed, held->lot.feed) != 0 || strcmp(lot->foreign_id, held->lot.foreign_id) != 0))
        return why_set(why, ERR_STATE, "/feed",
                       "the lot is connected; ask the office to suspend it before its feed changes");
    return 0;
}

static int parse_own(struct call *c, const struct json *doc, const struct registry_lot *held,
                     struct buf *text, struct lot *lot, struct why *why)
{
    static const char *const ours[] = {"stage", "operator", NULL};
    struct json_writer w;
    struct json *whole = NULL;
    struct view owner =
        principal_is_staff(&c->who) ? json_text(json_get(doc, "operator")) : view_of(c->who.owner);
    jw_init(&w, text);
    copy_members(&w, doc, ours);
    if (owner.n)
        jw_view(&w, "operator", owner);
    jw_str(&w, "stage", lot_stage_name(held ? held->lot.stage : STAGE_REGISTERED));
    jw_end_object(&w);
    int rc = text->err ? text->err : json_parse(buf_get(text), &whole, why);
    rc = rc ? rc : lot_parse(whole, lot, why);
    rc = rc ? rc : check_own(c, lot, held, why);
    rc = rc ? rc : c->o->port.check(c->o->port.ctx, NOUN_LOT, c->r.args[0], whole, why);
    json_free(whole);
    return rc;
}

void office_operator_lot_put(struct call *c)
{
    struct lot lot;
    struct why why = {0};
    uint64_t version = 0;
    struct json *doc = registration_body(c);
    if (!doc)
        return;
    uint32_t i = registry_find(c->o->reg, c->r.args[0]);
    const struct registry_lot *held =
        i == REGISTRY_NONE || registry_lot(c->o->reg, i)->removed ? NULL : registry_lot(c->o->reg, i);
    if (held && !principal_owns(&c->who, held->lot.owner)) {
        json_free(doc);
        call_fail(c, ERR_NOT_FOUND, "", "no lot of yours has this id");
        return;
    }
    struct registering *s = calloc(1, sizeof *s);
    int rc = s ? 0 : ERR_NOMEM;
    if (s) {
        s->c = c;
        buf_init(&s->text, REGISTRATION_MAX);
        rc = parse_own(c, doc, held, &s->text, &lot, &why);
    }
    json_free(doc);
    if (!rc && !wanted_version(c, held != NULL, held ? held->version : 0, &version)) {
        buf_fini(&s->text);
        free(s);
        return;
    }
    if (!rc && held) {
        call_put(c, NOUN_LOT, c->r.args[0], &s->text, version);
        free(s);
        return;
    }
    if (!rc) {
        s->version = version;
        rc = enter(c, &lot, s);
    }
    if (!rc)
        return;
    if (s)
        buf_fini(&s->text);
    free(s);
    call_why(c, rc, &why);
}

/* --- handing in --- */

struct handing_in {
    struct call *c;
    char lot[LOT_ID_SIZE];
};

static void on_test_begun(void *ctx, int err, uint64_t version)
{
    struct handing_in *h = ctx;
    struct call *c = h->c;
    (void)version;
    free(h);
    if (err)
        call_why(c, err, NULL);
    else
        office_lot_acceptance(c);
}

static void on_in_test(void *ctx, int err, uint64_t version)
{
    struct handing_in *h = ctx;
    uint32_t i = registry_find(h->c->o->reg, view_of(h->lot));
    if (!err && i == REGISTRY_NONE)
        err = ERR_NOT_FOUND;
    if (!err)
        err = acceptance_start(h->c->o, &registry_lot(h->c->o->reg, i)->lot, on_test_begun, h);
    if (err)
        on_test_begun(h, err, version);
}

void office_lot_submit(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct why why = {0};
    if (!l)
        return;
    if (!l->lot.feed[0]) {
        call_fail(c, ERR_STATE, "/feed", "choose the feed that tells its counts first, or name attendants");
        return;
    }
    struct handing_in *h = calloc(1, sizeof *h);
    int rc = h ? 0 : ERR_NOMEM;
    if (h) {
        h->c = c;
        memcpy(h->lot, l->lot.id, sizeof h->lot);
        if (l->lot.stage == STAGE_TESTING) { /* once more, from the beginning */
            on_in_test(h, 0, 0);
            return;
        }
        rc = ledger_step(c->o, view_of(l->lot.id), STAGE_TESTING, c->who.account,
                         "handed in for the acceptance test", on_in_test, h, &why);
    }
    if (!rc)
        return;
    free(h);
    call_why(c, rc, &why);
}

static void on_dropped(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err && err != ERR_NOT_FOUND)
        log_warn(OFFICE, "acceptance error=%s", err_name(err));
}

static void drop_test(struct office *o, struct view lot)
{
    int rc = acceptance_drop(o, lot, on_dropped, NULL);
    if (rc)
        on_dropped(NULL, rc, 0);
}

void office_lot_withdraw(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    if (!l)
        return;
    if (l->lot.stage != STAGE_TESTING) {
        call_fail(c, ERR_STATE, "", "the lot is not in its acceptance test");
        return;
    }
    drop_test(c->o, c->r.args[0]);
    call_step(c, c->r.args[0], STAGE_REGISTERED, "withdrawn by its operator");
}

/* --- deciding --- */

struct decision {
    char why[LEDGER_WHY_SIZE];
    bool override;
};

/* false: answered. */
static bool read_decision(struct call *c, struct decision *d)
{
    static const char *const known[] = {"why", "override", NULL};
    struct why why = {0};
    struct json *doc = call_object(c, BODY_MAX, known);
    *d = (struct decision){.override = false};
    if (!doc)
        return false;
    int rc = json_want_str(doc, "why", d->why, sizeof d->why, &why);
    rc = rc ? rc : json_want_bool(doc, "override", &d->override, &why);
    json_free(doc);
    if (rc)
        call_why(c, rc, &why);
    return !rc;
}

void office_lot_approve(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct decision d;
    struct acceptance a;
    if (!l || !read_decision(c, &d))
        return;
    bool passed = acceptance_of(c->o, view_of(l->lot.id), &a) && a.state == ACCEPTANCE_PASSED;
    if (!passed && !d.override) {
        call_fail(c, ERR_STATE, "/override",
                  "its acceptance test has not passed; wait for it, or approve with override and a why");
        return;
    }
    if (!passed && !d.why[0]) {
        call_fail(c, ERR_MISSING, "/why", "an approval before the test has passed needs its reason");
        return;
    }
    call_step(c, c->r.args[0], STAGE_CONNECTED, d.why[0] ? d.why : "the acceptance test has passed");
}

static void decide(struct call *c, enum lot_stage to)
{
    struct decision d;
    if (!call_lot(c, c->r.args[0]) || !read_decision(c, &d))
        return;
    call_step(c, c->r.args[0], to, d.why);
}

void office_lot_refuse(struct call *c)
{
    decide(c, STAGE_REGISTERED);
}

void office_lot_suspend(struct call *c)
{
    decide(c, STAGE_SUSPENDED);
}

void office_lot_resume(struct call *c)
{
    decide(c, STAGE_CONNECTED);
}

void office_lot_retire(struct call *c)
{
    decide(c, STAGE_RETIRED);
}

static void on_waived(void *ctx, int err, uint64_t version)
{
    struct call *c = ctx;
    (void)version;
    if (err)
        call_why(c, err, NULL);
    else
        office_lot_acceptance(c);
}

void office_lot_waive(struct call *c)
{
    struct decision d;
    struct acceptance a;
    if (!call_lot(c, c->r.args[0]) || !read_decision(c, &d))
        return;
    if (!acceptance_of(c->o, c->r.args[0], &a) || a.state != ACCEPTANCE_RUNNING) {
        call_fail(c, ERR_STATE, "", "no test of this lot is running");
        return;
    }
    if (!d.why[0] || view_copy(view_of(d.why), a.waived, sizeof a.waived)) {
        call_fail(c, ERR_INVALID, "/why", "a waiver needs its reason, of at most 127 bytes");
        return;
    }
    int rc = acceptance_put(c->o, &a, on_waived, c);
    if (rc)
        call_why(c, rc, NULL);
}
