/* SPDX-License-Identifier: MIT
 * Changzhou (P3), Xuzhou (P4), Kunming (P5): the published recipes' known answers, as a sink signs and as a
 * way in verifies; what is signed wrongly is refused in each one's manner. Lots' registrations and what the
 * platforms answer to them.
 */
#include "shipped_test.h"

#define NEW_YEAR 1767225600000 /* 2026-01-01 08:00:00 in Beijing */

#define P3_SINK "{\"apps\":{\"L\":{\"appid\":\"app1\",\"secret\":\"sec1\"}},\"city_code\":\"320400000000\"}"
#define P3_FEED "{\"apps\":{\"app1\":{\"secret\":\"sec1\",\"lot\":\"P001\"},\"app2\":{\"secret\":\"sec2\"}}}"
#define P4_BOTH "{\"appkey\":\"k1\",\"secret\":\"sec1\",\"codes\":{\"L\":\"P001\"}}"
#define P5_BOTH "{\"tenant_id\":\"T1\",\"key\":\"KEY1\",\"codes\":{\"L\":\"P001\"}}"

/* One lot of 100 places, 10 of them free, and both ends of one dialect. */
struct ends {
    struct lot lot;
    struct reading reading;
    struct dialect_item item;
    struct dialect_session *sink, *feed;
    struct dialect_request_list sent;
    struct report_list heard;
    struct dialect_reply reply;
    struct why why;
    const char *query; /* of the message that is heard */
};

static void begin(struct ends *e, const char *dialect, const char *sink, const char *feed)
{
    *e = (struct ends){.lot = {.id = "L", .name = "北广场", .total = 100, .open = COUNT_NONE}};
    e->sink = open_session(ds, dialect, sink);
    e->feed = open_session(ds, dialect, feed);
    report_list_init(&e->heard);
    reading_init(&e->reading);
    e->reading.seq = 1;
    e->reading.free = 10;
    e->reading.changed_ms = NEW_YEAR;
    e->reading.observed_ms = TEST_NOW - 1000;
    e->item = (struct dialect_item){.lot = &e->lot, .reading = &e->reading, .version = 1};
}

static void end(struct ends *e)
{
    dialect_request_list_fini(&e->sent);
    dialect_reply_fini(&e->reply);
    report_list_fini(&e->heard);
    dialect_close(e->sink);
    dialect_close(e->feed);
}

static struct dialect_batch batch_of(const struct ends *e)
{
    return (struct dialect_batch){.items = &e->item, .n = 1, .batch_id = "b-1"};
}

typedef int tell_fn(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why);

/* Makes the one request that `tell` is expected to make. */
static const struct dialect_request *told(struct ends *e, tell_fn *tell)
{
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_batch batch = batch_of(e);
    dialect_request_list_fini(&e->sent);
    if (tell(e->sink, &ctx, &batch, &e->sent, &e->why))
        fail_msg("%s: %s", e->why.at, e->why.text);
    assert_int_equal(e->sent.n, 1);
    return &e->sent.v[0];
}

static struct view query_of(void *accessor, const char *name)
{
    struct view rest = view_of(((const struct ends *)accessor)->query);
    while (rest.n) {
        struct view value = view_cut(&rest, '&');
        struct view key = view_cut(&value, '=');
        if (view_is(key, name))
            return value;
    }
    return (struct view){0};
}

static int hear(struct ends *e, const char *path, const char *query, const char *body)
{
    struct dialect_ctx ctx = test_ctx(NULL);
    e->query = query;
    struct dialect_inbound in = {.method = VIEW("POST"),
                                 .path = view_of(path),
                                 .body = view_of(body),
                                 .query = query_of,
                                 .accessor = e};
    dialect_reply_fini(&e->reply);
    report_list_fini(&e->heard);
    report_list_init(&e->heard);
    return dialect_receive(e->feed, &ctx, &in, &e->heard, &e->reply, &e->why);
}

