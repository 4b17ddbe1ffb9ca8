/* SPDX-License-Identifier: MIT
 * Maintenance windows, which operators announce beforehand, and objections against what a record says, which
 * the office decides. An accepted objection takes its days out of the month.
 */
#include <stdlib.h>
#include <string.h>

#include "office/quality.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"

#define BODY_MAX      2048
#define WHY_SIZE      512
#define ID_LETTERS    12
#define LONGEST_MS    (7 * DAY_MS)
#define FARTHEST_MS   (90 * DAY_MS)
#define BEFORE_MS     (5 * MINUTE_MS) /* "from now on" may be a little late */
#define OBJECTED_DAYS 62
#define PER_LOT       500 /* documents of a kind of one lot */
#define PURGED        100 /* at once */

/* --- what both share --- */

struct tally {
    const char *lot;
    int n;
};

static void tally_one(void *ctx, const struct doc *d)
{
    struct tally *t = ctx;
    t->n += strcmp(doc_str(d, "lot"), t->lot) == 0;
}

bool documents_full(struct call *c, enum noun noun, const char *lot)
{
    struct tally t = {.lot = lot};
    doc_each(c->o, noun, tally_one, &t);
    return t.n >= PER_LOT;
}

/* --- what is over for long --- */

struct purge {
    struct office *o;
    enum noun noun;
    const char *member; /* when it was over */
    int64_t before_ms;
    int left;
};

static void on_purged(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err)
        log_warn(OFFICE, "purge=1 error=%s will be tried again", err_name(err));
}

static void purge_one(void *ctx, const struct doc *d)
{
    struct purge *p = ctx;
    int64_t over = 0;
    if (p->left == 0 || iso8601_parse(view_of(doc_str(d, p->member)), &over) || over >= p->before_ms)
        return;
    p->left--;
    if (p->o->port.remove(p->o->port.ctx, p->noun, view_of(d->id), on_purged, NULL))
        p->left = 0;
}

