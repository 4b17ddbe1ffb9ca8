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

#define POLL "\"id\":\"f\",\"dialect\":\"generic\",\"mode\":\"poll\",\"url\":\"https://a/b\""
#define MQTT "\"id\":\"f\",\"dialect\":\"generic\",\"mode\":\"mqtt\""

static struct feed good_feed(const char *text)
{
    struct feed f;
    struct why why = {0};
    if (parse_feed(text, &f, &why))
        fail_msg("%s: %s: %s", text, why.at, why.text);
    return f;
}

static void reads_who_may_push(void **state)
{
    struct feed f =
        good_feed("{" LEAST ",\"auth\":{\"url_secret_sha256\":[\"" HEX32 HEX32 "\",\"" HEX32 HEX32
                  "\"],\"addresses\":[\"203.0.113.7\",\"198.51.100.0/24\",\"fd00::/8\",\"::1\"]}}");
    (void)state;
    assert_int_equal(f.n_url_secrets, 2);
    assert_int_equal(f.url_secret_sha256[1][31], 0xff);
    assert_int_equal(f.n_addresses, 4);
    assert_string_equal(f.addresses[1], "198.51.100.0/24");
    assert_string_equal(f.addresses[3], "::1");
    feed_fini(&f);
}

static void reads_access(void **state)
{
    (void)state;
    struct feed f = good_feed("{" POLL ",\"access\":{\"basic\":{\"user\":\"u\",\"password\":\"p:q\"}}}");
    assert_int_equal(f.access.kind, ACCESS_BASIC);
    assert_string_equal(f.access.user, "u");
    assert_string_equal(f.access.password, "p:q");
    feed_fini(&f);
    assert_null(f.access.user);
    f = good_feed("{" POLL ",\"access\":{\"bearer\":\"a.b.c\"}}");
    assert_int_equal(f.access.kind, ACCESS_BEARER);
    assert_string_equal(f.access.bearer, "a.b.c");
    feed_fini(&f);
    f = good_feed("{" POLL ",\"access\":{\"key\":{\"query\":\"api key\",\"value\":\"v w\"}}}");
    assert_true(f.access.kind == ACCESS_KEY && f.access.n_keys == 1 && f.access.keys[0].in_query);
    assert_string_equal(f.access.keys[0].name, "api key");
    feed_fini(&f);
    f = good_feed("{" POLL
                  ",\"access\":{\"key\":[{\"header\":\"X-App\",\"value\":\"1\"},{\"header\":\"X-Key\","
                  "\"value\":\"2\"}]}}");
    assert_true(f.access.n_keys == 2 && !f.access.keys[1].in_query);
    assert_string_equal(f.access.keys[1].value, "2");
    feed_fini(&f);
    f = good_feed("{" POLL ",\"access\":{\"oauth2\":{\"token_url\":\"https://t/o\",\"client_id\":\"i\","
                  "\"client_secret\":\"s\",\"scope\":\"r w\",\"in_body\":true}}}");
    assert_true(f.access.kind == ACCESS_OAUTH2 && f.access.in_body);
    assert_string_equal(f.access.token_url, "https://t/o");
    assert_string_equal(f.access.user, "i");
    assert_string_equal(f.access.password, "s");
    assert_string_equal(f.access.scope, "r w");
    feed_fini(&f);
    feed_fini(&f);
    f = good_feed("{" POLL ",\"access\":null}");
    assert_int_equal(f.access.kind, ACCESS_NONE);
    feed_fini(&f);
}

static void reads_mqtt(void **state)
{
    static const char *const brokers[] = {"mqtt://b:1", "mqtts://b.example:65535", "mqtt://[::1]:1883"};
    (void)state;
    struct feed f =
        good_feed("{" MQTT ",\"url\":\"mqtts://b:8883\",\"mqtt\":{\"topics\":[\"park/+/left\",\"#\","
                  "\"/a/#\",\"x\"],\"user\":\"u\",\"password\":\"p\",\"client_id\":\"c\",\"qos\":2}}");
    assert_int_equal(f.mode, FEED_MQTT);
    assert_int_equal(f.interval_ms, 0);
    assert_int_equal(f.mqtt.n_topics, 4);
    assert_string_equal(f.mqtt.topics[0], "park/+/left");
    assert_string_equal(f.mqtt.user, "u");
    assert_string_equal(f.mqtt.password, "p");
    assert_string_equal(f.mqtt.client_id, "c");
    assert_int_equal(f.mqtt.qos, 2);
    feed_fini(&f);
    for (size_t i = 0; i < sizeof brokers / sizeof brokers[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "{" MQTT ",\"url\":\"%s\",\"mqtt\":{\"topics\":[\"a\"]}}",
                       brokers[i]);
        f = good_feed(text);
        feed_fini(&f);
    }
}

