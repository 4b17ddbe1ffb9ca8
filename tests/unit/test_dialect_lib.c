/* SPDX-License-Identifier: MIT
 * The library that the dialects share: what its general functions make of what senders really write.
 */
#include "dialect_test.h"

#include "parkd/base/file.h"

/* A dialect whose push tells in its body what the expression gives, or the error's code and words. */
static void tell(const char *expression, char *dst, size_t size)
{
    char source[2048];
    struct buf lib;
    struct why why = {0};
    struct dialect_request_list list;
    struct lot lot = {.id = "L0"};
    struct reading reading = {0};
    const struct dialect_item item = {.lot = &lot, .reading = &reading};
    const struct dialect_batch batch = {.items = &item, .n = 1};
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialects *ds = dialects_new();
    buf_init(&lib, 1 << 20);
    assert_int_equal(file_read(PARKD_SHARE "/dialects/lib.lua", &lib), 0);
    assert_int_equal(dialects_use_lib(ds, buf_get(&lib)), 0);
    (void)snprintf(
        source, sizeof source,
        "return {name='test', params={key='string?'}, push=function(ctx, items)\n"
        "  local good, a, b, c = pcall(function() return %s end)\n"
        "  local words = type(a) == 'table' and a.message or a\n"
        "  local said = good and json.encode(json.array{a, b, c}) or (type(a) == 'table' and a.code or "
        "'error') .. ': ' .. tostring(words)\n"
        "  return {{url=ctx.url, items={1}, body=said}} end}",
        expression);
    if (dialects_add_lua(ds, "test.lua", view_of(source), &why))
        fail_msg("%s: %s %s", expression, why.at, why.text);
    struct dialect_session *s = open_session(ds, "test", "{\"key\":\"K\"}");
    if (dialect_push(s, &ctx, &batch, &list, &why))
        fail_msg("%s: %s", expression, why.text);
    (void)snprintf(dst, size, VIEW_FMT, VIEW_ARG(buf_get(&list.v[0].body)));
    dialect_request_list_fini(&list);
    dialect_close(s);
    dialects_free(ds);
    buf_fini(&lib);
}

struct row {
    const char *expression, *want; /* want: the beginning */
};

static void check(const struct row *rows, size_t n)
{
    char said[1024];
    for (size_t i = 0; i < n; i++) {
        tell(rows[i].expression, said, sizeof said);
        if (strncmp(said, rows[i].want, strlen(rows[i].want)) != 0)
            fail_msg("%s\n gave %s\n want %s", rows[i].expression, said, rows[i].want);
    }
}

static void reads_what_senders_write(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"lib.decode('{\"a \":1,\"b\":[{\" c\\\\t\":2}]}')", "[{\"a\":1,\"b\":[{\"c\":2}]}]"},
        {"lib.decode('\"{\\\\\"a\\\\\":1}\"')", "[{\"a\":1}]"},
        {"lib.decode('<html>')", "ERR_SYNTAX: HTML or XML"},
        {"lib.decode('\"no json\"')", "ERR_SYNTAX: "},
        {"lib.object{a = 1}", "[{\"a\":1}]"},
        {"lib.object('{\"a\":1}')", "[{\"a\":1}]"},
        {"lib.object(base64.encode('{\"a\":1}'))", "[{\"a\":1}]"},
        {"lib.object('')", "protocol: "},
        {"lib.object('!')", "protocol: "},
        {"lib.object(7)", "protocol: "},
        {"lib.object(nil)", "protocol: "},
        {"lib.object('7')", "protocol: "},
        {"lib.data{data = '{\"a\":1}'}", "[{\"a\":1}]"},
        {"lib.data{}", "protocol: no data"},
        {"lib.answered({status = 200, body = '{\"code\":0,\"x\":1}'}, '0').x", "[1]"},
        {"lib.answered({status = 200, body = '{\"resCode\":\"7\",\"resMsg\":\"busy\"}'}, '0')",
         "refused: 7: busy"},
        {"lib.answered({status = 200, body = '[]'}, '0')", "refused: no code: no words"},
        {"lib.answered({status = 200, body = '<html>'}, '0')", "ERR_SYNTAX: "},
        {"lib.answered({status = 502, body = '<html>'}, '0')", "refused: answered HTTP 502"},
        {"lib.answered({status = 400, body = '{\"code\":3,\"msg\":\"m\"}'}, '0')",
         "refused: answered HTTP 400, 3: m"},
        {"lib.written('{\"b\": 1.50, \"a \":\"x,\\\\\"}\", \"c\":{\"d\":[1,2]}}', {b = 1.5, a = 'x,\"}', c = "
         "{}})",
         "[{\"a\":\"x,\\\"}\",\"b\":\"1.50\",\"c\":\"{\\\"d\\\":[1,2]}\"}]"},
        {"lib.members('[1]')", "[{}]"},
        {"lib.members('')", "[{}]"},
    };
    check(rows, sizeof rows / sizeof *rows);
}

static void writes_what_receivers_want(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"lib.md5(''), lib.MD5('')",
         "[\"d41d8cd98f00b204e9800998ecf8427e\",\"D41D8CD98F00B204E9800998ECF8427E\"]"},
        {"lib.sha256('')", "[\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"]"},
        {"lib.sorted({b = 2, a = 1, sign = 'x', c = ''}, {sign = true})", "[\"a=1&b=2\"]"},
        {"lib.sorted{b = 2, a = 1}", "[\"a=1&b=2\"]"},
        {"lib.json_post('u', {a = 1}, {X = 'y'})", "[{\"body\":\"{\\\"a\\\":1}\",\"headers\":{\"Content-"
                                                   "Type\":\"application/json\",\"X\":\"y\"},\"method\":"
                                                   "\"POST\",\"url\":\"u\"}]"},
        {"lib.json_post('u', 'as it was signed').body", "[\"as it was signed\"]"},
        {"lib.form_post('u', {{'a', '+'}, {'b'}}).body", "[\"a=%2B\"]"},
        {"lib.form_post('u', {}).headers['Content-Type']", "[\"application/x-www-form-urlencoded\"]"},
        {"lib.each({1, 2, 3}, function(item, i) return i ~= 2 and {n = item} or nil end)",
         "[[{\"items\":[1],\"n\":1},{\"items\":[3],\"n\":3}]]"},
        {"lib.counts{free = 3, open = 4, total = 5}", "[5,4,3]"},
        {"lib.counts{free = 3, total = 5}", "[5,5,3]"},
        {"lib.counts{free = 0, open = 4}", "[4,4,0]"},
        {"lib.counts{open = 4}", "[]"},
        {"lib.counts{free = 4}", "[]"},
        {"lib.need(ctx, 'key')", "[\"K\"]"},
        {"lib.need(ctx, 'secret')", "missing: no secret is registered"},
        {"lib.reply({a = 1}, 401)",
         "[{\"body\":\"{\\\"a\\\":1}\",\"content_type\":\"application/json\",\"status\":401}]"},
        {"lib.refuse('auth', 'wrong', {})", "auth: wrong"},
        {"lib.judge('0', 0)", "[\"ok\"]"},
        {"lib.judge('success', 'success')", "[\"ok\"]"},
        {"lib.judge(1003, 0, 'key', {pause = {[1003] = true}})", "[\"pause\",\"1003: key\"]"},
        {"lib.judge('1004', 0, nil, {reject = {[1004] = true}})", "[\"reject\",\"1004: no words\"]"},
        {"lib.judge(nil, 0)", "[\"retry\",\"nil: no words\"]"},
    };
    check(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_senders_write),
        cmocka_unit_test(writes_what_receivers_want),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
