/* SPDX-License-Identifier: MIT
 * Records as the office and the operators see them, and the rules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/quality.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"

#define RULES_ID     "colours"
#define RULES_MAX    4096
#define DAYS_SHOWN   14
#define DAYS_AT_ONCE 31

/* --- dates and rules --- */

int date_parse(struct view text, int64_t *day)
{
    int64_t month_day = 0, d = 0;
    int n = 0;
    if (text.n != 10 || text.p[7] != '-' || month_parse((struct view){text.p, 7}, &month_day, &n) ||
        view_to_int((struct view){text.p + 8, 2}, 1, n, &d))
        return ERR_INVALID;
    *day = month_day + d - 1;
    return 0;
}

void date_format(int64_t day, char out[11])
{
    int y = 0, m = 0, d = 0;
    char text[40];
    civil_of_days(day, &y, &m, &d);
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", y, m, d);
    memcpy(out, text, 10);
    out[10] = '\0';
}

uint64_t rules_current(struct office *o, struct rules *out)
{
    const struct doc *d = doc_find(o, NOUN_RULES, VIEW(RULES_ID));
    struct why why = {0};
    if (d && rules_parse(d->tree, out, &why) == 0)
        return d->version;
    if (d)
        log_error(OFFICE, "rules=" RULES_ID " at=%s reason=\"%s\" the defaults count", why.at, why.text);
    rules_default(out);
    return 0;
}

void office_rules_show(struct call *c)
{
    struct rules r;
    struct buf body;
    struct json_writer w;
    uint64_t version = rules_current(c->o, &r);
    buf_init(&body, RULES_MAX);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_int(&w, "version", (int64_t)version);
    rules_write(&w, "rules", &r);
    jw_end_object(&w);
    call_doc(c, 200, version, &body);
}

void office_rules_put(struct call *c)
{
    struct rules r;
    struct why why = {0};
    struct json *doc = NULL;
    struct buf body;
    struct json_writer w;
    int err = c->r.body.n > RULES_MAX ? why_set(&why, ERR_TOO_BIG, "", "at most %d bytes", RULES_MAX)
                                      : json_parse(c->r.body, &doc, &why);
    if (!err)
        err = rules_parse(doc, &r, &why);
    json_free(doc);
    if (err) {
        call_why(c, err, &why);
        return;
    }
    /* Written whole, so that a later default changes no report. */
    buf_init(&body, RULES_MAX);
    jw_init(&w, &body);
    rules_write(&w, NULL, &r);
    call_put(c, NOUN_RULES, VIEW(RULES_ID), &body, 0);
}

/* --- one record --- */

static void write_share(struct json_writer *w, const char *key, double v)
{
    if (v < 0)
        jw_null(w, key);
    else
        jw_real(w, key, v, 4);
}

static void write_count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void write_flags(struct json_writer *w, const struct daily *d)
{
    jw_array(w, "flags");
    for (unsigned i = 0; i < QUALITY_N; i++)
        if (d->quality & UINT32_C(1) << i)
            jw_str(w, NULL, quality_name((enum quality_bit)i));
    if (d->drift)
        jw_str(w, NULL, "drift");
    jw_end_array(w);
}

static void write_numbers(struct json_writer *w, const struct daily *d)
{
    int moves = 0;
    for (int i = 0; i < 24; i++)
        moves += d->moves[i];
    write_count(w, "min", d->min);
    write_count(w, "max", d->max);
    jw_int(w, "movements", moves);
    jw_int(w, "frozen_min", d->frozen_min);
    jw_int(w, "frozen_days", d->frozen_days);
    jw_int(w, "manual_min", d->manual_min);
    write_count(w, "in", d->in);
    write_count(w, "out", d->out);
    if (d->reconciled == SUM_UNKNOWN)
        jw_null(w, "reconciled");
    else
        jw_bool(w, "reconciled", d->reconciled == SUM_GOOD);
    jw_int(w, "unreconciled_days", d->unsettled_days);
    jw_int(w, "counted", d->counted);
    jw_int(w, "miscounted", d->miscounted);
    jw_int(w, "reported", d->reported);
}

