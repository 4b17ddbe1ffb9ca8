/* SPDX-License-Identifier: MIT
 * restore: loads the dump into a server of its own, looks whether it holds what its heading says, copies key
 * by key into an empty Redis, makes every lot unknown, and looks again.
 */
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "parkctl/backup.h"
#include "parkd/base/crypto.h"
#include "parkd/base/file.h"
#include "parkd/model/reading.h"
#include "parkd/model/secrets.h"
#include "parkd/norm/norm.h"
#include "parkd/store/keys.h"
#include "parkd/store/office.h"

#define PATH_SIZE    1200
#define RECORD_MAX   16384
#define PROGRESS_ALL 20000 /* keys between two lines */

struct restoring {
    const struct backup_options *o;
    struct backup_header h;
    struct redis_own source_own, target_own;
    struct redis_sync source, target;
    char prefix[80]; /* of the target */
    int64_t now_ms, copied, there;
};

/* --- what the file holds --- */

static int differs(const char *what, int64_t said, int64_t found)
{
    (void)fprintf(stderr, "parkctl: the heading says %lld %s, the data has %lld: not restored\n",
                  (long long)said, what, (long long)found);
    return EXIT_FAILED;
}

/* Keys with a limited life may have ended since. */
static int compare(const struct contents *said, const struct contents *found)
{
    const struct {
        const char *what;
        int64_t said, found;
    } all[] = {{"registered lots", said->registrations, found->registrations},
               {"lots with a reading", said->lots, found->lots},
               {"ledger entries", said->ledger, found->ledger},
               {"accounts", said->accounts, found->accounts},
               {"keys of accounts", said->credentials, found->credentials},
               {"audit entries", said->audit, found->audit}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].said != all[i].found)
            return differs(all[i].what, all[i].said, all[i].found);
    }
    return 0;
}

static int check_source(struct restoring *s)
{
    struct contents found;
    const struct contents *said = &s->h.contents;
    if (said->schema > STORE_SCHEMA_VERSION) {
        (void)fprintf(stderr,
                      "parkctl: the backup was made by a newer parkd (schema %lld, this one knows %d)\n",
                      (long long)said->schema, STORE_SCHEMA_VERSION);
        return EXIT_FAILED;
    }
    int err = contents_read(&s->source, s->h.prefix, &found);
    err = err ? err : compare(said, &found);
    if (!err && found.audit_broken)
        (void)fprintf(stderr, "parkctl: warning: its audit trail does not verify from entry %lld on\n",
                      (long long)found.audit_broken);
    return err;
}

static void warn_of_key(const struct restoring *s)
{
    char path[PATH_SIZE], mark[SECRETS_MARK_SIZE] = "";
    unsigned char key[SEAL_KEY_BYTES];
    struct buf text;
    struct buf raw = {0};
    const char *needed = s->h.contents.master_key;
    (void)snprintf(path, sizeof path, "%s/master.key", s->o->state);
    buf_init(&text, 1024);
    buf_init(&raw, 64);
    if (file_read(path, &text) == 0 && hex_decode(&raw, view_trim(buf_get(&text))) == 0 &&
        raw.n == sizeof key) {
        memcpy(key, raw.p, sizeof key);
        if (secrets_key_mark(key, mark))
            mark[0] = 0;
    }
    if (needed[0] && strcmp(mark, needed) != 0)
        (void)fprintf(
            stderr,
            mark[0] ? "parkctl: warning: the secrets in this backup open with the master key %s; %s is %s. "
                      "Put the right key's file there before parkd starts\n"
                    : "parkctl: warning: the secrets in this backup open with the master key %s; put its "
                      "file at %s before parkd starts%s\n",
            needed, path, mark);
    explicit_bzero(key, sizeof key);
    if (text.p)
        explicit_bzero(text.p, text.n);
    if (raw.p)
        explicit_bzero(raw.p, raw.n);
    buf_fini(&text);
    buf_fini(&raw);
}

/* --- the target --- */

/* Made by root, the folder is still parkd's. */
static int give_to_owner(const char *state, const char *dir)
{
    struct stat owner;
    if (stat(state, &owner) == 0 && (geteuid() != 0 || chown(dir, owner.st_uid, owner.st_gid) == 0))
        return 0;
    (void)fprintf(stderr, "parkctl: cannot give %s to the owner of %s: %s\n", dir, state, strerror(errno));
    return EXIT_FAILED;
}

