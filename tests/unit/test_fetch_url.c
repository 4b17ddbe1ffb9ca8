/* SPDX-License-Identifier: MIT
 * fetch_url.c: which URLs, headers and methods go out, and reading of an answer's head.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/fetch_url.h"

static void takes_urls_apart(void **state)
{
    static const struct {
        const char *url, *host;
        bool https, literal;
        unsigned port;
    } rows[] = {
        {"http://a", "a", false, false, 80},
        {"https://a/", "a", true, false, 443},
        {"http://lot-7.example.cn:8080/api?x=1&y=%20", "lot-7.example.cn", false, false, 8080},
        {"http://a?x", "a", false, false, 80},
        {"http://park_1.local/", "park_1.local", false, false, 80},
        {"http://10.1.2.3:65535/", "10.1.2.3", false, true, 65535},
        {"https://[::1]/", "::1", true, true, 443},
        {"https://[fd00::7]:1/", "fd00::7", true, true, 1},
        {"http://xn--fiq228c.cn/", "xn--fiq228c.cn", false, false, 80},
        {"http://a/b@c", "a", false, false, 80},
        {"http://1.com/", "1.com", false, false, 80},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch_url u;
        struct why why = {0};

        if (fetch_url_parse(view_of(rows[i].url), &u, &why) != 0)
            fail_msg("%s: %s", rows[i].url, why.text);
        assert_true(view_is(u.host, rows[i].host));
        assert_int_equal(u.https, rows[i].https);
        assert_int_equal(u.v4 || u.v6, rows[i].literal);
        assert_int_equal(u.port, rows[i].port);
    }
}

static void refuses_urls(void **state)
{
    static const char *const rows[] = {
        "",
        "a",
        "//a",
        "ftp://a/",
        "file:///etc/passwd",
        "gopher://a",
        "HTTP:/a",
        "http:/a",
        "http://",
        "http:///x",
        "http://?x",
        "http://u@a/",
        "http://u:p@a/",
        "http://a:b@c/",
        "http://a#f",
        "http://a/#",
        "http://a b/",
        "http://a/ b",
        "http://a/\tb",
        "http://a/\r\nX: y",
        "http://a\\b/",
        "http://a/\\b",
        "http://\xe5\xb8\x82.cn/",
        "http://a/\x7f",
        "http://a:0/",
        "http://a:65536/",
        "http://a:x/",
        "http://a:/",
        "http://a:+1/",
        "http://a:1:2/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://127.0.0.0x1/",
        "http://010.0.0.1/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://a.7/",
        "http://a..b/",
        "http://.a/",
        "http://a./",
        "http://[::1/",
        "http://[::1]x/",
        "http://[::1]:/",
        "http://[fe80::1%25lo]/",
        "http://[127.0.0.1]/",
        "http://[]/",
        "http://::1/",
        "http://a%2eb/",
        "http://a/{x}",
        "http://a/<x>",
        "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why = {0};

        if (fetch_check_url(view_of(rows[i]), &why) == 0)
            fail_msg("%s is taken", rows[i]);
        assert_true(why.text[0] != '\0');
    }
    assert_int_not_equal(fetch_check_url((struct view){"http://a\0.b/", 12}, NULL), 0);
}

static void refuses_long_urls(void **state)
{
    char url[4200];

    (void)state;
    memset(url, 'a', sizeof url);
    memcpy(url, "http://a/", 9);
    assert_int_equal(fetch_check_url((struct view){url, 4096}, NULL), 0);
    assert_int_equal(fetch_check_url((struct view){url, 4097}, NULL), ERR_TOO_BIG);
    assert_int_not_equal(fetch_check_url((struct view){url + 9, 300}, NULL), 0);
}

static void checks_headers(void **state)
{
    static const struct {
        const char *name, *value;
        bool good;
    } rows[] = {
        {"X-Key", "abc", true},
        {"X-Key", "", true},
        {"authorization", "Bearer \xe5\xb8\x82", true},
        {"X-Key", "a\tb", true},
        {"Host", "lot.example", true},
        {"", "a", false},
        {"X Key", "a", false},
        {"X-Key:", "a", false},
        {"X-Key", "a\r\nX: b", false},
        {"X-Key", "a\nb", false},
        {"X-Key", "a\x7f", false},
        {"Content-Length", "5", false},
        {"transfer-encoding", "chunked", false},
        {"Connection", "close", false},
        {"Expect", "100-continue", false},
        {"Accept-Encoding", "br", false},
        {"\xe5", "a", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int err = fetch_check_header(view_of(rows[i].name), view_of(rows[i].value), NULL);

        if ((err == 0) != rows[i].good)
            fail_msg("%s: %s", rows[i].name, rows[i].value);
    }
    assert_int_not_equal(fetch_check_header(VIEW("A"), (struct view){"a\0b", 3}, NULL), 0);
}

static void checks_methods(void **state)
{
    (void)state;
    assert_int_equal(fetch_check_method(VIEW("PATCH"), NULL), 0);
    assert_int_not_equal(fetch_check_method(VIEW("get"), NULL), 0);
    assert_int_not_equal(fetch_check_method(VIEW("GET /"), NULL), 0);
    assert_int_not_equal(fetch_check_method(VIEW("CONNECT"), NULL), 0);
    assert_int_not_equal(fetch_check_method(VIEW("TRACE"), NULL), 0);
    assert_int_not_equal(fetch_check_method(VIEW("ABCDEFGHIJKLMNOP"), NULL), 0);
}

static void finds_header_values(void **state)
{
    struct view head =
        VIEW("Content-Type: text/html\r\nETag:\"a:b\"\r\nX-Empty:\r\nX-Two: 1\r\nX-Two: 2\r\nnonsense\r\n");

    (void)state;
    assert_true(view_is(fetch_header_value(head, "content-type"), "text/html"));
    assert_true(view_is(fetch_header_value(head, "etag"), "\"a:b\""));
    assert_true(view_is(fetch_header_value(head, "X-TWO"), "1"));
    assert_int_equal(fetch_header_value(head, "x-empty").n, 0);
    assert_int_equal(fetch_header_value(head, "type").n, 0);
    assert_int_equal(fetch_header_value(head, "nonsense").n, 0);
    assert_int_equal(fetch_header_value((struct view){NULL, 0}, "a").n, 0);
}

static void reads_retry_after(void **state)
{
    static const struct {
        const char *head;
        int64_t want;
    } rows[] = {
        {"", -1},
        {"Retry-After: 0\r\n", 0},
        {"Retry-After: 120\r\n", 120000},
        {"Retry-After: 999999999999999999999\r\n", 604800000},
        {"Retry-After: -5\r\n", -1},
        {"Retry-After: soon\r\n", -1},
        {"Retry-After: 1.5\r\n", -1},
        {"Date: Sun, 22 Nov 2026 08:00:00 GMT\r\nRetry-After: Sun, 22 Nov 2026 08:01:30 GMT\r\n", 90000},
        {"Date: Sun, 22 Nov 2026 08:00:00 GMT\r\nRetry-After: Sun, 22 Nov 2026 07:00:00 GMT\r\n", 0},
        {"Retry-After: Thu, 01 Jan 1970 00:01:40 GMT\r\n", 90000},
        {"Retry-After: Sun, 22 Nov 2099 07:00:00 GMT\r\n", 604800000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = fetch_retry_after(view_of(rows[i].head), 10000);

        if (ms != rows[i].want)
            fail_msg("%s: %lld", rows[i].head, (long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_apart),  cmocka_unit_test(refuses_urls),
        cmocka_unit_test(refuses_long_urls), cmocka_unit_test(checks_headers),
        cmocka_unit_test(checks_methods),    cmocka_unit_test(finds_header_values),
        cmocka_unit_test(reads_retry_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
