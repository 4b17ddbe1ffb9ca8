/* SPDX-License-Identifier: MIT
 * P2, Hefei, and P1b, Qingdao: what is signed is the known text; what a sink sends its feed reads; what was
 * changed, or signed by another, is refused in the city's words; verdicts, clock and the day's balance.
 */
#include "city_test.h"
#include "shipped_test.h"

#define LOT     "OS2_10003_1632463801214"
#define KEYS    "\"public_key\":\"" TEST_PUBLIC_KEY "\",\"private_key\":\"" TEST_PRIVATE_KEY "\""
#define HEFEI   "{\"access_id\":\"a1\",\"window_s\":0," KEYS "}" /* the vector is old */
#define QINGDAO "{\"access_id\":\"id1\"," KEYS ",\"static\":{\"*\":{\"regionCode\":\"370281\"}}}"

typedef int call_fn(struct dialect_session *, const struct dialect_ctx *, const struct dialect_batch *,
                    struct dialect_request_list *, struct why *);

/* Of 20 places 10 are free, at the time of the vector; 50 cars came and 40 left. */
static void tell(const char *dialect, const char *params, call_fn *call, struct dialect_request_list *out)
{
    struct city_item c;
    struct why why = {0};
    struct dialect_item item = city_item(&c, LOT);
    struct dialect_batch batch = {.items = &item, .n = 1, .date = call == dialect_day ? "2026-11-22" : NULL};
    struct dialect_ctx ctx = city_ctx();
    struct dialect_session *s = open_session(ds, dialect, params);
    c.lot.total = c.reading.total = 20;
    c.lot.open = c.reading.open = 20;
    c.reading.free = 10;
    ctx.now_ms = c.reading.changed_ms = c.reading.observed_ms = 1700000000000;
    item.cars_in = 50;
    item.cars_out = 40;
    if (call(s, &ctx, &batch, out, &why))
        fail_msg("%s", why.text);
    assert_int_equal(out->n, 1);
    dialect_close(s);
}

static int hear(const char *dialect, const char *params, const struct dialect_request *sent, const char *want,
                const char *reply)
{
    return city_heard(ds, dialect, params, sent, want, reply);
}

/* ---- Hefei */

static struct view member(const struct json *j, const char *name)
{
    return json_text(json_get(j, name));
}

static void hefei_signs_the_known_text(void **state)
{
    (void)state;
    static const char data[] =
        "eyJvc1N0b3JlQ29kZSI6Ik9TMl8xMDAwM18xNjMyNDYzODAxMjE0IiwidG90YWwiOjIwLCJzdXJwbHVzIjoxMH0=";
    struct dialect_request_list sent;
    struct buf text, sign, hex;
    unsigned char digest[64];
    size_t n = 0;
    tell("hefei", HEFEI, dialect_push, &sent);
    assert_string_equal(sent.v[0].url, "https://lot.example/os-park/ospark/open/api/v2/uploadSurplus");
    struct json *j = city_json(buf_get(&sent.v[0].body));
    assert_true(view_is(member(j, "data"), data));
    buf_init(&text, 4096);
    buf_init(&sign, 4096);
    buf_init(&hex, 4096);
    buf_printf(&text, "a1%sRSA21700000000000", data);
    assert_int_equal(crypto_digest(DIGEST_SHA256, buf_get(&text), digest, &n), 0);
    assert_int_equal(hex_encode(&hex, (struct view){(char *)digest, n}), 0);
    assert_string_equal(hex.p, "1547e7f69dfcf70237deffa6115df3d54523915dcb975ce6029424d620d3e42f");
    assert_int_equal(base64_decode(&sign, member(j, "sign")), 0);
    assert_int_equal(rsa_verify(DIGEST_SHA256, VIEW(TEST_PUBLIC_KEY), buf_get(&text), buf_get(&sign)), 0);
    json_free(j);
    buf_fini(&hex);
    buf_fini(&sign);
    buf_fini(&text);
    dialect_request_list_fini(&sent);
}

