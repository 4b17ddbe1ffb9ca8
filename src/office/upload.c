/* SPDX-License-Identifier: MIT
 * Counts from a spreadsheet, for lots without a system: what an attendant would press, many at once. Each row
 * is taken or refused for itself; ?dry_run=1 shows what would come of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/operator.h"
#include "parkd/base/iso8601.h"
#include "parkd/model/report.h"

#define LOOK_ROWS  10
#define ROWS_MAX   500
#define CELL_SIZE  128
#define AGO_MAX_MS ((int64_t)24 * 3600 * 1000)

enum column { CODE, NAME, FREE, LEVEL, TIME, COLUMNS };
static const char *const headings[COLUMNS][8] = {
    [CODE] = {"编码", "车场编码", "停车场编码", "编号", "停车场编号", "code", "id", NULL},
    [NAME] = {"名称", "停车场名称", "车场名称", "停车场", "车场", "name", NULL},
    [FREE] = {"空位", "空位数", "剩余泊位", "剩余车位", "空闲泊位", "空余泊位", "free", NULL},
    [LEVEL] = {"余位", "余位等级", "紧张程度", "状态", "level", "band", NULL},
    [TIME] = {"时间", "上报时间", "统计时间", "采集时间", "time", "at", NULL}};
static const char *const names[COLUMNS] = {"编码", "名称", "空位", "余位", "时间"};

struct refusal {
    enum column column;
    const char *zh, *en;
};

struct upload {
    struct call *c;
    struct sheet *s;
    size_t at[COLUMNS], first; /* SIZE_MAX: no such column */
    struct report_list list;
    struct json_writer w;
    struct buf b;
    int64_t rows, refused;
    bool dry;
};

/* --- which column is what --- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

static bool find_columns(struct upload *u)
{
    char text[CELL_SIZE];
    for (size_t row = 0; row < sheet_rows(u->s) && row < LOOK_ROWS; row++) {
        for (int c = 0; c < COLUMNS; c++)
            u->at[c] = SIZE_MAX;
        for (size_t k = 0; k < sheet_columns(u->s); k++) {
            ledger_clean(sheet_cell(u->s, row, k), text, sizeof text);
            for (int c = 0; c < COLUMNS; c++) {
                if (u->at[c] == SIZE_MAX && is_one_of(text, headings[c]))
                    u->at[c] = k;
            }
        }
        u->first = row + 1;
        if ((u->at[CODE] != SIZE_MAX || u->at[NAME] != SIZE_MAX) &&
            (u->at[FREE] != SIZE_MAX || u->at[LEVEL] != SIZE_MAX))
            return true;
    }
    return false;
}

static void cell(const struct upload *u, size_t row, enum column c, char dst[CELL_SIZE])
{
    dst[0] = 0;
    if (u->at[c] != SIZE_MAX)
        ledger_clean(sheet_cell(u->s, row, u->at[c]), dst, CELL_SIZE);
}

/* --- one row --- */

/* Of one's own lots alone; a name that two of them have says nothing. */
static const struct registry_lot *find_lot(const struct upload *u, const char *code, const char *name,
                                           struct refusal *why)
{
    static const struct refusal none = {CODE, "没有这个车场", "no lot of yours has this code"},
                                nobody = {NAME, "没有这个名称的车场", "no lot of yours has this name"},
                                two = {NAME, "有两个同名车场，请填编码",
                                       "two lots of yours have this name: give the code"};
    const struct registry_lot *found = NULL;
    for (uint32_t i = 0; i < registry_size(u->c->o->reg); i++) {
        const struct registry_lot *l = registry_lot(u->c->o->reg, i);
        if (l->removed || !principal_owns(&u->c->who, l->lot.owner) ||
            strcmp(code[0] ? l->lot.id : l->lot.name, code[0] ? code : name) != 0)
            continue;
        if (found) {
            *why = two;
            return NULL;
        }
        found = l;
    }
    if (!found)
        *why = code[0] ? none : nobody;
    return found;
}

static bool read_level(const char *text, enum band *out)
{
    static const struct {
        const char *word;
        enum band band;
    } rows[] = {{"满", BAND_FULL},  {"已满", BAND_FULL}, {"车位已满", BAND_FULL},
                {"紧张", BAND_FEW}, {"较少", BAND_SOME}, {"充足", BAND_PLENTY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(text, rows[i].word) == 0) {
            *out = rows[i].band;
            return true;
        }
    }
    return band_of(view_of(text), out) == 0 && *out != BAND_UNKNOWN;
}

static bool take_count(const struct upload *u, size_t row, const struct lot *lot, struct report *r,
                       struct refusal *why)
{
    char number[CELL_SIZE], level[CELL_SIZE];
    cell(u, row, FREE, number);
    cell(u, row, LEVEL, level);
    int64_t most = lot->total != COUNT_NONE ? lot->total : COUNT_MAX;
    if (number[0]) {
        *why = (struct refusal){FREE, "应为 0 到总泊位数之间的整数",
                                "must be a whole number, at most the lot's places"};
        return view_to_int(view_of(number), 0, most, &r->free) == 0;
    }
    r->kind = REPORT_BAND;
    *why = (struct refusal){LEVEL, "应为 满、紧张、较少、充足 之一，或填空位数",
                            "must be full, few, some or plenty; or give the number"};
    return read_level(level, &r->band);
}

