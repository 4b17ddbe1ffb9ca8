/* SPDX-License-Identifier: MIT
 * P7, Beijing Xicheng: the known answers of the new hub's signature and cipher, both hubs and the way back;
 * what was changed or signed by another is refused.
 */
#include "city_test.h"
#include "shipped_test.h"

#define UUID    "7ec04880-cd0b-402d-bd92-b4e582ddc09e"
#define KEYS    "\"app_key\":\"parking-app-key\",\"app_secret\":\"parking-app-secret\""
#define ACCOUNT KEYS ",\"data_key\":\"aes-test-key-001\""
#define NEW     "{" ACCOUNT ",\"app_uuid\":\"tea-trade-device-01\"}"
#define QUERY                                                              \
    "?app_key=parking-app-key&app_uuid=tea-trade-device-01&req_uuid=" UUID \
    "&sig_method=HMAC-SHA1&timestamp=1697942682"
#define BASE "https://lot.example/parkings/parking-app-key"

enum call { PUSH, REGISTER };

/* What a sink sends of the lot A at the time of the vectors: 100 places are free, 50 cars came, 40 left. */
static void tell(const char *dialect, const char *params, enum call call, struct dialect_request_list *out)
{
    struct city_item c;
    struct why why = {0};
    struct dialect_item item = city_item(&c, "A");
    struct dialect_batch batch = {.items = &item, .n = 1, .date = "2023-10-22"}; /* cars are counted */
    struct dialect_ctx ctx = city_ctx();
    struct dialect_session *s = open_session(ds, dialect, params);
    ctx.nonce = VIEW(UUID);
    ctx.now_ms = c.reading.changed_ms = 1697942682000;
    c.reading.free = 100;
    item.cars_in = 50;
    item.cars_out = 40;
    c.lot.has_point = true;
    c.lot.lng = 116.404;
    c.lot.lat = 39.915;
    c.lot.datum = DATUM_GCJ02;
    c.lot.class_total[CLASS_ACCESSIBLE] = 2;
    c.lot.class_total[CLASS_CHARGING_FAST] = 4;
    int err = call == PUSH ? dialect_push(s, &ctx, &batch, out, &why)
                           : dialect_register(s, &ctx, &batch, out, &why);
    if (err)
        fail_msg("%s", why.text);
    dialect_close(s);
}

static int hear(const char *dialect, const char *params, const struct dialect_request *sent, const char *want,
                const char *reply)
{
    return city_heard(ds, dialect, params, sent, want, reply);
}

static void the_known_answers(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    tell("xicheng", NEW, PUSH, &sent);
    assert_int_equal(sent.n, 1);
    assert_string_equal(sent.v[0].url, BASE "/operations" QUERY "&signature=OEEw%2A7dK5A4tG0tOG4Wg-Y9jkrE");
    assert_string_equal(sent.v[0].body.p, "data=bvpLR3TermecQEvvvrmMHaCsUm9WefZoWKi1mWIA86AmC8a4et9%2AIUbKhT%"
                                          "2AFanykBKswJjOC8eGjXObG1wCPXA");
    assert_string_equal(header_of(&sent.v[0], "content-type"), "application/x-www-form-urlencoded");
    dialect_request_list_fini(&sent);
}

#define HEARD(lot) "report 0 lot=" lot " counts free=100 time=2023-10-22T02:44:42Z\n"

static const struct {
    const char *dialect, *sink, *feed, *other;
} hubs[] = {
    {"xicheng", NEW, NEW,
     "{\"app_key\":\"parking-app-key\",\"app_secret\":\"x\",\"data_key\":\"aes-test-key-001\"}"},
    {"xicheng", "{\"accounts\":{\"A\":{" ACCOUNT "}},\"sig_method\":\"HMAC-SHA256\"}",
     "{\"accounts\":{\"B\":{\"app_key\":\"b\",\"app_secret\":\"b\"},\"A\":{" ACCOUNT "}}}",
     "{\"accounts\":{\"B\":{\"app_key\":\"b\",\"app_secret\":\"b\"}}}"},
    {"xicheng-old", "{" KEYS "}", "{" KEYS "}", "{\"app_key\":\"parking-app-key\",\"app_secret\":\"x\"}"},
};

static void both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hubs / sizeof *hubs; i++) {
        struct dialect_request_list sent;
        tell(hubs[i].dialect, hubs[i].sink, PUSH, &sent);
        struct dialect_request *r = &sent.v[0];
        assert_int_equal(hear(hubs[i].dialect, hubs[i].feed, r, HEARD("parking-app-key"), "\"code\":\"0\""),
                         0);
        assert_int_equal(hear(hubs[i].dialect, hubs[i].other, r, "", "\"code\":\"401\""), ERR_AUTH);
        static const char *const signed_[] = {"req_uuid=", "timestamp=", "app_uuid=", "signature="};
        for (size_t k = 0; k < sizeof signed_ / sizeof *signed_; k++) {
            char *at = strstr(r->url, signed_[k]) + strlen(signed_[k]);
            *at ^= 1;
            assert_int_equal(hear(hubs[i].dialect, hubs[i].feed, r, "", "\"code\":\"401\""), ERR_AUTH);
            *at ^= 1;
        }
        dialect_request_list_fini(&sent);
    }
}

