/* SPDX-License-Identifier: MIT
 * The native format: what each item means, what costs only its item and what the whole message, and that what
 * a sink sends is what the way in understands.
 */
#include "dialect_test.h"

#include "parkd/base/webhook.h"
#include "parkd/dialect/native.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static void reads_items(void **state)
{
    (void)state;
    static const struct {
        const char *item, *want;
    } rows[] = {
        {"{\"lot\":\"A\",\"free\":37}", "report 0 lot=A counts free=37\n"},
        {"{\"lot\":\"A\",\"free\":0,\"open\":0,\"total\":0}",
         "report 0 lot=A counts free=0 open=0 total=0\n"},
        {"{\"lot\":\"A\",\"free\":-3,\"total\":420}", "report 0 lot=A counts free=-3 total=420\n"},
        {"{\"lot\":\"A\",\"free\":-65534}", "report 0 lot=A counts free=-65534\n"},
        {"{\"lot\":\"A\",\"free\":65534}", "report 0 lot=A counts free=65534\n"},
        {"{\"lot\":\"A\",\"free\":null,\"total\":9}", "report 0 lot=A counts total=9\n"},
        {"{\"lot\":\"A\",\"free\":null}", "report 0 lot=A counts\n"},
        {"{\"lot\":\"A\",\"occupied\":5,\"total\":9}", "report 0 lot=A counts total=9 occupied=5\n"},
        {"{\"lot\":\"A\",\"status\":\"closed\"}", "report 0 lot=A counts status=closed\n"},
        {"{\"lot\":\"A\",\"status\":\"unknown\"}", "report 0 lot=A counts\n"},
        {"{\"lot\":\"A\",\"band\":\"few\"}", "report 0 lot=A band band=few\n"},
        {"{\"lot\":\"A\",\"band\":\"few\",\"free\":null,\"total\":9}",
         "report 0 lot=A band total=9 band=few\n"},
        {"{\"lot\":\"A\",\"band\":\"few\",\"free\":3}", "report 0 lot=A counts free=3 band=few\n"},
        {"{\"lot\":\"A\",\"heartbeat\":true}", "report 0 lot=A beat\n"},
        {"{\"lot\":\"A\",\"heartbeat\":true,\"at\":1700000000000}",
         "report 0 lot=A beat time=2023-11-14T22:13:20Z\n"},
        {"{\"lot\":\"A\",\"heartbeat\":true,\"free\":3}", "report 0 lot=A counts free=3\n"},
        {"{\"lot\":\"A\",\"in\":2,\"out\":1}", "report 0 lot=A hint in=2 out=1\n"},
        {"{\"lot\":\"A\",\"in\":1}", "report 0 lot=A hint in=1 out=0\n"},
        {"{\"lot\":\"A\",\"free\":1,\"at\":\"2026-11-22T16:00:00.5+08:00\"}",
         "report 0 lot=A counts free=1 time=2026-11-22T08:00:00.500Z\n"},
        {"{\"lot\":\"A\",\"free\":1,\"seq\":1795363125094,\"at\":\"2026-11-22T08:00:00Z\"}",
         "report 0 lot=A counts free=1 time=2026-11-22T08:00:00Z seq=1795363125094\n"},
        {"{\"lot\":\"A\",\"free\":1,\"quality\":[\"derived\",\"negative\",\"of tomorrow\"]}",
         "report 0 lot=A counts free=1 +negative +derived\n"},
        {"{\"lot\":\"A\",\"classes\":{\"charging\":{\"free\":3,\"total\":10},\"of "
         "tomorrow\":7,\"courier\":{\"free\":null}}}",
         "report 0 lot=A counts charging: free=3 total=10\n"},
        {"{\"lot\":\"A\",\"zones\":[{\"id\":\"B1\",\"free\":1,\"total\":2},{\"id\":\"B2\"}]}",
         "report 0 lot=A counts zone B1: free=1 total=2 zone B2:\n"},
        {"{\"lot\":\"A\",\"free\":1,\"of tomorrow\":{\"x\":[]}}", "report 0 lot=A counts free=1\n"},
        {"{\"lot\":\"\\u4e2d\",\"free\":1.0}", "report 0 lot=\xe4\xb8\xad counts free=1\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct report_list list;
        struct why why = {0};
        report_list_init(&list);
        if (native_decode(view_of(rows[i].item), &list, &why))
            fail_msg("%s: %s %s", rows[i].item, why.at, why.text);
        assert_list(&list, rows[i].want);
        report_list_fini(&list);
    }
}

/* A wrong item in third place costs itself, by pointer. */
static void wrong_items_cost_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *item, *at;
    } rows[] = {
        {"7", ""},
        {"null", ""},
        {"[]", ""},
        {"{}", "/lot"},
        {"{\"lot\":null,\"free\":1}", "/lot"},
        {"{\"lot\":\"\",\"free\":1}", "/lot"},
        {"{\"lot\":12,\"free\":1}", "/lot"},
        {"{\"lot\":\"0123456789012345678901234567890123456789012345678901234567890123"
         "0123456789012345678901234567890123456789012345678901234567890123\",\"free\":1}",
         "/lot"},
        {"{\"lot\":\"A\"}", ""},
        {"{\"lot\":\"A\",\"heartbeat\":false}", ""},
        {"{\"lot\":\"A\",\"in\":0,\"out\":0}", ""},
        {"{\"lot\":\"A\",\"band\":\"unknown\"}", ""},
        {"{\"lot\":\"A\",\"free\":\"37\"}", "/free"},
        {"{\"lot\":\"A\",\"free\":1.9}", "/free"},
        {"{\"lot\":\"A\",\"free\":true}", "/free"},
        {"{\"lot\":\"A\",\"free\":[1]}", "/free"},
        {"{\"lot\":\"A\",\"free\":65535}", "/free"},
        {"{\"lot\":\"A\",\"free\":-65535}", "/free"},
        {"{\"lot\":\"A\",\"free\":1e300}", "/free"},
        {"{\"lot\":\"A\",\"free\":4294967299}", "/free"},
        {"{\"lot\":\"A\",\"free\":1,\"open\":-1}", "/open"},
        {"{\"lot\":\"A\",\"free\":1,\"total\":65535}", "/total"},
        {"{\"lot\":\"A\",\"occupied\":-1}", "/occupied"},
        {"{\"lot\":\"A\",\"free\":1,\"status\":\"OPEN\"}", "/status"},
        {"{\"lot\":\"A\",\"free\":1,\"status\":1}", "/status"},
        {"{\"lot\":\"A\",\"free\":1,\"status\":\"a word that is far too long\"}", "/status"},
        {"{\"lot\":\"A\",\"band\":\"many\"}", "/band"},
        {"{\"lot\":\"A\",\"free\":1,\"quality\":\"derived\"}", "/quality"},
        {"{\"lot\":\"A\",\"free\":1,\"quality\":[1]}", "/quality"},
        {"{\"lot\":\"A\",\"free\":1,\"classes\":[]}", "/classes"},
        {"{\"lot\":\"A\",\"free\":1,\"classes\":{\"charging\":3}}", "/classes/charging"},
        {"{\"lot\":\"A\",\"free\":1,\"classes\":{\"charging\":{\"free\":\"3\"}}}", "/classes/charging/free"},
        {"{\"lot\":\"A\",\"free\":1,\"classes\":{\"nev\":{\"total\":-1}}}", "/classes/nev/total"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":{}}", "/zones"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":[1]}", "/zones/0"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":[{\"id\":\"B1\"},{\"free\":1}]}", "/zones/1/id"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":[{\"id\":\"B1\"},{\"id\":\"B1\"}]}", "/zones/1/id"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":[{\"id\":\"012345678901234567890123\"}]}", "/zones/0/id"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":[{\"id\":\"B1\",\"total\":0.5}]}", "/zones/0/total"},
        {"{\"lot\":\"A\",\"free\":1,\"zones\":[1,2,3,4,5,6,7,8,9,10,11,12,13]}", "/zones"},
        {"{\"lot\":\"A\",\"in\":1001}", "/in"},
        {"{\"lot\":\"A\",\"in\":1,\"out\":-1}", "/out"},
        {"{\"lot\":\"A\",\"free\":1,\"seq\":0}", "/seq"},
        {"{\"lot\":\"A\",\"free\":1,\"seq\":-5}", "/seq"},
        {"{\"lot\":\"A\",\"free\":1,\"seq\":\"1\"}", "/seq"},
        {"{\"lot\":\"A\",\"free\":1,\"at\":\"yesterday\"}", "/at"},
        {"{\"lot\":\"A\",\"free\":1,\"at\":0}", "/at"},
        {"{\"lot\":\"A\",\"free\":1,\"at\":1e18}", "/at"},
        {"{\"lot\":\"A\",\"free\":1,\"at\":{}}", "/at"},
        {"{\"lot\":\"A\",\"free\":1,\"heartbeat\":1}", "/heartbeat"},
    };
    static const char *const frames[][2] = {{"{\"items\":[", "/items/2"},
                                            {"{\"data\":{\"items\":[", "/data/items/2"}};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        char text[1024], at[64];
        bool envelope = i % 2;
        struct report_list list;
        struct why why = {0};
        report_list_init(&list);
        (void)snprintf(
            text, sizeof text,
            "%s{\"lot\":\"X\",\"free\":1},{\"lot\":\"Y\",\"free\":2},%s,{\"lot\":\"Z\",\"free\":3}]}%s",
            frames[envelope][0], rows[i / 2].item, envelope ? "}" : "");
        if (native_decode(view_of(text), &list, &why))
            fail_msg("%s: %s %s", text, why.at, why.text);
        if (list.n != 3 || list.n_faults != 1)
            fail_msg("%s: %zu reports, %zu faults", text, list.n, list.n_faults);
        (void)snprintf(at, sizeof at, "%s%s", frames[envelope][1], rows[i / 2].at);
        assert_string_equal(list.faults[0].why.at, at);
        assert_true(list.faults[0].why.text[0] != '\0');
        assert_int_equal(list.faults[0].item, 2);
        assert_int_equal(list.v[2].item, 3);
        report_list_fini(&list);
    }
}

