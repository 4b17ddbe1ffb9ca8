/* SPDX-License-Identifier: MIT
 * The shipped dialects: the known answers of their signing recipes, Jieshun's token, Hangzhou's cipher both
 * ways.
 */
#include "shipped_test.h"

#include "parkd/base/crypto.h"

/* ---- known answers */

static void hikvision_v3(void **state)
{
    (void)state;
    struct dialect_request req;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s = open_session(ds, "hikvision", "{\"app_key\":\"AK1\",\"app_secret\":\"SK1\"}");
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_string_equal(req.url, "https://lot.example/artemis/api/pms/v1/park/remainSpaceNum");
    assert_string_equal(req.method, "POST");
    assert_string_equal(req.body.p, "{}");
    assert_string_equal(header_of(&req, "accept"), "*/*");
    assert_string_equal(header_of(&req, "content-type"), "application/json");
    assert_string_equal(header_of(&req, "x-ca-key"), "AK1");
    assert_string_equal(header_of(&req, "x-ca-timestamp"), "1700000000000");
    assert_string_equal(header_of(&req, "x-ca-signature-headers"), "x-ca-key,x-ca-timestamp");
    assert_string_equal(header_of(&req, "x-ca-signature"), "Yhnyc3VmGL3SiS2OiG0stvWsjwbSOVArwwnO3Vv1Zvs=");
    dialect_request_fini(&req);
    dialect_close(s);
}

static void keytop_v2(void **state)
{
    (void)state;
    struct dialect_request req;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s = open_session(
        ds, "keytop", "{\"app_id\":\"12352\",\"app_secret\":\"SECRET1\",\"park_id\":\"591000001\"}");
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_string_equal(req.url, "https://lot.example/unite-api/api/wec/GetFreeSpaceNum");
    assert_string_equal(header_of(&req, "version"), "1.0.0");
    assert_string_equal(
        req.body.p,
        "{\"appId\":\"12352\",\"key\":\"B8DE14C03E761392ABEF16AC4FABC51B\",\"parkId\":\"591000001\","
        "\"reqId\":\"1700000000000\",\"serviceCode\":\"getFreeSpaceNum\",\"ts\":1700000000000}");
    dialect_request_fini(&req);
    dialect_close(s);
}

static struct view field_of(struct view form, const char *name)
{
    while (form.n) {
        struct view value = view_cut(&form, '&');
        struct view key = view_cut(&value, '=');
        if (view_is(key, name))
            return value;
    }
    return (struct view){0};
}

static void jieshun_v1(void **state)
{
    (void)state;
    struct dialect_request req;
    struct report_list list;
    bool more;
    struct why why = {0};
    struct registry *reg = registry_new();
    add_lot(reg, "A", "f1", "P001");
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_session *s = open_session(
        ds, "jieshun", "{\"cid\":\"c 1\",\"usr\":\"u\",\"psw\":\"p&w\",\"sign_key\":\"SIGNKEY1\"}");
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), 0);
    assert_string_equal(req.url, "https://lot.example/jsaims/login");
    assert_string_equal(req.body.p, "cid=c%201&usr=u&psw=p%26w");
    dialect_request_fini(&req);
    report_list_init(&list);
    struct dialect_response res = {200, {0}, VIEW("{\"resultCode\":0,\"token\":\"t+1\"}")};
    assert_int_equal(dialect_decode(s, &ctx, &res, &list, &req, &more, &why), 0);
    assert_true(more);
    assert_string_equal(req.url, "https://lot.example/jsaims/as");
    assert_true(view_is(field_of(buf_get(&req.body), "sn"), "4C816399185E374052266B728F872CAC"));
    assert_true(view_is(field_of(buf_get(&req.body), "tn"), "t%2B1"));
    assert_true(view_is(field_of(buf_get(&req.body), "v"), "2"));
    assert_true(view_is(field_of(buf_get(&req.body), "p"),
                        "%7B%22serviceId%22%3A%223c.park.queryparkspace%22%2C%22requestType%22%3A%22DATA%22%"
                        "2C%22attributes%22"
                        "%3A%7B%22parkCodes%22%3A%22P001%22%7D%7D"));
    dialect_request_fini(&req);
    report_list_fini(&list);
    dialect_close(s);
    registry_free(reg);
}

/* ---- Jieshun's token */

