/* SPDX-License-Identifier: MIT
 * The draft in the mapping's language.
 */
#include <stdio.h>
#include <string.h>

#include "dialect/propose_write.h"

#define MAX_WORDS 24

const char *const propose_want_names[WANT_N] = {"lot",  "free",   "total", "open",  "occupied",
                                                "time", "status", "name",  "point", "point"};

/* ---- paths */

static bool is_xpath(const struct sets *s)
{
    return s->t->format == DOC_XML || s->t->format == DOC_HTML;
}

/* "/a/ * /b" (without blanks) → $['a'][*]['b'] */
static void put_jsonpath(struct buf *b, struct view pattern)
{
    buf_char(b, '$');
    (void)view_cut(&pattern, '/');
    while (pattern.p) {
        struct view step = view_cut(&pattern, '/');
        if (view_is(step, "*")) {
            buf_str(b, "[*]");
            continue;
        }
        buf_str(b, "['");
        for (size_t i = 0; i < step.n; i++) {
            bool tilde = step.p[i] == '~' && i + 1 < step.n;
            if (step.p[i] == '\'' || step.p[i] == '\\')
                buf_char(b, '\\');
            buf_char(b, tilde ? (step.p[++i] == '1' ? '/' : '~') : step.p[i]);
        }
        buf_str(b, "']");
    }
}

static bool has_star(struct view pattern)
{
    while (pattern.p) {
        if (view_is(view_cut(&pattern, '/'), "*"))
            return true;
    }
    return false;
}

/* A list's elements are found by the list. */
static struct view without_last_star(struct view pattern)
{
    if (pattern.n >= 2 && pattern.p[pattern.n - 1] == '*' && pattern.p[pattern.n - 2] == '/')
        pattern.n -= 2;
    return pattern;
}

static void put_json_items(struct buf *b, struct view pattern)
{
    struct view list = without_last_star(pattern);
    if (has_star(list))
        put_jsonpath(b, pattern);
    else
        buf_view(b, list);
}

