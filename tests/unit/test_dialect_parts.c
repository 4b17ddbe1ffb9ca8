/* SPDX-License-Identifier: MIT
 * Interface 1.2: registration before counts, a request that goes before, a day's statement, what a platform
 * holds; what scripts are given of a lot, and the library that they share.
 */
#include "dialect_test.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const platform =
    "local function each(part) return function(ctx, items, date)\n"
    "  if not ctx.state.token then return {first = {url = ctx.url .. 'login', body = part}} end\n"
    "  local r = {}\n"
    "  for i, item in ipairs(items) do\n"
    "    r[i] = {url = ctx.url .. part, items = {i}, body = table.concat({item.lot, item.code,\n"
    "      tostring(item.filed), tostring(item.version), tostring(item.cars_in), tostring(date)}, ' ')}\n"
    "  end\n"
    "  return r end end\n"
    "return {name = 'city', interface = '1.2', params = {codes = 'object?'}, push = each('push'), beat = "
    "each('beat'),\n"
    "  register = each('register'), day = each('day'), ask = each('ask'),\n"
    "  answer = function(ctx, request, response)\n"
    "    local a = json.decode(response.body)\n"
    "    if a.bad then return {{item = 2, free = 1}} end\n"
    "    return a.free and {{item = 1, free = a.free, total = '90', time = a.time or 17}} or {}\n"
    "  end,\n"
    "  check = function(ctx, request, response)\n"
    "    if request.part == 'first' then ctx.state.token = 'T' return 'ok' end\n"
    "    if response.body == 'expired' then ctx.state.token = nil return 'retry', request.part end\n"
    "    return json.decode(response.body), 'not the message'\n"
    "  end}";

struct city {
    struct dialects *ds;
    struct dialect_session *s;
    struct lot lots[2];
    struct reading readings[2];
    struct dialect_item items[2];
    struct dialect_ctx ctx;
    struct dialect_batch batch;
    struct dialect_request_list list;
    struct why why;
};

static void city_begin(struct city *c, const char *source, const char *params)
{
    *c = (struct city){.ds = load_text(source), .ctx = test_ctx(NULL)};
    c->s = open_session(c->ds, source == platform ? "city" : "test", params);
    for (int i = 0; i < 2; i++) {
        c->lots[i] = (struct lot){.total = 50, .open = 40, .free_minutes = COUNT_NONE};
        for (int k = 0; k < PLACE_CLASS_N; k++)
            c->lots[i].class_total[k] = c->readings[i].classes[k].free = c->readings[i].classes[k].total =
                COUNT_NONE;
        (void)snprintf(c->lots[i].id, sizeof c->lots[i].id, "L%d", i);
        c->readings[i].free = c->readings[i].total = c->readings[i].open = COUNT_NONE;
        c->items[i] = (struct dialect_item){.lot = &c->lots[i],
                                            .reading = &c->readings[i],
                                            .version = 7 + (uint64_t)i,
                                            .filed = i == 1,
                                            .code = i ? "P-9" : NULL,
                                            .cars_in = i ? COUNT_NONE : 12,
                                            .cars_out = COUNT_NONE};
    }
    c->batch = (struct dialect_batch){.items = c->items, .n = 2};
}

static void city_end(struct city *c)
{
    dialect_request_list_fini(&c->list);
    dialect_close(c->s);
    dialects_free(c->ds);
}

typedef int call_fn(struct dialect_session *, const struct dialect_ctx *, const struct dialect_batch *,
                    struct dialect_request_list *, struct why *);

static struct dialect_judgement judge(struct city *c, const struct dialect_request *req, const char *body)
{
    struct dialect_judgement j;
    struct dialect_response res = {.status = 200, .body = view_of(body)};
    assert_int_equal(dialect_check(c->s, &c->ctx, req, &res, &j), 0);
    return j;
}

static void call(struct city *c, call_fn *fn)
{
    dialect_request_list_fini(&c->list);
    if (fn(c->s, &c->ctx, &c->batch, &c->list, &c->why))
        fail_msg("%s: %s", c->why.at, c->why.text);
}

