/* SPDX-License-Identifier: MIT
 * counters: adding, and the shape of the rendering, checked row by row against the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/counters.h"

static void counts(void **state)
{
    (void)state;
    uint64_t before = counter_get(C_POLL_GOOD), other = counter_get(C_POLL_BAD);
    counter_add(C_POLL_GOOD, 1);
    counter_add(C_POLL_GOOD, UINT64_C(1) << 40);
    assert_true(counter_get(C_POLL_GOOD) == before + 1 + (UINT64_C(1) << 40));
    assert_true(counter_get(C_POLL_BAD) == other);
}

static size_t count(const char *text, const char *piece)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, piece)); p += strlen(piece))
        n++;
    return n;
}

static void renders_every_row_once(void **state)
{
    (void)state;
    static const char *const names[] = {
#define COUNTER(id, name, labels, help) name,
#include "parkd/base/counters.def"
#undef COUNTER
    };
    static const char *const labels[] = {
#define COUNTER(id, name, labels, help) labels,
#include "parkd/base/counters.def"
#undef COUNTER
    };
    struct buf b;
    buf_init(&b, 1u << 20);
    for (int i = 0; i < COUNTER_N; i++)
        counter_add((enum counter)i, (uint64_t)i + 1000 - counter_get((enum counter)i));
    counters_render(&b);
    assert_int_equal(b.err, 0);
    for (int i = 0; i < COUNTER_N; i++) {
        char line[256];
        snprintf(line, sizeof line, "\n%s%s%s%s %d\n", names[i], labels[i][0] ? "{" : "", labels[i],
                 labels[i][0] ? "}" : "", i + 1000);
        if (count(b.p, line) != 1)
            fail_msg("%s", line);
        snprintf(line, sizeof line, "# TYPE %s counter\n", names[i]);
        if (count(b.p, line) != 1)
            fail_msg("%s", line);
        snprintf(line, sizeof line, "# HELP %s ", names[i]);
        if (count(b.p, line) != 1)
            fail_msg("%s", line);
    }
    assert_int_equal(b.p[b.n - 1], '\n');
    assert_int_equal(count(b.p, " \n"), 0); /* every metric has its help */
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(renders_every_row_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
