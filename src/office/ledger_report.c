/* SPDX-License-Identifier: MIT
 * The ledger in short: how far the district is, month by month, by operator and by area, and what stands in
 * the way of each car park that is not connected (一场一策), the most urgent first. As JSON, or that list as
 * a table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/ledger.h"
#include "parkd/base/iso8601.h"

#define GROUPS_MAX 500 /* of each kind; the rest is counted in the progress alone */
#define MONTHS     12
#define NAME_SIZE  96

struct group {
    char name[NAME_SIZE];
    struct ledger_progress progress;
};
struct groups {
    struct group *v;
    size_t n;
};

struct outlook {
    struct office *o;
    char today[11];
    struct ledger_progress all;
    struct groups operators, areas;
    struct ledger_entry *waiting; /* not connected */
    size_t n_waiting;
    int64_t overdue, undated;
    int err;
};

/* --- gathering --- */

static int count_in(struct groups *all, const char *name, const struct ledger_entry *e)
{
    size_t i = 0;
    while (i < all->n && strcmp(all->v[i].name, name) != 0)
        i++;
    if (i == GROUPS_MAX)
        return 0;
    if (i == all->n) {
        struct group *v = realloc(all->v, (all->n + 1) * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        all->v = v;
        v[all->n++] = (struct group){.name = ""};
        (void)snprintf(v[i].name, sizeof v[i].name, "%s", name);
    }
    ledger_count(&all->v[i].progress, e);
    return 0;
}

static int add_waiting(struct outlook *r, const struct ledger_entry *e)
{
    if (r->n_waiting % 64 == 0) {
        struct ledger_entry *v = realloc(r->waiting, (r->n_waiting + 64) * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        r->waiting = v;
    }
    r->waiting[r->n_waiting++] = *e;
    return 0;
}

static bool is_overdue(const struct outlook *r, const struct ledger_entry *e)
{
    return e->next_date[0] && strcmp(e->next_date, r->today) < 0;
}

static void gather(void *ctx, const struct doc *d)
{
    struct outlook *r = ctx;
    struct ledger_entry e;
    if (r->err || !ledger_entry_read(r->o, d, &e))
        return;
    ledger_count(&r->all, &e);
    r->err = count_in(&r->operators, e.owner_name[0] ? e.owner_name : e.owner, &e);
    r->err = r->err ? r->err : count_in(&r->areas, e.area, &e);
    if (r->err || e.state == STAGE_CONNECTED || e.state == STAGE_RETIRED)
        return;
    r->err = add_waiting(r, &e);
    r->overdue += is_overdue(r, &e);
    r->undated += !e.next_date[0];
}

/* The earliest day first, those without one last. */
static int more_urgent(const void *a, const void *b)
{
    const struct ledger_entry *x = a, *y = b;
    if (!x->next_date[0] != !y->next_date[0])
        return x->next_date[0] ? -1 : 1;
    int order = strcmp(x->next_date, y->next_date);
    return order ? order : strcmp(x->id, y->id);
}

static int by_size(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->progress.total != y->progress.total)
        return x->progress.total > y->progress.total ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void sort(void *v, size_t n, size_t size, int (*order)(const void *, const void *))
{
    if (n)
        qsort(v, n, size, order);
}

static void report_make(struct outlook *r, struct office *o)
{
    int64_t today = (clock_wall_ms(o->clock) + BEIJING_MS) / DAY_MS;
    int y = 0, m = 0, day = 0;
    *r = (struct outlook){.o = o};
    civil_of_days(today, &y, &m, &day);
    r->err = ledger_date((unsigned)y, (unsigned)m, (unsigned)day, r->today);
    doc_each(o, NOUN_LEDGER, gather, r);
    sort(r->waiting, r->n_waiting, sizeof *r->waiting, more_urgent);
    sort(r->operators.v, r->operators.n, sizeof *r->operators.v, by_size);
    sort(r->areas.v, r->areas.n, sizeof *r->areas.v, by_size);
}

static void report_fini(struct outlook *r)
{
    free(r->operators.v);
    free(r->areas.v);
    free(r->waiting);
}

/* --- the curve --- */

struct moment {
    int64_t ms, connected;
};

static void count_then(void *ctx, const struct doc *d)
{
    struct moment *m = ctx;
    m->connected += ledger_was_connected(json_get(d->tree, "history"), m->ms);
}

/* How many were connected at the end of each of the last months; the last is now. */
static void write_curve(struct json_writer *w, const struct outlook *r)
{
    int64_t now = clock_wall_ms(r->o->clock);
    int year = 0, month = 0, day = 0;
    civil_of_days((now + BEIJING_MS) / DAY_MS, &year, &month, &day);
    int at = year * 12 + month - 1;
    jw_array(w, "curve");
    for (int i = at - MONTHS + 1; i <= at; i++) {
        char name[16];
        struct moment m = {
            .ms = i == at ? now : days_of_civil((i + 1) / 12, (i + 1) % 12 + 1, 1) * DAY_MS - BEIJING_MS};
        doc_each(r->o, NOUN_LEDGER, count_then, &m);
        (void)snprintf(name, sizeof name, "%04d-%02d", i / 12, i % 12 + 1);
        jw_object(w, NULL);
        jw_str(w, "month", name);
        jw_int(w, "connected", i == at ? (int64_t)r->all.by_state[STAGE_CONNECTED] : m.connected);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* --- telling --- */

static void write_groups(struct json_writer *w, const char *key, const struct groups *all)
{
    jw_array(w, key);
    for (size_t i = 0; i < all->n; i++) {
        const struct ledger_progress *p = &all->v[i].progress;
        jw_object(w, NULL);
        jw_str(w, "name", all->v[i].name);
        jw_int(w, "total", (int64_t)p->total);
        jw_int(w, "connected", (int64_t)p->by_state[STAGE_CONNECTED]);
        jw_int(w, "auto", (int64_t)p->automatic);
        jw_int(w, "manual", (int64_t)p->manual);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_waiting(struct json_writer *w, const struct outlook *r)
{
    jw_array(w, "open");
    for (size_t i = 0; i < r->n_waiting; i++) {
        const struct ledger_entry *e = &r->waiting[i];
        jw_object(w, NULL);
        ledger_write_members(w, e);
        jw_bool(w, "overdue", is_overdue(r, e));
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void answer_json(struct call *c, const struct outlook *r)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "district", c->o->conf.district_name);
    jw_time(&w, "at", call_now(c));
    jw_str(&w, "date", r->today);
    ledger_write_progress(&w, &r->all);
    write_curve(&w, r);
    write_groups(&w, "operators", &r->operators);
    write_groups(&w, "areas", &r->areas);
    jw_int(&w, "overdue", r->overdue);
    jw_int(&w, "undated", r->undated);
    write_waiting(&w, r);
    jw_end_object(&w);
    call_json(c, 200, &b);
}

static int fill_sheet(struct sheet *s, const struct outlook *r)
{
    static const char *const headings[] = {"编码", "停车场名称", "街道",     "运营单位", "状态",
                                           "困难", "措施",       "下次日期", "逾期"};
    int err = 0;
    for (size_t c = 0; c < sizeof headings / sizeof headings[0] && !err; c++)
        err = sheet_put(s, 0, c, view_of(headings[c]));
    for (size_t i = 0; i < r->n_waiting && !err; i++) {
        const struct ledger_entry *e = &r->waiting[i];
        const char *cells[] = {e->id,
                               e->name,
                               e->area,
                               e->owner_name[0] ? e->owner_name : e->owner,
                               ledger_state_zh(e->state),
                               e->obstacle,
                               e->plan,
                               e->next_date,
                               is_overdue(r, e) ? "逾期" : ""};
        for (size_t c = 0; c < sizeof cells / sizeof cells[0] && !err; c++)
            err = sheet_put(s, i + 1, c, view_of(cells[c]));
    }
    return err;
}

static void answer_sheet(struct call *c, const struct outlook *r, bool xlsx)
{
    struct sheet *s = sheet_new();
    int err = s ? fill_sheet(s, r) : ERR_NOMEM;
    call_sheet(c, s, err, xlsx, "一场一策", "plans");
}

void office_ledger_report(struct call *c)
{
    struct view format = call_param(c, "format");
    struct outlook r;
    if (format.n && !view_is(format, "json") && !view_is(format, "csv") && !view_is(format, "xlsx")) {
        call_fail(c, ERR_INVALID, "format", "must be json, csv or xlsx");
        return;
    }
    report_make(&r, c->o);
    if (r.err)
        call_why(c, r.err, NULL);
    else if (!format.n || view_is(format, "json"))
        answer_json(c, &r);
    else
        answer_sheet(c, &r, view_is(format, "xlsx"));
    report_fini(&r);
}
