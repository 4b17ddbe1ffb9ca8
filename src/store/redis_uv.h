/* SPDX-License-Identifier: MIT
 * hiredis' asynchronous context on the libuv loop.
 *
 * Unlike the adapter that hiredis 0.14 ships it passes poll errors on, so a refused connection is reported at
 * once, and it leaks nothing when the poll handle cannot be made. Lives until the context ends; its memory
 * goes in libuv's close callback.
 */
#ifndef PARKD_STORE_REDIS_UV_H
#define PARKD_STORE_REDIS_UV_H

#include "parkd/base/err.h"

struct redisAsyncContext;
struct uv_loop_s;

/* ERR_NOMEM, ERR_IO. On failure nothing is attached; the caller still frees the context. */
int redis_uv_attach(struct uv_loop_s *loop, struct redisAsyncContext *ac) must_check;

#endif
