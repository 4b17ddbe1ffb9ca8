/* SPDX-License-Identifier: MIT
 * For tests of the store: a loop that runs until a condition holds, a temporary state directory, a plain
 * blocking connection to look into Redis from outside. Header only: every test is one program.
 */
#ifndef PARKD_TESTS_STORE_TEST_H
#define PARKD_TESTS_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "parkd/base/clock.h"
#include "parkd/base/log.h"
#include "parkd/net/loop.h"

#define LIMIT_MS 8000

typedef bool condition_fn(void *ctx);

static inline void harness_nudge(uv_timer_t *t)
{
    (void)t;
}

/* Runs the loop until the condition holds; fails after the limit. */
static inline void harness_wait(struct loop *loop, condition_fn *holds, void *ctx, const char *what)
{
    uv_timer_t tick;
    uint64_t end = uv_hrtime() / 1000000 + LIMIT_MS;
    uv_timer_init(loop_uv(loop), &tick);
    uv_timer_start(&tick, harness_nudge, 1, 1);
    while (!holds(ctx) && uv_hrtime() / 1000000 < end)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    bool good = holds(ctx);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    if (!good)
        fail_msg("waited in vain for: %s", what);
}

static inline void harness_temp_dir(char *dst, size_t size)
{
    const char *base = getenv("TMPDIR");
    snprintf(dst, size, "%s/parkd-store-XXXXXX", base && base[0] ? base : "/tmp");
    assert_non_null(mkdtemp(dst));
}

static inline int harness_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void harness_remove_dir(const char *dir)
{
    assert_int_equal(nftw(dir, harness_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Errors only, or everything for somebody who looks for one. */
static inline void harness_log(void)
{
    log_setup(&(struct log_conf){.level = getenv("TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR});
}

static inline redisContext *harness_open(const char *socket)
{
    redisContext *c = redisConnectUnix(socket);
    assert_non_null(c);
    assert_int_equal(c->err, 0);
    return c;
}

/* The reply as a string, freed by the caller; NULL for nil. Integers are printed. */
static inline char *harness_text(redisContext *c, const char *fmt, ...)
{
    va_list ap;
    char number[32], *text = NULL;
    va_start(ap, fmt);
    redisReply *r = redisvCommand(c, fmt, ap);
    va_end(ap);
    assert_non_null(r);
    if (r->type == REDIS_REPLY_INTEGER) {
        snprintf(number, sizeof number, "%lld", r->integer);
        text = strdup(number);
    } else if (r->type != REDIS_REPLY_NIL) {
        text = strdup(r->str ? r->str : "");
    }
    freeReplyObject(r);
    return text;
}

static inline long long harness_int(redisContext *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    redisReply *r = redisvCommand(c, fmt, ap);
    va_end(ap);
    assert_non_null(r);
    long long n = r->type == REDIS_REPLY_INTEGER  ? r->integer
                  : r->type == REDIS_REPLY_STRING ? strtoll(r->str, NULL, 10)
                                                  : -1;
    freeReplyObject(r);
    return n;
}

#endif
