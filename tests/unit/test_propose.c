/* SPDX-License-Identifier: MIT
 * Drafts of mappings: each shape that the field sends, with invented values. What counts is that the draft
 * compiles and reads the message as a person would.
 */
#include "dialect_test.h"

#include "dialect/propose_tree.h"
#include "parkd/base/charset.h"
#include "parkd/base/crypto.h"
#include "parkd/dialect/propose.h"
#include "parkd/model/report.h"

#define NONE REPORT_NONE

static struct json *propose(const char *type, struct view body)
{
    struct buf out;
    struct json_writer w;
    struct json *doc = NULL;
    struct why why = {0};
    buf_init(&out, 1 << 20);
    jw_init(&w, &out);
    int err = dialect_propose(view_of(type), body, &w, &why);
    if (err)
        fail_msg("%.*s: %s %s", (int)body.n, body.p, err_name(err), why.text);
    if (json_parse(buf_get(&out), &doc, &why))
        fail_msg("%s in %.*s", why.text, (int)out.n, out.p);
    buf_fini(&out);
    return doc;
}

/* The reports that the draft makes of its own sample. */
static struct report_list read_by(const struct json *proposal, const char *type, struct view body)
{
    struct buf params;
    struct json_writer w;
    struct report_list out;
    struct why why = {0};
    struct dialect_request next;
    bool more = false;
    char head[200];
    struct dialects *ds = dialects_load(NULL, &(int){0}, &why);
    buf_init(&params, 1 << 20);
    jw_init(&w, &params);
    jw_object(&w, NULL);
    jw_json(&w, "mapping", json_get(proposal, "mapping"));
    jw_end_object(&w);
    struct dialect_session *s = dialect_open(dialects_find(ds, "generic"), buf_get(&params), &why);
    if (!s)
        fail_msg("%s %s in %.*s", why.at, why.text, (int)params.n, params.p);
    (void)snprintf(head, sizeof head, "Content-Type: %s\r\n", type);
    struct dialect_ctx ctx = {.now_ms = TEST_NOW, .url = VIEW("http://x/")};
    struct dialect_response res = {200, view_of(head), body};
    report_list_init(&out);
    int err = dialect_decode(s, &ctx, &res, &out, &next, &more, &why);
    if (err)
        fail_msg("%s %s by %.*s", why.at, why.text, (int)params.n, params.p);
    dialect_request_fini(&next);
    dialect_close(s);
    dialects_free(ds);
    buf_fini(&params);
    return out;
}

struct shape {
    const char *body;
    const char *lot; /* of the last report; "P1": the draft says that the message names none */
    int64_t free, total, open, occupied;
    const char *time; /* NULL: none */
};

