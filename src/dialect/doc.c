/* SPDX-License-Identifier: MIT
 * Reading a message into a tree, and the paths into it: chooses the reader and the kind of path, and owns the
 * memory that results live in.
 */
#include "dialect/doc_tree.h"

#include <stdlib.h>
#include <string.h>

#include "dialect/ops.h"

#define CHUNK 16384
/* A longer path is none that a person wrote; and libxml2 parses an XPath by recursion. */
#define MAX_PATH 1024

const char *const doc_format_names[DOC_FORMATS + 1] = {"json", "xml", "html", "csv", "form", "text", NULL};

/* ---- memory of results */

struct doc_chunk {
    struct doc_chunk *next;
    size_t used, size;
    _Alignas(void *) char bytes[]; /* pointers and texts are all that is put there */
};

int doc_alloc(struct doc *d, size_t n, void **out)
{
    size_t step = _Alignof(void *);
    n = (n + step - 1) / step * step;
    struct doc_chunk *c = d->chunks;
    if (n > DOC_MAX_RESULTS - d->used)
        return ERR_BUDGET;
    if (!c || n > c->size - c->used) {
        size_t size = n > CHUNK ? n : CHUNK;
        c = malloc(sizeof *c + size);
        if (!c)
            return ERR_NOMEM;
        *c = (struct doc_chunk){.next = d->chunks, .size = size};
        d->chunks = c;
    }
    *out = c->bytes + c->used;
    c->used += n;
    d->used += n;
    return 0;
}

int doc_result_one(struct doc *d, struct doc_node n, struct doc_result *out)
{
    void *place = NULL;
    int err = doc_alloc(d, sizeof n, &place);
    if (err)
        return err;
    *out = (struct doc_result){.kind = DOC_NODES, .v = place, .n = 1};
    out->v[0] = n;
    return 0;
}

/* ---- reading */

static bool is_markup(enum doc_format format)
{
    return format == DOC_XML || format == DOC_HTML;
}

/* What the message is instead, where its first character tells it: NULL for what may be right. */
static const char *other_format(enum doc_format format, struct view text)
{
    struct view head = view_trim(text);
    char c = head.n ? head.p[0] : '\0';
    bool markup = c == '<' && head.n > 1 && strchr("!?hH", head.p[1]) != NULL;
    if ((is_markup(format) || format == DOC_FORM) && (c == '{' || c == '['))
        return "JSON";
    if (format == DOC_CSV && c == '{')
        return "JSON";
    return (format == DOC_CSV || format == DOC_FORM) && markup ? "HTML or XML" : NULL;
}

static int read_text(struct doc *d, const struct doc_spec *spec, struct view text, struct why *why)
{
    const char *other = other_format(spec->format, text);
    if (other)
        return why_set(why, ERR_SYNTAX, "", "%s instead of %s", other, doc_format_names[spec->format]);
    switch (spec->format) {
    case DOC_XML:
    case DOC_HTML:
        return doc_xml_read(d, spec, text, why);
    case DOC_CSV:
        return doc_read_csv(d, spec, text, why);
    case DOC_TEXT:
        return doc_read_text(d, text, why);
    default:
        return dialect_parse_json(text, &d->tree, why);
    }
}

static int read_body(struct doc *d, const struct doc_spec *spec, struct view content_type, struct view body,
                     struct why *why)
{
    if (body.n > DOC_MAX_BODY)
        return why_set(why, ERR_TOO_BIG, "", "%zu bytes, more than %d", body.n, DOC_MAX_BODY);
    if (view_trim(body).n == 0)
        return why_set(why, ERR_SYNTAX, "", "empty body instead of %s", doc_format_names[spec->format]);
    struct doc_charset cs = doc_charset_of(spec, content_type, body);
    if (spec->format == DOC_FORM) {
        const char *other = other_format(DOC_FORM, body);
        return other ? why_set(why, ERR_SYNTAX, "", "%s instead of a form", other)
                     : doc_read_form(d, &cs, body, why);
    }
    struct buf held;
    struct view text = {0};
    buf_init(&held, 2 * DOC_MAX_BODY);
    int err = doc_to_utf8(&cs, body, &held, &text, why);
    if (!err)
        err = read_text(d, spec, text, why);
    buf_fini(&held);
    return err;
}

int doc_read(const struct doc_spec *spec, struct view content_type, struct view body, struct doc **out,
             struct why *why)
{
    struct why unasked;
    *out = NULL;
    why = why ? why : &unasked;
    struct doc *d = calloc(1, sizeof *d);
    if (!d)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    d->format = spec->format;
    int err = read_body(d, spec, content_type, body, why);
    if (err) {
        doc_free(d);
        return err;
    }
    *out = d;
    return 0;
}