static void reads_pace_and_memory(void **state)
{
    struct feed f = good_feed("{" LEAST "}");
    (void)state;
    assert_true(f.spacing_ms == 0 && f.keep_bodies == FEED_KEEP_BODIES);
    feed_fini(&f);
    f = good_feed("{" LEAST ",\"spacing_ms\":60000,\"keep_bodies\":0}");
    assert_true(f.spacing_ms == 60000 && f.keep_bodies == 0);
    feed_fini(&f);
}

static void knows_the_same_feed(void **state)
{
    static const char *const rows[] = {
        "{" POLL "}",
        "{" POLL ",\"spacing_ms\":1}",
        "{" POLL ",\"params\":{\"a\":1}}",
        "{" POLL ",\"access\":{\"bearer\":\"a\"}}",
        "{" POLL ",\"access\":{\"bearer\":\"b\"}}",
        "{" POLL ",\"access\":{\"basic\":{\"user\":\"u\",\"password\":\"p\"}}}",
        "{" POLL ",\"access\":{\"basic\":{\"user\":\"u\",\"password\":\"q\"}}}",
        "{" POLL ",\"access\":{\"key\":{\"header\":\"u\",\"value\":\"p\"}}}",
        "{" POLL ",\"access\":{\"key\":{\"query\":\"u\",\"value\":\"p\"}}}",
        "{" POLL
        ",\"access\":{\"key\":[{\"query\":\"u\",\"value\":\"p\"},{\"query\":\"v\",\"value\":\"p\"}]}}",
        "{" POLL
        ",\"access\":{\"oauth2\":{\"token_url\":\"t\",\"client_id\":\"i\",\"client_secret\":\"s\"}}}",
        "{" POLL ",\"access\":{\"oauth2\":{\"token_url\":\"t\",\"client_id\":\"i\",\"client_secret\":\"s\","
        "\"scope\":\"x\"}}}",
    };
    const size_t n = sizeof rows / sizeof rows[0];
    (void)state;
    for (size_t i = 0; i < n * n; i++) {
        struct feed a = good_feed(rows[i / n]), b = good_feed(rows[i % n]);
        if (feed_same(&a, &b) != (i / n == i % n))
            fail_msg("%s and %s", rows[i / n], rows[i % n]);
        feed_fini(&a);
        feed_fini(&b);
    }
}

struct fault {
    const char *text, *at;
    int err;
};