static struct dialect_judgement judged(struct ends *e, const char *body)
{
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_response res = {200, {0}, view_of(body)};
    struct dialect_judgement j;
    if (dialect_check(e->sink, &ctx, &e->sent.v[0], &res, &j))
        j.all = VERDICT_RETRY;
    return j;
}

static void assert_verdict(struct ends *e, const char *body, enum dialect_verdict want, const char *words)
{
    struct dialect_judgement j = judged(e, body);
    assert_int_equal(j.all, want);
    if (!strstr(j.why.text, words))
        fail_msg("%s: %s", body, j.why.text);
    dialect_judgement_fini(&j);
}

/* ---- P3 */

#define P3_QUERY   "appid=app1&timestamp=1700000000&version=1.0&sign="
#define P3_SIGN    "3ce5031510d2093b0a611799809cd2c9"
#define P3_BODY    "data=%7B%22spaceCount%22%3A10%2C%22totalCount%22%3A100%7D"
#define P3_COUNTS  "/record/empty.htm"
#define P3_GOOD    "{\"success\":true,\"message\":\"成功\"}"
#define P3_NO_SIGN "{\"success\":false,\"message\":\"签名错误\"}"
#define P3_NO_APP  "{\"success\":false,\"message\":\"appid不存在\"}"

static void changzhou_signs(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "changzhou", P3_SINK, P3_FEED);
    const struct dialect_request *r = told(&e, dialect_push);
    assert_string_equal(r->url, "https://lot.example" P3_COUNTS "?" P3_QUERY P3_SIGN);
    assert_string_equal(r->body.p, P3_BODY);
    assert_string_equal(header_of(r, "content-type"), "application/x-www-form-urlencoded");
    assert_verdict(&e, P3_GOOD, VERDICT_OK, "");
    assert_verdict(&e, "{\"success\":\"true\"}", VERDICT_OK, "");
    assert_verdict(&e, P3_NO_SIGN, VERDICT_RETRY, "签名错误");
    assert_verdict(&e, "{\"success\":\"false\"}", VERDICT_RETRY, "");
    assert_verdict(&e, "{}", VERDICT_RETRY, "");
    end(&e);
}

static void changzhou_verifies(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "changzhou", P3_SINK, P3_FEED);
    assert_int_equal(hear(&e, P3_COUNTS, P3_QUERY P3_SIGN, P3_BODY), 0);
    assert_list(&e.heard, "report 0 lot=P001 counts free=10 total=100 time=2023-11-14T22:13:20Z\n");
    assert_string_equal(e.reply.body.p, P3_GOOD);
    assert_int_equal(hear(&e, "//record/empty.htm", P3_QUERY P3_SIGN, P3_BODY), 0);
    assert_int_equal(hear(&e, P3_COUNTS, P3_QUERY "3CE5031510D2093B0A611799809CD2C9", P3_BODY), 0);
    /* another encoder than Java's, signed as it was sent */
    assert_int_equal(hear(&e, P3_COUNTS, P3_QUERY "09f53f0be29b0d7ac17bba27b1397e4d",
                          "data=%7B%22spaceCount%22:10,%20%22totalCount%22:100%7D"),
                     0);
    assert_list(&e.heard, "report 0 lot=P001 counts free=10 total=100 time=2023-11-14T22:13:20Z\n");
    assert_int_equal(hear(&e, P3_COUNTS, P3_QUERY "3ce5031510d2093b0a611799809cd2c8", P3_BODY), ERR_AUTH);
    assert_string_equal(e.reply.body.p, P3_NO_SIGN);
    assert_int_equal(e.heard.n, 0);
    assert_int_equal(hear(&e, P3_COUNTS, P3_QUERY, P3_BODY), ERR_AUTH);
    assert_int_equal(
        hear(&e, P3_COUNTS, P3_QUERY P3_SIGN, "data=%7B%22spaceCount%22%3A11%2C%22totalCount%22%3A100%7D"),
        ERR_AUTH);
    assert_int_equal(
        hear(&e, P3_COUNTS, "appid=app1&timestamp=1700000001&version=1.0&sign=" P3_SIGN, P3_BODY), ERR_AUTH);
    assert_int_equal(
        hear(&e, P3_COUNTS, "appid=app2&timestamp=1700000000&version=1.0&sign=" P3_SIGN, P3_BODY), ERR_AUTH);
    assert_int_equal(
        hear(&e, P3_COUNTS, "appid=app3&timestamp=1700000000&version=1.0&sign=" P3_SIGN, P3_BODY), ERR_AUTH);
    assert_string_equal(e.reply.body.p, P3_NO_APP);
    end(&e);
}

