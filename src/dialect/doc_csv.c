/* SPDX-License-Identifier: MIT
 * CSV (RFC 4180) as a list of rows, read by libcsv in its strict manner: objects of texts named by the
 * heading, or lists of texts without one.
 *
 * A row whose fields are not as many as the heading's is a fault of the whole message: behind a delimiter
 * that nobody quoted, and in a table cut short, numbers stand in the wrong columns. What is empty at a row's
 * end does not count, nor do columns without a name and rows in which nothing stands. libcsv is fed line by
 * line, so that faults can name them.
 */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/doc_tree.h"
#include "parkd/base/json_build.h"

#define BLOCK 4096 /* by which libcsv's field grows */

struct table {
    const struct doc_spec *spec;
    struct json *rows, *row;
    char *names[DOC_MAX_COLUMNS];
    size_t n_names;         /* of the heading, up to the last that is not empty */
    size_t line, begins;    /* the line that is read, and in which the row begins */
    size_t columns, filled; /* of the row: fields, and up to the last that is not empty */
    size_t n_rows, cells;
    bool headed;
    int err;
    struct why *why;
};

static bool short_of_memory(struct table *t)
{
    t->err = why_set(t->why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    return false;
}

/* ---- the heading */

static bool take_name(struct table *t, struct view name)
{
    for (size_t i = 0; name.n > 0 && i < t->columns; i++)
        if (view_is(name, t->names[i])) {
            t->err = why_set(t->why, ERR_SYNTAX, "",
                             "the heading \"" VIEW_FMT "\" stands twice, in columns %zu and %zu",
                             VIEW_ARG(name), i + 1, t->columns + 1);
            return false;
        }
    t->names[t->columns] = view_dup(name);
    if (!t->names[t->columns])
        return short_of_memory(t);
    return true;
}

static void end_heading(struct table *t)
{
    t->headed = true;
    t->n_names = t->filled;
}

/* ---- rows */

static bool take_cell(struct table *t, struct view text)
{
    const char *name = t->columns < t->n_names ? t->names[t->columns] : "";
    if (t->cells++ == DOC_MAX_CELLS) {
        t->err = why_set(t->why, ERR_TOO_BIG, "", "more than %d fields, at line %zu", DOC_MAX_CELLS, t->line);
        return false;
    }
    if (!t->row && !(t->row = t->spec->no_heading ? json_new_array() : json_new_object()))
        return short_of_memory(t);
    if (t->spec->no_heading)
        return json_add(t->row, json_new_text(text)) ? short_of_memory(t) : true;
    if (!name[0])
        return true;
    return json_put(t->row, view_of(name), json_new_text(text)) ? short_of_memory(t) : true;
}

static void end_row(struct table *t)
{
    struct json *row = t->row;
    t->row = NULL;
    if (t->filled == 0) {
        json_free(row);
        return;
    }
    bool good = t->spec->no_heading || (t->columns >= t->n_names && t->filled <= t->n_names);
    if (!good)
        t->err = why_set(t->why, ERR_SYNTAX, "", "line %zu has %zu fields, the heading %zu", t->begins,
                         t->filled > t->n_names ? t->filled : t->columns, t->n_names);
    else if (t->n_rows++ == DOC_MAX_ROWS)
        t->err = why_set(t->why, ERR_TOO_BIG, "", "more than %d rows", DOC_MAX_ROWS);
    if (t->err)
        json_free(row);
    else if (json_add(t->rows, row))
        (void)short_of_memory(t);
}

/* ---- what libcsv tells */

static void on_field(void *text, size_t n, void *ctx)
{
    struct table *t = ctx;
    struct view v = {text, n};
    if (t->err)
        return;
    if (t->columns == DOC_MAX_COLUMNS) {
        t->err =
            why_set(t->why, ERR_TOO_BIG, "", "line %zu has more than %d fields", t->begins, DOC_MAX_COLUMNS);
        return;
    }
    if (!(t->headed ? take_cell(t, v) : take_name(t, v)))
        return;
    t->columns++;
    if (n > 0)
        t->filled = t->columns;
}

static void on_row(int c, void *ctx)
{
    struct table *t = ctx;
    (void)c;
    if (t->err)
        return;
    if (t->headed)
        end_row(t);
    else
        end_heading(t);
    t->columns = t->filled = 0;
    t->begins = t->line + 1;
}

/* ---- reading */

static int feed(struct table *t, struct csv_parser *p, struct view text)
{
    while (!t->err && text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) + 1 : text.n;
        if (csv_parse(p, text.p, n, on_field, on_row, t) != n && !t->err)
            t->err = csv_error(p) == CSV_EPARSE
                         ? why_set(t->why, ERR_SYNTAX, "", "a quote inside a field at line %zu", t->line)
                         : why_set(t->why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        text = (struct view){text.p + n, text.n - n};
        t->line++;
    }
    if (!t->err && csv_fini(p, on_field, on_row, t) && !t->err)
        t->err = why_set(t->why, ERR_SYNTAX, "", "a quote of the row that begins at line %zu is not closed",
                         t->begins);
    return t->err;
}

/* libcsv looks at bytes: one of several that make a character would tear others apart. */
static bool may_separate(unsigned char c)
{
    return c < 0x80 && c != '\n' && c != '\r';
}

static int read_table(struct table *t, struct view text)
{
    struct csv_parser p;
    unsigned char delimiter = (unsigned char)(t->spec->delimiter ? t->spec->delimiter : ','),
                  quote = (unsigned char)(t->spec->quote ? t->spec->quote : '"');
    if (!may_separate(delimiter) || !may_separate(quote) || delimiter == quote)
        return why_set(t->why, ERR_INVALID, "", "delimiter and quote are not two different ASCII characters");
    if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI))
        return why_set(t->why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    csv_set_delim(&p, delimiter);
    csv_set_quote(&p, quote);
    csv_set_blk_size(&p, BLOCK);
    int err = feed(t, &p, text);
    csv_free(&p);
    if (!err && !t->headed)
        err = why_set(t->why, ERR_SYNTAX, "", "no heading");
    return err;
}

int doc_read_csv(struct doc *d, const struct doc_spec *spec, struct view text, struct why *why)
{
    struct table t = {.spec = spec, .line = 1, .begins = 1, .headed = spec->no_heading, .why = why};
    d->tree = t.rows = json_new_array();
    int err = t.rows ? read_table(&t, text) : why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    json_free(t.row);
    for (size_t i = 0; i < DOC_MAX_COLUMNS; i++)
        free(t.names[i]);
    return err;
}
