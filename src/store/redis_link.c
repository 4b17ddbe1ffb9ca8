/* SPDX-License-Identifier: MIT
 * A connection is a hiredis context plus a queue of what was sent, in the order of the replies. The context
 * may go at any moment (hiredis frees it after a failed connect, after the disconnect callback, or when we
 * say so), so `ac` is NULL whenever it is not surely there, and every callback compares it with the context
 * it was called for.
 */
#include "store/redis_link.h"

#include <assert.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "parkd/base/counters.h"
#include "parkd/net/backoff.h"
#include "parkd/net/loop.h"
#include "parkd/net/timer.h"
#include "store/redis_link_greet.h"
#include "store/redis_resolve.h"
#include "store/redis_uv.h"

#define CONNECT_MS    1000
#define COMMAND_MS    2000
#define PING_IDLE_MS  5000
#define WATCH_MS      250
#define RETRY_BASE_MS 50
#define RETRY_CAP_MS  5000
#define HURRY_MS      2000
#define HURRY_STEP_MS 3
#define MAX_COMMANDS  4096
#define MAX_BYTES     (8u << 20)

enum link_state { LINK_DOWN, LINK_RESOLVE, LINK_CONNECT, LINK_GREET, LINK_READY };

/* One command on its way; freed with its reply. */
struct sent {
    struct redis_link *l;
    struct sent *next;
    redis_reply_fn *fn;
    void *ctx;
    size_t bytes;
    uint64_t deadline;
    const struct redis_script *script; /* a script call that was not yet repeated … */
    char *text;                        /* … with its wire form */
    int64_t block_ms;
};

struct redis_link {
    struct loop *loop;
    struct redis_addr addr;
    struct redis_link_events ev;
    enum link_state state;
    bool was_ready; /* on_ready was told and on_down not yet */
    redisAsyncContext *ac;
    struct redis_resolve *resolve; /* the look-up in flight */
    struct timer *step;            /* the next attempt, or the limit of the running one */
    struct timer *watch;           /* late replies and idle pings while READY */
    struct sent *head, **tail;
    size_t n_sent, bytes;
    uint64_t last_active, watch_due, hurry_until;
    unsigned failures;
    char why[160];
};

static void on_step(void *ctx);
static void on_watch(void *ctx);

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

struct redis_link *redis_link_new(struct loop *loop, const struct redis_addr *addr,
                                  const struct redis_link_events *ev)
{
    struct redis_link *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->loop = loop;
    l->addr = *addr;
    l->ev = *ev;
    l->tail = &l->head;
    if (!(l->step = timer_new(loop, on_step, l)) || !(l->watch = timer_new(loop, on_watch, l))) {
        redis_link_free(l);
        return NULL;
    }
    return l;
}

bool redis_link_ready(const struct redis_link *l)
{
    return l->state == LINK_READY;
}

/* Takes the connection apart without telling anybody but the outstanding callbacks. */
static void tear_down(struct redis_link *l)
{
    redisAsyncContext *ac = l->ac;
    l->ac = NULL;
    l->state = LINK_DOWN;
    if (l->resolve) {
        redis_resolve_cancel(l->resolve);
        l->resolve = NULL;
    }
    timer_cancel(l->step);
    timer_cancel(l->watch);
    if (ac)
        redisAsyncFree(ac); /* from a reply callback hiredis defers it until that returns */
}

void redis_link_free(struct redis_link *l)
{
    if (!l)
        return;
    if (l->step && l->watch)
        tear_down(l);
    assert(!l->head);
    timer_free(l->step);
    timer_free(l->watch);
    explicit_bzero(&l->addr, sizeof l->addr);
    free(l);
}

static uint32_t random32(void)
{
    uint32_t r = 0;
    if (uv_random(NULL, NULL, &r, sizeof r, 0, NULL))
        r = (uint32_t)uv_hrtime();
    return r;
}

/* Tells of the failure and arms the next attempt. */
static void go_down(struct redis_link *l, enum redis_error err, const char *text)
{
    bool hurry = now_ms() < l->hurry_until && err != RE_DENIED;
    if (l->was_ready)
        counter_add(C_REDIS_LOST, 1);
    l->was_ready = false;
    snprintf(l->why, sizeof l->why, "%s", text);
    tear_down(l);
    unsigned failures = err == RE_DENIED || err == RE_MOVED ? 16 : l->failures++;
    timer_arm(l->step,
              hurry ? HURRY_STEP_MS
                    : backoff_full_jitter(RETRY_BASE_MS, RETRY_CAP_MS, HURRY_STEP_MS, failures, random32()));
    l->ev.on_down(l->ev.ctx, err, l->why);
}

void redis_link_drop(struct redis_link *l, const char *reason)
{
    if (l->state != LINK_DOWN)
        go_down(l, RE_LOST, reason);
}

/* --- sending --- */

static struct sent *sent_new(struct redis_link *l, const struct redis_cmd *cmd, size_t bytes)
{
    struct sent *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->l = l;
    s->bytes = bytes;
    s->block_ms = cmd->block_ms;
    s->script = cmd->script;
    return s;
}

