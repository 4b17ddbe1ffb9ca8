/* SPDX-License-Identifier: MIT
 * Readers of the stream, what they asked for, and when they are woken.
 */
#include "api/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "api/event_ring.h"
#include "parkd/base/counters.h"
#include "parkd/base/crypto.h"
#include "parkd/base/iso8601.h"
#include "parkd/net/timer.h"

#define EVENT_MAX ((size_t)16 * 1024)
#define LINGER_MS 120000 /* events are kept on this long after the last reader left: it may come back */
#define RETRY_MS  5000
#define GREETING  192
#define COMMENT \
    48 /* bytes of a comment with the newest id, so that a quiet reader comes back to where it was */
#define CONFIRM_MIN 60000  /* how often a lot that is only confirmed is told: at most every minute … */
#define CONFIRM_MAX 300000 /* … at least well before its number runs out … */
#define CONFIRM_LOT 30     /* … and 33 a second over all lots */

struct reader {
    struct streams *owner;
    struct http_stream *http;
    uint64_t next; /* event … */
    size_t offset; /* … and how much of it is told */
    char greeting[GREETING];
    size_t greeting_n, greeted;
    bool cut, comment, due; /* a comment is due; something was added since it last took all */
    int64_t taken_ms;       /* mono: when it last took something */
    char *area;             /* NULL: any */
    uint32_t *lots;         /* NULL: all */
    size_t n_lots;
    struct reader *prev, *next_reader;
};

struct told {
    bool dirty;
    enum registry_event what;
    int64_t observed_ms;
};

struct streams {
    struct api *api;
    struct event_ring *ring;
    uint32_t epoch; /* of the ids: another parkd, or another life of this one, has another */
    struct timer *gather, *look;
    struct reader *readers;
    int n, max;
    int64_t gathered_ms, left_ms; /* mono: the last gathering; when the last reader left */
    struct told *told;
    uint32_t *dirty;
    uint32_t n_told, n_dirty;
    bool stopped;
};

static int64_t mono(const struct streams *s)
{
    return clock_mono_ms(s->api->clock);
}

/* --- what a reader gets --- */

static bool wants(const struct reader *r, uint32_t idx)
{
    if (r->area)
        return strcmp(registry_lot(r->owner->api->reg, idx)->lot.area, r->area) == 0;
    if (!r->lots)
        return true;
    for (size_t i = 0; i < r->n_lots; i++) {
        if (r->lots[i] == idx)
            return true;
    }
    return false;
}

static size_t give(char *dst, size_t max, const char *from, size_t n)
{
    size_t k = n < max ? n : max;
    memcpy(dst, from, k);
    return k;
}

/* The next event that it wants; NULL: it has them all. */
static const struct event *next_event(struct reader *r)
{
    const struct event_ring *ring = r->owner->ring;
    for (; r->next < event_ring_next(ring); r->next++) {
        const struct event *e = event_ring_at(ring, r->next);
        if (r->offset || wants(r, e->lot))
            return e;
    }
    return NULL;
}

static size_t give_events(struct reader *r, char *dst, size_t max)
{
    const struct event *e;
    size_t n = 0;
    while (n < max && (e = next_event(r)) != NULL) {
        size_t k = give(dst + n, max - n, e->bytes + r->offset, e->n - r->offset);
        n += k;
        r->offset += k;
        if (r->offset < e->n)
            break;
        r->offset = 0;
        r->next++;
    }
    return n;
}

static ssize_t on_read(void *ctx, char *dst, size_t max)
{
    struct reader *r = ctx;
    size_t n = 0;
    if (r->owner->stopped || !event_ring_has(r->owner->ring, r->next))
        return HTTP_STREAM_END;
    if (r->greeted < r->greeting_n) {
        n = give(dst, max, r->greeting + r->greeted, r->greeting_n - r->greeted);
        r->greeted += n;
    }
    n += give_events(r, dst + n, max - n);
    if (!n && r->comment && max >= COMMENT)
        n = (size_t)snprintf(dst, max, ":\nid: %08" PRIx32 "-%" PRIu64 "\n\n", r->owner->epoch, r->next - 1);
    r->comment = false;
    r->due = n > 0;
    if (n)
        r->taken_ms = mono(r->owner);
    return (ssize_t)n;
}

