/* SPDX-License-Identifier: MIT
 * What stands in answers: golden texts, unknown as null, and names that would like to be markup.
 */
#include "api_test.h"

#include "api/history.h"
#include "api/ingest_answer.h"
#include "api/registration.h"
#include "api/render.h"
#include "parkd/model/secrets.h"

#define HOSTILE "</script><img src=x onerror=alert(1)>\\\"'&"
#define LIMIT   ((size_t)1 << 20)

static const struct lot_view plain = {.now_ms = NOW,
                                      .distance_m = DISTANCE_NONE,
                                      .fields = (FIELD_BIT(F_ZONES + 1) - 1) & ~FIELD_BIT(F_OPEN_NOW) &
                                                ~FIELD_BIT(F_TREND)};

static struct registry *one_lot(const char *registration, const char *visible, int64_t age_ms)
{
    struct registry *reg = registry_new();
    assert_non_null(reg);
    uint32_t idx = add_lot(reg, registration);
    if (visible)
        hear(reg, idx, visible, 42, age_ms);
    return reg;
}

static void lot_is(const char *registration, const char *visible, int64_t age_ms, const char *want)
{
    struct registry *reg = one_lot(registration, visible, age_ms);
    struct buf b;
    buf_init(&b, LIMIT);
    assert_int_equal(render_lot(registry_lot(reg, 0), &plain, &b), 0);
    assert_string_equal(b.p, want);
    json_free(json_of(b.p));
    buf_fini(&b);
    registry_free(reg);
}

static void shows_a_current_lot(void **state)
{
    (void)state;
    lot_is(
        "{\"id\":\"ZD-1\",\"name\":\"中心停车场\",\"name_en\":\"Centre\",\"area\":\"龙华\",\"total\":420,"
        "\"location\":{\"lng\":114.0301,\"lat\":22.6502,\"datum\":\"wgs84\"},\"classes\":{\"courier\":4}}",
        "free=37 open=400 total=420 status=open band=few q=derived cls=charging:3/10 zones=B1:10/100", 5000,
        "{\"id\":\"ZD-1\",\"name\":\"中心停车场\",\"name_en\":\"Centre\",\"area\":\"龙华\","
        "\"location\":{\"lng\":114.030100,\"lat\":22.650200,\"crs\":\"wgs84\"},"
        "\"total\":420,\"open\":400,\"free\":37,\"band\":\"few\",\"status\":\"open\",\"freshness\":\"fresh\","
        "\"observed_at\":\"2026-11-22T07:59:55Z\",\"changed_at\":\"2026-11-22T07:59:55Z\",\"age_s\":5,"
        "\"valid_until\":\"2026-11-22T08:09:55Z\",\"seq\":42,\"quality\":[\"derived\"],"
        "\"classes\":{\"charging\":{\"free\":3,\"total\":10},\"courier\":{\"free\":null,\"total\":4}},"
        "\"zones\":[{\"id\":\"B1\",\"free\":10,\"total\":100}]}\n");
}

static void hides_an_old_number(void **state)
{
    (void)state;
    lot_is("{\"id\":\"A\",\"name\":\"a\"}",
           "free=37 open=- total=100 status=open band=some cls=charging:3/10 zones=B1:1/2", 20 * 60 * 1000,
           "{\"id\":\"A\",\"name\":\"a\",\"location\":null,\"total\":100,\"open\":null,\"free\":null,"
           "\"last_known\":{\"free\":37,\"observed_at\":\"2026-11-22T07:40:00Z\"},\"band\":\"unknown\","
           "\"status\":\"unknown\",\"freshness\":\"stale\",\"observed_at\":\"2026-11-22T07:40:00Z\","
           "\"changed_at\":\"2026-11-22T07:40:00Z\",\"age_s\":1200,\"valid_until\":null,\"seq\":42,"
           "\"quality\":[],"
           "\"classes\":{\"charging\":{\"free\":null,\"total\":10}},\"zones\":[{\"id\":\"B1\",\"free\":null,"
           "\"total\":2}]}"
           "\n");
}

