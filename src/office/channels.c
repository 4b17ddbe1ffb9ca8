/* SPDX-License-Identifier: MIT
 * Channels: kept by the office, shown with masks, tried by a message of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "office/incidents.h"
#include "office/operator.h"
#include "parkd/model/secrets.h"

#define FETCH_MS 10000

struct listing {
    const struct office *o;
    struct json_writer w;
    int64_t n;
};

static void write_channel(struct json_writer *w, const struct office *o, const struct doc *d)
{
    struct json *masked = NULL;
    struct json_writer inner;
    struct buf b;
    static const char *const none[] = {NULL};
    int64_t last_ms = 0;
    const char *error = notifier_error(o, d->id, &last_ms);
    buf_init(&b, REGISTRATION_MAX);
    jw_init(&inner, &b);
    secrets_mask(&inner, NOUN_CHANNEL, view_of(d->text), VIEW(""));
    if (json_parse(buf_get(&b), &masked, NULL) == 0) {
        copy_members(w, masked, none);
        jw_str(w, "error", error);
        if (last_ms)
            jw_time(w, "last_told", last_ms);
        jw_end_object(w);
    }
    json_free(masked);
    buf_fini(&b);
}

static void list_one(void *ctx, const struct doc *d)
{
    struct listing *l = ctx;
    write_channel(&l->w, l->o, d);
    l->n++;
}

void office_channels_list(struct call *c)
{
    struct buf b;
    struct listing l = {.o = c->o};
    buf_init(&b, ANSWER_MAX);
    jw_init(&l.w, &b);
    jw_object(&l.w, NULL);
    jw_array(&l.w, "channels");
    doc_each(c->o, NOUN_CHANNEL, list_one, &l);
    jw_end_array(&l.w);
    jw_int(&l.w, "count", l.n);
    jw_end_object(&l.w);
    call_json(c, 200, &b);
}

void office_channel_put(struct call *c)
{
    const struct doc *held = doc_find(c->o, NOUN_CHANNEL, c->r.args[0]);
    struct channel channel;
    struct json *whole = NULL;
    struct why why = {0};
    struct buf b;
    struct json *doc = registration_body(c);
    if (!doc)
        return;
    buf_init(&b, REGISTRATION_MAX);
    int rc = secrets_unmask(&b, doc, held ? held->tree : NULL, &why);
    rc = rc ? rc : json_parse(buf_get(&b), &whole, &why);
    rc = rc ? rc : channel_parse(whole, &channel, &why);
    json_free(doc);
    json_free(whole);
    if (!rc) {
        call_put(c, NOUN_CHANNEL, c->r.args[0], &b, held ? held->version : UINT64_MAX);
        return;
    }
    buf_fini(&b);
    call_why(c, rc, &why);
}

void office_channel_remove(struct call *c)
{
    if (doc_find(c->o, NOUN_CHANNEL, c->r.args[0]))
        call_remove(c, NOUN_CHANNEL, c->r.args[0]);
    else
        call_fail(c, ERR_NOT_FOUND, "", "no channel has this id");
}

/* --- a message to see whether it arrives --- */

struct channel_trial {
    struct call *c;
    struct channel channel;
    struct fetch *op;
    struct channel_trial *next;
};

static void forget(struct office *o, const struct channel_trial *t)
{
    struct channel_trial **at = &o->channel_trials;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

static void on_tried(void *ctx, const struct fetch_result *res)
{
    struct channel_trial *t = ctx;
    struct json_writer w;
    struct buf b;
    bool good = !res->err && channel_took(&t->channel, res->status, res->body);
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_bool(&w, "ok", good);
    jw_int(&w, "status", res->status);
    jw_str(&w, "detail", res->detail);
    jw_end_object(&w);
    forget(t->c->o, t);
    call_json(t->c, 200, &b);
    free(t);
}

static int start(struct channel_trial *t, struct why *why)
{
    struct office *o = t->c->o;
    struct channel_request r;
    const struct message m = {"msg_test", VIEW("【停车数据】测试消息：收到即为正常。"),
                              VIEW("[parking data] a test message: all is well if you read this."),
                              VIEW("[]")};
    int rc = channel_request_make(&t->channel, &m, clock_wall_ms(o->clock), &r);
    const struct fetch_request q = {.url = buf_get(&r.url),
                                    .headers = r.headers,
                                    .n_headers = r.n_headers,
                                    .body = buf_get(&r.body),
                                    .timeout_ms = FETCH_MS};
    if (!rc && !(t->op = fetch_start(o->port.fetcher, &q, on_tried, t, why)))
        rc = ERR_INVALID;
    channel_request_fini(&r);
    return rc;
}

void office_channel_test(struct call *c)
{
    const struct doc *d = doc_find(c->o, NOUN_CHANNEL, c->r.args[0]);
    struct why why = {0};
    if (!d) {
        call_fail(c, ERR_NOT_FOUND, "", "no channel has this id");
        return;
    }
    struct channel_trial *t = calloc(1, sizeof *t);
    int rc = t ? channel_parse(d->tree, &t->channel, &why) : ERR_NOMEM;
    if (!rc) {
        t->c = c;
        rc = start(t, &why);
    }
    if (!rc) {
        t->next = c->o->channel_trials;
        c->o->channel_trials = t;
        return;
    }
    free(t);
    call_why(c, rc, &why);
}

static void stop(struct office *o)
{
    for (struct channel_trial *t = o->channel_trials, *next; t; t = next) {
        next = t->next;
        fetch_cancel(t->op);
        call_why(t->c, ERR_CANCELLED, NULL);
        free(t);
    }
    o->channel_trials = NULL;
}

const struct office_part part_channels = {.stop = stop};
