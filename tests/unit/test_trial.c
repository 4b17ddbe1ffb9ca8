/* SPDX-License-Identifier: MIT
 * Trials: what is told of a sample, of answers that come one after the other, and of requests that are wrong.
 */
#include "dialect_test.h"

#include "parkd/app/trial.h"
#include "parkd/model/feed.h"
#include "parkd/model/reading.h"

#define NOW INT64_C(1772330040000) /* 2026-03-01T01:54:00Z */

static struct json *parse(const char *text)
{
    struct json *j = NULL;
    struct why why = {0};
    if (json_parse(view_of(text), &j, &why))
        fail_msg("%s in %s", why.text, text);
    return j;
}

static struct dialects *built_in(void)
{
    struct why why = {0};
    int failed = 0;
    return dialects_load(NULL, &failed, &why);
}

static struct json *written(struct trial *t)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, 8 << 20);
    jw_init(&w, &out);
    trial_write(t, &w);
    trial_end(t);
    struct json *j = parse(buf_get(&out).p);
    buf_fini(&out);
    return j;
}

static struct trial *begun(const char *request, const char *base)
{
    struct trial *t = NULL;
    struct why why = {0};
    struct json *b = base ? parse(base) : NULL;
    int err = trial_new(parse(request), b, NOW, &t, &why);
    json_free(b);
    if (err)
        fail_msg("%s: %s %s", request, why.at, why.text);
    return t;
}

static struct json *attempt(const struct dialects *ds, const char *request)
{
    struct trial *t = begun(request, NULL);
    if (trial_begin(t, ds))
        trial_take_samples(t);
    struct json *j = written(t);
    trial_free(t);
    return j;
}

static struct view at(const struct json *j, const char *pointer)
{
    return json_text(json_at(j, view_of(pointer)));
}

static double number_at(const struct json *j, const char *pointer)
{
    const struct json *n = json_at(j, view_of(pointer));
    if (!json_is(n, JSON_NUMBER))
        fail_msg("%s is no number", pointer);
    return json_number(n);
}

static bool is_null(const struct json *j, const char *pointer)
{
    return json_is(json_at(j, view_of(pointer)), JSON_NULL);
}

#define MAPPING                                                                               \
    "\"params\":{\"mapping\":{\"items\":\"/l\",\"lot\":\"/id\",\"free\":\"/f\",\"total\":\"/" \
    "t\",\"time\":{\"path\":"                                                                 \
    "\"/at\",\"format\":\"s\"}}}"

static void test_sample(void **state)
{
    (void)state;
    struct dialects *ds = built_in();
    struct json *j =
        attempt(ds, "{\"dialect\":\"generic\"," MAPPING
                    ",\"sample\":{\"content_type\":\"application/json; charset=utf-8\",\"body\":"
                    "\"{\\\"l\\\":[{\\\"id\\\":\\\"a\\\",\\\"f\\\":-3,\\\"t\\\":100,\\\"at\\\":1772330000,"
                    "\\\"more\\\":7},"
                    "{\\\"id\\\":\\\"b\\\",\\\"f\\\":\\\"x\\\",\\\"t\\\":70000},{\\\"f\\\":1}]}\"}}");
    assert_true(json_true(json_get(j, "ok")));
    assert_true(is_null(j, "/error"));
    assert_true(view_is(at(j, "/came/0/charset"), "utf-8"));
    assert_true(view_is(at(j, "/reports/0/lot"), "a"));
    assert_true(number_at(j, "/reports/0/free") == -3);
    assert_true(number_at(j, "/reports/0/reading/free") == 0);
    assert_true(view_is(at(j, "/reports/0/reading/quality/0"), "negative"));
    assert_true(number_at(j, "/reports/0/reading/age_s") == 40);
    assert_true(view_is(at(j, "/reports/0/source_time"), "2026-03-01T01:53:20Z"));
    assert_true(is_null(j, "/reports/0/registered"));
    assert_true(view_is(at(j, "/leftovers/0/at"), "/l/*/more"));
    assert_int_equal(json_size(json_get(j, "faults")), 3); /* f and t of b; the lot without a name */
    json_free(j);
    dialects_free(ds);
}

