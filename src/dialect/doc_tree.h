/* SPDX-License-Identifier: MIT
 * Inside of doc.h: what the readers of the formats and the ways into their trees share.
 *
 * doc.c owns the doc and its memory for results; doc_xml.c and doc_xml_path.c alone know what `xml`, `xpath`
 * and a compiled XPath are (libxml2), so they stand here without types.
 */
#ifndef PARKD_SRC_DIALECT_DOC_TREE_H
#define PARKD_SRC_DIALECT_DOC_TREE_H

#include "dialect/doc.h"
#include "parkd/base/json_path.h"

#define DOC_MAX_RESULTS (64u * 1024 * 1024)    /* bytes of all results of one doc */
#define DOC_MAX_OPS     (20ul * DOC_XPATH_OPS) /* XPath operations of all evaluations of one doc */
#define DOC_MAX_CELLS   500000 /* fields of a CSV message, each of which costs about 150 bytes */
#define DOC_MAX_FIELDS  256    /* of a form */

struct doc_chunk; /* memory for results, see doc_alloc */
struct doc_places;

struct doc {
    enum doc_format format;
    struct json *tree;         /* all but XML and HTML */
    struct doc_places *places; /* of the JSON tree; made when first asked for */
    void *xml, *xpath;         /* XML and HTML */
    size_t size;               /* of their text */
    int xpath_error;           /* of the evaluation that runs */
    unsigned long ops;
    struct doc_chunk *chunks;
    size_t used;
};

struct doc_path {
    struct json_path *json; /* one of the two */
    void *xpath;
};

/* Memory that lives as long as the doc. ERR_NOMEM; ERR_BUDGET after DOC_MAX_RESULTS. */
int doc_alloc(struct doc *d, size_t n, void **out) must_check;
/* One node as a result. */
int doc_result_one(struct doc *d, struct doc_node n, struct doc_result *out) must_check;

/* The charset that a message is in, and where that is said. */
struct doc_charset {
    struct view name;
    const char *from;
};
struct doc_charset doc_charset_of(const struct doc_spec *spec, struct view content_type, struct view body);
/* The body as UTF-8 without byte order mark and NUL: a part of `body`, or of `held` where it was converted.
 * ERR_SYNTAX names the byte. */
int doc_to_utf8(const struct doc_charset *cs, struct view body, struct buf *held, struct view *text,
                struct why *why) must_check;

/* The readers: text in, `d->tree` out. */
int doc_read_csv(struct doc *d, const struct doc_spec *spec, struct view text, struct why *why) must_check;
int doc_read_text(struct doc *d, struct view text, struct why *why) must_check;
int doc_read_form(struct doc *d, const struct doc_charset *cs, struct view body, struct why *why) must_check;

/* Fills `xml` and `xpath`. */
int doc_xml_read(struct doc *d, const struct doc_spec *spec, struct view text, struct why *why) must_check;
void doc_xml_free(struct doc *d);
int doc_xpath_new(struct doc *d, const struct doc_spec *spec) must_check;
void doc_xpath_free(void *xpath);
/* Puts limits before the functions that need them. */
int doc_xpath_bound(void *xpath) must_check;

int doc_xpath_compile(const struct doc_spec *spec, struct view text, void **out, struct why *why) must_check;
void doc_xpath_compiled_free(void *compiled);
int doc_xpath_eval(const struct doc_path *p, struct doc *d, void *from, size_t max, struct doc_result *out,
                   struct why *why) must_check;
struct view doc_xml_text(struct doc *d, void *node);
bool doc_xml_parent(void *node, int up, void **out);
void doc_xml_place(void *node, char *dst, size_t size);

/* Of a JSON tree: who stands in whom. */
void doc_places_free(struct doc_places *p);
bool doc_json_parent(struct doc *d, const struct json *node, int up, const struct json **out);
void doc_json_place(struct doc *d, const struct json *node, char *dst, size_t size);

#endif
