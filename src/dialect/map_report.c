/* SPDX-License-Identifier: MIT
 * Reads an item: filters, lot, counts, words, time, place; then what kind of claim that makes.
 */
#include "dialect/map_report.h"

#include <stdio.h>
#include <string.h>

#include "dialect/map_point.h"
#include "parkd/base/iso8601.h"

#define HINT_MAX    1000
#define NUMBER_SIZE 40
#define PLACE_SIZE  160

struct reader {
    struct map_eval *e;
    const struct map_frame *f;
    const struct map_fields *fields;
    struct report_list *out;
    struct report r;
    bool dry, lost;
    bool bad_free; /* it was there and could not be read: no claim of any kind */
};

/* ---- faults */

static void fault_at(struct reader *rd, const char *place, int code, struct view words)
{
    struct why why = {0};
    if (rd->dry || rd->e->err)
        return;
    (void)why_set(&why, code, place, VIEW_FMT, VIEW_ARG(words));
    if (report_list_fault(rd->out, rd->r.item, view_of(rd->r.lot), &why) == ERR_NOMEM)
        rd->e->err = ERR_NOMEM;
}

/* At what was found, else where the value looks. */
static void fault(struct reader *rd, const struct map_frame *f, const struct map_value *v,
                  const struct found *at, int code, const char *words)
{
    char place[PLACE_SIZE];
    if (rd->dry || rd->out->n_faults >= REPORT_LIST_MAX) /* a place costs, and nobody would hear of it */
        return;
    if (at && at->doc && (at->node.j || at->node.x))
        found_place(rd->e, f, at, place, sizeof place);
    else
        map_value_place(rd->e, f, v, place, sizeof place);
    fault_at(rd, place, code, words ? view_of(words) : at->text);
}

/* A value as a scalar; false when it says nothing, or is bad (told then). */
static bool get(struct reader *rd, const struct map_frame *f, const struct map_value *v, struct found *out)
{
    if (!v)
        return false;
    map_value_scalar(rd->e, f, v, out);
    if (out->kind == FOUND_BAD) {
        rd->lost |= out->lost;
        rd->bad_free |= v == rd->fields->counts[COUNT_FREE];
        fault(rd, f, v, out, out->code, NULL);
    }
    return out->kind != FOUND_BAD && out->kind != FOUND_NOTHING;
}

/* What a required field comes to that is there and yet says nothing. */
static void miss(struct reader *rd, const struct map_frame *f, const struct map_value *v,
                 const struct found *at)
{
    if (!v->required)
        return;
    rd->lost = true;
    fault(rd, f, v, at, ERR_MISSING, "needed, and unknown");
}

static void wrong(struct reader *rd, const struct map_frame *f, const struct map_value *v,
                  const struct found *at, int code, const char *words)
{
    rd->lost |= v->required;
    rd->bad_free |= v == rd->fields->counts[COUNT_FREE];
    fault(rd, f, v, at, code, words);
}

/* ---- lot and counts */

static void lose(struct reader *rd, const struct map_value *v, const struct found *at, int code,
                 const char *words)
{
    rd->lost = true;
    fault(rd, rd->f, v, at, code, words);
}

static void read_lot(struct reader *rd)
{
    char digits[NUMBER_SIZE];
    const struct map_value *v = rd->fields->lot;
    struct found at;
    map_value_scalar(rd->e, rd->f, v, &at);
    if (at.kind == FOUND_BAD) {
        lose(rd, v, &at, at.code, NULL);
        return;
    }
    struct view id = {0};
    if (at.kind == FOUND_TEXT || (at.kind == FOUND_NUMBER && found_is_exact(at.number)))
        id = view_trim(found_words(&at, digits, sizeof digits));
    if (id.n == 0)
        lose(rd, v, &at, at.kind == FOUND_NOTHING ? ERR_MISSING : ERR_TYPE, "the lot cannot be named");
    else if (view_copy(id, rd->r.lot, sizeof rd->r.lot))
        lose(rd, v, &at, ERR_TOO_BIG, "the lot's id is too long");
}

