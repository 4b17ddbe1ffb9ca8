/* SPDX-License-Identifier: MIT
 * The system's clocks, and a wall clock that runs faster for tests.
 */
#include "parkd/base/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts))
        return 0;
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_wall(const struct clock *c)
{
    (void)c;
    return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono(const struct clock *c)
{
    (void)c;
    return read_ms(CLOCK_MONOTONIC);
}

static int64_t test_wall(const struct clock *c)
{
    return c->start_ms + clock_wall_span(c, read_ms(CLOCK_REALTIME) - c->origin_ms);
}

void clock_system(struct clock *c)
{
    *c = (struct clock){.wall = system_wall, .mono = system_mono};
}

void clock_test(struct clock *c, int64_t start_ms, int64_t origin_ms, double rate)
{
    clock_system(c);
    if (!(rate > 0))
        return;
    c->start_ms = start_ms;
    c->origin_ms = origin_ms;
    c->rate = rate;
    c->wall = test_wall;
}

int64_t clock_wall_ms(const struct clock *c)
{
    return c->wall(c);
}

int64_t clock_mono_ms(const struct clock *c)
{
    return c->mono(c);
}

int64_t clock_wall_span(const struct clock *c, int64_t real_ms)
{
    return c->rate > 0 ? (int64_t)((double)real_ms * c->rate) : real_ms;
}
