/* SPDX-License-Identifier: MIT
 * Asking for a month, and freezing it.
 */
#include "office/months.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/iso8601.h"

#define HEAD_MAX 65000
#define BATCH    400

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_XLSX };

/* One request on its way through the days of a month, or through the rows of a frozen one. */
struct asking {
    struct call *c;
    struct month m;
    enum format format;
    bool freeze;
    int day;     /* being read */
    size_t next; /* row to be written */
};

/* --- the lots of a month --- */

void month_fini(struct month *m)
{
    free(m->lots);
    free(m->places);
    m->lots = NULL;
    m->places = NULL;
    m->n = m->room = 0;
}

static struct month_lot *add_lot(struct month *m, struct view lot)
{
    if (m->n == m->room) {
        size_t room = m->room ? m->room * 2 : 64;
        struct month_lot *grown = realloc(m->lots, room * sizeof *grown);
        if (!grown) {
            m->err = ERR_NOMEM;
            return NULL;
        }
        m->lots = grown;
        m->room = room;
    }
    struct month_lot *l = &m->lots[m->n];
    memset(l, 0, sizeof *l);
    if (view_copy(lot, l->lot, sizeof l->lot))
        return NULL;
    memset(l->strip, '.', (size_t)m->n_days);
    l->sum.lots = 1;
    m->n++;
    return l;
}

/* Where the place of a registered lot is noted; NULL: it is not registered (any more), or memory is out. */
static uint32_t *place_of(struct office *o, struct month *m, struct view lot)
{
    uint32_t idx = registry_find(o->reg, lot), n = registry_size(o->reg);
    if (idx == REGISTRY_NONE)
        return NULL;
    if (idx >= m->n_places) {
        uint32_t *grown = realloc(m->places, n * sizeof *grown);
        if (!grown)
            return NULL;
        memset(grown + m->n_places, 0, (n - m->n_places) * sizeof *grown);
        m->places = grown;
        m->n_places = n;
    }
    return &m->places[idx];
}

struct month_lot *month_lot_of(struct office *o, struct month *m, struct view lot)
{
    uint32_t *place = place_of(o, m, lot);
    if (place && *place)
        return &m->lots[*place - 1];
    for (size_t i = 0; !place && i < m->n; i++)
        if (view_is(lot, m->lots[i].lot))
            return &m->lots[i];
    struct month_lot *l = add_lot(m, lot);
    if (l && place)
        *place = (uint32_t)m->n;
    return l;
}

/* Names and operators as they are registered now. */
static void name_lot(struct office *o, struct month_lot *l)
{
    uint32_t idx = registry_find(o->reg, view_of(l->lot));
    const struct doc *entry = doc_find(o, NOUN_LEDGER, view_of(l->lot));
    if (idx != REGISTRY_NONE) {
        const struct lot *lot = &registry_lot(o->reg, idx)->lot;
        memcpy(l->name, lot->name, sizeof l->name);
        memcpy(l->owner, lot->owner, sizeof l->owner);
    } else if (entry && (view_copy(view_of(doc_str(entry, "name")), l->name, sizeof l->name) ||
                         view_copy(view_of(doc_str(entry, "operator")), l->owner, sizeof l->owner))) {
        l->name[0] = '\0';
    }
}

void month_take(struct office *o, struct month *m, struct view lot, int day, struct view text)
{
    static const char letters[COLOUR_N] = {'n', 'b', 'y', 'o', 'r'};
    struct daily d;
    enum rule by = RULE_N;
    if (!lot_id_valid(lot) || daily_decode(text, &d))
        return;
    struct month_lot *l = month_lot_of(o, m, lot);
    if (!l)
        return;
    int asked = l->sum.days;
    if (duty_left_out(o, l->lot, m->first_day + day)) {
        l->strip[day] = 'x';
        l->sum.left_out++;
        return;
    }
    month_add_day(&l->sum, &m->rules, &d);
    l->strip[day] = l->sum.days > asked ? letters[rules_colour(&m->rules, &d, &by)] : '-';
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct month_lot *)a)->lot, ((const struct month_lot *)b)->lot);
}

void month_sort(struct month *m)
{
    if (m->n)
        qsort(m->lots, m->n, sizeof *m->lots, by_id);
}

/* --- answering --- */

static void asking_free(struct asking *a)
{
    month_fini(&a->m);
    free(a);
}

static void asking_fail(struct asking *a, int err)
{
    call_why(a->c, err, NULL);
    asking_free(a);
}