static void changzhou_registers(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "changzhou", P3_SINK, P3_FEED);
    (void)snprintf(e.lot.fee_text, sizeof e.lot.fee_text, "2 元/时*~"); /* where Java's encoding is its own */
    const struct dialect_request *r = told(&e, dialect_register);
    assert_string_equal(r->url,
                        "https://lot.example/park/upsert.htm?" P3_QUERY "f912cbebfd9951caa07029948474399e");
    assert_string_equal(r->body.p,
                        "data=%7B%22parkName%22%3A%22%E5%8C%97%E5%B9%BF%E5%9C%BA%22%2C%22rateInfo%22%3A%22"
                        "2+%E5%85%83%2F%E6%97%B6*%7E%22%2C%22cityCode%22%3A%22320400000000%22%7D");
    end(&e);
}

static void changzhou_beats_for_what_is_known(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "changzhou", P3_SINK, P3_FEED);
    const struct dialect_request *r = told(&e, dialect_beat);
    assert_true(has_text(view_of(r->url), "/server/heart.htm?"));
    assert_string_equal(r->body.p, "data=%7B%7D");
    assert_int_equal(hear(&e, "/server/heart.htm", strchr(r->url, '?') + 1, r->body.p), 0);
    assert_list(&e.heard, "report 0 lot=P001 beat time=2023-11-14T22:13:20Z\n");
    end(&e);
}

/* ---- P4 */

#define P4_COUNTS "/api/outer/postPlaceData"
#define P4_TOKEN  "token=4db3711064e5132bcad09a09240acae0"
#define P4_BODY                                                                        \
    "{\"appkey\":\"k1\",\"createTime\":\"2026-01-01 08:00:00\",\"parkCode\":\"P001\"," \
    "\"reducePlaceCount\":10,\"time\":1700000000000,\"totalPlaceCount\":100}"
#define P4_GOOD      "{\"code\":0,\"msg\":\"成功\",\"data\":null}"
#define P4_TOKEN_BAD "{\"code\":-1,\"msg\":\"token错误\",\"data\":null}"

static void xuzhou_signs(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "xuzhou", P4_BOTH, P4_BOTH);
    const struct dialect_request *r = told(&e, dialect_push);
    assert_string_equal(r->url, "https://lot.example" P4_COUNTS "?" P4_TOKEN);
    assert_string_equal(r->body.p, P4_BODY);
    assert_string_equal(header_of(r, "content-type"), "application/json");
    assert_verdict(&e, P4_GOOD, VERDICT_OK, "");
    assert_verdict(&e, "{\"code \":\"0\"}", VERDICT_OK, "");
    assert_verdict(&e, P4_TOKEN_BAD, VERDICT_RETRY, "token错误");
    end(&e);
}

#define P4_READ "report 0 lot=P001 counts free=10 total=100 time=2026-01-01T00:00:00Z\n"

