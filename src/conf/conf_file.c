/* SPDX-License-Identifier: MIT
 * Reads a configuration or district file, bounded.
 */
#include <errno.h>
#include <string.h>

#include "parkd/base/file.h"
#include "parkd/conf/conf.h"

int conf_read_file(const char *path, struct buf *out, struct why *why)
{
    int err = file_read(path, out);
    if (err == ERR_IO)
        return why_set(why, err, "", "cannot read %s: %s", path, strerror(errno));
    return err ? why_set(why, err, "", "%s is larger than %zu bytes", path, out->max) : 0;
}
