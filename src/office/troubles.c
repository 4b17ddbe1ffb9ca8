/* SPDX-License-Identifier: MIT
 * What is bad now, read off the present state and never off events, so nothing is missed while another parkd
 * led; and the documents that follow from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "office/acceptance.h"
#include "office/incidents.h"
#include "parkd/base/log.h"

#define SINK_LATE_MS ((int64_t)300 * 1000)
#define OPEN_MOST    2000
#define KEEP_MS      ((int64_t)90 * 24 * 3600 * 1000)
#define TEXT_MAX     32768

/* Something that is bad now, or was a moment ago. */
struct trouble {
    char key[48]; /* kind and object */
    struct incident i;
    const struct doc *open;      /* of this round */
    int64_t bad_mono, good_mono; /* since when, as far as we saw it; 0 not */
    bool bad, seen, elsewhere;   /* elsewhere: another parkd serves it, and judges */
    UT_hash_handle hh;
};

/* The connected lots of one feed, counted in one pass a round. */
struct feed_lots {
    char feed[LOT_ID_SIZE];
    size_t all, silent;
    int64_t last_ms;
    bool excused,
        elsewhere; /* excused: the feed itself is bad, or off: its lots are no troubles of their own */
    UT_hash_handle hh;
};

struct troubles {
    struct office *o;
    struct trouble *all;
    struct feed_lots *feeds;
    int64_t grace_ms;
};

static int64_t mono(const struct troubles *n)
{
    return clock_mono_ms(n->o->clock);
}

/* --- what is bad --- */

/* NULL: there is none and `make` is false, or there are too many. */
static struct trouble *trouble_of(struct troubles *n, enum incident_kind kind, const char *object, bool make)
{
    struct trouble *t = NULL;
    char key[48];
    (void)snprintf(key, sizeof key, "%d:%.40s", kind, object);
    HASH_FIND_STR(n->all, key, t);
    if (t || !make || HASH_COUNT(n->all) >= OPEN_MOST || !(t = calloc(1, sizeof *t)))
        return t;
    memcpy(t->key, key, sizeof t->key);
    t->i.kind = kind;
    (void)snprintf(t->i.object, sizeof t->i.object, "%s", object);
    HASH_ADD_STR(n->all, key, t);
    if (t->hh.tbl)
        return t;
    free(t);
    return NULL;
}

/* now: without id; since_ms 0: not known. */
static void note(struct troubles *n, const struct incident *now, bool bad)
{
    struct trouble *t = trouble_of(n, now->kind, now->object, bad);
    if (!t)
        return;
    t->seen = true;
    t->bad = bad;
    if (!bad) {
        t->good_mono = t->good_mono ? t->good_mono : mono(n);
        t->bad_mono = 0;
        return;
    }
    int64_t since_ms = now->since_ms ? now->since_ms : t->i.since_ms;
    t->bad_mono = t->bad_mono ? t->bad_mono : mono(n);
    t->good_mono = 0;
    t->i = *now;
    t->i.since_ms = since_ms ? since_ms : clock_wall_ms(n->o->clock);
}

static void note_elsewhere(struct troubles *n, enum incident_kind kind, const char *object)
{
    struct trouble *t = trouble_of(n, kind, object, false);
    if (!t)
        return;
    t->seen = t->elsewhere = true;
    t->bad = false;
    t->bad_mono = t->good_mono = 0;
}

/* One that is missed when it is silent. Attendants go home at night: that is no incident, and their days are
 * counted otherwise. */
static const struct registry_lot *connected_at(const struct troubles *n, uint32_t i)
{
    const struct registry_lot *l = registry_lot(n->o->reg, i);
    bool missed = !l->removed && l->lot.stage == STAGE_CONNECTED && l->lot.feed[0] &&
                  strcmp(l->lot.feed, PEOPLE_FEED) != 0;
    return missed ? l : NULL;
}

static bool is_silent(const struct registry_lot *l)
{
    return l->reading.expired || !l->reading.seq;
}