static void fails_as(const struct fault *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct feed f;
        struct why why = {0};
        int err = parse_feed(rows[i].text, &f, &why);
        if (err != rows[i].err || strcmp(why.at, rows[i].at) != 0 || !why.text[0])
            fail_msg("%s: %s at %s: %s", rows[i].text, err_name(err), why.at, why.text);
        assert_null(f.params);
    }
}

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
        {"{" LEAST ",\"paths\":[\"/a\",\"/b\",\"/c\",\"/d\",\"/e\",\"/f\",\"/g\",\"/h\",\"/i\"]}", "/paths",
         ERR_TOO_BIG},
        {"{" LEAST ",\"auth\":{\"bearer\":[]}}", "/auth/bearer", ERR_UNKNOWN_KEY},
        {"{" LEAST ",\"auth\":{\"bearer_sha256\":[\"" HEX32 "\"]}}", "/auth/bearer_sha256/0", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"bearer_sha256\":[\"" HEX32 HEX32 "\",\"" HEX32 HEX32 "zz\"]}}",
         "/auth/bearer_sha256/1", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"bearer_sha256\":\"" HEX32 HEX32 "\"}}", "/auth/bearer_sha256", ERR_TYPE},
        {"{" LEAST ",\"auth\":{\"webhook_secrets\":[\"whsec_short\"]}}", "/auth/webhook_secrets/0",
         ERR_INVALID},
        {"{" LEAST ",\"tls\":{\"cert_file\":\"c\"}}", "/tls/key_file", ERR_MISSING},
        {"{" LEAST ",\"tls\":{\"ca\":\"c\"}}", "/tls/ca", ERR_UNKNOWN_KEY},
        {"{" LEAST ",\"auth\":{\"url_secret\":\"x\"}}", "/auth/url_secret", ERR_UNKNOWN_KEY},
        {"{" LEAST ",\"auth\":{\"url_secret_sha256\":[\"" HEX32 "\"]}}", "/auth/url_secret_sha256/0",
         ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"url_secret_sha256\":2}}", "/auth/url_secret_sha256", ERR_TYPE},
        {"{" LEAST ",\"auth\":{\"addresses\":[\"::\",\"203.0.113.7/33\"]}}", "/auth/addresses/1",
         ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"addresses\":[\"fd00::/129\"]}}", "/auth/addresses/0", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"addresses\":[\"a.example\"]}}", "/auth/addresses/0", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"addresses\":[\"\"]}}", "/auth/addresses/0", ERR_INVALID},
        {"{" LEAST ",\"auth\":{\"addresses\":[\"1.2.3.4/\"]}}", "/auth/addresses/0", ERR_INVALID},
        {"{" LEAST ",\"spacing_ms\":60001}", "/spacing_ms", ERR_RANGE},
        {"{" LEAST ",\"spacing_ms\":-1}", "/spacing_ms", ERR_RANGE},
        {"{" LEAST ",\"keep_bodies\":101}", "/keep_bodies", ERR_RANGE},
        {"{" LEAST ",\"access\":{\"bearer\":\"x\"}}", "/access", ERR_INVALID},
        {"{" LEAST ",\"mqtt\":{\"topics\":[\"x\"]}}", "/mqtt", ERR_INVALID},
    };
    (void)state;
    fails_as(rows, sizeof rows / sizeof rows[0]);
}

#define ACCESS(text)      "{" POLL ",\"access\":" text "}"
#define BROKER(url, text) "{" MQTT ",\"url\":\"" url "\",\"mqtt\":" text "}"

static void faults_of_access(void **state)
{
    static const struct fault rows[] = {
        {ACCESS("7"), "/access", ERR_TYPE},
        {ACCESS("{}"), "/access", ERR_INVALID},
        {ACCESS("{\"token\":\"x\"}"), "/access/token", ERR_UNKNOWN_KEY},
        {ACCESS("{\"bearer\":\"x\",\"key\":{\"header\":\"a\",\"value\":\"b\"}}"), "/access", ERR_INVALID},
        {ACCESS("{\"basic\":\"u:p\"}"), "/access/basic", ERR_TYPE},
        {ACCESS("{\"basic\":{\"user\":\"u\"}}"), "/access/basic/password", ERR_MISSING},
        {ACCESS("{\"basic\":{\"user\":\"u:v\",\"password\":\"p\"}}"), "/access/basic/user", ERR_INVALID},
        {ACCESS("{\"basic\":{\"user\":\"u\",\"password\":7}}"), "/access/basic/password", ERR_TYPE},
        {ACCESS("{\"basic\":{\"user\":\"u\",\"password\":\"a\\nb\"}}"), "/access/basic/password",
         ERR_INVALID},
        {ACCESS("{\"basic\":{\"user\":\"u\",\"pass\":\"p\"}}"), "/access/basic/pass", ERR_UNKNOWN_KEY},
        {ACCESS("{\"bearer\":\"\"}"), "/access/bearer", ERR_MISSING},
        {ACCESS("{\"bearer\":\"Bearer x\"}"), "/access/bearer", ERR_INVALID},
        {ACCESS("{\"key\":{\"value\":\"b\"}}"), "/access/key", ERR_MISSING},
        {ACCESS("{\"key\":{\"header\":\"a\",\"query\":\"a\",\"value\":\"b\"}}"), "/access/key", ERR_MISSING},
        {ACCESS("{\"key\":{\"header\":\"a b\",\"value\":\"b\"}}"), "/access/key/header", ERR_INVALID},
        {ACCESS("{\"key\":{\"query\":\"\",\"value\":\"b\"}}"), "/access/key/query", ERR_INVALID},
        {ACCESS("{\"key\":{\"header\":\"a\"}}"), "/access/key/value", ERR_MISSING},
        {ACCESS("{\"key\":[]}"), "/access/key", ERR_RANGE},
        {ACCESS("{\"key\":[{\"query\":\"a\",\"value\":\"1\"},7]}"), "/access/key/1", ERR_TYPE},
        {ACCESS("{\"key\":[{\"header\":\"A\",\"value\":\"1\"},{\"header\":\"a\",\"value\":\"2\"}]}"),
         "/access/key/1", ERR_INVALID},
        {ACCESS(
             "{\"key\":[{\"query\":\"a\",\"value\":\"1\"},{\"query\":\"b\",\"value\":\"2\"},{\"query\":\"c\","
             "\"value\":\"3\"}]}"),
         "/access/key", ERR_RANGE},
        {ACCESS("{\"oauth2\":{\"client_id\":\"i\",\"client_secret\":\"s\"}}"), "/access/oauth2/token_url",
         ERR_MISSING},
        {ACCESS("{\"oauth2\":{\"token_url\":\"t\",\"client_secret\":\"s\"}}"), "/access/oauth2/client_id",
         ERR_MISSING},
        {ACCESS("{\"oauth2\":{\"token_url\":\"t\",\"client_id\":\"i\"}}"), "/access/oauth2/client_secret",
         ERR_MISSING},
        {ACCESS(
             "{\"oauth2\":{\"token_url\":\"t\",\"client_id\":\"i\",\"client_secret\":\"s\",\"scope\":[]}}"),
         "/access/oauth2/scope", ERR_TYPE},
        {ACCESS(
             "{\"oauth2\":{\"token_url\":\"t\",\"client_id\":\"i\",\"client_secret\":\"s\",\"in_body\":1}}"),
         "/access/oauth2/in_body", ERR_TYPE},
    };
    (void)state;
    fails_as(rows, sizeof rows / sizeof rows[0]);
}

