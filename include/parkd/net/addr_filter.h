/* SPDX-License-Identifier: MIT
 * Which resolved addresses parkd may call. Pure.
 *
 * Denied by default: loopback, private, link-local, metadata, multicast, documentation and transition ranges.
 * Subnets of the configuration are allowed again, but never the metadata address 169.254.169.254. Loopback
 * only when a subnet names it (tests, a proxy on the same machine).
 */
#ifndef PARKD_NET_ADDR_FILTER_H
#define PARKD_NET_ADDR_FILTER_H

#include <stdbool.h>

#include "parkd/base/view.h"

struct sockaddr;

#define ADDR_FILTER_MAX 32

struct subnet {
    unsigned char addr[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;          /* 0…128 */
};
struct addr_filter {
    struct subnet allow[ADDR_FILTER_MAX];
    int n_allow;
};

/* Adds "10.1.0.0/16", "fd00::/8" or a single address. ERR_SYNTAX, ERR_FULL. */
int addr_filter_allow(struct addr_filter *f, struct view cidr) must_check;
/* Is the address (as text) one of the allowed subnets? Nothing else counts: neither what is denied by default
 * nor what may never be called. */
bool addr_filter_has(const struct addr_filter *f, struct view address);
bool addr_filter_passes(const struct addr_filter *f, const struct sockaddr *sa);

#define ADDR_TEXT_SIZE 46
/* An IPv4 or IPv6 address in its usual form, without port; "?" for any other. */
const char *addr_print(const struct sockaddr *sa, char text[ADDR_TEXT_SIZE]);

#endif