static void a_bare_item_has_bare_pointers(void **state)
{
    (void)state;
    struct report_list list;
    struct why why = {0};
    report_list_init(&list);
    assert_int_equal(native_decode(VIEW("{\"lot\":\"A\",\"free\":\"1\"}"), &list, &why), 0);
    assert_int_equal(list.n, 0);
    assert_int_equal(list.n_faults, 1);
    assert_string_equal(list.faults[0].why.at, "/free");
    assert_string_equal(list.faults[0].lot, "A");
    report_list_fini(&list);
}

static void refuses_whole_messages(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int err;
        const char *at;
    } rows[] = {
        {"", ERR_SYNTAX, ""},
        {"{", ERR_SYNTAX, ""},
        {"{\"items\":[]} x", ERR_SYNTAX, ""},
        {"{\"items\":[],\"items\":[]}", ERR_SYNTAX, ""},
        {"<html>", ERR_SYNTAX, ""},
        {"[]", ERR_TYPE, ""},
        {"7", ERR_TYPE, ""},
        {"{}", ERR_MISSING, "/items"},
        {"{\"items\":null}", ERR_MISSING, "/items"},
        {"{\"items\":{}}", ERR_TYPE, "/items"},
        {"{\"data\":[]}", ERR_TYPE, "/data"},
        {"{\"data\":{}}", ERR_MISSING, "/data/items"},
        {"{\"data\":{\"items\":7}}", ERR_TYPE, "/data/items"},
        {"{\"data\":{\"items\":[],\"observed\":[]}}", ERR_TYPE, "/data/observed"},
        {"{\"type\":\"something.else\",\"data\":{\"items\":[]}}", ERR_INVALID, "/type"},
        {"{\"version\":\"2.0\",\"data\":{\"items\":[]}}", ERR_INVALID, "/version"},
        {"{\"version\":1.0,\"data\":{\"items\":[]}}", ERR_TYPE, "/version"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct report_list list;
        struct why why = {0};
        report_list_init(&list);
        int err = native_decode(view_of(rows[i].text), &list, &why);
        if (err != rows[i].err || (rows[i].err != ERR_SYNTAX && strcmp(why.at, rows[i].at) != 0))
            fail_msg("%s: %s at %s: %s", rows[i].text, err_name(err), why.at, why.text);
        assert_int_equal(list.n, 0);
        report_list_fini(&list);
    }
}

