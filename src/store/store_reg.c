/* SPDX-License-Identifier: MIT
 * Writing registrations. Two steps: the script writes the document under its version, then the stream of
 * registrations tells the other instances. Our own registry takes it with the first reply. A lost
 * announcement is made good by their next reload, and the caller hears that the outcome is uncertain.
 */
#include <stdlib.h>
#include <string.h>

#include "parkd/base/json.h"
#include "store/store_impl.h"

#define DOC_MAX       65536
#define ID_MAX        32
#define SINK_KEYS_MAX 160
#define SINK_KINDS    5

/* What sinks have of lots. */
static const char *const sink_kinds[SINK_KINDS] = {"acked", "held", "filed", "unfiled", "told"};

struct change {
    struct store *st;
    enum noun noun;
    char id[ID_MAX + 1];
    char *json; /* NULL: removal */
    uint64_t version;
    struct waiter *w;
};

static void change_free(struct change *c)
{
    if (!c)
        return;
    free(c->json);
    free(c->w);
    free(c);
}

static void change_end(struct change *c, int err)
{
    struct waiter *w = c->w;
    c->w = NULL;
    w->err = err;
    w->version = c->version;
    change_free(c);
    waiter_call(w);
}

static struct change *change_new(struct store *st, enum noun noun, struct view id, store_done_fn *done,
                                 void *ctx)
{
    struct change *c = calloc(1, sizeof *c);
    if (!c || !(c->w = waiter_of_done(done, ctx)) || view_copy(id, c->id, sizeof c->id)) {
        change_free(c);
        return NULL;
    }
    c->st = st;
    c->noun = noun;
    return c;
}

/* Ends it with `err`, later: the operation itself was accepted. */
static int end_later(struct change *c, int err)
{
    struct waiter *w = c->w;
    c->w = NULL;
    w->err = err;
    store_later(c->st, w);
    change_free(c);
    return 0;
}

static void on_announced(void *ctx, const struct reply *r, enum redis_error err)
{
    (void)r;
    change_end(ctx, err ? ERR_UNCERTAIN : 0);
}

static void announce(struct change *c)
{
    struct store *st = c->st;
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_eval(&cmd, &st->scripts[SCRIPT_ANNOUNCE], 1);
    redis_cmd_key(&cmd, key_global(st->prefix, "registrations"));
    redis_cmd_str(&cmd, st->instance);
    redis_cmd_str(&cmd, noun_name(c->noun));
    redis_cmd_str(&cmd, c->id);
    redis_cmd_uint(&cmd, c->version);
    redis_cmd_str(&cmd, c->json ? c->json : "");
    if (store_send_fini(st, &cmd, on_announced, c))
        change_end(c, ERR_UNCERTAIN);
}

static void on_removed_rest(void *ctx, const struct reply *r, enum redis_error err)
{
    (void)ctx;
    (void)r;
    (void)err; /* what is left over is ignored by everybody, and removed with the next removal of that name */
}

/* What a sink acknowledged dies with it: a new one of that name begins with everything. */
static void forget_sink(struct store *st, const char *id)
{
    for (unsigned p = 0; p < st->partitions; p++) {
        struct redis_cmd cmd;
        redis_cmd_init(&cmd);
        redis_cmd_str(&cmd, "UNLINK");
        for (int k = 0; k < SINK_KINDS; k++)
            redis_cmd_key(&cmd, key_part_id(st->prefix, p, sink_kinds[k], view_of(id)));
        if (store_send_fini(st, &cmd, on_removed_rest, NULL))
            return;
    }
}

static void on_changed(void *ctx, const struct reply *r, enum redis_error err)
{
    struct change *c = ctx;
    struct store *st = c->st;
    c->version = (uint64_t)reply_int(reply_at(r, 1));
    if (err) {
        c->version = 0;
        change_end(c, store_err_of(err));
        return;
    }
    if (reply_int(reply_at(r, 0)) != 1) {
        change_end(c, c->json ? ERR_CONFLICT : ERR_NOT_FOUND);
        return;
    }
    if (st->phase == PHASE_ENDED) {
        change_end(c, ERR_UNCERTAIN);
        return;
    }
    docs_take(st->docs, c->noun, view_of(c->id), view_of(c->json), c->version);
    if (!c->json && c->noun == NOUN_SINK)
        forget_sink(st, c->id);
    announce(c);
}

