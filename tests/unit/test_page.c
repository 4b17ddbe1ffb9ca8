/* SPDX-License-Identifier: MIT
 * The residents' pages: what a row says, what a lot's own page says, the drawings, links and policies; and
 * names that would like to be markup.
 */
#include "api_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/page.h"

#define HOSTILE "</script><img src=x onerror=alert(1)>\\\"'&"
#define LIMIT   ((size_t)1 << 20)

static const struct navigators ways = {2, {NAVIGATE_AMAP, NAVIGATE_GEO}};
static const struct tiles no_tiles = {.url = "", .attribution = ""};

static struct page_view view_of_test(bool english)
{
    return (struct page_view){.english = english,
                              .district = "<b>District</b>",
                              .assets = "/a/1",
                              .navigators = &ways,
                              .tiles = &no_tiles,
                              .now_ms = NOW};
}

/* The template filled from all lots of the registry. */
static void fill(const struct registry *reg, const char *html, const struct page_view *v, struct buf *b)
{
    struct selection s;
    assert_int_equal(select_page(reg, NOW, 1000, &s), 0);
    buf_init(b, LIMIT);
    assert_int_equal(page_render(view_of(html), &s, v, b), 0);
    selection_fini(&s);
}

static struct registry *one_lot(const char *registration, const char *visible, int64_t age_ms)
{
    struct registry *reg = registry_new();
    assert_non_null(reg);
    hear(reg, add_lot(reg, registration), visible, 42, age_ms);
    return reg;
}

static void says_it(const struct registry *reg, const char *html, const struct page_view *v, const char *want)
{
    struct buf b;
    fill(reg, html, v, &b);
    assert_string_equal(b.p, want);
    buf_fini(&b);
}

static void fills_the_list(void **state)
{
    struct registry *reg = one_lot("{\"id\":\"ZD-1\",\"name\":\"中心停车场\",\"name_en\":\"Centre\",\"area\":"
                                   "\"龙华\",\"address\":\"1 号\"}",
                                   "free=3 open=- total=100 status=open band=few", 61000);
    struct page_view v = view_of_test(false);
    (void)state;
    says_it(
        reg, "<html lang=\"{{lang}}\"{{look}}><title>{{district}} {{title}}</title>{{title_sub}}\n{{rows}}",
        &v,
        "<html lang=\"zh-CN\"><title>&lt;b&gt;District&lt;/b&gt; 停车余位</title><small lang=\"en\">Parking "
        "now</small>\n"
        "<li class=\"lot few\" data-id=\"ZD-1\" data-observed=\"1795334339000\" data-until=\"1795334939000\" "
        "data-total=\"100\"><h2><a href=\"/lots/ZD-1\">中心停车场</a><small "
        "lang=\"en\">Centre</small></h2><p "
        "class=\"where\"><span class=\"far\"></span>龙华 · 1 号</p><p class=\"free\"><b>3</b><span> / "
        "100</span></p><p class=\"band\"><span class=\"shape\" aria-hidden=\"true\"></span><span "
        "class=\"word\">紧张</span> <small class=\"sub\" lang=\"en\">few left</small></p><p "
        "class=\"trend\"></p><p "
        "class=\"age\"><time datetime=\"2026-11-22T07:58:59Z\">1 分钟前</time></p><ul "
        "class=\"chips\"></ul></li>\n");
    v.english = v.large = true;
    says_it(reg,
            "{{title_sub}}{{keep}} {{other_query}} {{size_query}} {{size}}{{look}} {{count}} {{as_of}} "
            "{{no_such}}{{",
            &v,
            "?lang=en&amp;large=1 ?large=1 ?lang=en Normal print data-large 1 car parks, 1 with current data "
            "16:00:00 "
            "{{");
    registry_free(reg);
}

