/* SPDX-License-Identifier: MIT
 * Trials of a sink: what is shown, what is sent in which order, the verdicts and their consequences, the
 * comparison, and that secrets are shortened wherever they stand.
 */
#include <unistd.h>

#include "dialect_test.h"

#include "parkd/app/sink_trial.h"
#include "parkd/base/webhook.h"

#define NOW    INT64_C(1767225600000) /* 2026-01-01 08:00:00 in Beijing */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* Registers, wants a log-in, beats, can be asked. */
static const char script[] =
    "return { name = 'city', interface = '1.2', params = { key = 'secret' },\n"
    "register = function(ctx, items)\n"
    "  if not ctx.state.token then return { first = { url = ctx.url .. '/login', body = 'key=' .. "
    "url.encode(ctx.params.key) } } end\n"
    "  return { { url = ctx.url .. '/reg?token=' .. ctx.state.token, body = items[1].name, items = { 1 } } "
    "}\n"
    "end,\n"
    "push = function(ctx, items)\n"
    "  return { { url = ctx.url .. '/push', body = items[1].code .. '=' .. tostring(items[1].free) .. ' ' .. "
    "tostring(items[1].filed),\n"
    "    headers = { Authorization = 'Digest ' .. ctx.params.key:reverse(), ['X-Raw'] = ctx.params.key }, "
    "items = { 1 "
    "} } }\n"
    "end,\n"
    "beat = function(ctx, items) return { { url = ctx.url .. '/beat', body = '\\xB3\\xB5' } } end,\n"
    "check = function(ctx, request, response)\n"
    "  if request.part == 'first' then ctx.state.token = response.body:match('T%d+') return ctx.state.token "
    "and 'ok' or 'pause', 'log-in' end\n"
    "  if request.part == 'register' then return { all = 'ok', codes = { response.body }, clock = ctx.now + "
    "90000 } end\n"
    "  return response.body == 'good' and 'ok' or 'reject', response.body .. ' for ' .. ctx.params.key\n"
    "end,\n"
    "ask = function(ctx, items) return { { url = ctx.url .. '/ask', items = { 1 } } } end,\n"
    "answer = function(ctx, request, response)\n"
    "  local f = response.body:match('%d+')\n"
    "  return f and { { item = 1, free = f, total = 100, time = ctx.now } } or {}\n"
    "end }\n";

#define REGISTRATION                                                                                    \
    "{\"id\":\"s\",\"dialect\":\"city\",\"url\":\"http://city.example\",\"params\":{\"key\":\"se+same " \
    "open\"}}"

static struct dialects *ds;

static int set_up(void **state)
{
    struct why why = {0};
    int failed = 0;
    char path[] = "/tmp/parkd-trial-XXXXXX.lua";
    int fd = mkstemps(path, 4);
    (void)state;
    assert_true(fd >= 0 && write(fd, script, sizeof script - 1) == (ssize_t)sizeof script - 1);
    (void)close(fd);
    ds = dialects_load(NULL, &failed, &why);
    int err = ds ? dialects_add_file(ds, path, &why) : ERR_NOMEM;
    (void)unlink(path);
    if (err)
        fail_msg("%s %s", why.at, why.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dialects_free(ds);
    return 0;
}

static struct json *parse(const char *text)
{
    struct json *j = NULL;
    struct why why = {0};
    if (json_parse(view_of(text), &j, &why))
        fail_msg("%s in %s", why.text, text);
    return j;
}

/* ---- a trial with answers given */

struct step_answer {
    const char *path; /* of the request that is expected */
    int err, status;
    const char *body;
};

static struct json *finish(struct sink_trial *t)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, 8 << 20);
    jw_init(&w, &out);
    sink_trial_write(t, &w);
    sink_trial_end(t);
    struct json *j = parse(buf_get(&out).p);
    buf_fini(&out);
    sink_trial_free(t);
    return j;
}

static struct sink_trial *begun(const char *request, const struct sink_trial_lot *lot)
{
    struct sink_trial *t = NULL;
    struct why why = {0};
    struct json *registration = strstr(request, "registration") ? NULL : parse(REGISTRATION);
    if (sink_trial_new(parse(request), registration, lot, NOW, &t, &why))
        fail_msg("%s: %s %s", request, why.at, why.text);
    json_free(registration);
    return t;
}

