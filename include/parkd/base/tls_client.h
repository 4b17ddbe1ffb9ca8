/* SPDX-License-Identifier: MIT
 * The client side of TLS for a library that does its own reading and writing: which authorities are trusted,
 * which name the server must prove, which certificate we show. TLS 1.2 or newer.
 *
 * The name is checked by OpenSSL inside the handshake, and is what the server is asked for (SNI), whatever
 * address or name the library connected to. Reads its files when made. Owner: who made it; it must outlive
 * every connection.
 */
#ifndef PARKD_BASE_TLS_CLIENT_H
#define PARKD_BASE_TLS_CLIENT_H

#include <stdbool.h>

#include "parkd/base/err.h"

struct tls_client;

struct tls_client_conf {
    const char *host; /* a name, or an address as text */
    const char *ca_file, *cert_file,
        *key_file; /* PEM; NULL or "": the system's authorities, no certificate */
    bool skip_verify;
};

/* NULL and `why` ("/ca_file") for a file that cannot be used, or without memory. */
struct tls_client *tls_client_new(const struct tls_client_conf *conf, struct why *why) must_check;
void tls_client_free(struct tls_client *t); /* NULL is fine */
/* OpenSSL's SSL_CTX, borrowed. */
void *tls_client_ctx(struct tls_client *t);
/* Why the certificate of the last server was refused, in OpenSSL's words; empty: it was not. */
const char *tls_client_fault(const struct tls_client *t);

#endif