static void tells_scripts_the_words(void **state)
{
    static const struct tiles pictures = {.url = "https://t.example/{z}/{x}/{y}.png",
                                          .attribution = "\"Maps\"",
                                          .datum = DATUM_GCJ02,
                                          .max_zoom = 17};
    struct registry *reg = registry_new();
    struct page_view v = view_of_test(false);
    struct buf b;
    (void)state;
    v.tiles = &pictures;
    fill(reg, "<body{{told}}>", &v, &b);
    assert_has(buf_get(&b), "<body data-as-of=\"1795334400000\"");
    assert_has(buf_get(&b), " data-few=\"紧张\" data-few-sub=\"few left\"");
    assert_has(buf_get(&b), " data-wrong-done=\"谢谢，已记下。\"");
    assert_has(buf_get(&b),
               " data-tiles=\"https://t.example/{z}/{x}/{y}.png\" data-tiles-by=\"&quot;Maps&quot;\" "
               "data-tiles-datum=\"gcj02\" data-tiles-zoom=\"17\">");
    buf_fini(&b);
    registry_free(reg);
}

#define FULL                                                                                                 \
    "{\"id\":\"A\",\"name\":\"甲\",\"phone\":\"0533-12 345\",\"fee_text\":\"3 "                             \
    "元\",\"free_minutes\":15,\"height_m\":2.1,"                                                            \
    "\"hours_text\":\"7:00-22:00\",\"total\":100,\"open\":90,\"courier_minutes\":20,\"classes\":{"           \
    "\"charging_fast\":4,"                                                                                   \
    "\"courier\":5,\"accessible\":2,\"bus\":1},\"location\":{\"lng\":118,\"lat\":36.8,\"datum\":\"wgs84\"}," \
    "\"entrance\":{\"lng\":118.001,\"lat\":36.801,\"datum\":\"wgs84\",\"name\":\"东门\"}}"

static void row_tells_what_people_ask(void **state)
{
    struct registry *reg =
        one_lot(FULL, "free=30 open=90 total=100 status=open band=plenty cls=accessible:1/2", 1000);
    struct page_view v = view_of_test(false);
    struct buf b;
    (void)state;
    fill(reg, "{{rows}}", &v, &b);
    assert_has(buf_get(&b),
               "<ul class=\"chips\"><li>免费 15 分钟</li><li>3 元</li><li>限高 2.1 m</li><li>快充车位 4 "
               "个，空位未知</li><li>无障碍车位 2 个，空 1</li><li>暖蜂车位 5 个，限停 20 分钟</li></ul>");
    assert_has_not(buf_get(&b), "大客车");
    assert_has(buf_get(&b),
               "rel=\"noreferrer\" href=\"https://uri.amap.com/navigation?to=118.006931,36.801373,%E7%94%B2");
    buf_fini(&b);
    v.embed = true;
    fill(reg, "{{rows}}", &v, &b);
    assert_has(buf_get(&b), "<h2><a href=\"/lots/A\" target=\"_blank\">");
    buf_fini(&b);
    registry_free(reg);
}

static void own_page_tells_all(void **state)
{
    struct registry *reg = one_lot(FULL, "free=30 open=90 total=100 status=open band=plenty", 1000);
    struct page_view v = view_of_test(true);
    struct buf b;
    (void)state;
    fill(reg, "{{lot_facts}}", &v, &b);
    assert_has(buf_get(&b), "<dt>Entrance</dt><dd>东门</dd>");
    assert_has(buf_get(&b), "<a href=\"tel:053312345\">0533-12 345</a>");
    assert_has(buf_get(&b), "<dd>3 元 · 15 min free</dd>");
    assert_has(buf_get(&b), "<dd>7:00-22:00 · Open until 22:00</dd>"); /* it is 16:00 */
    assert_has(buf_get(&b), "<dd>2.1 m</dd>");
    assert_has(buf_get(&b), "90 places<br>fast charging 4 places, free places not known");
    assert_has(buf_get(&b), "couriers 5 places, free places not known, at most 20 min");
    buf_fini(&b);
    fill(reg, "{{ways}}|{{lot_outlook}}|{{lot_day}}", &v, &b);
    assert_has(buf_get(&b), "class=\"button first\"");
    assert_has(buf_get(&b),
               "href=\"geo:36.801000,118.001000?q=36.801000,118.001000(%E7%94%B2)\">Other map</a>");
    assert_has(buf_get(&b),
               "|<p>Too little history to say (it takes more than a week).</p>|<p>Nothing has been "
               "recorded yet.</p>");
    buf_fini(&b);
    registry_free(reg);
}

