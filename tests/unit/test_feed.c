/* SPDX-License-Identifier: MIT
 * Registrations of feeds and sinks: what is read, what is filled in, and that every fault is named.
 */
#include "model_test.h"
#include "parkd/model/feed.h"

#define HEX32  "00112233445566778899aabbccddeeff"
#define SECRET "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz" /* 24 bytes */
#define LEAST  "\"id\":\"f\",\"dialect\":\"native\",\"mode\":\"push\""

static int parse_feed(const char *text, struct feed *f, struct why *why)
{
    struct json *j = json_of(text);
    int err = feed_parse(j, f, why);
    json_free(j);
    return err;
}

static int parse_sink(const char *text, struct sink *s, struct why *why)
{
    struct json *j = json_of(text);
    int err = sink_parse(j, s, why);
    json_free(j);
    return err;
}

static void reads_a_whole_feed(void **state)
{
    struct feed f;
    struct why why = {0};
    (void)state;
    int err = parse_feed(
        "{\"id\":\"f1\",\"dialect\":\"keytop\",\"mode\":\"poll\",\"url\":\"https://a/b\",\"interval_ms\":100,"
        "\"params\":{\"app_id\":\"x\",\"n\":1.5,\"big\":9007199254740992,\"deep\":[{\"a\":null},true]},"
        "\"enabled\":false,\"paths\":[\"/a\",\"/b/c\"],\"auth\":{\"bearer_sha256\":[\"" HEX32 HEX32
        "\"],\"webhook_secrets\":[\"" SECRET "\"]},\"allow_http\":true,\"tls\":{\"ca_file\":\"c\","
        "\"cert_file\":\"d\",\"key_file\":\"e\",\"skip_verify\":true},\"notes\":\"n\"}",
        &f, &why);
    assert_int_equal(err, 0);
    assert_string_equal(f.id, "f1");
    assert_string_equal(f.dialect, "keytop");
    assert_int_equal(f.mode, FEED_POLL);
    assert_true(!f.enabled && f.allow_http && f.tls.skip_verify);
    assert_string_equal(f.url, "https://a/b");
    assert_int_equal(f.interval_ms, 100);
    assert_string_equal(f.params,
                        "{\"app_id\":\"x\",\"n\":1.5,\"big\":9007199254740992,\"deep\":[{\"a\":null},true]}");
    assert_int_equal(f.n_paths, 2);
    assert_string_equal(f.paths[1], "/b/c");
    assert_int_equal(f.n_bearer, 1);
    assert_memory_equal(f.bearer_sha256[0], "\x00\x11\x22\x33", 4);
    assert_int_equal(f.bearer_sha256[0][31], 0xff);
    assert_int_equal(f.n_secrets, 1);
    assert_string_equal(f.webhook_secrets[0], SECRET);
    assert_string_equal(f.tls.key_file, "e");
    feed_fini(&f);
    assert_null(f.params);
    feed_fini(&f);
}

static void fills_in_a_feed(void **state)
{
    struct feed f;
    struct why why = {0};
    (void)state;
    assert_int_equal(parse_feed("{" LEAST "}", &f, &why), 0);
    assert_string_equal(f.params, "{}");
    assert_true(f.enabled && !f.allow_http && f.n_paths == 0 && f.n_bearer == 0);
    assert_int_equal(f.interval_ms, 0);
    feed_fini(&f);
    assert_int_equal(
        parse_feed("{\"id\":\"f\",\"dialect\":\"generic\",\"mode\":\"poll\",\"url\":\"u\"}", &f, &why), 0);
    assert_int_equal(f.interval_ms, 30000);
    feed_fini(&f);
}

struct fault {
    const char *text, *at;
    int err;
};

