/* SPDX-License-Identifier: MIT
 * What the tests of the API share: a registry made from short texts, and queries from query strings.
 */
#ifndef PARKD_TESTS_API_TEST_H
#define PARKD_TESTS_API_TEST_H

#include "model_test.h"

#include "api/query.h"
#include "parkd/model/places.h"
#include "parkd/model/registry.h"

static inline uint32_t add_lot(struct registry *reg, const char *registration)
{
    struct json *j = json_of(registration);
    struct lot lot;
    struct why why = {0};
    uint32_t idx = REGISTRY_NONE;
    if (lot_parse(j, &lot, &why))
        fail_msg("%s: %s in %s", why.at, why.text, registration);
    assert_int_equal(registry_put(reg, &lot, view_of(registration), 7, &idx), 0);
    json_free(j);
    return idx;
}

/* Hears `visible` (reading.h) of a lot, `age_ms` before NOW. */
static inline void hear(struct registry *reg, uint32_t idx, const char *visible, uint64_t seq, int64_t age_ms)
{
    struct reading r = reading_of(visible, seq, NOW - age_ms);
    assert_true(registry_apply(reg, idx, &r));
}

/* Made for one question; freed by the next asking and at the end. */
static inline const struct places *places_of(const struct registry *reg)
{
    static struct places *held;
    places_free(held);
    held = reg ? places_new() : NULL;
    if (reg)
        assert_int_equal(places_build(held, reg), 0);
    return held;
}

/* "a=1&b=2", nothing decoded; the text must outlive the query. */
static inline struct query query_of(const char *text)
{
    struct query q = {.n = 0};
    struct view rest = view_of(text);
    while (rest.n) {
        struct view value = view_cut(&rest, '&'), name = view_cut(&value, '=');
        query_add(&q, name, value.p ? value : VIEW(""));
    }
    return q;
}

static inline bool has(struct view body, const char *text)
{
    return memmem(body.p, body.n, text, strlen(text)) != NULL;
}

#define assert_has(body, text)                                             \
    do {                                                                   \
        if (!has(body, text))                                              \
            fail_msg("\"%s\" is not in: " VIEW_FMT, text, VIEW_ARG(body)); \
    } while (0)
#define assert_has_not(body, text)                                     \
    do {                                                               \
        if (has(body, text))                                           \
            fail_msg("\"%s\" is in: " VIEW_FMT, text, VIEW_ARG(body)); \
    } while (0)

#endif