/* --- what to expect --- */

static bool arrival(void *ctx, uint32_t idx, int minutes, struct forecast *out)
{
    (void)ctx;
    *out =
        (struct forecast){.expected = 40 - minutes / 4, .low = 5, .high = 50, .chance = 0.987, .error = 4.4};
    return idx == 0;
}

static bool day(void *ctx, uint32_t idx, int64_t ms, struct forecast_day *out)
{
    (void)ctx;
    assert_true(ms == NOW);
    for (int i = 0; i < FORECAST_DAY; i++) {
        out->counts[i] = i < 64 && i != 10 ? i : FORECAST_UNKNOWN; /* 16:00 is step 64 */
        out->usual[i] = 42;
    }
    return idx == 0;
}

static void draws_the_day(void **state)
{
    struct registry *reg = one_lot(FULL, "free=30 open=90 total=100 status=open band=plenty", 1000);
    struct page_view v = view_of_test(false);
    struct buf b;
    (void)state;
    v.outlook = (struct lot_outlook){.arrival = arrival, .day = day};
    fill(reg, "{{lot_outlook}}", &v, &b);
    assert_has(buf_get(&b), "<tr><th scope=\"row\">60 分钟后</th><td class=\"number\">25</td><td "
                            "class=\"number\">5–50</td><td class=\"number\">99 %<meter");
    assert_has(buf_get(&b), "近来平均差 4 个");
    buf_fini(&b);
    fill(reg, "{{lot_day}}", &v, &b);
    assert_has(buf_get(&b),
               "<path class=\"today\" d=\"M44.0 212.0L50.9 209.8"); /* 0 of 90 at midnight, 1 at 00:15 */
    assert_has(buf_get(&b), "M120.3 ");                             /* a gap at 02:30 stays one */
    assert_has(buf_get(&b), "<path class=\"range\" d=\"M488.0 145.3L");
    assert_has(buf_get(&b), "<p>现在空 30，平常这时空 42。</p>");
    buf_fini(&b);
    registry_free(reg);
}

/* --- the map --- */

static void pins(const char *svg, double x[], double y[], int n)
{
    for (int i = 0; i < n; i++) {
        svg = strstr(svg, "transform=\"translate(");
        assert_non_null(svg);
        svg += strlen("transform=\"translate(");
        char *end = NULL;
        x[i] = strtod(svg, &end);
        y[i] = strtod(end, &end);
    }
}

