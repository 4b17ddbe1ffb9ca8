/* SPDX-License-Identifier: MIT
 * P6, Guiyang: the known answers of both versions' ciphers, what is signed, and the way back; what was
 * changed or sealed by another is refused.
 */
#include "city_test.h"
#include "shipped_test.h"

#define CIPHER_KEY "MDEyMzQ1Njc4OWFiY2RlZg==" /* 0123456789abcdef */
#define V1_DATA                                                                                        \
    "5OIRyOKfn/XG6DQLqaA0OWFMfSqLTda+WdGkYZmLHFoLiv8W6BD8SPpxw8iPinJuBNoQ6WgRlJIuvSgfzSSz7cZyvjtzHpfS" \
    "9pZWKT+dv1E5NCsNQt0nTdXV6osDbt6vpGxWI9xfQfp9Z270mwknJLFxELkvBAxWI1aT3E4G7sdSXNr+9LTEOiqPpNW+0KsY" \
    "r5WG6JgEd/9Zu4PUWWqZCMAPpwinAOYN/kH1iE6DPOc="
#define V2_DATA                                                                                        \
    "ubzCize0p8wiNvO0eUMaXb5y7yMeIDFsX/LSVICY12TRQMlws1BTuUo/mze0Tqd1A65rk/22VlEj2t1G8FkDgGIWCiu6mj/R" \
    "NbVGcdQhYH1ufZkhT8vCdmx75jRw2HLPC5lZsDYc4BVOx3IT3JMU3DtrFXsnm2LaOiT5M6NK0nTxDcL2ZpqAPBAdQWTGfGGV" \
    "gkhJQCA4A3Gm3IkZ+kY/5h0Aydm7au9bkhZQvN57/l8="
#define V2_SIGNED                                                         \
    "event_time=2026-01-01 08:00:00&open_parking_number=120&park_id=P001" \
    "&remain_parking_number=42&reserved_parking_number=0&total_parking_number=300"

/* Made for this test; they protect nothing. */
#define SM2_PRIVATE "ee2eb47cded0d5a3949f708028c504b5cf0b1f7d29f33c004caf5a8999a666d0"
#define SM2_PUBLIC                                                       \
    "0415e6fde29605216a6a910923b11ff837305e25db0a0d5919dde11c3255e21a84" \
    "17360e206adf3a4795a334dd23f24ab33f05f513406036b56106628cbeebd106"
#define SM2_OTHER                                                        \
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020" \
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"

#define PARAMS(version, more) \
    "{\"version\":\"" version "\",\"app_id\":\"a1\",\"cipher_key\":\"" CIPHER_KEY "\"," more "}"

struct version {
    const char *sink, *feed, *other, *url, *data;
} versions[] = {
    {PARAMS("v1", "\"private_key\":\"" TEST_PRIVATE_KEY "\""),
     PARAMS("v1", "\"public_key\":\"" TEST_PUBLIC_KEY "\""),
     PARAMS("v1", "\"public_key\":\"" TEST_OTHER_PUBLIC_KEY "\""),
     "https://lot.example/api/mercury/park/heartbeat", V1_DATA},
    {PARAMS("v2", "\"private_key\":\"" SM2_PRIVATE "\""), PARAMS("v2", "\"public_key\":\"" SM2_PUBLIC "\""),
     PARAMS("v2", "\"public_key\":\"" SM2_OTHER "\""),
     "https://lot.example/open-server/api/mercury/park/heartbeat", V2_DATA},
};

static void tell(const char *params, bool beat, struct dialect_request_list *out)
{
    struct city_item c;
    struct why why = {0};
    struct dialect_item item = city_item(&c, "P001");
    struct dialect_batch batch = {.items = &item, .n = 1};
    struct dialect_ctx ctx = city_ctx();
    struct dialect_session *s = open_session(ds, "guiyang", params);
    int err = beat ? dialect_beat(s, &ctx, &batch, out, &why) : dialect_push(s, &ctx, &batch, out, &why);
    if (err)
        fail_msg("%s", why.text);
    assert_int_equal(out->n, 1);
    dialect_close(s);
}

static int hear(const char *params, const struct dialect_request *sent, const char *want, const char *reply)
{
    return city_heard(ds, "guiyang", params, sent, want, reply);
}

static void the_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct dialect_request_list sent;
        tell(versions[i].sink, false, &sent);
        assert_string_equal(sent.v[0].url, versions[i].url);
        struct json *body = city_json(buf_get(&sent.v[0].body));
        assert_true(view_is(json_text(json_get(body, "data")), versions[i].data));
        assert_true(view_is(json_text(json_get(body, "app_id")), "a1"));
        assert_true(view_is(json_text(json_get(body, "timestamp")), "20260101080006"));
        json_free(body);
        dialect_request_list_fini(&sent);
    }
}

static struct view sign_of(const struct json *body, struct buf *raw)
{
    buf_init(raw, 4096);
    assert_int_equal(base64_decode(raw, json_text(json_get(body, "sign"))), 0);
    return buf_get(raw);
}

