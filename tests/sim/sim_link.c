/* SPDX-License-Identifier: MIT
 * hiredis' asynchronous calls, as version 0.14 behaves, over a way that may be slow or cut.
 *
 * Commands arrive in order, replies come in order. A connection that its client gave up may still hold
 * commands in a buffer of the kernel: where the way keeps them they are executed when it opens again, long
 * after the client sent something newer elsewhere. Connections are kept until the seed ends.
 */
#include <errno.h>
#include <hiredis/async.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "store/redis_uv.h"

#define WORDS_MAX 4096

struct answer { /* whom a reply goes to */
    redisCallbackFn *fn;
    void *ctx;
    struct answer *next;
};

struct conn {
    redisAsyncContext ac; /* first: hiredis' users hold its address */
    struct life *life;
    bool open, greeted, in_callback, freeing; /* open: the client still holds it */
    bool served;                              /* the server still holds it */
    int64_t last_arrival, last_reply;
    struct answer *head, **tail;
    struct message *waits; /* a blocking read */
    struct conn *next;     /* of those that the server holds */
    struct conn *waiter;   /* of those that wait */
};

struct message { /* a command or a reply on its way */
    struct conn *c;
    char *text;
    size_t n;
    struct redisReply *reply;
    uint64_t number; /* of the blocking read, so that its end knows it */
};

static struct conn *conns, *waiters;
static int64_t down_until;
static uint64_t reads;

bool link_server_is_up(void)
{
    return sim_now >= down_until;
}

int64_t link_down_until(void)
{
    return down_until;
}

static struct conn *conn_of(const redisAsyncContext *ac)
{
    return (struct conn *)(void *)(uintptr_t)ac;
}

static struct way *way_of(const struct conn *c)
{
    return &way_redis[c->life->node];
}

/* --- the end of a connection, as its client sees it --- */

static void call(struct conn *c, redisCallbackFn *fn, void *ctx, struct redisReply *r)
{
    bool before = c->in_callback;
    c->in_callback = true;
    if (fn)
        fn(&c->ac, r, ctx);
    c->in_callback = before;
}

static void gone(struct conn *c, int status)
{
    c->open = false;
    for (struct answer *a; (a = c->head);) {
        c->head = a->next;
        call(c, a->fn, a->ctx, NULL);
        free(a);
    }
    if (c->greeted && c->ac.onDisconnect)
        c->ac.onDisconnect(&c->ac, status);
}

void redisAsyncFree(redisAsyncContext *ac)
{
    struct conn *c = conn_of(ac);
    c->freeing = true;
    if (!c->in_callback && c->open)
        gone(c, REDIS_OK);
}

static void after_callback(struct conn *c)
{
    if (c->freeing && c->open)
        gone(c, REDIS_OK);
}

static void lost(void *ctx)
{
    struct conn *c = ctx;
    if (!c->open)
        return;
    c->ac.err = REDIS_ERR_EOF;
    c->ac.errstr = (char *)(uintptr_t) "Server closed the connection";
    gone(c, REDIS_ERR);
}

/* --- its beginning --- */

static void on_connected(void *ctx)
{
    struct conn *c = ctx;
    bool good = link_server_is_up();
    if (!c->open)
        return;
    if (!good) {
        c->ac.err = REDIS_ERR_IO;
        c->ac.errstr = (char *)(uintptr_t) "Connection refused";
        c->ac.onConnect(&c->ac, REDIS_ERR);
        c->open = false;
        return;
    }
    c->greeted = c->served = true;
    c->next = conns;
    conns = c;
    c->in_callback = true;
    c->ac.onConnect(&c->ac, REDIS_OK);
    c->in_callback = false;
    after_callback(c);
}

redisAsyncContext *redisAsyncConnectUnix(const char *path)
{
    struct conn *c = memory_denies() ? NULL : calloc(1, sizeof *c);
    (void)path;
    if (!c)
        return NULL;
    c->life = sim_life;
    c->open = true;
    c->tail = &c->head;
    int64_t at = way_arrival(way_of(c));
    if (at >= 0)
        sim_after(c->life, at - sim_now + 1, on_connected, c);
    return &c->ac;
}

redisAsyncContext *redisAsyncConnect(const char *ip, int port)
{
    (void)ip;
    (void)port;
    return NULL;
}

int redisAsyncSetConnectCallback(redisAsyncContext *ac, redisConnectCallback *fn)
{
    ac->onConnect = fn;
    return REDIS_OK;
}

int redisAsyncSetDisconnectCallback(redisAsyncContext *ac, redisDisconnectCallback *fn)
{
    ac->onDisconnect = fn;
    return REDIS_OK;
}

int redisEnableKeepAlive(redisContext *c)
{
    (void)c;
    return REDIS_OK;
}

int redis_uv_attach(struct uv_loop_s *loop, struct redisAsyncContext *ac)
{
    (void)loop;
    (void)ac;
    return 0;
}

/* --- replies --- */

static void on_reply(void *ctx)
{
    struct message *m = ctx;
    struct conn *c = m->c;
    struct answer *a = c->open ? c->head : NULL;
    if (a) {
        c->head = a->next;
        if (!c->head)
            c->tail = &c->head;
        call(c, a->fn, a->ctx, m->reply);
        free(a);
        after_callback(c);
    }
    db_call_free(m->reply);
    free(m);
}

