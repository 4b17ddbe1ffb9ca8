/* SPDX-License-Identifier: MIT
 * Entries: listed, shown, put; and steps.
 */
#include "office/ledger.h"
#include "office/acceptance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"

#define BODY_MAX  16384
#define ENTRY_MAX 32768

void ledger_of_lot(const struct lot *l, struct ledger_entry *out)
{
    ledger_init(out);
    (void)snprintf(out->id, sizeof out->id, "%s", l->id);
    (void)snprintf(out->name, sizeof out->name, "%s", l->name);
    (void)snprintf(out->address, sizeof out->address, "%s", l->address);
    (void)snprintf(out->area, sizeof out->area, "%s", l->area);
    (void)snprintf(out->owner, sizeof out->owner, "%s", l->owner);
    (void)snprintf(out->kind, sizeof out->kind, "%s", l->kind);
    out->total = l->total;
    out->open = l->open;
    out->has_point = l->has_point;
    out->lng = l->lng;
    out->lat = l->lat;
    out->datum = l->datum;
    out->state = l->stage;
}

static const struct registry_lot *lot_of(const struct office *o, struct view id)
{
    uint32_t i = registry_find(o->reg, id);
    const struct registry_lot *l = i == REGISTRY_NONE ? NULL : registry_lot(o->reg, i);
    return l && !l->removed ? l : NULL;
}

bool ledger_entry_of(const struct office *o, struct view id, struct ledger_entry *out)
{
    const struct doc *d = doc_find(o, NOUN_LEDGER, id);
    const struct registry_lot *l = lot_of(o, id);
    if (d && ledger_entry_read(o, d, out))
        return true;
    if (l)
        ledger_of_lot(&l->lot, out);
    return l != NULL;
}

bool ledger_entry_read(const struct office *o, const struct doc *d, struct ledger_entry *out)
{
    if (!ledger_read(d->tree, out))
        return false;
    const struct registry_lot *l = lot_of(o, view_of(out->id));
    if (!l)
        return true;
    out->state = l->lot.stage;
    if (l->lot.owner[0])
        memcpy(out->owner, l->lot.owner, sizeof out->owner);
    return true;
}

int ledger_put(struct office *o, const struct ledger_entry *e, const struct ledger_step *step,
               uint64_t if_version, office_saved_fn *done, void *ctx)
{
    const struct doc *d = doc_find(o, NOUN_LEDGER, view_of(e->id));
    struct json_writer w;
    struct buf b;
    buf_init(&b, ENTRY_MAX);
    jw_init(&w, &b);
    ledger_write(&w, e, d ? json_get(d->tree, "history") : NULL, step);
    int rc = b.err
                 ? b.err
                 : o->port.put(o->port.ctx, NOUN_LEDGER, view_of(e->id), buf_get(&b), if_version, done, ctx);
    buf_fini(&b);
    return rc;
}

/* --- steps --- */

struct stepping {
    struct office *o;
    char id[LOT_ID_SIZE];
    enum lot_stage to;
    office_saved_fn *done;
    void *ctx;
};

static void step_end(struct stepping *s, int err, uint64_t version)
{
    s->done(s->ctx, err, version);
    free(s);
}

static void follow(struct office *o, struct view id);

/* Where the lot did not move, the entry goes back to where the lot is. */
static void on_lot_saved(void *ctx, int err, uint64_t version)
{
    struct stepping *s = ctx;
    if (err)
        follow(s->o, view_of(s->id));
    step_end(s, err, version);
}

/* The registration again, in another stage. */
static void write_stage(struct buf *out, const struct json *lot, enum lot_stage stage)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    for (const struct json *m = json_first(lot); m; m = json_next(m)) {
        if (view_is(json_key(m), "stage"))
            continue;
        jw_key(&w, json_key(m));
        jw_json(&w, NULL, m);
    }
    jw_str(&w, "stage", lot_stage_name(stage));
    jw_end_object(&w);
}

static void on_entry_saved(void *ctx, int err, uint64_t version)
{
    struct stepping *s = ctx;
    struct office *o = s->o;
    const struct registry_lot *l = lot_of(o, view_of(s->id));
    struct json *doc = NULL;
    struct buf b;
    if (err || !l || l->lot.stage == s->to || !l->text) {
        step_end(s, err, version);
        return;
    }
    buf_init(&b, ENTRY_MAX * 2);
    err = json_parse(view_of(l->text), &doc, NULL);
    if (!err)
        write_stage(&b, doc, s->to);
    err = err ? err
          : b.err
              ? b.err
              : o->port.put(o->port.ctx, NOUN_LOT, view_of(s->id), buf_get(&b), l->version, on_lot_saved, s);
    json_free(doc);
    buf_fini(&b);
    if (err)
        on_lot_saved(s, err, 0);
}

