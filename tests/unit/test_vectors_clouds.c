/* SPDX-License-Identifier: MIT
 * 4pyun (V5 to V7), Bolink (V8 to V10), tdznyun (V11, V12): the known answers of their signing recipes, as we
 * sign and as we verify; a wrong signature is refused in each one's manner. What repeats do, and what Bolink
 * is told. Single messages are samples under tests/data/dialects.
 */
#include "city_test.h"
#include "shipped_test.h"

#define SECRET \
    "XX"       \
    "X" /* of the published example */

/* ---- hearing */

struct message {
    const char *dialect, *params, *method, *path, *content_type, *authorization, *body;
};

static struct view header(void *at, const char *name)
{
    const struct message *m = at;
    return view_ieq(VIEW("authorization"), name) && m->authorization ? view_of(m->authorization)
                                                                     : (struct view){0};
}

static struct view query(void *at, const char *name)
{
    (void)at;
    (void)name;
    return (struct view){0};
}

/* What came of a message, as print_list has it in `got`, then the reply. */
static int hear_in(struct dialect_session *s, const struct message *m, struct buf *got)
{
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct message copy = *m;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_inbound in = {.method = view_of(m->method ? m->method : "POST"),
                                 .path = view_of(m->path),
                                 .content_type = view_of(m->content_type ? m->content_type : ""),
                                 .body = view_of(m->body),
                                 .header = header,
                                 .query = query,
                                 .accessor = &copy};
    report_list_init(&list);
    int err = dialect_receive(s, &ctx, &in, &list, &reply, &why);
    buf_clear(got);
    print_list(got, &list);
    buf_view(got, buf_get(&reply.body));
    dialect_reply_fini(&reply);
    report_list_fini(&list);
    return err;
}

static int hear(const struct message *m, struct buf *got)
{
    struct dialect_session *s = open_session(ds, m->dialect, m->params);
    int err = hear_in(s, m, got);
    dialect_close(s);
    return err;
}

#define ENTER  "/gate/1.0/parking/internal/enter"
#define UPDATE "/unionapi/newpark/updatepark"
#define V7_BODY                                                                           \
    "app_id=op88641899bd20661&car_type=1&enter_time=1563242533431"                        \
    "&park_uuid=40e06b24-7320-4a61-8d97-7ebccb364a87&plate=%E7%B2%A4B660PP&sign_type=MD5" \
    "&timestamp=1563242932357&sign="
#define V9_BODY                                                                                      \
    "{\"address\":\"北京上地三街9号\",\"empty_plot\":56,\"lat\":\"32.466666\",\"lng\":"       \
    "\"123.994449\",\"name\":\"北京上地三街9号院停车场\",\"park_id\":\"1001\",\"phone\":" \
    "\"13899884433\",\"rand\":\"0.20354312785198048\",\"total_plot\":90,\"union_id\":10001,"         \
    "\"sign\":\"%s\"}"
#define V8_DATA                                                                                \
    "{\"park_id\":\"1001\",\"type\":1,\"union_id\":1001,\"total_plot\":120,\"empty_plot\":32," \
    "\"rand\":\"0.0689257123595276\",\"price_desc\":\"2元每小时\"}"
#define V11_BODY                                                                                 \
    "{\"pid\":\"123456\",\"serviceName\":\"enterNotify\",\"timestamp\":\"1539571096\",\"sign\":" \
    "\"%s\",\"bizContent\":{\"enterTime\":\"2018-01-01 11:00:00\",\"parkCode\":\"TEST/1P1\","    \
    "\"plateNum\":\"粤B12345\"}}"
#define BOLINK(union, key) "{\"union_id\":\"" union "\",\"key\":\"" key "\"}"
#define V11_KEY            "45DC1F8604F940829E75D6A76595C299"

