/* SPDX-License-Identifier: MIT
 * A message as a tree, whatever it was written in, and paths into it: what the mapping of `generic` and the
 * Lua host share. Pure.
 *
 * JSON, CSV, forms and plain text become JSON trees, which JSONPath or JSON pointers look into; XML and HTML
 * become libxml2 trees, which XPath 1.0 looks into. CSV rows are objects named by the heading, or lists
 * without one; a form is one object of texts; text is a list of lines. Namespaces of XML that the format does
 * not name are taken off after parsing, so "//parkingFacility/name" means local names. External entities, DTD
 * loading and network are off, entity expansion, depth (256), size and XPath operations are bounded.
 *
 * Ownership: a doc owns its trees and everything that results point into; results live as long as the doc.
 * Messages of faults name line or byte of the message where the parser tells it.
 */
#ifndef PARKD_SRC_DIALECT_DOC_H
#define PARKD_SRC_DIALECT_DOC_H

#include "parkd/base/buf.h"
#include "parkd/base/charset.h"
#include "parkd/base/json.h"

#define DOC_MAX_BODY       (4 * 1024 * 1024)
#define DOC_MAX_ROWS       65536
#define DOC_MAX_COLUMNS    256
#define DOC_MAX_NODES      65536 /* of an XML or HTML document, and in one result */
#define DOC_MAX_NAMESPACES 8
#define DOC_XPATH_OPS      2000000 /* libxml2's opLimit for one evaluation */

enum doc_format { DOC_JSON, DOC_XML, DOC_HTML, DOC_CSV, DOC_FORM, DOC_TEXT, DOC_FORMATS };
extern const char *const doc_format_names[DOC_FORMATS + 1]; /* "json" …; NULL at the end */

struct doc_namespace {
    char prefix[32];
    char uri[256];
};
struct doc_spec {
    enum doc_format format;
    char charset[CHARSET_SIZE]; /* empty: what the message or its Content-Type declares, else UTF-8 */
    char delimiter, quote;      /* CSV; 0: ',' and '"' */
    bool no_heading;            /* CSV: rows are lists */
    struct doc_namespace ns[DOC_MAX_NAMESPACES];
    int n_ns;
};

struct doc;
struct doc_path;

/* One node: of a JSON tree (`j`) or of an XML tree (`x`, an xmlNode). */
struct doc_node {
    const struct json *j;
    void *x;
};

/* What a path finds: nodes, or (XPath only: string(), count(), a comparison) one scalar. */
enum doc_result_kind { DOC_NOTHING, DOC_NODES, DOC_TEXT_RESULT, DOC_NUMBER, DOC_BOOL };
struct doc_result {
    enum doc_result_kind kind;
    struct doc_node *v; /* DOC_NODES, in document order */
    size_t n;
    struct view text;
    double number; /* finite; DOC_BOOL: 0 or 1 */
};

/* ERR_SYNTAX (not well formed, wrong charset, HTML where JSON is expected …), ERR_TOO_BIG (size, depth, rows,
 * entity expansion), ERR_NOMEM; `why` says what and where. */
int doc_read(const struct doc_spec *spec, struct view content_type, struct view body, struct doc **out,
             struct why *why) must_check;
/* A doc around JSON text that stood inside another message. */
int doc_read_json(struct view text, struct doc **out, struct why *why) must_check;
void doc_free(struct doc *d);
struct doc_node doc_root(const struct doc *d); /* JSON: the value; XML: the document node */

/* A path for documents of this format: JSON pointer or JSONPath, or XPath. ERR_SYNTAX, with the place in the
 * text. */
int doc_path_compile(const struct doc_spec *spec, struct view text, struct doc_path **out,
                     struct why *why) must_check;
void doc_path_free(struct doc_path *p);
/* Evaluates from `from` ('/' of XPath and '$' mean the document's root). ERR_BUDGET, ERR_NOMEM. */
int doc_path_eval(const struct doc_path *p, struct doc *d, struct doc_node from, struct doc_result *out,
                  struct why *why) must_check;
/* Only the first node or scalar: the common case of a field, a few bytes of the doc's memory where the path
 * is singular. */
int doc_path_first(const struct doc_path *p, struct doc *d, struct doc_node from, struct doc_result *out,
                   struct why *why) must_check;
/* The text of a node: a JSON string's bytes (numbers and objects: empty), an XML node's string value, trimmed
 * of blanks at its ends. Valid as long as the doc. */
struct view doc_node_text(struct doc *d, struct doc_node n);
/* The nth container above (1: the nearest): JSON counts objects only, not lists; XML elements. False: there
 * is none, or the node is not of this doc. */
bool doc_node_parent(struct doc *d, struct doc_node n, int up, struct doc_node *out);
/* Where a node stands: a JSON pointer, or an XPath with positions ("/feed/lot[3]/free"). Empty for what is
 * not of this doc. JSON: the first call for a doc looks at the whole tree. */
void doc_node_place(struct doc *d, struct doc_node n, char *dst, size_t size);
/* A place, cut between characters when it is too long. */
void doc_put_place(struct view whole, char *dst, size_t size);

#endif
