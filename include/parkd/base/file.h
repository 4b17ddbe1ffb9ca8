/* SPDX-License-Identifier: MIT
 * Whole files into memory. The ceiling of the buffer is the limit; nothing is read without one.
 */
#ifndef PARKD_BASE_FILE_H
#define PARKD_BASE_FILE_H

#include <stdio.h>

#include "parkd/base/buf.h"

/* Appends the whole file. ERR_IO (errno tells why), ERR_TOO_BIG, ERR_NOMEM. */
int file_read(const char *path, struct buf *out) must_check;
/* The same for a stream, which stays open. */
int file_read_stream(FILE *f, struct buf *out) must_check;

#endif