static int open_state(struct restoring *s)
{
    char dir[PATH_SIZE];
    (void)snprintf(dir, sizeof dir, "%s/redis", s->o->state);
    if ((mkdir(s->o->state, 0700) && errno != EEXIST) || (mkdir(dir, 0700) && errno != EEXIST)) {
        (void)fprintf(stderr, "parkctl: cannot make %s: %s\n", dir, strerror(errno));
        return EXIT_FAILED;
    }
    int err = give_to_owner(s->o->state, dir);
    err = err ? err : backup_lock_state(s->o->state);
    err = err ? err : redis_own_start(&s->target_own, dir, true);
    return err ? err : redis_sync_open(&s->target, s->target_own.url);
}

static int count_key(void *ctx, struct view key)
{
    struct restoring *s = ctx;
    s->there += !is_lease(s->prefix, key);
    return 0;
}

static int unlink_key(void *ctx, struct view key)
{
    struct restoring *s = ctx;
    const struct view words[] = {VIEW("UNLINK"), key};
    redisReply *reply = redis_sync_ask(&s->target, 2, words);
    freeReplyObject(reply);
    return reply ? 0 : EXIT_FAILED;
}

static int make_room(struct restoring *s)
{
    int err = redis_sync_each_key(&s->target, s->prefix, count_key, s);
    if (err || !s->there)
        return err;
    if (!s->o->replace) {
        (void)fprintf(
            stderr,
            "parkctl: Redis at %s is not empty: %lld keys under the prefix %s. Restore into an empty one, or "
            "say --replace and lose what is there\n",
            s->target.name, (long long)s->there, s->prefix);
        return EXIT_FAILED;
    }
    return redis_sync_each_key(&s->target, s->prefix, unlink_key, s);
}

/* --- copying --- */

static int put(struct restoring *s, struct view key, const char *until, const redisReply *dump)
{
    char name[512];
    size_t skip = strlen(s->h.prefix);
    if ((size_t)snprintf(name, sizeof name, "%s" VIEW_FMT, s->prefix, (int)(key.n - skip), key.p + skip) >=
        sizeof name) {
        (void)fprintf(stderr, "parkctl: a key's name is too long: " VIEW_FMT "\n", VIEW_ARG(key));
        return EXIT_FAILED;
    }
    const struct view words[] = {VIEW("RESTORE"),        view_of(name),   view_of(until),
                                 {dump->str, dump->len}, VIEW("REPLACE"), VIEW("ABSTTL")};
    redisReply *reply = redis_sync_ask(&s->target, 6, words);
    freeReplyObject(reply);
    return reply ? 0 : EXIT_FAILED;
}

static bool is_global(const struct restoring *s, struct view key, const char *name)
{
    return view_is(key, key_global(s->h.prefix, name).text);
}

static int copy_one(struct restoring *s, struct view key)
{
    char until[24];
    const struct view ask[] = {VIEW("DUMP"), key}, life[] = {VIEW("PEXPIRETIME"), key};
    redisReply *dump = redis_sync_ask(&s->source, 2, ask), *ends = redis_sync_ask(&s->source, 2, life);
    int err = dump && ends ? 0 : EXIT_FAILED;
    if (!err && dump->type == REDIS_REPLY_STRING) { /* else its life ended just now */
        (void)snprintf(until, sizeof until, "%lld", ends->integer > 0 ? ends->integer : 0LL);
        err = put(s, key, until, dump);
        if (!err && ++s->copied % PROGRESS_ALL == 0)
            (void)fprintf(stderr, "%lld of %lld keys\n", (long long)s->copied, (long long)s->h.contents.keys);
    }
    freeReplyObject(dump);
    freeReplyObject(ends);
    return err;
}

/* Who was signed in then is not signed in now; meta comes last, when all is good. */
static int copy_key(void *ctx, struct view key)
{
    struct restoring *s = ctx;
    if (is_lease(s->h.prefix, key) || is_global(s, key, "sessions") || is_global(s, key, "meta"))
        return 0;
    return copy_one(s, key);
}

