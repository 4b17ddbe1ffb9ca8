/* SPDX-License-Identifier: MIT
 * Counts by hand: a correction that the office sets for a while, and checks on site that are kept for the
 * record.
 *
 * A correction is an offset: what was counted, less what the lot reported at that moment. It is added to
 * everything the lot reports until its time has passed (norm), so the number keeps moving, and is flagged
 * `manual`; the reported number stays beside it as raw_free. The newest one of a lot counts. Every parkd
 * applies the documents to its registry; who leads writes the readings anew.
 */
#include <stdlib.h>
#include <string.h>

#include "office/quality.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"
#include "parkd/model/series.h"

#define BODY_MAX   2048
#define WHY_SIZE   256
#define LONGEST_MS (30 * DAY_MS)
#define REACH_MIN \
    30 /* a hand count is compared with the number of that minute, or the last one in so many minutes */
#define OLDEST_MS  (7 * DAY_MS)
#define ID_LETTERS 12

/* --- applying --- */

struct newest {
    const char *lot;
    int64_t now_ms, at_ms;
    struct correction c;
};

static void take_correction(void *ctx, const struct doc *d)
{
    struct newest *n = ctx;
    int64_t at = 0, until = 0;
    if (strcmp(doc_str(d, "lot"), n->lot) != 0 || iso8601_parse(view_of(doc_str(d, "at")), &at) ||
        iso8601_parse(view_of(doc_str(d, "until")), &until) || until <= n->now_ms || at < n->at_ms)
        return;
    n->at_ms = at;
    n->c = (struct correction){(int32_t)doc_int(d, "offset", 0), until};
}

static void set_correction(struct office *o, uint32_t idx, struct correction c)
{
    int64_t *ends = &o->quality->correction_ends;
    registry_correct(o->reg, idx, c);
    if (c.until_ms && (!*ends || c.until_ms < *ends))
        *ends = c.until_ms;
    if (!o->port.leads(o->port.ctx))
        return;
    int err = o->port.restate(o->port.ctx, idx, 0);
    if (err && err != ERR_STATE) /* no number is held: the next report is corrected */
        log_warn(OFFICE, "lot=%s correction=1 not written error=%s", registry_lot(o->reg, idx)->lot.id,
                 err_name(err));
}

void corrections_apply(struct office *o, uint32_t idx)
{
    const struct registry_lot *l = registry_lot(o->reg, idx);
    struct newest n = {.lot = l->lot.id, .now_ms = clock_wall_ms(o->clock)};
    doc_each(o, NOUN_CORRECTION, take_correction, &n);
    if (n.c.offset != l->lot.correction.offset || n.c.until_ms != l->lot.correction.until_ms)
        set_correction(o, idx, n.c);
}

void corrections_expire(struct office *o)
{
    int64_t now = clock_wall_ms(o->clock), next = 0;
    if (!o->quality->correction_ends || now < o->quality->correction_ends)
        return;
    for (uint32_t i = 0; i < registry_size(o->reg); i++) {
        int64_t until = registry_lot(o->reg, i)->lot.correction.until_ms;
        if (until && until <= now)
            set_correction(o, i, (struct correction){0, 0});
        else if (until && (!next || until < next))
            next = until;
    }
    o->quality->correction_ends = next;
}

/* --- corrections --- */

static void put_correction(struct call *c, const struct registry_lot *l, int32_t free, const char *why,
                           int64_t until)
{
    struct buf b;
    struct json_writer w;
    char id[ID_LETTERS + 1];
    int err = random_id(id, ID_LETTERS);
    if (err) {
        call_why(c, err, NULL);
        return;
    }
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "lot", l->lot.id);
    jw_int(&w, "free", free);
    jw_int(&w, "reported", l->reading.raw_free);
    jw_int(&w, "offset", (int64_t)free - l->reading.raw_free);
    jw_str(&w, "why", why);
    jw_time(&w, "until", until);
    jw_str(&w, "by", c->who.account);
    jw_time(&w, "at", call_now(c));
    jw_end_object(&w);
    call_put(c, NOUN_CORRECTION, view_of(id), &b, UINT64_MAX);
}

