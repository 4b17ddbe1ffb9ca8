/* SPDX-License-Identifier: MIT
 * A running look-up cannot be stopped, so the request lives until libuv calls back, whoever still waits.
 */
#include "store/redis_resolve.h"

#include <stdlib.h>
#include <uv.h>

#include "parkd/net/loop.h"

struct redis_resolve {
    uv_getaddrinfo_t req;
    redis_resolve_fn *fn; /* NULL: cancelled */
    void *ctx;
    unsigned nth;
};

bool redis_is_literal(const char *host)
{
    unsigned char raw[16];
    return uv_inet_pton(AF_INET, host, raw) == 0 || uv_inet_pton(AF_INET6, host, raw) == 0;
}

static void pick_address(const struct addrinfo *all, unsigned nth, char *dst, size_t size)
{
    const struct addrinfo *a = all;
    while (a && nth--)
        a = a->ai_next ? a->ai_next : all;
    if (a && a->ai_family == AF_INET)
        uv_ip4_name((struct sockaddr_in *)(void *)a->ai_addr, dst, size);
    else if (a && a->ai_family == AF_INET6)
        uv_ip6_name((struct sockaddr_in6 *)(void *)a->ai_addr, dst, size);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct redis_resolve *rv = req->data;
    redis_resolve_fn *fn = rv->fn;
    void *ctx = rv->ctx;
    char literal[64] = "";
    if (!status)
        pick_address(res, rv->nth, literal, sizeof literal);
    uv_freeaddrinfo(res);
    free(rv);
    if (fn)
        fn(ctx, literal[0] ? literal : NULL);
}

struct redis_resolve *redis_resolve_start(struct loop *loop, const char *host, unsigned nth,
                                          redis_resolve_fn *fn, void *ctx)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct redis_resolve *rv = calloc(1, sizeof *rv);
    if (!rv)
        return NULL;
    *rv = (struct redis_resolve){.fn = fn, .ctx = ctx, .nth = nth % 16};
    rv->req.data = rv;
    if (uv_getaddrinfo(loop_uv(loop), &rv->req, on_resolved, host, NULL, &hints)) {
        free(rv);
        return NULL;
    }
    return rv;
}

void redis_resolve_cancel(struct redis_resolve *rv)
{
    rv->fn = NULL;
    uv_cancel((uv_req_t *)&rv->req);
}
