/* SPDX-License-Identifier: MIT
 * See tls_session.h.
 */
#include "parkd/base/tls_session.h"

/* OpenSSL has a type of the name of one of our codes. */
#define ERR_STATE openssl_err_state
#include <openssl/ssl.h>
#include <openssl/x509.h>
#undef ERR_STATE
#include <time.h>

#include "parkd/base/iso8601.h"

const char *tls_session_version(const void *ssl)
{
    return SSL_get_version(ssl);
}

int64_t tls_session_certificate_ends(const void *ssl)
{
    struct tm tm = {0};
    X509 *cert = SSL_get0_peer_certificate(ssl);
    if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
        return 0;
    return days_of_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * DAY_MS + tm.tm_hour * HOUR_MS +
           tm.tm_min * MINUTE_MS;
}
