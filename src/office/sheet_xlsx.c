/* SPDX-License-Identifier: MIT
 * Workbooks (ECMA-376, SpreadsheetML): the first visible sheet, read by libzip and libxml2's streaming
 * reader.
 */
#include <libxml/xmlreader.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "office/sheet.h"
#include "office/sheet_xlsx.h"

#define RATIO_MAX  200 /* unpacked to packed; beyond it is a bomb */
#define MERGED_MAX 20000
#define PATH_SIZE  256

/* --- parts of the archive --- */

static int read_entry(zip_t *z, const char *name, char **out, size_t *n)
{
    zip_stat_t st;
    zip_stat_init(&st);
    if (zip_stat(z, name, 0, &st))
        return ERR_NOT_FOUND;
    if (!(st.valid & ZIP_STAT_SIZE) || st.size > SHEET_UNPACKED ||
        (st.comp_size && st.size / st.comp_size > RATIO_MAX))
        return ERR_TOO_BIG;
    zip_file_t *f = zip_fopen(z, name, 0);
    char *bytes = f ? malloc((size_t)st.size + 1) : NULL;
    zip_int64_t got = bytes ? zip_fread(f, bytes, st.size) : -1;
    if (f)
        zip_fclose(f);
    if (got < 0 || (zip_uint64_t)got != st.size) {
        free(bytes);
        return f && !bytes ? ERR_NOMEM : ERR_SYNTAX;
    }
    bytes[got] = 0;
    *out = bytes;
    *n = (size_t)got;
    return 0;
}