int doc_read_json(struct view text, struct doc **out, struct why *why)
{
    static const struct doc_spec json = {.format = DOC_JSON, .charset = "UTF-8"};
    return doc_read(&json, (struct view){0}, text, out, why);
}

void doc_free(struct doc *d)
{
    if (!d)
        return;
    while (d->chunks) {
        struct doc_chunk *next = d->chunks->next;
        free(d->chunks);
        d->chunks = next;
    }
    doc_places_free(d->places);
    doc_xml_free(d);
    json_free(d->tree);
    free(d);
}

struct doc_node doc_root(const struct doc *d)
{
    return (struct doc_node){.j = d->tree, .x = d->xml};
}

/* ---- paths */

int doc_path_compile(const struct doc_spec *spec, struct view text, struct doc_path **out, struct why *why)
{
    *out = NULL;
    if (text.n > MAX_PATH)
        return why_set(why, ERR_SYNTAX, "", "a path of more than %d bytes", MAX_PATH);
    struct doc_path *p = calloc(1, sizeof *p);
    if (!p)
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    int err = is_markup(spec->format) ? doc_xpath_compile(spec, text, &p->xpath, why)
                                      : json_path_compile(text, &p->json, why);
    if (err) {
        doc_path_free(p);
        return err;
    }
    *out = p;
    return 0;
}

void doc_path_free(struct doc_path *p)
{
    if (!p)
        return;
    json_path_free(p->json);
    doc_xpath_compiled_free(p->xpath);
    free(p);
}

static int eval_one(const struct doc_path *p, struct doc *d, const struct json *from, struct doc_result *out)
{
    const struct json *found = json_path_one(p->json, d->tree, from);
    return found ? doc_result_one(d, (struct doc_node){.j = found}, out) : 0;
}

static int eval_all(const struct doc_path *p, struct doc *d, const struct json *from, struct doc_result *out)
{
    struct json_nodes found;
    void *place = NULL;
    int err = json_path_all(p->json, d->tree, from, &found);
    if (!err && found.n > 0)
        err = doc_alloc(d, found.n * sizeof *out->v, &place);
    if (!err && found.n > 0) {
        *out = (struct doc_result){.kind = DOC_NODES, .v = place, .n = found.n};
        for (size_t i = 0; i < found.n; i++)
            out->v[i] = (struct doc_node){.j = found.v[i]->node};
    }
    json_nodes_fini(&found);
    return err;
}

static int eval(const struct doc_path *p, struct doc *d, struct doc_node from, bool first,
                struct doc_result *out, struct why *why)
{
    *out = (struct doc_result){.kind = DOC_NOTHING};
    if (is_markup(d->format) != (p->xpath != NULL))
        return why_set(why, ERR_INVALID, "", "a path for another format than %s",
                       doc_format_names[d->format]);
    if (p->xpath)
        return doc_xpath_eval(p, d, from.x, first ? 1 : DOC_MAX_NODES, out, why);
    const struct json *node = from.j ? from.j : d->tree;
    bool one = first || json_path_is_singular(p->json);
    int err = one ? eval_one(p, d, node, out) : eval_all(p, d, node, out);
    if (err == ERR_BUDGET)
        return why_set(why, err, "", "the path looks at or finds more than is allowed");
    return err ? why_set(why, err, "", "%s", err_text(err)) : 0;
}

int doc_path_eval(const struct doc_path *p, struct doc *d, struct doc_node from, struct doc_result *out,
                  struct why *why)
{
    return eval(p, d, from, false, out, why);
}

int doc_path_first(const struct doc_path *p, struct doc *d, struct doc_node from, struct doc_result *out,
                   struct why *why)
{
    return eval(p, d, from, true, out, why);
}

/* ---- nodes */

struct view doc_node_text(struct doc *d, struct doc_node n)
{
    return n.x ? doc_xml_text(d, n.x) : json_text(n.j);
}

bool doc_node_parent(struct doc *d, struct doc_node n, int up, struct doc_node *out)
{
    *out = (struct doc_node){0};
    return n.x ? doc_xml_parent(n.x, up, &out->x) : doc_json_parent(d, n.j, up, &out->j);
}

void doc_node_place(struct doc *d, struct doc_node n, char *dst, size_t size)
{
    if (n.x)
        doc_xml_place(n.x, dst, size);
    else
        doc_json_place(d, n.j, dst, size);
}
