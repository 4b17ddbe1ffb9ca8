/* SPDX-License-Identifier: MIT
 * One call of the update script: up to 128 lots of one partition, built from what waits, and what its reply
 * means for each. update.lua tells the layout of arguments and reply.
 */
#include <stdlib.h>
#include <string.h>

#include "parkd/base/counters.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/log.h"
#include "parkd/model/series.h"
#include "parkd/net/timer.h"
#include "store/store_update.h"

#define KEYS_BEFORE_DAYS 3
#define RETRY_MS         50
#define HINT_TRIES       5
#define FEED_LENGTH_MAX  4096
#define FEED_LENGTH_MIN  256
#define FEED_RECORDS     16384 /* about so many records a partition's change feed keeps */
#define REPLY_FIELDS     4

/* Codes of the script, in its order. */
enum script_code { SCRIPT_OK, SCRIPT_TOUCH, SCRIPT_DUP, SCRIPT_OLD, SCRIPT_GONE, SCRIPT_RACE };

struct batch {
    struct store *st;
    unsigned part;
    size_t n;
    struct slot *v[STORE_BATCH];
};

struct build {
    struct store *st;
    struct redis_cmd keys, args;
    size_t n_keys;
    int64_t now_ms;
};

/* --- building --- */

static void put_samples(struct build *b, const struct update *up, struct view lot)
{
    struct redis_cmd three;
    char day[9] = "";
    size_t n = 0;
    redis_cmd_init(&three);
    for (size_t i = 0; i < up->n_samples; i++) {
        struct series_slot slot;
        const struct sample *s = &up->samples[i];
        bool held = s->free == SAMPLE_HELD;
        if (s->at_ms < b->now_ms - b->st->keep_days * DAY_MS || s->at_ms > b->now_ms + DAY_MS ||
            series_slot_of(s->at_ms, held ? 0 : s->free, &slot))
            continue;
        if (strcmp(day, slot.day) != 0) {
            memcpy(day, slot.day, sizeof day);
            redis_cmd_key(&b->keys, key_day(b->st->prefix, b->st->partitions, lot, day));
            b->n_keys++;
        }
        redis_cmd_uint(&three, b->n_keys);
        redis_cmd_uint(&three, slot.offset);
        redis_cmd_view(&three, (struct view){(const char *)slot.bytes, held ? 0 : sizeof slot.bytes});
        n++;
    }
    redis_cmd_uint(&b->args, n);
    redis_cmd_join(&b->args, &three);
    redis_cmd_fini(&three);
}

/* The cars of a run of hints, day by day in Beijing. Those that the held count has in it already passed all
 * the same. */
static void put_cars(struct build *b, const struct update *run, struct view lot)
{
    struct redis_cmd three;
    size_t n = 0;
    unsigned part = partition_of(lot, b->st->partitions);
    redis_cmd_init(&three);
    while (run) {
        char day[9], other[9];
        int64_t in = 0, out = 0;
        series_day_name(run->at_ms + BEIJING_MS, day);
        do {
            in += run->applied ? run->in : 0;
            out += run->applied ? run->out : 0;
            run = run->next;
            series_day_name(run ? run->at_ms + BEIJING_MS : 0, other);
        } while (run && strcmp(day, other) == 0);
        if (!in && !out)
            continue;
        redis_cmd_key(&b->keys, key_part_id(b->st->prefix, part, "cars", view_of(day)));
        redis_cmd_uint(&three, ++b->n_keys);
        redis_cmd_int(&three, in);
        redis_cmd_int(&three, out);
        n++;
    }
    redis_cmd_uint(&b->args, n);
    redis_cmd_join(&b->args, &three);
    redis_cmd_fini(&three);
}

/* The parts of the text form that the script puts together anew: from " rcv=" to the bar, and what is
 * visible. */
static int split_text(const struct reading *r, struct buf *text, struct view *head, struct view *visible)
{
    int rc = reading_encode(r, text);
    struct view all = buf_get(text);
    const char *rcv = all.n ? memmem(all.p, all.n, " rcv=", 5) : NULL;
    const char *bar = rcv ? memmem(rcv, all.n - (size_t)(rcv - all.p), " | ", 3) : NULL;
    if (!bar)
        return rc ? rc : ERR_INVALID;
    *head = (struct view){rcv, (size_t)(bar - rcv)};
    *visible = (struct view){bar + 3, all.n - (size_t)(bar + 3 - all.p)};
    return rc;
}

