/* SPDX-License-Identifier: MIT
 * XML and HTML from memory through libxml2, without files, network, DTDs and entities of the sender's own.
 *
 * libxml2 expands nothing here because a document that declares an entity, or a default for an attribute, is
 * refused where it does so: no feed of parking lots needs that, every bomb does. Depth is libxml2's own
 * limit. Nothing is set globally, and faults go to the parser's context, so that documents may be read in
 * several threads.
 *
 * Namespaces that the mapping does not name are taken off, with prefixes that the sender forgot to declare:
 * paths mean local names then. "xml:" stays.
 */
#include <libxml/HTMLparser.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "dialect/doc_tags.h"
#include "dialect/doc_tree.h"

#define XML_OPTIONS                                                                                      \
    (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_COMPACT | \
     XML_PARSE_IGNORE_ENC | XML_PARSE_BIG_LINES | XML_PARSE_NOBLANKS)
#define HTML_OPTIONS                                                                     \
    (HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_COMPACT | \
     HTML_PARSE_IGNORE_ENC)

/* The first fault that ends the reading; hangs on the parser's context. */
struct fault {
    int code;
    struct why *why;
};

static void start_library(void)
{
    xmlInitParser();
}

static void on_error(void *ctx, xmlErrorPtr error)
{
    xmlParserCtxtPtr parser = ctx;
    struct fault *f = parser->_private;
    struct view words = view_trim(view_of(error->message));
    /* With a DTD that is not loaded an entity that nobody declared is no error, and its text would be
     * missing. */
    if (f->code || (error->level != XML_ERR_FATAL && error->code != XML_WAR_UNDECLARED_ENTITY))
        return;
    if (error->code == XML_ERR_NO_MEMORY)
        f->code = why_set(f->why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    else if (view_starts(words, "Excessive depth"))
        f->code = why_set(f->why, ERR_TOO_BIG, "", "nested more than %u deep at line %d", xmlParserMaxDepth,
                          error->line);
    else
        f->code = why_set(f->why, ERR_SYNTAX, "", "not well-formed at line %d: " VIEW_FMT, error->line,
                          VIEW_ARG(words));
}

static void refuse(void *ctx, const char *what)
{
    xmlParserCtxtPtr parser = ctx;
    struct fault *f = parser->_private;
    if (!f->code)
        f->code = why_set(f->why, ERR_SYNTAX, "", "declares %s at line %d, which is not allowed", what,
                          parser->input ? parser->input->line : 0);
    xmlStopParser(parser);
}

static void on_entity(void *ctx, const xmlChar *name, int type, const xmlChar *public_id,
                      const xmlChar *system_id, xmlChar *content)
{
    (void)name, (void)type, (void)public_id, (void)system_id, (void)content;
    refuse(ctx, "an entity");
}

static void on_unparsed(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id,
                        const xmlChar *notation)
{
    (void)name, (void)public_id, (void)system_id, (void)notation;
    refuse(ctx, "an entity");
}

static void on_attribute(void *ctx, const xmlChar *element, const xmlChar *name, int type, int def,
                         const xmlChar *value, xmlEnumerationPtr tree)
{
    (void)element, (void)name, (void)type, (void)def, (void)value;
    xmlFreeEnumeration(tree);
    refuse(ctx, "an attribute");
}

/* The limit that libxml2 keeps in XML only. */
static void on_html_element(void *ctx, const xmlChar *name, const xmlChar **attributes)
{
    xmlParserCtxtPtr parser = ctx;
    struct fault *f = parser->_private;
    xmlSAX2StartElement(ctx, name, attributes);
    if (f->code || parser->nodeNr <= (int)xmlParserMaxDepth)
        return;
    f->code = why_set(f->why, ERR_TOO_BIG, "", "nested more than %u deep at line %d", xmlParserMaxDepth,
                      parser->input ? parser->input->line : 0);
    xmlStopParser(parser);
}

/* ---- namespaces */

/* The node behind `node` in document order. */
static xmlNodePtr following(xmlNodePtr node)
{
    if (node->type == XML_ELEMENT_NODE && node->children)
        return node->children;
    while (node && !node->next)
        node = node->parent;
    return node && node->type != XML_DOCUMENT_NODE ? node->next : NULL;
}

static bool is_kept(const struct doc_spec *spec, const xmlNs *ns)
{
    for (int i = 0; i < spec->n_ns; i++)
        if (xmlStrEqual(ns->href, (const xmlChar *)spec->ns[i].uri))
            return true;
    return xmlStrEqual(ns->href, XML_XML_NAMESPACE);
}

/* Names live in the document's dictionary. */
static const xmlChar *local_name(xmlDocPtr doc, const xmlChar *name)
{
    const xmlChar *colon = xmlStrchr(name, ':'), *local = NULL;
    if (colon && doc->dict && xmlDictOwns(doc->dict, name))
        local = xmlDictLookup(doc->dict, colon + 1, -1);
    return local ? local : name;
}

static void strip(xmlDocPtr doc, const struct doc_spec *spec)
{
    for (xmlNodePtr node = xmlDocGetRootElement(doc); node; node = following(node)) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (node->ns && !is_kept(spec, node->ns))
            node->ns = NULL;
        if (!node->ns)
            node->name = local_name(doc, node->name);
        for (xmlAttrPtr a = node->properties; a; a = a->next) {
            if (a->ns && !is_kept(spec, a->ns))
                a->ns = NULL;
            if (!a->ns)
                a->name = local_name(doc, a->name);
        }
    }
}

