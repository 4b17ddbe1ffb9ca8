/* SPDX-License-Identifier: MIT
 * XPath 1.0 through libxml2: compiled with all that can be known then (an unknown function inside a predicate
 * would show only when a feed first gets there), evaluated under a limit of operations.
 */
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/doc_tree.h"
#include "dialect/doc_watch.h"

#define FIRST_CODE (XML_XPATH_EXPRESSION_OK - XPATH_EXPRESSION_OK)

/* ---- contexts */

static void on_error(void *ctx, xmlErrorPtr error)
{
    int *code = ctx;
    *code = error->code - FIRST_CODE;
}

static xmlXPathContextPtr new_context(xmlDocPtr doc, const struct doc_spec *spec, int *error)
{
    xmlXPathContextPtr ctx = xmlXPathNewContext(doc);
    if (!ctx)
        return NULL;
    ctx->error = on_error;
    ctx->userData = error;
    ctx->opLimit = DOC_XPATH_OPS;
    bool good = doc_xpath_bound(ctx) == 0;
    for (int i = 0; i < spec->n_ns && good; i++)
        good = xmlXPathRegisterNs(ctx, (const xmlChar *)spec->ns[i].prefix,
                                  (const xmlChar *)spec->ns[i].uri) == 0;
    if (good)
        return ctx;
    xmlXPathFreeContext(ctx);
    return NULL;
}

int doc_xpath_new(struct doc *d, const struct doc_spec *spec)
{
    xmlXPathContextPtr ctx = new_context(d->xml, spec, &d->xpath_error);
    d->xpath = ctx;
    return ctx && xmlXPathContextSetCache(ctx, 1, -1, 0) == 0 ? 0 : ERR_NOMEM;
}

void doc_xpath_free(void *xpath)
{
    xmlXPathFreeContext(xpath);
}

static const char *words_of(int code)
{
    static const char *const words[] = {
        [XPATH_NUMBER_ERROR] = "not a number",
        [XPATH_UNFINISHED_LITERAL_ERROR] = "a text that is not closed",
        [XPATH_START_LITERAL_ERROR] = "a text expected",
        [XPATH_UNDEF_VARIABLE_ERROR] = "variables are not known",
        [XPATH_INVALID_PREDICATE_ERROR] = "']' expected",
        [XPATH_EXPR_ERROR] = "not an XPath expression",
        [XPATH_UNCLOSED_ERROR] = "')' expected",
        [XPATH_UNKNOWN_FUNC_ERROR] = "an unknown function",
        [XPATH_INVALID_OPERAND] = "an operand of the wrong kind",
        [XPATH_INVALID_TYPE] = "an operand of the wrong kind",
        [XPATH_INVALID_ARITY] = "a function with the wrong number of arguments",
        [XPATH_INVALID_CTXT_SIZE] = "last() outside of a predicate",
        [XPATH_INVALID_CTXT_POSITION] = "position() outside of a predicate",
        [XPATH_UNDEF_PREFIX_ERROR] = "a prefix that is not among the namespaces",
        [XPATH_INVALID_CHAR_ERROR] = "a character that is none",
        [XPATH_RECURSION_LIMIT_EXCEEDED] = "nested too deeply",
    };
    bool known = code > 0 && (size_t)code < sizeof words / sizeof *words && words[code];
    return known ? words[code] : "not an XPath expression";
}

/* ---- names in an expression */

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || ((unsigned char)c & 0x80u);
}

static size_t name_length(struct view text, size_t at)
{
    size_t n = 0;
    while (at + n < text.n && (starts_name(text.p[at + n]) || (n && strchr("0123456789-.", text.p[at + n]))))
        n++;
    return n;
}

static size_t skip_blanks(struct view text, size_t at)
{
    while (at < text.n && strchr(" \t\r\n", text.p[at]))
        at++;
    return at;
}

static int wrong_at(struct view text, size_t at, const char *what, struct why *why)
{
    size_t character = 1;
    for (size_t i = 0; i < at && i < text.n; i++)
        character += ((unsigned char)text.p[i] & 0xC0u) != 0x80u;
    return why_set(why, ERR_SYNTAX, "", "XPath, at character %zu: %s", character, what);
}

static bool is_function(struct view name)
{
    static const char *const names[] = {
        "last",
        "position",
        "count",
        "id",
        "local-name",
        "namespace-uri",
        "name",
        "string",
        "concat",
        "starts-with",
        "contains",
        "substring-before",
        "substring-after",
        "substring",
        "string-length",
        "normalize-space",
        "translate",
        "boolean",
        "not",
        "true",
        "false",
        "lang",
        "number",
        "sum",
        "floor",
        "ceiling",
        "round",
        /* tests of nodes, and operators before a bracket */
        "node",
        "text",
        "comment",
        "processing-instruction",
        "and",
        "or",
        "div",
        "mod",
        NULL,
    };
    int i = 0;
    while (names[i] && !view_is(name, names[i]))
        i++;
    return names[i] != NULL;
}

