/* SPDX-License-Identifier: MIT
 * States: waiting for the lock or the end of a backoff (timer armed) → running (process handle) → exited →
 * waiting … The handle is closed on exit, and only then is the next one made in its place.
 */
#include "store/redis_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "parkd/base/counters.h"
#include "parkd/base/log.h"
#include "parkd/base/view.h"
#include "parkd/net/backoff.h"
#include "parkd/net/loop.h"
#include "parkd/net/timer.h"

#define DIR_SIZE       512
#define PATH_SIZE      640
#define LOG_MAX        (1 << 20)
#define LOCK_POLL_MS   5
#define ORPHAN_MS      1000  /* how often an orphan is asked to end */
#define GOOD_RUN_MS    10000 /* a run of this length forgets earlier failures */
#define RESTART_MS     100
#define RESTART_CAP_MS 5000
#define TERM_MS        10000

struct redis_child {
    struct loop *loop;
    struct redis_child_conf conf;
    char program[PATH_SIZE], dir[DIR_SIZE], data[PATH_SIZE], socket[108], fsync[16];
    char private_dir[80]; /* of the socket, when the state directory's path is too long for one */
    uv_process_t process;
    bool running, stopping;
    struct timer *timer;
    unsigned failures;
    uint64_t started_ms, asked_ms;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

static void on_timer(void *ctx);

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* --- making --- */

static int find_program(const char *name, char *dst, size_t size, struct why *why)
{
    struct view path = view_of(getenv("PATH"));
    if (strchr(name, '/'))
        path = (struct view){NULL, 0};
    snprintf(dst, size, "%s", name);
    while (path.n) {
        struct view dir = view_cut(&path, ':');
        snprintf(dst, size, VIEW_FMT "/%s", VIEW_ARG(dir), name);
        if (access(dst, X_OK) == 0)
            return 0;
    }
    if (strchr(name, '/') && access(name, X_OK) == 0)
        return 0;
    return why_set(why, ERR_NOT_FOUND, "redis.server", "%s is not there or not executable", name);
}

/* A path for the socket: in the state directory, or in a private one when that path does not fit sun_path. */
static int place_socket(struct redis_child *c, struct why *why)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    int n = snprintf(c->socket, sizeof c->socket, "%s/redis.sock", c->dir);
    if (n > 0 && (size_t)n < sizeof c->socket)
        return 0;
    n = snprintf(c->private_dir, sizeof c->private_dir, "%s/parkd-XXXXXX",
                 base && base[0] == '/' ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof c->private_dir)
        snprintf(c->private_dir, sizeof c->private_dir, "/tmp/parkd-XXXXXX");
    if (!mkdtemp(c->private_dir)) {
        c->private_dir[0] = '\0';
        return why_set(why, ERR_IO, "state_dir", "no place for a socket: %s", strerror(errno));
    }
    snprintf(c->socket, sizeof c->socket, "%s/redis.sock", c->private_dir);
    log_warn(STORE,
             "redis=embedded socket=%s reason=\"the path of the state directory is too long for a socket\"",
             c->socket);
    return 0;
}

static int prepare(struct redis_child *c, struct why *why)
{
    char real[PATH_MAX];
    if (!realpath(c->conf.state_dir, real))
        return why_set(why, ERR_IO, "state_dir", "cannot be used: %s", strerror(errno));
    if (view_copy(view_of(real), c->dir, sizeof c->dir))
        return why_set(why, ERR_TOO_BIG, "state_dir", "the path is longer than %zu bytes", sizeof c->dir - 1);
    snprintf(c->data, sizeof c->data, "%s/redis", c->dir);
    if (mkdir(c->data, 0700) && errno != EEXIST)
        return why_set(why, ERR_IO, "state_dir", "cannot make %s: %s", c->data, strerror(errno));
    int rc = find_program(c->conf.program, c->program, sizeof c->program, why);
    return rc ? rc : place_socket(c, why);
}

static void release(struct redis_child *c)
{
    if (c->private_dir[0]) {
        unlink(c->socket);
        rmdir(c->private_dir);
    }
    timer_free(c->timer);
    free(c);
}

struct redis_child *redis_child_new(struct loop *loop, const struct redis_child_conf *conf, struct why *why)
{
    struct redis_child *c = calloc(1, sizeof *c);
    if (!c || !(c->timer = timer_new(loop, on_timer, c))) {
        free(c);
        why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        return NULL;
    }
    c->loop = loop;
    c->conf = *conf;
    snprintf(c->fsync, sizeof c->fsync, "%s", conf->fsync);
    if (prepare(c, why)) {
        release(c);
        return NULL;
    }
    return c;
}

const char *redis_child_socket(const struct redis_child *c)
{
    return c->socket;
}

/* --- starting --- */

/* The log of the server, emptied when it has grown large. */
static int open_log(const struct redis_child *c)
{
    char path[PATH_SIZE];
    struct stat st;
    snprintf(path, sizeof path, "%s/redis.log", c->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_MAX && ftruncate(fd, 0))
        log_warn(STORE, "file=%s cannot be emptied", path);
    return fd;
}

/* The lock that the child will hold; -1 while a former server still lives. */
static int take_lock(const struct redis_child *c)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/redis.lock", c->dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Asks a server whose parkd is gone to end, in Redis' inline form. Best effort: it is asked again. */
static void ask_orphan(const struct redis_child *c)
{
    static const char words[] = "SHUTDOWN\r\n";
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memcpy(sa.sun_path, c->socket, sizeof sa.sun_path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
        send(fd, words, sizeof words - 1, MSG_NOSIGNAL) > 0)
        log_warn(STORE, "redis=embedded a former server still runs, asked it to end");
    if (fd >= 0)
        close(fd);
}

