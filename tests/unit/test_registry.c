/* SPDX-License-Identifier: MIT
 * The registry: finding, replacing, removing, applying readings, reloading; who is told of what.
 */
#include "model_test.h"
#include "parkd/model/registry.h"

struct fixture {
    struct registry *reg;
    char events[256]; /* "C0 R1 …": Changed, confirmed (t), Registered, removed (X) and the index */
};

static void on_event(void *ctx, uint32_t idx, enum registry_event ev)
{
    struct fixture *f = ctx;
    size_t n = strlen(f->events);
    (void)snprintf(f->events + n, sizeof f->events - n, "%s%c%u", n ? " " : "", "CtRX"[ev], (unsigned)idx);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->reg = registry_new();
    assert_non_null(f->reg);
    assert_int_equal(registry_watch(f->reg, on_event, f), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    registry_free(f->reg);
    free(f);
    return 0;
}

static void expect_events(struct fixture *f, const char *want)
{
    assert_string_equal(f->events, want);
    f->events[0] = '\0';
}

static struct lot lot_of(const char *id, const char *feed, const char *foreign)
{
    struct lot l = {.total = 100, .open = COUNT_NONE};
    assert_int_equal(view_copy(view_of(id), l.id, sizeof l.id), 0);
    assert_int_equal(view_copy(view_of(feed), l.feed, sizeof l.feed), 0);
    assert_int_equal(view_copy(view_of(foreign), l.foreign_id, sizeof l.foreign_id), 0);
    return l;
}

static int put(struct fixture *f, const char *id, const char *feed, const char *foreign, uint64_t version)
{
    struct lot l = lot_of(id, feed, foreign);
    char text[200];
    uint32_t idx = REGISTRY_NONE;
    (void)snprintf(text, sizeof text, "{\"%s\",\"%s\",\"%s\"}", id, feed, foreign);
    int err = registry_put(f->reg, &l, view_of(text), version, &idx);
    if (!err)
        assert_string_equal(registry_lot(f->reg, idx)->lot.id, id);
    return err;
}

static uint32_t find(struct fixture *f, const char *id)
{
    return registry_find(f->reg, view_of(id));
}

static uint32_t foreign(struct fixture *f, const char *feed, const char *name)
{
    return registry_find_foreign(f->reg, feed, view_of(name));
}

static void lots_are_found(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, "A", "f1", "1", 1), 0);
    assert_int_equal(put(f, "B", "f1", "2", 1), 0);
    assert_int_equal(put(f, "C", "f2", "1", 1), 0);
    assert_int_equal(put(f, "D", "", "D", 1), 0);
    assert_int_equal(put(f, "E", "", "E", 1), 0);
    expect_events(f, "R0 R1 R2 R3 R4");
    assert_int_equal(registry_size(f->reg), 5);
    assert_int_equal(registry_count(f->reg), 5);
    assert_int_equal(find(f, "B"), 1);
    assert_int_equal(find(f, "b"), REGISTRY_NONE);
    assert_int_equal(find(f, ""), REGISTRY_NONE);
    assert_int_equal(foreign(f, "f1", "2"), 1);
    assert_int_equal(foreign(f, "f2", "1"), 2);
    assert_int_equal(foreign(f, "f2", "2"), REGISTRY_NONE);
    assert_int_equal(foreign(f, "f1", "A"), 0); /* parkd's own id, if the lot is that feed's */
    assert_int_equal(foreign(f, "f2", "A"), REGISTRY_NONE);
    assert_int_equal(foreign(f, "", "D"), REGISTRY_NONE);
    assert_int_equal(registry_find_foreign(f->reg, "f",
                                           (struct view){"1\0"
                                                         "2",
                                                         3}),
                     REGISTRY_NONE);
    char longest[100];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(registry_find(f->reg, (struct view){longest, sizeof longest}), REGISTRY_NONE);
    assert_int_equal(registry_find_foreign(f->reg, "f1", (struct view){longest, sizeof longest}),
                     REGISTRY_NONE);
}

static void registrations_are_replaced_by_newer_ones(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, "A", "f1", "1", 5), 0);
    expect_events(f, "R0");
    assert_int_equal(put(f, "A", "f1", "1", 5), 0);
    assert_int_equal(put(f, "A", "f1", "7", 4), 0);
    expect_events(f, "");
    assert_int_equal(foreign(f, "f1", "1"), 0);
    assert_int_equal(put(f, "A", "f1", "7", 6), 0);
    expect_events(f, "R0");
    assert_int_equal(foreign(f, "f1", "1"), REGISTRY_NONE);
    assert_int_equal(foreign(f, "f1", "7"), 0);
    assert_string_equal(registry_lot(f->reg, 0)->text, "{\"A\",\"f1\",\"7\"}");
    assert_int_equal(registry_lot(f->reg, 0)->version, 6);
    uint64_t before = registry_generation(f->reg);
    assert_int_equal(put(f, "B", "f1", "7", 1), ERR_CONFLICT);
    assert_int_equal(find(f, "B"), REGISTRY_NONE);
    assert_int_equal(registry_generation(f->reg), before);
    expect_events(f, "");
    assert_int_equal(put(f, "B", "f1", "8", 1), 0);
    assert_int_equal(put(f, "A", "f1", "8", 7), ERR_CONFLICT);
    assert_int_equal(foreign(f, "f1", "7"), 0); /* a refused one changes nothing */
}