static const struct shape shapes[] = {
    /* the city platforms of China */
    {"{\"data\":{\"parkingCode\":\"2207\",\"totalBerthNum\":160,\"openBerthNum\":140,\"freeBerthNum\":11,"
     "\"uploadTime\":\"2026-03-01 09:10:11\"}}",
     "2207", 11, 160, 140, NONE, "2026-03-01T01:10:11Z"},
    {"{\"data\":\"{\\\"parkingCode\\\":\\\"3702-77\\\",\\\"totalBerthNum\\\":90,\\\"openBerthNum\\\":80,"
     "\\\"freeBerthNum\\\":7,\\\"uploadTime\\\":\\\"2026-03-01 09:10:11\\\"}\"}",
     "3702-77", 7, 90, 80, NONE, "2026-03-01T01:10:11Z"},
    {"{\"osStoreCode\":\"OS9_1\",\"total\":25,\"surplus\":4}", "OS9_1", 4, 25, NONE, NONE, NULL},
    {"{\"dotime\":1772330000,\"freeberth\":55,\"in\":3,\"out\":4}", "P1", 55, NONE, NONE, NONE,
     "2026-03-01T01:53:20Z"},
    /* vendors */
    {"{\"resultCode\":0,\"dataItems\":[{\"attributes\":{\"parkCode\":\"0000007\",\"parkName\":\"甲场\","
     "\"totalSpace\":310,"
     "\"restSpace\":43}}]}",
     "0000007", 43, 310, NONE, NONE, NULL},
    {"{\"resCode\":\"0\",\"resMsg\":\"成功\",\"data\":\"{\\\"parkId\\\":\\\"5910\\\",\\\"parkName\\\":"
     "\\\"乙场\\\","
     "\\\"totalNum\\\":83,\\\"freeSpaceNum\\\":12}\"}",
     "5910", 12, 83, NONE, NONE, NULL},
    {"{\"code\":\"0\",\"msg\":\"success\",\"data\":[{\"parkSyscode\":\"a7\",\"parkName\":\"丙场\","
     "\"parentParkSyscode\":\"\","
     "\"totalPlace\":\"310\",\"totalPermPlace\":\"100\",\"totalReservePlace\":\"0\",\"leftPlace\":\"53\","
     "\"leftPermPlace\":"
     "\"31\",\"leftReservePlace\":\"0\"}]}",
     "a7", 53, 310, NONE, NONE, NULL},
    {"{\"result_code\":\"1001\",\"total\":400,\"parking\":341,\"charge_depict\":\"\"}", "P1", NONE, 400, NONE,
     341, NULL},
    {"{\"code\":\"1001\",\"payload\":{\"paging_header\":{\"total_count\":71,\"page_index\":1},\"row\":[{"
     "\"park_uuid\":"
     "\"49f0\",\"park_name\":\"丁场\",\"latitude\":22.5,\"longitude\":113.9,\"total_space\":300,\"remain_"
     "space\":2,"
     "\"realtime\":0,\"distance\":91},{\"park_uuid\":\"49f1\",\"park_name\":\"戊场\",\"latitude\":22.6,"
     "\"longitude\":113.8,"
     "\"total_space\":100,\"remain_space\":9,\"realtime\":0,\"distance\":95}]}}",
     "49f1", 9, 100, NONE, NONE, NULL},
    {"{\"code\":\"1001\",\"payload\":{\"park_uuid\":\"40e0\",\"total_space\":238,\"remain_space\":118,"
     "\"total_reserve_space\":"
     "0,\"remain_reserve_space\":0,\"area_space\":[{\"id\":\"A1\",\"area_name\":\"A\",\"total_space\":138,"
     "\"remain_space\":"
     "60},"
     "{\"id\":\"B1\",\"area_name\":\"B\",\"total_space\":100,\"remain_space\":58}]}}",
     "40e0", 118, 238, NONE, NONE, NULL},
    {"{\"data\":{\"park_id\":\"1007\",\"type\":1,\"union_id\":2007,\"total_plot\":120,\"empty_plot\":33,"
     "\"rand\":\"0.06\"},"
     "\"sign\":\"F2BA\"}",
     "1007", 33, 120, NONE, NONE, NULL},
    {"{\"code\":200,\"message\":\"\",\"data\":{\"parkName\":\"己场\",\"remainParkNum \":98,\"totalParkNum "
     "\":100}}",
     "己场", 98, 100, NONE, NONE, NULL},
    {"{\"code\":1,\"dataItems\":[{\"parkLeft\":97}],\"serviceId\":\"manage.parkleft\",\"parkCode\":\"SL/7\"}",
     "SL/7", 97, NONE, NONE, NONE, NULL},
    {"{\"service\":\"parkingspace\",\"parkid\":\"2021\",\"spacetotal\":900,\"spaceLeft\":878,\"spaceused\":"
     "22,\"time\":"
     "\"2026-02-01 18:24:25\"}",
     "2021", 878, 900, NONE, 22, "2026-02-01T10:24:25Z"},
    {"{\"ParkKey\":\"1708\",\"AppId\":\"p2\",\"TimeStamp\":\"1772330000000\",\"Data\":{\"TotalSpaces\":500,"
     "\"RemainingSpaces\":"
     "490,\"AreaSpaces\":[{\"AreaNo\":\"9\",\"TotalSpaces\":500,\"RemainingSpaces\":490}]},\"Nonce\":\"17\","
     "\"Sign\":\"x\"}",
     "1708", 490, 500, NONE, NONE, "2026-03-01T01:53:20Z"},
    {"{\"code\":200,\"data\":[{\"name\":\"庚场\",\"parkingLotId\":\"p7\",\"totalCount\":677,"
     "\"unParkedCount\":302}]}",
     "p7", 302, 677, NONE, NONE, NULL},
    /* Chinese names, counts as texts with marks */
    {"{\"数据\":[{\"停车场编号\":\"B1\",\"停车场名称\":\"甲\",\"车位总数\":\"1,260\",\"剩余车位\":\"1,003\","
     "\"已停车辆\":\"257\","
     "\"更新时间\":\"2026/03/01 "
     "09:10\"},{\"停车场编号\":\"B2\",\"停车场名称\":\"乙\",\"车位总数\":\"300\",\"剩余车位\":\"--\","
     "\"已停车辆\":\"--\",\"更新时间\":\"2026/03/01 09:11\"}]}",
     "B2", NONE, 300, NONE, NONE, "2026-03-01T01:11:00Z"},
    /* with a unit, and what is none */
    {"[{\"编号\":\"C1\",\"剩余车位\":\"30 个\",\"车位总数\":\"260个\"},{\"编号\":\"C2\",\"剩余车位\":\"8个\","
     "\"车位总数\":\"80个车位\"}]",
     "C2", 8, 80, NONE, NONE, NULL},
    {"[{\"编号\":\"D1\",\"剩余车位\":\"30\",\"车位总数\":\"5号楼\"}]", "D1", 30, NONE, NONE, NONE, NULL},
    /* false friends */
    {"[{\"id\":\"k1\",\"KAPAZITAET\":120},{\"id\":\"k2\",\"KAPAZITAET\":-1}]", "k2", NONE, NONE, NONE, NONE,
     NULL},
    {"[{\"id\":1,\"parkings\":200,\"free\":\"150\",\"occupied\":50,\"auslastung\":25},{\"id\":2,\"parkings\":"
     "100,\"free\":"
     "\"90\",\"occupied\":10,\"auslastung\":10}]",
     "2", 90, 100, NONE, 10, NULL},
    {"[{\"id\":\"a\",\"totalNumberOfVacantParkingSpaces\":7,\"totalParkingCapacity\":50,\"occupancyRate\":86}"
     "]",
     "a", 7, 50, NONE, NONE, NULL},
    {"{\"nhits\":100,\"records\":[{\"recordid\":\"r1\",\"fields\":{\"identifier\":\"g1\","
     "\"availablecapacity\":30,"
     "\"totalcapacity\":90,\"occupation\":66,\"lastupdate\":\"2026-03-01T09:10:11+01:00\"}}]}",
     "g1", 30, 90, NONE, NONE, "2026-03-01T08:10:11Z"},
    /* wrapped values, an object by id, GeoJSON */
    {"[{\"id\":\"u:1\",\"availableSpotNumber\":{\"type\":\"N\",\"value\":12},\"totalSpotNumber\":{\"type\":"
     "\"N\",\"value\":39},"
     "\"observationDateTime\":{\"type\":\"D\",\"value\":\"2026-03-01T09:10:11Z\"}}]",
     "u:1", 12, 39, NONE, NONE, "2026-03-01T09:10:11Z"},
    {"{\"L1\":{\"free\":3,\"total\":10},\"L2\":{\"free\":4,\"total\":20}}", "L2", 4, 20, NONE, NONE, NULL},
    {"{\"type\":\"FeatureCollection\",\"numberMatched\":1,\"features\":[{\"id\":\"ph.1\",\"geometry\":{"
     "\"type\":\"Point\","
     "\"coordinates\":[8.4,49.0]},\"properties\":{\"freie_parkplaetze\":16,\"gesamte_parkplaetze\":59}}]}",
     "ph.1", 16, 59, NONE, NONE, NULL},
    {"{\"areas\":[{\"name\":\"N\",\"parks\":[{\"id\":\"1\",\"free\":5}]},{\"name\":\"S\",\"parks\":[{\"id\":"
     "\"2\",\"free\":6},"
     "{\"id\":\"3\",\"free\":7}]}]}",
     "3", 7, NONE, NONE, NONE, NULL},
    /* XML, HTML, CSV, forms */
    {"<?xml version=\"1.0\"?><Daten><Zeitstempel>01.03.2026 "
     "09:10:11</Zeitstempel><Parkhaus><ID>2</ID><Gesamt>127</Gesamt>"
     "<Aktuell>104</Aktuell><Status>Offen</Status></Parkhaus><Parkhaus><ID>3</ID><Gesamt>100</"
     "Gesamt><Aktuell>54</Aktuell>"
     "<Status>Geschlossen</Status></Parkhaus></Daten>",
     "3", NONE, 100, NONE, 54, "2026-03-01T01:10:11Z"},
    {"<x:feed xmlns:x=\"urn:x\"><x:lot id=\"7\" free=\"12\" total=\"40\"/><x:lot id=\"8\" free=\"13\" "
     "total=\"50\"/></x:feed>",
     "8", 13, 50, NONE, NONE, NULL},
    {"<html><body><h1>Parken</h1><table><tr><th>Parkhaus</th><th>Pl&auml;tze</th><th>frei</th></"
     "tr><tr><td>Mitte</td><td>120"
     "</td><td>17</td></tr><tr><td>Bahnhof</td><td>80</td><td>9</td></tr><tr><td colspan=\"3\">Stand "
     "heute</td></tr></table></body></html>",
     "Bahnhof", 9, NONE, NONE, NONE, NULL},
    {"<table><tr><td>Mitte</td><td>448 / 548</td></tr><tr><td>Nord</td><td>? / "
     "100</td></tr><tr><td>S&uuml;d</td><td>20 / 30"
     "</td></tr></table>",
     "Süd", 20, 30, NONE, NONE, NULL},
    {"Name;Capacity;OccupiedSites;Timestamp\r\nA;106;81;1772330000000\r\nB;56;31;1772330000000\r\n", "B",
     NONE, 56, NONE, 31, "2026-03-01T01:53:20Z"},
    {"编号,名称,总车位,余位\n1,甲场,100,20\n2,乙场,50,7\n", "2", 7, 50, NONE, NONE, NULL},
    {"parkcode=P9&left=12&total=30&time=1772330000", "P9", 12, 30, NONE, NONE, "2026-03-01T01:53:20Z"},
};

