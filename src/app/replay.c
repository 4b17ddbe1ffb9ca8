/* SPDX-License-Identifier: MIT
 * The kept bodies of a feed read twice, by its registered parameters and by new ones, and compared lot by
 * lot. Bodies were cleaned before they were kept: what a dialect needs of the fields that were taken out (a
 * signature over a plate) can not be read again.
 *
 * Answer: {"feed","dialect","bodies":n,
 *  "lots":[{"lot","in","differs","changed":["free"…],"before":STATE|null,"after":STATE|null}],
 *  "errors":[{"n","params":"registered"|"new","at","text"}]}; faults of single items by the new parameters
 * stand there too. STATE: {"free","open","total","occupied","status","band","time"} of the last body that
 * differed, or of the last. "in": bodies that told of the lot; "differs": those that told something else.
 */
#define HASH_NONFATAL_OOM 1

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "app/app.h"
#include "app/trial_impl.h"
#include "parkd/base/crypto.h"
#include "parkd/base/json.h"
#include "parkd/feed/bodies.h"
#include "parkd/net/loop.h"

#define MAX_GROUPS 128
#define MAX_ERRORS 100
#define SAMPLE_MAX ((size_t)16 * 1024 * 1024)
#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

enum side { BEFORE, AFTER, SIDES };

/* One message, or the answers of one poll. */
struct group {
    uint64_t n;
    int64_t at_ms;
    bool push;
    struct buf samples; /* a JSON list without its closing bracket */
};
struct state {
    bool said;
    int64_t free, open, total, occupied, time_ms;
    enum lot_status status;
    enum band band;
};
struct compared {
    char lot[FOREIGN_SIZE];
    struct state now[SIDES], shown[SIDES];
    bool differed;
    unsigned changed;
    int in, differs;
    UT_hash_handle hh;
};

struct replay {
    struct app *app;
    struct try_folders folders;
    struct json *registration, *request;
    struct trial_lot *lots;
    size_t n_lots;
    struct group groups[MAX_GROUPS];
    int n_groups, n_errors;
    struct compared *by_lot;
    struct buf text, errors;
    struct json_writer errors_w;
    api_text_fn *done;
    void *done_ctx;
};

static const char *const field_names[] = {"free", "open", "total", "occupied", "status", "band", "time"};

static void replay_free(struct replay *r)
{
    struct compared *c, *next;
    if (!r)
        return;
    HASH_ITER(hh, r->by_lot, c, next)
    {
        HASH_DELETE(hh, r->by_lot, c);
        free(c);
    }
    for (int i = 0; i < r->n_groups; i++)
        buf_fini(&r->groups[i].samples);
    try_folders_free(&r->folders);
    json_free(r->registration);
    json_free(r->request);
    free(r->lots);
    buf_fini(&r->text);
    buf_fini(&r->errors);
    free(r);
}

/* ---- the bodies, as samples */

static void put_query(struct json_writer *w, struct view query)
{
    jw_object(w, "query");
    while (query.n) {
        struct view value = view_cut(&query, '&'), name = view_cut(&value, '=');
        jw_key(w, name);
        jw_view(w, NULL, value);
    }
    jw_end_object(w);
}

static void put_sample(struct buf *out, const struct feed_body *b)
{
    struct json_writer w;
    struct buf base64;
    jw_init(&w, out);
    buf_char(out, out->n ? ',' : '[');
    jw_object(&w, NULL);
    jw_view(&w, "content_type", b->content_type);
    if (b->http_status)
        jw_int(&w, "status", b->http_status);
    if (b->kind == BODY_PUSH) {
        jw_view(&w, "path", b->path);
        put_query(&w, b->query);
    }
    if (b->kind == BODY_MQTT)
        jw_view(&w, "topic", b->topic);
    if (view_is_utf8(b->body)) {
        jw_view(&w, "body", b->body);
    } else {
        buf_init(&base64, 2 * b->body.n + 16);
        if (base64_encode(&base64, b->body) == 0)
            jw_view(&w, "base64", buf_get(&base64));
        buf_fini(&base64);
    }
    jw_end_object(&w);
}