static void removed_lots_keep_their_index(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, "A", "f1", "1", 5), 0);
    assert_int_equal(put(f, "B", "f1", "2", 5), 0);
    struct reading r = reading_of("free=3", 9, NOW);
    assert_true(registry_apply(f->reg, 0, &r));
    registry_remove(f->reg, "A");
    registry_remove(f->reg, "A");
    registry_remove(f->reg, "nobody");
    expect_events(f, "R0 R1 C0 X0");
    assert_int_equal(find(f, "A"), REGISTRY_NONE);
    assert_int_equal(foreign(f, "f1", "1"), REGISTRY_NONE);
    assert_int_equal(foreign(f, "f1", "A"), REGISTRY_NONE);
    assert_int_equal(registry_size(f->reg), 2);
    assert_int_equal(registry_count(f->reg), 1);
    assert_true(registry_lot(f->reg, 0)->removed);
    assert_false(registry_apply(f->reg, 0, &r));
    assert_int_equal(put(f, "C", "f1", "1", 1), 0);
    assert_int_equal(put(f, "A", "f1", "3", 1), 0); /* its number starts anew */
    assert_int_equal(find(f, "A"), 0);
    assert_int_equal(registry_lot(f->reg, 0)->reading.seq, 0);
    assert_int_equal(registry_count(f->reg), 3);
}

static void readings_never_go_back(void **state)
{
    static const struct {
        const char *visible;
        uint64_t seq;
        int64_t at;
        const char *events;
    } rows[] = {
        {"free=3", 10, 0, "C0"},
        {"free=3", 10, 0, ""},      /* the same again */
        {"free=3", 10, 5000, "t0"}, /* seen again */
        {"free=3", 10, 4000, ""},   /* older */
        {"free=9", 9, 9000, ""},    /* a lower number, whatever its time */
        {"free=4", 11, 4000, "C0"}, /* a higher number, whatever its time */
        {"free=4", 12, 4000, "C0"}, /* a number of its own is a change of its own */
        {"free=- last=4 expired=1", 13, 4000, "C0"},
    };
    struct fixture *f = *state;
    uint64_t generation = 0, confirmed = 0;
    assert_int_equal(put(f, "A", "f1", "1", 1), 0);
    f->events[0] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        generation = registry_generation(f->reg);
        confirmed = registry_confirmed(f->reg);
        struct reading r = reading_of(rows[i].visible, rows[i].seq, NOW + rows[i].at);
        assert_int_equal(registry_apply(f->reg, 0, &r), rows[i].events[0] != '\0');
        assert_int_equal(registry_generation(f->reg) - generation, rows[i].events[0] == 'C');
        assert_int_equal(registry_confirmed(f->reg) - confirmed, rows[i].events[0] != '\0');
        expect_events(f, rows[i].events);
    }
    struct reading r = reading_of("free=3", 99, NOW);
    assert_false(registry_apply(f->reg, 7, &r));
    assert_false(registry_apply(f->reg, REGISTRY_NONE, &r));
}

static void intervals_are_declared_or_learned(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, "A", "f1", "1", 1), 0);
    struct reading r = reading_of("free=3", 1, NOW);
    (void)registry_apply(f->reg, 0, &r);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 0);
    r.observed_ms += 20000;
    (void)registry_apply(f->reg, 0, &r);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 20000);
    uint64_t before = registry_generation(f->reg);
    registry_declare_interval(f->reg, "f1", 7000);
    assert_true(registry_generation(f->reg) > before);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 7000);
    r.observed_ms += 20000;
    (void)registry_apply(f->reg, 0, &r);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 7000);
    assert_int_equal(put(f, "B", "f1", "2", 1), 0); /* a later lot of that feed */
    assert_int_equal(registry_lot(f->reg, 1)->interval_ms, 7000);
    assert_true(registry_lot(f->reg, 1)->interval_declared);
    assert_int_equal(put(f, "B", "f2", "2", 2), 0); /* it moved away */
    assert_int_equal(registry_lot(f->reg, 1)->interval_ms, 0);
    assert_false(registry_lot(f->reg, 1)->interval_declared);
    registry_declare_interval(f->reg, "f1", 0); /* withdrawn */
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 0);
    r.observed_ms += 30000;
    (void)registry_apply(f->reg, 0, &r);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 30000);
    registry_declare_interval(f->reg, "", 5);
    registry_declare_interval(f->reg, "a feed whose name is longer than any", 5);
}