static void faults_of_mqtt(void **state)
{
    static const struct fault rows[] = {
        {"{" MQTT ",\"url\":\"mqtt://b:1883\"}", "/mqtt", ERR_MISSING},
        {"{" MQTT ",\"mqtt\":{\"topics\":[\"a\"]}}", "/url", ERR_INVALID},
        {BROKER("http://b:1883", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://b", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://:1883", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://b:0", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://b:1883/x", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://u@b:1883", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://a:b:1883", "{\"topics\":[\"a\"]}"), "/url", ERR_INVALID},
        {BROKER("mqtt://b:1883", "{}"), "/mqtt/topics", ERR_MISSING},
        {BROKER("mqtt://b:1883", "{\"topics\":[]}"), "/mqtt/topics", ERR_MISSING},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a\",\"\"]}"), "/mqtt/topics/1", ERR_INVALID},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a/#/b\"]}"), "/mqtt/topics/0", ERR_INVALID},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a#\"]}"), "/mqtt/topics/0", ERR_INVALID},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a/b+\"]}"), "/mqtt/topics/0", ERR_INVALID},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}"), "/mqtt/topics",
         ERR_TOO_BIG},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a\"],\"qos\":3}"), "/mqtt/qos", ERR_RANGE},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a\"],\"password\":\"p\"}"), "/mqtt/user", ERR_MISSING},
        {BROKER("mqtt://b:1883", "{\"topics\":[\"a\"],\"topic\":\"p\"}"), "/mqtt/topic", ERR_UNKNOWN_KEY},
    };
    (void)state;
    fails_as(rows, sizeof rows / sizeof rows[0]);
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
        {"{" SINK ",\"readers\":[\"00\"]}", "/readers/0", ERR_INVALID},
        {"{" SINK ",\"readers\":\"00\"}", "/readers", ERR_TYPE},
        {"{" SINK ",\"readers\":[1,2,3,4]}", "/readers", ERR_TOO_BIG},
        {"{" SINK ",\"reader\":\"a-key\"}", "/reader", ERR_UNKNOWN_KEY},
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
        cmocka_unit_test(reads_a_whole_feed),  cmocka_unit_test(fills_in_a_feed),
        cmocka_unit_test(reads_who_may_push),  cmocka_unit_test(reads_access),
        cmocka_unit_test(reads_mqtt),          cmocka_unit_test(reads_pace_and_memory),
        cmocka_unit_test(knows_the_same_feed), cmocka_unit_test(faults_of_access),
        cmocka_unit_test(faults_of_mqtt),      cmocka_unit_test(faults_of_feeds),
        cmocka_unit_test(reads_sinks),         cmocka_unit_test(faults_of_sinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