static bool take_body(void *ctx, const struct kept_body *k)
{
    struct replay *r = ctx;
    bool follows = k->body.step > 1;
    if (k->cut || (follows && !r->n_groups) || (!follows && r->n_groups == MAX_GROUPS))
        return true;
    if (!follows) {
        r->groups[r->n_groups] =
            (struct group){.n = k->n, .at_ms = k->body.at_ms, .push = k->body.kind != BODY_POLL};
        buf_init(&r->groups[r->n_groups++].samples, SAMPLE_MAX);
    }
    put_sample(&r->groups[r->n_groups - 1].samples, &k->body);
    return true;
}

/* ---- reading one group */

static void put_member(struct json_writer *w, const char *key, const struct json *j)
{
    if (j)
        jw_json(w, key, j);
}

static int group_request(const struct replay *r, const struct group *g, enum side side, struct json **out,
                         struct why *why)
{
    struct buf text, samples;
    struct json_writer w;
    buf_init(&text, SAMPLE_MAX + 262144);
    buf_init(&samples, SAMPLE_MAX + 16);
    jw_init(&w, &text);
    (void)buf_view(&samples, buf_get(&g->samples));
    (void)buf_char(&samples, ']');
    jw_object(&w, NULL);
    put_member(&w, "dialect", json_get(r->registration, "dialect"));
    put_member(&w, "feed", json_get(r->registration, "id"));
    put_member(&w, "url", json_get(r->registration, "url"));
    put_member(&w, "params", json_get(side == AFTER ? r->request : r->registration, "params"));
    jw_bool(&w, "push", g->push);
    jw_time(&w, "now", g->at_ms);
    jw_raw(&w, "sample", buf_get(&samples));
    jw_end_object(&w);
    int err = samples.err ? samples.err : text.err;
    err = err ? why_set(why, err, "", "%s", err_text(err)) : json_parse(buf_get(&text), out, why);
    buf_fini(&text);
    buf_fini(&samples);
    return err;
}

static int group_trial(const struct replay *r, const struct group *g, enum side side, struct trial **out,
                       struct why *why)
{
    struct json *request = NULL;
    int err = group_request(r, g, side, &request, why);
    if (!err)
        err = trial_new(request, NULL, g->at_ms, out, why);
    for (size_t i = 0; i < r->n_lots && !err; i++)
        err = trial_know(*out, &r->lots[i].lot, &r->lots[i].held, 0);
    return err;
}

/* ---- comparing */

static struct compared *compared_of(struct replay *r, const char *lot)
{
    struct compared *c = NULL;
    HASH_FIND_STR(r->by_lot, lot, c);
    if (c || !(c = calloc(1, sizeof *c)))
        return c;
    (void)memccpy(c->lot, lot, '\0', sizeof c->lot - 1);
    HASH_ADD_STR(r->by_lot, lot, c);
    struct compared *added = NULL;
    HASH_FIND_STR(r->by_lot, lot, added);
    if (!added)
        free(c);
    return added;
}

static void take_report(struct replay *r, const struct trial *t, const struct report *rep, enum side side)
{
    const struct trial_lot *known = NULL;
    struct norm_result res;
    struct why why = {0};
    struct compared *c = compared_of(r, rep->lot);
    if (!c || trial_outcome(t, rep, &res, &known, &why) || res.op != NORM_SET)
        return;
    const struct reading *n = &res.reading;
    c->now[side] = (struct state){.said = true,
                                  .free = n->free,
                                  .open = n->open,
                                  .total = n->total,
                                  .occupied = rep->occupied == REPORT_NONE ? COUNT_NONE : rep->occupied,
                                  .time_ms = rep->source_ms,
                                  .status = n->status,
                                  .band = n->band};
}

