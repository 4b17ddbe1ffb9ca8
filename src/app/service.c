/* SPDX-License-Identifier: MIT
 * sd_notify in the few words that Type=notify needs.
 */
#include "app/service.h"

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>

#include "parkd/net/timer.h"

static struct {
    struct timer *timer;
    int64_t every_ms;
} dog;

static void on_bark(void *ctx)
{
    (void)ctx;
    (void)sd_notify(0, "WATCHDOG=1");
    timer_arm(dog.timer, dog.every_ms);
}

void service_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void service_reloading(void)
{
    (void)sd_notify(0, "RELOADING=1");
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

struct timer *service_watchdog(struct loop *l)
{
    uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) <= 0 || !(dog.timer = timer_new(l, on_bark, NULL)))
        return NULL;
    dog.every_ms = (int64_t)(usec / 2000);
    timer_arm(dog.timer, 0);
    return dog.timer;
}
