/* SPDX-License-Identifier: MIT
 * What an import would do, row by row: nothing is changed by knowing it.
 *
 * A row means the entry of its code, else the one of its name. What a cell leaves out stays as it was; states
 * change by steps only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/ledger.h"
#include "office/ledger_index.h"
#include "office/sign.h"

#define PLAN_MAX  5000
#define SHOWN_MAX 50

struct planning {
    const struct office *o;
    struct plan *p;
    struct index_item *held;        /* name → document, of the ledger */
    struct index_item *operators;   /* name or id → id */
    struct index_item *ids, *names; /* of the rows above */
};

/* --- what is held --- */

struct indexing {
    struct index_item **into;
    int err;
};

static void index_entry(void *ctx, const struct doc *d)
{
    struct indexing *x = ctx;
    char name[LOT_NAME_SIZE + 8];
    ledger_clean(view_of(doc_str(d, "name")), name, sizeof name);
    if (!x->err)
        x->err = index_add(x->into, name, d);
}

static void index_operator(void *ctx, const struct doc *d)
{
    struct indexing *x = ctx;
    struct account a;
    if (x->err || !account_read(d->tree, &a) || a.role != ROLE_OPERATOR)
        return;
    x->err = index_add(x->into, a.id, d->id);
    if (!x->err && a.name[0] && strcmp(a.name, a.id) != 0)
        x->err = index_add(x->into, a.name, d->id);
}

static int planning_init(struct planning *g)
{
    struct office *o = (struct office *)(uintptr_t)g->o; /* doc_each sorts what it shows */
    struct indexing entries = {&g->held, 0}, operators = {&g->operators, 0};
    doc_each(o, NOUN_LEDGER, index_entry, &entries);
    doc_each(o, NOUN_ACCOUNT, index_operator, &operators);
    return entries.err ? entries.err : operators.err;
}

static void planning_fini(struct planning *g)
{
    index_free(&g->held);
    index_free(&g->operators);
    index_free(&g->ids);
    index_free(&g->names);
}

/* --- merging with what is held --- */

/* A cell that says the same but for widths and blanks, or nothing, changes nothing. */
static void keep(char *dst, const char *held, size_t size)
{
    char clean[1024];
    ledger_clean(view_of(held), clean, sizeof clean);
    if (!dst[0] || strcmp(dst, clean) == 0)
        memcpy(dst, held, size);
}

static void merge(struct ledger_entry *e, const struct ledger_entry *held)
{
    keep(e->name, held->name, sizeof e->name);
    keep(e->address, held->address, sizeof e->address);
    keep(e->area, held->area, sizeof e->area);
    keep(e->owner, held->owner, sizeof e->owner);
    if (!held->owner_name[0] && strcmp(e->owner_name, held->owner) == 0)
        e->owner_name[0] = 0; /* export writes the id where there is no name */
    keep(e->owner_name, held->owner_name, sizeof e->owner_name);
    keep(e->kind, held->kind, sizeof e->kind);
    keep(e->system, held->system, sizeof e->system);
    keep(e->person, held->person, sizeof e->person);
    keep(e->phone, held->phone, sizeof e->phone);
    keep(e->obstacle, held->obstacle, sizeof e->obstacle);
    keep(e->plan, held->plan, sizeof e->plan);
    keep(e->next_date, held->next_date, sizeof e->next_date);
    keep(e->notes, held->notes, sizeof e->notes);
    e->total = e->total == COUNT_NONE ? held->total : e->total;
    e->open = e->open == COUNT_NONE ? held->open : e->open;
    e->mode = e->mode == MODE_UNKNOWN ? held->mode : e->mode;
    if (!e->has_point && held->has_point) {
        e->has_point = true;
        e->lng = held->lng;
        e->lat = held->lat;
        e->datum = held->datum;
    }
}

/* --- which entry --- */

/* By name only where no row above means that entry already. */
static const struct doc *entry_of(const struct planning *g, struct ledger_row *r)
{
    if (r->e.id[0])
        return doc_find(g->o, NOUN_LEDGER, view_of(r->e.id));
    size_t n = index_count(g->held, r->e.name);
    if (n > 1)
        ledger_row_doubt(r, COLUMN_NAME, "台账里有几个同名的，请给出编码",
                         "several entries have this name; give the code");
    const struct doc *d = n == 1 ? index_value(g->held, r->e.name) : NULL;
    return d && !index_count(g->ids, d->id) ? d : NULL;
}

