/* SPDX-License-Identifier: MIT
 * Lots without a system: attendants with a personal link tell a number, one more or less, or a band.
 *
 * All such lots hang on one feed that parkd keeps, which nobody can push to from outside. A phone on a bad
 * network repeats what it was not told of: each message has an id, and the last ones are remembered, so that
 * nothing counts twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/operator.h"
#include "office/sign.h"
#include "parkd/base/iso8601.h"
#include "parkd/model/freshness.h"

#define BODY_MAX     2048
#define ID_CHARS     10
#define SECRET_CHARS 32
#define PER_LOT      10
#define DELTA_MAX    50
#define SEEN_MAX     4096 /* messages remembered, of all attendants */
#define AGO_MAX_MS   ((int64_t)3600 * 1000)
#define FEED_TEXT \
    "{\"id\":\"" PEOPLE_FEED "\",\"dialect\":\"native\",\"mode\":\"push\",\"interval_ms\":1800000}"

struct attendants {
    uint64_t seen[SEEN_MAX]; /* hashes of attendant and message id */
    size_t next;
};

/* --- who --- */

struct listing {
    struct json_writer w;
    const char *lot;
    int64_t n;
};

static void list_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    if (strcmp(doc_str(d, "lot"), l->lot) != 0 || doc_int(d, "revoked_ms", 0))
        return;
    jw_object(&l->w, NULL);
    jw_str(&l->w, "id", d->id);
    jw_str(&l->w, "label", doc_str(d, "label"));
    jw_time(&l->w, "created", doc_int(d, "created_ms", 0));
    jw_end_object(&l->w);
    l->n++;
}

void office_attendants_list(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct buf b;
    if (!l)
        return;
    struct listing s = {.lot = l->lot.id};
    buf_init(&b, ANSWER_MAX);
    jw_init(&s.w, &b);
    jw_object(&s.w, NULL);
    jw_array(&s.w, "attendants");
    doc_each(c->o, NOUN_ATTENDANT, list_one, &s);
    jw_end_array(&s.w);
    jw_int(&s.w, "count", s.n);
    jw_end_object(&s.w);
    call_json(c, 200, &b);
}

static void count_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    l->n += strcmp(doc_str(d, "lot"), l->lot) == 0 && !doc_int(d, "revoked_ms", 0);
}

/* A new link: the feed of people is there, the lot hangs on it, the attendant is written down; one after the
 * other. */
struct naming {
    struct call *c;
    char id[ID_CHARS + 1], token[64], lot[LOT_ID_SIZE], label[96];
};

static void naming_fail(struct naming *n, int err)
{
    struct call *c = n->c;
    explicit_bzero(n, sizeof *n);
    free(n);
    call_why(c, err, NULL);
}

static void on_named(void *ctx, int err, uint64_t version)
{
    struct naming *n = ctx;
    struct json_writer w;
    struct buf b;
    (void)version;
    if (err) {
        naming_fail(n, err);
        return;
    }
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "id", n->id);
    char link[96];
    (void)snprintf(link, sizeof link, "/attendant#%s", n->token);
    jw_str(&w, "link", link);
    jw_end_object(&w);
    audit_note(n->c, "attendant_named", view_of(n->id));
    call_json(n->c, 201, &b);
    explicit_bzero(n, sizeof *n);
    free(n);
}

static void put_attendant(struct naming *n)
{
    struct office *o = n->c->o;
    uint32_t i = registry_find(o->reg, view_of(n->lot));
    char secret[SECRET_CHARS + 1], digest[65];
    struct json_writer w;
    struct buf b;
    int rc = i == REGISTRY_NONE ? ERR_NOT_FOUND : random_id(n->id, ID_CHARS);
    rc = rc ? rc : random_id(secret, SECRET_CHARS);
    if (!rc) {
        (void)snprintf(n->token, sizeof n->token, "at_%.10s_%s", n->id, secret);
        rc = sign_digest(view_of(n->token), digest);
    }
    buf_init(&b, BODY_MAX);
    if (!rc) {
        jw_init(&w, &b);
        jw_object(&w, NULL);
        jw_str(&w, "id", n->id);
        jw_str(&w, "lot", n->lot);
        jw_str(&w, "operator", registry_lot(o->reg, i)->lot.owner);
        jw_str(&w, "sha256", digest);
        jw_str(&w, "label", n->label);
        jw_int(&w, "created_ms", call_now(n->c));
        jw_end_object(&w);
        rc = b.err ? b.err
                   : o->port.put(o->port.ctx, NOUN_ATTENDANT, view_of(n->id), buf_get(&b), UINT64_MAX,
                                 on_named, n);
    }
    buf_fini(&b);
    if (rc)
        naming_fail(n, rc);
}

static void on_hung(void *ctx, int err, uint64_t version)
{
    (void)version;
    if (err)
        naming_fail(ctx, err);
    else
        put_attendant(ctx);
}