static void has_a_limit_of_items(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct buf b;
        struct report_list list;
        struct why why = {0};
        buf_init(&b, 1 << 20);
        report_list_init(&list);
        buf_str(&b, "{\"items\":[");
        for (int i = 0; i < REPORT_LIST_MAX + more; i++)
            buf_printf(&b, "%s{\"lot\":\"L%d\",\"free\":1}", i ? "," : "", i);
        buf_str(&b, "]}");
        assert_int_equal(native_decode(buf_get(&b), &list, &why), more ? ERR_TOO_BIG : 0);
        assert_int_equal(list.n, more ? 0 : REPORT_LIST_MAX);
        report_list_fini(&list);
        buf_fini(&b);
    }
}

static void observed_is_the_observation_and_at_the_change(void **state)
{
    (void)state;
    struct report_list list;
    struct why why = {0};
    report_list_init(&list);
    assert_int_equal(
        native_decode(
            VIEW("{\"type\":\"parking.availability.updated\",\"version\":\"1.7\",\"data\":{\"items\":["
                 "{\"lot\":\"b\",\"seq\":5,\"at\":1700000000000,\"free\":1},"
                 "{\"lot\":\"aa\",\"seq\":6,\"at\":1700000001000,\"free\":2},"
                 "{\"lot\":\"a\",\"seq\":7,\"at\":1700000002000,\"free\":3},"
                 "{\"lot\":\"c\",\"seq\":8,\"at\":1700000003000,\"free\":4}],"
                 "\"observed\":{\"c\":\"no time\",\"b\":1700000009000,\"a\":\"2023-11-14T22:13:28Z\","
                 "\"aa\":1700000007000},\"aggregates\":[{\"scope\":\"district\"}]}}"),
            &list, &why),
        0);
    assert_list(&list,
                "report 0 lot=b counts free=1 time=2023-11-14T22:13:29Z changed=2023-11-14T22:13:20Z seq=5\n"
                "report 1 lot=aa counts free=2 time=2023-11-14T22:13:27Z changed=2023-11-14T22:13:21Z seq=6\n"
                "report 2 lot=a counts free=3 time=2023-11-14T22:13:28Z changed=2023-11-14T22:13:22Z seq=7\n"
                "report 3 lot=c counts free=4 time=2023-11-14T22:13:23Z seq=8\n");
    report_list_fini(&list);
}

