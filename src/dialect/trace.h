/* SPDX-License-Identifier: MIT
 * What a mapping looked at: for whoever asks what it left over (propose.c). `generic` notes every node that
 * one of its paths found (a struct json or an xmlNode), and leaves the last message behind. Pure.
 */
#ifndef PARKD_SRC_DIALECT_TRACE_H
#define PARKD_SRC_DIALECT_TRACE_H

#include "parkd/dialect/propose.h"

struct doc;

/* NULL for either is fine. Without memory the note is lost, and a field may be called unused that was used.
 */
void trace_note(struct dialect_trace *t, const void *node);
bool trace_has(const struct dialect_trace *t, const void *node);
/* Takes the document over, also when `t` is NULL, and frees the one before. */
void trace_keep_doc(struct dialect_trace *t, struct doc *d);
/* The document kept last, NULL if none. The trace owns it. */
struct doc *trace_doc(const struct dialect_trace *t);

#endif
