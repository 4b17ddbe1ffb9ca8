/* SPDX-License-Identifier: MIT
 * Reading everything: at start, after every reconnect, and when the change feed was cut behind our reading
 * place.
 *
 * meta first (schema, number of partitions), then feeds, sinks and the end of the stream of registrations,
 * then the partitions, a few at a time: the end of the change feed, the set of lots, their registrations in
 * chunks, and only then the state, so that every state finds its lot. Where our memory turns out newer than
 * Redis (a lost tail, a failover), it is submitted again.
 *
 * Every request knows its run; replies of a run that was stopped are ignored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "store/store_impl.h"

#define WINDOW 32  /* partitions at a time */
#define CHUNK  512 /* registrations a command */

struct load {
    struct store *st;
    unsigned run; /* 0: none yet */
    bool running, creating;
    unsigned next_part, open_parts;
    size_t open;    /* replies to come */
    uint64_t *seen; /* by lot: the seq that Redis holds */
    size_t n_seen;
    int64_t started_ms;
};

struct request {
    struct load *l;
    unsigned run, part;
    char *ids; /* MGET: the lots, one a line */
};

struct load *load_new(struct store *st)
{
    struct load *l = calloc(1, sizeof *l);
    if (l)
        l->st = st;
    return l;
}

void load_free(struct load *l)
{
    if (l)
        free(l->seen);
    free(l);
}

bool load_running(const struct load *l)
{
    return l->running;
}

void load_stop(struct load *l)
{
    l->running = false; /* the next load begins the registry's reload anew */
}

static void load_failed(struct load *l, const char *what, struct view detail)
{
    char why[160]; /* no allocation: this may be told because there is no memory */
    int n = (int)(detail.n < 100 ? detail.n : 100);
    (void)snprintf(why, sizeof why, "%.40s%s%.*s", what, n ? ": " : "", n, n ? detail.p : "");
    store_unusable(l->st, why);
}

/* --- requests --- */

static void request_free(struct request *q)
{
    free(q->ids);
    free(q);
}

static void finish_if_done(struct load *l);

/* The request's load, if this reply still belongs to the running one and is good. */
static struct load *load_of(struct request *q, const struct reply *r, enum redis_error err)
{
    struct load *l = q->l;
    if (!l->running || q->run != l->run)
        return NULL;
    l->open--;
    if (!err)
        return l;
    if (err != RE_LOST)
        load_failed(l, "cannot be read", reply_text(r));
    return NULL;
}

/* Ends the command. Returns false when the load has failed by that. */
static bool request(struct load *l, struct redis_cmd *cmd, redis_reply_fn *fn, unsigned part, char *ids)
{
    struct request *q = calloc(1, sizeof *q);
    if (!q) {
        redis_cmd_fini(cmd);
        free(ids);
        load_failed(l, "out of memory", (struct view){NULL, 0});
        return false;
    }
    *q = (struct request){.l = l, .run = l->run, .part = part, .ids = ids};
    int rc = store_send_fini(l->st, cmd, fn, q);
    if (rc) {
        request_free(q);
        if (rc != ERR_AWAY) /* else the link tells its end by itself */
            load_failed(l, err_text(rc), (struct view){NULL, 0});
        return false;
    }
    l->open++;
    return true;
}

static bool request_key(struct load *l, const char *word, struct key key, redis_reply_fn *fn, unsigned part)
{
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, word);
    redis_cmd_key(&cmd, key);
    return request(l, &cmd, fn, part, NULL);
}

static void on_last_entry(void *ctx, const struct reply *r, enum redis_error err)
{
    struct request *q = ctx;
    struct load *l = load_of(q, r, err);
    if (l) {
        follow_from(l->st->follow, q->part, r);
        finish_if_done(l);
    }
    request_free(q);
}

static bool request_last_entry(struct load *l, unsigned stream)
{
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "XREVRANGE");
    redis_cmd_key(&cmd, follow_stream(l->st, stream));
    redis_cmd_str(&cmd, "+");
    redis_cmd_str(&cmd, "-");
    redis_cmd_str(&cmd, "COUNT");
    redis_cmd_str(&cmd, "1");
    return request(l, &cmd, on_last_entry, stream, NULL);
}

/* --- one partition --- */

static void mark_seen(struct load *l, uint32_t lot, uint64_t seq)
{
    if (lot >= l->n_seen) {
        size_t n = registry_size(l->st->reg);
        uint64_t *seen = realloc(l->seen, n * sizeof *seen);
        if (!seen)
            return; /* then it is submitted again, which harms nobody */
        memset(seen + l->n_seen, 0, (n - l->n_seen) * sizeof *seen);
        l->seen = seen;
        l->n_seen = n;
    }
    l->seen[lot] = seq;
}

static void take_state(struct load *l, struct view id, struct view text)
{
    struct reading r;
    uint32_t lot = registry_find(l->st->reg, id);
    if (lot == REGISTRY_NONE)
        return; /* removed while somebody still wrote */
    if (reading_decode(text, &r)) {
        log_error(STORE, "lot=" VIEW_FMT " its state in Redis cannot be read", VIEW_ARG(id));
        return;
    }
    mark_seen(l, lot, r.seq);
    registry_apply(l->st->reg, lot, &r);
}

