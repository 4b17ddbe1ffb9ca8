/* SPDX-License-Identifier: MIT
 * A month as JSON: for the page, for print, and as it is frozen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/months.h"
#include "parkd/base/crypto.h"
#include "parkd/base/iso8601.h"
#include "parkd/model/ledger.h"

#define OBSTACLES_MAX 100
#define LINE_MAX_     2048

/* --- sums --- */

static void write_share(struct json_writer *w, const char *key, double v, int decimals)
{
    if (v < 0)
        jw_null(w, key);
    else
        jw_real(w, key, v, decimals);
}

static void write_colours(struct json_writer *w, const struct month_sum *s)
{
    jw_object(w, "colours");
    for (int i = COLOUR_BLUE; i < COLOUR_N; i++)
        jw_int(w, colour_name((enum colour)i), s->colours[i]);
    jw_end_object(w);
}

static void write_sum(struct json_writer *w, const struct month_sum *s, const struct rules *r)
{
    double score = month_score(s, r);
    jw_int(w, "lot_days", s->days);
    jw_int(w, "left_out", s->left_out);
    write_share(w, "online_rate", month_online(s), 4);
    write_share(w, "timeliness", month_timeliness(s), 4);
    write_share(w, "completeness", month_completeness(s), 4);
    write_share(w, "honesty", month_honesty(s), 4);
    jw_int(w, "frozen_days", s->frozen_days);
    jw_int(w, "unreconciled_days", s->unreconciled_days);
    jw_int(w, "drift_days", s->drift_days);
    jw_int(w, "counted", s->counted);
    jw_int(w, "miscounted", s->miscounted);
    jw_int(w, "manual_min", s->manual_min);
    write_colours(w, s);
    write_share(w, "score", score, 1);
    jw_str(w, "grade", score < 0 ? NULL : grade_of(r, score));
}

/* --- rows --- */

static const struct {
    const char *name;
    size_t at;
    bool wide;
} sums[] = {
#define SUM(member, is_wide)                                 \
    {                                                        \
#member, offsetof(struct month_sum, member), is_wide \
    }
    SUM(days, false),
    SUM(left_out, false),
    SUM(samples, true),
    SUM(online, true),
    SUM(slots, true),
    SUM(timely, true),
    SUM(minutes, true),
    SUM(current, true),
    SUM(frozen_days, false),
    SUM(drift_days, false),
    SUM(unreconciled_days, false),
    SUM(counted, false),
    SUM(miscounted, false),
    SUM(manual_min, true)
#undef SUM
};

static int64_t sum_get(const struct month_sum *s, size_t i)
{
    const char *p = (const char *)s + sums[i].at;
    int64_t wide = 0;
    int narrow = 0;
    if (sums[i].wide)
        memcpy(&wide, p, sizeof wide);
    else
        memcpy(&narrow, p, sizeof narrow);
    return sums[i].wide ? wide : narrow;
}

static void sum_set(struct month_sum *s, size_t i, int64_t v)
{
    char *p = (char *)s + sums[i].at;
    int narrow = (int)v;
    if (sums[i].wide)
        memcpy(p, &v, sizeof v);
    else
        memcpy(p, &narrow, sizeof narrow);
}

void month_row_write(const struct month_lot *l, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "name", l->name);
    jw_str(&w, "operator", l->owner);
    jw_str(&w, "strip", l->strip);
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        jw_int(&w, sums[i].name, sum_get(&l->sum, i));
    jw_array(&w, "colours");
    for (int i = 0; i < COLOUR_N; i++)
        jw_int(&w, NULL, l->sum.colours[i]);
    jw_end_array(&w);
    jw_end_object(&w);
}

static int read_row(const struct json *j, struct month_lot *out, struct why *why)
{
    int64_t v = 0;
    int k = 0;
    int err = json_need_str(j, "name", out->name, sizeof out->name, why);
    err = err ? err : json_need_str(j, "operator", out->owner, sizeof out->owner, why);
    err = err ? err : json_need_str(j, "strip", out->strip, sizeof out->strip, why);
    for (size_t i = 0; i < sizeof sums / sizeof sums[0] && !err; i++) {
        err = json_need_int(j, sums[i].name, 0, sums[i].wide ? INT64_MAX / 2 : 1000000, &v, why);
        sum_set(&out->sum, i, v);
    }
    for (const struct json *c = json_first(json_get(j, "colours")); c && k < COLOUR_N && !err;
         c = json_next(c)) {
        err = json_int(c, 0, 1000000, &v);
        out->sum.colours[k++] = (int)v;
    }
    return err;
}

int month_row_read(struct view text, struct month_lot *out)
{
    struct json *j = NULL;
    struct why why;
    int err = json_parse(text, &j, &why);
    memset(out, 0, sizeof *out);
    out->sum.lots = 1;
    if (!err)
        err = read_row(j, out, &why);
    json_free(j);
    return err;
}