/* ---- the sink */

struct batch {
    struct lot lots[1000];
    struct reading readings[1000];
    struct dialect_item items[1000];
};

static struct batch *make_batch(size_t n)
{
    struct batch *b = calloc(1, sizeof *b);
    assert_non_null(b);
    for (size_t i = 0; i < n; i++) {
        struct reading *r = &b->readings[i];
        (void)snprintf(b->lots[i].id, sizeof b->lots[i].id, "ZD-%03zu", i);
        reading_init(r);
        r->seq = 1795363125094 + i;
        r->changed_ms = TEST_NOW - 60000;
        r->observed_ms = TEST_NOW - 1000;
        r->free = (int32_t)i;
        r->open = 1000;
        r->total = 1200;
        r->status = STATUS_OPEN;
        b->items[i] = (struct dialect_item){.lot = &b->lots[i], .reading = r};
    }
    return b;
}

static struct dialects *native_only(struct dialect_session **s)
{
    struct dialects *ds = dialects_new();
    assert_int_equal(dialects_add_all_built_in(ds), 0);
    *s = open_session(ds, "native", "{}");
    return ds;
}

static void what_a_sink_sends_the_way_in_understands(void **state)
{
    (void)state;
    struct batch *b = make_batch(3);
    struct buf out;
    struct report_list list;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    b->readings[1].free = COUNT_NONE;
    b->readings[1].last_free = 7;
    b->readings[1].expired = true;
    b->readings[2].quality = QUALITY_DERIVED;
    b->readings[2].classes[CLASS_CHARGING].free = 3;
    struct summary_row rows[] = {{.scope = SUMMARY_DISTRICT, .lots = 3, .known = 2, .free = 2, .open = 2000}};
    struct summary sum = {rows, 1};
    struct dialect_batch batch = {.items = b->items, .n = 3, .summary = &sum, .batch_id = "b-1"};
    buf_init(&out, DIALECT_MAX_BODY);
    report_list_init(&list);
    assert_int_equal(native_encode(&ctx, &batch, &out), 0);
    assert_true(has_text(buf_get(&out),
                         "\"type\":\"parking.availability.updated\",\"version\":\"1.0\",\"timestamp\":"
                         "\"2023-11-14T22:13:20Z\",\"data\":{\"batch\":\"b-1\",\"items\":["));
    assert_true(has_text(buf_get(&out), "\"aggregates\":[{\"scope\":\"district\""));
    assert_int_equal(native_decode(buf_get(&out), &list, &why), 0);
    assert_list(
        &list, "report 0 lot=ZD-000 counts free=0 open=1000 total=1200 status=open time=2023-11-14T22:13:19Z "
               "changed=2023-11-14T22:12:20Z seq=1795363125094\n"
               "report 1 lot=ZD-001 counts open=1000 total=1200 status=open time=2023-11-14T22:13:19Z "
               "changed=2023-11-14T22:12:20Z seq=1795363125095\n"
               "report 2 lot=ZD-002 counts free=2 open=1000 total=1200 status=open time=2023-11-14T22:13:19Z "
               "changed=2023-11-14T22:12:20Z seq=1795363125096 +derived charging: free=3\n");
    report_list_fini(&list);
    buf_fini(&out);
    free(b);
}

