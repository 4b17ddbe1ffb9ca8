/* SPDX-License-Identifier: MIT
 * Reads a message by a compiled mapping.
 *
 * Only a lot that cannot be named or a free that cannot be read costs an item; every other field that is
 * wrong becomes "not said", with a fault that names it. A message that fails as a whole (envelope, no items
 * where they belong) gives no report at all.
 */
#include <math.h>
#include <stdio.h>

#include "dialect/generic_map.h"
#include "parkd/base/iso8601.h"

#define EXACT 9007199254740992.0 /* from here on two whole numbers share a double */

/* What stands at a field, without its format. */
enum value_kind { VALUE_NONE, VALUE_NUMBER, VALUE_TEXT, VALUE_BOOL, VALUE_OTHER };

struct map_value {
    enum value_kind kind;
    double number; /* VALUE_BOOL: 0 or 1 */
    struct view text;
};

/* Where we are in a message. */
struct cursor {
    const struct mapping *m;
    const struct json *root, *item;
    struct view key; /* of the item, where items are an object's members */
    char at[96];     /* pointer to the item */
    struct report r;
    struct report_list *out;
    bool lost;
    int err; /* trouble of our own */
};

static struct map_value value_of(const struct json *j)
{
    struct map_value v = {0};
    if (!j || json_is(j, JSON_NULL))
        return v;
    v.kind = VALUE_OTHER;
    if (json_is(j, JSON_NUMBER)) {
        v.kind = VALUE_NUMBER;
        v.number = json_number(j);
    } else if (json_is(j, JSON_STRING)) {
        v.kind = VALUE_TEXT;
        v.text = view_trim(json_text(j));
    } else if (json_is(j, JSON_BOOL)) {
        v.kind = VALUE_BOOL;
        v.number = json_true(j);
    }
    return v;
}

static struct map_value get(const struct cursor *c, const struct map_field *f)
{
    struct map_value v = {0};
    switch (f->source) {
    case MAP_ABSENT:
        return v;
    case MAP_PATH:
        v = value_of(json_at(f->root ? c->root : c->item, f->path));
        break;
    case MAP_CONST:
        v = value_of(f->value);
        break;
    case MAP_KEY:
        v = (struct map_value){c->key.p ? VALUE_TEXT : VALUE_NONE, 0, c->key};
        break;
    }
    return v.kind == VALUE_NONE && f->fallback ? value_of(f->fallback) : v;
}

static bool value_is(const struct map_value *v, const struct json *want)
{
    struct map_value w = value_of(want);
    if (v->kind != w.kind || v->kind == VALUE_NONE || v->kind == VALUE_OTHER)
        return false;
    return v->kind == VALUE_TEXT ? view_eq(v->text, w.text) : v->number == w.number;
}

static bool value_in(const struct map_value *v, const struct json *list)
{
    for (const struct json *j = json_first(list); j; j = json_next(j)) {
        if (value_is(v, j))
            return true;
    }
    return false;
}

static bool is_exact(double v)
{
    return floor(v) == v && fabs(v) < EXACT;
}

/* The value as text: as it stands, or the number's digits. `dst` backs numbers. */
static struct view text_of(const struct map_value *v, char *dst, size_t size)
{
    if (v->kind == VALUE_TEXT)
        return v->text;
    if (v->kind == VALUE_BOOL)
        return v->number != 0 ? VIEW("true") : VIEW("false");
    if (v->kind != VALUE_NUMBER)
        return (struct view){0};
    (void)snprintf(dst, size, is_exact(v->number) ? "%.0f" : "%.15g", v->number);
    return view_of(dst);
}

/* ---- faults */

static void fault(struct cursor *c, const struct map_field *f, int code, const char *text)
{
    struct why why = {0};
    (void)why_set(&why, code, "", "%s", text);
    const char *base = f && f->root ? "" : c->at;
    if (f && f->source == MAP_PATH)
        why_under(&why, "%s" VIEW_FMT, base, VIEW_ARG(f->path));
    else
        why_under(&why, "%s", base);
    int err = report_list_fault(c->out, c->r.item, view_of(c->r.lot), &why);
    if (err == ERR_NOMEM)
        c->err = err;
}

static void lose(struct cursor *c, const struct map_field *f, int code, const char *text)
{
    fault(c, f, code, text);
    c->lost = true;
}

/* ---- fields */