static void check_count(const struct shape *s, const char *what, int64_t is, int64_t want)
{
    if (is != want)
        fail_msg("%s: %s is %lld, not %lld", s->body, what, (long long)is, (long long)want);
}

static void check_shape(const struct shape *s, const char *type, struct view body)
{
    char time[ISO8601_SIZE] = "none";
    struct json *p = propose(type, body);
    struct report_list l = read_by(p, type, body);
    if (l.n == 0)
        fail_msg("%s: no report", s->body);
    const struct report *r = &l.v[l.n - 1];
    assert_string_equal(r->lot, s->lot);
    check_count(s, "free", r->free, s->free);
    check_count(s, "total", r->total, s->total);
    check_count(s, "open", r->open, s->open);
    check_count(s, "occupied", r->occupied, s->occupied);
    if (r->source_ms)
        (void)iso8601_format(r->source_ms, time);
    assert_string_equal(time, s->time ? s->time : "none");
    report_list_fini(&l);
    json_free(p);
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_shape(&shapes[i], "application/octet-stream", view_of(shapes[i].body));
}

/* The same in GB 18030 and as Base64, with nobody saying so. */
static void test_wrappings(void **state)
{
    (void)state;
    static const struct shape csv = {
        "编号,名称,总车位,余位\n1,甲场,100,20\n2,乙场,50,7\n", "2", 7, 50, NONE, NONE, NULL};
    static const struct shape latin = {
        "Name;Kapazität;frei\nBahnhöfle;10;3\nMühle;20;4\n", "Mühle", 4, 20, NONE, NONE, NULL};
    static const struct shape json = {
        "{\"parkId\":\"b1\",\"freeSpaceNum\":3,\"totalNum\":8}", "b1", 3, 8, NONE, NONE, NULL};
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(charset_from_utf8(&b, VIEW("GB18030"), view_of(csv.body)), 0);
    check_shape(&csv, "text/csv", buf_get(&b));
    buf_clear(&b);
    assert_int_equal(charset_from_utf8(&b, VIEW("ISO-8859-1"), view_of(latin.body)), 0);
    check_shape(&latin, "text/csv", buf_get(&b));
    buf_clear(&b);
    assert_int_equal(base64_encode(&b, view_of(json.body)), 0);
    check_shape(&json, "text/plain", buf_get(&b));
    buf_fini(&b);
}

