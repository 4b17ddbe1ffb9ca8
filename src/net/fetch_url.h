/* SPDX-License-Identifier: MIT
 * URLs and headers of outgoing requests, without any I/O. Private to src/net/fetch*.c; pure.
 */
#ifndef PARKD_NET_FETCH_URL_H
#define PARKD_NET_FETCH_URL_H

#include "parkd/net/fetch.h"

struct fetch_url {
    bool https;
    struct view host; /* into the URL, without brackets */
    bool v4, v6;      /* the host is a literal address */
    uint16_t port;
};

/* fetch_check_url that also takes the URL apart. */
int fetch_url_parse(struct view url, struct fetch_url *out, struct why *why) must_check;
/* May this header be sent? A token as name, no control bytes in the value, nothing that frames the message.
 */
int fetch_check_header(struct view name, struct view value, struct why *why) must_check;
int fetch_check_method(struct view method, struct why *why) must_check;
/* Retry-After in ms: seconds, or a date counted from the answer's own Date (else from now_ms). -1 without. */
int64_t fetch_retry_after(struct view head, int64_t now_ms);

#endif
