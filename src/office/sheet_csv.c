/* SPDX-License-Identifier: MIT
 * CSV by libcsv. The delimiter is the one of comma, semicolon and tab that stands most in the first lines.
 */
#include <csv.h>
#include <string.h>

#include "office/sheet.h"

#define LOOK 4096

/* What a spreadsheet would run. */
static bool is_formula(struct view text)
{
    return text.n && strchr("=+-@\t\r", *text.p) &&
           !(text.n > 1 && *text.p == '-' && text.p[1] >= '0' && text.p[1] <= '9');
}

/* Without the apostrophe that put_field writes. */
static struct view unguarded(struct view text)
{
    struct view rest = {text.p + 1, text.n - 1};
    bool guarded = text.n > 1 && *text.p == '\'' && (*rest.p == '\'' || is_formula(rest));
    return guarded ? rest : text;
}

struct reading {
    struct sheet *s;
    size_t row, column;
    size_t line, begun; /* the line that is read, and in which the row began; 0: it has not */
    int err;
};

static void on_field(void *text, size_t n, void *ctx)
{
    struct reading *r = ctx;
    if (!r->begun)
        r->begun = r->line;
    if (!r->err)
        r->err = sheet_put(r->s, r->row, r->column, unguarded((struct view){text, n}));
    r->column++;
}

static void on_row(int end, void *ctx)
{
    struct reading *r = ctx;
    (void)end;
    if (!r->err)
        r->err = sheet_name_line(r->s, r->row, r->begun ? r->begun : r->line);
    r->row++;
    r->column = r->begun = 0;
}

static unsigned char delimiter_of(struct view text)
{
    static const char tried[] = {',', ';', '\t'};
    size_t best = 0, most = 0;
    for (size_t d = 0; d < sizeof tried; d++) {
        size_t n = 0;
        for (size_t i = 0; i < text.n && i < LOOK; i++)
            n += text.p[i] == tried[d];
        if (n > most) {
            most = n;
            best = d;
        }
    }
    return (unsigned char)tried[best];
}

/* libcsv is fed line by line, so that rows can be named by what people see beside them. */
static bool feed(struct csv_parser *p, struct view text, struct reading *r)
{
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) + 1 : text.n;
        r->line++;
        if (csv_parse(p, text.p, n, on_field, on_row, r) != n)
            return false;
        text = (struct view){text.p + n, text.n - n};
    }
    return csv_fini(p, on_field, on_row, r) == 0;
}

int sheet_read_csv(struct sheet *s, struct view text, struct why *why)
{
    struct csv_parser p;
    struct reading r = {.s = s};
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI))
        return ERR_NOMEM;
    csv_set_delim(&p, delimiter_of(text));
    bool good = feed(&p, text, &r);
    int code = csv_error(&p);
    csv_free(&p);
    if (r.err)
        return why_set(why, r.err, "", "row %zu: %s", r.line,
                       r.err == ERR_TOO_BIG ? "more rows, columns or text than a list of car parks has"
                                            : err_text(r.err));
    if (good)
        return 0;
    return why_set(why, code == CSV_ENOMEM ? ERR_NOMEM : ERR_SYNTAX, "",
                   "row %zu: a quotation mark stands alone", r.line);
}

/* --- writing --- */

static void put_field(struct buf *out, struct view text)
{
    bool formula =
        is_formula(text) || (text.n > 1 && *text.p == '\'' &&
                             (text.p[1] == '\'' || is_formula((struct view){text.p + 1, text.n - 1})));
    bool quoted = formula || memchr(text.p, ',', text.n) || memchr(text.p, '"', text.n) ||
                  memchr(text.p, '\n', text.n) || memchr(text.p, '\r', text.n);
    if (quoted)
        buf_char(out, '"');
    if (formula)
        buf_char(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_char(out, '"');
        buf_char(out, text.p[i]);
    }
    if (quoted)
        buf_char(out, '"');
}

int sheet_write_csv(const struct sheet *s, struct buf *out)
{
    buf_str(out, "\xEF\xBB\xBF"); /* spreadsheets take the file for UTF-8 by this only */
    for (size_t r = 0; r < sheet_rows(s); r++) {
        for (size_t c = 0; c < sheet_columns(s); c++) {
            if (c)
                buf_char(out, ',');
            put_field(out, sheet_cell(s, r, c));
        }
        buf_str(out, "\r\n");
    }
    return out->err;
}
