/* SPDX-License-Identifier: MIT
 * Performs a trial: the dialect's own calls in the order of a poll or of a push.
 */
#include "parkd/app/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/trial_impl.h"
#include "parkd/base/charset.h"
#include "parkd/net/fetch.h"

#define HEAD_MAX 512

static struct dialect_ctx ctx_of(const struct trial *t)
{
    return (struct dialect_ctx){.now_ms = t->now_ms,
                                .url = t->feed.url[0] ? view_of(t->feed.url) : VIEW("http://sample.invalid/"),
                                .known = t->known,
                                .n_known = t->n_lots,
                                .feed = t->feed.id,
                                .topic = t->topic,
                                .sides = t->sides,
                                .n_sides = (size_t)t->n_sides,
                                .trace = t->trace};
}

static bool over(struct trial *t, int err)
{
    t->asking = false;
    t->err = err;
    if (err && !t->error.text[0])
        (void)why_set(&t->error, err, t->error.at, "%s", err_text(err));
    return false;
}

/* ---- what came */

static void note_charset(struct trial_came *c, struct view type)
{
    if (view_copy(charset_of_type(type), c->charset, sizeof c->charset))
        c->charset[0] = '\0';
}

static struct trial_came *note(struct trial *t, const struct trial_answer *a, struct view type)
{
    struct trial_came *c = &t->came[t->n_came++];
    struct view url = view_of(t->next.url);
    url = view_cut(&url, '?');
    *c = (struct trial_came){.status = a->status, .size = a->body.n, .took_ms = a->took_ms};
    if (t->live) {
        (void)snprintf(c->method, sizeof c->method, "%s",
                       t->next.method[0] ? t->next.method
                       : t->next.body.n  ? "POST"
                                         : "GET");
        (void)snprintf(c->url, sizeof c->url, VIEW_FMT, VIEW_ARG(url));
    }
    (void)snprintf(c->content_type, sizeof c->content_type, VIEW_FMT, VIEW_ARG(type));
    (void)snprintf(c->tls, sizeof c->tls, "%s", a->tls ? a->tls : "");
    note_charset(c, type);
    buf_clear(&t->last);
    (void)buf_view(&t->last, a->body);
    (void)snprintf(t->last_type, sizeof t->last_type, VIEW_FMT, VIEW_ARG(type));
    return c;
}

/* ---- polls */

/* Nothing to read by yet, only a message to make a first mapping of. */
static bool begin_bare(struct trial *t)
{
    if (t->feed.url[0])
        (void)snprintf(t->next.url, sizeof t->next.url, "%s", t->feed.url);
    t->asking = true;
    return true;
}

static bool begin_poll(struct trial *t)
{
    struct dialect_ctx ctx = ctx_of(t);
    int err = dialect_poll(t->session, &ctx, &t->next, &t->error);
    if (err)
        return over(t, err);
    t->asking = true;
    return true;
}

bool trial_take(struct trial *t, const struct trial_answer *a)
{
    struct dialect_ctx ctx = ctx_of(t);
    struct dialect_response res = {a->status, a->head, a->body};
    struct dialect_request next;
    bool more = false;
    if (t->n_came == TRIAL_MAX_ANSWERS)
        return over(t, why_set(&t->error, ERR_BUDGET, "", "more than %d requests", TRIAL_MAX_ANSWERS));
    struct trial_came *c = note(t, a, fetch_header_value(a->head, "Content-Type"));
    if (a->err) {
        (void)why_set(&c->error, a->err, "", "%s", a->detail && a->detail[0] ? a->detail : err_text(a->err));
        t->error = c->error;
        return over(t, a->err);
    }
    if (t->bare)
        return over(t, 0);
    int err = dialect_decode(t->session, &ctx, &res, &t->reports, &next, &more, &t->error);
    if (err)
        return over(t, err);
    dialect_request_fini(&t->next);
    t->next = next;
    t->asking = more;
    return more;
}

static void take_sample(struct trial *t, const struct trial_sample *s)
{
    char head[HEAD_MAX];
    (void)snprintf(head, sizeof head, "%s%s%s", s->content_type[0] ? "Content-Type: " : "", s->content_type,
                   s->content_type[0] ? "\r\n" : "");
    struct trial_answer a = {.status = s->status, .head = view_of(head), .body = buf_get(&s->body)};
    (void)trial_take(t, &a);
}

void trial_take_samples(struct trial *t)
{
    for (int i = 0; i < t->n_samples && t->asking; i++)
        take_sample(t, &t->samples[i]);
    struct view url = view_of(t->next.url);
    url = view_cut(&url, '?'); /* keys stand behind it */
    if (t->asking)
        (void)over(t, why_set(&t->error, ERR_MISSING, "",
                              "the dialect asks on (" VIEW_FMT "); give that answer as a further sample",
                              VIEW_ARG(url)));
}

/* ---- pushes */

static struct view find_pair(const struct trial_pair *pairs, int n, const char *name, bool any_case)
{
    for (int i = 0; i < n; i++) {
        if (any_case ? view_ieq(pairs[i].name, name) : view_is(pairs[i].name, name))
            return pairs[i].value;
    }
    return (struct view){0};
}

static struct view get_header(void *ctx, const char *name)
{
    const struct trial *t = ctx;
    struct view v = find_pair(t->headers, t->n_headers, name, true);
    return !v.p && view_ieq(view_of(name), "Content-Type") ? view_of(t->samples[0].content_type) : v;
}