static struct json *attempt(const char *request, const struct sink_trial_lot *lot,
                            const struct step_answer *answers)
{
    struct sink_trial *t = begun(request, lot);
    bool more = sink_trial_begin(t, ds);
    for (; more && answers && answers->path; answers++) {
        assert_string_equal(strrchr(sink_trial_request(t)->url, '/'), answers->path);
        struct trial_answer a = {answers->err, answers->status, {0}, view_of(answers->body), 7, "no way",
                                 NULL};
        more = sink_trial_take(t, &a);
    }
    assert_false(more);
    assert_true(!answers || !answers->path);
    return finish(t);
}

static struct view at(const struct json *j, const char *pointer)
{
    return json_text(json_at(j, view_of(pointer)));
}

static void is(const struct json *j, const char *pointer, const char *want)
{
    if (!view_is(at(j, pointer), want))
        fail_msg("%s is " VIEW_FMT ", not %s", pointer, VIEW_ARG(at(j, pointer)), want);
}

static double number(const struct json *j, const char *pointer)
{
    const struct json *n = json_at(j, view_of(pointer));
    if (!json_is(n, JSON_NUMBER))
        fail_msg("%s is no number", pointer);
    return json_number(n);
}

static bool ok(const struct json *j)
{
    return json_true(json_get(j, "ok"));
}

/* ---- what is shown */

static void nothing_is_sent_unless_asked_for(void **state)
{
    (void)state;
    struct json *j = attempt("{\"sink\":\"s\",\"compare\":false}", NULL, NULL);
    assert_true(ok(j));
    is(j, "/lot/id", "parkd-test");
    assert_true(number(j, "/lot/free") == 37 && number(j, "/lot/open") == 90);
    assert_true(number(j, "/lot/seq") == (double)(NOW / 1000)); /* below every seq of Redis */
    is(j, "/steps/0/part", "register");
    is(j, "/steps/0/requests/0/part", "first");
    is(j, "/steps/0/requests/0/method", "POST");
    assert_non_null(strstr(at(j, "/steps/0/note").p, "log-in"));
    assert_true(json_is(json_at(j, VIEW("/steps/0/requests/0/answer")), JSON_NULL));
    is(j, "/steps/1/part", "push");
    assert_int_equal(json_size(json_at(j, VIEW("/steps/1/requests"))), 0); /* made after the log-in */
    json_free(j);
}

/* The bytes are those that a receiver would check. */
static void native_is_signed_as_sent(void **state)
{
    (void)state;
    struct json *j = attempt(
        "{\"registration\":{\"id\":\"s\",\"dialect\":\"native\",\"url\":\"http://x\",\"secret\":\"" SECRET
        "\"},\"free\":5}",
        NULL, NULL);
    struct webhook_message m = {at(j, "/steps/0/requests/0/headers/1/value"), NOW / 1000,
                                at(j, "/steps/0/requests/0/body")};
    is(j, "/steps/0/requests/0/headers/1/name", "webhook-id");
    assert_int_equal(
        webhook_verify(VIEW(SECRET), &m, at(j, "/steps/0/requests/0/headers/3/value"), NOW / 1000), 0);
    assert_non_null(strstr(m.body.p, "\"free\":5,"));
    json_free(j);
}

static void secrets_are_shortened_everywhere(void **state)
{
    static const struct step_answer answers[] = {
        {"/login", 0, 200, "T1"}, {"/reg?token=T1", 0, 200, "P001"}, {"/push", 0, 200, "bad"}, {0}};
    (void)state;
    struct json *j = attempt("{\"sink\":\"s\",\"send\":true}", NULL, answers);
    is(j, "/steps/0/requests/0/body", "key=…(12)"); /* as a form writes it */
    assert_true(json_true(json_at(j, VIEW("/steps/0/requests/0/hidden"))));
    is(j, "/steps/0/requests/0/answer/body", ""); /* a token */
    is(j, "/steps/1/requests/0/headers/0/value", "Digest …(12)");
    is(j, "/steps/1/requests/0/headers/1/value", "…(12)");
    is(j, "/steps/1/requests/0/words", "bad for …(12)");
    json_free(j);
    j = attempt("{\"sink\":\"s\",\"send\":true,\"show_secrets\":true}", NULL, answers);
    is(j, "/steps/0/requests/0/body", "key=se%2Bsame%20open");
    is(j, "/steps/0/requests/0/answer/body", "T1");
    is(j, "/steps/1/requests/0/headers/0/value", "Digest nepo emas+es");
    json_free(j);
}

/* ---- what is sent */

