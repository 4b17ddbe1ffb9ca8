/* SPDX-License-Identifier: MIT
 * Configuration: defaults, precedence of sources, errors that name key and reason, printing back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf_table.h"
#include "parkd/base/json.h"

static struct conf *fresh(void)
{
    struct conf *c = calloc(1, sizeof *c);
    assert_non_null(c);
    conf_defaults(c);
    return c;
}

static void test_every_default_is_valid(void **state)
{
    (void)state;
    struct conf *c = fresh();
    for (size_t i = 0; i < conf_n_fields; i++) {
        struct why why = {0};
        if (conf_set(c, conf_fields[i].key, view_of(conf_fields[i].def), &why))
            fail_msg("%s: default refused: %s", conf_fields[i].key, why.text);
    }
    assert_int_equal(conf_check(c, NULL), 0);
    assert_string_equal(c->public.listen, "127.0.0.1:8080");
    assert_int_equal(c->redis.partitions, 16);
    assert_int_equal(c->dialects.folders.n, 1);
    free(c);
}

static void test_file_sets_values(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct why why = {0};
    assert_int_equal(
        conf_parse(
            VIEW(
                "{\"state_dir\":\"/x\",\"public\":{\"listen\":\":0\",\"max_body_kb\":512},"
                "\"net\":{\"allow_subnets\":[\"10.0.0.0/8\",\"fd00::/8\"]},\"test\":{\"clock_rate\":600.5}}"),
            c, &why),
        0);
    assert_string_equal(c->state_dir, "/x");
    assert_int_equal(c->public.max_body_kb, 512);
    assert_int_equal(c->net.allow_subnets.n, 2);
    assert_string_equal(c->net.allow_subnets.v[1], "fd00::/8");
    assert_true(c->test.clock_rate > 600.4 && c->test.clock_rate < 600.6);
    free(c);
}

static const struct wrong {
    const char *text, *at, *says;
    int code;
} wrongs[] = {
    {"{\"public\":{\"listn\":\"x\"}}", "/public/listn", "public.listen", ERR_UNKNOWN_KEY},
    {"{\"redis_url\":\"x\"}", "/redis_url", "redis.url", ERR_UNKNOWN_KEY},
    {"{\"qqqqqqqqqqqqqqqqqqqqqqqq\":1}", "/qqqqqqqqqqqqqqqqqqqqqqqq", "--print-config", ERR_UNKNOWN_KEY},
    {"{\"public\":{\"max_body_kb\":0}}", "/public/max_body_kb", "1 to 16384", ERR_RANGE},
    {"{\"public\":{\"max_body_kb\":1.5}}", "/public/max_body_kb", "whole number", ERR_TYPE},
    {"{\"public\":{\"max_body_kb\":\"1\"}}", "/public/max_body_kb", "whole number", ERR_TYPE},
    {"{\"public\":{\"listen\":80}}", "/public/listen", "a text", ERR_TYPE},
    {"{\"redis\":{\"fsync\":\"never\"}}", "/redis/fsync", "always everysec", ERR_INVALID},
    {"{\"net\":{\"allow_subnets\":\"10.0.0.0/8\"}}", "/net/allow_subnets", "list", ERR_TYPE},
    {"{\"net\":{\"allow_subnets\":[1]}}", "/net/allow_subnets", "list", ERR_TYPE},
    {"{\"test\":{\"clock_rate\":-1}}", "/test/clock_rate", "range", ERR_RANGE},
    {"[]", "", "object", ERR_TYPE},
};

static void test_wrong_values_name_key_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct conf *c = fresh(), *before = fresh();
        struct why why = {0};
        assert_int_equal(conf_parse(view_of(wrongs[i].text), c, &why), wrongs[i].code);
        assert_string_equal(why.at, wrongs[i].at);
        if (!strstr(why.text, wrongs[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", wrongs[i].text, why.text, wrongs[i].says);
        assert_null(conf_needs_restart(before, c));
        free(c);
        free(before);
    }
}

static void test_a_wrong_file_changes_nothing(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct why why;
    assert_int_equal(conf_parse(VIEW("{\"state_dir\":\"/new\",\"log\":{\"level\":\"loud\"}}"), c, &why),
                     ERR_INVALID);
    assert_string_equal(c->state_dir, "parkd-state");
    free(c);
}

static const char *environment(const char *name)
{
    if (strcmp(name, "PARKD_PUBLIC_LISTEN") == 0)
        return "0.0.0.0:80";
    return strcmp(name, "PARKD_NET_ALLOW_SUBNETS") == 0 ? "10.0.0.0/8, 192.168.1.0/24" : NULL;
}

static const char *bad_environment(const char *name)
{
    return strcmp(name, "PARKD_REDIS_PARTITIONS") == 0 ? "many" : NULL;
}

static void test_environment_overrides(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct why why = {0};
    assert_int_equal(conf_environment(c, environment, &why), 0);
    assert_string_equal(c->public.listen, "0.0.0.0:80");
    assert_int_equal(c->net.allow_subnets.n, 2);
    assert_string_equal(c->net.allow_subnets.v[1], "192.168.1.0/24");
    assert_int_equal(conf_environment(c, bad_environment, &why), ERR_TYPE);
    assert_string_equal(why.at, "/redis/partitions");
    free(c);
}

static void test_check_sees_what_single_keys_cannot(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"{\"public\":{\"listen\":\"nowhere\"}}", "/public/listen"},
                                          {"{\"staff\":{\"listen\":\"a:b\"}}", "/staff/listen"},
                                          {"{\"public\":{\"tls_cert_file\":\"c\"}}", "/public/tls_key_file"},
                                          {"{\"public\":{\"tls_key_file\":\"k\"}}", "/public/tls_cert_file"},
                                          {"{\"redis\":{\"url\":\"http://x\"}}", "/redis/url"},
                                          {"{\"state_dir\":\"\"}", "/state_dir"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct conf *c = fresh();
        struct why why = {0};
        assert_int_equal(conf_parse(view_of(rows[i][0]), c, &why), 0);
        assert_int_not_equal(conf_check(c, &why), 0);
        assert_string_equal(why.at, rows[i][1]);
        free(c);
    }
}

static void test_restart_is_named(void **state)
{
    (void)state;
    struct conf *a = fresh(), *b = fresh();
    assert_int_equal(conf_set(b, "log.level", VIEW("debug"), NULL), 0);
    assert_null(conf_needs_restart(a, b));
    assert_int_equal(conf_set(b, "redis.partitions", VIEW("32"), NULL), 0);
    assert_string_equal(conf_needs_restart(a, b), "redis.partitions");
    free(a);
    free(b);
}

static void test_printed_configuration_reads_back(void **state)
{
    (void)state;
    struct conf *c = fresh(), *back = fresh();
    struct buf b;
    buf_init(&b, 1u << 16);
    assert_int_equal(conf_set(c, "net.allow_subnets", VIEW("10.1.0.0/16"), NULL), 0);
    assert_int_equal(conf_set(c, "test.clock_rate", VIEW("600"), NULL), 0);
    assert_int_equal(conf_print(c, &b), 0);
    assert_int_equal(conf_parse(buf_get(&b), back, NULL), 0);
    assert_null(conf_needs_restart(c, back));
    buf_fini(&b);
    free(c);
    free(back);
}

static void test_password_is_not_printed(void **state)
{
    (void)state;
    struct conf *c = fresh();
    struct buf b;
    buf_init(&b, 1u << 16);
    assert_int_equal(conf_set(c, "redis.url", VIEW("redis://user:hunter2@10.0.0.1:6379/0"), NULL), 0);
    assert_int_equal(conf_print(c, &b), 0);
    assert_null(strstr(b.p, "hunter2"));
    assert_non_null(strstr(b.p, "redis://***@10.0.0.1:6379/0"));
    buf_fini(&b);
    free(c);
}

static void cuts_long_keys_between_characters(void **state)
{
    static struct conf c;
    struct why why = {0};
    char text[300] = "{\"ab";
    size_t n = strlen(text);
    (void)state;
    for (int i = 0; i < 60; i++, n += 3)
        memcpy(text + n, "\xE5\xAD\x97", 3);
    memcpy(text + n, "\":1}", 5);
    conf_defaults(&c);
    assert_int_equal(conf_parse(view_of(text), &c, &why), ERR_UNKNOWN_KEY);
    assert_true(view_is_utf8(view_of(why.at)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_long_keys_between_characters),
        cmocka_unit_test(test_every_default_is_valid),
        cmocka_unit_test(test_file_sets_values),
        cmocka_unit_test(test_wrong_values_name_key_and_reason),
        cmocka_unit_test(test_a_wrong_file_changes_nothing),
        cmocka_unit_test(test_environment_overrides),
        cmocka_unit_test(test_check_sees_what_single_keys_cannot),
        cmocka_unit_test(test_restart_is_named),
        cmocka_unit_test(test_printed_configuration_reads_back),
        cmocka_unit_test(test_password_is_not_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