static void sent_free(struct sent *s)
{
    if (s)
        free(s->text);
    free(s);
}

static void queue(struct redis_link *l, struct sent *s)
{
    s->next = NULL;
    s->deadline = now_ms() + COMMAND_MS + (uint64_t)s->block_ms;
    *l->tail = s;
    l->tail = &s->next;
    l->n_sent++;
    l->bytes += s->bytes;
    counter_add(C_REDIS_CALLS, 1);
}

/* Replies come in order, so it is always the first that is answered. */
static void unqueue(struct redis_link *l, struct sent *s)
{
    assert(l->head == s);
    l->head = s->next;
    if (!l->head)
        l->tail = &l->head;
    l->n_sent--;
    l->bytes -= s->bytes;
}

static void on_reply(redisAsyncContext *ac, void *reply, void *privdata);

/* NOSCRIPT: nothing was done; the script and then the same call again. */
static bool send_again(struct redis_link *l, redisAsyncContext *ac, struct sent *s)
{
    const char *argv[] = {"SCRIPT", "LOAD", s->script->text};
    const size_t len[] = {6, 4, s->script->n};
    if (l->ac != ac || redisAsyncCommandArgv(ac, NULL, NULL, 3, argv, len) != REDIS_OK)
        return false;
    s->script = NULL; /* once */
    if (redisAsyncFormattedCommand(ac, on_reply, s, s->text, s->bytes) != REDIS_OK)
        return false;
    queue(l, s);
    return true;
}

static enum redis_error class_of(const redisReply *r)
{
    if (!r)
        return RE_LOST;
    if (r->type != REDIS_REPLY_ERROR)
        return RE_NONE;
    return redis_error_of((struct view){r->str, (size_t)r->len});
}

static void on_reply(redisAsyncContext *ac, void *reply, void *privdata)
{
    struct sent *s = privdata;
    struct redis_link *l = s->l;
    enum redis_error err = class_of(reply);

    unqueue(l, s);
    if (err == RE_LOST && l->ac == ac)
        l->state = LINK_DOWN; /* nothing may be sent from the callbacks that follow */
    l->last_active = now_ms();
    if (err == RE_NOSCRIPT && s->script && send_again(l, ac, s))
        return;
    if (s->fn)
        s->fn(s->ctx, reply, err);
    sent_free(s);
    if ((err == RE_DROP || err == RE_MOVED || err == RE_DENIED) && l->ac == ac) {
        struct view text = reply_text(reply);
        char why[120];
        snprintf(why, sizeof why, VIEW_FMT, VIEW_ARG(text));
        go_down(l, err, why);
    }
}

/* Sends in any state that has a context; the public function wants READY. */
static int send_cmd(struct redis_link *l, const struct redis_cmd *cmd, redis_reply_fn *fn, void *ctx)
{
    size_t n = 0;
    if (cmd->err)
        return cmd->err;
    if (l->n_sent >= MAX_COMMANDS || (l->bytes && l->bytes + cmd->bytes.n > MAX_BYTES))
        return ERR_FULL;
    char *text = redis_cmd_format(cmd, &n);
    struct sent *s = text ? sent_new(l, cmd, n) : NULL;
    if (!s) {
        free(text);
        return ERR_NOMEM;
    }
    s->fn = fn;
    s->ctx = ctx;
    s->text = text;
    if (redisAsyncFormattedCommand(l->ac, on_reply, s, text, s->bytes) != REDIS_OK) {
        sent_free(s);
        return ERR_AWAY;
    }
    if (!s->script) {
        free(text);
        s->text = NULL;
    }
    queue(l, s);
    return 0;
}

int redis_link_send(struct redis_link *l, const struct redis_cmd *cmd, redis_reply_fn *fn, void *ctx)
{
    return l->state == LINK_READY ? send_cmd(l, cmd, fn, ctx) : ERR_AWAY;
}

/* --- greeting: AUTH, SELECT, PING --- */

static void on_greeted(void *ctx, const struct reply *r, enum redis_error err)
{
    struct redis_link *l = ctx;
    char why[120];
    struct view text = reply_text(r);
    if (err == RE_NONE || err == RE_LOST || l->state != LINK_GREET || !l->ac)
        return; /* the loss itself is told by on_disconnect */
    snprintf(why, sizeof why, VIEW_FMT, VIEW_ARG(text));
    go_down(l, err == RE_BUG ? RE_DENIED : err, why);
}

static void become_ready(struct redis_link *l)
{
    l->state = LINK_READY;
    l->was_ready = true;
    l->failures = 0;
    l->last_active = now_ms();
    l->watch_due = l->last_active + WATCH_MS;
    timer_cancel(l->step);
    timer_arm(l->watch, WATCH_MS);
    l->ev.on_ready(l->ev.ctx);
}

static void on_pong(void *ctx, const struct reply *r, enum redis_error err)
{
    struct redis_link *l = ctx;
    if (l->state != LINK_GREET || !l->ac)
        return;
    if (err == RE_NONE)
        become_ready(l);
    else if (err == RE_RETRY) /* still loading its data: ask again */
        timer_arm(l->step, now_ms() < l->hurry_until ? HURRY_STEP_MS : RETRY_BASE_MS);
    else
        on_greeted(l, r, err);
}