static void all_of_it_in_order(void **state)
{
    static const struct step_answer answers[] = {{"/login", 0, 200, "T1"},  {"/reg?token=T1", 0, 200, "P001"},
                                                 {"/push", 0, 200, "good"}, {"/beat", 0, 200, "good"},
                                                 {"/ask", 0, 200, "12"},    {0}};
    (void)state;
    struct json *j = attempt("{\"sink\":\"s\",\"send\":true,\"compare\":true,\"free\":12}", NULL, answers);
    assert_true(ok(j));
    is(j, "/steps/0/requests/1/verdict", "ok");
    is(j, "/steps/0/requests/1/code", "P001");
    assert_true(number(j, "/steps/0/requests/1/clock_off_ms") == 90000);
    is(j, "/steps/1/requests/0/body", "P001=12 true"); /* by the platform's code, and as registered */
    is(j, "/steps/2/requests/0/base64", "s7U=");
    is(j, "/compare/fields/0/name", "free");
    assert_true(json_true(json_at(j, VIEW("/compare/fields/0/same"))));
    assert_true(json_is(json_at(j, VIEW("/compare/fields/1/same")), JSON_NULL)); /* open: not said */
    is(j, "/compare/fields/3/there", "2026-01-01T00:00:00Z");
    json_free(j);
}

static void a_refusal_ends_it(void **state)
{
    static const struct step_answer no_login[] = {{"/login", 0, 200, "no"}, {0}};
    static const struct step_answer no_lot[] = {
        {"/login", 0, 200, "T1"}, {"/reg?token=T1", 0, 403, "x"}, {0}};
    static const struct step_answer no_push[] = {
        {"/login", 0, 200, "T1"}, {"/reg?token=T1", 0, 200, "P"}, {"/push", 0, 200, "wrong id"}, {0}};
    (void)state;
    struct json *j = attempt("{\"sink\":\"s\",\"send\":true,\"compare\":true}", NULL, no_login);
    assert_false(ok(j));
    is(j, "/steps/0/requests/0/verdict", "pause");
    is(j, "/steps/0/requests/0/words", "log-in");
    assert_non_null(strstr(at(j, "/steps/1/note").p, "left out"));
    json_free(j);
    j = attempt("{\"sink\":\"s\",\"send\":true}", NULL, no_lot);
    assert_false(ok(j));
    is(j, "/steps/0/requests/1/verdict", "pause");
    is(j, "/steps/0/requests/1/words", "HTTP 403");
    assert_non_null(strstr(at(j, "/steps/0/requests/1/next").p, "key"));
    json_free(j);
    j = attempt("{\"sink\":\"s\",\"send\":true}", NULL, no_push);
    assert_false(ok(j));
    is(j, "/steps/1/requests/0/verdict", "reject");
    assert_non_null(strstr(at(j, "/steps/1/requests/0/next").p, "quarantine"));
    json_free(j);
}