/* Tells the session one answer; what it asks next, "" for nothing. */
static int tell(struct dialect_session *s, const struct dialect_ctx *ctx, const char *body,
                struct report_list *list, char *next, size_t size)
{
    struct dialect_request req;
    bool more;
    struct why why = {0};
    struct dialect_response res = {200, {0}, view_of(body)};
    int err = dialect_decode(s, ctx, &res, list, &req, &more, &why);
    assert_true(snprintf(next, size, "%s", more ? req.url : "") < (int)size);
    dialect_request_fini(&req);
    return err;
}

static void assert_asks(struct dialect_session *s, const struct dialect_ctx *ctx, const char *url)
{
    struct dialect_request req;
    struct why why = {0};
    assert_int_equal(dialect_poll(s, ctx, &req, &why), 0);
    assert_string_equal(req.url, url);
    dialect_request_fini(&req);
}

static void jieshun_logs_in_again_once(void **state)
{
    (void)state;
#define LOGIN "https://lot.example/jsaims/login"
#define QUERY "https://lot.example/jsaims/as"
    static const char good[] =
        "{\"resultCode\":0,\"dataItems\":[{\"attributes\":{\"parkCode\":\"P001\",\"restSpace\":5}}]}";
    static const char token[] = "{\"resultCode\":0,\"token\":\"t1\"}",
                      refused[] = "{\"resultCode\":4,\"message\":\"token\"}";
    char next[128];
    struct report_list list;
    struct registry *reg = registry_new();
    add_lot(reg, "A", "f1", "P001");
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_session *s =
        open_session(ds, "jieshun", "{\"cid\":\"c\",\"usr\":\"u\",\"psw\":\"p\",\"sign_key\":\"k\"}");
    report_list_init(&list);
    assert_asks(s, &ctx, LOGIN);
    assert_int_equal(tell(s, &ctx, token, &list, next, sizeof next), 0);
    assert_string_equal(next, QUERY);
    assert_int_equal(tell(s, &ctx, good, &list, next, sizeof next), 0);
    assert_string_equal(next, "");
    assert_int_equal(list.n, 1);
    assert_asks(s, &ctx, QUERY); /* the token is kept … */
    assert_int_equal(tell(s, &ctx, refused, &list, next, sizeof next), 0);
    assert_string_equal(next, LOGIN); /* … until it is refused */
    assert_int_equal(tell(s, &ctx, token, &list, next, sizeof next), 0);
    assert_string_equal(next, QUERY);
    assert_int_equal(tell(s, &ctx, refused, &list, next, sizeof next),
                     ERR_REFUSED); /* a fresh token too: no circle */
    assert_asks(s, &ctx, LOGIN);
    assert_int_equal(tell(s, &ctx, refused, &list, next, sizeof next), ERR_REFUSED);
    assert_asks(s, &ctx, LOGIN);
    assert_int_equal(tell(s, &ctx, "{\"resultCode\":0}", &list, next, sizeof next), ERR_PROTOCOL);
    report_list_fini(&list);
    dialect_close(s);
    registry_free(reg);
}

static void jieshun_needs_a_lot(void **state)
{
    (void)state;
    char next[128];
    struct report_list list;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s =
        open_session(ds, "jieshun", "{\"cid\":\"c\",\"usr\":\"u\",\"psw\":\"p\",\"sign_key\":\"k\"}");
    report_list_init(&list);
    assert_asks(s, &ctx, LOGIN);
    assert_int_equal(tell(s, &ctx, "{\"resultCode\":0,\"token\":\"t1\"}", &list, next, sizeof next),
                     ERR_MISSING);
    report_list_fini(&list);
    dialect_close(s);
}

/* ---- Hangzhou */

#define AS_FEED "{\"access_id\":\"id1\",\"public_key\":\"" TEST_PUBLIC_KEY "\"}"
#define AS_SINK \
    "{\"access_id\":\"id1\",\"private_key\":\"" TEST_PRIVATE_KEY "\",\"codes\":{\"B\":\"370303-B\"}}"

struct hangzhou {
    struct lot lots[4];
    struct reading readings[4];
    struct dialect_item items[4];
    struct dialect_session *sink, *feed;
    struct dialect_request_list sent;
    struct report_list heard;
    struct dialect_reply reply;
    struct why why;
};