static void faults_of_feeds(void **state)
{
    static const struct fault rows[] = {
        {"[]", "", ERR_TYPE},
        {"{}", "/id", ERR_MISSING},
        {"{\"id\":\"f 1\",\"dialect\":\"native\",\"mode\":\"push\"}", "/id", ERR_INVALID},
        {"{\"id\":\"f\",\"mode\":\"push\"}", "/dialect", ERR_MISSING},
        {"{\"id\":\"f\",\"dialect\":\"../x\",\"mode\":\"push\"}", "/dialect", ERR_INVALID},
        {"{\"id\":\"f\",\"dialect\":\"native\"}", "/mode", ERR_MISSING},
        {"{\"id\":\"f\",\"dialect\":\"native\",\"mode\":\"pull\"}", "/mode", ERR_RANGE},
        {"{\"id\":\"f\",\"dialect\":\"native\",\"mode\":\"poll\"}", "/url", ERR_MISSING},
        {"{" LEAST ",\"interval\":5}", "/interval", ERR_UNKNOWN_KEY},
        {"{" LEAST ",\"interval_ms\":99}", "/interval_ms", ERR_RANGE},
        {"{" LEAST ",\"interval_ms\":3600001}", "/interval_ms", ERR_RANGE},
        {"{" LEAST ",\"params\":[]}", "/params", ERR_TYPE},
        {"{" LEAST ",\"enabled\":1}", "/enabled", ERR_TYPE},
        {"{" LEAST ",\"paths\":[\"a\"]}", "/paths/0", ERR_INVALID},
        {"{" LEAST ",\"paths\":[\"/a\",\"/\"]}", "/paths/1", ERR_INVALID},
        {"{" LEAST ",\"paths\":[\"/a b\"]}", "/paths/0", ERR_INVALID},
        {"{" LEAST ",\"paths\":[\"/a?b\"]}", "/paths/0", ERR_INVALID},
        {"{" LEAST ",\"paths\":[7]}", "/paths/0", ERR_TYPE},
        {"{" LEAST ",\"paths\":[\"/a\",\"/b\",\"/c\",\"/d\",\"/e\"]}", "/paths", ERR_TOO_BIG},
        {"{" LEAST ",\"auth\":{\"bearer\":[]}}", "/auth/bearer", ERR_UNKNOWN_KEY},
        {"{" LEAST ",\"auth\":{\"bearer_sha256\":[\"" HEX32 "\"]}}", "/auth/bearer_sha256/0", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"bearer_sha256\":[\"" HEX32 HEX32 "\",\"" HEX32 HEX32 "zz\"]}}",
         "/auth/bearer_sha256/1", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"bearer_sha256\":\"" HEX32 HEX32 "\"}}", "/auth/bearer_sha256", ERR_TYPE},
        {"{" LEAST ",\"auth\":{\"webhook_secrets\":[\"whsec_short\"]}}", "/auth/webhook_secrets/0",
         ERR_INVALID},
        {"{" LEAST ",\"tls\":{\"cert_file\":\"c\"}}", "/tls/key_file", ERR_MISSING},
        {"{" LEAST ",\"tls\":{\"ca\":\"c\"}}", "/tls/ca", ERR_UNKNOWN_KEY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct feed f;
        struct why why = {0};
        int err = parse_feed(rows[i].text, &f, &why);
        if (err != rows[i].err || strcmp(why.at, rows[i].at) != 0 || !why.text[0])
            fail_msg("%s: %s at %s: %s", rows[i].text, err_name(err), why.at, why.text);
        assert_null(f.params);
    }
}

static void reads_sinks(void **state)
{
    struct sink s;
    struct why why = {0};
    (void)state;
    assert_int_equal(parse_sink("{\"id\":\"s\",\"dialect\":\"native\",\"url\":\"https://a\"}", &s, &why), 0);
    assert_true(s.enabled && s.batch == 100 && s.parallel == 1 && s.min_interval_ms == 200);
    assert_true(s.refresh_ms == 300000 && s.heartbeat_ms == 60000 && s.timeout_ms == 20000);
    assert_string_equal(s.params, "{}");
    sink_fini(&s);
    int err = parse_sink(
        "{\"id\":\"s\",\"dialect\":\"hangzhou\",\"url\":\"https://"
        "a\",\"params\":{\"k\":\"v\"},\"enabled\":false,"
        "\"secret\":\"" SECRET "\",\"bearer\":\"b\",\"batch\":1000,\"parallel\":8,\"min_interval_ms\":0,"
        "\"refresh_s\":0,\"heartbeat_s\":86400,\"timeout_ms\":100,\"tls\":{},\"notes\":null}",
        &s, &why);
    assert_int_equal(err, 0);
    assert_true(!s.enabled && s.batch == 1000 && s.parallel == 8 && s.refresh_ms == 0 &&
                s.heartbeat_ms == 86400000);
    assert_string_equal(s.params, "{\"k\":\"v\"}");
    assert_string_equal(s.secret, SECRET);
    assert_string_equal(s.bearer, "b");
    sink_fini(&s);
    sink_fini(&s);
}

#define SINK "\"id\":\"s\",\"dialect\":\"native\",\"url\":\"https://a\""

static void faults_of_sinks(void **state)
{
    static const struct fault rows[] = {
        {"{\"id\":\"s\",\"dialect\":\"native\"}", "/url", ERR_MISSING},
        {"{\"id\":\"s\",\"dialect\":\"native\",\"url\":\"\"}", "/url", ERR_MISSING},
        {"{" SINK ",\"batch\":0}", "/batch", ERR_RANGE},
        {"{" SINK ",\"batch\":1001}", "/batch", ERR_RANGE},
        {"{" SINK ",\"parallel\":9}", "/parallel", ERR_RANGE},
        {"{" SINK ",\"timeout_ms\":1.5}", "/timeout_ms", ERR_RANGE},
        {"{" SINK ",\"secret\":\"x\"}", "/secret", ERR_INVALID},
        {"{" SINK ",\"mode\":\"push\"}", "/mode", ERR_UNKNOWN_KEY},
        {"{" SINK ",\"tls\":{\"key_file\":\"k\"}}", "/tls/cert_file", ERR_MISSING},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sink s;
        struct why why = {0};
        int err = parse_sink(rows[i].text, &s, &why);
        if (err != rows[i].err || strcmp(why.at, rows[i].at) != 0 || !why.text[0])
            fail_msg("%s: %s at %s: %s", rows[i].text, err_name(err), why.at, why.text);
        assert_null(s.params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_feed), cmocka_unit_test(fills_in_a_feed),
        cmocka_unit_test(faults_of_feeds),    cmocka_unit_test(reads_sinks),
        cmocka_unit_test(faults_of_sinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
