/* SPDX-License-Identifier: MIT
 * Sinks that are no city's: a context broker (NGSI-LD), and a platform that its params describe. What they
 * send, known answers of the signature included, and what they make of answers.
 */
#include "city_test.h"
#include "shipped_test.h"

#include "parkd/base/json_write.h"

/* Two lots, A with 42 free places and B of which that is not known. */
struct two {
    struct city_item c[2];
    struct dialect_item items[2];
    struct dialect_batch batch;
    struct dialect_ctx ctx;
    struct dialect_session *s;
};

static void open_two(struct two *t, const char *dialect, const char *params)
{
    t->items[0] = city_item(&t->c[0], "A");
    t->items[1] = city_item(&t->c[1], "B");
    t->c[0].reading.band = BAND_PLENTY;
    t->c[0].reading.status = STATUS_OPEN;
    t->c[0].reading.changed_ms += 250;
    t->c[1].reading.free = COUNT_NONE;
    t->c[0].lot.has_point = true;
    t->c[0].lot.lng = 118.018;
    t->c[0].lot.lat = 36.807;
    t->batch = (struct dialect_batch){.items = t->items, .n = 2, .batch_id = "b"};
    t->ctx = city_ctx();
    t->ctx.url = VIEW("https://platform.example");
    t->s = open_session(ds, dialect, params);
}

static void push(struct two *t, struct dialect_request_list *out)
{
    struct why why = {0};
    if (dialect_push(t->s, &t->ctx, &t->batch, out, &why))
        fail_msg("%s", why.text);
}

static struct dialect_judgement judged(struct two *t, const struct dialect_request *r, int status,
                                       const char *body)
{
    struct dialect_judgement j;
    struct dialect_response res = {status, {0}, view_of(body)};
    int err = dialect_check(t->s, &t->ctx, r, &res, &j);
    if (err)
        fail_msg("%s", j.why.text);
    return j;
}

/* ---- NGSI-LD */

#define BROKER "{\"token\":\"t\",\"codes\":{\"B\":\"bee\"}}"
#define CONTEXT                                                                                     \
    "\"@context\":[\"https://raw.githubusercontent.com/smart-data-models/dataModel.Parking/master/" \
    "context.jsonld\"]"

static void entities_are_updated_and_an_unknown_one_is_replaced(void **state)
{
    struct two t;
    struct dialect_request_list l = {0};
    (void)state;
    open_two(&t, "ngsi-ld", BROKER);
    push(&t, &l);
    assert_int_equal(l.n, 2);
    assert_string_equal(l.v[0].url,
                        "https://platform.example/ngsi-ld/v1/entityOperations/upsert?options=update");
    assert_string_equal(l.v[0].method, "POST");
    assert_string_equal(header_of(&l.v[0], "Content-Type"), "application/ld+json");
    assert_string_equal(header_of(&l.v[0], "Authorization"), "Bearer t");
    assert_string_equal(l.v[0].body.p, "[{\"id\":\"urn:ngsi-ld:OffStreetParking:A\",\"type\":"
                                       "\"OffStreetParking\",\"name\":{\"type\":\"Property\",\"value\":"
                                       "\"北广场\"},\"location\":{\"type\":\"GeoProperty\",\"value\":{"
                                       "\"coordinates\":[118.018,36.807],\"type\":\"Point\"}},"
                                       "\"totalSpotNumber\":{\"type\":\"Property\",\"value\":300},"
                                       "\"availableSpotNumber\":{\"type\":\"Property\",\"value\":42,"
                                       "\"observedAt\":\"2026-01-01T00:00:00.250Z\"},\"status\":{\"type\":"
                                       "\"Property\",\"value\":[\"open\",\"spacesAvailable\"]"
                                       ",\"observedAt\":\"2026-01-01T00:00:00.250Z\"}," CONTEXT "}]");
    assert_string_equal(l.v[1].url, "https://platform.example/ngsi-ld/v1/entityOperations/upsert");
    assert_null(strstr(l.v[1].body.p, "availableSpotNumber"));
    assert_non_null(strstr(l.v[1].body.p, "urn:ngsi-ld:OffStreetParking:bee"));
    assert_int_equal(l.v[0].items[0], 0);
    assert_int_equal(l.v[1].items[0], 1);
    dialect_request_list_fini(&l);
    dialect_close(t.s);
}