static void signs_what_it_sends(void **state)
{
    (void)state;
    struct batch *b = make_batch(1);
    struct dialect_session *s;
    struct dialects *ds = native_only(&s);
    struct dialect_request_list list;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    ctx.secret = VIEW(SECRET);
    ctx.bearer = VIEW("key-1");
    struct dialect_batch batch = {.items = b->items, .n = 1, .batch_id = "b-1"};
    assert_int_equal(dialect_push(s, &ctx, &batch, &list, &why), 0);
    assert_int_equal(list.n, 1);
    const struct dialect_request *r = &list.v[0];
    assert_string_equal(r->url, "https://lot.example/");
    assert_string_equal(r->method, "POST");
    assert_string_equal(header_of(r, "content-type"), "application/json");
    assert_string_equal(header_of(r, "authorization"), "Bearer key-1");
    assert_string_equal(header_of(r, "webhook-id"), "b-1");
    assert_string_equal(header_of(r, "webhook-timestamp"), "1700000000");
    struct webhook_message m = {VIEW("b-1"), 1700000000, buf_get(&r->body)};
    assert_int_equal(webhook_verify(VIEW(SECRET), &m, view_of(header_of(r, "webhook-signature")), 1700000000),
                     0);
    dialect_request_list_fini(&list);
    ctx.secret = VIEW("whsec_no");
    assert_int_equal(dialect_push(s, &ctx, &batch, &list, &why), ERR_INVALID);
    assert_string_equal(why.at, "/secret");
    assert_int_equal(list.n, 0);
    dialect_close(s);
    dialects_free(ds);
    free(b);
}

/* A large batch is cut so that each part passes the way in; no item is lost or doubled, and ids differ. */
static void cuts_a_large_batch(void **state)
{
    (void)state;
    enum { N = 1000 };
    struct batch *b = make_batch(N);
    struct dialect_session *s;
    struct dialects *ds = native_only(&s);
    struct dialect_request_list list;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    ctx.secret = VIEW(SECRET);
    struct dialect_batch batch = {.items = b->items, .n = N, .batch_id = "b-1"};
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < PLACE_CLASS_N; c++)
            b->readings[i].classes[c] = (struct place_count){1, 2};
    }
    assert_int_equal(dialect_push(s, &ctx, &batch, &list, &why), 0);
    assert_true(list.n > 1);
    size_t next = 0;
    for (size_t i = 0; i < list.n; i++) {
        assert_true(list.v[i].body.n <= 256 * 1024);
        for (size_t k = 0; k < list.v[i].n_items; k++)
            assert_int_equal(list.v[i].items[k], next++);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(header_of(&list.v[i], "webhook-id"), header_of(&list.v[k], "webhook-id"));
    }
    assert_int_equal(next, N);
    dialect_request_list_fini(&list);
    dialect_close(s);
    dialects_free(ds);
    free(b);
}

