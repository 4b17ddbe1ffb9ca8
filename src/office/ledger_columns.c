/* SPDX-License-Identifier: MIT
 * Headings as offices write them: over one or two rows, merged, with units and remarks in brackets.
 */
#include <ctype.h>
#include <string.h>

#include "office/ledger.h"

#define LOOK_ROWS  20
#define WORD_SIZE  96
#define NAMES_MAX  14
#define LEAST_SEEN 2      /* columns that a heading must have: a name and something else */
#define ROW_NUMBER "编号" /* a code, or no more than the number of the row */
#define ROW_DIGITS 4

/* The first is what export writes. */
static const char *const names[COLUMN_N][NAMES_MAX] = {
    [COLUMN_CODE] = {"编码", "停车场编码", "车场编码", "停车场编号", "车场编号", "备案编号", "备案号",
                     ROW_NUMBER, "id", "code"},
    [COLUMN_NAME] = {"停车场名称", "车场名称", "停车场", "名称", "场库名称", "停车场全称", "项目名称",
                     "name"},
    [COLUMN_ADDRESS] = {"地址", "详细地址", "停车场地址", "位置", "具体位置", "坐落", "address"},
    [COLUMN_AREA] = {"街道", "所属街道", "片区", "区域", "所属区域", "镇街", "镇办", "街道镇", "area"},
    [COLUMN_STREET] = {"街道代码", "街道编码", "streetcode"},
    [COLUMN_OPERATOR] = {"运营单位", "管理单位", "经营单位", "运营企业", "经营企业", "权属单位", "管理公司",
                         "运营方", "运营公司", "operator"},
    [COLUMN_KIND] = {"类别", "停车场类别", "类型", "停车场类型", "性质", "停车场性质", "kind"},
    [COLUMN_TOTAL] = {"总泊位", "泊位数", "总泊位数", "车位数", "总车位数", "总车位", "泊位总数", "车位总数",
                      "泊位", "停车位数", "车位", "总数", "total"},
    [COLUMN_OPEN] = {"开放泊位", "开放泊位数", "对外开放泊位", "对外开放泊位数", "开放车位", "开放车位数",
                     "共享泊位", "公共泊位", "开放数", "对外开放数", "open"},
    [COLUMN_LNG] = {"经度", "lng", "lon", "longitude"},
    [COLUMN_LAT] = {"纬度", "lat", "latitude"},
    [COLUMN_POINT] = {"坐标", "经纬度", "位置坐标", "经纬度坐标", "gps"},
    [COLUMN_DATUM] = {"坐标系", "坐标系统", "坐标类型", "datum"},
    [COLUMN_PERSON] = {"联系人", "负责人", "现场负责人", "联系人姓名", "姓名", "contact"},
    [COLUMN_PHONE] = {"联系电话", "电话", "手机", "手机号", "联系方式", "负责人电话", "联系人电话",
                      "电话号码", "手机号码", "phone"},
    [COLUMN_SYSTEM] = {"系统厂家", "设备厂家", "停车系统", "系统品牌", "设备品牌", "厂家", "系统", "道闸品牌",
                       "system"},
    [COLUMN_MODE] = {"采集方式", "上报方式", "接入方式", "mode"},
    [COLUMN_STATE] = {"状态", "接入状态", "接入情况", "是否接入", "进展", "state"},
    [COLUMN_OBSTACLE] = {"困难", "存在问题", "问题", "存在困难", "难点", "未接入原因", "obstacle"},
    [COLUMN_PLAN] = {"措施", "解决措施", "一场一策", "对策", "解决办法", "工作措施", "plan"},
    [COLUMN_NEXT] = {"下次日期", "计划完成时间", "计划时间", "完成时限", "下次跟进", "计划接入时间", "next"},
    [COLUMN_NOTES] = {"备注", "说明", "notes"},
};

const char *ledger_column_name(enum ledger_column c)
{
    return names[c][0];
}

/* --- texts --- */

