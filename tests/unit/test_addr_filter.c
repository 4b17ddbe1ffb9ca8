/* SPDX-License-Identifier: MIT
 * addr_filter.h: every denied range at its edges, wrapped addresses, subnets allowed again, and what is never
 * allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "parkd/net/addr_filter.h"

union any_addr {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union any_addr addr_of(const char *text)
{
    union any_addr a;

    memset(&a, 0, sizeof a);
    a.sa.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (a.sa.sa_family == AF_INET)
        assert_int_equal(inet_pton(AF_INET, text, &a.v4.sin_addr), 1);
    else
        assert_int_equal(inet_pton(AF_INET6, text, &a.v6.sin6_addr), 1);
    return a;
}

static bool passes(const struct addr_filter *f, const char *text)
{
    union any_addr a = addr_of(text);

    return addr_filter_passes(f, &a.sa);
}

static void denies_by_default(void **state)
{
    static const char *const rows[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.0",
        "127.0.0.1" /* also written 0x7f000001, 2130706433, 127.1 */,
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:0.0.0.0",
        "::ffff:0:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:a9fe:a9fe::",
        "2002:c0a8:101::1",
        "100::1",
        "2001::1",
        "2001:db8::",
        "2001:db8:ffff::1",
        "3fff::1",
        "fc00::",
        "fdff::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff00::",
        "ff02::1",
    };
    struct addr_filter f = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (passes(&f, rows[i]))
            fail_msg("%s passes", rows[i]);
    }
}

static void lets_the_public_world_through(void **state)
{
    static const char *const rows[] = {
        "1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",     "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",     "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
        "192.0.3.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",      "198.51.101.0",    "203.0.112.255",   "203.0.114.0",
        "223.255.255.255", "114.114.114.114", "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
        "2002:808:808::1", "2400:3200::1",    "2606:4700::1111", "2001:4860:4860::8888",
        "2003::1",         "fbff::1",
    };
    struct addr_filter f = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!passes(&f, rows[i]))
            fail_msg("%s is denied", rows[i]);
    }
}

static void opens_subnets(void **state)
{
    static const struct {
        const char *allow, *addr;
        bool want;
    } rows[] = {
        {"10.1.0.0/16", "10.1.2.3", true},
        {"10.1.0.0/16", "10.2.0.1", false},
        {"10.1.0.0/16", "::ffff:10.1.2.3", true},
        {"10.1.0.0/16", "64:ff9b::10.1.2.3", true},
        {"10.1.2.3/16", "10.1.255.255", true},
        {"10.1.0.0/17", "10.1.128.0", false},
        {"192.168.7.9", "192.168.7.9", true},
        {"192.168.7.9", "192.168.7.8", false},
        {"fd00::/8", "fd12::1", true},
        {"fd00::/8", "fc12::1", false},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
        {"127.0.0.0/8", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"::1", "::1", true},
        {"::1", "127.0.0.1", false},
        {"0.0.0.0/0", "10.9.9.9", true},
        {"0.0.0.0/0", "127.0.0.1", false},
        {"0.0.0.0/0", "0.0.0.0", false},
        {"126.0.0.0/7", "127.0.0.1", false},
        {"::/0", "::1", false},
        {"::/0", "127.0.0.1", false},
        {"::/0", "fe80::1", true},
        {"0.0.0.0/0", "169.254.169.254", false},
        {"169.254.169.254", "169.254.169.254", false},
        {"169.254.0.0/16", "::ffff:169.254.169.254", false},
        {"169.254.0.0/16", "2002:a9fe:a9fe::1", false},
        {"169.254.0.0/16", "169.254.1.1", true},
        {"100.64.0.0/10", "100.100.100.200", false},
        {"fd00::/8", "fd00:ec2::254", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct addr_filter f = {0};

        assert_int_equal(addr_filter_allow(&f, view_of(rows[i].allow)), 0);
        if (passes(&f, rows[i].addr) != rows[i].want)
            fail_msg("%s with %s", rows[i].addr, rows[i].allow);
    }
}

static void refuses_what_is_no_subnet(void **state)
{
    static const char *const rows[] = {"",
                                       "/",
                                       "10.0.0.0/",
                                       "10.0.0.0/33",
                                       "10.0.0.0/-1",
                                       "10.0.0/8",
                                       "::/129",
                                       "10.0.0.0/8/8",
                                       "localhost",
                                       "fe80::1%eth0",
                                       "010.0.0.1",
                                       "10.0.0.0 /8",
                                       "1.2.3.4.5",
                                       "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    struct addr_filter f = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (addr_filter_allow(&f, view_of(rows[i])) != ERR_SYNTAX)
            fail_msg("%s is taken", rows[i]);
    }
    assert_int_equal(addr_filter_allow(&f, (struct view){"10.0.0.0\0junk", 13}), ERR_SYNTAX);
    for (int i = 0; i < ADDR_FILTER_MAX; i++)
        assert_int_equal(addr_filter_allow(&f, VIEW("10.0.0.0/8")), 0);
    assert_int_equal(addr_filter_allow(&f, VIEW("10.0.0.0/8")), ERR_FULL);
}

static void knows_two_families_only(void **state)
{
    struct addr_filter f = {0};
    struct sockaddr sa = {.sa_family = AF_UNIX};

    (void)state;
    assert_int_equal(addr_filter_allow(&f, VIEW("::/0")), 0);
    assert_false(addr_filter_passes(&f, &sa));
}

static void tells_whose_address_it_is(void **state)
{
    static const struct {
        const char *subnet, *address;
        bool has;
    } rows[] = {
        {"198.51.100.0/24", "198.51.100.255", true},
        {"198.51.100.0/24", "198.51.101.0", false},
        {"198.51.100.7", "198.51.100.7", true},
        {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"198.51.100.7", "::ffff:198.51.100.7", true},
        {"2001:db8::/32", "2001:db8:1::9", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"127.0.0.1", "127.0.0.1", true}, /* nothing is denied here */
        {"198.51.100.0/24", "unix", false},
        {"198.51.100.0/24", "", false},
        {"198.51.100.0/24", "198.51.100.7/24", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct addr_filter f = {.n_allow = 0};
        assert_int_equal(addr_filter_allow(&f, view_of(rows[i].subnet)), 0);
        if (addr_filter_has(&f, view_of(rows[i].address)) != rows[i].has)
            fail_msg("%s in %s", rows[i].address, rows[i].subnet);
    }
    struct addr_filter none = {.n_allow = 0};
    assert_false(addr_filter_has(&none, VIEW("198.51.100.7")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_whose_address_it_is),     cmocka_unit_test(denies_by_default),
        cmocka_unit_test(lets_the_public_world_through), cmocka_unit_test(opens_subnets),
        cmocka_unit_test(refuses_what_is_no_subnet),     cmocka_unit_test(knows_two_families_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
