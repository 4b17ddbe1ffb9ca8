/* SPDX-License-Identifier: MIT
 * Tells people once of what began and of what ended.
 *
 * Incidents that a channel has not heard of wait GROUP_MS for others and go out together; in quiet hours they
 * wait for the morning; a channel gets a message a minute at most. A message is repeated until it is taken,
 * and what was told is written down behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/incidents.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"
#include "parkd/net/timer.h"

#define TICK_MS      1000
#define GRACE_S      120
#define GROUP_S      10
#define PACE_S       60
#define FETCH_MS     10000
#define BACKOFF_MS   30000
#define BACKOFF_MAX  600000
#define MESSAGE_MOST 200 /* incidents of one message */
#define TEXT_MAX     32768
#define LATE_MS      ((int64_t)48 * 3600 * 1000) /* nobody wants to hear of an end that long ago */
#define RULES_DOC    "telling"

struct outbox {
    char id[LOT_ID_SIZE]; /* of the channel */
    struct notifier *n;
    struct fetch *op;
    struct channel channel;
    char incidents[MESSAGE_MOST][LOT_ID_SIZE];
    size_t n_incidents;
    bool end, taken; /* taken: it heard of these incidents, which is not written down yet */
    int failures;
    int64_t not_before; /* monotonic */
    char error[160];
    int64_t last_ms; /* wall clock of the last one taken */
    UT_hash_handle hh;
};

struct telling_rules {
    int64_t grace_ms, group_ms, pace_ms;
};

struct notifier {
    struct office *o;
    struct timer *timer;
    struct troubles *troubles;
    struct outbox *boxes;
    struct telling_rules rules;
};

static int64_t mono(const struct notifier *n)
{
    return clock_mono_ms(n->o->clock);
}

/* --- rules --- */

static int rules_read(const struct json *j, struct telling_rules *out, struct why *why)
{
    static const char *const known[] = {"grace_s", "group_s", "pace_s", NULL};
    int64_t grace = GRACE_S, group = GROUP_S, pace = PACE_S;
    int err = json_only(j, known, why);
    err = err ? err : json_want_int(j, "grace_s", 0, 86400, &grace, why);
    err = err ? err : json_want_int(j, "group_s", 0, 3600, &group, why);
    err = err ? err : json_want_int(j, "pace_s", 0, 86400, &pace, why);
    *out = (struct telling_rules){grace * 1000, group * 1000, pace * 1000};
    return err;
}

static void rules_now(struct notifier *n)
{
    const struct doc *d = doc_find(n->o, NOUN_RULES, VIEW(RULES_DOC));
    if (!d || rules_read(d->tree, &n->rules, NULL))
        n->rules = (struct telling_rules){GRACE_S * 1000, GROUP_S * 1000, PACE_S * 1000};
}

/* --- telling --- */

static bool concerns(const struct channel *c, const struct incident *i)
{
    return !c->audience[0] || strcmp(c->audience, "office") == 0 || strcmp(c->audience, i->owner) == 0;
}

struct gathering {
    struct outbox *box;
    struct incident *v;
    size_t n;
    bool end;
    int64_t now, oldest_ms;
};

/* A beginning that nobody heard of is not worth telling when it is over. */
static void gather(void *ctx, const struct doc *d)
{
    struct gathering *g = ctx;
    const char *id = g->box->id;
    struct incident i;
    bool over = doc_int(d, "until_ms", 0) > 0;
    if (over != g->end || (over && g->now - (int64_t)d->version > LATE_MS) || !incident_read(d->tree, &i) ||
        !concerns(&g->box->channel, &i) || g->n == MESSAGE_MOST)
        return;
    bool begun = incident_told(d->tree, id, false), ended = incident_told(d->tree, id, true);
    if (g->end ? !begun || ended : begun)
        return;
    int64_t at = g->end ? i.until_ms : (int64_t)(d->version); /* versions are Redis' milliseconds */
    g->oldest_ms = !g->n || at < g->oldest_ms ? at : g->oldest_ms;
    g->v[g->n++] = i;
}

