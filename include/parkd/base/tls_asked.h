/* SPDX-License-Identifier: MIT
 * Did a server ask for a client certificate that is not there? A server that then hangs up seldom says so,
 * and the library that met it (libcurl) does not either. One thread.
 */
#ifndef PARKD_BASE_TLS_ASKED_H
#define PARKD_BASE_TLS_ASKED_H

#include <stdbool.h>
#include <stdint.h>

/* Watches the connections of an SSL_CTX; the number is for tls_was_asked. */
uint64_t tls_watch_asked(void *ssl_ctx);
/* True for a short while after one of them was asked. 0: false. */
bool tls_was_asked(uint64_t watch);

#endif