static void draws_the_map(void **state)
{
    struct registry *reg = registry_new();
    struct page_view v = view_of_test(true);
    struct buf b;
    double x[4], y[4];
    (void)state;
    fill(reg, "{{drawn_map}}", &v, &b);
    assert_string_equal(b.p, "<p>No car park has a place on the map yet.</p>");
    buf_fini(&b);
    for (int i = 0; i < 4; i++) { /* three at one place, one 2 km east */
        char text[200];
        (void)snprintf(
            text, sizeof text,
            "{\"id\":\"L%d\",\"name\":\"n%d\",\"area\":\"Mitte\",\"location\":{\"lng\":%s,\"lat\":36.8,"
            "\"datum\":\"wgs84\"}}",
            i, i, i == 3 ? "118.07" : "118.05");
        hear(reg, add_lot(reg, text), "free=7 open=- total=100 status=open band=few", 1, 1000);
    }
    (void)add_lot(reg, "{\"id\":\"nowhere\",\"name\":\"n\"}");
    fill(reg, "{{drawn_map}}", &v, &b);
    assert_has_not(buf_get(&b), "/lots/nowhere");
    assert_has(buf_get(&b), "<a href=\"/lots/L0?lang=en\" class=\"pin few\"");
    assert_has(buf_get(&b), "<title>n0 · few left</title>");
    assert_has(buf_get(&b), "<use href=\"#mark-few\"");
    assert_has(buf_get(&b), ">Mitte</text>");
    assert_has(buf_get(&b), "</text></g></svg>");
    pins(b.p, x, y, 4);
    for (int i = 0; i < 4; i++)
        for (int k = i + 1; k < 4; k++)
            if (fabs(x[i] - x[k]) < 92 && fabs(y[i] - y[k]) < 42)
                fail_msg("pins %d and %d overlap: %.1f %.1f, %.1f %.1f", i, k, x[i], y[i], x[k], y[k]);
    assert_true(x[3] > x[0] && x[3] > x[1] && x[3] > x[2]); /* east is right */
    buf_fini(&b);
    registry_free(reg);
}

/* --- names that would like to be markup --- */

static void escapes_names(void **state)
{
    static const char *const templates[] = {"{{rows}}", "{{board_rows}}",
                                            "{{name}}{{where}}{{lot_facts}}{{ways}}", "{{drawn_map}}"};
    struct registry *reg = registry_new();
    struct lot lot = {.id = "A",
                      .total = COUNT_NONE,
                      .open = COUNT_NONE,
                      .name = HOSTILE,
                      .name_en = HOSTILE,
                      .area = "\" onclick=\"x",
                      .address = "{{rows}}",
                      .phone = "\"><b>",
                      .fee_text = HOSTILE,
                      .hours_text = HOSTILE,
                      .entrance_name = HOSTILE,
                      .has_point = true,
                      .lng = 118,
                      .lat = 36};
    uint32_t idx;
    (void)state;
    assert_int_equal(registry_put(reg, &lot, VIEW("{}"), 1, &idx), 0);
    hear(reg, idx, "free=3 open=- total=100 status=open band=few", 1, 20 * 60 * 1000);
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        struct page_view v = view_of_test(false);
        struct buf b;
        fill(reg, templates[i], &v, &b);
        assert_has(buf_get(&b), "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\&quot;&#39;&amp;");
        assert_has_not(buf_get(&b), "<img");
        assert_has_not(buf_get(&b), "<b>\"");
        assert_has_not(buf_get(&b), "\" onclick");
        if (i == 0)
            assert_has(buf_get(&b), "{{rows}}"); /* a name is no token */
        if (i == 0)
            assert_has(buf_get(&b), "<b>–</b><span> / 100</span><s>上次 3</s>");
        buf_fini(&b);
    }
    registry_free(reg);
}

/* --- links, policies, the manifest --- */

static void links_to_the_entrance(void **state)
{
    static const struct {
        enum navigator n;
        const char *want;
    } rows[] = {
        {NAVIGATE_AMAP,
         "https://uri.amap.com/navigation?to=118.006931,36.800373,P%261&mode=car&coordinate=gaode&"
         "callnative=1&src=parkd"},
        {NAVIGATE_BAIDU,
         "https://api.map.baidu.com/marker?location=36.800373,118.006931&title=P%261&content=P%261&"
         "coord_type=gcj02&output=html&src=parkd"},
        {NAVIGATE_APPLE, "https://maps.apple.com/?daddr=36.800373,118.006931&dirflg=d"},
        {NAVIGATE_GEO, "geo:36.800000,118.001000?q=36.800000,118.001000(P%261)"},
    };
    struct lot lot = {.name = "P&1", .has_entrance = true, .entrance_lng = 118.001, .entrance_lat = 36.8};
    struct lot nowhere = {.name = "P"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        buf_init(&b, 2048);
        assert_int_equal(navigator_link(rows[i].n, &lot, &b), 0);
        assert_string_equal(b.p, rows[i].want);
        buf_fini(&b);
        buf_init(&b, 2048);
        assert_int_equal(navigator_link(rows[i].n, &nowhere, &b), ERR_NOT_FOUND);
        buf_fini(&b);
    }
}

