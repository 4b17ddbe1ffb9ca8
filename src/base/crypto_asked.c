/* SPDX-License-Identifier: MIT
 * OpenSSL asks for a certificate when the server wants one and none is configured (see tls_asked.h). A
 * connection may live longer than who opened it, so it holds a number and no pointer.
 */
#include "parkd/base/tls_asked.h"

/* OpenSSL has a type of the name of one of our codes. */
#define ERR_STATE openssl_err_state
#include <openssl/ssl.h>
#undef ERR_STATE

#define LAST 64 /* asked ones that are remembered */

static uint64_t watches, asked[LAST];

static int on_asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
    uint64_t watch = (uint64_t)(uintptr_t)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    (void)cert;
    (void)key;
    asked[watch % LAST] = watch;
    return 0; /* none */
}

uint64_t tls_watch_asked(void *ssl_ctx)
{
    watches++;
    SSL_CTX_set_app_data((SSL_CTX *)ssl_ctx, (void *)(uintptr_t)watches);
    SSL_CTX_set_client_cert_cb(ssl_ctx, on_asked);
    return watches;
}

bool tls_was_asked(uint64_t watch)
{
    return watch && asked[watch % LAST] == watch;
}