static const struct json *doubt_of(const struct json *p, const char *field)
{
    const struct json *d = json_first(json_get(p, "doubts"));
    while (d && !view_is(json_text(json_get(d, "field")), field))
        d = json_next(d);
    return d;
}

static bool is_sure(const struct json *p, const char *field)
{
    const struct json *s = json_first(json_get(p, "sure"));
    while (s && !view_is(json_text(s), field))
        s = json_next(s);
    return s != NULL;
}

/* Two candidates are both told, with their values; the sum decides which is taken. */
static void test_doubts(void **state)
{
    (void)state;
    struct json *p =
        propose("", VIEW("[{\"id\":\"a\",\"available\":5,\"free\":30,\"total\":50,\"occupied\":20},"
                         "{\"id\":\"b\",\"available\":9,\"free\":12,\"total\":40,\"occupied\":28}]"));
    const struct json *d = doubt_of(p, "free");
    assert_non_null(d);
    assert_true(view_is(json_text(json_get(d, "at")), "/free"));
    assert_true(json_number(json_get(d, "value")) == 30);
    assert_true(view_is(json_text(json_get(json_first(json_get(d, "instead")), "at")), "/available"));
    assert_true(json_number(json_get(json_first(json_get(d, "instead")), "value")) == 5);
    assert_true(is_sure(p, "lot"));
    assert_true(is_sure(p, "total"));
    assert_false(is_sure(p, "free"));
    json_free(p);
    p = propose("", VIEW("[{\"id\":\"a\",\"free\":5,\"available\":30,\"total\":50,\"occupied\":20},"
                         "{\"id\":\"b\",\"free\":9,\"available\":12,\"total\":40,\"occupied\":28}]"));
    assert_true(view_is(json_text(json_get(json_get(p, "mapping"), "free")), "/available"));
    json_free(p);
    /* the sum against a better name */
    p = propose("", VIEW("[{\"id\":\"a\",\"free\":5,\"now_left\":30,\"total\":50,\"occupied\":20},"
                         "{\"id\":\"b\",\"free\":9,\"now_left\":12,\"total\":40,\"occupied\":28}]"));
    assert_true(view_is(json_text(json_get(json_get(p, "mapping"), "free")), "/now_left"));
    json_free(p);
}