static unsigned difference(const struct state *a, const struct state *b)
{
    if (a->said != b->said)
        return 1;
    return (unsigned)(a->free != b->free) | (unsigned)(a->open != b->open) << 1 |
           (unsigned)(a->total != b->total) << 2 | (unsigned)(a->occupied != b->occupied) << 3 |
           (unsigned)(a->status != b->status) << 4 | (unsigned)(a->band != b->band) << 5 |
           (unsigned)(a->time_ms != b->time_ms) << 6;
}

static void compare(struct replay *r)
{
    for (struct compared *c = r->by_lot; c; c = c->hh.next) {
        unsigned changed = difference(&c->now[BEFORE], &c->now[AFTER]);
        if (!c->now[BEFORE].said && !c->now[AFTER].said)
            continue;
        c->in++;
        c->differs += changed != 0;
        c->changed |= changed;
        if (changed || !c->differed)
            memcpy(c->shown, c->now, sizeof c->shown);
        c->differed |= changed != 0;
        memset(c->now, 0, sizeof c->now);
    }
}

static void note_error(struct replay *r, uint64_t n, enum side side, const struct why *why)
{
    struct json_writer *w = &r->errors_w;
    if (r->n_errors++ >= MAX_ERRORS)
        return;
    jw_object(w, NULL);
    jw_int(w, "n", (int64_t)n);
    jw_str(w, "params", side == AFTER ? "new" : "registered");
    jw_str(w, "at", why->at);
    jw_str(w, "text", why->text);
    jw_end_object(w);
}

static void read_group(struct replay *r, const struct dialects *ds, const struct group *g, enum side side)
{
    struct trial *t = NULL;
    struct why why = {0};
    int err = group_trial(r, g, side, &t, &why);
    if (!err) {
        if (trial_begin(t, ds))
            trial_take_samples(t);
        why = t->error;
        err = t->err;
        for (size_t i = 0; i < t->reports.n && !err; i++)
            take_report(r, t, &t->reports.v[i], side);
        for (size_t i = 0; i < t->reports.n_faults && !err && side == AFTER; i++)
            note_error(r, g->n, side, &t->reports.faults[i].why);
    }
    if (err)
        note_error(r, g->n, side, &why);
    trial_free(t);
}

/* ---- the answer */

static void write_count(struct json_writer *w, const char *key, int64_t v)
{
    if (v == COUNT_NONE)
        jw_null(w, key);
    else
        jw_int(w, key, v);
}

static void write_state(struct json_writer *w, const char *key, const struct state *s)
{
    if (!s->said) {
        jw_null(w, key);
        return;
    }
    jw_object(w, key);
    write_count(w, "free", s->free);
    write_count(w, "open", s->open);
    write_count(w, "total", s->total);
    write_count(w, "occupied", s->occupied);
    jw_str(w, "status", status_name(s->status));
    jw_str(w, "band", band_name(s->band));
    jw_time(w, "time", s->time_ms);
    jw_end_object(w);
}

static int by_name(const struct compared *a, const struct compared *b)
{
    return strcmp(a->lot, b->lot);
}