static bool code_taken(const struct planning *g, const char *code)
{
    return index_count(g->ids, code) || doc_find(g->o, NOUN_LEDGER, view_of(code)) ||
           registry_find(g->o->reg, view_of(code)) != REGISTRY_NONE;
}

/* The next free one of its street and class. */
static void give_code(const struct planning *g, struct ledger_row *r)
{
    static const struct ledger_doubt none = {COLUMN_CODE,
                                             "没有编码，系统也没有设置行政区划代码（district.division）",
                                             "has no code, and district.division is not set to make one"},
                                     full = {COLUMN_CODE, "该街道该类别的编码已用完",
                                             "all codes of its street and class are given"};
    char code[LEDGER_CODE_DIGITS + 1];
    for (int serial = 1; serial <= 99; serial++) {
        if (ledger_code(view_of(g->o->conf.division), view_of(r->street),
                        ledger_class_digit(view_of(r->e.kind)), serial, code)) {
            r->refused = &none;
            return;
        }
        if (!code_taken(g, code)) {
            memcpy(r->e.id, code, sizeof code);
            return;
        }
    }
    r->refused = &full;
}

static void find_operator(const struct planning *g, struct ledger_entry *e)
{
    if (e->owner_name[0] && index_count(g->operators, e->owner_name) == 1)
        (void)snprintf(e->owner, sizeof e->owner, "%s",
                       (const char *)index_value(g->operators, e->owner_name));
}

/* --- one row --- */

static void check_twins(const struct planning *g, struct plan_row *row)
{
    static const struct ledger_doubt twice = {COLUMN_CODE, "编码在前面的行里已经出现",
                                              "stands in a row above already"};
    const struct ledger_entry *e = &row->r.e;
    if (e->id[0] && index_count(g->ids, e->id))
        row->r.refused = &twice;
    else if (e->name[0] && index_count(g->names, e->name))
        ledger_row_doubt(&row->r, COLUMN_NAME, "名称在前面的行里已经出现",
                         "the name stands in a row above already");
}

static void settle_state(struct ledger_row *r, const struct ledger_entry *held)
{
    enum lot_stage wanted = r->e.state;
    if (held) {
        r->e.state = held->state;
        if (r->has_state && wanted != held->state)
            ledger_row_doubt(r, COLUMN_STATE, "与台账状态不同；状态只能逐步办理，不由导入改变",
                             "differs from the ledger; states change by steps, not by imports");
    } else if (wanted == STAGE_TESTING || wanted == STAGE_CONNECTED || wanted == STAGE_SUSPENDED) {
        r->e.state = STAGE_REGISTERED;
        ledger_row_doubt(r, COLUMN_STATE, "平台里还没有它的数据，按登记处理",
                         "has sent nothing here yet; taken as registered");
    }
}

static int plan_one(struct planning *g, struct plan_row *row)
{
    struct ledger_row *r = &row->r;
    struct ledger_entry held;
    check_twins(g, row);
    int rc = index_add(&g->names, r->e.name, NULL);
    const struct doc *d = r->refused ? NULL : entry_of(g, r);
    bool there = d && ledger_entry_read(g->o, d, &held);
    if (there) {
        memcpy(r->e.id, held.id, sizeof r->e.id);
        merge(&r->e, &held);
        row->version = d->version;
    } else if (!r->refused && !r->e.id[0]) {
        give_code(g, r);
    }
    if (!there || !held.owner[0])
        find_operator(g, &r->e);
    settle_state(r, there ? &held : NULL);
    row->act = r->refused                  ? PLAN_REFUSED
               : !there                    ? PLAN_NEW
               : ledger_same(&r->e, &held) ? PLAN_SAME
                                           : PLAN_CHANGED;
    return rc || !r->e.id[0] ? rc : index_add(&g->ids, r->e.id, NULL);
}

static struct plan_row *add_row(struct plan *p)
{
    if (p->n % 64 == 0) {
        struct plan_row *v = realloc(p->v, (p->n + 64) * sizeof *v);
        if (!v)
            return NULL;
        p->v = v;
    }
    return &p->v[p->n];
}