/* What nobody can know is asked: the lot's name, the zone, what a code means, -1. */
static void test_questions(void **state)
{
    (void)state;
    struct json *p =
        propose("", VIEW("{\"code\":7,\"data\":[{\"free\":-1,\"state\":1,\"time\":\"2026-03-01 09:10:11\"},"
                         "{\"free\":3,\"state\":2,\"time\":\"2026-03-01 09:10:11\"}]}"));
    assert_non_null(doubt_of(p, "lot"));
    assert_non_null(doubt_of(p, "time"));
    assert_non_null(doubt_of(p, "status"));
    assert_non_null(doubt_of(p, "success"));
    assert_non_null(doubt_of(p, "free"));
    assert_null(json_get(json_get(p, "mapping"), "status"));
    json_free(p);
}

static bool is_listed(const struct json *list, const char *at, const char *looks_like)
{
    const struct json *u = json_first(list);
    while (u && !(view_is(json_text(json_get(u, "at")), at) &&
                  view_is(json_text(json_get(u, "looks_like")), looks_like)))
        u = json_next(u);
    return u != NULL;
}

static void test_unused(void **state)
{
    (void)state;
    struct json *p =
        propose("", VIEW("{\"list\":[{\"id\":\"a\",\"free\":3,\"trucks\":4,\"note\":\"x\",\"fee\":\"2026\"},"
                         "{\"id\":\"b\",\"free\":5,\"trucks\":6,\"note\":\"y\",\"fee\":\"x\"}]}"));
    const struct json *unused = json_get(p, "unused");
    assert_true(is_listed(unused, "/list/*/trucks", "count"));
    assert_false(is_listed(unused, "/list/*/free", "count"));
    assert_false(is_listed(unused, "/list/*/note", "count"));
    json_free(p);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"message\":\"rate limited\"}",
                                         "[]",
                                         "{}",
                                         "<html><body>moved</body></html>",
                                         "hello",
                                         "",
                                         "   ",
                                         "{\"a\":",
                                         "[[[[1,2],3],4]]"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct buf out;
        struct json_writer w;
        struct why why = {0};
        buf_init(&out, 65536);
        jw_init(&w, &out);
        assert_int_not_equal(dialect_propose(VIEW(""), view_of(bodies[i]), &w, &why), 0);
        assert_int_not_equal(why.text[0], 0);
        assert_int_equal(out.n, 0);
        buf_fini(&out);
    }
}

