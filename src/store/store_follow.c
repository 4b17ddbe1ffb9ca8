/* SPDX-License-Identifier: MIT
 * Following what other instances write: one blocking XREAD over the stream of registrations and all change
 * feeds, on a connection of its own. Entries are numbered ("n") by whoever writes them; a gap means that the
 * feed was trimmed behind our place, and everything is loaded again. Our own entries ("by") are skipped:
 * their results came as replies.
 */
#include <stdlib.h>
#include <string.h>

#include "parkd/base/log.h"
#include "parkd/net/timer.h"
#include "store/store_impl.h"

#define BLOCK_MS        5000
#define COUNT           128 /* entries of a stream in one read */
#define PAUSE_MS        10  /* between reads that did not fill up: several entries for the price of one */
#define ALONE_PAUSE_MS  250 /* the same while nobody else writes: most of what comes is our own */
#define TROUBLE_MS      1000
#define RELOAD_EVERY_MS 10000 /* for a change of a lot that we do not know */

struct place {
    struct key stream;
    char id[40]; /* of the last entry that was read */
    uint64_t n;  /* its number; 0: not known */
};

struct follow {
    struct store *st;
    struct place *places; /* by partition; the last one is the stream of registrations */
    unsigned n_places;
    struct timer *timer;
    bool reading; /* an XREAD is in flight */
    bool alone;   /* the last read held nothing but our own entries */
    int64_t reloaded_ms;
};

static void read_on(void *ctx)
{
    follow_start(ctx);
}

struct follow *follow_new(struct store *st)
{
    struct follow *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->st = st;
    if (!(f->timer = timer_new(st->loop, read_on, f))) {
        free(f);
        return NULL;
    }
    return f;
}

void follow_free(struct follow *f)
{
    if (!f)
        return;
    timer_free(f->timer);
    free(f->places);
    free(f);
}

int follow_partitions(struct follow *f, unsigned n)
{
    struct place *places = calloc(n + 1u, sizeof *places);
    if (!places)
        return ERR_NOMEM;
    free(f->places);
    f->places = places;
    f->n_places = n + 1;
    for (unsigned i = 0; i <= n; i++) {
        memcpy(places[i].id, "0-0", 4);
        places[i].stream = follow_stream(f->st, i);
    }
    return 0;
}

struct key follow_stream(const struct store *st, unsigned stream)
{
    return stream < st->partitions ? key_part(st->prefix, stream, "changes")
                                   : key_global(st->prefix, "registrations");
}

/* --- entries: [id, [by, <instance>, n, <number>, …]] --- */

static struct view entry_field(const struct reply *entry, size_t i)
{
    return reply_text(reply_at(reply_at(entry, 1), i));
}

static uint64_t entry_number(const struct reply *entry)
{
    int64_t n = 0;
    return view_to_int(entry_field(entry, 3), 0, INT64_MAX, &n) ? 0 : (uint64_t)n;
}

static void move_to(struct place *p, const struct reply *entry)
{
    if (view_copy(reply_text(reply_at(entry, 0)), p->id, sizeof p->id))
        memcpy(p->id, "0-0", 4);
    p->n = entry_number(entry);
}

void follow_from(struct follow *f, unsigned stream, const struct reply *last_entries)
{
    if (reply_n(last_entries))
        move_to(&f->places[stream], reply_at(last_entries, 0));
}

static void reload(struct follow *f, const char *why)
{
    log_info(STORE, "redis=reload reason=\"%s\"", why);
    f->reloaded_ms = clock_mono_ms(f->st->clock);
    load_start(f->st->load);
}

/* Registrations come first in a read, so a lot that is not known here is one whose announcement was lost. */
static void take_changes(struct follow *f, const struct reply *fields)
{
    struct store *st = f->st;
    bool unknown = false;
    for (size_t i = 4; i + 1 < reply_n(fields); i += 2) {
        struct reading r;
        uint32_t lot = registry_find(st->reg, reply_text(reply_at(fields, i)));
        if (lot == REGISTRY_NONE)
            unknown = true;
        else if (!reading_decode(reply_text(reply_at(fields, i + 1)), &r))
            registry_apply(st->reg, lot, &r);
    }
    if (unknown && clock_mono_ms(st->clock) > f->reloaded_ms + RELOAD_EVERY_MS)
        reload(f, "a change of a lot that is not known here");
}