int ledger_step(struct office *o, struct view id, enum lot_stage to, const char *by, const char *reason,
                office_saved_fn *done, void *ctx, struct why *why)
{
    const struct doc *d = doc_find(o, NOUN_LEDGER, id);
    const struct registry_lot *l = lot_of(o, id);
    struct ledger_entry e;
    if (!ledger_entry_of(o, id, &e))
        return why_set(why, ERR_NOT_FOUND, "", "the ledger has no such car park");
    struct ledger_step step = {clock_wall_ms(o->clock), by, reason, l ? l->lot.stage : e.state, to};
    if (!reason[0])
        return why_set(why, ERR_MISSING, "/why", "a step needs its reason");
    if (!ledger_may_step(step.from, to))
        return why_set(why, ERR_STATE, "/to", "no step leads from %s to %s", lot_stage_name(step.from),
                       lot_stage_name(to));
    if (!l && to != STAGE_SURVEYED && to != STAGE_RETIRED && to != STAGE_REGISTERED)
        return why_set(why, ERR_STATE, "/to",
                       "register the lot first: nothing can be tested or connected without");
    struct stepping *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    *s = (struct stepping){.o = o, .to = to, .done = done, .ctx = ctx};
    (void)snprintf(s->id, sizeof s->id, "%s", e.id);
    e.state = to;
    if (l && to == STAGE_CONNECTED)
        e.mode = strcmp(l->lot.feed, PEOPLE_FEED) == 0 ? MODE_MANUAL : MODE_AUTO;
    int rc = ledger_put(o, &e, &step, d ? d->version : UINT64_MAX, on_entry_saved, s);
    if (rc)
        free(s);
    return rc;
}

/* --- the entry follows the registration --- */

static void on_followed(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err && err != ERR_CONFLICT)
        log_warn(OFFICE, "ledger error=%s an entry does not follow its lot yet", err_name(err));
}

static void follow(struct office *o, struct view id)
{
    const struct registry_lot *l = lot_of(o, id);
    const struct doc *d = doc_find(o, NOUN_LEDGER, id);
    struct ledger_entry e;
    bool there = d && ledger_read(d->tree, &e);
    enum lot_stage stage = l ? l->lot.stage : STAGE_SURVEYED;
    if (!there && !l)
        return;
    bool owned = l && l->lot.owner[0];
    if (there && (l ? e.state == stage && (!owned || strcmp(e.owner, l->lot.owner) == 0)
                    : e.state == STAGE_SURVEYED || e.state == STAGE_RETIRED))
        return;
    struct ledger_step step = {clock_wall_ms(o->clock), "parkd",
                               l ? "the lot's registration says so" : "its registration was removed",
                               there ? e.state : STAGE_SURVEYED, stage};
    bool moved = !there || e.state != stage;
    if (!there)
        ledger_of_lot(&l->lot, &e);
    if (owned)
        memcpy(e.owner, l->lot.owner, sizeof e.owner);
    e.state = stage;
    int rc = ledger_put(o, &e, moved ? &step : NULL, d ? d->version : UINT64_MAX, on_followed, NULL);
    if (rc)
        on_followed(NULL, rc, 0);
}

static void taken(struct office *o, enum noun noun, struct view id, const struct doc *d)
{
    (void)d;
    if (noun == NOUN_LOT && o->loaded && o->port.leads(o->port.ctx))
        follow(o, id);
}

/* What changed while nobody led. */
static void follow_all(struct office *o)
{
    for (uint32_t i = 0; i < registry_size(o->reg); i++) {
        const struct registry_lot *l = registry_lot(o->reg, i);
        if (!l->removed)
            follow(o, view_of(l->lot.id));
    }
}

const struct office_part part_ledger = {.loaded = follow_all, .taken = taken};

/* --- routes --- */

struct listing {
    struct office *o;
    struct json_writer w;
    struct ledger_progress progress;
    struct view state, q, mode;
    int64_t n;
};

static bool matches(const struct listing *l, const struct ledger_entry *e)
{
    const char *mode = ledger_mode_name(e->mode);
    if (l->state.n && !view_is(l->state, lot_stage_name(e->state)))
        return false;
    if (l->mode.n && !(mode && view_is(l->mode, mode)))
        return false;
    return !l->q.n || memmem(e->name, strlen(e->name), l->q.p, l->q.n) ||
           memmem(e->id, strlen(e->id), l->q.p, l->q.n) ||
           memmem(e->address, strlen(e->address), l->q.p, l->q.n) ||
           memmem(e->owner_name, strlen(e->owner_name), l->q.p, l->q.n);
}

