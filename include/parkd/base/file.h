/* SPDX-License-Identifier: MIT
 * Whole files: into memory (the ceiling of the buffer is the limit; nothing is read without one), and back,
 * for the owner alone.
 */
#ifndef PARKD_BASE_FILE_H
#define PARKD_BASE_FILE_H

#include <stdio.h>

#include "parkd/base/buf.h"

/* Appends the whole file. ERR_IO (errno tells why), ERR_TOO_BIG, ERR_NOMEM. */
int file_read(const char *path, struct buf *out) must_check;
/* The same for a stream, which stays open. */
int file_read_stream(FILE *f, struct buf *out) must_check;

/* All of it to a descriptor. ERR_IO (errno tells why). */
int file_put(int fd, struct view bytes) must_check;
/* Writes the whole file, readable by its owner only, in the place of what stood there: whoever reads it sees
 * the old or the new one. ERR_IO (errno tells why). */
int file_write_private(const char *path, struct view bytes) must_check;

#endif
