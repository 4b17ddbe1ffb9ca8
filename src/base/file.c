/* SPDX-License-Identifier: MIT
 * Whole files.
 */
#include "parkd/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

int file_read_stream(FILE *f, struct buf *out)
{
    char piece[4096];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0 && !buf_put(out, piece, n))
        continue;
    return ferror(f) ? ERR_IO : out->err;
}

int file_read(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return ERR_IO;
    int err = file_read_stream(f, out), saved = errno;
    (void)fclose(f); /* only read: nothing is lost */
    errno = saved;
    return err;
}

int file_put(int fd, struct view bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        bytes = (struct view){bytes.p + n, bytes.n - (size_t)n};
    }
    return 0;
}

int file_write_private(const char *path, struct view bytes)
{
    char temp[PATH_MAX];
    if ((size_t)snprintf(temp, sizeof temp, "%s.new", path) >= sizeof temp)
        return ERR_IO;
    (void)unlink(temp);
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    int rc = file_put(fd, bytes) || fsync(fd) ? ERR_IO : 0;
    if (close(fd) || rc || rename(temp, path)) {
        (void)unlink(temp);
        return ERR_IO;
    }
    return 0;
}
