/* SPDX-License-Identifier: MIT
 * Functions of XPath whose cost libxml2's count of operations does not see: contains() looks at every byte of
 * one text for every byte of the other, translate() too, concat() makes texts that are larger than all that
 * it was given. They are libxml2's own, behind a look at the lengths.
 */
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <string.h>

#include "dialect/doc_tree.h"

#define PAIRS_MAX  ((size_t)64 << 20)  /* of bytes of two texts: a tenth of a second */
#define CONCAT_MAX ((size_t)256 << 10) /* bytes */
#define CHANGE_MAX \
    ((size_t)64 << 10) /* bytes that translate() puts together one by one, with a realloc for every ten */
#define OP_PAIRS 64    /* that count as one operation */

/* The argument, counted from the last one, as text in its place; NULL after an error. */
static const char *text_at(xmlXPathParserContextPtr p, int from_last)
{
    xmlXPathObjectPtr *place = &p->valueTab[p->valueNr - 1 - from_last];
    if ((*place)->type != XPATH_STRING)
        *place = xmlXPathConvertString(*place);
    p->value = p->valueTab[p->valueNr - 1];
    if (!*place || !(*place)->stringval)
        xmlXPathErr(p, XPATH_MEMORY_ERROR);
    return *place ? (const char *)(*place)->stringval : NULL;
}

/* May these two texts be looked at, byte by byte, where the first has at most `max`? */
static bool is_affordable(xmlXPathParserContextPtr p, int nargs, size_t max)
{
    if (nargs < 2 || p->valueNr < nargs)
        return true; /* the function itself says what is wrong */
    const char *where = text_at(p, nargs - 1), *what = where ? text_at(p, nargs - 2) : NULL;
    if (!what)
        return false;
    size_t a = strlen(where), b = strlen(what);
    if (a > max || (a > 0 && b > PAIRS_MAX / a)) {
        xmlXPathErr(p, XPATH_OP_LIMIT_EXCEEDED);
        return false;
    }
    p->context->opCount += a * b / OP_PAIRS;
    return true;
}

static void on_contains(xmlXPathParserContextPtr p, int nargs)
{
    if (is_affordable(p, nargs, PAIRS_MAX))
        xmlXPathContainsFunction(p, nargs);
}

static void on_before(xmlXPathParserContextPtr p, int nargs)
{
    if (is_affordable(p, nargs, PAIRS_MAX))
        xmlXPathSubstringBeforeFunction(p, nargs);
}

static void on_after(xmlXPathParserContextPtr p, int nargs)
{
    if (is_affordable(p, nargs, PAIRS_MAX))
        xmlXPathSubstringAfterFunction(p, nargs);
}

static void on_translate(xmlXPathParserContextPtr p, int nargs)
{
    if (is_affordable(p, nargs, CHANGE_MAX))
        xmlXPathTranslateFunction(p, nargs);
}

static void on_concat(xmlXPathParserContextPtr p, int nargs)
{
    size_t n = 0;
    for (int i = 0; nargs <= p->valueNr && i < nargs; i++) {
        const char *text = text_at(p, i);
        if (!text)
            return;
        n += strlen(text);
        if (n > CONCAT_MAX) {
            xmlXPathErr(p, XPATH_OP_LIMIT_EXCEEDED);
            return;
        }
    }
    xmlXPathConcatFunction(p, nargs);
}

int doc_xpath_bound(void *xpath)
{
    static const struct {
        const char *name;
        xmlXPathFunction fn;
    } functions[] = {
        {"contains", on_contains},   {"substring-before", on_before}, {"substring-after", on_after},
        {"translate", on_translate}, {"concat", on_concat},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const xmlChar *name = (const xmlChar *)functions[i].name;
        (void)xmlXPathRegisterFunc(xpath, name, NULL); /* libxml2 adds, it does not replace */
        if (xmlXPathRegisterFunc(xpath, name, functions[i].fn))
            return ERR_NOMEM;
    }
    return 0;
}