static int32_t most_of(const struct registry_lot *l)
{
    int32_t most = l->reading.open != COUNT_NONE ? l->reading.open : l->reading.total;
    return most != COUNT_NONE ? most : COUNT_MAX;
}

int time_needed(const struct json *doc, const char *name, int64_t *out, struct why *why)
{
    char text[64];
    int err = json_need_str(doc, name, text, sizeof text, why);
    if (err || iso8601_parse(view_of(text), out) == 0)
        return err;
    err = why_set(why, ERR_INVALID, "", "must be a time like 2026-11-23T08:00:00Z");
    why_under(why, "/%s", name);
    return err;
}

static int check_correction(const struct call *c, const struct registry_lot *l, int64_t until,
                            struct why *why)
{
    if (l->reading.raw_free == RAW_NONE || !freshness_current(&l->reading, l->interval_ms, call_now(c)))
        return why_set(why, ERR_CONFLICT, "", "the lot reports no number now that could be corrected");
    if (until <= call_now(c) || until > call_now(c) + LONGEST_MS)
        return why_set(why, ERR_RANGE, "/until", "must lie within the next 30 days");
    return 0;
}

void office_correction_add(struct call *c)
{
    static const char *const members[] = {"free", "why", "until", NULL};
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct json *doc = l ? call_object(c, BODY_MAX, members) : NULL;
    struct why why = {0};
    char reason[WHY_SIZE];
    int64_t free = 0, until = 0;
    if (!doc)
        return;
    int err = json_need_int(doc, "free", 0, most_of(l), &free, &why);
    err = err ? err : json_need_str(doc, "why", reason, sizeof reason, &why);
    err = err ? err : time_needed(doc, "until", &until, &why);
    err = err ? err : check_correction(c, l, until, &why);
    if (!err && documents_full(c, NOUN_CORRECTION, l->lot.id))
        err = why_set(&why, ERR_CONFLICT, "", "this lot has too many corrections; remove some");
    json_free(doc);
    if (err)
        call_why(c, err, &why);
    else
        put_correction(c, l, (int32_t)free, reason, until);
}

void office_correction_remove(struct call *c)
{
    if (doc_find(c->o, NOUN_CORRECTION, c->r.args[0]))
        call_remove(c, NOUN_CORRECTION, c->r.args[0]);
    else
        call_fail(c, ERR_NOT_FOUND, "", "no correction has this id");
}

/* --- hand counts --- */

struct counting {
    struct call *c;
    char lot[LOT_ID_SIZE];
    int64_t counted, at_ms;
    int32_t open;
    char id[ID_LETTERS + 1];
    struct buf answer;
};

static void counting_end(struct counting *n, int err, const char *text)
{
    buf_fini(&n->answer);
    if (text)
        call_fail(n->c, err, "", text);
    else
        call_why(n->c, err, NULL);
    free(n);
}

static void on_kept(void *ctx, int err, uint64_t version)
{
    struct counting *n = ctx;
    (void)version;
    if (err) {
        counting_end(n, err, NULL);
        return;
    }
    call_json(n->c, 201, &n->answer);
    free(n);
}

static void write_count(struct counting *n, struct buf *b, int32_t reported)
{
    struct json_writer w;
    int64_t difference = n->counted - reported;
    int32_t tolerance = daily_tolerance(n->open);
    jw_init(&w, b);
    jw_object(&w, NULL);
    jw_str(&w, "id", n->id);
    jw_str(&w, "lot", n->lot);
    jw_int(&w, "counted", n->counted);
    jw_time(&w, "at", n->at_ms);
    jw_int(&w, "reported", reported);
    jw_int(&w, "difference", difference);
    jw_int(&w, "tolerance", tolerance);
    jw_bool(&w, "ok", difference >= -tolerance && difference <= tolerance);
    jw_str(&w, "by", n->c->who.account);
    jw_end_object(&w);
}