static bool is_prefix(const struct doc_spec *spec, struct view name)
{
    bool known = view_is(name, "xml");
    for (int i = 0; i < spec->n_ns && !known; i++)
        known = view_is(name, spec->ns[i].prefix);
    return known;
}

/* The name at `*at`, which is moved behind it. */
static int check_name(const struct doc_spec *spec, struct view text, size_t *at, struct why *why)
{
    size_t from = *at, n = name_length(text, from), behind = skip_blanks(text, from + n);
    struct view name = {text.p + from, n};
    bool colon = behind < text.n && text.p[behind] == ':',
         axis = colon && behind + 1 < text.n && text.p[behind + 1] == ':';
    *at = from + n;
    if (axis && view_is(name, "namespace"))
        return wrong_at(text, from, "the namespace axis is not understood", why);
    if (axis)
        *at = behind + 2;
    else if (colon && !is_prefix(spec, name))
        return wrong_at(text, from, words_of(XPATH_UNDEF_PREFIX_ERROR), why);
    else if (behind < text.n && text.p[behind] == '(' && !is_function(name))
        return wrong_at(text, from, words_of(XPATH_UNKNOWN_FUNC_ERROR), why);
    return 0;
}

static int check_names(const struct doc_spec *spec, struct view text, struct why *why)
{
    int err = 0;
    for (size_t at = 0; !err && at < text.n;) {
        char c = text.p[at];
        if (c == '"' || c == '\'') {
            const char *end = memchr(text.p + at + 1, c, text.n - at - 1);
            at = end ? (size_t)(end - text.p) + 1 : text.n;
        } else if (c == '$') {
            err = wrong_at(text, at, "'$' means nothing here: XML and HTML are read by XPath, not JSONPath",
                           why);
        } else if (starts_name(c)) {
            err = check_name(spec, text, &at, why);
        } else {
            at++;
        }
    }
    return err;
}

/* ---- compiling */

/* What only an evaluation tells, such as count() of a text: against an empty document, in which nothing is
 * found. */
static int try_it(const struct doc_spec *spec, xmlXPathCompExprPtr compiled, struct why *why)
{
    int error = 0;
    xmlDocPtr doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNodePtr root = doc ? xmlNewDocNode(doc, NULL, (const xmlChar *)"x", NULL) : NULL;
    if (root)
        xmlDocSetRootElement(doc, root);
    xmlXPathContextPtr ctx = root ? new_context(doc, spec, &error) : NULL;
    if (ctx) {
        ctx->node = root;
        xmlXPathFreeObject(xmlXPathCompiledEval(compiled, ctx));
    }
    bool done = ctx != NULL;
    xmlXPathFreeContext(ctx);
    xmlFreeDoc(doc);
    if (!done || error == XPATH_MEMORY_ERROR)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    return error ? why_set(why, ERR_SYNTAX, "", "XPath: %s", words_of(error)) : 0;
}

static int compile(const struct doc_spec *spec, struct view text, const char *copy, void **out,
                   struct why *why)
{
    int error = 0;
    xmlXPathContextPtr ctx = new_context(NULL, spec, &error);
    if (!ctx)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    xmlXPathCompExprPtr compiled = xmlXPathCtxtCompile(ctx, (const xmlChar *)copy);
    int at = ctx->lastError.int1;
    xmlXPathFreeContext(ctx);
    if (!compiled && error == XPATH_MEMORY_ERROR)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    if (!compiled)
        return wrong_at(text, at > 0 ? (size_t)at : 0, words_of(error), why);
    int err = try_it(spec, compiled, why);
    if (err)
        xmlXPathFreeCompExpr(compiled);
    else
        *out = compiled;
    return err;
}

int doc_xpath_compile(const struct doc_spec *spec, struct view text, void **out, struct why *why)
{
    *out = NULL;
    if (view_trim(text).n == 0)
        return why_set(why, ERR_SYNTAX, "", "an empty XPath; '.' is the node itself");
    if (!view_is_utf8(text))
        return why_set(why, ERR_SYNTAX, "", "XPath: not UTF-8");
    int err = check_names(spec, text, why);
    if (err)
        return err;
    char *copy = view_dup(text);
    if (!copy)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    err = compile(spec, text, copy, out, why);
    free(copy);
    return err;
}

void doc_xpath_compiled_free(void *compiled)
{
    xmlXPathFreeCompExpr(compiled);
}

/* ---- evaluating */

/* The nodes are the document's own: those of the namespace axis, which would go with `set`, do not compile.
 */
static int take_nodes(struct doc *d, const xmlNodeSet *set, size_t max, struct doc_result *out)
{
    size_t n = set && set->nodeNr > 0 ? (size_t)set->nodeNr : 0;
    void *place = NULL;
    if (n > DOC_MAX_NODES)
        return ERR_BUDGET;
    if (n > max)
        n = max;
    if (n == 0)
        return 0;
    int err = doc_alloc(d, n * sizeof *out->v, &place);
    if (err)
        return err;
    *out = (struct doc_result){.kind = DOC_NODES, .v = place, .n = n};
    for (size_t i = 0; i < n; i++)
        out->v[i] = (struct doc_node){.x = set->nodeTab[i]};
    return 0;
}