/* Read and written again, so that the same values have the same bytes whoever wrote them. */
static void canonical(struct view text, struct buf *out)
{
    struct json *j = NULL;
    struct json_writer w;
    struct why why;
    jw_init(&w, out);
    if (json_parse(text, &j, &why) == 0)
        jw_json(&w, NULL, j);
    json_free(j);
}

int month_digest(const struct month *m, struct view inputs, char out[65])
{
    struct buf all, hex;
    unsigned char hash[DIGEST_MAX];
    size_t n = 0;
    buf_init(&all, ANSWER_MAX);
    buf_init(&hex, 64);
    canonical(inputs, &all);
    for (size_t i = 0; i < m->n; i++) {
        struct buf row;
        buf_init(&row, LINE_MAX_);
        month_row_write(&m->lots[i], &row);
        buf_printf(&all, "\n%s ", m->lots[i].lot);
        buf_view(&all, buf_get(&row));
        buf_fini(&row);
    }
    int err = all.err ? all.err : crypto_digest(DIGEST_SHA256, buf_get(&all), hash, &n);
    err = err ? err : hex_encode(&hex, (struct view){(const char *)hash, n});
    if (!err)
        memcpy(out, hex.p, 64);
    out[err ? 0 : 64] = '\0';
    buf_fini(&all);
    buf_fini(&hex);
    return err;
}

/* --- what comes from the ledger --- */

struct curve {
    int64_t end_ms; /* of the day */
    int connected, automatic, manual;
    struct json_writer *w;
    int n;
};

static void count_entry(void *ctx, const struct doc *d)
{
    struct curve *c = ctx;
    if (!ledger_was_connected(json_get(d->tree, "history"), c->end_ms))
        return;
    c->connected++;
    c->manual += strcmp(doc_str(d, "mode"), "manual") == 0;
    c->automatic += strcmp(doc_str(d, "mode"), "auto") == 0;
}

