/* SPDX-License-Identifier: MIT
 * The registry: lots in an array by index, two hash tables over it (by id, by feed and foreign id), watchers.
 *
 * Lots are allocated one by one, so that pointers handed out stay good while the array grows. During a reload
 * every lot carries whether it was seen; the names of lots not seen yet do not stand in the way of new ones.
 */
#define HASH_NONFATAL_OOM 1

#include "parkd/model/registry.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define WATCHERS_MAX  64
#define FIRST_CAP     64
#define OUTAGE_MS     (15 * 60 * 1000) /* longer than any rhythm, so the gap is our own absence */
#define NAME_KEY_SIZE (FEED_ID_SIZE + FOREIGN_SIZE)

/* "feed\0foreign": the NUL cannot stand in either. */
struct name_key {
    char bytes[NAME_KEY_SIZE];
    size_t n;
};

struct entry {
    struct registry_lot pub;
    struct name_key key; /* n 0: not in by_name */
    bool seen_reg, seen_reading;
    bool loaded; /* its reading was there before us */
    UT_hash_handle by_id, by_name;
};

struct declared {
    char feed[FEED_ID_SIZE];
    int64_t interval_ms;
    UT_hash_handle hh;
};

struct watcher {
    registry_watch_fn *fn;
    void *ctx;
};

struct registry {
    struct entry **v;
    uint32_t n, cap, removed;
    struct entry *by_id, *by_name;
    struct declared *declared;
    struct watcher watchers[WATCHERS_MAX];
    int n_watchers;
    bool reloading;
    uint64_t generation, confirmed;
};

struct registry *registry_new(void)
{
    return calloc(1, sizeof(struct registry));
}

void registry_free(struct registry *reg)
{
    struct declared *d, *next;
    if (!reg)
        return;
    HASH_CLEAR(by_name, reg->by_name);
    HASH_CLEAR(by_id, reg->by_id);
    for (uint32_t i = 0; i < reg->n; i++) {
        free(reg->v[i]->pub.text);
        free(reg->v[i]);
    }
    HASH_ITER(hh, reg->declared, d, next)
    {
        HASH_DEL(reg->declared, d);
        free(d);
    }
    free(reg->v);
    free(reg);
}

static void tell(struct registry *reg, uint32_t idx, enum registry_event ev)
{
    reg->confirmed++;
    if (ev != REGISTRY_CONFIRMED)
        reg->generation++;
    for (int i = 0; i < reg->n_watchers; i++)
        reg->watchers[i].fn(reg->watchers[i].ctx, idx, ev);
}

static struct entry *entry_by_id(const struct registry *reg, struct view id)
{
    struct entry *e = NULL;
    if (id.n > 0 && id.n < LOT_ID_SIZE)
        HASH_FIND(by_id, reg->by_id, id.p, id.n, e);
    return e;
}

static bool name_key_of(const char *feed, struct view foreign, struct name_key *out)
{
    size_t n = strnlen(feed, FEED_ID_SIZE);
    *out = (struct name_key){.n = 0};
    if (n == 0 || n >= FEED_ID_SIZE || foreign.n == 0 || foreign.n >= FOREIGN_SIZE)
        return false;
    memcpy(out->bytes, feed, n);
    memcpy(out->bytes + n + 1, foreign.p, foreign.n);
    out->n = n + 1 + foreign.n;
    return true;
}

static struct entry *entry_by_name(const struct registry *reg, const struct name_key *key)
{
    struct entry *e = NULL;
    if (key->n > 0)
        HASH_FIND(by_name, reg->by_name, key->bytes, key->n, e);
    return e;
}

static void drop_name(struct registry *reg, struct entry *e)
{
    if (e->key.n > 0)
        HASH_DELETE(by_name, reg->by_name, e);
    e->key.n = 0;
}

/* ERR_NOMEM leaves the lot without a name in the feed, and everything else as it was. */
static int add_name(struct registry *reg, struct entry *e, const struct name_key *key)
{
    e->key = *key;
    if (key->n == 0)
        return 0;
    HASH_ADD_KEYPTR(by_name, reg->by_name, e->key.bytes, e->key.n, e);
    if (entry_by_name(reg, &e->key) == e)
        return 0;
    e->key.n = 0;
    return ERR_NOMEM;
}

static int grow(struct registry *reg)
{
    if (reg->n < reg->cap)
        return 0;
    if (reg->n > REGISTRY_NONE / 4)
        return ERR_NOMEM;
    uint32_t cap = reg->cap ? reg->cap * 2 : FIRST_CAP;
    struct entry **v = realloc(reg->v, cap * sizeof *v);
    if (!v)
        return ERR_NOMEM;
    reg->v = v;
    reg->cap = cap;
    return 0;
}