static void write_entry(struct json_writer *w, const struct office *o, const struct ledger_entry *e,
                        const struct json *history)
{
    jw_object(w, NULL);
    ledger_write_members(w, e);
    jw_bool(w, "lot", lot_of(o, view_of(e->id)) != NULL);
    if (history)
        jw_json(w, "history", history);
    jw_end_object(w);
}

static void list_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    struct ledger_entry e;
    if (!ledger_entry_read(l->o, d, &e))
        return;
    ledger_count(&l->progress, &e);
    if (!matches(l, &e))
        return;
    write_entry(&l->w, l->o, &e, NULL);
    l->n++;
}

void office_ledger_list(struct call *c)
{
    struct buf b;
    struct listing l = {
        .o = c->o, .state = call_param(c, "state"), .q = call_param(c, "q"), .mode = call_param(c, "mode")};
    buf_init(&b, ANSWER_MAX);
    jw_init(&l.w, &b);
    jw_object(&l.w, NULL);
    jw_array(&l.w, "ledger");
    doc_each(c->o, NOUN_LEDGER, list_one, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    ledger_write_progress(&l.w, &l.progress);
    jw_end_object(&l.w);
    call_json(c, 200, &b);
}

void office_ledger_get(struct call *c)
{
    const struct doc *d = doc_find(c->o, NOUN_LEDGER, c->r.args[0]);
    struct ledger_entry e;
    struct json_writer w;
    struct buf b;
    if (!d || !ledger_entry_read(c->o, d, &e)) {
        call_fail(c, ERR_NOT_FOUND, "", "the ledger has no such car park");
        return;
    }
    buf_init(&b, ENTRY_MAX * 2);
    jw_init(&w, &b);
    write_entry(&w, c->o, &e, json_get(d->tree, "history"));
    call_doc(c, 200, d->version, &b);
}

void office_ledger_put(struct call *c)
{
    const struct doc *d = doc_find(c->o, NOUN_LEDGER, c->r.args[0]);
    struct ledger_entry e;
    struct json *doc = NULL;
    struct json_writer w;
    struct why why = {0};
    struct buf b;
    int64_t version = 0;
    bool there = d && ledger_read(d->tree, &e);
    if (!there)
        ledger_init(&e);
    int rc = c->r.body.n > BODY_MAX ? why_set(&why, ERR_TOO_BIG, "", "an entry has at most 16 KiB")
                                    : json_parse(c->r.body, &doc, &why);
    rc = rc ? rc : ledger_parse(doc, &e, &why);
    if (!rc && !view_is(c->r.args[0], e.id))
        rc = why_set(&why, ERR_INVALID, "/id", "must be the id in the path");
    json_free(doc);
    if (!rc && c->r.if_match.n &&
        (view_to_int(c->r.if_match, 1, INT64_MAX, &version) || !d || (uint64_t)version != d->version))
        rc = ERR_CONFLICT;
    if (rc) {
        call_why(c, rc, &why);
        return;
    }
    struct ledger_step step = {call_now(c), c->who.account, "surveyed", STAGE_SURVEYED, STAGE_SURVEYED};
    buf_init(&b, ENTRY_MAX);
    jw_init(&w, &b);
    ledger_write(&w, &e, d ? json_get(d->tree, "history") : NULL, there ? NULL : &step);
    call_put(c, NOUN_LEDGER, c->r.args[0], &b, d ? d->version : UINT64_MAX);
}

static void on_stepped(void *ctx, int err, uint64_t version)
{
    struct call *c = ctx;
    (void)version;
    if (err)
        call_why(c, err, NULL);
    else
        office_ledger_get(c);
}

void call_step(struct call *c, struct view id, enum lot_stage to, const char *reason)
{
    struct why why = {0};
    int rc = ledger_step(c->o, id, to, c->who.account, reason, on_stepped, c, &why);
    if (rc)
        call_why(c, rc, &why);
}

void office_ledger_step(struct call *c)
{
    static const char *const known[] = {"to", "why", NULL};
    char reason[LEDGER_WHY_SIZE] = "";
    enum lot_stage to = STAGE_SURVEYED;
    struct why why = {0};
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    int rc = json_want_str(doc, "why", reason, sizeof reason, &why);
    if (!rc && lot_stage_of(json_text(json_get(doc, "to")), &to))
        rc = why_set(&why, ERR_INVALID, "/to",
                     "must be surveyed, registered, testing, connected, suspended or retired");
    json_free(doc);
    if (rc)
        call_why(c, rc, &why);
    else
        call_step(c, c->r.args[0], to, reason);
}