static int count_of(const struct mapping *m, const struct found *at, int64_t *out)
{
    char digits[64];
    struct view plain;
    if (at->kind == FOUND_TEXT) {
        if (!m->text_counts || digits_of(at->text, &m->marks, digits, sizeof digits, &plain))
            return ERR_TYPE;
        return count_of_text(plain, '\0', out);
    }
    if (at->kind != FOUND_NUMBER || !found_is_exact(at->number))
        return ERR_TYPE;
    *out = (int64_t)at->number;
    return 0;
}

static void read_count(struct reader *rd, const struct map_frame *f, const struct map_value *v,
                       enum count claim, int64_t *place)
{
    const struct mapping *m = rd->e->m;
    struct found at;
    int64_t n = 0;
    if (!get(rd, f, v, &at))
        return;
    if (found_in(&at, m->unknown) ||
        (at.kind == FOUND_TEXT && m->text_counts && words_say_nothing(at.text))) {
        miss(rd, f, v, &at);
        return;
    }
    int err = count_of(m, &at, &n);
    if (err) {
        bool text = at.kind == FOUND_TEXT && !m->text_counts;
        wrong(rd, f, v, &at, err, text ? "a count as text, which the mapping does not allow" : "not a count");
    } else if (!count_in_range(claim, n)) {
        wrong(rd, f, v, &at, ERR_RANGE, err_text(ERR_RANGE));
    } else {
        *place = n;
    }
}

static void read_counts(struct reader *rd)
{
    const struct map_fields *fields = rd->fields;
    for (enum count k = 0; k < COUNT_KINDS; k++)
        read_count(rd, rd->f, fields->counts[k], k, count_place(&rd->r, k));
    for (int k = 0; k < PLACE_CLASS_N; k++) {
        read_count(rd, rd->f, fields->class_free[k], COUNT_FREE, &rd->r.classes[k].free);
        read_count(rd, rd->f, fields->class_total[k], COUNT_TOTAL, &rd->r.classes[k].total);
    }
}

static void derive_free(struct reader *rd)
{
    struct report *r = &rd->r;
    enum map_derive how = rd->e->m->derive;
    int64_t base = how == DERIVE_OPEN ? r->open : r->total;
    if (how == DERIVE_NONE || r->free != REPORT_NONE || base == REPORT_NONE || r->occupied == REPORT_NONE)
        return;
    r->free = base - r->occupied;
    r->quality |= QUALITY_DERIVED;
}

static void read_hint(struct reader *rd, const struct map_value *v, int32_t *out)
{
    int64_t n = 0;
    struct found at;
    if (!get(rd, rd->f, v, &at))
        return;
    if (count_of(rd->e->m, &at, &n) || n < 0 || n > HINT_MAX)
        wrong(rd, rd->f, v, &at, ERR_RANGE, "not a number of cars");
    else
        *out = (int32_t)n;
}

/* ---- zones */

static bool zone_known(const struct report *r, const char *id)
{
    for (int i = 0; i < r->n_zones; i++) {
        if (strcmp(r->zones[i].id, id) == 0)
            return true;
    }
    return false;
}

static int read_zone(void *ctx, const struct map_frame *f)
{
    char digits[NUMBER_SIZE];
    struct reader *rd = ctx;
    const struct map_zones *zones = &rd->e->m->zones;
    struct zone_claim z = {.count = {REPORT_NONE, REPORT_NONE}};
    struct found at = {0};
    struct view id = {0};
    if (get(rd, f, zones->id, &at))
        id = view_trim(found_words(&at, digits, sizeof digits));
    else if (at.kind == FOUND_BAD)
        return 0;
    if (id.n == 0 || view_copy(id, z.id, sizeof z.id) || zone_known(&rd->r, z.id)) {
        fault(rd, f, zones->id, &at, ERR_INVALID, "a zone without a name of its own, or with too long a one");
        return 0;
    }
    if (rd->r.n_zones == REPORT_MAX_ZONES) {
        fault(rd, f, zones->id, &at, ERR_TOO_BIG, "more zones than 12");
        return 0;
    }
    read_count(rd, f, zones->free, COUNT_FREE, &z.count.free);
    read_count(rd, f, zones->total, COUNT_TOTAL, &z.count.total);
    rd->r.zones[rd->r.n_zones++] = z;
    return 0;
}

