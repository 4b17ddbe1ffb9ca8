/* SPDX-License-Identifier: MIT
 * What the files that read workbooks share: parts of the archive node by node, shared texts, formats of
 * numbers.
 */
#ifndef PARKD_SRC_OFFICE_SHEET_XLSX_H
#define PARKD_SRC_OFFICE_SHEET_XLSX_H

#include <libxml/xmlreader.h>
#include <zip.h>

#include "parkd/base/buf.h"

typedef int xlsx_node_fn(void *ctx, xmlTextReaderPtr r); /* 0 or an error, which ends it */
/* ERR_NOT_FOUND: no such part. ERR_TOO_BIG, ERR_SYNTAX, ERR_NOMEM. */
int xlsx_each(zip_t *z, const char *name, xlsx_node_fn *fn, void *ctx) must_check;
bool xlsx_starts(xmlTextReaderPtr r, const char *name);
bool xlsx_ends(xmlTextReaderPtr r, const char *name);
bool xlsx_attribute(xmlTextReaderPtr r, const char *name, char *dst,
                    size_t size); /* false: none, dst empty */

/* xlsx_book.c: the texts that cells share, and which formats are dates. */
struct xlsx_book;
struct xlsx_book *xlsx_book_new(zip_t *z); /* NULL: no memory; what cannot be read is left out */
void xlsx_book_free(struct xlsx_book *b);
int xlsx_shared(const struct xlsx_book *b, struct view index, struct view *out) must_check;
/* A number as people see it: a date where its style says so, no exponent, no ".0". */
int xlsx_number(const struct xlsx_book *b, struct view raw, const char *style, struct buf *out) must_check;

#endif
