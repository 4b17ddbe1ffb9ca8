/* SPDX-License-Identifier: MIT
 * A row of the office's spreadsheet becomes an entry; what cannot be believed is left out and named, never
 * guessed in silence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/ledger.h"

#define CELL_SIZE 1024

struct row_reading {
    const struct sheet *s;
    const struct ledger_columns *c;
    size_t row;
    struct ledger_row *r;
};

void ledger_row_doubt(struct ledger_row *r, enum ledger_column column, const char *zh, const char *en)
{
    if (r->n_doubts < DOUBTS_MAX)
        r->doubts[r->n_doubts++] = (struct ledger_doubt){column, zh, en};
}

/* Cleaned; empty for a missing column and for the marks that mean nothing. */
static void cell(const struct row_reading *d, enum ledger_column column, char dst[CELL_SIZE])
{
    dst[0] = 0;
    if (d->c->at[column] == COLUMN_NONE)
        return;
    ledger_clean(sheet_cell(d->s, d->row, d->c->at[column]), dst, CELL_SIZE);
    if (strcmp(dst, "-") == 0 || strcmp(dst, "/") == 0 || strcmp(dst, "--") == 0 || strcmp(dst, "无") == 0)
        dst[0] = 0;
}

static void take_text(const struct row_reading *d, enum ledger_column column, char *dst, size_t size)
{
    char text[CELL_SIZE];
    cell(d, column, text);
    if (view_copy(view_of(text), dst, size)) {
        dst[0] = 0;
        ledger_row_doubt(d->r, column, "文字太长，未录入", "the text is too long and was left out");
    }
}

/* "120", "120 个", "约120" (doubted). */
static void take_count(const struct row_reading *d, enum ledger_column column, int32_t *out)
{
    static const char *const units[] = {"", "个", "位", "泊位", "车位", "辆", "个泊位", "个车位"};
    char text[CELL_SIZE], *end = NULL;
    cell(d, column, text);
    if (!text[0])
        return;
    const char *from = strncmp(text, "约", strlen("约")) == 0 ? text + strlen("约") : text;
    long v = *from >= '0' && *from <= '9' ? strtol(from, &end, 10) : -1;
    if (end)
        end += strspn(end, " ");
    bool good = v >= 0 && v <= COUNT_MAX;
    size_t unit = 0;
    while (good && unit < sizeof units / sizeof units[0] && strcmp(end, units[unit]) != 0)
        unit++;
    if (!good || unit == sizeof units / sizeof units[0])
        ledger_row_doubt(d->r, column, "不是个数，未录入", "is not a number and was left out");
    else
        *out = (int32_t)v;
    if (good && from != text)
        ledger_row_doubt(d->r, column, "是约数", "is only about right");
}

/* --- place --- */

static bool take_datum(const struct row_reading *d, enum datum *out)
{
    char text[CELL_SIZE];
    cell(d, COLUMN_DATUM, text);
    if (text[0])
        return ledger_datum_of(text, out);
    *out = d->c->datum;
    return d->c->has_datum;
}

static bool number(const char *text, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    while (*end == ' ')
        end++;
    return end != text && (!*end || strcmp(end, "°") == 0 || strcmp(end, "E") == 0 || strcmp(end, "N") == 0 ||
                           strcmp(end, "°E") == 0 || strcmp(end, "°N") == 0);
}

/* In China every longitude is above 73 and every latitude below 54, so the one is never taken for the other.
 */
static bool looks_like(double lng, double lat)
{
    return lng >= 73 && lng <= 136 && lat >= 3 && lat <= 54;
}

/* "118.05,36.79", with any sign that people put between. */
static void split_point(char both[CELL_SIZE], char second[CELL_SIZE])
{
    static const char *const signs[] = {",", ";", "、", "/", " "};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        char *at = strstr(both, signs[i]);
        if (!at)
            continue;
        (void)snprintf(second, CELL_SIZE, "%s", at + strlen(signs[i]));
        *at = 0;
        return;
    }
}

