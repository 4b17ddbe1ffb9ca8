/* SPDX-License-Identifier: MIT
 * What may be asked, and what an answer's headers say.
 *
 * The URL check is narrower than RFC 3986 on purpose: plain printable ASCII, a host that is a name or a
 * plainly written address. What is refused here is what parsers read differently (user info, backslashes,
 * 0x7f000001, 127.1, zone ids), so that the host we resolve and filter is the host libcurl connects to.
 */
#include "net/fetch_url.h"

#include <arpa/inet.h>
#include <string.h>

#include "parkd/base/iso8601.h"

#define URL_MAX         4096
#define HOST_MAX        253
#define LABEL_MAX       63
#define METHOD_MAX      15
#define RETRY_AFTER_MAX (7 * 24 * 3600) /* seconds; more is taken for this */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_of(struct view v, bool (*is)(char c))
{
    for (size_t i = 0; i < v.n; i++) {
        if (!is(v.p[i]))
            return false;
    }
    return true;
}

static bool is_label_char(char c)
{
    return is_alnum(c) || c == '-' || c == '_';
}

/* Would some resolver read this last label as a number? */
static bool is_numeric_label(struct view label)
{
    return all_of(label, is_digit) || view_starts(label, "0x") || view_starts(label, "0X");
}

static bool host_is_name(struct view host)
{
    struct view rest = host, label = {NULL, 0};

    if (host.n > HOST_MAX)
        return false;
    while (rest.p) {
        label = view_cut(&rest, '.');
        if (label.n == 0 || label.n > LABEL_MAX || !all_of(label, is_label_char))
            return false;
    }
    return label.n > 0 && !is_numeric_label(label);
}

static bool host_is_literal(struct view host, int family)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char addr[16];

    return view_copy(host, text, sizeof text) == 0 && inet_pton(family, text, addr) == 1;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static int parse_authority(struct view authority, struct fetch_url *out, struct why *why)
{
    struct view rest = authority;
    int64_t port = out->https ? 443 : 80;

    if (authority.n && authority.p[0] == '[') {
        rest.p++, rest.n--;
        out->host = view_cut(&rest, ']');
        out->v6 = rest.p && host_is_literal(out->host, AF_INET6);
        if (!out->v6 || (rest.n && rest.p[0] != ':'))
            return why_set(why, ERR_SYNTAX, "", "the host in brackets is not an IPv6 address");
        rest = rest.n ? (struct view){rest.p + 1, rest.n - 1} : (struct view){NULL, 0};
    } else {
        out->host = view_cut(&rest, ':');
        out->v4 = host_is_literal(out->host, AF_INET);
        if (!out->v4 && !host_is_name(out->host))
            return why_set(why, ERR_SYNTAX, "", "the host is neither a name nor a plain address");
    }
    if (rest.p && (!all_of(rest, is_digit) || view_to_int(rest, 1, 65535, &port) != 0))
        return why_set(why, ERR_RANGE, "", "the port is not a number in 1…65535");
    out->port = (uint16_t)port;
    return 0;
}

static const char *find_bad_byte(struct view url)
{
    for (size_t i = 0; i < url.n; i++) {
        char c = url.p[i];

        if (c <= ' ' || c > '~')
            return "blanks, control and non-ASCII bytes must be percent-encoded";
        if (strchr("\"<>\\^`{|}", c))
            return "one of \"<>\\^`{|} must be percent-encoded";
        if (c == '#')
            return "a fragment is not part of a request";
    }
    return NULL;
}

int fetch_url_parse(struct view url, struct fetch_url *out, struct why *why)
{
    const char *bad = find_bad_byte(url);
    struct view rest = url;
    size_t n = 0;

    *out = (struct fetch_url){0};
    if (url.n > URL_MAX)
        return why_set(why, ERR_TOO_BIG, "", "the URL is longer than %d bytes", URL_MAX);
    if (bad)
        return why_set(why, ERR_SYNTAX, "", "%s", bad);
    out->https = view_starts(url, "https://");
    if (!out->https && !view_starts(url, "http://"))
        return why_set(why, ERR_INVALID, "", "the scheme must be http or https");
    rest.p += out->https ? 8 : 7;
    rest.n -= out->https ? 8 : 7;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    if (memchr(rest.p, '@', n))
        return why_set(why, ERR_INVALID, "", "user name and password do not belong into a URL");
    return parse_authority((struct view){rest.p, n}, out, why);
}

int fetch_check_url(struct view url, struct why *why)
{
    struct fetch_url parts;

    return fetch_url_parse(url, &parts, why);
}

static bool is_token_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_value_char(char c)
{
    return (unsigned char)c >= ' ' ? c != 0x7f : c == '\t';
}

int fetch_check_header(struct view name, struct view value, struct why *why)
{
    static const char *const framing[] = {
        "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer",
        "expect",         "accept-encoding"};

    if (name.n == 0 || name.n > 64 || !all_of(name, is_token_char))
        return why_set(why, ERR_SYNTAX, "headers", "a header name is 1 to 64 token characters");
    if (value.n > 8192 || !all_of(value, is_value_char))
        return why_set(why, ERR_SYNTAX, "headers", "the value of %.*s has control bytes or is too long",
                       VIEW_ARG(name));
    for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++) {
        if (view_ieq(name, framing[i]))
            return why_set(why, ERR_INVALID, "headers", "%s is set by parkd alone", framing[i]);
    }
    return 0;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

int fetch_check_method(struct view method, struct why *why)
{
    if (method.n > METHOD_MAX || !all_of(method, is_upper) || view_is(method, "CONNECT") ||
        view_is(method, "TRACE"))
        return why_set(why, ERR_INVALID, "method", "a method is up to %d capital letters", METHOD_MAX);
    return 0;
}

struct view fetch_header_value(struct view head, const char *name)
{
    struct view rest = head;

    while (rest.p) {
        struct view value = view_cut(&rest, '\n'), key = view_cut(&value, ':');

        if (value.p && view_ieq(key, name))
            return view_trim(value);
    }
    return (struct view){NULL, 0};
}

int64_t fetch_retry_after(struct view head, int64_t now_ms)
{
    struct view text = fetch_header_value(head, "retry-after");
    int64_t seconds, until_ms, date_ms;

    if (text.n == 0)
        return -1;
    if (all_of(text, is_digit)) {
        if (view_to_int(text, 0, RETRY_AFTER_MAX, &seconds) != 0)
            seconds = RETRY_AFTER_MAX;
        return seconds * 1000;
    }
    if (time_parse(text, VIEW("rfc1123"), 0, &until_ms) != 0)
        return -1;
    if (time_parse(fetch_header_value(head, "date"), VIEW("rfc1123"), 0, &date_ms) == 0)
        now_ms = date_ms;
    if (until_ms <= now_ms)
        return 0;
    return until_ms - now_ms < RETRY_AFTER_MAX * 1000LL ? until_ms - now_ms : RETRY_AFTER_MAX * 1000LL;
}
