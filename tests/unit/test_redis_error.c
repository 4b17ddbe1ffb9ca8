/* SPDX-License-Identifier: MIT
 * What error replies ask for, and Redis URLs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "parkd/store/redis_addr.h"
#include "store/redis_error.h"

static void test_classes(void **state)
{
    static const struct {
        const char *text;
        enum redis_error want;
    } rows[] = {
        {"NOSCRIPT No matching script. Please use EVAL.", RE_NOSCRIPT},
        {"LOADING Redis is loading the dataset in memory", RE_RETRY},
        {"BUSY Redis is busy running a script.", RE_RETRY},
        {"TRYAGAIN Multiple keys request during rehashing of slot", RE_RETRY},
        {"CLUSTERDOWN The cluster is down", RE_RETRY},
        {"MASTERDOWN Link with MASTER is down", RE_RETRY},
        {"READONLY You can't write against a read only replica.", RE_DROP},
        {"UNBLOCKED force unblock from blocking operation", RE_DROP},
        {"MOVED 3999 127.0.0.1:6381", RE_MOVED},
        {"ASK 3999 127.0.0.1:6381", RE_MOVED},
        {"OOM command not allowed when used memory > 'maxmemory'.", RE_BLOCKED},
        {"MISCONF Redis is configured to save RDB snapshots", RE_BLOCKED},
        {"NOREPLICAS Not enough good replicas to write.", RE_BLOCKED},
        {"NOAUTH Authentication required.", RE_DENIED},
        {"WRONGPASS invalid username-password pair", RE_DENIED},
        {"NOPERM this user has no permissions", RE_DENIED},
        {"ERR invalid password", RE_DENIED},
        {"ERR AUTH <password> called without any password configured", RE_DENIED},
        {"ERR unknown command 'FOO'", RE_BUG},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", RE_BUG},
        {"", RE_BUG},
        {"OOMPH", RE_BUG},
        {"BUSYGROUP Consumer Group name already exists", RE_BUG},
        /* as Redis 6 wraps what happened inside a script */
        {"ERR Error running script (call to f_12): @user_script:1: -OOM command not allowed when used",
         RE_BLOCKED},
        {"ERR Error running script (call to f_12): @user_script:1: -READONLY You can't write", RE_DROP},
        {"ERR Error running script (call to f_12): @user_script:1: attempt to index", RE_BUG},
        {"OOM command not allowed when used memory > 'maxmemory'. script: 12, on @user_script:1.",
         RE_BLOCKED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum redis_error got = redis_error_of(view_of(rows[i].text));
        if (got != rows[i].want)
            fail_msg("%s: %d, not %d", rows[i].text, (int)got, (int)rows[i].want);
    }
}

static void test_urls(void **state)
{
    static const struct {
        const char *url, *shown, *user, *password;
    } rows[] = {
        {"unix:///run/redis.sock", "unix:///run/redis.sock", "", ""},
        {"redis://h", "redis://h:6379/0", "", ""},
        {"redis://h:7000/3", "redis://h:7000/3", "", ""},
        {"redis://:p%40ss@h:1", "redis://h:1/0", "", "p@ss"},
        {"redis://me:a:b@h", "redis://h:6379/0", "me", "a:b"},
        {"redis://me:a@b@h", "redis://h:6379/0", "me", "a@b"},
        {"redis://[::1]:7", "redis://[::1]:7/0", "", ""},
        {"redis://[::1]", "redis://[::1]:6379/0", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct redis_addr a;
        char shown[400];
        assert_int_equal(redis_addr_parse(view_of(rows[i].url), &a, NULL), 0);
        redis_addr_show(&a, shown, sizeof shown);
        assert_string_equal(shown, rows[i].shown);
        assert_string_equal(a.user, rows[i].user);
        assert_string_equal(a.password, rows[i].password);
    }
}

static void test_bad_urls(void **state)
{
    static const char *const rows[] = {
        "",
        "h:6379",
        "http://h",
        "rediss://h",
        "unix://",
        "unix://rel",
        "redis://",
        "redis://:1",
        "redis://h:x",
        "redis://h:70000",
        "redis://h:0",
        "redis://h/x",
        "redis://u:%zz@h",
        "redis://[::1",
        "redis://[::1]x",
        "redis://u:%0@h",
        "redis://u:%00@h",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct redis_addr a;
        struct why why = {0};
        if (redis_addr_parse(view_of(rows[i]), &a, &why) == 0)
            fail_msg("%s was taken", rows[i]);
        assert_int_not_equal(why.text[0], 0);
    }
}

static void test_nul_is_refused(void **state)
{
    struct redis_addr a;
    struct why why = {0};
    (void)state;
    assert_int_not_equal(redis_addr_parse(VIEW("redis://u@\0h"), &a, &why), 0);
    assert_int_not_equal(redis_addr_parse(VIEW("redis://h\0x:1"), &a, &why), 0);
    assert_int_not_equal(redis_addr_parse(VIEW("unix:///a\0b"), &a, &why), 0);
    assert_string_equal(why.text, "holds a NUL byte");
}

static void test_reason_hides_password(void **state)
{
    struct redis_addr a;
    struct why why = {0};
    (void)state;
    assert_int_not_equal(redis_addr_parse(VIEW("redis://me:secret@h:x"), &a, &why), 0);
    assert_null(strstr(why.text, "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test(test_reason_hides_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
