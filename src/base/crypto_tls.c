/* SPDX-License-Identifier: MIT
 * An SSL_CTX that checks the server's name by itself and remembers why it refused.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our codes. */
#define ERR_STATE openssl_err_state
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#include "parkd/base/tls_client.h"

#define HOST_BYTES 256

struct tls_client {
    SSL_CTX *ctx;
    char host[HOST_BYTES];
    bool is_address;
    char fault[128];
};

static struct tls_client *of_ssl(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static int on_certificate(int ok, X509_STORE_CTX *store)
{
    struct tls_client *t = of_ssl(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (!ok)
        (void)snprintf(t->fault, sizeof t->fault, "%s",
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    return ok;
}

/* A library that was given an address asks for that; the handshake has not said anything yet. */
static void on_state(const SSL *ssl, int where, int ret)
{
    struct tls_client *t = of_ssl(ssl);
    (void)ret;
    if (!(where & SSL_CB_HANDSHAKE_START))
        return;
    t->fault[0] = '\0';
    (void)SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, t->is_address ? NULL : t->host);
}

static int fail(struct why *why, const char *at, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return why_set(why, ERR_TLS, at, "cannot use %s: %s", path, reason ? reason : "not as expected");
}

static int take_files(struct tls_client *t, const struct tls_client_conf *c, struct why *why)
{
    const char *key = c->key_file && c->key_file[0] ? c->key_file : c->cert_file;
    ERR_clear_error();
    if (c->ca_file && c->ca_file[0] && SSL_CTX_load_verify_file(t->ctx, c->ca_file) != 1)
        return fail(why, "/ca_file", c->ca_file);
    if ((!c->ca_file || !c->ca_file[0]) && SSL_CTX_set_default_verify_paths(t->ctx) != 1)
        return fail(why, "/ca_file", "the system's authorities");
    if (!c->cert_file || !c->cert_file[0])
        return 0;
    if (SSL_CTX_use_certificate_chain_file(t->ctx, c->cert_file) != 1)
        return fail(why, "/cert_file", c->cert_file);
    if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(t->ctx) != 1)
        return fail(why, "/key_file", key);
    return 0;
}

static int expect_host(struct tls_client *t, struct why *why)
{
    unsigned char raw[sizeof(struct in6_addr)];
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(t->ctx);
    t->is_address = inet_pton(AF_INET, t->host, raw) == 1 || inet_pton(AF_INET6, t->host, raw) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int good = t->is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, t->host)
                             : X509_VERIFY_PARAM_set1_host(param, t->host, 0);
    return good == 1 ? 0 : why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
}

struct tls_client *tls_client_new(const struct tls_client_conf *conf, struct why *why)
{
    struct tls_client *t = calloc(1, sizeof *t);
    if (!t || strlen(conf->host) >= sizeof t->host || !(t->ctx = SSL_CTX_new(TLS_client_method()))) {
        (void)why_set(why, ERR_NOMEM, "", "%s", err_text(ERR_NOMEM));
        goto fail;
    }
    memcpy(t->host, conf->host, strlen(conf->host) + 1);
    SSL_CTX_set_app_data(t->ctx, t);
    (void)SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(t->ctx, conf->skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, on_certificate);
    SSL_CTX_set_info_callback(t->ctx, on_state);
    if (expect_host(t, why) || take_files(t, conf, why))
        goto fail;
    return t;
fail:
    tls_client_free(t);
    return NULL;
}

void tls_client_free(struct tls_client *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

void *tls_client_ctx(struct tls_client *t)
{
    return t->ctx;
}

const char *tls_client_fault(const struct tls_client *t)
{
    return t->fault;
}
