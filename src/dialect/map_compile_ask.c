/* SPDX-License-Identifier: MIT
 * Compiles requests: texts with holes, joins, pages, chunks, the reply to a push.
 */
#include <string.h>

#include "dialect/map_compile.h"
#include "parkd/base/iso8601.h"

#define MAX_PIECES 64
#define MAX_QUERY  32
#define IN_REQUESTS                                                                              \
    (1u << HOLE_NOW_S | 1u << HOLE_NOW_MS | 1u << HOLE_TIME | 1u << HOLE_PAGE | 1u << HOLE_IDS | \
     1u << HOLE_LET)
#define IN_JOINS (IN_REQUESTS | 1u << HOLE_LOT)
#define IN_REPLY (1u << HOLE_NOW_S | 1u << HOLE_NOW_MS | 1u << HOLE_TIME | 1u << HOLE_LET)

/* ---- texts with holes */

static int add_piece(struct map_compiler *c, struct map_template *t, struct map_piece piece)
{
    if (t->n == MAX_PIECES)
        return why_set(c->why, ERR_TOO_BIG, "", "more than %d pieces", MAX_PIECES);
    t->v[t->n++] = piece;
    t->holes |= 1u << piece.hole;
    return 0;
}

static int check_pattern(struct map_compiler *c, struct view pattern, struct map_piece *out)
{
    char text[128];
    out->text = arena_copy(&c->m->arena, pattern);
    if (!out->text.p)
        return map_fail(c, ERR_NOMEM, "", err_text(ERR_NOMEM));
    if (time_print(0, out->text.p, 0, text, sizeof text))
        return map_fail(c, ERR_INVALID, "", "${time:…} takes a pattern of %Y %m %d %H %M %S");
    return 0;
}

static int find_let(const struct mapping *m, struct view name)
{
    for (int i = 0; i < m->n_lets; i++) {
        if (view_eq(m->let_names[i], name))
            return i;
    }
    return -1;
}