/* The gap of our own absence is no rhythm: it would keep numbers up for half an hour. */
static void an_absence_is_not_learned(void **state)
{
    struct fixture *f = *state;
    struct reading r = reading_of("free=3", 1, NOW);
    registry_reload_begin(f->reg);
    assert_int_equal(put(f, "A", "f1", "1", 1), 0);
    (void)registry_apply(f->reg, 0, &r);
    registry_reload_end(f->reg);
    r.observed_ms += 3600000;
    (void)registry_apply(f->reg, 0, &r);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 0);
    r.observed_ms += 20000;
    (void)registry_apply(f->reg, 0, &r);
    assert_int_equal(registry_lot(f->reg, 0)->interval_ms, 20000);
}

static void a_reload_forgets_what_it_does_not_see(void **state)
{
    struct fixture *f = *state;
    struct reading r = reading_of("free=3", 10, NOW);
    assert_int_equal(put(f, "A", "f1", "1", 5), 0);
    assert_int_equal(put(f, "B", "f1", "2", 5), 0);
    assert_int_equal(put(f, "C", "f1", "3", 5), 0);
    for (uint32_t i = 0; i < 3; i++)
        (void)registry_apply(f->reg, i, &r);
    f->events[0] = '\0';
    registry_reload_begin(f->reg);
    assert_int_equal(put(f, "A", "f1", "1", 5), 0);
    assert_int_equal(put(f, "C", "f1", "9", 2), 0); /* Redis is right, though its number is lower */
    struct reading older = reading_of("free=1", 9, NOW);
    assert_false(registry_apply(f->reg, 0, &older)); /* memory is newer: the store submits it again */
    registry_reload_end(f->reg);
    expect_events(f, "R2 X1 C2");
    assert_int_equal(find(f, "B"), REGISTRY_NONE);
    assert_int_equal(foreign(f, "f1", "9"), 2);
    assert_int_equal(registry_lot(f->reg, 0)->reading.seq, 10);
    assert_int_equal(registry_lot(f->reg, 2)->reading.seq, 0);
    registry_reload_end(f->reg);
    expect_events(f, "");
    assert_int_equal(put(f, "C", "f1", "4", 1), 0); /* outside a reload an older one is ignored again */
    assert_int_equal(foreign(f, "f1", "9"), 2);
}

/* Two lots that swapped their names while we were away: the order of loading must not matter. */
static void a_reload_lets_lots_swap_names(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, "A", "f1", "1", 1), 0);
    assert_int_equal(put(f, "B", "f1", "2", 1), 0);
    registry_reload_begin(f->reg);
    assert_int_equal(put(f, "A", "f1", "2", 2), 0);
    assert_int_equal(put(f, "B", "f1", "1", 2), 0);
    registry_reload_end(f->reg);
    assert_int_equal(foreign(f, "f1", "2"), 0);
    assert_int_equal(foreign(f, "f1", "1"), 1);
    registry_reload_begin(f->reg);
    assert_int_equal(put(f, "B", "f1", "1", 2), 0);
    assert_int_equal(put(f, "A", "f1", "1", 3), ERR_CONFLICT); /* a real one */
    assert_int_equal(put(f, "A", "f1", "2", 2), 0);
    registry_reload_end(f->reg);
    assert_int_equal(foreign(f, "f1", "2"), 0);
}

static void watchers_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct fixture others[64] = {0};
    for (int i = 0; i < 63; i++)
        assert_int_equal(registry_watch(f->reg, on_event, &others[i]), 0);
    assert_int_equal(registry_watch(f->reg, on_event, &others[63]), ERR_FULL);
    registry_unwatch(f->reg, on_event, &others[0]);
    registry_unwatch(f->reg, on_event, &others[0]);
    assert_int_equal(put(f, "A", "f1", "1", 1), 0);
    assert_string_equal(others[0].events, "");
    for (int i = 1; i < 63; i++)
        assert_string_equal(others[i].events, "R0");
    expect_events(f, "R0");
}

static void many_lots(void **state)
{
    struct fixture *f = *state;
    char id[32];
    registry_unwatch(f->reg, on_event, f);
    assert_int_equal(put(f, "first", "f", "first", 1), 0);
    const struct registry_lot *first = registry_lot(f->reg, 0);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(id, sizeof id, "L%d", i);
        assert_int_equal(put(f, id, i % 2 ? "f1" : "f2", id, 1), 0);
    }
    assert_ptr_equal(registry_lot(f->reg, 0), first);
    for (int i = 0; i < 10000; i += 7) {
        (void)snprintf(id, sizeof id, "L%d", i);
        assert_int_equal(find(f, id), i + 1);
        assert_int_equal(foreign(f, i % 2 ? "f1" : "f2", id), i + 1);
        assert_int_equal(foreign(f, i % 2 ? "f2" : "f1", id), REGISTRY_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lots_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(registrations_are_replaced_by_newer_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_lots_keep_their_index, setup, teardown),
        cmocka_unit_test_setup_teardown(readings_never_go_back, setup, teardown),
        cmocka_unit_test_setup_teardown(intervals_are_declared_or_learned, setup, teardown),
        cmocka_unit_test_setup_teardown(an_absence_is_not_learned, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reload_forgets_what_it_does_not_see, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reload_lets_lots_swap_names, setup, teardown),
        cmocka_unit_test_setup_teardown(watchers_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(many_lots, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
