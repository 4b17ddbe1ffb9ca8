/* SPDX-License-Identifier: MIT
 * One-shot timers on the loop. A timer belongs to who made it; it may be armed again and again.
 *
 * timer_free returns at once; the memory goes in libuv's close callback. After timer_cancel or timer_free the
 * callback does not run. Monotonic, in real milliseconds.
 */
#ifndef PARKD_NET_TIMER_H
#define PARKD_NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;
typedef void timer_fn(void *ctx);

struct timer *timer_new(struct loop *l, timer_fn *fn, void *ctx); /* NULL: out of memory */
void timer_arm(struct timer *t, int64_t in_ms); /* replaces an earlier arming; < 0 counts as 0 */
void timer_cancel(struct timer *t);
bool timer_armed(const struct timer *t);
void timer_free(struct timer *t); /* NULL is fine */

#endif
