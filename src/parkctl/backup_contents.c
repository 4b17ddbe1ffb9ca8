/* SPDX-License-Identifier: MIT
 * What a dataset holds: counted, and its audit trail followed from the first entry to the last.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "parkctl/backup.h"
#include "parkd/base/json.h"
#include "parkd/model/reading.h"
#include "parkd/store/keys.h"
#include "parkd/store/office.h"

#define TRAIL_PAGE "1000"

static struct view rest_of(struct view v, size_t n)
{
    n = n < v.n ? n : v.n;
    return (struct view){v.p + n, v.n - n};
}

/* What follows "<prefix>{pNN}:"; empty: no key of a partition. */
static struct view part_kind(const char *prefix, struct view key)
{
    struct view rest = rest_of(key, strlen(prefix));
    const char *end = rest.n && rest.p[0] == '{' ? memchr(rest.p, '}', rest.n) : NULL;
    if (!end || (size_t)(end - rest.p) + 2 > rest.n)
        return (struct view){NULL, 0};
    return rest_of(rest, (size_t)(end - rest.p) + 2);
}

bool is_lease(const char *prefix, struct view key)
{
    struct view kind = part_kind(prefix, key);
    return view_starts(kind, "lease:") || view_starts(rest_of(key, strlen(prefix)), "lease:") ||
           view_is(rest_of(key, strlen(prefix)), "probe");
}

bool is_state(const char *prefix, struct view key)
{
    return view_is(part_kind(prefix, key), "state");
}

struct walk {
    struct redis_sync *r;
    const char *prefix;
    struct contents *c;
};

/* The newest seq of a partition's readings. */
static int look_at_state(struct walk *w, struct view key)
{
    const struct view words[] = {VIEW("HVALS"), key};
    redisReply *reply = redis_sync_ask(w->r, 2, words);
    for (size_t i = 0; reply && i < reply->elements; i++) {
        struct reading one;
        if (reading_decode((struct view){reply->element[i]->str, reply->element[i]->len}, &one) == 0) {
            w->c->lots++;
            w->c->newest_seq = (int64_t)one.seq > w->c->newest_seq ? (int64_t)one.seq : w->c->newest_seq;
        }
    }
    freeReplyObject(reply);
    return reply ? 0 : EXIT_FAILED;
}

static int look_at(void *ctx, struct view key)
{
    struct walk *w = ctx;
    if (is_lease(w->prefix, key))
        return 0;
    w->c->keys++;
    w->c->registrations += view_starts(part_kind(w->prefix, key), "reg:");
    return is_state(w->prefix, key) ? look_at_state(w, key) : 0;
}

static int read_meta(struct redis_sync *r, const char *prefix, struct contents *c)
{
    struct key meta = key_global(prefix, "meta");
    redisReply *reply = redis_sync_say(r, "HGETALL", meta.text, NULL);
    for (size_t i = 0; reply && i + 1 < reply->elements; i += 2) {
        const char *name = reply->element[i]->str;
        struct view value = {reply->element[i + 1]->str, reply->element[i + 1]->len};
        int64_t n = 0;
        if (strcmp(name, "master_key") == 0 && view_copy(value, c->master_key, sizeof c->master_key) == 0)
            continue;
        if (view_to_int(value, 0, INT32_MAX, &n))
            continue;
        c->schema = strcmp(name, "schema") == 0 ? n : c->schema;
        c->partitions = strcmp(name, "partitions") == 0 ? n : c->partitions;
    }
    freeReplyObject(reply);
    return reply ? 0 : EXIT_FAILED;
}

static struct view field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp(fields->element[i]->str, name) == 0)
            return (struct view){fields->element[i + 1]->str, fields->element[i + 1]->len};
    }
    return (struct view){NULL, 0};
}

/* One entry of the trail: does it follow from the one before? The oldest that is kept names one that may be
 * gone. */
static void follow(struct contents *c, const redisReply *fields)
{
    char hash[65];
    int64_t n = 0;
    bool first = !c->audit_head[0], fits = first || view_is(field(fields, "prev"), c->audit_head);
    c->audit++;
    fits = fits && audit_hash(field(fields, "prev"), field(fields, "entry"), hash) == 0 &&
           view_is(field(fields, "hash"), hash);
    if (!fits && !c->audit_broken && view_to_int(field(fields, "n"), 0, INT64_MAX, &n) == 0)
        c->audit_broken = n;
    if (view_copy(field(fields, "hash"), c->audit_head, sizeof c->audit_head))
        c->audit_head[0] = 0;
}

static int read_trail(struct redis_sync *r, const char *prefix, struct contents *c)
{
    struct key trail = key_global(prefix, "audit");
    char from[64] = "-";
    size_t n = 1;
    while (n) {
        redisReply *page = redis_sync_say(r, "XRANGE", trail.text, from, "+", "COUNT", TRAIL_PAGE, NULL);
        if (!page)
            return EXIT_FAILED;
        n = page->elements;
        for (size_t i = 0; i < n; i++) {
            follow(c, page->element[i]->element[1]);
            (void)snprintf(from, sizeof from, "(%s", page->element[i]->element[0]->str);
        }
        freeReplyObject(page);
    }
    return 0;
}

static int count_documents(struct redis_sync *r, const char *prefix, const char *plural, int64_t *n)
{
    *n = redis_sync_number(r, "HLEN", key_global(prefix, plural).text);
    return *n < 0 ? EXIT_FAILED : 0;
}

int contents_read(struct redis_sync *r, const char *prefix, struct contents *out)
{
    struct walk w = {r, prefix, out};
    *out = (struct contents){.schema = 0};
    int err = read_meta(r, prefix, out);
    err = err ? err : redis_sync_each_key(r, prefix, look_at, &w);
    err = err ? err : count_documents(r, prefix, "ledger", &out->ledger);
    err = err ? err : count_documents(r, prefix, "accounts", &out->accounts);
    err = err ? err : count_documents(r, prefix, "keys", &out->credentials);
    return err ? err : read_trail(r, prefix, out);
}

void contents_write(struct json_writer *w, const struct contents *c)
{
    jw_int(w, "schema", c->schema);
    jw_int(w, "partitions", c->partitions);
    jw_int(w, "keys", c->keys);
    jw_int(w, "registrations", c->registrations);
    jw_int(w, "lots", c->lots);
    jw_int(w, "ledger", c->ledger);
    jw_int(w, "accounts", c->accounts);
    jw_int(w, "credentials", c->credentials);
    jw_int(w, "newest_seq", c->newest_seq);
    jw_int(w, "audit", c->audit);
    jw_str(w, "audit_head", c->audit_head);
    jw_str(w, "master_key", c->master_key);
}

void contents_print(const struct contents *c)
{
    (void)printf(
        "%lld registered lots, %lld with a reading, %lld ledger entries, %lld accounts, %lld keys of "
        "accounts, %lld audit entries; %lld keys in Redis\n",
        (long long)c->registrations, (long long)c->lots, (long long)c->ledger, (long long)c->accounts,
        (long long)c->credentials, (long long)c->audit, (long long)c->keys);
}