/* ---- reading */

/* libxml2 joins sets of nodes by comparing each with each, in one operation. */
static bool is_too_large(xmlDocPtr doc)
{
    size_t n = 0;
    for (xmlNodePtr node = xmlDocGetRootElement(doc); node && n <= DOC_MAX_NODES; node = following(node)) {
        n++;
        for (xmlAttrPtr a = node->type == XML_ELEMENT_NODE ? node->properties : NULL; a; a = a->next)
            n++;
    }
    return n > DOC_MAX_NODES;
}

static bool looks_like_html(struct view text)
{
    return text.n >= 5 && (strncasecmp(text.p, "<html", 5) == 0 ||
                           (text.n >= 14 && strncasecmp(text.p, "<!doctype html", 14) == 0));
}

static xmlDocPtr read_xml(struct view text, struct fault *f)
{
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (!parser)
        return NULL;
    parser->_private = f;
    parser->sax->serror = on_error;
    parser->sax->entityDecl = on_entity;
    parser->sax->unparsedEntityDecl = on_unparsed;
    parser->sax->attributeDecl = on_attribute;
    xmlDocPtr doc = xmlCtxtReadMemory(parser, text.p, (int)text.n, NULL, "UTF-8", XML_OPTIONS);
    if (!doc && !f->code)
        f->code = why_set(f->why, ERR_SYNTAX, "", "not well-formed XML");
    xmlFreeParserCtxt(parser);
    return doc;
}

static bool has_tag(struct view text, const char *tag)
{
    size_t n = strlen(tag);
    for (const char *p = text.p, *end = p + text.n; (p = memchr(p, '<', (size_t)(end - p))); p++)
        if ((size_t)(end - p) >= n && strncasecmp(p, tag, n) == 0)
            return true;
    return false;
}

/* HTML lets every end be left out, and a page that was cut reads like a shorter one, with half a number at
 * its end. Whoever writes the first tag writes the last too. */
static bool is_cut(struct view text)
{
    return has_tag(text, "<html") && !has_tag(text, "</html");
}

static xmlDocPtr read_html(struct view text, struct fault *f)
{
    htmlParserCtxtPtr parser = htmlNewParserCtxt();
    if (!parser)
        return NULL;
    parser->_private = f;
    parser->sax->serror = on_error;
    parser->sax->startElement = on_html_element;
    xmlDocPtr doc = htmlCtxtReadMemory(parser, text.p, (int)text.n, NULL, "UTF-8", HTML_OPTIONS);
    htmlFreeParserCtxt(parser);
    return doc;
}

int doc_xml_read(struct doc *d, const struct doc_spec *spec, struct view text, struct why *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct fault fault = {.why = why};
    bool html = spec->format == DOC_HTML;
    (void)pthread_once(&once, start_library);
    text = view_trim(text);
    d->size = text.n;
    int err = doc_check_tags(text, why);
    if (err)
        return err;
    if (html && is_cut(text))
        return why_set(why, ERR_SYNTAX, "", "the page ends before its </html>");
    xmlDocPtr doc = html ? read_html(text, &fault) : read_xml(text, &fault);
    d->xml = doc;
    if (fault.code == ERR_SYNTAX && !html && looks_like_html(text))
        return why_set(why, ERR_SYNTAX, "", "HTML instead of XML");
    if (fault.code)
        return fault.code;
    if (!doc)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    if (!xmlDocGetRootElement(doc))
        return why_set(why, ERR_SYNTAX, "", "no element in it");
    if (is_too_large(doc))
        return why_set(why, ERR_TOO_BIG, "", "more than %d nodes", DOC_MAX_NODES);
    if (!html)
        strip(doc, spec);
    (void)xmlXPathOrderDocElems(doc);
    return doc_xpath_new(d, spec) ? why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM)) : 0;
}

void doc_xml_free(struct doc *d)
{
    doc_xpath_free(d->xpath);
    xmlFreeDoc(d->xml);
}
