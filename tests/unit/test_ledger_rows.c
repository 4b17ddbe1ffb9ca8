/* SPDX-License-Identifier: MIT
 * Headings as offices write them, and rows that become entries: what is understood, and what is left out with
 * a word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "office/ledger.h"
#include "office/ledger_index.h"

/* "a|b\nc|d" */
static struct sheet *sheet_of(const char *text)
{
    struct sheet *s = sheet_new();
    struct view rest = view_of(text);
    for (size_t row = 0; rest.n; row++) {
        struct view line = view_cut(&rest, '\n');
        for (size_t column = 0; line.n; column++)
            assert_int_equal(sheet_put(s, row, column, view_cut(&line, '|')), 0);
    }
    return s;
}

static struct sheet *columns_of(const char *text, struct ledger_columns *c)
{
    struct sheet *s = sheet_of(text);
    struct why why = {0};
    if (ledger_columns_find(s, c, &why))
        fail_msg("%s: %s", text, why.text);
    return s;
}

static void headings(void **state)
{
    static const struct {
        const char *text;
        size_t first_row;
        struct {
            enum ledger_column column;
            size_t at;
        } want[4];
    } rows[] = {
        {"停车场名称|详细地址", 1, {{COLUMN_NAME, 0}, {COLUMN_ADDRESS, 1}}},
        {"表\n填报单位：|测试\n序号|车 场 名 称|总车位（个）*", 3, {{COLUMN_NAME, 1}, {COLUMN_TOTAL, 2}}},
        {"Name|Longitude|LATITUDE", 1, {{COLUMN_NAME, 0}, {COLUMN_LNG, 1}, {COLUMN_LAT, 2}}},
        /* Two rows: merged over both, and a group with its parts. */
        {"名称|泊位数|泊位数|联系人\n名称|总数|开放数|姓名",
         2,
         {{COLUMN_NAME, 0}, {COLUMN_TOTAL, 1}, {COLUMN_OPEN, 2}, {COLUMN_PERSON, 3}}},
        {"名称|联系人|\n|姓名|电话", 2, {{COLUMN_NAME, 0}, {COLUMN_PERSON, 1}, {COLUMN_PHONE, 2}}},
        /* 编号 that only counts the rows is no code; one with more than that is. */
        {"编号|名称|地址\n1|甲|a\n２|乙|b", 1, {{COLUMN_CODE, COLUMN_NONE}, {COLUMN_NAME, 1}}},
        {"编号|名称|地址\n1|甲|a\nZC-2|乙|b", 1, {{COLUMN_CODE, 0}, {COLUMN_NAME, 1}}},
        {"编码|名称|地址\n1|甲|a", 1, {{COLUMN_CODE, 0}, {COLUMN_NAME, 1}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger_columns c;
        struct sheet *s = columns_of(rows[i].text, &c);
        if (c.first_row != rows[i].first_row)
            fail_msg("%s: begins in row %zu", rows[i].text, c.first_row);
        for (size_t k = 0; k < 4 && (k == 0 || rows[i].want[k].column); k++) {
            if (c.at[rows[i].want[k].column] != rows[i].want[k].at)
                fail_msg("%s: %s is column %zu", rows[i].text, ledger_column_name(rows[i].want[k].column),
                         c.at[rows[i].want[k].column]);
        }
        sheet_free(s);
    }
}

static void no_headings(void **state)
{
    static const char *const texts[] = {"a|b\n1|2", "名称\n甲", "地址|泊位\n一|2", ""};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ledger_columns c;
        struct sheet *s = sheet_of(texts[i]);
        struct why why = {0};
        assert_int_equal(ledger_columns_find(s, &c, &why), ERR_NOT_FOUND);
        assert_non_null(strstr(why.text, "停车场名称"));
        sheet_free(s);
    }
}

static void datum_in_the_heading(void **state)
{
    static const struct {
        const char *text;
        int datum; /* -1: none */
    } rows[] = {{"名称|经度（GCJ-02）|纬度\n甲|118|36", DATUM_GCJ02},
                {"普查表（坐标系：CGCS2000）\n名称|经度|纬度\n甲|118|36", DATUM_WGS84},
                {"名称|坐标(百度)\n甲|118,36", DATUM_BD09},
                {"普查表 2000 年\n名称|经度|纬度\n甲|118|36", -1},
                {"名称|经度（百度）|纬度（高德）\n甲|118|36", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger_columns c;
        struct ledger_row r;
        struct sheet *s = columns_of(rows[i].text, &c);
        assert_true(ledger_row_read(s, &c, c.first_row, &r));
        if (r.e.has_point != (rows[i].datum >= 0) || (r.e.has_point && (int)r.e.datum != rows[i].datum))
            fail_msg("%s: %d", rows[i].text, r.e.has_point ? (int)r.e.datum : -1);
        assert_int_equal(r.n_doubts, rows[i].datum < 0);
        sheet_free(s);
    }
}

static const char heads[] = "停车场名称|总泊位|坐标|坐标系|下次日期|联系电话|状态|上报方式|编码|街道代码\n";

/* What one cell makes of an otherwise plain row; `doubt` "": none. */
static void one_row(const char *row, const char *doubt, struct ledger_row *r)
{
    char text[1024];
    struct ledger_columns c;
    (void)snprintf(text, sizeof text, "%s%s", heads, row);
    struct sheet *s = columns_of(text, &c);
    assert_true(ledger_row_read(s, &c, 1, r));
    if (!*doubt && r->n_doubts)
        fail_msg("%s: %s", row, r->doubts[0].en);
    if (*doubt && (r->n_doubts != 1 || !strstr(r->doubts[0].en, doubt)))
        fail_msg("%s: %zu doubts, %s", row, r->n_doubts, r->n_doubts ? r->doubts[0].en : "none");
    sheet_free(s);
}

static void counts(void **state)
{
    static const struct {
        const char *cell, *doubt;
        int32_t want;
    } rows[] = {{"120", "", 120},
                {"１２０个", "", 120},
                {"120 个", "", 120},
                {"0", "", 0},
                {"约50", "about", 50},
                {"120个车位", "", 120},
                {"无", "", COUNT_NONE},
                {"-", "", COUNT_NONE},
                {"70000", "not a number", COUNT_NONE},
                {"-5", "not a number", COUNT_NONE},
                {"很多", "not a number", COUNT_NONE},
                {"120-150", "not a number", COUNT_NONE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger_row r;
        char row[128];
        (void)snprintf(row, sizeof row, "　甲场\xC2\xA0|%s", rows[i].cell);
        one_row(row, rows[i].doubt, &r);
        assert_string_equal(r.e.name, "甲场"); /* blanks of any kind */
        if (r.e.total != rows[i].want)
            fail_msg("%s: %d", rows[i].cell, (int)r.e.total);
    }
}

static void places(void **state)
{
    static const struct {
        const char *cells, *doubt;
        bool point;
    } rows[] = {{"118.05,36.79|GPS", "", true},       {"１１８．０５，３６．７９|ＷＧＳ８４", "", true},
                {"118.05、36.79|高德", "", true},     {"118.05°E 36.79|火星", "", true},
                {"118.05;36.79|cgcs2000", "", true},  {"36.79,118.05|百度", "swapped", true},
                {"118.05,36.79|", "no datum", false}, {"118.05,36.79|手机", "no datum", false},
                {"2.35,48.85|GPS", "China", false},   {"118°03'|GPS", "decimal", false},
                {"118.05|GPS", "decimal", false},     {"nan,inf|GPS", "China", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger_row r;
        char row[128];
        (void)snprintf(row, sizeof row, "甲||%s", rows[i].cells);
        one_row(row, rows[i].doubt, &r);
        if (r.e.has_point != rows[i].point)
            fail_msg("%s", rows[i].cells);
        if (r.e.has_point)
            assert_true(r.e.lng > 118.04 && r.e.lng < 118.06 && r.e.lat > 36.78 && r.e.lat < 36.8);
    }
}

static void days(void **state)
{
    static const struct {
        const char *cell, *want;
    } rows[] = {{"2026-12-01", "2026-12-01"},
                {"2026/12/1", "2026-12-01"},
                {"2026.12.1", "2026-12-01"},
                {"2026年12月1日", "2026-12-01"},
                {"２０２６年１２月１日", "2026-12-01"},
                {"2026/12/1 0:00", "2026-12-01"},
                {"2028-02-29", "2028-02-29"},
                {"2026-02-29", ""},
                {"2026-13-01", ""},
                {"年底", ""},
                {"2026年12月", ""},
                {"2026-12-01x", ""},
                {"26-12-01", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger_row r;
        char row[128];
        (void)snprintf(row, sizeof row, "甲||||%s", rows[i].cell);
        one_row(row, rows[i].want[0] ? "" : "no day", &r);
        assert_string_equal(r.e.next_date, rows[i].want);
    }
}

static void other_cells(void **state)
{
    struct ledger_row r;
    (void)state;
    one_row("甲|||||0533-1234567|已接入|人工", "", &r);
    assert_int_equal(r.e.state, STAGE_CONNECTED);
    assert_true(r.has_state && r.e.mode == MODE_MANUAL);
    one_row("甲||||||未接入|自动上报|A-1|021", "", &r);
    assert_int_equal(r.e.state, STAGE_SURVEYED);
    assert_string_equal(r.e.id, "A-1");
    assert_string_equal(r.street, "021");
    one_row("甲|||||12", "telephone", &r);
    one_row("甲||||||正在想", "no state", &r);
    one_row("甲|||||||随便", "自动", &r);
    one_row("甲||||||||A-1|0211", "three digits", &r);
    assert_string_equal(r.street, "000");
    one_row("甲||||||||3.7E+11", "", &r); /* a code that a spreadsheet has spoiled */
    assert_non_null(r.refused);
    one_row("|5", "", &r);
    assert_non_null(r.refused);
    assert_int_equal(r.refused->column, COLUMN_NAME);
}

static void rows_that_are_none(void **state)
{
    static const char *const texts[] = {"合计|500",     "合　计|500", "小 计",
                                        "填表人：测试", "注：含路内", "停车场名称|总泊位|坐标|坐标系",
                                        "||||"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[1024];
        struct ledger_columns c;
        struct ledger_row r;
        (void)snprintf(text, sizeof text, "%s%s", heads, texts[i]);
        struct sheet *s = columns_of(text, &c);
        if (ledger_row_read(s, &c, 1, &r))
            fail_msg("%s", texts[i]);
        sheet_free(s);
    }
}

static void others_are_named(void **state)
{
    struct ledger_columns c;
    struct json_writer w;
    struct buf b;
    (void)state;
    struct sheet *s = columns_of("序号|名称|坐标|坐标|经办人\n||经度|纬度|", &c);
    buf_init(&b, 1000);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    ledger_columns_write_others(&w, "ignored", s, &c);
    jw_end_object(&w);
    assert_true(view_is(buf_get(&b), "{\"ignored\":[\"序号\",\"经办人\"]}"));
    buf_fini(&b);
    sheet_free(s);
}

static void an_index(void **state)
{
    static const int one = 1, two = 2;
    struct index_item *all = NULL;
    (void)state;
    assert_int_equal(index_count(all, "a"), 0);
    assert_int_equal(index_add(&all, "a", &one), 0);
    assert_int_equal(index_add(&all, "a", &two), 0);
    assert_int_equal(index_add(&all, "", NULL), 0);
    assert_int_equal(index_count(all, "a"), 2);
    assert_int_equal(index_count(all, ""), 1);
    assert_ptr_equal(index_value(all, "a"), &one);
    assert_null(index_value(all, "b"));
    index_free(&all);
    assert_null(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(headings),
                                       cmocka_unit_test(no_headings),
                                       cmocka_unit_test(datum_in_the_heading),
                                       cmocka_unit_test(counts),
                                       cmocka_unit_test(places),
                                       cmocka_unit_test(days),
                                       cmocka_unit_test(other_cells),
                                       cmocka_unit_test(rows_that_are_none),
                                       cmocka_unit_test(others_are_named),
                                       cmocka_unit_test(an_index)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