/* `body` holds %s where the signature stands; good: what comes of it when that is right. */
static void published_messages_are_believed_and_others_are_not(void **state)
{
    (void)state;
    static const struct {
        struct message m;
        const char *sign;
        int good;
        const char *refusal;
    } rows[] = {
        {{"4pyun", "{\"app_secret\":\"" SECRET "\"}", NULL, ENTER, NULL, NULL, V7_BODY "%s"},
         "c983693c5f603aef30514920fa3158ff",
         ERR_MISSING,
         "\"code\":\"200\",\"hint\":\"签名验证不通过\""},
        {{"bolink", BOLINK("200279", "MAVXUU3C2545G9K1"), NULL, "/unionapi/any", NULL, NULL,
          "{\"data\":{\"comid\":\"kytest2020032501\",\"union_id\":\"200279\",\"car_number\":\"晋QQ1234\","
          "\"lock_status\":1},\"sign\":\"%s\"}"},
         "4973765089F20FCFE45868796F81278A",
         0,
         "\"state\":0,\"errmsg\":\"签名错误\""},
        {{"bolink", BOLINK("1001", "KEY1"), NULL, UPDATE, NULL, NULL,
          "{\"data\":" V8_DATA ",\"sign\":\"%s\"}"},
         "F86EC5C15DA8F806C54B4FD814073CC8",
         0,
         "\"state\":0,\"errmsg\":\"签名错误\""},
        {{"bolink", BOLINK("10001", "NQ0eSXs720170114"), NULL, "/unionapi/park/addpark", NULL, NULL, V9_BODY},
         "82A4EA10F60AEE4172AE4F3C774156EB",
         0,
         "\"state\":0,\"errmsg\":\"签名错误\""},
        {{"bolink", BOLINK("200002", "KEY1"), NULL, "/unionapi/any", NULL, NULL,
          "{\"data\":{\"comid\":\"21782\",\"union_id\":\"200002\",\"query_time\":1490875218},\"sign\":\"%"
          "s\"}"},
         "19BF648DCC2B70BD4DF7149C55576B11",
         0,
         "\"state\":0,\"errmsg\":\"签名错误\""},
        {{"tdznyun", "{\"pid\":\"123456\",\"key\":\"" V11_KEY "\"}", NULL, "/v1/ingest/f1", NULL, NULL,
          V11_BODY},
         "EE454BE0DE3D211559865DA33745E589",
         0,
         "\"code\":\"401\""},
    };
    struct buf got, body;
    buf_init(&got, 4096);
    buf_init(&body, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message m = rows[i].m;
        const char *hole = strstr(m.body, "%s");
        for (int wrong = 0; wrong < 2; wrong++) {
            buf_clear(&body);
            buf_printf(&body, "%.*s%s%s", (int)(hole - m.body), m.body, rows[i].sign, hole + 2);
            if (wrong)
                body.p[(hole - m.body) + 5] ^= 1;
            struct message sent = m;
            sent.body = body.p;
            int err = hear(&sent, &got);
            if (err != (wrong ? ERR_AUTH : rows[i].good) || (wrong && !strstr(got.p, rows[i].refusal)))
                fail_msg("row %zu%s: %s, %s", i, wrong ? ", wrong" : "", err_name(err), got.p);
        }
    }
    buf_fini(&body);
    buf_fini(&got);
}

static void a_json_body_is_signed_in_its_header(void **state)
{
    (void)state;
    struct message m = {"4pyun",
                        "{\"app_secret\":\"" SECRET "\"}",
                        NULL,
                        ENTER,
                        "application/json",
                        "66bb6ee0e784e8fe2b660df4d26f3adb",
                        "{\"park_uuid\":\"P001\"}"};
    struct buf got;
    buf_init(&got, 4096);
    assert_int_equal(hear(&m, &got), ERR_MISSING); /* of the fields that it has not */
    m.authorization = "66bb6ee0e784e8fe2b660df4d26f3adc";
    assert_int_equal(hear(&m, &got), ERR_AUTH);
    m.authorization = NULL;
    assert_int_equal(hear(&m, &got), ERR_AUTH);
    buf_fini(&got);
}