static void send_reply(struct conn *c, struct message *m, struct redisReply *r)
{
    int64_t at = way_arrival(way_of(c));
    free(m->text);
    m->text = NULL;
    m->reply = r;
    if (at < 0) /* it stays away, and so does what comes after: the client's own timer notices */
        at = way_of(c)->cut_until + 3600 * SECOND;
    if (at < c->last_reply)
        at = c->last_reply;
    c->last_reply = at;
    sim_after(c->life, at - sim_now, on_reply, m);
}

/* --- commands --- */

/* *n words of "*3\r\n$3\r\nSET\r\n…" */
static size_t words_of(const struct message *m, struct view *out)
{
    const char *p = m->text + 1, *end = m->text + m->n;
    size_t n = (size_t)strtoul(p, (char **)(uintptr_t)&p, 10), i;
    if (n > WORDS_MAX)
        sim_fail("a command of %zu words", n);
    for (i = 0; i < n && p + 3 < end; i++) {
        char *after = NULL;
        size_t size = (size_t)strtoul(p + 3, &after, 10);
        out[i] = (struct view){after + 2, size};
        p = after + 2 + size;
    }
    return i;
}

static void stop_waiting(struct conn *c)
{
    struct conn **at = &waiters;
    while (*at != c)
        at = &(*at)->waiter;
    *at = c->waiter;
    c->waits = NULL;
}

static void on_block_ends(void *ctx)
{
    struct message *m = ctx;
    struct conn *c = m->c;
    if (c->served && c->waits && c->waits->number == m->number) {
        struct message *waits = c->waits;
        stop_waiting(c);
        send_reply(c, waits, db_nil());
    }
    free(m);
}

static int64_t block_of(const struct view *argv, size_t argc)
{
    int64_t ms = 0;
    for (size_t i = 0; i + 1 < argc; i++)
        if (view_is(argv[i], "BLOCK"))
            (void)!view_to_int(argv[i + 1], 0, INT64_MAX, &ms);
    return ms;
}

static void execute(struct message *m)
{
    static struct view argv[WORDS_MAX];
    struct conn *c = m->c;
    size_t argc = words_of(m, argv);
    struct redisReply *r = db_call(argc, argv);
    if (r) {
        send_reply(c, m, r);
        return;
    }
    struct message *end = calloc(1, sizeof *end);
    if (!end)
        abort();
    m->number = ++reads;
    *end = (struct message){.c = c, .number = m->number};
    c->waits = m;
    c->waiter = waiters;
    waiters = c;
    sim_after(NULL, block_of(argv, argc), on_block_ends, end);
}

static void on_arrival(void *ctx)
{
    struct message *m = ctx;
    if (m->c->served) {
        execute(m);
        return;
    }
    free(m->text);
    free(m);
}

/* Something was added to a stream, inside a command: those who wait look again when it is done. */
static void look_again(void *ctx)
{
    (void)ctx;
    for (struct conn *c = waiters, *next; c; c = next) {
        static struct view argv[WORDS_MAX];
        struct message *m = c->waits;
        struct redisReply *r = db_call(words_of(m, argv), argv);
        next = c->waiter;
        if (!r)
            continue;
        stop_waiting(c);
        send_reply(c, m, r);
    }
}

static void on_stream(void)
{
    sim_after(NULL, 0, look_again, NULL);
}

static int send(struct conn *c, redisCallbackFn *fn, void *ctx, char *text, size_t n)
{
    struct answer *a = calloc(1, sizeof *a);
    struct message *m = calloc(1, sizeof *m);
    if (!a || !m || !text)
        abort();
    db_on_stream = on_stream;
    *a = (struct answer){fn, ctx, NULL};
    *c->tail = a;
    c->tail = &a->next;
    *m = (struct message){.c = c, .text = text, .n = n};
    int64_t at = way_arrival(way_of(c));
    if (at < 0)
        at = way_of(c)->cut_until + 3600 * SECOND; /* by then nobody serves it */
    c->last_arrival = at < c->last_arrival ? c->last_arrival : at;
    sim_after(NULL, c->last_arrival - sim_now, on_arrival, m);
    return REDIS_OK;
}

int redisAsyncFormattedCommand(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata, const char *cmd,
                               size_t len)
{
    struct conn *c = conn_of(ac);
    if (!c->open || c->freeing)
        return REDIS_ERR;
    char *text = malloc(len + 1);
    if (text) {
        memcpy(text, cmd, len);
        text[len] = '\0';
    }
    return send(c, fn, privdata, text, len);
}

int redisAsyncCommandArgv(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata, int argc,
                          const char **argv, const size_t *argvlen)
{
    struct buf b;
    struct conn *c = conn_of(ac);
    if (!c->open || c->freeing)
        return REDIS_ERR;
    memory_spares = true;
    buf_init(&b, SIZE_MAX / 2);
    (void)buf_printf(&b, "*%d\r\n", argc);
    for (int i = 0; i < argc; i++) {
        (void)buf_printf(&b, "$%zu\r\n", argvlen[i]);
        buf_put(&b, argv[i], argvlen[i]);
        buf_put(&b, "\r\n", 2);
    }
    char *text = view_dup(buf_get(&b));
    size_t n = b.n;
    buf_fini(&b);
    memory_spares = false;
    return send(c, fn, privdata, text, n);
}

/* --- the server ends --- */

void link_server_dies(int64_t for_ms)
{
    down_until = sim_now + for_ms;
    for (struct conn *c; (c = conns); conns = c->next) {
        c->served = false;
        if (c->waits) {
            free(c->waits->text);
            free(c->waits);
            stop_waiting(c);
        }
        int64_t at = way_arrival(way_of(c));
        if (c->open && at >= 0)
            sim_after(c->life, (at > c->last_reply ? at : c->last_reply) - sim_now, lost, c);
    }
}
