/* SPDX-License-Identifier: MIT
 * Which addresses may be called: a table of denied ranges, unwrapped IPv4 inside IPv6, subnets allowed again.
 *
 * Every address is brought to 16 bytes first (IPv4 as ::ffff:a.b.c.d), so one comparison serves both
 * families. An address that carries an IPv4 address inside (mapped, NAT64, 6to4) is judged by the inner one,
 * because that is where it leads.
 */
#include "parkd/net/addr_filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ADDR_BYTES 16
#define V4(a, b, c, d)                                               \
    {                                                                \
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (a), (b), (c), (d) \
    }
#define V4_BITS(n) (96 + (n))

static const struct subnet denied[] = {
    {V4(0, 0, 0, 0), V4_BITS(8)},               /* this network */
    {V4(10, 0, 0, 0), V4_BITS(8)},              /* private */
    {V4(100, 64, 0, 0), V4_BITS(10)},           /* carrier NAT; some clouds' metadata */
    {V4(127, 0, 0, 0), V4_BITS(8)},             /* loopback */
    {V4(169, 254, 0, 0), V4_BITS(16)},          /* link-local, metadata */
    {V4(172, 16, 0, 0), V4_BITS(12)},           /* private */
    {V4(192, 0, 0, 0), V4_BITS(24)},            /* IETF protocols */
    {V4(192, 0, 2, 0), V4_BITS(24)},            /* documentation */
    {V4(192, 88, 99, 0), V4_BITS(24)},          /* 6to4 relays */
    {V4(192, 168, 0, 0), V4_BITS(16)},          /* private */
    {V4(198, 18, 0, 0), V4_BITS(15)},           /* benchmarks */
    {V4(198, 51, 100, 0), V4_BITS(24)},         /* documentation */
    {V4(203, 0, 113, 0), V4_BITS(24)},          /* documentation */
    {V4(224, 0, 0, 0), V4_BITS(3)},             /* multicast, reserved, broadcast */
    {{0}, 96},                                  /* ::, ::1, IPv4-compatible */
    {{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, /* IPv4-translated (SIIT) */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48},          /* local NAT64 */
    {{0x01}, 64},                               /* discard */
    {{0x20, 0x01, 0, 0}, 23},                   /* IETF protocols, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},             /* documentation */
    {{0x3f, 0xff}, 20},                         /* documentation */
    {{0xfc}, 7},                                /* private */
    {{0xfe, 0x80}, 10},                         /* link-local */
    {{0xfe, 0xc0}, 10},                         /* site-local, deprecated */
    {{0xff}, 8},                                /* multicast */
};

/* Metadata services of clouds hand out credentials: no configuration opens them. */
static const struct subnet never[] = {
    {V4(169, 254, 169, 254), 128},
    {V4(100, 100, 100, 200), 128},
    {{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128},
};

/* The unspecified addresses lead to this machine too. */
static const struct subnet loopback[] = {
    {V4(127, 0, 0, 0), V4_BITS(8)},
    {V4(0, 0, 0, 0), V4_BITS(8)},
    {{0}, 96},
};

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static bool subnet_has(const struct subnet *s, const unsigned char *addr)
{
    unsigned whole = s->bits / 8, rest = s->bits % 8;

    if (memcmp(s->addr, addr, whole) != 0)
        return false;
    return rest == 0 || ((s->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

static const struct subnet *find(const struct subnet *table, int n, const unsigned char *addr)
{
    for (int i = 0; i < n; i++) {
        if (subnet_has(&table[i], addr))
            return &table[i];
    }
    return NULL;
}

static const struct subnet *loopback_of(const unsigned char *addr)
{
    return find(loopback, COUNT(loopback), addr);
}

/* An allowed subnet counts for a loopback address only when it lies within loopback itself: 0.0.0.0/0 does
 * not open it. */
static bool allowed(const struct addr_filter *f, const unsigned char *addr)
{
    const struct subnet *loop = loopback_of(addr);

    for (int i = 0; i < f->n_allow; i++) {
        const struct subnet *s = &f->allow[i];

        if (subnet_has(s, addr) && (!loop || s->bits >= loop->bits))
            return true;
    }
    return false;
}

static void map_v4(unsigned char dst[ADDR_BYTES], const unsigned char *v4)
{
    memset(dst, 0, 10);
    dst[10] = dst[11] = 0xff;
    memcpy(dst + 12, v4, 4);
}

/* Replaces an IPv6 address that carries an IPv4 address by the mapped form of the inner one. */
static void unwrap(unsigned char addr[ADDR_BYTES])
{
    static const struct subnet nat64 = {{0, 0x64, 0xff, 0x9b}, 96}, six_to_four = {{0x20, 0x02}, 16};
    unsigned char inner[4];

    if (subnet_has(&nat64, addr))
        memcpy(inner, addr + 12, 4);
    else if (subnet_has(&six_to_four, addr))
        memcpy(inner, addr + 2, 4);
    else
        return;
    map_v4(addr, inner);
}

static bool addr_of(const struct sockaddr *sa, unsigned char addr[ADDR_BYTES])
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof in);
        map_v4(addr, (const unsigned char *)&in.sin_addr);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, sa, sizeof in6);
        memcpy(addr, &in6.sin6_addr, ADDR_BYTES);
        return true;
    }
    return false;
}

bool addr_filter_passes(const struct addr_filter *f, const struct sockaddr *sa)
{
    unsigned char addr[ADDR_BYTES];

    if (!addr_of(sa, addr))
        return false;
    unwrap(addr);
    if (find(never, COUNT(never), addr))
        return false;
    return allowed(f, addr) || !find(denied, COUNT(denied), addr);
}

/* How many of the 16 bytes' leading bits the text's own family does not see; ERR_SYNTAX. */
static int read_addr(struct view host, unsigned char addr[ADDR_BYTES])
{
    char text[INET6_ADDRSTRLEN];
    unsigned char v4[4];

    if (view_copy(host, text, sizeof text) != 0 || strlen(text) != host.n)
        return ERR_SYNTAX;
    if (inet_pton(AF_INET, text, v4) == 1) {
        map_v4(addr, v4);
        return 96;
    }
    return inet_pton(AF_INET6, text, addr) == 1 ? 0 : ERR_SYNTAX;
}

bool addr_filter_has(const struct addr_filter *f, struct view address)
{
    unsigned char addr[ADDR_BYTES];

    return read_addr(address, addr) >= 0 && find(f->allow, f->n_allow, addr);
}

int addr_filter_allow(struct addr_filter *f, struct view cidr)
{
    struct subnet s = {0};
    struct view rest = cidr, host = view_cut(&rest, '/');
    int offset = read_addr(host, s.addr);
    int64_t bits, most = 128 - offset;

    if (offset < 0)
        return offset;
    bits = most;
    if (rest.p && view_to_int(rest, 0, most, &bits) != 0)
        return ERR_SYNTAX;
    if (f->n_allow == ADDR_FILTER_MAX)
        return ERR_FULL;
    s.bits = (unsigned)(bits + offset);
    f->allow[f->n_allow++] = s;
    return 0;
}

const char *addr_print(const struct sockaddr *sa, char text[ADDR_TEXT_SIZE])
{
    const void *addr = sa->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)sa)->sin_addr
                                                : (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr;
    return inet_ntop(sa->sa_family, addr, text, ADDR_TEXT_SIZE) ? text : "?";
}