static void hefei_both_ways(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    static const struct {
        call_fn *call;
        const char *heard, *reply;
    } rows[] = {
        {dialect_push, "report 0 lot=" LOT " counts free=10 total=20 time=2023-11-14T22:13:20Z\n",
         "\"code\":8888"},
        {dialect_beat, "report 0 lot=" LOT " beat time=2023-11-14T22:13:20Z\n",
         "\"serverTime\":1767225606000"},
        {dialect_day, "", "\"driveInFlag\":0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tell("hefei", HEFEI, rows[i].call, &sent);
        struct dialect_request *r = &sent.v[0];
        assert_int_equal(hear("hefei", HEFEI, r, rows[i].heard, rows[i].reply), 0);
        assert_int_equal(hear("hefei", "{\"access_id\":\"b\"," KEYS "}", r, "", "1003"), ERR_AUTH);
        assert_int_equal(hear("hefei", "{\"access_id\":\"a1\"," KEYS "}", r, "", "1007"), ERR_AUTH);
        assert_int_equal(hear("hefei",
                              "{\"access_id\":\"a1\",\"window_s\":0,\"public_key\":\"" TEST_OTHER_PUBLIC_KEY
                              "\"}",
                              r, "", "1008"),
                         ERR_AUTH);
        static const char *const signed_[] = {"\"data\":\"", "\"sign\":\"", "\"time_stamp\":1"};
        for (size_t k = 0; k < sizeof signed_ / sizeof *signed_; k++) {
            city_spoil(&r->body, signed_[k]);
            assert_int_equal(hear("hefei", HEFEI, r, "", "1008"), ERR_AUTH);
            city_spoil(&r->body, signed_[k]);
        }
        dialect_request_list_fini(&sent);
    }
}

static void hefei_judges(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum dialect_verdict want;
        int64_t clock_ms;
    } rows[] = {
        {"{\"code\":8888,\"data\":{\"serverTime\":1700000000123}}", VERDICT_OK, 1700000000123},
        {"{\"code\":\"8888\",\"msg\":\"ok\"}", VERDICT_OK, 0},
        {"{\"code\":1003,\"msg\":\"no access\"}", VERDICT_PAUSE, 0},
        {"{\"code\":\"1012\",\"msg\":\"no access\"}", VERDICT_PAUSE, 0},
        {"{\"code\":1013,\"msg\":\"signature\"}", VERDICT_PAUSE, 0},
        {"{\"code\":2007,\"msg\":\"not enabled\"}", VERDICT_PAUSE, 0},
        {"{\"msg\":\"no code\"}", VERDICT_RETRY, 0},
        {"{\"code\":1005,\"msg\":\"too frequent\"}", VERDICT_RETRY, 0},
        {"{\"code\":1007,\"msg\":\"expired\"}", VERDICT_RETRY, 0},
        {"{\"code\":4007,\"msg\":\"no such lot\"}", VERDICT_RETRY, 0},
    };
    struct dialect_request_list sent;
    struct dialect_ctx ctx = city_ctx();
    struct dialect_session *s = open_session(ds, "hefei", HEFEI);
    struct dialect_judgement j;
    tell("hefei", HEFEI, dialect_day, &sent);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_response res = {.status = 200, .body = view_of(rows[i].body)};
        assert_int_equal(dialect_check(s, &ctx, &sent.v[0], &res, &j), 0);
        if (j.all != rows[i].want || j.clock_ms != rows[i].clock_ms || j.unbalanced[0])
            fail_msg("%s: verdict %d", rows[i].body, (int)j.all);
        dialect_judgement_fini(&j);
    }
    struct dialect_response res = {
        .status = 200, .body = VIEW("{\"code\":8888,\"data\":{\"driveInFlag\":0,\"driveOutFlag\":\"1\"}}")};
    assert_int_equal(dialect_check(s, &ctx, &sent.v[0], &res, &j), 0);
    assert_int_equal(j.all, VERDICT_OK);
    assert_true(j.unbalanced[0]);
    dialect_judgement_fini(&j);
    dialect_request_list_fini(&sent);
    dialect_close(s);
}

/* ---- Qingdao */

static void open_cipher(const struct dialect_request *r, struct buf *out)
{
    struct view rest = buf_get(&r->body);
    struct buf cipher, raw;
    buf_init(&cipher, 8192);
    buf_init(&raw, 8192);
    while (rest.n) {
        struct view field = view_cut(&rest, '&');
        if (!view_starts(field, "cipher="))
            continue;
        for (size_t i = 7; i < field.n; i++) {
            bool escaped = field.p[i] == '%';
            buf_char(&cipher,
                     escaped ? (char)(city_hex(field.p[i + 1]) * 16 + city_hex(field.p[i + 2])) : field.p[i]);
            i += escaped ? 2 : 0;
        }
    }
    assert_int_equal(base64_decode(&raw, buf_get(&cipher)), 0);
    buf_clear(out);
    assert_int_equal(rsa_private_decrypt(out, VIEW(TEST_PRIVATE_KEY), buf_get(&raw)), 0);
    buf_fini(&raw);
    buf_fini(&cipher);
}