/* What stands between "${" and "}". */
static int compile_hole(struct map_compiler *c, struct view name, unsigned holes, struct map_piece *out)
{
    static const struct {
        const char *name;
        enum map_hole hole;
    } rows[] = {{"now_s", HOLE_NOW_S},
                {"now_ms", HOLE_NOW_MS},
                {"page", HOLE_PAGE},
                {"ids", HOLE_IDS},
                {"lot", HOLE_LOT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (view_is(name, rows[i].name))
            out->hole = rows[i].hole;
    }
    if (view_starts(name, "time:")) {
        out->hole = HOLE_TIME;
        return check_pattern(c, (struct view){name.p + 5, name.n - 5}, out);
    }
    if (!out->hole && (out->let = find_let(c->m, name)) >= 0)
        out->hole = HOLE_LET;
    if (!out->hole)
        return why_set(c->why, ERR_UNKNOWN_KEY, "", "unknown name ${" VIEW_FMT "}", VIEW_ARG(name));
    if (!(holes & 1u << out->hole))
        return why_set(c->why, ERR_INVALID, "", "${" VIEW_FMT "} says nothing here", VIEW_ARG(name));
    if (out->hole == HOLE_LET && c->n_lets <= out->let)
        return why_set(c->why, ERR_INVALID, "", "${" VIEW_FMT "} stands after this place", VIEW_ARG(name));
    return 0;
}

static size_t count_pieces(struct view text)
{
    size_t n = 1;
    for (size_t i = 0; i + 1 < text.n; i++)
        n += text.p[i] == '$' && text.p[i + 1] == '{' ? 2 : 0;
    return n < MAX_PIECES ? n : MAX_PIECES;
}

int map_template_compile(struct map_compiler *c, struct view text, unsigned holes, struct map_template *out)
{
    struct view rest = text;
    int err = 0;
    *out = (struct map_template){.v = map_new(c, count_pieces(text) * sizeof *out->v)};
    if (!out->v)
        return ERR_NOMEM;
    while (rest.n && !err) {
        const char *open = memmem(rest.p, rest.n, "${", 2);
        size_t before = open ? (size_t)(open - rest.p) : rest.n;
        if (before)
            err = add_piece(c, out, (struct map_piece){.text = {rest.p, before}});
        rest = (struct view){rest.p + before, rest.n - before};
        if (!open || err)
            continue;
        const char *close = memchr(rest.p, '}', rest.n);
        if (!close)
            return map_fail(c, ERR_INVALID, "", "\"${\" without \"}\"");
        struct map_piece piece = {0};
        err = compile_hole(c, (struct view){rest.p + 2, (size_t)(close - rest.p) - 2}, holes, &piece);
        if (!err)
            err = add_piece(c, out, piece);
        rest.n -= (size_t)(close + 1 - rest.p);
        rest.p = close + 1;
    }
    return err;
}

static int want_template(struct map_compiler *c, const struct json *j, const char *name, unsigned holes,
                         struct map_template *out)
{
    const struct json *t = json_get(j, name);
    if (!t)
        return 0;
    if (!json_is(t, JSON_STRING))
        return map_under(c, map_fail(c, ERR_TYPE, "", "must be a text"), name);
    return map_under(c, map_template_compile(c, json_text(t), holes, out), name);
}

/* ---- what is asked */

static int compile_headers(struct map_compiler *c, const struct json *j, unsigned holes, struct map_ask *out)
{
    const struct json *headers = NULL;
    struct dialect_request dry; /* wrong headers show now and not at the first poll */
    int err = json_want_node(j, "headers", JSON_OBJECT, &headers, c->why);
    dialect_request_init(&dry);
    for (const struct json *h = json_first(headers); h && !err; h = json_next(h)) {
        if (!json_is(h, JSON_STRING))
            return map_fail(c, ERR_TYPE, "/headers", "values must be texts");
        err = dialect_request_header(&dry, json_key(h), json_text(h), c->why);
        if (err)
            return err;
        struct map_member *m = &out->headers[out->n_headers++];
        m->name = json_key(h);
        err = map_under(c, map_template_compile(c, json_text(h), holes, &m->value), "headers");
    }
    return err;
}

static int compile_query(struct map_compiler *c, const struct json *j, unsigned holes, struct map_ask *out)
{
    const struct json *query = NULL;
    int err = json_want_node(j, "query", JSON_OBJECT, &query, c->why);
    size_t n = json_size(query);
    if (err || n == 0)
        return err;
    if (n > MAX_QUERY)
        return why_set(c->why, ERR_TOO_BIG, "/query", "more than %d members", MAX_QUERY);
    out->query = map_new(c, n * sizeof *out->query);
    if (!out->query)
        return ERR_NOMEM;
    for (const struct json *q = json_first(query); q && !err; q = json_next(q)) {
        if (!json_is(q, JSON_STRING))
            return map_fail(c, ERR_TYPE, "/query", "values must be texts");
        struct map_member *m = &out->query[out->n_query++];
        m->name = json_key(q);
        err = map_under(c, map_template_compile(c, json_text(q), holes, &m->value), "query");
    }
    return err;
}

static int compile_ask(struct map_compiler *c, const struct json *j, unsigned holes, struct map_ask *out)
{
    out->method = json_text(json_get(j, "method"));
    if (json_get(j, "method") && !view_is(out->method, "GET") && !view_is(out->method, "POST") &&
        !view_is(out->method, "PUT"))
        return map_fail(c, ERR_INVALID, "/method", "must be GET, POST or PUT");
    int err = compile_headers(c, j, holes, out);
    return err ? err : want_template(c, j, "body", holes, &out->body);
}

/* ---- joins */

static bool asks_for_each(const struct map_ask *a)
{
    unsigned holes = a->url.holes | a->body.holes;
    for (int i = 0; i < a->n_headers; i++)
        holes |= a->headers[i].value.holes;
    return holes >> HOLE_LOT & 1;
}

static int compile_join(struct map_compiler *c, const struct json *j, struct map_join *out)
{
    static const char *const names[] = {"url",        "format",  "charset", "encoding", "csv",
                                        "namespaces", "items",   "single",  "key",      "every_s",
                                        "method",     "headers", "body",    NULL};
    int64_t every_s = 0;
    int err = json_only(j, names, c->why);
    if (!err && json_text(json_get(j, "url")).n == 0)
        err = map_fail(c, ERR_MISSING, "/url", "missing: where is it?");
    if (!err)
        err = want_template(c, j, "url", IN_JOINS & ~(1u << HOLE_PAGE), &out->ask.url);
    if (!err)
        err = compile_ask(c, j, IN_JOINS & ~(1u << HOLE_PAGE), &out->ask);
    if (!err)
        err = json_want_int(j, "every_s", 1, 30 * 86400, &every_s, c->why);
    out->every_ms = every_s * 1000;
    out->each = asks_for_each(&out->ask);
    if (err || (err = map_message_doc(c, j, &out->message)))
        return err;
    c->doc = &out->message.doc;
    err = map_message_items(c, j, &out->message);
    c->doc = map_item_doc(&out->message);
    return err ? err : map_want_value(c, j, "key", NULL, &out->key);
}

int map_joins_compile(struct map_compiler *c, const struct json *j)
{
    const struct json *joins = NULL;
    const struct doc_spec *doc = c->doc;
    char name[80];
    int err = json_want_node(j, "join", JSON_OBJECT, &joins, c->why);
    for (const struct json *v = json_first(joins); v && !err; v = json_next(v)) {
        if (!map_is_name(json_key(v)))
            return map_fail(c, ERR_INVALID, "/join", "names must be of letters, digits and '_'");
        if (c->m->n_joins == MAP_MAX_JOINS)
            return why_set(c->why, ERR_TOO_BIG, "/join", "more than %d", MAP_MAX_JOINS);
        struct map_join *out = &c->m->joins[c->m->n_joins++];
        out->name = json_key(v);
        c->n_lets = c->m->n_lets; /* requests may name any; values of the joined feed cannot use lets */
        err = compile_join(c, v, out);
        if (err && view_copy(out->name, name, sizeof name) == 0)
            why_under(c->why, "/join/%s", name);
        c->doc = doc;
    }
    c->n_lets = 0;
    return err;
}

/* ---- params beside the mapping */

static int compile_pages(struct map_compiler *c, const struct json *params)
{
    static const char *const names[] = {"next", "count", "until_empty", "first", NULL};
    const struct json *p = NULL;
    struct map_pages *out = &c->m->pages;
    bool until_empty = false;
    int err = json_want_node(params, "pages", JSON_OBJECT, &p, c->why);
    if (err || !p)
        return err;
    if (c->m->listens)
        return map_fail(c, ERR_INVALID, "/pages", "goes with a mapping only");
    out->first = 1;
    if ((err = json_only(p, names, c->why)) ||
        (err = json_want_bool(p, "until_empty", &until_empty, c->why)) ||
        (err = json_want_int(p, "first", 0, 1000000, &out->first, c->why)) ||
        (err = map_want_value(c, p, json_get(p, "next") ? "next" : "count", NULL, &out->value)))
        return map_under(c, err, "pages");
    if ((json_get(p, "next") != NULL) + (json_get(p, "count") != NULL) + until_empty != 1)
        return map_fail(c, ERR_INVALID, "/pages", "needs one of next, count, until_empty");
    out->kind = json_get(p, "next") ? PAGES_NEXT : until_empty ? PAGES_UNTIL_EMPTY : PAGES_COUNT;
    return 0;
}

static bool names_page(const struct map_ask *a)
{
    unsigned holes = a->body.holes;
    for (int i = 0; i < a->n_headers; i++)
        holes |= a->headers[i].value.holes;
    for (size_t i = 0; i < a->n_query; i++)
        holes |= a->query[i].value.holes;
    return holes >> HOLE_PAGE & 1;
}

static int compile_chunk(struct map_compiler *c, const struct json *params)
{
    static const char *const names[] = {"size", "separator", "quote", NULL};
    const struct json *k = NULL;
    struct map_chunk *out = &c->m->chunk;
    int64_t size = 0;
    int err = json_want_node(params, "chunk", JSON_OBJECT, &k, c->why);
    out->separator = VIEW(",");
    if (err || !k)
        return err;
    if (!(err = json_only(k, names, c->why)) && !(err = json_want_int(k, "size", 1, 4096, &size, c->why)))
        err = json_want_bool(k, "quote", &out->quote, c->why);
    if (!err && json_get(k, "separator") && !json_is(json_get(k, "separator"), JSON_STRING))
        err = map_fail(c, ERR_TYPE, "/separator", "must be a text");
    out->size = (size_t)size;
    if (json_get(k, "separator"))
        out->separator = json_text(json_get(k, "separator"));
    return map_under(c, err, "chunk");
}

static int compile_reply(struct map_compiler *c, const struct json *params)
{
    static const char *const names[] = {"status", "type", "body", NULL};
    const struct json *r = NULL;
    struct map_reply *out = &c->m->reply;
    int64_t status = 200;
    char type[64] = "";
    int err = json_want_node(params, "reply", JSON_OBJECT, &r, c->why);
    out->status = 200;
    out->type = VIEW("application/json");
    if (err || !r)
        return err ? err : map_template_compile(c, VIEW("{\"code\":0}"), 0, &out->body);
    if (!(err = json_only(r, names, c->why)) &&
        !(err = json_want_int(r, "status", 200, 599, &status, c->why)) &&
        !(err = json_want_str(r, "type", type, sizeof type, c->why)))
        err = want_template(c, r, "body", IN_REPLY, &out->body);
    out->status = (int)status;
    if (json_get(r, "type"))
        out->type = json_text(json_get(r, "type"));
    for (size_t i = 0; i < out->type.n && !err; i++) {
        if ((unsigned char)out->type.p[i] < 0x20)
            err = map_fail(c, ERR_INVALID, "/type", "must be a media type");
    }
    return map_under(c, err, "reply");
}

int map_requests_compile(struct map_compiler *c, const struct json *params)
{
    struct mapping *m = c->m;
    int err = compile_ask(c, params, IN_REQUESTS, &m->ask);
    if (err || (err = compile_query(c, params, IN_REQUESTS, &m->ask)) || (err = compile_chunk(c, params)) ||
        (err = compile_pages(c, params)) || (err = compile_reply(c, params)))
        return err;
    if (names_page(&m->ask) && m->pages.kind == PAGES_ONE)
        return map_fail(c, ERR_INVALID, "/pages",
                        "${page} is used, and nothing says how many pages there are");
    return 0;
}

int map_url_compile(struct mapping *m, struct view url, struct map_template *out, struct why *why)
{
    struct map_compiler c = {.m = m, .doc = &m->message.doc, .why = why, .n_lets = m->n_lets};
    return map_under(&c, map_template_compile(&c, url, IN_REQUESTS, out), "url");
}
