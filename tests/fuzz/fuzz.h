/* SPDX-License-Identifier: MIT
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: libFuzzer drives it, or
 * replay.c with the files of the corpus. Inputs are texts whose first lines steer, so that corpora can be
 * written and read by hand.
 */
#ifndef PARKD_TEST_FUZZ_H
#define PARKD_TEST_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the code under test. */
#define HOLDS(promise) ((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))

static inline void fuzz_broken(const char *promise, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
    abort();
}

/* The rest as a copy of exactly its size, so that reading past its end is seen. */
static inline char *fuzz_copy(struct view v)
{
    char *p = malloc(v.n ? v.n : 1);
    if (!p)
        abort();
    if (v.n)
        memcpy(p, v.p, v.n);
    return p;
}

/* A fault must come with words, which people and JSON can carry. */
static inline void fuzz_explained(int err, const struct why *why)
{
    HOLDS(err < 0);
    HOLDS(memchr(why->text, '\0', sizeof why->text) != NULL);
    HOLDS(memchr(why->at, '\0', sizeof why->at) != NULL);
    HOLDS(why->text[0] != '\0');
    HOLDS(view_is_utf8(view_of(why->text)));
    HOLDS(view_is_utf8(view_of(why->at)));
}

#endif
