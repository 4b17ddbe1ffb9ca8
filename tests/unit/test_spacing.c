/* SPDX-License-Identifier: MIT
 * Turns at a host: how far apart, in which order, across feeds, and what giving one up does to the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_net.h"

#include "feed/spacing.h"

#define MANY 200

static struct {
    int who[MANY + 8];
    int64_t at[MANY + 8];
    size_t n;
} turns;

struct asker {
    int name;
    struct turn *turn;
};

static void on_turn(void *ctx)
{
    struct asker *a = ctx;
    a->turn = NULL;
    turns.who[turns.n] = a->name;
    turns.at[turns.n++] = fake_now;
}

static struct spacing *spacing;

static int setup(void **state)
{
    (void)state;
    memset(&turns, 0, sizeof turns);
    spacing = spacing_new(NULL, &fake_clock);
    return spacing ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    spacing_free(spacing);
    return fake_timers != NULL;
}

static void want(struct asker *a, const char *url, int64_t gap_ms)
{
    struct spacing_wish wish = {gap_ms, 30000};
    assert_int_equal(spacing_take(spacing, view_of(url), &wish, on_turn, a, &a->turn), 0);
    if (!a->turn)
        on_turn(a);
}

static void origins_are_compared_whole(void **state)
{
    static const struct {
        const char *url, *origin;
    } rows[] = {
        {"http://Lot.Example/a?b", "http://lot.example:80"},
        {"https://lot.example", "https://lot.example:443"},
        {"HTTPS://a:443/x", "https://a:443"},
        {"http://a:8080?x=/", "http://a:8080"},
        {"http://[fd00::1]/x", "http://[fd00::1]:80"},
        {"http://[fd00::1]:81/", "http://[fd00::1]:81"},
        {"http://", ""},
        {"http:///x", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char origin[ORIGIN_SIZE];
        spacing_origin(view_of(rows[i].url), origin);
        assert_string_equal(origin, rows[i].origin);
    }
}

static void gaps_follow_the_registration(void **state)
{
    static const struct {
        struct spacing_wish wish;
        unsigned feeds;
        int64_t gap_ms;
    } rows[] = {
        {{0, 30000}, 1, 200},  {{0, 30000}, 0, 200}, {{0, 100}, 1, 25}, /* a quick feed is not slowed down */
        {{0, 30000}, 100, 75}, {{0, 1000}, 44, 5},                      /* nor are many */
        {{500, 100}, 1, 500},  {{500, 100}, 9, 500}, {{1, 30000}, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(spacing_gap(&rows[i].wish, rows[i].feeds), rows[i].gap_ms);
}

static void feeds_of_one_host_share_its_time(void **state)
{
    struct host *h[100];
    struct asker a = {0, NULL}, b = {1, NULL};
    int64_t start = fake_now;
    (void)state;
    for (int i = 0; i < 100; i++) {
        h[i] = spacing_join(spacing, VIEW("http://a/x"));
        assert_non_null(h[i]);
    }
    want(&a, "http://a/", 0);
    want(&b, "http://a/", 0);
    fake_advance(1000);
    assert_int_equal(turns.at[1], start + 75);
    for (int i = 0; i < 100; i++)
        spacing_leave(h[i]);
    spacing_leave(NULL);
    start = fake_now;
    want(&a, "http://a/", 0);
    want(&b, "http://a/", 0);
    fake_advance(1000);
    assert_int_equal(turns.at[3], start + 200);
}

static void one_host_is_asked_in_order_and_apart(void **state)
{
    struct asker a[20];
    int64_t start = fake_now;
    (void)state;
    for (int i = 0; i < 20; i++) {
        a[i] = (struct asker){.name = i};
        want(&a[i], i % 2 ? "http://lot/a" : "http://LOT:80/b", 200);
    }
    assert_int_equal(turns.n, 1);
    fake_advance(20 * 200);
    assert_int_equal(turns.n, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(turns.who[i], i);
        assert_int_equal(turns.at[i], start + (int64_t)i * 200);
    }
}

