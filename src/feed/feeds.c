/* SPDX-License-Identifier: MIT
 * The table of feeds: who is registered, with which session of which dialect. A feed that cannot work
 * (unknown dialect, wrong parameters) stands there all the same, disabled and with its reason: an operator
 * must see it.
 */
#define HASH_NONFATAL_OOM 1

#include "parkd/feed/feeds.h"

#include <stdlib.h>
#include <string.h>

#include "feed/aside.h"
#include "feed/feeds_impl.h"
#include "feed/spacing.h"
#include "parkd/feed/bodies.h"

struct feeds *feeds_new(struct loop *loop, const struct clock *clock, struct fetcher *fetcher,
                        const struct dialects *dialects, struct registry *reg, const struct feeds_port *port)
{
    struct feeds *fs = calloc(1, sizeof *fs);
    if (!fs)
        return NULL;
    *fs = (struct feeds){.loop = loop,
                         .clock = clock,
                         .fetcher = fetcher,
                         .dialects = dialects,
                         .reg = reg,
                         .port = *port,
                         .random = (uint64_t)clock_wall_ms(clock) | 1,
                         .spacing = spacing_new(loop, clock),
                         .aside = aside_new(loop),
                         .bodies = bodies_new(loop)};
    if (fs->spacing && fs->aside && fs->bodies)
        return fs;
    feeds_free(fs);
    return NULL;
}

static struct feed_entry *entry_of(const struct feeds *fs, struct view id)
{
    struct feed_entry *e = NULL;
    if (id.n > 0 && id.n < FEED_ID_SIZE)
        HASH_FIND(hh, fs->by_id, id.p, id.n, e);
    return e;
}

static struct feed_path *path_of(const struct feeds *fs, struct view path)
{
    struct feed_path *p = NULL;
    if (path.n > 0)
        HASH_FIND(hh, fs->by_path, path.p, path.n, p);
    return p;
}

static void drop_paths(struct feed_entry *e)
{
    for (int i = 0; i < FEED_MAX_PATHS; i++) {
        if (e->paths[i].taken)
            HASH_DELETE(hh, e->set->by_path, &e->paths[i]);
        e->paths[i].taken = false;
    }
}

static int take_paths(struct feed_entry *e, struct why *why)
{
    for (int i = 0; i < e->feed.n_paths; i++) {
        struct feed_path *p = &e->paths[i], *other = path_of(e->set, view_of(e->feed.paths[i]));
        if (other)
            return why_set(why, ERR_CONFLICT, "/paths", "%s belongs to feed %s already", e->feed.paths[i],
                           other->entry->feed.id);
        *p = (struct feed_path){.entry = e, .path = e->feed.paths[i]};
        HASH_ADD_KEYPTR(hh, e->set->by_path, p->path, strlen(p->path), p);
        p->taken = path_of(e->set, view_of(p->path)) == p;
        if (!p->taken)
            return why_set(why, ERR_NOMEM, "/paths", "%s", err_text(ERR_NOMEM));
    }
    return 0;
}

/* Everything but the registration and what was learned about it. */
static void entry_close(struct feed_entry *e)
{
    receive_close(e);
    poller_close(e);
    mqtt_feed_close(e);
    drop_paths(e);
    dialect_close(e->session);
    e->session = NULL;
}

static int open_session(struct feed_entry *e, struct why *why)
{
    const struct dialect *d = dialects_find(e->set->dialects, e->feed.dialect);
    unsigned part = e->feed.mode == FEED_POLL ? DIALECT_POLL : DIALECT_RECEIVE;
    if (!d)
        return why_set(why, ERR_NOT_FOUND, "/dialect", "there is no dialect %s", e->feed.dialect);
    if (!(dialect_parts(d) & part))
        return why_set(why, ERR_STATE, "/mode", "dialect %s cannot %s", e->feed.dialect,
                       e->feed.mode == FEED_POLL ? "be polled" : "receive pushes");
    int err = access_check(&e->feed, why);
    if (err)
        return err;
    e->session = dialect_open(d, view_of(e->feed.params), why);
    return e->session ? 0 : ERR_INVALID;
}

static int entry_open(struct feed_entry *e, struct why *why)
{
    if (!e->feed.enabled)
        return 0;
    int err = open_session(e, why);
    if (!err)
        err = take_paths(e, why);
    if (!err && e->feed.mode == FEED_POLL)
        err = poller_open(e, why);
    if (!err && e->feed.mode == FEED_MQTT)
        err = mqtt_feed_open(e, why);
    if (err) {
        entry_close(e);
        e->unusable = true;
        e->status.error = *why;
        return err;
    }
    if (e->unusable)
        e->status.error = (struct why){0};
    e->unusable = false;
    registry_declare_interval(e->set->reg, e->feed.id, clock_wall_span(e->set->clock, e->feed.interval_ms));
    if (e->set->started) {
        poller_begin(e);
        mqtt_feed_begin(e);
    }
    return 0;
}

static void entry_free(struct feed_entry *e)
{
    entry_close(e);
    validators_clear(&e->validators);
    access_token_clear(&e->token);
    feed_fini(&e->feed);
    free(e);
}