static void greet(struct redis_link *l, bool first)
{
    struct redis_cmd cmd[REDIS_GREET_MAX];
    size_t n = redis_greeting(&l->addr, first, cmd);
    int rc = 0;
    l->state = LINK_GREET;
    timer_arm(l->step, CONNECT_MS);
    for (size_t i = 0; i < n; i++) {
        if (!rc)
            rc = send_cmd(l, &cmd[i], i + 1 == n ? on_pong : on_greeted, l);
        redis_cmd_fini(&cmd[i]);
    }
    if (rc)
        timer_arm(l->step, 0); /* fails there, not inside hiredis' callback */
}

/* --- connecting --- */

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct redis_link *l = ac->data;
    if (l->ac != ac)
        return;
    if (status == REDIS_OK) {
        greet(l, true);
        return;
    }
    char why[120];
    snprintf(why, sizeof why, "connect: %s", ac->errstr ? ac->errstr : "failed");
    l->ac = NULL; /* hiredis frees it right after this */
    go_down(l, RE_LOST, why);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct redis_link *l = ac->data;
    char why[120];
    (void)status;
    if (l->ac != ac)
        return;
    snprintf(why, sizeof why, "%s", ac->errstr && ac->errstr[0] ? ac->errstr : "connection closed");
    l->ac = NULL;
    go_down(l, RE_LOST, why);
}

static void open_context(struct redis_link *l, const char *literal)
{
    char why[120] = "out of memory";
    redisAsyncContext *ac =
        l->addr.path[0] ? redisAsyncConnectUnix(l->addr.path) : redisAsyncConnect(literal, l->addr.port);
    if (ac && ac->err)
        snprintf(why, sizeof why, "connect: %s", ac->errstr ? ac->errstr : "failed");
    if (!ac || ac->err || redis_uv_attach(loop_uv(l->loop), ac)) {
        if (ac)
            redisAsyncFree(ac);
        go_down(l, RE_LOST, why);
        return;
    }
    ac->data = l;
    l->ac = ac;
    l->state = LINK_CONNECT;
    if (!l->addr.path[0])
        redisEnableKeepAlive(&ac->c);
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    timer_arm(l->step, CONNECT_MS);
}

static void on_resolved(void *ctx, const char *literal)
{
    struct redis_link *l = ctx;
    l->resolve = NULL;
    if (literal)
        open_context(l, literal);
    else
        go_down(l, RE_LOST, "the host name could not be resolved");
}

static void attempt(struct redis_link *l)
{
    if (l->addr.path[0] || redis_is_literal(l->addr.host)) {
        open_context(l, l->addr.host);
        return;
    }
    l->resolve = redis_resolve_start(l->loop, l->addr.host, l->failures, on_resolved, l);
    if (!l->resolve) {
        go_down(l, RE_LOST, "the host name could not be looked up");
        return;
    }
    l->state = LINK_RESOLVE;
    timer_arm(l->step, RETRY_CAP_MS);
}

static void on_step(void *ctx)
{
    struct redis_link *l = ctx;
    switch (l->state) {
    case LINK_DOWN:
        attempt(l);
        return;
    case LINK_GREET:
        if (!l->head) { /* the server was loading */
            greet(l, false);
            return;
        }
        go_down(l, RE_LOST, "no answer to the greeting");
        return;
    case LINK_RESOLVE:
    case LINK_CONNECT:
        go_down(l, RE_LOST,
                l->state == LINK_RESOLVE ? "looking up the host took too long" : "connecting took too long");
        return;
    case LINK_READY:
        return;
    }
}

void redis_link_start(struct redis_link *l)
{
    if (l->state == LINK_DOWN)
        timer_arm(l->step, 0);
}

void redis_link_hurry(struct redis_link *l)
{
    l->hurry_until = now_ms() + HURRY_MS;
    l->failures = 0;
    if (l->state == LINK_DOWN)
        timer_arm(l->step, HURRY_STEP_MS);
}

/* --- watching --- */

static void ping(struct redis_link *l)
{
    struct redis_cmd cmd;
    redis_cmd_init(&cmd);
    redis_cmd_str(&cmd, "PING");
    if (send_cmd(l, &cmd, NULL, NULL))
        l->last_active = now_ms(); /* try again in a while */
    redis_cmd_fini(&cmd);
}

static void on_watch(void *ctx)
{
    struct redis_link *l = ctx;
    uint64_t now = now_ms();
    /* When this process itself stood still, replies may wait unread: look again after one turn of the loop.
     */
    bool stalled = now > l->watch_due + COMMAND_MS / 2;
    l->watch_due = now + WATCH_MS;
    timer_arm(l->watch, WATCH_MS);
    if (!stalled && l->head && now > l->head->deadline)
        go_down(l, RE_LOST, "no reply in time");
    else if (!l->head && now > l->last_active + PING_IDLE_MS)
        ping(l);
}
