/* SPDX-License-Identifier: MIT
 * Opens the listening socket of the HTTP server: "host:port", "[v6]:port", ":port" or "unix:/path".
 *
 * We open it ourselves, because only so the address is reused at a restart, a UNIX socket gets mode 0600 from
 * its first moment, and a failure can be explained.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/http_internal.h"

#define BACKLOG 1024

/* Is somebody listening there? Then the socket is not stale and not ours to remove. */
static bool unix_in_use(const struct sockaddr_un *sun)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool used;

    if (fd < 0)
        return false;
    used = connect(fd, (const struct sockaddr *)sun, sizeof *sun) == 0 || errno == EAGAIN;
    close(fd);
    return used;
}

static int unix_clear(const struct sockaddr_un *sun, struct why *why)
{
    struct stat st;

    if (lstat(sun->sun_path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return why_set(why, ERR_CONFLICT, "", "%s exists and is not a socket", sun->sun_path);
    if (unix_in_use(sun))
        return why_set(why, ERR_BUSY, "", "somebody is listening on %s", sun->sun_path);
    unlink(sun->sun_path);
    return 0;
}

static int unix_bind(int fd, const struct sockaddr_un *sun)
{
    mode_t old = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)sun, sizeof *sun);

    umask(old);
    return rc;
}

static int open_unix(const char *path, char **unix_path, struct why *why)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd, err;

    if (strlen(path) == 0 || strlen(path) >= sizeof sun.sun_path)
        return why_set(why, ERR_INVALID, "", "the path of a UNIX socket has 1 to %zu bytes",
                       sizeof sun.sun_path - 1);
    memcpy(sun.sun_path, path, strlen(path));
    err = unix_clear(&sun, why);
    if (err)
        return err;
    *unix_path = strdup(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*unix_path && fd >= 0 && unix_bind(fd, &sun) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    err = why_set(why, ERR_IO, "", "cannot listen on %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(*unix_path);
    *unix_path = NULL;
    return err;
}

static int parse_host(struct view host, int64_t port, struct sockaddr_in6 *v6, struct sockaddr_in *v4)
{
    char text[INET6_ADDRSTRLEN];

    *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (host.n == 0) {
        v6->sin6_addr = in6addr_any;
        return AF_INET6;
    }
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        if (view_copy((struct view){host.p + 1, host.n - 2}, text, sizeof text) != 0)
            return -1;
        return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1 ? AF_INET6 : -1;
    }
    if (view_is(host, "localhost"))
        host = VIEW("127.0.0.1");
    if (view_copy(host, text, sizeof text) != 0)
        return -1;
    return inet_pton(AF_INET, text, &v4->sin_addr) == 1 ? AF_INET : -1;
}

static int bind_tcp(const struct sockaddr *sa, socklen_t len)
{
    int one = 1, zero = 0, saved;
    int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* accepted sockets inherit it */
    if (sa->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, sa, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void print_bound(int fd, char address[160])
{
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof ss;
    char host[INET6_ADDRSTRLEN] = "";

    getsockname(fd, (struct sockaddr *)&ss, &len);
    if (ss.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&ss;

        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(address, 160, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&ss;

        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(address, 160, "[%s]:%u", host, (unsigned)ntohs(in6->sin6_port));
    }
}

static int open_tcp(const char *text, char address[160], struct why *why)
{
    struct view v = view_of(text), host, port_text;
    const char *colon = strrchr(text, ':');
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    int64_t port;
    int family = -1, fd = -1;

    if (colon) {
        host = (struct view){text, (size_t)(colon - text)};
        port_text = (struct view){colon + 1, v.n - host.n - 1};
        if (view_to_int(port_text, 0, 65535, &port) == 0)
            family = parse_host(host, port, &v6, &v4);
    }
    if (family < 0)
        return why_set(why, ERR_SYNTAX, "", "%s is not address:port, [address]:port, :port or unix:/path",
                       text);
    if (family == AF_INET6)
        fd = bind_tcp((const struct sockaddr *)&v6, sizeof v6);
    /* ":port" means every address; a machine without IPv6 still has the others. */
    if (family == AF_INET || (fd < 0 && host.n == 0 && errno == EAFNOSUPPORT))
        fd = bind_tcp((const struct sockaddr *)&v4, sizeof v4);
    if (fd < 0)
        return why_set(why, errno == EADDRINUSE ? ERR_BUSY : ERR_IO, "", "cannot listen on %s: %s", text,
                       strerror(errno));
    print_bound(fd, address);
    return fd;
}

int http_listen_open(const char *listen_text, char address[160], char **unix_path, struct why *why)
{
    *unix_path = NULL;
    if (strncmp(listen_text, "unix:", 5) != 0)
        return open_tcp(listen_text, address, why);
    snprintf(address, 160, "%s", listen_text);
    return open_unix(listen_text + 5, unix_path, why);
}
