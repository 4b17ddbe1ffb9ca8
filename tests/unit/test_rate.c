/* SPDX-License-Identifier: MIT
 * Requests of one address: all at once, then one by one; others are not touched.
 */
#include "model_test.h"

#include "api/rate.h"

static void a_minute_of_requests(void **state)
{
    struct rate *r = rate_new(60);
    struct rate_state s;
    (void)state;
    for (int i = 0; i < 60; i++) {
        s = rate_take(r, VIEW("192.0.2.1"), 5000);
        assert_int_equal(s.retry_s, 0);
        assert_int_equal(s.remaining, 59 - i);
        assert_int_equal(s.reset_s, i + 1);
    }
    s = rate_take(r, VIEW("192.0.2.1"), 5000);
    assert_int_equal(s.retry_s, 1);
    assert_int_equal(s.remaining, 0);
    assert_int_equal(rate_take(r, VIEW("192.0.2.2"), 5000).retry_s, 0);
    assert_int_equal(rate_take(r, VIEW("192.0.2.1"), 5999).retry_s, 1); /* a refused one costs nothing */
    assert_int_equal(rate_take(r, VIEW("192.0.2.1"), 6000).retry_s, 0);
    assert_int_equal(rate_take(r, VIEW("192.0.2.1"), 6000).retry_s, 1);
    s = rate_take(r, VIEW("192.0.2.1"), 5000 + 120000);
    assert_int_equal(s.remaining, 59);
    rate_free(r);
}

static void what_counts_as_one(void **state)
{
    struct rate *r = rate_new(1);
    (void)state;
    assert_int_equal(rate_take(r, VIEW("2001:db8:1:2::1"), 0).retry_s, 0);
    assert_int_equal(rate_take(r, VIEW("2001:db8:1:2:ffff::9"), 0).retry_s, 60);
    assert_int_equal(rate_take(r, VIEW("2001:db8:1:3::1"), 0).retry_s, 0);
    assert_int_equal(rate_take(r, VIEW("192.0.2.1"), 0).retry_s, 0);
    assert_int_equal(rate_take(r, VIEW("192.0.2.1"), 0).retry_s, 60);
    rate_free(r);
}

static void stays_small(void **state)
{
    struct rate *r = rate_new(1);
    char text[32];
    (void)state;
    for (int i = 0; i < RATE_ADDRESSES + 10; i++) {
        (void)snprintf(text, sizeof text, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(rate_take(r, view_of(text), 0).retry_s, 0);
    }
    assert_int_equal(rate_take(r, VIEW("10.0.0.0"), 0).retry_s, 0); /* forgotten: too many came since */
    assert_int_equal(rate_take(r, view_of(text), 0).retry_s, 60);   /* the last one is not */
    rate_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_of_requests),
        cmocka_unit_test(what_counts_as_one),
        cmocka_unit_test(stays_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