static void each_part_logs_in_first(void **state)
{
    (void)state;
    static const struct {
        call_fn *fn;
        enum dialect_part part;
        const char *url;
    } parts[] = {{dialect_register, DIALECT_REGISTER, "register"},
                 {dialect_push, DIALECT_PUSH, "push"},
                 {dialect_beat, DIALECT_BEAT, "beat"},
                 {dialect_ask, DIALECT_ASK, "ask"}};
    struct city c;
    city_begin(&c, platform, "{\"codes\":{\"L0\":\"own\"}}");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        call(&c, parts[i].fn);
        assert_int_equal(c.list.n, 1);
        assert_true(c.list.v[0].first);
        assert_int_equal(c.list.v[0].n_items, 0);
        assert_string_equal(c.list.v[0].body.p, parts[i].url);
        struct dialect_judgement j = judge(&c, &c.list.v[0], "");
        assert_int_equal(j.all, VERDICT_OK);
        call(&c, parts[i].fn);
        assert_int_equal(c.list.n, 2);
        assert_int_equal(c.list.v[1].part, parts[i].part);
        assert_false(c.list.v[0].first);
        assert_int_equal(c.list.v[0].n_items, parts[i].part == DIALECT_BEAT ? 0 : 1);
        assert_string_equal(c.list.v[0].body.p, "L0 own false 7 nil nil");
        assert_string_equal(c.list.v[1].body.p, "L1 P-9 true 8 nil nil");
        j = judge(&c, &c.list.v[1], "expired");
        assert_int_equal(j.all, VERDICT_RETRY);
        assert_string_equal(j.why.text, parts[i].url);
    }
    city_end(&c);
}