static bool take_time(const struct upload *u, size_t row, struct report *r, struct refusal *why)
{
    static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S",
                                        "%Y/%m/%d %H:%M"};
    char text[CELL_SIZE];
    int64_t now = call_now(u->c), ms = now;
    cell(u, row, TIME, text);
    bool good = !text[0] || iso8601_parse(view_of(text), &ms) == 0;
    for (size_t i = 0; !good && i < sizeof forms / sizeof forms[0]; i++)
        good = time_parse(view_of(text), view_of(forms[i]), 480, &ms) == 0;
    *why = (struct refusal){TIME, "应为最近 24 小时内的时间，如 2026-12-31 08:30",
                            "must be a time of the last 24 hours, like 2026-12-31 08:30"};
    r->source_ms = ms > now ? now : ms;
    r->source_seq =
        (uint64_t)r->source_ms; /* as with attendants: believed however late, never over a newer one */
    return good && ms <= now + 300000 && now - ms <= AGO_MAX_MS;
}

static bool take_row(struct upload *u, size_t row, struct report *r, struct refusal *why)
{
    char code[CELL_SIZE], name[CELL_SIZE];
    cell(u, row, CODE, code);
    cell(u, row, NAME, name);
    const struct registry_lot *l = find_lot(u, code, name, why);
    if (!l)
        return false;
    *why = (struct refusal){code[0] ? CODE : NAME, "这个车场由停车系统上报，或还没有人工上报：请先添加值守员",
                            "a system tells this lot's counts, or nobody yet: name an attendant first"};
    if (strcmp(l->lot.feed, PEOPLE_FEED) != 0)
        return false;
    report_init(r);
    (void)snprintf(r->lot, sizeof r->lot, "%s", l->lot.foreign_id);
    r->quality = QUALITY_MANUAL;
    return take_count(u, row, &l->lot, r, why) && take_time(u, row, r, why);
}

static void write_refusal(struct upload *u, size_t row, const struct refusal *why)
{
    char text[CELL_SIZE];
    cell(u, row, why->column, text);
    u->refused++;
    jw_object(&u->w, NULL);
    jw_int(&u->w, "row", (int64_t)sheet_line(u->s, row));
    jw_str(&u->w, "column", names[why->column]);
    jw_str(&u->w, "value", text);
    jw_object(&u->w, "why");
    jw_str(&u->w, "zh", why->zh);
    jw_str(&u->w, "en", why->en);
    jw_end_object(&u->w);
    jw_end_object(&u->w);
}

static bool is_empty(const struct upload *u, size_t row)
{
    for (size_t k = 0; k < sheet_columns(u->s); k++) {
        if (sheet_cell(u->s, row, k).n)
            return false;
    }
    return true;
}

/* --- the whole --- */

static void upload_free(struct upload *u)
{
    report_list_fini(&u->list);
    sheet_free(u->s);
    buf_fini(&u->b);
    free(u);
}

static void answer(struct upload *u, int64_t accepted)
{
    jw_end_array(&u->w);
    jw_int(&u->w, "rows", u->rows);
    jw_int(&u->w, "good", u->rows - u->refused);
    if (!u->dry)
        jw_int(&u->w, "accepted", accepted);
    jw_end_object(&u->w);
    call_json(u->c, 200, &u->b);
    u->b = (struct buf){0};
    upload_free(u);
}

static void on_reported(void *ctx, size_t accepted, const struct why *why)
{
    struct upload *u = ctx;
    struct call *c = u->c;
    if (!accepted && why->text[0]) {
        int err = view_is(view_of(why->text), err_text(ERR_AWAY)) ? ERR_AWAY : ERR_STATE;
        upload_free(u);
        call_why(c, err, why);
        return;
    }
    answer(u, (int64_t)accepted);
}

static int read_rows(struct upload *u)
{
    int err = 0;
    for (size_t row = u->first; row < sheet_rows(u->s) && !err; row++) {
        struct report r;
        struct refusal why;
        if (is_empty(u, row))
            continue;
        if (++u->rows > ROWS_MAX)
            return ERR_TOO_BIG;
        if (take_row(u, row, &r, &why))
            err = report_list_add(&u->list, &r);
        else
            write_refusal(u, row, &why);
    }
    return err;
}

static void take_sheet(struct call *c, struct sheet *s)
{
    struct why why = {0};
    struct upload *u = calloc(1, sizeof *u);
    if (!u) {
        sheet_free(s);
        call_why(c, ERR_NOMEM, NULL);
        return;
    }
    *u = (struct upload){.c = c, .s = s, .dry = view_is(call_param(c, "dry_run"), "1")};
    report_list_init(&u->list);
    buf_init(&u->b, ANSWER_MAX);
    jw_init(&u->w, &u->b);
    jw_object(&u->w, NULL);
    jw_array(&u->w, "refused");
    int err = find_columns(u) ? read_rows(u)
                              : why_set(&why, ERR_INVALID, "",
                                        "no row of headings was found: it needs 编码 (code) or 名称 (name), "
                                        "and 空位 (free) or 余位 (level)");
    if (err == ERR_TOO_BIG)
        (void)why_set(&why, err, "", "a table of counts has at most %d rows", ROWS_MAX);
    const struct feed *f = c->o->port.feed(c->o->port.ctx, VIEW(PEOPLE_FEED));
    if (!err && !u->dry && u->list.n && f) {
        err = c->o->port.report(c->o->port.ctx, f, &u->list, on_reported, u);
        if (!err)
            return;
    }
    if (!err) {
        answer(u, 0);
        return;
    }
    upload_free(u);
    call_why(c, err, &why);
}

void office_operator_upload(struct call *c)
{
    call_read_sheet(c, take_sheet);
}
