/* SPDX-License-Identifier: MIT
 * Bands at their edges, with and without hysteresis.
 */
#include "model_test.h"
#include "parkd/model/band.h"

#define U BAND_UNKNOWN
#define F BAND_FULL
#define W BAND_FEW
#define O BAND_SOME
#define P BAND_PLENTY

static void edges(void **state)
{
    static const struct {
        enum band before;
        int32_t free, base;
        enum band want;
    } rows[] = {
        /* nothing held: the plain bands */
        {U, COUNT_NONE, 100, U},
        {U, -5, 100, U},
        {U, 0, 100, F},
        {U, 1, 100, W},
        {U, 9, 100, W},
        {U, 10, 100, O},
        {U, 29, 100, O},
        {U, 30, 100, P},
        {U, 100, 100, P},
        {U, 0, 0, F},
        /* a large lot: the percentage beyond ten places */
        {U, 10, 400, W},
        {U, 39, 400, W},
        {U, 40, 400, O},
        {U, 119, 400, O},
        {U, 120, 400, P},
        /* 50 places: few is fewer than ten; 49: fewer than 10 % */
        {U, 9, 50, W},
        {U, 10, 50, O},
        {U, 14, 50, O},
        {U, 15, 50, P},
        {U, 4, 49, W},
        {U, 5, 49, O},
        {U, 14, 49, O},
        {U, 15, 49, P},
        {U, 1, 5, O},
        {U, 2, 5, P},
        {U, 1, 1, P},
        /* no base: full and the absolute rule */
        {U, 0, COUNT_NONE, F},
        {U, 9, COUNT_NONE, W},
        {U, 10, COUNT_NONE, P},
        {W, 11, COUNT_NONE, W},
        {W, 12, COUNT_NONE, P},
        {P, 9, COUNT_NONE, P},
        {P, 8, COUNT_NONE, W},
        /* upwards two beyond the edge */
        {W, 10, 100, W},
        {W, 11, 100, W},
        {W, 12, 100, O},
        {W, 29, 100, O},
        {W, 30, 100, P},
        {O, 30, 100, O},
        {O, 31, 100, O},
        {O, 32, 100, P},
        /* downwards too */
        {P, 29, 100, P},
        {P, 28, 100, O},
        {P, 9, 100, W},
        {O, 9, 100, O},
        {O, 8, 100, W},
        {O, 1, 100, W},
        /* full at once, both ways, but only to few */
        {P, 0, 100, F},
        {O, 0, 100, F},
        {W, 0, 100, F},
        {F, 0, 100, F},
        {F, 1, 100, W},
        {F, 10, 100, W},
        {F, 11, 100, W},
        {F, 12, 100, O},
        {F, 60, 100, P},
        {F, 1, 5, W},
        {F, 2, 5, W},
        {F, 3, 5, P},
        /* the count was lost, or came back */
        {P, COUNT_NONE, 100, U},
        {U, 31, 100, P},
        {U, 29, 100, O},
        {P, COUNT_MAX, COUNT_MAX, P},
        {U, COUNT_MAX / 10, COUNT_MAX, W},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum band got = band_next(rows[i].before, rows[i].free, rows[i].base);
        if (got != rows[i].want)
            fail_msg("%s, %d of %d: %s", band_name(rows[i].before), (int)rows[i].free, (int)rows[i].base,
                     band_name(got));
    }
}

/* A count that trembles by one place never makes a band tremble, whatever the size and wherever it stands. */
static void a_tremble_changes_a_band_once_at_most(void **state)
{
    (void)state;
    for (int32_t base = 1; base <= 700; base++) {
        for (int32_t free = 2; free < base; free++) {
            enum band b = band_next(U, free, base);
            int changes = 0;
            for (int k = 0; k < 6; k++) {
                enum band next = band_next(b, free - k % 2, base);
                changes += next != b;
                b = next;
            }
            assert_true(changes <= 1);
        }
    }
}

/* What hysteresis made stays, and a band is a fixed point of its own count. */
static void bands_are_stable(void **state)
{
    (void)state;
    for (int32_t base = 0; base <= 300; base++)
        for (int32_t free = 0; free <= base; free++)
            for (int b = U; b <= P; b++) {
                enum band next = band_next((enum band)b, free, base);
                assert_int_equal(band_next(next, free, base), next);
                assert_int_equal(next == F, free == 0);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),
        cmocka_unit_test(a_tremble_changes_a_band_once_at_most),
        cmocka_unit_test(bands_are_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
