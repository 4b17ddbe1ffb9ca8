/* SPDX-License-Identifier: MIT
 * backup: takes the dataset as of one moment, looks into it with a server of its own, writes the file.
 */
#include "parkctl/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "parkd/base/file.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"

#define PATH_SIZE 1200

static int usage(void)
{
    (void)fprintf(stderr, "parkctl: backup FILE [--redis URL] [--prefix P]\n"
                          "parkctl: restore FILE [--redis URL] [--prefix P] [--replace] [--dry-run]\n");
    return EXIT_USAGE;
}

/* One that takes a value, at argv[i]; how many words it took, 0: none of these. */
static int take_value(struct ctl *c, struct backup_options *o, char **argv, int left)
{
    const struct {
        const char *name;
        const char **at;
    } values[] = {{"--redis", &o->redis}, {"--prefix", &o->prefix}, {"--state", &c->state}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (left > 1 && strcmp(argv[0], values[i].name) == 0) {
            *values[i].at = argv[1];
            return 2;
        }
    }
    return 0;
}

int backup_options_read(struct ctl *c, struct backup_options *o, int argc, char **argv)
{
    *o = (struct backup_options){.dry_run = c->dry_run, .json = c->json};
    for (int i = 1, took; i < argc; i += took) {
        took = take_value(c, o, argv + i, argc - i);
        if (took)
            continue;
        took = 1;
        if (strcmp(argv[i], "--replace") == 0)
            o->replace = true;
        else if (strcmp(argv[i], "--dry-run") == 0)
            o->dry_run = true;
        else if (strcmp(argv[i], "--json") == 0)
            o->json = true;
        else if (argv[i][0] == '-' || o->file)
            return usage();
        else
            o->file = argv[i];
    }
    o->state = c->state ? c->state : getenv("PARKD_STATE_DIR") ? getenv("PARKD_STATE_DIR") : "parkd-state";
    return o->file ? 0 : usage();
}

int backup_lock_state(const char *state)
{
    static const char *const names[] = {"lock", "redis.lock"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < 2; i++) {
        struct stat owner;
        (void)snprintf(path, sizeof path, "%s/%s", state, names[i]);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0 && geteuid() == 0 && stat(state, &owner) == 0 && fchown(fd, owner.st_uid, owner.st_gid))
            (void)fprintf(stderr, "parkctl: note: %s stays root's\n", path);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            continue; /* held until we end */
        (void)fprintf(stderr, "parkctl: parkd runs on %s; stop it first\n", state);
        return EXIT_FAILED;
    }
    return 0;
}

int backup_folder_make(const char *file, char *dir, size_t size)
{
    if ((size_t)snprintf(dir, size, "%s.XXXXXX", file) < size && mkdtemp(dir))
        return 0;
    (void)fprintf(stderr, "parkctl: cannot make a folder beside %s: %s\n", file, strerror(errno));
    dir[0] = 0;
    return EXIT_FAILED;
}

void backup_folder_remove(const char *dir)
{
    static const char *const names[] = {"dump.rdb", "dump.rdb.part"};
    char path[PATH_SIZE];
    for (size_t i = 0; dir[0] && i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    if (dir[0])
        (void)rmdir(dir);
}

/* The Redis of the parkd that runs on the state directory, unless it was named. */
static int find_redis(const struct backup_options *o, char url[600], char prefix[80])
{
    char path[PATH_SIZE];
    struct buf text;
    struct json *doc = NULL;
    (void)snprintf(path, sizeof path, "%s/run.json", o->state);
    buf_init(&text, 65536);
    bool found = file_read(path, &text) == 0 && json_parse(buf_get(&text), &doc, NULL) == 0 &&
                 !json_want_str(doc, "redis", url, 600, NULL) &&
                 !json_want_str(doc, "redis_prefix", prefix, 80, NULL);
    json_free(doc);
    buf_fini(&text);
    if (o->redis)
        (void)snprintf(url, 600, "%s", o->redis);
    if (o->prefix || !prefix[0])
        (void)snprintf(prefix, 80, "%s", o->prefix ? o->prefix : "parkd:");
    if (found || o->redis)
        return 0;
    url[0] = 0;
    (void)snprintf(path, sizeof path, "%s/redis/appendonlydir", o->state);
    if (access(path, R_OK) == 0)
        return 0; /* parkd is down, its Redis with it: we start one */
    (void)fprintf(stderr,
                  "parkctl: no parkd found: %s is not there or not readable; give --state DIR, or "
                  "--redis URL and --prefix P\n",
                  path);
    return EXIT_UNREACHABLE;
}

struct pruning {
    struct redis_sync *r;
    const char *prefix;
};

/* A Redis may serve others too: what is theirs is not ours to carry away. Leases end anyway. */
static int prune(void *ctx, struct view key)
{
    const struct pruning *p = ctx;
    const struct view words[] = {VIEW("UNLINK"), key};
    if (view_starts(key, p->prefix) && !is_lease(p->prefix, key))
        return 0;
    struct redisReply *reply = redis_sync_ask(p->r, 2, words);
    redis_sync_free(reply);
    return reply ? 0 : EXIT_FAILED;
}

static int keep_ours(struct redis_sync *r, const char *prefix)
{
    struct pruning p = {r, prefix};
    int err = redis_sync_each_key(r, "", prune, &p);
    struct redisReply *saved = err ? NULL : redis_sync_say(r, "SAVE", NULL);
    redis_sync_free(saved);
    return saved ? 0 : EXIT_FAILED;
}

/* What the dump really holds is said in the heading, not what Redis held a moment later. */
static int look_inside(const char *dir, struct backup_header *h)
{
    struct redis_own own;
    struct redis_sync r = {0};
    int err = redis_own_start(&own, dir, false);
    if (err)
        return err;
    err = redis_sync_open(&r, own.url);
    err = err ? err : keep_ours(&r, h->prefix);
    err = err ? err : contents_read(&r, h->prefix, &h->contents);
    redis_sync_close(&r);
    int ended = redis_own_stop(&own);
    return err ? err : ended;
}

/* Where the last one went, for doctor. Best effort: the backup is whole without it. */
static void leave_note(const struct backup_options *o, const struct backup_header *h)
{
    char path[PATH_SIZE];
    struct json_writer w;
    struct buf b;
    (void)snprintf(path, sizeof path, "%s/last-backup.json", o->state);
    buf_init(&b, 8192);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, "at", h->at);
    jw_str(&w, "file", o->file);
    jw_end_object(&w);
    if (b.err || file_write_private(path, buf_get(&b)))
        (void)fprintf(stderr, "parkctl: note: %s was not written; doctor will not know of this backup\n",
                      path);
    buf_fini(&b);
}