/* Against the registration: capacity, what is held, parkd's own name of the lot. */
static void test_registered(void **state)
{
    (void)state;
    struct dialects *ds = built_in();
    struct lot lot = {
        .id = "A", .foreign_id = "a", .total = 50, .open = COUNT_NONE, .free_minutes = COUNT_NONE};
    struct reading held;
    struct trial *t = begun("{\"dialect\":\"generic\",\"feed\":\"f\"," MAPPING
                            ",\"sample\":{\"body\":\"{\\\"l\\\":[{\\\"id\\\":\\\"a\\\",\\\"f\\\":60}]}\"}}",
                            NULL);
    for (int c = 0; c < PLACE_CLASS_N; c++)
        lot.class_total[c] = COUNT_NONE;
    reading_init(&held);
    assert_int_equal(trial_know(t, &lot, &held, 30000), 0);
    if (trial_begin(t, ds))
        trial_take_samples(t);
    struct json *j = written(t);
    assert_true(view_is(at(j, "/reports/0/registered"), "A"));
    assert_true(number_at(j, "/reports/0/reading/free") == 50);
    assert_true(view_is(at(j, "/reports/0/reading/quality/0"), "over_total"));
    json_free(j);
    trial_free(t);
    dialects_free(ds);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *request, *code, *where;
    } rows[] = {
        {"{\"dialect\":\"nobody\",\"sample\":{\"body\":\"{}\"}}", "ERR_NOT_FOUND", "/dialect"},
        {"{\"params\":{\"mapping\":{\"lot\":5}},\"sample\":{\"body\":\"{}\"}}", "ERR_INVALID",
         "/params/mapping/lot"},
        {"{" MAPPING ",\"sample\":{\"body\":\"<html>\"}}", "ERR_SYNTAX", ""},
        {"{" MAPPING ",\"sample\":{\"body\":\"{}\",\"status\":500}}", "ERR_REFUSED", ""},
        {"{" MAPPING ",\"sample\":{\"body\":\"{}\",\"status\":401}}", "ERR_AUTH", ""},
    };
    struct dialects *ds = built_in();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *j = attempt(ds, rows[i].request);
        assert_false(json_true(json_get(j, "ok")));
        if (!view_is(at(j, "/error/code"), rows[i].code) || !view_starts(at(j, "/error/at"), rows[i].where))
            fail_msg("%s: %.*s %.*s", rows[i].request, VIEW_ARG(at(j, "/error/code")),
                     VIEW_ARG(at(j, "/error/at")));
        assert_true(at(j, "/error/text").n > 0);
        assert_int_equal(json_size(json_get(j, "reports")), 0);
        json_free(j);
    }
    dialects_free(ds);
}