static void a_207_names_what_failed(void **state)
{
    struct two t;
    struct dialect_request_list l = {0};
    (void)state;
    open_two(&t, "ngsi-ld", "{}");
    t.c[1].reading.free = 7;
    push(&t, &l);
    assert_int_equal(l.n, 1);
    struct dialect_judgement j = judged(&t, &l.v[0], 207,
                                        "{\"success\":[\"urn:ngsi-ld:OffStreetParking:A\"],\"errors\":[{"
                                        "\"entityId\":\"urn:ngsi-ld:OffStreetParking:B\","
                                        "\"error\":{\"title\":\"no\",\"status\":400}}]}");
    assert_int_equal(j.each[0], VERDICT_OK);
    assert_int_equal(j.each[1], VERDICT_REJECT);
    assert_string_equal(j.why.text, "urn:ngsi-ld:OffStreetParking:B: no");
    dialect_judgement_fini(&j);
    j = judged(&t, &l.v[0], 207,
               "{\"errors\":[{\"entityId\":\"urn:ngsi-ld:OffStreetParking:A\",\"error\":{\"status\":503}}]}");
    assert_int_equal(j.each[0], VERDICT_RETRY);
    dialect_judgement_fini(&j);
    j = judged(&t, &l.v[0], 207, "{\"errors\":[{\"entityId\":\"urn:x\",\"error\":{}}]}");
    assert_int_equal(j.all, VERDICT_RETRY);
    dialect_judgement_fini(&j);
    for (int i = 0; i < 2; i++) {
        j = judged(&t, &l.v[0], i ? 204 : 201, i ? "" : "[\"urn:ngsi-ld:OffStreetParking:A\"]");
        assert_int_equal(j.all, VERDICT_OK);
        dialect_judgement_fini(&j);
    }
    dialect_request_list_fini(&l);
    dialect_close(t.s);
}

/* What the platform says that it holds, of the first item. */
static size_t answered(struct two *t, int status, const char *body, struct dialect_known_item *out)
{
    struct dialect_request_list l = {0};
    struct dialect_known_list known;
    struct why why = {0};
    struct dialect_response res = {status, {0}, view_of(body)};
    assert_int_equal(dialect_ask(t->s, &t->ctx, &t->batch, &l, &why), 0);
    assert_int_equal(l.n, 2);
    if (dialect_answer(t->s, &t->ctx, &l.v[1], &res, &known, &why))
        fail_msg("%s", why.text);
    size_t n = known.n;
    if (n)
        *out = known.v[0];
    dialect_known_list_fini(&known);
    dialect_request_list_fini(&l);
    return n;
}

static void a_broker_is_asked(void **state)
{
    struct two t;
    struct dialect_known_item k;
    (void)state;
    open_two(&t, "ngsi-ld", "{}");
    assert_int_equal(
        answered(&t, 200,
                 "{\"id\":\"urn:ngsi-ld:OffStreetParking:B\",\"availableSpotNumber\":{\"type\":\"Property\","
                 "\"value\":0,\"observedAt\":\"2026-01-01T00:00:00.250Z\"},\"totalSpotNumber\":300}",
                 &k),
        1);
    assert_int_equal(k.item, 1);
    assert_int_equal(k.free, 0);
    assert_int_equal(k.total, 300);
    assert_int_equal(k.open, COUNT_NONE);
    assert_true(k.time_ms == CITY_CHANGED + 250);
    assert_int_equal(answered(&t, 404, "{\"title\":\"no\"}", &k), 0);
    dialect_close(t.s);
}

/* ---- plain */

