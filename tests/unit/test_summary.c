/* SPDX-License-Identifier: MIT
 * Sums: what is counted where, and that a silence stays visible.
 */
#include "model_test.h"
#include "parkd/model/summary.h"

#define HOUR INT64_C(3600000)

static void add(struct registry *reg, const char *registration, const char *visible, int64_t age_ms)
{
    struct json *j = json_of(registration);
    struct lot lot;
    struct why why = {0};
    uint32_t idx;
    if (lot_parse(j, &lot, &why))
        fail_msg("%s: %s", why.at, why.text);
    json_free(j);
    assert_int_equal(registry_put(reg, &lot, VIEW("{}"), 1, &idx), 0);
    if (!visible)
        return;
    struct reading r = reading_of(visible, 1, NOW - age_ms);
    assert_true(registry_apply(reg, idx, &r));
}

static struct registry *district(void)
{
    struct registry *reg = registry_new();
    add(reg,
        "{\"id\":\"A\",\"name\":\"a\",\"area\":\"south\",\"total\":100,\"open\":90,\"stage\":\"connected\","
        "\"classes\":{\"nev\":5}}",
        "free=30 open=80 total=100 band=some cls=charging:2/10", 0);
    add(reg, "{\"id\":\"B\",\"name\":\"b\",\"area\":\"north\",\"total\":50,\"stage\":\"connected\"}",
        "free=5 band=some", 3 * 60000);
    add(reg,
        "{\"id\":\"C\",\"name\":\"c\",\"area\":\"south\",\"total\":40,\"stage\":\"connected\",\"classes\":{"
        "\"charging\":4}}",
        "free=7 total=40 cls=charging:1/4", 20 * 60000);
    add(reg, "{\"id\":\"D\",\"name\":\"d\",\"total\":10,\"stage\":\"connected\"}", "free=- band=few", 0);
    add(reg, "{\"id\":\"E\",\"name\":\"e\",\"area\":\"north\",\"stage\":\"registered\"}", NULL, 0);
    add(reg, "{\"id\":\"F\",\"name\":\"f\",\"area\":\"gone\",\"total\":9,\"stage\":\"connected\"}", "free=1",
        0);
    registry_remove(reg, "F");
    return reg;
}

static void expect_row(const struct summary_row *row, const char *want)
{
    char got[300];
    (void)snprintf(
        got, sizeof got,
        "%d:%s lots=%d fresh=%d late=%d stale=%d offline=%d known=%d open=%lld free=%lld total=%lld",
        (int)row->scope, row->id, row->lots, row->by_freshness[FRESH], row->by_freshness[LATE],
        row->by_freshness[STALE], row->by_freshness[OFFLINE], row->known, (long long)row->open,
        (long long)row->free, (long long)row->total);
    assert_string_equal(got, want);
}

static void sums_of_a_district(void **state)
{
    struct registry *reg = district();
    struct summary s;
    (void)state;
    assert_int_equal(summary_make(reg, SUMMARY_PUBLIC, VIEW(""), NOW, &s), 0);
    assert_int_equal(s.n, 5);
    expect_row(&s.v[0], "0: lots=5 fresh=2 late=1 stale=1 offline=1 known=2 open=130 free=35 total=200");
    expect_row(&s.v[1], "1:north lots=2 fresh=0 late=1 stale=0 offline=1 known=1 open=50 free=5 total=50");
    expect_row(&s.v[2], "1:south lots=2 fresh=1 late=0 stale=1 offline=0 known=1 open=80 free=30 total=140");
    expect_row(&s.v[3], "2:charging lots=2 fresh=1 late=0 stale=1 offline=0 known=1 open=10 free=2 total=14");
    expect_row(&s.v[4], "2:nev lots=1 fresh=1 late=0 stale=0 offline=0 known=0 open=0 free=0 total=5");
    summary_fini(&s);
    assert_int_equal(summary_make(reg, SUMMARY_CONNECTED, VIEW(""), NOW, &s), 0);
    expect_row(&s.v[0], "0: lots=4 fresh=2 late=1 stale=1 offline=0 known=2 open=130 free=35 total=200");
    summary_fini(&s);
    assert_int_equal(summary_make(reg, SUMMARY_CONNECTED, VIEW(""), NOW + 2 * HOUR, &s), 0);
    expect_row(&s.v[0], "0: lots=4 fresh=0 late=0 stale=0 offline=4 known=0 open=0 free=0 total=200");
    summary_fini(&s);
    summary_fini(&s);
    registry_free(reg);
}

static void rows_as_json(void **state)
{
    struct registry *reg = district();
    struct summary s;
    struct json_writer w;
    struct buf b;
    (void)state;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    assert_int_equal(summary_make(reg, SUMMARY_CONNECTED, VIEW(""), NOW, &s), 0);
    summary_row_write(&s.v[2], NOW, &w);
    assert_string_equal(b.p, "{\"scope\":\"area\",\"id\":\"south\",\"as_of\":\"2026-11-22T08:00:00Z\","
                             "\"lots\":{\"fresh\":1,\"late\":0,"
                             "\"unknown\":1},\"open\":80,\"free\":30,\"known\":1}");
    buf_clear(&b);
    jw_init(&w, &b);
    summary_row_write(&s.v[4], NOW, &w); /* places of which nobody knows a number: null, never 0 */
    assert_non_null(strstr(b.p, "\"open\":null,\"free\":null,\"known\":0}"));
    summary_fini(&s);
    buf_fini(&b);
    registry_free(reg);
}

static void areas_are_sorted_and_complete(void **state)
{
    struct registry *reg = registry_new();
    char text[120];
    struct summary s;
    (void)state;
    for (int i = 0; i < 500; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":\"L%d\",\"name\":\"n\",\"area\":\"区%03d\",\"total\":1}",
                       i, i * 37 % 100);
        add(reg, text, NULL, 0);
    }
    assert_int_equal(summary_make(reg, SUMMARY_PUBLIC, VIEW(""), NOW, &s), 0);
    assert_int_equal(s.n, 101);
    for (size_t i = 1; i < s.n; i++) {
        assert_int_equal(s.v[i].lots, 5);
        assert_true(i == 1 || strcmp(s.v[i - 1].id, s.v[i].id) < 0);
    }
    summary_fini(&s);
    registry_free(reg);
    reg = registry_new();
    assert_int_equal(summary_make(reg, SUMMARY_PUBLIC, VIEW(""), NOW, &s), 0);
    assert_int_equal(s.n, 1);
    summary_fini(&s);
    registry_free(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_a_district),
        cmocka_unit_test(rows_as_json),
        cmocka_unit_test(areas_are_sorted_and_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
