/* SPDX-License-Identifier: MIT
 * Vendors whose boxes push (plate recognition, B30, ParkingOS, Wuhan) or are asked for a token (Dahua,
 * Jieshun) or lot by lot (Keytop): who is believed, what a repeat does, and what is asked next. Their single
 * messages are samples under tests/data/dialects.
 */
#include "shipped_test.h"

static struct view nothing(void *accessor, const char *name)
{
    (void)accessor;
    (void)name;
    return (struct view){0};
}

/* What came of a message: the reports as print_list has them in `got`. */
static int hear(struct dialect_session *s, bool unguarded, const char *body, struct buf *got)
{
    struct report_list list;
    struct dialect_reply reply;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_inbound in = {.method = VIEW("POST"),
                                 .path = VIEW("/v1/ingest/f1"),
                                 .body = view_of(body),
                                 .header = nothing,
                                 .query = nothing};
    ctx.unguarded = unguarded;
    report_list_init(&list);
    int err = dialect_receive(s, &ctx, &in, &list, &reply, &why);
    assert_true(reply.body.n > 0); /* in their manner, good or bad */
    buf_clear(got);
    print_list(got, &list);
    dialect_reply_fini(&reply);
    report_list_fini(&list);
    return err;
}

/* ---- who is believed */

static void unsigned_messages_need_a_guarded_feed(void **state)
{
    (void)state;
    static const struct {
        const char *dialect, *params, *body;
        int err;
    } rows[] = {
        {"plate-recognition", "{}",
         "{\"service\":\"parkingspace\",\"parkid\":\"P1\",\"spacetotal\":9,\"spaceLeft\":5}", ERR_AUTH},
        {"plate-recognition", "{}", "{\"service\":\"heartbeat\",\"parkid\":\"P1\"}", ERR_AUTH},
        {"plate-recognition", "{}", "?", ERR_AUTH},
        {"szymzh-b30", "{}", "{\"ParkKey\":\"P1\",\"Data\":{\"RemainingSpaces\":5}}", ERR_AUTH},
        {"szymzh-b30", "{\"sign\":\"none\",\"secret\":\"S\"}",
         "{\"ParkKey\":\"P1\",\"Data\":{\"RemainingSpaces\":5}}", ERR_AUTH},
        {"parkingos", "{}",
         "{\"service_name\":\"upload_order\",\"token\":\"T1\",\"data\":{\"empty_plot\":5}}", ERR_AUTH},
        /* HMAC-SHA256 of Data={"RemainingSpaces":5}&ParkKey=P1 by the key S */
        {"szymzh-b30", "{\"sign\":\"hmac-sha256\",\"secret\":\"S\"}",
         "{\"ParkKey\":\"P1\",\"Data\":{\"RemainingSpaces\":5},\"Sign\":"
         "\"oMysm5HiStRgKuVu9hNOwHn6N5rnv7OjYWB3bS5j5mg=\"}",
         0},
    };
    struct buf got;
    buf_init(&got, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_session *s = open_session(ds, rows[i].dialect, rows[i].params);
        if (hear(s, true, rows[i].body, &got) != rows[i].err || (rows[i].err && got.n))
            fail_msg("row %zu, unguarded: %s", i, got.p);
        bool good = hear(s, false, rows[i].body, &got) == 0;
        assert_int_equal(good, rows[i].body[0] == '{');
        dialect_close(s);
    }
    buf_fini(&got);
}

/* ---- ParkingOS */

#define ORDER(sign, order, more)                                           \
    "{\"service_name\":\"upload_order\",\"token\":\"T1\",\"sign\":\"" sign \
    "\",\"data\":{\"in_time\":1521684057,\"order_id\":\"" order "\",\"empty_plot\":" more "}}"

