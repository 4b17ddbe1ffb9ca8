/* SPDX-License-Identifier: MIT
 * One request: copied from the caller, set up in libcurl, and turned into a result.
 *
 * Limits are kept in the callbacks, on decompressed bytes: CURLOPT_MAXFILESIZE does not see what gzip unfolds
 * to. Names never reach libcurl's resolver: the addresses that passed the filter are pinned, and the socket
 * callback filters once more what is really connected. Reused connections passed that callback too, because a
 * fetcher has one filter for its whole life.
 */
#include "net/fetch_op.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "net/fetch_gzip.h"
#include "parkd/base/tls_asked.h"
#include "parkd/base/tls_session.h"

#define HEADERS_OUT_MAX 64
#define HEAD_LINES_MAX  100
#define TIMEOUT_MS      10000 /* when the caller names none */
#define SLOW_BYTES_S    100L
#define SLOW_S          5
#define IDLE_CONN_S     60L
#define CONN_LIFE_S     600L

/* --- what the caller asked --- */

static int add_header(struct fetch *op, const char *line)
{
    struct curl_slist *longer = curl_slist_append(op->headers, line);

    if (!longer)
        return ERR_NOMEM;
    op->headers = longer;
    return 0;
}

static int copy_header(struct fetch *op, const struct fetch_header *h, struct why *why)
{
    struct buf line;
    int err = fetch_check_header(h->name, h->value, why);

    if (err)
        return err;
    buf_init(&line, 16384);
    buf_view(&line, h->name);
    buf_str(&line, h->value.n ? ": " : ";"); /* libcurl's way to send a header without a value */
    buf_view(&line, h->value);
    err = line.err ? line.err : add_header(op, line.p);
    buf_fini(&line);
    return err ? why_set(why, err, "headers", "out of memory") : 0;
}

static bool names_header(const struct fetch_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        if (view_ieq(req->headers[i].name, name))
            return true;
    }
    return false;
}

static int copy_headers(struct fetch *op, const struct fetch_request *req, struct why *why)
{
    if (req->n_headers > HEADERS_OUT_MAX)
        return why_set(why, ERR_TOO_BIG, "headers", "more than %d headers", HEADERS_OUT_MAX);
    for (size_t i = 0; i < req->n_headers; i++) {
        int err = copy_header(op, &req->headers[i], why);

        if (err)
            return err;
    }
    /* libcurl adds two on its own that nobody asked for. */
    if (add_header(op, "Expect:") != 0 ||
        (!names_header(req, "content-type") && add_header(op, "Content-Type:") != 0))
        return why_set(why, ERR_NOMEM, "headers", "out of memory");
    if (add_header(op, "Accept-Encoding: gzip") != 0)
        return why_set(why, ERR_NOMEM, "headers", "out of memory");
    return 0;
}

static int copy_request(struct fetch *op, const struct fetch_request *req, struct why *why)
{
    struct view method = req->method.n ? req->method : req->body.n ? VIEW("POST") : VIEW("GET");
    int err = fetch_check_method(method, why);

    if (err || (err = fetch_check_url(req->url, why)) != 0)
        return err;
    op->url = view_dup(req->url);
    op->body_out = view_dup(req->body);
    if (!op->url || !op->body_out)
        return why_set(why, ERR_NOMEM, "", "out of memory");
    err = fetch_url_parse(view_of(op->url), &op->parts, why);
    if (err || (err = view_copy(method, op->method, sizeof op->method)) != 0)
        return err;
    op->body_out_n = req->body.n;
    op->tls = req->tls;
    op->timeout_ms = req->timeout_ms > 0 ? req->timeout_ms : TIMEOUT_MS;
    return copy_headers(op, req, why);
}

struct fetch *fetch_op_new(const struct fetch_request *req, const struct fetch_limits *limits,
                           struct why *why)
{
    struct fetch *op = calloc(1, sizeof *op);

    if (!op) {
        why_set(why, ERR_NOMEM, "", "out of memory");
        return NULL;
    }
    buf_init(&op->head, limits->max_head);
    buf_init(&op->body, limits->max_body);
    buf_init(&op->unfolded, limits->max_body);
    if (copy_request(op, req, why) != 0) {
        fetch_op_free(op);
        return NULL;
    }
    return op;
}

void fetch_op_free(struct fetch *op)
{
    if (!op)
        return;
    curl_slist_free_all(op->headers);
    curl_slist_free_all(op->pins);
    buf_fini(&op->head);
    buf_fini(&op->body);
    buf_fini(&op->unfolded);
    free(op->url);
    free(op->body_out);
    free(op);
}

/* --- addresses --- */