static void hangzhou_begin(struct hangzhou *h)
{
    *h = (struct hangzhou){0};
    h->sink = open_session(ds, "hangzhou", AS_SINK);
    h->feed = open_session(ds, "hangzhou", AS_FEED);
    report_list_init(&h->heard);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(h->lots[i].id, sizeof h->lots[i].id, "%c", 'A' + i);
        h->lots[i].total = h->lots[i].open = COUNT_NONE;
        reading_init(&h->readings[i]);
        h->readings[i].seq = 1;
        h->readings[i].changed_ms = TEST_NOW - 60000;
        h->readings[i].observed_ms = TEST_NOW - 1000;
        h->readings[i].free = 10 + i;
        h->readings[i].open = 130;
        h->readings[i].total = 150;
        h->items[i] = (struct dialect_item){.lot = &h->lots[i], .reading = &h->readings[i]};
    }
    h->readings[2].free = COUNT_NONE; /* unknown: nothing that this protocol could say */
    h->readings[2].expired = true;
    h->lots[3].total = 99; /* of D only the registration knows the size */
    h->readings[3].open = h->readings[3].total = COUNT_NONE;
}

static void hangzhou_end(struct hangzhou *h)
{
    dialect_request_list_fini(&h->sent);
    dialect_reply_fini(&h->reply);
    report_list_fini(&h->heard);
    dialect_close(h->sink);
    dialect_close(h->feed);
}

static int hangzhou_hear(struct hangzhou *h, const char *path, struct view body)
{
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_inbound in = {.method = VIEW("POST"), .path = view_of(path), .body = body};
    dialect_reply_fini(&h->reply);
    return dialect_receive(h->feed, &ctx, &in, &h->heard, &h->reply, &h->why);
}

#define STATE_PATH "/api/v2/cp/uploadParkingState"
#define BEAT_PATH  "/api/v2/tcjg/uploadHeartbeat"

static void hangzhou_p1_round_trip(void **state)
{
    (void)state;
    struct hangzhou h;
    struct dialect_ctx ctx = test_ctx(NULL);
    hangzhou_begin(&h);
    struct dialect_batch batch = {.items = h.items, .n = 4, .batch_id = "b-1"};
    assert_int_equal(dialect_push(h.sink, &ctx, &batch, &h.sent, &h.why), 0);
    assert_int_equal(h.sent.n, 3);
    assert_string_equal(h.sent.v[0].url, "https://lot.example" STATE_PATH);
    assert_string_equal(header_of(&h.sent.v[0], "content-type"), "application/x-www-form-urlencoded");
    assert_null(strchr(h.sent.v[0].body.p, '+'));
    assert_int_equal(h.sent.v[2].items[0], 3);
    for (size_t i = 0; i < h.sent.n; i++) {
        if (hangzhou_hear(&h, STATE_PATH, buf_get(&h.sent.v[i].body)))
            fail_msg("%s", h.why.text);
        assert_int_equal(h.reply.status, 200);
        assert_string_equal(h.reply.body.p, "{\"msg\":\"\xe6\x88\x90\xe5\x8a\x9f\",\"resultCode\":200}");
    }
    assert_list(&h.heard,
                "report 0 lot=A counts free=10 open=130 total=150 time=2023-11-14T22:12:20Z\n"
                "report 0 lot=370303-B counts free=11 open=130 total=150 time=2023-11-14T22:12:20Z\n"
                "report 0 lot=D counts free=13 open=99 total=99 time=2023-11-14T22:12:20Z\n");
    hangzhou_end(&h);
}

/* The same state is the same bytes in every attempt, whenever it is made. */
static void hangzhou_repeats_itself(void **state)
{
    (void)state;
    struct hangzhou h;
    struct dialect_request_list again;
    struct dialect_ctx ctx = test_ctx(NULL);
    hangzhou_begin(&h);
    struct dialect_batch batch = {.items = h.items, .n = 1, .batch_id = "b-1"};
    assert_int_equal(dialect_push(h.sink, &ctx, &batch, &h.sent, &h.why), 0);
    ctx.now_ms += 100000;
    assert_int_equal(dialect_push(h.sink, &ctx, &batch, &again, &h.why), 0);
    assert_string_equal(h.sent.v[0].body.p, again.v[0].body.p);
    dialect_request_list_fini(&again);
    hangzhou_end(&h);
}

static void hangzhou_beats_for_what_is_known(void **state)
{
    (void)state;
    struct hangzhou h;
    struct dialect_ctx ctx = test_ctx(NULL);
    hangzhou_begin(&h);
    h.readings[1].observed_ms = TEST_NOW - 86400000;
    struct dialect_batch batch = {.items = h.items, .n = 4};
    assert_int_equal(dialect_beat(h.sink, &ctx, &batch, &h.sent, &h.why), 0);
    assert_int_equal(h.sent.n, 2);
    assert_string_equal(h.sent.v[0].url, "https://lot.example" BEAT_PATH);
    for (size_t i = 0; i < h.sent.n; i++)
        assert_int_equal(hangzhou_hear(&h, BEAT_PATH, buf_get(&h.sent.v[i].body)), 0);
    assert_list(
        &h.heard,
        "report 0 lot=A beat time=2023-11-14T22:13:20Z\nreport 0 lot=D beat time=2023-11-14T22:13:20Z\n");
    hangzhou_end(&h);
}