static void start_parts(struct load *l);

static void on_state(void *ctx, const struct reply *r, enum redis_error err)
{
    struct request *q = ctx;
    struct load *l = load_of(q, r, err);
    request_free(q);
    if (!l)
        return;
    for (size_t i = 0; i + 1 < reply_n(r); i += 2)
        take_state(l, reply_text(reply_at(r, i)), reply_text(reply_at(r, i + 1)));
    l->open_parts--;
    start_parts(l);
    finish_if_done(l);
}

static void on_registrations(void *ctx, const struct reply *r, enum redis_error err)
{
    struct request *q = ctx;
    struct load *l = load_of(q, r, err);
    struct view ids = view_of(q->ids);
    for (size_t i = 0; l && ids.n && i < reply_n(r); i++) {
        struct view id = view_cut(&ids, '\n'), json;
        uint64_t version;
        if (docs_split(reply_text(reply_at(r, i)), &version, &json))
            docs_take(l->st->docs, NOUN_LOT, id, json, version);
    }
    request_free(q);
    if (l)
        finish_if_done(l);
}

/* One MGET of lots from..to of a reply of SMEMBERS. */
static bool request_chunk(struct load *l, unsigned part, const struct reply *members, size_t from, size_t to)
{
    struct store *st = l->st;
    struct redis_cmd cmd;
    struct buf ids;
    buf_init(&ids, CHUNK * 64);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "MGET");
    for (size_t i = from; i < to; i++) {
        struct view id = reply_text(reply_at(members, i));
        redis_cmd_key(&cmd, key_part_id(st->prefix, part, "reg", id));
        buf_view(&ids, id);
        buf_char(&ids, '\n');
    }
    char *lines = buf_take(&ids, NULL);
    buf_fini(&ids);
    if (lines)
        return request(l, &cmd, on_registrations, part, lines);
    redis_cmd_fini(&cmd);
    load_failed(l, "out of memory",
                (struct view){NULL, 0}); /* else none of these lots would seem to be there */
    return false;
}

static void on_members(void *ctx, const struct reply *r, enum redis_error err)
{
    struct request *q = ctx;
    struct load *l = load_of(q, r, err);
    unsigned part = q->part;
    request_free(q);
    if (!l)
        return;
    size_t n = reply_n(r);
    for (size_t from = 0; from < n; from += CHUNK) {
        if (!request_chunk(l, part, r, from, from + CHUNK < n ? from + CHUNK : n))
            return;
    }
    request_key(l, "HGETALL", key_part(l->st->prefix, part, "state"), on_state, part);
}

static void start_parts(struct load *l)
{
    struct store *st = l->st;
    while (l->running && l->next_part < st->partitions && l->open_parts < WINDOW) {
        unsigned part = l->next_part++;
        l->open_parts++;
        if (!request_last_entry(l, part) ||
            !request_key(l, "SMEMBERS", key_part(st->prefix, part, "lots"), on_members, part))
            return;
    }
}

/* --- the end --- */

/* Redis no longer holds these: keep them in memory and write them again, with a higher seq. */
static void resubmit(struct load *l, bool *left)
{
    struct store *st = l->st;
    for (uint32_t i = 0; i < registry_size(st->reg); i++) {
        const struct registry_lot *lot = registry_lot(st->reg, i);
        uint64_t seen = i < l->n_seen ? l->seen[i] : 0;
        if (lot->removed || lot->reading.seq <= seen)
            continue;
        struct reading own = lot->reading;
        if (left) {
            log_warn(STORE, "lot=%s seq=%llu redis_seq=%llu memory is newer, written again", lot->lot.id,
                     (unsigned long long)own.seq, (unsigned long long)seen);
            *left = updates_resubmit(st->updates, i, &own) != 0 || *left;
        } else {
            registry_apply(st->reg, i, &own); /* changes nothing, but counts as seen */
        }
    }
}

static void finish_if_done(struct load *l)
{
    struct store *st = l->st;
    bool left = false;
    if (!l->running || l->open || l->next_part < st->partitions || l->open_parts)
        return;
    resubmit(l, NULL);
    registry_reload_end(st->reg);
    docs_reload_end(st->docs);
    l->running = false;
    resubmit(l, &left);
    if (left)
        log_error(STORE, "not everything that Redis lost could be written again");
    log_info(STORE, "redis=%s loaded lots=%u partitions=%u ms=%lld", st->address, registry_count(st->reg),
             st->partitions, (long long)(clock_mono_ms(st->clock) - l->started_ms));
    store_loaded(st);
}

/* --- the beginning --- */

static void take_docs(struct load *l, enum noun noun, const struct reply *r)
{
    for (size_t i = 0; i + 1 < reply_n(r); i += 2) {
        struct view json;
        uint64_t version;
        if (docs_split(reply_text(reply_at(r, i + 1)), &version, &json))
            docs_take(l->st->docs, noun, reply_text(reply_at(r, i)), json, version);
    }
}

