/* SPDX-License-Identifier: MIT
 * routes, query, select: what is asked, and which lots that means.
 */
#include "api_test.h"

#include "api/assets.h"
#include "api/routes.h"
#include "api/select.h"

static void finds_routes(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        bool staff;
        enum route_match match;
        enum route_id id;
        const char *arg;
    } rows[] = {
        {HTTP_GET, "/", false, ROUTE_FOUND, ROUTE_PAGE, ""},
        {HTTP_HEAD, "/v1/lots", false, ROUTE_FOUND, ROUTE_LOTS, ""},
        {HTTP_GET, "/v1/lots/ZD-001", false, ROUTE_FOUND, ROUTE_LOT, "ZD-001"},
        {HTTP_GET, "/v1/lots/a/history", false, ROUTE_FOUND, ROUTE_HISTORY, "a"},
        {HTTP_GET, "/v1/lots/history", false, ROUTE_FOUND, ROUTE_LOT, "history"},
        {HTTP_GET, "/v1/lots/", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/v1/lots//history", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/v1/lots/a/b/history", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/v1/lotsx", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_POST, "/v1/lots", false, ROUTE_WRONG_METHOD, ROUTE_LOTS, ""},
        {HTTP_OTHER, "/v1/lots", false, ROUTE_WRONG_METHOD, ROUTE_LOTS, ""},
        {HTTP_OPTIONS, "/v1/ingest/f", false, ROUTE_FOUND, ROUTE_INGEST, "f"},
        {HTTP_POST, "/v1/ingest/f", false, ROUTE_FOUND, ROUTE_INGEST, "f"},
        {HTTP_GET, "/v1/ingest/f", false, ROUTE_WRONG_METHOD, ROUTE_INGEST, "f"},
        {HTTP_GET, "/metrics", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/metrics", true, ROUTE_FOUND, ROUTE_METRICS, ""},
        {HTTP_GET, "/v1/admin/status", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/v1/admin/feeds", true, ROUTE_FOUND, ROUTE_ADMIN_LIST, ""},
        {HTTP_PUT, "/v1/admin/sinks/s", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_PUT, "/v1/admin/sinks/s", true, ROUTE_FOUND, ROUTE_ADMIN_ONE, "s"},
        {HTTP_POST, "/v1/admin/sinks/s/poll", true, ROUTE_UNKNOWN, 0, ""},
        {HTTP_POST, "/v1/admin/feeds/f/poll", true, ROUTE_FOUND, ROUTE_ADMIN_DO, "f"},
        {HTTP_GET, "/v1/admin/feeds/f/poll", true, ROUTE_WRONG_METHOD, ROUTE_ADMIN_DO, "f"},
        {HTTP_POST, "/v1/admin/try", true, ROUTE_FOUND, ROUTE_TRY, ""},
        {HTTP_POST, "/v1/admin/try/sink", true, ROUTE_FOUND, ROUTE_TRY_SINK, ""},
        {HTTP_GET, "/v1/admin/sinks/try", true, ROUTE_FOUND, ROUTE_ADMIN_ONE, "try"},
        {HTTP_GET, "/v1/export/snapshot", false, ROUTE_FOUND, ROUTE_SNAPSHOT, ""},
        {HTTP_POST, "/v1/admin/try", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/v1/admin/feeds/f/bodies", true, ROUTE_FOUND, ROUTE_BODIES, "f"},
        {HTTP_GET, "/v1/admin/feeds/f/bodies", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_POST, "/v1/admin/feeds/f/replay", true, ROUTE_FOUND, ROUTE_REPLAY, "f"},
        {HTTP_POST, "/v1/admin/feeds/f/replay", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_POST, "/v1/session", false, ROUTE_FOUND, ROUTE_OFFICE, ""},
        {HTTP_POST, "/v1/session", true, ROUTE_FOUND, ROUTE_OFFICE, ""},
        {HTTP_GET, "/v1/admin/accounts/a/keys", true, ROUTE_FOUND, ROUTE_OFFICE, "a"},
        {HTTP_GET, "/v1/admin/accounts/a/keys", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_PUT, "/v1/admin/accounts/a/keys", true, ROUTE_WRONG_METHOD, 0, ""},
        {HTTP_GET, "/v1/admin/accounts//keys", true, ROUTE_UNKNOWN, 0, ""},
        {HTTP_GET, "/console", true, ROUTE_FOUND, ROUTE_ASSET, ""},
        {HTTP_GET, "/console", false, ROUTE_UNKNOWN, 0, ""},
        {HTTP_PUT, "/console", true, ROUTE_WRONG_METHOD, ROUTE_ASSET, ""},
        {HTTP_GET, "", true, ROUTE_UNKNOWN, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct route r;
        enum route_match m = route_find(rows[i].method, view_of(rows[i].path), rows[i].staff, &r);
        if (m != rows[i].match || (rows[i].id && r.id != rows[i].id) ||
            (m != ROUTE_UNKNOWN && rows[i].id && !view_is(r.arg, rows[i].arg)))
            fail_msg("row %zu: %s", i, rows[i].path);
    }
}

/* Every file is found by its own path and by nothing like it; the console's are the staff listeners' alone.
 */
static void finds_assets(void **state)
{
    static const char *const none[] = {
        "",         "/",           "/console/",         "/console/index.html", "/console/main",
        "/main.js", "/index.html", "/console//main.js", "/../console/main.js", "/Console",
        "/office",  "/consolex"};
    size_t pages = 0, which = 0;
    (void)state;
    for (size_t i = 0; i < asset_count(); i++) {
        const struct asset *a = asset_at(i);
        assert_true(asset_find(view_of(a->path), true, &which));
        assert_int_equal(which, i);
        assert_int_equal(asset_find(view_of(a->path), false, &which), !a->staff);
        assert_int_equal(a->staff, view_starts(view_of(a->path), "/console"));
        assert_false(a->open && asset_is_page(a));
        pages += asset_is_page(a);
    }
    assert_true(pages >= 2 && asset_count() > 30);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(asset_find(view_of(none[i]), true, &which));
    assert_true(asset_find(VIEW("/list.js"), false, &which) && asset_is_residents(asset_at(which)));
    char version[ASSETS_PATH], path[64];
    asset_version(version);
    (void)snprintf(path, sizeof path, "%s/list.js", version);
    assert_true(asset_find(view_of(path), false, &which) &&
                view_is(view_of(asset_at(which)->path), "/list.js"));
    (void)snprintf(path, sizeof path, "%s/office/base.css", version);
    assert_false(asset_find(view_of(path), false, &which)); /* what changes is asked for each time */
    assert_false(asset_find(VIEW("/a/list.js"), false, &which) || asset_find(VIEW("/a/"), false, &which));
    assert_true(asset_find(VIEW("/office/base.css"), false, &which) && !asset_is_residents(asset_at(which)));
    assert_true(asset_find(VIEW("/operator"), false, &which) && asset_is_page(asset_at(which)));
}

static void tells_allowed_methods(void **state)
{
    struct route r;
    char allow[64];
    (void)state;
    (void)route_find(HTTP_DELETE, VIEW("/v1/admin/lots/x"), true, &r);
    assert_int_equal(r.noun, NOUN_LOT);
    route_allow(&r, allow);
    assert_string_equal(allow, "GET, HEAD, PUT, DELETE, OPTIONS");
}

/* What each route asks of who asks; a reader of the table must not be able to overlook one. */
static void tells_who_may(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        enum access access;
    } rows[] = {{HTTP_GET, "/v1/lots", ACCESS_ANYBODY},
                {HTTP_GET, "/v1/admin/lots/x", ACCESS_VIEWER},
                {HTTP_PUT, "/v1/admin/lots/x", ACCESS_OFFICER},
                {HTTP_DELETE, "/v1/admin/lots/x", ACCESS_OFFICER},
                {HTTP_PUT, "/v1/admin/sinks/x", ACCESS_ADMIN},
                {HTTP_POST, "/v1/admin/sinks/x/resume", ACCESS_ADMIN},
                {HTTP_GET, "/v1/admin/status", ACCESS_VIEWER},
                {HTTP_GET, "/v1/admin/audit", ACCESS_ADMIN},
                {HTTP_POST, "/v1/session", ACCESS_ANYBODY},
                {HTTP_PUT, "/v1/session/password", ACCESS_SIGNED_IN},
                {HTTP_DELETE, "/v1/admin/keys/k", ACCESS_OFFICER}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct route r;
        assert_int_equal(route_find(rows[i].method, view_of(rows[i].path), true, &r), ROUTE_FOUND);
        if (r.access != rows[i].access)
            fail_msg("row %zu: %s", i, rows[i].path);
    }
    struct route r;
    assert_int_equal(route_find(HTTP_PUT, VIEW("/v1/session"), true, &r), ROUTE_WRONG_METHOD);
    char allow[64];
    route_allow(&r, allow);
    assert_string_equal(allow, "GET, HEAD, POST, DELETE, OPTIONS");
}

static void refuses_wrong_parameters(void **state)
{
    static const struct {
        const char *query, *at, *text;
    } rows[] = {
        {"raduis=5", "", "did you mean \"radius\"?"},
        {"x=1", "", "no parameter \"x\""},
        {"limit=5&limit=6", "", "given twice"},
        {"radius=5", "radius", "needs near"},
        {"near=114.0", "near", "lng,lat"},
        {"near=22.5,114.0", "near", "longitude first"},
        {"near=114,22,3", "near", "lng,lat"},
        {"near=114,22&radius=0", "radius", "metres"},
        {"near=114,22&radius=nan", "radius", "metres"},
        {"near=inf,22", "near", "lng,lat"},
        {"bbox=114,22,113,23", "bbox", "west,south"},
        {"bbox=114,22,115", "bbox", "west,south"},
        {"band=few,many", "band", "full, few"},
        {"band=", "band", "full, few"},
        {"class=boat", "class", "no class"},
        {"min_free=0", "min_free", "at least 1"},
        {"min_free=1.5", "min_free", "whole"},
        {"limit=1001", "limit", "whole"},
        {"cursor=../x", "cursor", "not one"},
        {"crs=epsg4326", "crs", "wgs84"},
        {"area=", "area", "empty"},
        {"area=\xff", "", "UTF-8"},
        {"sort=distance", "sort", "needs near"},
        {"sort=price", "sort", "distance, free"},
        {"open_now=1", "open_now", "true"},
        {"fields=name,prize", "fields", "\"prize\""},
        {"fields=", "fields", "no member"},
        {"fields=ab字字字字字字字字字字字字字字", "fields", "字\""}, /* cut between characters */
        {"lang\xff=1", "", "name of a parameter"},
        {"changed_since=yesterday", "changed_since", "RFC 3339"},
        {"sort=free&cursor=A", "cursor", "not one"},
        {"cursor=A~5", "cursor", "not one"},
        {"sort=free&cursor=A~x", "cursor", "not one"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query q = query_of(rows[i].query);
        struct lots_query out;
        struct why why = {0};
        if (!query_lots(&q, &out, &why) || strcmp(why.at, rows[i].at) || !strstr(why.text, rows[i].text))
            fail_msg("%s: at \"%s\": %s", rows[i].query, why.at, why.text);
    }
}

static void takes_good_parameters(void **state)
{
    struct query q =
        query_of("near=114.03,22.65&radius=1500&band=few,plenty&class=charging&min_free=3&limit=7&crs=gcj02&"
                 "area=龙华&cursor=ZD-1~12.5&bbox=-10,-5,10,5");
    struct lots_query out;
    struct why why = {0};
    struct buf key;
    (void)state;
    assert_int_equal(query_lots(&q, &out, &why), 0);
    assert_true(out.has_near && out.has_bbox && out.radius_m > 1499 && out.limit == 7 && out.min_free == 3);
    assert_int_equal(out.bands, 1 << BAND_FEW | 1 << BAND_PLENTY);
    assert_int_equal(out.place_class, CLASS_CHARGING);
    assert_int_equal(out.crs, DATUM_GCJ02);
    q = query_of("crs=bd09&area=a b/龙&cursor=Z");
    buf_init(&key, 256);
    assert_int_equal(query_print(&q, true, &key), 0);
    assert_string_equal(key.p, "area=a%20b%2F%E9%BE%99&crs=bd09");
    buf_fini(&key);
    q = query_of("");
    assert_int_equal(query_lots(&q, &out, &why), 0);
    assert_int_equal(out.limit, QUERY_LIMIT_MAX);
    assert_int_equal(out.place_class, -1);
    q = query_of("utm_source=x&lang=en&large=1&embed=yes&area=b");
    struct page_query p = query_page(&q);
    assert_true(p.english && p.large && !p.embed && view_is(p.area, "b"));
}

static void counts_parameters(void **state)
{
    struct query q = {.n = 0};
    struct lots_query out;
    struct why why = {0};
    (void)state;
    for (int i = 0; i < 3 * QUERY_MAX; i++)
        query_add(&q, VIEW("limit"), VIEW("1"));
    assert_int_equal(query_lots(&q, &out, &why), ERR_TOO_BIG);
    assert_false(query_page(&q).english); /* a page takes any number of others, and looks at those it has */
}

static void reads_spans(void **state)
{
    static const struct {
        const char *query;
        int err;
        int64_t from_s, to_s, step_s; /* from NOW */
    } rows[] = {
        {"", 0, -86400, 0, 300},
        {"step=1h", 0, -86400, 0, 3600},
        {"from=2026-11-22T07:58:30Z&to=2026-11-22T08:00:00Z&step=1m", 0, -120, 0, 60},
        {"from=2026-11-22T15:58:30 08:00&to=1795334400000&step=1m", 0, -120, 0, 60},
        {"from=2026-11-14T08:00:00Z", ERR_RANGE, 0, 0, 0},
        {"from=2026-11-15T08:00:00Z&step=1m", 0, -7 * 86400, 0, 60},
        {"from=2026-11-22T09:00:00Z", ERR_RANGE, 0, 0, 0},
        {"from=2020-01-01T00:00:00Z&step=1d", ERR_RANGE, 0, 0, 0},
        {"from=2025-01-01T00:00:00Z&step=1h", ERR_RANGE, 0, 0, 0},
        {"from=yesterday", ERR_SYNTAX, 0, 0, 0},
        {"step=2m", ERR_INVALID, 0, 0, 0},
        {"until=1", ERR_UNKNOWN_KEY, 0, 0, 0},
        {"to=1000", 0, -1795334400, -1795334399, 300},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query q = query_of(rows[i].query);
        struct history_query h;
        struct why why = {0};
        int err = query_history(&q, NOW, &h, &why);
        if (err != rows[i].err ||
            (!err && (h.from_ms != NOW + rows[i].from_s * 1000 || h.to_ms != NOW + rows[i].to_s * 1000 ||
                      h.step_ms != rows[i].step_s * 1000)))
            fail_msg("%s: %s %s from %lld to %lld", rows[i].query, err_name(err), why.text,
                     (long long)(h.from_ms - NOW) / 1000, (long long)(h.to_ms - NOW) / 1000);
    }
}

/* Lots from west to east, a retired one, one without a place. */
static struct registry *district(void)
{
    struct registry *reg = registry_new();
    assert_non_null(reg);
    uint32_t c = add_lot(reg, "{\"id\":\"C\",\"name\":\"c\",\"area\":\"N\",\"location\":{\"lng\":114.03,"
                              "\"lat\":22.65,\"datum\":\"wgs84\"},"
                              "\"classes\":{\"charging\":4}}");
    uint32_t a = add_lot(reg, "{\"id\":\"A\",\"name\":\"a\",\"area\":\"N\",\"location\":{\"lng\":114.01,"
                              "\"lat\":22.65,\"datum\":\"wgs84\"}}");
    uint32_t b = add_lot(reg, "{\"id\":\"B\",\"name\":\"b\",\"area\":\"S\",\"location\":{\"lng\":114.02,"
                              "\"lat\":22.65,\"datum\":\"wgs84\"}}");
    (void)add_lot(reg, "{\"id\":\"D\",\"name\":\"d\",\"area\":\"S\"}");
    (void)add_lot(reg, "{\"id\":\"R\",\"name\":\"r\",\"stage\":\"retired\",\"location\":{\"lng\":114.02,"
                       "\"lat\":22.65,\"datum\":\"wgs84\"}}");
    hear(reg, a, "free=3 open=- total=100 status=open band=few", 11, 1000);
    hear(reg, b, "free=80 open=- total=100 status=open band=plenty", 12, 1000);
    hear(reg, c, "free=50 open=- total=100 status=open band=plenty cls=charging:2/4", 13, 3 * 3600 * 1000);
    return reg;
}

static void selects(void **state)
{
    static const struct {
        const char *query, *ids;
        bool more;
    } rows[] = {
        {"", "ABCD", false},
        {"area=N", "AC", false},
        {"band=plenty", "B", false}, /* C's number is too old */
        {"band=unknown", "CD", false},
        {"min_free=4", "B", false},
        {"class=charging", "C", false},
        {"class=charging&min_free=1", "", false},
        {"limit=2", "AB", true},
        {"limit=2&cursor=B", "CD", false},
        {"limit=2&cursor=BB", "CD", false}, /* gone meanwhile */
        {"near=114.03,22.65", "CBA", false},
        {"near=114.03,22.65&radius=1500", "CB", false},
        {"near=114.03,22.65&limit=1", "C", true},
        {"near=114.03,22.65&limit=1&cursor=C~0", "B", true},
        {"near=114.03,22.65&limit=2&cursor=ZZ~500.5", "BA", false}, /* its lot is gone */
        {"near=114.03,22.65&sort=id", "ABC", false},
        {"sort=free", "BACD", false}, /* what is not known comes last */
        {"sort=free&limit=1&cursor=B~-80", "A", true},
        {"sort=name&limit=2", "AB", true},
        {"sort=name&limit=2&cursor=B", "CD", false},
        {"class=charging&sort=free", "C", false},
        {"open_now=true", "AB", false}, /* C says nothing any more, D never did */
        {"changed_since=5012", "C", false},
        {"changed_since=6000", "", false},
        {"bbox=114.015,22.6,114.5,22.7", "BC", false},
        {"bbox=114.015,22.6,114.5,22.7&crs=gcj02", "ABC", false}, /* half a kilometre to the east there */
    };
    struct registry *reg = district();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query q = query_of(rows[i].query);
        struct lots_query asked;
        struct selection s;
        struct why why = {0};
        char ids[16] = "";
        assert_int_equal(query_lots(&q, &asked, &why), 0);
        assert_int_equal(select_lots(reg, places_of(reg), &asked, NOW, &s, &why), 0);
        for (size_t k = 0; k < s.n; k++)
            ids[k] = s.v[k].lot->lot.id[0];
        if (strcmp(ids, rows[i].ids) || s.more != rows[i].more)
            fail_msg("%s: %s%s", rows[i].query, ids, s.more ? "+" : "");
        selection_fini(&s);
    }
    registry_free(reg);
}

static void knows_a_lost_place(void **state)
{
    struct registry *reg = district();
    struct query q = query_of("sort=name&cursor=ZZ");
    struct lots_query asked;
    struct selection s;
    struct why why = {0};
    (void)state;
    assert_int_equal(query_lots(&q, &asked, &why), 0);
    assert_int_equal(select_lots(reg, places_of(reg), &asked, NOW, &s, &why), ERR_INVALID);
    assert_string_equal(why.at, "cursor");
    registry_free(reg);
}

static int forget_places(void **state)
{
    (void)state;
    (void)places_of(NULL);
    return 0;
}

static void puts_the_silent_last(void **state)
{
    struct registry *reg = district();
    struct selection s;
    (void)state;
    assert_int_equal(select_page(reg, NOW, 3, &s), 0);
    assert_int_equal(s.n, 3);
    assert_true(s.more);
    assert_string_equal(s.v[0].lot->lot.id, "A");
    assert_string_equal(s.v[1].lot->lot.id, "B");
    assert_string_equal(s.v[2].lot->lot.id, "C");
    selection_fini(&s);
    registry_free(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_routes),
        cmocka_unit_test(finds_assets),
        cmocka_unit_test(tells_allowed_methods),
        cmocka_unit_test(tells_who_may),
        cmocka_unit_test(refuses_wrong_parameters),
        cmocka_unit_test(takes_good_parameters),
        cmocka_unit_test(counts_parameters),
        cmocka_unit_test(reads_spans),
        cmocka_unit_test(selects),
        cmocka_unit_test(knows_a_lost_place),
        cmocka_unit_test(puts_the_silent_last),
    };
    return cmocka_run_group_tests(tests, NULL, forget_places);
}