/* A form made here, with any business text, signed with the lot's key. */
static void seal(const char *id, const char *text, struct buf *out)
{
    struct buf raw, cipher, sign;
    buf_init(&raw, 4096);
    buf_init(&cipher, 4096);
    buf_init(&sign, 4096);
    assert_int_equal(rsa_private_encrypt(&raw, VIEW(TEST_PRIVATE_KEY), view_of(text)), 0);
    assert_int_equal(base64_encode(&cipher, buf_get(&raw)), 0);
    buf_clear(&raw);
    assert_int_equal(rsa_sign(&raw, DIGEST_MD5, VIEW(TEST_PRIVATE_KEY), buf_get(&cipher)), 0);
    assert_int_equal(base64_encode(&sign, buf_get(&raw)), 0);
    buf_printf(out, "accessID=%s&cipher=%s&sign=%s", id, cipher.p,
               sign.p); /* '+' left bare, as some clients do */
    buf_fini(&raw);
    buf_fini(&cipher);
    buf_fini(&sign);
}

static void hangzhou_hears_only_what_is_signed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *path, *id, *text;
        int err;
        const char *reply, *want;
    } rows[] = {
        {"an entry without its plate", "/api/v2/cp/uploadCarInData", "id1",
         "{\"data\":{\"parkingCode\":\"A\",\"plateNo\":\"X\",\"totalBerthNum\":9,\"openBerthNum\":8,"
         "\"freeBerthNum\":7}}",
         0, "\"resultCode\":200", "report 0 lot=A counts free=7 open=8 total=9\n"},
        {"an exit", "/x/uploadCarOutData", "id1", "{\"data\":{\"parkingCode\":\"A\",\"freeBerthNum\":\"7\"}}",
         0, "\"resultCode\":200", "report 0 lot=A counts free=7\n"},
        {"a photo", "/api/v2/cp/uploadPhoto", "id1", "{\"data\":{\"photoID\":\"1\"}}", 0,
         "\"resultCode\":200", ""},
        {"a count that is none", STATE_PATH, "id1",
         "{\"data\":{\"parkingCode\":\"A\",\"freeBerthNum\":12.5}}", 0, "\"resultCode\":200",
         "fault 0 lot=A /data/free: not a count\n"},
        {"a time that is none", STATE_PATH, "id1",
         "{\"data\":{\"parkingCode\":\"A\",\"freeBerthNum\":1,\"uploadTime\":\"now\"}}", 0,
         "\"resultCode\":200", "report 0 lot=A counts free=1\nfault 0 lot=A /data/time: not a time\n"},
        {"no lot", STATE_PATH, "id1", "{\"data\":{\"freeBerthNum\":1}}", 0, "\"resultCode\":200",
         "fault 0 lot= /data/lot: missing\n"},
        {"another's id", STATE_PATH, "id2", "{\"data\":{\"parkingCode\":\"A\",\"freeBerthNum\":1}}", ERR_AUTH,
         "\"resultCode\":401", ""},
        {"another path", "/api/v2/cp/other", "id1", "{\"data\":{}}", ERR_NOT_FOUND, "\"resultCode\":404", ""},
        {"no data", STATE_PATH, "id1", "{\"date\":{}}", ERR_SYNTAX, "\"resultCode\":400", ""},
        {"no JSON", STATE_PATH, "id1", "hello", ERR_SYNTAX, "\"resultCode\":400", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hangzhou h;
        struct buf form;
        hangzhou_begin(&h);
        buf_init(&form, 8192);
        seal(rows[i].id, rows[i].text, &form);
        int err = hangzhou_hear(&h, rows[i].path, buf_get(&form));
        if (err != rows[i].err || !has_text(buf_get(&h.reply.body), rows[i].reply))
            fail_msg("%s: %s: %s", rows[i].name, err_name(err), h.why.text);
        assert_list(&h.heard, rows[i].want);
        buf_fini(&form);
        hangzhou_end(&h);
    }
}