int xlsx_each(zip_t *z, const char *name, xlsx_node_fn *fn, void *ctx)
{
    char *bytes = NULL;
    size_t n = 0;
    int rc = read_entry(z, name, &bytes, &n);
    if (rc)
        return rc;
    xmlTextReaderPtr r =
        xmlReaderForMemory(bytes, (int)n, NULL, NULL,
                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    rc = r ? 0 : ERR_NOMEM;
    int more = 0;
    while (!rc && (more = xmlTextReaderRead(r)) == 1) {
        if (xmlTextReaderNodeType(r) == XML_READER_TYPE_DOCUMENT_TYPE ||
            xmlTextReaderNodeType(r) == XML_READER_TYPE_ENTITY_REFERENCE)
            rc = ERR_SYNTAX; /* no workbook has any, and entities are how a small file becomes a large one */
        else
            rc = fn(ctx, r);
    }
    if (!rc && more < 0)
        rc = ERR_SYNTAX;
    xmlFreeTextReader(r);
    free(bytes);
    return rc;
}

bool xlsx_starts(xmlTextReaderPtr r, const char *name)
{
    return xmlTextReaderNodeType(r) == XML_READER_TYPE_ELEMENT &&
           strcmp((const char *)xmlTextReaderConstLocalName(r), name) == 0;
}

bool xlsx_ends(xmlTextReaderPtr r, const char *name)
{
    return (xmlTextReaderNodeType(r) == XML_READER_TYPE_END_ELEMENT ||
            (xmlTextReaderNodeType(r) == XML_READER_TYPE_ELEMENT && xmlTextReaderIsEmptyElement(r) == 1)) &&
           strcmp((const char *)xmlTextReaderConstLocalName(r), name) == 0;
}

bool xlsx_attribute(xmlTextReaderPtr r, const char *name, char *dst, size_t size)
{
    xmlChar *v = xmlTextReaderGetAttribute(r, (const xmlChar *)name);
    bool good = v && view_copy(view_of((const char *)v), dst, size) == 0;
    xmlFree(v);
    if (!good)
        dst[0] = 0;
    return good;
}

/* --- which sheet --- */

struct finding {
    char rel[64], target[PATH_SIZE];
    bool found;
};

static int look_at_sheet(void *ctx, xmlTextReaderPtr r)
{
    struct finding *f = ctx;
    char state[16];
    if (f->found || !xlsx_starts(r, "sheet"))
        return 0;
    if (xlsx_attribute(r, "state", state, sizeof state) && strcmp(state, "visible") != 0)
        return 0;
    f->found = xlsx_attribute(r, "r:id", f->rel, sizeof f->rel);
    return 0;
}

static int look_at_relation(void *ctx, xmlTextReaderPtr r)
{
    struct finding *f = ctx;
    char id[64];
    if (xlsx_starts(r, "Relationship") && xlsx_attribute(r, "Id", id, sizeof id) && strcmp(id, f->rel) == 0)
        (void)xlsx_attribute(r, "Target", f->target, sizeof f->target);
    return 0;
}

static void find_sheet(zip_t *z, char path[PATH_SIZE])
{
    struct finding f = {.found = false};
    (void)snprintf(path, PATH_SIZE, "xl/worksheets/sheet1.xml");
    if (xlsx_each(z, "xl/workbook.xml", look_at_sheet, &f) || !f.found ||
        xlsx_each(z, "xl/_rels/workbook.xml.rels", look_at_relation, &f) || !f.target[0])
        return;
    if (f.target[0] == '/')
        (void)snprintf(path, PATH_SIZE, "%s", f.target + 1);
    else
        (void)snprintf(path, PATH_SIZE, "xl/%.250s", f.target);
}

/* --- cells --- */

struct merged {
    unsigned r0, c0, r1, c1;
};

struct reading {
    struct sheet *s;
    struct xlsx_book *book;
    size_t row, column, line; /* row: of the sheet; line: in the file */
    size_t next_line, next_column;
    bool hidden, in_value;
    char type[12], style[12];
    struct buf text;
    size_t *row_of_line; /* +1; 0: hidden or not there */
    struct merged *merged;
    size_t n_merged;
};

/* "BC12" → column 54, line 12. */
static bool cell_name(const char *name, size_t *column, size_t *line)
{
    size_t c = 0, l = 0;
    for (; *name >= 'A' && *name <= 'Z'; name++)
        c = c * 26 + (size_t)(*name - 'A') + 1;
    for (; *name >= '0' && *name <= '9' && l <= SHEET_ROWS; name++)
        l = l * 10 + (size_t)(*name - '0');
    if (!c || c > SHEET_COLUMNS || !l || l > SHEET_ROWS || *name)
        return false;
    *column = c - 1;
    *line = l;
    return true;
}

static int begin_row(struct reading *d, xmlTextReaderPtr r)
{
    char text[16];
    int64_t line = 0;
    if (!xlsx_attribute(r, "r", text, sizeof text) || view_to_int(view_of(text), 1, SHEET_ROWS, &line))
        line = (int64_t)d->next_line;
    if (line > SHEET_ROWS)
        return ERR_TOO_BIG;
    d->line = (size_t)line;
    d->next_line = d->line + 1;
    d->next_column = 0;
    d->hidden = xlsx_attribute(r, "hidden", text, sizeof text) && (text[0] == '1' || text[0] == 't');
    if (d->hidden)
        return 0;
    d->row = sheet_rows(d->s);
    d->row_of_line[d->line] = d->row + 1;
    return sheet_name_line(d->s, d->row, d->line);
}

static int begin_cell(struct reading *d, xmlTextReaderPtr r)
{
    char name[16];
    size_t line = 0;
    d->column = d->next_column;
    if (xlsx_attribute(r, "r", name, sizeof name) && !cell_name(name, &d->column, &line))
        return ERR_TOO_BIG;
    d->next_column = d->column + 1;
    (void)xlsx_attribute(r, "t", d->type, sizeof d->type);
    (void)xlsx_attribute(r, "s", d->style, sizeof d->style);
    buf_clear(&d->text);
    return 0;
}

static int end_cell(struct reading *d)
{
    struct view raw = buf_get(&d->text), shown = raw;
    struct buf date;
    int rc = d->text.err;
    buf_init(&date, 64);
    if (!rc && strcmp(d->type, "s") == 0)
        rc = xlsx_shared(d->book, raw, &shown);
    else if (!rc && strcmp(d->type, "b") == 0)
        shown = view_is(raw, "1") ? VIEW("是") : VIEW("否");
    else if (!rc && (!d->type[0] || strcmp(d->type, "n") == 0)) {
        rc = xlsx_number(d->book, raw, d->style, &date);
        shown = buf_get(&date);
    }
    if (!rc && !d->hidden)
        rc = sheet_put(d->s, d->row, d->column, shown);
    buf_fini(&date);
    return rc;
}

static int take_merged(struct reading *d, xmlTextReaderPtr r)
{
    char ref[40];
    struct view rest, first;
    size_t c0, c1, l0, l1;
    char a[20], b[20];
    if (!xlsx_attribute(r, "ref", ref, sizeof ref))
        return 0;
    rest = view_of(ref);
    first = view_cut(&rest, ':');
    if (view_copy(first, a, sizeof a) || !rest.p || view_copy(rest, b, sizeof b) || !cell_name(a, &c0, &l0) ||
        !cell_name(b, &c1, &l1))
        return 0; /* beyond what is read */
    if (d->n_merged >= MERGED_MAX || c1 < c0 || l1 < l0)
        return ERR_TOO_BIG;
    struct merged *m = realloc(d->merged, (d->n_merged + 1) * sizeof *m);
    if (!m)
        return ERR_NOMEM;
    d->merged = m;
    m[d->n_merged++] = (struct merged){(unsigned)l0, (unsigned)c0, (unsigned)l1, (unsigned)c1};
    return 0;
}

static int on_node(void *ctx, xmlTextReaderPtr r)
{
    struct reading *d = ctx;
    int rc = 0;
    if (xlsx_starts(r, "row"))
        rc = begin_row(d, r);
    else if (xlsx_starts(r, "c"))
        rc = begin_cell(d, r);
    else if (xlsx_starts(r, "v") || xlsx_starts(r, "t"))
        d->in_value = xmlTextReaderIsEmptyElement(r) != 1;
    else if (xlsx_starts(r, "mergeCell"))
        rc = take_merged(d, r);
    else if (d->in_value && (xmlTextReaderNodeType(r) == XML_READER_TYPE_TEXT ||
                             xmlTextReaderNodeType(r) == XML_READER_TYPE_CDATA ||
                             xmlTextReaderNodeType(r) == XML_READER_TYPE_SIGNIFICANT_WHITESPACE))
        buf_str(&d->text, (const char *)xmlTextReaderConstValue(r));
    if (!rc && (xlsx_ends(r, "v") || xlsx_ends(r, "t")))
        d->in_value = false;
    if (!rc && xlsx_ends(r, "c"))
        rc = end_cell(d);
    return rc;
}

/* Bounded: a merge over a whole sheet names more cells than are read. */
static int spread(struct reading *d)
{
    size_t put = 0;
    int rc = 0;
    for (size_t i = 0; i < d->n_merged && !rc; i++) {
        const struct merged *m = &d->merged[i];
        size_t from = d->row_of_line[m->r0];
        if (!from || !sheet_cell(d->s, from - 1, m->c0).n)
            continue;
        char *text = view_dup(sheet_cell(d->s, from - 1, m->c0));
        for (size_t l = m->r0; l <= m->r1 && text && !rc; l++) {
            for (size_t c = m->c0; c <= m->c1 && d->row_of_line[l] && !rc; c++)
                rc = ++put > MERGED_MAX ? ERR_TOO_BIG
                                        : sheet_put(d->s, d->row_of_line[l] - 1, c, view_of(text));
        }
        rc = rc ? rc : text ? 0 : ERR_NOMEM;
        free(text);
    }
    return rc;
}

static int read_book(struct sheet *s, zip_t *z, struct why *why)
{
    char path[PATH_SIZE];
    struct reading d = {.s = s, .next_line = 1};
    d.row_of_line = calloc(SHEET_ROWS + 1, sizeof *d.row_of_line);
    d.book = xlsx_book_new(z);
    buf_init(&d.text, SHEET_TEXT);
    find_sheet(z, path);
    int rc = d.row_of_line && d.book ? xlsx_each(z, path, on_node, &d) : ERR_NOMEM;
    rc = rc ? rc : spread(&d);
    if (rc == ERR_NOT_FOUND)
        rc = why_set(why, ERR_SYNTAX, "", "has no sheet; is it really a workbook (.xlsx)?");
    else if (rc == ERR_TOO_BIG)
        rc = why_set(why, rc, "", "row %zu: more rows, columns or text than a list of car parks has", d.line);
    else if (rc)
        rc = why_set(why, rc, "", "row %zu: %s", d.line,
                     rc == ERR_SYNTAX ? "the workbook is damaged" : err_text(rc));
    xlsx_book_free(d.book);
    buf_fini(&d.text);
    free(d.merged);
    free(d.row_of_line);
    return rc;
}

int sheet_read_xlsx(struct sheet *s, struct view bytes, struct why *why)
{
    zip_error_t err;
    zip_error_init(&err);
    zip_source_t *src = zip_source_buffer_create(bytes.p, bytes.n, 0, &err);
    zip_t *z = src ? zip_open_from_source(src, ZIP_RDONLY, &err) : NULL;
    if (!z) {
        zip_source_free(src);
        zip_error_fini(&err);
        return why_set(why, ERR_SYNTAX, "", "is damaged: not a workbook (.xlsx)");
    }
    int rc = read_book(s, z, why);
    zip_discard(z);
    zip_error_fini(&err);
    return rc;
}
