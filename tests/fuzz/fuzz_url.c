/* SPDX-License-Identifier: MIT
 * Where parkd may be sent: each line is an address of a feed, a subnet, a literal address, a header. What
 * passes is what it looks like: no control bytes, no second host, and nothing inside but what the office
 * allowed.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/fetch_url.h"
#include "parkd/net/addr_filter.h"
#include "parkd/store/redis_addr.h"

/* The ranges that nobody may poll unasked (RFC 6890), written down once more. */
static bool is_inside(const unsigned char a[4])
{
    return a[0] == 0 || a[0] == 10 || a[0] == 127 || (a[0] == 169 && a[1] == 254) ||
           (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) || a[0] >= 224 ||
           (a[0] == 100 && (a[1] & 0xc0) == 64);
}

static void one_url(struct view line)
{
    struct fetch_url u;
    struct why why = {0};
    int err = fetch_url_parse(line, &u, &why);
    HOLDS(fetch_check_url(line, &why) == err);
    if (err) {
        fuzz_explained(err, &why);
        return;
    }
    HOLDS(u.host.n > 0 && u.port > 0);
    for (size_t i = 0; i < line.n; i++)
        HOLDS((unsigned char)line.p[i] > ' ' && line.p[i] != 0x7f);
    HOLDS(!memchr(u.host.p, '@', u.host.n) && !memchr(u.host.p, '/', u.host.n) &&
          !memchr(u.host.p, '\\', u.host.n));
    HOLDS(view_starts(line, u.https ? "https://" : "http://") || line.p[0] == 'H' || line.p[1] == 'T' ||
          u.host.n);
}

static void one_address(struct view line, const struct addr_filter *f)
{
    char text[64];
    unsigned char a[16];
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (view_copy(line, text, sizeof text))
        return;
    if (inet_pton(AF_INET, text, a) == 1) {
        memcpy(&v4.sin_addr, a, 4);
        bool passes = addr_filter_passes(f, (const struct sockaddr *)(const void *)&v4);
        HOLDS(!passes || !is_inside(a) || addr_filter_has(f, view_of(text)));
    }
    if (inet_pton(AF_INET6, text, a) == 1) {
        static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        memcpy(&v6.sin6_addr, a, 16);
        bool passes = addr_filter_passes(f, (const struct sockaddr *)(const void *)&v6);
        bool inside = memcmp(a, mapped, 12) == 0
                          ? is_inside(a + 12)
                          : (a[0] & 0xfe) == 0xfc || a[0] == 0xff || IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
                                IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
        HOLDS(!passes || !inside || addr_filter_has(f, view_of(text)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data, size};
    struct addr_filter f = {.n_allow = 0};
    char *copy = fuzz_copy(text);
    text.p = copy;
    for (int i = 0; i < 16 && text.n; i++) {
        struct view line = view_cut(&text, '\n'), value = line;
        struct redis_addr addr;
        struct why why = {0};
        one_url(line);
        one_address(line, &f);
        struct view name = view_cut(&value, ':');
        int err = fetch_check_header(name, value, &why);
        if (err)
            fuzz_explained(err, &why);
        HOLDS(err || !value.n || (!memchr(value.p, '\r', value.n) && !memchr(value.p, '\0', value.n)));
        err = fetch_check_method(line, &why);
        HOLDS(!err || why.text[0]);
        HOLDS(fetch_retry_after(line, 1700000000000) >= -1);
        err = redis_addr_parse(line, &addr, &why);
        if (err)
            fuzz_explained(err, &why);
        err = addr_filter_allow(&f, line);
        HOLDS(f.n_allow <= ADDR_FILTER_MAX && (err || f.n_allow > 0));
    }
    free(copy);
    return 0;
}
