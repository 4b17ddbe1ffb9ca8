/* SPDX-License-Identifier: MIT
 * cache: how long an answer is true, what a client may be sent.
 */
#include "api_test.h"

#include <zlib.h>

#include "api/cache.h"

static struct cache_entry *store(struct cache *c, const char *key, struct cache_stamp at, size_t n,
                                 int64_t until)
{
    struct buf b;
    buf_init(&b, (size_t)1 << 22);
    for (size_t i = 0; i < n; i++)
        buf_char(&b, (char)('a' + i % 7));
    struct cache_entry *e = cache_store(c, view_of(key), &at, &b, until, NULL);
    assert_non_null(e);
    return e;
}

static bool held(struct cache *c, const char *key, struct cache_stamp at)
{
    struct cache_entry *e = cache_find(c, view_of(key), &at);
    cache_release(e);
    return e != NULL;
}

static void knows_what_is_true(void **state)
{
    static const struct {
        size_t n;
        struct cache_stamp at;
        bool truth;
    } rows[] = {
        {100, {5, 9, 1000}, true},
        {100, {6, 9, 1000}, false}, /* a visible change */
        {100, {5, 10, 1999}, true}, /* only confirmations moved */
        {100, {5, 10, 2000}, false},
        {100, {5, 9, 50000}, true},             /* nothing moved */
        {100, {5, 9, 55001}, false},            /* its first number ran out */
        {CACHE_LARGE + 1, {6, 10, 1999}, true}, /* costly ones stand for a second */
        {CACHE_LARGE + 1, {6, 10, 2000}, false},
        {100, {5, 9, 1000 - CACHE_LONG_MS}, false}, /* the clock stepped back */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cache *c = cache_new(4, (size_t)1 << 20);
        cache_release(store(c, "k", (struct cache_stamp){5, 9, 1000}, rows[i].n, 55000));
        if (held(c, "k", rows[i].at) != rows[i].truth)
            fail_msg("row %zu", i);
        assert_false(held(c, "other", rows[i].at));
        cache_free(c);
    }
    struct cache *c = cache_new(4, 1 << 20);
    cache_release(store(c, "k", (struct cache_stamp){5, 9, 1000}, 10, INT64_MAX));
    assert_true(held(c, "k", (struct cache_stamp){5, 9, 1000 + CACHE_LONG_MS - 1}));
    assert_false(held(c, "k", (struct cache_stamp){5, 9, 1000 + CACHE_LONG_MS}));
    cache_free(c);
}

static void stays_within_its_limits(void **state)
{
    struct cache *c = cache_new(3, 1000);
    struct cache_stamp at = {1, 1, 1};
    char key[16];
    (void)state;
    for (int i = 0; i < 10; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        cache_release(store(c, key, at, 100, INT64_MAX));
    }
    assert_false(held(c, "k6", at));
    assert_true(held(c, "k7", at) && held(c, "k9", at));
    cache_release(store(c, "big", at, 900, INT64_MAX));
    assert_true(held(c, "big", at) && held(c, "k9", at));
    assert_false(held(c, "k8", at));
    cache_release(store(c, "huge", at, 2000, INT64_MAX)); /* answered, not kept */
    assert_false(held(c, "huge", at));
    cache_free(c);
}

static void outlives_its_cache(void **state)
{
    struct cache *c = cache_new(3, 100000);
    struct cache_entry *e = store(c, "k", (struct cache_stamp){1, 1, 1}, 2000, INT64_MAX);
    bool gzip;
    (void)state;
    cache_release(
        store(c, "k", (struct cache_stamp){2, 1, 1}, 3, INT64_MAX)); /* replaced while it is being sent */
    cache_free(c);
    assert_int_equal(cache_form(e, false, &gzip).body.n, 2000);
    cache_release(e);
}

static void compresses_once(void **state)
{
    struct cache *c = cache_new(3, 100000);
    struct cache_entry *e = store(c, "k", (struct cache_stamp){1, 1, 1}, 5000, INT64_MAX);
    unsigned char back[6000];
    bool gzip = false;
    (void)state;
    struct cache_form plain = cache_form(e, false, &gzip);
    assert_false(gzip);
    struct cache_form zipped = cache_form(e, true, &gzip);
    assert_true(gzip);
    assert_ptr_equal(zipped.body.p, cache_form(e, true, &gzip).body.p);
    assert_string_not_equal(plain.etag, zipped.etag);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)zipped.body.p,
                  .avail_in = (uInt)zipped.body.n,
                  .next_out = back,
                  .avail_out = sizeof back};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, 5000);
    assert_memory_equal(back, plain.body.p, 5000);
    inflateEnd(&z);
    cache_release(e);
    e = store(c, "s", (struct cache_stamp){1, 1, 1}, 100, INT64_MAX);
    (void)cache_form(e, true, &gzip);
    assert_false(gzip); /* too small to gain */
    cache_release(e);
    cache_free(c);
}

static void tags_follow_the_bytes(void **state)
{
    struct cache *c = cache_new(3, 100000);
    bool gzip;
    char first[CACHE_ETAG];
    (void)state;
    struct cache_entry *e = store(c, "k", (struct cache_stamp){1, 1, 1}, 50, INT64_MAX);
    (void)snprintf(first, sizeof first, "%s", cache_form(e, false, &gzip).etag);
    cache_release(e);
    e = store(c, "k", (struct cache_stamp){2, 2, 2}, 50, INT64_MAX);
    assert_string_equal(cache_form(e, false, &gzip).etag, first);
    cache_release(e);
    e = store(c, "k", (struct cache_stamp){2, 2, 2}, 51, INT64_MAX);
    assert_string_not_equal(cache_form(e, false, &gzip).etag, first);
    cache_release(e);
    cache_free(c);
}

static void reads_headers(void **state)
{
    static const struct {
        const char *header;
        bool gzip;
    } accepts[] = {{"", false},
                   {"gzip", true},
                   {"GZip , deflate", true},
                   {"deflate, br", false},
                   {"gzip;q=0", false},
                   {"gzip; q=0.5", true},
                   {"*;q=0, gzip", true},
                   {"*", true},
                   {"gzip;q=x", false},
                   {"identity;q=1, *;q=0", false}};
    static const struct {
        const char *header;
        bool match;
    } tags[] = {{"", false},  {"\"7\"", true}, {"\"8\", W/\"7\"", true}, {"*", true}, {"\"7-gz\"", false},
                {"7", false}, {",,,", false}};
    (void)state;
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++) {
        if (cache_accepts_gzip(view_of(accepts[i].header)) != accepts[i].gzip)
            fail_msg("Accept-Encoding: %s", accepts[i].header);
    }
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (cache_etag_matches(view_of(tags[i].header), "\"7\"") != tags[i].match)
            fail_msg("If-None-Match: %s", tags[i].header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_is_true),    cmocka_unit_test(stays_within_its_limits),
        cmocka_unit_test(outlives_its_cache),    cmocka_unit_test(compresses_once),
        cmocka_unit_test(tags_follow_the_bytes), cmocka_unit_test(reads_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
