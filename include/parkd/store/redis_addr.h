/* SPDX-License-Identifier: MIT
 * Where Redis is: redis://[user:password@]host:port[/db] or unix:///path. Pure.
 */
#ifndef PARKD_STORE_REDIS_ADDR_H
#define PARKD_STORE_REDIS_ADDR_H

#include "parkd/base/view.h"

struct redis_addr {
    char path[108]; /* UNIX socket; empty: TCP */
    char host[256];
    int port, db;
    char user[128], password[256]; /* percent-decoded */
};

/* ERR_INVALID and `why`, which never repeats the password. */
int redis_addr_parse(struct view url, struct redis_addr *out, struct why *why) must_check;
/* The address without user and password. */
void redis_addr_show(const struct redis_addr *a, char *dst, size_t size);

#endif