static void drop_others(struct asking *a)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->m.n; i++)
        if (principal_owns(&a->c->who, a->m.lots[i].owner))
            a->m.lots[kept++] = a->m.lots[i];
    a->m.n = kept;
}

static void answer(struct asking *a)
{
    struct buf body;
    struct json_writer w;
    month_sort(&a->m);
    drop_others(a);
    a->m.head = doc_find(a->c->o, NOUN_MONTH, view_of(a->m.name));
    if (a->format != FORMAT_JSON) {
        month_sheet(a->c, &a->m, a->format == FORMAT_XLSX);
    } else {
        buf_init(&body, ANSWER_MAX);
        jw_init(&w, &body);
        month_write(a->c->o, &a->m, &w);
        call_json(a->c, 200, &body);
    }
    asking_free(a);
}

/* --- freezing --- */

static void write_rows(struct asking *a);

static void on_head(void *ctx, int err, uint64_t version)
{
    struct asking *a = ctx;
    (void)version;
    if (err) {
        asking_fail(a, err);
        return;
    }
    a->m.frozen = true;
    answer(a);
}

/* The head last: a month is frozen when it is there, and until then anything may be written again. */
static int write_head(struct asking *a)
{
    struct office *o = a->c->o;
    struct buf inputs, head;
    struct json_writer w;
    char digest[65] = "";
    buf_init(&inputs, HEAD_MAX);
    buf_init(&head, HEAD_MAX);
    jw_init(&w, &inputs);
    month_write_inputs(o, &a->m, &w);
    int err = inputs.err ? inputs.err : month_digest(&a->m, buf_get(&inputs), digest);
    jw_init(&w, &head);
    jw_object(&w, NULL);
    jw_str(&w, "month", a->m.name);
    jw_time(&w, "frozen_at", call_now(a->c));
    jw_str(&w, "by", a->c->who.account);
    jw_str(&w, "digest", digest);
    jw_raw(&w, "inputs", buf_get(&inputs));
    jw_end_object(&w);
    err = err ? err : head.err;
    if (!err)
        err =
            o->port.put(o->port.ctx, NOUN_MONTH, view_of(a->m.name), buf_get(&head), UINT64_MAX, on_head, a);
    buf_fini(&inputs);
    buf_fini(&head);
    return err;
}

static void on_rows_written(void *ctx, int err, uint64_t version)
{
    struct asking *a = ctx;
    (void)version;
    if (err)
        asking_fail(a, err);
    else
        write_rows(a);
}

static void month_period(const struct month *m, char period[8])
{
    (void)snprintf(period, 8, "%.4s%.2s", m->name, m->name + 5);
}

static int put_batch(struct asking *a, struct buf *texts, size_t n)
{
    struct office *o = a->c->o;
    struct office_row rows[BATCH];
    char period[8];
    month_period(&a->m, period);
    for (size_t i = 0; i < n; i++) {
        if (texts[i].err)
            return texts[i].err;
        rows[i] = (struct office_row){a->m.lots[a->next + i].lot, buf_get(&texts[i])};
    }
    return o->port.put_rows(o->port.ctx, MONTH_KIND, period, 0, rows, n, on_rows_written, a);
}

static void write_rows(struct asking *a)
{
    size_t left = a->m.n - a->next, n = left < BATCH ? left : BATCH;
    if (n == 0) {
        int err = write_head(a);
        if (err)
            asking_fail(a, err);
        return;
    }
    struct buf *texts = calloc(n, sizeof *texts);
    int err = texts ? 0 : ERR_NOMEM;
    for (size_t i = 0; i < n && !err; i++) {
        buf_init(&texts[i], 2048);
        month_row_write(&a->m.lots[a->next + i], &texts[i]);
    }
    err = err ? err : put_batch(a, texts, n);
    a->next += n;
    for (size_t i = 0; i < n && texts; i++)
        buf_fini(&texts[i]);
    free(texts);
    if (err)
        asking_fail(a, err);
}

/* --- reading --- */

static void on_day_row(void *ctx, struct view lot, struct view text)
{
    struct asking *a = ctx;
    month_take(a->c->o, &a->m, lot, a->day, text);
}

static void read_day(struct asking *a);

static void on_day(void *ctx, int err, uint64_t version)
{
    struct asking *a = ctx;
    (void)version;
    if (err || a->m.err)
        asking_fail(a, err ? err : a->m.err);
    else if (++a->day < a->m.n_days)
        read_day(a);
    else if (!a->freeze)
        answer(a);
    else {
        month_sort(&a->m);
        write_rows(a);
    }
}