static void other_hosts_do_not_wait(void **state)
{
    static const char *const urls[] = {"http://a/", "http://a:81/", "https://a/", "http://b/"};
    struct asker a[4] = {{0, NULL}, {1, NULL}, {2, NULL}, {3, NULL}};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        want(&a[i], urls[i], 60000);
    assert_int_equal(turns.n, 4);
}

/* Between two turns passes what the more careful of the two wants. */
static void the_larger_gap_counts(void **state)
{
    struct asker a = {0, NULL}, b = {1, NULL}, c = {2, NULL};
    int64_t start = fake_now;
    (void)state;
    want(&a, "http://a/", 100);
    want(&b, "http://a/", 1000);
    fake_advance(500);
    want(&c, "http://a/", 100);
    assert_non_null(c.turn); /* it could go, but b was here first */
    fake_advance(5000);
    assert_int_equal(turns.at[1], start + 1000);
    assert_int_equal(turns.at[2], start + 2000);
    want(&a, "http://a/", 100);
    assert_null(a.turn); /* it was long ago */
}

static void who_gives_up_leaves_no_gap(void **state)
{
    struct asker a = {0, NULL}, b = {1, NULL}, c = {2, NULL}, d = {3, NULL};
    int64_t start = fake_now;
    (void)state;
    want(&a, "http://a/", 100);
    want(&b, "http://a/", 5000);
    want(&c, "http://a/", 100);
    want(&d, "http://a/", 100);
    turn_cancel(b.turn);
    turn_cancel(d.turn);
    turn_cancel(NULL);
    fake_advance(10000);
    assert_int_equal(turns.n, 2);
    assert_int_equal(turns.who[1], 2);
    assert_int_equal(turns.at[1], start + 100);
}

static const struct spacing_wish fifty = {50, 30000};

/* Each that had its turn wants the next at once: nobody is passed over. */
static void again_on_turn(void *ctx)
{
    struct asker *a = ctx;
    on_turn(ctx);
    if (turns.n < MANY)
        assert_int_equal(spacing_take(spacing, VIEW("http://a/"), &fifty, again_on_turn, a, &a->turn), 0);
}

static void nobody_starves(void **state)
{
    struct asker a[7];
    (void)state;
    for (int i = 0; i < 7; i++) {
        a[i] = (struct asker){.name = i};
        assert_int_equal(spacing_take(spacing, VIEW("http://a/"), &fifty, again_on_turn, &a[i], &a[i].turn),
                         0);
        if (!a[i].turn)
            again_on_turn(&a[i]);
    }
    fake_advance(50 * MANY);
    assert_in_range(turns.n, MANY, MANY + 7);
    for (size_t i = 8; i < turns.n; i++) /* the first had its turn at once */
        assert_int_equal(turns.who[i], turns.who[i - 7]);
    for (int i = 0; i < 7; i++)
        turn_cancel(a[i].turn);
}

static void idle_hosts_are_forgotten(void **state)
{
    struct asker a = {0, NULL};
    struct host *registered = spacing_join(spacing, VIEW("http://feed/"));
    (void)state;
    for (int i = 0; i < 50; i++) {
        char url[64];
        (void)snprintf(url, sizeof url, "http://h%d/", i);
        want(&a, url, 100);
        fake_advance(61000);
    }
    int n = 0;
    for (const struct timer *t = fake_timers; t; t = t->next)
        n++;
    assert_int_equal(n, 2); /* one a host that is remembered */
    spacing_leave(registered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(origins_are_compared_whole),       TEST(gaps_follow_the_registration),
        TEST(feeds_of_one_host_share_its_time), TEST(one_host_is_asked_in_order_and_apart),
        TEST(other_hosts_do_not_wait),          TEST(the_larger_gap_counts),
        TEST(who_gives_up_leaves_no_gap),       TEST(nobody_starves),
        TEST(idle_hosts_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
