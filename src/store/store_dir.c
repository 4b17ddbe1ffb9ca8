/* SPDX-License-Identifier: MIT
 * The state directory belongs to one parkd at a time: `lock` is held as long as it runs. `instance` keeps a
 * random name over restarts, so that a restarted parkd takes its leases back at once; the lock makes sure
 * that nobody else uses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parkd/base/crypto.h"
#include "store/store_impl.h"

#define INSTANCE_BYTES 8

static int fail(struct why *why, const char *what)
{
    return why_set(why, ERR_IO, "state_dir", "%s: %s", what, strerror(errno));
}

static int lock_dir(struct store *st, struct why *why)
{
    char path[600];
    snprintf(path, sizeof path, "%s/lock", st->state_dir);
    st->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (st->lock_fd < 0)
        return fail(why, "cannot make the lock file");
    if (flock(st->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return why_set(why, ERR_STATE, "state_dir", "another parkd uses %s", st->state_dir);
}

static bool is_instance(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (!strchr("0123456789abcdef", v.p[i]))
            return false;
    }
    return v.n == 2 * INSTANCE_BYTES;
}

static bool read_instance(struct store *st, const char *path)
{
    char text[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return false;
    struct view v = view_trim((struct view){text, (size_t)n});
    return is_instance(v) && !view_copy(v, st->instance, sizeof st->instance);
}

/* Written beside and renamed, so that a crash leaves a whole name or none. */
static int make_instance(struct store *st, const char *path, struct why *why)
{
    unsigned char raw[INSTANCE_BYTES];
    char beside[640], line[2 * INSTANCE_BYTES + 2];
    if (crypto_random(raw, sizeof raw))
        return why_set(why, ERR_IO, "state_dir", "no random numbers for the instance's name");
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(st->instance + 2 * i, 3, "%02x", raw[i]);
    int n = snprintf(line, sizeof line, "%.*s\n", 2 * INSTANCE_BYTES, st->instance);
    snprintf(beside, sizeof beside, "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(why, "cannot write the instance's name");
    bool good = write(fd, line, (size_t)n) == n && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    return good && rename(beside, path) == 0 ? 0 : fail(why, "cannot write the instance's name");
}

int store_dir_open(struct store *st, struct why *why)
{
    char path[600];
    if (mkdir(st->state_dir, 0700) && errno != EEXIST)
        return fail(why, "cannot be made");
    int rc = lock_dir(st, why);
    if (rc) {
        store_dir_close(st);
        return rc;
    }
    snprintf(path, sizeof path, "%s/instance", st->state_dir);
    if (!read_instance(st, path))
        rc = make_instance(st, path, why);
    if (rc)
        store_dir_close(st);
    return rc;
}

void store_dir_close(struct store *st)
{
    if (st->lock_fd >= 0)
        close(st->lock_fd);
    st->lock_fd = -1;
}
