/* SPDX-License-Identifier: MIT
 * The audit trail. What waits is appended in one call, chained here; when another parkd was faster the script
 * says what the head is now and the call is built anew. A call whose reply was lost is not repeated: its
 * entries may be in the trail, and saying twice what was asked once would be worse than to refuse the act.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/crypto.h"
#include "parkd/store/office.h"
#include "store/store_impl.h"

#define DAY_MS       86400000
#define WAITING_MAX  1024
#define CALL_ENTRIES 128
#define HASH_HEX     64

struct item {
    struct item *next;
    struct waiter *w;
    char *entry;
};

struct audit {
    struct store *st;
    struct item *first, **last;
    size_t n, flying; /* the first `flying` are in the call */
    bool sent;
    char head[HASH_HEX + 1];
    char chained[HASH_HEX + 1]; /* the head once the call is taken */
};

static void on_appended(void *ctx, const struct reply *r, enum redis_error err);

int audit_hash(struct view prev, struct view entry, char out[65])
{
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    struct buf b, hex;
    buf_init(&b, prev.n + entry.n + 1);
    buf_view(&b, prev);
    buf_char(&b, '\n');
    buf_view(&b, entry);
    buf_init(&hex, HASH_HEX);
    int rc = b.err ? b.err : crypto_digest(DIGEST_SHA256, buf_get(&b), digest, &n);
    rc = rc ? rc : hex_encode(&hex, (struct view){(const char *)digest, n});
    rc = rc ? rc : view_copy(buf_get(&hex), out, HASH_HEX + 1);
    buf_fini(&b);
    buf_fini(&hex);
    return rc;
}

struct audit *audit_new(struct store *st)
{
    struct audit *a = calloc(1, sizeof *a);
    if (a) {
        a->st = st;
        a->last = &a->first;
    }
    return a;
}

static void end_first(struct audit *a, int err, uint64_t number)
{
    struct item *one = a->first;
    a->first = one->next;
    if (!a->first)
        a->last = &a->first;
    a->n--;
    one->w->err = err;
    one->w->version = number;
    store_later(a->st, one->w);
    free(one->entry);
    free(one);
}

static void end_flying(struct audit *a, int err, uint64_t last)
{
    for (; a->flying; a->flying--)
        end_first(a, err, err ? 0 : last - a->flying + 1);
}

void audit_abort(struct audit *a)
{
    a->flying = 0;
    a->sent = false;
    while (a->first)
        end_first(a, ERR_AWAY, 0);
}

void audit_free(struct audit *a)
{
    free(a);
}

/* The entries and their hashes, as far as the call takes. */
static int put_entries(struct audit *a, struct redis_cmd *cmd)
{
    int rc = 0;
    memcpy(a->chained, a->head, sizeof a->chained);
    a->flying = 0;
    for (const struct item *i = a->first; i && a->flying < CALL_ENTRIES && !rc; i = i->next) {
        char hash[HASH_HEX + 1];
        rc = audit_hash(view_of(a->chained), view_of(i->entry), hash);
        if (rc)
            break;
        redis_cmd_str(cmd, i->entry);
        redis_cmd_str(cmd, hash);
        memcpy(a->chained, hash, sizeof a->chained);
        a->flying++;
    }
    return rc;
}

static void kick(struct audit *a)
{
    struct store *st = a->st;
    struct redis_cmd cmd;
    if (a->sent || !a->first)
        return;
    redis_cmd_init(&cmd);
    redis_cmd_eval(&cmd, &st->scripts[SCRIPT_AUDIT], 2);
    redis_cmd_key(&cmd, key_global(st->prefix, "audit"));
    redis_cmd_key(&cmd, key_global(st->prefix, "audit:head"));
    redis_cmd_str(&cmd, a->head);
    redis_cmd_int(&cmd, clock_wall_ms(st->clock) - (int64_t)AUDIT_KEEP_DAYS * DAY_MS);
    int rc = put_entries(a, &cmd);
    a->sent = true;
    if (rc)
        redis_cmd_fini(&cmd);
    else
        rc = store_send_fini(st, &cmd, on_appended, a);
    if (!rc)
        return;
    a->sent = false;
    end_flying(a, ERR_AWAY, 0);
}

