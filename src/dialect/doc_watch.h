/* SPDX-License-Identifier: MIT
 * A ceiling of CPU time for work of a library that can be told to stop, but whose own limits do not see what
 * some of its steps cost: one XPath operation of libxml2 may turn a megabyte into a text.
 *
 * Once a watch has been on for DOC_WATCH_NS of this thread's time, stop(arg) is called every ten
 * milliseconds, in a signal handler of this very thread: it may set fields that the work looks at, and
 * nothing else. One watch a thread at a time. Without a timer there is no ceiling, and the work goes on.
 */
#ifndef PARKD_SRC_DIALECT_DOC_WATCH_H
#define PARKD_SRC_DIALECT_DOC_WATCH_H

#include <stdbool.h>

#define DOC_WATCH_NS \
    300000000 /* what a message of 4 MiB takes to parse, or a sane XPath over it, many times over */
#define DOC_WATCH_FROM 16384 /* bytes of a document: below, nothing that it bears takes long */

void doc_watch_begin(void (*stop)(void *arg), void *arg);
void doc_watch_end(void);

/* A ceiling for all that one message takes, from open to close, on this thread: values, expressions, paths
 * that are harmless one by one. Who works asks whether it is over; a watch inside is stopped by it too. */
void doc_watch_open(long ns);
bool doc_watch_is_over(void);
void doc_watch_close(void);

#endif