/* U+FF01…U+FF5E are ASCII in full width, U+3000 is a blank; U+00A0 comes with what was copied from a page. */
void ledger_clean(struct view cell, char *dst, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < cell.n && n + 4 < size; i++) {
        unsigned char a = (unsigned char)cell.p[i], b = i + 1 < cell.n ? (unsigned char)cell.p[i + 1] : 0,
                      c = i + 2 < cell.n ? (unsigned char)cell.p[i + 2] : 0;
        unsigned code = (a & 0x0FU) << 12 | (b & 0x3FU) << 6 | (c & 0x3FU);
        if ((a & 0xF0) == 0xE0 && c && code >= 0xFF01 && code <= 0xFF5E) {
            dst[n++] = (char)(code - 0xFF01 + '!');
            i += 2;
        } else if ((a & 0xF0) == 0xE0 && c && code == 0x3000) {
            dst[n++] = ' ';
            i += 2;
        } else if (a == 0xC2 && b == 0xA0) {
            dst[n++] = ' ';
            i++;
        } else if (a >= 0x80) { /* whole characters only */
            size_t many = a >= 0xF0 ? 4 : a >= 0xE0 ? 3 : 2;
            for (size_t k = 0; k < many && i + k < cell.n; k++)
                dst[n++] = cell.p[i + k];
            i += many - 1;
        } else {
            dst[n++] = a == '\n' || a == '\r' || a == '\t' ? ' ' : (char)a;
        }
        if (n == 1 && dst[0] == ' ')
            n = 0;
    }
    while (n && dst[n - 1] == ' ')
        n--;
    dst[n] = 0;
}

/* "停车场名称（全称）*" → "停车场名称" */
static void word_of(struct view cell, char dst[WORD_SIZE])
{
    char clean[WORD_SIZE];
    size_t n = 0;
    bool inside = false;
    ledger_clean(cell, clean, sizeof clean);
    for (const char *p = clean; *p; p++) {
        if (*p == '(' || *p == '[')
            inside = true;
        else if (*p == ')' || *p == ']')
            inside = false;
        else if (!inside && !strchr(" *:/,.-_", *p))
            dst[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    }
    dst[n] = 0;
}

static enum ledger_column column_of(struct view cell)
{
    char word[WORD_SIZE];
    word_of(cell, word);
    for (int c = 0; c < COLUMN_N && word[0]; c++) {
        for (int i = 0; i < NAMES_MAX && names[c][i]; i++) {
            if (strcmp(word, names[c][i]) == 0)
                return (enum ledger_column)c;
        }
    }
    return COLUMN_N;
}

/* --- the heading --- */

/* What the column is by the heading in `row`, or by the one below it where that says more. */
static enum ledger_column meaning(const struct sheet *s, size_t row, bool two, size_t column)
{
    enum ledger_column upper = column_of(sheet_cell(s, row, column)),
                       lower = two ? column_of(sheet_cell(s, row + 1, column)) : COLUMN_N;
    return lower < COLUMN_N ? lower : upper;
}

static size_t try_row(const struct sheet *s, size_t row, bool two, struct ledger_columns *out)
{
    size_t seen = 0;
    for (int c = 0; c < COLUMN_N; c++)
        out->at[c] = COLUMN_NONE;
    for (size_t column = 0; column < sheet_columns(s); column++) {
        enum ledger_column c = meaning(s, row, two, column);
        if (c == COLUMN_N || out->at[c] != COLUMN_NONE)
            continue;
        out->at[c] = column;
        seen++;
    }
    out->heading_row = row;
    out->first_row = row + (two ? 2 : 1);
    out->has_datum = false;
    return out->at[COLUMN_NAME] == COLUMN_NONE ? 0 : seen;
}

/* --- what else the headings say --- */

bool ledger_datum_of(const char *text, enum datum *out)
{
    static const struct {
        const char *word;
        enum datum datum;
    } rows[] = {{"WGS", DATUM_WGS84},  {"wgs", DATUM_WGS84},  {"GPS", DATUM_WGS84}, {"2000", DATUM_WGS84},
                {"大地", DATUM_WGS84}, {"GCJ", DATUM_GCJ02},  {"gcj", DATUM_GCJ02}, {"火星", DATUM_GCJ02},
                {"高德", DATUM_GCJ02}, {"腾讯", DATUM_GCJ02}, {"BD", DATUM_BD09},   {"bd", DATUM_BD09},
                {"百度", DATUM_BD09}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strstr(text, rows[i].word)) {
            *out = rows[i].datum;
            return true;
        }
    }
    return false;
}