static void hides_an_expired_number(void **state)
{
    struct registry *reg = one_lot("{\"id\":\"A\",\"name\":\"a\"}",
                                   "free=- last=9 expired=1 open=- total=100 status=open band=unknown", 1000);
    struct buf b;
    (void)state;
    buf_init(&b, LIMIT);
    assert_int_equal(render_lot(registry_lot(reg, 0), &plain, &b), 0);
    assert_has(buf_get(&b), "\"free\":null,\"last_known\":{\"free\":9,");
    assert_has(buf_get(&b), "\"valid_until\":null");
    buf_fini(&b);
    registry_free(reg);
}

static void lists_a_lot_never_heard(void **state)
{
    (void)state;
    lot_is("{\"id\":\"A\",\"name\":\"a\",\"total\":50,\"stage\":\"surveyed\"}", NULL, 0,
           "{\"id\":\"A\",\"name\":\"a\",\"location\":null,\"total\":50,\"open\":null,\"free\":null,\"band\":"
           "\"unknown\","
           "\"status\":\"unknown\",\"freshness\":\"offline\",\"observed_at\":null,\"changed_at\":null,\"age_"
           "s\":null,"
           "\"valid_until\":null,\"seq\":0,\"quality\":[],\"classes\":{},\"zones\":[]}\n");
}

static void gives_a_band_without_a_number(void **state)
{
    struct registry *reg =
        one_lot("{\"id\":\"A\",\"name\":\"a\"}", "free=- open=- total=- status=open band=plenty", 1000);
    struct buf b;
    (void)state;
    buf_init(&b, LIMIT);
    assert_int_equal(render_lot(registry_lot(reg, 0), &plain, &b), 0);
    assert_has(buf_get(&b), "\"total\":null,\"open\":null,\"free\":null,\"band\":\"plenty\"");
    assert_has_not(buf_get(&b), "last_known");
    buf_fini(&b);
    registry_free(reg);
}

static void lists_and_tells_the_first_end(void **state)
{
    struct registry *reg = registry_new();
    struct query q = query_of("limit=2");
    struct lots_query asked;
    struct selection s;
    struct buf b;
    struct why why;
    int64_t until = 0;
    (void)state;
    hear(reg, add_lot(reg, "{\"id\":\"A\",\"name\":\"a\"}"), "free=1 open=- total=- status=open band=few", 1,
         60000);
    hear(reg, add_lot(reg, "{\"id\":\"B\",\"name\":\"b\"}"), "free=0 open=- total=- status=open band=full", 2,
         90000);
    (void)add_lot(reg, "{\"id\":\"C\",\"name\":\"c\"}");
    assert_int_equal(query_lots(&q, &asked, &why), 0);
    assert_int_equal(select_lots(reg, NULL, &asked, NOW, &s, &why), 0);
    buf_init(&b, LIMIT);
    assert_int_equal(render_lots(&s, &asked, &(struct lot_outlook){.trend = NULL}, NOW, &b, &until), 0);
    assert_has(buf_get(&b),
               "{\"as_of\":\"2026-11-22T08:00:00Z\",\"count\":2,\"next\":\"B\",\"lots\":[{\"id\":\"A\"");
    assert_has(buf_get(&b), "\"free\":0,\"band\":\"full\"");
    assert_true(until == NOW - 90000 + 600000);
    json_free(json_of(b.p));
    selection_fini(&s);
    buf_fini(&b);
    registry_free(reg);
}