/* An operator writes a code as it looks: with digits alone it may have come as a number. */
static void codes_are_texts(void **state)
{
    (void)state;
    static const struct {
        const char *params, *first, *second;
    } rows[] = {
        {"{\"codes\":{\"L0\":370303,\"L1\":\"A\"}}", "string 370303", "string A"},
        {"{\"codes\":{\"L0\":\"\",\"L1\":[\"A\"]}}", "string L0", "string P-9"},
        {"{\"codes\":{\"L1\":null}}", "string L0", "string P-9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct city c;
        city_begin(&c,
                   "return {name='test', params={codes='object?'}, push=function(ctx, items)\n"
                   "  local r = {}\n"
                   "  for i, item in ipairs(items) do\n"
                   "    r[i] = {url=ctx.url, items={i}, body=type(item.code) .. ' ' .. item.code} end\n"
                   "  return r end}",
                   rows[i].params);
        call(&c, dialect_push);
        assert_string_equal(c.list.v[0].body.p, rows[i].first);
        assert_string_equal(c.list.v[1].body.p, rows[i].second);
        city_end(&c);
    }
}

static void a_day_has_its_cars(void **state)
{
    (void)state;
    struct city c;
    city_begin(&c, platform, "{}");
    c.batch.date = "2026-11-22";
    call(&c, dialect_day);
    (void)judge(&c, &c.list.v[0], "");
    call(&c, dialect_day);
    assert_int_equal(c.list.n, 2);
    assert_string_equal(c.list.v[0].body.p, "L0 L0 false 7 12 2026-11-22");
    assert_string_equal(c.list.v[1].body.p, "L1 P-9 true 8 nil 2026-11-22");
    city_end(&c);
}

static void verdicts_tell_more(void **state)
{
    (void)state;
    struct city c;
    city_begin(&c, platform, "{}");
    call(&c, dialect_register);
    (void)judge(&c, &c.list.v[0], "");
    call(&c, dialect_register);
    struct dialect_judgement j = judge(&c, &c.list.v[0],
                                       "{\"codes\":[\"P001\"],\"clock\":1700000000000,\"unbalanced\":[true],"
                                       "\"message\":\"taken\",\"each\":[\"reject\"]}");
    assert_int_equal(j.all, VERDICT_OK);
    assert_int_equal(j.each[0], VERDICT_REJECT);
    assert_string_equal(j.codes[0], "P001");
    assert_true(j.unbalanced[0]);
    assert_int_equal(j.clock_ms, 1700000000000);
    assert_string_equal(j.why.text, "taken");
    dialect_judgement_fini(&j);
    j = judge(&c, &c.list.v[0], "{\"clock\":9007199254740991}");
    assert_int_equal(j.clock_ms, 0);
    j = judge(&c, &c.list.v[0], "{\"clock\":\"soon\",\"codes\":{},\"unbalanced\":\"\"}");
    assert_int_equal(j.clock_ms, 0);
    assert_string_equal(j.codes[0], "");
    assert_null(j.unbalanced);
    dialect_judgement_fini(&j);
    static const char *const wrong[] = {"{\"codes\":[\"a b\"]}", "{\"codes\":[\"\"]}", "{\"codes\":[true]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct dialect_response res = {.status = 200, .body = view_of(wrong[i])};
        assert_int_equal(dialect_check(c.s, &c.ctx, &c.list.v[0], &res, &j), ERR_INVALID);
        assert_int_equal(j.all, VERDICT_RETRY);
        assert_null(j.codes);
        dialect_judgement_fini(&j);
    }
    city_end(&c);
}

static void a_platform_tells_what_it_holds(void **state)
{
    (void)state;
    struct city c;
    struct dialect_known_list known;
    city_begin(&c, platform, "{}");
    call(&c, dialect_ask);
    (void)judge(&c, &c.list.v[0], "");
    call(&c, dialect_ask);
    struct dialect_response res = {.status = 200, .body = VIEW("{\"free\":5}")};
    assert_int_equal(dialect_answer(c.s, &c.ctx, &c.list.v[1], &res, &known, &c.why), 0);
    assert_int_equal(known.n, 1);
    assert_int_equal(known.v[0].item, 1);
    assert_int_equal(known.v[0].free, 5);
    assert_int_equal(known.v[0].open, COUNT_NONE);
    assert_int_equal(known.v[0].total, 90);
    assert_int_equal(known.v[0].time_ms, 17);
    dialect_known_list_fini(&known);
    res.body = VIEW("{\"free\":\"x\",\"time\":-5}");
    assert_int_equal(dialect_answer(c.s, &c.ctx, &c.list.v[1], &res, &known, &c.why), 0);
    assert_int_equal(known.v[0].free, COUNT_NONE);
    assert_int_equal(known.v[0].time_ms, 0);
    dialect_known_list_fini(&known);
    res.body = VIEW("{}");
    assert_int_equal(dialect_answer(c.s, &c.ctx, &c.list.v[1], &res, &known, &c.why), 0);
    assert_int_equal(known.n, 0);
    res.body = VIEW("{\"bad\":1}");
    assert_int_equal(dialect_answer(c.s, &c.ctx, &c.list.v[1], &res, &known, &c.why), ERR_SCRIPT);
    assert_null(known.v);
    city_end(&c);
}

/* What a lot is, asked for by those that need it. */
static void items_know_their_lot(void **state)
{
    (void)state;
    struct city c;
    city_begin(&c,
               "return {name='test', push=function(ctx, items)\n"
               "  local a, b = items[1], items[2]\n"
               "  local p = a.points\n"
               "  return {{url=ctx.url, items={1}, body=json.encode{a.address, a.phone or 'none', "
               "a.registered, a.classes,\n"
               "    b.points == nil, p.wgs84.lng, a.nonsense == nil, a.points == p,\n"
               "    ('%.5f %.5f'):format(p.bd09.lng, p.gcj02.lat)}}} end}",
               "{}");
    (void)snprintf(c.lots[0].address, sizeof c.lots[0].address, "人民路 1 号");
    c.lots[0].has_point = true;
    c.lots[0].lng = 118.0180;
    c.lots[0].lat = 36.8070;
    c.lots[0].class_total[CLASS_CHARGING] = 8;
    c.readings[0].classes[CLASS_CHARGING].free = 3;
    call(&c, dialect_push);
    assert_string_equal(
        c.list.v[0].body.p,
        "[\"人民路 1 号\",\"none\",{\"open\":40,\"total\":50},{\"charging\":{\"free\":3,\"total\":8}},"
        "true,118.018,true,true,\"118.03058 36.80743\"]");
    city_end(&c);
}

static void parts_belong_together(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "return {name='x', receive=function() end, register=function() end}",
        "return {name='x', receive=function() end, day=function() end}",
        "return {name='x', push=function() end, ask=function() end}",
        "return {name='x', push=function() end, answer=function() end}",
        "return {name='x', push=function() end, day=1}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why;
        struct dialects *ds = dialects_new();
        assert_int_equal(dialects_add_lua(ds, "x.lua", view_of(rows[i]), &why), ERR_SCRIPT);
        dialects_free(ds);
    }
    struct city c;
    city_begin(&c, "return {name='test', push=function() return {} end}", "{}");
    assert_int_equal(dialect_register(c.s, &c.ctx, &c.batch, &c.list, &c.why), ERR_STATE);
    assert_string_equal(c.why.text, "test cannot register lots");
    assert_int_equal(dialect_day(c.s, &c.ctx, &c.batch, &c.list, &c.why), ERR_STATE);
    assert_int_equal(dialect_ask(c.s, &c.ctx, &c.batch, &c.list, &c.why), ERR_STATE);
    city_end(&c);
}

