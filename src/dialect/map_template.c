/* SPDX-License-Identifier: MIT
 * Fills texts with holes, and reads parts of requests.
 */
#include "dialect/map_template.h"

#include <stdio.h>
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/base/json_write.h"

/* ---- escaping */

static void escape_url(struct buf *out, struct view text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] && strchr(plain, text.p[i]))
            (void)buf_char(out, text.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)text.p[i]);
    }
}

/* What stands between the quotes. */
static void escape_json(struct buf *out, struct view text)
{
    struct buf quoted;
    buf_init(&quoted, 2 * MAP_MAX_TEXT);
    jw_quote(&quoted, text);
    struct view v = buf_get(&quoted);
    if (v.n >= 2)
        (void)buf_put(out, v.p + 1, v.n - 2);
    buf_fini(&quoted);
}

static void escape_xml(struct buf *out, struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '<':
            (void)buf_str(out, "&lt;");
            break;
        case '>':
            (void)buf_str(out, "&gt;");
            break;
        case '&':
            (void)buf_str(out, "&amp;");
            break;
        case '"':
            (void)buf_str(out, "&quot;");
            break;
        default:
            (void)buf_char(out, text.p[i]);
        }
    }
}

void map_escape(struct buf *out, enum map_escape how, struct view text)
{
    switch (how) {
    case ESCAPE_NONE:
        (void)buf_view(out, text);
        break;
    case ESCAPE_URL:
        escape_url(out, text);
        break;
    case ESCAPE_JSON:
        escape_json(out, text);
        break;
    case ESCAPE_XML:
        escape_xml(out, text);
        break;
    }
}

enum map_escape map_escape_of(const struct map_template *body, struct view content_type)
{
    struct view head = body->n ? view_trim(body->v[0].text) : (struct view){0};
    if (head.n && (head.p[0] == '{' || head.p[0] == '['))
        return ESCAPE_JSON;
    if (head.n && head.p[0] == '<')
        return ESCAPE_XML;
    static const char form[] = "application/x-www-form-urlencoded";
    return content_type.n && memmem(content_type.p, content_type.n, form, sizeof form - 1) ? ESCAPE_URL
                                                                                           : ESCAPE_NONE;
}

/* ---- filling */

static void put_time(const struct map_fill *f, const char *pattern, struct buf *out)
{
    char text[128];
    int64_t now = f->e->ctx->now_ms;
    int minutes = zone_minutes_at_local(f->e->m->zone, now);
    minutes = zone_minutes_at_local(f->e->m->zone, now + minutes * MINUTE_MS);
    if (time_print(now, pattern, minutes, text, sizeof text) == 0)
        map_escape(out, f->escape, view_of(text));
}

/* As a JSON string. In a body of JSON its quotes are those of the JSON. */
static void put_quoted(const struct map_fill *f, struct view id, struct buf *out)
{
    struct buf quoted;
    buf_init(&quoted, 8 * FOREIGN_SIZE);
    jw_quote(&quoted, id);
    map_escape(out, f->escape == ESCAPE_JSON ? ESCAPE_NONE : f->escape, buf_get(&quoted));
    buf_fini(&quoted);
}

static void put_ids(const struct map_fill *f, struct buf *out)
{
    const struct map_chunk *chunk = &f->e->m->chunk;
    for (size_t i = 0; i < f->n_ids; i++) {
        if (i)
            (void)buf_view(out, chunk->separator);
        if (chunk->quote)
            put_quoted(f, f->ids[i], out);
        else
            map_escape(out, f->escape, f->ids[i]);
    }
}

static int put_let(const struct map_fill *f, int let, struct buf *out)
{
    char digits[40];
    struct found v;
    map_let_eval(f->e, let, &v);
    found_scalar(f->e, &v);
    struct view words = found_words(&v, digits, sizeof digits);
    if (words.p) {
        map_escape(out, f->escape, words);
        return 0;
    }
    if (!f->strict)
        return 0;
    *f->out = v;
    if (v.kind == FOUND_NODE)
        found_bad(f->out, ERR_TYPE, "neither a text nor a number");
    return ERR_NOT_FOUND;
}

