/* SPDX-License-Identifier: MIT
 * Opening hours: read, asked, written; what is not understood is not guessed.
 */
#include "model_test.h"

#include "parkd/base/iso8601.h"
#include "parkd/model/opening.h"

static struct opening opening_from(const char *text)
{
    struct json *j = json_of(text);
    struct opening o;
    struct why why = {0};
    if (opening_parse(j, &o, &why))
        fail_msg("%s: %s in %s", why.at, why.text, text);
    json_free(j);
    return o;
}

/* "2026-11-23T08:00" in Beijing. */
static int64_t at(const char *local)
{
    char text[40];
    int64_t ms = 0;
    (void)snprintf(text, sizeof text, "%s:00+08:00", local);
    assert_int_equal(iso8601_parse(view_of(text), &ms), 0);
    return ms;
}

static const char *const week = "{\"week\":[{\"days\":\"mon-fri\",\"from\":\"07:00\",\"to\":\"22:00\"},{"
                                "\"days\":\"sat,sun\",\"from\":\"9:30\",\"to\":"
                                "\"02:00\"}],\"exceptions\":[{\"first\":\"2027-02-06\",\"last\":\"2027-02-"
                                "12\",\"closed\":true},{\"first\":"
                                "\"2027-01-01\",\"from\":\"10:00\",\"to\":\"12:00\"},{\"first\":\"2027-01-"
                                "01\",\"from\":\"14:00\",\"to\":\"24:00\"}],"
                                "\"no_entry\":[{\"days\":\"fri\",\"from\":\"21:30\",\"to\":\"23:00\"},{"
                                "\"from\":\"23:30\",\"to\":\"00:30\"}]}";

static void asks_a_week(void **state)
{
    static const struct {
        const char *local;
        bool open, entry;
        const char *next;
    } rows[] = {
        {"2026-11-23T06:59", false, false, "2026-11-23T07:00"}, /* a Monday */
        {"2026-11-23T07:00", true, true, "2026-11-23T22:00"},
        {"2026-11-23T21:59", true, true, "2026-11-23T22:00"},
        {"2026-11-23T22:00", false, false, "2026-11-24T07:00"},
        {"2026-11-27T21:30", true, false, "2026-11-27T22:00"}, /* Friday: out only */
        {"2026-11-28T09:29", false, false, "2026-11-28T09:30"},
        {"2026-11-28T23:45", true, false, "2026-11-29T00:30"}, /* over midnight */
        {"2026-11-29T00:30", true, true, "2026-11-29T02:00"},
        {"2026-11-29T02:00", false, false, "2026-11-29T09:30"},
        {"2026-11-30T01:59", true, true, "2026-11-30T02:00"}, /* Sunday's night in Monday */
        {"2027-01-01T09:00", false, false, "2027-01-01T10:00"},
        {"2027-01-01T12:30", false, false, "2027-01-01T14:00"},
        {"2027-01-01T23:00", true, true, "2027-01-01T23:30"},
        {"2027-02-05T22:30", false, false, "2027-02-13T09:30"}, /* the new year's week */
        {"2027-02-07T01:00", false, false, "2027-02-13T09:30"},
    };
    struct opening o = opening_from(week);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opening_state s = opening_at(&o, at(rows[i].local));
        int64_t next = opening_next(&o, at(rows[i].local));
        if (s.open != rows[i].open || s.entry != rows[i].entry || next != at(rows[i].next))
            fail_msg("%s: open %d entry %d, next in %lld min", rows[i].local, s.open, s.entry,
                     (long long)((next - at(rows[i].local)) / MINUTE_MS));
    }
}

static void knows_nothing(void **state)
{
    struct opening o = {0};
    (void)state;
    assert_true(opening_at(&o, NOW).open && opening_at(&o, NOW).entry);
    assert_int_equal(opening_next(&o, NOW), 0);
}