static void escapes_names_in_json(void **state)
{
    struct registry *reg = registry_new();
    struct lot lot = {
        .id = "A", .total = COUNT_NONE, .open = COUNT_NONE, .name = HOSTILE "\n\x01", .area = "\xff\xfe"};
    struct buf b;
    uint32_t idx;
    (void)state;
    for (int c = 0; c < PLACE_CLASS_N; c++)
        lot.class_total[c] = COUNT_NONE;
    assert_int_equal(registry_put(reg, &lot, VIEW("{}"), 1, &idx), 0);
    buf_init(&b, LIMIT);
    assert_int_equal(render_lot(registry_lot(reg, idx), &plain, &b), 0);
    struct json *back = json_of(b.p); /* strict: UTF-8 too */
    assert_true(view_is(json_text(json_get(back, "name")), HOSTILE "\n\x01"));
    json_free(back);
    buf_fini(&b);
    registry_free(reg);
}

static void sums_up(void **state)
{
    struct registry *reg = registry_new();
    struct summary s;
    struct buf b;
    (void)state;
    hear(reg, add_lot(reg, "{\"id\":\"A\",\"name\":\"a\",\"area\":\"\\\"N\\\"\",\"total\":100}"),
         "free=7 open=90 total=100 status=open band=few", 1, 1000);
    (void)add_lot(reg, "{\"id\":\"B\",\"name\":\"b\",\"area\":\"S\",\"total\":10}");
    assert_int_equal(summary_make(reg, SUMMARY_PUBLIC, VIEW(""), NOW, &s), 0);
    buf_init(&b, LIMIT);
    assert_int_equal(render_summary(&s, "D", VIEW(""), NOW, &b), 0);
    assert_string_equal(
        b.p,
        "{\"as_of\":\"2026-11-22T08:00:00Z\",\"name\":\"D\",\"district\":{\"lots\":{\"all\":2,\"fresh\":1,"
        "\"late\":0,\"stale\":0,\"offline\":1},\"known\":1,\"unknown\":1,\"total\":110,\"open\":90,\"free\":"
        "7},"
        "\"areas\":[{\"id\":\"\\\"N\\\"\",\"lots\":{\"all\":1,\"fresh\":1,\"late\":0,\"stale\":0,\"offline\":"
        "0},"
        "\"known\":1,\"unknown\":0,\"total\":100,\"open\":90,\"free\":7},{\"id\":\"S\",\"lots\":{\"all\":1,"
        "\"fresh\":0,\"late\":0,\"stale\":0,\"offline\":1},\"known\":0,\"unknown\":1,\"total\":10,\"open\":"
        "null,"
        "\"free\":null}],\"classes\":[]}\n");
    summary_fini(&s);
    buf_fini(&b);
    registry_free(reg);
}

/* --- history --- */

static void put_slot(unsigned char *day, int minute, int32_t free)
{
    day[2 * minute] = (unsigned char)((free + 1) >> 8);
    day[2 * minute + 1] = (unsigned char)(free + 1);
}

static void gathers_minutes(void **state)
{
    unsigned char day[SERIES_DAY_BYTES] = {0};
    struct history h;
    struct buf b;
    struct history_query q = {NOW - 15 * 60000, NOW - 60000, 5 * 60000};
    (void)state;
    put_slot(day, 7 * 60 + 45, 300);
    put_slot(day, 7 * 60 + 47, 0);
    put_slot(day, 7 * 60 + 49, 65534);
    put_slot(day, 7 * 60 + 44, 1); /* before */
    put_slot(day, 7 * 60 + 59, 1); /* the end does not count */
    put_slot(day, 7 * 60 + 58, 12);
    assert_int_equal(history_init(&h, &q), 0);
    history_add_day(&h, NOW - 8 * 3600000, (struct view){(char *)day, sizeof day});
    buf_init(&b, LIMIT);
    assert_int_equal(render_history(&h, "A", &b), 0);
    assert_string_equal(
        b.p,
        "{\"lot\":\"A\",\"from\":\"2026-11-22T07:45:00Z\",\"to\":\"2026-11-22T07:59:00Z\",\"step_s\":300,"
        "\"columns\":[\"t\",\"last\",\"min\",\"max\",\"mean\"],\"points\":[[1795333500,65534,0,65534,21944.7]"
        ","
        "[1795333800,null,null,null,null],[1795334100,12,12,12,12.0]]}\n");
    history_fini(&h);
    buf_fini(&b);
}