static void xuzhou_verifies(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "xuzhou", P4_BOTH, P4_BOTH);
    assert_int_equal(hear(&e, P4_COUNTS, P4_TOKEN, P4_BODY), 0);
    assert_list(&e.heard, P4_READ);
    assert_string_equal(e.reply.body.p, P4_GOOD);
    /* a client's own order and blanks, and a path of ours before the URI */
    assert_int_equal(hear(&e, "/box-7" P4_COUNTS, P4_TOKEN,
                          " { \"totalPlaceCount\" : 100, \"time\":1700000000000 ,\"reducePlaceCount\":10,\n"
                          "\"parkCode\":\"P001\",\"createTime\":\"2026-01-01 08:00:00\",\"appkey\":\"k1\"} "),
                     0);
    assert_list(&e.heard, P4_READ);
    assert_int_equal(hear(&e, P4_COUNTS, "token=4db3711064e5132bcad09a09240acae1", P4_BODY), ERR_AUTH);
    assert_string_equal(e.reply.body.p, P4_TOKEN_BAD);
    assert_int_equal(e.heard.n, 0);
    assert_int_equal(hear(&e, "/api/outer/postParkInfo", P4_TOKEN, P4_BODY), ERR_AUTH);
    assert_int_equal(hear(&e, P4_COUNTS, "token=0597631e9d5ae72e40359d3038ec28fc",
                          "{\"appkey\":\"k2\",\"createTime\":\"2026-01-01 08:00:00\",\"parkCode\":\"P001\","
                          "\"reducePlaceCount\":10,\"time\":1700000000000,\"totalPlaceCount\":100}"),
                     ERR_AUTH);
    assert_int_equal(hear(&e, P4_COUNTS, P4_TOKEN, "[1]"), ERR_AUTH);
    assert_int_equal(hear(&e, P4_COUNTS, P4_TOKEN, "<html>"), ERR_SYNTAX);
    end(&e);
}

/* A number that a reader would write otherwise: the token is over the text. */
static void xuzhou_verifies_numbers_as_sent(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "xuzhou", P4_BOTH, P4_BOTH);
    assert_int_equal(
        hear(&e, "/api/outer/postParkInfo", "token=1e47e0027f93b0cfe8ba674d261f45e4",
             "{\"totalPlaceCount\":1.0E2,\"thirdParkCode\":\"P001\",\"longitude\":117.180,"
             "\"address\":\"a,\\\"}b\\\\\",\"more\":{\"z\":[1,2],\"a\":null},\"appkey\":\"k1\"}"),
        0);
    assert_string_equal(e.reply.body.p, "{\"code\":0,\"msg\":\"成功\",\"data\":{\"parkCode\":\"P001\"}}");
    assert_int_equal(e.heard.n, 0);
    end(&e);
}

static void xuzhou_registers(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "xuzhou", "{\"appkey\":\"k1\",\"secret\":\"sec1\"}", P4_BOTH);
    e.lot.has_point = true;
    e.lot.lng = 118.055;
    e.lot.lat = 36.8125;
    e.lot.datum = DATUM_GCJ02;
    const struct dialect_request *r = told(&e, dialect_register);
    assert_true(has_text(view_of(r->url), "https://lot.example/api/outer/postParkInfo?token="));
    assert_string_equal(r->body.p, "{\"address\":\"北广场\",\"appkey\":\"k1\",\"isPayMonth\":0,"
                                   "\"latitude\":36.8125,\"longitude\":118.055,\"postType\":1,"
                                   "\"thirdParkCode\":\"L\",\"thirdParkName\":\"北广场\","
                                   "\"time\":1700000000000,\"totalPlaceCount\":100}");
    assert_int_equal(hear(&e, "/api/outer/postParkInfo", strchr(r->url, '?') + 1, r->body.p), 0);
    struct dialect_judgement j = judged(&e, "{\"code\":0,\"msg\":\"\",\"data\":\"{\\\"parkCode\\\":17}\"}");
    assert_int_equal(j.all, VERDICT_OK);
    assert_non_null(j.codes);
    assert_string_equal(j.codes[0], "17");
    dialect_judgement_fini(&j);
    e.item.filed = true;
    assert_true(has_text(buf_get(&told(&e, dialect_register)->body), "\"postType\":2,"));
    end(&e);
}

/* ---- P5 */

