/* SPDX-License-Identifier: MIT
 * buf: the invariants of the header after every step, and what a failure leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/buf.h"

static void check(const struct buf *b)
{
    assert_true(b->n <= b->cap && b->cap <= b->max);
    if (b->p)
        assert_int_equal(b->p[b->n], '\0');
    if (b->err)
        assert_true(!b->p && b->n == 0 && buf_get(b).n == 0);
}

static void appends_all_kinds(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    check(&b);
    assert_true(buf_get(&b).n == 0);
    buf_str(&b, "free=");
    buf_int(&b, -12);
    buf_char(&b, ' ');
    buf_view(&b, VIEW("of"));
    buf_printf(&b, " %d", 120);
    buf_put(&b, NULL, 0);
    buf_str(&b, NULL);
    check(&b);
    assert_true(view_is(buf_get(&b), "free=-12 of 120"));
    buf_clear(&b);
    check(&b);
    buf_int(&b, INT64_MIN);
    buf_int(&b, INT64_MAX);
    buf_int(&b, 0);
    assert_string_equal(b.p, "-922337203685477580892233720368547758070");
    buf_fini(&b);
    buf_fini(&b);
}

static void grows_to_its_ceiling_and_no_further(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max += 7) {
        struct buf b;
        buf_init(&b, max);
        for (size_t i = 0; i < max; i++) {
            assert_int_equal(buf_char(&b, (char)('a' + i % 26)), 0);
            check(&b);
        }
        assert_int_equal(b.n, max);
        assert_int_equal(buf_put(&b, "", 0), 0);
        assert_int_equal(buf_char(&b, 'x'), ERR_TOO_BIG);
        check(&b);
        assert_int_equal(buf_str(&b, ""), ERR_TOO_BIG); /* it sticks */
        assert_int_equal(buf_printf(&b, "%d", 1), ERR_TOO_BIG);
        buf_clear(&b);
        assert_int_equal(b.err, 0);
        assert_int_equal(buf_put(&b, "", 0), 0);
        buf_fini(&b);
    }
}

static void prints_across_the_edge_of_its_memory(void **state)
{
    (void)state;
    for (int width = 0; width < 200; width++) {
        struct buf b;
        buf_init(&b, 210);
        assert_int_equal(buf_printf(&b, "%s", "0123456789"), 0);
        assert_int_equal(buf_printf(&b, "%*s", width, ""), 0);
        check(&b);
        assert_int_equal(b.n, 10 + width);
        assert_int_equal(buf_printf(&b, "%*d", 201 - width, 1), ERR_TOO_BIG);
        check(&b);
        buf_fini(&b);
    }
}

static void gives_its_bytes_away(void **state)
{
    (void)state;
    struct buf b;
    size_t n = 99;
    buf_init(&b, 5);
    char *p = buf_take(&b, &n);
    assert_string_equal(p, "");
    assert_int_equal(n, 0);
    free(p);
    buf_str(&b, "abc");
    p = buf_take(&b, &n);
    assert_string_equal(p, "abc");
    assert_int_equal(n, 3);
    free(p);
    check(&b);
    assert_int_equal(buf_get(&b).n, 0);
    buf_str(&b, "abcdef");
    assert_null(buf_take(&b, &n));
    assert_int_equal(n, 0);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_all_kinds),
        cmocka_unit_test(grows_to_its_ceiling_and_no_further),
        cmocka_unit_test(prints_across_the_edge_of_its_memory),
        cmocka_unit_test(gives_its_bytes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