/* The lot hangs on people from now on. */
static void hang(struct naming *n)
{
    static const char *const ours[] = {"feed", "foreign_id", NULL};
    struct office *o = n->c->o;
    uint32_t i = registry_find(o->reg, view_of(n->lot));
    const struct registry_lot *l = i == REGISTRY_NONE ? NULL : registry_lot(o->reg, i);
    struct json *doc = NULL;
    struct json_writer w;
    struct buf b;
    if (l && strcmp(l->lot.feed, PEOPLE_FEED) == 0) {
        put_attendant(n);
        return;
    }
    buf_init(&b, REGISTRATION_MAX);
    int rc = l && l->text ? json_parse(view_of(l->text), &doc, NULL) : ERR_NOT_FOUND;
    if (!rc) {
        jw_init(&w, &b);
        copy_members(&w, doc, ours);
        jw_str(&w, "feed", PEOPLE_FEED);
        jw_end_object(&w);
        rc = b.err ? b.err
                   : o->port.put(o->port.ctx, NOUN_LOT, view_of(n->lot), buf_get(&b), l->version, on_hung, n);
    }
    json_free(doc);
    buf_fini(&b);
    if (rc)
        naming_fail(n, rc);
}

static void on_feed(void *ctx, int err, uint64_t version)
{
    (void)version;
    if (err && err != ERR_CONFLICT) /* a conflict: it is there already */
        naming_fail(ctx, err);
    else
        hang(ctx);
}

void office_attendant_name(struct call *c)
{
    static const char *const known[] = {"label", NULL};
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct why why = {0};
    if (!l)
        return;
    if (l->lot.feed[0] && strcmp(l->lot.feed, PEOPLE_FEED) != 0) {
        call_fail(c, ERR_STATE, "/feed", "a system tells this lot's counts; take its feed out first");
        return;
    }
    struct listing s = {.lot = l->lot.id};
    doc_each(c->o, NOUN_ATTENDANT, count_one, &s);
    if (s.n >= PER_LOT) {
        call_fail(c, ERR_STATE, "", "a lot has at most ten attendants; revoke one first");
        return;
    }
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    struct naming *n = calloc(1, sizeof *n);
    int rc = n ? json_want_str(doc, "label", n->label, sizeof n->label, &why) : ERR_NOMEM;
    json_free(doc);
    if (!rc) {
        n->c = c;
        memcpy(n->lot, l->lot.id, sizeof n->lot);
        if (c->o->port.feed(c->o->port.ctx, VIEW(PEOPLE_FEED))) {
            hang(n);
            return;
        }
        rc = c->o->port.put(c->o->port.ctx, NOUN_FEED, VIEW(PEOPLE_FEED), VIEW(FEED_TEXT), UINT64_MAX,
                            on_feed, n);
    }
    if (!rc)
        return;
    free(n);
    call_why(c, rc, &why);
}

void office_attendant_revoke(struct call *c)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    const struct doc *d = l ? doc_find(c->o, NOUN_ATTENDANT, c->r.args[1]) : NULL;
    if (!l)
        return;
    if (!d || strcmp(doc_str(d, "lot"), l->lot.id) != 0)
        call_fail(c, ERR_NOT_FOUND, "", "the lot has no such attendant");
    else
        call_remove(c, NOUN_ATTENDANT, c->r.args[1]);
}

/* --- what they tell --- */

static const struct registry_lot *own_lot(struct call *c)
{
    uint32_t i =
        c->who.role == ROLE_ATTENDANT ? registry_find(c->o->reg, view_of(c->who.lot)) : REGISTRY_NONE;
    const struct registry_lot *l = i == REGISTRY_NONE ? NULL : registry_lot(c->o->reg, i);
    if (l && !l->removed)
        return l;
    call_fail(c, ERR_NOT_FOUND, "", "this link belongs to no lot any more; ask for a new one");
    return NULL;
}

static void show(struct call *c, const struct registry_lot *l, bool repeated)
{
    const struct reading *r = &l->reading;
    int64_t now = call_now(c);
    struct json_writer w;
    struct buf b;
    buf_init(&b, BODY_MAX * 2);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "lot", l->lot.id);
    jw_str(&w, "name", l->lot.name);
    if (l->lot.total != COUNT_NONE)
        jw_int(&w, "total", l->lot.total);
    if (r->free != COUNT_NONE && freshness_current(r, l->interval_ms, now))
        jw_int(&w, "free", r->free);
    else
        jw_null(&w, "free");
    jw_str(&w, "band", band_name(r->band));
    jw_str(&w, "freshness", freshness_name(freshness_of(r, l->interval_ms, now)));
    if (r->observed_ms > 0)
        jw_time(&w, "observed_at", r->observed_ms);
    if (r->seq)
        jw_time(&w, "valid_until", freshness_valid_until(r, l->interval_ms));
    jw_bool(&w, "repeated", repeated);
    jw_end_object(&w);
    call_json(c, 200, &b);
}

void office_attendant_show(struct call *c)
{
    const struct registry_lot *l = own_lot(c);
    if (l)
        show(c, l, false);
}