/* The parts of 4pyun's own sample client: texts, and a picture that is not signed. */
static void a_form_in_parts_is_read(void **state)
{
    (void)state;
#define PART(name, value)                                                 \
    "--b0undary\r\nContent-Disposition: form-data; name=\"" name "\"\r\n" \
    "Content-Type: text/plain; charset=UTF-8\r\n\r\n" value "\r\n"
    struct message m = {
        "4pyun",
        "{\"app_secret\":\"S1\"}",
        NULL,
        ENTER,
        "multipart/form-data; boundary=b0undary",
        NULL,
        PART("park_uuid", "U1") PART("parking_serial", "R1") PART("enter_time", "1699999999000")
            PART("total_parking_space", "100") PART("remain_parking_space", "10") PART(
                "sign",
                "EAA241EC385EBF5D5D719F6F0AFB20B4") "--b0undary\r\nContent-Disposition: form-data; "
                                                    "name=\"enter_image_file\"; filename=\"\"\r\n"
                                                    "Content-Type: "
                                                    "application/"
                                                    "octet-stream\r\n\r\nGIF--b0undar\r\n--b0undary--\r\n"};
    struct buf got;
    buf_init(&got, 4096);
    if (hear(&m, &got) != 0 || !strstr(got.p, "report 1 lot=U1 counts free=10 total=100"))
        fail_msg("%s", got.p);
    buf_fini(&got);
}

/* ---- repeats */

#define T_ENTER(ts, sign, count)                                                                         \
    {                                                                                                    \
        "tdznyun", NULL, NULL, "/v1/ingest/f1", NULL, NULL,                                              \
            "{\"pid\":\"1\",\"serviceName\":\"enterNotify\",\"timestamp\":\"" ts "\",\"sign\":\"" sign   \
            "\",\"bizContent\":{\"parkCode\":\"P\",\"recordNo\":\"R" count "\",\"remainParkNum\":" count \
            "}}"                                                                                         \
    }

static void repeats_do_not_count_again(void **state)
{
    (void)state;
    static const struct {
        struct message m;
        const char *has, *has_not;
    } rows[] = {
        {T_ENTER("1", "E066B8933630B856F281E9D23C1911FF", "7"), "hint", "\"405\""},
        {T_ENTER("2", "456C4A243FFA7E4314C1D65D9241EC89", "7"), "free=7", "hint"}, /* perhaps not stored */
        {T_ENTER("3", "674CE69019D618DF01A42F5946DAEF98", "8"), "free=8", "\"405\""},
        {T_ENTER("4", "81FA4BFFB245E7602A5AA462F7C04546", "7"), "\"code\":\"405\"", "free="},
    };
    struct buf got;
    struct dialect_session *s = open_session(ds, "tdznyun", "{\"pid\":\"1\",\"key\":\"K\"}");
    buf_init(&got, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(hear_in(s, &rows[i].m, &got), 0);
        if (!strstr(got.p, rows[i].has) || strstr(got.p, rows[i].has_not))
            fail_msg("row %zu: %s", i, got.p);
    }
    buf_fini(&got);
    dialect_close(s);
}

/* ---- MQTT */

static void tdznyun_over_mqtt(void **state)
{
    (void)state;
#define MQTT(service, item) \
    "{\"code\":1,\"dataItems\":[" item "],\"serviceId\":\"" service "\",\"parkCode\":\"SLZX/1P11\"}"
    static const struct {
        const char *body, *want;
    } rows[] = {
        {MQTT("manage.parkleft", "{\"parkLeft\":99}"), "report 0 lot=SLZX/1P11 counts free=99\n"},
        {MQTT("manage.parkleft", "{\"parkLeft \":\"0\"}"), "report 0 lot=SLZX/1P11 counts free=0\n"},
        {MQTT("manage.parkleft", "{}"), ""}, /* the answer to one */
        {MQTT("sync.park.online.status", "{\"mac\":\"1\"}"), "report 0 lot=SLZX/1P11 beat\n"},
        {MQTT("x", "{\"remainParkNum\":5,\"totalParkNum\":9,\"bcbz\":\"1\"}"),
         "report 0 lot=SLZX/1P11 counts free=5 total=9\n"},
        {MQTT("x", "{\"remainParkNum\":5,\"totalParkNum\":9,\"bcbz\":\"0\"}"), ""},
        {"{\"code\":0,\"serviceId\":\"sync.park.online.status\",\"parkCode\":\"A\"}", ""},
    };
    struct buf got;
    buf_init(&got, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message m = {"tdznyun", "{}", "MQTT", "pts-SLZX", NULL, NULL, rows[i].body};
        assert_int_equal(hear(&m, &got), 0);
        assert_string_equal(got.p ? got.p : "", rows[i].want);
        m.method = "POST"; /* without a broker that lets in, a signature is needed */
        assert_int_not_equal(hear(&m, &got), 0);
    }
    buf_fini(&got);
}

/* ---- asking */