static void hangzhou_refuses_what_is_changed(void **state)
{
    (void)state;
    struct hangzhou h;
    struct buf form;
    hangzhou_begin(&h);
    buf_init(&form, 8192);
    seal("id1", "{\"data\":{\"parkingCode\":\"A\",\"freeBerthNum\":1}}", &form);
    char *cipher = strstr(form.p, "cipher=") + 20;
    *cipher = *cipher == 'A' ? 'B' : 'A';
    assert_int_equal(hangzhou_hear(&h, STATE_PATH, buf_get(&form)), ERR_AUTH);
    assert_true(has_text(buf_get(&h.reply.body), "\"resultCode\":401"));
    static const char *const bodies[] = {"",
                                         "accessID=id1",
                                         "accessID=id1&cipher=&sign=",
                                         "accessID=id1&cipher=!!&sign=!!",
                                         "accessID=id1&cipher=AAAA&sign=AAAA",
                                         "{\"accessID\":\"id1\"}",
                                         "&&&==&%zz%"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(hangzhou_hear(&h, STATE_PATH, view_of(bodies[i])), ERR_AUTH);
    dialect_close(h.feed);
    h.feed =
        open_session(ds, "hangzhou", "{\"access_id\":\"id1\",\"public_key\":\"" TEST_OTHER_PUBLIC_KEY "\"}");
    *cipher = 'C';
    assert_int_equal(hangzhou_hear(&h, STATE_PATH, buf_get(&form)), ERR_AUTH);
    assert_int_equal(h.heard.n, 0);
    buf_fini(&form);
    hangzhou_end(&h);
}

static void hangzhou_judges_the_code_inside(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int err;
        enum dialect_verdict want;
    } rows[] = {
        {"{\"resultCode\":200,\"msg\":\"ok\"}", 0, VERDICT_OK},
        {"{\"resultCode\":\"200\"}", 0, VERDICT_OK},
        {"{\"resultCode\":401,\"msg\":\"sign\"}", 0, VERDICT_PAUSE},
        {"{\"resultCode\":403}", 0, VERDICT_PAUSE},
        {"{\"resultCode\":422,\"msg\":\"no such lot\"}", 0, VERDICT_REJECT},
        {"{\"resultCode\":500}", 0, VERDICT_RETRY},
        {"{\"resultCode\":\"what\"}", 0, VERDICT_RETRY},
        {"{}", 0, VERDICT_RETRY},
        {"<html>", ERR_SYNTAX, VERDICT_RETRY},
        {"", ERR_SYNTAX, VERDICT_RETRY},
    };
    struct hangzhou h;
    struct dialect_ctx ctx = test_ctx(NULL);
    hangzhou_begin(&h);
    struct dialect_batch batch = {.items = h.items, .n = 1, .batch_id = "b-1"};
    assert_int_equal(dialect_push(h.sink, &ctx, &batch, &h.sent, &h.why), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_judgement j;
        struct dialect_response res = {200, {0}, view_of(rows[i].body)};
        int err = dialect_check(h.sink, &ctx, &h.sent.v[0], &res, &j);
        if (err != rows[i].err || j.all != rows[i].want)
            fail_msg("%s: %s, verdict %d", rows[i].body, err_name(err), (int)j.all);
        dialect_judgement_fini(&j);
    }
    hangzhou_end(&h);
}

static void hangzhou_needs_the_key_of_its_part(void **state)
{
    (void)state;
    struct hangzhou h;
    struct dialect_ctx ctx = test_ctx(NULL);
    hangzhou_begin(&h);
    struct dialect_batch batch = {.items = h.items, .n = 1, .batch_id = "b-1"};
    assert_int_equal(dialect_push(h.feed, &ctx, &batch, &h.sent, &h.why), ERR_MISSING);
    dialect_close(h.feed);
    h.feed = open_session(ds, "hangzhou", AS_SINK);
    assert_int_not_equal(hangzhou_hear(&h, STATE_PATH, VIEW("accessID=id1")), 0);
    hangzhou_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hikvision_v3),
        cmocka_unit_test(keytop_v2),
        cmocka_unit_test(jieshun_v1),
        cmocka_unit_test(jieshun_logs_in_again_once),
        cmocka_unit_test(jieshun_needs_a_lot),
        cmocka_unit_test(hangzhou_p1_round_trip),
        cmocka_unit_test(hangzhou_repeats_itself),
        cmocka_unit_test(hangzhou_beats_for_what_is_known),
        cmocka_unit_test(hangzhou_hears_only_what_is_signed),
        cmocka_unit_test(hangzhou_refuses_what_is_changed),
        cmocka_unit_test(hangzhou_judges_the_code_inside),
        cmocka_unit_test(hangzhou_needs_the_key_of_its_part),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