static void on_appended(void *ctx, const struct reply *r, enum redis_error err)
{
    struct audit *a = ctx;
    if (!a->sent)
        return; /* given up meanwhile */
    a->sent = false;
    if (err) {
        end_flying(a, store_err_of(err), 0);
    } else if (reply_int(reply_at(r, 0)) == 1) {
        memcpy(a->head, a->chained, sizeof a->head);
        end_flying(a, 0, (uint64_t)reply_int(reply_at(r, 1)));
    } else {
        a->flying = 0;
        if (view_copy(reply_text(reply_at(r, 2)), a->head, sizeof a->head))
            audit_abort(a); /* not a head that we could have written */
    }
    kick(a);
}

int store_audit(struct store *st, struct view entry, store_done_fn *done, void *ctx)
{
    struct audit *a = st->audit;
    if (store_ended(st))
        return ERR_STATE;
    if (entry.n > AUDIT_ENTRY_MAX)
        return ERR_TOO_BIG;
    if (a->n >= WAITING_MAX)
        return ERR_FULL;
    struct item *one = calloc(1, sizeof *one);
    if (!one || !(one->entry = view_dup(entry)) || !(one->w = waiter_of_done(done, ctx))) {
        free(one ? one->entry : NULL);
        free(one);
        return ERR_NOMEM;
    }
    *a->last = one;
    a->last = &one->next;
    a->n++;
    kick(a);
    return 0;
}

/* --- reading --- */

struct reading_audit {
    struct waiter *w;
    store_audit_fn *each;
};

static struct view field(const struct reply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < reply_n(fields); i += 2) {
        if (view_is(reply_text(reply_at(fields, i)), name))
            return reply_text(reply_at(fields, i + 1));
    }
    return (struct view){NULL, 0};
}

static void on_audit_read(void *ctx, const struct reply *r, enum redis_error err)
{
    struct reading_audit *read = ctx;
    struct waiter *w = read->w;
    for (size_t i = 0; !err && i < reply_n(r); i++) {
        const struct reply *fields = reply_at(reply_at(r, i), 1);
        int64_t n = 0;
        if (view_to_int(field(fields, "n"), 0, INT64_MAX, &n))
            n = 0; /* breaks the chain, which is what it is */
        struct audit_entry e = {reply_text(reply_at(reply_at(r, i), 0)), (uint64_t)n, field(fields, "prev"),
                                field(fields, "hash"), field(fields, "entry")};
        read->each(w->ctx, &e);
    }
    w->err = store_err_of(err);
    w->version = err ? 0 : reply_n(r);
    free(read);
    waiter_call(w);
}

static bool stream_id_valid(struct view id)
{
    for (size_t i = 0; i < id.n; i++) {
        if ((id.p[i] < '0' || id.p[i] > '9') && id.p[i] != '-')
            return false;
    }
    return id.n <= 40;
}

int store_read_audit(struct store *st, struct view after, size_t n, store_audit_fn *each, store_done_fn *done,
                     void *ctx)
{
    struct redis_cmd cmd;
    struct buf from;
    if (store_ended(st))
        return ERR_STATE;
    if (!stream_id_valid(after) || n > AUDIT_READ_MAX)
        return ERR_INVALID;
    struct reading_audit *read = calloc(1, sizeof *read);
    if (!read || !(read->w = waiter_of_done(done, ctx))) {
        free(read);
        return ERR_NOMEM;
    }
    read->each = each;
    buf_init(&from, 64);
    buf_str(&from, after.n ? "(" : "-");
    buf_view(&from, after);
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "XRANGE");
    redis_cmd_key(&cmd, key_global(st->prefix, "audit"));
    redis_cmd_view(&cmd, buf_get(&from));
    redis_cmd_str(&cmd, "+");
    redis_cmd_str(&cmd, "COUNT");
    redis_cmd_uint(&cmd, n);
    buf_fini(&from);
    int rc = store_send_fini(st, &cmd, on_audit_read, read);
    if (rc) {
        read->w->err = rc;
        store_later(st, read->w);
        free(read);
    }
    return 0;
}