#define P5_COUNTS "/open/openPlatform/uploadRestBerth"
#define P5_BEAT   "/open/openPlatform/heartBeat"
#define P5_DATA                                                                                             \
    "\"reqData\":{\"inSpace\":90,\"parkCode\":\"P001\",\"restSpace\":10,\"tenantId\":\"T1\",\"timestamp\":" \
    "\"20260101080000\"}"
#define P5_HEAD              "{\"charset\":\"UTF-8\",\"version\":\"v1.0\","
#define P5_SIGN              "110c9228d9178482398facb8bace3e29a02b7d53b84bb4ca53efa46a52275514"
#define P5_SAYS(code, words) P5_HEAD "\"rspData\":{\"code\":" code ",\"message\":\"" words "\"}}"

static void kunming_signs(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "kunming", P5_BOTH, P5_BOTH);
    const struct dialect_request *r = told(&e, dialect_push);
    assert_string_equal(r->url, "https://lot.example" P5_COUNTS);
    assert_string_equal(r->body.p, P5_HEAD P5_DATA ",\"sign\":\"" P5_SIGN "\"}");
    assert_string_equal(header_of(r, "content-type"), "application/json");
    assert_verdict(&e, P5_SAYS("200", ""), VERDICT_OK, "");
    assert_verdict(&e, "{\"rspData\":\"{\\\"code\\\":\\\"200\\\"}\"}", VERDICT_OK, "");
    assert_verdict(&e, P5_SAYS("500", "车场不存在"), VERDICT_RETRY, "车场不存在");
    assert_verdict(&e, "{\"rspData\":{}}", VERDICT_RETRY, "no code");
    assert_verdict(&e, "{}", VERDICT_RETRY, "");
    end(&e);
}

static void kunming_verifies(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "kunming", P5_BOTH, P5_BOTH);
    assert_int_equal(hear(&e, P5_COUNTS, "", P5_HEAD P5_DATA ",\"sign\":\"" P5_SIGN "\"}"), 0);
    assert_list(&e.heard, "report 0 lot=P001 counts free=10 open=100 time=2026-01-01T00:00:00Z\n");
    assert_string_equal(e.reply.body.p, P5_SAYS("200", "成功"));
    assert_int_equal(
        hear(&e, P5_COUNTS, "",
             "{\"sign\":\"" P5_SIGN "\",\"reqData\":{\"timestamp\":20260101080000,"
             "\"restSpace\":\"10\",\"tenantId\":\"\\u00541\",\"parkCode\":\"P001\",\"inSpace\":90}}"),
        0);
    assert_list(&e.heard, "report 0 lot=P001 counts free=10 open=100 time=2026-01-01T00:00:00Z\n");
    assert_int_equal(hear(&e, P5_COUNTS, "", P5_HEAD P5_DATA ",\"sign\":\"110c\"}"), ERR_AUTH);
    assert_string_equal(e.reply.body.p, P5_SAYS("500", "签名错误"));
    assert_int_equal(e.heard.n, 0);
    assert_int_equal(hear(&e, P5_COUNTS, "", P5_HEAD P5_DATA "}"), ERR_AUTH);
    assert_int_equal(
        hear(&e, P5_COUNTS, "",
             "{\"sign\":\"547fb092b333b7d73d884cf3dda99597e559a50dc43e703233a31955f951473f\",\"reqData\":"
             "{\"timestamp\":\"20260101080000\",\"restSpace\":10,\"tenantId\":\"T2\","
             "\"parkCode\":\"P001\",\"inSpace\":90}}"),
        ERR_AUTH);
    assert_int_equal(hear(&e, P5_COUNTS, "", "{\"reqData\":7}"), ERR_SYNTAX);
    end(&e);
}

static void kunming_beats_for_what_is_known(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "kunming", P5_BOTH, P5_BOTH);
    const struct dialect_request *r = told(&e, dialect_beat);
    assert_string_equal(r->url, "https://lot.example" P5_BEAT);
    assert_int_equal(hear(&e, P5_BEAT, "", r->body.p), 0);
    assert_list(&e.heard, "report 0 lot=P001 beat time=2023-11-14T22:13:20Z\n");
    end(&e);
}