static void names_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *at;
    } rows[] = {
        {"{}", "/week"},
        {"{\"week\":{}}", "/week"},
        {"{\"weeks\":[]}", "/weeks"},
        {"{\"week\":[{\"from\":\"07:00\"}]}", "/week/0/to"},
        {"{\"week\":[{\"from\":\"7\",\"to\":\"8:00\"}]}", "/week/0/from"},
        {"{\"week\":[{\"from\":\"-1:00\",\"to\":\"8:00\"}]}", "/week/0/from"},
        {"{\"week\":[{\"from\":\"24:00\",\"to\":\"8:00\"}]}", "/week/0/from"},
        {"{\"week\":[{\"from\":\"07:00\",\"to\":\"24:01\"}]}", "/week/0/to"},
        {"{\"week\":[{\"from\":\"07:00\",\"to\":\"07:00\"}]}", "/week/0/to"},
        {"{\"week\":[{\"from\":\"07:00\",\"to\":\"08:00 \"}]}", "/week/0/to"},
        {"{\"week\":[{\"days\":\"mo\",\"from\":\"07:00\",\"to\":\"08:00\"}]}", "/week/0/days"},
        {"{\"week\":[{\"days\":\"mon-\",\"from\":\"07:00\",\"to\":\"08:00\"}]}", "/week/0/days"},
        {"{\"week\":[],\"exceptions\":[{\"closed\":true}]}", "/exceptions/0/first"},
        {"{\"week\":[],\"exceptions\":[{\"first\":\"2027-2-6\",\"closed\":true}]}", "/exceptions/0/first"},
        {"{\"week\":[],\"exceptions\":[{\"first\":\"2027-02-30\",\"closed\":true}]}", "/exceptions/0/first"},
        {"{\"week\":[],\"exceptions\":[{\"first\":\"2027-02-06\",\"last\":\"2027-02-05\",\"closed\":true}]}",
         "/exceptions/0/last"},
        {"{\"week\":[],\"exceptions\":[{\"first\":\"2027-02-06\",\"closed\":true,\"from\":\"07:00\",\"to\":"
         "\"08:00\"}]}",
         "/exceptions/0/closed"},
        {"{\"week\":[],\"exceptions\":[{\"first\":\"2027-02-06\"}]}", "/exceptions/0/from"},
        {"{\"week\":[],\"no_entry\":[1]}", "/no_entry/0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json *j = json_of(rows[i].text);
        struct opening o;
        struct why why = {0};
        if (opening_parse(j, &o, &why) == 0 || strcmp(why.at, rows[i].at) != 0 || o.known)
            fail_msg("%s: %s %s", rows[i].text, why.at, why.text);
        json_free(j);
    }
}

static void has_limits(void **state)
{
    struct buf b;
    struct why why = {0};
    struct opening o;
    (void)state;
    buf_init(&b, 4096);
    for (int i = 0; i <= OPENING_SPANS; i++)
        buf_printf(&b, "%s{\"from\":\"07:00\",\"to\":\"08:00\"}", i ? "," : "{\"week\":[");
    buf_str(&b, "]}");
    struct json *j = json_of(b.p);
    assert_int_equal(opening_parse(j, &o, &why), ERR_TOO_BIG);
    assert_string_equal(why.at, "/week/14");
    json_free(j);
    buf_fini(&b);
}

static void writes_osm(void **state)
{
    static const struct {
        const char *text, *osm;
    } rows[] = {
        {"24小时", "24/7"},
        {"全天开放", "24/7"},
        {"7:00-22:00", "Mo-Su 07:00-22:00"},
        {"06:30～次日1:00", NULL},
        {"06:30~01:00", "Mo-Su 06:30-01:00"},
        {"周一至周五 07:30-20:00；周末 9:00——18:00", "Mo-Fr 07:30-20:00, Sa-Su 09:00-18:00"},
        {"周六、周日：08：00到17：00", "Sa-Su 08:00-17:00"},
        {"星期日 00:00-24:00", "Su 00:00-24:00"},
        {"每天 8:00-20:00，", NULL},
        {"工作日 8:00-20:00", NULL}, /* holidays and exchanged working days are not known */
        {"8:00-25:00", NULL},
        {"白天", NULL},
        {"", NULL},
        {"8:00", NULL},
        {"周一至 8:00-9:00", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opening o;
        struct buf b;
        buf_init(&b, 2048);
        bool known = opening_of_text(view_of(rows[i].text), &o);
        assert_int_equal(opening_print_osm(&o, &b), 0);
        if (known != (rows[i].osm != NULL) || o.known != known ||
            !view_is(buf_get(&b), rows[i].osm ? rows[i].osm : ""))
            fail_msg("%s: %d " VIEW_FMT, rows[i].text, known, VIEW_ARG(buf_get(&b)));
        buf_fini(&b);
    }
    struct opening o = opening_from(week);
    struct buf b;
    buf_init(&b, 2048);
    assert_int_equal(opening_print_osm(&o, &b), 0);
    assert_string_equal(b.p, "Mo-Fr 07:00-22:00, Sa-Su 09:30-02:00; 2027 Feb 06-2027 Feb 12 off; 2027 Jan 01 "
                             "10:00-12:00; 2027 Jan 01 14:00-24:00");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_a_week), cmocka_unit_test(knows_nothing), cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(has_limits),  cmocka_unit_test(writes_osm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
