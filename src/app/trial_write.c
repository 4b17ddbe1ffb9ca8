/* SPDX-License-Identifier: MIT
 * Tells what came of a trial; the shape stands in trial.h.
 */
#include <string.h>

#include "app/trial_impl.h"

static void write_claim(struct json_writer *w, const char *key, int64_t v)
{
    if (v == REPORT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void write_count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void write_quality(struct json_writer *w, uint32_t quality)
{
    jw_array(w, "quality");
    for (int bit = 0; bit < QUALITY_N; bit++) {
        if (quality & 1u << bit)
            jw_str(w, NULL, quality_name((enum quality_bit)bit));
    }
    jw_end_array(w);
}

static const char *word(bool said, const char *name)
{
    return said ? name : NULL;
}

/* ---- reports */

static void write_classes(struct json_writer *w, const struct report *r)
{
    jw_object(w, "classes");
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        const struct place_claim *p = &r->classes[c];
        if (p->free == REPORT_NONE && p->total == REPORT_NONE)
            continue;
        jw_object(w, place_class_name((enum place_class)c));
        write_claim(w, "free", p->free);
        write_claim(w, "total", p->total);
        jw_end_object(w);
    }
    jw_end_object(w);
}

static void write_zones(struct json_writer *w, const struct report *r)
{
    jw_array(w, "zones");
    for (int z = 0; z < r->n_zones; z++) {
        jw_object(w, NULL);
        jw_str(w, "id", r->zones[z].id);
        write_claim(w, "free", r->zones[z].count.free);
        write_claim(w, "total", r->zones[z].count.total);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_counts(struct json_writer *w, const struct report *r)
{
    static const char *const kinds[] = {"counts", "band", "beat", "hint"};
    jw_int(w, "item", r->item);
    jw_str(w, "lot", r->lot);
    jw_str(w, "kind", kinds[r->kind]);
    write_claim(w, "free", r->free);
    write_claim(w, "open", r->open);
    write_claim(w, "total", r->total);
    write_claim(w, "occupied", r->occupied);
    jw_int(w, "in", r->in);
    jw_int(w, "out", r->out);
    jw_str(w, "status", word(r->status != STATUS_UNKNOWN, status_name(r->status)));
    jw_str(w, "band", word(r->band != BAND_UNKNOWN, band_name(r->band)));
}

static void write_said(struct json_writer *w, const struct report *r)
{
    if (r->source_ms)
        jw_int(w, "source_ms", r->source_ms);
    else
        jw_null(w, "source_ms");
    jw_time(w, "source_time", r->source_ms);
    write_quality(w, r->quality);
    jw_bool(w, "derived", r->quality & QUALITY_DERIVED);
    jw_str(w, "name", word(r->name[0], r->name));
    jw_real(w, "lng", r->has_point ? r->lng : 0.0 / 0.0, 6);
    jw_real(w, "lat", r->has_point ? r->lat : 0.0 / 0.0, 6);
    write_classes(w, r);
    write_zones(w, r);
}

/* ---- what it would become */

/* A lot that nobody registered: nothing is known of it. */
static struct lot nameless_lot(void)
{
    struct lot lot;
    memset(&lot, 0, sizeof lot);
    lot.total = lot.open = lot.free_minutes = COUNT_NONE;
    for (int c = 0; c < PLACE_CLASS_N; c++)
        lot.class_total[c] = COUNT_NONE;
    return lot;
}

static void write_reading(const struct trial *t, struct json_writer *w, const struct reading *r,
                          int64_t interval_ms)
{
    jw_object(w, "reading");
    write_count(w, "free", r->free);
    write_count(w, "open", r->open);
    write_count(w, "total", r->total);
    jw_str(w, "status", status_name(r->status));
    jw_str(w, "band", band_name(r->band));
    write_quality(w, r->quality);
    jw_time(w, "observed", r->observed_ms);
    jw_int(w, "age_s", (t->now_ms - r->observed_ms) / 1000);
    jw_str(w, "freshness", freshness_name(freshness_of(r, interval_ms, t->now_ms)));
    jw_bool(w, "current", freshness_current(r, interval_ms, t->now_ms));
    jw_end_object(w);
}

int trial_outcome(const struct trial *t, const struct report *r, struct norm_result *out,
                  const struct trial_lot **known, struct why *why)
{
    struct reading held;
    struct lot nameless = nameless_lot();
    *known = trial_lot_of(t, r->lot);
    reading_init(&held);
    return norm_report(*known ? &(*known)->lot : &nameless, *known ? &(*known)->held : &held, r, t->now_ms,
                       out, why);
}

static void write_outcome(const struct trial *t, struct json_writer *w, const struct report *r)
{
    const struct trial_lot *known = NULL;
    struct norm_result res;
    struct why why = {0};
    int err = trial_outcome(t, r, &res, &known, &why);
    jw_str(w, "registered", known ? known->lot.id : NULL);
    if (!err && res.op == NORM_SET)
        write_reading(t, w, &res.reading, known ? known->interval_ms : 0);
    else
        jw_null(w, "reading");
    if (!err) {
        jw_null(w, "refused");
        return;
    }
    jw_object(w, "refused");
    jw_str(w, "at", why.at);
    jw_str(w, "text", why.text[0] ? why.text : err_text(err));
    jw_end_object(w);
}

static void write_reports(const struct trial *t, struct json_writer *w)
{
    jw_array(w, "reports");
    for (size_t i = 0; i < t->reports.n; i++) {
        jw_object(w, NULL);
        write_counts(w, &t->reports.v[i]);
        write_said(w, &t->reports.v[i]);
        write_outcome(t, w, &t->reports.v[i]);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_faults(const struct trial *t, struct json_writer *w)
{
    jw_array(w, "faults");
    for (size_t i = 0; i < t->reports.n_faults; i++) {
        const struct report_fault *f = &t->reports.faults[i];
        jw_object(w, NULL);
        jw_int(w, "item", f->item);
        jw_str(w, "lot", word(f->lot[0], f->lot));
        jw_str(w, "at", f->why.at);
        jw_str(w, "reason", f->why.text);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* ---- what came */

static void write_came(const struct trial *t, struct json_writer *w)
{
    jw_array(w, "came");
    for (int i = 0; i < t->n_came; i++) {
        const struct trial_came *c = &t->came[i];
        jw_object(w, NULL);
        jw_str(w, "url", word(c->url[0], c->url));
        jw_str(w, "method", word(c->method[0], c->method));
        jw_int(w, "status", c->status);
        jw_str(w, "content_type", word(c->content_type[0], c->content_type));
        jw_str(w, "charset", word(c->charset[0], c->charset));
        jw_int(w, "size", (int64_t)c->size);
        jw_int(w, "took_ms", c->took_ms);
        jw_str(w, "tls", word(c->tls[0], c->tls));
        jw_str(w, "error", word(c->error.text[0], c->error.text));
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void write_error(const struct trial *t, struct json_writer *w)
{
    if (!t->err) {
        jw_null(w, "error");
        return;
    }
    jw_object(w, "error");
    jw_str(w, "code", err_name(t->err));
    jw_str(w, "at", t->error.at);
    jw_str(w, "text", t->error.text);
    jw_end_object(w);
}

static void write_reply(const struct trial *t, struct json_writer *w)
{
    const struct dialect_reply *r = &t->reply;
    struct view body = buf_get(&r->body);
    if (!t->push || !body.n) {
        jw_null(w, "reply");
        return;
    }
    jw_object(w, "reply");
    jw_int(w, "status", r->status ? r->status : 200);
    jw_str(w, "content_type", word(r->content_type[0], r->content_type));
    jw_view(w, "body", body);
    jw_end_object(w);
}

static void write_leftovers(const struct trial *t, struct json_writer *w)
{
    struct dialect_response res = {.status = 200, .body = buf_get(&t->last)};
    jw_key(w, VIEW("leftovers"));
    if (t->session && t->n_came && !t->err) {
        dialect_write_leftovers(t->session, &res, t->trace, w);
    } else {
        jw_array(w, NULL);
        jw_end_array(w);
    }
}

static void write_proposal(const struct trial *t, struct json_writer *w)
{
    struct buf text;
    struct json_writer inner;
    struct why why = {0};
    buf_init(&text, DIALECT_MAX_BODY);
    jw_init(&inner, &text);
    int err = t->propose && t->n_came
                  ? dialect_propose(view_of(t->last_type), buf_get(&t->last), &inner, &why)
                  : ERR_STATE;
    if (!err && !text.err)
        jw_raw(w, "proposal", buf_get(&text));
    else
        jw_null(w, "proposal");
    if (t->propose && err)
        jw_str(w, "proposal_error", why.text[0] ? why.text : t->n_came ? err_text(err) : "nothing came");
    else
        jw_null(w, "proposal_error");
    buf_fini(&text);
}

void trial_write(struct trial *t, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_bool(w, "ok", !t->err);
    jw_str(w, "dialect", t->feed.dialect);
    jw_str(w, "part", t->push ? "receive" : "poll");
    jw_time(w, "now", t->now_ms);
    write_came(t, w);
    write_error(t, w);
    write_reports(t, w);
    write_faults(t, w);
    write_leftovers(t, w);
    write_reply(t, w);
    write_proposal(t, w);
    jw_end_object(w);
}
