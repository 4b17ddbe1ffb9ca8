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
#include "office/sign.h"

#define PLAN_MAX  5000
#define SHOWN_MAX 50

struct planning {
    const struct office *o;
    struct plan *p;
};

/* --- merging with what is held --- */

static void keep(char *dst, const char *held, size_t size)
{
    if (!dst[0])
        memcpy(dst, held, size);
}

static void merge(struct ledger_entry *e, const struct ledger_entry *held)
{
    keep(e->address, held->address, sizeof e->address);
    keep(e->area, held->area, sizeof e->area);
    keep(e->owner, held->owner, sizeof e->owner);
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

struct by_name {
    const char *name;
    const struct doc *found;
    int n;
};

static void look_name(void *ctx, const struct doc *d)
{
    struct by_name *b = ctx;
    if (strcmp(doc_str(d, "name"), b->name) == 0) {
        b->found = d;
        b->n++;
    }
}

static bool planned(const struct plan *p, const char *id)
{
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->v[i].r.e.id, id) == 0)
            return true;
    }
    return false;
}

/* By name only where no row above means that entry already. */
static const struct doc *entry_of(const struct planning *g, struct ledger_row *r)
{
    const struct office *o = g->o;
    if (r->e.id[0])
        return doc_find(o, NOUN_LEDGER, view_of(r->e.id));
    struct by_name b = {.name = r->e.name};
    doc_each((struct office *)(uintptr_t)o, NOUN_LEDGER, look_name, &b);
    if (b.n > 1)
        ledger_row_doubt(r, COLUMN_NAME, "台账里有几个同名的，请给出编码",
                         "several entries have this name; give the code");
    return b.n == 1 && !planned(g->p, b.found->id) ? b.found : NULL;
}

static bool code_taken(const struct planning *g, const char *code)
{
    return planned(g->p, code) || doc_find(g->o, NOUN_LEDGER, view_of(code)) ||
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

/* --- operators --- */

struct by_operator {
    const char *name;
    char id[ACCOUNT_ID_SIZE];
    int n;
};

static void look_operator(void *ctx, const struct doc *d)
{
    struct by_operator *b = ctx;
    struct account a;
    if (!account_read(d->tree, &a) || a.role != ROLE_OPERATOR ||
        (strcmp(a.name, b->name) != 0 && strcmp(a.id, b->name) != 0))
        return;
    memcpy(b->id, a.id, sizeof b->id);
    b->n++;
}

static void find_operator(const struct office *o, struct ledger_entry *e)
{
    struct by_operator b = {.name = e->owner_name};
    if (!e->owner_name[0])
        return;
    doc_each((struct office *)(uintptr_t)o, NOUN_ACCOUNT, look_operator, &b);
    if (b.n == 1)
        memcpy(e->owner, b.id, sizeof e->owner);
}

/* --- one row --- */

static void check_twins(const struct planning *g, struct plan_row *row)
{
    static const struct ledger_doubt twice = {COLUMN_CODE, "编码在前面的行里已经出现",
                                              "stands in a row above already"};
    const struct ledger_entry *e = &row->r.e;
    for (size_t i = 0; i < g->p->n; i++) {
        const struct ledger_entry *other = &g->p->v[i].r.e;
        if (e->id[0] && strcmp(e->id, other->id) == 0)
            row->r.refused = &twice;
        else if (strcmp(e->name, other->name) == 0)
            ledger_row_doubt(&row->r, COLUMN_NAME, "名称在前面的行里已经出现",
                             "the name stands in a row above already");
    }
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

static void plan_one(const struct planning *g, struct plan_row *row)
{
    struct ledger_row *r = &row->r;
    struct ledger_entry held;
    check_twins(g, row);
    const struct doc *d = r->refused ? NULL : entry_of(g, r);
    bool there = d && ledger_read(d->tree, &held);
    if (there) {
        memcpy(r->e.id, held.id, sizeof r->e.id);
        merge(&r->e, &held);
        row->version = d->version;
    } else if (!r->refused && !r->e.id[0]) {
        give_code(g, r);
    }
    if (!there || !held.owner[0])
        find_operator(g->o, &r->e);
    settle_state(r, there ? &held : NULL);
    row->act = r->refused                  ? PLAN_REFUSED
               : !there                    ? PLAN_NEW
               : ledger_same(&r->e, &held) ? PLAN_SAME
                                           : PLAN_CHANGED;
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

int plan_make(const struct office *o, struct sheet *s, struct plan *out, struct why *why)
{
    *out = (struct plan){.sheet = s};
    const struct planning g = {o, out};
    int rc = ledger_columns_find(s, &out->columns, why);
    for (size_t row = out->columns.first_row; !rc && row < sheet_rows(s); row++) {
        struct plan_row *p = add_row(out);
        if (!p || out->n >= PLAN_MAX) {
            rc = p ? why_set(why, ERR_TOO_BIG, "", "more than %d car parks; split the file", PLAN_MAX)
                   : ERR_NOMEM;
            break;
        }
        *p = (struct plan_row){.row = row};
        if (!ledger_row_read(s, &out->columns, row, &p->r))
            continue;
        plan_one(&g, p);
        out->n++;
    }
    if (!rc && !out->n)
        rc = why_set(why, ERR_MISSING, "", "no car park stands below the headings");
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
    write_preview(&w, p);
    jw_end_object(&w);
}