/* All arguments of one update, or none when the reading cannot be written down. */
static int put_update(struct build *b, const struct registry_lot *l, const struct update *up)
{
    static const char *const letters[] = {
        [UPDATE_SET] = "S", [UPDATE_BEAT] = "B", [UPDATE_HINT] = "C", [UPDATE_EXPIRE] = "C"};
    bool beat = up->op == UPDATE_BEAT;
    int64_t obs = beat ? up->at_ms : up->r.observed_ms;
    struct view head = VIEW(""), visible = VIEW("");
    struct buf text;
    buf_init(&text, READING_MAX_TEXT);
    int rc = beat ? 0 : split_text(&up->r, &text, &head, &visible);
    if (!rc) {
        redis_cmd_str(&b->args, letters[up->op]);
        redis_cmd_str(&b->args, l->lot.id);
        redis_cmd_uint(&b->args, l->reading.seq > up->known ? l->reading.seq : up->known);
        redis_cmd_uint(&b->args, up->want_seq);
        redis_cmd_int(&b->args, up->want_obs);
        redis_cmd_int(&b->args, beat || up->r.changed_ms < 0 ? 0 : up->r.changed_ms);
        redis_cmd_int(&b->args, obs < 0 ? 0 : obs);
        redis_cmd_uint(&b->args, beat ? 0 : up->r.source_seq);
        redis_cmd_view(&b->args, head);
        redis_cmd_view(&b->args, visible);
        put_samples(b, up, view_of(l->lot.id));
        put_cars(b, up->op == UPDATE_HINT ? up : NULL, view_of(l->lot.id));
    }
    buf_fini(&text);
    return rc;
}

/* Applies a run of hints, one after the other, to what is held. The first carries the result. */
static bool apply_hints(struct updates *u, const struct registry_lot *l, struct update *first)
{
    const struct store_events *ev = &u->st->ev;
    struct reading now = l->reading, next;
    bool any = false;
    first->n_samples = 0;
    first->want_seq = now.seq;
    first->want_obs = now.observed_ms;
    for (struct update *h = first; h && now.seq && ev->apply_hint; h = h->next) {
        h->applied = ev->apply_hint(ev->ctx, &l->lot, &now, h->out - h->in, h->at_ms, &next) == 0;
        if (!h->applied)
            continue;
        now = next;
        any = true;
        if (now.free != COUNT_NONE)
            update_sample(first, h->at_ms, now.free);
    }
    first->r = now;
    return any;
}

/* Moves what is to be written next from waiting to flying: one update, or all hints at the head. */
static void take_run(struct slot *s)
{
    struct update *last = s->head;
    s->flying = s->head;
    s->n--;
    while (last->op == UPDATE_HINT && last->next && last->next->op == UPDATE_HINT) {
        last = last->next;
        s->n--;
    }
    s->head = last->next;
    if (!s->head)
        s->tail = &s->head;
    last->next = NULL;
}

static void finish_run(struct updates *u, struct slot *s, const struct store_outcome *o)
{
    struct update *run = s->flying;
    s->flying = NULL;
    while (run) {
        struct update *next = run->next;
        update_finish(u, run, o);
        run = next;
    }
}

/* Adds what the slot flies to the call. False: there is nothing to send, and everybody knows. */
static bool put_slot(struct updates *u, struct build *b, struct slot *s)
{
    const struct registry_lot *l = registry_lot(u->st->reg, s->lot);
    struct store_outcome o = {.code = STORE_GONE, .seq = l->reading.seq};
    if (!l->removed && (s->flying->op != UPDATE_HINT || apply_hints(u, l, s->flying))) {
        int rc = put_update(b, l, s->flying);
        if (!rc)
            return true;
        log_error(STORE, "lot=%s error=%s not written: %s", l->lot.id, err_name(rc),
                  rc == ERR_NOMEM ? "out of memory" : "its reading breaks the rules of readings");
        o.code = STORE_REFUSED;
    }
    finish_run(u, s, &o);
    slot_queue(u, s);
    return false;
}