static void gathers_hours(void **state)
{
    static unsigned char year[8784 * SERIES_HOUR_BYTES], day[SERIES_DAY_BYTES];
    struct series_hour hour = {.minutes = 30, .min = 2, .max = 8, .mean = 4};
    struct history h;
    struct buf b;
    int64_t eight = NOW - 24 * 3600000; /* yesterday 08:00 */
    struct history_query q = {eight, eight + 3 * 3600000, 3600000};
    int y = 0;
    (void)state;
    series_hour_encode(&hour, year + series_hour_offset(eight, &y));
    series_hour_encode(&hour, year + series_hour_offset(eight + 3600000, &y));
    put_slot(day, 9 * 60, 10);
    put_slot(day, 9 * 60 + 1, 21);
    assert_int_equal(y, 2026);
    assert_int_equal(history_init(&h, &q), 0);
    history_add_day(&h, eight - 8 * 3600000, (struct view){(char *)day, sizeof day});
    history_add_year(&h, 2026, (struct view){(char *)year, sizeof year});
    buf_init(&b, LIMIT);
    assert_int_equal(render_history(&h, "A", &b), 0);
    assert_has(buf_get(&b), "\"points\":[[1795248000,null,2,8,4.0],[1795251600,21,10,21,15.5],"
                            "[1795255200,null,null,null,null]]");
    history_fini(&h);
    buf_fini(&b);
}

static void knows_what_to_read(void **state)
{
    static const struct {
        int64_t from_h, to_h, step_ms; /* hours from NOW, which is 08:00 */
        int days;
        int64_t first_h;
        int years, first_year;
    } rows[] = {
        {-24, 0, 300000, 2, -32, 0, 0},
        {-168, 0, 60000, 8, -176, 0, 0},
        {-8, -7, 60000, 1, -8, 0, 0},
        {-24, 0, 3600000, 2, -32, 0, 0},
        {-24 * 30, 0, 3600000, 7, -152, 1, 2026},
        {-24 * 400, -24 * 30, 86400000, 0, 0, 2, 2025},
        {-24, 24 * 30, 3600000, 3, -32, 0, 0}, /* no more of the future than a day */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct history_query q = {NOW + rows[i].from_h * 3600000, NOW + rows[i].to_h * 3600000,
                                  rows[i].step_ms};
        struct history_days d = history_days_needed(&q, NOW);
        struct history_years y = history_years_needed(&q, NOW);
        if (d.n != rows[i].days || (d.n && d.first_ms != NOW + rows[i].first_h * 3600000) ||
            y.n != rows[i].years || (y.n && y.first != rows[i].first_year))
            fail_msg("row %zu: %d days from %lld h, %d years from %d", i, d.n,
                     (long long)(d.first_ms - NOW) / 3600000, y.n, y.first);
    }
}

/* --- problems, results, registrations --- */

static void explains_problems(void **state)
{
    struct problem_error e[] = {{"/free", "too \"big\""}, {"radius", "no"}};
    struct problem_answer p = {PROBLEM_INVALID, "d", VIEW("0001"), e, 2};
    struct buf b;
    (void)state;
    buf_init(&b, LIMIT);
    assert_int_equal(render_problem(&p, &b), 0);
    assert_string_equal(
        b.p, "{\"type\":\"/problems/invalid\",\"title\":\"Well-formed, but not acceptable\",\"status\":422,"
             "\"detail\":\"d\",\"instance\":\"0001\",\"errors\":[{\"pointer\":\"/free\",\"detail\":\"too "
             "\\\"big\\\"\"},{\"parameter\":\"radius\",\"detail\":\"no\"}]}\n");
    buf_clear(&b);
    assert_int_equal(render_problem_page(VIEW("store-away"), &b), 0);
    assert_has(buf_get(&b), "(503)");
    assert_int_equal(render_problem_page(VIEW("store-awa"), &b), ERR_NOT_FOUND);
    buf_fini(&b);
}