static void parkingos_repeats(void **state)
{
    (void)state;
#define ENTRY          "report 0 lot=P1 hint time=2018-03-22T02:00:57Z in=1 out=0\n"
#define COUNT(item, n) "report " item " lot=P1 counts free=" n " time=2018-03-22T02:00:57Z\n"
    static const struct {
        const char *name, *body, *want;
    } rows[] = {
        {"a first message", ORDER("S1", "O1", "7"), ENTRY COUNT("1", "7")},
        {"it once more: it may not have been stored", ORDER("S1", "O1", "7"), COUNT("0", "7")},
        {"another, its count below 0", ORDER("S2", "O2", "-1"), ENTRY},
        {"the first again, which is older than the newest", ORDER("S1", "O1", "7"), ""},
        {"an order's second message", ORDER("S3", "O1", "6"), ENTRY COUNT("1", "6")},
        {"its third", ORDER("S4", "O1", "5"), ""},
        {"another token's",
         "{\"service_name\":\"upload_order\",\"token\":\"T2\",\"sign\":\"S1\","
         "\"data\":{\"empty_plot\":3,\"order_id\":\"O1\",\"out_time\":1521684057}}",
         "report 0 lot=P2 hint time=2018-03-22T02:00:57Z in=0 out=1\n"
         "report 1 lot=P2 counts free=3 time=2018-03-22T02:00:57Z\n"},
    };
    struct buf got;
    struct dialect_session *s =
        open_session(ds, "parkingos", "{\"parks\":{\"T1\":{\"lot\":\"P1\"},\"T2\":{\"lot\":\"P2\"}}}");
    buf_init(&got, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(hear(s, true, rows[i].body, &got), 0);
        if (strcmp(got.p ? got.p : "", rows[i].want) != 0)
            fail_msg("%s: got %s", rows[i].name, got.p);
    }
    buf_fini(&got);
    dialect_close(s);
}

/* What is remembered stays small: an order of long ago counts as new. */
static void parkingos_forgets(void **state)
{
    (void)state;
    struct buf got;
    char body[256];
    struct dialect_session *s = open_session(ds, "parkingos", "{\"parks\":{\"T1\":{\"lot\":\"P1\"}}}");
    buf_init(&got, 4096);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(body, sizeof body, ORDER("S%d", "O%d", "7"), i, i);
        assert_int_equal(hear(s, true, body, &got), 0);
        assert_true(got.n > 0);
    }
    assert_int_equal(hear(s, true, ORDER("S250", "O250", "7"), &got), 0);
    assert_int_equal(got.n, 0);
    assert_int_equal(hear(s, true, ORDER("S0", "O0", "7"), &got), 0);
    assert_true(got.n > 0);
    buf_fini(&got);
    dialect_close(s);
}

/* ---- what is asked */

struct asked {
    char url[2048], body[512], authorization[64];
};

static void copy(const char *from, char *to, size_t size)
{
    assert_int_equal(view_copy(view_of(from), to, size), 0);
}

static void note(struct dialect_request *req, struct asked *out)
{
    copy(req->url, out->url, sizeof out->url);
    copy(req->body.p ? req->body.p : "", out->body, sizeof out->body);
    copy(header_of(req, "authorization"), out->authorization, sizeof out->authorization);
    dialect_request_fini(req);
}

static void poll_first(struct dialect_session *s, const struct dialect_ctx *ctx, struct asked *out)
{
    struct dialect_request req;
    struct why why = {0};
    if (dialect_poll(s, ctx, &req, &why))
        fail_msg("%s", why.text);
    note(&req, out);
}

/* Tells the session an answer; what it asks next, url "" for nothing. */
static int tell(struct dialect_session *s, const struct dialect_ctx *ctx, int status, const char *body,
                struct asked *next)
{
    struct report_list list;
    struct dialect_request req;
    struct why why = {0};
    bool more = false;
    struct dialect_response res = {status, {0}, view_of(body)};
    report_list_init(&list);
    int err = dialect_decode(s, ctx, &res, &list, &req, &more, &why);
    *next = (struct asked){0};
    if (more)
        note(&req, next);
    else
        dialect_request_fini(&req);
    report_list_fini(&list);
    return err;
}

