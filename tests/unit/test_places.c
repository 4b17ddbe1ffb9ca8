/* SPDX-License-Identifier: MIT
 * The index of places answers as a look at every lot would, near poles and the date line too.
 */
#include "api_test.h"

#include "api/select.h"

#define LOTS 600

static uint32_t seed;

static double between(double lo, double hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (hi - lo) * ((double)(seed >> 8) / (double)(1u << 24));
}

static struct registry *scattered(struct places_box where)
{
    struct registry *reg = registry_new();
    for (int i = 0; i < LOTS; i++) {
        char text[200];
        (void)snprintf(
            text, sizeof text,
            "{\"id\":\"L%d\",\"name\":\"n\",\"location\":{\"lng\":%.6f,\"lat\":%.6f,\"datum\":\"%s\"}}", i,
            between(where.west, where.east), between(where.south, where.north), i % 3 ? "gcj02" : "wgs84");
        (void)add_lot(reg, text);
    }
    (void)add_lot(reg, "{\"id\":\"nowhere\",\"name\":\"n\"}");
    return reg;
}

struct seen {
    int times[LOTS + 1];
};

static void on_place(void *ctx, uint32_t idx, struct point at)
{
    struct seen *s = ctx;
    (void)at;
    s->times[idx]++;
}

static struct point wgs84(const struct registry *reg, uint32_t idx)
{
    const struct lot *l = &registry_lot(reg, idx)->lot;
    return geo_convert((struct point){l->lng, l->lat}, l->datum, DATUM_WGS84);
}

static void check_around(const struct registry *reg, struct point from, double metres)
{
    struct seen seen = {0};
    places_each(places_of(reg), places_around(from, metres), on_place, &seen);
    for (uint32_t i = 0; i < LOTS; i++) {
        double d = geo_distance(from, wgs84(reg, i));
        if (seen.times[i] > 1 || (d <= metres && !seen.times[i]))
            fail_msg("lot %u, %.3f m from %.4f,%.4f within %.0f m, was seen %d times", i, d, from.lng,
                     from.lat, metres, seen.times[i]);
    }
    assert_int_equal(seen.times[LOTS], 0); /* has no place */
}

static void finds_all_within(void **state)
{
    static const struct places_box where[] = {{117.9, 36.6, 118.3, 37.0},
                                              {-180, -90, 180, 90},
                                              {179, -20, 180, -19},
                                              {10, 88, 11, 90},
                                              {-75, -60, -70, -55}};
    (void)state;
    for (size_t w = 0; w < sizeof where / sizeof where[0]; w++) {
        struct registry *reg = scattered(where[w]);
        for (int k = 0; k < 40; k++) {
            struct point from = {between(where[w].west, where[w].east),
                                 between(where[w].south, where[w].north)};
            check_around(reg, from, between(1, k % 2 ? 3000 : 2e7));
        }
        registry_free(reg);
    }
    struct registry *heap = scattered((struct places_box){0, 0, 0, 0});
    check_around(heap, (struct point){0, 0}, 0.001);
    registry_free(heap);
}

/* Pages of every size, glued together, are the whole list. */
static void pages_are_the_list(void **state)
{
    struct registry *reg = scattered((struct places_box){117.9, 36.6, 118.3, 37.0});
    static const char *const orders[] = {
        "near=118.1,36.8", "near=118.1,36.8&sort=name", "near=118.1,36.8&radius=9000",
        "sort=free",       "near=140,36.8&crs=gcj02",   "bbox=118,36.7,118.2,36.9"};
    (void)state;
    for (size_t o = 0; o < sizeof orders / sizeof orders[0]; o++) {
        char ids[2][LOTS * 8] = {"", ""};
        size_t n[2] = {0, 0};
        for (int paged = 0; paged < 2; paged++) {
            char cursor[QUERY_CURSOR] = "", text[256];
            bool more = true;
            while (more) {
                struct selection s;
                struct lots_query asked;
                struct why why = {0};
                (void)snprintf(text, sizeof text, "%s&limit=%d%s%s", orders[o], paged ? 37 : 1000,
                               cursor[0] ? "&cursor=" : "", cursor);
                struct query q = query_of(text);
                if (query_lots(&q, &asked, &why) || select_lots(reg, places_of(reg), &asked, NOW, &s, &why))
                    fail_msg("%s: %s", text, why.text);
                for (size_t i = 0; i < s.n; i++)
                    n[paged] += (size_t)snprintf(ids[paged] + n[paged], sizeof ids[paged] - n[paged], "%s,",
                                                 s.v[i].lot->lot.id);
                if ((more = s.more))
                    selection_cursor(&s, cursor);
                selection_fini(&s);
            }
        }
        assert_true(n[0] > 100);
        assert_string_equal(ids[0], ids[1]);
    }
    registry_free(reg);
}

static void distances_are_true(void **state)
{
    struct registry *reg = scattered((struct places_box){117.9, 36.6, 118.3, 37.0});
    struct query q = query_of("near=118.1,36.8&limit=50");
    struct lots_query asked;
    struct selection s;
    struct why why = {0};
    (void)state;
    assert_int_equal(query_lots(&q, &asked, &why), 0);
    assert_int_equal(select_lots(reg, places_of(reg), &asked, NOW, &s, &why), 0);
    assert_int_equal(s.n, 50);
    for (uint32_t i = 0; i < LOTS; i++) {
        double d = geo_distance(asked.near, wgs84(reg, i));
        bool there = false;
        for (size_t k = 0; k < s.n; k++)
            there |= s.v[k].lot->idx == i;
        if (there != (d <= s.v[49].distance_m))
            fail_msg("lot %u, %.3f m away", i, d);
    }
    selection_fini(&s);
    registry_free(reg);
}

static int done(void **state)
{
    (void)state;
    (void)places_of(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_all_within),
        cmocka_unit_test(pages_are_the_list),
        cmocka_unit_test(distances_are_true),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