static void take_location(const struct row_reading *d)
{
    char lng[CELL_SIZE], lat[CELL_SIZE];
    double x = 0, y = 0;
    struct ledger_entry *e = &d->r->e;
    cell(d, COLUMN_LNG, lng);
    cell(d, COLUMN_LAT, lat);
    enum ledger_column column = COLUMN_LNG;
    if (!lng[0] && !lat[0]) {
        column = COLUMN_POINT;
        cell(d, COLUMN_POINT, lng);
        split_point(lng, lat);
    }
    if (!lng[0] && !lat[0])
        return;
    if (!number(lng, &x) || !number(lat, &y)) {
        ledger_row_doubt(d->r, column, "不是十进制经纬度，位置未录入",
                         "are no decimal degrees; the place was left out");
        return;
    }
    if (!looks_like(x, y) && looks_like(y, x)) {
        double swap = x;
        x = y;
        y = swap;
        ledger_row_doubt(d->r, column, "经纬度写反，已对调",
                         "longitude and latitude were swapped; taken the other way round");
    }
    if (!looks_like(x, y))
        ledger_row_doubt(d->r, column, "不在国内，位置未录入", "is not in China; the place was left out");
    else if (!take_datum(d, &e->datum))
        ledger_row_doubt(d->r, COLUMN_DATUM, "没有坐标系，位置未录入",
                         "has no datum (WGS-84, GCJ-02 or BD-09); the place was left out");
    else {
        e->has_point = true;
        e->lng = x;
        e->lat = y;
    }
}

/* --- dates, phones, states --- */

static bool take_digits(const char **p, int most, unsigned *out)
{
    int n = 0;
    for (*out = 0; n < most && **p >= '0' && **p <= '9'; n++, (*p)++)
        *out = *out * 10 + (unsigned)(**p - '0');
    return n > 0;
}

static bool take_sign(const char **p, const char *sign)
{
    size_t n = strlen(sign);
    if (strncmp(*p, sign, n) != 0)
        return false;
    *p += n;
    return true;
}

/* " 0:00" and " 00:00:00", which spreadsheets write behind a day. */
static bool is_midnight(const char *p)
{
    return *p == ' ' && strspn(p, " 0:") == strlen(p);
}

/* 2026-12-01, 2026/12/1, 2026.12.1, 2026年12月1日 */
static bool read_date(const char *p, char out[11])
{
    unsigned y = 0, m = 0, day = 0;
    static const char *const signs[][3] = {
        {"-", "-", ""}, {"/", "/", ""}, {".", ".", ""}, {"年", "月", "日"}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const char *at = p;
        if (take_digits(&at, 4, &y) && take_sign(&at, signs[i][0]) && take_digits(&at, 2, &m) &&
            take_sign(&at, signs[i][1]) && take_digits(&at, 2, &day) && take_sign(&at, signs[i][2]) &&
            (!*at || is_midnight(at)))
            return ledger_date(y, m, day, out) == 0;
    }
    return false;
}

static void take_date(const struct row_reading *d)
{
    char text[CELL_SIZE];
    cell(d, COLUMN_NEXT, text);
    if (text[0] && !read_date(text, d->r->e.next_date))
        ledger_row_doubt(d->r, COLUMN_NEXT, "不是日期，未录入", "is no day like 2026-12-31 and was left out");
}

static void take_phone(const struct row_reading *d)
{
    char text[CELL_SIZE];
    size_t digits = 0;
    cell(d, COLUMN_PHONE, text);
    for (const char *p = text; *p; p++)
        digits += *p >= '0' && *p <= '9';
    if (text[0] && (digits < 7 || digits > 12))
        ledger_row_doubt(d->r, COLUMN_PHONE, "不像电话号码", "does not look like a telephone number");
    if (view_copy(view_of(text), d->r->e.phone, sizeof d->r->e.phone))
        ledger_row_doubt(d->r, COLUMN_PHONE, "太长，未录入", "is too long and was left out");
}

static void take_state(const struct row_reading *d)
{
    static const struct {
        const char *word;
        enum lot_stage state;
    } rows[] = {{"未接入", STAGE_SURVEYED}, {"否", STAGE_SURVEYED},         {"普查", STAGE_SURVEYED},
                {"登记", STAGE_REGISTERED}, {"备案", STAGE_REGISTERED},     {"联调", STAGE_TESTING},
                {"测试", STAGE_TESTING},    {"暂停", STAGE_SUSPENDED},      {"停用", STAGE_RETIRED},
                {"退出", STAGE_RETIRED},    {"撤销", STAGE_RETIRED},        {"接入", STAGE_CONNECTED},
                {"是", STAGE_CONNECTED},    {"surveyed", STAGE_SURVEYED},   {"registered", STAGE_REGISTERED},
                {"testing", STAGE_TESTING}, {"connected", STAGE_CONNECTED}, {"suspended", STAGE_SUSPENDED},
                {"retired", STAGE_RETIRED}};
    char text[CELL_SIZE];
    cell(d, COLUMN_STATE, text);
    for (size_t i = 0; text[0] && i < sizeof rows / sizeof rows[0]; i++) {
        if (!strstr(text, rows[i].word))
            continue;
        d->r->e.state = rows[i].state;
        d->r->has_state = true;
        return;
    }
    if (text[0])
        ledger_row_doubt(d->r, COLUMN_STATE, "状态看不懂，按普查处理",
                         "is no state that is known; taken as surveyed");
}

