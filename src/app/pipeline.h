/* SPDX-License-Identifier: MIT
 * The way of the data: reports from polls and pushes through norm into the store; readings past their limit
 * into "unknown".
 *
 * Unchanged values are recognised here: a confirmation moves the registry's observation time at once and is
 * written at most every 30 s. While updates of a lot are on their way, the newest of them, not the registry,
 * is what the next report is compared with. Owner: app. pipeline_free after store_stop (which ends every
 * update).
 */
#ifndef PARKD_APP_PIPELINE_H
#define PARKD_APP_PIPELINE_H

#include "parkd/api/api.h"
#include "parkd/model/registry.h"
#include "parkd/store/store.h"

struct pipeline;

struct pipeline *pipeline_new(struct loop *loop, const struct clock *clock, struct registry *reg,
                              struct store *st);
void pipeline_free(struct pipeline *p);
/* Begins to look for readings past their limit. */
void pipeline_start(struct pipeline *p);
void pipeline_stop(struct pipeline *p);
/* What a poll brought: nobody waits for it. False: a report of a known lot was refused. */
bool pipeline_take(struct pipeline *p, const struct feed *feed, const struct report_list *reports);
/* What a push brought: `done` tells one result a report, in order, later, once. ERR_NOMEM. */
int pipeline_ingest(struct pipeline *p, const struct feed *feed, const struct report_list *reports,
                    ingest_done_fn *done, void *ctx) must_check;
/* Writes what is held anew, with these flags beside its own and the lot's correction as it stands now
 * (norm_restate). Nothing is written where nothing would be seen to change. ERR_STATE: no reported number is
 * held. */
int pipeline_restate(struct pipeline *p, uint32_t lot, uint32_t flags) must_check;

#endif
