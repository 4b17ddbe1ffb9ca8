/* SPDX-License-Identifier: MIT
 * Registrations of lots: what is read, and that every fault is named by its place.
 */
#include "model_test.h"
#include "parkd/model/lot.h"

static int parse(const char *text, struct lot *lot, struct why *why)
{
    struct json *j = json_of(text);
    int err = lot_parse(j, lot, why);
    json_free(j);
    return err;
}

static void reads_every_member(void **state)
{
    struct lot l;
    struct why why = {0};
    (void)state;
    int err = parse(
        "{\"id\":\"ZD-001\",\"name\":\"人民公园\",\"name_en\":\"People's "
        "Park\",\"address\":\"a\",\"area\":\"b\","
        "\"kind\":\"public\",\"phone\":\"1\",\"fee_text\":\"f\",\"hours_text\":\"h\",\"location\":{\"lng\":"
        "118.05,"
        "\"lat\":36.8,\"datum\":\"gcj02\"},\"total\":420,\"open\":400,\"classes\":{\"charging\":10,\"nev\":0}"
        ","
        "\"free_minutes\":30,\"height_m\":2.1,\"stage\":\"connected\",\"feed\":\"f1\",\"foreign_id\":\"77\","
        "\"courier_minutes\":20,\"entrance\":{\"lng\":118.06,\"lat\":36.9,\"datum\":\"wgs84\",\"name\":"
        "\"东门\"},"
        "\"notes\":\"n\"}",
        &l, &why);
    assert_int_equal(err, 0);
    assert_string_equal(l.id, "ZD-001");
    assert_string_equal(l.name, "人民公园");
    assert_string_equal(l.hours_text, "h");
    assert_true(l.has_point && l.lng > 118.04 && l.lng < 118.06 && l.lat > 36.7 && l.lat < 36.9);
    assert_int_equal(l.datum, DATUM_GCJ02);
    assert_int_equal(l.total, 420);
    assert_int_equal(l.open, 400);
    assert_int_equal(l.class_total[CLASS_CHARGING], 10);
    assert_int_equal(l.class_total[CLASS_NEV], 0);
    assert_int_equal(l.class_total[CLASS_BUS], COUNT_NONE);
    assert_int_equal(l.free_minutes, 30);
    assert_true(l.height_m > 2.0 && l.height_m < 2.2);
    assert_int_equal(l.stage, STAGE_CONNECTED);
    assert_string_equal(l.feed, "f1");
    assert_string_equal(l.foreign_id, "77");
    assert_int_equal(l.courier_minutes, 20);
    assert_true(l.has_entrance && l.entrance_lng > 118.05 && l.entrance_lat > 36.85);
    assert_int_equal(l.entrance_datum, DATUM_WGS84);
    assert_string_equal(l.entrance_name, "东门");
}

static void fills_in_what_is_absent(void **state)
{
    struct lot l;
    struct why why = {0};
    (void)state;
    assert_int_equal(parse("{\"id\":\"a\",\"name\":\"b\",\"total\":null,\"location\":null}", &l, &why), 0);
    assert_int_equal(l.total, COUNT_NONE);
    assert_int_equal(l.open, COUNT_NONE);
    assert_int_equal(l.free_minutes, COUNT_NONE);
    assert_int_equal(l.stage, STAGE_REGISTERED);
    assert_false(l.has_point || l.has_entrance);
    assert_int_equal(l.courier_minutes, 0);
    assert_string_equal(l.feed, "");
    assert_string_equal(l.foreign_id, "a");
}