static void take_mode(const struct row_reading *d)
{
    char text[CELL_SIZE];
    cell(d, COLUMN_MODE, text);
    if (strstr(text, "人工") || strcmp(text, "manual") == 0)
        d->r->e.mode = MODE_MANUAL;
    else if (strstr(text, "自动") || strcmp(text, "auto") == 0)
        d->r->e.mode = MODE_AUTO;
    else if (text[0])
        ledger_row_doubt(d->r, COLUMN_MODE, "应为自动或人工，未录入",
                         "must be 自动 or 人工 and was left out");
}

static void take_code(const struct row_reading *d)
{
    static const struct ledger_doubt bad = {COLUMN_CODE, "编码只能用字母、数字和 . _ -，最长 32 位",
                                            "a code has 1 to 32 letters, digits, '.', '_' or '-'"};
    char text[CELL_SIZE];
    cell(d, COLUMN_CODE, text);
    if (text[0] &&
        (!ledger_id_valid(view_of(text)) || view_copy(view_of(text), d->r->e.id, sizeof d->r->e.id)))
        d->r->refused = &bad;
    cell(d, COLUMN_STREET, text);
    if (view_copy(view_of(text), d->r->street, sizeof d->r->street))
        ledger_row_doubt(d->r, COLUMN_STREET, "街道代码应为三位数字", "a street's code has three digits");
}

/* "合　计" is the same word as "合计". */
static bool begins(struct view text, const char *word)
{
    char clean[CELL_SIZE];
    size_t n = 0;
    ledger_clean(text, clean, sizeof clean);
    for (const char *p = clean; *p; p++) {
        if (*p != ' ')
            clean[n++] = *p;
    }
    clean[n] = 0;
    return strncmp(clean, word, strlen(word)) == 0;
}

/* Sums and remarks below the table name no car park, nor does the heading of the next page. */
static bool is_no_car_park(const char *name, const struct row_reading *d)
{
    static const char *const words[] = {"合计", "总计", "小计", "共计", "填表", "备注:", "注:", "说明:"};
    struct view first = sheet_cell(d->s, d->row, 0);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (begins(view_of(name), words[i]) || begins(first, words[i]))
            return true;
    }
    return ledger_columns_again(d->s, d->c, d->row);
}

static bool is_empty(const struct row_reading *d)
{
    for (int c = 0; c < COLUMN_N; c++) {
        if (d->c->at[c] != COLUMN_NONE && sheet_cell(d->s, d->row, d->c->at[c]).n)
            return false;
    }
    return true;
}

bool ledger_row_read(const struct sheet *s, const struct ledger_columns *c, size_t row,
                     struct ledger_row *out)
{
    static const struct ledger_doubt nameless = {COLUMN_NAME, "没有名称", "has no name"};
    const struct row_reading d = {s, c, row, out};
    *out = (struct ledger_row){.street = "000"};
    ledger_init(&out->e);
    take_text(&d, COLUMN_NAME, out->e.name, sizeof out->e.name);
    if (is_empty(&d) || is_no_car_park(out->e.name, &d))
        return false;
    if (!out->e.name[0])
        out->refused = &nameless;
    take_code(&d);
    if (!out->street[0])
        memcpy(out->street, "000", 4);
    take_text(&d, COLUMN_ADDRESS, out->e.address, sizeof out->e.address);
    take_text(&d, COLUMN_AREA, out->e.area, sizeof out->e.area);
    take_text(&d, COLUMN_OPERATOR, out->e.owner_name, sizeof out->e.owner_name);
    take_text(&d, COLUMN_KIND, out->e.kind, sizeof out->e.kind);
    take_text(&d, COLUMN_PERSON, out->e.person, sizeof out->e.person);
    take_text(&d, COLUMN_SYSTEM, out->e.system, sizeof out->e.system);
    take_text(&d, COLUMN_OBSTACLE, out->e.obstacle, sizeof out->e.obstacle);
    take_text(&d, COLUMN_PLAN, out->e.plan, sizeof out->e.plan);
    take_text(&d, COLUMN_NOTES, out->e.notes, sizeof out->e.notes);
    take_count(&d, COLUMN_TOTAL, &out->e.total);
    take_count(&d, COLUMN_OPEN, &out->e.open);
    if (out->e.total != COUNT_NONE && out->e.open > out->e.total) {
        out->e.open = COUNT_NONE;
        ledger_row_doubt(out, COLUMN_OPEN, "开放泊位多于总泊位，未录入",
                         "more places are open than there are; left out");
    }
    take_location(&d);
    take_date(&d);
    take_phone(&d);
    take_state(&d);
    take_mode(&d);
    return true;
}