static void message_id(const struct outbox *box, const struct incident *v, size_t n, char dst[40])
{
    uint64_t h = 1469598103934665603U; /* FNV-1a over who, what and which */
    for (const char *p = box->id; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211U;
    for (size_t k = 0; k < n; k++)
        for (const char *p = v[k].id; *p; p++)
            h = (h ^ (unsigned char)*p) * 1099511628211U;
    (void)snprintf(dst, 40, "msg_%s_%016llx", box->end ? "end" : "begin", (unsigned long long)h);
}

/* Two channels may want the same document at the same moment: who comes second writes again with the next
 * round. True: all is written. */
static bool remember(struct outbox *box)
{
    size_t missing = 0;
    for (size_t k = 0; k < box->n_incidents; k++) {
        const struct doc *d = doc_find(box->n->o, NOUN_INCIDENT, view_of(box->incidents[k]));
        struct incident i;
        if (!d || !incident_read(d->tree, &i) || incident_told(d->tree, box->id, box->end))
            continue;
        missing++;
        incident_put(box->n->o, &i, d, box->id, box->end);
    }
    box->taken = missing > 0;
    return missing == 0;
}

static void on_sent(void *ctx, const struct fetch_result *res)
{
    struct outbox *box = ctx;
    box->op = NULL;
    if (!res->err && channel_took(&box->channel, res->status, res->body)) {
        box->failures = 0;
        box->error[0] = 0;
        box->last_ms = clock_wall_ms(box->n->o->clock);
        box->not_before = mono(box->n) + box->n->rules.pace_ms;
        box->taken = true;
        (void)remember(box);
        return;
    }
    int64_t wait = (int64_t)BACKOFF_MS << (box->failures < 5 ? box->failures : 5);
    box->failures++;
    box->not_before = mono(box->n) + (wait < BACKOFF_MAX ? wait : BACKOFF_MAX);
    if (res->err)
        (void)snprintf(box->error, sizeof box->error, "%.150s", res->detail);
    else
        (void)snprintf(box->error, sizeof box->error, "HTTP %d " VIEW_FMT, res->status,
                       (int)(res->body.n < 100 ? res->body.n : 100), res->body.p ? res->body.p : "");
    log_warn(OFFICE, "channel=%s failures=%d reason=\"%s\"", box->id, box->failures, box->error);
}

static int start(struct outbox *box, const struct message *m)
{
    struct office *o = box->n->o;
    struct channel_request r;
    struct why why = {0};
    int rc = channel_request_make(&box->channel, m, clock_wall_ms(o->clock), &r);
    if (!rc) {
        const struct fetch_request q = {.url = buf_get(&r.url),
                                        .headers = r.headers,
                                        .n_headers = r.n_headers,
                                        .body = buf_get(&r.body),
                                        .timeout_ms = FETCH_MS};
        box->op = fetch_start(o->port.fetcher, &q, on_sent, box, &why);
        rc = box->op ? 0 : ERR_INVALID;
    }
    channel_request_fini(&r);
    return rc;
}

static void write_incidents(const struct incident *v, size_t n, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w, NULL);
    for (size_t k = 0; k < n; k++)
        incident_write(&w, &v[k], NULL, NULL, false);
    jw_end_array(&w);
}

static int send(struct outbox *box, const struct incident *v, size_t n)
{
    struct buf zh, en, list;
    char id[40];
    const char *district = box->n->o->conf.district_name;
    buf_init(&zh, TEXT_MAX);
    buf_init(&en, TEXT_MAX);
    buf_init(&list, 4 * TEXT_MAX);
    incident_message(v, n, box->end, true, district, &zh);
    incident_message(v, n, box->end, false, district, &en);
    write_incidents(v, n, &list);
    message_id(box, v, n, id);
    for (size_t k = 0; k < n; k++)
        memcpy(box->incidents[k], v[k].id, sizeof box->incidents[k]);
    box->n_incidents = n;
    int rc = start(box, &(struct message){id, buf_get(&zh), buf_get(&en), buf_get(&list)});
    buf_fini(&zh);
    buf_fini(&en);
    buf_fini(&list);
    return rc;
}