static bool passes(struct fetch *op, const struct sockaddr *sa)
{
    char text[ADDR_TEXT_SIZE];

    if (!op->filter || addr_filter_passes(op->filter, sa))
        return true;
    snprintf(op->detail, sizeof op->detail, "address %s is not allowed", addr_print(sa, text));
    return false;
}

int fetch_op_check_literal(struct fetch *op)
{
    union dns_addr a = {.sa = {.sa_family = op->parts.v4 ? AF_INET : AF_INET6}};
    char text[ADDR_TEXT_SIZE];
    void *dst = op->parts.v4 ? (void *)&a.v4.sin_addr : (void *)&a.v6.sin6_addr;

    if (view_copy(op->parts.host, text, sizeof text) != 0 || inet_pton(a.sa.sa_family, text, dst) != 1)
        return ERR_INVALID;
    return passes(op, &a.sa) ? 0 : ERR_ADDRESS;
}

int fetch_op_pin(struct fetch *op, const struct dns_answer *answer)
{
    char text[ADDR_TEXT_SIZE];
    struct buf line;
    int n = 0;

    buf_init(&line, 1024);
    buf_printf(&line, VIEW_FMT ":%u:", VIEW_ARG(op->parts.host), (unsigned)op->parts.port);
    for (int i = 0; i < answer->n; i++) {
        const struct sockaddr *sa = &answer->addrs[i].sa;

        if (!passes(op, sa))
            continue;
        buf_printf(&line, sa->sa_family == AF_INET ? "%s%s" : "%s[%s]", n++ ? "," : "", addr_print(sa, text));
    }
    if (n > 0 && !line.err)
        op->pins = curl_slist_append(NULL, line.p);
    buf_fini(&line);
    if (n == 0)
        return ERR_ADDRESS;
    op->detail[0] = '\0'; /* of an address that was passed over */
    return op->pins ? 0 : ERR_NOMEM;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
    struct fetch *op = ctx;

    (void)purpose;
    if (!passes(op, &addr->addr)) {
        op->err = ERR_ADDRESS;
        return CURL_SOCKET_BAD;
    }
    /* Close-on-exec: the embedded redis-server must not inherit it. */
    return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

/* --- bytes --- */

static size_t refuse(struct fetch *op, const char *what, size_t limit)
{
    op->err = ERR_TOO_BIG;
    snprintf(op->detail, sizeof op->detail, "%s larger than %zu bytes", what, limit);
    return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct fetch *op = ctx;

    if (buf_put(&op->body, p, size * n) != 0)
        return refuse(op, "answer", op->body.max);
    return size * n;
}

/* While the connection is the transfer's: afterwards libcurl no longer tells. */
static void note_tls(struct fetch *op)
{
    struct curl_tlssessioninfo *info = NULL;

    if (!op->parts.https || op->tls_version ||
        curl_easy_getinfo(op->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info || !info->internals)
        return;
    op->tls_version = tls_session_version(info->internals);
    op->certificate_ends_ms = tls_session_certificate_ends(info->internals);
}

/* Interim answers (1xx) are forgotten, trailers are not wanted. */
static size_t on_head(char *p, size_t size, size_t n, void *ctx)
{
    struct fetch *op = ctx;
    struct view line = {p, size * n};

    if (++op->n_lines > HEAD_LINES_MAX)
        return refuse(op, "head", HEAD_LINES_MAX * (size_t)80);
    if (view_starts(line, "HTTP/") && op->body.n == 0) {
        buf_clear(&op->head);
        op->head_ended = false;
        note_tls(op);
        return line.n;
    }
    if (view_trim(line).n == 0)
        op->head_ended = true;
    if (!op->head_ended && buf_view(&op->head, line) != 0)
        return refuse(op, "head", op->head.max);
    return line.n;
}

/* --- libcurl's options --- */

static void set_limits(struct fetch *op, CURL *easy, const struct fetch_limits *limits)
{
    int64_t slow_s = op->timeout_ms / 2000;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)op->timeout_ms);
    /* libcurl counts the wait for the answer as slow too: who is given 20 s may think for 10. */
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(slow_s > SLOW_S ? slow_s : SLOW_S));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONN_S);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, CONN_LIFE_S);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, op);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, op);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, op);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, op->curl_said);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, op);
}