struct asked {
    char url[512], body[512], authorization[64];
};

static void ask(const char *dialect, const char *params, const char *lot, int64_t now_ms, struct asked *out)
{
    struct dialect_request req;
    struct why why = {0};
    struct registry *reg = registry_new();
    struct dialect_session *s = open_session(ds, dialect, params);
    struct dialect_ctx ctx = test_ctx(reg);
    ctx.now_ms = now_ms;
    add_lot(reg, "L1", "f1", lot);
    if (dialect_poll(s, &ctx, &req, &why))
        fail_msg("%s", why.text);
    assert_int_equal(view_copy(view_of(req.url), out->url, sizeof out->url), 0);
    assert_int_equal(view_copy(buf_get(&req.body), out->body, sizeof out->body), 0);
    assert_int_equal(
        view_copy(view_of(header_of(&req, "authorization")), out->authorization, sizeof out->authorization),
        0);
    dialect_request_fini(&req);
    dialect_close(s);
    registry_free(reg);
}

static void what_is_asked_is_signed(void **state)
{
    (void)state;
    struct asked a;
    ask("4pyun", "{\"app_secret\":\"S1\"}", "10315", TEST_NOW, &a);
    assert_string_equal(a.url, "https://lot.example/v1/gateway");
    assert_string_equal(a.body,
                        "{\"charset\":\"UTF-8\",\"park_uuid\":\"10315\",\"service\":\"service.parking."
                        "realtime\",\"sign\":\"20F8B8351FBC9B9DCAB23B3CA967B654\",\"version\":\"1.0\"}");
    ask("4pyun-api", "{\"app_id\":\"op1\",\"app_secret\":\"S1\"}", "U1", TEST_NOW, &a);
    assert_string_equal(a.url, "https://lot.example/gate/1.0/parking/realtime/space?app_id=op1&park_uuid=U1&"
                               "sign=B8C8CBB9705AF9F4E9A9B6975220BC43&timestamp=1700000000000");
    ask("4pyun-api", "{\"app_id\":\"op1\",\"app_secret\":\"S1\",\"json\":true}", "U1", TEST_NOW, &a);
    assert_string_equal(a.body, "{\"app_id\":\"op1\",\"park_uuid\":\"U1\",\"timestamp\":1700000000000}");
    assert_string_equal(a.authorization, "FFC69E7B076DC47D8A3A8F97379657BB");
    ask("4pyun-api", "{\"app_id\":\"op1\",\"app_secret\":\"S1\",\"list\":{\"city\":\"淄博市\"}}", "U1",
        TEST_NOW, &a);
    assert_string_equal(
        a.url,
        "https://lot.example/gate/1.0/parking/park/list?app_id=op1&city=%E6%B7%84%E5%8D%9A"
        "%E5%B8%82&page_index=1&page_size=100&sign=78F99DDBBEC528BE9DE9D2B0EA72C3B3&timestamp=1700000000000");
    /* V10: {"data":{"comid":"21782","union_id":"200002","query_time":1490875218},"sign":"19BF…6B11"} */
    ask("bolink-query", "{\"union_id\":\"200002\",\"key\":\"KEY1\"}", "21782", 1490875218999, &a);
    assert_string_equal(a.url, "https://lot.example/zld/openservice/getparkempty");
    assert_string_equal(a.body,
                        "eyJkYXRhIjp7ImNvbWlkIjoiMjE3ODIiLCJ1bmlvbl9pZCI6IjIwMDAwMiIsInF1ZXJ5X3RpbWUiOjE0OTA4"
                        "NzUyMTh9LCJzaWduIjoiMTlCRjY0OERDQzJCNzBCRDRERjcxNDlDNTU1NzZCMTEifQ==");
    ask("tdznyun", "{\"pid\":\"123456\",\"key\":\"" V11_KEY "\"}", "TEST/1P1", 1536547465000, &a);
    assert_string_equal(a.url, "https://lot.example/");
    assert_string_equal(
        a.body,
        "{\"bizContent\":{\"parkCode\":\"TEST/1P1\"},\"pid\":\"123456\",\"serviceName\":"
        "\"queryParkInfo\",\"sign\":\"22F72E112932201D75B4F79CF9851C4A\",\"timestamp\":\"1536547465\"}");
}