/* ---- all of them */

static void what_is_unknown_is_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *dialect, *sink, *feed;
    } rows[] = {{"changzhou", P3_SINK, P3_FEED}, {"xuzhou", P4_BOTH, P4_BOTH}, {"kunming", P5_BOTH, P5_BOTH}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ends e;
        struct dialect_ctx ctx = test_ctx(NULL);
        begin(&e, rows[i].dialect, rows[i].sink, rows[i].feed);
        e.reading.free = COUNT_NONE;
        e.reading.expired = true;
        struct dialect_batch batch = batch_of(&e);
        assert_int_equal(dialect_push(e.sink, &ctx, &batch, &e.sent, &e.why), 0);
        assert_int_equal(e.sent.n, 0);
        if (dialect_parts(dialects_find(ds, rows[i].dialect)) & DIALECT_BEAT)
            assert_int_equal(dialect_beat(e.sink, &ctx, &batch, &e.sent, &e.why), 0);
        assert_int_equal(e.sent.n, 0);
        end(&e);
    }
}

/* The same state is the same content in every attempt; only what proves the moment of sending differs. */
static void a_state_repeats_itself(void **state)
{
    (void)state;
    static const struct {
        const char *dialect, *sink, *feed, *moment;
    } rows[] = {{"changzhou", P3_SINK, P3_FEED, NULL},
                {"xuzhou", P4_BOTH, P4_BOTH, "1700000000000"},
                {"kunming", P5_BOTH, P5_BOTH, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ends e;
        char first[512];
        struct dialect_ctx ctx = test_ctx(NULL);
        begin(&e, rows[i].dialect, rows[i].sink, rows[i].feed);
        (void)snprintf(first, sizeof first, "%s", told(&e, dialect_push)->body.p);
        dialect_request_list_fini(&e.sent);
        ctx.now_ms += 100000;
        struct dialect_batch batch = batch_of(&e);
        assert_int_equal(dialect_push(e.sink, &ctx, &batch, &e.sent, &e.why), 0);
        char *moment = rows[i].moment ? strstr(first, rows[i].moment) : NULL;
        if (moment)
            memcpy(moment, "1700000100000", 13);
        assert_string_equal(e.sent.v[0].body.p, first);
        end(&e);
    }
}

static void other_paths_are_refused(void **state)
{
    (void)state;
    struct ends e;
    begin(&e, "changzhou", P3_SINK, P3_FEED);
    assert_int_equal(hear(&e, "/record/full.htm", P3_QUERY P3_SIGN, P3_BODY), ERR_NOT_FOUND);
    assert_int_equal(hear(&e, "/record/img.htm", P3_QUERY, "--x\r\n"), 0); /* a photo: dropped unread */
    end(&e);
    begin(&e, "xuzhou", P4_BOTH, P4_BOTH);
    assert_int_equal(hear(&e, "/api/outer/postNothing", P4_TOKEN, P4_BODY), ERR_NOT_FOUND);
    end(&e);
    begin(&e, "kunming", P5_BOTH, P5_BOTH);
    assert_int_equal(hear(&e, "/open/openPlatform/upload", "", "{}"), ERR_NOT_FOUND);
    end(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changzhou_signs),
        cmocka_unit_test(changzhou_verifies),
        cmocka_unit_test(changzhou_registers),
        cmocka_unit_test(changzhou_beats_for_what_is_known),
        cmocka_unit_test(xuzhou_signs),
        cmocka_unit_test(xuzhou_verifies),
        cmocka_unit_test(xuzhou_verifies_numbers_as_sent),
        cmocka_unit_test(xuzhou_registers),
        cmocka_unit_test(kunming_signs),
        cmocka_unit_test(kunming_verifies),
        cmocka_unit_test(kunming_beats_for_what_is_known),
        cmocka_unit_test(what_is_unknown_is_not_told),
        cmocka_unit_test(a_state_repeats_itself),
        cmocka_unit_test(other_paths_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