void feeds_free(struct feeds *fs)
{
    struct feed_entry *e, *next;
    if (!fs)
        return;
    HASH_ITER(hh, fs->by_id, e, next)
    {
        HASH_DELETE(hh, fs->by_id, e);
        entry_free(e);
    }
    spacing_free(fs->spacing);
    aside_free(fs->aside);
    bodies_free(fs->bodies);
    free(fs);
}

static struct feed_entry *entry_new(struct feeds *fs, const char *id)
{
    struct feed_entry *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->set = fs;
    memcpy(e->feed.id, id, sizeof e->feed.id);
    HASH_ADD_KEYPTR(hh, fs->by_id, e->feed.id, strlen(e->feed.id), e);
    if (entry_of(fs, view_of(e->feed.id)) == e)
        return e;
    free(e);
    return NULL;
}

int feeds_put(struct feeds *fs, struct feed *feed, struct why *why)
{
    struct feed_entry *e = entry_of(fs, view_of(feed->id));
    struct why own = {0};
    /* The same registration again, as after a reconnect of the store. */
    if (e && e->session && feed_same(&e->feed, feed)) {
        feed_fini(feed);
        return 0;
    }
    if (!e && !(e = entry_new(fs, feed->id))) {
        feed_fini(feed);
        return why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
    }
    entry_close(e);
    validators_clear(&e->validators);
    access_token_clear(&e->token);
    feed_fini(&e->feed);
    e->feed = *feed; /* the same id at the same place: the table's key stays good */
    feed->params = NULL;
    feed->access = (struct feed_access){0};
    e->health = (struct health){0};
    e->status = (struct feed_status){0};
    int err = entry_open(e, &own);
    if (err && why)
        *why = own;
    return err;
}

void feeds_remove(struct feeds *fs, struct view id)
{
    struct feed_entry *e = entry_of(fs, id);
    if (!e)
        return;
    registry_declare_interval(fs->reg, e->feed.id, 0);
    bodies_drop(fs->bodies, e->feed.id);
    HASH_DELETE(hh, fs->by_id, e);
    entry_free(e);
}

void feeds_start(struct feeds *fs)
{
    fs->started = true;
    for (struct feed_entry *e = fs->by_id; e; e = e->hh.next) {
        poller_begin(e);
        mqtt_feed_begin(e);
    }
}

void feeds_use_dialects(struct feeds *fs, const struct dialects *dialects)
{
    fs->dialects = dialects;
    /* All are closed before one is opened: a path that moved between two feeds must be free by then. */
    for (struct feed_entry *e = fs->by_id; e; e = e->hh.next)
        entry_close(e);
    for (struct feed_entry *e = fs->by_id; e; e = e->hh.next) {
        struct why why = {0};
        validators_clear(&e->validators);
        if (entry_open(e, &why) == 0 && fs->started)
            (void)poller_now(e);
    }
}

const struct feed *feeds_find(const struct feeds *fs, struct view id)
{
    const struct feed_entry *e = entry_of(fs, id);
    return e ? &e->feed : NULL;
}

const struct feed *feeds_find_path(const struct feeds *fs, struct view path)
{
    const struct feed_path *p = path_of(fs, path);
    return p ? &p->entry->feed : NULL;
}

void feeds_receive(struct feeds *fs, const struct feed *feed, const struct inbound_message *m,
                   feed_received_fn *fn, void *ctx)
{
    struct feed_entry *e = entry_of(fs, view_of(feed->id));
    struct inbound_result gone;
    if (e) {
        receive_message(e, m, fn, ctx);
        return;
    }
    inbound_result_init(&gone);
    gone.dropped = true;
    gone.err = why_set(&gone.why, ERR_NOT_FOUND, "", "no feed has this id");
    fn(ctx, feed, m, &gone);
}

void feeds_pushed(struct feeds *fs, const struct feed *feed, const struct report_list *reports,
                  const struct why *why)
{
    struct feed_entry *e = entry_of(fs, view_of(feed->id));
    if (!e)
        return;
    e->status.last_try_ms = clock_wall_ms(fs->clock);
    feed_note(e, reports, why);
}

int feeds_check(const struct feeds *fs, const struct feed *feed, struct why *why)
{
    for (int i = 0; fs && i < feed->n_paths; i++) {
        const struct feed_path *p = path_of(fs, view_of(feed->paths[i]));
        if (p && strcmp(p->entry->feed.id, feed->id) != 0)
            return why_set(why, ERR_CONFLICT, "/paths", "%s belongs to another feed already", feed->paths[i]);
    }
    return access_check(feed, why);
}

void feeds_keep_body(struct feeds *fs, const struct feed *feed, const struct feed_body *body)
{
    bodies_keep(fs->bodies, feed->id, feed->keep_bodies, body);
}

const struct bodies *feeds_bodies(const struct feeds *fs)
{
    return fs->bodies;
}

int feeds_poll_now(struct feeds *fs, struct view id)
{
    struct feed_entry *e = entry_of(fs, id);
    return e ? poller_now(e) : ERR_NOT_FOUND;
}

size_t feeds_count(const struct feeds *fs, bool bad_only)
{
    size_t n = 0;
    for (const struct feed_entry *e = fs->by_id; e; e = e->hh.next) {
        bool bad = e->session ? e->health.known && !e->health.up : e->feed.enabled;
        n += !bad_only || bad;
    }
    return n;
}