static void add_report(struct report_list *l, const char *lot, int item)
{
    struct report r;
    report_init(&r);
    (void)snprintf(r.lot, sizeof r.lot, "%s", lot);
    r.item = item;
    assert_int_equal(report_list_add(l, &r), 0);
}

static void answers_item_by_item(void **state)
{
    struct report_list list;
    struct ingest_result results[2] = {{"A", INGEST_OK, 99, {"", ""}},
                                       {"C", INGEST_REJECTED, 0, {"/lot", "nobody"}}};
    struct why why = {"/data/items/1/free", "is text"};
    struct buf b;
    (void)state;
    report_list_init(&list);
    add_report(&list, "A", 0);
    add_report(&list, "C", 2);
    assert_int_equal(report_list_fault(&list, 1, VIEW("B"), &why), 0);
    struct ingest_outcome o = {&list, results, 2, VIEW("{\"data\":{\"items\":[{},{},{}]}}")};
    struct ingest_tally t = ingest_count(&o);
    buf_init(&b, LIMIT);
    assert_int_equal(render_ingest(&o, &t, &b), 0);
    assert_string_equal(
        b.p,
        "{\"accepted\":1,\"rejected\":2,\"results\":[{\"lot\":\"A\",\"code\":\"ok\",\"seq\":99},"
        "{\"lot\":\"B\",\"code\":\"rejected\",\"pointer\":\"/data/items/1/free\",\"detail\":\"is text\"},"
        "{\"lot\":\"C\",\"code\":\"rejected\",\"pointer\":\"/data/items/2/lot\",\"detail\":\"nobody\"}]}\n");
    buf_clear(&b);
    o.body = VIEW("{\"items\":[]}");
    assert_int_equal(render_ingest_problem(&o, VIEW("7"), &b), 0);
    assert_has(buf_get(&b), "\"pointer\":\"/items/2/lot\"");
    buf_clear(&b);
    o.body = VIEW("{\"lot\":\"C\"}");
    assert_int_equal(render_ingest_problem(&o, VIEW("7"), &b), 0);
    assert_has(buf_get(&b), "\"pointer\":\"/lot\"");
    results[0].code = INGEST_AWAY;
    assert_true(ingest_count(&o).away);
    report_list_fini(&list);
    buf_fini(&b);
}

static void masked(enum noun noun, const char *text, const char *params, const char *want)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, LIMIT);
    jw_init(&w, &b);
    secrets_mask(&w, noun, view_of(text), view_of(params));
    assert_string_equal(b.p, want);
    buf_fini(&b);
}

static void masks_secrets(void **state)
{
    (void)state;
    masked(NOUN_FEED,
           "{\"id\":\"f\",\"dialect\":\"keytop\",\"params\":{\"app_id\":\"7\",\"app_secret\":\"s\",\"odd\":"
           "\"x\",\"n\":1.5},"
           "\"auth\":{\"bearer_sha256\":[\"aa\",\"bb\"],\"webhook_secrets\":[\"whsec_x\"]}}",
           "{\"app_id\":\"string\",\"app_secret\":\"secret\"}",
           "{\"id\":\"f\",\"dialect\":\"keytop\",\"params\":{\"app_id\":\"7\",\"app_secret\":\"***\",\"odd\":"
           "\"***\",\"n\":1.5},"
           "\"auth\":{\"bearer_sha256\":2,\"webhook_secrets\":[\"***\"]}}");
    masked(NOUN_SINK,
           "{\"id\":\"s\",\"url\":\"u\",\"secret\":\"a\",\"bearer\":\"b\",\"params\":{\"app_id\":\"7\",\"o\":"
           "{\"k\":\"v\"}}}",
           "",
           "{\"id\":\"s\",\"url\":\"u\",\"secret\":\"***\",\"bearer\":\"***\",\"params\":{\"app_id\":\"***\","
           "\"o\":{\"k\":\"***\"}}}");
    masked(NOUN_LOT, "{\"id\":\"l\", \"phone\":\"1\"}", "", "{\"id\":\"l\", \"phone\":\"1\"}");
}