static void count_lots(struct troubles *n)
{
    for (uint32_t i = 0; i < registry_size(n->o->reg); i++) {
        const struct registry_lot *l = connected_at(n, i);
        struct feed_lots *f = NULL;
        if (!l)
            continue;
        HASH_FIND_STR(n->feeds, l->lot.feed, f);
        if (!f) {
            if (!(f = calloc(1, sizeof *f)))
                return;
            (void)snprintf(f->feed, sizeof f->feed, "%s", l->lot.feed);
            HASH_ADD_STR(n->feeds, feed, f);
            if (!f->hh.tbl) {
                free(f);
                return;
            }
        }
        f->all++;
        f->silent += is_silent(l);
        f->last_ms = l->reading.observed_ms > f->last_ms ? l->reading.observed_ms : f->last_ms;
    }
}

static void fill(struct incident *i, enum incident_kind kind, const char *object, const char *owner,
                 const char *reason)
{
    *i = (struct incident){.kind = kind};
    (void)snprintf(i->object, sizeof i->object, "%s", object);
    (void)snprintf(i->owner, sizeof i->owner, "%s", owner);
    (void)snprintf(i->reason, sizeof i->reason, "%.150s", reason);
}

/* A feed that nobody misses, without connected lots or switched off, is not bad. */
static void look_at_feed(void *ctx, const struct office_party *p)
{
    struct troubles *n = ctx;
    struct feed_lots *f = NULL;
    struct incident i;
    HASH_FIND_STR(n->feeds, p->id, f);
    if (f)
        f->elsewhere = p->health == HEALTH_ELSEWHERE;
    if (p->health == HEALTH_ELSEWHERE) {
        note_elsewhere(n, INCIDENT_FEED, p->id);
        return;
    }
    bool missed = f && p->health != HEALTH_OFF,
         bad = missed && (p->health == HEALTH_BAD || f->silent == f->all);
    fill(&i, INCIDENT_FEED, p->id, p->owner, p->reason);
    i.http = p->http;
    i.lots = f ? f->all : 0;
    i.since_ms = p->health == HEALTH_BAD ? p->last_ok_ms : f ? f->last_ms : 0;
    note(n, &i, bad);
    if (f)
        f->excused = bad || p->health == HEALTH_OFF;
}

static void look_at_lots(struct troubles *n)
{
    for (uint32_t k = 0; k < registry_size(n->o->reg); k++) {
        const struct registry_lot *l = connected_at(n, k);
        struct feed_lots *f = NULL;
        struct incident i;
        if (!l)
            continue;
        HASH_FIND_STR(n->feeds, l->lot.feed, f);
        if (f && f->elsewhere) {
            note_elsewhere(n, INCIDENT_LOT, l->lot.id);
            continue;
        }
        fill(&i, INCIDENT_LOT, l->lot.id, l->lot.owner, "");
        (void)snprintf(i.name, sizeof i.name, "%s", l->lot.name);
        i.since_ms = l->reading.observed_ms;
        note(n, &i, f && !f->excused && is_silent(l));
    }
}

static void look_at_sink(void *ctx, const struct office_party *p)
{
    struct troubles *n = ctx;
    struct incident i;
    bool late = p->waiting_ms && clock_wall_ms(n->o->clock) - p->waiting_ms > SINK_LATE_MS;
    if (p->health == HEALTH_ELSEWHERE) {
        note_elsewhere(n, INCIDENT_SINK, p->id);
        return;
    }
    fill(&i, INCIDENT_SINK, p->id, "", p->reason);
    i.since_ms = p->last_ok_ms;
    note(n, &i, p->health == HEALTH_BAD || (p->health == HEALTH_GOOD && late));
}

static void forget_counts(struct troubles *n)
{
    struct feed_lots *f, *next;
    HASH_ITER(hh, n->feeds, f, next)
    {
        HASH_DEL(n->feeds, f);
        free(f);
    }
}

/* --- documents --- */

static void on_written(void *ctx, int err, uint64_t version)
{
    (void)ctx;
    (void)version;
    if (err && err != ERR_CONFLICT && err != ERR_NOT_FOUND)
        log_warn(OFFICE, "incident error=%s", err_name(err));
}

