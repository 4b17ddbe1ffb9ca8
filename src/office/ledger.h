/* SPDX-License-Identifier: MIT
 * The ledger at work: entries in Redis, steps from one state to the next, the office's spreadsheets. Private
 * to src/office.
 *
 * A step writes the entry first, with who, when and why, and then the lot's registration, if it has one;
 * whatever happens between, the registration is what is true, and the entry is made to follow it (by the
 * parkd that leads).
 */
#ifndef PARKD_SRC_OFFICE_LEDGER_H
#define PARKD_SRC_OFFICE_LEDGER_H

#include "office/office_impl.h"
#include "office/sheet.h"
#include "parkd/model/ledger.h"

/* The stored entry; without one, what the lot's registration says. false: neither is there. */
bool ledger_entry_of(const struct office *o, struct view id, struct ledger_entry *out);
/* The same of a document: in the state of its lot, should the two not agree yet. */
bool ledger_entry_read(const struct office *o, const struct doc *d, struct ledger_entry *out);
void ledger_of_lot(const struct lot *l, struct ledger_entry *out);
/* Writes the entry with its history and perhaps one more step. if_version as of store_put. */
int ledger_put(struct office *o, const struct ledger_entry *e, const struct ledger_step *step,
               uint64_t if_version, office_saved_fn *done, void *ctx) must_check;

/* One step, of entry and lot. `by` is the account. At once: ERR_NOT_FOUND, ERR_STATE (no such step from
 * here), ERR_MISSING (a why is needed), with `why`; else done later, exactly once. */
int ledger_step(struct office *o, struct view id, enum lot_stage to, const char *by, const char *reason,
                office_saved_fn *done, void *ctx, struct why *why) must_check;

/* The same for a request: answers with the entry. */
void call_step(struct call *c, struct view id, enum lot_stage to, const char *reason);

/* --- sheet_job.c --- */
/* The request's body as a table, which `done` owns; answers otherwise. */
typedef void sheet_read_fn(struct call *c, struct sheet *s);
void call_read_sheet(struct call *c, sheet_read_fn *done);

/* --- ledger_export.c --- */
const char *ledger_state_zh(enum lot_stage state); /* 普查 登记 联调 接入 暂停 停用 */
/* Answers with a table (freed here) as CSV or XLSX; `stem`: of the file's name. `err`: what went wrong while
 * it was made. */
void call_sheet(struct call *c, struct sheet *s, int err, bool xlsx, const char *title, const char *stem);

/* --- ledger_columns.c: which column is what; pure --- */
enum ledger_column {
    COLUMN_CODE,
    COLUMN_NAME,
    COLUMN_ADDRESS,
    COLUMN_AREA,
    COLUMN_STREET,
    COLUMN_OPERATOR,
    COLUMN_KIND,
    COLUMN_TOTAL,
    COLUMN_OPEN,
    COLUMN_LNG,
    COLUMN_LAT,
    COLUMN_POINT,
    COLUMN_DATUM,
    COLUMN_PERSON,
    COLUMN_PHONE,
    COLUMN_SYSTEM,
    COLUMN_MODE,
    COLUMN_STATE,
    COLUMN_OBSTACLE,
    COLUMN_PLAN,
    COLUMN_NEXT,
    COLUMN_NOTES,
    COLUMN_N
};
#define COLUMN_NONE SIZE_MAX
struct ledger_columns {
    size_t at[COLUMN_N];           /* COLUMN_NONE: the sheet has none */
    size_t heading_row, first_row; /* the headings stand from the one to before the other */
    bool has_datum;                /* the heading of the place names it: 经度（GCJ-02） */
    enum datum datum;
};
/* ERR_NOT_FOUND with `why`: no heading of names. */
int ledger_columns_find(const struct sheet *s, struct ledger_columns *out, struct why *why) must_check;
const char *ledger_column_name(enum ledger_column c); /* the heading that export writes */
/* Is the row the heading once more, as on every page of a print? */
bool ledger_columns_again(const struct sheet *s, const struct ledger_columns *c, size_t row);
/* The headings that are none of these, a JSON array. */
void ledger_columns_write_others(struct json_writer *w, const char *key, const struct sheet *s,
                                 const struct ledger_columns *c);
/* "WGS84", "火星坐标", "百度" …; false: names none. */
bool ledger_datum_of(const char *text, enum datum *out);
/* A cell without full-width digits, letters and blanks, and without blanks at its ends. */
void ledger_clean(struct view cell, char *dst, size_t size);

/* --- ledger_row.c: a row becomes an entry; pure --- */
#define DOUBTS_MAX 8
struct ledger_doubt {
    enum ledger_column column;
    const char *zh, *en;
};
struct ledger_row {
    struct ledger_entry e; /* id "": none given */
    char street[4];
    bool has_state;
    struct ledger_doubt doubts[DOUBTS_MAX];
    size_t n_doubts;
    const struct ledger_doubt *refused; /* NULL: it can be taken */
};
/* false: not a car park at all (empty, a sum, a remark). */
bool ledger_row_read(const struct sheet *s, const struct ledger_columns *c, size_t row,
                     struct ledger_row *out);
void ledger_row_doubt(struct ledger_row *r, enum ledger_column column, const char *zh, const char *en);

/* --- ledger_plan.c: what an import would do --- */
enum plan_act { PLAN_NEW, PLAN_CHANGED, PLAN_SAME, PLAN_REFUSED };
struct plan_row {
    size_t row;
    enum plan_act act;
    struct ledger_row r;
    uint64_t version; /* of the entry that it changes */
};
struct plan {
    struct sheet *sheet;
    struct ledger_columns columns;
    struct plan_row *v;
    size_t n;
};
int plan_make(const struct office *o, struct sheet *s, struct plan *out,
              struct why *why) must_check; /* takes the sheet over */
void plan_fini(struct plan *p);
/* The same plan has the same digest. */
int plan_digest(const struct plan *p, char out[65]) must_check;
void plan_write(const struct plan *p, const char *id, struct buf *out);

#endif