#define SIGNED                                                                                      \
    "\"hmac_key\":\"sesame\",\"headers\":{\"X-Time\":\"{now|s}\"},\"hmac\":{\"header\":\"X-Sign\"," \
    "\"prefix\":"                                                                                   \
    "\"sha256=\",\"signed\":\"{now|s}.{body|text}\"}"

static void one_lot_a_request_signed(void **state)
{
    struct two t;
    struct dialect_request_list l = {0};
    (void)state;
    open_two(&t, "plain",
             "{" SIGNED
             ",\"path\":\"/up/{code|url}?n={name|url}\",\"method\":\"PUT\",\"codes\":{\"A\":\"a b\"},"
             "\"words\":{\"status\":{\"open\":1}},\"static\":{\"*\":{\"street\":\"人民路\"},\"B\":{"
             "\"street\":\"共\"}},"
             "\"body\":\"{\\\"id\\\":{code},\\\"left\\\":{free},\\\"used\\\":{occupied},\\\"st\\\":{status},"
             "\\\"at\\\":"
             "{changed|%Y-%m-%d %H:%M:%S},\\\"o\\\":{{},\\\"s\\\":{street},\\\"iso\\\":{changed|iso}}\"}");
    push(&t, &l);
    assert_int_equal(l.n, 2);
    assert_string_equal(l.v[0].url, "https://platform.example/up/a%20b?n=%E5%8C%97%E5%B9%BF%E5%9C%BA");
    assert_string_equal(l.v[0].method, "PUT");
    assert_string_equal(
        l.v[0].body.p,
        "{\"id\":\"a b\",\"left\":42,\"used\":78,\"st\":1,\"at\":\"2026-01-01 08:00:00\",\"o\":{},"
        "\"s\":\"人民路\",\"iso\":\"2026-01-01T00:00:00.250Z\"}");
    assert_string_equal(header_of(&l.v[0], "X-Time"), "1767225606");
    /* printf %s "1767225606.$BODY" | openssl dgst -sha256 -hmac sesame */
    assert_string_equal(header_of(&l.v[0], "X-Sign"),
                        "sha256=c1edc97929843dc1b1de4777a3e6e471eac90f2b13fff37ccb54290def785bb3");
    assert_non_null(strstr(l.v[1].body.p, "\"left\":null,\"used\":null,\"st\":null"));
    assert_non_null(strstr(l.v[1].body.p, "\"s\":\"共\""));
    dialect_request_list_fini(&l);
    dialect_close(t.s);
}

static void all_lots_in_one_list(void **state)
{
    struct two t;
    struct dialect_request_list l = {0};
    (void)state;
    open_two(&t, "plain",
             "{\"token\":\"k\",\"body\":\"{\\\"n\\\":{count},\\\"list\\\":[{items}]}\",\"item\":\"{"
             "\\\"id\\\":{lot},\\\"left\\\":"
             "{free}}\"}");
    push(&t, &l);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.v[0].n_items, 2);
    assert_string_equal(l.v[0].url, "https://platform.example");
    assert_string_equal(l.v[0].body.p,
                        "{\"n\":2,\"list\":[{\"id\":\"A\",\"left\":42},{\"id\":\"B\",\"left\":null}]}");
    assert_string_equal(header_of(&l.v[0], "Authorization"), "Bearer k");
    dialect_request_list_fini(&l);
    dialect_close(t.s);
    open_two(
        &t, "plain",
        "{\"body\":\"{items}\",\"join\":\"\\n\",\"item\":\"{lot|text};{free|text}\",\"skip_unknown\":true}");
    push(&t, &l);
    assert_string_equal(l.v[0].body.p, "A;42");
    assert_int_equal(l.v[0].n_items, 1);
    dialect_request_list_fini(&l);
    dialect_close(t.s);
}

