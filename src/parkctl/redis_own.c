/* SPDX-License-Identifier: MIT
 * Redis' own programs: redis-cli for the dataset as of one moment, redis-server for looking into it and for
 * putting it into a state directory. Our servers end with us.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "parkctl/parkctl.h"
#include "parkctl/redis_sync.h"
#include "parkd/store/redis_addr.h"

#define LOOK_MS  50
#define START_MS 120000 /* a large dataset takes its time to load */

static void wait_ms(long ms)
{
    struct timespec t = {0, ms * 1000000};
    (void)nanosleep(&t, NULL);
}

/* The child: quiet, and gone when we are. */
static void become(char *const args[], const char *password, const struct stat *owner)
{
    /* What root restores must be parkd's to read. */
    if (owner && geteuid() == 0 && (setgroups(0, NULL) || setgid(owner->st_gid) || setuid(owner->st_uid)))
        _exit(126);
    int null = open("/dev/null", O_RDWR);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
    }
    if (password && password[0])
        (void)setenv("REDISCLI_AUTH", password, 1);
    (void)execvp(args[0], args);
    _exit(127);
}

static pid_t start(char *const args[], const char *password, const struct stat *owner)
{
    pid_t pid = fork();
    if (pid == 0)
        become(args, password, owner);
    if (pid < 0)
        (void)fprintf(stderr, "parkctl: cannot start %s: %s\n", args[0], strerror(errno));
    return pid;
}

/* EXIT_FAILED with words unless it ended with 0. */
static int await(pid_t pid, const char *program)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    (void)fprintf(stderr,
                  WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "parkctl: %s is not installed\n"
                                                                  : "parkctl: %s failed\n",
                  program);
    return EXIT_FAILED;
}

int redis_sync_rdb(const char *url, const char *file)
{
    struct redis_addr addr;
    struct why why = {0};
    char port[16], target[1100];
    if (redis_addr_parse(view_of(url), &addr, &why))
        return EXIT_USAGE;
    (void)snprintf(port, sizeof port, "%d", addr.port);
    (void)snprintf(target, sizeof target, "%s", file);
    char *local[] = {"redis-cli", "-s", addr.path, "--rdb", target, NULL},
         *remote[] = {"redis-cli", "-h", addr.host, "-p", port, "--user", addr.user, "--rdb", target, NULL},
         *plain[] = {"redis-cli", "-h", addr.host, "-p", port, "--rdb", target, NULL};
    pid_t pid = start(addr.path[0] ? local : addr.user[0] ? remote : plain, addr.password, NULL);
    return pid < 0 ? EXIT_FAILED : await(pid, "redis-cli --rdb");
}

/* Answers once it has loaded what is there; before that, "not yet" is no fault to speak of. */
static bool answers(const struct redis_own *own)
{
    struct redis_sync r = {.quiet = true};
    struct redisReply *reply = redis_sync_open(&r, own->url) == 0 ? redis_sync_say(&r, "DBSIZE", NULL) : NULL;
    redis_sync_free(reply);
    redis_sync_close(&r);
    return reply != NULL;
}

static int await_loaded(struct redis_own *own)
{
    for (int waited = 0; waited < START_MS; waited += LOOK_MS) {
        int status = 0;
        if (answers(own))
            return 0;
        if (waitpid(own->pid, &status, WNOHANG) == own->pid) {
            own->pid = 0;
            (void)fprintf(stderr, WIFEXITED(status) && WEXITSTATUS(status) == 127
                                      ? "parkctl: redis-server is not installed\n"
                                      : "parkctl: redis-server cannot load the data: the file is damaged, or "
                                        "was written by a newer Redis\n");
            return EXIT_FAILED;
        }
        wait_ms(LOOK_MS);
    }
    (void)fprintf(stderr, "parkctl: redis-server did not load the data within %d s\n", START_MS / 1000);
    return EXIT_FAILED;
}

int redis_own_start(struct redis_own *own, const char *dir, bool append)
{
    char data[1100], socket[90];
    *own = (struct redis_own){0};
    (void)snprintf(own->home, sizeof own->home, "/tmp/parkctl-XXXXXX");
    if (!mkdtemp(own->home)) {
        (void)fprintf(stderr, "parkctl: no place for a socket: %s\n", strerror(errno));
        own->home[0] = 0;
        return EXIT_FAILED;
    }
    (void)snprintf(socket, sizeof socket, "%s/redis.sock", own->home);
    (void)snprintf(own->url, sizeof own->url, "unix://%s", socket);
    (void)snprintf(data, sizeof data, "%s", dir);
    char *args[] = {"redis-server",
                    "--port",
                    "0",
                    "--unixsocket",
                    socket,
                    "--unixsocketperm",
                    "700",
                    "--dir",
                    data,
                    "--save",
                    "",
                    "--appendonly",
                    append ? "yes" : "no",
                    "--appendfsync",
                    "everysec",
                    "--databases",
                    "1",
                    "--daemonize",
                    "no",
                    NULL};
    struct stat owner;
    bool known =
        stat(dir, &owner) == 0 && (geteuid() != 0 || chown(own->home, owner.st_uid, owner.st_gid) == 0);
    own->pid = known ? start(args, NULL, &owner) : -1;
    int err = own->pid < 0 ? EXIT_FAILED : await_loaded(own);
    if (err)
        (void)redis_own_stop(own);
    return err;
}

int redis_own_stop(struct redis_own *own)
{
    char socket[90];
    int err = 0;
    if (own->pid > 0) {
        (void)kill(own->pid, SIGTERM); /* it flushes its append-only file first */
        err = await(own->pid, "redis-server");
    }
    own->pid = 0;
    if (own->home[0]) {
        (void)snprintf(socket, sizeof socket, "%s/redis.sock", own->home);
        (void)unlink(socket);
        (void)rmdir(own->home);
    }
    own->home[0] = 0;
    return err;
}
