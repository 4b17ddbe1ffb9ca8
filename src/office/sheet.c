/* SPDX-License-Identifier: MIT
 * The table, and which format a file is.
 */
#include "office/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "parkd/base/charset.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct row {
    char **cells;
    size_t n, line;
};
struct sheet {
    struct row *rows;
    size_t n, cap, columns;
};

struct sheet *sheet_new(void)
{
    return calloc(1, sizeof(struct sheet));
}

void sheet_free(struct sheet *s)
{
    if (!s)
        return;
    for (size_t r = 0; r < s->n; r++) {
        for (size_t c = 0; c < s->rows[r].n; c++)
            free(s->rows[r].cells[c]);
        free(s->rows[r].cells);
    }
    free(s->rows);
    free(s);
}

size_t sheet_rows(const struct sheet *s)
{
    return s->n;
}

size_t sheet_columns(const struct sheet *s)
{
    return s->columns;
}

struct view sheet_cell(const struct sheet *s, size_t row, size_t column)
{
    const char *text = row < s->n && column < s->rows[row].n ? s->rows[row].cells[column] : NULL;
    return view_of(text ? text : "");
}

size_t sheet_line(const struct sheet *s, size_t row)
{
    return row < s->n && s->rows[row].line ? s->rows[row].line : row + 1;
}

static int want_row(struct sheet *s, size_t row)
{
    if (row >= SHEET_ROWS)
        return ERR_TOO_BIG;
    if (row >= s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        while (cap <= row)
            cap *= 2;
        struct row *rows = realloc(s->rows, cap * sizeof *rows);
        if (!rows)
            return ERR_NOMEM;
        memset(rows + s->cap, 0, (cap - s->cap) * sizeof *rows);
        s->rows = rows;
        s->cap = cap;
    }
    if (row >= s->n)
        s->n = row + 1;
    return 0;
}

static int want_cell(struct row *r, size_t column)
{
    if (column >= SHEET_COLUMNS)
        return ERR_TOO_BIG;
    if (column < r->n)
        return 0;
    char **cells = realloc(r->cells, (column + 1) * sizeof *cells);
    if (!cells)
        return ERR_NOMEM;
    memset(cells + r->n, 0, (column + 1 - r->n) * sizeof *cells);
    r->cells = cells;
    r->n = column + 1;
    return 0;
}

/* Without control characters, which no cell means and no workbook can hold. */
static struct view clean(struct view text, char dst[SHEET_TEXT])
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c >= ' ' && c != 0x7F) || c == '\n' || c == '\t')
            dst[n++] = text.p[i];
    }
    return view_trim((struct view){dst, n});
}

int sheet_put(struct sheet *s, size_t row, size_t column, struct view text)
{
    char bytes[SHEET_TEXT];
    text = view_trim(text);
    if (text.n > SHEET_TEXT)
        return ERR_TOO_BIG;
    text = clean(text, bytes);
    int rc = want_row(s, row);
    if (rc || !text.n)
        return rc;
    rc = want_cell(&s->rows[row], column);
    char *copy = rc ? NULL : view_dup(text);
    if (!copy)
        return rc ? rc : ERR_NOMEM;
    free(s->rows[row].cells[column]);
    s->rows[row].cells[column] = copy;
    if (column >= s->columns)
        s->columns = column + 1;
    return 0;
}

int sheet_name_line(struct sheet *s, size_t row, size_t line)
{
    int rc = want_row(s, row);
    if (!rc)
        s->rows[row].line = line;
    return rc;
}

/* --- reading --- */

/* UTF-8 as it is, with or without a byte order mark; else GB 18030, which offices' spreadsheets write. */
static int read_text(struct sheet *s, struct view bytes, struct why *why)
{
    struct buf utf8;
    size_t at = 0;
    buf_init(&utf8, 3 * SHEET_BYTES);
    if (view_starts(bytes, BYTE_ORDER_MARK))
        bytes = (struct view){bytes.p + 3, bytes.n - 3};
    int rc = charset_to_utf8(&utf8, VIEW("utf-8"), bytes, &at);
    if (rc == ERR_SYNTAX) {
        buf_clear(&utf8);
        rc = charset_to_utf8(&utf8, VIEW("gb18030"), bytes, &at);
    }
    if (rc == ERR_SYNTAX)
        rc = why_set(why, rc, "", "is neither UTF-8 nor GB 18030, nor a workbook (.xlsx): see byte %zu", at);
    if (!rc)
        rc = sheet_read_csv(s, buf_get(&utf8), why);
    buf_fini(&utf8);
    return rc;
}

int sheet_read(struct view bytes, struct sheet **out, struct why *why)
{
    *out = NULL;
    if (bytes.n > SHEET_BYTES)
        return why_set(why, ERR_TOO_BIG, "", "a spreadsheet may have 2 MiB");
    if (!view_trim(bytes).n)
        return why_set(why, ERR_MISSING, "", "the file is empty");
    if (view_starts(bytes, "\xD0\xCF\x11\xE0"))
        return why_set(why, ERR_SYNTAX, "", "is an old workbook (.xls); save it as .xlsx or CSV");
    struct sheet *s = sheet_new();
    int rc = !s                                 ? ERR_NOMEM
             : view_starts(bytes, "PK\x03\x04") ? sheet_read_xlsx(s, bytes, why)
                                                : read_text(s, bytes, why);
    if (rc) {
        sheet_free(s);
        return rc;
    }
    *out = s;
    return 0;
}
