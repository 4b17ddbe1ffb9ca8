/* SPDX-License-Identifier: MIT
 * Spreadsheets: both formats written and read back, what offices' files have in them, and files that mean
 * harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zip.h>

#include "office/sheet.h"
#include "parkd/base/charset.h"

static struct sheet *read_good(struct view bytes)
{
    struct sheet *s = NULL;
    struct why why = {0};
    if (sheet_read(bytes, &s, &why))
        fail_msg("%s", why.text);
    return s;
}

static void read_bad(struct view bytes, int err, const char *words)
{
    struct sheet *s = NULL;
    struct why why = {0};
    assert_int_equal(sheet_read(bytes, &s, &why), err);
    assert_null(s);
    if (!strstr(why.text, words))
        fail_msg("\"%s\" is not in: %s", words, why.text);
}

static void is(const struct sheet *s, size_t r, size_t c, const char *text)
{
    if (!view_is(sheet_cell(s, r, c), text))
        fail_msg("%zu,%zu: " VIEW_FMT " is not %s", r, c, VIEW_ARG(sheet_cell(s, r, c)), text);
}

static void csv_as_offices_write_it(void **state)
{
    struct buf gb;
    (void)state;
    struct sheet *s = read_good(
        VIEW("\xEF\xBB\xBF 名称 ,地址,泊位\r\n甲,\"一路1号, 东\",10\r\n\r\n乙,\"说\"\"好\"\"\",２０\r\n"));
    assert_int_equal(sheet_rows(s), 3); /* libcsv passes over empty lines */
    is(s, 0, 0, "名称");
    is(s, 1, 1, "一路1号, 东");
    is(s, 2, 1, "说\"好\"");
    is(s, 2, 2, "２０");
    assert_int_equal(sheet_line(s, 2), 4);
    is(s, 9, 9, "");
    sheet_free(s);
    buf_init(&gb, 1000);
    assert_int_equal(charset_from_utf8(&gb, VIEW("gb18030"), VIEW("名称;泊位\n甲;3\n")), 0);
    s = read_good(buf_get(&gb));
    is(s, 0, 1, "泊位");
    is(s, 1, 0, "甲");
    sheet_free(s);
    buf_fini(&gb);
}

static struct sheet *example(void)
{
    struct sheet *s = sheet_new();
    static const char *const rows[4][4] = {{"编码", "名称", "泊位", "备注"},
                                           {"037030300110", "甲 & <乙>", "120", "=1+1"},
                                           {"2", "一,二", "0", "-3"},
                                           {"''", "'=x", "'x'", "一\n二"}};
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 4; c++)
            assert_int_equal(sheet_put(s, r, c, view_of(rows[r][c])), 0);
    return s;
}

static void both_formats_round(void **state)
{
    (void)state;
    struct sheet *s = example(), *back;
    struct buf b;
    buf_init(&b, 1000000);
    assert_int_equal(sheet_write_xlsx(s, "台账", &b), 0);
    back = read_good(buf_get(&b));
    assert_int_equal(sheet_rows(back), 4);
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 4; c++)
            assert_true(view_eq(sheet_cell(back, r, c), sheet_cell(s, r, c)));
    sheet_free(back);
    buf_clear(&b);
    assert_int_equal(sheet_write_csv(s, &b), 0);
    assert_non_null(memmem(buf_get(&b).p, buf_get(&b).n, ",\"'=1+1\"", 8)); /* no spreadsheet runs it */
    back = read_good(buf_get(&b));
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 4; c++)
            assert_true(view_eq(sheet_cell(back, r, c), sheet_cell(s, r, c)));
    sheet_free(back);
    sheet_free(s);
    buf_fini(&b);
}

/* --- workbooks as other programs make them --- */

struct part {
    const char *name, *text;
};

static void make_book(struct buf *out, const struct part *parts)
{
    zip_error_t err;
    zip_error_init(&err);
    zip_source_t *src = zip_source_buffer_create(NULL, 0, 0, &err);
    zip_t *z = zip_open_from_source(src, ZIP_TRUNCATE, &err);
    assert_non_null(z);
    zip_source_keep(src);
    for (; parts->name; parts++)
        assert_true(
            zip_file_add(z, parts->name, zip_source_buffer(z, parts->text, strlen(parts->text), 0), 0) >= 0);
    assert_int_equal(zip_close(z), 0);
    assert_int_equal(zip_source_open(src), 0);
    char piece[1000];
    zip_int64_t n;
    while ((n = zip_source_read(src, piece, sizeof piece)) > 0)
        buf_put(out, piece, (size_t)n);
    zip_source_close(src);
    zip_source_free(src);
}

