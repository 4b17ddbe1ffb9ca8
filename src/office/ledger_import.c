/* SPDX-License-Identifier: MIT
 * Imports: read in the pool, planned, shown; and carried out when somebody confirms exactly what was shown.
 *
 * An uploaded sheet waits in memory for an hour, a few at most; several parkd do not share it, so who
 * confirms asks the one that read it.
 */
#include <stdlib.h>
#include <string.h>

#include "office/ledger.h"

#define UPLOADS_MAX 4
#define UPLOAD_MS   ((int64_t)3600 * 1000)
#define ID_CHARS    12
#define AT_ONCE     64
#define BODY_MAX    256

struct upload {
    char id[ID_CHARS + 1], digest[65];
    int64_t until_ms;
    struct sheet *sheet;
};

struct ledger_imports {
    struct upload v[UPLOADS_MAX];
};

static void drop(struct upload *u)
{
    sheet_free(u->sheet);
    *u = (struct upload){.id = ""};
}

static struct upload *free_place(struct ledger_imports *all)
{
    struct upload *oldest = &all->v[0];
    for (int i = 1; i < UPLOADS_MAX; i++) {
        if (all->v[i].until_ms < oldest->until_ms)
            oldest = &all->v[i];
    }
    drop(oldest);
    return oldest;
}

static struct upload *find(struct office *o, struct view id)
{
    for (int i = 0; i < UPLOADS_MAX; i++) {
        struct upload *u = &o->imports->v[i];
        if (u->id[0] && view_is(id, u->id) && clock_wall_ms(o->clock) < u->until_ms)
            return u;
    }
    return NULL;
}

/* --- reading and showing --- */

static void show(struct call *c, struct sheet *s)
{
    struct office *o = c->o;
    struct plan p;
    struct why why = {0};
    struct buf b;
    int rc = plan_make(o, s, &p, &why);
    if (rc) {
        plan_fini(&p);
        call_why(c, rc, &why);
        return;
    }
    struct upload *u = free_place(o->imports);
    rc = random_id(u->id, ID_CHARS);
    rc = rc ? rc : plan_digest(&p, u->digest);
    if (rc) {
        plan_fini(&p);
        call_why(c, rc, NULL);
        return;
    }
    u->until_ms = call_now(c) + UPLOAD_MS;
    buf_init(&b, ANSWER_MAX);
    plan_write(&p, u->id, &b);
    u->sheet = p.sheet;
    p.sheet = NULL;
    plan_fini(&p);
    call_json(c, 200, &b);
}

void office_ledger_import(struct call *c)
{
    call_read_sheet(c, show);
}

/* --- carrying out --- */

struct applying {
    struct call *c;
    struct plan p;
    bool skip_doubtful;
    size_t next, open;
    int64_t n_new, n_changed, n_skipped;
    int err;
};

static void go_on(struct applying *a);

static void answer(struct applying *a)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 512);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_int(&w, "new", a->n_new);
    jw_int(&w, "changed", a->n_changed);
    jw_int(&w, "skipped", a->n_skipped);
    jw_end_object(&w);
    if (a->err) {
        struct why why = {0};
        (void)why_set(&why, a->err, "",
                      "stopped after %lld of the rows: upload the file again to do the rest",
                      (long long)(a->n_new + a->n_changed));
        call_why(a->c, a->err, &why);
        buf_fini(&b);
    } else {
        call_json(a->c, 200, &b);
    }
    plan_fini(&a->p);
    free(a);
}

static void on_put(void *ctx, int err, uint64_t version)
{
    struct applying *a = ctx;
    (void)version;
    a->open--;
    a->err = a->err ? a->err : err;
    go_on(a);
}

static int put_row(struct applying *a, const struct plan_row *row)
{
    struct office *o = a->c->o;
    const struct ledger_step step = {clock_wall_ms(o->clock), a->c->who.account,
                                     "imported from the office's spreadsheet", STAGE_SURVEYED,
                                     row->r.e.state};
    bool fresh = row->act == PLAN_NEW;
    return ledger_put(o, &row->r.e, fresh ? &step : NULL, fresh ? UINT64_MAX : row->version, on_put, a);
}

static void go_on(struct applying *a)
{
    a->open++; /* nobody answers while rows are still being sent */
    while (!a->err && a->open <= AT_ONCE && a->next < a->p.n) {
        const struct plan_row *row = &a->p.v[a->next++];
        bool change = row->act == PLAN_NEW || row->act == PLAN_CHANGED;
        if (!change || (a->skip_doubtful && row->r.n_doubts)) {
            a->n_skipped += change;
            continue;
        }
        a->open++;
        int rc = put_row(a, row);
        if (rc) {
            a->open--;
            a->err = rc;
        }
        a->n_new += row->act == PLAN_NEW;
        a->n_changed += row->act == PLAN_CHANGED;
    }
    a->open--;
    if (!a->open && (a->err || a->next == a->p.n))
        answer(a);
}

/* The sheet is used up, whatever comes of it. */
static void apply(struct call *c, struct upload *u, bool skip_doubtful)
{
    struct why why = {0};
    char digest[65];
    struct applying *a = calloc(1, sizeof *a);
    int rc = a ? 0 : ERR_NOMEM;
    if (!rc) {
        rc = plan_make(c->o, u->sheet, &a->p, &why);
        u->sheet = NULL;
    }
    rc = rc ? rc : plan_digest(&a->p, digest);
    if (!rc && strcmp(digest, u->digest) != 0)
        rc = why_set(&why, ERR_STATE, "", "the ledger changed since you looked; upload the file again");
    drop(u);
    if (rc) {
        if (a)
            plan_fini(&a->p);
        free(a);
        call_why(c, rc, &why);
        return;
    }
    a->c = c;
    a->skip_doubtful = skip_doubtful;
    go_on(a);
}

void office_ledger_confirm(struct call *c)
{
    static const char *const known[] = {"skip_doubtful", NULL};
    bool skip = false;
    struct why why = {0};
    struct json *doc = call_object(c, BODY_MAX, known);
    if (!doc)
        return;
    int rc = json_want_bool(doc, "skip_doubtful", &skip, &why);
    struct upload *u = find(c->o, c->r.args[0]);
    json_free(doc);
    if (rc)
        call_why(c, rc, &why);
    else if (!u)
        call_fail(
            c, ERR_NOT_FOUND, "",
            "no such import waits here; it was confirmed, or an hour has passed: upload the file again");
    else
        apply(c, u, skip);
}

/* --- the part --- */

static int make(struct office *o, struct why *why)
{
    o->imports = calloc(1, sizeof *o->imports);
    return o->imports ? 0 : why_set(why, ERR_NOMEM, "", "out of memory");
}

static void release(struct office *o)
{
    for (int i = 0; o->imports && i < UPLOADS_MAX; i++)
        drop(&o->imports->v[i]);
    free(o->imports);
}

const struct office_part part_ledger_imports = {.make = make, .release = release};
