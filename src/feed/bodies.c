/* SPDX-License-Identifier: MIT
 * Keeps the last bodies of each feed: a list a feed, all of them in one list by age besides.
 */
#define HASH_NONFATAL_OOM 1

#include "parkd/feed/bodies.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>
#include <zlib.h>

#include "feed/redact.h"
#include "parkd/base/crypto.h"
#include "parkd/model/lot.h"
#include "parkd/net/loop.h"

#define ASIDE     (32 * 1024) /* larger ones go to the pool */
#define TINY      200         /* not worth compressing */
#define PER_S     2           /* bodies a second that a feed may have kept in the long run */
#define BURST     20
#define ASIDE_MAX 4    /* of one feed in the pool at a time */
#define TEXT_MAX  1024 /* of a path, query or topic */
#define GROWS     8    /* how much larger cleaning may make a text: a digit becomes a mask */

struct ring;

struct kept {
    struct kept *prev, *next;   /* of the feed, oldest first */
    struct kept *older, *newer; /* of all */
    struct ring *ring;
    uint64_t n;
    struct feed_body meta; /* its views point into `texts` */
    struct why why;
    struct buf texts;
    char *bytes; /* compressed when smaller than `size` */
    size_t n_bytes, size, raw_size;
    size_t weight; /* in memory, with everything */
    bool cut, cleaned;
};

struct ring {
    char feed[FEED_ID_SIZE];
    struct kept *list;
    size_t n_kept, bytes, text;     /* text: before compression */
    uint64_t newest, passed, given; /* newest: of those that stand here; given: the last number */
    uint64_t life;                  /* tells it from an earlier one of the same feed */
    int64_t credit, credit_ms;      /* thousandths of a body; when it was counted */
    int aside;                      /* in the pool now */
    UT_hash_handle hh;
};

struct bodies {
    struct loop *loop;
    struct ring *rings;
    struct kept *oldest;
    size_t bytes;
    uint64_t lives;
    int jobs;
    bool gone;
};

struct job {
    struct bodies *owner;
    char feed[FEED_ID_SIZE];
    uint64_t life;
    int keep;
    struct kept *k;
    char *raw;
    size_t n;
    int err;
};

struct bodies *bodies_new(struct loop *loop)
{
    struct bodies *b = calloc(1, sizeof *b);
    if (b)
        b->loop = loop;
    return b;
}

/* ---- lists */

static void kept_free(struct kept *k)
{
    if (!k)
        return;
    buf_fini(&k->texts);
    free(k->bytes);
    free(k);
}

static void forget(struct bodies *b, struct kept *k)
{
    struct ring *r = k->ring;
    DL_DELETE(r->list, k);
    DL_DELETE2(b->oldest, k, older, newer);
    r->n_kept--;
    r->bytes -= k->weight;
    r->text -= k->size;
    b->bytes -= k->weight;
    kept_free(k);
}

static void ring_free(struct bodies *b, struct ring *r)
{
    while (r->list)
        forget(b, r->list);
    HASH_DELETE(hh, b->rings, r);
    free(r);
}

static struct ring *ring_of(const struct bodies *b, struct view feed)
{
    struct ring *r = NULL;
    if (feed.n > 0 && feed.n < FEED_ID_SIZE)
        HASH_FIND(hh, b->rings, feed.p, feed.n, r);
    return r;
}

static struct ring *ring_new(struct bodies *b, const char *feed)
{
    struct ring *r = calloc(1, sizeof *r);
    if (!r || view_copy(view_of(feed), r->feed, sizeof r->feed)) {
        free(r);
        return NULL;
    }
    r->credit = BURST * 1000;
    r->life = ++b->lives;
    HASH_ADD_KEYPTR(hh, b->rings, r->feed, strlen(r->feed), r);
    if (ring_of(b, view_of(feed)) == r)
        return r;
    free(r);
    return NULL;
}

void bodies_free(struct bodies *b)
{
    if (!b)
        return;
    while (b->rings)
        ring_free(b, b->rings);
    b->gone = true;
    if (!b->jobs)
        free(b);
}

void bodies_drop(struct bodies *b, const char *feed)
{
    struct ring *r = ring_of(b, view_of(feed));
    if (r)
        ring_free(b, r);
}

static void add(struct bodies *b, struct ring *r, struct kept *k, int keep)
{
    struct kept *after = r->list ? r->list->prev : NULL;
    while (after && after->n > k->n) /* one that was in the pool for longer */
        after = after == r->list ? NULL : after->prev;
    k->ring = r;
    if (after)
        DL_APPEND_ELEM(r->list, after, k);
    else
        DL_PREPEND(r->list, k);
    if (k->n > r->newest)
        r->newest = k->n;
    DL_APPEND2(b->oldest, k, older, newer);
    r->n_kept++;
    k->weight = sizeof *k + k->texts.cap + k->n_bytes;
    r->bytes += k->weight;
    r->text += k->size;
    b->bytes += k->weight;
    while (r->list && (r->n_kept > (size_t)keep || r->bytes > BODIES_MAX_FEED || r->text > BODIES_MAX_TEXT))
        forget(b, r->list);
    while (b->bytes > BODIES_MAX_TOTAL)
        forget(b, b->oldest);
}

