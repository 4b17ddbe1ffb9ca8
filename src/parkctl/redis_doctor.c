/* SPDX-License-Identifier: MIT
 * Redis: does it keep what it takes, has it room, does its clock agree with ours?
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parkctl/doctor.h"
#include "parkctl/redis_sync.h"

/* "name:value" of INFO; empty: not there. */
static struct view info(const redisReply *reply, const char *name)
{
    struct view rest = {reply->str, reply->len};
    size_t n = strlen(name);
    while (rest.n) {
        struct view line = view_trim(view_cut(&rest, '\n'));
        if (line.n > n && line.p[n] == ':' && view_starts(line, name))
            return (struct view){line.p + n + 1, line.n - n - 1};
    }
    return (struct view){NULL, 0};
}

static double number(const redisReply *reply, const char *name)
{
    double v = 0;
    return view_to_real(info(reply, name), &v) ? 0 : v;
}

static void check_persistence(struct doctor *d, const redisReply *all)
{
    bool appends = number(all, "aof_enabled") > 0,
         written = view_is(info(all, "aof_last_write_status"), "ok"),
         rewritten = view_is(info(all, "aof_last_bgrewrite_status"), "ok");
    if (!appends)
        doctor_say(d, FINDING_BAD, "redis", "CONFIG SET appendonly yes, and in its configuration file",
                   "keeps no append-only file: what was acknowledged is lost when it ends");
    else if (!written)
        doctor_say(d, FINDING_BAD, "redis", "look at the disk and at redis.log",
                   "cannot write its append-only file");
    else if (!rewritten)
        doctor_say(d, FINDING_WARN, "redis",
                   "look at the disk, memory and redis.log: the file grows without end",
                   "cannot rewrite its append-only file");
    else
        doctor_say(d, FINDING_OK, "redis", "", "keeps all it takes (" VIEW_FMT ", append-only)",
                   VIEW_ARG(info(all, "redis_version")));
}

static void check_room(struct doctor *d, const redisReply *all)
{
    double used = number(all, "used_memory"), most = number(all, "maxmemory");
    struct view policy = info(all, "maxmemory_policy");
    if (most > 0 && used > 0.8 * most)
        doctor_say(d, used > 0.95 * most ? FINDING_BAD : FINDING_WARN, "redis",
                   "raise redis.max_memory_mb, or keep fewer days (series.keep_days)",
                   "uses %.0f of at most %.0f MiB; when it is full it takes no more updates", used / 1048576,
                   most / 1048576);
    if (policy.n && !view_is(policy, "noeviction"))
        doctor_say(d, FINDING_BAD, "redis",
                   "CONFIG SET maxmemory-policy noeviction, and in its configuration file",
                   "throws data away when it is full (" VIEW_FMT ")", VIEW_ARG(policy));
}

static void check_time(struct doctor *d, struct redis_sync *r)
{
    struct timespec ours;
    redisReply *theirs = redis_sync_say(r, "TIME", NULL);
    (void)clock_gettime(CLOCK_REALTIME, &ours);
    int64_t seconds = 0;
    if (theirs && theirs->elements == 2 &&
        view_to_int(view_of(theirs->element[0]->str), 0, INT64_MAX, &seconds) == 0 &&
        llabs((long long)(seconds - ours.tv_sec)) > 5)
        doctor_say(d, FINDING_WARN, "redis", "synchronise both machines' clocks: seq follows Redis' clock",
                   "has a clock that is %lld s off this machine's", (long long)(seconds - ours.tv_sec));
    freeReplyObject(theirs);
}

void doctor_check_redis(struct doctor *d)
{
    struct redis_sync r = {.quiet = true};
    char url[600];
    if (view_copy(doctor_run(d, "redis"), url, sizeof url) || redis_sync_open(&r, url)) {
        doctor_say(d, FINDING_WARN, "redis", "if it wants a password: parkctl cannot look into it without",
                   "cannot be looked into at " VIEW_FMT, VIEW_ARG(doctor_run(d, "redis")));
        return;
    }
    redisReply *all = redis_sync_say(&r, "INFO", NULL);
    if (all && all->type == REDIS_REPLY_STRING) {
        check_persistence(d, all);
        check_room(d, all);
        check_time(d, &r);
    } else {
        doctor_say(d, FINDING_WARN, "redis", "", "does not say how it is (INFO is refused)");
    }
    freeReplyObject(all);
    redis_sync_close(&r);
}
