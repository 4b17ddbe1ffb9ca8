/* SPDX-License-Identifier: MIT
 * clock: the system's clocks as they are, the test clock's arithmetic, and supplied functions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "parkd/base/clock.h"

static int64_t real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void reads_the_system(void **state)
{
    (void)state;
    struct clock c;
    clock_system(&c);
    int64_t before = real_ms(), now = clock_wall_ms(&c), after = real_ms();
    assert_true(before <= now && now <= after);
    int64_t mono = clock_mono_ms(&c);
    assert_true(mono > 0 && clock_mono_ms(&c) >= mono);
    assert_int_equal(clock_wall_span(&c, 1234), 1234);
}

static void maps_real_time_for_tests(void **state)
{
    (void)state;
    struct clock c;
    int64_t origin = real_ms() - 5000, start = 1000000000000;
    clock_test(&c, start, origin, 600);
    int64_t before = real_ms(), now = clock_wall_ms(&c), after = real_ms();
    assert_true(start + (before - origin) * 600 <= now && now <= start + (after - origin) * 600);
    assert_int_equal(clock_wall_span(&c, 100), 60000);
    struct clock system;
    clock_system(&system);
    int64_t real_mono = clock_mono_ms(&system), mono = clock_mono_ms(&c);
    assert_true(mono >= real_mono && mono - real_mono < 60000); /* timers stay real */
    clock_test(&c, start, origin, 0.5);
    assert_int_equal(clock_wall_span(&c, 100), 50);
    clock_test(&c, start, origin, 0);
    assert_true(clock_wall_ms(&c) >= before); /* rate 0: the system's clock */
}

static int64_t fixed(const struct clock *c)
{
    return c->start_ms;
}

static void takes_supplied_functions(void **state)
{
    (void)state;
    struct clock c = {.start_ms = 42, .wall = fixed, .mono = fixed};
    assert_int_equal(clock_wall_ms(&c), 42);
    assert_int_equal(clock_mono_ms(&c), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_system),
        cmocka_unit_test(maps_real_time_for_tests),
        cmocka_unit_test(takes_supplied_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
