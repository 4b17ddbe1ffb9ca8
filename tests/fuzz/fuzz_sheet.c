/* SPDX-License-Identifier: MIT
 * Spreadsheets from strangers. An input that begins with '<' is the one sheet of a workbook made around it,
 * with shared texts and styles; any other is the file as uploaded. What can be read stays within its limits,
 * can be looked at as a ledger, and comes back the same from a workbook.
 */
#include "fuzz.h"

#include <zip.h>

#include "office/ledger.h"

#define WORKBOOK "<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" r:id=\"x\"/></sheets></workbook>"
#define RELS     "<R><Relationship Id=\"x\" Target=\"worksheets/sheet1.xml\"/></R>"
#define SHARED \
    "<sst><si><t>\xE5\x90\x8D\xE7\xA7\xB0</t></si><si><r><t>a</t></r><rPh><t>b</t></rPh></si></sst>"
#define STYLES "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"

static void add(zip_t *z, const char *name, const void *bytes, size_t n)
{
    zip_source_t *src = zip_source_buffer(z, bytes, n, 0);
    HOLDS(src && zip_file_add(z, name, src, 0) >= 0);
}

static void pack(struct buf *out, const uint8_t *data, size_t size)
{
    zip_error_t err;
    zip_error_init(&err);
    zip_source_t *src = zip_source_buffer_create(NULL, 0, 0, &err);
    zip_t *z = zip_open_from_source(src, ZIP_TRUNCATE, &err);
    HOLDS(z);
    zip_source_keep(src);
    add(z, "xl/workbook.xml", WORKBOOK, sizeof WORKBOOK - 1);
    add(z, "xl/_rels/workbook.xml.rels", RELS, sizeof RELS - 1);
    add(z, "xl/sharedStrings.xml", SHARED, sizeof SHARED - 1);
    add(z, "xl/styles.xml", STYLES, sizeof STYLES - 1);
    add(z, "xl/worksheets/sheet1.xml", data, size);
    HOLDS(zip_close(z) == 0 && zip_source_open(src) == 0);
    char piece[4096];
    zip_int64_t n;
    while ((n = zip_source_read(src, piece, sizeof piece)) > 0)
        buf_put(out, piece, (size_t)n);
    zip_source_close(src);
    zip_source_free(src);
}

static bool is_plain(struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ')
            return false;
    }
    return true;
}

/* XML cannot say every control character; all other texts come back. */
static void round_trip(const struct sheet *s)
{
    struct buf b;
    struct sheet *back = NULL;
    struct why why = {0};
    buf_init(&b, 64 << 20);
    HOLDS(sheet_write_xlsx(s, "a", &b) == 0);
    if (b.n <= SHEET_BYTES && sheet_read(buf_get(&b), &back, &why) == 0) {
        for (size_t r = 0; r < sheet_rows(s) && r < 100; r++)
            for (size_t c = 0; c < sheet_columns(s); c++)
                HOLDS(!is_plain(sheet_cell(s, r, c)) || view_eq(sheet_cell(s, r, c), sheet_cell(back, r, c)));
        sheet_free(back);
    }
    buf_clear(&b);
    HOLDS(sheet_write_csv(s, &b) == 0);
    buf_fini(&b);
}

static void look(const struct sheet *s)
{
    struct ledger_columns columns;
    struct why why = {0};
    if (ledger_columns_find(s, &columns, &why))
        return;
    for (size_t row = columns.first_row; row < sheet_rows(s); row++) {
        struct ledger_row r;
        if (!ledger_row_read(s, &columns, row, &r))
            continue;
        HOLDS(r.refused || r.e.name[0]);
        HOLDS(r.n_doubts <= DOUBTS_MAX);
        HOLDS(!r.e.has_point || (r.e.lng >= 73 && r.e.lat <= 54));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b;
    struct sheet *s = NULL;
    struct why why = {0};
    buf_init(&b, 1 << 20);
    if (size && data[0] == '<')
        pack(&b, data, size);
    else
        buf_put(&b, data, size);
    int err = sheet_read(buf_get(&b), &s, &why);
    HOLDS(err ? !s && why.text[0] : sheet_rows(s) <= SHEET_ROWS && sheet_columns(s) <= SHEET_COLUMNS);
    if (!err) {
        look(s);
        round_trip(s);
    }
    sheet_free(s);
    buf_fini(&b);
    return 0;
}