static void a_rule_says_what_is_good(void **state)
{
    static const struct {
        const char *body;
        enum dialect_verdict want;
        const char *words;
    } rows[] = {{"{\"r\":{\"code\":0}}", VERDICT_OK, ""},
                {"{\"r\":{\"code\":\"200\"}}", VERDICT_OK, ""},
                {"{\"r\":{\"code\":7,\"msg\":\"no such lot\"}}", VERDICT_REJECT, "7: no such lot"},
                {"{\"r\":{\"code\":\"8\",\"msg\":\"key\"}}", VERDICT_PAUSE, "8: key"},
                {"{\"r\":{\"code\":9}}", VERDICT_RETRY, "9: no words"},
                {"{}", VERDICT_RETRY, "nil: no words"}};
    struct two t;
    struct dialect_request_list l = {0};
    (void)state;
    open_two(&t, "plain",
             "{\"body\":\"x\",\"good\":{\"path\":\"/r/code\",\"equals\":[0,\"200\"],\"message\":\"/r/"
             "msg\",\"reject\":[7],"
             "\"pause\":[8]}}");
    push(&t, &l);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_judgement j = judged(&t, &l.v[0], 200, rows[i].body);
        assert_int_equal(j.all, rows[i].want);
        assert_string_equal(j.why.text, rows[i].words);
        dialect_judgement_fini(&j);
    }
    dialect_request_list_fini(&l);
    dialect_close(t.s);
}

static void signs_of_life_and_questions_are_optional(void **state)
{
    struct two t;
    struct dialect_request_list l = {0};
    struct dialect_known_item k;
    struct why why = {0};
    (void)state;
    open_two(&t, "plain", "{\"body\":\"x\"}");
    assert_int_equal(dialect_beat(t.s, &t.ctx, &t.batch, &l, &why), 0);
    assert_int_equal(l.n, 0);
    assert_int_equal(dialect_ask(t.s, &t.ctx, &t.batch, &l, &why), 0);
    assert_int_equal(l.n, 0);
    dialect_close(t.s);
    open_two(&t, "plain",
             "{\"body\":\"x\",\"beat\":{\"path\":\"/beat\",\"body\":\"{lot}\"},\"ask\":{\"path\":\"/get/"
             "{lot|url}\",\"free\":"
             "\"/data/0/left\",\"total\":\"/data/0/all\",\"time\":\"/t\",\"format\":\"s\"}}");
    assert_int_equal(dialect_beat(t.s, &t.ctx, &t.batch, &l, &why), 0);
    assert_string_equal(l.v[0].url, "https://platform.example/beat");
    assert_string_equal(l.v[0].body.p, "\"A\"");
    dialect_request_list_fini(&l);
    assert_int_equal(answered(&t, 200, "{\"t\":1767225600,\"data\":[{\"left\":\"5\",\"all\":9}]}", &k), 1);
    assert_int_equal(k.free, 5);
    assert_int_equal(k.total, 9);
    assert_true(k.time_ms == CITY_CHANGED);
    assert_int_equal(answered(&t, 200, "{\"code\":404}", &k), 0);
    assert_int_equal(answered(&t, 404, "", &k), 0);
    dialect_close(t.s);
}

static void without_its_key_nothing_is_signed(void **state)
{
    struct two t;
    struct dialect_request_list l = {0};
    struct why why = {0};
    (void)state;
    open_two(&t, "plain", "{\"body\":\"x\",\"hmac\":{}}");
    assert_int_not_equal(dialect_push(t.s, &t.ctx, &t.batch, &l, &why), 0);
    assert_non_null(strstr(why.text, "hmac_key"));
    dialect_close(t.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entities_are_updated_and_an_unknown_one_is_replaced),
        cmocka_unit_test(a_207_names_what_failed),
        cmocka_unit_test(a_broker_is_asked),
        cmocka_unit_test(one_lot_a_request_signed),
        cmocka_unit_test(all_lots_in_one_list),
        cmocka_unit_test(a_rule_says_what_is_good),
        cmocka_unit_test(signs_of_life_and_questions_are_optional),
        cmocka_unit_test(without_its_key_nothing_is_signed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
