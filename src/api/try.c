/* SPDX-License-Identifier: MIT
 * Staff: a feed tried before it counts, the raw bodies of a feed, and those bodies read again by other
 * parameters.
 *
 *   POST /v1/admin/try                                 what trial.h says
 *   POST /v1/admin/try/sink                          what sink_trial.h says
 *   GET  /v1/admin/feeds/{id}/bodies?after=N&wait=S    {"feed","newest","passed","bodies":[…]}; waits up to S
 * seconds for the first one newer than N POST /v1/admin/feeds/{id}/replay                   {"params":{…}} →
 * what replay.h says
 */
#include <stdlib.h>

#include "api/internal.h"
#include "parkd/net/timer.h"

#define WAIT_MAX_S 25
#define LOOK_MS    100
#define WAITING    16 /* calls that may wait at once: the staff's listener has few connections */

/* ---- answers that come later */

struct later {
    struct call call;
};

static struct later *later_new(const struct call *c)
{
    struct later *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->call = *c;
    api_ref(c->api);
    return l;
}

static void later_free(struct later *l)
{
    api_unref(l->call.api);
    free(l);
}

static void refuse(const struct call *c, int err, const struct why *why)
{
    if (err == ERR_NOT_FOUND)
        reply_problem(c, PROBLEM_NOT_FOUND, why->text[0] ? why->text : "nothing is registered under this id");
    else if (err == ERR_BUSY)
        reply_wait(c, PROBLEM_TOO_MANY, API_BUSY_S, why->text);
    else if (err == ERR_NOMEM || err == ERR_FULL || err == ERR_CANCELLED)
        reply_err(c, err, why);
    else
        reply_why(c, PROBLEM_INVALID, why);
}

static void on_text(void *ctx, int err, const struct why *why, struct view json)
{
    struct later *l = ctx;
    if (err)
        refuse(&l->call, err, why);
    else
        reply_bytes(&l->call, &(struct reply){.status = 200, .type = "application/json"}, json);
    later_free(l);
}

/* The port's function has taken `l` over, or failed. */
static void begun(const struct call *c, struct later *l, int err, const struct why *why)
{
    if (!err)
        return;
    refuse(c, err, why);
    if (l)
        later_free(l);
}

static void try_it(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    struct why why = {0};
    struct later *l = later_new(c);
    begun(c, l, l ? port->try_it(port->ctx, http_body(c->req), on_text, l, &why) : ERR_NOMEM, &why);
}

static void try_sink(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    struct why why = {0};
    struct later *l = later_new(c);
    begun(c, l, l ? port->try_sink(port->ctx, http_body(c->req), on_text, l, &why) : ERR_NOMEM, &why);
}

static void replay(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    struct why why = {0};
    struct later *l = later_new(c);
    begun(c, l, l ? port->replay(port->ctx, c->route.arg, http_body(c->req), on_text, l, &why) : ERR_NOMEM,
          &why);
}

/* ---- bodies */

struct waiting {
    struct call call;
    char feed[FEED_ID_SIZE];
    uint64_t after;
    int64_t until_ms; /* monotonic */
    struct timer *look;
};

static void answer_bodies(const struct call *c, struct view feed, uint64_t after)
{
    const struct api_port *port = &c->api->port;
    struct buf body;
    struct json_writer w;
    buf_init(&body, API_MAX_ANSWER);
    jw_init(&w, &body);
    jw_object(&w, NULL);
    jw_view(&w, "feed", feed);
    port->write_bodies(port->ctx, feed, after, &w);
    jw_end_object(&w);
    buf_char(&body, '\n');
    reply_buf(c, &(struct reply){.status = 200}, &body);
}

static void waiting_end(struct waiting *w)
{
    struct api *a = w->call.api;
    timer_free(w->look);
    a->waiting--;
    if (a->gone)
        reply_problem(&w->call, PROBLEM_NOT_READY, "ending");
    else
        answer_bodies(&w->call, view_of(w->feed), w->after);
    api_unref(a);
    free(w);
}

static void on_look(void *ctx)
{
    struct waiting *w = ctx;
    struct api *a = w->call.api;
    bool ending = a->gone || a->stopped;
    if (ending || a->port.newest_body(a->port.ctx, view_of(w->feed)) > w->after ||
        clock_mono_ms(a->clock) >= w->until_ms)
        waiting_end(w);
    else
        timer_arm(w->look, LOOK_MS);
}

static void wait_for_one(const struct call *c, uint64_t after, int64_t seconds)
{
    struct api *a = c->api;
    struct waiting *w = a->waiting < WAITING ? calloc(1, sizeof *w) : NULL;
    if (!w || view_copy(c->route.arg, w->feed, sizeof w->feed) ||
        !(w->look = timer_new(a->loop, on_look, w))) {
        free(w);
        answer_bodies(c, c->route.arg, after);
        return;
    }
    w->call = *c;
    w->after = after;
    w->until_ms = clock_mono_ms(a->clock) + seconds * 1000;
    api_ref(a);
    a->waiting++;
    timer_arm(w->look, LOOK_MS);
}

static bool number_of(const struct call *c, const char *name, int64_t max, int64_t *out)
{
    struct view v = http_query(c->req, name);
    return !v.p || view_to_int(v, 0, max, out) == 0;
}

static void bodies(const struct call *c)
{
    const struct api_port *port = &c->api->port;
    int64_t after = 0, wait = 0;
    if (!port->feed_by_id(port->ctx, c->route.arg))
        reply_problem(c, PROBLEM_NOT_FOUND, "nothing is registered under this id");
    else if (!number_of(c, "after", INT64_MAX, &after) || !number_of(c, "wait", WAIT_MAX_S, &wait))
        reply_problem(c, PROBLEM_PARAMETER, "after is a body's number, wait 0 to 25 seconds");
    else if (wait && port->newest_body(port->ctx, c->route.arg) <= (uint64_t)after)
        wait_for_one(c, (uint64_t)after, wait);
    else
        answer_bodies(c, c->route.arg, (uint64_t)after);
}

void try_handle(const struct call *c)
{
    if (c->route.id == ROUTE_TRY)
        try_it(c);
    else if (c->route.id == ROUTE_TRY_SINK)
        try_sink(c);
    else if (c->route.id == ROUTE_REPLAY)
        replay(c);
    else
        bodies(c);
}