#define TOKEN_URL "https://lot.example/evo-apigw/evo-oauth/1.0.0/oauth/extend/token"
#define STAT_URL  "https://lot.example/evo-apigw/ipms/parkinglot/stat"

static void dahua_renews_its_token_once(void **state)
{
    (void)state;
    static const char good[] = "{\"code\":\"0\",\"data\":[{\"parkingLotCode\":\"P1\",\"remainSpace\":4}]}";
    static const char token[] = "{\"code\":\"0\",\"data\":{\"access_token\":\"t1\"}}";
    struct asked a;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s = open_session(ds, "dahua", "{\"client_id\":\"c\",\"client_secret\":\"s\"}");
    poll_first(s, &ctx, &a);
    assert_string_equal(a.url, TOKEN_URL);
    assert_string_equal(
        a.body, "{\"client_id\":\"c\",\"client_secret\":\"s\",\"grant_type\":\"client_credentials\"}");
    assert_int_equal(tell(s, &ctx, 200, token, &a), 0);
    assert_string_equal(a.url, STAT_URL);
    assert_string_equal(a.authorization, "bearer t1");
    assert_int_equal(tell(s, &ctx, 200, good, &a), 0);
    assert_string_equal(a.url, "");
    poll_first(s, &ctx, &a);
    assert_string_equal(a.url, STAT_URL); /* the token is kept … */
    assert_int_equal(tell(s, &ctx, 401, "{\"code\":\"27001007\"}", &a), 0);
    assert_string_equal(a.url, TOKEN_URL); /* … until it is refused */
    assert_int_equal(tell(s, &ctx, 200, token, &a), 0);
    assert_int_equal(tell(s, &ctx, 401, "", &a), ERR_REFUSED); /* a new one too: no circle */
    poll_first(s, &ctx, &a);
    assert_string_equal(a.url, TOKEN_URL);
    assert_int_equal(tell(s, &ctx, 200, "{\"code\":\"0\",\"data\":{}}", &a), ERR_PROTOCOL);
    dialect_close(s);
}

static void dahua_does_not_log_in_again_because_it_is_out_of_order(void **state)
{
    (void)state;
    struct asked a;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s = open_session(ds, "dahua", "{\"client_id\":\"c\",\"client_secret\":\"s\"}");
    poll_first(s, &ctx, &a);
    assert_int_equal(tell(s, &ctx, 200, "{\"code\":\"0\",\"data\":{\"access_token\":\"t1\"}}", &a), 0);
    assert_int_equal(
        tell(s, &ctx, 200, "{\"code\":\"0\",\"data\":[{\"parkingLotCode\":\"P1\",\"remainSpace\":4}]}", &a),
        0);
    poll_first(s, &ctx, &a);
    assert_int_equal(tell(s, &ctx, 502, "<html>", &a), ERR_REFUSED);
    assert_string_equal(a.url, "");
    dialect_close(s);
}

/* Older accounts have no key: sn is the digest of p alone. */
static void jieshun_without_a_key(void **state)
{
    (void)state;
    struct asked a;
    struct registry *reg = registry_new();
    add_lot(reg, "A", "f1", "P001");
    add_lot(reg, "B", "f1", "P002");
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_session *s = open_session(ds, "jieshun", "{\"cid\":\"c\",\"usr\":\"u\",\"psw\":\"p\"}");
    poll_first(s, &ctx, &a);
    assert_int_equal(tell(s, &ctx, 200, "{\"resultCode\":0,\"token\":\"t1\"}", &a), 0);
    assert_true(has_text(view_of(a.body), "&sn=F7DF1A0EAA6EBFCE2CA9C9A4B5255599&"));
    assert_true(has_text(view_of(a.body), "P001%2CP002"));
    dialect_close(s);
    registry_free(reg);
}