/* ---- one body */

/* Cleans and compresses: pure, in whichever thread. */
static int pack(struct kept *k, struct view raw)
{
    struct buf clean;
    size_t masked = 0;
    buf_init(&clean, GROWS * raw.n + 1024);
    int err = redact_body(k->meta.content_type, raw, &clean, &masked);
    uLongf n = compressBound(clean.n);
    k->cleaned = masked > 0;
    k->size = clean.n;
    if (!err && clean.n && !(k->bytes = malloc(n)))
        err = ERR_NOMEM;
    if (!err && clean.n) {
        bool smaller =
            clean.n >= TINY &&
            compress2((Bytef *)k->bytes, &n, (const Bytef *)clean.p, clean.n, Z_BEST_SPEED) == Z_OK &&
            n < clean.n;
        k->n_bytes = smaller ? n : clean.n;
        if (!smaller)
            memcpy(k->bytes, clean.p, clean.n);
        char *shrunk = realloc(k->bytes, k->n_bytes);
        k->bytes = shrunk ? shrunk : k->bytes;
    }
    buf_fini(&clean);
    return err;
}

/* The body as it was kept, in `held`. */
static int unpack(const struct kept *k, struct buf *held)
{
    uLongf n = k->size;
    if (k->n_bytes == k->size)
        return buf_put(held, k->bytes, k->size);
    char *p = malloc(k->size);
    int err = !p                                                                        ? ERR_NOMEM
              : uncompress((Bytef *)p, &n, (const Bytef *)k->bytes, k->n_bytes) == Z_OK ? buf_put(held, p, n)
                                                                                        : ERR_STATE;
    free(p);
    return err;
}

typedef int clean_fn(struct view text, struct buf *out);

static int clean_text(struct view text, struct buf *out)
{
    (void)redact_text(text, out);
    return out->err;
}

static size_t put_text(struct kept *k, struct view text, clean_fn *fn)
{
    size_t before = k->texts.n;
    if (text.n > TEXT_MAX)
        text.n = TEXT_MAX;
    if (text.n)
        (void)fn(text, &k->texts);
    return k->texts.n - before;
}

/* Everything but the bytes. The views are set when the texts no longer move. */
static struct kept *kept_new(const struct feed_body *body)
{
    struct kept *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->meta = *body;
    k->raw_size = body->body.n;
    buf_init(&k->texts, 8 * TEXT_MAX * GROWS);
    size_t n[5] = {put_text(k, body->content_type, clean_text), put_text(k, body->path, clean_text),
                   put_text(k, body->query, redact_query), put_text(k, body->topic, clean_text),
                   body->err && body->why ? put_text(k, view_of(body->why->text), clean_text) : 0};
    if (k->texts.err) {
        kept_free(k);
        return NULL;
    }
    struct view *views[4] = {&k->meta.content_type, &k->meta.path, &k->meta.query, &k->meta.topic};
    const char *p = k->texts.p ? k->texts.p : "";
    for (int i = 0; i < 4; p += n[i++])
        *views[i] = (struct view){n[i] ? p : NULL, n[i]};
    if (body->err)
        (void)why_set(&k->why, body->err, body->why ? body->why->at : "", VIEW_FMT, (int)n[4], n[4] ? p : "");
    k->meta.why = body->err ? &k->why : NULL;
    k->meta.body = (struct view){0};
    return k;
}

/* ---- keeping */

static void job_free(struct job *j)
{
    kept_free(j->k);
    free(j->raw);
    free(j);
}

static void on_work(void *data)
{
    struct job *j = data;
    j->err = pack(j->k, (struct view){j->raw, j->n});
}

static void on_done(void *data, bool cancelled)
{
    struct job *j = data;
    struct bodies *b = j->owner;
    struct ring *r = ring_of(b, view_of(j->feed)); /* NULL: the feed is gone, or all is */
    b->jobs--;
    if (r && r->life != j->life)
        r = NULL;
    if (r)
        r->aside--;
    if (r && !cancelled && !j->err) {
        add(b, r, j->k, j->keep);
        j->k = NULL;
    }
    job_free(j);
    if (b->gone && !b->jobs)
        free(b);
}

static struct job *job_new(struct bodies *b, const struct ring *r, int keep, struct view raw)
{
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    *j = (struct job){.owner = b, .life = r->life, .keep = keep, .n = raw.n, .raw = malloc(raw.n)};
    memcpy(j->feed, r->feed, sizeof j->feed);
    if (j->raw) {
        memcpy(j->raw, raw.p, raw.n);
        return j;
    }
    job_free(j);
    return NULL;
}

