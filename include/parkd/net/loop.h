/* SPDX-License-Identifier: MIT
 * The one event loop: start, run, end in order.
 *
 * One thread. loop_close needs every handle closed by its owner; it runs the loop until they are gone and
 * returns ERR_STATE if libuv still knows a handle (a leak, a bug of ours). The lag watch measures how long
 * one turn of the loop kept everybody waiting: from the end of one wait to the beginning of the next, to a
 * millisecond, without a timer of its own.
 */
#ifndef PARKD_NET_LOOP_H
#define PARKD_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "parkd/base/err.h"

struct loop;
struct uv_loop_s;
typedef void loop_signal_fn(void *ctx, int signum);

struct loop *loop_new(void);  /* NULL: out of memory or descriptors */
int loop_run(struct loop *l); /* until loop_stop or nothing is left */
void loop_stop(struct loop *l);
/* Closes the signal and lag handles, runs until all handles are closed, frees. 0 or ERR_STATE. */
int loop_close(struct loop *l) must_check;
/* For files of net/ and store/redis_*.c only. */
struct uv_loop_s *loop_uv(struct loop *l);

/* Calls back in the loop when one of SIGTERM, SIGINT, SIGHUP, SIGUSR1 arrives. Also ignores SIGPIPE. */
int loop_on_signals(struct loop *l, loop_signal_fn *fn, void *ctx) must_check;
/* Longest stall in seconds since the start (`all`) or since the last call (`recent`, which it resets). */
double loop_lag_longest(const struct loop *l);
double loop_lag_recent(struct loop *l);

/* A pure job on libuv's pool: `work` sees only `data`, in another thread; `done` runs in the loop. With
 * cancelled the job did not start. */
typedef void loop_work_fn(void *data);
typedef void loop_done_fn(void *data, bool cancelled);
int loop_work(struct loop *l, loop_work_fn *work, loop_done_fn *done, void *data) must_check;

#endif