#define FREE_URL  "https://lot.example/unite-api/api/wec/GetFreeSpaceNum"
#define AREAS_URL "https://lot.example/unite-api/api/wec/GetParkingPlaceArea"

static void keytop_asks_for_areas_once_an_hour(void **state)
{
    (void)state;
    static const char areas[] = "{\"code\":0,\"data\":{\"areaInfo\":[{\"areaCode\":1,\"placeCount\":41}]}}";
    static const char counts[] = "{\"code\":0,\"data\":{\"freeSpaceNum\":4}}";
    struct asked a;
    struct registry *reg = registry_new();
    add_lot(reg, "A", "f1", "P001");
    add_lot(reg, "B", "f1", "P002");
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_session *s =
        open_session(ds, "keytop", "{\"app_id\":\"1\",\"app_secret\":\"SECRET1\",\"areas\":true}");
    for (int round = 0; round < 3; round++) {
        ctx.now_ms = TEST_NOW + round * (int64_t)1800000;
        poll_first(s, &ctx, &a);
        for (int lot = 0; lot < 2; lot++) {
            if (round != 1) {
                assert_string_equal(a.url, AREAS_URL);
                assert_true(has_text(view_of(a.body), "\"serviceCode\":\"getParkingPlaceArea\""));
                assert_int_equal(tell(s, &ctx, 200, areas, &a), 0);
            }
            assert_string_equal(a.url, FREE_URL);
            assert_true(has_text(view_of(a.body), lot ? "\"P002\"" : "\"P001\""));
            assert_int_equal(tell(s, &ctx, 200, counts, &a), 0);
        }
        assert_string_equal(a.url, "");
    }
    dialect_close(s);
    registry_free(reg);
}

/* Nine requests a poll: of nine lots none can be asked for its areas, of eight one in each poll. */
static void keytop_spreads_the_areas_over_polls(void **state)
{
    (void)state;
    static const char counts[] = "{\"code\":0,\"data\":{\"freeSpaceNum\":4}}";
    struct asked a;
    char id[16];
    struct registry *reg = registry_new();
    for (int i = 0; i < 8; i++) {
        (void)snprintf(id, sizeof id, "P%d", i);
        add_lot(reg, id, "f1", id);
    }
    struct dialect_ctx ctx = test_ctx(reg);
    struct dialect_session *s =
        open_session(ds, "keytop", "{\"app_id\":\"1\",\"app_secret\":\"SECRET1\",\"areas\":true}");
    for (int round = 0; round < 10; round++) {
        int requests = 1, n_areas = 0;
        poll_first(s, &ctx, &a);
        for (; a.url[0]; requests += a.url[0] ? 1 : 0) {
            n_areas += strcmp(a.url, AREAS_URL) == 0;
            assert_int_equal(tell(s, &ctx, 200, counts, &a), 0);
        }
        assert_int_equal(requests, round < 8 ? 9 : 8);
        assert_int_equal(n_areas, round < 8 ? 1 : 0);
    }
    add_lot(reg, "P8", "f1", "P8");
    add_lot(reg, "P9", "f1", "P9");
    struct dialect_request req;
    struct why why = {0};
    assert_int_equal(dialect_poll(s, &ctx, &req, &why), ERR_INVALID);
    dialect_close(s);
    registry_free(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_messages_need_a_guarded_feed),
        cmocka_unit_test(parkingos_repeats),
        cmocka_unit_test(parkingos_forgets),
        cmocka_unit_test(dahua_renews_its_token_once),
        cmocka_unit_test(dahua_does_not_log_in_again_because_it_is_out_of_order),
        cmocka_unit_test(jieshun_without_a_key),
        cmocka_unit_test(keytop_asks_for_areas_once_an_hour),
        cmocka_unit_test(keytop_spreads_the_areas_over_polls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
