/* SPDX-License-Identifier: MIT
 * Reads a configuration or district file, bounded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parkd/conf/conf.h"

int conf_read_file(const char *path, struct buf *out, struct why *why)
{
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f)
        return why_set(why, ERR_IO, "", "cannot read %s: %s", path, strerror(errno));
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0 && !out->err)
        buf_put(out, chunk, n);
    int bad = ferror(f);
    if (fclose(f) || bad)
        return why_set(why, ERR_IO, "", "cannot read %s", path);
    return out->err ? why_set(why, out->err, "", "%s is larger than %zu bytes", path, out->max) : 0;
}
