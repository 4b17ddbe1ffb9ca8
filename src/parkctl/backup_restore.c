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
#include <sys/file.h>
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
    int lock; /* of the state directory */
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

/* Nobody may run parkd on the directory meanwhile. */
static int lock_state(struct restoring *s)
{
    char path[PATH_SIZE];
    static const char *const names[] = {"lock", "redis.lock"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", s->o->state, names[i]);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
            s->lock = i ? s->lock : fd;
            continue; /* held until we end */
        }
        (void)fprintf(stderr, "parkctl: parkd runs on %s; stop it first\n", s->o->state);
        return EXIT_FAILED;
    }
    return 0;
}

static int open_state(struct restoring *s)
{
    char dir[PATH_SIZE];
    (void)snprintf(dir, sizeof dir, "%s/redis", s->o->state);
    if ((mkdir(s->o->state, 0700) && errno != EEXIST) || (mkdir(dir, 0700) && errno != EEXIST)) {
        (void)fprintf(stderr, "parkctl: cannot make %s: %s\n", dir, strerror(errno));
        return EXIT_FAILED;
    }
    int err = lock_state(s);
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

static int copy_key(void *ctx, struct view key)
{
    struct restoring *s = ctx;
    char until[24];
    if (is_lease(s->h.prefix, key))
        return 0;
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
    return err;
}

static int fill(struct restoring *s)
{
    int err = make_room(s);
    err = err ? err : take_time(s);
    err = err ? err : redis_sync_each_key(&s->source, s->h.prefix, copy_key, s);
    err = err ? err : redis_sync_each_key(&s->target, s->prefix, expire_state, s);
    return err ? err : check_target(s);
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
