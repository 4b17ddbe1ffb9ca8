/* SPDX-License-Identifier: MIT
 * Simulated hours: what goes wrong, from a seed; between, everything is mended and all must agree.
 *
 *   sim --seeds 100 --from 1 --hours 20 --jobs 2     a process a seed
 *   sim --seed 7 --hours 20 --trace                  one again, told event by event
 *
 * The last line reads "sim: N hours, N seeds, N events, N updates, N deliveries, N violations".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parkd/base/log.h"
#include "sim.h"

#define LEVEL_MS (12 * MINUTE)
#define CALM_MS  (30 * SECOND)
#define NEAR_MS  (95 * SECOND)
#define JOBS_MAX 8

struct way way_redis[SIM_NODES], way_platform[SIM_NODES], way_lots[SIM_NODES];

static int any_node(void)
{
    return (int)sim_between(0, SIM_NODES - 1);
}

/* Often a moment, sometimes long. */
static int64_t a_while(int64_t most)
{
    int64_t top = most >> sim_between(0, 7);
    return sim_between(1, top > 1 ? top : 1);
}

/* --- what goes wrong --- */

static void memory_is_back(void *ctx)
{
    (void)ctx;
    memory_fails = 0;
}

static void lack_memory(void)
{
    memory_fails = (int)a_while(200);
    sim_trace("%d of a thousand allocations fail", memory_fails);
    sim_after(NULL, a_while(2 * MINUTE), memory_is_back, NULL);
}

static void start_again(void *ctx)
{
    int node = (int)(intptr_t)ctx;
    if (!node_alive(node))
        node_start(node);
}

static void kill_node(void)
{
    int node = any_node();
    node_kill(node);
    sim_after(NULL, a_while(2 * MINUTE), start_again, (void *)(intptr_t)node);
}

static void end_node(void)
{
    int node = any_node();
    node_end(node);
    sim_after(NULL, 6 * SECOND + a_while(MINUTE), start_again, (void *)(intptr_t)node);
}

static void freeze_node(void)
{
    node_freeze(any_node(), a_while(3 * MINUTE));
}

static void kill_redis(void)
{
    int64_t away = a_while(2 * MINUTE);
    sim_trace("redis dies for %" PRId64 " ms", away);
    db_restart();
    db_loads_until = sim_now + away + a_while(SECOND);
    link_server_dies(away);
}

static void lose(void *ctx)
{
    (void)ctx;
    if (!db_lose())
        return;
    sim_trace("redis loses its tail");
    judge_loss();
    kill_redis();
}

static void lose_tail(void)
{
    db_keep();
    sim_after(NULL, a_while(3 * SECOND), lose, NULL);
}

static void redis_has_room(void *ctx)
{
    (void)ctx;
    db_full = false;
}

static void fill_redis(void)
{
    sim_trace("redis is full");
    db_full = true;
    sim_after(NULL, a_while(3 * MINUTE), redis_has_room, NULL);
}

static void trim_feeds(void)
{
    sim_trace("the change feeds are trimmed");
    db_trim_feeds();
}

static void cut(struct way *w, const char *what)
{
    w->cut_until = sim_now + a_while(3 * MINUTE);
    w->keeps = sim_chance(500);
    sim_trace("%s is cut until %" PRId64 " keeps=%d", what, w->cut_until, w->keeps);
}

static void cut_redis(void)
{
    cut(&way_redis[any_node()], "the way to redis");
}

static void cut_platform(void)
{
    cut(&way_platform[any_node()], "the way to the platform");
}

static void cut_lots(void)
{
    cut(&way_lots[any_node()], "the way of the lots");
}

static void slow_down(void)
{
    struct way *w[] = {&way_redis[any_node()], &way_platform[any_node()], &way_lots[any_node()]};
    w[sim_between(0, 2)]->slow_ms = sim_chance(500) ? 0 : a_while(4 * SECOND);
}

static void platform_is_well(void *ctx)
{
    (void)ctx;
    platform_mode = PLATFORM_OK;
}

static void platform_misbehaves(void)
{
    platform_mode = (enum platform_mode)sim_between(PLATFORM_OK + 1, PLATFORM_MODES - 1);
    platform_rejects = (int)sim_between(0, SIM_LOTS - 1);
    sim_trace("the platform misbehaves: %d", (int)platform_mode);
    sim_after(NULL, a_while(20 * MINUTE), platform_is_well, NULL);
}

static void platform_stalls(void)
{
    platform_stalls_until = sim_now + a_while(MINUTE);
}