/* Cut anywhere, spoilt anywhere: an answer or an error, and nothing worse. */
static void test_hostile(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k += 3) {
        size_t n = strlen(shapes[k].body);
        for (size_t cut = 0; cut < n; cut += 3) {
            char *copy = malloc(n);
            struct buf out;
            struct json_writer w;
            struct why why = {0};
            memcpy(copy, shapes[k].body, n);
            copy[cut] = "\"0<\xff"[cut % 4];
            buf_init(&out, 1 << 20);
            jw_init(&w, &out);
            if (dialect_propose(VIEW(""), (struct view){copy, cut % 2 ? n : cut}, &w, &why) == 0)
                assert_int_equal(json_check(buf_get(&out), &why), 0);
            buf_fini(&out);
            free(copy);
        }
    }
}

/* A message of a megabyte is looked at in part. */
static void test_large(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, 4 << 20);
    buf_str(&body, "[");
    for (int i = 0; i < 12000; i++)
        buf_printf(&body, "%s{\"id\":\"p%d\",\"free\":%d,\"total\":500,\"x\":{\"y\":[1,2,3]}}", i ? "," : "",
                   i, i % 500);
    buf_str(&body, "]");
    struct json *p = propose("", buf_get(&body));
    assert_true(view_is(json_text(json_get(json_get(p, "mapping"), "lot")), "/id"));
    json_free(p);
    buf_fini(&body);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum want want;
    } rows[] = {
        {"rest_space", WANT_FREE},
        {"freeSpaceNum", WANT_FREE},
        {"Freie Plätze", WANT_FREE},
        {"剩余车位", WANT_FREE},
        {"余位", WANT_FREE},
        {"空余泊位数", WANT_FREE},
        {"总车位", WANT_TOTAL},
        {"车位总数", WANT_TOTAL},
        {"Kapazität", WANT_TOTAL},
        {"已停", WANT_OCCUPIED},
        {"occupied_now", WANT_OCCUPIED},
        {"unoccupiedSpaces", WANT_FREE},
        {"更新时间", WANT_TIME},
        {"reatime_data_updated", WANT_TIME},
        {"停车场编号", WANT_LOT},
        {"编码", WANT_LOT},
        {"garage_no", WANT_LOT},
        {"名称", WANT_NAME},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum want w = WANT_N;
        if (!name_suggests(view_of(rows[i].name), &w) || w != rows[i].want)
            fail_msg("%s suggests %d, not %d", rows[i].name, (int)w, (int)rows[i].want);
    }
    static const char *const never[] = {"occupation",       "occupancyRate", "空置率",    "anteil_frei",
                                        "record_timestamp", "free_minutes",  "requestId", "pageTotal"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        enum want w = WANT_N;
        if (name_suggests(view_of(never[i]), &w))
            fail_msg("%s suggests %d", never[i], (int)w);
    }
}

