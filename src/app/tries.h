/* SPDX-License-Identifier: MIT
 * Trials and replays on their way: what is heavy runs in libuv's pool on copies, with dialects of its own, so
 * that nothing that is tried can disturb a feed that counts. Owner: app.
 */
#ifndef PARKD_APP_TRIES_H
#define PARKD_APP_TRIES_H

#include "parkd/api/api.h"
#include "parkd/store/store.h"

#define TRIES_MAX 4 /* at once */

struct app;
struct dialects;
struct sink_try;
struct try_run;

/* The functions of api_port. */
int tries_try(void *ctx, struct view request, api_text_fn *done, void *done_ctx, struct why *why);
int tries_replay(void *ctx, struct view id, struct view request, api_text_fn *done, void *done_ctx,
                 struct why *why);
/* The same of a sink (sink_trial.h). */
int tries_try_sink(void *ctx, struct view request, api_text_fn *done, void *done_ctx, struct why *why);
/* Ends those that wait for the network, before the fetcher goes; those in the pool end by themselves. */
void tries_cancel(struct app *a);

/* ---- between tries.c, replay.c and sink_tries.c */

void sink_tries_cancel(struct app *a);

/* A copy of the folders of dialects, for the pool. */
struct try_folders {
    char **v;
};
int try_folders_copy(const struct app *a, struct try_folders *out) must_check;
void try_folders_free(struct try_folders *f);
struct dialects *try_folders_load(const struct try_folders *f);
/* The registration of a feed or sink as stored; NULL: none, or no memory. */
struct json *try_registration(struct app *a, enum noun noun, struct view id);

#endif
