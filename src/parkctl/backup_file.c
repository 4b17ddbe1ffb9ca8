/* SPDX-License-Identifier: MIT
 * The file: two lines and a dump. Written beside its place and renamed, so that half a backup has no name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parkctl/backup.h"
#include "parkd/base/crypto.h"
#include "parkd/base/file.h"
#include "parkd/base/json.h"

#define HEADER_MAX 4096
#define PATH_SIZE  1200

struct mapped {
    void *at;
    size_t n;
};

static int map(const char *path, struct mapped *m)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *m = (struct mapped){MAP_FAILED, 0};
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        m->n = (size_t)st.st_size;
        m->at = mmap(NULL, m->n, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0)
        (void)close(fd);
    if (m->at != MAP_FAILED)
        return 0;
    (void)fprintf(stderr, "parkctl: cannot read %s: %s\n", path, fd < 0 ? strerror(errno) : "it is empty");
    return EXIT_FAILED;
}

static void unmap(struct mapped *m)
{
    if (m->at != MAP_FAILED)
        (void)munmap(m->at, m->n);
}

static int digest_of(struct view bytes, char out[65])
{
    unsigned char raw[DIGEST_MAX];
    size_t n = 0;
    struct buf hex;
    buf_init(&hex, 65);
    int err = crypto_digest(DIGEST_SHA256, bytes, raw, &n);
    err = err ? err : hex_encode(&hex, (struct view){(const char *)raw, n});
    err = err ? err : view_copy(buf_get(&hex), out, 65);
    buf_fini(&hex);
    return err ? EXIT_FAILED : 0;
}

/* --- writing --- */

static void write_header(const struct backup_header *h, struct buf *out)
{
    struct json_writer w;
    buf_printf(out, BACKUP_MAGIC "%d\n", BACKUP_FORMAT);
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "at", h->at);
    jw_str(&w, "parkd", h->parkd);
    jw_str(&w, "prefix", h->prefix);
    jw_int(&w, "bytes", h->bytes);
    jw_str(&w, "sha256", h->sha256);
    contents_write(&w, &h->contents);
    jw_end_object(&w);
    buf_char(out, '\n');
}

/* At `path`, durable. */
static int write_durable(const char *path, struct view head, struct view body)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && file_put(fd, head) == 0 && file_put(fd, body) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (good)
        return 0;
    (void)fprintf(stderr, "parkctl: cannot write %s: %s\n", path, strerror(errno));
    return EXIT_FAILED;
}

int backup_file_write(const char *file, struct backup_header *h, const char *dump)
{
    char path[PATH_SIZE];
    struct mapped m;
    struct buf head;
    int err = map(dump, &m);
    if (err)
        return err;
    buf_init(&head, HEADER_MAX);
    h->bytes = (int64_t)m.n;
    err = digest_of((struct view){m.at, m.n}, h->sha256);
    write_header(h, &head);
    (void)snprintf(path, sizeof path, "%s.part", dump); /* in a folder of ours, on the same disk */
    err = err || head.err ? EXIT_FAILED : write_durable(path, buf_get(&head), (struct view){m.at, m.n});
    if (!err && rename(path, file)) {
        (void)fprintf(stderr, "parkctl: cannot write %s: %s\n", file, strerror(errno));
        err = EXIT_FAILED;
    }
    (void)unlink(path);
    buf_fini(&head);
    unmap(&m);
    return err;
}

/* --- reading --- */

static int damaged(const char *file, const char *what)
{
    (void)fprintf(stderr, "parkctl: %s %s\n", file, what);
    return EXIT_FAILED;
}

static int64_t number(const struct json *doc, const char *key)
{
    int64_t n = -1;
    return json_want_int(doc, key, 0, INT64_MAX, &n, NULL) ? -1 : n;
}

static bool read_header(struct view line, struct backup_header *h)
{
    struct json *doc = NULL;
    struct contents *c = &h->contents;
    *h = (struct backup_header){.bytes = 0};
    bool good = json_parse(line, &doc, NULL) == 0 && !json_need_str(doc, "at", h->at, sizeof h->at, NULL) &&
                !json_need_str(doc, "prefix", h->prefix, sizeof h->prefix, NULL) &&
                !json_need_str(doc, "sha256", h->sha256, sizeof h->sha256, NULL) &&
                !json_want_str(doc, "parkd", h->parkd, sizeof h->parkd, NULL) &&
                !json_want_str(doc, "audit_head", c->audit_head, sizeof c->audit_head, NULL) &&
                !json_want_str(doc, "master_key", c->master_key, sizeof c->master_key, NULL);
    h->bytes = number(doc, "bytes");
    c->schema = number(doc, "schema");
    c->partitions = number(doc, "partitions");
    c->keys = number(doc, "keys");
    c->registrations = number(doc, "registrations");
    c->lots = number(doc, "lots");
    c->ledger = number(doc, "ledger");
    c->accounts = number(doc, "accounts");
    c->credentials = number(doc, "credentials");
    c->newest_seq = number(doc, "newest_seq");
    c->audit = number(doc, "audit");
    json_free(doc);
    return good && h->bytes >= 0 && c->schema > 0 && c->keys >= 0;
}

/* Lines and dump of the mapped file. */
static int check(const char *file, struct view all, struct backup_header *h, struct view *dump)
{
    struct view rest = all;
    struct view magic = view_cut(&rest, '\n'), line = rest.n ? view_cut(&rest, '\n') : rest;
    char digest[65];
    int64_t format = 0;
    if (!view_starts(magic, BACKUP_MAGIC))
        return damaged(file, "is no backup of parkd");
    magic = (struct view){magic.p + sizeof BACKUP_MAGIC - 1, magic.n - (sizeof BACKUP_MAGIC - 1)};
    if (view_to_int(magic, 1, INT32_MAX, &format) || format > BACKUP_FORMAT)
        return damaged(file, "was made by a newer parkctl; use that one");
    if (line.n > HEADER_MAX || !read_header(line, h))
        return damaged(file, "is damaged: its heading cannot be read");
    if ((int64_t)rest.n != h->bytes)
        return damaged(file, (int64_t)rest.n < h->bytes ? "is damaged: its end is missing"
                                                        : "is damaged: something was added to it");
    if (digest_of(rest, digest) || strcmp(digest, h->sha256) != 0)
        return damaged(file, "is damaged: its checksum is wrong");
    *dump = rest;
    return 0;
}

int backup_file_read(const char *file, struct backup_header *h, const char *dir)
{
    char path[PATH_SIZE];
    struct mapped m;
    struct view dump = {NULL, 0};
    int err = map(file, &m);
    if (err)
        return err;
    err = check(file, (struct view){m.at, m.n}, h, &dump);
    (void)snprintf(path, sizeof path, "%s/dump.rdb", dir);
    err = err ? err : write_durable(path, (struct view){NULL, 0}, dump);
    unmap(&m);
    return err;
}
