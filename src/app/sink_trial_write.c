/* SPDX-License-Identifier: MIT
 * Tells what came of a sink's trial; the shape stands in sink_trial.h.
 */
#include <stdlib.h>

#include "app/sink_trial_impl.h"
#include "parkd/base/crypto.h"

#define TEXT_MAX ((size_t)8 * 1024 * 1024)

static const char *part_name(enum dialect_part part)
{
    switch (part) {
    case DIALECT_REGISTER:
        return "register";
    case DIALECT_PUSH:
        return "push";
    case DIALECT_BEAT:
        return "beat";
    default:
        return "ask";
    }
}

static void write_count(struct json_writer *w, const char *key, int32_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void write_text(struct json_writer *w, const char *key, const char *text)
{
    jw_str(w, key, text[0] ? text : NULL);
}

static void write_error(struct json_writer *w, int err, const struct why *why)
{
    if (!err) {
        jw_null(w, "error");
        return;
    }
    jw_object(w, "error");
    jw_str(w, "code", err_name(err));
    jw_str(w, "at", why->at);
    jw_str(w, "text", why->text[0] ? why->text : err_text(err));
    jw_end_object(w);
}

/* ---- bytes */

/* A text as it is, anything else as Base64: nothing is lost on its way to whoever looks at it. */
static void write_bytes(const struct sink_trial *t, struct view bytes, struct json_writer *w)
{
    struct buf shown, coded;
    buf_init(&shown, TEXT_MAX);
    buf_init(&coded, TEXT_MAX);
    bool hidden = sink_trial_hide(t, bytes, &shown), text = view_is_utf8(bytes) || !bytes.n;
    if (!text && base64_encode(&coded, buf_get(&shown)))
        coded.err = ERR_NOMEM;
    jw_view(w, text ? "body" : "base64", buf_get(text ? &shown : &coded));
    jw_bool(w, "hidden", hidden);
    if (shown.err || coded.err)
        w->b->err = ERR_NOMEM;
    buf_fini(&shown);
    buf_fini(&coded);
}

static void write_hidden(const struct sink_trial *t, const char *key, const char *text, struct json_writer *w)
{
    struct buf shown;
    buf_init(&shown, TEXT_MAX);
    (void)sink_trial_hide(t, view_of(text), &shown);
    jw_view(w, key, buf_get(&shown));
    buf_fini(&shown);
}

static void write_headers(const struct sink_trial *t, const struct dialect_request *r, struct json_writer *w)
{
    struct buf shown;
    buf_init(&shown, TEXT_MAX);
    jw_array(w, "headers");
    for (int i = 0; i < r->n_headers; i++) {
        (void)sink_trial_hide_header(t, &r->headers[i], &shown);
        jw_object(w, NULL);
        jw_str(w, "name", r->headers[i].name);
        jw_view(w, "value", buf_get(&shown));
        jw_end_object(w);
    }
    jw_end_array(w);
    buf_fini(&shown);
}

/* ---- requests and answers */

static void write_answer(const struct sink_trial *t, const struct sink_trial_call *c, struct json_writer *w)
{
    /* A good log-in's answer is a token. */
    bool token = c->req.first && c->verdict == VERDICT_OK && !t->show_secrets;
    if (!c->sent) {
        jw_null(w, "answer");
        return;
    }
    jw_object(w, "answer");
    jw_int(w, "status", c->status);
    jw_int(w, "took_ms", c->took_ms);
    write_text(w, "tls", c->tls);
    write_text(w, "error", c->detail);
    write_text(w, "content_type", c->content_type);
    if (token) {
        jw_str(w, "body", "");
        jw_bool(w, "hidden", true);
    } else {
        write_bytes(t, buf_get(&c->answer), w);
    }
    jw_int(w, "size", (int64_t)c->answer_size);
    jw_bool(w, "cut", c->answer_size > c->answer.n);
    jw_end_object(w);
}

static void write_verdict(const struct sink_trial *t, const struct sink_trial_call *c, struct json_writer *w)
{
    static const char *const names[] = {"ok", "retry", "reject", "pause"};
    jw_str(w, "verdict", c->judged ? names[c->verdict] : NULL);
    if (c->why.text[0])
        write_hidden(t, "words", c->why.text, w);
    else
        jw_null(w, "words");
    write_text(w, "next", c->judged ? sink_trial_next(c) : "");
    write_text(w, "code", c->code);
    if (c->clock_ms > 0)
        jw_int(w, "clock_off_ms", c->clock_ms - t->now_ms);
    else
        jw_null(w, "clock_off_ms");
}

static void write_call(const struct sink_trial *t, const struct sink_trial_call *c, struct json_writer *w)
{
    const struct dialect_request *r = &c->req;
    jw_object(w, NULL);
    jw_str(w, "part", r->first ? "first" : part_name(r->part));
    jw_str(w, "method", r->method[0] ? r->method : r->body.n ? "POST" : "GET");
    write_hidden(t, "url", r->url, w);
    write_headers(t, r, w);
    write_bytes(t, buf_get(&r->body), w);
    jw_int(w, "size", (int64_t)r->body.n);
    jw_bool(w, "sent", c->sent);
    write_answer(t, c, w);
    write_verdict(t, c, w);
    jw_end_object(w);
}

static void write_step(const struct sink_trial *t, const struct sink_trial_step *s, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_str(w, "part", part_name(s->part));
    write_text(w, "note", s->note);
    write_error(w, s->err, &s->why);
    jw_array(w, "requests");
    for (size_t i = 0; i < s->n; i++)
        write_call(t, &s->calls[i], w);
    jw_end_array(w);
    jw_end_object(w);
}

/* ---- the comparison */

/* Is there a way to ask? A dialect may leave that to the params. */
static bool askable(const struct sink_trial *t)
{
    const struct sink_trial_step *last = t->n_steps ? &t->steps[t->n_steps - 1] : NULL;
    if (!t->dialect || !(dialect_parts(t->dialect) & DIALECT_ASK))
        return false;
    return !last || last->part != DIALECT_ASK || last->n || last->err || t->shut;
}

static const char *compare_note(const struct sink_trial *t)
{
    if (!askable(t))
        return "this platform cannot be asked: its protocol, or this registration, knows no such call";
    if (!t->asked)
        return "the platform was asked and gave no answer that can be read";
    if (!t->known)
        return "the platform does not know this lot";
    return t->reading.free == COUNT_NONE ? "parkd does not know the free places of this lot at the moment"
                                         : NULL;
}

static void write_times(const struct sink_trial *t, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_str(w, "name", "time");
    jw_time(w, "here", t->reading.changed_ms);
    jw_time(w, "there", t->known ? t->there.time_ms : 0);
    jw_null(w, "same"); /* a platform may mean when it changed, was seen, or came */
    jw_end_object(w);
}

static void write_compare(const struct sink_trial *t, struct json_writer *w)
{
    struct sink_trial_counts f[3];
    if (!t->compare) {
        jw_null(w, "compare");
        return;
    }
    sink_trial_fields(t, f);
    jw_object(w, "compare");
    jw_bool(w, "asked", t->asked);
    jw_str(w, "note", compare_note(t));
    jw_array(w, "fields");
    for (int i = 0; i < 3 && t->known; i++) {
        enum sink_trial_same same = sink_trial_compare(f[i].here, f[i].there);
        jw_object(w, NULL);
        jw_str(w, "name", f[i].name);
        write_count(w, "here", f[i].here);
        write_count(w, "there", f[i].there);
        if (same == SAME_UNKNOWN)
            jw_null(w, "same");
        else
            jw_bool(w, "same", same == SAME_YES);
        jw_end_object(w);
    }
    if (t->known)
        write_times(t, w);
    jw_end_array(w);
    jw_end_object(w);
}

/* ---- the whole */

static bool step_good(const struct sink_trial *t, const struct sink_trial_step *s)
{
    bool good = !s->err;
    for (size_t i = 0; i < s->n; i++)
        good &= !s->calls[i].judged || s->calls[i].verdict == VERDICT_OK;
    return good && !(t->send && t->barred);
}

static bool all_good(const struct sink_trial *t)
{
    struct sink_trial_counts f[3];
    bool good = !t->err && !t->shut;
    for (int i = 0; i < t->n_steps; i++)
        good &= step_good(t, &t->steps[i]);
    if (!t->compare || !askable(t))
        return good;
    sink_trial_fields(t, f);
    for (int i = 0; i < 3; i++)
        good &= sink_trial_compare(f[i].here, f[i].there) != SAME_NO;
    return good && t->known;
}

static void write_lot(const struct sink_trial *t, struct json_writer *w)
{
    struct sink_trial_counts f[3];
    sink_trial_fields(t, f);
    jw_object(w, "lot");
    jw_str(w, "id", t->lot.id);
    jw_str(w, "name", t->lot.name);
    write_text(w, "code", t->code);
    jw_bool(w, "made_up", t->made_up);
    jw_str(w, "state", t->given ? "given" : "held");
    for (int i = 0; i < 3; i++)
        write_count(w, f[i].name, f[i].here);
    jw_str(w, "status", status_name(t->reading.status));
    jw_int(w, "seq", (int64_t)t->reading.seq);
    jw_time(w, "changed", t->reading.changed_ms);
    jw_end_object(w);
}

void sink_trial_write(struct sink_trial *t, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_bool(w, "ok", all_good(t));
    jw_str(w, "dialect", t->sink.dialect);
    write_hidden(t, "url", t->sink.url, w);
    jw_bool(w, "send", t->send);
    jw_time(w, "now", t->now_ms);
    write_error(w, t->err, &t->why);
    write_lot(t, w);
    jw_array(w, "steps");
    for (int i = 0; i < t->n_steps; i++)
        write_step(t, &t->steps[i], w);
    jw_end_array(w);
    write_compare(t, w);
    jw_end_object(w);
}
