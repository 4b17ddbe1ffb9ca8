/* SPDX-License-Identifier: MIT
 * Registrations of feeds and sinks: every one is found again, in order, however often they were listed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/directory.h"
#include "parkd/base/buf.h"

static void add_id(void *ctx, struct view id, struct view json, uint64_t version)
{
    (void)json;
    (void)version;
    assert_int_equal(buf_printf(ctx, VIEW_FMT " ", VIEW_ARG(id)), 0);
}

static void expect(struct directory *d, enum noun noun, const char *want)
{
    struct buf b;
    buf_init(&b, 1000);
    directory_each(d, noun, add_id, &b);
    assert_string_equal(b.n ? b.p : "", want);
    buf_fini(&b);
}

static void put(struct directory *d, enum noun noun, const char *id, const char *json)
{
    assert_int_equal(directory_put(d, noun, view_of(id), view_of(json), 1), 0);
}

static void lists_all_in_order(void **state)
{
    struct directory *d = directory_new();
    (void)state;
    assert_non_null(d);
    expect(d, NOUN_FEED, "");
    put(d, NOUN_FEED, "m", "{}");
    put(d, NOUN_FEED, "c", "{}");
    put(d, NOUN_FEED, "x", "{}");
    put(d, NOUN_SINK, "city", "{}");
    expect(d, NOUN_FEED, "c m x ");
    expect(d, NOUN_FEED, "c m x ");
    put(d, NOUN_FEED, "a", "{}");
    put(d, NOUN_FEED, "m", "{\"new\":1}");
    expect(d, NOUN_FEED, "a c m x ");
    put(d, NOUN_FEED, "a", "");
    put(d, NOUN_FEED, "never", "");
    expect(d, NOUN_FEED, "c m x ");
    expect(d, NOUN_SINK, "city ");
    assert_int_equal(directory_count(d, NOUN_FEED), 3);
    directory_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_all_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