/* `part` of these requests carries the noun. */
static void on_docs(void *ctx, const struct reply *r, enum redis_error err)
{
    struct request *q = ctx;
    struct load *l = load_of(q, r, err);
    enum noun noun = (enum noun)q->part;
    request_free(q);
    if (!l)
        return;
    take_docs(l, noun, r);
    finish_if_done(l);
}

/* Lots come with their partitions. */
static bool read_docs(struct load *l)
{
    for (unsigned n = NOUN_LOT + 1; n < NOUN_N; n++) {
        if (!request_key(l, "HGETALL", key_global(l->st->prefix, noun_plural((enum noun)n)), on_docs, n))
            return false;
    }
    return true;
}

static void read_all(struct load *l)
{
    struct store *st = l->st;
    registry_reload_begin(st->reg);
    docs_reload_begin(st->docs);
    l->next_part = l->open_parts = 0;
    if (read_docs(l) && request_last_entry(l, st->partitions))
        start_parts(l);
}

static int64_t field(const struct reply *r, const char *name)
{
    for (size_t i = 0; i + 1 < reply_n(r); i += 2) {
        if (view_is(reply_text(reply_at(r, i)), name))
            return reply_int(reply_at(r, i + 1));
    }
    return 0;
}

static void on_meta(void *ctx, const struct reply *r, enum redis_error err);

/* Whoever comes first decides, as with the rest of meta. Secrets that another key sealed stay shut; all else
 * works, so parkd says it and goes on. */
static void check_mark(struct load *l, const struct reply *r)
{
    struct redis_cmd cmd;
    struct store *st = l->st;
    for (size_t i = 0; i + 1 < reply_n(r); i += 2) {
        if (!view_is(reply_text(reply_at(r, i)), "master_key"))
            continue;
        if (!view_is(reply_text(reply_at(r, i + 1)), st->key_mark))
            log_error(STORE,
                      "master_key=%s the secrets in Redis were sealed by another, " VIEW_FMT
                      ": give parkd that one's file",
                      st->key_mark, VIEW_ARG(reply_text(reply_at(r, i + 1))));
        return;
    }
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "HSETNX");
    redis_cmd_key(&cmd, key_global(st->prefix, "meta"));
    redis_cmd_str(&cmd, "master_key");
    redis_cmd_str(&cmd, st->key_mark);
    if (store_send_fini(st, &cmd, NULL, NULL))
        log_warn(STORE, "meta=unmarked");
}

static void create_meta(struct load *l)
{
    struct store *st = l->st;
    const struct {
        const char *name;
        int64_t value;
    } fields[] = {{"schema", STORE_SCHEMA_VERSION},
                  {"partitions", st->partitions},
                  {"created", clock_wall_ms(st->clock)}};
    struct redis_cmd cmd;
    l->creating = true;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        redis_cmd_init(&cmd);
        redis_cmd_str(&cmd, "HSETNX"); /* whoever comes first decides */
        redis_cmd_key(&cmd, key_global(st->prefix, "meta"));
        redis_cmd_str(&cmd, fields[i].name);
        redis_cmd_int(&cmd, fields[i].value);
        if (store_send_fini(st, &cmd, NULL, NULL))
            return;
    }
    request_key(l, "HGETALL", key_global(st->prefix, "meta"), on_meta, 0);
}

static void on_meta(void *ctx, const struct reply *r, enum redis_error err)
{
    struct request *q = ctx;
    struct load *l = load_of(q, r, err);
    int64_t schema = field(r, "schema"), partitions = field(r, "partitions"),
            restoring = field(r, "restoring");
    if (l && partitions && schema <= STORE_SCHEMA_VERSION && l->st->key_mark[0])
        check_mark(l, r);
    request_free(q);
    if (!l)
        return;
    if (restoring)
        load_failed(l, "a restore was interrupted here: run parkctl restore --replace again",
                    (struct view){NULL, 0});
    else if (!partitions && !l->creating)
        create_meta(l);
    else if (schema > STORE_SCHEMA_VERSION)
        load_failed(l, "the store was written by a newer parkd", (struct view){NULL, 0});
    else if (partitions < 1 || partitions > PARTITIONS_MAX)
        load_failed(l, "meta says no number of partitions that can be", (struct view){NULL, 0});
    else if (l->st->phase == PHASE_UP && partitions != l->st->partitions)
        redis_link_drop(l->st->link, "another store stands in its place"); /* first ends what is in flight */
    else if (!store_partitions(l->st, (unsigned)partitions))
        load_failed(l, "out of memory", (struct view){NULL, 0});
    else
        read_all(l);
}

void load_start(struct load *l)
{
    load_stop(l);
    l->run++;
    l->running = true;
    l->creating = false;
    l->open = 0;
    l->started_ms = clock_mono_ms(l->st->clock);
    if (l->n_seen)
        memset(l->seen, 0, l->n_seen * sizeof *l->seen);
    l->next_part = UINT32_MAX;
    request_key(l, "HGETALL", key_global(l->st->prefix, "meta"), on_meta, 0);
}