/* Takes slots out of the queue until the call is full. */
static void collect(struct updates *u, struct batch *bt, struct build *b)
{
    struct part *p = &u->parts[bt->part];
    while (p->first && bt->n < STORE_BATCH) {
        struct slot *s = p->first;
        p->first = s->next;
        if (!p->first)
            p->last = &p->first;
        s->queued = false;
        if (!s->head)
            continue; /* what waited there was taken out */
        take_run(s);
        if (put_slot(u, b, s))
            bt->v[bt->n++] = s;
    }
}

static int64_t feed_length(size_t lots)
{
    int64_t n = FEED_RECORDS / (int64_t)lots;
    return n < FEED_LENGTH_MIN ? FEED_LENGTH_MIN : n > FEED_LENGTH_MAX ? FEED_LENGTH_MAX : n;
}

static void on_batch(void *ctx, const struct reply *r, enum redis_error err);

static int send_built(struct batch *bt, struct build *b)
{
    struct store *st = bt->st;
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_eval(&cmd, &st->scripts[SCRIPT_UPDATE], b->n_keys);
    redis_cmd_join(&cmd, &b->keys);
    redis_cmd_int(&cmd, b->now_ms);
    redis_cmd_str(&cmd, st->instance);
    redis_cmd_int(&cmd, feed_length(bt->n));
    redis_cmd_int(&cmd, (st->keep_days + 1) * (DAY_MS / 1000));
    redis_cmd_uint(&cmd, bt->n);
    redis_cmd_join(&cmd, &b->args);
    return store_send_fini(st, &cmd, on_batch, bt);
}

static void put_keys(struct build *b, unsigned part)
{
    static const char *const kinds[KEYS_BEFORE_DAYS] = {"state", "changes", "changes:n"};
    for (; b->n_keys < KEYS_BEFORE_DAYS; b->n_keys++)
        redis_cmd_key(&b->keys, key_part(b->st->prefix, part, kinds[b->n_keys]));
}

/* Everything back to waiting; those who wanted an acknowledgement hear `code`. */
static void put_back(struct updates *u, struct batch *bt, enum store_code code)
{
    for (size_t i = 0; i < bt->n; i++) {
        for (struct update *up = bt->v[i]->flying; up; up = up->next)
            update_tell_acks(u->st, up, code);
        bt->v[i]->flying = updates_drop_told(u, bt->v[i]->flying);
        slot_requeue(u, bt->v[i]);
    }
}

static void give_up(struct updates *u, struct batch *bt)
{
    for (size_t i = 0; i < bt->n; i++) {
        finish_run(u, bt->v[i], &(struct store_outcome){.code = STORE_REFUSED});
        slot_queue(u, bt->v[i]);
    }
}

void batch_send(struct updates *u, unsigned part)
{
    struct store *st = u->st;
    struct part *p = &u->parts[part];
    if (!store_up(st) || p->flying || !p->first)
        return;
    struct build b = {.st = st, .now_ms = clock_wall_ms(st->clock)};
    struct batch *bt = calloc(1, sizeof *bt);
    if (!bt) {
        timer_arm(u->flush, RETRY_MS);
        return;
    }
    bt->st = st;
    bt->part = part;
    p->flying = bt; /* also keeps callbacks of `collect` from sending this partition again */
    redis_cmd_init(&b.keys);
    redis_cmd_init(&b.args);
    put_keys(&b, part);
    collect(u, bt, &b);
    int rc = bt->n ? send_built(bt, &b) : 0;
    redis_cmd_fini(&b.keys);
    redis_cmd_fini(&b.args);
    if (bt->n && !rc)
        return;
    p->flying = NULL;
    if (rc == ERR_AWAY || rc == ERR_FULL || rc == ERR_NOMEM)
        put_back(u, bt, STORE_AWAY);
    else if (rc)
        give_up(u, bt);
    free(bt);
    if (rc)
        timer_arm(u->flush, RETRY_MS);
}

/* --- reply --- */

static void apply(struct store *st, uint32_t lot, const struct reading *r)
{
    if (!registry_lot(st->reg, lot)->removed)
        (void)registry_apply(st->reg, lot, r);
}