static void qingdao_both_ways(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    struct buf text;
    buf_init(&text, 8192);
    tell("qingdao", QINGDAO, dialect_push, &sent);
    struct dialect_request *r = &sent.v[0];
    assert_string_equal(r->url, "https://lot.example/uploadParkingState");
    open_cipher(r, &text);
    assert_string_equal(text.p,
                        "{\"data\":\"{\\\"parkingCode\\\":\\\"" LOT
                        "\\\",\\\"totalBerthNum\\\":20,\\\"openBerthNum\\\":20,\\\"freeBerthNum\\\":10,"
                        "\\\"uploadTime\\\":\\\"2023-11-15 06:13:20\\\"}\"}");
    assert_int_equal(hear("qingdao", QINGDAO, r,
                          "report 0 lot=" LOT " counts free=10 open=20 total=20 time=2023-11-14T22:13:20Z\n",
                          "200"),
                     0);
    static const char *const signed_[] = {"accessID=", "cipher=", "sign="};
    for (size_t k = 0; k < sizeof signed_ / sizeof *signed_; k++) {
        city_spoil(&r->body, signed_[k]);
        assert_int_equal(hear("qingdao", QINGDAO, r, "", "401"), ERR_AUTH);
        city_spoil(&r->body, signed_[k]);
    }
    dialect_request_list_fini(&sent);
    tell("qingdao", QINGDAO, dialect_beat, &sent);
    assert_int_equal(
        hear("qingdao", QINGDAO, &sent.v[0], "report 0 lot=" LOT " beat time=2023-11-14T22:13:20Z\n", "200"),
        0);
    dialect_request_list_fini(&sent);
    buf_fini(&text);
}

static void qingdao_makes_lots_known(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    struct buf text;
    buf_init(&text, 8192);
    tell("qingdao", QINGDAO, dialect_register, &sent);
    assert_string_equal(sent.v[0].url, "https://lot.example/uploadParkingInfo");
    open_cipher(&sent.v[0], &text);
    assert_true(has_text(buf_get(&text), "\\\"regionCode\\\":\\\"370281\\\""));
    assert_true(has_text(buf_get(&text), "\\\"totalBerthNum\\\":20"));
    assert_int_equal(hear("qingdao", QINGDAO, &sent.v[0], "", "200"), 0);
    dialect_request_list_fini(&sent);
    buf_fini(&text);
}

static void hangzhous_older_heartbeat(void **state)
{
    (void)state;
    static const char *const params[][2] = {
        {"", "https://lot.example/api/v2/tcjg/uploadHeartbeat"},
        {",\"beat_path\":\"/tcjg/api/uploadHeartbeat\"", "https://lot.example/tcjg/api/uploadHeartbeat"},
        {",\"base_path\":\"/x\"", "https://lot.example/x/uploadHeartbeat"},
    };
    struct dialect_request_list sent;
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        char text[4096];
        (void)snprintf(text, sizeof text, "{\"access_id\":\"id1\"," KEYS "%s}", params[i][0]);
        tell("hangzhou", text, dialect_beat, &sent);
        assert_string_equal(sent.v[0].url, params[i][1]);
        assert_int_equal(hear("hangzhou", text, &sent.v[0],
                              "report 0 lot=" LOT " beat time=2023-11-14T22:13:20Z\n", "200"),
                         0);
        dialect_request_list_fini(&sent);
    }
}

/* A platform may answer sealed by its private key. */
static void answers_may_be_sealed(void **state)
{
    (void)state;
    static const char params[] = "{\"access_id\":\"id1\",\"private_key\":\"" TEST_PRIVATE_KEY
                                 "\",\"platform_key\":\"" TEST_PUBLIC_KEY "\"}";
    struct dialect_request_list sent;
    struct dialect_ctx ctx = city_ctx();
    struct dialect_judgement j;
    struct buf raw, sealed;
    buf_init(&raw, 4096);
    buf_init(&sealed, 4096);
    struct dialect_session *s = open_session(ds, "hangzhou", params);
    tell("hangzhou", params, dialect_push, &sent);
    assert_int_equal(rsa_private_encrypt(&raw, VIEW(TEST_PRIVATE_KEY), VIEW("{\"resultCode\":200}")), 0);
    assert_int_equal(base64_encode(&sealed, buf_get(&raw)), 0);
    struct dialect_response res = {.status = 200, .body = buf_get(&sealed)};
    assert_int_equal(dialect_check(s, &ctx, &sent.v[0], &res, &j), 0);
    assert_int_equal(j.all, VERDICT_OK);
    dialect_judgement_fini(&j);
    res.body = VIEW("{\"resultCode\":422}");
    assert_int_equal(dialect_check(s, &ctx, &sent.v[0], &res, &j), 0);
    assert_int_equal(j.all, VERDICT_REJECT);
    dialect_judgement_fini(&j);
    dialect_request_list_fini(&sent);
    dialect_close(s);
    buf_fini(&sealed);
    buf_fini(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hefei_signs_the_known_text),
        cmocka_unit_test(hefei_both_ways),
        cmocka_unit_test(hefei_judges),
        cmocka_unit_test(qingdao_both_ways),
        cmocka_unit_test(qingdao_makes_lots_known),
        cmocka_unit_test(hangzhous_older_heartbeat),
        cmocka_unit_test(answers_may_be_sealed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