/* parkd refuses a Redis in which this stands. */
static int mark_begun(struct restoring *s)
{
    redisReply *reply =
        redis_sync_say(&s->target, "HSET", key_global(s->prefix, "meta").text, "restoring", "1", NULL);
    freeReplyObject(reply);
    return reply ? 0 : EXIT_FAILED;
}

static int mark_done(struct restoring *s)
{
    struct key meta = key_global(s->h.prefix, "meta");
    return copy_one(s, (struct view){meta.text, meta.n}); /* replaces the mark */
}

/* --- the trail says so --- */

static void write_entry(const struct restoring *s, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_time(&w, "at", s->now_ms);
    jw_str(&w, "who", "local");
    jw_str(&w, "role", "admin");
    jw_str(&w, "via", "parkctl");
    jw_str(&w, "action", "restore");
    jw_str(&w, "object", s->h.at);
    jw_end_object(&w);
}

static int append_entry(struct restoring *s, struct view entry)
{
    struct key trail = key_global(s->prefix, "audit"), head = key_global(s->prefix, "audit:head");
    char hash[65], n[24];
    redisReply *last = redis_sync_say(&s->target, "HGET", head.text, "n", NULL);
    int64_t number = 0;
    bool good =
        last &&
        (last->type == REDIS_REPLY_NIL || view_to_int(view_of(last->str), 0, INT64_MAX - 1, &number) == 0) &&
        audit_hash(view_of(s->h.contents.audit_head), entry, hash) == 0;
    freeReplyObject(last);
    if (!good)
        return EXIT_FAILED;
    (void)snprintf(n, sizeof n, "%lld", (long long)number + 1);
    const struct view words[] = {VIEW("XADD"),
                                 view_of(trail.text),
                                 VIEW("*"),
                                 VIEW("n"),
                                 view_of(n),
                                 VIEW("prev"),
                                 view_of(s->h.contents.audit_head),
                                 VIEW("hash"),
                                 view_of(hash),
                                 VIEW("entry"),
                                 entry};
    redisReply *added = redis_sync_ask(&s->target, 11, words);
    redisReply *set =
        added ? redis_sync_say(&s->target, "HSET", head.text, "n", n, "hash", hash, NULL) : NULL;
    freeReplyObject(added);
    freeReplyObject(set);
    return set ? 0 : EXIT_FAILED;
}

static int tell_trail(struct restoring *s)
{
    struct buf entry;
    buf_init(&entry, 4096);
    write_entry(s, &entry);
    int err = entry.err ? EXIT_FAILED : append_entry(s, buf_get(&entry));
    buf_fini(&entry);
    return err;
}

/* --- nobody knows yet --- */

/* The record of one lot, as "unknown" with a new number; empty: as it is, no parkd wrote it. */
static int make_unknown(const struct restoring *s, struct view record, struct buf *out)
{
    struct reading held, gone;
    if (reading_decode(record, &held))
        return 0;
    norm_expire(&held, s->now_ms, &gone);
    gone.seq = (uint64_t)s->now_ms > held.seq ? (uint64_t)s->now_ms : held.seq + 1;
    return reading_encode(&gone, out) ? EXIT_FAILED : 0;
}

static int expire_lot(struct restoring *s, struct view key, const redisReply *lot, const redisReply *record)
{
    struct buf text;
    buf_init(&text, RECORD_MAX);
    int err = make_unknown(s, (struct view){record->str, record->len}, &text);
    if (!err && text.n) {
        const struct view words[] = {VIEW("HSET"), key, {lot->str, lot->len}, buf_get(&text)};
        redisReply *reply = redis_sync_ask(&s->target, 4, words);
        err = reply ? 0 : EXIT_FAILED;
        freeReplyObject(reply);
    }
    buf_fini(&text);
    return err;
}

static int expire_state(void *ctx, struct view key)
{
    struct restoring *s = ctx;
    if (!is_state(s->prefix, key))
        return 0;
    const struct view words[] = {VIEW("HGETALL"), key};
    redisReply *all = redis_sync_ask(&s->target, 2, words);
    int err = all ? 0 : EXIT_FAILED;
    for (size_t i = 0; !err && i + 1 < all->elements; i += 2)
        err = expire_lot(s, key, all->element[i], all->element[i + 1]);
    freeReplyObject(all);
    return err;
}