static int plan_rows(struct planning *g, const struct sheet *s, struct why *why)
{
    struct plan *out = g->p;
    for (size_t row = out->columns.first_row; row < sheet_rows(s); row++) {
        struct plan_row *p = add_row(out);
        if (!p || out->n >= PLAN_MAX)
            return p ? why_set(why, ERR_TOO_BIG, "", "more than %d car parks; split the file", PLAN_MAX)
                     : ERR_NOMEM;
        *p = (struct plan_row){.row = row};
        if (!ledger_row_read(s, &out->columns, row, &p->r))
            continue;
        int rc = plan_one(g, p);
        if (rc)
            return rc;
        out->n++;
    }
    return out->n ? 0 : why_set(why, ERR_MISSING, "", "no car park stands below the headings");
}

int plan_make(const struct office *o, struct sheet *s, struct plan *out, struct why *why)
{
    *out = (struct plan){.sheet = s};
    struct planning g = {.o = o, .p = out};
    int rc = ledger_columns_find(s, &out->columns, why);
    rc = rc ? rc : planning_init(&g);
    rc = rc ? rc : plan_rows(&g, s, why);
    planning_fini(&g);
    return rc;
}

void plan_fini(struct plan *p)
{
    sheet_free(p->sheet);
    free(p->v);
    *p = (struct plan){0};
}

int plan_digest(const struct plan *p, char out[65])
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    jw_array(&w, NULL);
    for (size_t i = 0; i < p->n; i++) {
        jw_object(&w, NULL);
        jw_int(&w, "act", p->v[i].act);
        jw_int(&w, "version", (int64_t)p->v[i].version);
        ledger_write_members(&w, &p->v[i].r.e);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    int rc = b.err ? b.err : sign_digest(buf_get(&b), out);
    buf_fini(&b);
    return rc;
}

/* --- telling --- */

static void write_doubt(struct json_writer *w, const struct plan *p, const struct plan_row *row,
                        const struct ledger_doubt *d)
{
    jw_object(w, NULL);
    jw_int(w, "row", (int64_t)sheet_line(p->sheet, row->row));
    jw_str(w, "name", row->r.e.name);
    jw_str(w, "column", ledger_column_name(d->column));
    jw_view(w, "value",
            p->columns.at[d->column] == COLUMN_NONE
                ? VIEW("")
                : sheet_cell(p->sheet, row->row, p->columns.at[d->column]));
    jw_object(w, "why");
    jw_str(w, "zh", d->zh);
    jw_str(w, "en", d->en);
    jw_end_object(w);
    jw_end_object(w);
}

static void write_headings(struct json_writer *w, const struct plan *p)
{
    jw_object(w, "headings");
    for (int c = 0; c < COLUMN_N; c++) {
        if (p->columns.at[c] != COLUMN_NONE)
            jw_int(w, ledger_column_name((enum ledger_column)c), (int64_t)p->columns.at[c] + 1);
    }
    jw_end_object(w);
}

static void write_preview(struct json_writer *w, const struct plan *p)
{
    static const char *const acts[] = {"new", "changed", "same", "refused"};
    jw_array(w, "preview");
    for (size_t i = 0; i < p->n && i < SHOWN_MAX; i++) {
        jw_object(w, NULL);
        jw_int(w, "row", (int64_t)sheet_line(p->sheet, p->v[i].row));
        jw_str(w, "act", acts[p->v[i].act]);
        jw_int(w, "doubts", (int64_t)p->v[i].r.n_doubts);
        jw_object(w, "entry");
        ledger_write_members(w, &p->v[i].r.e);
        jw_end_object(w);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static int64_t count(const struct plan *p, enum plan_act act)
{
    int64_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->v[i].act == act;
    return n;
}

void plan_write(const struct plan *p, const char *id, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "import", id);
    jw_int(&w, "rows", (int64_t)p->n);
    jw_int(&w, "new", count(p, PLAN_NEW));
    jw_int(&w, "changed", count(p, PLAN_CHANGED));
    jw_int(&w, "same", count(p, PLAN_SAME));
    jw_array(&w, "doubtful");
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->v[i].r.n_doubts && p->v[i].act != PLAN_REFUSED; k++)
            write_doubt(&w, p, &p->v[i], &p->v[i].r.doubts[k]);
    }
    jw_end_array(&w);
    jw_array(&w, "refused");
    for (size_t i = 0; i < p->n; i++) {
        if (p->v[i].r.refused)
            write_doubt(&w, p, &p->v[i], p->v[i].r.refused);
    }
    jw_end_array(&w);
    write_headings(&w, p);
    ledger_columns_write_others(&w, "ignored", p->sheet, &p->columns);
    write_preview(&w, p);
    jw_end_object(&w);
}