/* Document, highest version, and for lots the set of the partition's lots. */
static void put_doc_keys(struct redis_cmd *cmd, const struct store *st, enum noun noun, struct view id)
{
    if (noun == NOUN_LOT) {
        redis_cmd_key(cmd, key_part_id(st->prefix, partition_of(id, st->partitions), "reg", id));
        redis_cmd_key(cmd, store_key_of(st, "version", id));
        redis_cmd_key(cmd, store_key_of(st, "lots", id));
    } else {
        redis_cmd_key(cmd, key_global(st->prefix, noun_plural(noun)));
        redis_cmd_key(cmd, key_global(st->prefix, "version"));
    }
}

/* Where another lot has this name in the feed already, the registry could not take it. */
static int check_lot(const struct store *st, struct view id, struct view json)
{
    struct json *tree = NULL;
    struct lot lot;
    int rc = json_parse(json, &tree, NULL);
    rc = rc ? rc : lot_parse(tree, &lot, NULL);
    json_free(tree);
    if (rc || !view_is(id, lot.id))
        return ERR_INVALID;
    uint32_t other =
        lot.feed[0] ? registry_find_foreign(st->reg, lot.feed, view_of(lot.foreign_id)) : REGISTRY_NONE;
    if (other == REGISTRY_NONE || view_is(id, registry_lot(st->reg, other)->lot.id))
        return 0;
    /* Found by its id alone, the other's own foreign name is a different one. */
    return strcmp(registry_lot(st->reg, other)->lot.foreign_id, lot.foreign_id) == 0 ? ERR_CONFLICT : 0;
}

int store_put(struct store *st, enum noun noun, struct view id, struct view json, uint64_t if_version,
              store_done_fn *done, void *ctx)
{
    if (store_ended(st))
        return ERR_STATE;
    if (!lot_id_valid(id) || !json.n || json.n > DOC_MAX)
        return ERR_INVALID;
    int rc = noun == NOUN_LOT ? check_lot(st, id, json) : 0;
    if (rc)
        return rc;
    struct change *c = change_new(st, noun, id, done, ctx);
    if (!c || !(c->json = view_dup(json))) {
        change_free(c);
        return ERR_NOMEM;
    }
    if (!store_up(st))
        return end_later(c, ERR_AWAY);
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_eval(&cmd, &st->scripts[SCRIPT_PUT], noun == NOUN_LOT ? 3 : 2);
    put_doc_keys(&cmd, st, noun, id);
    redis_cmd_view(&cmd, id);
    redis_cmd_view(&cmd, json);
    if (if_version == UINT64_MAX)
        redis_cmd_str(&cmd, "new");
    else
        redis_cmd_uint(&cmd, if_version);
    rc = store_send_fini(st, &cmd, on_changed, c);
    return rc ? end_later(c, rc) : 0;
}

static void put_remove_lot(struct redis_cmd *cmd, const struct store *st, struct view id)
{
    const char *sink = NULL;
    struct redis_cmd hashes;
    size_t n = 0;
    unsigned part = partition_of(id, st->partitions);
    redis_cmd_init(&hashes);
    while (n < SINK_KEYS_MAX && (sink = docs_next_sink(st->docs, sink)) != NULL) {
        for (int k = 0; k < SINK_KINDS; k++, n++)
            redis_cmd_key(&hashes, key_part_id(st->prefix, part, sink_kinds[k], view_of(sink)));
    }
    redis_cmd_eval(cmd, &st->scripts[SCRIPT_REMOVE], 4 + n);
    put_doc_keys(cmd, st, NOUN_LOT, id);
    redis_cmd_key(cmd, key_part(st->prefix, part, "state"));
    redis_cmd_join(cmd, &hashes);
    redis_cmd_fini(&hashes);
}

int store_remove(struct store *st, enum noun noun, struct view id, store_done_fn *done, void *ctx)
{
    if (store_ended(st))
        return ERR_STATE;
    if (!lot_id_valid(id))
        return ERR_INVALID;
    struct change *c = change_new(st, noun, id, done, ctx);
    if (!c)
        return ERR_NOMEM;
    if (!store_up(st))
        return end_later(c, ERR_AWAY);
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    if (noun == NOUN_LOT) {
        put_remove_lot(&cmd, st, id);
    } else {
        redis_cmd_eval(&cmd, &st->scripts[SCRIPT_REMOVE], 2);
        put_doc_keys(&cmd, st, noun, id);
    }
    redis_cmd_view(&cmd, id);
    int rc = store_send_fini(st, &cmd, on_changed, c);
    return rc ? end_later(c, rc) : 0;
}