static void no_answer_has_words(void **state)
{
    static const struct {
        struct step_answer answers[2];
        const char *verdict, *next;
    } rows[] = {{{{"/x", ERR_DNS, 0, ""}, {0}}, "retry", "name is not known"},
                {{{"/x", ERR_TLS, 0, ""}, {0}}, "retry", "certificate"},
                {{{"/x", ERR_TIMEOUT, 0, ""}, {0}}, "retry", "firewall"},
                {{{"/x", 0, 404, ""}, {0}}, "pause", "path"},
                {{{"/x", 0, 429, ""}, {0}}, "retry", "min_interval_ms"},
                {{{"/x", 0, 502, ""}, {0}}, "retry", "by itself"},
                {{{"/x", 0, 422, ""}, {0}}, "reject", "body"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *j = attempt(
            "{\"registration\":{\"id\":\"s\",\"dialect\":\"native\",\"url\":\"http://h/x\"},\"send\":true}",
            NULL, rows[i].answers);
        assert_false(ok(j));
        is(j, "/steps/0/requests/0/verdict", rows[i].verdict);
        if (!strstr(at(j, "/steps/0/requests/0/next").p, rows[i].next))
            fail_msg("%zu: " VIEW_FMT, i, VIEW_ARG(at(j, "/steps/0/requests/0/next")));
        json_free(j);
    }
}

/* ---- comparing */

static void what_differs_is_not_good(void **state)
{
    static const struct step_answer other[] = {{"/ask", 0, 200, "11"}, {0}};
    static const struct step_answer none[] = {{"/ask", 0, 404, ""}, {0}};
    (void)state;
    struct json *j = attempt("{\"sink\":\"s\",\"compare\":true,\"free\":12}", NULL, other);
    assert_false(ok(j));
    assert_false(json_true(json_at(j, VIEW("/compare/fields/0/same"))));
    assert_true(number(j, "/compare/fields/0/here") == 12 && number(j, "/compare/fields/0/there") == 11);
    json_free(j);
    j = attempt("{\"sink\":\"s\",\"compare\":true}", NULL, none);
    assert_false(ok(j));
    is(j, "/compare/note", "the platform does not know this lot");
    is(j, "/steps/3/requests/0/verdict", "ok"); /* it answered */
    json_free(j);
    j = attempt(
        "{\"registration\":{\"id\":\"s\",\"dialect\":\"native\",\"url\":\"http://x\"},\"compare\":true}",
        NULL, NULL);
    assert_true(ok(j));
    assert_non_null(strstr(at(j, "/compare/note").p, "cannot be asked"));
    json_free(j);
}

/* ---- registered lots */

static struct sink_trial_lot held(struct lot *lot, struct reading *r, bool told)
{
    *lot = (struct lot){.id = "A", .name = "甲", .total = 50, .open = 40, .free_minutes = COUNT_NONE};
    reading_init(r);
    r->seq = 1767225500123;
    r->changed_ms = r->observed_ms = NOW - 5000;
    r->free = 9;
    return (struct sink_trial_lot){
        .lot = lot, .reading = r, .version = 3, .filed = true, .code = "P9", .told = told};
}

static void a_registered_lot_is_sent_as_it_is_held(void **state)
{
    static const struct step_answer answers[] = {{"/login", 0, 200, "T1"},
                                                 {"/reg?token=T1", 0, 200, "P9"},
                                                 {"/push", 0, 200, "good"},
                                                 {"/beat", 0, 200, "good"},
                                                 {0}};
    struct lot lot;
    struct reading r;
    struct sink_trial_lot known = held(&lot, &r, true);
    (void)state;
    struct json *j = attempt("{\"sink\":\"s\",\"lot\":\"A\",\"send\":true}", &known, answers);
    assert_true(ok(j));
    is(j, "/lot/state", "held");
    assert_true(number(j, "/lot/seq") == 1767225500123.0 && number(j, "/lot/total") == 50);
    is(j, "/steps/1/requests/0/body", "P9=9 true");
    json_free(j);
}

static void faults_of_requests_are_named(void **state)
{
    static const struct {
        const char *request, *at;
        bool lot, told;
    } rows[] = {{"{}", "/sink", false, false},
                {"{\"sink\":\"s\",\"lot\":\"nobody\"}", "/lot", false, false},
                {"{\"sink\":\"s\",\"free\":91}", "/free", false, false},
                {"{\"sink\":\"s\",\"free\":-1}", "/free", false, false},
                {"{\"sink\":\"s\",\"lot\":\"A\",\"free\":3,\"send\":true}", "/free", true, true},
                {"{\"sink\":\"s\",\"lot\":{\"id\":\"x\"}}", "/lot/name", false, false},
                {"{\"sink\":\"s\",\"sent\":true}", "/sent", false, false},
                {"{\"sink\":\"s\",\"now\":\"noon\"}", "/now", false, false},
                {"{\"registration\":{\"id\":\"s\"}}", "/registration/dialect", false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lot lot;
        struct reading r;
        struct sink_trial_lot known = held(&lot, &r, rows[i].told);
        struct sink_trial *t = NULL;
        struct why why = {0};
        struct json *registration = strstr(rows[i].request, "\"sink\"") ? parse(REGISTRATION) : NULL;
        int err =
            sink_trial_new(parse(rows[i].request), registration, rows[i].lot ? &known : NULL, NOW, &t, &why);
        json_free(registration);
        if (!err || strcmp(why.at, rows[i].at) != 0)
            fail_msg("%s: %s %s", rows[i].request, why.at, why.text);
    }
    struct json *j =
        attempt("{\"registration\":{\"id\":\"s\",\"dialect\":\"klingon\",\"url\":\"http://x\"}}", NULL, NULL);
    assert_false(ok(j));
    is(j, "/error/at", "/dialect");
    json_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_unless_asked_for),
        cmocka_unit_test(native_is_signed_as_sent),
        cmocka_unit_test(secrets_are_shortened_everywhere),
        cmocka_unit_test(all_of_it_in_order),
        cmocka_unit_test(a_refusal_ends_it),
        cmocka_unit_test(no_answer_has_words),
        cmocka_unit_test(what_differs_is_not_good),
        cmocka_unit_test(a_registered_lot_is_sent_as_it_is_held),
        cmocka_unit_test(faults_of_requests_are_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