static void read_lot(struct cursor *c)
{
    char digits[40];
    struct map_value v = get(c, &c->m->lot);
    struct view id = {0};
    if (v.kind == VALUE_TEXT || (v.kind == VALUE_NUMBER && is_exact(v.number)))
        id = text_of(&v, digits, sizeof digits);
    if (id.n == 0)
        lose(c, &c->m->lot, v.kind == VALUE_NONE ? ERR_MISSING : ERR_TYPE, "the lot cannot be named");
    else if (view_copy(id, c->r.lot, sizeof c->r.lot))
        lose(c, &c->m->lot, ERR_TOO_BIG, "the lot's id is too long");
}

static int count_of(const struct mapping *m, const struct map_value *v, int64_t *out)
{
    if (v->kind == VALUE_TEXT)
        return m->text_counts ? count_of_text(v->text, m->thousands, out) : ERR_TYPE;
    if (v->kind != VALUE_NUMBER || !is_exact(v->number))
        return ERR_TYPE;
    *out = (int64_t)v->number;
    return 0;
}

/* Says nothing: absent, listed by the mapping as unknown, or an empty text where counts are texts. */
static bool is_unknown(const struct mapping *m, const struct map_value *v)
{
    return v->kind == VALUE_NONE || value_in(v, m->unknown) ||
           (v->kind == VALUE_TEXT && !v->text.n && m->text_counts);
}

/* 0 also for a count that is unknown. */
static int read_count(struct cursor *c, const struct map_field *f, enum count claim, int64_t *place)
{
    int64_t n = 0;
    struct map_value v = get(c, f);
    if (is_unknown(c->m, &v))
        return 0;
    int err = count_of(c->m, &v, &n);
    if (err) {
        bool text = v.kind == VALUE_TEXT && !c->m->text_counts;
        fault(c, f, err, text ? "a count as text, which the mapping does not allow" : "not a count");
        return err;
    }
    if (!count_in_range(claim, n)) {
        fault(c, f, ERR_RANGE, err_text(ERR_RANGE));
        return ERR_RANGE;
    }
    *place = n;
    return 0;
}

static void read_counts(struct cursor *c)
{
    for (enum count k = 0; k < COUNT_KINDS; k++) {
        int err = read_count(c, &c->m->counts[k], k, count_place(&c->r, k));
        c->lost |= err && k == COUNT_FREE;
    }
    for (int k = 0; k < PLACE_CLASS_N; k++) {
        (void)read_count(c, &c->m->class_free[k], COUNT_FREE, &c->r.classes[k].free);
        (void)read_count(c, &c->m->class_total[k], COUNT_TOTAL, &c->r.classes[k].total);
    }
}

static void derive_free(struct cursor *c)
{
    struct report *r = &c->r;
    int64_t base = c->m->derive == DERIVE_OPEN ? r->open : r->total;
    if (c->m->derive == DERIVE_NONE || r->free != REPORT_NONE || base == REPORT_NONE ||
        r->occupied == REPORT_NONE)
        return;
    r->free = base - r->occupied;
    r->quality |= QUALITY_DERIVED;
}

static void read_status(struct cursor *c)
{
    char digits[40];
    struct map_value v = get(c, &c->m->status);
    struct view word = text_of(&v, digits, sizeof digits);
    if (v.kind == VALUE_NONE || !word.n)
        return;
    for (const struct json *j = json_first(c->m->status_map); j; j = json_next(j)) {
        if (view_eq(json_key(j), word)) {
            word = json_text(j);
            break;
        }
    }
    if (status_of(word, &c->r.status) == 0)
        return;
    if (!c->m->status.fallback || status_of(json_text(c->m->status.fallback), &c->r.status))
        fault(c, &c->m->status, ERR_INVALID, "a status that the mapping does not know");
}

static int time_of(const struct mapping *m, const struct map_value *v, int64_t *ms)
{
    char digits[40];
    bool seconds = view_is(m->time_format, "s");
    if (v->kind == VALUE_NUMBER && (seconds || view_is(m->time_format, "ms"))) {
        double t = v->number * (seconds ? 1000 : 1);
        if (!(t >= 1 && t <= TIME_MAX_MS))
            return ERR_RANGE;
        *ms = (int64_t)t;
        return 0;
    }
    return time_parse(text_of(v, digits, sizeof digits), m->time_format, m->zone_minutes, ms);
}

static void read_time(struct cursor *c)
{
    int64_t ms = 0;
    struct map_value v = get(c, &c->m->time);
    if (v.kind == VALUE_NONE || (v.kind == VALUE_TEXT && v.text.n == 0))
        return;
    int err = time_of(c->m, &v, &ms);
    if (err || ms <= 0)
        fault(c, &c->m->time, err ? err : ERR_RANGE, "not a time in the mapping's format");
    else
        c->r.source_ms = ms;
}

/* ---- items */

