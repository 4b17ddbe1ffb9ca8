/* SPDX-License-Identifier: MIT
 * One trial from the staff's request to its answer: begun in the pool, asked on the loop, read in the pool,
 * until it is over.
 */
#include "app/tries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "app/app.h"
#include "parkd/app/trial.h"
#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"
#include "parkd/feed/ask.h"
#include "parkd/net/loop.h"

#define ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define HEAD_MAX   (64 * 1024)

struct try_run {
    struct try_run *prev, *next;
    struct app *app;
    struct trial *trial;
    struct try_folders folders;
    struct dialects *dialects;
    struct feed_asker *asker;
    bool begun, asking, in_pool; /* asking: the trial waits for an answer */
    int64_t used_ms;

    /* What came, on its way to the pool. */
    int err, status;
    struct buf head, body;
    int64_t took_ms;
    char detail[160], tls[64];

    struct buf text; /* the answer */
    api_text_fn *done;
    void *done_ctx;
};

/* ---- folders and registrations */

static int add_folder(struct try_folders *f, int i, const char *path)
{
    f->v[i] = view_dup(view_of(path));
    return f->v[i] ? 0 : ERR_NOMEM;
}

int try_folders_copy(const struct app *a, struct try_folders *out)
{
    const struct conf_list *own = &a->conf.dialects.folders;
    int err = 0;
    out->v = calloc((size_t)own->n + 2, sizeof *out->v);
    if (!out->v)
        return ERR_NOMEM;
    for (int i = 0; i < own->n && !err; i++)
        err = add_folder(out, i, own->v[i]);
    return err ? err : add_folder(out, own->n, PARKD_SHARE "/dialects");
}

void try_folders_free(struct try_folders *f)
{
    for (char **p = f->v; p && *p; p++)
        free(*p);
    free(f->v);
    f->v = NULL;
}

struct dialects *try_folders_load(const struct try_folders *f)
{
    struct why ignored = {0};
    int n_failed = 0; /* said when parkd loaded them */
    return dialects_load((const char *const *)f->v, &n_failed, &ignored);
}

struct found {
    struct view id;
    struct json *doc;
};

static void look(void *ctx, struct view id, struct view json, uint64_t version)
{
    struct found *f = ctx;
    (void)version;
    if (!f->doc && view_eq(id, f->id) && json_parse(json, &f->doc, NULL))
        f->doc = NULL;
}

struct json *try_registration(struct app *a, enum noun noun, struct view id)
{
    struct found f = {.id = id};
    directory_each(a->dir, noun, look, &f);
    return f.doc;
}

/* ---- one run */

static void run_free(struct try_run *r)
{
    feed_asker_free(r->asker);
    trial_free(r->trial);
    dialects_free(r->dialects);
    try_folders_free(&r->folders);
    buf_fini(&r->head);
    buf_fini(&r->body);
    buf_fini(&r->text);
    free(r);
}

static struct try_run *run_new(struct app *a, struct trial *t)
{
    struct try_run *r = calloc(1, sizeof *r);
    if (!r) {
        trial_free(t);
        return NULL;
    }
    r->app = a;
    r->trial = t;
    buf_init(&r->head, HEAD_MAX);
    buf_init(&r->body, DIALECT_MAX_BODY);
    buf_init(&r->text, ANSWER_MAX);
    r->asker = trial_is_live(t) ? feed_asker_new(a->feed_fetcher, &a->clock, trial_feed(t)) : NULL;
    if ((trial_is_live(t) && !r->asker) || try_folders_copy(a, &r->folders)) {
        run_free(r);
        return NULL;
    }
    return r;
}

static void tell(struct try_run *r, int err)
{
    struct why why = {0};
    struct app *a = r->app;
    DL_DELETE(a->tries, r);
    a->n_tries--;
    if (!err)
        err = r->text.err;
    r->done(r->done_ctx, err, &why, buf_get(&r->text));
    run_free(r);
}

/* In the pool. */
static void on_work(void *data)
{
    struct try_run *r = data;
    struct trial_answer a = {.err = r->err,
                             .status = r->status,
                             .head = buf_get(&r->head),
                             .body = buf_get(&r->body),
                             .took_ms = r->took_ms,
                             .detail = r->detail,
                             .tls = r->tls[0] ? r->tls : NULL};
    struct json_writer w;
    if (!r->begun) {
        r->begun = true;
        r->dialects = try_folders_load(&r->folders);
        r->asking = r->dialects && trial_begin(r->trial, r->dialects);
    } else {
        r->asking = trial_take(r->trial, &a);
    }
    if (r->asking && trial_is_live(r->trial))
        return;
    if (r->asking)
        trial_take_samples(r->trial);
    r->asking = false;
    jw_init(&w, &r->text);
    if (r->dialects)
        trial_write(r->trial, &w);
    else
        r->text.err = ERR_NOMEM;
    trial_end(r->trial);
}