static struct view trim(struct view v)
{
    static const char hard[] = "\xC2\xA0"; /* the space that does not break */
    size_t before;
    do {
        before = v.n;
        v = view_trim(v);
        if (view_starts(v, hard))
            v = (struct view){v.p + 2, v.n - 2};
        if (v.n >= 2 && memcmp(v.p + v.n - 2, hard, 2) == 0)
            v.n -= 2;
    } while (v.n != before);
    return v;
}

static int keep_text(struct doc *d, struct view text, struct view *out)
{
    void *place = NULL;
    *out = (struct view){"", 0};
    if (text.n == 0)
        return 0;
    int err = doc_alloc(d, text.n, &place);
    if (err)
        return err;
    memcpy(place, text.p, text.n);
    *out = (struct view){place, text.n};
    return 0;
}

static int take(struct doc *d, const xmlXPathObject *found, size_t max, struct doc_result *out)
{
    switch (found->type) {
    case XPATH_NODESET:
        return take_nodes(d, found->nodesetval, max, out);
    case XPATH_STRING:
        out->kind = DOC_TEXT_RESULT;
        return keep_text(d, trim(view_of((const char *)found->stringval)), &out->text);
    case XPATH_NUMBER:
        out->kind = isfinite(found->floatval) ? DOC_NUMBER : DOC_NOTHING;
        out->number = isfinite(found->floatval) ? found->floatval : 0;
        return 0;
    case XPATH_BOOLEAN:
        out->kind = DOC_BOOL;
        out->number = found->boolval ? 1 : 0;
        return 0;
    default:
        return 0;
    }
}

static int failed(int error, struct why *why)
{
    if (error == XPATH_MEMORY_ERROR)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    if (error == XPATH_OP_LIMIT_EXCEEDED || error == XPATH_RECURSION_LIMIT_EXCEEDED)
        return why_set(why, ERR_BUDGET, "", "the XPath takes more than %d steps", DOC_XPATH_OPS);
    return why_set(why, ERR_TYPE, "", "XPath: %s", words_of(error));
}

/* libxml2 stops at the next operation; it adds to the count, but never takes away. */
static void stop(void *xpath)
{
    xmlXPathContextPtr ctx = xpath;
    ctx->opCount = ULONG_MAX / 2;
}

static xmlXPathObjectPtr run(const struct doc_path *p, const struct doc *d)
{
    if (d->size < DOC_WATCH_FROM)
        return xmlXPathCompiledEval(p->xpath, d->xpath);
    doc_watch_begin(stop, d->xpath);
    xmlXPathObjectPtr found = xmlXPathCompiledEval(p->xpath, d->xpath);
    doc_watch_end();
    return found;
}

int doc_xpath_eval(const struct doc_path *p, struct doc *d, void *from, size_t max, struct doc_result *out,
                   struct why *why)
{
    xmlXPathContextPtr ctx = d->xpath;
    ctx->node = from ? from : d->xml;
    ctx->opCount = 0;
    d->xpath_error = 0;
    if (d->ops > DOC_MAX_OPS)
        return why_set(why, ERR_BUDGET, "", "the XPaths of the mapping take more than %lu steps",
                       DOC_MAX_OPS);
    xmlXPathObjectPtr found = run(p, d);
    d->ops += ctx->opCount < DOC_XPATH_OPS ? ctx->opCount : DOC_XPATH_OPS;
    if (!found)
        return failed(d->xpath_error, why);
    int err = take(d, found, max, out);
    xmlXPathFreeObject(found);
    if (err == ERR_BUDGET)
        return why_set(why, err, "", "the XPaths of the mapping find more than is allowed");
    return err ? why_set(why, err, "", "%s", err_text(err)) : 0;
}

/* ---- nodes */

struct view doc_xml_text(struct doc *d, void *node)
{
    xmlNodePtr x = node;
    xmlNodePtr only = x->type == XML_ELEMENT_NODE || x->type == XML_ATTRIBUTE_NODE ? x->children : x;
    struct view out = {"", 0};
    if (!only)
        return out;
    bool plain = only->type == XML_TEXT_NODE || only->type == XML_CDATA_SECTION_NODE;
    if (plain && (only == x || !only->next))
        return trim(view_of((const char *)only->content));
    xmlChar *whole = xmlNodeGetContent(x);
    if (keep_text(d, trim(view_of((const char *)whole)), &out))
        out = (struct view){"", 0};
    xmlFree(whole);
    return out;
}

bool doc_xml_parent(void *node, int up, void **out)
{
    xmlNodePtr x = node;
    while (x && up-- > 0)
        x = x->parent;
    *out = x && x->type == XML_ELEMENT_NODE ? x : NULL;
    return *out != NULL;
}

void doc_xml_place(void *node, char *dst, size_t size)
{
    xmlChar *path = xmlGetNodePath(node);
    doc_put_place(view_of((const char *)path), dst, size);
    xmlFree(path);
}