static void takes_navigators(void **state)
{
    struct navigators n = {0};
    (void)state;
    assert_int_equal(navigators_add(&n, VIEW("baidu")), 0);
    assert_int_equal(navigators_add(&n, VIEW("geo")), 0);
    assert_int_equal(navigators_add(&n, VIEW("baidu")), ERR_CONFLICT);
    assert_int_equal(navigators_add(&n, VIEW("waze")), ERR_NOT_FOUND);
    assert_true(n.n == 2 && n.v[0] == NAVIGATE_BAIDU && n.v[1] == NAVIGATE_GEO);
}

static void checks_and_says_the_policy(void **state)
{
    static const struct {
        const char *tiles, *embedders, *at;
    } rows[] = {
        {"", "", ""},
        {"https://t.example:8443/{z}/{x}/{y}.png", "*", ""},
        {"https://{s}.t.example/{z}/{x}/{y}.png",
         "https://city.example http://10.0.0.1:8080 https://*.gov.example", ""},
        {"https://t.example/{z}/{x}.png", "", "/map/tiles"},
        {"ftp://t.example/{z}/{x}/{y}.png", "", "/map/tiles"},
        {"https://t;script-src *.example/{z}/{x}/{y}.png", "", "/map/tiles"},
        {"", "city.example", "/public/embedders"},
        {"", "https://a.example; script-src *", "/public/embedders"},
        {"", "https://a.example/path", "/public/embedders"},
        {"", "https://", "/public/embedders"},
    };
    char policy[PAGES_POLICY];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pages_conf c = {.tiles = {.url = rows[i].tiles}, .embedders = rows[i].embedders};
        struct why why = {0};
        int err = pages_check(&c, &why);
        if ((err == 0) != !rows[i].at[0] || strcmp(why.at, rows[i].at) != 0)
            fail_msg("%s, %s: %s at %s", rows[i].tiles, rows[i].embedders, err_name(err), why.at);
    }
    struct pages_conf c = {.tiles = {.url = rows[2].tiles}, .embedders = rows[2].embedders};
    page_policy(&c, false, policy);
    assert_string_equal(policy,
                        "default-src 'self'; img-src 'self' data: https://*.t.example; base-uri 'none'; "
                        "form-action 'none'; frame-ancestors 'none'");
    page_policy(&c, true, policy);
    assert_non_null(
        strstr(policy, "frame-ancestors https://city.example http://10.0.0.1:8080 https://*.gov.example"));
}

static void manifest_is_json(void **state)
{
    struct page_view v = view_of_test(false);
    struct buf b;
    (void)state;
    buf_init(&b, LIMIT);
    v.district = "\"张\"店";
    assert_int_equal(page_manifest(&v, &b), 0);
    struct json *j = json_of(b.p);
    assert_true(view_is(json_text(json_get(j, "name")), "\"张\"店 停车余位"));
    assert_true(view_is(json_text(json_get(j, "start_url")), "/"));
    json_free(j);
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_the_list),
        cmocka_unit_test(tells_scripts_the_words),
        cmocka_unit_test(row_tells_what_people_ask),
        cmocka_unit_test(own_page_tells_all),
        cmocka_unit_test(draws_the_day),
        cmocka_unit_test(draws_the_map),
        cmocka_unit_test(escapes_names),
        cmocka_unit_test(links_to_the_entrance),
        cmocka_unit_test(takes_navigators),
        cmocka_unit_test(checks_and_says_the_policy),
        cmocka_unit_test(manifest_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
