/* SPDX-License-Identifier: MIT
 * The jobs of aside.h: a line of those that wait, a count of those that run.
 */
#include "feed/aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "parkd/model/registry.h"
#include "parkd/net/loop.h"

struct aside_job {
    struct aside *set;
    struct aside_job *prev, *next; /* in line; not while it runs */
    bool runs, given_up;
    struct dialect_session *session;
    struct dialect_ctx ctx; /* its views point into what follows */
    char url[sizeof((struct feed *)0)->url], feed[FEED_ID_SIZE];
    struct dialect_lot *known;
    char *head, *body;
    struct inbound_message *message;
    struct aside_result result;
    aside_done_fn *fn;
    void *fn_ctx;
};

struct aside {
    struct loop *loop;
    struct aside_job *line;
    int running;
    bool gone;
};

/* ---- one job */

static void job_free(struct aside_job *j)
{
    if (!j)
        return;
    report_list_fini(&j->result.reports);
    dialect_request_fini(&j->result.next);
    dialect_reply_fini(&j->result.reply);
    free(j->known);
    free(j->head);
    free(j->body);
    free(j->message);
    free(j);
}

static int copy_known(struct aside_job *j, const struct registry *reg)
{
    uint32_t size = registry_size(reg);
    size_t cap = 0;
    for (uint32_t i = 0; i < size; i++) {
        const struct registry_lot *l = registry_lot(reg, i);
        if (l->removed || strcmp(l->lot.feed, j->feed) != 0)
            continue;
        if (j->ctx.n_known == cap) {
            cap = cap ? 2 * cap : 16;
            struct dialect_lot *v = realloc(j->known, cap * sizeof *v);
            if (!v)
                return ERR_NOMEM;
            j->known = v;
        }
        struct dialect_lot *to = &j->known[j->ctx.n_known++];
        memcpy(to->id, l->lot.id, sizeof to->id);
        memcpy(to->foreign, l->lot.foreign_id, sizeof to->foreign);
    }
    return 0;
}

static int copy_ctx(struct aside_job *j, const struct dialect_ctx *ctx)
{
    int err = view_copy(ctx->url, j->url, sizeof j->url);
    if (!err)
        err = view_copy(view_of(ctx->feed), j->feed, sizeof j->feed);
    j->ctx = (struct dialect_ctx){.now_ms = ctx->now_ms,
                                  .url = view_of(j->url),
                                  .feed = j->feed,
                                  .aside = true,
                                  .unguarded = ctx->unguarded};
    if (!err && ctx->lots)
        err = copy_known(j, ctx->lots);
    j->ctx.known = j->known;
    return err;
}

static int copy_answer(struct aside_job *j, const struct dialect_response *res)
{
    j->head = view_dup(res->head);
    j->body = view_dup(res->body);
    j->result.answer = (struct dialect_response){
        .status = res->status, .head = {j->head, res->head.n}, .body = {j->body, res->body.n}};
    return j->head && j->body ? 0 : ERR_NOMEM;
}

static int copy_message(struct aside_job *j, const struct inbound_message *m)
{
    j->message = inbound_copy(m);
    if (!j->message)
        return ERR_NOMEM;
    j->ctx.topic = j->message->topic;
    return 0;
}

static struct aside_job *job_new(const struct aside_task *t)
{
    struct aside_job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    dialect_request_init(&j->result.next);
    report_list_init(&j->result.reports);
    if (copy_ctx(j, t->ctx) || (t->res ? copy_answer(j, t->res) : copy_message(j, t->message))) {
        job_free(j);
        return NULL;
    }
    j->session = t->session;
    return j;
}

/* In the pool's thread. */
static void work(void *data)
{
    struct aside_job *j = data;
    struct aside_result *r = &j->result;
    if (!j->message) {
        r->err = dialect_decode(j->session, &j->ctx, &r->answer, &r->reports, &r->next, &r->more, &r->why);
        return;
    }
    struct inbound_result in;
    inbound_result_init(&in);
    in.reports = r->reports;
    inbound_read(j->session, &j->ctx, j->message, &in);
    r->err = in.err;
    r->why = in.why;
    r->reports = in.reports;
    r->reply = in.reply;
}

/* ---- all of them */

static void start_waiting(struct aside *a);

static void tell(struct aside_job *j)
{
    struct aside_result *r = &j->result;
    if (j->given_up) {
        dialect_close(j->session);
    } else {
        struct aside_result mine = *r;
        report_list_init(&r->reports);
        dialect_request_init(&r->next);
        r->reply = (struct dialect_reply){0};
        j->fn(j->fn_ctx, &mine);
    }
    job_free(j);
}

static void on_done(void *data, bool cancelled)
{
    struct aside_job *j = data;
    struct aside *a = j->set;
    if (cancelled)
        j->result.err = why_set(&j->result.why, ERR_STATE, "", "was not read");
    tell(j);
    a->running--;
    start_waiting(a);
    if (a->gone && a->running == 0)
        free(a);
}

static int start(struct aside_job *j)
{
    int err = loop_work(j->set->loop, work, on_done, j);
    j->runs = !err;
    j->set->running += !err;
    return err;
}

static void start_waiting(struct aside *a)
{
    while (a->line && a->running < ASIDE_AT_ONCE) {
        struct aside_job *j = a->line;
        DL_DELETE(a->line, j);
        int err = start(j); /* from here on the job is the pool's */
        if (!err)
            continue;
        j->result.err = why_set(&j->result.why, err, "", "%s", err_text(err));
        tell(j);
    }
}

struct aside_job *aside_start(struct aside *a, const struct aside_task *task, aside_done_fn *fn, void *ctx)
{
    struct aside_job *j = job_new(task);
    if (!j)
        return NULL;
    j->set = a;
    j->fn = fn;
    j->fn_ctx = ctx;
    j->result.reports = *task->reports;
    if (a->running >= ASIDE_AT_ONCE) {
        DL_APPEND(a->line, j);
    } else if (start(j)) {
        report_list_init(&j->result.reports); /* they stay the caller's */
        job_free(j);
        return NULL;
    }
    report_list_init(task->reports);
    return j;
}

void aside_give_up(struct aside_job *j)
{
    if (!j)
        return;
    j->given_up = true;
    if (j->runs)
        return;
    DL_DELETE(j->set->line, j);
    tell(j);
}

struct aside *aside_new(struct loop *loop)
{
    struct aside *a = calloc(1, sizeof *a);
    if (a)
        a->loop = loop;
    return a;
}

void aside_free(struct aside *a)
{
    if (!a)
        return;
    a->gone = true;
    if (a->running == 0)
        free(a);
}