static void masks_what_parkd_shows_to_vendors(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"{\"access\":{\"basic\":{\"user\":\"u\",\"password\":\"p\"}}}",
         "{\"access\":{\"basic\":{\"user\":\"u\",\"password\":\"***\"}}}"},
        {"{\"access\":{\"bearer\":\"t\"}}", "{\"access\":{\"bearer\":\"***\"}}"},
        {"{\"access\":{\"key\":[{\"header\":\"X-A\",\"value\":\"a\"},{\"query\":\"q\",\"value\":\"b\"}]}}",
         "{\"access\":{\"key\":[{\"header\":\"X-A\",\"value\":\"***\"},{\"query\":\"q\",\"value\":\"***\"}]}"
         "}"},
        {"{\"access\":{\"oauth2\":{\"token_url\":\"u\",\"client_id\":\"i\",\"client_secret\":\"s\",\"scope\":"
         "\"r\","
         "\"in_body\":true}}}",
         "{\"access\":{\"oauth2\":{\"token_url\":\"u\",\"client_id\":\"i\",\"client_secret\":\"***\","
         "\"scope\":"
         "\"r\",\"in_body\":true}}}"},
        {"{\"access\":{\"new\":{\"thing\":\"s\"}}}", "{\"access\":{\"new\":{\"thing\":\"***\"}}}"},
        {"{\"auth\":{\"url_secret_sha256\":[\"a\",\"b\"],\"addresses\":[\"203.0.113.7\"]}}",
         "{\"auth\":{\"url_secret_sha256\":2,\"addresses\":[\"203.0.113.7\"]}}"},
        {"{\"mqtt\":{\"topics\":[\"park/+\"],\"user\":\"u\",\"password\":\"p\",\"client_id\":\"c\"}}",
         "{\"mqtt\":{\"topics\":[\"park/+\"],\"user\":\"u\",\"password\":\"***\",\"client_id\":\"c\"}}"},
        {"{\"params\":{\"query\":{\"key\":\"s\"},\"mapping\":{\"lot\":\"/"
         "a\",\"join\":{\"b\":{\"url\":\"u\",\"headers\":{"
         "\"X-Key\":\"s\"}}}}}}",
         "{\"params\":{\"query\":{\"key\":\"***\"},\"mapping\":{\"lot\":\"/"
         "a\",\"join\":{\"b\":{\"url\":\"u\","
         "\"headers\":{\"X-Key\":\"***\"}}}}}}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        masked(NOUN_FEED, rows[i].text, "{\"query\":\"object?\",\"mapping\":\"object\"}", rows[i].want);
}

static void refuses_masks(void **state)
{
    struct json *j = json_of("{\"a\":1,\"auth\":{\"webhook_secrets\":[\"x\",\"***\"]}}");
    struct why why = {0};
    (void)state;
    assert_int_equal(registration_refuse_masks(j, &why), ERR_INVALID);
    assert_string_equal(why.at, "/auth/webhook_secrets/1");
    json_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_current_lot),
        cmocka_unit_test(hides_an_old_number),
        cmocka_unit_test(hides_an_expired_number),
        cmocka_unit_test(lists_a_lot_never_heard),
        cmocka_unit_test(gives_a_band_without_a_number),
        cmocka_unit_test(lists_and_tells_the_first_end),
        cmocka_unit_test(escapes_names_in_json),
        cmocka_unit_test(sums_up),
        cmocka_unit_test(gathers_minutes),
        cmocka_unit_test(gathers_hours),
        cmocka_unit_test(knows_what_to_read),
        cmocka_unit_test(explains_problems),
        cmocka_unit_test(answers_item_by_item),
        cmocka_unit_test(masks_secrets),
        cmocka_unit_test(masks_what_parkd_shows_to_vendors),
        cmocka_unit_test(refuses_masks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