/* --- the whole --- */

static int check_target(struct restoring *s)
{
    struct contents found;
    int err = contents_read(&s->target, s->prefix, &found);
    err = err ? err : compare(&s->h.contents, &found);
    if (!err && found.newest_seq < s->h.contents.newest_seq)
        err = differs("as the newest seq", s->h.contents.newest_seq, found.newest_seq);
    if (!err && strcmp(found.audit_head, s->h.contents.audit_head) != 0) {
        (void)fprintf(stderr, "parkctl: the audit trail's head is not the backup's\n");
        err = EXIT_FAILED;
    }
    return err;
}

/* Numbers are given by Redis' clock (update.lua); those of before came from another one, perhaps. */
static int take_time(struct restoring *s)
{
    struct timespec ours;
    redisReply *theirs = redis_sync_say(&s->target, "TIME", NULL);
    int err = theirs && theirs->elements == 2 ? 0 : EXIT_FAILED;
    int64_t seconds = 0, micros = 0;
    if (!err && (view_to_int(view_of(theirs->element[0]->str), 0, INT32_MAX * (int64_t)2, &seconds) ||
                 view_to_int(view_of(theirs->element[1]->str), 0, 999999, &micros)))
        err = EXIT_FAILED;
    (void)clock_gettime(CLOCK_REALTIME, &ours);
    int64_t here = (int64_t)ours.tv_sec * 1000 + ours.tv_nsec / 1000000,
            there = seconds * 1000 + micros / 1000;
    s->now_ms = here > there ? here : there;
    freeReplyObject(theirs);
    if (!err && s->now_ms <= s->h.contents.newest_seq) {
        (void)fprintf(stderr,
                      "parkctl: the clock here is before the backup's newest number: set it right first\n");
        err = EXIT_FAILED;
    }
    return err;
}

static int fill(struct restoring *s)
{
    int err = make_room(s);
    err = err ? err : take_time(s);
    err = err ? err : mark_begun(s);
    err = err ? err : redis_sync_each_key(&s->source, s->h.prefix, copy_key, s);
    err = err ? err : redis_sync_each_key(&s->target, s->prefix, expire_state, s);
    err = err ? err : check_target(s);
    err = err ? err : tell_trail(s);
    return err ? err : mark_done(s);
}

static int restore(struct restoring *s, const char *dir)
{
    int err = redis_own_start(&s->source_own, dir, false);
    err = err ? err : redis_sync_open(&s->source, s->source_own.url);
    err = err ? err : check_source(s);
    if (err || s->o->dry_run)
        return err;
    err = s->o->redis ? redis_sync_open(&s->target, s->o->redis) : open_state(s);
    return err ? err : fill(s);
}

static int end(struct restoring *s)
{
    redis_sync_close(&s->source);
    redis_sync_close(&s->target);
    int err = redis_own_stop(&s->target_own);
    (void)redis_own_stop(&s->source_own);
    return err;
}

static void tell(const struct restoring *s)
{
    (void)printf("%s %s: as of %s, by parkd %s\n", s->o->file, s->o->dry_run ? "is good" : "restored",
                 s->h.at, s->h.parkd);
    contents_print(&s->h.contents);
    if (!s->o->dry_run)
        (void)printf(
            "All lots are unknown until their systems speak again. Keys and accounts are as they were then: "
            "revoke again what was revoked since.\n");
}

int ctl_restore(struct ctl *c, int argc, char **argv)
{
    struct backup_options o;
    char dir[PATH_SIZE] = "";
    int err = backup_options_read(c, &o, argc, argv);
    err = err ? err : backup_folder_make(o.file, dir, sizeof dir);
    if (err)
        return err;
    struct restoring s = {.o = &o};
    err = backup_file_read(o.file, &s.h, dir);
    (void)snprintf(s.prefix, sizeof s.prefix, "%s", o.prefix ? o.prefix : s.h.prefix);
    err = err ? err : restore(&s, dir);
    int ended = end(&s);
    backup_folder_remove(dir);
    err = err ? err : ended;
    if (err)
        return err;
    tell(&s);
    warn_of_key(&s);
    return 0;
}
