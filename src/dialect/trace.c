/* SPDX-License-Identifier: MIT
 * A set of pointers with open addressing, at most half full.
 */
#include "dialect/trace.h"

#include <stdlib.h>

#include "dialect/doc.h"

#define FIRST_SIZE 256

struct dialect_trace {
    const void **v;
    size_t n, size; /* size is a power of two, or 0 */
    struct doc *doc;
};

struct dialect_trace *dialect_trace_new(void)
{
    return calloc(1, sizeof(struct dialect_trace));
}

void dialect_trace_free(struct dialect_trace *t)
{
    if (!t)
        return;
    doc_free(t->doc);
    free(t->v);
    free(t);
}

static size_t place_of(const void *const *v, size_t size, const void *node)
{
    size_t i = (size_t)((uintptr_t)node >> 4) * 0x9e3779b1u & (size - 1);
    while (v[i] && v[i] != node)
        i = (i + 1) & (size - 1);
    return i;
}

static bool grow(struct dialect_trace *t)
{
    size_t size = t->size ? t->size * 2 : FIRST_SIZE;
    const void **v = calloc(size, sizeof *v);
    if (!v)
        return false;
    for (size_t i = 0; i < t->size; i++) {
        if (t->v[i])
            v[place_of(v, size, t->v[i])] = t->v[i];
    }
    free(t->v);
    t->v = v;
    t->size = size;
    return true;
}

void trace_note(struct dialect_trace *t, const void *node)
{
    if (!t || !node || (t->n * 2 >= t->size && !grow(t)))
        return;
    size_t i = place_of(t->v, t->size, node);
    t->n += !t->v[i];
    t->v[i] = node;
}

bool trace_has(const struct dialect_trace *t, const void *node)
{
    return t && node && t->size && t->v[place_of(t->v, t->size, node)];
}

void trace_keep_doc(struct dialect_trace *t, struct doc *d)
{
    if (!t) {
        doc_free(d);
        return;
    }
    if (t->doc != d)
        doc_free(t->doc);
    t->doc = d;
}

struct doc *trace_doc(const struct dialect_trace *t)
{
    return t ? t->doc : NULL;
}