static void write_curve(struct office *o, const struct month *m, struct json_writer *w)
{
    int64_t now = clock_wall_ms(o->clock);
    jw_array(w, "curve");
    for (int i = 0; i < m->n_days && (m->first_day + i) * DAY_MS - BEIJING_MS <= now; i++) {
        struct curve c = {.end_ms = (m->first_day + i + 1) * DAY_MS - BEIJING_MS};
        char date[11];
        date_format(m->first_day + i, date);
        doc_each(o, NOUN_LEDGER, count_entry, &c);
        jw_object(w, NULL);
        jw_str(w, "date", date);
        jw_int(w, "connected", c.connected);
        jw_int(w, "auto", c.automatic);
        jw_int(w, "manual", c.manual);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_obstacle(void *ctx, const struct doc *d)
{
    static const char *const shown[] = {"name", "state", "obstacle", "plan", "next_date", "operator", NULL};
    struct curve *c = ctx;
    const char *state = doc_str(d, "state");
    if (strcmp(state, "connected") == 0 || strcmp(state, "retired") == 0 || c->n++ >= OBSTACLES_MAX)
        return;
    jw_object(c->w, NULL);
    jw_str(c->w, "id", d->id);
    for (size_t i = 0; shown[i]; i++)
        jw_str(c->w, shown[i], doc_str(d, shown[i]));
    jw_end_object(c->w);
}

struct in_month {
    const struct month *m;
    struct json_writer *w;
    bool later; /* objections decided after the month was frozen */
    int64_t frozen_ms;
};

static bool overlaps(const struct month *m, const struct doc *d)
{
    int64_t from = 0, to = 0;
    if (date_parse((struct view){doc_str(d, "from"), 10}, &from) ||
        date_parse((struct view){doc_str(d, "to"), 10}, &to))
        return false;
    return to >= m->first_day && from < m->first_day + m->n_days;
}

static void write_doc(struct json_writer *w, const struct doc *d)
{
    jw_object(w, NULL);
    jw_str(w, "id", d->id);
    for (const struct json *j = json_first(d->tree); j; j = json_next(j)) {
        jw_key(w, json_key(j));
        jw_json(w, NULL, j);
    }
    jw_end_object(w);
}

static void write_window(void *ctx, const struct doc *d)
{
    struct in_month *in = ctx;
    int64_t from = 0, to = 0;
    if (iso8601_parse(view_of(doc_str(d, "from")), &from) || iso8601_parse(view_of(doc_str(d, "to")), &to))
        return;
    if (daily_of(to) >= in->m->first_day && daily_of(from) < in->m->first_day + in->m->n_days)
        write_doc(in->w, d);
}

static void write_objection(void *ctx, const struct doc *d)
{
    struct in_month *in = ctx;
    int64_t decided = 0;
    bool late = iso8601_parse(view_of(doc_str(d, "decided_at")), &decided) == 0 && decided > in->frozen_ms;
    if (strlen(doc_str(d, "from")) == 10 && strlen(doc_str(d, "to")) == 10 && overlaps(in->m, d) &&
        (!in->later || late))
        write_doc(in->w, d);
}

void month_write_inputs(struct office *o, const struct month *m, struct json_writer *w)
{
    struct curve obstacles = {.w = w};
    struct in_month in = {.m = m, .w = w};
    jw_object(w, NULL);
    jw_int(w, "rules_version", (int64_t)m->rules_version);
    rules_write(w, "rules", &m->rules);
    jw_int(w, "total", (int64_t)doc_count(o, NOUN_LEDGER));
    write_curve(o, m, w);
    jw_array(w, "obstacles");
    doc_each(o, NOUN_LEDGER, write_obstacle, &obstacles);
    jw_end_array(w);
    jw_array(w, "windows");
    doc_each(o, NOUN_WINDOW, write_window, &in);
    jw_end_array(w);
    jw_array(w, "objections");
    doc_each(o, NOUN_OBJECTION, write_objection, &in);
    jw_end_array(w);
    jw_end_object(w);
}

/* --- the whole --- */

static void write_lot(struct json_writer *w, const struct month_lot *l, const struct rules *r)
{
    jw_object(w, NULL);
    jw_str(w, "lot", l->lot);
    jw_str(w, "name", l->name);
    jw_str(w, "operator", l->owner[0] ? l->owner : NULL);
    jw_str(w, "strip", l->strip);
    write_sum(w, &l->sum, r);
    jw_end_object(w);
}

/* The sum of all lots of one operator; NULL: of all. */
static struct month_sum sum_of(const struct month *m, const char *owner)
{
    struct month_sum s = {0};
    for (size_t i = 0; i < m->n; i++)
        if (!owner || strcmp(m->lots[i].owner, owner) == 0)
            month_add(&s, &m->lots[i].sum);
    return s;
}

static bool is_first_of(const struct month *m, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(m->lots[i].owner, m->lots[at].owner) == 0)
            return false;
    return true;
}

static void write_operators(struct office *o, const struct month *m, struct json_writer *w)
{
    jw_array(w, "operators");
    for (size_t i = 0; i < m->n; i++) {
        const char *owner = m->lots[i].owner;
        if (!is_first_of(m, i))
            continue;
        struct month_sum s = sum_of(m, owner);
        jw_object(w, NULL);
        jw_str(w, "operator", owner[0] ? owner : NULL);
        jw_str(w, "name", doc_str(doc_find(o, NOUN_ACCOUNT, view_of(owner)), "name"));
        jw_int(w, "lots", s.lots);
        write_sum(w, &s, &m->rules);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* Of a frozen month: who, when, whether everything is as it was, and what was decided since. */
static void write_seal(struct office *o, const struct month *m, struct json_writer *w)
{
    struct in_month in = {.m = m, .w = w, .later = true};
    struct buf inputs;
    struct json_writer iw;
    char digest[65] = "";
    jw_str(w, "frozen_at", doc_str(m->head, "frozen_at"));
    jw_str(w, "by", doc_str(m->head, "by"));
    jw_str(w, "digest", doc_str(m->head, "digest"));
    if (m->operators_own)
        return;
    buf_init(&inputs, ANSWER_MAX);
    jw_init(&iw, &inputs);
    jw_json(&iw, NULL, json_get(m->head->tree, "inputs"));
    bool same = !inputs.err && month_digest(m, buf_get(&inputs), digest) == 0 &&
                strcmp(digest, doc_str(m->head, "digest")) == 0;
    buf_fini(&inputs);
    jw_bool(w, "verified", same);
    if (iso8601_parse(view_of(doc_str(m->head, "frozen_at")), &in.frozen_ms))
        in.frozen_ms = INT64_MAX;
    jw_array(w, "addenda");
    doc_each(o, NOUN_OBJECTION, write_objection, &in);
    jw_end_array(w);
}

static void write_inputs(struct office *o, const struct month *m, struct json_writer *w)
{
    struct buf inputs;
    struct json_writer iw;
    if (m->head) {
        jw_json(w, "inputs", json_get(m->head->tree, "inputs"));
        return;
    }
    buf_init(&inputs, ANSWER_MAX);
    jw_init(&iw, &inputs);
    month_write_inputs(o, m, &iw);
    jw_raw(w, "inputs", buf_get(&inputs));
    buf_fini(&inputs);
}

void month_write(struct office *o, const struct month *m, struct json_writer *w)
{
    struct month_sum all = sum_of(m, NULL);
    jw_object(w, NULL);
    jw_str(w, "month", m->name);
    jw_str(w, "district", o->conf.district_name);
    jw_int(w, "days", m->n_days);
    jw_int(w, "rules_version", (int64_t)m->rules_version);
    jw_bool(w, "frozen", m->head != NULL);
    if (m->head)
        write_seal(o, m, w);
    jw_object(w, "sum");
    jw_int(w, "lots", all.lots);
    write_sum(w, &all, &m->rules);
    jw_end_object(w);
    write_operators(o, m, w);
    jw_array(w, "lots");
    for (size_t i = 0; i < m->n; i++)
        write_lot(w, &m->lots[i], &m->rules);
    jw_end_array(w);
    if (!m->operators_own)
        write_inputs(o, m, w);
    jw_end_object(w);
}
