/* SPDX-License-Identifier: MIT
 * A workbook of one sheet, as plain as Excel, WPS and LibreOffice take it: a bold heading that stays in
 * sight, texts inline.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "office/sheet.h"

#define XML_HEAD   "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN_NS    "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define REL_NS     "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE_NS "http://schemas.openxmlformats.org/package/2006"
#define WIDTH_MAX  40

static const char content_types[] = XML_HEAD
    "<Types xmlns=\"" PACKAGE_NS "/content-types\">"
    "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
    "<Override PartName=\"/xl/workbook.xml\" "
    "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
    "<Override PartName=\"/xl/worksheets/sheet1.xml\" "
    "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
    "<Override PartName=\"/xl/styles.xml\" "
    "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/></Types>";
static const char package_rels[] =
    XML_HEAD "<Relationships xmlns=\"" PACKAGE_NS "/relationships\"><Relationship Id=\"rId1\" Type=\"" REL_NS
             "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
static const char book_rels[] =
    XML_HEAD "<Relationships xmlns=\"" PACKAGE_NS "/relationships\"><Relationship Id=\"rId1\" Type=\"" REL_NS
             "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"" REL_NS
             "/styles\" Target=\"styles.xml\"/></Relationships>";
static const char styles[] =
    XML_HEAD "<styleSheet xmlns=\"" MAIN_NS
             "\"><fonts count=\"2\"><font><sz val=\"11\"/></font><font><b/><sz val=\"11\"/></font></fonts>"
             "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill "
             "patternType=\"gray125\"/></fill></fills>"
             "<borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>"
             "<cellXfs count=\"2\"><xf/><xf fontId=\"1\" applyFont=\"1\"/></cellXfs></styleSheet>";

static void put_escaped(struct buf *out, struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '&')
            buf_str(out, "&amp;");
        else if (c == '<')
            buf_str(out, "&lt;");
        else if (c == '>')
            buf_str(out, "&gt;");
        else if (c == '"')
            buf_str(out, "&quot;");
        else if (c >= ' ' || c == '\n' || c == '\t')
            buf_char(out, (char)c);
    }
}

static void put_name(struct buf *out, size_t row, size_t column)
{
    char letters[4] = "";
    size_t n = column + 1;
    int at = 3;
    for (; n; n = (n - 1) / 26)
        letters[--at] = (char)('A' + (n - 1) % 26);
    buf_printf(out, "%.*s%zu", 3 - at, letters + at, row + 1);
}

/* What a spreadsheet may add up. Codes, phones and long numbers stay texts. */
static bool is_count(struct view text)
{
    int64_t v = 0;
    return text.n <= 9 && !(text.n > 1 && *text.p == '0') && view_to_int(text, 0, 999999999, &v) == 0;
}

static void put_cell(struct buf *out, const struct sheet *s, size_t row, size_t column)
{
    struct view text = sheet_cell(s, row, column);
    if (!text.n)
        return;
    buf_str(out, "<c r=\"");
    put_name(out, row, column);
    if (row && is_count(text)) {
        buf_printf(out, "\"><v>" VIEW_FMT "</v></c>", VIEW_ARG(text));
        return;
    }
    buf_printf(out, "\"%s t=\"inlineStr\"><is><t xml:space=\"preserve\">", row ? "" : " s=\"1\"");
    put_escaped(out, text);
    buf_str(out, "</t></is></c>");
}

static void put_widths(struct buf *out, const struct sheet *s)
{
    buf_str(out, "<cols>");
    for (size_t c = 0; c < sheet_columns(s); c++) {
        size_t widest = 6;
        for (size_t r = 0; r < sheet_rows(s); r++) {
            size_t n = sheet_cell(s, r, c).n; /* a Chinese character is 3 bytes and as wide as two */
            widest = n > widest ? n : widest;
        }
        buf_printf(out, "<col min=\"%zu\" max=\"%zu\" width=\"%zu\" customWidth=\"1\"/>", c + 1, c + 1,
                   (widest > WIDTH_MAX ? WIDTH_MAX : widest) + 2);
    }
    buf_str(out, "</cols>");
}

