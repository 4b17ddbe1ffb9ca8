/* SPDX-License-Identifier: MIT
 * The closed vocabularies: every name reads back as itself, and nothing else does.
 */
#include "model_test.h"

static void names_read_back(void **state)
{
    (void)state;
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        enum place_class got = PLACE_CLASS_N;
        assert_int_equal(place_class_of(view_of(place_class_name((enum place_class)c)), &got), 0);
        assert_int_equal(got, c);
    }
    for (int q = 0; q < QUALITY_N; q++) {
        uint32_t mask = 0;
        assert_int_equal(quality_of(view_of(quality_name((enum quality_bit)q)), &mask), 0);
        assert_int_equal(mask, 1u << q);
    }
    for (int s = STATUS_UNKNOWN; s <= STATUS_CLOSED; s++) {
        enum lot_status got = STATUS_UNKNOWN;
        assert_int_equal(status_of(view_of(status_name((enum lot_status)s)), &got), 0);
        assert_int_equal(got, s);
    }
    for (int b = BAND_UNKNOWN; b <= BAND_PLENTY; b++) {
        enum band got = BAND_UNKNOWN;
        assert_int_equal(band_of(view_of(band_name((enum band)b)), &got), 0);
        assert_int_equal(got, b);
    }
}

static void the_words_are_the_contract(void **state)
{
    (void)state;
    assert_string_equal(place_class_name(CLASS_TWO_WHEELER), "two_wheeler");
    assert_string_equal(quality_name(QUALITY_OVER_TOTAL_BIT), "over_total");
    assert_int_equal(QUALITY_OVER_TOTAL, 2);
    assert_string_equal(band_name(BAND_PLENTY), "plenty");
    assert_string_equal(freshness_name(FRESH), "fresh");
    assert_string_equal(freshness_name(OFFLINE), "offline");
}

static void other_words_are_not_found(void **state)
{
    static const char *const words[] = {"", "Open", "open ", "ope", "full\n", "?", "charging_", "满"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        enum place_class c;
        enum lot_status s;
        enum band b;
        uint32_t mask;
        struct view v = view_of(words[i]);
        assert_int_equal(place_class_of(v, &c), ERR_NOT_FOUND);
        assert_int_equal(status_of(v, &s), ERR_NOT_FOUND);
        assert_int_equal(band_of(v, &b), ERR_NOT_FOUND);
        assert_int_equal(quality_of(v, &mask), ERR_NOT_FOUND);
    }
}

static void numbers_outside_the_table_do_not_crash(void **state)
{
    (void)state;
    assert_string_equal(quality_name(QUALITY_N), "?");
    assert_string_equal(place_class_name(PLACE_CLASS_N), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_read_back),
        cmocka_unit_test(the_words_are_the_contract),
        cmocka_unit_test(other_words_are_not_found),
        cmocka_unit_test(numbers_outside_the_table_do_not_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
