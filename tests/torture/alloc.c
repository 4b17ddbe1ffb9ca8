/* SPDX-License-Identifier: MIT
 * The n-th allocation fails, for every n: each scenario must end with an error that is told, or with the same
 * outcome as with memory; it may neither crash nor leak. Linked with the product's allocations wrapped (see
 * the Makefile), cJSON's and Lua's with them; those within other libraries are as they are.
 *
 * The argument is how many points of each scenario are tried, spread over it; without it all are.
 */
#include <cjson/cJSON.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cache.h"
#include "api/export.h"
#include "api/page.h"
#include "dialect/table.h"
#include "office/sheet.h"
#include "parkd/base/json_path.h"
#include "parkd/base/regex.h"
#include "parkd/conf/conf.h"
#include "parkd/dialect/native.h"
#include "parkd/model/opening.h"
#include "publish/publish_plan.h"

#define NOW INT64_C(1700000000000)

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static size_t asked, fails_at; /* fails_at 0: none does */

static bool fails(void)
{
    return ++asked == fails_at;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

/* A scenario gives its error, and where there is none a number that stands for its outcome. */
typedef int scenario_fn(uint64_t *outcome);

static int configuration(uint64_t *outcome)
{
    static struct conf c, before;
    struct why why = {0};
    memset(&c, 0, sizeof c);
    conf_defaults(&c);
    before = c;
    int err = conf_parse(VIEW("{\"public\":{\"listen\":\"0.0.0.0:1\",\"trusted_proxies\":[\"10.0.0.1\"]},"
                              "\"redis\":{\"partitions\":4}}"),
                         &c, &why);
    if (err && memcmp(&c, &before, sizeof c) != 0)
        *outcome = 1; /* half of it was taken */
    else
        *outcome = view_hash((struct view){(const char *)&c, sizeof c});
    return err && *outcome == 1 ? 0 : err;
}

static int json(uint64_t *outcome)
{
    struct json *tree = NULL;
    struct json_path *p = NULL;
    struct json_nodes found;
    struct why why = {0};
    int err = json_parse(VIEW("{\"a\":[{\"t\":\"P\",\"n\":3},{\"t\":\"P\",\"n\":1}],\"b\":\"\\u5317\"}"),
                         &tree, &why);
    if (!err)
        err = json_path_compile(VIEW("$..[?@.t=='P' && @.n>=1].n"), &p, &why);
    if (!err) {
        err = json_path_all(p, tree, tree, &found);
        *outcome = found.n;
        json_nodes_fini(&found);
    }
    json_path_free(p);
    json_free(tree);
    return err;
}

static int native(uint64_t *outcome)
{
    struct report_list list;
    struct why why = {0};
    report_list_init(&list);
    int err =
        native_decode(VIEW("{\"data\":{\"items\":[{\"lot\":\"A\",\"free\":3,\"total\":9},{\"lot\":\"B\","
                           "\"free\":\"x\"}]}}"),
                      &list, &why);
    *outcome = list.n * 1000 + list.n_faults;
    report_list_fini(&list);
    return err;
}

static int decode(struct dialects *ds, const char *name, struct view params, struct view body,
                  uint64_t *outcome)
{
    struct dialect_ctx ctx = {.now_ms = 1700000000000, .url = VIEW("https://a.example/"), .feed = "f1"};
    struct dialect_response res = {
        .status = 200, .head = VIEW("Content-Type: application/json\r\n\r\n"), .body = body};
    struct dialect_request next;
    struct report_list list;
    struct why why = {0};
    bool more = false;
    struct dialect_session *s = dialect_open(dialects_find(ds, name), params, &why);
    if (!s)
        return ERR_NOMEM;
    report_list_init(&list);
    dialect_request_init(&next);
    int err = dialect_decode(s, &ctx, &res, &list, &next, &more, &why);
    *outcome = list.n * 1000 + list.n_faults;
    dialect_request_fini(&next);
    report_list_fini(&list);
    dialect_close(s);
    return err;
}

#define LOTS "{\"lots\":[{\"id\":\"A\",\"free\":3,\"total\":9},{\"id\":\"B\",\"free\":1,\"total\":2}]}"

static int generic(uint64_t *outcome)
{
    struct dialects *ds = dialects_new();
    int err = ds ? dialects_add_all_built_in(ds) : ERR_NOMEM;
    if (!err)
        err = decode(ds, "generic",
                     VIEW("{\"mapping\":{\"items\":\"/lots\",\"lot\":\"/id\",\"free\":\"/free\",\"total\":\"/"
                          "total\"}}"),
                     VIEW(LOTS), outcome);
    dialects_free(ds);
    return err;
}

static int lua(uint64_t *outcome)
{
    static const char script[] =
        "return { name = \"t\", interface = \"1.0\", params = {}, poll = function(ctx) return { url = "
        "ctx.url } end,"
        " decode = function(ctx, res) local made = {} for i, l in ipairs(json.decode(res.body).lots) do"
        " made[i] = { lot = l.id, free = l.free, total = l.total } end return made end }";
    struct dialects *ds = dialects_new();
    struct why why = {0};
    int err = ds ? dialects_add_lua(ds, "t.lua", view_of(script), &why) : ERR_NOMEM;
    if (!err)
        err = decode(ds, "t", VIEW("{}"), VIEW(LOTS), outcome);
    dialects_free(ds);
    return err;
}

static int regex(uint64_t *outcome)
{
    struct regex *r = NULL;
    struct buf out;
    struct why why = {0};
    int err = regex_compile(VIEW("(\\d+) */ *(\\d+)"), &r, &why);
    buf_init(&out, 4096);
    if (!err)
        err = regex_replace(r, VIEW("free 12 / 40"), VIEW("$2-$1"), &out);
    *outcome = view_hash(buf_get(&out));
    buf_fini(&out);
    regex_free(r);
    return err;
}

static int hours(uint64_t *outcome)
{
    struct json *tree = NULL;
    struct opening o;
    struct buf out;
    struct why why = {0};
    int err = json_parse(VIEW("{\"week\":[{\"days\":\"mon-fri\",\"from\":\"07:00\",\"to\":\"22:00\"}]}"),
                         &tree, &why);
    buf_init(&out, 4096);
    if (!err)
        err = opening_parse(tree, &o, &why);
    if (!err)
        err = opening_print_osm(&o, &out);
    *outcome = view_hash(buf_get(&out));
    buf_fini(&out);
    json_free(tree);
    return err;
}

/* --- what parkd holds, and what it shows of it --- */

static struct json *tree_of(const char *text)
{
    struct json *j = NULL;
    struct why why = {0};
    return json_parse(view_of(text), &j, &why) ? NULL : j;
}

/* Three lots with numbers; NULL when one could not be taken. */
static struct registry *district(void)
{
    struct registry *reg = registry_new();
    int err = reg ? 0 : ERR_NOMEM;
    for (int i = 0; !err && i < 3; i++) {
        char text[200];
        struct lot lot;
        struct reading r;
        struct why why = {0};
        uint32_t idx = 0;
        (void)snprintf(
            text, sizeof text,
            "{\"id\":\"L%d\",\"name\":\"lot %d\",\"area\":\"a\",\"total\":50,\"location\":{\"lng\":118,"
            "\"lat\":36.8,\"datum\":\"wgs84\"}}",
            i, i);
        struct json *j = tree_of(text);
        err = j ? lot_parse(j, &lot, &why) : ERR_NOMEM;
        json_free(j);
        if (!err)
            err = registry_put(reg, &lot, view_of(text), 1, &idx);
        reading_init(&r);
        r.seq = 9;
        r.observed_ms = r.changed_ms = r.received_ms = NOW - 1000;
        r.free = 7 + i;
        r.total = 50;
        r.status = STATUS_OPEN;
        if (!err)
            (void)registry_apply(reg, idx, &r);
    }
    if (!err)
        return reg;
    registry_free(reg);
    return NULL;
}

typedef int show_fn(const struct selection *s, struct buf *out);

static int show(show_fn *fn, uint64_t *outcome)
{
    struct registry *reg = district();
    struct selection s;
    struct buf out;
    int err = reg ? select_page(reg, NOW, 100, &s) : ERR_NOMEM;
    buf_init(&out, 1 << 20);
    if (!err) {
        err = fn(&s, &out);
        err = err ? err : out.err;
        *outcome = view_hash(buf_get(&out));
        selection_fini(&s);
    }
    buf_fini(&out);
    registry_free(reg);
    return err;
}

static int pages_of(const struct selection *s, struct buf *out)
{
    static const struct navigators ways = {1, {NAVIGATE_GEO}};
    static const struct tiles none = {.url = "", .attribution = ""};
    const struct page_view v = {
        .district = "d", .assets = "/a/1", .navigators = &ways, .tiles = &none, .now_ms = NOW};
    return page_render(VIEW("{{told}}{{rows}}{{drawn_map}}{{lot_facts}}{{ways}}"), s, &v, out);
}

static int tables_of(const struct selection *s, struct buf *out)
{
    const struct export_view v = {.now_ms = NOW, .district = "d", .url = "https://p.example"};
    export_csv(s, &v, out);
    export_siri(s, &v, out);
    return out->err;
}

static int lists_of(const struct selection *s, struct buf *out)
{
    const struct lots_query all = {.fields = fields_of_list, .place_class = -1, .limit = 100};
    const struct lot_outlook none = {.trend = NULL};
    int64_t until = 0;
    return render_lots(s, &all, &none, NOW, out, &until);
}

static int pages(uint64_t *outcome)
{
    return show(pages_of, outcome);
}

static int tables(uint64_t *outcome)
{
    return show(tables_of, outcome);
}

static int lists(uint64_t *outcome)
{
    return show(lists_of, outcome);
}

static int cached(uint64_t *outcome)
{
    struct cache *c = cache_new(4, 1 << 20);
    const struct cache_stamp now = {1, 1, NOW};
    struct buf body;
    bool gzip = false;
    buf_init(&body, 1 << 16);
    for (int i = 0; i < 200; i++)
        buf_str(&body, "a row of the list\n");
    struct cache_entry *e = c ? cache_store(c, VIEW("/"), &now, &body, NOW + 60000, "note") : NULL;
    if (e) {
        struct cache_form f = cache_form(e, true, &gzip);
        *outcome = gzip ? 1 : f.body.n == 3600; /* without memory it is sent as it stands */
        cache_release(e);
    }
    buf_fini(&body);
    cache_free(c);
    return e ? 0 : ERR_NOMEM;
}

static bool may(void *ctx, uint32_t lot)
{
    (void)ctx, (void)lot;
    return true;
}

static int plan(uint64_t *outcome)
{
    const struct publish_rules rules = {.batch = 8};
    struct publish_item items[8];
    struct publish_plan *p = publish_plan_new();
    int err = p ? 0 : ERR_NOMEM;
    for (uint32_t i = 0; !err && i < 40; i++)
        err = publish_plan_mark(p, i, i + 1, 0);
    if (!err) {
        size_t n = publish_plan_next(p, &rules, 10, may, NULL, items);
        for (size_t i = 0; i < n; i++)
            (void)publish_plan_ack(p, items[i], 10);
        *outcome = n * 100 + publish_plan_count(p).unacked;
    }
    publish_plan_free(p);
    return err;
}

static int spreadsheet(uint64_t *outcome)
{
    struct sheet *s = NULL;
    struct buf out;
    struct why why = {0};
    buf_init(&out, 1 << 20);
    int err = sheet_read(VIEW("name,total\n\"a, b\",60\nc,70\n"), &s, &why);
    if (!err)
        err = sheet_write_csv(s, &out);
    *outcome = view_hash(buf_get(&out));
    sheet_free(s);
    buf_fini(&out);
    return err;
}

static const struct {
    const char *name;
    scenario_fn *run;
} scenarios[] = {{"configuration", configuration},
                 {"json", json},
                 {"native", native},
                 {"generic", generic},
                 {"lua", lua},
                 {"regex", regex},
                 {"hours", hours},
                 {"lists", lists},
                 {"pages", pages},
                 {"tables", tables},
                 {"cache", cached},
                 {"publish plan", plan},
                 {"spreadsheet", spreadsheet}};

/* One point; true: it held. */
static bool point(size_t i, size_t at, uint64_t good)
{
    uint64_t outcome = 0;
    asked = 0;
    fails_at = at;
    int err = scenarios[i].run(&outcome);
    fails_at = 0;
    bool held = err || outcome == good;
    if (!held)
        printf("%s: allocation %zu fails, and nothing is told\n", scenarios[i].name, at);
    if (__lsan_do_recoverable_leak_check()) {
        printf("%s: allocation %zu fails, and something leaks\n", scenarios[i].name, at);
        held = false;
    }
    return held;
}

static size_t torture(size_t i, size_t most)
{
    uint64_t good = 0;
    size_t bad = 0, tried = 0;
    (void)scenarios[i].run(&good); /* what is made once is made here */
    asked = 0;
    int err = scenarios[i].run(&good);
    size_t n = asked, step = most && n > most ? (n + most - 1) / most : 1;
    for (size_t at = 1; at <= n; at += step, tried++)
        bad += !point(i, at, good);
    if (err)
        printf("%s: fails with memory, too: %s\n", scenarios[i].name, err_name(err));
    printf("%s: %zu of %zu allocations failed in turn, %zu broken\n", scenarios[i].name, tried, n, bad);
    return bad + (err != 0);
}

int main(int argc, char **argv)
{
    size_t bad = 0, n = sizeof scenarios / sizeof *scenarios;
    int64_t most = 0;
    cJSON_Hooks hooks = {__wrap_malloc, free};
    if (argc > 1 && view_to_int(view_of(argv[1]), 1, INT32_MAX, &most))
        return 2;
    cJSON_InitHooks(&hooks);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < n; i++)
        bad += torture(i, (size_t)most) != 0;
    printf("torture: %zu scenarios, %zu failed\n", n, bad);
    return bad != 0;
}
