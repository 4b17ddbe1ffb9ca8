/* SPDX-License-Identifier: MIT
 * hiredis, used plainly: parkctl has nothing else to do meanwhile.
 */
#include "parkctl/redis_sync.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "parkctl/parkctl.h"
#include "parkd/store/redis_addr.h"

#define CONNECT_S 5
#define COMMAND_S 120
#define WORDS_MAX 16
#define SCAN_PAGE "500"

static int parse(const char *url, struct redis_addr *addr, char name[300])
{
    struct why why = {0};
    if (redis_addr_parse(view_of(url), addr, &why)) {
        (void)fprintf(stderr, "parkctl: the address of Redis %s\n", why.text);
        return EXIT_USAGE;
    }
    redis_addr_show(addr, name, 300);
    return 0;
}

static int greet(struct redis_sync *r, const struct redis_addr *addr)
{
    char db[16];
    redisReply *reply = NULL;
    if (addr->password[0]) {
        reply = addr->user[0] ? redis_sync_say(r, "AUTH", addr->user, addr->password, NULL)
                              : redis_sync_say(r, "AUTH", addr->password, NULL);
        if (!reply)
            return EXIT_FAILED;
        freeReplyObject(reply);
    }
    if (!addr->db)
        return 0;
    (void)snprintf(db, sizeof db, "%d", addr->db);
    reply = redis_sync_say(r, "SELECT", db, NULL);
    freeReplyObject(reply);
    return reply ? 0 : EXIT_FAILED;
}

int redis_sync_open(struct redis_sync *r, const char *url)
{
    struct redis_addr addr;
    int err = parse(url, &addr, r->name);
    if (err)
        return err;
    struct timeval limit = {CONNECT_S, 0}, slow = {COMMAND_S, 0};
    r->link = addr.path[0] ? redisConnectUnixWithTimeout(addr.path, limit)
                           : redisConnectWithTimeout(addr.host, addr.port, limit);
    if (r->link && !r->link->err && redisSetTimeout(r->link, slow) == REDIS_OK && greet(r, &addr) == 0)
        return 0;
    if (!r->quiet)
        (void)fprintf(stderr, "parkctl: cannot reach Redis at %s: %s\n", r->name,
                      r->link && r->link->err ? r->link->errstr : "it did not answer");
    redis_sync_close(r);
    return EXIT_UNREACHABLE;
}

void redis_sync_close(struct redis_sync *r)
{
    if (r->link)
        redisFree(r->link);
    r->link = NULL;
}

struct redisReply *redis_sync_ask(struct redis_sync *r, size_t n, const struct view *words)
{
    const char *args[WORDS_MAX];
    size_t sizes[WORDS_MAX];
    for (size_t i = 0; i < n && i < WORDS_MAX; i++) {
        args[i] = words[i].p ? words[i].p : "";
        sizes[i] = words[i].n;
    }
    redisReply *reply = n <= WORDS_MAX ? redisCommandArgv(r->link, (int)n, args, sizes) : NULL;
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    if (!r->quiet)
        (void)fprintf(stderr, "parkctl: Redis at %s, " VIEW_FMT ": %s\n", r->name, VIEW_ARG(words[0]),
                      reply ? reply->str : r->link->errstr);
    freeReplyObject(reply);
    return NULL;
}

struct redisReply *redis_sync_say(struct redis_sync *r, ...)
{
    struct view words[WORDS_MAX];
    size_t n = 0;
    va_list args;
    va_start(args, r);
    for (const char *word = va_arg(args, const char *); word && n < WORDS_MAX;
         word = va_arg(args, const char *))
        words[n++] = view_of(word);
    va_end(args);
    return redis_sync_ask(r, n, words);
}

void redis_sync_free(struct redisReply *reply)
{
    freeReplyObject(reply);
}

int64_t redis_sync_number(struct redis_sync *r, const char *command, const char *key)
{
    redisReply *reply = redis_sync_say(r, command, key, NULL);
    int64_t n = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);
    return n;
}

/* One page; the next cursor. */
static int walk_page(struct redis_sync *r, char cursor[32], const char *pattern, redis_sync_key_fn *each,
                     void *ctx)
{
    redisReply *reply = redis_sync_say(r, "SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_PAGE, NULL);
    int err = reply && reply->elements == 2 ? 0 : EXIT_FAILED;
    if (!err)
        (void)snprintf(cursor, 32, "%s", reply->element[0]->str);
    const redisReply *keys = err ? NULL : reply->element[1];
    for (size_t i = 0; !err && i < keys->elements; i++)
        err = each(ctx, (struct view){keys->element[i]->str, keys->element[i]->len});
    freeReplyObject(reply);
    return err;
}

int redis_sync_each_key(struct redis_sync *r, const char *prefix, redis_sync_key_fn *each, void *ctx)
{
    char cursor[32] = "0", pattern[160];
    size_t n = 0;
    int err = 0;
    for (const char *p = prefix; *p && n + 4 < sizeof pattern; p++) { /* a prefix is no pattern */
        if (strchr("*?[]\\", *p))
            pattern[n++] = '\\';
        pattern[n++] = *p;
    }
    (void)snprintf(pattern + n, sizeof pattern - n, "*");
    do {
        err = walk_page(r, cursor, pattern, each, ctx);
    } while (!err && strcmp(cursor, "0") != 0);
    return err;
}