static int put_sheet(struct buf *out, const struct sheet *s)
{
    buf_str(out, XML_HEAD "<worksheet xmlns=\"" MAIN_NS "\"><sheetViews><sheetView workbookViewId=\"0\">"
                          "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" "
                          "state=\"frozen\"/></sheetView></sheetViews>");
    if (sheet_columns(s))
        put_widths(out, s);
    buf_str(out, "<sheetData>");
    for (size_t r = 0; r < sheet_rows(s); r++) {
        buf_printf(out, "<row r=\"%zu\">", r + 1);
        for (size_t c = 0; c < sheet_columns(s); c++)
            put_cell(out, s, r, c);
        buf_str(out, "</row>");
    }
    buf_str(out, "</sheetData></worksheet>");
    return out->err;
}

static int put_book(struct buf *out, const char *name)
{
    buf_str(out, XML_HEAD "<workbook xmlns=\"" MAIN_NS "\" xmlns:r=\"" REL_NS "\"><sheets><sheet name=\"");
    put_escaped(out, view_of(name));
    buf_str(out, "\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
    return out->err;
}

static bool add(zip_t *z, const char *name, struct view bytes)
{
    zip_source_t *src = zip_source_buffer(z, bytes.p, bytes.n, 0);
    zip_int64_t at = src ? zip_file_add(z, name, src, ZIP_FL_ENC_UTF_8) : -1;
    if (at < 0) {
        zip_source_free(src);
        return false;
    }
    /* The same table is the same file, whenever it is made. */
    return zip_file_set_dostime(z, (zip_uint64_t)at, 0, 0x21, 0) == 0;
}

/* The finished archive out of its source. */
static int take_out(zip_source_t *src, struct buf *out)
{
    zip_stat_t st;
    zip_stat_init(&st);
    if (zip_source_stat(src, &st) || !(st.valid & ZIP_STAT_SIZE) || zip_source_open(src))
        return ERR_NOMEM;
    char piece[4096];
    zip_int64_t n;
    while ((n = zip_source_read(src, piece, sizeof piece)) > 0 && !out->err)
        buf_put(out, piece, (size_t)n);
    zip_source_close(src);
    return n < 0 ? ERR_NOMEM : out->err;
}

static int pack(struct view book, struct view sheet, struct buf *out)
{
    zip_error_t err;
    zip_error_init(&err);
    zip_source_t *src = zip_source_buffer_create(NULL, 0, 0, &err);
    zip_t *z = src ? zip_open_from_source(src, ZIP_TRUNCATE, &err) : NULL;
    zip_error_fini(&err);
    if (!z) {
        zip_source_free(src);
        return ERR_NOMEM;
    }
    zip_source_keep(src);
    bool good = add(z, "[Content_Types].xml", VIEW(content_types)) &&
                add(z, "_rels/.rels", VIEW(package_rels)) && add(z, "xl/workbook.xml", book) &&
                add(z, "xl/_rels/workbook.xml.rels", VIEW(book_rels)) &&
                add(z, "xl/styles.xml", VIEW(styles)) && add(z, "xl/worksheets/sheet1.xml", sheet);
    if (!good || zip_close(z)) {
        zip_discard(z);
        zip_source_free(src);
        return ERR_NOMEM;
    }
    int rc = take_out(src, out);
    zip_source_free(src);
    return rc;
}

int sheet_write_xlsx(const struct sheet *s, const char *name, struct buf *out)
{
    struct buf book, sheet;
    buf_init(&book, 4096);
    buf_init(&sheet, SHEET_UNPACKED);
    int rc = put_book(&book, name);
    rc = rc ? rc : put_sheet(&sheet, s);
    rc = rc ? rc : pack(buf_get(&book), buf_get(&sheet), out);
    buf_fini(&book);
    buf_fini(&sheet);
    return rc;
}