static void reader_free(struct reader *r)
{
    free(r->area);
    free(r->lots);
    free(r);
}

static void on_gone(void *ctx)
{
    struct reader *r = ctx;
    struct streams *s = r->owner;
    DL_DELETE2(s->readers, r, prev, next_reader);
    if (--s->n == 0)
        s->left_ms = mono(s);
    reader_free(r);
    api_unref(s->api);
}

/* --- what happens --- */

/* Does anybody listen, or may come back? When nobody does, changes are not kept, and ids of before are void.
 */
static bool anybody(struct streams *s)
{
    if (s->n || (s->left_ms && mono(s) - s->left_ms < LINGER_MS))
        return true;
    if (s->left_ms)
        event_ring_clear(s->ring);
    s->left_ms = 0;
    return false;
}

static int grow(struct streams *s, uint32_t idx)
{
    if (idx < s->n_told)
        return 0;
    uint32_t n = idx * 2 + 64;
    struct told *told = realloc(s->told, n * sizeof *told);
    if (told)
        s->told = told;
    uint32_t *dirty = told ? realloc(s->dirty, n * sizeof *dirty) : NULL;
    if (!dirty)
        return ERR_NOMEM;
    s->dirty = dirty;
    memset(s->told + s->n_told, 0, (n - s->n_told) * sizeof *told);
    s->n_told = n;
    return 0;
}

/* A lot that only goes on as it was is told before its number would run out for the readers. */
static bool confirmation_is_due(const struct streams *s, const struct registry_lot *l, const struct told *t)
{
    int64_t every = (int64_t)registry_count(s->api->reg) * CONFIRM_LOT;
    every = every < CONFIRM_MIN ? CONFIRM_MIN : every > CONFIRM_MAX ? CONFIRM_MAX : every;
    return l->reading.observed_ms - t->observed_ms >= every;
}

static void gather_soon(struct streams *s)
{
    int64_t since = mono(s) - s->gathered_ms;
    if (!timer_armed(s->gather))
        timer_arm(s->gather, since >= STREAM_GATHER_MS ? 0 : STREAM_GATHER_MS - since);
}

void streams_heard(struct streams *s, uint32_t idx, enum registry_event ev)
{
    const struct registry_lot *l = registry_lot(s->api->reg, idx);
    if (s->stopped || !anybody(s) || grow(s, idx))
        return;
    struct told *t = &s->told[idx];
    if (ev == REGISTRY_CONFIRMED && !confirmation_is_due(s, l, t))
        return;
    /* A registration is more than a number: who reads it asks for the whole lot. */
    if (!t->dirty || ev == REGISTRY_REMOVED || t->what == REGISTRY_CHANGED || t->what == REGISTRY_CONFIRMED)
        t->what = ev;
    if (!t->dirty)
        s->dirty[s->n_dirty++] = idx;
    t->dirty = true;
    gather_soon(s);
}

#define MOVING                                                                                        \
    (FIELD_BIT(F_ID) | FIELD_BIT(F_TOTAL) | FIELD_BIT(F_OPEN) | FIELD_BIT(F_FREE) |                   \
     FIELD_BIT(F_LAST_KNOWN) | FIELD_BIT(F_RAW_FREE) | FIELD_BIT(F_BAND) | FIELD_BIT(F_STATUS) |      \
     FIELD_BIT(F_OPEN_NOW) | FIELD_BIT(F_TREND) | FIELD_BIT(F_FRESHNESS) | FIELD_BIT(F_OBSERVED_AT) | \
     FIELD_BIT(F_CHANGED_AT) | FIELD_BIT(F_VALID_UNTIL) | FIELD_BIT(F_SEQ) | FIELD_BIT(F_QUALITY) |   \
     FIELD_BIT(F_CLASSES) | FIELD_BIT(F_ZONES))

