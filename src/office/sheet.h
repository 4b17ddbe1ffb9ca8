/* SPDX-License-Identifier: MIT
 * Spreadsheets as tables of texts: read from CSV (UTF-8 or GB 18030) and XLSX, written as both.
 *
 * A sheet owns its texts, UTF-8, trimmed; cells that nobody wrote are empty. Of a workbook the first visible
 * sheet counts, without its hidden rows; a merged range has its text in every cell. Rows and columns count
 * from 0; sheet_line gives the number that people see. Limits: SHEET_BYTES of file, SHEET_UNPACKED of each
 * part, SHEET_ROWS × SHEET_COLUMNS, SHEET_TEXT a cell.
 */
#ifndef PARKD_SRC_OFFICE_SHEET_H
#define PARKD_SRC_OFFICE_SHEET_H

#include "parkd/base/buf.h"

#define SHEET_BYTES    ((size_t)2 * 1024 * 1024)
#define SHEET_UNPACKED ((size_t)32 * 1024 * 1024)
#define SHEET_ROWS     20000
#define SHEET_COLUMNS  200
#define SHEET_TEXT     2048

#define SHEET_TYPE_XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define SHEET_TYPE_CSV  "text/csv; charset=utf-8"

struct sheet;

struct sheet *sheet_new(void); /* NULL: out of memory */
void sheet_free(struct sheet *s);
/* Either format, told by its first bytes. ERR_TOO_BIG, ERR_SYNTAX with `why` (the row where it is known),
 * ERR_NOMEM. */
int sheet_read(struct view bytes, struct sheet **out, struct why *why) must_check;

size_t sheet_rows(const struct sheet *s);
size_t sheet_columns(const struct sheet *s); /* the most of any row */
struct view sheet_cell(const struct sheet *s, size_t row, size_t column);
size_t sheet_line(const struct sheet *s, size_t row); /* in the file, from 1 */
/* ERR_TOO_BIG beyond the limits, ERR_NOMEM. */
int sheet_put(struct sheet *s, size_t row, size_t column, struct view text) must_check;
/* What the row is in the file; rows that are not named follow each other. */
int sheet_name_line(struct sheet *s, size_t row, size_t line) must_check;

/* The first row is the heading. A text that a spreadsheet would take for a formula gets an apostrophe before
 * it in CSV, which reading takes off again. */
int sheet_write_csv(const struct sheet *s, struct buf *out) must_check;
/* One sheet of that name; all cells are texts but whole numbers without a leading zero. */
int sheet_write_xlsx(const struct sheet *s, const char *name, struct buf *out) must_check;

/* The formats (sheet_csv.c, sheet_xlsx.c). */
int sheet_read_csv(struct sheet *s, struct view text, struct why *why) must_check;
int sheet_read_xlsx(struct sheet *s, struct view bytes, struct why *why) must_check;

#endif