static void names_every_fault(void **state)
{
    static const struct {
        const char *text, *at;
        int err;
    } rows[] = {
        {"[]", "", ERR_TYPE},
        {"{\"name\":\"b\"}", "/id", ERR_MISSING},
        {"{\"id\":null,\"name\":\"b\"}", "/id", ERR_MISSING},
        {"{\"id\":7,\"name\":\"b\"}", "/id", ERR_TYPE},
        {"{\"id\":\"a\"}", "/name", ERR_MISSING},
        {"{\"id\":\"a\",\"name\":\"\"}", "/name", ERR_MISSING},
        {"{\"id\":\"\",\"name\":\"b\"}", "/id", ERR_INVALID},
        {"{\"id\":\"-a\",\"name\":\"b\"}", "/id", ERR_INVALID},
        {"{\"id\":\"a b\",\"name\":\"b\"}", "/id", ERR_INVALID},
        {"{\"id\":\"a/b\",\"name\":\"b\"}", "/id", ERR_INVALID},
        {"{\"id\":\"车\",\"name\":\"b\"}", "/id", ERR_INVALID},
        {"{\"id\":\"123456789012345678901234567890123\",\"name\":\"b\"}", "/id", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"totl\":4}", "/totl", ERR_UNKNOWN_KEY},
        {"{\"id\":\"a\",\"name\":\"b\",\"total\":-1}", "/total", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"total\":65535}", "/total", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"total\":4.5}", "/total", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"total\":\"4\"}", "/total", ERR_TYPE},
        {"{\"id\":\"a\",\"name\":\"b\",\"total\":4,\"open\":5}", "/open", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"classes\":{\"chargin\":5}}", "/classes/chargin", ERR_UNKNOWN_KEY},
        {"{\"id\":\"a\",\"name\":\"b\",\"classes\":{\"bus\":-5}}", "/classes/bus", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"classes\":[]}", "/classes", ERR_TYPE},
        {"{\"id\":\"a\",\"name\":\"b\",\"location\":{\"lng\":1,\"lat\":2}}", "/location/datum", ERR_MISSING},
        {"{\"id\":\"a\",\"name\":\"b\",\"location\":{\"lat\":2,\"datum\":\"wgs84\"}}", "/location/lng",
         ERR_MISSING},
        {"{\"id\":\"a\",\"name\":\"b\",\"location\":{\"lng\":1,\"lat\":91,\"datum\":\"wgs84\"}}",
         "/location/lat", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"location\":{\"lng\":1,\"lat\":1,\"datum\":\"WGS\"}}",
         "/location/datum", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"location\":{\"lng\":1,\"lat\":1,\"datum\":\"wgs84\",\"z\":1}}",
         "/location/z", ERR_UNKNOWN_KEY},
        {"{\"id\":\"a\",\"name\":\"b\",\"entrance\":{\"lng\":1,\"lat\":1}}", "/entrance/datum", ERR_MISSING},
        {"{\"id\":\"a\",\"name\":\"b\",\"entrance\":{\"lng\":1,\"lat\":1,\"datum\":\"wgs84\",\"z\":1}}",
         "/entrance/z", ERR_UNKNOWN_KEY},
        {"{\"id\":\"a\",\"name\":\"b\",\"courier_minutes\":1441}", "/courier_minutes", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"stage\":\"live\"}", "/stage", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"stage\":3}", "/stage", ERR_TYPE},
        {"{\"id\":\"a\",\"name\":\"b\",\"feed\":\"f 1\"}", "/feed", ERR_INVALID},
        {"{\"id\":\"a\",\"name\":\"b\",\"height_m\":99}", "/height_m", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"free_minutes\":1441}", "/free_minutes", ERR_RANGE},
        {"{\"id\":\"a\",\"name\":\"b\",\"notes\":[]}", "/notes", ERR_TYPE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lot l;
        struct why why = {0};
        int err = parse(rows[i].text, &l, &why);
        if (err != rows[i].err || strcmp(why.at, rows[i].at) != 0 || !why.text[0])
            fail_msg("%s: %s at %s: %s", rows[i].text, err_name(err), why.at, why.text);
    }
}

static void names_of_datums(void **state)
{
    enum datum d = DATUM_WGS84;
    (void)state;
    assert_int_equal(datum_of(VIEW("bd09"), &d), 0);
    assert_int_equal(d, DATUM_BD09);
    assert_string_equal(datum_name(DATUM_GCJ02), "gcj02");
    assert_int_equal(datum_of(VIEW("BD09"), &d), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(fills_in_what_is_absent),
        cmocka_unit_test(names_every_fault),
        cmocka_unit_test(names_of_datums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