static void clocks_are_right(void *ctx)
{
    (void)ctx;
    memset(node_skew, 0, sizeof node_skew);
    db_stepped_at = db_skew ? sim_now : db_stepped_at;
    db_skew = 0;
    judge_clocks(CLOCKS_RIGHT);
    sim_trace("all clocks are right");
}

static void step_clock(void)
{
    int which = (int)sim_between(0, SIM_NODES);
    bool far = sim_chance(300);
    int64_t most = far ? 10 * MINUTE : NEAR_MS, step = sim_between(-most, most);
    clocks_are_right(NULL);
    *(which == SIM_NODES ? &db_skew : &node_skew[which]) = step;
    db_stepped_at = which == SIM_NODES ? sim_now : db_stepped_at;
    sim_trace("clock %d is off by %" PRId64, which, step);
    judge_clocks(far ? CLOCKS_FAR : CLOCKS_NEAR);
    sim_after(NULL, a_while(20 * MINUTE), clocks_are_right, NULL);
}

static void lot_speaks(void *ctx)
{
    lots_silence((int)(intptr_t)ctx, false);
}

static void silence(void)
{
    int lot = (int)sim_between(0, SIM_LOTS - 1);
    lots_silence(lot, true);
    sim_after(NULL, a_while(2 * HOUR), lot_speaks, (void *)(intptr_t)lot);
}

static void (*const faults[])(void) = {
    kill_node,           kill_node,       end_node,   freeze_node, kill_redis,
    kill_redis,          lose_tail,       fill_redis, trim_feeds,  cut_redis,
    cut_redis,           cut_platform,    cut_lots,   slow_down,   platform_misbehaves,
    platform_misbehaves, platform_stalls, step_clock, silence,     lack_memory};

static void mend(void)
{
    sim_trace("everything is mended");
    memset(way_redis, 0, sizeof way_redis);
    memset(way_platform, 0, sizeof way_platform);
    memset(way_lots, 0, sizeof way_lots);
    platform_mode = PLATFORM_OK;
    platform_stalls_until = 0;
    db_full = false;
    memory_fails = 0;
    clocks_are_right(NULL);
}

/* --- the course of things --- */

static void live(int64_t until, int64_t most_between)
{
    while (sim_now < until) {
        int64_t next = sim_now + a_while(most_between);
        sim_run(next < until ? next : until);
        judge_shown();
        if (sim_now < until)
            faults[sim_between(0, (int64_t)(sizeof faults / sizeof *faults) - 1)]();
    }
}

static void agree(void)
{
    int64_t until = sim_now + LEVEL_MS;
    const char *differs = NULL;
    mend();
    lots_pause(true);
    do {
        sim_run(sim_now + CALM_MS);
        mend(); /* what was still to go wrong may have */
        for (int i = 0; i < SIM_NODES; i++) {
            if (!node_alive(i))
                node_start(i);
            node_resume_sink(i);
        }
        differs = judge_level();
    } while (differs && sim_now < until);
    for (int i = 0; differs && i < SIM_NODES; i++)
        node_tell(i);
    if (differs)
        sim_fail("%d minutes after everything was mended: %s", (int)(LEVEL_MS / MINUTE), differs);
    lots_pause(false);
}

static void begin(const char *folder)
{
    db_init();
    platform_init();
    judge_init();
    lots_init();
    nodes_init(folder);
    node_start(0);
    while (!node_ready(0))
        sim_run(sim_now + SECOND);
    node_register(0);
    sim_run(sim_now + SECOND);
    node_start(1);
    lots_start();
    sim_run(sim_now + 5 * MINUTE);
}

static void play(uint64_t seed, int64_t hours, const char *folder)
{
    sim_begin(seed);
    begin(folder);
    int64_t end = sim_now + hours * HOUR;
    for (int calmer = sim_chance(500); sim_now < end; calmer = !calmer) {
        live(sim_now + sim_between(20, 90) * MINUTE, calmer ? 20 * MINUTE : 2 * MINUTE);
        agree();
    }
    (void)printf("%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", hours, sim_events(), lots_updates(),
                 platform_deliveries());
}

/* --- many seeds --- */

static struct args {
    uint64_t from, seeds;
    int64_t hours;
    int jobs;
    bool one;
} args = {.from = 1, .seeds = 100, .hours = 20, .jobs = 2};

static struct {
    uint64_t hours, events, updates, deliveries, seeds, violations;
} sums;