static void read_zones(struct reader *rd)
{
    int64_t n = 0;
    struct why why = {0};
    const struct map_value *items = rd->e->m->zones.items;
    if (!items)
        return;
    int err = map_items_of(rd->e, rd->f, items, false, &n, read_zone, rd, &why);
    if (err && err != ERR_NOT_FOUND)
        fault_at(rd, why.at, err, view_of(why.text));
}

/* ---- words, time, place */

/* Our word for the feed's; p NULL: it says nothing. */
static struct view our_word(const struct map_word *w, struct view word)
{
    const struct json *any = NULL;
    for (const struct json *j = json_first(w->map); j; j = json_next(j)) {
        if (view_eq(json_key(j), word))
            return json_text(j);
        if (view_is(json_key(j), "*"))
            any = j;
    }
    if (words_say_nothing(word))
        return (struct view){0};
    return any ? json_text(any) : word;
}

typedef int take_word_fn(struct report *r, struct view word);

static int take_status(struct report *r, struct view word)
{
    return status_of(word, &r->status);
}

static int take_band(struct report *r, struct view word)
{
    return band_of(word, &r->band);
}

static void read_word(struct reader *rd, const struct map_word *w, take_word_fn *take, const char *complaint)
{
    char digits[NUMBER_SIZE];
    struct found at;
    if (!get(rd, rd->f, w->value, &at))
        return;
    struct view word = found_words(&at, digits, sizeof digits);
    if (word.p)
        word = our_word(w, word);
    if (at.kind != FOUND_NODE && !word.n) {
        miss(rd, rd->f, w->value, &at);
        return;
    }
    if (word.p && take(&rd->r, word) == 0)
        return;
    if (!w->fallback || take(&rd->r, json_text(w->fallback)))
        wrong(rd, rd->f, w->value, &at, ERR_INVALID, complaint);
}

static bool read_heartbeat(struct reader *rd)
{
    struct found at;
    if (!get(rd, rd->f, rd->fields->heartbeat, &at))
        return false;
    found_to_bool(&at);
    if (at.kind == FOUND_BAD)
        wrong(rd, rd->f, rd->fields->heartbeat, &at, at.code, NULL);
    return at.kind == FOUND_BOOL && at.number != 0;
}

static void read_time(struct reader *rd)
{
    int64_t ms = 0;
    struct found at;
    const struct map_time *t = &rd->fields->time;
    if (!get(rd, rd->f, t->value, &at))
        return;
    int err = map_time_eval(&t->formats, &at, &ms);
    if (err == ERR_MISSING)
        miss(rd, rd->f, t->value, &at);
    else if (err || ms <= 0)
        wrong(rd, rd->f, t->value, &at, err ? err : ERR_RANGE, "not a time in the mapping's format");
    else
        rd->r.source_ms = ms;
}

static void read_name(struct reader *rd)
{
    char digits[NUMBER_SIZE];
    struct found at;
    if (!get(rd, rd->f, rd->fields->name, &at))
        return;
    struct view v = view_trim(found_words(&at, digits, sizeof digits));
    if (at.kind == FOUND_NODE) {
        wrong(rd, rd->f, rd->fields->name, &at, ERR_TYPE, "not a name");
        return;
    }
    while (v.n && (v.n >= sizeof rd->r.name || !view_is_utf8(v)))
        v.n = v.n >= sizeof rd->r.name ? sizeof rd->r.name - 1 : v.n - 1; /* a longer one is cut */
    if (view_copy(v, rd->r.name, sizeof rd->r.name))
        rd->r.name[0] = '\0';
}

