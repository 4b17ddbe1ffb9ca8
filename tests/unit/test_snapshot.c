/* SPDX-License-Identifier: MIT
 * The snapshot: the bytes that sinks get, and nothing that a sink would not be told.
 */
#include "api_test.h"

#include "api/render.h"

#define LOT(id, stage) "{\"id\":\"" id "\",\"name\":\"n\",\"total\":100,\"stage\":\"" stage "\"}"
#define AGE_MAX        (INT64_C(3600) * 1000)

static uint64_t acked(void *ctx, struct view sink, uint32_t lot)
{
    (void)ctx;
    assert_true(view_is(sink, "city"));
    return lot == 0 ? 41 : 0;
}

static void render(const struct registry *reg, struct buf *out)
{
    struct snapshot_view v = {VIEW("city"), NOW, acked, NULL};
    buf_init(out, 1 << 20);
    assert_int_equal(render_snapshot(reg, &v, out), 0);
}

static void connected_lots_with_the_bytes_of_their_seq(void **state)
{
    struct registry *reg = registry_new();
    struct buf out, item;
    (void)state;
    uint32_t a = add_lot(reg, LOT("A", "connected")), t = add_lot(reg, LOT("T", "testing"));
    (void)add_lot(reg, LOT("N", "connected"));
    hear(reg, a, "free=37 open=90 total=100 status=open band=plenty", 42, 5000);
    hear(reg, t, "free=1 open=90 total=100 status=open band=few", 43, 5000);
    render(reg, &out);
    buf_init(&item, 4096);
    assert_int_equal(reading_native_item("A", &registry_lot(reg, a)->reading, &item), 0);
    assert_has(buf_get(&out), item.p);
    assert_has(buf_get(&out), "{\"lot\":\"N\",\"seq\":null,\"free\":null,\"status\":\"unknown\"}");
    assert_has(buf_get(&out), "\"acknowledged\":{\"A\":41}");
    assert_has(buf_get(&out), "\"sink\":\"city\"");
    assert_has_not(buf_get(&out), "\"T\"");
    buf_fini(&item);
    buf_fini(&out);
    registry_free(reg);
}

/* Past its limit, and Redis has not numbered the unknown: there is no state to tell. Then there is. */
static void a_number_past_its_limit_is_not_shown(void **state)
{
    struct registry *reg = registry_new();
    struct buf out;
    (void)state;
    uint32_t a = add_lot(reg, LOT("A", "connected"));
    hear(reg, a, "free=37 open=90 total=100 status=open band=plenty", 42, AGE_MAX);
    render(reg, &out);
    assert_has(buf_get(&out), "{\"lot\":\"A\",\"seq\":null,\"free\":null,");
    assert_has_not(buf_get(&out), "37");
    buf_fini(&out);
    hear(reg, a, "free=- last=37 expired=1 open=90 total=100 status=open band=unknown", 44, AGE_MAX);
    render(reg, &out);
    assert_has(buf_get(&out), "{\"lot\":\"A\",\"seq\":44,");
    assert_has(buf_get(&out), "\"free\":null,");
    buf_fini(&out);
    registry_free(reg);
}

/* Nothing in it moves by itself, so its ETag stands for the states. */
static void the_same_states_are_the_same_bytes(void **state)
{
    struct registry *reg = registry_new();
    struct buf first, later;
    (void)state;
    uint32_t a = add_lot(reg, LOT("A", "connected"));
    hear(reg, a, "free=37 open=90 total=100 status=open band=plenty", 42, 5000);
    render(reg, &first);
    struct reading again = registry_lot(reg, a)->reading;
    again.observed_ms += 3000;
    again.received_ms += 3000;
    assert_true(registry_apply(reg, a, &again));
    render(reg, &later);
    assert_true(view_eq(buf_get(&first), buf_get(&later)));
    buf_fini(&first);
    buf_fini(&later);
    registry_free(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connected_lots_with_the_bytes_of_their_seq),
        cmocka_unit_test(a_number_past_its_limit_is_not_shown),
        cmocka_unit_test(the_same_states_are_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