int map_template_fill(const struct map_template *t, const struct map_fill *f, struct buf *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct map_piece *p = &t->v[i];
        int err = 0;
        switch (p->hole) {
        case HOLE_NONE:
            (void)buf_view(out, p->text);
            break;
        case HOLE_NOW_S:
            (void)buf_int(out, f->e->ctx->now_ms / 1000);
            break;
        case HOLE_NOW_MS:
            (void)buf_int(out, f->e->ctx->now_ms);
            break;
        case HOLE_TIME:
            put_time(f, p->text.p, out);
            break;
        case HOLE_PAGE:
            map_escape(out, f->escape, f->page);
            break;
        case HOLE_IDS:
            put_ids(f, out);
            break;
        case HOLE_LOT:
            map_escape(out, f->escape, f->e->lot);
            break;
        default:
            err = put_let(f, p->let, out);
        }
        if (err)
            return err;
    }
    return out->err;
}

/* ---- parts of requests */

static struct view path_of(struct view url)
{
    const char *slashes = memmem(url.p, url.n, "://", 3);
    if (slashes) {
        url.n -= (size_t)(slashes + 3 - url.p);
        url.p = slashes + 3;
        (void)view_cut(&url, '/'); /* the host */
    }
    return view_cut(&url, '?');
}

static struct view nth(struct view path, int n)
{
    struct view part = {0};
    if (path.n && path.p[0] == '/')
        path = (struct view){path.p + 1, path.n - 1};
    while (n-- > 0) {
        if (!path.p)
            return (struct view){0};
        part = view_cut(&path, '/');
    }
    return part;
}

static struct view query_of(struct view url, struct view name)
{
    struct view query = url;
    (void)view_cut(&query, '?');
    while (query.p) {
        struct view value = view_cut(&query, '&'), key = view_cut(&value, '=');
        if (view_eq(key, name))
            return value;
    }
    return (struct view){0};
}

/* A line "Name: value" of a response's head. */
static struct view header_of(struct view head, struct view name)
{
    char wanted[64];
    if (view_copy(name, wanted, sizeof wanted))
        return (struct view){0};
    while (head.p) {
        struct view value = view_cut(&head, '\n'), key = view_cut(&value, ':');
        if (value.p && view_ieq(view_trim(key), wanted))
            return view_trim(value);
    }
    return (struct view){0};
}

struct view map_header_of(struct view head, const char *name)
{
    return header_of(head, view_of(name));
}

static struct view ask_inbound(const struct dialect_inbound *in, const struct map_value *v)
{
    char name[96];
    if (v->asked == ASKED_PATH)
        return nth(path_of(in->path), v->index);
    if (view_copy(v->name, name, sizeof name))
        return (struct view){0};
    if (v->asked == ASKED_HEADER)
        return in->header ? in->header(in->accessor, name) : (struct view){0};
    return in->query ? in->query(in->accessor, name) : (struct view){0};
}

static struct view ask_message(const struct message *m, const struct map_value *v)
{
    if (v->asked == ASKED_PATH)
        return nth(path_of(m->url), v->index);
    return v->asked == ASKED_HEADER ? header_of(m->head, v->name) : query_of(m->url, v->name);
}

/* "%E5%81%9C+1" → text, in the arena; as it stands if it is no such text. */
static struct view unescape(struct map_eval *e, struct view text)
{
    if (!text.n || (!memchr(text.p, '%', text.n) && !memchr(text.p, '+', text.n)))
        return text;
    char *dst = arena_take(&e->arena, text.n);
    size_t n = 0;
    if (!dst)
        return text;
    for (size_t i = 0; i < text.n; i++) {
        int high = text.p[i] == '%' && i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
        dst[n++] = low >= 0 ? (char)(high * 16 + low) : text.p[i] == '+' ? ' ' : text.p[i];
        i += low >= 0 ? 2 : 0;
    }
    struct view plain = {dst, n};
    return view_is_utf8(plain) ? plain : text;
}

void map_request_eval(struct map_eval *e, const struct map_frame *f, const struct map_value *v,
                      struct found *out)
{
    struct view got;
    bool ours = !e->inbound; /* a push comes unescaped */
    if (ours && !f->message)
        return;
    if (v->asked == ASKED_TOPIC)
        got = nth(e->ctx->topic, v->index);
    else
        got = e->inbound ? ask_inbound(e->inbound, v) : ask_message(f->message, v);
    if (ours && (v->asked == ASKED_QUERY || v->asked == ASKED_PATH))
        got = unescape(e, got);
    got = view_trim(got);
    if (got.n && view_is_utf8(got))
        found_text(out, got);
}