void record_write(struct json_writer *w, const char *lot, const struct daily *d, const struct rules *r)
{
    enum rule by = RULE_N;
    enum colour colour = rules_colour(r, d, &by);
    if (lot)
        jw_str(w, "lot", lot);
    write_share(w, "online_rate", daily_online(d));
    write_share(w, "timeliness", daily_timeliness(d));
    write_share(w, "completeness", daily_completeness(d));
    jw_view(w, "samples", (struct view){d->cells, DAILY_CELLS});
    jw_real(w, "offline_hours", daily_silent_hours(d), 1);
    write_flags(w, d);
    write_numbers(w, d);
    jw_str(w, "colour", colour_name(colour));
    jw_str(w, "colour_zh", colour_zh(colour));
    jw_str(w, "because", rule_name(by));
}

/* --- lists --- */

/* An answer that is being written while days are read. */
struct listing {
    struct call *c;
    struct rules rules;
    struct buf body;
    struct json_writer w;
    int64_t day, to, n;
    char lot[LOT_ID_SIZE]; /* "": all of one day */
};

static struct listing *listing_new(struct call *c)
{
    struct listing *l = calloc(1, sizeof *l);
    if (!l) {
        call_why(c, ERR_NOMEM, NULL);
        return NULL;
    }
    l->c = c;
    buf_init(&l->body, ANSWER_MAX);
    jw_init(&l->w, &l->body);
    jw_object(&l->w, NULL);
    jw_int(&l->w, "rules_version", (int64_t)rules_current(c->o, &l->rules));
    return l;
}

static void listing_end(struct listing *l, int err)
{
    if (err) {
        buf_fini(&l->body);
        call_why(l->c, err, NULL);
    } else {
        jw_end_array(&l->w);
        jw_int(&l->w, "count", l->n);
        jw_end_object(&l->w);
        call_json(l->c, 200, &l->body);
    }
    free(l);
}

static void write_row(struct listing *l, struct view lot, struct view text)
{
    struct daily d;
    char id[LOT_ID_SIZE], date[11];
    if (view_copy(lot, id, sizeof id) || daily_decode(text, &d))
        return;
    date_format(l->day, date);
    jw_object(&l->w, NULL);
    jw_str(&l->w, "date", date);
    record_write(&l->w, id, &d, &l->rules);
    jw_end_object(&l->w);
    l->n++;
}

static void on_row(void *ctx, struct view lot, struct view text)
{
    struct listing *l = ctx;
    if (!l->lot[0] || view_is(lot, l->lot))
        write_row(l, lot, text);
}

static void read_day(struct listing *l);

static void on_rows(void *ctx, int err, uint64_t version)
{
    struct listing *l = ctx;
    (void)version;
    if (err || l->day >= l->to) {
        listing_end(l, err);
        return;
    }
    l->day++;
    read_day(l);
}

static void read_day(struct listing *l)
{
    struct office *o = l->c->o;
    char period[9];
    daily_name(l->day, period);
    int err = o->port.read_rows(o->port.ctx, QUALITY_KIND, period, on_row, on_rows, l);
    if (err)
        listing_end(l, err);
}

/* A date parameter; `otherwise` when it is not asked. Answers the call and returns false when it is none. */
static bool date_asked(struct call *c, const char *name, int64_t otherwise, int64_t *out)
{
    struct view v = call_param(c, name);
    *out = otherwise;
    if (!v.n || date_parse(v, out) == 0)
        return true;
    call_fail(c, ERR_INVALID, name, "must be a date like 2026-11-23");
    return false;
}

void office_quality_list(struct call *c)
{
    int64_t day = 0;
    char date[11];
    if (!date_asked(c, "date", daily_of(call_now(c)), &day))
        return;
    struct listing *l = listing_new(c);
    if (!l)
        return;
    date_format(day, date);
    l->day = l->to = day;
    jw_str(&l->w, "date", date);
    jw_array(&l->w, "quality");
    read_day(l);
}

void office_quality_lot(struct call *c)
{
    const struct registry_lot *r = call_lot(c, c->r.args[0]);
    int64_t from = 0, to = 0;
    if (!r || !date_asked(c, "to", daily_of(call_now(c)), &to) ||
        !date_asked(c, "from", to - DAYS_SHOWN + 1, &from))
        return;
    if (from > to || to - from >= DAYS_AT_ONCE) {
        call_fail(c, ERR_RANGE, "from", "must be 0 to 30 days before \"to\"");
        return;
    }
    struct listing *l = listing_new(c);
    if (!l)
        return;
    memcpy(l->lot, r->lot.id, sizeof l->lot);
    l->day = from;
    l->to = to;
    jw_str(&l->w, "lot", l->lot);
    jw_array(&l->w, "quality");
    read_day(l);
}
