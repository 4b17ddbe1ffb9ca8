/* SPDX-License-Identifier: MIT
 * What the tests of model and norm share: a seeded generator, and readings and JSON made from short texts.
 */
#ifndef PARKD_TESTS_MODEL_TEST_H
#define PARKD_TESTS_MODEL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/json.h"
#include "parkd/model/reading.h"

#define NOW INT64_C(1795334400000) /* 2026-11-22T08:00:00Z */

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

/* 0…n-1 */
static inline int32_t below(uint64_t *seed, int32_t n)
{
    return (int32_t)(next_random(seed) >> 33) % n;
}

static inline struct json *json_of(const char *text)
{
    struct json *tree = NULL;
    struct why why = {0};
    if (json_parse(view_of(text), &tree, &why))
        fail_msg("%s: %s in %s", why.at, why.text, text);
    return tree;
}

/* A reading from the part behind the bar, observed and changed at `observed_ms`. */
static inline struct reading reading_of(const char *visible, uint64_t seq, int64_t observed_ms)
{
    char text[READING_MAX_TEXT];
    struct reading r;
    (void)snprintf(text, sizeof text, "seq=%llu chg=%lld obs=%lld rcv=%lld sseq=0 src=0 rf=- rt=- | %s",
                   (unsigned long long)seq, (long long)observed_ms, (long long)observed_ms,
                   (long long)observed_ms, visible);
    if (reading_decode(view_of(text), &r))
        fail_msg("not a reading: %s", text);
    return r;
}

/* The part behind the bar; good until the next call. */
static inline const char *visible_of(const struct reading *r)
{
    static char text[READING_MAX_TEXT];
    struct buf b;
    buf_init(&b, sizeof text - 1);
    assert_int_equal(reading_encode_visible(r, &b), 0);
    struct view v = buf_get(&b);
    memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    buf_fini(&b);
    return text;
}

#endif