static struct view get_query(void *ctx, const char *name)
{
    const struct trial *t = ctx;
    return find_pair(t->query, t->n_query, name, false);
}

static bool receive(struct trial *t)
{
    struct dialect_ctx ctx = ctx_of(t);
    const struct trial_sample *s = &t->samples[0];
    struct dialect_inbound in = {.method = t->method.n ? t->method : VIEW("POST"),
                                 .path = t->path.n ? t->path : VIEW("/"),
                                 .content_type = view_of(s->content_type),
                                 .body = buf_get(&s->body),
                                 .header = get_header,
                                 .query = get_query,
                                 .accessor = t};
    struct trial_answer a = {.body = in.body};
    (void)note(t, &a, in.content_type);
    return over(t, dialect_receive(t->session, &ctx, &in, &t->reports, &t->reply, &t->error));
}

/* ---- the whole */

/* A sample of a dialect that does both is read as an answer, unless it is said to be a push. */
static bool is_push(const struct trial *t)
{
    unsigned parts = dialect_parts(t->dialect);
    return !t->live && (parts & DIALECT_RECEIVE) && (t->push || !(parts & DIALECT_POLL));
}

/* One message by a mapping: what it would ask for besides (further pages, joins that are not given) is not
 * missed. */
static bool reads_alone(const struct trial *t)
{
    return t->n_samples == 1 && strcmp(t->feed.dialect, "generic") == 0;
}

bool trial_begin(struct trial *t, const struct dialects *ds)
{
    t->dialect = dialects_find(ds, t->feed.dialect);
    t->trace = dialect_trace_new();
    if (t->bare)
        return begin_bare(t);
    if (!t->dialect)
        return over(t,
                    why_set(&t->error, ERR_NOT_FOUND, "/dialect", "there is no dialect %s", t->feed.dialect));
    t->session = dialect_open(t->dialect, view_of(t->feed.params), &t->error);
    if (!t->session)
        return over(t, ERR_INVALID);
    t->push = is_push(t);
    if (t->push)
        return receive(t);
    t->asking = reads_alone(t);
    return t->asking || begin_poll(t);
}

const struct dialect_request *trial_request(const struct trial *t)
{
    return &t->next;
}

int trial_new(struct json *request, const struct json *base, int64_t now_ms, struct trial **out,
              struct why *why)
{
    struct trial *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) {
        json_free(request);
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    t->doc = request;
    t->now_ms = now_ms;
    report_list_init(&t->reports);
    dialect_request_init(&t->next);
    buf_init(&t->last, DIALECT_MAX_BODY);
    buf_init(&t->reply.body, 1);
    int err = trial_parse(t, base, why);
    if (err)
        trial_free(t);
    else
        *out = t;
    return err;
}

static void close_session(struct trial *t)
{
    dialect_trace_free(t->trace);
    t->trace = NULL;
    dialect_close(t->session);
    t->session = NULL;
}

void trial_end(struct trial *t)
{
    close_session(t);
}

void trial_free(struct trial *t)
{
    if (!t)
        return;
    close_session(t);
    for (int i = 0; i < t->n_samples; i++)
        buf_fini(&t->samples[i].body);
    for (int i = 0; i < t->n_sides; i++)
        buf_fini(&t->side_bytes[i]);
    dialect_request_fini(&t->next);
    dialect_reply_fini(&t->reply);
    report_list_fini(&t->reports);
    buf_fini(&t->last);
    free(t->lots);
    free(t->known);
    feed_fini(&t->feed);
    json_free(t->doc);
    free(t);
}

static int grow_lots(struct trial *t)
{
    size_t cap = t->cap_lots ? 2 * t->cap_lots : 16;
    struct trial_lot *lots = realloc(t->lots, cap * sizeof *lots);
    t->lots = lots ? lots : t->lots;
    struct dialect_lot *known = lots ? realloc(t->known, cap * sizeof *known) : NULL;
    t->known = known ? known : t->known;
    t->cap_lots = known ? cap : t->cap_lots;
    return known ? 0 : ERR_NOMEM;
}

int trial_know(struct trial *t, const struct lot *lot, const struct reading *held, int64_t interval_ms)
{
    if (t->n_lots == t->cap_lots && grow_lots(t))
        return ERR_NOMEM;
    struct trial_lot *l = &t->lots[t->n_lots];
    struct dialect_lot *k = &t->known[t->n_lots++];
    *l = (struct trial_lot){.lot = *lot, .held = *held, .interval_ms = interval_ms};
    memcpy(k->id, lot->id, sizeof k->id);
    memcpy(k->foreign, lot->foreign_id, sizeof k->foreign);
    return 0;
}

/* As the registry finds it: by the feed's name of the lot, else by parkd's. */
const struct trial_lot *trial_lot_of(const struct trial *t, const char *foreign)
{
    for (size_t i = 0; i < t->n_lots; i++) {
        if (strcmp(t->lots[i].lot.foreign_id, foreign) == 0)
            return &t->lots[i];
    }
    for (size_t i = 0; i < t->n_lots; i++) {
        if (strcmp(t->lots[i].lot.id, foreign) == 0)
            return &t->lots[i];
    }
    return NULL;
}

bool trial_is_live(const struct trial *t)
{
    return t->live;
}

const struct feed *trial_feed(const struct trial *t)
{
    return &t->feed;
}

int64_t trial_timeout_ms(const struct trial *t)
{
    return t->timeout_ms;
}