#define WORKBOOK                                                                                              \
    {"xl/workbook.xml",                                                                                       \
     "<workbook xmlns=\"m\" xmlns:r=\"r\"><sheets><sheet name=\"旧\" state=\"hidden\" r:id=\"a\"/>"          \
     "<sheet name=\"普查\" r:id=\"b\"/></sheets></workbook>"},                                                \
        {"xl/_rels/workbook.xml.rels",                                                                        \
         "<Relationships><Relationship Id=\"a\" Target=\"worksheets/old.xml\"/>"                              \
         "<Relationship Id=\"b\" Target=\"/xl/worksheets/new.xml\"/></Relationships>"},                       \
        {"xl/styles.xml",                                                                                     \
         "<styleSheet><numFmts><numFmt numFmtId=\"170\" "                                                     \
         "formatCode=\"yyyy&quot;年&quot;m\"/></numFmts><cellXfs>"                                           \
         "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"170\"/></cellXfs></styleSheet>"},           \
    {                                                                                                         \
        "xl/sharedStrings.xml", "<sst><si><t>名</t></si><si><r><t>甲</t></r><r><t xml:space=\"preserve\"> " \
                                "场</t></r><rPh><t>jia</t></rPh></si></sst>"                                 \
    }

static void workbooks_of_others(void **state)
{
    struct buf b;
    (void)state;
    const struct part parts[] = {
        WORKBOOK,
        {"xl/worksheets/new.xml",
         "<worksheet><sheetData>"
         "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" "
         "t=\"inlineStr\"><is><t>合</t></is></c></row>"
         "<row r=\"2\" hidden=\"1\"><c r=\"A2\"><v>9</v></c></row>"
         "<row r=\"4\"><c r=\"A4\" t=\"s\"><v>1</v></c><c r=\"B4\" s=\"1\"><v>45000</v></c><c "
         "s=\"2\"><v>45000.5</v></c>"
         "<c><v>1.5E1</v></c><c t=\"b\"><v>1</v></c><c t=\"str\"><f>A1</f><v>f</v></c></row>"
         "</sheetData><mergeCells><mergeCell ref=\"C1:D1\"/></mergeCells></worksheet>"},
        {NULL, NULL}};
    buf_init(&b, 100000);
    make_book(&b, parts);
    struct sheet *s = read_good(buf_get(&b));
    assert_int_equal(sheet_rows(s), 2);
    assert_int_equal(sheet_line(s, 1), 4);
    is(s, 0, 0, "名");
    is(s, 0, 2, "合");
    is(s, 0, 3, "合"); /* merged */
    is(s, 1, 0, "甲 场");
    is(s, 1, 1, "2023-03-15");
    is(s, 1, 2, "2023-03-15");
    is(s, 1, 3, "15");
    is(s, 1, 4, "是");
    is(s, 1, 5, "f");
    sheet_free(s);
    buf_fini(&b);
}

static void harmful_files(void **state)
{
    struct buf b;
    (void)state;
    read_bad(VIEW(""), ERR_MISSING, "empty");
    read_bad(VIEW("\xD0\xCF\x11\xE0\xA1"), ERR_SYNTAX, ".xls");
    read_bad(VIEW("PK\x03\x04 nothing"), ERR_SYNTAX, "damaged");
    read_bad(VIEW("\xFF\xFE\xFF\xFF"), ERR_SYNTAX, "byte");
    read_bad(VIEW("a,\"b\nc"), ERR_SYNTAX, "quotation");
    static const char *const sheets[] = {
        "<worksheet><sheetData><row r=\"99999\"/></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"1\"><c r=\"ZZZ1\"><v>1</v></c></row></sheetData></worksheet>",
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>77</v></c></row></sheetData></worksheet>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><worksheet>&a;</worksheet>",
        "<worksheet><sheetData>",
        "<worksheet><row><c r=\"A1\"><v>1</v></c></row><mergeCell ref=\"A1:GR20000\"/></worksheet>"};
    buf_init(&b, 1000000);
    for (size_t i = 0; i < sizeof sheets / sizeof sheets[0]; i++) {
        struct sheet *s = NULL;
        struct why why = {0};
        const struct part parts[] = {WORKBOOK, {"xl/worksheets/new.xml", sheets[i]}, {NULL, NULL}};
        buf_clear(&b);
        make_book(&b, parts);
        int err = sheet_read(buf_get(&b), &s, &why);
        if (i == 0 || i == 5) /* beyond what is read: no harm, or said */
            sheet_free(s);
        else if (err != ERR_SYNTAX && err != ERR_TOO_BIG)
            fail_msg("sheet %zu: %d", i, err);
    }
    char *zeros = malloc(3000000);
    memset(zeros, ' ', 2999999);
    zeros[2999999] = 0;
    const struct part bomb[] = {WORKBOOK, {"xl/worksheets/new.xml", zeros}, {NULL, NULL}};
    buf_clear(&b);
    make_book(&b, bomb);
    read_bad(buf_get(&b), ERR_TOO_BIG, "more");
    free(zeros);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_as_offices_write_it), cmocka_unit_test(both_formats_round),
        cmocka_unit_test(workbooks_of_others), cmocka_unit_test(harmful_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