/* ---- the library */

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void remove_all(const char *folder)
{
    static const char *const names[] = {"lib.lua", "a.lua", "b.lua"};
    char path[256];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static const char *polled_url(const struct dialects *ds, const char *name)
{
    static struct dialect_request req;
    struct dialect_ctx ctx = test_ctx(NULL);
    struct dialect_session *s = open_session((struct dialects *)ds, name, "{}");
    struct why why;
    if (dialect_poll(s, &ctx, &req, &why))
        fail_msg("%s: %s", name, why.text);
    dialect_close(s);
    dialect_request_fini(&req);
    return req.url;
}

static void a_library_is_shared(void **state)
{
    (void)state;
    char site[] = "/tmp/parkd-lib-XXXXXX", packaged[] = "/tmp/parkd-lib-XXXXXX";
    const char *folders[] = {mkdtemp(site), mkdtemp(packaged), NULL};
    int failed = 0;
    struct why why;
    write_file(packaged, "lib.lua", "return {url = function() return 'http://packaged/' end}");
    write_file(packaged, "a.lua",
               "return {name='a', poll=function() return {url=lib.url()} end, decode=function() end}");
    write_file(site, "b.lua",
               "return {name='b', poll=function() return {url=lib.url()} end, decode=function() end}");
    struct dialects *ds = dialects_load(folders, &failed, &why);
    assert_int_equal(failed, 0);
    assert_string_equal(polled_url(ds, "a"), "http://packaged/");
    assert_string_equal(polled_url(ds, "b"), "http://packaged/");
    assert_null(dialects_find(ds, "lib"));
    dialects_free(ds);
    write_file(site, "lib.lua", "return {url = function() return 'http://site/' end}");
    ds = dialects_load(folders, &failed, &why);
    assert_string_equal(polled_url(ds, "a"), "http://packaged/");
    assert_string_equal(polled_url(ds, "b"), "http://site/");
    dialects_free(ds);
    write_file(site, "lib.lua", "return {url = = 1}");
    ds = dialects_load(folders, &failed, &why);
    assert_int_equal(failed, 1);
    assert_non_null(strstr(why.text, "lib.lua:1:"));
    assert_null(dialects_find(ds, "b"));
    assert_string_equal(polled_url(ds, "a"), "http://packaged/");
    dialects_free(ds);
    remove_all(site);
    remove_all(packaged);
}

/* Neither the folder nor the last one has a library: that of the folder before is none of its business. */
static void a_folder_keeps_its_library(void **state)
{
    (void)state;
    char site[] = "/tmp/parkd-lib-XXXXXX", other[] = "/tmp/parkd-lib-XXXXXX";
    const char *folders[] = {mkdtemp(site), mkdtemp(other), NULL};
    int failed = 0;
    struct why why = {0};
    write_file(site, "lib.lua", "return {url = function() return 'http://site/' end}");
    write_file(site, "a.lua",
               "return {name='a', poll=function() return {url=lib.url()} end, decode=function() end}");
    write_file(other, "b.lua",
               "return {name='b', poll=function() return {url='http://' .. type(lib)} end, decode=function() "
               "end}");
    struct dialects *ds = dialects_load(folders, &failed, &why);
    assert_int_equal(failed, 0);
    assert_string_equal(polled_url(ds, "a"), "http://site/");
    assert_string_equal(polled_url(ds, "b"), "http://nil");
    dialects_free(ds);
    remove_all(site);
    remove_all(other);
}

/* One file, as parkctl checks it. */
static void a_file_finds_its_library(void **state)
{
    (void)state;
    char site[] = "/tmp/parkd-lib-XXXXXX", path[64];
    assert_non_null(mkdtemp(site));
    write_file(site, "a.lua",
               "local url = lib.url and lib.url() or #lib.TIME\n"
               "return {name='a', poll=function() return {url='http://' .. url} end, decode=function() end}");
    static const struct {
        const char *lib, *file, *url, *words;
    } rows[] = {
        {NULL, "a.lua", "http://17", NULL}, /* the packaged one */
        {"return {url = function() return 'site' end}", "a.lua", "http://site", NULL},
        {"return 1", "a.lua", NULL, "lib.lua returns a table"},
        {"error 'no'", "a.lua", NULL, "no"},
        {"while true do end", "a.lua", NULL, "too many steps"},
        {"url = 1 return {}", "a.lua", NULL, "keeps no globals"},
        {"return {}", "lib.lua", NULL, "none of its own"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct why why = {0};
        struct dialects *ds = dialects_new();
        if (rows[i].lib)
            write_file(site, "lib.lua", rows[i].lib);
        (void)snprintf(path, sizeof path, "%s/%s", site, rows[i].file);
        int err = dialects_add_file(ds, path, &why);
        assert_int_equal(err == 0, rows[i].words == NULL);
        if (rows[i].words && !strstr(why.text, rows[i].words))
            fail_msg("%zu: %s", i, why.text);
        if (rows[i].url)
            assert_string_equal(polled_url(ds, "a"), rows[i].url);
        dialects_free(ds);
    }
    remove_all(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_logs_in_first),
        cmocka_unit_test(codes_are_texts),
        cmocka_unit_test(a_day_has_its_cars),
        cmocka_unit_test(verdicts_tell_more),
        cmocka_unit_test(a_platform_tells_what_it_holds),
        cmocka_unit_test(items_know_their_lot),
        cmocka_unit_test(parts_belong_together),
        cmocka_unit_test(a_library_is_shared),
        cmocka_unit_test(a_folder_keeps_its_library),
        cmocka_unit_test(a_file_finds_its_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