static void write_event(struct streams *s, uint32_t idx, struct buf *b)
{
    const struct registry_lot *l = registry_lot(s->api->reg, idx);
    const struct call call = {.api = s->api};
    struct lot_view v = {.now_ms = api_now(s->api),
                         .distance_m = DISTANCE_NONE,
                         .fields = MOVING,
                         .outlook = call_outlook(&call, 0)};
    enum registry_event what = select_public(l) ? s->told[idx].what : REGISTRY_REMOVED;
    if (what == REGISTRY_REMOVED && select_public(l)) /* and there again meanwhile */
        what = REGISTRY_REGISTERED;
    const char *name = what == REGISTRY_REMOVED      ? "removed"
                       : what == REGISTRY_REGISTERED ? "registered"
                                                     : "lot";
    buf_clear(b);
    buf_printf(b, "id: %08" PRIx32 "-%" PRIu64 "\nevent: %s\ndata: ", s->epoch, event_ring_next(s->ring),
               name);
    if (what == REGISTRY_REMOVED || what == REGISTRY_REGISTERED)
        buf_printf(b, "{\"id\":\"%s\"}\n", l->lot.id);
    else if (render_lot(l, &v, b))
        return;
    buf_char(b, '\n');
    s->told[idx].observed_ms = l->reading.observed_ms;
}

static void cut(struct reader *r)
{
    if (!r->cut)
        counter_add(C_STREAM_CUT, 1);
    r->cut = true;
    http_stream_cut(r->http);
}

/* One that fell behind is closed; it need not be asked. */
static void wake(struct reader *r)
{
    if (!event_ring_has(r->owner->ring, r->next)) {
        cut(r);
        return;
    }
    if (!r->due && http_stream_waits(r->http))
        r->taken_ms = mono(r->owner);
    r->due = true;
    http_stream_wake(r->http);
}

/* Whom none of the new events concerns need not be woken, but has them behind it. */
static void wake_all(struct streams *s, uint64_t from)
{
    struct reader *r, *tmp;
    DL_FOREACH_SAFE2(s->readers, r, tmp, next_reader)
    {
        bool any = !event_ring_has(s->ring, from);
        for (uint64_t id = from; !any && id < event_ring_next(s->ring); id++)
            any = wants(r, event_ring_at(s->ring, id)->lot);
        if (any || !http_stream_waits(r->http))
            wake(r);
        else
            r->next = event_ring_next(s->ring);
    }
}

static void on_gather(void *ctx)
{
    struct streams *s = ctx;
    struct buf b;
    uint64_t from = event_ring_next(s->ring);
    buf_init(&b, EVENT_MAX);
    for (uint32_t i = 0; i < s->n_dirty; i++) {
        write_event(s, s->dirty[i], &b);
        event_ring_add(s->ring, s->dirty[i], buf_get(&b));
        counter_add(C_STREAM_EVENTS, 1);
        s->told[s->dirty[i]].dirty = false;
    }
    buf_fini(&b);
    s->n_dirty = 0;
    s->gathered_ms = mono(s);
    wake_all(s, from);
}

/* Comments for the quiet, an end for the stuck and for who has gone: a page that was closed must not keep
 * another one out. */
static void on_look(void *ctx)
{
    struct streams *s = ctx;
    struct reader *r, *tmp;
    int64_t now = mono(s);
    timer_arm(s->look, STREAM_LOOK_MS);
    (void)anybody(s);
    DL_FOREACH_SAFE2(s->readers, r, tmp, next_reader)
    {
        if (http_stream_left(r->http)) {
            r->cut = true;
            http_stream_cut(r->http);
        } else if (r->due && !http_stream_waits(r->http) && now - r->taken_ms >= STREAM_STUCK_MS) {
            cut(r);
        } else if (now - r->taken_ms >= STREAM_COMMENT_MS - STREAM_LOOK_MS) {
            r->comment = true;
            wake(r);
        }
    }
}

/* --- coming and going --- */

struct streams *streams_new(struct api *a, int max_readers)
{
    struct streams *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->api = a;
    s->max = max_readers;
    s->ring = event_ring_new();
    s->gather = timer_new(a->loop, on_gather, s);
    s->look = timer_new(a->loop, on_look, s);
    if (!s->ring || !s->gather || !s->look || crypto_random(&s->epoch, sizeof s->epoch)) {
        streams_free(s);
        return NULL;
    }
    timer_arm(s->look, STREAM_LOOK_MS);
    return s;
}

void streams_stop(struct streams *s)
{
    s->stopped = true;
    timer_free(s->gather);
    timer_free(s->look);
    s->gather = s->look = NULL;
}