static void only_the_own_lot(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    tell("xicheng", NEW, PUSH, &sent);
    memcpy(strstr(sent.v[0].url, "parkings/") + 9, "Parking", 7);
    assert_int_equal(hear("xicheng", NEW, &sent.v[0], "", "\"code\":\"401\""), ERR_AUTH);
    dialect_request_list_fini(&sent);
    tell("xicheng", "{\"accounts\":{\"B\":{" ACCOUNT "}}}", PUSH, &sent);
    assert_int_equal(sent.n, 0); /* a lot without an account has nothing to tell */
    dialect_request_list_fini(&sent);
}

static void what_is_not_sealed_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "data=", "data=AAAA", "{\"data\":7}", "data=%%%", "{", "free=1"};
    struct dialect_request_list sent;
    tell("xicheng", NEW, PUSH, &sent);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        buf_clear(&sent.v[0].body);
        buf_view(&sent.v[0].body, view_of(bodies[i]));
        assert_int_equal(hear("xicheng", NEW, &sent.v[0], "", "\"code\":\"400\""), ERR_SYNTAX);
    }
    dialect_request_list_fini(&sent);
}

/* The static record of the new hub, opened. */
static void open_record(const struct dialect_request *r, struct buf *out)
{
    struct json *body = city_json(buf_get(&r->body));
    struct buf text, raw;
    struct cipher_spec spec = {.alg = CIPHER_AES, .mode = CIPHER_ECB, .key = VIEW("aes-test-key-001")};
    struct view data = json_text(json_get(body, "data"));
    buf_init(&text, 4096);
    buf_init(&raw, 4096);
    for (size_t i = 0; i < data.n; i++)
        buf_char(&text, data.p[i] == '*' ? '+' : data.p[i] == '-' ? '/' : data.p[i]);
    while (text.n % 4)
        buf_char(&text, '=');
    assert_int_equal(base64_decode(&raw, buf_get(&text)), 0);
    assert_int_equal(cipher_decrypt(out, &spec, buf_get(&raw)), 0);
    buf_fini(&raw);
    buf_fini(&text);
    json_free(body);
}

#define KNOWN                                                                                              \
    "\"abbrname\":\"\xe5\x8c\x97\xe5\xb9\xbf\xe5\x9c\xba\",\"bizspace\":120,\"contact\":\"\xe7\x94\xb2\"," \
    "\"dsspace\":2,"
#define STATIC ",\"static\":{\"*\":{\"contact\":\"\xe7\x94\xb2\"},\"A\":{\"street\":7}}}"

static void a_lot_is_made_known(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    struct buf text;
    buf_init(&text, 4096);
    tell("xicheng", "{" ACCOUNT STATIC, REGISTER, &sent);
    assert_string_equal(sent.v[0].method, "PUT");
    assert_true(view_starts(view_of(sent.v[0].url), BASE "?app_key="));
    open_record(&sent.v[0], &text);
    assert_true(view_starts(buf_get(&text), "{" KNOWN "\"fastpile\":4,\"fullname\":\"\xe5\x8c\x97"));
    assert_true(has_text(buf_get(&text), "\"id\":\"parking-app-key\",\"lat\":39.92133"));
    assert_true(has_text(buf_get(&text), "\"lng\":116.41036"));
    assert_true(has_text(buf_get(&text), "\"space\":300,\"street\":7,\"updatetime\":1697942682}"));
    assert_int_equal(hear("xicheng", NEW, &sent.v[0], "", "\"code\":\"0\""), 0);
    dialect_request_list_fini(&sent);
    tell("xicheng-old", "{" KEYS STATIC, REGISTER, &sent);
    assert_true(view_starts(view_of(sent.v[0].url), "https://lot.example/parkinfo?app_key="));
    assert_true(view_starts(buf_get(&sent.v[0].body), "{" KNOWN "\"fullname\":\"\xe5\x8c\x97"));
    assert_true(has_text(buf_get(&sent.v[0].body), "\"space\":300"));
    dialect_request_list_fini(&sent);
    buf_fini(&text);
}

static void a_2xx_is_good_unless_it_says_another_code(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum dialect_verdict want;
    } rows[] = {{"", VERDICT_OK},
                {"{\"code\":\"0\",\"msg\":\"ok\"}", VERDICT_OK},
                {"{\"code\":200}", VERDICT_OK},
                {"{}", VERDICT_OK},
                {"{\"code\":\"1024\",\"msg\":\"invalid app key\"}", VERDICT_RETRY},
                {"{\"code\":\"what\"}", VERDICT_RETRY}};
    struct dialect_request_list sent;
    tell("xicheng", NEW, PUSH, &sent);
    struct dialect_session *s = open_session(ds, "xicheng", NEW);
    struct dialect_ctx ctx = city_ctx();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_judgement j;
        struct dialect_response res = {200, {0}, view_of(rows[i].body)};
        int err = dialect_check(s, &ctx, &sent.v[0], &res, &j);
        if (err || j.all != rows[i].want)
            fail_msg("%s: %s, verdict %d", rows[i].body, err_name(err), (int)j.all);
        dialect_judgement_fini(&j);
    }
    dialect_close(s);
    dialect_request_list_fini(&sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_answers),   cmocka_unit_test(both_ways),
        cmocka_unit_test(only_the_own_lot),    cmocka_unit_test(what_is_not_sealed_is_refused),
        cmocka_unit_test(a_lot_is_made_known), cmocka_unit_test(a_2xx_is_good_unless_it_says_another_code),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