/* A record that Redis sent; false if there is none that can be read. */
static bool apply_record(struct store *st, uint32_t lot, struct view text)
{
    struct reading r;
    if (!text.n || reading_decode(text, &r))
        return false;
    apply(st, lot, &r);
    return true;
}

struct answer {
    enum script_code code;
    uint64_t seq;
    int64_t changed_ms;
    struct view record;
};

static struct answer answer_at(const struct reply *r, size_t i)
{
    size_t f = i * REPLY_FIELDS;
    int64_t code = reply_int(reply_at(r, f));
    return (struct answer){.code =
                               code < SCRIPT_OK || code > SCRIPT_RACE ? SCRIPT_GONE : (enum script_code)code,
                           .seq = (uint64_t)reply_int(reply_at(r, f + 1)),
                           .changed_ms = reply_int(reply_at(r, f + 2)),
                           .record = reply_text(reply_at(r, f + 3))};
}

static void count(const struct answer *a)
{
    static const enum counter counters[] = {[SCRIPT_OK] = C_UPDATE_OK,
                                            [SCRIPT_TOUCH] = C_UPDATE_TOUCH,
                                            [SCRIPT_DUP] = C_UPDATE_DUP,
                                            [SCRIPT_OLD] = C_UPDATE_OLD,
                                            [SCRIPT_RACE] = C_UPDATE_RACE};
    if (a->code != SCRIPT_GONE)
        counter_add(counters[a->code], 1);
}

/* What Redis holds of the lot now goes to the registry. */
static void take_answer(struct store *st, struct slot *s, const struct answer *a)
{
    struct reading *r = &s->flying->r;
    bool ours = a->code == SCRIPT_OK || a->code == SCRIPT_TOUCH || a->code == SCRIPT_DUP;
    if (apply_record(st, s->lot, a->record) || !ours || s->flying->op == UPDATE_BEAT)
        return;
    r->seq = a->seq;
    r->changed_ms = a->changed_ms;
    apply(st, s->lot, r);
}

static void settle(struct updates *u, struct slot *s, const struct answer *a)
{
    static const enum store_code codes[] = {
        [SCRIPT_OK] = STORE_OK,   [SCRIPT_TOUCH] = STORE_TOUCH, [SCRIPT_DUP] = STORE_DUP,
        [SCRIPT_OLD] = STORE_OLD, [SCRIPT_GONE] = STORE_GONE,   [SCRIPT_RACE] = STORE_GONE};
    const struct store_outcome o = {.code = codes[a->code], .seq = a->seq};
    count(a);
    if (a->code == SCRIPT_OK && s->flying->op == UPDATE_EXPIRE)
        counter_add(C_EXPIRED, 1);
    take_answer(u->st, s, a);
    if (a->code == SCRIPT_RACE && s->flying->op == UPDATE_HINT && ++s->flying->tries < HINT_TRIES) {
        slot_requeue(u, s); /* computed anew from what the registry has by now */
        return;
    }
    finish_run(u, s, &o);
    slot_queue(u, s);
}

static void failed(struct updates *u, struct batch *bt, const struct reply *r, enum redis_error err)
{
    struct view text = reply_text(r);
    switch (err) {
    case RE_LOST:
        put_back(u, bt, STORE_UNCERTAIN);
        break;
    case RE_BLOCKED:
        put_back(u, bt, STORE_REFUSED);
        store_block(u->st, text);
        break;
    case RE_BUG:
    case RE_NONE:
        log_error(STORE, "partition=%u updates=%zu error=\"" VIEW_FMT "\"", bt->part, bt->n, VIEW_ARG(text));
        give_up(u, bt);
        break;
    default:
        put_back(u, bt, STORE_AWAY);
        break;
    }
    timer_arm(u->flush, RETRY_MS);
}

static void on_batch(void *ctx, const struct reply *r, enum redis_error err)
{
    struct batch *bt = ctx;
    struct updates *u = bt->st->updates;
    u->parts[bt->part].flying = NULL;
    if (err || reply_n(r) != bt->n * REPLY_FIELDS) {
        failed(u, bt, r, err);
    } else {
        for (size_t i = 0; i < bt->n; i++) {
            struct answer a = answer_at(r, i);
            settle(u, bt->v[i], &a);
        }
        batch_send(u, bt->part);
    }
    free(bt);
}