static void read_point(struct reader *rd)
{
    const struct map_point *p = &rd->fields->point;
    const struct map_value *v = p->value ? p->value : p->lat;
    struct point at = {0, 0};
    struct found bad = {0};
    if (!v)
        return;
    int err = map_point_eval(rd->e, rd->f, p, &at, &bad);
    if (err && err != ERR_MISSING) {
        rd->lost |= v->required;
        fault(rd, rd->f, v, &bad, err, NULL);
    } else if (err) {
        miss(rd, rd->f, v, &bad);
    }
    if (err)
        return;
    rd->r.has_point = true;
    rd->r.lng = at.lng;
    rd->r.lat = at.lat;
}

/* ---- the whole */

static bool says_parts(const struct report *r)
{
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (r->classes[c].free != REPORT_NONE || r->classes[c].total != REPORT_NONE)
            return true;
    }
    return r->n_zones > 0;
}

/* Counts before a band, a band before a hint, a hint before a bare sign of life. False: it says nothing, and
 * the mapping asks the feed for nothing that it could leave unsaid (a free that is there and unknown is a
 * claim). */
static bool classify(struct reader *rd, bool alive)
{
    struct report *r = &rd->r;
    const struct map_fields *f = rd->fields;
    if (r->free != REPORT_NONE || r->occupied != REPORT_NONE || says_parts(r))
        return true;
    if (r->band != BAND_UNKNOWN)
        r->kind = REPORT_BAND;
    else if (r->in || r->out)
        r->kind = REPORT_HINT;
    else if (alive)
        r->kind = REPORT_BEAT;
    bool asked = f->counts[COUNT_FREE] || f->status.value || f->band.value || r->has_point || r->name[0];
    return count_says(r) || (asked && !rd->bad_free);
}

static int read_report(struct reader *rd)
{
    struct map_eval *e = rd->e;
    read_lot(rd);
    if (rd->lost)
        return e->err;
    e->lot = view_of(rd->r.lot);
    read_counts(rd);
    read_zones(rd);
    derive_free(rd);
    read_word(rd, &rd->fields->status, take_status, "a status that the mapping does not know");
    read_word(rd, &rd->fields->band, take_band, "a band that the mapping does not know");
    bool alive = read_heartbeat(rd);
    read_hint(rd, rd->fields->in, &rd->r.in);
    read_hint(rd, rd->fields->out, &rd->r.out);
    read_time(rd);
    read_name(rd);
    read_point(rd);
    if (!rd->lost && !classify(rd, alive)) {
        rd->lost = true;
        if (!rd->bad_free) /* else the reason was told */
            fault(rd, rd->f, NULL, &rd->f->item, ERR_MISSING, "says nothing");
    }
    e->lot = (struct view){0};
    if (rd->lost || e->err || rd->dry)
        return e->err;
    return report_list_add(rd->out, &rd->r);
}

/* False: passed over, and told where it could not be judged. */
static bool passes(struct reader *rd, const struct map_conds *filter)
{
    struct found bad;
    int holds = filter->n ? map_conds_eval(rd->e, rd->f, filter, &bad) : 1;
    if (holds < 0)
        fault(rd, rd->f, NULL, &bad, bad.code, NULL);
    return holds > 0;
}

static bool lets_know_the_lot(const struct mapping *m)
{
    for (int i = 0; i < m->n_joins; i++) {
        if (m->joins[i].each)
            return true;
    }
    return false;
}

int map_report_item(struct map_eval *e, const struct map_frame *f, int32_t item, bool dry,
                    struct report_list *out)
{
    struct reader rd = {.e = e, .f = f, .fields = &e->m->fields, .out = out, .dry = dry};
    const struct mapping *m = e->m;
    e->base = f;
    if (m->n_lets)
        map_lets_reset(e);
    rd.r.lot[0] = '\0';
    rd.r.item = item;
    if (!passes(&rd, &m->filter))
        return e->err;
    int err = 0;
    for (size_t i = 0; i < (m->n_emits ? m->n_emits : 1) && !err; i++) {
        if (m->n_emits)
            rd.fields = &m->emits[i];
        report_init(&rd.r);
        rd.r.item = item;
        rd.lost = rd.bad_free = false;
        if (i && lets_know_the_lot(m))
            map_lets_reset(e);
        if (passes(&rd, &rd.fields->filter))
            err = read_report(&rd);
    }
    return err ? err : e->err;
}