static void ask(struct try_run *r);

static void on_worked(void *data, bool cancelled)
{
    struct try_run *r = data;
    r->in_pool = false;
    if (cancelled || r->app->ending)
        tell(r, ERR_CANCELLED);
    else if (r->asking)
        ask(r);
    else
        tell(r, 0);
}

static int work(struct try_run *r)
{
    int err = loop_work(r->app->loop, on_work, on_worked, r);
    r->in_pool = !err;
    return err;
}

/* ---- the network */

static void note_tls(struct try_run *r, const struct fetch_result *res)
{
    char day[ISO8601_SIZE];
    r->tls[0] = '\0';
    if (!res->tls)
        return;
    (void)iso8601_format(res->certificate_ends_ms, day);
    (void)snprintf(r->tls, sizeof r->tls, "%s, certificate until %.10s%s", res->tls, day,
                   trial_feed(r->trial)->tls.skip_verify ? ", not verified" : "");
}

static void on_answer(void *ctx, const struct fetch_result *res)
{
    struct try_run *r = ctx;
    r->err = res->err;
    r->status = res->status;
    r->took_ms = res->took_ms;
    r->used_ms += res->took_ms;
    (void)snprintf(r->detail, sizeof r->detail, "%s", res->detail);
    note_tls(r, res);
    buf_clear(&r->head);
    buf_clear(&r->body);
    if (buf_view(&r->head, res->head) || buf_view(&r->body, res->body) || work(r))
        tell(r, ERR_NOMEM);
}

/* It could not even be asked: that is what came. */
static void not_asked(struct try_run *r, int err, const struct why *why)
{
    struct fetch_result res = {.err = err};
    (void)snprintf(res.detail, sizeof res.detail, "%.159s", why->text);
    on_answer(r, &res);
}

static void ask(struct try_run *r)
{
    struct why why = {0};
    int64_t left_ms = trial_timeout_ms(r->trial) - r->used_ms;
    int err = left_ms > 0 ? feed_asker_ask(r->asker, trial_request(r->trial), left_ms, on_answer, r, &why)
                          : why_set(&why, ERR_TIMEOUT, "", "took longer than %lld ms in all",
                                    (long long)trial_timeout_ms(r->trial));
    if (err)
        not_asked(r, err, &why);
}

void tries_cancel(struct app *a)
{
    struct try_run *r, *next;
    sink_tries_cancel(a);
    DL_FOREACH_SAFE(a->tries, r, next)
    {
        if (!r->in_pool)
            tell(r, ERR_CANCELLED);
    }
}

/* ---- the port */

static int know_lots(struct app *a, struct trial *t, struct view feed)
{
    int err = 0;
    for (uint32_t i = 0; i < registry_size(a->reg) && !err; i++) {
        const struct registry_lot *l = registry_lot(a->reg, i);
        if (!l->removed && view_is(feed, l->lot.feed))
            err = trial_know(t, &l->lot, &l->reading, l->interval_ms);
    }
    return err;
}

static int make_trial(struct app *a, struct view request, struct trial **t, struct why *why)
{
    struct json *doc = NULL;
    int err = json_parse(request, &doc, why);
    if (err)
        return err;
    char id[FEED_ID_SIZE] = "";
    struct json *base = NULL;
    if (json_get(doc, "feed")) {
        base = try_registration(a, NOUN_FEED, json_text(json_get(doc, "feed")));
        if (!base || view_copy(json_text(json_get(doc, "feed")), id, sizeof id)) {
            json_free(base);
            json_free(doc);
            return why_set(why, ERR_NOT_FOUND, "/feed", "no feed has this id");
        }
    }
    err = trial_new(doc, base, clock_wall_ms(&a->clock), t, why);
    json_free(base);
    if (!err && id[0])
        err = know_lots(a, *t, view_of(id));
    return err;
}

int tries_try(void *ctx, struct view request, api_text_fn *done, void *done_ctx, struct why *why)
{
    struct app *a = ctx;
    struct trial *t = NULL;
    if (a->n_tries >= TRIES_MAX)
        return why_set(why, ERR_BUSY, "", "%d trials run already", TRIES_MAX);
    int err = make_trial(a, request, &t, why);
    struct try_run *r = err ? NULL : run_new(a, t);
    if (err)
        trial_free(t);
    if (!r)
        return err ? err : ERR_NOMEM;
    r->done = done;
    r->done_ctx = done_ctx;
    if (work(r)) {
        run_free(r);
        return ERR_NOMEM;
    }
    DL_APPEND(a->tries, r);
    a->n_tries++;
    return 0;
}
