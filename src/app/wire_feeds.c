/* SPDX-License-Identifier: MIT
 * What feeds need: reports go down the pipeline; the store's lease says who polls, its absence slows polling
 * down.
 */
#include "app/app.h"

static bool on_reports(void *ctx, const struct feed *feed, const struct report_list *reports)
{
    struct app *a = ctx;
    return pipeline_take(a->pipeline, feed, reports);
}

static bool may_poll(void *ctx, const char *feed)
{
    struct app *a = ctx;
    return !store_up(a->store) || store_lease_poll(a->store, view_of(feed)) > 0;
}

static int slow_down(void *ctx)
{
    struct app *a = ctx;
    return store_up(a->store) ? 1 : 2;
}

void wire_feeds(struct app *a, struct feeds_port *port)
{
    *port = (struct feeds_port){.ctx = a,
                                .on_reports = on_reports,
                                .may_poll = may_poll,
                                .slow_down = slow_down,
                                .filter = &a->filter};
}