static uint64_t hash_of(const char *attendant, struct view id)
{
    uint64_t h = 1469598103934665603U; /* FNV-1a */
    for (const char *p = attendant; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211U;
    for (size_t i = 0; i < id.n; i++)
        h = (h ^ (unsigned char)id.p[i]) * 1099511628211U;
    return h ? h : 1;
}

static bool was_told(const struct attendants *s, uint64_t hash)
{
    for (size_t i = 0; i < SEEN_MAX; i++) {
        if (s->seen[i] == hash)
            return true;
    }
    return false;
}

static int read_counts(const struct json *doc, const struct lot *lot, struct report *r, struct why *why)
{
    int64_t free_places = REPORT_NONE, delta = 0;
    const struct json *band = json_get(doc, "band"), *number = json_get(doc, "free"),
                      *moved = json_get(doc, "delta");
    if (!!band + !!number + !!moved != 1)
        return why_set(why, ERR_INVALID, "", "needs one of free, delta and band");
    if (band) {
        r->kind = REPORT_BAND;
        return band_of(json_text(band), &r->band) || r->band == BAND_UNKNOWN
                   ? why_set(why, ERR_INVALID, "/band", "must be full, few, some or plenty")
                   : 0;
    }
    if (number) {
        int err = json_want_int(doc, "free", 0, lot->total != COUNT_NONE ? lot->total : COUNT_MAX,
                                &free_places, why);
        r->free = free_places;
        return err;
    }
    int err = json_want_int(doc, "delta", -DELTA_MAX, DELTA_MAX, &delta, why);
    if (!err && !delta)
        err = why_set(why, ERR_RANGE, "/delta", "must not be 0");
    r->kind = REPORT_HINT;
    r->in = delta < 0 ? (int32_t)-delta : 0; /* a place less is a car more */
    r->out = delta > 0 ? (int32_t)delta : 0;
    return err;
}

static int read_time(const struct call *c, const struct json *doc, struct report *r, struct why *why)
{
    char at[40] = "";
    int64_t now = call_now(c), ms = now;
    int err = json_want_str(doc, "at", at, sizeof at, why);
    if (err)
        return err;
    if (at[0] && (iso8601_parse(view_of(at), &ms) || now - ms > AGO_MAX_MS))
        return why_set(why, ERR_INVALID, "/at", "must be a time of the last hour, like 2026-11-23T08:00:00Z");
    r->source_ms = ms > now ? now : ms; /* a phone's clock that is ahead */
    r->source_seq =
        (uint64_t)r->source_ms; /* so it is believed however late it comes, and never over a newer one */
    return 0;
}

static void on_reported(void *ctx, size_t accepted, const struct why *why)
{
    struct call *c = ctx;
    uint64_t hash = (uint64_t)(uintptr_t)c->own;
    const struct registry_lot *l;
    if (!accepted) {
        for (size_t i = 0; i < SEEN_MAX; i++) { /* it may be told again */
            if (c->o->attendants->seen[i] == hash)
                c->o->attendants->seen[i] = 0;
        }
        call_why(c, view_is(view_of(why->text), err_text(ERR_AWAY)) ? ERR_AWAY : ERR_STATE, why);
        return;
    }
    if ((l = own_lot(c)))
        show(c, l, false);
}

static int send(struct call *c, const struct report *r)
{
    const struct feed *f = c->o->port.feed(c->o->port.ctx, VIEW(PEOPLE_FEED));
    struct report_list list;
    report_list_init(&list);
    int rc = f ? report_list_add(&list, r) : ERR_STATE;
    rc = rc ? rc : c->o->port.report(c->o->port.ctx, f, &list, on_reported, c);
    report_list_fini(&list);
    return rc;
}

void office_attendant_report(struct call *c)
{
    static const char *const known[] = {"id", "at", "free", "delta", "band", NULL};
    struct attendants *s = c->o->attendants;
    const struct registry_lot *l = own_lot(c);
    char id[65] = "";
    struct why why = {0};
    struct report r;
    struct json *doc = l ? call_object(c, BODY_MAX, known) : NULL;
    if (!doc)
        return;
    report_init(&r);
    (void)snprintf(r.lot, sizeof r.lot, "%s", l->lot.foreign_id);
    r.quality = QUALITY_MANUAL;
    int rc = json_need_str(doc, "id", id, sizeof id, &why);
    rc = rc ? rc : read_counts(doc, &l->lot, &r, &why);
    rc = rc ? rc : read_time(c, doc, &r, &why);
    json_free(doc);
    uint64_t hash = hash_of(c->who.account, view_of(id));
    if (!rc && was_told(s, hash)) {
        show(c, l, true);
        return;
    }
    if (!rc) {
        s->seen[s->next++ % SEEN_MAX] = hash; /* at once: its repeat may overtake the answer */
        c->own = (void *)(uintptr_t)hash;
        rc = send(c, &r);
    }
    if (rc)
        call_why(c, rc, &why);
}

/* --- the part --- */

static int make(struct office *o, struct why *why)
{
    o->attendants = calloc(1, sizeof *o->attendants);
    return o->attendants ? 0 : why_set(why, ERR_NOMEM, "", "out of memory");
}

static void release(struct office *o)
{
    free(o->attendants);
}

const struct office_part part_attendants = {.make = make, .release = release};