/* True: `k` was taken. */
static bool keep_aside(struct bodies *b, struct ring *r, int keep, struct kept *k, struct view raw)
{
    struct job *j = job_new(b, r, keep, raw);
    if (!j)
        return false;
    j->k = k;
    if (loop_work(b->loop, on_work, on_done, j)) {
        j->k = NULL;
        job_free(j);
        return false;
    }
    b->jobs++;
    r->aside++;
    return true;
}

/* Follow-ups belong to their first answer: they are kept with it, or a replay would miss them. */
static bool may_keep(struct ring *r, const struct feed_body *body)
{
    if (body->at_ms > r->credit_ms && r->credit_ms)
        r->credit += (body->at_ms - r->credit_ms) * PER_S;
    if (r->credit > BURST * 1000)
        r->credit = BURST * 1000;
    r->credit_ms = body->at_ms;
    if (r->aside >= ASIDE_MAX || (r->credit < 1000 && body->step < 2)) {
        r->passed++;
        return false;
    }
    r->credit -= r->credit < 1000 ? r->credit : 1000;
    return true;
}

void bodies_keep(struct bodies *b, const char *feed, int keep, const struct feed_body *body)
{
    struct ring *r = ring_of(b, view_of(feed));
    struct view raw = body->body;
    if (keep <= 0) {
        if (r)
            ring_free(b, r);
        return;
    }
    if ((!r && !(r = ring_new(b, feed))) || !may_keep(r, body))
        return;
    struct kept *k = kept_new(body);
    if (!k)
        return;
    k->n = ++r->given;
    k->cut = raw.n > BODIES_MAX_RAW;
    if (k->cut)
        raw.n = BODIES_MAX_RAW;
    if (raw.n > ASIDE && keep_aside(b, r, keep, k, raw))
        return;
    if (raw.n <= ASIDE && pack(k, raw) == 0)
        add(b, r, k, keep);
    else
        kept_free(k);
}

/* ---- looking */

int bodies_each(const struct bodies *b, struct view feed, uint64_t after,
                bool (*fn)(void *ctx, const struct kept_body *k), void *ctx)
{
    const struct ring *r = ring_of(b, feed);
    bool more = true;
    int err = r ? 0 : ERR_NOT_FOUND;
    for (const struct kept *k = r ? r->list : NULL; k && more && !err; k = k->next) {
        struct buf held;
        if (k->n <= after)
            continue;
        buf_init(&held, k->size + 16);
        err = unpack(k, &held);
        struct kept_body one = {k->n, k->meta, k->raw_size, k->cut, k->cleaned};
        one.body.body = buf_get(&held);
        if (!err)
            more = fn(ctx, &one);
        buf_fini(&held);
    }
    return err;
}

uint64_t bodies_newest(const struct bodies *b, struct view feed)
{
    const struct ring *r = ring_of(b, feed);
    return r ? r->newest : 0;
}

static void write_text(struct json_writer *w, const char *key, struct view v)
{
    if (v.n)
        jw_view(w, key, v);
    else
        jw_null(w, key);
}

static void write_bytes(struct json_writer *w, struct view bytes)
{
    struct buf text;
    if (view_is_utf8(bytes)) {
        jw_view(w, "body", bytes);
        return;
    }
    buf_init(&text, 2 * bytes.n + 16);
    if (base64_encode(&text, bytes) == 0)
        jw_view(w, "base64", buf_get(&text));
    buf_fini(&text);
}

static bool write_one(void *ctx, const struct kept_body *k)
{
    static const char *const kinds[] = {"poll", "push", "mqtt"};
    struct json_writer *w = ctx;
    jw_object(w, NULL);
    jw_int(w, "n", (int64_t)k->n);
    jw_time(w, "at", k->body.at_ms);
    jw_str(w, "kind", kinds[k->body.kind]);
    jw_int(w, "step", k->body.step);
    jw_int(w, "status", k->body.http_status);
    write_text(w, "content_type", k->body.content_type);
    write_text(w, "path", k->body.path);
    write_text(w, "query", k->body.query);
    write_text(w, "topic", k->body.topic);
    jw_int(w, "size", (int64_t)k->raw_size);
    jw_bool(w, "cut", k->cut);
    jw_bool(w, "cleaned", k->cleaned);
    jw_str(w, "error", k->body.why ? k->body.why->text : NULL);
    write_bytes(w, k->body.body);
    jw_end_object(w);
    return w->b->err == 0;
}

void bodies_write(const struct bodies *b, struct view feed, uint64_t after, struct json_writer *w)
{
    const struct ring *r = ring_of(b, feed);
    jw_int(w, "newest", r ? (int64_t)r->newest : 0);
    jw_int(w, "passed", r ? (int64_t)r->passed : 0);
    jw_array(w, "bodies");
    if (r && bodies_each(b, feed, after, write_one, w) && !w->b->err)
        w->b->err = ERR_NOMEM;
    jw_end_array(w);
}