void streams_free(struct streams *s)
{
    if (!s)
        return;
    streams_stop(s);
    event_ring_free(s->ring);
    free(s->told);
    free(s->dirty);
    free(s);
}

int streams_count(const struct streams *s)
{
    return s->n;
}

static void greet(struct reader *r, struct view last_id)
{
    struct streams *s = r->owner;
    char now[ISO8601_SIZE];
    unsigned char jitter = 0;
    (void)!crypto_random(&jitter, 1);
    bool known = event_ring_after(s->ring, s->epoch, last_id, &r->next);
    if (!known)
        r->next = event_ring_next(s->ring);
    int n = snprintf(r->greeting, sizeof r->greeting, "retry: %d\n", RETRY_MS + jitter * 8);
    if (known)
        n += snprintf(r->greeting + n, sizeof r->greeting - (size_t)n, "\n");
    else
        n += snprintf(r->greeting + n, sizeof r->greeting - (size_t)n,
                      "id: %08" PRIx32 "-%" PRIu64 "\nevent: %s\ndata: {\"as_of\":\"%s\"}\n\n", s->epoch,
                      r->next - 1, last_id.n ? "reset" : "ready", iso8601_format(api_now(s->api), now));
    r->greeting_n = (size_t)n;
}

static int take_lots(struct reader *r, struct view list, struct why *why)
{
    r->lots = calloc(STREAM_LOTS_MAX, sizeof *r->lots);
    if (!r->lots)
        return why_set(why, ERR_NOMEM, "", "out of memory");
    while (list.p) {
        struct view id = view_cut(&list, ',');
        uint32_t idx = registry_find(r->owner->api->reg, id);
        if (idx == REGISTRY_NONE || !select_public(registry_lot(r->owner->api->reg, idx)))
            return why_set(why, ERR_INVALID, "lots", "no lot has the id \"" VIEW_FMT "\"", VIEW_ARG(id));
        if (r->n_lots == STREAM_LOTS_MAX)
            return why_set(why, ERR_TOO_BIG, "lots", "at most %d ids", STREAM_LOTS_MAX);
        r->lots[r->n_lots++] = idx;
    }
    return 0;
}

static int take_filter(struct reader *r, const struct call *c, struct why *why)
{
    struct query q;
    struct view lots, area;
    call_query(c, &q);
    int err = query_stream(&q, &lots, &area, why);
    if (!err && lots.p && area.p)
        err = why_set(why, ERR_INVALID, "area", "either lots or area");
    if (!err && lots.p)
        err = take_lots(r, lots, why);
    if (!err && area.p && !(r->area = view_dup(area)))
        err = why_set(why, ERR_NOMEM, "", "out of memory");
    return err;
}

static void begin(struct reader *r, const struct call *c)
{
    struct streams *s = r->owner;
    struct reply_head head;
    const struct http_stream_source source = {r, on_read, on_gone};
    struct reply reply = {.status = 200, .type = "text/event-stream", .cache_control = "no-cache"};
    reply_header(&reply, "X-Accel-Buffering", "no");
    struct http_answer a = reply_answer_head(&head, c, &reply);
    api_ref(s->api);
    s->n++;
    DL_APPEND2(s->readers, r, prev, next_reader);
    r->taken_ms = mono(s);
    r->due = true;
    r->http = http_answer_stream(c->req, &a, &source);
    if (!r->http)
        on_gone(r);
}

void stream_handle(const struct call *c)
{
    struct streams *s = c->api->streams;
    struct reader *r = s->n < s->max ? calloc(1, sizeof *r) : NULL;
    struct why why = {0};
    if (!r) {
        reply_wait(c, PROBLEM_FULL, RETRY_MS / 1000,
                   "as many read the stream as may; ask for /v1/lots instead");
        return;
    }
    r->owner = s;
    (void)anybody(s);
    int err = take_filter(r, c, &why);
    if (err) {
        reply_why(c, err == ERR_NOMEM ? PROBLEM_INTERNAL : PROBLEM_PARAMETER, &why);
        reader_free(r);
        return;
    }
    greet(r, http_header(c->req, "Last-Event-ID"));
    begin(r, c);
}