static void on_series(void *ctx, int err, const struct view *parts, size_t n_parts)
{
    struct counting *n = ctx;
    struct office *o = n->c->o;
    int32_t reported = SERIES_NONE;
    int64_t minute = n->at_ms / MINUTE_MS % SERIES_MINUTES;
    for (int back = 0; !err && n_parts == 2 && reported == SERIES_NONE && back <= REACH_MIN; back++) {
        int64_t at = SERIES_MINUTES + minute - back;
        reported = series_get(parts[at / SERIES_MINUTES], (int)(at % SERIES_MINUTES));
    }
    if (err || reported == SERIES_NONE) {
        counting_end(n, err ? err : ERR_CONFLICT,
                     err ? NULL : "the lot had reported no number in the half hour before that minute");
        return;
    }
    err = random_id(n->id, ID_LETTERS);
    write_count(n, &n->answer, reported);
    err = err ? err
              : o->port.put(o->port.ctx, NOUN_HANDCOUNT, view_of(n->id), buf_get(&n->answer), UINT64_MAX,
                            on_kept, n);
    if (err)
        counting_end(n, err, NULL);
}

static int take_count(struct call *c, const struct json *doc, struct counting *n, struct why *why)
{
    int err = json_need_int(doc, "counted", 0, COUNT_MAX, &n->counted, why);
    n->at_ms = call_now(c);
    if (!err && json_get(doc, "at"))
        err = time_needed(doc, "at", &n->at_ms, why);
    if (!err && (n->at_ms > call_now(c) || n->at_ms < call_now(c) - OLDEST_MS))
        err = why_set(why, ERR_RANGE, "/at", "must lie within the last seven days");
    return err;
}

void office_handcount_add(struct call *c)
{
    static const char *const members[] = {"counted", "at", NULL};
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    struct json *doc = l ? call_object(c, BODY_MAX, members) : NULL;
    struct counting *n = doc ? calloc(1, sizeof *n) : NULL;
    struct why why = {0};
    if (!doc)
        return;
    int err = n ? take_count(c, doc, n, &why) : ERR_NOMEM;
    json_free(doc);
    if (!err && documents_full(c, NOUN_HANDCOUNT, l->lot.id))
        err = why_set(&why, ERR_CONFLICT, "", "this lot has too many counts; ask the office");
    if (!err) {
        n->c = c;
        memcpy(n->lot, l->lot.id, sizeof n->lot);
        n->open = l->reading.open != COUNT_NONE ? l->reading.open : l->lot.total;
        buf_init(&n->answer, BODY_MAX);
        err = c->o->port.read_days(c->o->port.ctx, l->idx, n->at_ms - DAY_MS, 2, on_series, n);
    }
    if (!err)
        return;
    free(n);
    call_why(c, err, &why);
}

/* --- lists of a lot's documents --- */

struct of_lot {
    const char *lot;
    struct json_writer w;
    int64_t n;
};

static void write_doc(void *ctx, const struct doc *d)
{
    struct of_lot *l = ctx;
    if (l->lot && strcmp(doc_str(d, "lot"), l->lot) != 0)
        return;
    jw_object(&l->w, NULL);
    jw_str(&l->w, "id", d->id);
    for (const struct json *m = json_first(d->tree); m; m = json_next(m)) {
        if (view_is(json_key(m), "id"))
            continue;
        jw_key(&l->w, json_key(m));
        jw_json(&l->w, NULL, m);
    }
    jw_end_object(&l->w);
    l->n++;
}

void documents_list(struct call *c, enum noun noun, const char *lot)
{
    struct buf body;
    struct of_lot l = {.lot = lot};
    buf_init(&body, ANSWER_MAX);
    jw_init(&l.w, &body);
    jw_object(&l.w, NULL);
    jw_array(&l.w, noun_plural(noun));
    doc_each(c->o, noun, write_doc, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    call_json(c, 200, &body);
}

void documents_of_lot(struct call *c, enum noun noun)
{
    const struct registry_lot *l = call_lot(c, c->r.args[0]);
    if (l)
        documents_list(c, noun, l->lot.id);
}

void office_correction_list(struct call *c)
{
    documents_of_lot(c, NOUN_CORRECTION);
}

void office_handcount_list(struct call *c)
{
    documents_of_lot(c, NOUN_HANDCOUNT);
}
