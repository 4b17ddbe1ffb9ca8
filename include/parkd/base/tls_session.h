/* SPDX-License-Identifier: MIT
 * What a TLS connection of another library (libcurl) turned out to be, for people. `ssl` is OpenSSL's SSL.
 */
#ifndef PARKD_BASE_TLS_SESSION_H
#define PARKD_BASE_TLS_SESSION_H

#include <stdint.h>

/* "TLSv1.3". Static storage. */
const char *tls_session_version(const void *ssl);
/* When the other side's certificate ends, ms since 1970; 0: not known. */
int64_t tls_session_certificate_ends(const void *ssl);

#endif