static void beats_for_the_living(void **state)
{
    (void)state;
    struct batch *b = make_batch(3);
    struct dialect_session *s;
    struct dialects *ds = native_only(&s);
    struct dialect_request_list list;
    struct report_list reports;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_batch batch = {.items = b->items, .n = 3};
    b->readings[0].expired = true;
    b->readings[1].observed_ms = TEST_NOW - 7200000;
    assert_int_equal(dialect_beat(s, &ctx, &batch, &list, &why), 0);
    assert_int_equal(list.n, 1);
    report_list_init(&reports);
    assert_int_equal(native_decode(buf_get(&list.v[0].body), &reports, &why), 0);
    assert_list(&reports, "report 0 lot=ZD-002 beat time=2023-11-14T22:13:19Z\n");
    report_list_fini(&reports);
    dialect_request_list_fini(&list);
    batch.n = 2;
    assert_int_equal(dialect_beat(s, &ctx, &batch, &list, &why), 0);
    assert_int_equal(list.n, 0);
    dialect_close(s);
    dialects_free(ds);
    free(b);
}

static void judges_item_by_item(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum dialect_verdict want[3];
    } rows[] = {
        {"", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
        {"thanks", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
        {"{\"accepted\":3,\"rejected\":0}", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
        {"{\"code\":0}", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
        {"{\"code\":\"200\",\"msg\":\"ok\"}", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
        {"{\"code\":\"5000\",\"msg\":\"busy\"}", {VERDICT_RETRY, VERDICT_RETRY, VERDICT_RETRY}},
        {"{\"code\":-1}", {VERDICT_RETRY, VERDICT_RETRY, VERDICT_RETRY}},
        {"{\"rejected\":1,\"results\":[{\"lot\":\"ZD-000\",\"code\":\"ok\"},{\"lot\":\"ZD-001\",\"code\":"
         "\"rejected\",\"detail\":"
         "\"no\"},{\"lot\":\"ZD-002\",\"code\":\"old\"}]}",
         {VERDICT_OK, VERDICT_REJECT, VERDICT_OK}},
        {"{\"rejected\":2,\"results\":[{\"lot\":\"who\",\"code\":\"rejected\"},{\"lot\":\"ZD-002\",\"code\":"
         "\"rejected\"}]}",
         {VERDICT_OK, VERDICT_OK, VERDICT_REJECT}},
        {"{\"rejected\":1,\"results\":7}", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
        {"{\"rejected\":1,\"results\":[7,{\"lot\":7},{}]}", {VERDICT_OK, VERDICT_OK, VERDICT_OK}},
    };
    struct batch *b = make_batch(3);
    struct dialect_session *s;
    struct dialects *ds = native_only(&s);
    struct dialect_request_list list;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_batch batch = {.items = b->items, .n = 3, .batch_id = "b-1"};
    assert_int_equal(dialect_push(s, &ctx, &batch, &list, &why), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_judgement j;
        struct dialect_response res = {200, {0}, view_of(rows[i].answer)};
        assert_int_equal(dialect_check(s, &ctx, &list.v[0], &res, &j), 0);
        for (int k = 0; k < 3; k++)
            assert_int_equal(j.each ? j.each[k] : j.all, rows[i].want[k]);
        dialect_judgement_fini(&j);
    }
    dialect_request_list_fini(&list);
    dialect_close(s);
    dialects_free(ds);
    free(b);
}

/* Another parkd shows its lots beside the way in; whoever is none cannot be asked. */
static void asks_another_parkd(void **state)
{
    (void)state;
    static const struct {
        const char *url, *want;
    } rows[] = {
        {"https://city.example/v1/ingest/relay", "https://city.example/v1/lots/ZD-001"},
        {"https://city.example/parkd/v1/ingest/relay", "https://city.example/parkd/v1/lots/ZD-001"},
        {"https://city.example/report", NULL},
        {"https://city.example/v1/ingest", NULL},
    };
    struct batch *b = make_batch(2);
    struct dialect_session *s;
    struct dialects *ds = native_only(&s);
    struct dialect_request_list list;
    struct why why = {0};
    struct dialect_ctx ctx = test_ctx(NULL);
    ctx.secret = VIEW(SECRET);
    ctx.bearer = VIEW("key-1");
    struct dialect_batch batch = {.items = b->items, .n = 2};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ctx.url = view_of(rows[i].url);
        assert_int_equal(dialect_ask(s, &ctx, &batch, &list, &why), 0);
        assert_int_equal(list.n, rows[i].want ? 2 : 0);
        if (rows[i].want) {
            assert_string_equal(list.v[1].url, rows[i].want);
            assert_string_equal(list.v[1].method, "");
            assert_int_equal(list.v[1].n_headers, 0); /* keys stay here */
            assert_int_equal(list.v[1].n_items, 1);
            assert_int_equal(list.v[1].items[0], 1);
        }
        dialect_request_list_fini(&list);
    }
    dialect_close(s);
    dialects_free(ds);
    free(b);
}

static void reads_what_another_parkd_holds(void **state)
{
    (void)state;
    static const struct {
        int status, err;
        const char *answer;
        int32_t free, open, total; /* free -2: the lot is not known there */
    } rows[] = {
        {200, 0, "{\"id\":\"A\",\"total\":9,\"open\":8,\"free\":7,\"changed_at\":\"2023-11-14T22:13:20Z\"}",
         7, 8, 9},
        {200, 0,
         "{\"id\":\"A\",\"total\":null,\"open\":-4,\"free\":null,\"changed_at\":\"2023-11-14T22:13:20Z\"}",
         COUNT_NONE, COUNT_NONE, COUNT_NONE},
        {404, 0, "{\"type\":\"/problems/not-found\"}", -2, 0, 0},
        {200, ERR_PROTOCOL, "{\"ok\":true}", 0, 0, 0},
        {200, ERR_PROTOCOL, "[]", 0, 0, 0},
        {200, ERR_SYNTAX, "<html>", 0, 0, 0},
        {200, ERR_SYNTAX, "", 0, 0, 0},
        {500, ERR_REFUSED, "", 0, 0, 0},
    };
    uint32_t items[] = {5};
    struct dialect_request req = {.items = items, .n_items = 1, .part = DIALECT_ASK};
    struct dialect_session *s;
    struct dialects *ds = native_only(&s);
    struct dialect_ctx ctx = test_ctx(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dialect_known_list known;
        struct why why;
        struct dialect_response res = {rows[i].status, {0}, view_of(rows[i].answer)};
        assert_int_equal(dialect_answer(s, &ctx, &req, &res, &known, &why), rows[i].err);
        assert_int_equal(known.n, rows[i].err || rows[i].free == -2 ? 0 : 1);
        if (known.n) {
            assert_int_equal(known.v[0].item, 5);
            assert_int_equal(known.v[0].free, rows[i].free);
            assert_int_equal(known.v[0].open, rows[i].open);
            assert_int_equal(known.v[0].total, rows[i].total);
            assert_int_equal(known.v[0].time_ms, TEST_NOW);
        }
        dialect_known_list_fini(&known);
    }
    dialect_close(s);
    dialects_free(ds);
}

/* Any cut or changed byte of a good message gives an answer, never a crash; sanitizers watch. */
static void survives_broken_messages(void **state)
{
    (void)state;
    static const char good[] =
        "{\"type\":\"parking.availability.updated\",\"data\":{\"items\":[{\"lot\":\"A\",\"seq\":5,\"at\":"
        "\"2026-11-22T08:00:00Z\",\"free\":1,\"quality\":[\"derived\"],\"classes\":{\"charging\":{\"free\":3}"
        "},"
        "\"zones\":[{\"id\":\"B1\",\"free\":1}]}],\"observed\":{\"A\":1700000000000}}}";
    static const char marks[] = "\"{}[],:0-\\\x80\xff";
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (size_t k = 0; k < sizeof marks; k++) {
            struct report_list list;
            struct why why = {0};
            size_t n = k ? sizeof good - 1 : at;
            char *text = malloc(n + 1); /* just as long as it is, for the sanitizer */
            memcpy(text, good, n);
            text[at] = marks[k];
            report_list_init(&list);
            int err = native_decode((struct view){text, n}, &list, &why);
            assert_true(err <= 0 && list.n <= 1);
            report_list_fini(&list);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_items),
        cmocka_unit_test(wrong_items_cost_themselves),
        cmocka_unit_test(a_bare_item_has_bare_pointers),
        cmocka_unit_test(refuses_whole_messages),
        cmocka_unit_test(has_a_limit_of_items),
        cmocka_unit_test(observed_is_the_observation_and_at_the_change),
        cmocka_unit_test(what_a_sink_sends_the_way_in_understands),
        cmocka_unit_test(signs_what_it_sends),
        cmocka_unit_test(cuts_a_large_batch),
        cmocka_unit_test(beats_for_the_living),
        cmocka_unit_test(judges_item_by_item),
        cmocka_unit_test(asks_another_parkd),
        cmocka_unit_test(reads_what_another_parkd_holds),
        cmocka_unit_test(survives_broken_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