/* "经度（高德）", or "（坐标系：WGS-84）" in the title. Two that differ say nothing. */
static void find_datum(const struct sheet *s, struct ledger_columns *c)
{
    char text[WORD_SIZE * 2];
    for (size_t row = 0; row < c->first_row; row++) {
        for (size_t column = 0; column < sheet_columns(s); column++) {
            enum datum datum;
            ledger_clean(sheet_cell(s, row, column), text, sizeof text);
            if ((!strstr(text, "坐标") && !strstr(text, "经度") && !strstr(text, "纬")) ||
                !ledger_datum_of(text, &datum))
                continue;
            if (c->has_datum && c->datum != datum) {
                c->has_datum = false;
                return;
            }
            c->has_datum = true;
            c->datum = datum;
        }
    }
}

/* Or a word like 合计; no code is without a letter or digit. */
static bool is_row_number(struct view cell)
{
    char text[WORD_SIZE];
    ledger_clean(cell, text, sizeof text);
    size_t digits = strspn(text, "0123456789");
    bool has_letter = false;
    for (const char *p = text; *p; p++)
        has_letter = has_letter || (isalnum((unsigned char)*p));
    return !has_letter || (digits == strlen(text) && digits <= ROW_DIGITS);
}

/* 编号 1, 2, 3 … are no codes; nobody else would know the car park by them. */
static void drop_row_numbers(const struct sheet *s, struct ledger_columns *c)
{
    char word[WORD_SIZE];
    size_t column = c->at[COLUMN_CODE];
    if (column == COLUMN_NONE)
        return;
    bool number = false;
    for (size_t row = 0; row < c->first_row; row++) {
        word_of(sheet_cell(s, row, column), word);
        number = number || strcmp(word, ROW_NUMBER) == 0;
    }
    for (size_t row = c->first_row; number && row < sheet_rows(s); row++)
        number = is_row_number(sheet_cell(s, row, column));
    if (number)
        c->at[COLUMN_CODE] = COLUMN_NONE;
}

bool ledger_columns_again(const struct sheet *s, const struct ledger_columns *c, size_t row)
{
    int seen = 0;
    for (int i = 0; i < COLUMN_N; i++)
        seen += c->at[i] != COLUMN_NONE && column_of(sheet_cell(s, row, c->at[i])) == (enum ledger_column)i;
    return seen > LEAST_SEEN;
}

void ledger_columns_write_others(struct json_writer *w, const char *key, const struct sheet *s,
                                 const struct ledger_columns *c)
{
    jw_array(w, key);
    for (size_t column = 0; column < sheet_columns(s); column++) {
        bool known = false;
        for (int i = 0; i < COLUMN_N; i++)
            known = known || c->at[i] == column;
        struct view cell = sheet_cell(s, c->first_row - 1, column);
        if (!cell.n)
            cell = sheet_cell(s, c->heading_row, column);
        if (!known && cell.n)
            jw_view(w, NULL, cell);
    }
    jw_end_array(w);
}

int ledger_columns_find(const struct sheet *s, struct ledger_columns *out, struct why *why)
{
    size_t most = LEAST_SEEN - 1;
    for (size_t row = 0; row < sheet_rows(s) && row < LOOK_ROWS; row++) {
        for (int two = 0; two < 2; two++) {
            struct ledger_columns tried;
            size_t seen = try_row(s, row, two, &tried);
            if (seen <= most)
                continue;
            most = seen;
            *out = tried;
        }
    }
    if (most < LEAST_SEEN)
        return why_set(why, ERR_NOT_FOUND, "",
                       "no row of headings was found in the first %d rows: it needs 停车场名称 (name) and at "
                       "least one more, like 地址 or 总泊位",
                       LOOK_ROWS);
    find_datum(s, out);
    drop_row_numbers(s, out);
    return 0;
}
