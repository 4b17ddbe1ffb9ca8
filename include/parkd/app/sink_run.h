/* SPDX-License-Identifier: MIT
 * A sink's trial on its way: scripts and signatures in libuv's pool, requests on the loop, until it is over.
 * For parkd and for parkctl alike.
 */
#ifndef PARKD_APP_SINK_RUN_H
#define PARKD_APP_SINK_RUN_H

#include "parkd/app/sink_trial.h"
#include "parkd/net/fetch.h"
#include "parkd/net/loop.h"

#define SINK_RUN_MS 25000 /* all requests together */

struct sink_run;
typedef struct dialects *sink_run_load_fn(void *ctx); /* in the pool; the run owns what it gives */
typedef void sink_run_done_fn(void *ctx, int err, struct view json);

/* Takes the trial over when it succeeds. `done` runs exactly once, later; the run is gone then. `load_ctx`
 * must live until then. ERR_NOMEM. */
int sink_run_start(struct loop *loop, struct fetcher *fetcher, struct sink_trial *t, sink_run_load_fn *load,
                   void *load_ctx, sink_run_done_fn *done, void *done_ctx, struct sink_run **out) must_check;
/* Ends it with ERR_CANCELLED: at once when it waits for the network, else when the pool has done. */
void sink_run_cancel(struct sink_run *r);

#endif