static int set_message(struct fetch *op, CURL *easy)
{
    bool bad = false;

    bad |= curl_easy_setopt(easy, CURLOPT_URL, op->url) != 0;
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != 0;
    bad |=
        curl_easy_setopt(easy, CURLOPT_PROXY, "") != 0; /* a proxy of the environment would hide the peer */
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "parkd") != 0;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, op->headers);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, op->pins);
    if (strcmp(op->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return bad ? ERR_NOMEM : 0;
    }
    if (op->body_out_n > 0 || strcmp(op->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, op->body_out);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)op->body_out_n);
    }
    bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, op->method) != 0;
    return bad ? ERR_NOMEM : 0;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *ctx)
{
    struct fetch *op = ctx;

    (void)easy;
    op->tls_watch = tls_watch_asked(ssl_ctx);
    return CURLE_OK;
}

static bool is_file(const char *path)
{
    return path && path[0];
}

static int set_tls(struct fetch *op, CURL *easy)
{
    const struct fetch_tls *tls = op->tls;
    bool bad = false;

    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, op);
    if (!tls)
        return 0;
    if (tls->skip_verify) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (is_file(tls->ca_file)) { /* only this one: the system's folder would vouch for others */
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file) != 0;
        bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != 0;
    }
    if (is_file(tls->cert_file))
        bad |= curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert_file) != 0;
    if (is_file(tls->key_file))
        bad |= curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key_file) != 0;
    return bad ? ERR_NOMEM : 0;
}

int fetch_op_configure(struct fetch *op, CURL *easy, const struct fetch_limits *limits)
{
    int err = set_message(op, easy);

    set_limits(op, easy, limits);
    return err ? err : set_tls(op, easy);
}

/* --- the result --- */

static int err_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OUT_OF_MEMORY:
        return ERR_NOMEM;
    case CURLE_COULDNT_RESOLVE_HOST:
        return ERR_DNS;
    case CURLE_COULDNT_CONNECT:
        return ERR_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return ERR_IO;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return ERR_TLS;
    default:
        return ERR_PROTOCOL;
    }
}

static int64_t wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void unfold(struct fetch *op, struct fetch_result *res)
{
    const char *words;

    res->err = fetch_gunzip(res->body, &op->unfolded, &words);
    res->body = res->err ? (struct view){0} : buf_get(&op->unfolded);
    if (res->err == ERR_TOO_BIG)
        (void)refuse(op, "answer", op->unfolded.max);
    snprintf(res->detail, sizeof res->detail, "%s", res->err == ERR_TOO_BIG ? op->detail : words);
}

/* libcurl is not asked to unfold: it takes a stream that breaks off for whole. */
static void take_coding(struct fetch *op, struct fetch_result *res)
{
    struct view coding = fetch_header_value(res->head, "content-encoding");

    if (res->err || res->status == 304 || coding.n == 0 || view_ieq(coding, "identity"))
        return;
    if (view_ieq(coding, "gzip")) {
        if (res->body.n > 0)
            unfold(op, res);
        return;
    }
    res->err = ERR_PROTOCOL;
    snprintf(res->detail, sizeof res->detail, "content coding %.*s was not asked for",
             (int)(coding.n < 40 ? coding.n : 40), coding.p);
}

/* What libcurl says of a server that hangs up over our certificate, or the lack of one, is anything: it
 * depends on who noticed first. */
static void explain_tls(const struct fetch *op, CURL *easy, struct fetch_result *res)
{
    curl_off_t shaken_us = 0;
    size_t n = strlen(res->detail);

    if (res->status || !op->parts.https || res->err == ERR_TIMEOUT)
        return;
    if (tls_was_asked(op->tls_watch)) {
        res->err = ERR_TLS;
        snprintf(res->detail, sizeof res->detail, "the server wants a client certificate (tls.cert_file)");
        return;
    }
    if (easy)
        curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &shaken_us);
    if (op->tls && is_file(op->tls->cert_file) && shaken_us > 0)
        snprintf(res->detail + n, sizeof res->detail - n, "; the client certificate may be refused");
}

void fetch_op_result(struct fetch *op, CURL *easy, CURLcode code, struct fetch_result *res)
{
    long status = 0;
    curl_off_t us = 0;
    const char *said = op->detail[0] ? op->detail : op->curl_said;

    if (easy) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
    }
    *res = (struct fetch_result){
        .err = op->err ? op->err : err_of(code),
        .status = (int)status,
        .body = buf_get(&op->body),
        .head = buf_get(&op->head),
        .took_ms = us / 1000,
        .tls = op->tls_version,
        .certificate_ends_ms = op->certificate_ends_ms,
    };
    res->retry_after_ms = fetch_retry_after(res->head, wall_ms());
    take_coding(op, res);
    if (!res->err || res->detail[0])
        return;
    if (said[0] == '\0')
        said = code != CURLE_OK ? curl_easy_strerror(code) : err_text(res->err);
    snprintf(res->detail, sizeof res->detail, "%.159s", said);
    explain_tls(op, easy, res);
}