static struct entry *entry_new(struct registry *reg, const char *id)
{
    struct entry *e = grow(reg) ? NULL : calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->pub.idx = reg->n;
    e->pub.removed = true; /* until its registration stands */
    if (view_copy(view_of(id), e->pub.lot.id, sizeof e->pub.lot.id)) {
        free(e);
        return NULL;
    }
    reading_init(&e->pub.reading);
    HASH_ADD_KEYPTR(by_id, reg->by_id, e->pub.lot.id, strlen(e->pub.lot.id), e);
    if (entry_by_id(reg, view_of(id)) != e) {
        free(e);
        return NULL;
    }
    reg->v[reg->n++] = e;
    reg->removed++;
    return e;
}

static struct declared *declared_of(const struct registry *reg, const char *feed)
{
    struct declared *d = NULL;
    HASH_FIND(hh, reg->declared, feed, strnlen(feed, FEED_ID_SIZE), d);
    return d;
}

/* A lot that changed its feed forgets what it learned of the old one. */
static void set_interval(struct registry *reg, struct entry *e, bool same_feed)
{
    const struct declared *d = declared_of(reg, e->pub.lot.feed);
    if (d)
        e->pub.interval_ms = d->interval_ms;
    else if (!same_feed || e->pub.interval_declared)
        e->pub.interval_ms = 0;
    e->pub.interval_declared = d != NULL;
}

/* Is what is held already newer than, or the same as, what is put? In a reload Redis is right, whatever its
 * number says. */
static bool is_known(const struct registry *reg, const struct entry *e, struct view text, uint64_t version)
{
    if (e->pub.removed)
        return false;
    if (e->pub.version == version)
        return view_is(text, e->pub.text);
    return version < e->pub.version && !(reg->reloading && !e->seen_reg);
}

/* Gives the lot its name in the feed. A holder of that name that a running reload has not seen gives way. */
static int claim_name(struct registry *reg, struct entry *e, const struct lot *lot)
{
    struct name_key key;
    (void)name_key_of(lot->feed, view_of(lot->foreign_id), &key);
    struct entry *holder = entry_by_name(reg, &key);
    if (holder == e)
        return 0;
    if (holder && !(reg->reloading && !holder->seen_reg))
        return ERR_CONFLICT;
    if (holder)
        drop_name(reg, holder);
    drop_name(reg, e);
    return add_name(reg, e, &key);
}

int registry_put(struct registry *reg, const struct lot *lot, struct view text, uint64_t version,
                 uint32_t *idx)
{
    struct entry *e = entry_by_id(reg, view_of(lot->id));
    bool was_seen = e && e->seen_reg;
    if (e && is_known(reg, e, text, version)) {
        int err = e->key.n ? 0 : claim_name(reg, e, lot);
        e->seen_reg = true;
        *idx = e->pub.idx;
        return err;
    }
    char *copy = view_dup(text);
    if (!copy || (!e && !(e = entry_new(reg, lot->id)))) {
        free(copy);
        return ERR_NOMEM;
    }
    e->seen_reg = true;
    int err = claim_name(reg, e, lot);
    if (err) {
        e->seen_reg = was_seen;
        free(copy);
        return err;
    }
    bool same_feed = strcmp(e->pub.lot.feed, lot->feed) == 0;
    free(e->pub.text);
    e->pub.text = copy;
    struct correction kept = e->pub.lot.correction;
    e->pub.lot = *lot;
    e->pub.lot.correction = kept;
    e->pub.version = version;
    reg->removed -= e->pub.removed;
    e->pub.removed = false;
    set_interval(reg, e, same_feed);
    *idx = e->pub.idx;
    tell(reg, e->pub.idx, REGISTRY_REGISTERED);
    return 0;
}

void registry_correct(struct registry *reg, uint32_t idx, struct correction c)
{
    reg->v[idx]->pub.lot.correction = c;
}

static void remove_entry(struct registry *reg, struct entry *e)
{
    drop_name(reg, e);
    free(e->pub.text);
    e->pub.text = NULL;
    e->pub.version = 0;
    e->pub.removed = true;
    reg->removed++;
    reading_init(&e->pub.reading);
    e->pub.interval_ms = 0;
    e->pub.interval_declared = false;
    tell(reg, e->pub.idx, REGISTRY_REMOVED);
}

void registry_remove(struct registry *reg, const char *id)
{
    struct entry *e = entry_by_id(reg, view_of(id));
    if (e && !e->pub.removed)
        remove_entry(reg, e);
}

static uint32_t index_of(const struct entry *e)
{
    return e && !e->pub.removed ? e->pub.idx : REGISTRY_NONE;
}

uint32_t registry_find(const struct registry *reg, struct view id)
{
    return index_of(entry_by_id(reg, id));
}

uint32_t registry_find_foreign(const struct registry *reg, const char *feed, struct view foreign)
{
    struct name_key key;
    if (!name_key_of(feed, foreign, &key))
        return REGISTRY_NONE;
    uint32_t idx = index_of(entry_by_name(reg, &key));
    if (idx != REGISTRY_NONE)
        return idx;
    struct entry *e = entry_by_id(reg, foreign);
    return e && strcmp(e->pub.lot.feed, feed) == 0 ? index_of(e) : REGISTRY_NONE;
}

