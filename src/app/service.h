/* SPDX-License-Identifier: MIT
 * The service manager: ready, reloading, stopping, and the watchdog. Does nothing when not run by systemd.
 */
#ifndef PARKD_APP_SERVICE_H
#define PARKD_APP_SERVICE_H

struct loop;
struct timer;

void service_ready(void);
void service_reloading(void);
void service_stopping(void);
/* A timer that feeds the watchdog at half its interval; NULL when none is asked for. The caller frees it. */
struct timer *service_watchdog(struct loop *l);

#endif