static struct outbox *box_of(struct notifier *n, const char *id)
{
    struct outbox *box = NULL;
    HASH_FIND_STR(n->boxes, id, box);
    if (box || !(box = calloc(1, sizeof *box)))
        return box;
    box->n = n;
    (void)snprintf(box->id, sizeof box->id, "%s", id);
    HASH_ADD_STR(n->boxes, id, box);
    if (box->hh.tbl)
        return box;
    free(box);
    return NULL;
}

static void tell(void *ctx, const struct doc *d)
{
    struct notifier *n = ctx;
    struct outbox *box = box_of(n, d->id);
    int64_t now = clock_wall_ms(n->o->clock);
    if (!box || box->op || (box->taken && !remember(box)) || mono(n) < box->not_before ||
        channel_parse(d->tree, &box->channel, NULL) || !box->channel.enabled ||
        channel_is_quiet(&box->channel, now))
        return;
    struct gathering g = {.box = box, .now = now, .v = calloc(MESSAGE_MOST, sizeof *g.v)};
    for (int end = 0; g.v && end < 2 && !box->op; end++) {
        g.n = 0;
        g.end = box->end = end == 1;
        doc_each(n->o, NOUN_INCIDENT, gather, &g);
        if (g.n && now - g.oldest_ms >= n->rules.group_ms && send(box, g.v, g.n))
            box->not_before = mono(n) + BACKOFF_MS;
    }
    free(g.v);
}

/* --- the round --- */

static void on_tick(void *ctx)
{
    struct notifier *n = ctx;
    struct office *o = n->o;
    timer_arm(n->timer, TICK_MS);
    if (!o->port.store_up(o->port.ctx))
        return;
    rules_now(n);
    troubles_round(n->troubles, n->rules.grace_ms);
    if (o->port.leads(o->port.ctx))
        doc_each(o, NOUN_CHANNEL, tell, n);
}

const char *notifier_error(const struct office *o, const char *channel, int64_t *last_ms)
{
    struct outbox *box = NULL;
    HASH_FIND_STR(o->notifier->boxes, channel, box);
    *last_ms = box ? box->last_ms : 0;
    return box ? box->error : "";
}

void office_telling_rules_put(struct call *c)
{
    struct telling_rules r;
    struct json *doc = NULL;
    struct why why = {0};
    struct buf b;
    int rc = c->r.body.n > 1024 ? why_set(&why, ERR_TOO_BIG, "", "rules have at most 1 KiB")
                                : json_parse(c->r.body, &doc, &why);
    rc = rc ? rc : rules_read(doc, &r, &why);
    json_free(doc);
    if (rc) {
        call_why(c, rc, &why);
        return;
    }
    buf_init(&b, 1024);
    buf_view(&b, c->r.body);
    call_put(c, NOUN_RULES, VIEW(RULES_DOC), &b, 0);
}

/* --- the part --- */

static int make(struct office *o, struct why *why)
{
    struct notifier *n = calloc(1, sizeof *n);
    o->notifier = n;
    if (!n || !(n->timer = timer_new(o->loop, on_tick, n)) || !(n->troubles = troubles_new(o)))
        return why_set(why, ERR_NOMEM, "", "out of memory");
    n->o = o;
    return 0;
}

static void loaded(struct office *o)
{
    timer_arm(o->notifier->timer, TICK_MS);
}

static void stop(struct office *o)
{
    if (!o->notifier)
        return;
    timer_free(o->notifier->timer);
    o->notifier->timer = NULL;
    for (struct outbox *box = o->notifier->boxes; box; box = box->hh.next) {
        fetch_cancel(box->op);
        box->op = NULL;
    }
}

static void release(struct office *o)
{
    struct outbox *box, *b;
    if (!o->notifier)
        return;
    HASH_ITER(hh, o->notifier->boxes, box, b)
    {
        HASH_DEL(o->notifier->boxes, box);
        free(box);
    }
    troubles_free(o->notifier->troubles);
    free(o->notifier);
}

const struct office_part part_notifier = {.make = make, .loaded = loaded, .stop = stop, .release = release};