void documents_purge(struct office *o)
{
    static const struct {
        enum noun noun;
        const char *member;
    } kinds[] = {
        {NOUN_CORRECTION, "until"}, {NOUN_HANDCOUNT, "at"}, {NOUN_WINDOW, "to"}, {NOUN_OBJECTION, "at"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct purge p = {o, kinds[i].noun, kinds[i].member,
                          clock_wall_ms(o->clock) - QUALITY_KEEP_DAYS * DAY_MS, PURGED};
        doc_each(o, kinds[i].noun, purge_one, &p);
    }
}

/* Begins a document with its lot; the caller ends it. */
static void begin_doc(struct call *c, struct buf *b, struct json_writer *w, const char *lot, const char *why)
{
    buf_init(b, BODY_MAX * 2);
    jw_init(w, b);
    jw_object(w, NULL);
    jw_str(w, "lot", lot);
    jw_str(w, "why", why);
    jw_str(w, "by", c->who.account);
    jw_time(w, "at", call_now(c));
}

static void put_new(struct call *c, enum noun noun, const char *lot, struct buf *b)
{
    char id[ID_LETTERS + 1];
    int err = documents_full(c, noun, lot) ? ERR_CONFLICT : random_id(id, ID_LETTERS);
    if (!err) {
        call_put(c, noun, view_of(id), b, UINT64_MAX);
        return;
    }
    buf_fini(b);
    call_fail(c, err, "", "this lot has too many of them; ask the office");
}

/* --- windows --- */

static int check_window(const struct call *c, int64_t from, int64_t to, struct why *why)
{
    int64_t now = call_now(c);
    if (to <= from || to - from > LONGEST_MS)
        return why_set(why, ERR_RANGE, "/to", "must lie after \"from\", by 7 days at most");
    if (from > now + FARTHEST_MS)
        return why_set(why, ERR_RANGE, "/from", "must lie within the next 90 days");
    if (!principal_is_staff(&c->who) && from < now - BEFORE_MS)
        return why_set(why, ERR_RANGE, "/from",
                       "a window is announced before it begins; object to the record instead");
    if (from < now - (int64_t)QUALITY_BACK * DAY_MS)
        return why_set(why, ERR_RANGE, "/from", "must not lie more than 7 days back");
    return 0;
}

void office_window_add(struct call *c)
{
    static const char *const members[] = {"from", "to", "why", NULL};
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct json *doc = l ? call_object(c, BODY_MAX, members) : NULL;
    struct why why = {0};
    struct buf b;
    struct json_writer w;
    char reason[WHY_SIZE];
    int64_t from = 0, to = 0;
    if (!doc)
        return;
    int err = time_needed(doc, "from", &from, &why);
    err = err ? err : time_needed(doc, "to", &to, &why);
    err = err ? err : json_need_str(doc, "why", reason, sizeof reason, &why);
    err = err ? err : check_window(c, from, to, &why);
    json_free(doc);
    if (err) {
        call_why(c, err, &why);
        return;
    }
    begin_doc(c, &b, &w, l->lot.id, reason);
    jw_time(&w, "from", from);
    jw_time(&w, "to", to);
    jw_end_object(&w);
    put_new(c, NOUN_WINDOW, l->lot.id, &b);
}

void office_window_list(struct call *c)
{
    documents_of_lot(c, NOUN_WINDOW);
}

/* --- objections --- */

static int need_date(const struct json *doc, const char *name, int64_t *out, struct why *why)
{
    char text[16];
    int err = json_need_str(doc, name, text, sizeof text, why);
    if (err || date_parse(view_of(text), out) == 0)
        return err;
    err = why_set(why, ERR_INVALID, "", "must be a date like 2026-11-23");
    why_under(why, "/%s", name);
    return err;
}

static int check_days(const struct call *c, int64_t from, int64_t to, struct why *why)
{
    int64_t today = daily_of(call_now(c));
    if (to < from || to >= today)
        return why_set(why, ERR_RANGE, "/to", "must be a day that is over, not before \"from\"");
    if (from < today - OBJECTED_DAYS)
        return why_set(why, ERR_RANGE, "/from", "must not lie more than %d days back", OBJECTED_DAYS);
    return 0;
}

void office_objection_add(struct call *c)
{
    static const char *const members[] = {"from", "to", "why", NULL};
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct json *doc = l ? call_object(c, BODY_MAX, members) : NULL;
    struct why why = {0};
    struct buf b;
    struct json_writer w;
    char reason[WHY_SIZE], date[11];
    int64_t from = 0, to = 0;
    if (!doc)
        return;
    int err = need_date(doc, "from", &from, &why);
    to = from;
    if (!err && json_get(doc, "to"))
        err = need_date(doc, "to", &to, &why);
    err = err ? err : json_need_str(doc, "why", reason, sizeof reason, &why);
    err = err ? err : check_days(c, from, to, &why);
    json_free(doc);
    if (err) {
        call_why(c, err, &why);
        return;
    }
    begin_doc(c, &b, &w, l->lot.id, reason);
    date_format(from, date);
    jw_str(&w, "from", date);
    date_format(to, date);
    jw_str(&w, "to", date);
    jw_str(&w, "state", "open");
    jw_end_object(&w);
    put_new(c, NOUN_OBJECTION, l->lot.id, &b);
}

void office_objection_list(struct call *c)
{
    documents_of_lot(c, NOUN_OBJECTION);
}

void office_objections_all(struct call *c)
{
    documents_list(c, NOUN_OBJECTION, NULL);
}

/* The objection with the decision on it; decided once, because a frozen month may rest on it. */
static void put_decision(struct call *c, const struct doc *d, const char *decision, const char *reason)
{
    static const char *const kept[] = {"lot", "why", "by", "at", "from", "to", NULL};
    struct buf b;
    struct json_writer w;
    buf_init(&b, BODY_MAX * 4);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    for (size_t i = 0; kept[i]; i++)
        jw_str(&w, kept[i], doc_str(d, kept[i]));
    jw_str(&w, "state", decision);
    jw_str(&w, "decision", reason);
    jw_str(&w, "decided_by", c->who.account);
    jw_time(&w, "decided_at", call_now(c));
    jw_end_object(&w);
    call_put(c, NOUN_OBJECTION, c->r.args[0], &b, d->version);
}

void office_objection_decide(struct call *c)
{
    static const char *const members[] = {"decision", "why", NULL};
    static const char *const decisions[] = {"accepted", "refused", NULL};
    const struct doc *d = doc_find(c->o, NOUN_OBJECTION, c->r.args[0]);
    struct why why = {0};
    char reason[WHY_SIZE];
    int decision = -1;
    if (!d) {
        call_fail(c, ERR_NOT_FOUND, "", "no objection has this id");
        return;
    }
    struct json *doc = call_object(c, BODY_MAX, members);
    if (!doc)
        return;
    int err = json_want_enum(doc, "decision", decisions, &decision, &why);
    if (!err && decision < 0)
        err = why_set(&why, ERR_MISSING, "/decision", "must be \"accepted\" or \"refused\"");
    err = err ? err : json_need_str(doc, "why", reason, sizeof reason, &why);
    json_free(doc);
    if (!err && strcmp(doc_str(d, "state"), "open") != 0)
        err = why_set(&why, ERR_CONFLICT, "", "this objection is decided already");
    if (err)
        call_why(c, err, &why);
    else
        put_decision(c, d, decisions[decision], reason);
}
