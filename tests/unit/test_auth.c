/* SPDX-License-Identifier: MIT
 * auth: keys, signatures, secrets in URLs, addresses, windows, repeats.
 */
#include "api_test.h"

#include "api/auth.h"
#include "parkd/base/crypto.h"
#include "parkd/base/webhook.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BODY   "{\"test\": 2432232314}"

static struct feed feed_of(const char *dialect, bool bearer, bool secret)
{
    struct feed f = {.id = "f", .enabled = true, .mode = FEED_PUSH};
    size_t n = 0;
    unsigned char digest[DIGEST_MAX];
    (void)snprintf(f.dialect, sizeof f.dialect, "%s", dialect);
    assert_int_equal(crypto_digest(DIGEST_SHA256, VIEW("key-two"), digest, &n), 0);
    memcpy(f.bearer_sha256[1], digest, 32);
    f.n_bearer = bearer ? 2 : 0;
    if (secret)
        (void)snprintf(f.webhook_secrets[f.n_secrets++], 100, "%s", SECRET);
    return f;
}

/* The published vector of Standard Webhooks. */
static struct auth_request vector(void)
{
    return (struct auth_request){.webhook_id = VIEW("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                                 .webhook_timestamp = VIEW("1614265330"),
                                 .webhook_signature = VIEW("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                                 .body = VIEW(BODY),
                                 .now_s = 1614265330,
                                 .window_s = 300};
}

static void checks_keys(void **state)
{
    static const struct {
        const char *authorization;
        bool good;
    } rows[] = {{"Bearer key-two", true}, {"bearer   key-two ", true},
                {"Bearer key-tw", false}, {"Bearer key-two2", false},
                {"Basic key-two", false}, {"Bearer", false},
                {"Bearer ", false},       {"", false},
                {"key-two", false}};
    struct feed f = feed_of("native", true, false);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct auth_request r = {
            .authorization = view_of(rows[i].authorization), .now_s = 1, .window_s = 300};
        struct why why = {0};
        if ((auth_check(&f, &r, &why) == 0) != rows[i].good)
            fail_msg("\"%s\": %s", rows[i].authorization, why.text);
    }
}

static void no_key_is_held_open(void **state)
{
    struct feed none = feed_of("native", false, false), mapped = feed_of("generic", false, false),
                vendor = feed_of("hangzhou", false, false), both = feed_of("hangzhou", true, false);
    struct auth_request r = {.now_s = 1, .window_s = 300};
    struct why why;
    (void)state;
    assert_int_equal(auth_check(&none, &r, &why), ERR_AUTH);
    assert_int_equal(auth_check(&mapped, &r, &why), ERR_AUTH);
    assert_int_equal(auth_check(&vendor, &r, &why), 0); /* its dialect verifies */
    assert_int_equal(auth_check(&both, &r, &why), ERR_AUTH);
    assert_int_equal(auth_check(NULL, &r, &why), ERR_AUTH);
    r.authorization = VIEW("Bearer key-two");
    assert_int_equal(auth_check(NULL, &r, &why), ERR_AUTH);
}

static void checks_signatures(void **state)
{
    struct feed f = feed_of("native", false, true), other = feed_of("native", true, false);
    struct auth_request r = vector();
    struct why why = {0};
    (void)state;
    assert_int_equal(auth_check(&f, &r, &why), 0);
    assert_int_equal(auth_check(&other, &r, &why), ERR_AUTH);
    assert_int_equal(auth_check(NULL, &r, &why), ERR_AUTH);
    r.now_s += 300;
    assert_int_equal(auth_check(&f, &r, &why), 0);
    r.now_s += 1;
    assert_int_equal(auth_check(&f, &r, &why), ERR_AUTH);
    assert_non_null(strstr(why.text, "300 s"));
    r.window_s = 6000; /* a fast test clock */
    assert_int_equal(auth_check(&f, &r, &why), 0);
    r = vector();
    r.now_s -= 301;
    assert_int_equal(auth_check(&f, &r, &why), ERR_AUTH);
    r = vector();
    r.body = VIEW("{\"test\": 2432232315}");
    assert_int_equal(auth_check(&f, &r, &why), ERR_AUTH);
    r = vector();
    r.webhook_id = VIEW("msg_other");
    assert_int_equal(auth_check(&f, &r, &why), ERR_AUTH);
    r = vector();
    r.webhook_timestamp = VIEW("1614265331");
    assert_int_equal(auth_check(&f, &r, &why), ERR_AUTH);
    r.webhook_timestamp = VIEW("-5");
    assert_int_equal(auth_check(&f, &r, &why), ERR_AUTH);
    assert_non_null(strstr(why.text, "malformed"));
    r = vector();
    r.webhook_signature = VIEW("v1,AAAA v1a,xx v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(auth_check(&f, &r, &why), 0);
}

/* What stands in for absent keys is in the source: whoever signs with it must still be a stranger. */
static void stand_ins_open_nothing(void **state)
{
    struct feed bearer = feed_of("native", true, false), secret = feed_of("native", false, true);
    struct webhook_message m = {VIEW("m"), 1614265330, VIEW(BODY)};
    struct auth_request r = vector();
    struct why why;
    char sig[WEBHOOK_SIG_SIZE];
    (void)state;
    assert_int_equal(webhook_sign(VIEW("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &m, sig), 0);
    r.webhook_id = m.id;
    r.webhook_signature = view_of(sig);
    assert_int_equal(auth_check(NULL, &r, &why), ERR_AUTH);
    assert_int_equal(auth_check(&bearer, &r, &why), ERR_AUTH);
    assert_int_equal(auth_check(&secret, &r, &why), ERR_AUTH);
}

/* A feed with a secret in the URL ("in-url", as its second) and two registered addresses. */
static struct feed boxed(bool secret, bool addresses, bool allow_http)
{
    struct feed f = feed_of("generic", false, false);
    unsigned char digest[DIGEST_MAX];
    size_t n = 0;
    assert_int_equal(crypto_digest(DIGEST_SHA256, VIEW("in-url"), digest, &n), 0);
    memcpy(f.url_secret_sha256[1], digest, 32);
    f.n_url_secrets = secret ? 2 : 0;
    if (addresses) {
        (void)snprintf(f.addresses[0], sizeof f.addresses[0], "198.51.100.0/24");
        (void)snprintf(f.addresses[1], sizeof f.addresses[1], "2001:db8::7");
        f.n_addresses = 2;
    }
    f.allow_http = allow_http;
    return f;
}

static void checks_secrets_in_urls_and_addresses(void **state)
{
    static const struct {
        const char *secret, *peer;
        bool knows_secret, knows_address;
        bool private, allow_http;
        int err;
    } rows[] = {
        {"in-url", "203.0.113.9", true, false, true, false, 0},
        {"in-url", "203.0.113.9", true, false, false, true, 0},
        {"in-url", "203.0.113.9", true, false, false, false, ERR_REFUSED},
        {"in-url", "203.0.113.9", false, false, true, true, ERR_AUTH},
        {"in-ur", "203.0.113.9", true, false, true, true, ERR_AUTH},
        {"in-url2", "203.0.113.9", true, false, true, true, ERR_AUTH},
        {"", "203.0.113.9", true, false, true, true, ERR_AUTH},
        {"", "198.51.100.200", false, true, true, false, 0},
        {"", "198.51.100.200", false, true, false, true, 0},
        {"", "198.51.100.200", false, true, false, false, ERR_REFUSED},
        {"", "198.51.101.1", false, true, true, true, ERR_AUTH},
        {"", "2001:db8::7", false, true, true, true, 0},
        {"", "2001:db8::8", false, true, true, true, ERR_AUTH},
        {"", "unix", false, true, true, true, ERR_AUTH},
        {"", "", false, true, true, true, ERR_AUTH},
        {"wrong", "198.51.100.200", true, true, true, true, 0}, /* either is enough */
        {"in-url", "203.0.113.9", true, true, true, true, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct feed f = boxed(rows[i].knows_secret, rows[i].knows_address, rows[i].allow_http);
        struct auth_request r = {.url_secret = view_of(rows[i].secret),
                                 .peer = view_of(rows[i].peer),
                                 .private = rows[i].private,
                                 .now_s = 1,
                                 .window_s = 300};
        struct why why = {0};
        int err = auth_check(&f, &r, &why);
        if (err != rows[i].err || (err != 0) != (why.text[0] != 0))
            fail_msg("row %zu: %s \"%s\"", i, err_name(err), why.text);
        if (err == ERR_REFUSED)
            assert_non_null(strstr(why.text, "plain HTTP"));
        assert_int_equal(auth_check(NULL, &r, &why), ERR_AUTH);
    }
}

/* A key or a signature needs nobody's consent: it proves itself. And a feed with an address to come from is
 * not open, though its dialect checks signatures. */
static void consent_is_for_the_weak_ways_only(void **state)
{
    struct feed f = feed_of("native", true, false), vendor = feed_of("hangzhou", false, false);
    struct auth_request r = {.authorization = VIEW("Bearer key-two"), .now_s = 1, .window_s = 300};
    struct why why = {0};
    (void)state;
    assert_int_equal(auth_check(&f, &r, &why), 0);
    (void)snprintf(vendor.addresses[0], sizeof vendor.addresses[0], "198.51.100.7");
    vendor.n_addresses = 1;
    r = (struct auth_request){.peer = VIEW("198.51.100.8"), .private = true, .now_s = 1, .window_s = 300};
    assert_int_equal(auth_check(&vendor, &r, &why), ERR_AUTH);
    assert_string_equal(why.text, "address 198.51.100.8 is not registered for this feed");
    r.peer = VIEW("198.51.100.7");
    assert_int_equal(auth_check(&vendor, &r, &why), 0);
}

static struct auth_message message(const char *feed, const char *id, const char *body)
{
    struct auth_message m;
    assert_int_equal(auth_message_of(feed, view_of(id), view_of(body), &m), 0);
    return m;
}

static void remembers_messages(void **state)
{
    struct auth_memory *mem = auth_memory_new();
    struct auth_message a = message("f", "1", "x"), other_feed = message("g", "1", "x"),
                        other_id = message("f", "2", "x"), other_body = message("f", "1", "y");
    (void)state;
    assert_false(auth_memory_has(mem, &a, 0));
    auth_memory_add(mem, &a, 1000);
    auth_memory_add(mem, &a, 2000);
    assert_true(auth_memory_has(mem, &a, 1000 + 600 * 1000));
    assert_false(auth_memory_has(mem, &other_feed, 2000) || auth_memory_has(mem, &other_id, 2000) ||
                 auth_memory_has(mem, &other_body, 2000));
    assert_false(auth_memory_has(mem, &a, 1000 + AUTH_KEEP_MS));
    auth_memory_free(mem);
}

static void memory_is_bounded(void **state)
{
    struct auth_memory *mem = auth_memory_new();
    struct auth_message m = {{0}};
    (void)state;
    for (int i = 0; i < AUTH_KEEP_MAX + 10; i++) {
        memcpy(m.digest, &i, sizeof i);
        auth_memory_add(mem, &m, i);
    }
    assert_true(auth_memory_has(mem, &m, 30000));
    int gone = 9, kept = 10;
    memcpy(m.digest, &gone, sizeof gone);
    assert_false(auth_memory_has(mem, &m, 30000));
    memcpy(m.digest, &kept, sizeof kept);
    assert_true(auth_memory_has(mem, &m, 30000));
    auth_memory_free(mem);
    auth_memory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_keys),
        cmocka_unit_test(no_key_is_held_open),
        cmocka_unit_test(checks_signatures),
        cmocka_unit_test(stand_ins_open_nothing),
        cmocka_unit_test(checks_secrets_in_urls_and_addresses),
        cmocka_unit_test(consent_is_for_the_weak_ways_only),
        cmocka_unit_test(remembers_messages),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