void incident_put(struct office *o, const struct incident *i, const struct doc *held, const char *channel,
                  bool end)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, TEXT_MAX);
    jw_init(&w, &b);
    incident_write(&w, i, held ? json_get(held->tree, "told") : NULL, channel, end);
    int rc = b.err ? b.err
                   : o->port.put(o->port.ctx, NOUN_INCIDENT, view_of(i->id), buf_get(&b),
                                 held ? held->version : UINT64_MAX, on_written, NULL);
    if (rc)
        on_written(NULL, rc, 0);
    buf_fini(&b);
}

static void incident_drop(struct office *o, const char *id)
{
    int rc = o->port.remove(o->port.ctx, NOUN_INCIDENT, view_of(id), on_written, NULL);
    if (rc)
        on_written(NULL, rc, 0);
}

/* Finds what is open of each; one whose object nobody speaks of any more ends as well. */
static void take_open(void *ctx, const struct doc *d)
{
    struct troubles *n = ctx;
    struct incident i;
    struct trouble *t = NULL;
    if (doc_int(d, "until_ms", 0) || !incident_read(d->tree, &i) ||
        !(t = trouble_of(n, i.kind, i.object, true)))
        return;
    if (t->open) { /* two parkd served it for a moment, and both opened one */
        incident_drop(n->o, d->id);
        return;
    }
    t->open = d;
    if (!t->seen && !t->good_mono)
        t->good_mono = mono(n);
}

static void settle(struct troubles *n, struct trouble *t)
{
    int64_t now = mono(n);
    struct incident over;
    if (t->elsewhere)
        return;
    if (t->bad && !t->open && now - t->bad_mono >= n->grace_ms) {
        if (random_id(t->i.id, 12) == 0)
            incident_put(n->o, &t->i, NULL, NULL, false);
    } else if (!t->bad && t->open && t->good_mono && now - t->good_mono >= RECOVERED_MS &&
               incident_read(t->open->tree, &over)) {
        over.until_ms = clock_wall_ms(n->o->clock);
        incident_put(n->o, &over, t->open, NULL, false);
    }
}

static void forget_gone(struct troubles *n)
{
    struct trouble *t, *next;
    HASH_ITER(hh, n->all, t, next)
    {
        if (!t->seen && t->bad) { /* the feed, sink or lot is no more: that ends it too */
            t->bad = false;
            t->bad_mono = 0;
            t->good_mono = mono(n);
        } else if (!t->seen && mono(n) - t->good_mono > 2 * RECOVERED_MS) {
            HASH_DEL(n->all, t);
            free(t);
        }
    }
}

static void purge_one(void *ctx, const struct doc *d)
{
    struct troubles *n = ctx;
    int64_t until = doc_int(d, "until_ms", 0);
    if (!until || clock_wall_ms(n->o->clock) - until < KEEP_MS)
        return;
    incident_drop(n->o, d->id);
}

void troubles_round(struct troubles *n, int64_t grace_ms)
{
    struct office *o = n->o;
    struct trouble *t, *next;
    n->grace_ms = grace_ms;
    for (t = n->all; t; t = t->hh.next) {
        t->seen = t->elsewhere = false;
        t->open = NULL;
    }
    count_lots(n);
    o->port.each_feed(o->port.ctx, look_at_feed, n);
    look_at_lots(n);
    o->port.each_sink(o->port.ctx, look_at_sink, n);
    forget_counts(n);
    doc_each(o, NOUN_INCIDENT, take_open, n);
    HASH_ITER(hh, n->all, t, next)
    {
        settle(n, t);
    }
    forget_gone(n);
    doc_each(o, NOUN_INCIDENT, purge_one, n);
}

struct troubles *troubles_new(struct office *o)
{
    struct troubles *n = calloc(1, sizeof *n);
    if (n)
        n->o = o;
    return n;
}

void troubles_free(struct troubles *n)
{
    struct trouble *t, *next;
    if (!n)
        return;
    HASH_ITER(hh, n->all, t, next)
    {
        HASH_DEL(n->all, t);
        free(t);
    }
    free(n);
}