/* ---- leftovers */

static struct json *leftovers(const struct dialects *ds, const char *dialect, const char *params,
                              const char *body)
{
    struct why why = {0};
    struct buf out;
    struct json_writer w;
    struct json *doc = NULL;
    struct report_list l;
    struct dialect_request next;
    bool more;
    struct dialect_trace *t = dialect_trace_new();
    struct dialect_session *s = dialect_open(dialects_find(ds, dialect), view_of(params), &why);
    if (!s)
        fail_msg("%s %s", why.at, why.text);
    struct dialect_ctx ctx = {.now_ms = TEST_NOW, .url = VIEW("http://x/"), .trace = t};
    struct dialect_response res = {200, VIEW(""), view_of(body)};
    report_list_init(&l);
    if (dialect_decode(s, &ctx, &res, &l, &next, &more, &why))
        fail_msg("%s %s", why.at, why.text);
    dialect_request_fini(&next);
    buf_init(&out, 1 << 20);
    jw_init(&w, &out);
    dialect_write_leftovers(s, &res, t, &w);
    if (json_parse(buf_get(&out), &doc, &why))
        fail_msg("%s in %s", why.text, out.p);
    buf_fini(&out);
    report_list_fini(&l);
    dialect_trace_free(t);
    dialect_close(s);
    return doc;
}

static void test_leftovers(void **state)
{
    (void)state;
    struct why why = {0};
    struct dialects *ds = dialects_load(NULL, &(int){0}, &why);
    struct json *l =
        leftovers(ds, "generic", "{\"mapping\":{\"items\":\"/list\",\"lot\":\"/id\",\"free\":\"/free\"}}",
                  "{\"list\":[{\"id\":\"a\",\"free\":3,\"cap\":40,\"reatime_data_updated\":\"2026-03-01 "
                  "09:10:11\",\"name\":\"x\"},"
                  "{\"id\":\"b\",\"free\":5,\"cap\":41,\"reatime_data_updated\":\"2026-03-01 "
                  "09:10:12\",\"name\":\"y\"}]}");
    assert_true(is_listed(l, "/list/*/reatime_data_updated", "time"));
    assert_true(is_listed(l, "/list/*/cap", "count"));
    assert_int_equal(json_size(l), 2);
    assert_true(json_number(json_get(json_first(l), "in")) == 2);
    json_free(l);
    l = leftovers(
        ds, "generic",
        "{\"mapping\":{\"items\":{\"path\":\"/d\",\"do\":[\"json\"]},\"lot\":\"/id\",\"free\":\"/free\"}}",
        "{\"d\":\"{\\\"id\\\":\\\"a\\\",\\\"free\\\":3,\\\"total\\\":40}\"}");
    assert_true(is_listed(l, "/d/#/total", "count"));
    assert_int_equal(json_size(l), 1);
    json_free(l);
    dialects_free(ds);
    ds = load_text("return {name='x',params={},interface='1.0',poll=function(ctx) return {url=ctx.url} end,"
                   "decode=function(ctx,r) local a=json.decode(r.body) return {{lot=a.id,free=a.free}} end}");
    l = leftovers(ds, "x", "{}", "{\"id\":\"a\",\"free\":3,\"total\":40}");
    assert_true(is_listed(l, "/total", "count"));
    assert_int_equal(json_size(l), 1);
    json_free(l);
    dialects_free(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),    cmocka_unit_test(test_wrappings), cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_questions), cmocka_unit_test(test_unused),    cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_hostile),   cmocka_unit_test(test_large),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_leftovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