/* What stands inside of JSON in a text: the outer path, then the inner one. */
static void write_embedded_items(struct json_writer *w, struct view pattern, const char *hash)
{
    struct buf inner;
    struct view outer = {pattern.p, (size_t)(hash - pattern.p)}, rest = {hash + 2, pattern.n - outer.n - 2};
    buf_init(&inner, 2 * PROPOSE_PATH_SIZE);
    put_json_items(&inner, rest);
    jw_object(w, "items");
    jw_view(w, "path", outer);
    jw_array(w, "do");
    jw_str(w, NULL, "json");
    if (inner.n) {
        jw_object(w, NULL);
        jw_view(w, "path", buf_get(&inner));
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
    buf_fini(&inner);
}

static void write_items(const struct sets *s, const struct item_set *set, struct json_writer *w)
{
    struct view pattern = view_of(set->pattern);
    const char *hash = strstr(set->pattern, "/#");
    struct buf path;
    if (s->t->format == DOC_CSV || s->t->format == DOC_FORM || pattern.n == 0)
        return;
    if (hash) {
        write_embedded_items(w, pattern, hash);
        return;
    }
    buf_init(&path, 4 * PROPOSE_PATH_SIZE);
    if (is_xpath(s))
        buf_view(&path, pattern);
    else
        put_json_items(&path, pattern);
    if (path.n)
        jw_view(w, "items", buf_get(&path));
    buf_fini(&path);
}

/* An object whose members are all objects would be taken for a list of items. */
static bool needs_single(const struct sets *s, const struct item_set *set)
{
    const struct part *item = set->v[0];
    if (is_xpath(s) || item->kind != PART_OBJECT || set->n != 1 || !item->n ||
        (item->up && (item->up->kind == PART_LIST || item->up->keyed)))
        return false;
    for (const struct part *m = item->first; m; m = m->next) {
        if (m->kind != PART_OBJECT)
            return false;
    }
    return true;
}

/* ---- values */

static bool is_count(enum want w)
{
    return w == WANT_FREE || w == WANT_TOTAL || w == WANT_OPEN || w == WANT_OCCUPIED;
}

static void write_path(const struct field *f, struct json_writer *w, const char *key)
{
    if (f->key) {
        jw_object(w, key);
        jw_bool(w, "key", true);
        jw_end_object(w);
    } else if (f->root || f->capture) {
        jw_object(w, key);
        jw_str(w, "path", f->path);
        if (f->root)
            jw_bool(w, "root", true);
        if (f->capture) {
            jw_array(w, "do");
            jw_object(w, NULL);
            jw_str(w, "capture", f->capture);
            jw_int(w, "group", 1);
            jw_end_object(w);
            jw_str(w, NULL, "integer");
            jw_end_array(w);
        }
        jw_end_object(w);
    } else {
        jw_str(w, key, f->path);
    }
}

bool propose_has_zone(const char *format, const struct field *f)
{
    if (strcmp(format, "s") == 0 || strcmp(format, "ms") == 0 || strcmp(format, "rfc1123") == 0)
        return true;
    struct view v = f->v[0] ? f->v[0]->text : (struct view){0};
    return strcmp(format, "iso") == 0 && v.n > 10 &&
           (v.p[v.n - 1] == 'Z' || memchr(v.p + 10, '+', v.n - 10) || memchr(v.p + 10, '-', v.n - 10));
}

static void write_time(const struct field *f, const char *format, struct json_writer *w)
{
    jw_object(w, "time");
    jw_str(w, "path", f->path);
    if (f->root && f->path[0] == '/')
        jw_bool(w, "root", true);
    jw_str(w, "format", format);
    if (!propose_has_zone(format, f))
        jw_str(w, "zone", "Asia/Shanghai");
    jw_end_object(w);
}

/* The words of a status field, each once. False: one of them means nothing to us. */
struct words {
    struct view v[MAX_WORDS];
    size_t n;
    bool known;
};
static struct words words_of(const struct item_set *set, const struct field *f)
{
    struct words out = {.known = true};
    for (size_t i = 0; i < set->n; i++) {
        const struct part *p = f->v[i];
        bool seen = !p || p->kind == PART_NOTHING || (p->kind == PART_TEXT && !p->text.n);
        for (size_t k = 0; k < out.n && !seen; k++)
            seen = view_eq(out.v[k], p->text);
        if (seen)
            continue;
        out.known &= p->kind == PART_TEXT && out.n < MAX_WORDS && value_status(p->text);
        if (!out.known)
            return out;
        out.v[out.n++] = p->text;
    }
    out.known &= out.n > 0;
    return out;
}

bool propose_knows_words(const struct item_set *set, const struct field *f)
{
    return words_of(set, f).known;
}

static void write_status(const struct item_set *set, const struct field *f, struct json_writer *w)
{
    struct words words = words_of(set, f);
    if (!words.known)
        return;
    jw_object(w, "status");
    jw_str(w, "path", f->path);
    jw_object(w, "map");
    for (size_t i = 0; i < words.n; i++) {
        jw_key(w, words.v[i]);
        jw_str(w, NULL, value_status(words.v[i]));
    }
    jw_end_object(w);
    jw_str(w, "default", "unknown");
    jw_end_object(w);
}

/* ---- numbers */

struct number_notes {
    bool text, thousands, minus_one;
};

static struct number_notes look_at_numbers(const struct item_set *set, const struct pick *p)
{
    struct number_notes out = {0};
    bool below = false;
    for (int w = 0; w < WANT_N; w++) {
        const struct field *f = is_count((enum want)w) ? p->chosen[w] : NULL;
        for (size_t i = 0; f && i < set->n; i++) {
            int64_t v = 0;
            if (!f->v[i])
                continue;
            bool count = value_of(f->v[i], &v) == VALUE_COUNT;
            out.text |= f->v[i]->kind == PART_TEXT && !f->capture;
            out.thousands |= value_has_thousands(f->v[i]);
            out.minus_one |= count && v == -1;
            below |= count && v < -1;
        }
    }
    out.minus_one &= !below;
    return out;
}

bool propose_takes_minus_one(const struct item_set *set, const struct pick *p)
{
    return look_at_numbers(set, p).minus_one;
}

static void write_numbers(const struct number_notes *n, struct json_writer *w)
{
    if (!n->text && !n->thousands && !n->minus_one)
        return;
    jw_object(w, "numbers");
    if (n->text || n->thousands)
        jw_bool(w, "text", true);
    if (n->thousands)
        jw_str(w, "thousands", ",");
    if (n->minus_one) {
        jw_array(w, "unknown");
        jw_int(w, NULL, -1);
        jw_end_array(w);
    }
    jw_end_object(w);
}

/* ---- the envelope's code */

bool propose_name_is_one_of(struct view name, const char *const *names)
{
    char flat[64];
    name_flatten(name, flat);
    for (int i = 0; names[i]; i++) {
        if (strcmp(flat, names[i]) == 0)
            return true;
    }
    return false;
}

static struct envelope find_envelope(const struct sets *s, const struct item_set *set)
{
    static const char *const codes[] = {"code",    "rescode", "resultcode", "errcode", "errorcode", "ret",
                                        "retcode", "success", "status",     "state",   "result",    NULL};
    static const char *const messages[] = {"msg",       "message", "resmsg",   "errmsg",
                                           "resultmsg", "desc",    "errormsg", NULL};
    static const char *const good[] = {"0", "200", "true", "success", "ok", "SUCCESS", "OK", NULL};
    struct envelope e = {0};
    char scratch[32];
    if (s->t->format != DOC_JSON || s->t->root->kind != PART_OBJECT || set->v[0] == s->t->root)
        return e;
    for (const struct part *m = s->t->root->first; m; m = m->next) {
        if (!part_is_scalar(m))
            continue;
        if (!e.code && propose_name_is_one_of(m->name, codes))
            e.code = m;
        else if (!e.message && propose_name_is_one_of(m->name, messages))
            e.message = m;
    }
    for (int i = 0; e.code && good[i]; i++)
        e.known |= view_is(part_text(e.code, scratch), good[i]);
    return e;
}

void propose_write_scalar(struct json_writer *w, const char *key, const struct part *p)
{
    if (p->kind == PART_NUMBER)
        jw_raw(w, key, part_text(p, (char[32]){0}));
    else if (p->kind == PART_BOOL)
        jw_bool(w, key, p->number != 0);
    else if (p->kind == PART_TEXT)
        jw_view(w, key, p->text);
    else
        jw_null(w, key);
}

static void write_success(const struct envelope *e, struct json_writer *w)
{
    char path[PROPOSE_PATH_SIZE];
    if (!e->code)
        return;
    tree_pattern(e->code, NULL, path);
    jw_object(w, "success");
    jw_str(w, "path", path);
    jw_array(w, "equals");
    propose_write_scalar(w, NULL, e->code);
    jw_end_array(w);
    if (e->message) {
        tree_pattern(e->message, NULL, path);
        jw_object(w, "message");
        jw_str(w, "path", path);
        jw_end_object(w);
    }
    jw_end_object(w);
}

/* ---- the mapping */

static void write_format(const struct reading_of *r, struct json_writer *w)
{
    if (r->format != DOC_JSON)
        jw_str(w, "format", doc_format_names[r->format]);
    if (r->charset_needed)
        jw_str(w, "charset", r->spec.charset);
    if (r->base64)
        jw_str(w, "encoding", "base64");
    if (r->format == DOC_CSV) {
        char delimiter[2] = {r->spec.delimiter, '\0'};
        jw_object(w, "csv");
        jw_str(w, "delimiter", delimiter);
        if (r->spec.no_heading)
            jw_bool(w, "heading", false);
        jw_end_object(w);
    }
}

static void write_mapping(const struct reading_of *r, const struct sets *s, const struct item_set *set,
                          const struct pick *p, const struct envelope *e, struct json_writer *w)
{
    struct number_notes numbers = look_at_numbers(set, p);
    jw_object(w, "mapping");
    write_format(r, w);
    write_items(s, set, w);
    if (needs_single(s, set))
        jw_bool(w, "single", true);
    write_success(e, w);
    if (p->chosen[WANT_LOT]) {
        write_path(p->chosen[WANT_LOT], w, "lot");
    } else {
        jw_object(w, "lot");
        jw_str(w, "const", "P1");
        jw_end_object(w);
    }
    for (int i = WANT_FREE; i <= WANT_OCCUPIED; i++) {
        if (p->chosen[i])
            write_path(p->chosen[i], w, propose_want_names[i]);
    }
    if (p->chosen[WANT_STATUS])
        write_status(set, p->chosen[WANT_STATUS], w);
    if (p->chosen[WANT_TIME])
        write_time(p->chosen[WANT_TIME], p->time_format, w);
    else
        jw_null(w, "time");
    if (p->chosen[WANT_NAME])
        write_path(p->chosen[WANT_NAME], w, "name");
    if (p->chosen[WANT_LAT]) {
        jw_object(w, "point");
        write_path(p->chosen[WANT_LAT], w, "lat");
        write_path(p->chosen[WANT_LNG], w, "lng");
        jw_end_object(w);
    }
    write_numbers(&numbers, w);
    jw_end_object(w);
}

/* ---- all */

struct used {
    const struct item_set *set;
    const struct pick *pick;
    const struct envelope *envelope;
};

static bool is_used(const void *ctx, const struct part *p)
{
    const struct used *u = ctx;
    if (p == u->envelope->code || p == u->envelope->message)
        return true;
    for (int w = 0; w < WANT_N; w++) {
        const struct field *f = u->pick->chosen[w];
        for (size_t i = 0; f && i < u->set->n; i++) {
            if (f->v[i] && (f->v[i] == p || f->v[i]->of == p))
                return true;
        }
    }
    return false;
}

void propose_write(const struct reading_of *r, const struct sets *s, const struct item_set *set,
                   const struct pick *p, struct json_writer *w)
{
    struct envelope e = find_envelope(s, set);
    struct used used = {set, p, &e};
    jw_object(w, NULL);
    write_mapping(r, s, set, p, &e, w);
    propose_write_doubts(set, p, &e, w);
    jw_key(w, VIEW("unused"));
    propose_write_unused(s->t, is_used, &used, w);
    jw_end_object(w);
}