static void play_in(uint64_t seed, const char *base)
{
    char folder[300];
    /* The same with a trace: what is logged allocates, and allocations are among what may fail. */
    const struct log_conf level = {.level = LOG_LEVEL_ERROR};
    log_setup(&level);
    (void)snprintf(folder, sizeof folder, "%s/%" PRIu64, base, seed);
    if (mkdir(folder, 0700))
        sim_fail("cannot make %s: %s", folder, strerror(errno));
    play(seed, args.hours, folder);
}

/* What it says on stderr, for who looks after a failure. */
static void log_to(const char *base, uint64_t seed)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%" PRIu64 ".log", base, seed);
    if (!freopen(path, "w", stderr))
        sim_fail("cannot write %s", path);
}

struct job {
    pid_t pid;
    int fd;
    uint64_t seed;
};

static void start_job(struct job *j, uint64_t seed, const char *base)
{
    int fds[2];
    (void)fflush(stdout);
    if (pipe(fds) || (j->pid = fork()) < 0)
        abort();
    if (!j->pid) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)close(fds[0]);
        log_to(base, seed);
        play_in(seed, base);
        (void)fflush(stdout);
        _Exit(0);
    }
    (void)close(fds[1]);
    j->fd = fds[0];
    j->seed = seed;
}

static void book(const struct job *j, const char *said, int status)
{
    uint64_t v[4];
    sums.seeds++;
    if (!status &&
        sscanf(said, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &v[0], &v[1], &v[2], &v[3]) == 4) {
        sums.hours += v[0];
        sums.events += v[1];
        sums.updates += v[2];
        sums.deliveries += v[3];
        return;
    }
    sums.violations++;
    (void)printf("seed %" PRIu64 ": %s", j->seed, said[0] ? said : "it ended without a word\n");
    (void)printf("  again: sim --seed %" PRIu64 " --hours %" PRId64 " --trace\n", j->seed, args.hours);
    (void)fflush(stdout);
}

static void end_job(struct job *jobs)
{
    char said[2000] = "";
    int status = 0;
    size_t n = 0;
    pid_t pid = wait(&status);
    struct job *j = jobs;
    while (j->pid != pid)
        j++;
    for (ssize_t got; n + 1 < sizeof said && (got = read(j->fd, said + n, sizeof said - 1 - n)) > 0;)
        n += (size_t)got;
    said[n] = '\0';
    (void)close(j->fd);
    j->pid = 0;
    book(j, said, status);
}

static void play_all(const char *base)
{
    struct job jobs[JOBS_MAX] = {0};
    uint64_t next = args.from, end = args.from + args.seeds;
    int going = 0;
    while (next < end || going) {
        struct job *j = jobs;
        while (j < jobs + args.jobs && j->pid)
            j++;
        if (next < end && j < jobs + args.jobs) {
            start_job(j, next++, base);
            going++;
        } else {
            end_job(jobs);
            going--;
        }
    }
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        uint64_t n = strtoull(value, NULL, 10);
        if (strcmp(argv[i], "--trace") == 0) {
            sim_traces = true;
            continue;
        }
        if (strcmp(argv[i], "--seeds") == 0)
            args.seeds = n;
        else if (strcmp(argv[i], "--from") == 0)
            args.from = n;
        else if (strcmp(argv[i], "--hours") == 0)
            args.hours = (int64_t)n;
        else if (strcmp(argv[i], "--jobs") == 0 && n >= 1 && n <= JOBS_MAX)
            args.jobs = (int)n;
        else if (strcmp(argv[i], "--seed") == 0 && (args.one = true))
            args.from = n;
        else
            sim_fail("%s: see the head of tests/sim/sim.c", argv[i]);
        i++;
    }
}

int main(int argc, char **argv)
{
    char base[] = "/tmp/parkd-sim-XXXXXX", command[100];
    parse(argc, argv);
    if (!mkdtemp(base))
        return 1;
    if (sim_traces)
        (void)setvbuf(stdout, NULL, _IOLBF, 0); /* in step with the log */
    if (args.one)
        play_in(args.from, base);
    else
        play_all(base);
    (void)snprintf(command, sizeof command, "rm -rf %s", base);
    if (!sums.violations && system(command))
        return 1;
    if (args.one)
        return 0;
    if (sums.violations)
        (void)printf("logs in %s\n", base);
    (void)printf("sim: %" PRIu64 " hours, %" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64
                 " updates, %" PRIu64 " deliveries, %" PRIu64 " violations\n",
                 sums.hours, sums.seeds, sums.events, sums.updates, sums.deliveries, sums.violations);
    return sums.violations ? 1 : 0;
}
