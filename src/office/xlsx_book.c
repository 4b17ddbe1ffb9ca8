/* SPDX-License-Identifier: MIT
 * Shared texts and styles of a workbook.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/sheet.h"
#include "office/sheet_xlsx.h"
#include "parkd/base/iso8601.h"

#define TEXTS_MAX   400000
#define STYLES_MAX  4096
#define FORMATS_MAX 256
#define MS_OF_DAY   86400000.0
#define EXCEL_EPOCH \
    (-2209161600000.0) /* 1899-12-30: day 60 of 1900 never was, so later days count from here */

struct xlsx_book {
    char **texts;
    size_t n_texts;
    struct buf text;
    bool in_text, phonetic, texts_cut;
    int date_formats[FORMATS_MAX];
    size_t n_date_formats;
    bool style_is_date[STYLES_MAX];
    size_t n_styles;
    bool in_cell_styles, epoch_1904;
};

/* --- shared texts --- */

static int keep_text(struct xlsx_book *b)
{
    if (b->n_texts % 256 == 0) {
        char **v = b->n_texts < TEXTS_MAX ? realloc(b->texts, (b->n_texts + 256) * sizeof *v) : NULL;
        if (!v)
            return ERR_NOMEM;
        b->texts = v;
    }
    b->texts[b->n_texts] = view_dup(buf_get(&b->text));
    return b->texts[b->n_texts++] ? 0 : ERR_NOMEM;
}

static int on_shared(void *ctx, xmlTextReaderPtr r)
{
    struct xlsx_book *b = ctx;
    int type = xmlTextReaderNodeType(r);
    if (xlsx_starts(r, "si"))
        buf_clear(&b->text);
    else if (xlsx_starts(r, "rPh")) /* how it is read aloud */
        b->phonetic = true;
    else if (xlsx_starts(r, "t"))
        b->in_text = xmlTextReaderIsEmptyElement(r) != 1;
    else if (b->in_text && !b->phonetic &&
             (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA ||
              type == XML_READER_TYPE_SIGNIFICANT_WHITESPACE))
        buf_str(&b->text, (const char *)xmlTextReaderConstValue(r));
    if (xlsx_ends(r, "t"))
        b->in_text = false;
    if (xlsx_ends(r, "rPh"))
        b->phonetic = false;
    return xlsx_ends(r, "si") ? keep_text(b) : 0;
}

int xlsx_shared(const struct xlsx_book *b, struct view index, struct view *out)
{
    int64_t i = 0;
    if (view_to_int(index, 0, INT32_MAX, &i) || (size_t)i >= b->n_texts)
        return b->texts_cut ? ERR_TOO_BIG : ERR_SYNTAX;
    *out = view_of(b->texts[i]);
    return 0;
}

/* --- styles --- */

/* y, d, or m without a number's signs beside it: good enough for what offices write. */
static bool is_date_code(const char *code)
{
    bool quoted = false;
    for (const char *p = code; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (!quoted && strchr("yYdD", *p))
            return true;
    }
    return strstr(code, "年") || strstr(code, "月");
}

static int on_style(void *ctx, xmlTextReaderPtr r)
{
    struct xlsx_book *b = ctx;
    char id[16], code[128];
    int64_t n = 0;
    if (xlsx_starts(r, "numFmt") && xlsx_attribute(r, "numFmtId", id, sizeof id) &&
        !view_to_int(view_of(id), 0, 100000, &n) && xlsx_attribute(r, "formatCode", code, sizeof code) &&
        is_date_code(code) && b->n_date_formats < FORMATS_MAX)
        b->date_formats[b->n_date_formats++] = (int)n;
    if (xlsx_starts(r, "cellXfs"))
        b->in_cell_styles = true;
    else if (b->in_cell_styles && xlsx_starts(r, "xf") && b->n_styles < STYLES_MAX) {
        bool date = xlsx_attribute(r, "numFmtId", id, sizeof id) &&
                    !view_to_int(view_of(id), 0, 100000, &n) &&
                    ((n >= 14 && n <= 17) || n == 22 || (n >= 27 && n <= 36) || (n >= 50 && n <= 58));
        for (size_t i = 0; i < b->n_date_formats && id[0]; i++)
            date = date || b->date_formats[i] == (int)n;
        b->style_is_date[b->n_styles++] = date;
    }
    if (xlsx_ends(r, "cellXfs"))
        b->in_cell_styles = false;
    return 0;
}

static int on_workbook(void *ctx, xmlTextReaderPtr r)
{
    char text[8];
    if (xlsx_starts(r, "workbookPr") && xlsx_attribute(r, "date1904", text, sizeof text))
        ((struct xlsx_book *)ctx)->epoch_1904 = text[0] == '1' || text[0] == 't';
    return 0;
}

/* --- numbers --- */

static int put_date(const struct xlsx_book *b, double days, struct buf *out)
{
    char text[ISO8601_SIZE];
    double ms = EXCEL_EPOCH + (days + (b->epoch_1904 ? 1462 : 0)) * MS_OF_DAY;
    if (!(ms > -6e13 && ms < 2e14))
        return ERR_SYNTAX;
    return buf_put(out, iso8601_format((int64_t)llround(ms), text), 10); /* the day alone */
}

int xlsx_number(const struct xlsx_book *b, struct view raw, const char *style, struct buf *out)
{
    char text[64], *end = NULL;
    int64_t s = 0;
    if (!raw.n)
        return 0;
    if (view_copy(raw, text, sizeof text))
        return ERR_SYNTAX;
    double v = strtod(text, &end);
    if (*end || !isfinite(v))
        return ERR_SYNTAX;
    if (style[0] && !view_to_int(view_of(style), 0, STYLES_MAX - 1, &s) && (size_t)s < b->n_styles &&
        b->style_is_date[s] && v >= 1)
        return put_date(b, v, out);
    if (fabs(v) < 1e15 && v >= floor(v) && v <= floor(v))
        return buf_printf(out, "%.0f", v);
    return buf_printf(out, "%.10g", v);
}

struct xlsx_book *xlsx_book_new(zip_t *z)
{
    struct xlsx_book *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    buf_init(&b->text, SHEET_TEXT);
    int rc = xlsx_each(z, "xl/sharedStrings.xml", on_shared, b);
    if (rc && rc != ERR_NOT_FOUND)
        b->texts_cut = true;
    if (xlsx_each(z, "xl/styles.xml", on_style, b) || xlsx_each(z, "xl/workbook.xml", on_workbook, b))
        b->n_styles = 0; /* then numbers are numbers */
    return b;
}

void xlsx_book_free(struct xlsx_book *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->n_texts; i++)
        free(b->texts[i]);
    free(b->texts);
    buf_fini(&b->text);
    free(b);
}