const struct registry_lot *registry_lot(const struct registry *reg, uint32_t idx)
{
    return &reg->v[idx]->pub;
}

uint32_t registry_size(const struct registry *reg)
{
    return reg->n;
}

uint32_t registry_count(const struct registry *reg)
{
    return reg->n - reg->removed;
}

/* What happened while we were away is not known: a lot that told every ten seconds would count as slow. */
static void learn(struct entry *e, const struct reading *next)
{
    struct registry_lot *l = &e->pub;
    int64_t gap = next->observed_ms - l->reading.observed_ms;
    if (!l->interval_declared && !next->expired && l->reading.observed_ms > 0 &&
        !(e->loaded && gap > OUTAGE_MS))
        l->interval_ms = freshness_learn(l->interval_ms, gap);
}

bool registry_apply(struct registry *reg, uint32_t idx, const struct reading *r)
{
    struct entry *e = idx < reg->n ? reg->v[idx] : NULL;
    if (!e || e->pub.removed)
        return false;
    e->seen_reading = true;
    const struct reading *held = &e->pub.reading;
    bool newer = r->seq > held->seq;
    if (!newer && (r->seq < held->seq || r->observed_ms <= held->observed_ms))
        return false;
    bool changed = newer || !reading_same(held, r);
    learn(e, r);
    e->loaded = reg->reloading;
    e->pub.reading = *r;
    tell(reg, idx, changed ? REGISTRY_CHANGED : REGISTRY_CONFIRMED);
    return true;
}

void registry_reload_begin(struct registry *reg)
{
    reg->reloading = true;
    for (uint32_t i = 0; i < reg->n; i++)
        reg->v[i]->seen_reg = reg->v[i]->seen_reading = false;
}

void registry_reload_end(struct registry *reg)
{
    if (!reg->reloading)
        return;
    reg->reloading = false;
    for (uint32_t i = 0; i < reg->n; i++) {
        struct entry *e = reg->v[i];
        if (!e->pub.removed && !e->seen_reg) {
            remove_entry(reg, e);
        } else if (!e->pub.removed && !e->seen_reading && e->pub.reading.seq) {
            reading_init(&e->pub.reading);
            tell(reg, i, REGISTRY_CHANGED);
        }
    }
}

/* Remembers (or forgets, with 0) what a feed declared, for lots that are put later. Without memory the
 * interval is learned instead, so nothing is lost but a little time. */
static void declare(struct registry *reg, const char *feed, int64_t interval_ms)
{
    struct declared *d = declared_of(reg, feed);
    if (d && interval_ms <= 0) {
        HASH_DEL(reg->declared, d);
        free(d);
        return;
    }
    if (!d && interval_ms > 0 && (d = calloc(1, sizeof *d))) {
        if (view_copy(view_of(feed), d->feed, sizeof d->feed) || !d->feed[0]) {
            free(d);
            return;
        }
        HASH_ADD_KEYPTR(hh, reg->declared, d->feed, strlen(d->feed), d);
        if (declared_of(reg, feed) != d) {
            free(d);
            return;
        }
    }
    if (d)
        d->interval_ms = interval_ms;
}

void registry_declare_interval(struct registry *reg, const char *feed, int64_t interval_ms)
{
    bool any = false;
    declare(reg, feed, interval_ms);
    for (uint32_t i = 0; i < reg->n; i++) {
        struct entry *e = reg->v[i];
        int64_t before = e->pub.interval_ms;
        if (e->pub.removed || strcmp(e->pub.lot.feed, feed) != 0)
            continue;
        set_interval(reg, e, true);
        any = any || e->pub.interval_ms != before;
    }
    /* Freshness and valid_until of the feed's lots moved, though no reading did. */
    reg->generation += any;
    reg->confirmed += any;
}

uint64_t registry_generation(const struct registry *reg)
{
    return reg->generation;
}

uint64_t registry_confirmed(const struct registry *reg)
{
    return reg->confirmed;
}

int registry_watch(struct registry *reg, registry_watch_fn *fn, void *ctx)
{
    if (reg->n_watchers >= WATCHERS_MAX)
        return ERR_FULL;
    reg->watchers[reg->n_watchers++] = (struct watcher){fn, ctx};
    return 0;
}

void registry_unwatch(struct registry *reg, registry_watch_fn *fn, void *ctx)
{
    for (int i = 0; i < reg->n_watchers; i++) {
        if (reg->watchers[i].fn != fn || reg->watchers[i].ctx != ctx)
            continue;
        reg->n_watchers--;
        memmove(&reg->watchers[i], &reg->watchers[i + 1],
                (size_t)(reg->n_watchers - i) * sizeof reg->watchers[0]);
        return;
    }
}
