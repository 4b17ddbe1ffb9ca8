/* SPDX-License-Identifier: MIT
 * Wall and monotonic time behind one struct, so that tests can supply both.
 *
 * Wall time is ms since 1970 and may step; monotonic time is ms since some start and never falls. The test
 * clock maps real time to start + (real − origin) × rate: tools that are given the same three numbers agree
 * with parkd. Only the wall clock is ever sped up; timers stay real.
 */
#ifndef PARKD_BASE_CLOCK_H
#define PARKD_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t start_ms, origin_ms; /* test clock; unused when rate is 0 */
    double rate;                 /* 0: the system's clock as it is */
    int64_t (*wall)(const struct clock *c);
    int64_t (*mono)(const struct clock *c);
};

void clock_system(struct clock *c);
void clock_test(struct clock *c, int64_t start_ms, int64_t origin_ms, double rate);
int64_t clock_wall_ms(const struct clock *c);
int64_t clock_mono_ms(const struct clock *c);
/* Real milliseconds as the wall clock counts them: ms × rate under the test clock, ms otherwise. */
int64_t clock_wall_span(const struct clock *c, int64_t real_ms);

#endif