static void write_lots(struct replay *r, struct json_writer *w)
{
    HASH_SORT(r->by_lot, by_name);
    jw_array(w, "lots");
    for (const struct compared *c = r->by_lot; c; c = c->hh.next) {
        jw_object(w, NULL);
        jw_str(w, "lot", c->lot);
        jw_int(w, "in", c->in);
        jw_int(w, "differs", c->differs);
        jw_array(w, "changed");
        for (int i = 0; i < 7; i++) {
            if (c->changed & 1u << i)
                jw_str(w, NULL, field_names[i]);
        }
        jw_end_array(w);
        write_state(w, "before", &c->shown[BEFORE]);
        write_state(w, "after", &c->shown[AFTER]);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* In the pool. */
static void on_work(void *data)
{
    struct replay *r = data;
    struct json_writer w;
    struct dialects *ds = try_folders_load(&r->folders);
    jw_init(&r->errors_w, &r->errors);
    jw_array(&r->errors_w, NULL);
    for (int i = 0; ds && i < r->n_groups; i++) {
        read_group(r, ds, &r->groups[i], BEFORE);
        read_group(r, ds, &r->groups[i], AFTER);
        compare(r);
    }
    jw_end_array(&r->errors_w);
    jw_init(&w, &r->text);
    jw_object(&w, NULL);
    jw_view(&w, "feed", json_text(json_get(r->registration, "id")));
    jw_view(&w, "dialect", json_text(json_get(r->registration, "dialect")));
    jw_int(&w, "bodies", r->n_groups);
    write_lots(r, &w);
    jw_raw(&w, "errors", buf_get(&r->errors));
    jw_end_object(&w);
    if (!ds || r->errors.err)
        r->text.err = ERR_NOMEM;
    dialects_free(ds);
}

static void on_worked(void *data, bool cancelled)
{
    struct replay *r = data;
    struct why why = {0};
    r->app->n_tries--;
    r->done(r->done_ctx, cancelled || r->app->ending ? ERR_CANCELLED : r->text.err, &why, buf_get(&r->text));
    replay_free(r);
}

/* ---- the port */

static int copy_lots(struct replay *r, struct view feed)
{
    const struct registry *reg = r->app->reg;
    r->lots = calloc(registry_count(reg) + 1, sizeof *r->lots);
    for (uint32_t i = 0; r->lots && i < registry_size(reg); i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        if (!l->removed && view_is(feed, l->lot.feed))
            r->lots[r->n_lots++] = (struct trial_lot){.lot = l->lot};
    }
    for (size_t i = 0; i < r->n_lots; i++)
        reading_init(&r->lots[i].held);
    return r->lots ? 0 : ERR_NOMEM;
}

/* New parameters that are wrong are told at once, with their place. */
static int check_params(const struct replay *r, struct why *why)
{
    static const char *const known[] = {"params", NULL};
    struct buf text;
    struct json_writer w;
    char name[64];
    const struct json *params = json_get(r->request, "params");
    int err = json_only(r->request, known, why);
    if (!err && !json_is(params, JSON_OBJECT))
        err = why_set(why, ERR_MISSING, "/params", "an object is needed");
    if (err)
        return err;
    buf_init(&text, 1024 * 1024);
    jw_init(&w, &text);
    jw_json(&w, NULL, params);
    const struct dialect *d = view_copy(json_text(json_get(r->registration, "dialect")), name, sizeof name)
                                  ? NULL
                                  : dialects_find(r->app->dialects, name);
    struct dialect_session *s = d ? dialect_open(d, buf_get(&text), why) : NULL;
    err = s ? 0 : d ? ERR_INVALID : why_set(why, ERR_INVALID, "/dialect", "the feed's dialect is not there");
    dialect_close(s);
    buf_fini(&text);
    return err;
}

static int prepare(struct replay *r, struct view id, struct view request, struct why *why)
{
    r->registration = try_registration(r->app, NOUN_FEED, id);
    if (!r->registration)
        return why_set(why, ERR_NOT_FOUND, "", "nothing is registered under this id");
    int err = json_parse(request, &r->request, why);
    if (!err)
        err = check_params(r, why);
    if (!err)
        err = bodies_each(feeds_bodies(r->app->feeds), id, 0, take_body, r);
    if (err == ERR_NOT_FOUND)
        return why_set(why, ERR_STATE, "", "no body of this feed was kept yet");
    if (!err)
        err = try_folders_copy(r->app, &r->folders);
    return err ? err : copy_lots(r, id);
}

int tries_replay(void *ctx, struct view id, struct view request, api_text_fn *done, void *done_ctx,
                 struct why *why)
{
    struct app *a = ctx;
    if (a->n_tries >= TRIES_MAX)
        return why_set(why, ERR_BUSY, "", "%d trials run already", TRIES_MAX);
    struct replay *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    *r = (struct replay){.app = a, .done = done, .done_ctx = done_ctx};
    buf_init(&r->text, ANSWER_MAX);
    buf_init(&r->errors, ANSWER_MAX);
    int err = prepare(r, id, request, why);
    if (!err)
        err = loop_work(a->loop, on_work, on_worked, r);
    if (err)
        replay_free(r);
    else
        a->n_tries++;
    return err;
}
