/* SPDX-License-Identifier: MIT
 * A month as a table: one row a lot, then the sum. Chinese headings, as the office's own sheets have them.
 */
#include <stdio.h>
#include <string.h>

#include "office/months.h"
#include "office/sheet.h"

static const char *const headings[] = {"编号",     "名称",     "运营单位", "在线率 %", "及时率 %",
                                       "完整率 %", "可信率 %", "冻结天数", "不符天数", "漂移天数",
                                       "蓝",       "黄",       "橙",       "红",       "人工核对次数",
                                       "不符次数", "扣除天数", "考核天数", "得分",     "等级"};
#define COLUMNS (sizeof headings / sizeof headings[0])

/* A row that is being filled from the left. */
struct row {
    struct sheet *sheet;
    size_t at, column;
    int err;
};

static void put_text(struct row *r, const char *text)
{
    if (!r->err)
        r->err = sheet_put(r->sheet, r->at, r->column++, view_of(text));
}

static void put_int(struct row *r, int64_t v)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)v);
    put_text(r, text);
}

/* Nothing asked: an empty cell, never 0. */
static void put_real(struct row *r, double v, double times)
{
    char text[24] = "";
    if (v >= 0)
        (void)snprintf(text, sizeof text, "%.2f", v * times);
    put_text(r, text);
}

static void put_sum(struct row *r, const struct month_sum *s, const struct rules *rules)
{
    double score = month_score(s, rules);
    put_real(r, month_online(s), 100);
    put_real(r, month_timeliness(s), 100);
    put_real(r, month_completeness(s), 100);
    put_real(r, month_honesty(s), 100);
    put_int(r, s->frozen_days);
    put_int(r, s->unreconciled_days);
    put_int(r, s->drift_days);
    for (int i = COLOUR_BLUE; i < COLOUR_N; i++)
        put_int(r, s->colours[i]);
    put_int(r, s->counted);
    put_int(r, s->miscounted);
    put_int(r, s->left_out);
    put_int(r, s->days);
    put_real(r, score, 1);
    put_text(r, score < 0 ? "" : grade_of(rules, score));
}

static int put_row(struct sheet *sheet, size_t at, const char *const names[3], const struct month_sum *s,
                   const struct rules *rules)
{
    struct row r = {.sheet = sheet, .at = at};
    for (int i = 0; i < 3; i++)
        put_text(&r, names[i]);
    put_sum(&r, s, rules);
    return r.err;
}

static int fill(struct sheet *sheet, const struct month *m)
{
    struct row head = {.sheet = sheet};
    struct month_sum all = {0};
    for (size_t i = 0; i < COLUMNS; i++)
        put_text(&head, headings[i]);
    int err = head.err;
    for (size_t i = 0; i < m->n && !err; i++) {
        const struct month_lot *l = &m->lots[i];
        err = put_row(sheet, i + 1, (const char *const[]){l->lot, l->name, l->owner}, &l->sum, &m->rules);
        month_add(&all, &l->sum);
    }
    return err ? err : put_row(sheet, m->n + 1, (const char *const[]){"合计", m->name, ""}, &all, &m->rules);
}

void month_sheet(struct call *c, const struct month *m, bool xlsx)
{
    struct buf b;
    char file[32];
    struct sheet *sheet = sheet_new();
    buf_init(&b, ANSWER_MAX);
    int err = sheet ? fill(sheet, m) : ERR_NOMEM;
    if (!err)
        err = xlsx ? sheet_write_xlsx(sheet, m->name, &b) : sheet_write_csv(sheet, &b);
    sheet_free(sheet);
    (void)snprintf(file, sizeof file, "month-%s.%s", m->name, xlsx ? "xlsx" : "csv");
    call_answer(c, &(struct office_answer){.err = err,
                                           .status = 200,
                                           .type = xlsx ? SHEET_TYPE_XLSX : SHEET_TYPE_CSV,
                                           .filename = file,
                                           .body = buf_get(&b)});
    buf_fini(&b);
}