/* Names belong to a lot once, after its first record. */
static void name_all(struct asking *a)
{
    for (size_t i = 0; i < a->m.n; i++)
        if (!a->m.lots[i].name[0])
            name_lot(a->c->o, &a->m.lots[i]);
}

static void on_day_named(void *ctx, int err, uint64_t version)
{
    name_all(ctx);
    on_day(ctx, err, version);
}

static void read_day(struct asking *a)
{
    struct office *o = a->c->o;
    char period[9];
    daily_name(a->m.first_day + a->day, period);
    int err = o->port.read_rows(o->port.ctx, QUALITY_KIND, period, on_day_row, on_day_named, a);
    if (err)
        asking_fail(a, err);
}

static void on_frozen_row(void *ctx, struct view lot, struct view text)
{
    struct asking *a = ctx;
    struct month_lot read, *l;
    if (month_row_read(text, &read) || !(l = month_lot_of(a->c->o, &a->m, lot)))
        return;
    memcpy(read.lot, l->lot, sizeof read.lot);
    *l = read;
}

static void on_frozen(void *ctx, int err, uint64_t version)
{
    struct asking *a = ctx;
    (void)version;
    if (err || a->m.err)
        asking_fail(a, err ? err : a->m.err);
    else
        answer(a);
}

static void take_frozen_rules(struct month *m, const struct doc *head)
{
    struct why why;
    const struct json *inputs = json_get(head->tree, "inputs");
    int64_t version = 0;
    if (rules_parse(json_get(inputs, "rules"), &m->rules, &why))
        rules_default(&m->rules);
    if (json_want_int(inputs, "rules_version", 0, INT64_MAX, &version, &why) == 0)
        m->rules_version = (uint64_t)version;
}

static void begin(struct asking *a)
{
    struct office *o = a->c->o;
    const struct doc *head = doc_find(o, NOUN_MONTH, view_of(a->m.name));
    char period[8];
    a->m.frozen = head != NULL;
    if (!head) {
        a->m.rules_version = rules_current(o, &a->m.rules);
        read_day(a);
        return;
    }
    take_frozen_rules(&a->m, head);
    month_period(&a->m, period);
    int err = o->port.read_rows(o->port.ctx, MONTH_KIND, period, on_frozen_row, on_frozen, a);
    if (err)
        asking_fail(a, err);
}

/* --- requests --- */

static bool take_format(struct call *c, enum format *out)
{
    struct view v = call_param(c, "format");
    *out = view_is(v, "csv") ? FORMAT_CSV : view_is(v, "xlsx") ? FORMAT_XLSX : FORMAT_JSON;
    if (*out != FORMAT_JSON || !v.n || view_is(v, "json"))
        return true;
    call_fail(c, ERR_INVALID, "format", "must be json, csv or xlsx");
    return false;
}

static struct asking *asking_new(struct call *c)
{
    enum format format = FORMAT_JSON;
    if (!take_format(c, &format))
        return NULL;
    struct asking *a = calloc(1, sizeof *a);
    if (!a) {
        call_why(c, ERR_NOMEM, NULL);
        return NULL;
    }
    a->c = c;
    a->format = format;
    if (month_parse(c->r.args[0], &a->m.first_day, &a->m.n_days) ||
        view_copy(c->r.args[0], a->m.name, sizeof a->m.name) || a->m.first_day > daily_of(call_now(c))) {
        call_fail(c, ERR_NOT_FOUND, "", "a month has a name like 2026-11 and has begun");
        asking_free(a);
        return NULL;
    }
    return a;
}

void office_month_show(struct call *c)
{
    struct asking *a = asking_new(c);
    if (a)
        begin(a);
}

void office_month_operator(struct call *c)
{
    struct asking *a = asking_new(c);
    if (!a)
        return;
    a->m.operators_own = !principal_is_staff(&c->who);
    begin(a);
}

void office_month_freeze(struct call *c)
{
    struct asking *a = asking_new(c);
    if (!a)
        return;
    if (a->m.first_day + a->m.n_days > daily_of(call_now(c))) {
        call_fail(c, ERR_CONFLICT, "", "the month is not over");
        asking_free(a);
    } else if (doc_find(c->o, NOUN_MONTH, view_of(a->m.name))) {
        call_fail(c, ERR_CONFLICT, "", "the month is frozen already");
        asking_free(a);
    } else {
        a->freeze = true;
        begin(a);
    }
}