/* by n noun id version doc */
static void take_registration(struct follow *f, const struct reply *fields)
{
    enum noun noun;
    int64_t version = reply_int(reply_at(fields, 9));
    if (version > 0 && !noun_of(reply_text(reply_at(fields, 5)), &noun))
        docs_take(f->st->docs, noun, reply_text(reply_at(fields, 7)), reply_text(reply_at(fields, 11)),
                  (uint64_t)version);
}

/* False when entries are missing. */
static bool take_entry(struct follow *f, unsigned stream, const struct reply *entry)
{
    struct place *p = &f->places[stream];
    uint64_t n = entry_number(entry);
    bool gap = p->n && n && n != p->n + 1;
    move_to(p, entry);
    if (gap)
        return false;
    if (view_is(entry_field(entry, 1), f->st->instance))
        return true;
    f->alone = false;
    if (stream < f->st->partitions)
        take_changes(f, reply_at(entry, 1));
    else
        take_registration(f, reply_at(entry, 1));
    return true;
}

static unsigned stream_of(const struct follow *f, struct view key)
{
    unsigned i = 0;
    while (i < f->n_places && !view_eq(key, (struct view){f->places[i].stream.text, f->places[i].stream.n}))
        i++;
    return i;
}

/* One stream of a reply; true when there may be more of it. */
static bool take_stream(struct follow *f, const struct reply *one, bool *gap)
{
    unsigned stream = stream_of(f, reply_text(reply_at(one, 0)));
    const struct reply *entries = reply_at(one, 1);
    for (size_t i = 0; stream < f->n_places && i < reply_n(entries); i++) {
        if (!take_entry(f, stream, reply_at(entries, i)))
            *gap = true;
    }
    return reply_n(entries) >= COUNT;
}

/* --- reading --- */

static void on_read(void *ctx, const struct reply *r, enum redis_error err)
{
    struct follow *f = ctx;
    bool gap = false, more = false;
    f->reading = false;
    if (f->st->phase != PHASE_UP || err == RE_LOST)
        return; /* begun again by the link or by the load */
    if (err) {
        struct view text = reply_text(r);
        log_error(STORE, "changes=unreadable error=\"" VIEW_FMT "\"", VIEW_ARG(text));
        timer_arm(f->timer, TROUBLE_MS);
        return;
    }
    f->alone = true;
    for (size_t i = 0; i < reply_n(r); i++)
        more = take_stream(f, reply_at(r, i), &gap) || more;
    if (gap)
        reload(f, "the change feed was trimmed behind our place");
    timer_arm(f->timer, reply_nil(r) || more ? 0 : f->alone ? ALONE_PAUSE_MS : PAUSE_MS);
}

static void put_streams(const struct follow *f, struct redis_cmd *cmd)
{
    const struct store *st = f->st;
    redis_cmd_key(cmd, f->places[st->partitions].stream);
    for (unsigned i = 0; i < st->partitions; i++)
        redis_cmd_key(cmd, f->places[i].stream);
    redis_cmd_str(cmd, f->places[st->partitions].id);
    for (unsigned i = 0; i < st->partitions; i++)
        redis_cmd_str(cmd, f->places[i].id);
}

void follow_start(struct follow *f)
{
    struct store *st = f->st;
    struct redis_cmd cmd;
    if (st->phase != PHASE_UP || load_running(st->load) || f->reading || !redis_link_ready(st->tail))
        return; /* called again when what is missing is there */
    timer_cancel(f->timer);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "XREAD");
    redis_cmd_str(&cmd, "COUNT");
    redis_cmd_int(&cmd, COUNT);
    redis_cmd_str(&cmd, "BLOCK");
    redis_cmd_int(&cmd, BLOCK_MS);
    redis_cmd_str(&cmd, "STREAMS");
    put_streams(f, &cmd);
    cmd.block_ms = BLOCK_MS;
    f->reading = redis_link_send(st->tail, &cmd, on_read, f) == 0;
    redis_cmd_fini(&cmd);
    if (!f->reading)
        timer_arm(f->timer, TROUBLE_MS);
}

void follow_stop(struct follow *f)
{
    timer_cancel(f->timer);
    if (f->reading)
        redis_link_drop(f->st->tail, "its places are no longer good");
}

static void on_tail_down(void *ctx, enum redis_error err, const char *text)
{
    (void)ctx;
    (void)err;
    log_debug(STORE, "changes=away reason=\"%s\"", text);
}

struct redis_link *follow_link(struct follow *f, const struct redis_addr *addr)
{
    const struct redis_link_events ev = {.ctx = f, .on_ready = read_on, .on_down = on_tail_down};
    return redis_link_new(f->st->loop, addr, &ev);
}