static void v1_signs_the_envelope(void **state)
{
    (void)state;
    static const char text[] = "app_id=a1&data=" V1_DATA "&timestamp=20260101080006&version=1.0.0";
    struct dialect_request_list sent;
    struct buf raw;
    tell(versions[0].sink, false, &sent);
    struct json *body = city_json(buf_get(&sent.v[0].body));
    assert_int_equal(rsa_verify(DIGEST_SHA256, VIEW(TEST_PUBLIC_KEY), VIEW(text), sign_of(body, &raw)), 0);
    assert_true(view_is(json_text(json_get(body, "image")), ""));
    buf_fini(&raw);
    json_free(body);
    dialect_request_list_fini(&sent);
}

static void v2_signs_the_business_fields(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    struct buf raw;
    tell(versions[1].sink, false, &sent);
    struct json *body = city_json(buf_get(&sent.v[0].body));
    struct sm2_signed what = {.data = VIEW(V2_SIGNED),
                              .signature = sign_of(body, &raw),
                              .user_id = VIEW(SM2_USER_ID),
                              .form = SM2_DER};
    assert_int_equal(sm2_verify(VIEW(SM2_PUBLIC), &what), 0);
    buf_fini(&raw);
    json_free(body);
    dialect_request_list_fini(&sent);
}

#define COUNTS "report 0 lot=P001 counts free=42 open=120 total=300 time="

static void both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        const struct version *v = &versions[i];
        struct dialect_request_list sent;
        tell(v->sink, false, &sent);
        assert_int_equal(hear(v->feed, &sent.v[0], COUNTS "2026-01-01T00:00:00Z\n", "\"code\":0"), 0);
        assert_int_equal(hear(v->other, &sent.v[0], "", "\"code\":401"), ERR_AUTH);
        static const char *const members[] = {"\"data\":\"", "\"sign\":\"", "\"app_id\":\"a"};
        for (size_t k = 0; k < sizeof members / sizeof *members; k++) {
            city_spoil(&sent.v[0].body, members[k]);
            assert_int_not_equal(hear(v->feed, &sent.v[0], "", "\"code\":401"), 0);
            city_spoil(&sent.v[0].body, members[k]);
        }
        dialect_request_list_fini(&sent);
    }
}

/* The repetition is dated by the last confirmation: the state that comes next is never older. */
static void a_heartbeat_is_the_counts_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct dialect_request_list sent;
        tell(versions[i].sink, true, &sent);
        assert_int_equal(hear(versions[i].feed, &sent.v[0], COUNTS "2026-01-01T00:00:05Z\n", "\"code\":0"),
                         0);
        dialect_request_list_fini(&sent);
    }
}

/* The client that was found pads before its library does. */
static void padding_twice_is_read_too(void **state)
{
    (void)state;
    struct dialect_request_list sent;
    tell(PARAMS("v2", "\"pads_twice\":true,\"private_key\":\"" SM2_PRIVATE "\""), false, &sent);
    struct json *body = city_json(buf_get(&sent.v[0].body));
    assert_false(view_is(json_text(json_get(body, "data")), V2_DATA));
    assert_true(view_starts(json_text(json_get(body, "data")), "ubzCize0p8wiNvO0eUMaXb5y7yMeIDFsX"));
    json_free(body);
    assert_int_equal(hear(versions[1].feed, &sent.v[0], COUNTS "2026-01-01T00:00:00Z\n", "\"code\":0"), 0);
    dialect_request_list_fini(&sent);
}

static void an_unknown_count_is_not_told(void **state)
{
    (void)state;
    struct city_item c;
    struct why why = {0};
    struct dialect_request_list sent;
    struct dialect_item item = city_item(&c, "P001");
    struct dialect_batch batch = {.items = &item, .n = 1};
    struct dialect_ctx ctx = city_ctx();
    struct dialect_session *s = open_session(ds, "guiyang", versions[0].sink);
    c.reading.free = COUNT_NONE;
    assert_int_equal(dialect_push(s, &ctx, &batch, &sent, &why), 0);
    assert_int_equal(sent.n, 0);
    dialect_request_list_fini(&sent);
    dialect_close(s);
}

static void every_code_but_0_is_a_failure(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum dialect_verdict want;
    } rows[] = {{"{\"code\":0,\"message\":\"ok\"}", VERDICT_OK},
                {"{\"code\":\"0\"}", VERDICT_OK},
                {"{\"code\":1,\"message\":\"no such lot\"}", VERDICT_RETRY},
                {"{\"message\":\"what\"}", VERDICT_RETRY},
                {"{}", VERDICT_RETRY}};
    struct dialect_request_list sent;
    tell(versions[0].sink, false, &sent);
    struct dialect_session *s = open_session(ds, "guiyang", versions[0].sink);
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
        cmocka_unit_test(the_known_answers),
        cmocka_unit_test(v1_signs_the_envelope),
        cmocka_unit_test(v2_signs_the_business_fields),
        cmocka_unit_test(both_ways),
        cmocka_unit_test(a_heartbeat_is_the_counts_again),
        cmocka_unit_test(padding_twice_is_read_too),
        cmocka_unit_test(an_unknown_count_is_not_told),
        cmocka_unit_test(every_code_but_0_is_a_failure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
