/* SPDX-License-Identifier: MIT
 * libcurl's multi interface on the loop: sockets, its timer, finished transfers. Private to src/net/fetch*.c.
 *
 * `done` runs in the loop, never inside a libcurl callback and never inside curl_loop_add; the easy handle is
 * already out of the multi handle. It may add, remove and free.
 */
#ifndef PARKD_NET_FETCH_CURL_H
#define PARKD_NET_FETCH_CURL_H

#include <curl/curl.h>

#include "parkd/base/err.h"

struct curl_loop;
struct loop;
typedef void curl_loop_done_fn(void *ctx, CURL *easy, CURLcode code);

struct curl_loop *curl_loop_new(struct loop *l, long max_idle, curl_loop_done_fn *done, void *ctx);
int curl_loop_add(struct curl_loop *cl, CURL *easy) must_check;
void curl_loop_remove(struct curl_loop *cl, CURL *easy);
/* Every easy handle must be out. The memory goes when the last socket's handle is closed. */
void curl_loop_free(struct curl_loop *cl);

#endif
