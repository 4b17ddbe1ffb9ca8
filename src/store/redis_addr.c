/* SPDX-License-Identifier: MIT
 * Redis URLs, cut from the left. Nothing of user and password ever stands in a reason or a log line.
 */
#include "parkd/store/redis_addr.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT 6379
#define DB_MAX       65535

static int percent_decode(struct view v, char *dst, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        if (c == '%') {
            int hi = i + 2 < v.n ? hex_digit(v.p[i + 1]) : -1;
            int lo = i + 2 < v.n ? hex_digit(v.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return ERR_INVALID;
            c = (char)(hi * 16 + lo);
            i += 2;
        }
        if (!c || n + 1 >= size)
            return ERR_INVALID;
        dst[n++] = c;
    }
    dst[n] = '\0';
    return 0;
}

static int parse_user(struct view info, struct redis_addr *out, struct why *why)
{
    struct view user = info, password = {NULL, 0};
    const char *colon = memchr(info.p, ':', info.n);
    if (colon) {
        user.n = (size_t)(colon - info.p);
        password = (struct view){colon + 1, info.n - user.n - 1};
    }
    if (percent_decode(user, out->user, sizeof out->user) ||
        percent_decode(password, out->password, sizeof out->password))
        return why_set(why, ERR_INVALID, "", "user or password is too long or badly percent-encoded");
    return 0;
}

static int parse_number(struct view v, int min, int max, const char *what, int *out, struct why *why)
{
    int64_t n = 0;
    if (view_to_int(v, min, max, &n))
        return why_set(why, ERR_INVALID, "", "%s is not a number in %d…%d", what, min, max);
    *out = (int)n;
    return 0;
}

/* host, host:port, [v6]:port */
static int parse_host(struct view v, struct redis_addr *out, struct why *why)
{
    struct view host = v, port = {NULL, 0};
    if (view_starts(v, "[")) {
        host = (struct view){v.p + 1, v.n - 1};
        port = host;
        host = view_cut(&port, ']');
        if (!port.p || (port.n && port.p[0] != ':'))
            return why_set(why, ERR_INVALID, "", "the address in brackets does not end");
        if (port.n)
            port = (struct view){port.p + 1, port.n - 1};
    } else {
        port = v;
        host = view_cut(&port, ':');
    }
    if (!host.n || view_copy(host, out->host, sizeof out->host))
        return why_set(why, ERR_INVALID, "", "the host is missing or too long");
    return port.n ? parse_number(port, 1, 65535, "the port", &out->port, why) : 0;
}

static int parse_tcp(struct view rest, struct redis_addr *out, struct why *why)
{
    out->port = DEFAULT_PORT;
    const char *at = memrchr(rest.p ? rest.p : "", '@', rest.n);
    if (at) {
        struct view info = {rest.p, (size_t)(at - rest.p)};
        rest = (struct view){at + 1, rest.n - info.n - 1};
        int rc = parse_user(info, out, why);
        if (rc)
            return rc;
    }
    struct view db = rest;
    struct view host = view_cut(&db, '/');
    int rc = parse_host(host, out, why);
    if (!rc && db.n)
        rc = parse_number(db, 0, DB_MAX, "the database", &out->db, why);
    return rc;
}

int redis_addr_parse(struct view url, struct redis_addr *out, struct why *why)
{
    *out = (struct redis_addr){0};
    if (url.n && memchr(url.p, '\0', url.n)) /* host and path are C strings from here on */
        return why_set(why, ERR_INVALID, "", "holds a NUL byte");
    if (view_starts(url, "unix://")) {
        struct view path = {url.p + 7, url.n - 7};
        if (!path.n || path.p[0] != '/' || view_copy(path, out->path, sizeof out->path))
            return why_set(why, ERR_INVALID, "", "a UNIX socket needs an absolute path of at most 107 bytes");
        return 0;
    }
    if (view_starts(url, "redis://"))
        return parse_tcp((struct view){url.p + 8, url.n - 8}, out, why);
    if (view_starts(url, "rediss://"))
        return why_set(why, ERR_INVALID, "", "Redis over TLS is not supported; use a tunnel");
    return why_set(why, ERR_INVALID, "", "must begin with redis:// or unix://");
}

void redis_addr_show(const struct redis_addr *a, char *dst, size_t size)
{
    if (a->path[0])
        snprintf(dst, size, "unix://%s", a->path);
    else if (strchr(a->host, ':'))
        snprintf(dst, size, "redis://[%s]:%d/%d", a->host, a->port, a->db);
    else
        snprintf(dst, size, "redis://%s:%d/%d", a->host, a->port, a->db);
}