static void on_exited(uv_process_t *p, int64_t status, int sig);

static int spawn(struct redis_child *c, int lock, int log)
{
    char memory[32], path[4096];
    snprintf(memory, sizeof memory, "%lldmb", (long long)c->conf.max_memory_mb);
    snprintf(path, sizeof path, "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    char *args[] = {"setpriv",    "--pdeathsig",
                    "KILL",       "--",
                    c->program,   "--port",
                    "0",          "--unixsocket",
                    c->socket,    "--unixsocketperm",
                    "700",        "--dir",
                    c->data,      "--save",
                    "",           "--appendonly",
                    "yes",        "--appendfsync",
                    c->fsync,     "--aof-load-truncated",
                    "yes",        "--stop-writes-on-bgsave-error",
                    "yes",        "--maxmemory",
                    memory,       "--maxmemory-policy",
                    "noeviction", "--daemonize",
                    "no",         "--logfile",
                    "",           "--databases",
                    "1",          NULL};
    char *env[] = {path, "LC_ALL=C", NULL};
    uv_stdio_container_t io[4] = {{.flags = UV_IGNORE},
                                  {.flags = UV_INHERIT_FD, .data.fd = log},
                                  {.flags = UV_INHERIT_FD, .data.fd = log},
                                  {.flags = UV_INHERIT_FD, .data.fd = lock}};
    uv_process_options_t o = {.exit_cb = on_exited,
                              .file = args[0],
                              .args = args,
                              .env = env,
                              .stdio = io,
                              .stdio_count = 4,
                              /* its own session: a Ctrl-C at our terminal must not end it before us */
                              .flags = UV_PROCESS_DETACHED};
    c->process.data = c;
    return uv_spawn(loop_uv(c->loop), &c->process, &o);
}

static void on_closed(uv_handle_t *h);

static void launch(struct redis_child *c, int lock)
{
    int log = open_log(c);
    unlink(c->socket);
    int rc = log < 0 ? UV_EIO : spawn(c, lock, log);
    if (log >= 0)
        close(log);
    c->running = true; /* also after a failure: libuv has the handle then and wants it closed */
    c->started_ms = now_ms();
    c->asked_ms = 0;
    if (rc == 0) {
        c->conf.on_spawned(c->conf.ctx);
        return;
    }
    log_error(STORE, "redis=embedded error=\"cannot be started: %s\"", uv_strerror(rc));
    if (log < 0) {
        c->running = false;
        timer_arm(c->timer, backoff_double(RESTART_MS, RESTART_CAP_MS, c->failures++));
        return;
    }
    uv_close((uv_handle_t *)&c->process, on_closed);
}

static void try_start(struct redis_child *c)
{
    int lock = take_lock(c);
    if (lock >= 0) {
        launch(c, lock);
        close(lock); /* from now on the child alone holds it */
        return;
    }
    uint64_t now = now_ms();
    if (!c->asked_ms)
        c->asked_ms = now; /* the former server may just be dying: a moment of patience first */
    if (now > c->asked_ms + ORPHAN_MS) {
        c->asked_ms = now;
        ask_orphan(c);
    }
    timer_arm(c->timer, LOCK_POLL_MS);
}

void redis_child_start(struct redis_child *c)
{
    if (!c->running && !c->stopping)
        try_start(c);
}

/* --- ending --- */

static void on_stopped_timer(struct redis_child *c)
{
    void (*stopped)(void *ctx) = c->stopped;
    void *ctx = c->stopped_ctx;
    release(c);
    stopped(ctx);
}

static void on_closed(uv_handle_t *h)
{
    struct redis_child *c = h->data;
    c->running = false;
    if (c->stopping) {
        timer_arm(c->timer, 0);
        return;
    }
    if (now_ms() > c->started_ms + GOOD_RUN_MS)
        c->failures = 0;
    counter_add(C_REDIS_RESTARTS, 1);
    timer_arm(c->timer, c->failures ? backoff_double(RESTART_MS, RESTART_CAP_MS, c->failures - 1) : 0);
    c->failures++;
}

static void on_exited(uv_process_t *p, int64_t status, int sig)
{
    struct redis_child *c = p->data;
    if (!c->stopping)
        log_error(STORE, "redis=embedded exited status=%lld signal=%d see=%s/redis.log", (long long)status,
                  sig, c->dir);
    uv_close((uv_handle_t *)p, on_closed);
}

static void on_timer(void *ctx)
{
    struct redis_child *c = ctx;
    if (c->stopping && c->running)
        uv_process_kill(&c->process, SIGKILL);
    else if (c->stopping)
        on_stopped_timer(c);
    else
        try_start(c);
}

void redis_child_stop(struct redis_child *c, void (*stopped)(void *ctx), void *ctx)
{
    c->stopped = stopped;
    c->stopped_ctx = ctx;
    c->stopping = true;
    if (c->running && !uv_is_closing((uv_handle_t *)&c->process)) {
        uv_process_kill(&c->process, SIGTERM);
        timer_arm(c->timer, TERM_MS);
    } else if (!c->running) {
        timer_arm(c->timer, 0);
    }
}
