/* SPDX-License-Identifier: MIT
 * The ledger as the office's own table; what goes out comes in the same.
 */
#include <stdio.h>

#include "office/ledger.h"

const char *ledger_state_zh(enum lot_stage state)
{
    static const char *const names[] = {
        [STAGE_SURVEYED] = "普查",  [STAGE_REGISTERED] = "登记", [STAGE_TESTING] = "联调",
        [STAGE_CONNECTED] = "接入", [STAGE_SUSPENDED] = "暂停",  [STAGE_RETIRED] = "停用"};
    return names[state];
}

void call_sheet(struct call *c, struct sheet *s, int err, bool xlsx, const char *title, const char *stem)
{
    char filename[48];
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    if (!err)
        err = xlsx ? sheet_write_xlsx(s, title, &b) : sheet_write_csv(s, &b);
    sheet_free(s);
    (void)snprintf(filename, sizeof filename, "%s.%s", stem, xlsx ? "xlsx" : "csv");
    if (err)
        call_why(c, err, NULL);
    else
        call_answer(c, &(struct office_answer){.status = 200,
                                               .type = xlsx ? SHEET_TYPE_XLSX : SHEET_TYPE_CSV,
                                               .body = buf_get(&b),
                                               .filename = filename});
    buf_fini(&b);
}

struct exporting {
    const struct office *o;
    struct sheet *s;
    size_t row;
    int err;
};

static void put_text(struct exporting *x, enum ledger_column column, const char *text)
{
    if (!x->err)
        x->err = sheet_put(x->s, x->row, column, view_of(text));
}

static void put_number(struct exporting *x, enum ledger_column column, const char *form, double v)
{
    char text[32];
    (void)snprintf(text, sizeof text, form, v);
    put_text(x, column, text);
}

static void export_one(void *ctx, const struct doc *d)
{
    static const char *const datums[] = {
        [DATUM_WGS84] = "WGS-84", [DATUM_GCJ02] = "GCJ-02", [DATUM_BD09] = "BD-09"};
    static const char *const mode_words[] = {"", "自动", "人工"};
    struct exporting *x = ctx;
    struct ledger_entry e;
    if (!ledger_entry_read(x->o, d, &e))
        return;
    x->row++;
    put_text(x, COLUMN_CODE, e.id);
    put_text(x, COLUMN_NAME, e.name);
    put_text(x, COLUMN_ADDRESS, e.address);
    put_text(x, COLUMN_AREA, e.area);
    put_text(x, COLUMN_OPERATOR, e.owner_name[0] ? e.owner_name : e.owner);
    put_text(x, COLUMN_KIND, e.kind);
    if (e.total != COUNT_NONE)
        put_number(x, COLUMN_TOTAL, "%.0f", e.total);
    if (e.open != COUNT_NONE)
        put_number(x, COLUMN_OPEN, "%.0f", e.open);
    if (e.has_point) {
        put_number(x, COLUMN_LNG, "%.6f", e.lng);
        put_number(x, COLUMN_LAT, "%.6f", e.lat);
        put_text(x, COLUMN_DATUM, datums[e.datum]);
    }
    put_text(x, COLUMN_PERSON, e.person);
    put_text(x, COLUMN_PHONE, e.phone);
    put_text(x, COLUMN_SYSTEM, e.system);
    put_text(x, COLUMN_MODE, mode_words[e.mode]);
    put_text(x, COLUMN_STATE, ledger_state_zh(e.state));
    put_text(x, COLUMN_OBSTACLE, e.obstacle);
    put_text(x, COLUMN_PLAN, e.plan);
    put_text(x, COLUMN_NEXT, e.next_date);
    put_text(x, COLUMN_NOTES, e.notes);
}

void office_ledger_export(struct call *c)
{
    struct view format = call_param(c, "format");
    bool xlsx = view_is(format, "xlsx");
    if (!xlsx && format.n && !view_is(format, "csv")) {
        call_fail(c, ERR_INVALID, "format", "must be csv or xlsx");
        return;
    }
    struct exporting x = {.o = c->o, .s = sheet_new()};
    x.err = x.s ? 0 : ERR_NOMEM;
    for (int i = 0; i < COLUMN_N; i++)
        put_text(&x, (enum ledger_column)i, ledger_column_name((enum ledger_column)i));
    doc_each(c->o, NOUN_LEDGER, export_one, &x);
    call_sheet(c, x.s, x.err, xlsx, "停车场台账", "ledger");
}
