/* SPDX-License-Identifier: MIT
 * The ledger's entries, steps, codes and progress as values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parkd/base/json.h"
#include "parkd/model/ledger.h"

static struct json *tree_of(struct view text)
{
    struct json *j = NULL;
    assert_int_equal(json_parse(text, &j, NULL), 0);
    return j;
}

static void an_entry_round_trips(void **state)
{
    static const char text[] =
        "{\"id\":\"L1\",\"name\":\"甲\",\"address\":\"一路\",\"area\":\"东\",\"operator\":\"op\",\"operator_"
        "name\":\"甲公司\",\"kind\":\"公共\","
        "\"total\":120,\"open\":100,\"location\":{\"lng\":118.060001,\"lat\":36.788,\"datum\":\"gcj02\"},"
        "\"contact\":{\"person\":\"测试\",\"phone\":\"1\"},\"mode\":\"manual\",\"system\":\"s\",\"obstacle\":"
        "\"o\",\"plan\":\"p\","
        "\"next_date\":\"2026-12-31\",\"notes\":\"n\"}";
    struct ledger_entry e, back;
    struct json_writer w;
    struct why why = {0};
    struct buf b;
    (void)state;
    ledger_init(&e);
    e.state = STAGE_TESTING;
    struct json *j = tree_of(VIEW(text));
    assert_int_equal(ledger_parse(j, &e, &why), 0);
    json_free(j);
    assert_int_equal(e.state, STAGE_TESTING); /* changes by steps alone */
    const struct ledger_step step = {5, "off", "因为", STAGE_REGISTERED, STAGE_TESTING};
    buf_init(&b, 100000);
    jw_init(&w, &b);
    ledger_write(&w, &e, NULL, &step);
    j = tree_of(buf_get(&b));
    assert_true(ledger_read(j, &back));
    assert_true(ledger_same(&e, &back) && back.state == STAGE_TESTING);
    /* The history grows, but not for ever. */
    for (int i = 0; i < LEDGER_HISTORY_MAX + 5; i++) {
        struct json *next;
        buf_clear(&b);
        jw_init(&w, &b);
        ledger_write(&w, &e, json_get(j, "history"), &step);
        next = tree_of(buf_get(&b));
        json_free(j);
        j = next;
    }
    assert_int_equal(json_size(json_get(j, "history")), LEDGER_HISTORY_MAX);
    json_free(j);
    buf_fini(&b);
    back = e;
    back.open = 99;
    assert_false(ledger_same(&e, &back));
}

static void ids(void **state)
{
    (void)state;
    assert_true(ledger_id_valid(VIEW("370302001107")));
    assert_true(ledger_id_valid(VIEW("reports")));
    assert_false(ledger_id_valid(VIEW("report"))); /* a path of the API */
    assert_false(ledger_id_valid(VIEW("a b")));
}

static void days(void **state)
{
    char text[11] = "";
    (void)state;
    assert_int_equal(ledger_date(2028, 2, 29, text), 0);
    assert_string_equal(text, "2028-02-29");
    assert_int_equal(ledger_date(2100, 2, 29, text), ERR_RANGE);
    assert_int_equal(ledger_date(2026, 4, 31, text), ERR_RANGE);
    assert_int_equal(ledger_date(2026, 0, 1, text), ERR_RANGE);
    assert_int_equal(ledger_date(26, 1, 1, text), ERR_RANGE);
}

static void who_was_connected(void **state)
{
    static const char history[] =
        "[{\"at\":\"2026-01-01T00:00:00Z\",\"from\":\"surveyed\",\"to\":\"connected\"},"
        "{\"at\":\"2026-03-01T00:00:00Z\",\"from\":\"connected\",\"to\":\"suspended\"}]";
    static const char cut[] =
        "[{\"at\":\"2026-03-01T00:00:00Z\",\"from\":\"connected\",\"to\":\"suspended\"}]";
    const int64_t february = 1769904000000;
    struct json *j = tree_of(VIEW(history));
    (void)state;
    assert_true(ledger_was_connected(j, february));
    assert_false(ledger_was_connected(j, february - 40 * INT64_C(86400000)));
    assert_false(ledger_was_connected(j, february + 40 * INT64_C(86400000)));
    json_free(j);
    j = tree_of(VIEW(cut)); /* older steps have gone */
    assert_true(ledger_was_connected(j, february));
    json_free(j);
    assert_false(ledger_was_connected(NULL, february));
}

static void steps(void **state)
{
    /* Rows from, columns to, in the order of the stages. */
    static const char *const may[] = {".y...y", "y.y..y", ".y.y.y", "....yy", "..yy.y", "yy...."};
    (void)state;
    for (int from = STAGE_SURVEYED; from <= STAGE_RETIRED; from++)
        for (int to = STAGE_SURVEYED; to <= STAGE_RETIRED; to++)
            if (ledger_may_step((enum lot_stage)from, (enum lot_stage)to) != (may[from][to] == 'y'))
                fail_msg("%s to %s", lot_stage_name((enum lot_stage)from),
                         lot_stage_name((enum lot_stage)to));
}

static void codes(void **state)
{
    char code[LEDGER_CODE_DIGITS + 1];
    (void)state;
    assert_int_equal(ledger_code(VIEW("370302"), VIEW("001"), '1', 7, code), 0);
    assert_string_equal(code, "370302001107");
    assert_int_equal(ledger_code(VIEW("370302"), VIEW("001"), '1', 100, code), ERR_RANGE);
    assert_int_equal(ledger_code(VIEW("37030"), VIEW("001"), '1', 1, code), ERR_INVALID);
    assert_int_equal(ledger_code(VIEW(""), VIEW("001"), '1', 1, code), ERR_INVALID);
    assert_int_equal(ledger_code(VIEW("370302"), VIEW("0x1"), '1', 1, code), ERR_INVALID);
    assert_int_equal(ledger_class_digit(VIEW("路内停车")), '2');
    assert_int_equal(ledger_class_digit(VIEW("")), '1');
    assert_int_equal(ledger_class_digit(VIEW("其他")), '9');
}

static void progress(void **state)
{
    struct ledger_progress p = {0};
    struct ledger_entry e;
    (void)state;
    ledger_init(&e);
    ledger_count(&p, &e);
    e.state = STAGE_CONNECTED;
    ledger_count(&p, &e);
    e.mode = MODE_MANUAL;
    ledger_count(&p, &e);
    e.state = STAGE_RETIRED;
    ledger_count(&p, &e);
    assert_int_equal(p.total, 3); /* retired ones are not to be connected any more */
    assert_int_equal(p.by_state[STAGE_CONNECTED], 2);
    assert_int_equal(p.automatic, 1);
    assert_int_equal(p.manual, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_entry_round_trips),
                                       cmocka_unit_test(ids),
                                       cmocka_unit_test(days),
                                       cmocka_unit_test(who_was_connected),
                                       cmocka_unit_test(steps),
                                       cmocka_unit_test(codes),
                                       cmocka_unit_test(progress)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
