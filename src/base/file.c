/* SPDX-License-Identifier: MIT
 * Reading files, bounded by the buffer they go into.
 */
#include "parkd/base/file.h"

#include <errno.h>

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