/* Of a parkd that is down, from its own files. */
static int dump_of_state(const struct backup_options *o, const char *dump)
{
    char data[PATH_SIZE];
    struct redis_own own;
    (void)snprintf(data, sizeof data, "%s/redis", o->state);
    int err = backup_lock_state(o->state);
    err = err ? err : redis_own_start(&own, data, true);
    if (err)
        return err;
    err = redis_sync_rdb(own.url, dump);
    int ended = redis_own_stop(&own);
    return err ? err : ended;
}

static int take(const struct backup_options *o, const char *url, struct backup_header *h, const char *dir)
{
    char dump[PATH_SIZE + 16];
    int64_t now = (int64_t)time(NULL) * 1000;
    (void)snprintf(dump, sizeof dump, "%s/dump.rdb", dir);
    (void)iso8601_format(now, h->at);
    (void)snprintf(h->parkd, sizeof h->parkd, "%s", PARKD_VERSION);
    int err = url[0] ? redis_sync_rdb(url, dump) : dump_of_state(o, dump);
    err = err ? err : look_inside(dir, h);
    if (!err && !h->contents.schema) {
        (void)fprintf(stderr, "parkctl: Redis at %s holds no parkd under the prefix %s\n", url, h->prefix);
        err = EXIT_NOT_FOUND;
    }
    return err ? err : backup_file_write(o->file, h, dump);
}

static void tell(const struct backup_options *o, const struct backup_header *h)
{
    if (o->json) {
        struct json_writer w;
        struct buf b;
        buf_init(&b, 8192);
        jw_init(&w, &b);
        jw_object(&w, NULL);
        jw_str(&w, "file", o->file);
        jw_str(&w, "at", h->at);
        contents_write(&w, &h->contents);
        jw_end_object(&w);
        (void)printf(VIEW_FMT "\n", VIEW_ARG(buf_get(&b)));
        buf_fini(&b);
        return;
    }
    (void)printf("%s: everything as of %s, %lld KiB\n", o->file, h->at, (long long)(h->bytes / 1024));
    contents_print(&h->contents);
    (void)printf("Secrets in it open with the master key %s alone: keep that key's file elsewhere.\n",
                 h->contents.master_key[0] ? h->contents.master_key : "of this parkd");
}

int ctl_backup(struct ctl *c, int argc, char **argv)
{
    struct backup_options o;
    struct backup_header h = {.bytes = 0};
    char url[600] = "", dir[PATH_SIZE] = "";
    int err = backup_options_read(c, &o, argc, argv);
    err = err ? err : find_redis(&o, url, h.prefix);
    err = err ? err : backup_folder_make(o.file, dir, sizeof dir);
    if (err)
        return err;
    err = take(&o, url, &h, dir);
    backup_folder_remove(dir);
    if (!err && h.contents.audit_broken) {
        (void)fprintf(stderr,
                      "parkctl: warning: the audit trail does not verify from entry %lld on; it is in the "
                      "backup as it is\n",
                      (long long)h.contents.audit_broken);
    }
    if (err)
        return err;
    leave_note(&o, &h);
    tell(&o, &h);
    return 0;
}
