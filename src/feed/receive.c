/* SPDX-License-Identifier: MIT
 * Messages that come to feeds. Small ones are read at once; a large one in the pool, and what comes to the
 * same feed meanwhile waits behind it: a session belongs to one call at a time, and the newest message must
 * be the last that is read.
 */
#include <stdlib.h>
#include <utlist.h>

#include "feed/aside.h"
#include "feed/feeds_impl.h"

#define LINE_MAX 16 /* messages of one feed, of up to 256 KiB each */

struct reception {
    struct feed_entry *entry;
    struct reception *prev, *next;
    struct inbound_message *message;
    struct aside_job *job; /* NULL: it waits */
    feed_received_fn *fn;
    void *ctx;
};

static struct dialect_ctx ctx_of(const struct feed_entry *e, const struct inbound_message *m)
{
    return (struct dialect_ctx){.now_ms = clock_wall_ms(e->set->clock),
                                .url = view_of(e->feed.url),
                                .lots = e->set->reg,
                                .feed = e->feed.id,
                                .topic = m->topic,
                                .unguarded = e->feed.mode == FEED_PUSH && !feed_is_guarded(&e->feed)};
}

static void tell(struct reception *r, struct inbound_result *result)
{
    r->fn(r->ctx, &r->entry->feed, r->message, result);
    free(r->message);
    free(r);
}

static void drop(struct reception *r, int err, const char *words)
{
    struct inbound_result result;
    inbound_result_init(&result);
    result.err = why_set(&result.why, err, "", "%s", words);
    result.dropped = true;
    tell(r, &result);
}

/* ---- the line of a feed: its first is the one that is read */

static void leave(struct reception *r)
{
    DL_DELETE(r->entry->line, r);
    r->entry->n_line--;
}

static void on_read(void *ctx, struct aside_result *result);

static void start_first(struct feed_entry *e)
{
    while (e->line) {
        struct reception *r = e->line;
        struct report_list reports;
        struct dialect_ctx dctx = ctx_of(e, r->message);
        struct aside_task task = {
            .session = e->session, .ctx = &dctx, .message = r->message, .reports = &reports};
        report_list_init(&reports);
        r->job = aside_start(e->set->aside, &task, on_read, r);
        if (r->job)
            return;
        leave(r);
        drop(r, ERR_NOMEM, err_text(ERR_NOMEM));
    }
}

static void on_read(void *ctx, struct aside_result *result)
{
    struct reception *r = ctx;
    struct inbound_result mine = {
        .err = result->err, .why = result->why, .reports = result->reports, .reply = result->reply};
    leave(r);
    start_first(r->entry); /* before it is told: who hears it may change the feed */
    tell(r, &mine);
}

static int wait_in_line(struct feed_entry *e, const struct inbound_message *m, feed_received_fn *fn,
                        void *ctx)
{
    if (e->n_line >= LINE_MAX)
        return ERR_FULL;
    struct reception *r = calloc(1, sizeof *r);
    struct inbound_message *copy = r ? inbound_copy(m) : NULL;
    if (!copy) {
        free(r);
        return ERR_NOMEM;
    }
    *r = (struct reception){.entry = e, .message = copy, .fn = fn, .ctx = ctx};
    DL_APPEND(e->line, r);
    e->n_line++;
    if (e->line == r)
        start_first(e);
    return 0;
}

void receive_message(struct feed_entry *e, const struct inbound_message *m, feed_received_fn *fn, void *ctx)
{
    struct inbound_result result;
    inbound_result_init(&result);
    if (!e->session) {
        result.dropped = true;
        result.err = why_set(&result.why, ERR_CONFLICT, "", "the feed's parameters do not fit its dialect");
    } else if (e->line || m->body.n > DIALECT_ASIDE_BODY) {
        int err = wait_in_line(e, m, fn, ctx);
        if (!err)
            return;
        result.dropped = true;
        result.err = why_set(&result.why, err, "", "%s",
                             err == ERR_FULL ? "too many messages of this feed wait" : err_text(err));
    } else {
        struct dialect_ctx dctx = ctx_of(e, m);
        inbound_read(e->session, &dctx, m, &result);
    }
    fn(ctx, &e->feed, m, &result);
}

void receive_close(struct feed_entry *e)
{
    while (e->line) {
        struct reception *r = e->line;
        leave(r);
        if (r->job) {
            aside_give_up(r->job); /* closes the session at its end */
            e->session = NULL;
        }
        drop(r, ERR_STATE, "the feed was changed meanwhile; send it again");
    }
}