static void test_wrong_requests(void **state)
{
    (void)state;
    static const struct {
        const char *request, *where;
    } rows[] = {
        {"[]", ""},
        {"{\"nonsense\":1}", "/nonsense"},
        {"{}", "/url"}, /* neither a sample nor an address */
        {"{\"sample\":{}}", "/sample/body"},
        {"{\"sample\":{\"body\":1}}", "/sample/body"},
        {"{\"sample\":{\"body\":\"\",\"base64\":\"\"}}", "/sample/body"},
        {"{\"sample\":{\"base64\":\"*\"}}", "/sample/base64"},
        {"{\"sample\":{\"body\":\"\",\"status\":7}}", "/sample/status"},
        {"{\"sample\":{\"body\":\"\",\"query\":{\"a\":1}}}", "/sample"},
        {"{\"sample\":{\"body\":\"\"},\"sides\":{\"x\":5}}", "/sides/x"},
        {"{\"sample\":{\"body\":\"\"},\"now\":\"soon\"}", "/now"},
        {"{\"sample\":{\"body\":\"\"},\"timeout_ms\":5}", "/timeout_ms"},
        {"{\"url\":\"http://x/\",\"access\":{\"nonsense\":1}}", "/access"},
        {"{\"sample\":{\"body\":\"\"},\"params\":7}", "/params"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trial *t = NULL;
        struct why why = {0};
        assert_int_not_equal(trial_new(parse(rows[i].request), NULL, NOW, &t, &why), 0);
        assert_null(t);
        if (!view_starts(view_of(why.at), rows[i].where) || !why.text[0])
            fail_msg("%s: %s %s", rows[i].request, why.at, why.text);
    }
}

static void test_push(void **state)
{
    (void)state;
    struct dialects *ds = built_in();
    struct json *j = attempt(
        ds, "{\"params\":{\"mapping\":{\"format\":\"form\",\"lot\":{\"request\":\"path:2\"},\"free\":\"/n\","
            "\"in\":{\"request\":\"header:X-In\",\"do\":\"integer\"},\"numbers\":{\"text\":true}},\"reply\":"
            "{\"status\":201,\"body\":\"ok\"}},\"sample\":{\"body\":\"n=5\",\"path\":\"/in/P9\",\"headers\":"
            "{\"X-In\":\"3\"},\"content_type\":\"application/x-www-form-urlencoded\"}}");
    assert_true(json_true(json_get(j, "ok")));
    assert_true(view_is(at(j, "/part"), "receive"));
    assert_true(view_is(at(j, "/reports/0/lot"), "P9"));
    assert_true(number_at(j, "/reports/0/free") == 5);
    assert_true(number_at(j, "/reports/0/in") == 3);
    assert_true(view_is(at(j, "/reply/body"), "ok"));
    assert_true(number_at(j, "/reply/status") == 201);
    json_free(j);
    dialects_free(ds);
}

/* A second message that the mapping joins comes with the request. */
static void test_sides(void **state)
{
    (void)state;
    struct dialects *ds = built_in();
    struct json *j = attempt(ds, "{\"params\":{\"mapping\":{\"items\":\"/l\",\"lot\":\"/id\",\"free\":\"/"
                                 "f\",\"total\":{\"join\":\"s\",\"on\":\"/id\","
                                 "\"take\":\"/cap\"},\"join\":{\"s\":{\"url\":\"/static\",\"items\":\"/"
                                 "x\",\"key\":\"/id\"}}}},\"sample\":{\"body\":"
                                 "\"{\\\"l\\\":[{\\\"id\\\":\\\"a\\\",\\\"f\\\":2}]}\"},\"sides\":{\"s\":\"{"
                                 "\\\"x\\\":[{\\\"id\\\":\\\"a\\\",\\\"cap\\\":"
                                 "70}]}\"}}");
    assert_true(number_at(j, "/reports/0/total") == 70);
    json_free(j);
    dialects_free(ds);
}

static const char two_steps[] =
    "return {name='two',params={key='secret'},interface='1.0',"
    "poll=function(ctx) return {url='http://h/login?k='..ctx.params.key} end,"
    "decode=function(ctx,r) local a=json.decode(r.body) "
    "if a.token then return {}, {url='http://h/list?t='..a.token} end "
    "local out={} for i,l in ipairs(ctx.lots) do out[i]={lot=l.foreign,free=a.n} end "
    "if #out==0 then out={{lot='x',free=a.n}} end return out end}";

/* A dialect that asks on gets the next sample; without one it says what is missing. */
static void test_several_samples(void **state)
{
    (void)state;
    struct dialects *ds = load_text(two_steps);
    struct json *j = attempt(ds, "{\"dialect\":\"two\",\"params\":{\"key\":\"kkkk\"},\"sample\":[{\"body\":"
                                 "\"{\\\"token\\\":\\\"t\\\"}\"},"
                                 "{\"body\":\"{\\\"n\\\":4}\"}]}");
    assert_true(json_true(json_get(j, "ok")));
    assert_int_equal(json_size(json_get(j, "came")), 2);
    assert_true(number_at(j, "/reports/0/free") == 4);
    json_free(j);
    j = attempt(ds, "{\"dialect\":\"two\",\"params\":{\"key\":\"kkkk\"},\"sample\":{\"body\":\"{"
                    "\\\"token\\\":\\\"t\\\"}\"}}");
    assert_true(view_is(at(j, "/error/code"), "ERR_MISSING"));
    struct view text = at(j, "/error/text"); /* without the query, where keys stand */
    assert_non_null(memmem(text.p, text.n, "(http://h/list)", 15));
    json_free(j);
    dialects_free(ds);
}

/* Live: the owner asks; queries and parameters are in no answer. */
static void test_live(void **state)
{
    (void)state;
    struct dialects *ds = load_text(two_steps);
    struct buf out;
    struct json_writer w;
    struct trial *t = begun("{\"dialect\":\"two\",\"params\":{\"key\":\"kkkk\"},\"url\":\"http://h/"
                            "?q=kkkk\",\"access\":{\"bearer\":"
                            "\"bbbb\"}}",
                            NULL);
    assert_true(trial_is_live(t));
    assert_int_equal(trial_feed(t)->access.kind, ACCESS_BEARER);
    assert_true(trial_begin(t, ds));
    assert_string_equal(trial_request(t)->url, "http://h/login?k=kkkk");
    struct trial_answer login = {.status = 200, .body = VIEW("{\"token\":\"tttt\"}"), .took_ms = 3};
    assert_true(trial_take(t, &login));
    assert_string_equal(trial_request(t)->url, "http://h/list?t=tttt");
    struct trial_answer last = {.status = 200,
                                .head = VIEW("Content-Type: application/json\r\n"),
                                .body = VIEW("{\"n\":9}"),
                                .tls = "TLSv1.3"};
    assert_false(trial_take(t, &last));
    buf_init(&out, 1 << 20);
    jw_init(&w, &out);
    trial_write(t, &w);
    trial_end(t);
    assert_null(strstr(out.p, "kkkk"));
    assert_null(strstr(out.p, "tttt"));
    assert_null(strstr(out.p, "bbbb"));
    struct json *j = parse(out.p);
    assert_true(view_is(at(j, "/came/1/url"), "http://h/list"));
    assert_true(view_is(at(j, "/came/1/tls"), "TLSv1.3"));
    assert_true(view_is(at(j, "/came/1/content_type"), "application/json"));
    assert_true(number_at(j, "/reports/0/free") == 9);
    json_free(j);
    buf_fini(&out);
    trial_free(t);
    dialects_free(ds);
}

static void test_network_failure(void **state)
{
    (void)state;
    struct dialects *ds = built_in();
    struct trial *t = begun("{\"url\":\"https://h/\"," MAPPING "}", NULL);
    assert_true(trial_begin(t, ds));
    struct trial_answer a = {.err = ERR_TLS, .detail = "self-signed certificate"};
    assert_false(trial_take(t, &a));
    struct json *j = written(t);
    assert_true(view_is(at(j, "/error/code"), "ERR_TLS"));
    assert_true(view_is(at(j, "/came/0/error"), "self-signed certificate"));
    json_free(j);
    trial_free(t);
    dialects_free(ds);
}

/* What the request leaves out comes from the registration, secrets only towards its own host. */
static void test_base(void **state)
{
    (void)state;
    static const char base[] = "{\"id\":\"f\",\"dialect\":\"two\",\"mode\":\"poll\",\"url\":\"https://h/"
                               "a\",\"params\":{\"key\":\"kkkk\"},"
                               "\"access\":{\"bearer\":\"bbbb\"}}";
    struct trial *t = begun("{\"feed\":\"f\"}", base);
    assert_string_equal(trial_feed(t)->dialect, "two");
    assert_string_equal(trial_feed(t)->url, "https://h/a");
    assert_int_equal(trial_feed(t)->access.kind, ACCESS_BEARER);
    assert_non_null(strstr(trial_feed(t)->params, "kkkk"));
    trial_free(t);
    t = begun("{\"feed\":\"f\",\"url\":\"https://h/b?c=d\"}", base);
    assert_int_equal(trial_feed(t)->access.kind, ACCESS_BEARER);
    trial_free(t);
    static const char *const elsewhere[] = {"https://h.evil/a", "http://h/a", "https://h:8443/a",
                                            "https://h@evil/a"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        char request[200];
        (void)snprintf(request, sizeof request, "{\"feed\":\"f\",\"url\":\"%s\"}", elsewhere[i]);
        t = begun(request, base);
        assert_int_equal(trial_feed(t)->access.kind, ACCESS_NONE);
        assert_null(strstr(trial_feed(t)->params, "kkkk"));
        trial_free(t);
    }
}

/* A first mapping needs no mapping. */
static void test_proposal(void **state)
{
    (void)state;
    struct dialects *ds = built_in();
    struct json *j =
        attempt(ds, "{\"propose\":true,\"sample\":{\"body\":\"{\\\"parkId\\\":\\\"1\\\",\\\"left\\\":3}\"}}");
    assert_true(json_true(json_get(j, "ok")));
    assert_true(view_is(at(j, "/proposal/mapping/free"), "/left"));
    json_free(j);
    j = attempt(ds, "{\"propose\":true,\"sample\":{\"body\":\"hello\"}}");
    assert_true(is_null(j, "/proposal"));
    assert_true(at(j, "/proposal_error").n > 0);
    json_free(j);
    j = attempt(ds, "{" MAPPING
                    ",\"propose\":true,\"sample\":{\"body\":\"{\\\"parkId\\\":\\\"1\\\",\\\"left\\\":3}\"}}");
    assert_false(json_true(json_get(j, "ok"))); /* the mapping given does not fit, the draft helps */
    assert_true(view_is(at(j, "/proposal/mapping/free"), "/left"));
    json_free(j);
    dialects_free(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_registered),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_wrong_requests),
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_several_samples),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_network_failure),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_proposal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
