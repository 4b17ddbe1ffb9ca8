/* SPDX-License-Identifier: MIT
 * Trials of registered sinks, asked for by the staff: with what parkd holds of the lot and knows of the
 * platform. A lot that the sink is told of anyway is borrowed from the publisher while the trial sends, so
 * that the two never cross.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "app/app.h"
#include "app/tries.h"
#include "parkd/app/sink_run.h"
#include "parkd/base/json.h"
#include "parkd/base/log.h"

struct sink_try {
    struct sink_try *prev, *next;
    struct app *app;
    struct sink_run *run;
    struct try_folders folders;
    char sink[SINK_ID_SIZE];
    uint32_t lent; /* the lot that was borrowed, REGISTRY_NONE: none */
    api_text_fn *done;
    void *done_ctx;
};

static void try_free(struct sink_try *s)
{
    if (s->lent != REGISTRY_NONE && !s->app->ending)
        publisher_give_back(s->app->publisher, view_of(s->sink), s->lent);
    try_folders_free(&s->folders);
    free(s);
}

static void on_done(void *ctx, int err, struct view json)
{
    struct sink_try *s = ctx;
    struct why why = {0};
    DL_DELETE(s->app->sink_tries, s);
    s->app->n_tries--;
    s->done(s->done_ctx, err, &why, json);
    try_free(s);
}

static struct dialects *load(void *ctx)
{
    return try_folders_load(&((struct sink_try *)ctx)->folders);
}

void sink_tries_cancel(struct app *a)
{
    struct sink_try *s, *next;
    DL_FOREACH_SAFE(a->sink_tries, s, next)
    {
        sink_run_cancel(s->run);
    }
}

/* ---- what is known */

static bool tells(const struct json *registration)
{
    const struct json *enabled = json_get(registration, "enabled");
    return !enabled || json_true(enabled);
}

static bool know(const struct app *a, const struct json *doc, const struct json *registration, uint32_t *idx,
                 struct sink_trial_lot *out)
{
    struct publish_told told;
    *idx = registry_find(a->reg, json_text(json_get(doc, "lot")));
    const struct registry_lot *l = *idx == REGISTRY_NONE ? NULL : registry_lot(a->reg, *idx);
    if (!l || l->removed)
        return false;
    (void)publisher_told(a->publisher, json_text(json_get(doc, "sink")), *idx, &told);
    *out = (struct sink_trial_lot){.lot = &l->lot,
                                   .reading = &l->reading,
                                   .version = l->version,
                                   .filed = told.filed,
                                   .code = told.code,
                                   .told = l->lot.stage == STAGE_CONNECTED && tells(registration)};
    return true;
}

/* A number past its limit is told by nobody. */
static int check_age(const struct app *a, const struct registry_lot *l, struct why *why)
{
    int64_t until = freshness_valid_until(&l->reading, l->interval_ms);
    if (l->reading.expired || until == 0 || clock_wall_ms(&a->clock) <= until)
        return 0;
    return why_set(why, ERR_STATE, "/lot", "what is held of it is past its limit, and told to nobody");
}

static int make(struct sink_try *s, struct json *doc, const struct json *registration, struct sink_trial **t,
                struct why *why)
{
    struct app *a = s->app;
    struct sink_trial_lot lot;
    struct summary sums;
    uint32_t idx = REGISTRY_NONE;
    bool known = know(a, doc, registration, &idx, &lot);
    bool shows = json_true(json_get(doc, "show_secrets"));
    int err = sink_trial_new(doc, registration, known ? &lot : NULL, clock_wall_ms(&a->clock), t, why);
    if (err)
        return err;
    log_info(SINK, "sink=%s try=1 send=%d lot=%s show_secrets=%d", s->sink, sink_trial_sends(*t),
             known ? lot.lot->id : "", shows);
    if (known && lot.told && sink_trial_sends(*t)) {
        err = check_age(a, registry_lot(a->reg, idx), why);
        if (!err)
            err = publisher_borrow(a->publisher, view_of(s->sink), idx, why);
        s->lent = err ? REGISTRY_NONE : idx;
    }
    if (!err && summary_make(a->reg, SUMMARY_CONNECTED, VIEW(""), clock_wall_ms(&a->clock), &sums) == 0)
        sink_trial_sums(*t, &sums);
    if (err)
        sink_trial_free(*t);
    return err;
}

static int prepare(struct sink_try *s, struct view request, struct sink_trial **t, struct why *why)
{
    struct json *doc = NULL, *registration = NULL;
    int err = json_parse(request, &doc, why);
    if (err)
        return err;
    struct view id = json_text(json_get(doc, "sink"));
    if (view_copy(id, s->sink, sizeof s->sink) == 0 && id.n)
        registration = try_registration(s->app, NOUN_SINK, id);
    if (!registration || json_get(doc, "registration")) {
        json_free(doc);
        json_free(registration);
        return why_set(why, ERR_NOT_FOUND, "/sink", "no sink has this id");
    }
    err = make(s, doc, registration, t, why);
    json_free(registration);
    return err;
}

/* ---- the port */

static int begin(struct sink_try *s, struct view request, struct why *why)
{
    struct app *a = s->app;
    struct sink_trial *t = NULL;
    int err = try_folders_copy(a, &s->folders);
    if (!err)
        err = prepare(s, request, &t, why);
    if (err)
        return err;
    err = sink_run_start(a->loop, a->sink_fetcher, t, load, s, on_done, s, &s->run);
    if (err)
        sink_trial_free(t);
    return err;
}

int tries_try_sink(void *ctx, struct view request, api_text_fn *done, void *done_ctx, struct why *why)
{
    struct app *a = ctx;
    if (a->n_tries >= TRIES_MAX)
        return why_set(why, ERR_BUSY, "", "%d trials run already", TRIES_MAX);
    struct sink_try *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    *s = (struct sink_try){.app = a, .lent = REGISTRY_NONE, .done = done, .done_ctx = done_ctx};
    int err = begin(s, request, why);
    if (err) {
        try_free(s);
        return err;
    }
    DL_APPEND(a->sink_tries, s);
    a->n_tries++;
    return 0;
}