static bool passes_filters(const struct cursor *c)
{
    for (int i = 0; i < c->m->n_filters; i++) {
        struct map_value v = get(c, &c->m->filters[i].field);
        if (!value_in(&v, c->m->filters[i].equals))
            return false;
    }
    return true;
}

/* Does the mapping ask this feed for anything that it could leave unsaid? A free that is there and unknown is
 * a claim. */
static bool says(const struct cursor *c)
{
    return count_says(&c->r) || c->m->counts[COUNT_FREE].source != MAP_ABSENT ||
           c->m->status.source != MAP_ABSENT;
}

static int read_item(struct cursor *c)
{
    if (!passes_filters(c))
        return 0;
    read_lot(c);
    if (!c->lost)
        read_counts(c);
    if (c->lost)
        return c->err;
    derive_free(c);
    read_status(c);
    read_time(c);
    if (!says(c)) {
        lose(c, NULL, ERR_MISSING, "says nothing");
        return c->err;
    }
    return c->err ? c->err : report_list_add(c->out, &c->r);
}

/* A key as a pointer's token. */
static void escape_key(struct view key, char *dst, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < key.n && n + 3 < size; i++) {
        bool special = key.p[i] == '~' || key.p[i] == '/';
        dst[n++] = special ? '~' : key.p[i];
        if (special)
            dst[n++] = key.p[i] == '~' ? '0' : '1';
    }
    dst[n] = '\0';
}

static int read_one(const struct mapping *m, const struct json *root, const struct json *item, int32_t index,
                    bool keyed, struct report_list *out)
{
    struct cursor c = {.m = m, .root = root, .item = item, .out = out};
    char token[64];
    report_init(&c.r);
    c.r.item = index;
    if (keyed) {
        c.key = json_key(item);
        escape_key(c.key, token, sizeof token);
    } else {
        (void)snprintf(token, sizeof token, "%d", (int)index);
    }
    if (item == json_at(root, m->items)) /* the one item itself */
        (void)snprintf(c.at, sizeof c.at, VIEW_FMT, VIEW_ARG(m->items));
    else
        (void)snprintf(c.at, sizeof c.at, VIEW_FMT "/%s", VIEW_ARG(m->items), token);
    return read_item(&c);
}

/* An object holds items when all its members are objects; else it is an item itself. */
static bool is_set(const struct mapping *m, const struct json *items)
{
    if (m->single)
        return false;
    if (json_is(items, JSON_ARRAY))
        return true;
    for (const struct json *j = json_first(items); j; j = json_next(j)) {
        if (!json_is(j, JSON_OBJECT))
            return false;
    }
    return true;
}

static int check_success(const struct mapping *m, const struct json *root, struct why *why)
{
    char digits[40], more[40];
    struct cursor c = {.m = m, .root = root, .item = root};
    if (!m->has_success)
        return 0;
    struct map_value v = get(&c, &m->success.field), words = get(&c, &m->message);
    if (value_in(&v, m->success.equals))
        return 0;
    char at[128];
    (void)snprintf(at, sizeof at, VIEW_FMT, VIEW_ARG(m->success.field.path));
    if (v.kind == VALUE_NONE)
        return why_set(why, ERR_REFUSED, at, "the envelope does not say that it succeeded");
    struct view said = text_of(&v, digits, sizeof digits), message = text_of(&words, more, sizeof more);
    return why_set(why, ERR_REFUSED, at, "the envelope says " VIEW_FMT "%s" VIEW_FMT, VIEW_ARG(said),
                   message.n ? ": " : "", VIEW_ARG(message));
}

int mapping_read(const struct mapping *m, const struct json *root, struct report_list *out, struct why *why)
{
    char at[128];
    int err = check_success(m, root, why);
    if (err)
        return err;
    const struct json *items = json_at(root, m->items);
    (void)snprintf(at, sizeof at, VIEW_FMT, VIEW_ARG(m->items));
    if (!items)
        return why_set(why, ERR_PROTOCOL, at, "the items are not where the mapping looks");
    if (!json_is(items, JSON_ARRAY) && !json_is(items, JSON_OBJECT))
        return why_set(why, ERR_TYPE, at, "neither a list nor an object");
    if (!is_set(m, items))
        return read_one(m, root, items, 0, false, out);
    bool keyed = json_is(items, JSON_OBJECT);
    int32_t index = 0;
    for (const struct json *j = json_first(items); j && !err; j = json_next(j), index++)
        err = read_one(m, root, j, index, keyed, out);
    if (err)
        return why_set(why, err == ERR_FULL ? ERR_TOO_BIG : err, at, "%s",
                       err_text(err == ERR_FULL ? ERR_TOO_BIG : err));
    return 0;
}