/* The recipes that several dialects share, by the vectors of messages that none of them sends. */
static void recipes_of_messages_that_we_do_not_send(void **state)
{
    (void)state;
    static const struct {
        const char *made, *sign;
    } rows[] = {
        {"lib.pyun_sign({ app_id = 'op88641899bd20661', car_type = 1, enter_time = '1563242533431', "
         "park_uuid = "
         "'40e06b24-7320-4a61-8d97-7ebccb364a87', plate = '粤B660PP', sign_type = 'MD5', timestamp = "
         "1563242932357, sign = 'x' }, '" SECRET "')",
         "C983693C5F603AEF30514920FA3158FF"},
        {"lib.pyun_sign('{\"park_uuid\":\"P001\"}', '" SECRET "')", "66BB6EE0E784E8FE2B660DF4D26F3ADB"},
        {"lib.bolink_sign('{\"comid\":\"kytest2020032501\",\"union_id\":\"200279\",\"car_number\":"
         "\"晋QQ1234\","
         "\"lock_status\":1}', 'MAVXUU3C2545G9K1')",
         "4973765089F20FCFE45868796F81278A"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[16];
        struct buf source;
        struct why why = {0};
        struct dialect_request req;
        struct dialect_ctx ctx = test_ctx(NULL);
        buf_init(&source, 4096);
        (void)snprintf(name, sizeof name, "recipe-%zu", i);
        buf_printf(&source,
                   "return { name = '%s', interface = '1.2', params = {}, poll = function(ctx) return "
                   "{ url = ctx.url .. %s } end, decode = function() return {} end }",
                   name, rows[i].made);
        if (dialects_add_lua(ds, name, view_of(source.p), &why))
            fail_msg("%s: %s", why.at, why.text);
        struct dialect_session *s = open_session(ds, name, "{}");
        if (dialect_poll(s, &ctx, &req, &why))
            fail_msg("%s", why.text);
        assert_string_equal(req.url + strlen("https://lot.example/"), rows[i].sign);
        dialect_request_fini(&req);
        dialect_close(s);
        buf_fini(&source);
    }
}

/* ---- Bolink as a sink */

typedef int tell_fn(struct dialect_session *s, const struct dialect_ctx *ctx,
                    const struct dialect_batch *batch, struct dialect_request_list *out, struct why *why);

struct park {
    struct lot lot;
    struct reading reading;
    struct dialect_item item;
};

static void park_of(struct park *p, const char *id, int total, int free)
{
    *p = (struct park){0};
    struct city_item c;
    p->item = city_item(&c, id);
    p->lot = c.lot;
    p->reading = c.reading;
    p->item.lot = &p->lot;
    p->item.reading = &p->reading;
    p->lot.total = total;
    p->lot.open = COUNT_NONE;
    p->reading.total = total;
    p->reading.open = total;
    p->reading.free = free;
}

static void set_text(char *to, size_t size, const char *from)
{
    assert_int_equal(view_copy(view_of(from), to, size), 0);
}

/* The one request that `tell` makes: its address and its body. */
static void told(tell_fn *tell, const char *params, const struct park *p, const char *nonce,
                 struct asked *out)
{
    struct dialect_request_list sent = {0};
    struct why why = {0};
    struct dialect_session *s = open_session(ds, "bolink", params);
    struct dialect_ctx ctx = city_ctx();
    ctx.nonce = view_of(nonce);
    struct dialect_batch batch = {.items = &p->item, .n = 1, .batch_id = "b-1"};
    if (tell(s, &ctx, &batch, &sent, &why))
        fail_msg("%s: %s", why.at, why.text);
    *out = (struct asked){0};
    if (sent.n) {
        assert_int_equal(view_copy(view_of(sent.v[0].url), out->url, sizeof out->url), 0);
        assert_int_equal(view_copy(buf_get(&sent.v[0].body), out->body, sizeof out->body), 0);
    }
    dialect_request_list_fini(&sent);
    dialect_close(s);
}

static void bolink_is_told_counts(void **state)
{
    (void)state;
    struct asked a;
    struct park p;
    park_of(&p, "1001", 120, 32);
    set_text(p.lot.fee_text, sizeof p.lot.fee_text, "2元每小时");
    told(dialect_push, BOLINK("1001", "KEY1"), &p, "0689257123595276", &a);
    assert_string_equal(a.url, "https://lot.example/unionapi/newpark/updatepark");
    assert_string_equal(a.body, "{\"data\":" V8_DATA ",\"sign\":\"F86EC5C15DA8F806C54B4FD814073CC8\"}");
    p.reading.free = COUNT_NONE; /* unknown is not told */
    told(dialect_push, BOLINK("1001", "KEY1"), &p, "1", &a);
    assert_string_equal(a.url, "");
    p.reading.free = 32;
    told(dialect_push, BOLINK("1001", "KEY1"), &p, "ab12cd34-0000-4000-8000-0123456789ab", &a);
    assert_non_null(strstr(a.body, "\"rand\":\"0.781290340000400080000123456789\""));
}

static void bolink_is_told_of_lots(void **state)
{
    (void)state;
    struct asked a;
    struct park p;
    park_of(&p, "1001", 90, 56);
    set_text(p.lot.name, sizeof p.lot.name, "北京上地三街9号院停车场");
    set_text(p.lot.address, sizeof p.lot.address, "北京上地三街9号");
    set_text(p.lot.phone, sizeof p.lot.phone, "13899884433");
    p.lot.has_point = true;
    p.lot.lng = 123.994449;
    p.lot.lat = 32.466666;
    told(dialect_register,
         "{\"union_id\":\"10001\",\"key\":\"NQ0eSXs720170114\",\"api\":\"park\",\"datum\":\"wgs84\"}", &p,
         "20354312785198048", &a);
    assert_string_equal(a.url, "https://lot.example/unionapi/park/addpark");
    struct json *j = city_json(view_of(a.body));
    assert_true(view_is(json_text(json_get(j, "sign")), "82A4EA10F60AEE4172AE4F3C774156EB"));
    assert_true(view_is(json_text(json_get(j, "lng")), "123.994449"));
    json_free(j);
    p.item.filed = true; /* it is known: a change is an update */
    told(dialect_register, BOLINK("10001", "K"), &p, "1", &a);
    assert_string_equal(a.url, "https://lot.example/unionapi/newpark/updatepark");
    assert_non_null(strstr(a.body, "\"phone\":\"13899884433\""));
}

static void bolink_answers(void **state)
{
    (void)state;
    static const struct {
        enum dialect_part part;
        const char *body;
        enum dialect_verdict want;
    } rows[] = {
        {DIALECT_PUSH, "{\"park_id\":1001,\"state\":1,\"errmsg\":\"修改车场成功\"}", VERDICT_OK},
        {DIALECT_PUSH, "{\"park_id\":\"1001\",\"state\":\"1\"}", VERDICT_OK},
        {DIALECT_PUSH, "{\"state\":0,\"errmsg\":\"车场未审核\"}", VERDICT_RETRY},
        {DIALECT_PUSH, "{\"state\":0,\"errmsg\":\"车场已存在\"}", VERDICT_RETRY},
        {DIALECT_REGISTER, "{\"state\":0,\"errmsg\":\"车场已存在\"}", VERDICT_OK},
        {DIALECT_PUSH, "{}", VERDICT_RETRY},
    };
    struct dialect_session *s = open_session(ds, "bolink", BOLINK("1", "K"));
    struct dialect_ctx ctx = city_ctx();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_request sent = {.part = rows[i].part};
        struct dialect_response res = {200, {0}, view_of(rows[i].body)};
        struct dialect_judgement j;
        assert_int_equal(dialect_check(s, &ctx, &sent, &res, &j), 0);
        if (j.all != rows[i].want)
            fail_msg("%s: %s", rows[i].body, j.why.text);
        dialect_judgement_fini(&j);
    }
    dialect_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_messages_are_believed_and_others_are_not),
        cmocka_unit_test(a_json_body_is_signed_in_its_header),
        cmocka_unit_test(a_form_in_parts_is_read),
        cmocka_unit_test(repeats_do_not_count_again),
        cmocka_unit_test(tdznyun_over_mqtt),
        cmocka_unit_test(what_is_asked_is_signed),
        cmocka_unit_test(recipes_of_messages_that_we_do_not_send),
        cmocka_unit_test(bolink_is_told_counts),
        cmocka_unit_test(bolink_is_told_of_lots),
        cmocka_unit_test(bolink_answers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
